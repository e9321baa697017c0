//! One contest: everything that computes, checks or explains it says the same.

use apportionment::*;

use super::draw;
use super::input::Question;
use super::simple;

/// Rounds of drawing lots: ties can arise behind ties.
const ROUNDS_MAX: usize = 12;

/// Every check. Panics where one fails.
pub fn check(question: &Question) {
    if std::env::var("SHOW").is_ok() {
        println!("{question:#?}");
    }
    let Question {
        contest,
        rules,
        turn,
        ..
    } = question;
    let Some(mut allocation) = agree(contest, rules, &[]) else {
        return;
    };
    let mut lots = Vec::new();
    if rules.ties.contains(&TieBreak::Lot) {
        for _ in 0..ROUNDS_MAX {
            let drawn = draw::lots(&allocation, *turn);
            if drawn.is_empty() {
                break;
            }
            lots.extend(drawn);
            let after = agree(contest, rules, &lots).expect("lots make no contest an error");
            for (early, late) in allocation.lists.iter().zip(&after.lists) {
                assert!(late.seats >= early.seats, "a lot cost a certain seat");
                assert!(
                    early.tied || early.seats == late.seats,
                    "a lot gave where no tie was"
                );
            }
            allocation = after;
        }
        assert!(
            allocation.pending == 0 || lots.len() >= ROUNDS_MAX,
            "no lot to draw and seats pending"
        );
    }
    check_forged(question, &lots, &allocation);
    check_order(contest, rules, *turn);
    check_margin(question, &lots);
}

/// Allocator, workspace, verifier, steps and the simple method; `None` where all of them refuse the input.
fn agree(contest: &Contest, rules: &Rules, lots: &[Lot]) -> Option<Allocation> {
    let mut workspace = Workspace::default();
    let allocation = match allocate(contest, rules, lots) {
        Ok(allocation) => allocation,
        Err(error) => {
            assert_eq!(workspace.seats(contest, rules, lots), Err(error.clone()));
            assert!(!error.to_string().is_empty() && !error.code().is_empty());
            return None;
        }
    };
    assert_eq!(verify(contest, rules, lots, &allocation), Ok(()));
    let seats = workspace
        .seats(contest, rules, lots)
        .expect("the allocator took it");
    let tied: Vec<bool> = allocation.lists.iter().map(|list| list.tied).collect();
    assert_eq!(seats.seats, allocation.seats());
    assert_eq!(seats.tied, tied);
    assert_eq!(
        (seats.outcome, seats.pending, seats.unassigned),
        (
            allocation.outcome,
            allocation.pending,
            allocation.unassigned
        )
    );
    assert_eq!(seats.silences, allocation.silences);
    let given: u64 = seats.seats.iter().map(|&seats| u64::from(seats)).sum();
    assert_eq!(
        given + u64::from(seats.pending) + u64::from(seats.unassigned),
        u64::from(contest.seats)
    );
    if allocation.pending == 0 {
        assert_eq!(verify_seats(contest, rules, &allocation.seats()), Ok(()));
    }
    if let Some(simple) = simple::simple(contest, rules, &allocation) {
        assert_eq!(simple::difference(&allocation, &simple), None);
    }
    check_steps(&allocation);
    Some(allocation)
}

/// Steps end in the seats of their stage, fall, and give each seat to a key that none in line exceeds.
fn check_steps(allocation: &Allocation) {
    let explained = explain(allocation);
    assert_eq!(explained.len(), allocation.stages.len());
    for (steps, stage) in explained.iter().zip(&allocation.stages) {
        let seats: Vec<u32> = stage.contenders.iter().map(|one| one.seats).collect();
        assert_eq!(steps.standing_before(steps.steps.len()), seats);
        let mut last: Option<Step> = None;
        for step in steps.steps.iter() {
            if let Some(last) = last.filter(|last| last.kind == step.kind) {
                let falls = last.key >= step.key;
                assert!(falls == (step.kind == StepKind::Granted) || last.key == step.key);
            }
            if let Some(next) = step.next_in_line {
                match step.kind {
                    StepKind::Granted => assert!(next.key <= step.key),
                    StepKind::Withdrawn => assert!(next.key >= step.key),
                }
            }
            last = Some(step);
        }
        assert!(stage.certificate().strict || stage.tie.is_some());
    }
}

