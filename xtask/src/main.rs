//! The project's own tasks: `cargo xtask gen|ci|test|bench|tidy|deny`.
//!
//! What CI does is written here and nowhere else, so that `cargo xtask ci` on a laptop and the run in CI are the same.

mod gen_wire;
mod step;

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
    /// Write crates/wire/src/generated from proto/ (no protoc needed).
    Gen {
        /// Write nothing; fail and name the file that is out of date.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Gen { check } => gen_wire::run(&root(), check),
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
