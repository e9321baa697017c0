//! Ends of every kind, and what is there afterwards: all that was acknowledged, and nothing twice.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::support::*;
use election::definition::Hash;
use election::ids::{ElectionId, Revision};
use election::report::Outcome;
use event_log::memory::{Fault, Place};
use event_log_journal::snapshot;
use results_service::{Config, OpenError, Role, Storage, SystemEntropy};
use service_runtime::clock::SystemClock;
use service_runtime::shutdown::Stopper;
use tonic::Code;
use tonic_types::StatusExt as _;
use wire::results::v1 as proto;

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let place = tempfile::tempdir().unwrap();
    let acknowledged = std::sync::Arc::new(std::sync::Mutex::new(BTreeMap::new()));
    let ballot = ballot_hash(ELECTION, 3);
    for round in 0..3 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let config = Config {
            snapshot_events: 200,
            snapshot_events_per_unit: 0,
            ..folder(place.path())
        };
        let service = runtime.block_on(Service::start(config));
        if round == 0 {
            runtime.block_on(service.define(ELECTION, 100_000, 3));
        }
        let known = acknowledged.lock().unwrap().clone();
        let events = runtime.block_on(service.log(ELECTION));
        let state = fold(&events);
        for (unit, revision) in &known {
            let unit = state.unit_index(&format!("u{unit}")).unwrap();
            let slot = state.slot(unit, 0, 0).unwrap();
            assert_eq!(
                state.counted(slot).map(|it| it.2),
                Some(Revision(*revision))
            );
        }
        // What was not acknowledged may be there or not; sent again, it is there once.
        let reports: Vec<_> = known
            .keys()
            .take(50)
            .map(|unit| report(ballot, *unit, 1, &[1, 2, 3]))
            .collect();
        if !reports.is_empty() {
            let again = runtime
                .block_on(service.append(ELECTION, &reports))
                .unwrap();
            assert!(again.iter().all(|outcome| outcome.name() == "DUPLICATE"));
        }
        let last = known.keys().last().map_or(0, |last| last + 1_000 * 5);
        let noted = acknowledged.clone();
        let writer = runtime.spawn(async move { write_from(&service, ballot, last, &noted).await });
        while acknowledged.lock().unwrap().len() < (round + 1) * 50 {
            assert!(!writer.is_finished(), "it writes until it is dropped");
            std::thread::sleep(Duration::from_millis(1));
        }
        // Everything is dropped where it stands.
        runtime.shutdown_background();
    }
}

/// Writes until the runtime goes; every acknowledged unit with its revision is noted as soon as it is known.
async fn write_from(
    service: &Service,
    ballot: Hash,
    from: usize,
    acknowledged: &std::sync::Mutex<BTreeMap<usize, u64>>,
) {
    for first in (from..).step_by(5) {
        let units = first..first + 5;
        let reports: Vec<_> = units
            .clone()
            .map(|unit| report(ballot, unit, 1, &[1, 2, 3]))
            .collect();
        let Ok(outcomes) = service.append(ELECTION, &reports).await else {
            return;
        };
        let mut acknowledged = acknowledged.lock().unwrap();
        for (unit, outcome) in units.zip(outcomes) {
            let Outcome::Accepted { revision, .. } = outcome else {
                panic!("{outcome:?}");
            };
            acknowledged.insert(unit, revision.0);
        }
    }
}

fn snapshot_state(folder: &Path) -> (Revision, Vec<u8>) {
    let election = ElectionId::new(ELECTION).unwrap();
    let newest = snapshot::list(folder, &election).unwrap()[0];
    let snapshot = snapshot::open(folder, &election, newest).unwrap();
    let (mut part, mut state) = (snapshot.part(0).unwrap(), Vec::new());
    std::io::Read::read_to_end(&mut part, &mut state).unwrap();
    part.finish().unwrap();
    (snapshot.key().revision, state)
}

