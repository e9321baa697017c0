//! The roles behind the feed, in memory: standings and units of scripted logs, and misbehaviour when told to.

// tidy: long because the roles share one scripted log.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use election::event::Recorded;
use election::state::State;
use futures::Stream;
use service_runtime::services::{Contract, Services};
use service_runtime::status::StatusBuilder;
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};
use wire::allocation::v1 as allocation;
use wire::allocation::v1::allocation_service_server::{AllocationService, AllocationServiceServer};
use wire::allocation::v1::watch_standings_response::{Event, Heartbeat, Reset};
use wire::common::v1::{Counts, ResumeToken, UnitTally, View};
use wire::results::v1 as results;
use wire::results::v1::results_service_server::{ResultsService, ResultsServiceServer};

/// What both roles know.
#[derive(Debug)]
pub struct Roles {
    pub state: watch::Sender<Known>,
    /// Calls for one unit, and for many.
    pub unit_calls: [AtomicUsize; 2],
    pub streams: AtomicUsize,
    pub definition_calls: AtomicUsize,
}

#[derive(Debug, Default)]
pub struct Known {
    /// The newest public standings; without them, there is no such election.
    pub standings: BTreeMap<String, allocation::Standings>,
    pub records: Vec<Recorded>,
    pub listed: Vec<results::ElectionSummary>,
    /// Streams of an older one end.
    pub cuts: u64,
    /// How often watchers were told to forget what they were shown.
    pub resets: u64,
    pub is_down: bool,
    pub units_are_away: bool,
    pub definition_is_away: bool,
    /// No tally of this election can be read.
    pub tally_is_away: Option<String>,
    /// How long standings of a past revision take.
    pub past_time: Duration,
    /// How long a page of units takes.
    pub page_time: Duration,
    pub lag_ms: u64,
    pub is_damaged: bool,
    /// How long a new stream is silent first.
    pub silence: Duration,
}

impl Roles {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            state: watch::Sender::new(Known::default()),
            unit_calls: Default::default(),
            streams: AtomicUsize::new(0),
            definition_calls: AtomicUsize::new(0),
        })
    }

    pub fn services(self: &Arc<Self>) -> Services {
        let contract = Contract {
            descriptors: &[],
            unary_methods: wire::UNARY_METHODS,
            streaming_methods: wire::STREAMING_METHODS,
        };
        Services::new(contract)
            .with(ResultsServiceServer::new(Server(Arc::clone(self))))
            .with(AllocationServiceServer::new(Server(Arc::clone(self))))
    }

    pub fn show(&self, standings: allocation::Standings) {
        self.state.send_modify(|known| {
            let id = standings.election_id.clone();
            known.standings.insert(id, standings);
        });
    }

    /// Lets the log be a restored one: watchers are reset, and these are its standings.
    pub fn restore(&self, standings: allocation::Standings) {
        self.state.send_modify(|known| {
            known.resets += 1;
            let id = standings.election_id.clone();
            known.standings.insert(id, standings);
        });
    }

    pub fn cut(&self) {
        self.state.send_modify(|known| known.cuts += 1);
    }

    pub fn set_down(&self, is_down: bool) {
        self.state.send_modify(|known| {
            known.is_down = is_down;
            known.cuts += 1;
        });
    }

    pub fn set_lag_ms(&self, lag_ms: u64) {
        self.state.send_modify(|known| known.lag_ms = lag_ms);
    }

    /// Says that the log is damaged, before anything else that it says.
    pub fn damage(&self) {
        self.state.send_modify(|known| known.is_damaged = true);
    }

    pub fn set_units_away(&self, units_are_away: bool) {
        self.state
            .send_modify(|known| known.units_are_away = units_are_away);
    }

    fn check(&self) -> Result<(), Status> {
        if self.state.borrow().is_down {
            return Err(Status::unavailable("told to be down"));
        }
        Ok(())
    }

    fn unit(&self, unit: &str, revision: u64) -> Result<results::UnitState, Status> {
        let known = self.state.borrow();
        if known.units_are_away {
            return Err(Status::unavailable("the store of units catches up"));
        }
        let mut state = State::begin(&known.records[0]).unwrap();
        let rest = known.records[1..].iter();
        let rest = rest.take_while(|recorded| recorded.revision.0 <= revision);
        rest.for_each(|recorded| state.apply(recorded).unwrap());
        let index = state.unit_index(unit);
        let index = index.ok_or_else(|| Status::not_found("no such unit"))?;
        let counted = state.counted(state.slot(index, 0, 0).unwrap());
        let tallies = counted.iter().map(|(version, counts, since)| UnitTally {
            contest_id: "list".into(),
            counted_version: Some(*version),
            counted_revision: since.0,
            counts: Some(Counts {
                option_indexes: (0..).take(counts.votes.len()).collect(),
                votes: counts.votes.iter().map(|votes| u64::from(*votes)).collect(),
                ..Default::default()
            }),
            ..Default::default()
        });
        Ok(results::UnitState {
            unit: Some(wire::common::v1::Unit {
                unit_id: unit.to_owned(),
                district_id: "city".into(),
                ..Default::default()
            }),
            unit_index: index,
            tallies: tallies.collect(),
            changed_revision: counted.as_ref().map_or(0, |(_, _, since)| since.0),
            ..Default::default()
        })
    }

    fn token(&self, revision: u64) -> Option<ResumeToken> {
        let known = self.state.borrow();
        let token = known.standings.values().next()?.token.clone()?;
        Some(ResumeToken { revision, ..token })
    }
}

