//! What an operator may set.

use std::time::Duration;

/// The settings of the allocation role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Standings are published at most this often; at once after a quiet time. Reports are folded as they come.
    pub publish_interval: Duration,
    /// How often the list of elections is asked for, and the clock is compared with openings.
    pub poll_interval: Duration,
    /// A stream of standings says at least this often that it is alive.
    pub heartbeat_interval: Duration,
    /// How long a watcher whose token is ahead of this replica may wait for it.
    pub behind_max: Duration,
    /// Past tallies that are kept of each election, so that a past moment is a short fold away.
    pub checkpoints_max: usize,
    /// Events between two of them, at first; the distance doubles whenever there are too many.
    pub checkpoint_events: u64,
    /// Past moments that may be folded at once.
    pub folds_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            publish_interval: Duration::from_millis(50),
            poll_interval: Duration::from_millis(250),
            heartbeat_interval: Duration::from_secs(15),
            behind_max: Duration::from_secs(10),
            checkpoints_max: 64,
            checkpoint_events: 4_096,
            folds_max: 4,
        }
    }
}
