//! The same edges in tiers and of double proportional seats.

use apportionment::double_proportional::{self, DoubleProportional};
use apportionment::tiers::{self, Admission, Surplus, TierContest, TierLots, TierRules, TierStage};
use apportionment::*;

use super::{HALF, HUGE, fault, methods};

fn in_tiers(districts: &[(u32, &[u64])], method: Method) -> Result<tiers::TierAllocation, String> {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(districts),
        ..TierContest::default()
    };
    let (admission, chain) = (Admission::default(), vec![Stage::all(method)]);
    let stages = vec![TierStage::Whole {
        admission,
        chain,
        surplus: Surplus::Kept,
    }];
    let ties = Vec::new();
    let (rules, none) = (TierRules { stages, ties }, TierLots::default());
    let allocation = tiers::allocate(&contest, &rules, &none).map_err(|error| error.to_string())?;
    assert_eq!(tiers::verify(&contest, &rules, &none, &allocation), Ok(()));
    Ok(allocation)
}

#[test]
fn the_house_of_tiers_is_exact_or_names_its_limit() {
    for method in methods() {
        let found = in_tiers(&[(SEATS_MAX, &HUGE)], method).unwrap();
        let tiers::TierStageResult::Whole(whole) = &found.stages[0] else {
            panic!("the house is the only stage");
        };
        let contest = Contest::with_votes(SEATS_MAX, &HUGE);
        assert_eq!(fault(&contest, method, &whole.rounds[0].allocation), None);
        let refused = |districts: &[(u32, &[u64])]| in_tiers(districts, method).unwrap_err();
        assert_eq!(
            refused(&[(SEATS_MAX, &[1, 1]), (1, &[1, 1])]),
            "contest.districts.seats is 100001; at most 100000 is allowed"
        );
        assert_eq!(
            refused(&[(1, &[HALF, 1]), (1, &[HALF, 1])]),
            "contest.districts.votes is 18446744073709551616; at most 18446744073709551615 is allowed"
        );
        assert_eq!(
            refused(&[(1, &[1; DISTRICTED_LISTS_MAX + 1])]),
            "contest.lists is 1001; at most 1000 is allowed"
        );
    }
}

#[test]
fn double_proportional_seats_are_exact_or_name_their_limit() {
    let double = |districts: &[(u32, &[u64])], upper| {
        let contest = DistrictedContest::with_votes(districts);
        let rules = DoubleProportional {
            upper,
            ..DoubleProportional::default()
        };
        let found = double_proportional::allocate(&contest, &rules, &[], &[])
            .map_err(|error| error.to_string())?;
        let verified = double_proportional::verify(&contest, &rules, &[], &[], &found);
        assert_eq!(verified, Ok(()));
        Ok::<_, String>(found)
    };
    for method in methods() {
        let Method::Divisors(upper) = method else {
            continue;
        };
        // Voters' numbers are votes over the seats of the one district: in the same proportions.
        let contest = Contest::with_votes(SEATS_MAX, &HUGE);
        let found = double(&[(SEATS_MAX, &HUGE)], upper).unwrap();
        assert_eq!(fault(&contest, method, &found.upper), None);
        if let Some(lower) = &found.lower {
            assert_eq!(lower.seats, [found.upper.seats()]);
        }
        let refused = |districts: &[(u32, &[u64])]| double(districts, upper).unwrap_err();
        assert_eq!(
            refused(&[(SEATS_MAX, &[1, 1]), (1, &[1, 1])]),
            "contest.districts.seats is 100001; at most 100000 is allowed"
        );
        let huge = refused(&[(1, &[HALF, 1]), (1, &[HALF, 1])]);
        assert!(huge.contains("is 18446744073709551616; at most"), "{huge}");
        let fine = refused(&[(99_991, &[HALF, 1]), (9, &[1, 1])]);
        assert!(fine.contains("voters' numbers"), "{fine}");
        assert_eq!(
            refused(&[(1, &[1; DISTRICTED_LISTS_MAX + 1])]),
            "contest.lists is 1001; at most 1000 is allowed"
        );
    }
}
