//! The feed over HTTP says what the feed over gRPC says, to whoever asks, in whatever order things happen.

// tidy: long because each promise of docs/http.md has its test here.

use super::*;
use ::http::{HeaderMap, Method, Request, Response, StatusCode};
use axum::body::{Body, BodyDataStream, to_bytes};
use futures::StreamExt as _;
use serde_json::Value;
use std::sync::atomic::Ordering;
use tower::ServiceExt as _;
use wire::common::v1::SeatsState;
use wire::feed::v1::FrameContest;

pub(super) const BASE: &str = "/v1/elections/small-2026";

pub(super) async fn ask(stage: &Stage, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    stage.http.clone().oneshot(request).await.unwrap()
}

pub(super) async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), 64 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(super) async fn json(stage: &Stage, path: &str) -> Value {
    let response = ask(stage, path, &[]).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    serde_json::from_str(&text(response).await).unwrap()
}

async fn problem(stage: &Stage, path: &str) -> (u16, Value) {
    let response = ask(stage, path, &[]).await;
    let status = response.status().as_u16();
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let problem: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(problem["status"], status);
    (status, problem)
}

/// Events of a stream, one by one.
pub(super) struct Events {
    body: BodyDataStream,
    rest: String,
}

#[derive(Debug)]
pub(super) struct Sent {
    pub id: Option<String>,
    pub event: String,
    pub data: Value,
}

impl Events {
    pub(super) async fn open(stage: &Stage, token: Option<&str>) -> Self {
        let headers: Vec<_> = token
            .iter()
            .map(|token| ("last-event-id", *token))
            .collect();
        let response = ask(stage, &format!("{BASE}/events"), &headers).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self {
            body: response.into_body().into_data_stream(),
            rest: String::new(),
        }
    }

    async fn block(&mut self) -> String {
        loop {
            if let Some((block, rest)) = self.rest.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.rest = rest;
                return block;
            }
            let chunk = self.body.next().await.expect("the stream goes on").unwrap();
            self.rest.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    pub(super) async fn next(&mut self) -> Sent {
        loop {
            let block = self.block().await;
            let field = |name: &str| {
                let mut lines = block.lines();
                let line = lines.find_map(|line| line.strip_prefix(name));
                line.map(|value| value.trim_start().to_owned())
            };
            let Some(event) = field("event:") else {
                continue; // The advice on when to connect again.
            };
            return Sent {
                id: field("id:"),
                event,
                data: serde_json::from_str(&field("data:").unwrap()).unwrap(),
            };
        }
    }

    pub(super) async fn frame(&mut self) -> Sent {
        loop {
            let sent = self.next().await;
            match sent.event.as_str() {
                "frame" => return sent,
                "heartbeat" => {}
                other => panic!("{other} is not expected"),
            }
        }
    }
}

pub(super) fn place(document: &Value) -> (u64, u64) {
    let revision = document["revision"].as_u64().unwrap();
    (
        revision,
        document["envelope"]["publication_seq"].as_u64().unwrap(),
    )
}

/// The table's rows by option, as (votes, seats).
pub(super) fn rows(csv: &str) -> Vec<(u64, Option<u32>)> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let column = |name| header.iter().position(|it| it == name).unwrap();
    let (votes, seats) = (column("votes"), column("seats"));
    let records = reader.records().map(Result::unwrap);
    records
        .map(|record| (record[votes].parse().unwrap(), record[seats].parse().ok()))
        .collect()
}

pub(super) fn document_rows(document: &Value) -> Vec<(u64, Option<u32>)> {
    let options = document["contests"][0]["options"].as_array().unwrap();
    let seats = |row: &Value| {
        row["seats"]["seats"]
            .as_u64()
            .map(|it| u32::try_from(it).unwrap())
    };
    options
        .iter()
        .map(|row| (row["votes"].as_u64().unwrap(), seats(row)))
        .collect()
}

