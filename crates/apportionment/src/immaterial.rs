//! Ties on which nothing hangs: whoever wins, stages that come later, joined lists or a bonus make it good again.
//!
//! Where a tie is open, each way to settle it is followed through the rest of the procedure. If all come to the same, in the
//! seats of every list and in the ties that wait for a lot behind it, the tie asks for none: the result is that of the first
//! way, and keeps the others as the proof. Nothing of this runs where no tie is open.

use crate::allocate::plain;
use crate::allocation::{Allocation, PassedOver, Tie, VoidLot, VoidReason};
use crate::contest::{Contest, List, Lot, StageAt};
use crate::limits::{OUTCOME_ENTRIES_MAX, OUTCOMES_MAX};
use crate::reach::level;
use crate::rules::{Rules, TieBreak};

/// The result without ties that decide nothing.
pub(crate) fn passing_over(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    allocation: Allocation,
) -> Allocation {
    if !can_pass_over(rules) {
        return allocation;
    }
    let left = (OUTCOME_ENTRIES_MAX / contest.lists.len().max(1)).min(OUTCOMES_MAX);
    let mut ahead = Ahead { contest, left };
    match ahead.look(rules, lots, &allocation, &[]) {
        Ok(Some(shown)) => shown,
        Ok(None) | Err(TooMany) => allocation,
    }
}

/// Whether anything can come behind a tie. Nothing does where lists compete alone for the seats of one stage: whoever wins
/// there has one more. (Seats that stay empty whoever wins them, and rounds of a cap, are looked at where they arise.)
pub(crate) fn can_pass_over(rules: &Rules) -> bool {
    rules.stages.len() > 1
        || rules.apparentment.is_some()
        || rules.bonus.is_some()
        || rules.majority.is_some()
}

/// The outcomes to follow are more than can be.
struct TooMany;

/// A look at the outcomes of a contest's ties.
struct Ahead<'a> {
    contest: &'a Contest,
    /// How many outcomes may still be followed.
    left: usize,
}

impl Ahead<'_> {
    /// The result without ties that decide nothing; `None` where each of them decides something. Of `known` that is known.
    ///
    /// What hangs on a tie can depend on another one, but for those inside different groups: of the others the first alone is
    /// looked at, and what stands behind it in its outcomes.
    fn look(
        &mut self,
        rules: &Rules,
        lots: &[Lot],
        allocation: &Allocation,
        known: &[Lot],
    ) -> Result<Option<Allocation>, TooMany> {
        let outermost = allocation.open_ties().map(|tie| level(tie.at)).min();
        let ties = allocation.open_ties();
        let ties = ties.filter(|tie| Some(level(tie.at)) == outermost);
        let number = if outermost == Some(0) { 1 } else { usize::MAX };
        let mut known = known.to_vec();
        let mut drawn = rules.clone();
        let has_lots = rules.ties.last() == Some(&TieBreak::Lot);
        if !has_lots {
            drawn.ties.push(TieBreak::Lot);
        }
        // Lots that settle nothing under the rules as they are must not settle anything here.
        let before = if has_lots { lots } else { &[] };
        for tie in ties.take(number) {
            let lot = Lot {
                stage: tie.at,
                lists: tie.open.clone(),
                seats_at_stake: tie.open_seats,
                winners: Vec::new(),
            };
            if known.contains(&lot) || surely_matters(rules, allocation, tie) {
                continue;
            }
            if let Some((passed, mut shown)) = self.outcomes(&drawn, before, &lot, &known)? {
                if !has_lots {
                    let reason = VoidReason::NoSuchTie;
                    let no_tie = |lot| VoidLot { lot, reason };
                    shown.void_lots = (0..lots.len()).map(no_tie).collect();
                }
                shown.passed_over.insert(0, passed);
                return Ok(Some(shown));
            }
            known.push(lot);
        }
        Ok(None)
    }

    /// All outcomes of a tie, the first of them apart; `None` where they are not the same. They are looked at in an order that
    /// does not hang on the order of the lists, because neither may how many there are before it is seen that two differ.
    fn outcomes(
        &mut self,
        rules: &Rules,
        lots: &[Lot],
        tie: &Lot,
        known: &[Lot],
    ) -> Result<Option<(PassedOver, Allocation)>, TooMany> {
        let size = usize::try_from(tie.seats_at_stake).map_err(|_| TooMany)?;
        let mut lists = tie.lists.clone();
        lists.sort_by_key(|&list| likeness(&self.contest.lists[list]));
        let mut all: Vec<(Lot, Allocation)> = Vec::new();
        let mut next = Some((0..size).collect::<Vec<usize>>());
        while let Some(places) = next {
            self.left = self.left.checked_sub(1).ok_or(TooMany)?;
            let mut winners: Vec<usize> = places.iter().map(|&place| lists[place]).collect();
            winners.sort_unstable();
            let lot = Lot {
                winners,
                ..tie.clone()
            };
            let lots = [lots, std::slice::from_ref(&lot)].concat();
            // What a contest is refused for does not hang on lots, but for what is held beside a bonus.
            let plain = plain(self.contest, rules, &lots).map_err(|_| TooMany)?;
            let first = all.first().map(|(_, first)| first);
            // Two settled results that differ need no further look.
            if first.is_some_and(|first| {
                (first.pending, plain.pending) == (0, 0)
                    && !same((self.contest, rules), first, &plain)
            }) {
                return Ok(None);
            }
            let outcome = match plain.pending {
                0 => plain,
                _ => self.look(rules, &lots, &plain, known)?.unwrap_or(plain),
            };
            let is_same =
                |(_, first): &(Lot, Allocation)| same((self.contest, rules), first, &outcome);
            if !all.first().is_none_or(is_same) {
                return Ok(None);
            }
            all.push((lot, outcome));
            next = following(places, tie.lists.len());
        }
        all.sort_by(|(one, _), (other, _)| one.winners.cmp(&other.winners));
        let mut all = all.into_iter();
        let first = all.next();
        let others = all.map(|(_, outcome)| outcome).collect();
        Ok(first.map(|(lot, shown)| (PassedOver { lot, others }, shown)))
    }
}

