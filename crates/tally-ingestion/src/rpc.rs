//! The border of the service: messages in, messages out.
//!
//! The generated server would decode each message before the service sees it; this one leaves that to the reader of the
//! stream (see [`wire::PlainReader`]).

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use service_runtime::limits::MESSAGE_BYTES_MAX;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::{Request, Response, Status, Streaming};
use wire::SubmitCodec;
use wire::ingestion::v1::SubmitReportsResponse;
use wire::ingestion::v1::tally_ingestion_service_server::SERVICE_NAME;

use crate::authority::Authority;
use crate::error::IngestionError;
use crate::forward::Forwarder;
use crate::stream::{Answer, answer_each};

/// The path of the service's one method.
const SUBMIT_REPORTS: &str = "/hemicycle.ingestion.v1.TallyIngestionService/SubmitReports";

/// The service as the contract has it.
#[derive(Debug, Clone)]
pub(crate) struct Rpc {
    pub(crate) authority: Arc<Authority>,
    /// A permit for each stream that may be open.
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) streams_max: usize,
    pub(crate) forwarder: Forwarder,
}

type Answers = Pin<Box<dyn Stream<Item = Result<SubmitReportsResponse, Status>> + Send>>;

impl Rpc {
    fn submit_reports(
        &self,
        request: Request<Streaming<Bytes>>,
    ) -> Result<Response<Answers>, Status> {
        let principal = self.authority.principal(request.metadata())?;
        let permit = Arc::clone(&self.streams).try_acquire_owned();
        let permit = permit.map_err(|_| IngestionError::TooManyStreams(self.streams_max))?;
        let broken = |status| IngestionError::inbound(&status);
        let incoming = request.into_inner().map(move |it| it.map_err(broken));
        let answers = answer_each(incoming, principal, self.forwarder.clone(), permit);
        Ok(Response::new(Box::pin(answers.map(outgoing))))
    }
}

impl NamedService for Rpc {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<http::Request<Body>> for Rpc {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if request.uri().path() != SUBMIT_REPORTS {
            let unknown = Status::unimplemented("");
            return Box::pin(std::future::ready(Ok(unknown.into_http())));
        }
        let submit = SubmitReports(self.clone());
        Box::pin(async move {
            let mut grpc = Grpc::new(SubmitCodec)
                .apply_max_message_size_config(Some(MESSAGE_BYTES_MAX), Some(MESSAGE_BYTES_MAX));
            Ok(grpc.streaming(submit, request).await)
        })
    }
}

struct SubmitReports(Rpc);

impl StreamingService<Bytes> for SubmitReports {
    type Response = SubmitReportsResponse;
    type ResponseStream = Answers;
    type Future = std::future::Ready<Result<Response<Answers>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        std::future::ready(self.0.submit_reports(request))
    }
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
