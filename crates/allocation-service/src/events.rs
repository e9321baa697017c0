//! The log as a stream of decoded events, from the results role.

use crate::error::AllocationError;
use election::event::Recorded;
use election::ids::{ElectionId, LogId, Revision};
use std::time::Duration;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use wire::common::v1::View;
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{ListElectionsRequest, Record, WatchEventsRequest, WatchEventsResponse};

/// Where the log comes from.
#[derive(Debug, Clone)]
pub(crate) struct EventSource {
    results: ResultsServiceClient<Channel>,
    silence_max: Duration,
}

/// Some of the log.
#[derive(Debug)]
pub(crate) struct EventBatch {
    /// The next events; none in a heartbeat.
    pub events: Vec<Recorded>,
    /// Where the log ended when they were sent.
    pub head: Revision,
    /// The log is damaged: behind its end there may be more, which cannot be read.
    pub is_damaged: bool,
}

/// Where a reader of a log stands.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The incarnation of the log.
    pub log_id: LogId,
    /// The last revision that was read.
    pub revision: Revision,
    /// The bytes of its record. They are asked for once more and compared: a restored log may have kept its id, and
    /// another event where this one was.
    pub record: Option<Vec<u8>>,
}

/// A stream of batches, without a gap.
#[derive(Debug)]
pub(crate) struct Events {
    stream: Streaming<WatchEventsResponse>,
    /// What the reader had folded before, if anything.
    folded: Option<Revision>,
    next: Revision,
    /// The record that must come first, being known already.
    known: Option<Vec<u8>>,
    last_record: Option<Vec<u8>>,
    silence_max: Duration,
}

impl EventSource {
    /// The results role that this channel leads to. A stream that is silent for longer than this is lost.
    pub fn new(results: Channel, silence_max: Duration) -> Self {
        let results = ResultsServiceClient::new(results)
            .max_decoding_message_size(service_runtime::limits::MESSAGE_BYTES_MAX);
        Self {
            results,
            silence_max,
        }
    }

    /// Opens the log behind a place, or from its beginning. Allocation is an internal role: it reads the head, and bounds
    /// what the public may see by itself.
    pub async fn watch(
        &self,
        election: &ElectionId,
        after: Option<Place>,
    ) -> Result<Events, AllocationError> {
        let from = match &after {
            None => Revision(1),
            Some(place) if place.record.is_some() => place.revision,
            Some(place) => place.revision.next(),
        };
        let log_id = after.as_ref().map(|place| place.log_id.0.to_vec());
        let request = WatchEventsRequest {
            election_id: election.to_string(),
            view: View::Head.into(),
            from_revision: from.0,
            log_id: log_id.unwrap_or_default().into(),
        };
        let folded = after.as_ref().map(|place| place.revision);
        let opened = self.results.clone().watch_events(request).await;
        let stream = opened.map_err(|status| match folded {
            Some(folded) => refusal(status, folded),
            None => AllocationError::Results(status),
        })?;
        Ok(Events {
            stream: stream.into_inner(),
            folded,
            next: from,
            last_record: after.as_ref().and_then(|place| place.record.clone()),
            known: after.and_then(|place| place.record),
            silence_max: self.silence_max,
        })
    }

    /// The ids of all elections.
    pub async fn elections(&self) -> Result<Vec<ElectionId>, AllocationError> {
        let mut ids = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListElectionsRequest {
                view: View::Head.into(),
                page_size: 1_000,
                page_token,
            };
            let page = self
                .results
                .clone()
                .list_elections(request)
                .await
                .map_err(AllocationError::Results)?
                .into_inner();
            for summary in page.elections {
                ids.extend(ElectionId::new(&summary.election_id));
            }
            if page.next_page_token.is_empty() {
                return Ok(ids);
            }
            page_token = page.next_page_token;
        }
    }
}

/// What it means that the log is not opened behind what was folded.
fn refusal(status: Status, folded: Revision) -> AllocationError {
    match status.code() {
        // It ends before that place; it is of another id; there is no such election any more. DATA_LOSS is none of
        // these: what was folded stands behind the damage and is still true.
        Code::OutOfRange | Code::FailedPrecondition | Code::NotFound => {
            let found = status.message().to_owned();
            AllocationError::LogChanged { folded, found }
        }
        _ => AllocationError::Results(status),
    }
}

impl Events {
    /// The next batch; `None`: the results role has ended the stream.
    pub async fn next(&mut self) -> Result<Option<EventBatch>, AllocationError> {
        let message = tokio::time::timeout(self.silence_max, self.stream.message()).await;
        let message = message.map_err(|_| AllocationError::Silent(self.silence_max))?;
        let message = message.map_err(|status| match self.folded {
            Some(folded) => refusal(status, folded),
            None => AllocationError::Results(status),
        });
        let Some(response) = message? else {
            return Ok(None);
        };
        let WatchEventsResponse {
            records,
            head_revision,
            is_damaged,
            log_id: _,
            first_revision: _,
            publication: _,
        } = response;
        let head = Revision(head_revision);
        let mut records = records.into_iter();
        if let Some(known) = self.known.take() {
            match records.next() {
                Some(record) if record.public_bytes == known => self.next = self.next.next(),
                Some(_) => return Err(self.changed("another event stands there".to_owned())),
                None if head < self.next && is_damaged => {
                    return Err(AllocationError::LogDamaged { readable: head });
                }
                None if head < self.next => {
                    return Err(self.changed(format!("it ends at revision {head}")));
                }
                None => self.known = Some(known),
            }
        }
        let mut events = Vec::with_capacity(records.len());
        let mut last_record = None;
        for Record {
            public_bytes,
            annex_bytes,
        } in records
        {
            let annex = Some(annex_bytes.as_ref()).filter(|annex| !annex.is_empty());
            let recorded = election::bytes::decode_record(&public_bytes, annex)?;
            if recorded.revision != self.next {
                return Err(AllocationError::Gap {
                    expected: self.next,
                    found: recorded.revision,
                });
            }
            self.next = self.next.next();
            last_record = Some(public_bytes);
            events.push(recorded);
        }
        // A copy: a slice would keep the whole message in memory.
        self.last_record = last_record
            .map(|bytes| bytes.to_vec())
            .or(self.last_record.take());
        Ok(Some(EventBatch {
            events,
            head,
            is_damaged,
        }))
    }

    /// The bytes of the last record that came.
    pub fn last_record(&self) -> Option<&Vec<u8>> {
        self.last_record.as_ref()
    }

    fn changed(&self, found: String) -> AllocationError {
        let folded = self.next;
        AllocationError::LogChanged { folded, found }
    }
}
