//! The most seats that open ties, and what waits behind them, can still give to each list.

use crate::allocate::allocate;
use crate::allocation::{Allocation, Pairing, Tie};
use crate::contest::{Contest, Lot, StageAt};
use crate::rules::{Rules, TieBreak};

/// Most outcomes of a tie for one place (a bonus, an admission) of which each is looked at.
const OUTCOMES_MAX: usize = 64;

/// The most seats of each list in any outcome of the open ties; those it holds where no tie can give it more.
///
/// Exact where lists compete alone and one stage is all that is open, and where each outcome of a tie for a bonus or a rescued
/// place is such. Elsewhere (stages that wait behind a tie, ties inside joined lists, rounds of a cap that a tie stops) it is
/// what the list holds and all pending seats, as far as it has candidates and the cap lets it: never too few.
///
/// `allocation` is the answer of [`allocate`] to just this question.
///
/// ```
/// use apportionment::{Contest, Method, Rules, allocate, seats_most};
///
/// let contest = Contest::with_votes(3, &[10, 10]);
/// let rules = Rules::of(Method::D_HONDT);
/// let allocation = allocate(&contest, &rules, &[]).unwrap();
/// assert_eq!(allocation.seats(), [1, 1]);
/// assert_eq!(seats_most(&contest, &rules, &[], &allocation), [2, 2]);
/// ```
#[must_use]
pub fn seats_most(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    allocation: &Allocation,
) -> Vec<u32> {
    let for_one_place = |tie: &&Tie| matches!(tie.at, StageAt::Bonus | StageAt::Rescue);
    let place = allocation.open_ties().find(for_one_place);
    let outcomes = place.and_then(|tie| by_outcome(contest, rules, lots, tie));
    outcomes.unwrap_or_else(|| by_ties(contest, rules, allocation))
}

/// The most over all outcomes of a tie for one place; `None` where they are too many to look at.
fn by_outcome(contest: &Contest, rules: &Rules, lots: &[Lot], tie: &Tie) -> Option<Vec<u32>> {
    if tie.open.len() > OUTCOMES_MAX {
        return None;
    }
    let mut drawn = rules.clone();
    let mut known = lots.to_vec();
    if rules.ties.last() != Some(&TieBreak::Lot) {
        // Lots that settle nothing under the rules as they are must not settle anything here.
        drawn.ties.push(TieBreak::Lot);
        known.clear();
    }
    let mut most = vec![0; contest.lists.len()];
    for &winner in &tie.open {
        let mut lots = known.clone();
        lots.push(Lot {
            stage: tie.at,
            lists: tie.open.clone(),
            seats_at_stake: tie.open_seats,
            winners: vec![winner],
        });
        let allocation = allocate(contest, &drawn, &lots).ok()?;
        if allocation.open_ties().any(|open| open.at == tie.at) {
            return None;
        }
        let outcome = by_ties(contest, &drawn, &allocation);
        for (most, seats) in most.iter_mut().zip(outcome) {
            *most = seats.max(*most);
        }
    }
    Some(most)
}

fn by_ties(contest: &Contest, rules: &Rules, allocation: &Allocation) -> Vec<u32> {
    let ties: Vec<&Tie> = allocation.open_ties().collect();
    let open: u64 = ties.iter().map(|tie| u64::from(tie.open_seats)).sum();
    // Ties of one level are of different lists, or of one stage: then each gives a list that it names one seat at most, and
    // where their seats are all that is open, nothing else can give any.
    let is_all = open == u64::from(allocation.pending)
        && ties.iter().all(|tie| level(tie.at) == level(ties[0].at));
    // A place can bring many seats, and so can a list win in a tie what makes it owed one more by its majority.
    let is_plain = ties.iter().all(|tie| match tie.at {
        StageAt::Bonus | StageAt::Rescue => false,
        StageAt::Majority => true,
        _ => rules.majority.is_none(),
    });
    // Behind a tie that says who leaves by a cap, others can win several seats anew.
    let behind = allocation.asked_in_rounds.iter().flatten();
    let is_plain = is_plain
        && behind
            .max()
            .is_none_or(|&place| place + 1 == allocation.stages.len());
    let last = ties
        .iter()
        .find(|tie| matches!(tie.at, StageAt::Chain(_)))
        .and_then(|tie| allocation.stages.iter().find(|stage| stage.at == tie.at));
    // Behind a stage that hands out the last seats of the house nothing waits.
    let is_last = rules.bonus.is_none()
        && rules.seats_max.is_none()
        && rules.rescue.is_none()
        && last.is_some_and(|stage| stage.seats_after == allocation.house);
    // A majority clause moves one seat, of a list in the tie or of the one that has to give it up.
    let is_moved = is_last && rules.majority.is_some();
    let entries = contest.lists.iter().zip(&allocation.lists).enumerate();
    entries
        .map(|(list, (entry, result))| {
            if !result.tied {
                return result.seats;
            }
            let in_ties = ties.iter().filter(|tie| tie.open.contains(&list)).count();
            let alone = result.pairing != Pairing::Stands;
            let inside = ties.first().is_some_and(|tie| level(tie.at) > 0);
            let exact = is_all && (alone || inside) || is_last && alone;
            let more = if is_moved {
                1
            } else if exact && is_plain && in_ties > 0 {
                u32::try_from(in_ties).unwrap_or(u32::MAX)
            } else {
                allocation.pending
            };
            let most = result.seats.saturating_add(more.min(allocation.pending));
            let cap = rules.seats_max.unwrap_or(u32::MAX).max(entry.held);
            let room = entry.candidates.unwrap_or(u32::MAX).min(cap);
            most.min(room.max(result.seats))
        })
        .collect()
}

/// How deep inside joined lists a tie stands.
pub(crate) fn level(at: StageAt) -> u8 {
    match at {
        StageAt::Rescue
        | StageAt::Bonus
        | StageAt::Chain(_)
        | StageAt::Round { .. }
        | StageAt::Majority => 0,
        StageAt::Group { .. } => 1,
        StageAt::Subgroup { .. } => 2,
    }
}
