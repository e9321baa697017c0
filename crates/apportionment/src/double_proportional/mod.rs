//! Double proportional seats ("doppelter Pukelsheim", Zurich since 2006, Zug since 2013): every district has its seats,
//! every list has the seats that its voters in all districts are worth, and inside this frame votes decide.
//!
//! The **upper apportionment** gives seats to lists by their voters' numbers: votes divided by the seats of the district,
//! because a voter has as many votes as the district has seats. The **lower apportionment** finds a divisor for each
//! district and one for each list, so that votes divided by both and rounded give seats with the right sums in both
//! directions. Such divisors exist whenever any seats with these sums do, and the seats are unique up to ties
//! (Balinski and Demange 1989; Gaffke and Pukelsheim 2008). They are also the certificate: [`verify`] divides and rounds.
//!
//! ```
//! use apportionment::{DistrictedContest, double_proportional::{DoubleProportional, allocate, verify}};
//!
//! // Uri 2020: four municipalities, four lists.
//! let contest = DistrictedContest::with_votes(&[
//!     (15, &[11_471, 11_908, 9_213, 7_756]),
//!     (7, &[2_822, 1_606, 1_567, 2_945]),
//!     (6, &[2_309, 1_705, 946, 1_573]),
//!     (9, &[4_794, 2_600, 2_961, 3_498]),
//! ]);
//! let rules = DoubleProportional::default();
//! let result = allocate(&contest, &rules, &[], &[])?;
//! let lower = result.lower.as_ref().expect("no tie is open");
//! assert_eq!(lower.seats, [[5, 4, 3, 3], [2, 1, 1, 3], [2, 2, 1, 1], [3, 2, 2, 2]]);
//! assert!(verify(&contest, &rules, &[], &[], &result).is_ok());
//! # Ok::<(), apportionment::DistrictsError>(())
//! ```

mod divisor;
mod explain;
mod scaling;
mod table;
#[cfg(test)]
mod tests;
mod tie;
mod transfer;
mod upper;
pub(crate) mod verify;

use crate::allocation::{Allocation, Outcome, VoidLot};
use crate::contest::Lot;
use crate::districts::{DistrictedContest, Quorum};
use crate::districts_error::DistrictsError;
use crate::method::Divisors;
use crate::rules::TieBreak;

pub use divisor::Divisor;
pub use explain::{CellStep, LineSteps, explain};
pub use tie::{Cell, CellLot, CellTie};
pub use verify::{DoubleRefusal, verify};

use table::Table;

/// The law as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubleProportional {
    /// Who takes part.
    pub quorum: Quorum,
    /// Whether voters' numbers are rounded.
    pub voters_numbers: VotersNumbers,
    /// The divisors of the upper apportionment.
    pub upper: Divisors,
    /// How equal keys of the upper apportionment are settled, in this order.
    pub ties: Vec<TieBreak>,
    /// How a quotient of the lower apportionment becomes seats.
    pub lower: CellRounding,
}

impl Default for DoubleProportional {
    /// Standard rounding in both apportionments, exact voters' numbers, no quorum, lots for ties.
    fn default() -> Self {
        Self {
            quorum: Quorum::default(),
            voters_numbers: VotersNumbers::Exact,
            upper: Divisors::SainteLague,
            ties: vec![TieBreak::Lot],
            lower: CellRounding::Standard,
        }
    }
}

impl DoubleProportional {
    /// Checks what can be told without votes: the quorum and the divisors.
    ///
    /// # Errors
    /// Rules that mean nothing.
    pub fn check(&self) -> Result<(), DistrictsError> {
        self.quorum.check()?;
        Ok(upper::law(self).check()?)
    }
}

/// What becomes of votes divided by the seats of their district.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VotersNumbers {
    /// They stay fractions.
    Exact,
    /// Each is rounded to the nearest whole number, a half upwards, before those of a list are added up. The figures
    /// published for Zurich 2015 are so rounded; that the law asks for it is unverified.
    NearestInDistrict,
}

