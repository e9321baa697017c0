//! What disks, sled and people do to the folder. After each, opening either shows exactly a prefix of the night or sets
//! the folder aside and starts empty; then the night is applied again and everything is right.

use crate::night::{LOG_ID, Night, election, log_head};
use election::ids::{LogId, Revision};
use results_store::{LATEST, Opened, ResultsStore, SetAside, SledStore};
use std::fs;
use std::path::Path;

/// sled's segments, in bytes.
const SEGMENT: u64 = 512 << 10;

/// A folder with a night in it, closed cleanly.
fn filled(night: &Night) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let heads = [log_head(night.head().0)];
    let store = SledStore::open(folder.path(), &heads).unwrap().store;
    for batch in night.events.chunks(1_000) {
        store.apply(&election(), batch).unwrap();
    }
    store.close().unwrap();
    folder
}

/// Opens the folder, checks what it shows, brings it up to date and checks again.
fn recover(night: &Night, folder: &Path) -> Option<SetAside> {
    let had_store = folder.join("store").exists();
    let Opened { store, set_aside } = SledStore::open(folder, &[log_head(night.head().0)]).unwrap();
    let applied = store.applied_revision(&election()).unwrap();
    if let Some(aside) = &set_aside {
        assert_eq!(applied, Revision::ZERO, "set aside, but not empty");
        assert!(aside.folder.exists());
    } else if had_store {
        // The checkpoint was written at the very end: less than everything is a loss, and no loss is passed over.
        assert_eq!(applied, night.head(), "a loss went unnoticed");
    }
    night.check(&store, applied, applied);
    let applied = usize::try_from(applied.0).unwrap();
    store.apply(&election(), &night.events[applied..]).unwrap();
    night.check(&store, night.head(), LATEST);
    night.check(&store, night.head(), Revision(night.head().0 / 2));
    store.close().unwrap();
    set_aside
}

fn cut(folder: &Path, bytes: u64) {
    let file = fs::OpenOptions::new()
        .write(true)
        .open(folder.join("store/db"))
        .unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(bytes)).unwrap();
}

#[test]
fn an_undamaged_folder_is_kept() {
    let night = Night::random(200, 8_000, 21);
    let folder = filled(&night);
    assert_eq!(recover(&night, folder.path()), None);
    assert_eq!(recover(&night, folder.path()), None);
}

#[test]
fn segments_that_are_missing_at_the_end_are_noticed() {
    let night = Night::random(500, 12_000, 22);
    let origin = filled(&night);
    let mut noticed = 0;
    for bytes in [
        100,
        SEGMENT / 2,
        SEGMENT,
        SEGMENT + 1,
        2 * SEGMENT,
        3 * SEGMENT,
        u64::MAX,
    ] {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(origin.path(), folder.path());
        let length = fs::metadata(folder.path().join("store/db")).unwrap().len();
        assert!(length > 3 * SEGMENT, "too short for this test: {length}");
        cut(folder.path(), bytes);
        noticed += usize::from(recover(&night, folder.path()).is_some());
    }
    // The newest segment need not be the last one of the file, but of three some are needed.
    assert!(noticed >= 3, "only {noticed} cuts were noticed");
}

#[test]
fn zeros_over_any_segment_are_noticed_or_do_no_harm() {
    let night = Night::random(1_000, 10_000, 23);
    let folder = filled(&night);
    let whole = fs::read(folder.path().join("store/db")).unwrap();
    let segments = whole.len() as u64 / SEGMENT;
    for segment in 0..segments {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(folder.path(), copy.path());
        let start = usize::try_from(segment * SEGMENT).unwrap();
        let mut bytes = whole.clone();
        bytes[start..start + usize::try_from(SEGMENT).unwrap()].fill(0);
        fs::write(copy.path().join("store/db"), bytes).unwrap();
        recover(&night, copy.path());
    }
}

#[test]
fn flipped_bits_never_give_a_wrong_row() {
    let night = Night::random(100, 1_500, 24);
    let origin = filled(&night);
    let copied = ["db", "conf"];
    let mut set_aside = 0;
    let mut state = 5_u64;
    for round in 0..30 {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(origin.path(), folder.path());
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // Most of the damage where the data is, some in the small files.
        let store = folder.path().join("store");
        let name = match round % 10 {
            0 => copied[1].to_owned(),
            1 => snapshot_name(&store).unwrap_or_else(|| copied[1].to_owned()),
            _ => copied[0].to_owned(),
        };
        let path = store.join(name);
        let mut bytes = fs::read(&path).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) as u64 + 1;
        let place = usize::try_from((state >> 20) % used).unwrap();
        bytes[place] ^= 1 << (state >> 60 & 7);
        fs::write(&path, bytes).unwrap();
        set_aside += usize::from(recover(&night, folder.path()).is_some());
    }
    assert!(set_aside > 0, "no flip was ever noticed");
}

