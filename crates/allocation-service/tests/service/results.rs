//! A results role in memory that serves logs as they are scripted, and misbehaves when told to.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use election::bytes::encode_record;
use election::event::Recorded;
use election::ids::LogId;
use futures::Stream;
use service_runtime::services::{Contract, Services};
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};
use wire::common::v1::View;
use wire::results::v1 as proto;
use wire::results::v1::results_service_server::{ResultsService, ResultsServiceServer};

const HEARTBEAT: Duration = Duration::from_secs(15);

/// The role.
#[derive(Debug)]
pub struct Results {
    state: watch::Sender<State>,
    /// Logs that were asked for.
    pub streams: AtomicUsize,
    /// How often the elections were listed.
    pub listings: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    logs: BTreeMap<String, Log>,
    /// Streams of an older one end.
    cuts: u64,
    is_down: bool,
    is_silent: bool,
    batch_max: usize,
    /// So many records more are in the log than are sent.
    backlog: u64,
}

#[derive(Debug, Default)]
struct Log {
    id: Vec<u8>,
    records: Vec<proto::Record>,
    is_damaged: bool,
}

impl Results {
    pub fn new() -> Arc<Self> {
        let state = State {
            batch_max: 3,
            ..State::default()
        };
        Arc::new(Self {
            state: watch::Sender::new(state),
            streams: AtomicUsize::new(0),
            listings: AtomicUsize::new(0),
        })
    }

    pub fn services(self: &Arc<Self>) -> Services {
        let contract = Contract {
            descriptors: &[],
            unary_methods: wire::UNARY_METHODS,
            streaming_methods: wire::STREAMING_METHODS,
        };
        Services::new(contract).with(ResultsServiceServer::new(Server(Arc::clone(self))))
    }

    /// Lets the log of an election be this.
    pub fn serve(&self, election: &str, log_id: LogId, records: &[Recorded]) {
        let record = |recorded: &Recorded| {
            let bytes = encode_record(recorded, [9; 16]);
            proto::Record {
                public_bytes: bytes.public.into(),
                annex_bytes: bytes.annex.into(),
            }
        };
        let log = Log {
            id: log_id.0.to_vec(),
            records: records.iter().map(record).collect(),
            is_damaged: false,
        };
        self.state.send_modify(|state| {
            state.logs.insert(election.to_owned(), log);
        });
    }

    /// Spoils a record.
    pub fn spoil(&self, election: &str, place: usize) {
        self.state.send_modify(|state| {
            let log = state.logs.get_mut(election).unwrap();
            log.records.remove(place);
        });
    }

    /// Damages the log of an election, so that so many records of it can be read.
    pub fn damage(&self, election: &str, readable: usize) {
        self.state.send_modify(|state| {
            let log = state.logs.get_mut(election).unwrap();
            log.records.truncate(readable);
            log.is_damaged = true;
        });
    }

    /// Lets the log of an election be gone.
    pub fn forget(&self, election: &str) {
        self.state.send_modify(|state| {
            state.logs.remove(election);
        });
    }

    /// Ends all streams; they may be opened again at once.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Goes down, or comes back.
    pub fn set_down(&self, is_down: bool) {
        self.state.send_modify(|state| {
            state.is_down = is_down;
            state.cuts += u64::from(is_down);
        });
    }

    /// Says nothing any more on streams that are open, and nothing on new ones.
    pub fn set_silent(&self, is_silent: bool) {
        self.state.send_modify(|state| state.is_silent = is_silent);
    }

    /// Says from now on that the log has so many records more than it sends.
    pub fn set_backlog(&self, backlog: u64) {
        self.state.send_modify(|state| state.backlog = backlog);
    }

    fn check(&self) -> Result<(), Status> {
        if self.state.borrow().is_down {
            return Err(Status::unavailable("told to be down"));
        }
        Ok(())
    }
}

struct Reader {
    state: watch::Receiver<State>,
    election: String,
    log_id: Vec<u8>,
    next: usize,
    cuts: u64,
    has_spoken: bool,
}

impl Reader {
    async fn next(&mut self) -> Result<proto::WatchEventsResponse, Status> {
        loop {
            if let Some(answer) = self.news()? {
                self.has_spoken = true;
                return Ok(answer);
            }
            let silence = tokio::time::sleep(HEARTBEAT);
            tokio::select! {
                changed = self.state.changed() => changed.map_err(|_| Status::unavailable("gone"))?,
                () = silence => self.has_spoken = false,
            }
        }
    }

