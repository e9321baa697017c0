//! Processes that end without a word: what was applied may be missing, what is there is right.

use crate::night::{Night, election, log_head};
use results_store::{ResultsStore, SledStore};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const CHILD_FOLDER: &str = "RESULTS_STORE_CHILD_FOLDER";

fn night() -> Night {
    Night::random(300, 40_000, 11)
}

/// Applies the night for as long as it lives.
fn child(folder: &Path) {
    let night = night();
    let heads = [log_head(night.head().0)];
    let store = SledStore::open(folder, &heads).unwrap().store;
    let applied = usize::try_from(store.applied_revision(&election()).unwrap().0).unwrap();
    for (number, batch) in night.events[applied..].chunks(37).enumerate() {
        store.apply(&election(), batch).unwrap();
        if number % 20 == 7 {
            store.checkpoint().unwrap();
        }
        println!("applied");
    }
}

#[test]
fn f29_killed_at_any_moment_it_is_behind_but_never_wrong() {
    if let Some(folder) = std::env::var_os(CHILD_FOLDER) {
        return child(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let night = night();
    let heads = [log_head(night.head().0)];
    let mut reached = Vec::new();
    for lines in [1, 20, 33, 60, 100, 150] {
        let test = "crash::f29_killed_at_any_moment_it_is_behind_but_never_wrong";
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(CHILD_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let applied = output.lines().map_while(Result::ok);
        let seen = applied.filter(|line| line == "applied").take(lines).count();
        // SIGKILL: nothing of the process runs any more.
        process.kill().unwrap();
        process.wait().unwrap();
        assert_eq!(seen, lines, "the child ended by itself");

        let opened = SledStore::open(folder.path(), &heads).unwrap();
        assert_eq!(opened.set_aside, None, "a kill is no damage");
        let applied = opened.store.applied_revision(&election()).unwrap();
        night.check_all(&opened.store, applied);
        reached.push(applied);
    }
    assert!(reached.is_sorted(), "a checkpoint was lost: {reached:?}");
    assert!(reached.last().unwrap().0 > 0, "nothing was ever kept");
}

#[test]
fn dropped_without_a_checkpoint_it_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let night = Night::random(100, 5_000, 12);
    let heads = [log_head(night.head().0)];
    for end in [1_000, 1_001, 3_000, 5_000] {
        let opened = SledStore::open(folder.path(), &heads).unwrap();
        assert_eq!(opened.set_aside, None);
        let applied = opened.store.applied_revision(&election()).unwrap();
        night.check_all(&opened.store, applied);
        let applied = usize::try_from(applied.0).unwrap();
        opened
            .store
            .apply(&election(), &night.events[applied..end])
            .unwrap();
    }
}

#[test]
fn a_folder_in_use_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let night = Night::random(10, 100, 13);
    let heads = [log_head(100)];
    let first = SledStore::open(folder.path(), &heads).unwrap().store;
    first.apply(&election(), &night.events).unwrap();
    let second = SledStore::open(folder.path(), &heads);
    assert!(matches!(
        second,
        Err(results_store::StoreError::InUse(path)) if path == folder.path().join("store")
    ));
    night.check_all(&first, night.head());
}
