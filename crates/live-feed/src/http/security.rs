//! Headers that every answer has: what a browser may do with it.

use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};

/// No inline script, no inline style, nothing from elsewhere, in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a page may do. What it shows may be read from any page as well.
const PAGE: [(HeaderName, &str); 8] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_EXPOSE_HEADERS, "*"),
];

/// Data is shown by nobody as a page, and may be read from any page.
const DATA: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_EXPOSE_HEADERS, "*"),
];

/// An answer that has them.
pub(crate) fn with_headers(mut response: Response) -> Response {
    let status = response.status();
    let headers = response.headers_mut();
    let added: &[(HeaderName, &'static str)] = if status == StatusCode::NOT_MODIFIED {
        // axum says how long every body is; here that would be said of what the reader has (RFC 9110, 8.6).
        headers.remove(CONTENT_LENGTH);
        // What the reader has keeps its own policy: one that is said here would take the place of a page's.
        &DATA[2..]
    } else {
        match headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) {
            Some(content) if content.starts_with(b"text/html") => &PAGE,
            _ => &DATA,
        }
    };
    for (name, value) in added {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What a page of elsewhere may send, which its browser asks first.
pub(crate) async fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
