//! Profiles of laws over all districts, on official results and on small contests that show each stage.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

#[path = "../../apportionment/tests/skipped/mod.rs"]
mod skipped;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use apportionment::double_proportional::DoubleProportional;
use apportionment::tiers::{
    Constituency, PersonVotes, Region, TierAllocation, TierContest, TierLots, TierRules,
};
use apportionment::{
    BaseCounts, Contest, District, DistrictedContest, DistrictedList, Outcome, allocate,
    double_proportional, tiers,
};
use election::allocation::engine_rules;
use election::districted::DistrictedRules;
use election::profile::Profile;
use skipped::skipped;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn read(file: &str) -> Option<String> {
    let path = Path::new(DATA).join(file);
    if !path.exists() {
        skipped(format_args!("{file} is not in the folder of data"));
        return None;
    }
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    if file.ends_with(".gz") {
        let mut decoder = flate2::read::GzDecoder::new(bytes.as_slice());
        decoder.read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    Some(text)
}

fn law(name: &str) -> DistrictedRules {
    DistrictedRules::of(&Profile::named(name).unwrap().law.rules).unwrap()
}

fn tier_rules(name: &str) -> TierRules {
    match law(name) {
        DistrictedRules::Tiers(rules) => rules,
        DistrictedRules::DoubleProportional(_) => panic!("{name} is of tiers"),
    }
}

fn double(name: &str) -> DoubleProportional {
    match law(name) {
        DistrictedRules::DoubleProportional(rules) => rules,
        DistrictedRules::Tiers(_) => panic!("{name} is double proportional"),
    }
}

fn settled(contest: &TierContest, name: &str) -> TierAllocation {
    settled_by(contest, &tier_rules(name))
}

fn settled_by(contest: &TierContest, rules: &TierRules) -> TierAllocation {
    let lots = TierLots::default();
    let allocation = tiers::allocate(contest, rules, &lots).unwrap();
    assert_eq!(tiers::verify(contest, rules, &lots, &allocation), Ok(()));
    assert_eq!(allocation.outcome, Outcome::Settled);
    allocation
}

/// Seats and votes of districts, all of them valid.
fn districted(districts: &[(u32, &[u64])]) -> DistrictedContest {
    let mut contest = DistrictedContest::with_votes(districts);
    for district in &mut contest.districts {
        district.base = valid(district.votes.iter().sum());
    }
    contest
}

fn valid(votes: u64) -> BaseCounts {
    BaseCounts {
        valid_votes: Some(votes),
        ..BaseCounts::default()
    }
}

#[test]
fn poland_2019() {
    let Some(text) = read("poland2019/sejm2019_stations.csv.gz") else {
        return;
    };
    let mut districts: BTreeMap<usize, (u32, Vec<u64>)> = BTreeMap::new();
    let mut names = vec![String::new(); 10];
    for line in text.lines().skip(1) {
        let (mut first, mut last) = (line.split(','), line.rsplit(','));
        let district = first.next().unwrap().parse().unwrap();
        let seats = first.next().unwrap().parse().unwrap();
        let votes: u64 = last.next().unwrap().parse().unwrap();
        let committee = last.next().unwrap();
        let list: usize = last.next().unwrap().parse().unwrap();
        let entry = districts
            .entry(district)
            .or_insert_with(|| (seats, vec![0; 10]));
        entry.1[list - 1] += votes;
        names[list - 1] = committee.to_owned();
    }
    let list = |name: &String| DistrictedList {
        coalition_size: if name.starts_with("KOALICYJNY") { 2 } else { 1 },
        exempt: name.contains("MNIEJSZOŚĆ NIEMIECKA"),
        ..DistrictedList::default()
    };
    let rows: Vec<(u32, &[u64])> = districts
        .values()
        .map(|(seats, votes)| (*seats, votes.as_slice()))
        .collect();
    let contest = TierContest {
        districted: DistrictedContest {
            lists: names.iter().map(list).collect(),
            ..districted(&rows)
        },
        ..TierContest::default()
    };
    let house = settled(&contest, "pl-sejm");
    assert_eq!(house.list_seats(), [30, 235, 49, 11, 134, 0, 0, 0, 0, 1]);

    let rules = engine_rules(
        &Profile::named("pl-sejm-district").unwrap().law.rules,
        false,
    );
    let passing: Vec<usize> = (0..10)
        .filter(|&list| house.list_seats()[list] > 0)
        .collect();
    assert_eq!(house.seats.len(), 41);
    for (district, expected) in contest.districted.districts.iter().zip(&house.seats) {
        let votes: Vec<u64> = passing.iter().map(|&list| district.votes[list]).collect();
        let alone = Contest::with_votes(district.seats, &votes);
        let allocation = allocate(&alone, &rules, &[]).unwrap();
        assert_eq!(allocation.outcome, Outcome::Settled);
        let expected: Vec<u32> = passing.iter().map(|&list| expected[list]).collect();
        assert_eq!(allocation.seats(), expected);
    }
    // Official in Warsaw: PSL with less than 5% there has one seat, SLD three.
    let warsaw = districts.keys().position(|&number| number == 19).unwrap();
    assert_eq!(house.seats[warsaw][0], 1);
    assert_eq!(house.seats[warsaw][2], 3);
}

/// Estonia with one silent district: its mandates are nobody's yet, and no compensation is shared.
#[test]
fn a_silent_district_of_estonia_keeps_its_mandates() {
    let contest = TierContest {
        districted: districted(&[(5, &[60, 40]), (5, &[40, 60]), (5, &[0, 0])]),
        ..TierContest::default()
    };
    let rules = tier_rules("ee-riigikogu");
    let lots = TierLots::default();
    let allocation = tiers::allocate(&contest, &rules, &lots).unwrap();
    assert_eq!(tiers::verify(&contest, &rules, &lots, &allocation), Ok(()));
    assert_eq!(allocation.outcome, Outcome::NoneYet);
    assert_eq!(allocation.seats, [[3, 2], [2, 3], [0, 0]]);
    assert_eq!((allocation.pending, allocation.stages.len()), (5, 2));
}

#[test]
fn germany_2025() {
    let Some(text) = read("germany2025/kerg.csv") else {
        return;
    };
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(';').collect()).collect();
    let header = &rows[5];
    let columns: Vec<usize> = (20..header.len())
        .filter(|&column| !header[column].is_empty() && header[column] != "Übrige")
        .collect();
    let number = |row: &[&str], column: usize| row[column].parse::<u64>().unwrap_or(0);
    let areas: Vec<&Vec<&str>> = rows[8..].iter().filter(|row| row.len() > 20).collect();
    let mut states: Vec<&Vec<&str>> = areas.iter().copied().filter(|row| row[2] == "99").collect();
    states.sort_by_key(|row| row[0]);
    let district = |row: &&Vec<&str>| District {
        votes: columns.iter().map(|&one| number(row, one + 2)).collect(),
        base: valid(number(row, 18)),
        ..District::default()
    };
    let constituency = |row: &&Vec<&str>| {
        let votes: Vec<u64> = columns.iter().map(|&one| number(row, one)).collect();
        Constituency {
            district: states.iter().position(|state| state[0] == row[2]).unwrap(),
            other_votes: number(row, 16) - votes.iter().sum::<u64>(),
            votes,
            ..Constituency::default()
        }
    };
    let list = |column: &usize| DistrictedList {
        exempt: header[*column] == "Südschleswigscher Wählerverband",
        ..DistrictedList::default()
    };
    let contest = TierContest {
        districted: DistrictedContest {
            lists: columns.iter().map(list).collect(),
            districts: states.iter().map(district).collect(),
        },
        further_seats: 630,
        constituencies: areas
            .iter()
            .filter(|row| row[0].len() == 3)
            .map(constituency)
            .collect(),
        ..TierContest::default()
    };
    let mut seats = settled(&contest, "de-bundestag-2025").list_seats();
    seats.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(seats[..8], [164, 152, 120, 85, 64, 44, 1, 0]);
}

