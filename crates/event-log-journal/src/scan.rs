//! Reading a segment from end to end, and judging each thing found in it by itself.

use crate::folder::SegmentFile;
use crate::layout::{
    self, BLOCK_BYTES, Header, HeaderError, Kind, SECTOR_BYTES, Seal, TABLE_START,
};
use election::ids::Revision;
use std::io;

/// What lies at one place of a segment.
#[derive(Debug)]
pub(crate) struct Found {
    pub segment: u32,
    pub offset: u64,
    /// How far it reaches.
    pub bytes: u64,
    pub what: What,
    /// The content hash of an intact group, if everything is looked at.
    pub hash: Option<[u8; 32]>,
}

#[derive(Debug)]
pub(crate) enum What {
    /// A group as it was written.
    Group(Header),
    /// A seal as it was written.
    Seal(Header, Seal),
    /// A group of which something is wrong from this revision on.
    Faulty {
        header: Header,
        revision: Revision,
        fault: Fault,
    },
    /// Something without a header.
    Unreadable(Fault),
}

/// Something is not as it was written.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// All that is wrong is that sectors are zero, as if they had never been written.
    pub torn: bool,
    pub what: String,
}

impl Found {
    pub(crate) fn header(&self) -> Option<&Header> {
        match &self.what {
            What::Group(header) | What::Seal(header, _) | What::Faulty { header, .. } => {
                Some(header)
            }
            What::Unreadable(_) => None,
        }
    }

    pub(crate) fn fault(&self) -> Option<&Fault> {
        match &self.what {
            What::Faulty { fault, .. } | What::Unreadable(fault) => Some(fault),
            What::Group(_) | What::Seal(..) => None,
        }
    }

    pub(crate) fn end(&self) -> u64 {
        self.offset + self.bytes
    }
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Every byte that will be served, by its CRC32C.
    Checksums,
    /// Also the content hashes, the copies of headers and the padding.
    Everything,
}

/// Goes through one segment. `found` gets what lies in it in order, `note` what is wrong with bytes that hold nothing.
pub(crate) fn segment<F: SegmentFile>(
    file: &F,
    segment: u32,
    depth: Depth,
    mut found: impl FnMut(Found),
    mut note: impl FnMut(String),
) -> io::Result<Result<(), HeaderError>> {
    let bytes = file.bytes()?;
    let mut window = Window {
        file,
        bytes,
        start: 0,
        buffer: Vec::new(),
        filled: 0,
    };
    let number = u64::from(segment);
    let mut made_with = bytes;
    if bytes >= BLOCK_BYTES as u64 {
        match layout::parse_segment_header(window.get(0, BLOCK_BYTES)?, number) {
            Err(HeaderError::Version(version)) => return Ok(Err(HeaderError::Version(version))),
            Err(error) => note(format!("segment {segment}: {error}")),
            Ok(bytes) => made_with = bytes,
        }
    } else {
        made_with = BLOCK_BYTES as u64;
    }
    let mut offset = BLOCK_BYTES as u64;
    // A stretch without a header that is not told yet, and where it starts.
    let mut unreadable: Option<(u64, Fault)> = None;
    let mut zeros_from = None;
    while offset + BLOCK_BYTES as u64 <= bytes {
        let block = window.get(offset, BLOCK_BYTES)?;
        let (first, rest) = block.split_at(SECTOR_BYTES);
        let copy = &rest[..SECTOR_BYTES];
        if is_zero(block) {
            zeros_from.get_or_insert(offset);
            offset += BLOCK_BYTES as u64;
            continue;
        }
        if let Some(start) = zeros_from.take()
            && unreadable.is_none()
        {
            let what = "zeros where a group was expected".to_owned();
            unreadable = Some((start, Fault { torn: true, what }));
        }
        let header = match (
            Header::parse(first, number, offset),
            Header::parse(copy, number, offset),
        ) {
            (Err(HeaderError::Version(version)), _) => {
                return Ok(Err(HeaderError::Version(version)));
            }
            (Ok(header), _) => Ok((header, None)),
            (Err(error), Ok(header)) => Ok((
                header,
                Some(Fault {
                    torn: is_zero(first),
                    what: error.to_string(),
                }),
            )),
            (Err(error), Err(_)) => Err(Fault {
                torn: is_zero(first) && is_zero(copy),
                what: error.to_string(),
            }),
        };
        let (header, fault) = match header {
            Ok(header) => header,
            Err(fault) => {
                unreadable.get_or_insert((offset, fault));
                offset += BLOCK_BYTES as u64;
                continue;
            }
        };
        if let Some((start, fault)) = unreadable.take() {
            found(Found {
                segment,
                offset: start,
                bytes: offset - start,
                what: What::Unreadable(fault),
                hash: None,
            });
        }
        let span = header.span();
        if offset + span as u64 > bytes {
            let fault = Fault {
                torn: false,
                what: "the segment ends within the group".to_owned(),
            };
            let what = What::Faulty {
                revision: header.first_revision,
                header,
                fault,
            };
            found(Found {
                segment,
                offset,
                bytes: bytes - offset,
                what,
                hash: None,
            });
            offset = bytes;
            break;
        }
        let group = window.get(offset, span)?;
        if depth == Depth::Everything {
            check_spare(group, &header, |what| {
                note(format!("segment {segment}, offset {offset}: {what}"))
            });
        }
        let what = judge(group, header, fault);
        let hash = match &what {
            What::Group(header) | What::Seal(header, _) if depth == Depth::Everything => {
                Some(layout::group_hash_of(group, header))
            }
            _ => None,
        };
        found(Found {
            segment,
            offset,
            bytes: span as u64,
            what,
            hash,
        });
        offset += span as u64;
    }
    if let Some((start, fault)) = unreadable {
        // Zeros after it are no part of it.
        let end = zeros_from.unwrap_or(offset);
        found(Found {
            segment,
            offset: start,
            bytes: end - start,
            what: What::Unreadable(fault),
            hash: None,
        });
    }
    if bytes < made_with {
        let what = format!("the segment was made with {made_with} bytes and has {bytes}");
        found(Found {
            segment,
            offset: bytes,
            bytes: 0,
            what: What::Unreadable(Fault { torn: false, what }),
            hash: None,
        });
    }
    Ok(Ok(()))
}

