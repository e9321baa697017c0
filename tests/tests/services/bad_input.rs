//! Bad input over the wire: every answer names the field, its value, the rule and its code, and nothing is written.

// tidy: long because one case for each wrong input.

use std::io::Write as _;
use std::process::{Command as Program, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use client::{ClientError, Refused};
use election::command::Command;
use election::counts::{COUNT_MAX, Counter};
use election::definition::{BallotOption, Hash};
use election::ids::OptionId;
use election::report::{Outcome, Refusal, RefusalCode, Report};
use election::submission::Submission;
use end_to_end::cluster::{Cluster, Mode, Role, binary};
use end_to_end::invented::{Invented, attribution, unit};
use end_to_end::play::{Kills, Player};
use end_to_end::{log, raw, reads};
use futures::stream;
use tonic::Code;
use wire::common::v1 as common;
use wire::ingestion::v1::SubmitReportsRequest;
use wire::ingestion::v1::submit_reports_request::Submission as Submitted;
use wire::ingestion::v1::tally_ingestion_service_client::TallyIngestionServiceClient;
use wire::results::v1::DefineElectionRequest;
use wire::results::v1::admin_service_client::AdminServiceClient;
use wire::results::v1::define_election_request::{DefinitionHead, Part, UnitChunk};

crate::in_both_modes!(
    refused_reports_name_field_value_rule_and_code,
    messages_that_domain_types_cannot_hold_are_refused_by_field,
    reports_that_the_state_does_not_take,
    definitions_that_are_none,
    ten_thousand_lists_and_not_one_more,
    malformed_and_oversized_messages_end_the_call_and_nothing_else,
    officials_commands_that_cannot_be,
);

async fn begin(mode: Mode, invented: &Invented) -> (Cluster, Player) {
    let cluster = Cluster::start(mode);
    let player = Player::define(&cluster, invented.definition.clone(), Kills::none()).await;
    (cluster, player)
}

async fn refused_reports_name_field_value_rule_and_code(mode: Mode) {
    let invented = Invented::new("refused-2026", 2, 3);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let good = || invented.report(0, 1, &[1, 2, 3]);
    let with = |change: &dyn Fn(&mut Report)| {
        let mut report = good();
        change(&mut report);
        Submission::Report(report)
    };
    let cases = [
        (
            with(&|report| report.votes[1].1 = u64::MAX),
            RefusalCode::Limit,
            "votes[1]",
            "18446744073709551615",
        ),
        (
            with(&|report| report.form[0].1 = u64::MAX),
            RefusalCode::Limit,
            "form[0].value",
            "18446744073709551615",
        ),
        (
            with(&|report| report.votes[2].0 = 7),
            RefusalCode::UnknownOption,
            "option_indexes[2]",
            "7",
        ),
        (
            with(&|report| report.votes[2].0 = 1),
            RefusalCode::RepeatedOption,
            "option_indexes[2]",
            "1",
        ),
        (
            with(&|report| {
                report.votes.pop();
            }),
            RefusalCode::MissingOption,
            "option_indexes",
            "2 options",
        ),
        (
            with(&|report| report.form.push((Counter::Valid, 6))),
            RefusalCode::Shape,
            "form[1].counter",
            "valid",
        ),
        (
            with(&|report| report.version = 0),
            RefusalCode::Shape,
            "version",
            "0",
        ),
        (
            with(&|report| report.key.unit = unit(99)),
            RefusalCode::UnknownUnit,
            "unit_id",
            "u99",
        ),
        (
            with(&|report| report.ballot_hash = Hash([7; 32])),
            RefusalCode::BallotHash,
            "ballot_hash",
            "0707",
        ),
        (
            with(&|report| report.kind = election::report::ReportKind::Recount),
            RefusalCode::AttributionMissing,
            "attribution",
            "",
        ),
        (
            invented.turnout(0, 1, COUNT_MAX + 1),
            RefusalCode::Limit,
            "ballots_issued",
            "4294967296",
        ),
    ];
    let head = player.head;
    let reports = cases.iter().map(|(report, ..)| report.clone()).collect();
    let outcomes = player.submit(&mut cluster, reports).await;
    for ((_, code, field, value), outcome) in cases.iter().zip(&outcomes) {
        let Outcome::Refused(refusal) = outcome else {
            panic!("{field}: {outcome:?} is not refused");
        };
        assert_refusal(refusal, *code, field, value);
    }
    // A refused report ends no stream and writes nothing.
    let outcomes = player
        .submit(&mut cluster, vec![Submission::Report(good())])
        .await;
    assert_eq!(end_to_end::play::revision(&outcomes[0]), head + 1);
}

fn assert_refusal(refusal: &Refusal, code: RefusalCode, field: &str, value: &str) {
    assert_eq!(refusal.code, code, "{refusal}");
    assert_eq!(refusal.field, field, "{refusal}");
    assert!(refusal.value.contains(value), "{refusal}, not {value:?}");
    assert!(!refusal.rule.is_empty(), "{refusal}");
}

async fn messages_that_domain_types_cannot_hold_are_refused_by_field(mode: Mode) {
    let invented = Invented::new("messages-2026", 1, 3);
    let (cluster, _) = begin(mode, &invented).await;
    let good = || common::Report::from(&invented.report(0, 1, &[1, 2, 3]));
    let with = |change: &dyn Fn(&mut common::Report)| {
        let mut report = good();
        change(&mut report);
        Some(Submitted::Report(report))
    };
    let cases = [
        (None, "submission"),
        (with(&|report| report.unit_id = "a b".into()), "unit_id"),
        (with(&|report| report.unit_id.clear()), "unit_id"),
        (
            with(&|report| report.ballot_hash = Bytes::from_static(b"short")),
            "ballot_hash",
        ),
        (with(&|report| report.kind = 0), "kind"),
        (with(&|report| report.kind = 99), "kind"),
        (with(&|report| report.votes.truncate(2)), "votes"),
        (
            with(&|report| report.form[0].counter = 77),
            "form[0].counter",
        ),
    ];
    let requests = cases.iter().map(|(submission, _)| SubmitReportsRequest {
        request_id: 5,
        election_id: "messages-2026".into(),
        submission: submission.clone(),
        validate_only: false,
    });
    let requests: Vec<_> = requests.collect();
    let mut ingestion = TallyIngestionServiceClient::new(cluster.channel(Role::TallyIngestion));
    let mut answers = ingestion
        .submit_reports(stream::iter(requests))
        .await
        .unwrap()
        .into_inner();
    for (_, field) in cases {
        let answer = answers
            .message()
            .await
            .unwrap()
            .expect("one answer for each message");
        let outcome = Outcome::try_from(answer.outcome.unwrap()).unwrap();
        let Outcome::Refused(refusal) = outcome else {
            panic!("{field}: {outcome:?}");
        };
        assert_eq!(
            (answer.request_id, refusal.code),
            (5, RefusalCode::Shape),
            "{refusal}"
        );
        assert!(refusal.field.ends_with(field), "{refusal}, not {field}");
        assert!(!refusal.rule.is_empty(), "{refusal}");
    }
    assert!(answers.message().await.unwrap().is_none());
}

async fn reports_that_the_state_does_not_take(mode: Mode) {
    let invented = Invented::new("state-2026", 2, 3);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let reports = vec![
        invented.full(0, 2, &[1, 2, 3]),
        invented.full(0, 1, &[9, 9, 9]),
        invented.full(0, 2, &[3, 2, 1]),
        invented.full(0, 200, &[1, 2, 3]),
        // The largest counts that are read: their sums are exact, and nobody believes them.
        invented.full(1, 1, &[COUNT_MAX, COUNT_MAX, COUNT_MAX]),
    ];
    let outcomes = player.submit(&mut cluster, reports).await;
    let names: Vec<&str> = outcomes.iter().map(Outcome::name).collect();
    assert_eq!(
        names,
        ["ACCEPTED", "SUPERSEDED", "CONFLICT", "HELD", "HELD"],
        "{outcomes:?}"
    );
    let Outcome::Superseded {
        counted_version, ..
    } = outcomes[1]
    else {
        unreachable!("it was named")
    };
    assert_eq!(counted_version, 2);
    let sum = (3 * COUNT_MAX).to_string();
    let Outcome::Held { reasons, .. } = &outcomes[4] else {
        unreachable!("it was named")
    };
    assert!(
        reasons
            .iter()
            .any(|reason| reason.to_string().contains(&sum)),
        "{reasons:?}"
    );
    let tally = reads::tally_at(&cluster, &player.election, 0).await;
    assert_eq!(tally.tallies[0].votes, [1, 2, 3]);
    let states = tally.tallies[0].totals.clone().unwrap().states.unwrap();
    assert_eq!((states.counted, states.pending), (1, 2));
}

async fn definitions_that_are_none(mode: Mode) {
    let cluster = Cluster::start(mode);
    let sound = "[ballot]\nelection = \"none-2026\"\n[[ballot.contests]]\nid = \"list\"\n\
                 [[ballot.contests.districts]]\nid = \"city\"\noptions = [{ id = \"a\" }, { id = \"b\" }]\n\
                 [rules]\nhouse_size = 5\n[[rules.contests]]\nid = \"list\"\n\
                 districts = [{ id = \"city\", seats = 5 }]\n\
                 stages = [{ method = \"largest-remainder\", quota = \"hare\" }]\n";
    let cases = [
        (
            sound.replace("seats = 5", "seats = 0"),
            1,
            RefusalCode::Shape,
            "seats",
        ),
        (
            sound.replace(
                "districts = [{ id = \"city\", seats = 5 }]",
                "districts = []",
            ),
            1,
            RefusalCode::Shape,
            "districts",
        ),
        (
            sound.replace("{ id = \"b\" }", "{ id = \"a\" }"),
            1,
            RefusalCode::Shape,
            "options",
        ),
        (
            sound.replace("hare", "hair"),
            1,
            RefusalCode::Shape,
            "definition_toml",
        ),
        (
            sound.replace("none-2026", "other-2026"),
            1,
            RefusalCode::Shape,
            "election",
        ),
        (
            sound.replace("[ballot]", "[ballot"),
            1,
            RefusalCode::Shape,
            "definition_toml",
        ),
        (sound.into(), 0, RefusalCode::Limit, "unit_count"),
        (sound.into(), 4_000_001, RefusalCode::Limit, "unit_count"),
    ];
    for (definition_toml, unit_count, code, field) in cases {
        let head = DefinitionHead {
            election_id: "none-2026".into(),
            definition_toml,
            unit_count,
        };
        let station = common::Unit {
            unit_id: "s1".into(),
            district_id: "city".into(),
            ..common::Unit::default()
        };
        let units = vec![station];
        let chunk = (head.unit_count == 1).then_some(Part::Units(UnitChunk { units }));
        let messages = std::iter::once(Part::Head(head))
            .chain(chunk)
            .map(|part| DefineElectionRequest { part: Some(part) });
        let mut admin = AdminServiceClient::new(cluster.channel(Role::Results));
        let defined = admin.define_election(stream::iter(messages.collect::<Vec<_>>()));
        let refused = Refused::from(&defined.await.unwrap_err());
        let known = (refused.code, refused.reason.as_str());
        assert_eq!(
            known,
            (Code::InvalidArgument, code.name()),
            "{field}: {refused}"
        );
        let [violation] = refused.fields.as_slice() else {
            panic!("one field: {refused:?}");
        };
        assert!(violation.field.contains(field), "{refused}, not {field}");
    }
    // Nothing was written, and the sound one is taken.
    let sound = Invented::new("none-2026", 1, 2);
    let defined = cluster
        .client(Role::Results)
        .define(&Arc::new(sound.definition))
        .await
        .unwrap();
    assert_eq!(defined.written.first_revision.0, 1);
}

async fn ten_thousand_lists_and_not_one_more(mode: Mode) {
    let invented = Invented::new("lists-2026", 1, 10_000);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let mut votes = vec![0; 10_000];
    votes[9_999] = 10;
    let outcomes = player
        .submit(&mut cluster, vec![invented.full(0, 1, &votes)])
        .await;
    assert_eq!(outcomes[0].name(), "ACCEPTED");
    let standings = reads::standings_at(&cluster, &player.election, player.head).await;
    assert_eq!(
        reads::seats(&standings).into_iter().collect::<Vec<_>>(),
        [("o9999".to_owned(), 10)]
    );

    let mut longer = Invented::new("longer-2026", 1, 10_000).definition;
    let options = &mut longer.ballot.contests[0].districts[0].options;
    let one_more = BallotOption {
        id: OptionId::new("one-more").unwrap(),
        ..options[0].clone()
    };
    options.push(one_more);
    let refused = refused(
        cluster
            .client(Role::Results)
            .define(&Arc::new(longer))
            .await,
    );
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (Code::InvalidArgument, "LIMIT"),
        "{refused}"
    );
    assert!(
        refused.to_string().contains("10000") || refused.to_string().contains("10,000"),
        "{refused}"
    );
}

fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> Refused {
    match answer.unwrap_err() {
        ClientError::Refused(refused) => *refused,
        error => panic!("{error}"),
    }
}

const MALFORMED: [(Role, &str); 6] = [
    (
        Role::TallyIngestion,
        "/hemicycle.ingestion.v1.TallyIngestionService/SubmitReports",
    ),
    (
        Role::Results,
        "/hemicycle.results.v1.AdminService/DefineElection",
    ),
    (Role::Results, "/hemicycle.results.v1.AdminService/SetStage"),
    (
        Role::Results,
        "/hemicycle.results.v1.ResultsService/GetTally",
    ),
    (
        Role::Allocation,
        "/hemicycle.allocation.v1.AllocationService/Allocate",
    ),
    (
        Role::LiveFeed,
        "/hemicycle.feed.v1.LiveFeedService/WatchFrames",
    ),
];

async fn malformed_and_oversized_messages_end_the_call_and_nothing_else(mode: Mode) {
    let invented = Invented::new("malformed-2026", 1, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    for (role, method) in MALFORMED {
        // Field 1 as a length of 127 bytes, of which there are two.
        let malformed = Bytes::from_static(&[0x0a, 0x7f, 1, 2]);
        let status = raw::call(cluster.channel(role), method, vec![malformed])
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{method}: {status}");
        let ten_mib = Bytes::from(vec![0; 10 << 20]);
        let status = raw::call(cluster.channel(role), method, vec![ten_mib])
            .await
            .unwrap_err();
        let too_large = [Code::ResourceExhausted, Code::OutOfRange];
        assert!(too_large.contains(&status.code()), "{method}: {status}");
        assert!(
            status.message().contains("10485760") || status.message().contains("4194304"),
            "{method}: {status}"
        );
    }
    let outcomes = player
        .submit(&mut cluster, vec![invented.full(0, 1, &[1, 2])])
        .await;
    assert_eq!(outcomes[0].name(), "ACCEPTED");
}

async fn officials_commands_that_cannot_be(mode: Mode) {
    let invented = Invented::new("commands-2026", 2, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    player
        .submit(&mut cluster, vec![invented.full(0, 3, &[1, 2])])
        .await;
    let officials = cluster.client(Role::Results);
    let withdraw = |station, version| Command::Withdraw {
        key: invented.key(station),
        version,
        attribution: attribution(),
    };
    let stale = refused(officials.command(&player.election, &withdraw(0, 3)).await);
    assert_eq!(
        (stale.code, stale.reason.as_str()),
        (Code::FailedPrecondition, "STALE_VERSION"),
        "{stale}"
    );
    let unknown = refused(officials.command(&player.election, &withdraw(99, 1)).await);
    assert_eq!(
        (unknown.code, unknown.reason.as_str()),
        (Code::InvalidArgument, "UNKNOWN_UNIT"),
        "{unknown}"
    );
    assert!(
        unknown
            .fields
            .iter()
            .any(|violation| violation.description.contains("u99")),
        "{unknown:?}"
    );
    let mut frozen = invented.definition.clone();
    frozen.ballot.contests[0].districts[0].options.swap(0, 1);
    let frozen = refused(officials.define(&Arc::new(frozen)).await);
    assert_eq!(
        (frozen.code, frozen.reason.as_str()),
        (Code::AlreadyExists, "ALREADY_DEFINED"),
        "{frozen}"
    );
    let records = log::read(&officials, &player.election).await;
    assert_eq!(
        u64::try_from(records.len()).unwrap(),
        player.head,
        "nothing was written"
    );
}

/// Requests as JSON lines: a malformed one is answered in its line, and the others are answered too.
#[test]
fn malformed_json_is_answered_in_its_line() {
    let good = concat!(
        r#"{"id":"one","seats":2,"lists":[{"optionId":"a","votes":"3"},{"optionId":"b","votes":"1"}],"#,
        r#""rules":{"stages":[{"largestRemainder":{"quota":"QUOTA_HARE"}}]}}"#
    );
    let mut program = Program::new(binary())
        .args(["allocate", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = program.stdin.take().unwrap();
    let seatless = good.replace("\"seats\":2", "\"seats\":0");
    let lines = format!("{good}\n{{\"id\":\n{seatless}\n{good}\n");
    input.write_all(lines.as_bytes()).unwrap();
    drop(input);
    let output = program.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [first, malformed, seatless, last] = lines.as_slice() else {
        panic!("one answer a line: {text}");
    };
    assert_eq!(first, last);
    assert_eq!(first["id"], "one");
    assert!(first["allocation"]["lists"].is_array(), "{first}");
    assert!(malformed.to_string().contains("line"), "{malformed}");
    assert!(seatless.to_string().contains("seats"), "{seatless}");
}
