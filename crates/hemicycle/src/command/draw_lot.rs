//! `hemicycle draw-lot`.

mod places;

use super::{attribution_of, connect, election_id, print, print_json, required_id};
use crate::cli::official::DrawLot;
use crate::failure::{Ending, Failure};
use crate::names::ScreenRules;
use crate::table::table;
use client::Client;
use election::command::Command;
use election::ids::{ContestId, DistrictId, ElectionId, OptionId};
use serde_json::json;
use std::collections::BTreeSet;
use wire::allocation::v1::{GetStandingsRequest, Standings, Tie, TieBreak};
use wire::common::v1::View;

/// Lists the ties that are open, or records a lot for one of them.
///
/// # Errors
///
/// Winners that fit no open tie, or several; rules that know no lot; a lot that the server refuses.
pub async fn run(arguments: DrawLot) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let request = GetStandingsRequest {
        election_id: election.to_string(),
        view: View::Head.into(),
        contest_id: arguments.contest.clone(),
        district_id: arguments.district.clone(),
        ..GetStandingsRequest::default()
    };
    let standings = client.get_standings(request).await?;
    let among = places::open(&standings);
    if places::are_places(&arguments.winners) {
        let command = places::lot(&among, &arguments)?;
        let events = client.command(&election, &command).await?.event_count;
        return told(&arguments, events);
    }
    let ties = in_districts(&standings);
    let rules = ScreenRules::ask(&client, &election, View::Head).await?;
    if arguments.winners.is_empty() {
        show(&election, &ties, &among, &rules, arguments.json)?;
        return Ok(Ending::Done);
    }
    let events = match meant(&ties, &arguments)? {
        Meant::Drawn => 0,
        Meant::Open(place) => record(&client, &election, place, &rules, &arguments).await?,
    };
    told(&arguments, events)
}

fn told(arguments: &DrawLot, events: u64) -> Result<Ending, Failure> {
    if arguments.json {
        print_json(&json!({ "winners": arguments.winners, "events_written": events }))?;
    } else if events == 0 {
        print("this lot is recorded already")?;
    } else {
        print(&format!(
            "recorded: the lot fell on {}; should its lists get other votes, or the contest other rules, it is void",
            arguments.winners.join(", ")
        ))?;
    }
    Ok(super::ending(events))
}

/// A tie with where it stands.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    contest: &'a str,
    district: &'a str,
    tie: &'a Tie,
}

fn in_districts(standings: &Standings) -> Vec<Place<'_>> {
    let contests = standings.contests.iter();
    let places = contests.flat_map(|contest| {
        contest.districts.iter().flat_map(|district| {
            let ties = district.allocation.iter().flat_map(|it| &it.ties);
            ties.map(|tie| Place {
                contest: &contest.contest_id,
                district: &district.district_id,
                tie,
            })
        })
    });
    places.collect()
}

fn is_open(place: &Place<'_>) -> bool {
    place.tie.open_seats > 0
}

