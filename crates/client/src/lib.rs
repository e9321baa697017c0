//! Typed client of the services: one handle that submits, commands, reads and watches, and that survives what networks
//! and restarts do.
//!
//! - A call that failed with UNAVAILABLE is made again, with pauses that grow and have jitter, within its deadline:
//!   every call of the contract may be repeated.
//! - A report whose answer did not come is *unknown*, never absent: it is sent again until it is answered. See
//!   [`Client::submit`].
//! - A watch goes on where it stopped, and never gives a lower place of a log after a higher one. See
//!   [`Client::watch_frames`] and [`Client::watch_events`].
//!
//! Reports, definitions and commands are the domain's types; answers that are made to be shown are the contract's.

mod admin;
mod backoff;
mod error;
mod follow;
mod read;
mod service;
mod submit;
mod watch;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

pub use admin::{Defined, Written};
pub use backoff::Backoff;
pub use error::{ClientError, FieldViolation, Refused};
pub use submit::{IN_FLIGHT_MAX, SubmitOptions};
pub use watch::{Events, FrameNews, LogNews, StandingsNews};

use error::is_retryable;
use service::Service;

/// The metadata key that names who calls.
pub const PRINCIPAL_METADATA: &str = "x-hemicycle-principal";

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a connection is silent before it is asked whether it is alive, and how long it has to answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// Where services are asked.
#[derive(Debug, Clone)]
struct Route {
    channel: Channel,
    /// Where the channel leads, if that is known.
    address: Option<Arc<str>>,
}

impl Route {
    // The connection is opened with the first call.
    fn to(address: &str) -> Result<Self, ClientError> {
        let endpoint = Endpoint::from_shared(address.to_owned()).ok();
        let endpoint = endpoint.filter(|it| {
            let uri = it.uri();
            uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty())
        });
        let endpoint = endpoint.ok_or_else(|| ClientError::Address(address.to_owned()))?;
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEPALIVE.0)
            .keep_alive_timeout(KEEPALIVE.1)
            .keep_alive_while_idle(true);
        Ok(Self {
            channel: endpoint.connect_lazy(),
            address: Some(address.into()),
        })
    }
}

/// A client of whichever services its channel leads to. Clones share the connection.
#[derive(Debug, Clone)]
pub struct Client {
    route: Route,
    /// Where ResultsService and AdminService are, if they are elsewhere.
    results: Option<Route>,
    /// Where AllocationService is, if it is elsewhere.
    allocation: Option<Route>,
    principal: Option<MetadataValue<Ascii>>,
    deadline: Duration,
    backoff: Backoff,
}

impl Client {
    /// A client of the services at an address of the form `http://HOST:PORT`. The connection is opened with the first
    /// call, and again after a loss.
    ///
    /// # Errors
    /// [`ClientError::Address`] when it is no such address.
    pub fn connect(address: &str) -> Result<Self, ClientError> {
        Ok(Self::over(Route::to(address)?))
    }

    /// A client over a channel that somebody else has made: a pipe in memory, a simulated network.
    pub fn new(channel: Channel) -> Self {
        Self::over(Route {
            channel,
            address: None,
        })
    }

    fn over(route: Route) -> Self {
        Self {
            route,
            results: None,
            allocation: None,
            principal: None,
            deadline: Duration::from_secs(10),
            backoff: Backoff::default(),
        }
    }

    /// Asks ResultsService and AdminService at an address of their own, where the results role is apart from the others.
    ///
    /// # Errors
    /// [`ClientError::Address`] when it is not of the form `http://HOST:PORT`.
    pub fn with_results_at(mut self, address: &str) -> Result<Self, ClientError> {
        self.results = Some(Route::to(address)?);
        Ok(self)
    }

    /// Asks AllocationService at an address of its own, where the allocation role is apart from the others.
    ///
    /// # Errors
    /// [`ClientError::Address`] when it is not of the form `http://HOST:PORT`.
    pub fn with_allocation_at(mut self, address: &str) -> Result<Self, ClientError> {
        self.allocation = Some(Route::to(address)?);
        Ok(self)
    }

    /// Says who calls.
    ///
    /// # Errors
    /// [`ClientError::Principal`] when the name is not 1 to 256 bytes of printable ASCII.
    pub fn with_principal(mut self, name: &str) -> Result<Self, ClientError> {
        let value = MetadataValue::try_from(name).ok();
        let value = value.filter(|_| (1..=256).contains(&name.len()) && name.is_ascii());
        self.principal = Some(value.ok_or_else(|| ClientError::Principal(name.to_owned()))?);
        Ok(self)
    }

    /// How long a single call may take, its repetitions included: 10 s unless set. Streams have no deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long to pause before a call is repeated or a stream opened again.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// A message on its way, with the caller's name.
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(principal) = &self.principal {
            let metadata = request.metadata_mut();
            metadata.insert(PRINCIPAL_METADATA, principal.clone());
        }
        request
    }

    fn route(&self, service: Service) -> &Route {
        let own = match service {
            Service::Admin | Service::Results => self.results.as_ref(),
            Service::Allocation => self.allocation.as_ref(),
            Service::LiveFeed | Service::TallyIngestion => None,
        };
        own.unwrap_or(&self.route)
    }

    /// Where a service is asked.
    fn channel(&self, service: Service) -> Channel {
        self.route(service).channel.clone()
    }

    /// What a status says; of a connection that could not be opened, also where it should have led, and of a service
    /// that is not there, which one.
    fn refused(&self, service: Service, status: &Status) -> Refused {
        let refused = Refused::from(status);
        let address = self.route(service).address.as_deref();
        let is_unconnected = status.code() == Code::Unavailable && status.source().is_some();
        // A listener without the service says nothing but the code.
        let is_absent = status.code() == Code::Unimplemented && status.message().is_empty();
        let message = match address {
            Some(address) if is_unconnected => format!("{address}: {}", refused.message),
            _ if is_absent => format!(
                "{} does not serve {}, which is of the role {}",
                address.unwrap_or("the listener"),
                service.name(),
                service.role()
            ),
            _ => return refused,
        };
        Refused { message, ..refused }
    }

    /// Makes a call until it succeeds, is refused, or the deadline has passed.
    async fn call<M, R, F>(
        &self,
        service: Service,
        message: M,
        send: impl Fn(Request<M>) -> F,
    ) -> Result<R, ClientError>
    where
        M: Clone,
        F: Future<Output = Result<tonic::Response<R>, Status>>,
    {
        let end = tokio::time::Instant::now() + self.deadline;
        let mut backoff = self.backoff.clone();
        loop {
            let mut request = self.request(message.clone());
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            request.set_timeout(left);
            let status = match tokio::time::timeout_at(end, send(request)).await {
                Ok(Ok(response)) => return Ok(response.into_inner()),
                Ok(Err(status)) => status,
                Err(_) => return Err(ClientError::Deadline(self.deadline)),
            };
            let refused = self.refused(service, &status);
            let pause = backoff.pause().max(refused.retry_after.unwrap_or_default());
            if !is_retryable(&status) || tokio::time::Instant::now() + pause >= end {
                return Err(refused.into());
            }
            tracing::debug!(%refused, pause_ms = pause.as_millis(), "call fails; making it again");
            tokio::time::sleep(pause).await;
        }
    }
}
