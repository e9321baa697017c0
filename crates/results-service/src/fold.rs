//! From the log to the state: the newest snapshot that fits, then the tail.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use election::bytes::codec::Writer;
use election::bytes::{DecodeError, decode_record};
use election::event::Recorded;
use election::ids::{ElectionId, LogId, Revision};
use election::state::State;
use event_log::{Damage, Head, Stored};
use event_log_journal::snapshot::{self, Snapshot, SnapshotKey};
use event_log_journal::{JournalError, leaf_hash};
use tokio::task::spawn_blocking;
use tracing::{error, info, warn};

use crate::directory::Directory;
use crate::error::Error;
use crate::log::Log;
use crate::measure;

/// How many snapshots of an election are kept: the newest, and one in case that is damaged.
const SNAPSHOTS_KEPT: usize = 2;
/// What is read of the log at once while folding.
const READ_RECORDS: usize = 16_384;
const READ_BYTES: usize = 4 << 20;
/// How often a log that cannot be read now is tried again, and how long after the first time; then twice as long each
/// time. Other elections wait for so long.
const RETRIES_MAX: u32 = 6;
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// An election's log, folded up to its head, or up to where it cannot be folded.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    /// `None` before the first event.
    pub state: Option<Box<State>>,
    pub directory: Directory,
    /// The leaf hash of the last record.
    pub record_hash: [u8; 32],
    /// The revision of the snapshot that it started from.
    pub snapshot: Revision,
    /// Why it ends before the head, if it does.
    pub damage: Option<Damage>,
}

impl Fold {
    pub fn revision(&self) -> Revision {
        self.state
            .as_ref()
            .map_or(Revision::ZERO, |state| state.revision())
    }

    /// Takes events in as far as they fold.
    fn take(&mut self, piece: &Piece) -> Result<(), Error> {
        let mut taken = 0;
        let outcome = piece.events.iter().try_for_each(|recorded| {
            match &mut self.state {
                Some(state) => state.apply(recorded).map_err(|error| misfit(&error))?,
                None => {
                    let state = State::begin(recorded).map_err(|error| misfit(&error))?;
                    self.state = Some(Box::new(state));
                }
            }
            self.directory.apply(recorded);
            taken += 1;
            Ok(())
        });
        if let Some(last) = piece.stored[..taken].last() {
            self.record_hash = leaf_hash(&last.record.public);
        }
        match (outcome, &piece.fault) {
            (Ok(()), Some(fault)) => Err(fault.clone()),
            (outcome, _) => outcome,
        }
    }
}

/// A piece of the log: records, and their events as far as they can be read.
struct Piece {
    stored: Vec<Stored>,
    events: Vec<Recorded>,
    fault: Option<Error>,
}

impl Piece {
    fn of(stored: Vec<Stored>) -> Self {
        let mut events = Vec::with_capacity(stored.len());
        let decoded = stored.iter().try_for_each(|stored| {
            events.push(decode(stored)?);
            Ok(())
        });
        Self {
            stored,
            events,
            fault: decoded.err(),
        }
    }
}

/// The event of a record, with its private part.
pub(crate) fn decode(stored: &Stored) -> Result<Recorded, Error> {
    let record = &stored.record;
    let recorded = decode_record(&record.public, Some(&record.annex))
        .map_err(|error| Error::Internal(format!("revision {}: {error}", stored.revision)))?;
    if recorded.revision == stored.revision {
        Ok(recorded)
    } else {
        let found = recorded.revision;
        let at = stored.revision;
        Err(Error::Internal(format!(
            "the record at revision {at} says that it is {found}"
        )))
    }
}

fn misfit(error: &election::tally::FoldError) -> Error {
    Error::Internal(format!("the log does not fold: {error}"))
}

