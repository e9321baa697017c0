//! The border of the service: messages in, messages out.

use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};
use wire::ingestion::v1::tally_ingestion_service_server::TallyIngestionService;
use wire::ingestion::v1::{SubmitReportsRequest, SubmitReportsResponse};

use crate::authority::Authority;
use crate::error::IngestionError;
use crate::forward::Forwarder;
use crate::stream::{Answer, Incoming, answer_each};

/// The service as the contract has it.
#[derive(Debug)]
pub(crate) struct Rpc {
    pub(crate) authority: Arc<Authority>,
    /// A permit for each stream that may be open.
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) streams_max: usize,
    pub(crate) forwarder: Forwarder,
}

#[tonic::async_trait]
impl TallyIngestionService for Rpc {
    type SubmitReportsStream =
        Pin<Box<dyn Stream<Item = Result<SubmitReportsResponse, Status>> + Send>>;

    async fn submit_reports(
        &self,
        request: Request<Streaming<SubmitReportsRequest>>,
    ) -> Result<Response<Self::SubmitReportsStream>, Status> {
        let principal = self.authority.principal(request.metadata())?;
        let permit = Arc::clone(&self.streams).try_acquire_owned();
        let permit = permit.map_err(|_| IngestionError::TooManyStreams(self.streams_max))?;
        let incoming = request.into_inner().map(incoming);
        let answers = answer_each(incoming, principal, self.forwarder.clone(), permit);
        Ok(Response::new(Box::pin(answers.map(outgoing))))
    }
}

fn incoming(message: Result<SubmitReportsRequest, Status>) -> Result<Incoming, IngestionError> {
    let SubmitReportsRequest {
        request_id,
        election_id,
        submission,
        validate_only,
    } = message.map_err(|status| IngestionError::inbound(&status))?;
    Ok(Incoming {
        request_id,
        election_id,
        submission,
        validate_only,
    })
}

fn outgoing(answer: Result<Answer, IngestionError>) -> Result<SubmitReportsResponse, Status> {
    let Answer {
        request_id,
        outcome,
    } = answer?;
    Ok(SubmitReportsResponse {
        request_id,
        outcome: Some((&outcome).into()),
    })
}
