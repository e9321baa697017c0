//! Runs roles: all of them in one process, or some of them apart. The only difference is who makes the channels between
//! them: a pipe in memory, or TCP.

pub mod config;

use config::{Config, HTTP_PORT, RoleName};
use results_service::SystemEntropy;
use service_runtime::clock::{SharedClock, SystemClock};
use service_runtime::health::Health;
use service_runtime::http_metrics;
use service_runtime::http_public::{listen_public, serve_public};
use service_runtime::limits::Limits;
use service_runtime::pipe::Pipe;
use service_runtime::server::{listen, serve, serve_pipe};
use service_runtime::services::{Contract, Services};
use service_runtime::shutdown::{Stopper, VitalFailure};
use service_runtime::telemetry::Metrics;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tonic::transport::Channel;

/// How long calls and streams may take to end at a stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// Why roles cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No role is to run.
    #[error(
        "there is no role to run: name some of results, tally-ingestion, allocation, live-feed in roles.list"
    )]
    NoRoles,
    /// An address cannot be listened on.
    #[error("{0}")]
    Listen(#[from] std::io::Error),
    /// The system lets no handler of signals be installed.
    #[error("signals: {0}")]
    Signals(std::io::Error),
    /// A part that everything depends on has failed while serving.
    #[error("stopped, as a vital part failed: {0}")]
    Failed(VitalFailure),
    /// The results role cannot open its folder.
    #[error("{0}")]
    Results(#[from] results_service::OpenError),
    /// An upstream address is none.
    #[error("upstream.{upstream}: {source}")]
    Upstream {
        /// The role that should be there.
        upstream: &'static str,
        /// What is wrong with the address.
        source: service_runtime::channel::AddressError,
    },
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
    /// Where gRPC is listened on, for which roles: one address, but for roles that have their own. Never empty.
    pub grpc: Vec<(SocketAddr, Vec<RoleName>)>,
    /// Where the page and the documents of the live feed are, if it runs here.
    pub http: Option<SocketAddr>,
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

/// What is listened on before anything runs.
struct Bound {
    listeners: Listeners,
    metrics: Option<TcpListener>,
    http: Option<TcpListener>,
}

impl Bound {
    async fn bind(config: &Config, surroundings: &Surroundings) -> Result<Self, ServeError> {
        let listeners = Listeners::bind(config).await?;
        let metrics = match (config.listen.metrics, &surroundings.metrics) {
            (Some(address), Some(_)) => Some(listen(address).await?),
            _ => None,
        };
        let http = match config.runs(RoleName::LiveFeed) {
            true => Some(listen_http(config.listen.http)?),
            false => None,
        };
        Ok(Self {
            listeners,
            metrics,
            http,
        })
    }
}

impl Served {
    /// Starts the roles of the configuration and listens. When it returns, calls are answered.
    ///
    /// # Errors
    ///
    /// [`ServeError`]: an address in use, a folder in use or unreadable, an upstream that is missing.
    pub async fn start(config: &Config, surroundings: Surroundings) -> Result<Self, ServeError> {
        // Listening first: an address in use is told before a folder is touched and anything runs that has to be stopped.
        let bound = Bound::bind(config, &surroundings).await?;
        let (front, back) = (Stopper::new("front"), Stopper::new("results"));
        let started = Self::start_parts(config, surroundings, bound, &front, &back).await;
        if started.is_err() {
            let _ = front.drain(GRACE).await;
            let _ = back.drain(GRACE).await;
        }
        started
    }

    async fn start_parts(
        config: &Config,
        surroundings: Surroundings,
        bound: Bound,
        front: &Stopper,
        back: &Stopper,
    ) -> Result<Self, ServeError> {
        let Bound {
            mut listeners,
            metrics: metrics_listener,
            http: http_listener,
        } = bound;
        let limits = config.limits.limits();
        // Whether or not anybody reads them: what is recorded would pile up.
        if let Some(metrics) = &surroundings.metrics {
            metrics.keep_up(front);
        }
        let mut results = None;
        if config.runs(RoleName::Results) {
            let storage = config.results();
            let clock = Arc::clone(&surroundings.clock);
            let role =
                results_service::Role::open(storage, clock, Arc::new(SystemEntropy), back).await?;
            listeners.add(RoleName::Results, |services| role.add_to(services));
            let pipe = Pipe::new();
            let stopper = back.child("results pipe");
            let piped = serve_pipe(pipe.listen(), role.services(), limits.clone(), stopper);
            back.spawn_vital("results pipe", piped);
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
            let role = tally_ingestion::Role::new(config.ingestion(), channel, front);
            listeners.add(RoleName::TallyIngestion, |services| role.add_to(services));
        }
        let mut allocation = None;
        if config.runs(RoleName::Allocation) {
            let clock = Arc::clone(&surroundings.clock);
            let settings = allocation_service::Config::default();
            let role =
                allocation_service::Role::new(settings, results_for("allocation")?, clock, front);
            listeners.add(RoleName::Allocation, |services| role.add_to(services));
            let pipe = Pipe::new();
            let inner = role.add_to(Services::new(Contract::default()));
            let stopper = front.child("allocation pipe");
            let piped = serve_pipe(pipe.listen(), inner, limits.clone(), stopper);
            front.spawn_vital("allocation pipe", piped);
            allocation = Some(pipe.channel());
        }
        let mut http = None;
        if let Some(listener) = http_listener {
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
            listeners.add(RoleName::LiveFeed, |services| role.add_to(services));
            http = Some(listener.local_addr()?);
            let (routes, stopper) = (role.routes(), front.child("http"));
            let served = serve_public(listener, routes, config.http.limits(), stopper);
            front.spawn_vital("http", served);
        }
        let mut metrics = None;
        if let (Some(listener), Some(recorder)) = (metrics_listener, surroundings.metrics) {
            metrics = Some(listener.local_addr()?);
            let routes = http_metrics::routes(recorder, listeners.healths());
            let served = http_metrics::serve_http(listener, routes, front.clone());
            front.spawn_vital("metrics", served);
        }
        Ok(Self {
            grpc: listeners.serve(&limits, front)?,
            http,
            metrics,
            front: front.clone(),
            back: back.clone(),
        })
    }

    /// The first address that gRPC is listened on: that of all roles, if none has its own.
    pub fn address(&self) -> SocketAddr {
        let first = self.grpc.first();
        first.expect("there is a role, so there is a listener").0
    }

    /// Stops when the process is told to by SIGINT or SIGTERM, and completes when everything has stopped.
    ///
    /// # Errors
    ///
    /// [`ServeError::Failed`] when a part that everything depends on has failed, which stops all others too;
    /// [`ServeError::Signals`].
    pub async fn until_signalled(self) -> Result<(), ServeError> {
        self.front.stop_on_signals().map_err(ServeError::Signals)?;
        tokio::select! {
            () = self.front.stopping() => {}
            () = self.back.stopping() => {}
        }
        let parts = [self.front.clone(), self.back.clone()];
        self.stop().await;
        let failure = parts.iter().find_map(Stopper::failure);
        failure.map_or(Ok(()), |failure| Err(ServeError::Failed(failure.clone())))
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

/// Listeners with what is served on them.
struct Listeners(Vec<Listening>);

struct Listening {
    /// `None`: the address of all roles that have none of their own.
    own: Option<SocketAddr>,
    listener: TcpListener,
    roles: Vec<RoleName>,
    services: Services,
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Self, ServeError> {
        let mut all: Vec<Listening> = Vec::new();
        for role in RoleName::ALL.into_iter().filter(|role| config.runs(*role)) {
            let own = config.listen.own(role);
            let is_shared = |it: &&mut Listening| {
                it.own == own && own.is_none_or(|address| address.port() != 0)
            };
            if let Some(listening) = all.iter_mut().find(is_shared) {
                listening.roles.push(role);
                continue;
            }
            all.push(Listening {
                own,
                listener: listen(own.unwrap_or(config.listen.grpc)).await?,
                roles: vec![role],
                services: Services::new(Contract {
                    descriptors: wire::FILE_DESCRIPTOR_SET,
                    unary_methods: wire::UNARY_METHODS,
                    streaming_methods: wire::STREAMING_METHODS,
                }),
            });
        }
        if all.is_empty() {
            return Err(ServeError::NoRoles);
        }
        Ok(Self(all))
    }

    fn add(&mut self, role: RoleName, add: impl FnOnce(Services) -> Services) {
        let listening = self.0.iter_mut().find(|it| it.roles.contains(&role));
        let listening = listening.expect("a role that runs has a listener");
        listening.services = add(listening.services.clone());
    }

    fn healths(&self) -> Vec<Health> {
        self.0.iter().map(|it| it.services.health()).collect()
    }

    fn serve(
        self,
        limits: &Limits,
        front: &Stopper,
    ) -> Result<Vec<(SocketAddr, Vec<RoleName>)>, ServeError> {
        let mut addresses = Vec::new();
        for listening in self.0 {
            addresses.push((listening.listener.local_addr()?, listening.roles));
            let stopper = front.child("grpc");
            let (listener, services) = (listening.listener, listening.services);
            front.spawn_vital("grpc", serve(listener, services, limits.clone(), stopper));
        }
        Ok(addresses)
    }
}

// An address that was asked for, or the usual one, which is a convenience: where it is in use, any free one.
fn listen_http(wanted: Option<SocketAddr>) -> std::io::Result<TcpListener> {
    let usual = |port| listen_public(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    match wanted {
        Some(address) => listen_public(address),
        None => usual(HTTP_PORT).or_else(|_| usual(0)),
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
        (None, Some(address)) => service_runtime::channel::connect(address)
            .map_err(|source| ServeError::Upstream { upstream, source }),
        (None, None) => Err(ServeError::UpstreamMissing { role, upstream }),
    }
}

#[cfg(test)]
mod tests;
