//! The store that is asked: what state each tally is in, how it came there, and what waits for a reviewer.
//!
//! The log is the truth; this is an index of it that answers quickly and may be thrown away at any moment. It holds
//! pointers (slot, version, revision), never counts: those are read from the log at the revision that a row names.
//!
//! # What every store promises
//!
//! 1. **A prefix, exactly.** Its rows are the fold of revisions 1 to [`ResultsStore::applied_revision`], no more and no
//!    less: rows and applied revision change in one atomic step.
//! 2. **Idempotent, without gaps.** Changes at or below the applied revision are skipped; a gap is
//!    [`StoreError::Gap`] and changes nothing.
//! 3. **Any past revision.** Slots, their history and turnout can be asked for as they were at any revision.
//! 4. **Right or silent.** Every row carries a checksum, the sum over all of them is verified on opening, and a row
//!    that cannot be trusted is [`StoreError::Damaged`], never an answer. What to do then: drop the store, open it anew
//!    (the folder is set aside) and rebuild it from the log.
//!
//! It lags behind the log by design. [`StoreView`] lays the unapplied tail over it and answers at the durable head.

mod change;
mod checkpoint;
mod elections;
mod error;
mod layout;
mod ledger;
mod memory;
mod overlay;
mod row;
mod sled_store;
mod view;

pub use change::{
    Change, HeldReport, Milestone, MilestoneKind, SlotChange, SlotOutcome, TurnoutChange,
};
pub use error::StoreError;
pub use memory::MemoryStore;
pub use overlay::{Overlay, OverlayError};
pub use row::{CountedVersion, PendingReport, PendingVersion, SlotKey, SlotRow};
pub use sled_store::{Opened, SetAside, SledStore};
pub use view::StoreView;

use election::event::Recorded;
use election::ids::{ElectionId, Revision};

/// Asks for the newest state that a store has.
pub const LATEST: Revision = Revision(u64::MAX);

/// A good number of changes to apply at once while catching up: rows of the same block are then written once for many
/// changes. sled's readers wait while a batch is written, about a fifth of a second at this size.
pub const APPLY_CHANGES: usize = 32_768;

/// A store. See the crate's documentation for what it promises. Calls block on the disk: not for an async runtime.
pub trait ResultsStore: Send + Sync {
    /// The revision up to which the election's log is applied; [`Revision::ZERO`] for an election that it has not seen.
    fn applied_revision(&self, election: &ElectionId) -> Result<Revision, StoreError>;

    /// Applies changes in the order of their revisions and returns the applied revision afterwards.
    fn apply_changes(
        &self,
        election: &ElectionId,
        changes: &[Change],
    ) -> Result<Revision, StoreError>;

    /// Applies events: [`ResultsStore::apply_changes`] of what they change.
    fn apply(&self, election: &ElectionId, events: &[Recorded]) -> Result<Revision, StoreError> {
        let changes: Vec<Change> = events.iter().map(Change::of).collect();
        self.apply_changes(election, &changes)
    }

    /// The state of a tally at a revision; `None` while no event has touched it.
    fn slot(
        &self,
        election: &ElectionId,
        key: SlotKey,
        at: Revision,
    ) -> Result<Option<SlotRow>, StoreError>;

    /// The tallies from a key on that had been touched at a revision, in the order of their keys, at most `limit`.
    fn slots(
        &self,
        election: &ElectionId,
        from: SlotKey,
        limit: usize,
        at: Revision,
    ) -> Result<Vec<SlotRow>, StoreError>;

    /// What happened to a tally up to a revision, newest first, at most `limit`.
    fn history(
        &self,
        election: &ElectionId,
        key: SlotKey,
        at: Revision,
        limit: usize,
    ) -> Result<Vec<SlotChange>, StoreError>;

    /// The reports that wait for a reviewer now, from a held revision on, oldest first, at most `limit`.
    fn pending(
        &self,
        election: &ElectionId,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<PendingReport>, StoreError>;

    /// The turnout of a unit at a revision; `None` while it has reported none.
    fn turnout(
        &self,
        election: &ElectionId,
        unit: u32,
        at: Revision,
    ) -> Result<Option<TurnoutChange>, StoreError>;

    /// The events that concern no single unit (definitions, amendments, lots, declarations, ...), from a revision on,
    /// oldest first, at most `limit`.
    fn milestones(
        &self,
        election: &ElectionId,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Milestone>, StoreError>;
}
