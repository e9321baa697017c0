//! Lots for the ties of a result, as someone would draw them.

use apportionment::tiers::{
    Constituency, FirstPlace, PlaceLot, PlaceTie, TierAllocation, TierContest, TierLot, TierLots,
    TierStageResult,
};
use apportionment::*;

/// A lot for each open tie, favouring the lists from `turn` on.
pub fn lots(allocation: &Allocation, turn: usize) -> Vec<Lot> {
    let lot = |tie: &Tie| {
        let mut winners = tie.open.clone();
        winners.rotate_left(turn % tie.open.len());
        winners.truncate(usize::try_from(tie.open_seats).expect("as many as lists"));
        Lot {
            stage: tie.at,
            lists: tie.open.clone(),
            seats_at_stake: tie.open_seats,
            winners,
        }
    };
    allocation.open_ties().map(lot).collect()
}

/// Whether nobody came first: lists are level, or a list and a person without one.
fn is_level(constituency: &Constituency) -> bool {
    let most = constituency.votes.iter().copied().max().unwrap_or(0);
    let leading = constituency.leading().len();
    leading > 1 || (leading == 1 && most > 0 && constituency.other_most == most)
}

/// Lots for everything that is open in tiers; first places in constituencies come first, one at a time, because what they
/// decide can make other ties vanish.
pub fn tiers(contest: &mut TierContest, lots: &mut TierLots, allocation: &TierAllocation) {
    let mut undecided = contest
        .constituencies
        .iter_mut()
        .filter(|constituency| constituency.drawn.is_none() && is_level(constituency));
    if let Some(constituency) = undecided.next() {
        constituency.drawn = constituency
            .leading()
            .first()
            .copied()
            .map(FirstPlace::List);
        return;
    }
    for (stage, result) in allocation.stages.iter().enumerate() {
        let inside = |part: usize, allocation: &Allocation| -> Vec<TierLot> {
            let lot = |lot| TierLot { stage, part, lot };
            self::lots(allocation, 0).into_iter().map(lot).collect()
        };
        let place = |tie: &Option<PlaceTie>| {
            let tie = tie.as_ref()?;
            Some(PlaceLot {
                stage,
                tied: tie.tied.clone(),
                winner: *tie.tied.last()?,
            })
        };
        match result {
            TierStageResult::Districts(results) => {
                let all = results.iter().enumerate();
                let all = all.flat_map(|(part, result)| inside(part, &result.allocation));
                lots.inside.extend(all);
            }
            TierStageResult::Whole(result) => {
                let all = result.rounds.iter().enumerate();
                let all = all.flat_map(|(part, round)| inside(part, &round.allocation));
                lots.inside.extend(all);
            }
            TierStageResult::Shares(results) => {
                let all = results.iter().enumerate();
                let all = all.filter_map(|(part, result)| Some((part, result.as_ref()?)));
                lots.inside
                    .extend(all.flat_map(|(part, result)| inside(part, result)));
            }
            TierStageResult::Return(result) => lots.places.extend(place(&result.tie)),
            TierStageResult::Place(result) | TierStageResult::Regions(result) => {
                lots.places.extend(place(&result.tie));
            }
            TierStageResult::Inside(results) => {
                let all = results.iter().filter_map(|result| place(&result.tie));
                lots.places.extend(all);
            }
            TierStageResult::Cover(result) => {
                let all = result.lines.iter().filter_map(|line| place(&line.tie));
                lots.places.extend(all);
            }
            TierStageResult::SeatsOfDistricts(result) => lots.inside.extend(inside(0, result)),
            TierStageResult::Quotas(results) => {
                let all = results.iter().enumerate();
                let all =
                    all.filter_map(|(part, result)| Some((part, result.allocation.as_ref()?)));
                lots.inside
                    .extend(all.flat_map(|(part, result)| inside(part, result)));
            }
            TierStageResult::Remainders(result) => {
                let all = result.allocation.iter();
                lots.inside.extend(all.flat_map(|result| inside(0, result)));
            }
            TierStageResult::Constituencies(_)
            | TierStageResult::Persons(_)
            | TierStageResult::Above(_)
            | TierStageResult::Bonus
            | TierStageResult::Majority(_) => {}
        }
    }
}
