//! What became of a night that was played.

use std::collections::BTreeMap;

/// What became of a night.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Reports answered, by outcome.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Refusals, the first few, as they were answered.
    pub refusals: Vec<String>,
    /// Refusals beyond those.
    pub refusals_left_out: u64,
    /// What is odd about reports that are counted all the same, the first few.
    pub warnings: Vec<String>,
    /// Warnings beyond those.
    pub warnings_left_out: u64,
    /// Reports that are out of the count until a reviewer decides: held, in conflict, or sent before and still waiting.
    pub waiting_count: u64,
    /// Which they are and why, the first few.
    pub waiting: Vec<String>,
    /// Such reports beyond those.
    pub waiting_left_out: u64,
    /// Withdrawals.
    pub withdrawals: u64,
    /// Withdrawals that were not sent, as the outcomes were only asked for: officials' commands have no such question.
    pub withdrawals_left_out: u64,
    /// The outcomes were only asked for: nothing was stored.
    pub validate_only: bool,
    /// Checkpoints whose seats were as expected.
    pub checkpoints_passed: u64,
    /// What was wrong at the other checkpoints.
    pub checkpoints_failed: Vec<String>,
    /// The last revision that the night has written or met.
    pub revision: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl Summary {
    /// Reports answered.
    pub fn answered(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Reports with this outcome.
    pub fn count(&self, outcome: &str) -> u64 {
        self.outcomes.get(outcome).copied().unwrap_or(0)
    }
}
