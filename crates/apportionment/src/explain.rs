//! An allocation unrolled into steps that can be followed with a pocket calculator.

use std::cmp::Ordering;

use crate::allocation::{Allocation, Award, Contender, StageResult, Tie};
use crate::contest::StageAt;
use crate::fill::{Slot, fill_all, heapify, sift_down};
use crate::key::Key;
use crate::keys::Keys;
use crate::order::{Heaps, Order, Ordered};
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
    let (keys, mut slots) = restore(stage);
    start(&keys, &mut slots, &stage.contenders);
    let rows = stage
        .contenders
        .iter()
        .zip(&slots)
        .map(|(contender, slot)| QuotientRow {
            list: contender.list,
            weight: contender.weight,
            quotient: stage.quota.map(|_| keys.quotient(slot.level)),
            seats: slot.seats,
            next_key: (slot.seats < slot.limit).then(|| keys.key(slot.level, slot.seats)),
        });
    let rows = rows.collect();
    let all = slots.iter().fold(0, |all, slot| all | slot.level.value);
    let walk = Walk {
        slots: &mut slots,
        contenders: &stage.contenders,
    };
    StageSteps {
        at: stage.at,
        quota: stage.quota,
        rows,
        steps: keys.in_order(all, walk),
        tie: stage.tie.clone(),
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

/// All steps of a stage.
struct Walk<'a> {
    slots: &'a mut [Slot],
    contenders: &'a [Contender],
}

impl Ordered for Walk<'_> {
    type Output = Vec<Step>;

    fn run<O: Order>(self, order: &O) -> Vec<Step> {
        let Self { slots, contenders } = self;
        let mut steps = Vec::new();
        let mut both = slots.iter().zip(contenders);
        // What is too much comes back before anything is given.
        if both.any(|(slot, contender)| slot.seats > contender.seats) {
            Way::<O, false> { order }.walk(slots, contenders, &mut steps);
        }
        Way::<O, true> { order }.walk(slots, contenders, &mut steps);
        steps
    }
}

/// A competitor on its way to its certain seats.
#[derive(Clone, Copy)]
struct Turn<K> {
    /// The key of the seat that it would get or give back.
    key: K,
    /// The list, or the first list of the group.
    list: usize,
    /// Its place among the contenders.
    place: usize,
    /// The number of that seat among its own, from 0.
    number: u32,
    /// Seats that it still gets or gives back.
    left: u32,
}

/// As many as are kept in order.
const SORTED_MAX: usize = 12;

/// Steps of one kind: seats that are given, or taken back.
struct Way<'a, O, const GIVES: bool> {
    order: &'a O,
}

impl<O: Order, const GIVES: bool> Way<'_, O, GIVES> {
    const KIND: StepKind = match GIVES {
        true => StepKind::Granted,
        false => StepKind::Withdrawn,
    };

    /// All seats of one kind on the way to the certain ones, each with the key that decided and the one that comes next.
    ///
    /// Those that are on the way wait in a heap, the one whose turn is next on top. Of those that are not, because they
    /// have their certain seats but could hold another, only the best can ever be next in line, and its key does not change.
    fn walk(&self, slots: &mut [Slot], contenders: &[Contender], steps: &mut Vec<Step>) {
        let (mut others, mut number, mut total) = (None, 0, 0);
        let mut waiting = Vec::with_capacity(slots.len());
        for (place, (slot, contender)) in slots.iter_mut().zip(contenders).enumerate() {
            total += slot.seats;
            let left = match GIVES {
                true => contender.seats.saturating_sub(slot.seats),
                false => slot.seats.saturating_sub(contender.seats),
            };
            let first = match GIVES {
                true => (slot.seats < slot.limit).then_some(slot.seats),
                false => (slot.seats > slot.held).then(|| slot.seats - 1),
            };
            let Some(first) = first else { continue };
            let turn = Turn {
                key: self.order.carried(slot.level, first),
                list: contender.list,
                place,
                number: first,
                left,
            };
            if left > 0 {
                number += usize::try_from(left).unwrap_or(0);
                slot.seats = contender.seats;
                waiting.push(turn);
            } else {
                others = self.better(others, turn);
            }
        }
        let before = |one: &Turn<O::Carried>, other: &Turn<O::Carried>| self.before(one, other);
        // A few are kept in their order, which is a heap as well: who takes a seat is mostly first or second again.
        let is_sorted = waiting.len() <= SORTED_MAX;
        if is_sorted {
            waiting.sort_unstable_by(|one, other| match before(one, other) {
                true => Ordering::Less,
                false => Ordering::Greater,
            });
        } else {
            heapify(&mut waiting, &before);
        }
        steps.reserve(number);
        while let Some(&top) = waiting.first() {
            let mut turn = top;
            turn.left -= 1;
            let (seat, seats_before) = match GIVES {
                true => {
                    total += 1;
                    (total, top.number)
                }
                false => {
                    total -= 1;
                    (total + 1, top.number + 1)
                }
            };
            let goes_on = self.advance(&mut turn, &slots[top.place]);
            if turn.left > 0 && goes_on {
                waiting[0] = turn;
                match is_sorted {
                    true => sink(&mut waiting, &before),
                    false => sift_down(&mut waiting, 0, &before),
                }
            } else {
                if goes_on {
                    others = self.better(others, turn);
                }
                if is_sorted {
                    waiting.remove(0);
                } else {
                    waiting.swap_remove(0);
                    sift_down(&mut waiting, 0, &before);
                }
            }
            let next = match waiting.first() {
                Some(&first) => self.better(others, first),
                None => others,
            };
            steps.push(Step {
                seat,
                kind: Self::KIND,
                list: top.list,
                seats_before,
                key: self.order.key(top.key),
                next_in_line: next.map(|next| Award {
                    list: next.list,
                    seat: next.number + 1,
                    key: self.order.key(next.key),
                }),
            });
        }
    }

    /// Goes on to the seat that the competitor would get or give back next; whether there is one.
    #[inline(always)]
    fn advance(&self, turn: &mut Turn<O::Carried>, slot: &Slot) -> bool {
        match GIVES {
            true => {
                turn.number += 1;
                turn.key = self.order.next(turn.key, turn.number);
                turn.number < slot.limit
            }
            false if turn.number > slot.held => {
                turn.number -= 1;
                turn.key = self.order.previous(turn.key, turn.number);
                true
            }
            false => false,
        }
    }

    /// Whether one comes before another; of equal ones the first in the order of the contest does, so that steps can be
    /// compared with those of another day.
    #[inline(always)]
    fn before(&self, one: &Turn<O::Carried>, other: &Turn<O::Carried>) -> bool {
        match self.order.compare(one.key, other.key) {
            Ordering::Greater => GIVES,
            Ordering::Less => !GIVES,
            Ordering::Equal => one.place < other.place,
        }
    }

    #[inline(always)]
    fn better(
        &self,
        best: Option<Turn<O::Carried>>,
        other: Turn<O::Carried>,
    ) -> Option<Turn<O::Carried>> {
        match best {
            Some(best) if self.before(&best, &other) => Some(best),
            _ => Some(other),
        }
    }
}

/// Moves the first back behind those that come before it, among others that are in order.
#[inline(always)]
fn sink<K: Copy>(waiting: &mut [Turn<K>], before: &impl Fn(&Turn<K>, &Turn<K>) -> bool) {
    let mut place = 0;
    while let [turn, next, ..] = &mut waiting[place..]
        && before(next, turn)
    {
        std::mem::swap(turn, next);
        place += 1;
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
