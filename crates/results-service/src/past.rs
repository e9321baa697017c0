//! The past: tallies and events at any revision, from the log.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use election::bytes::decode_record;
use election::event::Recorded;
use election::ids::Revision;
use election::tally::{FoldError, Tally};
use event_log::Stored;
use tokio::task::spawn_blocking;

use crate::error::Error;
use crate::fold::decode;
use crate::hosted::Hosted;
use crate::watch::Eyes;

/// What is read of the log at once for a fold, and for single events.
const FOLD_RECORDS: usize = 8_192;
const FOLD_BYTES: usize = 4 << 20;
/// Events that lie no further apart than this are read together: most groups are longer.
const NEAR: u64 = 256;
const NEAR_BYTES: usize = 1 << 20;

impl Hosted {
    /// The tally at a revision, which the caller has checked to be there: a short fold from one that is kept. Only so
    /// many folds run at once as the settings say; more wait.
    pub async fn tally_at(&self, revision: Revision) -> Result<Arc<Tally>, Error> {
        let newest = |durable: &crate::hosted::Durable| {
            (durable.tally.revision == revision).then(|| Arc::new(durable.tally.moment()))
        };
        if let Some(newest) = self.with(newest).flatten() {
            return Ok(newest);
        }
        // Whoever waited finds what those before it have kept.
        let room = self.folds.acquire().await;
        let _room = room.map_err(|_| Error::Unavailable("the service stops"))?;
        let mut tally = self.checkpoints().before(revision);
        while tally.as_ref().is_none_or(|tally| tally.revision < revision) {
            let from = tally
                .as_ref()
                .map_or(Revision::ZERO, |tally| tally.revision);
            let left = usize::try_from(revision.0 - from.0).unwrap_or(usize::MAX);
            let (records, id) = (left.min(FOLD_RECORDS), &self.id);
            let stored = self.log.read(id, from.next(), records, FOLD_BYTES).await?;
            if stored.is_empty() {
                return Err(Error::OutOfRange(revision));
            }
            let folding = spawn_blocking(move || fold(tally, &stored)).await;
            let folded = folding.map_err(|_| Error::Unavailable("the service stops"))??;
            let mut checkpoints = self.checkpoints();
            if checkpoints.wants(folded.revision) {
                checkpoints.keep(folded.clone());
            }
            tally = Some(folded);
        }
        let tally = tally.ok_or(Error::OutOfRange(revision))?;
        self.checkpoints().remember(tally.clone());
        Ok(tally)
    }

    /// The events at these revisions, as far as the view may see them.
    pub async fn events(
        &self,
        mut revisions: Vec<Revision>,
        eyes: Eyes,
    ) -> Result<HashMap<Revision, Recorded>, Error> {
        revisions.sort_unstable();
        revisions.dedup();
        let mut events = HashMap::with_capacity(revisions.len());
        let mut wanted = &revisions[..];
        while let Some(first) = wanted.first() {
            let near = wanted.partition_point(|revision| revision.0 < first.0 + NEAR);
            let span = wanted[near - 1].0 - first.0 + 1;
            let records = usize::try_from(span).unwrap_or(usize::MAX);
            let stored = self.log.read(&self.id, *first, records, NEAR_BYTES).await?;
            if stored.is_empty() {
                return Err(Error::OutOfRange(*first));
            }
            for stored in &stored {
                if wanted.first() == Some(&stored.revision) {
                    events.insert(stored.revision, seen(stored, eyes)?);
                    wanted = &wanted[1..];
                }
            }
        }
        Ok(events)
    }
}

fn seen(stored: &Stored, eyes: Eyes) -> Result<Recorded, Error> {
    match eyes {
        Eyes::Head => decode(stored),
        Eyes::Public => decode_record(&stored.record.public, None)
            .map_err(|error| Error::Internal(format!("revision {}: {error}", stored.revision))),
    }
}

fn fold(tally: Option<Arc<Tally>>, stored: &[Stored]) -> Result<Arc<Tally>, Error> {
    let misfit = |error: FoldError| Error::Internal(format!("the log does not fold: {error}"));
    let mut tally = tally.map(Arc::unwrap_or_clone);
    for stored in stored {
        let recorded = decode(stored)?;
        match &mut tally {
            Some(tally) => tally.apply(&recorded).map_err(misfit)?,
            None => tally = Some(Tally::begin(&recorded).map_err(misfit)?),
        }
    }
    let mut tally = tally.ok_or_else(|| Error::Internal("nothing to fold".to_owned()))?;
    tally.share();
    Ok(Arc::new(tally))
}
