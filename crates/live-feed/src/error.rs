//! Why a call fails. One table to gRPC and HTTP.

use election::report::Refusal;
use http::StatusCode;
use service_runtime::status::{StatusBuilder, http_status};
use std::time::Duration;
use tonic::{Code, Status};

const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a call fails.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FeedError {
    /// A field is wrong.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// There is no such election, district or unit, or it is not public yet: the answer is the same.
    #[error("there is no public {kind} {id:?}")]
    NotPublic {
        /// "election", "district" or "unit".
        kind: &'static str,
        /// What was asked for.
        id: String,
    },
    /// This replica has not reached the viewer's token, or knows no state yet.
    #[error("this replica is catching up with the count")]
    CatchingUp,
    /// The service stops.
    #[error("the service is stopping")]
    Stopping,
    /// Too many viewers.
    #[error("{0} viewers are there, which is the most")]
    TooManyViewers(usize),
    /// The role behind this one failed.
    #[error("the count is out of reach")]
    Upstream(Status),
}

impl FeedError {
    /// The gRPC code. With [`http_status`](Self::http_status) the one table of this crate's errors.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(_) => Code::InvalidArgument,
            Self::NotPublic { .. } => Code::NotFound,
            Self::CatchingUp | Self::Stopping | Self::Upstream(_) => Code::Unavailable,
            Self::TooManyViewers(_) => Code::ResourceExhausted,
        }
    }

    /// The HTTP status that says the same.
    pub fn http_status(&self) -> StatusCode {
        http_status(self.code())
    }

    /// The name for programs. Stable.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code.name(),
            Self::NotPublic { .. } => "NOT_PUBLIC",
            Self::CatchingUp => "CATCHING_UP",
            Self::Stopping => "STOPPING",
            Self::TooManyViewers(_) => "TOO_MANY_VIEWERS",
            Self::Upstream(_) => "UPSTREAM",
        }
    }
}

impl From<FeedError> for Status {
    fn from(error: FeedError) -> Self {
        let builder = StatusBuilder::new(error.code(), error.reason(), error.to_string());
        match error {
            FeedError::Refused(refusal) => builder.field(
                refusal.field,
                format!("is {:?}: {}", refusal.value, refusal.rule),
            ),
            FeedError::NotPublic { .. } => builder,
            FeedError::CatchingUp
            | FeedError::Stopping
            | FeedError::TooManyViewers(_)
            | FeedError::Upstream(_) => builder.retry_after(RETRY_AFTER),
        }
        .build()
    }
}
