//! Contests and rules in tiers at random.

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
pub fn any_rules() -> impl Strategy<Value = TierRules> {
    let levelled = (
        any_admission(),
        any_method(),
        any_admission(),
        any_method(),
        any_placement(),
        prop::option::of((1u32..29, 1u32..3)),
        (any::<bool>(), any::<bool>()),
    )
        .prop_map(
            |(below, chain, above, method, placement, returned, (regions, level))| {
                let surplus = match returned {
                    Some(_) => Surplus::Returned,
                    None if level => Surplus::KeptWithLevel,
                    None => Surplus::Kept,
                };
                let returned = returned.map(|(first, step)| {
                    let first = Fraction::new(first.min(10 * step + 9), 10);
                    TierStage::Return(Series { first, step }.into())
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
    let covered = (
        any_admission(),
        any_method(),
        any_method(),
        prop::option::of((1u32..9, any::<bool>())),
        any::<bool>(),
    )
        .prop_map(|(admission, chain, shares, bonus, majority)| {
            let bonus = bonus.map(|(seats, beside)| {
                TierStage::Bonus(Bonus {
                    to: BonusTo::MostVotes,
                    seats: BonusSeats::Fixed(seats),
                    counting: if beside {
                        BonusCounting::Beside
                    } else {
                        BonusCounting::Least
                    },
                    votes_min: None,
                    others_max: None,
                })
            });
            let whole = TierStage::Whole {
                admission: Admission {
                    here: None,
                    ..admission
                },
                chain,
                surplus: Surplus::Kept,
            };
            let mut stages: Vec<TierStage> = bonus.into_iter().collect();
            stages.push(whole);
            stages.extend(majority.then_some(TierStage::Majority));
            stages.extend([TierStage::Shares { chain: shares }, TierStage::Cover]);
            stages
        });
    prop_oneof![levelled, covered, by_quotas(), by_first_places()].prop_map(|stages| TierRules {
        stages,
        ties: vec![TieBreak::Lot],
    })
}

/// Whole quotas of regions in districts and regions, persons and quotas of districts, or seats of districts by votes; what
/// they leave is filled up above.
fn by_quotas() -> impl Strategy<Value = Vec<TierStage>> {
    let quota = |kind, rounding, key_min| Stage {
        key_min: Some(key_min),
        ..Stage::all(Method::Quota(Quota { kind, rounding }))
    };
    let base = ThresholdBase::ListVotes;
    let above = |admission: Admission, chain, kept| {
        let surplus = if kept { Surplus::Kept } else { Surplus::Added };
        [
            TierStage::Whole {
                admission: Admission {
                    here: None,
                    ..admission
                },
                chain,
                surplus,
            },
            TierStage::Above,
        ]
    };
    let parts = (
        any_admission(),
        any_admission(),
        any_method(),
        any::<bool>(),
    );
    (parts, 0usize..3).prop_map(move |((below, whole, chain, kept), family)| {
        let quotas = |admission: &Admission, stage, units, of| {
            TierStage::Quotas(Quotas {
                admission: admission.clone(),
                chain: vec![stage],
                units,
                of,
            })
        };
        let one = Fraction::new(1, 1);
        let mut stages = match family {
            0 => {
                let stage = quota(QuotaKind::Hare, Rounding::Up, one);
                let of = QuotaVotes::Region(base);
                let free = Admission::default();
                vec![
                    quotas(&free, stage, Units::Districts, of),
                    quotas(&below, stage, Units::Regions, of),
                ]
            }
            1 => {
                let stage = quota(QuotaKind::Hare, Rounding::Exact, Fraction::new(3, 4));
                let persons = TierStage::Persons { base };
                vec![
                    persons,
                    quotas(&below, stage, Units::Districts, QuotaVotes::Own(base)),
                ]
            }
            _ => {
                let stage = quota(QuotaKind::Imperiali, Rounding::Nearest, one);
                let left = QuotaKind::HagenbachBischoff;
                return vec![
                    TierStage::SeatsOfDistricts {
                        base,
                        chain: vec![Stage::all(Method::HARE)],
                    },
                    quotas(&below, stage, Units::Districts, QuotaVotes::TakingPart),
                    TierStage::Remainders {
                        chain: vec![Stage::all(Method::Quota(Quota {
                            kind: left,
                            rounding: Rounding::Nearest,
                        }))],
                    },
                    TierStage::Above,
                ];
            }
        };
        stages.extend(above(whole, chain, kept));
        stages
    })
}

/// Seats for first places, and a house above them that may grow.
fn by_first_places() -> impl Strategy<Value = Vec<TierStage>> {
    (any_admission(), any_method(), any::<bool>()).prop_map(|(admission, chain, kept)| {
        vec![
            TierStage::Constituencies,
            TierStage::Whole {
                admission: Admission {
                    here: None,
                    ..admission
                },
                chain,
                surplus: if kept { Surplus::Kept } else { Surplus::Added },
            },
            TierStage::Above,
        ]
    })
}

/// The contest with what the rules ask for: seats of districts where no stage computes them, and a house that has room for
/// regions and constituencies.
pub fn fit(mut contest: TierContest, rules: &TierRules) -> TierContest {
    for stage in &rules.stages {
        match stage {
            TierStage::SeatsOfDistricts { .. } => {
                for district in &mut contest.districted.districts {
                    contest.further_seats += district.seats;
                    district.seats = 0;
                }
            }
            TierStage::Quotas(Quotas {
                of: QuotaVotes::Region(_),
                units: Units::Regions,
                ..
            }) => {
                let further = contest.regions.iter().map(|region| region.further_seats);
                contest.further_seats += further.sum::<u32>();
            }
            TierStage::Constituencies => contest.further_seats += 9,
            _ => {}
        }
    }
    contest
}

pub fn any_contest() -> impl Strategy<Value = TierContest> {
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
            prop::bool::weighted(0.1),
        )
            .prop_map(|(district, votes, other_votes, outside)| {
                let most = votes.iter().copied().max().unwrap_or(0);
                Constituency {
                    district,
                    other_votes: if outside { most + 1 } else { other_votes },
                    other_most: if outside { most + 1 } else { 0 },
                    votes,
                    drawn: None,
                }
            });
        let parts = (
            prop::collection::vec(district, districts),
            prop::collection::vec(constituency, 0..9),
            prop::collection::vec(prop::bool::weighted(0.1), lists),
            prop::collection::vec(0usize..3, districts),
            prop::collection::vec(0u32..6, 3),
            prop::collection::vec((0..districts, 0..lists, 0u64..=4), 0..6),
        );
        parts.prop_map(
            move |(districts, constituencies, exempt, region_of, further, persons)| TierContest {
                persons: persons_of(&districts, &persons),
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
                further_seats: further_seats + 9,
                constituencies,
            },
        )
    })
}

/// Persons with some quarters of the votes that their lists have left.
fn persons_of(districts: &[District], persons: &[(usize, usize, u64)]) -> Vec<PersonVotes> {
    let mut left: Vec<Vec<u64>> = districts.iter().map(|one| one.votes.clone()).collect();
    let person = |&(district, list, quarters): &(usize, usize, u64)| {
        let left: &mut u64 = &mut left[district][list];
        let votes = *left * quarters / 4;
        *left -= votes;
        PersonVotes {
            district,
            list: Some(list),
            votes,
        }
    };
    persons.iter().map(person).collect()
}
