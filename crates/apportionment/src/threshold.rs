//! Who takes part: the share of votes a list needs, and what it is a share of.

use std::fmt;

use crate::contest::Contest;
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

    /// The count that the share is taken of.
    pub(crate) fn base_of(&self, contest: &Contest) -> Result<u128, ContestError> {
        let count = match self.base {
            ThresholdBase::ListVotes => return Ok(contest.list_votes()),
            ThresholdBase::ValidVotes => contest.base.valid_votes,
            ThresholdBase::ValidAndAgainstAll => contest.base.valid_and_against_all,
            ThresholdBase::BallotsInBox => contest.base.ballots_in_box,
            ThresholdBase::BallotsIssued => contest.base.ballots_issued,
        };
        count
            .map(u128::from)
            .ok_or(ContestError::BaseMissing { base: self.base })
    }

    /// Both sides of the comparison: `votes * denominator` and `numerator * base`. Below 2^94 and 2^108.
    pub(crate) fn sides(&self, votes: u64, coalition_size: u32, base: u128) -> (u128, u128) {
        let share = self.share_for(coalition_size);
        (
            u128::from(votes) * u128::from(share.denominator),
            u128::from(share.numerator) * base,
        )
    }

    /// Whether a list passes, compared as integers: exactly 7% is exactly 7%.
    pub(crate) fn passes(&self, votes: u64, coalition_size: u32, base: u128) -> bool {
        let (left, right) = self.sides(votes, coalition_size, base);
        match self.comparison {
            Comparison::AtLeast => left >= right,
            Comparison::MoreThan => left > right,
        }
    }
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
