//! The bytes of a journal.
//!
//! All numbers are little-endian. A journal is a folder of **segments**, `0000000000000001.segment` and up. A segment
//! is filled with zeros before its first use and never used again after it is full.
//!
//! | bytes of a segment | |
//! |---|---|
//! | 0..8 | magic `hmcysegm` |
//! | 8..10 | format version, 1 |
//! | 16..24 | the segment's number, 1 and up |
//! | 24..32 | its size in bytes |
//! | 32..36 | CRC32C of bytes 0..32 |
//! | 4096.. | groups, each at a multiple of 4,096; zeros after the last one |
//!
//! | bytes of a group | |
//! |---|---|
//! | 0..8 | magic `hmcygrup` |
//! | 8..10 | format version, 1 |
//! | 10 | kind: 1 a group, 2 a seal |
//! | 11 | length of the election id |
//! | 12..16 | number of records |
//! | 16..20 | span: the group's bytes with padding, a multiple of 4,096 |
//! | 20..24 | bytes of all records |
//! | 24..32, 32..40 | the segment and the offset at which this group lies |
//! | 40..48 | number of the batch: groups that were written and synced as one, 1 and up |
//! | 48..52, 52..56 | this group's place in the batch from 0, and the number of groups in the batch |
//! | 56..64 | revision of the first record |
//! | 64..80, 80..96 | log id, group id |
//! | 96..128 | content hash of the batch before this one; zeros in the first batch, or where that one is damaged |
//! | 128..132 | CRC32C of the table |
//! | 136..200 | election id, filled with zeros |
//! | 508..512 | CRC32C of bytes 0..508 |
//! | 512..1024 | the same 512 bytes again |
//! | 1024.. | table: per record the bytes of its public part, of its annex, and the CRC32C of both, four bytes each |
//! | then | the records: public part, annex, public part, ... |
//! | then | zeros up to the span |
//!
//! Bytes that are not named are zero. A **seal** is a group with one record that lists the heads of all elections: all
//! before it was synced when it was written.
//!
//! # Why so
//! - Groups start at 4,096 bytes because that is the page of the operating system's cache and the sector of disks: a
//!   synced page is never written again, and a write never has to read a page first.
//! - The header takes one whole sector of 512 bytes, the smallest that a disk writes as one, so it is there or not.
//!   Its copy tells whose group is lost, and how long it is, when a bit of the header flips.
//! - A batch number that grows by one shows that the batches before it were synced: the next one starts only then. What
//!   is missing before a later batch is therefore damage, and what is missing in the last one may be a torn write.
//! - A batch carries the content hash of the one before, not its own: 256 leaf hashes take a third of the time of a fast
//!   disk's sync, and so they are computed during it. A seal brings the last one. The hashes are for finding edits that
//!   repair the CRCs, not for recovery, and opening does not look at them.

use election::ids::{ElectionId, ID_LENGTH_MAX, LogId, Revision};
use event_log::{GROUP_BYTES_MAX, GROUP_RECORDS_MAX, Group, GroupId, RECORD_BYTES_MAX, Record};
use sha2::{Digest, Sha256};

/// Groups start at multiples of this many bytes.
pub(crate) const BLOCK_BYTES: usize = 4_096;
/// What a disk writes as one, at least.
pub(crate) const SECTOR_BYTES: usize = 512;
/// Where the table of a group starts: behind the header and its copy.
pub(crate) const TABLE_START: usize = 2 * SECTOR_BYTES;
/// The bytes of a table entry.
pub(crate) const ENTRY_BYTES: usize = 12;
/// The most bytes that are written and synced as one batch, and so the longest torn tail.
pub(crate) const BATCH_SPAN_MAX: usize = 2 << 20;

const SEGMENT_MAGIC: &[u8; 8] = b"hmcysegm";
const GROUP_MAGIC: &[u8; 8] = b"hmcygrup";
const VERSION: u16 = 1;
const HEADER_CRC: usize = SECTOR_BYTES - 4;
const SEGMENT_CRC: usize = 32;

// The largest groups must fit into a batch.
const _: () = assert!(span(GROUP_RECORDS_MAX, GROUP_BYTES_MAX) <= BATCH_SPAN_MAX);
const _: () = assert!(span(1, RECORD_BYTES_MAX) <= BATCH_SPAN_MAX);

/// The bytes that a group takes, with padding.
pub(crate) const fn span(records: usize, record_bytes: usize) -> usize {
    (TABLE_START + records * ENTRY_BYTES + record_bytes).next_multiple_of(BLOCK_BYTES)
}

