//! Keys and rows as bytes. All numbers are big-endian, so that keys sort as numbers do; every row ends in a CRC32C over
//! its key and its body, so that a row that was changed, cut or put in another's place is known.
//!
//! | key | row |
//! |---|---|
//! | `a` | the head: see [`Head`] |
//! | `b` unit / 64 | a block: the latest rows of 64 units' slots and turnouts: see [`Block`] |
//! | `h` (revision - 1) / 64 | a chunk of the history: 64 pointers of 32 bytes: see [`Pointer`] |
//! | `m` revision | a milestone: its kind |
//! | `p` revision | a report that waits for a reviewer |
//!
//! Two things make it quick on sled, where a row costs about 30 us however small it is. Units that stand together share
//! a row, so that a batch of many events writes few rows. History is appended in the order of the log, 64 events a row;
//! each pointer names the one before it of the same slot, so that a slot's history is a walk back through the chunks.

// tidy: long because writing and reading of each row stand side by side.

use crate::StoreError;
use crate::change::{
    Change, HeldReport, Milestone, MilestoneKind, SlotChange, SlotOutcome, TurnoutChange,
};
use crate::row::{CountedVersion, PendingReport, PendingVersion, SlotKey, SlotRow};
use election::event::{Slot, SlotState, Turnout};
use election::ids::{LogId, Revision, Timestamp};
use election::report::{ReportKind, UnitStatus};

/// Units in a block. More make large batches cheaper and small ones dearer.
pub(crate) const BLOCK_UNITS: u32 = 64;
/// Pointers in a chunk of the history.
pub(crate) const CHUNK_POINTERS: u64 = 64;
/// Bytes of a pointer.
pub(crate) const POINTER_BYTES: usize = 32;
/// The key of the head.
pub(crate) const HEAD_KEY: &[u8] = b"a";
const LAYOUT_VERSION: u8 = 1;
const CRC_BYTES: usize = 4;

const COUNTED: u8 = 1;
const PENDING: u8 = 2;
const FINAL: u8 = 4;
/// The kind of a pointer to a turnout; milestones are numbered from 32 on, slot outcomes from 1.
const TURNOUT: u8 = 16;

/// The codes of reasons by the number that rows hold. Numbers are never used again.
const REASON_CODES: [&str; 8] = [
    "IDENTITY_BROKEN",
    "BALLOTS_OVER_ROLL",
    "VOTES_OVER_VALID",
    "VERSION_JUMP",
    "FALL_WITHOUT_CORRECTION",
    "LEAD_MOVED",
    "UNIT_STATUS",
    "COUNTER_FALLS",
];

/// What the store knows of itself, written in the same batch as every change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Head {
    /// The log's incarnation, once known.
    pub log_id: Option<LogId>,
    /// The applied revision.
    pub applied: u64,
    /// CRC32C over all pointers from the first to the applied one.
    pub history_crc: u32,
    /// Rows, without this one.
    pub rows: u64,
    /// Sum (wrapping) of all rows' [`row_sum`].
    pub sum: u64,
}

/// One event in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pointer {
    /// The revision of the event before it of the same slot or turnout; 0: none.
    pub previous: u64,
    /// The event, without what only a held report's own row has.
    pub change: Change,
}

/// The latest rows of the units of a block, each list in the order of its keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub slots: Vec<SlotRow>,
    pub turnouts: Vec<TurnoutChange>,
}

pub(crate) fn block_key(block: u32) -> Vec<u8> {
    key(b'b', &block.to_be_bytes())
}

pub(crate) fn chunk_key(chunk: u64) -> Vec<u8> {
    key(b'h', &chunk.to_be_bytes())
}

pub(crate) fn milestone_key(revision: u64) -> Vec<u8> {
    key(b'm', &revision.to_be_bytes())
}

pub(crate) fn pending_key(revision: u64) -> Vec<u8> {
    key(b'p', &revision.to_be_bytes())
}

fn key(prefix: u8, number: &[u8]) -> Vec<u8> {
    [&[prefix], number].concat()
}

/// The chunk that holds a revision (1 or more) and the place in it.
pub(crate) fn chunk_place(revision: u64) -> (u64, usize) {
    let index = revision - 1;
    let place = usize::try_from(index % CHUNK_POINTERS).expect("a chunk holds few pointers");
    (index / CHUNK_POINTERS, place)
}

