//! Seats beyond votes in a house above districts: a bonus, more than half for more than half of the votes, and persons without a
//! list.

use super::*;

fn whole(method: Method) -> TierStage {
    TierStage::Whole {
        admission: Admission::default(),
        chain: vec![Stage::all(method)],
        surplus: Surplus::Kept,
    }
}

fn law(stages: Vec<TierStage>) -> TierRules {
    TierRules {
        stages,
        ties: vec![TieBreak::Lot],
    }
}

fn fifty() -> TierStage {
    TierStage::Bonus(Bonus {
        to: BonusTo::MostVotes,
        seats: BonusSeats::Fixed(50),
        counting: BonusCounting::Beside,
        votes_min: None,
        others_max: None,
    })
}

/// The Greek parliament of January 2015, with its votes in two halves of the country: 250 seats by Hare among those with 3% of
/// the country, and 50 for the first. Where seats are filled is another rule: here the house holds them.
#[test]
fn fifty_seats_of_a_house_above_districts_for_the_first_list() {
    let all = [
        2_245_978, 1_718_694, 388_387, 373_924, 338_188, 293_683, 289_469, 152_557,
    ];
    let north: Vec<u64> = all.iter().map(|votes| votes / 3).collect();
    let south: Vec<u64> = all
        .iter()
        .zip(&north)
        .map(|(all, north)| all - north)
        .collect();
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(0, &north), (0, &south)]),
        further_seats: 300,
        ..TierContest::default()
    };
    let three_percent = TierStage::Whole {
        admission: Admission {
            overall: Some(Threshold::of_list_votes(3, 100)),
            ..Admission::default()
        },
        chain: vec![Stage::all(Method::HARE)],
        surplus: Surplus::Kept,
    };
    let rules = law(vec![fifty(), three_percent.clone(), TierStage::Above]);
    let allocation = agree(&contest, &rules, &TierLots::default());
    assert_eq!(allocation.list_seats(), [149, 76, 17, 17, 15, 13, 13, 0]);

    // The same seats without the bonus are refused, and the other way round.
    let plain = law(vec![three_percent.clone(), TierStage::Above]);
    let without = agree(&contest, &plain, &TierLots::default());
    let mut wrong = without.clone();
    wrong.stages.insert(0, TierStageResult::Bonus);
    assert!(verify(&contest, &rules, &TierLots::default(), &wrong).is_err());
    // A bonus behind seats of districts, or without a house, or for an office, is no rule.
    let districts = TierStage::Districts {
        admission: Admission::default(),
        chain: vec![Stage::all(Method::D_HONDT)],
    };
    let TierStage::Bonus(bonus) = fifty() else {
        panic!("a bonus");
    };
    let office = TierStage::Bonus(Bonus {
        to: BonusTo::Office,
        ..bonus
    });
    for stages in [
        vec![districts, fifty(), three_percent.clone()],
        vec![three_percent.clone(), fifty()],
        vec![fifty()],
        vec![office, three_percent],
    ] {
        assert!(law(stages.clone()).check().is_err(), "{stages:?}");
    }
}

/// Two lists level for the bonus: their votes' seats stand, and the lot names the bonus's own stage.
#[test]
fn a_tie_for_the_bonus_waits_for_its_lot() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(0, &[300, 300, 150]), (0, &[100, 100, 50])]),
        further_seats: 300,
        ..TierContest::default()
    };
    let rules = law(vec![fifty(), whole(Method::HARE), TierStage::Above]);
    let open = agree(&contest, &rules, &TierLots::default());
    assert_eq!((open.outcome, open.pending), (Outcome::Tied, 300));
    let lots = TierLots {
        inside: vec![TierLot {
            stage: 1,
            part: 0,
            lot: Lot {
                stage: StageAt::Bonus,
                lists: vec![0, 1],
                seats_at_stake: 1,
                winners: vec![1],
            },
        }],
        places: Vec::new(),
    };
    let drawn = agree(&contest, &rules, &lots);
    assert_eq!(drawn.list_seats(), [100, 150, 50]);
}

