//! The one routine that hands a stage's seats to the largest keys.

use std::cmp::Ordering;

use crate::jump::{MANY, jump};
use crate::keys::{Keys, Level};

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
    level: Level,
    held: u32,
    limit: u32,
    seats: u32,
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
    heap: Vec<usize>,
    slots: Vec<Slot>,
}

/// Hands out seats until the runners hold `target` together; returns how many found no candidate.
///
/// A jump puts every runner near its end in a division each, so that what is missing or too much is about one seat a
/// runner; the rest is taken or given back key by key from a heap, in O(n log n).
pub(crate) fn fill(keys: &Keys, runners: &mut [Runner], scratch: &mut Scratch, target: u32) -> u32 {
    if runners.len() <= MANY {
        return fill_all(keys, runners, &mut scratch.heap, target);
    }
    scratch.slots.clear();
    scratch.slots.extend(runners.iter().map(|runner| Slot {
        level: runner.level,
        held: runner.held,
        limit: runner.limit,
        seats: runner.seats,
    }));
    let left_over = fill_all(keys, &mut scratch.slots, &mut scratch.heap, target);
    for (runner, slot) in runners.iter_mut().zip(&scratch.slots) {
        runner.seats = slot.seats;
    }
    left_over
}

fn fill_all<R: Seated>(keys: &Keys, runners: &mut [R], heap: &mut Vec<usize>, target: u32) -> u32 {
    let mut total = jump(keys, runners, target);
    let wanted = u64::from(target);
    if total < wanted {
        let better = |runners: &[R], left: usize, right: usize| {
            let (left, right) = (&runners[left], &runners[right]);
            let key = |runner: &R| (runner.level(), runner.seats());
            keys.compare(key(left), key(right)) == Ordering::Greater
        };
        heap.clear();
        heap.extend(
            (0..runners.len()).filter(|&index| runners[index].seats() < runners[index].limit()),
        );
        heapify(heap, runners, &better);
        while total < wanted
            && let Some(&top) = heap.first()
        {
            let seats = runners[top].seats() + 1;
            runners[top].put(seats);
            total += 1;
            if seats == runners[top].limit() {
                heap.swap_remove(0);
            }
            sift_down(heap, runners, 0, &better);
        }
    } else if total > wanted {
        let worse = |runners: &[R], left: usize, right: usize| {
            let (left, right) = (&runners[left], &runners[right]);
            let key = |runner: &R| (runner.level(), runner.seats() - 1);
            keys.compare(key(left), key(right)) == Ordering::Less
        };
        heap.clear();
        heap.extend(
            (0..runners.len()).filter(|&index| runners[index].seats() > runners[index].held()),
        );
        heapify(heap, runners, &worse);
        while total > wanted
            && let Some(&top) = heap.first()
        {
            let seats = runners[top].seats() - 1;
            runners[top].put(seats);
            total -= 1;
            if seats == runners[top].held() {
                heap.swap_remove(0);
            }
            sift_down(heap, runners, 0, &worse);
        }
    }
    u32::try_from(wanted.saturating_sub(total)).expect("it is at most the target, which is a u32")
}

/// Brings the entries into an order in which each comes before its children.
pub(crate) fn heapify<R>(
    heap: &mut [usize],
    runners: &[R],
    before: &impl Fn(&[R], usize, usize) -> bool,
) {
    for parent in (0..heap.len() / 2).rev() {
        sift_down(heap, runners, parent, before);
    }
}

/// Moves the entry at `parent` down until it comes before its children.
pub(crate) fn sift_down<R>(
    heap: &mut [usize],
    runners: &[R],
    mut parent: usize,
    before: &impl Fn(&[R], usize, usize) -> bool,
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

#[cfg(test)]
mod tests;
