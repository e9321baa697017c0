//! `hemicycle correct-turnout`.

use super::{connect, election_id, ending, print, print_json, required_id, say};
use crate::cli::CorrectTurnout;
use crate::failure::{Ending, Failure};
use client::ClientError;
use election::command::Command;
use election::ids::UnitId;
use election::report::{Attribution, TurnoutReport};
use serde_json::json;
use wire::common::v1::View;

/// Puts a unit's turnout right.
///
/// # Errors
///
/// A unit that is not there or has reported no turnout, a correction that the server refuses.
pub async fn run(arguments: CorrectTurnout) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let unit = required_id("unit", &arguments.unit, UnitId::new)?;
    let answer = client.get_unit(&election, &unit, View::Head, 0).await?;
    let state = answer.unit.ok_or(ClientError::Missing("unit"))?;
    let roll = state.unit.and_then(|unit| unit.roll);
    let standing = state.turnout;
    let standing = standing.ok_or_else(|| {
        Failure::Input(format!(
            "no turnout of {unit} is reported, so there is none to be put right"
        ))
    })?;
    let command = Command::CorrectTurnout {
        turnout: TurnoutReport {
            unit: unit.clone(),
            version: arguments.version,
            ballots_issued: arguments.issued,
            is_final: arguments.is_final,
            attribution: Some(Attribution {
                by: arguments.by,
                reason: arguments.reason,
            }),
        },
        replaced_version: standing.version,
    };
    let events = client.command(&election, &command).await?.event_count;
    let over = roll.filter(|roll| arguments.issued > u64::from(*roll));
    let warning = over.map(|roll| {
        format!(
            "{unit}: {} ballots issued, but {roll} voters on the roll; it is counted all the same",
            arguments.issued
        )
    });
    if let Some(warning) = &warning {
        say(&format!("WARNING: {warning}"));
    }
    if arguments.json {
        print_json(&json!({
            "warnings": warning.as_slice(),
            "unit": unit.to_string(),
            "replaced_version": standing.version,
            "version": arguments.version,
            "events_written": events,
        }))?;
    } else if events == 0 {
        print(&format!("the turnout of {unit} is so already"))?;
    } else {
        print(&format!(
            "put right: the turnout of {unit} has version {} in place of {}, and {} ballots issued",
            arguments.version, standing.version, arguments.issued
        ))?;
    }
    Ok(ending(events))
}
