//! What can go wrong in a task.

use std::path::{Path, PathBuf};

/// Why a task failed, in words that say what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A check found something.
    #[error("{0}")]
    Found(String),
}

impl Failure {
    /// For `map_err` on file operations.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }
}
