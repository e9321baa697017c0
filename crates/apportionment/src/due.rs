//! When seats fall due: what puts them in order with one look at each, and not with comparisons of fractions.
//!
//! A key over divisors on a line is `w / d(m)`; upside down it is a moment, `d(m) / w`, and seats go to the lists in the order
//! of their moments. Those of one list are evenly apart, so the next is an addition away. They are kept as whole units and a
//! rest, without any error. Cut off to whole units they are still in order: **a larger key is never due in a later unit**,
//! because cutting off keeps an order. Only seats that are due in the same unit are compared as fractions, and of those
//! there are few.

use crate::keys::{Level, Line};

/// The clock of one stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock<'a> {
    line: &'a Line,
    /// A unit is 2^-places.
    places: u32,
}

/// Even the seats of the largest competitor are so many units apart at least.
const APART_MIN: u64 = 1 << 12;

impl<'a> Clock<'a> {
    /// A clock for levels up to this one and seats up to this number, from 0. `None` where it would be too coarse: where a
    /// level times that number is beyond about 2^52, as of 2^35 votes and 100,000 seats.
    pub(crate) fn new(line: &'a Line, largest: i128, last: u32) -> Option<Self> {
        let largest = u64::try_from(largest).ok().filter(|level| *level > 0)?;
        // No divisor is above both of these, and a step is at most that of the second seat.
        let places = (line.divisor(last.max(1)).max(line.first)).leading_zeros();
        ((line.step << places) / largest >= APART_MIN).then_some(Self { line, places })
    }

    /// When a competitor's seats fall due, from this one on; `None` for one without votes, whose seats never do.
    #[inline(always)]
    pub(crate) fn due(self, level: Level, seat: u32) -> Option<Due> {
        let weight = u64::try_from(level.value)
            .ok()
            .filter(|weight| *weight > 0)?;
        let moment = |divisor: u64| {
            let units = divisor << self.places;
            (units / weight, units % weight)
        };
        let (apart, apart_rest) = moment(self.line.step);
        let (at, rest) = match self.line.divisor(seat) {
            // As of the first seat by D'Hondt: a division less.
            divisor if divisor == self.line.step => (apart, apart_rest),
            divisor => moment(divisor),
        };
        Some(Due {
            at,
            rest,
            apart,
            apart_rest,
            weight,
            // The first divisor need not be on the line.
            second: (seat == 0 && self.line.first + self.line.step != self.line.divisor(1))
                .then(|| moment(self.line.divisor(1))),
        })
    }
}

/// The moment of one seat, from which those of the next are found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    /// Whole units.
    pub at: u64,
    /// What was cut off, in parts of a unit that are as many as the weight.
    rest: u64,
    apart: u64,
    apart_rest: u64,
    weight: u64,
    second: Option<(u64, u64)>,
}

impl Due {
    /// The moments of so many seats, this one among them, for which the clock was made.
    #[inline(always)]
    pub(crate) fn each(mut self, seats: u32, mut then: impl FnMut(u64)) {
        if seats == 0 {
            return;
        }
        then(self.at);
        let mut left = seats - 1;
        if let Some((at, rest)) = self.second.filter(|_| left > 0) {
            (self.at, self.rest) = (at, rest);
            then(self.at);
            left -= 1;
        }
        for _ in 0..left {
            self.at += self.apart;
            // Both are below the weight, and that is below 2^52, as seats are at least 2^12 units apart.
            self.rest += self.apart_rest;
            if self.rest >= self.weight {
                self.rest -= self.weight;
                self.at += 1;
            }
            then(self.at);
        }
    }

    /// No moment of so many seats is later than this.
    pub(crate) fn bound(self, seats: u32) -> u64 {
        let begin = self.second.map_or(self.at, |(at, _)| at.max(self.at));
        (self.apart.saturating_add(1))
            .saturating_mul(seats.into())
            .saturating_add(begin)
    }
}
