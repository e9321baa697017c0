//! F29: the folder grows with the history that it holds, not with how often rows are rewritten.

use crate::night::{Night, election, log_head};
use election::ids::Revision;
use results_store::{ResultsStore, SledStore};

/// Bytes of history that an event costs by the layout.
const POINTER_BYTES: u64 = 32;

#[test]
fn f29_the_folder_grows_no_faster_than_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let night = Night::random(1_000, 80_000, 41);
    let heads = [log_head(night.head().0)];
    let mut sizes = Vec::new();
    // Batches of a busy second rewrite the latest rows and the last chunk again and again: that garbage must go.
    for (number, part) in night.events.chunks(10_000).enumerate() {
        let opened = SledStore::open(folder.path(), &heads).unwrap();
        assert_eq!(opened.set_aside, None, "reopening {number}");
        for batch in part.chunks(500) {
            opened.store.apply(&election(), batch).unwrap();
        }
        opened.store.checkpoint().unwrap();
        sizes.push(opened.store.bytes_on_disk().unwrap());
        opened.store.close().unwrap();
    }
    let history = POINTER_BYTES * night.head().0;
    let last = *sizes.last().unwrap();
    assert!(
        last < 4 * history + (16 << 20),
        "{sizes:?} bytes for {history} bytes of history"
    );
}

#[test]
fn f29_a_folder_that_outgrew_its_events_is_built_anew() {
    let folder = tempfile::tempdir().unwrap();
    let night = Night::random(50, 1_000, 42);
    let heads = [log_head(night.head().0)];
    let store = SledStore::open(folder.path(), &heads).unwrap().store;
    store.apply(&election(), &night.events).unwrap();
    store.close().unwrap();
    // As large as a folder that sled never tidied; a hole, so that the disk is not full.
    let file = std::fs::File::create(folder.path().join("store/garbage")).unwrap();
    file.set_len(256 << 20).unwrap();
    let opened = SledStore::open(folder.path(), &heads).unwrap();
    assert_eq!(opened.set_aside, None);
    let bytes = opened.store.bytes_on_disk().unwrap();
    assert!(bytes < 16 << 20, "still {bytes} bytes");
    let applied = opened.store.applied_revision(&election()).unwrap();
    assert_eq!(applied, Revision::ZERO);
    opened.store.apply(&election(), &night.events).unwrap();
    night.check_all(&opened.store, night.head());
}
