//! How long a call may take: what its client asks for, within what the listener allows.

use std::time::Duration;

use http::HeaderMap;
use tonic::Status;

use crate::limits::Limits;
use crate::status;

/// The header in which a gRPC client sends its deadline.
const HEADER: &str = "grpc-timeout";

/// How a method may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MethodKind {
    /// One request, one response: always has a deadline.
    Unary,
    /// A stream in either direction: lives as long as its client wants, unless the client itself names a deadline.
    Streaming,
}

/// The time that a call has, or none for a stream without one.
///
/// A malformed deadline is refused, not ignored: a client that set one counts on it.
pub(crate) fn allowed(
    kind: MethodKind,
    headers: &HeaderMap,
    limits: &Limits,
) -> Result<Option<Duration>, Status> {
    let asked = headers.get(HEADER).map(|value| {
        let text = value.to_str().unwrap_or_default();
        parse(text).ok_or_else(|| {
            let rule = "must be one to eight digits and one of H, M, S, m, u, n";
            status::invalid_argument(HEADER, format!("{HEADER} {value:?} {rule}"))
        })
    });
    let asked = asked.transpose()?;
    Ok(match kind {
        MethodKind::Unary => Some(
            asked
                .unwrap_or(limits.unary_deadline_default)
                .min(limits.unary_deadline_max),
        ),
        MethodKind::Streaming => asked,
    })
}

/// A `TimeoutValue TimeoutUnit` of the gRPC over HTTP/2 protocol.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(
            http::HeaderName::from_static(HEADER),
            value.parse().unwrap(),
        )])
    }

    #[test]
    fn every_unit_of_the_protocol_is_read() {
        for (text, wanted) in [
            ("2H", Duration::from_secs(7200)),
            ("3M", Duration::from_secs(180)),
            ("99999999S", Duration::from_secs(99_999_999)),
            ("5m", Duration::from_millis(5)),
            ("6u", Duration::from_micros(6)),
            ("0n", Duration::ZERO),
        ] {
            assert_eq!(parse(text), Some(wanted), "{text}");
        }
        for text in [
            "",
            "S",
            "5",
            "5s",
            "123456789S",
            "-1S",
            "+1S",
            " 1S",
            "1.5S",
            "é",
            "1é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_unary_call_has_the_default_and_at_most_the_maximum() {
        let limits = Limits::default();
        let unary = |headers| allowed(MethodKind::Unary, &headers, &limits).unwrap();
        assert_eq!(unary(HeaderMap::new()), Some(limits.unary_deadline_default));
        assert_eq!(unary(asked("50m")), Some(Duration::from_millis(50)));
        assert_eq!(unary(asked("9H")), Some(limits.unary_deadline_max));
    }

    #[test]
    fn a_stream_has_only_the_deadline_that_its_client_names() {
        let limits = Limits::default();
        let stream = |headers| allowed(MethodKind::Streaming, &headers, &limits).unwrap();
        assert_eq!(stream(HeaderMap::new()), None);
        assert_eq!(stream(asked("9H")), Some(Duration::from_secs(9 * 3600)));
    }

    #[test]
    fn a_malformed_deadline_is_refused_by_name() {
        let status = allowed(MethodKind::Unary, &asked("soon"), &Limits::default()).unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert!(status.message().contains("soon"), "{status}");
    }
}
