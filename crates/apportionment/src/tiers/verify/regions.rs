//! The check of seats placed in regions, and inside them.

use super::super::{PlaceLot, PlaceResult, Placement, Series, TierContest};
use super::admission::region_district;
use super::place::check_place;
use super::refusal::PlaceRefusal;
use super::void::Decided;
use crate::districts::DistrictedContest;

/// Checks seats placed in regions; the second part is what each region got for each list.
pub(super) fn check_regions(
    contest: &TierContest,
    series: &Series,
    lots: (usize, &[PlaceLot]),
    held: &[Vec<u64>],
    open: Vec<u64>,
    (result, decided): (&PlaceResult, &mut Decided),
) -> (Vec<PlaceRefusal>, Vec<Vec<u64>>) {
    let lists = contest.districted.lists.len();
    let whole = DistrictedContest {
        lists: contest.districted.lists.clone(),
        districts: contest
            .regions
            .iter()
            .map(|region| region_district(contest, region))
            .collect(),
    };
    let mut of_region: Vec<Vec<u64>> = contest
        .regions
        .iter()
        .map(|region| {
            let sum = |list: usize| {
                region
                    .districts
                    .iter()
                    .map(|&district| held[district][list])
                    .sum()
            };
            (0..lists).map(sum).collect()
        })
        .collect();
    let room = contest
        .regions
        .iter()
        .map(|region| u64::from(region.further_seats))
        .collect();
    let wrong = check_place(
        &whole,
        &keys(series),
        lots,
        (&mut of_region, open, room),
        result,
        decided,
    );
    let mut given = vec![vec![0; lists]; contest.regions.len()];
    for seat in &result.placed {
        if let Some(count) = given
            .get_mut(seat.place.district)
            .and_then(|line: &mut Vec<u64>| line.get_mut(seat.place.list))
        {
            *count += 1;
        }
    }
    (wrong, given)
}

/// Checks what each region got, placed in its districts.
pub(super) fn check_inside(
    contest: &TierContest,
    series: &Series,
    lots: (usize, &[PlaceLot]),
    (held, given): (&mut [Vec<u64>], Vec<Vec<u64>>),
    results: &[PlaceResult],
    decided: &mut Decided,
) -> Vec<PlaceRefusal> {
    if results.len() != contest.regions.len() || given.len() != results.len() {
        return vec![PlaceRefusal::Shape];
    }
    let mut wrong = Vec::new();
    for ((region, open), result) in contest.regions.iter().zip(given).zip(results) {
        let mut room = vec![0; held.len()];
        for &district in &region.districts {
            room[district] = u64::MAX;
        }
        wrong.extend(check_place(
            &contest.districted,
            &keys(series),
            lots,
            (held, open, room),
            result,
            decided,
        ));
    }
    wrong
}

fn keys(series: &Series) -> Placement {
    Placement {
        series: *series,
        relative: None,
        per_district: None,
    }
}
