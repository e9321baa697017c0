//! A stream of batches to the results role, opened again when it breaks.

use std::collections::VecDeque;
use std::time::Duration;

use metrics::{counter, histogram};
use service_runtime::status::code_name;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use tracing::{error, info, warn};
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{
    AppendBatchesRequest, AppendBatchesResponse, BatchFailure, BatchFailureReason,
};

use crate::batch::{Batch, Chunk, Queue};
use crate::error::IngestionError;

/// Batches that may be sent and unanswered.
const BATCHES_UNANSWERED_MAX: usize = 256;

/// Reports that may be sent and unanswered: two groups of the log, one that is synced and one that is gathered.
const REPORTS_UNANSWERED_MAX: usize = 8_192;

/// Batches with room left are sent in flushes, each with all that waits. So many flushes may be unanswered: with one, a
/// report that just missed it would wait for a whole sync; with many, batches would be small under load.
const FLUSHES_UNANSWERED_MAX: usize = 2;

/// How much may wait here before streams wait.
const BYTES_WAITING_MAX: usize = 8 << 20;

/// Batches that may wait here before streams wait: one for each sender at least.
const BATCHES_WAITING_MAX: usize = 1_024;

/// Chunks that are taken in at once.
const CHUNKS_AT_ONCE: usize = 16;

/// The pause before a stream is opened again: doubled from the first to the last with each failure.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// One stream to the results role, with all that waits for it.
#[derive(Debug)]
pub(crate) struct Link {
    chunks: mpsc::Receiver<Chunk>,
    /// All senders of chunks are gone.
    is_closed: bool,
    results: ResultsServiceClient<Channel>,
    silence_max: Duration,
    waiting: Queue,
    unanswered: VecDeque<Sent>,
    reports_unanswered: usize,
    flushes_unanswered: usize,
    /// Batches to be sent one at a time: the results role has refused one of them, and must say which.
    alone: usize,
    next_batch_id: u64,
    /// When the results role last answered, or when something began to wait for it after a quiet time.
    heard: Instant,
    pause: Duration,
}

#[derive(Debug)]
struct Sent {
    batch: Batch,
    batch_id: u64,
    ends_flush: bool,
    time: Instant,
}

/// Why a stream to the results role ended.
enum End {
    /// Nothing is left to do.
    Done,
    /// It broke, and what is unanswered may be sent again.
    Lost(String),
    /// The results role has refused something, and will again.
    Refused(IngestionError),
    /// Nothing was heard for too long.
    Silent,
}

impl Link {
    pub(crate) fn new(
        chunks: mpsc::Receiver<Chunk>,
        results: Channel,
        silence_max: Duration,
    ) -> Self {
        Self {
            chunks,
            is_closed: false,
            results: ResultsServiceClient::new(results),
            silence_max,
            waiting: Queue::default(),
            unanswered: VecDeque::new(),
            reports_unanswered: 0,
            flushes_unanswered: 0,
            alone: 0,
            next_batch_id: 1,
            heard: Instant::now(),
            pause: PAUSES.0,
        }
    }

    /// Forwards chunks until all their senders are gone and everything is answered.
    pub(crate) async fn run(mut self) {
        loop {
            let end = self.converse().await;
            let unanswered = self.put_back();
            match end {
                End::Done => return,
                End::Lost(reason) => {
                    counter!("ingestion_results_stream_breaks_total").increment(1);
                    let batches = self.waiting.len();
                    warn!(%reason, batches, pause_ms = self.pause.as_millis(), "results stream broke");
                    self.rest().await;
                }
                End::Refused(refusal) => self.blame(unanswered, &refusal),
                End::Silent => self.fail(&IngestionError::ResultsSilent(self.silence_max)),
            }
        }
    }

