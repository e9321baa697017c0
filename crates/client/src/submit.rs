//! Submitting reports until each one is answered.

use std::collections::VecDeque;
use std::time::Duration;

use election::ids::ElectionId;
use election::report::Outcome;
use election::submission::Submission;
use futures::stream::Fuse;
use futures::{FutureExt as _, Stream, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tracing::debug;
use wire::ingestion::v1::tally_ingestion_service_client::TallyIngestionServiceClient;
use wire::ingestion::v1::{SubmitReportsRequest, SubmitReportsResponse};

use crate::Client;
use crate::backoff::Backoff;
use crate::error::{ClientError, is_retryable};
use crate::service::Service;

/// Reports that are sent and unanswered. More are not taken from the source.
pub const IN_FLIGHT_MAX: usize = 1_024;

/// How reports are submitted.
#[derive(Debug, Clone)]
pub struct SubmitOptions {
    /// Only ask what the outcomes would be.
    pub validate_only: bool,
    /// Give up when no report was answered for so long.
    pub silence_max: Duration,
}

impl Default for SubmitOptions {
    /// To be stored; a minute of patience.
    fn default() -> Self {
        Self {
            validate_only: false,
            silence_max: Duration::from_secs(60),
        }
    }
}

impl Client {
    /// Submits reports and gives the outcome of each, in their order: (place in the source from 0, outcome).
    ///
    /// When the stream breaks it is opened again and every report without an answer is sent again: that is safe, because
    /// a report is absolute and versioned. So an outcome may be DUPLICATE although the source held the report once. Up
    /// to [`IN_FLIGHT_MAX`] reports are in flight; read the outcomes, or the source is not read on. Must be called
    /// within a runtime; dropping the stream of outcomes ends it, and leaves what is unanswered unknown.
    ///
    /// The stream ends after the last outcome, or with an error: a call that is refused for good, or
    /// [`ClientError::Unanswered`] after a silence.
    pub fn submit(
        &self,
        election: &ElectionId,
        submissions: impl Stream<Item = Submission> + Send + Unpin + 'static,
        options: SubmitOptions,
    ) -> ReceiverStream<Result<(u64, Outcome), ClientError>> {
        let (outcomes, answered) = mpsc::channel(IN_FLIGHT_MAX);
        let submitter = Submitter {
            client: self.clone(),
            election: election.clone(),
            options,
            submissions: submissions.fuse(),
            has_ended: false,
            unanswered: VecDeque::new(),
            first_id: 0,
            sent: 0,
            heard: Instant::now(),
            refused: None,
            backoff: self.backoff.clone(),
            outcomes,
        };
        tokio::spawn(submitter.run());
        ReceiverStream::new(answered)
    }
}

struct Submitter<S> {
    client: Client,
    election: ElectionId,
    options: SubmitOptions,
    submissions: Fuse<S>,
    /// The source has no more.
    has_ended: bool,
    /// Taken from the source and not answered, in their order.
    unanswered: VecDeque<Submission>,
    /// The place of the first of them in the source.
    first_id: u64,
    /// How many of them were sent on the stream that is open.
    sent: usize,
    /// When something was last answered, or when the first report began to wait.
    heard: Instant,
    /// Why the last stream broke, if nothing was answered since.
    refused: Option<String>,
    backoff: Backoff,
    outcomes: mpsc::Sender<Result<(u64, Outcome), ClientError>>,
}

/// Why a stream ended before everything was answered.
enum Broken {
    /// It may be opened again.
    Status(Status),
    /// There is no point in it.
    Failed(ClientError),
    /// Nobody waits for outcomes.
    Abandoned,
}

type Opened = Streaming<SubmitReportsResponse>;

impl<S: Stream<Item = Submission> + Send + Unpin> Submitter<S> {
    async fn run(mut self) {
        while let Err(broken) = self.converse().await {
            if self.unanswered.is_empty() {
                // Nothing was waited for: what broke was a stream at rest.
                self.heard = Instant::now();
            }
            let failure = match broken {
                Broken::Status(status) if is_retryable(&status) => {
                    let refused = self.client.refused(Service::TallyIngestion, &status);
                    let pause = self
                        .backoff
                        .pause()
                        .max(refused.retry_after.unwrap_or_default());
                    debug!(%refused, unanswered = self.unanswered.len(), pause_ms = pause.as_millis(), "stream broke");
                    self.refused = Some(refused.to_string());
                    if Instant::now() + pause < self.heard + self.options.silence_max {
                        sleep(pause).await;
                        continue;
                    }
                    self.silent()
                }
                Broken::Status(status) => {
                    self.client.refused(Service::TallyIngestion, &status).into()
                }
                Broken::Failed(error) => error,
                Broken::Abandoned => return,
            };
            // Nobody hears it who has gone.
            let _ = self.outcomes.send(Err(failure)).await;
            return;
        }
    }

    fn silent(&mut self) -> ClientError {
        // What a stream was broken for says more than that the next one was silent.
        let last = self.refused.take();
        ClientError::Unanswered {
            unanswered: self.unanswered.len(),
            waited: self.options.silence_max,
            last: last.unwrap_or_else(|| "nothing was answered".to_owned()),
        }
    }

    /// One stream, until everything is answered or it breaks.
    async fn converse(&mut self) -> Result<(), Broken> {
        let (outgoing, messages) = mpsc::channel(IN_FLIGHT_MAX);
        self.sent = 0;
        let mut ingestion =
            TallyIngestionServiceClient::new(self.client.channel(Service::TallyIngestion));
        let request = self.client.request(ReceiverStream::new(messages));
        let opening = ingestion.submit_reports(request);
        tokio::pin!(opening);
        let mut opened = None;
        loop {
            self.send(&outgoing);
            if self.has_ended && self.unanswered.is_empty() {
                return Ok(());
            }
            let patience = self.heard + self.options.silence_max;
            tokio::select! {
                answer = next(&mut opened), if opened.is_some() => self.settle(answer, &mut opened).await?,
                submission = self.submissions.next(), if self.takes_more() => self.take(submission),
                response = &mut opening, if opened.is_none() => {
                    opened = Some(response.map_err(Broken::Status)?.into_inner());
                }
                () = sleep_until(patience), if !self.unanswered.is_empty() => {
                    return Err(Broken::Failed(self.silent()));
                }
                () = self.outcomes.closed() => return Err(Broken::Abandoned),
            }
        }
    }

    fn takes_more(&self) -> bool {
        !self.has_ended && self.unanswered.len() < IN_FLIGHT_MAX
    }

    /// Takes from the source what is there.
    fn take(&mut self, first: Option<Submission>) {
        if self.unanswered.is_empty() {
            self.heard = Instant::now();
        }
        let mut next = Some(first);
        while let Some(submission) = next {
            match submission {
                Some(submission) => self.unanswered.push_back(submission),
                None => self.has_ended = true,
            }
            next = self
                .takes_more()
                .then(|| self.submissions.next().now_or_never())
                .flatten();
        }
    }

    /// Puts on the stream what was not sent on it yet. There is always room: it holds as many as may be unanswered, and
    /// a stream that has ended says so where answers are read.
    fn send(&mut self, outgoing: &mpsc::Sender<SubmitReportsRequest>) {
        for submission in self.unanswered.range(self.sent..) {
            let offset = u64::try_from(self.sent).expect("a length fits in 64 bits");
            // The election holds for the messages after it.
            let election_id = match self.sent {
                0 => self.election.as_str().to_owned(),
                _ => String::new(),
            };
            let message = SubmitReportsRequest {
                request_id: self.first_id + offset,
                election_id,
                submission: Some(submission.into()),
                validate_only: self.options.validate_only,
            };
            if outgoing.try_send(message).is_err() {
                return;
            }
            self.sent += 1;
        }
    }

    /// Passes on an answer, and those that are there behind it.
    async fn settle(
        &mut self,
        first: Result<SubmitReportsResponse, Status>,
        opened: &mut Option<Opened>,
    ) -> Result<(), Broken> {
        let mut next = Some(first);
        while let Some(answer) = next {
            self.settle_one(answer.map_err(Broken::Status)?).await?;
            next = opened
                .as_mut()
                .and_then(|stream| stream.next().now_or_never())
                .flatten();
        }
        Ok(())
    }

    async fn settle_one(&mut self, answer: SubmitReportsResponse) -> Result<(), Broken> {
        let SubmitReportsResponse {
            request_id,
            outcome,
        } = answer;
        if request_id < self.first_id {
            // Answered before: somebody on the way has repeated it.
            return Ok(());
        }
        if request_id > self.first_id || self.sent == 0 {
            let what = format!("{request_id} is answered before {}", self.first_id);
            return Err(Broken::Status(Status::aborted(what)));
        }
        let outcome = outcome.ok_or(Broken::Failed(ClientError::Missing("outcome")))?;
        let outcome =
            Outcome::try_from(outcome).map_err(|refusal| Broken::Failed(refusal.into()))?;
        self.unanswered.pop_front();
        self.first_id += 1;
        self.sent -= 1;
        self.heard = Instant::now();
        self.refused = None;
        self.backoff.reset();
        let passed = self.outcomes.send(Ok((request_id, outcome))).await;
        passed.map_err(|_| Broken::Abandoned)
    }
}

async fn next(opened: &mut Option<Opened>) -> Result<SubmitReportsResponse, Status> {
    match opened {
        Some(stream) => {
            let ended = || Status::unavailable("the service has ended the stream");
            stream.message().await?.ok_or_else(ended)
        }
        None => std::future::pending().await,
    }
}
