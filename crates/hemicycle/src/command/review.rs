//! `hemicycle review`.

use super::history::{reasons, votes};
use super::{connect, election_id, instant, print, print_json};
use crate::cli::Review;
use crate::failure::{Ending, Failure};
use crate::table::table;
use client::{Client, ClientError};
use election::command::Command;
use election::ids::{ElectionId, Revision};
use election::report::TallyKey;
use futures::StreamExt as _;
use serde_json::json;
use wire::results::v1::{ListPendingRequest, PendingReport};

/// Lists what waits for a reviewer, or decides over some of it.
///
/// # Errors
///
/// An election that is not there, a revision at which nothing waits, a decision that the server refuses.
pub async fn run(arguments: Review) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let waiting = waiting(&client, &election).await?;
    let decisions = decisions(&arguments);
    if decisions.is_empty() {
        show(&election, &waiting, arguments.json)?;
        return Ok(Ending::Done);
    }
    // All are found before the first is decided: a mistyped one leaves nothing half done.
    let mut commands = Vec::new();
    for (revision, release) in decisions {
        let report = waiting.iter().find(|it| it.held_revision == revision);
        let report = report.ok_or_else(|| not_waiting(&election, revision))?;
        let key = report.key.clone().ok_or(ClientError::Missing("key"))?;
        commands.push(Command::Review {
            held_revision: Revision(revision),
            key: TallyKey::try_from(key).map_err(ClientError::Answer)?,
            release,
            reason: arguments.reason.clone().unwrap_or_default(),
        });
    }
    let mut written = Vec::new();
    for command in &commands {
        written.push(client.command(&election, command).await?);
        if let Command::Review {
            held_revision,
            key,
            release,
            ..
        } = command
            && !arguments.json
        {
            let done = if *release { "accepted" } else { "rejected" };
            print(&format!("{done}: {key}, held at revision {held_revision}"))?;
        }
    }
    if arguments.json {
        let events: u64 = written.iter().map(|written| written.event_count).sum();
        let revision = written.last().map(|written| written.last_revision.0);
        print_json(&json!({
            "accepted": arguments.accept,
            "rejected": arguments.reject,
            "events_written": events,
            "revision": revision,
            "waiting": waiting.len() - commands.len(),
        }))?;
    }
    Ok(Ending::Done)
}

// By revision, whether the report is let into the count; in the order in which the reports came.
fn decisions(arguments: &Review) -> Vec<(u64, bool)> {
    let accept = arguments.accept.iter().map(|revision| (*revision, true));
    let reject = arguments.reject.iter().map(|revision| (*revision, false));
    let mut decisions: Vec<_> = accept.chain(reject).collect();
    decisions.sort_unstable();
    decisions.dedup();
    decisions
}

async fn waiting(client: &Client, election: &ElectionId) -> Result<Vec<PendingReport>, Failure> {
    let request = ListPendingRequest {
        election_id: election.to_string(),
        ..ListPendingRequest::default()
    };
    let mut pages = std::pin::pin!(client.list_pending(request));
    let mut reports = Vec::new();
    while let Some(page) = pages.next().await {
        reports.extend(page?.reports);
    }
    Ok(reports)
}

fn not_waiting(election: &ElectionId, revision: u64) -> Failure {
    Failure::Input(format!(
        "no report that was held at revision {revision} waits for a reviewer; `hemicycle review {election}` lists what does"
    ))
}

fn show(election: &ElectionId, waiting: &[PendingReport], json: bool) -> Result<(), Failure> {
    if json {
        return print_json(&waiting);
    }
    if waiting.is_empty() {
        return print(&format!("nothing of {election} waits for a reviewer"));
    }
    let mut table = table(&[
        "revision",
        "time",
        "tally",
        "version",
        "votes",
        "counted now",
        "why",
    ]);
    for report in waiting {
        table.add_row(row(report));
    }
    print(&table.to_string())?;
    print(&format!(
        "{} wait; decide with: hemicycle review {election} --accept REVISION --reason TEXT (or --reject)",
        waiting.len()
    ))
}

fn row(waiting: &PendingReport) -> [String; 7] {
    let key = waiting.key.clone().unwrap_or_default();
    let report = waiting.report.clone().unwrap_or_default();
    let standing = waiting
        .standing
        .as_ref()
        .and_then(|tally| tally.counts.as_ref());
    [
        waiting.held_revision.to_string(),
        instant(
            waiting
                .held_time
                .and_then(|it| wire::time("held_time", it).ok()),
        ),
        format!(
            "{}/{}/{}",
            key.unit_id, key.contest_id, key.counting_group_id
        ),
        report.version.to_string(),
        votes(report.counts.as_ref()),
        standing.map_or_else(|| String::from("nothing"), |counts| votes(Some(counts))),
        reasons(&report),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn parse(arguments: &str) -> Review {
        let words = ["hemicycle", "review", "e-2026"]
            .into_iter()
            .chain(arguments.split(' '));
        match crate::cli::Cli::parse_from(words).command {
            crate::cli::Command::Review(review) => review,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn decisions_come_in_the_order_of_the_reports_and_once() {
        let review = parse("--accept 9 --reject 4 --accept 9 --accept 2 --reason checked");
        assert_eq!(decisions(&review), [(2, true), (4, false), (9, true)]);
    }
}
