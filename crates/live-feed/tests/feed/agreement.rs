//! Whether the forms of one frame say the same: gRPC, the document, and the table. Everything that more than one of them says
//! is compared, and each comparison has a case in which it finds a difference.

use super::*;
use serde_json::{Value, json};
use wire::feed::v1::FrameContest;

/// What the document and the table say otherwise than the frame; nothing: they agree.
pub(super) fn differences(frame: &Frame, document: &Value, csv: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, frame: Value, other: &Value| {
        if frame != *other {
            found.push(format!("{what}: {frame} in the frame, {other} elsewhere"));
        }
    };
    let body = frame.body.as_ref().unwrap();
    let envelope = frame.envelope.as_ref().unwrap();
    let (revision, publication_seq) = order(frame);
    for (what, value) in [
        ("revision", json!(revision)),
        ("is_test", json!(body.is_test)),
        ("house_size", json!(body.house_size)),
        ("is_reduced", json!(body.is_reduced)),
        ("stage", json!(lower(body.stage().as_str_name(), "STAGE_"))),
    ] {
        compare(what, value, &document[what]);
    }
    let in_envelope = &document["envelope"];
    for (what, value) in [
        ("publication_seq", json!(publication_seq)),
        ("corrections_count", json!(envelope.corrections_count)),
    ] {
        compare(what, value, &in_envelope[what]);
    }
    let corrections = in_envelope["corrections"].as_array().unwrap();
    let votes = |it: &wire::common::v1::Correction| json!([it.votes_before, it.votes_after]);
    let told: Vec<Value> = (corrections.iter())
        .map(|it| json!([it["votes_before"], it["votes_after"]]))
        .collect();
    let ours: Vec<Value> = envelope.corrections.iter().map(votes).collect();
    compare("corrections", json!(ours), &json!(told));
    let turnout = body.turnout.unwrap_or_default();
    let issued = (turnout.units_reported > 0).then_some(turnout.ballots_issued);
    compare(
        "turnout",
        json!(issued),
        &document["turnout"]["ballots_issued"],
    );

    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let column = |name: &str| header.iter().position(|it| it == name).unwrap();
    let mut rows = rows.iter();
    for (contest, told) in body
        .contests
        .iter()
        .zip(document["contests"].as_array().unwrap())
    {
        for (what, value) in of_contest(contest) {
            compare(what, value, &told[what]);
        }
        let states = contest
            .totals
            .as_ref()
            .unwrap()
            .states
            .clone()
            .unwrap_or_default();
        let counted = &told["totals"]["tallies"]["counted"];
        compare("counted", json!(states.counted), counted);
        let options = told["options"].as_array().unwrap();
        compare("options", json!(contest.rows.len()), &json!(options.len()));
        for (row, option) in contest.rows.iter().zip(options) {
            let seats = row.seats.as_ref().and_then(|it| it.seats);
            compare("votes", json!(row.votes), &option["votes"]);
            compare(
                "seats of an option",
                json!(seats),
                &option["seats"]["seats"],
            );
            compare("takes_part", json!(row.takes_part), &option["takes_part"]);
            let line = rows.next();
            let mut in_table = |name: &str, value: String| {
                let cell = line.map(|line| line[column(name)].to_owned());
                compare(name, json!(value), &json!(cell));
            };
            in_table("option_id", row.option_id.clone());
            in_table("votes", row.votes.to_string());
            in_table("seats", seats.map_or_else(String::new, |it| it.to_string()));
            in_table("revision", revision.to_string());
            in_table("publication_seq", publication_seq.to_string());
            in_table("contest_seats", contest.seats.to_string());
            in_table("contest_seats_pending", contest.seats_pending.to_string());
            in_table("contest_seats_outside", contest.seats_outside.to_string());
            in_table(
                "contest_seats_unassigned",
                contest.seats_unassigned.to_string(),
            );
            in_table("tallies_counted", states.counted.to_string());
            in_table(
                "ballots_issued",
                issued.map_or_else(String::new, |it| it.to_string()),
            );
        }
    }
    compare("rows of the table", json!(0), &json!(rows.count()));
    found
}

fn of_contest(contest: &FrameContest) -> Vec<(&'static str, Value)> {
    let seats_state = lower(contest.state().as_str_name(), "SEATS_STATE_");
    let base = lower(contest.share_base().as_str_name(), "SHARE_BASE_");
    vec![
        ("contest_id", json!(contest.contest_id)),
        ("seats_state", json!(seats_state)),
        ("seats", json!(contest.seats)),
        ("seats_unassigned", json!(contest.seats_unassigned)),
        ("seats_outside", json!(contest.seats_outside)),
        ("seats_pending", json!(contest.seats_pending)),
        ("share_base", json!(base)),
        ("list_votes", json!(contest.list_votes)),
        ("threshold_votes", json!(contest.threshold_votes)),
        ("districts_declared", json!(contest.districts_declared)),
    ]
}

fn lower(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap().to_lowercase()
}

#[tokio::test(start_paused = true)]
async fn an_oracle_every_difference_between_forms_is_found() {
    use super::http::{BASE, ask, json as document_at, text};
    let stage = stage();
    let night = lively(&two_districts());
    stage.show(&night, head(&night));
    let frame = stage.frame(whole()).await.unwrap();
    let document = document_at(&stage, &format!("{BASE}/results.json")).await;
    let csv = text(ask(&stage, &format!("{BASE}/totals.csv"), &[]).await).await;
    assert_eq!(differences(&frame, &document, &csv), Vec::<String>::new());
    // Whatever is another in one place of the document, or in one cell of the table, is found.
    for pointer in [
        "/revision",
        "/stage",
        "/house_size",
        "/envelope/publication_seq",
        "/envelope/corrections_count",
        "/envelope/corrections/0/votes_after",
        "/turnout/ballots_issued",
        "/contests/0/seats_state",
        "/contests/0/seats",
        "/contests/0/seats_pending",
        "/contests/0/seats_unassigned",
        "/contests/0/list_votes",
        "/contests/0/share_base",
        "/contests/0/totals/tallies/counted",
        "/contests/0/options/1/votes",
        "/contests/0/options/1/seats/seats",
    ] {
        let mut other = document.clone();
        *other.pointer_mut(pointer).unwrap() = json!("another");
        assert_eq!(differences(&frame, &other, &csv).len(), 1, "{pointer}");
    }
    let mut fewer = document.clone();
    fewer["contests"][0]["options"]
        .as_array_mut()
        .unwrap()
        .pop();
    assert!(!differences(&frame, &fewer, &csv).is_empty());
    let votes = frame.body.as_ref().unwrap().contests[0].rows[2].votes;
    let other = csv.replace(&format!(",{votes},"), &format!(",{},", votes + 1));
    assert_ne!(other, csv);
    assert!(!differences(&frame, &document, &other).is_empty());
    let short: Vec<&str> = csv.lines().take(3).collect();
    assert!(!differences(&frame, &document, &short.join("\n")).is_empty());
    let long = format!("{csv}{}\n", csv.lines().last().unwrap());
    assert!(!differences(&frame, &document, &long).is_empty());
}
