//! Listeners for roles, and how serving ends.

use super::*;
use service_runtime::channel::connect;
use service_runtime::config::Layers;
use std::net::Ipv4Addr;
use tonic::Code;
use wire::allocation::v1::GetStandingsRequest;
use wire::allocation::v1::allocation_service_client::AllocationServiceClient;
use wire::feed::v1::live_feed_service_client::LiveFeedServiceClient;
use wire::feed::v1::{ElectionScope, GetFrameRequest, Scope, scope};
use wire::ingestion::v1::tally_ingestion_service_client::TallyIngestionServiceClient;
use wire::results::v1::admin_service_client::AdminServiceClient;
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{ListElectionsRequest, MovePublicationRequest};

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn config(folder: &tempfile::TempDir) -> Config {
    let mut config = Config::default();
    config.listen.grpc = any_port();
    config.data.folder = folder.path().join("data");
    config
}

fn channel(served: &Served, role: RoleName) -> Channel {
    let mut listened = served.grpc.iter();
    let (address, _) = listened.find(|(_, roles)| roles.contains(&role)).unwrap();
    connect(&format!("http://{address}")).unwrap()
}

fn frame_request() -> GetFrameRequest {
    let election_id = "nowhere-2026".to_owned();
    let scope = Some(scope::Scope::Election(ElectionScope { election_id }));
    GetFrameRequest {
        scope: Some(Scope { scope }),
    }
}

#[tokio::test]
async fn a_listener_of_the_public_feed_knows_no_other_service() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder);
    config.listen.live_feed = Some(any_port());
    let served = Served::start(&config, Surroundings::default())
        .await
        .unwrap();
    let roles: Vec<_> = served.grpc.iter().map(|(_, roles)| roles.clone()).collect();
    assert_eq!(
        roles,
        [RoleName::ALL[..3].to_vec(), vec![RoleName::LiveFeed]]
    );

    let public = channel(&served, RoleName::LiveFeed);
    let mut feed = LiveFeedServiceClient::new(public.clone());
    let frame = feed.get_frame(frame_request()).await;
    assert_eq!(frame.unwrap_err().code(), Code::NotFound, "it is served");
    let mut admin = AdminServiceClient::new(public.clone());
    let mut results = ResultsServiceClient::new(public.clone());
    let mut allocation = AllocationServiceClient::new(public.clone());
    let mut ingestion = TallyIngestionServiceClient::new(public);
    let refused = [
        admin
            .move_publication(MovePublicationRequest::default())
            .await
            .err(),
        results
            .list_elections(ListElectionsRequest::default())
            .await
            .err(),
        allocation
            .get_standings(GetStandingsRequest::default())
            .await
            .err(),
        ingestion.submit_reports(tokio_stream::empty()).await.err(),
    ];
    for status in refused {
        assert_eq!(status.map(|it| it.code()), Some(Code::Unimplemented));
    }

    let inner = channel(&served, RoleName::Results);
    let mut results = ResultsServiceClient::new(inner.clone());
    assert!(
        results
            .list_elections(ListElectionsRequest::default())
            .await
            .is_ok()
    );
    let frame = LiveFeedServiceClient::new(inner)
        .get_frame(frame_request())
        .await;
    assert_eq!(frame.unwrap_err().code(), Code::Unimplemented);
    served.stop().await;
}

#[tokio::test]
async fn roles_share_an_address_unless_it_is_any_free_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder);
    let served = Served::start(&config, Surroundings::default())
        .await
        .unwrap();
    assert_eq!(served.grpc.len(), 1);
    let taken = served.address();
    served.stop().await;
    config.listen.grpc = taken;
    config.listen.allocation = Some(taken);
    config.listen.live_feed = Some(any_port());
    config.listen.results = Some(any_port());
    let served = Served::start(&config, Surroundings::default())
        .await
        .unwrap();
    assert_eq!(served.grpc.len(), 3);
    let shared = served
        .grpc
        .iter()
        .find(|(address, _)| *address == taken)
        .unwrap();
    assert_eq!(shared.1, [RoleName::TallyIngestion, RoleName::Allocation]);
    served.stop().await;
}

#[tokio::test]
async fn no_role_is_nothing_to_serve() {
    let mut config = Config::default();
    config.roles.list.clear();
    let refused = Served::start(&config, Surroundings::default())
        .await
        .unwrap_err();
    assert!(matches!(refused, ServeError::NoRoles), "{refused}");
}

#[tokio::test]
async fn a_vital_part_that_fails_ends_serving_with_its_name_and_why() {
    let folder = tempfile::tempdir().unwrap();
    for of_front in [true, false] {
        let served = Served::start(&config(&folder), Surroundings::default())
            .await
            .unwrap();
        let part = if of_front {
            &served.front
        } else {
            &served.back
        };
        part.spawn_vital("listener", async { Err("the socket is gone") });
        let failed = served.until_signalled().await.unwrap_err();
        let line = failed.to_string();
        assert_eq!(
            line,
            "stopped, as a vital part failed: listener: the socket is gone"
        );
    }
}

#[test]
fn every_sample_configuration_is_one() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/config");
    let mut own = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let layers = Layers {
            file: Some(&path),
            ..Layers::default()
        };
        let config = Config::load(&layers).unwrap_or_else(|error| panic!("{error}"));
        let roles = config.roles.list.iter();
        own.extend(roles.filter_map(|role| Some((*role, config.listen.own(*role)?))));
    }
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 7430));
    assert_eq!(own, [(RoleName::LiveFeed, everywhere)]);
}

#[test]
fn an_address_of_a_role_comes_from_a_variable_or_a_flag() {
    let variable = ("HEMICYCLE_LISTEN_LIVE_FEED", "127.0.0.1:1");
    let layers = Layers {
        environment: vec![(variable.0.to_owned(), variable.1.to_owned())],
        flags: vec![(
            RoleName::TallyIngestion.listen_key(),
            "127.0.0.1:2".to_owned(),
        )],
        ..Layers::default()
    };
    let listen = Config::load(&layers).unwrap().listen;
    let port = |role| listen.own(role).map(|address| address.port());
    assert_eq!(RoleName::ALL.map(port), [None, Some(2), None, Some(1)]);
}
