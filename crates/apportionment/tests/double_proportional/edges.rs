//! Ties and their lots, sums that no table has, limits.

use super::*;

/// Two districts and two lists with equal votes: one seat each way, and either way is lawful until a lot is drawn.
#[test]
fn a_tie_among_cells_waits_for_its_lot() {
    let contest = DistrictedContest::with_votes(&[(1, &[100, 100]), (1, &[100, 100])]);
    let rules = DoubleProportional::default();
    let open = checked(&contest, &rules);
    assert_eq!(open.outcome(), Outcome::Tied);
    let lower = open.lower.as_ref().unwrap();
    assert_eq!(lower.seats, [[0, 0], [0, 0]]);
    let cell = |district, list| Cell { district, list };
    let [tie] = lower.ties.as_slice() else {
        panic!("{:?}", lower.ties)
    };
    assert_eq!(tie.seats_at_stake(), 2);
    assert_eq!(
        tie.outcomes(10),
        [[cell(0, 0), cell(1, 1)], [cell(0, 1), cell(1, 0)]]
    );
    assert_eq!(tie.outcomes(1).len(), 1);
    let drawn = CellLot {
        cells: tie.cells.clone(),
        seats_at_stake: 2,
        winners: vec![cell(1, 0), cell(0, 1)],
    };
    let wrong_winners = CellLot {
        winners: vec![cell(0, 0), cell(0, 1)],
        ..drawn.clone()
    };
    let other_tie = CellLot {
        cells: vec![cell(0, 0), cell(0, 1)],
        seats_at_stake: 1,
        winners: vec![cell(0, 0)],
    };
    let lots = [wrong_winners, other_tie, drawn.clone(), drawn];
    let settled = checked_with(&contest, &rules, &[], &lots);
    assert_eq!(settled.outcome(), Outcome::Settled);
    assert_eq!(settled.lower.unwrap().seats, [[0, 1], [1, 0]]);
    let reasons: Vec<VoidReason> = settled.void_lots.iter().map(|void| void.reason).collect();
    assert_eq!(
        reasons,
        [
            VoidReason::WrongWinners,
            VoidReason::NoSuchTie,
            VoidReason::AlreadyDrawn
        ]
    );
}

/// The first district knows list 0 alone and has three seats; all districts together are worth two for that list.
#[test]
fn impossible_sums_name_the_districts_and_lists() {
    let contest = DistrictedContest::with_votes(&[(3, &[10, 0]), (3, &[10, 4000])]);
    let error = allocate(&contest, &DoubleProportional::default(), &[], &[]).unwrap_err();
    assert_eq!(
        error,
        DistrictsError::NoSuchSeats {
            districts: vec![0],
            lists: Vec::new(),
            seats: 3,
            due: 0
        }
    );
    let contest = DistrictedContest::with_votes(&[(3, &[1000, 0, 0]), (3, &[10, 2000, 1900])]);
    let error = allocate(&contest, &DoubleProportional::default(), &[], &[]).unwrap_err();
    assert_eq!(
        error,
        DistrictsError::NoSuchSeats {
            districts: vec![0],
            lists: vec![0],
            seats: 3,
            due: 1
        }
    );
    assert!(
        error
            .to_string()
            .contains("districts [0] have votes for [0] only")
    );
}

#[test]
fn no_votes_and_no_quorum_are_states_of_the_result() {
    let rules = with_quorum(one_district(5));
    let none = DistrictedContest::with_votes(&[(3, &[0, 0]), (2, &[0, 0])]);
    let allocation = checked(&none, &rules);
    assert_eq!(
        (allocation.outcome(), allocation.lower),
        (Outcome::NoneYet, None)
    );
    assert_eq!(allocation.upper.unassigned, 5);
}

#[test]
fn limits_and_missing_counts_are_named() {
    let refused = |contest: &DistrictedContest, rules: &DoubleProportional| {
        allocate(contest, rules, &[], &[]).unwrap_err().to_string()
    };
    let rules = DoubleProportional::default();
    let contest = DistrictedContest::with_votes(&[(3, &[5, 6])]);
    let mut short = contest.clone();
    short.districts[0].votes.pop();
    assert_eq!(
        refused(&short, &rules),
        "district 0 has votes or candidates for 1 lists, and there are 2"
    );
    let mut empty = contest.clone();
    empty.districts[0].seats = 0;
    assert!(refused(&empty, &rules).contains("contest.districts.seats"));
    let huge = DistrictedContest::with_votes(&[(99_999, &[u64::MAX, 1]), (1, &[u64::MAX, 1])]);
    assert!(refused(&huge, &rules).contains("contest.districts.votes"));
    let large = DistrictedContest::with_votes(&[(99_991, &[1 << 60, 1]), (9, &[1 << 60, 1])]);
    assert!(refused(&large, &rules).contains("voters' numbers"));
    let missing = with_quorum(Quorum {
        overall: Some(Threshold {
            base: ThresholdBase::BallotsInBox,
            ..Threshold::of_list_votes(3, 100)
        }),
        one_district: None,
    });
    assert!(refused(&contest, &missing).contains("ballots in the box"));
    let per_seat = with_quorum(Quorum {
        one_district: Some(Threshold {
            per_seat: true,
            ..Threshold::of_list_votes(1, 1)
        }),
        overall: None,
    });
    assert!(refused(&contest, &per_seat).contains("plain share"));
}
