//! What can go wrong, and the one table that says how it is told.

use std::time::Duration;

use election::ids::{ElectionId, LogId, Revision};
use election::report::{Refusal, RefusalCode};
use event_log::{AppendError, Damage, ReadError};
use event_log_journal::JournalError;
use http::StatusCode;
use service_runtime::status::{StatusBuilder, http_status};
use tonic::{Code, Status};

/// Why the role cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A thread cannot be started.
    #[error("a thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Why a call is not answered with what it asked for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No such election, or none that the view may see: the same words for both.
    #[error("there is no election {0}")]
    NoElection(String),
    /// No such unit, contest or district.
    #[error("there is no {what} {id}")]
    Nothing {
        /// What was looked for.
        what: &'static str,
        /// Its id as it was given.
        id: String,
    },
    /// The request or the command is refused; nothing was written.
    #[error("{0}")]
    Refused(Refusal),
    /// A revision that is not there, or not publicly: the same words for both.
    #[error("revision {0} is not there")]
    OutOfRange(Revision),
    /// The log is damaged: it is read-only, and nothing was written.
    #[error("the log is damaged and read-only: {0}")]
    ReadOnly(Damage),
    /// What was asked for lies in the damaged part of the log.
    #[error("the log cannot be read there: {0}")]
    Corrupt(Damage),
    /// What was asked for lies in the damaged part of the log, and who asks is not told where that begins.
    #[error("the log is damaged: it cannot be read there until it is repaired")]
    Damaged,
    /// A reader names another incarnation of the log: what it has folded is not this one's.
    #[error("the log is {expected}; drop what was folded and begin at revision 1")]
    LogId {
        /// The incarnation that is there.
        expected: LogId,
    },
    /// The disk is full; nothing was written.
    #[error("there is no room for the log: {0}")]
    NoSpace(String),
    /// A watcher that fell too far behind.
    #[error("too slow: resume at revision {resume}")]
    TooSlow {
        /// The first revision that was not sent.
        resume: Revision,
    },
    /// Another writer came between.
    #[error("another writer came between ({0}); read and decide again")]
    Overtaken(String),
    /// The role stops, starts or recovers; the outcome of what was sent is not known, and sending it again is safe.
    #[error("{0}; send it again")]
    Unavailable(&'static str),
    /// Something that must not happen: a bug, or a log of another program.
    #[error("internal: {0}")]
    Internal(String),
}

/// After which time a shed or unavailable call may be sent again.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// After which time there may be room again.
const ROOM_AFTER: Duration = Duration::from_secs(1);

impl Error {
    /// A stable name for programs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoElection(_) | Self::Nothing { .. } => "NOT_FOUND",
            Self::Refused(refusal) => refusal.code.name(),
            Self::OutOfRange(_) => "REVISION",
            Self::ReadOnly(_) => "READ_ONLY",
            Self::Corrupt(_) | Self::Damaged => "CORRUPT",
            Self::LogId { .. } => "RESET",
            Self::NoSpace(_) => "NO_SPACE",
            Self::TooSlow { .. } => "TOO_SLOW",
            Self::Overtaken(_) => "OVERTAKEN",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::Internal(_) => "INTERNAL",
        }
    }

    /// The gRPC code.
    pub fn code(&self) -> Code {
        match self {
            Self::NoElection(_) | Self::Nothing { .. } => Code::NotFound,
            Self::Refused(refusal) => refusal_code(refusal.code),
            Self::OutOfRange(_) => Code::OutOfRange,
            Self::ReadOnly(_) | Self::LogId { .. } => Code::FailedPrecondition,
            Self::Corrupt(_) | Self::Damaged => Code::DataLoss,
            Self::NoSpace(_) => Code::ResourceExhausted,
            Self::TooSlow { .. } | Self::Overtaken(_) => Code::Aborted,
            Self::Unavailable(_) => Code::Unavailable,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// The status that says the same over HTTP.
    pub fn http_status(&self) -> StatusCode {
        http_status(self.code())
    }

    /// The error of an unknown election.
    pub(crate) fn no_election(id: &ElectionId) -> Self {
        Self::NoElection(id.to_string())
    }
}

fn refusal_code(code: RefusalCode) -> Code {
    match code {
        RefusalCode::Shape
        | RefusalCode::Limit
        | RefusalCode::UnknownUnit
        | RefusalCode::UnknownContest
        | RefusalCode::UnknownDistrict
        | RefusalCode::UnknownCountingGroup
        | RefusalCode::UnknownOption
        | RefusalCode::MissingOption
        | RefusalCode::RepeatedOption
        | RefusalCode::BallotHash
        | RefusalCode::AttributionMissing => Code::InvalidArgument,
        RefusalCode::UnknownElection => Code::NotFound,
        RefusalCode::AlreadyDefined => Code::AlreadyExists,
        RefusalCode::Rights => Code::PermissionDenied,
        RefusalCode::NotDefined
        | RefusalCode::PendingFull
        | RefusalCode::NothingPending
        | RefusalCode::StaleVersion
        | RefusalCode::State
        | RefusalCode::BallotFrozen => Code::FailedPrecondition,
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AppendError> for Error {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Stale { .. } | AppendError::LogId { .. } => {
                Self::Overtaken(error.to_string())
            }
            AppendError::Empty | AppendError::Limit { .. } => Self::Internal(error.to_string()),
            AppendError::NoSpace(what) => Self::NoSpace(what),
            AppendError::ReadOnly(damage) => Self::ReadOnly(damage),
            AppendError::Failed(_) => {
                Self::Unavailable("the log failed and is opened anew, the outcome is not known")
            }
            AppendError::Closed => Self::Unavailable("the log is closed"),
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unknown(election) => Self::no_election(&election),
            ReadError::Corrupt(damage) => Self::Corrupt(damage),
            ReadError::Io(_) => Self::Unavailable("the log cannot be read now"),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let builder = StatusBuilder::new(error.code(), error.reason(), error.to_string());
        match error {
            Error::Refused(Refusal {
                code: _,
                field,
                value,
                rule,
            }) => builder
                .metadata("value", &value)
                .field(field, format!("{value:?}: {rule}"))
                .build(),
            Error::ReadOnly(damage) | Error::Corrupt(damage) => builder
                .metadata("revision", damage.revision)
                .precondition("LOG", damage.election.to_string(), damage.what)
                .build(),
            Error::LogId { expected } => builder
                .metadata("log_id", expected)
                .precondition("LOG_ID", expected.to_string(), "another log was named")
                .build(),
            Error::TooSlow { resume } => builder.metadata("resume_revision", resume).build(),
            Error::NoSpace(_) => builder.retry_after(ROOM_AFTER).build(),
            Error::Unavailable(_) => builder.retry_after(RETRY_AFTER).build(),
            Error::NoElection(_)
            | Error::Nothing { .. }
            | Error::OutOfRange(_)
            | Error::Damaged
            | Error::Overtaken(_)
            | Error::Internal(_) => builder.build(),
        }
    }
}
