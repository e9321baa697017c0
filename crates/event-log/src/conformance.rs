//! The suite that every engine runs: one function for each part of the contract, each in a place of its own.
//!
//! An engine's tests implement [`Harness`] and call [`all`]. A function panics where the engine breaks a promise.

// tidy: long because one function for each promise of the contract.

use crate::memory::{Fault, MemoryLog, Place};
use crate::{AppendError, Damage, EventLog, GROUP_BYTES_MAX, GROUP_ID_WINDOW, GROUP_RECORDS_MAX};
use crate::{Appended, Group, GroupId, RECORD_BYTES_MAX, ReadError, Record, Stored};
use bytes::Bytes;
use election::ids::{ElectionId, LogId, Revision};
use std::future::Future;

/// How the suite opens, closes and harms an engine. One value stands for one place that holds logs.
pub trait Harness {
    /// The engine.
    type Log: EventLog;

    /// Opens what is there; the suite has at most one log open in a place.
    fn open(&self) -> impl Future<Output = Self::Log>;

    /// Closes the log as a crash would: without a farewell, if the engine knows one.
    fn crash(&self, log: Self::Log) -> impl Future<Output = ()>;

    /// Makes the next append go wrong. `false` if this engine cannot be made to: that part of the suite is skipped.
    fn fail_next(&self, log: &Self::Log, fault: Fault) -> bool;

    /// Spoils a stored record where it lies, the log being closed. `false` if this engine cannot be made to.
    fn damage(&self, stored: &Stored, election: &ElectionId) -> bool;
}

/// Runs the whole suite, each part in a new place.
pub async fn all<H: Harness>(place: impl Fn() -> H) {
    durable(&place()).await;
    fenced(&place()).await;
    one_writer_wins(&place()).await;
    once(&place()).await;
    window(&place()).await;
    failed_is_final(&place(), Fault::FailLost).await;
    failed_is_final(&place(), Fault::FailKept).await;
    no_space(&place()).await;
    limits(&place()).await;
    damage_is_told(&place()).await;
    reading(&place()).await;
    elections_stand_apart(&place()).await;
}

/// Promises 1 and 2: what was acknowledged is there after a crash, byte for byte, with its heads.
pub async fn durable<H: Harness>(place: &H) {
    let log = place.open().await;
    let mut expected = Vec::new();
    for (number, size) in [1, 7, 256, 1].into_iter().enumerate() {
        let group = group("durable", number, expected.len() + 1, size);
        let answer = log
            .append(group.clone())
            .await
            .expect("an append in order is taken");
        assert_eq!(answer, group.appended());
        expected.extend(group.records);
        assert_eq!(head(&log, "durable"), Revision(expected.len() as u64));
    }
    place.crash(log).await;
    let log = place.open().await;
    assert_eq!(log.heads().len(), 1);
    assert_eq!(log.heads()[0].log_id, log_id());
    assert_eq!(log.heads()[0].damage, None);
    assert_eq!(head(&log, "durable"), Revision(expected.len() as u64));
    assert_eq!(read_all(&log, "durable").await, expected);
}

/// Promise 3: only the group at head + 1 of the right log is taken, and a refused one leaves no trace.
pub async fn fenced<H: Harness>(place: &H) {
    let log = place.open().await;
    let early = log.append(group("fenced", 0, 2, 1)).await;
    assert_eq!(
        early,
        Err(AppendError::Stale {
            head: Revision::ZERO,
            first_revision: Revision(2)
        })
    );
    assert!(
        log.heads().is_empty(),
        "a refused group must not create a log"
    );
    log.append(group("fenced", 1, 1, 3))
        .await
        .expect("the first group is taken");
    for first in [0, 1, 3, 5, u64::MAX] {
        let wrong = Group {
            first_revision: Revision(first),
            ..group("fenced", 2, 1, 1)
        };
        let answer = log.append(wrong).await;
        let stale = AppendError::Stale {
            head: Revision(3),
            first_revision: Revision(first),
        };
        assert_eq!(answer, Err(stale));
    }
    let other = LogId([9; 16]);
    let answer = log
        .append(Group {
            log_id: other,
            ..group("fenced", 3, 4, 1)
        })
        .await;
    assert_eq!(
        answer,
        Err(AppendError::LogId {
            expected: log_id(),
            found: other
        })
    );
    assert_eq!(head(&log, "fenced"), Revision(3));
    place.crash(log).await;
    let log = place.open().await;
    assert_eq!(
        read_all(&log, "fenced").await,
        group("fenced", 1, 1, 3).records
    );
    let answer = log
        .append(Group {
            log_id: other,
            ..group("fenced", 3, 4, 1)
        })
        .await;
    assert_eq!(
        answer,
        Err(AppendError::LogId {
            expected: log_id(),
            found: other
        })
    );
}

