//! Messages as bytes of a batch.
//!
//! Nearly every report is plain: it is written from the bytes of its message, without a message and a domain value between,
//! which would cost seven and five allocations. Whatever is not plain goes through both; the domain is also what words the
//! refusals.

use election::bytes::codec::Writer;
use election::bytes::encode_submission;
use election::bytes::submission::kind;
use election::counts::{COUNTERS, Counter};
use election::definition::OPTIONS_MAX;
use election::ids::is_id;
use election::report::{Refusal, ReportKind};
use election::submission::Submission;
use wire::common::v1::FormCounter;
use wire::ingestion::v1::submit_reports_request::Submission as Submitted;
use wire::{Enumeration as _, PlainReport};

use crate::check::check;

/// Appends a report as [`encode`] does. `None`: it has a fault, for [`encode`] to word, and nothing is appended.
pub(crate) fn encode_plain(writer: &mut Writer, report: &PlainReport<'_>) -> Option<()> {
    let PlainReport {
        unit_id,
        contest_id,
        counting_group_id,
        version,
        kind,
        ballot_hash,
        votes,
        form,
    } = report;
    let kind = ReportKind::from_number(*kind)?;
    let ids = [unit_id, contest_id, counting_group_id];
    let is_right = !kind.needs_attribution()
        && ids.into_iter().all(|id| is_id(id.as_bytes()))
        && *version > 0
        && ballot_hash.len() == 32
        && votes.len() <= OPTIONS_MAX;
    let mut values = [None; COUNTERS];
    for FormCounter { counter, value } in *form {
        let counter = Counter::from_number(*counter)?;
        let value = u32::try_from(*value).ok()?;
        if values[usize::from(counter as u8)].replace(value).is_some() {
            return None;
        }
    }
    if !is_right {
        return None;
    }
    writer.u8(kind::REPORT_IN_ORDER);
    ids.into_iter().for_each(|id| writer.text(id));
    writer.u32(*version);
    writer.u8(kind as u8);
    writer.raw(ballot_hash);
    writer.length(votes.len());
    writer.u32s(votes);
    writer.length(form.len());
    for (counter, value) in Counter::ALL.into_iter().zip(values) {
        if let Some(value) = value {
            writer.u8(counter as u8);
            writer.u32(value);
        }
    }
    writer.flag(false);
    Some(())
}

/// Appends what is submitted, as [`encode_submission`] does; counters that stand once in the order of their numbers.
///
/// # Errors
/// What no definition could make right; nothing is appended.
pub(crate) fn encode(writer: &mut Writer, submission: Option<Submitted>) -> Result<(), Refusal> {
    let mut submission = wire::submission(submission)?;
    check(&submission)?;
    if let Submission::Report(report) = &mut submission {
        put_in_order(&mut report.form);
    }
    encode_submission(writer, &submission);
    Ok(())
}

/// A form says the same in any order, and in order it takes the short way. A counter that stands twice is refused by its
/// place: then all stay where they are.
fn put_in_order(form: &mut Vec<(Counter, u64)>) {
    let follows =
        |(one, _): &(Counter, u64), (other, _): &(Counter, u64)| (*one as u8) < *other as u8;
    if form.is_sorted_by(follows) {
        return;
    }
    let mut sorted = form.clone();
    sorted.sort_by_key(|(counter, _)| *counter as u8);
    if sorted.is_sorted_by(follows) {
        *form = sorted;
    }
}

#[cfg(test)]
mod tests;
