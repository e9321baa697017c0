//! Who takes part: the share of votes a list needs, and what it is a share of.

use std::fmt;

use crate::contest::{Contest, DistrictShare, List};
use crate::error::ContestError;
use crate::limits::wide;
use crate::rules::{Fraction, STAGES_MAX, THRESHOLD_DENOMINATOR_MAX};

/// The share of votes that a list needs to take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The share, at most 1, with at most [`THRESHOLD_DENOMINATOR_MAX`] below the line.
    pub share: Fraction,
    /// Whether exactly the share passes.
    pub comparison: Comparison,
    /// What the share is taken of.
    pub base: ThresholdBase,
    /// Whether the share is of the base divided by the seats: 1/1 of it is one Hare quota (Dutch lower chamber).
    pub per_seat: bool,
    /// A list with at least so many seats won directly need not pass (Germany until 2021: 3).
    pub direct_seats_min: Option<u32>,
    /// A list with this share in one district need not pass elsewhere (Sweden: 12%, for the seats of that district).
    pub in_one_district: Option<Fraction>,
    /// Other shares for coalitions: the entry with the largest size not above the list's own counts (Slovakia 5/7/10).
    pub by_coalition_size: Vec<CoalitionShare>,
}

impl Threshold {
    /// "At least this share of all list votes."
    #[must_use]
    pub fn of_list_votes(numerator: u32, denominator: u32) -> Self {
        Self {
            share: Fraction::new(numerator, denominator),
            comparison: Comparison::AtLeast,
            base: ThresholdBase::ListVotes,
            per_seat: false,
            direct_seats_min: None,
            in_one_district: None,
            by_coalition_size: Vec::new(),
        }
    }

    /// The share that a list of this many parties needs.
    #[must_use]
    pub fn share_for(&self, coalition_size: u32) -> Fraction {
        let entries = self
            .by_coalition_size
            .iter()
            .filter(|entry| entry.size_min <= coalition_size);
        entries
            .max_by_key(|entry| entry.size_min)
            .map_or(self.share, |entry| entry.share)
    }

    pub(crate) fn check(&self) -> Result<(), ContestError> {
        if self.by_coalition_size.len() > STAGES_MAX {
            let (value, limit) = (wide(self.by_coalition_size.len()), wide(STAGES_MAX));
            return Err(ContestError::AboveLimit {
                field: "rules.threshold.by_coalition_size",
                value,
                limit,
            });
        }
        for Fraction {
            numerator,
            denominator,
        } in self
            .by_coalition_size
            .iter()
            .map(|entry| entry.share)
            .chain([self.share])
            .chain(self.in_one_district)
        {
            if denominator == 0
                || denominator > THRESHOLD_DENOMINATOR_MAX
                || numerator > denominator
            {
                let range = "between 0 and 1 with at most 1000000000 below the line";
                return Err(ContestError::FractionOutOfRange {
                    field: "rules.threshold.share",
                    numerator,
                    denominator,
                    range,
                });
            }
        }
        Ok(())
    }

    /// What the share is taken of.
    pub(crate) fn base_of(&self, contest: &Contest) -> Result<Base, ContestError> {
        let parts = if self.per_seat { contest.seats } else { 1 };
        let count = match self.base {
            ThresholdBase::ListVotes => {
                let count = contest.list_votes();
                return Ok(Base { count, parts });
            }
            ThresholdBase::ValidVotes => contest.base.valid_votes,
            ThresholdBase::ValidAndAgainstAll => contest.base.valid_and_against_all,
            ThresholdBase::BallotsInBox => contest.base.ballots_in_box,
            ThresholdBase::BallotsIssued => contest.base.ballots_issued,
        };
        let count = count.ok_or(ContestError::BaseMissing { base: self.base })?;
        let count = u128::from(count);
        Ok(Base { count, parts })
    }

    /// Whether a list need not pass, by what it won elsewhere.
    pub(crate) fn waives(&self, list: &List) -> bool {
        let direct = self
            .direct_seats_min
            .is_some_and(|least| list.direct_seats >= least);
        let district = self.in_one_district.zip(list.best_district);
        direct
            || district.is_some_and(|(share, DistrictShare { votes, of })| {
                let left = u128::from(votes) * u128::from(share.denominator);
                self.compare(left, u128::from(share.numerator) * u128::from(of))
            })
    }

    /// Whether a list passes, compared as integers: exactly 7% is exactly 7%.
    pub(crate) fn passes(&self, votes: u64, coalition_size: u32, base: Base) -> bool {
        self.passes_lowered(votes, coalition_size, base, Fraction::new(0, 1))
    }

    /// Whether a list passes when so much is taken off the share. Sides are below 2^121 and 2^118.
    pub(crate) fn passes_lowered(
        &self,
        votes: u64,
        coalition_size: u32,
        base: Base,
        lowered: Fraction,
    ) -> bool {
        let share = self.share_for(coalition_size);
        let below = u128::from(share.denominator) * u128::from(lowered.denominator);
        let taken = u128::from(lowered.numerator) * u128::from(share.denominator);
        let above = u128::from(share.numerator) * u128::from(lowered.denominator);
        let left = u128::from(votes) * below * u128::from(base.parts);
        self.compare(left, above.saturating_sub(taken) * base.count)
    }

    fn compare(&self, left: u128, right: u128) -> bool {
        match self.comparison {
            Comparison::AtLeast => left >= right,
            Comparison::MoreThan => left > right,
        }
    }
}

/// What a share is taken of: a count, in equal parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base {
    pub count: u128,
    pub parts: u32,
}

/// A share for lists of several parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoalitionShare {
    /// From this many parties on.
    pub size_min: u32,
    /// The share they need.
    pub share: Fraction,
}

/// How a share is compared with the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Exactly the threshold passes.
    AtLeast,
    /// Exactly the threshold fails.
    MoreThan,
}

/// What the threshold is a share of. Laws and published percentages of one country differ in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThresholdBase {
    /// The sum of all list votes.
    ListVotes,
    /// Valid votes.
    ValidVotes,
    /// Valid votes and votes against all.
    ValidAndAgainstAll,
    /// Ballots found in the boxes.
    BallotsInBox,
    /// Ballots issued.
    BallotsIssued,
}

impl fmt::Display for ThresholdBase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ListVotes => "list votes",
            Self::ValidVotes => "valid votes",
            Self::ValidAndAgainstAll => "valid votes and votes against all",
            Self::BallotsInBox => "ballots in the box",
            Self::BallotsIssued => "ballots issued",
        })
    }
}
