//! Places on a half circle, in fractions: what draws it says how large it is.

use std::f64::consts::PI;

/// The radius of the innermost row, in parts of the outermost.
pub const INNER_PARTS: (u64, u64) = (2, 5);

/// Where a seat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// Its place on the half turn from the left: part and whole.
    pub turn: (u64, u64),
    /// The radius of its row, of the outermost: part and whole.
    pub radius: (u64, u64),
}

impl Seat {
    /// How far right of the centre and above it, of the outermost radius.
    pub fn point(&self) -> (f64, f64) {
        let angle = PI * fraction(self.turn);
        let radius = fraction(self.radius);
        (-radius * angle.cos(), radius * angle.sin())
    }
}

/// The seats of a house in so many rows, from left to right; where rows end together, the outer seat first.
pub fn seats(seats: u32, rows: u32) -> Vec<Seat> {
    let mut all = Vec::new();
    for (row, count) in (0_u32..).zip(counts(seats, rows)) {
        let radius = radius(row, rows);
        all.extend((0..count).map(|seat| Seat {
            turn: match count {
                1 => (1, 2),
                _ => (seat.into(), (count - 1).into()),
            },
            radius,
        }));
    }
    let cross = |one: (u64, u64), other: (u64, u64)| u128::from(one.0) * u128::from(other.1);
    let compare = |one: (u64, u64), other: (u64, u64)| cross(one, other).cmp(&cross(other, one));
    all.sort_by(|a, b| compare(a.turn, b.turn).then(compare(b.radius, a.radius)));
    all
}

/// The radius of a row, from the innermost, as a fraction of the outermost.
fn radius(row: u32, rows: u32) -> (u64, u64) {
    let (inner, whole) = INNER_PARTS;
    match u64::from(rows.saturating_sub(1)) {
        0 => (4, 5),
        gaps => (
            inner * gaps + (whole - inner) * u64::from(row),
            whole * gaps,
        ),
    }
}

/// Seats of each row, in proportion to its length, by largest remainders, outer rows first.
pub(super) fn counts(seats: u32, rows: u32) -> Vec<u32> {
    let lengths: Vec<u64> = (0..rows).map(|row| radius(row, rows).0).collect();
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

fn fraction((part, whole): (u64, u64)) -> f64 {
    let number = |it: u64| u32::try_from(it).map_or(f64::MAX, f64::from);
    number(part) / number(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_hold_all_seats_and_longer_ones_more() {
        for (seats, rows) in [(1, 1), (39, 4), (120, 7), (450, 12), (705, 15), (3, 2)] {
            let counts = counts(seats, rows);
            assert_eq!(counts.iter().sum::<u32>(), seats);
            assert!(counts.is_sorted(), "{counts:?}");
            assert_eq!(
                super::seats(seats, rows).len(),
                usize::try_from(seats).unwrap()
            );
        }
    }

    #[test]
    fn seats_go_from_left_to_right_and_from_the_outer_row_inwards() {
        let all = seats(39, 4);
        assert!(all[..4].iter().all(|seat| seat.turn.0 == 0));
        assert!(all[35..].iter().all(|seat| seat.turn.0 == seat.turn.1));
        for ends in [&all[..4], &all[35..]] {
            let radii: Vec<u64> = ends.iter().map(|seat| seat.radius.0).collect();
            assert!(radii.is_sorted_by(|a, b| a > b), "{radii:?}");
        }
        let (x, y) = all[0].point();
        assert!((x + 1.0).abs() < 1e-12 && y.abs() < 1e-12, "leftmost");
        assert_eq!(seats(1, 1)[0].turn, (1, 2), "one alone is on top");
    }
}
