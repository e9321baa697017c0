//! What happens to folders and disks: in use, full, cut, with flipped bits.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::sync::Arc;
use std::time::Duration;

use client::{ClientError, LogNews, Refused, SubmitOptions};
use election::command::Command;
use election::ids::{ElectionId, Revision};
use election::stage::Stage;
use election::submission::Submission;
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::invented::Invented;
use end_to_end::log;
use end_to_end::play::{Acknowledged, Kills, Player};
use futures::{StreamExt as _, stream};
use tonic::Code;
use wire::common::v1::View;

crate::in_both_modes!(
    a_folder_in_use_is_named_and_left_alone,
    a_full_disk_loses_nothing_and_takes_reports_again,
    a_cut_journal_is_read_only_and_told,
    a_flipped_bit_is_read_only_and_told_and_others_go_on,
    a_damaged_store_of_units_is_built_anew,
);

pub(crate) const STATIONS: usize = 40;

pub(crate) async fn begin(mode: Mode, election: &str) -> (Cluster, Player, Invented) {
    let cluster = Cluster::start(mode);
    let (player, invented) = define(&cluster, election).await;
    (cluster, player, invented)
}

async fn define(cluster: &Cluster, election: &str) -> (Player, Invented) {
    let invented = Invented::new(election, STATIONS, 3);
    let player = Player::define(cluster, invented.definition.clone(), Kills::none()).await;
    (player, invented)
}

/// One report at a time, so that each is a group of its own in the journal.
pub(crate) async fn one_by_one(
    cluster: &mut Cluster,
    player: &mut Player,
    invented: &Invented,
    version: u32,
) {
    for station in 0..STATIONS {
        let report = report(invented, station, version);
        player.submit(cluster, vec![report]).await;
    }
}

fn report(invented: &Invented, station: usize, version: u32) -> Submission {
    let votes = u64::from(version);
    invented.full(station, version, &[votes, 2 * votes, 5])
}

async fn a_folder_in_use_is_named_and_left_alone(mode: Mode) {
    let (mut cluster, mut player, invented) = begin(mode, "in-use-2026").await;
    let folder = cluster.data_folder();
    let said = cluster.serve_in_vain(&Role::ALL, &folder);
    assert!(
        said.contains("in use") && said.contains(&folder.display().to_string()),
        "{said}"
    );
    one_by_one(&mut cluster, &mut player, &invented, 1).await;
    let records = log::read(&cluster.client(Role::Results), &player.election).await;
    assert!(log::missing(&records, &player.acknowledged).is_empty());
}

/// The segments of the journal, oldest first.
pub(crate) fn segments(cluster: &Cluster) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![cluster.data_folder()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "segment")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

/// Where the groups of a segment with reports of this election begin.
pub(crate) fn groups(segment: &Path, election: &ElectionId) -> Vec<u64> {
    let bytes = fs::read(segment).unwrap();
    let id = election.as_str().as_bytes();
    let is_group = |block: &[u8]| block.starts_with(b"hmcygrup") && block[136..].starts_with(id);
    let blocks = (0_u64..).zip(bytes.chunks_exact(4_096));
    blocks
        .filter(|(_, block)| is_group(block))
        .map(|(number, _)| number * 4_096)
        .collect()
}

async fn a_cut_journal_is_read_only_and_told(mode: Mode) {
    let (mut cluster, mut player, invented) = begin(mode, "cut-2026").await;
    one_by_one(&mut cluster, &mut player, &invented, 1).await;
    cluster.kill(Role::Results);
    let segment = segments(&cluster).pop().unwrap();
    let place = groups(&segment, &player.election)[STATIONS / 2];
    let file = OpenOptions::new().write(true).open(&segment).unwrap();
    file.set_len(place + 1_500).unwrap();
    remove_what_is_derived(&cluster);
    cluster.restart(Role::Results);
    is_read_only(&cluster, &player, &invented).await;
    let kept = readable_prefix(&cluster, &player).await;
    let before_the_cut = log_of(&player, kept);
    assert!(
        before_the_cut > 0 && kept < player.head,
        "{kept} of {} revisions are left",
        player.head
    );
    assert_eq!(
        fs::metadata(&segment).unwrap().len(),
        place + 1_500,
        "nothing was repaired behind anybody's back"
    );
}

