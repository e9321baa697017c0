//! The role as a whole: opens what is there, runs a sequencer for each election, opens everything anew after a failure of
//! the log, and stops in good order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use election::ids::{ElectionId, Timestamp};
use service_runtime::clock::SharedClock;
use service_runtime::health::Health;
use service_runtime::shutdown::Stopper;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::applier::{Applier, Elections};
use crate::config::Config;
use crate::entropy::Entropy;
use crate::error::{Error, OpenError};
use crate::fold::{self, Fold};
use crate::hosted::Hosted;
use crate::log::Log;
use crate::sequencer::Sequencer;
use crate::work::Phase;

/// How long to wait before a log that could not be opened again is tried once more.
const REOPEN_PAUSE: Duration = Duration::from_millis(500);
/// Failures that may wait for the supervisor: the first one decides.
const FAILURES_MAX: usize = 16;

/// The results role of a data folder. Clones are the same one.
#[derive(Clone)]
pub struct Role {
    pub(crate) shared: Arc<Shared>,
}

/// What outlives a failure of the log.
pub(crate) struct Shared {
    pub config: Arc<Config>,
    pub clock: SharedClock,
    pub entropy: Arc<dyn Entropy>,
    pub stopper: Stopper,
    opened: RwLock<Option<Arc<Opened>>>,
    health: Mutex<Vec<(Health, &'static [&'static str])>>,
    defining: Arc<Semaphore>,
}

/// One opening of the log, with all that was folded from it.
pub(crate) struct Opened {
    pub log: Arc<Log>,
    config: Arc<Config>,
    elections: RwLock<Elections>,
    phase: watch::Sender<Phase>,
    closing: CancellationToken,
    sequencers: Mutex<JoinSet<()>>,
    folds: Arc<Semaphore>,
    failures: mpsc::Sender<Error>,
    pub(crate) applier: Mutex<Option<Applier>>,
}

impl Role {
    /// Opens what the storage holds and folds it: about a second per million reports, or 0.3 s from a snapshot. The store
    /// of units is opened behind it. The role stops with the stopper, which waits for it.
    ///
    /// # Errors
    /// [`OpenError`], when the folder is in use or cannot be read. A log that is damaged or does not fold is none: its
    /// election is read-only, the others go on.
    pub async fn open(
        config: Config,
        clock: SharedClock,
        entropy: Arc<dyn Entropy>,
        stopper: &Stopper,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared {
            config: Arc::new(config),
            clock,
            entropy,
            stopper: stopper.clone(),
            opened: RwLock::new(None),
            health: Mutex::default(),
            defining: Arc::new(Semaphore::new(1)),
        });
        let (failures, failed) = mpsc::channel(FAILURES_MAX);
        let opened = Opened::open(&shared, failures).await?;
        shared.enter(Some(opened));
        stopper.spawn(supervise(shared.clone(), failed));
        Ok(Self { shared })
    }

    /// Says whether the role serves under these names, now and from now on.
    pub(crate) fn tell_health(&self, health: Health, names: &'static [&'static str]) {
        let serves = self.shared.opened().is_ok();
        names.iter().for_each(|name| health.set(name, serves));
        lock(&self.shared.health).push((health, names));
    }
}

/// Waits for the end, or for a failure: then everything that was only decided is dropped, and the log is opened anew.
async fn supervise(shared: Arc<Shared>, mut failed: mpsc::Receiver<Error>) {
    loop {
        let failure = tokio::select! {
            () = shared.stopper.stopping() => None,
            failure = failed.recv() => failure,
        };
        let opened = shared.leave();
        let Some(failure) = failure else {
            if let Some(opened) = opened {
                opened.close(Phase::Draining).await;
            }
            return;
        };
        error!(error = %failure, "the log failed and is opened anew");
        if let Some(opened) = opened {
            opened.close(Phase::Dead).await;
        }
        let failures;
        (failures, failed) = mpsc::channel(FAILURES_MAX);
        while !shared.stopper.is_stopping() {
            match Opened::open(&shared, failures.clone()).await {
                Ok(opened) => {
                    info!("the log is open again");
                    shared.enter(Some(opened));
                    break;
                }
                Err(error) => {
                    warn!(%error, "the log cannot be opened again yet");
                    tokio::time::sleep(REOPEN_PAUSE).await;
                }
            }
        }
    }
}

