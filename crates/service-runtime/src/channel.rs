//! Channels to services that listen on TCP.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

use crate::limits::{CONNECTION_WINDOW_BYTES, FRAME_BYTES_MAX, STREAM_WINDOW_BYTES};

/// How long opening a connection may take before a call fails with UNAVAILABLE.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a connection is silent before it is asked whether it is alive, and how long it has to answer.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// An address that is none.
#[derive(Debug, thiserror::Error)]
#[error("address {address:?} is not of the form http://HOST:PORT")]
pub struct AddressError {
    /// What was given.
    pub address: String,
}

/// A channel that opens its connection with the first call and opens it again after a loss.
///
/// The other side need not be there yet: a call fails with UNAVAILABLE until it is. Deadlines are the caller's:
/// `Request::set_timeout` sends them along. This side counts too: when its time is over before an answer is there, the
/// call ends with CANCELLED and the message "Timeout expired", which is how tonic says it.
///
/// # Errors
/// [`AddressError`] when the address is not a URI of the scheme http with a host: calls would only fail one by one.
pub fn connect(address: &str) -> Result<Channel, AddressError> {
    let endpoint = Endpoint::from_shared(address.to_owned()).ok();
    let endpoint = endpoint.filter(|it| {
        let uri = it.uri();
        uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty())
    });
    let address = || AddressError {
        address: address.to_owned(),
    };
    Ok(tuned(endpoint.ok_or_else(address)?).connect_lazy())
}

/// The settings that every channel of ours has, over TCP and in memory.
pub(crate) fn tuned(endpoint: Endpoint) -> Endpoint {
    endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
}
