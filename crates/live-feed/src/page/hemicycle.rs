//! A house as a half circle of dots, one for each seat, filled from the left list by list.
//!
//! A seat is told apart by more than its colour: large dots carry the list's letter, small ones a mark. Seats that nobody
//! holds yet, that are tied, withheld or unassigned look different from every list and from each other.

use std::f64::consts::PI;
use std::fmt::Write as _;

/// Width of the drawing; it is half as high and a little more.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 520.0;
const CENTRE: (f64, f64) = (500.0, 506.0);
const OUTER: f64 = 462.0;
/// The radius of the innermost row, in parts of the outermost.
const INNER_PARTS: (u64, u64) = (2, 5);
/// Dots from this radius on carry a letter.
const LETTER_RADIUS_MIN: f64 = 12.0;

/// Who holds a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The list of this place on the ballot.
    List(usize),
    /// Nobody yet.
    NotYet,
    /// One of several lists that tie.
    Tied,
    /// Not shown, by our own check.
    Withheld,
    /// Nobody, by the rules.
    Unassigned,
}

impl Holder {
    /// The id of its symbol in the drawing.
    pub fn symbol(self) -> String {
        match self {
            Self::List(list) => format!("d{list}"),
            Self::NotYet => String::from("dn"),
            Self::Tied => String::from("dt"),
            Self::Withheld => String::from("dw"),
            Self::Unassigned => String::from("du"),
        }
    }
}

/// How a list looks.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// `#rrggbb`.
    pub colour: String,
    /// One or two letters.
    pub letters: String,
}

