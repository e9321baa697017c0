//! Ties on which nothing hangs: whoever wins, what comes later makes it good again, and no lot is asked for.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

/// So many seats by D'Hondt first, and the rest in a second stage, by D'Hondt again.
fn in_two_stages(first: u32) -> Rules {
    let most = Stage {
        seats: StageSeats::AtMost(first),
        ..Stage::all(Method::D_HONDT)
    };
    Rules {
        stages: vec![most, Stage::all(Method::D_HONDT)],
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::D_HONDT)
    }
}

fn checked(contest: &Contest, rules: &Rules, lots: &[Lot]) -> Allocation {
    let allocation = allocate(contest, rules, lots).unwrap();
    assert_eq!(verify(contest, rules, lots, &allocation), Ok(()));
    let mut workspace = Workspace::default();
    let seats = workspace.seats(contest, rules, lots).unwrap();
    assert_eq!(seats.seats, allocation.seats());
    assert_eq!(seats.outcome, allocation.outcome);
    allocation
}

#[test]
fn a_later_stage_that_makes_it_good_asks_for_no_lot() {
    // Three lists with equal votes: two seats in the first stage, and the third one in the second for whoever has none.
    let contest = Contest::with_votes(3, &[100, 100, 100]);
    for ties in [vec![TieBreak::Lot], Vec::new()] {
        let rules = Rules {
            ties,
            ..in_two_stages(2)
        };
        let allocation = checked(&contest, &rules, &[]);
        assert_eq!(allocation.seats(), [1, 1, 1]);
        assert_eq!(allocation.outcome, Outcome::Settled);
        assert_eq!(allocation.open_ties().count(), 0);
        let [passed] = &allocation.passed_over[..] else {
            panic!("one tie");
        };
        assert_eq!(
            (&passed.lot.winners[..], passed.others.len()),
            (&[0, 1][..], 2)
        );
        let tie = allocation.ties().next().unwrap();
        assert!(allocation.is_passed_over(tie));
        assert_eq!(seats_most(&contest, &rules, &[], &allocation), [1, 1, 1]);
    }
}

#[test]
fn a_lot_drawn_all_the_same_changes_nothing() {
    let contest = Contest::with_votes(3, &[100, 100, 100]);
    let rules = in_two_stages(2);
    let lot = Lot {
        stage: StageAt::Chain(0),
        lists: vec![0, 1, 2],
        seats_at_stake: 2,
        winners: vec![1, 2],
    };
    let drawn = checked(&contest, &rules, &[lot]);
    assert_eq!(drawn.seats(), [1, 1, 1]);
    assert!(drawn.passed_over.is_empty() && drawn.void_lots.is_empty());
}

#[test]
fn a_tie_behind_one_that_is_passed_over_is_asked_for_alone() {
    // The third seat is passed over; of the fourth and fifth, one list goes without.
    let contest = Contest::with_votes(5, &[100, 100, 100]);
    let rules = in_two_stages(2);
    let open = checked(&contest, &rules, &[]);
    assert_eq!((open.seats(), open.pending), (vec![1, 1, 1], 2));
    let asked: Vec<StageAt> = open.open_ties().map(|tie| tie.at).collect();
    assert_eq!(asked, [StageAt::Chain(1)]);
    let lot = Lot {
        stage: StageAt::Chain(1),
        lists: vec![0, 1, 2],
        seats_at_stake: 2,
        winners: vec![0, 2],
    };
    let drawn = checked(&contest, &rules, &[lot]);
    assert_eq!(drawn.seats(), [2, 1, 2]);
    assert!(drawn.void_lots.is_empty());
    assert_eq!(drawn.passed_over.len(), 1);
}

#[test]
fn a_bonus_of_no_seats_asks_nothing() {
    let contest = Contest::with_votes(5, &[100, 100, 50]);
    let bonus = |seats, counting| Bonus {
        to: BonusTo::MostVotes,
        seats: BonusSeats::Fixed(seats),
        counting,
        votes_min: None,
        others_max: None,
    };
    for counting in [BonusCounting::Beside, BonusCounting::Least] {
        let rules = Rules {
            bonus: Some(bonus(0, counting)),
            ties: vec![TieBreak::Lot],
            ..Rules::of(Method::D_HONDT)
        };
        let allocation = checked(&contest, &rules, &[]);
        assert_eq!(allocation.seats(), [2, 2, 1]);
        assert_eq!(
            (allocation.bonus, allocation.outcome),
            (None, Outcome::Settled)
        );
    }
    // At least one seat for the first list: each of the two has more by its votes.
    let rules = Rules {
        bonus: Some(bonus(1, BonusCounting::Least)),
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::D_HONDT)
    };
    let allocation = checked(&contest, &rules, &[]);
    assert_eq!(allocation.seats(), [2, 2, 1]);
    assert_eq!(allocation.open_ties().count(), 0);
    // Beside their votes it is a seat more for one of them.
    let rules = Rules {
        bonus: Some(bonus(1, BonusCounting::Beside)),
        ..rules
    };
    let allocation = checked(&contest, &rules, &[]);
    let first = allocation.open_ties().next().unwrap();
    assert_eq!(first.at, StageAt::Bonus);
}

