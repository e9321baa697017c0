//! `kill -9` at any moment: a child process appends and says what was acknowledged, its parent kills it, opens the
//! journal and compares.

#![allow(clippy::unwrap_used)] // the helpers of a test may stop it at once

use event_log::conformance::{group, read_all};
use event_log::{EventLog, Record};
use event_log_journal::{Journal, JournalError, Options, SEGMENT_BYTES_MIN};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const FOLDER: &str = "HEMICYCLE_TEST_JOURNAL";
const ELECTIONS: [&str; 2] = ["left", "right"];
const KILLS: u64 = 20;
/// Where the child would stop if nobody killed it.
const REVISIONS_MAX: usize = 10_000_000;

/// Small segments, so that kills meet the change of segments too.
fn options() -> Options {
    Options {
        segment_bytes: SEGMENT_BYTES_MIN,
        seal_after: Duration::from_millis(2),
    }
}

/// The group that starts at this revision of an election; its size comes from the revision, so that anyone can tell.
fn group_at(name: &str, first_revision: usize) -> event_log::Group {
    group(
        name,
        first_revision,
        first_revision,
        1 + first_revision * 31 % 97,
    )
}

/// Not a test of its own: what the child runs. It appends to both elections until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs as the child of the test below"]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let log = std::sync::Arc::new(Journal::open(Path::new(&folder), options()).unwrap());
    let heads = log.heads();
    let writers = ELECTIONS.map(|name| {
        let log = log.clone();
        let head = heads.iter().find(|head| head.election.as_str() == name);
        let mut next = head.map_or(1, |head| usize::try_from(head.revision.0).unwrap() + 1);
        tokio::spawn(async move {
            while next < REVISIONS_MAX {
                let group = group_at(name, next);
                let appended = log.append(group).await.unwrap();
                println!("acknowledged {name} {}", appended.last_revision);
                next = usize::try_from(appended.last_revision.0).unwrap() + 1;
                if next.is_multiple_of(5) {
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
            }
        })
    });
    for writer in writers {
        writer.await.unwrap();
    }
}

fn start_child(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Takes in what the child says until it has said that so many groups are durable, waits a little more, kills it, and gives
/// the last acknowledged revision of each election.
async fn run_and_kill(folder: &Path, groups: u64, then: Duration) -> [u64; 2] {
    let mut child = start_child(folder);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (enough, reached) = tokio::sync::oneshot::channel();
    let reader = std::thread::spawn(move || {
        let (mut last, mut said, mut enough) = ([0; 2], 0, Some(enough));
        for line in lines.map_while(Result::ok) {
            let mut words = line
                .split_whitespace()
                .skip_while(|word| *word != "acknowledged")
                .skip(1);
            if let (Some(name), Some(Ok(revision))) = (words.next(), words.next().map(str::parse)) {
                let election = ELECTIONS
                    .iter()
                    .position(|election| *election == name)
                    .unwrap();
                last[election] = revision;
                said += 1;
                if said == groups
                    && let Some(enough) = enough.take()
                {
                    enough.send(()).unwrap();
                }
            }
        }
        last
    });
    reached.await.expect("the child ended by itself");
    tokio::time::sleep(then).await;
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[tokio::test]
async fn nothing_acknowledged_is_missing_after_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = [0; 2];
    for seed in 0..KILLS {
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Somewhere in the next groups, wherever the child is by then.
        let then = Duration::from_micros(random % 3_000);
        let now = run_and_kill(folder.path(), 1 + (random >> 32) % 40, then).await;
        for (known, now) in acknowledged.iter_mut().zip(now) {
            *known = now.max(*known);
        }
        let log = Journal::open(folder.path(), options()).unwrap();
        assert!(
            log.heads().iter().all(|head| head.damage.is_none()),
            "{:?}",
            log.heads()
        );
        for (name, acknowledged) in ELECTIONS.into_iter().zip(acknowledged) {
            let held: Vec<Record> = if log
                .heads()
                .iter()
                .any(|head| head.election.as_str() == name)
            {
                read_all(&log, name).await
            } else {
                Vec::new()
            };
            assert!(
                held.len() as u64 >= acknowledged,
                "seed {seed}: {name} lost acknowledged records"
            );
            let mut expected = Vec::new();
            while expected.len() < held.len() {
                expected.extend(group_at(name, expected.len() + 1).records);
            }
            assert_eq!(
                held.len(),
                expected.len(),
                "seed {seed}: half a group of {name}"
            );
            assert!(
                held == expected,
                "seed {seed}: {name} holds other records than were appended"
            );
        }
        log.close().await;
    }
    // Each round had groups of at least one of the two.
    assert!(acknowledged.iter().sum::<u64>() >= KILLS);
}

#[tokio::test]
async fn folder_in_use_by_another_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start_child(folder.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("acknowledged")));
    let refused = Journal::open(folder.path(), options()).unwrap_err();
    let verified = event_log_journal::verify(folder.path()).unwrap_err();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(refused, JournalError::InUse(_)), "{refused}");
    assert!(matches!(verified, JournalError::InUse(_)), "{verified}");
    assert!(
        refused
            .to_string()
            .contains(folder.path().to_str().unwrap()),
        "{refused}"
    );
    let log = Journal::open(folder.path(), options()).unwrap();
    assert!(!log.heads().is_empty());
    log.close().await;
}
