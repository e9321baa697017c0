//! `hemicycle define`.

use super::{classes, connect, open_classes, print, print_json};
use crate::cli::Define;
use crate::failure::{Ending, Failure};
use crate::night::ballot_hash;
use election::definition::Definition;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Defines an election, and opens it to the public where that is asked for.
///
/// # Errors
///
/// A definition that is refused, here or by the server, with the field and the rule.
pub async fn run(arguments: Define) -> Result<Ending, Failure> {
    let path = &arguments.file;
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(Failure::io(path.display().to_string()))?;
    let definition = Definition::from_toml(&text)
        .map_err(|refusal| Failure::Input(format!("{}: {refusal}", path.display())))?;
    if let Some(zone) = &definition.presentation.time_zone
        && jiff::tz::TimeZone::get(zone).is_err()
    {
        let rule = "must be the IANA name of a time zone, such as Asia/Almaty";
        let what = format!("SHAPE: presentation.time_zone is {zone:?}: {rule}");
        return Err(Failure::Input(format!("{}: {what}", path.display())));
    }
    let election = definition.ballot.election.clone();
    let hash = ballot_hash(&definition.ballot);
    let units = definition.register.units.len();
    if arguments.check {
        if arguments.json {
            print_json(&json!({
                "election_id": election.as_str(),
                "ballot_hash": hash.to_string(),
                "units": units,
            }))?;
        } else {
            print(&format!(
                "election {election}: {units} units, ballot {hash}: the definition is sound"
            ))?;
        }
        return Ok(Ending::Done);
    }
    let client = connect(&arguments.server)?.with_deadline(Duration::from_secs(60));
    let defined = client.define(&Arc::new(definition)).await?;
    let opened = open_classes(&client, &election, &classes(&arguments.open), None).await?;
    let written = defined.written.event_count + opened;
    if arguments.json {
        print_json(&json!({
            "election_id": election.as_str(),
            "log_id": defined.log_id.to_string(),
            "ballot_hash": hash.to_string(),
            "units": units,
            "events_written": written,
            "revision": defined.written.last_revision.0 + opened,
        }))?;
    } else if written == 0 {
        print(&format!(
            "election {election}: defined and opened so already, nothing was written"
        ))?;
    } else {
        print(&format!(
            "election {election}: {units} units, ballot {hash}, log {}",
            defined.log_id
        ))?;
    }
    Ok(if written == 0 {
        Ending::NothingNew
    } else {
        Ending::Done
    })
}
