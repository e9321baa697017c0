//! Divisors of a double proportional allocation as they are printed: decimals where they are short, otherwise fractions.

use crate::number::Numbers;
use apportionment::WholeNumber;
use apportionment::double_proportional::Divisor;

/// Both parts of a divisor, where they are not longer than 128 bits.
pub(crate) fn parts(divisor: &Divisor) -> Option<(u128, u128)> {
    Some((short(divisor.numerator())?, short(divisor.denominator())?))
}

fn short(number: &WholeNumber) -> Option<u128> {
    let digits = number.digits();
    (digits.len() <= 4).then(|| {
        let digits = digits.iter().rev();
        digits.fold(0, |value, digit| (value << 32) | u128::from(*digit))
    })
}

impl Numbers {
    /// A divisor to divide by: 1 234.5, or (7 / 3).
    pub fn divisor(&self, divisor: &Divisor) -> String {
        let written = divisor.to_string();
        if let Some((above, below)) = written.split_once('/') {
            return format!("({} / {})", self.grouped(above), self.grouped(below));
        }
        match written.split_once('.') {
            Some((whole, decimals)) => self.with_decimals(&self.grouped(whole), decimals),
            None => self.grouped(&written),
        }
    }
}
