//! A log that was restored from an older copy and kept its id: viewers are told to forget what they saw before they are
//! shown less.

use super::*;
use tokio::time::Instant;

async fn reset_then(viewer: &mut Viewer, revision: u64) {
    loop {
        match viewer.event().await.unwrap() {
            Event::Heartbeat(_) => {}
            Event::Reset(_) => break,
            Event::Frame(frame) => panic!("a frame of {:?} without a reset", order(&frame)),
        }
    }
    assert_eq!(order(&viewer.frame().await).0, revision);
}

fn of(night: &Night, revision: u64) -> Standings {
    standings(&night.records, revision, night.state.tally())
}

#[tokio::test(start_paused = true)]
async fn viewers_are_reset_once_and_then_shown_less() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 9);
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    let mut of_unit = stage.watch(unit("u0"), None).await.unwrap();
    viewer.until(9).await;
    of_unit.until(9).await;
    stage.roles.restore(of(&night, 5));
    reset_then(&mut viewer, 5).await;
    reset_then(&mut of_unit, 5).await;
    assert_eq!(order(&stage.frame(whole()).await.unwrap()).0, 5);
    stage.show(&night, 6);
    assert_eq!(order(&viewer.frame().await).0, 6);
    // The stream behind breaks: what was forgotten is not asked for again.
    stage.roles.cut();
    stage.show(&night, 7);
    assert_eq!(order(&viewer.frame().await).0, 7);
}

#[tokio::test(start_paused = true)]
async fn as_many_revisions_as_before_are_another_count_all_the_same() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 9);
    let mut viewer = stage.watch(whole(), None).await.unwrap();
    viewer.until(9).await;
    stage.roles.restore(of(&night, 9));
    reset_then(&mut viewer, 9).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_count_does_not_reach_is_reset_after_a_while_in_which_it_might_have() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let now = token_of(&stage.frame(whole()).await.unwrap());
    let beyond = ResumeToken {
        revision: 1_000,
        ..now
    };
    let began = Instant::now();
    let mut viewer = stage.watch(whole(), Some(beyond)).await.unwrap();
    assert!(viewer.heartbeat().await.is_behind);
    reset_then(&mut viewer, 5).await;
    assert!(began.elapsed() >= Config::default().behind_max);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_count_does_not_reach_is_not_reset_while_the_count_lags() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.show(&night, 5);
    let mut other = stage.watch(whole(), None).await.unwrap();
    other.until(5).await;
    // Seats take long there: what the reader saw at another replica may be in the count.
    stage.roles.set_lag_ms(12_000);
    while other.heartbeat().await.lag_ms == 0 {}
    let now = token_of(&stage.frame(whole()).await.unwrap());
    let beyond = ResumeToken { revision: 9, ..now };
    let mut viewer = stage.watch(whole(), Some(beyond.clone())).await.unwrap();
    let refused = loop {
        match viewer.event().await {
            Ok(Event::Heartbeat(heartbeat)) => assert!(heartbeat.lag_ms >= 12_000),
            Ok(other) => panic!("{other:?}: it is shown less"),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.code(), tonic::Code::Unavailable);
    // The count comes nearer without being there, and is not said to be as old as it was once.
    stage.roles.set_lag_ms(2_000);
    let told = loop {
        let heartbeat = other.heartbeat().await;
        if !heartbeat.is_stale {
            break heartbeat;
        }
    };
    assert!((2_000..5_000).contains(&told.lag_ms), "{told:?}");
    stage.roles.set_lag_ms(0);
    let mut viewer = stage.watch(whole(), Some(beyond)).await.unwrap();
    reset_then(&mut viewer, 5).await;
}
