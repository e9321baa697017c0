use super::*;
use crate::common::v1::{Attribution, Report, TurnoutReport};
use crate::ingestion::v1::submit_reports_request::Submission;
use proptest::collection::vec;
use proptest::prelude::*;

/// Whatever is read is what the message says, and what is not read is not plain.
fn agrees(bytes: &[u8]) -> Result<bool, TestCaseError> {
    // What was read before must leave nothing behind.
    let mut reader = PlainReader {
        votes: vec![1, 2, 3],
        form: vec![FormCounter::default()],
    };
    let decoded = SubmitReportsRequest::decode(bytes);
    let Some(plain) = reader.read(bytes) else {
        return Ok(false);
    };
    let PlainReport {
        unit_id,
        contest_id,
        counting_group_id,
        version,
        kind,
        ballot_hash,
        votes,
        form,
    } = plain.report;
    let report = Report {
        unit_id: unit_id.into(),
        contest_id: contest_id.into(),
        counting_group_id: counting_group_id.into(),
        version,
        kind,
        ballot_hash: ballot_hash.to_vec().into(),
        option_indexes: (0..).take(votes.len()).collect(),
        votes: votes.iter().copied().map(u64::from).collect(),
        form: form.to_vec(),
        attribution: None,
    };
    let same = SubmitReportsRequest {
        request_id: plain.request_id,
        election_id: plain.election_id.into(),
        validate_only: plain.validate_only,
        submission: Some(Submission::Report(report)),
    };
    prop_assert_eq!(decoded, Ok(same));
    Ok(true)
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..200_u64,
        0..1_u64 << 15,
        any::<u32>().prop_map(u64::from),
        any::<u64>()
    ]
}

prop_compose! {
    fn report()(
        ids in (".{0,9}", "[a-z]{0,8}", "[a-z]{0,8}"),
        version in any::<u32>(),
        kind in prop_oneof![0..6, any::<i32>()],
        ballot_hash in vec(any::<u8>(), 0..40),
        votes in vec(number(), 0..150),
        in_order in prop::bool::weighted(0.9),
        form in vec((prop_oneof![0..14, any::<i32>()], number()), 0..5),
        attribution in prop::option::weighted(0.1, ".{0,5}"),
    ) -> Report {
        let (unit_id, contest_id, counting_group_id) = ids;
        let mut option_indexes: Vec<u32> = (0..).take(votes.len()).collect();
        if !in_order {
            option_indexes.reverse();
        }
        let form = form.into_iter().map(|(counter, value)| FormCounter { counter, value });
        Report {
            unit_id, contest_id, counting_group_id, version, kind, ballot_hash: ballot_hash.into(),
            option_indexes, votes, form: form.collect(),
            attribution: attribution.map(|by| Attribution { by, reason: String::new() }),
        }
    }
}

prop_compose! {
    fn request()(
        request_id in number(),
        election_id in "[a-z]{0,9}",
        validate_only: bool,
        report in prop::option::weighted(0.95, report()),
    ) -> SubmitReportsRequest {
        SubmitReportsRequest {
            request_id, election_id, validate_only,
            submission: report.map(Submission::Report),
        }
    }
}

proptest! {
    #[test]
    fn what_is_plain_is_what_the_message_says(request in request()) {
        agrees(&request.encode_to_vec())?;
    }

    #[test]
    fn broken_and_odd_messages_are_read_as_messages_or_not_at_all(
        request in request(),
        other in request(),
        edits in vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 1..6),
    ) {
        // Two in a row are a legal message too, in which fields stand twice.
        let mut bytes = request.encode_to_vec();
        if edits.len() == 5 {
            bytes.extend(other.encode_to_vec());
        }
        for (place, edit, byte) in edits {
            let place = place.index(bytes.len() + 1);
            match (edit, place < bytes.len()) {
                (0, true) => bytes[place] = byte,
                (1, true) => bytes[place] ^= 1 << (byte % 8),
                (2, true) => drop(bytes.remove(place)),
                (3, true) => bytes.truncate(place),
                _ => bytes.insert(place, byte),
            }
        }
        agrees(&bytes)?;
    }

    #[test]
    fn random_bytes_are_read_as_messages_or_not_at_all(bytes in vec(any::<u8>(), 0..60)) {
        agrees(&bytes)?;
    }
}

fn usual() -> Report {
    Report {
        unit_id: "demo-001".into(),
        contest_id: "list".into(),
        counting_group_id: "all".into(),
        version: 3,
        kind: 2,
        ballot_hash: vec![7; 32].into(),
        option_indexes: (0..200).collect(),
        votes: (0..200).map(|place| place * 90_000).collect(),
        form: vec![FormCounter {
            counter: 12,
            value: 5,
        }],
        attribution: None,
    }
}

fn encoded(submission: Submission) -> Vec<u8> {
    let request = SubmitReportsRequest {
        request_id: 1 << 40,
        election_id: "demo".into(),
        validate_only: true,
        submission: Some(submission),
    };
    request.encode_to_vec()
}

#[test]
fn the_usual_report_is_plain() {
    assert!(agrees(&encoded(Submission::Report(usual()))).unwrap());
}

#[test]
fn what_has_more_than_plain_reports_have_is_left_to_the_message() {
    let left = |change: fn(&mut Report)| {
        let mut report = usual();
        change(&mut report);
        assert!(!agrees(&encoded(Submission::Report(report))).unwrap());
    };
    left(|report| report.attribution = Some(Attribution::default()));
    left(|report| report.option_indexes.swap(3, 4));
    left(|report| report.option_indexes[150] = 151);
    left(|report| report.option_indexes.truncate(199));
    left(|report| report.votes.truncate(199));
    left(|report| report.votes[7] = 1 << 32);
    left(|report| report.kind = -1);
    let turnout = Submission::TurnoutReport(TurnoutReport::default());
    assert!(!agrees(&encoded(turnout)).unwrap());
    let usual = encoded(Submission::Report(usual()));
    // A field that is not known, of each type; and the same field twice.
    for more in [&[0x78, 1][..], &[0x7a, 0], &[0x7d, 0, 0, 0, 0], &[0x08, 1]] {
        assert!(!agrees(&[&usual[..], more].concat()).unwrap());
    }
    assert!(!agrees(&[]).unwrap(), "without a submission");
}

#[test]
fn what_is_wrong_is_said_as_every_generated_server_says_it() {
    let cut = encoded(Submission::Report(usual()));
    let cut = &cut[..cut.len() - 1];
    let error = SubmitReportsRequest::decode(cut).unwrap_err();
    let said = submit_request(Bytes::copy_from_slice(cut)).unwrap_err();
    assert_eq!(said, error.to_string());
}
