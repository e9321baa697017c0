//! The event log of the role, on whichever engine its storage names.

use std::path::Path;

use election::ids::{ElectionId, Revision};
use event_log::memory::MemoryLog;
use event_log::{AppendError, Appended, EventLog, Group, Head, ReadError, Stored};
use event_log_journal::Journal;

use crate::config::Storage;
use crate::error::OpenError;

/// An open log.
#[derive(Debug)]
pub(crate) enum Log {
    Journal(Journal),
    Memory(MemoryLog),
}

impl Log {
    /// Opens what is there. Blocks.
    pub fn open(storage: &Storage) -> Result<Self, OpenError> {
        Ok(match storage {
            Storage::Folder { path, journal } => Self::Journal(Journal::open(path, *journal)?),
            Storage::Memory(place) => Self::Memory(place.open()),
        })
    }

    pub async fn append(&self, group: Group) -> Result<Appended, AppendError> {
        match self {
            Self::Journal(log) => log.append(group).await,
            Self::Memory(log) => log.append(group).await,
        }
    }

    pub async fn read(
        &self,
        election: &ElectionId,
        from: Revision,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        match self {
            Self::Journal(log) => log.read(election, from, records_max, bytes_max).await,
            Self::Memory(log) => log.read(election, from, records_max, bytes_max).await,
        }
    }

    pub fn heads(&self) -> Vec<Head> {
        match self {
            Self::Journal(log) => log.heads(),
            Self::Memory(log) => log.heads(),
        }
    }

    /// What can be had again from the log is not written while this is so: it would take the log's room.
    pub fn is_short_of_room(&self) -> bool {
        match self {
            Self::Journal(log) => log.is_short_of_room(),
            Self::Memory(log) => log.is_short_of_room(),
        }
    }

    /// Answers what waits, seals, and frees the folder.
    pub async fn close(&self) {
        match self {
            Self::Journal(log) => log.close().await,
            Self::Memory(_) => {}
        }
    }
}

impl Storage {
    /// The data folder, where there is one: for snapshots and the store.
    pub(crate) fn data_folder(&self) -> Option<&Path> {
        match self {
            Self::Folder { path, .. } => Some(path),
            Self::Memory(_) => None,
        }
    }
}
