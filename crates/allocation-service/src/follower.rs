//! Follows one election's log and folds it. The fold is the follower's own: any replica that has read up to a revision
//! has the same.

use crate::checkpoints::Checkpoints;
use crate::config::Config;
use crate::error::AllocationError;
use crate::events::{EventSource, Place};
use crate::past::Past;
use crate::publisher::Publisher;
use crate::seats::{Seats, Shown, all_seats, publish};
use election::ids::{ElectionId, Revision};
use election::publication::Publication;
use election::tally::Tally;
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
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
    /// How often this replica has found that the log no longer has what it had shown. Moments of different ones are not
    /// to be compared, even where the log has kept its id.
    pub incarnation: u64,
    seats: Arc<OnceLock<Seats>>,
}

impl Moment {
    pub fn new(tally: Arc<Tally>, publication: Publication, incarnation: u64) -> Self {
        Self {
            tally,
            publication,
            incarnation,
            seats: Arc::default(),
        }
    }

    /// The same state with these seats in place of the engine's.
    #[cfg(test)]
    pub fn with_seats(self, seats: Seats) -> Self {
        Self {
            seats: Arc::new(OnceLock::from(seats)),
            ..self
        }
    }

    /// The same state with what another view says of publication.
    pub fn seen_by(self, publication: Publication) -> Self {
        Self {
            publication,
            ..self
        }
    }

    /// The seats of every contest and district: computed by whoever asks first, for all who share the tally. It may take
    /// long where there are thousands of lists, so it is asked on the blocking pool.
    pub fn seats(&self) -> &Seats {
        self.seats.get_or_init(|| all_seats(&self.tally))
    }

    /// Whether this is a later, or the same, state of the log that the other one is a state of.
    pub fn continues(&self, other: &Self) -> bool {
        (self.incarnation, self.tally.log_id) == (other.incarnation, other.tally.log_id)
    }

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

/// Whether the log is followed, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lag {
    /// It is out of sight, or not caught up with.
    Lost(Instant),
    /// It is followed, and was caught up with.
    Followed {
        /// When it was caught up with.
        since: Instant,
        /// Since when the log is known to have gone on beyond what is folded; `None`: all that is known of it is folded.
        behind: Option<Instant>,
    },
    /// It is followed as far as it can be read. It is damaged, and what there may be behind is out of sight.
    Damaged(Instant),
}

impl Lag {
    /// Whether the log, or what it may have behind damage, is out of sight, or not caught up with.
    pub fn is_lost(self) -> bool {
        matches!(self, Self::Lost(_) | Self::Damaged(_))
    }

    /// Whether what was folded can be read again.
    pub fn is_readable(self) -> bool {
        matches!(self, Self::Followed { .. } | Self::Damaged(_))
    }

    /// Whether the log is known to be damaged.
    pub fn is_damaged(self) -> bool {
        matches!(self, Self::Damaged(_))
    }

    /// Since when the log has been out of sight, or is known to have gone on beyond what is folded.
    pub fn behind_since(self) -> Option<Instant> {
        match self {
            Self::Lost(since) | Self::Damaged(since) => Some(since),
            Self::Followed { behind, .. } => behind,
        }
    }
}

/// When the log was heard to have reached which revision, of those that are not folded yet.
#[derive(Debug, Default)]
struct Heard(VecDeque<(Instant, Revision)>);

impl Heard {
    /// Of this many moments at most.
    const KEPT: usize = 256;
    /// Moments nearer to each other than this are one.
    const APART: Duration = Duration::from_millis(100);

    /// The log reaches to this head.
    fn hear(&mut self, head: Revision) {
        let now = Instant::now();
        let is_full = self.0.len() >= Self::KEPT;
        match self.0.back_mut() {
            Some((_, known)) if *known >= head => {}
            // Of the earlier moment: what is heard later is not older than that.
            Some((at, known)) if is_full || at.elapsed() < Self::APART => *known = head,
            Some(_) | None => self.0.push_back((now, head)),
        }
    }

