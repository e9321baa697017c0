//! What is appended and what is read back.

use crate::{AppendError, Damage, GROUP_BYTES_MAX, GROUP_RECORDS_MAX, RECORD_BYTES_MAX};
use bytes::Bytes;
use election::ids::{ElectionId, LogId, Revision};

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

/// A record with its revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the election's log.
    pub revision: Revision,
    /// Its bytes.
    pub record: Record,
}

impl Record {
    /// The bytes of both parts together.
    pub fn bytes(&self) -> usize {
        self.public.len() + self.annex.len()
    }
}

impl Group {
    /// Checks promise 6. Every engine calls this before anything else, so that all refuse the same groups.
    pub fn check(&self) -> Result<(), AppendError> {
        if self.records.is_empty() {
            return Err(AppendError::Empty);
        }
        limit(
            "the number of records in a group",
            self.records.len(),
            GROUP_RECORDS_MAX,
        )?;
        if let [record] = &self.records[..] {
            return limit(
                "the size of a record in bytes",
                record.bytes(),
                RECORD_BYTES_MAX,
            );
        }
        limit(
            "the size of a group in bytes",
            self.bytes(),
            GROUP_BYTES_MAX,
        )
    }

    /// The bytes of all records together.
    pub fn bytes(&self) -> usize {
        self.records.iter().map(Record::bytes).sum()
    }

    /// The answer to this group once it is durable. Only of use where the group is not empty.
    pub fn appended(&self) -> Appended {
        let more = self.records.len().saturating_sub(1);
        let last_revision = Revision(self.first_revision.0.saturating_add(more as u64));
        Appended {
            first_revision: self.first_revision,
            last_revision,
            repeated: false,
        }
    }
}

fn limit(what: &'static str, value: usize, limit: usize) -> Result<(), AppendError> {
    if value > limit {
        Err(AppendError::Limit { what, value, limit })
    } else {
        Ok(())
    }
}
