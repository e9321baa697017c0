use super::*;
use crate::field::Enumeration;
use election::definition::Hash;
use proptest::prelude::*;
use prost::Message;

fn sample() -> Report {
    Report {
        key: TallyKey {
            unit: UnitId::new("demo-001").unwrap(),
            contest: ContestId::new("list").unwrap(),
            counting_group: CountingGroupId::new("all").unwrap(),
        },
        version: 2,
        kind: ReportKind::Correction,
        ballot_hash: Hash([7; 32]),
        votes: vec![(1, 24_591), (0, 218_003)],
        form: vec![(Counter::Papers, 333_300), (Counter::Invalid, 13_218)],
        attribution: Some(Attribution {
            by: "commission 3".into(),
            reason: "rows swapped".into(),
        }),
    }
}

fn text(pattern: &'static str) -> impl Strategy<Value = String> {
    proptest::string::string_regex(pattern).unwrap()
}

prop_compose! {
    fn attribution()(by in ".{1,20}", reason in ".{1,20}") -> Attribution {
        Attribution { by, reason }
    }
}

prop_compose! {
    fn report()(
        unit in text("[A-Za-z0-9_.:-]{1,64}"),
        contest in text("[a-z]{1,8}"),
        counting_group in text("[a-z]{1,8}"),
        version: u32,
        kind in proptest::sample::select(ReportKind::ALL.to_vec()),
        ballot_hash: [u8; 32],
        votes in proptest::collection::vec(any::<(u32, u64)>(), 0..40),
        form in proptest::collection::vec((proptest::sample::select(Counter::ALL.to_vec()), any::<u64>()), 0..16),
        attribution in proptest::option::of(attribution()),
    ) -> Report {
        Report {
            key: TallyKey {
                unit: UnitId::new(&unit).unwrap(),
                contest: ContestId::new(&contest).unwrap(),
                counting_group: CountingGroupId::new(&counting_group).unwrap(),
            },
            version,
            kind,
            ballot_hash: Hash(ballot_hash),
            votes,
            form,
            attribution,
        }
    }
}

proptest! {
    #[test]
    fn a_report_comes_back_from_bytes(report in report()) {
        let bytes = proto::Report::from(&report).encode_to_vec();
        let message = proto::Report::decode(bytes.as_slice()).unwrap();
        prop_assert_eq!(Report::try_from(message), Ok(report));
    }

    #[test]
    fn a_report_comes_back_from_json(report in report()) {
        let json = serde_json::to_string(&proto::Report::from(&report)).unwrap();
        let message: proto::Report = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(Report::try_from(message), Ok(report));
    }

    #[test]
    fn counts_come_back_in_any_order(
        votes in proptest::collection::vec(any::<u32>(), 0..40),
        rotation in 0..40_usize,
        papers in proptest::option::of(any::<u32>()),
    ) {
        let mut counts = Counts { votes, form: Form::EMPTY };
        if let Some(papers) = papers {
            counts.form.set(Counter::Papers, papers);
        }
        let mut message = proto::Counts::from(&counts);
        let rotation = rotation % message.votes.len().max(1);
        message.option_indexes.rotate_left(rotation);
        message.votes.rotate_left(rotation);
        prop_assert_eq!(Counts::try_from(message), Ok(counts));
    }
}

#[test]
fn a_turnout_report_comes_back() {
    for attribution in [None, sample().attribution] {
        let report = TurnoutReport {
            unit: UnitId::new("demo-001").unwrap(),
            version: 3,
            ballots_issued: 1_200,
            is_final: true,
            attribution,
        };
        assert_eq!(
            TurnoutReport::try_from(proto::TurnoutReport::from(&report)),
            Ok(report.clone())
        );
        let submitted = Submission::Turnout(report);
        assert_eq!(submission(Some((&submitted).into())), Ok(submitted));
    }
}

#[test]
fn a_key_comes_back() {
    let key = sample().key;
    assert_eq!(TallyKey::try_from(proto::TallyKey::from(&key)), Ok(key));
}

