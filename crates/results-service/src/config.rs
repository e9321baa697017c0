//! How the role is kept: where its log lies, and its limits with their units in their names.

use std::path::PathBuf;
use std::time::Duration;

use event_log::memory::Place;
use event_log_journal::Options;

/// Where the log, the snapshots of its folds and the store are kept.
#[derive(Debug, Clone)]
pub enum Storage {
    /// A data folder of this process alone.
    Folder {
        /// The folder; it is made if it is not there.
        path: PathBuf,
        /// How the journal in it is kept.
        journal: Options,
    },
    /// Memory: for tests and simulation. A clone of the place opens the same log again.
    Memory(Place),
}

/// The settings of the role.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything is kept.
    pub storage: Storage,
    /// A snapshot of the fold is written after so many events, and at a clean stop.
    pub snapshot_events: u64,
    /// Nor is one written before so many events for each unit: a snapshot holds every unit, about as many bytes as its
    /// report takes in the log. With 1 an election of any size writes at most as much for snapshots as for its log.
    pub snapshot_events_per_unit: u64,
    /// Batches and commands that may wait for an election's sequencer; the next sender waits.
    pub waiting_max: usize,
    /// Batches of one stream that may be on their way at once.
    pub stream_batches_max: usize,
    /// Events that the store may lag behind while units can still be asked for at the head. Behind that it catches up
    /// from the log, and reads of units are UNAVAILABLE meanwhile. About 110 bytes of memory each.
    pub store_lag_max: usize,
    /// Records kept in memory for those who watch at the head; slower ones read from the log.
    pub recent_records_max: usize,
    /// How many revisions a watcher that was at the head may fall behind before it is told to resume.
    pub watch_lag_max: u64,
    /// Folds of the past that may run at once, for all elections; more wait. Each reads 4 MiB of the log at a time.
    pub folds_max: usize,
    /// The longest silence of a watch.
    pub heartbeat_interval: Duration,
}

impl Config {
    /// The settings for a data folder.
    pub fn new(storage: Storage) -> Self {
        Self {
            storage,
            snapshot_events: 200_000,
            snapshot_events_per_unit: 1,
            waiting_max: 64,
            stream_batches_max: 16,
            store_lag_max: 262_144,
            recent_records_max: 32_768,
            watch_lag_max: 1_000_000,
            folds_max: 4,
            heartbeat_interval: Duration::from_secs(15),
        }
    }

    /// The settings for a data folder with a journal as it is by default.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::new(Storage::Folder {
            path: path.into(),
            journal: Options::default(),
        })
    }
}
