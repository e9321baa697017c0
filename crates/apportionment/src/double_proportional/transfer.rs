//! Tie-and-transfer: moves the seats that scaling left at the wrong list, in exact arithmetic.
//!
//! Balinski and Demange (1989), in the form of a primal-dual method. Every cell always agrees with the divisors: its
//! quotient is between the signposts around its seats. From the lists with too many seats we label what a seat can move
//! along: from a labelled list to a district whose cell can give one up (its quotient is at the lower signpost), from a
//! labelled district to a list whose cell can take one (its quotient is at the upper signpost). When a list with too few
//! is labelled, one seat moves along the way there. When nothing more can be labelled, all divisors of labelled lists grow
//! and those of labelled districts shrink by the same factor, the smallest that brings one more cell to a signpost.
//!
//! Why it ends: each factor labels one more district or list, so at most all of them are needed for one seat; each seat
//! moved lowers the number of misplaced ones by one, and the sums of districts never change. Why it is exact: divisors are
//! fractions of whole numbers of any size, and a cell is at a signpost when two products are equal.

use std::cmp::Ordering;

use super::divisor::Divisor;
use super::table::{Solution, Table};

/// Labelled districts and columns from which no seat can get away: no seats with the right sums exist.
pub(super) struct Stuck {
    pub districts: Vec<usize>,
    pub lists: Vec<usize>,
}

/// Moves seats until every list has its sum.
pub(super) fn transfer(table: &Table, start: Solution) -> Result<Solution, Stuck> {
    let mut solution = start;
    loop {
        let held: Vec<u64> = (0..table.list_seats.len())
            .map(|column| {
                let seats = solution.seats.iter().map(|line| u64::from(line[column]));
                seats.sum()
            })
            .collect();
        let mut labels = Labels::starting(table, &held);
        if labels.columns.iter().all(Option::is_none) {
            return Ok(solution);
        }
        let end = loop {
            let Some((factor, cell)) = nearest(table, &solution, &labels) else {
                return Err(labels.stuck());
            };
            if !factor.is_one() {
                labels.rescale(&mut solution, &factor);
            }
            if let Some(column) = labels.extend(cell)
                && held[column] < u64::from(table.list_seats[column])
            {
                break column;
            }
        };
        labels.move_seat(&mut solution.seats, end);
    }
}

/// How a column was reached.
#[derive(Clone, Copy)]
enum Origin {
    Surplus,
    District(usize),
}

struct Labels {
    /// The column from which each district was reached.
    districts: Vec<Option<usize>>,
    columns: Vec<Option<Origin>>,
}

impl Labels {
    /// The columns with too many seats.
    fn starting(table: &Table, held: &[u64]) -> Self {
        let surplus = held.iter().zip(&table.list_seats);
        Self {
            districts: vec![None; table.district_seats.len()],
            columns: surplus
                .map(|(&held, &due)| (held > u64::from(due)).then_some(Origin::Surplus))
                .collect(),
        }
    }

    /// Labels the other end of a cell that has one; returns it where it is a column.
    fn extend(&mut self, (district, column): (usize, usize)) -> Option<usize> {
        if self.districts[district].is_none() {
            self.districts[district] = Some(column);
            None
        } else {
            self.columns[column] = Some(Origin::District(district));
            Some(column)
        }
    }

    fn rescale(&self, solution: &mut Solution, factor: &Divisor) {
        for (divisor, label) in solution.list_divisors.iter_mut().zip(&self.columns) {
            if label.is_some() {
                *divisor = divisor.times(factor).reduced();
            }
        }
        for (divisor, label) in solution.district_divisors.iter_mut().zip(&self.districts) {
            if label.is_some() {
                *divisor = divisor.over(factor).reduced();
            }
        }
    }

    /// Moves one seat back along the labels: each district on the way gives one up in one cell and gets one in another.
    fn move_seat(&self, seats: &mut [Vec<u32>], end: usize) {
        let mut column = end;
        while let Some(Origin::District(district)) = self.columns[column]
            && let Some(before) = self.districts[district]
        {
            seats[district][column] += 1;
            seats[district][before] -= 1;
            column = before;
        }
    }

    fn stuck(&self) -> Stuck {
        let districts = 0..self.districts.len();
        let columns = 0..self.columns.len();
        Stuck {
            districts: districts
                .filter(|&district| self.districts[district].is_some())
                .collect(),
            lists: columns
                .filter(|&column| self.columns[column].is_some())
                .collect(),
        }
    }
}

/// The smallest factor, at least one, that brings a cell between labelled and unlabelled to its signpost, and that cell.
fn nearest(
    table: &Table,
    solution: &Solution,
    labels: &Labels,
) -> Option<(Divisor, (usize, usize))> {
    let mut nearest: Option<(Divisor, (usize, usize))> = None;
    for cell in table.cells() {
        let (district, column) = cell;
        let seats = solution.seats[district][column];
        let product =
            || solution.district_divisors[district].times(&solution.list_divisors[column]);
        let factor = match (&labels.districts[district], &labels.columns[column]) {
            (None, Some(_)) if seats > 0 => {
                table.product_at_signpost(cell, seats - 1).over(&product())
            }
            (Some(_), None) => product().over(&table.product_at_signpost(cell, seats)),
            _ => continue,
        };
        if nearest
            .as_ref()
            .is_none_or(|(least, _)| factor.compare(least) == Ordering::Less)
        {
            if factor.is_one() {
                return Some((factor, cell));
            }
            nearest = Some((factor, cell));
        }
    }
    nearest
}
