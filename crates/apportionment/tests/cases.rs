//! The collected cases of every method: generated with exact arithmetic and checked by other libraries. They are read
//! where the data folder is at hand; the goldens in `nights.rs` cover the same ground without it.
//!
//! The program's `selftest` reads the same file with a reader of its own: this crate's tests know nothing of the program,
//! and the program refuses by name what these tests would just fail on. Its tests run the same file, so that what both make
//! of it cannot differ unseen.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod page;
mod skipped;

use std::path::Path;

use apportionment::{Contest, Method, Outcome, Rules, Threshold, allocate, verify};
use page::{Page, Part};
use serde::Deserialize;
use skipped::skipped;

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/cases/apportionment.jsonl"
);

#[derive(Debug, Clone, Deserialize)]
struct Case {
    id: String,
    method: String,
    quota: Option<String>,
    seats: u32,
    votes: Vec<u64>,
    min_share_num: Option<u32>,
    min_share_den: Option<u32>,
    expected: Option<Vec<u32>>,
    sure: Option<Vec<u32>>,
    tied: Option<Vec<usize>>,
    left: Option<u32>,
    #[serde(default)]
    flags: Vec<String>,
}

/// The method of a case, or `None` for a name that means nothing here.
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

/// Whether seats, ties and certificate of a case agree.
fn check(case: &Case) -> Result<(), String> {
    let method = method_of(case).ok_or(format!("{}: unknown method {}", case.id, case.method))?;
    let contest = Contest::with_votes(case.seats, &case.votes);
    let mut rules = Rules::of(method);
    if let (Some(numerator), Some(denominator)) = (case.min_share_num, case.min_share_den) {
        rules = rules.with_threshold(Threshold::of_list_votes(numerator, denominator));
    }
    let allocation =
        allocate(&contest, &rules, &[]).map_err(|error| format!("{}: {error}", case.id))?;
    let seats = allocation.seats();
    if let Err(refusals) = verify(&contest, &rules, &[], &allocation) {
        return Err(format!(
            "{}: the verifier refuses {seats:?}: {refusals:?}",
            case.id
        ));
    }
    if let Some(expected) = &case.expected {
        let open = allocation.pending;
        return if seats == *expected && open == 0 {
            Ok(())
        } else {
            Err(format!(
                "{}: {seats:?} with {open} open, expected {expected:?}",
                case.id
            ))
        };
    }
    let (sure, tied) = (
        case.sure.clone().unwrap_or_default(),
        case.tied.clone().unwrap_or_default(),
    );
    let tie = allocation
        .open_ties()
        .next()
        .ok_or(format!("{}: no tie, expected one among {tied:?}", case.id))?;
    let agrees = allocation.outcome == Outcome::Tied
        && seats == sure
        && tie.lists == tied
        && Some(tie.seats_at_stake) == case.left
        && Some(allocation.pending) == case.left;
    if agrees {
        Ok(())
    } else {
        Err(format!(
            "{}: {seats:?} and {tie:?}, expected {case:?}",
            case.id
        ))
    }
}

fn cases() -> Option<Vec<Case>> {
    if !Path::new(CASES).exists() {
        skipped(format_args!(
            "the folder of case files is not here ({CASES})"
        ));
        return None;
    }
    let text = std::fs::read_to_string(CASES).unwrap();
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

#[test]
fn every_case_agrees() {
    let Some(cases) = cases() else { return };
    let failed = |case: &Case| Some((case.id.clone(), check(case).err()?));
    let failures: Vec<(String, String)> = cases.iter().filter_map(failed).collect();
    let unmet: Vec<&str> = failures.iter().map(|(id, _)| id.as_str()).collect();
    assert!(failures.len() < 10, "{failures:?}");
    page::hold(
        (
            "apportionment.jsonl",
            "seats, ties and their seats, under every method and threshold",
        ),
        cases.len(),
        &unmet,
    );
    for flag in [
        "exactly_at_threshold",
        "fewer_seats_than_parties",
        "no_eligible_party",
        "quota_overaward",
        "second_round",
    ] {
        let flagged = |case: &&Case| case.flags.iter().any(|other| other == flag);
        assert!(
            cases.iter().filter(flagged).count() > 0,
            "no case is marked {flag}"
        );
    }
}

#[test]
fn the_check_fails_on_a_wrong_expectation() {
    let case = Case {
        id: "moved".into(),
        method: "largest_remainder".into(),
        quota: Some("hare".into()),
        seats: 39,
        votes: vec![218_003, 32_367, 24_591, 23_388],
        min_share_num: None,
        min_share_den: None,
        expected: Some(vec![29, 4, 3, 3]),
        sure: None,
        tied: None,
        left: None,
        flags: Vec::new(),
    };
    assert_eq!(check(&case), Ok(()));
    // One seat moved, to the list before: a comparison by order alone would call it smaller and pass.
    assert!(
        check(&Case {
            expected: Some(vec![30, 3, 3, 3]),
            ..case.clone()
        })
        .is_err()
    );
    assert!(
        check(&Case {
            expected: None,
            sure: Some(vec![29, 4, 3, 2]),
            ..case
        })
        .is_err()
    );
}

/// What the page names is there: each test, in its file.
#[test]
fn the_page_names_tests_that_exist() {
    let page = Page::read();
    assert!(page.parts.len() >= 10 && page.official.len() >= 10 && !page.unmet.is_empty());
    let tests = page.parts.iter().map(|part| &part.test);
    for test in tests.chain(&page.official) {
        let (file, name) = test.split_once("::").unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let definition = format!("#[test]\nfn {name}() {{");
        let nested = format!("#[test]\n    fn {name}() {{");
        assert!(
            text.contains(&definition) || text.contains(&nested),
            "{test} is not there"
        );
    }
    for unmet in &page.unmet {
        let has_it = |part: &Part| part.file == unmet.file && part.part == unmet.part;
        assert!(page.parts.iter().any(has_it), "{unmet:?} is of no part");
    }
}

/// A page that says something else than the tests find is told apart, in each way.
#[test]
fn a_page_that_is_not_true_is_told_apart() {
    let page = Page::of(
        "## Case files\n\n| file | part | cases | met | test |\n|---|---|---|---|---|\n\
         | a.json | all | 1,003 | 1,002 | `x::y` |\n\n## Cases that are not met\n\n\
         | a.json | all | one | the law of no country has this |\n",
    );
    let of = ("a.json", "all");
    assert_eq!(page.differs(of, 1_003, &["one"]), [""; 0]);
    assert_eq!(page.differs(of, 1_004, &["one"]).len(), 1);
    assert_eq!(page.differs(of, 1_003, &[]).len(), 2);
    assert_eq!(page.differs(of, 1_003, &["one", "two"]).len(), 2);
    assert_eq!(page.differs(("b.json", "all"), 1, &[]).len(), 1);
}
