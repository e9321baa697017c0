//! Errors of calls as gRPC statuses with `google.rpc` details, and the one table from gRPC codes to HTTP.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};

/// The `domain` of every `google.rpc.ErrorInfo`: the one in which its reasons are unique.
pub const DOMAIN: &str = "hemicycle";

/// A status with details, built up.
///
/// ```
/// use service_runtime::status::StatusBuilder;
/// use tonic::Code;
/// use tonic_types::StatusExt as _;
///
/// let status = StatusBuilder::new(Code::InvalidArgument, "SEATS_ZERO", "a house needs at least one seat")
///     .field("request.seats", "is 0, must be at least 1")
///     .build();
/// assert_eq!(status.get_error_details().bad_request().unwrap().field_violations[0].field, "request.seats");
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct StatusBuilder {
    code: Code,
    reason: String,
    message: String,
    metadata: HashMap<String, String>,
    fields: Vec<FieldViolation>,
    preconditions: Vec<PreconditionViolation>,
    retry_after: Option<Duration>,
}

impl StatusBuilder {
    /// A status with a reason for programs (UPPER_SNAKE_CASE, stable) and a message for people.
    pub fn new(code: Code, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
            message: message.into(),
            metadata: HashMap::new(),
            fields: Vec::new(),
            preconditions: Vec::new(),
            retry_after: None,
        }
    }

    /// A value that the message speaks of, for programs.
    pub fn metadata(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.metadata.insert(key.into(), value.to_string());
        self
    }

    /// A field of the request that is wrong: its path, then its value and the rule that it breaks.
    pub fn field(mut self, path: impl Into<String>, description: impl Into<String>) -> Self {
        self.fields.push(FieldViolation::new(path, description));
        self
    }

    /// A state that forbids the call: its kind, what is in that state, and what would have to be true.
    pub fn precondition(
        mut self,
        kind: impl Into<String>,
        subject: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.preconditions
            .push(PreconditionViolation::new(kind, subject, description));
        self
    }

    /// That the same call may succeed after this time.
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The status.
    pub fn build(self) -> Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(self.reason, DOMAIN, self.metadata);
        if !self.fields.is_empty() {
            details.set_bad_request(self.fields);
        }
        if !self.preconditions.is_empty() {
            details.set_precondition_failure(self.preconditions);
        }
        if let Some(delay) = self.retry_after {
            details.set_retry_info(Some(delay));
        }
        Status::with_error_details(self.code, self.message, details)
    }
}

impl From<StatusBuilder> for Status {
    fn from(builder: StatusBuilder) -> Self {
        builder.build()
    }
}

/// What tonic says of a message that it cannot read or may not send, in the codes of the contract: there INTERNAL is a
/// fault of the server, and OUT_OF_RANGE a revision that is not there.
pub(crate) fn of_unfit_message(status: &Status) -> Option<Status> {
    let message = status.message();
    let (code, reason) = match status.code() {
        Code::Internal if message.starts_with("failed to decode Protobuf message") => {
            (Code::InvalidArgument, "MESSAGE_MALFORMED")
        }
        Code::OutOfRange if message.contains("encoded message length too large") => {
            let sizes = message.rsplit("too large: ").next().unwrap_or(message);
            let message = format!("the answer is too large: {sizes}; ask for less at once");
            let code = Code::ResourceExhausted;
            return Some(StatusBuilder::new(code, "ANSWER_TOO_LARGE", message).build());
        }
        Code::OutOfRange if message.contains("message length too large") => {
            (Code::ResourceExhausted, "MESSAGE_TOO_LARGE")
        }
        _ => return None,
    };
    Some(StatusBuilder::new(code, reason, message).build())
}

/// A request whose shape is wrong in one field.
pub fn invalid_argument(field: impl Into<String>, description: impl Into<String>) -> Status {
    let description = description.into();
    StatusBuilder::new(Code::InvalidArgument, "INVALID_ARGUMENT", &description)
        .field(field, &description)
        .build()
}

/// The field of the request that a status refuses, and why, if it names one.
pub fn field_violation(status: &Status) -> Option<(String, String)> {
    let details = status.get_error_details();
    let violation = details.bad_request()?.field_violations.first()?;
    Some((violation.field.clone(), violation.description.clone()))
}

/// A call that could not be served now and may be sent again, unchanged, after the delay.
pub fn unavailable(message: impl Into<String>, retry_after: Duration) -> Status {
    StatusBuilder::new(Code::Unavailable, "UNAVAILABLE", message)
        .retry_after(retry_after)
        .build()
}

/// A call that was shed because too much is waiting; it may be sent again, unchanged, after the delay.
pub fn shed(message: impl Into<String>, retry_after: Duration) -> Status {
    StatusBuilder::new(Code::ResourceExhausted, "SHED", message)
        .retry_after(retry_after)
        .build()
}

/// The HTTP status that says the same as a gRPC code, as `google/rpc/code.proto` maps them.
pub fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        // Nginx's "client closed request": nobody reads it, but logs do.
        Code::Cancelled => StatusCode::from_u16(499).expect("499 is in the range of HTTP statuses"),
        Code::Internal | Code::Unknown | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// The name of a code in the gRPC protocol, such as `NOT_FOUND`: for metrics, logs and JSON.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detail_survives_the_way_through_the_headers() {
        let built = StatusBuilder::new(Code::FailedPrecondition, "FROZEN", "the order is frozen")
            .metadata("revision", 12)
            .field("order[2]", "moved")
            .precondition("STATE", "order", "must not be frozen")
            .retry_after(Duration::from_millis(1500))
            .build();
        let mut headers = http::HeaderMap::new();
        built.add_header(&mut headers).unwrap();
        let status = Status::from_header_map(&headers).unwrap();
        assert_eq!(status.message(), "the order is frozen");

        assert_eq!(
            field_violation(&status),
            Some(("order[2]".to_owned(), "moved".to_owned()))
        );
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("FROZEN", DOMAIN)
        );
        assert_eq!(info.metadata["revision"], "12");
        assert_eq!(
            details.bad_request().unwrap().field_violations[0].field,
            "order[2]"
        );
        let violation = &details.precondition_failure().unwrap().violations[0];
        assert_eq!(violation.subject, "order");
        let delay = details.retry_info().unwrap().retry_delay;
        assert_eq!(delay, Some(Duration::from_millis(1500)));
    }

    #[test]
    fn the_names_are_those_of_the_protocol_and_every_error_is_an_error_in_http() {
        for number in 0..=16 {
            let code = Code::from_i32(number);
            assert_eq!(http_status(code).is_success(), code == Code::Ok, "{code:?}");
            let squeezed = code_name(code).replace('_', "").to_lowercase();
            assert_eq!(squeezed, format!("{code:?}").to_lowercase());
        }
    }
}
