//! An allocation unrolled into steps that can be followed with a pocket calculator.

use std::cmp::Ordering;

use crate::allocation::{Allocation, Award, Contender, StageResult, Tie};
use crate::contest::StageAt;
use crate::fill::{Runner, Scratch, fill, heapify, sift_down};
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
    start(&keys, &mut runners, &stage.contenders);
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
    let mut steps = Vec::new();
    // What is too much comes back before anything is given.
    for kind in [StepKind::Withdrawn, StepKind::Granted] {
        walk(&keys, &mut runners, &stage.contenders, kind, &mut steps);
    }
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
        let (above, below) = contender.weight.lowest_terms();
        let weight = match below == scale {
            true => above.unsigned_abs(),
            false => above.unsigned_abs() * (scale / below),
        };
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
fn start(keys: &Keys, runners: &mut [Runner], contenders: &[Contender]) {
    let total: u32 = contenders.iter().map(|contender| contender.seats).sum();
    let mut distance: u64 = 0;
    for (runner, contender) in runners.iter_mut().zip(contenders) {
        runner.seats = keys
            .whole_quotas(runner.level)
            .min(runner.limit)
            .max(runner.held);
        distance += u64::from(runner.seats.abs_diff(contender.seats));
    }
    if distance <= u64::from(STEPS_MAX) {
        return;
    }
    // Limits at the certain seats keep equal keys from going to a list that the tie chain refused.
    let limits: Vec<u32> = runners.iter().map(|runner| runner.limit).collect();
    for (runner, contender) in runners.iter_mut().zip(contenders) {
        runner.limit = contender.seats;
    }
    let held: u32 = runners.iter().map(|runner| runner.held).sum();
    fill(
        keys,
        runners,
        &mut Scratch::default(),
        total.saturating_sub(STEPS_MAX).max(held),
    );
    for (runner, limit) in runners.iter_mut().zip(limits) {
        runner.limit = limit;
    }
}

/// All seats of one kind on the way to the certain ones, each with the key that decided and the one that comes next.
///
/// The runners that are on the way wait in a heap, the one whose turn is next on top. Of those that are not, because they
/// have their certain seats but could hold another, only the best can ever be next in line, and its key does not change.
fn walk(
    keys: &Keys,
    runners: &mut [Runner],
    contenders: &[Contender],
    kind: StepKind,
    steps: &mut Vec<Step>,
) {
    let ways = Ways { keys, kind };
    let left = |runner: &Runner, index: usize| {
        let certain = contenders[index].seats;
        match kind {
            StepKind::Granted => certain.saturating_sub(runner.seats),
            StepKind::Withdrawn => runner.seats.saturating_sub(certain),
        }
    };
    let (mut waiting, mut others, mut number) = (Vec::new(), None, 0);
    for (index, runner) in runners.iter().enumerate() {
        match left(runner, index) {
            0 => others = ways.better(runners, others, index),
            more => {
                waiting.push(index);
                number += usize::try_from(more).unwrap_or(0);
            }
        }
    }
    let before = |runners: &[Runner], one: usize, other: usize| ways.before(runners, one, other);
    // A few are kept in their order, which is a heap as well: who takes a seat is mostly first or second again.
    let is_sorted = waiting.len() <= SORTED_MAX;
    if is_sorted {
        waiting.sort_unstable_by(|&one, &other| match before(runners, one, other) {
            true => Ordering::Less,
            false => Ordering::Greater,
        });
    } else {
        heapify(&mut waiting, runners, &before);
    }
    steps.reserve(number);
    let mut total: u32 = runners.iter().map(|runner| runner.seats).sum();
    // Who is next in line is nearly always who gets the next seat, by the same key.
    let mut known: Option<(usize, Key)> = None;
    while let Some(&top) = waiting.first() {
        let (list, seats_before) = (runners[top].list, runners[top].seats);
        let key = match known {
            Some((next, key)) if next == top => key,
            _ => keys.key(runners[top].level, ways.number(&runners[top])),
        };
        let (seat, after) = match kind {
            StepKind::Granted => (total + 1, seats_before + 1),
            StepKind::Withdrawn => (total, seats_before - 1),
        };
        total = total - seats_before + after;
        runners[top].seats = after;
        let is_done = after == contenders[top].seats;
        if is_done {
            others = ways.better(runners, others, top);
        }
        match (is_sorted, is_done) {
            (true, true) => {
                waiting.remove(0);
            }
            (true, false) => sink(&mut waiting, runners, &before),
            (false, _) => {
                if is_done {
                    waiting.swap_remove(0);
                }
                sift_down(&mut waiting, runners, 0, &before);
            }
        }
        let next = match waiting.first() {
            Some(&first) => ways.better(runners, others, first),
            None => others,
        };
        let next_in_line = next.map(|next| ways.award(&runners[next]));
        known = next.zip(next_in_line.map(|award| award.key));
        steps.push(Step {
            seat,
            kind,
            list,
            seats_before,
            key,
            next_in_line,
        });
    }
}

/// As many as are kept in order.
const SORTED_MAX: usize = 12;

/// Moves the first back to its place among others that are in order.
#[inline]
fn sink(
    waiting: &mut [usize],
    runners: &[Runner],
    before: &impl Fn(&[Runner], usize, usize) -> bool,
) {
    let mut place = 0;
    while let Some(&next) = waiting.get(place + 1)
        && before(runners, next, waiting[place])
    {
        waiting.swap(place, place + 1);
        place += 1;
    }
}

/// Whose turn it is, for one kind of steps.
struct Ways<'a> {
    keys: &'a Keys,
    kind: StepKind,
}

impl Ways<'_> {
    /// The number of the seat that a runner would get or give back, from 0.
    #[inline]
    fn number(&self, runner: &Runner) -> u32 {
        match self.kind {
            StepKind::Granted => runner.seats,
            StepKind::Withdrawn => runner.seats - 1,
        }
    }

    /// Whether one comes before another; of equal ones the first in the order of the contest does, so that steps can be
    /// compared with those of another day.
    #[inline]
    fn before(&self, runners: &[Runner], one: usize, other: usize) -> bool {
        let key = |index: usize| (runners[index].level, self.number(&runners[index]));
        let wanted = match self.kind {
            StepKind::Granted => Ordering::Greater,
            StepKind::Withdrawn => Ordering::Less,
        };
        let order = self.keys.compare(key(one), key(other));
        order == wanted || (order.is_eq() && one < other)
    }

    /// The better of two, where the second could get or give back a seat at all.
    #[inline]
    fn better(&self, runners: &[Runner], best: Option<usize>, other: usize) -> Option<usize> {
        let runner = &runners[other];
        let could = match self.kind {
            StepKind::Granted => runner.seats < runner.limit,
            StepKind::Withdrawn => runner.seats > runner.held,
        };
        match best {
            _ if !could => best,
            Some(best) if !self.before(runners, other, best) => Some(best),
            _ => Some(other),
        }
    }

    #[inline]
    fn award(&self, runner: &Runner) -> Award {
        let number = self.number(runner);
        Award {
            list: runner.list,
            seat: number + 1,
            key: self.keys.key(runner.level, number),
        }
    }
}

fn least_common_multiple(left: u128, right: u128) -> u128 {
    if right == 1 || left == right {
        // As nearly always.
        return left;
    }
    let (mut a, mut b) = (left, right);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    left / a * right
}
