//! What the store answers, and the one fold that makes it.

use crate::change::{HeldReport, SlotChange, SlotOutcome};
use election::event::{Slot, SlotState};
use election::ids::{Revision, Timestamp};
use election::report::ReportKind;

/// The key of a tally, by positions in the definition; its order is that of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotKey {
    /// Index of the unit in the register.
    pub unit: u32,
    /// Index of the contest in the ballot.
    pub contest: u8,
    /// Index of the counting group in the ballot.
    pub counting_group: u8,
}

impl SlotKey {
    /// Before all keys of a unit: where a scan from that unit starts.
    pub const fn first_of(unit: u32) -> Self {
        Self {
            unit,
            contest: 0,
            counting_group: 0,
        }
    }
}

impl From<Slot> for SlotKey {
    fn from(slot: Slot) -> Self {
        Self {
            unit: slot.unit,
            contest: slot.contest,
            counting_group: slot.counting_group,
        }
    }
}

/// The version that is in the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedVersion {
    /// Its number.
    pub version: u32,
    /// The event that brought it into the count; the log has the counts there.
    pub revision: Revision,
}

/// A version that waits for a reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingVersion {
    /// Its number.
    pub version: u32,
    /// The event that held it; the log has the counts there.
    pub revision: Revision,
}

/// The state of a tally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRow {
    /// Whose.
    pub slot: Slot,
    /// Status, and whether something is counted or pending.
    pub state: SlotState,
    /// The version in the count.
    pub counted: Option<CountedVersion>,
    /// The versions that wait for a reviewer, oldest first.
    pub pending: Vec<PendingVersion>,
    /// The event that changed it last.
    pub last_revision: Revision,
    /// What that event was.
    pub last_outcome: SlotOutcome,
}

/// A report that waits for a reviewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingReport {
    /// The event that held it; a release or rejection names it.
    pub revision: Revision,
    /// Whose tally.
    pub slot: Slot,
    /// Its version.
    pub version: u32,
    /// What it is; `None` never stands in a row of our own log.
    pub kind: Option<ReportKind>,
    /// The report of the same version that it conflicts with.
    pub conflicts_with: Option<Revision>,
    /// When it was held.
    pub time: Timestamp,
    /// The codes of the reasons; empty for a mere conflict.
    pub reasons: Vec<&'static str>,
}

impl PendingReport {
    pub(crate) fn new(change: &SlotChange, held: &HeldReport) -> Self {
        Self {
            revision: change.revision,
            slot: change.slot,
            version: change.version.unwrap_or(0),
            kind: change.kind,
            conflicts_with: change.reference,
            time: held.time,
            reasons: held.reasons.clone(),
        }
    }
}

impl SlotRow {
    /// Takes a step: the row after `change`, given the row before it. The held revisions that wait no longer are pushed
    /// to `settled`.
    pub(crate) fn step(
        before: Option<Self>,
        change: &SlotChange,
        settled: &mut Vec<Revision>,
    ) -> Self {
        let (mut counted, mut pending) = match before {
            Some(row) => (row.counted, row.pending),
            None => (None, Vec::new()),
        };
        match (change.outcome, change.version) {
            (SlotOutcome::Counted | SlotOutcome::Released, Some(version)) => {
                counted = Some(CountedVersion {
                    version,
                    revision: change.revision,
                });
            }
            (SlotOutcome::Held | SlotOutcome::Conflict, Some(version)) => {
                pending.push(PendingVersion {
                    version,
                    revision: change.revision,
                });
            }
            _ => {}
        }
        if !change.after.counted {
            counted = None;
        }
        // What waits below the counted version can no longer be counted; a conflict at that version still can. The
        // event's own word on whether anything waits goes before: a fold never asks the rules of `decide` again.
        let still_waits = |waiting: &PendingVersion| {
            change.after.pending
                && match (change.outcome, change.version) {
                    (SlotOutcome::Counted, Some(version)) => waiting.version >= version,
                    (SlotOutcome::Withdrawn, Some(version)) => waiting.version > version,
                    (SlotOutcome::Released, version) => {
                        Some(waiting.revision) != change.reference
                            && version.is_none_or(|version| waiting.version >= version)
                    }
                    (SlotOutcome::Rejected, _) => Some(waiting.revision) != change.reference,
                    _ => true,
                }
        };
        pending.retain(|waiting| {
            let waits = still_waits(waiting);
            if !waits {
                settled.push(waiting.revision);
            }
            waits
        });
        Self {
            slot: change.slot,
            state: change.after,
            counted,
            pending,
            last_revision: change.revision,
            last_outcome: change.outcome,
        }
    }

    /// The row after a run of changes, oldest first.
    pub(crate) fn fold<'a>(
        before: Option<Self>,
        changes: impl IntoIterator<Item = &'a SlotChange>,
    ) -> Option<Self> {
        let mut settled = Vec::new();
        changes.into_iter().fold(before, |row, change| {
            Some(Self::step(row, change, &mut settled))
        })
    }
}

impl SlotChange {
    /// The row after this change does not depend on anything before it: a walk back through the history may stop here.
    pub(crate) fn determines_row(&self) -> bool {
        !self.after.pending && (!self.after.counted || self.outcome.counts())
    }
}
