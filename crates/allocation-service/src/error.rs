//! Why a call fails. One table to gRPC and HTTP.

use election::bytes::DecodeError;
use election::ids::{ElectionId, Revision};
use election::report::Refusal;
use election::tally::FoldError;
use http::StatusCode;
use service_runtime::status::{StatusBuilder, http_status};
use std::time::Duration;
use tonic::{Code, Status};

const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a call fails.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AllocationError {
    /// A field is wrong.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// There is no such election, or none that the view may see.
    #[error("there is no election {0:?}")]
    NoSuchElection(ElectionId),
    /// There is no such contest or district in the election.
    #[error("the election has no {kind} {id:?}")]
    NoSuchPlace {
        /// "contest" or "district".
        kind: &'static str,
        /// What was asked for.
        id: String,
    },
    /// There is no such profile.
    #[error("no profile is called {name:?}: {rule}")]
    NoSuchProfile {
        /// What was asked for.
        name: String,
        /// Which there are.
        rule: String,
    },
    /// The revision is not there, or not for this view: the answer is the same.
    #[error("there is no revision {0}")]
    NoSuchRevision(Revision),
    /// This replica has not read the log yet, or has lost it.
    #[error("this replica is catching up with the log")]
    CatchingUp,
    /// The service stops.
    #[error("the service is stopping")]
    Stopping,
    /// The results role failed.
    #[error("the results service: {}", .0.message())]
    Results(Status),
    /// The results role says nothing, not even that nothing is new.
    #[error("the results service has been silent for {0:?}")]
    Silent(Duration),
    /// The log no longer has what was folded: another one, or an older copy of it, was put in its place.
    #[error("the log no longer has what was folded up to revision {folded}: {found}")]
    LogChanged {
        /// The last revision that was folded.
        folded: Revision,
        /// What is found instead.
        found: String,
    },
    /// The log is damaged before what was folded: that stays true, and cannot be read again.
    #[error("the log is damaged and can be read up to revision {readable} only")]
    LogDamaged {
        /// The last revision that can be read.
        readable: Revision,
    },
    /// The results role has left events out.
    #[error("the log goes from revision {expected} to {found}")]
    Gap {
        /// The next revision.
        expected: Revision,
        /// What came.
        found: Revision,
    },
    /// An event cannot be read.
    #[error("a record cannot be read: {0}")]
    Record(#[from] DecodeError),
    /// An event does not fit the fold.
    #[error("an event does not fit: {0}")]
    Fold(#[from] FoldError),
}

impl AllocationError {
    /// The gRPC code. With [`http_status`](Self::http_status) the one table of this crate's errors.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(_) => Code::InvalidArgument,
            Self::NoSuchElection(_) | Self::NoSuchPlace { .. } | Self::NoSuchProfile { .. } => {
                Code::NotFound
            }
            Self::NoSuchRevision(_) => Code::OutOfRange,
            Self::CatchingUp
            | Self::Stopping
            | Self::Results(_)
            | Self::Silent(_)
            | Self::LogChanged { .. }
            | Self::LogDamaged { .. } => Code::Unavailable,
            Self::Gap { .. } | Self::Record(_) | Self::Fold(_) => Code::Internal,
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
            Self::NoSuchElection(_) => "UNKNOWN_ELECTION",
            Self::NoSuchPlace { .. } => "UNKNOWN_PLACE",
            Self::NoSuchProfile { .. } => "UNKNOWN_PROFILE",
            Self::NoSuchRevision(_) => "UNKNOWN_REVISION",
            Self::CatchingUp => "CATCHING_UP",
            Self::Stopping => "STOPPING",
            Self::Results(_) => "RESULTS",
            Self::Silent(_) => "RESULTS_SILENT",
            Self::LogChanged { .. } => "LOG_CHANGED",
            Self::LogDamaged { .. } => "LOG_DAMAGED",
            Self::Gap { .. } => "LOG_GAP",
            Self::Record(_) => "RECORD",
            Self::Fold(_) => "FOLD",
        }
    }

    /// What was folded is of no use any more: the log is folded anew from its beginning.
    pub(crate) fn spoils_fold(&self) -> bool {
        match self {
            Self::LogChanged { .. } | Self::Gap { .. } | Self::Record(_) | Self::Fold(_) => true,
            Self::Refused(_)
            | Self::NoSuchElection(_)
            | Self::NoSuchPlace { .. }
            | Self::NoSuchProfile { .. }
            | Self::NoSuchRevision(_)
            | Self::CatchingUp
            | Self::Stopping
            | Self::Results(_)
            | Self::Silent(_)
            | Self::LogDamaged { .. } => false,
        }
    }
}

impl From<AllocationError> for Status {
    fn from(error: AllocationError) -> Self {
        let builder = StatusBuilder::new(error.code(), error.reason(), error.to_string());
        match error {
            AllocationError::Refused(refusal) => builder.field(
                refusal.field,
                format!("is {:?}: {}", refusal.value, refusal.rule),
            ),
            AllocationError::CatchingUp
            | AllocationError::Stopping
            | AllocationError::Results(_)
            | AllocationError::Silent(_)
            | AllocationError::LogChanged { .. }
            | AllocationError::LogDamaged { .. } => builder.retry_after(RETRY_AFTER),
            AllocationError::NoSuchElection(_)
            | AllocationError::NoSuchPlace { .. }
            | AllocationError::NoSuchProfile { .. }
            | AllocationError::NoSuchRevision(_)
            | AllocationError::Gap { .. }
            | AllocationError::Record(_)
            | AllocationError::Fold(_) => builder,
        }
        .build()
    }
}
