//! The border of a stage: the last key granted, the first refused, and the tie when they are equal.

use std::cmp::Ordering;

use crate::allocation::{Award, Contender, Settlement, StageResult, Tie};
use crate::contest::{Lot, StageAt};
use crate::fill::Runner;
use crate::keys::{Keys, Level, remainder};
use crate::method::Method;
use crate::ratio::Ratio;
use crate::rules::{AboveMax, ExhaustedList, Rules, TieBreak};
use crate::tie::{Tied, drawn_for, settle};

/// Whose keys stand at the border.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Border {
    /// The runner with the smallest key granted in this stage.
    last: Option<usize>,
    /// The runner with the largest key refused.
    next: Option<usize>,
}

impl Border {
    pub(crate) fn of(keys: &Keys, runners: &[Runner]) -> Self {
        if let Keys::Quota { quota, .. } = keys {
            return Self::of_quota(*quota, runners);
        }
        let mut border = Self::default();
        for (index, runner) in runners.iter().enumerate() {
            if runner.seats > runner.held {
                let is_less = |last: usize| {
                    keys.compare(granted_key(runner), granted_key(&runners[last])) == Ordering::Less
                };
                if border.last.is_none_or(is_less) {
                    border.last = Some(index);
                }
            }
            if runner.seats < runner.limit {
                let is_more = |next: usize| {
                    keys.compare(refused_key(runner), refused_key(&runners[next]))
                        == Ordering::Greater
                };
                if border.next.is_none_or(is_more) {
                    border.next = Some(index);
                }
            }
        }
        border
    }

    /// The same where keys are remainders: one product a runner, because its two keys are a quota apart.
    fn of_quota(quota: i128, runners: &[Runner]) -> Self {
        let mut border = Self::default();
        let (mut smallest, mut largest) = (i128::MAX, i128::MIN);
        for (index, runner) in runners.iter().enumerate() {
            let next = remainder(runner.level.value, runner.seats, quota);
            if runner.seats > runner.held && next + quota < smallest {
                (border.last, smallest) = (Some(index), next + quota);
            }
            if runner.seats < runner.limit && next > largest {
                (border.next, largest) = (Some(index), next);
            }
        }
        border
    }
}

fn granted_key(runner: &Runner) -> (Level, u32) {
    (runner.level, runner.seats - 1)
}

fn refused_key(runner: &Runner) -> (Level, u32) {
    (runner.level, runner.seats)
}

/// Takes back the seats with the key of the border where more lists have it than seats are left, and lets the rules settle
/// them, but for a lot: whether one is asked for is seen from what they leave. One list has at most one key of any value,
/// because its keys fall strictly.
pub(crate) fn settle_border(
    keys: &Keys,
    runners: &mut [Runner],
    found: Border,
    at: StageAt,
    rules: &Rules,
) -> Option<Tie> {
    let (last, next) = (found.last?, found.next?);
    let border = granted_key(&runners[last]);
    if keys.compare(border, refused_key(&runners[next])) != Ordering::Equal {
        return None;
    }
    let has_it = |runner: &Runner| {
        runner.seats > runner.held && keys.compare(granted_key(runner), border).is_eq()
    };
    let lacks_it = |runner: &Runner| {
        runner.seats < runner.limit && keys.compare(refused_key(runner), border).is_eq()
    };
    let key = keys.key(border.0, border.1);
    let (mut tied, mut seats) = (Vec::new(), 0);
    for runner in runners.iter_mut() {
        if has_it(runner) {
            runner.seats -= 1;
            seats += 1;
        } else if !lacks_it(runner) {
            continue;
        }
        tied.push(Tied::of(runner));
    }
    let tie = settle(at, Some(key), tied, seats, &rules.ties, &[]);
    for runner in runners.iter_mut() {
        let list = &runner.list;
        if tie
            .settled
            .iter()
            .any(|settlement| settlement.winners.binary_search(list).is_ok())
        {
            runner.seats += 1;
        }
        runner.tied = tie.open_seats > 0 && tie.open.binary_search(list).is_ok();
    }
    Some(tie)
}

/// Notes that the seats of a tie stay empty whoever wins them, where that is so and nothing comes behind: then nobody is
/// tied, and there is no lot to draw.
pub(crate) fn leave_empty(tie: &mut Tie, runners: &mut [Runner], rules: &Rules) {
    // A seat that stays empty can be the one beyond a cap with which a list leaves: then it is not all one whose it is.
    let says_who_leaves = |runner: &Runner| {
        rules.above_max == AboveMax::SharedAnew && rules.seats_max == Some(runner.seats)
    };
    let is_empty = |runner: &Runner| runner.seats >= runner.candidates && !says_who_leaves(runner);
    let is_open = |runner: &&mut Runner| tie.open.binary_search(&runner.list).is_ok();
    tie.stays_empty = tie.open_seats > 0 && rules.exhausted == ExhaustedList::StaysEmpty && {
        runners.iter_mut().filter(is_open)
    }
    .all(|runner| is_empty(runner));
    if tie.stays_empty {
        for runner in runners {
            runner.tied = false;
        }
    }
}

/// Lets a lot settle what other rules left of a tie.
pub(crate) fn settle_by_lot(
    tie: &mut Tie,
    runners: &mut [Runner],
    (rules, lots): (&Rules, &[Lot]),
) {
    if tie.open_seats == 0 || rules.ties.last() != Some(&TieBreak::Lot) {
        return;
    }
    let Some(winners) = drawn_for(tie, lots) else {
        return;
    };
    let open = std::mem::take(&mut tie.open);
    let (winners, losers): (Vec<usize>, Vec<usize>) =
        open.into_iter().partition(|list| winners.contains(list));
    tie.open_seats = 0;
    for runner in runners.iter_mut() {
        runner.seats += u32::from(winners.contains(&runner.list));
        runner.tied = false;
    }
    let by = TieBreak::Lot;
    tie.settled.push(Settlement {
        by,
        winners,
        losers,
    });
}

/// A stage as it is reported: competitors, last seat, next in line. Seats after, tie and rest are the caller's.
pub(crate) fn result_of(
    keys: &Keys,
    runners: &[Runner],
    found: Border,
    scale: u32,
    (at, method): (StageAt, Method),
) -> StageResult {
    let award = |index: usize, seat: u32| {
        let runner = &runners[index];
        Award {
            list: runner.list,
            seat: seat + 1,
            key: keys.key(runner.level, seat),
        }
    };
    let weight = |weight: u128| {
        Ratio::of(
            i128::try_from(weight).expect("weights stay below 2^88"),
            u128::from(scale),
        )
    };
    let contenders = runners.iter().map(|runner| Contender {
        list: runner.list,
        votes: runner.votes,
        weight: weight(runner.weight),
        seats_before: runner.held,
        limit: (runner.limit != u32::MAX).then_some(runner.limit),
        seats: runner.seats,
    });
    StageResult {
        at,
        method,
        seats_after: 0,
        quota: keys.quota(),
        contenders: contenders.collect(),
        last_seat: found
            .last
            .map(|index| award(index, runners[index].seats - 1)),
        next_in_line: found.next.map(|index| award(index, runners[index].seats)),
        tie: None,
        left_over: 0,
    }
}
