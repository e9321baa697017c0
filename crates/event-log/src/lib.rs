//! The contract of an append-only event log, its memory engine and the conformance suite.
//!
//! An engine keeps, for each election, an unbroken sequence of opaque [`Record`]s with revisions 1, 2, 3, ...
//!
//! # What every engine promises
//!
//! 1. **Durable before answered.** `append` returns `Ok` only when the group would survive the loss of power. Nothing
//!    can be read, watched or counted before that.
//! 2. **All or nothing.** A group is there whole or not at all, also after a crash in the middle of writing it.
//! 3. **No gap, no overtaking.** A group is taken only if its first revision is the election's head + 1; else
//!    [`AppendError::Stale`] with the head, and nothing is written. This is the fence between two writers.
//! 4. **Once.** A `group_id` that the election already holds among its last [`GROUP_ID_WINDOW`] groups is not written
//!    again: the answer is the first one's, with `repeated` set. That is how a writer settles an unknown outcome.
//! 5. **A failed sync is final.** After [`AppendError::Failed`] the outcome of that group is *unknown*, and every later
//!    append fails too until the engine is opened anew.
//! 6. **Limits.** At most [`GROUP_RECORDS_MAX`] records and [`GROUP_BYTES_MAX`] bytes a group. A record that is a group of
//!    its own has at most [`RECORD_BYTES_MAX`] bytes.
//! 7. **Damage is told, never hidden.** A record that cannot be read as it was written is [`ReadError::Corrupt`] with
//!    election, revision and place; other elections go on.

pub mod conformance;
pub mod memory;

mod admission;
mod error;
mod record;

pub use admission::Admission;
pub use error::{AppendError, Damage, ReadError};
pub use record::{Appended, Group, GroupId, Head, Record, Stored};

use election::ids::{ElectionId, Revision};
use std::future::Future;

/// The most records in a group.
pub const GROUP_RECORDS_MAX: usize = 4_096;
/// The most bytes of records (public and annex together) in a group of several.
pub const GROUP_BYTES_MAX: usize = 1 << 20;
/// The most bytes of one record (public and annex together): twice as many as of a group of several, for the definition of
/// an election with 10,000 lists.
pub const RECORD_BYTES_MAX: usize = (2 << 20) - (8 << 10);
/// How many groups back a repeated `group_id` is recognised, at least.
pub const GROUP_ID_WINDOW: usize = 1_024;

/// An engine. See the crate's documentation for what it promises.
pub trait EventLog: Send + Sync + 'static {
    /// Appends a group. Dropping the future does not undo the append.
    fn append(&self, group: Group) -> impl Future<Output = Result<Appended, AppendError>> + Send;

    /// Reads records from revision `from` on, at least one if there is one, at most `records_max`, and stops after
    /// about `bytes_max` bytes. Empty when `from` is past the head.
    fn read(
        &self,
        election: &ElectionId,
        from: Revision,
        records_max: usize,
        bytes_max: usize,
    ) -> impl Future<Output = Result<Vec<Stored>, ReadError>> + Send;

    /// The heads of all elections, in the order of their ids.
    fn heads(&self) -> Vec<Head>;

    /// Whether room for the next groups was looked for and not found. What can be had again later (indexes, caches)
    /// should be written only when this is over: the log comes first.
    fn is_short_of_room(&self) -> bool;
}
