//! Numbers and arithmetic as they are printed. Every line of arithmetic that is printed comes from here, and a test reads it
//! back and does the sum again.

use apportionment::{Fraction, Key, Ratio};

/// Between groups of three digits: a narrow space that does not break.
pub(crate) const THIN_SPACE: char = '\u{202f}';
/// The minus sign of arithmetic, not the hyphen.
pub(crate) const MINUS: char = '\u{2212}';
/// Where digits were cut off.
pub(crate) const CUT: char = '…';
/// Decimals that are printed.
const DECIMALS: u32 = 3;

/// How numbers are written in a language.
#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    decimal: String,
}

impl Numbers {
    pub fn new(decimal: &str) -> Self {
        Self {
            decimal: decimal.to_owned(),
        }
    }

    /// 218 003
    pub fn whole(&self, number: u128) -> String {
        self.grouped(&number.to_string())
    }

    /// A whole number and its decimals.
    pub fn with_decimals(&self, whole: &str, decimals: &str) -> String {
        format!("{whole}{}{decimals}", self.decimal)
    }

    /// Digits in groups of three.
    pub fn grouped(&self, digits: &str) -> String {
        let mut text = String::with_capacity(digits.len() * 2);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(THIN_SPACE);
            }
            text.push(digit);
        }
        text
    }

    /// −673
    pub fn signed(&self, number: i128) -> String {
        let size = self.whole(number.unsigned_abs());
        if number < 0 {
            format!("{MINUS}{size}")
        } else {
            size
        }
    }

    /// A fraction with decimals that are cut, and marked so, where they do not end.
    pub fn fraction(&self, ratio: Ratio) -> String {
        let sign = if ratio.numerator() < 0 {
            MINUS.to_string()
        } else {
            String::new()
        };
        let size = self.parts(ratio.numerator().unsigned_abs(), ratio.denominator());
        format!("{sign}{size}")
    }

    /// `numerator / denominator` in decimals.
    pub fn parts(&self, numerator: u128, denominator: u128) -> String {
        let mut text = self.whole(numerator / denominator);
        let mut rest = numerator % denominator;
        if rest == 0 {
            return text;
        }
        text.push_str(&self.decimal);
        for _ in 0..DECIMALS {
            // A rest too long to be multiplied has no digits printed: they are cut before.
            let Some(scaled) = rest.checked_mul(10) else {
                break;
            };
            text.push_str(&(scaled / denominator).to_string());
            rest = scaled % denominator;
            if rest == 0 {
                return text;
            }
        }
        text.push(CUT);
        text
    }

    /// A fraction of the law in decimals where it is a short one, otherwise as a fraction.
    pub fn short(&self, numerator: u64, denominator: u64) -> String {
        let decimals = self.parts(numerator.into(), denominator.into());
        if decimals.ends_with(CUT) {
            self.exact_parts(i128::from(numerator), denominator.into())
        } else {
            decimals
        }
    }

    /// A share of the law as it is written: 3/4.
    pub fn exact_share(&self, share: Fraction) -> String {
        format!("{}/{}", share.numerator, share.denominator)
    }

    /// The exact fraction, for comparisons: 148 345 / 39, or a whole number.
    pub fn exact(&self, ratio: Ratio) -> String {
        self.exact_parts(ratio.numerator(), ratio.denominator())
    }

    fn exact_parts(&self, numerator: i128, denominator: u128) -> String {
        if denominator == 1 {
            self.signed(numerator)
        } else {
            format!("{} / {}", self.signed(numerator), self.whole(denominator))
        }
    }

    /// A sum with its result: 29 + 4 = 33.
    pub fn sum(&self, parts: impl IntoIterator<Item = u128>) -> String {
        let parts: Vec<u128> = parts.into_iter().collect();
        let total: u128 = parts.iter().sum();
        let shown: Vec<String> = parts.iter().map(|part| self.whole(*part)).collect();
        if shown.len() == 1 {
            return self.whole(total);
        }
        format!("{} = {}", shown.join(" + "), self.whole(total))
    }

    /// 39 − 38 = 1
    pub fn difference(&self, from: u128, taken: u128) -> String {
        let sign = if from < taken {
            MINUS.to_string()
        } else {
            String::new()
        };
        format!(
            "{} {MINUS} {} = {sign}{}",
            self.whole(from),
            self.whole(taken),
            self.whole(from.abs_diff(taken))
        )
    }

    /// Votes multiplied by a factor of the law, where it is not 1: 500 × 7 / 10.
    pub fn times(&self, votes: u128, factor: Fraction) -> String {
        let votes = self.whole(votes);
        if factor.numerator == factor.denominator {
            return votes;
        }
        let (above, below) = (factor.numerator.into(), factor.denominator.into());
        format!("{votes} × {} / {}", self.whole(above), self.whole(below))
    }

    /// A key in decimals; a first seat before all numbers by its votes.
    pub fn key(&self, key: Key) -> String {
        match key {
            Key::Fraction(ratio) => self.fraction(ratio),
            Key::First { weight } => self.whole(weight),
            Key::Root {
                weight,
                base,
                power,
                degree,
            } => self
                .root(key)
                .unwrap_or_else(|| self.root_expression(weight, base, power, degree)),
        }
    }

    /// A key as an exact expression without decimals.
    pub fn exact_key(&self, key: Key) -> String {
        match key {
            Key::Fraction(ratio) => self.exact(ratio),
            Key::First { weight } => self.whole(weight),
            Key::Root {
                weight,
                base,
                power,
                degree,
            } => self.root_expression(weight, base, power, degree),
        }
    }

    /// A root with its decimals cut: 1 000 / √6 = 408.248…
    pub fn root(&self, key: Key) -> Option<String> {
        let Key::Root {
            weight,
            base,
            power,
            degree,
        } = key
        else {
            return None;
        };
        let as_key = |weight, base| Key::Root {
            weight,
            base,
            power,
            degree,
        };
        // Fewer decimals where the weight leaves no room for more: keys compare below 2^78.
        let scale = (0..=DECIMALS)
            .rev()
            .map(|decimals| 10_u128.pow(decimals))
            .find(|scale| weight < (1 << 78) / scale)?;
        let exact = as_key(weight * scale, base);
        // The largest whole number not above the scaled root.
        let (mut low, mut high) = (0, weight * scale);
        while low < high {
            let middle = high - (high - low) / 2;
            if as_key(middle, 1) <= exact {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        let decimals = self.parts(low, scale);
        Some(
            if as_key(low, 1) == exact || as_key(low, 1).partial_cmp(&exact)?.is_eq() {
                decimals
            } else {
                let whole = low.is_multiple_of(scale);
                let decimals = if whole && scale > 1 {
                    format!("{decimals}{}{}", self.decimal, &scale.to_string()[1..])
                } else {
                    decimals
                };
                format!("{}{CUT}", decimals.trim_end_matches(CUT))
            },
        )
    }

    /// What a key with a root is, as an expression: 1 000 / √(2 × 3), or 1 000 / 6^0.9.
    pub fn root_expression(&self, weight: u128, base: u128, power: u32, degree: u32) -> String {
        let weight = self.whole(weight);
        if (power, degree) == (1, 2) {
            return format!("{weight} / √{}", self.whole(base));
        }
        let exponent = self.short(power.into(), degree.into());
        format!("{weight} / {}^{exponent}", self.whole(base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english() -> Numbers {
        Numbers::new(".")
    }

    #[test]
    fn decimals_are_cut_and_marked() {
        let show = |numerator, denominator| english().parts(numerator, denominator);
        assert_eq!(show(298_349, 39), "7\u{202f}649.974…");
        assert_eq!(show(78, 39), "2");
        assert_eq!(show(1, 8), "0.125");
        assert_eq!(show(1, 16), "0.062…");
        assert_eq!(show(29_999, 10_000), "2.999…");
        assert_eq!(show(u128::MAX / 2, u128::MAX - 1), "0.…");
        let ratio = Ratio::new(-1, 3).unwrap();
        assert_eq!(Numbers::new(",").fraction(ratio), "−0,333…");
    }

    #[test]
    fn roots_are_cut_and_marked() {
        let root = |weight, base, power, degree| {
            let key = Key::Root {
                weight,
                base,
                power,
                degree,
            };
            english().root(key).unwrap()
        };
        assert_eq!(root(1_000, 6, 1, 2), "408.248…");
        assert_eq!(root(12, 4, 1, 2), "6");
        assert_eq!(root(512, 1_024, 9, 10), "1");
        // √(10^10 + 1) is 10^5 and a little: the digits that are shown are zeros.
        let almost = root(10_000_000_001, 10_000_000_001, 1, 2);
        assert_eq!(almost, "100\u{202f}000.000…");
    }
}
