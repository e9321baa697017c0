//! Divisors that are no whole numbers of a common unit: means of neighbours, and powers. Exact, by whole numbers raised to
//! the degree of the root. For speed, means are compared in 192 bits where weights have 64, and powers by logarithms with a
//! proven error ([`crate::log`]): only where the two are too close to tell are the powers themselves computed.

use std::cmp::Ordering;

use crate::key::Key;
use crate::keys::Level;
use crate::log::{ERROR, floor_log2};
use crate::natural::Natural;
use crate::ratio::Ratio;

/// A row of divisors d with `d^degree = below / above` for whole numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Curve {
    /// Dean: the harmonic mean of m and m + 1, which is 2m(m + 1) / (2m + 1).
    Harmonic,
    /// Huntington-Hill: the geometric mean of m and m + 1.
    Geometric,
    /// (m + 1)^(power / degree)
    Power { power: u32, degree: u32 },
}

impl Curve {
    fn degree(self) -> u32 {
        match self {
            Self::Harmonic => 1,
            Self::Geometric => 2,
            Self::Power { degree, .. } => degree,
        }
    }

    /// A number times what `d(m)^degree` has below its line.
    fn times_below(self, number: Natural, seat: u32) -> Natural {
        match self {
            Self::Harmonic => number.times(2 * u128::from(seat) + 1),
            Self::Geometric | Self::Power { .. } => number,
        }
    }

    /// A number times what `d(m)^degree` has above its line.
    fn times_above(self, number: Natural, seat: u32) -> Natural {
        let seat = u128::from(seat);
        match self {
            Self::Harmonic => number.times(2 * seat * (seat + 1)),
            Self::Geometric => number.times(seat * (seat + 1)),
            Self::Power { power, .. } => number.times_power(seat + 1, power),
        }
    }

    fn begins_at_zero(self) -> bool {
        matches!(self, Self::Harmonic | Self::Geometric)
    }

    /// Compares the keys of two (level, seats already held).
    pub fn compare(self, left: (Level, u32), right: (Level, u32)) -> Ordering {
        if left.0.value == right.0.value {
            // Divisors rise strictly, so that of equal weights the one with fewer seats has the larger key.
            return right.1.cmp(&left.1);
        }
        if self.begins_at_zero() && (left.1 == 0 || right.1 == 0) {
            // A first seat comes before all others, and of two the larger list's.
            return right
                .1
                .min(1)
                .cmp(&left.1.min(1))
                .then(left.0.value.cmp(&right.0.value));
        }
        if let Some(order) = self.compare_short(left, right) {
            return order;
        }
        self.compare_powers(
            (left.0.value.unsigned_abs(), left.1),
            (right.0.value.unsigned_abs(), right.1),
        )
    }

    /// What can be told without long numbers.
    #[inline]
    fn compare_short(self, left: (Level, u32), right: (Level, u32)) -> Option<Ordering> {
        if let Self::Power { power, degree } = self {
            if left.0.value == 0 || right.0.value == 0 {
                return None;
            }
            // w / n^(power / degree) to the degree, in logarithms; crosswise, so that nothing is below zero.
            let side = |own: Level, other: u32| {
                u64::from(degree) * own.logarithm
                    + u64::from(power) * floor_log2(u128::from(other) + 1)
            };
            let (left_side, right_side) = (side(left.0, right.1), side(right.0, left.1));
            let error = ERROR * u64::from(power + degree);
            return if left_side >= right_side + error {
                Some(Ordering::Greater)
            } else if right_side >= left_side + error {
                Some(Ordering::Less)
            } else {
                None
            };
        }
        let weights = (
            u64::try_from(left.0.value).ok()?,
            u64::try_from(right.0.value).ok()?,
        );
        let side = |own: u64, own_seat: u32, other_seat: u32| {
            let (own_seat, other_seat) = (u64::from(own_seat), u64::from(other_seat));
            // Seats are below 2^17: the last factor is below 2^36.
            let (number, times) = match self {
                Self::Harmonic => (u128::from(2 * own_seat + 1), 2),
                Self::Geometric | Self::Power { .. } => (u128::from(own), 1),
            };
            wide_times(
                u128::from(own) * number,
                times * other_seat * (other_seat + 1),
            )
        };
        Some(side(weights.0, left.1, right.1).cmp(&side(weights.1, right.1, left.1)))
    }

