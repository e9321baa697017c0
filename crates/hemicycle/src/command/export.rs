//! `hemicycle export`.

use super::allocate::style;
use super::{connect, election_id, instant, to_json};
use crate::cli::{Chart, Explained, Export, Format, What};
use crate::failure::{Ending, Failure};
use client::Client;
use election::ids::ElectionId;
use futures::StreamExt as _;
use std::io::Write;
use std::path::Path;
use wire::allocation::v1::{ContestStandings, GetStandingsRequest, Standings};
use wire::common::v1::{SeatsState, Stage, View};
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
    if let Some(Chart::Bounds) = arguments.chart {
        let (until, moments) = (arguments.revision, arguments.moments);
        let svg = super::chart::bounds(&client, &election, view, until, moments).await?;
        let mut output = open(arguments.output.as_deref())?;
        output
            .write_all(svg.as_bytes())
            .and_then(|()| output.flush())
            .map_err(Failure::io("the output"))?;
        return Ok(Ending::Done);
    }
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
            return Err(Failure::Usage(problem.into()));
        }
        What::Units => units(&client, &election, view, &arguments).await?,
    }
    Ok(Ending::Done)
}

// Opened when there is something to write: a question that fails leaves an older file as it is.
fn open(path: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = path else {
        return Ok(super::standard_output());
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

// How the seats came about, in words: of each district, or of all of them where they hang together.
fn explanations(standings: &Standings, output: &mut dyn Write) -> Result<(), Failure> {
    for contest in &standings.contests {
        let above = contest.over_districts.as_ref();
        let above = above.map(|over| (&over.explanation, &over.problem));
        let districts = contest.districts.iter().filter(|_| above.is_none());
        let districts = districts.filter_map(|district| district.allocation.as_ref());
        let districts = districts.map(|allocation| (&allocation.explanation, &allocation.problem));
        for (explanation, problem) in above.into_iter().chain(districts) {
            let text = if explanation.is_empty() {
                problem
            } else {
                explanation
            };
            writeln!(output, "{text}").map_err(Failure::io("the output"))?;
        }
    }
    Ok(())
}

/// What seats are: those of a certified count are provisional no more.
fn state_name(state: SeatsState, stage: Stage) -> &'static str {
    match (state, stage) {
        (SeatsState::Provisional, Stage::Certified) => "CERTIFIED",
        _ => state.as_str_name().trim_start_matches("SEATS_STATE_"),
    }
}

// Seats that stand in no district of the ballot: of districts that the law makes of several, and of the house itself. Votes
// stand in the rows of the ballot's districts alone, so that sums over rows are right.
fn above(contest: &ContestStandings, stage: Stage) -> Vec<[String; 6]> {
    let Some(over) = &contest.over_districts else {
        return Vec::new();
    };
    let state = |state: SeatsState| state_name(state, stage).to_owned();
    let known = over.state();
    let mut rows = Vec::new();
    let of_several = over
        .districts
        .iter()
        .filter(|law| !law.part_district_ids.is_empty());
    for law in of_several {
        let cells = law
            .list_indexes
            .iter()
            .zip(law.list_seats.iter().zip(&law.list_seats_most));
        for (list, (held, most)) in cells {
            let place = usize::try_from(*list).ok();
            let Some(list) = place.and_then(|place| over.lists.get(place)) else {
                continue;
            };
            let is_known = list
                .seats
                .as_ref()
                .is_some_and(|seats| seats.seats.is_some());
            let number = |number: &u32| {
                if is_known {
                    number.to_string()
                } else {
                    String::new()
                }
            };
            let most = if most > held {
                number(most)
            } else {
                String::new()
            };
            rows.push([
                law.district_id.clone(),
                list.option_id.clone(),
                number(held),
                most,
                String::new(),
                state(law.state()),
            ]);
        }
    }
    for list in over.lists.iter().filter(|list| list.seats_above > 0) {
        rows.push([
            String::new(),
            list.option_id.clone(),
            list.seats_above.to_string(),
            String::new(),
            String::new(),
            state(known),
        ]);
    }
    rows
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
        "seats_fewest",
        "seats_most_certain",
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
                let bounds = seats.as_ref().and_then(|seats| seats.bounds.as_ref());
                let state = seats
                    .as_ref()
                    .map_or("", |seats| state_name(seats.state(), standings.stage()));
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
                    optional(bounds.and_then(|bounds| bounds.seats_fewest)),
                    optional(bounds.and_then(|bounds| bounds.seats_most)),
                ];
                rows.write_record(&row).map_err(written)?;
            }
        }
        for [district, option, seats, most, declared, state] in above(contest, standings.stage()) {
            let row = [
                standings.election_id.clone(),
                standings.is_test.to_string(),
                revision.clone(),
                time.clone(),
                contest.contest_id.clone(),
                district,
                option,
                String::new(),
                seats,
                most,
                declared,
                state,
                String::new(),
                String::new(),
            ];
            rows.write_record(&row).map_err(written)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use wire::allocation::v1::{
        Allocation, DistrictStandings, DistrictedAllocation, DistrictedListSeats, LawDistrict,
    };
    use wire::common::v1::ListSeats;

    /// Two constituencies that are one state, and a house above them.
    fn standings() -> Standings {
        let list = |id: &str, seats, seats_above| DistrictedListSeats {
            option_id: id.into(),
            seats: Some(ListSeats {
                seats: Some(seats),
                ..Default::default()
            }),
            seats_above,
            ..Default::default()
        };
        let district = |id: &str| DistrictStandings {
            district_id: id.into(),
            votes: vec![60, 40],
            option_ids: vec!["ash".into(), "birch".into()],
            allocation: Some(Allocation {
                explanation: "of a district".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let over = DistrictedAllocation {
            state: SeatsState::Provisional.into(),
            lists: vec![list("ash", 3, 0), list("birch", 3, 1)],
            districts: vec![LawDistrict {
                district_id: "state".into(),
                part_district_ids: vec!["north".into(), "south".into()],
                state: SeatsState::Tied.into(),
                list_indexes: vec![0, 1],
                list_seats: vec![3, 2],
                list_seats_most: vec![3, 3],
                ..Default::default()
            }],
            explanation: "of all districts".into(),
            ..Default::default()
        };
        Standings {
            election_id: "e".into(),
            contests: vec![ContestStandings {
                contest_id: "list".into(),
                districts: vec![district("north"), district("south")],
                over_districts: Some(over),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    #[test]
    fn districts_that_hang_together_are_told_once() {
        let mut written = Vec::new();
        explanations(&standings(), &mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "of all districts\n");
        let mut apart = standings();
        apart.contests[0].over_districts = None;
        let mut written = Vec::new();
        explanations(&apart, &mut written).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert_eq!(text, "of a district\nof a district\n");
    }

    #[test]
    fn seats_in_no_district_of_the_ballot_have_rows_without_votes() {
        let mut written = Vec::new();
        standings_csv(&standings(), &mut written).unwrap();
        let text = String::from_utf8(written).unwrap();
        for row in [
            "list,north,ash,60,,,,,,",
            "list,state,ash,,3,,,TIED,,",
            "list,state,birch,,2,3,,TIED,,",
            "list,,birch,,1,,,PROVISIONAL,,",
        ] {
            assert!(
                text.lines().any(|line| line.ends_with(row)),
                "{row} is not in\n{text}"
            );
        }
    }
}
