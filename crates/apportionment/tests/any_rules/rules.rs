//! Rules of every kind, made up.

use apportionment::*;
use proptest::prelude::*;

fn any_method() -> impl Strategy<Value = Method> {
    let kinds = vec![
        QuotaKind::Hare,
        QuotaKind::Droop,
        QuotaKind::HagenbachBischoff,
        QuotaKind::Imperiali,
    ];
    let roundings = vec![
        Rounding::Exact,
        Rounding::Exact,
        Rounding::Down,
        Rounding::DownPlusOne,
        Rounding::Up,
        Rounding::Nearest,
    ];
    let quotas = (prop::sample::select(kinds), prop::sample::select(roundings))
        .prop_map(|(kind, rounding)| Method::Quota(Quota { kind, rounding }));
    prop_oneof![
        quotas,
        Just(Method::D_HONDT),
        Just(Method::SAINTE_LAGUE),
        Just(Method::MODIFIED_SAINTE_LAGUE),
        Just(Method::DANISH),
        Just(Method::IMPERIALI_DIVISORS),
        Just(Method::ADAMS),
        Just(Method::DEAN),
        Just(Method::HUNTINGTON_HILL),
        Just(Method::Divisors(Divisors::Power {
            exponent: Fraction::new(9, 10)
        })),
    ]
}

/// A stage that may leave seats to the next, whatever way it does.
fn any_first_stage() -> impl Strategy<Value = Stage> {
    let bar = prop::option::of((0u32..6, 1u32..5));
    let key_min = prop::option::weighted(0.3, (0u32..6, 1u32..5));
    let each_max = prop::option::of(1u32..4);
    (
        any_method(),
        0u32..9,
        (bar, key_min),
        each_max,
        any::<bool>(),
    )
        .prop_map(|(method, most, (bar, key_min), each_max, whole)| {
            let quota = matches!(method, Method::Quota(_));
            let bar = bar
                .filter(|_| quota)
                .map(|(above, below)| Fraction::new(above, below));
            let key_min = key_min
                .filter(|_| quota)
                .map(|(above, below)| Fraction::new(above, below));
            let leaves_some = bar.is_some() || key_min.is_some() || each_max.is_some();
            let seats = match most {
                _ if whole && quota => StageSeats::WholeQuotas,
                5.. if leaves_some => StageSeats::Remaining,
                _ => StageSeats::AtMost(most),
            };
            Stage {
                method,
                seats,
                each_max,
                bar,
                key_min,
            }
        })
}

fn any_chain() -> impl Strategy<Value = Vec<Stage>> {
    let last_each_max = prop::option::weighted(0.1, 1u32..4);
    let last_key_min = prop::option::weighted(0.1, 1u32..5);
    (
        prop::collection::vec(any_first_stage(), 0..4),
        any_method(),
        last_each_max,
        last_key_min,
    )
        .prop_map(|(mut stages, last, each_max, key_min)| {
            let quota = matches!(last, Method::Quota(_));
            stages.push(Stage {
                each_max,
                key_min: key_min
                    .filter(|_| quota)
                    .map(|quarters| Fraction::new(quarters, 4)),
                ..Stage::all(last)
            });
            stages
        })
}

fn any_rescue() -> impl Strategy<Value = Rescue> {
    (any::<[bool; 3]>(), 0u32..=10, 0u32..5).prop_map(
        |([floor_first, further_rounds, stays_empty], factor, floor)| {
            let rest = if stays_empty {
                RescueRest::StaysEmpty
            } else {
                RescueRest::MultipliedRemainders
            };
            Rescue {
                admit_runner_up: Parameter::verified(true),
                factor: Parameter::unverified(Fraction::new(factor, 10)),
                floor: Parameter::unverified(floor),
                floor_first: Parameter::unverified(floor_first),
                rest: Parameter::unverified(rest),
                further_rounds: Parameter::unverified(further_rounds),
            }
        },
    )
}

