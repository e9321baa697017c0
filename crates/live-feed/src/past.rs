//! Standings of past revisions, which never change, and so are kept for the next who asks.

use crate::error::FeedError;
use crate::scope::Scope;
use crate::upstream::{Known, Newest, Place};
use election::ids::ElectionId;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, watch};
use tonic::transport::Channel;
use wire::allocation::v1::allocation_service_client::AllocationServiceClient;
use wire::allocation::v1::{GetStandingsRequest, Standings};
use wire::common::v1::View;

/// Revisions that are kept.
const KEPT: usize = 96;

/// Questions to the role behind at once, for one election: each may fold some of a log.
const QUESTIONS: usize = 2;

/// The past of one election.
#[derive(Debug)]
pub(crate) struct Past {
    election: ElectionId,
    allocation: AllocationServiceClient<Channel>,
    known: watch::Receiver<Known>,
    kept: Mutex<VecDeque<(Place, Arc<Standings>)>>,
    questions: Semaphore,
}

impl Past {
    pub fn new(election: ElectionId, allocation: Channel, known: watch::Receiver<Known>) -> Self {
        Self {
            election,
            allocation: AllocationServiceClient::new(allocation)
                .max_decoding_message_size(service_runtime::limits::MESSAGE_BYTES_MAX),
            known,
            kept: Mutex::new(VecDeque::new()),
            questions: Semaphore::new(QUESTIONS),
        }
    }

    /// The standings at a revision that is not above the place which the reader was shown, if nobody need be asked for them.
    pub fn known(&self, shown: Place, revision: u64) -> Result<Option<Arc<Standings>>, FeedError> {
        if revision == 0 || revision > shown.position.revision.0 {
            return Err(FeedError::NoSuchRevision(revision));
        }
        if let Known::Newest(newest) = &*self.known.borrow()
            && newest.place.is_comparable(shown)
            && newest.place.position.revision.0 == revision
        {
            return Ok(Some(standings_of(newest)));
        }
        Ok(self.kept(shown, revision))
    }

    /// The standings at a revision that is not above the place which the reader was shown.
    pub async fn at(&self, shown: Place, revision: u64) -> Result<Arc<Standings>, FeedError> {
        if let Some(known) = self.known(shown, revision)? {
            return Ok(known);
        }
        let permit = self.questions.acquire().await;
        let _permit = permit.map_err(|_| FeedError::Stopping)?;
        // The one before may have asked for the same.
        if let Some(kept) = self.kept(shown, revision) {
            return Ok(kept);
        }
        let standings = Arc::new(self.ask(shown, revision).await?);
        let mut place = shown;
        place.position.revision.0 = revision;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((place, Arc::clone(&standings)));
        Ok(standings)
    }

    fn kept(&self, shown: Place, revision: u64) -> Option<Arc<Standings>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = kept.iter();
        let found = found
            .find(|(place, _)| place.is_comparable(shown) && place.position.revision.0 == revision);
        found.map(|(_, standings)| Arc::clone(standings))
    }

    async fn ask(&self, shown: Place, revision: u64) -> Result<Standings, FeedError> {
        let request = GetStandingsRequest {
            election_id: self.election.to_string(),
            view: View::Public.into(),
            revision,
            ..GetStandingsRequest::default()
        };
        let scope = Scope::Election(self.election.clone());
        let answer = self.allocation.clone().get_standings(request).await;
        let answer = answer.map_err(|status| FeedError::of_upstream(status, &scope, revision))?;
        let standings = answer.into_inner().standings.unwrap_or_default();
        let token = standings.token.clone().unwrap_or_default();
        let is_same = token.log_id == shown.position.log_id.0.as_slice();
        if is_same && token.revision == revision {
            return Ok(standings);
        }
        Err(FeedError::CatchingUp)
    }
}

fn standings_of(newest: &Newest) -> Arc<Standings> {
    Arc::new(newest.standings.clone())
}
