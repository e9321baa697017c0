//! One election as the role serves it: its sequencer's queue, and what is durable.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use election::event::Recorded;
use election::ids::{ElectionId, LogId, Revision, Timestamp};
use election::tally::Tally;
use event_log::{Damage, Head, Record};
use event_log_journal::leaf_hash;
use results_store::{ResultsStore, StoreView};
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::checkpoints::Checkpoints;
use crate::config::Config;
use crate::directory::Directory;
use crate::error::Error;
use crate::fold::{self, Fold};
use crate::log::Log;
use crate::measure;
use crate::recent::{Published, Recent};
use crate::store::Store;
use crate::watch::Eyes;
use crate::work::Work;

/// Why units cannot be asked for after a start, a burst or a failure of the store.
const CATCHES_UP: Error = Error::Unavailable("the store of units catches up with the log");

/// One election. Everything in it but the queue is durable: nothing of what is only decided can be seen here.
pub(crate) struct Hosted {
    pub id: ElectionId,
    pub log: Arc<Log>,
    pub config: Arc<Config>,
    /// The way to its sequencer.
    work: mpsc::Sender<Work>,
    /// Set if the log is damaged, or if its sequencer broke down: it is read up to there and takes nothing.
    damage: OnceLock<Damage>,
    /// Whether it was the log that was damaged, as it was opened.
    is_log_damaged: bool,
    /// Room for folds of the past, shared by all elections.
    pub folds: Arc<Semaphore>,
    /// Tells when this opening of the log ends: who follows it must come again.
    pub closing: CancellationToken,
    durable: RwLock<Option<Durable>>,
    tail: Mutex<Tail>,
    checkpoints: Mutex<Checkpoints>,
    head: watch::Sender<Revision>,
}

/// The fold up to the durable head.
pub(crate) struct Durable {
    pub tally: Tally,
    /// Changed in place while nobody else holds it; readers and snapshots hold it as it was.
    pub directory: Arc<Directory>,
    pub record_hash: [u8; 32],
}

/// The newest groups, and the store laid under them. Under one lock, so that the two never disagree about the head.
struct Tail {
    recent: Recent,
    /// Why units cannot be asked for, where they cannot: mostly because the store catches up from the log.
    view: Result<Arc<View>, Error>,
}

pub(crate) type View = StoreView<Store>;

impl Hosted {
    /// An election that was folded up to its head, or one that is to be defined.
    pub fn new(
        log: Arc<Log>,
        config: Arc<Config>,
        work: mpsc::Sender<Work>,
        folds: Arc<Semaphore>,
        id: ElectionId,
        closing: CancellationToken,
        fold: &mut Fold,
    ) -> Self {
        let damage = fold.damage.take();
        let directory = std::mem::take(&mut fold.directory);
        let durable = fold.state.as_ref().map(|state| Durable {
            tally: state.tally().clone(),
            directory: Arc::new(directory),
            record_hash: fold.record_hash,
        });
        Self {
            id,
            log,
            work,
            is_log_damaged: damage.is_some(),
            damage: damage.map(OnceLock::from).unwrap_or_default(),
            folds,
            closing,
            durable: RwLock::new(durable),
            tail: Mutex::new(Tail {
                recent: Recent::new(config.recent_records_max),
                view: Err(CATCHES_UP),
            }),
            checkpoints: Mutex::default(),
            head: watch::Sender::new(fold.revision()),
            config,
        }
    }

