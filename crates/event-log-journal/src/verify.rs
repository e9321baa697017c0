//! Looking at a journal more closely than opening does.

use crate::folder::{DiskFolder, Folder};
use crate::scan::Depth;
use crate::{JournalError, io_error, lock, recover};
use event_log::Head;
use std::path::Path;

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The segments that were read.
    pub segments: usize,
    /// The groups that are as they were written.
    pub groups: u64,
    /// The records in them.
    pub records: u64,
    /// The head of each election, with its damage.
    pub heads: Vec<Head>,
    /// A write that was cut off, which the next opening will drop: its segment, offset and bytes.
    pub torn: Option<String>,
    /// The journal's last word is a seal: it was at rest when it ended.
    pub sealed: bool,
    /// What else is wrong: content hashes, bytes that no reader is given such as padding and copies of headers, and damage
    /// of which the owner is not known.
    pub notes: Vec<String>,
}

impl Report {
    /// Nothing at all is wrong. A torn write is not wrong.
    pub fn is_sound(&self) -> bool {
        self.notes.is_empty() && self.heads.iter().all(|head| head.damage.is_none())
    }
}

/// Reads the whole journal of a folder that no process uses, with content hashes, header copies and padding.
/// Changes nothing but leftovers of segments that were never used. Blocks: for about a second per million records.
pub fn verify(path: &Path) -> Result<Report, JournalError> {
    let folder = DiskFolder::new(path).map_err(io_error(path, "opening the data folder"))?;
    let _lock = lock(path)?;
    verify_in(&folder)
}

pub(crate) fn verify_in<D: Folder>(folder: &D) -> Result<Report, JournalError> {
    let mut notes = Vec::new();
    let recovered = recover(folder, Depth::Everything, |note| notes.push(note))?;
    notes.extend(
        recovered
            .unowned
            .map(|unowned| format!("{}: {}", unowned.place, unowned.what)),
    );
    notes.extend(recovered.edited);
    let torn = recovered.torn.map(|torn| {
        format!(
            "{}, offset {}, {} bytes",
            crate::segment::name(torn.segment),
            torn.start,
            torn.end - torn.start
        )
    });
    Ok(Report {
        segments: recovered.index.segments.len(),
        groups: recovered.groups,
        records: recovered.records,
        heads: recovered.index.heads(),
        torn,
        sealed: recovered.sealed,
        notes,
    })
}
