//! Every sum of explanations of random contests under random rules.

use crate::sums::{Asked, recompute};
use apportionment::*;
use explanation::Language;
use proptest::prelude::*;

fn any_method() -> impl Strategy<Value = Method> {
    let kinds = [
        QuotaKind::Hare,
        QuotaKind::Droop,
        QuotaKind::HagenbachBischoff,
        QuotaKind::Imperiali,
    ];
    let roundings = [
        Rounding::Exact,
        Rounding::Down,
        Rounding::DownPlusOne,
        Rounding::Up,
        Rounding::Nearest,
    ];
    let quotas = (
        prop::sample::select(kinds.to_vec()),
        prop::sample::select(roundings.to_vec()),
    )
        .prop_map(|(kind, rounding)| Method::Quota(Quota { kind, rounding }));
    let power = Divisors::Power {
        exponent: Fraction::new(9, 10),
    };
    let third = Divisors::ModifiedSainteLague {
        first: Fraction::new(4, 3),
    };
    let averages = prop::sample::select(vec![
        Method::D_HONDT,
        Method::SAINTE_LAGUE,
        Method::MODIFIED_SAINTE_LAGUE,
        Method::Divisors(third),
        Method::DANISH,
        Method::IMPERIALI_DIVISORS,
        Method::ADAMS,
        Method::DEAN,
        Method::HUNTINGTON_HILL,
        Method::Divisors(power),
    ]);
    prop_oneof![quotas, averages]
}

fn any_stages() -> impl Strategy<Value = Vec<Stage>> {
    let bar = |method: Method| match method {
        Method::Quota(_) => Some(Fraction::new(3, 4)),
        Method::Divisors(_) => None,
    };
    let chain = (any_method(), any_method()).prop_map(move |(first, last)| {
        let whole = match first {
            Method::Quota(quota) => Stage::whole_quotas(quota),
            Method::Divisors(_) => Stage {
                seats: StageSeats::AtMost(2),
                ..Stage::all(first)
            },
        };
        let middle = Stage {
            bar: bar(last),
            ..Stage::all(last).one_each()
        };
        vec![whole, middle, Stage::all(Method::SAINTE_LAGUE)]
    });
    prop_oneof![3 => any_method().prop_map(|method| vec![Stage::all(method)]), 1 => chain]
}

fn any_threshold() -> impl Strategy<Value = Option<Threshold>> {
    let comparisons = [Comparison::AtLeast, Comparison::MoreThan];
    let bases = [ThresholdBase::ListVotes, ThresholdBase::BallotsInBox];
    let parts = (
        0_u32..30,
        prop::sample::select(vec![30_u32, 100, 1_000]),
        prop::sample::select(comparisons.to_vec()),
        prop::sample::select(bases.to_vec()),
        any::<bool>(),
        any::<bool>(),
    );
    let threshold =
        parts.prop_map(
            |(above, below, comparison, base, per_seat, coalitions)| Threshold {
                comparison,
                base,
                per_seat,
                direct_seats_min: Some(3),
                in_one_district: Some(Fraction::new(12, 100)),
                by_coalition_size: if coalitions {
                    vec![CoalitionShare {
                        size_min: 2,
                        share: Fraction::new(above, below),
                    }]
                } else {
                    Vec::new()
                },
                ..Threshold::of_list_votes(above, below)
            },
        );
    prop::option::of(threshold)
}

#[derive(Debug, Clone, Copy)]
enum Besides {
    Nothing,
    Rescue,
    Joined,
    Majority,
    Widening,
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let besides = prop::sample::select(vec![
        Besides::Nothing,
        Besides::Rescue,
        Besides::Joined,
        Besides::Majority,
        Besides::Widening,
    ]);
    let ties = prop::sample::select(vec![
        Vec::new(),
        vec![TieBreak::Lot],
        vec![
            TieBreak::EarlierRegistration,
            TieBreak::MoreVotes,
            TieBreak::Lot,
        ],
    ]);
    let exhausted =
        prop::sample::select(vec![ExhaustedList::NextInLine, ExhaustedList::StaysEmpty]);
    let parts = (any_stages(), any_threshold(), besides, ties, exhausted);
    parts.prop_map(|(stages, threshold, besides, ties, exhausted)| {
        let rules = Rules {
            stages,
            threshold,
            ties,
            exhausted,
            ..Rules::of(Method::HARE)
        };
        let is_quota = matches!(
            rules.stages[..],
            [Stage {
                method: Method::Quota(_),
                ..
            }]
        );
        match besides {
            Besides::Rescue if is_quota => Rules {
                rescue: Some(Rescue::KAZAKHSTAN_2021),
                ..rules
            },
            Besides::Joined => Rules {
                apparentment: Some(Apparentment::default()),
                ..rules
            },
            Besides::Majority => Rules {
                majority: Some(Majority::TakesLastSeat),
                ..rules
            },
            Besides::Widening if rules.threshold.is_some() => Rules {
                widening: Some(Widening::LowerBy {
                    step: Fraction::new(1, 100),
                    lists_min: 3,
                }),
                ..rules
            },
            Besides::Nothing | Besides::Rescue | Besides::Widening => rules,
        }
    })
}

fn any_contest() -> impl Strategy<Value = Contest> {
    let votes = prop_oneof![0_u64..12, 0_u64..1_000, 0_u64..2_000_000, any::<u64>()];
    let list = (
        votes,
        prop::option::weighted(0.2, 0_u32..6),
        prop::option::of(0_u64..3),
        (
            1_u32..4,
            prop::bool::weighted(0.1),
            0_u32..5,
            prop::bool::ANY,
        ),
        prop::option::of((0_u32..2, prop::option::of(0_u32..2))),
    );
    let lists = prop::collection::vec(list, 1..7);
    (1_u32..30, lists).prop_map(|(seats, lists)| {
        let groups = u32::try_from(lists.len()).unwrap().min(2);
        let lists: Vec<List> = lists
            .into_iter()
            .map(
                |(votes, candidates, registration, (size, exempt, direct, strong), joined)| List {
                    candidates,
                    registration,
                    coalition_size: size,
                    exempt,
                    direct_seats: direct,
                    best_district: strong.then_some(DistrictShare { votes: 1, of: 7 }),
                    group: joined.map(|(group, _)| group % groups),
                    subgroup: joined
                        .and_then(|(_, subgroup)| subgroup)
                        .map(|one| one % groups),
                    ..List::with_votes(votes)
                },
            )
            .collect();
        let ballots = lists
            .iter()
            .map(|list| u128::from(list.votes))
            .sum::<u128>();
        Contest {
            seats,
            base: BaseCounts {
                ballots_in_box: u64::try_from(ballots + 5).ok().or(Some(u64::MAX)),
                ..BaseCounts::default()
            },
            lists,
            quota_of: None,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn every_sum_holds(contest in any_contest(), rules in any_rules()) {
        let names = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta"];
        let names = &names[..contest.lists.len()];
        let voted = contest.lists.iter().filter(|list| list.votes > 0).count();
        let asked = Asked::new(names, contest, rules);
        for language in Language::ALL {
            let number = recompute(&asked.explained(language, None), language);
            prop_assert!(number.is_ok(), "{}", number.unwrap_err());
            prop_assert!(number.unwrap() > 0 || voted < 2);
        }
    }
}
