//! `test`: every test there is, in the release profile, so that the tests and the product share one build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, Steps, cargo, run, works};
use crate::tools;

/// Runs all tests as steps of a task.
pub fn steps(root: &Path, steps: &mut Steps) {
    steps.run("build", || {
        let everything = [
            "build",
            "--release",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
        ];
        run(cargo(root).args(everything))
    });
    steps.run("Rust tests", || rust(root));
    steps.run("doc tests", || {
        run(cargo(root).args(["test", "--release", "--workspace", "--doc"]))
    });
    steps.run("Python tests", || python(root));
    steps.run("browser tests", || browser(root));
}

/// Runs all tests.
pub fn all(root: &Path) -> Result<(), Failure> {
    let mut task = Steps::default();
    steps(root, &mut task);
    task.finish()
}

/// The product as the tests run it.
pub fn binary(root: &Path) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("release/hemicycle")
}

fn rust(root: &Path) -> Result<(), Failure> {
    let mut command = cargo(root);
    command.env("HEMICYCLE_BINARY", binary(root));
    let data = root.join("../shared/data");
    if data.is_dir() {
        // What is there is not to be passed over.
        command.env("HEMICYCLE_DATA_REQUIRED", "1");
    } else {
        println!(
            "{} is not here: the tests against official results and collected cases check nothing, and say `skipped`",
            data.display()
        );
    }
    // Tests of deploy/ find the linters that come as Python packages.
    command.env("PATH", path_with(&tools::python(root)?)?);
    if works(cargo(root).args(["nextest", "--version"])) {
        command.args([
            "nextest",
            "run",
            "--release",
            "--workspace",
            "--no-fail-fast",
        ]);
    } else {
        command.args([
            "test",
            "--release",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--no-fail-fast",
        ]);
    }
    run(&mut command)
}

/// The tests that use the contract as someone without Rust does: with code that grpcio generates from `proto/`.
fn python(root: &Path) -> Result<(), Failure> {
    let folder = root.join("tests/python");
    if !has_tests(&folder)? {
        return Err(Failure::Found("tests/python has no test_*.py".to_owned()));
    }
    let python = tools::python(root)?;
    let generated = root.join("target/python-generated");
    fs::create_dir_all(&generated).map_err(Failure::file(&generated))?;
    let mut protos = Vec::new();
    crate::gen_wire::find_protos(&root.join("proto"), &mut protos)?;
    protos.sort();
    run(Command::new(&python)
        .args(["-m", "grpc_tools.protoc", "-I"])
        .arg(root.join("proto"))
        .arg(format!("--python_out={}", generated.display()))
        .arg(format!("--grpc_python_out={}", generated.display()))
        .args(&protos))?;
    run(Command::new(&python)
        .current_dir(&folder)
        .env("HEMICYCLE_BINARY", binary(root))
        .env("PYTHONPATH", &generated)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "."]))
}

/// The page in a real browser, driven from outside.
fn browser(root: &Path) -> Result<(), Failure> {
    let (modules, chromium) = tools::browser(root)?;
    run(Command::new("node")
        .current_dir(root.join("tests/browser"))
        .env("HEMICYCLE_BINARY", binary(root))
        .env("HEMICYCLE_BROWSER_MODULES", modules)
        .env("HEMICYCLE_CHROMIUM", chromium)
        .args(["--test", "--test-concurrency=1"])
        .args(["page.test.mjs", "house.test.mjs"]))
}

fn has_tests(folder: &Path) -> Result<bool, Failure> {
    let mut entries = fs::read_dir(folder)
        .map_err(Failure::file(folder))?
        .flatten();
    Ok(entries.any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("test_") && name.ends_with(".py")
    }))
}

/// The search path with the folder of a program in front.
fn path_with(program: &Path) -> Result<std::ffi::OsString, Failure> {
    let first = program.parent().map(Path::to_path_buf);
    let before = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(first.into_iter().chain(std::env::split_paths(&before)))
        .map_err(|error| Failure::Found(format!("PATH: {error}")))
}