/// Promise 3 under contention: of two groups for the same revision exactly one is taken.
pub async fn one_writer_wins<H: Harness>(place: &H) {
    let log = place.open().await;
    for round in 0..20 {
        let [a, b] = [
            group("race", 2 * round, round + 1, 1),
            group("race", 2 * round + 1, round + 1, 1),
        ];
        let (first, second) = tokio::join!(log.append(a), log.append(b));
        let stale = AppendError::Stale {
            head: Revision(round as u64 + 1),
            first_revision: Revision(round as u64 + 1),
        };
        let loser = if first.is_ok() { second } else { first };
        assert_eq!(loser, Err(stale));
        assert_eq!(head(&log, "race"), Revision(round as u64 + 1));
    }
}

/// Promise 4: a repeated group is answered like the first time, also after opening anew, and written once.
pub async fn once<H: Harness>(place: &H) {
    let log = place.open().await;
    let first = group("once", 0, 1, 5);
    let repeated = Appended {
        repeated: true,
        ..first.appended()
    };
    let (one, two) = tokio::join!(log.append(first.clone()), log.append(first.clone()));
    let answers = [one.expect("taken"), two.expect("taken or repeated")];
    assert!(
        answers.contains(&first.appended()) && answers.contains(&repeated),
        "{answers:?}"
    );
    log.append(group("once", 1, 6, 1)).await.expect("taken");
    assert_eq!(log.append(first.clone()).await, Ok(repeated));
    place.crash(log).await;
    let log = place.open().await;
    assert_eq!(log.append(first).await, Ok(repeated));
    assert_eq!(head(&log, "once"), Revision(6));
    assert_eq!(read_all(&log, "once").await.len(), 6);
}

/// Promise 4: the id is known for the last [`GROUP_ID_WINDOW`] groups, other elections' groups not counting.
pub async fn window<H: Harness>(place: &H) {
    let log = place.open().await;
    for number in 0..GROUP_ID_WINDOW {
        log.append(group("window", number, number + 1, 1))
            .await
            .expect("taken");
    }
    log.append(group("other", 0, 1, 1)).await.expect("taken");
    let first = group("window", 0, 1, 1);
    let repeated = Appended {
        repeated: true,
        ..first.appended()
    };
    assert_eq!(log.append(first.clone()).await, Ok(repeated));
    place.crash(log).await;
    let log = place.open().await;
    assert_eq!(log.append(first).await, Ok(repeated));
}

/// Promises 1, 2 and 5: a failed append is not seen, is final until opening anew, and is then there whole or not at
/// all; the writer settles which by appending it again.
pub async fn failed_is_final<H: Harness>(place: &H, fault: Fault) {
    let log = place.open().await;
    log.append(group("failed", 0, 1, 2)).await.expect("taken");
    if !place.fail_next(&log, fault) {
        return;
    }
    let doubtful = group("failed", 1, 3, 40);
    let answer = log.append(doubtful.clone()).await;
    assert!(matches!(answer, Err(AppendError::Failed(_))), "{answer:?}");
    assert_eq!(
        head(&log, "failed"),
        Revision(2),
        "what is not durable is not seen"
    );
    assert_eq!(read_all(&log, "failed").await.len(), 2);
    for later in [
        doubtful.clone(),
        group("failed", 2, 3, 1),
        group("another", 0, 1, 1),
    ] {
        let answer = log.append(later).await;
        assert!(matches!(answer, Err(AppendError::Failed(_))), "{answer:?}");
    }
    place.crash(log).await;
    let log = place.open().await;
    let kept = head(&log, "failed") == Revision(42);
    assert!(
        kept || head(&log, "failed") == Revision(2),
        "half a group is there"
    );
    assert_eq!(
        read_all(&log, "failed").await.len(),
        if kept { 42 } else { 2 }
    );
    let answer = log.append(doubtful.clone()).await;
    assert_eq!(
        answer,
        Ok(Appended {
            repeated: kept,
            ..doubtful.appended()
        })
    );
    assert_eq!(read_all(&log, "failed").await[2..], doubtful.records);
}

/// A full disk refuses a group and nothing else: the same group is taken when there is room again.
pub async fn no_space<H: Harness>(place: &H) {
    let log = place.open().await;
    log.append(group("full", 0, 1, 2)).await.expect("taken");
    if !place.fail_next(&log, Fault::NoSpace) {
        return;
    }
    let next = group("full", 1, 3, 2);
    let answer = log.append(next.clone()).await;
    assert!(matches!(answer, Err(AppendError::NoSpace(_))), "{answer:?}");
    assert_eq!(head(&log, "full"), Revision(2));
    assert_eq!(log.append(next.clone()).await, Ok(next.appended()));
    place.crash(log).await;
    let log = place.open().await;
    assert_eq!(read_all(&log, "full").await.len(), 4);
}

