//! What is watched: one task for each scope that has viewers, which encodes one frame a tick for all of them.

use crate::config::Config;
use crate::frame::{Distance, frame, has_district, is_open};
use crate::upstream::{Known, Newest, Upstream, order};
use bytes::Bytes;
use election::ids::{ElectionId, Timestamp};
use prost::Message as _;
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Channel;
use wire::Position;
use wire::common::v1::View;
use wire::feed::v1::watch_frames_response::Event;
use wire::feed::v1::{Frame, WatchFramesResponse};
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{GetUnitRequest, UnitState};

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
    pub position: Position,
    pub frame: Frame,
    /// A `WatchFramesResponse`.
    pub bytes: Bytes,
}

/// A watched scope. When the last viewer has gone, its task ends.
#[derive(Debug)]
pub(crate) struct ScopeFeed {
    pub shown: watch::Receiver<Shown>,
    pub upstream: Arc<Upstream>,
    _guard: DropGuard,
}

impl ScopeFeed {
    pub fn start(
        scope: Scope,
        upstream: Arc<Upstream>,
        results: Channel,
        clock: SharedClock,
        config: &Config,
        stopper: &Stopper,
    ) -> Self {
        let (sender, shown) = watch::channel(Shown::Nothing);
        let token = CancellationToken::new();
        let maker = FrameMaker {
            scope,
            upstream: Arc::clone(&upstream),
            results: ResultsServiceClient::new(results),
            clock,
            tick: config.tick,
            stale_after: config.stale_after,
            shown: sender,
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
            shown,
            upstream,
            _guard: token.drop_guard(),
        }
    }
}

/// How far the feed is from the count: what frames and heartbeats say.
pub(crate) fn distance(upstream: &Upstream, stale_after: Duration) -> Distance {
    let lag = upstream.lag();
    Distance {
        is_stale: lag >= stale_after,
        lag_ms: u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
    }
}

struct FrameMaker {
    scope: Scope,
    upstream: Arc<Upstream>,
    results: ResultsServiceClient<Channel>,
    clock: SharedClock,
    tick: Duration,
    stale_after: Duration,
    shown: watch::Sender<Shown>,
}

impl FrameMaker {
    async fn run(mut self) {
        let mut known = self.upstream.known.clone();
        loop {
            let state = known.borrow_and_update().clone();
            match state {
                Known::Asking => {}
                Known::NotPublic => self.deny(),
                Known::Newest(newest) => {
                    // A frame that cannot be made now (its opening is not there yet, the unit cannot be read) is tried
                    // again at the next tick, as long as nothing newer has come.
                    while !known.has_changed().unwrap_or(true) && !self.show(&newest).await {
                        tokio::time::sleep(self.tick).await;
                    }
                    tokio::time::sleep(self.tick).await;
                }
            }
            if known.changed().await.is_err() {
                return;
            }
        }
    }

    fn deny(&self) {
        self.shown.send_if_modified(|shown| {
            let is_news = matches!(shown, Shown::Nothing);
            if is_news {
                *shown = Shown::NotPublic;
            }
            is_news
        });
    }

    // Whether these standings are dealt with.
    async fn show(&mut self, newest: &Newest) -> bool {
        if !is_open(&newest.standings, Timestamp(self.clock.now_micros())) {
            return false;
        }
        let is_shown = match &*self.shown.borrow() {
            Shown::Frame(shown) => {
                shown.position.log_id == newest.position.log_id
                    && order(shown.position) >= order(newest.position)
            }
            Shown::Nothing | Shown::NotPublic => false,
        };
        if is_shown {
            return true;
        }
        let unit = match &self.scope {
            Scope::Election(_) => None,
            Scope::District(_, district) => {
                if !has_district(&newest.standings, district) {
                    self.deny();
                    return true;
                }
                None
            }
            Scope::Unit(election, unit) => match self
                .read_unit(election.to_string(), unit.clone(), newest)
                .await
            {
                Ok(unit) => Some(unit),
                Err(status) if status.code() == tonic::Code::NotFound => {
                    self.deny();
                    return true;
                }
                Err(status) => {
                    tracing::debug!(code = ?status.code(), "a unit cannot be read, trying again");
                    return false;
                }
            },
        };
        let frame = frame(
            &newest.standings,
            &self.scope,
            unit,
            distance(&self.upstream, self.stale_after),
        );
        self.shown
            .send_replace(Shown::Frame(Arc::new(encode(newest.position, frame))));
        true
    }

    async fn read_unit(
        &mut self,
        election_id: String,
        unit_id: String,
        newest: &Newest,
    ) -> Result<UnitState, tonic::Status> {
        let revision = newest.position.revision.0;
        let request = GetUnitRequest {
            election_id,
            view: View::Public.into(),
            revision,
            unit_id,
        };
        let response = self.results.get_unit(request).await?.into_inner();
        response
            .unit
            .ok_or_else(|| tonic::Status::internal("an answer without a unit"))
    }
}

fn encode(position: Position, frame: Frame) -> EncodedFrame {
    let response = WatchFramesResponse {
        event: Some(Event::Frame(frame)),
    };
    let bytes = Bytes::from(response.encode_to_vec());
    metrics::counter!("feed_frames_encoded_total").increment(1);
    let Some(Event::Frame(frame)) = response.event else {
        unreachable!("it was put there two lines above")
    };
    EncodedFrame {
        position,
        frame,
        bytes,
    }
}
