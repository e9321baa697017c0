//! Districts without votes: what they may yet report is nobody's seat.

use super::quotas::czechia;
use super::*;

/// Regions of the Czech Republic while one has no votes: no region has a seat, as each one's hangs on all.
#[test]
fn regions_have_no_seats_while_one_is_silent() {
    let mut contest = TierContest {
        districted: DistrictedContest::with_votes(&[(0, &[60, 40]), (0, &[0, 0])]),
        further_seats: 10,
        ..TierContest::default()
    };
    let lots = TierLots::default();
    let allocation = agree(&contest, &czechia(), &lots);
    assert_eq!(allocation.outcome, Outcome::NoneYet);
    assert_eq!((allocation.pending, allocation.stages.len()), (10, 1));
    contest.districted.districts[1].votes = vec![0, 1];
    let allocation = agree(&contest, &czechia(), &lots);
    assert_eq!(allocation.outcome, Outcome::Settled);
}

/// A region with a silent district hands out nothing by its quotas: votes that are yet to come are a part of them.
#[test]
fn a_region_waits_for_its_silent_district() {
    let rules = TierRules {
        stages: vec![
            TierStage::Quotas(Quotas {
                admission: Admission::default(),
                chain: vec![Stage {
                    key_min: Some(Fraction::new(1, 1)),
                    ..Stage::all(Method::HARE)
                }],
                units: Units::Regions,
                of: QuotaVotes::TakingPart,
            }),
            TierStage::Whole {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::D_HONDT)],
                surplus: Surplus::Kept,
            },
            TierStage::Above,
        ],
        ties: Vec::new(),
    };
    let region = |districts: &[usize]| Region {
        districts: districts.to_vec(),
        ..Region::default()
    };
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[
            (2, &[60, 40]),
            (3, &[60, 40]),
            (3, &[60, 40]),
            (2, &[0, 0]),
        ]),
        regions: vec![region(&[0, 1]), region(&[2, 3])],
        ..TierContest::default()
    };
    let allocation = agree(&contest, &rules, &TierLots::default());
    assert_eq!(allocation.outcome, Outcome::NoneYet);
    assert_eq!(allocation.region_seats, [[3, 2], [0, 0]]);
    assert_eq!((allocation.pending, allocation.stages.len()), (5, 1));
}
