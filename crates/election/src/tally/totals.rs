//! Sums: votes, counters, tallies by state, ballots issued.

use crate::counts::{COUNTERS, Counter, Counts, Form, ballots_counted};
use crate::event::{SlotMove, SlotState};
use crate::report::UnitStatus;

/// Slots (tallies expected) by state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCounts(pub(super) [u32; 64]);

impl Default for StateCounts {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl StateCounts {
    pub(super) fn index(state: SlotState) -> usize {
        usize::from(crate::bytes::slot_state_byte(state))
    }

    pub(super) fn shift(&mut self, slot_move: SlotMove) -> Option<()> {
        let before = &mut self.0[Self::index(slot_move.before)];
        *before = before.checked_sub(1)?;
        self.0[Self::index(slot_move.after)] += 1;
        Some(())
    }

    /// How many there are whose state satisfies this.
    pub fn count(&self, filter: impl Fn(SlotState) -> bool) -> u32 {
        let mut total = 0;
        for status in UnitStatus::ALL {
            for (counted, pending) in [(false, false), (true, false), (false, true), (true, true)] {
                let state = SlotState {
                    status,
                    counted,
                    pending,
                };
                if filter(state) {
                    total += self.0[Self::index(state)];
                }
            }
        }
        total
    }

    /// All of them.
    pub fn total(&self) -> u32 {
        self.count(|_| true)
    }

    /// Those of this status.
    pub fn with_status(&self, status: UnitStatus) -> u32 {
        self.count(|state| state.status == status)
    }

    /// Those that are in the totals.
    pub fn counted(&self) -> u32 {
        self.count(|state| state.counted)
    }

    /// Those with a report that waits for a reviewer.
    pub fn pending(&self) -> u32 {
        self.count(|state| state.pending)
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }
}

/// The totals of one contest in one district.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistrictTally {
    /// Votes by option.
    pub votes: Vec<u64>,
    /// Counters of the form, by number.
    pub counters: [u64; COUNTERS],
    /// In how many counted tallies each counter stands.
    pub counters_present: [u32; COUNTERS],
    /// Tallies that are counted.
    pub tallies_counted: u32,
    /// Ballots that the counted tallies account for, as far as they say.
    pub ballots_counted: u64,
    /// Slots by state, by counting group.
    pub states: Vec<StateCounts>,
}

impl DistrictTally {
    pub(super) fn new(options: usize, counting_groups: usize) -> Self {
        Self {
            votes: vec![0; options],
            counters: [0; COUNTERS],
            counters_present: [0; COUNTERS],
            tallies_counted: 0,
            ballots_counted: 0,
            states: vec![StateCounts::default(); counting_groups],
        }
    }

    /// A counter's total, if every counted tally has it.
    pub fn counter(&self, counter: Counter) -> Option<u64> {
        (self.counters_present[counter as usize] == self.tallies_counted)
            .then(|| self.counters[counter as usize])
    }

    /// Slots by state, all counting groups together.
    pub fn states_total(&self) -> StateCounts {
        let mut total = StateCounts::default();
        self.states.iter().for_each(|states| total.add(states));
        total
    }

    // No sum can overflow: each count is below 2^32 and there are fewer than 2^26 slots.
    pub(super) fn add(&mut self, votes: &[u32], form: &Form, votes_per_ballot: u32) {
        for (total, votes) in self.votes.iter_mut().zip(votes) {
            *total += u64::from(*votes);
        }
        for (counter, value) in form.iter() {
            self.counters[counter as usize] += u64::from(value);
            self.counters_present[counter as usize] += 1;
        }
        self.tallies_counted += 1;
        self.ballots_counted += ballots_counted(votes, form, votes_per_ballot).unwrap_or(0);
    }

    pub(super) fn covers(&self, counts: &Counts, votes_per_ballot: u32) -> bool {
        self.tallies_counted > 0
            && self.ballots_counted >= counts.ballots_counted(votes_per_ballot).unwrap_or(0)
            && self
                .votes
                .iter()
                .zip(&counts.votes)
                .all(|(total, votes)| *total >= u64::from(*votes))
            && counts.form.iter().all(|(counter, value)| {
                self.counters[counter as usize] >= u64::from(value)
                    && self.counters_present[counter as usize] > 0
            })
    }

    pub(super) fn subtract(&mut self, counts: &Counts, votes_per_ballot: u32) {
        for (total, votes) in self.votes.iter_mut().zip(&counts.votes) {
            *total -= u64::from(*votes);
        }
        for (counter, value) in counts.form.iter() {
            self.counters[counter as usize] -= u64::from(value);
            self.counters_present[counter as usize] -= 1;
        }
        self.tallies_counted -= 1;
        self.ballots_counted -= counts.ballots_counted(votes_per_ballot).unwrap_or(0);
    }
}

/// Ballots issued in one district.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DistrictTurnout {
    /// Units registered.
    pub units: u32,
    /// Voters on the rolls that are known.
    pub roll: u64,
    /// Units whose roll is unknown.
    pub units_without_roll: u32,
    /// Ballots issued, as far as reported.
    pub ballots_issued: u64,
    /// Units that have sent a turnout report.
    pub units_reporting: u32,
    /// Units that have sent their last one.
    pub units_final: u32,
}
