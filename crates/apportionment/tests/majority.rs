//! The majority clause and ties for the last seats (Kieswet P 9): no lot is asked for a seat that is given up whoever wins
//! it, and no seat is called certain that the clause can take.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use std::cmp::Ordering;
use std::collections::BTreeSet;

use apportionment::*;

fn clause(method: Method) -> Rules {
    Rules {
        majority: Some(Majority::TakesLastSeat),
        ties: vec![TieBreak::Lot],
        ..Rules::of(method)
    }
}

fn agreed(contest: &Contest, rules: &Rules, lots: &[Lot]) -> Allocation {
    let allocation = allocate(contest, rules, lots).unwrap();
    assert_eq!(
        verify(contest, rules, lots, &allocation),
        Ok(()),
        "{contest:?}"
    );
    allocation
}

#[test]
fn a_tie_whose_only_seat_is_given_up_needs_no_lot() {
    // 16 and 16 tie for the last of four seats, and the list with 51 of 100 votes takes it from whoever wins.
    let contest = Contest::with_votes(4, &[51, 17, 16, 16]);
    let allocation = agreed(&contest, &clause(Method::HARE), &[]);
    assert_eq!(allocation.seats(), [3, 1, 0, 0]);
    assert_eq!((allocation.pending, allocation.open_ties().count()), (0, 0));
    let transfer = allocation.majority.unwrap();
    assert_eq!((transfer.to, transfer.from), (0, vec![2, 3]));
    assert_eq!(transfer.tie, None);
}

#[test]
fn a_tie_that_gives_the_majority_its_seat_either_way_needs_no_lot() {
    // Ten seats each way, or eleven to nine: with the last seat the first list has more than half, without it it is owed one.
    let contest = Contest::with_votes(20, &[11_000, 10_000]);
    let mut contest = contest;
    let rules = clause(Method::D_HONDT);
    let plain = agreed(&contest, &rules, &[]);
    assert_eq!(plain.seats(), [11, 9]);
    assert_eq!((plain.pending, plain.open_ties().count()), (0, 0));
    // Another council where three tie for two seats: one of the two others keeps one.
    contest = Contest::with_votes(6, &[60, 20, 20]);
    let allocation = agreed(&contest, &rules, &[]);
    assert_eq!(allocation.seats(), [4, 1, 1]);
}

#[test]
fn a_lot_of_the_others_remains_where_several_seats_are_tied() {
    // Two of three lists with 10 win the last two seats; one of the two gives its seat up: one of three keeps one.
    let contest = Contest::with_votes(5, &[41, 13, 9, 9, 9]);
    let rules = clause(Method::HARE);
    let open = agreed(&contest, &rules, &[]);
    let tie = open.open_ties().next().unwrap().clone();
    assert_eq!(open.open_ties().count(), 1);
    assert_eq!((tie.at, tie.open_seats), (StageAt::Majority, 1), "{open:?}");
    assert_eq!(open.seats(), [3, 1, 0, 0, 0]);
    // A lot for the tie of the stage is void, and says so.
    let stage = open.stages[0].tie.clone().unwrap();
    assert_eq!((stage.at, stage.open_seats), (StageAt::Chain(0), 2));
    let void = Lot {
        stage: stage.at,
        lists: stage.open.clone(),
        seats_at_stake: 2,
        winners: vec![2, 3],
    };
    let told = agreed(&contest, &rules, &[void]);
    assert_eq!(told.void_lots.len(), 1);
    assert_eq!(told.void_lots[0].reason, VoidReason::NoSuchTie);
    assert_eq!((told.seats(), told.pending), (open.seats(), 1));
    // Registration: two best of three, and all but the worst of these, is the best of three.
    let mut registered = contest.clone();
    for (list, number) in registered.lists.iter_mut().zip([1, 2, 5, 3, 4]) {
        list.registration = Some(number);
    }
    let by_order = Rules {
        ties: vec![TieBreak::EarlierRegistration],
        ..rules.clone()
    };
    assert_eq!(agreed(&registered, &by_order, &[]).seats(), [3, 1, 0, 1, 0]);
    // Who used the void lot all the same is refused.
    let mut wrong = told;
    wrong.void_lots.clear();
    assert!(verify(&contest, &rules, &[], &wrong).is_ok());
    wrong.majority = None;
    let refused = verify(&contest, &rules, &[], &wrong).unwrap_err();
    assert!(refused.contains(&Refusal::Majority));
}

