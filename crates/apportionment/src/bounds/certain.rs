//! The next seat to become certain, and how many ballots it needs at least.

use crate::bounds::beside::{Ruled, STEPS_MAX};
use crate::bounds::cover::Budget;
use crate::bounds::{ListBounds, Outstanding, Proof, SeatBounds, bound_seats};
use crate::contest::Contest;
use crate::error::ContestError;
use crate::method::Method;
use crate::rules::Rules;
use crate::threshold::ThresholdBase;

/// How soon a list's next seat can be certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NextCertain {
    /// The list.
    pub list: usize,
    /// Seats that are certain then: one more than now, at least.
    pub seats: u32,
    /// Outstanding ballots that have to be counted, all of them for the list.
    pub ballots: u64,
    /// Whether with fewer ballots counted, however they fall, no list can have its next seat for certain. Otherwise fewer may
    /// do: because some bound on the way was not exact, or where there is a threshold and a quota, or joined lists: ballots for
    /// another list can let that in, and so move the quota or help the group.
    pub exact: bool,
}

/// The lists whose next seat can be certain soonest: with the fewest ballots counted, all for them. Several where they need
/// equally many; none where no number of ballots does it.
///
/// Where no threshold stands beside a quota or joined lists, that is the earliest there can be: what is counted for others only
/// keeps the seat open longer. A call takes as many steps as two of [`bound_seats`]; lists for which they do not suffice are left
/// out, and then no answer is marked exact.
///
/// # Errors
/// As [`bound_seats`].
pub fn next_certain(
    contest: &Contest,
    rules: &Rules,
    outstanding: Outstanding,
) -> Result<Vec<NextCertain>, ContestError> {
    let now = bound_seats(contest, rules, outstanding)?;
    let mut budget = Budget::of(STEPS_MAX);
    let mut soonest = soonest(contest, rules, outstanding, &now, &mut budget)?;
    for next in &mut soonest {
        next.exact &= !budget.is_spent();
    }
    Ok(soonest)
}

/// The same of a contest whose bounds are known, in so many steps: for whoever asks again and again. `None`: they do not
/// suffice for every list.
///
/// # Errors
/// As [`bound_seats`].
pub fn next_certain_within(
    contest: &Contest,
    rules: &Rules,
    outstanding: Outstanding,
    now: &SeatBounds,
    steps: u64,
) -> Result<Option<Vec<NextCertain>>, ContestError> {
    let mut budget = Budget::of(steps);
    let soonest = soonest(contest, rules, outstanding, now, &mut budget)?;
    Ok((!budget.is_spent()).then_some(soonest))
}

fn soonest(
    contest: &Contest,
    rules: &Rules,
    outstanding: Outstanding,
    now: &SeatBounds,
    budget: &mut Budget,
) -> Result<Vec<NextCertain>, ContestError> {
    let quotas = rules
        .stages
        .iter()
        .any(|stage| matches!(stage.method, Method::Quota(_)));
    // Nor is it beside a threshold that a joined list needs too: a vote for that one can be worth more than one for itself.
    let joined =
        rules.apparentment.is_some() && contest.lists.iter().any(|list| list.group.is_some());
    let is_earliest = !((quotas || joined) && rules.threshold.is_some());
    let mut soonest: Vec<NextCertain> = Vec::new();
    for (list, bounds) in now.lists.iter().enumerate() {
        if bounds.fewest >= bounds.most || budget.is_spent() {
            continue;
        }
        // More than the best so far is of no interest.
        let most = soonest
            .first()
            .map_or(outstanding.ballots, |next| next.ballots);
        let Some(next) = next_of(contest, rules, outstanding, (list, bounds), most, budget)? else {
            continue;
        };
        if soonest
            .first()
            .is_some_and(|best| best.ballots > next.ballots)
        {
            soonest.clear();
        }
        soonest.push(next);
    }
    for next in &mut soonest {
        next.exact &= is_earliest;
    }
    Ok(soonest)
}

/// The next seat of a list, with at most so many ballots: by halving, because what is counted only narrows what can come.
fn next_of(
    contest: &Contest,
    rules: &Rules,
    outstanding: Outstanding,
    (list, now): (usize, &ListBounds),
    most: u64,
    budget: &mut Budget,
) -> Result<Option<NextCertain>, ContestError> {
    let mut exact = now.fewest_proof.is_exact();
    let mut fewest_with = |ballots: u64| {
        let (fewest, proof) = fewest_after(contest, rules, outstanding, (list, ballots), budget)?;
        exact &= proof.is_exact();
        Ok::<u32, ContestError>(fewest)
    };
    let (mut low, mut high) = (1, most);
    if most == 0 || fewest_with(most)? <= now.fewest {
        return Ok(None);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if fewest_with(middle)? > now.fewest {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let seats = fewest_with(low)?;
    Ok(Some(NextCertain {
        list,
        seats,
        ballots: low,
        exact,
    }))
}

/// The fewest seats of a list after so many of the outstanding ballots were counted, all for it.
fn fewest_after(
    contest: &Contest,
    rules: &Rules,
    outstanding: Outstanding,
    (list, counted): (usize, u64),
    budget: &mut Budget,
) -> Result<(u32, Proof), ContestError> {
    let mut contest = contest.clone();
    contest.lists[list].votes += counted;
    if !outstanding.in_base {
        let base = &mut contest.base;
        let count = match rules.threshold.as_ref().map(|threshold| threshold.base) {
            Some(ThresholdBase::ValidVotes) => &mut base.valid_votes,
            Some(ThresholdBase::ValidAndAgainstAll) => &mut base.valid_and_against_all,
            Some(ThresholdBase::BallotsInBox) => &mut base.ballots_in_box,
            Some(ThresholdBase::BallotsIssued) => &mut base.ballots_issued,
            Some(ThresholdBase::ListVotes) | None => &mut None,
        };
        if let Some(count) = count {
            *count += counted;
        }
    }
    let outstanding = Outstanding {
        ballots: outstanding.ballots - counted,
        ..outstanding
    };
    Ruled::fewest_of(&contest, rules, outstanding, list, budget)
}
