//! Messages as bytes of a batch.
//!
//! Nearly every report is plain: it is written from the message itself, without a domain value between, which would cost
//! five allocations a report. Whatever is not plain goes through the domain, which is also what words the refusals.

use election::bytes::codec::Writer;
use election::bytes::encode_submission;
use election::bytes::submission::{is_in_order, kind, write_in_order};
use election::counts::{COUNT_MAX, COUNTERS, Counter};
use election::definition::OPTIONS_MAX;
use election::ids::ID_LENGTH_MAX;
use election::report::{Refusal, ReportKind};
use wire::Enumeration as _;
use wire::common::v1::{FormCounter, Report};
use wire::ingestion::v1::submit_reports_request::Submission;

use crate::check::check;

/// Appends what is submitted, as [`encode_submission`] does.
///
/// # Errors
/// What no definition could make right; nothing is appended.
pub(crate) fn encode(writer: &mut Writer, submission: Option<Submission>) -> Result<(), Refusal> {
    if let Some(Submission::Report(report)) = &submission
        && let Some(kind) = plain(report)
    {
        write(writer, report, kind);
        return Ok(());
    }
    let submission = wire::submission(submission)?;
    check(&submission)?;
    encode_submission(writer, &submission);
    Ok(())
}

/// The kind of a report without any fault, and without an attribution.
fn plain(report: &Report) -> Option<ReportKind> {
    let kind = ReportKind::from_number(report.kind)?;
    let ids = [
        &report.unit_id,
        &report.contest_id,
        &report.counting_group_id,
    ];
    let is_plain = report.attribution.is_none()
        && !kind.needs_attribution()
        && ids.into_iter().all(|id| is_id(id))
        && report.version > 0
        && report.ballot_hash.len() == 32
        && report.option_indexes.len() == report.votes.len()
        && report.votes.len() <= OPTIONS_MAX
        && report.votes.iter().all(|votes| *votes <= COUNT_MAX)
        && report.form.len() <= COUNTERS
        && report.form.iter().all(is_counter);
    is_plain.then_some(kind)
}

fn is_id(text: &str) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    (1..=ID_LENGTH_MAX).contains(&text.len()) && text.as_bytes().iter().all(is_allowed)
}

fn is_counter(counter: &FormCounter) -> bool {
    counter.value <= COUNT_MAX && Counter::from_number(counter.counter).is_some()
}

/// The layout of `encode_submission`; a test holds the two together.
fn write(writer: &mut Writer, report: &Report, kind: ReportKind) {
    let pairs = report.option_indexes.iter().zip(&report.votes);
    let pairs = pairs.map(|(option, votes)| (*option, *votes));
    let form = report.form.iter().map(|counter| {
        let number = Counter::from_number(counter.counter).expect("a plain report's counters");
        (number, counter.value)
    });
    let in_order = is_in_order(pairs.clone(), form.clone());
    writer.u8(if in_order {
        kind::REPORT_IN_ORDER
    } else {
        kind::REPORT
    });
    writer.text(&report.unit_id);
    writer.text(&report.contest_id);
    writer.text(&report.counting_group_id);
    writer.u32(report.version);
    writer.u8(kind as u8);
    writer.raw(&report.ballot_hash);
    if in_order {
        write_in_order(writer, report.votes.iter().copied(), form);
    } else {
        writer.list(pairs, |writer, (option, votes)| {
            writer.u32(option);
            writer.u64(votes);
        });
        writer.list(form, |writer, (counter, value)| {
            writer.u8(counter as u8);
            writer.u64(value);
        });
    }
    writer.flag(false);
}

#[cfg(test)]
mod tests;
