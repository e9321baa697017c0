//! Tie-and-transfer: moves the seats that scaling left at the wrong list, in exact arithmetic.
//!
//! Balinski and Demange (1989), in the form of a primal-dual method. Every cell always agrees with the divisors: its
//! quotient is between the signposts around its seats. A seat can move from a list to a district whose cell can give one
//! up (its quotient is at the lower signpost) and from there to another list whose cell can take one (its quotient is at
//! the upper signpost). For each such move there is a factor, at least one, by which divisors must change before the cell
//! is at its signpost; along a way the factors multiply. Over the ways from the lists with too many seats we look for the
//! smallest product to a list with too few (Dijkstra's method, with products in place of sums), change the divisors of all
//! that is nearer so that the cells of this way come to their signposts and no other cell passes one, and move the seat.
//!
//! Why it ends: each seat moved lowers the number of misplaced ones by one, and the sums of districts never change. Why it
//! is exact: divisors are fractions of whole numbers of any size, and every comparison is one of products.

use super::divisor::{Divisor, simplify};
use super::table::{Solution, Table};
use crate::whole_number::WholeNumber;

/// Districts and columns from which no seat can get away: no seats with the right sums exist.
pub(super) struct Stuck {
    pub districts: Vec<usize>,
    pub lists: Vec<usize>,
}

/// Moves seats until every list has its sum. Divisors come out as short as they can be.
pub(super) fn transfer(table: &Table, start: Solution) -> Result<Solution, Stuck> {
    let mut solution = start;
    loop {
        simplify(table, &mut solution);
        let held: Vec<u64> = (0..table.list_seats.len())
            .map(|column| {
                let seats = solution.seats.iter().map(|line| u64::from(line[column]));
                seats.sum()
            })
            .collect();
        let due = table.list_seats.iter().copied().map(u64::from);
        if due.eq(held.iter().copied()) {
            return Ok(solution);
        }
        let mut search = Search::starting(table, &held);
        let end = search.run(table, &solution, &held)?;
        search.rescale(&mut solution, end);
        search.move_seat(&mut solution.seats, end);
    }
}

/// How far a district or column is, and where it was reached from: a district from a column and a column from a district.
#[derive(Clone)]
struct Label {
    factor: Divisor,
    from: Option<usize>,
    done: bool,
}

struct Search {
    districts: Vec<Option<Label>>,
    columns: Vec<Option<Label>>,
}

/// A district or a column.
#[derive(Clone, Copy)]
enum Line {
    District(usize),
    Column(usize),
}

impl Search {
    /// From the columns with too many seats.
    fn starting(table: &Table, held: &[u64]) -> Self {
        let one = || Divisor::unreduced(WholeNumber::from(1u64), WholeNumber::from(1u64));
        let label = |(&held, &due): (&u64, &u32)| {
            (held > u64::from(due)).then(|| Label {
                factor: one(),
                from: None,
                done: false,
            })
        };
        Self {
            districts: vec![None; table.district_seats.len()],
            columns: held.iter().zip(&table.list_seats).map(label).collect(),
        }
    }

    /// The nearest column with too few seats.
    fn run(&mut self, table: &Table, solution: &Solution, held: &[u64]) -> Result<usize, Stuck> {
        loop {
            let Some(line) = self.nearest() else {
                return Err(self.stuck());
            };
            match line {
                Line::Column(column) if held[column] < u64::from(table.list_seats[column]) => {
                    return Ok(column);
                }
                Line::Column(column) => self.leave_column(table, solution, column),
                Line::District(district) => self.leave_district(table, solution, district),
            }
        }
    }

    /// The nearest line that is not done, which then is.
    fn nearest(&mut self) -> Option<Line> {
        let mut nearest: Option<(Line, &Divisor)> = None;
        let districts = self.districts.iter().enumerate();
        let districts = districts.map(|(index, label)| (Line::District(index), label));
        let columns = self.columns.iter().enumerate();
        let columns = columns.map(|(index, label)| (Line::Column(index), label));
        for (line, label) in districts.chain(columns) {
            if let Some(label) = label.as_ref().filter(|label| !label.done)
                && nearest.is_none_or(|(_, least)| label.factor.compare(least).is_lt())
            {
                nearest = Some((line, &label.factor));
            }
        }
        let line = nearest?.0;
        if let Some(label) = self.label(line) {
            label.done = true;
        }
        Some(line)
    }

    fn label(&mut self, line: Line) -> &mut Option<Label> {
        match line {
            Line::District(district) => &mut self.districts[district],
            Line::Column(column) => &mut self.columns[column],
        }
    }

    /// A seat of the column can go back to any district that holds one.
    fn leave_column(&mut self, table: &Table, solution: &Solution, column: usize) {
        for district in 0..self.districts.len() {
            let seats = solution.seats[district][column];
            if seats > 0 {
                let product = solution.product(district, column);
                let signpost = table.product_at_signpost((district, column), seats - 1);
                self.reach(Line::District(district), column, &signpost.over(&product));
            }
        }
    }

    /// A seat of the district can go to any column that has votes there.
    fn leave_district(&mut self, table: &Table, solution: &Solution, district: usize) {
        for column in 0..self.columns.len() {
            if table.votes[district][column] > 0 {
                let product = solution.product(district, column);
                let seats = solution.seats[district][column];
                let signpost = table.product_at_signpost((district, column), seats);
                self.reach(Line::Column(column), district, &product.over(&signpost));
            }
        }
    }

    /// Labels a line where the way over `from` is shorter than the one known.
    fn reach(&mut self, line: Line, from: usize, step: &Divisor) {
        let before = match line {
            Line::District(_) => &self.columns[from],
            Line::Column(_) => &self.districts[from],
        };
        let Some(before) = before else { return };
        let done = self.label_of(line).is_some_and(|label| label.done);
        if done {
            return;
        }
        let factor = before.factor.times(step);
        let known = self.label_of(line);
        if known.is_none_or(|known| factor.compare(&known.factor).is_lt()) {
            *self.label(line) = Some(Label {
                factor,
                from: Some(from),
                done: false,
            });
        }
    }

    fn label_of(&self, line: Line) -> Option<&Label> {
        match line {
            Line::District(district) => self.districts[district].as_ref(),
            Line::Column(column) => self.columns[column].as_ref(),
        }
    }

    /// Divisors of columns nearer than the end grow and those of districts shrink, by as much as they are nearer.
    fn rescale(&self, solution: &mut Solution, end: usize) {
        let Some(end) = &self.columns[end] else {
            return;
        };
        let nearer = |label: &Option<Label>| {
            let label = label.as_ref().filter(|label| label.done)?;
            let factor = end.factor.over(&label.factor);
            (!factor.is_one()).then_some(factor)
        };
        for (divisor, label) in solution.list_divisors.iter_mut().zip(&self.columns) {
            if let Some(factor) = nearer(label) {
                *divisor = divisor.times(&factor);
            }
        }
        for (divisor, label) in solution.district_divisors.iter_mut().zip(&self.districts) {
            if let Some(factor) = nearer(label) {
                *divisor = divisor.over(&factor);
            }
        }
    }

    /// Moves one seat back along the way: each district on it gives one up in one cell and gets one in another.
    fn move_seat(&self, seats: &mut [Vec<u32>], end: usize) {
        let from = |labels: &[Option<Label>], line: usize| {
            labels[line].as_ref().and_then(|label| label.from)
        };
        let mut column = end;
        while let Some(district) = from(&self.columns, column)
            && let Some(before) = from(&self.districts, district)
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
