//! `hemicycle stage`.

use super::{connect, election_id, print, print_json};
use crate::cli::official::ShowStage;
use crate::failure::{Ending, Failure};
use client::Client;
use election::command::Command;
use election::ids::ElectionId;
use futures::StreamExt as _;
use serde_json::json;
use std::pin::pin;
use wire::common::v1::{Mark, Stage, View};
use wire::results::v1::{ElectionSummary, ListElectionsRequest};

/// Changes the stage or a mark, and shows what holds.
///
/// # Errors
///
/// An election that is not there, or that is declared already: then a mark says what is remarkable.
pub async fn run(arguments: ShowStage) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let events = match command(&arguments) {
        None => None,
        Some(command) => Some(client.command(&election, &command).await?.event_count),
    };
    let summary = summary(&client, &election, View::Head).await?;
    let summary =
        summary.ok_or_else(|| Failure::Input(format!("there is no election {election}")))?;
    let stage = stage_name(summary.stage());
    let marks: Vec<String> = summary.marks().map(mark).collect();
    if arguments.json {
        print_json(&json!({
            "stage": stage,
            "marks": marks,
            "events_written": events.unwrap_or(0),
        }))?;
    } else if marks.is_empty() {
        print(&format!("election {election}: {stage}"))?;
    } else {
        print(&format!(
            "election {election}: {stage}; {}",
            marks.join(", ")
        ))?;
    }
    Ok(if events == Some(0) {
        Ending::NothingNew
    } else {
        Ending::Done
    })
}

fn command(arguments: &ShowStage) -> Option<Command> {
    let reason = arguments.reason.clone().unwrap_or_default();
    if let Some(stage) = arguments.set {
        return Some(Command::SetStage {
            stage: stage.into(),
            reason,
        });
    }
    let mark = arguments.mark.or(arguments.unmark)?;
    Some(Command::SetMark {
        mark: mark.into(),
        is_set: arguments.mark.is_some(),
        reason,
    })
}

/// An election of the server's list; `None`: the view knows none of this name.
pub(super) async fn summary(
    client: &Client,
    election: &ElectionId,
    view: View,
) -> Result<Option<ElectionSummary>, Failure> {
    let request = ListElectionsRequest {
        view: view.into(),
        page_size: 1_000,
        ..ListElectionsRequest::default()
    };
    let mut pages = pin!(client.list_elections(request));
    while let Some(page) = pages.next().await {
        let mut summaries = page?.elections.into_iter();
        if let Some(found) = summaries.find(|it| it.election_id == election.as_str()) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// A stage as it is typed.
pub(super) fn stage_name(stage: Stage) -> String {
    lower(stage.as_str_name(), "STAGE_")
}

/// A mark as it is typed.
pub(super) fn mark(mark: Mark) -> String {
    lower(mark.as_str_name(), "MARK_")
}

fn lower(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix)
        .to_lowercase()
        .replace('_', "-")
}