    fn news(&mut self) -> Result<Option<proto::WatchEventsResponse>, Status> {
        let state = self.state.borrow_and_update();
        if state.cuts != self.cuts {
            return Err(Status::unavailable("told to break"));
        }
        if state.is_silent {
            return Ok(None);
        }
        let Some(log) = state.logs.get(&self.election) else {
            return Err(Status::not_found("no such election"));
        };
        if !self.log_id.is_empty() && self.log_id != log.id {
            return Err(Status::failed_precondition("another log"));
        }
        let left = log.records.get(self.next..).unwrap_or_default();
        let records: Vec<_> = left.iter().take(state.batch_max).cloned().collect();
        if records.is_empty() && self.has_spoken {
            return Ok(None);
        }
        let first_revision = u64::try_from(self.next).unwrap() + 1;
        self.next += records.len();
        Ok(Some(proto::WatchEventsResponse {
            log_id: log.id.clone().into(),
            first_revision,
            records,
            head_revision: u64::try_from(log.records.len()).unwrap() + state.backlog,
            publication: None,
            is_damaged: log.is_damaged,
        }))
    }
}

struct Server(Arc<Results>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn unasked<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("the allocation role never asks this"))
}

#[tonic::async_trait]
impl ResultsService for Server {
    type AppendBatchesStream = Answers<proto::AppendBatchesResponse>;
    type WatchEventsStream = Answers<proto::WatchEventsResponse>;

    async fn watch_events(
        &self,
        request: Request<proto::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        self.0.check()?;
        self.0.streams.fetch_add(1, Ordering::Relaxed);
        let request = request.into_inner();
        assert_eq!(request.view(), View::Head, "it bounds by itself");
        let state = self.0.state.subscribe();
        let cuts = state.borrow().cuts;
        let reader = Reader {
            cuts,
            state,
            election: request.election_id,
            log_id: request.log_id.to_vec(),
            next: usize::try_from(request.from_revision).unwrap() - 1,
            has_spoken: false,
        };
        let state = self.0.state.borrow();
        let log = state.logs.get(&reader.election);
        if log.is_some_and(|log| log.id == reader.log_id && reader.next > log.records.len()) {
            let missing = request.from_revision;
            if log.is_some_and(|log| log.is_damaged) {
                return Err(Status::data_loss("it cannot be read there"));
            }
            return Err(Status::out_of_range(format!(
                "revision {missing} is not there"
            )));
        }
        drop(state);
        let answers = futures::stream::unfold(Some(reader), |reader| async move {
            let mut reader = reader?;
            let answer = reader.next().await;
            let left = answer.is_ok().then_some(reader);
            Some((answer, left))
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn list_elections(
        &self,
        request: Request<proto::ListElectionsRequest>,
    ) -> Result<Response<proto::ListElectionsResponse>, Status> {
        self.0.check()?;
        self.0.listings.fetch_add(1, Ordering::Relaxed);
        assert_eq!(request.into_inner().view(), View::Head);
        let state = self.0.state.borrow();
        let summary = |id: &String| proto::ElectionSummary {
            election_id: id.clone(),
            ..Default::default()
        };
        Ok(Response::new(proto::ListElectionsResponse {
            elections: state.logs.keys().map(summary).collect(),
            next_page_token: String::new(),
        }))
    }

    async fn append_batches(
        &self,
        _: Request<Streaming<proto::AppendBatchesRequest>>,
    ) -> Result<Response<Self::AppendBatchesStream>, Status> {
        unasked()
    }

    async fn get_definition(
        &self,
        _: Request<proto::GetDefinitionRequest>,
    ) -> Result<Response<proto::GetDefinitionResponse>, Status> {
        unasked()
    }

    async fn list_units(
        &self,
        _: Request<proto::ListUnitsRequest>,
    ) -> Result<Response<proto::ListUnitsResponse>, Status> {
        unasked()
    }

    async fn get_unit(
        &self,
        _: Request<proto::GetUnitRequest>,
    ) -> Result<Response<proto::GetUnitResponse>, Status> {
        unasked()
    }

    async fn batch_get_units(
        &self,
        _: Request<proto::BatchGetUnitsRequest>,
    ) -> Result<Response<proto::BatchGetUnitsResponse>, Status> {
        unasked()
    }

    async fn get_unit_history(
        &self,
        _: Request<proto::GetUnitHistoryRequest>,
    ) -> Result<Response<proto::GetUnitHistoryResponse>, Status> {
        unasked()
    }

    async fn list_pending(
        &self,
        _: Request<proto::ListPendingRequest>,
    ) -> Result<Response<proto::ListPendingResponse>, Status> {
        unasked()
    }

    async fn get_tally(
        &self,
        _: Request<proto::GetTallyRequest>,
    ) -> Result<Response<proto::GetTallyResponse>, Status> {
        unasked()
    }
}
