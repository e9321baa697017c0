//! What an operator may set.

use std::time::Duration;

/// The settings of the live feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// A scope has at most one frame in this time; at once after a quiet time.
    pub tick: Duration,
    /// A stream says at least this often that it is alive.
    pub heartbeat_interval: Duration,
    /// How long a viewer whose token is ahead of this replica may wait for it.
    pub behind_max: Duration,
    /// Out of touch with the count for this long, frames and heartbeats are stale.
    pub stale_after: Duration,
    /// How often the list of elections is asked for while somebody watches it.
    pub index_interval: Duration,
    /// Viewers at once, those included who wait for a single frame; the next is answered RESOURCE_EXHAUSTED with a delay.
    pub viewers_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(250),
            heartbeat_interval: Duration::from_secs(15),
            behind_max: Duration::from_secs(10),
            stale_after: Duration::from_secs(5),
            index_interval: Duration::from_secs(1),
            viewers_max: 200_000,
        }
    }
}
