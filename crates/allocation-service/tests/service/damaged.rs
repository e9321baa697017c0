//! A log that is damaged: what was shown before stays and is told as lost, and what can still be read is told as damaged.

use super::*;
use tonic::Code;
use wire::allocation::v1::watch_standings_response::{Event, Heartbeat};

/// How many heartbeats are waited for: those of a watcher that is in touch come each 15 s, longer than any patience.
const HEARTBEATS: usize = 4;

async fn heartbeat(watching: &mut watch::Watching) -> Heartbeat {
    match watching.event().await.unwrap() {
        Event::Heartbeat(heartbeat) => heartbeat,
        event => panic!("{event:?} although the log has nothing new"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_lies_behind_the_damage_stays_and_is_told_as_lost() {
    let night = lively(&small(3, 4));
    // One revision less is another case: the stream can be opened there, and ends before what is known.
    for readable in [6, night.records.len() - 1] {
        let stage = stage();
        stage.serve(&night);
        stage.reached(View::Public, head(&night)).await;
        let mut watching = stage.watch(View::Public, None).await;
        watching.until(head(&night)).await;
        stage.results.damage(ELECTION, readable);
        stage.results.cut();
        for _ in 0..HEARTBEATS {
            assert!(heartbeat(&mut watching).await.lag_ms > 0);
        }
        for view in [View::Head, View::Public] {
            let shown = stage.at(view, 0).await.unwrap();
            assert_eq!(revision_of(&shown), head(&night));
        }
        // Repaired, it goes on where it was, and nobody is reset.
        let longer = longer(&night);
        stage.serve(&longer);
        stage.results.cut();
        watching.until(head(&longer)).await;
    }
}

fn longer(night: &Night) -> Night {
    let mut longer = lively(&small(3, 4));
    assert_eq!(longer.records, night.records);
    longer.submit(longer.ordered(ReportKind::Correction, "u0", 900, &[20, 20, 31]));
    assert!(head(&longer) > head(night));
    longer
}

#[tokio::test(start_paused = true)]
async fn who_begins_with_a_damaged_log_is_told_so_before_what_can_be_read_of_it() {
    let stage = stage();
    let night = lively(&small(3, 4));
    stage.serve(&night);
    stage.results.damage(ELECTION, 6);
    stage.reached(View::Public, 6).await;
    for view in [View::Head, View::Public] {
        let mut watching = stage.watch(view, None).await;
        let first = heartbeat(&mut watching).await;
        assert!(first.is_damaged && first.lag_ms > 0);
        watching.until(6).await;
        for _ in 0..HEARTBEATS {
            assert!(heartbeat(&mut watching).await.is_damaged);
        }
        // The past can be read as ever.
        assert_eq!(revision_of(&stage.at(view, 4).await.unwrap()), 4);
        // Whoever has seen more is not reset: this replica is behind.
        let mut ahead = stage.watch(view, token(LOG, head(&night), 3)).await;
        let ended = loop {
            match ahead.event().await {
                Ok(Event::Heartbeat(heartbeat)) => assert!(heartbeat.is_damaged),
                Ok(event) => panic!("{event:?} is not above what was seen"),
                Err(status) => break status,
            }
        };
        assert_eq!(ended.code(), Code::Unavailable);
    }
}
