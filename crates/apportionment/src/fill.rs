//! The one routine that hands a stage's seats to the largest keys.

use std::cmp::Ordering;

use crate::contest::List;
use crate::jump::{MANY, jump};
use crate::keys::{Keys, Level};
use crate::order::{Entry, Heaps, Order, Ordered};
use crate::rules::{AboveMax, ExhaustedList, Rules};

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
    pub level: Level,
    /// Seats that cannot be taken away in this stage.
    pub held: u32,
    /// Seats it can hold at most.
    pub room: u32,
    /// Seats it can hold at most in this stage.
    pub limit: u32,
    /// Candidates it has, which bound its room where a seat goes on to the next in line.
    pub candidates: u32,
    /// The last stage, not one of whole quotas, that gave it a seat.
    pub last_won: Option<usize>,
    /// Seats now.
    pub seats: u32,
    /// Whether an open tie can give it more.
    pub tied: bool,
    /// Whether later stages wait for that tie, so that how much more is open too.
    pub waiting: bool,
}

impl Runner {
    /// Takes another list in. What stays empty shows only inside, and a group has no registration.
    pub(crate) fn join(&mut self, other: &Self) {
        self.votes += other.votes;
        self.weight += other.weight;
        self.room = self.room.saturating_add(other.room);
        self.candidates = self.room;
        self.registration = None;
    }
}

/// A list as a competitor, with the seats that it holds beforehand and those that it has room for.
pub(crate) fn runner_of(index: usize, list: &List, rules: &Rules) -> Runner {
    let candidates = list.candidates.unwrap_or(u32::MAX);
    let most = match rules.above_max {
        AboveMax::NextInLine => rules.seats_max.unwrap_or(u32::MAX),
        AboveMax::SharedAnew => u32::MAX,
    };
    let room = match rules.exhausted {
        ExhaustedList::NextInLine => candidates.min(most),
        ExhaustedList::StaysEmpty => most,
    };
    let (votes, registration) = (u128::from(list.votes), list.registration);
    Runner {
        list: index,
        votes,
        weight: votes,
        candidates,
        room: room.max(list.held),
        held: rules.seats_min.min(candidates).min(room).max(list.held),
        registration,
        ..Runner::default()
    }
}

/// What the routine asks of a competitor. Many of them are copied into [`Slot`]s first, which are a third of their size: what
/// costs time then is memory.
pub(crate) trait Seated {
    fn level(&self) -> Level;
    fn held(&self) -> u32;
    fn limit(&self) -> u32;
    fn seats(&self) -> u32;
    /// Gives it so many seats, and returns their number as a part of a sum.
    fn put(&mut self, seats: u32) -> u64;
}

/// A competitor of many, without what only other parts of a stage ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub level: Level,
    pub held: u32,
    pub limit: u32,
    pub seats: u32,
}

macro_rules! seated {
    ($type:ty) => {
        impl Seated for $type {
            #[inline(always)]
            fn level(&self) -> Level {
                self.level
            }
            #[inline(always)]
            fn held(&self) -> u32 {
                self.held
            }
            #[inline(always)]
            fn limit(&self) -> u32 {
                self.limit
            }
            #[inline(always)]
            fn seats(&self) -> u32 {
                self.seats
            }
            #[inline(always)]
            fn put(&mut self, seats: u32) -> u64 {
                self.seats = seats;
                u64::from(seats)
            }
        }
    };
}

seated!(Runner);
seated!(Slot);

/// Buffers of the routine.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    heaps: Heaps,
    slots: Vec<Slot>,
}

/// Hands out seats until the runners hold `target` together; returns how many found no candidate.
///
/// A jump puts every runner near its end in a division each, so that what is missing or too much is about one seat a
/// runner; the rest is taken or given back key by key from a heap, in O(n log n).
pub(crate) fn fill(keys: &Keys, runners: &mut [Runner], scratch: &mut Scratch, target: u32) -> u32 {
    let Scratch { heaps, slots } = scratch;
    if runners.len() <= MANY {
        return fill_all(keys, runners, heaps, target);
    }
    slots.clear();
    slots.extend(runners.iter().map(|runner| Slot {
        level: runner.level,
        held: runner.held,
        limit: runner.limit,
        seats: runner.seats,
    }));
    let left_over = fill_all(keys, slots, heaps, target);
    for (runner, slot) in runners.iter_mut().zip(slots) {
        runner.seats = slot.seats;
    }
    left_over
}

