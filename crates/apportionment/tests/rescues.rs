//! The Kazakh rescue: one list passes and the runner-up is let in. Nobody wrote down what happens at its edges, so each
//! edge is a parameter, and a result that used an unverified one says so.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

fn rules(rescue: Rescue) -> Rules {
    let threshold = Threshold::of_list_votes(7, 100);
    Rules {
        rescue: Some(rescue),
        ..Rules::of(Method::HARE).with_threshold(threshold)
    }
}

fn check(contest: &Contest, rules: &Rules, expected: &[u32], silences: &[Silence]) -> Allocation {
    let allocation = allocate(contest, rules, &[]).unwrap();
    assert_eq!(allocation.seats(), expected);
    assert_eq!(allocation.silences, silences);
    assert_eq!(verify(contest, rules, &[], &allocation), Ok(()));
    assert_eq!(
        Workspace::default()
            .seats(contest, rules, &[])
            .unwrap()
            .seats,
        expected
    );
    allocation
}

const KAZAKH: Rescue = Rescue::KAZAKHSTAN_2021;

#[test]
fn the_floor_and_the_quotas_do_not_fit_together() {
    // Read literally, 99,000 and 500 votes at 39 seats make 38 + 2 = 40.
    let contest = Contest::with_votes(39, &[99_000, 500]);
    let silences = [Silence::RunnerUpFloor, Silence::FloorBeforeQuotas];
    let allocation = check(&contest, &rules(KAZAKH), &[37, 2], &silences);
    assert_eq!(allocation.lists[1].eligibility, Eligibility::RescueAdmitted);
    let afterwards = Rescue {
        floor_first: Parameter::verified(false),
        ..KAZAKH
    };
    let silences = [Silence::RunnerUpFloor];
    check(&contest, &rules(afterwards), &[38, 1], &silences);
    let no_floor = Rescue {
        floor: Parameter::verified(0),
        ..KAZAKH
    };
    check(
        &contest,
        &rules(no_floor),
        &[39, 0],
        &[Silence::SeatsAfterQuotas],
    );
}

#[test]
fn three_seats_left_for_two_lists() {
    // Of 99,996 votes 7% is 6,999.7: the second list fails by a hundred votes, and eleven smaller ones with it.
    let mut votes = vec![30_000, 6_900];
    votes.resize(13, 5_736);
    let contest = Contest::with_votes(39, &votes);
    let mut expected = vec![33, 6];
    expected.resize(13, 0);
    // Quotients 31.707 and 7.293 * 0.7 = 5.105: 31 + 5, then the remainders .707 and .105, then -.293 before -.895.
    let silences = [Silence::SeatsAfterQuotas, Silence::FurtherRounds];
    check(&contest, &rules(KAZAKH), &expected, &silences);

    let one_round = Rescue {
        further_rounds: Parameter::verified(false),
        ..KAZAKH
    };
    expected[0] = 32;
    let allocation = check(
        &contest,
        &rules(one_round),
        &expected,
        &[Silence::SeatsAfterQuotas],
    );
    assert_eq!(allocation.unassigned, 1);

    let empty = Rescue {
        rest: Parameter::verified(RescueRest::StaysEmpty),
        ..KAZAKH
    };
    expected[0] = 31;
    expected[1] = 5;
    let allocation = check(&contest, &rules(empty), &expected, &[]);
    assert_eq!(allocation.unassigned, 3);
}

