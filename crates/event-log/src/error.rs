//! What can go wrong, and where.

use election::ids::{ElectionId, LogId, Revision};

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
    /// The group holds no record; nothing was written.
    #[error("a group has at least one record, this one has none")]
    Empty,
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
