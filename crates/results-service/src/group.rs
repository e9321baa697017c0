//! Groups on their way to the log: being put together, and being synced.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use election::bytes::RecordBytes;
use election::event::Recorded;
use election::ids::{ElectionId, LogId, Revision};
use event_log::{
    AppendError, Appended, GROUP_BYTES_MAX, GROUP_RECORDS_MAX, Group, GroupId, Record,
};
use futures::FutureExt as _;
use futures::future::{BoxFuture, MaybeDone, maybe_done};
use tokio::time::Instant;

use crate::log::Log;
use crate::work::Answer;

/// Records that were decided, and the answers that wait for them. The records share one buffer: an allocation of its own
/// for each, freed by another thread, costs more than deciding.
#[derive(Default)]
pub(crate) struct Draft {
    pub events: Vec<Recorded>,
    pub answers: Vec<Answer>,
    bytes: Vec<u8>,
    /// Where the public part and the annex of each record end in the buffer.
    ends: Vec<(usize, usize)>,
}

impl Draft {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// An empty one with room for as much as another one holds: groups under load are alike.
    pub fn with_room_of(other: &Self) -> Self {
        Self {
            events: Vec::with_capacity(other.events.len()),
            answers: Vec::with_capacity(other.answers.len()),
            bytes: Vec::with_capacity(other.bytes.len()),
            ends: Vec::with_capacity(other.ends.len()),
        }
    }

    /// Whether so many more records of so many bytes fit into this group. A record that fits into no group with others
    /// may be one of its own.
    pub fn fits(&self, records: usize, bytes: usize) -> bool {
        let is_alone = self.is_empty() && records == 1;
        self.events.len() + records <= GROUP_RECORDS_MAX
            && (is_alone || self.bytes.len() + bytes <= GROUP_BYTES_MAX)
    }

    pub fn push(&mut self, event: Recorded, record: &RecordBytes) {
        self.bytes.extend_from_slice(&record.public);
        let public_end = self.bytes.len();
        self.bytes.extend_from_slice(&record.annex);
        self.ends.push((public_end, self.bytes.len()));
        self.events.push(event);
    }

    /// Takes the records out.
    fn take_records(&mut self) -> Vec<Record> {
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        let mut start = 0;
        let ends = std::mem::take(&mut self.ends).into_iter();
        ends.map(|(public_end, end)| {
            let record = Record {
                public: bytes.slice(start..public_end),
                annex: bytes.slice(public_end..end),
            };
            start = end;
            record
        })
        .collect()
    }
}

/// The bytes of a record, both parts together.
pub(crate) fn record_bytes(record: &RecordBytes) -> usize {
    record.public.len() + record.annex.len()
}

/// A group that the log is syncing.
pub(crate) struct InFlight {
    pub draft: Draft,
    pub records: Vec<Record>,
    pub since: Instant,
}

/// The groups that the log is syncing, in the order of their revisions.
#[derive(Default)]
pub(crate) struct Pipeline {
    groups: VecDeque<(InFlight, MaybeDone<Append>)>,
}

type Append = BoxFuture<'static, Result<Appended, AppendError>>;

impl Pipeline {
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The group that was submitted last.
    pub fn last(&mut self) -> Option<&mut Draft> {
        self.groups.back_mut().map(|(group, _)| &mut group.draft)
    }

    /// The groups that the log is syncing, oldest first.
    pub fn drafts(&self) -> impl Iterator<Item = &Draft> {
        self.groups.iter().map(|(group, _)| &group.draft)
    }

    /// Hands a group to the log.
    pub fn submit(
        &mut self,
        log: &Arc<Log>,
        election: &ElectionId,
        log_id: LogId,
        group_id: GroupId,
        mut draft: Draft,
    ) {
        let first_revision = draft
            .events
            .first()
            .map_or(Revision::ZERO, |event| event.revision);
        let records = draft.take_records();
        let group = Group {
            election: election.clone(),
            log_id,
            group_id,
            first_revision,
            records: records.clone(),
        };
        let log = log.clone();
        let append = async move { log.append(group).await }.boxed();
        let group = InFlight {
            draft,
            records,
            since: Instant::now(),
        };
        self.groups.push_back((group, maybe_done(append)));
    }

    /// The oldest group with its outcome. All are polled in the order of their revisions each time, so the log takes
    /// them in that order; what is done early waits for those before it. Nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<(InFlight, Result<Appended, AppendError>)> {
        if self.groups.is_empty() {
            return None;
        }
        poll_fn(|context| {
            let mut done = false;
            for (place, (_, append)) in self.groups.iter_mut().enumerate() {
                let ready = append.poll_unpin(context).is_ready();
                done |= place == 0 && ready;
            }
            if done { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let (group, mut append) = self.groups.pop_front()?;
        let outcome = std::pin::Pin::new(&mut append).take_output()?;
        Some((group, outcome))
    }

    /// All that is left, oldest first, whatever became of it.
    pub fn abandon(&mut self) -> impl Iterator<Item = Draft> {
        self.groups.drain(..).map(|(group, _)| group.draft)
    }
}
