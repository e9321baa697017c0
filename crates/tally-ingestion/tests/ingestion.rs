//! The role between clients that send in every way and a results role that misbehaves.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside of what clippy knows as tests"
)]

mod results;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use results::Results;
use service_runtime::limits::Limits;
use service_runtime::pipe::local_channel;
use service_runtime::services::{Contract, Services};
use service_runtime::shutdown::Stopper;
use tally_ingestion::{Config, IN_FLIGHT_MAX, PRINCIPAL_METADATA, Role};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use wire::common::v1::outcome::Outcome;
use wire::common::v1::{RefusalCode, Report, ReportKind, TurnoutReport};
use wire::ingestion::v1::submit_reports_request::Submission;
use wire::ingestion::v1::tally_ingestion_service_client::TallyIngestionServiceClient;
use wire::ingestion::v1::{SubmitReportsRequest, SubmitReportsResponse};
use wire::results::v1::BatchFailureReason;

const GRACE: Duration = Duration::from_secs(20);
const ELECTION: &str = "demo-2021";

struct Night {
    results: Arc<Results>,
    channel: Channel,
    /// Of ingestion alone.
    ingestion: Stopper,
    _all: Stopper,
}

fn night(config: Config) -> Night {
    let all = Stopper::new("test");
    let results = Arc::new(Results::default());
    let upstream = local_channel(results.services(), Limits::default(), &all.child("results"));
    let ingestion = all.child("ingestion");
    let contract = Contract {
        descriptors: &[],
        unary_methods: wire::UNARY_METHODS,
        streaming_methods: wire::STREAMING_METHODS,
    };
    let role = Role::new(config, upstream, &ingestion);
    let limits = Limits {
        calls_per_connection_max: 4_096,
        ..Limits::default()
    };
    let channel = local_channel(role.add_to(Services::new(contract)), limits, &ingestion);
    Night {
        results,
        channel,
        ingestion,
        _all: all,
    }
}

impl Night {
    async fn submit(
        &self,
        requests: impl Stream<Item = SubmitReportsRequest> + Send + 'static,
    ) -> Result<tonic::Streaming<SubmitReportsResponse>, Status> {
        let mut client = TallyIngestionServiceClient::new(self.channel.clone());
        Ok(client.submit_reports(requests).await?.into_inner())
    }

    /// Sends requests and gives all answers, or how the stream ended.
    async fn answers(
        &self,
        requests: impl IntoIterator<Item = SubmitReportsRequest>,
    ) -> Result<Vec<SubmitReportsResponse>, Status> {
        let requests: Vec<_> = requests.into_iter().collect();
        let mut answers = self.submit(stream::iter(requests)).await?;
        let mut collected = Vec::new();
        while let Some(answer) = answers.message().await? {
            collected.push(answer);
        }
        Ok(collected)
    }
}

fn report(unit: u64) -> Report {
    Report {
        unit_id: format!("unit-{unit}"),
        contest_id: "list".into(),
        counting_group_id: "all".into(),
        version: 1,
        kind: ReportKind::Full.into(),
        ballot_hash: vec![7; 32].into(),
        option_indexes: vec![0, 1, 2],
        votes: vec![218, 32, unit],
        form: Vec::new(),
        attribution: None,
    }
}

fn request(id: u64) -> SubmitReportsRequest {
    SubmitReportsRequest {
        request_id: id,
        election_id: ELECTION.into(),
        submission: Some(Submission::Report(report(id))),
        validate_only: false,
    }
}

fn ids(answers: &[SubmitReportsResponse]) -> Vec<u64> {
    answers.iter().map(|answer| answer.request_id).collect()
}

fn outcome(answer: &SubmitReportsResponse) -> &Outcome {
    answer.outcome.as_ref().unwrap().outcome.as_ref().unwrap()
}

#[track_caller]
fn assert_accepted(answers: &[SubmitReportsResponse]) {
    for answer in answers {
        let is_accepted = matches!(outcome(answer), Outcome::Accepted(_));
        assert!(is_accepted, "{answer:?}");
    }
}

