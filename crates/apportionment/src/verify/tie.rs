//! Whether a tie was settled as the rules and lots say.

use std::collections::BTreeSet;

use crate::allocation::{Tie, VoidLot, VoidReason};
use crate::contest::{Lot, StageAt};
use crate::rules::{Rules, TieBreak};

/// Whether every rule of the chain, in turn, settled exactly what it can settle.
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
        let drawn = lots
            .iter()
            .find(|lot| by == TieBreak::Lot && fits(lot, tie.at, seats, &left));
        let verdicts = match by {
            TieBreak::Lot => {
                let winners = drawn.map(|lot| lot.winners.iter().collect::<BTreeSet<_>>());
                let of = |list| winners.as_ref().map(|winners| winners.contains(list));
                left.iter().map(of).collect()
            }
            // The rule ranks from the smallest on: more votes are nearer to nothing.
            TieBreak::MoreVotes => {
                let place = |list: &usize| Some(u128::MAX - facts(*list).0);
                verdicts(&left.iter().map(place).collect::<Vec<_>>(), seats)
            }
            TieBreak::EarlierRegistration => {
                let place = |list: &usize| facts(*list).1.map(u128::from);
                verdicts(&left.iter().map(place).collect::<Vec<_>>(), seats)
            }
        };
        let with = |verdict: bool| -> Vec<usize> {
            let pairs = left.iter().zip(&verdicts);
            let found = pairs.filter(|(_, found)| **found == Some(verdict));
            found.map(|(list, _)| *list).collect()
        };
        let (winners, losers) = (with(true), with(false));
        if winners.is_empty() && losers.is_empty() {
            continue;
        }
        if !recorded
            .next()
            .is_some_and(|one| one.by == by && one.winners == winners && one.losers == losers)
        {
            return false;
        }
        // All of them are in the order of the lists.
        let is_settled = |list: &usize| {
            winners.binary_search(list).is_ok() || losers.binary_search(list).is_ok()
        };
        left.retain(|list| !is_settled(list));
        seats -= u32::try_from(winners.len()).unwrap_or(seats);
    }
    recorded.next().is_none() && tie.open == left && tie.open_seats == seats
}

/// Who surely has one of the seats, and who surely has none, when those with the smaller places come first and nobody knows
/// where those without a place stand.
fn verdicts(places: &[Option<u128>], seats: u32) -> Vec<Option<bool>> {
    let seats = usize::try_from(seats).unwrap_or(usize::MAX);
    let mut known: Vec<u128> = places.iter().flatten().copied().collect();
    known.sort_unstable();
    let unknown = places.len() - known.len();
    let verdict = |place: &Option<u128>| {
        // Without a place all others may be in front, and none surely is.
        let place = (*place)?;
        let surely = known.partition_point(|other| *other < place);
        let perhaps = known.partition_point(|other| *other <= place) - 1 + unknown;
        if perhaps < seats {
            return Some(true);
        }
        (surely >= seats).then_some(false)
    };
    places.iter().map(verdict).collect()
}

/// The lots that settled nothing, each with the reason: worked out from the ties of the result, settled and open.
pub(super) fn void_lots(lots: &[Lot], ties: &[&Tie]) -> Vec<VoidLot> {
    let mut void = Vec::new();
    let mut drawn: Vec<&Lot> = Vec::new();
    for (number, lot) in lots.iter().enumerate() {
        let arose = ties.iter().any(|tie| {
            let by_lot = tie.settled.iter().find(|one| one.by == TieBreak::Lot);
            if tie.stays_empty {
                // Nobody draws a lot for what nobody can take.
                return false;
            }
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