/// Promise 6: at the limit a group is taken, one above it nothing is written.
pub async fn limits<H: Harness>(place: &H) {
    let log = place.open().await;
    let empty = Group {
        records: Vec::new(),
        ..group("limits", 0, 1, 1)
    };
    assert_eq!(log.append(empty).await, Err(AppendError::Empty));
    let record = |bytes: usize| Record {
        public: Bytes::from(vec![7; bytes]),
        annex: Bytes::new(),
    };
    let with = |records| Group {
        records,
        ..group("limits", 0, 1, 1)
    };
    let too_much = [
        (
            with(vec![record(1); GROUP_RECORDS_MAX + 1]),
            GROUP_RECORDS_MAX,
        ),
        (with(vec![record(RECORD_BYTES_MAX + 1)]), RECORD_BYTES_MAX),
        (
            with(vec![
                record(GROUP_BYTES_MAX / 2),
                record(GROUP_BYTES_MAX / 2 + 1),
            ]),
            GROUP_BYTES_MAX,
        ),
    ];
    for (group, most) in too_much {
        let answer = log.append(group).await;
        assert!(
            matches!(answer, Err(AppendError::Limit { value, limit, .. }) if value == most + 1 && limit == most),
            "{answer:?}"
        );
    }
    assert!(log.heads().is_empty());
    let most_records = with(vec![
        record(GROUP_BYTES_MAX / GROUP_RECORDS_MAX);
        GROUP_RECORDS_MAX
    ]);
    log.append(most_records)
        .await
        .expect("a group at the limit of records and bytes is taken");
    let next = Revision(GROUP_RECORDS_MAX as u64 + 1);
    let largest = vec![record(RECORD_BYTES_MAX)];
    let largest = Group {
        first_revision: next,
        records: largest,
        ..group("limits", 1, 1, 1)
    };
    log.append(largest.clone())
        .await
        .expect("a group with a record at the limit is taken");
    place.crash(log).await;
    let log = place.open().await;
    let read = log
        .read(&election("limits"), next, 9, usize::MAX)
        .await
        .expect("read");
    let read: Vec<Record> = read.into_iter().map(|stored| stored.record).collect();
    assert_eq!(read, largest.records);
}

/// Promise 7: a spoiled record is told with its election and revision; what is before it and other elections go on.
pub async fn damage_is_told<H: Harness>(place: &H) {
    let log = place.open().await;
    for number in 0..4 {
        log.append(group("spoiled", number, 3 * number + 1, 3))
            .await
            .expect("taken");
        log.append(group("sound", number, 3 * number + 1, 3))
            .await
            .expect("taken");
    }
    let before = read_all(&log, "spoiled").await;
    place.crash(log).await;
    let victim = Stored {
        revision: Revision(5),
        record: before[4].clone(),
    };
    if !place.damage(&victim, &election("spoiled")) {
        return;
    }
    for _ in 0..2 {
        let log = place.open().await;
        let heads = log.heads();
        let spoiled = heads
            .iter()
            .find(|head| head.election.as_str() == "spoiled")
            .expect("its head is there");
        let damage: Damage = spoiled.damage.clone().expect("the damage is in the head");
        assert_eq!(damage.election, election("spoiled"));
        assert!((4..=5).contains(&damage.revision.0), "{damage}");
        assert!(!damage.place.is_empty() && !damage.what.is_empty());
        assert_eq!(spoiled.revision.next(), damage.revision);
        let readable = log
            .read(&election("spoiled"), Revision(1), 99, usize::MAX)
            .await
            .expect("what is before");
        let readable: Vec<Record> = readable.into_iter().map(|stored| stored.record).collect();
        assert_eq!(readable, before[..readable.len()]);
        assert!(
            readable.len() >= 3,
            "the groups before the damage are readable"
        );
        for from in [damage.revision, Revision(12), Revision(13)] {
            let answer = log.read(&election("spoiled"), from, 1, 1).await;
            assert_eq!(answer, Err(ReadError::Corrupt(damage.clone())));
        }
        let next = Group {
            first_revision: damage.revision,
            ..group("spoiled", 9, 1, 1)
        };
        assert_eq!(log.append(next).await, Err(AppendError::ReadOnly(damage)));
        let length = read_all(&log, "sound").await.len();
        log.append(group("sound", length, length + 1, 1))
            .await
            .expect("other elections go on");
        assert_eq!(read_all(&log, "sound").await.len(), length + 1);
        place.crash(log).await;
    }
}

