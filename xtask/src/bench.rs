//! `bench`: the measurements of docs/benchmarks.md, each beside the limit of the machine that it is compared with.

use std::path::Path;

use crate::step::{Failure, cargo, run};
use crate::tools;

/// Where Debian puts the programs of a PostgreSQL server.
const POSTGRESQL: &str = "/usr/lib/postgresql";

/// Runs the benchmarks. Arguments go to them: a name runs only the benchmarks with that name.
pub fn run_all(root: &Path, arguments: &[String]) -> Result<(), Failure> {
    if !Path::new(POSTGRESQL).exists() {
        tools::debian(&["postgresql"])?;
    }
    run(cargo(root)
        .env("HEMICYCLE_PEERS_PYTHON", tools::peers(root)?)
        .args([
            "bench",
            "--package",
            "end-to-end",
            "--bench",
            "limits",
            "--",
        ])
        .args(arguments))
}
