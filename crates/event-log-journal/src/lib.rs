//! The embedded event log: one journal per data folder, synced before it acknowledges.
//!
//! A [`Journal`] keeps the logs of all elections of a data folder in one sequence of segments, so that one sync serves
//! all groups that wait. [`layout`] documents the bytes, [`snapshot`] keeps states of a fold beside the journal.
//!
//! One thread writes. It takes all groups that wait, writes them with one call, syncs once, and only then answers and
//! lets readers see them. A write or sync that failed is never tried again, as the operating system may have dropped
//! the bytes: the journal fails for good and must be opened anew.
//!
//! Opening reads all segments and checks every byte that will be served. What is not as it was written is damage, told
//! in [`event_log::Head::damage`]; only the last batch may be missing in part, if zeros stand in its place: it was then
//! never acknowledged and is dropped with a warning.

pub mod folder;
pub mod layout;
pub mod snapshot;

mod error;
mod hasher;
mod index;
mod queue;
mod reader;
mod recovered;
mod recovery;
mod scan;
mod segment;
mod verify;
mod writer;

#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;

pub use error::JournalError;
pub use layout::leaf_hash;
pub use reader::{Groups, StoredGroup};
pub use verify::{Report, verify};

use election::ids::{ElectionId, Revision};
use event_log::{AppendError, Appended, EventLog, Group, Head, ReadError, Stored};
use folder::{DiskFolder, Folder, SegmentFile};
use index::{Index, Shared};
use layout::{BATCH_SPAN_MAX, BLOCK_BYTES, Header, HeaderError, SECTOR_BYTES};
use queue::Queue;
use recovered::{Extent, Recovered};
use recovery::Recovery;
use scan::{Depth, Found};
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use writer::{Start, Writer};

/// How a journal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The size of new segments. A multiple of 4,096, at least [`SEGMENT_BYTES_MIN`].
    pub segment_bytes: u64,
    /// How long nothing is written before a seal is.
    pub seal_after: Duration,
}

/// The smallest segment: its header and one batch.
pub const SEGMENT_BYTES_MIN: u64 = (BLOCK_BYTES + BATCH_SPAN_MAX) as u64;

impl Default for Options {
    /// Segments of 64 MiB, sealed after a second.
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            seal_after: Duration::from_secs(1),
        }
    }
}

/// The open journal of a data folder. See the crate's documentation, and [`EventLog`] for appending and reading.
#[derive(Debug)]
pub struct Journal<D: Folder = DiskFolder> {
    shared: Arc<Shared<D::File>>,
    queue: Queue,
}

impl Journal<DiskFolder> {
    /// Opens the journal in this folder and makes it if it is not there. Blocks: for about 0.1 s per million records,
    /// less with several processors.
    ///
    /// Fails if another process holds the folder, a file was written by a newer program, or the operating system says
    /// no. Damage is no failure: look into [`EventLog::heads`].
    pub fn open(path: &Path, options: Options) -> Result<Self, JournalError> {
        let folder = DiskFolder::new(path).map_err(io_error(path, "making the data folder"))?;
        let lock = lock(path)?;
        Self::open_in(folder, options, lock)
    }
}

impl<D: Folder> Journal<D> {
    /// Opens the journal in a folder of any kind, of which the caller has made sure that nobody else uses it. `lock` is
    /// dropped when the last byte is written.
    pub fn open_in(
        folder: D,
        options: Options,
        lock: impl Send + 'static,
    ) -> Result<Self, JournalError> {
        let path = folder.path().to_owned();
        let writer = start(folder, options)?;
        let shared = writer.shared();
        let queue = Queue::start(writer, options.seal_after, lock)
            .map_err(io_error(&path, "starting the journal's thread"))?;
        Ok(Self { shared, queue })
    }

    /// The groups of an election from the one that holds revision `from` on, without the records before it. For folding
    /// a whole log: long reads, and records that share their memory. The iterator blocks; it ends at the head, or with
    /// an error.
    pub fn groups(&self, election: &ElectionId, from: Revision) -> Groups<D::File> {
        Groups::new(self.shared.clone(), election.clone(), from)
    }

