//! How many votes of a district change what a list has in the house, held against allocating anew.

use super::*;
use crate::any::{any_contest, any_rules, fit};
use apportionment::{Effect, HouseMargin, house_margins_of_tiers};
use proptest::prelude::*;

fn found(contest: &TierContest, rules: &TierRules) -> Vec<HouseMargin> {
    let lots = TierLots::default();
    house_margins_of_tiers(contest, rules, &lots, |_, _| true, || true).unwrap()
}

/// Whether so many votes of a district have the effect.
fn has_effect(
    (contest, rules): (&TierContest, &TierRules),
    (district, list, effect): (usize, usize, Effect),
    votes: u64,
) -> Option<Vec<u32>> {
    let lots = TierLots::default();
    let before = allocate(contest, rules, &lots).unwrap().list_seats()[list];
    let mut changed = contest.clone();
    let count = &mut changed.districted.districts[district].votes[list];
    *count = match effect {
        Effect::Gain => *count + votes,
        Effect::Loss => count.checked_sub(votes)?,
    };
    let after = allocate(&changed, rules, &lots).ok()?;
    let is_settled = after.pending == 0;
    let after = after.list_seats();
    let is_so = match effect {
        Effect::Gain => after[list] > before,
        Effect::Loss => after[list] < before && is_settled,
    };
    is_so.then_some(after)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    /// Whatever the law: so many votes do it, one less does not, and the seats after it are those of a new count.
    #[test]
    fn so_many_votes_do_it_and_one_less_does_not(rules in any_rules(), contest in any_contest()) {
        let contest = fit(contest, &rules);
        if allocate(&contest, &rules, &TierLots::default()).is_err() {
            return Ok(());
        }
        let mut before = None;
        for HouseMargin { list, district, effect, margin, .. } in found(&contest, &rules) {
            let asked = (district, list, effect);
            let after = has_effect((&contest, &rules), asked, margin.votes);
            prop_assert_eq!(after.as_ref(), Some(&margin.seats_after));
            prop_assert_eq!(has_effect((&contest, &rules), asked, margin.votes - 1), None);
            // At most one of each kind for a list, in order.
            let this = (list, effect == Effect::Loss);
            prop_assert!(before < Some(this));
            before = Some(this);
        }
    }

    /// Where certain seats are monotone in the votes, none is missed: a house shared out by D'Hondt among lists of all districts.
    #[test]
    fn none_is_missed_where_seats_are_monotone(
        districts in prop::collection::vec((1u32..4, prop::collection::vec(0u64..30, 3)), 1..4),
    ) {
        let votes: Vec<(u32, &[u64])> = districts.iter().map(|(seats, votes)| (*seats, &votes[..])).collect();
        let mut contest = TierContest {
            districted: DistrictedContest::with_votes(&votes),
            ..TierContest::default()
        };
        // Nothing behind a tie is handed out, so none is left open.
        for (number, list) in (0..).zip(&mut contest.districted.lists) {
            list.registration = Some(number);
        }
        let rules = TierRules {
            stages: vec![
                TierStage::Whole {
                    admission: Admission::default(),
                    chain: vec![Stage::all(Method::D_HONDT)],
                    surplus: Surplus::Kept,
                },
                TierStage::Above,
            ],
            ties: vec![TieBreak::EarlierRegistration],
        };
        let found = found(&contest, &rules);
        let all: u64 = districts.iter().flat_map(|(_, votes)| votes).sum();
        for list in 0..3 {
            let fewest = (1..=all).find(|&votes| {
                (0..districts.len()).any(|district| {
                    has_effect((&contest, &rules), (district, list, Effect::Gain), votes).is_some()
                })
            });
            let named = found.iter().find(|it| (it.list, it.effect) == (list, Effect::Gain));
            prop_assert_eq!(named.map(|it| it.margin.votes), fewest);
        }
    }
}

/// A list just below the share of all votes: a hundred votes anywhere bring it in, and with them all that it is due.
#[test]
fn votes_that_take_a_list_over_a_share_of_all_votes_are_found() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[
            (2, &[6_000, 2_900, 200]),
            (2, &[5_000, 1_000, 280]),
        ]),
        further_seats: 16,
        ..TierContest::default()
    };
    let mut rules = own_and_levelled();
    let TierStage::Whole { admission, .. } = &mut rules.stages[1] else {
        panic!("the second stage is of the house");
    };
    admission.overall = Some(Threshold::of_list_votes(4, 100));
    let before = allocate(&contest, &rules, &TierLots::default()).unwrap();
    assert_eq!(before.list_seats()[2], 0);
    let gain = found(&contest, &rules);
    let gain = gain
        .iter()
        .find(|it| (it.list, it.effect) == (2, Effect::Gain))
        .unwrap();
    // 480 of 15,380 votes, and 4% of what they become: 480 + n >= (15,380 + n) / 25.
    assert_eq!(gain.margin.votes, 141);
    assert!(gain.margin.seats_after[2] >= 1 && !gain.margin.exact);
}

fn own_and_levelled() -> TierRules {
    TierRules {
        stages: vec![
            TierStage::Districts {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::D_HONDT)],
            },
            TierStage::Whole {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::SAINTE_LAGUE)],
                surplus: Surplus::Kept,
            },
            TierStage::Above,
        ],
        ties: Vec::new(),
    }
}

#[test]
fn they_are_looked_for_as_long_as_somebody_waits_and_where_a_list_stands() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(3, &[60, 40]), (2, &[10, 30])]),
        further_seats: 2,
        ..TierContest::default()
    };
    let rules = own_and_levelled();
    let lots = TierLots::default();
    let asked = std::cell::Cell::new(0);
    let goes_on = || {
        asked.set(asked.get() + 1);
        asked.get() < 3
    };
    assert_eq!(
        house_margins_of_tiers(&contest, &rules, &lots, |_, _| true, goes_on),
        None
    );
    let stands = |district: usize, list: usize| (district, list) != (0, 1);
    let found = house_margins_of_tiers(&contest, &rules, &lots, stands, || true).unwrap();
    assert!(found.iter().any(|it| it.list == 1));
    assert!(found.iter().all(|it| stands(it.district, it.list)));
}
