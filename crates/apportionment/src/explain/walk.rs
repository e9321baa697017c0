//! Whose turn it is, one seat after the other.

use std::cmp::Ordering;

use super::bins::{Run, in_order};
use super::steps::{Course, Seat};
use crate::allocation::Contender;
use crate::due::Clock;
use crate::fill::{Slot, heapify, sift_down};
use crate::order::{Order, Ordered};

/// The way of a stage from where its steps begin to its certain seats: seats that are taken back, then seats that are given.
pub(super) struct Walk<'a> {
    pub slots: &'a mut [Slot],
    pub contenders: &'a [Contender],
}

impl Ordered for Walk<'_> {
    type Output = [Course; 2];

    fn run<O: Order>(self, order: &O) -> Self::Output {
        let Self { slots, contenders } = self;
        let mut withdrawn = Course::default();
        let mut both = slots.iter().zip(contenders);
        // What is too much comes back before anything is given.
        if both.any(|(slot, contender)| slot.seats > contender.seats) {
            let takes = Way::<O, false> { order };
            withdrawn = takes.course(slots, contenders, takes.by_key(slots, contenders));
            for (slot, contender) in slots.iter_mut().zip(contenders) {
                slot.seats = slot.seats.min(contender.seats);
            }
        }
        let gives = Way::<O, true> { order };
        let turns = match gives.clock(slots, contenders) {
            Some(clock) => gives.by_clock(clock, slots, contenders),
            None => gives.by_key(slots, contenders),
        };
        [withdrawn, gives.course(slots, contenders, turns)]
    }
}

/// A competitor on its way to its certain seats.
#[derive(Clone, Copy)]
struct Runner<K> {
    /// The key of the seat that it would get or give back.
    key: K,
    /// Which seat that is.
    seat: Seat,
    /// Seats that it still gets or gives back.
    left: u32,
}

/// As many as are kept in order; a clock pays for more.
const SORTED_MAX: usize = 12;

/// Steps of one kind: seats that are given, or taken back.
struct Way<'a, O, const GIVES: bool> {
    order: &'a O,
}

impl<O: Order, const GIVES: bool> Way<'_, O, GIVES> {
    /// The turns, and the best of the seats that are not among them. Whoever is first to have no turn left with a better key
    /// than all that come is next in line for good.
    fn course(&self, slots: &[Slot], contenders: &[Contender], turns: Vec<Seat>) -> Course {
        let others = (0..).zip(slots.iter().zip(contenders));
        let others = others.filter_map(|(row, (slot, contender))| {
            let number = match GIVES {
                true => (contender.seats < slot.limit).then_some(contender.seats)?,
                false => {
                    let seats = slot.seats.min(contender.seats);
                    (seats > slot.held).then(|| seats - 1)?
                }
            };
            Some(Seat::new(row, number))
        });
        let other = others.min_by(|one, other| self.compare(slots, *one, *other));
        let until = other.map_or(turns.len(), |other| {
            let is_before = |seat: &Seat| self.compare(slots, *seat, other).is_lt();
            // As nearly always: only equal keys and lists without candidates come between.
            match turns.last().is_none_or(is_before) {
                true => turns.len(),
                false => turns.partition_point(is_before),
            }
        });
        Course {
            turns,
            other: other.unwrap_or(Seat::NOBODYS),
            until,
        }
    }

    /// The seats on the way to the certain ones, key by key.
    fn by_key(&self, slots: &[Slot], contenders: &[Contender]) -> Vec<Seat> {
        let mut number = 0;
        let mut waiting = Vec::with_capacity(slots.len());
        for (row, (slot, contender)) in (0..).zip(slots.iter().zip(contenders)) {
            let left = match GIVES {
                true => contender.seats.saturating_sub(slot.seats),
                false => slot.seats.saturating_sub(contender.seats),
            };
            if left == 0 {
                continue;
            }
            number += usize::try_from(left).unwrap_or(0);
            let first = match GIVES {
                true => slot.seats,
                false => slot.seats - 1,
            };
            waiting.push(Runner {
                key: self.order.carried(slot.level, first),
                seat: Seat::new(row, first),
                left,
            });
        }
        let mut turns = Vec::with_capacity(number);
        match waiting.len() <= SORTED_MAX {
            true => self.queue(&mut waiting, &mut turns),
            false => self.heap(&mut waiting, &mut turns),
        }
        turns
    }

    /// A few are kept in their order: who takes a seat is mostly first or second again. They stay where they are, and only their
    /// places are moved.
    fn queue(&self, runners: &mut [Runner<O::Carried>], turns: &mut Vec<Seat>) {
        let mut places = [0; SORTED_MAX];
        let queue = &mut places[..runners.len()];
        for (place, runner) in queue.iter_mut().zip(0..) {
            *place = runner;
        }
        queue.sort_unstable_by(|one, other| self.runners(&runners[*one], &runners[*other]));
        let mut begin = 0;
        while let Some(&first) = queue.get(begin) {
            let runner = &mut runners[first];
            turns.push(runner.seat);
            if !self.advance(runner) {
                begin += 1;
                continue;
            }
            let mut place = begin;
            while let Some(&next) = queue.get(place + 1)
                && self.runners(&runners[next], &runners[first]).is_lt()
            {
                queue[place] = next;
                place += 1;
            }
            queue[place] = first;
        }
    }

    fn heap(&self, heap: &mut Vec<Runner<O::Carried>>, turns: &mut Vec<Seat>) {
        let before =
            |one: &Runner<O::Carried>, other: &Runner<O::Carried>| self.runners(one, other).is_lt();
        heapify(heap, &before);
        while let Some(top) = heap.first_mut() {
            turns.push(top.seat);
            if !self.advance(top) {
                heap.swap_remove(0);
            }
            sift_down(heap, 0, &before);
        }
    }

    /// Goes on to the seat that the competitor gets or gives back next; whether there is one.
    #[inline(always)]
    fn advance(&self, runner: &mut Runner<O::Carried>) -> bool {
        runner.left -= 1;
        if runner.left > 0 {
            match GIVES {
                true => {
                    runner.seat = runner.seat.following();
                    runner.key = self.order.next(runner.key, runner.seat.number());
                }
                false => {
                    runner.seat = runner.seat.before();
                    runner.key = self.order.previous(runner.key, runner.seat.number());
                }
            }
        }
        runner.left > 0
    }

    #[inline(always)]
    fn runners(&self, one: &Runner<O::Carried>, other: &Runner<O::Carried>) -> Ordering {
        let order = self.falling(one.key, other.key);
        order.then(one.seat.place().cmp(&other.seat.place()))
    }

    /// Which of two seats has its turn first; of equal ones the first in the order of the contest does, so that steps can be
    /// compared with those of another day.
    #[inline(always)]
    fn compare(&self, slots: &[Slot], one: Seat, other: Seat) -> Ordering {
        let key = |seat: Seat| self.order.carried(slots[seat.place()].level, seat.number());
        let order = self.falling(key(one), key(other));
        order.then(one.place().cmp(&other.place()))
    }

    /// The larger key first, or the smaller where seats are taken back.
    #[inline(always)]
    fn falling(&self, one: O::Carried, other: O::Carried) -> Ordering {
        match GIVES {
            true => self.order.compare(other, one),
            false => self.order.compare(one, other),
        }
    }
}

