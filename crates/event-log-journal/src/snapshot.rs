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
//! | 8..10 | format version, 1 |
//! | 11 | length of the election id |
//! | 16..24 | revision |
//! | 24..40 | log id |
//! | 40..72 | leaf hash of the record at that revision, so that a snapshot of another log is known |
//! | 72..80 | bytes of the content |
//! | 80..144 | election id, filled with zeros |
//! | 144..176 | SHA-256 of bytes 0..144 and the content |
//! | 176.. | the content |

use crate::{JournalError, io_error};
use election::ids::{ElectionId, LogId, Revision};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"hmcysnap";
const VERSION: u16 = 1;
const HASHED: usize = 144;
const HEADER_BYTES: usize = 176;
const SUFFIX: &str = ".snapshot";

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

/// Writes a snapshot: to another name, synced, renamed, the folder synced. Blocks.
pub fn write(folder: &Path, key: &SnapshotKey, content: &[u8]) -> Result<PathBuf, JournalError> {
    let path = folder.join(name(&key.election, key.revision));
    let unfinished = path.with_extension("unfinished");
    let written = (|| {
        let mut file = File::create(&unfinished)?;
        file.write_all(&header(key, content))?;
        file.write_all(content)?;
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

/// Reads a snapshot. One that is damaged is renamed to `....damaged` and told as [`JournalError::Snapshot`]. Blocks.
pub fn read(
    folder: &Path,
    election: &ElectionId,
    revision: Revision,
) -> Result<(SnapshotKey, Vec<u8>), JournalError> {
    let path = folder.join(name(election, revision));
    let mut bytes = fs::read(&path).map_err(io_error(&path, "reading a snapshot"))?;
    match parse(&bytes) {
        Ok(key) if key.election == *election && key.revision == revision => {
            bytes.drain(..HEADER_BYTES);
            Ok((key, bytes))
        }
        Ok(_) => Err(set_aside(
            path,
            "it is of another election or revision than its name says",
        )),
        Err(Wrong::Version(version)) => Err(JournalError::Version {
            file: path.display().to_string(),
            version,
        }),
        Err(Wrong::Bytes(what)) => Err(set_aside(path, what)),
    }
}

/// Removes all but the newest `keep` snapshots of an election, and what was left of writes that were cut off. Returns how
/// many were removed. Must not run beside [`write()`] of the same election. Blocks.
pub fn remove_older(
    folder: &Path,
    election: &ElectionId,
    keep: usize,
) -> Result<usize, JournalError> {
    let mut removed = 0;
    for revision in list(folder, election)?.into_iter().skip(keep) {
        let path = folder.join(name(election, revision));
        fs::remove_file(&path).map_err(io_error(&path, "removing an old snapshot"))?;
        removed += 1;
    }
    let prefix = format!("{election}@");
    for entry in fs::read_dir(folder)
        .map_err(io_error(folder, "listing the snapshots"))?
        .flatten()
    {
        let left_over = entry.file_name();
        let left_over = left_over.to_str();
        if left_over.is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".unfinished"))
        {
            fs::remove_file(entry.path())
                .map_err(io_error(folder, "removing an unfinished snapshot"))?;
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

fn header(key: &SnapshotKey, content: &[u8]) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let id = key.election.as_str().as_bytes();
    header[..8].copy_from_slice(MAGIC);
    header[8..10].copy_from_slice(&VERSION.to_le_bytes());
    header[11] = u8::try_from(id.len()).expect("an id has at most 64 bytes");
    header[16..24].copy_from_slice(&key.revision.0.to_le_bytes());
    header[24..40].copy_from_slice(&key.log_id.0);
    header[40..72].copy_from_slice(&key.record_hash);
    header[72..80].copy_from_slice(&(content.len() as u64).to_le_bytes());
    header[80..80 + id.len()].copy_from_slice(id);
    let hash = Sha256::new()
        .chain_update(&header[..HASHED])
        .chain_update(content)
        .finalize();
    header[HASHED..].copy_from_slice(&hash);
    header
}

fn parse(bytes: &[u8]) -> Result<SnapshotKey, Wrong> {
    let Some((header, content)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Err(Wrong::Bytes("it is too short"));
    };
    let hash = Sha256::new()
        .chain_update(&header[..HASHED])
        .chain_update(content)
        .finalize();
    if &header[..8] != MAGIC || header[HASHED..] != hash[..] {
        return Err(Wrong::Bytes("its checksum does not match"));
    }
    let version = u16::from_le_bytes(array_at(header, 8));
    if version != VERSION {
        return Err(Wrong::Version(version));
    }
    let id = header[80..HASHED].get(..usize::from(header[11]));
    let election = id.and_then(|id| ElectionId::new(std::str::from_utf8(id).ok()?).ok());
    Ok(SnapshotKey {
        election: election.ok_or(Wrong::Bytes("it names no election"))?,
        log_id: LogId(array_at(header, 24)),
        revision: Revision(u64::from_le_bytes(array_at(header, 16))),
        record_hash: array_at(header, 40),
    })
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N]
        .try_into()
        .expect("the slice has the array's length")
}

fn set_aside(path: PathBuf, what: &'static str) -> JournalError {
    let aside = path.with_extension("damaged");
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
