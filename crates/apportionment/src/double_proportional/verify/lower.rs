//! The check of the lower apportionment: sums, quotients, ties and lots.

use std::collections::BTreeSet;

use super::super::{
    Cell, CellLot, CellRounding, CellTie, DoubleAllocation, DoubleProportional, LowerAllocation,
};
use super::frame::{fill, open_cells};
use super::products::product_order;
use super::refusal::DoubleRefusal;
use crate::allocation::{VoidLot, VoidReason};
use crate::districts::DistrictedContest;

pub(super) fn check_lower(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    lots: &[CellLot],
    allocation: &DoubleAllocation,
    lower: &LowerAllocation,
    refusals: &mut Vec<DoubleRefusal>,
) {
    let (districts, lists) = (contest.districts.len(), contest.lists.len());
    let in_table = |cell: &Cell| cell.district < districts && cell.list < lists;
    let shaped = lower.seats.len() == districts
        && lower.seats.iter().all(|line| line.len() == lists)
        && lower.district_divisors.len() == districts
        && lower.list_divisors.len() == lists
        && lower.ties.iter().all(|tie| {
            tie.cells.iter().all(in_table)
                && tie.winners.iter().flatten().all(in_table)
                && tie.cells.is_sorted_by(|left, right| left < right)
        });
    if !shaped {
        refusals.push(DoubleRefusal::Shape);
        return;
    }
    let due: Vec<u32> = allocation
        .upper
        .lists
        .iter()
        .map(|list| list.seats)
        .collect();
    check_sums(contest, &due, lower, refusals);
    let ways = check_cells(contest, rules.lower, lower, refusals);
    let wrong = (0..lists).filter(|&list| lower.list_divisors[list].is_some() != (due[list] > 0));
    refusals.extend(wrong.map(|list| DoubleRefusal::ListDivisor { list }));
    check_ties(&ways, districts, lower, refusals);
    check_lots(lots, lower, refusals);
    check_void(lots, &lower.ties, &allocation.void_lots, refusals);
}

fn check_sums(
    contest: &DistrictedContest,
    due: &[u32],
    lower: &LowerAllocation,
    refusals: &mut Vec<DoubleRefusal>,
) {
    let at_stake = |line: usize, of: fn(&CellTie) -> &[(usize, u32)]| -> u64 {
        let ties = lower.ties.iter().filter(|tie| tie.winners.is_none());
        let entries = ties.flat_map(of).filter(|entry| entry.0 == line);
        entries.map(|entry| u64::from(entry.1)).sum()
    };
    for (district, line) in lower.seats.iter().enumerate() {
        let certain: u64 = line.iter().map(|&seats| u64::from(seats)).sum();
        let found = certain + at_stake(district, |tie| &tie.district_seats);
        if found != u64::from(contest.districts[district].seats) {
            refusals.push(DoubleRefusal::DistrictSum { district, found });
        }
    }
    for (list, &due) in due.iter().enumerate() {
        let certain: u64 = lower.seats.iter().map(|line| u64::from(line[list])).sum();
        let found = certain + at_stake(list, |tie| &tie.list_seats);
        if found != u64::from(due) {
            refusals.push(DoubleRefusal::ListSum { list, found });
        }
    }
}

