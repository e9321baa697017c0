//! What becomes of seats beyond what is due: Denmark's further calculations, and where Sweden's seats may not go back.

use super::*;

fn levelled(surplus: Surplus, house: Method, behind: Vec<TierStage>) -> TierRules {
    let mut stages = vec![
        TierStage::Districts {
            admission: Admission::default(),
            chain: vec![Stage::all(Method::D_HONDT)],
        },
        TierStage::Whole {
            admission: Admission::default(),
            chain: vec![Stage::all(house)],
            surplus,
        },
    ];
    stages.extend(behind);
    TierRules {
        stages,
        ties: vec![TieBreak::Lot],
    }
}

fn contest(districts: &[(u32, &[u64])], further_seats: u32) -> TierContest {
    TierContest {
        districted: DistrictedContest::with_votes(districts),
        further_seats,
        ..TierContest::default()
    }
}

fn house(allocation: &TierAllocation) -> &tiers::WholeResult {
    match &allocation.stages[1] {
        TierStageResult::Whole(house) => house,
        _ => panic!("the house is the second stage"),
    }
}

/// Folketing elections act, section 77, paragraph 4: in the new calculation those that hold exactly what is due are left out
/// too. The first list holds four seats where three are due, the last two of two: both leave, and the third wins what the
/// second would have had.
#[test]
fn level_lists_leave_with_the_one_that_holds_too_much() {
    let districts: [(u32, &[u64]); 3] = [
        (2, &[7, 29, 90, 73]),
        (4, &[62, 22, 47, 46]),
        (4, &[90, 87, 57, 15]),
    ];
    let contest = contest(&districts, 2);
    let above = || vec![TierStage::Above];
    let kept = levelled(Surplus::Kept, Method::HARE, above());
    let kept = agree(&contest, &kept, &TierLots::default());
    assert_eq!(kept.list_seats(), [4, 3, 3, 2]);
    let rules = levelled(Surplus::KeptWithLevel, Method::HARE, above());
    let level = agree(&contest, &rules, &TierLots::default());
    assert_eq!(level.list_seats(), [4, 2, 4, 2]);
    let rounds: Vec<&[usize]> = house(&level)
        .rounds
        .iter()
        .map(|round| round.leaving.as_slice())
        .collect();
    assert_eq!(rounds, [&[0, 3][..], &[]]);

    // Who only says that the level list stayed is refused.
    let mut wrong = level.clone();
    let TierStageResult::Whole(house) = &mut wrong.stages[1] else {
        panic!("the house is the second stage");
    };
    house.rounds[0].leaving = vec![0];
    let refused = verify(&contest, &rules, &TierLots::default(), &wrong).unwrap_err();
    assert!(refused.contains(&TierRefusal::Due { stage: 1 }));
}

/// Paragraph 5: the second calculation would give the first list two seats where the first gave it one: it leaves with one.
#[test]
fn no_list_is_due_more_than_at_first() {
    let districts: [(u32, &[u64]); 3] = [
        (4, &[40, 26, 83, 86]),
        (2, &[29, 64, 31, 88]),
        (4, &[12, 45, 72, 16]),
    ];
    let contest = contest(&districts, 2);
    let rules = levelled(Surplus::KeptWithLevel, Method::HARE, vec![TierStage::Above]);
    let allocation = agree(&contest, &rules, &TierLots::default());
    assert_eq!(allocation.list_seats(), [1, 2, 5, 4]);
    let found = house(&allocation);
    let first: Vec<u32> = found.rounds[0].allocation.seats();
    assert_eq!(first, [1, 3, 4, 4]);
    let rounds: Vec<(&[usize], &[usize])> = found
        .rounds
        .iter()
        .map(|round| (round.leaving.as_slice(), round.capped.as_slice()))
        .collect();
    assert_eq!(rounds, [(&[2][..], &[][..]), (&[], &[0]), (&[], &[])]);
    let mut wrong = allocation.clone();
    let TierStageResult::Whole(house) = &mut wrong.stages[1] else {
        panic!("the house is the second stage");
    };
    house.rounds[1].capped.clear();
    let refused = verify(&contest, &rules, &TierLots::default(), &wrong).unwrap_err();
    assert!(refused.contains(&TierRefusal::Due { stage: 1 }));
}

/// Swedish Election Act, chapter 14: no seat goes back in a constituency with fewer than three seats, also where the lowest
/// number is there. One that can go back nowhere is refused by name, and not handed out twice.
#[test]
fn seats_go_back_only_in_districts_with_enough_of_them() {
    let rules = |least| {
        let returning = Returning {
            series: Series::ODD,
            district_seats_min: least,
        };
        levelled(
            Surplus::Returned,
            Method::SAINTE_LAGUE,
            vec![
                TierStage::Return(returning),
                TierStage::Place(Placement::SWEDEN),
            ],
        )
    };
    // The first list holds four of five seats, and three are due to it.
    let contest = contest(&[(1, &[30, 28]), (1, &[40, 35]), (3, &[60, 40])], 0);
    let gone = |least| {
        let allocation = agree(&contest, &rules(least), &TierLots::default());
        let TierStageResult::Return(result) = &allocation.stages[2] else {
            panic!("seats go back in the third stage");
        };
        let from = result.returned.iter().map(|seat| seat.from.place.district);
        (allocation.list_seats(), from.collect::<Vec<_>>())
    };
    assert_eq!(gone(0), (vec![3, 2], vec![2]));
    let mut smaller = contest.clone();
    smaller.districted.districts[0].votes = vec![15, 14];
    let lowest = agree(&smaller, &rules(0), &TierLots::default());
    assert_eq!(lowest.seats, [[0, 1], [1, 0], [2, 1]]);
    let least = agree(&smaller, &rules(3), &TierLots::default());
    assert_eq!(least.seats, [[1, 0], [1, 0], [1, 2]]);
    // The verifier does not take a seat that went back where it may not.
    let refused = verify(&smaller, &rules(3), &TierLots::default(), &lowest);
    assert!(!refused.unwrap_err().is_empty());
    let stuck = allocate(&smaller, &rules(4), &TierLots::default());
    assert!(stuck.is_err(), "{stuck:?}");
}
