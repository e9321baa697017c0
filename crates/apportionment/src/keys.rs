//! Keys and their exact comparison, and the one routine that hands a stage's seats to the largest of them.
//!
//! Why nothing here can overflow an `i128`. Votes of a group are below 2^64 * 10,000 < 2^78; a rescue's factor multiplies
//! by less than 2^10 (but never meets a group). A *level* is votes times the quota's denominator (at most 100,002 < 2^17)
//! or times a first divisor's denominator (below 2^10): below 2^105. A quota in the same unit is below 2^88 and is
//! multiplied by a seat number below 2^17: below 2^105. Divisors are below 2^12 * 2^18 = 2^30 and multiply weights below
//! 2^78: below 2^108. Differences of such numbers stay below 2^109.

use std::cmp::Ordering;

use crate::method::{Divisors, Method, Rounding};
use crate::ratio::Ratio;

/// How the keys of one stage are computed from the levels of its competitors.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    /// `(level - m * quota) / unit`
    Quota {
        quota: i128,
        unit: u128,
        rounded_to_zero: bool,
    },
    /// `level * unit / d(m)`, with d(0) = first and d(m) = step * m + offset
    Divisors {
        first: i128,
        step: i128,
        offset: i128,
        unit: i128,
    },
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
                            quota: signed(votes * u128::from(scale)),
                            unit: divisor * u128::from(scale),
                            rounded_to_zero: false,
                        };
                    }
                    Rounding::Down => divide(votes, divisor),
                    Rounding::DownPlusOne => divide(votes, divisor) + 1,
                    Rounding::Nearest => divide(2 * votes + divisor, 2 * divisor),
                };
                let quota = signed(whole.max(1) * u128::from(scale));
                Self::Quota {
                    quota,
                    unit: u128::from(scale),
                    rounded_to_zero: whole == 0,
                }
            }
            Method::Divisors(Divisors::DHondt) => Self::Divisors {
                first: 1,
                step: 1,
                offset: 1,
                unit: 1,
            },
            Method::Divisors(Divisors::SainteLague) => Self::Divisors {
                first: 1,
                step: 2,
                offset: 1,
                unit: 1,
            },
            Method::Divisors(Divisors::ModifiedSainteLague { first }) => {
                let unit = i128::from(first.denominator);
                Self::Divisors {
                    first: i128::from(first.numerator),
                    step: 2 * unit,
                    offset: unit,
                    unit,
                }
            }
        }
    }

    /// The keys of a recorded stage, from its method and exact quota.
    pub(crate) fn restored(method: Method, quota: Option<Ratio>, scale: u128) -> Self {
        match quota {
            Some(quota) => Self::Quota {
                quota: quota.numerator() * signed(scale),
                unit: quota.denominator() * scale,
                rounded_to_zero: false,
            },
            None => Self::of(method, 0, 1, 1),
        }
    }

    /// The number that stands for a weight in all comparisons of this stage.
    pub(crate) fn level(&self, weight: u128, scale: u128) -> i128 {
        match self {
            Self::Quota { unit, .. } if *unit == scale => signed(weight),
            Self::Quota { unit, .. } => signed(weight * divide(*unit, scale)),
            Self::Divisors { .. } => signed(weight),
        }
    }

    fn divisor(first: i128, step: i128, offset: i128, seat: u32) -> i128 {
        if seat == 0 {
            first
        } else {
            step * i128::from(seat) + offset
        }
    }

    /// Compares the keys of two (level, seats already held).
    #[inline]
    pub(crate) fn compare(&self, left: (i128, u32), right: (i128, u32)) -> Ordering {
        match *self {
            Self::Quota { quota, .. } => {
                (left.0 - i128::from(left.1) * quota).cmp(&(right.0 - i128::from(right.1) * quota))
            }
            Self::Divisors {
                first,
                step,
                offset,
                ..
            } => {
                let left_divisor = Self::divisor(first, step, offset, left.1);
                let right_divisor = Self::divisor(first, step, offset, right.1);
                (left.0 * right_divisor).cmp(&(right.0 * left_divisor))
            }
        }
    }

    /// The key itself, for people and certificates.
    pub(crate) fn ratio(&self, level: i128, seat: u32) -> Ratio {
        match *self {
            Self::Quota { quota, unit, .. } => Ratio::of(level - i128::from(seat) * quota, unit),
            Self::Divisors {
                first,
                step,
                offset,
                unit,
            } => {
                let divisor = Self::divisor(first, step, offset, seat);
                Ratio::of(level * unit, divisor.unsigned_abs())
            }
        }
    }

    /// Votes per seat, for quota methods.
    pub(crate) fn quota(&self) -> Option<Ratio> {
        match *self {
            Self::Quota { quota, unit, .. } => Some(Ratio::of(quota, unit)),
            Self::Divisors { .. } => None,
        }
    }

    /// Votes over quota; zero for divisor methods, which have none.
    pub(crate) fn quotient(&self, level: i128) -> Ratio {
        match *self {
            Self::Quota { quota, .. } => Ratio::of(level, quota.unsigned_abs()),
            Self::Divisors { .. } => Ratio::of(0, 1),
        }
    }

    /// Whole quotas in a level; zero for divisor methods.
    pub(crate) fn whole_quotas(&self, level: i128) -> u32 {
        match *self {
            Self::Quota { quota, .. } => {
                u32::try_from(divide(level.unsigned_abs(), quota.unsigned_abs()))
                    .unwrap_or(u32::MAX)
            }
            Self::Divisors { .. } => 0,
        }
    }
}

