//! `hemicycle withdraw`.

use super::{connect, election_id, ending, print, print_json, required_id};
use crate::cli::Withdraw;
use crate::failure::{Ending, Failure};
use client::{Client, ClientError};
use election::command::Command;
use election::ids::{ElectionId, UnitId};
use election::report::{Attribution, TallyKey};
use serde_json::json;
use wire::common::v1 as common;
use wire::common::v1::{UnitTally, View};

/// Takes a tally out of the count.
///
/// # Errors
///
/// A unit that is not there, a tally that is not named where there are several, a withdrawal that the server refuses.
pub async fn run(arguments: Withdraw) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let unit = required_id("unit", &arguments.unit, UnitId::new)?;
    let tally = tally(&client, &election, &unit, &arguments).await?;
    let key = common::TallyKey {
        unit_id: unit.to_string(),
        contest_id: tally.contest_id.clone(),
        counting_group_id: tally.counting_group_id.clone(),
    };
    let key = TallyKey::try_from(key).map_err(ClientError::Answer)?;
    let version = version(&arguments, &tally, &key, &election)?;
    let events = match version {
        None => 0,
        Some(version) => {
            let command = Command::Withdraw {
                key: key.clone(),
                version,
                attribution: Attribution {
                    by: arguments.by.clone(),
                    reason: arguments.reason.clone(),
                },
            };
            client.command(&election, &command).await?.event_count
        }
    };
    let taken = version.unwrap_or_default();
    if arguments.json {
        print_json(
            &json!({ "tally": key.to_string(), "version": version, "events_written": events }),
        )?;
    } else if events == 0 {
        print(&format!(
            "nothing of {key} is counted, so nothing was written"
        ))?;
    } else {
        print(&format!(
            "withdrawn as version {taken}: {key} is not counted any more, until version {} of it comes, or a higher one",
            taken.saturating_add(1)
        ))?;
    }
    Ok(ending(events))
}

// A single contest or counting group need not be named.
async fn tally(
    client: &Client,
    election: &ElectionId,
    unit: &UnitId,
    arguments: &Withdraw,
) -> Result<UnitTally, Failure> {
    let answer = client.get_unit(election, unit, View::Head, 0).await?;
    let tallies = answer.unit.ok_or(ClientError::Missing("unit"))?.tallies;
    let names: Vec<_> = tallies
        .iter()
        .map(|it| format!("{}/{}", it.contest_id, it.counting_group_id))
        .collect();
    let names = names.join(", ");
    let is_meant = |wanted: &str, id: &str| wanted.is_empty() || wanted == id;
    let mut meant = tallies.into_iter().filter(|it| {
        is_meant(&arguments.contest, &it.contest_id)
            && is_meant(&arguments.group, &it.counting_group_id)
    });
    match (meant.next(), meant.next()) {
        (Some(tally), None) => Ok(tally),
        (None, _) => Err(Failure::Input(format!(
            "unit {unit} has no such tally; it has {names}"
        ))),
        (Some(_), Some(_)) => Err(Failure::Input(format!(
            "unit {unit} has the tallies {names}: name one with --contest and --group"
        ))),
    }
}

// The version of the tombstone; `None`: nothing is there to be withdrawn. What waits for a reviewer was acknowledged, so
// it is reviewed before a tombstone may stand above it.
fn version(
    arguments: &Withdraw,
    tally: &UnitTally,
    key: &TallyKey,
    election: &ElectionId,
) -> Result<Option<u32>, Failure> {
    let next = tally
        .counted_version
        .map(|counted| counted.saturating_add(1));
    let version = arguments.version.or(next);
    match (version, tally.pending_version) {
        (None, Some(_)) => Err(Failure::Input(format!(
            "nothing of {key} is counted, and the report held at revision {0} waits: `hemicycle review {election} --reject \
             {0} --reason TEXT` keeps it out",
            tally.pending_revision
        ))),
        (Some(version), Some(pending)) if pending <= version => Err(Failure::Input(format!(
            "version {pending} of {key}, held at revision {0}, waits for a reviewer, and a withdrawal with version {version} \
             would shut it out: decide first with `hemicycle review {election} --accept {0} --reason TEXT` (or --reject)",
            tally.pending_revision
        ))),
        _ => Ok(version),
    }
}
