//! `hemicycle set-status`.

use super::{attribution, connect, election_id, ending, print, print_json, required_id};
use crate::cli::official::SetStatus;
use crate::failure::{Ending, Failure};
use election::command::Command;
use election::ids::{ContestId, CountingGroupId, UnitId};
use election::report::UnitStatus;
use serde_json::json;

/// Sets the status of a unit.
///
/// # Errors
///
/// A unit, contest or counting group that is not there, a status that the unit cannot have now.
pub async fn run(arguments: SetStatus) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let unit = required_id("unit", &arguments.unit, UnitId::new)?;
    let contest = arguments.contest.as_deref();
    let contest = contest.map(|text| required_id("contest", text, ContestId::new));
    let group = arguments.group.as_deref();
    let group = group.map(|text| required_id("group", text, CountingGroupId::new));
    let into = arguments.into.as_deref();
    let into = into.map(|text| required_id("into", text, UnitId::new));
    let status = UnitStatus::from(arguments.status);
    if status != UnitStatus::Merged && arguments.into.is_some() {
        return Err(Failure::Usage(format!(
            "--into names the unit that reports for one that is merged; the status given is {}",
            status.name()
        )));
    }
    let command = Command::SetUnitStatus {
        unit: unit.clone(),
        contest: contest.transpose()?,
        counting_group: group.transpose()?,
        status,
        merged_into: into.transpose()?,
        attribution: attribution(&arguments.order),
    };
    let events = client.command(&election, &command).await?.event_count;
    if arguments.json {
        print_json(&json!({
            "unit": unit.to_string(),
            "status": status.name(),
            "events_written": events,
        }))?;
    } else if events == 0 {
        print(&format!("unit {unit} is {} already", status.name()))?;
    } else {
        print(&format!(
            "unit {unit} is {} now, in {events} of its tallies",
            status.name()
        ))?;
    }
    Ok(ending(events))
}
