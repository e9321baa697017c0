//! A house as a half circle of dots, one for each seat, filled from the left list by list.
//!
//! A seat is told apart by more than its colour: large dots carry the list's letters, small ones a mark. Seats of persons
//! without a list, and those that nobody holds yet, that are tied, withheld or unassigned, look different from every list and
//! from each other.

use crate::house::{Holder, INNER_PARTS, Run, Seat, seats};
use std::fmt::Write as _;

/// Width of the drawing; it is half as high and a little more.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 520.0;
const CENTRE: (f64, f64) = (500.0, 506.0);
const OUTER: f64 = 462.0;
/// Dots from this radius on carry letters.
const LETTER_RADIUS_MIN: f64 = 12.0;
/// Marks of dots that are too small for letters.
const MARKS: usize = 10;
/// Relative luminance of what the page is drawn on, light and dark; and the contrast that a dot needs to it, as WCAG 2.2
/// asks of graphics (1.4.11). A dot without it has an edge that has.
const PAPERS: [f64; 2] = [0.955, 0.0066];
const CONTRAST_MIN: f64 = 3.0;

/// How an option looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// Its place on the ballot of the contest, which never changes.
    pub number: usize,
    /// `#rrggbb`.
    pub colour: String,
    /// One to three letters.
    pub letters: String,
}

impl Look {
    /// Black or white, whichever stands out more on the colour.
    pub fn ink(&self) -> &'static str {
        if luminance(&self.colour) > 0.179 {
            "#000000"
        } else {
            "#ffffff"
        }
    }

    /// The class of a dot in its colour: one that is too pale for light paper, or too deep for dark, has a stronger edge.
    pub fn class(&self) -> &'static str {
        let own = luminance(&self.colour);
        let [is_pale, is_deep] = PAPERS.map(|paper| contrast(own, paper) < CONTRAST_MIN);
        match (is_pale, is_deep) {
            (true, _) => "dot pale",
            (false, true) => "dot deep",
            (false, false) => "dot",
        }
    }
}

