//! What sources submit.

use crate::ids::UnitId;
use crate::report::{Report, TurnoutReport};

/// A report of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// The tally of a key.
    Report(Report),
    /// Ballots issued at a unit.
    Turnout(TurnoutReport),
}

impl Submission {
    /// The unit that it is about.
    pub fn unit(&self) -> &UnitId {
        match self {
            Self::Report(report) => &report.key.unit,
            Self::Turnout(turnout) => &turnout.unit,
        }
    }
}
