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
use wire::common::v1::{Finding, SeatRow, SeatsState, View};

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
        print_json(&json!({
            "findings": checked.findings,
            "hangs_on_tie": hangs_on_tie(&checked),
            "recorded": records,
            "events_written": written,
        }))?;
    } else {
        print(&found(&checked))?;
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

/// Whether an open tie leaves other results possible than the one that agrees.
fn hangs_on_tie(checked: &CheckDeclarationResponse) -> bool {
    let allocation = checked.allocation.as_ref();
    allocation.is_some_and(|allocation| allocation.state() == SeatsState::Tied)
}

/// Findings as lines.
pub(super) fn found(checked: &CheckDeclarationResponse) -> String {
    if checked.findings.is_empty() {
        return String::from(if hangs_on_tie(checked) {
            "the declared result is one of those that an open tie leaves possible: a lot says which, and none is recorded \
             (`hemicycle draw-lot`)"
        } else {
            "the declared result agrees with votes, house and lists"
        });
    }
    let lines = checked.findings.iter().map(|finding| {
        let Finding {
            option_id, text, ..
        } = finding;
        match option_id.as_str() {
            "" => format!("  {text}"),
            list => format!("  {list}: {text}"),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
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

#[cfg(test)]
mod tests {
    use super::*;
    use wire::allocation::v1::Allocation;

    #[test]
    fn one_outcome_of_an_open_tie_does_not_simply_agree() {
        let checked = |state: SeatsState| CheckDeclarationResponse {
            allocation: Some(Allocation {
                state: state.into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        assert!(found(&checked(SeatsState::Tied)).contains("draw-lot"));
        assert!(found(&checked(SeatsState::Provisional)).contains("agrees"));
        // Rows that agree with no outcome are told as they are.
        let finding = Finding {
            option_id: "a".to_owned(),
            text: "declared are 3 seats".to_owned(),
            ..Default::default()
        };
        let differing = CheckDeclarationResponse {
            findings: vec![finding],
            ..checked(SeatsState::Tied)
        };
        assert_eq!(found(&differing), "  a: declared are 3 seats");
    }
}