/// What a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Group,
    Seal,
}

/// The header of a group. See the module for what the fields mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub kind: Kind,
    /// None in a seal.
    pub election: Option<ElectionId>,
    pub records: usize,
    pub record_bytes: usize,
    pub segment: u64,
    pub offset: u64,
    pub batch: u64,
    pub batch_index: u32,
    pub batch_groups: u32,
    pub first_revision: Revision,
    pub log_id: LogId,
    pub group_id: GroupId,
    /// The content hash of the batch before.
    pub previous: [u8; 32],
    pub table_crc: u32,
}

/// Where a group goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    pub segment: u64,
    pub offset: u64,
    pub batch: u64,
    pub batch_index: u32,
    pub batch_groups: u32,
    /// The content hash of the batch before.
    pub previous: [u8; 32],
}

/// One line of a group's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub public: usize,
    pub annex: usize,
    pub crc: u32,
}

/// Why a sector is not a header, or a block not the start of a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("{0}")]
    Wrong(&'static str),
    #[error("format version {0} is newer than this program")]
    Version(u16),
}

/// The head of one election in a seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealedHead {
    pub election: ElectionId,
    pub log_id: LogId,
    pub revision: Revision,
}

/// What a seal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seal {
    /// All elections of the journal are listed, and the journal has no place whose owner is unknown.
    pub complete: bool,
    pub heads: Vec<SealedHead>,
}

impl Header {
    pub(crate) fn span(&self) -> usize {
        span(self.records, self.record_bytes)
    }

    pub(crate) fn table_end(&self) -> usize {
        TABLE_START + self.records * ENTRY_BYTES
    }

    /// Reads a header that is said to lie at this place.
    pub(crate) fn parse(sector: &[u8], segment: u64, offset: u64) -> Result<Self, HeaderError> {
        let wrong = HeaderError::Wrong;
        if sector.len() < SECTOR_BYTES || &sector[..8] != GROUP_MAGIC {
            return Err(wrong("the header's magic is missing"));
        }
        if u32_at(sector, HEADER_CRC) != crc32c::crc32c(&sector[..HEADER_CRC]) {
            return Err(wrong("the header's checksum does not match"));
        }
        if u16_at(sector, 8) != VERSION {
            return Err(HeaderError::Version(u16_at(sector, 8)));
        }
        let id = &sector[136..136 + usize::from(sector[11]).min(ID_LENGTH_MAX)];
        let id = std::str::from_utf8(id)
            .ok()
            .and_then(|id| ElectionId::new(id).ok());
        let (kind, election) = match (sector[10], id) {
            (1, Some(election)) => (Kind::Group, Some(election)),
            (2, None) if sector[11] == 0 => (Kind::Seal, None),
            _ => return Err(wrong("the header names neither an election nor a seal")),
        };
        let header = Self {
            kind,
            election,
            records: size_at(sector, 12),
            record_bytes: size_at(sector, 20),
            segment: u64_at(sector, 24),
            offset: u64_at(sector, 32),
            batch: u64_at(sector, 40),
            batch_index: u32_at(sector, 48),
            batch_groups: u32_at(sector, 52),
            first_revision: Revision(u64_at(sector, 56)),
            log_id: LogId(array_at(sector, 64)),
            group_id: GroupId(array_at(sector, 80)),
            previous: array_at(sector, 96),
            table_crc: u32_at(sector, 128),
        };
        if (header.segment, header.offset) != (segment, offset) {
            return Err(wrong("the header belongs to another place"));
        }
        let counts = (1..=GROUP_RECORDS_MAX).contains(&header.records)
            && header.record_bytes <= BATCH_SPAN_MAX
            && header.span() == size_at(sector, 16)
            && header.batch_index < header.batch_groups
            && header
                .first_revision
                .0
                .checked_add(GROUP_RECORDS_MAX as u64)
                .is_some();
        if counts {
            Ok(header)
        } else {
            Err(wrong("the header's numbers contradict each other"))
        }
    }
}

/// A group as it will lie in a segment, but for its header: that waits until the group has a place. So everything that
/// takes long is done before the writer has its turn.
#[derive(Debug)]
pub(crate) struct Body {
    bytes: Vec<u8>,
    records: usize,
    record_bytes: usize,
    table_crc: u32,
}

/// What a header says of the group itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prelude<'a> {
    kind: Kind,
    election: &'a str,
    first_revision: Revision,
    log_id: LogId,
    group_id: GroupId,
}

