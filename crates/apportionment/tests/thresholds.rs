//! Thresholds that are waived, are a quota, or are widened when few pass. Votes here are made up; the rules are real.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

fn checked(contest: &Contest, rules: &Rules) -> Allocation {
    let allocation = allocate(contest, rules, &[]).unwrap();
    assert_eq!(verify(contest, rules, &[], &allocation), Ok(()));
    allocation
}

fn eligibility(allocation: &Allocation) -> Vec<Eligibility> {
    let lists = allocation.lists.iter();
    lists.map(|list| list.eligibility).collect()
}

/// The Dutch lower chamber: a list needs one quota, V / s, and exactly one is enough.
#[test]
fn one_quota() {
    let threshold = Threshold {
        per_seat: true,
        ..Threshold::of_list_votes(1, 1)
    };
    let rules = Rules::of(Method::D_HONDT).with_threshold(threshold);
    let contest = Contest::with_votes(10, &[550, 250, 100, 99, 1]);
    let allocation = checked(&contest, &rules);
    assert_eq!(allocation.seats(), [6, 3, 1, 0, 0]);
    let decision = allocation.lists[2].threshold.unwrap();
    assert_eq!(
        (decision.base, decision.base_parts, decision.passed),
        (1_000, 10, true)
    );
    assert_eq!(
        threshold_distance(&contest, &rules, 3).unwrap(),
        // 101 of 1,002 are enough; 100 of 1,001 are not, because the quota moves along.
        Some(ThresholdDistance::ToPass(2))
    );
}

/// Germany until 2021: 5%, or three seats won directly; Sweden: 4%, or 12% in one constituency.
#[test]
fn waived_by_direct_seats_or_one_district() {
    let threshold = Threshold {
        direct_seats_min: Some(3),
        in_one_district: Some(Fraction::new(12, 100)),
        ..Threshold::of_list_votes(5, 100)
    };
    let rules = Rules::of(Method::SAINTE_LAGUE).with_threshold(threshold);
    let mut contest = Contest::with_votes(20, &[600, 304, 32, 32, 32]);
    contest.lists[2].direct_seats = 3;
    contest.lists[3].direct_seats = 2;
    contest.lists[3].best_district = Some(DistrictShare {
        votes: 119,
        of: 1_000,
    });
    contest.lists[4].best_district = Some(DistrictShare {
        votes: 120,
        of: 1_000,
    });
    let allocation = checked(&contest, &rules);
    use Eligibility::{BelowThreshold, Passed, Waived};
    assert_eq!(
        eligibility(&allocation),
        [Passed, Passed, Waived, BelowThreshold, Waived]
    );
    assert_eq!(allocation.seats(), [12, 6, 1, 0, 1]);
    let mut wrong = allocation;
    wrong.lists[4].eligibility = BelowThreshold;
    assert!(verify(&contest, &rules, &[], &wrong).is_err());
}

/// Russia's law of 2005: those let in must have more than 60% of the votes together.
#[test]
fn more_lists_until_sixty_percent() {
    let widening = |lists_min| Rules {
        widening: Some(Widening::AdmitUntil {
            more_than: Fraction::new(60, 100),
            lists_min,
        }),
        ..Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100))
    };
    // 50% pass; with 6% they have 56%, with 4% exactly 60%, which is not more.
    let contest = Contest::with_votes(10, &[500, 60, 40, 39, 38, 37, 36, 250 / 5, 50, 50, 50, 50]);
    let allocation = checked(&contest, &widening(2));
    use Eligibility::{BelowThreshold, Passed, RescueAdmitted};
    assert_eq!(
        eligibility(&allocation)[..3],
        [Passed, RescueAdmitted, BelowThreshold]
    );
    // The five lists of 50 votes come in together, because nothing tells them apart.
    assert_eq!(eligibility(&allocation)[7..], [RescueAdmitted; 5]);
    assert_eq!(allocation.silences, [Silence::RunnerUpTie]);
    // Enough votes, too few lists.
    let contest = Contest::with_votes(10, &[900, 60, 40]);
    assert_eq!(checked(&contest, &widening(1)).seats(), [10, 0, 0]);
    let allocation = checked(&contest, &widening(2));
    assert_eq!(
        eligibility(&allocation),
        [Passed, RescueAdmitted, BelowThreshold]
    );
    assert_eq!(allocation.seats(), [9, 1, 0]);
}

/// Czechia and Slovakia: the threshold falls point by point until enough lists pass.
#[test]
fn a_threshold_that_is_lowered() {
    let rules = |lists_min| Rules {
        widening: Some(Widening::LowerBy {
            step: Fraction::new(1, 100),
            lists_min,
        }),
        ..Rules::of(Method::D_HONDT).with_threshold(Threshold::of_list_votes(5, 100))
    };
    let contest = Contest::with_votes(10, &[840, 45, 41, 38, 36]);
    use Eligibility::{BelowThreshold, Passed, RescueAdmitted};
    // At 4% two more pass, together: the first alone would have been enough.
    let four = [
        Passed,
        RescueAdmitted,
        RescueAdmitted,
        BelowThreshold,
        BelowThreshold,
    ];
    assert_eq!(eligibility(&checked(&contest, &rules(2))), four);
    let three = [
        Passed,
        RescueAdmitted,
        RescueAdmitted,
        RescueAdmitted,
        RescueAdmitted,
    ];
    assert_eq!(eligibility(&checked(&contest, &rules(4))), three);
    assert_eq!(
        eligibility(&checked(&contest, &rules(1)))[1..],
        [BelowThreshold; 4]
    );
    // More lists than there are: everyone with a vote comes in, and there is an end.
    assert_eq!(eligibility(&checked(&contest, &rules(9))), three);
}

#[test]
fn what_is_no_widening_is_refused() {
    let contest = Contest::with_votes(5, &[3, 2]);
    let widening = |widening| Rules {
        widening: Some(widening),
        ..Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(5, 100))
    };
    let by = |numerator, denominator| Widening::LowerBy {
        step: Fraction::new(numerator, denominator),
        lists_min: 2,
    };
    for step in [by(0, 1), by(2, 1), by(1, 0), by(1, 1_001)] {
        let error = allocate(&contest, &widening(step), &[]).unwrap_err();
        assert!(
            error.to_string().starts_with("rules.widening.step is"),
            "{error}"
        );
    }
    let without = Rules {
        threshold: None,
        ..widening(by(1, 100))
    };
    assert_eq!(
        allocate(&contest, &without, &[]),
        Err(ContestError::WideningNeedsThreshold)
    );
    let both = Rules {
        rescue: Some(Rescue::KAZAKHSTAN_2021),
        ..widening(by(1, 100))
    };
    assert_eq!(
        allocate(&contest, &both, &[]),
        Err(ContestError::RescueBesideWidening)
    );
}