#[tokio::test]
async fn the_state_after_a_restart_is_the_fold_of_the_log_to_the_byte() {
    let place = tempfile::tempdir().unwrap();
    let config = || Config {
        snapshot_events: 40,
        snapshot_events_per_unit: 0,
        ..folder(place.path())
    };
    let service = Service::start(config()).await;
    let ballot = service.define(ELECTION, 50, 3).await;
    for version in 1..4 {
        for unit in 0..30 {
            let votes = [
                u64::from(version),
                unit as u64,
                2_000 * u64::from(unit == 7),
            ];
            let reports = [correction(ballot, unit, version, &votes)];
            service.append(ELECTION, &reports).await.unwrap();
        }
    }
    let expected = service.state(ELECTION).await;
    service.stop().await;
    assert_eq!(
        snapshot_state(place.path()),
        (expected.revision(), expected.to_snapshot())
    );
    // From the snapshot.
    let service = Service::start(config()).await;
    assert_eq!(
        service
            .append(ELECTION, &[report(ballot, 40, 1, &[1, 1, 1])])
            .await
            .unwrap()[0]
            .name(),
        "ACCEPTED"
    );
    let expected = service.state(ELECTION).await;
    service.stop().await;
    assert_eq!(
        snapshot_state(place.path()),
        (expected.revision(), expected.to_snapshot())
    );
    // From the older one, when the newest is damaged.
    let path = place
        .path()
        .join(format!("{ELECTION}@{:020}.snapshot", expected.revision().0));
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let service = Service::start(config()).await;
    assert_eq!(service.state(ELECTION).await, expected);
    let outcome = service
        .append(ELECTION, &[report(ballot, 40, 1, &[1, 1, 1])])
        .await
        .unwrap();
    assert_eq!(outcome[0].name(), "DUPLICATE");
    service.stop().await;
}

#[tokio::test]
async fn a_failed_sync_acknowledges_nothing_and_sending_again_settles_it() {
    for (fault, after) in [
        (Fault::FailLost, "ACCEPTED"),
        (Fault::FailKept, "DUPLICATE"),
    ] {
        let place = Place::default();
        let service = Service::start(Config::new(Storage::Memory(place.clone()))).await;
        let ballot = service.define(ELECTION, 5, 2).await;
        let mut answers = service.watch(ELECTION, HEAD, 3).await.unwrap();
        answers.message().await.unwrap();
        place.fail_next(fault);
        let reports = [report(ballot, 0, 1, &[1, 2])];
        let status = service.append(ELECTION, &reports).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        // Watchers are sent away, and have not seen it.
        assert_eq!(
            answers.message().await.unwrap_err().code(),
            Code::Unavailable
        );
        let again = patiently(async || service.append(ELECTION, &reports).await)
            .await
            .unwrap();
        assert_eq!(again[0].name(), after, "{fault:?}");
        assert_eq!(service.log(ELECTION).await.len(), 3);
        service.stop().await;
    }
}

#[tokio::test]
async fn a_full_disk_sheds_for_a_while_and_goes_on_when_there_is_room() {
    let place = Place::default();
    let service = Service::start(Config::new(Storage::Memory(place.clone()))).await;
    let ballot = service.define(ELECTION, 5, 2).await;
    service
        .append(ELECTION, &[report(ballot, 0, 1, &[1, 2])])
        .await
        .unwrap();
    place.fail_next(Fault::NoSpace);
    let reports = [report(ballot, 0, 1, &[1, 2]), report(ballot, 1, 1, &[1, 2])];
    for _ in 0..2 {
        let status = service.append(ELECTION, &reports).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "NO_SPACE");
    }
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    let outcomes = service.append(ELECTION, &reports).await.unwrap();
    let names: Vec<_> = outcomes.iter().map(Outcome::name).collect();
    assert_eq!(names, ["DUPLICATE", "ACCEPTED"]);
    assert_eq!(service.log(ELECTION).await.len(), 4);
    service.stop().await;
}

#[tokio::test]
async fn a_full_disk_is_tried_again_after_1_2_4_and_8_seconds() {
    let place = Place::default();
    let service = Service::start(Config::new(Storage::Memory(place.clone()))).await;
    let ballot = service.define(ELECTION, 5, 2).await;
    let reports = [report(ballot, 0, 1, &[1, 2])];
    let is_refused = async || {
        let status = service.append(ELECTION, &reports).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    };
    tokio::time::pause();
    let moment = Duration::from_millis(10);
    let full_for = async |pauses: &[u64]| {
        for seconds in pauses {
            place.fail_next(Fault::NoSpace);
            is_refused().await;
            assert!(!place.has_fault(), "the disk was not tried: {seconds} s");
            // Until the pause is over the log is not asked: the fault stays for the next append that is.
            place.fail_next(Fault::NoSpace);
            tokio::time::advance(Duration::from_secs(*seconds) - moment).await;
            is_refused().await;
            assert!(place.has_fault(), "the disk was tried before {seconds} s");
            tokio::time::advance(moment * 2).await;
        }
        is_refused().await;
        assert!(!place.has_fault());
    };
    full_for(&[1, 2, 4, 8, 8]).await;
    tokio::time::advance(Duration::from_secs(8) + moment).await;
    service.append(ELECTION, &reports).await.unwrap();
    // Room was found: the next full disk is tried again as soon as the first was.
    let reports = [report(ballot, 1, 1, &[1, 2])];
    for seconds in [1, 2] {
        place.fail_next(Fault::NoSpace);
        let refused = service.append(ELECTION, &reports).await;
        assert!(refused.is_err() && !place.has_fault());
        tokio::time::advance(Duration::from_secs(seconds) + moment).await;
    }
    service.append(ELECTION, &reports).await.unwrap();
    tokio::time::resume();
    service.stop().await;
}

