//! Nights that went wrong elsewhere, each by its number, and one whole night through every form of the feed at once.

use super::agreement::differences;
use super::http::{BASE, Events, ask, document_rows, frame_rows, json, place, text};
use super::*;
use ::http::{Method, Request, StatusCode};
use axum::body::{Body, to_bytes};
use std::sync::atomic::Ordering;
use tower::ServiceExt as _;
use wire::common::v1::{Attribution, Correction, SeatsState, VoteChange};

/// A repeatable disorder.
fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// Forty stations in two districts that report in parts, are corrected, withdrawn and counted again.
fn long_night() -> Night {
    let mut definition = two_districts();
    let units = &mut definition.register.units;
    for number in 4..40_usize {
        let mut unit = units[number % 4].clone();
        unit.id = election::ids::UnitId::new(&format!("u{number}")).unwrap();
        units.push(unit);
    }
    let mut night = Night::begin(&definition);
    open_all(&mut night);
    let mut random = random(11);
    for unit in 0..40 {
        let id = format!("u{unit}");
        let votes = [random(400), random(300), random(200)];
        night.submit(night::turnout(&id, 1, 1_000));
        night.submit(night.full(&id, 1, &votes));
        if unit % 3 == 0 {
            let votes = [votes[0] / 2, votes[1] + 1, votes[2]];
            night.submit(night.ordered(ReportKind::Correction, &id, 2, &votes));
        }
        if unit % 10 == 4 {
            night.withdraw(&id, 3).unwrap();
        }
    }
    night
}

// Every form at every frame, while readers are cut, sleep and come back: never lower, and of one place always the same.
#[tokio::test(start_paused = true)]
async fn through_a_whole_night_every_form_says_the_same_to_whoever_is_cut_or_slow() {
    let stage = stage();
    let night = long_night();
    let mut random = random(5);
    stage.show(&night, 1);
    let mut events = Events::open(&stage, None).await;
    let mut slow = Events::open(&stage, None).await;
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    let (mut token, mut seen, mut seen_slowly) = (None::<String>, (0, 0), (0, 0));
    let mut grpc_token = None;
    for revision in 1..=head(&night) {
        stage.show(&night, revision);
        match random(5) {
            0 => events = Events::open(&stage, token.as_deref()).await,
            1 => viewer = stage.watch(whole(), grpc_token.clone()).await.unwrap(),
            2 => stage.roles.cut(),
            _ => {}
        }
        let frame = viewer.until(revision).await;
        grpc_token = Some(token_of(&frame));
        let sent = loop {
            let sent = events.frame().await;
            assert!(
                place(&sent.data) > seen,
                "{seen:?}, then {:?}",
                place(&sent.data)
            );
            seen = place(&sent.data);
            token.clone_from(&sent.id);
            if seen.0 >= revision {
                break sent;
            }
        };
        let document = json(&stage, &format!("{BASE}/results.json")).await;
        assert_eq!(place(&document), order(&frame));
        assert_eq!(sent.data, document);
        let csv = text(ask(&stage, &format!("{BASE}/totals.csv"), &[]).await).await;
        let differences = differences(&frame, &document, &csv);
        assert!(
            differences.is_empty(),
            "revision {revision}: {differences:#?}"
        );
        let contest = &frame.body.as_ref().unwrap().contests[0];
        // F28: every seat is somebody's, hangs on something, or is nobody's; the size of the house is in no sum.
        let apart = [
            contest.seats_outside,
            contest.seats_pending,
            contest.seats_unassigned,
        ];
        let known: u32 = frame_rows(contest).iter().filter_map(|row| row.1).sum();
        if contest.state() == SeatsState::Provisional || contest.state() == SeatsState::Tied {
            assert_eq!(
                known + apart.iter().sum::<u32>(),
                contest.seats,
                "revision {revision}"
            );
        }
        // By gRPC-Web the same message, byte for byte.
        assert_eq!(over_the_web(&stage).await, frame);
        if random(12) == 0 {
            // It was not there for some frames: the newest is what it gets.
            let late = slow.frame().await;
            assert!(place(&late.data) >= seen_slowly);
            seen_slowly = place(&late.data);
        }
    }
    while seen_slowly.0 < head(&night) {
        let late = place(&slow.frame().await.data);
        assert!(late > seen_slowly, "{seen_slowly:?}, then {late:?}");
        seen_slowly = late;
    }
}

