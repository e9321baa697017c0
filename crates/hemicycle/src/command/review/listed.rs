//! What waits for a reviewer, with all that a decision needs: why it waits, the roll, and each number beside the one that is
//! counted now.

use crate::ballot_words::{BallotWords, form};
use crate::command::history::reasons;
use crate::command::{instant, print, print_json};
use crate::failure::Failure;
use crate::names::Names;
use crate::table::{align_numbers, table};
use crate::text::count;
use client::{Client, ClientError};
use election::ids::{ElectionId, UnitId};
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use wire::common::v1 as common;
use wire::common::v1::View;
use wire::results::v1::PendingReport;

/// Units that are asked for at once.
const ASKED_AT_ONCE: usize = 16;

pub(super) async fn show(
    client: &Client,
    election: &ElectionId,
    waiting: &[PendingReport],
    json: bool,
) -> Result<(), Failure> {
    if json {
        return print_json(&waiting);
    }
    if waiting.is_empty() {
        return print(&format!("nothing of {election} waits for a reviewer"));
    }
    let mut words = BallotWords::ask(client, election, View::Head).await?;
    let names = Names::ask(client, election, View::Head).await?;
    let units = units(client, election, waiting).await?;
    units.values().for_each(|unit| words.learn(unit));
    for report in waiting {
        let key = report.key.clone().unwrap_or_default();
        print(&told(report, &key, units.get(&key.unit_id), &words))?;
        print(&numbers(report, &key, &words, &names))?;
    }
    let number = u64::try_from(waiting.len()).unwrap_or(u64::MAX);
    print(&format!(
        "{}; decide with:\n  hemicycle review {election} --accept REVISION --reason TEXT (or --reject)",
        count(number, "report waits", "reports wait")
    ))
}

async fn units(
    client: &Client,
    election: &ElectionId,
    waiting: &[PendingReport],
) -> Result<BTreeMap<String, common::Unit>, Failure> {
    let ids = waiting.iter().filter_map(|it| it.key.as_ref());
    let ids: BTreeSet<&str> = ids.map(|key| key.unit_id.as_str()).collect();
    let ids = ids.into_iter().filter_map(|id| UnitId::new(id).ok());
    let asked = ids.map(|id| async move {
        let answer = client.get_unit(election, &id, View::Head, 0).await?;
        let unit = answer.unit.and_then(|state| state.unit);
        let unit = unit.ok_or(ClientError::Missing("unit"))?;
        Ok::<_, Failure>((unit.unit_id.clone(), unit))
    });
    let answers = futures::stream::iter(asked).buffered(ASKED_AT_ONCE);
    answers.try_collect().await
}

// What it is, why it waits, and what stands meanwhile.
fn told(
    waiting: &PendingReport,
    key: &common::TallyKey,
    unit: Option<&common::Unit>,
    words: &BallotWords,
) -> String {
    let report = waiting.report.clone().unwrap_or_default();
    let time = waiting.held_time;
    let time = instant(time.and_then(|it| wire::time("held_time", it).ok()));
    let kind = report.kind().as_str_name();
    let kind = kind.trim_start_matches("REPORT_KIND_").to_lowercase();
    let mut lines = vec![format!(
        "revision {}, {time}: {}/{}/{}, {}, version {}",
        waiting.held_revision,
        key.unit_id,
        key.contest_id,
        key.counting_group_id,
        kind.replace('_', "-"),
        report.version
    )];
    for reason in reasons(&report, key, words) {
        lines.push(format!("  why: {reason}"));
    }
    if let Some(why) = &report.attribution {
        lines.push(format!("  by {}: {}", why.by, why.reason));
    }
    lines.push(match unit.and_then(|unit| unit.roll) {
        Some(roll) => format!("  voters on the roll: {roll}"),
        None => String::from("  voters on the roll: not known"),
    });
    let standing = waiting.standing.as_ref();
    lines.push(match standing.and_then(|tally| tally.counted_version) {
        Some(version) => format!("  counted now: version {version}"),
        None => String::from("  counted now: nothing"),
    });
    lines.join("\n")
}

// A line for each list and each number of the form.
fn numbers(
    waiting: &PendingReport,
    key: &common::TallyKey,
    words: &BallotWords,
    names: &Names,
) -> String {
    let report = waiting.report.as_ref().and_then(|it| it.counts.as_ref());
    let standing = waiting.standing.as_ref();
    let standing = standing.and_then(|tally| tally.counts.as_ref());
    let of = |counts: Option<&common::Counts>| {
        let counts = counts.cloned().unwrap_or_default();
        let votes = words.votes(key, &counts).into_iter();
        let form = form(&counts).into_iter();
        let form = form.map(|(counter, value)| (counter.to_owned(), value));
        (votes.collect::<Vec<_>>(), form.collect::<Vec<_>>())
    };
    let ((votes, form), (votes_now, form_now)) = (of(report), of(standing));
    let mut rows = table(&["", "name", "waits", "counted now"]);
    let mut add = |waits: &[(String, u64)], now: &[(String, u64)], prefix: &str| {
        let only_now = now
            .iter()
            .filter(|(id, _)| waits.iter().all(|(other, _)| other != id));
        let ids: Vec<&String> = waits.iter().chain(only_now).map(|(id, _)| id).collect();
        for id in ids {
            let at = |numbers: &[(String, u64)]| {
                let number = numbers.iter().find(|(other, _)| other == id);
                number.map_or_else(|| String::from("-"), |(_, number)| number.to_string())
            };
            let name = names.option(id);
            let name = if prefix.is_empty() && name != id {
                name
            } else {
                ""
            };
            let cells = [format!("{prefix}{id}"), name.to_owned(), at(waits), at(now)];
            rows.add_row(cells);
        }
    };
    add(&votes, &votes_now, "");
    add(&form, &form_now, "form:");
    align_numbers(&mut rows, 2);
    rows.to_string()
}
