//! Small contests of every kind of rule, against all of their completions.

use super::brute::{Score, score, truth};
use apportionment::bounds::{Outstanding, bound_seats};
use apportionment::*;
use proptest::prelude::*;

const ROUNDINGS: [Rounding; 5] = [
    Rounding::Exact,
    Rounding::Down,
    Rounding::DownPlusOne,
    Rounding::Up,
    Rounding::Nearest,
];

fn quota_methods() -> impl Strategy<Value = Method> {
    let kinds = [
        QuotaKind::Hare,
        QuotaKind::Droop,
        QuotaKind::HagenbachBischoff,
        QuotaKind::Imperiali,
    ];
    (
        prop::sample::select(kinds.to_vec()),
        prop::sample::select(ROUNDINGS.to_vec()),
    )
        .prop_map(|(kind, rounding)| Method::Quota(Quota { kind, rounding }))
}

fn divisor_methods() -> impl Strategy<Value = Method> {
    let power = |numerator, denominator| {
        Method::Divisors(Divisors::Power {
            exponent: Fraction::new(numerator, denominator),
        })
    };
    let first = |numerator| {
        Method::Divisors(Divisors::ModifiedSainteLague {
            first: Fraction::new(numerator, 10),
        })
    };
    prop::sample::select(vec![
        Method::D_HONDT,
        Method::SAINTE_LAGUE,
        Method::MODIFIED_SAINTE_LAGUE,
        first(5),
        first(29),
        Method::DANISH,
        Method::IMPERIALI_DIVISORS,
        Method::ADAMS,
        Method::DEAN,
        Method::HUNTINGTON_HILL,
        power(9, 10),
        power(1, 2),
    ])
}

fn thresholds() -> impl Strategy<Value = Option<Threshold>> {
    let shares = [
        (1, 20),
        (7, 100),
        (1, 10),
        (1, 5),
        (3, 20),
        (13, 40),
        (1, 3),
    ];
    let threshold = (
        prop::sample::select(shares.to_vec()),
        any::<bool>(),
        prop::bool::weighted(0.15),
        prop::option::weighted(0.2, 1u32..4),
    );
    let threshold = threshold.prop_map(|((above, below), strict, per_seat, size)| Threshold {
        comparison: if strict {
            Comparison::MoreThan
        } else {
            Comparison::AtLeast
        },
        per_seat,
        by_coalition_size: size
            .map(|size_min| CoalitionShare {
                size_min,
                share: Fraction::new(1, 4),
            })
            .into_iter()
            .collect(),
        ..Threshold::of_list_votes(above, below)
    });
    prop::option::weighted(0.8, threshold)
}

fn lists(most: u64) -> impl Strategy<Value = Vec<List>> {
    let list = (
        prop_oneof![Just(0), 0..4u64, 0..most],
        prop::option::weighted(0.1, 0u32..4),
        prop::option::weighted(0.7, 0u64..4),
        1u32..3,
        prop::bool::weighted(0.1),
    );
    let list = list.prop_map(
        |(votes, candidates, registration, coalition_size, exempt)| List {
            candidates,
            registration,
            coalition_size,
            exempt,
            ..List::with_votes(votes)
        },
    );
    prop::collection::vec(list, 1..5)
}

fn tie_rules() -> impl Strategy<Value = Vec<TieBreak>> {
    prop::sample::select(vec![
        vec![],
        vec![TieBreak::Lot],
        vec![TieBreak::MoreVotes],
        vec![TieBreak::EarlierRegistration],
        vec![TieBreak::EarlierRegistration, TieBreak::MoreVotes],
        vec![
            TieBreak::MoreVotes,
            TieBreak::EarlierRegistration,
            TieBreak::Lot,
        ],
    ])
}

/// Rules of one stage around a method.
fn rules(method: impl Strategy<Value = Method>) -> impl Strategy<Value = Rules> {
    (
        method,
        thresholds(),
        tie_rules(),
        prop::option::weighted(0.1, 1u32..4),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(method, threshold, ties, seats_max, empty)| Rules {
            threshold,
            ties,
            seats_max,
            exhausted: if empty {
                ExhaustedList::StaysEmpty
            } else {
                ExhaustedList::NextInLine
            },
            ..Rules::of(method)
        })
}

/// A question: which count the threshold is of, and what is outstanding.
fn with_base(
    mut contest: Contest,
    mut rules: Rules,
    (base, beside, ballots): (u8, u64, u64),
) -> (Contest, Rules, Outstanding) {
    let outstanding = Outstanding {
        ballots,
        in_base: base == 2,
    };
    if base > 0
        && let Some(threshold) = &mut rules.threshold
    {
        threshold.base = ThresholdBase::BallotsInBox;
        let votes = u64::try_from(contest.list_votes()).unwrap();
        let counted = if base == 2 { ballots } else { 0 };
        contest.base.ballots_in_box = Some(votes + beside + counted);
    }
    (contest, rules, outstanding)
}

