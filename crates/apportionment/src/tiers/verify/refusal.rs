//! What can be wrong with seats in tiers.

use std::fmt;

use super::super::Place;
use crate::verify::Refusal;

/// One thing that is wrong with seats in tiers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TierRefusal {
    /// Districts or lists are not as many as in the contest.
    Shape,
    /// A count that a threshold is measured against was not given.
    BaseMissing,
    /// A stage of the rules is missing, or is of another kind.
    MissingStage {
        /// The stage.
        stage: usize,
    },
    /// A stage ran behind the last, or behind an open tie.
    UnexpectedStage {
        /// The stage.
        stage: usize,
    },
    /// A list takes part, or does not, against the rules.
    Admission {
        /// The stage.
        stage: usize,
        /// The district, or 0 for the whole.
        part: usize,
    },
    /// A sub-allocation is there without seats to share, or is missing.
    MissingPart {
        /// The stage.
        stage: usize,
        /// The list.
        part: usize,
    },
    /// A sub-allocation is wrong.
    Part {
        /// The stage.
        stage: usize,
        /// District, round or list.
        part: usize,
        /// What is wrong with it.
        refusal: Refusal,
    },
    /// What is due to the lists is not what the rounds of the distribution give.
    Due {
        /// The stage.
        stage: usize,
    },
    /// Placed or covered seats are wrong.
    Place {
        /// The stage.
        stage: usize,
        /// What is wrong.
        what: PlaceRefusal,
    },
    /// A list's seats in a district are not those that the stages gave.
    Seats {
        /// The district.
        district: usize,
        /// The list.
        list: usize,
    },
    /// A list's seats in a region, or in the house itself, are not those that the stages gave.
    SeatsAbove {
        /// The list.
        list: usize,
    },
    /// A list has more seats in a district than candidates.
    ListLength {
        /// The district.
        district: usize,
        /// The list.
        list: usize,
    },
    /// Persons or lists that came first, or persons that reached their quota, are others.
    FirstPlaces {
        /// The stage.
        stage: usize,
    },
    /// The votes that seats did not use up are others.
    LeftVotes {
        /// The stage.
        stage: usize,
    },
    /// Seats given, pending and unassigned do not add up to the house.
    House,
    /// The state of the result is another.
    Outcome,
    /// The lots that are said to be void are not those that no tie asked for.
    VoidLots,
}

/// What can be wrong with placed or covered seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceRefusal {
    /// Seats or persons are named that are not in the contest, or are missing.
    Shape,
    /// A key is not that of the votes, or is larger than the one before it.
    Key {
        /// Whose.
        place: Place,
    },
    /// A list or a district has more seats than it may.
    TooMany {
        /// The seat.
        place: Place,
    },
    /// A larger key than one that was granted has no seat.
    Refused {
        /// Whose.
        place: Place,
    },
    /// Equal keys were told apart without a lot.
    Silent {
        /// Who was refused.
        place: Place,
    },
    /// The tie is not between those whose keys are equal, or was drawn.
    Tie,
    /// Seats are left over that could be placed, or the other way round.
    LeftOver,
}

impl fmt::Display for TierRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => formatter.write_str("the result is not of the shape of the contest"),
            Self::BaseMissing => {
                formatter.write_str("a count that a threshold is measured against was not given")
            }
            Self::MissingStage { stage } => write!(formatter, "stage {stage} is missing"),
            Self::UnexpectedStage { stage } => {
                write!(formatter, "stage {stage} should not have run")
            }
            Self::Admission { stage, part } => {
                write!(
                    formatter,
                    "stage {stage}, part {part}: other lists take part"
                )
            }
            Self::MissingPart { stage, part } => {
                write!(
                    formatter,
                    "stage {stage}, part {part}: missing, or without seats"
                )
            }
            Self::Part {
                stage,
                part,
                refusal,
            } => write!(formatter, "stage {stage}, part {part}: {refusal}"),
            Self::Due { stage } => {
                write!(
                    formatter,
                    "stage {stage}: the seats due are not those of its rounds"
                )
            }
            Self::Place { stage, what } => write!(formatter, "stage {stage}: {what:?}"),
            Self::Seats { district, list } => write!(
                formatter,
                "district {district}, list {list}: the seats are not those of the stages"
            ),
            Self::SeatsAbove { list } => write!(
                formatter,
                "list {list}: the seats above the districts are not those of the stages"
            ),
            Self::ListLength { district, list } => write!(
                formatter,
                "district {district}, list {list}: more seats than candidates"
            ),
            Self::FirstPlaces { stage } => {
                write!(
                    formatter,
                    "stage {stage}: others came first, or reached their quota"
                )
            }
            Self::LeftVotes { stage } => {
                write!(formatter, "stage {stage}: seats left other votes unused")
            }
            Self::House => formatter.write_str("the seats do not add up to the house"),
            Self::Outcome => formatter.write_str("the state of the result is another"),
            Self::VoidLots => formatter.write_str("void lots do not fit the ties"),
        }
    }
}