/// Checks every quotient against its signposts. Returns the cells at a signpost, with whether they hold the seat that
/// they can give up when every tie is filled in one of its ways.
fn check_cells(
    contest: &DistrictedContest,
    rounding: CellRounding,
    lower: &LowerAllocation,
    refusals: &mut Vec<DoubleRefusal>,
) -> Vec<(Cell, bool)> {
    let tied: BTreeSet<Cell> = lower
        .ties
        .iter()
        .flat_map(|tie| tie.cells.iter().copied())
        .collect();
    let settled = lower
        .ties
        .iter()
        .filter_map(|tie| tie.winners.as_ref())
        .flatten();
    let settled: BTreeSet<Cell> = settled.copied().collect();
    let mut filled = BTreeSet::new();
    for (tie, placed) in lower
        .ties
        .iter()
        .map(|tie| fill(tie, &|_| true))
        .enumerate()
    {
        match placed {
            Some(cells) => filled.extend(cells),
            None => refusals.push(DoubleRefusal::TieSums { tie }),
        }
    }
    let step = match rounding {
        CellRounding::Standard => 2,
        CellRounding::Down => 1,
    };
    let mut ways = Vec::new();
    for (district, line) in lower.seats.iter().enumerate() {
        for (list, &certain) in line.iter().enumerate() {
            let cell = Cell { district, list };
            let votes = contest.districts[district].votes[list];
            // All seats but those at stake in a tie, settled or not.
            let seats = certain.checked_sub(u32::from(settled.contains(&cell)));
            let divisor = lower.list_divisors[list].as_ref().filter(|_| votes > 0);
            let (Some(seats), Some(divisor)) = (seats, divisor) else {
                if certain > 0 || tied.contains(&cell) {
                    refusals.push(DoubleRefusal::Cell { cell });
                }
                continue;
            };
            // votes / (district * list) against (step * m + 1) / step, multiplied out.
            let against = |after: u32| {
                let row = &lower.district_divisors[district];
                product_order(
                    &[votes, step],
                    &[row.denominator(), divisor.denominator()],
                    &[step * u64::from(after) + 1],
                    &[row.numerator(), divisor.numerator()],
                )
            };
            let above = against(seats);
            let below = seats.checked_sub(1).map(against);
            let right = if tied.contains(&cell) {
                above.is_eq()
            } else {
                above.is_le() && below.is_none_or(|below| below.is_ge())
            };
            if !right {
                refusals.push(DoubleRefusal::Cell { cell });
            }
            if above.is_eq() {
                ways.push((cell, filled.contains(&cell)));
            } else if below.is_some_and(|below| below.is_eq()) {
                ways.push((cell, true));
            }
        }
    }
    ways
}

/// Exactly the cells on closed ways are tied, those of one connected part in one tie.
fn check_ties(
    ways: &[(Cell, bool)],
    districts: usize,
    lower: &LowerAllocation,
    refusals: &mut Vec<DoubleRefusal>,
) {
    let parts = open_cells(ways, districts);
    let named: Vec<BTreeSet<Cell>> = lower
        .ties
        .iter()
        .map(|tie| tie.cells.iter().copied().collect())
        .collect();
    for part in &parts {
        if named.iter().filter(|tie| *tie == part).count() != 1 {
            refusals.extend(part.first().map(|&cell| DoubleRefusal::UnnamedTie { cell }));
        }
    }
    for (tie, cells) in named.iter().enumerate() {
        if !parts.contains(cells) {
            refusals.push(DoubleRefusal::NoTie { tie });
        }
    }
}

fn same_tie(lot: &CellLot, tie: &CellTie) -> bool {
    let seats: u64 = tie.list_seats.iter().map(|entry| u64::from(entry.1)).sum();
    let mut cells = lot.cells.clone();
    cells.sort_unstable();
    cells == tie.cells && u64::from(lot.seats_at_stake) == seats
}

/// Whether the winners of a lot are different tied cells that keep the sums.
fn is_lawful(winners: &[Cell], tie: &CellTie) -> bool {
    let wanted: BTreeSet<Cell> = winners.iter().copied().collect();
    wanted.len() == winners.len()
        && fill(tie, &|cell| wanted.contains(cell)).is_some_and(|placed| placed == wanted)
}

fn check_lots(lots: &[CellLot], lower: &LowerAllocation, refusals: &mut Vec<DoubleRefusal>) {
    for (number, tie) in lower.ties.iter().enumerate() {
        let drawn = lots
            .iter()
            .find(|lot| same_tie(lot, tie) && is_lawful(&lot.winners, tie));
        let expected = drawn.map(|lot| {
            let mut winners = lot.winners.clone();
            winners.sort_unstable();
            winners
        });
        if tie.winners != expected {
            refusals.push(DoubleRefusal::Lot { tie: number });
        }
    }
}

pub(super) fn check_void(
    lots: &[CellLot],
    ties: &[CellTie],
    found: &[VoidLot],
    refusals: &mut Vec<DoubleRefusal>,
) {
    let mut expected = Vec::new();
    let mut drawn = BTreeSet::new();
    for (lot, entry) in lots.iter().enumerate() {
        let reason = match ties.iter().position(|tie| same_tie(entry, tie)) {
            None => VoidReason::NoSuchTie,
            Some(tie) if !is_lawful(&entry.winners, &ties[tie]) => VoidReason::WrongWinners,
            Some(tie) if !drawn.insert(tie) => VoidReason::AlreadyDrawn,
            Some(_) => continue,
        };
        expected.push(VoidLot { lot, reason });
    }
    if expected != found {
        refusals.push(DoubleRefusal::VoidLots);
    }
}