    /// What the log is read up to, if it is damaged or the sequencer broke down: then it takes nothing.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.get()
    }

    /// Where the log is damaged: behind what is durable here there may be more, which cannot be read. A sequencer that broke
    /// down is no such thing, for all that is durable can be read.
    pub fn log_damage(&self) -> Option<&Damage> {
        self.damage().filter(|_| self.is_log_damaged)
    }

    /// What is told of a place that the log does not have. If it is damaged, what is missing may lie behind the damage:
    /// nobody must take it for a log that never had it. Where the damage is, is not for the public.
    pub fn lacks(&self, eyes: Eyes, otherwise: Error) -> Error {
        match (self.log_damage(), eyes) {
            (None, _) => otherwise,
            (Some(damage), Eyes::Head) => Error::Corrupt(damage.clone()),
            (Some(_), Eyes::Public) => Error::Damaged,
        }
    }

    /// Closes this election alone for writing, until the log is opened anew. What is durable can be read as before.
    pub fn close(&self, what: String) {
        let damage = self.breakdown(what);
        error!(election = %self.id, %damage, "the election is closed until it is opened anew, others go on");
        measure::closed(&self.id);
        self.damage.set(damage).ok();
    }

    /// The damage of a sequencer that cannot go on.
    pub fn breakdown(&self, what: String) -> Damage {
        Damage {
            election: self.id.clone(),
            revision: self.head().next(),
            place: "sequencer".to_owned(),
            what,
        }
    }

    /// Gives work to the sequencer; waits while it has no room. Where there is none any more, the work is answered so.
    pub async fn send(&self, work: Work) {
        if let Err(SendError(work)) = self.work.send(work).await {
            work.refuse(&self.gone());
        }
    }

    /// Tells the sequencer to end, as the election was never defined. Full or closed: then it has other things to say,
    /// and ends with the role.
    pub fn send_away(&self) {
        self.work.try_send(Work::Leave).ok();
    }

    /// What is told when the sequencer does not answer any more.
    pub fn gone(&self) -> Error {
        match self.damage() {
            Some(damage) => Error::ReadOnly(damage.clone()),
            None => Error::Unavailable("the service stops or recovers"),
        }
    }

    /// Asks what is durable; `None` while the election is not defined. The question must be short: publishing waits.
    pub fn with<T>(&self, question: impl FnOnce(&Durable) -> T) -> Option<T> {
        let durable = self.durable.read().unwrap_or_else(PoisonError::into_inner);
        durable.as_ref().map(question)
    }

    /// The durable head. Readers that are told of a change see it in all that this election answers.
    pub fn head(&self) -> Revision {
        *self.head.borrow()
    }

    /// Tells when the head moves, and ends when the sequencer has.
    pub fn watch_head(&self) -> watch::Receiver<Revision> {
        self.head.subscribe()
    }

    /// The incarnation of the log, once it is defined.
    pub fn log_id(&self) -> Option<LogId> {
        self.with(|durable| durable.tally.log_id)
    }

    /// The last revision that the public may see; `None`: not even that there is such an election.
    pub fn public_revision(&self, now: Timestamp) -> Option<Revision> {
        self.with(|durable| {
            let tally = &durable.tally;
            tally.publication.public_revision(tally.revision, now)
        })
        .flatten()
        .filter(|revision| *revision > Revision::ZERO)
    }

    /// Shows a durable group: the store's overlay, then the fold, then those who watch. In this order, so that whoever
    /// learns of a revision can ask for everything of it.
    pub fn publish(&self, first_revision: Revision, records: Vec<Record>, events: &[Recorded]) {
        let (Some(last), Some(last_record)) = (events.last(), records.last()) else {
            return;
        };
        let record_hash = leaf_hash(&last_record.public);
        {
            let mut tail = self.tail();
            if let Ok(view) = &tail.view {
                // Too far behind: the log has it all, and the store reads it from there.
                if let Err(error) = view.add(events) {
                    debug!(election = %self.id, %error, "the store catches up from the log");
                    tail.view = Err(CATCHES_UP);
                }
            }
            tail.recent.push(Arc::new(Published {
                first_revision,
                records,
            }));
        }
        self.fold(events, record_hash);
        self.head.send_replace(last.revision);
    }

    fn fold(&self, events: &[Recorded], record_hash: [u8; 32]) {
        let mut durable = self.durable.write().unwrap_or_else(PoisonError::into_inner);
        for recorded in events {
            let applied = match &mut *durable {
                Some(durable) => {
                    if Directory::concerns(&recorded.event) {
                        Arc::make_mut(&mut durable.directory).apply(recorded);
                    }
                    durable.tally.apply(recorded)
                }
                None => Tally::begin(recorded).map(|tally| {
                    // While it is empty: it grows with the register, and no reader waits for it.
                    tally.unit_names.prepare();
                    *durable = Some(Durable {
                        tally,
                        directory: Arc::default(),
                        record_hash,
                    });
                }),
            };
            // The state from which it was decided has taken the same event with the same fold.
            if let Err(error) = applied {
                error!(election = %self.id, %error, "a durable event does not fold");
            }
        }
        if let Some(durable) = &mut *durable {
            durable.record_hash = record_hash;
            let mut checkpoints = self.checkpoints();
            if checkpoints.wants(durable.tally.revision) {
                durable.tally.share();
                checkpoints.keep(Arc::new(durable.tally.clone()));
            }
        }
    }

    /// The newest groups from a revision on; `None` if it is too old for memory.
    pub fn recent(&self, from: Revision) -> Option<Vec<Arc<Published>>> {
        self.tail().recent.since(from)
    }

    /// The store with the tail over it, at the head or beyond any head that the caller has seen.
    pub fn view(&self) -> Result<Arc<View>, Error> {
        self.tail().view.clone()
    }

    /// Whether the store must catch up from the log.
    pub fn is_behind(&self) -> bool {
        self.tail().view.is_err()
    }

    /// Puts the store away: until [`Self::join`] units cannot be asked for.
    pub fn leave(&self) {
        self.tail().view = Err(CATCHES_UP);
    }

    /// Puts the store away for a reason of this election alone. False if that is what holds already.
    pub fn leave_for(&self, reason: Error) -> bool {
        let mut tail = self.tail();
        let is_new = !matches!(&tail.view, Err(before) if before.to_string() == reason.to_string());
        tail.view = Err(reason);
        is_new
    }

    /// Lays the tail over a store that has caught up so far that memory holds the rest. False if it has not.
    pub fn join(&self, store: &Store) -> Result<bool, Error> {
        let damaged = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
        let capacity = self.config.store_lag_max;
        let view =
            View::new(store.clone(), self.id.clone(), capacity).map_err(|error| damaged(&error))?;
        // Most of it without the lock; what comes meanwhile is little.
        if !self.overlay(&view, self.recent(view.head().next()))? {
            return Ok(false);
        }
        let mut tail = self.tail();
        let since = tail.recent.since(view.head().next());
        let joined = self.overlay(&view, since)?;
        if joined {
            tail.view = Ok(Arc::new(view));
        }
        Ok(joined)
    }

    fn overlay(&self, view: &View, since: Option<Vec<Arc<Published>>>) -> Result<bool, Error> {
        let Some(groups) = since else {
            return Ok(view.head() == self.head());
        };
        for group in groups {
            let next = view.head().next();
            let revisions = (next.0.max(group.first_revision.0)..).map(Revision);
            let records = revisions.zip(group.from(next));
            let events: Result<Vec<_>, _> = records
                .map(|(revision, record)| {
                    let record = record.clone();
                    fold::decode(&event_log::Stored { revision, record })
                })
                .collect();
            if view.add(&events?).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How far the store is behind, for metrics.
    pub fn store_lag(&self, store: &Store) -> u64 {
        let applied = store.applied_revision(&self.id).unwrap_or_default();
        self.head().0.saturating_sub(applied.0)
    }

    pub fn checkpoints(&self) -> MutexGuard<'_, Checkpoints> {
        self.checkpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the log ends, for folding it anew.
    pub fn log_head(&self) -> Option<Head> {
        let heads = self.log.heads();
        heads.into_iter().find(|head| head.election == self.id)
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
