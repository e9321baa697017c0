//! The contract under buf: its style, and that no released field, method or number changes its meaning.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::step::{Failure, run};
use crate::tools;

/// The contract of the last release, as a descriptor set.
///
/// A stored image and not a git revision: it is there in a shallow clone and for the first commit, and what counts is
/// what was released, not what was tried in between.
const BASELINE: &str = "proto/baseline.binpb";

/// Lints the contract by buf's STANDARD rules.
pub fn lint(root: &Path) -> Result<(), Failure> {
    run(buf(root)?.arg("lint"))
}

/// Fails on a change that would break a client of the released contract.
pub fn breaking(root: &Path) -> Result<(), Failure> {
    let baseline = root.join(BASELINE);
    if !baseline.exists() {
        return Err(Failure::Found(format!(
            "{BASELINE} is missing: `cargo xtask baseline` makes the contract as it is now the released one"
        )));
    }
    run(buf(root)?.args(["breaking", "--against"]).arg(&baseline))
}

/// Makes the contract as it is now the released one.
pub fn set_baseline(root: &Path, accept_breaking: bool) -> Result<(), Failure> {
    let baseline = root.join(BASELINE);
    if baseline.exists() && !accept_breaking {
        breaking(root)?;
    }
    let made = root.join("target/baseline.binpb");
    run(buf(root)?
        .args(["build", "--exclude-source-info", "-o"])
        .arg(&made))?;
    fs::copy(&made, &baseline).map_err(Failure::file(&baseline))?;
    println!("wrote {BASELINE}");
    Ok(())
}

fn buf(root: &Path) -> Result<Command, Failure> {
    let mut command = Command::new(tools::buf(root)?);
    command.current_dir(root.join("proto"));
    Ok(command)
}
