//! Why a call ends. A report that is refused ends none: it is answered.

use std::time::Duration;

use http::StatusCode;
use service_runtime::limits::MESSAGE_BYTES_MAX;
use service_runtime::status::{StatusBuilder, http_status};
use tonic::{Code, Status};

use crate::authority::{PRINCIPAL_BYTES_MAX, PRINCIPAL_METADATA};

/// How long a client should wait before it opens another stream.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a call ends.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IngestionError {
    /// The bytes of a message are no message.
    #[error("a message cannot be decoded: {0}")]
    Malformed(String),
    /// A message is larger than the limit.
    #[error("a message has more than {MESSAGE_BYTES_MAX} bytes: {0}")]
    Oversized(String),
    /// The caller's name is none.
    #[error(
        "{PRINCIPAL_METADATA} must be 1 to {PRINCIPAL_BYTES_MAX} bytes of printable ASCII, but is {0}"
    )]
    Principal(String),
    /// The caller may not submit.
    #[error("{0:?} is not among those who may submit reports")]
    NotAllowed(String),
    /// Too many streams are open.
    #[error("{0} streams are open, which is the most")]
    TooManyStreams(usize),
    /// The caller has broken the stream. Nobody reads it, but logs do.
    #[error("the stream broke: {0}")]
    StreamBroken(String),
    /// The service stops. What was answered is durable; the rest is unknown and may be sent again.
    #[error("the service is stopping")]
    Stopping,
    /// The results role does not answer. What is unanswered is unknown and may be sent again.
    #[error("the results service has not answered for {0:?}")]
    ResultsSilent(Duration),
    /// The log is there but takes nothing.
    #[error("the results service cannot write: {0}")]
    ResultsClosed(String),
    /// The disk of the log is full. What is unanswered may be sent again.
    #[error("the results service cannot write now: {0}")]
    NoSpace(String),
    /// The results role refused a batch as such, or answered what is no answer: a fault of ours.
    #[error("the results service and this one do not understand each other: {0}")]
    Hop(String),
}

impl IngestionError {
    /// The gRPC code. With [`http_status`](Self::http_status) the one table of this crate's errors.
    pub fn code(&self) -> Code {
        match self {
            Self::Malformed(_) | Self::Principal(_) => Code::InvalidArgument,
            Self::Oversized(_) | Self::TooManyStreams(_) | Self::NoSpace(_) => {
                Code::ResourceExhausted
            }
            Self::NotAllowed(_) => Code::PermissionDenied,
            Self::StreamBroken(_) => Code::Cancelled,
            Self::Stopping | Self::ResultsSilent(_) => Code::Unavailable,
            Self::ResultsClosed(_) => Code::FailedPrecondition,
            Self::Hop(_) => Code::Internal,
        }
    }

    /// The HTTP status that says the same.
    pub fn http_status(&self) -> StatusCode {
        http_status(self.code())
    }

    /// The name for programs. Stable.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "MESSAGE_MALFORMED",
            Self::Oversized(_) => "MESSAGE_TOO_LARGE",
            Self::Principal(_) => "PRINCIPAL_MALFORMED",
            Self::NotAllowed(_) => "RIGHTS",
            Self::TooManyStreams(_) => "TOO_MANY_STREAMS",
            Self::StreamBroken(_) => "STREAM_BROKEN",
            Self::Stopping => "STOPPING",
            Self::ResultsSilent(_) => "RESULTS_SILENT",
            Self::ResultsClosed(_) => "RESULTS_CLOSED",
            Self::NoSpace(_) => "NO_SPACE",
            Self::Hop(_) => "HOP",
        }
    }

    /// What a broken inbound stream says. Tonic gives INTERNAL to a message that it cannot decode and OUT_OF_RANGE to
    /// one over the limit; the contract promises other codes.
    pub(crate) fn inbound(status: &Status) -> Self {
        let message = status.message().to_owned();
        match status.code() {
            Code::Internal => Self::Malformed(message),
            Code::OutOfRange => Self::Oversized(message),
            _ => Self::StreamBroken(message),
        }
    }
}

impl From<IngestionError> for Status {
    fn from(error: IngestionError) -> Self {
        let builder = StatusBuilder::new(error.code(), error.reason(), error.to_string());
        match error {
            IngestionError::Principal(value) => builder.field(PRINCIPAL_METADATA, value),
            // A message that is too large is so each time: no delay is named.
            IngestionError::TooManyStreams(_)
            | IngestionError::Stopping
            | IngestionError::NoSpace(_)
            | IngestionError::ResultsSilent(_) => builder.retry_after(RETRY_AFTER),
            _ => builder,
        }
        .build()
    }
}
