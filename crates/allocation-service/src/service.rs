//! What the calls do, in plain functions.

use crate::config::Config;
use crate::error::AllocationError;
use crate::events::EventSource;
use crate::follower::{Followed, Moment};
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

impl Service {
    pub fn new(config: Config, results: Channel, clock: SharedClock, stopper: &Stopper) -> Self {
        Self {
            folds: Arc::new(Semaphore::new(config.folds_max.max(1))),
            config,
            source: EventSource::new(results),
            clock,
            stopper: stopper.clone(),
            followed: Mutex::new(BTreeMap::new()),
        }
    }

    /// Follows each election that the results role has, as they come.
    pub async fn discover(service: Arc<Self>) {
        let stopping = service.stopper.stopping();
        tokio::pin!(stopping);
        loop {
            match service.source.elections().await {
                Ok(elections) => elections.into_iter().for_each(|election| {
                    service.follow(election);
                }),
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

    // An election that is not followed yet may be minutes old or seconds: the results role is asked.
    async fn followed(&self, election: &ElectionId) -> Result<Arc<Followed>, AllocationError> {
        let known = self
            .followed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(election)
            .cloned();
        if let Some(followed) = known {
            return Ok(followed);
        }
        if self.source.elections().await?.contains(election) {
            return Ok(self.follow(election.clone()));
        }
        Err(AllocationError::NoSuchElection(election.clone()))
    }

    /// The election's state for a viewer, at a revision or (0) at the newest.
    pub async fn moment(
        &self,
        election: &ElectionId,
        viewer: Viewer,
        revision: Revision,
    ) -> Result<Moment, AllocationError> {
        let followed = self.followed(election).await?;
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
        if head
            .publication
            .public_revision(head.tally.revision, now)
            .is_none()
        {
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
        // Margins allocate thousands of times: not on the runtime's threads.
        let standings = tokio::task::spawn_blocking(move || {
            let seats = all_seats(&moment.tally);
            let mut standings = standings(&moment, &seats);
            explain_all(&mut standings, &moment.tally, &seats, explained);
            narrow(&mut standings, &narrowed);
            standings
        });
        standings.await.map_err(|_| AllocationError::Stopping)
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
        let followed = self.followed(election).await?;
        let newest = self.newest(&followed, viewer).await?;
        let seats = match viewer {
            Viewer::Head => followed.head_seats.clone(),
            Viewer::Public => followed.public_seats.clone(),
        };
        let mut watched = Watched {
            followed,
            seats,
            config: self.config.clone(),
            stopper: self.stopper.clone(),
            shown: token,
            behind_since: None,
            pending_reset: None,
        };
        if token.is_some_and(|token| token.log_id != newest.tally.log_id) {
            watched.shown = None;
            watched.pending_reset = Some(newest.tally.log_id);
        }
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
    followed: Arc<Followed>,
    seats: watch::Receiver<Option<Arc<SeatsAt>>>,
    config: Config,
    stopper: Stopper,
    shown: Option<Position>,
    behind_since: Option<Instant>,
    pending_reset: Option<election::ids::LogId>,
}

impl Watched {
    async fn next(&mut self) -> Option<Result<Event, AllocationError>> {
        if let Some(log_id) = self.pending_reset.take() {
            return Some(Ok(Event::Reset(Reset {
                log_id: log_id.0.to_vec().into(),
            })));
        }
        loop {
            let newest = self.seats.borrow_and_update().clone();
            if let Some(seats) = newest {
                let position = seats.moment.position();
                match self.shown {
                    Some(shown) if shown.log_id != position.log_id => {
                        self.shown = None;
                        return Some(Ok(Event::Reset(Reset {
                            log_id: position.log_id.0.to_vec().into(),
                        })));
                    }
                    Some(shown) if order(shown) >= order(position) => {
                        let is_behind = order(shown) > order(position);
                        let since =
                            is_behind.then(|| *self.behind_since.get_or_insert_with(Instant::now));
                        if since.is_some_and(|since| since.elapsed() >= self.config.behind_max) {
                            return Some(Err(AllocationError::CatchingUp));
                        }
                    }
                    _ => {
                        self.shown = Some(position);
                        self.behind_since = None;
                        return Some(Ok(Event::Standings(seats.standings.clone())));
                    }
                }
            }
            let pause = if self.behind_since.is_some() {
                self.config.poll_interval
            } else {
                self.config.heartbeat_interval
            };
            tokio::select! {
                () = self.stopper.stopping() => return Some(Err(AllocationError::Stopping)),
                changed = self.seats.changed() => if changed.is_err() {
                    return Some(Err(AllocationError::Stopping));
                },
                () = tokio::time::sleep(pause) => return Some(Ok(self.heartbeat())),
            }
        }
    }

    fn heartbeat(&self) -> Event {
        let lag = self.followed.lag.borrow().duration();
        let newest = self.seats.borrow();
        let token = newest.as_ref().map(|seats| seats.moment.position().into());
        Event::Heartbeat(Heartbeat {
            token,
            is_behind: self.behind_since.is_some(),
            lag_ms: u64::try_from(lag.as_millis()).unwrap_or(u64::MAX),
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
