//! Exact fractions: how keys, quotas and shares are reported.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::keys::divide;

/// An exact fraction; the denominator is never zero. It is shown, hashed and compared by its value, and brought into lowest
/// terms only when somebody asks for its parts: most keys are compared and never read.
///
/// A key may be below zero: when every list already has its quota and seats are still left, the next key is
/// `votes - m * quota` with `m * quota` above the votes.
#[derive(Clone, Copy)]
pub struct Ratio {
    /// Not in lowest terms.
    above: i128,
    /// Above zero.
    below: u128,
}

impl Ratio {
    /// `numerator / denominator`, or `None` for a denominator of zero.
    #[must_use]
    #[inline]
    pub fn new(numerator: i128, denominator: u128) -> Option<Self> {
        (denominator > 0).then_some(Self {
            above: numerator,
            below: denominator,
        })
    }

    /// Over a denominator that the caller's checked limits keep above zero.
    #[inline(always)]
    pub(crate) fn of(numerator: i128, denominator: u128) -> Self {
        Self::new(numerator, denominator)
            .expect("divisors, quota denominators and factors are checked to be above zero")
    }

    /// The part above the line, in lowest terms.
    #[must_use]
    pub fn numerator(self) -> i128 {
        self.lowest_terms().0
    }

    /// The part below the line, in lowest terms; at least 1.
    #[must_use]
    #[inline]
    pub fn denominator(self) -> u128 {
        self.lowest_terms().1
    }

    /// Both parts in lowest terms, above and below the line.
    #[must_use]
    #[inline]
    pub fn lowest_terms(self) -> (i128, u128) {
        if self.below == 1 {
            (self.above, 1)
        } else {
            self.reduced()
        }
    }

    fn reduced(self) -> (i128, u128) {
        let divisor = greatest_common_divisor(self.above.unsigned_abs(), self.below);
        let magnitude = divide(self.above.unsigned_abs(), divisor);
        let above = match (self.above < 0, i128::try_from(magnitude)) {
            (false, Ok(value)) => value,
            (true, Ok(value)) => -value,
            // Only i128::MIN undivided has a magnitude that does not fit.
            (_, Err(_)) => self.above,
        };
        (above, divide(self.below, divisor))
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ratio {}

impl Hash for Ratio {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lowest_terms().hash(state);
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.above < 0, other.above < 0) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            _ if self.below == other.below => self.above.cmp(&other.above),
            (negative, _) => {
                let left = wide_product(self.above.unsigned_abs(), other.below);
                let right = wide_product(other.above.unsigned_abs(), self.below);
                if negative {
                    right.cmp(&left)
                } else {
                    left.cmp(&right)
                }
            }
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lowest_terms() {
            (above, 1) => write!(formatter, "{above}"),
            (above, below) => write!(formatter, "{above}/{below}"),
        }
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ratio({self})")
    }
}

/// Euclid's algorithm, in 64 bits as soon as both numbers fit: several times faster, and they nearly always do.
fn greatest_common_divisor(mut left: u128, mut right: u128) -> u128 {
    while left != 0 {
        if let (Ok(mut left), Ok(mut right)) = (u64::try_from(left), u64::try_from(right)) {
            while left != 0 {
                (left, right) = (right % left, left);
            }
            return right.into();
        }
        (left, right) = (right % left, left);
    }
    right
}

/// The full 256-bit product as (high, low) halves, which compare as a pair.
fn wide_product(left: u128, right: u128) -> (u128, u128) {
    const HALF: u128 = u64::MAX as u128;
    let (left_high, left_low) = (left >> 64, left & HALF);
    let (right_high, right_low) = (right >> 64, right & HALF);
    // Each partial product is at most (2^64 - 1)^2, so that adding two 64-bit carries to it cannot overflow.
    let low = left_low * right_low;
    let cross = left_high * right_low + (low >> 64);
    let other_cross = left_low * right_high + (cross & HALF);
    let high = left_high * right_high + (cross >> 64) + (other_cross >> 64);
    (high, (other_cross << 64) | (low & HALF))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lowest_terms_and_order() {
        assert_eq!(Ratio::new(6, 4), Ratio::new(3, 2));
        assert_eq!(Ratio::of(6, 4).lowest_terms(), (3, 2));
        assert_eq!(Ratio::of(0, 4).lowest_terms(), (0, 1));
        assert_ne!(Ratio::new(6, 4), Ratio::new(3, 4));
        assert_eq!(Ratio::of(i128::MIN, 3).lowest_terms(), (i128::MIN, 3));
        let hash = |ratio: Ratio| {
            let mut state = std::hash::DefaultHasher::new();
            ratio.hash(&mut state);
            state.finish()
        };
        assert_eq!(hash(Ratio::of(-6, 4)), hash(Ratio::of(-3, 2)));
        assert_eq!(Ratio::new(1, 0), None);
        assert_eq!(Ratio::of(-6, 4).to_string(), "-3/2");
        assert!(Ratio::of(-3, 2) < Ratio::of(-1, 1));
        assert!(Ratio::of(i128::MIN, 1) < Ratio::of(i128::MIN, 3));
        assert!(Ratio::of(i128::MAX, u128::MAX) > Ratio::of(i128::MAX - 1, u128::MAX));
    }

    proptest! {
        #[test]
        fn order_is_that_of_small_cross_products(a in -1000i128..1000, b in 1u128..1000, c in -1000i128..1000, d in 1u128..1000) {
            let (b_signed, d_signed) = (i128::try_from(b).unwrap(), i128::try_from(d).unwrap());
            prop_assert_eq!(Ratio::of(a, b).cmp(&Ratio::of(c, d)), (a * d_signed).cmp(&(c * b_signed)));
        }

        #[test]
        fn wide_product_agrees_with_shifted_products(a in any::<u64>(), b in any::<u64>(), shift in 0u32..64) {
            let product = u128::from(a) * u128::from(b);
            let (high, low) = wide_product(u128::from(a) << shift, u128::from(b) << 64);
            // a * b * 2^(64 + shift), taken apart at bit 128.
            let total = 64 + shift;
            prop_assert_eq!(high, product >> (128 - total));
            prop_assert_eq!(low, product << total);
        }
    }
}
