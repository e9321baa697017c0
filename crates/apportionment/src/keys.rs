//! Keys and their exact comparison.
//!
//! Why nothing here can overflow an `i128`. Votes of a group are below 2^64 * 10,000 < 2^78; a rescue's factor multiplies
//! by less than 2^10 (but never meets a group). A *level* is votes times the quota's denominator (at most 100,002 < 2^17)
//! or times a first divisor's denominator (below 2^10): below 2^105. A quota in the same unit is below 2^88 and is
//! multiplied by a seat number below 2^17: below 2^105, or by a share of it below 2^10: 2^115. Divisors are below
//! 2^12 * 2^18 = 2^30 and multiply weights below 2^78: below 2^108. Differences of such numbers stay below 2^116. Divisors
//! that are no whole numbers of a common unit are compared in [`Curve`], which has more room.
//!
//! Where a number fits into 64 bits it is multiplied as such, which is one instruction; a checked product of 128 bits is a
//! call. Votes of single lists always fit.

use std::cmp::Ordering;

use crate::curve::Curve;
use crate::key::Key;
use crate::log::floor_log2;
use crate::method::{Divisors, Method, Rounding};
use crate::ratio::Ratio;
use crate::rules::Fraction;

/// How the keys of one stage are computed from the levels of its competitors.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    /// `(level - m * quota) / unit`
    Quota {
        quota: i128,
        unit: u128,
        rounded_to_zero: bool,
    },
    /// `level * unit / d(m)`
    Divisors(Line),
    /// `level / d(m)`, with divisors that are no whole numbers of a common unit
    Curved(Curve),
}

/// Divisors on a line, in whole units: d(0) = first and d(m) = step * m + offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub first: u64,
    pub step: u64,
    pub offset: u64,
    pub unit: u64,
}

impl Line {
    const fn of(first: u64, step: u64, offset: u64, unit: u64) -> Self {
        Self {
            first,
            step,
            offset,
            unit,
        }
    }

    #[inline]
    pub(crate) fn divisor(&self, seat: u32) -> u64 {
        if seat == 0 {
            self.first
        } else {
            self.step * u64::from(seat) + self.offset
        }
    }
}

/// The number that stands for a competitor's weight in all comparisons of a stage.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    /// Weight times the quota's denominator, or the weight itself.
    pub value: i128,
    /// Its logarithm as [`floor_log2`] gives it, where keys are roots and compared by it; zero otherwise.
    pub logarithm: u64,
}

impl Keys {
    /// The keys of a method over `votes` (of all that compete) and the seats of the house.
    /// Weights are votes times `scale`, which is 1 except in a rescued contest.
    pub(crate) fn of(method: Method, votes: u128, house: u32, scale: u32) -> Self {
        match method {
            Method::Quota(quota) => {
                let divisor = u128::from(quota.kind.divisor(house));
                let whole = match quota.rounding {
                    Rounding::Exact => {
                        return Self::Quota {
                            quota: signed(multiply(votes, u128::from(scale))),
                            unit: multiply(divisor, u128::from(scale)),
                            rounded_to_zero: false,
                        };
                    }
                    Rounding::Down => divide(votes, divisor),
                    Rounding::DownPlusOne => divide(votes, divisor) + 1,
                    Rounding::Up => votes.div_ceil(divisor),
                    Rounding::Nearest => divide(2 * votes + divisor, 2 * divisor),
                };
                let quota = signed(multiply(whole.max(1), u128::from(scale)));
                Self::Quota {
                    quota,
                    unit: u128::from(scale),
                    rounded_to_zero: whole == 0,
                }
            }
            Method::Divisors(divisors) => Self::divisors(divisors),
        }
    }

    fn divisors(divisors: Divisors) -> Self {
        Self::Divisors(match divisors {
            Divisors::DHondt => Line::of(1, 1, 1, 1),
            Divisors::SainteLague => Line::of(1, 2, 1, 1),
            Divisors::ModifiedSainteLague { first } => {
                let unit = u64::from(first.denominator);
                Line::of(u64::from(first.numerator), 2 * unit, unit, unit)
            }
            Divisors::Danish => Line::of(1, 3, 1, 1),
            Divisors::Imperiali => Line::of(2, 1, 2, 2),
            Divisors::Adams => Line::of(0, 1, 0, 1),
            Divisors::Dean => return Self::Curved(Curve::Harmonic),
            Divisors::HuntingtonHill => return Self::Curved(Curve::Geometric),
            Divisors::Power { exponent } => {
                return Self::Curved(Curve::Power {
                    power: exponent.numerator,
                    degree: exponent.denominator,
                });
            }
        })
    }

