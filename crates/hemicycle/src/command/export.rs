//! `hemicycle export`.

use super::allocate::style;
use super::{connect, election_id, instant, to_json};
use crate::cli::{Explained, Export, Format, What};
use crate::failure::{Ending, Failure};
use client::Client;
use election::ids::ElectionId;
use futures::StreamExt as _;
use std::io::Write;
use std::path::Path;
use wire::allocation::v1::{GetStandingsRequest, Standings};
use wire::common::v1::View;
use wire::results::v1::{ListUnitsRequest, ListUnitsResponse};

/// Writes results.
///
/// # Errors
///
/// An election or a revision that is not there, a file that cannot be written.
pub async fn run(arguments: Export) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let view = if arguments.public {
        View::Public
    } else {
        View::Head
    };
    let words = match arguments.format {
        Format::Json | Format::Csv => None,
        Format::Text => Some(Explained::Text),
        Format::Markdown => Some(Explained::Markdown),
    };
    match arguments.what {
        What::Standings => {
            let request = GetStandingsRequest {
                election_id: election.to_string(),
                view: view.into(),
                revision: arguments.revision,
                include_steps: arguments.format == Format::Json,
                include_margins: words.is_some(),
                explanation: words.map(|format| style(format, &arguments.language)),
                ..GetStandingsRequest::default()
            };
            let standings = client.get_standings(request).await?;
            let mut output = open(arguments.output.as_deref())?;
            match arguments.format {
                Format::Json => writeln!(output, "{}", to_json(&standings, true)?)
                    .map_err(Failure::io("the output"))?,
                Format::Csv => standings_csv(&standings, &mut output)?,
                Format::Text | Format::Markdown => explanations(&standings, &mut output)?,
            }
            output.flush().map_err(Failure::io("the output"))?;
        }
        What::Units if words.is_some() => {
            let problem = "--what units is written as json or csv; text and markdown explain seats";
            return Err(Failure::Input(problem.into()));
        }
        What::Units => units(&client, &election, view, &arguments).await?,
    }
    Ok(Ending::Done)
}

// Opened when there is something to write: a question that fails leaves an older file as it is.
fn open(path: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = path else {
        return Ok(Box::new(std::io::stdout().lock()));
    };
    let file = std::fs::File::create(path).map_err(Failure::io(path.display().to_string()))?;
    Ok(Box::new(std::io::BufWriter::new(file)))
}

fn written(error: csv::Error) -> Failure {
    Failure::Io {
        what: String::from("the output"),
        source: error.into(),
    }
}

// How the seats of each district came about, in words.
fn explanations(standings: &Standings, output: &mut dyn Write) -> Result<(), Failure> {
    let districts = standings
        .contests
        .iter()
        .flat_map(|contest| &contest.districts);
    for allocation in districts.filter_map(|district| district.allocation.as_ref()) {
        let text = if allocation.explanation.is_empty() {
            &allocation.problem
        } else {
            &allocation.explanation
        };
        writeln!(output, "{text}").map_err(Failure::io("the output"))?;
    }
    Ok(())
}

// One row for each list of each district; election, revision and time stand in each row, so that a row says what it is.
fn standings_csv(standings: &Standings, output: &mut dyn Write) -> Result<(), Failure> {
    let mut rows = csv::Writer::from_writer(output);
    let header = [
        "election",
        "is_test",
        "revision",
        "time",
        "contest",
        "district",
        "list",
        "votes",
        "seats",
        "seats_most",
        "seats_declared",
        "state",
    ];
    rows.write_record(header).map_err(written)?;
    let revision = standings
        .token
        .as_ref()
        .map_or(0, |token| token.revision)
        .to_string();
    let time = instant(
        standings
            .revision_time
            .and_then(|it| wire::time("time", it).ok()),
    );
    let optional =
        |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
    for contest in &standings.contests {
        for district in &contest.districts {
            for (option, votes) in district.option_ids.iter().zip(&district.votes) {
                let lists = district
                    .allocation
                    .iter()
                    .flat_map(|allocation| &allocation.lists);
                let list = lists.into_iter().find(|list| list.option_id == *option);
                let seats = list.and_then(|list| list.seats);
                let state = seats.as_ref().map_or("", |seats| {
                    seats
                        .state()
                        .as_str_name()
                        .trim_start_matches("SEATS_STATE_")
                });
                let row = [
                    standings.election_id.clone(),
                    standings.is_test.to_string(),
                    revision.clone(),
                    time.clone(),
                    contest.contest_id.clone(),
                    district.district_id.clone(),
                    option.clone(),
                    votes.to_string(),
                    optional(seats.as_ref().and_then(|seats| seats.seats)),
                    optional(seats.as_ref().and_then(|seats| seats.seats_most)),
                    optional(seats.as_ref().and_then(|seats| seats.seats_declared)),
                    state.to_owned(),
                ];
                rows.write_record(&row).map_err(written)?;
            }
        }
    }
    rows.flush().map_err(Failure::io("the output"))
}

