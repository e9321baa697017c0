//! Follows one election's log and folds it. The fold is the follower's own: any replica that has read up to a revision
//! has the same.

use crate::checkpoints::Checkpoints;
use crate::config::Config;
use crate::error::AllocationError;
use crate::events::EventSource;
use crate::seats::{SeatsAt, publish};
use election::ids::{ElectionId, Revision, Timestamp};
use election::publication::Publication;
use election::tally::Tally;
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use wire::Position;

/// The state of an election for one view.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// The fold up to the view's revision.
    pub tally: Arc<Tally>,
    /// The publication as it holds at the head: a hold or pause stands behind the revision that it holds.
    pub publication: Publication,
}

impl Moment {
    /// What orders moments of one log.
    pub fn order(&self) -> (Revision, u64) {
        (self.tally.revision, self.publication.seq())
    }

    /// Its place in the log, as a watcher resumes from it.
    pub fn position(&self) -> Position {
        let publication_seq = self.publication.seq();
        Position {
            log_id: self.tally.log_id,
            revision: self.tally.revision,
            publication_seq,
        }
    }
}

/// Whether the log is followed, and since when it is not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lag {
    lost_since: Option<Instant>,
}

impl Lag {
    /// Whether the log is out of sight, or not caught up with.
    pub fn is_lost(self) -> bool {
        self.lost_since.is_some()
    }

