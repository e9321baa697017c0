//! Checksummed files beside the journal that keep the state of a fold at a revision.
//!
//! A snapshot saves time and holds no truth: what is in it can be folded again from the log. So a damaged one is set
//! aside and told, never trusted, and the caller goes on with an older one or from the beginning.
//!
//! A file is called `ELECTION@REVISION.snapshot`, the revision with 20 digits, and holds, little-endian:
//!
//! | bytes | |
//! |---|---|
//! | 0..8 | magic `hmcysnap` |
//! | 8..10 | format version, 2 |
//! | 10 | number of parts, at most 4 |
//! | 11 | length of the election id |
//! | 16..24 | revision |
//! | 24..40 | log id |
//! | 40..72 | leaf hash of the record at that revision, so that a snapshot of another log is known |
//! | 72..136 | election id, filled with zeros |
//! | 136..200 | per part its bytes, eight, its CRC32C, four, and four zeros |
//! | 252..256 | CRC32C of bytes 0..252 |
//! | 256.. | the parts, one behind the other |
//!
//! Parts are read one by one, so that a restart can read them beside each other. Checksums are the journal's own: they
//! find accidents, which is all that a file can be asked for whose content anyone can fold again.

use crate::{JournalError, io_error};
use election::ids::{ElectionId, LogId, Revision};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"hmcysnap";
const VERSION: u16 = 2;
const PARTS_MAX: usize = 4;
const PARTS_START: usize = 136;
const PART_BYTES: usize = 16;
const HEADER_CRC: usize = 252;
const HEADER_BYTES: usize = 256;
const SUFFIX: &str = ".snapshot";
const DAMAGED: &str = ".damaged";
const UNFINISHED: &str = ".unfinished";

/// What a snapshot is the state of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotKey {
    /// Whose log.
    pub election: ElectionId,
    /// Which incarnation of it.
    pub log_id: LogId,
    /// The last revision that the state holds.
    pub revision: Revision,
    /// The [`crate::leaf_hash`] of the record at that revision. The reader compares it with the log's.
    pub record_hash: [u8; 32],
}

/// A snapshot of which the header was read.
#[derive(Debug)]
pub struct Snapshot {
    key: SnapshotKey,
    path: PathBuf,
    file: File,
    parts: Vec<Line>,
}

/// A part of a snapshot while it is read. What was read may be used only when [`Part::finish`] has said so.
#[derive(Debug)]
pub struct Part<'a> {
    snapshot: &'a Snapshot,
    line: Line,
    read: u64,
    crc: u32,
}

/// What the header says of a part.
#[derive(Debug, Clone, Copy)]
struct Line {
    offset: u64,
    bytes: u64,
    crc: u32,
}

/// Writes a snapshot of at most 4 parts: to another name, synced, renamed, the folder synced. Blocks.
pub fn write(folder: &Path, key: &SnapshotKey, parts: &[&[u8]]) -> Result<PathBuf, JournalError> {
    let path = folder.join(name(&key.election, key.revision));
    let unfinished = path.with_extension(&UNFINISHED[1..]);
    let written = (|| {
        let mut file = File::create(&unfinished)?;
        file.write_all(&header(key, parts))?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // A half-written file helps nobody and holds room.
        fs::remove_file(&unfinished).ok();
    }
    written.map_err(io_error(&path, "writing a snapshot"))?;
    Ok(path)
}

/// The revisions of an election of which there is a snapshot, newest first. Blocks.
pub fn list(folder: &Path, election: &ElectionId) -> Result<Vec<Revision>, JournalError> {
    let listing = || -> io::Result<Vec<Revision>> {
        let mut revisions = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let parts = name
                .to_str()
                .and_then(|name| name.strip_suffix(SUFFIX)?.rsplit_once('@'));
            if let Some((id, revision)) = parts
                && id == election.as_str()
                && let Ok(revision) = revision.parse()
            {
                revisions.push(Revision(revision));
            }
        }
        Ok(revisions)
    };
    let mut revisions = listing().map_err(io_error(folder, "listing the snapshots"))?;
    revisions.sort_unstable_by(|one, other| other.cmp(one));
    Ok(revisions)
}

