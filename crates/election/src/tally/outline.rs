//! What a follower keeps of the definition.

use crate::definition::{Ballot, Hash, Presentation, Register};
use crate::rules::Rules;
use std::sync::Arc;

/// The version and content hash of a part of the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartVersion {
    /// 1 at first, one more with each amendment.
    pub version: u32,
    /// The hash of its canonical bytes.
    pub hash: Hash,
}

/// The parts of the definition that a follower keeps: all but the units.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The ballot.
    pub ballot: Arc<Ballot>,
    /// The rules as amended.
    pub rules: Arc<Rules>,
    /// The presentation as amended.
    pub presentation: Arc<Presentation>,
    /// Areas and electorate; its list of units is empty.
    pub areas: Arc<Register>,
    /// Versions of ballot, register, rules, presentation, in this order.
    pub versions: [PartVersion; 4],
}
