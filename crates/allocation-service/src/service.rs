//! What the calls do, in plain functions.

use crate::config::Config;
use crate::error::AllocationError;
use crate::events::EventSource;
use crate::follower::{Followed, Lag, Moment, public_revision};
use crate::seats::{Explained, SeatsAt, all_seats, explain_all, standings};
use election::ids::{ElectionId, Revision, Timestamp};
use election::report::{Refusal, RefusalCode};
use election::standings::{DistrictSeats, district_seats};
use election::tally::Tally;
use futures::Stream;
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tonic::transport::Channel;
use wire::Position;
use wire::allocation::v1::watch_standings_response::{Event, Heartbeat, Reset};
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
    /// Whether the elections were listed once.
    discovered: watch::Sender<bool>,
}

/// Whose eyes an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Everybody's: up to the public revision.
    Public,
    /// The commission's: up to the head.
    Head,
}

/// A contest and a district to which an answer is narrowed; `None`: all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Narrowed {
    pub contest: String,
    pub district: String,
}

impl Narrowed {
    fn takes(&self, contest: &str, district: &str) -> bool {
        let is_taken = |wanted: &str, id: &str| wanted.is_empty() || wanted == id;
        is_taken(&self.contest, contest) && is_taken(&self.district, district)
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
            discovered: watch::Sender::new(false),
        }
    }

    /// Follows each election that the results role has, as they come.
    pub async fn discover(service: Arc<Self>) {
        let stopping = service.stopper.stopping();
        tokio::pin!(stopping);
        loop {
            match service.source.elections().await {
                Ok(elections) => {
                    elections.into_iter().for_each(|election| {
                        service.follow(election);
                    });
                    service.discovered.send_replace(true);
                }
                Err(error) => tracing::debug!(%error, "the elections cannot be listed"),
            }
            tokio::select! {
                () = &mut stopping => return,
                () = tokio::time::sleep(service.config.poll_interval) => {}
            }
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
    // public it is not: an embargoed election must not be told from one that is not there by the time that a refusal
    // takes, and a stranger's question costs nothing behind this role.
    async fn followed(
        &self,
        election: &ElectionId,
        viewer: Viewer,
    ) -> Result<Arc<Followed>, AllocationError> {
        if viewer == Viewer::Public {
            let mut discovered = self.discovered.subscribe();
            let wait = discovered.wait_for(|discovered| *discovered);
            let discovered = tokio::time::timeout(self.config.behind_max, wait).await;
            discovered.map_or(Err(AllocationError::CatchingUp), |_| Ok(()))?;
        }
        if let Some(followed) = self.known(election) {
            return Ok(followed);
        }
        if viewer == Viewer::Head && self.source.elections().await?.contains(election) {
            return Ok(self.follow(election.clone()));
        }
        Err(AllocationError::NoSuchElection(election.clone()))
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
        Ok(Moment {
            tally: followed.at(revision).await?,
            publication: newest.publication,
        })
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
        let tally = Arc::clone(&moment.tally);
        check_narrowed(&tally, &narrowed)?;
        self.compute(move || {
            let seats = all_seats(&moment.tally);
            let mut standings = standings(&moment, &seats);
            let wanted = |contest: &str, district: &str| narrowed.takes(contest, district);
            explain_all(&mut standings, &moment.tally, &seats, explained, wanted);
            narrow(&mut standings, &narrowed);
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

    /// The seats of a district, for the check of a declaration.
    pub async fn district(
        &self,
        election: &ElectionId,
        viewer: Viewer,
        revision: Revision,
        narrowed: &Narrowed,
    ) -> Result<(Moment, usize, usize, DistrictSeats), AllocationError> {
        let moment = self.moment(election, viewer, revision).await?;
        let (contest, district) = place(&moment.tally, narrowed)?;
        let seats = district_seats(&moment.tally, contest, district).ok_or_else(|| {
            let rule = "the rules give no seats to this contest";
            Refusal::new(RefusalCode::State, "contest_id", &narrowed.contest, rule)
        })?;
        Ok((moment, contest, district, seats))
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
        let watched = Watched {
            lag: followed.lag.clone(),
            seats,
            config: self.config.clone(),
            stopper: self.stopper.clone(),
            shown: token,
            behind_since: None,
            said: Said::at(Instant::now()),
        };
        Ok(futures::stream::unfold(
            Some(watched),
            |watched| async move {
                let mut watched = watched?;
                match watched.next().await {
                    Some(Ok(event)) => Some((
                        Ok(WatchStandingsResponse { event: Some(event) }),
                        Some(watched),
                    )),
                    Some(Err(error)) => Some((Err(error), None)),
                    None => None,
                }
            },
        ))
    }
}

fn order(position: Position) -> (Revision, u64) {
    (position.revision, position.publication_seq)
}

// One watcher. It holds the newest standings only, so a slow one skips.
struct Watched {
    lag: watch::Receiver<Lag>,
    seats: watch::Receiver<Option<Arc<SeatsAt>>>,
    config: Config,
    stopper: Stopper,
    shown: Option<Position>,
    behind_since: Option<Instant>,
    said: Said,
}

// What the watcher was told last, and when.
#[derive(Debug, Clone, Copy)]
struct Said {
    at: Instant,
    is_lost: bool,
    is_behind: bool,
}

impl Said {
    fn at(at: Instant) -> Self {
        Self {
            at,
            is_lost: false,
            is_behind: false,
        }
    }
}

impl Watched {
    async fn next(&mut self) -> Option<Result<Event, AllocationError>> {
        loop {
            match self.newest() {
                Ok(Some(event)) => {
                    self.said.at = Instant::now();
                    return Some(Ok(event));
                }
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
            // That the log is lost or found again, and that this replica is behind, is said at once.
            let is_lost = self.lag.borrow_and_update().is_lost();
            let is_behind = self.behind_since.is_some();
            if (is_lost, is_behind) != (self.said.is_lost, self.said.is_behind) {
                return Some(Ok(self.heartbeat(is_lost, is_behind)));
            }
            let pause = if is_behind {
                self.config.poll_interval
            } else {
                self.config.heartbeat_interval
            };
            tokio::select! {
                () = self.stopper.stopping() => return Some(Err(AllocationError::Stopping)),
                changed = self.seats.changed() => if changed.is_err() {
                    return Some(Err(AllocationError::Stopping));
                },
                changed = self.lag.changed() => if changed.is_err() {
                    return Some(Err(AllocationError::Stopping));
                },
                () = tokio::time::sleep_until(self.said.at + pause) => {
                    if let Err(error) = self.check_patience() {
                        return Some(Err(error));
                    }
                    return Some(Ok(self.heartbeat(is_lost, is_behind)));
                }
            }
        }
    }

    // What is newer than what was shown; `None`: nothing.
    fn newest(&mut self) -> Result<Option<Event>, AllocationError> {
        let Some(seats) = self.seats.borrow_and_update().clone() else {
            return Ok(None);
        };
        let position = seats.moment.position();
        if let Some(shown) = self.shown.filter(|shown| shown.log_id != position.log_id) {
            tracing::info!(former = ?shown.log_id, "a watcher is reset to another log");
            self.shown = None;
            self.behind_since = None;
            let log_id = position.log_id.0.to_vec().into();
            return Ok(Some(Event::Reset(Reset { log_id })));
        }
        match self.shown.map(order) {
            Some(shown) if shown > order(position) => {
                self.behind_since.get_or_insert_with(Instant::now);
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

    fn check_patience(&self) -> Result<(), AllocationError> {
        let is_over = |since: Instant| since.elapsed() >= self.config.behind_max;
        if self.behind_since.is_some_and(is_over) {
            return Err(AllocationError::CatchingUp);
        }
        Ok(())
    }

    fn heartbeat(&mut self, is_lost: bool, is_behind: bool) -> Event {
        self.said = Said {
            at: Instant::now(),
            is_lost,
            is_behind,
        };
        let lag = self.lag.borrow().duration();
        let newest = self.seats.borrow();
        let token = newest.as_ref().map(|seats| seats.moment.position().into());
        Event::Heartbeat(Heartbeat {
            token,
            is_behind,
            // Lost a moment ago is lost: 0 says that it is followed.
            lag_ms: u64::try_from(lag.as_millis())
                .unwrap_or(u64::MAX)
                .max(u64::from(is_lost)),
        })
    }
}

fn check_narrowed(tally: &Tally, narrowed: &Narrowed) -> Result<(), AllocationError> {
    let contests = &tally.outline.ballot.contests;
    if !narrowed.contest.is_empty()
        && !contests
            .iter()
            .any(|contest| contest.id.as_str() == narrowed.contest)
    {
        return Err(AllocationError::NoSuchPlace {
            kind: "contest",
            id: narrowed.contest.clone(),
        });
    }
    let district = election::tally::district_index(&tally.outline.ballot, &narrowed.district);
    if !narrowed.district.is_empty() && district.is_none() {
        return Err(AllocationError::NoSuchPlace {
            kind: "district",
            id: narrowed.district.clone(),
        });
    }
    Ok(())
}

// A single contest or district need not be named.
fn place(tally: &Tally, narrowed: &Narrowed) -> Result<(usize, usize), AllocationError> {
    check_narrowed(tally, narrowed)?;
    let ballot = &tally.outline.ballot;
    let must_name = |field: &str| {
        Refusal::new(
            RefusalCode::Shape,
            field,
            "",
            "the election has several: name one",
        )
    };
    let contest = match ballot
        .contests
        .iter()
        .position(|contest| contest.id.as_str() == narrowed.contest)
    {
        Some(contest) => contest,
        None if ballot.contests.len() == 1 => 0,
        None => return Err(must_name("contest_id").into()),
    };
    let district = match election::tally::district_index(ballot, &narrowed.district) {
        Some(district) => district,
        None if ballot.contests[contest].districts.len() == 1 => 0,
        None => return Err(must_name("district_id").into()),
    };
    Ok((contest, district))
}

fn narrow(standings: &mut Standings, narrowed: &Narrowed) {
    if !narrowed.contest.is_empty() {
        standings
            .contests
            .retain(|contest| contest.contest_id == narrowed.contest);
    }
    if !narrowed.district.is_empty() {
        for contest in &mut standings.contests {
            contest
                .districts
                .retain(|district| district.district_id == narrowed.district);
        }
    }
}
