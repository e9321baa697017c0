//! The store that is asked, shared by the elections of the role.

use std::path::Path;
use std::sync::Arc;

use election::ids::{ElectionId, Revision};
use event_log::Head;
use results_store::{
    Change, MemoryStore, Milestone, PendingReport, ResultsStore, SledStore, SlotChange, SlotKey,
    SlotRow, StoreError, TurnoutChange,
};

/// A store of either kind. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Store(Arc<Kind>);

enum Kind {
    Sled(SledStore),
    Memory(MemoryStore),
}

impl Store {
    /// Opens the store beside the log; without a folder it is an empty one in memory. Blocks.
    pub fn open(folder: Option<&Path>, heads: &[Head]) -> Result<Self, StoreError> {
        let kind = match folder {
            Some(folder) => Kind::Sled(SledStore::open(folder, heads)?.store),
            None => Kind::Memory(MemoryStore::new()),
        };
        Ok(Self(Arc::new(kind)))
    }

    /// Makes what is applied last. Blocks.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        match &*self.0 {
            Kind::Sled(store) => store.checkpoint(),
            Kind::Memory(_) => Ok(()),
        }
    }

    /// Whether nobody else holds it: only then may its folder be opened again.
    pub fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    fn kind(&self) -> &dyn ResultsStore {
        match &*self.0 {
            Kind::Sled(store) => store,
            Kind::Memory(store) => store,
        }
    }
}

impl ResultsStore for Store {
    fn applied_revision(&self, election: &ElectionId) -> Result<Revision, StoreError> {
        self.kind().applied_revision(election)
    }

    fn apply_changes(
        &self,
        election: &ElectionId,
        changes: &[Change],
    ) -> Result<Revision, StoreError> {
        self.kind().apply_changes(election, changes)
    }

    fn slot(
        &self,
        election: &ElectionId,
        key: SlotKey,
        at: Revision,
    ) -> Result<Option<SlotRow>, StoreError> {
        self.kind().slot(election, key, at)
    }

    fn slots(
        &self,
        election: &ElectionId,
        from: SlotKey,
        limit: usize,
        at: Revision,
    ) -> Result<Vec<SlotRow>, StoreError> {
        self.kind().slots(election, from, limit, at)
    }

    fn history(
        &self,
        election: &ElectionId,
        key: SlotKey,
        at: Revision,
        limit: usize,
    ) -> Result<Vec<SlotChange>, StoreError> {
        self.kind().history(election, key, at, limit)
    }

    fn pending(
        &self,
        election: &ElectionId,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<PendingReport>, StoreError> {
        self.kind().pending(election, from, limit)
    }

    fn turnout(
        &self,
        election: &ElectionId,
        unit: u32,
        at: Revision,
    ) -> Result<Option<TurnoutChange>, StoreError> {
        self.kind().turnout(election, unit, at)
    }

    fn milestones(
        &self,
        election: &ElectionId,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Milestone>, StoreError> {
        self.kind().milestones(election, from, limit)
    }
}