#[test]
fn czechia_2021() {
    let Some(text) = read("others/cz_psp_2021.csv") else {
        return;
    };
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(';').collect()).collect();
    let (header, rows) = rows.split_first().unwrap();
    let list = |row: &Vec<&str>| DistrictedList {
        coalition_size: match row[0] {
            "SPOLU" => 3,
            name if name.contains("STAN") => 2,
            _ => 1,
        },
        ..DistrictedList::default()
    };
    let district = |region: usize| District {
        votes: rows
            .iter()
            .map(|row| row[region].parse().unwrap())
            .collect(),
        ..District::default()
    };
    let contest = TierContest {
        districted: DistrictedContest {
            lists: rows.iter().map(list).collect(),
            districts: (1..header.len()).map(district).collect(),
        },
        further_seats: 200,
        ..TierContest::default()
    };
    let mut seats = settled(&contest, "cz-2021").list_seats();
    seats.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(seats[..5], [72, 71, 37, 20, 0]);
}

#[test]
fn zug_2018() {
    let Some(text) = read("zug2018/zug2018.csv") else {
        return;
    };
    let mut municipalities: Vec<(String, u32, [u64; 7], [u32; 7])> = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        if municipalities.last().is_none_or(|last| last.0 != fields[0]) {
            let seats = fields[1].parse().unwrap();
            municipalities.push((fields[0].to_owned(), seats, [0; 7], [0; 7]));
        }
        let list: usize = fields[4].parse().unwrap();
        let last = municipalities.last_mut().unwrap();
        last.2[list - 1] = fields[6].parse().unwrap();
        last.3[list - 1] = fields[7].parse().unwrap();
    }
    let rows: Vec<(u32, &[u64])> = municipalities
        .iter()
        .map(|one| (one.1, &one.2[..]))
        .collect();
    let contest = DistrictedContest::with_votes(&rows);
    let seats = |name| {
        let allocation = double_proportional::allocate(&contest, &double(name), &[], &[]).unwrap();
        allocation.lower.unwrap().seats
    };
    let official: Vec<Vec<u32>> = municipalities.iter().map(|one| one.3.to_vec()).collect();
    assert_eq!(seats("ch-zug"), official);
    // Zurich's quorum, 5% in one constituency alone, lets the same lists in here.
    assert_eq!(seats("ch-zurich"), official);
}

