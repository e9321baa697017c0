//! Votes of one district that change what a list has in the house, where seats hang on the votes of several districts.
//!
//! No number is proven to be the smallest here: seats need not be monotone in the votes, as a few votes can bring a list over
//! a share of all votes, or another one below it, and the votes could be spread over several districts. What is said is found
//! by allocating anew: with so many votes in this district the list has more seats (or fewer), and with one vote less it has
//! not.

use std::cell::Cell;

use crate::contest::{BaseCounts, Lot};
use crate::districts::DistrictedContest;
use crate::double_proportional::{self, CellLot, DoubleProportional};
use crate::margin::{Effect, Margin};
use crate::tiers::{self, DistrictMargins, TierContest, TierLots, TierRules};

/// Votes of one district with which a list has more seats in the house, or fewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseMargin {
    /// The list.
    pub list: usize,
    /// The district in which the fewest votes were found that do it.
    pub district: usize,
    /// More seats, with votes that nobody cast before; or fewer, with votes that go away.
    pub effect: Effect,
    /// How many, and the certain seats of all lists in the house after that. Exact is one vote alone.
    pub margin: Margin,
    /// Seats that an open tie leaves to a lot after that.
    pub pending: u32,
}

/// What would change seats over districts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistrictedMargins {
    /// Of the seats that districts hand out themselves.
    pub districts: Vec<DistrictMargins>,
    /// Of what lists have in the house.
    pub house: Vec<HouseMargin>,
}

/// The fewest votes that were found for each list, in any district in which it stands: for another seat in the house, and for
/// one less. `None`: nobody waits for them any more. `stands` says of a district and a list whether it has a list there, and
/// `goes_on` is asked before each allocation.
///
/// A list has none that no number of votes was found for: up to as many as all lists have in all districts together. It takes
/// some hundred allocations a list. What a tie leaves open is not counted as gained, and not as lost: seats of many lists
/// can wait for a lot. Where a tie is open without any change, it is held against what is certain.
#[must_use]
pub fn house_margins_of_tiers(
    contest: &TierContest,
    rules: &TierRules,
    lots: &TierLots,
    stands: impl Fn(usize, usize) -> bool,
    goes_on: impl Fn() -> bool,
) -> Option<Vec<HouseMargin>> {
    let mut changed = contest.clone();
    let seats = |districted: &DistrictedContest| {
        changed.districted.clone_from(districted);
        let allocation = tiers::allocate(&changed, rules, lots).ok()?;
        Some((allocation.pending, allocation.list_seats()))
    };
    search(&contest.districted, seats, stands, goes_on)
}

/// The same of double proportional seats.
#[must_use]
pub fn house_margins_of_double_proportional(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    (lots, cell_lots): (&[Lot], &[CellLot]),
    stands: impl Fn(usize, usize) -> bool,
    goes_on: impl Fn() -> bool,
) -> Option<Vec<HouseMargin>> {
    let seats = |contest: &DistrictedContest| {
        let allocation = double_proportional::allocate(contest, rules, lots, cell_lots).ok()?;
        // Ties among cells leave the seats of a list as they are.
        Some((allocation.upper.pending, allocation.upper.seats()))
    };
    search(contest, seats, stands, goes_on)
}