/// A seat that is moved, added or renamed in the result is refused.
fn check_forged(question: &Question, lots: &[Lot], allocation: &Allocation) {
    let Question { contest, rules, .. } = question;
    let count = contest.lists.len();
    let (from, to) = (question.list % count, question.other % count);
    let refused = |wrong: &Allocation| verify(contest, rules, lots, wrong).is_err();
    if from != to && allocation.lists[from].seats > 0 {
        let mut wrong = allocation.clone();
        wrong.lists[from].seats -= 1;
        wrong.lists[to].seats += 1;
        assert!(refused(&wrong), "a moved seat was accepted");
        for stage in &mut wrong.stages {
            for contender in &mut stage.contenders {
                match contender.list {
                    list if list == from => contender.seats = contender.seats.saturating_sub(1),
                    list if list == to => contender.seats += 1,
                    _ => {}
                }
            }
        }
        assert!(refused(&wrong), "a moved seat was accepted with its stages");
        // Bare seats are checked against keys where one plain stage gives all of them.
        let plain =
            matches!(rules.stages.as_slice(), [stage] if *stage == Stage::all(stage.method));
        let single = rules.apparentment.is_none() && rules.rescue.is_none();
        let given = rules.majority.is_none() && rules.exhausted == ExhaustedList::NextInLine;
        let given = given && rules.bonus.is_none() && rules.above_max == AboveMax::NextInLine;
        if plain && single && given && allocation.ties().next().is_none() {
            let accepted = verify_seats(contest, rules, &wrong.seats()).is_ok();
            assert!(!accepted, "moved bare seats were accepted");
        }
    }
    let mut wrong = allocation.clone();
    wrong.lists[from].seats = u32::MAX;
    assert!(refused(&wrong), "u32::MAX seats were accepted");
    let mut wrong = allocation.clone();
    wrong.lists[from].tied = !wrong.lists[from].tied;
    assert!(refused(&wrong), "a tie invented or hidden was accepted");
}

/// The order of lists means nothing.
fn check_order(contest: &Contest, rules: &Rules, turn: usize) {
    let plain = allocate(contest, rules, &[]).expect("it was taken before");
    let by = turn % contest.lists.len();
    let mut turned = contest.clone();
    turned.lists.rotate_left(by);
    turned.lists.reverse();
    let mut other = allocate(&turned, rules, &[]).expect("the same lists");
    other.lists.reverse();
    other.lists.rotate_right(by);
    assert_eq!(other.lists, plain.lists);
    assert_eq!(
        (
            other.outcome,
            other.pending,
            other.unassigned,
            other.silences
        ),
        (
            plain.outcome,
            plain.pending,
            plain.unassigned,
            plain.silences
        )
    );
}

/// A margin does what it says, and where it is exact, neither one vote less nor half as many do.
fn check_margin(question: &Question, lots: &[Lot]) {
    let Question {
        contest,
        rules,
        change,
        effect,
        ..
    } = question;
    let count = contest.lists.len();
    let list = question.list % count;
    let change = match *change {
        Change::MovedFrom(other) => Change::MovedFrom(other % count),
        Change::MovedTo(other) => Change::MovedTo(other % count),
        change => change,
    };
    // Under a rounded quota every value of it is looked at, which large votes have many of.
    let rounded = rules.stages.iter().any(
        |stage| matches!(stage.method, Method::Quota(quota) if quota.rounding != Rounding::Exact),
    );
    if count > 12 || contest.seats > 400 || (rounded && contest.list_votes() > 20_000) {
        return;
    }
    let before = allocate(contest, rules, lots).expect("it was taken before");
    // What changes may not compute at all (fewest seats above the house, for example): such an end of the search is an error.
    let Ok(margin) = margin(contest, rules, lots, list, change, *effect) else {
        return;
    };
    let Some(margin) = margin else {
        return;
    };
    let after = |votes: u64| {
        let changed = changed(contest, list, change, votes);
        allocate(&changed, rules, lots).map(|allocation| allocation.seats())
    };
    let has_effect = |seats: &[u32]| match effect {
        Effect::Gain => seats[list] > before.lists[list].seats,
        Effect::Loss => seats[list] < before.lists[list].seats,
    };
    assert!(margin.votes > 0);
    assert_eq!(after(margin.votes), Ok(margin.seats_after.clone()));
    assert!(has_effect(&margin.seats_after));
    if margin.exact {
        for fewer in [margin.votes - 1, margin.votes / 2, margin.votes / 3] {
            if let Ok(seats) = after(fewer) {
                assert!(
                    !has_effect(&seats),
                    "{fewer} votes do it as well: {margin:?}"
                );
            }
        }
    }
}

/// The contest with votes changed, and every count that was given with them.
fn changed(contest: &Contest, list: usize, change: Change, votes: u64) -> Contest {
    let mut changed = contest.clone();
    let mut counts = |by: &dyn Fn(u64) -> u64| {
        let base = &mut changed.base;
        for count in [
            &mut base.valid_votes,
            &mut base.valid_and_against_all,
            &mut base.ballots_in_box,
            &mut base.ballots_issued,
        ]
        .into_iter()
        .flatten()
        {
            *count = by(*count);
        }
    };
    match change {
        Change::Added => {
            counts(&|count| count + votes);
            changed.lists[list].votes += votes;
        }
        Change::Taken => {
            counts(&|count| count - votes);
            changed.lists[list].votes -= votes;
        }
        Change::MovedFrom(other) => {
            changed.lists[other].votes -= votes;
            changed.lists[list].votes += votes;
        }
        Change::MovedTo(other) => {
            changed.lists[list].votes -= votes;
            changed.lists[other].votes += votes;
        }
    }
    changed
}
