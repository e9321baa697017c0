//! Small contests that show one rule each, and rules that are refused.

use super::*;

/// Equal keys on one free district: the result waits for a lot, and a result that picks one in silence is refused.
#[test]
fn equal_keys_of_levelling_seats_wait_for_a_lot() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(1, &[90, 30, 30]), (1, &[90, 30, 30])]),
        further_seats: 2,
        ..TierContest::default()
    };
    let chain = vec![Stage::all(Method::SAINTE_LAGUE)];
    let rules = TierRules {
        stages: vec![
            TierStage::Districts {
                admission: Admission::default(),
                chain: chain.clone(),
            },
            TierStage::Whole {
                admission: Admission::default(),
                chain,
                surplus: Surplus::Kept,
            },
            TierStage::Place(Placement {
                relative: Some(ThresholdBase::ListVotes),
                ..Placement::NORWAY
            }),
        ],
        ties: vec![TieBreak::Lot],
    };
    let open = agree(&contest, &rules, &TierLots::default());
    assert_eq!((open.outcome, open.pending), (Outcome::Tied, 2));
    let place = |district, list| Place {
        district,
        list,
        constituency: None,
    };
    let Some(TierStageResult::Place(result)) = open.stages.last() else {
        panic!("levelling seats come last");
    };
    let tied = vec![place(0, 1), place(0, 2), place(1, 1), place(1, 2)];
    assert_eq!(result.tie.as_ref().map(|tie| tied == tie.tied), Some(true));
    let lot = PlaceLot {
        stage: 2,
        tied,
        winner: place(1, 1),
    };
    let other = PlaceLot {
        stage: 2,
        tied: vec![place(0, 1), place(0, 2)],
        winner: place(0, 1),
    };
    let lots = TierLots {
        places: vec![other, lot],
        ..TierLots::default()
    };
    let settled = agree(&contest, &rules, &lots);
    assert_eq!(settled.outcome, Outcome::Settled);
    assert_eq!(settled.seats, [[1, 0, 1], [1, 1, 0]]);
    assert_eq!(settled.void_place_lots, [0]);
    // The same seats without the lot are refused by name.
    let refused = verify(&contest, &rules, &TierLots::default(), &settled).unwrap_err();
    let silent = |refusal: &TierRefusal| {
        matches!(
            refusal,
            TierRefusal::Place {
                what: PlaceRefusal::Silent { .. },
                ..
            }
        )
    };
    assert!(refused.iter().any(silent), "{refused:?}");
    // Nor does a lot settle it that names one more place: it was drawn for another tie.
    let mut wider = lots.places[1].clone();
    wider.tied.insert(0, place(0, 0));
    let wider = TierLots {
        places: vec![wider],
        ..TierLots::default()
    };
    assert_eq!(agree(&contest, &rules, &wider).outcome, Outcome::Tied);
    let mut forged = settled;
    for void in [Vec::new(), vec![0]] {
        forged.void_place_lots = void;
        verify(&contest, &rules, &wider, &forged).unwrap_err();
    }
}

/// Three districts with a seat each for the same list, which is due one: its smallest keys go back, 40 before 41, the first
/// to the next list there, and the second to the only one that is still due a seat.
#[test]
fn surplus_seats_go_back_where_their_keys_are_smallest() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[
            (1, &[42, 30, 30]),
            (1, &[40, 31, 29]),
            (1, &[41, 30, 29]),
        ]),
        ..TierContest::default()
    };
    let chain = vec![Stage::all(Method::SAINTE_LAGUE)];
    let rules = TierRules {
        stages: vec![
            TierStage::Districts {
                admission: Admission::default(),
                chain: chain.clone(),
            },
            TierStage::Whole {
                admission: Admission::default(),
                chain,
                surplus: Surplus::Returned,
            },
            TierStage::Return(Series::ODD.into()),
            TierStage::Place(Placement::SWEDEN),
        ],
        ties: vec![TieBreak::Lot],
    };
    let allocation = agree(&contest, &rules, &TierLots::default());
    assert_eq!(allocation.seats, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]);
    let TierStageResult::Return(result) = &allocation.stages[2] else {
        panic!("seats go back in the third stage");
    };
    let ways: Vec<(usize, usize, Option<usize>)> = result
        .returned
        .iter()
        .map(|seat| {
            (
                seat.from.place.district,
                seat.from.place.list,
                seat.to.map(|to| to.place.list),
            )
        })
        .collect();
    assert_eq!(ways, [(1, 0, Some(1)), (2, 0, Some(2))]);
    let steps = explain(&contest, &rules, &allocation);
    assert_eq!(steps[2], TierSteps::Returned(result.returned.clone()));
    // Equal keys: which of two seats goes back first is a lot.
    let mut equal = contest.clone();
    equal.districted.districts[2].votes = vec![40, 31, 29];
    let open = agree(&equal, &rules, &TierLots::default());
    assert_eq!(open.outcome, Outcome::Tied);
}

