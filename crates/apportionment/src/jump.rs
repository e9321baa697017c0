//! The jump: seats near the end of a stage, in a few divisions a runner.
//!
//! A jump gives every runner exactly its keys of at least some t, within what it holds and its limit. Any t is right,
//! because what is then missing comes from the largest of the other keys and what is too much from the smallest of these;
//! a good t is fast. The first t is the one that would give the target if seats were not whole and nobody had a limit. Where
//! limits or seats held before make it miss by more than a seat a runner, a search goes on from there: Newton's steps, in
//! which only the runners count that follow t, between a t that gave too few and one that gave too many. A step that leads
//! outside, or one after which as many are missing as before or more than half of that, is followed by the middle of the
//! two. So each second round halves either what is missing or the range, which for quotas is at most 2^18 of them and for
//! divisors at most 2^94 to one, halved in its logarithm: 25 rounds of that are enough for any votes.

use crate::curve::{Curve, power_of_two};
use crate::fill::Seated;
use crate::keys::{Keys, Line, divide, multiply, remainder};
use crate::log::floor_log2;

/// Most rounds; any number is right.
const ROUNDS_MAX: u32 = 64;

/// Most rounds once a heap could do the rest: where many keys are equal, nothing comes nearer.
const ROUNDS_NEAR_MAX: u32 = 3;

/// From so many runners on a round is cheaper than the seats that it saves a heap.
pub(crate) const MANY: usize = 64;

/// Puts every runner near its seats and returns their sum.
pub(crate) fn jump(keys: &Keys, runners: &mut [impl Seated], target: u32) -> u64 {
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
    fn of(total: u64, target: u32) -> Self {
        #[cfg(test)]
        crate::keys::counted::ROUNDS.with(|counter| counter.set(counter.get() + 1));
        let missing =
            i64::from(target) - i64::try_from(total).expect("10,000 lists of 32 bits fit in 63");
        Self { total, missing }
    }

    /// Whether a heap does the rest as fast: about a seat a runner.
    fn is_near(&self, runners: &[impl Seated]) -> bool {
        usize::try_from(self.missing.unsigned_abs()).is_ok_and(|missing| missing <= runners.len())
    }

    /// Whether another round would cost more than it saves a heap, which takes some halvings of the runners' number for each
    /// seat: of a few, always; of many, where less than a seat for sixteen is left.
    fn is_there(&self, runners: &[impl Seated]) -> bool {
        let missing = self.missing.unsigned_abs();
        let parts = if runners.len() > MANY { 16 } else { 1 };
        usize::try_from(missing).is_ok_and(|missing| missing <= runners.len() / parts)
    }

    /// Whether a runner's seats follow t: it is not at its limit where seats are missing, nor at what it held before.
    fn moves(&self, runner: &impl Seated) -> bool {
        if self.missing < 0 {
            runner.seats() > runner.held()
        } else {
            runner.seats() < runner.limit()
                && (runner.held() == 0 || runner.seats() > runner.held())
        }
    }
}

/// What a search changes from round to round, rising with the seats that it gives: the shift of a quota, or one over t.
trait Way {
    /// Gives every runner its keys, and returns their sum.
    fn put(&self, runners: &mut [impl Seated], x: i128) -> u64;
    /// By how much x must change if the runners that follow it did so evenly.
    fn change(&self, runners: &[impl Seated], found: &Round, x: i128) -> Option<i128>;
    /// Between two.
    fn middle(&self, few: i128, many: i128) -> i128;
}

