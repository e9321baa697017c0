//! Bad input over the wire: every answer names the field, its value, the rule and its code, and nothing is written.

use std::io::Write as _;
use std::process::{Command as Program, Stdio};

use bytes::Bytes;
use election::counts::{COUNT_MAX, Counter};
use election::definition::Hash;
use election::report::{Outcome, Refusal, RefusalCode, Report};
use election::submission::Submission;
use end_to_end::cluster::{Mode, Role, binary};
use end_to_end::invented::{Invented, unit};
use end_to_end::{raw, reads};
use futures::stream;
use tonic::Code;
use wire::common::v1 as common;
use wire::ingestion::v1::SubmitReportsRequest;
use wire::ingestion::v1::submit_reports_request::Submission as Submitted;
use wire::ingestion::v1::tally_ingestion_service_client::TallyIngestionServiceClient;

use crate::support::begin;

crate::in_both_modes!(
    refused_reports_name_field_value_rule_and_code,
    messages_that_domain_types_cannot_hold_are_refused_by_field,
    reports_that_the_state_does_not_take,
    malformed_and_oversized_messages_end_the_call_and_nothing_else,
);

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
