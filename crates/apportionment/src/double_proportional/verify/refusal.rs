//! What can be wrong with a double proportional result.

use std::fmt;

use super::super::Cell;
use crate::verify::Refusal;

/// One thing that is wrong with a double proportional result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DoubleRefusal {
    /// Districts, lists, seats or divisors are not as many as in the contest.
    Shape,
    /// A count that the quorum is measured against was not given.
    QuorumBaseMissing,
    /// A list takes part, or does not, against the quorum.
    Quorum {
        /// The list.
        list: usize,
    },
    /// The voters' number is not that of the votes.
    VotersNumber {
        /// The list.
        list: usize,
    },
    /// The upper apportionment is wrong.
    Upper(Refusal),
    /// The lower apportionment is there before the seats of lists are settled, or is missing when they are.
    LowerPresence,
    /// A district's seats do not add up to its own.
    DistrictSum {
        /// The district.
        district: usize,
        /// Certain seats and those at stake.
        found: u64,
    },
    /// A list's seats do not add up to those due to it.
    ListSum {
        /// The list.
        list: usize,
        /// Certain seats and those at stake.
        found: u64,
    },
    /// Votes divided by both divisors do not round to these seats.
    Cell {
        /// District and list.
        cell: Cell,
    },
    /// A divisor is missing where a list has seats, or is there where it has none.
    ListDivisor {
        /// The list.
        list: usize,
    },
    /// The seats at stake in a tie cannot be placed in its cells.
    TieSums {
        /// The tie, by its position.
        tie: usize,
    },
    /// Seats can change hands where the result names no tie.
    UnnamedTie {
        /// One of the cells.
        cell: Cell,
    },
    /// The result names a tie where no seat can change hands.
    NoTie {
        /// The tie, by its position.
        tie: usize,
    },
    /// A tie is settled without its lot, or open in spite of it.
    Lot {
        /// The tie, by its position.
        tie: usize,
    },
    /// The lots said to be void are not those that met no tie.
    VoidLots,
}

impl DoubleRefusal {
    /// A stable code for logs and answers.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shape => "SHAPE",
            Self::QuorumBaseMissing => "QUORUM_BASE_MISSING",
            Self::Quorum { .. } => "QUORUM",
            Self::VotersNumber { .. } => "VOTERS_NUMBER",
            Self::Upper(_) => "UPPER",
            Self::LowerPresence => "LOWER_PRESENCE",
            Self::DistrictSum { .. } => "DISTRICT_SUM",
            Self::ListSum { .. } => "LIST_SUM",
            Self::Cell { .. } => "CELL",
            Self::ListDivisor { .. } => "LIST_DIVISOR",
            Self::TieSums { .. } => "TIE_SUMS",
            Self::UnnamedTie { .. } => "UNNAMED_TIE",
            Self::NoTie { .. } => "NO_TIE",
            Self::Lot { .. } => "LOT",
            Self::VoidLots => "VOID_LOTS",
        }
    }
}

impl fmt::Display for DoubleRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => formatter.write_str("the result is not of the shape of the contest"),
            Self::QuorumBaseMissing => {
                formatter.write_str("a count that the quorum is measured against was not given")
            }
            Self::Quorum { list } => write!(formatter, "list {list}: the quorum says otherwise"),
            Self::VotersNumber { list } => {
                write!(
                    formatter,
                    "list {list}: the votes give another voters' number"
                )
            }
            Self::Upper(refusal) => write!(formatter, "upper apportionment: {refusal}"),
            Self::LowerPresence => formatter.write_str(
                "the lower apportionment belongs exactly where the upper one is settled",
            ),
            Self::DistrictSum { district, found } => {
                write!(
                    formatter,
                    "district {district}: {found} seats are not its own number"
                )
            }
            Self::ListSum { list, found } => {
                write!(
                    formatter,
                    "list {list}: {found} seats are not those due to it"
                )
            }
            Self::Cell {
                cell: Cell { district, list },
            } => write!(
                formatter,
                "district {district}, list {list}: votes divided by both divisors do not round to its seats"
            ),
            Self::ListDivisor { list } => {
                write!(formatter, "list {list}: a divisor is missing or needless")
            }
            Self::TieSums { tie } => {
                write!(
                    formatter,
                    "tie {tie}: its seats cannot be placed in its cells"
                )
            }
            Self::UnnamedTie {
                cell: Cell { district, list },
            } => write!(
                formatter,
                "district {district}, list {list}: a seat can change hands here, and no tie says so"
            ),
            Self::NoTie { tie } => write!(formatter, "tie {tie}: no seat can change hands here"),
            Self::Lot { tie } => write!(formatter, "tie {tie}: it is not as its lot says"),
            Self::VoidLots => formatter.write_str("other lots are void than the result says"),
        }
    }
}
