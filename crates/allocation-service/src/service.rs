//! What the calls do, in plain functions.

use crate::config::Config;
use crate::error::AllocationError;
use crate::events::EventSource;
use crate::follower::{Followed, Moment};
use crate::narrowed::Narrowed;
use crate::publisher::public_revision;
use crate::seats::{Explained, explain_all, standings};
use crate::watched::Watched;
use election::ids::{ElectionId, Revision, Timestamp};
use futures::Stream;
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, watch};
use tonic::transport::Channel;
use wire::Position;
use wire::allocation::v1::{Standings, WatchStandingsResponse};

/// What the role keeps.
#[derive(Debug)]
pub(crate) struct Service {
    config: Config,
    source: EventSource,
    clock: SharedClock,
    stopper: Stopper,
    folds: Arc<Semaphore>,
    followed: Mutex<BTreeMap<ElectionId, Arc<Followed>>>,
    /// Whether the elections were listed once, and all that were there were caught up with.
    settled: watch::Sender<bool>,
}

/// Whose eyes an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Everybody's: up to the public revision.
    Public,
    /// The commission's: up to the head.
    Head,
}

/// Says that nobody waits for an answer any more, when it is dropped with the call.
#[derive(Debug, Default)]
struct Awaited {
    is_over: Arc<AtomicBool>,
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl Service {
    pub fn new(config: Config, results: Channel, clock: SharedClock, stopper: &Stopper) -> Self {
        Self {
            folds: Arc::new(Semaphore::new(config.folds_max.max(1))),
            source: EventSource::new(results, config.heartbeat_interval * 2),
            config,
            clock,
            stopper: stopper.clone(),
            followed: Mutex::new(BTreeMap::new()),
            settled: watch::Sender::new(false),
        }
    }

    /// Follows each election that the results role has, as they come.
    pub async fn discover(service: Arc<Self>) {
        let stopping = service.stopper.stopping();
        tokio::pin!(stopping);
        let mut is_first = true;
        loop {
            match service.source.elections().await {
                Ok(elections) => {
                    let followed = elections.into_iter().map(|it| service.follow(it));
                    let heads: Vec<_> = followed.map(|it| it.head.clone()).collect();
                    if std::mem::take(&mut is_first) {
                        let settling = Arc::clone(&service);
                        service.stopper.spawn(settling.settle(heads));
                    }
                }
                Err(error) => tracing::debug!(%error, "the elections cannot be listed"),
            }
            tokio::select! {
                () = &mut stopping => return,
                () = tokio::time::sleep(service.config.poll_interval) => {}
            }
        }
    }

    async fn settle(self: Arc<Self>, heads: Vec<watch::Receiver<Option<Moment>>>) {
        let stopping = self.stopper.stopping();
        let all = async {
            for mut head in heads {
                // One that has ended has ended with all others.
                let _ = head.wait_for(Option::is_some).await;
            }
            self.settled.send_replace(true);
        };
        tokio::select! {
            () = stopping => {}
            () = all => {}
        }
    }

    fn follow(&self, election: ElectionId) -> Arc<Followed> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = followed.entry(election.clone()).or_insert_with(|| {
            tracing::info!(%election, "following");
            let (source, clock) = (self.source.clone(), Arc::clone(&self.clock));
            let folds = Arc::clone(&self.folds);
            Arc::new(Followed::start(
                election,
                source,
                &self.config,
                clock,
                folds,
                &self.stopper,
            ))
        });
        Arc::clone(entry)
    }

    // An election that is not followed yet may be seconds old: for the commission, the results role is asked. For the
    // public it is not: a stranger's question costs nothing behind this role.
    //
    // An embargoed election must not be told from one that is not there, by the answer or by the time that it takes. So
    // whatever shows nothing to the public is waited for alike, until all that there was at the beginning is read; and what
    // has no state then, and never had a public one, is not there.
    async fn followed(
        &self,
        election: &ElectionId,
        viewer: Viewer,
    ) -> Result<Arc<Followed>, AllocationError> {
        if viewer == Viewer::Head {
            if let Some(followed) = self.known(election) {
                return Ok(followed);
            }
            if self.source.elections().await?.contains(election) {
                return Ok(self.follow(election.clone()));
            }
            return Err(AllocationError::NoSuchElection(election.clone()));
        }
        let known = self.known(election);
        if let Some(followed) = known.filter(|it| it.public.borrow().is_some()) {
            return Ok(followed);
        }
        let mut settled = self.settled.subscribe();
        let settled = settled.wait_for(|settled| *settled);
        let waited = tokio::time::timeout(self.config.behind_max, async {
            tokio::select! {
                settled = settled => settled.map(|_| None).map_err(|_| AllocationError::Stopping),
                public = self.shown_to_public(election) => Ok(Some(public)),
            }
        });
        if let Some(public) = waited.await.map_err(|_| AllocationError::CatchingUp)?? {
            return Ok(public);
        }
        let known = self
            .known(election)
            .filter(|it| it.head.borrow().is_some() || it.was_public.load(Ordering::Relaxed));
        known.ok_or_else(|| AllocationError::NoSuchElection(election.clone()))
    }

