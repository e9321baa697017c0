//! Answers about units whose ballots are so wide that few of them fit into a message.

use crate::support::*;
use tonic::Code;
use wire::results::v1 as proto;

#[tokio::test(flavor = "multi_thread")]
async fn units_of_wide_ballots_that_fit_no_answer_are_refused_with_how_many_do() {
    const LISTS: usize = 5_000;
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 100, LISTS).await;
    let votes = vec![1; LISTS];
    for first in (0..100).step_by(10) {
        let units = first..first + 10;
        let reports: Vec<_> = units.map(|unit| report(ballot, unit, 1, &votes)).collect();
        service.append(ELECTION, &reports).await.unwrap();
    }
    service.unit("u99", 0).await.unwrap();
    let get = async |count: usize| {
        let request = proto::BatchGetUnitsRequest {
            election_id: ELECTION.into(),
            view: HEAD,
            unit_ids: (0..count).map(|unit| format!("u{unit}")).collect(),
            ..Default::default()
        };
        service.results.clone().batch_get_units(request).await
    };
    let refused = get(100).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let message = refused.message();
    assert!(message.contains("unit_ids"), "{message}");
    let fits = message.split_once("the first ").unwrap().1;
    let fits: usize = fits.split_once(' ').unwrap().0.parse().unwrap();
    assert!((1..100).contains(&fits), "{message}");
    assert_eq!(get(fits).await.unwrap().into_inner().units.len(), fits);
}
