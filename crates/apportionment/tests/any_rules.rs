//! Every rule with every other, on small numbers full of ties: allocator and verifier agree, and order means nothing.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

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

fn any_rules() -> impl Strategy<Value = Rules> {
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
                .filter(|_| threshold.is_some())
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
            let majority = majority && single && bonus.is_none();
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

fn any_list() -> impl Strategy<Value = List> {
    let votes = prop_oneof![0u64..8, 0u64..200, Just(u64::MAX)];
    let candidates = prop::option::weighted(0.25, 0u32..6);
    let registration = prop::option::weighted(0.7, 0u64..5);
    let group = prop::option::of((0u32..3, prop::option::of(0u32..2)));
    (
        votes,
        candidates,
        registration,
        group,
        (
            prop::bool::weighted(0.1),
            0u32..5,
            prop::option::of((0u64..9, 0u64..15)),
        ),
        1u32..4,
    )
        .prop_map(
            |(
                votes,
                candidates,
                registration,
                group,
                (exempt, direct_seats, district),
                coalition_size,
            )| List {
                votes,
                candidates,
                registration,
                coalition_size,
                exempt,
                direct_seats,
                best_district: district.map(|(votes, of)| DistrictShare { votes, of }),
                held: 0,
                won_office: false,
                group: group.map(|(group, _)| group),
                subgroup: group.and_then(|(_, subgroup)| subgroup),
            },
        )
}

fn any_contest() -> impl Strategy<Value = Contest> {
    (
        1u32..25,
        prop::collection::vec(any_list(), 3..9),
        any::<u32>(),
        prop::option::of(0usize..9),
        prop::option::weighted(0.2, (0u64..300, 1u32..40)),
    )
        .prop_map(|(seats, mut lists, invalid, office, quota_of)| {
            if let Some(list) = office.and_then(|office| lists.get_mut(office)) {
                list.won_office = true;
            }
            let whole: u128 = lists.iter().map(|list| u128::from(list.votes)).sum();
            let quota_of = quota_of.and_then(|(more, seats)| {
                Some(QuotaOf {
                    votes: u64::try_from(whole).ok()?.checked_add(more)?,
                    seats,
                })
            });
            let list_votes = lists
                .iter()
                .fold(0u64, |sum, list| sum.saturating_add(list.votes));
            let ballots_in_box = Some(list_votes.saturating_add(u64::from(invalid % 50)));
            Contest {
                seats,
                lists,
                base: BaseCounts {
                    ballots_in_box,
                    ..BaseCounts::default()
                },
                quota_of,
            }
        })
        .prop_flat_map(|contest| {
            let held = prop::collection::vec(prop::bool::weighted(0.1), contest.lists.len());
            (Just(contest), held).prop_map(|(mut contest, held)| {
                for (list, held) in contest.lists.iter_mut().zip(held) {
                    list.held = u32::from(held && list.candidates != Some(0));
                }
                contest
            })
        })
}

/// The rules and the contest without what they cannot have together: fewest seats in a house with fewer than lists or with a
/// bonus, and a quota of other votes beside rules that share out the house in other ways.
fn fitting(rules: Rules, contest: Contest) -> (Rules, Contest) {
    let lists = u32::try_from(contest.lists.len()).unwrap();
    let full = lists > contest.seats || rules.bonus.is_some();
    let plain = rules.apparentment.is_none()
        && rules.rescue.is_none()
        && rules.bonus.is_none()
        && rules.above_max == AboveMax::NextInLine;
    let mut contest = Contest {
        quota_of: contest.quota_of.filter(|_| plain),
        ..contest
    };
    if !plain || full {
        contest.lists.iter_mut().for_each(|list| list.held = 0);
    }
    let rules = Rules {
        seats_min: if full { 0 } else { rules.seats_min },
        ..rules
    };
    (rules, contest)
}

/// A lot for each open tie, favouring the lists from `turn` on.
fn draw(allocation: &Allocation, turn: usize) -> Vec<Lot> {
    let lot = |tie: &Tie| {
        let mut winners = tie.open.clone();
        winners.rotate_left(turn % tie.open.len());
        winners.truncate(usize::try_from(tie.open_seats).unwrap());
        Lot {
            stage: tie.at,
            lists: tie.open.clone(),
            seats_at_stake: tie.open_seats,
            winners,
        }
    };
    allocation.open_ties().map(lot).collect()
}

fn agree(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    workspace: &mut Workspace,
) -> Result<Allocation, TestCaseError> {
    let allocation = allocate(contest, rules, lots).unwrap();
    prop_assert_eq!(verify(contest, rules, lots, &allocation), Ok(()));
    if allocation.pending == 0 {
        prop_assert_eq!(verify_seats(contest, rules, &allocation.seats()), Ok(()));
    }
    let seats = workspace.seats(contest, rules, lots).unwrap();
    prop_assert_eq!(seats.seats, allocation.seats());
    prop_assert_eq!(
        (seats.outcome, seats.pending),
        (allocation.outcome, allocation.pending)
    );
    prop_assert_eq!(
        allocation.open_ties().count() > 0,
        allocation.outcome == Outcome::Tied
    );
    for (steps, stage) in explain(&allocation).iter().zip(&allocation.stages) {
        let seats: Vec<u32> = stage
            .contenders
            .iter()
            .map(|contender| contender.seats)
            .collect();
        prop_assert_eq!(steps.standing_before(steps.steps.len()), seats);
    }
    Ok(allocation)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn allocator_and_verifier_agree(contest in any_contest(), rules in any_rules(), turn in 0usize..9) {
        let (rules, contest) = fitting(rules, contest);
        let mut workspace = Workspace::default();
        let before = agree(&contest, &rules, &[], &mut workspace)?;
        if !rules.ties.contains(&TieBreak::Lot) {
            return Ok(());
        }
        // Lots settle the ties they were drawn for; new ones can arise behind them, and no certain seat is lost.
        let mut lots = Vec::new();
        let mut allocation = before.clone();
        while allocation.pending > 0 && lots.len() < 20 {
            lots.extend(draw(&allocation, turn));
            let after = agree(&contest, &rules, &lots, &mut workspace)?;
            for (early, late) in allocation.lists.iter().zip(&after.lists) {
                prop_assert!(late.seats >= early.seats);
                prop_assert!(early.tied || early.seats == late.seats);
            }
            allocation = after;
        }
        prop_assert_eq!(allocation.pending, 0);
    }

    /// A forged result is refused, whatever it says, and never stops the verifier.
    #[test]
    fn a_forged_number_is_refused(
        contest in any_contest(),
        rules in any_rules(),
        list in 0usize..9,
        forged in prop_oneof![0u32..30, Just(u32::MAX)],
    ) {
        let (rules, contest) = fitting(rules, contest);
        let allocation = allocate(&contest, &rules, &[]).unwrap();
        let list = list % contest.lists.len();
        prop_assume!(allocation.lists[list].seats != forged);
        let mut wrong = allocation.clone();
        wrong.lists[list].seats = forged;
        prop_assert!(verify(&contest, &rules, &[], &wrong).is_err());
        if let Some(stage) = wrong.stages.last_mut() {
            stage.contenders[0].seats = forged;
            prop_assert!(verify(&contest, &rules, &[], &wrong).is_err());
        }
        if forged == u32::MAX {
            prop_assert!(verify_seats(&contest, &rules, &wrong.seats()).is_err());
        }
    }

    #[test]
    fn the_order_of_lists_means_nothing(contest in any_contest(), rules in any_rules(), turn in 0usize..9) {
        let (rules, contest) = fitting(rules, contest);
        let mut workspace = Workspace::default();
        let plain = agree(&contest, &rules, &[], &mut workspace)?;
        let by = turn % contest.lists.len();
        let mut turned = contest.clone();
        turned.lists.rotate_left(by);
        turned.lists.reverse();
        let mut other = agree(&turned, &rules, &[], &mut workspace)?;
        other.lists.reverse();
        other.lists.rotate_right(by);
        prop_assert_eq!(&other.lists, &plain.lists);
        prop_assert_eq!((other.pending, other.unassigned, other.silences), (plain.pending, plain.unassigned, plain.silences));
    }
}