/// How votes divided by both divisors become seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellRounding {
    /// To the nearest whole number (Sainte-Laguë; Zurich, Zug, Aargau, Schaffhausen). Exactly a half is a tie.
    Standard,
    /// Down (D'Hondt). A whole quotient is a tie between itself and one less.
    Down,
}

/// Seats by list, and by district and list, and why they are so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubleAllocation {
    /// By list: whether it reached the quorum.
    pub quorum: Vec<bool>,
    /// By list, for those that reached the quorum and zero for the others: numerators over one denominator.
    pub voters_numbers: Vec<u64>,
    /// What the voters' numbers are to be divided by.
    pub voters_numbers_denominator: u64,
    /// The upper apportionment: a contest of the lists' `voters_numbers` for the seats of all districts.
    pub upper: Allocation,
    /// The lower apportionment; `None` until the seats of each list are settled.
    pub lower: Option<LowerAllocation>,
    /// Lots for ties among cells that met no such tie, by their position in the input.
    pub void_lots: Vec<VoidLot>,
}

impl DoubleAllocation {
    /// The state of the whole result: the upper apportionment's until that is settled.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match &self.lower {
            Some(lower) if lower.ties.iter().any(|tie| tie.winners.is_none()) => Outcome::Tied,
            Some(_) => Outcome::Settled,
            None => self.upper.outcome,
        }
    }

    /// Certain seats by district and list; all zero while the upper apportionment is open.
    #[must_use]
    pub fn seats(&self, districts: usize) -> Vec<Vec<u32>> {
        match &self.lower {
            Some(lower) => lower.seats.clone(),
            None => vec![vec![0; self.quorum.len()]; districts],
        }
    }
}

/// Seats by district and list with the divisors that prove them.
///
/// Seats of a district are its certain seats and those at stake in open ties; the same holds for the seats of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LowerAllocation {
    /// Certain seats by district and list.
    pub seats: Vec<Vec<u32>>,
    /// A divisor for each district.
    pub district_divisors: Vec<Divisor>,
    /// A divisor for each list that has seats to place.
    pub list_divisors: Vec<Option<Divisor>>,
    /// Cells that exchange seats without changing a sum, by ties that have nothing to do with each other.
    pub ties: Vec<CellTie>,
}

/// Turns votes by district and list into seats. `lots` settle ties of the upper apportionment, `cell_lots` of the lower.
///
/// # Errors
/// Limits broken, rules that mean nothing, a count that the quorum needs and that is missing, voters' numbers beyond 64
/// bits over their common denominator, or no seats with the right sums: [`DistrictsError::NoSuchSeats`].
pub fn allocate(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    lots: &[Lot],
    cell_lots: &[CellLot],
) -> Result<DoubleAllocation, DistrictsError> {
    contest.check()?;
    contest.check_district_seats()?;
    rules.check()?;
    let quorum = rules.quorum.decide(contest)?;
    let (voters_numbers, denominator) =
        upper::voters_numbers(contest, &quorum, rules.voters_numbers)?;
    let upper = upper::apportion(contest, rules, &voters_numbers, lots)?;
    let lower = match upper.outcome {
        Outcome::Settled => Some(apportion_lower(contest, rules, &upper, cell_lots)?),
        Outcome::NoneYet | Outcome::NobodyPassed | Outcome::Tied => None,
    };
    let ties = lower.as_ref().map_or(&[][..], |lower| &lower.ties);
    Ok(DoubleAllocation {
        void_lots: tie::void_lots(cell_lots, ties),
        quorum,
        voters_numbers,
        voters_numbers_denominator: denominator,
        upper,
        lower,
    })
}

fn apportion_lower(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    upper: &Allocation,
    lots: &[CellLot],
) -> Result<LowerAllocation, DistrictsError> {
    let table = Table::of(contest, &upper.seats(), rules.lower)?;
    let start = scaling::scale(&table);
    let mut solution = transfer::transfer(&table, start)
        .map_err(|stuck| table.no_such_seats(&stuck.districts, &stuck.lists))?;
    let ties = tie::find(&table, &mut solution, lots);
    Ok(table.widened(solution, ties))
}
