//! One watcher of standings: the newest above what it has seen, else heartbeats.

use crate::config::Config;
use crate::error::AllocationError;
use crate::follower::{Followed, Lag, Moment};
use crate::seats::Shown;
use election::ids::Revision;
use service_runtime::shutdown::Stopper;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use wire::Position;
use wire::allocation::v1::watch_standings_response::{Event, Heartbeat, Reset};

fn order(position: Position) -> (Revision, u64) {
    (position.revision, position.publication_seq)
}

/// What is shown may be so much older than the log: folding and computing take their time.
const LAG_TOLD: Duration = Duration::from_secs(1);

/// How often a lag is told while there is one, whatever else is told.
const LAG_SAID_EVERY: Duration = Duration::from_secs(1);

/// How far what is shown is from the log.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// The log is out of sight, or what is shown is older than it may be.
    is_lost: bool,
    is_damaged: bool,
    lag: Duration,
}

/// A watcher. It holds the newest standings only, so a slow one skips.
pub(crate) struct Watched {
    lag: watch::Receiver<Lag>,
    head: watch::Receiver<Option<Moment>>,
    seats: watch::Receiver<Shown>,
    config: Config,
    stopper: Stopper,
    shown: Option<Position>,
    /// The incarnation of what was shown; of a token it is not known.
    incarnation: Option<u64>,
    behind_since: Option<Instant>,
    /// The next answer, where something had to be said before it.
    held: Option<Event>,
    said: Said,
}

// What the watcher was told last, and when.
#[derive(Debug, Clone, Copy)]
struct Said {
    at: Instant,
    /// When it was told how far it lags.
    lag_at: Instant,
    is_lost: bool,
    is_damaged: bool,
    is_behind: bool,
}

impl Watched {
    /// A watcher of these standings that has seen a position before, or nothing.
    pub fn new(
        followed: &Followed,
        seats: watch::Receiver<Shown>,
        seen: Option<Position>,
        config: Config,
        stopper: Stopper,
    ) -> Self {
        Self {
            lag: followed.lag.clone(),
            head: followed.head.clone(),
            seats,
            config,
            stopper,
            shown: seen,
            incarnation: None,
            behind_since: None,
            held: None,
            said: Said {
                at: Instant::now(),
                lag_at: Instant::now(),
                is_lost: false,
                is_damaged: false,
                is_behind: false,
            },
        }
    }

    /// The next answer.
    pub async fn next(&mut self) -> Result<Event, AllocationError> {
        loop {
            let news = match self.held.take() {
                Some(event) => Some(event),
                None => self.newest()?,
            };
            // That the log is lost, damaged or found again, that what is shown lags behind it, and that this replica is behind,
            // is said at once. Whoever is shown standings that are old already knows it before.
            let lag = self.lag();
            let is_behind = self.behind_since.is_some();
            let is_told =
                (lag.is_lost, lag.is_damaged) == (self.said.is_lost, self.said.is_damaged);
            let is_due = lag.is_lost && self.said.lag_at.elapsed() >= LAG_SAID_EVERY;
            if let Some(event) = news {
                if lag.is_lost && (!is_told || is_due) {
                    self.held = Some(event);
                    return Ok(self.heartbeat(lag, is_behind));
                }
                self.said.at = Instant::now();
                return Ok(event);
            }
            let pause = if is_behind {
                self.config.poll_interval
            } else {
                self.config.heartbeat_interval
            };
            let is_silent = self.said.at.elapsed() >= pause;
            if !is_told || is_behind != self.said.is_behind || is_silent {
                return Ok(self.heartbeat(lag, is_behind));
            }
            // A lag grows without anybody's saying so.
            let look = (self.said.at + pause).min(Instant::now() + LAG_TOLD);
            tokio::select! {
                () = self.stopper.stopping() => return Err(AllocationError::Stopping),
                changed = self.seats.changed() => if changed.is_err() {
                    return Err(AllocationError::Stopping);
                },
                changed = self.lag.changed() => if changed.is_err() {
                    return Err(AllocationError::Stopping);
                },
                () = tokio::time::sleep_until(look) => {}
            }
        }
    }

