//! A log that was restored from an older copy and kept its id: what it does not have any more is not shown, and whoever
//! saw it is told to forget it.

use super::watch::Watching;
use super::*;
use std::sync::atomic::Ordering;
use tonic::Code;
use wire::allocation::v1::watch_standings_response::Event;

/// The next event that is no heartbeat.
async fn news(watching: &mut Watching) -> Event {
    loop {
        match watching.event().await.unwrap() {
            Event::Heartbeat(_) => {}
            event => return event,
        }
    }
}

async fn reset_then(watching: &mut Watching, revision: u64) -> Standings {
    let Event::Reset(reset) = news(watching).await else {
        panic!("it is not reset")
    };
    assert_eq!(reset.log_id, LOG.0.to_vec());
    let Event::Standings(standings) = news(watching).await else {
        panic!("the newest standings follow")
    };
    assert_eq!(revision_of(&standings), revision);
    standings
}

/// A night of three units more than a lively one has in common with it, and other votes.
fn other_night(common: usize) -> Night {
    let lively = lively(&small(3, 4));
    let mut night = Night::begin(&small(3, 4));
    open(&mut night, PublicationClass::Definition, START);
    open(&mut night, PublicationClass::Turnout, START);
    open(&mut night, PublicationClass::Results, START);
    assert_eq!(night.records[..common], lively.records[..common]);
    for unit in 0..4 {
        night.submit(night.full(&format!("u{unit}"), 1, &[10, 20, 30]));
    }
    for version in 2..=4 {
        let votes = [20, 20, 30 + version];
        night.submit(night.ordered(
            ReportKind::Correction,
            "u0",
            u32::try_from(version).unwrap(),
            &votes,
        ));
    }
    night
}

#[tokio::test(start_paused = true)]
async fn a_follower_ahead_of_a_restored_log_begins_anew_and_resets_its_watchers() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.serve(&night);
    stage.reached(View::Public, head(&night)).await;
    let mut at_head = stage.watch(View::Head, None).await;
    let mut public = stage.watch(View::Public, None).await;
    at_head.until(head(&night)).await;
    public.until(head(&night)).await;
    let asked = stage.results.streams.load(Ordering::Relaxed);

    stage.results.serve(ELECTION, LOG, &night.records[..6]);
    stage.results.cut();
    let restored = reset_then(&mut at_head, 6).await;
    assert_eq!(restored, naive(&night.records, 6, &fold(&night, 6)));
    reset_then(&mut public, 6).await;
    let asked = stage.results.streams.load(Ordering::Relaxed) - asked;
    assert!(asked <= 3, "{asked} streams: not tried again and again");
    for view in [View::Head, View::Public] {
        assert_eq!(revision_of(&stage.at(view, 0).await.unwrap()), 6);
        let gone = stage.at(view, 7).await.unwrap_err();
        assert_eq!(gone.code(), Code::OutOfRange);
    }
    // It goes on from there, and nobody is reset twice.
    stage.serve(&night);
    at_head.until(head(&night)).await;
    public.until(head(&night)).await;
}

#[tokio::test(start_paused = true)]
async fn one_revision_less_is_noticed_too() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    let mut watching = stage.watch(View::Head, None).await;
    watching.until(head(&night)).await;
    let fewer = night.records.len() - 1;
    stage.results.serve(ELECTION, LOG, &night.records[..fewer]);
    stage.results.cut();
    reset_then(&mut watching, head(&night) - 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_restored_log_that_has_grown_past_the_follower_is_noticed_by_its_events() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.results.serve(ELECTION, LOG, &night.records[..6]);
    stage.reached(View::Public, 6).await;
    let mut watching = stage.watch(View::Public, None).await;
    watching.until(6).await;
    stage.results.set_down(true);
    let other = other_night(4);
    assert!(head(&other) > 6);
    stage.serve(&other);
    stage.results.set_down(false);
    let restored = reset_then(&mut watching, head(&other)).await;
    let expected = naive(&other.records, head(&other), other.state.tally());
    assert_eq!(restored, expected);
    // The past is of this log too: nothing is folded from what was kept of the other one.
    for revision in 1..=head(&other) {
        let expected = naive(&other.records, revision, other.state.tally());
        assert_eq!(stage.at(View::Head, revision).await.unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_restored_log_is_read_nothing_is_answered_of_the_one_before() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.serve(&night);
    stage.reached(View::Public, head(&night)).await;
    let mut watching = stage.watch(View::Public, None).await;
    watching.until(head(&night)).await;
    stage.results.forget(ELECTION);
    stage.results.cut();
    // The election is not there any more. Watchers are told that the log is out of sight, and readers to come again.
    loop {
        let Event::Heartbeat(heartbeat) = watching.event().await.unwrap() else {
            panic!("there is nothing to show")
        };
        assert!(heartbeat.lag_ms > 0);
        if heartbeat.token.is_none() {
            break;
        }
    }
    let gone = stage.at(View::Head, 0).await.unwrap_err();
    assert_eq!(gone.code(), Code::Unavailable);
    stage.results.serve(ELECTION, LOG, &night.records[..5]);
    reset_then(&mut watching, 5).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_log_does_not_reach_is_reset_after_a_while_in_which_it_might_have() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.results.serve(ELECTION, LOG, &night.records[..6]);
    stage.reached(View::Head, 6).await;
    let began = tokio::time::Instant::now();
    let mut ahead = stage.watch(View::Head, token(LOG, 1_000, 3)).await;
    reset_then(&mut ahead, 6).await;
    assert!(began.elapsed() >= config().behind_max);
}

fn fold(night: &Night, revision: usize) -> Tally {
    let mut tally = Tally::begin(&night.records[0]).unwrap();
    let rest = night.records[1..revision].iter();
    rest.for_each(|recorded| tally.apply(recorded).unwrap());
    tally
}
