//! A full disk refuses groups for want of room and harms nothing.

use super::open;
use crate::simulated::{Disk, Fault};
use crate::{Journal, JournalError, Options, SEGMENT_BYTES_MIN};
use bytes::Bytes;
use event_log::conformance::{group, read_all};
use event_log::{AppendError, EventLog, Group, Record};

/// A group of 512 KiB, of which four fill a segment.
fn large(number: usize) -> Group {
    let record = Record {
        public: Bytes::from(vec![7; 512 << 10]),
        annex: Bytes::new(),
    };
    Group {
        records: vec![record],
        ..group("full", number, number + 1, 1)
    }
}

#[tokio::test]
async fn full_disk_refuses_and_goes_on_when_there_is_room() {
    let disk = Disk::default();
    let log = open(&disk);
    log.append(large(0)).await.unwrap();
    disk.fail(Fault::NoSpace);
    let mut taken = 1;
    let refused = loop {
        match log.append(large(taken)).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 9, "the segments are small");
    };
    assert!(matches!(refused, AppendError::NoSpace(_)), "{refused:?}");
    assert!(
        log.is_short_of_room(),
        "what can be had again later should wait"
    );
    let repeated = log.append(large(0)).await.unwrap();
    assert!(repeated.repeated, "what needs no room is answered");
    let again = log.append(large(taken)).await.unwrap_err();
    assert!(matches!(again, AppendError::NoSpace(_)));
    assert_eq!(read_all(&log, "full").await.len(), taken);
    assert!(
        disk.file_names()
            .iter()
            .all(|name| !name.ends_with("preparing"))
    );
    disk.heal();
    assert!(!log.append(large(taken)).await.unwrap().repeated);
    assert!(!log.is_short_of_room());
    log.close().await;
    let log = open(&disk);
    assert_eq!(read_all(&log, "full").await.len(), taken + 1);
}

/// On a real file system of 8 MiB, where this process may mount one.
#[tokio::test]
async fn full_tmpfs_refuses_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mount = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
        .arg(folder.path())
        .output();
    if !mount.is_ok_and(|mount| mount.status.success()) {
        eprintln!("skipped: mounting a tmpfs is not permitted here; the simulated disk covers it");
        return;
    }
    let _mounted = Mounted(folder.path());
    let options = Options {
        segment_bytes: SEGMENT_BYTES_MIN,
        ..Options::default()
    };
    let ballast = folder.path().join("ballast");
    std::fs::write(&ballast, vec![1; 3 << 20]).unwrap();
    let log = Journal::open(folder.path(), options).unwrap();
    let mut taken = 0;
    let refused = loop {
        match log.append(large(taken)).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 32, "the file system is small");
    };
    assert!(taken > 0);
    assert!(matches!(refused, AppendError::NoSpace(_)), "{refused:?}");
    std::fs::remove_file(&ballast).unwrap();
    log.append(large(taken)).await.unwrap();
    log.close().await;
    let log = Journal::open(folder.path(), options).unwrap();
    assert_eq!(read_all(&log, "full").await.len(), taken + 1);
    log.close().await;
}

struct Mounted<'a>(&'a std::path::Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        std::process::Command::new("umount")
            .arg("-l")
            .arg(self.0)
            .status()
            .ok();
    }
}

#[test]
fn no_room_for_the_first_segment_is_told() {
    let disk = Disk::default();
    disk.fail(Fault::NoSpace);
    let refused = Journal::open_in(disk, super::SMALL, ()).unwrap_err();
    assert!(matches!(refused, JournalError::NoSpace { .. }), "{refused}");
}

#[test]
fn odd_segment_sizes_are_refused() {
    for segment_bytes in [0, SEGMENT_BYTES_MIN - 4096, SEGMENT_BYTES_MIN + 1, 1 << 44] {
        let options = Options {
            segment_bytes,
            ..super::SMALL
        };
        let refused = Journal::open_in(Disk::default(), options, ()).unwrap_err();
        assert!(
            refused
                .to_string()
                .starts_with(&format!("segment_bytes is {segment_bytes};")),
            "{refused}"
        );
    }
}

/// Nobody has to append for the journal to find the room that was made.
#[test]
fn room_is_looked_for_when_idle() {
    let disk = Disk::default();
    let mut writer = crate::start(disk.clone(), super::SMALL).unwrap();
    let shared = writer.shared();
    for number in 0..2 {
        writer.commit(super::prepared(&[large(number)]));
    }
    assert!(!writer.look_for_room(), "it has not been looked for");
    disk.fail(Fault::NoSpace);
    let full = (2..).find(|number| writer.commit(super::prepared(&[large(*number)]))[0].is_err());
    assert!(full.is_some_and(|number| number < 9));
    assert!(writer.look_for_room() && shared.is_short_of_room());
    disk.heal();
    assert!(!writer.look_for_room() && !shared.is_short_of_room());
}

/// Nor has it to be idle: small appends go on where there is no room for a whole segment.
#[test]
fn room_is_looked_for_while_small_groups_come() {
    let disk = Disk::default();
    let mut writer = crate::start(disk.clone(), super::SMALL).unwrap();
    let shared = writer.shared();
    disk.fail(Fault::NoSpace);
    let full = (0..).find(|number| writer.commit(super::prepared(&[large(*number)]))[0].is_err());
    let full = full.unwrap();
    assert!(shared.is_short_of_room());
    disk.heal();
    // One of what fits into the rest of the segment begins to look for the room of the next one.
    for number in full..full + 32 {
        let small = group("full", number, number + 1, 1);
        let answer = &writer.commit(super::prepared(&[small]))[0];
        assert!(answer.is_ok(), "{answer:?}");
    }
    writer.collect();
    assert!(!shared.is_short_of_room());
}
