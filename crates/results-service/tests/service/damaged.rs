//! Logs that are damaged, and one that only looks so for a moment.

use crate::support::*;
use election::ids::{ElectionId, Revision};
use event_log::memory::Place;
use results_service::{Config, Storage};
use tonic::Code;
use tonic_types::StatusExt as _;
use wire::common::v1::PublicationClass as Class;
use wire::results::v1 as proto;

#[tokio::test]
async fn a_damaged_log_is_read_only_and_others_go_on() {
    let place = Place::default();
    let service = Service::start(Config::new(Storage::Memory(place.clone()))).await;
    let ballot = service.define(ELECTION, 5, 2).await;
    let other = service.define("other", 5, 2).await;
    for unit in 0..3 {
        service
            .append(ELECTION, &[report(ballot, unit, 1, &[1, 2])])
            .await
            .unwrap();
    }
    service.stop().await;
    place.damage(&ElectionId::new(ELECTION).unwrap(), Revision(4));
    let service = Service::start(Config::new(Storage::Memory(place))).await;
    let status = service
        .append(ELECTION, &[report(ballot, 4, 1, &[1, 2])])
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    assert_eq!(
        status.get_error_details().error_info().unwrap().metadata["revision"],
        "4"
    );
    assert_eq!(service.log(ELECTION).await.len(), 3);
    assert_eq!(
        service
            .append("other", &[report(other, 4, 1, &[1, 2])])
            .await
            .unwrap()[0]
            .name(),
        "ACCEPTED"
    );
    service.stop().await;
}

/// A watch by somebody who has read from this log before, or not; an error is a code and the revision that it names.
async fn watched(
    service: &Service,
    view: i32,
    from_revision: u64,
    log_id: &[u8],
) -> Result<proto::WatchEventsResponse, (Code, Option<String>)> {
    let request = proto::WatchEventsRequest {
        election_id: ELECTION.into(),
        view,
        from_revision,
        log_id: log_id.to_vec().into(),
    };
    let told = |status: tonic::Status| {
        let names_a_place = status.message().contains("revision");
        assert!(status.code() != Code::DataLoss || names_a_place == (view == HEAD));
        let info = status.get_error_details().error_info().cloned();
        let revision = info.and_then(|info| info.metadata.get("revision").cloned());
        (status.code(), revision)
    };
    let answers = service.results.clone().watch_events(request).await;
    let mut answers = answers.map_err(told)?.into_inner();
    Ok(answers.message().await.map_err(told)?.unwrap())
}

async fn tally(service: &Service, view: i32, revision: u64) -> Result<(), tonic::Status> {
    let request = proto::GetTallyRequest {
        election_id: ELECTION.into(),
        view,
        revision,
        ..Default::default()
    };
    service.results.clone().get_tally(request).await.map(drop)
}

#[tokio::test]
async fn what_lies_behind_damage_is_lost_and_not_out_of_range() {
    let place = Place::default();
    let config = || Config::new(Storage::Memory(place.clone()));
    let service = Service::start(config()).await;
    let ballot = service.define(ELECTION, 5, 2).await;
    let opening = service.log(ELECTION).await.len() as u64 + 1;
    for class in [Class::Definition, Class::Turnout, Class::Results] {
        service.open_class(class, None).await;
    }
    let reports = [0, 1, 2].map(|unit| report(ballot, unit, 1, &[1, 2]));
    service.append(ELECTION, &reports).await.unwrap();
    let head = service.log(ELECTION).await.len() as u64;
    let sound = watched(&service, PUBLIC, 1, &[]).await.unwrap();
    assert!(!sound.is_damaged);
    let log_id = sound.log_id;
    for view in [HEAD, PUBLIC] {
        let beyond = watched(&service, view, head + 2, &log_id).await;
        assert_eq!(beyond.unwrap_err().0, Code::OutOfRange);
    }
    service.stop().await;

    let lost = |revision: Option<u64>| (Code::DataLoss, revision.map(|it| it.to_string()));
    let unknown = (Code::NotFound, None);
    // What is before it can be read, by whoever might, and is told to be damaged.
    place.damage(&ElectionId::new(ELECTION).unwrap(), Revision(head - 1));
    let service = Service::start(config()).await;
    for (view, told) in [(HEAD, lost(Some(head - 1))), (PUBLIC, lost(None))] {
        for from in [1, head - 1] {
            let answer = watched(&service, view, from, &log_id).await.unwrap();
            assert!(answer.is_damaged && answer.head_revision == head - 2);
        }
        for from in [head, head + 1] {
            assert_eq!(
                watched(&service, view, from, &log_id).await,
                Err(told.clone())
            );
        }
        assert_eq!(
            tally(&service, view, head - 2)
                .await
                .map_err(|it| it.code()),
            Ok(())
        );
        let beyond = tally(&service, view, head).await.unwrap_err();
        assert_eq!(beyond.code(), Code::DataLoss);
        let other = watched(&service, view, head, &[9; 16]).await.unwrap_err();
        assert_eq!(other.0, Code::FailedPrecondition);
    }
    service.stop().await;
    // The opening lies behind the damage, then the definition: for the public there is no such election, but whoever
    // names its log has seen it.
    for damaged in [opening, 1] {
        place.damage(&ElectionId::new(ELECTION).unwrap(), Revision(damaged));
        let service = Service::start(config()).await;
        assert_eq!(
            watched(&service, HEAD, head, &log_id).await,
            Err(lost(Some(damaged)))
        );
        assert_eq!(
            watched(&service, PUBLIC, head, &log_id).await,
            Err(lost(None))
        );
        for stranger in [&[][..], &[9; 16]] {
            assert_eq!(
                watched(&service, PUBLIC, 1, stranger).await,
                Err(unknown.clone())
            );
        }
        service.stop().await;
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_read_for_a_moment_is_not_damaged() {
    let place = Place::default();
    let service = Service::start(Config::new(Storage::Memory(place.clone()))).await;
    let ballot = service.define(ELECTION, 5, 2).await;
    let reports = [report(ballot, 0, 1, &[1, 2])];
    service.append(ELECTION, &reports).await.unwrap();
    let events = service.log(ELECTION).await;
    service.stop().await;
    place.fail_reads(2);
    let service = Service::start(Config::new(Storage::Memory(place))).await;
    assert_eq!(service.log(ELECTION).await, events);
    let more = [report(ballot, 1, 1, &[1, 2])];
    let outcomes = service.append(ELECTION, &more).await.unwrap();
    assert_eq!(outcomes[0].name(), "ACCEPTED");
    service.stop().await;
}
