//! `hemicycle bounds`: seats that are certain while ballots are outstanding, without a server.

use super::allocate::{file_name, from_json, open, profile, request_by};
use super::rules_file::rules_of;
use super::{allocate_districts, print, to_json};
use crate::cli::Bounds;
use crate::failure::{Ending, Failure};
use crate::table::{align_numbers, table, thousands};
use crate::text::count;
use std::io::Read as _;
use wire::BoundsRequest;
use wire::allocation::v1::{
    BoundKind, BoundProof, BoundSeatsRequest, BoundSeatsResponse, BoundedCoalition, SeatClaim,
    ThresholdClaim,
};

/// Answers one question.
///
/// # Errors
///
/// A question that cannot be read, or that the engine refuses: with the field, its value and the rule.
pub async fn run(arguments: Bounds) -> Result<Ending, Failure> {
    // Reading standard input blocks; and a program that only computes has nothing else to do.
    tokio::task::spawn_blocking(move || answer(&arguments))
        .await
        .map_err(|error| Failure::Input(error.to_string()))?
}

fn answer(arguments: &Bounds) -> Result<Ending, Failure> {
    let question = question(arguments)?;
    let ballots = question.outstanding_ballots;
    let response = bounded(question)?;
    if arguments.json {
        print(&to_json(&response, true)?)?;
    } else {
        print(&text(&response, ballots))?;
    }
    Ok(Ending::Done)
}

fn bounded(question: BoundSeatsRequest) -> Result<BoundSeatsResponse, Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::Input(error.to_string());
    let request = BoundsRequest::try_from(question).map_err(|error| refused(&error))?;
    let answer = allocation_service::bound_seats_while_awaited(&request, || false);
    answer.map_err(|error| refused(&error))
}

/// The question: from JSON, or from votes and rules. What the command line says stands above what JSON says.
fn question(arguments: &Bounds) -> Result<BoundSeatsRequest, Failure> {
    let file = arguments.file.as_deref();
    let (rules, name) = match (&arguments.rules, &arguments.profile) {
        (Some(rules), _) => (Some(rules_of(rules)?), String::new()),
        (None, Some(name)) => (Some(profile(name)?.law.rules.clone()), name.clone()),
        (None, None) => (None, String::new()),
    };
    let mut question = match &rules {
        Some(rules) => {
            if allocate_districts::hang_together(rules) {
                let what = "these rules are over all districts: seats that are certain are known of single districts only";
                return Err(Failure::Usage(what.to_owned()));
            }
            let Some(seats) = arguments.seats else {
                let what =
                    "--seats is needed: the rules are of a single district and do not say how many";
                return Err(Failure::Usage(what.to_owned()));
            };
            let lists = crate::lists_file::read(open(file)?, &file_name(file))?;
            let counted = request_by(rules, &name, seats, &lists, arguments.counts);
            BoundSeatsRequest {
                counted: Some(counted),
                ..Default::default()
            }
        }
        None => {
            let mut text = String::new();
            open(file)?
                .read_to_string(&mut text)
                .map_err(Failure::io("the question"))?;
            from_json(&text, "BoundSeatsRequest").map_err(Failure::Input)?
        }
    };
    if let Some(ballots) = arguments.outstanding {
        question.outstanding_ballots = ballots;
        question.outstanding_in_base = arguments.in_base;
    }
    let coalitions = arguments.coalition.iter().map(|lists| BoundedCoalition {
        option_ids: lists
            .split(',')
            .map(|list| list.trim().to_owned())
            .collect(),
    });
    question.coalitions.extend(coalitions);
    question.include_next |= arguments.next;
    Ok(question)
}

/// A table, and what is certain of the whole in sentences that may be quoted.
fn text(response: &BoundSeatsResponse, ballots: u64) -> String {
    let mut rows = table(&["list", "fewest", "most", "threshold", "majority", "proof"]);
    align_numbers(&mut rows, 1);
    for column in rows.column_iter_mut().skip(3) {
        column.set_cell_alignment(comfy_table::CellAlignment::Left);
    }
    for list in &response.lists {
        let threshold = match list.threshold() {
            ThresholdClaim::Unspecified | ThresholdClaim::NotNeeded => "",
            ThresholdClaim::Passed => "passed",
            ThresholdClaim::Failed => "failed",
            ThresholdClaim::Open => "open",
        };
        rows.add_row([
            list.option_id.clone(),
            list.fewest.to_string(),
            list.most.to_string(),
            threshold.to_owned(),
            majority(list.majority()).to_owned(),
            proofs(list.fewest_proof.as_ref(), list.most_proof.as_ref()),
        ]);
    }
    let mut lines = vec![rows.to_string()];
    lines.push(format!(
        "Secured: {} of {} seats, unless a counted station is corrected, annulled or recounted; if at most {} ballots are \
         outstanding.",
        response.seats_secured,
        response.seats,
        thousands(ballots)
    ));
    for coalition in &response.coalitions {
        lines.push(format!(
            "{} together: {} to {} seats, majority of {}: {} ({})",
            coalition.option_ids.join(", "),
            coalition.fewest,
            coalition.most,
            response.majority_seats,
            majority(coalition.majority()),
            proofs(
                coalition.fewest_proof.as_ref(),
                coalition.most_proof.as_ref()
            ),
        ));
    }
    for next in &response.next {
        let most = if next.is_exact {
            "no sooner than"
        } else {
            "for example"
        };
        lines.push(format!(
            "Next: {} can have {} for certain {most} with {} more {} counted, all for it",
            next.option_id,
            count(next.seats, "seat", "seats"),
            thousands(next.ballots),
            if next.ballots == 1 {
                "ballot"
            } else {
                "ballots"
            },
        ));
    }
    lines.join("\n")
}

