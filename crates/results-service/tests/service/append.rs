//! Batches and commands: every answer comes, in order, after what it says is durable.

use crate::support::*;
use election::ids::Revision;
use election::report::{DuplicateStanding, Outcome, RefusalCode};
use futures::stream;
use tonic::Code;
use wire::results::v1 as proto;

#[tokio::test(flavor = "multi_thread")]
async fn every_outcome_comes_back_with_its_revision() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 5, 3).await;
    assert_eq!(ballot, ballot_hash(ELECTION, 3));
    let outcomes = service
        .append(
            ELECTION,
            &[
                report(ballot, 0, 1, &[10, 20, 30]),
                report(ballot, 0, 1, &[10, 20, 30]),
                report(ballot, 0, 1, &[10, 20, 31]),
                report(ballot, 1, 2, &[1, 1, 1]),
                report(ballot, 1, 1, &[1, 1, 1]),
                report(ballot, 2, 1, &[900, 900, 900]),
                report(ballot, 9, 1, &[1, 1, 1]),
                correction(ballot, 0, 2, &[5, 20, 30]),
            ],
        )
        .await
        .unwrap();
    let names: Vec<&str> = outcomes.iter().map(Outcome::name).collect();
    let expected = [
        "ACCEPTED",
        "DUPLICATE",
        "CONFLICT",
        "ACCEPTED",
        "SUPERSEDED",
        "HELD",
        "REFUSED",
        "ACCEPTED",
    ];
    assert_eq!(names, expected);
    // Definition and register come before.
    assert!(matches!(
        &outcomes[0],
        Outcome::Accepted {
            revision: Revision(3),
            ..
        }
    ));
    assert_eq!(
        outcomes[1],
        Outcome::Duplicate {
            revision: Revision(3),
            standing: DuplicateStanding::Counted,
        }
    );
    let state = service.state(ELECTION).await;
    assert_eq!(state.revision(), Revision(7));
    assert_eq!(state.tally().contests[0][0].votes, [6, 21, 31]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_one_stream_are_answered_in_order() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 3_000, 3).await;
    let batches: Vec<_> = (0..60)
        .map(|number| {
            let units = number * 50..(number + 1) * 50;
            let reports: Vec<_> = units
                .map(|unit| report(ballot, unit, 1, &[1, 2, 3]))
                .collect();
            batch(1_000 - number as u64, ELECTION, &reports)
        })
        .collect();
    let answers = service.append_all(batches).await.unwrap();
    let ids: Vec<u64> = answers.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, (941..=1_000).rev().collect::<Vec<_>>());
    let mut last = Revision::ZERO;
    for outcome in answers.iter().flat_map(|(_, outcomes)| outcomes) {
        let Outcome::Accepted { revision, .. } = outcome else {
            panic!("{outcome:?}");
        };
        assert!(*revision > last);
        last = *revision;
    }
    assert_eq!(
        service.state(ELECTION).await.tally().contests[0][0].votes,
        [3_000, 6_000, 9_000]
    );
    service.stop().await;
}

#[tokio::test]
async fn validate_only_stores_nothing() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 2, 2).await;
    let reports = [
        report(ballot, 0, 1, &[1, 2]),
        report(ballot, 1, 1, &[900, 900]),
    ];
    let request = proto::AppendBatchesRequest {
        validate_only: true,
        ..batch(1, ELECTION, &reports)
    };
    let answers = service.append_all(vec![request]).await.unwrap();
    assert!(matches!(
        &answers[0].1[..],
        [
            Outcome::Accepted {
                revision: Revision::ZERO,
                ..
            },
            Outcome::Held {
                revision: Revision::ZERO,
                ..
            }
        ]
    ));
    assert_eq!(service.log(ELECTION).await.len(), 2);
    service.stop().await;
}

#[tokio::test]
async fn an_unknown_election_refuses_reports_and_not_the_stream() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 2, 2).await;
    let reports = [report(ballot, 0, 1, &[1, 2])];
    let batches = vec![batch(1, "other", &reports), batch(2, ELECTION, &reports)];
    let answers = service.append_all(batches).await.unwrap();
    let Outcome::Refused(refusal) = &answers[0].1[0] else {
        panic!("{:?}", answers[0]);
    };
    assert_eq!(refusal.code, RefusalCode::UnknownElection);
    assert_eq!(answers[1].1[0].name(), "ACCEPTED");
    let request = proto::SetStageRequest {
        election_id: "other".into(),
        stage: 2,
        reason: "count".into(),
    };
    let status = service.admin.clone().set_stage(request).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    service.stop().await;
}