/// Opens a snapshot. One that is damaged is renamed to `....damaged` and told as [`JournalError::Snapshot`]. Blocks.
pub fn open(
    folder: &Path,
    election: &ElectionId,
    revision: Revision,
) -> Result<Snapshot, JournalError> {
    let path = folder.join(name(election, revision));
    let read = || {
        let file = File::open(&path)?;
        let bytes = file.metadata()?.len();
        let mut header = [0; HEADER_BYTES];
        let is_long = bytes >= HEADER_BYTES as u64;
        if is_long {
            file.read_exact_at(&mut header, 0)?;
        }
        Ok((file, header, bytes))
    };
    let (file, header, bytes) = read().map_err(io_error(&path, "reading a snapshot"))?;
    match parse(&header, bytes) {
        Ok((key, parts)) if key.election == *election && key.revision == revision => Ok(Snapshot {
            key,
            path,
            file,
            parts,
        }),
        Ok(_) => Err(set_aside(
            &path,
            "it is of another election or revision than its name says",
        )),
        Err(Wrong::Version(version)) => Err(JournalError::Version {
            file: path.display().to_string(),
            version,
        }),
        Err(Wrong::Bytes(what)) => Err(set_aside(&path, what)),
    }
}

impl Snapshot {
    /// What it is the state of.
    pub fn key(&self) -> &SnapshotKey {
        &self.key
    }

    /// A part by its number from 0.
    pub fn part(&self, number: usize) -> Result<Part<'_>, JournalError> {
        match self.parts.get(number) {
            Some(line) => Ok(Part {
                snapshot: self,
                line: *line,
                read: 0,
                crc: 0,
            }),
            None => Err(set_aside(
                &self.path,
                "it has fewer parts than are asked for",
            )),
        }
    }
}

impl io::Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.line.bytes - self.read).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let offset = self.line.offset + self.read;
        let read = self.snapshot.file.read_at(&mut buffer[..wanted], offset)?;
        self.crc = crc32c::crc32c_append(self.crc, &buffer[..read]);
        self.read += read as u64;
        Ok(read)
    }
}

impl Part<'_> {
    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.line.bytes
    }

    /// Reads what is left and compares the checksum. A damaged part has the whole snapshot set aside, as [`open`] does.
    /// Blocks.
    pub fn finish(mut self) -> Result<(), JournalError> {
        let path = &self.snapshot.path;
        io::copy(&mut self, &mut io::sink()).map_err(io_error(path, "reading a snapshot"))?;
        if (self.read, self.crc) == (self.line.bytes, self.line.crc) {
            Ok(())
        } else {
            Err(set_aside(path, "the checksum of a part does not match"))
        }
    }
}

/// Removes all but the newest `keep` snapshots of an election up to the one at `written`, those that were set aside as
/// damaged before the oldest of them, and what was left of writes that were cut off. Returns how many were removed. Must
/// not run beside [`write()`] of the same election. Blocks.
///
/// What lies beyond `written` is of a log that once was longer: behind damage that may be repaired, or of a log in whose
/// place an older copy was put. It takes no place of what can be used now, and `keep` of it stay for the repair.
pub fn remove_older(
    folder: &Path,
    election: &ElectionId,
    written: Revision,
    keep: usize,
) -> Result<usize, JournalError> {
    let listed = list(folder, election)?;
    let (beyond, usable): (Vec<Revision>, Vec<Revision>) =
        listed.into_iter().partition(|revision| *revision > written);
    let kept = &usable[..usable.len().min(keep)];
    let kept_beyond = &beyond[..beyond.len().min(keep)];
    let names = fs::read_dir(folder).map_err(io_error(folder, "listing the snapshots"))?;
    let mut removed = 0;
    for entry in names.flatten() {
        let name = entry.file_name();
        let parts = name.to_str().and_then(|name| name.rsplit_once('@'));
        let Some((_, rest)) = parts.filter(|(id, _)| *id == election.as_str()) else {
            continue;
        };
        let of_suffix = |suffix| rest.strip_suffix(suffix)?.parse().ok().map(Revision);
        let is_old = match (of_suffix(SUFFIX), of_suffix(DAMAGED)) {
            (Some(revision), _) => !kept.contains(&revision) && !kept_beyond.contains(&revision),
            // Whoever wants to look at a damaged one has had the time of `keep` snapshots for it.
            (_, Some(revision)) => kept.last().is_none_or(|oldest| revision < *oldest),
            _ => rest.ends_with(UNFINISHED),
        };
        if is_old {
            let path = entry.path();
            fs::remove_file(&path).map_err(io_error(&path, "removing an old snapshot"))?;
            removed += 1;
        }
    }
    Ok(removed)
}

