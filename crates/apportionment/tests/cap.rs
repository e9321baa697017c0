//! A cap on seats whose excess is shared anew: every way in which ties can end, found by a second method that branches at
//! each of them, against what the allocator says is certain, open, and worth a lot.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use std::collections::BTreeSet;

use apportionment::*;
use proptest::prelude::*;

/// A key as a fraction.
type Fractional = (i128, i128);

/// What the second method knows of a stage: its keys, and how many seats it has at most.
#[derive(Clone, Copy)]
struct Simple {
    method: Method,
    most: u32,
}

fn stages(rules: &Rules) -> Vec<Simple> {
    let simple = |stage: &Stage| Simple {
        method: stage.method,
        most: match stage.seats {
            StageSeats::AtMost(most) => most,
            _ => u32::MAX,
        },
    };
    rules.stages.iter().map(simple).collect()
}

fn key(method: Method, votes: &[u64], list: usize, seat: u32, house: u32) -> Fractional {
    let (own, seat) = (i128::from(votes[list]), i128::from(seat));
    match method {
        Method::D_HONDT => (own, seat + 1),
        Method::SAINTE_LAGUE => (own, 2 * seat + 1),
        _ => {
            let total: i128 = votes.iter().map(|&votes| i128::from(votes)).sum();
            (own * i128::from(house) - seat * total, i128::from(house))
        }
    }
}

/// All that a chain can come to among these lists: seat after seat, at each tie every list in turn.
fn chains(votes: &[u64], stages: &[Simple], house: u32) -> BTreeSet<Vec<u32>> {
    let mut ends = BTreeSet::from([vec![0; votes.len()]]);
    for stage in stages {
        let before: BTreeSet<Vec<u32>> = std::mem::take(&mut ends);
        for start in before {
            let left = house - start.iter().sum::<u32>();
            let mut standings = BTreeSet::from([start]);
            for _ in 0..left.min(stage.most) {
                let mut next = BTreeSet::new();
                for standing in &standings {
                    let of = |list: usize| key(stage.method, votes, list, standing[list], house);
                    let larger =
                        |one: Fractional, other: Fractional| one.0 * other.1 > other.0 * one.1;
                    for list in 0..votes.len() {
                        if (0..votes.len()).any(|other| larger(of(other), of(list))) {
                            continue;
                        }
                        let mut seats = standing.clone();
                        seats[list] += 1;
                        next.insert(seats);
                    }
                }
                standings = next;
            }
            ends.extend(standings);
        }
    }
    ends
}

/// All that the rounds can come to.
fn outcomes(votes: &[u64], rules: &Rules, house: u32) -> BTreeSet<Vec<u32>> {
    let most = rules.seats_max.unwrap();
    let lists: Vec<usize> = (0..votes.len()).collect();
    let mut waiting = vec![(lists, house, vec![0; votes.len()])];
    let mut found = BTreeSet::new();
    while let Some((left, house, seats)) = waiting.pop() {
        if left.is_empty() || house == 0 {
            found.insert(seats);
            continue;
        }
        let own: Vec<u64> = left.iter().map(|&list| votes[list]).collect();
        for end in chains(&own, &stages(rules), house) {
            let mut seats = seats.clone();
            let leaves = |place: usize| end[place] > most;
            let anybody = (0..left.len()).any(leaves);
            let (mut others, mut rest) = (Vec::new(), house);
            for (place, &list) in left.iter().enumerate() {
                if leaves(place) {
                    seats[list] = most;
                    rest -= most;
                } else if anybody {
                    others.push(list);
                } else {
                    seats[list] = end[place];
                }
            }
            if anybody {
                waiting.push((others, rest, seats));
            } else {
                found.insert(seats);
            }
        }
    }
    found
}

fn laws() -> Vec<Rules> {
    let plain = |stages: Vec<Stage>| Rules {
        stages,
        above_max: AboveMax::SharedAnew,
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::HARE)
    };
    let first = |most, method| Stage {
        seats: StageSeats::AtMost(most),
        ..Stage::all(method)
    };
    vec![
        plain(vec![Stage::all(Method::D_HONDT)]),
        plain(vec![Stage::all(Method::HARE)]),
        plain(vec![Stage::all(Method::SAINTE_LAGUE)]),
        plain(vec![first(3, Method::HARE), Stage::all(Method::D_HONDT)]),
        plain(vec![
            first(2, Method::D_HONDT),
            Stage::all(Method::SAINTE_LAGUE),
        ]),
    ]
}

