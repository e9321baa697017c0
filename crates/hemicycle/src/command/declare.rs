//! `hemicycle declare`.

use super::place::place_or_whole;
use super::{connect, election_id, print, print_json, required_id};
use crate::cli::Declare;
use crate::failure::{Ending, Failure};
use client::Client;
use election::command::Command;
use election::ids::{ElectionId, OptionId};
use election::report::Attribution;
use serde_json::json;
use wire::allocation::v1::{CheckDeclarationRequest, CheckDeclarationResponse};
use wire::common::v1::{Finding, SeatRow, View};

/// Checks a declared result, and records it.
///
/// # Errors
///
/// Rows that cannot be read, an election that is not there, a declaration that the server refuses.
pub async fn run(arguments: Declare) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let rows = arguments
        .seats
        .iter()
        .map(|row| seat_row(row))
        .collect::<Result<Vec<_>, _>>()?;
    let checked = check(
        &client,
        &election,
        &arguments.contest,
        &arguments.district,
        &rows,
    )
    .await?;
    let sound = checked.findings.is_empty();
    let records = !arguments.check && (sound || arguments.force);
    let mut written = 0;
    if records {
        let (contest, district) =
            place_or_whole(&client, &election, &arguments.contest, &arguments.district).await?;
        let seats = rows
            .iter()
            .map(|row| Ok((option_id(&row.option_id)?, row.seats)));
        let command = Command::Declare {
            contest,
            district,
            seats: seats.collect::<Result<_, Failure>>()?,
            attribution: Attribution {
                by: arguments.by.clone().unwrap_or_default(),
                reason: arguments.reason.clone().unwrap_or_default(),
            },
        };
        written = client.command(&election, &command).await?.event_count;
    }
    if arguments.json {
        print_json(
            &json!({ "findings": checked.findings, "recorded": records, "events_written": written }),
        )?;
    } else {
        print_findings(&checked.findings)?;
        if records && written == 0 {
            print("it is declared so already: nothing new was recorded")?;
        } else if records {
            print("recorded: the declared seats are the official ones")?;
        } else if !arguments.check {
            print("not recorded; --force records it all the same, as the official result")?;
        }
    }
    Ok(if !sound && !arguments.force {
        Ending::CheckFailed
    } else if records && written == 0 {
        Ending::NothingNew
    } else {
        Ending::Done
    })
}

/// Asks the allocation role what is wrong with declared rows.
///
/// # Errors
///
/// As `CheckDeclaration`.
pub async fn check(
    client: &Client,
    election: &ElectionId,
    contest: &str,
    district: &str,
    rows: &[SeatRow],
) -> Result<CheckDeclarationResponse, Failure> {
    let request = CheckDeclarationRequest {
        election_id: election.to_string(),
        view: View::Head.into(),
        revision: 0,
        contest_id: contest.to_owned(),
        district_id: district.to_owned(),
        rows: rows.to_vec(),
    };
    Ok(client.check_declaration(request).await?)
}

/// Findings as lines.
pub(super) fn print_findings(findings: &[Finding]) -> Result<(), Failure> {
    if findings.is_empty() {
        return print("the declared result agrees with votes, house and lists");
    }
    for finding in findings {
        let list = if finding.option_id.is_empty() {
            String::new()
        } else {
            format!("{}: ", finding.option_id)
        };
        print(&format!("  {list}{}", finding.text))?;
    }
    Ok(())
}

fn seat_row(text: &str) -> Result<SeatRow, Failure> {
    let wrong = || {
        Failure::Usage(format!(
            "{text:?} is not of the form LIST=SEATS, such as nur-otan=29"
        ))
    };
    let (option_id, seats) = text.split_once('=').ok_or_else(wrong)?;
    let seats = seats.parse().map_err(|_| wrong())?;
    Ok(SeatRow {
        option_id: option_id.to_owned(),
        seats,
    })
}

fn option_id(text: &str) -> Result<OptionId, Failure> {
    required_id("list", text, OptionId::new)
}
