//! The house of a contest on the page: the drawing, and the signs that no table explains.

use crate::house::{self, Holder, Run};
use crate::official::stage_of_seats;
use crate::page::hemicycle::{Drawing, Texts, escape, sign};
use crate::page::view::{Shown, held};
use crate::page::words::{self, Words};
use std::fmt::Write as _;
use wire::feed::v1::{FrameContest, FrameRow};

/// The part: a drawing and its legend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct House {
    pub drawing: Drawing,
    /// Who holds how many seats, as a sentence.
    pub sentence: String,
    legend: String,
    /// The whole of it.
    pub html: String,
}

impl House {
    pub fn of(shown: &Shown<'_>, contest: &FrameContest) -> Self {
        let (words, language) = (Words::of(shown.language), shown.language);
        let runs = house::runs(contest);
        let sentence = sentence(shown, contest);
        let majority = house::majority(shown.body.house_size, contest);
        let mut centre = vec![
            language.number(contest.seats),
            words::seats(language, contest.seats).to_owned(),
        ];
        let number = language.number(majority.seats);
        centre.push(format!("{} {number}", words.majority));
        if !majority.is_whole {
            centre.push(words::of_the_house(language, majority.house));
        }
        let texts = Texts {
            title: words.hemicycle,
            description: &sentence,
            centre: &centre,
            has_line: majority.is_whole,
        };
        let drawing = Drawing::of(&runs, &shown.looks(contest), &texts);
        let legend = legend(shown, &runs);
        let html = format!("<figure>{}{legend}</figure>", drawing.svg());
        Self {
            drawing,
            sentence,
            legend,
            html,
        }
    }

    /// The same house and legend: what differs is who holds its seats.
    pub fn has_same_frame(&self, other: &Self) -> bool {
        self.legend == other.legend && self.drawing.has_same_frame(&other.drawing)
    }
}

// Who holds what, as a sentence.
fn sentence(shown: &Shown<'_>, contest: &FrameContest) -> String {
    let mut rows: Vec<&FrameRow> = contest.rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(held(row.seats.as_ref())));
    let parts = rows.iter().filter(|row| held(row.seats.as_ref()) > 0);
    let parts: Vec<String> = parts
        .map(|row| {
            let seats = crate::page::table::seats(shown, row.seats.as_ref());
            format!("{} {seats}", shown.name(&row.option_id))
        })
        .collect();
    if parts.is_empty() {
        let stage = stage_of_seats(contest, shown.body.stage());
        return words::standing(shown.language, contest.state(), stage).to_owned();
    }
    parts.join(", ")
}

// The lists stand in the table with their colours and letters; the other signs here, with their numbers.
fn legend(shown: &Shown<'_>, runs: &[Run]) -> String {
    let words = Words::of(shown.language);
    let mut html = String::new();
    for run in runs {
        let name = match run.holder {
            Holder::Row(_) => continue,
            Holder::Others => words.others,
            Holder::Person => words.persons,
            Holder::Tied => words.tied,
            Holder::Unassigned => words.unassigned,
            Holder::Withheld => words.withheld,
            Holder::NotYet => words.not_yet,
        };
        let number = shown.language.number(run.seats);
        let _ = write!(
            html,
            "<span class=\"sign\"><svg class=\"swatch\" viewBox=\"-12 -12 24 24\" \
             aria-hidden=\"true\">{}</svg>{} <strong>{number}</strong></span> ",
            sign(run.holder, 11.0),
            escape(name),
        );
    }
    if html.is_empty() {
        return html;
    }
    format!("<figcaption class=\"legend\">{html}</figcaption>")
}
