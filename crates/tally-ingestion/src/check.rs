//! What can be said of a report without the definition: limits and lengths. The rest is decided by the results role.

use election::counts::{COUNT_MAX, COUNTERS};
use election::report::{
    ATTRIBUTION_BYTES_MAX, Attribution, Refusal, RefusalCode, Report, TurnoutReport,
};
use election::submission::Submission;

/// The most bytes that a checked submission takes in a batch: its longest part is 12 bytes for each option.
pub(crate) const SUBMISSION_BYTES_MAX: usize = 128 << 10;

/// Refuses what no definition could make right.
///
/// # Errors
/// The first field that is over a limit, with its path, its value and the rule.
pub(crate) fn check(submission: &Submission) -> Result<(), Refusal> {
    match submission {
        Submission::Report(report) => check_report(report),
        Submission::Turnout(turnout) => check_turnout(turnout),
    }
}

fn check_report(report: &Report) -> Result<(), Refusal> {
    check_version(report.version)?;
    for (position, (_, votes)) in report.votes.iter().enumerate() {
        check_count(*votes, || format!("votes[{position}]"))?;
    }
    if report.form.len() > COUNTERS {
        let rule = format!("each of the {COUNTERS} counters stands at most once");
        let value = format!("{} counters", report.form.len());
        return Err(Refusal::new(RefusalCode::Limit, "form", value, rule));
    }
    for (position, (_, value)) in report.form.iter().enumerate() {
        check_count(*value, || format!("form[{position}].value"))?;
    }
    match &report.attribution {
        Some(attribution) => check_attribution(attribution),
        None if report.kind.needs_attribution() => {
            let rule = format!("a {} must say who ordered it and why", report.kind.name());
            let code = RefusalCode::AttributionMissing;
            Err(Refusal::new(code, "attribution", "", rule))
        }
        None => Ok(()),
    }
}

fn check_turnout(turnout: &TurnoutReport) -> Result<(), Refusal> {
    check_version(turnout.version)?;
    check_count(turnout.ballots_issued, || "ballots_issued".into())?;
    turnout
        .attribution
        .as_ref()
        .map_or(Ok(()), check_attribution)
}

fn check_version(version: u32) -> Result<(), Refusal> {
    if version == 0 {
        return Err(Refusal::new(
            RefusalCode::Shape,
            "version",
            version,
            "versions begin at 1",
        ));
    }
    Ok(())
}

fn check_count(count: u64, field: impl FnOnce() -> String) -> Result<(), Refusal> {
    if count > COUNT_MAX {
        let rule = format!("at most {COUNT_MAX}");
        return Err(Refusal::new(RefusalCode::Limit, field(), count, rule));
    }
    Ok(())
}

fn check_attribution(attribution: &Attribution) -> Result<(), Refusal> {
    let Attribution { by, reason } = attribution;
    for (field, text) in [("attribution.by", by), ("attribution.reason", reason)] {
        if text.is_empty() {
            let code = RefusalCode::AttributionMissing;
            return Err(Refusal::new(code, field, "", "must not be empty"));
        }
        if text.len() > ATTRIBUTION_BYTES_MAX {
            let rule = format!("at most {ATTRIBUTION_BYTES_MAX} bytes");
            let value = format!("{} bytes", text.len());
            return Err(Refusal::new(RefusalCode::Limit, field, value, rule));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
