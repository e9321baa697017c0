//! Who reaches a share of the votes, counted in whole votes that are needed.

use crate::districts::{District, DistrictedContest, DistrictedList, Quorum};
use crate::threshold::{Comparison, Threshold, ThresholdBase};
use crate::verify::share_of_size;

/// By list: whether it reached the quorum; `None` where a count is missing.
pub(super) fn reached(contest: &DistrictedContest, quorum: &Quorum) -> Option<Vec<bool>> {
    let list = |(index, list): (usize, &DistrictedList)| {
        let votes = |district: &District| u128::from(district.votes[index]);
        let all: u128 = contest.districts.iter().map(votes).sum();
        let mut reached = list.exempt || *quorum == Quorum::default();
        if let Some(threshold) = &quorum.overall {
            let bases = contest
                .districts
                .iter()
                .map(|district| base_of(threshold.base, district));
            reached |= passes(
                threshold,
                list.coalition_size,
                all,
                bases.sum::<Option<u128>>()?,
            );
        }
        if let Some(threshold) = &quorum.one_district {
            for district in &contest.districts {
                let base = base_of(threshold.base, district)?;
                reached |= passes(threshold, list.coalition_size, votes(district), base);
            }
        }
        Some(reached && all > 0)
    };
    contest.lists.iter().enumerate().map(list).collect()
}

/// Whether so many votes are at least the fewest whole votes that pass; no votes never do.
pub(crate) fn passes(threshold: &Threshold, coalition_size: u32, votes: u128, base: u128) -> bool {
    let share = share_of_size(threshold, coalition_size);
    let parts = u128::from(share.numerator) * base;
    let unit = u128::from(share.denominator).max(1);
    let needed = match threshold.comparison {
        Comparison::AtLeast => parts.div_ceil(unit),
        Comparison::MoreThan => parts / unit + 1,
    };
    votes >= needed.max(1)
}

/// The count that a share, or a key, in a district is taken of.
pub(crate) fn base_of(base: ThresholdBase, district: &District) -> Option<u128> {
    let given = match base {
        ThresholdBase::ListVotes => {
            return Some(district.votes.iter().map(|&votes| u128::from(votes)).sum());
        }
        ThresholdBase::ValidVotes => district.base.valid_votes,
        ThresholdBase::ValidAndAgainstAll => district.base.valid_and_against_all,
        ThresholdBase::BallotsInBox => district.base.ballots_in_box,
        ThresholdBase::BallotsIssued => district.base.ballots_issued,
    };
    given.map(u128::from)
}
