//! The public view: nothing of what is not open can be told from what is not there.

use std::time::Duration;

use crate::support::*;
use results_service::Config;
use tonic::{Code, Status};
use wire::common::v1 as common;
use wire::common::v1::{PublicationClass as Class, View};
use wire::results::v1 as proto;
use wire::results::v1::unit_history_entry::Change;

const HOUR: i64 = 3_600_000_000;

/// What a public caller is told of an election, in codes and words.
async fn told(service: &Service, id: &str, revision: u64) -> Vec<(Code, String)> {
    let mut results = service.results.clone();
    let election_id = || id.to_owned();
    let code = |status: Option<Status>| match status {
        Some(status) => (status.code(), status.message().replace(id, "ID")),
        None => (Code::Ok, String::new()),
    };
    let definition = proto::GetDefinitionRequest {
        election_id: election_id(),
        view: PUBLIC,
        revision,
    };
    let tally = proto::GetTallyRequest {
        election_id: election_id(),
        view: PUBLIC,
        revision,
        ..Default::default()
    };
    let units = proto::ListUnitsRequest {
        election_id: election_id(),
        revision,
        ..Default::default()
    };
    let unit = proto::GetUnitRequest {
        election_id: election_id(),
        view: PUBLIC,
        revision,
        unit_id: "u0".into(),
    };
    let history = proto::GetUnitHistoryRequest {
        election_id: election_id(),
        view: PUBLIC,
        revision,
        unit_id: "u0".into(),
        ..Default::default()
    };
    let watch = service.watch(id, PUBLIC, revision.max(1)).await;
    vec![
        code(results.get_definition(definition).await.err()),
        code(results.get_tally(tally).await.err()),
        code(results.list_units(units).await.err()),
        code(results.get_unit(unit).await.err()),
        code(results.get_unit_history(history).await.err()),
        code(watch.err()),
    ]
}

async fn listed(service: &Service) -> Vec<proto::ElectionSummary> {
    let request = proto::ListElectionsRequest::default();
    let response = service.results.clone().list_elections(request).await;
    response.unwrap().into_inner().elections
}

#[tokio::test]
async fn an_election_that_is_not_open_is_not_there() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 3, 2).await;
    service
        .append(ELECTION, &[report(ballot, 0, 1, &[1, 2])])
        .await
        .unwrap();
    service
        .open_class(Class::Definition, Some(NOW + HOUR))
        .await;
    for revision in [0, 1, 3, 99] {
        let hidden = told(&service, ELECTION, revision).await;
        assert_eq!(hidden, told(&service, "no-such-election", revision).await);
        assert!(hidden.iter().all(|(code, _)| *code == Code::NotFound));
    }
    assert!(listed(&service).await.is_empty());
    service.clock.advance(Duration::from_secs(3_600));
    assert_eq!(listed(&service).await.len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn embargoed_results_show_neither_numbers_nor_how_many() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 3, 2).await;
    service.open_class(Class::Definition, None).await;
    service
        .append(ELECTION, &[report(ballot, 0, 1, &[1, 2])])
        .await
        .unwrap();
    patiently(async || service.unit("u0", 0).await)
        .await
        .unwrap();
    let summary = listed(&service).await.remove(0);
    assert_eq!(summary.token.unwrap().revision, 3);
    let request = proto::GetTallyRequest {
        election_id: ELECTION.into(),
        ..Default::default()
    };
    let tally = service
        .results
        .clone()
        .get_tally(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(tally.tallies[0].votes, [0, 0]);
    assert_eq!(tally.last_counted_time, None);
    // A revision that is embargoed and one that does not exist.
    let embargoed = told(&service, ELECTION, 4).await;
    assert!(
        embargoed
            .iter()
            .take(5)
            .all(|(code, _)| *code == Code::OutOfRange),
        "{embargoed:?}"
    );
    let words = |told: Vec<(Code, String)>, revision: &str| {
        told.into_iter()
            .take(5)
            .map(|(_, text)| text.replace(revision, "N"))
            .collect::<Vec<_>>()
    };
    let absent = told(&service, ELECTION, 999).await;
    assert_eq!(words(embargoed, "4"), words(absent, "999"));
    let history = proto::GetUnitHistoryRequest {
        election_id: ELECTION.into(),
        unit_id: "u0".into(),
        ..Default::default()
    };
    let history = service
        .results
        .clone()
        .get_unit_history(history)
        .await
        .unwrap();
    assert!(history.into_inner().entries.is_empty());
    service.stop().await;
}

