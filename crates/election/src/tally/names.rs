//! The ids of the units, in both directions: one text, and a table of places in it.

#[cfg(test)]
mod tests;

use crate::ids::{ID_LENGTH_MAX, is_id_byte};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use std::sync::OnceLock;

/// The names of the units, packed. An index is the unit's place in the register.
#[derive(Debug, Clone, Default)]
pub struct UnitNames {
    text: String,
    ends: Vec<u32>,
    /// Some do not ascend, or it is not known.
    is_unordered: bool,
    /// Made when a name is first looked for: a follower never does.
    table: OnceLock<Table>,
}

/// Indexes by the hash of their names. Officials choose the names, so a fast hash with a random seed is enough.
#[derive(Debug, Clone, Default)]
struct Table {
    hasher: DefaultHashBuilder,
    indexes: HashTable<u32>,
}

impl PartialEq for UnitNames {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.ends == other.ends
    }
}

impl Eq for UnitNames {}

impl UnitNames {
    /// The id of the unit at this index, if it is registered.
    pub fn get(&self, unit: u32) -> Option<&str> {
        name(&self.text, &self.ends, unit)
    }

    /// Makes the table that [`Self::find`] looks into, if it is not there: about 0.1 us for each unit.
    pub fn prepare(&self) {
        self.table.get_or_init(|| self.make_table());
    }

    /// The index of the unit of this id, if it is registered. The first call does what [`Self::prepare`] does.
    pub fn find(&self, id: &str) -> Option<u32> {
        let table = self.table.get_or_init(|| self.make_table());
        let hash = table.hasher.hash_one(id);
        let is_it = |unit: &u32| self.get(*unit) == Some(id);
        table.indexes.find(hash, is_it).copied()
    }

    /// Whether the id stands behind all that are registered, which ascend: it is not among them, and no table is needed to say
    /// so. False if that is not known.
    pub fn is_behind_all(&self, id: &str) -> bool {
        !self.is_unordered && self.last().is_none_or(|last| last < id)
    }

    fn last(&self) -> Option<&str> {
        let last = u32::try_from(self.len().checked_sub(1)?).ok()?;
        self.get(last)
    }

    /// All ids in the order of the register.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0_u32..).map_while(|unit| self.get(unit))
    }

    /// How many units are registered.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// None is registered.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All ids in the order of the register, one behind the other, and where each ends.
    pub(crate) fn parts(&self) -> (&str, &[u32]) {
        (&self.text, &self.ends)
    }

    /// From what [`Self::parts`] gave; `None` if that is not a row of ids.
    pub(crate) fn from_parts(text: String, ends: Vec<u32>) -> Option<Self> {
        let limit = u32::try_from(ID_LENGTH_MAX).unwrap_or(u32::MAX);
        let mut start = 0;
        let are_ends = ends.iter().all(|end| {
            let length = end.wrapping_sub(start);
            start = *end;
            (1..=limit).contains(&length)
        });
        let is_whole = usize::try_from(start).is_ok_and(|end| end == text.len());
        let is_ids = are_ends && is_whole && text.bytes().all(is_id_byte);
        is_ids.then_some(Self {
            text,
            ends,
            is_unordered: true,
            table: OnceLock::new(),
        })
    }

    pub(super) fn reserve(&mut self, units: usize) {
        self.ends.reserve_exact(units);
        if let Some(Table { hasher, indexes }) = self.table.get_mut() {
            let hash = |unit: &u32| hash_of(hasher, &self.text, &self.ends, *unit);
            indexes.reserve(units, hash);
        }
    }

    pub(super) fn push(&mut self, id: &str) {
        let unit = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.is_unordered = !self.is_behind_all(id);
        self.text.push_str(id);
        // 4 million units of 64 bytes are 256 MB, far below 2^32.
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        if let Some(Table { hasher, indexes }) = self.table.get_mut() {
            let hash = |unit: &u32| hash_of(hasher, &self.text, &self.ends, *unit);
            indexes.insert_unique(hasher.hash_one(id), unit, hash);
        }
    }

    fn make_table(&self) -> Table {
        let hasher = DefaultHashBuilder::default();
        let mut indexes = HashTable::with_capacity(self.len());
        let hash = |unit: &u32| hash_of(&hasher, &self.text, &self.ends, *unit);
        for unit in (0..).take(self.len()) {
            indexes.insert_unique(hash(&unit), unit, hash);
        }
        Table { hasher, indexes }
    }
}

fn name<'a>(text: &'a str, ends: &[u32], unit: u32) -> Option<&'a str> {
    let index = usize::try_from(unit).ok()?;
    let end = usize::try_from(*ends.get(index)?).ok()?;
    let start = match index.checked_sub(1) {
        Some(before) => usize::try_from(*ends.get(before)?).ok()?,
        None => 0,
    };
    text.get(start..end)
}

fn hash_of(hasher: &DefaultHashBuilder, text: &str, ends: &[u32], unit: u32) -> u64 {
    hasher.hash_one(name(text, ends, unit).unwrap_or_default())
}
