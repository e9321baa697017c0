//! What goes wrong with one election stays with it: it is read-only, and the others go on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::*;
use bytes::Bytes;
use election::ids::{ElectionId, LogId, Revision};
use election::report::Outcome;
use event_log::memory::{Fault, Place};
use event_log::{EventLog, Group, GroupId, Record};
use event_log_journal::{Journal, Options};
use futures::stream;
use results_service::{Config, Entropy, Storage, SystemEntropy};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::results::v1 as proto;

fn id(name: &str) -> ElectionId {
    ElectionId::new(name).unwrap()
}

fn unknown_record() -> Record {
    Record {
        public: Bytes::from_static(b"a record of a kind that nobody knows"),
        annex: Bytes::new(),
    }
}

fn group(log_id: LogId, first_revision: Revision, records: Vec<Record>) -> Group {
    Group {
        election: id(ELECTION),
        log_id,
        group_id: GroupId([7; 16]),
        first_revision,
        records,
    }
}

/// Reports are refused for good, not until the next try.
fn assert_read_only(answer: Result<Vec<Outcome>, Status>, revision: &str) {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    let details = status.get_error_details();
    assert_eq!(
        details.error_info().unwrap().metadata["revision"],
        revision,
        "{status}"
    );
}

#[tokio::test]
async fn a_log_that_does_not_fold_is_read_only_and_others_go_on() {
    let place = Place::default();
    let service = Service::start(Config::new(Storage::Memory(place.clone()))).await;
    let ballot = service.define(ELECTION, 5, 2).await;
    let other = service.define("small-other", 5, 2).await;
    let reports = [report(ballot, 0, 1, &[1, 2])];
    service.append(ELECTION, &reports).await.unwrap();
    let before = service.log(ELECTION).await;
    service.stop().await;
    let log = place.open();
    let head = log.heads().remove(0);
    let unknown = group(head.log_id, head.revision.next(), vec![unknown_record()]);
    log.append(unknown).await.unwrap();
    drop(log);

    let service = Service::start(Config::new(Storage::Memory(place))).await;
    let reports = [report(ballot, 1, 1, &[1, 2])];
    let damaged = head.revision.next().to_string();
    assert_read_only(service.append(ELECTION, &reports).await, &damaged);
    // What lies before it is read as ever, totals and units.
    assert_eq!(service.log(ELECTION).await, before);
    let unit = service.unit("u0", 0).await.unwrap();
    assert_eq!(unit.tallies[0].counts.as_ref().unwrap().votes, [1, 2]);
    let reports = [report(other, 1, 1, &[1, 2])];
    let outcomes = service.append("small-other", &reports).await.unwrap();
    assert_eq!(outcomes[0].name(), "ACCEPTED");
    service.stop().await;
}

/// Breaks the sequencer that asks next.
#[derive(Debug, Default)]
struct Breaking(AtomicBool);

impl Entropy for Breaking {
    fn fill(&self, bytes: &mut [u8]) {
        assert!(!self.0.swap(false, Ordering::AcqRel), "broken on purpose");
        SystemEntropy.fill(bytes);
    }
}

