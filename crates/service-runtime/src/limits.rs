//! Every limit of a listener in one place, with its unit in its name.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Key, Kind};

/// The largest message that a service takes in or gives out, in bytes: the default of gRPC in every language, so that a
/// client needs no setting of its own. Larger contents are paged or streamed.
///
/// A service sets it on its generated server with `max_decoding_message_size` and `max_encoding_message_size`. A
/// message over it is answered with RESOURCE_EXHAUSTED and no delay, before it is read into memory; so is a call whose
/// answer would be over it, with its size.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The largest message that a service for strangers takes in, in bytes, where its requests are ids and tokens: what a
/// stranger has begun to send and does not end must cost next to nothing.
pub const SMALL_REQUEST_BYTES_MAX: usize = 4 * 1024;

/// The largest set of headers of one call, in bytes.
pub const HEADER_BYTES_MAX: u32 = 16 * 1024;

/// The flow control window of one stream, in bytes. Wide enough that a burst of batches is not stopped by it on a
/// loopback or a local network.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;

/// The flow control window of a connection, in bytes, shared by its streams.
pub const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// The largest frame that each side of a connection takes, in bytes. HTTP/2 begins with 16 KiB, of which a batch of reports
/// would need eight, each with a turn of its own through both ends.
pub const FRAME_BYTES_MAX: u32 = 256 * 1024;

/// The limits of a listener that an operator may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The deadline of a unary call whose client names none.
    pub unary_deadline_default: Duration,
    /// The longest deadline of a unary call; a longer one of the client is cut to it.
    pub unary_deadline_max: Duration,
    /// Calls that one connection may have open at once, streams included. The next waits, or is refused by its client.
    pub calls_per_connection_max: u32,
    /// Connections at once; one more is closed at once.
    pub connections_max: usize,
    /// Connections at once of one address (of IPv6: of one network of 64 bits); one more is closed at once. Loopback has no
    /// limit.
    pub connections_per_address_max: usize,
    /// Addresses without that limit: proxies, which count for themselves.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long a connection may take nothing of what waits for it.
    pub write_timeout: Duration,
    /// How much of what waits for it a connection has to take, in bytes a second: less, for [`Self::write_timeout`] in all,
    /// is as nothing.
    pub write_rate_min: u32,
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
            calls_per_connection_max: 4_096,
            connections_max: 10_000,
            connections_per_address_max: 1_000,
            trusted_proxies: Vec::new(),
            write_timeout: Duration::from_secs(30),
            write_rate_min: 1_024,
            keepalive_interval: Duration::from_secs(20),
            keepalive_timeout: Duration::from_secs(10),
        }
    }
}

/// The limits as a table of the configuration, [`KEYS`](Self::KEYS) in it. What is not given has its default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitSettings {
    /// [`Limits::unary_deadline_default`], in milliseconds.
    pub unary_deadline_ms_default: Option<NonZeroU64>,
    /// [`Limits::unary_deadline_max`], in milliseconds.
    pub unary_deadline_ms_max: Option<NonZeroU64>,
    /// [`Limits::calls_per_connection_max`].
    pub calls_per_connection_max: Option<NonZeroU32>,
    /// [`Limits::connections_max`].
    pub connections_max: Option<NonZeroUsize>,
    /// [`Limits::connections_per_address_max`].
    pub connections_per_address_max: Option<NonZeroUsize>,
    /// [`Limits::trusted_proxies`].
    pub trusted_proxies: Vec<IpAddr>,
}

impl LimitSettings {
    /// Its settings, in a table named `limits`.
    pub const KEYS: [Key; 6] = [
        Key {
            path: "limits.unary_deadline_ms_default",
            kind: Kind::Number,
            wanted: "milliseconds from 1, such as 10000",
        },
        Key {
            path: "limits.unary_deadline_ms_max",
            kind: Kind::Number,
            wanted: "milliseconds from 1, such as 60000",
        },
        Key {
            path: "limits.calls_per_connection_max",
            kind: Kind::Number,
            wanted: "a number of calls from 1, such as 4096",
        },
        Key {
            path: "limits.connections_max",
            kind: Kind::Number,
            wanted: "a number of connections from 1, such as 10000",
        },
        Key {
            path: "limits.connections_per_address_max",
            kind: Kind::Number,
            wanted: "a number of connections from 1, such as 1000",
        },
        Key {
            path: "limits.trusted_proxies",
            kind: Kind::List,
            wanted: "addresses such as 10.0.0.7,2001:db8::7",
        },
    ];

    /// The limits, with defaults where nothing is set.
    pub fn limits(&self) -> Limits {
        let milliseconds = |set: Option<NonZeroU64>, default| {
            set.map_or(default, |value| Duration::from_millis(value.get()))
        };
        let defaults = Limits::default();
        Limits {
            unary_deadline_default: milliseconds(
                self.unary_deadline_ms_default,
                defaults.unary_deadline_default,
            ),
            unary_deadline_max: milliseconds(
                self.unary_deadline_ms_max,
                defaults.unary_deadline_max,
            ),
            calls_per_connection_max: self
                .calls_per_connection_max
                .map_or(defaults.calls_per_connection_max, NonZeroU32::get),
            connections_max: self
                .connections_max
                .map_or(defaults.connections_max, NonZeroUsize::get),
            connections_per_address_max: self
                .connections_per_address_max
                .map_or(defaults.connections_per_address_max, NonZeroUsize::get),
            trusted_proxies: self.trusted_proxies.clone(),
            ..defaults
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Layers};

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Settings {
        limits: LimitSettings,
    }

    fn limits(value: &str) -> Result<Limits, config::ConfigError> {
        let layers = Layers {
            flags: vec![(LimitSettings::KEYS[0].path, value.to_owned())],
            ..Layers::default()
        };
        config::load(&LimitSettings::KEYS, "APP", &layers)
            .map(|settings: Settings| settings.limits.limits())
    }

    #[test]
    fn what_is_set_wins_over_the_default_and_zero_is_refused() {
        let wanted = Limits {
            unary_deadline_default: Duration::from_millis(5),
            ..Limits::default()
        };
        assert_eq!(limits("5").unwrap(), wanted);
        let refused = limits("0").unwrap_err().to_string();
        assert!(
            refused.contains("limits.unary_deadline_ms_default = 0"),
            "{refused}"
        );
        assert!(refused.contains("milliseconds from 1"), "{refused}");
    }
}
