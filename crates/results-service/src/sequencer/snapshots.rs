//! Snapshots of the state, taken beside the work.

use election::ids::Revision;
use futures::FutureExt as _;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;
use tracing::{error, info};

use super::{Returned, Sequencer};
use crate::fold::{self, Encoded};

/// When the last snapshot was taken, and what is under way.
pub(super) struct Snapshots {
    pub last: Revision,
    pub waiting: Option<Encoded>,
    pub writing: Option<JoinHandle<()>>,
}

impl Sequencer {
    /// Takes a snapshot between two groups when it is time.
    pub(super) fn begin_snapshot(&mut self) {
        let config = &self.hosted.config;
        let units = self.state.as_ref().map_or(0, |state| state.unit_count());
        let every = units.saturating_mul(config.snapshot_events_per_unit);
        let every = every.max(config.snapshot_events);
        let due = self.revision().0 >= self.snapshot.last.0.saturating_add(every);
        let between = self.draft.is_empty() && self.sealed.is_empty();
        if due && between && self.away.is_none() && self.snapshot.waiting.is_none() {
            self.encode();
        }
    }

    /// Has the state encoded on another thread. Groups that are being synced are published meanwhile, only deciding
    /// waits. False if there is nothing to encode or nowhere to write it.
    pub(super) fn encode(&mut self) -> bool {
        let is_writing = self
            .snapshot
            .writing
            .as_ref()
            .is_some_and(|it| !it.is_finished());
        // A snapshot only saves time; where the disk is full its room is the log's.
        if is_writing
            || self.hosted.config.storage.data_folder().is_none()
            || self.hosted.log.is_short_of_room()
        {
            return false;
        }
        let Some(state) = self.state.take() else {
            return false;
        };
        self.snapshot.last = state.revision();
        let encoding = spawn_blocking(move || {
            debug_assert!(
                state.totals_reconcile(),
                "totals are sums of what is counted"
            );
            let bytes = state.to_snapshot();
            Returned::Encoded(state, bytes)
        });
        self.away = Some(encoding.map(|it| it.unwrap_or(Returned::Lost)).boxed());
        true
    }

    /// Writes the encoded state as soon as its last record is durable, on another thread.
    pub(super) fn write_snapshot(&mut self) {
        let hosted = self.hosted.clone();
        let waits = |encoded: &mut Encoded| encoded.revision == hosted.head();
        let Some(encoded) = self.snapshot.waiting.take_if(waits) else {
            return;
        };
        let known = hosted.with(|durable| {
            let directory = durable.directory.clone();
            (durable.tally.log_id, directory, durable.record_hash)
        });
        let Some((log_id, directory, record_hash)) = known else {
            return;
        };
        self.snapshot.writing = Some(spawn_blocking(move || {
            let Some(folder) = hosted.config.storage.data_folder() else {
                return;
            };
            let started = Instant::now();
            let (id, revision) = (&hosted.id, encoded.revision);
            match fold::write_snapshot(folder, id, log_id, &encoded, &directory, record_hash) {
                Ok(()) => {
                    let elapsed = started.elapsed();
                    info!(election = %id, %revision, ?elapsed, "snapshot written");
                }
                // It only saves time: the log has it all.
                Err(error) => error!(election = %id, %error, "a snapshot cannot be written"),
            }
        }));
    }
}
