//! Changes of counted numbers that somebody ordered.

use crate::event::Slot;
use crate::ids::{Revision, Timestamp};
use crate::report::{Attribution, ReportKind, UnitStatus};

/// A change of counted numbers that somebody ordered: who, why, before and after (F18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Where it stands in the log.
    pub revision: Revision,
    /// When.
    pub time: Timestamp,
    /// Whose tally.
    pub slot: Slot,
    /// What sort of change.
    pub cause: CorrectionCause,
    /// Who and why.
    pub attribution: Attribution,
    /// (option, before, after) of the options whose votes change.
    pub changes: Vec<(u32, u32, u32)>,
    /// Ballots accounted for, before and after.
    pub ballots: (u64, u64),
}

/// What sort of change a correction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrectionCause {
    /// A report of this kind.
    Report(ReportKind),
    /// A reviewer let a report in that replaces another.
    Review,
    /// The tally was withdrawn.
    Withdrawal,
    /// The commission set a status that voids the result.
    Status(UnitStatus),
}
