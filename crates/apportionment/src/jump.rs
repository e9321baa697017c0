//! The jump: seats near the end of a stage, in a few divisions a runner.
//!
//! A jump gives every runner exactly its keys of at least some t, within what it holds and its limit. Any t is right,
//! because what is then missing comes from the largest of the other keys and what is too much from the smallest of these;
//! a good t is fast. The first t is the one that would give the target if seats were not whole and nobody had a limit. Where
//! limits or seats held before make it miss by more than a seat a runner, the runners that stand at them are set aside and
//! the others share what is left: that is Newton's method on a piecewise linear function of 1 / t, which is concave where
//! seats are missing, so that missing seats times the votes of the free runners fall to a quarter in each round
//! (Radzik, *Newton's method for fractional combinatorial optimization*, 1992).

use crate::curve::Curve;
use crate::fill::Runner;
use crate::keys::{Keys, Line, divide, multiply};

/// Most rounds: enough for 2^17 missing seats times 2^78 votes to come down to one, and any number is right.
const ROUNDS_MAX: u32 = 48;

/// Puts every runner near its seats and returns their sum.
pub(crate) fn jump(keys: &Keys, runners: &mut [Runner], target: u32) -> u64 {
    match keys {
        Keys::Quota { quota, .. } => by_quota(*quota, runners, target),
        Keys::Divisors(line) => by_line(line, runners, target),
        Keys::Curved(curve) => by_curve(*curve, runners, target),
    }
}

/// What a round has found.
struct Round {
    total: u64,
    /// Seats that are missing, or too many where below zero.
    missing: i64,
}

impl Round {
    fn of(runners: &[Runner], target: u32) -> Self {
        let total: u64 = runners.iter().map(|runner| u64::from(runner.seats)).sum();
        let missing =
            i64::from(target) - i64::try_from(total).expect("10,000 lists of 32 bits fit in 63");
        Self { total, missing }
    }

    /// Whether a heap does the rest as fast: about a seat a runner.
    fn is_near(&self, runners: &[Runner]) -> bool {
        usize::try_from(self.missing.unsigned_abs()).is_ok_and(|missing| missing <= runners.len())
    }

    /// Whether a runner's seats follow t: it is not at its limit where seats are missing, nor at what it held before.
    fn moves(&self, runner: &Runner) -> bool {
        if self.missing < 0 {
            runner.seats > runner.held
        } else {
            runner.seats < runner.limit && (runner.held == 0 || runner.seats > runner.held)
        }
    }
}

/// Repeats rounds with ever fewer free runners, until the heap is as fast or a round brings nothing.
fn in_rounds(
    runners: &mut [Runner],
    target: u32,
    mut round: impl FnMut(&mut [Runner], Option<&Round>) -> bool,
) -> u64 {
    round(runners, None);
    let mut found = Round::of(runners, target);
    for _ in 1..ROUNDS_MAX {
        if found.is_near(runners) || !round(runners, Some(&found)) {
            break;
        }
        let next = Round::of(runners, target);
        let better = next.missing.unsigned_abs() < found.missing.unsigned_abs();
        found = next;
        if !better {
            break;
        }
    }
    found.total
}

fn by_quota(quota: i128, runners: &mut [Runner], target: u32) -> u64 {
    let size = quota.unsigned_abs();
    // The keys of at least q - shift number floor((level + shift) / q); a shift of 0 is "whole quotas". If seats were not
    // whole and nobody had a limit, rounding would cost half a seat a runner.
    let mut shift = 0;
    in_rounds(runners, target, |runners, last| {
        let free = match last {
            None => runners.len(),
            Some(last) => runners.iter().filter(|runner| last.moves(runner)).count(),
        };
        let Ok(free @ 1..) = u128::try_from(free) else {
            return false;
        };
        shift += match last {
            None => {
                let levels: i128 = runners.iter().map(|runner| runner.level.value).sum();
                split(i128::from(target) * quota - levels, free) + quota / 2
            }
            Some(last) => split(i128::from(last.missing) * quota, free),
        };
        for runner in runners {
            let level = runner.level.value + shift;
            let keys = if level > 0 {
                divide(level.unsigned_abs(), size)
            } else {
                0
            };
            let keys = u32::try_from(keys).unwrap_or(u32::MAX);
            runner.seats = keys.min(runner.limit).max(runner.held);
        }
        true
    })
}

/// One of so many equal parts, towards zero.
fn split(amount: i128, parts: u128) -> i128 {
    let part = divide(amount.unsigned_abs(), parts);
    let part = i128::try_from(part).expect("a part of a number below 2^106");
    if amount < 0 { -part } else { part }
}

/// `t`, so that `w / t` can be counted in whole numbers and rests.
#[derive(Clone, Copy)]
enum Share {
    /// `w / t` is `w * factor / 2^64`: a product in place of a division. Weights are below 2^64.
    Factor(u64),
    /// `w / t` is `w * share / weights`.
    Fraction { share: u128, weights: u128 },
}