    // What is newer than what was shown; `None`: nothing.
    fn newest(&mut self) -> Result<Option<Event>, AllocationError> {
        let Some(seats) = self.seats.borrow_and_update().seats.clone() else {
            self.check_patience()?;
            return Ok(None);
        };
        let position = seats.moment.position();
        let incarnation = seats.moment.incarnation;
        let known = *self.incarnation.get_or_insert(incarnation);
        if let Some(shown) = self.shown
            && (shown.log_id != position.log_id || known != incarnation)
        {
            return Ok(Some(self.reset(shown, position)));
        }
        self.incarnation = Some(incarnation);
        match self.shown.map(order) {
            Some(shown) if shown > order(position) => {
                self.behind_since.get_or_insert_with(Instant::now);
                if self.log_lacks(shown) {
                    return Ok(self.shown.map(|shown| self.reset(shown, position)));
                }
                self.check_patience()?;
                Ok(None)
            }
            Some(shown) if shown == order(position) => {
                self.behind_since = None;
                Ok(None)
            }
            _ => {
                self.shown = Some(position);
                self.behind_since = None;
                Ok(Some(Event::Standings(seats.standings.clone())))
            }
        }
    }

    // The watcher must forget what it was shown: the log does not have it any more.
    fn reset(&mut self, shown: Position, newest: Position) -> Event {
        tracing::info!(?shown, ?newest, "a watcher is reset");
        self.shown = None;
        self.incarnation = None;
        self.behind_since = None;
        let log_id = newest.log_id.0.to_vec().into();
        Event::Reset(Reset { log_id })
    }

    // Whether this replica is not behind a token that it was given, but the log is: followed and caught up with for as
    // long as it takes to be patient, it ends before it.
    fn log_lacks(&self, shown: (Revision, u64)) -> bool {
        let is_long = |since: Instant| since.elapsed() >= self.config.behind_max;
        let is_followed = match *self.lag.borrow() {
            Lag::Followed {
                since,
                behind: None,
            } => is_long(since),
            Lag::Followed { .. } | Lag::Lost(_) | Lag::Damaged(_) => false,
        };
        let head = self.head.borrow().as_ref().map(Moment::order);
        is_followed
            && self.behind_since.is_some_and(is_long)
            && head.is_some_and(|head| head < shown)
    }

    fn check_patience(&self) -> Result<(), AllocationError> {
        let is_over = |since: Instant| since.elapsed() >= self.config.behind_max;
        if self.behind_since.is_some_and(is_over) {
            return Err(AllocationError::CatchingUp);
        }
        Ok(())
    }

    /// How far what is shown lags behind the log: because it is out of sight, because it is not folded yet, or because seats
    /// cannot be computed, or take long. The longest counts.
    fn lag(&mut self) -> Seen {
        let log = *self.lag.borrow_and_update();
        let shown = self.seats.borrow();
        let is_out_of_sight = log.is_lost() || shown.failing_since.is_some();
        let since = [log.behind_since(), shown.failing_since, shown.waiting_since];
        let longest = since.into_iter().flatten().min();
        let longest = longest.map_or(Duration::ZERO, |since| since.elapsed());
        let is_lost = is_out_of_sight || longest >= LAG_TOLD;
        Seen {
            is_lost,
            is_damaged: log.is_damaged(),
            lag: if is_lost { longest } else { Duration::ZERO },
        }
    }

    fn heartbeat(&mut self, lag: Seen, is_behind: bool) -> Event {
        let now = Instant::now();
        self.said = Said {
            at: now,
            lag_at: now,
            is_lost: lag.is_lost,
            is_damaged: lag.is_damaged,
            is_behind,
        };
        let shown = self.seats.borrow();
        let seats = shown.seats.as_ref();
        let token = seats.map(|seats| seats.moment.position().into());
        Event::Heartbeat(Heartbeat {
            token,
            is_behind,
            // Lost a moment ago is lost: 0 says that it is followed.
            lag_ms: u64::try_from(lag.lag.as_millis())
                .unwrap_or(u64::MAX)
                .max(u64::from(lag.is_lost)),
            is_damaged: lag.is_damaged,
        })
    }
}
