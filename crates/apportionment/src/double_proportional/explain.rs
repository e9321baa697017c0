//! The lower apportionment as divisions that can be followed with a pocket calculator. The upper one has the steps of
//! [`crate::explain`].

use super::divisor::Divisor;
use super::{CellRounding, DoubleAllocation, DoubleProportional};
use crate::districts::DistrictedContest;
use crate::whole_number::WholeNumber;

/// One district: its votes divided by its divisor and by those of the lists, and rounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSteps {
    /// The district.
    pub district: usize,
    /// What all its votes are divided by.
    pub divisor: Divisor,
    /// The lists that have votes here and seats to place.
    pub cells: Vec<CellStep>,
}

/// One division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellStep {
    /// The list.
    pub list: usize,
    /// Its votes in the district.
    pub votes: u64,
    /// What the list's votes are divided by besides.
    pub list_divisor: Divisor,
    /// Votes divided by both divisors: whole number and thousandths, cut off.
    pub quotient: (u128, u16),
    /// Its certain seats.
    pub seats: u32,
    /// The quotient is exactly where rounding changes, and an open tie decides whether one seat comes on top.
    pub tied: bool,
    /// Where rounding up to one more seat begins: the signpost after the seats, over its unit (2 for standard rounding).
    pub next_at: (u64, u64),
}

/// Unrolls the lower apportionment, district by district; nothing while the upper one is open.
#[must_use]
pub fn explain(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    allocation: &DoubleAllocation,
) -> Vec<LineSteps> {
    let Some(lower) = &allocation.lower else {
        return Vec::new();
    };
    let unit = match rules.lower {
        CellRounding::Standard => 2,
        CellRounding::Down => 1,
    };
    let lines = contest
        .districts
        .iter()
        .zip(&lower.district_divisors)
        .zip(&lower.seats)
        .enumerate();
    let line = |(district, ((votes, divisor), seats)): (
        usize,
        ((&crate::districts::District, &Divisor), &Vec<u32>),
    )| {
        let cell = |(list, &votes): (usize, &u64)| {
            let list_divisor = lower.list_divisors[list].as_ref().filter(|_| votes > 0)?;
            let is_here = |cell: &super::Cell| (cell.district, cell.list) == (district, list);
            let open = lower.ties.iter().filter(|tie| tie.winners.is_none());
            Some(CellStep {
                list,
                votes,
                list_divisor: list_divisor.clone(),
                quotient: quotient(votes, &divisor.times(list_divisor)),
                seats: seats[list],
                tied: open.flat_map(|tie| &tie.cells).any(is_here),
                next_at: (unit * u64::from(seats[list]) + 1, unit),
            })
        };
        LineSteps {
            district,
            divisor: divisor.clone(),
            cells: votes.votes.iter().enumerate().filter_map(cell).collect(),
        }
    };
    lines.map(line).collect()
}

fn quotient(votes: u64, divisor: &Divisor) -> (u128, u16) {
    let thousandths = WholeNumber::from(votes)
        .times(1_000)
        .product(divisor.denominator());
    let (thousandths, _) = thousandths.divided_by(divisor.numerator());
    // Seats are at most 100,000, so the quotient is below 100,001.
    let small = thousandths
        .digits()
        .iter()
        .rev()
        .fold(0u128, |value, &digit| (value << 32) | u128::from(digit));
    let part = u16::try_from(small % 1_000).expect("a remainder of 1,000 is below it");
    (small / 1_000, part)
}
