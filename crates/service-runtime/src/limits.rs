//! Every limit of a listener in one place, with its unit in its name.

use std::time::Duration;

/// The largest message that a service takes in or gives out, in bytes: the default of gRPC in every language, so that a
/// client needs no setting of its own. Larger contents are paged or streamed.
///
/// A service sets it on its generated server with `max_decoding_message_size` and `max_encoding_message_size`. A
/// message over it is answered with OUT_OF_RANGE by tonic, before it is read into memory.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The largest set of headers of one call, in bytes.
pub const HEADER_BYTES_MAX: u32 = 16 * 1024;

/// The flow control window of one stream, in bytes. Wide enough that a burst of batches is not stopped by it on a
/// loopback or a local network.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;

/// The flow control window of a connection, in bytes, shared by its streams.
pub const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// The limits of a listener that an operator may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The deadline of a unary call whose client names none.
    pub unary_deadline_default: Duration,
    /// The longest deadline of a unary call; a longer one of the client is cut to it.
    pub unary_deadline_max: Duration,
    /// Calls that one connection may have open at once, streams included. The next waits, or is refused by its client.
    pub calls_per_connection_max: u32,
    /// How long a connection is silent before it is asked whether it is alive.
    pub keepalive_interval: Duration,
    /// How long a connection has to answer that.
    pub keepalive_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unary_deadline_default: Duration::from_secs(10),
            unary_deadline_max: Duration::from_secs(60),
            calls_per_connection_max: 256,
            keepalive_interval: Duration::from_secs(20),
            keepalive_timeout: Duration::from_secs(10),
        }
    }
}
