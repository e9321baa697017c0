//! The store with the tail of the log over it: right at the durable head while the store lags.

use crate::change::{Milestone, SlotChange, TurnoutChange};
use crate::overlay::{Overlay, OverlayError};
use crate::row::{PendingReport, SlotKey, SlotRow};
use crate::{ResultsStore, StoreError};
use election::event::Recorded;
use election::ids::{ElectionId, Revision};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// One election, asked at its durable head.
///
/// One writer calls [`StoreView::add`] with events that are durable; one thread calls [`StoreView::catch_up`]; anyone
/// asks. Each answer is the state at one revision: the head when the question came, or an earlier one that was asked for.
///
/// How: a question first copies what it needs of the overlay, together with the overlay's base and head, and only then
/// asks the store *as of that base*. Whatever is applied or dropped in between, the two parts fit. The overlay's lock is
/// never held during a call into the store, so neither a slow disk nor a long batch holds up the writer.
pub struct StoreView<S> {
    store: S,
    election: ElectionId,
    overlay: RwLock<Overlay>,
}

impl<S: ResultsStore> StoreView<S> {
    /// A view whose overlay holds at most `capacity` events. It starts at the store's applied revision: the log's events
    /// after that are added first.
    pub fn new(store: S, election: ElectionId, capacity: usize) -> Result<Self, StoreError> {
        let base = store.applied_revision(&election)?;
        Ok(Self {
            store,
            election,
            overlay: RwLock::new(Overlay::new(base, capacity)),
        })
    }

    /// The store below.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// How many events can be added. As there is one who adds, there cannot be fewer when it does.
    pub fn room(&self) -> usize {
        self.read().room()
    }

    /// The revision up to which answers reach.
    pub fn head(&self) -> Revision {
        self.read().head()
    }

    /// How many events the store lags behind.
    pub fn lag(&self) -> u64 {
        let overlay = self.read();
        overlay.head().0 - overlay.base().0
    }

    /// Takes durable events: from now on answers show them.
    pub fn add(&self, events: &[Recorded]) -> Result<(), OverlayError> {
        self.write().add(events)
    }

    /// Applies the oldest changes to the store, at most `limit`, and returns how many are left. For one thread at a time;
    /// it blocks for as long as the store needs. Better every second or two than at once: lagging costs nothing, and a
    /// larger batch writes fewer rows an event ([`crate::APPLY_CHANGES`]).
    pub fn catch_up(&self, limit: usize) -> Result<u64, StoreError> {
        let changes = self.read().oldest(limit);
        let applied = match changes.is_empty() {
            true => self.store.applied_revision(&self.election)?,
            false => self.store.apply_changes(&self.election, &changes)?,
        };
        self.write().drop_up_to(applied);
        Ok(self.lag())
    }

    /// The state of a tally at a revision, at most the head; `None` while no event has touched it.
    pub fn slot(&self, key: SlotKey, at: Revision) -> Result<Option<SlotRow>, StoreError> {
        let (base, changes) = {
            let overlay = self.read();
            let changes: Vec<SlotChange> = overlay.slot_changes(key, at).copied().collect();
            (overlay.base(), changes)
        };
        let before = self.store.slot(&self.election, key, at.min(base))?;
        Ok(SlotRow::fold(before, changes.iter().rev()))
    }

    /// The tallies from a key on that had been touched at a revision, in the order of their keys, at most `limit`. To show
    /// all pages at one revision, pass the first page's head to the others.
    pub fn slots(
        &self,
        from: SlotKey,
        limit: usize,
        at: Revision,
    ) -> Result<Vec<SlotRow>, StoreError> {
        let (base, changed) = {
            let overlay = self.read();
            let changed: Vec<(SlotKey, Vec<SlotChange>)> = overlay
                .slots(from)
                .map(|key| (key, overlay.slot_changes(key, at).copied().collect()))
                .filter(|(_, changes): &(_, Vec<_>)| !changes.is_empty())
                .take(limit)
                .collect();
            (overlay.base(), changed)
        };
        let rows = self
            .store
            .slots(&self.election, from, limit, at.min(base))?;
        let mut rows: BTreeMap<SlotKey, SlotRow> = rows
            .into_iter()
            .map(|row| (SlotKey::from(row.slot), row))
            .collect();
        let page_end = match rows.last_key_value() {
            Some((last, _)) if rows.len() >= limit => Some(*last),
            _ => None,
        };
        // A slot behind the store's full page may have a row there that was not read: it is not on this page anyway.
        for (key, changes) in changed {
            if page_end.is_some_and(|last| key > last) {
                break;
            }
            if let Some(row) = SlotRow::fold(rows.remove(&key), changes.iter().rev()) {
                rows.insert(key, row);
            }
        }
        Ok(rows.into_values().take(limit).collect())
    }

