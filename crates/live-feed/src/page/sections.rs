//! The sections of a page's contests: what stands around the parts that are kept live one by one.
//!
//! They are a part too, and change with the contests of the frame and with the places of the house's seats. A reader is sent
//! them only then: a house of hundreds of seats is many times as many bytes as what moves in it.

use crate::page::view::{ContestView, View};
use crate::page::words::Words;
use askama::Template;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// What a reader has, told from what another reader has: the first bytes of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark([u8; 8]);

impl Mark {
    /// Of texts in their order.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut digest = Sha256::new();
        for text in texts {
            digest.update(text.len().to_be_bytes());
            digest.update(text);
        }
        let mut mark = [0; 8];
        mark.copy_from_slice(&digest.finalize()[..8]);
        Self(mark)
    }

    /// As it stands in a page and in what a reader asks for; nothing where it does not.
    pub fn read(text: &str) -> Option<Self> {
        let is_mark = text.len() == 16 && text.bytes().all(|it| it.is_ascii_hexdigit());
        let number = u64::from_str_radix(text, 16).ok().filter(|_| is_mark)?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

#[derive(Template)]
#[template(path = "sections.html")]
struct Sections<'a> {
    w: &'a Words,
    contests: &'a [ContestView],
    house: String,
    last_seat: &'a str,
    /// Without the parts that are kept live one by one.
    is_bare: bool,
}

/// The sections with all that is in them.
pub(super) fn whole(view: &View, w: &Words) -> String {
    rendered(view, w, false)
}

/// The sections alone, with the house.
pub(super) fn bare(view: &View, w: &Words) -> String {
    rendered(view, w, true)
}

fn rendered(view: &View, w: &Words, is_bare: bool) -> String {
    let sections = Sections {
        w,
        contests: &view.contests,
        house: view
            .house
            .as_ref()
            .map(|house| house.html())
            .unwrap_or_default(),
        last_seat: &view.last_seat,
        is_bare,
    };
    sections.render().unwrap_or_default()
}

/// What the sections are: the same as long as the contests are, and the house has as many seats in the same places.
pub(super) fn mark(view: &View) -> Mark {
    let house = view.house.as_ref().map(|house| &house.drawing);
    let seats = house.map_or(0, |drawing| drawing.seats()).to_string();
    let contests = view.contests.iter();
    let contests = contests.flat_map(|it| {
        let house = if it.has_house { "house" } else { "" };
        [it.id.as_str(), it.name.as_str(), house]
    });
    let frame = house.into_iter().flat_map(|drawing| drawing.frame());
    Mark::of([seats.as_str()].into_iter().chain(contests).chain(frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_survive_as_text_and_differ_by_what_they_are_of() {
        let mark = Mark::of(["a", "bc"]);
        assert_eq!(Mark::read(&mark.to_string()), Some(mark));
        assert_ne!(mark, Mark::of(["ab", "c"]));
        for wrong in ["", "1", "zzzzzzzzzzzzzzzz", "+23456789abcdef0"] {
            assert_eq!(Mark::read(wrong), None, "{wrong}");
        }
    }
}
