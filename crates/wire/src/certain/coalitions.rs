//! What is certain of the coalitions that the rules name, of a district and in sum.

use super::certainty;
use crate::allocation::v1::DistrictStandings;
use crate::common::v1::{self as proto, Certainty};
use apportionment::bounds::{Claim, CoalitionBounds, majority_of};
use election::certain::CertainSeats;
use election::rules::Coalition;
use election::tally::Tally;

fn named(tally: &Tally, contest: usize) -> impl Iterator<Item = &Coalition> {
    let outline = &tally.outline;
    let rules = outline.rules.outstanding.iter();
    rules.flat_map(move |rules| rules.coalitions_of(&outline.ballot, contest))
}

/// The coalitions of a contest in a district, which has all seats of the house where it says how many those are.
pub(crate) fn of_district(
    tally: &Tally,
    contest: usize,
    certain: &CertainSeats,
    house: Option<u32>,
) -> Vec<proto::CoalitionSeats> {
    let bounded = named(tally, contest).zip(&certain.coalitions);
    let coalitions = bounded.map(|(coalition, bounds)| {
        let CoalitionBounds {
            fewest,
            most,
            fewest_proof,
            most_proof,
        } = *bounds;
        let mut seats = proto::CoalitionSeats {
            option_ids: option_ids(coalition),
            seats_fewest: fewest,
            seats_most: most,
            is_fewest_exact: fewest_proof.is_exact(),
            is_most_exact: most_proof.is_exact(),
            has_majority: Certainty::Unspecified.into(),
        };
        set_majority(&mut seats, house);
        seats
    });
    coalitions.collect()
}

/// The same of a contest whose districts say this, as sums; `certain` is what is certain of it.
pub(crate) fn of_contest(
    tally: &Tally,
    contest: usize,
    certain: &proto::CertainSeats,
    districts: &[DistrictStandings],
) -> Vec<proto::CoalitionSeats> {
    if !certain.no_claim.is_empty() {
        return Vec::new();
    }
    if let [only] = districts {
        let certain = only.certain.as_ref();
        return certain.map_or_else(Vec::new, |certain| certain.coalitions.clone());
    }
    let house = tally.outline.rules.house_size;
    let allocations = districts.iter().filter_map(|it| it.allocation.as_ref());
    let seats: u64 = allocations.map(|it| u64::from(it.seats)).sum();
    let house = Some(house).filter(|house| u64::from(*house) == seats);
    // Where all districts share one electorate, not each of them can have all that is outstanding.
    let outstanding = tally.outline.rules.outstanding.as_ref();
    let is_shared = outstanding.is_some_and(|rules| rules.electorate)
        && tally.outline.areas.electorate.is_some();
    let coalitions = named(tally, contest).enumerate().map(|(place, coalition)| {
        let mut sum = proto::CoalitionSeats {
            option_ids: option_ids(coalition),
            seats_fewest: 0,
            seats_most: 0,
            is_fewest_exact: !is_shared,
            is_most_exact: !is_shared,
            has_majority: Certainty::Unspecified.into(),
        };
        for district in districts {
            let [fewest, most] = here(district, place, &sum.option_ids);
            sum.seats_fewest += fewest.0;
            sum.seats_most += most.0;
            sum.is_fewest_exact &= fewest.1;
            sum.is_most_exact &= most.1;
        }
        set_majority(&mut sum, house);
        sum
    });
    coalitions.collect()
}

/// The fewest and the most that a district adds for a coalition, and whether they are exact: what it claims of it, and
/// otherwise none to all of its seats, or exactly none where no list of the coalition stands.
fn here(district: &DistrictStandings, place: usize, members: &[String]) -> [(u32, bool); 2] {
    let claimed = district.certain.as_ref();
    if let Some(claimed) = claimed.and_then(|certain| certain.coalitions.get(place)) {
        return [
            (claimed.seats_fewest, claimed.is_fewest_exact),
            (claimed.seats_most, claimed.is_most_exact),
        ];
    }
    let allocation = district.allocation.as_ref();
    let mut lists = allocation.into_iter().flat_map(|it| &it.lists);
    let stands = lists.any(|it| members.contains(&it.option_id));
    let seats = allocation.filter(|_| stands).map_or(0, |it| it.seats);
    [(0, !stands), (seats, !stands)]
}

fn option_ids(coalition: &Coalition) -> Vec<String> {
    let options = coalition.options.iter();
    options.map(|id| id.as_str().to_owned()).collect()
}

fn set_majority(coalition: &mut proto::CoalitionSeats, house: Option<u32>) {
    if let Some(house) = house {
        let (fewest, most) = (coalition.seats_fewest, coalition.seats_most);
        let claim = Claim::of(fewest, most, majority_of(house));
        coalition.has_majority = certainty(claim).into();
    }
}
