//! Opening: from what the scan finds to the index, the damage and the place where writing goes on.
//!
//! The rule that everything hangs on: a batch is begun only when the one before is synced. So whatever is wrong before
//! the last batch is damage, and only what is missing in the last batch may be a write that was cut off, provided that
//! nothing but zeros stands in its place.

use crate::index::{Index, Place};
use crate::layout::{self, BATCH_SPAN_MAX, BLOCK_BYTES, Header, Seal};
use crate::recovered::{Extent, Position, Recovered, Unowned};
use crate::scan::{Found, What};
use crate::segment;
use election::ids::{ElectionId, LogId, Revision};
use event_log::{Admission, Appended, Damage};
use std::collections::HashMap;

/// Takes what the scan finds, in order.
#[derive(Debug)]
pub(crate) struct Recovery<F> {
    recovered: Recovered<F>,
    /// The batch being looked at, and what was found of it. Zero before the first.
    batch: u64,
    held: Vec<Found>,
    /// How many things were judged.
    order: u64,
    /// When an election was last known to be without a gap.
    seen: HashMap<ElectionId, u64>,
    unowned: Vec<Unowned>,
    /// The content hash of the last batch, if it is intact and its hash was computed.
    previous: Option<[u8; 32]>,
}

impl<F> Recovery<F> {
    /// `index` holds the segments and nothing else.
    pub(crate) fn new(index: Index<F>) -> Self {
        let first = index.segments.keys().next().copied().unwrap_or(1);
        Self {
            recovered: Recovered {
                index,
                admission: Admission::default(),
                last_batch: None,
                torn: None,
                next: Position {
                    segment: first,
                    offset: BLOCK_BYTES as u64,
                    batch: 1,
                },
                sealed: false,
                unowned: None,
                edited: Vec::new(),
                groups: 0,
                records: 0,
            },
            batch: 0,
            held: Vec::new(),
            order: 0,
            seen: HashMap::new(),
            unowned: Vec::new(),
            previous: None,
        }
    }

    /// Takes the next thing found.
    pub(crate) fn take(&mut self, found: Found) {
        let batch = found.header().map(|header| header.batch);
        if let Some(batch) = batch
            && batch != self.batch
        {
            // A later batch was begun, so all that is held was synced once. What was found behind the end of the held
            // batch belongs to the later one.
            let held = std::mem::take(&mut self.held);
            let (held, behind) = split_complete(held);
            self.settle(held);
            // What is wrong and not merely zero was never a part of a torn write.
            let torn = behind
                .iter()
                .all(|found| found.fault().is_none_or(|fault| fault.torn));
            if batch == self.batch + 1 && torn {
                self.held = behind;
            } else if batch == self.batch + 1 {
                self.settle(behind);
            } else {
                self.settle(behind);
                let what = format!(
                    "batch {} was expected, batch {batch} was found",
                    self.batch + 1
                );
                self.lost(&found, what);
            }
            self.batch = self.batch.max(batch);
        }
        self.held.push(found);
    }

    /// Ends the scan: the last batch is kept, dropped as torn, or damaged.
    pub(crate) fn finish(mut self) -> Recovered<F> {
        let end = self.held.last().map(|found| (found.segment, found.end()));
        let held = std::mem::take(&mut self.held);
        let (last, behind) = split_complete(held);
        let tail = if is_whole(&last) {
            if let Some((segment, offset)) = last.last().map(|found| (found.segment, found.end())) {
                self.recovered.next = Position {
                    segment,
                    offset,
                    batch: self.batch + 1,
                };
            }
            self.settle(last);
            behind
        } else {
            last.into_iter().chain(behind).collect()
        };
        if let Some(torn) = torn_extent(&tail) {
            self.drop_torn(&tail, torn);
        } else {
            self.settle(tail);
            if let Some((segment, offset)) = end {
                self.recovered.next = Position {
                    segment,
                    offset,
                    batch: self.batch + 1,
                };
            }
        }
        self.blame_suspects();
        self.recovered.unowned = self.unowned.pop();
        self.recovered
    }

    fn drop_torn(&mut self, tail: &[Found], torn: Extent) {
        for found in tail {
            match found.header() {
                Some(header) => tracing::warn!(
                    segment = torn.segment,
                    offset = found.offset,
                    election = header.election.as_ref().map(ElectionId::as_str),
                    first_revision = header.first_revision.0,
                    records = header.records,
                    "dropping a group of a torn write; it was never acknowledged"
                ),
                None => tracing::warn!(
                    segment = torn.segment,
                    offset = found.offset,
                    bytes = found.bytes,
                    "dropping a torn write; it was never acknowledged"
                ),
            }
        }
        let named = tail
            .iter()
            .find_map(|found| found.header().map(|header| header.batch));
        let batch = named.unwrap_or(self.batch + 1);
        self.recovered.next = Position {
            segment: torn.segment,
            offset: torn.start,
            batch,
        };
        self.recovered.torn = Some(torn);
    }

