//! One stream of a client: reports are read as far as the window allows, and answered in their order.

use std::sync::Arc;

use bytes::Bytes;
use election::bytes::codec::Writer;
use election::ids::ElectionId;
use election::report::{Outcome, Refusal, RefusalCode};
use futures::{FutureExt as _, Stream, StreamExt as _, stream};
use metrics::{counter, gauge};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tracing::debug;
use wire::{PlainReader, submit_request};

use crate::batch::{Chunk, Outcomes, Sender, is_chunk_full};
use crate::encode::{encode, encode_plain};
use crate::error::IngestionError;
use crate::forward::Forwarder;

/// Reports of one stream that are read and unanswered. More are not read.
pub const IN_FLIGHT_MAX: usize = 1_024;

/// The bytes of a message as it came, or how the stream broke.
type Incoming = Result<Bytes, IngestionError>;

/// The answer to a message.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) request_id: u64,
    pub(crate) outcome: Outcome,
}

/// Answers each message of a stream, in their order, after it is durable or refused.
///
/// Reading goes on in a task of its own, so that answers are not held up by it; it ends with either half of the stream,
/// and when the service stops.
pub(crate) fn answer_each(
    incoming: impl Stream<Item = Incoming> + Send + Unpin + 'static,
    principal: Arc<str>,
    forwarder: Forwarder,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Answer, IngestionError>> {
    // Each part that waits holds at least one report of the window, and the last is the end: sending never waits.
    let (parts, waiting) = mpsc::channel(IN_FLIGHT_MAX + 1);
    let window = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let stopper = forwarder.stopper().clone();
    let reader = Reader {
        incoming,
        principal,
        forwarder,
        window: Arc::clone(&window),
        parts,
        plain: PlainReader::default(),
        election: None,
        bytes_expected: 0,
    };
    let stopping = stopper.stopping();
    stopper.spawn(async move {
        gauge!("ingestion_streams_open").increment(1);
        reader.run(stopping).await;
        gauge!("ingestion_streams_open").decrement(1);
        drop(permit);
    });
    ReceiverStream::new(waiting)
        .then(move |part: Part| part.answers(Arc::clone(&window)))
        .flat_map(stream::iter)
}

/// Consecutive messages of a stream, read at once.
#[derive(Debug, Default)]
struct Part {
    request_ids: Vec<u64>,
    /// Refused here, by their place in the part.
    refusals: Vec<(usize, Refusal)>,
    /// Those of all others; none: all are refused.
    outcomes: Option<oneshot::Receiver<Outcomes>>,
    /// Keeps the link open until the outcomes are there: a device that sends one report and closes its half would
    /// otherwise leave a link that the next one cannot use.
    link: Option<mpsc::Sender<Chunk>>,
    /// The stream ends after this part with this error.
    end: Option<IngestionError>,
}

impl Part {
    async fn answers(self, window: Arc<Semaphore>) -> Vec<Result<Answer, IngestionError>> {
        let Self {
            request_ids,
            refusals,
            outcomes,
            link,
            end,
        } = self;
        let outcomes = match outcomes {
            None => Ok(Vec::new()),
            // The link is cut at the end of the grace period, and drops what it has not answered.
            Some(outcomes) => outcomes.await.unwrap_or(Err(IngestionError::Stopping)),
        };
        drop(link);
        let mut outcomes = match outcomes {
            Ok(outcomes) => outcomes.into_iter(),
            Err(error) => return vec![Err(error)],
        };
        window.add_permits(request_ids.len());
        let mut refusals = refusals.into_iter().peekable();
        let answers = request_ids
            .into_iter()
            .enumerate()
            .map(|(place, request_id)| {
                let refusal = refusals.next_if(|(refused, _)| *refused == place);
                let outcome = match refusal {
                    Some((_, refusal)) => Outcome::Refused(refusal),
                    None => outcomes
                        .next()
                        .expect("a batch is settled with as many outcomes as reports"),
                };
                Ok(Answer {
                    request_id,
                    outcome,
                })
            });
        let mut answers: Vec<_> = answers.collect();
        count(&answers);
        answers.extend(end.map(Err));
        answers
    }
}

/// Counts outcomes by their names. Neighbours are mostly alike, so the metric is touched a few times only.
fn count(answers: &[Result<Answer, IngestionError>]) {
    let names = answers.iter().flatten().map(|answer| answer.outcome.name());
    let names: Vec<_> = names.collect();
    for same in names.chunk_by(|one, other| one == other) {
        let number = u64::try_from(same.len()).expect("a length fits in 64 bits");
        counter!("ingestion_reports_total", "outcome" => same[0]).increment(number);
    }
}

struct Reader<S> {
    incoming: S,
    principal: Arc<str>,
    forwarder: Forwarder,
    window: Arc<Semaphore>,
    parts: mpsc::Sender<Part>,
    plain: PlainReader,
    /// The election of the last message that named one, with the way to it.
    election: Option<(ElectionId, mpsc::Sender<Chunk>)>,
    /// About how many bytes the next part will have: as many as the last one, so that its buffer seldom grows.
    bytes_expected: usize,
}

/// A part that is being read.
#[derive(Debug)]
struct Reading {
    part: Part,
    reports: Writer,
    count: usize,
    validate_only: bool,
}

impl Reading {
    fn new(bytes_expected: usize) -> Self {
        Self {
            part: Part::default(),
            reports: Writer::with_capacity(bytes_expected),
            count: 0,
            validate_only: false,
        }
    }

    /// Gives a message its place among the answers.
    fn take(&mut self, request_id: u64, taken: Result<(), Refusal>) {
        let part = &mut self.part;
        match taken {
            Ok(()) => self.count += 1,
            Err(refusal) => part.refusals.push((part.request_ids.len(), refusal)),
        }
        part.request_ids.push(request_id);
    }
}

impl<S: Stream<Item = Incoming> + Send + Unpin> Reader<S> {
    async fn run(mut self, stopping: impl Future<Output = ()> + Send) {
        tokio::pin!(stopping);
        let end = loop {
            let next = tokio::select! {
                biased;
                () = &mut stopping => break Some(IngestionError::Stopping),
                () = self.parts.closed() => return,
                next = next(&self.window, &mut self.incoming) => next,
            };
            match next {
                None => break None,
                Some(Err(error)) => break Some(error),
                Some(Ok(first)) => {
                    if let Err(end) = self.read_ready(first).await {
                        break end;
                    }
                }
            }
        };
        if let Some(error) = end {
            debug!(%error, principal = %self.principal, "stream ends");
            let end = Some(error);
            // A client that has gone does not hear the end.
            let _ = self
                .parts
                .send(Part {
                    end,
                    ..Part::default()
                })
                .await;
        }
    }

    /// Reads on while messages are there and the window allows it, then forwards what was read.
    async fn read_ready(&mut self, first: Bytes) -> Result<(), Option<IngestionError>> {
        let mut reading = Reading::new(self.bytes_expected);
        let mut next = Some(Ok(first));
        let mut room = self.window.available_permits();
        let end = loop {
            match next {
                None => break Err(None),
                Some(Err(error)) => break Err(Some(error)),
                Some(Ok(message)) => {
                    if let Err(error) = self.read(message, &mut reading).await {
                        break Err(Some(error));
                    }
                }
            }
            if room == 0 || is_chunk_full(reading.part.request_ids.len(), reading.reports.len()) {
                break Ok(());
            }
            let Some(ready) = self.incoming.next().now_or_never() else {
                break Ok(());
            };
            if matches!(ready, Some(Ok(_))) {
                room -= 1;
                self.window.forget_permits(1);
            }
            next = ready;
        };
        self.bytes_expected = reading.reports.len();
        self.forward(reading).await;
        end
    }

    /// Reads a message into the part; one that cannot go with those before it has them forwarded first.
    async fn read(&mut self, message: Bytes, reading: &mut Reading) -> Result<(), IngestionError> {
        let mut plain = std::mem::take(&mut self.plain);
        if let Some(request) = plain.read(&message) {
            let head = (request.election_id, request.validate_only);
            let entered = self.enter(head, reading).await;
            let taken = entered.map(|()| encode_plain(&mut reading.reports, &request.report));
            let request_id = request.request_id;
            if let Some(taken) = taken.transpose() {
                reading.take(request_id, taken);
                self.plain = plain;
                return Ok(());
            }
        }
        self.plain = plain;
        let request = submit_request(message).map_err(IngestionError::Malformed)?;
        let head = (request.election_id.as_str(), request.validate_only);
        let entered = self.enter(head, reading).await;
        let taken = entered.and_then(|()| encode(&mut reading.reports, request.submission));
        reading.take(request.request_id, taken);
        Ok(())
    }

    /// Makes room for a message with this election and this wish to be validated only.
    async fn enter(
        &mut self,
        (election_id, validate_only): (&str, bool),
        reading: &mut Reading,
    ) -> Result<(), Refusal> {
        let moves = self.moves_to(election_id);
        if reading.count > 0 && (moves || reading.validate_only != validate_only) {
            let read = std::mem::replace(reading, Reading::new(0));
            self.forward(read).await;
        }
        self.go_to(moves, election_id)?;
        if reading.count == 0 {
            reading.validate_only = validate_only;
        }
        Ok(())
    }

    /// Whether a message names another election than the one before.
    fn moves_to(&self, election_id: &str) -> bool {
        let current = self.election.as_ref();
        !election_id.is_empty()
            && current.is_none_or(|(current, _)| current.as_str() != election_id)
    }

    /// Makes the named election the current one.
    fn go_to(&mut self, moves: bool, election_id: &str) -> Result<(), Refusal> {
        if moves {
            self.election = None;
            let election = ElectionId::new(election_id).map_err(|error| {
                let code = RefusalCode::Shape;
                Refusal::new(code, "election_id", election_id, error.to_string())
            })?;
            let link = self.forwarder.link(&election);
            self.election = Some((election, link));
        }
        let rule = "must be set in the first message of a stream, and after one that is no id";
        let missing = || Refusal::new(RefusalCode::Shape, "election_id", "", rule);
        self.election.as_ref().map(|_| ()).ok_or_else(missing)
    }

    async fn forward(&mut self, reading: Reading) {
        let Reading {
            mut part,
            reports,
            count,
            validate_only,
        } = reading;
        if let Some((election, link)) = self.election.as_ref().filter(|_| count > 0) {
            let (reply, outcomes) = oneshot::channel();
            let chunk = Chunk {
                sender: Sender {
                    election: election.clone(),
                    principal: Arc::clone(&self.principal),
                },
                validate_only,
                reports: reports.into_bytes(),
                count,
                reply,
            };
            // A link that was cut drops the chunk, and its reply says so.
            let _ = link.send(chunk).await;
            part.outcomes = Some(outcomes);
            part.link = Some(link.clone());
        }
        let _ = self.parts.send(part).await;
    }
}

/// The next message, once the window has room for it.
async fn next<S: Stream + Unpin>(window: &Semaphore, incoming: &mut S) -> Option<S::Item> {
    let permit = window.acquire().await.expect("the window is never closed");
    let next = incoming.next().await;
    permit.forget();
    next
}