/// The canton's and the city's own elections, as the program of the canton of St. Gallen holds them: quorum, seats of lists
/// and seats of lists in constituencies.
#[test]
fn zurich_by_its_profile() {
    let Some(text) = read("cases/ausmittlung.json") else {
        return;
    };
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    let own = "double_proportional_quorum_5pct_one_district";
    let (mut seen, mut below) = (0, 0);
    for case in cases.filter(|case| case["method"] == own) {
        let votes: Vec<Vec<Option<u64>>> = serde_json::from_value(case["votes"].clone()).unwrap();
        let seats: Vec<u32> = serde_json::from_value(case["district_seats"].clone()).unwrap();
        let votes: Vec<Vec<u64>> = { votes.into_iter() }
            .map(|line| line.into_iter().map(Option::unwrap_or_default).collect())
            .collect();
        let rows: Vec<(u32, &[u64])> = { seats.iter().copied() }
            .zip(votes.iter().map(Vec::as_slice))
            .collect();
        let contest = DistrictedContest::with_votes(&rows);
        let rules = double("ch-zurich");
        let found = double_proportional::allocate(&contest, &rules, &[], &[]).unwrap();
        let checked = double_proportional::verify(&contest, &rules, &[], &[], &found);
        assert_eq!(checked, Ok(()));
        let expected = &case["expected"];
        assert_eq!(serde_json::json!(found.quorum), expected["quorum_reached"]);
        assert_eq!(
            serde_json::json!(found.upper.seats()),
            expected["super_seats"]
        );
        below += found.quorum.iter().filter(|reached| !**reached).count();
        let lower = &expected["sub"][0];
        if let (Some(found_lower), true) = (&found.lower, lower["State"] != 1) {
            let matrix: Vec<Vec<u32>> =
                serde_json::from_value(lower["NumberOfMandatesExclLotDecisionMatrix"].clone())
                    .unwrap();
            // Columns are of all lists, or of those that reached the quorum.
            let all = matrix[0].len() == found.quorum.len();
            let columns = |line: &Vec<u32>| -> Vec<u32> {
                let lists = line.iter().zip(&found.quorum);
                lists
                    .filter(|(_, reached)| all || **reached)
                    .map(|(seats, _)| *seats)
                    .collect()
            };
            let seats: Vec<Vec<u32>> = found_lower.seats.iter().map(columns).collect();
            assert_eq!(seats, matrix, "{}", case["id"]);
        }
        seen += 1;
    }
    assert_eq!(seen, 4);
    assert!(below > 0, "a list below the quorum");
}

