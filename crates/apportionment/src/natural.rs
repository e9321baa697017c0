//! Natural numbers of up to 1,280 bits, for keys that are roots: raised to a power, two of them compare as whole numbers.

use std::cmp::Ordering;

/// Enough for the largest product here: a share of 2^115 to the tenth power, and a cross-multiplied divisor of 34 bits.
const LIMBS: usize = 20;

/// A natural number below 2^1280, lowest limb first. `length` limbs are in use and the highest of them is not zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Natural {
    limbs: [u64; LIMBS],
    length: usize,
}

impl Natural {
    pub const ONE: Self = {
        let mut limbs = [0; LIMBS];
        limbs[0] = 1;
        Self { limbs, length: 1 }
    };

    /// The number times a factor.
    pub fn times(self, factor: u128) -> Self {
        let (high, low) = halves(factor);
        let by_low = self.times_limb(low, 0);
        if high == 0 {
            by_low
        } else {
            by_low.plus(&self.times_limb(high, 1))
        }
    }

    /// The number times a factor, so often.
    pub fn times_power(self, factor: u128, exponent: u32) -> Self {
        (0..exponent).fold(self, |product, _| product.times(factor))
    }

    /// Times one limb, shifted up by some limbs.
    fn times_limb(&self, factor: u64, shift: usize) -> Self {
        let mut product = Self {
            limbs: [0; LIMBS],
            length: 0,
        };
        let mut carry = 0;
        for (limb, slot) in self.limbs[..self.length]
            .iter()
            .zip(&mut product.limbs[shift..])
        {
            (carry, *slot) = halves(u128::from(*limb) * u128::from(factor) + u128::from(carry));
        }
        let top = shift + self.length;
        if carry > 0 {
            product.limbs[top] = carry;
        }
        product.measured(top + usize::from(carry > 0))
    }

    fn plus(mut self, other: &Self) -> Self {
        let mut carry = 0;
        let length = self.length.max(other.length);
        for (slot, limb) in self.limbs[..length].iter_mut().zip(&other.limbs) {
            (carry, *slot) = halves(u128::from(*slot) + u128::from(*limb) + u128::from(carry));
        }
        if carry > 0 {
            self.limbs[length] = carry;
        }
        self.measured(length + usize::from(carry > 0))
    }

    /// With the length that its limbs say, at most so much.
    fn measured(mut self, mut length: usize) -> Self {
        while length > 0 && self.limbs[length - 1] == 0 {
            length -= 1;
        }
        self.length = length;
        self
    }

    pub fn compare(&self, other: &Self) -> Ordering {
        let lengths = self.length.cmp(&other.length);
        lengths.then_with(|| {
            let limbs = self.limbs[..self.length].iter().rev();
            limbs.cmp(other.limbs[..other.length].iter().rev())
        })
    }
}

/// The high and the low 64 bits.
fn halves(value: u128) -> (u64, u64) {
    let half = |value: u128| u64::try_from(value).expect("half of 128 bits is 64 bits");
    (half(value >> 64), half(value & u128::from(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Schoolbook multiplication in bytes, for comparison.
    fn bytes(factors: &[u128]) -> Vec<u8> {
        let mut product = vec![1u8];
        for &factor in factors {
            let mut next = vec![0u32; product.len() + 17];
            for (place, digit) in factor.to_le_bytes().into_iter().enumerate() {
                let mut carry = 0;
                for (shift, other) in product.iter().enumerate() {
                    let sum = next[place + shift] + u32::from(digit) * u32::from(*other) + carry;
                    (next[place + shift], carry) = (sum & 255, sum >> 8);
                }
                let mut top = place + product.len();
                while carry > 0 {
                    let sum = next[top] + carry;
                    (next[top], carry, top) = (sum & 255, sum >> 8, top + 1);
                }
            }
            product = next
                .iter()
                .map(|&digit| u8::try_from(digit).unwrap())
                .collect();
            while product.len() > 1 && product.last() == Some(&0) {
                product.pop();
            }
        }
        product
    }

    proptest! {
        #[test]
        fn products_and_order_are_those_of_the_schoolbook(
            left in prop::collection::vec(prop_oneof![any::<u128>(), 0u128..3, Just(u128::MAX)], 1..10),
            right in prop::collection::vec(prop_oneof![any::<u128>(), 0u128..3, Just(u128::MAX)], 1..10),
        ) {
            let number = |factors: &[u128]| factors.iter().fold(Natural::ONE, |product, &factor| product.times(factor));
            let order = |bytes: &[u8]| (if bytes == [0] { 0 } else { bytes.len() }, bytes.iter().rev().copied().collect::<Vec<u8>>());
            let expected = order(&bytes(&left)).cmp(&order(&bytes(&right)));
            prop_assert_eq!(number(&left).compare(&number(&right)), expected);
            prop_assert_eq!(number(&left).compare(&number(&left)), Ordering::Equal);
        }
    }

    #[test]
    fn powers_are_repeated_products() {
        let power = Natural::ONE.times_power(1 << 78, 10);
        let product = (0..60).fold(Natural::ONE, |product, _| product.times(1 << 13));
        assert_eq!(power.compare(&product), Ordering::Equal);
        assert_eq!(power.compare(&product.times(2)), Ordering::Less);
    }
}
