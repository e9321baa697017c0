//! `WatchStandings`: the newest above a token, whatever happens to the log behind it.

use super::*;
use election::ids::LogId;
use std::sync::atomic::Ordering;
use tonic::{Code, Status, Streaming};
use wire::allocation::v1::WatchStandingsResponse;
use wire::allocation::v1::watch_standings_response::{Event, Heartbeat};

/// A stream of standings.
pub struct Watching(pub Streaming<WatchStandingsResponse>);

impl Watching {
    pub async fn event(&mut self) -> Result<Event, Status> {
        let message = self.0.message().await?.expect("the stream goes on");
        Ok(message.event.unwrap())
    }

    async fn standings(&mut self) -> Standings {
        loop {
            match self.event().await.unwrap() {
                Event::Standings(standings) => return standings,
                Event::Heartbeat(_) => {}
                Event::Reset(_) => panic!("nothing is reset"),
            }
        }
    }

    /// Standings until they are of this revision; none may be lower than one before.
    pub async fn until(&mut self, revision: u64) -> Standings {
        let mut shown = 0;
        loop {
            let standings = self.standings().await;
            assert!(revision_of(&standings) > shown, "never a lower one");
            shown = revision_of(&standings);
            if shown == revision {
                return standings;
            }
        }
    }

    async fn heartbeat(&mut self) -> Heartbeat {
        match self.event().await.unwrap() {
            Event::Heartbeat(heartbeat) => heartbeat,
            other => panic!("{other:?} is no heartbeat"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_watcher_gets_the_newest_and_after_it_only_newer_ones() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let whole = &night.records;
    stage.results.serve(ELECTION, LOG, &whole[..5]);
    stage.reached(View::Public, 5).await;
    let mut watching = stage.watch(View::Public, None).await;
    assert_eq!(revision_of(&watching.standings().await), 5);
    stage.serve(&night);
    let last = watching.until(head(&night)).await;
    assert_eq!(last, naive(whole, head(&night), night.state.tally()));
    let mut resumed = stage.watch(View::Public, last.token.clone()).await;
    let heartbeat = resumed.heartbeat().await;
    assert_eq!(heartbeat.token, last.token);
    assert_eq!((heartbeat.is_behind, heartbeat.lag_ms), (false, 0));
}

#[tokio::test(start_paused = true)]
async fn a_publication_event_alone_is_news() {
    let stage = stage();
    let mut night = lively(&small(3, 4));
    stage.serve(&night);
    let shown = stage.reached(View::Public, head(&night)).await;
    let at = Revision(head(&night));
    let mode = election::publication::PublicationMode::HoldAt(at);
    let reason = "a review".to_owned();
    night
        .run(election::command::Command::MovePublication { mode, reason })
        .unwrap();
    stage.serve(&night);
    let mut watching = stage.watch(View::Public, shown.token).await;
    let held = watching.standings().await;
    assert_eq!(revision_of(&held), at.0);
    assert_eq!(held.publication.unwrap().reason, "a review");
}

#[tokio::test(start_paused = true)]
async fn a_lost_log_is_said_at_once_and_followed_again_without_a_gap() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.results.serve(ELECTION, LOG, &night.records[..6]);
    stage.reached(View::Head, 6).await;
    let mut watching = stage.watch(View::Head, None).await;
    watching.until(6).await;
    stage.results.set_down(true);
    assert!(watching.heartbeat().await.lag_ms > 0);
    stage.serve(&night);
    tokio::time::sleep(Duration::from_secs(7)).await;
    stage.results.set_down(false);
    let last = watching.until(head(&night)).await;
    assert_eq!(
        last,
        naive(&night.records, head(&night), night.state.tally())
    );
    assert_eq!(watching.heartbeat().await.lag_ms, 0);
}

#[tokio::test(start_paused = true)]
async fn f19_a_log_that_goes_on_faster_than_it_is_followed_is_told_as_a_lag() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.results.serve(ELECTION, LOG, &night.records[..6]);
    stage.reached(View::Public, 6).await;
    let mut watching = stage.watch(View::Public, None).await;
    watching.until(6).await;
    // The seventh comes, and with it that there are nine.
    stage.results.set_backlog(2);
    stage.results.serve(ELECTION, LOG, &night.records[..7]);
    watching.until(7).await;
    let began = tokio::time::Instant::now();
    let first = watching.heartbeat().await.lag_ms;
    assert!((1_000..3_000).contains(&first), "{first} ms");
    assert!(began.elapsed() < Duration::from_secs(3), "told at once");
    // It grows, however much is shown meanwhile.
    tokio::time::sleep(Duration::from_secs(5)).await;
    stage.results.serve(ELECTION, LOG, &night.records[..8]);
    let before = watching.heartbeat().await;
    assert!((6_000..9_000).contains(&before.lag_ms), "{before:?}");
    let told = before.token.unwrap();
    assert_eq!(told.revision, 8, "told before it is shown");
    watching.until(8).await;
    stage.results.set_backlog(0);
    stage.serve(&night);
    watching.until(head(&night)).await;
    while watching.heartbeat().await.lag_ms > 0 {}
    // What lags is not what lacks: a token beyond is not reset, while there may be what it is of.
    stage.results.set_backlog(5);
    stage.results.cut();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let mut ahead = stage
        .watch(View::Public, token(LOG, head(&night) + 3, 9))
        .await;
    let refused = loop {
        match ahead.event().await {
            Ok(Event::Heartbeat(_)) => {}
            Ok(other) => panic!("{other:?} though the log goes on beyond"),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn cuts_at_any_moment_leave_no_gap_and_never_a_lower_one() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.results.serve(ELECTION, LOG, &night.records[..1]);
    stage.reached(View::Head, 1).await;
    let mut watching = stage.watch(View::Head, None).await;
    watching.until(1).await;
    let mut pseudo = 7_u64;
    for count in 2..=night.records.len() {
        stage.results.serve(ELECTION, LOG, &night.records[..count]);
        pseudo = pseudo
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(11);
        tokio::time::sleep(Duration::from_millis(pseudo >> 57)).await;
        if pseudo & (1 << 40) != 0 {
            stage.results.cut();
        }
    }
    let last = watching.until(head(&night)).await;
    assert_eq!(
        last,
        naive(&night.records, head(&night), night.state.tally())
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_log_is_a_lost_one() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    let mut watching = stage.watch(View::Head, None).await;
    watching.until(head(&night)).await;
    stage.results.set_silent(true);
    let lost = loop {
        let heartbeat = watching.heartbeat().await;
        if heartbeat.lag_ms > 0 {
            break heartbeat;
        }
    };
    assert_eq!(lost.token.unwrap().revision, head(&night));
    stage.results.set_silent(false);
    while watching.heartbeat().await.lag_ms > 0 {}
}

#[tokio::test(start_paused = true)]
async fn another_log_resets_the_watcher_and_is_folded_from_its_beginning() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    let mut watching = stage.watch(View::Head, None).await;
    watching.until(head(&night)).await;

    let other = LogId([8; 16]);
    let mut records = night.records[..3].to_vec();
    let election::event::Event::Defined { log_id, .. } = &mut records[0].event else {
        panic!("a log begins with the definition")
    };
    *log_id = other;
    stage.results.serve(ELECTION, other, &records);
    stage.results.cut();
    let event = loop {
        match watching.event().await.unwrap() {
            Event::Heartbeat(_) => {}
            event => break event,
        }
    };
    let Event::Reset(reset) = event else {
        panic!("{event:?} is no reset")
    };
    assert_eq!(reset.log_id, other.0.to_vec());
    assert_eq!(revision_of(&watching.standings().await), 3);
    // So does a token of the former log.
    let mut resumed = stage.watch(View::Head, token(LOG, head(&night), 3)).await;
    assert!(matches!(resumed.event().await, Ok(Event::Reset(_))));
    assert_eq!(revision_of(&resumed.standings().await), 3);
}

#[tokio::test(start_paused = true)]
async fn a_token_ahead_waits_and_says_so_then_is_sent_to_another_replica() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.results.serve(ELECTION, LOG, &night.records[..6]);
    stage.reached(View::Head, 6).await;
    let mut patient = stage.watch(View::Head, token(LOG, 8, 3)).await;
    assert!(patient.heartbeat().await.is_behind);
    // It reaches the token: no longer behind, and nothing is shown twice.
    stage.results.serve(ELECTION, LOG, &night.records[..8]);
    while patient.heartbeat().await.is_behind {}
    stage.serve(&night);
    patient.until(head(&night)).await;

    // Out of sight of the log it may be behind: another replica may have it.
    stage.results.set_down(true);
    let mut ahead = stage.watch(View::Head, token(LOG, 1_000, 3)).await;
    let began = tokio::time::Instant::now();
    let status = loop {
        match ahead.event().await {
            Ok(Event::Heartbeat(heartbeat)) => assert!(heartbeat.is_behind),
            Ok(event) => panic!("{event:?} is not above the token"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Unavailable);
    assert!(began.elapsed() >= config().behind_max);
}

#[tokio::test(start_paused = true)]
async fn a_log_with_a_gap_shows_nothing_wrong_and_is_not_asked_in_a_loop() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.results.serve(ELECTION, LOG, &night.records[..6]);
    let before = stage.reached(View::Head, 6).await;
    stage.serve(&night);
    stage.results.spoil(ELECTION, 7);
    let asked = stage.results.streams.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let asked = stage.results.streams.load(Ordering::Relaxed) - asked;
    assert!(asked < 30, "{asked} times in a minute");
    assert!(revision_of(&stage.at(View::Head, 0).await.unwrap()) <= 7);
    assert!(revision_of(&before) <= 7);
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
}

#[tokio::test(start_paused = true)]
async fn streams_end_when_the_role_stops() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    let mut watching = stage.watch(View::Head, None).await;
    watching.until(head(&night)).await;
    stage.allocation.stop();
    let status = watching.event().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    stage.all.stop();
}
