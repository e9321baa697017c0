//! The services of the contract: each method decodes, calls, and encodes. The only part that touches the wire's types.

mod admin;
mod append;
mod pages;
mod results;
mod units;

use service_runtime::limits::MESSAGE_BYTES_MAX;
use service_runtime::services::{Contract, Services};
use wire::results::v1::admin_service_server::{self, AdminServiceServer};
use wire::results::v1::results_service_server::{self, ResultsServiceServer};

use crate::role::Role;

const NAMES: &[&str] = &[
    results_service_server::SERVICE_NAME,
    admin_service_server::SERVICE_NAME,
];

impl Role {
    /// Adds the role's services to those of a listener. Their health follows the role's: NOT_SERVING while a failed log
    /// is opened anew.
    #[must_use]
    pub fn add_to(&self, services: Services) -> Services {
        let results = ResultsServiceServer::new(results::Rpc(self.clone()))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let admin = AdminServiceServer::new(admin::Rpc(self.clone()))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let services = services.with(results).with(admin);
        self.tell_health(services.health(), NAMES);
        services
    }

    /// The role's services alone.
    pub fn services(&self) -> Services {
        self.add_to(Services::new(Contract {
            descriptors: wire::FILE_DESCRIPTOR_SET,
            unary_methods: wire::UNARY_METHODS,
            streaming_methods: wire::STREAMING_METHODS,
        }))
    }
}