/// Folds an election's log up to the given head: about half a second per million reports, beside reading them. What cannot
/// be read or folded is damage of this election alone: the fold ends before it and says so. What cannot be read now is
/// tried again first, for six seconds.
pub(crate) async fn load(log: &Arc<Log>, folder: Option<&Path>, head: &Head) -> Fold {
    let mut fold = match folder {
        Some(folder) => from_snapshot(log, folder, head).await,
        None => Fold::default(),
    };
    let snapshot = fold.revision();
    if let Err(error) = to_head_with_patience(&mut fold, log, head).await {
        let damage = match error {
            Error::Corrupt(damage) => damage,
            error => Damage {
                election: head.election.clone(),
                revision: fold.revision().next(),
                place: "fold".to_owned(),
                what: error.to_string(),
            },
        };
        error!(election = %head.election, %damage, head = %head.revision,
            "the log does not fold up to its head: the election is read-only, others go on");
        measure::closed(&head.election);
        fold.damage = Some(damage);
    }
    info!(election = %head.election, revision = %fold.revision(), %snapshot, "log folded");
    if let Some(state) = &fold.state {
        // A snapshot has no table of names. It is made beside what follows; who looks for a name before waits for it.
        let names = state.tally().unit_names.clone();
        drop(spawn_blocking(move || names.prepare()));
    }
    fold
}

async fn to_head_with_patience(fold: &mut Fold, log: &Arc<Log>, head: &Head) -> Result<(), Error> {
    for retry in 0..RETRIES_MAX {
        match to_head(fold, log, head).await {
            Err(error @ Error::Unavailable(_)) => {
                let pause = RETRY_PAUSE * 2_u32.pow(retry);
                warn!(election = %head.election, %error, revision = %fold.revision(), pause_ms = pause.as_millis(),
                    "the log cannot be folded now, trying again");
                tokio::time::sleep(pause).await;
            }
            outcome => return outcome,
        }
    }
    to_head(fold, log, head).await
}

async fn to_head(fold: &mut Fold, log: &Arc<Log>, head: &Head) -> Result<(), Error> {
    let from = fold.revision();
    let mut reading = tokio::spawn(read(log.clone(), head.election.clone(), from.next()));
    while fold.revision() < head.revision {
        let piece = reading.await.map_err(|_| cut_short())??;
        let Some(last) = piece.stored.last() else {
            return Err(Error::Internal("the log ends before its head".to_owned()));
        };
        // The next piece is read and decoded while this one is folded.
        let next = last.revision.next();
        reading = tokio::spawn(read(log.clone(), head.election.clone(), next));
        let mut folding = std::mem::take(fold);
        let folded = spawn_blocking(move || {
            let outcome = folding.take(&piece);
            (folding, outcome)
        });
        let outcome;
        (*fold, outcome) = folded.await.map_err(|_| cut_short())?;
        outcome?;
    }
    reading.abort();
    Ok(())
}

async fn read(log: Arc<Log>, election: ElectionId, from: Revision) -> Result<Piece, Error> {
    let stored = log.read(&election, from, READ_RECORDS, READ_BYTES).await?;
    let decoding = spawn_blocking(move || Piece::of(stored));
    decoding.await.map_err(|_| cut_short())
}

fn cut_short() -> Error {
    Error::Unavailable("folding the log was cut short")
}

