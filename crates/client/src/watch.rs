//! Watches: the log itself, the public feed, the standings.

use std::cmp::Ordering;

use election::bytes::decode_record;
use election::event::Recorded;
use election::ids::{ElectionId, LogId, Revision};
use election::report::{Refusal, RefusalCode};
use futures::Stream;
use tonic::{Code, Status, Streaming};
use wire::Position;
use wire::allocation::v1 as allocation;
use wire::allocation::v1::allocation_service_client::AllocationServiceClient;
use wire::allocation::v1::watch_standings_response::{self as standings, Event as StandingsEvent};
use wire::common::v1::{Publication, ResumeToken, View};
use wire::feed::v1 as feed;
use wire::feed::v1::live_feed_service_client::LiveFeedServiceClient;
use wire::feed::v1::watch_frames_response::Event as FrameEvent;
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{Record, WatchEventsRequest, WatchEventsResponse};

use crate::Client;
use crate::error::{ClientError, Refused};
use crate::follow::{Accepted, Source, follow};
use crate::service::Service;

/// News of a log.
#[derive(Debug, Clone, PartialEq)]
pub enum LogNews {
    /// The next events, or a heartbeat.
    Events(Events),
    /// The log, which has this id now, does not have what was read: it is another one, or was restored from an older copy
    /// of itself. Drop what was folded. Its events follow from revision 1.
    Reset(LogId),
}

/// Some of a log. Without records: a heartbeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Events {
    /// The incarnation of the log.
    pub log_id: LogId,
    /// Each continues the one before, without gap or repetition.
    pub records: Vec<Recorded>,
    /// The last revision that the view may see now.
    pub head: Revision,
    /// What the public may see.
    pub publication: Option<Publication>,
    /// The log is damaged: behind its head there may be more, which cannot be read until it is repaired.
    pub is_damaged: bool,
}

/// News of a scope of the public feed.
#[derive(Debug, Clone, PartialEq)]
pub enum FrameNews {
    /// A frame above every one before.
    Frame(Box<feed::Frame>),
    /// The log, which has this id now, does not have what was shown: forget it, a lower frame may follow.
    Reset(LogId),
    /// Nothing new.
    Heartbeat(feed::Heartbeat),
    /// The service is out of reach, and why; what was shown may be old. The stream is opened again by itself.
    Lost(String),
}

/// News of the standings of an election.
#[derive(Debug, Clone, PartialEq)]
pub enum StandingsNews {
    /// Standings above all before.
    Standings(Box<allocation::Standings>),
    /// The log, which has this id now, does not have what was seen: forget it, lower standings may follow.
    Reset(LogId),
    /// Nothing new.
    Heartbeat(standings::Heartbeat),
}

impl Client {
    /// Follows the log of an election from a revision on, and goes on where it stopped after every break, for as long as
    /// the stream is read. `log_id` is that of the log that was read before, if one was.
    ///
    /// The stream ends only with an error that another attempt would meet again, such as NOT_FOUND.
    pub fn watch_events(
        &self,
        election: &ElectionId,
        view: View,
        from: Revision,
        log_id: Option<LogId>,
    ) -> impl Stream<Item = Result<LogNews, ClientError>> + Send + use<> {
        let source = Log {
            election: election.clone(),
            view,
            next: from.max(Revision(1)),
            log_id,
            doubt: None,
        };
        follow(self.clone(), source)
    }

    /// Follows a scope of the public feed, from the newest frame above `after`, for as long as the stream is read. Never
    /// gives a frame whose (revision, publication_seq) is not above the one before, unless a reset lies between.
    ///
    /// The stream ends only with an error that another attempt would meet again, such as NOT_FOUND.
    pub fn watch_frames(
        &self,
        scope: feed::Scope,
        after: Option<Position>,
    ) -> impl Stream<Item = Result<FrameNews, ClientError>> + Send + use<> {
        let last = Last(after);
        follow(self.clone(), Frames { scope, last })
    }

    /// Follows the standings of an election, as [`watch_frames`](Self::watch_frames) does frames.
    pub fn watch_standings(
        &self,
        election: &ElectionId,
        view: View,
        after: Option<Position>,
    ) -> impl Stream<Item = Result<StandingsNews, ClientError>> + Send + use<> {
        let election = election.clone();
        let last = Last(after);
        let source = StandingsOf {
            election,
            view,
            last,
        };
        follow(self.clone(), source)
    }
}

