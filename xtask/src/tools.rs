//! What the tests need beyond Rust: installed under `target/`, or asked for in words.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, run, works};

/// The Python of a virtual environment with everything in `tests/python/requirements.txt`.
pub fn python(root: &Path) -> Result<PathBuf, Failure> {
    environment(root, "tests/python/requirements.txt", "python-environment")
}

/// The Python of a virtual environment with the libraries that the benchmarks measure beside ours.
pub fn peers(root: &Path) -> Result<PathBuf, Failure> {
    environment(
        root,
        "tests/benches/peers/requirements.txt",
        "peers-environment",
    )
}

fn environment(root: &Path, requirements: &str, folder: &str) -> Result<PathBuf, Failure> {
    let requirements = root.join(requirements);
    let folder = root.join("target").join(folder);
    let python = folder.join("bin/python");
    let wanted = fs::read_to_string(&requirements).map_err(Failure::file(&requirements))?;
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let create = || {
        let mut command = Command::new("python3");
        command.args(["-m", "venv", "--clear"]).arg(&folder);
        command
    };
    if !works(&mut create()) {
        debian(&["python3", "python3-venv"])?;
        run(&mut create())?;
    }
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(&requirements))?;
    fs::write(&stamp, wanted).map_err(Failure::file(&stamp))?;
    Ok(python)
}

/// The program buf, as its lock file in `xtask/buf` says.
pub fn buf(root: &Path) -> Result<PathBuf, Failure> {
    let folder = npm(root, "xtask/buf", "target/buf")?;
    Ok(folder.join("node_modules/.bin/buf"))
}

/// What the browser tests need: a folder with the packages that `tests/browser` names, and the path of Chromium.
pub fn browser(root: &Path) -> Result<(PathBuf, PathBuf), Failure> {
    let folder = npm(root, "tests/browser", "target/browser")?;
    let chromium = PathBuf::from("/usr/bin/chromium");
    if !works(Command::new(&chromium).arg("--version")) {
        // A font that has Kazakh letters comes with it.
        debian(&["chromium", "fonts-noto-core"])?;
    }
    Ok((folder, chromium))
}

// The packages of a lock file, installed under `target/`.
fn npm(root: &Path, packages: &str, folder: &str) -> Result<PathBuf, Failure> {
    let (packages, folder) = (root.join(packages), root.join(folder));
    let lock = packages.join("package-lock.json");
    let wanted = fs::read(&lock).map_err(Failure::file(&lock))?;
    let stamp = folder.join("installed.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    if !works(Command::new("npm").arg("--version")) {
        debian(&["npm"])?;
    }
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    for name in ["package.json", "package-lock.json"] {
        let path = folder.join(name);
        fs::copy(packages.join(name), &path).map_err(Failure::file(&path))?;
    }
    // Not `npm ci`: that wants every platform's package in the lock file, and registries serve only some of them.
    run(Command::new("npm").current_dir(&folder).args([
        "install",
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))?;
    fs::write(&stamp, wanted).map_err(Failure::file(&stamp))?;
    Ok(folder)
}

/// Debian packages: installed when we may, asked for when not.
pub fn debian(packages: &[&str]) -> Result<(), Failure> {
    let root = crate::step::output(Command::new("id").arg("-u"))?.trim() == "0";
    if !root || !works(Command::new("apt-get").arg("--version")) {
        let names = packages.join(" ");
        return Err(Failure::Found(format!(
            "needed and not found: install the Debian packages {names} (apt-get install {names}), then run this again"
        )));
    }
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    run(Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(packages))
}
