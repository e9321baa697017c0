//! How much work it is to send seats back, and which lots it asks for.

use std::collections::BTreeSet;

use super::counted::KEYS;
use crate::districts::DistrictedContest;
use crate::method::{Method, Stage};
use crate::rules::TieBreak;
use crate::tiers::*;

fn sweden(ties: Vec<TieBreak>) -> TierRules {
    TierRules {
        stages: vec![
            TierStage::Districts {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::D_HONDT)],
            },
            TierStage::Whole {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::SAINTE_LAGUE)],
                surplus: Surplus::Returned,
            },
            TierStage::Return(Series::ODD.into()),
        ],
        ties,
    }
}

fn contest(districts: &[(u32, &[u64])]) -> TierContest {
    TierContest {
        districted: DistrictedContest::with_votes(districts),
        ..TierContest::default()
    }
}

fn returned(allocation: &TierAllocation) -> &ReturnResult {
    match &allocation.stages[2] {
        TierStageResult::Return(result) => result,
        other => panic!("seats go back in the third stage: {other:?}"),
    }
}

/// Keys computed by the allocator and by the verifier, for each seat that went back.
fn keys(contest: &TierContest) -> (u64, u64, u64) {
    let (rules, lots) = (sweden(Vec::new()), TierLots::default());
    KEYS.set(0);
    let allocation = allocate(contest, &rules, &lots).unwrap();
    let allocating = KEYS.replace(0);
    assert_eq!(verify(contest, &rules, &lots, &allocation), Ok(()));
    let seats = returned(&allocation).returned.len();
    (u64::try_from(seats).unwrap(), allocating, KEYS.get())
}

/// Ten lists, one of which holds all seats of so many districts with different votes.
fn many(districts: u32) -> TierContest {
    let votes = |district: u32| {
        let mut votes: Vec<u64> = (0..9).map(|list| 300 + list * 7).collect();
        votes.push(10_000 + u64::from(district) * 13 % 1_009);
        votes
    };
    let votes: Vec<Vec<u64>> = (0..districts).map(votes).collect();
    let lines: Vec<(u32, &[u64])> = votes.iter().map(|line| (5, line.as_slice())).collect();
    contest(&lines)
}

#[test]
fn the_work_is_that_of_the_seats_that_go_back() {
    for districts in [20, 200, 1_000] {
        let (seats, allocating, verifying) = keys(&many(districts));
        assert!(seats >= u64::from(districts) / 2, "{seats} seats went back");
        // Each seat that can go back once, and for each that does the next keys of ten lists in its district.
        let most = 10 * u64::from(districts) + 12 * seats;
        assert!(allocating <= most, "{allocating} keys for {seats} seats");
        // The verifier looks at them once more where keys are equal.
        assert!(verifying <= 2 * most, "{verifying} keys for {seats} seats");
    }
}

/// The two smallest keys are equal, both seats are too many, and the one other list takes both: nothing hangs on who goes
/// first.
#[test]
fn equal_keys_that_all_go_back_need_no_lot() {
    let contest = contest(&[
        (5, &[1_000, 130]),
        (5, &[1_000, 130]),
        (5, &[1_100, 130]),
        (5, &[1_100, 130]),
    ]);
    let (rules, lots) = (sweden(Vec::new()), TierLots::default());
    let allocation = allocate(&contest, &rules, &lots).unwrap();
    assert_eq!(verify(&contest, &rules, &lots, &allocation), Ok(()));
    assert_eq!(allocation.seats, [[4, 1], [4, 1], [5, 0], [5, 0]]);
    let result = returned(&allocation);
    assert_eq!((result.returned.len(), &result.tie), (2, &None));
    // In the other order the record is refused: there is one way to write a result down.
    let mut wrong = allocation.clone();
    if let TierStageResult::Return(result) = &mut wrong.stages[2] {
        result.returned.reverse();
    }
    assert!(verify(&contest, &rules, &lots, &wrong).is_err());
}

