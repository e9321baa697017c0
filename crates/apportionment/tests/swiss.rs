//! Swiss Hagenbach-Bischoff with list unions and sub-unions, and the collected worked examples of other methods.
//!
//! Federal law on political rights, articles 40 to 42: the quota is the whole number above V / (s + 1); whole quotas first,
//! then highest averages, among unions and single lists, and so again inside a union and inside a sub-union.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod page;
mod skipped;

use apportionment::*;
use serde_json::Value;
use skipped::skipped;

fn cases(name: &str) -> Option<Vec<Value>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/cases/");
    let path = format!("{folder}{name}");
    let Ok(text) = std::fs::read_to_string(&path) else {
        skipped(format_args!("the case file is not here ({path})"));
        return None;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    Some(file["cases"].as_array().unwrap().clone())
}

fn numbers(value: &Value) -> Vec<u64> {
    let entries = value.as_array().unwrap().iter();
    entries.map(|entry| entry.as_u64().unwrap()).collect()
}

fn seats_of(value: &Value) -> Vec<u32> {
    numbers(value)
        .into_iter()
        .map(|seats| u32::try_from(seats).unwrap())
        .collect()
}

fn hagenbach_bischoff() -> Rules {
    Rules {
        stages: vec![
            Stage::whole_quotas(Quota::DROOP),
            Stage::all(Method::D_HONDT),
        ],
        apparentment: Some(Apparentment {
            members: GroupMembers::ThoseThatPass,
            ..Apparentment::default()
        }),
        ..Rules::of(Method::D_HONDT)
    }
}

/// Names of unions as numbers: the place of the first list that has the name.
fn groups(names: &Value) -> Vec<Option<u32>> {
    let names: Vec<&Value> = names.as_array().into_iter().flatten().collect();
    let place = |name: &&Value| names.iter().position(|other| other == name);
    let number = |name: &&Value| place(name).map(|place| u32::try_from(place).unwrap());
    names
        .iter()
        .map(|name| number(name).filter(|_| !name.is_null()))
        .collect()
}

fn checked(contest: &Contest, rules: &Rules) -> Allocation {
    let allocation = allocate(contest, rules, &[]).unwrap();
    assert_eq!(verify(contest, rules, &[], &allocation), Ok(()));
    if allocation.pending == 0 {
        assert_eq!(verify_seats(contest, rules, &allocation.seats()), Ok(()));
    }
    allocation
}

#[test]
fn list_unions_and_sub_unions() {
    let Some(cases) = cases("ausmittlung.json") else {
        return;
    };
    let cases = cases
        .iter()
        .filter(|case| case["kind"] == "hagenbach_bischoff_list_unions");
    let (mut seen, mut unmet) = (0, Vec::new());
    for case in cases {
        let mut contest = Contest::with_votes(
            u32::try_from(case["seats"].as_u64().unwrap()).unwrap(),
            &numbers(&case["votes"]),
        );
        let unions = groups(&case["list_unions"]).into_iter();
        let subs = groups(&case["sub_unions"]).into_iter();
        for (list, group) in contest.lists.iter_mut().zip(unions) {
            list.group = group;
        }
        for (list, subgroup) in contest.lists.iter_mut().zip(subs) {
            list.subgroup = subgroup;
        }
        let allocation = checked(&contest, &hagenbach_bischoff());
        let expected = seats_of(&case["expected"]["seats"]);
        seen += 1;
        let id = case["id"].as_str().unwrap();
        if allocation.seats() != expected {
            unmet.push(id);
        }
        if id == "HagenbachBischoff/RestTieFinal" {
            // Untied seats stand, and the tie is a value.
            assert_eq!(expected, [0, 0, 0]);
            assert_eq!(allocation.seats(), [1, 0, 0]);
            assert_eq!((allocation.pending, allocation.outcome), (1, Outcome::Tied));
        }
    }
    page::hold(
        ("ausmittlung.json", "list unions and sub-unions"),
        seen,
        &unmet,
    );
}

