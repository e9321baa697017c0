//! What the calls do, in plain functions.

use crate::config::Config;
use crate::error::FeedError;
use crate::index::{IndexFeed, IndexViewer};
use crate::scope::{Scope, ScopeFeed, Shown};
use crate::upstream::Upstream;
use crate::viewer::{Viewer, not_public};
use bytes::Bytes;
use election::ids::ElectionId;
use futures::Stream;
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::transport::Channel;
use wire::Position;
use wire::feed::v1::{Frame, FrameEnvelope, WatchIndexResponse};

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
        // What has ended is swept out when the table would have to grow: a sweep costs little for each that begins.
        if handles.len() == handles.capacity() {
            handles.retain(|_, handle| handle.strong_count() > 0);
        }
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

    fn permit(&self) -> Result<OwnedSemaphorePermit, FeedError> {
        let permit = Arc::clone(&self.viewers).try_acquire_owned();
        permit.map_err(|_| FeedError::TooManyViewers(self.config.viewers_max))
    }

    fn feed(&self, scope: &Scope) -> Arc<ScopeFeed> {
        let upstream = self.upstreams.get_or_start(scope.election().clone(), || {
            Upstream::start(
                scope.election().clone(),
                self.allocation.clone(),
                self.results.clone(),
                &self.config,
                &self.stopper,
            )
        });
        self.scopes.get_or_start(scope.clone(), || {
            let clock = Arc::clone(&self.clock);
            ScopeFeed::start(scope.clone(), upstream, clock, &self.config, &self.stopper)
        })
    }

    /// A new viewer of a scope.
    pub fn watch(
        &self,
        scope: Scope,
        seen: Option<Position>,
    ) -> Result<impl Stream<Item = Result<Bytes, FeedError>> + Send + use<>, FeedError> {
        let permit = self.permit()?;
        let viewer = Viewer::new(
            self.feed(&scope),
            seen,
            Arc::clone(&self.config),
            Arc::clone(&self.clock),
            self.stopper.clone(),
            permit,
        );
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
        // Who asks for a scope that nobody watches starts its tasks, and waits for them: as a viewer does.
        let _permit = self.permit()?;
        let feed = self.feed(&scope);
        let mut told = feed.told.clone();
        let wait = told.wait_for(|told| !matches!(told.shown, Shown::Nothing));
        let known = tokio::time::timeout(self.config.behind_max, wait).await;
        let shown = known
            .map_err(|_| FeedError::CatchingUp)?
            .map_err(|_| FeedError::Stopping)?
            .shown
            .clone();
        let Shown::Frame(encoded) = shown else {
            return Err(not_public(&scope));
        };
        let frame = encoded.frame.clone();
        // How far behind it is holds of now, not of when the frame was made.
        let touch = *feed.upstream.touch.borrow();
        let distance = touch.distance(self.config.stale_after);
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
        let permit = self.permit()?;
        let viewer = IndexViewer::new(
            self.index_feed(),
            Arc::clone(&self.config),
            Arc::clone(&self.clock),
            self.stopper.clone(),
            permit,
        );
        Ok(futures::stream::unfold(Some(viewer), |viewer| async move {
            let mut viewer = viewer?;
            match viewer.next().await {
                Ok(response) => Some((Ok(response), Some(viewer))),
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    fn index_feed(&self) -> Arc<IndexFeed> {
        let mut weak = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        weak.upgrade().unwrap_or_else(|| {
            let clock = Arc::clone(&self.clock);
            let feed = IndexFeed::start(self.results.clone(), clock, &self.config, &self.stopper);
            let feed = Arc::new(feed);
            *weak = Arc::downgrade(&feed);
            feed
        })
    }
}
