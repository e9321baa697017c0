//! Ties are values: what the rules cannot settle is part of the result, and every untied seat stands.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

fn hare_with(ties: &[TieBreak]) -> Rules {
    Rules {
        ties: ties.to_vec(),
        ..Rules::of(Method::HARE)
    }
}

/// Three equal lists, 10 seats: 3 each, and one seat for which all three are tied.
fn three_equal() -> Contest {
    Contest::with_votes(10, &[100, 100, 100])
}

fn checked(contest: &Contest, rules: &Rules, lots: &[Lot]) -> Allocation {
    let allocation = allocate(contest, rules, lots).unwrap();
    assert_eq!(verify(contest, rules, lots, &allocation), Ok(()));
    allocation
}

fn lot(lists: &[usize], winners: &[usize]) -> Lot {
    let seats_at_stake = u32::try_from(winners.len()).unwrap();
    Lot {
        stage: StageAt::Chain(0),
        lists: lists.to_vec(),
        seats_at_stake,
        winners: winners.to_vec(),
    }
}

/// F30: an unresolved tie set all seats to 0 elsewhere. Here it leaves every untied seat standing.
#[test]
fn f30_a_tie_leaves_every_untied_seat_standing() {
    let allocation = checked(&three_equal(), &hare_with(&[TieBreak::Lot]), &[]);
    assert_eq!(
        (allocation.outcome, allocation.seats()),
        (Outcome::Tied, vec![3, 3, 3])
    );
    assert_eq!((allocation.pending, allocation.unassigned), (1, 0));
    let tie = allocation.open_ties().next().unwrap();
    assert_eq!(
        (tie.lists.as_slice(), tie.seats_at_stake),
        ([0, 1, 2].as_slice(), 1)
    );
    assert_eq!(tie.key.and_then(Key::fraction), Ratio::new(10, 1));
}

#[test]
fn earlier_registration_settles_what_it_can() {
    let rules = hare_with(&[TieBreak::EarlierRegistration]);
    let with = |registrations: [Option<u64>; 3]| {
        let mut contest = three_equal();
        for (list, registration) in contest.lists.iter_mut().zip(registrations) {
            list.registration = registration;
        }
        let allocation = checked(&contest, &rules, &[]);
        let open = allocation
            .open_ties()
            .next()
            .map(|tie| tie.open.clone())
            .unwrap_or_default();
        (allocation.seats(), open)
    };
    assert_eq!(with([Some(3), Some(1), Some(2)]), (vec![3, 4, 3], vec![]));
    // Registered on the same day in unknown order: a tie between them is a tie.
    assert_eq!(
        with([Some(3), Some(1), Some(1)]),
        (vec![3, 3, 3], vec![1, 2])
    );
    // An unknown registration can be the earliest, so only the one that is surely behind is out.
    assert_eq!(with([None, Some(1), Some(2)]), (vec![3, 3, 3], vec![0, 1]));
    assert_eq!(with([None, None, Some(2)]), (vec![3, 3, 3], vec![0, 1, 2]));
}

#[test]
fn more_votes_settles_equal_quotients() {
    // D'Hondt: 60/2 = 30/1.
    let contest = Contest::with_votes(2, &[60, 30, 10]);
    let open = checked(&contest, &Rules::of(Method::D_HONDT), &[]);
    assert_eq!((open.seats(), open.pending), (vec![1, 0, 0], 1));
    let rules = Rules {
        ties: vec![TieBreak::MoreVotes],
        ..Rules::of(Method::D_HONDT)
    };
    let settled = checked(&contest, &rules, &[]);
    assert_eq!((settled.seats(), settled.pending), (vec![2, 0, 0], 0));
    assert!(!settled.stages[0].certificate().strict);
}

#[test]
fn a_lot_settles_its_own_tie_and_no_other() {
    let rules = hare_with(&[TieBreak::Lot]);
    let drawn = checked(&three_equal(), &rules, &[lot(&[2, 0, 1], &[1])]);
    assert_eq!(
        (drawn.seats(), drawn.void_lots.as_slice()),
        (vec![3, 4, 3], [].as_slice())
    );

    let void = |lots: &[Lot], contest: &Contest| {
        let allocation = checked(contest, &rules, lots);
        (
            allocation.pending,
            allocation
                .void_lots
                .iter()
                .map(|void| (void.lot, void.reason))
                .collect::<Vec<_>>(),
        )
    };
    // Other lists, other seats, another stage, no tie at all: void, and said so.
    assert_eq!(
        void(&[lot(&[0, 1], &[1])], &three_equal()),
        (1, vec![(0, VoidReason::NoSuchTie)])
    );
    assert_eq!(
        void(&[lot(&[0, 1, 2], &[1, 2])], &three_equal()),
        (1, vec![(0, VoidReason::NoSuchTie)])
    );
    let elsewhere = Lot {
        stage: StageAt::Chain(1),
        ..lot(&[0, 1, 2], &[1])
    };
    assert_eq!(
        void(&[elsewhere], &three_equal()),
        (1, vec![(0, VoidReason::NoSuchTie)])
    );
    let settled = Contest::with_votes(10, &[101, 100, 100]);
    assert_eq!(
        void(&[lot(&[0, 1, 2], &[1])], &settled),
        (0, vec![(0, VoidReason::NoSuchTie)])
    );
    // The right tie with a winner who was not in it, and a second draw of the same lot.
    let outsider = Lot {
        winners: vec![7],
        ..lot(&[0, 1, 2], &[1])
    };
    assert_eq!(
        void(&[outsider], &three_equal()),
        (1, vec![(0, VoidReason::WrongWinners)])
    );
    let twice = [lot(&[0, 1, 2], &[1]), lot(&[1, 2, 0], &[2])];
    assert_eq!(
        void(&twice, &three_equal()),
        (0, vec![(1, VoidReason::AlreadyDrawn)])
    );
    // Rules that know no lot do not take one.
    let allocation = checked(&three_equal(), &hare_with(&[]), &[lot(&[0, 1, 2], &[1])]);
    assert_eq!(allocation.pending, 1);
}

