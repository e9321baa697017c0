//! What the calls do, in plain functions.

use crate::config::Config;
use crate::error::FeedError;
use crate::index::IndexFeed;
use crate::scope::{Scope, ScopeFeed, Shown, distance};
use crate::upstream::Upstream;
use crate::viewer::{Viewer, not_public};
use bytes::Bytes;
use election::ids::{ElectionId, Timestamp};
use futures::Stream;
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::Semaphore;
use tonic::transport::Channel;
use wire::Position;
use wire::feed::v1::{
    Frame, FrameEnvelope, Heartbeat, Index, WatchIndexResponse, watch_index_response,
};

/// What the role keeps: weak handles only, so that what nobody watches ends by itself.
#[derive(Debug)]
pub(crate) struct Service {
    config: Arc<Config>,
    results: Channel,
    allocation: Channel,
    clock: SharedClock,
    stopper: Stopper,
    viewers: Arc<Semaphore>,
    upstreams: Shared<ElectionId, Upstream>,
    scopes: Shared<Scope, ScopeFeed>,
    index: Mutex<Weak<IndexFeed>>,
}

// Handles by key; a handle that nobody holds any more is made anew.
#[derive(Debug)]
struct Shared<K, V>(Mutex<HashMap<K, Weak<V>>>);

impl<K: Eq + Hash, V> Shared<K, V> {
    fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    fn get_or_start(&self, key: K, start: impl FnOnce() -> V) -> Arc<V> {
        let mut handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = handles.get(&key).and_then(Weak::upgrade) {
            return handle;
        }
        // What has ended is swept out whenever something begins.
        handles.retain(|_, handle| handle.strong_count() > 0);
        let handle = Arc::new(start());
        handles.insert(key, Arc::downgrade(&handle));
        handle
    }
}

impl Service {
    pub fn new(
        config: Config,
        results: Channel,
        allocation: Channel,
        clock: SharedClock,
        stopper: &Stopper,
    ) -> Self {
        Self {
            viewers: Arc::new(Semaphore::new(config.viewers_max)),
            config: Arc::new(config),
            results,
            allocation,
            clock,
            stopper: stopper.clone(),
            upstreams: Shared::new(),
            scopes: Shared::new(),
            index: Mutex::new(Weak::new()),
        }
    }

    fn feed(&self, scope: &Scope) -> Arc<ScopeFeed> {
        let upstream = self.upstreams.get_or_start(scope.election().clone(), || {
            Upstream::start(
                scope.election().clone(),
                self.allocation.clone(),
                &self.config,
                &self.stopper,
            )
        });
        self.scopes.get_or_start(scope.clone(), || {
            let clock = Arc::clone(&self.clock);
            ScopeFeed::start(
                scope.clone(),
                upstream,
                self.results.clone(),
                clock,
                &self.config,
                &self.stopper,
            )
        })
    }

    /// A new viewer of a scope.
    pub fn watch(
        &self,
        scope: Scope,
        seen: Option<Position>,
    ) -> Result<impl Stream<Item = Result<Bytes, FeedError>> + Send + use<>, FeedError> {
        let permit = Arc::clone(&self.viewers).try_acquire_owned();
        let permit = permit.map_err(|_| FeedError::TooManyViewers(self.config.viewers_max))?;
        let feed = self.feed(&scope);
        let viewer = Viewer {
            shown: feed.shown.clone(),
            scope,
            feed,
            config: Arc::clone(&self.config),
            clock: Arc::clone(&self.clock),
            stopper: self.stopper.clone(),
            seen,
            behind_since: None,
            _permit: permit,
        };
        Ok(futures::stream::unfold(Some(viewer), |viewer| async move {
            let mut viewer = viewer?;
            match viewer.next().await {
                Ok(bytes) => Some((Ok(bytes), Some(viewer))),
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    /// The newest frame of a scope.
    pub async fn frame(&self, scope: Scope) -> Result<Frame, FeedError> {
        let feed = self.feed(&scope);
        let mut shown = feed.shown.clone();
        let wait = shown.wait_for(|shown| !matches!(shown, Shown::Nothing));
        let known = tokio::time::timeout(self.config.behind_max, wait).await;
        let frame = match &*known
            .map_err(|_| FeedError::CatchingUp)?
            .map_err(|_| FeedError::Stopping)?
        {
            Shown::Frame(frame) => frame.frame.clone(),
            Shown::Nothing | Shown::NotPublic => return Err(not_public(&scope)),
        };
        // How far behind it is holds of now, not of when the frame was made.
        let distance = distance(&feed.upstream, self.config.stale_after);
        let envelope = frame.envelope.map(|envelope| FrameEnvelope {
            is_stale: distance.is_stale,
            lag_ms: distance.lag_ms,
            ..envelope
        });
        Ok(Frame { envelope, ..frame })
    }

    /// All public elections, whenever something about them changes.
    pub fn watch_index(
        &self,
    ) -> Result<impl Stream<Item = Result<WatchIndexResponse, FeedError>> + Send + use<>, FeedError>
    {
        let permit = Arc::clone(&self.viewers).try_acquire_owned();
        let permit = permit.map_err(|_| FeedError::TooManyViewers(self.config.viewers_max))?;
        let feed = {
            let mut weak = self.index.lock().unwrap_or_else(PoisonError::into_inner);
            weak.upgrade().unwrap_or_else(|| {
                let feed = Arc::new(IndexFeed::start(
                    self.results.clone(),
                    &self.config,
                    &self.stopper,
                ));
                *weak = Arc::downgrade(&feed);
                feed
            })
        };
        let index = feed.index.clone();
        let (config, clock, stopper) = (
            Arc::clone(&self.config),
            Arc::clone(&self.clock),
            self.stopper.clone(),
        );
        let state = Some((index, None::<Arc<Index>>, feed, permit));
        Ok(futures::stream::unfold(state, move |state| {
            let (config, clock, stopper) =
                (Arc::clone(&config), Arc::clone(&clock), stopper.clone());
            async move {
                let (mut index, shown, feed, permit) = state?;
                loop {
                    let newest = index.borrow_and_update().clone();
                    if let Some(newest) = newest.filter(|newest| {
                        shown
                            .as_ref()
                            .is_none_or(|shown| !Arc::ptr_eq(shown, newest))
                    }) {
                        let event = watch_index_response::Event::Index((*newest).clone());
                        let response = WatchIndexResponse { event: Some(event) };
                        return Some((Ok(response), Some((index, Some(newest), feed, permit))));
                    }
                    tokio::select! {
                        () = stopper.stopping() => return Some((Err(FeedError::Stopping), None)),
                        changed = index.changed() => if changed.is_err() {
                            return Some((Err(FeedError::Stopping), None));
                        },
                        () = tokio::time::sleep(config.heartbeat_interval) => {
                            let heartbeat = Heartbeat {
                                is_behind: false,
                                is_stale: false,
                                lag_ms: 0,
                                send_time: Some(wire::timestamp(Timestamp(clock.now_micros()))),
                            };
                            let event = watch_index_response::Event::Heartbeat(heartbeat);
                            let response = WatchIndexResponse { event: Some(event) };
                            return Some((Ok(response), Some((index, shown, feed, permit))));
                        }
                    }
                }
            }
        }))
    }
}
