//! Profiles of laws over all districts on official results that are kept beside this file: votes by district as the official
//! sources have them, and the seats that they led to.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use std::collections::BTreeMap;

use apportionment::tiers::{
    self, Region, TierAllocation, TierContest, TierLots, TierRules, TierStageResult,
};
use apportionment::{BaseCounts, District, DistrictedContest, DistrictedList, Outcome};
use election::districted::DistrictedRules;
use election::profile::Profile;

/// A file of results: `lists` names the lists; `votes` has district, region, seats, valid votes, and votes of the lists; the
/// other rows are official results by the word that they begin with.
struct Results {
    lists: Vec<String>,
    districts: Vec<String>,
    contest: TierContest,
    rows: Vec<Vec<String>>,
}

fn numbers<T: std::str::FromStr>(fields: &[String]) -> Vec<T> {
    let numbers = fields.iter().map(|field| field.parse());
    numbers.collect::<Result<_, _>>().ok().unwrap()
}

impl Results {
    fn of(text: &str, further: &[(&str, u32)]) -> Self {
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        let mut rows: Vec<Vec<String>> = rows
            .map(|line| line.split(',').map(str::to_owned).collect())
            .collect();
        let lists = rows.remove(0)[4..].to_vec();
        let (votes, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row[0] == "votes");
        let district = |row: &Vec<String>| District {
            seats: row[3].parse().unwrap(),
            votes: numbers(&row[5..]),
            base: BaseCounts {
                valid_votes: Some(row[4].parse().unwrap()),
                ..BaseCounts::default()
            },
            candidates: Vec::new(),
        };
        let regions = further.iter().filter(|(name, _)| !name.is_empty());
        let region = |(name, further_seats): &(&str, u32)| Region {
            districts: (0..votes.len())
                .filter(|&one| votes[one][2] == *name)
                .collect(),
            further_seats: *further_seats,
        };
        let contest = TierContest {
            districted: DistrictedContest {
                lists: vec![DistrictedList::default(); lists.len()],
                districts: votes.iter().map(district).collect(),
            },
            further_seats: further.iter().map(|(_, seats)| seats).sum(),
            regions: regions.map(region).collect(),
            ..TierContest::default()
        };
        Self {
            districts: votes.iter().map(|row| row[1].clone()).collect(),
            lists,
            contest,
            rows,
        }
    }

    /// Official numbers by list of the one row that begins with this word.
    fn by_list(&self, word: &str) -> Vec<u32> {
        let mut rows = self.rows.iter().filter(|row| row[0] == word);
        let row = rows.next().unwrap();
        assert!(rows.next().is_none());
        let numbers = numbers(&row[5..]);
        assert_eq!(numbers.len(), self.lists.len());
        numbers
    }

    /// Official numbers of every district, of the rows that begin with this word.
    fn by_district(&self, word: &str, first: usize) -> Vec<Vec<u32>> {
        let rows = self.rows.iter().filter(|row| row[0] == word);
        let rows: BTreeMap<&String, Vec<u32>> =
            rows.map(|row| (&row[1], numbers(&row[first..]))).collect();
        let rows = self.districts.iter().map(|district| rows[district].clone());
        rows.collect()
    }
}

fn rules(name: &str) -> TierRules {
    match DistrictedRules::of(&Profile::named(name).unwrap().law.rules) {
        Some(DistrictedRules::Tiers(rules)) => rules,
        _ => panic!("{name} is of tiers"),
    }
}

fn settled(contest: &TierContest, name: &str) -> TierAllocation {
    let (rules, lots) = (rules(name), TierLots::default());
    let allocation = tiers::allocate(contest, &rules, &lots).unwrap();
    assert_eq!(tiers::verify(contest, &rules, &lots, &allocation), Ok(()));
    assert_eq!(allocation.outcome, Outcome::Settled);
    allocation
}