/// Adds the checksum to a body.
pub(crate) fn seal(key: &[u8], mut body: Vec<u8>) -> Vec<u8> {
    let crc = crc32c::crc32c_append(crc32c::crc32c(key), &body);
    body.extend_from_slice(&crc.to_be_bytes());
    body
}

/// The body of a row, if its checksum is right.
pub(crate) fn unseal<'a>(key: &[u8], row: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let (body, crc) = row
        .split_last_chunk::<CRC_BYTES>()
        .ok_or_else(|| damaged(key, "is too short"))?;
    if crc32c::crc32c_append(crc32c::crc32c(key), body) == u32::from_be_bytes(*crc) {
        Ok(body)
    } else {
        Err(damaged(key, "has a wrong checksum"))
    }
}

/// A row's part in [`Head::sum`]: its checksum, mixed so that sums of few rows do not collide.
pub(crate) fn row_sum(row: &[u8]) -> u64 {
    let crc = row.last_chunk::<CRC_BYTES>().copied().unwrap_or_default();
    let mut mixed = u64::from(u32::from_be_bytes(crc)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// The error for a row that cannot be what was written.
pub(crate) fn damaged(key: &[u8], what: &str) -> StoreError {
    let (prefix, number) = key.split_first().unwrap_or((&b'?', &[]));
    let number = number
        .iter()
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    StoreError::Damaged(format!("row {} {number} {what}", char::from(*prefix)))
}

impl Head {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut body = vec![LAYOUT_VERSION, u8::from(self.log_id.is_some())];
        body.extend_from_slice(&self.log_id.map_or([0; 16], |log_id| log_id.0));
        for number in [
            self.applied,
            u64::from(self.history_crc),
            self.rows,
            self.sum,
        ] {
            body.extend_from_slice(&number.to_be_bytes());
        }
        body
    }

    pub(crate) fn decode(body: &[u8]) -> Option<Self> {
        let mut fields = Fields(body);
        if fields.byte()? != LAYOUT_VERSION {
            return None;
        }
        let has_log_id = fields.byte()? == 1;
        let log_id = LogId(fields.take()?);
        Some(Self {
            log_id: has_log_id.then_some(log_id),
            applied: fields.long()?,
            history_crc: u32::try_from(fields.long()?).ok()?,
            rows: fields.long()?,
            sum: fields.long()?,
        })
    }
}

impl Pointer {
    /// previous 8, kind 1, report kind 1, status 1, flags 1, unit 4, district 2, contest 1, counting group 1,
    /// version 4 (0: none), then 8 for the reference (0: none) or the ballots issued.
    pub(crate) fn encode(previous: u64, change: &Change) -> [u8; POINTER_BYTES] {
        let mut bytes = [0; POINTER_BYTES];
        bytes[..8].copy_from_slice(&previous.to_be_bytes());
        let (head, place, version, reference) = match change {
            Change::Slot { change, held: _ } => (
                [
                    change.outcome as u8,
                    change.kind.map_or(0, |kind| kind as u8),
                    change.after.status as u8,
                    flags(change.after),
                ],
                slot_bytes(change.slot),
                change.version.unwrap_or(0),
                change.reference.map_or(0, |revision| revision.0),
            ),
            Change::Turnout(change) => (
                [TURNOUT, 0, 0, turnout_flags(change.turnout)],
                slot_bytes(turnout_place(change)),
                change.version,
                u64::from(change.turnout.ballots_issued),
            ),
            Change::Milestone { milestone, .. } => ([milestone.kind as u8, 0, 0, 0], [0; 8], 0, 0),
        };
        bytes[8..12].copy_from_slice(&head);
        bytes[12..20].copy_from_slice(&place);
        bytes[20..24].copy_from_slice(&version.to_be_bytes());
        bytes[24..].copy_from_slice(&reference.to_be_bytes());
        bytes
    }

    pub(crate) fn decode(revision: u64, bytes: &[u8]) -> Option<Self> {
        let revision = Revision(revision);
        let mut fields = Fields(bytes);
        let previous = fields.long()?;
        let [kind, report_kind, status, flags] = fields.take()?;
        let slot = fields.slot()?;
        let version = fields.int()?;
        let reference = fields.long()?;
        let change = if kind == TURNOUT {
            Change::Turnout(TurnoutChange {
                revision,
                unit: slot.unit,
                district: slot.district,
                version,
                turnout: Turnout {
                    ballots_issued: u32::try_from(reference).ok()?,
                    is_final: flags & FINAL != 0,
                },
            })
        } else if let Some(kind) = milestone_kind(kind) {
            Change::Milestone {
                milestone: Milestone { revision, kind },
                log_id: None,
            }
        } else {
            Change::Slot {
                change: SlotChange {
                    revision,
                    slot,
                    outcome: outcome(kind)?,
                    version: (version != 0).then_some(version),
                    kind: optional_kind(report_kind)?,
                    after: state(status, flags)?,
                    reference: (reference != 0).then_some(Revision(reference)),
                },
                held: None,
            }
        };
        Some(Self { previous, change })
    }
}

impl Block {
    /// The number of slots 4, then each slot (slot 8, status 1, flags 1, last outcome 1, spare 1, last revision 8,
    /// counted version 4 (0: none) and revision 8, pending versions 4, then each pending version 4 and revision 8), then
    /// each turnout (unit 4, district 2, flags 1, spare 1, version 4, ballots issued 4, revision 8).
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(4 + self.slots.len() * 40 + self.turnouts.len() * 24);
        body.extend_from_slice(&length(self.slots.len()));
        for row in &self.slots {
            let counted = row.counted.unwrap_or(CountedVersion {
                version: 0,
                revision: Revision::ZERO,
            });
            body.extend_from_slice(&slot_bytes(row.slot));
            body.extend_from_slice(&[
                row.state.status as u8,
                flags(row.state),
                row.last_outcome as u8,
                0,
            ]);
            body.extend_from_slice(&row.last_revision.0.to_be_bytes());
            body.extend_from_slice(&counted.version.to_be_bytes());
            body.extend_from_slice(&counted.revision.0.to_be_bytes());
            body.extend_from_slice(&length(row.pending.len()));
            for pending in &row.pending {
                body.extend_from_slice(&pending.version.to_be_bytes());
                body.extend_from_slice(&pending.revision.0.to_be_bytes());
            }
        }
        for change in &self.turnouts {
            body.extend_from_slice(&change.unit.to_be_bytes());
            body.extend_from_slice(&change.district.to_be_bytes());
            body.extend_from_slice(&[turnout_flags(change.turnout), 0]);
            body.extend_from_slice(&change.version.to_be_bytes());
            body.extend_from_slice(&change.turnout.ballots_issued.to_be_bytes());
            body.extend_from_slice(&change.revision.0.to_be_bytes());
        }
        body
    }

    pub(crate) fn decode(body: &[u8]) -> Option<Self> {
        let mut fields = Fields(body);
        let mut block = Self::default();
        for _ in 0..fields.int()? {
            block.slots.push(fields.slot_row()?);
        }
        while !fields.0.is_empty() {
            let unit = fields.int()?;
            let district = u16::from_be_bytes(fields.take()?);
            let [flags, _spare] = fields.take()?;
            block.turnouts.push(TurnoutChange {
                unit,
                district,
                version: fields.int()?,
                turnout: Turnout {
                    ballots_issued: fields.int()?,
                    is_final: flags & FINAL != 0,
                },
                revision: Revision(fields.long()?),
            });
        }
        Some(block)
    }

    /// The row of a slot, or the place where it would stand.
    pub(crate) fn slot(&self, key: SlotKey) -> Result<usize, usize> {
        self.slots
            .binary_search_by_key(&key, |row| SlotKey::from(row.slot))
    }

    /// The row of a unit's turnout, or the place where it would stand.
    pub(crate) fn turnout(&self, unit: u32) -> Result<usize, usize> {
        self.turnouts.binary_search_by_key(&unit, |row| row.unit)
    }
}

