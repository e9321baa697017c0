//! Ties of the lower apportionment: cells that exchange seats without changing a sum.
//!
//! With right divisors, a cell at its upper signpost can take one more seat and a cell at its lower one can give one up.
//! Seats change hands along closed ways of such cells, alternating between districts and lists; so exactly the cells
//! inside a strongly connected part of districts and lists are open, whichever right divisors were found. All ways to
//! place the open seats of a part with the same sums are equally lawful.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Solution, Table};
use crate::allocation::{VoidLot, VoidReason};

/// A district and a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The district.
    pub district: usize,
    /// The list.
    pub list: usize,
}

/// Cells that compete for seats, at most one each, in frames that are fixed for districts and lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellTie {
    /// The tied cells in their order.
    pub cells: Vec<Cell>,
    /// Seats at stake by district.
    pub district_seats: Vec<(usize, u32)>,
    /// Seats at stake by list.
    pub list_seats: Vec<(usize, u32)>,
    /// The cells that a lot favoured; `None` while the tie is open.
    pub winners: Option<Vec<Cell>>,
}

impl CellTie {
    /// Seats at stake.
    #[must_use]
    pub fn seats_at_stake(&self) -> u32 {
        self.district_seats.iter().map(|(_, seats)| seats).sum()
    }

    /// Whether these cells are a way to place the seats: different tied cells with the right sums.
    #[must_use]
    pub fn allows(&self, winners: &[Cell]) -> bool {
        let different: BTreeSet<&Cell> = winners.iter().collect();
        let fits = |&(line, seats): &(usize, u32), of: fn(&Cell) -> usize| {
            let won = winners.iter().filter(|&cell| of(cell) == line).count();
            u32::try_from(won) == Ok(seats)
        };
        different.len() == winners.len()
            && winners
                .iter()
                .all(|cell| self.cells.binary_search(cell).is_ok())
            && self
                .district_seats
                .iter()
                .all(|line| fits(line, |cell| cell.district))
            && self
                .list_seats
                .iter()
                .all(|line| fits(line, |cell| cell.list))
    }

    /// All ways to place the seats at stake, as the cells that win, at most `limit` of them.
    #[must_use]
    pub fn outcomes(&self, limit: usize) -> Vec<Vec<Cell>> {
        let mut found = Vec::new();
        let frame = Frame {
            cells: &self.cells,
            districts: self.district_seats.iter().copied().collect(),
            lists: self.list_seats.iter().copied().collect(),
        };
        frame.place(&mut Vec::new(), limit, &mut found);
        found
    }
}

/// Cells that are not decided, and the seats that districts and lists still have to place among them.
#[derive(Clone)]
struct Frame<'a> {
    cells: &'a [Cell],
    districts: BTreeMap<usize, u32>,
    lists: BTreeMap<usize, u32>,
}

impl Frame<'_> {
    /// Decides cell after cell, both ways, where the rest can still be placed: no way is gone down in vain.
    fn place(&self, winners: &mut Vec<Cell>, limit: usize, found: &mut Vec<Vec<Cell>>) {
        if found.len() == limit || !self.can_be_placed() {
            return;
        }
        let Some((cell, rest)) = self.cells.split_first() else {
            found.push(winners.clone());
            return;
        };
        let lost = Frame {
            cells: rest,
            ..self.clone()
        };
        let mut won = lost.clone();
        let lines = [
            won.districts.get_mut(&cell.district),
            won.lists.get_mut(&cell.list),
        ];
        if lines.into_iter().flatten().all(|seats| {
            let open = *seats > 0;
            *seats = seats.saturating_sub(1);
            open
        }) {
            winners.push(*cell);
            won.place(winners, limit, found);
            winners.pop();
        }
        lost.place(winners, limit, found);
    }

    /// Whether the seats fit into the cells: each seat of a district finds its list along an augmenting way.
    fn can_be_placed(&self) -> bool {
        let mut won = BTreeSet::new();
        let mut open = self.lists.clone();
        for (&district, &seats) in &self.districts {
            for _ in 0..seats {
                if !self.augment(district, &mut won, &mut open, &mut BTreeSet::new()) {
                    return false;
                }
            }
        }
        open.values().all(|&seats| seats == 0)
    }

    fn augment(
        &self,
        district: usize,
        won: &mut BTreeSet<Cell>,
        open: &mut BTreeMap<usize, u32>,
        seen: &mut BTreeSet<usize>,
    ) -> bool {
        for &cell in self.cells.iter().filter(|cell| cell.district == district) {
            if won.contains(&cell) || !seen.insert(cell.list) {
                continue;
            }
            if let Some(seats) = open.get_mut(&cell.list).filter(|seats| **seats > 0) {
                *seats -= 1;
                won.insert(cell);
                return true;
            }
            let holders: Vec<Cell> = won
                .iter()
                .filter(|held| held.list == cell.list)
                .copied()
                .collect();
            for held in holders {
                if self.augment(held.district, won, open, seen) {
                    won.remove(&held);
                    won.insert(cell);
                    return true;
                }
            }
        }
        false
    }
}

/// A drawn lot for a tie among cells, bound to exactly its cells. If that tie does not arise, the lot is void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellLot {
    /// The tied cells, in any order.
    pub cells: Vec<Cell>,
    /// Seats at stake.
    pub seats_at_stake: u32,
    /// The cells that the lot favoured.
    pub winners: Vec<Cell>,
}

