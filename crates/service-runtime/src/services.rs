//! The gRPC services of a listener, collected with what is needed to serve them well.

use std::convert::Infallible;

use http::Request;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;
use tonic::service::Routes;

use crate::health::Health;

/// What is known of a set of services without their code.
#[derive(Debug, Clone, Copy, Default)]
pub struct Contract {
    /// An encoded `google.protobuf.FileDescriptorSet` with imports: what server reflection answers from.
    pub descriptors: &'static [u8],
    /// The paths of the unary methods, as `/package.Service/Method`.
    pub unary_methods: &'static [&'static str],
    /// The paths of the methods with a stream in either direction.
    pub streaming_methods: &'static [&'static str],
}

/// The gRPC services of a listener. Health and reflection are added when it is served.
#[derive(Debug, Clone)]
pub struct Services {
    pub(crate) contract: Contract,
    pub(crate) routes: Routes,
    health: Health,
    /// What is served, by full name: reflection lists nothing else, whatever the descriptors hold.
    pub(crate) names: Vec<&'static str>,
}

impl Services {
    /// No services yet, of this contract.
    pub fn new(contract: Contract) -> Self {
        Self {
            contract,
            routes: Routes::default(),
            health: Health::default(),
            names: Vec::new(),
        }
    }

    /// Adds a generated server. Its health is SERVING until [`Health::set`] says otherwise.
    #[must_use]
    pub fn with<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.health.set(S::NAME, true);
        self.names.push(S::NAME);
        self.routes = self.routes.add_service(service);
        self
    }

    /// The health of these services: a handle that stays valid while they are served.
    pub fn health(&self) -> Health {
        self.health.clone()
    }
}
