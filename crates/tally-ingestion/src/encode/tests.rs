use super::*;
use election::counts::COUNT_MAX;
use election::report::RefusalCode;
use std::collections::BTreeMap;
use wire::common::v1::{Attribution, Counter as Named, Report, ReportKind as Kind, TurnoutReport};

fn report() -> Report {
    let counter = |counter: Named, value| FormCounter {
        counter: counter.into(),
        value,
    };
    Report {
        unit_id: "demo-001".into(),
        contest_id: "list".into(),
        counting_group_id: "all".into(),
        version: 3,
        kind: Kind::Partial.into(),
        ballot_hash: vec![7; 32].into(),
        option_indexes: vec![2, 0, 1],
        votes: vec![0, COUNT_MAX, 218],
        form: vec![
            counter(Named::Valid, 250),
            counter(Named::RollAtClose, COUNT_MAX),
        ],
        attribution: None,
    }
}

fn through_the_domain(submission: Submitted) -> Result<Vec<u8>, Refusal> {
    let mut submission = wire::submission(Some(submission))?;
    check(&submission)?;
    if let Submission::Report(report) = &mut submission {
        let once: BTreeMap<u8, _> = { report.form.iter() }.map(|it| (it.0 as u8, *it)).collect();
        if once.len() == report.form.len() {
            report.form = once.into_values().collect();
        }
    }
    let mut writer = Writer::default();
    encode_submission(&mut writer, &submission);
    Ok(writer.into_bytes())
}

/// As the reader of a stream sees it, if its options are in order.
fn plain(report: &Report) -> Option<Vec<u8>> {
    let in_order = (0..)
        .zip(&report.option_indexes)
        .all(|(place, it)| place == *it);
    let votes: Result<Vec<u32>, _> = report.votes.iter().map(|it| u32::try_from(*it)).collect();
    let votes = votes.ok()?;
    if report.attribution.is_some() || !in_order || report.option_indexes.len() != votes.len() {
        return None;
    }
    let mut writer = Writer::default();
    let encoded = encode_plain(
        &mut writer,
        &PlainReport {
            unit_id: &report.unit_id,
            contest_id: &report.contest_id,
            counting_group_id: &report.counting_group_id,
            version: report.version,
            kind: report.kind,
            ballot_hash: &report.ballot_hash,
            votes: &votes,
            form: &report.form,
        },
    );
    assert!(encoded.is_some() || writer.is_empty(), "all or nothing");
    encoded.map(|()| writer.into_bytes())
}

/// All ways give the same bytes or the same refusal, but that what is not plain has no short way.
#[track_caller]
fn agrees(submission: Submitted) -> Result<Vec<u8>, Refusal> {
    let mut writer = Writer::default();
    let encoded = encode(&mut writer, Some(submission.clone()));
    let encoded = encoded.map(|()| writer.into_bytes());
    if let Submitted::Report(report) = &submission
        && let Some(plain) = plain(report)
    {
        assert_eq!(Ok(plain), encoded);
    }
    assert_eq!(encoded, through_the_domain(submission));
    encoded
}

#[test]
fn a_plain_report_has_the_bytes_that_it_has_through_the_domain() {
    let mut in_order = report();
    in_order.option_indexes.sort_unstable();
    let listed = agrees(Submitted::Report(report())).unwrap();
    for kind in [Kind::Partial, Kind::Full] {
        in_order.kind = kind.into();
        assert!(plain(&in_order).is_some());
        let short = agrees(Submitted::Report(in_order.clone())).unwrap();
        assert!(
            short.len() < listed.len(),
            "three votes of eight bytes less each"
        );
    }
    let mut bare = report();
    (bare.option_indexes, bare.votes, bare.form) = Default::default();
    assert!(plain(&bare).is_some());
    agrees(Submitted::Report(bare)).unwrap();
}