#[test]
fn a_tie_that_can_bring_two_seats_is_asked_and_calls_nothing_certain_that_is_not() {
    let contest = Contest::with_votes(10, &[549, 61, 62, 63, 64, 65, 66]);
    let rules = clause(Method::SAINTE_LAGUE);
    let open = agreed(&contest, &rules, &[]);
    assert_eq!(open.seats(), [5, 0, 0, 1, 1, 1, 1]);
    let tied: Vec<bool> = open.lists.iter().map(|list| list.tied).collect();
    assert_eq!(tied, [true, false, true, false, false, false, false]);
    assert_eq!((open.pending, open.open_ties().count()), (1, 1));
    assert_eq!(
        seats_most(&contest, &rules, &[], &open),
        [6, 0, 1, 1, 1, 1, 1]
    );
    // Calling the seat of 62 certain is refused.
    let mut wrong = open.clone();
    wrong.lists[2].seats = 1;
    assert!(verify(&contest, &rules, &[], &wrong).is_err());
}

#[test]
fn whole_quotas_behind_another_stage_have_no_last_seat_to_take() {
    let mut rules = clause(Method::D_HONDT);
    let first = Stage {
        seats: StageSeats::AtMost(1),
        ..Stage::all(Method::D_HONDT)
    };
    rules.stages.insert(0, first);
    rules.stages.insert(1, Stage::whole_quotas(Quota::HARE));
    let error = allocate(&Contest::with_votes(3, &[3, 2]), &rules, &[]).unwrap_err();
    assert_eq!(error.code(), "NEEDS_PLAIN_RULES");
}

/// Keys of a list, largest first, as fractions.
fn key(method: Method, votes: u64, all: u64, house: u32, seat: u32) -> (i64, i64) {
    let (votes, all, seat) = (
        i64::try_from(votes).unwrap(),
        i64::try_from(all).unwrap(),
        i64::from(seat),
    );
    match method {
        Method::D_HONDT => (votes, seat + 1),
        Method::SAINTE_LAGUE => (votes, 2 * seat + 1),
        Method::HARE => (votes * i64::from(house) - seat * all, 1),
        _ => panic!("three methods are enough"),
    }
}

fn order((a, b): (i64, i64), (c, d): (i64, i64)) -> Ordering {
    (a * d).cmp(&(c * b))
}

/// Every end of the night by the letter of the law: each choice of winners of a tie, then each choice of who gives a seat up.
fn ends(contest: &Contest, method: Method) -> BTreeSet<Vec<u32>> {
    let house = contest.seats;
    let votes: Vec<u64> = contest.lists.iter().map(|list| list.votes).collect();
    let all: u64 = votes.iter().sum();
    let of = |list: usize, seat: u32| key(method, votes[list], all, house, seat);
    let mut keys: Vec<(usize, u32)> = Vec::new();
    for list in (0..votes.len()).filter(|&list| votes[list] > 0) {
        keys.extend((0..house).map(|seat| (list, seat)));
    }
    keys.sort_by(|one, other| order(of(other.0, other.1), of(one.0, one.1)));
    let size = usize::try_from(house).unwrap();
    let border = of(keys[size - 1].0, keys[size - 1].1);
    let mut certain = vec![0; votes.len()];
    let mut tied = Vec::new();
    for &(list, seat) in &keys {
        match order(of(list, seat), border) {
            Ordering::Greater => certain[list] += 1,
            Ordering::Equal => tied.push(list),
            Ordering::Less => {}
        }
    }
    let left = size - usize::try_from(certain.iter().sum::<u32>()).unwrap();
    let mut found = BTreeSet::new();
    for set in 0..1_u32 << tied.len() {
        if usize::try_from(set.count_ones()).unwrap() != left {
            continue;
        }
        let mut seats = certain.clone();
        for (place, &list) in tied.iter().enumerate() {
            seats[list] += (set >> place) & 1;
        }
        let owed = (0..votes.len()).find(|&list| 2 * votes[list] > all);
        let Some(owed) = owed.filter(|&owed| 2 * seats[owed] <= house) else {
            found.insert(seats);
            continue;
        };
        let last = |list: usize| of(list, seats[list] - 1);
        let others: Vec<usize> = (0..votes.len())
            .filter(|&list| list != owed && seats[list] > 0)
            .collect();
        let smallest = others.iter().copied();
        let smallest = smallest.min_by(|one, other| order(last(*one), last(*other)));
        let Some(smallest) = smallest else {
            found.insert(seats);
            continue;
        };
        for &list in &others {
            if order(last(list), last(smallest)).is_eq() {
                let mut moved = seats.clone();
                moved[list] -= 1;
                moved[owed] += 1;
                found.insert(moved);
            }
        }
    }
    found
}