#[track_caller]
fn assert_refused(answer: &SubmitReportsResponse, code: RefusalCode, field: &str) {
    match outcome(answer) {
        Outcome::Refused(refusal) => {
            assert_eq!((refusal.code(), refusal.field.as_str()), (code, field));
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn every_report_is_answered_in_its_order_and_stored_once() {
    let night = night(Config::default());
    let answers = night.answers((0..5_000).map(request)).await.unwrap();
    assert_eq!(ids(&answers), (0..5_000).collect::<Vec<_>>());
    assert_accepted(&answers);
    let appended = night.results.appended.lock().unwrap();
    assert_eq!(appended.len(), 5_000);
    assert!(appended.iter().all(|report| report.election == ELECTION
        && report.principal == "anonymous"
        && !report.validate_only));
    let batches = night.results.batches.lock().unwrap();
    assert!(batches.len() < 1_000, "{} batches", batches.len());
    assert!(batches.iter().all(|reports| *reports <= 512), "{batches:?}");
}

#[tokio::test]
async fn a_report_on_an_idle_stream_is_answered_without_waiting_for_another() {
    let night = night(Config::default());
    let (requests, sent) = mpsc::channel(1);
    let mut answers = night.submit(ReceiverStream::new(sent)).await.unwrap();
    for id in 0..3 {
        requests.send(request(id)).await.unwrap();
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!(answer.request_id, id);
    }
    drop(requests);
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_refused_report_is_answered_in_its_place_and_does_not_end_the_stream() {
    let night = night(Config::default());
    let mut no_unit = request(1);
    no_unit.submission = Some(Submission::Report(Report {
        unit_id: "no such id!".into(),
        ..report(1)
    }));
    let mut negative = request(3);
    negative.submission = Some(Submission::Report(Report {
        votes: vec![1, u64::MAX - 16_021, 3],
        ..report(3)
    }));
    let mut nothing = request(5);
    nothing.submission = None;
    let requests = [
        request(0),
        no_unit,
        request(2),
        negative,
        request(4),
        nothing,
    ];
    let answers = night.answers(requests).await.unwrap();
    assert_eq!(ids(&answers), [0, 1, 2, 3, 4, 5]);
    assert_refused(&answers[1], RefusalCode::Shape, "unit_id");
    assert_refused(&answers[3], RefusalCode::Limit, "votes[1]");
    assert_refused(&answers[5], RefusalCode::Shape, "submission");
    assert_accepted(&[answers[0].clone(), answers[2].clone(), answers[4].clone()]);
    assert_eq!(night.results.stored(), 3);
}

#[tokio::test]
async fn an_election_holds_until_another_is_named() {
    let night = night(Config::default());
    let named = |id, election: &str| SubmitReportsRequest {
        election_id: election.into(),
        ..request(id)
    };
    let requests = [
        named(0, ""),
        named(1, "one"),
        named(2, ""),
        named(3, "no id!"),
        named(4, ""),
        named(5, "two"),
        named(6, ""),
        named(7, "one"),
    ];
    let answers = night.answers(requests).await.unwrap();
    assert_eq!(ids(&answers), (0..8).collect::<Vec<_>>());
    for refused in [0, 3, 4] {
        assert_refused(&answers[refused], RefusalCode::Shape, "election_id");
    }
    let appended = night.results.appended.lock().unwrap();
    let of = |election: &str| {
        let units = appended.iter().filter(|report| report.election == election);
        units
            .map(|report| report.submission.unit().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("one"), ["unit-1", "unit-2", "unit-7"]);
    assert_eq!(of("two"), ["unit-5", "unit-6"]);
}

#[tokio::test]
async fn turnout_reports_take_the_same_way() {
    let night = night(Config::default());
    let mut turnout = request(1);
    turnout.submission = Some(Submission::TurnoutReport(TurnoutReport {
        unit_id: "unit-1".into(),
        version: 3,
        ballots_issued: 120,
        is_final: false,
        attribution: None,
    }));
    assert_accepted(&night.answers([turnout, request(2)]).await.unwrap());
    assert_eq!(night.results.stored(), 2);
}

#[tokio::test]
async fn f10_a_self_test_before_the_night_reaches_every_unit_and_stores_nothing() {
    let night = night(Config::default());
    let test = |id| SubmitReportsRequest {
        validate_only: true,
        ..request(id)
    };
    let answers = night.answers((0..581).map(test)).await.unwrap();
    assert_accepted(&answers);
    assert_eq!((answers.len(), night.results.stored()), (581, 0));
    assert!(
        answers
            .iter()
            .all(|answer| answer.outcome.as_ref().unwrap().revision == 0)
    );

    let mixed = [test(0), request(0), test(1), test(2), request(3)];
    let answers = night.answers(mixed).await.unwrap();
    assert_eq!(ids(&answers), [0, 0, 1, 2, 3]);
    assert_eq!(night.results.stored(), 2);
    let appended = night.results.appended.lock().unwrap();
    assert_eq!(
        appended
            .iter()
            .filter(|report| !report.validate_only)
            .count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f9_all_devices_at_once_lose_nothing() {
    const DEVICES: u64 = 2_000;
    let night = Arc::new(night(Config::default()));
    *night.results.delay.lock().unwrap() = Duration::from_millis(20);
    let devices = (0..DEVICES).map(|device| {
        let night = Arc::clone(&night);
        tokio::spawn(async move { night.answers([request(device)]).await })
    });
    let devices: Vec<_> = devices.collect();
    for (id, device) in (0..).zip(devices) {
        let answers = device.await.unwrap().unwrap();
        assert_eq!(ids(&answers), [id]);
        assert_accepted(&answers);
    }
    assert_eq!(night.results.stored(), 2_000);
    let batches = night.results.batches.lock().unwrap().len();
    // A stream ends when nobody needs it: how often that happens in between is a matter of scheduling.
    let streams = night.results.streams.load(Ordering::Relaxed);
    assert!(
        streams < 100,
        "{streams} streams: devices did not share them"
    );
    assert!(
        batches < 1_500,
        "{batches} batches: devices were not batched together"
    );
}

#[tokio::test]
async fn batches_that_a_broken_stream_leaves_open_are_sent_again() {
    let night = night(Config::default());
    night.results.breaks_after.store(2, Ordering::Relaxed);
    let answers = night.answers((0..3_000).map(request)).await.unwrap();
    assert_eq!(ids(&answers), (0..3_000).collect::<Vec<_>>());
    assert_eq!(night.results.stored(), 3_000);
    assert!(night.results.streams.load(Ordering::Relaxed) > 2);
    // What was appended but not answered comes again, and is known.
    let duplicates = answers
        .iter()
        .filter(|answer| matches!(outcome(answer), Outcome::Duplicate(_)));
    assert!(duplicates.count() > 0);
}

#[tokio::test(start_paused = true)]
async fn a_silent_results_role_ends_the_stream_with_unavailable_after_the_limit() {
    let night = night(Config::default());
    night.results.is_silent.store(true, Ordering::Relaxed);
    let before = tokio::time::Instant::now();
    let status = night.answers((0..10).map(request)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_error_details().retry_info().is_some());
    let waited = before.elapsed();
    let limit = Config::default().results_silence_max;
    assert!(waited >= limit && waited < limit * 2, "{waited:?}");

    night.results.is_silent.store(false, Ordering::Relaxed);
    assert_accepted(&night.answers((0..10).map(request)).await.unwrap());
}

#[tokio::test]
async fn an_election_that_ends_the_shared_stream_fails_alone() {
    let night = one_link();
    *night.results.refused_election.lock().unwrap() = Some("damaged".into());
    assert_fails_alone(&night, Code::FailedPrecondition).await;
}

#[tokio::test]
async fn an_election_that_cannot_write_fails_alone_and_the_shared_stream_goes_on() {
    for (reason, code) in [
        (BatchFailureReason::ReadOnly, Code::FailedPrecondition),
        (BatchFailureReason::NoSpace, Code::ResourceExhausted),
    ] {
        let night = one_link();
        *night.results.failing_election.lock().unwrap() = Some(("damaged".into(), reason));
        let refused = assert_fails_alone(&night, code).await;
        let is_retryable = refused.get_error_details().retry_info().is_some();
        assert_eq!(is_retryable, code == Code::ResourceExhausted);
        assert!(refused.message().contains("told to fail"), "{refused}");
        assert_eq!(night.results.streams.load(Ordering::Relaxed), 1);
    }
}

/// All elections share one stream to the results role.
fn one_link() -> Arc<Night> {
    let config = Config {
        links: std::num::NonZeroUsize::MIN,
        ..Config::default()
    };
    Arc::new(night(config))
}

async fn assert_fails_alone(night: &Arc<Night>, code: Code) -> Status {
    *night.results.delay.lock().unwrap() = Duration::from_millis(5);
    let submit = |election: &'static str| {
        let night = Arc::clone(night);
        let requests = (0..600).map(move |id| SubmitReportsRequest {
            election_id: election.into(),
            ..request(id)
        });
        tokio::spawn(async move { night.answers(requests).await })
    };
    let (sound, damaged, other) = (submit("sound"), submit("damaged"), submit("other"));
    let refused = damaged.await.unwrap().unwrap_err();
    assert_eq!(refused.code(), code);
    assert_eq!(sound.await.unwrap().unwrap().len(), 600);
    assert_eq!(other.await.unwrap().unwrap().len(), 600);
    refused
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_window_is_read_ahead() {
    let night = night(Config::default());
    night.results.is_silent.store(true, Ordering::Relaxed);
    let (taken, mut take) = mpsc::channel(10_000);
    let requests = stream::iter(0..10_000).map(move |id| {
        taken.try_send(id).unwrap();
        SubmitReportsRequest {
            // Large enough that the buffers of the connection hold few.
            submission: Some(Submission::Report(Report {
                option_indexes: (0..10_000).collect(),
                votes: vec![u64::from(u32::MAX); 10_000],
                ..report(id)
            })),
            ..request(id)
        }
    });
    let _answers = night.submit(requests).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut read = 0;
    while take.try_recv().is_ok() {
        read += 1;
    }
    assert!(
        read < IN_FLIGHT_MAX + 256,
        "{read} reports were taken from the client"
    );
}

#[tokio::test]
async fn a_drain_answers_what_is_in_flight_and_then_sends_clients_elsewhere() {
    let night = night(Config::default());
    *night.results.delay.lock().unwrap() = Duration::from_millis(50);
    let (requests, sent) = mpsc::channel(1_000);
    let mut answers = night.submit(ReceiverStream::new(sent)).await.unwrap();
    for id in 0..500 {
        requests.send(request(id)).await.unwrap();
    }
    assert_eq!(answers.message().await.unwrap().unwrap().request_id, 0);
    let stopper = night.ingestion.clone();
    let drained = tokio::spawn(async move { stopper.drain(GRACE).await });
    let mut last = 0;
    let status = loop {
        match answers.message().await {
            Ok(Some(answer)) => last = answer.request_id,
            Ok(None) => panic!("the stream ended as if all was answered"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Unavailable);
    // What was read was answered; the client knows that the rest is unknown.
    assert!(last + 1 >= u64::try_from(night.results.stored()).unwrap());
    drop((answers, requests));
    drained.await.unwrap().unwrap();
}

#[tokio::test]
async fn only_principals_on_the_list_may_submit() {
    let night = night(Config {
        principals: vec!["tec-3".into()],
        ..Config::default()
    });
    let status = night.answers([request(0)]).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let mut client = TallyIngestionServiceClient::new(night.channel.clone());
    let mut call = Request::new(stream::iter([request(0)]));
    call.metadata_mut()
        .insert(PRINCIPAL_METADATA, "tec-3".parse().unwrap());
    let mut answers = client.submit_reports(call).await.unwrap().into_inner();
    assert_accepted(&[answers.message().await.unwrap().unwrap()]);
    assert_eq!(night.results.appended.lock().unwrap()[0].principal, "tec-3");
}

#[tokio::test]
async fn one_stream_too_many_is_shed_with_a_delay() {
    let night = night(Config {
        streams_max: 1,
        ..Config::default()
    });
    let (requests, sent) = mpsc::channel(1);
    let first = night.submit(ReceiverStream::new(sent)).await.unwrap();
    let status = night.answers([request(0)]).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.get_error_details().retry_info().is_some());
    drop((first, requests));
}

#[tokio::test]
async fn a_message_over_the_limit_ends_the_call_after_the_answers_before_it() {
    let night = night(Config::default());
    let mut huge = request(1);
    huge.submission = Some(Submission::Report(Report {
        unit_id: "x".repeat(10 << 20),
        ..report(1)
    }));
    let mut answers = night
        .submit(stream::iter([request(0), huge]))
        .await
        .unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().request_id, 0);
    let status = answers.message().await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert!(status.get_error_details().retry_info().is_none());
}
