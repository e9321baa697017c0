//! Products of any size, by which quotients are compared without dividing.

use std::cmp::Ordering;

use crate::whole_number::WholeNumber;

/// A number in digits to the base 2^32, the least significant first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wide {
    digits: Vec<u32>,
}

impl Wide {
    pub fn of(value: u128) -> Self {
        let mut wide = Self { digits: vec![1] };
        wide.multiply(value);
        wide
    }

    /// Multiplies by the four digits of a machine's number.
    pub fn multiply(&mut self, factor: u128) {
        let digit = |shift: u32| last_digit(factor >> shift);
        self.multiply_digits(&[digit(0), digit(32), digit(64), digit(96)]);
    }

    fn multiply_digits(&mut self, factor: &[u32]) {
        let mut result = vec![0u32; self.digits.len() + factor.len()];
        for (low, &left) in self.digits.iter().enumerate() {
            for (high, &right) in factor.iter().enumerate() {
                let mut carry = u128::from(left) * u128::from(right);
                for digit in result.iter_mut().skip(low + high) {
                    if carry == 0 {
                        break;
                    }
                    carry += u128::from(*digit);
                    *digit = last_digit(carry);
                    carry >>= 32;
                }
            }
        }
        self.digits = result;
        self.trim();
    }

    pub fn add(&mut self, other: &Self) {
        let length = self.digits.len().max(other.digits.len()) + 1;
        self.digits.resize(length, 0);
        let mut carry = 0;
        for (index, digit) in self.digits.iter_mut().enumerate() {
            carry += u128::from(*digit) + u128::from(other.digits.get(index).copied().unwrap_or(0));
            *digit = last_digit(carry);
            carry >>= 32;
        }
        self.trim();
    }

    fn trim(&mut self) {
        let length = self
            .digits
            .iter()
            .rposition(|&digit| digit > 0)
            .map_or(0, |last| last + 1);
        self.digits.truncate(length);
    }
}

/// Compares the product of one pair of factors with that of another.
pub(crate) fn product_order(
    left: &[u64],
    left_wide: &[&WholeNumber],
    right: &[u64],
    right_wide: &[&WholeNumber],
) -> Ordering {
    let product = |small: &[u64], wide: &[&WholeNumber]| {
        let mut product = Wide::of(1);
        for &factor in small {
            product.multiply(u128::from(factor));
        }
        for factor in wide {
            product.multiply_digits(factor.digits());
        }
        product.digits
    };
    let (left, right) = (product(left, left_wide), product(right, right_wide));
    let by_length = left.len().cmp(&right.len());
    by_length.then_with(|| left.iter().rev().cmp(right.iter().rev()))
}

fn last_digit(value: u128) -> u32 {
    u32::try_from(value & 0xFFFF_FFFF).expect("all but the last digit are masked out")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products_and_sums_agree_with_the_machine(a in any::<u64>(), b in any::<u64>(), c in any::<u64>(), d in any::<u64>()) {
            let (left, right) = (u128::from(a) * u128::from(b), u128::from(c) * u128::from(d));
            prop_assert_eq!(
                product_order(&[a], &[&WholeNumber::from(b)], &[c, d], &[]),
                left.cmp(&right)
            );
            let mut wide = Wide::of(u128::from(a));
            wide.multiply(u128::from(b));
            prop_assert_eq!(&wide, &Wide::of(left));
            let mut sum = Wide::of(left / 2);
            sum.add(&Wide::of(right / 2));
            prop_assert_eq!(sum, Wide::of(left / 2 + right / 2));
        }
    }
}
