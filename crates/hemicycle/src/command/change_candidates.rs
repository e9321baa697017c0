//! `hemicycle change-candidates`.

use super::place::place;
use super::{connect, election_id, ending, print, print_json, required_id};
use crate::cli::official::ChangeCandidates;
use crate::failure::{Ending, Failure};
use election::command::Command;
use election::ids::OptionId;
use serde_json::json;

/// Changes the number of candidates that a list has.
///
/// # Errors
///
/// A list that is not on the ballot, a contest or district that is not named where there are several.
pub async fn run(arguments: ChangeCandidates) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let option = required_id("list", &arguments.list, OptionId::new)?;
    let (contest, district) =
        place(&client, &election, &arguments.contest, &arguments.district).await?;
    let command = Command::ChangeCandidates {
        contest: contest.clone(),
        district: district.clone(),
        option: option.clone(),
        candidates: arguments.candidates,
        effective: arguments.since.to_string(),
        reason: arguments.reason,
    };
    let events = client.command(&election, &command).await?.event_count;
    let candidates = arguments.candidates;
    if arguments.json {
        print_json(&json!({
            "contest": contest.to_string(),
            "district": district.to_string(),
            "list": option.to_string(),
            "candidates": candidates,
            "events_written": events,
        }))?;
    } else if events == 0 {
        print(&format!("{option} has {candidates} candidates already"))?;
    } else {
        print(&format!(
            "{option} has {candidates} candidates in {district} now; seats beyond them go where the rules say"
        ))?;
    }
    Ok(ending(events))
}
