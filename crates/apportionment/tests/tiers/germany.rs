//! Germany 2025: a house that is shared out, and constituencies that are covered or not.

use super::*;

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
                surplus: Surplus::Kept,
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
        candidates: Vec::new(),
    };
    let (mut constituencies, mut elected) = (Vec::new(), Vec::new());
    for row in areas.iter().filter(|row| row[0].len() == 3) {
        let votes: Vec<u64> = columns.iter().map(|&column| number(row, column)).collect();
        constituencies.push(Constituency {
            district: states.iter().position(|state| state[0] == row[2]).unwrap(),
            other_votes: number(row, VALID_FIRST) - votes.iter().sum::<u64>(),
            votes,
            drawn: None,
            other_most: 0,
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
        ..TierContest::default()
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
    let allocation = agree(&contest, &germany(), &TierLots::default());
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

/// Every elected person of Germany 2025 has a rank within the seats of the party in the state.
#[test]
fn covered_constituencies_of_germany_2025_step_by_step() {
    let Some((contest, _, elected)) = germany_2025() else {
        return;
    };
    let rules = germany();
    let allocation = agree(&contest, &rules, &TierLots::default());
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

/// Fewer than three constituencies and less than 5%: a party is out, and with three it is in.
#[test]
fn three_constituencies_waive_the_threshold() {
    let constituency = |votes: &[u64], drawn| Constituency {
        district: 0,
        votes: votes.to_vec(),
        drawn,
        ..Constituency::default()
    };
    let mut contest = TierContest {
        districted: DistrictedContest::with_votes(&[(0, &[900, 60, 40])]),
        further_seats: 100,
        constituencies: vec![
            constituency(&[1, 2, 3], None),
            constituency(&[1, 2, 3], None),
            constituency(&[1, 2, 2], None),
        ],
        ..TierContest::default()
    };
    contest.districted.districts[0].base.valid_votes = Some(1000);
    // Whether the third party has won three hangs on a lot: nothing is known before.
    let open = agree(&contest, &germany(), &TierLots::default());
    assert_eq!((open.outcome, open.pending), (Outcome::Tied, 100));
    contest.constituencies[2].drawn = Some(FirstPlace::List(1));
    assert_eq!(
        agree(&contest, &germany(), &TierLots::default()).list_seats(),
        [94, 6, 0]
    );
    contest.constituencies[2].drawn = Some(FirstPlace::List(2));
    assert_eq!(
        agree(&contest, &germany(), &TierLots::default()).list_seats(),
        [90, 6, 4]
    );
    // A lot between others is none.
    contest.constituencies[2].drawn = Some(FirstPlace::List(0));
    assert_eq!(
        agree(&contest, &germany(), &TierLots::default()).outcome,
        Outcome::Tied
    );
}
