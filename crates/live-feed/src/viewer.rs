//! One viewer of a scope: the newest frame above what it has seen, else heartbeats. It holds no frame of its own, so a
//! slow one costs nothing and skips.

use crate::config::Config;
use crate::error::FeedError;
use crate::prefixed::prefixed;
use crate::scope::{EncodedFrame, Scope, ScopeFeed, Shown, Told};
use crate::upstream::{Known, Place};
use bytes::Bytes;
use election::ids::{LogId, Timestamp};
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::cmp::Ordering;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;
use wire::Position;
use wire::feed::v1::watch_frames_response::Event;
use wire::feed::v1::{Heartbeat, Reset};

/// A viewer.
pub(crate) struct Viewer {
    feed: Arc<ScopeFeed>,
    told: watch::Receiver<Told>,
    config: Arc<Config>,
    clock: SharedClock,
    /// The role stops. Made once: a viewer waits for it between any two frames.
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Goes off when it may be time for a heartbeat. Set again only when it has: a frame that comes meanwhile leaves it.
    alarm: Pin<Box<Sleep>>,
    /// The last position that the viewer has seen.
    seen: Option<Position>,
    /// The incarnation of what it was shown; of a token it is not known.
    incarnation: Option<u64>,
    /// Since when there is nothing to show it: the token is ahead of this replica, or nothing is known yet.
    waiting_since: Option<Instant>,
    /// When it was told anything last, and whether it knows that what it sees is stale, or that this replica is behind it.
    spoke: Instant,
    knows_stale: bool,
    knows_behind: bool,
    /// It came back, and has not been told anything yet: that there is nothing newer is news to it.
    greets: bool,
    _permit: OwnedSemaphorePermit,
}

/// What a viewer is told.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// The newest frame.
    Frame(Arc<EncodedFrame>),
    /// Forget what was shown.
    Reset(Reset),
    /// Nothing new, or the count went out of sight, or came back.
    Heartbeat(Heartbeat),
}

impl News {
    /// As the answer of `WatchFrames`, with its length before it. A frame's bytes are those that every viewer gets.
    pub fn message(self) -> Bytes {
        match self {
            Self::Frame(frame) => frame.bytes.clone(),
            Self::Reset(reset) => prefixed(Event::Reset(reset)),
            Self::Heartbeat(heartbeat) => prefixed(Event::Heartbeat(heartbeat)),
        }
    }
}

enum Next {
    Frame(Arc<EncodedFrame>),
    Reset(LogId),
    Wait,
}

impl Viewer {
    /// A viewer that has seen a position before, or nothing.
    pub fn new(
        feed: Arc<ScopeFeed>,
        seen: Option<Position>,
        config: Arc<Config>,
        clock: SharedClock,
        stopper: &Stopper,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        metrics::gauge!("feed_viewers").increment(1);
        Self {
            told: feed.told.clone(),
            feed,
            alarm: Box::pin(tokio::time::sleep(config.heartbeat_interval)),
            config,
            clock,
            stopping: Box::pin(stopper.stopping()),
            seen,
            incarnation: None,
            waiting_since: None,
            spoke: Instant::now(),
            knows_stale: false,
            knows_behind: false,
            greets: seen.is_some(),
            _permit: permit,
        }
    }

    /// The next answer.
    pub async fn next(&mut self) -> Result<News, FeedError> {
        let news = self.news().await?;
        self.spoke = Instant::now();
        self.greets = false;
        // What it was told last is what it knows, whichever reason there was to tell it.
        (self.knows_stale, self.knows_behind) = match &news {
            News::Frame(frame) => (frame.is_stale(), false),
            News::Reset(_) => (self.knows_stale, false),
            News::Heartbeat(heartbeat) => (heartbeat.is_stale, heartbeat.is_behind),
        };
        Ok(news)
    }

