//! One election's rows on any engine: how changes are applied, asked for and verified.

// tidy: long because one fold over all rows.

use crate::StoreError;
use crate::change::{Change, Milestone, SlotChange, TurnoutChange};
use crate::layout::{
    self, BLOCK_UNITS, Block, CHUNK_POINTERS, HEAD_KEY, Head, POINTER_BYTES, Pointer,
};
use crate::row::{PendingReport, SlotKey, SlotRow};
use election::ids::{LogId, Revision};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A row to write; `None` removes it.
pub(crate) type Write = (Vec<u8>, Option<Vec<u8>>);

/// Sees a row; may end the scan.
pub(crate) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'a;

/// Sees a row's number, key and checked body; may end the scan.
type VisitBody<'a> = dyn FnMut(u64, &[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'a;

/// An ordered map of rows.
pub(crate) trait Rows: Send + Sync {
    /// A row.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// All rows from a key on, in order.
    fn scan(&self, from: &[u8], visit: &mut Visit<'_>) -> Result<(), StoreError>;

    /// Writes all of them in one atomic step.
    fn write(&self, writes: Vec<Write>) -> Result<(), StoreError>;
}

/// What a scan over all rows found the history's checksum to be at a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HistoryAt {
    pub revision: u64,
    pub history_crc: u32,
}

/// One election.
pub(crate) struct Ledger<R> {
    rows: R,
    head: Mutex<Head>,
    applied: AtomicU64,
    failed: AtomicBool,
}

impl<R: Rows> Ledger<R> {
    /// Takes the rows as they are. `log_id` is the log's, if it is known.
    pub(crate) fn open(rows: R, log_id: Option<LogId>) -> Result<Self, StoreError> {
        let mut head = match rows.get(HEAD_KEY)? {
            Some(row) => Head::decode(layout::unseal(HEAD_KEY, &row)?)
                .ok_or_else(|| layout::damaged(HEAD_KEY, "is of another layout"))?,
            None => Head::default(),
        };
        if head.log_id.is_none() {
            head.log_id = log_id;
        }
        Ok(Self {
            rows,
            applied: AtomicU64::new(head.applied),
            head: Mutex::new(head),
            failed: AtomicBool::new(false),
        })
    }

    pub(crate) fn head(&self) -> Head {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn applied(&self) -> Result<u64, StoreError> {
        self.usable()?;
        Ok(self.applied.load(Ordering::Acquire))
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(StoreError::Failed);
        }
        Ok(())
    }

    /// Applies what is not applied yet. Rows and head change in one step, or not at all.
    pub(crate) fn apply(&self, changes: &[Change]) -> Result<u64, StoreError> {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        self.usable()?;
        let fresh = changes.partition_point(|change| change.revision().0 <= head.applied);
        let fresh = &changes[fresh..];
        for (expected, change) in (head.applied + 1..).zip(fresh) {
            if change.revision().0 != expected {
                return Err(StoreError::Gap {
                    expected: Revision(expected),
                    found: change.revision(),
                });
            }
        }
        if fresh.is_empty() {
            return Ok(head.applied);
        }
        let (writes, after) = Draft::new(&self.rows, *head)?.take(fresh)?;
        if let Err(error) = self.rows.write(writes) {
            // What was written is not known: nothing that is read from here on could be trusted.
            self.failed.store(true, Ordering::Release);
            return Err(error);
        }
        *head = after;
        self.applied.store(after.applied, Ordering::Release);
        Ok(after.applied)
    }

    pub(crate) fn slot(&self, key: SlotKey, at: Revision) -> Result<Option<SlotRow>, StoreError> {
        let mut block = self.block(key.unit)?;
        match block.slot(key) {
            Ok(place) => self.row_at(block.slots.swap_remove(place), at),
            Err(_) => Ok(None),
        }
    }

