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

/// As many of a bin are put in order one by one.
const FEW: u32 = 16;

/// The seats of all in order. As moments of lists are evenly apart, bins of the same width get about as many seats each, one
/// or two; whatever they get, a bin is put in order in O(n log n). Seats of one moment are compared by `at_once`.
pub(super) fn in_order(runs: &[Run], at_once: impl Fn(Seat, Seat) -> Ordering) -> Vec<Seat> {
    let numbers = runs.iter().map(|run| index(run.seats.into()));
    let (Some(first), Some(last), number) = (
        runs.iter().map(|run| run.due.at).min(),
        runs.iter().map(|run| run.due.bound(run.seats)).max(),
        numbers.sum::<usize>(),
    ) else {
        return Vec::new();
    };
    let bits = |number: u64| u64::BITS - number.leading_zeros();
    // A seat has room for the upper part of its moment, which keeps the order.
    let range = bits(last - first);
    let lower = range.saturating_sub(Seat::MOMENT_BITS);
    // Bins are a power of two wide, and at most twice as many as seats: fewer have to be looked at twice then.
    let width = (range - lower).saturating_sub(number.ilog2() + 1);
    let moment = move |at: u64| (at - first) >> lower;
    let bin = move |moment: u64| index(moment >> width);
    // Where each bin's next seat goes.
    let mut ends = vec![0_u32; 2 * number];
    for run in runs {
        run.due.each(run.seats, |at| ends[bin(moment(at))] += 1);
    }
    let (mut begin, mut most) = (0, 0);
    for end in &mut ends {
        most = most.max(*end);
        begin += std::mem::replace(end, begin);
    }
    let mut sorted = vec![Seat::default(); number];
    for run in runs {
        let mut seat = run.seat;
        run.due.each(run.seats, |at| {
            let moment = moment(at);
            let end = &mut ends[bin(moment)];
            let place = *end;
            *end += 1;
            sorted[index(place.into())] = seat.at(moment);
            seat = seat.following();
        });
    }
    let compare = |one: Seat, other: Seat| {
        let order = one.moment().cmp(&other.moment());
        order.then_with(|| at_once(one, other))
    };
    if most > FEW {
        let mut begin = 0;
        for end in ends {
            let end = index(end.into());
            sorted[begin..end].sort_unstable_by(|one, other| compare(*one, *other));
            begin = end;
        }
    } else {
        for end in 1..sorted.len() {
            let seat = sorted[end];
            let mut place = end;
            while place > 0 && compare(seat, sorted[place - 1]).is_lt() {
                sorted[place] = sorted[place - 1];
                place -= 1;
            }
            sorted[place] = seat;
        }
    }
    sorted
}

#[inline(always)]
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