fn check(contest: &Contest, rules: &Rules, outstanding: Outstanding) -> Result<Score, String> {
    let answer = bound_seats(contest, rules, outstanding).map_err(|error| error.to_string())?;
    score(&answer, &truth(contest, rules, outstanding))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn divisors_are_exact(
        lists in lists(40),
        seats in 1u32..9,
        rules in rules(divisor_methods()),
        base in (0u8..3, 0u64..10, 1u64..9),
    ) {
        let contest = Contest { seats, lists, ..Contest::default() };
        let (contest, rules, outstanding) = with_base(contest, rules, base);
        let score = check(&contest, &rules, outstanding);
        let partly = rules.ties.contains(&TieBreak::EarlierRegistration)
            && contest.lists.iter().any(|list| list.registration.is_none());
        prop_assert!(score.is_ok(), "{score:?}");
        prop_assert!(partly || score.unwrap().safe == 0);
    }

    #[test]
    fn quotas_are_exact(
        lists in lists(40),
        seats in 1u32..9,
        rules in rules(quota_methods()),
        base in (0u8..3, 0u64..10, 1u64..9),
    ) {
        let contest = Contest { seats, lists, ..Contest::default() };
        let (contest, rules, outstanding) = with_base(contest, rules, base);
        let score = check(&contest, &rules, outstanding);
        let partly = rules.ties.contains(&TieBreak::EarlierRegistration)
            && contest.lists.iter().any(|list| list.registration.is_none());
        prop_assert!(score.is_ok(), "{score:?}");
        prop_assert!(partly || score.unwrap().safe == 0);
    }
}

/// More votes than above, fewer lists, so that thresholds move by several votes.
fn larger(
    method: impl Strategy<Value = Method>,
) -> impl Strategy<Value = (Contest, Rules, Outstanding)> {
    let votes = prop::collection::vec(prop_oneof![0..30u64, 0..400u64], 2..4);
    (votes, 1u32..12, rules(method), (0u8..3, 0u64..40, 1u64..45)).prop_map(
        |(votes, seats, rules, base)| {
            let contest = Contest::with_votes(seats, &votes);
            with_base(contest, rules, base)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn larger_contests_are_exact(
        (contest, rules, outstanding) in larger(prop_oneof![divisor_methods(), quota_methods()])
    ) {
        let score = check(&contest, &rules, outstanding);
        prop_assert!(score.is_ok(), "{score:?}");
        prop_assert_eq!(score.unwrap().safe, 0);
    }
}

/// Rules beside the stage.
fn beside() -> impl Strategy<Value = Rules> {
    let threshold = Some(Threshold::of_list_votes(7, 100));
    let rescued = Rules {
        threshold: threshold.clone(),
        rescue: Some(Rescue::KAZAKHSTAN_2021),
        ..Rules::of(Method::HARE)
    };
    let never_empty = Rescue {
        rest: Parameter::unverified(RescueRest::StaysEmpty),
        ..Rescue::KAZAKHSTAN_2021
    };
    let widened = |widening| Rules {
        threshold: Some(Threshold::of_list_votes(1, 5)),
        widening: Some(widening),
        ..Rules::of(Method::D_HONDT)
    };
    let majority = |method| Rules {
        majority: Some(Majority::TakesLastSeat),
        ..Rules::of(method)
    };
    let paired = |threshold| Rules {
        threshold,
        apparentment: Some(Apparentment::default()),
        ..Rules::of(Method::D_HONDT)
    };
    prop::sample::select(vec![
        rescued.clone(),
        Rules {
            rescue: Some(never_empty),
            ..rescued
        },
        widened(Widening::LowerBy {
            step: Fraction::new(1, 20),
            lists_min: 2,
        }),
        widened(Widening::AdmitUntil {
            more_than: Fraction::new(60, 100),
            lists_min: 2,
        }),
        majority(Method::HARE),
        majority(Method::SAINTE_LAGUE),
        paired(None),
        paired(threshold.clone()),
        paired(Some(Threshold::of_list_votes(13, 100))),
        Rules {
            threshold,
            apparentment: Some(Apparentment::default()),
            ..Rules::of(Method::SAINTE_LAGUE)
        },
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_200, ..ProptestConfig::default() })]

    /// Nothing is claimed that a rescue, a majority clause or a partner can undo.
    #[test]
    fn rules_beside_the_stage_are_safe(
        votes in prop::collection::vec(prop_oneof![0..10u64, 0..100u64], 1..5),
        seats in 1u32..12,
        rules in beside(),
        ballots in 0u64..9,
        base in 0u8..3,
        groups in prop::collection::vec(prop::option::of(0u32..2), 4),
    ) {
        let mut contest = Contest::with_votes(seats, &votes);
        if rules.apparentment.is_some() {
            for (list, group) in contest.lists.iter_mut().zip(groups) {
                list.group = group.filter(|&group| u64::from(group) < u64::try_from(votes.len()).unwrap());
            }
        }
        let (contest, rules, outstanding) = with_base(contest, rules, (base, 3, ballots));
        let score = check(&contest, &rules, outstanding);
        prop_assert!(score.is_ok(), "{score:?}");
    }
}
