//! Cases of certain seats: what is called exact must be equal, and all else must hold what really can happen.

use super::method;
use apportionment::bounds::{Outstanding, bound_seats};
use apportionment::{Contest, Rules, Threshold};
use serde::{Deserialize, Serialize};

/// A case: votes, a method, ballots outstanding, and the fewest and the most seats over all ways in which they can fall.
#[derive(Debug, Deserialize)]
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

/// The cases of certain seats so far.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counted {
    /// All numbers of the case are exact.
    pub exact: u64,
    /// Some are only safe.
    pub safe: u64,
    /// By how many seats these are further out than need be.
    pub loose_seats: u64,
    /// A number is wrong, or the case cannot be run.
    pub failed: u64,
}

impl Counted {
    pub fn cases(&self) -> u64 {
        self.exact + self.safe + self.failed
    }

    /// The numbers for people.
    pub fn line(&self) -> String {
        let Self {
            exact,
            safe,
            loose_seats,
            failed,
        } = self;
        format!(
            "{exact} exact, {safe} safe and loose by {loose_seats} seats in all, {failed} failed"
        )
    }
}

/// Whether a line is of this kind: only these have ballots outstanding.
pub(super) fn is_case(line: &str) -> bool {
    let value = serde_json::from_str::<serde_json::Value>(line);
    value.is_ok_and(|value| value.get("outstanding").is_some())
}

/// Runs the case of a line; with its id, what is wrong with it.
pub(super) fn check(line: &str, number: u64, counted: &mut Counted) -> Option<(String, String)> {
    let case: Result<Case, _> = serde_json::from_str(line);
    let (id, found) = match case {
        Ok(case) => (case.id.clone(), loose(&case)),
        Err(error) => {
            let problem = format!("this is no case of certain seats: {error}");
            (format!("line {number}"), Err(problem))
        }
    };
    match found {
        Ok(None) => counted.exact += 1,
        Ok(Some(seats)) => {
            counted.safe += 1;
            counted.loose_seats += seats;
        }
        Err(problem) => {
            counted.failed += 1;
            return Some((id, problem));
        }
    }
    None
}

