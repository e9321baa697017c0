//! What is made of a frame for HTTP, each form once, when the first reader asks for it.

use crate::frame::Distance;
use crate::http::csv;
use crate::http::document::{Document, token_text};
use crate::http::encoded::{CSV, Encoded, JSON};
use crate::page::Pages;
use crate::presented::Presented;
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use wire::feed::v1::Frame;

/// The forms of one frame.
#[derive(Debug)]
pub(crate) struct Forms {
    presented: Arc<Presented>,
    results: Encoded,
    event: Bytes,
    stale: OnceLock<Encoded>,
    found: OnceLock<Encoded>,
    totals: OnceLock<Encoded>,
    /// Its pages.
    pub pages: Pages,
}

impl Forms {
    /// The forms of a frame, shown as its definition says.
    pub fn of(frame: &Frame, presented: Arc<Presented>) -> Self {
        let document = Document::of(frame, &presented);
        let document = document
            .expect("a frame that is shown has body and envelope")
            .bytes();
        let token = frame.envelope.as_ref().and_then(|it| it.token.as_ref());
        let id = token.map(token_text).unwrap_or_default();
        let event = [
            b"id: ".as_slice(),
            id.as_bytes(),
            b"\nevent: frame\ndata: ",
            &document,
            b"\n\n",
        ];
        Self {
            event: event.concat().into(),
            results: Encoded::new(JSON, document),
            presented,
            stale: OnceLock::new(),
            found: OnceLock::new(),
            totals: OnceLock::new(),
            pages: Pages::default(),
        }
    }

    /// How the election is shown.
    pub fn presented(&self) -> &Presented {
        &self.presented
    }

    /// `results.json`, as far from the count as it is now. Where that is not what the frame says, which it was when it was
    /// made: the same that says so, with how far behind it was when that was first asked for.
    pub fn results(&self, frame: &Frame, now: Distance) -> &Encoded {
        let is_marked = frame.envelope.as_ref().is_some_and(|it| it.is_stale);
        let form = match (is_marked, now.is_stale) {
            (true, true) | (false, false) => return &self.results,
            (false, true) => &self.stale,
            (true, false) => &self.found,
        };
        form.get_or_init(|| {
            let document = Document::of(frame, &self.presented);
            let document = document.expect("a frame that is shown has body and envelope");
            Encoded::new(JSON, document.at(now).bytes())
        })
    }

    /// The event that carries the frame.
    pub fn event(&self) -> &Bytes {
        &self.event
    }

    /// `totals.csv`.
    pub fn totals(&self, frame: &Frame) -> &Encoded {
        self.totals
            .get_or_init(|| Encoded::new(CSV, csv::totals(frame, &self.presented)))
    }
}
