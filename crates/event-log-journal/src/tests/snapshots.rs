//! Snapshots: what is written is read, what is damaged is set aside.

use crate::JournalError;
use crate::snapshot::{Snapshot, SnapshotKey, list, open, remove_older, write};
use election::ids::{ElectionId, LogId, Revision};
use std::io::Read;

fn key(election: &str, revision: u64) -> SnapshotKey {
    SnapshotKey {
        election: ElectionId::new(election).unwrap(),
        log_id: LogId([4; 16]),
        revision: Revision(revision),
        record_hash: [5; 32],
    }
}

fn content(snapshot: &Snapshot, number: usize) -> Result<Vec<u8>, JournalError> {
    let (mut part, mut bytes) = (snapshot.part(number)?, Vec::new());
    let read = part.read_to_end(&mut bytes);
    part.finish()?;
    assert_eq!(read.unwrap(), bytes.len());
    Ok(bytes)
}

#[test]
fn written_snapshots_are_listed_read_and_thinned_out() {
    let folder = tempfile::tempdir().unwrap();
    for revision in [7_u64, 1_000, 90] {
        let parts: [&[u8]; 2] = [&revision.to_le_bytes(), b"more"];
        write(folder.path(), &key("e.1", revision), &parts).unwrap();
    }
    write(folder.path(), &key("e", 8), &[]).unwrap();
    std::fs::write(folder.path().join("e.1@9.unfinished"), b"cut off").unwrap();
    let election = key("e.1", 0).election;
    assert_eq!(
        list(folder.path(), &election).unwrap(),
        [1_000, 90, 7].map(Revision)
    );
    let snapshot = open(folder.path(), &election, Revision(90)).unwrap();
    assert_eq!(snapshot.key(), &key("e.1", 90));
    assert_eq!(content(&snapshot, 0).unwrap(), 90_u64.to_le_bytes());
    assert_eq!(content(&snapshot, 1).unwrap(), b"more");
    assert_eq!(
        remove_older(folder.path(), &election, Revision(1_000), 2).unwrap(),
        2
    );
    assert_eq!(
        list(folder.path(), &election).unwrap(),
        [1_000, 90].map(Revision)
    );
    open(folder.path(), &key("e", 8).election, Revision(8)).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn what_was_set_aside_goes_with_the_snapshots_of_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let election = key("e", 0).election;
    let damage = |revision| {
        let path = write(folder.path(), &key("e", revision), &[b"state"]).unwrap();
        std::fs::write(&path, b"other bytes").unwrap();
        open(folder.path(), &election, Revision(revision)).unwrap_err();
        path.with_extension("damaged")
    };
    let (old, new) = (damage(3), damage(30));
    write(folder.path(), &key("e", 20), &[b"state"]).unwrap();
    write(folder.path(), &key("other", 1), &[b"state"]).unwrap();
    assert_eq!(
        remove_older(folder.path(), &election, Revision(20), 2).unwrap(),
        1
    );
    assert!(!old.exists() && new.exists());
    for revision in [40, 50] {
        write(folder.path(), &key("e", revision), &[b"state"]).unwrap();
    }
    assert_eq!(
        remove_older(folder.path(), &election, Revision(50), 2).unwrap(),
        2
    );
    assert!(!new.exists());
    assert_eq!(
        list(folder.path(), &election).unwrap(),
        [50, 40].map(Revision)
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn what_lies_beyond_the_head_takes_no_place_of_newer_ones() {
    let folder = tempfile::tempdir().unwrap();
    let election = key("e", 0).election;
    let written = |revision| {
        write(folder.path(), &key("e", revision), &[b"state"]).unwrap();
        remove_older(folder.path(), &election, Revision(revision), 2).unwrap();
        list(folder.path(), &election).unwrap()
    };
    for revision in [700, 800, 900] {
        written(revision);
    }
    // An older copy of the log was put in place, and ends at 10: what is written now stays.
    assert_eq!(written(10), [900, 800, 10].map(Revision));
    assert_eq!(written(20), [900, 800, 20, 10].map(Revision));
    assert_eq!(written(30), [900, 800, 30, 20].map(Revision));
    // As soon as the log is as long again, they are old ones like others.
    assert_eq!(written(850), [900, 850, 800].map(Revision));
    assert_eq!(written(910), [910, 900].map(Revision));
}

/// Two parts of nine bytes together.
fn state() -> [&'static [u8]; 2] {
    [b"state", b"more"]
}

#[test]
fn damaged_snapshot_is_set_aside_and_told() {
    let bytes = 256 + 9;
    for at in (0..bytes).step_by(9).chain([9, 255, 256, bytes - 1]) {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), &key("e", 3), &state()).unwrap();
        let mut damaged = std::fs::read(&path).unwrap();
        assert_eq!(damaged.len(), bytes);
        damaged[at] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        is_set_aside(folder.path());
    }
}

#[test]
fn cut_or_renamed_snapshot_is_set_aside_and_told() {
    for length in [0, 100, 256, 260, 300] {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), &key("e", 3), &state()).unwrap();
        std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(length)
            .unwrap();
        is_set_aside(folder.path());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), &key("e", 2), &state()).unwrap();
    std::fs::rename(
        &path,
        path.with_file_name("e@00000000000000000003.snapshot"),
    )
    .unwrap();
    is_set_aside(folder.path());
}

#[test]
fn a_snapshot_of_another_version_is_told_and_left_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), &key("e", 3), &state()).unwrap();
    let mut first = std::fs::read(&path).unwrap();
    first[8] = 1;
    std::fs::write(&path, first).unwrap();
    let error = open(folder.path(), &key("e", 3).election, Revision(3)).unwrap_err();
    assert!(
        matches!(error, JournalError::Version { version: 1, .. }),
        "{error}"
    );
    assert!(path.exists());
}

/// The snapshot of "e" at revision 3 is refused, under another name afterwards, and no longer listed.
fn is_set_aside(folder: &std::path::Path) {
    let election = key("e", 3).election;
    let read = || {
        let snapshot = open(folder, &election, Revision(3))?;
        (0..2).try_for_each(|part| content(&snapshot, part).map(|_| ()))
    };
    let error = read().unwrap_err();
    let JournalError::Snapshot { path, aside, .. } = &error else {
        panic!("{error}")
    };
    assert!(!path.exists() && aside.exists(), "{error}");
    assert!(list(folder, &election).unwrap().is_empty());
}
