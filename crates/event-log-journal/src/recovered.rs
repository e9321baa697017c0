//! What an opening finds out about a journal.

use crate::index::Index;
use election::ids::{ElectionId, Revision};
use event_log::{Admission, Damage};

/// What an opening finds out.
#[derive(Debug)]
pub(crate) struct Recovered<F> {
    pub index: Index<F>,
    pub admission: Admission,
    /// The bytes of the last batch, if it is intact; they are written and synced again, as nobody knows if that was done.
    pub last_batch: Option<Extent>,
    /// The bytes of a write that was cut off; they are made zero again.
    pub torn: Option<Extent>,
    /// Where writing goes on.
    pub next: Position,
    /// The last batch is a seal.
    pub sealed: bool,
    /// A place that may have held a group of any election, known or not: no new election may be created.
    pub unowned: Option<Unowned>,
    /// Batches whose content hash is not what the next one says.
    pub edited: Vec<String>,
    /// Groups and records that are indexed.
    pub groups: u64,
    pub records: u64,
}

/// A stretch of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub segment: u32,
    pub start: u64,
    pub end: u64,
}

/// Where and as what the next batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub segment: u32,
    pub offset: u64,
    pub batch: u64,
}

/// Damage of which the owner is not known.
#[derive(Debug, Clone)]
pub(crate) struct Unowned {
    pub place: String,
    pub what: String,
    /// The number of the thing found, for comparing with what was seen of an election.
    pub order: u64,
}

impl Unowned {
    pub(crate) fn damage(&self, election: &ElectionId, revision: Revision) -> Damage {
        Damage {
            election: election.clone(),
            revision,
            place: self.place.clone(),
            what: self.what.clone(),
        }
    }
}