fn snapshot_name(store: &Path) -> Option<String> {
    let names = fs::read_dir(store).unwrap();
    names
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .find(|name| name.starts_with("snap."))
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn an_unfinished_snapshot_is_removed() {
    let night = Night::random(50, 1_000, 25);
    let folder = filled(&night);
    let left = folder.path().join("store/snap.00000000000001FF.generating");
    fs::write(&left, b"half of a snapshot").unwrap();
    assert_eq!(recover(&night, folder.path()), None);
    assert!(!left.exists());
}

#[test]
fn more_than_the_log_holds_is_set_aside() {
    let night = Night::random(50, 1_000, 26);
    let folder = filled(&night);
    let opened = SledStore::open(folder.path(), &[log_head(999)]).unwrap();
    let aside = opened.set_aside.unwrap();
    assert!(aside.reason.contains("the log ends at 999"), "{aside:?}");
    let applied = opened.store.applied_revision(&election()).unwrap();
    assert_eq!(applied, Revision::ZERO);
    drop(opened.store);

    // No log at all: whatever the store holds is nobody's.
    let folder = filled(&night);
    let opened = SledStore::open(folder.path(), &[]).unwrap();
    assert!(opened.set_aside.is_some());
}

#[test]
fn another_incarnation_of_the_log_is_set_aside() {
    let night = Night::random(50, 1_000, 27);
    let folder = filled(&night);
    let mut head = log_head(1_000);
    assert_eq!(head.log_id, LOG_ID);
    head.log_id = LogId([8; 16]);
    let opened = SledStore::open(folder.path(), &[head.clone()]).unwrap();
    assert!(
        opened
            .set_aside
            .unwrap()
            .reason
            .contains("the store is of log")
    );
    // Built anew from the restored log, it belongs to that one.
    opened.store.apply(&election(), &night.events).unwrap();
    opened.store.close().unwrap();
    let opened = SledStore::open(folder.path(), &[head]).unwrap();
    assert_eq!(opened.set_aside, None);
    night.check_all(&opened.store, night.head());
}

#[test]
fn an_older_copy_of_the_folder_is_noticed() {
    let night = Night::random(50, 2_000, 28);
    let folder = filled(&night);
    let older = tempfile::tempdir().unwrap();
    let heads = [log_head(2_000)];
    let store = SledStore::open(older.path(), &heads).unwrap().store;
    store.apply(&election(), &night.events[..1_500]).unwrap();
    store.close().unwrap();
    // As if someone had put yesterday's backup of the folder in its place.
    fs::remove_dir_all(folder.path().join("store")).unwrap();
    fs::rename(older.path().join("store"), folder.path().join("store")).unwrap();
    let aside = recover(&night, folder.path()).unwrap();
    assert!(aside.reason.contains("the checkpoint says"), "{aside:?}");
}

#[test]
fn another_night_of_the_same_length_is_noticed() {
    let night = Night::random(50, 2_000, 29);
    let folder = filled(&night);
    let other = filled(&Night::random(50, 2_000, 30));
    fs::remove_dir_all(folder.path().join("store")).unwrap();
    fs::rename(other.path().join("store"), folder.path().join("store")).unwrap();
    assert!(recover(&night, folder.path()).is_some());
}

#[test]
fn a_folder_that_was_removed_starts_empty_without_alarm() {
    let night = Night::random(50, 1_000, 31);
    let folder = filled(&night);
    fs::remove_dir_all(folder.path().join("store")).unwrap();
    assert_eq!(recover(&night, folder.path()), None);
}

#[test]
fn a_checkpoint_that_cannot_be_read_is_a_reason_to_rebuild() {
    let night = Night::random(50, 1_000, 32);
    let folder = filled(&night);
    fs::write(folder.path().join("store.checkpoint"), "nonsense").unwrap();
    assert!(recover(&night, folder.path()).is_some());
    assert_eq!(recover(&night, folder.path()), None);
}

#[test]
fn at_most_two_folders_are_kept_aside() {
    let night = Night::random(20, 200, 33);
    let folder = filled(&night);
    for _ in 0..4 {
        fs::write(folder.path().join("store.checkpoint"), "nonsense").unwrap();
        assert!(recover(&night, folder.path()).is_some());
    }
    let names = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let kept = [
        "store",
        "store.checkpoint",
        "store.damaged-3",
        "store.damaged-4",
    ];
    assert_eq!(names, kept);
}
