//! The engine that keeps its log in memory: the twin of the durable ones for tests and simulation.
//!
//! A [`Place`] stands for the disk and outlives the engine, so that a crash is "drop the log, open the place again".
//! Its faults are switched on by hand, one append at a time.

use crate::{
    Admission, AppendError, Appended, Damage, EventLog, Group, Head, ReadError, Record, Stored,
};
use election::ids::{ElectionId, Revision};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// What goes wrong with the next append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The write fails and nothing of the group is kept: `Failed`.
    FailLost,
    /// The sync fails although the group is kept: `Failed` all the same, as nobody can know.
    FailKept,
    /// There is no room: `NoSpace`.
    NoSpace,
}

/// Where memory logs are kept. Clones are the same place.
#[derive(Debug, Clone, Default)]
pub struct Place(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    groups: Vec<Group>,
    damaged: BTreeMap<ElectionId, Revision>,
    fault: Option<Fault>,
    failing_reads: u32,
}

impl Place {
    /// Opens what is there. The caller sees to it that only one log is open at a time.
    pub fn open(&self) -> MemoryLog {
        let kept = self.lock();
        let mut state = State::default();
        for group in &kept.groups {
            state.take(group, kept.damaged.get(&group.election).copied());
        }
        drop(kept);
        MemoryLog {
            place: self.clone(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The next append goes wrong in this way.
    pub fn fail_next(&self, fault: Fault) {
        self.lock().fault = Some(fault);
    }

    /// Whether a fault still waits for an append: none has come since it was switched on.
    pub fn has_fault(&self) -> bool {
        self.lock().fault.is_some()
    }

    /// The next so many reads fail, as of a disk that is gone for a moment.
    pub fn fail_reads(&self, count: u32) {
        self.lock().failing_reads = count;
    }

    /// Spoils a record where it lies; the next opening finds it.
    pub fn damage(&self, election: &ElectionId, revision: Revision) {
        self.lock().damaged.insert(election.clone(), revision);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("no holder of the lock panics")
    }
}

/// An open log in memory.
#[derive(Debug)]
pub struct MemoryLog {
    place: Place,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    admission: Admission,
    records: BTreeMap<ElectionId, Vec<Record>>,
    failed: Option<String>,
    is_short_of_room: bool,
}

impl State {
    /// Takes a group in, up to the damaged revision if there is one.
    fn take(&mut self, group: &Group, damaged: Option<Revision>) {
        let records = self.records.entry(group.election.clone()).or_default();
        for (revision, record) in (group.first_revision.0..).map(Revision).zip(&group.records) {
            if damaged.is_some_and(|damaged| revision >= damaged) {
                let damage = Damage {
                    election: group.election.clone(),
                    revision,
                    place: "memory".to_owned(),
                    what: "the record was spoiled on purpose".to_owned(),
                };
                return self.admission.mark(group.log_id, damage);
            }
            records.push(record.clone());
        }
        let appended = group.appended();
        self.admission
            .note(&group.election, group.log_id, group.group_id, appended);
    }
}

impl MemoryLog {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }

    fn append_now(&self, group: Group) -> Result<Appended, AppendError> {
        group.check()?;
        let mut state = self.lock();
        if let Some(why) = &state.failed {
            return Err(AppendError::Failed(why.clone()));
        }
        if let Some(repeated) = state.admission.answer(&group)? {
            return Ok(repeated);
        }
        let mut kept = self.place.lock();
        match kept.fault.take() {
            Some(Fault::NoSpace) => {
                state.is_short_of_room = true;
                return Err(AppendError::NoSpace("fault switch".to_owned()));
            }
            Some(fault) => {
                if fault == Fault::FailKept {
                    kept.groups.push(group);
                }
                let why = "fault switch".to_owned();
                state.failed = Some(why.clone());
                return Err(AppendError::Failed(why));
            }
            None => {}
        }
        state.is_short_of_room = false;
        state.take(&group, None);
        let appended = group.appended();
        kept.groups.push(group);
        Ok(appended)
    }
}

impl EventLog for MemoryLog {
    async fn append(&self, group: Group) -> Result<Appended, AppendError> {
        self.append_now(group)
    }

    async fn read(
        &self,
        election: &ElectionId,
        from: Revision,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        let failing = &mut self.place.lock().failing_reads;
        if *failing > 0 {
            *failing -= 1;
            return Err(ReadError::Io("fault switch".to_owned()));
        }
        let state = self.lock();
        let head = state
            .admission
            .head(election)
            .ok_or_else(|| ReadError::Unknown(election.clone()))?;
        let from = Revision(from.0.max(1));
        if let Some(damage) = head.damage
            && from >= damage.revision
        {
            return Err(ReadError::Corrupt(damage));
        }
        let skip = usize::try_from(from.0 - 1).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let records = state
            .records
            .get(election)
            .into_iter()
            .flatten()
            .skip(skip)
            .take(records_max);
        Ok((from.0..=u64::MAX)
            .map(Revision)
            .zip(records)
            .take_while(|(_, record)| {
                let full = bytes > 0 && bytes >= bytes_max;
                bytes += record.bytes();
                !full
            })
            .map(|(revision, record)| Stored {
                revision,
                record: record.clone(),
            })
            .collect())
    }

    fn heads(&self) -> Vec<Head> {
        self.lock().admission.heads()
    }

    fn is_short_of_room(&self) -> bool {
        self.lock().is_short_of_room
    }
}