    /// The keys of a recorded stage, from its method and exact quota.
    pub(crate) fn restored(method: Method, quota: Option<Ratio>, scale: u128) -> Self {
        match quota {
            Some(quota) => {
                let (above, below) = quota.lowest_terms();
                Self::Quota {
                    quota: above * signed(scale),
                    unit: below * scale,
                    rounded_to_zero: false,
                }
            }
            None => Self::of(method, 0, 1, 1),
        }
    }

    /// The number that stands for a weight in all comparisons of this stage.
    #[inline]
    pub(crate) fn level(&self, weight: u128, scale: u128) -> Level {
        let value = match self {
            Self::Quota { unit, .. } if *unit != scale => {
                let denominator = if scale == 1 {
                    *unit
                } else {
                    divide(*unit, scale)
                };
                signed(multiply(weight, denominator))
            }
            Self::Quota { .. } | Self::Divisors(_) | Self::Curved(_) => signed(weight),
        };
        let logarithm = match self {
            Self::Curved(Curve::Power { .. }) => floor_log2(weight),
            Self::Quota { .. } | Self::Divisors(_) | Self::Curved(_) => 0,
        };
        Level { value, logarithm }
    }

    /// Compares the keys of two (level, seats already held).
    #[inline(always)]
    pub(crate) fn compare(&self, left: (Level, u32), right: (Level, u32)) -> Ordering {
        #[cfg(test)]
        counted::COMPARISONS.with(|counter| counter.set(counter.get() + 1));
        match self {
            Self::Quota { quota, .. } => remainder(left.0.value, left.1, *quota).cmp(&remainder(
                right.0.value,
                right.1,
                *quota,
            )),
            Self::Divisors(line) => {
                let (left_divisor, right_divisor) = (line.divisor(left.1), line.divisor(right.1));
                if left_divisor | right_divisor == 0 {
                    // Two first seats that come before all others: the larger list's is first.
                    return left.0.value.cmp(&right.0.value);
                }
                match (u64::try_from(left.0.value), u64::try_from(right.0.value)) {
                    (Ok(left), Ok(right)) => {
                        let product =
                            |level: u64, divisor: u64| u128::from(level) * u128::from(divisor);
                        product(left, right_divisor).cmp(&product(right, left_divisor))
                    }
                    _ => (left.0.value * i128::from(right_divisor))
                        .cmp(&(right.0.value * i128::from(left_divisor))),
                }
            }
            Self::Curved(curve) => curve.compare(left, right),
        }
    }

    /// The key itself, for people and certificates.
    #[inline]
    pub(crate) fn key(&self, level: Level, seat: u32) -> Key {
        match self {
            Self::Quota { quota, unit, .. } => remainder_key(level, seat, *quota, *unit),
            Self::Divisors(line) => match line.divisor(seat) {
                0 => Key::First {
                    weight: level.value.unsigned_abs(),
                },
                divisor => quotient_key(level, line.unit, divisor),
            },
            Self::Curved(curve) => curve.key(level.value.unsigned_abs(), seat),
        }
    }

    /// Goes on with one way to make keys, chosen once: a key that is put together from several ways is copied about before it
    /// gets to where it belongs, which takes longer than to find it.
    #[inline(always)]
    pub(crate) fn by_one_way<T: Keyed>(&self, then: T) -> T::Output {
        match self {
            Self::Quota { quota, unit, .. } => {
                then.run(|level, seat| remainder_key(level, seat, *quota, *unit))
            }
            Self::Divisors(line) if line.first > 0 => {
                then.run(|level, seat| quotient_key(level, line.unit, line.divisor(seat)))
            }
            Self::Divisors(_) | Self::Curved(_) => then.run(|level, seat| self.key(level, seat)),
        }
    }

    /// Votes per seat, for quota methods.
    pub(crate) fn quota(&self) -> Option<Ratio> {
        match *self {
            Self::Quota { quota, unit, .. } => Some(Ratio::of(quota, unit)),
            Self::Divisors(_) | Self::Curved(_) => None,
        }
    }

    /// Votes over quota; zero for divisor methods, which have none.
    pub(crate) fn quotient(&self, level: Level) -> Ratio {
        match *self {
            Self::Quota { quota, .. } => Ratio::of(level.value, quota.unsigned_abs()),
            Self::Divisors(_) | Self::Curved(_) => Ratio::of(0, 1),
        }
    }

