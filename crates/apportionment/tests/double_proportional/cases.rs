//! Zug 2018, Zurich and other Swiss elections and test cases.

use super::*;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn read(file: &str) -> Option<String> {
    let path = Path::new(DATA).join(file);
    if !path.exists() {
        skipped(format_args!("{file} is not in the folder of data"));
        return None;
    }
    Some(std::fs::read_to_string(path).unwrap())
}

/// Zug 2018, seats as published by the canton: municipality, its seats, ..., list id, list, votes, official seats.
#[test]
fn zug_2018() {
    let Some(text) = read("zug2018/zug2018.csv") else {
        return;
    };
    let mut municipalities: Vec<(String, u32)> = Vec::new();
    let mut rows = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let name = fields[0].to_owned();
        if municipalities.last().is_none_or(|last| last.0 != name) {
            municipalities.push((name, fields[1].parse().unwrap()));
        }
        let list: usize = fields[4].parse().unwrap();
        let (votes, seats): (u64, u32) = (fields[6].parse().unwrap(), fields[7].parse().unwrap());
        rows.push((municipalities.len() - 1, list - 1, votes, seats));
    }
    let mut votes = vec![vec![0; 7]; municipalities.len()];
    let mut official = vec![vec![0; 7]; municipalities.len()];
    for (municipality, list, counted, seats) in rows {
        votes[municipality][list] = counted;
        official[municipality][list] = seats;
    }
    let seats: Vec<u32> = municipalities.iter().map(|(_, seats)| *seats).collect();
    let contest = contest_of(&votes, &seats);
    let rules = with_quorum(one_district_or_overall());
    let allocation = checked(&contest, &rules);
    let lower = allocation.lower.as_ref().unwrap();
    assert_eq!(lower.seats, official);
    assert_eq!(contest.seats(), 80);
    assert_eq!(allocation.outcome(), Outcome::Settled);
    // One municipality gives AuBü 3.4% of its votes, and the canton less than 1%.
    assert_eq!(
        allocation.quorum,
        [false, true, true, true, true, true, true]
    );
    // The steps say the same as the seats: the quotient is on the right side of both signposts.
    for line in explain(&contest, &rules, &allocation) {
        for cell in line.cells {
            let (whole, thousandths) = cell.quotient;
            let rounded = whole + u128::from(thousandths >= 500);
            assert_eq!(
                rounded,
                u128::from(cell.seats),
                "{line:?}",
                line = line.district
            );
            assert_eq!(cell.next_at, (2 * u64::from(cell.seats) + 1, 2));
        }
    }
}

#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    votes: Value,
    #[serde(default)]
    district_seats: Vec<u32>,
    #[serde(default)]
    list_seats: Vec<u32>,
    expected: Value,
}

impl Case {
    fn contest(&self) -> DistrictedContest {
        let votes: Vec<Vec<Option<u64>>> = serde_json::from_value(self.votes.clone()).unwrap();
        let votes: Vec<Vec<u64>> = votes
            .into_iter()
            .map(|line| line.into_iter().map(Option::unwrap_or_default).collect())
            .collect();
        contest_of(&votes, &self.district_seats)
    }

    fn expected<T: serde::de::DeserializeOwned>(&self, name: &str) -> T {
        serde_json::from_value(self.expected[name].clone()).unwrap()
    }
}

