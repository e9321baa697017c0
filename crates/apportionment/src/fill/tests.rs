//! How much is done for the seats of many lists, counted in comparisons of keys: a clock would measure the machine.

use crate::contest::Contest;
use crate::explain::explain;
use crate::keys::counted::{comparisons, rounds};
use crate::method::{Divisors, Method};
use crate::rules::{Fraction, Rules};
use crate::workspace::Workspace;

/// Comparisons for each list and each halving of their number.
const COMPARISONS_MAX: u64 = 4;

/// What votes look like, and the contest of that kind with so many lists.
type Shape = (&'static str, fn(u32) -> Contest);

/// Votes made to mislead a first guess.
const SHAPES: [Shape; 11] = [
    ("mixed", mixed),
    ("nearly all run out", exhausted),
    ("one after the other runs out", one_by_one),
    ("one giant and dust", giant),
    ("all equal", equal),
    ("each a little larger than the next", staircase),
    (
        "all hold seats, and one of them is full and huge",
        held_beside_full,
    ),
    (
        "all hold seats, of votes as different as they can be",
        held_of_all_sizes,
    ),
    ("some hold more than is due to them", held_by_some),
    ("half run out in turn, half hold seats", held_and_exhausted),
    ("one of all candidates among votes of one", tail),
];

/// Most rounds of a jump: see the head of [`crate::jump`].
const ROUNDS_MAX: u64 = 40;

fn scrambled(number: u32) -> u64 {
    u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40
}

fn mixed(lists: u32) -> Contest {
    let votes: Vec<u64> = (1..=lists).map(|list| 1_000 + scrambled(list)).collect();
    Contest::with_votes(10 * lists, &votes)
}

fn exhausted(lists: u32) -> Contest {
    let mut contest = mixed(lists);
    for (list, place) in contest.lists.iter_mut().zip(0_u32..) {
        list.candidates = (place % 100 != 0).then_some(place % 7);
    }
    contest
}

fn one_by_one(lists: u32) -> Contest {
    let votes: Vec<u64> = (0..lists).map(|list| u64::MAX >> (list % 60)).collect();
    let mut contest = Contest::with_votes(10 * lists, &votes);
    for (list, place) in contest.lists.iter_mut().zip(0_u32..) {
        list.candidates = (place % 60 != 59).then_some(1);
    }
    contest
}

fn giant(lists: u32) -> Contest {
    let mut votes: Vec<u64> = (0..lists).map(|list| 1 + u64::from(list % 3)).collect();
    votes[0] = 1 << 62;
    let mut contest = Contest::with_votes(10 * lists, &votes);
    contest.lists[0].candidates = Some(1);
    contest
}

fn equal(lists: u32) -> Contest {
    let mut contest = Contest::with_votes(10 * lists, &vec![7; usize::try_from(lists).unwrap()]);
    contest.seats -= lists / 2;
    contest
}

fn staircase(lists: u32) -> Contest {
    let mut contest = mixed(lists);
    for (list, place) in contest.lists.iter_mut().zip(1_u32..) {
        list.votes = 1_000_000_000 + u64::from(place);
        list.candidates = Some(place % 21);
    }
    contest
}

/// All hold five seats; one huge list has no more candidates than these, one has six quotas, and the others have one each.
fn held_beside_full(lists: u32) -> Contest {
    let quota = 1_000_000_u64;
    let mut contest =
        Contest::with_votes(10 * lists, &vec![quota; usize::try_from(lists).unwrap()]);
    contest.lists.iter_mut().for_each(|list| list.held = 5);
    let rest = u64::from(10 * lists) - u64::from(lists - 2) - 6;
    contest.lists[0].votes = rest * quota;
    contest.lists[0].candidates = Some(5);
    contest.lists[1].votes = 6 * quota;
    contest
}

fn held_of_all_sizes(lists: u32) -> Contest {
    let mut contest = one_by_one(lists);
    for (list, place) in contest.lists.iter_mut().zip(0_u32..) {
        list.candidates = None;
        list.held = place % 4;
    }
    contest
}

fn held_by_some(lists: u32) -> Contest {
    let mut contest = mixed(lists);
    for (list, place) in contest.lists.iter_mut().zip(0_u32..) {
        list.held = if place % 3 == 0 { 20 } else { 0 };
    }
    contest
}

fn held_and_exhausted(lists: u32) -> Contest {
    let mut contest = staircase(lists);
    for (list, place) in contest.lists.iter_mut().zip(0_u32..) {
        list.votes = u64::MAX >> (place % 63);
        if place % 2 == 0 {
            (list.candidates, list.held) = (None, 7);
        }
    }
    contest
}

fn tail(lists: u32) -> Contest {
    let mut contest = giant(lists);
    contest.lists[0].candidates = None;
    contest.lists[1].votes = 1 << 20;
    contest
}

fn methods() -> [Method; 10] {
    [
        Method::DEAN,
        Method::Divisors(Divisors::Power {
            exponent: Fraction::new(1, 10),
        }),
        Method::HARE,
        Method::DROOP,
        Method::IMPERIALI,
        Method::D_HONDT,
        Method::SAINTE_LAGUE,
        Method::ADAMS,
        Method::HUNTINGTON_HILL,
        Method::Divisors(Divisors::Power {
            exponent: Fraction::new(9, 10),
        }),
    ]
}

/// Lists times the halvings of their number.
fn halvings(contest: &Contest) -> u64 {
    let lists = u64::try_from(contest.lists.len()).unwrap();
    lists * u64::from(lists.ilog2() + 1)
}

fn counted(contest: &Contest, method: Method) -> u64 {
    let (mut workspace, rules) = (Workspace::default(), Rules::of(method));
    comparisons(|| {
        workspace.seats(contest, &rules, &[]).unwrap();
    })
}

#[test]
fn whatever_the_votes_comparisons_are_few_for_each_list_and_halving() {
    for (shape, of) in SHAPES {
        for method in methods() {
            for lists in [100, 1_000, 4_000] {
                let contest = of(lists);
                let (found, most) = (
                    counted(&contest, method),
                    COMPARISONS_MAX * halvings(&contest),
                );
                assert!(
                    found <= most,
                    "{shape}, {method:?}, {lists} lists: {found} comparisons, at most {most} are due"
                );
            }
        }
    }
}

/// Lists that run out mislead the first guess by far more than a seat each: the search goes on until a heap has little left to
/// do, in a number of looks for each list that does not grow with their number.
#[test]
fn lists_that_run_out_cost_few_looks_each() {
    for (shape, of) in [
        ("nearly all", exhausted as fn(u32) -> Contest),
        ("in turn", one_by_one),
    ] {
        for method in [Method::HARE, Method::D_HONDT] {
            for lists in [1_000, 10_000] {
                let contest = of(lists);
                let compared = counted(&contest, method) / u64::from(lists);
                let (mut workspace, rules) = (Workspace::default(), Rules::of(method));
                let rounds = rounds(|| {
                    workspace.seats(&contest, &rules, &[]).unwrap();
                });
                assert!(
                    compared <= COMPARED_MAX && rounds <= LOOKS_MAX,
                    "{shape}, {method:?}, {lists} lists: {compared} comparisons a list, {rounds} rounds"
                );
            }
        }
    }
}

/// Most comparisons of a list's keys for lists that run out.
const COMPARED_MAX: u64 = 4;
/// Most rounds over all lists.
const LOOKS_MAX: u64 = 24;

/// The rounds of a jump are few, whatever the votes, the limits, and the seats held.
#[test]
fn whatever_the_votes_a_jump_has_few_rounds() {
    for (shape, of) in SHAPES {
        for method in methods() {
            for lists in [3, 40, 1_000] {
                let (contest, rules) = (of(lists), Rules::of(method));
                let mut workspace = Workspace::default();
                let found = rounds(|| {
                    workspace.seats(&contest, &rules, &[]).unwrap();
                });
                assert!(
                    found <= ROUNDS_MAX,
                    "{shape}, {method:?}, {lists} lists: {found} rounds"
                );
            }
        }
    }
}

/// Steps too: each of the last thousand seats costs some halvings, not a look at every list.
#[test]
fn a_step_looks_at_few_lists() {
    let contest = mixed(10_000);
    for method in methods() {
        let allocation = crate::allocate(&contest, &Rules::of(method), &[]).unwrap();
        let counted = comparisons(|| {
            let _ = explain(&allocation);
        });
        assert!(counted <= 300_000, "{method:?}: {counted} comparisons");
    }
}

/// The count is one: a seat taken by looking at every list would break the bound.
#[test]
fn a_look_at_every_list_for_every_seat_would_be_seen() {
    let contest = mixed(1_000);
    let keys = crate::keys::Keys::of(Method::D_HONDT, 0, 1, 1);
    let mut held = vec![0_u32; 1_000];
    let level = |list: usize| keys.level(u128::from(contest.lists[list].votes), 1);
    let counted = comparisons(|| {
        for _ in 0..1_000 {
            let best = (0..1_000).reduce(|best, list| {
                let order = keys.compare((level(list), held[list]), (level(best), held[best]));
                if order.is_gt() { list } else { best }
            });
            held[best.unwrap()] += 1;
        }
    });
    assert!(counted > COMPARISONS_MAX * halvings(&contest));
}
