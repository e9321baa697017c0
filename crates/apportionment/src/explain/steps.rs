//! The steps of a stage. They are kept as whose turn it is; who would be next, and the keys of both, are found when somebody looks
//! at a step. Kept with all that, the steps of a house of 700 were 100 KB, and most of the time went to that memory.

use std::fmt;

use super::STEPS_MAX;
use crate::allocation::{Award, Contender};
use crate::contest::{LISTS_MAX, SEATS_MAX};
use crate::fill::Slot;
use crate::key::Key;
use crate::keys::{Keyed, Keys, Level};

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

/// The steps of a stage in their order: first seats that are taken back, then seats that are given.
#[derive(Clone)]
pub struct Steps {
    keys: Keys,
    rows: Vec<Row>,
    /// Seats of all before the first step.
    seats_before: u32,
    withdrawn: Course,
    granted: Course,
}

/// A list, or a joined group.
#[derive(Clone, Copy)]
struct Row {
    level: Level,
    list: usize,
}

/// Whose turn it is, one after the other, in steps of one kind.
#[derive(Clone, Default)]
pub(super) struct Course {
    /// The seats that are given or taken back.
    pub turns: Vec<Seat>,
    /// The best of the others: next in line behind the turns, or before. Nobody's where there is none.
    pub other: Seat,
    /// How many turns come before it.
    pub until: usize,
}

impl Course {
    /// Who would be next after a turn.
    #[inline(always)]
    fn next(&self, turn: usize) -> Seat {
        match turn + 1 < self.until {
            true => self.turns[turn + 1],
            false => self.other,
        }
    }
}

/// A seat that a competitor gets or gives back: the competitor's place among the contenders, the number of the seat among its
/// own, and where seats are put in order by when they fall due, the upper part of that moment. All in one number, because
/// steps are short, and a number that is written in parts and read as a whole waits for that.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seat(u64);

const NUMBER_BITS: u32 = 18;
const ROW_BITS: u32 = 14;
const NUMBERS: u64 = (1 << NUMBER_BITS) - 1;
const ROWS: u64 = (1 << ROW_BITS) - 1;
/// In the place of a row.
const NOBODYS: u32 = (1 << ROW_BITS) - 1;

// There is room for every list, and for the seats from which steps of whole quotas begin to go back.
const _: () = assert!(LISTS_MAX < NOBODYS as usize && SEATS_MAX + STEPS_MAX < 1 << NUMBER_BITS);

impl Seat {
    /// Bits of a moment.
    pub const MOMENT_BITS: u32 = u64::BITS - NUMBER_BITS - ROW_BITS;

    /// Of no competitor.
    pub const NOBODYS: Self = Self::new(NOBODYS, 0);

    /// Of the competitor at this place, its own from 0.
    #[inline(always)]
    pub const fn new(row: u32, number: u32) -> Self {
        Self((row as u64) << NUMBER_BITS | number as u64)
    }

    /// The place among the contenders.
    #[inline(always)]
    pub fn place(self) -> usize {
        usize::try_from(self.0 >> NUMBER_BITS & ROWS).unwrap_or(usize::MAX)
    }

    /// The number among the competitor's own, from 0.
    #[inline(always)]
    pub fn number(self) -> u32 {
        u32::try_from(self.0 & NUMBERS).unwrap_or(u32::MAX)
    }

    /// The competitor's next seat.
    #[inline(always)]
    pub fn following(self) -> Self {
        Self(self.0 + 1)
    }

    /// The competitor's seat before.
    #[inline(always)]
    pub fn before(self) -> Self {
        Self(self.0 - 1)
    }

    /// The same, due at this moment.
    #[inline(always)]
    pub fn at(self, moment: u64) -> Self {
        Self(moment << (NUMBER_BITS + ROW_BITS) | self.0)
    }

    /// When it is due.
    #[inline(always)]
    pub fn moment(self) -> u64 {
        self.0 >> (NUMBER_BITS + ROW_BITS)
    }
}

impl Steps {
    pub(super) fn new(
        keys: Keys,
        slots: Vec<Slot>,
        contenders: &[Contender],
        seats_before: u32,
        [withdrawn, granted]: [Course; 2],
    ) -> Self {
        let rows = slots
            .into_iter()
            .zip(contenders)
            .map(|(slot, contender)| Row {
                level: slot.level,
                list: contender.list,
            });
        Self {
            keys,
            rows: rows.collect(),
            seats_before,
            withdrawn,
            granted,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.withdrawn.turns.len() + self.granted.turns.len()
    }

    /// Whether the stage was where it ends from its beginning on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A step, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Step> {
        (index < self.len()).then(|| self.step(index))
    }

    /// All of them, in their order.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Step> + DoubleEndedIterator + '_ {
        (0..self.len()).map(|index| self.step(index))
    }

    #[inline(always)]
    fn step(&self, index: usize) -> Step {
        self.keys.by_one_way(At { steps: self, index })
    }
}

/// A step of these, by its place.
struct At<'a> {
    steps: &'a Steps,
    index: usize,
}

impl Keyed for At<'_> {
    type Output = Step;

    #[inline(always)]
    fn run(self, key: impl Fn(Level, u32) -> Key) -> Step {
        let Self { steps, index } = self;
        let taken = steps.withdrawn.turns.len();
        let is_taken = index < taken;
        let (course, turn) = match is_taken {
            true => (&steps.withdrawn, index),
            false => (&steps.granted, index - taken),
        };
        let seat = course.turns[turn];
        let row = |seat: Seat| steps.rows[seat.place()];
        let Row { level, list } = row(seat);
        let decided = key(level, seat.number());
        let next = course.next(turn);
        let next_in_line = if next.place() == Seat::NOBODYS.place() {
            None
        } else {
            let Row { level, list } = row(next);
            Some(Award {
                list,
                seat: next.number() + 1,
                key: key(level, next.number()),
            })
        };
        let count = |steps: usize| {
            u32::try_from(steps).expect("a stage takes and gives as many seats as a u32 at most")
        };
        match is_taken {
            true => Step {
                seat: steps.seats_before - count(turn),
                kind: StepKind::Withdrawn,
                list,
                seats_before: seat.number() + 1,
                key: decided,
                next_in_line,
            },
            false => Step {
                seat: steps.seats_before - count(taken) + count(turn) + 1,
                kind: StepKind::Granted,
                list,
                seats_before: seat.number(),
                key: decided,
                next_in_line,
            },
        }
    }
}

impl PartialEq for Steps {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Steps {}

impl fmt::Debug for Steps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}
