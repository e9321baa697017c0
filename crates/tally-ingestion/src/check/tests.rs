use super::*;
use election::bytes::codec::Writer;
use election::bytes::encode_submission;
use election::counts::Counter;
use election::definition::{Hash, OPTIONS_MAX};
use election::ids::{ContestId, CountingGroupId, ID_LENGTH_MAX, UnitId};
use election::report::{ReportKind, TallyKey};

fn report(change: impl FnOnce(&mut Report)) -> Submission {
    let mut report = Report {
        key: TallyKey {
            unit: UnitId::new("station-1").unwrap(),
            contest: ContestId::new("list").unwrap(),
            counting_group: CountingGroupId::new("all").unwrap(),
        },
        version: 1,
        kind: ReportKind::Full,
        ballot_hash: Hash([7; 32]),
        votes: vec![(0, 218), (1, 32)],
        form: vec![(Counter::Valid, 250)],
        attribution: None,
    };
    change(&mut report);
    Submission::Report(report)
}

fn attributed(by: &str, reason: &str) -> Option<Attribution> {
    let (by, reason) = (by.into(), reason.into());
    Some(Attribution { by, reason })
}

#[track_caller]
fn refused(submission: &Submission, code: RefusalCode, field: &str) {
    let refusal = check(submission).unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_str()), (code, field));
}

#[test]
fn a_plain_report_passes() {
    assert_eq!(check(&report(|_| {})), Ok(()));
}

#[test]
fn f5_a_count_beyond_any_unit_is_refused_with_its_place() {
    let over = COUNT_MAX + 1;
    refused(
        &report(|report| report.votes[1].1 = over),
        RefusalCode::Limit,
        "votes[1]",
    );
    refused(
        &report(|report| report.votes[0].1 = u64::MAX),
        RefusalCode::Limit,
        "votes[0]",
    );
    refused(
        &report(|report| report.form[0].1 = over),
        RefusalCode::Limit,
        "form[0].value",
    );
    assert_eq!(
        check(&report(|report| report.votes[1].1 = COUNT_MAX)),
        Ok(())
    );
}

#[test]
fn version_zero_is_refused() {
    refused(
        &report(|report| report.version = 0),
        RefusalCode::Shape,
        "version",
    );
}

#[test]
fn a_correction_says_who_and_why_within_the_limit() {
    let correction = |attribution| {
        report(|report| {
            report.kind = ReportKind::Correction;
            report.attribution = attribution;
        })
    };
    let code = RefusalCode::AttributionMissing;
    refused(&correction(None), code, "attribution");
    refused(
        &correction(attributed("commission", "")),
        code,
        "attribution.reason",
    );
    let longest = "x".repeat(ATTRIBUTION_BYTES_MAX);
    assert_eq!(check(&correction(attributed(&longest, &longest))), Ok(()));
    let longer = longest + "x";
    refused(
        &correction(attributed(&longer, "why")),
        RefusalCode::Limit,
        "attribution.by",
    );
}

#[test]
fn a_form_with_more_counters_than_there_are_is_refused() {
    let endless = report(|report| report.form = vec![(Counter::Valid, 1); COUNTERS + 1]);
    refused(&endless, RefusalCode::Limit, "form");
}

#[test]
fn turnout_is_held_to_the_same_limits() {
    let turnout = |version, ballots_issued| {
        Submission::Turnout(TurnoutReport {
            unit: UnitId::new("station-1").unwrap(),
            version,
            ballots_issued,
            is_final: false,
            attribution: None,
        })
    };
    assert_eq!(check(&turnout(1, COUNT_MAX)), Ok(()));
    refused(&turnout(0, 1), RefusalCode::Shape, "version");
    refused(
        &turnout(1, COUNT_MAX + 1),
        RefusalCode::Limit,
        "ballots_issued",
    );
}

#[test]
fn the_largest_report_that_passes_fits_the_room_kept_for_it() {
    let id = "x".repeat(ID_LENGTH_MAX);
    let text = "x".repeat(ATTRIBUTION_BYTES_MAX);
    let largest = report(|report| {
        report.key = TallyKey {
            unit: UnitId::new(&id).unwrap(),
            contest: ContestId::new(&id).unwrap(),
            counting_group: CountingGroupId::new(&id).unwrap(),
        };
        report.votes = vec![(0, COUNT_MAX); OPTIONS_MAX];
        report.form = vec![(Counter::Valid, COUNT_MAX); COUNTERS];
        report.attribution = attributed(&text, &text);
    });
    assert_eq!(check(&largest), Ok(()));
    let mut writer = Writer::default();
    encode_submission(&mut writer, &largest);
    assert!(
        writer.len() <= SUBMISSION_BYTES_MAX,
        "{} bytes",
        writer.len()
    );
}