async fn a_flipped_bit_is_read_only_and_told_and_others_go_on(mode: Mode) {
    let (mut cluster, mut player, invented) = begin(mode, "flipped-2026").await;
    let (mut other, sound) = define(&cluster, "sound-2026").await;
    one_by_one(&mut cluster, &mut player, &invented, 1).await;
    one_by_one(&mut cluster, &mut other, &sound, 1).await;
    cluster.kill(Role::Results);
    let segment = segments(&cluster).pop().unwrap();
    let place = groups(&segment, &player.election)[STATIONS / 2];
    flip(&segment, place + 1_024 + 12 + 20);
    remove_what_is_derived(&cluster);
    cluster.restart(Role::Results);
    is_read_only(&cluster, &player, &invented).await;
    let kept = readable_prefix(&cluster, &player).await;
    assert!(
        log_of(&player, kept) > 0 && kept < player.head,
        "{kept} of {}",
        player.head
    );
    // The other election of the same folder takes reports and has all that it had.
    one_by_one(&mut cluster, &mut other, &sound, 2).await;
    let records = log::read(&cluster.client(Role::Results), &other.election).await;
    assert!(log::missing(&records, &other.acknowledged).is_empty());
}

pub(crate) fn flip(file: &Path, at: u64) {
    let file = File::options().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
}

/// What could be folded again from the log, and is: the damage is then met at once.
pub(crate) fn remove_what_is_derived(cluster: &Cluster) {
    for entry in fs::read_dir(cluster.data_folder()).unwrap().flatten() {
        if entry.path().is_dir() && entry.file_name() != "journal" {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
}

/// Writes are refused, and the answer says which revision is damaged.
async fn is_read_only(cluster: &Cluster, player: &Player, invented: &Invented) {
    let ingestion = cluster.client(Role::TallyIngestion);
    let reports = stream::iter(vec![report(invented, 0, 9)]);
    let mut answers = ingestion.submit(&player.election, reports, SubmitOptions::default());
    let error = answers.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition, "{error}");
    let ClientError::Refused(refused) = &error else {
        panic!("{error}");
    };
    assert!(
        refused.message.contains("read-only") && refused.message.contains("revision"),
        "{refused}"
    );
}

/// The last revision that can still be read.
async fn readable_prefix(cluster: &Cluster, player: &Player) -> u64 {
    let results = cluster.client(Role::Results);
    let news = results.watch_events(&player.election, View::Head, Revision(1), None);
    let mut news = std::pin::pin!(news);
    let mut last = 0;
    while let Some(item) = news.next().await {
        match item {
            Ok(LogNews::Events(events)) => {
                last = events
                    .records
                    .last()
                    .map_or(last, |recorded| recorded.revision.0);
                if last == events.head.0 {
                    return last;
                }
            }
            Ok(LogNews::Reset(_)) => panic!("the log is the same one"),
            Err(error) => {
                assert!(
                    matches!(error.code(), Code::DataLoss | Code::FailedPrecondition),
                    "{error}"
                );
                return last;
            }
        }
    }
    last
}

/// How many acknowledged reports stand up to a revision.
fn log_of(player: &Player, revision: u64) -> usize {
    let is_kept = |answer: &&Acknowledged| end_to_end::play::revision(&answer.outcome) <= revision;
    player.acknowledged.iter().filter(is_kept).count()
}

async fn a_damaged_store_of_units_is_built_anew(mode: Mode) {
    let (mut cluster, mut player, invented) = begin(mode, "store-2026").await;
    one_by_one(&mut cluster, &mut player, &invented, 1).await;
    let state = end_to_end::reads::unit(&cluster, &player.election, "u17").await;
    cluster.kill(Role::Results);
    let mut damaged = 0;
    let mut folders = vec![cluster.data_folder()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "db") {
                let length = fs::metadata(&path).unwrap().len();
                (0..length).step_by(512).for_each(|at| flip(&path, at));
                damaged += 1;
            }
        }
    }
    assert_eq!(damaged, 1, "the store has one file of rows");
    cluster.restart(Role::Results);
    let again = end_to_end::reads::unit(&cluster, &player.election, "u17").await;
    assert_eq!(again, state);
    one_by_one(&mut cluster, &mut player, &invented, 2).await;
}