struct Watcher {
    state: watch::Receiver<Known>,
    election: String,
    shown: Option<ResumeToken>,
    cuts: u64,
    resets: u64,
    lag_ms: u64,
    is_damaged: bool,
}

impl Watcher {
    async fn next(&mut self) -> Result<Event, Status> {
        loop {
            if let Some(event) = self.news()? {
                return Ok(event);
            }
            tokio::select! {
                changed = self.state.changed() => changed.map_err(|_| Status::unavailable("gone"))?,
                () = tokio::time::sleep(Duration::from_secs(15)) => return Ok(self.heartbeat()),
            }
        }
    }

    fn heartbeat(&self) -> Event {
        Event::Heartbeat(Heartbeat {
            token: self.shown.clone(),
            is_behind: false,
            lag_ms: self.lag_ms,
            is_damaged: self.is_damaged,
        })
    }

    fn news(&mut self) -> Result<Option<Event>, Status> {
        let known = self.state.borrow_and_update();
        if known.cuts != self.cuts {
            return Err(Status::unavailable("told to break"));
        }
        if known.is_damaged && !self.is_damaged {
            self.is_damaged = true;
            drop(known);
            return Ok(Some(self.heartbeat()));
        }
        let Some(standings) = known.standings.get(&self.election) else {
            return Err(Status::not_found("no such election"));
        };
        if known.resets != self.resets {
            self.resets = known.resets;
            self.shown = None;
            let log_id = standings.token.clone().unwrap_or_default().log_id;
            return Ok(Some(Event::Reset(Reset { log_id })));
        }
        let order = |token: &ResumeToken| (token.revision, token.publication_seq);
        let newest = standings.token.as_ref().unwrap();
        let shown = self.shown.as_ref();
        let is_news =
            shown.is_none_or(|shown| shown.log_id != newest.log_id || order(shown) < order(newest));
        if is_news {
            self.shown = Some(newest.clone());
            return Ok(Some(Event::Standings(standings.clone())));
        }
        let lag_ms = std::mem::replace(&mut self.lag_ms, known.lag_ms);
        drop(known);
        Ok((lag_ms != self.lag_ms).then(|| self.heartbeat()))
    }
}

struct Server(Arc<Roles>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn unasked<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("the feed never asks this"))
}

#[tonic::async_trait]
impl AllocationService for Server {
    type WatchStandingsStream = Answers<allocation::WatchStandingsResponse>;