/// All ends that lots can bring about, where each lot that is asked for brings about at least two.
fn drawn(contest: &Contest, rules: &Rules, lots: &[Lot]) -> BTreeSet<Vec<u32>> {
    let allocation = agreed(contest, rules, lots);
    let Some(tie) = allocation.open_ties().next() else {
        return BTreeSet::from([allocation.seats()]);
    };
    let mut found = BTreeSet::new();
    let mut different = BTreeSet::new();
    for set in 0..1_u32 << tie.open.len() {
        if set.count_ones() != tie.open_seats {
            continue;
        }
        let winners = tie.open.iter().enumerate();
        let winners = winners.filter(|(place, _)| set >> place & 1 == 1);
        let lot = Lot {
            stage: tie.at,
            lists: tie.open.clone(),
            seats_at_stake: tie.open_seats,
            winners: winners.map(|(_, list)| *list).collect(),
        };
        let after = drawn(contest, rules, &[lots, &[lot]].concat());
        different.insert(after.clone());
        found.extend(after);
    }
    assert!(different.len() > 1, "{tie:?} of {contest:?} cannot matter");
    found
}

/// Against every outcome by the letter of the law: the same ends, and seats are certain just as far as they are.
#[test]
fn certain_seats_and_lots_are_those_of_the_law() {
    let (mut open, mut transferred) = (0, 0);
    for method in [Method::HARE, Method::D_HONDT, Method::SAINTE_LAGUE] {
        let rules = clause(method);
        for seats in 2..11 {
            for first in 5..26 {
                for number in 0..64_u64 {
                    let base = first / 3;
                    let votes = [
                        first,
                        base + (number & 3),
                        base + (number >> 2 & 3),
                        1 + (number >> 4),
                    ];
                    let contest = Contest::with_votes(seats, &votes);
                    let ends = ends(&contest, method);
                    let allocation = agreed(&contest, &rules, &[]);
                    assert_eq!(drawn(&contest, &rules, &[]), ends, "{method:?} {contest:?}");
                    let most = seats_most(&contest, &rules, &[], &allocation);
                    for (list, result) in allocation.lists.iter().enumerate() {
                        let of_list = || ends.iter().map(|end| end[list]);
                        let range = (of_list().min().unwrap(), of_list().max().unwrap());
                        assert_eq!((result.seats, most[list]), range, "{list} of {contest:?}");
                        assert_eq!(result.tied, range.0 < range.1, "{list} of {contest:?}");
                    }
                    open += u32::from(allocation.pending > 0);
                    transferred += u32::from(allocation.majority.is_some());
                }
            }
        }
    }
    assert!(
        open > 500 && transferred > 500,
        "{open} open, {transferred} moved"
    );
}

/// The seat that is kept stays empty whoever keeps it: no lot is asked for (it was), and one that was drawn is void.
#[test]
fn no_lot_for_keeping_a_seat_that_stays_empty() {
    let mut contest = Contest::with_votes(5, &[41, 13, 9, 9, 9]);
    let rules = Rules {
        exhausted: ExhaustedList::StaysEmpty,
        ..clause(Method::HARE)
    };
    for list in &mut contest.lists[2..] {
        list.candidates = Some(0);
    }
    let allocation = agreed(&contest, &rules, &[]);
    assert_eq!(allocation.seats(), [3, 1, 0, 0, 0]);
    assert_eq!((allocation.pending, allocation.unassigned), (0, 1));
    assert_eq!(allocation.open_ties().count(), 0);
    let tie = allocation.majority.as_ref().unwrap().tie.as_ref().unwrap();
    assert!(tie.stays_empty && tie.open == [2, 3, 4] && tie.open_seats == 1);
    let lot = Lot {
        stage: StageAt::Majority,
        lists: vec![2, 3, 4],
        seats_at_stake: 1,
        winners: vec![3],
    };
    let told = agreed(&contest, &rules, &[lot]);
    assert_eq!(told.void_lots[0].reason, VoidReason::NoSuchTie);
    // With a candidate on one of the lists it matters again.
    contest.lists[4].candidates = Some(1);
    let open = agreed(&contest, &rules, &[]);
    assert_eq!((open.pending, open.open_ties().count()), (1, 1));
    // A result that hides the tie as one that nothing hangs on is refused.
    let mut wrong = open;
    wrong
        .majority
        .as_mut()
        .unwrap()
        .tie
        .as_mut()
        .unwrap()
        .stays_empty = true;
    assert!(verify(&contest, &rules, &[], &wrong).is_err());
}