impl Shared {
    /// What is open; UNAVAILABLE while nothing is.
    pub fn opened(&self) -> Result<Arc<Opened>, Error> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        opened
            .clone()
            .ok_or(Error::Unavailable("the log is being opened or closed"))
    }

    /// An election that is defined, or is there at all.
    pub fn hosted(&self, id: &ElectionId) -> Result<Arc<Hosted>, Error> {
        let hosted = self.opened()?.hosted(id);
        let known = |hosted: &Arc<Hosted>| hosted.damage().is_some() || hosted.log_id().is_some();
        hosted.filter(known).ok_or_else(|| Error::no_election(id))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.now_micros())
    }

    /// One definition at a time: so that an election that turns out to be refused can be forgotten again.
    pub async fn definition_turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        let turn = self.defining.clone().acquire_owned().await;
        turn.map_err(|_| Error::Unavailable("the service stops"))
    }

    fn enter(&self, opened: Option<Arc<Opened>>) {
        let serves = opened.is_some();
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = opened;
        for (health, names) in lock(&self.health).iter() {
            names.iter().for_each(|name| health.set(name, serves));
        }
    }

    fn leave(&self) -> Option<Arc<Opened>> {
        let opened = self.opened().ok();
        self.enter(None);
        opened
    }
}

impl Opened {
    async fn open(
        shared: &Arc<Shared>,
        failures: mpsc::Sender<Error>,
    ) -> Result<Arc<Self>, OpenError> {
        let config = shared.config.clone();
        let opening = spawn_blocking(move || Log::open(&config.storage)).await;
        let log = Arc::new(opening.map_err(|error| OpenError::Thread(error.into()))??);
        let opened = Arc::new(Self {
            log: log.clone(),
            config: shared.config.clone(),
            elections: RwLock::new(BTreeMap::new()),
            phase: watch::Sender::new(Phase::Open),
            closing: CancellationToken::new(),
            sequencers: Mutex::new(JoinSet::new()),
            folds: Arc::new(Semaphore::new(shared.config.folds_max.max(1))),
            failures,
            applier: Mutex::new(None),
        });
        for head in log.heads() {
            let mut fold = fold::load(&log, shared.config.storage.data_folder(), &head).await;
            // Where the fold ends early, that is the first damage.
            fold.damage = fold.damage.or(head.damage);
            opened.host(shared, &head.election, fold);
        }
        let applier = Applier::start(Arc::downgrade(&opened))?;
        *lock(&opened.applier) = Some(applier);
        Ok(opened)
    }

    pub fn data_folder(&self) -> Option<&Path> {
        self.config.storage.data_folder()
    }

    /// All elections, those included that are not defined yet.
    pub fn elections(&self) -> Vec<Arc<Hosted>> {
        let elections = self
            .elections
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        elections.values().cloned().collect()
    }

    pub fn hosted(&self, id: &ElectionId) -> Option<Arc<Hosted>> {
        let elections = self
            .elections
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        elections.get(id).cloned()
    }

    /// An election that is about to be defined.
    pub fn host_new(&self, shared: &Arc<Shared>, id: &ElectionId) -> Arc<Hosted> {
        self.host(shared, id, Fold::default())
    }

    /// Forgets an election whose definition was refused.
    pub fn forget(&self, hosted: &Hosted) {
        if hosted.damage().is_none() && hosted.log_id().is_none() {
            hosted.send_away();
            let mut elections = self
                .elections
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            elections.remove(&hosted.id);
        }
    }

    fn host(&self, shared: &Arc<Shared>, id: &ElectionId, mut fold: Fold) -> Arc<Hosted> {
        let (work, queue) = mpsc::channel(self.config.waiting_max);
        let hosted = Arc::new(Hosted::new(
            self.log.clone(),
            self.config.clone(),
            work,
            self.folds.clone(),
            id.clone(),
            self.closing.clone(),
            &mut fold,
        ));
        let sequencer = Sequencer::new(
            hosted.clone(),
            fold.state.take(),
            fold.snapshot,
            queue,
            self.phase.subscribe(),
            shared.clock.clone(),
            shared.entropy.clone(),
        );
        let failures = self.failures.clone();
        let closed = hosted.clone();
        lock(&self.sequencers).spawn(async move {
            match tokio::spawn(sequencer.run()).await {
                Ok(Ok(())) => {}
                // What broke one sequencer would break it again when it is sent again: the others must not pay for it.
                Ok(Err(Error::ReadOnly(damage))) => closed.close(damage.what),
                Err(ended) if ended.is_panic() => closed.close(ended.to_string()),
                // The runtime goes.
                Err(_) => {}
                // The log failed, and it is the log of all. The first failure is enough.
                Ok(Err(error)) => drop(failures.try_send(error)),
            }
        });
        let mut elections = self
            .elections
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        elections.insert(id.clone(), hosted.clone());
        hosted
    }

    async fn close(&self, phase: Phase) {
        self.phase.send_replace(phase);
        self.closing.cancel();
        let mut sequencers = std::mem::take(&mut *lock(&self.sequencers));
        while sequencers.join_next().await.is_some() {}
        let applier = lock(&self.applier).take();
        if let Some(applier) = applier {
            spawn_blocking(move || applier.finish()).await.ok();
        }
        self.log.close().await;
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