/// Goes on from `x`, which gave what was `found`, until the heap is as fast.
fn search(
    way: &impl Way,
    runners: &mut [impl Seated],
    target: u32,
    (mut x, mut few, mut many): (i128, i128, i128),
    mut found: Round,
) -> u64 {
    if found.is_there(runners) {
        return found.total;
    }
    let limits: u64 = runners.iter().map(|runner| u64::from(runner.limit())).sum();
    if limits <= u64::from(target) {
        for runner in runners.iter_mut() {
            runner.put(runner.limit());
        }
        return limits;
    }
    let mut is_trusted = true;
    let mut rounds_near = 0;
    for _ in 0..ROUNDS_MAX {
        if found.is_there(runners) || found.is_near(runners) && rounds_near == ROUNDS_NEAR_MAX {
            break;
        }
        rounds_near += u32::from(found.is_near(runners));
        if found.missing > 0 {
            few = x;
        } else {
            many = x;
        }
        let change = way
            .change(runners, &found, x)
            .filter(|_| is_trusted)
            .and_then(|change| x.checked_add(change));
        let step = change.filter(|next| few < *next && *next < many);
        x = step.unwrap_or_else(|| way.middle(few, many));
        if x <= few || x >= many {
            break;
        }
        let before = found.missing.unsigned_abs();
        found = Round::of(way.put(runners, x), target);
        is_trusted = step.is_none() || found.missing.unsigned_abs() <= before / 2;
    }
    found.total
}

/// The keys of at least q - shift number floor((level + shift) / q); a shift of 0 is "whole quotas".
struct Shift {
    quota: i128,
}

impl Way for Shift {
    fn put(&self, runners: &mut [impl Seated], shift: i128) -> u64 {
        let mut total = 0;
        let size = self.quota.unsigned_abs();
        for runner in runners {
            let level = runner.level().value + shift;
            let keys = if level > 0 {
                divide(level.unsigned_abs(), size)
            } else {
                0
            };
            let keys = u32::try_from(keys).unwrap_or(u32::MAX);
            total += runner.put(keys.min(runner.limit()).max(runner.held()));
        }
        total
    }

    fn change(&self, runners: &[impl Seated], found: &Round, _: i128) -> Option<i128> {
        let free = runners.iter().filter(|runner| found.moves(*runner)).count();
        let free = u128::try_from(free).ok().filter(|free| *free > 0)?;
        Some(split(i128::from(found.missing) * self.quota, free))
    }

    fn middle(&self, few: i128, many: i128) -> i128 {
        few + (many - few) / 2
    }
}

