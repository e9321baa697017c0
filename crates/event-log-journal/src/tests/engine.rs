//! The contract, on a simulated disk and on a real one.

use super::{SMALL, open};
use crate::simulated::{Disk, Fault};
use crate::{Journal, JournalError};
use election::ids::ElectionId;
use event_log::conformance::{self, Harness};
use event_log::memory;
use event_log::{EventLog, Stored};

impl Harness for Disk {
    type Log = Journal<Disk>;

    async fn open(&self) -> Journal<Disk> {
        open(self)
    }

    async fn crash(&self, log: Journal<Disk>) {
        self.power_off();
        log.close().await;
        self.power_on(|| true);
    }

    fn fail_next(&self, _log: &Journal<Disk>, fault: memory::Fault) -> bool {
        match fault {
            memory::Fault::FailLost => self.fail(Fault::Write { kept: 0 }),
            memory::Fault::FailKept => self.fail(Fault::Sync),
            // Room is only needed when a segment is full: see the tests of the full disk.
            memory::Fault::NoSpace => return false,
        }
        true
    }

    fn damage(&self, stored: &Stored, _election: &ElectionId) -> bool {
        self.file_names().iter().any(|name| {
            self.with(name, |bytes| {
                let public = &stored.record.public;
                let at = bytes
                    .windows(public.len())
                    .position(|window| window == public);
                at.inspect(|at| bytes[*at] ^= 0x40).is_some()
            })
        })
    }
}

#[tokio::test]
async fn journal_keeps_the_contract() {
    conformance::all(Disk::default).await;
}

/// A folder of the operating system. It is closed in peace here; `kill -9` has a test of its own.
struct Real(tempfile::TempDir);

impl Harness for Real {
    type Log = Journal;

    async fn open(&self) -> Journal {
        Journal::open(self.0.path(), SMALL).unwrap()
    }

    async fn crash(&self, log: Journal) {
        log.close().await;
    }

    fn fail_next(&self, _log: &Journal, _fault: memory::Fault) -> bool {
        false
    }

    fn damage(&self, stored: &Stored, _election: &ElectionId) -> bool {
        std::fs::read_dir(self.0.path()).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            let public = &stored.record.public;
            let at = bytes
                .windows(public.len())
                .position(|window| window == public);
            at.is_some_and(|at| {
                bytes[at] ^= 0x40;
                std::fs::write(&path, bytes).is_ok()
            })
        })
    }
}

#[tokio::test]
async fn journal_keeps_the_contract_on_a_real_disk() {
    conformance::all(|| Real(tempfile::tempdir().unwrap())).await;
}

#[tokio::test]
async fn folder_in_use_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let log = Journal::open(folder.path(), SMALL).unwrap();
    let refused = Journal::open(folder.path(), SMALL).unwrap_err();
    assert!(matches!(refused, JournalError::InUse(_)));
    assert!(
        refused
            .to_string()
            .contains(folder.path().to_str().unwrap()),
        "{refused}"
    );
    log.close().await;
    let log = Journal::open(folder.path(), SMALL).unwrap();
    assert!(log.heads().is_empty());
}
