//! An allocation unrolled into steps that can be followed with a pocket calculator.

use std::cmp::Ordering;

use crate::allocation::{Allocation, Award, StageResult, Tie};
use crate::contest::StageAt;
use crate::fill::{Runner, fill};
use crate::key::Key;
use crate::keys::Keys;
use crate::ratio::Ratio;

/// Most single steps of a stage: what goes beyond is summed up in its rows.
pub const STEPS_MAX: u32 = 1_000;

/// One stage as rows and steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageSteps {
    /// Where in the procedure it stood.
    pub at: StageAt,
    /// Votes per seat, for quota methods.
    pub quota: Option<Ratio>,
    /// Where the steps start: for quota methods the whole quotas of each list, for divisor methods the seats held before
    /// the stage, or those of all but the last [`STEPS_MAX`] seats.
    pub rows: Vec<QuotientRow>,
    /// One seat after the other, largest key first (or, where quotas gave too many, smallest key first).
    pub steps: Vec<Step>,
    /// The tie that ended the stage, if there was one.
    pub tie: Option<Tie>,
}

impl StageSteps {
    /// Seats by row before a step; before the step after the last, those of the whole stage.
    #[must_use]
    pub fn standing_before(&self, step: usize) -> Vec<u32> {
        let mut standing: Vec<u32> = self.rows.iter().map(|row| row.seats).collect();
        for step in self.steps.iter().take(step) {
            if let Some(row) = self.rows.iter().position(|row| row.list == step.list) {
                match step.kind {
                    StepKind::Granted => standing[row] += 1,
                    StepKind::Withdrawn => standing[row] -= 1,
                }
            }
        }
        standing
    }
}

/// A list, or a joined group, at the start of a stage's steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotientRow {
    /// The list, or the first list of the group.
    pub list: usize,
    /// Votes as its keys count them.
    pub weight: Ratio,
    /// Votes over quota, for quota methods.
    pub quotient: Option<Ratio>,
    /// Seats before the first step.
    pub seats: u32,
    /// The key of its next seat: for quota methods its remainder. `None` where it can hold no more.
    pub next_key: Option<Key>,
}

/// One seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The seat of the house (or group) that is given or taken back, from 1.
    pub seat: u32,
    /// Given or taken back.
    pub kind: StepKind,
    /// The list, or the first list of the group.
    pub list: usize,
    /// Its seats before.
    pub seats_before: u32,
    /// The key that decided.
    pub key: Key,
    /// The list that would have been next: with the largest of the other keys, or the smallest where a seat is taken back.
    pub next_in_line: Option<Award>,
}

/// Whether a step gives a seat or takes one back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// The largest key gets the seat.
    Granted,
    /// Whole quotas gave more seats than there are: the smallest key loses one.
    Withdrawn,
}

/// Unrolls every stage of an allocation, in order.
#[must_use]
pub fn explain(allocation: &Allocation) -> Vec<StageSteps> {
    allocation.stages.iter().map(explain_stage).collect()
}

fn explain_stage(stage: &StageResult) -> StageSteps {
    let (keys, mut runners) = restore(stage);
    let certain: Vec<u32> = stage
        .contenders
        .iter()
        .map(|contender| contender.seats)
        .collect();
    start(&keys, &mut runners, &certain);
    let rows = stage
        .contenders
        .iter()
        .zip(&runners)
        .map(|(contender, runner)| QuotientRow {
            list: contender.list,
            weight: contender.weight,
            quotient: stage.quota.map(|_| keys.quotient(runner.level)),
            seats: runner.seats,
            next_key: (runner.seats < runner.limit).then(|| keys.key(runner.level, runner.seats)),
        });
    let rows = rows.collect();
    let steps = std::iter::from_fn(|| step(&keys, &mut runners, &certain)).collect();
    StageSteps {
        at: stage.at,
        quota: stage.quota,
        rows,
        steps,
        tie: stage.tie.clone(),
    }
}

