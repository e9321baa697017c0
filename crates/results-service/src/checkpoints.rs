//! Tallies of the past, few enough to keep and dense enough that any revision is a short fold away.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use election::ids::Revision;
use election::tally::Tally;

/// How many events lie between two tallies at first. Doubled whenever they take too much memory.
const INTERVAL_MIN: u64 = 8_192;
/// About how many bytes all of them may take.
const BYTES_MAX: usize = 64 << 20;
/// Tallies at revisions that were asked for last: what is held or embargoed is asked for again and again.
const ASKED_MAX: usize = 4;

/// Kept tallies by revision.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    interval: u64,
    kept: BTreeMap<Revision, Arc<Tally>>,
    asked: VecDeque<Arc<Tally>>,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Self {
            interval: INTERVAL_MIN,
            kept: BTreeMap::new(),
            asked: VecDeque::new(),
        }
    }
}

impl Checkpoints {
    /// Whether the tally at this revision is to be kept: [`Self::keep`] should be called with it.
    pub fn wants(&self, revision: Revision) -> bool {
        let before = self.kept.range(..=revision).next_back();
        let last = before.map_or(Revision::ZERO, |(at, _)| *at);
        revision.0 - last.0 >= self.interval
    }

    /// Keeps a tally, and fewer of the others when all become too large.
    pub fn keep(&mut self, tally: Arc<Tally>) {
        // Totals, and what is kept for each unit in each contest, which reports that come scattered leave little shared of.
        // The rest is small or shared.
        let options: usize = tally
            .contests
            .iter()
            .flatten()
            .map(|it| it.votes.len())
            .sum();
        let rows = tally.unit_names.len() * tally.contests.len();
        let bytes = 1_024 + rows * 24 + options * 8;
        self.kept.insert(tally.revision, tally);
        while self.kept.len() > 1 && self.kept.len() * bytes > BYTES_MAX {
            self.interval *= 2;
            let mut last = None;
            let interval = self.interval;
            self.kept.retain(|at, _| {
                let far = last.is_none_or(|last: Revision| at.0 - last.0 >= interval);
                if far {
                    last = Some(*at);
                }
                far
            });
        }
    }

    /// Remembers a tally that was asked for.
    pub fn remember(&mut self, tally: Arc<Tally>) {
        self.asked.retain(|other| other.revision != tally.revision);
        self.asked.push_back(tally);
        if self.asked.len() > ASKED_MAX {
            self.asked.pop_front();
        }
    }

    /// The newest tally at or before a revision.
    pub fn before(&self, revision: Revision) -> Option<Arc<Tally>> {
        let kept = self.kept.range(..=revision).next_back().map(|(_, it)| it);
        let asked = self.asked.iter().filter(|it| it.revision <= revision);
        asked.chain(kept).max_by_key(|it| it.revision).cloned()
    }
}