impl CellLot {
    fn binds(&self, tie: &CellTie) -> bool {
        let cells: BTreeSet<Cell> = self.cells.iter().copied().collect();
        cells.len() == self.cells.len()
            && cells.into_iter().eq(tie.cells.iter().copied())
            && self.seats_at_stake == tie.seats_at_stake()
    }
}

/// Finds the ties, takes their seats out of the table, and puts those back that a lot settles. Cells are named by column.
pub(super) fn find(table: &Table, solution: &mut Solution, lots: &[CellLot]) -> Vec<CellTie> {
    let ways = Ways::of(table, solution);
    let parts = ways.parts();
    let mut ties: Vec<CellTie> = Vec::new();
    let mut of_part = vec![None; parts.len()];
    for &(cell, holds) in &ways.cells {
        let part = parts[cell.district];
        if part != parts[ways.districts + cell.list] {
            continue;
        }
        let tie = *of_part[part].get_or_insert_with(|| {
            ties.push(CellTie {
                cells: Vec::new(),
                district_seats: Vec::new(),
                list_seats: Vec::new(),
                winners: None,
            });
            ties.len() - 1
        });
        ties[tie].cells.push(cell);
        let seats = u32::from(holds);
        solution.seats[cell.district][cell.list] -= seats;
        add(&mut ties[tie].district_seats, cell.district, seats);
        add(&mut ties[tie].list_seats, cell.list, seats);
    }
    for tie in &mut ties {
        let named = |cell: &Cell| Cell {
            list: table.lists[cell.list],
            ..*cell
        };
        let lot = lots.iter().find(|lot| {
            let public = CellTie {
                cells: tie.cells.iter().map(named).collect(),
                list_seats: tie
                    .list_seats
                    .iter()
                    .map(|&(column, seats)| (table.lists[column], seats))
                    .collect(),
                ..tie.clone()
            };
            lot.binds(&public) && public.allows(&lot.winners)
        });
        tie.winners = lot.map(|lot| {
            let mut winners: Vec<Cell> = tie
                .cells
                .iter()
                .filter(|cell| lot.winners.contains(&named(cell)))
                .copied()
                .collect();
            winners.sort_unstable();
            winners
        });
        for winner in tie.winners.iter().flatten() {
            solution.seats[winner.district][winner.list] += 1;
        }
    }
    ties
}

fn add(lines: &mut Vec<(usize, u32)>, line: usize, seats: u32) {
    match lines.binary_search_by_key(&line, |entry| entry.0) {
        Ok(position) => lines[position].1 += seats,
        Err(position) => lines.insert(position, (line, seats)),
    }
}

/// Cells at a signpost as ways between districts (first) and columns (after them).
struct Ways {
    districts: usize,
    nodes: usize,
    /// Each with whether it holds the seat that it can give up; otherwise it can take one.
    cells: Vec<(Cell, bool)>,
}

impl Ways {
    fn of(table: &Table, solution: &Solution) -> Self {
        let mut cells = Vec::new();
        for (district, list) in table.cells() {
            let seats = solution.seats[district][list];
            let product = solution.product(district, list);
            let at = |seats: u32| {
                let signpost = table.product_at_signpost((district, list), seats);
                signpost.compare(&product).is_eq()
            };
            if seats > 0 && at(seats - 1) {
                cells.push((Cell { district, list }, true));
            } else if at(seats) {
                cells.push((Cell { district, list }, false));
            }
        }
        let districts = table.district_seats.len();
        Self {
            districts,
            nodes: districts + table.list_seats.len(),
            cells,
        }
    }

    /// By district and column: the number of its strongly connected part.
    fn parts(&self) -> Vec<usize> {
        let (mut forward, mut backward) =
            (vec![Vec::new(); self.nodes], vec![Vec::new(); self.nodes]);
        for &(cell, holds) in &self.cells {
            let (district, column) = (cell.district, self.districts + cell.list);
            // A seat comes to a district along a cell that can take one and leaves it along one that can give one up.
            let (from, to) = if holds {
                (column, district)
            } else {
                (district, column)
            };
            forward[from].push(to);
            backward[to].push(from);
        }
        let mut parts = vec![None; self.nodes];
        for node in 0..self.nodes {
            if parts[node].is_some() {
                continue;
            }
            let ahead = reach(&forward, node);
            let behind = reach(&backward, node);
            for other in 0..self.nodes {
                if ahead[other] && behind[other] {
                    parts[other] = Some(node);
                }
            }
        }
        parts
            .into_iter()
            .map(|part| part.expect("every node reaches itself"))
            .collect()
    }
}

fn reach(ways: &[Vec<usize>], from: usize) -> Vec<bool> {
    let mut reached = vec![false; ways.len()];
    let mut waiting = vec![from];
    reached[from] = true;
    while let Some(node) = waiting.pop() {
        for &next in &ways[node] {
            if !reached[next] {
                reached[next] = true;
                waiting.push(next);
            }
        }
    }
    reached
}

/// The lots that settled nothing.
pub(super) fn void_lots(lots: &[CellLot], ties: &[CellTie]) -> Vec<VoidLot> {
    let mut void = Vec::new();
    for (index, lot) in lots.iter().enumerate() {
        let reason = match ties.iter().find(|tie| lot.binds(tie)) {
            None => VoidReason::NoSuchTie,
            Some(tie) if !tie.allows(&lot.winners) => VoidReason::WrongWinners,
            Some(tie)
                if lots[..index]
                    .iter()
                    .any(|earlier| earlier.binds(tie) && tie.allows(&earlier.winners)) =>
            {
                VoidReason::AlreadyDrawn
            }
            Some(_) => continue,
        };
        void.push(VoidLot { lot: index, reason });
    }
    void
}
