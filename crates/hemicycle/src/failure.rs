//! Why a command of the program fails, and with which exit code.

use crate::rehearsal::Summary;
use crate::serve::ServeError;
use client::ClientError;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::process::ExitCode;

/// How a command ends, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// 0: done.
    Done,
    /// 3: what was asked for holds already; nothing was written.
    NothingNew,
    /// 4: everything was answered, but some reports were refused, held or in conflict.
    NotAllCounted,
    /// 1: a check failed: seats that differ, a declared result with findings.
    CheckFailed,
    /// 130: stopped by a signal before the end, in good order.
    Interrupted,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::CheckFailed => 1,
            Ending::NothingNew => 3,
            Ending::NotAllCounted => 4,
            Ending::Interrupted => 130,
        })
    }
}

/// Why a command fails. Each says what to do about it, as far as that is known.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The service said no, or was not there.
    #[error("{0}")]
    Client(#[from] client::ClientError),
    /// Roles cannot run.
    #[error("{0}")]
    Serve(#[from] ServeError),
    /// The configuration is refused.
    #[error("{0}")]
    Config(#[from] service_runtime::config::ConfigError),
    /// A night cannot be read.
    #[error("{0}")]
    Night(#[from] crate::night::NightError),
    /// A file cannot be read on; what stood before was sent and answered.
    #[error("{error}; what stood before it was sent: {}", told(summary))]
    Unreadable {
        /// Where and why.
        error: crate::night::NightError,
        /// What became of what was sent.
        summary: Box<Summary>,
    },
    /// An amendment in several commands was refused after the first.
    #[error("{error}; already written before it: {written}")]
    PartlyAmended {
        /// What the service said.
        error: client::ClientError,
        /// What stands.
        written: String,
    },
    /// A file or a stream failed.
    #[error("{what}: {source}")]
    Io {
        /// What was read or written.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// What was read, from a file or a server, is not right.
    #[error("{0}")]
    Input(String),
    /// What was typed cannot be right, whatever stands in files and servers: wrong usage.
    #[error("{0}")]
    Usage(String),
    /// A log is damaged, and what was asked for may lie behind that.
    #[error("{damage} ({error})")]
    Damaged {
        /// Which log, and where.
        damage: String,
        /// What became of the command.
        error: String,
    },
    /// An address is in use.
    #[error("{error}")]
    InUse {
        /// Which.
        error: ServeError,
        /// The options of this command that choose another.
        hint: &'static str,
    },
    /// Telemetry cannot be installed.
    #[error("{0}")]
    Telemetry(#[from] service_runtime::telemetry::TelemetryError),
}

impl Failure {
    /// A failure of reading or writing something.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// What it means to a command that roles cannot be started: an address in use is left by options of its own.
    pub fn starting(hint: &'static str) -> impl FnOnce(ServeError) -> Self {
        move |error| match &error {
            ServeError::Listen(source) if source.kind() == ErrorKind::AddrInUse => {
                Self::InUse { error, hint }
            }
            _ => Self::Serve(error),
        }
    }

    /// The exit code: 2 for wrong usage, as the parser of the command line has it, 1 for all else.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.is_usage() { 2 } else { 1 })
    }

    fn is_usage(&self) -> bool {
        match self {
            Self::Usage(_) | Self::Client(ClientError::Address(_) | ClientError::Principal(_)) => {
                true
            }
            Self::Config(error) => error.is_typed(),
            Self::Serve(
                ServeError::NoRoles
                | ServeError::Upstream { .. }
                | ServeError::UpstreamMissing { .. },
            ) => true,
            _ => false,
        }
    }

    /// Who read the output has gone (`| head`): no failure of the command.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == ErrorKind::BrokenPipe)
    }

    /// A hint at what to do, where there is one.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Client(error) if option_for(&error.to_string()).is_some() => {
                option_for(&error.to_string())
            }
            Self::Client(error) => match error.code() {
                tonic::Code::Unavailable | tonic::Code::DeadlineExceeded => Some(
                    "is a server running there? `hemicycle serve` starts one; --server names another address",
                ),
                tonic::Code::NotFound if is_of_election(&error.to_string()) => Some(
                    "is it spelled so, defined, and open to the public? `hemicycle define` defines, `hemicycle publish --open` opens",
                ),
                tonic::Code::Unimplemented => Some(
                    "--server names another address; --results and --allocation those of the roles that are apart",
                ),
                tonic::Code::Unknown | tonic::Code::Cancelled
                    if is_of_transport(&error.to_string()) =>
                {
                    Some(
                        "something else than gRPC answers there: the page and its feed have an address of their own",
                    )
                }
                _ => None,
            },
            Self::Input(said) => option_for(said),
            Self::Unreadable { .. } => Some(
                "put it right and send the whole file again: what is counted already is answered DUPLICATE",
            ),
            Self::InUse { hint, .. } => Some(hint),
            Self::Damaged { .. } => {
                Some("keep the folder as it is; \"Damage\" in docs/operations.md says what to do")
            }
            _ => None,
        }
    }
}