    /// What happened to a tally up to a revision, newest first, at most `limit`.
    pub fn history(
        &self,
        key: SlotKey,
        at: Revision,
        limit: usize,
    ) -> Result<Vec<SlotChange>, StoreError> {
        let (base, mut changes) = {
            let overlay = self.read();
            let changes = overlay.slot_changes(key, at).take(limit).copied();
            (overlay.base(), changes.collect::<Vec<_>>())
        };
        let rest = limit - changes.len();
        changes.extend(
            self.store
                .history(&self.election, key, at.min(base), rest)?,
        );
        Ok(changes)
    }

    /// The turnout of a unit at a revision; `None` while it has reported none.
    pub fn turnout(&self, unit: u32, at: Revision) -> Result<Option<TurnoutChange>, StoreError> {
        let (base, change) = {
            let overlay = self.read();
            (overlay.base(), overlay.turnout(unit, at))
        };
        match change {
            Some(change) => Ok(Some(change)),
            None => self.store.turnout(&self.election, unit, at.min(base)),
        }
    }

    /// The events that concern no single unit, from a revision on, oldest first, at most `limit`.
    pub fn milestones(&self, from: Revision, limit: usize) -> Result<Vec<Milestone>, StoreError> {
        let (base, fresh) = {
            let overlay = self.read();
            let fresh: Vec<_> = overlay.milestones(from).take(limit).collect();
            (overlay.base(), fresh)
        };
        let mut milestones = self.store.milestones(&self.election, from, limit)?;
        milestones.retain(|milestone| milestone.revision <= base);
        milestones.extend(fresh);
        milestones.truncate(limit);
        Ok(milestones)
    }

    /// The reports that wait for a reviewer at the head, from a held revision on, oldest first, at most `limit`.
    pub fn pending(&self, from: Revision, limit: usize) -> Result<Vec<PendingReport>, StoreError> {
        loop {
            let head = self.head();
            let found = self.pending_at(from, limit, head)?;
            // The queue has no past: a report that was reviewed after `head` is missing if the store knows that already.
            if self.store.applied_revision(&self.election)? <= head {
                return Ok(found);
            }
        }
    }

    fn pending_at(
        &self,
        mut from: Revision,
        limit: usize,
        at: Revision,
    ) -> Result<Vec<PendingReport>, StoreError> {
        let mut found = Vec::new();
        while found.len() < limit {
            let (base, fresh) = {
                let overlay = self.read();
                let fresh: Vec<_> = overlay.held(from).take(limit).collect();
                (overlay.base(), fresh)
            };
            let mut candidates = self.store.pending(&self.election, from, limit)?;
            candidates.retain(|report| report.revision <= base);
            candidates.extend(fresh);
            candidates.truncate(limit);
            let Some(last) = candidates.last() else { break };
            from = last.revision.next();
            for report in candidates {
                let row = self.slot(report.slot.into(), at)?;
                let waits = row.is_some_and(|row| {
                    let mut waiting = row.pending.iter();
                    waiting.any(|version| version.revision == report.revision)
                });
                if waits {
                    found.push(report);
                }
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    fn read(&self) -> RwLockReadGuard<'_, Overlay> {
        self.overlay.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Overlay> {
        self.overlay.write().unwrap_or_else(PoisonError::into_inner)
    }
}