/// The keys and competitors of a recorded stage.
fn restore(stage: &StageResult) -> (Keys, Vec<Runner>) {
    let scale = stage
        .contenders
        .iter()
        .map(|contender| contender.weight.denominator())
        .fold(1, least_common_multiple);
    let keys = Keys::restored(stage.method, stage.quota, scale);
    let runners = stage.contenders.iter().map(|contender| {
        let weight =
            contender.weight.numerator().unsigned_abs() * (scale / contender.weight.denominator());
        Runner {
            list: contender.list,
            votes: contender.votes,
            weight,
            level: keys.level(weight, scale),
            held: contender.seats_before,
            limit: contender.limit.unwrap_or(u32::MAX),
            seats: contender.seats_before,
            ..Runner::default()
        }
    });
    let runners = runners.collect();
    (keys, runners)
}

/// Puts the runners where the steps begin: not more than [`STEPS_MAX`] seats away from the end.
fn start(keys: &Keys, runners: &mut [Runner], certain: &[u32]) {
    let total: u32 = certain.iter().sum();
    let mut distance: u64 = 0;
    for (runner, &certain) in runners.iter_mut().zip(certain) {
        runner.seats = keys
            .whole_quotas(runner.level)
            .min(runner.limit)
            .max(runner.held);
        distance += u64::from(runner.seats.abs_diff(certain));
    }
    if distance <= u64::from(STEPS_MAX) {
        return;
    }
    // Limits at the certain seats keep equal keys from going to a list that the tie chain refused.
    let limits: Vec<u32> = runners.iter().map(|runner| runner.limit).collect();
    for (runner, &certain) in runners.iter_mut().zip(certain) {
        runner.limit = certain;
    }
    let held: u32 = runners.iter().map(|runner| runner.held).sum();
    fill(
        keys,
        runners,
        &mut Vec::new(),
        total.saturating_sub(STEPS_MAX).max(held),
    );
    for (runner, limit) in runners.iter_mut().zip(limits) {
        runner.limit = limit;
    }
}

/// The next seat on the way to the certain ones, or `None` at the end.
fn step(keys: &Keys, runners: &mut [Runner], certain: &[u32]) -> Option<Step> {
    let total: u32 = runners.iter().map(|runner| runner.seats).sum();
    let (kind, wanted, seat) =
        if (0..runners.len()).any(|index| runners[index].seats > certain[index]) {
            (StepKind::Withdrawn, Ordering::Less, total)
        } else {
            (StepKind::Granted, Ordering::Greater, total + 1)
        };
    let number = |runner: &Runner| match kind {
        StepKind::Granted => runner.seats,
        StepKind::Withdrawn => runner.seats - 1,
    };
    let better = |best: usize, index: usize| {
        let (left, right) = (&runners[index], &runners[best]);
        if keys.compare((left.level, number(left)), (right.level, number(right))) == wanted {
            index
        } else {
            best
        }
    };
    let on_the_way = |&index: &usize| match kind {
        StepKind::Granted => runners[index].seats < certain[index],
        StepKind::Withdrawn => runners[index].seats > certain[index],
    };
    let chosen = (0..runners.len()).filter(on_the_way).reduce(better)?;
    let runner = runners[chosen];
    let key = keys.key(runner.level, number(&runner));
    runners[chosen].seats = match kind {
        StepKind::Granted => runner.seats + 1,
        StepKind::Withdrawn => runner.seats - 1,
    };
    let next_in_line = next_in_line(keys, runners, kind);
    Some(Step {
        seat,
        kind,
        list: runner.list,
        seats_before: runner.seats,
        key,
        next_in_line,
    })
}

/// Whose key comes next, now that a step is done.
fn next_in_line(keys: &Keys, runners: &[Runner], kind: StepKind) -> Option<Award> {
    let candidate = |runner: &Runner| match kind {
        StepKind::Granted => (runner.seats < runner.limit).then_some((runner.level, runner.seats)),
        StepKind::Withdrawn => {
            (runner.seats > runner.held).then(|| (runner.level, runner.seats - 1))
        }
    };
    let wanted = match kind {
        StepKind::Granted => Ordering::Greater,
        StepKind::Withdrawn => Ordering::Less,
    };
    let candidates = runners
        .iter()
        .filter_map(|runner| Some((runner.list, candidate(runner)?)));
    let best = candidates.reduce(|best, other| {
        if keys.compare(other.1, best.1) == wanted {
            other
        } else {
            best
        }
    });
    best.map(|(list, (level, seat))| Award {
        list,
        seat: seat + 1,
        key: keys.key(level, seat),
    })
}

fn least_common_multiple(left: u128, right: u128) -> u128 {
    let (mut a, mut b) = (left, right);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    left / a * right
}