/// German Federal Electoral Act until 2023, section 6 paragraph 7: 3,001 of 6,000 votes are half of ten seats, so the house has
/// eleven and the list six; with one vote less nothing is owed.
#[test]
fn more_than_half_of_the_votes_are_more_than_half_of_the_seats() {
    let contest = |first: u64| TierContest {
        districted: DistrictedContest::with_votes(&[
            (0, &[first - 1_000, 1_600, 500]),
            (0, &[1_000, 600, 300]),
        ]),
        further_seats: 10,
        ..TierContest::default()
    };
    let rules = law(vec![
        whole(Method::SAINTE_LAGUE),
        TierStage::Majority,
        TierStage::Shares {
            chain: vec![Stage::all(Method::SAINTE_LAGUE)],
        },
    ]);
    let owed = agree(&contest(3_001), &rules, &TierLots::default());
    assert_eq!((owed.list_seats(), owed.added), (vec![6, 4, 1], 1));
    assert_eq!(owed.seats.iter().map(|line| line[0]).sum::<u32>(), 6);
    let half = agree(&contest(3_000), &rules, &TierLots::default());
    assert_eq!((half.list_seats(), half.added), (vec![5, 4, 1], 0));
    let TierStageResult::Majority(result) = half.stages[1] else {
        panic!("the second stage");
    };
    assert_eq!((result.to, result.seats), (None, 0));

    // Who says that nothing is owed, or more, is refused.
    for seats in [0, 2] {
        let mut wrong = owed.clone();
        let TierStageResult::Majority(result) = &mut wrong.stages[1] else {
            panic!("the second stage");
        };
        result.seats = seats;
        let refused = verify(&contest(3_001), &rules, &TierLots::default(), &wrong);
        assert!(
            refused
                .unwrap_err()
                .contains(&TierRefusal::Due { stage: 1 })
        );
    }
    // Without the clause it stays at half; anywhere but behind the house it is no rule.
    let plain = law(vec![whole(Method::SAINTE_LAGUE), TierStage::Above]);
    let plain = agree(&contest(3_001), &plain, &TierLots::default());
    assert_eq!(plain.list_seats(), [5, 4, 1]);
    let misplaced = law(vec![
        whole(Method::SAINTE_LAGUE),
        TierStage::Above,
        TierStage::Majority,
    ]);
    assert!(misplaced.check().is_err());
}

/// Estonian Riigikogu Election Act, section 62 paragraph 2: a person without a list who reaches the quota has a seat of the
/// district, and the parties share the others; one vote less and they share all.
#[test]
fn a_person_without_a_list_with_a_quota() {
    let contest = |votes: u64| {
        let mut districted =
            DistrictedContest::with_votes(&[(6, &[2_760, 1_740, 300]), (4, &[1_600, 1_500, 900])]);
        districted.districts[0].base.valid_votes = Some(6_000);
        districted.districts[1].base.valid_votes = Some(4_000);
        TierContest {
            districted,
            persons: vec![PersonVotes {
                district: 0,
                list: None,
                votes,
            }],
            ..TierContest::default()
        }
    };
    let base = ThresholdBase::ValidVotes;
    let rules = law(vec![
        TierStage::Persons { base },
        TierStage::Quotas(Quotas {
            admission: Admission::default(),
            chain: vec![Stage {
                key_min: Some(Fraction::new(3, 4)),
                ..Stage::all(Method::HARE)
            }],
            units: Units::Districts,
            of: QuotaVotes::Own(base),
        }),
        whole(Method::D_HONDT),
        TierStage::Above,
    ]);
    let elected = agree(&contest(1_000), &rules, &TierLots::default());
    assert_eq!((elected.outside, elected.list_seats()), (1, vec![5, 3, 1]));
    // Of the five seats left in the first district 2.76 quotas give three, and 1.74 only one.
    assert_eq!(elected.seats[0], [3, 1, 0]);
    let below = agree(&contest(999), &rules, &TierLots::default());
    assert_eq!(
        (below.outside, below.list_seats().iter().sum::<u32>()),
        (0, 10)
    );
    // A result of the one is refused for the other.
    let refused = verify(&contest(999), &rules, &TierLots::default(), &elected).unwrap_err();
    assert!(refused.contains(&TierRefusal::FirstPlaces { stage: 0 }));
    // Votes of persons that the count of the district has no room for are refused.
    let mut short = contest(1_000);
    short.districted.districts[0].base.valid_votes = Some(5_799);
    assert!(allocate(&short, &rules, &TierLots::default()).is_err());
}