fn by_quota(quota: i128, runners: &mut [impl Seated], target: u32) -> u64 {
    let Ok(count @ 1..) = u128::try_from(runners.len()) else {
        return 0;
    };
    let way = Shift { quota };
    let (mut levels, mut largest) = (0, 0);
    for runner in runners.iter() {
        levels += runner.level().value;
        largest = largest.max(runner.level().value);
    }
    // If seats were not whole and nobody had a limit, rounding would cost half a seat a runner.
    let missing = remainder(levels, target, quota);
    let shift = quota / 2 - split(missing, count);
    let found = Round::of(way.put(runners, shift), target);
    // Nobody has a key so large, and everybody as many of those.
    let (few, many) = (-largest - 1, levels - missing + 1);
    search(&way, runners, target, (shift, few, many), found)
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
    /// The t that gives the target, if seats were not whole and nobody had a limit: the keys of a runner number `w / t` times
    /// `units` per step, less half a unit for each whole one that `slack` is short of it.
    fn of(runners: &[impl Seated], target: u32, step: i128, slack: i128) -> Option<Self> {
        let (mut weights, mut all, mut count) = (0_u128, 0_u128, 0_i128);
        for runner in runners {
            let weight = runner.level().value.unsigned_abs();
            all |= weight;
            weights += weight;
            count += 1;
        }
        if weights == 0 {
            return None;
        }
        // Rows that begin late, among more runners than seats, have nothing to share: then t is above every key.
        let share = u128::try_from(2 * step * i128::from(target) + count * slack).unwrap_or(0);
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
    fn fraction(self, runner: &impl Seated) -> (u128, u128) {
        let weight = runner.level().value.unsigned_abs();
        match self {
            Self::Factor(factor) => (multiply(weight, u128::from(factor)), 1 << 64),
            Self::Fraction { share, weights } => (weight * share, weights),
        }
    }

    /// One over t in units of 2^-places, which are 64 at least and 92 at most.
    fn number(self, places: u32) -> i128 {
        let number = match self {
            Self::Factor(factor) => u128::from(factor) << (places - 64),
            // A share is below 2^32 and its weights are at least one.
            Self::Fraction { share, weights } => (share << places) / weights,
        };
        i128::try_from(number)
            .expect("a share of powers is below 2^19, another below 2^32 and in units of 2^-80")
    }

    /// The whole part of it.
    #[inline]
    fn whole(self, runner: &impl Seated) -> u128 {
        let (above, below) = self.fraction(runner);
        match self {
            Self::Factor(_) => above >> 64,
            Self::Fraction { .. } => divide(above, below),
        }
    }
}

/// The coarsest factor: seats come out right to one in a million.
const FACTOR_MIN: u64 = 1 << 20;

fn by_line(line: &Line, runners: &mut [impl Seated], target: u32) -> u64 {
    let (step, offset) = (i128::from(line.step), i128::from(line.offset));
    // A runner's keys of at least t number about (w / t - offset) / step + 1/2; their sum is the target at
    // t = W / (step * target + n * (offset - step / 2)).
    let Some(share) = Share::of(runners, target, step, 2 * offset - step) else {
        return runners.iter().map(|runner| u64::from(runner.seats())).sum();
    };
    let mut total = 0;
    for runner in runners.iter_mut() {
        let keys = keys_on_line(line, share.whole(runner)).min(target);
        total += runner.put(keys.min(runner.limit()).max(runner.held()));
    }
    let found = Round::of(total, target);
    if found.is_there(runners) {
        return found.total;
    }
    let places = places(runners);
    let way = OnLine {
        line,
        places,
        target,
    };
    // A divisor is below 2^30, and a vote is at least one.
    let start = (share.number(places), 0, 1 << (places + 30));
    search(&way, runners, target, start, found)
}

/// Whether w / t >= d(m) is decided on the whole part of w / t, because d(m) is whole. Beyond 2^62 it is far more than any
/// target.
#[inline]
fn keys_on_line(line: &Line, whole: u128) -> u32 {
    let (first, step, offset) = (line.first, line.step, line.offset);
    let quotient = u64::try_from(whole).map_or(1 << 62, |whole| whole.min(1 << 62));
    let keys = match quotient {
        _ if quotient < first => 0,
        _ if quotient < offset + step => 1,
        _ if step == 1 => quotient - offset + 1,
        _ => (quotient - offset) / step + 1,
    };
    u32::try_from(keys).unwrap_or(u32::MAX)
}

/// Binary places of one over t: weights of joined lists can need more than 64 bits, and finer steps.
fn places(runners: &[impl Seated]) -> u32 {
    let all = runners
        .iter()
        .fold(0, |all, runner| all | runner.level().value);
    if u64::try_from(all).is_ok() { 64 } else { 80 }
}

/// The middle of two numbers above zero by their logarithms, roughly.
fn middle(few: i128, many: i128) -> i128 {
    let bits = |number: i128| number.unsigned_abs().checked_ilog2().unwrap_or(0);
    let doublings = bits(many).saturating_sub(bits(few));
    if doublings > 2 {
        few.max(1) << (doublings / 2)
    } else {
        few + (many - few) / 2
    }
}

/// One over t for divisors on a line, in units of 2^-places.
struct OnLine<'a> {
    line: &'a Line,
    places: u32,
    target: u32,
}

impl Way for OnLine<'_> {
    fn put(&self, runners: &mut [impl Seated], x: i128) -> u64 {
        let mut total = 0;
        for runner in runners {
            // A product beyond 128 bits is above every key that counts.
            let product = runner
                .level()
                .value
                .unsigned_abs()
                .saturating_mul(x.unsigned_abs());
            let keys = keys_on_line(self.line, product >> self.places).min(self.target);
            total += runner.put(keys.min(runner.limit()).max(runner.held()));
        }
        total
    }

    fn change(&self, runners: &[impl Seated], found: &Round, _: i128) -> Option<i128> {
        let free = runners.iter().filter(|runner| found.moves(*runner));
        let weights: u128 = free.map(|runner| runner.level().value.unsigned_abs()).sum();
        // At most 2^17 * 2^12 * 2^80; what is too much is at most that of 10,000 runners, 2^31.
        let wanted = (i128::from(found.missing) * i128::from(self.line.step)) << self.places;
        (weights > 0).then(|| split(wanted, weights))
    }

    fn middle(&self, few: i128, many: i128) -> i128 {
        middle(few, many)
    }
}

