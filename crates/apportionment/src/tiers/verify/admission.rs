//! Who takes part in which stage, and who came first in a constituency.

use super::super::{Admission, Constituency, FirstPlace, Region, TierContest};
use crate::contest::BaseCounts;
use crate::districts::District;
use crate::double_proportional::verify::{base_of, passes};

/// By list, whether it takes part in a district, or in the whole.
pub(super) fn admitted(
    contest: &TierContest,
    admission: &Admission,
    held: &[u64],
    here: Option<&District>,
) -> Option<Vec<bool>> {
    let votes = votes_by_list(contest);
    let districts = &contest.districted.districts;
    let lists = contest.districted.lists.iter().enumerate();
    lists
        .map(|(index, list)| {
            let mut admitted = list.exempt || *admission == Admission::default();
            if let Some(threshold) = &admission.overall {
                let base: Option<u128> = districts
                    .iter()
                    .map(|district| base_of(threshold.base, district))
                    .sum();
                admitted |= passes(threshold, list.coalition_size, votes[index].into(), base?);
            }
            if let (Some(threshold), Some(district)) = (&admission.here, here) {
                let base = base_of(threshold.base, district)?;
                admitted |= passes(
                    threshold,
                    list.coalition_size,
                    district.votes[index].into(),
                    base,
                );
            }
            admitted |= admission
                .seats_won
                .is_some_and(|needed| held[index] >= u64::from(needed));
            if let Some(average) = admission.regions_average {
                let mut reached = 0;
                for region in &contest.regions {
                    let region = region_district(contest, region);
                    let base = base_of(average.base, &region)?;
                    let votes = u128::from(region.votes[index]);
                    // As many votes as a seat stands for: the quotient of votes and seats, rounded up.
                    let needed = base.div_ceil(u128::from(region.seats.max(1))).max(1);
                    reached += u32::from(region.seats > 0 && votes >= needed);
                }
                admitted |= reached >= average.regions;
            }
            if let Some(needed) = admission.constituencies_won {
                let won = contest
                    .constituencies
                    .iter()
                    .filter(|constituency| first(constituency) == Some(index));
                admitted |= won.count() >= usize::try_from(needed).unwrap_or(usize::MAX);
            }
            Some(admitted)
        })
        .collect()
}

/// Whether equal first votes leave open if a list takes part.
pub(super) fn hangs_on_first_places(
    contest: &TierContest,
    admission: &Admission,
    admitted: &[bool],
) -> bool {
    let Some(needed) = admission.constituencies_won else {
        return false;
    };
    (0..admitted.len())
        .filter(|&list| !admitted[list])
        .any(|list| {
            let reach = contest.constituencies.iter().filter(|constituency| {
                first(constituency).map_or(is_leading(constituency, list), |first| first == list)
            });
            reach.count() >= usize::try_from(needed).unwrap_or(usize::MAX)
        })
}

/// A region as one district: its votes, own seats and counts.
pub(super) fn region_district(contest: &TierContest, region: &Region) -> District {
    let districts: Vec<&District> = region
        .districts
        .iter()
        .map(|&district| &contest.districted.districts[district])
        .collect();
    let sum = |of: &dyn Fn(&District) -> Option<u64>| {
        let counts = districts.iter().map(|district| of(district));
        counts.sum::<Option<u64>>()
    };
    let votes = |list: usize| {
        let votes = districts.iter().map(|district| district.votes[list]);
        votes.fold(0, u64::saturating_add)
    };
    District {
        seats: districts
            .iter()
            .fold(0, |seats, district| seats.saturating_add(district.seats)),
        votes: (0..contest.districted.lists.len()).map(votes).collect(),
        base: BaseCounts {
            valid_votes: sum(&|district| district.base.valid_votes),
            valid_and_against_all: sum(&|district| district.base.valid_and_against_all),
            ballots_in_box: sum(&|district| district.base.ballots_in_box),
            ballots_issued: sum(&|district| district.base.ballots_issued),
        },
        candidates: Vec::new(),
    }
}

/// Votes of each list in all districts.
pub(super) fn votes_by_list(contest: &TierContest) -> Vec<u64> {
    let lists = 0..contest.districted.lists.len();
    let of = |list: usize| {
        let votes = contest
            .districted
            .districts
            .iter()
            .map(|district| district.votes[list]);
        votes.fold(0, u64::saturating_add)
    };
    lists.map(of).collect()
}

/// Whether nobody has more votes than the person of this list, who has some.
pub(super) fn is_leading(constituency: &Constituency, list: usize) -> bool {
    let votes = constituency.votes[list];
    votes > 0
        && !is_first_outside(constituency)
        && constituency.other_most <= votes
        && constituency.votes.iter().all(|&other| other <= votes)
}

/// Whether a person without a list and a list's are level at the top without a lot: one may take a seat of the house.
pub(super) fn is_level_outside(constituency: &Constituency) -> bool {
    let most = constituency.votes.iter().max().copied().unwrap_or(0);
    let level = most > 0 && constituency.other_most == most;
    level && first(constituency).is_none() && !is_first_outside(constituency)
}

/// Whether a person without a list has the most votes, or as many as the most and a lot.
pub(super) fn is_first_outside(constituency: &Constituency) -> bool {
    let others = constituency.other_most;
    let by_votes = constituency.votes.iter().all(|&votes| votes < others);
    let level = others > 0 && constituency.votes.iter().all(|&votes| votes <= others);
    by_votes || (level && constituency.drawn == Some(FirstPlace::WithoutList))
}

/// The list whose person came first, by its votes or by lot among equals.
pub(super) fn first(constituency: &Constituency) -> Option<usize> {
    let mut leading = (0..constituency.votes.len()).filter(|&list| is_leading(constituency, list));
    match (leading.next(), leading.next()) {
        (Some(only), None) if constituency.votes[only] != constituency.other_most => Some(only),
        (Some(_), _) => match constituency.drawn {
            Some(FirstPlace::List(drawn)) if drawn < constituency.votes.len() => {
                Some(drawn).filter(|&drawn| is_leading(constituency, drawn))
            }
            _ => None,
        },
        _ => None,
    }
}