async fn units(
    client: &Client,
    election: &ElectionId,
    view: View,
    arguments: &Export,
) -> Result<(), Failure> {
    let request = ListUnitsRequest {
        election_id: election.to_string(),
        view: view.into(),
        revision: arguments.revision,
        page_size: 1_000,
        ..ListUnitsRequest::default()
    };
    let definition = client
        .get_definition(election, view, arguments.revision)
        .await?;
    let ballot = definition.ballot.unwrap_or_default();
    let mut output = open(arguments.output.as_deref())?;
    let mut pages = std::pin::pin!(client.list_units(request));
    let mut rows = csv::Writer::from_writer(Vec::new());
    let header = [
        "election",
        "revision",
        "unit",
        "district",
        "contest",
        "counting_group",
        "status",
        "version",
        "list",
        "votes",
    ];
    if arguments.format == Format::Csv {
        rows.write_record(header).map_err(written)?;
    }
    while let Some(page) = pages.next().await {
        let page = page?;
        if arguments.format == Format::Json {
            // One unit a line: a file of a million units need not be read whole.
            for unit in &page.units {
                writeln!(output, "{}", to_json(unit, false)?).map_err(Failure::io("the output"))?;
            }
            continue;
        }
        unit_rows(election, &ballot, &page, &mut rows)?;
        let bytes = std::mem::replace(&mut rows, csv::Writer::from_writer(Vec::new())).into_inner();
        let bytes = bytes.map_err(|error| Failure::Input(error.to_string()))?;
        output
            .write_all(&bytes)
            .map_err(Failure::io("the output"))?;
    }
    output.flush().map_err(Failure::io("the output"))
}

// A tally that has not reported has a row without votes: not reported is a state, never zero.
fn unit_rows(
    election: &ElectionId,
    ballot: &wire::common::v1::Ballot,
    page: &ListUnitsResponse,
    rows: &mut csv::Writer<Vec<u8>>,
) -> Result<(), Failure> {
    let revision = page
        .token
        .as_ref()
        .map_or(0, |token| token.revision)
        .to_string();
    for state in &page.units {
        let unit = state.unit.clone().unwrap_or_default();
        for tally in &state.tallies {
            let contest = ballot
                .contests
                .iter()
                .find(|contest| contest.contest_id == tally.contest_id);
            let district = contest.and_then(|contest| {
                contest
                    .districts
                    .iter()
                    .find(|district| district.district_id == unit.district_id)
            });
            let options = district
                .map(|district| district.options.as_slice())
                .unwrap_or_default();
            let status = tally
                .status()
                .as_str_name()
                .trim_start_matches("UNIT_STATUS_")
                .to_lowercase();
            let version = tally
                .counted_version
                .map_or_else(String::new, |version| version.to_string());
            let mut row = |list: &str, votes: &str| {
                let cells = [
                    election.as_str(),
                    &revision,
                    &unit.unit_id,
                    &unit.district_id,
                    &tally.contest_id,
                    &tally.counting_group_id,
                    &status,
                    &version,
                    list,
                    votes,
                ];
                rows.write_record(cells).map_err(written)
            };
            let Some(counts) = &tally.counts else {
                row("", "")?;
                continue;
            };
            for (index, votes) in counts.option_indexes.iter().zip(&counts.votes) {
                let option = usize::try_from(*index)
                    .ok()
                    .and_then(|index| options.get(index));
                row(
                    option.map_or("", |option| option.option_id.as_str()),
                    &votes.to_string(),
                )?;
            }
        }
    }
    Ok(())
}