/// Seats of districts, in all.
fn of_districts(seats: &[Vec<u32>]) -> Vec<u32> {
    seats.iter().map(|line| line.iter().sum()).collect()
}

const DANISH_REGIONS: [(&str, u32); 3] = [
    ("hovedstaden", 11),
    ("sjaelland-syddanmark", 15),
    ("midtjylland-nordjylland", 14),
];

/// Constituency and supplementary seats of every party in every constituency.
#[test]
fn denmark_2019() {
    let results = Results::of(include_str!("results/dk-2019.csv"), &DANISH_REGIONS);
    let allocation = settled(&results.contest, "dk-folketing");
    let official = results.by_district("seats", 5);
    assert_eq!(allocation.seats, official);
    assert_eq!(of_districts(&official).iter().sum::<u32>(), 175);
}

/// A party won 50 constituency seats where 49 were due to it: it kept them, and the others shared 125 anew.
#[test]
fn denmark_2022() {
    let results = Results::of(include_str!("results/dk-2022.csv"), &DANISH_REGIONS);
    let allocation = settled(&results.contest, "dk-folketing");
    assert_eq!(allocation.list_seats(), results.by_list("due"));
    let Some(TierStageResult::Whole(house)) = allocation.stages.get(1) else {
        panic!("the house is the second stage");
    };
    assert_eq!((results.lists[0].as_str(), house.rounds.len()), ("A", 2));
    assert_eq!(house.rounds[0].leaving, [0]);
    assert_eq!(house.rounds[0].allocation.lists[0].seats, 49);
    assert_eq!(house.rounds[1].allocation.house, 125);
}

fn sweden(text: &str) -> Results {
    let results = Results::of(text, &[("", 39)]);
    let allocation = settled(&results.contest, "se-riksdag");
    assert_eq!(allocation.list_seats(), results.by_list("due"));
    let official = results.by_district("district", 4).concat();
    assert_eq!(of_districts(&allocation.seats), official);

    // By 1.2 for a first adjustment seat, as a profile once had it from memory, seats go elsewhere.
    let mut wrong = rules("se-riksdag");
    let tiers::TierStage::Place(placement) = wrong.stages.last_mut().unwrap() else {
        panic!("seats are placed last");
    };
    placement.series.first = apportionment::Fraction::new(12, 10);
    let wrong = tiers::allocate(&results.contest, &wrong, &TierLots::default()).unwrap();
    assert_ne!(of_districts(&wrong.seats), official);
    results
}

#[test]
fn sweden_2022() {
    sweden(include_str!("results/se-2022.csv"));
}

#[test]
fn sweden_2026() {
    let results = sweden(include_str!("results/se-2026.csv"));
    let allocation = settled(&results.contest, "se-riksdag");
    let Some(TierStageResult::Districts(fixed)) = allocation.stages.first() else {
        panic!("fixed seats come first");
    };
    let of = |list: usize| {
        let seats = fixed
            .iter()
            .map(move |one| one.allocation.lists[list].seats);
        seats.sum()
    };
    let fixed: Vec<u32> = (0..results.lists.len()).map(of).collect();
    assert_eq!(fixed, results.by_list("fixed"));
}

/// Personal and district mandates of every party in every district, and all with compensation.
#[test]
fn estonia_2019() {
    let results = Results::of(include_str!("results/ee-2019.csv"), &[]);
    let allocation = settled(&results.contest, "ee-riigikogu");
    assert_eq!(allocation.seats, results.by_district("seats", 5));
    assert_eq!(allocation.list_seats(), results.by_list("due"));
    assert_eq!(allocation.list_seats().iter().sum::<u32>(), 101);
}

/// The reader does not pass over what it does not understand.
#[test]
#[should_panic(expected = "unwrap")]
fn a_result_that_is_no_number_is_not_passed_over() {
    Results::of("lists,,,,A\nvotes,one,,3,10,ten\n", &[]);
}
