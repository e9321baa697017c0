//! The twin in memory: the same rows in a sorted map. For simulation, for tests, and where a folder cannot be had.

use crate::StoreError;
use crate::elections::Elections;
use crate::ledger::{Ledger, Rows, Visit, Write};
use election::ids::ElectionId;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store in memory. It is gone with the process.
#[derive(Default)]
pub struct MemoryStore {
    ledgers: RwLock<BTreeMap<ElectionId, Arc<Ledger<MemoryRows>>>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Elections for MemoryStore {
    type Rows = MemoryRows;

    fn ledger(&self, election: &ElectionId) -> Option<Arc<Ledger<MemoryRows>>> {
        let ledgers = self.ledgers.read().unwrap_or_else(PoisonError::into_inner);
        ledgers.get(election).cloned()
    }

    fn ledger_or_new(&self, election: &ElectionId) -> Result<Arc<Ledger<MemoryRows>>, StoreError> {
        let mut ledgers = self.ledgers.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(ledger) = ledgers.get(election) {
            return Ok(Arc::clone(ledger));
        }
        let ledger = Arc::new(Ledger::open(MemoryRows::default(), None)?);
        ledgers.insert(election.clone(), Arc::clone(&ledger));
        Ok(ledger)
    }
}

/// One election's rows.
#[derive(Default)]
pub(crate) struct MemoryRows(RwLock<Map>);

impl Rows for MemoryRows {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(map.get(key).cloned())
    }

    fn scan(&self, from: &[u8], visit: &mut Visit<'_>) -> Result<(), StoreError> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for (key, row) in map.range(from.to_vec()..) {
            if visit(key, row)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, row) in writes {
            match row {
                Some(row) => map.insert(key, row),
                None => map.remove(&key),
            };
        }
        Ok(())
    }
}
