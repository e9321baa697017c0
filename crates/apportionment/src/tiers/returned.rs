//! Seats that go back to their districts, because their lists hold more than is due to them in the house.

use super::place::{Draw, key};
use super::{Place, PlaceTie, PlacedSeat, ReturnResult, ReturnedSeat, Returning};
use crate::districts::DistrictedContest;
use crate::ratio::Ratio;

/// Takes seats back, smallest key first, and gives each to the largest next key in its district (Sweden, Election Act
/// 2005:837, chapter 14, between sections 3 and 5: surplus seats).
pub(super) fn give_back(
    contest: &DistrictedContest,
    returning: &Returning,
    held: &mut [Vec<u32>],
    due: &[u32],
    draw: &mut Draw<'_>,
) -> ReturnResult {
    let mut of_list: Vec<u32> = (0..due.len())
        .map(|list| held.iter().map(|line| line[list]).sum())
        .collect();
    let key_at = |place: Place, seats: u32| {
        let votes = contest.districts[place.district].votes[place.list];
        key(votes, &returning.series, seats).map(|key| PlacedSeat { place, key })
    };
    let mut result = ReturnResult {
        returned: Vec::new(),
        tie: None,
    };
    loop {
        let lists = (0..due.len()).filter(|&list| of_list[list] > due[list]);
        let givers = lists.flat_map(|list| {
            let held = &*held;
            let districts = 0..held.len();
            let may_give = |&district: &usize| {
                contest.districts[district].seats >= returning.district_seats_min
            };
            districts.filter(may_give).filter_map(move |district| {
                let seats = held[district][list].checked_sub(1)?;
                key_at(place(district, list), seats)
            })
        });
        let from = match one(givers, |left, right| left < right, draw) {
            Ok(Some(from)) => from,
            Ok(None) => return result,
            Err(tie) => {
                result.tie = Some(tie);
                return result;
            }
        };
        let district = from.place.district;
        held[district][from.place.list] -= 1;
        of_list[from.place.list] -= 1;
        let takers = (0..due.len())
            .filter(|&list| of_list[list] < due[list])
            .filter_map(|list| key_at(place(district, list), held[district][list]));
        let to = one(takers, |left, right| left > right, draw);
        let to = to.unwrap_or_else(|tie| {
            result.tie = Some(tie);
            None
        });
        if let Some(to) = to {
            held[district][to.place.list] += 1;
            of_list[to.place.list] += 1;
        }
        result.returned.push(ReturnedSeat { from, to });
        if result.tie.is_some() {
            return result;
        }
    }
}

fn place(district: usize, list: usize) -> Place {
    Place {
        district,
        list,
        constituency: None,
    }
}

/// The one whose key comes before all others, by lot among equals.
fn one(
    seats: impl Iterator<Item = PlacedSeat>,
    before: fn(Ratio, Ratio) -> bool,
    draw: &mut Draw<'_>,
) -> Result<Option<PlacedSeat>, PlaceTie> {
    let mut best: Vec<PlacedSeat> = Vec::new();
    for seat in seats {
        match best.first() {
            Some(first) if before(first.key, seat.key) => continue,
            Some(first) if before(seat.key, first.key) => best.clear(),
            _ => {}
        }
        best.push(seat);
    }
    let Some(&first) = best.first().filter(|_| best.len() > 1) else {
        return Ok(best.pop());
    };
    let mut tied: Vec<Place> = best.iter().map(|seat| seat.place).collect();
    tied.sort_unstable();
    match draw.winner(&tied) {
        Some(winner) => Ok(Some(PlacedSeat {
            place: winner,
            key: first.key,
        })),
        None => Err(PlaceTie {
            tied,
            key: first.key,
        }),
    }
}
