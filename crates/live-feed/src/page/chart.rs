//! Seats over the night as lines that move in steps, and the same as a table for who cannot see them or wants the numbers.

use crate::page::hemicycle::{Look, escape};
use crate::page::timeline::Sample;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const WIDTH: u32 = 720;
const LEFT: u32 = 36;
const RIGHT: u32 = 586;
const TOP: u32 = 14;
/// The least height of the lines; many labels need more.
const LINES_HEIGHT: u32 = 258;
/// What two labels need between them.
const LABEL: u32 = 23;
/// What two lines of as many seats have between them, and how many are set apart.
const LANE: u32 = 4;
const LANES_MAX: u32 = 5;
/// Lines at most, those with the most seats; the table has all lists that ever held one.
const LINES_MAX: usize = 20;
/// Letters of a label, without its number.
const LABEL_LETTERS: usize = 6;
/// Columns of the table: instants at which seats were others than before.
const COLUMNS_MAX: usize = 8;

/// A line of the chart.
pub(crate) struct Line<'a> {
    pub option_id: &'a str,
    pub label: &'a str,
    /// The whole name, for the table.
    pub name: &'a str,
    pub look: &'a Look,
}

/// What the chart says besides its numbers.
pub(crate) struct Words<'a> {
    pub title: &'a str,
    /// What opens the table.
    pub figures: &'a str,
    pub list: &'a str,
    /// Seats at which the line of the majority is; none: the contest gives a part of the house only.
    pub majority: Option<u32>,
}

/// What is known at an instant.
type Known<'a> = (i64, &'a BTreeMap<String, u32>);