/// A competitor as the routine sees it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Runner {
    /// The list, or the first list of a group.
    pub list: usize,
    /// Votes, for the quota.
    pub votes: u128,
    /// Votes times the chain's scale, or less where a rescue multiplies them.
    pub weight: u128,
    /// Order of registration; a group has none.
    pub registration: Option<u64>,
    /// What compares in this stage.
    pub level: i128,
    /// Seats that cannot be taken away in this stage.
    pub held: u32,
    /// Seats it can hold at most.
    pub limit: u32,
    /// Candidates it has, which is its limit where a seat goes on to the next in line.
    pub candidates: u32,
    /// Seats now.
    pub seats: u32,
    /// Whether an open tie can give it more.
    pub tied: bool,
    /// Whether later stages wait for that tie, so that how much more is open too.
    pub waiting: bool,
}

/// Hands out seats until the runners hold `target` together; returns how many found no candidate.
///
/// A first jump puts every runner near its end (whole quotas; or the seats that a common divisor gives), in one division
/// each; the rest is taken or given back key by key from a heap. For quotas and divisors without limits the jump misses
/// by at most about one seat a runner, so the whole is O(n log n).
pub(crate) fn fill(keys: &Keys, runners: &mut [Runner], heap: &mut Vec<usize>, target: u32) -> u32 {
    let mut total = jump(keys, runners, target);
    let wanted = u64::from(target);
    if total < wanted {
        let better = |runners: &[Runner], left: usize, right: usize| {
            let (left, right) = (&runners[left], &runners[right]);
            keys.compare((left.level, left.seats), (right.level, right.seats)) == Ordering::Greater
        };
        heap.clear();
        heap.extend(
            (0..runners.len()).filter(|&index| runners[index].seats < runners[index].limit),
        );
        heapify(heap, runners, &better);
        while total < wanted
            && let Some(&top) = heap.first()
        {
            runners[top].seats += 1;
            total += 1;
            if runners[top].seats == runners[top].limit {
                heap.swap_remove(0);
            }
            sift_down(heap, runners, 0, &better);
        }
    } else if total > wanted {
        let worse = |runners: &[Runner], left: usize, right: usize| {
            let (left, right) = (&runners[left], &runners[right]);
            keys.compare((left.level, left.seats - 1), (right.level, right.seats - 1))
                == Ordering::Less
        };
        heap.clear();
        heap.extend((0..runners.len()).filter(|&index| runners[index].seats > runners[index].held));
        heapify(heap, runners, &worse);
        while total > wanted
            && let Some(&top) = heap.first()
        {
            runners[top].seats -= 1;
            total -= 1;
            if runners[top].seats == runners[top].held {
                heap.swap_remove(0);
            }
            sift_down(heap, runners, 0, &worse);
        }
    }
    u32::try_from(wanted.saturating_sub(total)).expect("it is at most the target, which is a u32")
}

/// Puts every runner near its seats and returns their sum.
fn jump(keys: &Keys, runners: &mut [Runner], target: u32) -> u64 {
    let mut total = 0;
    match *keys {
        Keys::Quota { .. } => {
            for runner in runners.iter_mut() {
                runner.seats = keys
                    .whole_quotas(runner.level)
                    .min(runner.limit)
                    .max(runner.held);
                total += u64::from(runner.seats);
            }
        }
        Keys::Divisors {
            first,
            step,
            offset,
            ..
        } => {
            // Everyone gets exactly the keys of at least t. They number about (w / t - offset) / step + 1/2 each; their
            // sum is the target at t = W / (step * target + n * (offset - step / 2)). Any t is right, a good one is fast;
            // w / t >= d(m) is decided on the whole part of w / t, because d(m) is whole.
            let weights: u128 = runners
                .iter()
                .map(|runner| runner.level.unsigned_abs())
                .sum();
            let count = i128::try_from(runners.len()).expect("at most 10,000 lists");
            let share =
                (2 * step * i128::from(target) + count * (2 * offset - step)).unsigned_abs();
            let (first, step, offset) = (
                first.unsigned_abs(),
                step.unsigned_abs(),
                offset.unsigned_abs(),
            );
            for runner in runners.iter_mut() {
                let quotient = divide(runner.level.unsigned_abs() * share, 2 * weights);
                let seats = match quotient {
                    _ if quotient < first => 0,
                    _ if quotient < offset + step => 1,
                    _ => divide(quotient - offset, step) + 1,
                };
                let seats = u32::try_from(seats).unwrap_or(u32::MAX);
                runner.seats = seats.min(runner.limit).min(target).max(runner.held);
                total += u64::from(runner.seats);
            }
        }
    }
    total
}

/// Division that takes the short way where both numbers are short: several times faster, and they nearly always are.
#[inline]
fn divide(numerator: u128, denominator: u128) -> u128 {
    match (u64::try_from(numerator), u64::try_from(denominator)) {
        (Ok(numerator), Ok(denominator)) => u128::from(numerator / denominator),
        _ => numerator / denominator,
    }
}

fn signed(value: u128) -> i128 {
    i128::try_from(value).expect("levels and quotas stay below 2^105, as the module's head shows")
}

fn heapify(
    heap: &mut [usize],
    runners: &[Runner],
    before: &impl Fn(&[Runner], usize, usize) -> bool,
) {
    for parent in (0..heap.len() / 2).rev() {
        sift_down(heap, runners, parent, before);
    }
}

/// Moves the entry at `parent` down until it comes before its children.
fn sift_down(
    heap: &mut [usize],
    runners: &[Runner],
    mut parent: usize,
    before: &impl Fn(&[Runner], usize, usize) -> bool,
) {
    loop {
        let left = 2 * parent + 1;
        if left >= heap.len() {
            return;
        }
        let right = left + 1;
        let child = if right < heap.len() && before(runners, heap[right], heap[left]) {
            right
        } else {
            left
        };
        if !before(runners, heap[child], heap[parent]) {
            return;
        }
        heap.swap(parent, child);
        parent = child;
    }
}