/// A lot for the first tie that waits for one, for each way to draw it.
fn draws(allocation: &Allocation) -> Vec<Lot> {
    let Some(tie) = allocation.open_ties().next() else {
        return Vec::new();
    };
    let all = 1_u32 << tie.open.len();
    let choices = (0..all).filter(|choice| choice.count_ones() == tie.open_seats);
    let lot = |choice: u32| Lot {
        stage: tie.at,
        lists: tie.open.clone(),
        seats_at_stake: tie.open_seats,
        winners: {
            let places = tie.open.iter().enumerate();
            let wins = places.filter(|(place, _)| choice >> place & 1 == 1);
            wins.map(|(_, &list)| list).collect()
        },
    };
    choices.map(lot).collect()
}

/// Holds an allocation against all outcomes; then draws each lot that is asked for.
fn check(contest: &Contest, rules: &Rules, lots: &[Lot], all: &BTreeSet<Vec<u32>>) {
    let allocation = allocate(contest, rules, lots).unwrap();
    assert_eq!(verify(contest, rules, lots, &allocation), Ok(()));
    assert_eq!(allocation.void_lots, []);
    let most = seats_most(contest, rules, lots, &allocation);
    for (list, result) in allocation.lists.iter().enumerate() {
        let seats = || all.iter().map(|seats| seats[list]);
        let (least, largest) = (seats().min().unwrap(), seats().max().unwrap());
        let what = format!("list {list} of {contest:?} {rules:?} {lots:?}: {all:?} {allocation:?}");
        assert_eq!(
            (result.seats, result.tied),
            (least, largest > least),
            "{what}"
        );
        assert!(most[list] >= largest, "{what}");
    }
    let draws = draws(&allocation);
    assert_eq!(draws.is_empty(), all.len() == 1, "{allocation:?}");
    let mut reached = BTreeSet::new();
    let mut ends = Vec::new();
    for lot in draws {
        let mut lots = lots.to_vec();
        lots.push(lot);
        let drawn = allocate(contest, rules, &lots).unwrap();
        let inside =
            |seats: &&Vec<u32>| {
                drawn.lists.iter().zip(*seats).all(|(list, seats)| {
                    *seats >= list.seats && (list.tied || *seats == list.seats)
                })
            };
        let left: BTreeSet<Vec<u32>> = all.iter().filter(inside).cloned().collect();
        assert!(!left.is_empty(), "{drawn:?}");
        let what = (
            drawn.lists.clone(),
            drawn.open_ties().cloned().collect::<Vec<_>>(),
        );
        ends.push(what);
        if drawn.pending == 0 {
            reached.insert(drawn.seats());
        }
        check_drawn(contest, rules, &lots, &mut reached, 0);
    }
    if !ends.is_empty() {
        // A lot that is asked for can matter.
        assert!(ends.iter().any(|end| *end != ends[0]), "{allocation:?}");
        assert_eq!(&reached, all);
    }
}