/// The fold of the newest snapshot that is of this log. What is wrong with one is told, and an older one is taken.
async fn from_snapshot(log: &Arc<Log>, folder: &Path, head: &Head) -> Fold {
    let (path, election) = (folder.to_owned(), head.election.clone());
    let listed = spawn_blocking(move || snapshot::list(&path, &election)).await;
    let listed = listed.map_err(|error| error.to_string());
    let listed = listed.and_then(|listed| listed.map_err(|error| error.to_string()));
    let revisions = listed.unwrap_or_else(|error| {
        warn!(election = %head.election, error, "snapshots cannot be listed");
        Vec::new()
    });
    for revision in revisions {
        if revision > head.revision {
            // A snapshot is written only of what is durable.
            error!(election = %head.election, snapshot = %revision, head = %head.revision,
                "a snapshot lies beyond the head of its log: acknowledged events are lost or lie behind damage");
            measure::snapshot_beyond_head();
            continue;
        }
        let (path, election) = (folder.to_owned(), head.election.clone());
        let read = spawn_blocking(move || read_snapshot(&path, &election, revision)).await;
        let read = read.map_err(|error| error.to_string());
        let (key, fold) = match read.and_then(|read| read) {
            Ok(found) => found,
            Err(what) => {
                warn!(election = %head.election, %revision, what, "a snapshot cannot be used");
                continue;
            }
        };
        let at = match log.read(&head.election, revision, 1, 1).await {
            Ok(at) => at,
            Err(error) => {
                warn!(election = %head.election, %revision, %error, "a snapshot cannot be compared with the log");
                continue;
            }
        };
        let same_record = at
            .first()
            .is_some_and(|stored| leaf_hash(&stored.record.public) == key.record_hash);
        if key.log_id == head.log_id && same_record && fold.revision() == revision {
            return fold;
        }
        warn!(election = %head.election, %revision, "a snapshot is of another log");
    }
    Fold::default()
}

fn read_snapshot(
    folder: &Path,
    election: &ElectionId,
    revision: Revision,
) -> Result<(SnapshotKey, Fold), String> {
    let told = |error: JournalError| error.to_string();
    let snapshot = snapshot::open(folder, election, revision).map_err(told)?;
    // Half of the work each, on a thread of its own.
    let (state, directory) = std::thread::scope(|threads| {
        let directory = threads.spawn(|| {
            read_part(&snapshot, DIRECTORY_PART, |part, bytes| {
                Directory::decode(part, bytes)
            })
        });
        let state = read_part(&snapshot, STATE_PART, |part, bytes| {
            State::from_snapshot(part, bytes)
        });
        let directory = directory.join();
        (
            state,
            directory.map_err(|_| "reading the directory failed".to_owned()),
        )
    });
    let key = snapshot.key().clone();
    let fold = Fold {
        state: Some(Box::new(state?)),
        directory: directory??,
        record_hash: key.record_hash,
        snapshot: revision,
        damage: None,
    };
    Ok((key, fold))
}

/// Reads a part to its end, even if it cannot be understood: its checksum tells whether that is the file's fault.
fn read_part<T>(
    snapshot: &Snapshot,
    number: usize,
    read: impl FnOnce(&mut snapshot::Part<'_>, u64) -> Result<T, DecodeError>,
) -> Result<T, String> {
    let told = |error: JournalError| error.to_string();
    let mut part = snapshot.part(number).map_err(told)?;
    let length = part.bytes();
    let value = read(&mut part, length);
    part.finish().map_err(told)?;
    value.map_err(|error| error.to_string())
}

/// The parts of a snapshot by number.
const STATE_PART: usize = 0;
const DIRECTORY_PART: usize = 1;

/// A state as bytes that waits until its last record is durable.
pub(crate) struct Encoded {
    pub revision: Revision,
    pub state: Vec<u8>,
}

/// Writes a snapshot and removes those that are not needed any more. Blocks.
pub(crate) fn write_snapshot(
    folder: &Path,
    election: &ElectionId,
    log_id: LogId,
    encoded: &Encoded,
    directory: &Directory,
    record_hash: [u8; 32],
) -> Result<(), JournalError> {
    let mut writer = Writer::default();
    directory.encode(&mut writer);
    let key = SnapshotKey {
        election: election.clone(),
        log_id,
        revision: encoded.revision,
        record_hash,
    };
    snapshot::write(folder, &key, &[&encoded.state, &writer.into_bytes()])?;
    snapshot::remove_older(folder, election, encoded.revision, SNAPSHOTS_KEPT)?;
    Ok(())
}