    /// One stream, from its opening to its end.
    async fn converse(&mut self) -> End {
        let (outgoing, messages) = mpsc::channel(BATCHES_UNANSWERED_MAX);
        let mut results = self.results.clone();
        let opening = results.append_batches(ReceiverStream::new(messages));
        tokio::pin!(opening);
        let mut answers = None;
        let mut arrived = Vec::with_capacity(CHUNKS_AT_ONCE);
        loop {
            self.send_ready(&outgoing);
            if self.is_closed && self.is_settled() {
                return End::Done;
            }
            let has_room = self.has_room();
            tokio::select! {
                answer = next_answer(&mut answers), if answers.is_some() => {
                    match answer.map_err(|status| ended(&status)).and_then(|answer| self.settle(answer)) {
                        Ok(()) => {}
                        Err(end) => return end,
                    }
                }
                count = self.chunks.recv_many(&mut arrived, CHUNKS_AT_ONCE), if !self.is_closed && has_room => {
                    self.is_closed = count == 0;
                    self.take_in(&mut arrived);
                }
                opened = &mut opening, if answers.is_none() => match opened {
                    Ok(response) => answers = Some(response.into_inner()),
                    Err(status) => return ended(&status),
                },
                () = sleep_until(self.heard + self.silence_max), if !self.is_settled() => return End::Silent,
            }
        }
    }

    fn is_settled(&self) -> bool {
        self.waiting.is_empty() && self.unanswered.is_empty()
    }

    fn has_room(&self) -> bool {
        self.waiting.bytes() < BYTES_WAITING_MAX && self.waiting.len() < BATCHES_WAITING_MAX
    }

    fn take_in(&mut self, arrived: &mut Vec<Chunk>) {
        if self.is_settled() {
            self.heard = Instant::now();
        }
        for chunk in arrived.drain(..) {
            self.waiting.push(chunk);
        }
    }

    fn may_send(&self) -> bool {
        match self.unanswered.len() {
            0 => true,
            unanswered => {
                self.alone == 0
                    && unanswered < BATCHES_UNANSWERED_MAX
                    && self.reports_unanswered < REPORTS_UNANSWERED_MAX
            }
        }
    }

    /// Sends full batches, and in a flush all others too, as far as the bounds allow.
    fn send_ready(&mut self, outgoing: &mpsc::Sender<AppendBatchesRequest>) {
        let flush = self.flushes_unanswered < FLUSHES_UNANSWERED_MAX;
        let mut sent_any = false;
        while self.may_send()
            && let Some(batch) = self.waiting.pop(flush)
        {
            let batch_id = self.next_batch_id;
            self.next_batch_id += 1;
            if outgoing.try_send(request(batch_id, &batch)).is_err() {
                // The stream has ended: the select will say how, and all of this is sent again.
                self.waiting.put_back([batch].into_iter());
                return;
            }
            counter!("ingestion_batches_total").increment(1);
            self.reports_unanswered += batch.count;
            self.unanswered.push_back(Sent {
                batch,
                batch_id,
                ends_flush: false,
                time: Instant::now(),
            });
            sent_any = true;
        }
        if flush
            && sent_any
            && let Some(last) = self.unanswered.back_mut()
        {
            last.ends_flush = true;
            self.flushes_unanswered += 1;
        }
    }

    /// Answers the streams whose reports were in the oldest unanswered batch.
    fn settle(&mut self, answer: AppendBatchesResponse) -> Result<(), End> {
        let AppendBatchesResponse {
            batch_id,
            outcomes,
            outcome_count: _,
            failure,
        } = answer;
        let misunderstood = |what| Err(End::Refused(IngestionError::Hop(what)));
        let Some(sent) = self.unanswered.front_mut() else {
            return misunderstood(format!("batch {batch_id} is answered, but none was sent"));
        };
        if sent.batch_id != batch_id {
            let expected = sent.batch_id;
            return misunderstood(format!("batch {batch_id} is answered before {expected}"));
        }
        match failure {
            Some(failure) => {
                let failure = self::failure(failure);
                let (election, reports) = (&sent.batch.sender.election, sent.batch.count);
                error!(%failure, %election, reports, "batch failed");
                sent.batch.fail(&failure);
            }
            None => {
                if let Err(error) = sent.batch.settle(&outcomes) {
                    return misunderstood(format!("the outcomes of batch {batch_id}: {error}"));
                }
            }
        }
        histogram!("ingestion_batch_reports").record(f64::from(count_u32(sent.batch.count)));
        histogram!("ingestion_batch_seconds").record(sent.time.elapsed());
        self.reports_unanswered -= sent.batch.count;
        self.flushes_unanswered -= usize::from(sent.ends_flush);
        self.alone = self.alone.saturating_sub(1);
        self.unanswered.pop_front();
        self.heard = Instant::now();
        self.pause = PAUSES.0;
        Ok(())
    }

