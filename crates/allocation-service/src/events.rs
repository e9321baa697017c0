//! The log as a stream of decoded events, from the results role.

use crate::error::AllocationError;
use election::event::Recorded;
use election::ids::{ElectionId, LogId, Revision};
use std::time::Duration;
use tonic::Streaming;
use tonic::transport::Channel;
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
}

/// A stream of batches, without a gap.
#[derive(Debug)]
pub(crate) struct Events {
    stream: Streaming<WatchEventsResponse>,
    next: Revision,
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

    /// Opens the log from a revision on. Allocation is an internal role: it reads the head, and bounds what the public
    /// may see by itself.
    pub async fn watch(
        &self,
        election: &ElectionId,
        from: Revision,
        log_id: Option<LogId>,
    ) -> Result<Events, AllocationError> {
        let request = WatchEventsRequest {
            election_id: election.to_string(),
            view: View::Head.into(),
            from_revision: from.0,
            log_id: log_id.map(|id| id.0.to_vec()).unwrap_or_default().into(),
        };
        let stream = self
            .results
            .clone()
            .watch_events(request)
            .await
            .map_err(AllocationError::Results)?
            .into_inner();
        Ok(Events {
            stream,
            next: from,
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

impl Events {
    /// The next batch; `None`: the results role has ended the stream.
    pub async fn next(&mut self) -> Result<Option<EventBatch>, AllocationError> {
        let message = tokio::time::timeout(self.silence_max, self.stream.message()).await;
        let message = message.map_err(|_| AllocationError::Silent(self.silence_max))?;
        let Some(response) = message.map_err(AllocationError::Results)? else {
            return Ok(None);
        };
        let mut events = Vec::with_capacity(response.records.len());
        for Record {
            public_bytes,
            annex_bytes,
        } in response.records
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
            events.push(recorded);
        }
        Ok(Some(EventBatch {
            events,
            head: Revision(response.head_revision),
        }))
    }
}