impl Look {
    /// Black or white, whichever stands out more on the colour.
    pub fn ink(&self) -> &'static str {
        if luminance(&self.colour) > 0.36 {
            "#111"
        } else {
            "#fff"
        }
    }
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
    pub fn of(seats: u32) -> Self {
        let rows = rows(seats);
        let counts = counts(seats, rows);
        let gap = OUTER * 0.6 / f64::from(rows.saturating_sub(1).max(1));
        let mut places = Vec::new();
        let mut spacing = gap.min(WIDTH / 9.0);
        for (row, count) in (0_u32..).zip(&counts) {
            let (parts, whole) = radius_parts(row, rows);
            let radius = OUTER * f64_of(parts) / f64_of(whole);
            if *count > 1 {
                let half = PI / f64::from(count - 1) / 2.0;
                spacing = spacing.min(2.0 * radius * half.sin());
            }
            for seat in 0..*count {
                let angle = match count {
                    1 => PI / 2.0,
                    _ => PI * f64::from(seat) / f64::from(count - 1),
                };
                // From the left: at the angle 0 a seat is leftmost.
                let x = CENTRE.0 - radius * angle.cos();
                let y = CENTRE.1 - radius * angle.sin();
                // The angle as a fraction, so that ends of rows are in line for certain.
                let fraction = match count {
                    1 => (1, 2),
                    _ => (u64::from(seat), u64::from(count - 1)),
                };
                places.push((fraction, radius, x, y));
            }
        }
        places.sort_by(|a, b| {
            let across = |(part, _): (u64, u64), (_, whole): (u64, u64)| part * whole;
            let angle = across(a.0, b.0).cmp(&across(b.0, a.0));
            angle.then(b.1.total_cmp(&a.1))
        });
        Self {
            places: places.into_iter().map(|(_, _, x, y)| (x, y)).collect(),
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

// The radius of a row, from the innermost, as a fraction of the outermost.
fn radius_parts(row: u32, rows: u32) -> (u64, u64) {
    let (inner, whole) = INNER_PARTS;
    match u64::from(rows.saturating_sub(1)) {
        0 => (4, 5),
        gaps => (
            inner * gaps + (whole - inner) * u64::from(row),
            whole * gaps,
        ),
    }
}

// Seats of each row, in proportion to its length, by largest remainders, outer rows first.
fn counts(seats: u32, rows: u32) -> Vec<u32> {
    let lengths: Vec<u64> = (0..rows).map(|row| radius_parts(row, rows).0).collect();
    let all: u64 = lengths.iter().sum::<u64>().max(1);
    let product = |length: &u64| u64::from(seats) * length;
    let mut counts: Vec<u32> = lengths
        .iter()
        .map(|length| u32::try_from(product(length) / all).unwrap_or(0))
        .collect();
    let mut order: Vec<usize> = (0..lengths.len()).rev().collect();
    order.sort_by_key(|row| std::cmp::Reverse(product(&lengths[*row]) % all));
    let rest = usize::try_from(seats - counts.iter().sum::<u32>()).unwrap_or(0);
    order
        .into_iter()
        .take(rest)
        .for_each(|row| counts[row] += 1);
    counts
}

fn f64_of(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// Runs of seats from the left: who, and how many.
pub(crate) type Runs = Vec<(Holder, u32)>;

/// The drawing. `title` and `description` are for those who cannot see it; `label` stands at the line of the majority.
pub(crate) fn drawing(
    runs: &Runs,
    looks: &[Look],
    title: &str,
    description: &str,
    centre: [&str; 3],
) -> String {
    let seats = runs.iter().map(|(_, count)| count).sum();
    let plan = Plan::of(seats);
    let mut svg = format!(
        "<svg class=\"house\" viewBox=\"0 0 {WIDTH:.0} {HEIGHT:.0}\" role=\"img\" aria-labelledby=\"house-title house-text\">\
         <title id=\"house-title\">{}</title><desc id=\"house-text\" data-slot=\"house-text\">{}</desc>",
        escape(title),
        escape(description),
    );
    let (x, y) = CENTRE;
    svg.push_str("<defs>");
    symbols(&mut svg, looks, plan.radius);
    svg.push_str("</defs>");
    let _ = write!(
        svg,
        "<line class=\"majority\" x1=\"{x}\" x2=\"{x}\" y1=\"8\" y2=\"{:.1}\"/>",
        y - OUTER * 0.4 + plan.radius + 12.0
    );
    svg.push_str("<g id=\"seats\">");
    let holders = runs
        .iter()
        .flat_map(|(holder, count)| (0..*count).map(move |_| *holder));
    for (holder, (x, y)) in holders.zip(&plan.places) {
        let _ = write!(
            svg,
            "<use href=\"#{}\" x=\"{x:.1}\" y=\"{y:.1}\"/>",
            holder.symbol()
        );
    }
    let _ = write!(
        svg,
        "</g><text class=\"centre\" x=\"{x}\" y=\"{:.1}\">{}</text>",
        y - 62.0,
        escape(centre[0]),
    );
    for (line, above) in centre[1..].iter().zip([34.0, 6.0]) {
        let (y, line) = (y - above, escape(line));
        let _ = write!(
            svg,
            "<text class=\"under\" x=\"{x}\" y=\"{y:.1}\">{line}</text>"
        );
    }
    svg.push_str("</svg>");
    svg
}

fn symbols(svg: &mut String, looks: &[Look], radius: f64) {
    for (list, look) in looks.iter().enumerate() {
        let (ink, colour) = (look.ink(), escape(&look.colour));
        let _ = write!(
            svg,
            "<g id=\"d{list}\"><circle class=\"dot\" r=\"{radius:.1}\" fill=\"{colour}\"/>"
        );
        if radius >= LETTER_RADIUS_MIN {
            let size = match look.letters.chars().count() {
                0 | 1 => 1.1,
                2 => 0.82,
                _ => 0.62,
            };
            let _ = write!(
                svg,
                "<text class=\"letter\" text-anchor=\"middle\" font-weight=\"700\" \
                 font-size=\"{:.1}\" y=\"{:.1}\" fill=\"{ink}\">{}</text>",
                radius * size,
                radius * size * 0.36,
                escape(&look.letters)
            );
        } else {
            svg.push_str(&small_mark(list, radius, ink));
        }
        svg.push_str("</g>");
    }
    let (inside, dash) = (radius * 0.86, radius * 0.5);
    let _ = write!(
        svg,
        "<g id=\"dn\"><circle class=\"hollow\" r=\"{inside:.1}\"/></g>\
         <g id=\"dt\"><circle class=\"tied\" r=\"{inside:.1}\" stroke-dasharray=\"{dash:.1} {dash:.1}\"/>\
         <circle class=\"full\" r=\"{:.1}\"/></g>\
         <g id=\"dw\"><circle class=\"hollow\" r=\"{inside:.1}\"/>\
         <path class=\"strike\" d=\"M-{dash:.1} {dash:.1}L{dash:.1} -{dash:.1}\"/></g>\
         <g id=\"du\"><circle class=\"hollow\" r=\"{inside:.1}\"/><path class=\"strike\" \
         d=\"M-{dash:.1} -{dash:.1}L{dash:.1} {dash:.1}M-{dash:.1} {dash:.1}L{dash:.1} -{dash:.1}\"/></g>",
        radius * 0.4
    );
}

// Marks of dots that are too small for letters; they repeat after six lists, neighbours never have the same.
fn small_mark(list: usize, radius: f64, ink: &str) -> String {
    let reach = radius * 0.5;
    let path = match list % 6 {
        0 => return String::new(),
        1 => format!("M-{reach:.1} 0H{reach:.1}"),
        2 => format!("M0 -{reach:.1}V{reach:.1}"),
        3 => format!("M-{reach:.1} 0H{reach:.1}M0 -{reach:.1}V{reach:.1}"),
        4 => format!("M-{reach:.1} {reach:.1}L{reach:.1} -{reach:.1}"),
        _ => {
            return format!("<circle r=\"{:.1}\" fill=\"{ink}\"/>", radius * 0.35);
        }
    };
    let width = radius * 0.3;
    format!("<path d=\"{path}\" stroke=\"{ink}\" stroke-width=\"{width:.1}\"/>")
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
mod tests {
    use super::*;

    #[test]
    fn every_seat_has_a_place_of_its_own_inside_the_drawing() {
        for seats in (1..=60).chain([120, 349, 450, 630, 705, 1_000]) {
            let Plan { places, radius } = Plan::of(seats);
            assert_eq!(places.len(), usize::try_from(seats).unwrap());
            for (place, (x, y)) in places.iter().enumerate() {
                assert!(x - radius >= 0.0 && x + radius <= WIDTH, "{seats}: {x}");
                assert!(
                    y - radius >= 0.0 && y + radius <= HEIGHT + radius,
                    "{seats}: {y}"
                );
                for (other_x, other_y) in &places[..place] {
                    let distance = (x - other_x).hypot(y - other_y);
                    assert!(distance >= radius * 2.0, "{seats}: dots overlap");
                }
            }
        }
    }

    #[test]
    fn where_rows_end_together_the_outer_seat_comes_first() {
        let Plan { places, .. } = Plan::of(39);
        // Four rows: their last seats lie on one line, from the right edge inwards.
        let last: Vec<f64> = places[35..].iter().map(|(x, _)| *x).collect();
        assert!(last.is_sorted_by(|a, b| a > b), "{last:?}");
        let first: Vec<f64> = places[..4].iter().map(|(x, _)| *x).collect();
        assert!(first.is_sorted_by(|a, b| a < b), "{first:?}");
    }

    #[test]
    fn seats_are_in_order_and_every_run_has_its_own() {
        let looks: Vec<Look> = ["#1a9fb8", "#d9a400"]
            .map(|colour| Look {
                colour: colour.to_owned(),
                letters: String::from("A"),
            })
            .into();
        let runs = vec![
            (Holder::List(0), 20),
            (Holder::List(1), 10),
            (Holder::Tied, 3),
            (Holder::Unassigned, 4),
            (Holder::NotYet, 1),
            (Holder::Withheld, 1),
        ];
        let svg = drawing(
            &runs,
            &looks,
            "<House>",
            "20 & 10",
            ["39", "seats", "majority 20"],
        );
        for (symbol, count) in [
            ("d0", 20),
            ("d1", 10),
            ("dt", 3),
            ("du", 4),
            ("dn", 1),
            ("dw", 1),
        ] {
            let used = svg.matches(&format!("<use href=\"#{symbol}\"")).count();
            assert_eq!(used, count, "{symbol}");
        }
        assert!(svg.contains("&lt;House&gt;") && svg.contains("20 &amp; 10"));
    }

    #[test]
    fn letters_stand_out_on_their_colour() {
        let ink = |colour: &str| {
            let letters = String::new();
            Look {
                colour: colour.to_owned(),
                letters,
            }
            .ink()
        };
        assert_eq!(
            (ink("#ffffff"), ink("#000000"), ink("#d9a400")),
            ("#111", "#fff", "#111")
        );
    }
}