#[tokio::test]
async fn a_public_watch_waits_for_the_instant_and_never_sees_what_is_private() {
    let place = tempfile::tempdir().unwrap();
    let config = Config {
        heartbeat_interval: Duration::from_millis(50),
        ..folder(place.path())
    };
    let service = Service::start(config).await;
    let ballot = service.define(ELECTION, 3, 2).await;
    service.open_class(Class::Definition, None).await;
    service.open_class(Class::Results, Some(NOW + HOUR)).await;
    let reports = [
        report(ballot, 0, 1, &[1, 2]),
        // Held: its counts are private.
        report(ballot, 1, 1, &[900, 900]),
    ];
    service.append(ELECTION, &reports).await.unwrap();
    let mut answers = service.watch(ELECTION, PUBLIC, 1).await.unwrap();
    let mut next = 1;
    for _ in 0..5 {
        let answer = answers.message().await.unwrap().unwrap();
        next += answer.records.len() as u64;
        assert!(next <= 5, "nothing of the results before their instant");
        assert_eq!(answer.head_revision, 4);
    }
    service.clock.advance(Duration::from_secs(3_600));
    let mut events = Vec::new();
    while next <= 6 {
        let answer = answers.message().await.unwrap().unwrap();
        assert!(
            answer
                .records
                .iter()
                .all(|record| record.annex_bytes.is_empty())
        );
        next += answer.records.len() as u64;
        events.extend(recorded(&answer));
    }
    assert!(events.iter().all(|event| event.principal.is_empty()));
    let held = events.iter().find_map(|event| match &event.event {
        election::event::Event::ReportHeld {
            counts, reasons, ..
        } => Some((counts.is_none(), reasons.len())),
        _ => None,
    });
    assert_eq!(
        held,
        Some((true, 0)),
        "neither votes nor numbers of reasons"
    );
    for (view, is_whole) in [(View::Public, false), (View::Head, true)] {
        let request = proto::GetUnitHistoryRequest {
            election_id: ELECTION.into(),
            unit_id: "u1".into(),
            view: view.into(),
            ..Default::default()
        };
        // The store of units is a moment behind the log.
        let history = patiently(async || {
            let mut results = service.results.clone();
            results.get_unit_history(request.clone()).await
        });
        let entries = history.await.unwrap().into_inner().entries;
        let Some(Change::Held(held)) = &entries[0].change else {
            panic!("{entries:?}");
        };
        let code = common::HoldReasonCode::BallotsOverRoll;
        let reason = held.reasons.iter().find(|it| it.code() == code).unwrap();
        assert_eq!(reason.detail.is_some(), is_whole, "{reason:?}");
        assert_eq!(
            reason.text.contains(|c: char| c.is_ascii_digit()),
            is_whole,
            "{reason:?}"
        );
        assert_eq!(held.counts.is_some(), is_whole);
    }
    service.stop().await;
}

#[tokio::test]
async fn a_pause_and_a_hold_are_told_at_once_and_show_no_more() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 5, 2).await;
    service.open_class(Class::Definition, None).await;
    service.open_class(Class::Results, None).await;
    service
        .append(ELECTION, &[report(ballot, 0, 1, &[1, 2])])
        .await
        .unwrap();
    let mut answers = service.watch(ELECTION, PUBLIC, 6).await.unwrap();
    answers.message().await.unwrap().unwrap();
    let mode = |mode| {
        let request = proto::MovePublicationRequest {
            election_id: ELECTION.into(),
            mode: Some(common::PublicationMode { mode: Some(mode) }),
            reason: "doubtful protocols".into(),
        };
        let mut admin = service.admin.clone();
        async move { admin.move_publication(request).await.unwrap() }
    };
    use common::publication_mode::{FollowHead, Mode, Paused};
    mode(Mode::Paused(Paused {})).await;
    service
        .append(ELECTION, &[report(ballot, 1, 1, &[3, 4])])
        .await
        .unwrap();
    let mut seen = 5;
    let paused = loop {
        let answer = answers.message().await.unwrap().unwrap();
        seen += answer.records.len() as u64;
        let publication = answer.publication.unwrap();
        if publication.reason == "doubtful protocols" {
            break publication;
        }
    };
    assert_eq!(paused.publication_seq, 3);
    let tally = |revision| {
        let request = proto::GetTallyRequest {
            election_id: ELECTION.into(),
            revision,
            ..Default::default()
        };
        let mut results = service.results.clone();
        async move {
            results
                .get_tally(request)
                .await
                .map(tonic::Response::into_inner)
        }
    };
    assert_eq!(tally(0).await.unwrap().tallies[0].votes, [1, 2]);
    assert_eq!(tally(7).await.unwrap_err().code(), Code::OutOfRange);
    mode(Mode::FollowHead(FollowHead {})).await;
    assert_eq!(tally(0).await.unwrap().tallies[0].votes, [4, 6]);
    while seen < 8 {
        seen += answers.message().await.unwrap().unwrap().records.len() as u64;
    }
    assert_eq!(seen, 8);
    service.stop().await;
}
