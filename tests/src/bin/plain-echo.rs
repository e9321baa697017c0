//! An echo as anyone would write it, in a process of its own: tonic as it comes, the system's allocator, nothing of ours
//! but the messages. What docs/benchmarks.md measures ingestion against beside the echo behind our own listener.
//!
//! Says its address on a line, and ends when its standard input does.

use std::io::{Read as _, Write as _};
use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use wire::common::v1::{Accepted, Outcome, outcome};
use wire::ingestion::v1::tally_ingestion_service_server::{
    TallyIngestionService, TallyIngestionServiceServer,
};
use wire::ingestion::v1::{SubmitReportsRequest, SubmitReportsResponse};

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Echo;

#[tonic::async_trait]
impl TallyIngestionService for Echo {
    type SubmitReportsStream =
        Pin<Box<dyn Stream<Item = Result<SubmitReportsResponse, Status>> + Send>>;

    async fn submit_reports(
        &self,
        request: Request<Streaming<SubmitReportsRequest>>,
    ) -> Result<Response<Self::SubmitReportsStream>, Status> {
        let answers = request
            .into_inner()
            .map(|message| message.map(|message| answer(message.request_id)));
        Ok(Response::new(Box::pin(answers)))
    }
}

fn answer(request_id: u64) -> SubmitReportsResponse {
    let accepted = Accepted {
        warnings: Vec::new(),
    };
    SubmitReportsResponse {
        request_id,
        outcome: Some(Outcome {
            revision: request_id + 1,
            outcome: Some(outcome::Outcome::Accepted(accepted)),
        }),
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut output = std::io::stdout();
    writeln!(output, "http://{}", listener.local_addr()?)?;
    output.flush()?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        std::io::stdin().read_to_end(&mut Vec::new()).ok();
        stop.send(()).ok();
    });
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let service = TallyIngestionServiceServer::new(Echo);
    let server = Server::builder()
        .add_service(service)
        .serve_with_incoming(incoming);
    tokio::select! {
        outcome = server => outcome?,
        _ = stopped => {}
    }
    Ok(())
}
