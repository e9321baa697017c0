//! The system under test: the built binary, run as an election commission runs it, killed and started again.
//!
//! Both modes are processes of their own, so that any of them can be killed as the machine would kill it. The tests are
//! the same in both.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use client::{Backoff, Client};
use serde_json::Value;
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::PATIENCE;

/// The variable that names the binary; `cargo xtask test` sets it.
const BINARY_VARIABLE: &str = "HEMICYCLE_BINARY";
/// How often a log is looked at for the address.
const GLANCE: Duration = Duration::from_millis(5);
/// How many lines of a log are shown when a test fails.
const LINES_SHOWN: usize = 30;

/// How the roles are spread over processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All in one.
    OneProcess,
    /// One for each role, over TCP.
    Apart,
}

/// What a process can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Holds the log.
    Results,
    /// Takes in reports.
    TallyIngestion,
    /// Folds and allocates.
    Allocation,
    /// Serves viewers.
    LiveFeed,
}

impl Role {
    /// All of them, in the order in which they need each other.
    pub const ALL: [Self; 4] = [
        Self::Results,
        Self::TallyIngestion,
        Self::Allocation,
        Self::LiveFeed,
    ];

    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Results => "results",
            Self::TallyIngestion => "tally-ingestion",
            Self::Allocation => "allocation",
            Self::LiveFeed => "live-feed",
        }
    }
}

/// A running system with its data folder. Dropping it kills what still runs; after a failed test the logs are shown.
#[derive(Debug)]
pub struct Cluster {
    processes: Vec<Process>,
    folder: TempDir,
}

impl Cluster {
    /// Starts all roles on an empty data folder and on free ports.
    pub fn start(mode: Mode) -> Self {
        Self::start_in(
            mode,
            tempfile::tempdir().expect("a temporary folder can be made"),
        )
    }

    /// Starts all roles with their files in a folder.
    pub fn start_in(mode: Mode, folder: TempDir) -> Self {
        let mut cluster = Self {
            processes: Vec::new(),
            folder,
        };
        match mode {
            Mode::OneProcess => cluster.add(&Role::ALL),
            Mode::Apart => Role::ALL
                .iter()
                .for_each(|role| cluster.add(std::slice::from_ref(role))),
        }
        cluster
    }

    fn add(&mut self, roles: &[Role]) {
        let mut process = Process::new(self.folder.path(), roles);
        process.configure(&self.processes, &self.data_folder(), 0);
        process.run();
        // From now on it comes back at the same place.
        process.configure(&self.processes, &self.data_folder(), process.port);
        self.processes.push(process);
    }

    /// The data folder of the results role.
    pub fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Kills the process of a role with SIGKILL. It is gone when this returns.
    pub fn kill(&mut self, role: Role) {
        self.process_mut(role).kill();
    }

    /// Starts the killed process of a role on its folder and its port.
    pub fn restart(&mut self, role: Role) {
        self.process_mut(role).run();
    }

    /// Kills the process of a role and starts it again.
    pub fn kill_and_restart(&mut self, role: Role) {
        self.kill(role);
        self.restart(role);
    }

    /// Starts another process with these roles on a data folder, which is expected to give up; returns what it said.
    pub fn serve_in_vain(&self, roles: &[Role], data: &Path) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let process = Process::new(folder.path(), roles);
        process.configure(&self.processes, data, 0);
        process.run_in_vain()
    }

    /// The address of a role, as `HOST:PORT`.
    pub fn address(&self, role: Role) -> String {
        format!("127.0.0.1:{}", self.process(role).port)
    }

    /// A client of a role, which does not pause long.
    pub fn client(&self, role: Role) -> Client {
        let backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(500));
        Client::connect(&self.process(role).url())
            .expect("an address that was listened on is one")
            .with_backoff(backoff)
            .with_deadline(PATIENCE)
    }

    /// A channel to a role, for calls that the typed client would never make.
    pub fn channel(&self, role: Role) -> Channel {
        let endpoint = Channel::from_shared(self.process(role).url());
        endpoint
            .expect("an address that was listened on is one")
            .connect_lazy()
    }

    fn process(&self, role: Role) -> &Process {
        let process = self
            .processes
            .iter()
            .find(|process| process.roles.contains(&role));
        process.expect("every role has a process")
    }

    fn process_mut(&mut self, role: Role) -> &mut Process {
        let process = self
            .processes
            .iter_mut()
            .find(|process| process.roles.contains(&role));
        process.expect("every role has a process")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.processes.iter_mut().for_each(Process::kill);
        if std::thread::panicking() {
            for process in &self.processes {
                let roles: Vec<&str> = process.roles.iter().map(|role| role.name()).collect();
                eprintln!(
                    "── the last lines of {}:\n{}",
                    roles.join(", "),
                    process.last_lines()
                );
            }
        }
    }
}

