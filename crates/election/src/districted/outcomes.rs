//! What open ties can still come to, found by drawing every lot that can be drawn.

use super::answer::{DistrictedAllocation, void_lots};
use super::question::{Asked, DistrictedQuestion};
use super::rules::DistrictedRules;
use super::ties::{PlacesTie, open_ties};
use crate::event::{PlacesLot, PlacesStage, TiedPlace};
use crate::report::Attribution;
use apportionment::TieBreak;
use apportionment::double_proportional::{self, DoubleAllocation};
use apportionment::tiers;

/// The fewest and the most seats over all outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcomes {
    /// By district and list.
    pub fewest: Vec<Vec<u32>>,
    /// By district and list.
    pub most: Vec<Vec<u32>>,
    /// By list, that no district has.
    pub above_fewest: Vec<u32>,
    /// By list, everywhere.
    pub list_most: Vec<u32>,
}

/// Draws lots for all ties in every way; `None` where that takes more than so many allocations, or where an outcome is none
/// of lots.
pub(super) fn outcomes(
    question: &DistrictedQuestion,
    allocation: &DistrictedAllocation,
    mut allocations_max: usize,
) -> Option<Outcomes> {
    let mut found = None;
    draw(question, allocation, &mut allocations_max, &mut found)?;
    found
}

fn draw(
    question: &DistrictedQuestion,
    allocation: &DistrictedAllocation,
    left: &mut usize,
    found: &mut Option<Outcomes>,
) -> Option<()> {
    let ties = open_ties(question, allocation);
    let Some(tie) = ties.first() else {
        // What is not settled without a tie waits for votes or for somebody whom no lot can name.
        note(question, allocation, found);
        return Some(());
    };
    for winners in ways(question, allocation, tie, *left)? {
        *left = left.checked_sub(1)?;
        let drawn = with_lot(question, allocation, tie, winners);
        let ended = allocate(&drawn)?;
        // A lot that settles nothing would be drawn for ever.
        if open_ties(&drawn, &ended).iter().any(|open| open == tie) {
            return None;
        }
        draw(&drawn, &ended, left, found)?;
    }
    Some(())
}

/// All ways in which a tie can end; `None`: more than the limit.
fn ways(
    question: &DistrictedQuestion,
    allocation: &DistrictedAllocation,
    tie: &PlacesTie,
    limit: usize,
) -> Option<Vec<Vec<TiedPlace>>> {
    if let DistrictedAllocation::DoubleProportional(double) = allocation
        && tie.at.stage == PlacesStage::CELLS
    {
        return tables(question, double, limit);
    }
    let size = usize::try_from(tie.seats).ok()?;
    let mut ways = vec![Vec::new()];
    // Every place is taken or left, as long as the rest can still fill what is at stake.
    for (number, place) in tie.tied.iter().enumerate() {
        let rest = tie.tied.len() - number - 1;
        let mut longer = Vec::with_capacity(ways.len() * 2);
        for way in ways {
            if way.len() < size {
                let mut taken: Vec<TiedPlace> = way.clone();
                taken.push(place.clone());
                longer.push(taken);
            }
            if way.len() + rest >= size {
                longer.push(way);
            }
        }
        ways = longer;
        if ways.len() > limit {
            return None;
        }
    }
    Some(ways)
}

fn tables(
    question: &DistrictedQuestion,
    double: &DoubleAllocation,
    limit: usize,
) -> Option<Vec<Vec<TiedPlace>>> {
    let mut ties = double.lower.iter().flat_map(|lower| &lower.ties);
    let tie = ties.find(|tie| tie.winners.is_none())?;
    let tables = tie.outcomes(limit.checked_add(1)?);
    if tables.len() > limit {
        return None;
    }
    let names = &question.names;
    let tables = tables.into_iter().map(|cells| {
        let places = cells.iter().map(|cell| TiedPlace {
            district: Some(names.districts[cell.district].clone()),
            option: names.lists[cell.list].clone(),
            constituency: None,
        });
        places.collect()
    });
    Some(tables.collect())
}

