//! Which shares lists need, and who else comes in: worked out from votes needed, not from comparisons of shares.

use crate::allocation::Eligibility;
use crate::contest::{Contest, List};
use crate::rules::{Fraction, Widening};
use crate::threshold::{Comparison, Threshold};

/// The share that a list of its size needs.
pub(super) fn share_of(threshold: &Threshold, list: &List) -> Fraction {
    share_of_size(threshold, list.coalition_size)
}

/// The share that a coalition of so many parties needs.
pub(crate) fn share_of_size(threshold: &Threshold, parties: u32) -> Fraction {
    let (mut share, mut size) = (threshold.share, 0);
    for entry in &threshold.by_coalition_size {
        if entry.size_min <= parties && entry.size_min >= size {
            (share, size) = (entry.share, entry.size_min);
        }
    }
    share
}

/// The fewest votes that pass a fraction.
pub(super) fn fewest(threshold: &Threshold, above: u128, below: u128) -> u128 {
    match threshold.comparison {
        Comparison::AtLeast => above.div_ceil(below),
        Comparison::MoreThan => above / below + 1,
    }
}

/// Whether a list need not pass, by what it won elsewhere.
pub(super) fn waived(threshold: &Threshold, list: &List) -> bool {
    let district = threshold.in_one_district.zip(list.best_district);
    let needed = district.map(|(share, district)| {
        let above = u128::from(share.numerator) * u128::from(district.of);
        (
            fewest(threshold, above, share.denominator.into()),
            district.votes,
        )
    });
    needed.is_some_and(|(needed, votes)| u128::from(votes) >= needed)
        || threshold
            .direct_seats_min
            .is_some_and(|least| least <= list.direct_seats)
}

/// Lets lists in where too few take part: in their order, all of one rank together, until those before are enough. Returns
/// whether some of one rank would have been enough without the others, which the law does not say.
pub(super) fn widen(
    contest: &Contest,
    threshold: &Threshold,
    widening: Widening,
    base: u128,
    eligibility: &mut [Eligibility],
) -> bool {
    let votes = |list: usize| u128::from(contest.lists[list].votes);
    let inside = (0..eligibility.len()).filter(|&list| eligibility[list].takes_part());
    let (mut count, mut sum) = inside.fold((0_u32, 0), |(count, sum), list| {
        (count + 1, sum + votes(list))
    });
    let rank = |list: usize| match widening {
        Widening::AdmitUntil { .. } => u128::MAX - votes(list),
        Widening::LowerBy { step, .. } => steps_to_pass(contest, threshold, step, base, list),
    };
    let below = |list: &usize| eligibility[*list] == Eligibility::BelowThreshold;
    let outside = (0..eligibility.len()).filter(below);
    let mut outside: Vec<(u128, usize)> = outside.map(|list| (rank(list), list)).collect();
    outside.sort_unstable();
    let enough = |count: u32, sum: u128| match widening {
        Widening::AdmitUntil {
            more_than,
            lists_min,
        } => {
            let share = u128::from(more_than.numerator) * base / u128::from(more_than.denominator);
            sum > share && count >= lists_min
        }
        Widening::LowerBy { lists_min, .. } => count >= lists_min,
    };
    let mut is_silent = false;
    for alike in outside.chunk_by(|one, other| one.0 == other.0) {
        if enough(count, sum) {
            break;
        }
        for &(_, list) in alike {
            // Who passes the same threshold comes in beside the others by the law itself.
            is_silent |= enough(count, sum) && matches!(widening, Widening::AdmitUntil { .. });
            eligibility[list] = Eligibility::RescueAdmitted;
            (count, sum) = (count + 1, sum + votes(list));
        }
    }
    is_silent
}

/// After how many steps a list passes the lowered threshold.
fn steps_to_pass(
    contest: &Contest,
    threshold: &Threshold,
    step: Fraction,
    base: u128,
    list: usize,
) -> u128 {
    let list = &contest.lists[list];
    let share = share_of(threshold, list);
    let parts = if threshold.per_seat { contest.seats } else { 1 };
    let below = u128::from(share.denominator) * u128::from(step.denominator);
    let start = u128::from(share.numerator) * u128::from(step.denominator);
    let each = u128::from(step.numerator) * u128::from(share.denominator);
    let most = u128::from(step.denominator.div_ceil(step.numerator));
    let passes = |steps: &u128| {
        let above = start.saturating_sub(each * steps) * base;
        u128::from(list.votes) >= fewest(threshold, above, below * u128::from(parts))
    };
    // Nothing is left of a share after as many steps as make 1, and every vote passes nothing.
    (1..=most).find(passes).unwrap_or(most)
}
