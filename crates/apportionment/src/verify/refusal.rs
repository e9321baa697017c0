//! What can be wrong with a result.

use std::fmt;

use crate::allocation::{Eligibility, Outcome, Pairing};
use crate::contest::StageAt;
use crate::error::ContestError;

/// One thing that is wrong with a result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The contest itself cannot be computed.
    Contest(ContestError),
    /// There are more or fewer lists than in the contest.
    ListCount {
        /// Lists of the contest.
        expected: usize,
        /// Lists of the result.
        found: usize,
    },
    /// Seats given, pending and unassigned do not add up to the house.
    HouseSize {
        /// Seats of the house.
        house: u32,
        /// Their sum.
        found: u64,
    },
    /// The comparison with the threshold is not that of the contest.
    Threshold {
        /// The list.
        list: usize,
    },
    /// A list takes part, or does not, against the rules.
    Eligibility {
        /// The list.
        list: usize,
        /// As the result says.
        found: Eligibility,
        /// As the rules say.
        expected: Eligibility,
    },
    /// A group stands, or is void, against the rules.
    Pairing {
        /// The list.
        list: usize,
        /// As the result says.
        found: Pairing,
        /// As the rules say.
        expected: Pairing,
    },
    /// A list that takes no part has seats.
    SeatsWithoutRight {
        /// The list.
        list: usize,
        /// Its seats.
        seats: u32,
        /// Why it takes no part.
        eligibility: Eligibility,
    },
    /// A list has more seats than candidates.
    ListLength {
        /// The list.
        list: usize,
        /// Its seats.
        seats: u32,
        /// Its candidates.
        candidates: u32,
    },
    /// A list has more seats than any may have.
    AboveMax {
        /// The list.
        list: usize,
        /// Its seats.
        seats: u32,
        /// The most that it may have.
        most: u32,
    },
    /// A list that a rescue admitted has fewer seats than its floor.
    BelowFloor {
        /// The list.
        list: usize,
        /// Its seats.
        seats: u32,
        /// The fewest it gets.
        floor: u32,
    },
    /// A stage of the rules is not in the result where it belongs.
    MissingStage {
        /// Its place.
        at: StageAt,
    },
    /// The result has a stage that the rules do not.
    UnexpectedStage {
        /// Its place.
        at: StageAt,
    },
    /// Competitors, their votes, weights, limits or seats before are not those of the contest.
    Contenders {
        /// The stage.
        at: StageAt,
    },
    /// The method or the quota is not that of the rules.
    Quota {
        /// The stage.
        at: StageAt,
    },
    /// The seats of a stage do not add up.
    StageSum {
        /// The stage.
        at: StageAt,
        /// Seats there should be after it.
        expected: u64,
        /// Seats there are.
        found: u64,
    },
    /// A refused key is larger than a granted one: the seat belongs to the other list.
    Border {
        /// The stage, where it is known.
        at: Option<StageAt>,
        /// The list whose last seat has the smaller key.
        granted: usize,
        /// The list whose next seat has the larger key.
        refused: usize,
    },
    /// Last seat or next in line are not those of the keys.
    Certificate {
        /// The stage.
        at: StageAt,
    },
    /// A tie is not one, is not recorded, or was not settled as the rules and lots say.
    Tie {
        /// The stage.
        at: StageAt,
    },
    /// A bonus went to a list, or did not, or has other seats, against the rules.
    Bonus,
    /// Where the law is silent is not what the contest and the rules say.
    Silences,
    /// The lots that are said to be void, or the reasons, are not those of the ties.
    VoidLots,
    /// The ties that are said to wait for a lot are not those that decide seats.
    TiesAsked,
    /// A tie was passed over although its outcomes are not the same, or not all there.
    PassedOver {
        /// Where the tie stood.
        at: StageAt,
    },
    /// A seat went to a list with the majority of votes, or did not, against the rules.
    Majority,
    /// The seats of a list are not those that the stages gave it.
    SeatsDiffer {
        /// The list.
        list: usize,
        /// Seats of the result.
        found: u32,
        /// Seats by its stages.
        stages: u32,
    },
    /// A list is called tied and is not, or the other way round.
    TiedDiffers {
        /// The list.
        list: usize,
        /// As the result says.
        found: bool,
    },
    /// Unassigned seats are not those of the stages.
    Unassigned {
        /// As the result says.
        found: u32,
        /// As the stages say.
        expected: u32,
    },
    /// The state of the result does not fit its seats.
    Outcome {
        /// As the result says.
        found: Outcome,
        /// As its seats say.
        expected: Outcome,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contest(error) => write!(formatter, "{error}"),
            Self::ListCount { expected, found } => {
                write!(formatter, "{found} lists, and the contest has {expected}")
            }
            Self::HouseSize { house, found } => write!(
                formatter,
                "the seats add up to {found}, and the house has {house}"
            ),
            Self::Threshold { list } => write!(
                formatter,
                "list {list}: wrong comparison with the threshold"
            ),
            Self::Eligibility {
                list,
                found,
                expected,
            } => {
                write!(
                    formatter,
                    "list {list} is {found:?}, by the rules {expected:?}"
                )
            }
            Self::Pairing {
                list,
                found,
                expected,
            } => {
                write!(
                    formatter,
                    "list {list}: apparentment is {found:?}, by the rules {expected:?}"
                )
            }
            Self::SeatsWithoutRight {
                list,
                seats,
                eligibility,
            } => {
                write!(
                    formatter,
                    "list {list} has {seats} seats and takes no part: {eligibility:?}"
                )
            }
            Self::ListLength {
                list,
                seats,
                candidates,
            } => {
                write!(
                    formatter,
                    "list {list} has {seats} seats for {candidates} candidates"
                )
            }
            Self::AboveMax { list, seats, most } => {
                write!(formatter, "list {list} has {seats} seats; the most is {most}")
            }
            Self::BelowFloor { list, seats, floor } => {
                write!(
                    formatter,
                    "list {list} has {seats} seats and its floor is {floor}"
                )
            }
            Self::MissingStage { at } => write!(formatter, "{at:?} is missing"),
            Self::UnexpectedStage { at } => write!(formatter, "{at:?} is not in the rules"),
            Self::Contenders { at } => write!(
                formatter,
                "{at:?}: competitors are not those of the contest"
            ),
            Self::Quota { at } => write!(
                formatter,
                "{at:?}: method or quota is not that of the rules"
            ),
            Self::StageSum {
                at,
                expected,
                found,
            } => write!(formatter, "{at:?}: {found} seats instead of {expected}"),
            Self::Border {
                granted, refused, ..
            } => {
                write!(
                    formatter,
                    "the last seat of list {granted} belongs to list {refused}, whose key is larger"
                )
            }
            Self::Certificate { at } => {
                write!(formatter, "{at:?}: last seat or next in line is wrong")
            }
            Self::Tie { at } => write!(
                formatter,
                "{at:?}: a tie is missing, wrong or wrongly settled"
            ),
            Self::Bonus => {
                formatter.write_str("the seats of the bonus are not given as the rules say")
            }
            Self::Silences => {
                formatter.write_str("where the law is said to be silent does not fit the rules")
            }
            Self::VoidLots => formatter.write_str("void lots do not fit the ties"),
            Self::TiesAsked => formatter
                .write_str("the ties that wait for a lot are not those that decide seats"),
            Self::PassedOver { at } => {
                write!(formatter, "at {at:?}: a tie passed over whose outcomes differ or are not all there")
            }
            Self::Majority => formatter.write_str(
                "the seat owed to the list with the majority of votes is not given as the rules say",
            ),
            Self::SeatsDiffer {
                list,
                found,
                stages,
            } => {
                write!(
                    formatter,
                    "list {list} has {found} seats, its stages gave {stages}"
                )
            }
            Self::TiedDiffers { list, found } => {
                write!(formatter, "list {list}: tied is {found} against the stages")
            }
            Self::Unassigned { found, expected } => {
                write!(formatter, "{found} seats unassigned instead of {expected}")
            }
            Self::Outcome { found, expected } => write!(
                formatter,
                "the result is called {found:?}, it is {expected:?}"
            ),
        }
    }
}