/// One list wins every district; what is due to the other is placed in regions, 70 before 45, each of which has room for one
/// seat, and inside the first region where it has more votes.
#[test]
fn seats_are_placed_in_regions_and_inside_them() {
    let mut contest = TierContest {
        districted: DistrictedContest::with_votes(&[
            (1, &[60, 40]),
            (1, &[59, 30]),
            (1, &[50, 45]),
        ]),
        further_seats: 2,
        regions: vec![
            Region {
                districts: vec![0, 1],
                further_seats: 1,
            },
            Region {
                districts: vec![2],
                further_seats: 1,
            },
        ],
        ..TierContest::default()
    };
    let rules = |admission: Admission| TierRules {
        stages: vec![
            TierStage::Districts {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::D_HONDT)],
            },
            TierStage::Whole {
                admission,
                chain: vec![Stage::all(Method::HARE)],
                surplus: Surplus::Kept,
            },
            TierStage::Regions(Series::ODD),
            TierStage::Inside(Series::DANISH),
        ],
        ties: vec![TieBreak::Lot],
    };
    let all = rules(Admission::default());
    let allocation = agree(&contest, &all, &TierLots::default());
    assert_eq!(allocation.seats, [[1, 1], [1, 0], [1, 1]]);
    let steps = explain(&contest, &all, &allocation);
    let [_, _, TierSteps::Placed(regions), TierSteps::Placed(inside)] = steps.as_slice() else {
        panic!("regions, then inside them: {steps:?}");
    };
    let votes = |steps: &[PlaceStep]| -> Vec<u64> { steps.iter().map(|step| step.votes).collect() };
    assert_eq!(
        (votes(regions), votes(inside)),
        (vec![70, 45], vec![40, 45])
    );
    // Who has no seat in a district takes no part, unless its votes are enough in regions: a seat stands for 94.5 votes
    // in one and 95 in the other, so only the larger list reaches an average.
    let won = Admission {
        seats_won: Some(1),
        ..Admission::default()
    };
    assert_eq!(
        agree(&contest, &rules(won), &TierLots::default()).list_seats(),
        [5, 0]
    );
    let average = Admission {
        regions_average: Some(RegionsAverage {
            regions: 1,
            base: ThresholdBase::ListVotes,
        }),
        ..Admission::default()
    };
    assert_eq!(
        agree(&contest, &rules(average.clone()), &TierLots::default()).list_seats(),
        [5, 0]
    );
    // Now the smaller list wins a district and reaches the average of its region. It takes the only further seat of the
    // other region, so that the third seat of the larger list finds no region with votes and room.
    contest.districted.districts[2].votes = vec![0, 45];
    let allocation = agree(&contest, &rules(average), &TierLots::default());
    assert_eq!(
        (allocation.list_seats(), allocation.unassigned),
        (vec![2, 2], 1)
    );
    // A district in no region has nowhere to go.
    contest.regions[0].districts.pop();
    let error = allocate(&contest, &all, &TierLots::default()).unwrap_err();
    assert_eq!(error, DistrictsError::DistrictsOfRegions);
}

