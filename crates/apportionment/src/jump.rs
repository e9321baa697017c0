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
use crate::keys::{Keys, Line, divide};

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
    // The keys of at least q - shift number floor((level + shift) / q); a shift of 0 is "whole quotas".
    let mut shift = 0;
    in_rounds(runners, target, |runners, last| {
        if let Some(last) = last {
            let free = runners.iter().filter(|runner| last.moves(runner)).count();
            let Ok(free @ 1..) = i128::try_from(free) else {
                return false;
            };
            shift += i128::from(last.missing) * quota / free;
        }
        for runner in runners {
            let keys = u128::try_from(runner.level + shift)
                .map_or(0, |level| divide(level, quota.unsigned_abs()));
            runner.seats = u32::try_from(keys)
                .unwrap_or(u32::MAX)
                .min(runner.limit)
                .max(runner.held);
        }
        true
    })
}

/// `w / t` as a fraction of whole numbers is `w * share / weights`.
#[derive(Clone, Copy)]
struct Share {
    share: u128,
    weights: u128,
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
        let (mut weights, mut count, mut wanted) = (0_u128, 0_i128, i128::from(target));
        for runner in runners {
            if last.is_none_or(|last| last.moves(runner)) {
                weights += runner.level.unsigned_abs();
                count += 1;
            } else {
                wanted -= i128::from(runner.seats);
            }
        }
        // Rows that begin late, among more runners than seats, have nothing to share: then t is above every key.
        let share = u128::try_from(2 * step * wanted + count * slack).unwrap_or(0);
        (weights > 0).then_some(Self {
            share,
            weights: 2 * weights,
        })
    }

    /// The fraction for a runner.
    fn fraction(self, runner: &Runner) -> (u128, u128) {
        (runner.level.unsigned_abs() * self.share, self.weights)
    }
}

fn by_line(line: &Line, runners: &mut [Runner], target: u32) -> u64 {
    let (first, step, offset) = (
        line.first.unsigned_abs(),
        line.step.unsigned_abs(),
        line.offset.unsigned_abs(),
    );
    in_rounds(runners, target, |runners, last| {
        // A runner's keys of at least t number about (w / t - offset) / step + 1/2; their sum is the target at
        // t = W / (step * target + n * (offset - step / 2)).
        let Some(share) = Share::of(
            runners,
            target,
            last,
            line.step,
            2 * line.offset - line.step,
        ) else {
            return false;
        };
        for runner in runners {
            // Whether w / t >= d(m) is decided on the whole part of w / t, because d(m) is whole.
            let (above, below) = share.fraction(runner);
            let quotient = divide(above, below);
            let keys = match quotient {
                _ if quotient < first => 0,
                _ if quotient < offset + step => 1,
                _ => divide(quotient - offset, step) + 1,
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

fn by_curve(curve: Curve, runners: &mut [Runner], target: u32) -> u64 {
    in_rounds(runners, target, |runners, last| {
        // Means of neighbours are close to m + 1/2, powers at first to m + 1; a wrong guess is mended in the next round.
        let slack = if matches!(curve, Curve::Power { .. }) {
            1
        } else {
            0
        };
        let Some(share) = Share::of(runners, target, last, 1, slack) else {
            return false;
        };
        for runner in runners {
            let (above, below) = share.fraction(runner);
            let keys = curve.keys_within(above, below, target);
            runner.seats = keys.min(runner.limit).max(runner.held);
        }
        true
    })
}