/// Draws everything that is still asked for, and collects where that ends.
fn check_drawn(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    reached: &mut BTreeSet<Vec<u32>>,
    depth: u32,
) {
    assert!(depth < 12, "lots without an end");
    let allocation = allocate(contest, rules, lots).unwrap();
    assert_eq!(verify(contest, rules, lots, &allocation), Ok(()));
    if allocation.pending == 0 {
        reached.insert(allocation.seats());
    }
    for lot in draws(&allocation) {
        let mut lots = lots.to_vec();
        lots.push(lot);
        check_drawn(contest, rules, &lots, reached, depth + 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    /// What all outcomes have in common is certain, what differs is open, and a lot is asked for where they differ.
    #[test]
    fn what_stands_is_what_all_outcomes_share(
        votes in prop::collection::vec(1u64..8, 2..5),
        house in 1u32..12,
        most in 1u32..6,
        law in prop::sample::select(laws()),
    ) {
        let rules = Rules { seats_max: Some(most), ..law };
        let all = outcomes(&votes, &rules, house);
        check(&Contest::with_votes(house, &votes), &rules, &[], &all);
    }
}

fn capped(most: u32) -> Rules {
    Rules {
        seats_max: Some(most),
        ..laws().swap_remove(0)
    }
}

/// Two lists tie for a seat, and whoever gets it has more than it may: both ways come to the same seats.
#[test]
fn a_tie_that_says_who_leaves_and_changes_nothing_asks_for_no_lot() {
    let contest = Contest::with_votes(5, &[300, 300, 90]);
    let allocation = allocate(&contest, &capped(2), &[]).unwrap();
    assert_eq!(verify(&contest, &capped(2), &[], &allocation), Ok(()));
    assert_eq!((allocation.seats(), allocation.pending), (vec![2, 2, 1], 0));
    assert_eq!(allocation.open_ties().count(), 0);
    assert_eq!(allocation.asked_in_rounds, Some(vec![]));
    // The tie is there, and the rounds of both ways behind it.
    let tie = allocation.stages[0].tie.as_ref().unwrap();
    assert_eq!((tie.open.as_slice(), tie.open_seats), (&[0, 1][..], 1));
    let competitors = |stage: usize| -> Vec<usize> {
        let contenders = allocation.stages[stage].contenders.iter();
        contenders.map(|one| one.list).collect()
    };
    assert_eq!(
        [1, 2, 3, 4].map(competitors),
        [vec![1, 2], vec![2], vec![0, 2], vec![2]]
    );
    // A result that hides one way, or asks for the lot all the same, is refused.
    let mut wrong = allocation.clone();
    wrong.stages.truncate(3);
    assert!(verify(&contest, &capped(2), &[], &wrong).is_err());
    let wrong = Allocation {
        asked_in_rounds: Some(vec![0]),
        ..allocation.clone()
    };
    assert_eq!(
        verify(&contest, &capped(2), &[], &wrong),
        Err(vec![Refusal::TiesAsked])
    );
    let wrong = Allocation {
        asked_in_rounds: None,
        ..allocation
    };
    assert_eq!(
        verify(&contest, &capped(2), &[], &wrong),
        Err(vec![Refusal::TiesAsked])
    );
}

/// Where the ways differ, what they share stands all the same: the first list has its two seats whoever wins.
#[test]
fn a_tie_that_says_who_leaves_opens_only_what_differs() {
    let contest = Contest::with_votes(5, &[60, 40, 40]);
    let allocation = allocate(&contest, &capped(2), &[]).unwrap();
    assert_eq!(verify(&contest, &capped(2), &[], &allocation), Ok(()));
    assert_eq!((allocation.seats(), allocation.pending), (vec![2, 1, 1], 1));
    let tied: Vec<bool> = allocation.lists.iter().map(|list| list.tied).collect();
    assert_eq!(tied, [false, true, true]);
    // The lot is asked for first; if the first list wins it, the others tie in the next round.
    let ties: Vec<&Tie> = allocation.open_ties().collect();
    assert_eq!((ties.len(), ties[0].at), (1, StageAt::Chain(0)));
    let lot = Lot {
        stage: StageAt::Chain(0),
        lists: vec![0, 1, 2],
        seats_at_stake: 1,
        winners: vec![0],
    };
    let drawn = allocate(&contest, &capped(2), &[lot]).unwrap();
    assert_eq!((drawn.seats(), drawn.pending), (vec![2, 1, 1], 1));
    let at: Vec<StageAt> = drawn.open_ties().map(|tie| tie.at).collect();
    assert_eq!(at, [StageAt::Round { round: 1, stage: 0 }]);
    // A certain seat more than both ways share is refused.
    let mut wrong = allocation.clone();
    (wrong.lists[1].seats, wrong.pending) = (2, 0);
    assert!(verify(&contest, &capped(2), &[], &wrong).is_err());
}

/// More outcomes than can be followed: of so many equal lists all but one win a second seat and leave. Their round stays open.
#[test]
fn too_many_outcomes_leave_the_round_open() {
    let open = |lists: u32| {
        let mut votes = vec![10; usize::try_from(lists).unwrap()];
        votes.push(1);
        let contest = Contest::with_votes(2 * lists - 1, &votes);
        let allocation = allocate(&contest, &capped(1), &[]).unwrap();
        assert_eq!(verify(&contest, &capped(1), &[], &allocation), Ok(()));
        (allocation.pending, allocation.stages.len())
    };
    // Whoever does not leave at first leaves in the next round, and the last list as well: 140 outcomes of 141 lists.
    assert_eq!(open(140).0, 0);
    let (pending, stages) = open(141);
    assert_eq!((pending, stages), (281, 1));
}

/// The last two lists tie for the last seat of a round that begins anew without the first, whoever wins: nobody asks for
/// a lot, and one that was drawn is void.
#[test]
fn a_lot_for_a_round_that_is_left_behind_is_void() {
    let rules = Rules {
        seats_max: Some(2),
        above_max: AboveMax::SharedAnew,
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::D_HONDT)
    };
    let contest = Contest::with_votes(4, &[70, 20, 20]);
    let lot = |winner| Lot {
        stage: StageAt::Chain(0),
        lists: vec![1, 2],
        seats_at_stake: 1,
        winners: vec![winner],
    };
    for lots in [vec![], vec![lot(1)], vec![lot(2)], vec![lot(0)]] {
        let allocation = allocate(&contest, &rules, &lots).unwrap();
        assert_eq!(verify(&contest, &rules, &lots, &allocation), Ok(()));
        assert_eq!((allocation.seats(), allocation.pending), (vec![2, 1, 1], 0));
        let reasons: Vec<VoidReason> = { allocation.void_lots.iter() }
            .map(|void| void.reason)
            .collect();
        assert_eq!(reasons, vec![VoidReason::NoSuchTie; lots.len()]);
        let mut wrong = allocation.clone();
        wrong.void_lots.clear();
        let refused = verify(&contest, &rules, &lots, &wrong);
        assert_eq!(refused.is_err(), !lots.is_empty());
    }
    // Where the tie says who leaves, its lot is used.
    let contest = Contest::with_votes(4, &[50, 50, 30]);
    let lots = [Lot {
        stage: StageAt::Chain(0),
        lists: vec![0, 1],
        seats_at_stake: 1,
        winners: vec![0],
    }];
    let open = allocate(&contest, &rules, &[]).unwrap();
    if open.stages[0].tie.is_some() {
        let allocation = allocate(&contest, &rules, &lots).unwrap();
        assert_eq!(verify(&contest, &rules, &lots, &allocation), Ok(()));
    }
}

/// A seat that stays empty can be the one beyond the cap with which a list leaves: then it matters whose it is, and the order
/// of the lists must not say it (it did). Small contests of that kind: turned around, they come out turned around.
#[test]
fn the_order_of_lists_settles_no_tie_for_leaving_with_an_empty_seat() {
    let (mut open, mut empty) = (0, 0);
    for number in 0..4_096_u32 {
        let digit = |place: u32, base: u32| number / 4_u32.pow(place) % base;
        let votes = [0, 1, 2].map(|place| 2 + u64::from(digit(place, 4)));
        let mut contest = Contest::with_votes(3 + digit(3, 4), &votes);
        for (list, place) in contest.lists.iter_mut().zip(0..) {
            list.candidates = Some(digit(4 + place % 2, 4));
        }
        let rules = Rules {
            exhausted: ExhaustedList::StaysEmpty,
            ..capped(2)
        };
        let mut turned = contest.clone();
        turned.lists.reverse();
        let [plain, mut turned] = [contest, turned].map(|contest| {
            let allocation = allocate(&contest, &rules, &[]).unwrap();
            assert_eq!(verify(&contest, &rules, &[], &allocation), Ok(()));
            allocation
        });
        turned.lists.reverse();
        assert_eq!(plain.lists, turned.lists, "{votes:?}");
        let whole = |one: &Allocation| (one.pending, one.unassigned, one.outcome);
        assert_eq!(whole(&plain), whole(&turned), "{votes:?}");
        open += u32::from(plain.pending > 0);
        empty += u32::from(plain.unassigned > 0);
    }
    assert!(
        open > 100 && empty > 100,
        "{open} open, {empty} with empty seats"
    );
}
