//! Server-sent events: the same frames as `WatchFrames`, in the same order, for `EventSource`.

use crate::error::FeedError;
use crate::http::document::timestamp;
use crate::scope::EncodedFrame;
use crate::viewer::News;
use bytes::Bytes;
use election::ids::{LogId, Revision};
use election::report::{Refusal, RefusalCode};
use http::HeaderMap;
use wire::Position;
use wire::feed::v1::{Heartbeat, Reset};

/// What a stream begins with: how long to wait before connecting again, in milliseconds.
pub(crate) const RETRY: &str = "retry: 2000\n\n";

#[derive(Debug, serde::Serialize)]
struct Beat {
    is_behind: bool,
    is_stale: bool,
    lag_ms: u64,
    send_time: Option<String>,
}

/// News as an event; a frame by what is made of it.
pub(crate) fn event(news: &News, of_frame: impl FnOnce(&EncodedFrame) -> Bytes) -> Bytes {
    match news {
        News::Frame(frame) => of_frame(frame),
        News::Reset(Reset { log_id }) => {
            // The empty id makes the browser forget the token of a log that is gone.
            let log_id: String = log_id.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("id:\nevent: reset\ndata: {{\"log_id\":\"{log_id}\"}}\n\n").into()
        }
        News::Heartbeat(heartbeat) => beat(heartbeat),
    }
}

fn beat(heartbeat: &Heartbeat) -> Bytes {
    let Heartbeat {
        is_behind,
        is_stale,
        lag_ms,
        send_time,
    } = *heartbeat;
    let beat = Beat {
        is_behind,
        is_stale,
        lag_ms,
        send_time: timestamp(send_time),
    };
    let text = serde_json::to_string(&beat).unwrap_or_default();
    format!("event: heartbeat\ndata: {text}\n\n").into()
}

/// Where to resume: `Last-Event-ID`, which a browser sends by itself, or the parameter `resume`.
pub(crate) fn resume(
    headers: &HeaderMap,
    parameter: Option<&str>,
) -> Result<Option<Position>, FeedError> {
    let header = headers.get("last-event-id").map(|value| value.to_str());
    let (field, text) = match (header, parameter) {
        (Some(value), _) => ("Last-Event-ID", value.unwrap_or("(not ASCII)")),
        (None, Some(value)) => ("resume", value),
        (None, None) => return Ok(None),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let position = position(text).ok_or_else(|| {
        let rule = "must be a token as the ids of events are: 32 hexadecimal digits, revision and publication_seq, with - between";
        Refusal::new(RefusalCode::Shape, field, text, rule)
    })?;
    Ok(Some(position))
}

fn position(text: &str) -> Option<Position> {
    let mut parts = text.splitn(3, '-');
    let log = parts
        .next()
        .filter(|log| log.len() == 32 && log.is_ascii())?;
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(log.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(Position {
        log_id: LogId(bytes),
        revision: Revision(parts.next()?.parse().ok()?),
        publication_seq: parts.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::document::token_text;

    #[test]
    fn tokens_survive_as_text_and_others_are_refused() {
        let token = Position {
            log_id: LogId([0xa7; 16]),
            revision: Revision(1_812),
            publication_seq: 4,
        };
        let text = token_text(&token.into());
        let headers = [(
            http::HeaderName::from_static("last-event-id"),
            text.parse().unwrap(),
        )];
        let headers: HeaderMap = headers.into_iter().collect();
        assert_eq!(resume(&headers, Some("nonsense")).unwrap(), Some(token));
        assert_eq!(resume(&HeaderMap::new(), Some(&text)).unwrap(), Some(token));
        assert_eq!(resume(&HeaderMap::new(), None).unwrap(), None);
        for wrong in [
            "1",
            "-1-2",
            &text[1..],
            &format!("{text}-1"),
            "äääääääääääääääää-1-2",
        ] {
            let refused = resume(&HeaderMap::new(), Some(wrong)).unwrap_err();
            assert!(refused.to_string().contains("resume"), "{refused}");
        }
    }
}
