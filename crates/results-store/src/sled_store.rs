//! The store on sled: a folder that is opened with suspicion and set aside when in doubt.
//!
//! sled 0.34 may lag (nothing is flushed but at checkpoints), fail (it panics on flipped bits) and lie (a tail that lost
//! more than one segment opens without a word, with nothing in it). So it is never where durability comes from, every
//! call into it is guarded against panics, and what it says on opening is compared with what it cannot have changed: each
//! row's checksum, the head's number and sum of rows, the checkpoint beside the folder, and the log's head.

use crate::StoreError;
use crate::checkpoint::{self, Checkpoint};
use crate::elections::Elections;
use crate::ledger::{Ledger, Rows, Visit, Write};
use election::ids::{ElectionId, LogId};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Memory for sled's pages, in bytes: enough for the history of about a million events.
const CACHE_BYTES: u64 = 64 << 20;
/// A folder above this many bytes, and so many more for each event that is applied, is built anew: sled does not give back
/// all that it rewrites. Built in large batches, a folder has 70 to 300 bytes an event.
const FOLDER_BYTES_MAX: u64 = 128 << 20;
const FOLDER_BYTES_MAX_PER_EVENT: u64 = 512;
/// How long another one's lock is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(1);
/// Damaged folders that are kept for an inspection.
const SET_ASIDE_MAX: usize = 2;
const FOLDER: &str = "store";
const CHECKPOINT: &str = "store.checkpoint";
const SET_ASIDE_PREFIX: &str = "store.damaged-";
/// sled's tree that is always there.
const DEFAULT_TREE: &[u8] = b"__sled__default";

type Ledgers = BTreeMap<ElectionId, Arc<Ledger<SledRows>>>;

/// The store of a data folder, for all its elections.
pub struct SledStore {
    folder: PathBuf,
    checkpoint: PathBuf,
    // Before the database, so that trees are dropped first.
    ledgers: RwLock<Ledgers>,
    log_ids: BTreeMap<ElectionId, LogId>,
    database: sled::Db,
}

/// A store that was opened.
pub struct Opened {
    /// It, ready; behind the log or empty, never wrong.
    pub store: SledStore,
    /// Set if a former folder could not be trusted: the store is empty and everything must be applied again.
    pub set_aside: Option<SetAside>,
}

/// A folder that could not be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub folder: PathBuf,
    /// What was found.
    pub reason: String,
}

