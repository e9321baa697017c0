//! `hemicycle compare` of rules over all districts: the same votes of districts under several laws, side by side.

use super::allocate::counts_given;
use super::allocate_districts::{answer, request_of, votes_of};
use super::compare::Law;
use super::{client, print, print_json};
use crate::cli::Compare;
use crate::districts_file::Votes;
use crate::failure::{Ending, Failure};
use crate::table::{align_numbers, seats, table, thousands};
use serde::Serialize;
use wire::allocation::v1::{AllocateDistrictsRequest, DistrictedAllocation};

/// What one law gives.
#[derive(Debug, Serialize)]
struct Outcome {
    /// The law.
    name: String,
    /// Its seats, or why they are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation: Option<DistrictedAllocation>,
    /// Why it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

impl Outcome {
    /// The seats, where they are known.
    fn known(&self) -> Option<&DistrictedAllocation> {
        let allocation = self.allocation.as_ref();
        allocation.filter(|allocation| allocation.problem.is_empty())
    }

    /// Seats that are certain, and the most of them.
    fn range(&self, list: usize) -> Option<(u32, u32)> {
        let seats = self.known()?.lists.get(list)?.seats.as_ref()?;
        let held = seats.seats?;
        Some((held, seats.seats_most.unwrap_or(held)))
    }
}

/// A list that the laws treat differently.
#[derive(Debug, Serialize)]
struct Difference {
    option_id: String,
    /// By law: certain seats, and the most where a tie is open.
    seats: Vec<ComparedSeats>,
}

#[derive(Debug, Serialize)]
struct ComparedSeats {
    name: String,
    seats: u32,
    seats_most: u32,
    more_than_first: i64,
}

#[derive(Debug, Serialize)]
struct Comparison {
    results: Vec<Outcome>,
    differences: Vec<Difference>,
}

/// Prints a table: a row for each list, a column for each law, and the lists that they treat differently. A law that cannot
/// be applied to the votes says so below, the others stand, and the exit code is 1.
///
/// # Errors
///
/// Votes that cannot be read, a server that is not there.
pub(super) async fn run(arguments: Compare, laws: Vec<Law>) -> Result<Ending, Failure> {
    if arguments.seats.is_some() {
        let what =
            "--seats: the rules are over all districts, whose seats stand in the file of votes";
        return Err(Failure::Usage(what.to_owned()));
    }
    if let Some(option) = counts_given(arguments.counts) {
        let what = format!(
            "{option}: the rules are over all districts, and each has its own count in the file of votes"
        );
        return Err(Failure::Usage(what));
    }
    let (file, first_votes) = (arguments.file.clone(), arguments.first_votes.clone());
    let read =
        tokio::task::spawn_blocking(move || votes_of(file.as_deref(), first_votes.as_deref()));
    let votes = read.await.map_err(failed)??;
    let mut results = Vec::with_capacity(laws.len());
    for law in laws {
        results.push(outcome(&law, &votes, arguments.server.as_deref()).await?);
    }
    let differences = differences(&votes, &results);
    let comparison = Comparison {
        results,
        differences,
    };
    if arguments.json {
        print_json(&comparison)?;
    } else {
        print(&text(&votes, &comparison))?;
    }
    let all_known = comparison.results.iter().all(|it| it.known().is_some());
    Ok(if all_known {
        Ending::Done
    } else {
        Ending::CheckFailed
    })
}

fn failed(error: tokio::task::JoinError) -> Failure {
    Failure::Input(error.to_string())
}

async fn outcome(law: &Law, votes: &Votes, server: Option<&str>) -> Result<Outcome, Failure> {
    let asked = match law.over_districts() {
        Some(rules) => request_of(votes, rules),
        None => Err(Failure::Input(
            "the rules are of single districts".to_owned(),
        )),
    };
    let answered = match (asked, server) {
        (Ok(request), None) => {
            let computed = tokio::task::spawn_blocking(move || answer(request));
            computed.await.map_err(failed)?
        }
        (Ok(request), Some(server)) => ask(server, request).await,
        (Err(error), _) => Err(error),
    };
    let (allocation, refusal) = match answered {
        Ok(response) => (response.allocation, None),
        // What the law or the engine refuses is this law's; a server that is not there is nobody's answer.
        Err(Failure::Input(refusal)) => (None, Some(refusal)),
        Err(Failure::Client(error)) if error.code() == tonic::Code::InvalidArgument => {
            (None, Some(error.to_string()))
        }
        Err(other) => return Err(other),
    };
    Ok(Outcome {
        name: law.name.clone(),
        allocation,
        refusal,
    })
}

async fn ask(
    server: &str,
    request: AllocateDistrictsRequest,
) -> Result<wire::allocation::v1::AllocateDistrictsResponse, Failure> {
    Ok(client(server, None, None)?
        .allocate_districts(request)
        .await?)
}

fn differences(votes: &Votes, results: &[Outcome]) -> Vec<Difference> {
    let known: Vec<&Outcome> = results.iter().filter(|it| it.known().is_some()).collect();
    let lists = votes.lists.iter().enumerate().filter_map(|(list, entry)| {
        let ranges = known
            .iter()
            .map(|outcome| outcome.range(list).unwrap_or_default());
        let ranges: Vec<(u32, u32)> = ranges.collect();
        let first = *ranges.first()?;
        if ranges.iter().all(|range| *range == first) {
            return None;
        }
        let seats = known
            .iter()
            .zip(&ranges)
            .map(|(outcome, (held, most))| ComparedSeats {
                name: outcome.name.clone(),
                seats: *held,
                seats_most: *most,
                more_than_first: i64::from(*held) - i64::from(first.0),
            });
        Some(Difference {
            option_id: entry.option_id.clone(),
            seats: seats.collect(),
        })
    });
    lists.collect()
}

fn text(votes: &Votes, comparison: &Comparison) -> String {
    let Comparison {
        results,
        differences,
    } = comparison;
    let known: Vec<&Outcome> = results.iter().filter(|it| it.known().is_some()).collect();
    let names = known.iter().map(|outcome| outcome.name.as_str());
    let header: Vec<&str> = ["list", "votes"].into_iter().chain(names).collect();
    let mut rows = table(&header);
    for (list, entry) in votes.lists.iter().enumerate() {
        let first = known.first().and_then(|outcome| outcome.range(list));
        let held = known.iter().map(|outcome| {
            let result = outcome.known().and_then(|it| it.lists.get(list));
            let shown = seats(result.and_then(|result| result.seats.as_ref()));
            let more = outcome.range(list).zip(first);
            match more.map_or(0, |((held, _), (first, _))| {
                i64::from(held) - i64::from(first)
            }) {
                0 => shown,
                more => format!("{shown} ({more:+})"),
            }
        });
        let total = votes.districts.iter();
        let total = total
            .map(|district| district.votes[list])
            .fold(0, u64::saturating_add);
        let cells = [entry.option_id.clone(), thousands(total)];
        rows.add_row(cells.into_iter().chain(held));
    }
    // Houses can be of different size, under a law with further seats.
    let houses = known.iter().filter_map(|outcome| outcome.known());
    let houses = houses.map(|allocation| allocation.seats.to_string());
    let cells = ["(all seats of the house)".to_owned(), String::new()];
    rows.add_row(cells.into_iter().chain(houses));
    align_numbers(&mut rows, 1);
    let mut lines = vec![rows.to_string()];
    let names: Vec<&str> = differences.iter().map(|it| it.option_id.as_str()).collect();
    lines.push(match names.len() {
        _ if known.len() < 2 => String::from("nothing to compare: fewer than two have seats"),
        0 => String::from("no difference"),
        count => format!(
            "differences in {count} of {}: {}",
            votes.lists.len(),
            names.join(", ")
        ),
    });
    for outcome in results {
        let problem = outcome.allocation.as_ref().map(|it| it.problem.as_str());
        let problem = outcome.refusal.as_deref().or(problem);
        if let Some(problem) = problem.filter(|problem| !problem.is_empty()) {
            lines.push(format!("{}: {problem}", outcome.name));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::compare::laws_of;

    const VOTES: &str = "district,list,votes,seats,valid_votes\nn,a,60,3,160\nn,b,51,,\nn,c,49,,\ns,a,10,2,60\ns,b,20,,\ns,c,30,,\n";

    /// Poland's districts by D'Hondt and a levelled house differ; a law that needs another count is told beside them.
    #[tokio::test]
    async fn laws_over_districts_stand_side_by_side() {
        let votes = crate::districts_file::read(VOTES.as_bytes(), "votes.csv").unwrap();
        let mut results = Vec::new();
        for law in laws_of(&["pl-sejm", "no-storting", "de-bundestag-2025"]).unwrap() {
            results.push(outcome(&law, &votes, None).await.unwrap());
        }
        let differences = differences(&votes, &results);
        assert!(!differences.is_empty());
        let comparison = Comparison {
            results,
            differences,
        };
        let shown = text(&votes, &comparison);
        for said in [
            "pl-sejm",
            "no-storting",
            "differences in ",
            "(all seats of the house)",
            "de-bundestag-2025: SHAPE: rules.tiers.stages[0].whole.admission.constituencies_won",
        ] {
            assert!(shown.contains(said), "{said} is not in\n{shown}");
        }
        let house = shown.lines().find(|line| line.contains("of the house)"));
        let numbers = house.map(|line| {
            line.split_whitespace()
                .filter_map(|it| it.parse::<u32>().ok())
        });
        let known = comparison.results.iter().filter_map(Outcome::known);
        let seats: Vec<u32> = known.map(|allocation| allocation.seats).collect();
        assert_eq!(numbers.map(Iterator::collect::<Vec<_>>), Some(seats));
        let json = serde_json::to_value(&comparison).unwrap();
        assert_eq!(json["results"][0]["name"], "pl-sejm");
        assert!(
            json["results"][2]["refusal"]
                .as_str()
                .unwrap()
                .contains("constituencies")
        );
    }
}
