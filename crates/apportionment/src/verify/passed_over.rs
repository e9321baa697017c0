//! Whether nothing hangs on a tie that a result passed over: every other outcome is there, is right, and comes to the same.
//!
//! Nothing is looked for: whether a tie that asks for a lot could have been passed over is not asked, because asking is never
//! wrong. What is asked is that no lot is left out that could move a seat.

use crate::allocation::{Allocation, PassedOver, StageResult, VoidLot, VoidReason};
use crate::contest::{Contest, Lot};
use crate::rules::{Rules, TieBreak};
use crate::verify::refusal::Refusal;
use crate::verify::verify;

/// Checks a result that passed over ties, the first of them with all its outcomes and then the rest, as one in which the lot
/// had been drawn.
pub(super) fn verify_passed_over(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    allocation: &Allocation,
) -> Result<(), Vec<Refusal>> {
    let mut shown = allocation.clone();
    let PassedOver { lot, others } = shown.passed_over.remove(0);
    let refuse = || Err(vec![Refusal::PassedOver { at: lot.stage }]);
    let (mut rules, mut drawn) = (rules.clone(), lots.to_vec());
    if !rules.ties.contains(&TieBreak::Lot) {
        // Under such rules no lot settles anything, and here none is asked for either.
        let is_void = |(number, void): (usize, &VoidLot)| {
            void.lot == number && void.reason == VoidReason::NoSuchTie
        };
        let void = std::mem::take(&mut shown.void_lots);
        if void.len() != lots.len() || !void.iter().enumerate().all(is_void) {
            return Err(vec![Refusal::VoidLots]);
        }
        rules.ties.push(TieBreak::Lot);
        drawn.clear();
    }
    let tied = lot.lists.len();
    let seats = usize::try_from(lot.seats_at_stake).unwrap_or(usize::MAX);
    let is_sorted = lot.lists.is_sorted_by(|left, right| left < right);
    if !is_sorted || seats == 0 || seats >= tied || lot.winners != lot.lists[..seats] {
        return refuse();
    }
    drawn.push(lot.clone());
    verify(contest, &rules, &drawn, &shown)?;
    // The winners of each outcome are the next in the order of words; the last are the last lists.
    let mut places: Vec<usize> = (0..seats).collect();
    for other in &others {
        let Some(rising) = (0..seats).rfind(|&at| places[at] < tied - seats + at) else {
            return refuse();
        };
        let from = places[rising] + 1;
        places.truncate(rising);
        places.extend(from..from + seats - rising);
        let winners = places.iter().map(|&place| lot.lists[place]).collect();
        if let Some(last) = drawn.last_mut() {
            last.winners = winners;
        }
        verify(contest, &rules, &drawn, other)?;
        if !is_the_same((contest, &rules), &shown, other) {
            return refuse();
        }
    }
    if places.first() == Some(&(tied - seats)) {
        Ok(())
    } else {
        refuse()
    }
}

/// Whether two outcomes leave every list the same, and nothing behind them can differ: each stage with an open tie has one in
/// the other, of the same lists and seats, among competitors that hold the same.
fn is_the_same(
    (contest, rules): (&Contest, &Rules),
    shown: &Allocation,
    other: &Allocation,
) -> bool {
    let is_open = |stage: &StageResult| stage.tie.as_ref().is_some_and(|tie| tie.open_seats > 0);
    let same_stage = |(left, right): (&StageResult, &StageResult)| {
        let mut pairs = left.contenders.iter().zip(&right.contenders);
        let ties = left.tie.as_ref().zip(right.tie.as_ref());
        ties.is_some_and(|(left, right)| {
            left.open == right.open && left.open_seats == right.open_seats
        }) && left.at == right.at
            && left.seats_after == right.seats_after
            && left.contenders.len() == right.contenders.len()
            && pairs.all(|(left, right)| (left.list, left.seats) == (right.list, right.seats))
    };
    let stages = |of: &Allocation| -> Vec<StageResult> {
        let mut stages = of.stages.clone();
        stages.retain(is_open);
        stages
    };
    let (left, right) = (stages(shown), stages(other));
    let same_stages = left.len() == right.len() && left.iter().zip(&right).all(same_stage);
    let places = |of: &Allocation| {
        let bonus = of.bonus.as_ref().and_then(|bonus| bonus.tie.clone());
        [of.rescue_tie.clone(), bonus].map(|tie| tie.filter(|tie| tie.open_seats > 0))
    };
    // The clause of a majority asks who won the last seat, which no standing tells.
    let mut votes = contest.lists.iter().map(|list| u128::from(list.votes));
    let all: u128 = votes.clone().sum();
    let is_owed = rules.majority.is_some() && votes.any(|votes| votes > all - votes);
    let sums = |of: &Allocation| (of.pending, of.unassigned, of.outcome);
    let same_behind = !is_owed && same_stages && places(shown) == places(other);
    shown.lists == other.lists
        && sums(shown) == sums(other)
        && shown.silences == other.silences
        && (shown.pending == 0 || same_behind)
}
