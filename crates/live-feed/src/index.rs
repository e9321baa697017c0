//! All public elections in short, for who watches them.

use crate::config::Config;
use service_runtime::shutdown::Stopper;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;
use tonic::transport::Channel;
use wire::common::v1::View;
use wire::feed::v1::{Index, IndexEntry};
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{ElectionSummary, GetTallyRequest, ListElectionsRequest};

/// The newest index, made anew while somebody watches it.
#[derive(Debug)]
pub(crate) struct IndexFeed {
    pub index: watch::Receiver<Option<Arc<Index>>>,
    _guard: DropGuard,
}

impl IndexFeed {
    pub fn start(results: Channel, config: &Config, stopper: &Stopper) -> Self {
        let (sender, index) = watch::channel(None);
        let token = CancellationToken::new();
        let (ending, stopping) = (token.clone(), stopper.stopping());
        let interval = config.index_interval;
        let mut results = ResultsServiceClient::new(results);
        let poll = async move {
            let mut entries = Entries::new();
            loop {
                match read(&mut results, &mut entries).await {
                    Ok(newest) => {
                        sender.send_if_modified(|index: &mut Option<Arc<Index>>| {
                            let is_news = index.as_deref() != Some(&newest);
                            if is_news {
                                *index = Some(Arc::new(newest));
                            }
                            is_news
                        });
                    }
                    Err(status) => {
                        tracing::debug!(code = ?status.code(), "the elections cannot be listed")
                    }
                }
                tokio::time::sleep(interval).await;
            }
        };
        stopper.spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = stopping => {}
                () = poll => {}
            }
        });
        Self {
            index,
            _guard: token.drop_guard(),
        }
    }
}

// The last entry of each election: what has not moved on is not asked again.
type Entries = HashMap<String, IndexEntry>;

async fn read(
    results: &mut ResultsServiceClient<Channel>,
    entries: &mut Entries,
) -> Result<Index, Status> {
    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListElectionsRequest {
            view: View::Public.into(),
            page_size: 1_000,
            page_token,
        };
        let page = results.list_elections(request).await?.into_inner();
        for summary in page.elections {
            let known = entries
                .get(&summary.election_id)
                .filter(|entry| entry.token == summary.token);
            let entry = match known {
                Some(entry) => entry.clone(),
                None => entry(results, summary).await?,
            };
            entries.insert(entry.election_id.clone(), entry.clone());
            listed.push(entry);
        }
        if page.next_page_token.is_empty() {
            return Ok(Index { entries: listed });
        }
        page_token = page.next_page_token;
    }
}

async fn entry(
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
    })
}
