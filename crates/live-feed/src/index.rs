//! All public elections in short, for who watches them.

use crate::config::Config;
use crate::error::FeedError;
use crate::frame::Distance;
use crate::scope::distance;
use election::ids::Timestamp;
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;
use tonic::transport::Channel;
use wire::common::v1::{PublicationClass, ResumeToken, Stage, View};
use wire::feed::v1::watch_index_response::Event;
use wire::feed::v1::{Heartbeat, Index, IndexEntry, WatchIndexResponse};
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{ElectionSummary, GetTallyRequest, ListElectionsRequest};

/// The newest index, made anew while somebody watches it.
#[derive(Debug)]
pub(crate) struct IndexFeed {
    newest: watch::Receiver<Listed>,
    _guard: DropGuard,
}

#[derive(Debug, Clone)]
struct Listed {
    index: Option<Arc<Index>>,
    lost_since: Option<Instant>,
}

impl IndexFeed {
    pub fn start(results: Channel, clock: SharedClock, config: &Config, stopper: &Stopper) -> Self {
        let (sender, newest) = watch::channel(Listed {
            index: None,
            lost_since: Some(Instant::now()),
        });
        let reader = IndexReader {
            results: ResultsServiceClient::new(results)
                .max_decoding_message_size(service_runtime::limits::MESSAGE_BYTES_MAX),
            clock,
            entries: HashMap::new(),
            behind_max: config.behind_max,
        };
        let token = CancellationToken::new();
        let (ending, stopping) = (token.clone(), stopper.stopping());
        let interval = config.index_interval;
        stopper.spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = stopping => {}
                () = reader.run(sender, interval) => {}
            }
        });
        Self {
            newest,
            _guard: token.drop_guard(),
        }
    }
}

impl IndexFeed {
    /// The newest index. Waits for the first, as long as that is worth it.
    pub async fn listed(&self, behind_max: Duration) -> Result<Arc<Index>, FeedError> {
        let mut newest = self.newest.clone();
        let wait = newest.wait_for(|listed| listed.index.is_some());
        let listed = tokio::time::timeout(behind_max, wait).await;
        let listed = listed
            .map_err(|_| FeedError::CatchingUp)?
            .map_err(|_| FeedError::Stopping)?;
        listed.index.clone().ok_or(FeedError::CatchingUp)
    }

    /// How far the newest index is from what there is.
    pub fn distance(&self, stale_after: Duration) -> Distance {
        distance(self.newest.borrow().lost_since, stale_after)
    }
}

struct IndexReader {
    results: ResultsServiceClient<Channel>,
    clock: SharedClock,
    /// The last entry of each election: what has not moved on is not asked again.
    entries: HashMap<String, Kept>,
    /// How long the list may be lower than what was shown before it is believed.
    behind_max: Duration,
}

struct Kept {
    entry: IndexEntry,
    /// Since when the list has been lower: a restored log, if it stays so.
    lower_since: Option<Instant>,
}

impl IndexReader {
    async fn run(mut self, newest: watch::Sender<Listed>, interval: Duration) {
        loop {
            match self.read().await {
                Ok(index) => {
                    newest.send_if_modified(|listed| {
                        listed.lost_since = None;
                        let is_news = listed.index.as_deref() != Some(&index);
                        if is_news {
                            listed.index = Some(Arc::new(index));
                        }
                        is_news
                    });
                }
                Err(status) => {
                    tracing::debug!(code = ?status.code(), "the elections cannot be listed");
                    newest.send_if_modified(|listed| {
                        listed.lost_since.get_or_insert_with(Instant::now);
                        false
                    });
                }
            }
            tokio::time::sleep(interval).await;
        }
    }

    async fn read(&mut self) -> Result<Index, Status> {
        let mut entries = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListElectionsRequest {
                view: View::Public.into(),
                page_size: 1_000,
                page_token,
            };
            let page = self.results.list_elections(request).await?.into_inner();
            for summary in page.elections {
                entries.extend(self.entry(summary).await);
            }
            if page.next_page_token.is_empty() {
                return Ok(Index { entries });
            }
            page_token = page.next_page_token;
        }
    }

    // The entry of an election; within one log it goes back only if the list stays lower. None before its opening by this
    // process's own clock.
    async fn entry(&mut self, summary: ElectionSummary) -> Option<IndexEntry> {
        let now = Timestamp(self.clock.now_micros());
        if !is_open(&summary, PublicationClass::Definition, now) {
            return None;
        }
        let kept = self.entries.get_mut(&summary.election_id);
        if let Some(entry) = kept.and_then(|kept| kept.still(&summary, self.behind_max)) {
            return Some(entry);
        }
        let results_are_open = is_open(&summary, PublicationClass::Results, now);
        let id = summary.election_id.clone();
        let entry = match read_entry(&mut self.results, summary).await {
            Ok(entry) => entry,
            // One election that cannot be read does not keep the others from the list.
            Err(status) => {
                tracing::debug!(election = %id, code = ?status.code(), "an election cannot be read");
                let kept = self.entries.get(&id).map(|kept| kept.entry.clone());
                return kept.map(|entry| IndexEntry {
                    is_stale: true,
                    ..entry
                });
            }
        };
        let has_results = entry.tallies_counted > 0 || entry.stage() > Stage::PreElection;
        if has_results && !results_are_open {
            let kept = self.entries.get(&entry.election_id);
            return kept.map(|kept| kept.entry.clone());
        }
        let kept = Kept {
            entry: entry.clone(),
            lower_since: None,
        };
        self.entries.insert(entry.election_id.clone(), kept);
        Some(entry)
    }
}

