//! What the readers of a live page are sent: the parts that differ from what they have, made once for all who have the same.
//!
//! | event | carries | for |
//! |---|---|---|
//! | `sections` | the sections of all contests, empty but for the house | who has others; it is shown with the frame that follows it |
//! | `frame` | parts of the newest frame, who holds the seats, whether it is stale | everybody |
//! | `parts` | parts of the frame that the reader has: what is asked for after a frame | who has that frame |
//!
//! A reader is known by two marks: of its page, and of its sections. Nothing is kept for it besides.

use crate::http::token_text;
use crate::page::language::Language;
use crate::page::sections::{self, Mark};
use crate::page::view::View;
use crate::page::words::Words;
use crate::scope::EncodedFrame;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What a reader has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Has {
    /// Its page; none: it is not known.
    pub page: Option<Mark>,
    /// The sections of its page.
    pub sections: Option<Mark>,
}

/// Parts by name.
type Slots<'a> = BTreeMap<String, &'a str>;

/// The events of one page.
#[derive(Debug)]
pub(crate) struct Events {
    /// What a reader has who was sent them.
    pub marks: Has,
    /// The page of before, of which the second of each is the difference.
    before: Option<Mark>,
    frame: (Bytes, Option<Bytes>),
    parts: (OnceLock<Bytes>, Option<Bytes>),
    sections: OnceLock<Bytes>,
}

#[derive(Debug, serde::Serialize)]
struct FrameEvent<'a> {
    is_stale: bool,
    summary: &'a str,
    page: String,
    slots: &'a Slots<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seats: Option<&'a [(String, u32)]>,
}

#[derive(Debug, serde::Serialize)]
struct PartsEvent<'a> {
    page: String,
    slots: &'a Slots<'a>,
}

#[derive(Debug, serde::Serialize)]
struct SectionsEvent<'a> {
    sections: String,
    html: &'a str,
}

impl Events {
    /// The events of a page, and what differs from the page before it.
    pub fn of(frame: &EncodedFrame, view: &View, before: Option<(&Self, &View)>) -> Self {
        let all = slots(view);
        let seats = view.house.as_ref();
        let seats = seats.map(|house| house.drawing.symbols.as_slice());
        let marks = marks(view, &all);
        // Other sections are empty at first: all that stands in them is sent.
        let before = before.filter(|(events, _)| events.marks.sections == marks.sections);
        let difference = before.map(|(_, before)| {
            let known = slots(before);
            let mut slots = all.clone();
            slots.retain(|name, html| known.get(name) != Some(html));
            let known = before.house.as_ref();
            let has_moved = known.map(|it| it.drawing.symbols.as_slice()) != seats;
            (slots, seats.filter(|_| has_moved))
        });
        let page = marks.page.map(|mark| mark.to_string()).unwrap_or_default();
        let event = |slots: &Slots<'_>, seats: Option<&[(String, u32)]>| {
            let data = FrameEvent {
                is_stale: frame.is_stale(),
                summary: &view.summary,
                page: page.clone(),
                slots,
                seats,
            };
            written(frame, "frame", &data)
        };
        let parts = |slots: &Slots<'_>| {
            let page = page.clone();
            written(frame, "parts", &PartsEvent { page, slots })
        };
        Self {
            marks,
            before: before.and_then(|(events, _)| events.marks.page),
            frame: (
                event(&all, seats),
                difference
                    .as_ref()
                    .map(|(slots, seats)| event(slots, *seats)),
            ),
            parts: (
                OnceLock::new(),
                difference.as_ref().map(|(slots, _)| parts(slots)),
            ),
            sections: OnceLock::new(),
        }
    }

    /// What shows the frame to a reader who has something else.
    pub fn frame(&self, frame: &EncodedFrame, view: &View, language: Language, has: Has) -> Bytes {
        let own = match &self.frame {
            (_, Some(difference)) if has.page.is_some() && has.page == self.before => difference,
            (whole, _) => whole,
        };
        if has.sections == self.marks.sections {
            return own.clone();
        }
        let sections = self.sections.get_or_init(|| {
            let html = sections::bare(view, Words::of(language));
            let sections = self.marks.sections;
            let data = SectionsEvent {
                sections: sections.map(|mark| mark.to_string()).unwrap_or_default(),
                html: &html,
            };
            written(frame, "sections", &data)
        });
        [&sections[..], &self.frame.0].concat().into()
    }

    /// What brings a reader of the same frame here, if it has anything else.
    pub fn parts(&self, frame: &EncodedFrame, view: &View, has: Has) -> Option<Bytes> {
        // Of one frame the sections are the same.
        if has.page == self.marks.page || has.sections != self.marks.sections {
            return None;
        }
        Some(match &self.parts {
            (_, Some(difference)) if has.page.is_some() && has.page == self.before => {
                difference.clone()
            }
            (whole, _) => {
                let page = self.marks.page.map(|mark| mark.to_string());
                let whole = whole.get_or_init(|| {
                    let data = PartsEvent {
                        page: page.unwrap_or_default(),
                        slots: &slots(view),
                    };
                    written(frame, "parts", &data)
                });
                whole.clone()
            }
        })
    }
}

fn marks(view: &View, slots: &Slots<'_>) -> Has {
    let sections = sections::mark(view);
    let held = view.house.iter().flat_map(|house| &house.drawing.symbols);
    let held = held.map(|(symbol, seats)| format!("{symbol} {seats}"));
    let held: Vec<String> = held.chain([sections.to_string()]).collect();
    let parts = slots.iter().flat_map(|(name, html)| [name.as_str(), html]);
    Has {
        page: Some(Mark::of(parts.chain(held.iter().map(String::as_str)))),
        sections: Some(sections),
    }
}

fn slots(view: &View) -> Slots<'_> {
    let tables = view.contests.iter().enumerate();
    let tables = tables.flat_map(|(place, contest)| {
        [
            (format!("table-{place}"), contest.table.as_str()),
            (format!("districts-{place}"), contest.districts.as_str()),
        ]
    });
    let fixed = [
        ("title", view.title.as_str()),
        ("notice", &view.notice),
        ("status", &view.status),
        ("more", &view.more),
        ("progress", &view.progress),
        ("chart", &view.chart),
        ("corrections", &view.corrections),
    ];
    let house = view.house.iter().flat_map(|house| {
        [
            ("house-looks", house.drawing.looks.as_str()),
            ("house-text", &house.drawing.description),
            ("legend", &house.legend),
            ("last-seat", &view.last_seat),
        ]
    });
    let named = fixed.into_iter().chain(house);
    let named = named.map(|(name, html)| (name.to_owned(), html));
    tables.chain(named).collect()
}

fn written(frame: &EncodedFrame, event: &str, data: &impl serde::Serialize) -> Bytes {
    let text = serde_json::to_string(data).unwrap_or_default();
    let envelope = frame.frame.envelope.as_ref();
    let token = envelope.and_then(|it| it.token.as_ref());
    let id = token.map(token_text).unwrap_or_default();
    format!("id: {id}\nevent: {event}\ndata: {text}\n\n").into()
}