/// What there is to tell lists apart that tie: those that are alike in it can change places.
fn likeness(list: &List) -> impl Ord {
    let List {
        votes,
        candidates,
        registration,
        coalition_size,
        exempt,
        direct_seats,
        best_district,
        held,
        won_office,
        group,
        subgroup,
    } = *list;
    let best_district = best_district.map(|share| (share.votes, share.of));
    (
        (candidates.unwrap_or(u32::MAX), votes, registration),
        (coalition_size, exempt, direct_seats, best_district),
        (held, won_office, group, subgroup),
    )
}

/// Whether two results say the same of every list and of the house, and so must all that follows from them: what is open in
/// both is open in the same stages, with the same seats held there. How they came to hold them is behind both.
fn same((contest, rules): (&Contest, &Rules), one: &Allocation, other: &Allocation) -> bool {
    let is_open = |tie: &&Tie| tie.open_seats > 0;
    let stages = |of: &'_ Allocation| -> Vec<StageState> {
        let states = of.stages.iter().filter_map(|stage| {
            let tie = stage.tie.as_ref().filter(is_open)?;
            let held = stage.contenders.iter().map(|one| (one.list, one.seats));
            let open = (tie.at, tie.open.clone(), tie.open_seats);
            Some((stage.seats_after, held.collect(), open))
        });
        states.collect()
    };
    let place = |of: &'_ Allocation| -> Vec<Tie> {
        let ties = of.before_stages().filter(is_open);
        ties.cloned().collect()
    };
    // Whose last seat a majority takes hangs on who won which one, and the stages behind a tie do not say it.
    let all = contest.list_votes();
    let is_plain = one.pending == 0 || rules.majority.is_none() || { contest.lists.iter() }
        .all(|list| 2 * u128::from(list.votes) <= all);
    is_plain
        && one.lists == other.lists
        && (one.pending, one.unassigned) == (other.pending, other.unassigned)
        && one.silences == other.silences
        && (one.pending == 0 || place(one) == place(other) && stages(one) == stages(other))
}

/// Seats given after a stage, those of each competitor, and what is open there.
type StageState = (u32, Vec<(usize, u32)>, (StageAt, Vec<usize>, u32));

/// The next choice of as many places out of so many, in the order in which a dictionary has them.
pub(crate) fn following(mut places: Vec<usize>, of: usize) -> Option<Vec<usize>> {
    let size = places.len();
    let moved = (0..size)
        .rev()
        .find(|&index| places[index] < of - size + index)?;
    places[moved] += 1;
    for index in moved + 1..size {
        places[index] = places[index - 1] + 1;
    }
    Some(places)
}

/// Whether a tie stands for the last seats of the house, among lists that compete alone and with nothing behind it: then it
/// says who has them. One for seats that stay empty whoever wins them is not open.
fn surely_matters(rules: &Rules, allocation: &Allocation, tie: &Tie) -> bool {
    let StageAt::Chain(_) = tie.at else {
        return false;
    };
    let is_last = allocation
        .stages
        .last()
        .is_some_and(|stage| stage.at == tie.at && stage.seats_after == allocation.house);
    is_last
        && rules.apparentment.is_none()
        && rules.rescue.is_none()
        && rules.bonus.is_none()
        && rules.majority.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_comes_once() {
        for of in 1..7_usize {
            for size in 1..=of {
                let mut found = vec![(0..size).collect::<Vec<_>>()];
                while let Some(next) = following(found[found.len() - 1].clone(), of) {
                    assert!(found[found.len() - 1] < next);
                    found.push(next);
                }
                let sets = (0..1_u32 << of).filter(|set| set.count_ones() as usize == size);
                assert_eq!(found.len(), sets.count());
            }
        }
    }
}
