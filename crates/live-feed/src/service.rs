//! What the calls do, in plain functions.

use crate::config::Config;
use crate::error::FeedError;
use crate::frame::Distance;
use crate::index::{IndexFeed, IndexViewer};
use crate::linger::Lingering;
use crate::page::IndexPages;
use crate::scope::{EncodedFrame, Scope, ScopeFeed, Shown};
use crate::upstream::Upstream;
use crate::viewer::{News, Viewer, not_public};
use election::ids::ElectionId;
use futures::Stream;
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tonic::transport::Channel;
use wire::Position;
use wire::common::v1::View;
use wire::feed::v1::{Frame, FrameEnvelope, Index, WatchIndexResponse};
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{GetUnitRequest, UnitState};

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
    /// Somebody has asked for the list over HTTP, and will again.
    index_held: Mutex<Option<Arc<IndexFeed>>>,
    /// What is shown of the list.
    pub index_pages: IndexPages,
    lingering: Lingering,
    costly: Arc<Semaphore>,
    past: Semaphore,
}

/// Questions at once that cost much: tables of all units, pages of units, histories.
const COSTLY_MAX: usize = 32;

/// Questions for past revisions at once. They wait long, since few are answered at a time, and have places of their own: who
/// asks for many must not keep others from units.
const PAST_MAX: usize = 32;

/// How long such a question waits for a place.
const PAST_PATIENCE: Duration = Duration::from_secs(1);

// Handles by key; a handle that nobody holds any more is made anew.
#[derive(Debug)]
struct Shared<K, V>(Mutex<HashMap<K, Weak<V>>>);

