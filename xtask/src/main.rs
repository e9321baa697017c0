//! The project's own tasks: `cargo xtask ci|test|gen|baseline|bench|fuzz|tidy|deny`.
//!
//! What CI does is written here and nowhere else, so that `cargo xtask ci` on a laptop and the run in CI are the same.

mod bench;
mod ci;
mod contract;
mod deny;
mod fuzz;
mod gen_wire;
mod readme;
mod step;
mod test;
mod tidy;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that must hold before a change lands.
    Ci,
    /// Every test: Rust, documentation, Python. Installs what they need under target/.
    Test,
    /// Write crates/wire/src/generated from proto/ (no protoc needed).
    Gen {
        /// Write nothing; fail and name the file that is out of date.
        #[arg(long)]
        check: bool,
    },
    /// Make the contract as it is now the released one, which later changes must not break.
    Baseline {
        /// Even when it breaks the one released before.
        #[arg(long)]
        accept_breaking: bool,
    },
    /// The benchmarks; arguments go to them.
    Bench {
        /// Passed on.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The fuzz targets of the allocation engine. Installs cargo-fuzz under target/ where it is missing.
    Fuzz {
        /// How long in all, shared evenly by the targets.
        #[arg(long, default_value_t = 300)]
        seconds: u64,
    },
    /// The style rules that no compiler knows.
    Tidy,
    /// Licences, sources and bans of every dependency, by deny.toml.
    Deny,
}

fn main() -> ExitCode {
    let root = root();
    let outcome = match Arguments::parse().task {
        Task::Ci => ci::run_all(&root),
        Task::Test => test::all(&root),
        Task::Gen { check } => gen_wire::run(&root, check),
        Task::Baseline { accept_breaking } => contract::set_baseline(&root, accept_breaking),
        Task::Bench { arguments } => bench::run_all(&root, &arguments),
        Task::Fuzz { seconds } => fuzz::run_all(&root, seconds),
        Task::Tidy => tidy::check(&root),
        Task::Deny => deny::check(&root),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace: the folder above this crate's.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate xtask lies in a folder of the workspace")
        .to_path_buf()
}
