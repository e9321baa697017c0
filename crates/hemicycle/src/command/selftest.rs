//! `hemicycle selftest`: files of cases through the engine and the verifier, on the machine of whoever wants to be sure.

mod bounds;

use super::allocate::open;
use super::{print, print_json};
use crate::cli::Selftest;
use crate::failure::{Ending, Failure};
use apportionment::{Contest, Method, Rules, Threshold, allocate, verify};
use serde::{Deserialize, Serialize};
use std::io::BufRead as _;
use std::path::Path;

/// A case: votes, a method, and the seats they must give.
#[derive(Debug, Deserialize)]
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
    /// Where a law may choose otherwise, by the names of [`CONVENTIONS`].
    #[serde(default)]
    flags: Vec<String>,
}

/// What case files mark, and what is done here about it: a law may choose otherwise. A mark that is not known is refused,
/// because a case may rest on what it says.
const CONVENTIONS: [(&str, &str); 5] = [
    (
        "exactly_at_threshold",
        "exactly the share of all votes passes",
    ),
    (
        "fewer_seats_than_parties",
        "lists without a seat are no error",
    ),
    ("no_eligible_party", "nobody gets a seat"),
    (
        "quota_overaward",
        "where whole quotas are more than the seats, the smallest remainders lose one",
    ),
    (
        "second_round",
        "seats left after one remainder each go on by the next remainders",
    ),
];

/// What a case has, or what the engine says to it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Answer {
    /// Certain seats by list.
    seats: Vec<u32>,
    /// Positions of the lists that tie for the others.
    tied: Vec<usize>,
    /// Seats that they tie for.
    left: u32,
}

/// A case that did not come out.
#[derive(Debug, Serialize)]
struct Mismatch {
    file: String,
    id: String,
    #[serde(flatten)]
    difference: Difference,
}

/// What did not come out.
#[derive(Debug, Default, Serialize)]
struct Difference {
    /// As the case has it; missing where the case itself cannot be run.
    expected: Option<Answer>,
    /// As the engine has it; missing where it refuses.
    found: Option<Answer>,
    /// What was refused: the case, by the engine, or the result, by the verifier.
    problem: Option<String>,
}

/// The end of the run.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    passed: u64,
    failed: u64,
    mismatches: Vec<Mismatch>,
    /// Cases of certain seats, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    bounds: Option<bounds::Counted>,
}

impl Outcome {
    fn cases(&self) -> u64 {
        self.passed + self.failed + self.bounds.as_ref().map_or(0, bounds::Counted::cases)
    }

    fn has_failed(&self) -> bool {
        self.failed > 0 || self.bounds.as_ref().is_some_and(|bounds| bounds.failed > 0)
    }
}

/// Runs every case of the files; prints every mismatch with both answers, and the numbers at the end.
///
/// # Errors
///
/// A file that cannot be read, or has no case: a test that tests nothing does not pass.
pub async fn run(arguments: Selftest) -> Result<Ending, Failure> {
    tokio::task::spawn_blocking(move || test(&arguments))
        .await
        .map_err(|error| Failure::Input(error.to_string()))?
}

fn test(arguments: &Selftest) -> Result<Ending, Failure> {
    let mut outcome = Outcome::default();
    for path in &arguments.files {
        test_file(path, &mut outcome)?;
    }
    if arguments.json {
        print_json(&outcome)?;
    } else {
        for mismatch in &outcome.mismatches {
            print(&line(mismatch))?;
        }
        if outcome.passed + outcome.failed > 0 || outcome.bounds.is_none() {
            let Outcome { passed, failed, .. } = &outcome;
            print(&format!("{passed} passed, {failed} failed"))?;
        }
        if let Some(bounds) = &outcome.bounds {
            print(&bounds.line())?;
        }
    }
    Ok(if outcome.has_failed() {
        Ending::CheckFailed
    } else {
        Ending::Done
    })
}

fn test_file(path: &Path, outcome: &mut Outcome) -> Result<(), Failure> {
    let file = path.display().to_string();
    let before = outcome.cases();
    let lines = open(Some(path))?.lines();
    let lines: Vec<String> = lines
        .collect::<Result<_, _>>()
        .map_err(Failure::io(file.clone()))?;
    // One value over all lines is another format: a failure for each of its lines would hide that.
    if lines.len() > 1 && serde_json::from_str::<serde_json::Value>(&lines.join("\n")).is_ok() {
        return Err(Failure::Input(format!(
            "{file}: this is one JSON value; a file of cases has one case, a JSON object, on each line"
        )));
    }
    for (number, line) in (1_u64..).zip(lines) {
        if line.trim().is_empty() {
            continue;
        }
        if bounds::is_case(&line) {
            let counted = outcome.bounds.get_or_insert_default();
            if let Some((id, problem)) = bounds::check(&line, number, counted) {
                let difference = Difference {
                    problem: Some(problem),
                    ..Difference::default()
                };
                outcome.mismatches.push(Mismatch {
                    file: file.clone(),
                    id,
                    difference,
                });
            }
            continue;
        }
        let (id, checked) = match serde_json::from_str::<Case>(&line) {
            Ok(case) => (case.id.clone(), check(&case)),
            Err(error) => {
                let problem = Some(format!("this is no case: {error}"));
                let difference = Difference {
                    problem,
                    ..Difference::default()
                };
                (format!("line {number}"), Some(difference))
            }
        };
        match checked {
            None => outcome.passed += 1,
            Some(difference) => {
                outcome.failed += 1;
                outcome.mismatches.push(Mismatch {
                    file: file.clone(),
                    id,
                    difference,
                });
            }
        }
    }
    if outcome.cases() == before {
        return Err(Failure::Input(format!("{file}: there is no case in it")));
    }
    Ok(())
}