    /// In numbers as long as it takes.
    fn compare_powers(self, left: (u128, u32), right: (u128, u32)) -> Ordering {
        let side = |own: (u128, u32), other: u32| {
            let power = Natural::ONE.times_power(own.0, self.degree());
            self.times_above(self.times_below(power, own.1), other)
        };
        side(left, right.1).compare(&side(right, left.1))
    }

    /// The key itself, for people and certificates.
    pub fn key(self, weight: u128, seat: u32) -> Key {
        let number = u128::from(seat);
        match self {
            Self::Harmonic | Self::Geometric if seat == 0 => Key::First { weight },
            Self::Harmonic => {
                let above = i128::try_from(weight * (2 * number + 1))
                    .expect("2^78 times 2^18 is below 2^127");
                Key::Fraction(Ratio::of(above, 2 * number * (number + 1)))
            }
            Self::Geometric => Key::Root {
                weight,
                base: number * (number + 1),
                power: 1,
                degree: 2,
            },
            Self::Power { power, degree } => Key::Root {
                weight,
                base: number + 1,
                power,
                degree,
            },
        }
    }

    /// How many divisors are at most `above / below`, counted up to `most`. `below` is at most 2^95.
    pub fn keys_within(self, above: u128, below: u128, most: u32) -> u32 {
        // d(m) <= above / below, both sides to the degree.
        let within_powers = |seat: u32| {
            let power = |number| Natural::ONE.times_power(number, self.degree());
            self.times_below(power(above), seat)
                .compare(&self.times_above(power(below), seat))
                .is_ge()
        };
        let logarithms = match self {
            Self::Power { .. } => (floor_log2(above), floor_log2(below)),
            Self::Harmonic | Self::Geometric => (0, 0),
        };
        let within = |seat: u32| match self {
            Self::Power { power, degree } => {
                if above == 0 {
                    return false;
                }
                let left = u64::from(degree) * logarithms.0;
                let right = u64::from(degree) * logarithms.1
                    + u64::from(power) * floor_log2(u128::from(seat) + 1);
                let error = ERROR * u64::from(power + degree);
                left >= right + error || (right < left + error && within_powers(seat))
            }
            Self::Harmonic | Self::Geometric if below == 1 << 64 => {
                self.mean_is_within(above, seat)
            }
            Self::Harmonic | Self::Geometric => within_powers(seat),
        };
        let (mut within_all, mut low, mut high);
        match self {
            // d(m) is between m and m + 1: only the whole part of the fraction itself is in doubt.
            Self::Harmonic | Self::Geometric => {
                let whole = u32::try_from(above / below).unwrap_or(u32::MAX).min(most);
                (within_all, low, high) = (whole, whole, whole.saturating_add(1).min(most));
            }
            Self::Power { power, degree } => {
                if most == 0 || !within(0) {
                    return 0;
                }
                let degree = i128::from(degree);
                let wanted = degree * (i128::from(logarithms.0) - i128::from(logarithms.1));
                let guess = power_of_two(wanted / i128::from(power)).clamp(1, most);
                // The border is next to the guess, or not far.
                let mut step = 1;
                high = most;
                if within(guess - 1) {
                    (within_all, low) = (guess, guess);
                    while low < high && within((low + step - 1).min(high - 1)) {
                        low = (low + step).min(high);
                        within_all = low;
                        step *= 2;
                    }
                    high = (low + step - 1).min(high);
                } else {
                    high = guess - 1;
                    while high > 0 && !within(high.saturating_sub(step)) {
                        high = high.saturating_sub(step);
                        step *= 2;
                    }
                    low = (high.saturating_sub(step) + 1).min(high);
                    within_all = low;
                }
            }
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if within(middle) {
                (low, within_all) = (middle + 1, middle + 1);
            } else {
                high = middle;
            }
        }
        within_all
    }