fn swiss_cases(kind: &str) -> Vec<Case> {
    let Some(text) = read("cases/ausmittlung.json") else {
        return Vec::new();
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let cases: Vec<Case> = serde_json::from_value(file["cases"].clone()).unwrap();
    cases.into_iter().filter(|case| case.kind == kind).collect()
}

/// Fourteen Swiss elections and test cases with quorum, upper and lower apportionment, and lots in both.
#[test]
fn swiss_double_proportional_cases() {
    let cases = swiss_cases("double_proportional");
    for case in &cases {
        check_double_case(case);
    }
    if !cases.is_empty() {
        let part = ("ausmittlung.json", "double proportional, with lots");
        page::hold(part, cases.len(), &[]);
    }
}

fn check_double_case(case: &Case) {
    let id = &case.id;
    let quorum = match case.method.as_str() {
        "double_proportional_quorum_5pct_one_district_or_3pct_total" => one_district_or_overall(),
        "double_proportional_quorum_5pct_one_district" => one_district(5),
        "double_proportional_single_district_no_quorum" => Quorum::default(),
        other => panic!("{id}: {other} is not known here"),
    };
    let (contest, rules) = (case.contest(), with_quorum(quorum));
    let allocation = checked(&contest, &rules);
    assert_eq!(
        allocation.quorum,
        case.expected::<Vec<bool>>("quorum_reached"),
        "{id}"
    );
    let variants: Vec<Vec<u32>> = case.expected("super_variants");
    let open: u32 = case.expected("super_seats_for_lot");
    assert_eq!(
        allocation.upper.seats(),
        case.expected::<Vec<u32>>("super_seats"),
        "{id}"
    );
    assert_eq!(allocation.upper.pending, open, "{id}");
    for (variant, seats) in variants.iter().enumerate() {
        // Each outcome of the lot, drawn; without a tie there is one, and no lot.
        let lots: Vec<Lot> = allocation
            .upper
            .open_ties()
            .map(|tie| Lot {
                stage: tie.at,
                lists: tie.open.clone(),
                seats_at_stake: tie.open_seats,
                winners: tie
                    .open
                    .iter()
                    .copied()
                    .filter(|&list| seats[list] > allocation.upper.lists[list].seats)
                    .collect(),
            })
            .collect();
        assert_eq!(lots.is_empty(), open == 0, "{id}");
        let drawn = checked_with(&contest, &rules, &lots, &[]);
        assert_eq!(&drawn.upper.seats(), seats, "{id}");
        assert!(drawn.upper.void_lots.is_empty(), "{id}");
        let lower = drawn.lower.as_ref().unwrap();
        if let Some(expected) = case.expected["sub"].get(variant)
            && expected["State"] != 1
        {
            check_lower(id, lower, &drawn.quorum, expected);
        }
    }
}

fn check_lower(id: &str, lower: &LowerAllocation, quorum: &[bool], expected: &Value) {
    let matrix: Vec<Vec<u32>> =
        serde_json::from_value(expected["NumberOfMandatesExclLotDecisionMatrix"].clone()).unwrap();
    // The file has columns for all lists, or only for those that reached the quorum.
    let all = matrix[0].len() == quorum.len();
    let columns: Vec<usize> = (0..quorum.len())
        .filter(|&list| all || quorum[list])
        .collect();
    let seats: Vec<Vec<u32>> = lower
        .seats
        .iter()
        .map(|line| columns.iter().map(|&list| line[list]).collect())
        .collect();
    assert_eq!(seats, matrix, "{id}");
    let tied: Option<Vec<Vec<bool>>> =
        serde_json::from_value(expected["LotDecisionRequiredMatrix"].clone()).unwrap();
    let is_tied = |district: usize, list: usize| {
        let mut cells = lower.ties.iter().flat_map(|tie| &tie.cells);
        cells.any(|cell| *cell == Cell { district, list })
    };
    for (district, line) in matrix.iter().enumerate() {
        for (column, &list) in columns.iter().enumerate().take(line.len()) {
            let expected = tied.as_ref().is_some_and(|tied| tied[district][column]);
            assert_eq!(
                is_tied(district, list),
                expected,
                "{id}: {district}, {list}"
            );
        }
    }
    let variants: Vec<Vec<Vec<u32>>> =
        serde_json::from_value(expected["NumberOfMandatesMatrices"].clone()).unwrap();
    let mut found: Vec<Vec<Vec<u32>>> = vec![lower.seats.clone()];
    for tie in &lower.ties {
        found = found
            .into_iter()
            .flat_map(|seats| {
                tie.outcomes(100).into_iter().map(move |winners| {
                    let mut seats = seats.clone();
                    for cell in winners {
                        seats[cell.district][cell.list] += 1;
                    }
                    seats
                })
            })
            .collect();
    }
    let mut found: Vec<Vec<Vec<u32>>> = found
        .iter()
        .map(|seats| {
            seats
                .iter()
                .map(|line| columns.iter().map(|&list| line[list]).collect())
                .collect()
        })
        .collect();
    let mut variants = variants;
    found.sort();
    variants.sort();
    assert_eq!(found, variants, "{id}");
}

/// Lower apportionments of three elections and two constructed ties.
#[test]
fn swiss_lower_apportionments() {
    let cases = swiss_cases("biproportional_lower_apportionment");
    for case in &cases {
        let allocation = checked(&case.contest(), &DoubleProportional::default());
        assert_eq!(allocation.upper.seats(), case.list_seats, "{}", case.id);
        let lower = allocation.lower.as_ref().unwrap();
        if case.expected["ties"] == Value::Bool(true) {
            assert_eq!(allocation.outcome(), Outcome::Tied, "{}", case.id);
            let one: Vec<Vec<u32>> = case.expected("matrix_one_of_the_ties");
            let winners: Vec<Cell> = (0..one.len())
                .flat_map(|district| (0..one[0].len()).map(move |list| Cell { district, list }))
                .filter(|cell| {
                    one[cell.district][cell.list] > lower.seats[cell.district][cell.list]
                })
                .collect();
            let [tie] = lower.ties.as_slice() else {
                panic!("{}: one tie, not {:?}", case.id, lower.ties);
            };
            assert!(tie.allows(&winners), "{}: {winners:?}", case.id);
            assert!(
                tie.outcomes(100).contains(&winners),
                "{}: {winners:?}",
                case.id
            );
        } else {
            let matrix: Vec<Vec<u32>> = case.expected("matrix");
            assert_eq!(lower.seats, matrix, "{}", case.id);
            assert!(lower.ties.is_empty(), "{}", case.id);
        }
    }
    if !cases.is_empty() {
        page::hold(
            ("ausmittlung.json", "lower apportionment"),
            cases.len(),
            &[],
        );
    }
}

/// Zurich published voters' numbers of 2015 that are rounded in each district; the seats are the same.
#[test]
fn rounded_voters_numbers_of_zurich_2015() {
    let cases = swiss_cases("double_proportional");
    let Some(case) = cases
        .iter()
        .find(|case| case.id == "zh-kantonratswahl-2015")
    else {
        return;
    };
    let rules = DoubleProportional {
        voters_numbers: VotersNumbers::NearestInDistrict,
        ..with_quorum(one_district(5))
    };
    let mut numbers = checked(&case.contest(), &rules).voters_numbers;
    let published = swiss_cases("sainte_lague")
        .into_iter()
        .find(|case| case.id == "SaintLague/TestZhKantonratswah2015")
        .unwrap();
    let mut published: Vec<u64> = serde_json::from_value(published.votes).unwrap();
    numbers.sort_unstable();
    published.sort_unstable();
    assert_eq!(numbers, published);
}

/// Uri 2020 and Zug 2018 once more, from another collection, lists by districts.
#[test]
fn worked_cases() {
    let Some(text) = read("cases/other.json") else {
        return;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let elections = [
        ("uri_landrat_2020", Quorum::default()),
        ("zug_kantonsrat_2018", one_district_or_overall()),
    ];
    page::hold(("other.json", "double proportional"), elections.len(), &[]);
    for (id, quorum) in elections {
        let cases = file["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["id"] == id).unwrap();
        let by_list: Vec<Vec<u64>> =
            serde_json::from_value(case["votes_by_list_then_district"].clone()).unwrap();
        let seats: Vec<u32> = serde_json::from_value(case["district_seats"].clone()).unwrap();
        let expected: Vec<Vec<u32>> =
            serde_json::from_value(case["expected_by_list_then_district"].clone()).unwrap();
        let votes: Vec<Vec<u64>> = (0..seats.len())
            .map(|district| by_list.iter().map(|votes| votes[district]).collect())
            .collect();
        let allocation = checked(&contest_of(&votes, &seats), &with_quorum(quorum));
        let lower = allocation.lower.unwrap();
        for (list, seats) in expected.iter().enumerate() {
            let found: Vec<u32> = lower.seats.iter().map(|line| line[list]).collect();
            assert_eq!(&found, seats, "{id}, list {list}");
        }
    }
}