impl SledStore {
    /// Opens the store in a data folder, beside the log whose heads are given. A folder that differs from them, from its
    /// checkpoint or from itself is set aside as `store.damaged-<n>`, and an empty one takes its place; one that has grown
    /// out of all proportion to its events is emptied. The caller applies the log from the applied revision on.
    ///
    /// Fails with [`StoreError::InUse`] and [`StoreError::Io`] where setting aside would not help.
    pub fn open(data_folder: &Path, heads: &[event_log::Head]) -> Result<Opened, StoreError> {
        let folder = data_folder.join(FOLDER);
        if !folder.exists() {
            // An empty store needs no excuse; what the checkpoint says of a former one is not about it.
            remove(&data_folder.join(CHECKPOINT))?;
        }
        match Self::open_trusted(data_folder, heads) {
            Ok(store) => Ok(Opened {
                store: store.shrunk(data_folder, heads)?,
                set_aside: None,
            }),
            Err(StoreError::Damaged(reason)) => {
                let aside = set_aside(data_folder)?;
                tracing::warn!(%reason, folder = %aside.display(), "results store set aside");
                Ok(Opened {
                    store: Self::open_trusted(data_folder, heads)?,
                    set_aside: Some(SetAside {
                        folder: aside,
                        reason,
                    }),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// The store itself, or an empty one if the folder has outgrown what it holds (F29).
    fn shrunk(self, data_folder: &Path, heads: &[event_log::Head]) -> Result<Self, StoreError> {
        let bytes = self.bytes_on_disk()?;
        let ledgers = self.ledgers.read().unwrap_or_else(PoisonError::into_inner);
        let events: u64 = ledgers.values().map(|ledger| ledger.head().applied).sum();
        drop(ledgers);
        if bytes
            <= FOLDER_BYTES_MAX.saturating_add(events.saturating_mul(FOLDER_BYTES_MAX_PER_EVENT))
        {
            return Ok(self);
        }
        tracing::info!(bytes, events, "results store outgrown, built anew");
        let folder = self.folder.clone();
        drop(self);
        fs::remove_dir_all(&folder)
            .map_err(StoreError::io(format!("removing {}", folder.display())))?;
        remove(&data_folder.join(CHECKPOINT))?;
        Self::open_trusted(data_folder, heads)
    }

    fn open_trusted(data_folder: &Path, heads: &[event_log::Head]) -> Result<Self, StoreError> {
        let folder = data_folder.join(FOLDER);
        fs::create_dir_all(&folder)
            .map_err(StoreError::io(format!("creating {}", folder.display())))?;
        remove_unfinished_snapshots(&folder)?;
        let config = sled::Config::new()
            .path(&folder)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None);
        let database = open_database(&config, &folder)?;
        let log_ids: BTreeMap<_, _> = heads
            .iter()
            .map(|head| (head.election.clone(), head.log_id))
            .collect();
        let mut ledgers = Ledgers::new();
        for name in guard(|| Ok(database.tree_names()))? {
            if name == DEFAULT_TREE {
                continue;
            }
            let election = std::str::from_utf8(&name)
                .ok()
                .and_then(|name| ElectionId::new(name).ok())
                .ok_or_else(|| StoreError::Damaged("a tree is no election's".into()))?;
            let rows = SledRows(guard(|| database.open_tree(&name))?);
            let ledger = Ledger::open(rows, log_ids.get(&election).copied())?;
            ledgers.insert(election, Arc::new(ledger));
        }
        let checkpoint_path = data_folder.join(CHECKPOINT);
        let saved = checkpoint::read(&checkpoint_path)?.unwrap_or_default();
        compare_with_checkpoint(&ledgers, &saved)?;
        compare_with_log(&ledgers, heads)?;
        Ok(Self {
            folder,
            checkpoint: checkpoint_path,
            ledgers: RwLock::new(ledgers),
            log_ids,
            database,
        })
    }

    /// Makes what is applied last, and notes it beside the folder. Costs a flush and two syncs: to be called now and then
    /// by the one who applies (every ten seconds or so), and at a clean stop. What was applied since may be missing after
    /// a crash and is then applied again.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let ledgers = self.ledgers.read().unwrap_or_else(PoisonError::into_inner);
        let ledgers = ledgers.clone();
        // Read before the flush: what is written here must be there afterwards.
        let mut saved = Checkpoint::new();
        for (election, ledger) in ledgers {
            ledger.applied()?;
            saved.insert(election, ledger.head());
        }
        guard(|| self.database.flush())?;
        // sled's flush is no fsync.
        let file = self.folder.join("db");
        fs::File::open(&file)
            .and_then(|file| file.sync_all())
            .map_err(StoreError::io(format!("syncing {}", file.display())))?;
        checkpoint::write(&self.checkpoint, &saved)
    }

    /// Ends with a checkpoint.
    pub fn close(self) -> Result<(), StoreError> {
        self.checkpoint()
    }

    /// The bytes of all its files.
    pub fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        bytes_in(&self.folder).map_err(StoreError::io(format!(
            "measuring {}",
            self.folder.display()
        )))
    }
}

impl Elections for SledStore {
    type Rows = SledRows;

    fn ledger(&self, election: &ElectionId) -> Option<Arc<Ledger<SledRows>>> {
        let ledgers = self.ledgers.read().unwrap_or_else(PoisonError::into_inner);
        ledgers.get(election).cloned()
    }

    fn ledger_or_new(&self, election: &ElectionId) -> Result<Arc<Ledger<SledRows>>, StoreError> {
        if let Some(ledger) = self.ledger(election) {
            return Ok(ledger);
        }
        let mut ledgers = self.ledgers.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(ledger) = ledgers.get(election) {
            return Ok(Arc::clone(ledger));
        }
        let rows = SledRows(guard(|| self.database.open_tree(election.as_str()))?);
        let log_id = self.log_ids.get(election).copied();
        let ledger = Arc::new(Ledger::open(rows, log_id)?);
        ledgers.insert(election.clone(), Arc::clone(&ledger));
        Ok(ledger)
    }
}

/// One election's tree.
pub(crate) struct SledRows(sled::Tree);

impl Rows for SledRows {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guard(|| Ok(self.0.get(key)?.map(|row| row.to_vec())))
    }

    fn scan(&self, from: &[u8], visit: &mut Visit<'_>) -> Result<(), StoreError> {
        guard(|| {
            for entry in self.0.range(from..) {
                let (key, row) = entry?;
                match visit(&key, &row) {
                    Ok(flow) if flow.is_break() => break,
                    Ok(_) => {}
                    Err(error) => return Ok(Err(error)),
                }
            }
            Ok(Ok(()))
        })?
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, row) in writes {
            match row {
                Some(row) => batch.insert(key, row),
                None => batch.remove(key),
            }
        }
        guard(|| self.0.apply_batch(batch))
    }
}

/// A call into sled: its panics and its errors become ours. Nothing of it is used again after a panic but to be dropped.
fn guard<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(io_error(error)),
        Ok(Err(error)) => Err(StoreError::Damaged(format!("sled: {error}"))),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(StoreError::Damaged(format!(
                "sled panicked: {}",
                text.unwrap_or("without a word")
            )))
        }
    }
}

/// What the operating system refuses is no damage; what sled itself calls an I/O error is, and so is a missing file.
fn io_error(error: io::Error) -> StoreError {
    let is_system = error.raw_os_error().is_some() && error.kind() != io::ErrorKind::NotFound;
    if is_lock(&error) || is_system {
        StoreError::io("sled")(error)
    } else {
        StoreError::Damaged(format!("sled: {error}"))
    }
}

