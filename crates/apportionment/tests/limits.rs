//! Limits: every refusal names the field, the value and the limit; inside them nothing can overflow.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

fn error(contest: &Contest, rules: &Rules) -> String {
    allocate(contest, rules, &[]).unwrap_err().to_string()
}

#[test]
fn refusals_name_field_value_and_limit() {
    let hare = Rules::of(Method::HARE);
    let some = Contest::with_votes(5, &[10, 20]);
    assert_eq!(
        error(&Contest::with_votes(0, &[1]), &hare),
        "contest.seats is 0; at least 1 is needed"
    );
    assert_eq!(
        error(&Contest::with_votes(100_001, &[1]), &hare),
        "contest.seats is 100001; at most 100000 is allowed"
    );
    assert_eq!(
        error(&Contest::with_votes(5, &[]), &hare),
        "contest.lists is 0; at least 1 is needed"
    );
    assert_eq!(
        error(&Contest::with_votes(5, &vec![1; 10_001]), &hare),
        "contest.lists is 10001; at most 10000 is allowed"
    );
    let mut grouped = some.clone();
    grouped.lists[1].group = Some(2);
    assert_eq!(
        error(&grouped, &hare),
        "contest.lists.group is 2; at most 1 is allowed"
    );

    let threshold = |numerator, denominator| {
        hare.clone()
            .with_threshold(Threshold::of_list_votes(numerator, denominator))
    };
    assert!(
        error(&some, &threshold(7, 0))
            .starts_with("rules.threshold.share is 7/0; it must be between 0 and 1")
    );
    assert!(error(&some, &threshold(101, 100)).starts_with("rules.threshold.share is 101/100"));
    let issued = Threshold {
        base: ThresholdBase::BallotsIssued,
        ..Threshold::of_list_votes(7, 100)
    };
    assert_eq!(
        error(&some, &hare.clone().with_threshold(issued)),
        "the threshold is measured against ballots issued, and that count was not given"
    );
    let first = |numerator, denominator| {
        Rules::of(Method::Divisors(Divisors::ModifiedSainteLague {
            first: Fraction::new(numerator, denominator),
        }))
    };
    for (numerator, denominator) in [(0, 1), (3, 1), (1, 0), (1_400, 1_001)] {
        assert!(
            error(&some, &first(numerator, denominator))
                .starts_with("rules.stages.method.first is")
        );
    }
    for (numerator, denominator) in [(0, 1), (11, 10), (1, 0), (9, 11)] {
        let exponent = Fraction::new(numerator, denominator);
        let rules = Rules::of(Method::Divisors(Divisors::Power { exponent }));
        assert!(error(&some, &rules).starts_with("rules.stages.method.exponent is"));
    }
    assert_eq!(
        error(
            &some,
            &Rules {
                stages: vec![],
                ..hare.clone()
            }
        ),
        "rules.stages is 0; at least 1 is needed"
    );
    let open = Stage {
        seats: StageSeats::AtMost(3),
        ..Stage::all(Method::HARE)
    };
    assert!(
        error(
            &some,
            &Rules {
                stages: vec![open],
                ..hare.clone()
            }
        )
        .starts_with("rules.stages: the last stage")
    );
    let behind = Rules {
        ties: vec![TieBreak::Lot, TieBreak::MoreVotes],
        ..hare.clone()
    };
    assert_eq!(
        error(&some, &behind),
        "rules.ties: the lot stands last, because it settles everything"
    );
    let rescued = Rules {
        rescue: Some(Rescue::KAZAKHSTAN_2021),
        ..Rules::of(Method::D_HONDT)
    };
    assert!(error(&some, &rescued).starts_with("rules.rescue needs"));
    assert_eq!(
        margin(&some, &hare, &[], 2, Change::Added, Effect::Gain),
        Err(ContestError::UnknownList { list: 2, lists: 2 })
    );
}

/// The largest of everything at once, under every kind of key.
#[test]
fn the_largest_contest_allowed() {
    let mut contest = Contest::with_votes(SEATS_MAX, &vec![u64::MAX; LISTS_MAX]);
    contest.lists[0].votes = 1;
    let widest_first = Fraction::new(2_999, 1_000);
    let methods = [
        Method::HARE,
        Method::DROOP,
        Method::IMPERIALI,
        Method::D_HONDT,
        Method::SAINTE_LAGUE,
        Method::Divisors(Divisors::ModifiedSainteLague {
            first: widest_first,
        }),
        Method::DANISH,
        Method::IMPERIALI_DIVISORS,
        Method::ADAMS,
    ];
    for method in methods {
        let threshold = Threshold {
            share: Fraction::new(0, THRESHOLD_DENOMINATOR_MAX),
            ..Threshold::of_list_votes(0, 1)
        };
        let rules = Rules::of(method).with_threshold(threshold);
        let allocation = allocate(&contest, &rules, &[]).unwrap();
        assert_eq!(verify(&contest, &rules, &[], &allocation), Ok(()));
        // 9,999 equal lists: ten seats each for certain, and the last ten seats (nine, where every list has a first one
        // before all others) are tied among all of them.
        let first = u32::from(allocation.lists[0].seats > 0);
        assert_eq!(first == 1, method == Method::ADAMS);
        assert!(
            allocation.lists[1..]
                .iter()
                .all(|list| list.seats == 10 && list.tied)
        );
        assert_eq!(allocation.pending, 10 - first);
    }
}

