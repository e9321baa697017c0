//! Seats over the night as lines that move in steps.

use crate::page::hemicycle::{Look, escape};
use crate::page::timeline::Sample;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const WIDTH: u32 = 720;
const HEIGHT: u32 = 310;
const LEFT: u32 = 36;
const RIGHT: u32 = 630;
const TOP: u32 = 14;
const BOTTOM: u32 = 272;
/// What two labels need between them.
const LABEL: u32 = 23;

/// A line of the chart.
pub(crate) struct Line<'a> {
    pub option_id: &'a str,
    pub label: &'a str,
    pub look: &'a Look,
}

/// The chart of one contest; nothing if nothing is known yet. `clock` writes an instant as its time of day.
pub(crate) fn drawing(
    contest: usize,
    samples: &[&Sample],
    lines: &[Line<'_>],
    majority: u32,
    title: &str,
    clock: impl Fn(i64) -> String,
) -> Option<String> {
    let known: Vec<(i64, &BTreeMap<String, u32>)> = samples
        .iter()
        .filter_map(|sample| Some((sample.time, sample.seats.get(contest)?.as_ref()?)))
        .collect();
    let (first, last) = (known.first()?.0, known.last()?.0);
    let seats_most = known.iter().flat_map(|(_, seats)| seats.values()).max()?;
    let top = (*seats_most).max(majority).max(1);
    let x = |time: i64| scale(time - first, (last - first).max(1), RIGHT - LEFT) + LEFT;
    let y = |seats: u32| BOTTOM - scale(i64::from(seats), i64::from(top), BOTTOM - TOP);
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escape(title)
    );
    let step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500].into_iter();
    let step = step.clone().find(|step| top / step <= 5).unwrap_or(1_000);
    for seats in (0..=top).step_by(usize::try_from(step).unwrap_or(1)) {
        let y = y(seats);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y}\" y2=\"{y}\"/>\
             <text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{seats}</text>",
            LEFT - 8,
            y + 5
        );
    }
    let line = y(majority);
    let _ = write!(
        svg,
        "<line class=\"majority\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{line}\" y2=\"{line}\"/>"
    );
    let ends = [(first, "start"), (last, "end")];
    for (time, anchor) in ends.into_iter().take(if first == last { 1 } else { 2 }) {
        let _ = write!(
            svg,
            "<text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            x(time),
            BOTTOM + 26,
            escape(&clock(time))
        );
    }
    let mut labels = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let seats = |seats: &BTreeMap<String, u32>| seats.get(line.option_id).copied().unwrap_or(0);
        let mut path = String::new();
        for (time, held) in &known {
            let (x, y) = (x(*time), y(seats(held)));
            let _ = match path.is_empty() {
                true => write!(path, "M{x} {y}"),
                false => write!(path, "H{x}V{y}"),
            };
        }
        let dash = ["", "9 5", "2 5", "14 5 2 5", "5 5", "16 6"][place % 6];
        let _ = write!(
            svg,
            "<path class=\"line\" d=\"{path}\" stroke=\"{}\" stroke-dasharray=\"{dash}\"/>",
            escape(&line.look.colour)
        );
        let end = known.last().map_or(0, |(_, held)| seats(held));
        labels.push((y(end), line, end));
    }
    for (y, line, end) in apart(labels) {
        let _ = write!(
            svg,
            "<text class=\"end\" x=\"{}\" y=\"{}\">{} {end}</text>",
            RIGHT + 10,
            y + 5,
            escape(line.label)
        );
    }
    svg.push_str("</svg>");
    Some(svg)
}

fn scale(part: i64, whole: i64, length: u32) -> u32 {
    let scaled = i128::from(part) * i128::from(length) / i128::from(whole.max(1));
    u32::try_from(scaled).unwrap_or(0).min(length)
}

// Labels that would lie on each other are moved apart, from the lowest up.
fn apart<T>(mut labels: Vec<(u32, T, u32)>) -> Vec<(u32, T, u32)> {
    labels.sort_by_key(|(y, _, _)| std::cmp::Reverse(*y));
    let mut below = u32::MAX;
    for (y, _, _) in &mut labels {
        *y = (*y).min(below.saturating_sub(LABEL));
        below = *y;
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time: i64, seats: Option<u32>) -> Sample {
        let seats = seats.map(|seats| BTreeMap::from([(String::from("a"), seats)]));
        Sample {
            time,
            seats: vec![seats],
        }
    }

    #[test]
    fn lines_begin_with_what_is_known_and_end_with_the_newest() {
        let look = Look {
            colour: String::from("#123456"),
            letters: String::from("A"),
        };
        let lines = [Line {
            option_id: "a",
            label: "A & B",
            look: &look,
        }];
        let samples = [sample(0, None), sample(10, Some(3)), sample(20, Some(5))];
        let samples: Vec<&Sample> = samples.iter().collect();
        let clock = |time: i64| format!("at {time}");
        let svg = drawing(0, &samples, &lines, 3, "seats", clock).unwrap();
        assert!(svg.contains("A &amp; B 5") && svg.contains("at 10") && svg.contains("at 20"));
        assert!(svg.contains(&format!("M{LEFT} ")) && svg.contains(&format!("H{RIGHT}V{TOP}")));
        assert_eq!(drawing(0, &samples[..1], &lines, 3, "seats", clock), None);
        assert_eq!(drawing(1, &samples, &lines, 3, "seats", clock), None);
    }
}