pub(super) fn frame_rows(contest: &FrameContest) -> Vec<(u64, Option<u32>)> {
    let rows = contest.rows.iter();
    rows.map(|row| (row.votes, row.seats.and_then(|it| it.seats)))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn f20_results_events_grpc_and_csv_of_one_place_say_the_same() {
    let stage = stage();
    let night = lively(&two_districts());
    stage.show(&night, 1);
    let mut events = Events::open(&stage, None).await;
    let mut waited = false;
    for revision in 1..=head(&night) {
        stage.show(&night, revision);
        let frame = stage
            .watch(whole(), None)
            .await
            .unwrap()
            .until(revision)
            .await;
        let contest = &frame.body.as_ref().unwrap().contests[0];
        let document = json(&stage, &format!("{BASE}/results.json")).await;
        assert_eq!(place(&document), order(&frame));
        assert_eq!(document_rows(&document), frame_rows(contest));
        let state = document["contests"][0]["seats_state"].as_str().unwrap();
        let expected = contest.state().as_str_name().to_lowercase();
        assert_eq!(format!("seats_state_{state}"), expected);
        let csv = text(ask(&stage, &format!("{BASE}/totals.csv"), &[]).await).await;
        assert_eq!(rows(&csv), frame_rows(contest));
        assert!(csv.contains(&format!("small-2026,true,{revision},{},", order(&frame).1)));
        let sent = events.frame().await;
        assert_eq!(sent.data, document);
        assert_eq!(
            sent.id.as_deref(),
            document["envelope"]["resume_token"].as_str()
        );
        // F28: sums come from data. Every seat is somebody's, tied, nobody's, or of a district that has no votes yet.
        if contest.state() == SeatsState::Provisional {
            let held: u32 = document_rows(&document)
                .iter()
                .filter_map(|row| row.1)
                .sum();
            let districts = contest.districts.iter();
            let waiting = districts.filter(|it| it.state() == SeatsState::NoneYet);
            let yet: u32 = waiting.map(|district| district.seats).sum();
            waited |= yet > 0;
            assert_eq!(held + contest.seats_unassigned + yet, contest.seats);
            assert_eq!(contest.seats_unassigned, 0);
        }
        // F20: a district's document is of the same revision, and its sums are parts of the whole.
        let mut sums = vec![0; 3];
        for district in ["city", "coast"] {
            let path = format!("{BASE}/districts/{district}/results.json");
            let part = json(&stage, &path).await;
            assert_eq!(part["revision"], revision);
            for (sum, row) in sums.iter_mut().zip(document_rows(&part)) {
                *sum += row.0;
            }
        }
        let votes: Vec<u64> = document_rows(&document).iter().map(|row| row.0).collect();
        assert_eq!(sums, votes);
    }
    assert!(waited, "the coast reports later than the city");
}

#[tokio::test(start_paused = true)]
async fn a_revision_has_one_document_whenever_it_is_asked_for() {
    let stage = stage();
    let night = lively(&two_districts());
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut places: Vec<String> = Vec::new();
    for revision in 1..=head(&night) {
        stage.show(&night, revision);
        stage
            .watch(whole(), None)
            .await
            .unwrap()
            .until(revision)
            .await;
        let response = ask(&stage, &format!("{BASE}/rev/{revision}.json"), &[]).await;
        assert_eq!(response.headers()["cache-control"], "public, max-age=1");
        let place = response.headers()["content-location"].to_str().unwrap();
        let for_ever = ask(&stage, place, &[]).await;
        assert_eq!(for_ever.status(), StatusCode::OK);
        let caching = for_ever.headers()["cache-control"].to_str().unwrap();
        assert!(caching.contains("immutable"), "{caching}");
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        places.push(place.to_owned());
        let document = text(response).await;
        assert_eq!(text(for_ever).await, document);
        // The pure part of what results.json says now.
        let mut newest = json(&stage, &format!("{BASE}/results.json")).await;
        newest.as_object_mut().unwrap().remove("envelope");
        assert_eq!(serde_json::from_str::<Value>(&document).unwrap(), newest);
        seen.push((tag, document));
    }
    for (revision, (tag, document)) in (1..).zip(seen) {
        let path = format!("{BASE}/rev/{revision}.json");
        assert_eq!(text(ask(&stage, &path, &[]).await).await, document);
        let again = ask(&stage, &path, &[("if-none-match", &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
    for (wrong, reason) in [
        ("0", "NO_SUCH_REVISION"),
        ("999", "NO_SUCH_REVISION"),
        ("x", "SHAPE"),
        ("01", "SHAPE"),
    ] {
        let (_, problem) = problem(&stage, &format!("{BASE}/rev/{wrong}.json")).await;
        assert_eq!(problem["reason"], reason, "{wrong}");
    }
    // The log is restored without its end, and other reports come: other numbers at the same revision of the same log.
    let mut other = Night::begin(&two_districts());
    open_all(&mut other);
    other.submit(other.full("u0", 1, &[1, 2, 3]));
    let revision = head(&other);
    stage.roles.state.send_modify(|known| {
        known.records.clone_from(&other.records);
    });
    let restored = standings(&other.records, revision, other.state.tally());
    stage.roles.restore(restored);
    while place(&json(&stage, &format!("{BASE}/results.json")).await).0 != revision {
        tokio::time::sleep(tick()).await;
    }
    let place = places
        .iter()
        .find(|place| place.contains(&format!("/rev/{revision}/")));
    let (status, gone) = problem(&stage, place.unwrap()).await;
    assert_eq!(
        (status, gone["reason"].as_str()),
        (404, Some("NO_SUCH_DOCUMENT"))
    );
    let now = json(&stage, &format!("{BASE}/rev/{revision}.json")).await;
    assert_eq!(document_rows(&now)[0].0, 1);
}

#[tokio::test(start_paused = true)]
async fn all_get_the_same_bytes_made_once_and_who_has_them_gets_none() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let path = format!("{BASE}/results.json");
    let first = ask(&stage, &path, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(first.headers()["content-encoding"], "br");
    assert_eq!(first.headers()["vary"], "accept-encoding");
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let first = to_bytes(first.into_body(), 1 << 20).await.unwrap();
    let second = ask(&stage, &path, &[("accept-encoding", "br")]).await;
    let second = to_bytes(second.into_body(), 1 << 20).await.unwrap();
    assert_eq!(first.as_ptr(), second.as_ptr(), "one buffer for all");
    let known = ask(&stage, &path, &[("if-none-match", &tag)]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(known.headers()["hemicycle-lag-ms"], "0");
    stage.show(&night, 6);
    stage.watch(whole(), None).await.unwrap().until(6).await;
    let other = ask(&stage, &path, &[("if-none-match", &tag)]).await;
    assert_eq!(other.status(), StatusCode::OK);
    assert_eq!(stage.roles.streams.load(Ordering::Relaxed), 1, "it lingers");
    // One for each version of the definition: at the fifth revision it was whole for long.
    assert_eq!(stage.roles.definition_calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn the_order_never_falls_however_often_a_reader_is_cut() {
    let stage = stage();
    let night = lively(&two_districts());
    stage.show(&night, 1);
    let (mut shown, mut token): ((u64, u64), Option<String>) = ((0, 0), None);
    let mut polled = (0, 0);
    // A repeatable disorder: the viewer goes, or the role behind does, or everything waits.
    let mut number = 7_u64;
    for revision in 2..=head(&night) {
        stage.show(&night, revision);
        for _ in 0..3 {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            match (number >> 33) % 4 {
                0 => stage.roles.cut(),
                1 => tokio::time::sleep(tick()).await,
                2 => stage
                    .roles
                    .show(standings(&night.records, 1, night.state.tally())),
                _ => {}
            }
            let mut events = Events::open(&stage, token.as_deref()).await;
            let sent = tokio::time::timeout(tick(), events.frame()).await;
            if let Ok(sent) = sent {
                let now = place(&sent.data);
                assert!(now > shown, "{now:?} after {shown:?}");
                (shown, token) = (now, sent.id);
            }
            let now = place(&json(&stage, &format!("{BASE}/results.json")).await);
            assert!(now >= polled, "{now:?} after {polled:?}");
            polled = now;
        }
    }
    stage.show(&night, head(&night));
    let mut events = Events::open(&stage, token.as_deref()).await;
    while shown.0 < head(&night) {
        shown = place(&events.frame().await.data);
    }
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_skips_to_the_newest() {
    let stage = stage();
    let night = lively(&two_districts());
    stage.show(&night, 1);
    let mut slow = Events::open(&stage, None).await;
    assert_eq!(slow.frame().await.data["revision"], 1);
    for revision in 2..=head(&night) {
        stage.show(&night, revision);
        stage
            .watch(whole(), None)
            .await
            .unwrap()
            .until(revision)
            .await;
        tokio::time::sleep(tick()).await;
    }
    // What it was not there for was never made for it.
    assert_eq!(slow.frame().await.data["revision"], head(&night));
}

#[tokio::test(start_paused = true)]
async fn f19_what_is_cut_off_says_that_it_is_stale_and_how_far_behind() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 6);
    let path = format!("{BASE}/results.json");
    let mut events = Events::open(&stage, None).await;
    assert_eq!(events.frame().await.data["envelope"]["is_stale"], false);
    let fresh = ask(&stage, &path, &[]).await.headers()["etag"].clone();
    stage.roles.set_down(true);
    loop {
        let sent = events.next().await;
        if sent.event == "heartbeat" && sent.data["is_stale"] == true {
            assert!(sent.data["lag_ms"].as_u64().unwrap() >= 5_000);
            break;
        }
    }
    // F19: every answer says how far behind it is.
    let stale = ask(&stage, &path, &[]).await;
    assert_ne!(stale.headers()["etag"], fresh);
    let lag: u64 = stale.headers()["hemicycle-lag-ms"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(lag >= 5_000);
    let document: Value = serde_json::from_str(&text(stale).await).unwrap();
    assert_eq!(document["envelope"]["is_stale"], true);
    assert_eq!(document["revision"], 6);
    stage.roles.set_down(false);
    loop {
        let sent = events.next().await;
        if sent.event == "heartbeat" && sent.data["is_stale"] == false {
            break;
        }
    }
    assert_eq!(ask(&stage, &path, &[]).await.headers()["etag"], fresh);
    // A frame that was made while the count was out of sight, and is the newest when it is back.
    stage.roles.set_lag_ms(9_000);
    while events.next().await.data["is_stale"] != true {}
    stage.show(&night, 7);
    assert_eq!(events.frame().await.data["envelope"]["is_stale"], true);
    let lag = |document: &Value| document["envelope"]["lag_ms"].as_u64().unwrap();
    assert!(lag(&json(&stage, &path).await) >= 9_000);
    stage.roles.set_lag_ms(0);
    while events.next().await.data["is_stale"] != false {}
    let document = json(&stage, &path).await;
    assert_eq!(document["revision"], 7);
    assert_eq!(document["envelope"]["is_stale"], false);
    assert_eq!(lag(&document), 0);
}

#[tokio::test(start_paused = true)]
async fn a_restored_log_resets_and_another_ones_token_too() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 6);
    let other = format!("{}-99-1", "ab".repeat(16));
    let mut events = Events::open(&stage, Some(&other)).await;
    let reset = events.next().await;
    assert_eq!(
        (reset.event.as_str(), reset.id.as_deref()),
        ("reset", Some(""))
    );
    assert_eq!(events.frame().await.data["revision"], 6);
    stage
        .roles
        .restore(standings(&night.records, 4, night.state.tally()));
    assert_eq!(events.next().await.event, "reset");
    assert_eq!(events.frame().await.data["revision"], 4);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_there_before_its_opening_by_the_feeds_own_clock() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 4));
    let now = START + HOUR;
    open(&mut night, PublicationClass::Definition, now + 10_000_000);
    open(&mut night, PublicationClass::Results, now + 20_000_000);
    let empty = head(&night);
    night.submit(night.full("u0", 1, &[100, 50, 25]));
    // The role behind shows all of it.
    stage.show(&night, head(&night));
    let paths = [
        "results.json",
        "totals.csv",
        "units.csv",
        "events",
        "rev/1.json",
        "units/u0/history.json",
        "districts/city/results.json",
    ];
    for path in paths {
        let (status, hidden) = problem(&stage, &format!("{BASE}/{path}")).await;
        let (other_status, absent) =
            problem(&stage, &format!("/v1/elections/other-2026/{path}")).await;
        assert_eq!((status, other_status), (404, 404), "{path}");
        // The same as for what is not there at all, but for its name.
        let hidden = hidden.to_string().replace("small-2026", "other-2026");
        assert_eq!(hidden, absent.to_string(), "{path}");
    }
    // Nor on the pages, in the list, or by the contract.
    for path in ["", "/units", "/units/u0"] {
        let page = |election: &str| format!("/e/{election}{path}?lang=en");
        let hidden = ask(&stage, &page("small-2026"), &[]).await;
        let absent = ask(&stage, &page("other-2026"), &[]).await;
        assert_eq!(
            (hidden.status(), absent.status()),
            (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
        );
        let hidden = text(hidden).await.replace("small-2026", "other-2026");
        assert_eq!(hidden, text(absent).await, "{path}");
    }
    let (status, _) = problem(&stage, "/e/small-2026/events").await;
    assert_eq!(status, 404);
    for scope in [whole(), district("city"), unit("u0")] {
        let refused = stage.frame(scope).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::NotFound);
    }
    stage.show(&night, empty);
    stage.clock.advance(Duration::from_secs(10));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        json(&stage, &format!("{BASE}/results.json")).await["revision"],
        empty
    );
    stage.show(&night, head(&night));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        json(&stage, &format!("{BASE}/results.json")).await["revision"],
        empty
    );
    let past = format!("{BASE}/rev/{}.json", head(&night));
    assert_eq!(problem(&stage, &past).await.0, 404);
    stage.clock.advance(Duration::from_secs(10));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        json(&stage, &format!("{BASE}/results.json")).await["revision"],
        head(&night)
    );
}

#[tokio::test(start_paused = true)]
async fn units_have_a_table_at_one_revision_and_histories() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, head(&night));
    let csv = text(ask(&stage, &format!("{BASE}/units.csv"), &[]).await).await;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut votes = vec![0; 3];
    for record in reader.records().map(Result::unwrap) {
        assert_eq!(record[2], head(&night).to_string());
        let index: usize = record[17].parse().unwrap();
        assert_eq!(record[18], format!("o{index}"));
        votes[index] += record[19].parse::<u64>().unwrap();
    }
    // F2, F20: the units of the table add up to the totals of the same revision.
    let document = json(&stage, &format!("{BASE}/results.json")).await;
    let totals: Vec<u64> = document_rows(&document).iter().map(|row| row.0).collect();
    assert_eq!(votes, totals);
    // Asked again at the same place, it is the same, and nobody behind is asked.
    let calls = stage.roles.unit_calls[1].load(Ordering::Relaxed);
    assert_eq!(
        text(ask(&stage, &format!("{BASE}/units.csv"), &[]).await).await,
        csv
    );
    assert_eq!(stage.roles.unit_calls[1].load(Ordering::Relaxed), calls);
    let history = json(&stage, &format!("{BASE}/units/u1/history.json")).await;
    assert_eq!(history["entries"][0]["change"], "report_counted");
    assert_eq!(
        problem(&stage, &format!("{BASE}/units/nobody/history.json"))
            .await
            .0,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn the_table_of_units_is_made_once_for_all_and_never_goes_back() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let path = format!("{BASE}/units.csv");
    let revision = |csv: &str| -> u64 {
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        record[2].parse().unwrap()
    };
    let slow = Duration::from_secs(1);
    let set = |page_time| {
        let state = &stage.roles.state;
        state.send_modify(|known| known.page_time = page_time);
    };
    set(slow);
    stage.show(&night, head(&night) - 3);
    let one = async || text(ask(&stage, &path, &[]).await).await;
    let (first, second) = tokio::join!(futures::future::join_all((0..40).map(|_| one())), async {
        // Of a later revision, and quick.
        tokio::time::sleep(slow / 2).await;
        set(Duration::ZERO);
        stage.show(&night, head(&night));
        let mut viewer = stage.watch(whole(), None).await.unwrap();
        viewer.until(head(&night)).await;
        drop(viewer);
        one().await
    });
    for table in &first {
        assert_eq!(*table, first[0]);
    }
    // Two pages of two units, and one with none.
    assert_eq!(stage.roles.unit_calls[1].load(Ordering::Relaxed), 3);
    let third = one().await;
    assert!(revision(&first[0]) <= revision(&second));
    assert!(revision(&second) <= revision(&third), "never a lower one");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(revision(&one().await), head(&night));
}