#[test]
fn every_counter_has_its_number() {
    let every = Counter::ALL.map(|counter| FormCounter {
        counter: counter.number(),
        value: 5,
    });
    let mut whole = report();
    whole.option_indexes.sort_unstable();
    whole.form = every.to_vec();
    assert!(plain(&whole).is_some());
    agrees(Submitted::Report(whole)).unwrap();
}

#[test]
fn what_is_not_plain_is_encoded_all_the_same() {
    agrees(Submitted::Report(report())).unwrap();
    let mut correction = report();
    correction.kind = Kind::Correction.into();
    correction.attribution = Some(Attribution {
        by: "commission".into(),
        reason: "rows swapped".into(),
    });
    agrees(Submitted::Report(correction)).unwrap();
    agrees(Submitted::TurnoutReport(TurnoutReport {
        unit_id: "demo-001".into(),
        version: 1,
        ballots_issued: 5,
        is_final: true,
        attribution: None,
    }))
    .unwrap();
}

#[test]
fn every_fault_is_refused_as_the_domain_refuses_it() {
    type Fault = fn(&mut Report);
    let faults: [(Fault, RefusalCode); 14] = [
        (|report| report.unit_id.clear(), RefusalCode::Shape),
        (|report| report.unit_id = "x".repeat(65), RefusalCode::Shape),
        (
            |report| report.contest_id = "no id".into(),
            RefusalCode::Shape,
        ),
        (
            |report| report.counting_group_id = "é".into(),
            RefusalCode::Shape,
        ),
        (|report| report.version = 0, RefusalCode::Shape),
        (|report| report.kind = 0, RefusalCode::Shape),
        (|report| report.kind = 99, RefusalCode::Shape),
        (
            |report| report.ballot_hash = vec![7; 31].into(),
            RefusalCode::Shape,
        ),
        (|report| report.votes.truncate(2), RefusalCode::Shape),
        (|report| report.votes[1] = COUNT_MAX + 1, RefusalCode::Limit),
        (|report| report.form[0].value = u64::MAX, RefusalCode::Limit),
        (|report| report.form[1].counter = 0, RefusalCode::Shape),
        (
            |report| report.form = vec![report.form[0]; COUNTERS + 1],
            RefusalCode::Limit,
        ),
        (
            |report| report.kind = Kind::Recount.into(),
            RefusalCode::AttributionMissing,
        ),
    ];
    for (place, (fault, code)) in faults.into_iter().enumerate() {
        let mut faulty = report();
        faulty.option_indexes.sort_unstable();
        faulty.form.reverse();
        fault(&mut faulty);
        assert_eq!(plain(&faulty), None, "fault {place}");
        let refusal = agrees(Submitted::Report(faulty)).unwrap_err();
        assert_eq!(refusal.code, code, "fault {place}: {refusal}");
    }
    let mut many = report();
    many.option_indexes = vec![0; OPTIONS_MAX + 1];
    many.votes = vec![1; OPTIONS_MAX + 1];
    assert_eq!(
        agrees(Submitted::Report(many)).unwrap_err().code,
        RefusalCode::Limit
    );
}

#[test]
fn counters_come_in_any_order_and_one_that_stands_twice_keeps_its_place() {
    let mut one = report();
    one.option_indexes.sort_unstable();
    let mut other = one.clone();
    other.form.reverse();
    assert_ne!(one.form, other.form);
    assert_eq!(plain(&one), plain(&other));
    assert!(plain(&one).is_some());
    agrees(Submitted::Report(one.clone())).unwrap();
    // Who sent it is told the place where it stands again.
    one.form.push(one.form[0]);
    assert_eq!(plain(&one), None);
    let bytes = agrees(Submitted::Report(one.clone())).unwrap();
    let mut reader = election::bytes::codec::Reader::new(&bytes);
    let sent = election::bytes::decode_submission(&mut reader).unwrap();
    assert_eq!(Ok(sent), wire::submission(Some(Submitted::Report(one))));
}