/// With three of them and two too many, a lot says which stays.
#[test]
fn equal_keys_of_which_one_stays_need_a_lot() {
    let contest = contest(&[
        (5, &[1_000, 130]),
        (5, &[1_000, 130]),
        (5, &[1_000, 130]),
        (5, &[1_300, 130]),
    ]);
    let (rules, lots) = (sweden(vec![TieBreak::Lot]), TierLots::default());
    let allocation = allocate(&contest, &rules, &lots).unwrap();
    assert_eq!(verify(&contest, &rules, &lots, &allocation), Ok(()));
    let tie = returned(&allocation).tie.clone().unwrap();
    assert_eq!(tie.tied.len(), 3);
    let first = PlaceLot {
        stage: 2,
        winner: tie.tied[1],
        tied: tie.tied.clone(),
    };
    let second = PlaceLot {
        stage: 2,
        winner: tie.tied[2],
        tied: vec![tie.tied[0], tie.tied[2]],
    };
    let lots = TierLots {
        places: vec![first, second],
        ..TierLots::default()
    };
    let allocation = allocate(&contest, &rules, &lots).unwrap();
    assert_eq!(verify(&contest, &rules, &lots, &allocation), Ok(()));
    assert_eq!(allocation.void_place_lots, [0_usize; 0]);
    assert_eq!(allocation.seats, [[5, 0], [4, 1], [4, 1], [5, 0]]);
}

/// Two lists have too many, each with one of the equal keys; two lists lack one seat each, and both come first in one
/// district: who goes back first says who gets the other one's, so there it is asked.
#[test]
fn equal_keys_whose_takers_hang_on_the_order_need_a_lot() {
    let found = find_order_that_matters();
    let (contest, allocation) = found.expect("one of the contests has it");
    let tie = returned(&allocation).tie.clone().unwrap();
    let ends: Vec<Vec<Vec<u32>>> = tie
        .tied
        .iter()
        .map(|&winner| {
            let lot = PlaceLot {
                stage: 2,
                winner,
                tied: tie.tied.clone(),
            };
            let lots = TierLots {
                places: vec![lot],
                ..TierLots::default()
            };
            let rules = sweden(vec![TieBreak::Lot]);
            let ended = allocate(&contest, &rules, &lots).unwrap();
            assert_eq!(verify(&contest, &rules, &lots, &ended), Ok(()));
            ended.seats
        })
        .collect();
    assert!(ends.iter().any(|end| *end != ends[0]), "{tie:?}");
}

/// Small contests in a row, until lists with one seat too many each tie in different districts.
fn find_order_that_matters() -> Option<(TierContest, TierAllocation)> {
    let mut state = 7_u64;
    let mut next = |most: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % most
    };
    (0..200_000).find_map(|_| {
        let mut line = || -> Vec<u64> { (0..4).map(|_| 10 * next(4) + 3 * next(3)).collect() };
        let lines = [line(), line(), line()];
        let districts: Vec<(u32, &[u64])> = lines.iter().map(|line| (2, line.as_slice())).collect();
        let contest = contest(&districts);
        let rules = sweden(vec![TieBreak::Lot]);
        let allocation = allocate(&contest, &rules, &TierLots::default()).ok()?;
        let stage = allocation.stages.get(2)?;
        let TierStageResult::Return(result) = stage else {
            return None;
        };
        let tie = result.tie.as_ref()?;
        let lists_differ = tie.tied.windows(2).any(|two| two[0].list != two[1].list);
        let districts_differ = tie
            .tied
            .windows(2)
            .any(|two| two[0].district != two[1].district);
        (lists_differ && districts_differ).then_some((contest, allocation))
    })
}

/// All that lots can bring about, where each lot that is asked for in the return brings about at least two tables.
fn ends(
    contest: &TierContest,
    places: &[PlaceLot],
    left: &mut u32,
) -> Option<BTreeSet<Vec<Vec<u32>>>> {
    *left = left.checked_sub(1)?;
    let rules = sweden(vec![TieBreak::Lot]);
    let lots = TierLots {
        places: places.to_vec(),
        ..TierLots::default()
    };
    let allocation = allocate(contest, &rules, &lots).ok()?;
    assert_eq!(
        verify(contest, &rules, &lots, &allocation),
        Ok(()),
        "{contest:?}"
    );
    let stage = allocation.stages.get(2)?;
    let TierStageResult::Return(result) = stage else {
        return None;
    };
    let Some(tie) = &result.tie else {
        return Some(BTreeSet::from([allocation.seats.clone()]));
    };
    let mut each = BTreeSet::new();
    for &winner in &tie.tied {
        let lot = PlaceLot {
            stage: 2,
            winner,
            tied: tie.tied.clone(),
        };
        each.insert(ends(contest, &[places, &[lot]].concat(), left)?);
    }
    let all: BTreeSet<Vec<Vec<u32>>> = each.iter().flatten().cloned().collect();
    assert!(all.len() > 1, "{tie:?} of {contest:?} cannot matter");
    Some(all)
}