/// The chart of one contest; nothing if nothing is known yet. `clock` writes an instant as its time of day.
pub(crate) fn drawing(
    contest: usize,
    samples: &[&Sample],
    lines: &[Line<'_>],
    words: &Words<'_>,
    clock: impl Fn(i64) -> String,
) -> Option<String> {
    let known: Vec<Known<'_>> = samples
        .iter()
        .filter_map(|sample| Some((sample.time, sample.seats.get(contest)?.as_ref()?)))
        .collect();
    known.first()?;
    let held = holders(&known, lines);
    let mut html = svg(&known, &held, words, &clock)?;
    html.push_str(&figures(&known, &held, words, &clock));
    Some(html)
}

// Lists that held a seat at some time, with what they held most, most first.
fn holders<'a, 'b>(known: &[Known<'_>], lines: &'b [Line<'a>]) -> Vec<(&'b Line<'a>, u32)> {
    let most = |line: &Line<'_>| known.iter().map(|(_, seats)| at(seats, line)).max();
    let with_most = lines.iter().map(|line| (line, most(line).unwrap_or(0)));
    let mut held: Vec<_> = with_most.filter(|(_, most)| *most > 0).collect();
    held.sort_by_key(|(_, most)| std::cmp::Reverse(*most));
    held
}

fn at(seats: &BTreeMap<String, u32>, line: &Line<'_>) -> u32 {
    seats.get(line.option_id).copied().unwrap_or(0)
}

fn svg(
    known: &[Known<'_>],
    held: &[(&Line<'_>, u32)],
    words: &Words<'_>,
    clock: impl Fn(i64) -> String,
) -> Option<String> {
    let (first, last) = (known.first()?.0, known.last()?.0);
    let shown = &held[..held.len().min(LINES_MAX)];
    let labels = u32::try_from(shown.len()).unwrap_or(0);
    let bottom = TOP + LINES_HEIGHT.max(labels * LABEL);
    let seats_most = shown.first().map_or(0, |(_, most)| *most);
    let top = seats_most.max(words.majority.unwrap_or(1)).max(1);
    // A single instant is the newest, at the end of the axis.
    let x = |time: i64| match last - first {
        0 => RIGHT,
        all => scale(time - first, all, RIGHT - LEFT) + LEFT,
    };
    let y = |seats: u32| bottom - scale(i64::from(seats), i64::from(top), bottom - TOP);
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\">",
        bottom + 38,
        escape(words.title)
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
    if let Some(line) = words.majority.map(y) {
        let _ = write!(
            svg,
            "<line class=\"majority\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{line}\" y2=\"{line}\"/>"
        );
    }
    let ticks = [
        (first, "start"),
        (first + (last - first) / 2, "middle"),
        (last, "end"),
    ];
    for (time, anchor) in ticks.into_iter().skip(if first == last { 2 } else { 0 }) {
        let _ = write!(
            svg,
            "<text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            x(time),
            bottom + 26,
            escape(&clock(time))
        );
    }
    // Lines of as many seats lie beside each other, and not on each other.
    let beside = |place: usize, seats: &BTreeMap<String, u32>| {
        let held = at(seats, shown[place].0);
        let others = shown[..place].iter();
        let same = others.filter(|(line, _)| held > 0 && at(seats, line) == held);
        let lanes = u32::try_from(same.count()).unwrap_or(0).min(LANES_MAX);
        y(held).saturating_sub(lanes * LANE)
    };
    for (place, (line, _)) in shown.iter().enumerate() {
        let mut path = String::new();
        let mut before = None;
        for (time, seats) in known {
            let (x, y) = (x(*time), beside(place, seats));
            // A step where seats change hands, and nothing where they do not.
            let _ = match before.replace(y) {
                None => write!(path, "M{x} {y}"),
                Some(before) if before == y => Ok(()),
                Some(_) => write!(path, "H{x}V{y}"),
            };
        }
        let _ = write!(path, "H{}", x(last));
        let dash = ["", "9 5", "2 5", "14 5 2 5", "5 5", "16 6"][line.look.number % 6];
        let class = line.look.class();
        if class != "dot" {
            // One whose colour is lost on the paper has a stronger edge, as its dots have.
            let class = class.replace("dot", "casing");
            let _ = write!(
                svg,
                "<path class=\"{class}\" d=\"{path}\" stroke-dasharray=\"{dash}\"/>"
            );
        }
        let _ = write!(
            svg,
            "<path class=\"line\" d=\"{path}\" stroke=\"{}\" stroke-dasharray=\"{dash}\"/>",
            escape(&line.look.colour)
        );
    }
    let newest = known.last()?.1;
    let ends = shown.iter().enumerate();
    let ends = ends.map(|(place, (line, _))| (beside(place, newest), (*line, at(newest, line))));
    let end_of_lines = x(last);
    for (from, to, (line, end)) in apart(ends.collect(), TOP, bottom) {
        // Where a line ends, and all that there is of it after a single instant.
        let _ = write!(
            svg,
            "<circle class=\"tip\" cx=\"{end_of_lines}\" cy=\"{from}\" r=\"4\" fill=\"{}\"/>",
            escape(&line.look.colour)
        );
        // What has been moved is led back to its line.
        let _ = write!(
            svg,
            "<path class=\"lead\" d=\"M{} {from}L{} {to}\" stroke=\"{}\"/>\
             <text class=\"end\" x=\"{}\" y=\"{}\">{} {end}</text>",
            RIGHT + 6,
            RIGHT + 16,
            escape(&line.look.colour),
            RIGHT + 20,
            to + 5,
            escape(&shortened(line.label))
        );
    }
    svg.push_str("</svg>");
    Some(svg)
}

fn shortened(label: &str) -> String {
    if label.chars().count() <= LABEL_LETTERS {
        return label.to_owned();
    }
    let kept: String = label.chars().take(LABEL_LETTERS - 1).collect();
    format!("{}…", kept.trim_end())
}

fn scale(part: i64, whole: i64, length: u32) -> u32 {
    let scaled = i128::from(part) * i128::from(length) / i128::from(whole.max(1));
    u32::try_from(scaled).unwrap_or(0).min(length)
}

// Labels that would lie on each other are moved apart, between top and bottom: where each was, and where it is.
fn apart<T>(labels: Vec<(u32, T)>, top: u32, bottom: u32) -> Vec<(u32, u32, T)> {
    let mut placed: Vec<(u32, u32, T)> = labels.into_iter().map(|(y, it)| (y, y, it)).collect();
    placed.sort_by_key(|(from, ..)| *from);
    let mut free = top;
    for (_, to, _) in &mut placed {
        *to = (*to).max(free);
        free = *to + LABEL;
    }
    let mut free = bottom;
    for (_, to, _) in placed.iter_mut().rev() {
        *to = (*to).min(free);
        free = to.saturating_sub(LABEL);
    }
    placed
}

// Who held how many, and when: a column for each of the instants at which that changed, or for some of them.
fn figures(
    known: &[Known<'_>],
    held: &[(&Line<'_>, u32)],
    words: &Words<'_>,
    clock: impl Fn(i64) -> String,
) -> String {
    let mut html = format!(
        "<details class=\"figures\"><summary>{}</summary><div class=\"wide\" tabindex=\"0\" role=\"region\" \
         aria-label=\"{}: {}\"><table><thead><tr><th scope=\"col\">{}</th>",
        escape(words.figures),
        escape(words.title),
        escape(words.figures),
        escape(words.list)
    );
    let columns = columns(known);
    for (time, _) in &columns {
        let _ = write!(
            html,
            "<th scope=\"col\" class=\"number\">{}</th>",
            escape(&clock(*time))
        );
    }
    html.push_str("</tr></thead><tbody>");
    for (line, _) in held {
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escape(line.name));
        for (_, seats) in &columns {
            let _ = write!(html, "<td class=\"number\">{}</td>", at(seats, line));
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div></details>");
    html
}

fn columns<'a>(known: &[Known<'a>]) -> Vec<Known<'a>> {
    let mut changed: Vec<Known<'a>> = Vec::new();
    for now in known {
        if changed.last().is_none_or(|last| last.1 != now.1) {
            changed.push(*now);
        }
    }
    let last = changed.len().saturating_sub(1);
    if last < COLUMNS_MAX {
        return changed;
    }
    let picked = (0..COLUMNS_MAX).map(|column| changed[column * last / (COLUMNS_MAX - 1)]);
    picked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time: i64, seats: Option<&[(&str, u32)]>) -> Sample {
        let seats = seats.map(|rows| {
            let rows = rows.iter().map(|(id, seats)| ((*id).to_owned(), *seats));
            rows.collect()
        });
        Sample {
            time,
            seats: vec![seats],
        }
    }

    fn look(number: usize) -> Look {
        Look {
            number,
            colour: String::from("#123456"),
            letters: String::from("A"),
        }
    }

    const WORDS: Words<'_> = Words {
        title: "seats",
        figures: "numbers",
        list: "list",
        majority: Some(3),
    };

    fn drawn(samples: &[Sample], lines: &[Line<'_>]) -> Option<String> {
        let samples: Vec<&Sample> = samples.iter().collect();
        drawing(0, &samples, lines, &WORDS, |time| format!("at {time}"))
    }

    #[test]
    fn lines_begin_with_what_is_known_and_end_with_the_newest() {
        let look = look(0);
        let lines = [Line {
            option_id: "a",
            label: "A & B",
            name: "A and B",
            look: &look,
        }];
        let samples = [
            sample(0, None),
            sample(10, Some(&[("a", 3)])),
            sample(20, Some(&[("a", 5)])),
        ];
        let html = drawn(&samples, &lines).unwrap();
        assert!(html.contains("A &amp; B 5") && html.contains("at 10") && html.contains("at 20"));
        assert!(
            html.contains(&format!("M{LEFT} "))
                && html.contains(&format!("H{RIGHT}V{TOP}H{RIGHT}"))
        );
        assert!(html.contains(
            "<th scope=\"row\">A and B</th><td class=\"number\">3</td><td class=\"number\">5</td>"
        ));
        assert_eq!(drawn(&samples[..1], &lines), None);
    }

    #[test]
    fn only_lists_that_ever_held_a_seat_have_a_line_and_labels_keep_apart_inside() {
        let looks: Vec<Look> = (0..39).map(look).collect();
        let ids: Vec<String> = (0..39).map(|list| format!("l{list}")).collect();
        let lines = ids.iter().zip(&looks).map(|(id, look)| Line {
            option_id: id,
            label: id,
            name: id,
            look,
        });
        let lines: Vec<Line<'_>> = lines.collect();
        // Thirteen hold seats; one of them had lost all by the end.
        let held: Vec<(&str, u32)> = ids[..12].iter().map(|id| (id.as_str(), 4)).collect();
        let before = [&held[..], &[("l12", 2)]].concat();
        let html = drawn(&[sample(0, Some(&before)), sample(9, Some(&held))], &lines).unwrap();
        assert_eq!(html.matches("class=\"line\"").count(), 13);
        let labels = html.split("class=\"end\"").skip(1).map(|label| {
            let y = label.split(" y=\"").nth(1).unwrap();
            y.split('"').next().unwrap().parse::<u32>().unwrap()
        });
        let mut labels: Vec<u32> = labels.collect();
        labels.sort_unstable();
        assert_eq!(labels.len(), 13);
        assert!(
            labels.windows(2).all(|two| two[1] - two[0] >= LABEL),
            "{labels:?}"
        );
        let height: u32 = html
            .split("0 0 720 ")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!(*labels.first().unwrap() >= TOP && *labels.last().unwrap() <= height - 28);
        // The table says what happened to the one that is gone.
        assert!(html.contains(
            "<th scope=\"row\">l12</th><td class=\"number\">2</td><td class=\"number\">0</td>"
        ));
        assert!(!html.contains("l13"));
    }

    #[test]
    fn lines_of_as_many_seats_do_not_hide_each_other() {
        let looks = [look(0), look(1), look(2)];
        let lines: Vec<Line<'_>> = ["a", "b", "c"]
            .iter()
            .zip(&looks)
            .map(|(id, look)| Line {
                option_id: id,
                label: id,
                name: id,
                look,
            })
            .collect();
        let held = [("a", 3), ("b", 3), ("c", 5)];
        let html = drawn(&[sample(0, Some(&held)), sample(9, Some(&held))], &lines).unwrap();
        let paths = html.split("class=\"line\" d=\"").skip(1);
        let mut paths: Vec<&str> = paths.map(|path| path.split('"').next().unwrap()).collect();
        assert_eq!(paths.len(), 3);
        assert!(paths.iter().all(|path| !path.contains('V')), "{paths:?}");
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), 3, "{paths:?}");
    }

    #[test]
    fn the_table_has_few_columns_the_first_and_the_last_among_them() {
        let look = look(0);
        let lines = [Line {
            option_id: "a",
            label: "A",
            name: "A",
            look: &look,
        }];
        let samples: Vec<Sample> = (0..64)
            .map(|time| sample(time, Some(&[("a", u32::try_from(time / 2).unwrap())])))
            .collect();
        let html = drawn(&samples, &lines).unwrap();
        assert_eq!(
            html.matches("<th scope=\"col\" class=\"number\">").count(),
            COLUMNS_MAX
        );
        assert!(
            html.contains(">at 0<") && html.contains(">at 62<"),
            "{html}"
        );
    }
}