// What the transport says where the other side does not speak HTTP/2, or breaks off.
fn is_of_transport(said: &str) -> bool {
    said.contains("transport error") || said.contains("operation was canceled")
}

/// The option or column that gives what a field of a request lacks: whoever types commands knows no fields.
fn option_for(said: &str) -> Option<&'static str> {
    let lacking = [
        (
            "districts.base.valid_votes",
            "it is the column valid_votes of the file of votes",
        ),
        (
            "districts.base.valid_and_against_all",
            "it is the column valid_and_against_all of the file of votes",
        ),
        (
            "districts.base.ballots_in_box",
            "it is the column ballots_in_box of the file of votes",
        ),
        (
            "districts.base.ballots_issued",
            "it is the column ballots_issued of the file of votes",
        ),
        ("base.valid_votes", "--valid-votes NUMBER gives it"),
        (
            "base.valid_and_against_all",
            "--valid-and-against-all NUMBER gives it",
        ),
        ("base.ballots_in_box", "--ballots-in-box NUMBER gives it"),
        ("base.ballots_issued", "--ballots-issued NUMBER gives it"),
        (
            "constituencies_won is \"no constituencies\"",
            "--first-votes FILE gives them",
        ),
        (
            ".cover is \"no constituencies\"",
            "--first-votes FILE gives them",
        ),
        (
            ".constituencies is \"no constituencies\"",
            "--first-votes FILE gives them",
        ),
        (
            "this is no AllocateRequest as JSON",
            "votes as CSV need --profile NAME or --rules FILE",
        ),
        ("district_id is \"\"", "--district NAME gives it"),
        ("contest_id is \"\"", "--contest NAME gives it"),
    ];
    // A count that was given and cannot be is not mended by giving it.
    let is_missing = |field: &str| said.contains(&format!("{field} is \"\""));
    let helps = |field: &str| !field.starts_with("base.") || is_missing(field);
    let mut lacking = lacking.into_iter();
    let found = lacking.find(|(field, _)| said.contains(field) && helps(field));
    found.map(|(_, option)| option)
}

// A contest or district that is not there is not helped by what opens an election.
fn is_of_election(said: &str) -> bool {
    said.contains("no election") || said.contains("no public election")
}

// What was answered, and what was refused or waits, a line each.
fn told(summary: &Summary) -> String {
    let mut told = outcomes(&summary.outcomes);
    for (what, reports) in [
        ("refused", &summary.refusals),
        ("waits for a reviewer", &summary.waiting),
    ] {
        for report in reports {
            told.push_str(&format!("\n  {what}: {report}"));
        }
    }
    told
}

/// Outcomes with how often each was answered, as a line.
pub fn outcomes(answered: &BTreeMap<&'static str, u64>) -> String {
    let outcomes = answered.iter();
    let outcomes: Vec<String> = outcomes
        .map(|(outcome, count)| format!("{outcome} {count}"))
        .collect();
    if outcomes.is_empty() {
        String::from("none")
    } else {
        outcomes.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields are those that the engine names, and the options those that this program has.
    #[test]
    fn what_a_request_lacks_is_told_by_its_option() {
        let hint = |said: &str| Failure::Input(said.to_owned()).hint();
        for (said, option) in [
            (
                "SHAPE: base.valid_votes is \"\": must be given",
                "--valid-votes",
            ),
            (
                "SHAPE: districts.base.valid_votes is \"n\": missing",
                "column valid_votes",
            ),
            (
                "SHAPE: district_id is \"\": the election has several",
                "--district",
            ),
            (
                "rules.tiers.stages[2].cover is \"no constituencies\": constituencies",
                "--first-votes",
            ),
        ] {
            let told = hint(said);
            assert!(
                told.is_some_and(|told| told.contains(option)),
                "{said}: {told:?}"
            );
        }
        for mends_nothing in [
            "votes.csv, line 3: votes = \"x\": must be a number",
            "SHAPE: districts[1].base.valid_votes is \"90\": at least the votes of its lists",
        ] {
            assert_eq!(hint(mends_nothing), None, "{mends_nothing}");
        }
    }
}