    /// Judges things of which it is certain that they were synced once.
    fn settle(&mut self, held: Vec<Found>) {
        self.chain(&held);
        let mut expected = 0;
        let mut gap_known = false;
        for found in &held {
            if let Some(header) = found.header() {
                if header.batch_index != expected && !gap_known {
                    self.lost(
                        found,
                        format!("group {expected} of batch {} is missing", header.batch),
                    );
                }
                expected = header.batch_index + 1;
                gap_known = false;
            } else {
                gap_known = true;
            }
            self.judge(found);
        }
        let groups = held
            .iter()
            .find_map(|found| found.header().map(|header| header.batch_groups));
        if let (Some(groups), Some(last)) = (groups, held.last())
            && expected < groups
            && !gap_known
        {
            self.lost(
                last,
                format!(
                    "group {expected} of batch {} is missing behind this place",
                    self.batch
                ),
            );
        }
    }

    /// Compares the hash of the batch before with what this one says, and goes on from this one.
    fn chain(&mut self, held: &[Found]) {
        let (Some(first), Some(last)) = (held.first(), held.last()) else {
            return;
        };
        self.recovered.last_batch = None;
        let before = self.previous.take();
        if !is_whole(held) {
            return;
        }
        self.recovered.last_batch = Some(Extent {
            segment: first.segment,
            start: first.offset,
            end: last.end(),
        });
        self.recovered.sealed = matches!(last.what, What::Seal(..));
        if let (Some(before), Some(header)) = (before, first.header())
            && header.previous != [0; 32]
            && header.previous != before
        {
            let what = format!(
                "{}: the batch before this place is not the one that was written",
                place(first)
            );
            self.recovered.edited.push(what);
        }
        let hashes: Option<Vec<[u8; 32]>> = held.iter().map(|found| found.hash).collect();
        self.previous = hashes.map(|hashes| layout::batch_hash(hashes.into_iter()));
    }

    fn judge(&mut self, found: &Found) {
        self.order += 1;
        match &found.what {
            What::Group(header) => self.group(found, header),
            What::Seal(_, seal) => self.seal(found, seal),
            What::Faulty {
                header,
                revision,
                fault,
            } => match &header.election {
                Some(election) => {
                    let head = self.head(election);
                    if header.first_revision == head.next() && *revision > header.first_revision {
                        self.push(election, header, Revision(revision.0 - 1));
                    }
                    let revision = self.head(election).next();
                    self.damage(
                        election,
                        header.log_id,
                        revision,
                        place(found),
                        fault.what.clone(),
                    );
                }
                // A damaged seal owns nothing; what it would have shown stays unknown.
                None => {
                    let (place, what) = (place(found), &fault.what);
                    tracing::error!(place, what, "a seal is damaged");
                    let note = format!("{place}: a seal is damaged: {what}");
                    self.recovered.edited.push(note);
                }
            },
            What::Unreadable(fault) => self.lost(found, fault.what.clone()),
        }
    }

    fn group(&mut self, found: &Found, header: &Header) {
        let election = header
            .election
            .as_ref()
            .expect("a group names its election, the header is checked");
        let head = self.head(election);
        if self
            .recovered
            .index
            .logs
            .get(election)
            .is_some_and(|log| log.damage.is_some())
        {
            return;
        }
        let log_id = self
            .recovered
            .index
            .logs
            .get(election)
            .map_or(header.log_id, |log| log.log_id);
        if header.first_revision != head.next() || header.log_id != log_id {
            let what = format!(
                "revision {} was expected, {} was found",
                head.next(),
                header.first_revision
            );
            let place = self
                .lost_since(election)
                .map_or_else(|| place(found), |lost| lost.place.clone());
            return self.damage(election, log_id, head.next(), place, what);
        }
        let last_revision = Revision(head.0 + header.records as u64);
        self.push(election, header, last_revision);
        let appended = Appended {
            first_revision: header.first_revision,
            last_revision,
            repeated: false,
        };
        self.recovered
            .admission
            .note(election, log_id, header.group_id, appended);
        self.see(election);
    }

    fn seal(&mut self, found: &Found, seal: &Seal) {
        for sealed in &seal.heads {
            let head = self.head(&sealed.election);
            if head < sealed.revision {
                let lost = self.lost_since(&sealed.election);
                let place = lost.map_or_else(|| place(found), |lost| lost.place.clone());
                let what = format!(
                    "sealed up to revision {}, found up to {head}",
                    sealed.revision
                );
                self.damage(&sealed.election, sealed.log_id, head.next(), place, what);
            }
            self.see(&sealed.election);
        }
        if seal.complete {
            self.unowned.clear();
        }
    }

