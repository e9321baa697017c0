//! Seats in tiers of real elections: official seats of Norway 2021, Poland 2019 and Germany 2025, exactly.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use apportionment::tiers::{
    Admission, Constituency, Placement, TierAllocation, TierContest, TierLots, TierRules,
    TierStage, TierStageResult, TierSteps, allocate, explain, verify,
};
use apportionment::*;
use flate2::read::GzDecoder;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn read(file: &str) -> Option<String> {
    let path = Path::new(DATA).join(file);
    if !path.exists() {
        eprintln!("skipped: {file} is not in the folder of data");
        return None;
    }
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    if file.ends_with(".gz") {
        GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    Some(text)
}

fn checked(contest: &TierContest, rules: &TierRules) -> TierAllocation {
    let lots = TierLots::default();
    let allocation = allocate(contest, rules, &lots).unwrap();
    assert_eq!(verify(contest, rules, &lots, &allocation), Ok(()));
    let given: u32 = allocation.seats.iter().flatten().sum();
    assert_eq!(
        u64::from(given + allocation.pending + allocation.unassigned),
        contest.house()
    );
    allocation
}

/// Norway, Election Act of 2002, chapter 11: 1.4, 3, 5, ... in counties and in the house, 4% for levelling seats.
fn norway() -> TierRules {
    let chain = vec![Stage::all(Method::MODIFIED_SAINTE_LAGUE)];
    let four_percent = Threshold {
        base: ThresholdBase::ValidVotes,
        ..Threshold::of_list_votes(4, 100)
    };
    TierRules {
        stages: vec![
            TierStage::Districts {
                admission: Admission::default(),
                chain: chain.clone(),
            },
            TierStage::Whole {
                admission: Admission {
                    overall: Some(four_percent),
                    ..Admission::default()
                },
                chain,
            },
            TierStage::Place(Placement::NORWAY),
        ],
        ties: vec![TieBreak::MoreVotes, TieBreak::Lot],
    }
}

/// A county at a snapshot: votes, seats and levelling seats by party, and votes that are no list's.
#[derive(Default)]
struct County {
    parties: BTreeMap<String, (u64, u32, u32)>,
    blank: u64,
}

/// Counties by snapshot and name.
fn norwegian_counties() -> Option<BTreeMap<String, BTreeMap<String, County>>> {
    let text = read("norway2021/fylke.csv.gz")?;
    let mut snapshots: BTreeMap<String, BTreeMap<String, County>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (county, snapshot, party) = (fields[1], fields[2], fields[12]);
        // The rows of the small parties together say their seats once more.
        if party.starts_with("Andre") {
            continue;
        }
        let county = snapshots
            .entry(snapshot.to_owned())
            .or_default()
            .entry(county.to_owned())
            .or_default();
        let number = |field: usize| fields[field].parse::<u32>().unwrap_or(0);
        let votes = fields[13].parse().unwrap();
        if party == "BLANKE" {
            county.blank = votes;
        } else {
            county
                .parties
                .insert(party.to_owned(), (votes, number(16), number(17)));
        }
    }
    Some(snapshots)
}

fn norwegian_contest(
    counties: &BTreeMap<String, County>,
    seats: &BTreeMap<&str, u32>,
) -> (Vec<String>, TierContest) {
    let parties: BTreeSet<String> = counties
        .values()
        .flat_map(|county| county.parties.keys().cloned())
        .collect();
    let parties: Vec<String> = parties.into_iter().collect();
    let district = |(name, county): (&String, &County)| {
        let votes: Vec<u64> = parties
            .iter()
            .map(|party| county.parties.get(party).map_or(0, |row| row.0))
            .collect();
        let valid = votes.iter().sum::<u64>() + county.blank;
        District {
            seats: seats[name.as_str()],
            votes,
            base: BaseCounts {
                valid_votes: Some(valid),
                ..BaseCounts::default()
            },
        }
    };
    let districts = counties.iter().map(district).collect();
    let contest = TierContest {
        districted: DistrictedContest {
            lists: vec![DistrictedList::default(); parties.len()],
            districts,
        },
        further_seats: 19,
        constituencies: Vec::new(),
    };
    (parties, contest)
}

