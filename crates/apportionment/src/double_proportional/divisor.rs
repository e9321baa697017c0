//! Divisors as exact fractions, and the shortest of them that prove the same seats.

use std::cmp::Ordering;
use std::fmt;

use super::table::{Solution, Table};
use crate::whole_number::WholeNumber;

/// An exact fraction above zero: what votes of a district, or of a list, are divided by.
///
/// It prints as a decimal number where it is one; where a tie fixes it, it can be a fraction with many digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divisor {
    numerator: WholeNumber,
    denominator: WholeNumber,
}

impl Divisor {
    /// `numerator / denominator` in lowest terms; `None` unless both are above zero.
    #[must_use]
    pub fn new(numerator: WholeNumber, denominator: WholeNumber) -> Option<Self> {
        let positive = !numerator.is_zero() && !denominator.is_zero();
        positive.then(|| Self::unreduced(numerator, denominator).reduced())
    }

    /// The part above the line.
    #[must_use]
    pub fn numerator(&self) -> &WholeNumber {
        &self.numerator
    }

    /// The part below the line.
    #[must_use]
    pub fn denominator(&self) -> &WholeNumber {
        &self.denominator
    }

    /// A fraction that may have common factors; both parts are above zero.
    pub(super) fn unreduced(numerator: WholeNumber, denominator: WholeNumber) -> Self {
        Self {
            numerator,
            denominator,
        }
    }

    fn reduced(&self) -> Self {
        let common = self.numerator.common_divisor(&self.denominator);
        Self {
            numerator: self.numerator.divided_by(&common).0,
            denominator: self.denominator.divided_by(&common).0,
        }
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        Self::unreduced(
            self.numerator.product(&other.numerator),
            self.denominator.product(&other.denominator),
        )
    }

    pub(super) fn over(&self, other: &Self) -> Self {
        Self::unreduced(
            self.numerator.product(&other.denominator),
            self.denominator.product(&other.numerator),
        )
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let left = self.numerator.product(&other.denominator);
        left.cmp(&other.numerator.product(&self.denominator))
    }

    pub(super) fn is_one(&self) -> bool {
        self.numerator == self.denominator
    }
}

impl fmt::Display for Divisor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DECIMALS_MAX: u32 = 30;
        let decimals = (0..=DECIMALS_MAX).find_map(|decimals| {
            let scaled = self.numerator.product(&WholeNumber::power_of_ten(decimals));
            let (quotient, rest) = scaled.divided_by(&self.denominator);
            rest.is_zero().then(|| (decimals, quotient.to_string()))
        });
        match decimals {
            Some((0, digits)) => formatter.write_str(&digits),
            Some((decimals, digits)) => {
                let decimals = usize::try_from(decimals).expect("at most 30");
                let digits = format!("{digits:0>width$}", width = decimals + 1);
                let (whole, fraction) = digits.split_at(digits.len() - decimals);
                write!(formatter, "{whole}.{fraction}")
            }
            None => write!(formatter, "{}/{}", self.numerator, self.denominator),
        }
    }
}

/// Replaces each divisor by the shortest decimal number that gives the same seats beside the others, so that a clerk can
/// divide by it. A divisor that a tie fixes stays as it is.
pub(super) fn simplify(table: &Table, solution: &mut Solution) {
    let (districts, columns) = (table.district_seats.len(), table.list_seats.len());
    for column in 0..columns {
        let cells = (0..districts).map(|district| (district, column));
        let others = &solution.district_divisors;
        let range = Range::of(table, &solution.seats, cells, |(district, _)| {
            &others[district]
        });
        let divisor = &mut solution.list_divisors[column];
        *divisor = range.shortest().unwrap_or_else(|| divisor.reduced());
    }
    for district in 0..districts {
        let cells = (0..columns).map(|column| (district, column));
        let others = &solution.list_divisors;
        let range = Range::of(table, &solution.seats, cells, |(_, column)| &others[column]);
        let divisor = &mut solution.district_divisors[district];
        *divisor = range.shortest().unwrap_or_else(|| divisor.reduced());
    }
}

/// The divisors of one district or list that leave its seats as they are.
struct Range {
    least: Option<Divisor>,
    most: Option<Divisor>,
}

impl Range {
    fn of<'a>(
        table: &Table,
        seats: &[Vec<u32>],
        cells: impl Iterator<Item = (usize, usize)>,
        other: impl Fn((usize, usize)) -> &'a Divisor,
    ) -> Self {
        let (mut least, mut most): (Option<Divisor>, Option<Divisor>) = (None, None);
        for cell in cells.filter(|&(district, column)| table.votes[district][column] > 0) {
            let held = seats[cell.0][cell.1];
            let bound = |seats: u32| table.product_at_signpost(cell, seats).over(other(cell));
            let lower = bound(held);
            if least
                .as_ref()
                .is_none_or(|least| lower.compare(least).is_gt())
            {
                least = Some(lower);
            }
            if held == 0 {
                continue;
            }
            let upper = bound(held - 1);
            if most.as_ref().is_none_or(|most| upper.compare(most).is_lt()) {
                most = Some(upper);
            }
        }
        Self { least, most }
    }

    /// The decimal number with the fewest digits strictly inside; `None` where nothing is.
    fn shortest(&self) -> Option<Divisor> {
        // A list that has no seats yet while they are transferred has no upper end, and needs no new divisor.
        let (least, most) = (self.least.as_ref()?, self.most.as_ref()?);
        if least.compare(most).is_ge() {
            return None;
        }
        let whole = most
            .numerator
            .divided_by(&most.denominator)
            .0
            .to_string()
            .len();
        let mut exponent =
            i32::try_from(whole).expect("numbers here have some thousand digits at most");
        loop {
            let power = WholeNumber::power_of_ten(exponent.unsigned_abs());
            let step = if exponent >= 0 {
                Divisor::unreduced(power, WholeNumber::from(1u64))
            } else {
                Divisor::unreduced(WholeNumber::from(1u64), power)
            };
            let steps = least.over(&step);
            let next = steps
                .numerator
                .divided_by(&steps.denominator)
                .0
                .sum(&WholeNumber::from(1u64));
            let candidate = Divisor::unreduced(next, WholeNumber::from(1u64)).times(&step);
            if candidate.compare(most).is_lt() {
                return Some(candidate.reduced());
            }
            exponent -= 1;
        }
    }
}