    /// The row as it was: the latest one if it is old enough, else a fold of the history from the last change on that
    /// says all by itself.
    fn row_at(&self, latest: SlotRow, at: Revision) -> Result<Option<SlotRow>, StoreError> {
        if latest.last_revision <= at {
            return Ok(Some(latest));
        }
        let mut changes = Vec::new();
        self.walk_slot(latest.last_revision.0, &mut |change| {
            if change.revision > at {
                return ControlFlow::Continue(());
            }
            changes.push(change);
            if change.determines_row() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok(SlotRow::fold(None, changes.iter().rev()))
    }

    pub(crate) fn slots(
        &self,
        from: SlotKey,
        limit: usize,
        at: Revision,
    ) -> Result<Vec<SlotRow>, StoreError> {
        self.usable()?;
        let mut found = Vec::new();
        let mut first_block = Some(from.unit / BLOCK_UNITS);
        // Rows are collected before histories are walked: no look-up happens inside a scan.
        while let Some(first) = first_block.take()
            && found.len() < limit
        {
            let mut latest = Vec::new();
            self.scan(b'b', u64::from(first), &mut |number, key, body| {
                if latest.len() >= limit - found.len() {
                    first_block = u32::try_from(number).ok();
                    return Ok(ControlFlow::Break(()));
                }
                latest.extend(
                    decoded(key, Block::decode(body))?
                        .slots
                        .into_iter()
                        .filter(|row| SlotKey::from(row.slot) >= from),
                );
                Ok(ControlFlow::Continue(()))
            })?;
            for row in latest {
                found.extend(self.row_at(row, at)?);
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    pub(crate) fn history(
        &self,
        key: SlotKey,
        at: Revision,
        limit: usize,
    ) -> Result<Vec<SlotChange>, StoreError> {
        let block = self.block(key.unit)?;
        let mut changes = Vec::new();
        if let (Ok(place), 1..) = (block.slot(key), limit) {
            self.walk_slot(block.slots[place].last_revision.0, &mut |change| {
                if change.revision <= at {
                    changes.push(change);
                }
                if changes.len() < limit {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })?;
        }
        Ok(changes)
    }

    pub(crate) fn turnout(
        &self,
        unit: u32,
        at: Revision,
    ) -> Result<Option<TurnoutChange>, StoreError> {
        let block = self.block(unit)?;
        let Ok(place) = block.turnout(unit) else {
            return Ok(None);
        };
        let mut found = Some(block.turnouts[place]);
        while let Some(change) = found
            && change.revision > at
        {
            let revision = change.revision.0;
            let pointer = self.pointer(revision)?;
            found = match pointer.previous {
                0 => None,
                previous => match self.pointer(earlier(revision, previous)?)?.change {
                    Change::Turnout(change) if change.unit == unit => Some(change),
                    _ => return Err(broken_chain(revision)),
                },
            };
        }
        Ok(found)
    }

    pub(crate) fn pending(
        &self,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<PendingReport>, StoreError> {
        self.list(b'p', from, limit, layout::decode_pending)
    }

    pub(crate) fn milestones(
        &self,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Milestone>, StoreError> {
        self.list(b'm', from, limit, layout::decode_milestone)
    }

    fn list<T>(
        &self,
        prefix: u8,
        from: Revision,
        limit: usize,
        decode: fn(u64, &[u8]) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.usable()?;
        let mut found = Vec::new();
        self.scan(prefix, from.0, &mut |number, key, body| {
            if found.len() >= limit {
                return Ok(ControlFlow::Break(()));
            }
            found.push(decoded(key, decode(number, body))?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// The rows of a prefix from a number on, checked.
    fn scan(&self, prefix: u8, from: u64, visit: &mut VisitBody<'_>) -> Result<(), StoreError> {
        let first = match prefix {
            b'b' => layout::block_key(u32::try_from(from).unwrap_or(u32::MAX)),
            b'm' => layout::milestone_key(from),
            _ => layout::pending_key(from),
        };
        self.rows.scan(&first, &mut |key, row| {
            if key.first() != Some(&prefix) {
                return Ok(ControlFlow::Break(()));
            }
            let number = decoded(key, layout::key_number(key))?;
            visit(number, key, layout::unseal(key, row)?)
        })
    }

    fn block(&self, unit: u32) -> Result<Block, StoreError> {
        self.usable()?;
        read_block(&self.rows, unit / BLOCK_UNITS).map(|(block, _)| block)
    }

    fn pointer(&self, revision: u64) -> Result<Pointer, StoreError> {
        let (chunk, place) = layout::chunk_place(revision);
        let key = layout::chunk_key(chunk);
        let row = self.rows.get(&key)?;
        let row = row.ok_or_else(|| layout::damaged(&key, "is missing"))?;
        let body = layout::unseal(&key, &row)?;
        let bytes = body.get(place * POINTER_BYTES..(place + 1) * POINTER_BYTES);
        decoded(
            &key,
            bytes.and_then(|bytes| Pointer::decode(revision, bytes)),
        )
    }

    /// Walks back through a slot's history.
    fn walk_slot(
        &self,
        mut revision: u64,
        visit: &mut dyn FnMut(SlotChange) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        loop {
            let pointer = self.pointer(revision)?;
            let Change::Slot { change, .. } = pointer.change else {
                return Err(broken_chain(revision));
            };
            if visit(change).is_break() || pointer.previous == 0 {
                return Ok(());
            }
            revision = earlier(revision, pointer.previous)?;
        }
    }

    /// Reads every row and compares them with the head: number, sum, the unbroken history and its checksum. Returns the
    /// history's checksum at `probe`, if it reaches so far.
    pub(crate) fn verify(&self, probe: u64) -> Result<Option<HistoryAt>, StoreError> {
        let head = self.head();
        let (mut rows, mut sum) = (0_u64, 0_u64);
        let (mut applied, mut history_crc) = (0_u64, 0_u32);
        let mut at_probe = (probe == 0).then_some(0);
        self.rows.scan(b"", &mut |key, row| {
            if key == HEAD_KEY {
                return Ok(ControlFlow::Continue(()));
            }
            let body = layout::unseal(key, row)?;
            rows += 1;
            sum = sum.wrapping_add(layout::row_sum(row));
            if key.first() == Some(&b'h') {
                if layout::key_number(key) != Some(applied / CHUNK_POINTERS) {
                    return Err(layout::damaged(key, "does not follow the one before it"));
                }
                for pointer in body.chunks(POINTER_BYTES) {
                    history_crc = crc32c::crc32c_append(history_crc, pointer);
                    applied += 1;
                    if applied == probe {
                        at_probe = Some(history_crc);
                    }
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let found = Head {
            log_id: head.log_id,
            applied,
            history_crc,
            rows,
            sum,
        };
        if found != head {
            return Err(StoreError::Damaged(format!(
                "the head says {head:?}, the rows say {found:?}"
            )));
        }
        Ok(at_probe.map(|history_crc| HistoryAt {
            revision: probe,
            history_crc,
        }))
    }
}

fn decoded<T>(key: &[u8], value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(|| layout::damaged(key, "cannot be read"))
}

fn broken_chain(revision: u64) -> StoreError {
    StoreError::Damaged(format!("the history is broken at revision {revision}"))
}

/// A chain leads to lower revisions only: so a walk ends whatever the rows say.
fn earlier(revision: u64, previous: u64) -> Result<u64, StoreError> {
    if previous < revision {
        Ok(previous)
    } else {
        Err(broken_chain(revision))
    }
}

/// A block, and its row's sum if it is there.
fn read_block(rows: &impl Rows, number: u32) -> Result<(Block, Option<u64>), StoreError> {
    let key = layout::block_key(number);
    match rows.get(&key)? {
        None => Ok((Block::default(), None)),
        Some(row) => {
            let block = Block::decode(layout::unseal(&key, &row)?);
            Ok((decoded(&key, block)?, Some(layout::row_sum(&row))))
        }
    }
}

/// The rows that a run of changes touches.
struct Draft<'a, R> {
    rows: &'a R,
    head: Head,
    blocks: BTreeMap<u32, (Block, Option<u64>)>,
    chunk: Vec<u8>,
    former_chunk: Option<u64>,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    settled: Vec<Revision>,
}

impl<'a, R: Rows> Draft<'a, R> {
    fn new(rows: &'a R, head: Head) -> Result<Self, StoreError> {
        let (mut chunk, mut former_chunk) = (Vec::new(), None);
        if !head.applied.is_multiple_of(CHUNK_POINTERS) {
            let (number, place) = layout::chunk_place(head.applied);
            let key = layout::chunk_key(number);
            let row = rows.get(&key)?;
            let row = row.ok_or_else(|| layout::damaged(&key, "is missing"))?;
            chunk = layout::unseal(&key, &row)?.to_vec();
            if chunk.len() != (place + 1) * POINTER_BYTES {
                return Err(layout::damaged(&key, "has another length"));
            }
            former_chunk = Some(layout::row_sum(&row));
        }
        Ok(Self {
            rows,
            head,
            blocks: BTreeMap::new(),
            chunk,
            former_chunk,
            writes: BTreeMap::new(),
            settled: Vec::new(),
        })
    }

    fn take(mut self, changes: &[Change]) -> Result<(Vec<Write>, Head), StoreError> {
        for change in changes {
            let previous = self.touch(change)?;
            self.point(previous, change);
        }
        self.close_chunk();
        for (number, (block, former)) in std::mem::take(&mut self.blocks) {
            self.put(layout::block_key(number), block.encode(), former);
        }
        let mut writes: Vec<Write> = self.writes.into_iter().collect();
        let head = layout::seal(HEAD_KEY, self.head.encode());
        writes.push((HEAD_KEY.to_vec(), Some(head)));
        Ok((writes, self.head))
    }

    /// Brings the latest rows up to date, and returns the revision of the change before this one of the same slot.
    fn touch(&mut self, change: &Change) -> Result<u64, StoreError> {
        match change {
            Change::Slot { change, held } => {
                let block = self.block(change.slot.unit)?;
                let place = block.slot(change.slot.into());
                let before = place.ok().map(|place| block.slots[place].clone());
                let previous = before.as_ref().map_or(0, |row| row.last_revision.0);
                let mut settled = std::mem::take(&mut self.settled);
                let row = SlotRow::step(before, change, &mut settled);
                let waits = row.pending.last().map(|version| version.revision);
                let block = self.block(change.slot.unit)?;
                match place {
                    Ok(place) => block.slots[place] = row,
                    Err(place) => block.slots.insert(place, row),
                }
                if let Some(held) = held
                    && waits == Some(change.revision)
                {
                    let body = layout::encode_pending(change, held);
                    self.put(layout::pending_key(change.revision.0), body, None);
                }
                for revision in settled.drain(..) {
                    if revision != change.revision {
                        self.remove(layout::pending_key(revision.0))?;
                    }
                }
                self.settled = settled;
                Ok(previous)
            }
            Change::Turnout(change) => {
                let block = self.block(change.unit)?;
                match block.turnout(change.unit) {
                    Ok(place) => {
                        let former = std::mem::replace(&mut block.turnouts[place], *change);
                        Ok(former.revision.0)
                    }
                    Err(place) => {
                        block.turnouts.insert(place, *change);
                        Ok(0)
                    }
                }
            }
            Change::Milestone { milestone, log_id } => {
                if self.head.log_id.is_none() {
                    self.head.log_id = *log_id;
                }
                let key = layout::milestone_key(milestone.revision.0);
                self.put(key, vec![milestone.kind as u8], None);
                Ok(0)
            }
        }
    }

    fn block(&mut self, unit: u32) -> Result<&mut Block, StoreError> {
        use std::collections::btree_map::Entry;
        let number = unit / BLOCK_UNITS;
        let entry = match self.blocks.entry(number) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(read_block(self.rows, number)?),
        };
        Ok(&mut entry.0)
    }

    fn point(&mut self, previous: u64, change: &Change) {
        let pointer = Pointer::encode(previous, change);
        self.head.applied = change.revision().0;
        self.head.history_crc = crc32c::crc32c_append(self.head.history_crc, &pointer);
        self.chunk.extend_from_slice(&pointer);
        if self.head.applied.is_multiple_of(CHUNK_POINTERS) {
            self.close_chunk();
        }
    }

    fn close_chunk(&mut self) {
        if self.chunk.is_empty() {
            return;
        }
        let (number, _) = layout::chunk_place(self.head.applied);
        let body = std::mem::take(&mut self.chunk);
        let former = self.former_chunk.take();
        self.put(layout::chunk_key(number), body, former);
    }

    /// `former` is the sum of the row that is replaced.
    fn put(&mut self, key: Vec<u8>, body: Vec<u8>, former: Option<u64>) {
        let row = layout::seal(&key, body);
        self.count(Some(layout::row_sum(&row)), former);
        self.writes.insert(key, Some(row));
    }

    fn remove(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        let row = match self.writes.remove(&key) {
            Some(written) => written,
            None => {
                let row = self.rows.get(&key)?;
                self.writes.insert(key.clone(), None);
                row
            }
        };
        let row = row.ok_or_else(|| layout::damaged(&key, "is missing"))?;
        self.count(None, Some(layout::row_sum(&row)));
        Ok(())
    }

    fn count(&mut self, added: Option<u64>, former: Option<u64>) {
        let (more, less) = (u64::from(added.is_some()), u64::from(former.is_some()));
        self.head.rows = self.head.rows.wrapping_add(more).wrapping_sub(less);
        let sum = self.head.sum.wrapping_add(added.unwrap_or(0));
        self.head.sum = sum.wrapping_sub(former.unwrap_or(0));
    }
}