#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let stopper = Stopper::new("second");
    let second = Role::open(
        folder(place.path()),
        std::sync::Arc::new(SystemClock),
        std::sync::Arc::new(SystemEntropy),
        &stopper,
    );
    let error = second.await.err().unwrap();
    assert!(matches!(error, OpenError::Journal(_)), "{error}");
    assert!(error.to_string().contains("in use"), "{error}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_store_is_built_again_from_the_log() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 20, 2).await;
    for unit in 0..20 {
        service
            .append(ELECTION, &[report(ballot, unit, 1, &[1, unit as u64])])
            .await
            .unwrap();
    }
    let before = service.unit("u7", 0).await.unwrap();
    service.stop().await;
    std::fs::remove_dir_all(place.path().join("store")).unwrap();
    let service = Service::start(folder(place.path())).await;
    assert_eq!(service.unit("u7", 0).await.unwrap(), before);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_beyond_the_overlay_is_caught_up_from_the_log() {
    let place = tempfile::tempdir().unwrap();
    let config = Config {
        store_lag_max: 100,
        recent_records_max: 128,
        ..folder(place.path())
    };
    let service = Service::start(config).await;
    let ballot = service.define(ELECTION, 20_000, 2).await;
    let batches = (0..20).map(|number| {
        let units = number * 1_000..(number + 1) * 1_000;
        let reports: Vec<_> = units.map(|unit| report(ballot, unit, 1, &[3, 4])).collect();
        batch(number as u64, ELECTION, &reports)
    });
    service.append_all(batches.collect()).await.unwrap();
    let unit = service.unit("u19999", 0).await.unwrap();
    assert_eq!(unit.tallies[0].counts.as_ref().unwrap().votes, [3, 4]);
    let request = proto::ListPendingRequest {
        election_id: ELECTION.into(),
        ..Default::default()
    };
    let pending = patiently(async || service.results.clone().list_pending(request.clone()).await);
    assert_eq!(pending.await.unwrap().into_inner().pending_count, 0);
    service.stop().await;
}

#[tokio::test]
async fn a_log_that_knows_a_new_group_already_acknowledges_nothing() {
    // Two writers whose randomness is the same: what the log holds under that name is not what was decided now.
    let place = Place::default();
    let seeded = || Config::new(Storage::Memory(place.clone()));
    let service = Service::start_seeded(seeded(), 3).await;
    let ballot = service.define(ELECTION, 5, 2).await;
    service
        .append(ELECTION, &[report(ballot, 0, 1, &[1, 2])])
        .await
        .unwrap();
    service.stop().await;
    let service = Service::start_seeded(seeded(), 3).await;
    let (mut codes, mut acknowledged) = (Vec::new(), Vec::new());
    for unit in 1..5 {
        let reports = [report(ballot, unit, 1, &[1, 2])];
        match patiently(async || service.append(ELECTION, &reports).await).await {
            Ok(_) => acknowledged.push(unit),
            Err(status) => codes.push(status.code()),
        }
    }
    assert!(codes.contains(&Code::Internal), "{codes:?}");
    let state = service.state(ELECTION).await;
    for unit in acknowledged {
        let unit = state.unit_index(&format!("u{unit}")).unwrap();
        let slot = state.slot(unit, 0, 0).unwrap();
        assert!(state.counted(slot).is_some());
    }
    service.stop().await;
}

/// The event that begins its log is a group of its own, longer than a group of several may be.
#[tokio::test]
async fn ten_thousand_lists_are_there_after_a_restart() {
    use wire::results::v1::define_election_request::Part;
    const LISTS: usize = 10_000;
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let mut messages = definition(ELECTION, 2, LISTS);
    let Some(Part::Head(head)) = &mut messages[0].part else {
        panic!("a definition begins with its head");
    };
    for list in 0..LISTS {
        let name =
            format!("[presentation.options.o{list}.name]\nen = \"The list number {list}\"\n");
        head.definition_toml += &name;
    }
    assert!(head.definition_toml.len() > event_log::GROUP_BYTES_MAX);
    let ballot = service.define_with(messages).await;
    let mut votes = [0; LISTS];
    votes[LISTS - 1] = 7;
    let reports = [report(ballot, 0, 1, &votes)];
    let outcomes = service.append(ELECTION, &reports).await.unwrap();
    assert_eq!(outcomes[0].name(), "ACCEPTED");
    let expected = service.state(ELECTION).await;
    service.stop().await;
    let service = Service::start(folder(place.path())).await;
    let state = service.state(ELECTION).await;
    assert_eq!(state.tally().contests[0][0].votes, votes);
    assert_eq!(state, expected);
    service.stop().await;
}