    /// Elections that were not seen since something without an owner was lost may have lost it.
    fn blame_suspects(&mut self) {
        let Some(last) = self.unowned.last().map(|lost| lost.order) else {
            return;
        };
        let suspects: Vec<(ElectionId, LogId, Revision)> = self
            .recovered
            .index
            .logs
            .iter()
            .filter(|(election, log)| {
                log.damage.is_none() && self.seen.get(*election).is_none_or(|seen| *seen < last)
            })
            .map(|(election, log)| (election.clone(), log.log_id, log.head))
            .collect();
        for (election, log_id, head) in suspects {
            if let Some(lost) = self.lost_since(&election).cloned() {
                let what = format!("{}; it may have been a group of this election", lost.what);
                self.damage(&election, log_id, head.next(), lost.place, what);
            }
        }
    }

    fn push(&mut self, election: &ElectionId, header: &Header, head: Revision) {
        self.recovered
            .index
            .push(election, header.log_id, Place::of(header), head);
        self.recovered.groups += 1;
        self.recovered.records += head.0 + 1 - header.first_revision.0;
    }

    fn damage(
        &mut self,
        election: &ElectionId,
        log_id: LogId,
        revision: Revision,
        place: String,
        what: String,
    ) {
        let logs = &mut self.recovered.index.logs;
        let log = logs
            .entry(election.clone())
            .or_insert_with(|| crate::index::Log {
                log_id,
                head: Revision::ZERO,
                damage: None,
                places: Vec::new(),
            });
        if log.damage.is_none() {
            let damage = Damage {
                election: election.clone(),
                revision,
                place,
                what,
            };
            tracing::error!(%damage, "the log of an election is damaged and read-only from here on");
            log.damage = Some(damage.clone());
            self.recovered.admission.mark(log_id, damage);
        }
        self.see(election);
    }

    fn lost(&mut self, found: &Found, what: String) {
        self.order += 1;
        let place = place(found);
        tracing::error!(place, what, "a part of the journal is lost");
        self.unowned.push(Unowned {
            place,
            what,
            order: self.order,
        });
    }

    /// The first thing lost since the election was last seen without a gap.
    fn lost_since(&self, election: &ElectionId) -> Option<&Unowned> {
        let seen = self.seen.get(election).copied().unwrap_or(0);
        self.unowned.iter().find(|lost| lost.order > seen)
    }

    fn head(&self, election: &ElectionId) -> Revision {
        self.recovered
            .index
            .logs
            .get(election)
            .map_or(Revision::ZERO, |log| log.head)
    }

    fn see(&mut self, election: &ElectionId) {
        match self.seen.get_mut(election) {
            Some(seen) => *seen = self.order,
            None => {
                self.seen.insert(election.clone(), self.order);
            }
        }
    }
}

fn place(found: &Found) -> String {
    format!("{}, offset {}", segment::name(found.segment), found.offset)
}

/// Whether all groups of a batch are there, if only by their headers.
fn is_complete(held: &[Found]) -> bool {
    match held.last().map(|found| found.header()) {
        None => true,
        Some(last) => last.is_some_and(|last| last.batch_index + 1 == last.batch_groups),
    }
}

/// Whether a batch is as it was written.
fn is_whole(held: &[Found]) -> bool {
    is_complete(held) && held.iter().all(|found| found.fault().is_none())
}

/// Splits behind the last group of a batch, if that is there.
fn split_complete(mut held: Vec<Found>) -> (Vec<Found>, Vec<Found>) {
    let last = held.iter().rposition(|found| {
        found
            .header()
            .is_some_and(|last| last.batch_index + 1 == last.batch_groups)
    });
    let headed = held.iter().any(|found| found.header().is_some());
    match last {
        Some(last) => {
            let behind = held.split_off(last + 1);
            (held, behind)
        }
        None if headed => (held, Vec::new()),
        None => (Vec::new(), held),
    }
}

/// The stretch that a torn write took, if all of the tail can be that: some of it zero, none of it wrong, in one segment
/// and no longer than one write.
fn torn_extent(tail: &[Found]) -> Option<Extent> {
    let (first, last) = (tail.first()?, tail.last()?);
    let extent = Extent {
        segment: first.segment,
        start: first.offset,
        end: last.end(),
    };
    let may_be = first.segment == last.segment
        && extent.end - extent.start <= BATCH_SPAN_MAX as u64
        && tail
            .iter()
            .all(|found| found.fault().is_none_or(|fault| fault.torn));
    may_be.then_some(extent)
}
