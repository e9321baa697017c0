//! How far lists are from shares of the votes of all districts.

use crate::allocation::v1 as proto;
use crate::allocation_result::Lists;
use apportionment::tiers::DistrictMargins;
use apportionment::{
    DistrictedContest, DistrictedMargins, Effect, HouseMargin, Threshold, ThresholdDistance,
    overall_distances,
};

/// What is to be known of margins of seats that hang on the votes of several districts.
pub(crate) fn margins_note(margins: &DistrictedMargins) -> String {
    let note = match margins.house.is_empty() {
        true => {
            "how many votes would move a seat that hangs on the votes of other districts is not computed"
        }
        false => {
            "house_margins were found by allocating anew, and one vote less in that district does not do it; fewer votes still, \
             or votes of several districts together, might"
        }
    };
    note.to_owned()
}

/// Votes of a district that change what lists have in the house.
pub(crate) fn house_margins(
    lists: &[String],
    districts: &[String],
    margins: &[HouseMargin],
) -> Vec<proto::HouseMargin> {
    let of = |found: &HouseMargin| {
        let (kind, effect) = match found.effect {
            Effect::Gain => (proto::MarginKind::Added, proto::MarginEffect::Gain),
            Effect::Loss => (proto::MarginKind::Taken, proto::MarginEffect::Loss),
        };
        let margin = Lists::new(lists).margin(found.list, (kind, None), effect, &found.margin);
        proto::HouseMargin {
            district_id: districts.get(found.district).cloned().unwrap_or_default(),
            margin: Some(margin),
            pending: found.pending,
        }
    };
    margins.iter().map(of).collect()
}

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
