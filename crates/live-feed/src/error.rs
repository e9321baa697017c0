//! Why a call fails. One table to gRPC and HTTP.

use crate::scope::Scope;
use election::report::{Refusal, RefusalCode};
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
    /// Too many questions of a kind that costs much are being answered.
    #[error("too many are asking for that at once")]
    Busy,
    /// A revision that is not (publicly) there: the answer is the same.
    #[error("there is no public revision {0}")]
    NoSuchRevision(u64),
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
            Self::TooManyViewers(_) | Self::Busy => Code::ResourceExhausted,
            Self::NoSuchRevision(_) => Code::OutOfRange,
        }
    }

    /// The HTTP status that says the same.
    pub fn http_status(&self) -> StatusCode {
        match self {
            // The revision is a part of the address.
            Self::NoSuchRevision(_) => StatusCode::NOT_FOUND,
            Self::Refused(_)
            | Self::NotPublic { .. }
            | Self::CatchingUp
            | Self::Stopping
            | Self::TooManyViewers(_)
            | Self::Busy
            | Self::Upstream(_) => http_status(self.code()),
        }
    }

    /// The name for programs. Stable.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code.name(),
            Self::NotPublic { .. } => "NOT_PUBLIC",
            Self::CatchingUp => "CATCHING_UP",
            Self::Stopping => "STOPPING",
            Self::TooManyViewers(_) => "TOO_MANY_VIEWERS",
            Self::Busy => "BUSY",
            Self::NoSuchRevision(_) => "NO_SUCH_REVISION",
            Self::Upstream(_) => "UPSTREAM",
        }
    }

    /// After what time the same may succeed; `None`: not by waiting.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(_) | Self::NotPublic { .. } | Self::NoSuchRevision(_) => None,
            Self::CatchingUp
            | Self::Stopping
            | Self::TooManyViewers(_)
            | Self::Busy
            | Self::Upstream(_) => Some(RETRY_AFTER),
        }
    }

    /// What a call to the role behind has answered, as the caller of this one is told it.
    pub(crate) fn of_upstream(status: Status, scope: &Scope, revision: u64) -> Self {
        match status.code() {
            Code::NotFound => crate::viewer::not_public(scope),
            Code::OutOfRange => Self::NoSuchRevision(revision),
            Code::InvalidArgument => match field_refused(&status) {
                Some(refusal) => Self::Refused(refusal),
                None => Self::Upstream(status),
            },
            _ => Self::Upstream(status),
        }
    }
}

// What the role behind has refused of what was handed on to it: the caller's own part of the request.
fn field_refused(status: &Status) -> Option<Refusal> {
    let (field, description) = service_runtime::status::field_violation(status)?;
    // As the services say it: VALUE: RULE, some with "is" before it.
    let said = description.strip_prefix("is ").unwrap_or(&description);
    let said = said.strip_prefix('"');
    let said = said.and_then(|said| said.split_once("\": "));
    let (value, rule) = said.unwrap_or(("", &description));
    Some(Refusal::new(RefusalCode::Shape, field, value, rule))
}

impl From<FeedError> for Status {
    fn from(error: FeedError) -> Self {
        let builder = StatusBuilder::new(error.code(), error.reason(), error.to_string());
        match error {
            FeedError::Refused(refusal) => builder.field(
                refusal.field,
                format!("is {:?}: {}", refusal.value, refusal.rule),
            ),
            FeedError::NotPublic { .. } | FeedError::NoSuchRevision(_) => builder,
            FeedError::CatchingUp
            | FeedError::Stopping
            | FeedError::TooManyViewers(_)
            | FeedError::Busy
            | FeedError::Upstream(_) => builder.retry_after(RETRY_AFTER),
        }
        .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_a_service_keeps_its_value_and_its_rule() {
        for said in ["is \"xx\": must be another", "\"xx\": must be another"] {
            let status = StatusBuilder::new(Code::InvalidArgument, "SHAPE", "a wrong token");
            let refusal = field_refused(&status.field("page_token", said).build()).unwrap();
            assert_eq!(
                (refusal.field.as_str(), refusal.value.as_str()),
                ("page_token", "xx")
            );
            assert_eq!(refusal.rule, "must be another");
        }
        let status = StatusBuilder::new(Code::InvalidArgument, "SHAPE", "?").field("f", "wrong");
        let refusal = field_refused(&status.build()).unwrap();
        assert_eq!(
            (refusal.value.as_str(), refusal.rule.as_str()),
            ("", "wrong")
        );
    }
}