#[test]
fn a_lot_comes_after_what_registration_settled() {
    let rules = hare_with(&[TieBreak::EarlierRegistration, TieBreak::Lot]);
    let mut contest = three_equal();
    for (list, registration) in contest.lists.iter_mut().zip([2, 1, 1]) {
        list.registration = Some(registration);
    }
    let allocation = checked(&contest, &rules, &[lot(&[1, 2], &[2])]);
    assert_eq!(allocation.seats(), [3, 3, 4]);
    // A lot among all three could have chosen the list that registration ruled out.
    assert_eq!(
        checked(&contest, &rules, &[lot(&[0, 1, 2], &[2])]).pending,
        1
    );
}

/// A lot that cannot matter is never asked for: no list of the tie has a candidate left, and the seat stays empty.
#[test]
fn no_lot_among_lists_without_candidates() {
    let mut contest = three_equal();
    contest
        .lists
        .iter_mut()
        .for_each(|list| list.candidates = Some(2));
    let rules = Rules {
        exhausted: ExhaustedList::StaysEmpty,
        ..hare_with(&[TieBreak::Lot])
    };
    let allocation = checked(&contest, &rules, &[]);
    assert_eq!(
        (
            allocation.seats(),
            allocation.pending,
            allocation.unassigned
        ),
        (vec![2, 2, 2], 0, 4)
    );
    contest.lists[2].candidates = Some(9);
    let allocation = checked(&contest, &rules, &[]);
    assert_eq!(
        (
            allocation.seats(),
            allocation.pending,
            allocation.unassigned
        ),
        (vec![2, 2, 3], 1, 2)
    );
    assert_eq!(
        allocation
            .lists
            .iter()
            .map(|list| list.tied)
            .collect::<Vec<_>>(),
        [false, false, true]
    );
}

/// Two pairs are tied for a seat: each list holds what it holds with and without it. Largest remainders inside can even
/// take a seat away from a list when its pair gains one.
#[test]
fn a_tie_between_pairs() {
    let mut contest = Contest::with_votes(5, &[60, 40, 60, 40]);
    for (list, group) in contest.lists.iter_mut().zip([0, 0, 1, 1]) {
        list.group = Some(group);
    }
    let rules = Rules {
        apparentment: Some(Apparentment::default()),
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::D_HONDT)
    };
    let allocation = checked(&contest, &rules, &[]);
    assert_eq!(
        (allocation.seats(), allocation.pending),
        (vec![1, 1, 1, 1], 1)
    );
    assert!(allocation.lists.iter().all(|list| list.tied));
    assert_eq!(allocation.open_ties().next().unwrap().lists, [0, 2]);
    let drawn = checked(&contest, &rules, &[lot(&[0, 2], &[2])]);
    assert_eq!((drawn.seats(), drawn.pending), (vec![1, 1, 2, 1], 0));

    // Alabama's paradox inside a pair: 6, 6, 2 of ten seats are 4, 4, 2, and of eleven 5, 5, 1.
    let mut contest = Contest::with_votes(21, &[60, 60, 20, 60, 60, 20]);
    for (list, group) in contest.lists.iter_mut().zip([0, 0, 0, 1, 1, 1]) {
        list.group = Some(group);
    }
    let rules = Rules {
        apparentment: Some(Apparentment::default()),
        ..Rules::of(Method::HARE)
    };
    let allocation = checked(&contest, &rules, &[]);
    assert_eq!(
        (allocation.seats(), allocation.pending),
        (vec![4, 4, 1, 4, 4, 1], 3)
    );
}

/// Ten thousand lists with one vote each, as kz-maslihat-2021 would rank them: what the verifier does must not grow with the
/// square of the tie, or this would not end.
#[test]
fn ten_thousand_level_lists_are_ranked_and_verified() {
    let mut contest = Contest::with_votes(39, &[1; 10_000]);
    for (place, list) in contest.lists.iter_mut().enumerate() {
        // One of a hundred has no number, and may be earlier or later than any.
        list.registration = (place % 100 != 0).then(|| u64::try_from(place).unwrap());
    }
    let rules = hare_with(&[TieBreak::EarlierRegistration, TieBreak::Lot]);
    let allocation = checked(&contest, &rules, &[]);
    assert_eq!(allocation.pending, 39);
    for (place, list) in contest.lists.iter_mut().enumerate() {
        list.registration = Some(u64::try_from(place / 2).unwrap());
    }
    let allocation = checked(&contest, &rules, &[]);
    assert_eq!(allocation.pending, 1);
    assert_eq!(
        allocation.seats()[..39],
        [[1; 38].as_slice(), &[0]].concat()
    );
}
