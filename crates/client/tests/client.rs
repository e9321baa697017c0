//! The client against servers that cut streams, answer late, twice or not at all, and restart as another log.

// tidy: long because the misbehaving servers are shared by all tests.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside of what clippy knows as tests"
)]

mod servers;

use std::sync::Arc;
use std::time::Duration;

use client::{Client, ClientError, FrameNews, IN_FLIGHT_MAX, LogNews, SubmitOptions};
use election::bytes::{encode_record, part_text};
use election::command::Command;
use election::definition::{Definition, Hash, Register, Unit};
use election::event::{Event, Recorded};
use election::ids::{
    ContestId, CountingGroupId, DistrictId, ElectionId, LogId, OptionId, Revision, Timestamp,
    UnitId,
};
use election::publication::{PublicationClass, PublicationMode};
use election::report::{
    Attribution, Outcome, Report, ReportKind, TallyKey, TurnoutReport, UnitStatus,
};
use election::stage::{Mark, Stage};
use election::submission::Submission;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use servers::{Script, Servers, start};
use service_runtime::status::StatusBuilder;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};
use wire::Position;
use wire::common::v1::View;
use wire::feed::v1 as feed;
use wire::feed::v1::watch_frames_response::Event as FrameEvent;
use wire::results::v1::define_election_request::Part as Message;
use wire::results::v1::{Record, WatchEventsResponse};

fn demo() -> ElectionId {
    ElectionId::new("demo").unwrap()
}

fn unit(number: u64) -> UnitId {
    UnitId::new(&format!("demo-{number:03}")).unwrap()
}

fn key() -> TallyKey {
    TallyKey {
        unit: unit(1),
        contest: ContestId::new("list").unwrap(),
        counting_group: CountingGroupId::new("all").unwrap(),
    }
}

fn report(number: u64) -> Submission {
    Submission::Report(Report {
        key: TallyKey {
            unit: unit(number),
            ..key()
        },
        version: 1,
        kind: ReportKind::Full,
        ballot_hash: Hash([7; 32]),
        votes: vec![(0, number), (1, 32)],
        form: Vec::new(),
        attribution: None,
    })
}

/// Submits so many reports and collects what comes, with an error as the last if the stream ended with one.
async fn submit(
    client: &Client,
    count: u64,
    options: SubmitOptions,
) -> (Vec<(u64, Outcome)>, Option<ClientError>) {
    let source = stream::iter((0..count).map(report));
    let mut outcomes = client.submit(&demo(), source, options);
    let mut collected = Vec::new();
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(outcome) => collected.push(outcome),
            Err(error) => return (collected, Some(error)),
        }
    }
    (collected, None)
}

/// Every report is answered once, in its order, whatever the streams do.
async fn assert_survives(scripts: impl IntoIterator<Item = Script>, count: u64) -> Arc<Servers> {
    let (servers, client) = start();
    servers.submissions.lock().unwrap().extend(scripts);
    let (outcomes, error) = submit(&client, count, SubmitOptions::default()).await;
    assert!(error.is_none(), "{error:?}");
    let ids: Vec<_> = outcomes.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, (0..count).collect::<Vec<_>>());
    servers
}

#[tokio::test]
async fn reports_are_answered_in_their_order() {
    let servers = assert_survives([], 3_000).await;
    let submitted = servers.submitted.lock().unwrap();
    assert_eq!(submitted.len(), 3_000);
    assert_eq!(submitted[0].election_id, "demo");
    let sent = wire::submission(submitted[2_999].submission.clone());
    assert_eq!(sent, Ok(report(2_999)));
}

#[tokio::test(start_paused = true)]
async fn what_a_broken_stream_leaves_unknown_is_sent_again() {
    let scripts = [
        Script::BreaksAfter(100),
        Script::BreaksAfter(0),
        Script::EndsAfter(7),
        Script::Refuses(Status::unavailable("restarting")),
    ];
    let servers = assert_survives(scripts, 1_500).await;
    assert!(servers.submitted.lock().unwrap().len() > 1_500);
}