fn any_bonus() -> impl Strategy<Value = Bonus> {
    let to = prop::sample::select(vec![
        BonusTo::MostVotes,
        BonusTo::MoreThanHalf,
        BonusTo::Office,
    ]);
    let roundings = prop::sample::select(vec![
        Rounding::Exact,
        Rounding::Down,
        Rounding::DownPlusOne,
        Rounding::Up,
        Rounding::Nearest,
    ]);
    let seats = prop_oneof![
        (0u32..30).prop_map(BonusSeats::Fixed),
        Just(BonusSeats::MoreThanHalf),
        (0u32..=10, roundings).prop_map(|(tenths, rounding)| BonusSeats::Share {
            share: Fraction::new(tenths, 10),
            rounding,
        }),
    ];
    let shares = prop::option::weighted(0.3, 0u32..=10);
    (to, seats, any::<bool>(), shares.clone(), shares).prop_map(
        |(to, seats, beside, votes_min, others_max)| Bonus {
            to,
            seats,
            counting: if beside {
                BonusCounting::Beside
            } else {
                BonusCounting::Least
            },
            votes_min: votes_min.map(|tenths| Fraction::new(tenths, 10)),
            others_max: others_max.map(|tenths| Fraction::new(tenths, 10)),
        },
    )
}

pub fn any_rules() -> impl Strategy<Value = Rules> {
    let ties = prop::sample::subsequence(
        vec![
            TieBreak::EarlierRegistration,
            TieBreak::MoreVotes,
            TieBreak::Lot,
        ],
        0..=3,
    );
    let threshold = prop::option::of((0u32..60, any::<[bool; 5]>()));
    let widening = prop::option::of((any::<bool>(), 1u32..100, 0u32..4));
    let inside = prop::option::of((prop::option::of(any_chain()), any::<bool>()));
    (
        any_chain(),
        threshold,
        prop::option::of(any_rescue()),
        inside,
        any::<bool>(),
        ties,
        (
            any::<bool>(),
            prop::option::weighted(0.2, 1u32..12),
            prop::bool::weighted(0.2),
            widening,
            prop::option::weighted(0.3, any_bonus()),
            any::<bool>(),
        ),
    )
        .prop_map(|(stages, threshold, rescue, inside, stays_empty, ties, (majority, seats_max, seats_min, widening, bonus, anew))| {
            let one_quota = matches!(
                stages.as_slice(),
                [stage] if *stage == Stage::all(stage.method) && matches!(stage.method, Method::Quota(_))
            );
            let rescue = rescue.filter(|_| one_quota);
            let widening = widening
                .filter(|_| threshold.is_some() && rescue.is_none())
                .map(|(by_steps, share, lists_min)| {
                    let share = Fraction::new(share, 100);
                    if by_steps {
                        Widening::LowerBy {
                            step: share,
                            lists_min,
                        }
                    } else {
                        Widening::AdmitUntil {
                            more_than: share,
                            lists_min,
                        }
                    }
                });
            let threshold = threshold.map(|(share, [in_box, inclusive, per_seat, direct, district])| Threshold {
                per_seat,
                direct_seats_min: direct.then_some(3),
                in_one_district: district.then_some(Fraction::new(1, 2)),
                comparison: if inclusive {
                    Comparison::AtLeast
                } else {
                    Comparison::MoreThan
                },
                base: if in_box {
                    ThresholdBase::BallotsInBox
                } else {
                    ThresholdBase::ListVotes
                },
                by_coalition_size: vec![CoalitionShare {
                    size_min: 2,
                    share: Fraction::new(share + 5, 100),
                }],
                ..Threshold::of_list_votes(share, 100)
            });
            let apparentment = inside
                .filter(|_| rescue.is_none())
                .map(|(inside, all)| Apparentment {
                    inside,
                    members: if all {
                        GroupMembers::AllOrVoid
                    } else {
                        GroupMembers::ThoseThatPass
                    },
                });
            let exhausted = if stays_empty {
                ExhaustedList::StaysEmpty
            } else {
                ExhaustedList::NextInLine
            };
            let single = rescue.is_none() && apparentment.is_none();
            let bonus = bonus.filter(|_| single);
            let whole_behind = stages.iter().skip(1).any(|stage| stage.seats == StageSeats::WholeQuotas);
            let majority = majority && single && bonus.is_none() && !whole_behind;
            let anew = anew && single && !majority && bonus.is_none() && seats_max.is_some();
            Rules {
                threshold,
                widening,
                rescue,
                apparentment,
                stages,
                majority: majority.then_some(Majority::TakesLastSeat),
                seats_min: u32::from(seats_min && single),
                bonus,
                seats_max,
                above_max: if anew {
                    AboveMax::SharedAnew
                } else {
                    AboveMax::NextInLine
                },
                exhausted,
                ties,
            }
        })
}