#[tokio::test]
async fn a_panic_closes_its_election_alone() {
    let place = Place::default();
    let config = Config::new(Storage::Memory(place.clone()));
    let entropy = Arc::new(Breaking::default());
    let service = Service::start_with(config, entropy.clone()).await;
    let ballot = service.define(ELECTION, 5, 2).await;
    let other = service.define("small-other", 5, 2).await;
    let mut watching = service.watch("small-other", HEAD, 1).await.unwrap();
    let head = watching.message().await.unwrap().unwrap().head_revision;

    entropy.0.store(true, Ordering::Release);
    let reports = [report(ballot, 0, 1, &[1, 2])];
    let status = service.append(ELECTION, &reports).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let again = patiently(async || service.append(ELECTION, &reports).await).await;
    assert_read_only(again, "3");
    let mark = proto::SetMarkRequest {
        election_id: ELECTION.into(),
        mark: wire::common::v1::Mark::Recount.into(),
        is_set: true,
        reason: "asked for".into(),
    };
    let status = service.admin.clone().set_mark(mark).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    assert_eq!(service.log(ELECTION).await.len(), 2);

    // On a stream that both share, the batch is answered and the stream goes on.
    let shared = [
        batch(1, ELECTION, &reports),
        batch(2, "small-other", &[report(other, 2, 1, &[1, 2])]),
    ];
    let mut answers = (service
        .results
        .clone()
        .append_batches(stream::iter(shared))
        .await)
        .unwrap()
        .into_inner();
    let failed = answers.message().await.unwrap().unwrap();
    let reason = failed.failure.unwrap().reason();
    assert_eq!(reason, proto::BatchFailureReason::ReadOnly);
    let taken = answers.message().await.unwrap().unwrap();
    assert_eq!((taken.batch_id, taken.outcome_count), (2, 1));
    assert!(taken.failure.is_none());
    let head = head + 1;
    watching.message().await.unwrap().unwrap();

    // The other one was never closed: its watcher is still there and sees what comes.
    let reports = [report(other, 0, 1, &[1, 2])];
    let outcomes = service.append("small-other", &reports).await.unwrap();
    assert_eq!(outcomes[0].name(), "ACCEPTED");
    let answer = watching.message().await.unwrap().unwrap();
    assert_eq!(answer.head_revision, head + 1);

    // A failed sync opens all of them anew.
    place.fail_next(Fault::FailLost);
    let reports = [report(other, 1, 1, &[1, 2])];
    let status = service.append("small-other", &reports).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let reports = [report(ballot, 0, 1, &[1, 2])];
    let outcomes = patiently(async || service.append(ELECTION, &reports).await).await;
    assert_eq!(outcomes.unwrap()[0].name(), "ACCEPTED");
    service.stop().await;
}

fn journal(path: &Path) -> Journal {
    let options = Options {
        segment_bytes: 16 << 20,
        ..Options::default()
    };
    Journal::open(path, options).unwrap()
}

/// Copies all groups of a journal, with the records of the small election as `change` leaves them.
async fn copy(from: &Path, to: &Path, change: impl Fn(&mut Vec<Record>)) {
    let (from, to) = (journal(from), journal(to));
    for head in from.heads() {
        let stored = from.read(&head.election, Revision(1), 1_000, 1 << 20).await;
        let records = stored.unwrap().into_iter().map(|stored| stored.record);
        let mut records: Vec<_> = records.collect();
        if head.election == id(ELECTION) {
            change(&mut records);
        }
        let copied = Group {
            election: head.election.clone(),
            ..group(head.log_id, Revision(1), records)
        };
        to.append(copied).await.unwrap();
    }
    from.close().await;
    to.close().await;
}

/// A folder with two elections, and one like it whose small election has other records but the same snapshot.
async fn changed(change: impl Fn(&mut Vec<Record>)) -> tempfile::TempDir {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let service = Service::start(folder(first.path())).await;
    for election in [ELECTION, "small-other"] {
        let ballot = service.define(election, 5, 2).await;
        for unit in 0..4 {
            let reports = [report(ballot, unit, 1, &[1, 2])];
            service.append(election, &reports).await.unwrap();
        }
    }
    service.stop().await;
    copy(first.path(), second.path(), change).await;
    for entry in std::fs::read_dir(first.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "snapshot") {
            std::fs::copy(&path, second.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    second
}

async fn unit_of(service: &Service, election: &str) -> Result<proto::UnitState, Status> {
    let request = proto::GetUnitRequest {
        election_id: election.into(),
        view: HEAD,
        revision: 0,
        unit_id: "u0".into(),
    };
    let asked = patiently(async || service.results.clone().get_unit(request.clone()).await);
    Ok(asked.await?.into_inner().unit.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_the_store_cannot_read_leaves_the_units_of_others_alone() {
    // The snapshot hides the record from the fold; the store, which begins anew, meets it.
    let place = changed(|records| records[3] = unknown_record()).await;
    let service = Service::start(folder(place.path())).await;
    let status = unit_of(&service, ELECTION).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal, "{status}");
    unit_of(&service, "small-other").await.unwrap();
    service.stop().await;
}

#[test]
fn a_snapshot_beyond_the_head_raises_an_alarm_and_the_role_starts() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let place = changed(|records| records.truncate(4)).await;
            assert!(!metrics.render().contains("snapshots_beyond_head"));
            let service = Service::start(folder(place.path())).await;
            assert_eq!(service.log(ELECTION).await.len(), 4);
            assert_eq!(service.log("small-other").await.len(), 6);
            service.stop().await;
        });
    });
    let rendered = metrics.render();
    assert!(
        rendered.contains("results_snapshots_beyond_head_total 1"),
        "{rendered}"
    );
}
