//! Who watches gets the newest, never a lower one after a higher, whatever happens.

use super::*;
use election::ids::LogId;
use std::sync::atomic::Ordering;
use tokio::time::Instant;
use tonic::Code;
use wire::feed::v1::WatchIndexRequest;

#[tokio::test(start_paused = true)]
async fn frames_come_at_once_after_a_quiet_time_and_at_most_one_a_tick() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 4);
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    viewer.until(4).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    stage.show(&night, 5);
    viewer.until(5).await;
    assert!(began.elapsed() < Duration::from_millis(20), "at once");
    let mut frames = 0;
    for revision in 6..=head(&night) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stage.show(&night, revision);
    }
    let mut last = 5;
    while last < head(&night) {
        last = order(&viewer.frame().await).0;
        frames += 1;
    }
    let ticks = began.elapsed().as_millis() / tick().as_millis() + 1;
    assert!(frames <= ticks, "{frames} frames in {ticks} ticks");
}

#[tokio::test(start_paused = true)]
async fn all_viewers_of_a_scope_get_the_same_frame_and_one_stream_feeds_them() {
    let stage = stage();
    let night = lively(&two_districts());
    stage.show(&night, 5);
    let mut viewers = Vec::new();
    for number in 0..100 {
        let scope = if number % 2 == 0 {
            whole()
        } else {
            district("coast")
        };
        viewers.push(stage.watch(scope, None).await.unwrap());
    }
    let mut frames = Vec::new();
    for viewer in &mut viewers {
        frames.push(viewer.frame().await);
    }
    assert!(frames.iter().step_by(2).all(|frame| *frame == frames[0]));
    assert!(
        frames
            .iter()
            .skip(1)
            .step_by(2)
            .all(|frame| *frame == frames[1])
    );
    assert_eq!(stage.roles.streams.load(Ordering::Relaxed), 1);
    // When the last one has gone, nothing is followed any more; who comes then begins anew.
    drop(viewers);
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.watch(whole(), None).await.unwrap().frame().await;
    assert_eq!(stage.roles.streams.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn watched_units_are_read_together_and_others_not_at_all() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 4);
    let mut viewers = Vec::new();
    for number in 0..3 {
        viewers.push(
            stage
                .watch(unit(&format!("u{number}")), None)
                .await
                .unwrap(),
        );
    }
    for viewer in &mut viewers {
        viewer.until(4).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.show(&night, head(&night));
    for viewer in &mut viewers {
        let body = viewer.until(head(&night)).await.body.unwrap();
        assert_eq!(body.unit_tallies.len(), 1);
    }
    let calls = stage
        .roles
        .unit_calls
        .each_ref()
        .map(|calls| calls.load(Ordering::Relaxed));
    assert_eq!(calls, [3, 1], "each alone at first, then all at once");
}

#[tokio::test(start_paused = true)]
async fn f21_a_slow_viewer_skips_and_delays_nobody() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 4);
    let mut slow = stage.watch(whole(), None).await.unwrap();
    slow.until(4).await;
    let mut quick = stage.watch(whole(), None).await.unwrap();
    quick.until(4).await;
    // Far more bytes than its window holds.
    let frames = 400;
    let mut latest = standings(&night.records, head(&night), night.state.tally());
    for revision in 101..=100 + frames {
        latest.token.as_mut().unwrap().revision = revision;
        latest.publication.as_mut().unwrap().reason = "r".repeat(20_000);
        let began = Instant::now();
        stage.roles.show(latest.clone());
        quick.until(revision).await;
        assert!(began.elapsed() <= tick() + Duration::from_millis(20));
    }
    let mut received = 0;
    let mut shown = (0, 0);
    while shown.0 < 100 + frames {
        let frame = slow.frame().await;
        assert!(order(&frame) > shown, "never a lower one");
        shown = order(&frame);
        received += 1;
    }
    assert!(
        received < frames / 2,
        "{received} of {frames} waited for it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_brings_the_newest_above_it_and_nothing_twice() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let frame = stage.frame(whole()).await.unwrap();
    let mut resumed = stage.watch(whole(), Some(token_of(&frame))).await.unwrap();
    let heartbeat = resumed.heartbeat().await;
    assert!(!heartbeat.is_behind && !heartbeat.is_stale);
    stage.show(&night, 7);
    assert_eq!(order(&resumed.frame().await).0, 7);
}