#[test]
fn no_lot_between_a_group_and_a_list_for_a_seat_that_nobody_can_take() {
    // Lists 0 and 1 are joined, and 2 stands alone with as many votes: five seats, of which one of the two has a third. But no
    // list has a third candidate, nor has any in the group one for it.
    let mut contest = Contest::with_votes(5, &[100, 100, 200]);
    for (list, candidates) in [(0, 1), (1, 1), (2, 2)] {
        contest.lists[list].candidates = Some(candidates);
        contest.lists[list].group = (list < 2).then_some(0);
    }
    let rules = Rules {
        apparentment: Some(Apparentment::default()),
        exhausted: ExhaustedList::StaysEmpty,
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::D_HONDT)
    };
    let allocation = checked(&contest, &rules, &[]);
    assert_eq!(allocation.seats(), [1, 1, 2]);
    assert_eq!((allocation.pending, allocation.unassigned), (0, 1));
    assert_eq!(allocation.open_ties().count(), 0);
    // With a third candidate on the list alone it can win a seat, or not.
    contest.lists[2].candidates = Some(3);
    let allocation = checked(&contest, &rules, &[]);
    assert_eq!((allocation.pending, allocation.open_ties().count()), (1, 1));
}

#[test]
fn beyond_the_limit_of_outcomes_a_lot_is_asked_for() {
    // Ten lists for five seats end in 252 ways, eleven for five in 462: more than are followed.
    for (lists, is_settled) in [(10, true), (11, false)] {
        let contest = Contest::with_votes(lists, &vec![100; usize::try_from(lists).unwrap()]);
        let allocation = checked(&contest, &in_two_stages(5), &[]);
        assert_eq!(allocation.outcome == Outcome::Settled, is_settled);
        assert_eq!(allocation.open_ties().count() == 0, is_settled);
    }
}

/// What would be handed in for a result that leaves a lot out which decides a seat.
#[test]
fn a_tie_that_matters_cannot_be_passed_over() {
    let contest = Contest::with_votes(1, &[100, 100]);
    let rules = in_two_stages(1);
    assert_eq!(checked(&contest, &rules, &[]).open_ties().count(), 1);
    let lot = |winner| Lot {
        stage: StageAt::Chain(0),
        lists: vec![0, 1],
        seats_at_stake: 1,
        winners: vec![winner],
    };
    let mut forged = checked(&contest, &rules, &[lot(0)]);
    let other = checked(&contest, &rules, &[lot(1)]);
    forged.passed_over.push(PassedOver {
        lot: lot(0),
        others: vec![other.clone()],
    });
    let refused = Err(vec![Refusal::PassedOver {
        at: StageAt::Chain(0),
    }]);
    assert_eq!(verify(&contest, &rules, &[], &forged), refused);
    forged.passed_over[0].others.clear();
    assert_eq!(verify(&contest, &rules, &[], &forged), refused);
    // The same seats, although the lot fell on the other: no result of that lot.
    forged.passed_over[0].others = vec![Allocation {
        lists: checked(&contest, &rules, &[lot(0)]).lists,
        ..other
    }];
    assert!(verify(&contest, &rules, &[], &forged).is_err());
}

/// Of seven lists that tie for four seats six have no candidates, and the seats of the house tie again: whether nothing hangs on the
/// first tie is found whatever the order of the lists.
#[test]
fn the_order_of_lists_does_not_say_which_tie_is_passed_over() {
    let method = Method::Quota(Quota {
        kind: QuotaKind::HagenbachBischoff,
        rounding: Rounding::Up,
    });
    let rules = Rules {
        stages: vec![
            Stage {
                seats: StageSeats::AtMost(4),
                ..Stage::all(method)
            },
            Stage::all(method),
        ],
        exhausted: ExhaustedList::StaysEmpty,
        bonus: Some(Bonus {
            to: BonusTo::MoreThanHalf,
            seats: BonusSeats::MoreThanHalf,
            counting: BonusCounting::Least,
            votes_min: None,
            others_max: None,
        }),
        ..Rules::of(method)
    };
    let none = List {
        candidates: Some(0),
        ..List::with_votes(100)
    };
    let mut lists = vec![none; 6];
    for place in 0..7 {
        lists.insert(place, List::with_votes(100));
        let contest = Contest {
            seats: 18,
            lists: lists.clone(),
            ..Contest::default()
        };
        let allocation = allocate(&contest, &rules, &[]).unwrap();
        assert_eq!(verify(&contest, &rules, &[], &allocation), Ok(()));
        let mut seats = vec![0; 7];
        seats[place] = 2;
        assert_eq!(
            (allocation.seats(), allocation.pending),
            (seats, 4),
            "{place}"
        );
        lists.remove(place);
    }
}
