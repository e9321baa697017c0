//! A running system and the commands that officials type at it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use end_to_end::PATIENCE;
use end_to_end::cluster::{Cluster, Mode, Role, binary};
use serde_json::Value;

use crate::support::PAIRS;

pub const DONE: i32 = 0;
pub const FAILED: i32 = 1;
pub const WRONG_USAGE: i32 = 2;
pub const NOTHING_NEW: i32 = 3;
pub const NOT_ALL_COUNTED: i32 = 4;

/// A system with a night that is played and not public yet.
pub struct Desk {
    pub cluster: Cluster,
}

impl Desk {
    /// All roles in one process; the night of the pairs is played and not public.
    pub fn open() -> Self {
        let desk = Self::empty();
        let golden = |ending: &str| golden(&format!("{PAIRS}.{ending}"));
        desk.expect(DONE, &["define", &golden("toml")]);
        desk.expect(DONE, &["submit", PAIRS, &golden("jsonl")]);
        desk
    }

    /// All roles in one process, and no election.
    pub fn empty() -> Self {
        Self {
            cluster: Cluster::start(Mode::OneProcess),
        }
    }

    /// A system whose roles are apart, with an election that is defined and public, and nothing counted.
    pub fn apart() -> Self {
        let desk = Self {
            cluster: Cluster::start(Mode::Apart),
        };
        let definition = golden(&format!("{PAIRS}.toml"));
        desk.expect(DONE, &["define", &definition, "--open", "all"]);
        desk
    }

    /// Runs a command with the server as its own.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let server = format!("http://{}", self.cluster.address(Role::Results));
        let command = Command::new(binary())
            .args(arguments)
            .env("HEMICYCLE_SERVER", server)
            .output();
        command.unwrap()
    }

    /// What it prints, after the exit code that is expected.
    pub fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        let printed = if matches!(code, FAILED | WRONG_USAGE) {
            output.stderr
        } else {
            output.stdout
        };
        String::from_utf8(printed).unwrap()
    }

    /// The same of a command that prints JSON.
    pub fn expect_json(&self, code: i32, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.expect(code, &arguments)).unwrap()
    }

    /// Looks at the public feed until it says this: it is a moment behind a command.
    pub fn watch_until(&self, said: &str) {
        self.until(&["watch", PAIRS, "--once"], said);
    }

    /// Asks until the answer says this: seats and frames are a moment behind a command.
    pub fn until(&self, arguments: &[&str], said: &str) -> String {
        let start = Instant::now();
        let mut printed = String::new();
        while start.elapsed() < PATIENCE {
            let output = self.run(arguments);
            printed = String::from_utf8_lossy(&output.stdout).into_owned();
            if printed.contains(said) {
                return printed;
            }
        }
        panic!("{arguments:?} never says {said:?}, but {printed}");
    }

    /// The revisions at which something waits for a reviewer.
    pub fn waiting(&self) -> Vec<String> {
        let reports = self.expect_json(DONE, &["review", PAIRS]);
        let reports = reports.as_array().unwrap().iter();
        reports
            .map(|report| report["heldRevision"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A file of the project's own nights.
pub fn golden(name: &str) -> String {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    folder.join(name).display().to_string()
}