fn show(
    election: &ElectionId,
    ties: &[Place<'_>],
    among: &[places::Among<'_>],
    rules: &ScreenRules,
    as_json: bool,
) -> Result<(), Failure> {
    let open = || ties.iter().filter(|place| is_open(place));
    if as_json {
        let ties = open().map(|place| {
            json!({
                "contest": place.contest,
                "district": place.district,
                "stage": place.tie.stage,
                "tied": place.tie.open_option_ids,
                "seats": place.tie.open_seats,
                "text": place.tie.text,
                "rule": rules.told(place.contest),
            })
        });
        let among = among.iter().map(|among| {
            json!({
                "contest": among.contest,
                "at": among.tie.at,
                "places": among.texts(),
                "seats": among.tie.seats_at_stake,
                "rule": rules.told(among.contest),
            })
        });
        return print_json(&ties.chain(among).collect::<Vec<_>>());
    }
    if open().next().is_none() && among.is_empty() {
        return print(&format!("no tie of {election} is open"));
    }
    let mut rows = table(&["contest", "district", "--stage", "tied", "seats", "what"]);
    for Place {
        contest,
        district,
        tie,
    } in open()
    {
        rows.add_row([
            (*contest).to_owned(),
            (*district).to_owned(),
            tie.stage.to_string(),
            tie.open_option_ids.join(", "),
            tie.open_seats.to_string(),
            format!("{}: {}", tie.text, rules.told(contest)),
        ]);
    }
    for among in among {
        rows.add_row([
            among.contest.to_owned(),
            String::new(),
            among.stage(),
            among.texts().join(", "),
            among.tie.seats_at_stake.to_string(),
            format!("among places: {}", rules.told(among.contest)),
        ]);
    }
    print(&rows.to_string())?;
    print("a lot is recorded so, with as many winners as seats:")?;
    for place in open().filter(|place| rules.has_lot(place.contest)) {
        print(&format!(
            "  hemicycle draw-lot {election} --contest {} --district {} --stage {} --tied {} --winner ... --by ... --reason ...",
            place.contest,
            place.district,
            place.tie.stage,
            place.tie.open_option_ids.join(",")
        ))?;
    }
    Ok(())
}

/// Which tie winners are of.
#[derive(Debug)]
enum Meant<'a> {
    /// One that is open.
    Open(Place<'a>),
    /// One that this very lot has settled.
    Drawn,
}

fn meant<'a>(ties: &[Place<'a>], arguments: &DrawLot) -> Result<Meant<'a>, Failure> {
    let set = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    let winners = set(&arguments.winners);
    let is_named = |tie: &Tie, lists: &[String]| {
        arguments.stage.is_none_or(|stage| stage == tie.stage)
            && (arguments.tied.is_empty() || set(&arguments.tied) == set(lists))
    };
    let fits = |place: &&Place<'a>| {
        let tie = place.tie;
        is_open(place)
            && is_named(tie, &tie.open_option_ids)
            && winners.is_subset(&set(&tie.open_option_ids))
            && usize::try_from(tie.open_seats).is_ok_and(|seats| seats == winners.len())
    };
    let mut fitting = ties.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(place), None) => return Ok(Meant::Open(*place)),
        (Some(_), Some(_)) => {
            let text = "several open ties fit these winners: name one with --contest, --district and --stage";
            return Err(Failure::Usage(text.into()));
        }
        (None, _) => {}
    }
    let settled = |place: &Place<'a>| {
        let mut settlements = place.tie.settlements.iter();
        settlements.any(|it| {
            let lists = [it.winner_option_ids.as_slice(), &it.loser_option_ids].concat();
            it.by() == TieBreak::Lot
                && set(&it.winner_option_ids) == winners
                && is_named(place.tie, &lists)
        })
    };
    if ties.iter().any(settled) {
        return Ok(Meant::Drawn);
    }
    let open = ties.iter().filter(|place| is_open(place)).map(|place| {
        let Tie {
            stage,
            open_option_ids,
            open_seats,
            ..
        } = place.tie;
        format!(
            "{}/{} stage {stage}: {} for {open_seats}",
            place.contest,
            place.district,
            open_option_ids.join(", ")
        )
    });
    let open: Vec<String> = open.collect();
    let open = if open.is_empty() {
        String::from("none is")
    } else {
        open.join("; ")
    };
    Err(Failure::Input(format!(
        "--winner {}: fits no tie that is open, with as many winners as seats at stake; open: {open}",
        arguments.winners.join(",")
    )))
}

async fn record(
    client: &Client,
    election: &ElectionId,
    place: Place<'_>,
    rules: &ScreenRules,
    arguments: &DrawLot,
) -> Result<u64, Failure> {
    if !rules.has_lot(place.contest) {
        return Err(Failure::Input(format!(
            "the rules of contest {} know no lot, so it would be void: {}; `hemicycle amend {election} rules` changes them",
            place.contest,
            rules.told(place.contest)
        )));
    }
    let lists = |ids: &[String]| {
        let ids = ids.iter();
        ids.map(|id| required_id("winner", id, OptionId::new))
            .collect::<Result<Vec<_>, _>>()
    };
    let command = Command::DrawLot {
        contest: required_id("contest", place.contest, ContestId::new)?,
        district: required_id("district", place.district, DistrictId::new)?,
        stage: place.tie.stage,
        tied: lists(&place.tie.open_option_ids)?,
        seats: place.tie.open_seats,
        winners: lists(&arguments.winners)?,
        attribution: attribution_of(arguments.by.as_deref(), arguments.reason.as_deref()),
    };
    Ok(client.command(election, &command).await?.event_count)
}