#[tokio::test]
async fn what_is_too_large_or_malformed_is_refused_by_field() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 2, 2).await;
    let good = batch(1, ELECTION, &[report(ballot, 0, 1, &[1, 2])]);
    let too_many = proto::AppendBatchesRequest {
        report_count: 4_097,
        ..good.clone()
    };
    let too_large = proto::AppendBatchesRequest {
        reports: vec![0; (1 << 20) + 1].into(),
        ..good.clone()
    };
    let malformed = proto::AppendBatchesRequest {
        reports: vec![1, 2, 3].into(),
        ..good.clone()
    };
    let long_name = proto::AppendBatchesRequest {
        principal: "p".repeat(257),
        ..good.clone()
    };
    for (request, field) in [
        (too_many, "report_count"),
        (too_large, "reports"),
        (malformed, "reports"),
        (long_name, "principal"),
    ] {
        let status = service.append_all(vec![request]).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert!(status.message().contains(field), "{status}");
    }
    assert_eq!(
        service.append_all(vec![good]).await.unwrap()[0].1[0].name(),
        "ACCEPTED"
    );
    service.stop().await;
}

#[tokio::test]
async fn a_definition_is_written_once_and_never_another_one() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let define = |messages| {
        let mut admin = service.admin.clone();
        async move { admin.define_election(stream::iter(messages)).await }
    };
    let mut short = definition(ELECTION, 5, 2);
    short.pop();
    let status = define(short).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let first = define(definition(ELECTION, 5, 2))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.written.unwrap().event_count, 2);
    let again = define(definition(ELECTION, 5, 2))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again.written.unwrap().event_count, 0);
    assert_eq!(again.log_id, first.log_id);
    let status = define(definition(ELECTION, 5, 3)).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists, "{status}");
    // A refused definition leaves no election behind.
    let mut wrong = definition("wrong", 5, 2);
    let last = wrong.len() - 1;
    if let Some(proto::define_election_request::Part::Units(chunk)) = &mut wrong[last].part {
        chunk.units[1].unit_id = chunk.units[0].unit_id.clone();
    }
    assert_eq!(
        define(wrong).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let right = define(definition("wrong", 5, 2))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(right.written.unwrap().first_revision, 1);
    service.stop().await;
}

#[tokio::test]
async fn every_command_writes_what_it_says_and_the_same_again_writes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let service = Service::start(folder(place.path())).await;
    let ballot = service.define(ELECTION, 5, 3).await;
    let held = [
        report(ballot, 0, 1, &[900, 900, 1]),
        report(ballot, 1, 1, &[1, 1, 1]),
    ];
    service.append(ELECTION, &held).await.unwrap();
    let election_id = || ELECTION.to_owned();
    let key = |unit: &str| {
        Some(wire::common::v1::TallyKey {
            unit_id: unit.into(),
            contest_id: "list".into(),
            counting_group_id: "all".into(),
        })
    };
    let attribution = || {
        Some(wire::common::v1::Attribution {
            by: "Commission".into(),
            reason: "as decided".into(),
        })
    };
    let mut admin = service.admin.clone();
    let mut writes = Vec::new();
    for _ in 0..2 {
        let review = proto::ReviewReportRequest {
            election_id: election_id(),
            held_revision: 3,
            key: key("u0"),
            decision: proto::ReviewDecision::Release.into(),
            reason: "protocol seen".into(),
        };
        let withdraw = proto::WithdrawReportRequest {
            election_id: election_id(),
            key: key("u1"),
            version: 2,
            attribution: attribution(),
        };
        let status = proto::SetUnitStatusRequest {
            election_id: election_id(),
            unit_id: "u2".into(),
            status: wire::common::v1::UnitStatus::NotOpened.into(),
            attribution: attribution(),
            ..Default::default()
        };
        let register = proto::AmendRegisterRequest {
            election_id: election_id(),
            units: vec![unit(5)],
            reason: "a new station".into(),
        };
        let declare = proto::DeclareResultRequest {
            election_id: election_id(),
            contest_id: "list".into(),
            district_id: "city".into(),
            rows: vec![wire::common::v1::SeatRow {
                option_id: "o0".into(),
                seats: 10,
            }],
            attribution: attribution(),
        };
        let certify = proto::CertifyResultRequest {
            election_id: election_id(),
            attribution: attribution(),
        };
        let review = admin.review_report(review).await;
        writes.push(review.map(|it| it.into_inner().written));
        let withdraw = admin.withdraw_report(withdraw).await;
        writes.push(withdraw.map(|it| it.into_inner().written));
        let status = admin.set_unit_status(status).await;
        writes.push(status.map(|it| it.into_inner().written));
        let register = admin.amend_register(register).await;
        writes.push(register.map(|it| it.into_inner().written));
        let declare = admin.declare_result(declare).await;
        writes.push(declare.map(|it| it.into_inner().written));
        let certify = admin.certify_result(certify).await;
        writes.push(certify.map(|it| it.into_inner().written));
    }
    let counts: Vec<_> = writes
        .into_iter()
        .map(|written| {
            written
                .map(|it| it.unwrap().event_count)
                .map_err(|it| it.code())
        })
        .collect();
    assert_eq!(counts[..6], [Ok(1); 6]);
    let again = &counts[6..];
    assert!(
        again
            .iter()
            .all(|it| matches!(it, Ok(0) | Err(Code::FailedPrecondition))),
        "{again:?}"
    );
    let state = service.state(ELECTION).await;
    assert_eq!(state.revision(), Revision(10));
    assert_eq!(state.tally().contests[0][0].votes, [900, 900, 1]);
    service.stop().await;
}
