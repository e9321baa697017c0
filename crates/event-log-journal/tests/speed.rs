//! How fast the journal is on this machine. Not run by default: `cargo test --release -p event-log-journal --test speed
//! -- --ignored --nocapture --test-threads 1`.

#![allow(clippy::unwrap_used)] // the helpers of a test may stop it at once

use bytes::Bytes;
use election::ids::{ElectionId, LogId, Revision};
use event_log::{EventLog, Group, GroupId, Record};
use event_log_journal::{Journal, Options, verify};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

const GROUP_RECORDS: usize = 256;

fn group(number: usize, records: usize) -> Group {
    let record = |revision: usize| Record {
        public: Bytes::from(
            (0..220_u8)
                .map(|byte| byte ^ revision.to_le_bytes()[0])
                .collect::<Vec<u8>>(),
        ),
        annex: Bytes::from(vec![revision.to_le_bytes()[1]; 80]),
    };
    let first = number * records + 1;
    Group {
        election: ElectionId::new("speed").unwrap(),
        log_id: LogId([1; 16]),
        group_id: GroupId((number as u128).to_le_bytes()),
        first_revision: Revision(first as u64),
        records: (first..first + records).map(record).collect(),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The limit: one write and one `fdatasync` of as many bytes into a file that is there already.
fn bare_loop(groups: usize) -> (Duration, Duration) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let bytes = vec![7; GROUP_RECORDS * 300];
    let file = File::create(folder.path().join("bare")).unwrap();
    file.write_all_at(&vec![0; groups * bytes.len()], 0)
        .unwrap();
    file.sync_all().unwrap();
    let start = Instant::now();
    let mut times = Vec::new();
    for number in 0..groups {
        let one = Instant::now();
        file.write_all_at(&bytes, (number * bytes.len()) as u64)
            .unwrap();
        file.sync_data().unwrap();
        times.push(one.elapsed());
    }
    (start.elapsed(), median(times))
}

async fn journal_loop(groups: usize) -> (Duration, Duration) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let log = Journal::open(folder.path(), Options::default()).unwrap();
    let all: Vec<Group> = (0..groups)
        .map(|number| group(number, GROUP_RECORDS))
        .collect();
    let start = Instant::now();
    let mut times = Vec::new();
    for group in all {
        let one = Instant::now();
        log.append(group).await.unwrap();
        times.push(one.elapsed());
    }
    let all = start.elapsed();
    log.close().await;
    (all, median(times))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn append_against_a_bare_loop() {
    for _ in 0..5 {
        let (bare, bare_median) = bare_loop(1_000);
        let (journal, journal_median) = journal_loop(1_000).await;
        println!(
            "1,000 groups of {GROUP_RECORDS}: bare {bare:?} (median {bare_median:?}), journal {journal:?} (median \
             {journal_median:?}), {:.0}% of bare, by median {:.0}%",
            100.0 * bare.as_secs_f64() / journal.as_secs_f64(),
            100.0 * bare_median.as_secs_f64() / journal_median.as_secs_f64(),
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn opening_a_million_records() {
    for records in [GROUP_RECORDS, 16, 1] {
        let folder = tempfile::tempdir_in(".").unwrap();
        let log = std::sync::Arc::new(Journal::open(folder.path(), Options::default()).unwrap());
        let groups = if records == 1 {
            100_000
        } else {
            1_000_000 / records
        };
        let mut waiting = Vec::new();
        let start = Instant::now();
        for number in 0..groups {
            let (log, group) = (log.clone(), group(number, records));
            waiting.push(Box::pin(async move { log.append(group).await.unwrap() }));
            if waiting.len() == 64 {
                futures_in_order(&mut waiting).await;
            }
        }
        futures_in_order(&mut waiting).await;
        println!(
            "{records} a group, 64 waiting: {} records in {:?}",
            groups * records,
            start.elapsed()
        );
        log.close().await;
        drop(log);
        for _ in 0..3 {
            let start = Instant::now();
            let log = Journal::open(folder.path(), Options::default()).unwrap();
            let opened = start.elapsed();
            let start = Instant::now();
            let mut bytes = 0;
            for group in log.groups(&ElectionId::new("speed").unwrap(), Revision(1)) {
                bytes += group
                    .unwrap()
                    .records
                    .iter()
                    .map(Record::bytes)
                    .sum::<usize>();
            }
            println!(
                "opened in {opened:?}; all groups read in {:?} ({bytes} bytes)",
                start.elapsed()
            );
            log.close().await;
        }
        let start = Instant::now();
        let report = verify(folder.path()).unwrap();
        println!(
            "verified in {:?}: {} records, sound: {}",
            start.elapsed(),
            report.records,
            report.is_sound()
        );
    }
}

/// Polls all of them at once, so that they wait together.
async fn futures_in_order<F: Future + Unpin>(waiting: &mut Vec<F>) {
    let mut done = vec![false; waiting.len()];
    std::future::poll_fn(|context| {
        for (future, done) in waiting
            .iter_mut()
            .zip(&mut done)
            .filter(|(_, done)| !**done)
        {
            *done = std::pin::Pin::new(future).poll(context).is_ready();
        }
        if done.iter().all(|done| *done) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    waiting.clear();
}
