//! Seats in the order of their moments, by throwing them into bins.

use std::cmp::Ordering;

use super::steps::Seat;
use crate::due::Due;

/// Seats that a list gets one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// The first of them.
    pub seat: Seat,
    /// When it falls due.
    pub due: Due,
    /// How many there are.
    pub seats: u32,
}

/// A seat and when it falls due, in whole units.
type Moment = (u64, Seat);

/// As many of a bin are put in order one by one.
const FEW: u32 = 16;

/// The seats of all in order. As moments of lists are evenly apart, bins of the same width get about as many seats each, one
/// or two; whatever they get, a bin is put in order in O(n log n).
pub(super) fn in_order(runs: &[Run], at_once: impl Fn(&Seat, &Seat) -> Ordering) -> Vec<Seat> {
    let number = runs
        .iter()
        .map(|run| usize::try_from(run.seats).unwrap_or(usize::MAX));
    let (Some(first), Some(last), number) = (
        runs.iter().map(|run| run.due.at).min(),
        runs.iter().map(|run| run.due.bound(run.seats)).max(),
        number.sum::<usize>(),
    ) else {
        return Vec::new();
    };
    // Bins are a power of two wide, and as many as seats at most.
    let bits = |number: u64| u64::BITS - number.leading_zeros();
    let width = bits(last - first).saturating_sub(number.ilog2());
    let bin = |at: u64| usize::try_from((at - first) >> width).unwrap_or(usize::MAX);
    // Where each bin's next seat goes.
    let mut ends = vec![0_u32; number];
    for run in runs {
        run.due.each(run.seats, |at| ends[bin(at)] += 1);
    }
    let (mut begin, mut most) = (0, 0);
    for end in &mut ends {
        most = most.max(*end);
        begin += std::mem::replace(end, begin);
    }
    let mut sorted: Vec<Moment> = vec![(0, Seat::default()); number];
    for run in runs {
        let Seat { row, mut number } = run.seat;
        run.due.each(run.seats, |at| {
            let end = &mut ends[bin(at)];
            sorted[usize::try_from(*end).unwrap_or(usize::MAX)] = (at, Seat { row, number });
            *end += 1;
            number += 1;
        });
    }
    let compare =
        |one: &Moment, other: &Moment| one.0.cmp(&other.0).then_with(|| at_once(&one.1, &other.1));
    if most > FEW {
        let mut begin = 0;
        for end in ends {
            let end = usize::try_from(end).unwrap_or(usize::MAX);
            sorted[begin..end].sort_unstable_by(compare);
            begin = end;
        }
    } else {
        for end in 1..sorted.len() {
            let mut place = end;
            while place > 0 && compare(&sorted[place], &sorted[place - 1]).is_lt() {
                sorted.swap(place, place - 1);
                place -= 1;
            }
        }
    }
    sorted.into_iter().map(|(_, seat)| seat).collect()
}