    /// Whether a level is at least this share of the quota; no share of what divisor methods do not have.
    pub(crate) fn has_share_of_quota(&self, level: Level, share: Fraction) -> bool {
        match self {
            Self::Quota { quota, .. } => {
                level.value * i128::from(share.denominator) >= quota * i128::from(share.numerator)
            }
            Self::Divisors(_) | Self::Curved(_) => false,
        }
    }

    /// How many keys of a level are at least this share of the quota; none where there is no quota.
    pub(crate) fn keys_from(&self, level: Level, share: Fraction) -> u32 {
        let Self::Quota { quota, .. } = *self else {
            return 0;
        };
        let below = i128::from(share.denominator);
        let beyond = level.value * below - quota * i128::from(share.numerator);
        match u128::try_from(beyond) {
            Ok(beyond) => u32::try_from(divide(beyond, (quota * below).unsigned_abs()) + 1)
                .unwrap_or(u32::MAX),
            Err(_) => 0,
        }
    }

    /// Whole quotas in a level; zero for divisor methods.
    pub(crate) fn whole_quotas(&self, level: Level) -> u32 {
        match *self {
            Self::Quota { quota, .. } => {
                u32::try_from(divide(level.value.unsigned_abs(), quota.unsigned_abs()))
                    .unwrap_or(u32::MAX)
            }
            Self::Divisors(_) | Self::Curved(_) => 0,
        }
    }
}

/// What goes on with the keys of a stage for people.
pub(crate) trait Keyed {
    /// What it comes to.
    type Output;

    /// Goes on with the key of a level's seat, from 0.
    fn run(self, key: impl Fn(Level, u32) -> Key) -> Self::Output;
}

/// What is left of a level behind its first seats.
#[inline(always)]
fn remainder_key(level: Level, seat: u32, quota: i128, unit: u128) -> Key {
    Key::Fraction(Ratio::of(remainder(level.value, seat, quota), unit))
}

/// A level over a divisor in these units, which is above zero.
#[inline(always)]
fn quotient_key(level: Level, unit: u64, divisor: u64) -> Key {
    let above = match (unit, u64::try_from(level.value)) {
        (1, _) => level.value,
        (unit, Ok(level)) => i128::from(level) * i128::from(unit),
        (unit, Err(_)) => level.value * i128::from(unit),
    };
    Key::Fraction(Ratio::of(above, u128::from(divisor)))
}

/// Division that takes the short way where both numbers are short: several times faster, and they nearly always are.
#[inline]
pub(crate) fn divide(numerator: u128, denominator: u128) -> u128 {
    match (u64::try_from(numerator), u64::try_from(denominator)) {
        (Ok(numerator), Ok(denominator)) => u128::from(numerator / denominator),
        _ => numerator / denominator,
    }
}

/// A product that takes the short way where both numbers are short.
#[inline]
pub(crate) fn multiply(left: u128, right: u128) -> u128 {
    match (u64::try_from(left), u64::try_from(right)) {
        (Ok(left), Ok(right)) => u128::from(left) * u128::from(right),
        _ => left * right,
    }
}

/// `level - seat * quota`, by the short way where the quota is short.
#[inline]
pub(crate) fn remainder(level: i128, seat: u32, quota: i128) -> i128 {
    level
        - match i64::try_from(quota) {
            Ok(quota) => i128::from(seat) * i128::from(quota),
            Err(_) => i128::from(seat) * quota,
        }
}

#[inline]
pub(crate) fn signed(value: u128) -> i128 {
    i128::try_from(value).expect("levels and quotas stay below 2^105, as the module's head shows")
}

/// How often keys were compared: what tests of the running time count, because a clock says something about the machine.
#[cfg(test)]
pub(crate) mod counted {
    use std::cell::Cell;

    thread_local! {
        pub static COMPARISONS: Cell<u64> = const { Cell::new(0) };
        /// How often a jump gave every runner its keys anew.
        pub static ROUNDS: Cell<u64> = const { Cell::new(0) };
    }

    /// The rounds of the jumps of a call.
    pub fn rounds(call: impl FnOnce()) -> u64 {
        ROUNDS.with(|counter| counter.set(0));
        call();
        ROUNDS.with(Cell::get)
    }

    /// The comparisons of a call.
    pub fn comparisons(call: impl FnOnce()) -> u64 {
        COMPARISONS.with(|counter| counter.set(0));
        call();
        COMPARISONS.with(Cell::get)
    }
}
