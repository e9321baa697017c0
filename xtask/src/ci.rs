//! `ci`: everything that must hold before a change lands, in the order in which it is cheap to find out.

use std::path::Path;

use crate::step::{Failure, Steps, cargo, run};
use crate::{contract, deny, gen_wire, readme, test, tidy};

/// Runs every check; shows all that is wrong, and fails when anything is.
pub fn run_all(root: &Path) -> Result<(), Failure> {
    let mut steps = Steps::default();
    steps.run("format", || {
        run(cargo(root).args(["fmt", "--all", "--check"]))
    });
    steps.run("tidy", || tidy::check(root));
    steps.run("generated code is fresh", || gen_wire::run(root, true));
    steps.run("dependencies", || deny::check(root));
    steps.run("contract: lint", || contract::lint(root));
    steps.run("contract: breaking changes", || contract::breaking(root));
    steps.run("clippy", || {
        let everything = ["clippy", "--workspace", "--all-targets", "--locked"];
        run(cargo(root).args(everything).args(["--", "-D", "warnings"]))
    });
    steps.run("documentation", || {
        run(cargo(root).env("RUSTDOCFLAGS", "-D warnings").args([
            "doc",
            "--workspace",
            "--no-deps",
            "--locked",
        ]))
    });
    test::steps(root, &mut steps);
    steps.run("README commands", || readme::prove(root));
    steps.finish()
}