/// Opens the database, and waits a little for its lock: sled's own threads may hold it for a moment after a store of the
/// same folder is dropped.
fn open_database(config: &sled::Config, folder: &Path) -> Result<sled::Db, StoreError> {
    let started = Instant::now();
    loop {
        match guard(|| config.open()) {
            Err(StoreError::Io { error, .. }) if is_lock(&error) => {
                if started.elapsed() > LOCK_WAIT {
                    return Err(StoreError::InUse(folder.to_path_buf()));
                }
                std::thread::sleep(LOCK_WAIT / 50);
            }
            opened => return opened,
        }
    }
}

fn is_lock(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn compare_with_checkpoint(ledgers: &Ledgers, saved: &Checkpoint) -> Result<(), StoreError> {
    for (election, ledger) in ledgers {
        let expected = saved.get(election);
        let probe = expected.map_or(0, |expected| expected.applied);
        let found = ledger.verify(probe)?;
        let Some(expected) = expected else { continue };
        let head = ledger.head();
        let same_history = found.is_some_and(|at| at.history_crc == expected.history_crc);
        let same_rows = head.applied != expected.applied || head == *expected;
        if !same_history || !same_rows || head.log_id != expected.log_id {
            return Err(StoreError::Damaged(format!(
                "election {election}: the checkpoint says {expected:?}, the store says {head:?}"
            )));
        }
    }
    let missing = saved
        .iter()
        .find(|(election, expected)| expected.applied > 0 && !ledgers.contains_key(*election));
    match missing {
        None => Ok(()),
        Some((election, expected)) => Err(StoreError::Damaged(format!(
            "election {election}: the checkpoint says {expected:?}, the store has nothing"
        ))),
    }
}

fn compare_with_log(ledgers: &Ledgers, heads: &[event_log::Head]) -> Result<(), StoreError> {
    for (election, ledger) in ledgers {
        let head = ledger.head();
        let log = heads.iter().find(|log| log.election == *election);
        let log_revision = log.map_or(0, |log| log.revision.0);
        if head.applied > log_revision {
            return Err(StoreError::Damaged(format!(
                "election {election}: revision {} is applied, the log ends at {log_revision}",
                head.applied
            )));
        }
        if let (Some(log), Some(log_id)) = (log, head.log_id)
            && log.log_id != log_id
        {
            return Err(StoreError::Damaged(format!(
                "election {election}: the store is of log {log_id}, the log is {}",
                log.log_id
            )));
        }
    }
    Ok(())
}

/// A snapshot that sled was writing when it was killed keeps it from opening.
fn remove_unfinished_snapshots(folder: &Path) -> Result<(), StoreError> {
    for name in file_names(folder)? {
        if name.starts_with("snap.") && name.ends_with(".generating") {
            remove(&folder.join(name))?;
        }
    }
    Ok(())
}

/// Renames the folder out of the way, keeps the newest of those, and forgets the checkpoint (last: with a folder it is
/// still a reason to set aside, without one it is no harm).
fn set_aside(data_folder: &Path) -> Result<PathBuf, StoreError> {
    let number_of = |name: &String| name.strip_prefix(SET_ASIDE_PREFIX)?.parse::<u64>().ok();
    let mut numbers: Vec<u64> = file_names(data_folder)?
        .iter()
        .filter_map(number_of)
        .collect();
    numbers.sort_unstable();
    let number = numbers.last().map_or(1, |last| last.saturating_add(1));
    numbers.push(number);
    let path_of = |number: u64| data_folder.join(format!("{SET_ASIDE_PREFIX}{number}"));
    let aside = path_of(number);
    fs::rename(data_folder.join(FOLDER), &aside)
        .map_err(StoreError::io(format!("renaming to {}", aside.display())))?;
    for old in numbers.iter().rev().skip(SET_ASIDE_MAX) {
        let old = path_of(*old);
        fs::remove_dir_all(&old).map_err(StoreError::io(format!("removing {}", old.display())))?;
    }
    checkpoint::sync_folder_of(&aside)?;
    remove(&data_folder.join(CHECKPOINT))?;
    Ok(aside)
}

fn bytes_in(folder: &Path) -> io::Result<u64> {
    fs::read_dir(folder)?.try_fold(0_u64, |sum, entry| {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let bytes = match metadata.is_dir() {
            true => bytes_in(&entry.path())?,
            false => metadata.len(),
        };
        Ok(sum.saturating_add(bytes))
    })
}

fn file_names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let read = || -> io::Result<Vec<String>> {
        let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        let names = entries.iter().map(fs::DirEntry::file_name);
        Ok(names.filter_map(|name| name.into_string().ok()).collect())
    };
    read().map_err(StoreError::io(format!("listing {}", folder.display())))
}

fn remove(file: &Path) -> Result<(), StoreError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io(format!(
            "removing {}",
            file.display()
        ))(error)),
        _ => Ok(()),
    }
}
