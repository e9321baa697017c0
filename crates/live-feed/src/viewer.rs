//! One viewer of a scope: the newest frame above what it has seen, else heartbeats. It holds no frame of its own, so a
//! slow one costs nothing and skips.

use crate::config::Config;
use crate::error::FeedError;
use crate::scope::{EncodedFrame, Scope, ScopeFeed, Shown, distance};
use crate::upstream::order;
use bytes::Bytes;
use election::ids::{LogId, Timestamp};
use prost::Message as _;
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use wire::Position;
use wire::feed::v1::watch_frames_response::Event;
use wire::feed::v1::{Heartbeat, Reset, WatchFramesResponse};

/// A viewer.
pub(crate) struct Viewer {
    pub scope: Scope,
    pub feed: Arc<ScopeFeed>,
    pub shown: watch::Receiver<Shown>,
    pub config: Arc<Config>,
    pub clock: SharedClock,
    pub stopper: Stopper,
    /// The last position that the viewer has seen.
    pub seen: Option<Position>,
    pub behind_since: Option<Instant>,
    pub _permit: OwnedSemaphorePermit,
}

enum Next {
    Frame(Arc<EncodedFrame>),
    Reset(LogId),
    Wait,
}

impl Viewer {
    /// The next answer, encoded.
    pub async fn next(&mut self) -> Result<Bytes, FeedError> {
        loop {
            match self.newest()? {
                Next::Frame(frame) => {
                    self.seen = Some(frame.position);
                    self.behind_since = None;
                    return Ok(frame.bytes.clone());
                }
                Next::Reset(log_id) => {
                    self.seen = None;
                    return Ok(encode(Event::Reset(Reset {
                        log_id: log_id.0.to_vec().into(),
                    })));
                }
                Next::Wait => {}
            }
            let pause = if self.behind_since.is_some() {
                self.config.tick * 4
            } else {
                self.config.heartbeat_interval
            };
            tokio::select! {
                () = self.stopper.stopping() => return Err(FeedError::Stopping),
                changed = self.shown.changed() => if changed.is_err() { return Err(FeedError::Stopping) },
                () = tokio::time::sleep(pause) => return Ok(self.heartbeat()),
            }
        }
    }

    fn newest(&mut self) -> Result<Next, FeedError> {
        let shown = self.shown.borrow_and_update();
        let frame = match &*shown {
            Shown::Nothing => return Ok(Next::Wait),
            Shown::NotPublic => return Err(not_public(&self.scope)),
            Shown::Frame(frame) => frame,
        };
        let Some(seen) = self.seen else {
            return Ok(Next::Frame(Arc::clone(frame)));
        };
        if seen.log_id != frame.position.log_id {
            return Ok(Next::Reset(frame.position.log_id));
        }
        if order(frame.position) > order(seen) {
            return Ok(Next::Frame(Arc::clone(frame)));
        }
        if order(frame.position) < order(seen) {
            let since = *self.behind_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= self.config.behind_max {
                return Err(FeedError::CatchingUp);
            }
        }
        Ok(Next::Wait)
    }

    fn heartbeat(&self) -> Bytes {
        let distance = distance(&self.feed.upstream, self.config.stale_after);
        encode(Event::Heartbeat(Heartbeat {
            is_behind: self.behind_since.is_some(),
            is_stale: distance.is_stale,
            lag_ms: distance.lag_ms,
            send_time: Some(wire::timestamp(Timestamp(self.clock.now_micros()))),
        }))
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

fn encode(event: Event) -> Bytes {
    WatchFramesResponse { event: Some(event) }
        .encode_to_vec()
        .into()
}
