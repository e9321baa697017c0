//! A key as it is reported: by what number a seat competes.

use std::cmp::Ordering;
use std::fmt;

use crate::method::EXPONENT_DENOMINATOR_MAX;
use crate::natural::Natural;
use crate::ratio::Ratio;

/// The number by which a seat competes in its stage. Two keys compare when they are of the same stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A fraction: all quotas, and all divisors that are fractions.
    Fraction(Ratio),
    /// A first seat where the divisors begin at zero (Adams, Dean, Huntington-Hill): it comes before every number, and
    /// among its like the larger weight does.
    First {
        /// Votes as the stage counts them.
        weight: u128,
    },
    /// `weight / base^(power / degree)`: Huntington-Hill with the base m(m + 1) and 1/2, Estonia with m + 1 and 9/10.
    Root {
        /// Votes as the stage counts them.
        weight: u128,
        /// The number below the line, before the power and the root.
        base: u128,
        /// The power of the base, at most its root.
        power: u32,
        /// Which root is drawn, at most [`EXPONENT_DENOMINATOR_MAX`].
        degree: u32,
    },
}

impl Key {
    /// The fraction, where the key is one.
    #[must_use]
    pub fn fraction(self) -> Option<Ratio> {
        match self {
            Self::Fraction(ratio) => Some(ratio),
            Self::First { .. } | Self::Root { .. } => None,
        }
    }

    /// Whether the numbers of a root are such as a stage can have, which is what their powers have room for.
    fn is_of_a_stage(self) -> bool {
        let Self::Root {
            weight,
            base,
            power,
            degree,
        } = self
        else {
            return true;
        };
        let small = weight < 1 << 78 && base < 1 << 34;
        small && power <= degree && degree <= EXPONENT_DENOMINATOR_MAX
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (*self, *other) {
            (Self::Fraction(left), Self::Fraction(right)) => Some(left.cmp(&right)),
            (Self::First { weight: left }, Self::First { weight: right }) => Some(left.cmp(&right)),
            (Self::First { .. }, _) => Some(Ordering::Greater),
            (_, Self::First { .. }) => Some(Ordering::Less),
            (
                Self::Root {
                    weight,
                    base,
                    power,
                    degree,
                },
                Self::Root {
                    weight: other_weight,
                    base: other_base,
                    power: other_power,
                    degree: other_degree,
                },
            ) if power == other_power
                && degree == other_degree
                && self.is_of_a_stage()
                && other.is_of_a_stage() =>
            {
                let side = |weight, base| {
                    Natural::ONE
                        .times_power(weight, degree)
                        .times_power(base, power)
                };
                Some(side(weight, other_base).compare(&side(other_weight, base)))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fraction(ratio) => ratio.fmt(formatter),
            Self::First { weight } => write!(formatter, "{weight}/0"),
            Self::Root {
                weight,
                base,
                power,
                degree,
            } => write!(formatter, "{weight}/{base}^({power}/{degree})"),
        }
    }
}
