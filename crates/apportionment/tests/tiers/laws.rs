//! What must hold of seats in tiers, whatever the votes: allocator and verifier agree, order means nothing, lots settle the
//! ties they were drawn for, and a forged result is refused.

use proptest::prelude::*;

use super::*;

fn any_placement() -> impl Strategy<Value = Placement> {
    (1u32..3, any::<bool>(), prop::option::of(0u32..3)).prop_map(
        |(step, relative, per_district)| Placement {
            series: Series {
                first: Fraction::new(1, 1),
                step,
            },
            relative: relative.then_some(ThresholdBase::ListVotes),
            per_district,
        },
    )
}

fn any_admission() -> impl Strategy<Value = Admission> {
    let share =
        || prop::option::of((0u32..40).prop_map(|share| Threshold::of_list_votes(share, 100)));
    let average = (1u32..3).prop_map(|regions| RegionsAverage {
        regions,
        base: ThresholdBase::ListVotes,
    });
    (
        share(),
        share(),
        prop::option::of(1u32..4),
        prop::option::weighted(0.3, 1u32..3),
        prop::option::weighted(0.3, average),
    )
        .prop_map(
            |(overall, here, constituencies_won, seats_won, regions_average)| Admission {
                overall,
                here,
                constituencies_won,
                seats_won,
                regions_average,
            },
        )
}

fn any_method() -> impl Strategy<Value = Vec<Stage>> {
    prop_oneof![
        Just(Method::D_HONDT),
        Just(Method::MODIFIED_SAINTE_LAGUE),
        Just(Method::HARE),
    ]
    .prop_map(|method| vec![Stage::all(method)])
}

/// Districts that are levelled, or a house that is shared out and covered.
fn any_rules() -> impl Strategy<Value = TierRules> {
    let levelled = (
        any_admission(),
        any_method(),
        any_admission(),
        any_method(),
        any_placement(),
        prop::option::of((1u32..29, 1u32..3)),
        any::<bool>(),
    )
        .prop_map(
            |(below, chain, above, method, placement, returned, regions)| {
                let surplus = if returned.is_some() {
                    Surplus::Returned
                } else {
                    Surplus::Kept
                };
                let returned = returned.map(|(first, step)| {
                    let first = Fraction::new(first.min(10 * step + 9), 10);
                    TierStage::Return(Series { first, step })
                });
                let mut stages = vec![
                    TierStage::Districts {
                        admission: below,
                        chain,
                    },
                    TierStage::Whole {
                        admission: Admission {
                            here: None,
                            ..above
                        },
                        chain: method,
                        surplus,
                    },
                ];
                stages.extend(returned);
                if regions {
                    stages.push(TierStage::Regions(placement.series));
                    stages.push(TierStage::Inside(Series::DANISH));
                } else {
                    stages.push(TierStage::Place(placement));
                }
                stages
            },
        );
    let covered =
        (any_admission(), any_method(), any_method()).prop_map(|(admission, chain, shares)| {
            vec![
                TierStage::Whole {
                    admission: Admission {
                        here: None,
                        ..admission
                    },
                    chain,
                    surplus: Surplus::Kept,
                },
                TierStage::Shares { chain: shares },
                TierStage::Cover,
            ]
        });
    prop_oneof![levelled, covered].prop_map(|stages| TierRules {
        stages,
        ties: vec![TieBreak::Lot],
    })
}

fn any_contest() -> impl Strategy<Value = TierContest> {
    let votes = || prop_oneof![3 => 0u64..6, 2 => 0u64..1000];
    (2usize..6, 1usize..5, 0u32..12).prop_flat_map(move |(lists, districts, further_seats)| {
        let district =
            (1u32..7, prop::collection::vec(votes(), lists)).prop_map(|(seats, votes)| District {
                seats,
                votes,
                ..District::default()
            });
        let constituency = (
            0..districts,
            prop::collection::vec(0u64..20, lists),
            0u64..5,
        )
            .prop_map(|(district, votes, other_votes)| Constituency {
                district,
                votes,
                other_votes,
                drawn: None,
            });
        let parts = (
            prop::collection::vec(district, districts),
            prop::collection::vec(constituency, 0..9),
            prop::collection::vec(prop::bool::weighted(0.1), lists),
            prop::collection::vec(0usize..3, districts),
            prop::collection::vec(0u32..6, 3),
        );
        parts.prop_map(
            move |(districts, constituencies, exempt, region_of, further)| TierContest {
                regions: (0..3)
                    .zip(further)
                    .map(|(region, further_seats)| Region {
                        districts: (0..region_of.len())
                            .filter(|&district| region_of[district] == region)
                            .collect(),
                        further_seats,
                    })
                    .collect(),
                districted: DistrictedContest {
                    lists: exempt
                        .into_iter()
                        .map(|exempt| DistrictedList {
                            exempt,
                            ..DistrictedList::default()
                        })
                        .collect(),
                    districts,
                },
                further_seats,
                constituencies,
            },
        )
    })
}