    async fn news(&mut self) -> Result<News, FeedError> {
        loop {
            let (next, is_stale) = self.newest()?;
            match next {
                Next::Frame(frame) => {
                    self.seen = Some(frame.place.position);
                    self.incarnation = Some(frame.place.incarnation);
                    self.waiting_since = None;
                    return Ok(News::Frame(frame));
                }
                Next::Reset(log_id) => {
                    self.seen = None;
                    self.incarnation = None;
                    self.waiting_since = None;
                    let log_id = log_id.0.to_vec().into();
                    return Ok(News::Reset(Reset { log_id }));
                }
                Next::Wait => {}
            }
            // That the count is out of sight, or in sight again, is told at once; and that this replica has caught up.
            let has_it = self.waiting_since.is_none();
            let greets = self.greets && has_it;
            let caught_up = self.knows_behind && has_it;
            if greets || caught_up || self.seen.is_some() && self.knows_stale != is_stale {
                return Ok(News::Heartbeat(self.heartbeat(is_stale)));
            }
            let pause = match self.waiting_since {
                Some(_) => self.config.tick * 4,
                None => self.config.heartbeat_interval,
            };
            let due = self.spoke + pause;
            if self.alarm.is_elapsed() || self.alarm.deadline() > due {
                self.alarm.as_mut().reset(due);
            }
            tokio::select! {
                changed = self.told.changed() => if changed.is_err() { return Err(FeedError::Stopping) },
                () = &mut self.stopping => return Err(FeedError::Stopping),
                () = &mut self.alarm => if Instant::now() >= due {
                    return Ok(News::Heartbeat(self.heartbeat(is_stale)));
                },
            }
        }
    }

    fn newest(&mut self) -> Result<(Next, bool), FeedError> {
        let told = self.told.borrow_and_update();
        let frame = match &told.shown {
            Shown::Nothing => None,
            Shown::NotPublic => return Err(not_public(&self.feed.scope)),
            Shown::Frame(frame) => Some(Arc::clone(frame)),
        };
        let is_stale = told.is_stale;
        drop(told);
        let next = match (frame, self.seen) {
            (None, _) => self.wait()?,
            (Some(frame), None) => Next::Frame(frame),
            (Some(frame), Some(seen)) => {
                let seen = Place {
                    position: seen,
                    incarnation: *self.incarnation.get_or_insert(frame.place.incarnation),
                };
                if !frame.place.is_comparable(seen) {
                    return Ok((Next::Reset(frame.place.position.log_id), is_stale));
                }
                match frame.place.order().cmp(&seen.order()) {
                    Ordering::Greater => Next::Frame(frame),
                    Ordering::Less => self.behind(seen)?,
                    Ordering::Equal => {
                        self.waiting_since = None;
                        Next::Wait
                    }
                }
            }
        };
        Ok((next, is_stale))
    }

    // The token is ahead. With the count out of sight, or seen only with a lag, another replica may know more; with what was
    // seen in the count, it is the frame that cannot be made here yet. With the count in sight without a lag for as long as it
    // takes to be patient, and lower, it is the log that does not have any more what was seen.
    fn behind(&mut self, seen: Place) -> Result<Next, FeedError> {
        let in_sight_since = self.feed.upstream.touch.borrow().in_sight_since();
        let (Some(found), true) = (in_sight_since, self.count_is_below(seen)) else {
            return self.wait();
        };
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let is_reset = since.max(found).elapsed() >= self.config.behind_max;
        Ok(if is_reset {
            Next::Reset(seen.position.log_id)
        } else {
            Next::Wait
        })
    }

    fn count_is_below(&self, seen: Place) -> bool {
        match &*self.feed.upstream.known.borrow() {
            Known::Newest(newest) => {
                newest.place.is_comparable(seen) && newest.place.order() < seen.order()
            }
            Known::Asking | Known::NotPublic => false,
        }
    }

    fn wait(&mut self) -> Result<Next, FeedError> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.config.behind_max {
            return Err(FeedError::CatchingUp);
        }
        Ok(Next::Wait)
    }

    // Whether it is stale is what all viewers are told, not what the clock says a moment before or after: what turns with the
    // clock alone would be told wrongly until the next heartbeat.
    fn heartbeat(&self, is_stale: bool) -> Heartbeat {
        let touch = *self.feed.upstream.touch.borrow();
        let distance = touch.distance(self.config.stale_after);
        Heartbeat {
            is_behind: self.seen.is_some() && self.waiting_since.is_some(),
            is_stale,
            lag_ms: distance.lag_ms,
            send_time: Some(wire::timestamp(Timestamp(self.clock.now_micros()))),
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        metrics::gauge!("feed_viewers").decrement(1);
    }
}

/// The same answer for what is not there and for what is not public yet.
pub(crate) fn not_public(scope: &Scope) -> FeedError {
    let (kind, id) = match scope {
        Scope::Election(election) => ("election", election.to_string()),
        Scope::District(_, district) => ("district", district.clone()),
        Scope::Unit(_, unit) => ("unit", unit.clone()),
    };
    FeedError::NotPublic { kind, id }
}
