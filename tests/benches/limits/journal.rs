//! Journal: groups of 256 records, two at it at once as its only caller has them, against a bare loop that writes and
//! syncs as many bytes.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use election::bytes::encode_record;
use election::ids::{ElectionId, LogId, Revision};
use event_log::{EventLog as _, Group, GroupId, Record};
use event_log_journal::Journal;
use futures::StreamExt as _;
use futures::stream::FuturesOrdered;

use crate::line::{Line, Target, median, rate};
use crate::night::{Night, counted};
use crate::{Options, Outcome};

const GROUP_RECORDS: u32 = 256;
const OPTIONS: u32 = 24;
/// One that is synced and one that waits, as the sequencer of an election has them.
const GROUPS_UNDER_WAY: usize = 2;

/// Runs it.
pub async fn run(options: &Options) -> Outcome<Vec<Line>> {
    let groups = options.size(400, 10);
    let rounds = options.size(9, 2);
    let folder = options.data_folder()?;
    let records = records()?;
    let bytes = records.iter().map(Record::bytes).sum();
    let bare = Bare::new(folder.path(), groups * bytes)?;
    let journal = Journal::open(
        &folder.path().join("journal"),
        event_log_journal::Options::default(),
    )?;
    let (mut ratios, mut rates) = (Vec::new(), [Vec::new(), Vec::new()]);
    let mut written = 0;
    for _ in 0..rounds {
        let limit = bare.groups(groups, bytes)?;
        let ours = appended(&journal, &records, groups, &mut written).await?;
        ratios.push(limit.as_secs_f64() / ours.as_secs_f64());
        for (rates, took) in rates.iter_mut().zip([ours, limit]) {
            let count = f64::from(GROUP_RECORDS) * f64::from(u32::try_from(groups)?);
            rates.push(count / took.as_secs_f64());
        }
    }
    journal.close().await;
    Ok(vec![Line {
        what: format!("journal append, {GROUP_RECORDS} a group ({bytes} bytes)"),
        figure: format!("{} records", rate(median(&rates[0]))),
        beside: format!("{}, bare write + fdatasync", rate(median(&rates[1]))),
        value: median(&ratios),
        unit: "",
        target: Target::AtLeast(0.70),
    }])
}

/// Reports of 24 options as the log holds them. Only their bytes matter here: each group holds the same ones.
fn records() -> Outcome<Vec<Record>> {
    let night = Night::new("journal", OPTIONS, GROUP_RECORDS)?;
    let (mut state, _) = night.begin()?;
    let mut records = Vec::new();
    for unit in 0..GROUP_RECORDS {
        let recorded = counted(&state, &night.report(unit, 1))?;
        state.apply(&recorded)?;
        let bytes = encode_record(&recorded, [9; 16]);
        records.push(Record {
            public: bytes.public.into(),
            annex: bytes.annex.into(),
        });
    }
    Ok(records)
}

async fn appended(
    journal: &Journal,
    records: &[Record],
    groups: usize,
    written: &mut u64,
) -> Outcome<Duration> {
    let election = ElectionId::new("journal")?;
    let mut under_way = FuturesOrdered::new();
    let mut appends = 0;
    let started = Instant::now();
    while appends < groups || !under_way.is_empty() {
        if appends < groups && under_way.len() < GROUPS_UNDER_WAY {
            let group = Group {
                election: election.clone(),
                log_id: LogId([1; 16]),
                group_id: GroupId(u128::from(*written).to_le_bytes()),
                first_revision: Revision(*written + 1),
                records: records.to_vec(),
            };
            *written += u64::from(GROUP_RECORDS);
            let last = Revision(*written);
            under_way.push_back(async move { (journal.append(group).await, last) });
            appends += 1;
        } else if let Some((appended, last)) = under_way.next().await
            && appended?.last_revision != last
        {
            return Err("a group was acknowledged as another one".into());
        }
    }
    Ok(started.elapsed())
}

/// A file that has its room already, written to without anything in between.
pub struct Bare(File);

impl Bare {
    /// Makes the file.
    pub fn new(folder: &Path, bytes: usize) -> Outcome<Self> {
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .open(folder.join("bare"))?;
        file.write_all_at(&vec![0; bytes], 0)?;
        file.sync_all()?;
        Ok(Self(file))
    }

    /// Writes and syncs so many pieces of so many bytes, one after the other.
    pub fn groups(&self, groups: usize, bytes: usize) -> Outcome<Duration> {
        let content = vec![7; bytes];
        let started = Instant::now();
        for group in 0..groups {
            self.0
                .write_all_at(&content, u64::try_from(group * bytes)?)?;
            self.0.sync_data()?;
        }
        Ok(started.elapsed())
    }
}
