//! What went wrong, as a problem document of RFC 9457.

use crate::error::FeedError;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

const PROBLEM: &str = "application/problem+json";

/// A problem document. Says what the reader can do about it, and nothing of what is inside.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Problem {
    /// A name of the kind of problem: a URN, stable.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    /// The kind once more, as gRPC has it in `ErrorInfo`.
    reason: &'static str,
    /// The part of the request that is wrong, its value, and what would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Field>,
    #[serde(skip)]
    retry_after_s: Option<u64>,
}

#[derive(Debug, serde::Serialize)]
struct Field {
    name: String,
    value: String,
    rule: String,
}

impl Problem {
    fn new(status: StatusCode, reason: &'static str, title: &'static str, detail: String) -> Self {
        Self {
            kind: format!(
                "urn:hemicycle:problem:{}",
                reason.to_ascii_lowercase().replace('_', "-")
            ),
            title,
            status: status.as_u16(),
            detail,
            reason,
            field: None,
            retry_after_s: None,
        }
    }

    /// There is nothing at this path.
    pub fn no_such_path() -> Self {
        let detail = "the page is at /, and /v1 has all addresses";
        Self::new(
            StatusCode::NOT_FOUND,
            "NO_SUCH_PATH",
            "Nothing is here",
            detail.to_owned(),
        )
    }

    /// The document of a revision is another one than that of the address.
    pub fn no_such_document(revision: u64) -> Self {
        let detail = format!("the document of revision {revision} is another one now");
        let title = "This document is not there any more";
        Self::new(StatusCode::NOT_FOUND, "NO_SUCH_DOCUMENT", title, detail)
    }

    /// The method is not one that is answered here.
    pub fn method() -> Self {
        let detail = "the header Allow says which methods are answered here";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD",
            "Not this method",
            detail.to_owned(),
        )
    }
}

impl From<FeedError> for Problem {
    fn from(error: FeedError) -> Self {
        let title = match error {
            FeedError::Refused(_) => "A part of the request is wrong",
            FeedError::NotPublic { .. } => "There is nothing public here",
            FeedError::NoSuchRevision(_) => "There is no such revision",
            FeedError::CatchingUp | FeedError::Upstream(_) => "Not now, but soon",
            FeedError::Stopping => "This server is stopping",
            FeedError::TooManyViewers(_) | FeedError::Busy => "Too many are here",
        };
        let mut problem = Self::new(
            error.http_status(),
            error.reason(),
            title,
            error.to_string(),
        );
        problem.retry_after_s = error.retry_after().map(|delay| delay.as_secs().max(1));
        if let FeedError::Refused(refusal) = error {
            problem.field = Some(Field {
                name: refusal.field,
                value: refusal.value,
                rule: refusal.rule,
            });
        }
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let text = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