/// Contests full of equal keys: no lot is asked for where everything behind it comes to the same.
#[test]
fn every_lot_of_seats_that_go_back_matters() {
    let mut state = 11_u64;
    let mut next = |most: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % most
    };
    let (mut asked, mut free) = (0, 0);
    for _ in 0..6_000 {
        let lists = 3 + usize::try_from(next(2)).unwrap();
        let mut line = || -> Vec<u64> { (0..lists).map(|_| 10 * next(4) + 3 * next(3)).collect() };
        let lines = [line(), line(), line()];
        let seats = 2 + u32::try_from(next(2)).unwrap();
        let districts: Vec<(u32, &[u64])> =
            lines.iter().map(|line| (seats, line.as_slice())).collect();
        let contest = contest(&districts);
        match ends(&contest, &[], &mut 200) {
            Some(found) if found.len() > 1 => asked += 1,
            Some(_) => free += 1,
            None => {}
        }
    }
    assert!(asked > 20 && free > 1_000, "{asked} asked, {free} free");
}

/// Two lists lack one seat each and are level in the one district of which two seats go back, one behind the other: who
/// takes the first is all one, because the other takes the second.
#[test]
fn takers_that_both_have_a_seat_in_the_end_need_no_lot() {
    let contest = contest(&[(5, &[1_000, 190, 190])]);
    let (rules, lots) = (sweden(vec![TieBreak::Lot]), TierLots::default());
    let allocation = allocate(&contest, &rules, &lots).unwrap();
    assert_eq!(verify(&contest, &rules, &lots, &allocation), Ok(()));
    assert_eq!(allocation.seats, [[3, 1, 1]]);
    let result = returned(&allocation);
    assert_eq!((result.returned.len(), &result.tie), (2, &None));
    assert_ne!(result.returned[0].from.key, result.returned[1].from.key);
    // A lot for it is void; a result that waits for one is refused.
    let tied = [1, 2].map(|list| Place {
        district: 0,
        list,
        constituency: None,
    });
    let lots = TierLots {
        places: vec![PlaceLot {
            stage: 2,
            winner: tied[1],
            tied: tied.to_vec(),
        }],
        ..TierLots::default()
    };
    let drawn = allocate(&contest, &rules, &lots).unwrap();
    assert_eq!(drawn.void_place_lots, [0]);
    assert_eq!(verify(&contest, &rules, &lots, &drawn), Ok(()));
    let mut waiting = allocation.clone();
    if let TierStageResult::Return(result) = &mut waiting.stages[2] {
        let key = result.returned[0].to.unwrap().key;
        result.returned.truncate(1);
        result.returned[0].to = None;
        let tied = tied.to_vec();
        result.tie = Some(PlaceTie { tied, key });
    }
    assert!(verify(&contest, &rules, &TierLots::default(), &waiting).is_err());
}

/// The last seats of two lists in the third district go back in either order and leave the same table; the tie behind them is the
/// only one that matters, and it is the one that is asked for.
#[test]
fn a_tie_that_matters_hides_none_before_it_that_does_not() {
    let mut contest = contest(&[
        (3, &[207, 207, 0, 34, 25]),
        (6, &[207, 207, 51, 51, 0]),
        (8, &[217, 217, 0, 0, 27]),
    ]);
    for (number, list) in (0..).zip(&mut contest.districted.lists) {
        list.registration = Some(number);
    }
    let rules = sweden(vec![TieBreak::EarlierRegistration, TieBreak::Lot]);
    let lots = TierLots::default();
    let allocation = allocate(&contest, &rules, &lots).unwrap();
    assert_eq!(verify(&contest, &rules, &lots, &allocation), Ok(()));
    let tie = returned(&allocation).tie.as_ref().unwrap();
    let places: Vec<(usize, usize)> = tie.tied.iter().map(|it| (it.district, it.list)).collect();
    assert_eq!(places, [(1, 2), (1, 3)]);
}
