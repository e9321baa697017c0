//! Whether a tie was settled as the rules and lots say.

use std::cmp::Ordering;

use crate::allocation::{Tie, VoidLot, VoidReason};
use crate::contest::{Lot, StageAt};
use crate::rules::{Rules, TieBreak};

/// Whether every rule of the chain, in turn, settled exactly what it can settle. Compared pair by pair.
pub(super) fn settled_by_the_rules(
    tie: &Tie,
    rules: &Rules,
    lots: &[Lot],
    facts: &impl Fn(usize) -> (u128, Option<u64>),
) -> bool {
    let number = u32::try_from(tie.lists.len()).unwrap_or(u32::MAX);
    let sorted = tie.lists.is_sorted_by(|left, right| left < right);
    if !sorted || tie.seats_at_stake == 0 || tie.seats_at_stake >= number {
        return false;
    }
    let (mut left, mut seats) = (tie.lists.clone(), tie.seats_at_stake);
    let mut recorded = tie.settled.iter();
    for &by in &rules.ties {
        if seats == 0 {
            break;
        }
        let before = |one: usize, other: usize| match by {
            TieBreak::MoreVotes => Some(facts(one).0.cmp(&facts(other).0).reverse()),
            TieBreak::EarlierRegistration => facts(one)
                .1
                .zip(facts(other).1)
                .map(|(one, other)| one.cmp(&other)),
            TieBreak::Lot => None,
        };
        let drawn = lots
            .iter()
            .find(|lot| by == TieBreak::Lot && fits(lot, tie.at, seats, &left));
        let verdict = |list: usize| {
            if by == TieBreak::Lot {
                return drawn.map(|lot| lot.winners.contains(&list));
            }
            let others = || {
                left.iter()
                    .filter(|&&other| other != list)
                    .map(|&other| before(other, list))
            };
            let surely = others()
                .filter(|order| *order == Some(Ordering::Less))
                .count();
            let perhaps = others()
                .filter(|order| *order != Some(Ordering::Greater))
                .count();
            let seats = usize::try_from(seats).unwrap_or(usize::MAX);
            if perhaps < seats {
                Some(true)
            } else {
                (surely >= seats).then_some(false)
            }
        };
        let winners: Vec<usize> = left
            .iter()
            .copied()
            .filter(|&list| verdict(list) == Some(true))
            .collect();
        let losers: Vec<usize> = left
            .iter()
            .copied()
            .filter(|&list| verdict(list) == Some(false))
            .collect();
        if winners.is_empty() && losers.is_empty() {
            continue;
        }
        if !recorded
            .next()
            .is_some_and(|one| one.by == by && one.winners == winners && one.losers == losers)
        {
            return false;
        }
        left.retain(|list| !winners.contains(list) && !losers.contains(list));
        seats -= u32::try_from(winners.len()).unwrap_or(seats);
    }
    recorded.next().is_none() && tie.open == left && tie.open_seats == seats
}

/// The lots that settled nothing, each with the reason: worked out from the ties of the result, settled and open.
pub(super) fn void_lots(lots: &[Lot], ties: &[&Tie]) -> Vec<VoidLot> {
    let mut void = Vec::new();
    let mut drawn: Vec<&Lot> = Vec::new();
    for (number, lot) in lots.iter().enumerate() {
        let arose = ties.iter().any(|tie| {
            let by_lot = tie.settled.iter().find(|one| one.by == TieBreak::Lot);
            let (lists, seats) = match by_lot {
                Some(one) => (
                    [one.winners.as_slice(), &one.losers].concat(),
                    u32::try_from(one.winners.len()).ok(),
                ),
                None => (tie.open.clone(), Some(tie.open_seats)),
            };
            seats.is_some_and(|seats| seats > 0 && names(lot, tie.at, seats, &lists))
        });
        let reason = if !arose {
            VoidReason::NoSuchTie
        } else if !fits(lot, lot.stage, lot.seats_at_stake, &lot.lists) {
            VoidReason::WrongWinners
        } else if drawn
            .iter()
            .any(|earlier| names(earlier, lot.stage, lot.seats_at_stake, &lot.lists))
        {
            VoidReason::AlreadyDrawn
        } else {
            drawn.push(lot);
            continue;
        };
        void.push(VoidLot {
            lot: number,
            reason,
        });
    }
    void
}

fn sorted(lists: &[usize]) -> Vec<usize> {
    let mut lists = lists.to_vec();
    lists.sort_unstable();
    lists.dedup();
    lists
}

/// Whether a lot is drawn for these lists and seats.
fn names(lot: &Lot, at: StageAt, seats: u32, lists: &[usize]) -> bool {
    lot.stage == at
        && lot.seats_at_stake == seats
        && lot.lists.len() == lists.len()
        && sorted(&lot.lists) == sorted(lists)
}

/// Whether a lot is a valid draw for these lists and seats.
fn fits(lot: &Lot, at: StageAt, seats: u32, lists: &[usize]) -> bool {
    let winners = sorted(&lot.winners);
    names(lot, at, seats, lists)
        && winners.len() == lot.winners.len()
        && u32::try_from(winners.len()) == Ok(seats)
        && winners.iter().all(|winner| lists.contains(winner))
}