async fn over_the_web(stage: &Stage) -> Frame {
    use wire::feed::v1::GetFrameResponse;
    let request = GetFrameRequest {
        scope: Some(whole()),
    };
    let message = prost::Message::encode_to_vec(&request);
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let body = [&[0][..], &length, &message].concat();
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
    let message = &bytes[5..5 + usize::try_from(length).unwrap()];
    let response: GetFrameResponse = prost::Message::decode(message).unwrap();
    response.frame.unwrap()
}

// Norway 2023: the public site lagged behind the count, and nobody saw it.
#[tokio::test(start_paused = true)]
async fn f19_every_form_carries_its_revision_and_how_far_it_lags() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 6);
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    viewer.until(6).await;
    let mut events = Events::open(&stage, None).await;
    events.frame().await;
    for (is_lost, lag_min) in [(false, 0), (true, 7_000)] {
        stage.roles.set_down(is_lost);
        if is_lost {
            tokio::time::sleep(Duration::from_secs(8)).await;
            while !viewer.heartbeat().await.is_stale {}
            let told = loop {
                let sent = events.next().await;
                if sent.data["is_stale"] == true {
                    break sent.data["lag_ms"].as_u64().unwrap();
                }
            };
            assert!(told >= 5_000, "{told}");
        }
        let frame = stage.frame(whole()).await.unwrap();
        let envelope = frame.envelope.unwrap();
        assert_eq!(frame.body.unwrap().revision, 6);
        assert_eq!(envelope.is_stale, is_lost);
        assert!(envelope.lag_ms >= lag_min);
        for path in ["results.json", "totals.csv"] {
            let response = ask(&stage, &format!("{BASE}/{path}"), &[]).await;
            let lag = response.headers()["hemicycle-lag-ms"].to_str().unwrap();
            assert!(lag.parse::<u64>().unwrap() >= lag_min, "{path}: {lag}");
            assert!(text(response).await.contains('6'), "{path}");
        }
        let request = Request::builder().uri(format!("/e/{ELECTION}?lang=en"));
        let request = request.body(Body::empty()).unwrap();
        let page = stage.http.clone().oneshot(request).await.unwrap();
        let page = text(page).await;
        assert!(page.contains("revision 6"));
        assert_eq!(page.contains("data-is-stale=\"true\""), is_lost);
        assert_eq!(page.contains("Stale, as of"), is_lost);
    }
}

// A vendor's state and county files were out of step: here all levels that are answered at one time are of one revision.
#[tokio::test(start_paused = true)]
async fn f20_all_levels_of_one_revision_add_up() {
    let stage = stage();
    let night = long_night();
    for revision in (5..=head(&night)).step_by(7) {
        stage.show(&night, revision);
        let frame = stage
            .watch(whole(), None)
            .await
            .unwrap()
            .until(revision)
            .await;
        let contest = frame.body.unwrap().contests.remove(0);
        let (mut votes, mut held, mut counted) = (vec![0; 3], vec![0; 3], 0);
        for entry in &contest.districts {
            counted += entry.tallies_counted;
            for (row, seats) in entry.row_indexes.iter().zip(&entry.row_seats) {
                held[usize::try_from(*row).unwrap()] += seats;
            }
            let path = format!("{BASE}/districts/{}/results.json", entry.district_id);
            // Each scope has a tick of its own; what is summed is of one revision.
            let part = loop {
                let part = json(&stage, &path).await;
                if part["revision"] == revision {
                    break part;
                }
                assert!(part["revision"].as_u64().unwrap() < revision);
                tokio::time::sleep(tick()).await;
            };
            for (sum, row) in votes.iter_mut().zip(document_rows(&part)) {
                *sum += row.0;
            }
        }
        let whole: Vec<u64> = contest.rows.iter().map(|row| row.votes).collect();
        assert_eq!(votes, whole, "revision {revision}");
        let states = contest.totals.as_ref().unwrap().states.as_ref().unwrap();
        assert_eq!(counted, states.counted);
        if contest.state() == SeatsState::Provisional {
            let rows = contest.rows.iter();
            let seats: Vec<u32> = rows.map(|row| row.seats.unwrap().seats.unwrap()).collect();
            assert_eq!(held, seats, "revision {revision}");
        }
    }
}

