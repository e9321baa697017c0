//! Follows the log, folds the votes, allocates and verifies the seats.
//!
//! Results answers tallies, only allocation answers seats. Each replica folds the log by itself: what it shows at a
//! revision is what every other replica shows. Per election there are two moments: that of the head, and that of what the
//! public may see, which is a fold of a prefix too.
//!
//! ```text
//! results ─WatchEvents─▶ Follower: fold ─▶ head ─▶ seats: allocate, verify ─▶ WatchStandings (VIEW_HEAD)
//!                                            └▶ Publisher ─▶ public ─▶ seats ─▶ WatchStandings (VIEW_PUBLIC)
//! ```

mod certain;
mod checkpoints;
mod comparison;
mod config;
mod error;
mod events;
mod follower;
mod narrowed;
mod past;
mod publisher;
mod rpc;
mod seats;
mod service;
mod stateless;
mod watched;
mod widened;
mod words;

use service_runtime::clock::SharedClock;
use service_runtime::limits::MESSAGE_BYTES_MAX;
use service_runtime::services::Services;
use service_runtime::shutdown::Stopper;
use std::sync::Arc;
use tonic::transport::Channel;
use wire::allocation::v1::allocation_service_server::AllocationServiceServer;

pub use certain::bound_seats_while_awaited;
pub use comparison::{batch_allocate, compare, list_profiles};
pub use config::Config;
pub use error::AllocationError;
pub use stateless::{
    allocate, allocate_districts, allocate_districts_while_awaited, allocate_while_awaited,
};

/// The allocation role: `AllocationService` behind a results role.
#[derive(Debug, Clone)]
pub struct Role {
    service: Arc<service::Service>,
}

impl Role {
    /// The role that follows the results role which this channel leads to. Its tasks are the stopper's.
    pub fn new(config: Config, results: Channel, clock: SharedClock, stopper: &Stopper) -> Self {
        let service = Arc::new(service::Service::new(config, results, clock, stopper));
        stopper.spawn(service::Service::discover(Arc::clone(&service)));
        Self { service }
    }

    /// Adds the role's service to those of a listener.
    pub fn add_to(&self, services: Services) -> Services {
        let rpc = rpc::Rpc {
            service: Arc::clone(&self.service),
        };
        let server = AllocationServiceServer::new(rpc)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        services.with(server)
    }
}