#[tokio::test(start_paused = true)]
async fn events_end_where_a_frame_cannot_be_shown_and_who_resumes_gets_it() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let mut events = Events::open(&stage, None).await;
    let seen = events.frame().await.id.unwrap();
    // Under a new definition, which cannot be read.
    let away = |is_away| {
        let state = &stage.roles.state;
        state.send_modify(|known| known.definition_is_away = is_away);
    };
    away(true);
    let mut next = standings(&night.records, 6, night.state.tally());
    next.parts[0].version += 1;
    stage.roles.show(next);
    let end = Duration::from_secs(60);
    let rest = async {
        let mut rest = String::new();
        while let Some(chunk) = events.body.next().await {
            rest.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
        rest
    };
    let rest = tokio::time::timeout(end, rest).await.expect("it ends");
    assert!(!rest.contains("event: frame"), "{rest}");
    away(false);
    let mut events = Events::open(&stage, Some(&seen)).await;
    assert_eq!(place(&events.frame().await.data).0, 6);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_a_problem_document_and_tells_nothing_of_the_inside() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 6);
    let (status, refused) = problem(&stage, "/v1/elections/a%20b/results.json").await;
    assert_eq!(
        (status, refused["field"]["name"].as_str()),
        (400, Some("election"))
    );
    assert_eq!(refused["field"]["value"], "a b");
    let (status, refused) = problem(&stage, &format!("{BASE}/events?resume=7")).await;
    assert_eq!(
        (status, refused["type"].as_str()),
        (400, Some("urn:hemicycle:problem:shape"))
    );
    // What cannot be taken out of a request at all, and what only the role behind can tell to be wrong.
    for (path, field) in [
        (format!("{BASE}/events?resume=a&resume=b"), "query"),
        ("/v1/elections/%FF/results.json".to_owned(), "path"),
        (
            format!("{BASE}/units/u0/history.json?page_token=%FF%00&page_token="),
            "query",
        ),
    ] {
        let (status, refused) = problem(&stage, &path).await;
        assert_eq!(
            (status, refused["reason"].as_str()),
            (400, Some("SHAPE")),
            "{path}"
        );
        assert_eq!(refused["field"]["name"], field, "{path}");
    }
    for path in ["/e/small-2026/units?rev=x", "/e/%FF"] {
        assert_eq!(problem(&stage, path).await.0, 400, "{path}");
    }
    let response = ask(&stage, "/e/small-2026/units?page=nonsense", &[]).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(!response.headers().contains_key("retry-after"));
    let told = text(response).await;
    assert!(
        told.contains("next_page_token of the same listing"),
        "{told}"
    );
    // There is no revision 0, and to the role behind it is the newest, which may be above what is shown.
    let units = async |query: &str| {
        let response = ask(&stage, &format!("/e/small-2026/units{query}"), &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        text(response).await
    };
    assert_eq!(units("?rev=0").await, units("").await);
    assert_eq!(units("?rev=7").await, units("").await);
    assert_ne!(units("?rev=5").await, units("").await);
    // A search that is too long to be handed on is cut between characters.
    units(&format!("?q={}", "%E6%AD%A3".repeat(300))).await;
    assert_eq!(problem(&stage, "/nowhere").await.0, 404);
    assert_eq!(problem(&stage, "/v1/../Cargo.toml").await.0, 404);
    let request = Request::builder()
        .method(Method::DELETE)
        .uri(format!("{BASE}/results.json"));
    let response = stage
        .http
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    stage.watch(whole(), None).await.unwrap().until(6).await;
    stage.roles.set_down(true);
    let (status, lost) = problem(&stage, &format!("{BASE}/units.csv")).await;
    assert_eq!((status, lost["reason"].as_str()), (503, Some("UPSTREAM")));
    assert!(!lost.to_string().contains("told to be down"), "{lost}");
}

