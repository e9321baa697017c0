//! An allocation unrolled into steps that can be followed with a pocket calculator.

use crate::allocation::{Allocation, Contender, StageResult, Tie};
use crate::contest::StageAt;
use crate::fill::{Slot, fill_all};
use crate::key::Key;
use crate::keys::{Keyed, Keys, Level};
use crate::order::Heaps;
use crate::ratio::Ratio;

mod bins;
mod steps;
mod walk;

pub use steps::{Step, StepKind, Steps};
use walk::Walk;

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
    pub steps: Steps,
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

/// Unrolls every stage of an allocation, in order.
#[must_use]
pub fn explain(allocation: &Allocation) -> Vec<StageSteps> {
    allocation.stages.iter().map(explain_stage).collect()
}

fn explain_stage(stage: &StageResult) -> StageSteps {
    let (keys, mut slots) = restore(stage);
    start(&keys, &mut slots, &stage.contenders);
    let rows = keys.by_one_way(Rows {
        keys: &keys,
        stage,
        slots: &slots,
    });
    let seats_before = slots.iter().map(|slot| slot.seats).sum();
    let all = slots.iter().fold(0, |all, slot| all | slot.level.value);
    let walk = Walk {
        slots: &mut slots,
        contenders: &stage.contenders,
    };
    let courses = keys.in_order(all, walk);
    StageSteps {
        at: stage.at,
        quota: stage.quota,
        rows,
        steps: Steps::new(keys, slots, &stage.contenders, seats_before, courses),
        tie: stage.tie.clone(),
    }
}

/// The competitors where the steps begin.
struct Rows<'a> {
    keys: &'a Keys,
    stage: &'a StageResult,
    slots: &'a [Slot],
}

impl Keyed for Rows<'_> {
    type Output = Vec<QuotientRow>;

    #[inline(always)]
    fn run(self, key: impl Fn(Level, u32) -> Key) -> Vec<QuotientRow> {
        let Self { keys, stage, slots } = self;
        let rows = stage.contenders.iter().zip(slots);
        let rows = rows.map(|(contender, slot)| QuotientRow {
            list: contender.list,
            weight: contender.weight,
            quotient: stage.quota.map(|_| keys.quotient(slot.level)),
            seats: slot.seats,
            next_key: (slot.seats < slot.limit).then(|| key(slot.level, slot.seats)),
        });
        rows.collect()
    }
}

/// The keys and competitors of a recorded stage.
fn restore(stage: &StageResult) -> (Keys, Vec<Slot>) {
    let scale = stage
        .contenders
        .iter()
        .map(|contender| contender.weight.denominator())
        .fold(1, least_common_multiple);
    let keys = Keys::restored(stage.method, stage.quota, scale);
    let slots = stage.contenders.iter().map(|contender| {
        let (above, below) = contender.weight.lowest_terms();
        let weight = match below == scale {
            true => above.unsigned_abs(),
            false => above.unsigned_abs() * (scale / below),
        };
        Slot {
            level: keys.level(weight, scale),
            held: contender.seats_before,
            limit: contender.limit.unwrap_or(u32::MAX),
            seats: contender.seats_before,
        }
    });
    let slots = slots.collect();
    (keys, slots)
}

/// Puts the competitors where the steps begin: not more than [`STEPS_MAX`] seats away from the end.
fn start(keys: &Keys, slots: &mut [Slot], contenders: &[Contender]) {
    let mut distance: u64 = 0;
    for (slot, contender) in slots.iter_mut().zip(contenders) {
        slot.seats = keys.whole_quotas(slot.level).min(slot.limit).max(slot.held);
        distance += u64::from(slot.seats.abs_diff(contender.seats));
    }
    if distance <= u64::from(STEPS_MAX) {
        return;
    }
    // Limits at the certain seats keep equal keys from going to a list that the tie chain refused.
    let limits: Vec<u32> = slots.iter().map(|slot| slot.limit).collect();
    for (slot, contender) in slots.iter_mut().zip(contenders) {
        slot.limit = contender.seats;
    }
    let total: u32 = contenders.iter().map(|contender| contender.seats).sum();
    let held: u32 = slots.iter().map(|slot| slot.held).sum();
    let target = total.saturating_sub(STEPS_MAX).max(held);
    fill_all(keys, slots, &mut Heaps::default(), target);
    for (slot, limit) in slots.iter_mut().zip(limits) {
        slot.limit = limit;
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
