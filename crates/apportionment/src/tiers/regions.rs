//! Seats that are placed in regions first and then inside each region.

use super::place::{Draw, place};
use super::{PlaceResult, Placement, Region, Series};
use crate::districts::{District, DistrictedContest};
use crate::districts_error::DistrictsError;
use crate::error::ContestError;

/// The regions as districts of a contest: votes, seats and counts added up, a count only where every district has it.
pub(super) fn regions_as_districts(
    contest: &DistrictedContest,
    regions: &[Region],
) -> Result<DistrictedContest, DistrictsError> {
    let region = |region: &Region| {
        let inside = DistrictedContest {
            lists: contest.lists.clone(),
            districts: region
                .districts
                .iter()
                .map(|&district| contest.districts[district].clone())
                .collect(),
        };
        let whole = inside.whole()?;
        Ok(District {
            seats: whole.seats,
            votes: whole.lists.iter().map(|list| list.votes).collect(),
            base: whole.base,
            candidates: Vec::new(),
        })
    };
    Ok(DistrictedContest {
        lists: contest.lists.clone(),
        districts: regions
            .iter()
            .map(region)
            .collect::<Result<_, DistrictsError>>()?,
    })
}

/// Seats by region and list.
pub(super) fn held_by_region(held: &[Vec<u32>], regions: &[Region]) -> Vec<Vec<u32>> {
    let lists = held.first().map_or(0, Vec::len);
    let of = |region: &Region| {
        let sum = |list: usize| {
            region
                .districts
                .iter()
                .map(|&district| held[district][list])
                .sum()
        };
        (0..lists).map(sum).collect()
    };
    regions.iter().map(of).collect()
}

/// Places what is due in regions, by list; the second part is what each region got for each list.
pub(super) fn place_in_regions(
    contest: &DistrictedContest,
    regions: &[Region],
    series: &Series,
    held: &[Vec<u32>],
    open: Vec<u32>,
    draw: &mut Draw<'_>,
) -> Result<(PlaceResult, Vec<Vec<u32>>), DistrictsError> {
    if regions.is_empty() {
        return Err(ContestError::BelowLimit {
            field: "contest.regions",
            value: 0,
            limit: 1,
        }
        .into());
    }
    let before = held_by_region(held, regions);
    let mut after = before.clone();
    let room = regions.iter().map(|region| region.further_seats).collect();
    let whole = regions_as_districts(contest, regions)?;
    let result = place(&whole, &plain(series), &mut after, (open, room), draw)?;
    for (after, before) in after.iter_mut().flatten().zip(before.iter().flatten()) {
        *after -= before;
    }
    Ok((result, after))
}

/// Places what one region got in its districts.
pub(super) fn place_inside(
    contest: &DistrictedContest,
    region: &Region,
    series: &Series,
    held: &mut [Vec<u32>],
    open: Vec<u32>,
    draw: &mut Draw<'_>,
) -> Result<PlaceResult, DistrictsError> {
    let room = (0..held.len()).map(|district| {
        if region.districts.contains(&district) {
            u32::MAX
        } else {
            0
        }
    });
    let room = room.collect();
    place(contest, &plain(series), held, (open, room), draw)
}

/// Keys that are not relative, and no room but that of regions.
pub(super) fn plain(series: &Series) -> Placement {
    Placement {
        series: *series,
        relative: None,
        per_district: None,
    }
}