struct Log {
    election: ElectionId,
    view: View,
    next: Revision,
    log_id: Option<LogId>,
    /// The service has refused to go on, and it is asked from the beginning which log it has. What it said, in case it is
    /// neither another one nor a shorter one.
    doubt: Option<Status>,
}

impl Source for Log {
    const SERVICE: Service = Service::Results;
    type Message = WatchEventsResponse;
    type Item = LogNews;

    async fn open(&mut self, client: &Client) -> Result<Streaming<WatchEventsResponse>, Status> {
        let log_id = self.log_id.filter(|_| self.doubt.is_none());
        let from = if self.doubt.is_some() {
            Revision(1)
        } else {
            self.next
        };
        let request = WatchEventsRequest {
            election_id: self.election.as_str().into(),
            view: self.view.into(),
            from_revision: from.0,
            log_id: log_id.map(|id| id.0.to_vec().into()).unwrap_or_default(),
        };
        let mut results = ResultsServiceClient::new(client.channel(Self::SERVICE));
        let opened = results.watch_events(client.request(request)).await?;
        Ok(opened.into_inner())
    }

    fn accept(&mut self, message: WatchEventsResponse) -> Result<Accepted<LogNews>, ClientError> {
        let WatchEventsResponse {
            log_id,
            first_revision,
            records,
            head_revision,
            publication,
            is_damaged,
        } = message;
        let log_id = wire::log_id("log_id", &log_id)?;
        let is_other = self.log_id.is_some_and(|known| known != log_id);
        let doubt = self.doubt.as_ref().map(Status::code);
        // A damaged log has not forgotten what lies behind the damage.
        let is_shorter = doubt == Some(Code::OutOfRange) && !is_damaged;
        if is_other || is_shorter {
            (self.log_id, self.next, self.doubt) = (Some(log_id), Revision(1), None);
            return Ok(Accepted::Restart(LogNews::Reset(log_id)));
        }
        if let Some(status) = self.doubt.take() {
            return Err((&status).into());
        }
        self.log_id = Some(log_id);
        if !records.is_empty() && first_revision > self.next.0 {
            return Ok(Accepted::Broken("events are missing"));
        }
        // What was read before comes again where an answer overlaps.
        let known =
            usize::try_from(self.next.0.saturating_sub(first_revision)).unwrap_or(usize::MAX);
        let fresh = records.iter().skip(known).map(decode);
        let records = fresh.collect::<Result<Vec<_>, _>>()?;
        for record in &records {
            if record.revision != self.next {
                return Ok(Accepted::Broken(
                    "records are not at the revisions that they say",
                ));
            }
            self.next = self.next.next();
        }
        Ok(Accepted::Item(LogNews::Events(Events {
            log_id,
            records,
            head: Revision(head_revision),
            publication,
            is_damaged,
        })))
    }

    fn recover(&mut self, status: &Status) -> bool {
        // Said of a log id that is not the log's, but also of a log that is damaged; and of a log that ends before what
        // was read.
        let asks = matches!(status.code(), Code::FailedPrecondition | Code::OutOfRange)
            && self.log_id.is_some()
            && self.doubt.is_none();
        if asks {
            self.doubt = Some(status.clone());
        }
        asks
    }
}

fn decode(record: &Record) -> Result<Recorded, ClientError> {
    let Record {
        public_bytes,
        annex_bytes,
    } = record;
    let annex = (!annex_bytes.is_empty()).then_some(annex_bytes.as_ref());
    decode_record(public_bytes, annex).map_err(|error| {
        let (code, rule) = (RefusalCode::Shape, error.to_string());
        Refusal::new(code, "records.public_bytes", "a record", rule).into()
    })
}

/// The last place that a reader was given.
struct Last(Option<Position>);

/// Where a place stands against the last one.
enum Seen {
    Newer,
    NotNewer,
    OtherLog(LogId),
}

