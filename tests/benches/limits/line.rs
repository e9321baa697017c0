//! What a benchmark says: one line each, with the limit that was measured beside it in the same run.

use serde_json::{Value, json};
use std::time::Duration;

/// A measured figure, what it was measured against, and whether it is good enough.
#[derive(Debug)]
pub struct Line {
    /// What was measured.
    pub what: String,
    /// The figure, with its unit.
    pub figure: String,
    /// The limit, or the peer, of the same run.
    pub beside: String,
    /// What is judged: most often the ratio of the two.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it should be.
    pub target: Target,
}

/// What a value should be.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// Whatever it is: it is stated.
    Stated,
}

impl Line {
    /// Whether the target is met; `None`: there is none.
    pub fn is_met(&self) -> Option<bool> {
        match self.target {
            Target::AtLeast(least) => Some(self.value >= least),
            Target::AtMost(most) => Some(self.value <= most),
            Target::Stated => None,
        }
    }

    fn verdict(&self) -> &'static str {
        match self.is_met() {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "stated",
        }
    }

    fn cells(&self) -> [String; 6] {
        let unit = self.unit;
        let target = match self.target {
            Target::AtLeast(least) => format!(">= {}", rounded(least)),
            Target::AtMost(most) => format!("<= {}", rounded(most)),
            Target::Stated => String::new(),
        };
        [
            self.what.clone(),
            self.figure.clone(),
            self.beside.clone(),
            format!("{} {unit}", rounded(self.value))
                .trim_end()
                .to_owned(),
            target,
            self.verdict().to_owned(),
        ]
    }

    /// The line for a program.
    pub fn to_json(&self) -> Value {
        let (least, most) = match self.target {
            Target::AtLeast(least) => (Some(least), None),
            Target::AtMost(most) => (None, Some(most)),
            Target::Stated => (None, None),
        };
        json!({
            "what": self.what, "figure": self.figure, "beside": self.beside, "value": self.value, "unit": self.unit,
            "at_least": least, "at_most": most, "is_met": self.is_met(),
        })
    }
}

/// The lines as a table in Markdown, which a terminal shows as well.
pub fn table(lines: &[Line]) -> String {
    let heads = [
        "measured",
        "figure",
        "limit or peer of the same run",
        "value",
        "target",
        "",
    ];
    let rows: Vec<_> = lines.iter().map(Line::cells).collect();
    let mut widths = heads.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    let mut push = |cells: [&str; 6]| {
        for (cell, width) in cells.into_iter().zip(widths) {
            text.push_str(&format!("| {cell:width$} "));
        }
        text.push_str("|\n");
    };
    push(heads);
    let rule = widths.map(|width| "-".repeat(width));
    push(rule.each_ref().map(String::as_str));
    for row in &rows {
        push(row.each_ref().map(String::as_str));
    }
    text
}

/// The value in the middle. Nothing was measured: not a number, which meets no target.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this share of all lies.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let places = u32::try_from(sorted.len()).unwrap_or(u32::MAX);
    let below = f64::from(places) * share;
    let place = (0..places).rev().find(|place| f64::from(*place) <= below);
    place
        .and_then(|place| sorted.get(usize::try_from(place).ok()?).copied())
        .unwrap_or(f64::NAN)
}

/// A span in microseconds.
pub fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}

/// How many a second, with separators between the thousands.
pub fn rate(per_second: f64) -> String {
    let digits = format!("{per_second:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text}/s")
}

/// Three digits are more than any of these figures is good for.
fn rounded(value: f64) -> String {
    match value.abs() {
        nothing if nothing.is_nan() => "-".to_owned(),
        0.0 => "0".to_owned(),
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