    // Waits until the public is shown something of an election; for ever, where it is not.
    async fn shown_to_public(&self, election: &ElectionId) -> Arc<Followed> {
        loop {
            if let Some(followed) = self.known(election) {
                let mut public = followed.public.clone();
                if public.wait_for(Option::is_some).await.is_ok() {
                    return followed;
                }
                std::future::pending::<()>().await;
            }
            // It is not known of yet: before the first listing nothing is.
            tokio::time::sleep(self.config.poll_interval).await;
        }
    }

    fn known(&self, election: &ElectionId) -> Option<Arc<Followed>> {
        let followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.get(election).cloned()
    }

    /// The election's state for a viewer, at a revision or (0) at the newest.
    pub async fn moment(
        &self,
        election: &ElectionId,
        viewer: Viewer,
        revision: Revision,
    ) -> Result<Moment, AllocationError> {
        let followed = self.followed(election, viewer).await?;
        let newest = self.newest(&followed, viewer).await?;
        if revision == Revision::ZERO || revision == newest.tally.revision {
            return Ok(newest);
        }
        if revision > newest.tally.revision {
            return Err(AllocationError::NoSuchRevision(revision));
        }
        let past = followed.at(revision).await?;
        Ok(past.seen_by(newest.publication))
    }

    async fn newest(&self, followed: &Followed, viewer: Viewer) -> Result<Moment, AllocationError> {
        let mut head = followed.head.clone();
        let wait = head.wait_for(Option::is_some);
        let first = tokio::time::timeout(self.config.behind_max, wait).await;
        let head = first
            .ok()
            .and_then(|head| head.ok().and_then(|head| head.clone()));
        let head = head.ok_or(AllocationError::CatchingUp)?;
        if viewer == Viewer::Head {
            return Ok(head);
        }
        // Before its opening there is, for the public, no such election.
        let now = Timestamp(self.clock.now_micros());
        if public_revision(&head, now).is_none() {
            return Err(AllocationError::NoSuchElection(followed.election.clone()));
        }
        let mut public = followed.public.clone();
        let wait = public.wait_for(Option::is_some);
        let public = tokio::time::timeout(self.config.behind_max, wait).await;
        public
            .ok()
            .and_then(|public| public.ok().and_then(|public| public.clone()))
            .ok_or(AllocationError::CatchingUp)
    }

    /// Standings with whatever explanation is asked for.
    pub async fn standings(
        &self,
        election: &ElectionId,
        viewer: Viewer,
        revision: Revision,
        narrowed: Narrowed,
        explained: Explained,
    ) -> Result<Standings, AllocationError> {
        let moment = self.moment(election, viewer, revision).await?;
        narrowed.check(&moment.tally)?;
        self.compute_while_awaited(move |is_over| {
            let mut standings = standings(&moment);
            let wanted = |contest: &str, district: &str| narrowed.takes(contest, district);
            explain_all(&mut standings, &moment, explained, is_over, wanted);
            narrowed.narrow(&mut standings);
            standings
        })
        .await
    }

    /// Computes what may take long, such as margins, which allocate thousands of times: not on the runtime's threads,
    /// and only so many at once.
    pub async fn compute<T: Send + 'static>(
        &self,
        computation: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AllocationError> {
        let permit = Arc::clone(&self.folds).acquire_owned().await;
        let permit = permit.map_err(|_| AllocationError::Stopping)?;
        let computed = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            computation()
        });
        computed.await.map_err(|_| AllocationError::Stopping)
    }

    /// Computes many answers, and stops between two of them when nobody waits any more: the deadline of a call that is over
    /// must not keep others from their turn.
    pub async fn compute_while_awaited<T: Send + 'static>(
        &self,
        computation: impl FnOnce(&dyn Fn() -> bool) -> T + Send + 'static,
    ) -> Result<T, AllocationError> {
        let awaited = Awaited::default();
        let is_over = Arc::clone(&awaited.is_over);
        let answer = self.compute(move || computation(&|| is_over.load(Ordering::Relaxed)));
        answer.await
    }

    /// A stream of the newest standings above a token.
    pub async fn watch(
        &self,
        election: &ElectionId,
        viewer: Viewer,
        token: Option<Position>,
    ) -> Result<
        impl Stream<Item = Result<WatchStandingsResponse, AllocationError>> + Send + use<>,
        AllocationError,
    > {
        let followed = self.followed(election, viewer).await?;
        self.newest(&followed, viewer).await?;
        let seats = match viewer {
            Viewer::Head => followed.head_seats.clone(),
            Viewer::Public => followed.public_seats.clone(),
        };
        let (config, stopper) = (self.config.clone(), self.stopper.clone());
        let watched = Watched::new(&followed, seats, token, config, stopper);
        Ok(futures::stream::unfold(
            Some(watched),
            |watched| async move {
                let mut watched = watched?;
                match watched.next().await {
                    Ok(event) => {
                        let response = WatchStandingsResponse { event: Some(event) };
                        Some((Ok(response), Some(watched)))
                    }
                    Err(error) => Some((Err(error), None)),
                }
            },
        ))
    }
}