fn inside(stage: usize, part: usize, allocation: &Allocation) -> Vec<TierLot> {
    let lot = |tie: &Tie| TierLot {
        stage,
        part,
        lot: Lot {
            stage: tie.at,
            lists: tie.open.clone(),
            seats_at_stake: tie.open_seats,
            winners: tie
                .open
                .iter()
                .copied()
                .take(usize::try_from(tie.open_seats).unwrap())
                .collect(),
        },
    };
    allocation.open_ties().map(lot).collect()
}

/// A lot for each open tie, and for first places.
fn draw(contest: &mut TierContest, lots: &mut TierLots, allocation: &TierAllocation) {
    // First places come first: what they decide can make other ties vanish.
    let mut undecided = contest
        .constituencies
        .iter_mut()
        .filter(|constituency| constituency.drawn.is_none() && constituency.leading().len() > 1);
    if let Some(constituency) = undecided.next() {
        constituency.drawn = constituency.leading().first().copied();
        return;
    }
    let place = |stage: usize, tie: &Option<PlaceTie>| {
        tie.as_ref().map(|tie| PlaceLot {
            stage,
            tied: tie.tied.clone(),
            winner: *tie.tied.last().unwrap(),
        })
    };
    for (stage, result) in allocation.stages.iter().enumerate() {
        match result {
            TierStageResult::Districts(results) => {
                let drawn = results
                    .iter()
                    .enumerate()
                    .flat_map(|(part, result)| inside(stage, part, &result.allocation));
                lots.inside.extend(drawn);
            }
            TierStageResult::Whole(result) => {
                let drawn = result
                    .rounds
                    .iter()
                    .enumerate()
                    .flat_map(|(part, round)| inside(stage, part, &round.allocation));
                lots.inside.extend(drawn);
            }
            TierStageResult::Shares(results) => {
                let drawn = results.iter().enumerate();
                let drawn = drawn.filter_map(|(part, result)| Some((part, result.as_ref()?)));
                lots.inside
                    .extend(drawn.flat_map(|(part, result)| inside(stage, part, result)));
            }
            TierStageResult::Return(result) => lots.places.extend(place(stage, &result.tie)),
            TierStageResult::Place(result) | TierStageResult::Regions(result) => {
                lots.places.extend(place(stage, &result.tie));
            }
            TierStageResult::Inside(results) => {
                lots.places.extend(
                    results
                        .iter()
                        .filter_map(|result| place(stage, &result.tie)),
                );
            }
            TierStageResult::Cover(result) => {
                lots.places.extend(
                    result
                        .lines
                        .iter()
                        .filter_map(|line| place(stage, &line.tie)),
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn allocator_and_verifier_agree_until_every_lot_is_drawn(contest in any_contest(), rules in any_rules()) {
        let mut contest = contest;
        let mut lots = TierLots::default();
        let mut allocation = agree(&contest, &rules, &lots);
        for _ in 0..60 {
            if allocation.outcome != Outcome::Tied {
                break;
            }
            draw(&mut contest, &mut lots, &allocation);
            allocation = agree(&contest, &rules, &lots);
        }
        prop_assert_ne!(allocation.outcome, Outcome::Tied);
        prop_assert!(allocation.void_lots.is_empty() && allocation.void_place_lots.is_empty());
    }

    #[test]
    fn order_means_nothing(contest in any_contest(), rules in any_rules(), by in 0usize..5) {
        let plain = agree(&contest, &rules, &TierLots::default());
        let mut turned = contest.clone();
        let (districts, lists) = (contest.districted.districts.len(), contest.districted.lists.len());
        turned.districted.districts.rotate_left(by % districts);
        turned.districted.lists.reverse();
        turned.districted.districts.iter_mut().for_each(|district| district.votes.reverse());
        turned.constituencies.reverse();
        turned.regions.reverse();
        for district in turned.regions.iter_mut().flat_map(|region| &mut region.districts) {
            *district = (*district + districts - by % districts) % districts;
        }
        for constituency in &mut turned.constituencies {
            constituency.district = (constituency.district + districts - by % districts) % districts;
            constituency.votes.reverse();
        }
        let mut other = agree(&turned, &rules, &TierLots::default());
        other.seats.iter_mut().for_each(|line| line.reverse());
        other.seats.rotate_right(by % districts);
        prop_assert_eq!(&other.seats, &plain.seats);
        prop_assert_eq!((other.outcome, other.pending, other.unassigned), (plain.outcome, plain.pending, plain.unassigned));
        prop_assert_eq!(lists, other.list_seats().len());
    }

    /// Whatever is changed in a result is seen: seats, what is due, who takes part, keys, order, ties, sums.
    #[test]
    fn a_forged_result_is_refused(
        contest in any_contest(),
        rules in any_rules(),
        cells in any::<[prop::sample::Index; 3]>(),
        what in 0usize..8,
    ) {
        let right = agree(&contest, &rules, &TierLots::default());
        let district = cells[0].index(contest.districted.districts.len());
        let lists = [cells[1], cells[2]].map(|index| index.index(contest.districted.lists.len()));
        let mut wrong = right.clone();
        match what {
            0 => wrong.seats[district][lists[0]] += 1,
            1 => if wrong.seats[district][lists[0]] > 0 {
                wrong.seats[district][lists[0]] -= 1;
                wrong.seats[district][lists[1]] += 1;
            },
            2 => wrong.unassigned += 1,
            3 => wrong.outcome = if right.outcome == Outcome::Settled { Outcome::Tied } else { Outcome::Settled },
            4 => { wrong.stages.pop(); }
            _ => for stage in &mut wrong.stages {
                forge(stage, (district, lists), what);
            },
        }
        prop_assert!(wrong == right || verify(&contest, &rules, &TierLots::default(), &wrong).is_err());
    }
}

fn forge(stage: &mut TierStageResult, (district, lists): (usize, [usize; 2]), what: usize) {
    match (stage, what) {
        (TierStageResult::Districts(results), 5) => {
            let admitted = &mut results[district].admitted[lists[0]];
            *admitted = !*admitted;
        }
        (TierStageResult::Districts(results), _) => {
            results[district].allocation.lists[lists[0]].seats += 1
        }
        (TierStageResult::Whole(result), 5) => {
            result.admitted[lists[0]] = !result.admitted[lists[0]]
        }
        (TierStageResult::Whole(result), _) => {
            if let Some(due) = &mut result.due {
                due.swap(lists[0], lists[1]);
            }
        }
        (TierStageResult::Return(result), 5) => {
            result.returned.pop();
        }
        (TierStageResult::Return(result), 6) => {
            if let Some(first) = result.returned.first_mut() {
                first.from.place.district = district;
            }
        }
        (TierStageResult::Return(result), _) => {
            if let Some(first) = result.returned.first_mut() {
                first.to = None;
            }
        }
        (TierStageResult::Place(result) | TierStageResult::Regions(result), 5) => {
            result.placed.pop();
        }
        (TierStageResult::Place(result), 6) => {
            if let Some(first) = result.placed.first_mut() {
                (first.place.district, first.place.list) = (district, lists[0]);
            }
        }
        (TierStageResult::Place(result) | TierStageResult::Regions(result), _) => {
            result.left_over += 1;
        }
        (TierStageResult::Inside(results), 5) => {
            for result in results {
                result.placed.pop();
            }
        }
        (TierStageResult::Inside(results), 6) => results.swap(0, 1),
        (TierStageResult::Inside(results), _) => results[0].left_over += 1,
        (TierStageResult::Shares(results), _) => {
            results.swap(lists[0], lists[1]);
        }
        (TierStageResult::Cover(result), 5) => {
            if let Some(line) = result.lines.first_mut() {
                line.covered.append(&mut line.uncovered);
            }
        }
        (TierStageResult::Cover(result), 6) => {
            result.lines.pop();
        }
        (TierStageResult::Cover(result), _) => {
            for line in &mut result.lines {
                if let (Some(last), Some(next)) =
                    (line.covered.last_mut(), line.uncovered.first_mut())
                {
                    std::mem::swap(last, next);
                }
            }
        }
    }
}
