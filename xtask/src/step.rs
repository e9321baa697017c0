//! Steps of a task: each says that it starts, how long it took and how it ended; a summary closes the task.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why a step failed, in words that say what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program could not be started.
    #[error("{program} could not be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program ended with an error. What it printed stands above.
    #[error("`{command}` failed: {status}")]
    Command {
        /// The program with its arguments.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// A check found something.
    #[error("{0}")]
    Found(String),
}

impl Failure {
    /// For `map_err` on file operations.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }

    /// The findings of a check, or nothing when there are none.
    pub fn unless_empty(findings: &[String], advice: &str) -> Result<(), Self> {
        if findings.is_empty() {
            return Ok(());
        }
        let list = findings.join("\n  ");
        let number = findings.len();
        Err(Self::Found(format!("{number} found:\n  {list}\n{advice}")))
    }
}

/// The steps of a task so far.
#[derive(Debug, Default)]
pub struct Steps {
    ended: Vec<(String, Duration, Option<String>)>,
}

impl Steps {
    /// Runs a step. A failure is kept for the summary, so that one run shows everything that is wrong.
    pub fn run(&mut self, name: &str, step: impl FnOnce() -> Result<(), Failure>) {
        println!("── {name}");
        let started = Instant::now();
        let failure = step().err().map(|failure| failure.to_string());
        let took = started.elapsed();
        match &failure {
            None => println!("── {name}: done in {:.1} s", took.as_secs_f64()),
            Some(failure) => println!(
                "── {name}: FAILED after {:.1} s\n{failure}",
                took.as_secs_f64()
            ),
        }
        self.ended.push((name.to_owned(), took, failure));
    }

    /// Prints every step with its time, and fails when one did.
    pub fn finish(self) -> Result<(), Failure> {
        println!("── summary");
        for (name, took, failure) in &self.ended {
            let word = if failure.is_none() { "ok" } else { "FAILED" };
            println!("{word:>6} {:>8.1} s  {name}", took.as_secs_f64());
        }
        let total: Duration = self.ended.iter().map(|(_, took, _)| *took).sum();
        println!("       {:>8.1} s  in all", total.as_secs_f64());
        let failed: Vec<&str> = self
            .ended
            .iter()
            .filter(|(_, _, failure)| failure.is_some())
            .map(|(name, _, _)| name.as_str())
            .collect();
        if failed.is_empty() {
            return Ok(());
        }
        Err(Failure::Found(format!("failed: {}", failed.join(", "))))
    }
}

/// Runs a program to its end, its output going where ours goes. It gets no input.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|source| start(command, source))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Command {
        command: shown,
        status,
    })
}

/// Runs a program and gives what it printed.
pub fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| start(command, source))?;
    if !output.status.success() {
        return Err(Failure::Command {
            command: show(command),
            status: output.status,
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be started and ends well, its output thrown away.
pub fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Cargo itself, in the root of the workspace.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

fn start(command: &Command, source: std::io::Error) -> Failure {
    Failure::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    }
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    [name]
        .into_iter()
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_does_not_hide_the_next_and_fails_the_task() {
        let mut steps = Steps::default();
        let mut ran = false;
        steps.run("first", || Err(Failure::Found("wrong".to_owned())));
        steps.run("second", || {
            ran = true;
            Ok(())
        });
        assert!(ran);
        assert_eq!(steps.finish().unwrap_err().to_string(), "failed: first");
    }

    #[test]
    fn a_program_that_fails_or_is_not_there_is_named() {
        let failure = run(&mut Command::new("false")).unwrap_err().to_string();
        assert!(failure.starts_with("`false` failed"), "{failure}");
        let failure = run(&mut Command::new("no-such-program")).unwrap_err();
        assert!(failure.to_string().contains("no-such-program"), "{failure}");
    }
}