/// Room for a few segments of the journal.
const DISK_BYTES: u64 = 400 << 20;

async fn a_full_disk_loses_nothing_and_takes_reports_again(mode: Mode) {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let folder = tempfile::Builder::new().tempdir_in(&disk.path).unwrap();
    let mut cluster = Cluster::start_in(mode, folder);
    let invented = Invented::new("full-2026", STATIONS, 3);
    let mut player = Player::define(&cluster, invented.definition.clone(), Kills::none()).await;
    one_by_one(&mut cluster, &mut player, &invented, 1).await;
    let filler = disk.path.join("filler");
    disk.fill(&filler);
    // What is written goes into the segment that has its room already; at its end the next one has none.
    let wide = Invented::new("wide-2026", 1, 10_000);
    let election = wide.election().clone();
    cluster
        .client(Role::Results)
        .define(&Arc::new(wide.definition.clone()))
        .await
        .unwrap();
    let stopped = until_nothing_is_taken(&cluster, &election, wide).await;
    assert_eq!(stopped.code(), Code::Unavailable, "{stopped}");
    assert!(stopped.to_string().contains("room"), "{stopped}");
    let refused = until_refused(&cluster, &player.election).await;
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (Code::ResourceExhausted, "NO_SPACE"),
        "{refused}"
    );
    assert!(
        refused.message.contains("room") && refused.retry_after.is_some(),
        "{refused}"
    );
    fs::remove_file(&filler).unwrap();
    one_by_one(&mut cluster, &mut player, &invented, 2).await;
    cluster.kill_and_restart(Role::Results);
    let records = log::read(&cluster.client(Role::Results), &player.election).await;
    let missing = log::missing(&records, &player.acknowledged);
    assert!(missing.is_empty(), "{missing:?}");
}

/// Large reports of growing versions, until none is answered any more: what is unanswered may be sent again later.
async fn until_nothing_is_taken(
    cluster: &Cluster,
    election: &ElectionId,
    wide: Invented,
) -> ClientError {
    let ingestion = cluster.client(Role::TallyIngestion);
    let mut votes = vec![0; 10_000];
    votes[0] = 1;
    let reports = (1..=2_000).map(move |version| wide.full(0, version, &votes));
    let options = SubmitOptions {
        silence_max: Duration::from_secs(10),
        ..SubmitOptions::default()
    };
    let mut answers = ingestion.submit(election, stream::iter(reports), options);
    while let Some(answer) = answers.next().await {
        if let Err(error) = answer {
            return error;
        }
    }
    panic!("a full disk took everything");
}

/// Small commands, which fill what the large reports have left, until one is refused for want of room.
async fn until_refused(cluster: &Cluster, election: &ElectionId) -> Refused {
    let officials = cluster
        .client(Role::Results)
        .with_deadline(Duration::from_secs(3));
    for number in 0..2_000 {
        let stage = if number % 2 == 0 {
            Stage::PartialUnofficial
        } else {
            Stage::PreElection
        };
        let command = Command::SetStage {
            stage,
            reason: "a".repeat(1_000),
        };
        match officials.command(election, &command).await {
            Ok(_) => {}
            Err(ClientError::Refused(refused)) => return *refused,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("a full disk took everything");
}

/// A file system in memory, small enough to be filled.
struct SmallDisk {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl SmallDisk {
    /// None where it may not be mounted.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let size = format!("size={DISK_BYTES}");
        let mounted = Program::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&path)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self {
                path,
                _folder: folder,
            }),
            _ => {
                eprintln!("skipped: a small file system cannot be mounted here; it needs root");
                None
            }
        }
    }

    /// Leaves no room.
    fn fill(&self, filler: &Path) {
        use std::io::Write as _;
        let mut file = File::create(filler).unwrap();
        for size in [1 << 20, 4_096] {
            let block = vec![1; size];
            while file.write_all(&block).is_ok() {}
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: what still runs on it is killed after this.
        let _ = Program::new("umount").arg("-l").arg(&self.path).status();
    }
}