/// The same for competitors of whom nothing else is known.
pub(crate) fn fill_all<R: Seated>(
    keys: &Keys,
    runners: &mut [R],
    heaps: &mut Heaps,
    target: u32,
) -> u32 {
    let total = jump(keys, runners, target);
    let wanted = u64::from(target);
    if total == wanted {
        return 0;
    }
    let all = runners
        .iter()
        .fold(0, |all, runner| all | runner.level().value);
    let rest = Rest {
        runners,
        heaps,
        number: total.abs_diff(wanted),
        is_missing: total < wanted,
    };
    let left = keys.in_order(all, rest);
    if total > wanted {
        // What runners held before is not taken from them.
        return 0;
    }
    u32::try_from(left).expect("it is at most the target, which is a u32")
}

/// What a jump leaves: seats that are missing, or too many.
struct Rest<'a, R> {
    runners: &'a mut [R],
    heaps: &'a mut Heaps,
    number: u64,
    is_missing: bool,
}

/// So many seats are looked for one by one.
const FEW: u64 = 2;

impl<R: Seated> Ordered for Rest<'_, R> {
    type Output = u64;

    /// Gives what is missing to the largest keys, or takes what is too much from the smallest; returns what is left of it.
    fn run<O: Order>(self, order: &O) -> u64 {
        let Self {
            runners,
            heaps,
            number: mut left,
            is_missing,
        } = self;
        let first = if is_missing {
            Ordering::Greater
        } else {
            Ordering::Less
        };
        let before = |one: &Entry<O::Carried>, other: &Entry<O::Carried>| {
            order.compare(one.0, other.0) == first
        };
        // The key of the seat that a runner would get or give back.
        let key = |runner: &R| {
            let (seats, level) = (runner.seats(), runner.level());
            match is_missing {
                true => (seats < runner.limit()).then(|| order.carried(level, seats)),
                false => (seats > runner.held()).then(|| order.carried(level, seats - 1)),
            }
        };
        if left <= FEW {
            // A look at all of them for each is cheaper than to put them in order.
            while left > 0 {
                let mut best: Option<Entry<O::Carried>> = None;
                for (place, runner) in runners.iter().enumerate() {
                    if let Some(key) = key(runner)
                        && best.is_none_or(|best| before(&(key, place), &best))
                    {
                        best = Some((key, place));
                    }
                }
                let Some((_, place)) = best else { break };
                let runner = &mut runners[place];
                runner.put(match is_missing {
                    true => runner.seats() + 1,
                    false => runner.seats() - 1,
                });
                left -= 1;
            }
            return left;
        }
        let heap = O::heap(heaps);
        heap.clear();
        let places = runners.iter().enumerate();
        heap.extend(places.filter_map(|(place, runner)| Some((key(runner)?, place))));
        heapify(heap, &before);
        while let Some(top) = heap.first_mut() {
            let runner = &mut runners[top.1];
            let seats = match is_missing {
                true => runner.seats() + 1,
                false => runner.seats() - 1,
            };
            runner.put(seats);
            left -= 1;
            if left == 0 {
                break;
            }
            match key(runner) {
                Some(key) => top.0 = key,
                None => {
                    heap.swap_remove(0);
                }
            }
            sift_down(heap, 0, &before);
        }
        left
    }
}

/// Brings the entries into an order in which each comes before its children.
pub(crate) fn heapify<T>(heap: &mut [T], before: &impl Fn(&T, &T) -> bool) {
    for parent in (0..heap.len() / 2).rev() {
        sift_down(heap, parent, before);
    }
}

/// Moves the entry at `parent` down until it comes before its children.
pub(crate) fn sift_down<T>(heap: &mut [T], mut parent: usize, before: &impl Fn(&T, &T) -> bool) {
    loop {
        let left = 2 * parent + 1;
        if left >= heap.len() {
            return;
        }
        let right = left + 1;
        let child = if right < heap.len() && before(&heap[right], &heap[left]) {
            right
        } else {
            left
        };
        if !before(&heap[child], &heap[parent]) {
            return;
        }
        heap.swap(parent, child);
        parent = child;
    }
}

#[cfg(test)]
mod tests;
