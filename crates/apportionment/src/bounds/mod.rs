//! Seats that are already certain: the fewest and the most seats of each list over all ways in which outstanding ballots can
//! fall.
//!
//! Nothing is estimated. [`bound_seats`] takes what is counted and a bound on the ballots that are still to come, and proves
//! for every list below and above which number its seats cannot end, whatever those ballots say, lots included. What it says
//! holds as long as the bound holds and no counted ballot is taken back or changed. Each number is marked with what is known
//! of it: [`Proof::Exact`] is reached by some completion, [`Proof::Safe`] may be wider than need be, [`Proof::NoClaim`] says
//! nothing. The theorems are in docs/bounds.md.
//!
//! ```
//! use apportionment::{Contest, Method, Rules, Threshold, bounds};
//!
//! // Letting a rival in can be worth more than own votes: of four outstanding, all for the third list give it nothing.
//! let contest = Contest::with_votes(4, &[6, 91, 8, 7, 4]);
//! let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
//! let outstanding = bounds::Outstanding::ballots(4);
//! let answer = bounds::bound_seats(&contest, &rules, outstanding)?;
//! assert_eq!((answer.lists[2].fewest, answer.lists[2].most), (0, 1));
//! # Ok::<(), apportionment::ContestError>(())
//! ```

mod bar;
mod beside;
mod certain;
mod coalition;
mod cover;
mod divisors;
mod joined;
mod model;
mod price;
mod quotas;
mod quotas_most;
mod relaxed;
mod rescued;

use std::fmt;

use crate::bounds::beside::STEPS_MAX;
use crate::bounds::cover::Budget;
use crate::contest::{Contest, Lot};
use crate::error::ContestError;
use crate::rules::Rules;

pub use certain::{NextCertain, next_certain, next_certain_within};
pub use coalition::{CoalitionBounds, bound_coalition, bound_coalitions_within};

/// What is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Outstanding {
    /// At most so many ballots, each with one vote. Some of them may be for no list, or may not be cast at all.
    pub ballots: u64,
    /// Whether the count that the threshold is a share of has them already (ballots issued, after the polls have closed);
    /// otherwise it grows with them. Without meaning where the count is the sum of list votes.
    pub in_base: bool,
}

impl Outstanding {
    /// At most so many ballots, which the base of the threshold grows with.
    #[must_use]
    pub const fn ballots(ballots: u64) -> Self {
        Self {
            ballots,
            in_base: false,
        }
    }
}

/// The answer for a contest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatBounds {
    /// Seats of the house.
    pub seats: u32,
    /// By list, in the order of the contest.
    pub lists: Vec<ListBounds>,
}

impl SeatBounds {
    /// Seats that are certain for some list: the sum of the fewest.
    #[must_use]
    pub fn secured(&self) -> u64 {
        self.lists.iter().map(|list| u64::from(list.fewest)).sum()
    }

    /// Whether every list's seats are certain.
    #[must_use]
    pub fn all_secured(&self) -> bool {
        self.lists.iter().all(|list| list.fewest == list.most)
    }
}

/// The answer for one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListBounds {
    /// It ends with at least so many seats.
    pub fewest: u32,
    /// It ends with at most so many seats.
    pub most: u32,
    /// What is known of `fewest`.
    pub fewest_proof: Proof,
    /// What is known of `most`.
    pub most_proof: Proof,
    /// Whether it is certain that it passes or fails the threshold.
    pub threshold: ThresholdClaim,
}

impl ListBounds {
    /// Whether so many seats (a majority, for example) are certain or out of reach.
    #[must_use]
    pub fn reaches(&self, seats: u32) -> Claim {
        Claim::of(self.fewest, self.most, seats)
    }
}

/// What is known of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Some way in which the outstanding ballots and lots can fall reaches it.
    Exact,
    /// It holds, but may be wider than need be.
    Safe(Reason),
    /// It says nothing that was not known beforehand: no seat, or as many as there are.
    NoClaim(Reason),
}

impl Proof {
    /// Whether the bound is reached.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self == Self::Exact
    }

    /// The weaker of two.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::NoClaim(reason), _) | (_, Self::NoClaim(reason)) => Self::NoClaim(reason),
            (Self::Safe(reason), _) | (_, Self::Safe(reason)) => Self::Safe(reason),
            (Self::Exact, Self::Exact) => Self::Exact,
        }
    }
}

