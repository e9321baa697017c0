//! `hemicycle certify`.

use super::{attribution, connect, election_id, ending, print, print_json};
use crate::cli::official::Certify;
use crate::failure::{Ending, Failure};
use election::command::Command;
use serde_json::json;

/// Certifies the declared result.
///
/// # Errors
///
/// An election that is not there, or of which no result is declared.
pub async fn run(arguments: Certify) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let command = Command::Certify {
        attribution: attribution(&arguments.order),
    };
    let events = client.command(&election, &command).await?.event_count;
    if arguments.json {
        print_json(&json!({ "certified": true, "events_written": events }))?;
    } else if events == 0 {
        print(&format!("election {election} is certified so already"))?;
    } else {
        print(&format!(
            "election {election} is certified: the declared result stands"
        ))?;
    }
    Ok(ending(events))
}
