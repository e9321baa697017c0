//! The house of a contest on the page: the drawing, and the signs that no table explains.

use crate::house::{self, Holder, Run};
use crate::official::{is_declared, stage_of_seats};
use crate::page::hemicycle::{Drawing, Look, Texts, escape, hatched, sign};
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
    /// The signs that no row of the table explains.
    pub legend: String,
}

impl House {
    pub fn of(shown: &Shown<'_>, contest: &FrameContest) -> Self {
        let (words, language) = (Words::of(shown.language), shown.language);
        let runs = house::runs(contest);
        let sentence = sentence(shown, contest, &runs);
        let majority = house::majority(shown.body.house_size, contest);
        let mut centre = vec![
            language.number(contest.seats),
            words::seats(language, contest.seats).to_owned(),
        ];
        let number = language.number(majority.seats);
        centre.push(format!("{} {number}", words.majority));
        if is_declared(contest) {
            centre.push(words.as_declared.to_owned());
        }
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
        Self {
            drawing,
            sentence,
            legend: legend(shown, contest, &runs),
        }
    }

    /// The whole of it.
    pub fn html(&self) -> String {
        format!(
            "<figure>{}<figcaption class=\"legend\" data-slot=\"legend\">{}</figcaption></figure>",
            self.drawing.svg(),
            self.legend
        )
    }
}

// Who holds what, as a sentence: what no row of the table explains too.
fn sentence(shown: &Shown<'_>, contest: &FrameContest, runs: &[Run]) -> String {
    let is_official = is_declared(contest);
    let held = |row: &FrameRow| match row.seats.as_ref().filter(|_| is_official) {
        Some(seats) => seats.seats_declared.unwrap_or(0),
        None => held(row.seats.as_ref()),
    };
    let mut rows: Vec<&FrameRow> = contest.rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(held(row)));
    let rows = rows.iter().filter(|row| held(row) > 0);
    let rows = rows.map(|row| {
        let seats = match row.seats.as_ref().filter(|_| is_official) {
            Some(seats) => shown.language.number(seats.seats_declared.unwrap_or(0)),
            None => crate::page::table::seats(shown, row.seats.as_ref()),
        };
        format!("{} {seats}", shown.name(&row.option_id))
    });
    let mut parts: Vec<String> = rows.collect();
    if parts.is_empty() {
        let stage = stage_of_seats(contest, shown.body.stage());
        return words::standing(shown.language, contest.state(), stage).to_owned();
    }
    parts.extend(others(shown, runs).map(|(_, name, seats)| format!("{name} {seats}")));
    parts.join(", ")
}

// The lists stand in the table with their colours and letters; the other signs here, with their numbers.
fn legend(shown: &Shown<'_>, contest: &FrameContest, runs: &[Run]) -> String {
    let mut html = String::new();
    let open = runs.iter().find_map(|run| match run.holder {
        Holder::Open(row) => Some(row),
        _ => None,
    });
    let looks = shown.looks(contest);
    if let Some(look) = open.and_then(|row| looks.get(row)) {
        let words = Words::of(shown.language);
        let _ = write!(
            html,
            "<span class=\"sign\"><svg class=\"swatch\" viewBox=\"-12 -12 24 24\" aria-hidden=\"true\">\
             <circle class=\"{}\" r=\"11\" fill=\"{}\"/></svg>{}</span> \
             <span class=\"sign\"><svg class=\"swatch\" viewBox=\"-12 -12 24 24\" aria-hidden=\"true\">{}</svg>{}</span> ",
            look.class(),
            escape(&look.colour),
            words.secured,
            hatched(
                &Look {
                    letters: String::new(),
                    ..look.clone()
                },
                11.0
            ),
            words.still_open,
        );
    }
    for (holder, name, seats) in others(shown, runs) {
        let _ = write!(
            html,
            "<span class=\"sign\"><svg class=\"swatch\" viewBox=\"-12 -12 24 24\" \
             aria-hidden=\"true\">{}</svg>{} <strong>{seats}</strong></span> ",
            sign(holder, 11.0),
            escape(name),
        );
    }
    html
}

// The holders that are no rows, each with what it is called and its seats.
fn others<'a>(
    shown: &'a Shown<'_>,
    runs: &'a [Run],
) -> impl Iterator<Item = (Holder, &'static str, String)> + 'a {
    let words = Words::of(shown.language);
    runs.iter().filter_map(move |run| {
        let name = match run.holder {
            Holder::Row(_) | Holder::Open(_) => return None,
            Holder::Others => words.others,
            Holder::Person => words.persons,
            Holder::Tied => words.tied,
            Holder::Unassigned => words.unassigned,
            Holder::Withheld => words.withheld,
            Holder::NotYet => words.not_yet,
        };
        Some((run.holder, name, shown.language.number(run.seats)))
    })
}
