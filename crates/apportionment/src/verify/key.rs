//! Keys as the verifier compares them: fractions by their continued fractions, roots by schoolbook multiplication.

use std::cmp::Ordering;

use crate::key;
use crate::ratio::Ratio;

/// A key, from the contest or from the result that is checked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    /// A plain fraction; the denominator is above zero.
    Fraction(i128, i128),
    /// Before every other; the weight decides among such.
    First(u128),
    /// `weight / base^(power / degree)`
    Root {
        weight: u128,
        base: u128,
        exponent: (u32, u32),
    },
}

impl Key {
    /// A recorded key; `None` where its numbers could not be those of a stage.
    pub fn recorded(key: key::Key) -> Option<Self> {
        Some(match key {
            key::Key::Fraction(ratio) => {
                Self::Fraction(ratio.numerator(), i128::try_from(ratio.denominator()).ok()?)
            }
            key::Key::First { weight } => Self::First(weight),
            key::Key::Root { degree, power, .. } if degree > 10 || power > degree => return None,
            key::Key::Root {
                weight,
                base,
                power,
                degree,
            } => Self::Root {
                weight,
                base,
                exponent: (power, degree),
            },
        })
    }

    /// As it is reported.
    pub fn reported(self) -> Option<key::Key> {
        Some(match self {
            Self::Fraction(above, below) => {
                key::Key::Fraction(Ratio::new(above, below.unsigned_abs())?)
            }
            Self::First(weight) => key::Key::First { weight },
            Self::Root {
                weight,
                base,
                exponent: (power, degree),
            } => key::Key::Root {
                weight,
                base,
                power,
                degree,
            },
        })
    }
}

/// Which of two keys of one stage is larger. Keys of different stages stand in some order, in which none are equal.
pub(super) fn compare(left: Key, right: Key) -> Ordering {
    match (left, right) {
        (Key::Fraction(a, b), Key::Fraction(c, d)) => fractions((a, b), (c, d)),
        (Key::First(left), Key::First(right)) => left.cmp(&right),
        (
            Key::Root {
                weight,
                base,
                exponent: (power, degree),
            },
            Key::Root {
                weight: other,
                base: below,
                exponent,
            },
        ) if exponent == (power, degree) => {
            let side = |weight, base| {
                product(&[vec![weight; places(degree)], vec![base; places(power)]].concat())
            };
            let (left, right) = (side(weight, below), side(other, base));
            left.len()
                .cmp(&right.len())
                .then_with(|| left.iter().rev().cmp(right.iter().rev()))
        }
        _ => kind(left).cmp(&kind(right)),
    }
}

fn kind(key: Key) -> (u8, (u32, u32)) {
    match key {
        Key::Fraction(..) => (0, (0, 0)),
        Key::Root { exponent, .. } => (1, exponent),
        Key::First(_) => (2, (0, 0)),
    }
}

fn places(exponent: u32) -> usize {
    usize::try_from(exponent).unwrap_or(0)
}

/// By their continued fractions: no product, so no overflow.
fn fractions(left: (i128, i128), right: (i128, i128)) -> Ordering {
    let ((mut a, mut b), (mut c, mut d)) = (left, right);
    loop {
        let (whole, other) = (a.div_euclid(b), c.div_euclid(d));
        if whole != other {
            return whole.cmp(&other);
        }
        let (rest, other_rest) = (a.rem_euclid(b), c.rem_euclid(d));
        if rest == 0 || other_rest == 0 {
            return rest.cmp(&other_rest);
        }
        // rest / b against other_rest / d is d / other_rest against b / rest.
        (a, b, c, d) = (d, other_rest, b, rest);
    }
}

/// The product in digits of 32 bits, lowest first, without leading zeros.
fn product(factors: &[u128]) -> Vec<u32> {
    let mut product = vec![1];
    for factor in factors {
        let digits = [0, 32, 64, 96].map(|shift| (factor >> shift) & u128::from(u32::MAX));
        let mut sums = vec![0_u128; product.len() + digits.len() + 1];
        for (place, left) in product.iter().enumerate() {
            for (shift, right) in digits.iter().enumerate() {
                sums[place + shift] += u128::from(*left) * right;
            }
        }
        let mut carry = 0_u128;
        product.clear();
        for sum in sums {
            let all = sum + carry;
            product.push(u32::try_from(all & u128::from(u32::MAX)).unwrap_or(0));
            carry = all >> 32;
        }
        while product.last() == Some(&0) {
            product.pop();
        }
    }
    product
}
