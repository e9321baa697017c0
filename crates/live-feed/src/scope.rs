//! What is watched: one task for each scope that has viewers, which encodes one frame a tick for all of them.

use crate::config::Config;
use crate::error::FeedError;
use crate::frame::{Distance, frame, has_district, is_listed, is_open};
use crate::http::Forms;
use crate::prefixed::prefixed;
use crate::presented::Definitions;
use crate::units::Units;
use crate::upstream::{Known, Newest, Place, Touch, Upstream};
use bytes::Bytes;
use election::ids::{ElectionId, Timestamp};
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use wire::feed::v1::Frame;
use wire::feed::v1::watch_frames_response::Event;

/// What a viewer follows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// A whole election.
    Election(ElectionId),
    /// A district of it.
    District(ElectionId, String),
    /// A unit of it.
    Unit(ElectionId, String),
}

impl Scope {
    pub fn election(&self) -> &ElectionId {
        match self {
            Self::Election(election) | Self::District(election, _) | Self::Unit(election, _) => {
                election
            }
        }
    }
}

/// What viewers of a scope are told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub shown: Shown,
    /// The count has been out of sight for long.
    pub is_stale: bool,
}

/// What is shown of a scope.
#[derive(Debug, Clone, Default)]
pub(crate) enum Shown {
    /// Nothing is known yet.
    #[default]
    Nothing,
    /// There is no such scope in public.
    NotPublic,
    /// The newest frame, encoded as the answer that carries it.
    Frame(Arc<EncodedFrame>),
}

/// A frame as all viewers get it.
#[derive(Debug)]
pub(crate) struct EncodedFrame {
    pub place: Place,
    pub frame: Frame,
    /// A `WatchFramesResponse`, with its length before it, as gRPC sends it.
    pub bytes: Bytes,
    /// What is made of it for HTTP.
    forms: OnceLock<Forms>,
}

impl EncodedFrame {
    /// What its envelope says.
    pub fn is_stale(&self) -> bool {
        let envelope = self.frame.envelope.as_ref();
        envelope.is_some_and(|envelope| envelope.is_stale)
    }

    /// What is made of it for HTTP, if somebody has asked for it already.
    pub fn forms_made(&self) -> Option<&Forms> {
        self.forms.get()
    }

    /// What is made of it for HTTP; the first who asks may have to wait for the definition.
    pub async fn forms(&self, definitions: &Definitions) -> Result<&Forms, FeedError> {
        if let Some(forms) = self.forms_made() {
            return Ok(forms);
        }
        let body = self.frame.body.as_ref().ok_or(FeedError::CatchingUp)?;
        let presented = definitions.of(body).await?;
        Ok(self.forms.get_or_init(|| Forms::of(&self.frame, presented)))
    }
}

/// A watched scope. When the last viewer has gone, its task ends.
#[derive(Debug)]
pub(crate) struct ScopeFeed {
    pub scope: Scope,
    pub told: watch::Receiver<Told>,
    pub upstream: Arc<Upstream>,
    _guard: DropGuard,
}

impl ScopeFeed {
    pub fn start(
        scope: Scope,
        upstream: Arc<Upstream>,
        clock: SharedClock,
        config: &Config,
        stopper: &Stopper,
    ) -> Self {
        let (sender, told) = watch::channel(Told::default());
        let token = CancellationToken::new();
        let maker = FrameMaker {
            scope: scope.clone(),
            known: upstream.known.clone(),
            touch: upstream.touch.clone(),
            units: upstream.units.clone(),
            clock,
            tick: config.tick,
            stale_after: config.stale_after,
            told: sender,
        };
        let (ending, stopping) = (token.clone(), stopper.stopping());
        stopper.spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = stopping => {}
                () = maker.run() => {}
            }
        });
        Self {
            scope,
            told,
            upstream,
            _guard: token.drop_guard(),
        }
    }
}

/// How far the feed is from the count: what frames and heartbeats say.
pub(crate) fn distance(lost_since: Option<Instant>, stale_after: Duration) -> Distance {
    let lag = lost_since.map_or(Duration::ZERO, |since| since.elapsed());
    Distance {
        is_stale: lost_since.is_some() && lag >= stale_after,
        lag_ms: u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
    }
}

