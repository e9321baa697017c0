//! Districts that are full, houses that are too small, and votes that seats did not use up.

use super::*;

fn quotas(rounding: Rounding) -> Quotas {
    Quotas {
        admission: Admission::default(),
        chain: vec![Stage::all(Method::Quota(Quota {
            kind: QuotaKind::Hare,
            rounding,
        }))],
        units: Units::Districts,
        of: QuotaVotes::TakingPart,
    }
}

fn remainders() -> TierStage {
    TierStage::Remainders {
        chain: vec![Stage::all(Method::D_HONDT)],
    }
}

fn rules(stages: Vec<TierStage>) -> TierRules {
    TierRules {
        stages,
        ties: Vec::new(),
    }
}

fn left_votes(allocation: &TierAllocation) -> Vec<u64> {
    let mut stages = allocation.stages.iter();
    stages
        .find_map(|stage| match stage {
            TierStageResult::Remainders(result) => Some(result.votes.clone()),
            _ => None,
        })
        .unwrap()
}

/// Three constituencies in a district of one seat, and a district that gives all of its five: eight seats in a house of six.
#[test]
fn more_seats_than_the_house_has_are_refused() {
    let first = Constituency {
        votes: vec![5, 0],
        ..Constituency::default()
    };
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(1, &[0, 10]), (5, &[0, 100])]),
        constituencies: vec![first; 3],
        ..TierContest::default()
    };
    let whole = TierStage::Whole {
        admission: Admission {
            constituencies_won: Some(9),
            ..Admission::default()
        },
        chain: vec![Stage::all(Method::D_HONDT)],
        surplus: Surplus::Kept,
    };
    for last in [remainders(), whole] {
        let rules = rules(vec![
            TierStage::Constituencies,
            TierStage::Quotas(quotas(Rounding::Nearest)),
            last,
        ]);
        let refused = allocate(&contest, &rules, &TierLots::default()).unwrap_err();
        assert_eq!(
            refused,
            DistrictsError::SeatsAboveHouse { held: 8, house: 6 }
        );
    }
}

#[test]
fn further_seats_of_regions_have_a_limit() {
    let mut contest = TierContest {
        districted: DistrictedContest::with_votes(&[(3, &[60, 40])]),
        regions: vec![Region {
            districts: vec![0],
            further_seats: u32::MAX,
        }],
        ..TierContest::default()
    };
    let mut of_region = quotas(Rounding::Up);
    of_region.chain[0].key_min = Some(Fraction::new(1, 1));
    of_region.of = QuotaVotes::Region(ThresholdBase::ListVotes);
    let rules = rules(vec![TierStage::Quotas(of_region)]);
    let refused = allocate(&contest, &rules, &TierLots::default()).unwrap_err();
    let above = ContestError::AboveLimit {
        field: "contest.regions.further_seats",
        value: u128::from(u32::MAX),
        limit: u128::from(SEATS_MAX),
    };
    assert_eq!(refused, DistrictsError::Contest(above));
    contest.regions[0].further_seats = 1;
    contest.further_seats = 1;
    agree(&contest, &rules, &TierLots::default());
}

/// A second stage of quotas finds both districts full; seats held use up votes as before.
#[test]
fn votes_of_full_districts_stay_used_up() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(2, &[100, 95]), (2, &[101, 99])]),
        further_seats: 1,
        ..TierContest::default()
    };
    for times in [1, 2] {
        let mut stages = vec![TierStage::Quotas(quotas(Rounding::Nearest)); times];
        stages.extend([remainders(), TierStage::Above]);
        let rules = rules(stages);
        let allocation = agree(&contest, &rules, &TierLots::default());
        // The quotas are 98 and 100.
        assert_eq!(left_votes(&allocation), [3, 0]);
        let mut wrong = allocation.clone();
        for stage in &mut wrong.stages {
            if let TierStageResult::Remainders(result) = stage {
                result.votes = vec![201, 194];
            }
        }
        let refused = verify(&contest, &rules, &TierLots::default(), &wrong).unwrap_err();
        assert!(refused.contains(&TierRefusal::LeftVotes { stage: times }));
    }
}

