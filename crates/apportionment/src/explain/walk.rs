//! One seat after the other, each with the key that decided and the one that comes next.

use std::cmp::Ordering;

use super::bins::{Seat, in_order};
use super::{Step, StepKind};
use crate::allocation::{Award, Contender};
use crate::due::Clock;
use crate::fill::{Slot, heapify, sift_down};
use crate::order::{Order, Ordered};

/// All steps of a stage.
pub(super) struct Walk<'a> {
    pub slots: &'a mut [Slot],
    pub contenders: &'a [Contender],
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
        let gives = Way::<O, true> { order };
        match gives.clock(slots, contenders) {
            Some(clock) => gives.walk_by(clock, slots, contenders, &mut steps),
            None => gives.walk(slots, contenders, &mut steps),
        }
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

/// As many as are kept in order; a clock pays for more.
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
                others = Some(others.map_or(turn, |best| self.better(best, turn)));
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
                    others = Some(others.map_or(turn, |best| self.better(best, turn)));
                }
                if is_sorted {
                    waiting.remove(0);
                } else {
                    waiting.swap_remove(0);
                    sift_down(&mut waiting, 0, &before);
                }
            }
            let next = match waiting.first() {
                Some(&first) => Some(others.map_or(first, |best| self.better(best, first))),
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
    fn better(&self, best: Turn<O::Carried>, other: Turn<O::Carried>) -> Turn<O::Carried> {
        match self.before(&best, &other) {
            true => best,
            false => other,
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

    /// The steps of [`Way::walk`], found by when seats fall due.
    fn walk_by(
        &self,
        clock: Clock<'_>,
        slots: &[Slot],
        contenders: &[Contender],
        steps: &mut Vec<Step>,
    ) {
        let turn = |place: usize, number: u32| Turn {
            key: self.order.carried(slots[place].level, number),
            list: contenders[place].list,
            place,
            number,
            left: 0,
        };
        // The best of those that have their certain seats and could hold another, and when that would fall due.
        let mut others: Option<(u64, Turn<O::Carried>)> = None;
        let mut done = |place: usize| {
            let number = contenders[place].seats;
            if number < slots[place].limit {
                let other = turn(place, number);
                let best = others.map_or(other, |(_, best)| self.better(best, other));
                let due = clock.due(slots[best.place].level, best.number);
                others = Some((due.map_or(u64::MAX, |due| due.at), best));
            }
            others
        };
        let (mut seats, mut total, mut best) = (Vec::new(), 0, None);
        for (place, (slot, contender)) in slots.iter().zip(contenders).enumerate() {
            total += slot.seats;
            if contender.seats <= slot.seats {
                best = done(place);
                continue;
            }
            let due = clock.due(slot.level, slot.seats);
            let mut due = due.expect("there is a clock only where all who get seats have votes");
            let seat = |at: u64, number: u32| Seat { at, place, number };
            seats.push(seat(due.at, slot.seats));
            seats.extend((slot.seats + 1..contender.seats).map(|number| {
                due.advance();
                seat(due.at, number)
            }));
        }
        let seats = in_order(&seats, |one, other| {
            match self.before(
                &turn(one.place, one.number),
                &turn(other.place, other.number),
            ) {
                true => Ordering::Less,
                false => Ordering::Greater,
            }
        });
        let key = |place: usize, number: u32| {
            self.order
                .key(self.order.carried(slots[place].level, number))
        };
        steps.extend(seats.iter().enumerate().map(|(index, seat)| {
            let Seat { place, number, .. } = *seat;
            let list = contenders[place].list;
            total += 1;
            if number + 1 == contenders[place].seats {
                best = done(place);
            }
            let following = seats.get(index + 1);
            let next = match (following, best) {
                (Some(next), Some((due, best)))
                    if due <= next.at && self.before(&best, &turn(next.place, next.number)) =>
                {
                    Some((best.place, best.number))
                }
                (Some(next), _) => Some((next.place, next.number)),
                (None, best) => best.map(|(_, best)| (best.place, best.number)),
            };
            Step {
                seat: total,
                kind: Self::KIND,
                list,
                seats_before: number,
                key: key(place, number),
                next_in_line: next.map(|(place, number)| Award {
                    list: contenders[place].list,
                    seat: number + 1,
                    key: key(place, number),
                }),
            }
        }));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{restore, start};
    use crate::{Contest, Method, Rules, TieBreak, allocate};
    use proptest::prelude::*;

    /// The steps in a heap, and by the clock, where keys have one.
    struct Both<'a>(Walk<'a>);

    impl Ordered for Both<'_> {
        type Output = Option<[Vec<Step>; 2]>;

        fn run<O: Order>(self, order: &O) -> Self::Output {
            let Walk { slots, contenders } = self.0;
            let largest = slots.iter().map(|slot| slot.level.value).max()?;
            let last = contenders.iter().map(|contender| contender.seats).max()?;
            let way = Way::<O, true> { order };
            let clock = order.clock(largest, last)?;
            let mut found = [Vec::new(), Vec::new()];
            way.walk_by(clock, slots, contenders, &mut found[1]);
            way.walk(slots, contenders, &mut found[0]);
            Some(found)
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
            let mut contest = Contest::with_votes(seats, &votes);
            for (place, list) in contest.lists.iter_mut().enumerate() {
                list.candidates = most.filter(|_| place % 3 == 0);
                list.held = held.filter(|_| place % 4 == 1 && seats > 120).unwrap_or(0);
            }
            let mut rules = Rules::of(method);
            rules.ties = if by_votes { vec![TieBreak::MoreVotes] } else { Vec::new() };
            let allocation = allocate(&contest, &rules, &[]).expect("within the limits");
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
