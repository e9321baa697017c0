//! How far lists are from shares of the votes of all districts.

use crate::allocation::v1 as proto;
use crate::allocation_result::Lists;
use apportionment::tiers::DistrictMargins;
use apportionment::{DistrictedContest, Threshold, ThresholdDistance, overall_distances};

/// What is said of margins that nobody computes.
pub(crate) const NO_MARGINS: &str =
    "how many votes would move a seat that hangs on the votes of other districts is not computed";

/// What would change the seats that districts hand out themselves.
pub(crate) fn district_margins(
    lists: &[String],
    districts: &[String],
    margins: &[DistrictMargins],
) -> Vec<proto::DistrictMargins> {
    let of = |found: &DistrictMargins| {
        let all = found.lists.iter().map(|it| it.clone().unwrap_or_default());
        let (margins, _) = Lists::new(lists).margins(&all.collect::<Vec<_>>());
        proto::DistrictMargins {
            stage: u32::try_from(found.stage).unwrap_or(u32::MAX),
            district_id: districts.get(found.district).cloned().unwrap_or_default(),
            margins,
        }
    };
    margins.iter().map(of).collect()
}

/// The way to shares of all votes; one whose count is not known says nothing.
pub(crate) fn distances(
    lists: &[String],
    contest: &DistrictedContest,
    thresholds: &[(usize, &Threshold)],
) -> Vec<proto::OverallDistances> {
    let of = |(stage, threshold): &(usize, &Threshold)| {
        let distances = overall_distances(contest, threshold).ok()?;
        let lists = lists.iter().zip(distances);
        let lists = lists.filter_map(|(list, distance)| {
            let (passes, votes) = match distance? {
                ThresholdDistance::ToPass(votes) => (false, votes),
                ThresholdDistance::ToFail(votes) => (true, votes),
            };
            Some(proto::ThresholdDistance {
                option_id: list.clone(),
                passes,
                votes,
            })
        });
        Some(proto::OverallDistances {
            stage: u32::try_from(*stage).unwrap_or(u32::MAX),
            lists: lists.collect(),
        })
    };
    thresholds.iter().filter_map(of).collect()
}
