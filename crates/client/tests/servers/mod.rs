//! Small servers that misbehave on purpose: each stream that is opened follows the next script.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Backoff, Client};
use election::command::Command;
use election::ids::ElectionId;
use futures::{Stream, StreamExt as _, stream};
use service_runtime::limits::Limits;
use service_runtime::pipe::local_channel;
use service_runtime::services::{Contract, Services};
use service_runtime::shutdown::Stopper;
use tonic::{Request, Response, Status, Streaming};
use wire::common::v1::{Accepted, Outcome, outcome};
use wire::feed::v1 as feed;
use wire::feed::v1::live_feed_service_server::{LiveFeedService, LiveFeedServiceServer};
use wire::ingestion::v1::tally_ingestion_service_server::{
    TallyIngestionService, TallyIngestionServiceServer,
};
use wire::ingestion::v1::{SubmitReportsRequest, SubmitReportsResponse};
use wire::results::v1 as results;
use wire::results::v1::admin_service_server::{AdminService, AdminServiceServer};
use wire::results::v1::results_service_server::{ResultsService, ResultsServiceServer};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
type Answered<'a, T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send + 'a>>;

/// What a stream of reports does.
#[derive(Debug, Clone)]
pub enum Script {
    /// Answers everything.
    Answers,
    /// Answers so many, takes in the rest and breaks.
    BreaksAfter(usize),
    /// Answers so many and ends as if all were answered.
    EndsAfter(usize),
    /// Answers each report twice.
    Twice,
    /// Leaves out the answer of this place.
    Skips(usize),
    /// Answers after a while.
    Late(Duration),
    /// Does not answer at all.
    Silent,
    /// Ends the call at once.
    Refuses(Status),
}

/// The servers, and what they have seen.
#[derive(Debug, Default)]
pub struct Servers {
    /// For streams of reports; when used up: [`Script::Answers`].
    pub submissions: Mutex<VecDeque<Script>>,
    /// Every report that came, by its id.
    pub submitted: Mutex<Vec<SubmitReportsRequest>>,
    /// The principals of the streams.
    pub principals: Mutex<Vec<String>>,
    /// What each watch of frames gives before it breaks.
    pub frames: Mutex<VecDeque<Vec<feed::WatchFramesResponse>>>,
    /// What each watch of frames asked for.
    pub frame_requests: Mutex<Vec<feed::WatchFramesRequest>>,
    /// How single frames are refused, before one is given.
    pub frame_refusals: Mutex<VecDeque<Status>>,
    /// What each watch of a log gives before it ends.
    pub events: Mutex<VecDeque<Vec<Result<results::WatchEventsResponse, Status>>>>,
    /// What each watch of a log asked for.
    pub event_requests: Mutex<Vec<results::WatchEventsRequest>>,
    /// Commands as they arrived.
    pub commands: Mutex<Vec<(ElectionId, Command)>>,
    /// The messages of definitions.
    pub definitions: Mutex<Vec<results::DefineElectionRequest>>,
}

/// Starts the servers. They run until the stopper is dropped with its runtime.
pub fn start() -> (Arc<Servers>, Client) {
    let servers = Arc::new(Servers::default());
    let contract = Contract {
        descriptors: &[],
        unary_methods: wire::UNARY_METHODS,
        streaming_methods: wire::STREAMING_METHODS,
    };
    let services = Services::new(contract)
        .with(TallyIngestionServiceServer::from_arc(Arc::new(Server(
            Arc::clone(&servers),
        ))))
        .with(LiveFeedServiceServer::new(Server(Arc::clone(&servers))))
        .with(ResultsServiceServer::new(Server(Arc::clone(&servers))))
        .with(AdminServiceServer::new(Server(Arc::clone(&servers))));
    let channel = local_channel(services, Limits::default(), &Stopper::new("test"));
    let backoff = Backoff::seeded(Duration::from_millis(10), Duration::from_millis(200), 7);
    (servers, Client::new(channel).with_backoff(backoff))
}

struct Server(Arc<Servers>);

fn accepted(request_id: u64) -> SubmitReportsResponse {
    let warnings = Vec::new();
    let outcome = Outcome {
        revision: request_id + 1,
        outcome: Some(outcome::Outcome::Accepted(Accepted { warnings })),
    };
    SubmitReportsResponse {
        request_id,
        outcome: Some(outcome),
    }
}