/// Reading keeps to its limits, gives at least one record, ends at the head and names an unknown election.
pub async fn reading<H: Harness>(place: &H) {
    let log = place.open().await;
    let answer = log.read(&election("reading"), Revision(1), 1, 1).await;
    assert_eq!(answer, Err(ReadError::Unknown(election("reading"))));
    let mut all = Vec::new();
    for number in 0..5 {
        let group = group("reading", number, all.len() + 1, 10 * number + 1);
        all.extend(group.records.clone());
        log.append(group).await.expect("taken");
    }
    for from in 1..=all.len() {
        for records_max in [1, 2, 40, 1_000] {
            let start = Revision(from as u64);
            let read = log
                .read(&election("reading"), start, records_max, usize::MAX)
                .await
                .expect("read");
            assert!(!read.is_empty() && read.len() <= records_max);
            for (stored, place) in read.iter().zip(from..) {
                assert_eq!(stored.revision, Revision(place as u64));
                assert_eq!(stored.record, all[place - 1]);
            }
        }
        let one = log
            .read(&election("reading"), Revision(from as u64), 1_000, 1)
            .await
            .expect("read");
        assert_eq!(
            one.len(),
            1,
            "a byte limit below one record still gives one"
        );
    }
    let past = Revision(all.len() as u64 + 1);
    assert_eq!(
        log.read(&election("reading"), past, 10, 1_000).await,
        Ok(Vec::new())
    );
    assert_eq!(
        log.read(&election("reading"), Revision(u64::MAX), 10, 1_000)
            .await,
        Ok(Vec::new())
    );
    let from_zero = log
        .read(&election("reading"), Revision::ZERO, 1, 1)
        .await
        .expect("read");
    assert_eq!(
        from_zero[0].revision,
        Revision(1),
        "before the first stands for the first"
    );
}

/// Elections share an engine and nothing else; heads come in the order of the ids.
pub async fn elections_stand_apart<H: Harness>(place: &H) {
    let log = place.open().await;
    let names = ["m", "a", "z", "b"];
    for number in 0..3 {
        let (m, a, z, b) = tokio::join!(
            log.append(group("m", number, 2 * number + 1, 2)),
            log.append(group("a", number, 2 * number + 1, 2)),
            log.append(group("z", number, 2 * number + 1, 2)),
            log.append(group("b", number, 2 * number + 1, 2)),
        );
        [m, a, z, b]
            .into_iter()
            .for_each(|answer| assert!(answer.is_ok(), "{answer:?}"));
    }
    place.crash(log).await;
    let log = place.open().await;
    let ids: Vec<String> = log
        .heads()
        .iter()
        .map(|head| head.election.to_string())
        .collect();
    assert_eq!(ids, ["a", "b", "m", "z"]);
    for name in names {
        let expected: Vec<Record> = (0..3)
            .flat_map(|number| group(name, number, 2 * number + 1, 2).records)
            .collect();
        assert_eq!(read_all(&log, name).await, expected);
    }
}

/// A group whose bytes can be told from any other's of the suite.
pub fn group(name: &str, number: usize, first_revision: usize, records: usize) -> Group {
    let mut group_id = [0; 16];
    group_id[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
    let records = (first_revision..first_revision + records)
        .map(|revision| {
            let public = format!("{name}/{number}/{revision} ").repeat(1 + (revision * 7) % 40);
            Record {
                public: Bytes::from(public),
                annex: Bytes::from(format!("annex of {name} {revision}")),
            }
        })
        .collect();
    Group {
        election: election(name),
        log_id: log_id(),
        group_id: GroupId(group_id),
        first_revision: Revision(first_revision as u64),
        records,
    }
}

/// All records of an election, read in small bites.
pub async fn read_all<L: EventLog>(log: &L, name: &str) -> Vec<Record> {
    let mut records = Vec::new();
    loop {
        let from = Revision(records.len() as u64 + 1);
        let bite = log
            .read(&election(name), from, 100, 1 << 16)
            .await
            .expect("the log is readable");
        if bite.is_empty() {
            return records;
        }
        records.extend(bite.into_iter().map(|stored| stored.record));
    }
}

fn head<L: EventLog>(log: &L, name: &str) -> Revision {
    let heads = log.heads();
    heads
        .iter()
        .find(|head| head.election.as_str() == name)
        .map_or(Revision::ZERO, |head| head.revision)
}

fn election(name: &str) -> ElectionId {
    ElectionId::new(name).expect("the suite uses valid ids")
}

fn log_id() -> LogId {
    LogId([3; 16])
}

impl Harness for Place {
    type Log = MemoryLog;

    async fn open(&self) -> MemoryLog {
        Place::open(self)
    }

    async fn crash(&self, log: MemoryLog) {
        drop(log);
    }

    fn fail_next(&self, _log: &MemoryLog, fault: Fault) -> bool {
        Place::fail_next(self, fault);
        true
    }

    fn damage(&self, stored: &Stored, election: &ElectionId) -> bool {
        Place::damage(self, election, stored.revision);
        true
    }
}
