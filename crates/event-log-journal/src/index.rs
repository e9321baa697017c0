//! What an open journal keeps in memory: for each election where its durable groups lie.

use crate::layout::{BLOCK_BYTES, Header};
use election::ids::{ElectionId, LogId, Revision};
use event_log::{Damage, Head};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Where a group lies, in 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub first_revision: Revision,
    pub segment: u32,
    /// Offset in blocks.
    block: u32,
    /// Span in blocks.
    blocks: u32,
}

impl Place {
    pub(crate) fn new(first_revision: Revision, segment: u64, offset: u64, span: usize) -> Self {
        let blocks = |bytes: u64| u32::try_from(bytes / BLOCK_BYTES as u64);
        Self {
            first_revision,
            segment: u32::try_from(segment).expect("a journal has fewer than 2^32 segments"),
            block: blocks(offset).expect("a segment is smaller than 16 TiB"),
            blocks: blocks(span as u64).expect("a group is smaller than 16 TiB"),
        }
    }

    pub(crate) fn of(header: &Header) -> Self {
        let first = header.first_revision;
        Self::new(first, header.segment, header.offset, header.span())
    }

    pub(crate) fn offset(&self) -> u64 {
        u64::from(self.block) * BLOCK_BYTES as u64
    }

    pub(crate) fn span(&self) -> usize {
        usize::try_from(self.blocks).expect("32 bits fit a size") * BLOCK_BYTES
    }

    /// Whether the other group lies right behind this one.
    pub(crate) fn is_followed_by(&self, other: &Self) -> bool {
        self.segment == other.segment && self.block + self.blocks == other.block
    }
}

/// One election's groups.
#[derive(Debug)]
pub(crate) struct Log {
    pub log_id: LogId,
    pub head: Revision,
    pub damage: Option<Damage>,
    /// In the order of their revisions.
    pub places: Vec<Place>,
}

/// All elections' groups and the files that hold them.
#[derive(Debug)]
pub(crate) struct Index<F> {
    pub logs: BTreeMap<ElectionId, Log>,
    pub segments: BTreeMap<u32, Arc<F>>,
}

impl<F> Default for Index<F> {
    fn default() -> Self {
        Self {
            logs: BTreeMap::new(),
            segments: BTreeMap::new(),
        }
    }
}

impl<F> Index<F> {
    /// Adds a group at the end of its election.
    pub(crate) fn push(
        &mut self,
        election: &ElectionId,
        log_id: LogId,
        place: Place,
        head: Revision,
    ) {
        if !self.logs.contains_key(election) {
            let log = Log {
                log_id,
                head,
                damage: None,
                places: Vec::new(),
            };
            self.logs.insert(election.clone(), log);
        }
        let log = self
            .logs
            .get_mut(election)
            .expect("it was put in if it was missing");
        log.places.push(place);
        log.head = head;
    }

    pub(crate) fn heads(&self) -> Vec<Head> {
        let head = |(election, log): (&ElectionId, &Log)| Head {
            election: election.clone(),
            log_id: log.log_id,
            revision: log.head,
            damage: log.damage.clone(),
        };
        self.logs.iter().map(head).collect()
    }
}

/// The index as the writer and the readers share it. It holds what is durable and nothing else.
#[derive(Debug)]
pub(crate) struct Shared<F> {
    index: RwLock<Index<F>>,
    /// There was no room for the next segment when it was last looked for.
    is_short_of_room: AtomicBool,
}

impl<F> Shared<F> {
    pub(crate) fn new(index: Index<F>) -> Self {
        Self {
            index: RwLock::new(index),
            is_short_of_room: AtomicBool::new(false),
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Index<F>> {
        self.index.read().expect("no holder of the lock panics")
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Index<F>> {
        self.index.write().expect("no holder of the lock panics")
    }

    pub(crate) fn is_short_of_room(&self) -> bool {
        self.is_short_of_room.load(Ordering::Acquire)
    }

    pub(crate) fn set_short_of_room(&self, is_short: bool) {
        self.is_short_of_room.store(is_short, Ordering::Release);
    }
}