#[tonic::async_trait]
impl TallyIngestionService for Server {
    type SubmitReportsStream = Answers<SubmitReportsResponse>;

    async fn submit_reports(
        &self,
        request: Request<Streaming<SubmitReportsRequest>>,
    ) -> Result<Response<Self::SubmitReportsStream>, Status> {
        let principal = request.metadata().get(client::PRINCIPAL_METADATA);
        let principal = principal.map(|name| name.to_str().unwrap().to_owned());
        self.0.principals.lock().unwrap().extend(principal);
        let script = self.0.submissions.lock().unwrap().pop_front();
        let script = script.unwrap_or(Script::Answers);
        if let Script::Refuses(status) = script {
            return Err(status);
        }
        let servers = Arc::clone(&self.0);
        let answers = request
            .into_inner()
            .enumerate()
            .then(move |(place, message)| {
                let (script, servers) = (script.clone(), Arc::clone(&servers));
                async move { answer(&script, &servers, place, message).await }
            });
        let ended = |answers: &Vec<Option<_>>| std::future::ready(!answers.contains(&None));
        let answers = answers
            .take_while(ended)
            .flat_map(|answers| stream::iter(answers.into_iter().flatten()));
        let answers = answers.map(|answer| answer.map_err(Status::unavailable));
        Ok(Response::new(Box::pin(answers)))
    }
}

/// The answers to one message; `None` in them ends the stream.
async fn answer(
    script: &Script,
    servers: &Servers,
    place: usize,
    message: Result<SubmitReportsRequest, Status>,
) -> Vec<Option<Result<SubmitReportsResponse, String>>> {
    let Ok(message) = message else {
        return vec![None];
    };
    let good = Ok(accepted(message.request_id));
    servers.submitted.lock().unwrap().push(message);
    match script {
        Script::BreaksAfter(count) if place >= *count => vec![Some(Err("told to break".into()))],
        Script::EndsAfter(count) if place >= *count => vec![None],
        Script::Twice => vec![Some(good.clone()), Some(good)],
        Script::Skips(skipped) if place == *skipped => Vec::new(),
        Script::Silent => std::future::pending().await,
        Script::Late(delay) => {
            tokio::time::sleep(*delay).await;
            vec![Some(good)]
        }
        _ => vec![Some(good)],
    }
}

#[tonic::async_trait]
impl LiveFeedService for Server {
    type WatchFramesStream = Answers<feed::WatchFramesResponse>;
    type WatchIndexStream = Answers<feed::WatchIndexResponse>;

    async fn watch_frames(
        &self,
        request: Request<feed::WatchFramesRequest>,
    ) -> Result<Response<Self::WatchFramesStream>, Status> {
        self.0
            .frame_requests
            .lock()
            .unwrap()
            .push(request.into_inner());
        let script = self.0.frames.lock().unwrap().pop_front();
        let script = script.ok_or_else(|| Status::not_found("no more frames"))?;
        let broken = stream::iter([Err(Status::unavailable("told to break"))]);
        let frames = stream::iter(script).map(Ok).chain(broken);
        Ok(Response::new(Box::pin(frames)))
    }

    async fn watch_index(
        &self,
        _: Request<feed::WatchIndexRequest>,
    ) -> Result<Response<Self::WatchIndexStream>, Status> {
        Err(Status::unimplemented("no index"))
    }

    async fn get_frame(
        &self,
        _: Request<feed::GetFrameRequest>,
    ) -> Result<Response<feed::GetFrameResponse>, Status> {
        match self.0.frame_refusals.lock().unwrap().pop_front() {
            Some(status) => Err(status),
            None => Ok(Response::new(feed::GetFrameResponse {
                frame: Some(feed::Frame::default()),
            })),
        }
    }
}

/// Methods that nobody calls here.
macro_rules! unimplemented_methods {
    ($($name:ident($request:ident) -> $response:ident;)+) => {$(
        fn $name<'life, 'future>(
            &'life self,
            _: Request<results::$request>,
        ) -> Answered<'future, results::$response>
        where
            'life: 'future,
            Self: 'future,
        {
            Box::pin(std::future::ready(Err(Status::unimplemented("only watches"))))
        }
    )+};
}

impl ResultsService for Server {
    type AppendBatchesStream = Answers<results::AppendBatchesResponse>;
    type WatchEventsStream = Answers<results::WatchEventsResponse>;