/// Slot 8, version 4, report kind 1, conflicts with 8 (0: none), time 8, then a byte for each reason.
pub(crate) fn encode_pending(change: &SlotChange, held: &HeldReport) -> Vec<u8> {
    let mut body = slot_bytes(change.slot).to_vec();
    body.extend_from_slice(&change.version.unwrap_or(0).to_be_bytes());
    body.push(change.kind.map_or(0, |kind| kind as u8));
    let conflicts_with = change.reference.map_or(0, |revision| revision.0);
    body.extend_from_slice(&conflicts_with.to_be_bytes());
    body.extend_from_slice(&held.time.0.to_be_bytes());
    body.extend(held.reasons.iter().filter_map(|code| reason_number(code)));
    body
}

pub(crate) fn decode_pending(revision: u64, body: &[u8]) -> Option<PendingReport> {
    let mut fields = Fields(body);
    let slot = fields.slot()?;
    let version = fields.int()?;
    let kind = optional_kind(fields.byte()?)?;
    let conflicts_with = fields.long()?;
    let time = Timestamp(i64::from_be_bytes(fields.take()?));
    let reasons = fields.0.iter().map(|number| {
        let code = REASON_CODES.get(usize::from(*number));
        code.copied()
    });
    Some(PendingReport {
        revision: Revision(revision),
        slot,
        version,
        kind,
        conflicts_with: (conflicts_with != 0).then_some(Revision(conflicts_with)),
        time,
        reasons: reasons.collect::<Option<_>>()?,
    })
}

