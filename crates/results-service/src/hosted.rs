//! One election as the role serves it: its sequencer's queue, and what is durable.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use election::event::Recorded;
use election::ids::{ElectionId, LogId, Revision, Timestamp};
use election::tally::Tally;
use event_log::{Damage, Head, Record};
use event_log_journal::leaf_hash;
use results_store::{ResultsStore, StoreView};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::checkpoints::Checkpoints;
use crate::config::Config;
use crate::directory::Directory;
use crate::error::Error;
use crate::fold::{self, Fold};
use crate::log::Log;
use crate::recent::{Published, Recent};
use crate::store::Store;
use crate::work::Work;

/// One election. Everything in it but the queue is durable: nothing of what is only decided can be seen here.
pub(crate) struct Hosted {
    pub id: ElectionId,
    pub log: Arc<Log>,
    pub config: Arc<Config>,
    /// The way to its sequencer.
    pub work: mpsc::Sender<Work>,
    /// Set if the log is damaged: it is read up to there and takes nothing.
    pub damage: Option<Damage>,
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
    /// `None` while the store catches up from the log.
    view: Option<Arc<View>>,
}

pub(crate) type View = StoreView<Store>;

impl Hosted {
    /// An election that was folded up to its head, or one that is to be defined.
    pub fn new(
        log: Arc<Log>,
        config: Arc<Config>,
        work: mpsc::Sender<Work>,
        head: &Head,
        closing: CancellationToken,
        fold: &Fold,
    ) -> Self {
        let durable = fold.state.as_ref().map(|state| Durable {
            tally: state.tally().clone(),
            directory: Arc::new(fold.directory.clone()),
            record_hash: fold.record_hash,
        });
        Self {
            id: head.election.clone(),
            log,
            work,
            damage: head.damage.clone(),
            closing,
            durable: RwLock::new(durable),
            tail: Mutex::new(Tail {
                recent: Recent::new(config.recent_records_max),
                view: None,
            }),
            checkpoints: Mutex::default(),
            head: watch::Sender::new(fold.revision()),
            config,
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
            if let Some(view) = &tail.view {
                // Too far behind: the log has it all, and the store reads it from there.
                if let Err(error) = view.add(events) {
                    debug!(election = %self.id, %error, "the store catches up from the log");
                    tail.view = None;
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
        let view = self.tail().view.clone();
        view.ok_or(Error::Unavailable(
            "the store of units catches up with the log",
        ))
    }

    /// Whether the store must catch up from the log.
    pub fn is_behind(&self) -> bool {
        self.tail().view.is_none()
    }

    /// Puts the store away: until [`Self::join`] units cannot be asked for.
    pub fn leave(&self) {
        self.tail().view = None;
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
            tail.view = Some(Arc::new(view));
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