    fn append_batches<'life, 'future>(
        &'life self,
        _: Request<Streaming<results::AppendBatchesRequest>>,
    ) -> Answered<'future, Self::AppendBatchesStream>
    where
        'life: 'future,
    {
        Box::pin(std::future::ready(Err(Status::unimplemented(
            "only watches",
        ))))
    }

    fn watch_events<'life, 'future>(
        &'life self,
        request: Request<results::WatchEventsRequest>,
    ) -> Answered<'future, Self::WatchEventsStream>
    where
        'life: 'future,
    {
        self.0
            .event_requests
            .lock()
            .unwrap()
            .push(request.into_inner());
        let script = self.0.events.lock().unwrap().pop_front();
        Box::pin(async move {
            let script = script.ok_or_else(|| Status::not_found("no more events"))?;
            let events: Self::WatchEventsStream = Box::pin(stream::iter(script));
            Ok(Response::new(events))
        })
    }

    unimplemented_methods! {
        list_elections(ListElectionsRequest) -> ListElectionsResponse;
        get_definition(GetDefinitionRequest) -> GetDefinitionResponse;
        list_units(ListUnitsRequest) -> ListUnitsResponse;
        get_unit(GetUnitRequest) -> GetUnitResponse;
        batch_get_units(BatchGetUnitsRequest) -> BatchGetUnitsResponse;
        get_unit_history(GetUnitHistoryRequest) -> GetUnitHistoryResponse;
        list_pending(ListPendingRequest) -> ListPendingResponse;
        get_tally(GetTallyRequest) -> GetTallyResponse;
    }
}

const WRITTEN: results::Written = results::Written {
    first_revision: 5,
    last_revision: 6,
    event_count: 2,
};

/// Commands that are read back as the service would read them, and kept.
macro_rules! commands {
    ($($name:ident($request:ident) -> $response:ident { $($field:ident)? };)+) => {$(
        fn $name<'life, 'future>(
            &'life self,
            request: Request<results::$request>,
        ) -> Answered<'future, results::$response>
        where
            'life: 'future,
            Self: 'future,
        {
            let command = wire::Addressed::try_from(request.into_inner()).unwrap();
            self.0.commands.lock().unwrap().push(command);
            let response = results::$response { written: Some(WRITTEN), $($field: None)? };
            Box::pin(std::future::ready(Ok(Response::new(response))))
        }
    )+};
}

impl AdminService for Server {
    fn define_election<'life, 'future>(
        &'life self,
        request: Request<Streaming<results::DefineElectionRequest>>,
    ) -> Answered<'future, results::DefineElectionResponse>
    where
        'life: 'future,
    {
        Box::pin(async move {
            let mut messages = request.into_inner();
            while let Some(message) = messages.message().await? {
                self.0.definitions.lock().unwrap().push(message);
            }
            Ok(Response::new(results::DefineElectionResponse {
                written: Some(WRITTEN),
                log_id: vec![3; 16].into(),
                parts: vec![wire::common::v1::PartVersion {
                    part: wire::common::v1::DefinitionPart::Ballot.into(),
                    version: 1,
                    hash: vec![9; 32].into(),
                }],
            }))
        })
    }

    commands! {
        amend_register(AmendRegisterRequest) -> AmendRegisterResponse { register };
        amend_rules(AmendRulesRequest) -> AmendRulesResponse { rules };
        amend_presentation(AmendPresentationRequest) -> AmendPresentationResponse { presentation };
        review_report(ReviewReportRequest) -> ReviewReportResponse {};
        withdraw_report(WithdrawReportRequest) -> WithdrawReportResponse {};
        correct_turnout(CorrectTurnoutRequest) -> CorrectTurnoutResponse {};
        set_unit_status(SetUnitStatusRequest) -> SetUnitStatusResponse {};
        draw_lot(DrawLotRequest) -> DrawLotResponse {};
        change_candidates(ChangeCandidatesRequest) -> ChangeCandidatesResponse {};
        open_class(OpenClassRequest) -> OpenClassResponse {};
        move_publication(MovePublicationRequest) -> MovePublicationResponse {};
        set_stage(SetStageRequest) -> SetStageResponse {};
        set_mark(SetMarkRequest) -> SetMarkResponse {};
        declare_result(DeclareResultRequest) -> DeclareResultResponse {};
        certify_result(CertifyResultRequest) -> CertifyResultResponse {};
    }
}