    /// It is folded up to here.
    fn fold(&mut self, folded: Revision) {
        while self.0.front().is_some_and(|(_, head)| *head <= folded) {
            self.0.pop_front();
        }
    }

    /// Since when something has been missing.
    fn since(&self) -> Option<Instant> {
        self.0.front().map(|(at, _)| *at)
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
    pub head_seats: watch::Receiver<Shown>,
    /// The public state with its seats, newest only.
    pub public_seats: watch::Receiver<Shown>,
    pub lag: watch::Receiver<Lag>,
    /// Whether the public has ever seen anything of it here.
    pub was_public: Arc<AtomicBool>,
    past: Past,
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
        let (lag_sender, lag) = watch::channel(Lag::Lost(Instant::now()));
        let checkpoints = Checkpoints::new(config.checkpoint_events, config.checkpoints_max);
        let past = Past::new(source.clone(), lag.clone(), checkpoints);
        let follower = Follower {
            election: election.clone(),
            source,
            head: head_sender,
            lag: lag_sender,
            past: past.clone(),
            incarnation: 0,
            backoff: Backoff::default(),
            lost_at: Revision::ZERO,
        };
        stopper.spawn(follower.run(stopper.clone()));
        let was_public = Arc::new(AtomicBool::new(false));
        let publisher = Publisher {
            past: past.clone(),
            head: head.clone(),
            public: public_sender,
            was_public: Arc::clone(&was_public),
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
            was_public,
            past,
            folds,
        }
    }