/// St. Gallen's slides of 2019, made small: without the case files the nesting is tested all the same.
#[test]
fn a_union_with_two_sub_unions() {
    let votes = [
        13_000, 7_000, 5_000, 3_000, 12_000, 5_000, 10_000, 3_000, 2_000,
    ];
    let mut contest = Contest::with_votes(5, &votes);
    for (place, list) in contest.lists.iter_mut().enumerate() {
        list.group = Some([0, 0, 0, 0, 1, 1, 2, 2, 2][place]);
        list.subgroup = [Some(0), Some(0), Some(1), Some(1)]
            .get(place)
            .copied()
            .flatten();
    }
    let allocation = checked(&contest, &hagenbach_bischoff());
    assert_eq!(allocation.seats(), [1, 1, 1, 0, 1, 0, 1, 0, 0]);
    let inside = StageAt::Subgroup { first: 0, stage: 0 };
    assert!(allocation.stages.iter().any(|stage| stage.at == inside));
    let mut wrong = allocation;
    wrong.stages.retain(|stage| stage.at != inside);
    assert!(verify(&contest, &hagenbach_bischoff(), &[], &wrong).is_err());
}

/// Sainte-Laguë as the upper apportionment of Zurich has it, with its lots as ties.
#[test]
fn standard_rounding() {
    let Some(cases) = cases("ausmittlung.json") else {
        return;
    };
    let mut seen = 0;
    for case in cases.iter().filter(|case| case["kind"] == "sainte_lague") {
        let seats = u32::try_from(case["seats"].as_u64().unwrap()).unwrap();
        let contest = Contest::with_votes(seats, &numbers(&case["votes"]));
        let allocation = checked(&contest, &Rules::of(Method::SAINTE_LAGUE));
        let expected = &case["expected"];
        let rounded_up = seats_of(&expected["rounded_up_allocation"]);
        let tied: Vec<bool> = allocation.lists.iter().map(|list| list.tied).collect();
        let most: Vec<u32> = allocation
            .lists
            .iter()
            .map(|list| list.seats + u32::from(list.tied))
            .collect();
        assert_eq!(most, rounded_up, "{}", case["id"]);
        let states = expected["tie_states"].as_array();
        let negative =
            states.map(|states| states.iter().map(|state| state == "Negative").collect());
        assert_eq!(
            tied,
            negative.unwrap_or(vec![false; tied.len()]),
            "{}",
            case["id"]
        );
        seen += 1;
    }
    page::hold(
        ("ausmittlung.json", "standard rounding, with lots"),
        seen,
        &[],
    );
}

/// Worked examples from textbooks and from other libraries' tests.
#[test]
fn worked_examples() {
    let Some(cases) = cases("other.json") else {
        return;
    };
    let (mut seen, mut unmet) = (0, Vec::new());
    for case in &cases {
        let (name, id) = (
            case["method"].as_str().unwrap(),
            case["id"].as_str().unwrap(),
        );
        let method = match name.split(' ').next().unwrap() {
            "largest_remainder" => Method::HARE,
            "dhondt" => Method::D_HONDT,
            "saintelague" => Method::SAINTE_LAGUE,
            "modified_saintelague" => Method::MODIFIED_SAINTE_LAGUE,
            "huntington" | "huntington_hill" => Method::HUNTINGTON_HILL,
            "adams" => Method::ADAMS,
            "dean" => Method::DEAN,
            // Of districts, not of single contests.
            "biproportional" => continue,
            _ => {
                seen += 1;
                unmet.push(id);
                continue;
            }
        };
        let mut rules = Rules::of(method);
        if case.get("threshold").is_some() {
            rules = rules.with_threshold(Threshold::of_list_votes(45, 1_000));
        }
        let seats = u32::try_from(case["seats"].as_u64().unwrap()).unwrap();
        let allocation = checked(
            &Contest::with_votes(seats, &numbers(&case["votes"])),
            &rules,
        );
        if allocation.seats() != seats_of(&case["expected"]) {
            unmet.push(id);
        }
        seen += 1;
    }
    page::hold(("other.json", "single contests"), seen, &unmet);
}