fn majority(claim: SeatClaim) -> &'static str {
    match claim {
        SeatClaim::Certain => "certain",
        SeatClaim::Excluded => "excluded",
        SeatClaim::Open | SeatClaim::Unspecified => "open",
    }
}

/// What is known of both numbers, in a word each where they differ.
fn proofs(fewest: Option<&BoundProof>, most: Option<&BoundProof>) -> String {
    let word = |proof: Option<&BoundProof>| {
        let proof = proof.cloned().unwrap_or_default();
        match proof.kind() {
            BoundKind::Exact => String::from("exact"),
            BoundKind::Safe => format!("safe: {}", proof.reason_text),
            BoundKind::NoClaim | BoundKind::Unspecified => {
                format!("no claim: {}", proof.reason_text)
            }
        }
    };
    let (fewest, most) = (word(fewest), word(most));
    if fewest == most {
        fewest
    } else {
        format!("{fewest}; most {most}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser as _;
    use wire::allocation::v1::NextCertainSeat;

    const ALMATY: &str =
        "list,votes\nnur-otan,218003\naq-jol,32367\nauyl,24591\nqhp,23388\nadal,21733\n";

    fn asked(file: &std::path::Path, more: &[&str]) -> Result<BoundSeatsRequest, Failure> {
        let file = file.display().to_string();
        let line = ["hemicycle", "bounds", &file]
            .into_iter()
            .chain(more.iter().copied());
        let Command::Bounds(arguments) = Cli::parse_from(line).command else {
            panic!("it is another command");
        };
        question(&arguments)
    }

    #[test]
    fn votes_and_rules_give_a_table_with_the_basis() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ALMATY).unwrap();
        let options = [
            "--profile",
            "kz-maslihat-2021",
            "--seats",
            "39",
            "--outstanding",
            "800",
            "--ballots-in-box",
            "333300",
            "--coalition",
            "aq-jol, adal",
            "--next",
        ];
        let asked = asked(file.path(), &options).unwrap();
        let response = bounded(asked).unwrap();
        let shown = text(&response, 800);
        assert!(
            shown.contains("unless a counted station is corrected"),
            "{shown}"
        );
        assert!(
            shown.contains("at most 800 ballots are outstanding"),
            "{shown}"
        );
        assert!(shown.contains("aq-jol, adal together: "), "{shown}");
        let row = shown
            .lines()
            .find(|line| line.contains("nur-otan"))
            .unwrap();
        assert!(row.contains("passed") && row.contains("certain"), "{row}");
    }

    #[test]
    fn the_next_seat_is_told_in_grammar() {
        let next = |seats, ballots| {
            let next = NextCertainSeat {
                option_id: "a".to_owned(),
                seats,
                ballots,
                is_exact: true,
            };
            let response = BoundSeatsResponse {
                next: vec![next],
                ..Default::default()
            };
            let shown = text(&response, 0);
            shown.lines().last().map(str::to_owned)
        };
        let one = "Next: a can have 1 seat for certain no sooner than with 1 more ballot counted, all for it";
        let more = "Next: a can have 2 seats for certain no sooner than with 12 more ballots counted, all for it";
        assert_eq!(next(1, 1).as_deref(), Some(one));
        assert_eq!(next(2, 12).as_deref(), Some(more));
    }

    #[test]
    fn json_is_a_question_too_and_the_command_line_stands_above_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let json = r#"{"counted": {"seats": 3, "lists": [{"optionId": "a", "votes": 10}, {"optionId": "b", "votes": 9}],
            "rules": {"stages": [{"highestAverages": {"divisors": "DIVISORS_D_HONDT"}}]}}, "outstandingBallots": 5}"#;
        std::fs::write(file.path(), json).unwrap();
        assert_eq!(asked(file.path(), &[]).unwrap().outstanding_ballots, 5);
        let none = asked(file.path(), &["--outstanding", "0"]).unwrap();
        let response = bounded(none).unwrap();
        assert!(response.all_secured);
        assert_eq!(response.lists[0].most, 2);
    }

    #[test]
    fn what_is_refused_is_told_by_its_field() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ALMATY).unwrap();
        let profile = |name: &str| {
            let options = [
                "--profile",
                name,
                "--seats",
                "39",
                "--outstanding",
                "800",
                "--coalition",
                "nobody",
            ];
            asked(file.path(), &options)
                .and_then(bounded)
                .unwrap_err()
                .to_string()
        };
        assert!(profile("kz-maslihat-2021").contains("coalitions[0].option_ids[0]"));
        assert!(profile("no-storting").contains("over all districts"));
        // Rules over all districts are refused as such, not asked for a number of seats that they have.
        let without = |name: &str| {
            let options = ["--profile", name, "--outstanding", "800"];
            asked(file.path(), &options).unwrap_err().to_string()
        };
        assert!(without("no-storting").contains("over all districts"));
        assert!(without("kz-maslihat-2021").contains("--seats is needed"));
    }
}