    /// Whether the mean of `whole` and `whole + 1` is at most `above / 2^64`, whose whole part is `whole`, below 2^17.
    fn mean_is_within(self, above: u128, whole: u32) -> bool {
        let whole = u128::from(whole);
        let rest = above & u128::from(u64::MAX);
        if above >> 64 > whole {
            return true;
        }
        match self {
            Self::Harmonic => above * (2 * whole + 1) >= (2 * whole * (whole + 1)) << 64,
            // (whole + r)^2 >= whole * (whole + 1) with r = rest / 2^64: 2 * whole * r + r^2 >= whole.
            Self::Geometric | Self::Power { .. } => {
                2 * whole * rest + ((rest * rest) >> 64) >= whole << 64
            }
        }
    }
}

/// 2 to a power in units of 2^-48, right to about one in 100,000; 2^24 where it is more than that.
pub(crate) fn power_of_two(exponent: i128) -> u32 {
    const UNIT: i128 = 1 << 48;
    // The natural logarithm of 2, in units of 2^-20.
    const LN_2: i128 = 726_817;
    if exponent >= 24 * UNIT {
        return 1 << 24;
    }
    let exponent = exponent.max(0);
    let (whole, rest) = (exponent / UNIT, exponent % UNIT);
    // 1 + x is at most 9 in 100 above 2^x; Newton's steps on the logarithm square that error twice.
    let mut number = (1 << whole) + ((rest << whole) >> 48);
    for _ in 0..2 {
        let beyond = i128::from(floor_log2(number.unsigned_abs())) - exponent;
        number -= (number * beyond * LN_2) >> 68;
        number = number.max(1);
    }
    u32::try_from(number).unwrap_or(1 << 24)
}