#[tokio::test(start_paused = true)]
async fn every_answer_has_the_headers_that_keep_browsers_safe_and_data_is_for_any_page() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 6);
    let has_headers = |headers: &HeaderMap| {
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
    };
    for path in [
        &format!("{BASE}/results.json"),
        "/nowhere",
        "/v1",
        "/v1/results.schema.json",
    ] {
        let response = ask(&stage, path, &[("origin", "https://paper.example")]).await;
        has_headers(response.headers());
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
    }
    for path in [
        "/",
        "/e/nowhere",
        "/assets/page.js",
        &format!("{BASE}/events"),
    ] {
        has_headers(ask(&stage, path, &[]).await.headers());
    }
    let page = ask(&stage, "/", &[]).await;
    let said = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
    assert!(said("content-security-policy").contains("script-src 'self'"));
    assert_eq!(said("x-frame-options"), "DENY");
    assert_eq!(said("referrer-policy"), "no-referrer");
    assert!(said("permissions-policy").contains("camera=()"));
    assert_eq!(said("cross-origin-opener-policy"), "same-origin");
    // Somebody else's page asks first whether it may say what it has already.
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri(format!("{BASE}/results.json"))
        .header("origin", "https://paper.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "if-none-match");
    let request = request.body(Body::empty()).unwrap();
    let asked = stage.http.clone().oneshot(request).await.unwrap();
    assert_eq!(asked.status(), StatusCode::NO_CONTENT);
    assert_eq!(asked.headers()["access-control-allow-headers"], "*");
    assert_eq!(asked.headers()["access-control-allow-origin"], "*");
}