    /// Answers the groups that wait, seals and closes; the folder is free afterwards. Later appends are
    /// [`AppendError::Closed`], reads go on. A journal that is dropped does the same behind its owner's back.
    pub async fn close(&self) {
        if let Some(thread) = self.queue.stop()
            && tokio::task::spawn_blocking(|| thread.join()).await.is_err()
        {
            tracing::error!("the journal's thread could not be waited for");
        }
    }
}

impl<D: Folder> EventLog for Journal<D> {
    async fn append(&self, group: Group) -> Result<Appended, AppendError> {
        group.check()?;
        self.queue.append(group).await
    }

    async fn read(
        &self,
        election: &ElectionId,
        from: Revision,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        let (shared, election) = (self.shared.clone(), election.clone());
        let read = move || reader::read(&shared, &election, from, records_max, bytes_max);
        let read = tokio::task::spawn_blocking(read).await;
        read.unwrap_or_else(|error| Err(ReadError::Io(error.to_string())))
    }

    fn heads(&self) -> Vec<Head> {
        self.shared.read().heads()
    }

    fn is_short_of_room(&self) -> bool {
        self.shared.is_short_of_room()
    }
}

/// Takes the folder for this process.
fn lock(path: &Path) -> Result<File, JournalError> {
    let name = path.join("LOCK");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(name);
    let file = file.map_err(io_error(path, "opening the lock file"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(JournalError::Io {
            path: path.to_owned(),
            what: "locking the data folder",
            source,
        }),
    }
}

/// Recovers what is there and makes it ready to be written to.
fn start<D: Folder>(folder: D, options: Options) -> Result<Writer<D>, JournalError> {
    let bytes = options.segment_bytes;
    if bytes < SEGMENT_BYTES_MIN || !bytes.is_multiple_of(BLOCK_BYTES as u64) || bytes >= 1 << 44 {
        return Err(JournalError::SegmentBytes {
            found: bytes,
            least: SEGMENT_BYTES_MIN,
        });
    }
    let path = folder.path().to_owned();
    let mut recovered = recover(&folder, Depth::Checksums, |note| {
        tracing::warn!(note, "odd bytes in the journal")
    })?;
    let previous =
        mend(&recovered).map_err(io_error(&path, "writing the journal's last batch again"))?;
    folder
        .sync()
        .map_err(io_error(&path, "syncing the data folder"))?;
    if recovered.index.segments.is_empty() {
        let first = recovered.next.segment;
        let file = segment::prepare(&folder, first, bytes).map_err(|source| {
            if error::is_no_space(&source) {
                JournalError::NoSpace {
                    path: path.clone(),
                    source,
                }
            } else {
                JournalError::Io {
                    path: path.clone(),
                    what: "making the first segment",
                    source,
                }
            }
        })?;
        recovered.index.segments.insert(first, Arc::new(file));
    }
    let (groups, records) = (recovered.groups, recovered.records);
    tracing::info!(path = %path.display(), groups, records, "journal opened");
    Ok(Writer::new(Start {
        folder: Arc::new(folder),
        shared: Arc::new(Shared::new(recovered.index)),
        admission: recovered.admission,
        unowned: recovered.unowned,
        segment_bytes: bytes,
        next: recovered.next,
        sealed: recovered.sealed,
        previous,
    }))
}

/// Scans all segments.
fn recover<D: Folder>(
    folder: &D,
    depth: Depth,
    mut note: impl FnMut(String),
) -> Result<Recovered<D::File>, JournalError> {
    let path = folder.path();
    let mut index = Index::default();
    for number in segment::list(folder).map_err(io_error(path, "listing the segments"))? {
        let file = folder
            .open(&segment::name(number))
            .map_err(io_error(path, "opening a segment"))?;
        index.segments.insert(number, Arc::new(file));
    }
    let segments: Vec<_> = index
        .segments
        .iter()
        .map(|(number, file)| (*number, file.clone()))
        .collect();
    let mut recovery = Recovery::new(index);
    // As many at once as there are processors; what is found is judged in the order of the segments.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for some in segments.chunks(threads) {
        let scanned = scan_all(some, depth).map_err(io_error(path, "reading a segment"))?;
        for ((number, _), scanned) in some.iter().zip(scanned) {
            scanned
                .found
                .into_iter()
                .for_each(|found| recovery.take(found));
            scanned.notes.into_iter().for_each(&mut note);
            match scanned.outcome {
                Ok(()) => {}
                Err(HeaderError::Version(version)) => {
                    return Err(JournalError::Version {
                        file: segment::name(*number),
                        version,
                    });
                }
                Err(HeaderError::Wrong(what)) => note(format!("segment {number}: {what}")),
            }
        }
    }
    Ok(recovery.finish())
}

