//! Snapshots: what is written is read, what is damaged is set aside.

use crate::JournalError;
use crate::snapshot::{SnapshotKey, list, read, remove_older, write};
use election::ids::{ElectionId, LogId, Revision};

fn key(election: &str, revision: u64) -> SnapshotKey {
    SnapshotKey {
        election: ElectionId::new(election).unwrap(),
        log_id: LogId([4; 16]),
        revision: Revision(revision),
        record_hash: [5; 32],
    }
}

#[test]
fn written_snapshots_are_listed_read_and_thinned_out() {
    let folder = tempfile::tempdir().unwrap();
    for revision in [7, 1_000, 90] {
        write(
            folder.path(),
            &key("e.1", revision),
            &revision.to_le_bytes(),
        )
        .unwrap();
    }
    write(folder.path(), &key("e", 8), b"").unwrap();
    std::fs::write(folder.path().join("e.1@9.unfinished"), b"cut off").unwrap();
    let election = key("e.1", 0).election;
    assert_eq!(
        list(folder.path(), &election).unwrap(),
        [1_000, 90, 7].map(Revision)
    );
    let (found, content) = read(folder.path(), &election, Revision(90)).unwrap();
    assert_eq!(
        (found, content),
        (key("e.1", 90), 90_u64.to_le_bytes().to_vec())
    );
    assert_eq!(remove_older(folder.path(), &election, 2).unwrap(), 1);
    assert_eq!(
        list(folder.path(), &election).unwrap(),
        [1_000, 90].map(Revision)
    );
    assert_eq!(
        read(folder.path(), &key("e", 8).election, Revision(8))
            .unwrap()
            .1,
        b""
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn damaged_snapshot_is_set_aside_and_told() {
    let bytes = 176 + 5;
    for at in (0..bytes).step_by(9).chain([175, 176, bytes - 1]) {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), &key("e", 3), b"state").unwrap();
        let mut damaged = std::fs::read(&path).unwrap();
        assert_eq!(damaged.len(), bytes);
        damaged[at] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        is_set_aside(folder.path());
    }
}

#[test]
fn cut_or_renamed_snapshot_is_set_aside_and_told() {
    for length in [0, 100, 176, 180] {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), &key("e", 3), b"state").unwrap();
        std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(length)
            .unwrap();
        is_set_aside(folder.path());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), &key("e", 2), b"state").unwrap();
    std::fs::rename(
        &path,
        path.with_file_name("e@00000000000000000003.snapshot"),
    )
    .unwrap();
    is_set_aside(folder.path());
}

/// The snapshot of "e" at revision 3 is refused, under another name afterwards, and no longer listed.
fn is_set_aside(folder: &std::path::Path) {
    let election = key("e", 3).election;
    let error = read(folder, &election, Revision(3)).unwrap_err();
    let JournalError::Snapshot { path, aside, .. } = &error else {
        panic!("{error}")
    };
    assert!(!path.exists() && aside.exists(), "{error}");
    assert!(list(folder, &election).unwrap().is_empty());
}