#[tokio::test]
async fn an_answer_that_comes_twice_is_given_once() {
    assert_survives([Script::Twice], 500).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_left_out_is_asked_for_again() {
    assert_survives([Script::Skips(40)], 100).await;
}

#[tokio::test(start_paused = true)]
async fn late_answers_are_waited_for() {
    assert_survives([Script::Late(Duration::from_secs(5))], 20).await;
}

#[tokio::test(start_paused = true)]
async fn silence_ends_in_an_error_that_calls_the_rest_unknown() {
    let (servers, client) = start();
    servers
        .submissions
        .lock()
        .unwrap()
        .push_back(Script::Silent);
    let (outcomes, error) = submit(&client, 10, SubmitOptions::default()).await;
    assert!(outcomes.is_empty());
    let error = error.unwrap();
    assert!(
        matches!(error, ClientError::Unanswered { unanswered: 10, .. }),
        "{error}"
    );
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_silence_after_a_refusal_ends_with_what_was_refused() {
    let (servers, client) = start();
    let refusal = tonic::Status::unavailable("no room for the log");
    let scripts = [Script::Refuses(refusal), Script::Silent];
    servers.submissions.lock().unwrap().extend(scripts);
    let (outcomes, error) = submit(&client, 10, SubmitOptions::default()).await;
    assert!(outcomes.is_empty());
    let told = error.unwrap().to_string();
    assert!(
        told.contains("10 reports are unanswered") && told.contains("no room for the log"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stays_away_is_given_up_after_the_limit() {
    let (servers, client) = start();
    let away = Script::Refuses(Status::unavailable("draining"));
    servers
        .submissions
        .lock()
        .unwrap()
        .extend(vec![away; 1_000]);
    let before = tokio::time::Instant::now();
    let (_, error) = submit(&client, 10, SubmitOptions::default()).await;
    let error = error.unwrap().to_string();
    assert!(
        error.contains("10 reports") && error.contains("draining"),
        "{error}"
    );
    assert!(before.elapsed() <= Duration::from_secs(60));
}

#[tokio::test]
async fn a_caller_without_rights_is_told_at_once() {
    let (servers, client) = start();
    let client = client.with_principal("tec-3").unwrap();
    let refused = Status::permission_denied("tec-3 may not submit");
    servers
        .submissions
        .lock()
        .unwrap()
        .push_back(Script::Refuses(refused));
    let (_, error) = submit(&client, 10, SubmitOptions::default()).await;
    assert_eq!(error.unwrap().code(), Code::PermissionDenied);
    assert_eq!(*servers.principals.lock().unwrap(), ["tec-3"]);
}

#[tokio::test]
async fn f10_a_self_test_marks_every_report() {
    let (servers, client) = start();
    let options = SubmitOptions {
        validate_only: true,
        ..SubmitOptions::default()
    };
    let (outcomes, _) = submit(&client, 581, options).await;
    assert_eq!(outcomes.len(), 581);
    let submitted = servers.submitted.lock().unwrap();
    assert!(submitted.iter().all(|request| request.validate_only));
}

#[tokio::test(start_paused = true)]
async fn a_source_is_not_read_beyond_the_window() {
    let (servers, client) = start();
    servers
        .submissions
        .lock()
        .unwrap()
        .push_back(Script::Silent);
    let (taken, mut take) = tokio::sync::mpsc::channel(10_000);
    let source = stream::iter((0..10_000).map(move |number| {
        taken.try_send(()).unwrap();
        report(number)
    }));
    let _outcomes = client.submit(&demo(), source, SubmitOptions::default());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut read = 0;
    while take.try_recv().is_ok() {
        read += 1;
    }
    assert_eq!(read, IN_FLIGHT_MAX);
}

fn place(log: u8, revision: u64, publication_seq: u64) -> Position {
    Position {
        log_id: LogId([log; 16]),
        revision: Revision(revision),
        publication_seq,
    }
}

fn frame(place: Position) -> feed::WatchFramesResponse {
    let frame = feed::Frame {
        body: None,
        envelope: Some(feed::FrameEnvelope {
            token: Some(place.into()),
            ..feed::FrameEnvelope::default()
        }),
    };
    feed::WatchFramesResponse {
        event: Some(FrameEvent::Frame(frame)),
    }
}

fn reset(log: u8) -> feed::WatchFramesResponse {
    let log_id = vec![log; 16].into();
    feed::WatchFramesResponse {
        event: Some(FrameEvent::Reset(feed::Reset { log_id })),
    }
}

/// What a reader is shown: places, with `None` for a reset.
async fn shown(
    servers: &Servers,
    client: &Client,
    after: Option<Position>,
) -> Vec<Option<Position>> {
    let news = client.watch_frames(feed::Scope::default(), after);
    let news: Vec<_> = news.collect().await;
    assert!(servers.frames.lock().unwrap().is_empty());
    let shown = news.into_iter().filter_map(|news| match news {
        Ok(FrameNews::Frame(frame)) => Some(Some(
            frame.envelope.unwrap().token.unwrap().try_into().unwrap(),
        )),
        Ok(FrameNews::Reset(_)) => Some(None),
        Ok(FrameNews::Heartbeat(_) | FrameNews::Lost(_)) => None,
        Err(error) => {
            assert_eq!(error.code(), Code::NotFound);
            None
        }
    });
    shown.collect()
}

#[tokio::test(start_paused = true)]
async fn a_lower_frame_is_never_shown_after_a_higher_one() {
    let (servers, client) = start();
    servers.frames.lock().unwrap().extend([
        vec![
            frame(place(1, 5, 0)),
            frame(place(1, 4, 0)),
            frame(place(1, 7, 1)),
        ],
        // Another replica, which is behind, and repeats.
        vec![
            frame(place(1, 6, 9)),
            frame(place(1, 7, 1)),
            frame(place(1, 7, 2)),
        ],
        vec![frame(place(1, 9, 2))],
    ]);
    let shown = shown(&servers, &client, None).await;
    let expected = [
        place(1, 5, 0),
        place(1, 7, 1),
        place(1, 7, 2),
        place(1, 9, 2),
    ];
    assert_eq!(shown, expected.map(Some));
    let requests = servers.frame_requests.lock().unwrap();
    let tokens = requests.iter().map(|request| request.resume_token.clone());
    let tokens: Vec<_> = tokens
        .map(|token| token.map(|token| Position::try_from(token).unwrap()))
        .collect();
    assert_eq!(
        tokens,
        [
            None,
            Some(place(1, 7, 1)),
            Some(place(1, 7, 2)),
            Some(place(1, 9, 2))
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reset_lets_lower_frames_of_the_other_log_in() {
    let (servers, client) = start();
    servers.frames.lock().unwrap().extend([
        vec![reset(2), frame(place(2, 3, 0))],
        vec![frame(place(2, 4, 0))],
    ]);
    let shown = shown(&servers, &client, Some(place(1, 90, 4))).await;
    assert_eq!(shown, [None, Some(place(2, 3, 0)), Some(place(2, 4, 0))]);
}

#[tokio::test(start_paused = true)]
async fn a_frame_of_another_log_without_a_reset_is_shown_only_after_one() {
    let (servers, client) = start();
    servers.frames.lock().unwrap().extend([
        vec![frame(place(1, 9, 0)), frame(place(2, 3, 0))],
        vec![frame(place(2, 3, 0))],
    ]);
    let shown = shown(&servers, &client, None).await;
    assert_eq!(shown, [Some(place(1, 9, 0)), None, Some(place(2, 3, 0))]);
}

fn record(revision: u64) -> Record {
    let recorded = Recorded {
        revision: Revision(revision),
        time: Timestamp(1_610_280_000_000_000),
        principal: "commission".into(),
        event: Event::StageSet {
            stage: Stage::PartialUnofficial,
            reason: "polls closed".into(),
        },
    };
    let bytes = encode_record(&recorded, [1; 16]);
    Record {
        public_bytes: bytes.public.into(),
        annex_bytes: bytes.annex.into(),
    }
}

fn events(
    log: u8,
    revisions: std::ops::RangeInclusive<u64>,
) -> Result<WatchEventsResponse, Status> {
    Ok(WatchEventsResponse {
        log_id: vec![log; 16].into(),
        first_revision: *revisions.start(),
        head_revision: *revisions.end(),
        records: revisions.map(record).collect(),
        publication: None,
        is_damaged: false,
    })
}

/// The revisions that a follower folds, with 0 for a reset; until the last script is used up.
async fn folded(servers: &Servers, client: &Client, from: u64, log_id: Option<u8>) -> Vec<u64> {
    let log_id = log_id.map(|log| LogId([log; 16]));
    let news = client.watch_events(&demo(), View::Head, Revision(from), log_id);
    let news: Vec<_> = news.collect().await;
    assert!(servers.events.lock().unwrap().is_empty());
    let revisions = news.into_iter().flat_map(|news| match news {
        Ok(LogNews::Events(events)) => {
            let revisions = events.records.iter().map(|record| record.revision.0);
            revisions.collect::<Vec<_>>()
        }
        Ok(LogNews::Reset(_)) => vec![0],
        Err(error) => {
            assert_eq!(error.code(), Code::NotFound);
            Vec::new()
        }
    });
    revisions.collect()
}

#[tokio::test(start_paused = true)]
async fn f30_a_log_is_followed_over_breaks_without_gap_or_repetition() {
    let (servers, client) = start();
    servers.events.lock().unwrap().extend([
        vec![
            events(1, 1..=3),
            events(1, 4..=4),
            Err(Status::aborted("too slow")),
        ],
        vec![events(1, 3..=6), events(1, 9..=9)],
        vec![events(1, 7..=8), Err(Status::unavailable("restarting"))],
        vec![events(1, 9..=9)],
    ]);
    let folded = folded(&servers, &client, 1, None).await;
    assert_eq!(folded, (1..=9).collect::<Vec<_>>());
    let requests = servers.event_requests.lock().unwrap();
    let from: Vec<_> = requests
        .iter()
        .map(|request| request.from_revision)
        .collect();
    assert_eq!(from, [1, 5, 7, 9, 10]);
    assert!(requests[0].log_id.is_empty());
    assert_eq!(requests[4].log_id, vec![1; 16]);
}

#[tokio::test(start_paused = true)]
async fn another_log_is_told_as_a_reset_and_read_from_its_beginning() {
    let (servers, client) = start();
    servers.events.lock().unwrap().extend([
        vec![Err(Status::failed_precondition(
            "the log id is not the log's",
        ))],
        vec![events(2, 1..=2)],
        vec![events(2, 1..=2)],
        vec![events(2, 3..=3)],
    ]);
    let folded = folded(&servers, &client, 50, Some(1)).await;
    assert_eq!(folded, [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_restored_log_that_ends_before_what_was_read_is_told_as_a_reset() {
    let (servers, client) = start();
    servers.events.lock().unwrap().extend([
        vec![events(1, 1..=4), Err(Status::unavailable("restarting"))],
        vec![Err(Status::out_of_range("revision 5 is not there"))],
        vec![events(1, 1..=2)],
        vec![events(1, 1..=2), events(1, 3..=3)],
    ]);
    let folded = folded(&servers, &client, 1, None).await;
    assert_eq!(folded, [1, 2, 3, 4, 0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_log_is_not_taken_for_another_one() {
    let (servers, client) = start();
    servers.events.lock().unwrap().extend([
        vec![
            events(1, 1..=2),
            Err(Status::failed_precondition("the log is damaged")),
        ],
        vec![events(1, 1..=2)],
    ]);
    let news = client.watch_events(&demo(), View::Head, Revision(1), None);
    let news: Vec<_> = news.collect().await;
    assert_eq!(news.len(), 2);
    let error = news[1].as_ref().unwrap_err();
    assert!(error.to_string().contains("the log is damaged"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_lies_behind_damage_is_not_told_as_a_reset() {
    let damaged = || {
        let shorter = events(1, 1..=2).unwrap();
        Ok(WatchEventsResponse {
            is_damaged: true,
            ..shorter
        })
    };
    let read = || vec![events(1, 1..=4), Err(Status::unavailable("restarting"))];
    let lost = || vec![Err(Status::data_loss("it cannot be read there"))];
    // The second was damaged while it was asked which log it is.
    let doubted = || vec![Err(Status::out_of_range("revision 5 is not there"))];
    for script in [
        vec![read(), lost()],
        vec![read(), doubted(), vec![damaged()]],
    ] {
        let (servers, client) = start();
        servers.events.lock().unwrap().extend(script);
        let news = client.watch_events(&demo(), View::Head, Revision(1), None);
        let news: Vec<_> = news.collect().await;
        assert_eq!(news.len(), 2);
        let Ok(LogNews::Events(events)) = &news[0] else {
            panic!("{news:?}")
        };
        assert_eq!(events.records.len(), 4);
        let code = news[1].as_ref().unwrap_err().code();
        assert!(matches!(code, Code::DataLoss | Code::OutOfRange), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_call_is_made_again_until_it_succeeds_or_time_is_up() {
    let (servers, client) = start();
    let away = || Status::unavailable("restarting");
    servers
        .frame_refusals
        .lock()
        .unwrap()
        .extend([away(), away()]);
    client.get_frame(feed::Scope::default()).await.unwrap();

    servers
        .frame_refusals
        .lock()
        .unwrap()
        .extend(vec![away(); 1_000]);
    let before = tokio::time::Instant::now();
    let error = client.get_frame(feed::Scope::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(before.elapsed() <= Duration::from_secs(10));
}

#[tokio::test]
async fn a_refusal_keeps_its_fields_readable() {
    let (servers, client) = start();
    let status = StatusBuilder::new(Code::InvalidArgument, "SHAPE", "the scope is none")
        .field(
            "scope.election.election_id",
            "\"no id!\": an id is made of ASCII letters",
        )
        .build();
    servers.frame_refusals.lock().unwrap().push_back(status);
    let error = client.get_frame(feed::Scope::default()).await.unwrap_err();
    let text = error.to_string();
    for part in [
        "SHAPE",
        "the scope is none",
        "scope.election.election_id",
        "no id!",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let ClientError::Refused(refused) = error else {
        panic!("not refused: {text}");
    };
    assert_eq!(refused.fields.len(), 1);
}

#[tokio::test]
async fn an_address_or_a_name_that_is_none_is_refused_before_any_call() {
    for address in ["not an address", "127.0.0.1:7400", "https://localhost:1"] {
        let error = Client::connect(address).unwrap_err().to_string();
        assert!(
            error.contains(address) && error.contains("http://HOST:PORT"),
            "{error}"
        );
    }
    let (_, client) = start();
    for name in [String::new(), "x".repeat(257), "комиссия".into()] {
        let error = client.clone().with_principal(&name).unwrap_err();
        assert!(matches!(error, ClientError::Principal(_)), "{error}");
    }
}

const DEFINITION: &str = r#"
[ballot]
election = "demo"
contests = [{ id = "list", districts = [{ id = "almaty", options = [{ id = "nur-otan" }, { id = "adal" }] }] }]

[register]
electorate = 1101818
units = [{ id = "demo-001", district = "almaty", roll = 1000 }]

[rules]
house_size = 39
contests = [{ id = "list", districts = [{ id = "almaty", seats = 39 }], stages = [{ method = "largest-remainder", quota = "hare" }] }]
"#;

fn definition(units: u64) -> Definition {
    let definition = Definition::from_toml(DEFINITION).unwrap();
    let first = &definition.register.units[0];
    let units = (0..units).map(|number| Unit {
        id: unit(number),
        ..first.clone()
    });
    let register = Register {
        units: units.collect(),
        ..definition.register.clone()
    };
    Definition {
        register,
        ..definition
    }
}

#[tokio::test]
async fn a_definition_goes_as_a_head_and_chunks_that_the_service_reads_back() {
    let (servers, client) = start();
    let definition = Arc::new(definition(4_500));
    let defined = client.define(&definition).await.unwrap();
    assert_eq!(defined.ballot_hash(), Some(Hash([9; 32])));
    assert_eq!(
        (defined.written.last_revision, defined.log_id),
        (Revision(6), LogId([3; 16]))
    );

    let messages = std::mem::take(&mut *servers.definitions.lock().unwrap());
    let mut messages = messages.into_iter().map(|message| message.part.unwrap());
    let Some(Message::Head(head)) = messages.next() else {
        panic!("the first message is the head");
    };
    let outline = wire::DefinitionOutline::try_from(head).unwrap();
    assert_eq!(outline.unit_count, 4_500);
    let mut units: Vec<Unit> = Vec::new();
    for message in messages {
        let Message::Units(chunk) = message else {
            panic!("only the first message is a head");
        };
        units.extend(Vec::<Unit>::try_from(chunk).unwrap());
    }
    assert_eq!(units, definition.register.units);
    let mut read = outline.definition;
    read.register.units = units;
    assert_eq!(part_text(&read), part_text(definition.as_ref()));
}

#[tokio::test]
async fn every_command_arrives_as_it_was_asked() {
    let attribution = Attribution {
        by: "commission".into(),
        reason: "protocol 7".into(),
    };
    let option = |id| OptionId::new(id).unwrap();
    let contest = ContestId::new("list").unwrap();
    let district = DistrictId::new("almaty").unwrap();
    let reason = || "because".to_owned();
    let definition = definition(2);
    let commands = [
        Command::AmendRegister {
            units: definition.register.units,
            reason: reason(),
        },
        Command::AmendRules {
            rules: Box::new(definition.rules),
            reason: reason(),
        },
        Command::AmendPresentation {
            presentation: Box::new(definition.presentation),
            reason: reason(),
        },
        Command::Review {
            held_revision: Revision(9),
            key: key(),
            release: true,
            reason: reason(),
        },
        Command::Review {
            held_revision: Revision(9),
            key: key(),
            release: false,
            reason: reason(),
        },
        Command::Withdraw {
            key: key(),
            version: 3,
            attribution: attribution.clone(),
        },
        Command::CorrectTurnout {
            turnout: TurnoutReport {
                unit: unit(1),
                version: 3,
                ballots_issued: 420,
                is_final: true,
                attribution: Some(attribution.clone()),
            },
            replaced_version: 9,
        },
        Command::SetUnitStatus {
            unit: unit(1),
            contest: Some(contest.clone()),
            counting_group: None,
            status: UnitStatus::Merged,
            merged_into: Some(unit(2)),
            attribution: attribution.clone(),
        },
        Command::DrawLot {
            contest: contest.clone(),
            district: district.clone(),
            stage: 1,
            tied: vec![option("adal"), option("nur-otan")],
            seats: 1,
            winners: vec![option("adal")],
            attribution: attribution.clone(),
        },
        Command::ChangeCandidates {
            contest: contest.clone(),
            district: district.clone(),
            option: option("adal"),
            candidates: 7,
            effective: "2021-01-09".into(),
            reason: reason(),
        },
        Command::OpenClass {
            class: PublicationClass::Results,
            opens_at: Some(Timestamp(1_610_280_000_000_000)),
        },
        Command::OpenClass {
            class: PublicationClass::Turnout,
            opens_at: None,
        },
        Command::MovePublication {
            mode: PublicationMode::HoldAt(Revision(4)),
            reason: reason(),
        },
        Command::SetStage {
            stage: Stage::CompleteUnofficial,
            reason: reason(),
        },
        Command::SetMark {
            mark: Mark::Recount,
            is_set: true,
            reason: reason(),
        },
        Command::Declare {
            contest,
            district: Some(district),
            seats: vec![(option("nur-otan"), 29)],
            attribution: attribution.clone(),
        },
        Command::Certify { attribution },
    ];
    let (servers, client) = start();
    for command in &commands {
        let written = client.command(&demo(), command).await.unwrap();
        assert_eq!(
            (written.first_revision, written.event_count),
            (Revision(5), 2)
        );
    }
    let arrived = servers.commands.lock().unwrap();
    let expected: Vec<_> = commands
        .into_iter()
        .map(|command| (demo(), command))
        .collect();
    assert_eq!(*arrived, expected);
}

#[tokio::test]
async fn reports_are_no_commands() {
    let (_, client) = start();
    let turnout = Command::Turnout(TurnoutReport {
        unit: unit(1),
        version: 1,
        ballots_issued: 5,
        is_final: false,
        attribution: None,
    });
    let error = client.command(&demo(), &turnout).await.unwrap_err();
    assert!(error.to_string().contains("submit"), "{error}");
}

#[tokio::test]
async fn pages_end_with_the_error_of_the_page_that_failed() {
    let (_, client) = start();
    let pages = client.list_units(wire::results::v1::ListUnitsRequest::default());
    let error = pages.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_listener_without_a_service_is_named_with_what_it_lacks() {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = format!("http://{}", incoming.local_addr().unwrap());
    let nothing = Routes::default();
    let serving = Server::builder()
        .add_routes(nothing)
        .serve_with_incoming(incoming);
    tokio::spawn(serving);
    let client = Client::connect(&address).unwrap();
    let asked = client.get_definition(&demo(), View::Head, 0).await;
    let said = asked.unwrap_err().to_string();
    for part in [
        &address,
        "hemicycle.results.v1.ResultsService",
        "role results",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let turnout = Submission::Turnout(TurnoutReport {
        unit: unit(1),
        version: 1,
        ballots_issued: 5,
        is_final: false,
        attribution: None,
    });
    let reports = stream::iter([turnout]);
    let mut outcomes = client.submit(&demo(), reports, SubmitOptions::default());
    let said = outcomes.next().await.unwrap().unwrap_err().to_string();
    assert!(said.contains("role tally-ingestion"), "{said}");
}