/// What was found in one segment.
struct Scanned {
    found: Vec<Found>,
    notes: Vec<String>,
    outcome: Result<(), HeaderError>,
}

/// Scans each of a few segments on a thread of its own.
fn scan_all<F: SegmentFile>(segments: &[(u32, Arc<F>)], depth: Depth) -> io::Result<Vec<Scanned>> {
    let scan = |number, file: &F| {
        let (mut found, mut notes) = (Vec::new(), Vec::new());
        let took = |it| found.push(it);
        let outcome = scan::segment(file, number, depth, took, |what| notes.push(what))?;
        Ok(Scanned {
            found,
            notes,
            outcome,
        })
    };
    let Some(((first, file), others)) = segments.split_first() else {
        return Ok(Vec::new());
    };
    std::thread::scope(|threads| {
        let others = others.iter().map(|(number, file)| {
            let thread = std::thread::Builder::new().name("journal-scan".to_owned());
            thread.spawn_scoped(threads, move || scan(*number, file))
        });
        let others = others.collect::<io::Result<Vec<_>>>()?;
        let first = scan(*first, file);
        let others = others.into_iter().map(|thread| {
            let scanned = thread.join();
            scanned.unwrap_or_else(|_| Err(io::Error::other("scanning a segment panicked")))
        });
        std::iter::once(first).chain(others).collect()
    })
}

/// Makes the end of the journal certain: what was cut off becomes zeros again, and the last batch is written and synced
/// anew. It may have been read from the operating system's cache although its sync failed or never ran. Gives the content
/// hash of that batch, or zeros.
fn mend<F: SegmentFile>(recovered: &Recovered<F>) -> io::Result<[u8; 32]> {
    let file = |extent: &Extent| {
        recovered
            .index
            .segments
            .get(&extent.segment)
            .expect("an extent is of a segment that was scanned")
    };
    let length = |extent: &Extent| {
        usize::try_from(extent.end - extent.start).expect("an extent is not longer than a batch")
    };
    if let Some(extent) = &recovered.torn {
        file(extent).write_at(&vec![0; length(extent)], extent.start)?;
        file(extent).sync()?;
    }
    let Some(extent) = &recovered.last_batch else {
        return Ok([0; 32]);
    };
    let mut batch = vec![0; length(extent)];
    file(extent).read_at(&mut batch, extent.start)?;
    let mut hashes = Vec::new();
    let mut at = 0;
    while at < batch.len() {
        let sector = &batch[at..at + SECTOR_BYTES];
        let header = Header::parse(sector, u64::from(extent.segment), extent.start + at as u64)
            .map_err(|error| {
                io::Error::other(format!("the last batch changed while it was read: {error}"))
            })?;
        hashes.push(layout::group_hash_of(
            &batch[at..at + header.span()],
            &header,
        ));
        // The copy alone may have been cut off: no reader misses it.
        batch.copy_within(at..at + SECTOR_BYTES, at + SECTOR_BYTES);
        at += header.span();
    }
    file(extent).write_at(&batch, extent.start)?;
    file(extent).sync()?;
    Ok(layout::batch_hash(hashes.into_iter()))
}

fn io_error(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { path, what, source }
}