/// Two counties and a levelling seat each: 1.4 first, 4% above, relative quotients.
#[test]
fn norway_in_small() {
    let mut contest = TierContest {
        districted: districted(&[(3, &[600, 250, 90]), (3, &[500, 320, 120])]),
        further_seats: 2,
        ..TierContest::default()
    };
    let seats = settled(&contest, "no-storting");
    assert_eq!(
        seats
            .seats
            .iter()
            .map(|line| line.iter().sum::<u32>())
            .collect::<Vec<_>>(),
        [4, 4]
    );
    assert_eq!(seats.list_seats(), [5, 2, 1]);
    // Below 4% of the country there is no levelling seat.
    contest.districted = districted(&[(3, &[600, 250, 30]), (3, &[500, 320, 30])]);
    assert_eq!(settled(&contest, "no-storting").list_seats(), [5, 3, 0]);
}

/// A list with 12% of one constituency wins there alone; adjustment seats go to lists of 4%.
#[test]
fn sweden_in_small() {
    let contest = TierContest {
        districted: districted(&[
            (5, &[400, 300, 130, 20]),
            (5, &[4_000, 4_500, 60, 300]),
            (5, &[4_300, 4_000, 70, 250]),
        ]),
        further_seats: 3,
        ..TierContest::default()
    };
    let allocation = settled(&contest, "se-riksdag");
    assert_eq!(allocation.list_seats().iter().sum::<u32>(), 18);
    // The third list has 1.4% of the country and 15% of the first constituency: one seat there, and none elsewhere.
    let third: Vec<u32> = allocation.seats.iter().map(|line| line[2]).collect();
    assert_eq!(third, [1, 0, 0]);
    assert_eq!(allocation.list_seats()[3], 0);
}

/// Constituency seats by D'Hondt, the country by Hare, supplementary seats in regions and inside them.
#[test]
fn denmark_in_small() {
    let region = |districts: &[usize], further_seats| Region {
        districts: districts.to_vec(),
        further_seats,
    };
    let contest = TierContest {
        districted: districted(&[
            (3, &[600, 350, 40]),
            (2, &[500, 300, 60]),
            (3, &[400, 500, 50]),
        ]),
        further_seats: 4,
        regions: vec![region(&[0, 1], 2), region(&[2], 2)],
        ..TierContest::default()
    };
    let allocation = settled(&contest, "dk-folketing");
    // 12 seats of 2,800 votes: 6.43, 4.93 and 0.64.
    assert_eq!(allocation.list_seats(), [6, 5, 1]);
    let of_districts: Vec<u32> = allocation
        .seats
        .iter()
        .map(|line| line.iter().sum())
        .collect();
    assert_eq!((of_districts[0] + of_districts[1], of_districts[2]), (7, 5));
}

/// A state of two regional constituencies and one of a single one, and the country above them.
#[test]
fn austria_in_small() {
    let region = |districts: &[usize]| Region {
        districts: districts.to_vec(),
        further_seats: 0,
    };
    let contest = TierContest {
        districted: districted(&[
            (6, &[3_300, 1_900, 600, 200]),
            (4, &[1_700, 2_050, 350, 100]),
            (4, &[1_900, 1_500, 500, 90]),
        ]),
        regions: vec![region(&[0, 1]), region(&[2])],
        ..TierContest::default()
    };
    let allocation = settled(&contest, "at-nationalrat");
    assert_eq!(allocation.seats, [[3, 1, 0, 0], [1, 2, 0, 0], [1, 1, 0, 0]]);
    assert_eq!(allocation.list_seats(), [7, 6, 1, 0]);
}

/// A person alone with a quota, quotas of lists with three quarters for one more, and compensation.
#[test]
fn estonia_in_small() {
    let contest = TierContest {
        districted: districted(&[
            (6, &[2_760, 1_740, 280, 1_220]),
            (14, &[7_100, 6_200, 700, 0]),
            (10, &[5_400, 4_600, 0, 0]),
        ]),
        persons: vec![PersonVotes {
            district: 0,
            list: Some(3),
            votes: 1_220,
        }],
        ..TierContest::default()
    };
    // The person alone has 4.1% of the country, the third list 3.3%.
    let allocation = settled(&contest, "ee-riigikogu");
    assert_eq!(allocation.seats, [[3, 1, 0, 1], [7, 6, 0, 0], [5, 4, 0, 0]]);
    assert_eq!(allocation.house_seats, [1, 2, 0, 0]);
    assert_eq!(allocation.list_seats(), [16, 13, 0, 1]);
}