/// Why a bound is not exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The exact search would have taken longer than a frame may.
    TooLong,
    /// A quota that is rounded to whole votes is not monotone in them.
    RoundedQuota,
    /// A runner-up may be admitted.
    Rescue,
    /// More lists may be let in than pass the threshold.
    Widening,
    /// Lists may be joined.
    Apparentment,
    /// A list may come to be owed a majority of the seats.
    Majority,
    /// Several stages, or a stage that does not let every list win any number of seats.
    Stages,
    /// A bonus.
    Bonus,
    /// A cap whose excess is shared anew.
    Cap,
    /// Seats that are held from elsewhere, guaranteed, or quotas computed of other votes.
    Held,
    /// A waiver of the threshold by direct seats or by one district, which are not final either.
    Waiver,
    /// Registration is known of some lists only, and the rules settle ties by it.
    Registration,
    /// The base of the threshold is smaller than the sum of votes: a ballot has several votes.
    BaseBelowVotes,
    /// Joint bounds of several lists are put together from those of each.
    Together,
    /// Ties that are open now, with what waits behind them.
    OpenTies,
}

impl Reason {
    /// A stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "TOO_LONG",
            Self::RoundedQuota => "ROUNDED_QUOTA",
            Self::Rescue => "RESCUE",
            Self::Widening => "WIDENING",
            Self::Apparentment => "APPARENTMENT",
            Self::Majority => "MAJORITY",
            Self::Stages => "STAGES",
            Self::Bonus => "BONUS",
            Self::Cap => "CAP",
            Self::Held => "HELD",
            Self::Waiver => "WAIVER",
            Self::Registration => "REGISTRATION",
            Self::BaseBelowVotes => "BASE_BELOW_VOTES",
            Self::Together => "TOGETHER",
            Self::OpenTies => "OPEN_TIES",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLong => "the exact search would take too long",
            Self::RoundedQuota => "the quota is rounded to whole votes",
            Self::Rescue => "a runner-up may be admitted",
            Self::Widening => "more lists may be let in than pass the threshold",
            Self::Apparentment => "lists may be joined",
            Self::Majority => "a list may come to be owed a majority of the seats",
            Self::Stages => "several stages hand out the seats",
            Self::Bonus => "a list may get a bonus",
            Self::Cap => "seats beyond a cap are shared anew",
            Self::Held => "seats are held or guaranteed, or quotas are of other votes",
            Self::Waiver => "the threshold may be waived by results that are not final",
            Self::Registration => {
                "ties are settled by registration, which is known of some lists only"
            }
            Self::BaseBelowVotes => "a ballot has several votes",
            Self::Together => {
                "bounds of several lists together are put together from those of each"
            }
            Self::OpenTies => "ties are open",
        })
    }
}

/// Whether something is certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// However the outstanding ballots fall.
    Certain,
    /// However they fall, it is not so.
    Excluded,
    /// Neither is proved.
    Open,
}

impl Claim {
    /// Whether between `fewest` and `most` seats are certain to be `seats` or more.
    #[must_use]
    pub fn of(fewest: u32, most: u32, seats: u32) -> Self {
        if fewest >= seats {
            Self::Certain
        } else if most < seats {
            Self::Excluded
        } else {
            Self::Open
        }
    }
}

/// Whether a list is certain to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThresholdClaim {
    /// There is none for it.
    NotNeeded,
    /// It passes however the outstanding ballots fall.
    Passed,
    /// It fails however they fall, by its own votes: whether it is let in all the same is for rescue rules to say.
    Failed,
    /// Neither is proved.
    Open,
}

/// Seats that more than half of a house are.
#[must_use]
pub fn majority_of(house: u32) -> u32 {
    house / 2 + 1
}

/// The fewest and the most seats of each list over all ways in which the outstanding ballots can fall.
///
/// # Errors
/// As [`allocate`](crate::allocate) for what is counted, and more votes with what is outstanding than 64 bits hold.
pub fn bound_seats(
    contest: &Contest,
    rules: &Rules,
    outstanding: Outstanding,
) -> Result<SeatBounds, ContestError> {
    bound_seats_with(contest, rules, &[], outstanding)
}

/// The same with lots that were drawn. They count where nothing is outstanding; before that any lot can fall.
///
/// # Errors
/// As [`bound_seats`].
pub fn bound_seats_with(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    outstanding: Outstanding,
) -> Result<SeatBounds, ContestError> {
    bound_seats_within(contest, rules, lots, outstanding, STEPS_MAX)
}

/// The same in so many steps of a few nanoseconds at most: what would take longer is marked as [`Reason::TooLong`]. It asks no
/// clock, so the same question has the same answer everywhere.
///
/// # Errors
/// As [`bound_seats`].
pub fn bound_seats_within(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    outstanding: Outstanding,
    steps: u64,
) -> Result<SeatBounds, ContestError> {
    let mut budget = Budget::of(steps.min(STEPS_MAX));
    let lists = beside::bounds(contest, rules, lots, outstanding, &mut budget)?;
    Ok(SeatBounds {
        seats: contest.seats,
        lists,
    })
}
