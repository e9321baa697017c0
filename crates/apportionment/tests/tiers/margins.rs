//! How many votes of a district change the seats that it hands out itself, held against counting them again.

use super::*;
use apportionment::tiers::{DistrictMargins, district_margins_while};
use apportionment::{Change, Effect, ListMargins, Margin};
use proptest::prelude::*;

/// Votes that are tried one by one.
const TRIED: u64 = 120;

/// Districts that hand out all seats themselves, to whoever has votes.
fn own_seats(chain: Vec<Stage>) -> TierRules {
    TierRules {
        stages: vec![TierStage::Districts {
            admission: Admission::default(),
            chain,
        }],
        ties: Vec::new(),
    }
}

/// Seats of each list in a district when these votes are counted again, among those who took part.
fn again(contest: &TierContest, rules: &TierRules, admitted: &[bool], district: usize) -> Vec<u32> {
    let mut contest = contest.clone();
    for district in &mut contest.districted.districts {
        for (votes, admitted) in district.votes.iter_mut().zip(admitted) {
            *votes *= u64::from(*admitted);
        }
    }
    let [TierStage::Districts { chain, .. }, ..] = &rules.stages[..] else {
        panic!("the first stage is of districts");
    };
    let rules = TierRules {
        stages: vec![TierStage::Districts {
            admission: Admission::default(),
            chain: chain.clone(),
        }],
        ties: rules.ties.clone(),
    };
    tiers::allocate(&contest, &rules, &TierLots::default())
        .unwrap()
        .seats[district]
        .clone()
}

fn found_in(
    contest: &TierContest,
    rules: &TierRules,
    allocation: &TierAllocation,
) -> Vec<DistrictMargins> {
    let lots = TierLots::default();
    let found = district_margins_while(contest, rules, &lots, allocation, |_, _| true, || true);
    found.unwrap().unwrap()
}

fn changed(
    contest: &TierContest,
    (district, list): (usize, usize),
    change: Change,
    votes: u64,
) -> Option<TierContest> {
    let mut contest = contest.clone();
    let counted = &mut contest.districted.districts[district].votes;
    let (from, to) = match change {
        Change::Added => (None, Some(list)),
        Change::Taken => (Some(list), None),
        Change::MovedFrom(other) => (Some(other), Some(list)),
        Change::MovedTo(other) => (Some(list), Some(other)),
    };
    if let Some(from) = from {
        counted[from] = counted[from].checked_sub(votes)?;
    }
    if let Some(to) = to {
        counted[to] += votes;
    }
    Some(contest)
}

fn every(margins: &ListMargins) -> Vec<(Change, Effect, Option<&Margin>)> {
    let mut all = vec![
        (Change::Added, Effect::Gain, margins.gain_by_added.as_ref()),
        (Change::Taken, Effect::Loss, margins.loss_by_taken.as_ref()),
    ];
    let gains = margins.gain_by_moved.iter();
    all.extend(
        gains.map(|(other, margin)| (Change::MovedFrom(*other), Effect::Gain, Some(margin))),
    );
    let losses = margins.loss_by_moved.iter();
    all.extend(losses.map(|(other, margin)| (Change::MovedTo(*other), Effect::Loss, Some(margin))));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// So many votes do it, and no fewer; and where none are named, none do.
    #[test]
    fn so_many_votes_change_a_seat_of_a_district_and_no_fewer(
        districts in prop::collection::vec((1u32..6, prop::collection::vec(0u64..60, 4)), 1..4),
        method in prop::sample::select(vec![Method::D_HONDT, Method::SAINTE_LAGUE, Method::HARE]),
        is_levelled in any::<bool>(),
    ) {
        let votes: Vec<(u32, &[u64])> = districts.iter().map(|(seats, votes)| (*seats, &votes[..])).collect();
        let contest = TierContest {
            districted: DistrictedContest::with_votes(&votes),
            further_seats: if is_levelled { 3 } else { 0 },
            ..TierContest::default()
        };
        let mut stages = vec![TierStage::Districts {
            admission: Admission {
                overall: Some(Threshold::of_list_votes(1, 8)),
                ..Admission::default()
            },
            chain: vec![Stage::all(method)],
        }];
        if is_levelled {
            stages.push(TierStage::Whole {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::D_HONDT)],
                surplus: Surplus::Kept,
            });
            stages.push(TierStage::Above);
        }
        let rules = TierRules { stages, ties: Vec::new() };
        let lots = TierLots::default();
        let allocation = tiers::allocate(&contest, &rules, &lots).unwrap();
        let Some(TierStageResult::Districts(results)) = allocation.stages.first() else {
            return Ok(());
        };
        let found = found_in(&contest, &rules, &allocation);
        prop_assert_eq!(found.len(), results.len());
        for DistrictMargins { stage, district, lists } in &found {
            let admitted = &results[*district].admitted;
            let before = again(&contest, &rules, admitted, *district);
            prop_assert_eq!((*stage, &results[*district].allocation.seats()), (0, &before));
            for (list, margins) in lists.iter().enumerate() {
                prop_assert_eq!(margins.is_some(), admitted[list]);
                let Some(margins) = margins else { continue };
                prop_assert_eq!(margins.threshold, None);
                for (change, effect, margin) in every(margins) {
                    let has_effect = |votes: u64| {
                        let contest = changed(&contest, (*district, list), change, votes)?;
                        let seats = again(&contest, &rules, admitted, *district)[list];
                        Some(match effect {
                            Effect::Gain => seats > before[list],
                            Effect::Loss => seats < before[list],
                        })
                    };
                    if let Change::MovedFrom(other) | Change::MovedTo(other) = change {
                        prop_assert!(admitted[other], "votes go to {other}, which takes no part");
                    }
                    if let Some(margin) = margin {
                        prop_assert_eq!(has_effect(margin.votes), Some(true), "{:?} {:?}", change, margin);
                        prop_assert!(margin.exact);
                    }
                    let fewer = margin.map_or(TRIED, |margin| (margin.votes - 1).min(TRIED));
                    for votes in 1..=fewer {
                        prop_assert!(has_effect(votes) != Some(true), "{change:?} {votes} of {margin:?}");
                    }
                }
            }
        }
    }
}