/// Stages in an order that leaves nothing due, and numbers outside their limits, are errors.
#[test]
fn rules_that_mean_nothing_are_refused() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(2, &[5, 6])]),
        further_seats: 1,
        ..TierContest::default()
    };
    let refused = |contest: &TierContest, stages: Vec<TierStage>| {
        let rules = TierRules {
            stages,
            ties: Vec::new(),
        };
        allocate(contest, &rules, &TierLots::default())
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&contest, Vec::new()).contains("rules.stages"));
    let districts = || TierStage::Districts {
        admission: Admission::default(),
        chain: vec![Stage::all(Method::D_HONDT)],
    };
    let whole = |surplus| TierStage::Whole {
        admission: Admission::default(),
        chain: vec![Stage::all(Method::D_HONDT)],
        surplus,
    };
    let place = || TierStage::Place(Placement::SWEDEN);
    // Seats would be handed out twice, or never come back.
    for stages in [
        vec![districts(), districts()],
        vec![whole(Surplus::Kept), whole(Surplus::Kept)],
        vec![districts(), whole(Surplus::Returned), place()],
        vec![
            districts(),
            whole(Surplus::Kept),
            TierStage::Return(Series::ODD.into()),
        ],
        vec![whole(Surplus::Kept), districts()],
        vec![whole(Surplus::Kept), TierStage::Regions(Series::ODD)],
        vec![whole(Surplus::Kept), TierStage::Inside(Series::ODD)],
    ] {
        assert!(refused(&contest, stages).contains("districts come first"));
    }
    let waived = TierStage::Districts {
        admission: Admission {
            overall: Some(Threshold {
                direct_seats_min: Some(3),
                ..Threshold::of_list_votes(5, 100)
            }),
            ..Admission::default()
        },
        chain: vec![Stage::all(Method::D_HONDT)],
    };
    assert!(refused(&contest, vec![waived]).contains("plain share"));
    let rising = Series {
        first: Fraction::new(3, 1),
        step: 2,
    };
    let rising = vec![whole(Surplus::Returned), TierStage::Return(rising.into())];
    assert!(refused(&contest, rising).contains("below the second divisor"));
    let mut no_base = contest.clone();
    no_base.districted.districts[0].base.valid_votes = Some(0);
    let relative = vec![whole(Surplus::Kept), TierStage::Place(Placement::NORWAY)];
    assert!(refused(&no_base, relative).contains("contest.districts.base"));
    let without_regions = vec![
        whole(Surplus::Kept),
        TierStage::Regions(Series::ODD),
        TierStage::Inside(Series::ODD),
    ];
    assert!(refused(&contest, without_regions).contains("contest.regions"));
    let mut outside = contest.clone();
    outside.constituencies.push(Constituency {
        district: 1,
        votes: vec![1, 2],
        ..Constituency::default()
    });
    assert!(refused(&outside, vec![TierStage::Cover]).contains("contest.constituencies.district"));
    let mut short = contest.clone();
    short.constituencies.push(Constituency {
        votes: vec![1],
        ..Constituency::default()
    });
    assert!(refused(&short, vec![TierStage::Cover]).contains("votes or candidates for 1 lists"));
    let mut house = contest;
    house.further_seats = 100_000;
    assert!(refused(&house, vec![TierStage::Cover]).contains("contest.further_seats"));
}

/// A chain that means nothing is refused before anything is drawn, also where its stage would wait for a lot.
#[test]
fn a_chain_behind_an_open_tie_is_refused_at_once() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(1, &[50, 50])]),
        further_seats: 1,
        ..TierContest::default()
    };
    let right = || vec![Stage::all(Method::SAINTE_LAGUE)];
    let with = |chain| TierRules {
        stages: vec![
            TierStage::Districts {
                admission: Admission::default(),
                chain: right(),
            },
            TierStage::Whole {
                admission: Admission::default(),
                chain,
                surplus: Surplus::Kept,
            },
            TierStage::Shares { chain: right() },
        ],
        ties: vec![TieBreak::Lot],
    };
    let none = TierLots::default();
    assert_eq!(
        agree(&contest, &with(right()), &none).outcome,
        Outcome::Tied
    );
    let open = Stage {
        seats: StageSeats::AtMost(1),
        ..Stage::all(Method::HARE)
    };
    let first = Divisors::ModifiedSainteLague {
        first: Fraction::new(3, 1),
    };
    let refused = [
        (vec![], "rules.stages.chain is 0; at least 1 is needed"),
        (vec![open], "rules.stages.chain: the last stage takes all"),
        (
            vec![Stage::all(Method::Divisors(first))],
            "rules.stages.method.first is 3/1",
        ),
    ];
    for (chain, text) in refused {
        let error = allocate(&contest, &with(chain), &none).unwrap_err();
        assert!(error.to_string().starts_with(text), "{error}");
    }
}
