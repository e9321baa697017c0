//! Why a journal or a snapshot cannot be used at all.

use std::io;
use std::path::PathBuf;

/// Why a journal cannot be opened, or a snapshot not be written or read.
///
/// Damage of single elections is none of these: the journal opens and tells it in their heads.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process, or another journal of this one, holds the folder.
    #[error("the data folder {} is in use by another process; stop that one or choose another folder", .0.display())]
    InUse(PathBuf),
    /// A file was written by a program of another version.
    #[error(
        "{file}: format version {version} is not one that this program reads; start the program that wrote it"
    )]
    Version {
        /// The segment or snapshot.
        file: String,
        /// Its version.
        version: u16,
    },
    /// The options contradict the format.
    #[error(
        "segment_bytes is {found}; it must be a multiple of 4096, at least {least} and below 16 TiB"
    )]
    SegmentBytes {
        /// What was asked for.
        found: u64,
        /// The least that is taken.
        least: u64,
    },
    /// There is no room for the first segment.
    #[error("no room in {}: {source}", path.display())]
    NoSpace {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system said no.
    #[error("{}: {what}: {source}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// A damaged snapshot was set aside.
    #[error("the snapshot {} is damaged ({what}) and was set aside as {}", path.display(), aside.display())]
    Snapshot {
        /// The file as it was called.
        path: PathBuf,
        /// What it is called now.
        aside: PathBuf,
        /// What was found.
        what: &'static str,
    },
}

/// Whether an error of the operating system means that room is missing and nothing else is wrong.
pub(crate) fn is_no_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