#[tokio::test(start_paused = true)]
async fn a_token_ahead_is_behind_then_unavailable() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let now = token_of(&stage.frame(whole()).await.unwrap());
    let ahead = ResumeToken { revision: 9, ..now };
    let mut patient = stage.watch(whole(), Some(ahead.clone())).await.unwrap();
    assert!(patient.heartbeat().await.is_behind);
    // It has what was seen: that is told at once, and not with the next heartbeat.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let caught_up = Instant::now();
    stage.show(&night, 9);
    while patient.heartbeat().await.is_behind {}
    let silence = caught_up.elapsed();
    assert!(silence < Duration::from_millis(300), "{silence:?}");
    let beyond = ResumeToken {
        revision: 1_000,
        ..ahead
    };
    // Out of sight of the count it may be behind: another replica may have it.
    stage.roles.set_down(true);
    let began = Instant::now();
    let mut viewer = stage.watch(whole(), Some(beyond)).await.unwrap();
    waits_in_vain(&mut viewer).await;
    assert!(began.elapsed() >= Config::default().behind_max);
}

/// Reads until the end, which is UNAVAILABLE, and nothing but heartbeats comes before it.
async fn waits_in_vain(viewer: &mut Viewer) {
    let status = loop {
        match viewer.event().await {
            Ok(Event::Heartbeat(heartbeat)) => assert!(heartbeat.is_behind),
            Ok(event) => panic!("{event:?} is not above the token"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_cannot_be_read_here_resets_nobody_who_has_seen_it_elsewhere() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let mut viewer = stage.watch(unit("u0"), None).await.unwrap();
    viewer.until(5).await;
    stage.roles.set_units_away(true);
    stage.show(&night, 9);
    let mut of_all = stage.watch(whole(), None).await.unwrap();
    let seen = token_of(&of_all.until(9).await);
    let mut returned = stage.watch(unit("u0"), Some(seen.clone())).await.unwrap();
    waits_in_vain(&mut returned).await;
    let mut again = stage.watch(unit("u0"), Some(seen)).await.unwrap();
    assert!(again.heartbeat().await.is_behind);
    stage.roles.set_units_away(false);
    while again.heartbeat().await.is_behind {}
    viewer.until(9).await;
}

#[tokio::test(start_paused = true)]
async fn a_damaged_log_is_stale_at_once_and_resets_nobody() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    let seen = token_of(&viewer.until(5).await);
    let began = Instant::now();
    stage.roles.damage();
    assert!(viewer.heartbeat().await.is_stale);
    assert!(began.elapsed() < Duration::from_secs(1), "as soon as known");
    let frame = stage.frame(whole()).await.unwrap();
    assert!(frame.envelope.unwrap().is_stale);
    // Nor is it over for a moment when the stream behind is opened again.
    let silence = Duration::from_secs(1);
    stage
        .roles
        .state
        .send_modify(|known| known.silence = silence);
    for _ in 0..3 {
        stage.roles.cut();
        assert!(viewer.heartbeat().await.is_stale);
    }
    let mut other = stage.watch(district("city"), None).await.unwrap();
    assert!(other.frame().await.envelope.unwrap().is_stale);
    let beyond = ResumeToken {
        revision: 9,
        ..seen
    };
    waits_in_vain(&mut stage.watch(whole(), Some(beyond)).await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn another_log_resets_its_viewers() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 9);
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    viewer.until(9).await;
    let other = LogId([8; 16]).0.to_vec();
    let mut restored = standings(&night.records, 5, night.state.tally());
    restored.token.as_mut().unwrap().log_id = other.clone().into();
    stage.roles.show(restored);
    let Event::Reset(reset) = viewer.event().await.unwrap() else {
        panic!("it is not reset")
    };
    assert_eq!(reset.log_id, other);
    assert_eq!(order(&viewer.frame().await).0, 5);
}

#[tokio::test(start_paused = true)]
async fn a_lost_count_is_said_when_it_is_stale_and_when_it_is_back() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    viewer.until(5).await;
    let began = Instant::now();
    stage.roles.set_down(true);
    let heartbeat = viewer.heartbeat().await;
    assert!(heartbeat.is_stale && heartbeat.lag_ms >= 5_000);
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "not only with the next heartbeat"
    );
    assert!(
        stage
            .frame(whole())
            .await
            .unwrap()
            .envelope
            .unwrap()
            .is_stale
    );
    stage.roles.set_down(false);
    assert!(!viewer.heartbeat().await.is_stale);
    stage.show(&night, 6);
    viewer.until(6).await;
    // The allocation role is there, but has lost the log itself.
    stage.roles.set_lag_ms(1);
    assert!(viewer.heartbeat().await.is_stale);
    stage.roles.set_lag_ms(0);
    assert!(!viewer.heartbeat().await.is_stale);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_every_fifteen_seconds() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    viewer.until(5).await;
    for _ in 0..4 {
        let began = Instant::now();
        viewer.heartbeat().await;
        let silence = began.elapsed();
        assert!((Duration::from_secs(14)..Duration::from_secs(16)).contains(&silence));
    }
}

