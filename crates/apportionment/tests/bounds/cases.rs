//! The collected cases, found by going through all completions with other code.

use std::path::Path;

use super::brute::{Score, Truth, score};
use super::page;
use super::skipped::skipped;
use apportionment::bounds::{Outstanding, bound_seats};
use apportionment::*;
use serde::Deserialize;

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/cases/bounds.jsonl"
);

#[derive(Debug, Clone, Deserialize)]
struct Case {
    id: String,
    method: String,
    quota: Option<String>,
    seats: u32,
    votes: Vec<u64>,
    threshold: Option<[u32; 2]>,
    outstanding: u64,
    min: Vec<u32>,
    max: Vec<u32>,
}

fn method_of(case: &Case) -> Option<Method> {
    Some(match (case.method.as_str(), case.quota.as_deref()) {
        ("dhondt", _) => Method::D_HONDT,
        ("saintelague", _) => Method::SAINTE_LAGUE,
        ("modified_saintelague", _) => Method::MODIFIED_SAINTE_LAGUE,
        ("danish", _) => Method::DANISH,
        ("imperiali", _) => Method::IMPERIALI_DIVISORS,
        ("adams", _) => Method::ADAMS,
        ("dean", _) => Method::DEAN,
        ("huntington", _) => Method::HUNTINGTON_HILL,
        ("largest_remainder", Some("hare")) => Method::HARE,
        ("largest_remainder", Some("droop")) => Method::DROOP,
        ("largest_remainder", Some("hagenbach_bischoff")) => Method::HAGENBACH_BISCHOFF,
        ("largest_remainder", Some("imperiali")) => Method::IMPERIALI,
        _ => return None,
    })
}

fn check(case: &Case) -> Result<Score, String> {
    let method = method_of(case).ok_or(format!("{}: unknown method {}", case.id, case.method))?;
    let contest = Contest::with_votes(case.seats, &case.votes);
    let mut rules = Rules::of(method);
    if let Some([numerator, denominator]) = case.threshold {
        rules = rules.with_threshold(Threshold::of_list_votes(numerator, denominator));
    }
    let answer = bound_seats(&contest, &rules, Outstanding::ballots(case.outstanding))
        .map_err(|error| format!("{}: {error}", case.id))?;
    let truth = Truth {
        fewest: case.min.clone(),
        most: case.max.clone(),
    };
    score(&answer, &truth).map_err(|error| format!("{}: {error} in {case:?}", case.id))
}

#[test]
fn every_case_is_safe_and_exact_where_it_says_so() {
    if !Path::new(CASES).exists() {
        skipped(format_args!(
            "the folder of case files is not here ({CASES})"
        ));
        return;
    }
    let text = std::fs::read_to_string(CASES).unwrap();
    let cases: Vec<Case> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(cases.len(), 2_841);
    let mut by_quota = std::collections::BTreeMap::<String, Score>::new();
    let mut failures = Vec::new();
    for case in &cases {
        match check(case) {
            Ok(score) => {
                let name = case.quota.clone().unwrap_or(case.method.clone());
                by_quota.entry(name).or_default().add(score);
            }
            Err(failure) => failures.push(failure),
        }
    }
    assert!(
        failures.is_empty(),
        "{} failed, the first of them:\n{}",
        failures.len(),
        failures[..failures.len().min(10)].join("\n")
    );
    let of = "fewest and most seats while ballots are outstanding";
    page::hold(("bounds.jsonl", of), cases.len(), &[]);
    for (name, Score { exact, safe, loose }) in &by_quota {
        println!("{name}: {exact} bounds exact, {safe} safe and loose by {loose} seats in all");
        // A quota that is rounded to whole votes is all that may stay open.
        assert!(*safe == 0 || name == "droop", "{name}");
    }
}

#[test]
fn the_check_fails_on_a_wrong_expectation() {
    let case = Case {
        id: "knocked out".into(),
        method: "largest_remainder".into(),
        quota: Some("hare".into()),
        seats: 4,
        votes: vec![6, 91, 8, 7, 4],
        threshold: Some([7, 100]),
        outstanding: 4,
        min: vec![0, 3, 0, 0, 0],
        max: vec![0, 4, 1, 1, 0],
    };
    assert_eq!(check(&case).map(|score| score.safe), Ok(0));
    for wrong in [[0, 2, 0, 0, 0], [0, 4, 0, 0, 0]] {
        assert!(
            check(&Case {
                min: wrong.to_vec(),
                ..case.clone()
            })
            .is_err()
        );
    }
    for wrong in [[0, 3, 1, 1, 0], [0, 4, 1, 1, 1]] {
        assert!(
            check(&Case {
                max: wrong.to_vec(),
                ..case.clone()
            })
            .is_err()
        );
    }
}