#[test]
fn norway_2021_counties_at_every_snapshot_and_levelling_seats_at_the_end() {
    let Some(snapshots) = norwegian_counties() else {
        return;
    };
    let (_, last) = snapshots.last_key_value().unwrap();
    let own_seats: BTreeMap<&str, u32> = last
        .iter()
        .map(|(name, county)| {
            (
                name.as_str(),
                county.parties.values().map(|row| row.1 - row.2).sum(),
            )
        })
        .collect();
    assert_eq!(own_seats.values().sum::<u32>(), 150);
    let (mut counties_checked, mut levelled) = (0, 0);
    for (snapshot, counties) in &snapshots {
        let (parties, contest) = norwegian_contest(counties, &own_seats);
        let allocation = checked(&contest, &norway());
        let TierStageResult::Districts(districts) = &allocation.stages[0] else {
            panic!("the counties come first");
        };
        for (result, (name, county)) in districts.iter().zip(counties) {
            let expected: Vec<u32> = parties
                .iter()
                .map(|party| county.parties.get(party).map_or(0, |row| row.1 - row.2))
                .collect();
            if result.allocation.outcome == Outcome::NoneYet {
                assert_eq!(expected.iter().sum::<u32>(), 0, "{name} at {snapshot}");
                continue;
            }
            assert_eq!(result.allocation.seats(), expected, "{name} at {snapshot}");
            counties_checked += 1;
        }
        let all: Vec<Vec<u32>> = counties
            .values()
            .map(|county| {
                parties
                    .iter()
                    .map(|party| county.parties.get(party).map_or(0, |row| row.1))
                    .collect()
            })
            .collect();
        if allocation.seats == all && allocation.outcome == Outcome::Settled {
            levelled += 1;
        }
    }
    assert_eq!(counties_checked, 84 * 19);
    assert_eq!(
        levelled, 84,
        "snapshots with the state's own levelling seats"
    );
}

/// Poland, Electoral Code of 2011: D'Hondt in each district; 5% of the valid votes of the country, 8% for coalitions,
/// committees of national minorities freed.
fn poland() -> TierRules {
    let threshold = Threshold {
        base: ThresholdBase::ValidVotes,
        by_coalition_size: vec![CoalitionShare {
            size_min: 2,
            share: Fraction::new(8, 100),
        }],
        ..Threshold::of_list_votes(5, 100)
    };
    TierRules {
        stages: vec![TierStage::Districts {
            admission: Admission {
                overall: Some(threshold),
                ..Admission::default()
            },
            chain: vec![Stage::all(Method::D_HONDT)],
        }],
        ties: vec![TieBreak::MoreVotes, TieBreak::Lot],
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
        // A name can hold a comma, in quotes: district and seats are the first two fields, the list's are the last three.
        let mut first = line.split(',');
        let mut last = line.rsplit(',');
        let (district, seats) = (
            first.next().unwrap().parse().unwrap(),
            first.next().unwrap(),
        );
        let votes: u64 = last.next().unwrap().parse().unwrap();
        let committee = last.next().unwrap();
        let list: usize = last.next().unwrap().parse().unwrap();
        let entry = districts
            .entry(district)
            .or_insert_with(|| (seats.parse().unwrap(), vec![0; 10]));
        entry.1[list - 1] += votes;
        names[list - 1] = committee.to_owned();
    }
    let list = |name: &String| DistrictedList {
        coalition_size: if name.starts_with("KOALICYJNY") { 2 } else { 1 },
        exempt: name.contains("MNIEJSZOŚĆ NIEMIECKA"),
        ..DistrictedList::default()
    };
    let district = |(seats, votes): (u32, Vec<u64>)| District {
        seats,
        base: BaseCounts {
            valid_votes: Some(votes.iter().sum()),
            ..BaseCounts::default()
        },
        votes,
    };
    let contest = TierContest {
        districted: DistrictedContest {
            lists: names.iter().map(list).collect(),
            districts: districts.into_values().map(district).collect(),
        },
        ..TierContest::default()
    };
    assert_eq!(
        (contest.house(), contest.districted.districts.len()),
        (460, 41)
    );
    let allocation = checked(&contest, &poland());
    // By number of the list: PSL, PiS, SLD, Konfederacja, KO, and the German minority as number 10.
    assert_eq!(
        allocation.list_seats(),
        [30, 235, 49, 11, 134, 0, 0, 0, 0, 1]
    );
    assert_eq!(allocation.outcome, Outcome::Settled);
}

/// Germany, Federal Election Act as of 2023: Sainte-Laguë for the house and inside each party, 5% of the valid second votes
/// or three constituencies (Federal Constitutional Court, 30 July 2024) or a national minority, constituencies covered.
fn germany() -> TierRules {
    let chain = vec![Stage::all(Method::SAINTE_LAGUE)];
    let threshold = Threshold {
        base: ThresholdBase::ValidVotes,
        ..Threshold::of_list_votes(5, 100)
    };
    TierRules {
        stages: vec![
            TierStage::Whole {
                admission: Admission {
                    overall: Some(threshold),
                    constituencies_won: Some(3),
                    ..Admission::default()
                },
                chain: chain.clone(),
            },
            TierStage::Shares { chain },
            TierStage::Cover,
        ],
        ties: vec![TieBreak::Lot],
    }
}