#[test]
fn the_largest_group_and_the_finest_rescue() {
    let mut contest = Contest::with_votes(SEATS_MAX, &vec![u64::MAX; LISTS_MAX]);
    contest
        .lists
        .iter_mut()
        .for_each(|list| list.group = Some(0));
    contest.lists[0] = List::with_votes(u64::MAX);
    let joined = Rules {
        apparentment: Some(Apparentment::default()),
        ..Rules::of(Method::SAINTE_LAGUE)
    };
    let allocation = allocate(&contest, &joined, &[]).unwrap();
    assert_eq!(verify(&contest, &joined, &[], &allocation), Ok(()));
    assert_eq!(
        allocation.seats().iter().sum::<u32>() + allocation.pending,
        SEATS_MAX
    );

    let rescue = Rescue {
        factor: Parameter::verified(Fraction::new(999, 1_000)),
        ..Rescue::KAZAKHSTAN_2021
    };
    let most = Threshold::of_list_votes(1, 2);
    let rescued = Rules {
        rescue: Some(rescue),
        ..Rules::of(Method::IMPERIALI).with_threshold(most)
    };
    let contest = Contest::with_votes(SEATS_MAX, &[u64::MAX, u64::MAX - 2]);
    let allocation = allocate(&contest, &rescued, &[]).unwrap();
    assert_eq!(verify(&contest, &rescued, &[], &allocation), Ok(()));
    assert_eq!(allocation.lists[1].eligibility, Eligibility::RescueAdmitted);
    assert_eq!(allocation.seats().iter().sum::<u32>(), SEATS_MAX);
}

/// A group of all lists and a single one, at the largest votes: powers of such weights need some 1,000 bits.
#[test]
fn the_largest_roots() {
    let mut contest = Contest::with_votes(SEATS_MAX, &vec![u64::MAX; LISTS_MAX]);
    contest
        .lists
        .iter_mut()
        .for_each(|list| list.group = Some(0));
    contest.lists[0].group = None;
    let exponent = Fraction::new(9, 10);
    for divisors in [
        Divisors::Power { exponent },
        Divisors::HuntingtonHill,
        Divisors::Dean,
    ] {
        let rules = Rules {
            apparentment: Some(Apparentment {
                inside: Some(vec![Stage::all(Method::HARE)]),
                ..Apparentment::default()
            }),
            ..Rules::of(Method::Divisors(divisors))
        };
        let allocation = allocate(&contest, &rules, &[]).unwrap();
        assert_eq!(verify(&contest, &rules, &[], &allocation), Ok(()));
        assert!(allocation.lists[1].seats >= 9);
    }
}

/// Near 2^62 and 2^63 other libraries wrap; floats cannot tell these apart at all.
#[test]
fn one_vote_decides_among_huge_ones() {
    let half = 1u64 << 62;
    let seats = |votes: [u64; 2]| {
        allocate(
            &Contest::with_votes(3, &votes),
            &Rules::of(Method::SAINTE_LAGUE),
            &[],
        )
        .unwrap()
        .seats()
    };
    assert_eq!(seats([half + 1, half]), [2, 1]);
    assert_eq!(seats([half, half + 1]), [1, 2]);
    assert_eq!(seats([u64::MAX, u64::MAX - 1]), [2, 1]);
}

/// F28: where a seat stays empty, the seats of the lists are fewer than the council, and no sum pretends otherwise.
#[test]
fn f28_an_empty_seat_is_nobodys_and_no_sum_counts_it() {
    let rules = Rules {
        exhausted: ExhaustedList::StaysEmpty,
        ..Rules::of(Method::D_HONDT)
    };
    let mut contest = Contest::with_votes(5, &[700, 290, 200]);
    contest.lists[0].candidates = Some(2);
    let allocation = allocate(&contest, &rules, &[]).unwrap();
    assert_eq!(verify(&contest, &rules, &[], &allocation), Ok(()));
    assert_eq!(
        (allocation.seats(), allocation.unassigned),
        (vec![2, 1, 1], 1)
    );
    assert_eq!(allocation.outcome, Outcome::Settled);
    assert_eq!(verify_seats(&contest, &rules, &[2, 1, 1]), Ok(()));
    // A council that is said to be full is refused, whoever the seat is given to.
    for list in 0..3 {
        let mut wrong = allocation.clone();
        wrong.lists[list].seats += 1;
        wrong.unassigned = 0;
        assert!(verify(&contest, &rules, &[], &wrong).is_err());
    }
    let wrong = Allocation {
        unassigned: 0,
        ..allocation
    };
    let found = verify(&contest, &rules, &[], &wrong).unwrap_err();
    assert!(
        found.contains(&Refusal::HouseSize { house: 5, found: 4 }),
        "{found:?}"
    );
}
