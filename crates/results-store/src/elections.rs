//! A store is a ledger for each election: all that an engine says is how it finds one.

use crate::change::{Change, Milestone, SlotChange, TurnoutChange};
use crate::ledger::{Ledger, Rows};
use crate::row::{PendingReport, SlotKey, SlotRow};
use crate::{ResultsStore, StoreError};
use election::ids::{ElectionId, Revision};
use std::sync::Arc;

pub(crate) trait Elections: Send + Sync {
    type Rows: Rows;

    /// The ledger of an election, if the store has seen it.
    fn ledger(&self, election: &ElectionId) -> Option<Arc<Ledger<Self::Rows>>>;

    /// The ledger of an election; an empty one is made.
    fn ledger_or_new(&self, election: &ElectionId) -> Result<Arc<Ledger<Self::Rows>>, StoreError>;
}

impl<E: Elections> ResultsStore for E {
    fn applied_revision(&self, election: &ElectionId) -> Result<Revision, StoreError> {
        match self.ledger(election) {
            Some(ledger) => ledger.applied().map(Revision),
            None => Ok(Revision::ZERO),
        }
    }

    fn apply_changes(
        &self,
        election: &ElectionId,
        changes: &[Change],
    ) -> Result<Revision, StoreError> {
        self.ledger_or_new(election)?.apply(changes).map(Revision)
    }

    fn slot(
        &self,
        election: &ElectionId,
        key: SlotKey,
        at: Revision,
    ) -> Result<Option<SlotRow>, StoreError> {
        match self.ledger(election) {
            Some(ledger) => ledger.slot(key, at),
            None => Ok(None),
        }
    }

    fn slots(
        &self,
        election: &ElectionId,
        from: SlotKey,
        limit: usize,
        at: Revision,
    ) -> Result<Vec<SlotRow>, StoreError> {
        match self.ledger(election) {
            Some(ledger) => ledger.slots(from, limit, at),
            None => Ok(Vec::new()),
        }
    }

    fn history(
        &self,
        election: &ElectionId,
        key: SlotKey,
        at: Revision,
        limit: usize,
    ) -> Result<Vec<SlotChange>, StoreError> {
        match self.ledger(election) {
            Some(ledger) => ledger.history(key, at, limit),
            None => Ok(Vec::new()),
        }
    }

    fn pending(
        &self,
        election: &ElectionId,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<PendingReport>, StoreError> {
        match self.ledger(election) {
            Some(ledger) => ledger.pending(from, limit),
            None => Ok(Vec::new()),
        }
    }

    fn turnout(
        &self,
        election: &ElectionId,
        unit: u32,
        at: Revision,
    ) -> Result<Option<TurnoutChange>, StoreError> {
        match self.ledger(election) {
            Some(ledger) => ledger.turnout(unit, at),
            None => Ok(None),
        }
    }

    fn milestones(
        &self,
        election: &ElectionId,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Milestone>, StoreError> {
        match self.ledger(election) {
            Some(ledger) => ledger.milestones(from, limit),
            None => Ok(Vec::new()),
        }
    }
}
