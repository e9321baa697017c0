//! The hop from ingestion: batches in, answers out in the same order.

use std::sync::Arc;

use election::bytes::codec::{Reader, Writer};
use election::bytes::{decode_submissions, encode_outcome};
use election::ids::ElectionId;
use election::report::{Outcome, Refusal, RefusalCode};
use election::submission::Submission;
use event_log::{GROUP_BYTES_MAX, GROUP_RECORDS_MAX};
use futures::{Stream, StreamExt as _, stream};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tonic::{Status, Streaming};
use wire::results::v1::{
    AppendBatchesRequest, AppendBatchesResponse, BatchFailure, BatchFailureReason,
};

use crate::error::Error;
use crate::measure;
use crate::role::Shared;
use crate::work::{Batch, Work, unknown_election};

/// The longest name of a principal, in bytes.
pub(super) const PRINCIPAL_BYTES_MAX: usize = 256;

/// Answers batch after batch. Batches are taken in their order, and only so many as may be on their way at once; each
/// is answered when all of it is durable.
pub(super) fn answers(
    shared: Arc<Shared>,
    batches: Streaming<AppendBatchesRequest>,
) -> impl Stream<Item = Result<AppendBatchesResponse, Status>> + Send {
    let at_once = shared.config.stream_batches_max;
    let stopper = shared.stopper.clone();
    let end = stream::once(async move {
        let stopped = Error::Unavailable("the service stops");
        stopper.is_stopping().then(|| Err(stopped.into()))
    });
    batches
        .take_until(shared.stopper.stopping())
        .then(move |batch| submit(shared.clone(), batch))
        .map(|submitted| async { submitted?.answer().await.map_err(Status::from) })
        .buffered(at_once)
        .chain(end.filter_map(std::future::ready))
}

/// A batch that waits for its answer.
struct Submitted {
    batch_id: u64,
    since: Instant,
    outcomes: oneshot::Receiver<Result<Vec<Outcome>, Error>>,
}

impl Submitted {
    async fn answer(self) -> Result<AppendBatchesResponse, Error> {
        let lost = |_| Error::Unavailable("the log failed and is opened anew");
        let outcomes = match self.outcomes.await.map_err(lost)? {
            Ok(outcomes) => outcomes,
            Err(error) => return Self::failed(self.batch_id, error),
        };
        measure::batch(self.since.elapsed());
        let mut writer = Writer::with_capacity(outcomes.len() * 16);
        let each = outcomes.iter();
        each.for_each(|outcome| encode_outcome(&mut writer, outcome));
        Ok(AppendBatchesResponse {
            batch_id: self.batch_id,
            outcomes: writer.into_bytes().into(),
            outcome_count: u32::try_from(outcomes.len())
                .expect("a batch has at most 4,096 reports"),
            failure: None,
        })
    }

    /// One stream carries the reports of many elections: what is wrong with the log of one is an answer and does not end
    /// it. Whatever else is wrong does, and the sender sends again.
    fn failed(batch_id: u64, error: Error) -> Result<AppendBatchesResponse, Error> {
        let (reason, damaged_revision) = match &error {
            Error::ReadOnly(damage) => (BatchFailureReason::ReadOnly, damage.revision.0),
            Error::NoSpace(_) => (BatchFailureReason::NoSpace, 0),
            _ => return Err(error),
        };
        Ok(AppendBatchesResponse {
            batch_id,
            failure: Some(BatchFailure {
                reason: reason.into(),
                message: error.to_string(),
                damaged_revision,
            }),
            ..AppendBatchesResponse::default()
        })
    }
}

/// Hands a batch to its election's sequencer; waits while that has no room.
async fn submit(
    shared: Arc<Shared>,
    batch: Result<AppendBatchesRequest, Status>,
) -> Result<Submitted, Status> {
    let since = Instant::now();
    let AppendBatchesRequest {
        batch_id,
        election_id,
        principal,
        reports,
        report_count,
        validate_only,
    } = batch?;
    let submissions = decode(&reports, report_count).map_err(Error::from)?;
    check_principal(&principal).map_err(Error::from)?;
    let (answer, outcomes) = oneshot::channel();
    let submitted = Submitted {
        batch_id,
        since,
        outcomes,
    };
    let id = wire::id("election_id", &election_id, ElectionId::new).map_err(Error::from)?;
    match shared.hosted(&id) {
        Ok(hosted) => {
            let batch = Batch {
                principal,
                submissions,
                validate_only,
                answer,
            };
            hosted.send(Work::Batch(batch)).await;
        }
        // One stream carries the reports of many elections: a wrong id is an answer and does not end it.
        Err(Error::NoElection(_)) => {
            let refused = Outcome::Refused(unknown_election(&election_id));
            answer.send(Ok(vec![refused; submissions.len()])).ok();
        }
        Err(error) => drop(answer.send(Err(error))),
    }
    Ok(submitted)
}

fn decode(reports: &[u8], report_count: u32) -> Result<Vec<Submission>, Refusal> {
    let count = usize::try_from(report_count).unwrap_or(usize::MAX);
    if !(1..=GROUP_RECORDS_MAX).contains(&count) {
        let rule = format!("1 to {GROUP_RECORDS_MAX}");
        return Err(limit("report_count", report_count, rule));
    }
    if reports.len() > GROUP_BYTES_MAX {
        let rule = format!("at most {GROUP_BYTES_MAX} bytes");
        return Err(limit("reports", format!("{} bytes", reports.len()), rule));
    }
    let mut reader = Reader::new(reports);
    let submissions = decode_submissions(&mut reader, count);
    let submissions = submissions.and_then(|all| reader.end().map(|()| all));
    submissions.map_err(|error| {
        let value = format!("{} bytes", reports.len());
        Refusal::new(RefusalCode::Shape, "reports", value, error.to_string())
    })
}

pub(super) fn check_principal(principal: &str) -> Result<(), Refusal> {
    if principal.len() <= PRINCIPAL_BYTES_MAX {
        return Ok(());
    }
    let value = format!("{} bytes", principal.len());
    let rule = format!("at most {PRINCIPAL_BYTES_MAX} bytes");
    Err(limit("principal", value, rule))
}

fn limit(field: &str, value: impl std::fmt::Display, rule: String) -> Refusal {
    Refusal::new(RefusalCode::Limit, field, value, rule)
}
