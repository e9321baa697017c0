//! Keys in the form in which they are compared again and again: carried along, not computed anew for each comparison.

use std::cmp::Ordering;

use crate::due::Clock;
use crate::keys::{Keys, Level, Line, remainder};

/// A way to carry and compare the keys of one stage. All ways of a stage put them in the same order.
pub(crate) trait Order {
    /// What stands for one key.
    type Carried: Copy;

    /// The key of a level's seat, from 0.
    fn carried(&self, level: Level, seat: u32) -> Self::Carried;

    /// The key of the same competitor's next seat, of this number.
    fn next(&self, carried: Self::Carried, seat: u32) -> Self::Carried;

    /// The key of the same competitor's seat before, of this number.
    fn previous(&self, carried: Self::Carried, seat: u32) -> Self::Carried;

    /// Compares two keys.
    fn compare(&self, left: Self::Carried, right: Self::Carried) -> Ordering;

    /// A clock for keys of levels up to this one and seats up to this number, from 0, if this way of carrying them has one.
    fn clock(&self, _largest: i128, _last: u32) -> Option<Clock<'_>> {
        None
    }

    /// The buffer for keys of this way.
    fn heap(heaps: &mut Heaps) -> &mut Vec<Entry<Self::Carried>>;
}

/// A key, and the place of the competitor whose it is.
pub(crate) type Entry<K> = (K, usize);

/// Buffers for the keys of competitors, of which one is in use.
#[derive(Debug, Default)]
pub(crate) struct Heaps {
    remainders: Vec<Entry<i128>>,
    quotients: Vec<Entry<(u64, u64)>>,
    others: Vec<Entry<(Level, u32)>>,
}

/// What goes on with the keys of a stage, whichever way they are carried.
pub(crate) trait Ordered {
    /// What it comes to.
    type Output;

    /// Goes on.
    fn run<O: Order>(self, order: &O) -> Self::Output;
}

impl Keys {
    /// Goes on with keys in the shortest form that the levels allow; `all` has the bits of each of them.
    pub(crate) fn in_order<T: Ordered>(&self, all: i128, then: T) -> T::Output {
        match self {
            Self::Quota { quota, .. } => then.run(&Remainders { quota: *quota }),
            Self::Divisors(line) if u64::try_from(all).is_ok() => then.run(&Quotients { line }),
            Self::Divisors(_) | Self::Curved(_) => then.run(self),
        }
    }
}

/// Keys of a quota: what is left of the level.
struct Remainders {
    quota: i128,
}

impl Order for Remainders {
    type Carried = i128;

    #[inline(always)]
    fn carried(&self, level: Level, seat: u32) -> i128 {
        remainder(level.value, seat, self.quota)
    }

    #[inline(always)]
    fn next(&self, carried: i128, _: u32) -> i128 {
        carried - self.quota
    }

    #[inline(always)]
    fn previous(&self, carried: i128, _: u32) -> i128 {
        carried + self.quota
    }

    #[inline(always)]
    fn compare(&self, left: i128, right: i128) -> Ordering {
        count();
        left.cmp(&right)
    }

    #[inline]
    fn heap(heaps: &mut Heaps) -> &mut Vec<Entry<Self::Carried>> {
        &mut heaps.remainders
    }
}

/// Keys over divisors on a line, of levels of 64 bits: the two parts of a fraction.
struct Quotients<'a> {
    line: &'a Line,
}

impl Order for Quotients<'_> {
    type Carried = (u64, u64);

    #[inline(always)]
    fn carried(&self, level: Level, seat: u32) -> (u64, u64) {
        let level = u64::try_from(level.value).expect("this way is for levels of 64 bits");
        (level, self.line.divisor(seat))
    }

    #[inline(always)]
    fn next(&self, (level, _): (u64, u64), seat: u32) -> (u64, u64) {
        (level, self.line.divisor(seat))
    }

    #[inline(always)]
    fn previous(&self, (level, _): (u64, u64), seat: u32) -> (u64, u64) {
        (level, self.line.divisor(seat))
    }

    #[inline(always)]
    fn compare(&self, left: (u64, u64), right: (u64, u64)) -> Ordering {
        count();
        let product = |level: u64, divisor: u64| u128::from(level) * u128::from(divisor);
        let order = product(left.0, right.1).cmp(&product(right.0, left.1));
        if order.is_eq() && left.1 | right.1 == 0 {
            // Two first seats that come before all others: the larger list's is first.
            return left.0.cmp(&right.0);
        }
        order
    }

    #[inline]
    fn clock(&self, largest: i128, last: u32) -> Option<Clock<'_>> {
        Clock::new(self.line, largest, last)
    }

    #[inline]
    fn heap(heaps: &mut Heaps) -> &mut Vec<Entry<Self::Carried>> {
        &mut heaps.quotients
    }
}

/// All other keys: a level and a seat.
impl Order for Keys {
    type Carried = (Level, u32);

    #[inline]
    fn carried(&self, level: Level, seat: u32) -> (Level, u32) {
        (level, seat)
    }

    #[inline]
    fn next(&self, (level, _): (Level, u32), seat: u32) -> (Level, u32) {
        (level, seat)
    }

    #[inline]
    fn previous(&self, (level, _): (Level, u32), seat: u32) -> (Level, u32) {
        (level, seat)
    }

    #[inline]
    fn compare(&self, left: (Level, u32), right: (Level, u32)) -> Ordering {
        Self::compare(self, left, right)
    }

    #[inline]
    fn heap(heaps: &mut Heaps) -> &mut Vec<Entry<Self::Carried>> {
        &mut heaps.others
    }
}

/// Counts a comparison, for tests of the running time.
#[inline(always)]
fn count() {
    #[cfg(test)]
    crate::keys::counted::COMPARISONS.with(|counter| counter.set(counter.get() + 1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Method;
    use proptest::prelude::*;

    /// The order of two keys of a stage.
    struct Both([(Level, u32); 2]);

    impl Ordered for Both {
        type Output = Ordering;

        fn run<O: Order>(self, order: &O) -> Self::Output {
            let carried = self.0.map(|(level, seat)| order.carried(level, seat));
            let [left, right] = carried;
            order.compare(left, right)
        }
    }

    fn weights() -> impl Strategy<Value = u128> {
        prop_oneof![1u128..50, 1u128..1 << 64, 1u128..1 << 77]
    }

    proptest! {
        /// However keys are carried, they are in the same order.
        #[test]
        fn every_way_says_the_same(
            method in prop::sample::select(vec![
                Method::HARE, Method::DROOP, Method::D_HONDT, Method::SAINTE_LAGUE, Method::ADAMS, Method::IMPERIALI,
                Method::HUNTINGTON_HILL, Method::DEAN,
            ]),
            weights in prop::array::uniform2(weights()),
            seats in prop::array::uniform2(prop_oneof![0u32..5, 0u32..100_000]),
        ) {
            let keys = Keys::of(method, weights[0] + weights[1], 7, 1);
            let level = |place: usize| (keys.level(weights[place], 1), seats[place]);
            let (left, right) = (level(0), level(1));
            let all = left.0.value | right.0.value;
            let found = keys.in_order(all, Both([left, right]));
            prop_assert_eq!(found, keys.compare(left, right));
        }
    }
}
