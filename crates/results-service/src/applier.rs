//! Feeds the store from the log, on a thread of its own: it blocks on the disk and lags by design.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use election::ids::{ElectionId, Revision};
use results_store::{APPLY_CHANGES, ResultsStore, StoreError};
use tokio::runtime::Handle;
use tracing::{error, info, warn};

use crate::error::Error;
use crate::fold;
use crate::hosted::Hosted;
use crate::measure;
use crate::role::Opened;
use crate::store::Store;

/// How long events gather before they are applied: rows of the same block are then written once for many of them.
const ROUND: Duration = Duration::from_millis(100);
/// How often what is applied is made to last. What was applied since is applied again after a crash.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);
/// How long to wait before a store that could not be opened, or a log that could not be read, is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// What is read of the log at once while catching up.
const READ_BYTES: usize = 8 << 20;

/// The running thread.
#[derive(Debug)]
pub(crate) struct Applier {
    /// Dropped to stop it.
    running: SyncSender<()>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Applier {
    /// Starts it. It holds the role only for the length of a round, and ends when that is gone.
    pub fn start(opened: Weak<Opened>) -> std::io::Result<Self> {
        let (running, stopped) = sync_channel(1);
        let stopping = Arc::new(AtomicBool::new(false));
        let runtime = Handle::current();
        let thread = std::thread::Builder::new().name("results-store".to_owned());
        let told = stopping.clone();
        let thread = thread.spawn(move || {
            let mut rounds = Rounds {
                opened,
                stopping: told,
                runtime,
                store: None,
                checkpoint: Instant::now(),
                is_dirty: false,
                unreadable: BTreeMap::new(),
                piece: APPLY_CHANGES,
            };
            rounds.run(&stopped);
        })?;
        Ok(Self {
            running,
            stopping,
            thread,
        })
    }

    /// Applies what is left in memory, makes it last, and ends. Blocks for as long as that takes. What must be read from
    /// the log is left to the next start.
    pub fn finish(self) {
        self.stopping.store(true, Ordering::Release);
        drop(self.running);
        if self.thread.join().is_err() {
            error!("the store's thread failed");
        }
    }
}

struct Rounds {
    opened: Weak<Opened>,
    stopping: Arc<AtomicBool>,
    runtime: Handle,
    store: Option<Store>,
    checkpoint: Instant,
    is_dirty: bool,
    /// Elections whose log could not be read, and when.
    unreadable: BTreeMap<ElectionId, Instant>,
    /// How many events of an election are applied before it is the next one's turn.
    piece: usize,
}

impl Rounds {
    fn run(&mut self, stopped: &Receiver<()>) {
        loop {
            let Some(opened) = self.opened.upgrade() else {
                return;
            };
            let pause = match self.round(&opened) {
                Ok(true) => Duration::ZERO,
                Ok(false) => ROUND,
                Err(error) => {
                    self.give_up(&opened, &error);
                    RETRY
                }
            };
            drop(opened);
            match stopped.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let Some(opened) = self.opened.upgrade() else {
            return;
        };
        let applied = self.finish(&opened).and_then(|()| match &self.store {
            Some(store) => store.checkpoint().map_err(Failure::Store),
            None => Ok(()),
        });
        if let Err(error) = applied {
            warn!(%error, "the store is left behind the log");
        }
    }

    /// Rounds until nothing in memory is left.
    fn finish(&mut self, opened: &Opened) -> Result<(), Failure> {
        while self.round(opened)? {}
        Ok(())
    }

    /// Brings every election's rows nearer to its head, by one piece each so that none waits for another's burst, and lays
    /// the tail over those that were behind. Whether any has more to apply. Not while the log has no room for its next
    /// segment: the little that was freed on a full disk is the log's.
    fn round(&mut self, opened: &Opened) -> Result<bool, Failure> {
        let is_short = opened.log.is_short_of_room();
        if is_short && self.store.is_none() {
            return Ok(false);
        }
        let mut has_more = false;
        let store = self.store(opened)?;
        for hosted in opened.elections() {
            if self.put_off(&hosted.id) {
                continue;
            }
            if !is_short {
                has_more |= self.apply(&store, &hosted)?;
            }
            let pending = hosted.with(|durable| {
                let districts = durable.tally.contests.iter().flatten();
                districts.map(|it| it.states_total().pending()).sum()
            });
            measure::election(
                &hosted.id,
                hosted.head(),
                hosted.store_lag(&store),
                pending.unwrap_or(0),
            );
        }
        if !is_short && self.is_dirty && self.checkpoint.elapsed() >= CHECKPOINT_EVERY {
            store.checkpoint()?;
            self.is_dirty = false;
            self.checkpoint = Instant::now();
        }
        Ok(has_more)
    }

    /// Brings one election's rows nearer to its head by one piece. Whether there is more to apply at once.
    fn apply(&mut self, store: &Store, hosted: &Arc<Hosted>) -> Result<bool, Failure> {
        let before = store.applied_revision(&hosted.id)?;
        let has_more = match self.catch_up(store, hosted) {
            Ok(has_more) => has_more,
            // Only the units of this election cannot be asked for.
            Err(Failure::Read(error)) => {
                self.unreadable.insert(hosted.id.clone(), Instant::now());
                let shown = error.to_string();
                if hosted.leave_for(error) {
                    error!(election = %hosted.id, error = shown, "the log cannot be read for the store, others go on");
                }
                false
            }
            Err(failure) => return Err(failure),
        };
        let after = store.applied_revision(&hosted.id)?;
        self.is_dirty |= after != before;
        // What does not move waits for the next round.
        Ok(has_more && after != before)
    }

    /// Whether an election's log could not be read just now.
    fn put_off(&mut self, id: &ElectionId) -> bool {
        self.unreadable.retain(|_, since| since.elapsed() < RETRY);
        self.unreadable.contains_key(id)
    }

    fn store(&mut self, opened: &Opened) -> Result<Store, Failure> {
        if let Some(store) = &self.store {
            return Ok(store.clone());
        }
        let started = Instant::now();
        let store = Store::open(opened.data_folder(), &opened.log.heads())?;
        info!(elapsed = ?started.elapsed(), "store opened");
        self.store = Some(store.clone());
        Ok(store)
    }

    fn catch_up(&self, store: &Store, hosted: &Arc<Hosted>) -> Result<bool, Failure> {
        if let Ok(view) = hosted.view() {
            // A burst adds about as fast as this applies: less than a piece waits for the next round.
            let left = view.catch_up(self.piece)?;
            if !hosted.is_behind() {
                let piece = u64::try_from(self.piece).unwrap_or(u64::MAX);
                let is_last = self.stopping.load(Ordering::Acquire);
                return Ok(left >= piece || (is_last && left > 0));
            }
        }
        // What must be read from the log is left to the next start.
        if self.stopping.load(Ordering::Acquire) {
            return Ok(false);
        }
        let applied = store.applied_revision(&hosted.id)?;
        if hosted.join(store).map_err(Failure::Read)? {
            info!(election = %hosted.id, revision = %applied, "store caught up");
            return Ok(false);
        }
        if applied < hosted.head() {
            self.apply_from_log(store, hosted, applied)?;
        } else if applied > hosted.head()
            && let Some(damage) = hosted.damage()
        {
            // The head will not move any more.
            return Err(Failure::Read(Error::Corrupt(damage.clone())));
        }
        Ok(true)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this thread is no worker of the runtime"
    )]
    fn apply_from_log(
        &self,
        store: &Store,
        hosted: &Hosted,
        applied: Revision,
    ) -> Result<(), Failure> {
        let next = applied.next();
        // Not beyond the head: what lies there may be what cannot be read.
        let left = usize::try_from(hosted.head().0 - applied.0).unwrap_or(usize::MAX);
        let records = left.min(self.piece);
        let read = hosted.log.read(&hosted.id, next, records, READ_BYTES);
        let stored = self
            .runtime
            .block_on(read)
            .map_err(|error| Failure::Read(error.into()))?;
        let events: Result<Vec<_>, Error> = stored.iter().map(fold::decode).collect();
        store.apply(&hosted.id, &events.map_err(Failure::Read)?)?;
        Ok(())
    }

    /// A store that failed is put away as soon as nobody asks it any more, and opened anew in the next round: that finds
    /// out whether it can be trusted.
    fn give_up(&mut self, opened: &Opened, error: &Failure) {
        error!(%error, "the store failed and is opened anew");
        opened.elections().iter().for_each(|hosted| hosted.leave());
        if self.store.as_ref().is_some_and(Store::is_alone) {
            self.store = None;
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("the log cannot be read: {0}")]
    Read(Error),
}

/// The elections by id.
pub(crate) type Elections = BTreeMap<ElectionId, Arc<Hosted>>;
