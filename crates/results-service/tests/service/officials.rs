//! How officials' commands come in.

use crate::support::*;
use event_log::memory::Place;
use futures::{StreamExt as _, stream};
use results_service::{Config, Storage};
use tonic::{Code, Request};
use wire::results::v1 as proto;

#[tokio::test]
async fn the_log_names_the_official_of_the_metadata() {
    let service = Service::start(Config::new(Storage::Memory(Place::default()))).await;
    service.define(ELECTION, 5, 2).await;
    let mut request = Request::new(proto::SetMarkRequest {
        election_id: ELECTION.into(),
        mark: wire::common::v1::Mark::Recount.into(),
        is_set: true,
        reason: "asked for".into(),
    });
    let metadata = request.metadata_mut();
    metadata.insert("x-hemicycle-principal", "A. Official".parse().unwrap());
    service.admin.clone().set_mark(request).await.unwrap();
    let log = service.log(ELECTION).await;
    assert_eq!(log.last().unwrap().principal, "A. Official");
    service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_does_not_come_does_not_keep_others_waiting() {
    let service = Service::start(Config::new(Storage::Memory(Place::default()))).await;
    let mut stalled = definition(ELECTION, 5, 2);
    stalled.truncate(1);
    let stalled = stream::iter(stalled).chain(stream::pending());
    let mut admin = service.admin.clone();
    let status = admin.define_election(stalled).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    service.define(ELECTION, 5, 2).await;
    service.stop().await;
}