/// By how many seats what is said is too wide, or `None` where it is all exact.
fn loose(case: &Case) -> Result<Option<u64>, String> {
    let mut rules = Rules::of(method(&case.method, case.quota.as_deref())?);
    if let Some([numerator, denominator]) = case.threshold {
        rules = rules.with_threshold(Threshold::of_list_votes(numerator, denominator));
    }
    let lists = case.votes.len();
    if case.min.len() != lists || case.max.len() != lists {
        return Err(format!(
            "there are {lists} votes, and min and max have one number for each"
        ));
    }
    let contest = Contest::with_votes(case.seats, &case.votes);
    let outstanding = Outstanding::ballots(case.outstanding);
    let bounds = bound_seats(&contest, &rules, outstanding).map_err(|error| error.to_string())?;
    let (mut is_exact, mut seats) = (true, 0);
    for (place, list) in bounds.lists.iter().enumerate() {
        let (fewest, most) = (case.min[place], case.max[place]);
        if list.fewest > fewest || list.most < most {
            return Err(format!(
                "list {place} ends with {fewest} to {most} seats, and {} to {} was found",
                list.fewest, list.most
            ));
        }
        for (found, expected, proof) in [
            (list.fewest, fewest, list.fewest_proof),
            (list.most, most, list.most_proof),
        ] {
            if proof.is_exact() && found != expected {
                return Err(format!(
                    "list {place}: {found} is called exact, and {expected} is expected"
                ));
            }
            is_exact &= proof.is_exact();
            seats += u64::from(found.abs_diff(expected));
        }
    }
    Ok((!is_exact).then_some(seats))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skipped::skipped;

    const KNOCKED_OUT: &str = concat!(
        r#"{"id": "knocked out", "method": "largest_remainder", "quota": "hare", "seats": 4, "#,
        r#""votes": [6, 91, 8, 7, 4], "threshold": [7, 100], "outstanding": 4, "#,
        r#""min": [0, 3, 0, 0, 0], "max": [0, 4, 1, 1, 0]}"#
    );

    fn checked(line: &str) -> (Counted, Option<(String, String)>) {
        let mut counted = Counted::default();
        let problem = check(line, 7, &mut counted);
        (counted, problem)
    }

    #[test]
    fn a_case_is_exact_and_a_wrong_one_is_told() {
        assert!(is_case(KNOCKED_OUT));
        let (counted, problem) = checked(KNOCKED_OUT);
        assert_eq!((counted.exact, problem), (1, None));
        assert_eq!(
            counted.line(),
            "1 exact, 0 safe and loose by 0 seats in all, 0 failed"
        );
        for (from, to, said) in [
            (
                "[0, 4, 1, 1, 0]",
                "[0, 4, 2, 1, 0]",
                "list 2 ends with 0 to 2 seats, and 0 to 1 was found",
            ),
            (
                "[0, 4, 1, 1, 0]",
                "[0, 4, 0, 1, 0]",
                "list 2: 1 is called exact, and 0 is expected",
            ),
            (
                "[0, 3, 0, 0, 0]",
                "[0, 2, 0, 0, 0]",
                "list 1 ends with 2 to 4",
            ),
            ("[0, 3, 0, 0, 0]", "[0, 3, 0, 0]", "one number for each"),
            ("hare", "none-such", "is not known"),
            ("\"seats\": 4", "\"seats\": 0", "contest.seats"),
        ] {
            let (counted, problem) = checked(&KNOCKED_OUT.replace(from, to));
            assert_eq!(counted.failed, 1, "{to}");
            let (id, problem) = problem.unwrap();
            assert_eq!(id, "knocked out");
            assert!(problem.contains(said), "{problem}");
        }
        let (_, problem) = checked(&KNOCKED_OUT.replace("\"votes\"", "\"ballots\""));
        assert_eq!(problem.unwrap().0, "line 7");
    }

    /// With all outstanding ballots the first list has 14.1 quotas: 14 seats. Whole-number quotas are not tried out to the
    /// end, and its share rounded up is 15.
    #[test]
    fn what_is_only_safe_is_counted_apart() {
        let contest = Contest::with_votes(20, &[5_100, 4_900]);
        let rules = Rules::of(apportionment::Method::DROOP);
        let said = bound_seats(&contest, &rules, Outstanding::ballots(5_000)).unwrap();
        assert!(!said.lists[0].most_proof.is_exact());
        let line = |most: u32| {
            let case = serde_json::json!({
                "id": "droop", "method": "largest_remainder", "quota": "droop", "seats": 20, "votes": [5_100, 4_900],
                "threshold": null, "outstanding": 5_000,
                "min": [said.lists[0].fewest, said.lists[1].fewest], "max": [most, said.lists[1].most],
            });
            case.to_string()
        };
        let (counted, problem) = checked(&line(14));
        assert_eq!(
            (counted.exact, counted.safe, counted.loose_seats, problem),
            (0, 1, 1, None)
        );
        let (counted, _) = checked(&line(16));
        assert_eq!(counted.failed, 1);
    }

    /// The collected cases, which the engine's own tests read with a reader of theirs.
    #[test]
    fn every_case_of_the_collection_comes_out() {
        const CASES: &str = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/data/cases/bounds.jsonl"
        );
        let Ok(text) = std::fs::read_to_string(CASES) else {
            skipped(format_args!(
                "the folder of case files is not here ({CASES})"
            ));
            return;
        };
        let mut counted = Counted::default();
        for (number, line) in (1..).zip(text.lines()) {
            assert!(is_case(line));
            assert_eq!(check(line, number, &mut counted), None);
        }
        assert_eq!(counted.cases(), 2_841);
        assert_eq!(counted.failed, 0);
    }
}
