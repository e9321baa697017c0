//! The newest groups of a log in memory, for those who watch at the head.

use std::collections::VecDeque;
use std::sync::Arc;

use election::ids::Revision;
use event_log::Record;

/// A group that is durable.
#[derive(Debug)]
pub(crate) struct Published {
    pub first_revision: Revision,
    pub records: Vec<Record>,
}

impl Published {
    pub fn last_revision(&self) -> Revision {
        Revision(self.first_revision.0 + self.records.len() as u64 - 1)
    }

    /// The records from a revision of the group on.
    pub fn from(&self, revision: Revision) -> &[Record] {
        let skip = revision.0.saturating_sub(self.first_revision.0);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        self.records.get(skip..).unwrap_or_default()
    }
}

/// The most bytes of records that are kept, whatever their number.
const BYTES_MAX: usize = 16 << 20;

/// The last groups, without a gap between them, at most so many records. Older ones are read from the log.
#[derive(Debug)]
pub(crate) struct Recent {
    groups: VecDeque<Arc<Published>>,
    records: usize,
    bytes: usize,
    records_max: usize,
}

impl Recent {
    pub fn new(records_max: usize) -> Self {
        Self {
            groups: VecDeque::new(),
            records: 0,
            bytes: 0,
            records_max,
        }
    }

    pub fn push(&mut self, group: Arc<Published>) {
        self.records += group.records.len();
        self.bytes += bytes(&group);
        self.groups.push_back(group);
        // The newest one always stays: who is at the head finds the next group here.
        while self.groups.len() > 1 && (self.records > self.records_max || self.bytes > BYTES_MAX) {
            let Some(oldest) = self.groups.pop_front() else {
                break;
            };
            self.records -= oldest.records.len();
            self.bytes -= bytes(&oldest);
        }
    }

    /// The groups that hold revision `from` and those after it; `None` if `from` is older than what is kept.
    pub fn since(&self, from: Revision) -> Option<Vec<Arc<Published>>> {
        let first = self.groups.front()?;
        if from < first.first_revision {
            return None;
        }
        let place = self
            .groups
            .partition_point(|group| group.last_revision() < from);
        Some(self.groups.range(place..).cloned().collect())
    }
}

fn bytes(group: &Published) -> usize {
    group.records.iter().map(Record::bytes).sum()
}
