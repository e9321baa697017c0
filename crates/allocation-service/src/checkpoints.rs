//! Past tallies of an election, few and spread out, so that any past moment is a short fold away.

use election::ids::Revision;
use election::tally::Tally;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Keeps at most a number of tallies. When there are too many, every other one goes and the distance doubles.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    kept: BTreeMap<Revision, Arc<Tally>>,
    distance: u64,
    kept_max: usize,
}

impl Checkpoints {
    pub fn new(distance: u64, kept_max: usize) -> Self {
        Self {
            kept: BTreeMap::new(),
            distance: distance.max(1),
            kept_max: kept_max.max(2),
        }
    }

    /// Keeps a tally if the last one that is kept is far enough behind.
    pub fn offer(&mut self, tally: &mut Tally) {
        let last = self
            .kept
            .last_key_value()
            .map_or(Revision::ZERO, |(revision, _)| *revision);
        if tally.revision.0 < last.0.saturating_add(self.distance) && !self.kept.is_empty() {
            return;
        }
        tally.share();
        self.kept.insert(tally.revision, Arc::new(tally.clone()));
        if self.kept.len() > self.kept_max {
            let mut place = 0;
            self.kept.retain(|_, _| {
                place += 1;
                place % 2 == 1
            });
            self.distance = self.distance.saturating_mul(2);
        }
    }

    /// The newest tally at or before a revision.
    pub fn before(&self, revision: Revision) -> Option<Arc<Tally>> {
        self.kept
            .range(..=revision)
            .next_back()
            .map(|(_, tally)| Arc::clone(tally))
    }

    /// Forgets all: the log is another one.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}
