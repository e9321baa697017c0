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
//! 6. **Limits.** At most [`GROUP_RECORDS_MAX`] records and [`GROUP_BYTES_MAX`] bytes a group, at most
//!    [`RECORD_BYTES_MAX`] bytes a record.
//! 7. **Damage is told, never hidden.** A record that cannot be read as it was written is [`ReadError::Corrupt`] with
//!    election, revision and place; other elections go on.

use bytes::Bytes;
use election::ids::{ElectionId, LogId, Revision};
use std::future::Future;

/// The most records in a group.
pub const GROUP_RECORDS_MAX: usize = 4_096;
/// The most bytes of records (public and annex together) in a group.
pub const GROUP_BYTES_MAX: usize = 1 << 20;
/// The most bytes of one record (public and annex together).
pub const RECORD_BYTES_MAX: usize = 768 << 10;
/// How many groups back a repeated `group_id` is recognised, at least.
pub const GROUP_ID_WINDOW: usize = 1_024;

/// One event as bytes. The engine does not look inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What may be published: it holds the salted hash of the annex.
    pub public: Bytes,
    /// What stays inside: principal, notes, witnesses, held votes. Never empty for our own events (it holds the salt).
    pub annex: Bytes,
}

/// A writer's own name for a group, 16 random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupId(pub [u8; 16]);

/// What is appended as one: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Whose log.
    pub election: ElectionId,
    /// Which incarnation of that log; the first group of an election creates it.
    pub log_id: LogId,
    /// Names this group, so that a repeated append is known.
    pub group_id: GroupId,
    /// The revision of the first record: head + 1.
    pub first_revision: Revision,
    /// At least one record.
    pub records: Vec<Record>,
}

/// The answer to an append that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The revision of the group's first record.
    pub first_revision: Revision,
    /// The revision of its last record.
    pub last_revision: Revision,
    /// This group id was there already; nothing was written now.
    pub repeated: bool,
}

/// Where an election's log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose log.
    pub election: ElectionId,
    /// Which incarnation.
    pub log_id: LogId,
    /// The last durable revision.
    pub revision: Revision,
    /// Set if damage was found: the log is readable up to (not including) the damage and takes no append.
    pub damage: Option<Damage>,
}

/// Where a log is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("election {election}, revision {revision}: {place}: {what}")]
pub struct Damage {
    /// Whose log.
    pub election: ElectionId,
    /// The first revision that cannot be trusted.
    pub revision: Revision,
    /// File and offset, or key.
    pub place: String,
    /// What was found and what was expected.
    pub what: String,
}

/// A record with its revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the election's log.
    pub revision: Revision,
    /// Its bytes.
    pub record: Record,
}

/// Why nothing was appended, or why it is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Another writer was first. Read up to `head`, decide again.
    #[error("the log's head is revision {head}, the group starts at {first_revision}")]
    Stale {
        /// The durable head.
        head: Revision,
        /// What the group wanted.
        first_revision: Revision,
    },
    /// The election's log has another `log_id`.
    #[error("the log's id is {expected}, the group names {found}")]
    LogId {
        /// The id of the log that is there.
        expected: LogId,
        /// The id that the group names.
        found: LogId,
    },
    /// A limit of the contract is broken; nothing was written.
    #[error("{what} is {value}, at most {limit} is taken")]
    Limit {
        /// Which limit.
        what: &'static str,
        /// What was given.
        value: usize,
        /// What is taken.
        limit: usize,
    },
    /// There is no room. Nothing was written; a later append may succeed.
    #[error("no room for the log: {0}")]
    NoSpace(String),
    /// This election's log is damaged and read-only.
    #[error("the log is read-only: {0}")]
    ReadOnly(Damage),
    /// Writing or syncing failed: the outcome is unknown and the engine must be opened anew.
    #[error("the log failed, its last group is in doubt: {0}")]
    Failed(String),
    /// The engine is closed.
    #[error("the log is closed")]
    Closed,
}

/// Why nothing was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No such election.
    #[error("there is no log of election {0}")]
    Unknown(ElectionId),
    /// The bytes are not what was written.
    #[error("corrupt: {0}")]
    Corrupt(Damage),
    /// The operating system said no.
    #[error("reading the log failed: {0}")]
    Io(String),
}

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
}
