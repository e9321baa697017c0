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

/// The names of the units, packed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitNames {
    text: String,
    ends: Vec<u32>,
}

impl UnitNames {
    /// The id of the unit at this index, if it is registered.
    pub fn get(&self, unit: u32) -> Option<&str> {
        let index = usize::try_from(unit).ok()?;
        let end = usize::try_from(*self.ends.get(index)?).ok()?;
        let start = match index.checked_sub(1) {
            Some(before) => usize::try_from(*self.ends.get(before)?).ok()?,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// How many units are registered.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// None is registered.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn push(&mut self, id: &str) {
        self.text.push_str(id);
        // 4 million units of 64 bytes are 256 MB, far below 2^32.
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }
}