/// `seats` gives the seats that are open and those of each list in the house; `None` where nothing is allocated, which changes
/// nothing either.
fn search(
    contest: &DistrictedContest,
    mut seats: impl FnMut(&DistrictedContest) -> Option<(u32, Vec<u32>)>,
    stands: impl Fn(usize, usize) -> bool,
    goes_on: impl Fn() -> bool,
) -> Option<Vec<HouseMargin>> {
    let Some((_, before)) = seats(contest) else {
        return Some(Vec::new());
    };
    let all = contest.districts.iter().flat_map(|it| &it.votes);
    let all: u128 = all.map(|&votes| u128::from(votes)).sum();
    let all = u64::try_from(all).unwrap_or(u64::MAX);
    let mut changed = contest.clone();
    let mut found = Vec::new();
    let is_awaited = Cell::new(true);
    for list in 0..contest.lists.len() {
        for effect in [Effect::Gain, Effect::Loss] {
            if effect == Effect::Loss && before[list] == 0 {
                continue;
            }
            let mut nearest: Option<HouseMargin> = None;
            for district in (0..contest.districts.len()).filter(|&it| stands(it, list)) {
                let most = match effect {
                    Effect::Gain => all,
                    Effect::Loss => contest.districts[district].votes[list],
                };
                // Votes of another district are of interest only where they are fewer.
                let known = nearest.as_ref().map(|found| found.margin.votes - 1);
                let most = known.map_or(most, |known| known.min(most));
                let after = |votes: u64| {
                    is_awaited.set(is_awaited.get() && goes_on());
                    if !is_awaited.get() {
                        return None;
                    }
                    set(contest, &mut changed, (district, list), effect, votes)?;
                    let after = seats(&changed);
                    set(contest, &mut changed, (district, list), effect, 0)?;
                    let (pending, after) = after?;
                    let is_so = match effect {
                        Effect::Gain => after[list] > before[list],
                        Effect::Loss => after[list] < before[list] && pending == 0,
                    };
                    is_so.then_some((pending, after))
                };
                let first = first(most, known.is_some(), after);
                if !is_awaited.get() {
                    return None;
                }
                if let Some((votes, (pending, seats_after))) = first {
                    nearest = Some(HouseMargin {
                        list,
                        district,
                        effect,
                        margin: Margin {
                            votes,
                            seats_after,
                            exact: votes == 1,
                        },
                        pending,
                    });
                }
            }
            found.extend(nearest);
        }
    }
    Some(found)
}

/// A number, at most this one, that has a result where one less has none. With `at_most`, such numbers are looked for only where
/// the largest has a result; otherwise twice as many are tried each time.
fn first<T>(most: u64, at_most: bool, mut after: impl FnMut(u64) -> Option<T>) -> Option<(u64, T)> {
    if most == 0 {
        return None;
    }
    let (mut low, mut high) = (0, if at_most { most } else { 1 });
    let mut found = loop {
        if let Some(found) = after(high) {
            break found;
        }
        if high == most {
            // All the votes there are can leave a tie, or nothing that can be allocated.
            high = most - 1;
            if high <= low || at_most {
                return None;
            }
            break after(high)?;
        }
        low = high;
        high = high.saturating_mul(2).min(most);
    };
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match after(middle) {
            Some(result) => (found, high) = (result, middle),
            None => low = middle,
        }
    }
    Some((high, found))
}

/// Gives a list so many votes more or fewer in a district, as ballots: every count that a share may be taken of moves along.
/// `None` where a count has no room for it.
fn set(
    contest: &DistrictedContest,
    changed: &mut DistrictedContest,
    (district, list): (usize, usize),
    effect: Effect,
    votes: u64,
) -> Option<()> {
    let moved = |count: u64| match effect {
        Effect::Gain => count.checked_add(votes),
        Effect::Loss => count.checked_sub(votes),
    };
    let known = |count: Option<u64>| match count {
        Some(count) => moved(count).map(Some),
        None => Some(None),
    };
    let before = &contest.districts[district];
    let base = BaseCounts {
        valid_votes: known(before.base.valid_votes)?,
        valid_and_against_all: known(before.base.valid_and_against_all)?,
        ballots_in_box: known(before.base.ballots_in_box)?,
        ballots_issued: known(before.base.ballots_issued)?,
    };
    let votes = moved(before.votes[list])?;
    let after = &mut changed.districts[district];
    after.votes[list] = votes;
    after.base = base;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_found_has_a_result_and_one_less_has_none() {
        for most in 0..70 {
            for from in 1..70 {
                let found = first(most, false, |votes| (votes >= from).then_some(votes));
                assert_eq!(found, (from <= most).then_some((from, from)));
                let found = first(most, true, |votes| (votes >= from).then_some(votes));
                assert_eq!(found, (from <= most).then_some((from, from)));
            }
        }
    }
}