impl Share {
    /// The t that gives the runners that are free what the others leave, if seats were not whole: those of a runner number
    /// `w / t` times `units` per step, less half a unit for each whole one that `slack` is short of it.
    fn of(
        runners: &[Runner],
        target: u32,
        last: Option<&Round>,
        step: i128,
        slack: i128,
    ) -> Option<Self> {
        let (mut weights, mut all, mut count, mut wanted) =
            (0_u128, 0_u128, 0_i128, i128::from(target));
        for runner in runners {
            let weight = runner.level.value.unsigned_abs();
            all |= weight;
            if last.is_none_or(|last| last.moves(runner)) {
                weights += weight;
                count += 1;
            } else {
                wanted -= i128::from(runner.seats);
            }
        }
        if weights == 0 {
            return None;
        }
        // Rows that begin late, among more runners than seats, have nothing to share: then t is above every key.
        let share = u128::try_from(2 * step * wanted + count * slack).unwrap_or(0);
        let weights = 2 * weights;
        // Any t is right: one over a power of two saves divisions, where it is fine enough to come near. A share is below
        // 2^32.
        let factor = if share < 1 << 63 {
            (share << 64) / weights
        } else {
            0
        };
        match (u64::try_from(all), u64::try_from(factor)) {
            (Ok(_), Ok(factor @ FACTOR_MIN..)) => Some(Self::Factor(factor)),
            _ => Some(Self::Fraction { share, weights }),
        }
    }

    /// `w / t` for a runner, above and below the line.
    #[inline]
    fn fraction(self, runner: &Runner) -> (u128, u128) {
        let weight = runner.level.value.unsigned_abs();
        match self {
            Self::Factor(factor) => (multiply(weight, u128::from(factor)), 1 << 64),
            Self::Fraction { share, weights } => (weight * share, weights),
        }
    }

    /// The whole part of it.
    #[inline]
    fn whole(self, runner: &Runner) -> u128 {
        let (above, below) = self.fraction(runner);
        match self {
            Self::Factor(_) => above >> 64,
            Self::Fraction { .. } => divide(above, below),
        }
    }
}

/// The coarsest factor: seats come out right to one in a million.
const FACTOR_MIN: u64 = 1 << 20;

fn by_line(line: &Line, runners: &mut [Runner], target: u32) -> u64 {
    let Line {
        first,
        step,
        offset,
        unit: _,
    } = *line;
    let (signed_step, signed_offset) = (i128::from(step), i128::from(offset));
    in_rounds(runners, target, |runners, last| {
        // A runner's keys of at least t number about (w / t - offset) / step + 1/2; their sum is the target at
        // t = W / (step * target + n * (offset - step / 2)).
        let Some(share) = Share::of(
            runners,
            target,
            last,
            signed_step,
            2 * signed_offset - signed_step,
        ) else {
            return false;
        };
        for runner in runners {
            // Whether w / t >= d(m) is decided on the whole part of w / t, because d(m) is whole.
            // Beyond 2^62 it is far more than any target.
            let quotient =
                u64::try_from(share.whole(runner)).map_or(1 << 62, |whole| whole.min(1 << 62));
            let keys = match quotient {
                _ if quotient < first => 0,
                _ if quotient < offset + step => 1,
                _ if step == 1 => quotient - offset + 1,
                _ => (quotient - offset) / step + 1,
            };
            runner.seats = u32::try_from(keys)
                .unwrap_or(u32::MAX)
                .min(runner.limit)
                .min(target)
                .max(runner.held);
        }
        true
    })
}

/// Divisors that do not rise evenly: one over t is corrected as Newton does, by how much the keys of the free runners rise
/// with it, and halved between those that gave too few and too many where that leads outside.
fn by_curve(curve: Curve, runners: &mut [Runner], target: u32) -> u64 {
    // Means of neighbours are close to m + 1/2, powers at first to m + 1. Keys number about (w / t)^(degree / power).
    let (slack, power, degree) = match curve {
        Curve::Power { power, degree } => (1, u128::from(power), u128::from(degree)),
        Curve::Harmonic | Curve::Geometric => (0, 1, 1),
    };
    // Weights of joined lists can need more than 64 bits, and finer steps.
    let all = runners
        .iter()
        .fold(0, |all, runner| all | runner.level.value);
    let places = if u64::try_from(all).is_ok() { 64 } else { 80 };
    let below = 1_u128 << places;
    let mut number = match Share::of(runners, target, None, 1, slack) {
        Some(Share::Factor(factor)) => u128::from(factor) << (places - 64),
        // A share is below 2^20.
        Some(Share::Fraction { share, weights }) => (share << places) / weights,
        None => 0,
    };
    let (mut few, mut many) = (0, below << 20);
    let mut found = Round::of(runners, target);
    for _ in 0..ROUNDS_MAX {
        for runner in runners.iter_mut() {
            // A product beyond 128 bits is above every key that counts.
            let weight = runner.level.value.unsigned_abs();
            let above = weight.saturating_mul(number);
            let keys = curve.keys_within(above, below, target);
            runner.seats = keys.min(runner.limit).max(runner.held);
        }
        found = Round::of(runners, target);
        if found.is_near(runners) {
            break;
        }
        let free = runners.iter().filter(|runner| found.moves(runner));
        let seats: u64 = free.map(|runner| u64::from(runner.seats)).sum();
        let missing = u128::from(found.missing.unsigned_abs());
        // One over t is never above 2^20: a seat for each 2^-20 of a vote is more than there are. So the number is below
        // 2^100, and the fraction behind it, with 2^24 as its unit, below 2^24 * 10 * 2^31.
        let part = ((power * missing) << 24) / (degree * u128::from(seats.max(1)));
        let change = match number.checked_mul(part) {
            Some(change) => change >> 24,
            None => (number >> 24).saturating_mul(part),
        };
        let next = if found.missing > 0 {
            few = number;
            number + change.max(1)
        } else {
            many = number;
            number.saturating_sub(change.max(1))
        };
        number = if few < next && next < many {
            next
        } else {
            few + (many - few) / 2
        };
        if number == few || number == many {
            break;
        }
    }
    found.total
}
