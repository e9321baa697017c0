//! The measurements of docs/benchmarks.md: each beside the limit of the machine, or the peer, measured in the same run.
//!
//! `cargo xtask bench [--quick] [--json] [--folder PATH] [NAME ...]`, where a name is one of [`NAMES`]. A missed target is
//! said loudly and is no error: the figures belong to the machine as much as to the program.

mod allocation;
mod bounds;
mod contests;
mod cpu;
mod feed;
mod fold;
mod idle;
mod ingestion;
mod journal;
mod line;
mod load;
mod night;
mod peers;
mod postgres;
mod restart;
mod seats;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;

use line::Line;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What goes wrong ends a benchmark, and says why.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The benchmarks, in the order in which they run.
const NAMES: [&str; 9] = [
    "allocation",
    "bounds",
    "fold",
    "journal",
    "idle",
    "ingestion",
    "feed",
    "restart",
    "postgres",
];

/// How the benchmarks run.
#[derive(Debug, Clone)]
struct Options {
    /// A few seconds in all: only to see that everything still runs. The figures mean nothing.
    is_quick: bool,
    /// Print JSON in place of the table.
    is_json: bool,
    /// Where the data folders are made: on the disk that is to be measured.
    folder: PathBuf,
    /// Which benchmarks run; none: all.
    names: Vec<String>,
}

impl Options {
    fn parse(arguments: impl IntoIterator<Item = String>) -> Outcome<Self> {
        let mut options = Self {
            is_quick: false,
            is_json: false,
            folder: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
            names: Vec::new(),
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo says it to every benchmark.
                "--bench" => {}
                "--quick" => options.is_quick = true,
                "--json" => options.is_json = true,
                "--folder" => {
                    options.folder = arguments.next().ok_or("--folder needs a path")?.into();
                }
                name if NAMES.contains(&name) => options.names.push(argument),
                unknown => {
                    let known = NAMES.join(", ");
                    return Err(format!("{unknown:?} is no benchmark and no option; known: {known}, --quick, --json, --folder PATH").into());
                }
            }
        }
        Ok(options)
    }

    /// The size of something in a full run, or in a quick one.
    fn size<T>(&self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }

    /// A new folder for data, removed when it is dropped.
    fn data_folder(&self) -> Outcome<tempfile::TempDir> {
        std::fs::create_dir_all(&self.folder)?;
        Ok(tempfile::tempdir_in(&self.folder)?)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((first, rest)) if first == restart::CHILD => restart::child(rest),
        Some((first, rest)) if first == feed::CHILD => feed::child(rest),
        _ => Options::parse(arguments).and_then(|options| run(&options)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut lines = Vec::new();
    for name in NAMES {
        if !options.names.is_empty() && !options.names.iter().any(|asked| asked == name) {
            continue;
        }
        eprintln!("{name} ...");
        match name {
            "allocation" => lines.extend(allocation::run(options)?),
            "bounds" => lines.extend(bounds::run(options)?),
            "fold" => lines.extend(fold::run(options)?),
            "journal" => lines.extend(runtime.block_on(journal::run(options))?),
            "idle" => lines.extend(runtime.block_on(idle::run(options))?),
            "ingestion" => lines.extend(runtime.block_on(ingestion::run(options))?),
            "feed" => lines.extend(runtime.block_on(feed::run(options))?),
            "restart" => lines.extend(restart::run(options)?),
            _ => lines.extend(runtime.block_on(postgres::run(options))?),
        }
    }
    if options.is_json {
        let lines: Vec<_> = lines.iter().map(Line::to_json).collect();
        let result = serde_json::json!({ "is_quick": options.is_quick, "lines": lines });
        println!("{result:#}");
    } else {
        println!("{}", line::table(&lines));
    }
    if options.is_quick {
        eprintln!("a quick run: everything ran, and the figures mean nothing");
        return Ok(());
    }
    let missed: Vec<_> = lines
        .iter()
        .filter(|line| line.is_met() == Some(false))
        .collect();
    match missed.len() {
        0 => eprintln!("every target is met"),
        number => {
            eprintln!("{number} TARGETS ARE MISSED:");
            missed.iter().for_each(|line| eprintln!("  {}", line.what));
        }
    }
    Ok(())
}