/// Who stops waiting gets none, and is asked before each search.
#[test]
fn they_are_looked_for_as_long_as_somebody_waits() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(3, &[60, 40]), (2, &[10, 30])]),
        ..TierContest::default()
    };
    let rules = own_seats(vec![Stage::all(Method::D_HONDT)]);
    let lots = TierLots::default();
    let allocation = tiers::allocate(&contest, &rules, &lots).unwrap();
    let asked = std::cell::Cell::new(0);
    let within = |most: u32| {
        asked.set(0);
        let goes_on = || {
            asked.set(asked.get() + 1);
            asked.get() <= most
        };
        district_margins_while(&contest, &rules, &lots, &allocation, |_, _| true, goes_on).unwrap()
    };
    let found = within(u32::MAX).unwrap();
    // Of each of two lists in each of two districts votes are added, taken, and moved either way.
    let searches = asked.get();
    assert!(searches >= 16, "{searches}");
    assert_eq!(within(searches).as_ref(), Some(&found));
    assert!((0..searches).all(|few| within(few).is_none()));
    // The keys are 60, 40 and 30; the second key of the other list is above 30 with 61 votes.
    let second = found[0].lists[1].as_ref().unwrap();
    let gain = second.gain_by_added.as_ref().unwrap();
    assert_eq!((gain.votes, &gain.seats_after[..]), (21, &[1, 2][..]));
}

/// Of a list that does not stand in a district nothing is said there, and no votes go to it; nor does anybody gain a seat without a
/// candidate for it.
#[test]
fn nothing_is_said_of_lists_that_do_not_stand_or_have_no_candidates() {
    let mut contest = TierContest {
        districted: DistrictedContest::with_votes(&[(5, &[500, 400, 0]), (2, &[10, 30, 50])]),
        ..TierContest::default()
    };
    contest.districted.districts[0].candidates = vec![Some(3), None, None];
    let rules = own_seats(vec![Stage::all(Method::D_HONDT)]);
    let lots = TierLots::default();
    let allocation = tiers::allocate(&contest, &rules, &lots).unwrap();
    let stands = |district: usize, list: usize| (district, list) != (0, 2);
    let found = district_margins_while(&contest, &rules, &lots, &allocation, stands, || true);
    let found = found.unwrap().unwrap();
    assert_eq!(found[0].lists[2], None);
    assert!(found[1].lists.iter().all(Option::is_some));
    for margins in found[0].lists.iter().flatten() {
        let moved = margins.gain_by_moved.iter().chain(&margins.loss_by_moved);
        assert!(moved.clone().all(|(other, _)| *other < 2), "{margins:?}");
    }
    // 500, 400, 250, 200 and 166 are the keys: it has three seats, and nobody for a fourth.
    let first = found[0].lists[0].as_ref().unwrap();
    assert_eq!(allocation.seats[0], [3, 2, 0]);
    assert_eq!(
        (&first.gain_by_added, first.gain_by_moved.len()),
        (&None, 0)
    );
}

/// Where votes change how many seats a district has, or numbers of votes would have to be tried one by one, nothing is said.
#[test]
fn nothing_is_said_where_it_would_be_wrong_or_take_long() {
    let contest = |further_seats, seats| TierContest {
        districted: DistrictedContest::with_votes(&[(seats, &[500, 400]), (seats, &[300, 290])]),
        further_seats,
        ..TierContest::default()
    };
    let districts = |chain| TierStage::Districts {
        admission: Admission::default(),
        chain,
    };
    let of_votes = TierStage::SeatsOfDistricts {
        base: ThresholdBase::ListVotes,
        chain: vec![Stage::all(Method::HARE)],
    };
    let cases = [
        (
            contest(7, 0),
            vec![of_votes, districts(vec![Stage::all(Method::D_HONDT)])],
        ),
        (
            contest(0, 3),
            vec![districts(vec![Stage::all(Method::DROOP)])],
        ),
    ];
    for (contest, stages) in cases {
        let rules = TierRules {
            stages,
            ties: Vec::new(),
        };
        let allocation = tiers::allocate(&contest, &rules, &TierLots::default()).unwrap();
        assert_eq!(allocation.pending, 0);
        assert_eq!(found_in(&contest, &rules, &allocation), []);
    }
}