impl<O: Order> Way<'_, O, true> {
    /// A clock for the seats that are given, where it pays and all who get some have votes.
    fn clock(&self, slots: &[Slot], contenders: &[Contender]) -> Option<Clock<'_>> {
        let (mut waiting, mut largest, mut last) = (0, 0, 0);
        for (slot, contender) in slots.iter().zip(contenders) {
            if contender.seats > slot.seats {
                waiting += 1;
                (slot.level.value > 0).then_some(())?;
            }
            largest = largest.max(slot.level.value);
            last = last.max(contender.seats);
        }
        (waiting > SORTED_MAX).then(|| self.order.clock(largest, last))?
    }

    /// The seats of [`Way::by_key`], found by when they fall due.
    fn by_clock(&self, clock: Clock<'_>, slots: &[Slot], contenders: &[Contender]) -> Vec<Seat> {
        let both = (0..).zip(slots.iter().zip(contenders));
        let runs = both.filter(|(_, (slot, contender))| contender.seats > slot.seats);
        let runs = runs.map(|(row, (slot, contender))| {
            let due = clock.due(slot.level, slot.seats);
            Run {
                seat: Seat::new(row, slot.seats),
                due: due.expect("there is a clock only where all who get seats have votes"),
                seats: contender.seats - slot.seats,
            }
        });
        let runs: Vec<Run> = runs.collect();
        in_order(&runs, |one, other| self.compare(slots, one, other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{restore, start};
    use crate::{Allocation, Contest, Method, Rules, StepKind, TieBreak, allocate, explain};
    use proptest::prelude::*;

    /// The steps in a heap, and by the clock, where keys have one.
    struct Both<'a>(Walk<'a>);

    impl Ordered for Both<'_> {
        type Output = Option<[Vec<(usize, u32)>; 2]>;

        fn run<O: Order>(self, order: &O) -> Self::Output {
            let Walk { slots, contenders } = self.0;
            let largest = slots.iter().map(|slot| slot.level.value).max()?;
            let last = contenders.iter().map(|contender| contender.seats).max()?;
            let way = Way::<O, true> { order };
            let clock = order.clock(largest, last)?;
            let found = [
                way.by_key(slots, contenders),
                way.by_clock(clock, slots, contenders),
            ];
            let shown = |seat: &Seat| (seat.place(), seat.number());
            Some(found.map(|turns| turns.iter().map(shown).collect()))
        }
    }

    fn votes() -> impl Strategy<Value = Vec<u64>> {
        prop_oneof![
            // Equal keys, which the same moment stands for.
            prop::collection::vec(1u64..12, 1..40),
            prop::collection::vec(1u64..5_000_000, 1..40),
            // Some units of the clock for a seat, and hundreds of millions of them.
            prop::collection::vec(1u64..1 << 40, 1..20),
        ]
    }

    /// Some lists have few candidates, some hold seats before, and ties are settled by votes or stay open.
    fn allocated(
        votes: &[u64],
        seats: u32,
        method: Method,
        (most, held): (Option<u32>, Option<u32>),
        by_votes: bool,
    ) -> Allocation {
        let mut contest = Contest::with_votes(seats, votes);
        for (place, list) in contest.lists.iter_mut().enumerate() {
            list.candidates = most.filter(|_| place % 3 == 0);
            list.held = held.filter(|_| place % 4 == 1 && seats > 120).unwrap_or(0);
        }
        let ties = Vec::from_iter(by_votes.then_some(TieBreak::MoreVotes));
        let rules = Rules {
            ties,
            ..Rules::of(method)
        };
        allocate(&contest, &rules, &[]).expect("within the limits")
    }

    proptest! {
        /// By the clock come the steps that a heap gives, whatever was held, cannot be held, is tied or was settled by order.
        #[test]
        fn a_clock_gives_the_steps_of_a_heap(
            votes in votes(),
            seats in 1u32..900,
            method in prop::sample::select(vec![
                Method::D_HONDT, Method::SAINTE_LAGUE, Method::ADAMS, Method::IMPERIALI_DIVISORS, Method::DANISH,
                Method::MODIFIED_SAINTE_LAGUE,
            ]),
            (most, held) in (prop::option::of(4u32..60), prop::option::of(1u32..4)),
            by_votes in any::<bool>(),
        ) {
            let allocation = allocated(&votes, seats, method, (most, held), by_votes);
            for stage in &allocation.stages {
                let (keys, mut slots) = restore(stage);
                start(&keys, &mut slots, &stage.contenders);
                let all = slots.iter().fold(0, |all, slot| all | slot.level.value);
                let walk = Walk { slots: &mut slots, contenders: &stage.contenders };
                let found = keys.in_order(all, Both(walk));
                let [heap, clock] = found.expect("votes are fewer than make a clock too coarse");
                prop_assert_eq!(heap, clock);
            }
        }
    }

    proptest! {
        /// Whoever is named as next in line has the best key of all that could have the seat, or lose it, after the step.
        #[test]
        fn next_in_line_is_the_best_of_all_others(
            votes in votes(),
            seats in 1u32..300,
            method in prop::sample::select(vec![
                Method::D_HONDT, Method::ADAMS, Method::HUNTINGTON_HILL, Method::HARE, Method::IMPERIALI, Method::DROOP,
            ]),
            (most, held) in (prop::option::of(4u32..60), prop::option::of(1u32..4)),
            by_votes in any::<bool>(),
        ) {
            let allocation = allocated(&votes, seats, method, (most, held), by_votes);
            for (stage, steps) in allocation.stages.iter().zip(explain(&allocation)) {
                let (keys, slots) = restore(stage);
                for (index, step) in steps.steps.iter().enumerate() {
                    prop_assert_eq!(steps.steps.get(index), Some(step));
                    let (before, after) = (steps.standing_before(index), steps.standing_before(index + 1));
                    let gives = step.kind == StepKind::Granted;
                    let number = |standing: u32| if gives { standing } else { standing - 1 };
                    let row = steps.rows.iter().position(|row| row.list == step.list).expect("a row of the stage");
                    prop_assert_eq!(step.key, keys.key(slots[row].level, number(before[row])));
                    let total: u32 = if gives { after.iter().sum() } else { before.iter().sum() };
                    prop_assert_eq!((step.seats_before, step.seat), (before[row], total));
                    let others = slots.iter().zip(&after).enumerate();
                    let others = others.filter(|(_, (slot, standing))| match gives {
                        true => **standing < slot.limit,
                        false => **standing > slot.held,
                    });
                    let others = others.map(|(row, (slot, standing))| (row, slot.level, number(*standing)));
                    let best = others.min_by(|one, other| {
                        let order = keys.compare((one.1, one.2), (other.1, other.2));
                        if gives { order.reverse() } else { order }
                    });
                    let best = best.map(|(row, level, number)| {
                        let (list, seat) = (steps.rows[row].list, number + 1);
                        crate::Award { list, seat, key: keys.key(level, number) }
                    });
                    prop_assert_eq!(step.next_in_line, best);
                }
                prop_assert_eq!(steps.steps.get(steps.steps.len()), None);
            }
        }
    }

    #[test]
    fn votes_beyond_what_a_clock_can_tell_apart_have_none() {
        let [fine, coarse] = [1_u64 << 40, 1 << 60].map(|votes| {
            let contest = Contest::with_votes(700, &[votes, votes / 3]);
            let allocation = allocate(&contest, &Rules::of(Method::D_HONDT), &[]).unwrap();
            let stage = &allocation.stages[0];
            let (keys, mut slots) = restore(stage);
            let walk = Walk {
                slots: &mut slots,
                contenders: &stage.contenders,
            };
            keys.in_order(i128::from(votes), Both(walk)).is_some()
        });
        assert_eq!((fine, coarse), (true, false));
    }
}