/// Runs a case; `None`: it comes out.
fn check(case: &Case) -> Option<Difference> {
    let (expected, found, problem) = match (expected(case), found(case)) {
        (Err(problem), _) => (None, None, Some(problem)),
        (Ok(expected), Ok((found, None))) if found == expected => return None,
        (Ok(expected), Ok((found, problem))) => (Some(expected), Some(found), problem),
        (Ok(expected), Err(problem)) => (Some(expected), None, Some(problem)),
    };
    Some(Difference {
        expected,
        found,
        problem,
    })
}

fn expected(case: &Case) -> Result<Answer, String> {
    let answer = match (&case.expected, &case.sure, &case.tied, case.left) {
        (Some(seats), ..) => Answer {
            seats: seats.clone(),
            tied: Vec::new(),
            left: 0,
        },
        (None, Some(seats), Some(tied), Some(left)) => Answer {
            seats: seats.clone(),
            tied: tied.clone(),
            left,
        },
        _ => return Err("the case has neither expected nor sure, tied and left".into()),
    };
    Ok(answer)
}

/// What the engine says, and what the verifier has against it.
fn found(case: &Case) -> Result<(Answer, Option<String>), String> {
    let unknown = |flag: &&String| CONVENTIONS.iter().all(|(name, _)| name != flag);
    if let Some(flag) = case.flags.iter().find(unknown) {
        let known = CONVENTIONS.map(|(name, what)| format!("{name} ({what})"));
        let known = known.join(", ");
        return Err(format!("the flag {flag:?} is not known: there are {known}"));
    }
    let method = method(&case.method, case.quota.as_deref())?;
    let mut rules = Rules::of(method);
    match (case.min_share_num, case.min_share_den) {
        (Some(numerator), Some(denominator)) => {
            rules = rules.with_threshold(Threshold::of_list_votes(numerator, denominator));
        }
        (None, None) => {}
        _ => {
            return Err("half a threshold: min_share_num and min_share_den belong together".into());
        }
    }
    let contest = Contest::with_votes(case.seats, &case.votes);
    let allocation = allocate(&contest, &rules, &[]).map_err(|error| error.to_string())?;
    let problem = verify(&contest, &rules, &[], &allocation)
        .err()
        .map(|refusals| {
            let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            format!("the verifier refuses it: {}", refusals.join("; "))
        });
    let tied = allocation.open_ties().flat_map(|tie| tie.open.clone());
    let answer = Answer {
        seats: allocation.seats(),
        tied: tied.collect(),
        left: allocation.pending,
    };
    Ok((answer, problem))
}

/// The methods of case files, as definitions spell them too.
const METHODS: &str = "largest-remainder with the quota hare, droop, hagenbach-bischoff or imperiali; or, without a quota, \
                       d-hondt, sainte-lague, modified-sainte-lague, danish, imperiali, adams, dean or huntington-hill";

fn method(name: &str, quota: Option<&str>) -> Result<Method, String> {
    let plain = |name: &str| name.replace(['_', '-'], "");
    let (plain_name, plain_quota) = (plain(name), quota.map(plain));
    Ok(match (plain_name.as_str(), plain_quota.as_deref()) {
        ("dhondt", None) => Method::D_HONDT,
        ("saintelague", None) => Method::SAINTE_LAGUE,
        ("modifiedsaintelague", None) => Method::MODIFIED_SAINTE_LAGUE,
        ("danish", None) => Method::DANISH,
        ("imperiali", None) => Method::IMPERIALI_DIVISORS,
        ("adams", None) => Method::ADAMS,
        ("dean", None) => Method::DEAN,
        ("huntington" | "huntingtonhill", None) => Method::HUNTINGTON_HILL,
        ("largestremainder", Some("hare")) => Method::HARE,
        ("largestremainder", Some("droop")) => Method::DROOP,
        ("largestremainder", Some("hagenbachbischoff")) => Method::HAGENBACH_BISCHOFF,
        ("largestremainder", Some("imperiali")) => Method::IMPERIALI,
        _ => {
            let quota = quota.unwrap_or("none");
            return Err(format!(
                "the method {name:?} with the quota {quota:?} is not known: there are {METHODS}"
            ));
        }
    })
}

