//! Places seats that are due to lists into districts: the largest keys first.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::{Place, PlaceLot, PlaceResult, PlaceTie, PlacedSeat, Placement, Series};
use crate::districts::{District, DistrictedContest};
use crate::districts_error::DistrictsError;
use crate::error::ContestError;
use crate::ratio::Ratio;

/// The lots of one stage.
pub(super) struct Draw<'a> {
    stage: usize,
    lots: &'a [PlaceLot],
    used: &'a mut [bool],
}

impl<'a> Draw<'a> {
    pub fn of(stage: usize, lots: &'a [PlaceLot], used: &'a mut [bool]) -> Self {
        Self { stage, lots, used }
    }

    /// Who comes first of these, which are different and in order, if a lot says so.
    pub fn winner(&mut self, tied: &[Place]) -> Option<Place> {
        let binds = |lot: &PlaceLot| {
            let named: BTreeSet<Place> = lot.tied.iter().copied().collect();
            lot.stage == self.stage
                && lot.tied.len() == tied.len()
                && named.into_iter().eq(tied.iter().copied())
                && tied.contains(&lot.winner)
        };
        let position = self.lots.iter().position(binds)?;
        self.used[position] = true;
        Some(self.lots[position].winner)
    }
}

/// Places `open` seats by list where districts have `room`. Keys fall with every seat, so each key that is taken is the
/// largest of all that are left; equal keys are taken together unless a list or a district would get more than it may.
pub(super) fn place(
    contest: &DistrictedContest,
    placement: &Placement,
    held: &mut [Vec<u32>],
    (mut open, mut room): (Vec<u32>, Vec<u32>),
    draw: &mut Draw<'_>,
) -> Result<PlaceResult, DistrictsError> {
    let keys = Keys::of(contest, placement)?;
    let mut waiting = BinaryHeap::new();
    for (district, line) in held.iter().enumerate() {
        for (list, &seats) in line.iter().enumerate() {
            let place = Place {
                district,
                list,
                constituency: None,
            };
            waiting.extend(keys.key(place, seats).map(|key| (key, place)));
        }
    }
    let mut placed = Vec::new();
    let mut tie = None;
    while let Some(&(key, _)) = waiting.peek() {
        let mut equal = Vec::new();
        while let Some((_, place)) = waiting.peek().filter(|next| next.0 == key).copied() {
            waiting.pop();
            if open[place.list] > 0 && room[place.district] > 0 {
                equal.push(place);
            }
        }
        equal.sort_unstable();
        let (mut free, mut tied) = apart(&equal, &open, &room);
        if free.is_empty() && !tied.is_empty() {
            let Some(winner) = draw.winner(&tied) else {
                tie = Some(PlaceTie { tied, key });
                break;
            };
            tied.retain(|place| *place != winner);
            free.push(winner);
        }
        waiting.extend(tied.into_iter().map(|place| (key, place)));
        for place in free {
            open[place.list] -= 1;
            room[place.district] -= 1;
            let seats = &mut held[place.district][place.list];
            *seats += 1;
            placed.push(PlacedSeat { place, key });
            waiting.extend(keys.key(place, *seats).map(|key| (key, place)));
        }
    }
    let left_over = if tie.is_some() { 0 } else { open.iter().sum() };
    Ok(PlaceResult {
        placed,
        tie,
        left_over,
    })
}

/// Those of equal keys that can be placed whatever happens to the others, and those that compete.
fn apart(equal: &[Place], open: &[u32], room: &[u32]) -> (Vec<Place>, Vec<Place>) {
    let (mut by_list, mut by_district) = (BTreeMap::new(), BTreeMap::new());
    for place in equal {
        *by_list.entry(place.list).or_insert(0u32) += 1;
        *by_district.entry(place.district).or_insert(0u32) += 1;
    }
    equal.iter().partition(|place| {
        by_list[&place.list] <= open[place.list]
            && by_district[&place.district] <= room[place.district]
    })
}

struct Keys<'a> {
    contest: &'a DistrictedContest,
    placement: &'a Placement,
    /// The votes that each district's own seats stand for, where keys are relative to them.
    bases: Option<Vec<u128>>,
}

impl<'a> Keys<'a> {
    fn of(
        contest: &'a DistrictedContest,
        placement: &'a Placement,
    ) -> Result<Self, DistrictsError> {
        let bases = |base| {
            let districts = contest.districts.iter();
            let count = |district: &District| match district.count(base)? {
                0 if district.votes.iter().any(|&votes| votes > 0) => {
                    Err(ContestError::BelowLimit {
                        field: "contest.districts.base",
                        value: 0,
                        limit: 1,
                    })
                }
                count => Ok(count),
            };
            districts.map(count).collect::<Result<_, _>>()
        };
        Ok(Self {
            contest,
            placement,
            bases: placement.relative.map(bases).transpose()?,
        })
    }

    /// The key of one more seat beside `seats`; `None` without votes. The parts of the fraction stay below 2^92.
    fn key(&self, place: Place, seats: u32) -> Option<Ratio> {
        let district = &self.contest.districts[place.district];
        let votes = district.votes[place.list];
        match &self.bases {
            None => key(votes, &self.placement.series, seats),
            Some(bases) => {
                let key = key(votes, &self.placement.series, seats)?;
                let own = i128::from(district.seats);
                Ratio::new(
                    key.numerator() * own,
                    key.denominator() * bases[place.district],
                )
            }
        }
    }
}

/// Votes over the divisor for one more seat beside `seats`; `None` without votes.
pub(super) fn key(votes: u64, series: &Series, seats: u32) -> Option<Ratio> {
    let divisor = series.divisor(seats).filter(|_| votes > 0)?;
    // A divisor is below 2^28 over 2^10.
    let above = i128::from(votes) * i128::try_from(divisor.denominator()).ok()?;
    Ratio::new(above, divisor.numerator().unsigned_abs())
}
