//! Logarithms as whole numbers with a proven error, for comparing keys that are roots without drawing or raising any.
//!
//! `floor_log2(x)` is L with `L <= log2(x) * 2^48 < L + 2`. Proof: a number is brought to `y = x / 2^e` with
//! `1 <= y < 2`, kept to 63 places behind the point and cut off, so that y loses less than 2^-63 of itself and its logarithm
//! less than 2^-62. Then `log2(y)` is found digit by digit: y is squared; where the square is 2 or more, the digit is 1 and
//! the square is halved. Each square is cut off as well and loses as much, and what is lost at digit number i weighs 2^-i: in
//! all less than `2^-62 * (1 + 1/2 + 1/4 + ...) = 2^-61`. Digits behind the 48th are less than 2^-48. So the true logarithm
//! is less than `2^-48 + 2^-61 < 2 * 2^-48` above what was found, and never below it, because everything was cut off.

/// Digits behind the point.
const DIGITS: u32 = 48;
/// What `floor_log2` can be too small, in its own unit; the true value is less than this above it.
pub(crate) const ERROR: u64 = 2;
/// Logarithms of so many whole numbers are known beforehand: the divisors of seats that lists really win.
const KNOWN: usize = 1_024;

static LOGARITHMS: [u64; KNOWN] = {
    let mut logarithms = [0; KNOWN];
    let (mut place, mut number) = (1, 1_u128);
    while place < KNOWN {
        logarithms[place] = computed(number);
        place += 1;
        number += 1;
    }
    logarithms
};

/// The logarithm of a number to the base 2, in units of 2^-48, too small by less than [`ERROR`]. Of zero: zero.
pub(crate) fn floor_log2(number: u128) -> u64 {
    match usize::try_from(number) {
        Ok(place) if place < KNOWN => LOGARITHMS[place],
        _ => computed(number),
    }
}

const fn computed(number: u128) -> u64 {
    if number == 0 {
        return 0;
    }
    let whole = number.ilog2();
    // y in units of 2^-63: its highest bit is bit 63.
    let mut y = if whole > 63 {
        number >> (whole - 63)
    } else {
        number << (63 - whole)
    };
    let mut logarithm = whole as u64;
    let mut digit = 0;
    while digit < DIGITS {
        let square = y * y;
        let is_two = square >> 127;
        y = square >> (63 + is_two);
        logarithm = 2 * logarithm + (is_two == 1) as u64;
        digit += 1;
    }
    logarithm
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    /// Whether `2^(logarithm / 2^6) <= number`, for logarithms of six digits only: 64 factors are enough to see it exactly.
    fn is_at_most(logarithm: u64, number: u128) -> bool {
        BigUint::from(2_u8).pow(u32::try_from(logarithm).unwrap()) <= BigUint::from(number).pow(64)
    }

    /// Small numbers, any, and those just above a power of two.
    fn any_number() -> impl Strategy<Value = u128> {
        let near = |(shift, more): (u32, u128)| (1u128 << shift).saturating_add(more);
        let powers = (0u32..128, 0u128..3).prop_map(near);
        prop_oneof![1u128..5_000, any::<u128>(), powers]
    }

    proptest! {
        #[test]
        fn the_logarithm_is_between_its_bounds(number in any_number()) {
            prop_assume!(number > 0);
            let found = floor_log2(number);
            prop_assert_eq!(found, computed(number));
            // Six digits of it, exactly.
            let digits = found >> (DIGITS - 6);
            prop_assert!(is_at_most(digits, number));
            let above = (found + ERROR) >> (DIGITS - 6);
            prop_assert!(!is_at_most(above + 1, number));
        }

        /// Of products, to the last digit: log(a * b) = log(a) + log(b).
        #[test]
        fn logarithms_of_products_are_sums(left in 1u128..u128::from(u64::MAX), right in 1u128..u128::from(u64::MAX)) {
            let (sum, product) = (floor_log2(left) + floor_log2(right), floor_log2(left * right));
            prop_assert!(sum < product + ERROR);
            prop_assert!(product < sum + 2 * ERROR);
        }
    }

    #[test]
    fn powers_of_two_are_exact() {
        for power in 0_u32..128 {
            assert_eq!(floor_log2(1 << power), u64::from(power) << DIGITS);
        }
        assert_eq!(floor_log2(0), 0);
        // log2(3) = 1.584962500721156...
        assert_eq!(floor_log2(3) >> (DIGITS - 20), 1_661_953);
    }
}
