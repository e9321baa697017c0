//! The lower apportionment as a table: districts are rows, lists with seats to place are columns.

use super::CellRounding;
use super::divisor::Divisor;
use super::tie::CellTie;
use super::{Cell, LowerAllocation};
use crate::districts::DistrictedContest;
use crate::districts_error::DistrictsError;
use crate::whole_number::WholeNumber;

/// Votes and both sums. Columns are numbered among the lists that have seats to place.
pub(super) struct Table {
    /// The list of each column.
    pub lists: Vec<usize>,
    /// Lists of the contest.
    lists_total: usize,
    /// Votes by district, then column.
    pub votes: Vec<Vec<u64>>,
    /// Seats of each district.
    pub district_seats: Vec<u32>,
    /// Seats of each column.
    pub list_seats: Vec<u32>,
    pub signposts: Signposts,
}

/// Where a quotient is rounded up: seat number m + 1 comes at (step * m + 1) / step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signposts {
    pub step: u32,
}

impl Signposts {
    fn of(rounding: CellRounding) -> Self {
        match rounding {
            CellRounding::Standard => Self { step: 2 },
            CellRounding::Down => Self { step: 1 },
        }
    }

    /// The signpost after `seats` seats, times the step. With at most 100,000 seats it is below 2^18.
    pub fn after(self, seats: u32) -> u64 {
        u64::from(self.step) * u64::from(seats) + 1
    }
}

/// Seats with divisors of each district and column.
pub(super) struct Solution {
    pub seats: Vec<Vec<u32>>,
    pub district_divisors: Vec<Divisor>,
    pub list_divisors: Vec<Divisor>,
}

impl Solution {
    /// What the votes of a cell are divided by.
    pub fn product(&self, district: usize, column: usize) -> Divisor {
        self.district_divisors[district].times(&self.list_divisors[column])
    }
}

impl Table {
    /// The table of a contest whose lists are due these seats.
    pub fn of(
        contest: &DistrictedContest,
        due: &[u32],
        rounding: CellRounding,
    ) -> Result<Self, DistrictsError> {
        let lists: Vec<usize> = (0..due.len()).filter(|&list| due[list] > 0).collect();
        let votes = contest
            .districts
            .iter()
            .map(|district| lists.iter().map(|&list| district.votes[list]).collect());
        let table = Self {
            votes: votes.collect(),
            lists_total: due.len(),
            district_seats: contest
                .districts
                .iter()
                .map(|district| district.seats)
                .collect(),
            list_seats: lists.iter().map(|&list| due[list]).collect(),
            lists,
            signposts: Signposts::of(rounding),
        };
        let without_votes = |votes: &Vec<u64>| votes.iter().all(|&votes| votes == 0);
        match table.votes.iter().position(without_votes) {
            Some(district) => Err(table.no_such_seats(&[district], &[])),
            None => Ok(table),
        }
    }

    /// Every cell with votes, as (district, column).
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.votes.iter().enumerate().flat_map(|(district, votes)| {
            (0..votes.len())
                .filter(|&column| votes[column] > 0)
                .map(move |column| (district, column))
        })
    }

    /// What a quotient of a cell must not exceed with these seats, as divisors' product over votes: the quotient
    /// `votes / (district * list)` is at most the signpost after `seats` where `district * list` is at least this.
    pub fn product_at_signpost(&self, (district, column): (usize, usize), seats: u32) -> Divisor {
        let votes =
            WholeNumber::from(self.votes[district][column]).times(u64::from(self.signposts.step));
        Divisor::unreduced(votes, WholeNumber::from(self.signposts.after(seats)))
    }

    pub fn no_such_seats(&self, districts: &[usize], columns: &[usize]) -> DistrictsError {
        let sum =
            |seats: &[u32], lines: &[usize]| lines.iter().map(|&line| u64::from(seats[line])).sum();
        DistrictsError::NoSuchSeats {
            districts: districts.to_vec(),
            lists: columns.iter().map(|&column| self.lists[column]).collect(),
            seats: sum(&self.district_seats, districts),
            due: sum(&self.list_seats, columns),
        }
    }

    /// The solution for all lists of the contest.
    pub fn widened(&self, solution: Solution, mut ties: Vec<CellTie>) -> LowerAllocation {
        let widen = |seats: &Vec<u32>| {
            let mut row = vec![0; self.lists_total];
            for (&list, &seats) in self.lists.iter().zip(seats) {
                row[list] = seats;
            }
            row
        };
        let mut list_divisors = vec![None; self.lists_total];
        for (&list, divisor) in self.lists.iter().zip(solution.list_divisors) {
            list_divisors[list] = Some(divisor);
        }
        let name = |cell: &mut Cell| cell.list = self.lists[cell.list];
        for tie in &mut ties {
            tie.cells.iter_mut().for_each(name);
            tie.winners.iter_mut().flatten().for_each(name);
            tie.list_seats
                .iter_mut()
                .for_each(|(list, _)| *list = self.lists[*list]);
        }
        LowerAllocation {
            seats: solution.seats.iter().map(widen).collect(),
            district_divisors: solution.district_divisors,
            list_divisors,
            ties,
        }
    }
}