impl<K: Eq + Hash, V> Shared<K, V> {
    fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    fn find(&self, key: &K) -> Option<Arc<V>> {
        let handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handles.get(key).and_then(Weak::upgrade)
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
            index_held: Mutex::new(None),
            index_pages: IndexPages::default(),
            lingering: Lingering::new(),
            costly: Arc::new(Semaphore::new(COSTLY_MAX)),
            past: Semaphore::new(PAST_MAX),
        }
    }

    fn permit(&self) -> Result<OwnedSemaphorePermit, FeedError> {
        let permit = Arc::clone(&self.viewers).try_acquire_owned();
        permit.map_err(|_| FeedError::TooManyViewers(self.config.viewers_max))
    }

    fn feed(&self, scope: &Scope) -> Arc<ScopeFeed> {
        if let Some(feed) = self.scopes.find(scope) {
            return feed;
        }
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
        scope: &Scope,
        seen: Option<Position>,
    ) -> Result<impl Stream<Item = Result<News, FeedError>> + Send + use<>, FeedError> {
        let permit = self.permit()?;
        let viewer = Viewer::new(
            self.feed(scope),
            seen,
            Arc::clone(&self.config),
            Arc::clone(&self.clock),
            &self.stopper,
            permit,
        );
        Ok(futures::stream::unfold(Some(viewer), |viewer| async move {
            let mut viewer = viewer?;
            match viewer.next().await {
                Ok(news) => Some((Ok(news), Some(viewer))),
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    /// The newest frame of a scope.
    pub async fn frame(&self, scope: Scope) -> Result<Frame, FeedError> {
        // Who asks for a single frame costs what a viewer does, while it waits.
        drop(self.permit()?);
        let (feed, encoded) = self.newest(&scope).await?;
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

    /// The newest frame of a scope as it was made, with what makes the next ones. Who asks for a scope that nobody watches
    /// starts its tasks, and waits for them: as a viewer does.
    pub async fn newest(
        &self,
        scope: &Scope,
    ) -> Result<(Arc<ScopeFeed>, Arc<EncodedFrame>), FeedError> {
        let feed = self.feed(scope);
        let shown = feed.told.borrow().shown.clone();
        let shown = match shown {
            Shown::Nothing => self.first(&feed).await?,
            shown => shown,
        };
        match shown {
            Shown::Frame(encoded) => Ok((feed, encoded)),
            Shown::Nothing | Shown::NotPublic => Err(not_public(scope)),
        }
    }

    async fn first(&self, feed: &ScopeFeed) -> Result<Shown, FeedError> {
        let _permit = self.permit()?;
        let mut told = feed.told.clone();
        let wait = told.wait_for(|told| !matches!(told.shown, Shown::Nothing));
        let known = tokio::time::timeout(self.config.behind_max, wait).await;
        let told = known
            .map_err(|_| FeedError::CatchingUp)?
            .map_err(|_| FeedError::Stopping)?;
        Ok(told.shown.clone())
    }

    /// The same for HTTP, where who asks comes again in a second: the scope stays watched meanwhile.
    pub async fn lingering(
        &self,
        scope: &Scope,
    ) -> Result<(Arc<ScopeFeed>, Arc<EncodedFrame>), FeedError> {
        if let Some(held) = self.held(scope) {
            return Ok(held);
        }
        let (feed, encoded) = self.newest(scope).await?;
        self.lingering.hold(&feed, &self.stopper);
        Ok((feed, encoded))
    }

    /// The same without waiting, where the scope is watched still and has a frame.
    pub fn held(&self, scope: &Scope) -> Option<(Arc<ScopeFeed>, Arc<EncodedFrame>)> {
        let feed = self.lingering.held(scope)?;
        let frame = match &feed.told.borrow().shown {
            Shown::Frame(encoded) => Arc::clone(encoded),
            Shown::Nothing | Shown::NotPublic => return None,
        };
        Some((feed, frame))
    }

    /// How far what is shown of a scope is from the count, now.
    pub fn distance(&self, feed: &ScopeFeed) -> Distance {
        let touch = *feed.upstream.touch.borrow();
        touch.distance(self.config.stale_after)
    }

    /// The role behind that counts.
    pub fn results(&self) -> ResultsServiceClient<Channel> {
        ResultsServiceClient::new(self.results.clone())
            .max_decoding_message_size(service_runtime::limits::MESSAGE_BYTES_MAX)
    }

    /// One unit at a revision that is shown.
    pub async fn unit(
        &self,
        scope: &Scope,
        revision: u64,
        unit: &str,
    ) -> Result<UnitState, FeedError> {
        let request = GetUnitRequest {
            election_id: scope.election().to_string(),
            view: View::Public.into(),
            revision,
            unit_id: unit.to_owned(),
        };
        let of_unit = Scope::Unit(scope.election().clone(), unit.to_owned());
        let answer = self.results().get_unit(request).await;
        let answer = answer.map_err(|it| FeedError::of_upstream(it, &of_unit, revision))?;
        answer.into_inner().unit.ok_or(FeedError::CatchingUp)
    }

    /// Leave to ask for something that costs much.
    pub fn costly(&self) -> Result<OwnedSemaphorePermit, FeedError> {
        let permit = Arc::clone(&self.costly).try_acquire_owned();
        permit.map_err(|_| FeedError::Busy)
    }

    /// Leave to ask for a past revision.
    pub async fn past_permit(&self) -> Result<SemaphorePermit<'_>, FeedError> {
        let permit = tokio::time::timeout(PAST_PATIENCE, self.past.acquire()).await;
        let permit = permit.map_err(|_| FeedError::Busy)?;
        permit.map_err(|_| FeedError::Stopping)
    }

    /// A task that ends with the role.
    pub fn spawn<F>(&self, future: F) -> tokio::task::JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.stopper.spawn(future)
    }

    /// A tick: what a stream waits before it tries again what failed.
    pub fn tick(&self) -> Duration {
        self.config.tick
    }

    /// How long who asks may wait for what is not there yet.
    pub fn patience(&self) -> Duration {
        self.config.behind_max
    }

    /// The newest list of public elections, and how far it is from what there is.
    pub async fn listed(&self) -> Result<(Arc<Index>, Distance), FeedError> {
        let feed = self.index_feed();
        let index = feed.listed(self.config.behind_max).await?;
        let distance = feed.distance(self.config.stale_after);
        *self
            .index_held
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(feed);
        Ok((index, distance))
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