/// The question with one more lot, which its rules know.
fn with_lot(
    question: &DistrictedQuestion,
    allocation: &DistrictedAllocation,
    tie: &PlacesTie,
    winners: Vec<TiedPlace>,
) -> DistrictedQuestion {
    let mut recorded = question.recorded.clone();
    let (rules, contest, lots) = match &question.asked {
        Asked::Tiers { contest, rules, .. } => {
            let mut rules = rules.clone();
            let knew = knows_lots(&mut rules.ties);
            (DistrictedRules::Tiers(rules), contest.clone(), knew)
        }
        Asked::DoubleProportional { contest, rules, .. } => {
            let mut rules = rules.clone();
            let knew = knows_lots(&mut rules.ties);
            let contest = tiers::TierContest {
                districted: contest.clone(),
                ..tiers::TierContest::default()
            };
            (DistrictedRules::DoubleProportional(rules), contest, knew)
        }
    };
    if !lots {
        // Lots that settle nothing under the rules as they are must not settle anything here.
        let void = void_lots(question, allocation);
        let mut number = 0;
        recorded.retain(|_| {
            number += 1;
            !void.contains(&(number - 1))
        });
    }
    recorded.push(PlacesLot {
        contest: 0,
        at: tie.at,
        tied: tie.tied.clone(),
        seats: tie.seats,
        winners,
        attribution: Attribution {
            by: String::new(),
            reason: String::new(),
        },
    });
    DistrictedQuestion::new(question.names.clone(), rules, contest, recorded)
}

/// Whether rules know lots; from now on they do.
fn knows_lots(ties: &mut Vec<TieBreak>) -> bool {
    let knew = ties.contains(&TieBreak::Lot);
    if !knew {
        ties.push(TieBreak::Lot);
    }
    knew
}

fn allocate(question: &DistrictedQuestion) -> Option<DistrictedAllocation> {
    match &question.asked {
        Asked::Tiers {
            contest,
            rules,
            lots,
        } => {
            let allocation = tiers::allocate(contest, rules, &lots.lots).ok()?;
            Some(DistrictedAllocation::Tiers(allocation))
        }
        Asked::DoubleProportional {
            contest,
            rules,
            lots,
        } => {
            let allocation =
                double_proportional::allocate(contest, rules, &lots.lists, &lots.cells).ok()?;
            Some(DistrictedAllocation::DoubleProportional(allocation))
        }
    }
}

/// Seats by district and list, and by list above districts.
pub(super) fn held(
    question: &DistrictedQuestion,
    allocation: &DistrictedAllocation,
) -> (Vec<Vec<u32>>, Vec<u32>) {
    match allocation {
        DistrictedAllocation::Tiers(tiers) => {
            let mut above = tiers.house_seats.clone();
            for line in &tiers.region_seats {
                for (above, seats) in above.iter_mut().zip(line) {
                    *above += seats;
                }
            }
            (tiers.seats.clone(), above)
        }
        DistrictedAllocation::DoubleProportional(double) => {
            let districts = question.names.districts.len();
            (double.seats(districts), vec![0; question.names.lists.len()])
        }
    }
}

fn note(
    question: &DistrictedQuestion,
    allocation: &DistrictedAllocation,
    found: &mut Option<Outcomes>,
) {
    let (cells, above) = held(question, allocation);
    let lists = (0..above.len()).map(|list| {
        let below = cells.iter().map(|line| line[list]);
        below.sum::<u32>() + above[list]
    });
    let lists: Vec<u32> = lists.collect();
    let Some(found) = found else {
        *found = Some(Outcomes {
            fewest: cells.clone(),
            most: cells,
            above_fewest: above,
            list_most: lists,
        });
        return;
    };
    let lines = found.fewest.iter_mut().zip(&mut found.most).zip(&cells);
    for ((fewest, most), line) in lines {
        for ((fewest, most), seats) in fewest.iter_mut().zip(most).zip(line) {
            *fewest = (*fewest).min(*seats);
            *most = (*most).max(*seats);
        }
    }
    for (fewest, seats) in found.above_fewest.iter_mut().zip(&above) {
        *fewest = (*fewest).min(*seats);
    }
    for (most, seats) in found.list_most.iter_mut().zip(&lists) {
        *most = (*most).max(*seats);
    }
}
