//! Sejm, 13 October 2019, from the stations: lists pass in the whole country, seats are given in 41 districts.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod skipped;

use std::collections::BTreeMap;

use apportionment::*;
use serde::Deserialize;
use skipped::skipped;

const STATIONS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/poland2019/sejm2019_stations.csv.gz"
);

#[derive(Deserialize)]
struct Row {
    district: u32,
    district_seats: u32,
    committee: String,
    votes: u64,
}

/// Votes and seats of a district, by committee.
#[derive(Default)]
struct District {
    seats: u32,
    votes: BTreeMap<String, u64>,
}

fn districts(stations: std::fs::File) -> BTreeMap<u32, District> {
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(stations));
    let mut districts: BTreeMap<u32, District> = BTreeMap::new();
    for row in reader.deserialize() {
        let row: Row = row.unwrap();
        let district = districts.entry(row.district).or_default();
        district.seats = row.district_seats;
        *district.votes.entry(row.committee).or_default() += row.votes;
    }
    districts
}

/// Who takes part in the whole country: 5%, coalitions 8%, the minority freed.
fn passing(districts: &BTreeMap<u32, District>) -> Vec<String> {
    let mut total: BTreeMap<&String, u64> = BTreeMap::new();
    for (name, votes) in districts.values().flat_map(|district| &district.votes) {
        *total.entry(name).or_default() += votes;
    }
    let mut contest = Contest::with_votes(460, &[]);
    contest.lists.extend(total.iter().map(|(name, votes)| List {
        coalition_size: if name.starts_with("KOALICYJNY") { 2 } else { 1 },
        exempt: name.contains("MNIEJSZOŚĆ NIEMIECKA"),
        ..List::with_votes(*votes)
    }));
    let threshold = Threshold {
        by_coalition_size: vec![CoalitionShare {
            size_min: 2,
            share: Fraction::new(8, 100),
        }],
        ..Threshold::of_list_votes(5, 100)
    };
    let rules = Rules::of(Method::D_HONDT).with_threshold(threshold);
    let allocation = allocate(&contest, &rules, &[]).unwrap();
    let lists = total.into_keys().zip(&allocation.lists);
    let lists = lists.filter(|(_, list)| list.eligibility.takes_part());
    lists.map(|(name, _)| name.clone()).collect()
}

#[test]
fn every_district_adds_up_to_the_official_seats() {
    let Ok(stations) = std::fs::File::open(STATIONS) else {
        skipped(format_args!("the stations are not here ({STATIONS})"));
        return;
    };
    let districts = districts(stations);
    assert_eq!(districts.len(), 41);
    let passing = passing(&districts);
    let mut house: BTreeMap<&String, u32> = BTreeMap::new();
    for district in districts.values() {
        let votes = |name: &String| district.votes.get(name).copied().unwrap_or(0);
        let votes: Vec<u64> = passing.iter().map(votes).collect();
        let contest = Contest::with_votes(district.seats, &votes);
        let rules = Rules::of(Method::D_HONDT);
        let allocation = allocate(&contest, &rules, &[]).unwrap();
        assert_eq!(verify(&contest, &rules, &[], &allocation), Ok(()));
        assert_eq!(allocation.outcome, Outcome::Settled);
        for (name, seats) in passing.iter().zip(allocation.seats()) {
            *house.entry(name).or_default() += seats;
        }
    }
    let mut seats: Vec<u32> = house.into_values().collect();
    seats.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(seats, [235, 134, 49, 30, 11, 1]);
}
