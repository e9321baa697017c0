//! Runs roles: all of them in one process, or some of them apart. The only difference is who makes the channels between
//! them: a pipe in memory, or TCP.

pub mod config;

use config::{Config, RoleName};
use results_service::SystemEntropy;
use service_runtime::clock::{SharedClock, SystemClock};
use service_runtime::http_metrics;
use service_runtime::pipe::Pipe;
use service_runtime::server::{listen, serve, serve_pipe};
use service_runtime::services::{Contract, Services};
use service_runtime::shutdown::Stopper;
use service_runtime::telemetry::Metrics;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tonic::transport::Channel;

/// How long calls and streams may take to end at a stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// Why roles cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error("{0}")]
    Listen(#[from] std::io::Error),
    /// The results role cannot open its folder.
    #[error("{0}")]
    Results(#[from] results_service::OpenError),
    /// An upstream address is none.
    #[error("{0}")]
    Upstream(#[from] service_runtime::channel::AddressError),
    /// A role needs an upstream that is not named.
    #[error(
        "the role {role} runs without the role {upstream}: set upstream.{upstream}, such as http://127.0.0.1:7400"
    )]
    UpstreamMissing {
        /// The role that runs here.
        role: &'static str,
        /// The role that it needs.
        upstream: &'static str,
    },
}

/// Roles that run.
#[derive(Debug)]
pub struct Served {
    /// Where gRPC is listened on.
    pub grpc: SocketAddr,
    /// Where metrics are listened on, if they are.
    pub metrics: Option<SocketAddr>,
    // Two parts: what faces callers stops first, then the results role that it needs to answer them.
    front: Stopper,
    back: Stopper,
}

/// What the binary decides and tests may decide otherwise.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The time of day.
    pub clock: SharedClock,
    /// The process's metrics, if it has installed them.
    pub metrics: Option<Metrics>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            metrics: None,
        }
    }
}

impl Served {
    /// Starts the roles of the configuration and listens. When it returns, calls are answered.
    ///
    /// # Errors
    ///
    /// [`ServeError`]: an address in use, a folder in use or unreadable, an upstream that is missing.
    pub async fn start(config: &Config, surroundings: Surroundings) -> Result<Self, ServeError> {
        let (front, back) = (Stopper::new("front"), Stopper::new("results"));
        let started = Self::start_parts(config, surroundings, &front, &back).await;
        if started.is_err() {
            let _ = front.drain(GRACE).await;
            let _ = back.drain(GRACE).await;
        }
        started
    }

    async fn start_parts(
        config: &Config,
        surroundings: Surroundings,
        front: &Stopper,
        back: &Stopper,
    ) -> Result<Self, ServeError> {
        let limits = config.limits.limits();
        // Listening first: an address in use is told before a folder is touched.
        let listener = listen(config.listen.grpc).await?;
        let metrics_listener = match (config.listen.metrics, &surroundings.metrics) {
            (Some(address), Some(_)) => Some(listen(address).await?),
            _ => None,
        };
        let mut services = Services::new(Contract {
            descriptors: wire::FILE_DESCRIPTOR_SET,
            unary_methods: wire::UNARY_METHODS,
            streaming_methods: wire::STREAMING_METHODS,
        });
        let mut results = None;
        if config.runs(RoleName::Results) {
            let storage = config.results();
            let clock = Arc::clone(&surroundings.clock);
            let role =
                results_service::Role::open(storage, clock, Arc::new(SystemEntropy), back).await?;
            services = role.add_to(services);
            let pipe = Pipe::new();
            back.spawn(serve_pipe(
                pipe.listen(),
                role.services(),
                limits.clone(),
                back.child("results pipe"),
            ));
            results = Some(pipe.channel());
        }
        let results_for = |role| {
            upstream(
                results.clone(),
                config.upstream.results.as_deref(),
                role,
                "results",
            )
        };
        if config.runs(RoleName::TallyIngestion) {
            let channel = results_for("tally-ingestion")?;
            services =
                tally_ingestion::Role::new(config.ingestion(), channel, front).add_to(services);
        }
        let mut allocation = None;
        if config.runs(RoleName::Allocation) {
            let clock = Arc::clone(&surroundings.clock);
            let settings = allocation_service::Config::default();
            let role =
                allocation_service::Role::new(settings, results_for("allocation")?, clock, front);
            services = role.add_to(services);
            let pipe = Pipe::new();
            let inner = role.add_to(Services::new(Contract::default()));
            front.spawn(serve_pipe(
                pipe.listen(),
                inner,
                limits.clone(),
                front.child("allocation pipe"),
            ));
            allocation = Some(pipe.channel());
        }
        if config.runs(RoleName::LiveFeed) {
            let upstream_allocation = config.upstream.allocation.as_deref();
            let channel = upstream(
                allocation.clone(),
                upstream_allocation,
                "live-feed",
                "allocation",
            )?;
            let clock = Arc::clone(&surroundings.clock);
            let settings = live_feed::Config::default();
            let role =
                live_feed::Role::new(settings, results_for("live-feed")?, channel, clock, front);
            services = role.add_to(services);
        }
        let grpc = listener.local_addr()?;
        let mut metrics = None;
        if let (Some(listener), Some(recorder)) = (metrics_listener, surroundings.metrics) {
            metrics = Some(listener.local_addr()?);
            let routes = http_metrics::routes(recorder, vec![services.health()]);
            front.spawn(http_metrics::serve_http(listener, routes, front.clone()));
        }
        front.spawn_vital(
            "grpc",
            serve(listener, services, limits, front.child("grpc")),
        );
        Ok(Self {
            grpc,
            metrics,
            front: front.clone(),
            back: back.clone(),
        })
    }

    /// A channel to all that is served here.
    ///
    /// # Errors
    ///
    /// Never for an address that was listened on.
    pub fn channel(&self) -> Result<Channel, service_runtime::channel::AddressError> {
        service_runtime::channel::connect(&format!("http://{}", self.grpc))
    }

    /// Stops when the process is told to by SIGINT or SIGTERM, and completes when everything has stopped.
    ///
    /// # Errors
    ///
    /// When the system lets no handler be installed.
    pub async fn until_signalled(self) -> std::io::Result<()> {
        self.front.stop_on_signals()?;
        self.front.stopping().await;
        self.stop().await;
        Ok(())
    }

    /// Completes when a part that everything depends on has failed, or somebody has asked for the stop.
    pub async fn stopping(&self) {
        self.front.stopping().await;
    }

    /// Stops in good order: callers first, so that what they were promised is answered, then the results role, which
    /// writes its snapshots and seals its log.
    pub async fn stop(self) {
        for part in [&self.front, &self.back] {
            if let Err(overdue) = part.drain(GRACE).await {
                tracing::warn!(%overdue, "cut at the end of the grace period");
            }
        }
    }
}

fn upstream(
    local: Option<Channel>,
    address: Option<&str>,
    role: &'static str,
    upstream: &'static str,
) -> Result<Channel, ServeError> {
    match (local, address) {
        (Some(channel), _) => Ok(channel),
        (None, Some(address)) => Ok(service_runtime::channel::connect(address)?),
        (None, None) => Err(ServeError::UpstreamMissing { role, upstream }),
    }
}
