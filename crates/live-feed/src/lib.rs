//! The public feed: one encoded frame a tick for all viewers.
//!
//! It reads `VIEW_PUBLIC` only, so the process that faces the internet never holds embargoed data, and it refuses before
//! an opening by its own clock as well. For each scope that somebody watches there is one task: it takes the newest
//! standings, makes one frame, encodes it once, and every viewer is handed the same bytes. Who is slow skips frames.
//!
//! ```text
//! allocation ─WatchStandings(PUBLIC)─▶ Upstream (newest) ─▶ ScopeFeed: frame, encode once a tick ─▶ viewers
//! ```

mod config;
mod error;
mod frame;
pub mod house;
mod http;
mod index;
mod linger;
pub mod official;
mod page;
mod passthrough;
mod past;
mod prefixed;
mod presented;
mod prompt;
mod reduction;
mod rpc;
mod scope;
mod service;
pub mod shares;
pub mod threshold;
pub mod turnout;
mod units;
mod upstream;
mod viewer;

use service_runtime::clock::SharedClock;
use service_runtime::services::Services;
use service_runtime::shutdown::Stopper;
use std::sync::Arc;
use tonic::transport::Channel;

pub use config::Config;
pub use error::FeedError;
pub use http::Routes;
pub use reduction::FRAME_BYTES_MAX;

/// The live feed role: `LiveFeedService` behind an allocation role and a results role.
#[derive(Debug, Clone)]
pub struct Role {
    service: Arc<service::Service>,
}

impl Role {
    /// The role that follows the roles which these channels lead to. Its tasks are the stopper's.
    pub fn new(
        config: Config,
        results: Channel,
        allocation: Channel,
        clock: SharedClock,
        stopper: &Stopper,
    ) -> Self {
        Self {
            service: Arc::new(service::Service::new(
                config, results, allocation, clock, stopper,
            )),
        }
    }

    /// The same over HTTP: documents, events and the page, for a listener of its own.
    pub fn routes(&self) -> Routes {
        http::router(Arc::clone(&self.service))
    }

    /// Adds the role's service to those of a listener.
    pub fn add_to(&self, services: Services) -> Services {
        services.with(passthrough::FeedServer::new(Arc::clone(&self.service)))
    }
}
