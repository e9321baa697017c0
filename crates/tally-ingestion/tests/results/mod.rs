//! A results role in memory that accepts everything, and misbehaves when told to.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use election::bytes::codec::{Reader, Writer};
use election::bytes::{decode_submission, encode_outcome};
use election::ids::Revision;
use election::report::{DuplicateStanding, Outcome};
use election::submission::Submission;
use futures::{Stream, StreamExt as _};
use service_runtime::services::{Contract, Services};
use tonic::{Request, Response, Status, Streaming};
use wire::results::v1 as proto;
use wire::results::v1::results_service_server::{ResultsService, ResultsServiceServer};

/// What the role has seen, and how it is to behave.
#[derive(Debug, Default)]
pub struct Results {
    /// Everything that was appended, in its order.
    pub appended: Mutex<Vec<Appended>>,
    /// Sizes of the batches that came.
    pub batches: Mutex<Vec<usize>>,
    /// Streams that were opened.
    pub streams: AtomicUsize,
    /// Streams break after so many batches each, with the last one appended but not answered; 0: never.
    pub breaks_after: AtomicUsize,
    /// Batches are taken and never answered.
    pub is_silent: AtomicBool,
    /// A batch of this election is answered with this failure.
    pub failing_election: Mutex<Option<(String, proto::BatchFailureReason)>>,
    /// A stream that holds a batch of this election ends with FAILED_PRECONDITION.
    pub refused_election: Mutex<Option<String>>,
    /// How long a batch takes.
    pub delay: Mutex<Duration>,
    seen: Mutex<HashSet<Vec<u8>>>,
}

/// A report as it was appended.
#[derive(Debug, Clone)]
pub struct Appended {
    pub election: String,
    pub principal: String,
    pub validate_only: bool,
    pub submission: Submission,
}

impl Results {
    pub fn services(self: &Arc<Self>) -> Services {
        let contract = Contract {
            descriptors: &[],
            unary_methods: wire::UNARY_METHODS,
            streaming_methods: wire::STREAMING_METHODS,
        };
        Services::new(contract).with(ResultsServiceServer::new(Server(Arc::clone(self))))
    }

    /// How many different reports are stored.
    pub fn stored(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    async fn append(&self, request: proto::AppendBatchesRequest) -> proto::AppendBatchesResponse {
        let count = usize::try_from(request.report_count).unwrap();
        self.batches.lock().unwrap().push(count);
        let delay = *self.delay.lock().unwrap();
        tokio::time::sleep(delay).await;
        let mut reader = Reader::new(&request.reports);
        let mut outcomes = Writer::default();
        for _ in 0..count {
            let start = reader.offset();
            let submission = decode_submission(&mut reader).unwrap();
            let bytes = request.reports[start..reader.offset()].to_vec();
            let outcome = self.decide(bytes, request.validate_only);
            encode_outcome(&mut outcomes, &outcome);
            self.appended.lock().unwrap().push(Appended {
                election: request.election_id.clone(),
                principal: request.principal.clone(),
                validate_only: request.validate_only,
                submission,
            });
        }
        reader.end().unwrap();
        proto::AppendBatchesResponse {
            batch_id: request.batch_id,
            outcomes: outcomes.into_bytes().into(),
            outcome_count: request.report_count,
            failure: None,
        }
    }

    fn decide(&self, bytes: Vec<u8>, validate_only: bool) -> Outcome {
        let mut seen = self.seen.lock().unwrap();
        let accepted = |revision| Outcome::Accepted {
            revision,
            warnings: Vec::new(),
        };
        if validate_only {
            return accepted(Revision::ZERO);
        }
        let is_new = seen.insert(bytes);
        let revision = Revision(u64::try_from(seen.len()).unwrap());
        if is_new {
            accepted(revision)
        } else {
            Outcome::Duplicate {
                revision,
                standing: DuplicateStanding::Counted,
            }
        }
    }
}

struct Server(Arc<Results>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl ResultsService for Server {
    type AppendBatchesStream = Answers<proto::AppendBatchesResponse>;
    type WatchEventsStream = Answers<proto::WatchEventsResponse>;

    async fn append_batches(
        &self,
        request: Request<Streaming<proto::AppendBatchesRequest>>,
    ) -> Result<Response<Self::AppendBatchesStream>, Status> {
        let results = Arc::clone(&self.0);
        results.streams.fetch_add(1, Ordering::Relaxed);
        let batches = request.into_inner();
        let state = (batches, results, 0);
        let answers = futures::stream::unfold(state, |(mut batches, results, taken)| async move {
            let request = match batches.next().await? {
                Ok(request) => request,
                Err(status) => return Some((Err(status), (batches, results, taken))),
            };
            if results.is_silent.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            let refused = results.refused_election.lock().unwrap().clone();
            if refused.as_ref() == Some(&request.election_id) {
                let status = Status::failed_precondition("nothing of it is taken");
                return Some((Err(status), (batches, results, taken)));
            }
            let failing = results.failing_election.lock().unwrap().clone();
            if let Some((_, reason)) = failing.filter(|(id, _)| *id == request.election_id) {
                let failure = proto::BatchFailure {
                    reason: reason.into(),
                    message: "told to fail".into(),
                    damaged_revision: 0,
                };
                let answer = proto::AppendBatchesResponse {
                    batch_id: request.batch_id,
                    failure: Some(failure),
                    ..Default::default()
                };
                return Some((Ok(answer), (batches, results, taken)));
            }
            let answer = results.append(request).await;
            let breaks_after = results.breaks_after.load(Ordering::Relaxed);
            let answer = if taken + 1 == breaks_after {
                Err(Status::unavailable("told to break"))
            } else {
                Ok(answer)
            };
            Some((answer, (batches, results, taken + 1)))
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn list_elections(
        &self,
        _: Request<proto::ListElectionsRequest>,
    ) -> Result<Response<proto::ListElectionsResponse>, Status> {
        Err(Status::unimplemented("only appends"))
    }

    async fn get_definition(
        &self,
        _: Request<proto::GetDefinitionRequest>,
    ) -> Result<Response<proto::GetDefinitionResponse>, Status> {
        Err(Status::unimplemented("only appends"))
    }

    async fn list_units(
        &self,
        _: Request<proto::ListUnitsRequest>,
    ) -> Result<Response<proto::ListUnitsResponse>, Status> {
        Err(Status::unimplemented("only appends"))
    }

    async fn get_unit(
        &self,
        _: Request<proto::GetUnitRequest>,
    ) -> Result<Response<proto::GetUnitResponse>, Status> {
        Err(Status::unimplemented("only appends"))
    }

    async fn batch_get_units(
        &self,
        _: Request<proto::BatchGetUnitsRequest>,
    ) -> Result<Response<proto::BatchGetUnitsResponse>, Status> {
        Err(Status::unimplemented("only appends"))
    }

    async fn get_unit_history(
        &self,
        _: Request<proto::GetUnitHistoryRequest>,
    ) -> Result<Response<proto::GetUnitHistoryResponse>, Status> {
        Err(Status::unimplemented("only appends"))
    }

    async fn list_pending(
        &self,
        _: Request<proto::ListPendingRequest>,
    ) -> Result<Response<proto::ListPendingResponse>, Status> {
        Err(Status::unimplemented("only appends"))
    }

    async fn get_tally(
        &self,
        _: Request<proto::GetTallyRequest>,
    ) -> Result<Response<proto::GetTallyResponse>, Status> {
        Err(Status::unimplemented("only appends"))
    }

    async fn watch_events(
        &self,
        _: Request<proto::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        Err(Status::unimplemented("only appends"))
    }
}
