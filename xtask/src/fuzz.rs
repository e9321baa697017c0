//! `fuzz`: the targets of `fuzz/`, one after the other, with a stable toolchain. cargo-fuzz asks for a nightly one; what it
//! needs here is the instrumentation alone, which the stable compiler has as well once it is told that it may use it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, cargo, run, works};
use crate::tools;

/// The targets, which are the files of `fuzz/fuzz_targets`.
const TARGETS: [&str; 3] = ["contest", "tiers", "double_proportional"];

/// Fuzzes each target for its part of the time, from what earlier runs have found.
pub fn run_all(root: &Path, seconds: u64) -> Result<(), Failure> {
    let program = cargo_fuzz(root)?;
    let each = (seconds / u64::try_from(TARGETS.len()).unwrap_or(1)).max(1);
    for target in TARGETS {
        let mut command = Command::new(&program);
        // A panic is what is looked for, and safe code needs no sanitizer of memory.
        command
            .current_dir(root.join("fuzz"))
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "run", "--sanitizer", "none", target, "--"])
            .arg(format!("-max_total_time={each}"))
            .args(["-max_len=1200", "-timeout=60", "-print_final_stats=1"]);
        run(&mut command).map_err(|failure| {
            Failure::Found(format!(
                "{failure}\nThe input is in fuzz/artifacts/{target}; put it into fuzz/found as {target}-NAME.bin, so that the \
                 tests keep it, and read it with SHOW=1 cargo test -p apportionment --test fuzz"
            ))
        })?;
    }
    Ok(())
}

/// The program cargo-fuzz: the one that is there, or one that is installed under `target/`.
fn cargo_fuzz(root: &Path) -> Result<PathBuf, Failure> {
    if !works(Command::new("c++").arg("--version")) {
        // libFuzzer is C++, and built with the targets.
        tools::debian(&["g++"])?;
    }
    let installed = PathBuf::from("cargo-fuzz");
    if works(Command::new(&installed).arg("--version")) {
        return Ok(installed);
    }
    let folder = root.join("target/cargo-fuzz");
    let program = folder.join("bin/cargo-fuzz");
    if !works(Command::new(&program).arg("--version")) {
        run(cargo(root)
            .args(["install", "cargo-fuzz", "--locked", "--root"])
            .arg(&folder))?;
    }
    Ok(program)
}