#[derive(Debug)]
struct Process {
    roles: Vec<Role>,
    config: PathBuf,
    log: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Process {
    fn new(folder: &Path, roles: &[Role]) -> Self {
        let name = roles[0].name();
        Self {
            roles: roles.to_vec(),
            config: folder.join(format!("{name}.toml")),
            log: folder.join(format!("{name}.log")),
            port: 0,
            child: None,
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn configure(&self, upstream: &[Self], data: &Path, port: u16) {
        let of = |role: Role| {
            let process = upstream
                .iter()
                .find(|process| process.roles.contains(&role));
            process
                .map(|process| format!("{} = \"{}\"\n", role.name(), process.url()))
                .unwrap_or_default()
        };
        let roles: Vec<String> = self
            .roles
            .iter()
            .map(|role| format!("{:?}", role.name()))
            .collect();
        let text = format!(
            "[roles]\nlist = [{}]\n[listen]\ngrpc = \"127.0.0.1:{port}\"\n[data]\nfolder = {:?}\n\
             [log]\nformat = \"json\"\n[upstream]\n{}{}",
            roles.join(", "),
            data.display().to_string(),
            of(Role::Results),
            of(Role::Allocation),
        );
        fs::write(&self.config, text).expect("a file can be written in the test's folder");
    }

    fn spawn(&self) -> Child {
        let log = File::create(&self.log).expect("a log can be written in the test's folder");
        Command::new(binary())
            .args(["serve", "--config"])
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts")
    }

    /// Starts it and waits until it listens. Where its port is taken for a moment it is tried again.
    fn run(&mut self) {
        let began = Instant::now();
        let mut child = self.spawn();
        loop {
            if let Some(port) = self.port_listened_on() {
                self.port = port;
                self.child = Some(child);
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "does not listen:\n{}",
                self.last_lines()
            );
            if let Ok(Some(status)) = child.try_wait() {
                let said = self.last_lines();
                assert!(
                    said.contains("cannot listen on"),
                    "ended with {status}:\n{said}"
                );
                child = self.spawn();
            }
            std::thread::sleep(GLANCE);
        }
    }

    fn run_in_vain(mut self) -> String {
        let began = Instant::now();
        self.child = Some(self.spawn());
        loop {
            let ended = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten());
            if let Some(status) = ended {
                assert!(!status.success(), "ended well:\n{}", self.last_lines());
                return self.last_lines();
            }
            if began.elapsed() >= PATIENCE || self.port_listened_on().is_some() {
                self.kill();
                panic!("runs although it should not:\n{}", self.last_lines());
            }
            std::thread::sleep(GLANCE);
        }
    }

    fn port_listened_on(&self) -> Option<u16> {
        let text = fs::read_to_string(&self.log).ok()?;
        text.lines().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let field = |name: &str| {
                let value = line.get(name).or_else(|| line.get("fields")?.get(name))?;
                value.as_str().map(str::to_owned)
            };
            if field("message")? != "listening" || field("part")? != "grpc" {
                return None;
            }
            field("address")?.rsplit_once(':')?.1.parse().ok()
        })
    }

    fn last_lines(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n")
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that has ended by itself cannot be killed, and need not be.
            let _ = child.kill();
            child.wait().expect("a killed process can be waited for");
        }
    }
}

/// The built binary: as the variable says, or beside the tests of the same profile.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os(BINARY_VARIABLE) {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().expect("a test knows its own program");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("tests are built in a folder of their profile");
    let path = profile.join("hemicycle");
    assert!(
        path.is_file(),
        "{} is missing: build it with `cargo build --release -p hemicycle`, or run `cargo xtask test`",
        path.display()
    );
    path
}