impl Kept {
    // The entry, as long as what is listed is no news.
    fn still(&mut self, summary: &ElectionSummary, behind_max: Duration) -> Option<IndexEntry> {
        let (known, listed) = (self.entry.token.as_ref()?, summary.token.as_ref()?);
        let order = |token: &ResumeToken| (token.revision, token.publication_seq);
        if known.log_id != listed.log_id {
            return None;
        }
        match order(known).cmp(&order(listed)) {
            Ordering::Less => return None,
            Ordering::Equal => self.lower_since = None,
            // What lies behind the damage is not undone by it.
            Ordering::Greater if summary.is_damaged => self.lower_since = None,
            Ordering::Greater => {
                let since = *self.lower_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= behind_max {
                    let election = &self.entry.election_id;
                    tracing::warn!(election, "what was listed is not in the log any more");
                    return None;
                }
            }
        }
        self.entry.is_stale = summary.is_damaged;
        Some(self.entry.clone())
    }
}

fn is_open(summary: &ElectionSummary, class: PublicationClass, now: Timestamp) -> bool {
    let publication = summary.publication.as_ref();
    publication.is_some_and(|publication| crate::frame::is_class_open(publication, class, now))
}

async fn read_entry(
    results: &mut ResultsServiceClient<Channel>,
    summary: ElectionSummary,
) -> Result<IndexEntry, Status> {
    let request = GetTallyRequest {
        election_id: summary.election_id.clone(),
        view: View::Public.into(),
        revision: summary.token.as_ref().map_or(0, |token| token.revision),
        contest_id: String::new(),
        district_id: String::new(),
    };
    let tallies = results.get_tally(request).await?.into_inner().tallies;
    let states = tallies
        .iter()
        .filter_map(|tally| tally.totals.as_ref()?.states.as_ref());
    Ok(IndexEntry {
        election_id: summary.election_id,
        is_test: summary.is_test,
        voting_day: summary.voting_day,
        token: summary.token,
        revision_time: summary.revision_time,
        stage: summary.stage,
        marks: summary.marks,
        tallies: states.clone().map(|states| states.tallies).sum(),
        tallies_counted: states.map(|states| states.counted).sum(),
        is_stale: summary.is_damaged,
    })
}

/// One who watches the index.
pub(crate) struct IndexViewer {
    newest: watch::Receiver<Listed>,
    shown: Option<Arc<Index>>,
    spoke: Instant,
    config: Arc<Config>,
    clock: SharedClock,
    stopper: Stopper,
    _feed: Arc<IndexFeed>,
    _permit: OwnedSemaphorePermit,
}

impl IndexViewer {
    pub fn new(
        feed: Arc<IndexFeed>,
        config: Arc<Config>,
        clock: SharedClock,
        stopper: Stopper,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            newest: feed.newest.clone(),
            shown: None,
            spoke: Instant::now(),
            config,
            clock,
            stopper,
            _feed: feed,
            _permit: permit,
        }
    }

    /// The next answer: a newer index, or a heartbeat.
    pub async fn next(&mut self) -> Result<WatchIndexResponse, FeedError> {
        let event = self.event().await?;
        self.spoke = Instant::now();
        Ok(WatchIndexResponse { event: Some(event) })
    }

    async fn event(&mut self) -> Result<Event, FeedError> {
        loop {
            let newest = self.newest.borrow_and_update().index.clone();
            let is_shown = |index: &Arc<Index>| {
                let shown = self.shown.as_ref();
                shown.is_some_and(|shown| Arc::ptr_eq(shown, index))
            };
            if let Some(index) = newest.filter(|index| !is_shown(index)) {
                let event = Event::Index((*index).clone());
                self.shown = Some(index);
                return Ok(event);
            }
            tokio::select! {
                () = self.stopper.stopping() => return Err(FeedError::Stopping),
                changed = self.newest.changed() => if changed.is_err() { return Err(FeedError::Stopping) },
                () = tokio::time::sleep_until(self.spoke + self.config.heartbeat_interval) => {
                    return Ok(self.heartbeat());
                }
            }
        }
    }

    fn heartbeat(&self) -> Event {
        let distance = distance(self.newest.borrow().lost_since, self.config.stale_after);
        Event::Heartbeat(Heartbeat {
            is_behind: false,
            is_stale: distance.is_stale,
            lag_ms: distance.lag_ms,
            send_time: Some(wire::timestamp(Timestamp(self.clock.now_micros()))),
        })
    }
}
