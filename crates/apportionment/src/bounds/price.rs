//! What claims cost: the fewest votes with which a list's seat number m comes before a given claim of another list.

use std::cmp::Ordering;

use crate::keys::Keys;

/// Prices of the first, second, ... claim.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prices {
    /// Votes with which the key is at least that of the given claim; `u64::MAX`: no number of votes.
    at_least: Vec<u64>,
    /// Votes with which it is larger.
    above: Vec<u64>,
}

impl Prices {
    /// The price of claim number `claim`, from 1.
    #[inline]
    pub fn of(&self, claim: u32, may_be_equal: bool) -> u64 {
        let row = if may_be_equal {
            &self.at_least
        } else {
            &self.above
        };
        let place = usize::try_from(claim)
            .ok()
            .and_then(|claim| claim.checked_sub(1));
        place
            .and_then(|place| row.get(place))
            .copied()
            .unwrap_or(u64::MAX)
    }

    /// Prices of `number` claims against the key for seat number `seat` of a list with `votes`, by divisors.
    pub fn against(keys: &Keys, votes: u64, seat: u32, number: u32) -> Self {
        let mut prices = Self::default();
        let own = (keys.level(u128::from(votes), 1), seat);
        let mut before = (0, 0);
        for claim in 0..number {
            let meets = |other: u64, wanted: Ordering| {
                let order = keys.compare((keys.level(u128::from(other), 1), claim), own);
                other > 0 && (order == Ordering::Greater || order == wanted)
            };
            let (at_least, above) = match keys {
                Keys::Divisors(line) => line_prices(line, votes, seat, claim),
                Keys::Quota { .. } | Keys::Curved(_) => {
                    // Keys fall along a row, so that prices rise; and about as fast as before.
                    let at_least =
                        search(before.0, before.1, |other| meets(other, Ordering::Equal));
                    let above = search(at_least, 0, |other| meets(other, Ordering::Greater));
                    before = (at_least, at_least.saturating_sub(before.0));
                    (at_least, above)
                }
            };
            prices.at_least.push(at_least);
            prices.above.push(above);
        }
        prices
    }

    /// Prices of `number` claims against the key for seat number `seat` of a list with `votes`, under a quota in `unit` parts
    /// of a vote: `unit * w - m * quota >= unit * votes - seat * quota`.
    pub fn under(unit: i128, quota: i128, votes: u64, seat: u32, number: u32) -> Self {
        let mut prices = Self::default();
        for claim in 0..number {
            let level = i128::from(votes) * unit + (i128::from(claim) - i128::from(seat)) * quota;
            let price = |votes: i128| u64::try_from(votes.max(1)).unwrap_or(u64::MAX);
            prices.at_least.push(price(-(-level).div_euclid(unit)));
            prices.above.push(price(level.div_euclid(unit) + 1));
        }
        prices
    }
}

/// By proportion, where divisors are whole numbers of a common unit.
fn line_prices(line: &crate::keys::Line, votes: u64, seat: u32, claim: u32) -> (u64, u64) {
    let (own, other) = (line.divisor(seat), line.divisor(claim));
    match (own, other) {
        (0, 0) => (votes, votes.saturating_add(1)),
        (0, _) => (u64::MAX, u64::MAX),
        (_, 0) => (1, 1),
        (own, other) => {
            // Votes below 2^64 times a divisor below 2^30.
            let share = u128::from(votes) * u128::from(other);
            let own = u128::from(own);
            let narrow = |votes: u128| u64::try_from(votes.max(1)).unwrap_or(u64::MAX);
            (narrow(share.div_ceil(own)), narrow(share / own + 1))
        }
    }
}

/// The first number above or at `low` that meets a condition which larger ones meet too; the first step is a guess.
fn search(low: u64, step: u64, meets: impl Fn(u64) -> bool) -> u64 {
    let mut low = low.max(1);
    if meets(low) {
        return low;
    }
    let mut step = step.max(1);
    let mut high = low;
    loop {
        if high == u64::MAX {
            return u64::MAX;
        }
        high = high.saturating_add(step);
        if meets(high) {
            break;
        }
        low = high;
        step = step.saturating_mul(2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if meets(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}
