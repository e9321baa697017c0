//! Restart after kill -9, in processes of their own: one fills a data folder and is killed, others open it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Client;
use election::bytes::codec::Writer;
use election::bytes::{decode_record, encode_submission};
use election::counts::COUNTERS;
use election::ids::{ElectionId, Revision};
use election::state::State;
use event_log_journal::Journal;
use futures::stream;
use results_service::{Config, Role, SystemEntropy};
use service_runtime::clock::SystemClock;
use service_runtime::limits::Limits;
use service_runtime::pipe::local_channel;
use service_runtime::shutdown::Stopper;
use wire::results::v1::AppendBatchesRequest;
use wire::results::v1::results_service_client::ResultsServiceClient;

use crate::line::{Line, Target, median};
use crate::night::{Night, scattered};
use crate::{Options, Outcome};

/// The first argument of a process of this benchmark.
pub const CHILD: &str = "--child";

const ELECTION: &str = "restart";
const LISTS: u32 = 12;
/// Reports of a batch.
const BATCH: u32 = 1_000;

/// Runs it: with as many units as reports, which is mostly their definition, and with a tenth of them.
pub fn run(options: &Options) -> Outcome<Vec<Line>> {
    let (many, few) = options.size((1_000_000, 100_000), (20_000, 2_000));
    let mut lines = night(options, many, 1)?;
    let memory = lines.pop();
    lines.extend(night(options, few, 10)?.into_iter().take(2));
    lines.extend(memory);
    Ok(lines)
}

/// A night of so many units which report so many times: restart from the log, from a snapshot, and the fold's memory.
fn night(options: &Options, units: u32, versions: u32) -> Outcome<Vec<Line>> {
    let rounds = options.size(5, 1);
    let folder = options.data_folder()?;
    let data = folder.path().display().to_string();
    let (count, times) = (units.to_string(), versions.to_string());
    // Filled without snapshots, then killed.
    Part::start(&["fill", &data, &count, &times])?.kill()?;
    let from_log = restarts(&data, rounds)?;
    let bare = read_all(folder.path())?;
    let fold = Part::start(&["fold", &data, &count])?;
    let fold_bytes: f64 = fold.said.parse()?;
    fold.kill()?;
    // Stopped in good order, which leaves a snapshot; opened and killed after it.
    Part::start(&["stop", &data])?.wait()?;
    let from_snapshot = restarts(&data, rounds)?;
    let reports = units * versions;
    let per_million = 1e6 / f64::from(reports);
    let counts_bytes = (index(LISTS) + COUNTERS) * 4;
    let beside = format!("{bare:.2} s, reading the same files");
    Ok(vec![
        Line {
            what: format!("restart after kill -9, {reports} reports of {units} units"),
            figure: format!("{from_log:.2} s"),
            beside: beside.clone(),
            value: from_log * per_million,
            unit: "s a million",
            target: Target::AtMost(1.1),
        },
        Line {
            what: format!("restart from a snapshot, {reports} reports of {units} units"),
            figure: format!("{from_snapshot:.2} s"),
            beside,
            value: from_snapshot,
            unit: "s",
            target: Target::AtMost(0.3),
        },
        Line {
            what: format!("memory of the fold, {LISTS} lists, a unit without its name"),
            figure: format!("{fold_bytes:.0} bytes"),
            beside: format!("{counts_bytes} bytes of counts"),
            value: fold_bytes,
            unit: "bytes",
            target: Target::AtMost(250.0),
        },
    ])
}

/// Opens the folder in new processes and kills each: the median of the seconds until it serves.
fn restarts(data: &str, rounds: u32) -> Outcome<f64> {
    let mut spans = Vec::new();
    for _ in 0..rounds {
        let part = Part::start(&["open", data])?;
        spans.push(part.said.parse()?);
        part.kill()?;
    }
    Ok(median(&spans))
}

/// The seconds in which nothing but reading all segments is done.
fn read_all(folder: &Path) -> Outcome<f64> {
    let started = Instant::now();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            std::hint::black_box(std::fs::read(path)?);
        }
    }
    Ok(started.elapsed().as_secs_f64())
}

/// A process of this benchmark that has done its work and said so.
struct Part {
    process: Child,
    said: String,
}

impl Part {
    fn start(arguments: &[&str]) -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(CHILD)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("the process has an output")?;
        let mut said = String::new();
        BufReader::new(output).read_line(&mut said)?;
        if said.is_empty() {
            process.wait()?;
            return Err(format!("{arguments:?} ended without a word").into());
        }
        let said = said.trim_end().to_owned();
        Ok(Self { process, said })
    }

    /// kill -9.
    fn kill(mut self) -> Outcome<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    fn wait(mut self) -> Outcome<()> {
        let status = self.process.wait()?;
        status
            .success()
            .then_some(())
            .ok_or_else(|| status.to_string().into())
    }
}

