//! What the picture of certain seats is made of: steps over the revisions of a log, and texts that stay inside of it.

use crate::text::wrapped;
use std::fmt::Write as _;

/// How high a panel is.
pub const PANEL_HEIGHT: u64 = 130;
/// What is free on both sides of the picture.
pub const MARGIN: u64 = 30;
/// Between two lines of a text.
const LEADING: u64 = 20;
/// What the last moment is wide at least: it has no next one up to which it would hold.
const LAST_WIDTH: u64 = 4;
/// The width of a letter in thousandths of its height. Fonts differ: this is what the wide ones need of ordinary text.
const LETTER_WIDTH: u64 = 600;
/// The height of the title's letters.
pub const TITLE_SIZE: u64 = 20;
/// That of all others but those at axes.
pub const TEXT_SIZE: u64 = 13;
/// What is possible is hatched.
pub const PATTERNS: &str = "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
    patternTransform=\"rotate(45)\"><path d=\"M0 0V6\" stroke=\"#000\" stroke-opacity=\"0.35\" stroke-width=\"1.5\"/></pattern></defs>\n";

/// Where a revision and a number of seats are in a panel.
pub struct Scale {
    corner: (u64, u64),
    width: u64,
    /// What of the width is the last moment's.
    last: u64,
    revisions: u64,
    top: u64,
}

impl Scale {
    /// Of a panel at a corner: the last revision of so many moments ends at its right edge, so many seats stand at its upper one.
    pub fn new(corner: (u64, u64), width: u64, (revisions, moments): (u64, u64), top: u64) -> Self {
        Self {
            corner,
            width,
            // As wide as the others are on average.
            last: (width / moments.max(1)).clamp(LAST_WIDTH, width / 4),
            revisions: revisions.max(1),
            top: top.max(1),
        }
    }

    /// Where a revision begins.
    pub fn x(&self, revision: u64) -> u64 {
        let width = u128::from(self.width - self.last);
        let along = u128::from(revision.min(self.revisions)) * width;
        self.corner.0 + u64::try_from(along / u128::from(self.revisions)).unwrap_or(0)
    }

    /// Where the last one ends.
    fn end(&self) -> u64 {
        self.corner.0 + self.width
    }

    fn y(&self, seats: u64) -> u64 {
        let up = seats.min(self.top) * PANEL_HEIGHT / self.top;
        self.corner.1 + PANEL_HEIGHT - up
    }
}

/// Steps: what a moment says holds until the next one, and of the last one to the edge. A gap where there is nothing.
pub fn line(scale: &Scale, points: &[(u64, Option<u64>)]) -> String {
    let mut path = String::new();
    let mut is_drawing = false;
    for (revision, seats) in points {
        let x = scale.x(*revision);
        let _ = match (is_drawing, seats.map(|seats| scale.y(seats))) {
            (true, Some(y)) => write!(path, "H{x}V{y}"),
            (true, None) => write!(path, "H{x}"),
            (false, Some(y)) => write!(path, "M{x} {y}"),
            (false, None) => Ok(()),
        };
        is_drawing = seats.is_some();
    }
    if is_drawing {
        let _ = write!(path, "H{}", scale.end());
    }
    path
}

/// Between two lines of steps.
pub fn area(scale: &Scale, upper: &[(u64, u64)], lower: &[(u64, u64)]) -> String {
    let upper = upper
        .iter()
        .map(|(revision, seats)| (*revision, Some(*seats)));
    let mut path = line(scale, &upper.collect::<Vec<_>>());
    for (revision, seats) in lower.iter().rev() {
        let _ = write!(path, "V{}H{}", scale.y(*seats), scale.x(*revision));
    }
    if !path.is_empty() {
        path.push('Z');
    }
    path
}

/// No seats, from the first point on.
pub fn floor(points: &[(u64, u64)]) -> Vec<(u64, u64)> {
    points
        .first()
        .map(|first| (first.0, 0))
        .into_iter()
        .collect()
}

/// How many letters of a size there is room for.
pub fn letters(width: u64, size: u64) -> usize {
    usize::try_from(width * 1_000 / (size * LETTER_WIDTH)).unwrap_or(usize::MAX)
}

/// Writes a text from the left margin on in as many lines as it needs, and says where the next one would stand.
pub fn text(svg: &mut String, text: &str, (mut y, width): (u64, u64), look: (u64, &str)) -> u64 {
    let (size, look) = look;
    for line in wrapped(text, letters(width, size)).lines() {
        let line = escaped(line);
        let _ = writeln!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{y}\" font-size=\"{size}\" {look}>{line}</text>"
        );
        y += LEADING.max(size * 13 / 10);
    }
    y
}

/// A text that is no longer than so many letters.
pub fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(letters.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// An empty panel with its scale of seats.
pub fn frame(svg: &mut String, (x, y): (u64, u64), width: u64, top: u32) {
    let _ = write!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{PANEL_HEIGHT}\" fill=\"#f4f5f7\" stroke=\"#ccd\"/>\n\
         <text x=\"{}\" y=\"{}\" fill=\"#444\" font-size=\"11\" text-anchor=\"end\">{top}</text>\n\
         <text x=\"{}\" y=\"{}\" fill=\"#444\" font-size=\"11\" text-anchor=\"end\">0</text>\n",
        x - 4,
        y + 10,
        x - 4,
        y + PANEL_HEIGHT,
    );
}

/// A name of any script, so that its direction ends with it.
pub fn isolated(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

/// A text as XML has it.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Nothing that XML has no place for.
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