/// Compares a group with its checksums.
fn judge(group: &[u8], header: Header, fault: Option<Fault>) -> What {
    if let Some(fault) = fault {
        return What::Faulty {
            revision: header.first_revision,
            header,
            fault,
        };
    }
    let table = &group[TABLE_START..header.table_end()];
    if crc32c::crc32c(table) != header.table_crc {
        let torn = has_zero_sector(group, TABLE_START, header.table_end());
        let fault = Fault {
            torn,
            what: "the checksum of the group's table does not match".to_owned(),
        };
        return What::Faulty {
            revision: header.first_revision,
            header,
            fault,
        };
    }
    let mut wrong: Option<(Revision, Fault)> = None;
    let mut start = header.table_end();
    for (revision, entry) in (header.first_revision.0..).zip(layout::entries(table)) {
        let end = start + entry.public + entry.annex;
        if group
            .get(start..end)
            .is_none_or(|record| crc32c::crc32c(record) != entry.crc)
        {
            let torn = end <= group.len() && has_zero_sector(group, start, end);
            match &mut wrong {
                Some((_, fault)) => fault.torn &= torn,
                None => {
                    let what = format!("the checksum of record {revision} does not match");
                    wrong = Some((Revision(revision), Fault { torn, what }));
                }
            }
        }
        start = end;
    }
    if let Some((revision, fault)) = wrong {
        return What::Faulty {
            header,
            revision,
            fault,
        };
    }
    match header.kind {
        Kind::Group => What::Group(header),
        Kind::Seal => {
            match Seal::parse(&group[header.table_end()..header.table_end() + header.record_bytes])
            {
                Some(seal) => What::Seal(header, seal),
                None => {
                    let fault = Fault {
                        torn: false,
                        what: "the seal does not add up".to_owned(),
                    };
                    What::Faulty {
                        revision: header.first_revision,
                        header,
                        fault,
                    }
                }
            }
        }
    }
}

/// Looks at the bytes of a group that no reader is given: the copy of the header and the padding.
fn check_spare(group: &[u8], header: &Header, mut note: impl FnMut(&str)) {
    if group[..SECTOR_BYTES] != group[SECTOR_BYTES..TABLE_START] {
        note("the header and its copy differ");
    }
    if !is_zero(&group[header.table_end() + header.record_bytes..]) {
        note("the padding behind the group is not zero");
    }
}

pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes
        .chunks(BLOCK_BYTES)
        .all(|chunk| chunk == &ZEROS[..chunk.len()])
}

static ZEROS: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];

/// Whether one of the sectors that hold these bytes of a group is all zero.
fn has_zero_sector(group: &[u8], start: usize, end: usize) -> bool {
    let first = start / SECTOR_BYTES * SECTOR_BYTES;
    let last = end.next_multiple_of(SECTOR_BYTES).min(group.len());
    group[first..last].chunks(SECTOR_BYTES).any(is_zero)
}

/// Reads a file in large pieces.
struct Window<'a, F> {
    file: &'a F,
    bytes: u64,
    start: u64,
    buffer: Vec<u8>,
    filled: usize,
}

/// Large enough that the cost of a call does not count, small enough for the processor's cache to hold half of it.
const WINDOW_BYTES: usize = 4 << 20;

impl<F: SegmentFile> Window<'_, F> {
    /// These bytes of the file, which must be inside of it.
    fn get(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let inside =
            offset >= self.start && offset + length as u64 <= self.start + self.filled as u64;
        if !inside {
            let left = usize::try_from(self.bytes - offset).unwrap_or(usize::MAX);
            self.filled = length.max(WINDOW_BYTES).min(left);
            if self.buffer.len() < self.filled {
                self.buffer.resize(self.filled, 0);
            }
            self.file.read_at(&mut self.buffer[..self.filled], offset)?;
            self.start = offset;
        }
        let start =
            usize::try_from(offset - self.start).expect("the offset is inside of the window");
        Ok(&self.buffer[start..start + length])
    }
}
