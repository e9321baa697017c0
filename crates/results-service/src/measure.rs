//! The metrics of the role. The listener that serves them is internal: they count what is embargoed, and must never be
//! public.

use std::collections::BTreeMap;
use std::time::Duration;

use election::ids::{ElectionId, Revision};
use election::report::{Outcome, RefusalCode};
use metrics::{counter, gauge, histogram};

/// Counted a batch at a time: looking up a counter costs about as much as deciding over a report.
pub(crate) fn outcomes(outcomes: &[Outcome]) {
    let mut counts = BTreeMap::<&'static str, u64>::new();
    for outcome in outcomes {
        *counts.entry(outcome.name()).or_default() += 1;
    }
    for (outcome, count) in counts {
        counter!("results_reports_total", "outcome" => outcome).increment(count);
    }
}

pub(crate) fn refused_command(code: RefusalCode) {
    counter!("results_commands_refused_total", "code" => code.name()).increment(1);
}

pub(crate) fn group(records: usize) {
    let records = u32::try_from(records).unwrap_or(u32::MAX);
    histogram!("results_group_records").record(records);
}

/// From handing a group to the log until it is durable: the sync, and the wait for the one before it.
pub(crate) fn appended(elapsed: Duration) {
    histogram!("results_append_seconds").record(elapsed);
}

/// From the arrival of a batch until all of it is durable.
pub(crate) fn batch(elapsed: Duration) {
    histogram!("results_batch_seconds").record(elapsed);
}

/// A snapshot that lies beyond the head of its log: what was acknowledged is lost, or lies behind damage.
pub(crate) fn snapshot_beyond_head() {
    counter!("results_snapshots_beyond_head_total").increment(1);
}

/// An election that was closed alone until the role is started again.
pub(crate) fn closed(id: &ElectionId) {
    counter!("results_elections_closed_total", "election" => id.to_string()).increment(1);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; revisions stay far below 2^52"
)]
pub(crate) fn election(id: &ElectionId, head: Revision, store_lag: u64, pending: u32) {
    let id = || id.to_string();
    gauge!("results_head_revision", "election" => id()).set(head.0 as f64);
    gauge!("results_store_lag_events", "election" => id()).set(store_lag as f64);
    gauge!("results_pending_reports", "election" => id()).set(pending);
}