    /// How long the log has been out of sight; zero while it is followed.
    pub fn duration(self) -> Duration {
        self.lost_since
            .map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// A followed election. Its tasks are the stopper's.
#[derive(Debug)]
pub(crate) struct Followed {
    pub election: ElectionId,
    /// The state at the head.
    pub head: watch::Receiver<Option<Moment>>,
    /// The state that the public may see; `None`: not even that there is such an election.
    pub public: watch::Receiver<Option<Moment>>,
    /// The head with its seats, newest only.
    pub head_seats: watch::Receiver<Option<Arc<SeatsAt>>>,
    /// The public state with its seats, newest only.
    pub public_seats: watch::Receiver<Option<Arc<SeatsAt>>>,
    pub lag: watch::Receiver<Lag>,
    checkpoints: Arc<Mutex<Checkpoints>>,
    source: EventSource,
    folds: Arc<Semaphore>,
}

impl Followed {
    /// Begins to follow an election.
    pub fn start(
        election: ElectionId,
        source: EventSource,
        config: &Config,
        clock: SharedClock,
        folds: Arc<Semaphore>,
        stopper: &Stopper,
    ) -> Self {
        let (head_sender, head) = watch::channel(None);
        let (public_sender, public) = watch::channel(None);
        let (lag_sender, lag) = watch::channel(Lag {
            lost_since: Some(Instant::now()),
        });
        let checkpoints = Arc::new(Mutex::new(Checkpoints::new(
            config.checkpoint_events,
            config.checkpoints_max,
        )));
        let follower = Follower {
            election: election.clone(),
            source: source.clone(),
            head: head_sender,
            lag: lag_sender,
            checkpoints: Arc::clone(&checkpoints),
            backoff: Backoff::default(),
            lost_at: Revision::ZERO,
        };
        stopper.spawn(follower.run(stopper.clone()));
        let publisher = Publisher {
            source: source.clone(),
            head: head.clone(),
            public: public_sender,
            checkpoints: Arc::clone(&checkpoints),
            clock,
            poll_interval: config.poll_interval,
        };
        stopper.spawn(publisher.run(stopper.clone()));
        let head_seats = publish(head.clone(), config.publish_interval, stopper);
        let public_seats = publish(public.clone(), config.publish_interval, stopper);
        Self {
            election,
            head,
            public,
            head_seats,
            public_seats,
            lag,
            checkpoints,
            source,
            folds,
        }
    }

    /// The state at a past revision: a fold from the nearest checkpoint.
    pub async fn at(&self, revision: Revision) -> Result<Arc<Tally>, AllocationError> {
        let head = self
            .head
            .borrow()
            .as_ref()
            .map(|moment| Arc::clone(&moment.tally));
        let head = head.ok_or(AllocationError::CatchingUp)?;
        if head.revision == revision {
            return Ok(head);
        }
        if revision > head.revision || revision == Revision::ZERO {
            return Err(AllocationError::NoSuchRevision(revision));
        }
        let _permit = self
            .folds
            .acquire()
            .await
            .map_err(|_| AllocationError::CatchingUp)?;
        let start = lock(&self.checkpoints).before(revision);
        fold_to(&self.source, &self.election, start, head.log_id, revision).await
    }
}

fn lock(checkpoints: &Mutex<Checkpoints>) -> std::sync::MutexGuard<'_, Checkpoints> {
    checkpoints.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Folds the log from a checkpoint (or the beginning) up to a revision that it has.
async fn fold_to(
    source: &EventSource,
    election: &ElectionId,
    start: Option<Arc<Tally>>,
    log_id: election::ids::LogId,
    revision: Revision,
) -> Result<Arc<Tally>, AllocationError> {
    if let Some(tally) = start.as_ref().filter(|tally| tally.revision == revision) {
        return Ok(Arc::clone(tally));
    }
    let mut tally = start.map(|tally| (*tally).clone());
    let from = tally
        .as_ref()
        .map_or(Revision(1), |tally| tally.revision.next());
    let mut events = source.watch(election, from, Some(log_id)).await?;
    while let Some(batch) = events.next().await? {
        for recorded in &batch.events {
            match &mut tally {
                None => tally = Some(Tally::begin(recorded)?),
                Some(tally) => tally.apply(recorded)?,
            }
            if recorded.revision == revision {
                return tally.map(Arc::new).ok_or(AllocationError::CatchingUp);
            }
        }
    }
    Err(AllocationError::CatchingUp)
}

// Waits longer after each loss, up to a limit.
#[derive(Debug, Default)]
struct Backoff {
    losses: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(5);

    fn next(&mut self) -> Duration {
        let pause = Self::FIRST
            .saturating_mul(1 << self.losses.min(7))
            .min(Self::LONGEST);
        self.losses = self.losses.saturating_add(1);
        pause
    }

    fn reset(&mut self) {
        self.losses = 0;
    }
}

/// Elections whose log is out of sight, or not caught up with: what an alarm for a lagging follower looks at.
const LOGS_LOST: &str = "allocation_logs_lost";

struct Follower {
    election: ElectionId,
    source: EventSource,
    head: watch::Sender<Option<Moment>>,
    lag: watch::Sender<Lag>,
    checkpoints: Arc<Mutex<Checkpoints>>,
    backoff: Backoff,
    /// Where the fold stood at the last loss: only beyond it is there progress, so that an event which does not fit is
    /// not folded up to again and again without a pause.
    lost_at: Revision,
}

impl Follower {
    async fn run(mut self, stopper: Stopper) {
        metrics::gauge!(LOGS_LOST).increment(1);
        let mut fold: Option<Tally> = None;
        let stopping = stopper.stopping();
        tokio::pin!(stopping);
        loop {
            let outcome = tokio::select! {
                () = &mut stopping => return,
                outcome = self.follow(&mut fold) => outcome,
            };
            self.lag.send_if_modified(|lag| {
                let was_followed = lag.lost_since.is_none();
                lag.lost_since.get_or_insert_with(Instant::now);
                if was_followed {
                    metrics::gauge!(LOGS_LOST).increment(1);
                }
                was_followed
            });
            self.lost_at = fold.as_ref().map_or(self.lost_at, |tally| tally.revision);
            let pause = self.backoff.next();
            metrics::counter!("allocation_log_losses_total").increment(1);
            match outcome {
                Ok(()) => {
                    tracing::info!(election = %self.election, "log ended, following again");
                }
                Err(error) => {
                    tracing::warn!(election = %self.election, %error, pause_ms = pause.as_millis(), "log lost, following again");
                    if error.is_of_another_log() {
                        fold = None;
                        lock(&self.checkpoints).clear();
                    }
                }
            }
            tokio::select! {
                () = &mut stopping => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn follow(&mut self, fold: &mut Option<Tally>) -> Result<(), AllocationError> {
        let (from, log_id) = fold.as_ref().map_or((Revision(1), None), |tally| {
            (tally.revision.next(), Some(tally.log_id))
        });
        let mut events = self.source.watch(&self.election, from, log_id).await?;
        // Where the log ended when the stream began: until there, this is catching up.
        let mut goal = None;
        while let Some(batch) = events.next().await? {
            let goal = *goal.get_or_insert(batch.head);
            for recorded in &batch.events {
                match fold {
                    None => *fold = Some(Tally::begin(recorded)?),
                    Some(tally) => tally.apply(recorded)?,
                }
            }
            let Some(tally) = &*fold else { continue };
            if batch.events.is_empty() || tally.revision > self.lost_at {
                self.backoff.reset();
            }
            let count = u64::try_from(batch.events.len()).unwrap_or(u64::MAX);
            metrics::counter!("allocation_events_folded_total").increment(count);
            self.publish(tally, count > 0, tally.revision >= goal);
        }
        Ok(())
    }

    // A replica that has just begun shows nothing before it has caught up: what it had would be far behind others.
    fn publish(&self, tally: &Tally, has_moved: bool, has_caught_up: bool) {
        if has_moved {
            let tally = Arc::new(tally.clone());
            lock(&self.checkpoints).offer(&tally);
            let shown = self.head.borrow().as_ref().map(|shown| shown.tally.log_id);
            if has_caught_up || shown == Some(tally.log_id) {
                let publication = tally.publication.clone();
                self.head.send_replace(Some(Moment { tally, publication }));
            }
        }
        if has_caught_up {
            self.lag.send_if_modified(|lag| {
                let was_lost = lag.lost_since.take().is_some();
                if was_lost {
                    metrics::gauge!(LOGS_LOST).decrement(1);
                }
                was_lost
            });
        }
    }
}

/// The last revision that the public may see of a head; `None`: not even that there is such an election.
pub(crate) fn public_revision(head: &Moment, now: Timestamp) -> Option<Revision> {
    let public = head.publication.public_revision(head.tally.revision, now);
    public.filter(|revision| *revision > Revision::ZERO)
}

/// Turns the head into what the public may see. Acts on events, and on openings as their instants pass.
struct Publisher {
    source: EventSource,
    head: watch::Receiver<Option<Moment>>,
    public: watch::Sender<Option<Moment>>,
    checkpoints: Arc<Mutex<Checkpoints>>,
    clock: SharedClock,
    poll_interval: Duration,
}

impl Publisher {
    async fn run(mut self, stopper: Stopper) {
        let stopping = stopper.stopping();
        tokio::pin!(stopping);
        loop {
            let updated = tokio::select! {
                () = &mut stopping => return,
                updated = self.update() => updated,
            };
            if let Err(error) = updated {
                tracing::warn!(%error, "the public state is not moved on yet");
            }
            tokio::select! {
                () = &mut stopping => return,
                changed = self.head.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(self.poll_interval) => {}
            }
        }
    }

    async fn update(&mut self) -> Result<(), AllocationError> {
        let head = self.head.borrow_and_update().clone();
        let Some(head) = head else { return Ok(()) };
        let now = Timestamp(self.clock.now_micros());
        let Some(revision) = public_revision(&head, now) else {
            return Ok(());
        };
        let shown = self.public.borrow().clone();
        let same_log = shown
            .as_ref()
            .filter(|shown| shown.tally.log_id == head.tally.log_id);
        if same_log.is_some_and(|shown| shown.order() >= (revision, head.publication.seq())) {
            return Ok(());
        }
        let tally = match same_log {
            _ if revision == head.tally.revision => Arc::clone(&head.tally),
            Some(shown) if shown.tally.revision == revision => Arc::clone(&shown.tally),
            _ => {
                let start = lock(&self.checkpoints).before(revision);
                let start = [start, same_log.map(|shown| Arc::clone(&shown.tally))]
                    .into_iter()
                    .flatten();
                let start = start
                    .filter(|tally| tally.revision <= revision)
                    .max_by_key(|tally| tally.revision);
                fold_to(
                    &self.source,
                    &head.tally.election,
                    start,
                    head.tally.log_id,
                    revision,
                )
                .await?
            }
        };
        self.public.send_replace(Some(Moment {
            tally,
            publication: head.publication,
        }));
        Ok(())
    }
}
