//! The house as a half circle of cells: a sign for each seat where they have room, else parts of an arc in proportion.

use live_feed::house::{self, Holder};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;

/// A cell is about twice as high as it is wide.
const CELL_HEIGHT: f64 = 2.0;

/// Signs of lists, by their place on the ballot: told apart without colours.
const SIGNS: [&str; 8] = ["●", "■", "▲", "◆", "★", "▼", "♥", "♣"];

/// The sign of a list.
pub(super) fn sign(place: usize) -> &'static str {
    SIGNS[place % SIGNS.len()]
}

/// The same where its seat is not certain yet.
const OPEN_SIGNS: [&str; 8] = ["◎", "□", "△", "◇", "☆", "▽", "♡", "♧"];

/// The sign of a seat of a list that is not certain yet.
pub(super) fn open_sign(place: usize) -> &'static str {
    OPEN_SIGNS[place % OPEN_SIGNS.len()]
}

/// The sign of a seat that no option of the table holds.
pub(super) fn sign_of(holder: Holder) -> &'static str {
    match holder {
        Holder::Row(place) => sign(place),
        Holder::Open(place) => open_sign(place),
        Holder::Others => "•",
        Holder::Person => "☺",
        Holder::Tied => "?",
        Holder::Unassigned => "x",
        Holder::Withheld => "!",
        Holder::NotYet => "○",
    }
}

/// A run of seats from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub sign: &'static str,
    pub colour: Color,
    pub seats: u32,
}

/// The widget.
#[derive(Debug)]
pub(super) struct House<'a>(pub &'a [Run]);

impl Widget for House<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let seats: u32 = self.0.iter().map(|run| run.seats).sum();
        let holders = self
            .0
            .iter()
            .flat_map(|run| (0..run.seats).map(move |_| run));
        let holders: Vec<&Run> = holders.collect();
        let cells = places(seats, area.width, area.height).unwrap_or_default();
        let mut put = |(x, y): (u16, u16), run: &Run| {
            if let Some(cell) = buffer.cell_mut((area.x + x, area.y + y)) {
                cell.set_symbol(run.sign)
                    .set_style(Style::new().fg(run.colour));
            }
        };
        if cells.is_empty() {
            // Too many for a sign each: every cell stands for the seat at its place in the order.
            let arc = arc(area.width, area.height);
            for (place, cell) in arc.iter().enumerate() {
                if let Some(run) = holders.get(place * holders.len() / arc.len()) {
                    put(*cell, run);
                }
            }
        }
        for (cell, run) in cells.into_iter().zip(holders) {
            put(cell, run);
        }
    }
}

/// A cell for each seat, from left to right, each its own; `None`: there is no room for that.
pub(super) fn places(seats: u32, width: u16, height: u16) -> Option<Vec<(u16, u16)>> {
    let outer = radius(width, height);
    (1..=height.min(24)).find_map(|rows| {
        let points = house::seats(seats, rows.into());
        let cells = points.iter().map(|seat| {
            let (right, up) = seat.point();
            let x = f64::from(width) / 2.0 + right * outer;
            let y = f64::from(height) - 0.5 - up * outer / CELL_HEIGHT;
            Some((cell(x, width)?, cell(y, height)?))
        });
        let cells: Vec<(u16, u16)> = cells.collect::<Option<_>>()?;
        let apart: std::collections::BTreeSet<_> = cells
            .iter()
            .flat_map(|(x, y)| [(*x, *y), (x.saturating_add(1), *y)])
            .collect();
        // A cell between neighbours of a row, so that they read as single seats.
        (apart.len() == cells.len() * 2).then_some(cells)
    })
}

/// All cells of the arc, from left to right.
fn arc(width: u16, height: u16) -> Vec<(u16, u16)> {
    let outer = radius(width, height) + 0.5;
    let (inner, whole) = house::INNER_PARTS;
    let number = |it: u64| u32::try_from(it).map_or(f64::MAX, f64::from);
    let inner = outer * number(inner) / number(whole);
    let mut cells: Vec<(f64, (u16, u16))> = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let across = f64::from(width) / 2.0 - f64::from(x) - 0.5;
            let up = (f64::from(height - y) - 0.5) * CELL_HEIGHT;
            let distance = across.hypot(up);
            if distance <= outer && distance >= inner {
                cells.push((up.atan2(across), (x, y)));
            }
        }
    }
    cells.sort_by(|a, b| a.0.total_cmp(&b.0));
    cells.into_iter().map(|it| it.1).collect()
}

fn radius(width: u16, height: u16) -> f64 {
    let across = f64::from(width) / 2.0 - 1.0;
    across.min((f64::from(height) - 0.5) * CELL_HEIGHT).max(1.0)
}

// The cell that a coordinate falls into.
fn cell(at: f64, cells: u16) -> Option<u16> {
    (0..cells).find(|cell| at < f64::from(*cell) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seat_has_a_cell_of_its_own_where_there_is_room() {
        for (seats, width, height) in [(1, 40, 10), (39, 50, 12), (120, 100, 30), (450, 200, 55)] {
            let cells = places(seats, width, height).unwrap();
            let own: std::collections::BTreeSet<_> = cells.iter().collect();
            assert_eq!(own.len(), usize::try_from(seats).unwrap(), "{seats}");
            assert!(cells.iter().all(|(x, y)| *x < width && *y < height));
        }
        assert_eq!(places(705, 40, 10), None);
    }

    #[test]
    fn without_room_cells_stand_in_proportion() {
        let run = |sign, seats| Run {
            sign,
            colour: Color::Reset,
            seats,
        };
        let area = Rect::new(0, 0, 40, 10);
        let mut buffer = Buffer::empty(area);
        House(&[run("a", 470), run("b", 235)]).render(area, &mut buffer);
        let count = |sign: &str| {
            buffer
                .content()
                .iter()
                .filter(|it| it.symbol() == sign)
                .count()
        };
        let (a, b) = (count("a"), count("b"));
        assert_eq!(a + b, arc(40, 10).len());
        assert!(a.abs_diff(b * 2) <= 2, "{a} {b}");
    }
}
