//! The memory engine against the suite, and the suite against engines that break a promise.

#![allow(clippy::unwrap_used)] // the helpers of a test may stop it at once

use election::ids::{ElectionId, Revision};
use event_log::conformance::{self, Harness};
use event_log::memory::{Fault, MemoryLog, Place};
use event_log::{AppendError, Appended, EventLog, Group, Head, ReadError, Stored};
use std::sync::Mutex;

#[tokio::test]
async fn memory_engine_keeps_the_contract() {
    conformance::all(Place::default).await;
}

/// What a broken engine does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// Acknowledges groups that a crash takes back.
    ForgetsLastGroup,
    /// Writes a repeated group again.
    WritesTwice,
    /// Takes a group wherever it starts.
    TakesStale,
    /// Goes on after a failed sync.
    GoesOnAfterFailure,
    /// Reads spoiled records as if nothing were wrong.
    HidesDamage,
}

struct BrokenPlace {
    flaw: Flaw,
    place: Mutex<Place>,
    kept: Mutex<Vec<Group>>,
}

struct BrokenLog {
    flaw: Flaw,
    log: MemoryLog,
    taken: Mutex<Vec<Group>>,
}

impl BrokenPlace {
    fn new(flaw: Flaw) -> Self {
        Self {
            flaw,
            place: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    fn place(&self) -> Place {
        self.place.lock().unwrap().clone()
    }
}

impl Harness for BrokenPlace {
    type Log = BrokenLog;

    async fn open(&self) -> BrokenLog {
        if self.flaw == Flaw::ForgetsLastGroup {
            let place = Place::default();
            let log = place.open();
            let kept = self.kept.lock().unwrap().clone();
            for group in kept {
                log.append(group).await.unwrap();
            }
            *self.place.lock().unwrap() = place;
        }
        BrokenLog {
            flaw: self.flaw,
            log: self.place().open(),
            taken: Mutex::default(),
        }
    }

    async fn crash(&self, log: BrokenLog) {
        let mut taken = log.taken.into_inner().unwrap();
        taken.pop();
        self.kept.lock().unwrap().append(&mut taken);
    }

    fn fail_next(&self, _log: &BrokenLog, fault: Fault) -> bool {
        self.place().fail_next(fault);
        true
    }

    fn damage(&self, stored: &Stored, election: &ElectionId) -> bool {
        if self.flaw != Flaw::HidesDamage {
            self.place().damage(election, stored.revision);
        }
        true
    }
}

impl EventLog for BrokenLog {
    async fn append(&self, mut group: Group) -> Result<Appended, AppendError> {
        let head = self
            .heads()
            .into_iter()
            .find(|head| head.election == group.election);
        let next = head.map_or(Revision(1), |head| head.revision.next());
        match self.flaw {
            Flaw::TakesStale => group.first_revision = next,
            Flaw::WritesTwice => {
                group.group_id.0[8..].copy_from_slice(&next.0.to_le_bytes());
                group.first_revision = next;
            }
            _ => {}
        }
        let answer = self.log.append(group.clone()).await;
        if answer.is_ok() {
            self.taken.lock().unwrap().push(group.clone());
        }
        match answer {
            Err(AppendError::Failed(_)) if self.flaw == Flaw::GoesOnAfterFailure => {
                Ok(group.appended())
            }
            answer => answer,
        }
    }

    async fn read(
        &self,
        election: &ElectionId,
        from: Revision,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        self.log.read(election, from, records_max, bytes_max).await
    }

    fn heads(&self) -> Vec<Head> {
        self.log.heads()
    }

    fn is_short_of_room(&self) -> bool {
        self.log.is_short_of_room()
    }
}

/// Runs one part of the suite on a broken engine; true if it was found out.
async fn found<F>(flaw: Flaw, part: impl FnOnce(BrokenPlace) -> F) -> bool
where
    F: Future<Output = ()> + Send + 'static,
{
    let part = part(BrokenPlace::new(flaw));
    tokio::spawn(part)
        .await
        .is_err_and(|error| error.is_panic())
}

#[tokio::test]
async fn suite_finds_broken_engines() {
    use conformance::{damage_is_told, durable, failed_is_final, fenced, once};
    assert!(
        found(Flaw::ForgetsLastGroup, |place| async move {
            durable(&place).await
        })
        .await
    );
    assert!(found(Flaw::WritesTwice, |place| async move { once(&place).await }).await);
    assert!(
        found(
            Flaw::TakesStale,
            |place| async move { fenced(&place).await }
        )
        .await
    );
    let lost = |place| async move { failed_is_final(&place, Fault::FailLost).await };
    assert!(found(Flaw::GoesOnAfterFailure, lost).await);
    assert!(
        found(Flaw::HidesDamage, |place| async move {
            damage_is_told(&place).await
        })
        .await
    );
}
