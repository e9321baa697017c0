//! The steps of a stage. They are kept as whose turn it is; who would be next, and the keys of both, are found when somebody looks
//! at a step. Kept with all that, the steps of a house of 700 were 100 KB, and most of the time went to that memory.

use std::fmt;

use crate::allocation::{Award, Contender};
use crate::fill::Slot;
use crate::key::Key;
use crate::keys::{Keys, Level, quotient_key, remainder_key};

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

/// A seat that a competitor gets or gives back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seat {
    /// Its place among the contenders, which are 10,000 at most.
    pub row: u32,
    /// The number of the seat among its own, from 0.
    pub number: u32,
}

impl Seat {
    /// In the place of a row.
    pub const NOBODYS: u32 = u32::MAX;

    /// The place as an index.
    #[inline(always)]
    pub fn place(self) -> usize {
        usize::try_from(self.row).unwrap_or(usize::MAX)
    }
}

impl Steps {
    pub(super) fn new(
        keys: Keys,
        slots: &[Slot],
        contenders: &[Contender],
        seats_before: u32,
        [withdrawn, granted]: [Course; 2],
    ) -> Self {
        let rows = slots.iter().zip(contenders).map(|(slot, contender)| Row {
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

    /// One way for each kind of keys: a key that is put together from several ways is copied about before it gets to its
    /// step, which takes longer than to find it.
    #[inline(always)]
    fn step(&self, index: usize) -> Step {
        match &self.keys {
            Keys::Quota { quota, unit, .. } => self.step_by(index, |level, seat| {
                remainder_key(level, seat, *quota, *unit)
            }),
            Keys::Divisors(line) if line.first > 0 => self.step_by(index, |level, seat| {
                quotient_key(level, line.unit, line.divisor(seat))
            }),
            keys => self.step_by(index, |level, seat| keys.key(level, seat)),
        }
    }

    #[inline(always)]
    fn step_by(&self, index: usize, key: impl Fn(Level, u32) -> Key) -> Step {
        let taken = self.withdrawn.turns.len();
        let is_taken = index < taken;
        let (course, turn) = match is_taken {
            true => (&self.withdrawn, index),
            false => (&self.granted, index - taken),
        };
        let seat = course.turns[turn];
        let row = |seat: Seat| self.rows[seat.place()];
        let Row { level, list } = row(seat);
        let decided = key(level, seat.number);
        let next = course.next(turn);
        let next_in_line = if next.row == Seat::NOBODYS {
            None
        } else {
            let Row { level, list } = row(next);
            Some(Award {
                list,
                seat: next.number + 1,
                key: key(level, next.number),
            })
        };
        let count = |steps: usize| {
            u32::try_from(steps).expect("a stage takes and gives as many seats as a u32 at most")
        };
        match is_taken {
            true => Step {
                seat: self.seats_before - count(turn),
                kind: StepKind::Withdrawn,
                list,
                seats_before: seat.number + 1,
                key: decided,
                next_in_line,
            },
            false => Step {
                seat: self.seats_before - count(taken) + count(turn) + 1,
                kind: StepKind::Granted,
                list,
                seats_before: seat.number,
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
