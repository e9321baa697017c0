//! What can go wrong with a call, readable as it is.

use std::fmt;
use std::time::Duration;

use election::report::Refusal;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// What went wrong with a call.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none.
    #[error("address {0:?} is not of the form http://HOST:PORT")]
    Address(String),
    /// The caller's name is none.
    #[error("a principal is 1 to 256 bytes of printable ASCII, but this is {0:?}")]
    Principal(String),
    /// The service has refused the call, or could not be reached.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// The deadline has passed, and with it the outcome is unknown. Asking again is safe.
    #[error("no answer within {0:?}; the outcome is unknown, and asking again is safe")]
    Deadline(Duration),
    /// No report was answered for so long. What is unanswered is unknown; sending it again is safe.
    #[error("{unanswered} reports are unanswered after {waited:?}; last: {last}")]
    Unanswered {
        /// How many were sent, or waited to be sent.
        unanswered: usize,
        /// How long nothing was heard.
        waited: Duration,
        /// What the last attempt met.
        last: String,
    },
    /// The service has answered what the contract does not allow.
    #[error("the answer cannot be understood: {0}")]
    Answer(#[from] Refusal),
    /// The answer lacks a message that the contract promises.
    #[error("the answer has no {0}")]
    Missing(&'static str),
    /// The command goes another way.
    #[error("{0}")]
    NotACommand(&'static str),
}

impl ClientError {
    /// The gRPC code that says the same: for exit codes, and for services that pass errors on.
    pub fn code(&self) -> Code {
        match self {
            Self::Address(_) | Self::Principal(_) | Self::NotACommand(_) => Code::InvalidArgument,
            Self::Refused(refused) => refused.code,
            Self::Deadline(_) => Code::DeadlineExceeded,
            Self::Unanswered { .. } => Code::Unavailable,
            Self::Answer(_) | Self::Missing(_) => Code::Internal,
        }
    }
}

/// What a service says when it refuses a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The gRPC code.
    pub code: Code,
    /// The stable name for programs, such as `BALLOT_FROZEN`; empty if none was given.
    pub reason: String,
    /// For people.
    pub message: String,
    /// The fields that are wrong.
    pub fields: Vec<FieldViolation>,
    /// When the same call may succeed.
    pub retry_after: Option<Duration>,
}

/// A field of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Its path.
    pub field: String,
    /// Its value and the rule that it breaks.
    pub description: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = format!("{:?}", self.code);
        f.write_str(&code)?;
        // A reason that is the code in capitals, or that the message begins with, says nothing more.
        let is_code = self.reason.replace('_', "").eq_ignore_ascii_case(&code);
        let is_said = is_code || self.message.starts_with(&self.reason);
        if !is_said {
            write!(f, " ({})", self.reason)?;
        }
        write!(f, ": {}", self.message)?;
        self.fields
            .iter()
            .filter(|violation| !self.message.contains(&violation.description))
            .try_for_each(|FieldViolation { field, description }| {
                write!(f, "; {field}: {description}")
            })
    }
}

impl From<&Status> for Refused {
    fn from(status: &Status) -> Self {
        let details = status.get_error_details();
        let violations = details
            .bad_request()
            .map(|bad| bad.field_violations.as_slice());
        let fields = violations
            .unwrap_or_default()
            .iter()
            .map(|violation| FieldViolation {
                field: violation.field.clone(),
                description: violation.description.clone(),
            });
        Self {
            code: status.code(),
            reason: details
                .error_info()
                .map(|info| info.reason.clone())
                .unwrap_or_default(),
            message: status.message().to_owned(),
            fields: fields.collect(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
        }
    }
}

impl From<Refused> for ClientError {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl From<&Status> for ClientError {
    fn from(status: &Status) -> Self {
        Refused::from(status).into()
    }
}

/// Whether the same call may succeed later.
pub(crate) fn is_retryable(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::Aborted => true,
        // Shed with a delay; a message that is too large is refused with the same code and without one.
        Code::ResourceExhausted => status.get_error_details().retry_info().is_some(),
        // What a broken connection becomes here. A service that says so itself means it.
        Code::Cancelled | Code::Unknown | Code::Internal => {
            std::error::Error::source(status).is_some()
        }
        Code::Ok
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::DataLoss
        | Code::Unauthenticated => false,
    }
}
