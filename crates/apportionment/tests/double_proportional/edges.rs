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

/// A lot whose tie changed after it was drawn is void and says so, whatever changed it: other votes beside it, which take a
/// cell out of it or the tie away. What it does not settle is open again.
#[test]
fn a_lot_whose_tie_changed_is_void_and_says_so() {
    let rules = DoubleProportional::default();
    let three = DistrictedContest::with_votes(&[
        (1, &[100, 100, 100]),
        (1, &[100, 100, 100]),
        (1, &[100, 100, 100]),
    ]);
    let open = checked(&three, &rules);
    let [tie] = open.lower.as_ref().unwrap().ties.as_slice() else {
        panic!("one tie, not {:?}", open.lower)
    };
    assert_eq!((tie.cells.len(), tie.seats_at_stake()), (9, 3));
    let lot = CellLot {
        cells: tie.cells.clone(),
        seats_at_stake: 3,
        winners: tie.outcomes(1).pop().unwrap(),
    };
    let lots = [lot];
    let settled = checked_with(&three, &rules, &[], &lots);
    assert_eq!(
        (settled.outcome(), settled.void_lots.len()),
        (Outcome::Settled, 0)
    );
    let void = [VoidLot {
        lot: 0,
        reason: VoidReason::NoSuchTie,
    }];
    // A correction gives one cell ten votes more: its seat is certain, and four cells are left of the tie.
    let mut changed = three.clone();
    changed.districts[0].votes[0] = 110;
    let smaller = checked_with(&changed, &rules, &[], &lots);
    assert_eq!(smaller.outcome(), Outcome::Tied);
    assert_eq!(smaller.void_lots, void);
    let lower = smaller.lower.as_ref().unwrap();
    assert_eq!(lower.seats, [[1, 0, 0], [0, 0, 0], [0, 0, 0]]);
    assert_eq!(lower.ties[0].cells.len(), 4);
    // A result that keeps the lot as if it had been used, or settles by it, is refused.
    let refused = |wrong: &DoubleAllocation| verify(&changed, &rules, &[], &lots, wrong).is_err();
    let mut wrong = smaller.clone();
    wrong.void_lots.clear();
    assert!(refused(&wrong));
    let mut wrong = smaller.clone();
    wrong.void_lots[0].reason = VoidReason::WrongWinners;
    assert!(refused(&wrong));
    // Two more corrections, and nothing is tied at all.
    changed.districts[1].votes[1] = 110;
    changed.districts[2].votes[2] = 110;
    let none = checked_with(&changed, &rules, &[], &lots);
    assert_eq!(none.outcome(), Outcome::Settled);
    assert_eq!(none.void_lots, void);
}

/// Lists that have nearly all their votes in small districts are due seats that only the large one has room for: their
/// multipliers are worlds apart, and nearly every seat would be transferred by itself if these had 32 bits alone.
#[test]
fn multipliers_that_are_worlds_apart() {
    let contest = DistrictedContest::with_votes(&[
        (20_000, &[1, 1 << 40, 700, 3]),
        (2, &[1 << 48, 9, 1 << 30, 1 << 20]),
        (3, &[5, 1 << 33, 1 << 45, 1 << 44]),
    ]);
    let settled = checked(&contest, &DoubleProportional::default());
    let seats = settled.lower.unwrap().seats;
    assert_eq!(seats[0].iter().sum::<u32>(), 20_000);
    assert!(seats[0][0] > 1_000, "{seats:?}");
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