impl<'a> Prelude<'a> {
    pub(crate) fn group(group: &'a Group) -> Self {
        Self {
            kind: Kind::Group,
            election: group.election.as_str(),
            first_revision: group.first_revision,
            log_id: group.log_id,
            group_id: group.group_id,
        }
    }

    pub(crate) fn seal() -> Self {
        Self {
            kind: Kind::Seal,
            election: "",
            first_revision: Revision::ZERO,
            log_id: LogId([0; 16]),
            group_id: GroupId([0; 16]),
        }
    }
}

impl Seal {
    /// Its record as the body of a group.
    pub(crate) fn body(&self) -> Body {
        Body::new(&[Record {
            public: self.to_bytes().into(),
            annex: Default::default(),
        }])
    }
}

impl Body {
    pub(crate) fn new(records: &[Record]) -> Self {
        Self::over(Vec::new(), records)
    }

    /// As [`Self::new`], in the memory of a body that is not needed any more: a large group would touch fresh pages else.
    pub(crate) fn over(mut bytes: Vec<u8>, records: &[Record]) -> Self {
        let record_bytes = records.iter().map(Record::bytes).sum();
        let span = span(records.len(), record_bytes);
        let table_end = TABLE_START + records.len() * ENTRY_BYTES;
        bytes.clear();
        bytes.reserve_exact(span);
        bytes.resize(table_end, 0);
        for (place, record) in records.iter().enumerate() {
            let start = bytes.len();
            bytes.extend_from_slice(&record.public);
            bytes.extend_from_slice(&record.annex);
            let crc = crc32c::crc32c(&bytes[start..]);
            let line = &mut bytes[TABLE_START + place * ENTRY_BYTES..][..ENTRY_BYTES];
            line[..4].copy_from_slice(&u32_of(record.public.len()).to_le_bytes());
            line[4..8].copy_from_slice(&u32_of(record.annex.len()).to_le_bytes());
            line[8..].copy_from_slice(&crc.to_le_bytes());
        }
        let table_crc = crc32c::crc32c(&bytes[TABLE_START..table_end]);
        bytes.resize(span, 0);
        Self {
            bytes,
            records: records.len(),
            record_bytes,
            table_crc,
        }
    }

    /// Its memory, for another one; it is empty afterwards.
    pub(crate) fn take_memory(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Its bytes, whole once [`Self::place`] was called.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn records(&self) -> usize {
        self.records
    }

    pub(crate) fn span(&self) -> usize {
        self.bytes.len()
    }

    /// The content hash of the group.
    pub(crate) fn hash(&self) -> [u8; 32] {
        hash_of(&self.bytes, self.records)
    }

    /// Writes the header.
    pub(crate) fn place(&mut self, prelude: Prelude<'_>, placement: Placement) {
        let span = self.span();
        let (sector, rest) = self.bytes.split_at_mut(SECTOR_BYTES);
        sector.fill(0);
        sector[..8].copy_from_slice(GROUP_MAGIC);
        sector[8..10].copy_from_slice(&VERSION.to_le_bytes());
        sector[10] = match prelude.kind {
            Kind::Group => 1,
            Kind::Seal => 2,
        };
        let id = prelude.election.as_bytes();
        sector[11] = u8::try_from(id.len()).expect("an id has at most 64 bytes");
        sector[12..16].copy_from_slice(&u32_of(self.records).to_le_bytes());
        sector[16..20].copy_from_slice(&u32_of(span).to_le_bytes());
        sector[20..24].copy_from_slice(&u32_of(self.record_bytes).to_le_bytes());
        sector[24..32].copy_from_slice(&placement.segment.to_le_bytes());
        sector[32..40].copy_from_slice(&placement.offset.to_le_bytes());
        sector[40..48].copy_from_slice(&placement.batch.to_le_bytes());
        sector[48..52].copy_from_slice(&placement.batch_index.to_le_bytes());
        sector[52..56].copy_from_slice(&placement.batch_groups.to_le_bytes());
        sector[56..64].copy_from_slice(&prelude.first_revision.0.to_le_bytes());
        sector[64..80].copy_from_slice(&prelude.log_id.0);
        sector[80..96].copy_from_slice(&prelude.group_id.0);
        sector[96..128].copy_from_slice(&placement.previous);
        sector[128..132].copy_from_slice(&self.table_crc.to_le_bytes());
        sector[136..136 + id.len()].copy_from_slice(id);
        let crc = crc32c::crc32c(&sector[..HEADER_CRC]);
        sector[HEADER_CRC..].copy_from_slice(&crc.to_le_bytes());
        rest[..SECTOR_BYTES].copy_from_slice(sector);
    }
}

/// The leaf hash of a record (RFC 6962, section 2.1): of its public bytes alone.
pub fn leaf_hash(public: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update([0])
        .chain_update(public)
        .finalize()
        .into()
}

/// The content hash of a group with these public bytes.
pub(crate) fn group_hash<'a>(publics: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    publics.for_each(|public| hash.update(leaf_hash(public)));
    hash.finalize().into()
}

