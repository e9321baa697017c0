//! What is still to come, summed over units.

use crate::counts::{Form, ballots_counted};
use crate::rules::StatedBasis;

/// What the ballots of a unit are bounded by, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum CeilingBasis {
    /// Ballots issued at close.
    BallotsIssued = 0,
    /// Envelopes that were sent or received.
    Envelopes = 1,
    /// Ballot papers that were delivered.
    PapersDelivered = 2,
    /// The roll, with an allowance.
    Roll = 3,
    /// A number that the definition states.
    Stated = 4,
}

impl CeilingBasis {
    /// All of them, by number.
    pub const ALL: [Self; 5] = [
        Self::BallotsIssued,
        Self::Envelopes,
        Self::PapersDelivered,
        Self::Roll,
        Self::Stated,
    ];
}

impl From<StatedBasis> for CeilingBasis {
    fn from(basis: StatedBasis) -> Self {
        match basis {
            StatedBasis::Envelopes => Self::Envelopes,
            StatedBasis::PapersDelivered => Self::PapersDelivered,
            StatedBasis::Stated => Self::Stated,
        }
    }
}

/// The units that are bounded by one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BasisSum {
    /// So many units.
    pub units: u32,
    /// At most so many ballots are still to come of them.
    pub ballots: u64,
}

/// What is still to come of a contest in a district.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StillToCome {
    /// By what bounds them, as [`CeilingBasis`] is numbered.
    pub bounded: [BasisSum; CeilingBasis::ALL.len()],
    /// Units of which nothing bounds the ballots.
    pub unbounded: u32,
    /// Units that can still report more and whose vote is repeated.
    pub repeated: u32,
    /// Units of which something is counted and that can still report more: counts of ballots may have some of what is to come
    /// already.
    pub begun: u32,
    /// The ceilings of all bounded units less the ballots, and (in votes) less the votes, that they have counted.
    pub(in crate::tally) by_ballots: u64,
    pub(in crate::tally) by_votes: u64,
}

impl StillToCome {
    /// The most ballots, if every unit is bounded.
    #[must_use]
    pub fn ballots(&self) -> Option<u64> {
        let total = self.bounded.iter().map(|sum| sum.ballots).sum();
        (self.unbounded == 0).then_some(total)
    }

    pub(super) fn add(&mut self, part: Part) {
        self.repeated += u32::from(part.is_repeated);
        self.begun += u32::from(part.has_begun);
        match part.bound {
            Bound::Nothing => {}
            Bound::None => self.unbounded += 1,
            Bound::Ceiling {
                basis,
                ballots,
                by_ballots,
                by_votes,
            } => {
                let sum = &mut self.bounded[basis as usize];
                sum.units += 1;
                sum.ballots += ballots;
                self.by_ballots += by_ballots;
                self.by_votes += by_votes;
            }
        }
    }

    pub(super) fn subtract(&mut self, part: Part) {
        self.repeated -= u32::from(part.is_repeated);
        self.begun -= u32::from(part.has_begun);
        match part.bound {
            Bound::Nothing => {}
            Bound::None => self.unbounded -= 1,
            Bound::Ceiling {
                basis,
                ballots,
                by_ballots,
                by_votes,
            } => {
                let sum = &mut self.bounded[basis as usize];
                sum.units -= 1;
                sum.ballots -= ballots;
                self.by_ballots -= by_ballots;
                self.by_votes -= by_votes;
            }
        }
    }
}

/// What one unit adds to the sums of one contest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub bound: Bound,
    pub is_repeated: bool,
    pub has_begun: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// Nothing more comes.
    Nothing,
    /// Nothing bounds what comes.
    None,
    /// The ceiling less the ballots, and less the votes, that are counted: a form may say more ballots than it has votes for, and
    /// the other way round.
    Ceiling {
        basis: CeilingBasis,
        /// At most so many ballots are to come, by the weaker of the two.
        ballots: u64,
        by_ballots: u64,
        by_votes: u64,
    },
}

/// What a tally accounts for: ballots by its form, and votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Accounted {
    pub ballots: u64,
    pub votes: u64,
}

impl Accounted {
    /// Of these counts.
    pub fn of(votes: &[u32], form: &Form, votes_per_ballot: u32) -> Self {
        Self {
            ballots: ballots_counted(votes, form, votes_per_ballot).unwrap_or(0),
            votes: votes.iter().map(|votes| u64::from(*votes)).sum(),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.ballots += other.ballots;
        self.votes += other.votes;
    }

    pub(super) fn subtract(&mut self, other: Self) {
        self.ballots = self.ballots.saturating_sub(other.ballots);
        self.votes = self.votes.saturating_sub(other.votes);
    }
}