/// A frame puts the next heartbeat off: the alarm of before it goes off in silence.
#[tokio::test(start_paused = true)]
async fn a_heartbeat_comes_fifteen_seconds_after_the_last_word_whatever_it_was() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    viewer.until(5).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    stage.show(&night, 6);
    viewer.until(6).await;
    let began = Instant::now();
    viewer.heartbeat().await;
    let silence = began.elapsed();
    assert!(
        (Duration::from_secs(14)..Duration::from_secs(16)).contains(&silence),
        "{silence:?}"
    );
}

/// Cuts of the stream behind, reconnects of viewers, and restarts of the feed, in an order that the seed gives.
#[tokio::test(start_paused = true)]
async fn order_never_falls_under_random_disconnects() {
    for seed in 1..=20_u64 {
        let mut pseudo = seed;
        let mut random = move |below: u64| {
            pseudo = pseudo
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695);
            (pseudo >> 33) % below
        };
        let night = lively(&small(3, 4));
        let mut stage = stage();
        let mut public = 4;
        stage.show(&night, public);
        let mut last: Option<ResumeToken> = None;
        let mut viewer = stage.watch(whole(), None).await.unwrap();
        while last.as_ref().map_or(0, |token| token.revision) < head(&night) {
            public = (public + random(2)).min(head(&night));
            stage.show(&night, public);
            match random(6) {
                0 => stage.roles.cut(),
                1 => viewer = stage.watch(whole(), last.clone()).await.unwrap(),
                2 => {
                    stage = super::stage();
                    // A replica that is behind: what it shows first may be older than what was seen.
                    let behind = public.saturating_sub(random(3)).max(1);
                    stage.show(&night, behind);
                    viewer = stage.watch(whole(), last.clone()).await.unwrap();
                }
                _ => {}
            }
            let wait = Duration::from_millis(random(600));
            while let Ok(event) = tokio::time::timeout(wait, viewer.event()).await {
                let Ok(event) = event else {
                    viewer = stage.watch(whole(), last.clone()).await.unwrap();
                    break;
                };
                let Event::Frame(frame) = event else { continue };
                let token = token_of(&frame);
                let order = |token: &ResumeToken| (token.revision, token.publication_seq);
                assert!(
                    last.as_ref().is_none_or(|last| order(last) < order(&token)),
                    "seed {seed}: {last:?}, then {token:?}"
                );
                last = Some(token);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_viewer_too_many_is_sent_away_with_a_delay() {
    let config = Config {
        viewers_max: 2,
        ..Config::default()
    };
    let stage = staged(config);
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let first = stage.watch(whole(), None).await.unwrap();
    let _second = stage.watch(whole(), None).await.unwrap();
    let third = stage.watch(whole(), None).await.err().unwrap();
    // Who asks for a single frame costs what a viewer does, while it waits.
    let single = stage.frame(whole()).await.unwrap_err();
    let index = stage.client.clone().watch_index(WatchIndexRequest {}).await;
    for refused in [third, single, index.err().unwrap()] {
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(
            refused.message().contains("2 viewers are there"),
            "{refused}"
        );
        let details = tonic_types::StatusExt::get_error_details(&refused);
        assert!(details.retry_info().unwrap().retry_delay.is_some());
    }
    drop(first);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(stage.frame(whole()).await.is_ok());
    assert!(stage.watch(whole(), None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn streams_end_when_the_role_stops() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    viewer.until(5).await;
    stage.feed.stop();
    assert_eq!(viewer.event().await.unwrap_err().code(), Code::Unavailable);
}
