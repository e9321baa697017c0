//! Whole numbers without a limit, as far as exact divisors of a double proportional allocation need them.
//!
//! A tie that runs through several districts and lists fixes their divisors to quotients of products of many votes: no
//! fixed number of bits holds them. What stands here is the school's arithmetic, which is fast for the few dozen digits
//! that occur.

use std::cmp::Ordering;
use std::fmt;

const LIMB_BITS: u32 = 32;

/// A whole number of any size.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WholeNumber {
    /// Digits to the base 2^32, the least significant first, the last one never zero; zero has none.
    limbs: Vec<u32>,
}

impl WholeNumber {
    /// Digits to the base 2^32, the least significant first, without leading zeros.
    #[must_use]
    pub fn digits(&self) -> &[u32] {
        &self.limbs
    }

    /// The number that these digits to the base 2^32 stand for, the least significant first.
    #[must_use]
    pub fn of_digits(mut digits: Vec<u32>) -> Self {
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Self { limbs: digits }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.limbs.is_empty()
    }

    pub(crate) fn sum(&self, other: &Self) -> Self {
        let (long, short) = if self.limbs.len() >= other.limbs.len() {
            (self, other)
        } else {
            (other, self)
        };
        let mut limbs = Vec::with_capacity(long.limbs.len() + 1);
        let mut carry = 0;
        for (index, &limb) in long.limbs.iter().enumerate() {
            let other = short.limbs.get(index).copied().unwrap_or(0);
            let total = u64::from(limb) + u64::from(other) + carry;
            limbs.push(low(total));
            carry = total >> LIMB_BITS;
        }
        limbs.push(low(carry));
        Self::of_digits(limbs)
    }

    pub(crate) fn product(&self, other: &Self) -> Self {
        let mut limbs = vec![0; self.limbs.len() + other.limbs.len()];
        for (shift, &left) in self.limbs.iter().enumerate() {
            let mut carry = 0;
            for (index, &right) in other.limbs.iter().enumerate() {
                // At most (2^32 - 1)^2 + 2 * (2^32 - 1) = 2^64 - 1.
                let total =
                    u64::from(left) * u64::from(right) + u64::from(limbs[shift + index]) + carry;
                limbs[shift + index] = low(total);
                carry = total >> LIMB_BITS;
            }
            limbs[shift + other.limbs.len()] = low(carry);
        }
        Self::of_digits(limbs)
    }

    pub(crate) fn times(&self, factor: u64) -> Self {
        self.product(&Self::from(factor))
    }

    /// 10 to this power.
    pub(crate) fn power_of_ten(exponent: u32) -> Self {
        (0..exponent).fold(Self::from(1u64), |power, _| power.times(10))
    }

    /// Quotient and remainder.
    ///
    /// Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D: each digit of the quotient is estimated from the
    /// leading digits of a divisor whose highest bit is set, which is at most two too large, and mended by adding back.
    pub(crate) fn divided_by(&self, divisor: &Self) -> (Self, Self) {
        let leading = divisor
            .limbs
            .last()
            .expect("every divisor is a product of numbers above zero");
        if self < divisor {
            return (Self::from(0u64), self.clone());
        }
        if let [single] = divisor.limbs[..] {
            let (quotient, remainder) = self.divided_by_limb(single);
            return (quotient, Self::from(u64::from(remainder)));
        }
        let shift = leading.leading_zeros();
        let divisor = divisor.shifted_left(shift).limbs;
        let mut rest = self.shifted_left(shift).limbs;
        rest.resize(self.limbs.len() + 1, 0);
        let length = divisor.len();
        let (first, second) = (
            u64::from(divisor[length - 1]),
            u64::from(divisor[length - 2]),
        );
        let mut quotient = vec![0; rest.len() - length];
        for position in (0..quotient.len()).rev() {
            let window = &mut rest[position..=position + length];
            let top = (u64::from(window[length]) << LIMB_BITS) | u64::from(window[length - 1]);
            let (mut digit, mut left) = (top / first, top % first);
            while digit > u64::from(u32::MAX)
                || digit * second > ((left << LIMB_BITS) | u64::from(window[length - 2]))
            {
                digit -= 1;
                left += first;
                if left > u64::from(u32::MAX) {
                    break;
                }
            }
            if take_multiple(window, &divisor, digit) {
                digit -= 1;
                add_back(window, &divisor);
            }
            quotient[position] = low(digit);
        }
        rest.truncate(length);
        (
            Self::of_digits(quotient),
            Self::of_digits(rest).shifted_right(shift),
        )
    }

    /// The greatest number that divides both; of zero and n it is n.
    pub(crate) fn common_divisor(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.clone(), other.clone());
        while !right.is_zero() {
            let (_, rest) = left.divided_by(&right);
            (left, right) = (right, rest);
        }
        left
    }

    fn divided_by_limb(&self, divisor: u32) -> (Self, u32) {
        let mut rest = 0;
        let mut quotient = vec![0; self.limbs.len()];
        for (digit, &limb) in quotient.iter_mut().zip(&self.limbs).rev() {
            let value = (u64::from(rest) << LIMB_BITS) | u64::from(limb);
            *digit = low(value / u64::from(divisor));
            rest = low(value % u64::from(divisor));
        }
        (Self::of_digits(quotient), rest)
    }

    /// By less than one digit.
    fn shifted_left(&self, bits: u32) -> Self {
        let mut carry = 0;
        let mut limbs = Vec::with_capacity(self.limbs.len() + 1);
        for &limb in &self.limbs {
            let value = (u64::from(limb) << bits) | carry;
            limbs.push(low(value));
            carry = value >> LIMB_BITS;
        }
        limbs.push(low(carry));
        Self::of_digits(limbs)
    }

    /// By less than one digit.
    fn shifted_right(&self, bits: u32) -> Self {
        let mut limbs = vec![0; self.limbs.len()];
        let mut carry = 0;
        for (digit, &limb) in limbs.iter_mut().zip(&self.limbs).rev() {
            let value = (carry << LIMB_BITS) | u64::from(limb);
            *digit = low(value >> bits);
            carry = value & ((1 << bits) - 1);
        }
        Self::of_digits(limbs)
    }
}

