//! The border of a stage: the last key granted, the first refused, and the tie when they are equal.

use std::cmp::Ordering;

use crate::allocation::{Award, Contender, StageResult, Tie};
use crate::contest::{Lot, StageAt};
use crate::fill::Runner;
use crate::keys::Keys;
use crate::method::Method;
use crate::ratio::Ratio;
use crate::rules::{ExhaustedList, Rules};
use crate::tie::{Tied, settle};

/// The runner with the smallest key granted in this stage.
fn last_granted(keys: &Keys, runners: &[Runner]) -> Option<usize> {
    let granted = (0..runners.len()).filter(|&index| runners[index].seats > runners[index].held);
    granted.reduce(|least, index| {
        let order = keys.compare(granted_key(&runners[index]), granted_key(&runners[least]));
        if order == Ordering::Less {
            index
        } else {
            least
        }
    })
}

/// The runner with the largest key refused.
fn first_refused(keys: &Keys, runners: &[Runner]) -> Option<usize> {
    let open = (0..runners.len()).filter(|&index| runners[index].seats < runners[index].limit);
    open.reduce(|most, index| {
        let order = keys.compare(refused_key(&runners[index]), refused_key(&runners[most]));
        if order == Ordering::Greater {
            index
        } else {
            most
        }
    })
}

fn granted_key(runner: &Runner) -> (i128, u32) {
    (runner.level, runner.seats - 1)
}

fn refused_key(runner: &Runner) -> (i128, u32) {
    (runner.level, runner.seats)
}

/// Takes back the seats with the key of the border where more lists have it than seats are left, and lets the chain of
/// rules settle them. One list has at most one key of any value, because its keys fall strictly.
pub(crate) fn settle_border(
    keys: &Keys,
    runners: &mut [Runner],
    at: StageAt,
    rules: &Rules,
    lots: &[Lot],
) -> Option<Tie> {
    let (last, next) = (last_granted(keys, runners)?, first_refused(keys, runners)?);
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
    let tied_without_candidates = rules.exhausted == ExhaustedList::StaysEmpty
        && runners.iter().all(|runner| {
            (!has_it(runner) || runner.seats > runner.candidates)
                && (!lacks_it(runner) || runner.seats >= runner.candidates)
        });
    if tied_without_candidates {
        // Whoever wins has no candidate and the seat stays empty: a lot could not matter, so there is none to draw.
        return None;
    }
    let key = keys.key(border.0, border.1);
    let (mut tied, mut seats) = (Vec::new(), 0);
    for runner in runners.iter_mut() {
        if has_it(runner) {
            runner.seats -= 1;
            seats += 1;
        } else if !lacks_it(runner) {
            continue;
        }
        tied.push(Tied {
            list: runner.list,
            weight: runner.weight,
            registration: runner.registration,
        });
    }
    let tie = settle(at, Some(key), tied, seats, &rules.ties, lots);
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

/// A stage as it is reported: competitors, last seat, next in line. Seats after, tie and rest are the caller's.
pub(crate) fn result_of(
    keys: &Keys,
    runners: &[Runner],
    scale: u32,
    at: StageAt,
    method: Method,
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
        last_seat: last_granted(keys, runners).map(|index| award(index, runners[index].seats - 1)),
        next_in_line: first_refused(keys, runners).map(|index| award(index, runners[index].seats)),
        tie: None,
        left_over: 0,
    }
}
