//! Seats at stake in their frame of sums, and the cells that are really open.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use super::super::{Cell, CellTie};

/// One way to place a tie's seats in the allowed cells with all its sums: a maximum flow, one seat after the other, each
/// along a shortest way. `None` where there is none.
pub(super) fn fill(tie: &CellTie, allowed: &dyn Fn(&Cell) -> bool) -> Option<BTreeSet<Cell>> {
    let mut flow = Flow {
        cells: tie.cells.iter().copied().filter(allowed).collect(),
        taken: BTreeSet::new(),
        supply: tie.district_seats.iter().copied().collect(),
        demand: tie.list_seats.iter().copied().collect(),
    };
    if flow.supply.len() != tie.district_seats.len() || flow.demand.len() != tie.list_seats.len() {
        return None;
    }
    while flow.supply.values().any(|&seats| seats > 0) {
        flow.place_one()?;
    }
    let all_met = flow.demand.values().all(|&seats| seats == 0);
    all_met.then_some(flow.taken)
}

struct Flow {
    cells: Vec<Cell>,
    taken: BTreeSet<Cell>,
    supply: BTreeMap<usize, u32>,
    demand: BTreeMap<usize, u32>,
}

impl Flow {
    /// Places one more seat of a district that has one, and moves others where that makes room.
    fn place_one(&mut self) -> Option<()> {
        // By list the free cell, and by district the taken cell, through which the search came to it.
        let mut into_list: BTreeMap<usize, Cell> = BTreeMap::new();
        let mut into_district: BTreeMap<usize, Option<Cell>> = BTreeMap::new();
        let starts = self.supply.iter().filter(|(_, seats)| **seats > 0);
        into_district.extend(starts.map(|(&district, _)| (district, None)));
        let mut waiting: Vec<usize> = into_district.keys().copied().collect();
        let end = loop {
            let mut next = Vec::new();
            let mut end = None;
            for cell in self
                .cells
                .iter()
                .filter(|cell| waiting.contains(&cell.district))
            {
                if self.taken.contains(cell) || into_list.contains_key(&cell.list) {
                    continue;
                }
                into_list.insert(cell.list, *cell);
                if self.demand.get(&cell.list).is_some_and(|&seats| seats > 0) {
                    end = Some(cell.list);
                    break;
                }
                for giver in self.taken.iter().filter(|taken| taken.list == cell.list) {
                    if let Entry::Vacant(entry) = into_district.entry(giver.district) {
                        entry.insert(Some(*giver));
                        next.push(giver.district);
                    }
                }
            }
            if let Some(end) = end {
                break end;
            }
            if next.is_empty() {
                return None;
            }
            waiting = next;
        };
        *self.demand.get_mut(&end)? -= 1;
        let mut list = end;
        loop {
            let cell = *into_list.get(&list)?;
            self.taken.insert(cell);
            match into_district.get(&cell.district)? {
                Some(given) => {
                    self.taken.remove(given);
                    list = given.list;
                }
                None => {
                    *self.supply.get_mut(&cell.district)? -= 1;
                    return Some(());
                }
            }
        }
    }
}

/// Cells on closed ways, by connected part: from a district to a list by a cell that can take a seat, back by one that can
/// give it up. A closure over all pairs, so that nothing of it can be missed by the order of a search.
pub(super) fn open_cells(ways: &[(Cell, bool)], districts: usize) -> Vec<BTreeSet<Cell>> {
    let nodes: BTreeSet<usize> = ways
        .iter()
        .flat_map(|(cell, _)| [cell.district, districts + cell.list])
        .collect();
    let index: BTreeMap<usize, usize> = nodes
        .iter()
        .enumerate()
        .map(|(index, &node)| (node, index))
        .collect();
    let words = nodes.len().div_ceil(64);
    let mut reach = vec![vec![0u64; words]; nodes.len()];
    for (cell, holds) in ways {
        let (district, list) = (index[&cell.district], index[&(districts + cell.list)]);
        let (from, to) = if *holds {
            (list, district)
        } else {
            (district, list)
        };
        reach[from][to / 64] |= 1 << (to % 64);
    }
    let has = |row: &[u64], to: usize| row[to / 64] >> (to % 64) & 1 == 1;
    for middle in 0..nodes.len() {
        let beyond = reach[middle].clone();
        for row in &mut reach {
            if has(row, middle) {
                row.iter_mut()
                    .zip(&beyond)
                    .for_each(|(word, more)| *word |= more);
            }
        }
    }
    let mut parts: BTreeMap<usize, BTreeSet<Cell>> = BTreeMap::new();
    for (cell, _) in ways {
        let (district, list) = (index[&cell.district], index[&(districts + cell.list)]);
        if has(&reach[district], list) && has(&reach[list], district) {
            let first = (0..nodes.len()).find(|&node| {
                node == district || (has(&reach[district], node) && has(&reach[node], district))
            });
            parts
                .entry(first.unwrap_or(district))
                .or_default()
                .insert(*cell);
        }
    }
    parts.into_values().collect()
}