#[tokio::test(start_paused = true)]
async fn what_a_reader_has_already_keeps_the_policy_that_it_came_with() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 6);
    for path in ["/", &format!("{BASE}/results.json")] {
        let first = ask(&stage, path, &[]).await;
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        let again = ask(&stage, path, &[("if-none-match", &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        // The headers of this answer would take the place of those that it has.
        assert!(!again.headers().contains_key("content-security-policy"));
        assert_eq!(again.headers()["access-control-allow-origin"], "*");
    }
}

#[tokio::test(start_paused = true)]
async fn a_browser_can_ask_the_contract_itself_by_grpc_web() {
    use prost::Message as _;
    use wire::feed::v1::GetFrameResponse;
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 6);
    let message = GetFrameRequest {
        scope: Some(whole()),
    }
    .encode_to_vec();
    let mut body = vec![0];
    body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    body.extend(message);
    let request = Request::builder()
        .method(Method::POST)
        .uri("/hemicycle.feed.v1.LiveFeedService/GetFrame")
        .header("content-type", "application/grpc-web+proto")
        .body(Body::from(body))
        .unwrap();
    let response = stage.http.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let length = u32::from_be_bytes(bytes[1..5].try_into().unwrap());
    let end = 5 + usize::try_from(length).unwrap();
    let answer = GetFrameResponse::decode(&bytes[5..end]).unwrap();
    assert_eq!(answer.frame.unwrap().body.unwrap().revision, 6);
    let trailers = String::from_utf8_lossy(&bytes[end + 5..]).into_owned();
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
}

/// What a call by gRPC-Web is answered whose body comes from a stream: the status in its headers or trailers.
async fn grpc_web(stage: &Stage, body: Body) -> String {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/hemicycle.feed.v1.LiveFeedService/WatchFrames")
        .header("content-type", "application/grpc-web+proto")
        .body(body)
        .unwrap();
    let response = stage.http.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    let header = parts.headers.get("grpc-status");
    let header = header.map(|status| format!("grpc-status:{}", status.to_str().unwrap()));
    header.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test(start_paused = true)]
async fn who_begins_a_request_and_does_not_end_it_is_not_waited_for() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 6);
    // A message that is said to be small, and never comes.
    let begun = |length: u32| {
        let header = [&[0][..], &length.to_be_bytes()].concat();
        let begin = futures::stream::iter([Ok::<_, std::io::Error>(header)]);
        Body::from_stream(begin.chain(futures::stream::pending()))
    };
    let began = tokio::time::Instant::now();
    let late = grpc_web(&stage, begun(100)).await;
    assert_eq!(late, "grpc-status:4");
    assert_eq!(began.elapsed().as_secs(), 10);
    // One that is said to be large is refused before it comes.
    let began = tokio::time::Instant::now();
    let large = grpc_web(&stage, begun(4 << 20)).await;
    assert_eq!(
        (large.as_str(), began.elapsed().as_secs()),
        ("grpc-status:11", 0)
    );
    // So it is on the listener of the contract.
    let refused = stage.frame(unit(&"u".repeat(5_000))).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted, "{refused}");
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_much_of_the_past_keeps_nobody_from_units() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, head(&night));
    let path = |revision: u64| format!("{BASE}/rev/{revision}.json");
    assert_eq!(json(&stage, &path(1)).await["revision"], 1);
    let minute = Duration::from_secs(60);
    stage
        .roles
        .state
        .send_modify(|known| known.past_time = minute);
    let began = tokio::time::Instant::now();
    let many = async {
        let asked = (0..40_u64).map(|number| {
            let path = path(2 + number % 8);
            let stage = &stage;
            async move { ask(stage, &path, &[]).await.status() }
        });
        futures::future::join_all(asked).await
    };
    let units = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        for path in ["units.csv", "units/u1/history.json", "rev/1.json"] {
            let response = ask(&stage, &format!("{BASE}/{path}"), &[]).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
        }
        assert!(began.elapsed() < Duration::from_secs(10));
    };
    let (many, ()) = tokio::join!(many, units);
    // Eight more than there are places for.
    let busy = StatusCode::TOO_MANY_REQUESTS;
    assert_eq!(many.iter().filter(|status| **status == busy).count(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_any_more_is_shown_as_stale() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let shown = standings(&night.records, 6, night.state.tally());
    let listed = |id: &str, revision: u64| wire::results::v1::ElectionSummary {
        election_id: id.into(),
        token: shown
            .token
            .clone()
            .map(|token| ResumeToken { revision, ..token }),
        publication: shown.publication.clone(),
        ..Default::default()
    };
    let list = |revision| {
        let listed = vec![listed(ELECTION, revision), listed("other-2026", revision)];
        stage.roles.state.send_modify(|known| known.listed = listed);
    };
    let stale = |listed: &Value| -> Vec<bool> {
        let entries = listed["elections"].as_array().unwrap().iter();
        entries
            .map(|it| it["is_stale"].as_bool().unwrap())
            .collect()
    };
    list(5);
    assert_eq!(stale(&json(&stage, "/v1/elections").await), [false, false]);
    // One of them cannot be read: the other goes on, and it stays as it was.
    let away = |id: Option<&str>| {
        let state = &stage.roles.state;
        state.send_modify(|known| known.tally_is_away = id.map(str::to_owned));
    };
    away(Some("other-2026"));
    list(6);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let listed = json(&stage, "/v1/elections").await;
    assert_eq!(stale(&listed), [false, true]);
    assert_eq!(listed["elections"][0]["revision"], 6);
    assert_eq!(listed["elections"][1]["revision"], 5);
    let page = async || text(ask(&stage, "/?lang=en", &[]).await).await;
    assert_eq!(page().await.matches("Stale").count(), 1);
    away(None);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stale(&json(&stage, "/v1/elections").await), [false, false]);
    stage.roles.set_down(true);
    tokio::time::sleep(Duration::from_secs(8)).await;
    let response = ask(&stage, "/v1/elections", &[]).await;
    let lag = response.headers()["hemicycle-lag-ms"].to_str().unwrap();
    assert!(lag.parse::<u64>().unwrap() >= 5_000, "{lag}");
    let listed = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(stale(&listed), [true, true]);
    assert_eq!(page().await.matches("Stale").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_page_of_many_elections_waits_for_their_titles_together() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let shown = standings(&night.records, 6, night.state.tally());
    let listed = (0..200).map(|number| wire::results::v1::ElectionSummary {
        election_id: format!("other-{number}"),
        token: shown.token.clone(),
        publication: shown.publication.clone(),
        ..Default::default()
    });
    let listed: Vec<_> = listed.collect();
    stage.roles.state.send_modify(|known| {
        known.listed = listed;
        // Nobody says anything of any of them.
        known.silence = Duration::from_secs(3_600);
        for number in 0..200 {
            known
                .standings
                .insert(format!("other-{number}"), shown.clone());
        }
    });
    let began = tokio::time::Instant::now();
    let page = text(ask(&stage, "/?lang=en", &[]).await).await;
    assert_eq!(page.matches("<li>").count(), 200);
    assert!(
        began.elapsed() <= Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn the_elections_are_listed() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let shown = standings(&night.records, 6, night.state.tally());
    stage.roles.state.send_modify(|known| {
        known.listed = vec![wire::results::v1::ElectionSummary {
            election_id: ELECTION.into(),
            is_test: true,
            token: shown.token.clone(),
            stage: shown.stage,
            publication: shown.publication.clone(),
            ..Default::default()
        }];
    });
    let listed = json(&stage, "/v1/elections").await;
    assert_eq!(listed["elections"][0]["election_id"], ELECTION);
    assert_eq!(listed["elections"][0]["revision"], 6);
    assert_eq!(listed["elections"][0]["is_test"], true);
    assert_eq!(listed["elections"][0]["is_stale"], false);
}