/// The contest, the names of the parties, and by constituency the name of the party that the Federal Returning Officer
/// declares elected there, if any.
fn germany_2025() -> Option<(TierContest, Vec<String>, Vec<Option<String>>)> {
    const VALID_FIRST: usize = 16;
    const VALID_SECOND: usize = 18;
    const PARTIES: usize = 20;
    let text = read("germany2025/kerg.csv")?;
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(';').collect()).collect();
    let header = &rows[5];
    let columns: Vec<usize> = (PARTIES..header.len())
        .filter(|&column| !header[column].is_empty() && header[column] != "Übrige")
        .collect();
    let names: Vec<String> = columns
        .iter()
        .map(|&column| header[column].to_owned())
        .collect();
    let number = |row: &[&str], column: usize| row[column].parse::<u64>().unwrap_or(0);
    let areas: Vec<&Vec<&str>> = rows[8..].iter().filter(|row| row.len() > PARTIES).collect();
    let mut states: Vec<&Vec<&str>> = areas.iter().copied().filter(|row| row[2] == "99").collect();
    states.sort_by_key(|row| row[0]);
    let district = |row: &&Vec<&str>| District {
        seats: 0,
        votes: columns
            .iter()
            .map(|&column| number(row, column + 2))
            .collect(),
        base: BaseCounts {
            valid_votes: Some(number(row, VALID_SECOND)),
            ..BaseCounts::default()
        },
    };
    let (mut constituencies, mut elected) = (Vec::new(), Vec::new());
    for row in areas.iter().filter(|row| row[0].len() == 3) {
        let votes: Vec<u64> = columns.iter().map(|&column| number(row, column)).collect();
        constituencies.push(Constituency {
            district: states.iter().position(|state| state[0] == row[2]).unwrap(),
            other_votes: number(row, VALID_FIRST) - votes.iter().sum::<u64>(),
            votes,
            drawn: None,
        });
        elected.push((row[3] != "–").then(|| row[3].to_owned()));
    }
    let list = |name: &String| DistrictedList {
        exempt: name == "Südschleswigscher Wählerverband",
        ..DistrictedList::default()
    };
    let contest = TierContest {
        districted: DistrictedContest {
            lists: names.iter().map(list).collect(),
            districts: states.iter().map(district).collect(),
        },
        further_seats: 630,
        constituencies,
    };
    Some((contest, names, elected))
}

#[test]
fn germany_2025_seats_and_constituencies() {
    let Some((contest, names, elected)) = germany_2025() else {
        return;
    };
    assert_eq!(
        (
            contest.districted.districts.len(),
            contest.constituencies.len()
        ),
        (16, 299)
    );
    let allocation = checked(&contest, &germany());
    assert_eq!(allocation.outcome, Outcome::Settled);
    let seats: BTreeMap<&str, u32> = names
        .iter()
        .map(String::as_str)
        .zip(allocation.list_seats())
        .filter(|(_, seats)| *seats > 0)
        .collect();
    let official = [
        ("Alternative für Deutschland", 152),
        ("BÜNDNIS 90/DIE GRÜNEN", 85),
        ("Christlich Demokratische Union Deutschlands", 164),
        ("Christlich-Soziale Union in Bayern e.V.", 44),
        ("Die Linke", 64),
        ("Sozialdemokratische Partei Deutschlands", 120),
        ("Südschleswigscher Wählerverband", 1),
    ];
    assert_eq!(seats, official.into_iter().collect());
    let Some(TierStageResult::Cover(cover)) = allocation.stages.last() else {
        panic!("constituencies come last");
    };
    let mut covered: Vec<Option<String>> = vec![None; elected.len()];
    for seat in cover.lines.iter().flat_map(|line| &line.covered) {
        covered[seat.place.constituency.unwrap()] = Some(names[seat.place.list].clone());
    }
    assert_eq!(covered, elected);
    let uncovered: usize = cover.lines.iter().map(|line| line.uncovered.len()).sum();
    assert_eq!(uncovered, 23);
}