fn contrast(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

// Relative luminance as WCAG 2 has it; of what is no colour, that of grey.
fn luminance(colour: &str) -> f64 {
    let channel = |place: usize| {
        let digits = colour.get(place..place + 2);
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let value = f64::from(value.unwrap_or(128)) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

/// Where seats are, from left to right, and how large their dots are.
#[derive(Debug)]
pub(crate) struct Plan {
    pub places: Vec<(f64, f64)>,
    pub radius: f64,
}

impl Plan {
    /// The places of this many seats.
    pub fn of(count: u32) -> Self {
        let rows = rows(count);
        let all = seats(count, rows);
        let gap = OUTER * 0.6 / f64::from(rows.saturating_sub(1).max(1));
        let points = all.iter().map(Seat::point);
        let places: Vec<(f64, f64)> = points
            .map(|(right, up)| (CENTRE.0 + right * OUTER, CENTRE.1 - up * OUTER))
            .collect();
        let spacing = all
            .iter()
            .map(|seat| {
                let steps = u32::try_from(seat.turn.1).map_or(f64::MAX, f64::from);
                let (across, _) = Seat {
                    turn: (0, 1),
                    ..*seat
                }
                .point();
                2.0 * across.abs() * OUTER * (std::f64::consts::PI / steps / 2.0).sin()
            })
            .fold(gap.min(WIDTH / 9.0), f64::min);
        Self {
            places,
            radius: (spacing * 0.45).min(37.0),
        }
    }
}

// As few rows as hold the seats with as much room between rows as between neighbours.
fn rows(seats: u32) -> u32 {
    let holds = |rows: u32| match rows {
        1 => 7,
        // pi * 0.7 / 0.6 = 3.665: the rows' lengths together, in gaps between rows.
        _ => u64::from(rows) * u64::from(rows - 1) * 3_665 / 1_000,
    };
    (1..)
        .find(|rows| holds(*rows) >= u64::from(seats))
        .unwrap_or(1)
}

/// Who holds a run of seats from the left, as the drawing has it: the id of its symbol, and how many.
pub(crate) type Symbols = Vec<(String, u32)>;

/// A drawing in parts: where the same house has other holders of its seats, the places of its seats need not be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawing {
    /// All but the holders of the seats, how they look, and what is said of them.
    before: String,
    after: String,
    /// Who holds what, as it is said.
    pub description: String,
    /// How the holders look: each that holds a seat, once.
    pub looks: String,
    /// The holders.
    pub symbols: Symbols,
}

/// What is written in and about a drawing.
pub(crate) struct Texts<'a> {
    /// For those who cannot see it.
    pub title: &'a str,
    /// Who holds what.
    pub description: &'a str,
    /// In the middle, from above: the number of seats first.
    pub centre: &'a [String],
    /// Under it: what the line is.
    pub has_line: bool,
}

impl Drawing {
    /// The drawing of runs, of which those of options have the looks of their rows.
    pub fn of(runs: &[Run], looks: &[Look], texts: &Texts<'_>) -> Self {
        let plan = Plan::of(runs.iter().map(|run| run.seats).sum());
        let mut before = format!(
            "<svg class=\"house\" viewBox=\"0 0 {WIDTH:.0} {HEIGHT:.0}\" role=\"img\" aria-labelledby=\"house-title house-text\">\
             <title id=\"house-title\">{}</title>",
            escape(texts.title),
        );
        let (x, y) = CENTRE;
        if texts.has_line {
            let inner = OUTER * f64_of(INNER_PARTS.0) / f64_of(INNER_PARTS.1);
            let _ = write!(
                before,
                "<line class=\"majority\" x1=\"{x}\" x2=\"{x}\" y1=\"8\" y2=\"{:.1}\"/>",
                y - inner + plan.radius + 12.0
            );
        }
        Self {
            before,
            after: centre(texts.centre),
            description: escape(texts.description),
            looks: defined(runs, looks, plan.radius),
            symbols: runs
                .iter()
                .map(|run| (symbol(run.holder, looks), run.seats))
                .collect(),
        }
    }

    /// Its seats.
    pub fn seats(&self) -> u32 {
        self.symbols.iter().map(|(_, seats)| seats).sum()
    }

    /// What is the same as long as seats only change hands: everything but the parts that are replaced one by one.
    pub fn frame(&self) -> [&str; 2] {
        [&self.before, &self.after]
    }

    /// The whole drawing.
    pub fn svg(&self) -> String {
        let mut svg = self.before.clone();
        let _ = write!(
            svg,
            "<desc id=\"house-text\" data-slot=\"house-text\">{}</desc>\
             <defs data-slot=\"house-looks\">{}</defs><g id=\"seats\">",
            self.description, self.looks
        );
        let holders = self.symbols.iter();
        let holders = holders.flat_map(|(symbol, seats)| (0..*seats).map(move |_| symbol));
        for (symbol, (x, y)) in holders.zip(Plan::of(self.seats()).places) {
            // Without quotes, which an event would have to escape: there may be hundreds.
            let _ = write!(svg, "<use href=#{symbol} x={x:.1} y={y:.1} />");
        }
        svg.push_str("</g>");
        svg.push_str(&self.after);
        svg
    }
}

fn centre(lines: &[String]) -> String {
    let (x, y) = CENTRE;
    let mut svg = String::new();
    for (line, below) in lines.iter().zip((0..lines.len()).rev()) {
        let is_number = below + 1 == lines.len();
        let above = f64_of(u64::try_from(below).unwrap_or(0)) * 28.0 + 6.0;
        let class = if is_number { "centre" } else { "under" };
        let _ = write!(
            svg,
            "<text class=\"{class}\" x=\"{x}\" y=\"{:.1}\">{}</text>",
            y - above,
            escape(line)
        );
    }
    svg.push_str("</svg>");
    svg
}

/// The id of a holder's symbol in the drawing: that of an option is its number on the ballot.
pub(crate) fn symbol(holder: Holder, looks: &[Look]) -> String {
    let fixed = match holder {
        Holder::Row(row) => {
            let number = looks.get(row).map_or(row, |look| look.number);
            return format!("d{number}");
        }
        Holder::Open(row) => {
            let number = looks.get(row).map_or(row, |look| look.number);
            return format!("h{number}");
        }
        Holder::Others => "do",
        Holder::Person => "dp",
        Holder::NotYet => "dn",
        Holder::Tied => "dt",
        Holder::Withheld => "dw",
        Holder::Unassigned => "du",
    };
    fixed.to_owned()
}

// The symbols that are used, each once. Neighbours never have the same mark.
fn defined(runs: &[Run], looks: &[Look], radius: f64) -> String {
    let mut svg = String::new();
    let mut last_mark = None;
    for run in runs {
        let symbol = symbol(run.holder, looks);
        let _ = write!(svg, "<g id=\"{symbol}\">");
        let look = match run.holder {
            Holder::Row(row) | Holder::Open(row) => looks.get(row),
            _ => None,
        };
        match look {
            Some(look) if matches!(run.holder, Holder::Open(_)) => {
                svg.push_str(&hatched(look, radius));
            }
            Some(look) => {
                let usual = look.number % MARKS;
                let mark = match last_mark {
                    Some(last) if last == usual => (usual + 1) % MARKS,
                    _ => usual,
                };
                last_mark = Some(mark);
                dot(&mut svg, look, mark, radius);
            }
            None => svg.push_str(&sign(run.holder, radius)),
        }
        svg.push_str("</g>");
    }
    svg
}

/// A seat that is not certain: hatched in the list's colour, with its letters where there is room.
pub(crate) fn hatched(look: &Look, radius: f64) -> String {
    let (edge, colour) = (radius * 0.14, escape(&look.colour));
    let inside = radius - edge / 2.0;
    // Three chords at 45 degrees: through the centre, and half a radius beside it.
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let mut chords = String::new();
    for (aside, length) in [(-0.5, 0.866), (0.0, 1.0), (0.5, 0.866)] {
        let (middle, reach) = (aside * inside * half, length * inside * half);
        let _ = write!(
            chords,
            "M{:.1} {:.1}L{:.1} {:.1}",
            middle - reach,
            middle + reach,
            middle + reach,
            middle - reach
        );
    }
    let mut svg = format!(
        "<circle class=\"open\" r=\"{inside:.1}\" stroke=\"{colour}\" stroke-width=\"{edge:.1}\"/>\
         <path class=\"hatch\" d=\"{chords}\" stroke=\"{colour}\" stroke-width=\"{edge:.1}\"/>\
         <circle class=\"rim\" r=\"{radius:.1}\"/>"
    );
    if radius >= LETTER_RADIUS_MIN {
        let size = letter_size(look);
        let _ = write!(
            svg,
            "<text class=\"letter open-letter\" text-anchor=\"middle\" font-weight=\"700\" font-size=\"{:.1}\" \
             y=\"{:.1}\">{}</text>",
            radius * size,
            radius * size * 0.36,
            escape(&look.letters)
        );
    }
    svg
}

fn letter_size(look: &Look) -> f64 {
    match look.letters.chars().count() {
        0 | 1 => 1.1,
        2 => 0.82,
        _ => 0.62,
    }
}

fn dot(svg: &mut String, look: &Look, mark: usize, radius: f64) {
    let (ink, colour) = (look.ink(), escape(&look.colour));
    let _ = write!(
        svg,
        "<circle class=\"{}\" r=\"{radius:.1}\" fill=\"{colour}\"/>",
        look.class()
    );
    if radius < LETTER_RADIUS_MIN {
        svg.push_str(&small_mark(mark, radius, ink));
        return;
    }
    let size = letter_size(look);
    let _ = write!(
        svg,
        "<text class=\"letter\" text-anchor=\"middle\" font-weight=\"700\" \
         font-size=\"{:.1}\" y=\"{:.1}\" fill=\"{ink}\">{}</text>",
        radius * size,
        radius * size * 0.36,
        escape(&look.letters)
    );
}

/// The sign of a seat that no list of its own look holds.
pub(crate) fn sign(holder: Holder, radius: f64) -> String {
    let (inside, dash, small) = (radius * 0.86, radius * 0.5, radius * 0.4);
    match holder {
        Holder::Row(_) | Holder::Open(_) => String::new(),
        Holder::NotYet => format!("<circle class=\"hollow\" r=\"{inside:.1}\"/>"),
        Holder::Others => format!("<circle class=\"others\" r=\"{radius:.1}\"/>"),
        // A head and shoulders.
        Holder::Person => format!(
            "<circle class=\"others\" r=\"{radius:.1}\"/><circle class=\"person\" r=\"{:.1}\" cy=\"-{:.1}\"/>\
             <path class=\"person\" d=\"M-{dash:.1} {dash:.1}A{dash:.1} {dash:.1} 0 0 1 {dash:.1} {dash:.1}Z\"/>",
            radius * 0.28,
            radius * 0.32
        ),
        Holder::Tied => format!(
            "<circle class=\"tied\" r=\"{inside:.1}\" stroke-dasharray=\"{dash:.1} {dash:.1}\"/>\
             <circle class=\"full\" r=\"{small:.1}\"/>"
        ),
        Holder::Withheld => format!(
            "<circle class=\"hollow\" r=\"{inside:.1}\"/>\
             <path class=\"strike\" d=\"M-{dash:.1} {dash:.1}L{dash:.1} -{dash:.1}\"/>"
        ),
        Holder::Unassigned => format!(
            "<circle class=\"hollow\" r=\"{inside:.1}\"/><path class=\"strike\" \
             d=\"M-{dash:.1} -{dash:.1}L{dash:.1} {dash:.1}M-{dash:.1} {dash:.1}L{dash:.1} -{dash:.1}\"/>"
        ),
    }
}

// Marks of dots that are too small for letters.
fn small_mark(mark: usize, radius: f64, ink: &str) -> String {
    let reach = radius * 0.5;
    let path = match mark {
        0 => return String::new(),
        1 => format!("M-{reach:.1} 0H{reach:.1}"),
        2 => format!("M0 -{reach:.1}V{reach:.1}"),
        3 => format!("M-{reach:.1} 0H{reach:.1}M0 -{reach:.1}V{reach:.1}"),
        4 => format!("M-{reach:.1} {reach:.1}L{reach:.1} -{reach:.1}"),
        5 => return format!("<circle r=\"{:.1}\" fill=\"{ink}\"/>", radius * 0.35),
        6 => format!("M-{reach:.1} -{reach:.1}L{reach:.1} {reach:.1}"),
        7 => format!(
            "M-{reach:.1} -{reach:.1}L{reach:.1} {reach:.1}M-{reach:.1} {reach:.1}L{reach:.1} -{reach:.1}"
        ),
        8 => format!("M-{reach:.1} {reach:.1}L0 -{reach:.1}L{reach:.1} {reach:.1}Z"),
        _ => format!("M-{reach:.1} -{reach:.1}H{reach:.1}V{reach:.1}H-{reach:.1}Z"),
    };
    let width = radius * 0.3;
    format!("<path d=\"{path}\" stroke=\"{ink}\" stroke-width=\"{width:.1}\" fill=\"none\"/>")
}

fn f64_of(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// A text in a document: nothing in it is markup.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
