//! Past states of an election: a fold from the nearest checkpoint.

use crate::checkpoints::Checkpoints;
use crate::error::AllocationError;
use crate::events::{EventSource, Place};
use crate::follower::{Lag, Moment};
use election::ids::Revision;
use election::tally::Tally;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// What past states are folded from. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    source: EventSource,
    lag: watch::Receiver<Lag>,
    checkpoints: Arc<Mutex<Checkpoints>>,
}

impl Past {
    pub fn new(source: EventSource, lag: watch::Receiver<Lag>, checkpoints: Checkpoints) -> Self {
        Self {
            source,
            lag,
            checkpoints: Arc::new(Mutex::new(checkpoints)),
        }
    }

    /// Keeps a tally if it is far enough from the last that was kept.
    pub fn offer(&self, tally: &mut Tally) {
        self.checkpoints().offer(tally);
    }

    /// Forgets all that was kept.
    pub fn clear(&self) {
        self.checkpoints().clear();
    }

    /// The state at a revision that the head's log has, folded from a checkpoint or from `other`, which is a state of the
    /// same log.
    ///
    /// Only while the log can be read: out of sight it may be replaced, and then what is kept does not fit its events.
    pub async fn at(
        &self,
        head: &Moment,
        other: Option<Arc<Tally>>,
        revision: Revision,
    ) -> Result<Arc<Tally>, AllocationError> {
        let since = *self.lag.borrow();
        if !since.is_readable() {
            return Err(AllocationError::CatchingUp);
        }
        let kept = self.checkpoints().before(revision);
        let start = [kept, other].into_iter().flatten();
        // What is only looked at leads nowhere else.
        let start = start.filter(|tally| {
            tally.revision == revision || (tally.is_whole() && tally.revision < revision)
        });
        let start = start.max_by_key(|tally| tally.revision);
        let folded = self.fold(head, start, revision).await?;
        if *self.lag.borrow() != since {
            return Err(AllocationError::CatchingUp);
        }
        Ok(folded)
    }

    async fn fold(
        &self,
        head: &Moment,
        start: Option<Arc<Tally>>,
        revision: Revision,
    ) -> Result<Arc<Tally>, AllocationError> {
        if let Some(tally) = start.as_ref().filter(|tally| tally.revision == revision) {
            return Ok(Arc::clone(tally));
        }
        let after = start.as_ref().map(|tally| Place {
            log_id: head.tally.log_id,
            revision: tally.revision,
            record: None,
        });
        let mut tally = start.map(|tally| (*tally).clone());
        let mut events = self.source.watch(&head.tally.election, after).await?;
        while let Some(batch) = events.next().await? {
            for recorded in &batch.events {
                match &mut tally {
                    None => tally = Some(Tally::begin(recorded)?),
                    Some(tally) => tally.apply(recorded)?,
                }
                if recorded.revision == revision {
                    let mut tally = tally.ok_or(AllocationError::CatchingUp)?;
                    // The next one may be folded from it.
                    tally.share();
                    return Ok(Arc::new(tally));
                }
            }
        }
        Err(AllocationError::CatchingUp)
    }

    fn checkpoints(&self) -> std::sync::MutexGuard<'_, Checkpoints> {
        self.checkpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