struct FrameMaker {
    scope: Scope,
    known: watch::Receiver<Known>,
    touch: watch::Receiver<Touch>,
    units: Units,
    clock: SharedClock,
    tick: Duration,
    stale_after: Duration,
    told: watch::Sender<Told>,
}

impl FrameMaker {
    async fn run(self) {
        // In this order, so that a first frame is never there before it is known whether it is stale.
        tokio::join!(self.tell_stale(), self.make_frames());
    }

    async fn make_frames(&self) {
        let mut known = self.known.clone();
        loop {
            let state = known.borrow_and_update().clone();
            match state {
                Known::Asking => {}
                Known::NotPublic => self.deny(),
                Known::Newest(newest) => {
                    // A frame that cannot be made now (its opening is not there yet, the unit cannot be read) is tried
                    // again at the next tick, as long as nothing newer has come.
                    while !self.show(&newest).await {
                        tokio::time::sleep(self.tick).await;
                        if known.has_changed().unwrap_or(true) {
                            break;
                        }
                    }
                    tokio::time::sleep(self.tick).await;
                }
            }
            if known.changed().await.is_err() {
                return;
            }
        }
    }

    // Frames tell how stale they were when they were made; that it changes while there are none must be told too.
    async fn tell_stale(&self) {
        let mut touch = self.touch.clone();
        loop {
            let seen = *touch.borrow_and_update();
            let is_stale = seen.distance(self.stale_after).is_stale;
            self.told.send_if_modified(|told| {
                std::mem::replace(&mut told.is_stale, is_stale) != is_stale
            });
            let turns_stale = seen.lost_since().filter(|_| !is_stale);
            let turns_stale = turns_stale.map(|since| since + self.stale_after);
            let wait = async {
                match turns_stale {
                    Some(instant) => tokio::time::sleep_until(instant).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = touch.changed() => if changed.is_err() { return },
                () = wait => {}
            }
        }
    }

    fn deny(&self) {
        self.told.send_if_modified(|told| {
            let is_news = matches!(told.shown, Shown::Nothing);
            if is_news {
                told.shown = Shown::NotPublic;
            }
            is_news
        });
    }

    // Whether these standings are dealt with.
    async fn show(&self, newest: &Newest) -> bool {
        let now = Timestamp(self.clock.now_micros());
        if !is_listed(&newest.standings, now) {
            self.deny();
            return false;
        }
        if !is_open(&newest.standings, now) {
            return false;
        }
        let is_first = match &self.told.borrow().shown {
            Shown::Frame(shown) if shown.place.is_comparable(newest.place) => {
                if shown.place.order() >= newest.place.order() {
                    return true;
                }
                false
            }
            Shown::Frame(_) | Shown::Nothing | Shown::NotPublic => true,
        };
        let unit = match &self.scope {
            Scope::Election(_) => None,
            Scope::District(_, district) => {
                if !has_district(&newest.standings, district) {
                    self.deny();
                    return true;
                }
                None
            }
            Scope::Unit(_, unit) => {
                let read = if is_first {
                    self.units.first(unit, newest.place.position).await
                } else {
                    self.units.again(unit, newest.place.position).await
                };
                match read {
                    Ok(unit) => Some(unit),
                    Err(status) if status.code() == tonic::Code::NotFound => {
                        self.deny();
                        return true;
                    }
                    Err(status) => {
                        tracing::debug!(code = ?status.code(), "a unit cannot be read, trying again");
                        return false;
                    }
                }
            }
        };
        let distance = self.touch.borrow().distance(self.stale_after);
        let frame = frame(&newest.standings, &self.scope, unit, distance);
        let encoded = Arc::new(encode(newest.place, frame));
        self.told
            .send_modify(|told| told.shown = Shown::Frame(encoded));
        true
    }
}

fn encode(place: Place, frame: Frame) -> EncodedFrame {
    let bytes = prefixed(Event::Frame(frame.clone()));
    metrics::counter!("feed_frames_encoded_total").increment(1);
    EncodedFrame {
        place,
        frame,
        bytes,
        forms: OnceLock::new(),
    }
}
