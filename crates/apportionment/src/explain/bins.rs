//! Seats in the order of their moments, by throwing them into bins.

use std::cmp::Ordering;

/// A seat that is given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seat {
    /// When it falls due, in whole units.
    pub at: u64,
    /// The place of its list among the contenders.
    pub place: usize,
    /// Its number among the list's own, from 0.
    pub number: u32,
}

/// Seats in order. As moments of lists are evenly apart, bins of the same width get about as many seats each, one or two;
/// whatever they get, a bin is put in order in O(n log n).
pub(super) fn in_order(seats: &[Seat], at_once: impl Fn(&Seat, &Seat) -> Ordering) -> Vec<Seat> {
    let compare =
        |one: &Seat, other: &Seat| one.at.cmp(&other.at).then_with(|| at_once(one, other));
    let moments = || seats.iter().map(|seat| seat.at);
    let (Some(first), Some(last)) = (moments().min(), moments().max()) else {
        return Vec::new();
    };
    // Bins are a power of two wide, and more than half as many as seats.
    let bits = |number: u64| u64::BITS - number.leading_zeros();
    let seats_bits = seats.len().ilog2();
    let width = bits(last - first).saturating_sub(seats_bits);
    let bin = |seat: &Seat| usize::try_from((seat.at - first) >> width).unwrap_or(usize::MAX);
    // Where each bin's next seat goes.
    let mut ends = vec![0; seats.len()];
    for seat in seats {
        ends[bin(seat)] += 1;
    }
    let mut begin = 0;
    for end in &mut ends {
        begin += std::mem::replace(end, begin);
    }
    let mut sorted = vec![Seat::default(); seats.len()];
    for seat in seats {
        let end = &mut ends[bin(seat)];
        sorted[*end] = *seat;
        *end += 1;
    }
    let mut begin = 0;
    for end in ends {
        match &mut sorted[begin..end] {
            [] | [_] => {}
            [one, other] => {
                if compare(one, other).is_gt() {
                    std::mem::swap(one, other);
                }
            }
            more => more.sort_unstable_by(&compare),
        }
        begin = end;
    }
    sorted
}