/// `window -= divisor * digit`; whether that went below zero.
fn take_multiple(window: &mut [u32], divisor: &[u32], digit: u64) -> bool {
    let (mut carry, mut borrow) = (0, 0);
    for (index, limb) in window.iter_mut().enumerate() {
        let product = digit * u64::from(divisor.get(index).copied().unwrap_or(0)) + carry;
        carry = product >> LIMB_BITS;
        let taken = u64::from(low(product)) + borrow;
        borrow = u64::from(u64::from(*limb) < taken);
        *limb = low((borrow << LIMB_BITS) + u64::from(*limb) - taken);
    }
    borrow > 0
}

/// Adds the divisor once; the carry beyond the window undoes the borrow of [`take_multiple`].
fn add_back(window: &mut [u32], divisor: &[u32]) {
    let mut carry = 0;
    for (index, limb) in window.iter_mut().enumerate() {
        let total = u64::from(*limb) + u64::from(divisor.get(index).copied().unwrap_or(0)) + carry;
        *limb = low(total);
        carry = total >> LIMB_BITS;
    }
}

fn low(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).expect("the upper half is masked out")
}

impl From<u64> for WholeNumber {
    fn from(value: u64) -> Self {
        Self::of_digits(vec![low(value), low(value >> LIMB_BITS)])
    }
}

impl From<u128> for WholeNumber {
    fn from(value: u128) -> Self {
        let half = |value: u128| {
            u64::try_from(value & u128::from(u64::MAX)).expect("the upper half is masked out")
        };
        let (low_half, high_half) = (half(value), half(value >> 64));
        Self::of_digits(vec![
            low(low_half),
            low(low_half >> LIMB_BITS),
            low(high_half),
            low(high_half >> LIMB_BITS),
        ])
    }
}

impl Ord for WholeNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_length = self.limbs.len().cmp(&other.limbs.len());
        by_length.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }
}

impl PartialOrd for WholeNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for WholeNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const GROUP: u32 = 1_000_000_000;
        let mut groups = Vec::new();
        let mut rest = self.clone();
        while !rest.is_zero() {
            let (quotient, group) = rest.divided_by_limb(GROUP);
            groups.push(group);
            rest = quotient;
        }
        write!(formatter, "{}", groups.pop().unwrap_or(0))?;
        groups
            .iter()
            .rev()
            .try_for_each(|group| write!(formatter, "{group:09}"))
    }
}

impl fmt::Debug for WholeNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_number() -> impl Strategy<Value = WholeNumber> {
        // Digits at both ends of their range are where estimates of a quotient's digit go wrong.
        let digit = prop_oneof![
            any::<u32>(),
            Just(0),
            Just(1),
            Just(u32::MAX),
            Just(1 << 31)
        ];
        prop::collection::vec(digit, 0..9).prop_map(WholeNumber::of_digits)
    }

    #[test]
    fn digits_in_print() {
        assert_eq!(WholeNumber::from(0u64).to_string(), "0");
        assert_eq!(
            WholeNumber::from(1_000_000_007_000_000_001u64).to_string(),
            "1000000007000000001"
        );
        assert_eq!(
            WholeNumber::from(u128::MAX).to_string(),
            u128::MAX.to_string()
        );
        assert_eq!(
            WholeNumber::power_of_ten(40).to_string(),
            format!("1{}", "0".repeat(40))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn small_numbers_agree_with_the_machine(a in any::<u64>(), b in any::<u64>(), c in 1u128..) {
            let (wide_a, wide_b) = (u128::from(a), u128::from(b));
            prop_assert_eq!(WholeNumber::from(a).product(&WholeNumber::from(b)), WholeNumber::from(wide_a * wide_b));
            prop_assert_eq!(WholeNumber::from(a).sum(&WholeNumber::from(b)), WholeNumber::from(wide_a + wide_b));
            let product = wide_a * wide_b;
            let (quotient, rest) = WholeNumber::from(product).divided_by(&WholeNumber::from(c));
            prop_assert_eq!(quotient, WholeNumber::from(product / c));
            prop_assert_eq!(rest, WholeNumber::from(product % c));
            prop_assert_eq!(WholeNumber::from(product).cmp(&WholeNumber::from(c)), product.cmp(&c));
        }

        #[test]
        fn quotient_times_divisor_plus_remainder(a in any_number(), b in any_number()) {
            prop_assume!(!b.is_zero());
            let (quotient, rest) = a.divided_by(&b);
            prop_assert!(rest < b);
            prop_assert_eq!(quotient.product(&b).sum(&rest), a);
        }

        #[test]
        fn a_common_factor_is_found(a in any_number(), b in any_number(), factor in any_number()) {
            prop_assume!(!factor.is_zero() && !a.is_zero());
            let found = a.product(&factor).common_divisor(&b.product(&factor));
            prop_assert!(found.divided_by(&factor).1.is_zero());
            prop_assert!(a.product(&factor).divided_by(&found).1.is_zero());
            prop_assert!(b.product(&factor).divided_by(&found).1.is_zero());
        }
    }
}