#[test]
fn numbers_of_64_bits_are_strings_in_json() {
    let json = serde_json::to_value(proto::Report::from(&sample())).unwrap();
    assert_eq!(json["votes"], serde_json::json!(["24591", "218003"]));
    assert_eq!(json["optionIndexes"], serde_json::json!([1, 0]));
    assert_eq!(json["kind"], "REPORT_KIND_CORRECTION");
    let taken: proto::Report =
        serde_json::from_str(r#"{"optionIndexes": [0], "votes": [218003]}"#).unwrap();
    assert_eq!(taken.votes, [218_003]);
    let negative = serde_json::from_str::<proto::Report>(r#"{"votes": [-16022]}"#);
    assert!(
        negative.is_err(),
        "a negative count is refused before it is a number (F5)"
    );
}

#[test]
fn what_is_no_report_is_refused_by_field() {
    type Change = fn(&mut proto::Report);
    let cases: [(Change, &str, &str, RefusalCode); 12] = [
        (
            |report| report.unit_id.clear(),
            "unit_id",
            "",
            RefusalCode::Shape,
        ),
        (
            |report| report.unit_id = "a/b".into(),
            "unit_id",
            "a/b",
            RefusalCode::Shape,
        ),
        (
            |report| report.contest_id.clear(),
            "contest_id",
            "",
            RefusalCode::Shape,
        ),
        (
            |report| report.counting_group_id = "ä".into(),
            "counting_group_id",
            "ä",
            RefusalCode::Shape,
        ),
        (|report| report.kind = 0, "kind", "0", RefusalCode::Shape),
        (|report| report.kind = 99, "kind", "99", RefusalCode::Shape),
        (
            |report| report.ballot_hash = vec![7; 31].into(),
            "ballot_hash",
            "31 bytes",
            RefusalCode::Shape,
        ),
        (
            |report| report.votes.push(1),
            "votes",
            "3 numbers",
            RefusalCode::Shape,
        ),
        (
            |report| report.option_indexes.push(1),
            "votes",
            "2 numbers",
            RefusalCode::Shape,
        ),
        (
            |report| {
                report.votes = vec![0; 10_001];
                report.option_indexes = (0..10_001).collect();
            },
            "votes",
            "10001 numbers",
            RefusalCode::Limit,
        ),
        (
            |report| report.form[1].counter = 0,
            "form[1].counter",
            "0",
            RefusalCode::Shape,
        ),
        (
            |report| report.form[0].counter = 14,
            "form[0].counter",
            "14",
            RefusalCode::Shape,
        ),
    ];
    for (change, field, value, code) in cases {
        let mut message = proto::Report::from(&sample());
        change(&mut message);
        let refusal = Report::try_from(message).unwrap_err();
        assert_eq!(
            (refusal.field.as_str(), refusal.value.as_str(), refusal.code),
            (field, value, code)
        );
        assert!(!refusal.rule.is_empty());
    }
    assert_eq!(submission(None).unwrap_err().field, "submission");
}

#[test]
fn counts_that_are_not_those_of_a_ballot_are_refused() {
    type Change = fn(&mut proto::Counts);
    let cases: [(Change, &str, RefusalCode); 6] = [
        (
            |counts| counts.option_indexes[1] = 2,
            "option_indexes[1]",
            RefusalCode::Shape,
        ),
        (
            |counts| counts.option_indexes[1] = 0,
            "option_indexes[1]",
            RefusalCode::RepeatedOption,
        ),
        (
            |counts| counts.votes[0] = 1 << 32,
            "votes[0]",
            RefusalCode::Limit,
        ),
        (
            |counts| counts.form[0].value = u64::MAX,
            "form[0].value",
            RefusalCode::Limit,
        ),
        (
            |counts| counts.form.push(counts.form[0]),
            "form[1].counter",
            RefusalCode::Shape,
        ),
        (|counts| counts.votes.clear(), "votes", RefusalCode::Shape),
    ];
    let mut counts = Counts {
        votes: vec![5, 6],
        form: Form::EMPTY,
    };
    counts.form.set(Counter::Valid, 11);
    for (change, field, code) in cases {
        let mut message = proto::Counts::from(&counts);
        change(&mut message);
        let refusal = Counts::try_from(message).unwrap_err();
        assert_eq!((refusal.field.as_str(), refusal.code), (field, code));
    }
}

#[test]
fn an_empty_attribution_is_none() {
    let mut message = proto::Report::from(&sample());
    message.attribution = Some(proto::Attribution::default());
    assert_eq!(Report::try_from(message).unwrap().attribution, None);
}

#[test]
fn names_of_the_contract_are_those_of_the_domain() {
    fn check<T: Enumeration>(
        values: &[T],
        name: fn(&T) -> &'static str,
        prefix: &str,
        names: fn(i32) -> &'static str,
    ) {
        for value in values {
            let expected = format!("{prefix}{}", name(value).to_uppercase().replace('-', "_"));
            assert_eq!(names(value.number()), expected);
        }
    }
    let counter = |number| proto::Counter::try_from(number).unwrap().as_str_name();
    check(&Counter::ALL, |counter| counter.name(), "COUNTER_", counter);
    let kind = |number| proto::ReportKind::try_from(number).unwrap().as_str_name();
    check(&ReportKind::ALL, |kind| kind.name(), "REPORT_KIND_", kind);
    let status = |number| proto::UnitStatus::try_from(number).unwrap().as_str_name();
    check(
        &UnitStatus::ALL,
        |status| status.name(),
        "UNIT_STATUS_",
        status,
    );
}
