//! The load: the same client against the roles and against the echo.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;
use wire::common::v1::outcome;
use wire::ingestion::v1::tally_ingestion_service_client::TallyIngestionServiceClient;
use wire::ingestion::v1::{SubmitReportsRequest, SubmitReportsResponse};

use crate::Outcome;
use crate::night::Night;

/// So many connections to a server, each with a call made so that it is open.
pub fn connections(address: &str, count: u32) -> Outcome<Vec<Channel>> {
    let connect = |_| Ok(service_runtime::channel::connect(address)?);
    (0..count).map(connect).collect()
}

/// The message of a report; the first of a stream names the election for those that follow.
pub fn message(night: &Night, request_id: u64, unit: u32, version: u32) -> SubmitReportsRequest {
    let election_id = match request_id {
        0 => night.election().as_str().to_owned(),
        _ => String::new(),
    };
    SubmitReportsRequest {
        request_id,
        election_id,
        submission: Some((&night.report(unit, version)).into()),
        validate_only: false,
    }
}

/// Sends one report of each unit, a stream on each connection, as fast as they are taken; returns when all are answered.
pub async fn burst(
    channels: &[Channel],
    night: &Arc<Night>,
    units: u32,
    version: u32,
) -> Outcome<Duration> {
    let streams = u32::try_from(channels.len())?;
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, channel) in (0..streams).zip(channels) {
        let (channel, night) = (channel.clone(), night.clone());
        tasks.spawn(async move {
            let own = (number..units).step_by(usize::try_from(streams)?);
            let count = own.len();
            let messages = (0..).zip(own).map({
                let night = night.clone();
                move |(id, unit)| message(&night, id, unit, version)
            });
            let mut client = TallyIngestionServiceClient::new(channel);
            let answers = client.submit_reports(stream::iter(messages)).await?;
            let mut answers = answers.into_inner();
            for id in 0..count {
                accepted(answers.message().await?, u64::try_from(id)?)?;
            }
            Outcome::Ok(())
        });
    }
    finish(tasks).await?;
    Ok(started.elapsed())
}

/// A stream with one report in flight at a time.
pub struct OneByOne {
    requests: mpsc::Sender<SubmitReportsRequest>,
    answers: Streaming<SubmitReportsResponse>,
    sent: u64,
}

impl OneByOne {
    /// Opens the stream.
    pub async fn open(channel: Channel) -> Outcome<Self> {
        let (requests, messages) = mpsc::channel(1);
        let mut client = TallyIngestionServiceClient::new(channel);
        let answers = client.submit_reports(ReceiverStream::new(messages)).await?;
        Ok(Self {
            requests,
            answers: answers.into_inner(),
            sent: 0,
        })
    }

    /// Sends a report and waits for its answer: how long that took.
    pub async fn submit(&mut self, night: &Night, unit: u32, version: u32) -> Outcome<Duration> {
        let message = message(night, self.sent, unit, version);
        let started = Instant::now();
        self.requests.send(message).await?;
        accepted(self.answers.message().await?, self.sent)?;
        self.sent += 1;
        Ok(started.elapsed())
    }
}

/// So many clients, each with one report in flight, for this long: reports a second.
pub async fn one_by_one(
    address: &str,
    night: &Arc<Night>,
    clients: u32,
    units: u32,
    span: Duration,
) -> Outcome<f64> {
    let mut tasks = JoinSet::new();
    let end = Instant::now() + span;
    for (number, channel) in (0..clients).zip(connections(address, clients)?) {
        let night = night.clone();
        tasks.spawn(async move {
            let mut stream = OneByOne::open(channel).await?;
            let mut own = (number..units).step_by(usize::try_from(clients)?);
            let mut count = 0_u32;
            while Instant::now() < end {
                let unit = own
                    .next()
                    .ok_or("more reports were taken than there are units")?;
                stream.submit(&night, unit, 1).await?;
                count += 1;
            }
            Ok(count)
        });
    }
    let counts: u32 = finish(tasks).await?.into_iter().sum();
    Ok(f64::from(counts) / span.as_secs_f64())
}

fn accepted(answer: Option<SubmitReportsResponse>, request_id: u64) -> Outcome<()> {
    let answer = answer.ok_or("the stream ended before every report was answered")?;
    let outcome = answer.outcome.and_then(|outcome| outcome.outcome);
    if answer.request_id == request_id && matches!(outcome, Some(outcome::Outcome::Accepted(_))) {
        return Ok(());
    }
    Err(format!(
        "report {request_id} is answered {} {outcome:?}",
        answer.request_id
    )
    .into())
}

async fn finish<T: 'static>(mut tasks: JoinSet<Outcome<T>>) -> Outcome<Vec<T>> {
    let mut results = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        results.push(ended??);
    }
    Ok(results)
}