/// Fewer than three constituencies and less than 5%: a party is out, and with three it is in.
#[test]
fn three_constituencies_waive_the_threshold() {
    let constituency = |votes: &[u64], drawn| Constituency {
        district: 0,
        votes: votes.to_vec(),
        other_votes: 0,
        drawn,
    };
    let mut contest = TierContest {
        districted: DistrictedContest::with_votes(&[(0, &[900, 60, 40])]),
        further_seats: 100,
        constituencies: vec![
            constituency(&[1, 2, 3], None),
            constituency(&[1, 2, 3], None),
            constituency(&[1, 2, 2], None),
        ],
    };
    contest.districted.districts[0].base.valid_votes = Some(1000);
    // Whether the third party has won three hangs on a lot: nothing is known before.
    let open = checked(&contest, &germany());
    assert_eq!((open.outcome, open.pending), (Outcome::Tied, 100));
    contest.constituencies[2].drawn = Some(1);
    assert_eq!(checked(&contest, &germany()).list_seats(), [94, 6, 0]);
    contest.constituencies[2].drawn = Some(2);
    assert_eq!(checked(&contest, &germany()).list_seats(), [90, 6, 4]);
    // A lot between others is none.
    contest.constituencies[2].drawn = Some(0);
    assert_eq!(checked(&contest, &germany()).outcome, Outcome::Tied);
}

/// The last levelling seats of Norway 2021 with the numbers that a clerk needs: votes over divisor, relative to the votes
/// for a seat of the county.
#[test]
fn levelling_seats_of_norway_2021_step_by_step() {
    let Some(snapshots) = norwegian_counties() else {
        return;
    };
    let (_, last) = snapshots.last_key_value().unwrap();
    let own_seats: BTreeMap<&str, u32> = last
        .iter()
        .map(|(name, county)| {
            (
                name.as_str(),
                county.parties.values().map(|row| row.1 - row.2).sum(),
            )
        })
        .collect();
    let (parties, contest) = norwegian_contest(last, &own_seats);
    let rules = norway();
    let allocation = checked(&contest, &rules);
    let steps = explain(&contest, &rules, &allocation);
    let [
        TierSteps::Parts(counties),
        TierSteps::Parts(rounds),
        TierSteps::Placed(placed),
    ] = steps.as_slice()
    else {
        panic!("counties, the house, levelling seats: {steps:?}");
    };
    assert_eq!((counties.len(), placed.len()), (19, 19));
    // Parties hold more than is due to them: the house is shared out anew without them.
    assert!(rounds.len() > 1);
    assert!(
        placed
            .iter()
            .zip(&placed[1..])
            .all(|(seat, next)| seat.next_in_line == Some(next.placed))
    );
    for step in placed {
        let county = &contest.districted.districts[step.placed.place.district];
        assert_eq!(step.votes, county.votes[step.placed.place.list]);
        assert_eq!(
            step.divisor,
            Ratio::new(2 * i128::from(step.seats_before) + 1, 1).unwrap()
        );
        let per_seat = step.votes_per_seat.unwrap();
        let key = Ratio::new(
            i128::from(step.votes) * i128::try_from(per_seat.denominator()).unwrap(),
            step.divisor.numerator().unsigned_abs() * per_seat.numerator().unsigned_abs(),
        );
        assert_eq!(key, Some(step.placed.key));
    }
    let party = |step: &apportionment::tiers::PlaceStep| parties[step.placed.place.list].as_str();
    let mut by_party: BTreeMap<&str, usize> = BTreeMap::new();
    for step in placed {
        *by_party.entry(party(step)).or_default() += 1;
    }
    let official = [("FRP", 4), ("H", 1), ("RØDT", 4), ("SV", 5), ("V", 5)];
    assert_eq!(by_party, official.into_iter().collect());
}

/// Every elected person of Germany 2025 has a rank within the seats of the party in the state.
#[test]
fn covered_constituencies_of_germany_2025_step_by_step() {
    let Some((contest, _, elected)) = germany_2025() else {
        return;
    };
    let rules = germany();
    let allocation = checked(&contest, &rules);
    let steps = explain(&contest, &rules, &allocation);
    let Some(TierSteps::Covered(persons)) = steps.last() else {
        panic!("constituencies come last");
    };
    assert_eq!(persons.len(), 299);
    for step in persons {
        let rank = u32::try_from(step.rank).unwrap();
        assert_eq!(step.covered, rank <= step.seats);
        assert_eq!(
            step.covered,
            elected[step.person.place.constituency.unwrap()].is_some()
        );
        assert_eq!(
            Ratio::new(i128::from(step.votes), step.valid),
            Some(step.person.key)
        );
    }
}
