//! What can go wrong.

use election::ids::Revision;
use std::io;
use std::path::PathBuf;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Changes are missing between what is applied and what was given; nothing was written.
    #[error("revision {expected} must be applied next, but {found} was given")]
    Gap {
        /// The revision that must come next.
        expected: Revision,
        /// The one that was given.
        found: Revision,
    },
    /// A row is missing or not what was written, or sled gave up. Open the store anew and rebuild it from the log.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// An earlier write failed, so that it is unknown what was written. Open the store anew.
    #[error("the store failed and must be opened anew")]
    Failed,
    /// Another process uses the folder.
    #[error("the store in {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The operating system said no.
    #[error("{what} failed: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// What it answered.
        error: io::Error,
    },
}

impl StoreError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}