    /// Puts what is unanswered back in front of what waits, and says how many batches that were.
    fn put_back(&mut self) -> usize {
        let unanswered = self.unanswered.len();
        let sent = self.unanswered.drain(..);
        self.waiting.put_back(sent.map(|sent| sent.batch));
        self.reports_unanswered = 0;
        self.flushes_unanswered = 0;
        unanswered
    }

    /// Finds the batch that is refused. The end of a stream does not say which it was: of several unanswered ones each
    /// is sent again alone, and only the one that is refused then fails, no other election or client with it.
    fn blame(&mut self, unanswered: usize, refusal: &IngestionError) {
        match unanswered {
            0 => self.fail(refusal),
            1 => {
                self.alone = self.alone.saturating_sub(1);
                if let Some(mut refused) = self.waiting.pop(true) {
                    let (election, reports) = (&refused.sender.election, refused.count);
                    error!(%refusal, %election, reports, "batch refused");
                    refused.fail(refusal);
                }
            }
            several => {
                warn!(%refusal, batches = several, "a batch is refused; sending them one at a time");
                self.alone = several;
            }
        }
    }

    fn fail(&mut self, failure: &IngestionError) {
        error!(%failure, batches = self.waiting.len(), "reports fail");
        self.waiting
            .drain()
            .for_each(|mut batch| batch.fail(failure));
        self.alone = 0;
    }

    /// Waits before the next stream, but not beyond the time that reports may wait.
    async fn rest(&mut self) {
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSES.1);
        if self.is_settled() {
            return sleep(pause).await;
        }
        if timeout_at(self.heard + self.silence_max, sleep(pause))
            .await
            .is_err()
        {
            self.fail(&IngestionError::ResultsSilent(self.silence_max));
        } else {
            info!(
                batches = self.waiting.len(),
                "opening the results stream again"
            );
        }
    }
}

fn request(batch_id: u64, batch: &Batch) -> AppendBatchesRequest {
    AppendBatchesRequest {
        batch_id,
        election_id: batch.sender.election.as_str().into(),
        principal: batch.sender.principal.to_string(),
        reports: batch.reports.clone(),
        report_count: count_u32(batch.count),
        validate_only: batch.validate_only,
    }
}

fn count_u32(reports: usize) -> u32 {
    u32::try_from(reports).expect("a batch has a few hundred reports")
}

async fn next_answer(
    answers: &mut Option<Streaming<AppendBatchesResponse>>,
) -> Result<AppendBatchesResponse, Status> {
    match answers {
        Some(answers) => {
            let ended = || Status::unavailable("the results service has ended the stream");
            answers.message().await?.ok_or_else(ended)
        }
        None => std::future::pending().await,
    }
}

/// Why one election's batch has no outcomes.
fn failure(failure: BatchFailure) -> IngestionError {
    let reason = failure.reason();
    let BatchFailure { message, .. } = failure;
    match reason {
        BatchFailureReason::ReadOnly => IngestionError::ResultsClosed(message),
        BatchFailureReason::NoSpace => IngestionError::NoSpace(message),
        BatchFailureReason::Unspecified => IngestionError::Hop(message),
    }
}

/// What the end of a stream means for what is unanswered.
fn ended(status: &Status) -> End {
    let reason = format!("{}: {}", code_name(status.code()), status.message());
    match status.code() {
        // Also what a broken connection says, in several ways.
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable => End::Lost(reason),
        Code::FailedPrecondition | Code::DataLoss => {
            End::Refused(IngestionError::ResultsClosed(reason))
        }
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::OutOfRange
        | Code::Unimplemented => End::Refused(IngestionError::Hop(reason)),
    }
}
