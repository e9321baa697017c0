//! Serving a set of services on a listener until the part that it belongs to is stopped.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use metrics::{counter, describe_counter};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;
use tonic::transport::server::{Connected, TcpIncoming};
use tonic_health::pb::health_server::HealthServer;
use tracing::{info, warn};

use crate::addresses::{Addresses, PlaceHeld};
use crate::call::CallLayer;
use crate::gather::Gather;
use crate::impatient::{Impatient, Patience};
use crate::limits::{
    CONNECTION_WINDOW_BYTES, FRAME_BYTES_MAX, HEADER_BYTES_MAX, Limits, SMALL_REQUEST_BYTES_MAX,
    STREAM_WINDOW_BYTES,
};
use crate::pipe::PipeListener;
use crate::services::Services;
use crate::shutdown::Stopper;

/// How long to wait after a connection could not be accepted: usually all file handles are in use, and asking again
/// at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why a listener could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptors of the contract cannot be decoded.
    #[error("the descriptors for reflection cannot be decoded: {0}")]
    Descriptors(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves on a TCP listener until the stopper stops it and its calls have ended, or its grace period is over.
///
/// At the stop, health becomes NOT_SERVING, no connection is taken any more, open ones are told to go away, unary calls
/// run to their end; streams end when their service ends them. At the end of the grace period what is left is answered
/// with UNAVAILABLE.
///
/// # Errors
/// [`ServeError`] when the descriptors are broken or the transport fails.
pub async fn serve(
    listener: TcpListener,
    services: Services,
    limits: Limits,
    stopper: Stopper,
) -> Result<(), ServeError> {
    if let Ok(address) = listener.local_addr() {
        info!(part = stopper.name(), %address, "listening");
    }
    describe_counter!(
        "rpc_connections_shed_total",
        "Connections over a limit of a listener of gRPC, by which: of all, or of one address."
    );
    let places = Places {
        all: Arc::new(Semaphore::new(limits.connections_max)),
        addresses: Addresses::new(limits.connections_per_address_max, &limits.trusted_proxies),
        // HTTP/2 asks whether the other side is alive only while it can write.
        patience: Patience {
            longest: limits.write_timeout,
            rate_min: limits.write_rate_min,
        },
    };
    let incoming = TcpIncoming::from(listener)
        .with_nodelay(Some(true))
        .with_keepalive(Some(limits.keepalive_interval))
        .filter_map(move |connection| {
            let placed = places.place(connection);
            async move {
                if let Some(Err(error)) = &placed {
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                placed
            }
        });
    run(incoming, services, limits, stopper).await
}

/// The places for connections of a listener.
struct Places {
    all: Arc<Semaphore>,
    addresses: Addresses,
    patience: Patience,
}

/// A connection's place among all, and among those of its address.
type Held = (OwnedSemaphorePermit, PlaceHeld);

impl Places {
    /// A connection in its place. `None`: there is no place for it, and it is closed at once, so that whoever balances load
    /// sees it.
    fn place(
        &self,
        connection: io::Result<TcpStream>,
    ) -> Option<io::Result<Gather<Impatient<TcpStream>, Held>>> {
        let shed = |limit: &'static str| {
            counter!("rpc_connections_shed_total", "limit" => limit).increment(1);
        };
        let stream = match connection {
            Ok(stream) => stream,
            Err(error) => return Some(Err(error)),
        };
        // One that was reset at once has no address any more, and concerns nobody else.
        let address = stream.peer_addr().ok()?;
        let Some(place) = self.addresses.take(address.ip()) else {
            shed("address");
            return None;
        };
        let Ok(permit) = Arc::clone(&self.all).try_acquire_owned() else {
            shed("all");
            return None;
        };
        let stream = Impatient::new(stream, self.patience);
        Some(Ok(Gather::new(stream, (permit, place))))
    }
}

/// Serves on a pipe, as [`serve`] does on TCP.
///
/// # Errors
/// As [`serve`].
pub async fn serve_pipe(
    listener: PipeListener,
    services: Services,
    limits: Limits,
    stopper: Stopper,
) -> Result<(), ServeError> {
    let incoming = ReceiverStream::new(listener.incoming).map(Ok::<_, Infallible>);
    run(incoming, services, limits, stopper).await
}

/// Served on every listener.
const HEALTH: &str = "grpc.health.v1.Health";

async fn run<IO, E>(
    incoming: impl Stream<Item = Result<IO, E>>,
    services: Services,
    limits: Limits,
    stopper: Stopper,
) -> Result<(), ServeError>
where
    IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let health = services.health();
    let contract = services.contract;
    let names = services.names;
    let reflection = |own: &'static str| {
        let builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(contract.descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        let names = names.iter().copied().chain([HEALTH, own]);
        names.fold(builder, |builder, name| builder.with_service_name(name))
    };
    // These are on every listener, so on the one for strangers too.
    let bytes_max = SMALL_REQUEST_BYTES_MAX;
    let routes = services
        .routes
        .add_service(HealthServer::new(health.clone()).max_decoding_message_size(bytes_max))
        .add_service(
            reflection("grpc.reflection.v1.ServerReflection")
                .build_v1()?
                .max_decoding_message_size(bytes_max),
        )
        .add_service(
            reflection("grpc.reflection.v1alpha.ServerReflection")
                .build_v1alpha()?
                .max_decoding_message_size(bytes_max),
        )
        .prepare();
    let draining = {
        let stopping = stopper.stopping();
        async move {
            stopping.await;
            health.set_all_stopped();
        }
    };
    let server = Server::builder()
        .layer(CallLayer::new(contract, limits.clone(), stopper.clone()))
        .max_concurrent_streams(limits.calls_per_connection_max)
        .http2_keepalive_interval(Some(limits.keepalive_interval))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, draining);
    tokio::select! {
        outcome = server => outcome?,
        () = stopper.expired() => {}
    }
    Ok(())
}

/// Listens on an address, so that a failure names it.
///
/// # Errors
/// When the address is in use or not ours, with the address in the message.
pub async fn listen(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}
