//! Moves of slots that their rows do not have yet.

use super::{Accounted, Ceilings, ContestRow};

/// A slot's move that its row does not have yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub row: usize,
    pub before: Accounted,
    pub after: Accounted,
    pub could_change: bool,
    pub can_change: bool,
}

/// So many moves wait at most.
pub(super) const WAITING_MAX: usize = 256;

impl ContestRow {
    pub(super) fn take(&mut self, moved: &Move) {
        self.counted.subtract(moved.before);
        self.counted.add(moved.after);
        self.open =
            self.open - u8::from(moved.could_change).min(self.open) + u8::from(moved.can_change);
    }
}

// What waits counts as written, and who may be in doubt says nothing of who is.
impl PartialEq for Ceilings {
    fn eq(&self, other: &Self) -> bool {
        if !self.waiting.is_empty() || !other.waiting.is_empty() {
            let mut written = [self.clone(), other.clone()];
            written.iter_mut().for_each(Self::write);
            return written[0] == written[1];
        }
        let Self {
            rules,
            stated_ids,
            stated,
            merged,
            units,
            rows,
            waiting: _,
            doubts: _,
            registered,
            votes_per_ballot,
            contests,
            sums,
        } = self;
        (rules, stated_ids, stated, merged)
            == (
                &other.rules,
                &other.stated_ids,
                &other.stated,
                &other.merged,
            )
            && (registered, votes_per_ballot, contests)
                == (&other.registered, &other.votes_per_ballot, &other.contests)
            && (units, rows, sums) == (&other.units, &other.rows, &other.sums)
    }
}

impl Ceilings {
    /// Gives the rows the moves that wait.
    pub(super) fn write(&mut self) {
        for moved in self.waiting.drain(..) {
            if let Some(row) = self.rows.get_mut(moved.row) {
                row.take(&moved);
            }
        }
    }
}