enum Wrong {
    Version(u16),
    Bytes(&'static str),
}

fn name(election: &ElectionId, revision: Revision) -> String {
    format!("{election}@{:020}{SUFFIX}", revision.0)
}

fn header(key: &SnapshotKey, parts: &[&[u8]]) -> [u8; HEADER_BYTES] {
    assert!(parts.len() <= PARTS_MAX, "a snapshot has at most 4 parts");
    let mut header = [0; HEADER_BYTES];
    let id = key.election.as_str().as_bytes();
    header[..8].copy_from_slice(MAGIC);
    header[8..10].copy_from_slice(&VERSION.to_le_bytes());
    header[10] = u8::try_from(parts.len()).expect("a snapshot has at most 4 parts");
    header[11] = u8::try_from(id.len()).expect("an id has at most 64 bytes");
    header[16..24].copy_from_slice(&key.revision.0.to_le_bytes());
    header[24..40].copy_from_slice(&key.log_id.0);
    header[40..72].copy_from_slice(&key.record_hash);
    header[72..72 + id.len()].copy_from_slice(id);
    let lines = header[PARTS_START..].chunks_exact_mut(PART_BYTES);
    for (line, part) in lines.zip(parts) {
        line[..8].copy_from_slice(&(part.len() as u64).to_le_bytes());
        line[8..12].copy_from_slice(&crc32c::crc32c(part).to_le_bytes());
    }
    let crc = crc32c::crc32c(&header[..HEADER_CRC]);
    header[HEADER_CRC..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// Checks the header of a file of so many bytes.
fn parse(header: &[u8; HEADER_BYTES], bytes: u64) -> Result<(SnapshotKey, Vec<Line>), Wrong> {
    if &header[..8] != MAGIC {
        return Err(Wrong::Bytes("it is too short, or no snapshot"));
    }
    let version = u16::from_le_bytes(array_at(header, 8));
    let is_whole =
        u32::from_le_bytes(array_at(header, HEADER_CRC)) == crc32c::crc32c(&header[..HEADER_CRC]);
    // The first version had no checksum of the header.
    if version == 1 || (is_whole && version != VERSION) {
        return Err(Wrong::Version(version));
    }
    if !is_whole {
        return Err(Wrong::Bytes("the checksum of its header does not match"));
    }
    let mut parts = Vec::new();
    let mut offset = HEADER_BYTES as u64;
    let lines = header[PARTS_START..].chunks_exact(PART_BYTES);
    for line in lines.take(usize::from(header[10]).min(PARTS_MAX)) {
        let length = u64::from_le_bytes(array_at(line, 0));
        let end = offset.checked_add(length).filter(|end| *end <= bytes);
        parts.push(Line {
            offset,
            bytes: length,
            crc: u32::from_le_bytes(array_at(line, 8)),
        });
        offset = end.ok_or(Wrong::Bytes("it is too short"))?;
    }
    if offset != bytes {
        return Err(Wrong::Bytes("it is too long"));
    }
    let id = header[72..PARTS_START].get(..usize::from(header[11]));
    let election = id.and_then(|id| ElectionId::new(std::str::from_utf8(id).ok()?).ok());
    let key = SnapshotKey {
        election: election.ok_or(Wrong::Bytes("it names no election"))?,
        log_id: LogId(array_at(header, 24)),
        revision: Revision(u64::from_le_bytes(array_at(header, 16))),
        record_hash: array_at(header, 40),
    };
    Ok((key, parts))
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N]
        .try_into()
        .expect("the slice has the array's length")
}

fn set_aside(path: &Path, what: &'static str) -> JournalError {
    let (path, aside) = (path.to_owned(), path.with_extension(&DAMAGED[1..]));
    tracing::error!(path = %path.display(), what, "a snapshot is damaged and is set aside");
    match fs::rename(&path, &aside) {
        Ok(()) => JournalError::Snapshot { path, aside, what },
        Err(source) => JournalError::Io {
            path,
            what: "setting a damaged snapshot aside",
            source,
        },
    }
}
