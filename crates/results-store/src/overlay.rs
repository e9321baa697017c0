//! The tail of the log that is not applied yet: pointers in memory, bounded.

use crate::change::{Change, Milestone, SlotChange, TurnoutChange};
use crate::row::{PendingReport, SlotKey};
use election::event::Recorded;
use election::ids::Revision;
use std::collections::{BTreeMap, VecDeque};

/// Why events were not taken; nothing was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverlayError {
    /// The store is too far behind: the writer must wait until [`Overlay::room`] is enough.
    #[error("{given} more events do not fit into {room} places; the store must catch up first")]
    Full {
        /// Events that were given.
        given: usize,
        /// Places that are free.
        room: usize,
    },
    /// Events are missing before the given ones.
    #[error("revision {expected} must come next, but {found} was given")]
    Gap {
        /// The revision that must come next.
        expected: Revision,
        /// The one that was given.
        found: Revision,
    },
}

/// What happened after [`Overlay::base`], up to [`Overlay::head`], by revision and by slot.
///
/// Every event takes about a hundred bytes. It never drops anything by itself: at its bound it refuses, and the owner
/// drops it, so that a store that stalls never costs memory and never holds up a report. Until the store has caught up from
/// the log, what it would answer is unavailable.
pub struct Overlay {
    base: Revision,
    capacity: usize,
    entries: VecDeque<Entry>,
    last_of_slot: BTreeMap<SlotKey, Revision>,
    last_of_unit: BTreeMap<u32, Revision>,
    milestones: VecDeque<Milestone>,
    held: VecDeque<Revision>,
}

struct Entry {
    /// The change before it of the same slot or turnout, if that is in the overlay or was when this one came.
    previous: Revision,
    change: Change,
}

impl Overlay {
    /// An empty one on a store that has applied `base`; `capacity` is the number of events that it holds at most.
    pub fn new(base: Revision, capacity: usize) -> Self {
        Self {
            base,
            capacity,
            entries: VecDeque::new(),
            last_of_slot: BTreeMap::new(),
            last_of_unit: BTreeMap::new(),
            milestones: VecDeque::new(),
            held: VecDeque::new(),
        }
    }

    /// The revision before its first event.
    pub fn base(&self) -> Revision {
        self.base
    }

    /// The revision of its last event, or the base.
    pub fn head(&self) -> Revision {
        Revision(self.base.0 + self.entries.len() as u64)
    }

    /// How many events it still takes.
    pub fn room(&self) -> usize {
        self.capacity.saturating_sub(self.entries.len())
    }

    /// Takes durable events, all or none; those at or below the head are skipped.
    pub fn add(&mut self, events: &[Recorded]) -> Result<(), OverlayError> {
        let head = self.head();
        let known = events.partition_point(|event| event.revision <= head);
        let fresh = &events[known..];
        for (expected, event) in (head.0 + 1..).map(Revision).zip(fresh) {
            if event.revision != expected {
                let found = event.revision;
                return Err(OverlayError::Gap { expected, found });
            }
        }
        if fresh.len() > self.room() {
            return Err(OverlayError::Full {
                given: fresh.len(),
                room: self.room(),
            });
        }
        for event in fresh {
            self.push(Change::of(event));
        }
        Ok(())
    }

    fn push(&mut self, change: Change) {
        let revision = change.revision();
        let previous = match &change {
            Change::Slot { change, held } => {
                if held.is_some() {
                    self.held.push_back(revision);
                }
                self.last_of_slot.insert(change.slot.into(), revision)
            }
            Change::Turnout(change) => self.last_of_unit.insert(change.unit, revision),
            Change::Milestone { milestone, .. } => {
                self.milestones.push_back(*milestone);
                None
            }
        };
        let previous = previous.unwrap_or(Revision::ZERO);
        self.entries.push_back(Entry { previous, change });
    }

    /// Forgets what the store has applied.
    pub fn drop_up_to(&mut self, applied: Revision) {
        while self.base < applied
            && let Some(entry) = self.entries.pop_front()
        {
            self.base = self.base.next();
            let gone = self.base;
            match entry.change {
                Change::Slot { change, .. } => {
                    let key = SlotKey::from(change.slot);
                    if self.last_of_slot.get(&key) == Some(&gone) {
                        self.last_of_slot.remove(&key);
                    }
                }
                Change::Turnout(change) => {
                    if self.last_of_unit.get(&change.unit) == Some(&gone) {
                        self.last_of_unit.remove(&change.unit);
                    }
                }
                Change::Milestone { .. } => {}
            }
        }
        while self.held.front().is_some_and(|held| *held <= self.base) {
            self.held.pop_front();
        }
        while self
            .milestones
            .front()
            .is_some_and(|first| first.revision <= self.base)
        {
            self.milestones.pop_front();
        }
    }

    /// The oldest changes, at most `limit`: what the store must apply next.
    pub(crate) fn oldest(&self, limit: usize) -> Vec<Change> {
        let oldest = self.entries.iter().take(limit);
        oldest.map(|entry| entry.change.clone()).collect()
    }

    fn entry(&self, revision: Revision) -> Option<&Entry> {
        let place = revision.0.checked_sub(self.base.0)?.checked_sub(1)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// A slot's changes up to a revision, newest first.
    pub(crate) fn slot_changes(
        &self,
        key: SlotKey,
        at: Revision,
    ) -> impl Iterator<Item = &SlotChange> {
        let last = self.last_of_slot.get(&key).copied();
        self.chain(last)
            .filter_map(|change| match change {
                Change::Slot { change, .. } => Some(change),
                _ => None,
            })
            .filter(move |change| change.revision <= at)
    }

    /// The slots from a key on that changed here.
    pub(crate) fn slots(&self, from: SlotKey) -> impl Iterator<Item = SlotKey> {
        self.last_of_slot.range(from..).map(|(key, _)| *key)
    }

    /// A unit's last turnout up to a revision.
    pub(crate) fn turnout(&self, unit: u32, at: Revision) -> Option<TurnoutChange> {
        let last = self.last_of_unit.get(&unit).copied();
        self.chain(last)
            .filter_map(|change| match change {
                Change::Turnout(change) => Some(*change),
                _ => None,
            })
            .find(|change| change.revision <= at)
    }

    /// Milestones from a revision on.
    pub(crate) fn milestones(&self, from: Revision) -> impl Iterator<Item = Milestone> {
        let first = self.milestones.partition_point(|it| it.revision < from);
        self.milestones.range(first..).copied()
    }

    /// The reports that were held here from a revision on, whatever became of them.
    pub(crate) fn held(&self, from: Revision) -> impl Iterator<Item = PendingReport> {
        let first = self.held.partition_point(|revision| *revision < from);
        self.held
            .range(first..)
            .filter_map(|revision| match &self.entry(*revision)?.change {
                Change::Slot {
                    change,
                    held: Some(held),
                } => Some(PendingReport::new(change, held)),
                _ => None,
            })
    }

    fn chain(&self, last: Option<Revision>) -> impl Iterator<Item = &Change> {
        let first = last.and_then(|revision| self.entry(revision));
        std::iter::successors(first, |entry| self.entry(entry.previous)).map(|entry| &entry.change)
    }
}