/// Divisors that do not rise evenly.
fn by_curve(curve: Curve, runners: &mut [impl Seated], target: u32) -> u64 {
    // Means of neighbours are close to m + 1/2.
    let is_power = matches!(curve, Curve::Power { .. });
    // The tenth power of what is cut off counts ten times.
    let places = if is_power { 92 } else { places(runners) };
    let way = OnCurve {
        curve,
        places,
        target,
    };
    let x = match curve {
        Curve::Power { power, degree } => {
            let largest = runners.iter().map(|runner| runner.level().value).max();
            first_of_powers((power, degree), largest.unwrap_or(0), target, places)
        }
        Curve::Harmonic | Curve::Geometric => {
            let share = Share::of(runners, target, 1, 0);
            share.map_or(0, |share| share.number(places))
        }
    };
    let found = Round::of(way.put(runners, x), target);
    // One over t is never above 2^20: a seat for each 2^-20 of a vote is more than there are.
    search(&way, runners, target, (x, 0, 1 << (places + 20)), found)
}

/// One over the t at which the largest weight has half of all seats: of powers far below one it has most of them.
fn first_of_powers((power, degree): (u32, u32), largest: i128, target: u32, places: u32) -> i128 {
    let seats = i128::from(floor_log2(u128::from(target.div_ceil(2))));
    let exponent = i128::from(power) * seats / i128::from(degree);
    let divisor = i128::from(power_of_two(exponent + (7 << 48)));
    // A divisor is below 2^17, and below 2^24 in this unit.
    (divisor << (places - 7)) / largest.max(1)
}

/// One over t for other divisors, in units of 2^-places.
struct OnCurve {
    curve: Curve,
    places: u32,
    target: u32,
}

impl Way for OnCurve {
    fn put(&self, runners: &mut [impl Seated], x: i128) -> u64 {
        let mut total = 0;
        for runner in runners {
            // A product beyond 128 bits is above every key that counts.
            let weight = runner.level().value.unsigned_abs();
            let above = weight.saturating_mul(x.unsigned_abs());
            let keys = self.curve.keys_within(above, 1 << self.places, self.target);
            total += runner.put(keys.min(runner.limit()).max(runner.held()));
        }
        total
    }

    /// Keys number about (w / t)^(degree / power), so that x changes by the part of itself that is missing of the seats of
    /// those that follow, times power / degree; or, where much is missing, by its logarithm.
    fn change(&self, runners: &[impl Seated], found: &Round, x: i128) -> Option<i128> {
        let (power, degree) = match self.curve {
            Curve::Power { power, degree } => (i128::from(power), i128::from(degree)),
            Curve::Harmonic | Curve::Geometric => (1, 1),
        };
        let free = runners.iter().filter(|runner| found.moves(*runner));
        let seats: u64 = free.map(|runner| u64::from(runner.seats())).sum();
        let wanted = i128::from(seats) + i128::from(found.missing);
        let much = seats < 8 * found.missing.unsigned_abs();
        if let (Ok(wanted @ 1..), true, true) =
            (u128::try_from(wanted), much && seats > 0, degree > power)
        {
            const UNIT: i128 = 1 << 48;
            let times = i128::from(floor_log2(wanted)) - i128::from(floor_log2(u128::from(seats)));
            // No step beyond a sixteenth or sixteen times.
            let exponent = (power * times / degree).clamp(-4 * UNIT, 4 * UNIT);
            let factor = i128::from(power_of_two(exponent + 20 * UNIT));
            return (x >> 20).checked_mul(factor - (1 << 20));
        }
        // The number is below 2^100, and the fraction behind it, with 2^20 as its unit, below 2^20 * 10 * 2^31.
        let part =
            ((power * i128::from(found.missing)) << 20) / (degree * i128::from(seats.max(1)));
        let change = match x.checked_mul(part) {
            Some(change) => change >> 20,
            None => (x >> 20).checked_mul(part)?,
        };
        let at_least = if found.missing > 0 { 1 } else { -1 };
        Some(if change == 0 { at_least } else { change })
    }

    fn middle(&self, few: i128, many: i128) -> i128 {
        middle(few, many)
    }
}