#[test]
fn a_tie_for_second_place_is_a_tie() {
    let mut contest = Contest::with_votes(39, &[96_000, 2_000, 2_000]);
    let kazakh = rules(KAZAKH);
    let silences = [
        Silence::RunnerUpTie,
        Silence::RunnerUpFloor,
        Silence::FloorBeforeQuotas,
    ];
    let allocation = check(&contest, &kazakh, &[37, 0, 0], &silences);
    assert_eq!((allocation.outcome, allocation.pending), (Outcome::Tied, 2));
    assert_eq!(
        allocation
            .lists
            .iter()
            .map(|list| list.tied)
            .collect::<Vec<_>>(),
        [true, true, true]
    );
    let tie = allocation.rescue_tie.clone().unwrap();
    assert_eq!(
        (tie.lists, tie.seats_at_stake, tie.open_seats),
        (vec![1, 2], 1, 1)
    );

    let with_lot = Rules {
        ties: vec![TieBreak::EarlierRegistration, TieBreak::Lot],
        ..kazakh.clone()
    };
    let lot = Lot {
        stage: StageAt::Rescue,
        lists: vec![2, 1],
        seats_at_stake: 1,
        winners: vec![2],
    };
    let allocation = allocate(&contest, &with_lot, std::slice::from_ref(&lot)).unwrap();
    assert_eq!(
        (allocation.seats(), allocation.pending),
        (vec![37, 0, 2], 0)
    );
    assert_eq!(
        verify(&contest, &with_lot, std::slice::from_ref(&lot), &allocation),
        Ok(())
    );
    assert_eq!(allocation.void_lots, []);
    // Without the lot, or with another one, the same allocation is refused.
    assert!(verify(&contest, &with_lot, &[], &allocation).is_err());
    assert!(
        verify(
            &contest,
            &with_lot,
            &[Lot {
                winners: vec![1],
                ..lot
            }],
            &allocation
        )
        .is_err()
    );

    contest.lists[1].registration = Some(3);
    contest.lists[2].registration = Some(4);
    assert_eq!(
        allocate(&contest, &with_lot, &[]).unwrap().seats(),
        [37, 2, 0]
    );
}

#[test]
fn a_runner_up_with_fewer_candidates_than_seats() {
    let mut contest = Contest::with_votes(39, &[94_000, 6_000]);
    contest.lists[1].candidates = Some(1);
    check(
        &contest,
        &rules(KAZAKH),
        &[38, 1],
        &[
            Silence::RunnerUpFloor,
            Silence::ShortList,
            Silence::SeatsAfterQuotas,
        ],
    );
}

#[test]
fn the_rescue_rests_when_it_is_not_needed() {
    let contest = Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
    check(&contest, &rules(KAZAKH), &[29, 4, 3, 3, 0], &[]);
    // There is no runner-up where nobody else has a vote.
    check(
        &Contest::with_votes(39, &[1_000, 0]),
        &rules(KAZAKH),
        &[39, 0],
        &[],
    );
    let off = Rescue {
        admit_runner_up: Parameter::unverified(false),
        ..KAZAKH
    };
    check(
        &Contest::with_votes(39, &[1_000, 5]),
        &rules(off),
        &[39, 0],
        &[Silence::RunnerUpAdmission],
    );
}

/// Ninety, five, three and two votes: the second list gets two seats although it failed, and no bound may say zero.
#[test]
fn a_runner_up_far_below_the_threshold_gets_its_floor() {
    let contest = Contest::with_votes(39, &[90, 5, 3, 2]);
    let silences = [Silence::RunnerUpFloor, Silence::SeatsAfterQuotas];
    assert_eq!(
        check(&contest, &rules(KAZAKH), &[37, 2, 0, 0], &silences).pending,
        0
    );
}

/// Of two runners-up with equal votes the one that holds seats was admitted, not the one that stands first.
#[test]
fn bare_seats_show_which_runner_up_was_admitted() {
    let mut contest = Contest::with_votes(3, &[8, 3, 3]);
    contest.lists[1].candidates = Some(0);
    let rescue = Rescue {
        floor: Parameter::verified(0),
        ..Rescue::KAZAKHSTAN_2021
    };
    let rules = Rules {
        rescue: Some(rescue),
        ..Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(1, 2))
    };
    assert_eq!(verify_seats(&contest, &rules, &[2, 0, 1]), Ok(()));
    assert!(verify_seats(&contest, &rules, &[2, 1, 0]).is_err());
}