    async fn watch_standings(
        &self,
        request: Request<allocation::WatchStandingsRequest>,
    ) -> Result<Response<Self::WatchStandingsStream>, Status> {
        self.0.check()?;
        self.0.streams.fetch_add(1, Ordering::Relaxed);
        let request = request.into_inner();
        assert_eq!(request.view(), View::Public, "the feed never sees the head");
        let state = self.0.state.subscribe();
        if !state.borrow().standings.contains_key(&request.election_id) {
            return Err(Status::not_found("no such election"));
        }
        let (cuts, resets) = (state.borrow().cuts, state.borrow().resets);
        let watcher = Watcher {
            cuts,
            resets,
            state,
            election: request.election_id,
            shown: request.resume_token,
            lag_ms: 0,
            is_damaged: false,
        };
        let silence = watcher.state.borrow().silence;
        let opened = tokio::time::Instant::now();
        let events = futures::stream::unfold(Some(watcher), move |watcher| async move {
            let mut watcher = watcher?;
            tokio::time::sleep_until(opened + silence).await;
            let event = watcher.next().await;
            let left = event.is_ok().then_some(watcher);
            let event =
                event.map(|event| allocation::WatchStandingsResponse { event: Some(event) });
            Some((event, left))
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn allocate(
        &self,
        _: Request<allocation::AllocateRequest>,
    ) -> Result<Response<allocation::AllocateResponse>, Status> {
        unasked()
    }

    async fn bound_seats(
        &self,
        _: Request<allocation::BoundSeatsRequest>,
    ) -> Result<Response<allocation::BoundSeatsResponse>, Status> {
        unasked()
    }

    async fn batch_allocate(
        &self,
        _: Request<allocation::BatchAllocateRequest>,
    ) -> Result<Response<allocation::BatchAllocateResponse>, Status> {
        unasked()
    }

    async fn compare(
        &self,
        _: Request<allocation::CompareRequest>,
    ) -> Result<Response<allocation::CompareResponse>, Status> {
        unasked()
    }

    async fn allocate_districts(
        &self,
        _: Request<allocation::AllocateDistrictsRequest>,
    ) -> Result<Response<allocation::AllocateDistrictsResponse>, Status> {
        unasked()
    }

    async fn list_profiles(
        &self,
        _: Request<allocation::ListProfilesRequest>,
    ) -> Result<Response<allocation::ListProfilesResponse>, Status> {
        unasked()
    }

    async fn get_standings(
        &self,
        request: Request<allocation::GetStandingsRequest>,
    ) -> Result<Response<allocation::GetStandingsResponse>, Status> {
        self.0.check()?;
        let request = request.into_inner();
        assert_eq!(request.view(), View::Public);
        let past_time = self.0.state.borrow().past_time;
        tokio::time::sleep(past_time).await;
        let known = self.0.state.borrow();
        let newest = known.standings.get(&request.election_id);
        let newest = newest.and_then(|standings| standings.token.as_ref());
        let newest = newest.ok_or_else(|| Status::not_found("no such election"))?;
        if request.revision > newest.revision {
            return Err(Status::out_of_range("no such revision"));
        }
        let head = crate::fold(&known.records, u64::MAX);
        let mut standings = crate::standings(&known.records, request.revision, &head);
        if request.include_margins {
            add_margins(&mut standings, request.revision);
        }
        Ok(Response::new(allocation::GetStandingsResponse {
            standings: Some(standings),
        }))
    }

    async fn check_declaration(
        &self,
        _: Request<allocation::CheckDeclarationRequest>,
    ) -> Result<Response<allocation::CheckDeclarationResponse>, Status> {
        unasked()
    }
}

// As many votes as the revision, so that it shows of which they are.
fn add_margins(standings: &mut allocation::Standings, revision: u64) {
    let contests = standings.contests.iter_mut();
    let districts = contests.flat_map(|contest| &mut contest.districts);
    for allocation in districts.filter_map(|district| district.allocation.as_mut()) {
        allocation.margins = vec![allocation::Margin {
            option_id: "l2".into(),
            kind: allocation::MarginKind::Added.into(),
            effect: allocation::MarginEffect::Gain.into(),
            votes: 1_000 + revision,
            is_exact: true,
            ..Default::default()
        }];
    }
}

#[tonic::async_trait]
impl ResultsService for Server {
    type AppendBatchesStream = Answers<results::AppendBatchesResponse>;
    type WatchEventsStream = Answers<results::WatchEventsResponse>;

    async fn get_unit(
        &self,
        request: Request<results::GetUnitRequest>,
    ) -> Result<Response<results::GetUnitResponse>, Status> {
        self.0.check()?;
        self.0.unit_calls[0].fetch_add(1, Ordering::Relaxed);
        let request = request.into_inner();
        assert_eq!(request.view(), View::Public);
        let unit = self.0.unit(&request.unit_id, request.revision)?;
        Ok(Response::new(results::GetUnitResponse {
            token: self.0.token(request.revision),
            unit: Some(unit),
        }))
    }

    async fn batch_get_units(
        &self,
        request: Request<results::BatchGetUnitsRequest>,
    ) -> Result<Response<results::BatchGetUnitsResponse>, Status> {
        self.0.check()?;
        self.0.unit_calls[1].fetch_add(1, Ordering::Relaxed);
        let request = request.into_inner();
        assert_eq!(request.view(), View::Public);
        let units = request.unit_ids.iter();
        let units = units.map(|unit| self.0.unit(unit, request.revision));
        Ok(Response::new(results::BatchGetUnitsResponse {
            token: self.0.token(request.revision),
            units: units.collect::<Result<_, _>>()?,
        }))
    }

    async fn list_elections(
        &self,
        request: Request<results::ListElectionsRequest>,
    ) -> Result<Response<results::ListElectionsResponse>, Status> {
        self.0.check()?;
        assert_eq!(request.into_inner().view(), View::Public);
        let elections = self.0.state.borrow().listed.clone();
        Ok(Response::new(results::ListElectionsResponse {
            elections,
            next_page_token: String::new(),
        }))
    }

    async fn get_tally(
        &self,
        request: Request<results::GetTallyRequest>,
    ) -> Result<Response<results::GetTallyResponse>, Status> {
        self.0.check()?;
        let request = request.into_inner();
        assert_eq!(request.view(), View::Public);
        if self.0.state.borrow().tally_is_away.as_ref() == Some(&request.election_id) {
            return Err(Status::unavailable("told to be away"));
        }
        Ok(Response::new(results::GetTallyResponse::default()))
    }

    async fn append_batches(
        &self,
        _: Request<Streaming<results::AppendBatchesRequest>>,
    ) -> Result<Response<Self::AppendBatchesStream>, Status> {
        unasked()
    }

    async fn watch_events(
        &self,
        _: Request<results::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        unasked()
    }

    async fn get_definition(
        &self,
        request: Request<results::GetDefinitionRequest>,
    ) -> Result<Response<results::GetDefinitionResponse>, Status> {
        self.0.check()?;
        self.0.definition_calls.fetch_add(1, Ordering::Relaxed);
        let request = request.into_inner();
        assert_eq!(request.view(), View::Public);
        let known = self.0.state.borrow();
        if known.definition_is_away {
            return Err(Status::unavailable("told to be away"));
        }
        let first = known.records.first().map(|recorded| &recorded.event);
        let Some(election::event::Event::Defined {
            ballot,
            rules,
            presentation,
            areas,
            ..
        }) = first
        else {
            return Err(Status::not_found("no such election"));
        };
        let up_to = |it: &&Recorded| it.revision.0 <= request.revision;
        let amended = known.records.iter().take_while(up_to);
        let amended = amended.filter_map(|recorded| match &recorded.event {
            election::event::Event::PresentationAmended { presentation, .. } => Some(presentation),
            _ => None,
        });
        let presentation = amended.last().unwrap_or(presentation);
        Ok(Response::new(results::GetDefinitionResponse {
            ballot: Some((&**ballot).into()),
            presentation_toml: toml::to_string(presentation).unwrap(),
            areas_toml: toml::to_string(areas).unwrap(),
            rules_toml: toml::to_string(rules).unwrap(),
            ..Default::default()
        }))
    }

    async fn list_units(
        &self,
        request: Request<results::ListUnitsRequest>,
    ) -> Result<Response<results::ListUnitsResponse>, Status> {
        self.0.check()?;
        let request = request.into_inner();
        assert_eq!(request.view(), View::Public);
        self.0.unit_calls[1].fetch_add(1, Ordering::Relaxed);
        let page_time = self.0.state.borrow().page_time;
        tokio::time::sleep(page_time).await;
        // Two on a page, however many are asked for.
        let from: u32 = match request.page_token.as_str() {
            "" => 0,
            token => token.parse().map_err(|_| {
                let rule = "must be the next_page_token of the same listing";
                let refused = format!("is {token:?}: {rule}");
                StatusBuilder::new(tonic::Code::InvalidArgument, "SHAPE", "a wrong token")
                    .field("page_token", refused)
                    .build()
            })?,
        };
        let mut units = Vec::new();
        for number in from..from + 2 {
            match self.0.unit(&format!("u{number}"), request.revision) {
                Ok(unit) => units.push(unit),
                Err(status) if status.code() == tonic::Code::NotFound => break,
                Err(status) => return Err(status),
            }
        }
        let next = (units.len() == 2).then(|| (from + 2).to_string());
        Ok(Response::new(results::ListUnitsResponse {
            token: self.0.token(request.revision),
            units,
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn get_unit_history(
        &self,
        request: Request<results::GetUnitHistoryRequest>,
    ) -> Result<Response<results::GetUnitHistoryResponse>, Status> {
        self.0.check()?;
        let request = request.into_inner();
        assert_eq!(request.view(), View::Public);
        self.0.unit(&request.unit_id, request.revision)?;
        let counted = results::ReportCounted {
            version: 1,
            kind: wire::common::v1::ReportKind::Full.into(),
            ..Default::default()
        };
        let entry = results::UnitHistoryEntry {
            revision: request.revision,
            change: Some(results::unit_history_entry::Change::Counted(counted)),
            ..Default::default()
        };
        Ok(Response::new(results::GetUnitHistoryResponse {
            token: self.0.token(request.revision),
            entries: vec![entry],
            ..Default::default()
        }))
    }

    async fn list_pending(
        &self,
        _: Request<results::ListPendingRequest>,
    ) -> Result<Response<results::ListPendingResponse>, Status> {
        unasked()
    }
}