impl Last {
    fn see(&mut self, token: Option<ResumeToken>) -> Result<Seen, ClientError> {
        let place: Position = token.ok_or(ClientError::Missing("token"))?.try_into()?;
        let order = |place: Position| (place.revision, place.publication_seq);
        match self.0 {
            Some(last) if last.log_id != place.log_id => {
                self.0 = None;
                return Ok(Seen::OtherLog(place.log_id));
            }
            Some(last) if order(place).cmp(&order(last)) != Ordering::Greater => {
                return Ok(Seen::NotNewer);
            }
            _ => self.0 = Some(place),
        }
        Ok(Seen::Newer)
    }

    fn reset(&mut self, log_id: &bytes::Bytes) -> Result<LogId, ClientError> {
        self.0 = None;
        Ok(wire::log_id("log_id", log_id)?)
    }
}

struct Frames {
    scope: feed::Scope,
    last: Last,
}

impl Source for Frames {
    const SERVICE: Service = Service::LiveFeed;
    type Message = feed::WatchFramesResponse;
    type Item = FrameNews;

    async fn open(
        &mut self,
        client: &Client,
    ) -> Result<Streaming<feed::WatchFramesResponse>, Status> {
        let request = feed::WatchFramesRequest {
            scope: Some(self.scope.clone()),
            resume_token: self.last.0.map(Into::into),
        };
        let mut feed = LiveFeedServiceClient::new(client.channel(Self::SERVICE));
        let opened = feed.watch_frames(client.request(request)).await?;
        Ok(opened.into_inner())
    }

    fn accept(
        &mut self,
        message: feed::WatchFramesResponse,
    ) -> Result<Accepted<FrameNews>, ClientError> {
        let feed::WatchFramesResponse { event } = message;
        Ok(match event.ok_or(ClientError::Missing("event"))? {
            FrameEvent::Frame(frame) => {
                let token = frame
                    .envelope
                    .as_ref()
                    .and_then(|envelope| envelope.token.clone());
                match self.last.see(token)? {
                    Seen::Newer => Accepted::Item(FrameNews::Frame(Box::new(frame))),
                    Seen::NotNewer => Accepted::Nothing,
                    Seen::OtherLog(log_id) => Accepted::Restart(FrameNews::Reset(log_id)),
                }
            }
            FrameEvent::Reset(feed::Reset { log_id }) => {
                Accepted::Item(FrameNews::Reset(self.last.reset(&log_id)?))
            }
            FrameEvent::Heartbeat(heartbeat) => Accepted::Item(FrameNews::Heartbeat(heartbeat)),
        })
    }

    fn lost(&self, refused: &Refused) -> Option<FrameNews> {
        Some(FrameNews::Lost(refused.to_string()))
    }

    fn recover(&mut self, _: &Status) -> bool {
        false
    }
}

struct StandingsOf {
    election: ElectionId,
    view: View,
    last: Last,
}

impl Source for StandingsOf {
    const SERVICE: Service = Service::Allocation;
    type Message = allocation::WatchStandingsResponse;
    type Item = StandingsNews;

    async fn open(
        &mut self,
        client: &Client,
    ) -> Result<Streaming<allocation::WatchStandingsResponse>, Status> {
        let request = allocation::WatchStandingsRequest {
            election_id: self.election.as_str().into(),
            view: self.view.into(),
            resume_token: self.last.0.map(Into::into),
        };
        let mut allocation = AllocationServiceClient::new(client.channel(Self::SERVICE));
        let opened = allocation.watch_standings(client.request(request)).await?;
        Ok(opened.into_inner())
    }

    fn accept(
        &mut self,
        message: allocation::WatchStandingsResponse,
    ) -> Result<Accepted<StandingsNews>, ClientError> {
        let allocation::WatchStandingsResponse { event } = message;
        Ok(match event.ok_or(ClientError::Missing("event"))? {
            StandingsEvent::Standings(standings) => match self.last.see(standings.token.clone())? {
                Seen::Newer => Accepted::Item(StandingsNews::Standings(Box::new(standings))),
                Seen::NotNewer => Accepted::Nothing,
                Seen::OtherLog(log_id) => Accepted::Restart(StandingsNews::Reset(log_id)),
            },
            StandingsEvent::Reset(standings::Reset { log_id }) => {
                Accepted::Item(StandingsNews::Reset(self.last.reset(&log_id)?))
            }
            StandingsEvent::Heartbeat(heartbeat) => {
                Accepted::Item(StandingsNews::Heartbeat(heartbeat))
            }
        })
    }

    fn recover(&mut self, _: &Status) -> bool {
        false
    }
}