    /// The state at a past revision.
    pub async fn at(&self, revision: Revision) -> Result<Moment, AllocationError> {
        let head = self.head.borrow().clone();
        let head = head.ok_or(AllocationError::CatchingUp)?;
        if head.tally.revision == revision {
            return Ok(head);
        }
        if revision > head.tally.revision || revision == Revision::ZERO {
            return Err(AllocationError::NoSuchRevision(revision));
        }
        let _permit = self
            .folds
            .acquire()
            .await
            .map_err(|_| AllocationError::CatchingUp)?;
        let tally = self.past.at(&head, None, revision).await?;
        Ok(Moment::new(tally, head.publication, head.incarnation))
    }
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

/// What was folded, and where in the log it stands.
struct Folded {
    tally: Tally,
    place: Place,
}

struct Follower {
    election: ElectionId,
    source: EventSource,
    head: watch::Sender<Option<Moment>>,
    lag: watch::Sender<Lag>,
    past: Past,
    incarnation: u64,
    backoff: Backoff,
    /// Where the fold stood at the last loss: only beyond it is there progress, so that an event which does not fit is
    /// not folded up to again and again without a pause.
    lost_at: Revision,
}

impl Follower {
    async fn run(mut self, stopper: Stopper) {
        metrics::gauge!(LOGS_LOST).increment(1);
        let mut folded: Option<Folded> = None;
        let stopping = stopper.stopping();
        tokio::pin!(stopping);
        loop {
            let outcome = tokio::select! {
                () = &mut stopping => return,
                outcome = self.follow(&mut folded) => outcome,
            };
            self.tell_lost();
            let reached = folded.as_ref().map(|folded| folded.place.revision);
            self.lost_at = reached.unwrap_or(self.lost_at);
            let pause = self.backoff.next();
            metrics::counter!("allocation_log_losses_total").increment(1);
            match outcome {
                Ok(()) => {
                    tracing::info!(election = %self.election, "log ended, following again");
                }
                Err(error) => {
                    tracing::warn!(election = %self.election, %error, pause_ms = pause.as_millis(), "log lost, following again");
                    if error.spoils_fold() {
                        folded = None;
                        self.past.clear();
                    }
                    if let AllocationError::LogChanged { .. } = error {
                        self.forsake();
                    }
                }
            }
            tokio::select! {
                () = &mut stopping => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn follow(&mut self, folded: &mut Option<Folded>) -> Result<(), AllocationError> {
        let after = folded.as_ref().map(|folded| folded.place.clone());
        let mut events = self.source.watch(&self.election, after).await?;
        // Where the log ended when the stream began: until there, this is catching up.
        let mut goal = None;
        let mut heard = Heard::default();
        while let Some(batch) = events.next().await? {
            heard.hear(batch.head);
            let goal = *goal.get_or_insert(batch.head);
            let mut tally = folded.take().map(|folded| folded.tally);
            for recorded in &batch.events {
                match &mut tally {
                    None => tally = Some(Tally::begin(recorded)?),
                    Some(tally) => tally.apply(recorded)?,
                }
            }
            let Some(tally) = tally else { continue };
            let place = Place {
                log_id: tally.log_id,
                revision: tally.revision,
                record: events.last_record().cloned(),
            };
            let Folded { tally, .. } = folded.insert(Folded { tally, place });
            if batch.events.is_empty() || tally.revision > self.lost_at {
                self.backoff.reset();
            }
            let count = u64::try_from(batch.events.len()).unwrap_or(u64::MAX);
            metrics::counter!("allocation_events_folded_total").increment(count);
            let has_caught_up = tally.revision >= goal;
            heard.fold(tally.revision);
            self.publish(tally, count > 0, has_caught_up, batch.is_damaged);
            self.tell_behind(heard.since());
        }
        Ok(())
    }

    // A replica that has just begun, or that folds anew, shows nothing before it has caught up: what it had would be far
    // behind others, or behind what it has shown itself.
    fn publish(
        &mut self,
        tally: &mut Tally,
        has_moved: bool,
        has_caught_up: bool,
        is_damaged: bool,
    ) {
        let same_log = |shown: &Moment| shown.tally.log_id == tally.log_id;
        let (is_above, is_same_log) = match &*self.head.borrow() {
            None => (None, false),
            Some(shown) => {
                let is_above = shown.tally.revision <= tally.revision;
                (Some(same_log(shown) && is_above), same_log(shown))
            }
        };
        if has_caught_up && is_above == Some(false) {
            if is_damaged && is_same_log {
                // What was shown lies behind the damage: it stays, and is told as lost.
                return;
            }
            tracing::warn!(election = %self.election, "the log no longer has what was shown");
            self.forsake();
        }
        if has_caught_up {
            self.tell_followed(is_damaged);
        }
        if has_moved {
            self.past.offer(tally);
            let tally = Arc::new(tally.moment());
            if has_caught_up || is_above == Some(true) {
                let publication = tally.publication.clone();
                let moment = Moment::new(tally, publication, self.incarnation);
                self.head.send_replace(Some(moment));
            }
        }
    }

    fn tell_followed(&self, is_damaged: bool) {
        let since = Instant::now();
        self.tell(|lag| match (lag, is_damaged) {
            (Lag::Followed { .. }, false) | (Lag::Damaged(_), true) => lag,
            (_, false) => Lag::Followed {
                since,
                behind: None,
            },
            (_, true) => Lag::Damaged(since),
        });
    }

    fn tell_behind(&self, behind: Option<Instant>) {
        self.tell(|lag| match lag {
            Lag::Followed { since, behind: _ } => Lag::Followed { since, behind },
            Lag::Lost(_) | Lag::Damaged(_) => lag,
        });
    }

    fn tell_lost(&self) {
        self.tell(|lag| Lag::Lost(lag.behind_since().unwrap_or_else(Instant::now)));
    }

    fn tell(&self, next: impl FnOnce(Lag) -> Lag) {
        self.lag.send_if_modified(|lag| {
            let before = std::mem::replace(lag, next(*lag));
            match (before.is_lost(), lag.is_lost()) {
                (false, true) => metrics::gauge!(LOGS_LOST).increment(1),
                (true, false) => metrics::gauge!(LOGS_LOST).decrement(1),
                (true, true) | (false, false) => {}
            }
            before != *lag
        });
    }

    // What was shown is not in the log any more: nothing is shown until the log is caught up with again, and what is shown
    // then is of another incarnation, which resets whoever watches.
    fn forsake(&mut self) {
        self.incarnation += 1;
        self.head.send_replace(None);
        self.lost_at = Revision::ZERO;
        metrics::counter!("allocation_logs_changed_total").increment(1);
    }
}

#[cfg(test)]
mod tests;
