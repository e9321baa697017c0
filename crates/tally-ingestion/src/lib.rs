//! Takes in reports over gRPC: shape, authority, batching; one answer per report after it is durable.
//!
//! Stateless: what a report means is decided by the results role, to which batches of bytes are forwarded. What ingestion
//! adds is that thousands of streams become a few, and that a loss of the results role is bridged: unanswered batches
//! are sent again, which is safe because a report is absolute and versioned.
//!
//! ```text
//! stream of a client ─▶ Reader: decode, check, encode ─chunks─▶ Link: batches ─AppendBatches─▶ results
//!                  ◀─ answers in the stream's order ◀─────────── outcomes ◀──────────────────┘
//! ```
//!
//! Everything is bounded: reports in flight per stream, chunks that wait for a link, batches and bytes of a link. When
//! a bound is reached the next one upstream stops reading, down to the HTTP/2 window of the client.

mod authority;
mod batch;
mod check;
mod encode;
mod error;
mod forward;
mod link;
mod rpc;
mod stream;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use service_runtime::services::Services;
use service_runtime::shutdown::Stopper;
use tokio::sync::Semaphore;
use tonic::transport::Channel;

pub use authority::{ANONYMOUS, PRINCIPAL_BYTES_MAX, PRINCIPAL_METADATA};
pub use error::IngestionError;
pub use stream::IN_FLIGHT_MAX;

use authority::Authority;
use forward::Forwarder;
use rpc::Rpc;

/// What an operator may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Who may submit, by the name in the metadata [`PRINCIPAL_METADATA`]; empty: everyone. The name is taken as it is
    /// given: it is an authority only behind a proxy that authenticates and sets it. Real authentication comes later.
    pub principals: Vec<String>,
    /// Client streams that may be open at once; the next is answered RESOURCE_EXHAUSTED with a delay.
    pub streams_max: usize,
    /// Streams to the results role, shared by all clients; an election always uses the same one.
    pub links: NonZeroUsize,
    /// How long reports may wait without any answer of the results role. Then their clients get UNAVAILABLE and send
    /// again later.
    pub results_silence_max: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            principals: Vec::new(),
            streams_max: 100_000,
            links: NonZeroUsize::new(4).expect("4 is not 0"),
            results_silence_max: Duration::from_secs(10),
        }
    }
}

/// The ingestion role: `TallyIngestionService` in front of a results role.
///
/// At the stop of its stopper it reads no more, answers what is in flight and ends its streams with UNAVAILABLE, so
/// that clients go elsewhere. So the results role should be stopped after it.
#[derive(Debug)]
pub struct Role {
    rpc: Rpc,
}

impl Role {
    /// The role in front of the results role that this channel leads to. Its tasks are the stopper's.
    pub fn new(config: Config, results: Channel, stopper: &Stopper) -> Self {
        let Config {
            principals,
            streams_max,
            links,
            results_silence_max,
        } = config;
        let streams_max = streams_max.min(Semaphore::MAX_PERMITS);
        Self {
            rpc: Rpc {
                authority: Arc::new(Authority::new(principals)),
                streams: Arc::new(Semaphore::new(streams_max)),
                streams_max,
                forwarder: Forwarder::new(results, links, results_silence_max, stopper.clone()),
            },
        }
    }

    /// Adds the role's service to those of a listener.
    pub fn add_to(self, services: Services) -> Services {
        services.with(self.rpc)
    }
}