pub(crate) fn decode_milestone(revision: u64, body: &[u8]) -> Option<Milestone> {
    let kind = milestone_kind(Fields(body).byte()?)?;
    Some(Milestone {
        revision: Revision(revision),
        kind,
    })
}

/// The number behind a key's prefix.
pub(crate) fn key_number(key: &[u8]) -> Option<u64> {
    let number = key.get(1..)?;
    match number.len() {
        4 => Fields(number).int().map(u64::from),
        8 => Fields(number).long(),
        _ => None,
    }
}

/// A place for a unit's turnout that is written as slots are.
fn turnout_place(change: &TurnoutChange) -> Slot {
    Slot {
        unit: change.unit,
        district: change.district,
        contest: 0,
        counting_group: 0,
    }
}

fn slot_bytes(slot: Slot) -> [u8; 8] {
    let [u0, u1, u2, u3] = slot.unit.to_be_bytes();
    let [d0, d1] = slot.district.to_be_bytes();
    [u0, u1, u2, u3, d0, d1, slot.contest, slot.counting_group]
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length)
        .expect("a row holds fewer than 2^32 entries")
        .to_be_bytes()
}

fn flags(state: SlotState) -> u8 {
    let counted = if state.counted { COUNTED } else { 0 };
    let pending = if state.pending { PENDING } else { 0 };
    counted | pending
}

fn turnout_flags(turnout: Turnout) -> u8 {
    if turnout.is_final { FINAL } else { 0 }
}

fn state(status: u8, flags: u8) -> Option<SlotState> {
    let status = UnitStatus::ALL.get(usize::from(status))?;
    Some(SlotState {
        status: *status,
        counted: flags & COUNTED != 0,
        pending: flags & PENDING != 0,
    })
}

fn outcome(number: u8) -> Option<SlotOutcome> {
    let place = usize::from(number).checked_sub(1)?;
    SlotOutcome::ALL.get(place).copied()
}

fn milestone_kind(number: u8) -> Option<MilestoneKind> {
    let place = usize::from(number).checked_sub(32)?;
    MilestoneKind::ALL.get(place).copied()
}

/// The outer `None`: no such number; the inner one: none was written.
#[expect(clippy::option_option, reason = "missing and unknown differ")]
fn optional_kind(number: u8) -> Option<Option<ReportKind>> {
    match usize::from(number).checked_sub(1) {
        None => Some(None),
        Some(place) => ReportKind::ALL.get(place).copied().map(Some),
    }
}

/// `None` only for a code that no hold reason has: the test of this module goes through all of them.
fn reason_number(code: &str) -> Option<u8> {
    let place = REASON_CODES.iter().position(|known| *known == code)?;
    u8::try_from(place).ok()
}

/// Reads a body from its start.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn int(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn slot(&mut self) -> Option<Slot> {
        Some(Slot {
            unit: self.int()?,
            district: u16::from_be_bytes(self.take()?),
            contest: self.byte()?,
            counting_group: self.byte()?,
        })
    }

    fn slot_row(&mut self) -> Option<SlotRow> {
        let slot = self.slot()?;
        let [status, flags, last_outcome, _spare] = self.take()?;
        let last_revision = Revision(self.long()?);
        let version = self.int()?;
        let revision = Revision(self.long()?);
        let pending = (0..self.int()?).map(|_| {
            Some(PendingVersion {
                version: self.int()?,
                revision: Revision(self.long()?),
            })
        });
        Some(SlotRow {
            slot,
            state: state(status, flags)?,
            pending: pending.collect::<Option<_>>()?,
            counted: (version != 0).then_some(CountedVersion { version, revision }),
            last_revision,
            last_outcome: outcome(last_outcome)?,
        })
    }
}

#[cfg(test)]
mod tests;