fn line(mismatch: &Mismatch) -> String {
    let Mismatch {
        file,
        id,
        difference,
    } = mismatch;
    let Difference {
        expected,
        found,
        problem,
    } = difference;
    if let (None, None, Some(problem)) = (expected, found, problem) {
        return format!("{file}: {id}: {problem}");
    }
    let answer = |answer: &Option<Answer>| match answer {
        None => String::from("nothing"),
        Some(Answer { seats, tied, left }) if tied.is_empty() && *left == 0 => format!("{seats:?}"),
        Some(Answer { seats, tied, left }) => {
            format!("{seats:?}, and {left} among the lists {tied:?}")
        }
    };
    let problem = problem.as_ref().map(|problem| format!(" ({problem})"));
    let (expected, found) = (answer(expected), answer(found));
    let problem = problem.unwrap_or_default();
    format!("{file}: {id}: expected {expected}, found {found}{problem}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skipped::skipped;

    fn outcome(text: &str) -> Result<Outcome, Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut outcome = Outcome::default();
        test_file(file.path(), &mut outcome)?;
        Ok(outcome)
    }

    const ALMATY: &str = concat!(
        r#"{"id":"almaty","method":"largest_remainder","quota":"hare","seats":39,"#,
        r#""votes":[218003,32367,24591,23388,21733],"min_share_num":7,"min_share_den":100,"#,
        r#""expected":[29,4,3,3,0]}"#,
    );

    #[test]
    fn right_cases_pass_and_wrong_ones_are_told_with_both_answers() {
        let tie = r#"{"id":"tie","method":"adams","seats":1,"votes":[5,5],"sure":[0,0],"tied":[0,1],"left":1}"#;
        let right = outcome(&format!("{ALMATY}\n\n{tie}\n")).unwrap();
        assert_eq!((right.passed, right.failed), (2, 0));
        // The table that circulates: 50 seats for a house of 39.
        let wrong = outcome(&ALMATY.replace("[29,4,3,3,0]", "[29,15,3,3,0]")).unwrap();
        assert_eq!((wrong.passed, wrong.failed), (0, 1));
        let text = line(&wrong.mismatches[0]);
        assert!(text.ends_with("almaty: expected [29, 15, 3, 3, 0], found [29, 4, 3, 3, 0]"));
    }

    #[test]
    fn methods_are_spelled_as_in_files_or_in_definitions_and_named_where_they_are_not() {
        for spelled in ["largest-remainder", "largest_remainder"] {
            let case = ALMATY.replace("largest_remainder", spelled);
            assert_eq!(outcome(&case).unwrap().passed, 1, "{spelled}");
        }
        for (one, other) in [("dhondt", "d-hondt"), ("huntington", "huntington-hill")] {
            assert_eq!(method(one, None), method(other, None));
        }
        let wrong = outcome(&ALMATY.replace("largest_remainder", "hamilton")).unwrap();
        let said = wrong.mismatches[0].difference.problem.clone().unwrap();
        for word in ["hamilton", "largest-remainder", "huntington-hill"] {
            assert!(said.contains(word), "{word} is not in {said}");
        }
    }

    #[test]
    fn what_cannot_be_run_is_a_failure_and_not_left_out() {
        for (from, to) in [
            ("hare", "none-such"),
            ("\"min_share_den\":100,", ""),
            ("\"seats\":39", "\"seats\":0"),
            ("expected", "hoped"),
            (
                "\"seats\":39",
                "\"flags\":[\"strictly_above\"],\"seats\":39",
            ),
            ("{\"id\"", "{id"),
        ] {
            let outcome = outcome(&ALMATY.replace(from, to)).unwrap();
            assert_eq!((outcome.passed, outcome.failed), (0, 1), "{to}");
            assert!(outcome.mismatches[0].difference.problem.is_some());
        }
        assert!(outcome("\n").is_err());
        let collection = format!("{{\"cases\": [\n{ALMATY}\n]}}\n");
        let error = outcome(&collection).unwrap_err().to_string();
        assert!(
            error.contains("one case, a JSON object, on each line"),
            "{error}"
        );
    }

    /// The cases that the engine's own tests read with a reader of theirs: that crate knows nothing of this one, and what
    /// both readers make of the same file must not differ.
    #[test]
    fn every_case_of_the_collection_passes_and_a_changed_one_does_not() {
        const CASES: &str = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/data/cases/apportionment.jsonl"
        );
        let Ok(text) = std::fs::read_to_string(CASES) else {
            skipped(format_args!(
                "the folder of case files is not here ({CASES})"
            ));
            return;
        };
        let found = outcome(&text).unwrap();
        let told: Vec<String> = found.mismatches.iter().map(line).collect();
        assert_eq!((found.passed, found.failed), (938, 0), "{told:?}");
        // Two seats exchanged in the first case that has them.
        let case = text
            .lines()
            .find(|line| line.contains("\"expected\": [38, 29,"));
        let changed = case
            .unwrap()
            .replace("\"expected\": [38, 29,", "\"expected\": [37, 30,");
        let found = outcome(&changed).unwrap();
        assert_eq!((found.passed, found.failed), (0, 1));
    }
}