/// The content hash of a batch of groups with these hashes.
pub(crate) fn batch_hash(groups: impl Iterator<Item = [u8; 32]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    groups.for_each(|group| hash.update(group));
    hash.finalize().into()
}

/// The content hash of a group as it lies in a segment, which must be intact.
pub(crate) fn group_hash_of(group: &[u8], header: &Header) -> [u8; 32] {
    hash_of(group, header.records)
}

fn hash_of(group: &[u8], records: usize) -> [u8; 32] {
    let mut start = TABLE_START + records * ENTRY_BYTES;
    group_hash(entries(&group[TABLE_START..start]).map(|entry| {
        let public = &group[start..start + entry.public];
        start += entry.public + entry.annex;
        public
    }))
}

/// The lines of a table.
pub(crate) fn entries(table: &[u8]) -> impl Iterator<Item = Entry> {
    table.chunks_exact(ENTRY_BYTES).map(|line| Entry {
        public: size_at(line, 0),
        annex: size_at(line, 4),
        crc: u32_at(line, 8),
    })
}

/// The block with which a segment starts.
pub(crate) fn segment_header(segment: u64, bytes: u64) -> Vec<u8> {
    let mut block = vec![0; BLOCK_BYTES];
    block[..8].copy_from_slice(SEGMENT_MAGIC);
    block[8..10].copy_from_slice(&VERSION.to_le_bytes());
    block[16..24].copy_from_slice(&segment.to_le_bytes());
    block[24..32].copy_from_slice(&bytes.to_le_bytes());
    let crc = crc32c::crc32c(&block[..SEGMENT_CRC]);
    block[SEGMENT_CRC..SEGMENT_CRC + 4].copy_from_slice(&crc.to_le_bytes());
    block
}

/// Checks the block with which a segment starts and gives the size that the segment was made with.
pub(crate) fn parse_segment_header(block: &[u8], segment: u64) -> Result<u64, HeaderError> {
    let intact = &block[..8] == SEGMENT_MAGIC
        && u32_at(block, SEGMENT_CRC) == crc32c::crc32c(&block[..SEGMENT_CRC]);
    if !intact {
        return Err(HeaderError::Wrong(
            "the segment's header is not what was written",
        ));
    }
    if u16_at(block, 8) != VERSION {
        return Err(HeaderError::Version(u16_at(block, 8)));
    }
    if u64_at(block, 16) != segment {
        return Err(HeaderError::Wrong(
            "the segment has another number than its header says",
        ));
    }
    Ok(u64_at(block, 24))
}

impl Seal {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.complete)];
        for head in &self.heads {
            let id = head.election.as_str().as_bytes();
            bytes.push(u8::try_from(id.len()).expect("an id has at most 64 bytes"));
            bytes.extend_from_slice(id);
            bytes.extend_from_slice(&head.log_id.0);
            bytes.extend_from_slice(&head.revision.0.to_le_bytes());
        }
        bytes
    }

    /// Reads a seal's record; `None` if it does not add up.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (&complete, mut rest) = bytes.split_first()?;
        let mut heads = Vec::new();
        while let Some((&length, tail)) = rest.split_first() {
            let (id, tail) = tail.split_at_checked(usize::from(length))?;
            let (fixed, tail) = tail.split_at_checked(24)?;
            heads.push(SealedHead {
                election: ElectionId::new(std::str::from_utf8(id).ok()?).ok()?,
                log_id: LogId(array_at(fixed, 0)),
                revision: Revision(u64_at(fixed, 16)),
            });
            rest = tail;
        }
        Some(Self {
            complete: complete == 1,
            heads,
        })
    }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N]
        .try_into()
        .expect("the slice has the array's length")
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

fn size_at(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u32_at(bytes, at)).unwrap_or(usize::MAX)
}

fn u32_of(value: usize) -> u32 {
    u32::try_from(value).expect("a group is far smaller than 4 GiB")
}
