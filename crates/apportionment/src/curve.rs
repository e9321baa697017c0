//! Divisors that are no whole numbers of a common unit: means of neighbours, and powers. Exact, by whole numbers raised to
//! the degree of the root.

use std::cmp::Ordering;

use crate::key::Key;
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

    /// Compares the keys of two (weight, seats already held).
    pub fn compare(self, left: (u128, u32), right: (u128, u32)) -> Ordering {
        if self.begins_at_zero() && (left.1 == 0 || right.1 == 0) {
            // A first seat comes before all others, and of two the larger list's.
            return right
                .1
                .min(1)
                .cmp(&left.1.min(1))
                .then(left.0.cmp(&right.0));
        }
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

    /// How many divisors are at most `above / below`, counted up to `most`. `above` is below 2^115.
    pub fn keys_within(self, above: u128, below: u128, most: u32) -> u32 {
        let power = |number| Natural::ONE.times_power(number, self.degree());
        let (left, right) = (power(above), power(below));
        // d(m) <= above / below, both sides to the degree.
        let within = |seat: u32| {
            self.times_below(left, seat)
                .compare(&self.times_above(right, seat))
                .is_ge()
        };
        let (mut within_all, mut low, mut high) = (0, 0, most);
        if self.begins_at_zero() {
            // d(m) is between m and m + 1: only the whole part of the fraction itself is in doubt.
            let whole = u32::try_from(above / below).unwrap_or(u32::MAX).min(most);
            (within_all, low, high) = (whole, whole, whole.saturating_add(1).min(most));
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
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn equal_is_equal_to_the_last_vote() {
        // 1024^0.9 is 512: the 1,024th seat of 512 votes has the key of the first seat of one vote.
        assert_eq!(ESTONIA.compare((512, 1_023), (1, 0)), Ordering::Equal);
        assert_eq!(
            ESTONIA.compare(((512 << 60) + 1, 1_023), (1 << 60, 0)),
            Ordering::Greater
        );
        // sqrt(8 * 9) / sqrt(1 * 2) is 6.
        assert_eq!(
            Curve::Geometric.compare((6 << 61, 8), (1 << 61, 1)),
            Ordering::Equal
        );
        assert_eq!(
            Curve::Geometric.compare(((6 << 61) - 1, 8), (1 << 61, 1)),
            Ordering::Less
        );
        assert_eq!(
            Curve::Geometric.compare((1, 0), (u128::MAX >> 50, 1)),
            Ordering::Greater
        );
    }
}