// Sites that went down under load (California 2008, Dane 2018 with 53,000 rows for each refresh): a frame is made once for
// all, whoever sleeps delays nobody, and a page that is live is sent what has changed.
#[tokio::test(start_paused = true)]
async fn f21_a_frame_is_made_once_for_all_and_the_slow_delay_nobody() {
    let stage = staged(Config::default());
    let night = long_night();
    stage.show(&night, 1);
    let mut sleepers = Vec::new();
    for _ in 0..200 {
        sleepers.push(Events::open(&stage, None).await);
    }
    let mut quick = stage.watch(whole(), None).await.unwrap();
    quick.until(1).await;
    let request = Request::builder().uri(format!("/e/{ELECTION}/events?lang=en"));
    let request = request.body(Body::empty()).unwrap();
    let response = stage.http.clone().oneshot(request).await.unwrap();
    let mut page = response.into_body().into_data_stream();
    let mut delta_bytes = Vec::new();
    for revision in 2..=head(&night) {
        let began = tokio::time::Instant::now();
        stage.show(&night, revision);
        quick.until(revision).await;
        assert!(began.elapsed() <= tick() + Duration::from_millis(20));
        while let Ok(Some(chunk)) = tokio::time::timeout(
            Duration::from_millis(1),
            futures::StreamExt::next(&mut page),
        )
        .await
        {
            delta_bytes.push(chunk.unwrap().len());
        }
    }
    assert_eq!(
        stage.roles.streams.load(Ordering::Relaxed),
        1,
        "one stream feeds all"
    );
    // What somebody gets who comes now, whole, against what each change took of who was there.
    let request = Request::builder().uri(format!("/e/{ELECTION}/events?lang=en"));
    let request = request.body(Body::empty()).unwrap();
    let response = stage.http.clone().oneshot(request).await.unwrap();
    let mut late = response.into_body().into_data_stream();
    let mut whole_bytes = 0;
    while whole_bytes < 1_000 {
        let chunk = futures::StreamExt::next(&mut late).await.unwrap();
        whole_bytes = chunk.unwrap().len();
    }
    let deltas: usize = delta_bytes.iter().sum();
    assert!(delta_bytes.len() > 20);
    assert!(
        deltas < whole_bytes * delta_bytes.len(),
        "{deltas} in {}, {whole_bytes} whole",
        delta_bytes.len()
    );
    for mut sleeper in sleepers {
        let mut last = 0;
        let mut frames = 0;
        while last < head(&night) {
            last = sleeper.frame().await.data["revision"].as_u64().unwrap();
            frames += 1;
        }
        // What they slept through was never made for them.
        assert!(frames <= 3, "{frames}");
    }
}

// Corrections with long reasons make the envelope large: what is left of the revision must not depend on it.
#[tokio::test(start_paused = true)]
async fn near_the_limit_of_a_frame_the_newest_result_and_its_revision_say_the_same() {
    let mut night = Night::begin(&small(30, 4));
    open_all(&mut night);
    let votes: Vec<u64> = (0..30).map(|list| 1_000 - 9 * list).collect();
    night.submit(night.full("u0", 1, &votes));
    for (districts, is_reduced) in [(60, false), (380, false), (1_500, true)] {
        let stage = stage();
        stage.show(&night, 1);
        let mut shown = standings(&night.records, head(&night), night.state.tally());
        let contest = &mut shown.contests[0];
        let first = contest.districts[0].clone();
        contest.districts = (0..districts)
            .map(|number| {
                let mut district = first.clone();
                district.district_id = format!("district-number-{number}");
                district
            })
            .collect();
        let change = VoteChange {
            option_id: "l1".into(),
            votes_before: 100_000,
            votes_after: 99_999,
        };
        shown.corrections = vec![
            Correction {
                attribution: Some(Attribution {
                    by: "Commission 3".into(),
                    reason: "r".repeat(900),
                }),
                changes: vec![change; 12],
                ..Default::default()
            };
            20
        ];
        stage.roles.show(shown);
        let frame = stage
            .watch(whole(), None)
            .await
            .unwrap()
            .until(head(&night))
            .await;
        assert!(prost::Message::encoded_len(&frame) <= live_feed::FRAME_BYTES_MAX);
        assert_eq!(frame.body.unwrap().is_reduced, is_reduced, "{districts}");
        let mut newest = json(&stage, &format!("{BASE}/results.json")).await;
        let envelope = newest.as_object_mut().unwrap().remove("envelope").unwrap();
        let changes = envelope["corrections"][0]["changes"].as_array().unwrap();
        // Without its districts a body leaves room again.
        assert_eq!(changes.is_empty(), districts == 380, "{districts}");
        let revision = json(&stage, &format!("{BASE}/rev/{}.json", head(&night))).await;
        assert_eq!(newest, revision, "{districts}");
    }
}