/// A list below the threshold holds the only seat of the first district, and the second has none: no vote there is used up.
#[test]
fn votes_where_no_seat_is_left_are_unused() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[
            (1, &[0, 10, 7]),
            (0, &[0, 30, 40]),
            (2, &[0, 60, 40]),
        ]),
        further_seats: 2,
        constituencies: vec![Constituency {
            votes: vec![5, 0, 0],
            ..Constituency::default()
        }],
        ..TierContest::default()
    };
    let rules = rules(vec![
        TierStage::Constituencies,
        TierStage::Quotas(quotas(Rounding::Nearest)),
        remainders(),
        TierStage::Above,
    ]);
    let allocation = agree(&contest, &rules, &TierLots::default());
    // The third district's quota is 50, with a seat for each of both lists.
    assert_eq!(left_votes(&allocation), [0, 10 + 30 + 10, 7 + 40]);
}

#[test]
fn quotas_that_leave_no_whole_votes_are_refused_as_rules() {
    let mut two = quotas(Rounding::Nearest);
    two.chain.insert(
        0,
        Stage::whole_quotas(Quota {
            kind: QuotaKind::Hare,
            rounding: Rounding::Nearest,
        }),
    );
    let mut by_divisors = quotas(Rounding::Nearest);
    by_divisors.chain = vec![Stage::all(Method::D_HONDT)];
    for quotas in [quotas(Rounding::Exact), two, by_divisors] {
        let refused = rules(vec![TierStage::Quotas(quotas), remainders()]).check();
        assert_eq!(refused, Err(DistrictsError::QuotaNotWhole));
    }
    let stages = vec![TierStage::Quotas(quotas(Rounding::Down)), remainders()];
    assert_eq!(rules(stages).check(), Ok(()));
}

/// Regions with further seats of their own: their quota is of the seats of their districts and of these, and more of them than
/// the house has beyond its districts are refused.
#[test]
fn further_seats_of_regions_count_in_their_quotas() {
    let contest = |further: u32, house: u32| TierContest {
        districted: DistrictedContest::with_votes(&[
            (3, &[600, 300]),
            (3, &[200, 100]),
            (2, &[100, 140]),
        ]),
        regions: vec![
            Region {
                districts: vec![0, 1],
                further_seats: further,
            },
            Region {
                districts: vec![2],
                further_seats: 1,
            },
        ],
        further_seats: house,
        ..TierContest::default()
    };
    let rules = TierRules {
        stages: vec![
            TierStage::Quotas(Quotas {
                admission: Admission::default(),
                chain: vec![Stage {
                    key_min: Some(Fraction::new(1, 1)),
                    ..Stage::all(Method::HARE)
                }],
                units: Units::Regions,
                of: QuotaVotes::Own(ThresholdBase::ListVotes),
            }),
            TierStage::Whole {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::D_HONDT)],
                surplus: Surplus::Kept,
            },
            TierStage::Above,
        ],
        ties: vec![TieBreak::Lot],
    };
    // 1,200 votes over 3 + 3 + 4 seats are 120, and 240 over 2 + 1 are 80; a house of 14.
    let allocation = agree(&contest(4, 6), &rules, &TierLots::default());
    assert_eq!(allocation.region_seats, [[6, 3], [1, 1]]);
    assert_eq!(allocation.list_seats(), [9, 5]);
    assert_eq!(allocation.house_seats, [2, 1]);
    // Without its further seats the first region's quota is 200; the house is the same.
    let fewer = agree(&contest(0, 6), &rules, &TierLots::default());
    assert_eq!(fewer.region_seats, [[4, 2], [1, 1]]);
    assert_eq!(fewer.list_seats(), [9, 5]);
    let mut wrong = allocation.clone();
    wrong.region_seats[0] = vec![5, 4];
    assert!(verify(&contest(4, 6), &rules, &TierLots::default(), &wrong).is_err());
    let refused = allocate(&contest(4, 4), &rules, &TierLots::default()).unwrap_err();
    let above = ContestError::AboveLimit {
        field: "contest.regions.further_seats",
        value: 5,
        limit: 4,
    };
    assert_eq!(refused.to_string(), above.to_string());
}