/// A product of 192 bits, which compares as a pair of its high and low parts.
pub(crate) fn wide_times(number: u128, factor: u64) -> (u128, u64) {
    let half = |value: u128| u64::try_from(value & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    let low = u128::from(half(number)) * u128::from(factor);
    let high = u128::from(half(number >> 64)) * u128::from(factor) + (low >> 64);
    (high, half(low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;
    use proptest::prelude::*;

    const ESTONIA: Curve = Curve::Power {
        power: 9,
        degree: 10,
    };

    #[test]
    fn divisors_are_counted_up_to_a_fraction() {
        // 1, 2^0.9 = 1.866..., 3^0.9 = 2.688..., 4^0.9 = 3.482...
        let counted = |thousandths: u128| ESTONIA.keys_within(thousandths, 1_000, 99);
        assert_eq!(
            [999, 1_000, 1_866, 1_867, 2_687, 2_688, 3_482, 3_483].map(counted),
            [0, 1, 1, 2, 2, 3, 3, 4]
        );
        // 0, sqrt 2 = 1.41421..., sqrt 6 = 2.44948...
        let counted = |above: u128| Curve::Geometric.keys_within(above, 100_000, 99);
        assert_eq!(
            [0, 141_421, 141_422, 244_948, 244_949].map(counted),
            [1, 1, 2, 2, 3]
        );
        // 0, 4/3, 12/5
        let counted = |above: u128| Curve::Harmonic.keys_within(above, 15, 99);
        assert_eq!([0, 19, 20, 35, 36].map(counted), [1, 1, 2, 2, 3]);
        assert_eq!(Curve::Harmonic.keys_within(36, 15, 2), 2);
    }

    fn level(curve: Curve, weight: u128) -> Level {
        Keys::Curved(curve).level(weight, 1)
    }

    fn compare(curve: Curve, left: (u128, u32), right: (u128, u32)) -> Ordering {
        curve.compare(
            (level(curve, left.0), left.1),
            (level(curve, right.0), right.1),
        )
    }

    #[test]
    fn equal_is_equal_to_the_last_vote() {
        // 1024^0.9 is 512: the 1,024th seat of 512 votes has the key of the first seat of one vote.
        assert_eq!(compare(ESTONIA, (512, 1_023), (1, 0)), Ordering::Equal);
        assert_eq!(
            compare(ESTONIA, ((512 << 60) + 1, 1_023), (1 << 60, 0)),
            Ordering::Greater
        );
        // sqrt(8 * 9) / sqrt(1 * 2) is 6.
        assert_eq!(
            compare(Curve::Geometric, (6 << 61, 8), (1 << 61, 1)),
            Ordering::Equal
        );
        assert_eq!(
            compare(Curve::Geometric, ((6 << 61) - 1, 8), (1 << 61, 1)),
            Ordering::Less
        );
        assert_eq!(
            compare(Curve::Geometric, (1, 0), (u128::MAX >> 50, 1)),
            Ordering::Greater
        );
    }

    const CURVES: [Curve; 4] = [
        Curve::Harmonic,
        Curve::Geometric,
        ESTONIA,
        Curve::Power {
            power: 2,
            degree: 3,
        },
    ];

    fn weights() -> impl Strategy<Value = u128> {
        prop_oneof![
            1u128..2_000,
            (1u128..1 << 64),
            (1u128..1 << 78),
            Just(u128::from(u64::MAX))
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

        /// What is told without long numbers is what the powers say: also for weights whose keys are all but equal.
        #[test]
        fn the_short_way_says_what_the_powers_say(
            curve in prop::sample::select(CURVES.to_vec()),
            weight in weights(),
            other in weights(),
            seats in prop::array::uniform2(prop_oneof![1u32..50, 1u32..100_000]),
            near in prop::option::of(0u128..3),
        ) {
            // The weight at which the other key is the same, and its neighbours.
            let divisor = |seat: u32| curve.keys_within(u128::from(seat) << 20, 1 << 20, 100_000).max(1);
            let other = match near {
                Some(more) => (weight * u128::from(divisor(seats[1])) / u128::from(divisor(seats[0])) + more).clamp(1, 1 << 77),
                None => other,
            };
            let (left, right) = ((weight, seats[0]), (other, seats[1]));
            prop_assert_eq!(compare(curve, left, right), curve.compare_powers(left, right));
            prop_assert_eq!(compare(curve, right, left), curve.compare_powers(right, left));
        }

        /// Fractions over 2^64 are counted as any others are.
        #[test]
        fn counts_do_not_depend_on_how_a_fraction_is_written(
            curve in prop::sample::select(CURVES.to_vec()),
            above in prop_oneof![0u128..1 << 70, 0u128..1 << 82],
        ) {
            let counted = curve.keys_within(above, 1 << 64, 100_000);
            // The same number, in lower terms where it has such.
            let shift = above.trailing_zeros().min(20);
            let other = curve.keys_within(above >> shift, 1 << (64 - shift), 100_000);
            let simple = |seat: u32| {
                let power = |number| Natural::ONE.times_power(number, curve.degree());
                curve.times_below(power(above), seat).compare(&curve.times_above(power(1 << 64), seat)).is_ge()
            };
            prop_assert!(shift == 0 || counted == other);
            prop_assert!(counted == 100_000 || !simple(counted));
            prop_assert!(counted == 0 || simple(counted - 1));
        }
    }

    /// The oracle fails where it should: a divisor that is too large by one makes the counts differ.
    #[test]
    fn another_divisor_gives_another_order() {
        let (left, right) = ((1_000_001, 9), (1_000_000, 9));
        assert_eq!(compare(ESTONIA, left, right), Ordering::Greater);
        assert_eq!(
            ESTONIA.compare_powers((1_000_001, 10), right),
            Ordering::Less
        );
    }
}
