//! What is measured over gRPC: all roles in one process behind one TCP listener, and an echo behind another.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use service_runtime::clock::SystemClock;
use service_runtime::limits::Limits;
use service_runtime::pipe::local_channel;
use service_runtime::server;
use service_runtime::services::{Contract, Services};
use service_runtime::shutdown::Stopper;
use service_runtime::telemetry::Metrics;
use tonic::{Request, Response, Status, Streaming};
use wire::common::v1::{Accepted, Outcome as Answer, outcome};
use wire::ingestion::v1::tally_ingestion_service_server::{
    TallyIngestionService, TallyIngestionServiceServer,
};
use wire::ingestion::v1::{SubmitReportsRequest, SubmitReportsResponse};

use crate::Outcome;
use crate::cpu::cpu_time;

/// A server and its address.
pub struct Server {
    /// `http://HOST:PORT`.
    pub address: String,
    stopper: Stopper,
}

impl Server {
    /// All roles over a data folder, joined in memory as in `hemicycle serve`.
    pub async fn all_roles(folder: &Path) -> Outcome<Self> {
        let stopper = Stopper::new("roles");
        let clock = Arc::new(SystemClock);
        let results = results_service::Role::open(
            results_service::Config::folder(folder),
            clock.clone(),
            Arc::new(results_service::SystemEntropy),
            &stopper,
        )
        .await?;
        let log = local_channel(results.services(), Limits::default(), &stopper);
        let allocation = allocation_service::Role::new(
            allocation_service::Config::default(),
            log.clone(),
            clock.clone(),
            &stopper,
        );
        let seats = local_channel(
            allocation.add_to(Services::new(contract())),
            Limits::default(),
            &stopper,
        );
        let feed = live_feed::Role::new(
            live_feed::Config::default(),
            log.clone(),
            seats,
            clock,
            &stopper,
        );
        let ingestion =
            tally_ingestion::Role::new(tally_ingestion::Config::default(), log, &stopper);
        let services = results.add_to(Services::new(contract()));
        let services = ingestion.add_to(feed.add_to(allocation.add_to(services)));
        Self::listen(services, stopper).await
    }

    /// Takes the same messages over the same transport, and answers each at once without looking into it.
    pub async fn echo() -> Outcome<Self> {
        let services = Services::new(contract()).with(TallyIngestionServiceServer::new(Echo));
        Self::listen(services, Stopper::new("echo")).await
    }

    async fn listen(services: Services, stopper: Stopper) -> Outcome<Self> {
        let listener = server::listen(([127, 0, 0, 1], 0).into()).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let serving = server::serve(listener, services, Limits::default(), stopper.clone());
        stopper.spawn_vital("listener", serving);
        Ok(Self { address, stopper })
    }

    /// Stops it in good order.
    pub async fn stop(self) -> Outcome<()> {
        Ok(self.stopper.drain(Duration::from_secs(60)).await?)
    }
}

fn contract() -> Contract {
    Contract {
        descriptors: wire::FILE_DESCRIPTOR_SET,
        unary_methods: wire::UNARY_METHODS,
        streaming_methods: wire::STREAMING_METHODS,
    }
}

/// The metrics of this process, installed with the first call: a server that records none would be measured too fast.
pub fn metrics() -> Outcome<&'static Metrics> {
    static METRICS: std::sync::OnceLock<Metrics> = std::sync::OnceLock::new();
    if let Some(metrics) = METRICS.get() {
        return Ok(metrics);
    }
    let metrics = Metrics::install()?;
    Ok(METRICS.get_or_init(|| metrics))
}

/// The echo as anyone would write it, in a process of its own, which ends with this.
pub struct PlainEcho {
    /// `http://HOST:PORT`.
    pub address: String,
    process: Child,
}

impl PlainEcho {
    /// Starts it.
    pub fn start() -> Outcome<Self> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_plain-echo"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let output = process.stdout.take().ok_or("its output is a pipe")?;
        BufReader::new(output).read_line(&mut address)?;
        let address = address.trim_end().to_owned();
        Ok(Self { address, process })
    }

    /// Its processor time so far.
    pub fn cpu(&self) -> Outcome<Duration> {
        cpu_time(&self.process.id().to_string())
    }
}

impl Drop for PlainEcho {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        if let Err(error) = self.process.wait() {
            eprintln!("the plain echo is left running: {error}");
        }
    }
}

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
        outcome: Some(Answer {
            revision: request_id + 1,
            outcome: Some(outcome::Outcome::Accepted(accepted)),
        }),
    }
}
