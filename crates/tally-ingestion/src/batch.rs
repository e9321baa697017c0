//! Reports of several streams on their way to the results role.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use election::bytes::codec::Reader;
use election::bytes::{DecodeError, decode_outcome};
use election::ids::ElectionId;
use election::report::Outcome;
use tokio::sync::oneshot;

use crate::check::SUBMISSION_BYTES_MAX;
use crate::error::IngestionError;

/// A batch with so many reports takes no more. The results role takes up to 4,096, but smaller ones overlap better.
pub(crate) const BATCH_REPORTS_MAX: usize = 512;

/// A batch has at most so many bytes.
pub(crate) const BATCH_BYTES_MAX: usize = 256 << 10;

/// What the reports of a batch have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) election: ElectionId,
    pub(crate) principal: Arc<str>,
}

/// The outcomes of a chunk in the order of its reports, or why there are none.
pub(crate) type Outcomes = Result<Vec<Outcome>, IngestionError>;

/// Reports of one stream, encoded.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) sender: Sender,
    pub(crate) validate_only: bool,
    pub(crate) reports: Vec<u8>,
    pub(crate) count: usize,
    pub(crate) reply: oneshot::Sender<Outcomes>,
}

/// Whether a chunk can take no further report.
pub(crate) fn is_chunk_full(count: usize, bytes: usize) -> bool {
    count >= BATCH_REPORTS_MAX || bytes + SUBMISSION_BYTES_MAX > BATCH_BYTES_MAX
}

/// Chunks that are sent together.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) sender: Sender,
    pub(crate) validate_only: bool,
    pub(crate) reports: Bytes,
    pub(crate) count: usize,
    replies: Vec<(usize, oneshot::Sender<Outcomes>)>,
}

impl Batch {
    /// Answers each chunk with its part of the outcomes.
    ///
    /// # Errors
    /// When the bytes are not as many outcomes as reports; the batch is as before.
    pub(crate) fn settle(&mut self, outcomes: &[u8]) -> Result<(), DecodeError> {
        let mut reader = Reader::new(outcomes);
        let mut settled = Vec::with_capacity(self.replies.len());
        for (count, _) in &self.replies {
            let outcomes: Result<Vec<_>, _> =
                (0..*count).map(|_| decode_outcome(&mut reader)).collect();
            settled.push(outcomes?);
        }
        reader.end()?;
        for ((_, reply), outcomes) in self.replies.drain(..).zip(settled) {
            // A client that has gone does not wait for its answer.
            let _ = reply.send(Ok(outcomes));
        }
        Ok(())
    }

    /// Answers each chunk with an error.
    pub(crate) fn fail(&mut self, error: &IngestionError) {
        for (_, reply) in self.replies.drain(..) {
            let _ = reply.send(Err(error.clone()));
        }
    }
}

/// A batch that still takes chunks.
#[derive(Debug)]
struct OpenBatch {
    sender: Sender,
    validate_only: bool,
    reports: Vec<u8>,
    replies: Vec<(usize, oneshot::Sender<Outcomes>)>,
    count: usize,
}

impl OpenBatch {
    fn takes(&self, chunk: &Chunk) -> bool {
        self.validate_only == chunk.validate_only
            && self.count + chunk.count <= BATCH_REPORTS_MAX
            && self.reports.len() + chunk.reports.len() <= BATCH_BYTES_MAX
    }

    fn close(self) -> Batch {
        Batch {
            sender: self.sender,
            validate_only: self.validate_only,
            reports: self.reports.into(),
            count: self.count,
            replies: self.replies,
        }
    }
}

/// Batches that wait to be sent, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Sent before and lost with their stream: sent again as they were.
    again: VecDeque<Batch>,
    open: VecDeque<OpenBatch>,
    bytes: usize,
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.again.is_empty() && self.open.is_empty()
    }

    /// How many batches wait.
    pub(crate) fn len(&self) -> usize {
        self.again.len() + self.open.len()
    }

    /// How many bytes wait in chunks that were not sent before.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a chunk to the newest batch of its sender, or begins one. Never to an older one: reports of one stream keep
    /// their order.
    pub(crate) fn push(&mut self, chunk: Chunk) {
        self.bytes += chunk.reports.len();
        let same_sender = |batch: &&mut OpenBatch| batch.sender == chunk.sender;
        let newest = self.open.iter_mut().rev().find(same_sender);
        if let Some(batch) = newest.filter(|batch| batch.takes(&chunk)) {
            batch.reports.extend_from_slice(&chunk.reports);
            batch.count += chunk.count;
            batch.replies.push((chunk.count, chunk.reply));
            return;
        }
        self.open.push_back(OpenBatch {
            sender: chunk.sender,
            validate_only: chunk.validate_only,
            reports: chunk.reports,
            count: chunk.count,
            replies: vec![(chunk.count, chunk.reply)],
        });
    }

    /// The oldest batch, where it is to be sent: always if it would be sent again or something waits behind it; one
    /// that could still grow, only in a flush.
    pub(crate) fn pop(&mut self, flush: bool) -> Option<Batch> {
        if let Some(batch) = self.again.pop_front() {
            return Some(batch);
        }
        let is_full = |batch: &mut OpenBatch| is_chunk_full(batch.count, batch.reports.len());
        let open = self.open.pop_front_if(|batch| flush || is_full(batch))?;
        self.bytes -= open.reports.len();
        Some(open.close())
    }

    /// Puts batches back in front, in their order: their stream broke.
    pub(crate) fn put_back(&mut self, unanswered: impl DoubleEndedIterator<Item = Batch>) {
        unanswered
            .rev()
            .for_each(|batch| self.again.push_front(batch));
    }

    /// Takes everything out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Batch> {
        self.bytes = 0;
        let open = std::mem::take(&mut self.open);
        let again = std::mem::take(&mut self.again);
        again
            .into_iter()
            .chain(open.into_iter().map(OpenBatch::close))
    }
}
