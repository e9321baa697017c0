//! `hemicycle history`.

use super::{connect, election_id, instant, print, print_json, required_id};
use crate::ballot_words::BallotWords;
use crate::cli::History;
use crate::failure::{Ending, Failure};
use crate::table::{keep_whole, table};
use client::Client;
use election::ids::UnitId;
use futures::StreamExt as _;
use wire::common::v1::{Counts, TallyKey, View};
use wire::results::v1::unit_history_entry::Change;
use wire::results::v1::{GetUnitHistoryRequest, ReportCounted, ReportHeld, UnitHistoryEntry};

/// Entries of a page: the most that the contract allows.
const PAGE_SIZE: u32 = 1_000;

/// Shows everything that happened to a unit.
///
/// # Errors
///
/// An election or a unit that is not there.
pub async fn run(arguments: History) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let view = if arguments.public {
        View::Public
    } else {
        View::Head
    };
    let request = GetUnitHistoryRequest {
        election_id: election.to_string(),
        view: view.into(),
        unit_id: arguments.unit.clone(),
        page_size: PAGE_SIZE,
        ..GetUnitHistoryRequest::default()
    };
    let entries = whole(&client, request).await?;
    if arguments.json {
        print_json(&entries)?;
        return Ok(Ending::Done);
    }
    if entries.is_empty() {
        print(&format!(
            "nothing has happened to unit {} yet",
            arguments.unit
        ))?;
        return Ok(Ending::Done);
    }
    let mut words = BallotWords::ask(&client, &election, view).await?;
    let unit = required_id("unit", &arguments.unit, UnitId::new)?;
    let state = client.get_unit(&election, &unit, view, 0).await?.unit;
    if let Some(unit) = state.and_then(|state| state.unit) {
        words.learn(&unit);
    }
    let mut table = table(&["revision", "time", "tally", "what", "votes", "details"]);
    for entry in &entries {
        table.add_row(row(entry, &words));
    }
    keep_whole(&mut table, 3);
    print(&table.to_string())?;
    Ok(Ending::Done)
}

/// Everything, oldest first. One listing shows the newest changes only, and says where those before it end.
async fn whole(
    client: &Client,
    mut request: GetUnitHistoryRequest,
) -> Result<Vec<UnitHistoryEntry>, Failure> {
    let mut windows = Vec::new();
    loop {
        let mut pages = std::pin::pin!(client.history(request.clone()));
        let mut entries = Vec::new();
        let mut earlier = 0;
        while let Some(page) = pages.next().await {
            let page = page?;
            earlier = page.earlier_revision;
            entries.extend(page.entries);
        }
        windows.push(entries);
        if earlier == 0 {
            break;
        }
        request.revision = earlier;
    }
    windows.reverse();
    Ok(windows.concat())
}

fn row(entry: &UnitHistoryEntry, words: &BallotWords) -> [String; 6] {
    let tally = entry.key.clone().unwrap_or_default();
    let votes = |counts: Option<&Counts>| words.votes_line(&tally, counts);
    let described = |what: &str, counted: &ReportCounted| described(what, counted, votes);
    let key = entry.key.as_ref().map(|key| {
        match (key.contest_id.as_str(), key.counting_group_id.as_str()) {
            ("", _) => String::from("turnout"),
            (contest, group) => format!("{contest}/{group}"),
        }
    });
    let (what, votes, details) = match &entry.change {
        Some(Change::Counted(counted)) => described("counted", counted),
        Some(Change::Held(held)) => (
            format!("held, version {}", held.version),
            votes(held.counts.as_ref()),
            reasons(held, &tally, words).join("; "),
        ),
        Some(Change::Released(released)) => {
            let (_, votes, _) = released
                .counted
                .as_ref()
                .map(|counted| described("", counted))
                .unwrap_or_default();
            (
                format!("released revision {}", released.held_revision),
                votes,
                released.reason.clone(),
            )
        }
        Some(Change::Rejected(rejected)) => (
            format!("rejected revision {}", rejected.held_revision),
            String::new(),
            rejected.reason.clone(),
        ),
        Some(Change::Withdrawn(withdrawn)) => {
            let why = withdrawn.attribution.clone().unwrap_or_default();
            (
                format!("withdrawn, version {}", withdrawn.version),
                String::new(),
                format!("{}: {}", why.by, why.reason),
            )
        }
        Some(Change::StatusSet(set)) => {
            let why = set.attribution.clone().unwrap_or_default();
            (
                format!("status {}", status(entry)),
                String::new(),
                format!("{}: {}", why.by, why.reason),
            )
        }
        Some(Change::TurnoutCounted(turnout)) => {
            let is_final = if turnout.is_final { "final" } else { "" };
            (
                format!("turnout, version {}", turnout.version),
                turnout.ballots_issued.to_string(),
                is_final.to_owned(),
            )
        }
        None => Default::default(),
    };
    [
        entry.revision.to_string(),
        instant(
            entry
                .revision_time
                .and_then(|it| wire::time("revision_time", it).ok()),
        ),
        key.unwrap_or_default(),
        what,
        votes,
        details,
    ]
}

// As it is typed and written in files.
fn status(entry: &UnitHistoryEntry) -> String {
    let name = entry.status().as_str_name();
    let name = name.trim_start_matches("UNIT_STATUS_").to_lowercase();
    name.replace('_', "-")
}

fn described(
    what: &str,
    counted: &ReportCounted,
    votes: impl Fn(Option<&Counts>) -> String,
) -> (String, String, String) {
    let mut details: Vec<String> = counted
        .warnings
        .iter()
        .map(|warning| format!("warning: {}", warning.text))
        .collect();
    if let Some(why) = &counted.attribution {
        details.push(format!("{}: {}", why.by, why.reason));
    }
    if let Some(replaced) = &counted.replaced {
        details.push(format!("replaces {}", votes(Some(replaced))));
    }
    let kind = counted
        .kind()
        .as_str_name()
        .trim_start_matches("REPORT_KIND_")
        .to_lowercase();
    (
        format!("{what} {kind}, version {}", counted.version),
        votes(Some(&counted.counts.clone().unwrap_or_default())),
        details.join("; "),
    )
}

/// Why a report is held: that it is in conflict, and what else is wrong with it.
pub(super) fn reasons(held: &ReportHeld, key: &TallyKey, words: &BallotWords) -> Vec<String> {
    let other = held.conflicts_with_revision;
    let conflict = (other > 0).then(|| format!("conflicts with revision {other}"));
    let reasons = held.reasons.iter();
    let reasons = reasons.map(|reason| words.reason(&key.unit_id, &key.contest_id, reason));
    conflict.into_iter().chain(reasons).collect()
}