/// What one of the processes does.
pub fn child(arguments: &[String]) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = match arguments[..] {
        ["fill", data, units, versions] => {
            runtime.block_on(fill(Path::new(data), units.parse()?, versions.parse()?))?;
            "filled".to_owned()
        }
        ["open", data] => format!("{:.4}", runtime.block_on(open(Path::new(data)))?),
        ["stop", data] => {
            runtime.block_on(stop(Path::new(data)))?;
            "stopped".to_owned()
        }
        ["fold", data, units] => format!("{:.1}", fold(Path::new(data), units.parse()?)?),
        _ => return Err(format!("unknown part {arguments:?}").into()),
    };
    println!("{said}");
    std::io::stdout().flush()?;
    if arguments.first() != Some(&"stop") {
        // Until it is killed, or the parent is gone.
        std::io::stdin().read_line(&mut String::new())?;
    }
    Ok(())
}

async fn role(folder: &Path, stopper: &Stopper) -> Outcome<Role> {
    let config = Config {
        // Only a clean stop writes one.
        snapshot_events: u64::MAX,
        ..Config::folder(folder)
    };
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    Ok(Role::open(config, clock, entropy, stopper).await?)
}

/// A night of so many units, each of which reports so many times.
async fn fill(folder: &Path, units: u32, versions: u32) -> Outcome<()> {
    let stopper = Stopper::new("fill");
    let role = role(folder, &stopper).await?;
    let channel = local_channel(role.services(), Limits::default(), &stopper);
    let night = Arc::new(Night::new(ELECTION, LISTS, units)?);
    let client = Client::new(channel.clone()).with_deadline(Duration::from_secs(120));
    client.define(&night.definition).await?;
    let reports = units * versions;
    let batches = (0..reports.div_ceil(BATCH)).map(move |number| {
        let places = number * BATCH..reports.min((number + 1) * BATCH);
        let mut writer = Writer::default();
        for place in places.clone() {
            let report = night.report(scattered(place, units), place / units + 1);
            encode_submission(&mut writer, &report);
        }
        AppendBatchesRequest {
            batch_id: number.into(),
            election_id: ELECTION.to_owned(),
            principal: "station".to_owned(),
            reports: writer.into_bytes().into(),
            report_count: u32::try_from(places.len()).unwrap_or(0),
            validate_only: false,
        }
    });
    let mut results = ResultsServiceClient::new(channel);
    let mut answers = results
        .append_batches(stream::iter(batches))
        .await?
        .into_inner();
    let mut answered = 0;
    while let Some(answer) = answers.message().await? {
        answered += answer.outcome_count;
    }
    if answered != reports {
        return Err(format!("{answered} of {reports} reports were answered").into());
    }
    Ok(())
}

/// The seconds until the role serves again.
async fn open(folder: &Path) -> Outcome<f64> {
    let stopper = Stopper::new("open");
    let started = Instant::now();
    let role = role(folder, &stopper).await?;
    std::hint::black_box(role.services());
    Ok(started.elapsed().as_secs_f64())
}

async fn stop(folder: &Path) -> Outcome<()> {
    let stopper = Stopper::new("stop");
    role(folder, &stopper).await?;
    Ok(stopper.drain(Duration::from_secs(300)).await?)
}

/// The bytes a unit by which the process grows when the log is folded, without the units' names, which are packed with
/// four bytes each that say where they end.
fn fold(folder: &Path, units: u32) -> Outcome<f64> {
    let journal = Journal::open(folder, event_log_journal::Options::default())?;
    let election = ElectionId::new(ELECTION)?;
    let before = resident_bytes()?;
    let mut state = None::<State>;
    for group in journal.groups(&election, Revision(1)) {
        for record in group?.records {
            let recorded = decode_record(&record.public, Some(&record.annex))?;
            match &mut state {
                None => state = Some(State::begin(&recorded)?),
                Some(state) => state.apply(&recorded)?,
            }
        }
    }
    let grown = resident_bytes()? - before;
    let state = state.ok_or("the log is empty")?;
    let names: usize = (0..units)
        .filter_map(|unit| state.tally().unit_names.get(unit))
        .map(|name| name.len() + 4)
        .sum();
    let bytes = grown.saturating_sub(names);
    Ok(f64::from(u32::try_from(bytes)?) / f64::from(units))
}

/// Pages of this process in memory, in bytes.
fn resident_bytes() -> Outcome<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let resident = pages.split(' ').nth(1).ok_or("statm has a second number")?;
    Ok(resident.parse::<usize>()? * 4_096)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
