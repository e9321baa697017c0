//! Watching: every revision exactly once, in order, however fast it is written.

use std::time::Duration;

use crate::support::*;
use election::ids::Revision;
use results_service::Config;
use tonic::Code;
use tonic_types::StatusExt as _;
use wire::results::v1 as proto;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn watchers_get_every_revision_once_under_concurrent_writers() {
    let place = tempfile::tempdir().unwrap();
    let config = Config {
        // So few that watchers go back to the log again and again.
        recent_records_max: 64,
        ..folder(place.path())
    };
    let service = Service::start(config).await;
    let ballot = service.define(ELECTION, 2_000, 3).await;
    let total = 2 + 1 + 2_000;
    let watchers: Vec<_> = [1, 1, 2, 3]
        .into_iter()
        .map(|from| {
            let mut results = service.results.clone();
            tokio::spawn(async move {
                let request = proto::WatchEventsRequest {
                    election_id: ELECTION.into(),
                    view: HEAD,
                    from_revision: from,
                    log_id: Vec::new().into(),
                };
                let mut answers = results.watch_events(request).await.unwrap().into_inner();
                let mut next = from;
                let mut events = Vec::new();
                while next <= total {
                    let answer = answers.message().await.unwrap().unwrap();
                    assert_eq!(answer.first_revision, next);
                    next += answer.records.len() as u64;
                    assert!(answer.head_revision >= next - 1);
                    events.extend(recorded(&answer));
                }
                (from, events)
            })
        })
        .collect();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let results = service.results.clone();
            let batches: Vec<_> = (0..100)
                .map(|number| {
                    let first = writer * 500 + number * 5;
                    let reports: Vec<_> = (first..first + 5)
                        .map(|unit| report(ballot, unit, 1, &[1, 2, 3]))
                        .collect();
                    batch(number as u64, ELECTION, &reports)
                })
                .collect();
            tokio::spawn(async move {
                let mut results = results;
                let batches = futures::stream::iter(batches);
                let mut answers = results.append_batches(batches).await.unwrap().into_inner();
                let mut count = 0;
                while answers.message().await.unwrap().is_some() {
                    count += 1;
                }
                assert_eq!(count, 100);
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let last = [report(ballot, 0, 2, &[2, 2, 3])];
    assert_eq!(
        service.append(ELECTION, &last).await.unwrap()[0].name(),
        "ACCEPTED"
    );
    for watcher in watchers {
        let (from, events) = watcher.await.unwrap();
        let revisions: Vec<_> = events.iter().map(|event| event.revision.0).collect();
        assert_eq!(revisions, (from..=total).collect::<Vec<_>>());
        if from == 1 {
            assert_eq!(fold(&events).revision(), Revision(total));
        }
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_falls_too_far_behind_is_told_where_to_resume() {
    let place = tempfile::tempdir().unwrap();
    let config = Config {
        watch_lag_max: 1_000,
        recent_records_max: 64,
        ..folder(place.path())
    };
    let service = Service::start(config).await;
    let ballot = service.define(ELECTION, 40_000, 24).await;
    let head = service.log(ELECTION).await.len() as u64;
    let mut slow = service.watch(ELECTION, HEAD, head + 1).await.unwrap();
    assert!(slow.message().await.unwrap().unwrap().records.is_empty());
    for number in 0..40 {
        let units = number * 1_000..(number + 1) * 1_000;
        let reports: Vec<_> = units
            .map(|unit| report(ballot, unit, 1, &[7; 24]))
            .collect();
        service.append(ELECTION, &reports).await.unwrap();
    }
    let mut next = head + 1;
    let status = loop {
        match slow.message().await {
            Ok(Some(answer)) => {
                assert_eq!(answer.first_revision, next);
                next += answer.records.len() as u64;
            }
            Ok(None) => panic!("the stream must not end by itself"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Aborted, "{status}");
    let info = status.get_error_details().error_info().cloned().unwrap();
    assert_eq!(info.metadata["resume_revision"], next.to_string());
    // Nobody else noticed, and the slow one can go on.
    let mut again = service.watch(ELECTION, HEAD, next).await.unwrap();
    assert_eq!(again.message().await.unwrap().unwrap().first_revision, next);
    // A stream that nobody reads would hold up the end for all of the grace period.
    drop((slow, again));
    service.stop().await;
}

#[tokio::test]
async fn a_watch_of_another_log_is_told_to_begin_anew() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    service.define(ELECTION, 2, 2).await;
    let request = proto::WatchEventsRequest {
        election_id: ELECTION.into(),
        view: HEAD,
        from_revision: 1,
        log_id: vec![9; 16].into(),
    };
    let status = service
        .results
        .clone()
        .watch_events(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    let info = status.get_error_details().error_info().cloned().unwrap();
    assert_eq!(info.reason, "RESET");
    let status = service.watch(ELECTION, HEAD, 9).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    service.stop().await;
}

#[tokio::test]
async fn a_silent_log_sends_heartbeats_and_a_stop_ends_the_watch() {
    let place = tempfile::tempdir().unwrap();
    let config = Config {
        heartbeat_interval: Duration::from_millis(30),
        ..folder(place.path())
    };
    let service = Service::start(config).await;
    service.define(ELECTION, 2, 2).await;
    let mut answers = service.watch(ELECTION, HEAD, 3).await.unwrap();
    for _ in 0..3 {
        let answer = answers.message().await.unwrap().unwrap();
        assert!(answer.records.is_empty());
        assert_eq!((answer.first_revision, answer.head_revision), (3, 2));
    }
    service.stopper.stop();
    let ended = loop {
        match answers.message().await {
            Ok(Some(_)) => {}
            ended => break ended,
        }
    };
    assert_eq!(ended.unwrap_err().code(), Code::Unavailable);
    service.stop().await;
}
