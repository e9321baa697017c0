//! The services that are called, and which role each is of.

use tonic::transport::Channel;
use wire::allocation::v1::allocation_service_client::AllocationServiceClient;
use wire::allocation::v1::allocation_service_server;
use wire::feed::v1::live_feed_service_client::LiveFeedServiceClient;
use wire::feed::v1::live_feed_service_server;
use wire::ingestion::v1::tally_ingestion_service_client::TallyIngestionServiceClient;
use wire::ingestion::v1::tally_ingestion_service_server;
use wire::results::v1::admin_service_client::AdminServiceClient;
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{admin_service_server, results_service_server};

/// A service of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Admin,
    Allocation,
    LiveFeed,
    Results,
    TallyIngestion,
}

impl Service {
    /// Its full name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => admin_service_server::SERVICE_NAME,
            Self::Allocation => allocation_service_server::SERVICE_NAME,
            Self::LiveFeed => live_feed_service_server::SERVICE_NAME,
            Self::Results => results_service_server::SERVICE_NAME,
            Self::TallyIngestion => tally_ingestion_service_server::SERVICE_NAME,
        }
    }

    /// The role that serves it, by the name that `serve` takes.
    pub const fn role(self) -> &'static str {
        match self {
            Self::Admin | Self::Results => "results",
            Self::Allocation => "allocation",
            Self::LiveFeed => "live-feed",
            Self::TallyIngestion => "tally-ingestion",
        }
    }
}

/// A generated client, and which service it calls.
pub(crate) trait Calls {
    const SERVICE: Service;
}

impl Calls for AdminServiceClient<Channel> {
    const SERVICE: Service = Service::Admin;
}

impl Calls for AllocationServiceClient<Channel> {
    const SERVICE: Service = Service::Allocation;
}

impl Calls for LiveFeedServiceClient<Channel> {
    const SERVICE: Service = Service::LiveFeed;
}

impl Calls for ResultsServiceClient<Channel> {
    const SERVICE: Service = Service::Results;
}

impl Calls for TallyIngestionServiceClient<Channel> {
    const SERVICE: Service = Service::TallyIngestion;
}
