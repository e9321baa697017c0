//! What is told of frames, in words.

use super::*;
use wire::common::v1::{ListSeats, TallyStates, Totals, WidenedRange};
use wire::feed::v1::{FrameEnvelope, FrameRow, FrameTie};

fn contest() -> FrameContest {
    let row = |id: &str, seats| FrameRow {
        option_id: id.into(),
        seats: Some(ListSeats {
            seats: Some(seats),
            ..ListSeats::default()
        }),
        ..FrameRow::default()
    };
    FrameContest {
        contest_id: "council".into(),
        state: SeatsState::Provisional.into(),
        seats: 10,
        rows: vec![row("a", 6), row("b", 3)],
        ..FrameContest::default()
    }
}

fn body(house_size: u32, stage: Stage) -> FrameBody {
    FrameBody {
        house_size,
        stage: stage.into(),
        contests: vec![contest()],
        ..FrameBody::default()
    }
}

#[test]
fn what_is_certified_is_not_called_provisional() {
    let whole = FrameContest {
        districts_with_seats: 1,
        districts_declared: 1,
        ..contest()
    };
    let told = |stage| contest_state(&whole, stage);
    assert!(told(Stage::CompleteUnofficial).contains("provisional"));
    for stage in [Stage::Declared, Stage::Certified] {
        assert!(!told(stage).contains("provisional"), "{}", told(stage));
    }
    assert!(told(Stage::Certified).starts_with("certified"));
    // One of two districts, or other seats than ours: nothing of it is called so.
    for other in [
        FrameContest {
            districts_with_seats: 2,
            ..whole.clone()
        },
        FrameContest {
            declaration_differs: true,
            ..whole.clone()
        },
    ] {
        assert!(contest_state(&other, Stage::Certified).contains("provisional"));
    }
    let withheld = FrameContest {
        state: SeatsState::Withheld.into(),
        ..contest()
    };
    assert!(contest_state(&withheld, Stage::Certified).contains("withheld"));
}

#[test]
fn one_seat_is_one_seat() {
    let mut contest = contest();
    contest.seats_unassigned = 1;
    let told = |contest: &FrameContest| contest_state(contest, Stage::PartialUnofficial);
    assert!(told(&contest).ends_with("; 1 seat stays unassigned"));
    (contest.seats_outside, contest.seats_pending) = (1, 2);
    contest.seats_unassigned = 3;
    let text = told(&contest);
    assert!(text.contains("; 1 seat is a person's without a list; 2 seats hang on what is open"));
    assert!(text.ends_with("; 3 seats stay unassigned"), "{text}");
}

#[test]
fn the_count_is_not_contradicted_by_a_stage_that_nobody_has_set() {
    let mut body = body(10, Stage::PreElection);
    assert_eq!(stage(&body), "pre election");
    body.contests[0].totals = Some(Totals {
        states: Some(TallyStates {
            counted: 1,
            ..TallyStates::default()
        }),
        ..Totals::default()
    });
    assert_eq!(stage(&body), "count under way, no stage announced");
    body.set_stage(Stage::PartialUnofficial);
    assert_eq!(stage(&body), "partial unofficial");
}

#[test]
fn a_majority_is_one_of_the_house() {
    let told = |house| majority(&body(house, Stage::PreElection), &contest());
    assert_eq!(told(10), "10 seats, majority 6");
    assert_eq!(told(150), "10 seats here, majority 76 of a house of 150");
}

#[test]
fn what_a_frame_had_no_room_for_is_counted() {
    let mut contest = contest();
    assert!(left_out(&contest).is_empty());
    contest.rows_left_out = 9_998;
    contest.districts_left_out = 1;
    contest.ties = vec![FrameTie::default(); 16];
    contest.ties_left_out = 4;
    let lines = left_out(&contest);
    let wanted = [
        "  only 2 of 10\u{202f}000 lists are shown: the frame has no room for 9\u{202f}998",
        "  only 0 of 1 districts are shown: the frame has no room for 1",
    ];
    assert_eq!(lines, wanted);
    // Ties are counted once, with those that are shown.
    let told = ties(&contest, &Names::default(), &ScreenRules::default());
    assert_eq!((told.len(), told[8].as_str()), (9, "  and 12 more ties"));
    let body = FrameBody {
        contests_left_out: 3,
        ..body(10, Stage::PreElection)
    };
    let told = contests_left_out(&body).unwrap();
    assert!(told.starts_with("only 1 of 4 contests are shown"), "{told}");
}

#[test]
fn declared_seats_of_districts_stand_beside_ours_where_they_differ() {
    let district = |id: &str, declared: &[u32]| FrameDistrict {
        district_id: id.into(),
        seats: 5,
        row_indexes: vec![0, 1],
        row_seats: vec![3, 2],
        state: SeatsState::Provisional.into(),
        is_declared: !declared.is_empty(),
        declared_row_indexes: (0..).take(declared.len()).collect(),
        declared_row_seats: declared.to_vec(),
        ..FrameDistrict::default()
    };
    let mut contest = contest();
    contest.districts = vec![
        district("north", &[3, 2]),
        district("south", &[2, 3]),
        district("west", &[]),
    ];
    (contest.districts_with_seats, contest.districts_declared) = (3, 2);
    let lines = declared(&contest, &Names::default());
    assert_eq!(lines[0], "  declared in 2 of 3 districts: not yet west");
    assert_eq!(lines[1], "  declared in south: a 2, b 3; ours: a 3, b 2");
    assert_eq!(lines.len(), 2, "north is as ours");
    contest.districts[1].state = SeatsState::Withheld.into();
    assert_eq!(
        declared(&contest, &Names::default()).len(),
        1,
        "ours are not known"
    );
    contest.districts_declared = 0;
    assert!(declared(&contest, &Names::default()).is_empty());
}

#[test]
fn the_next_seat_is_told_and_districts_without_a_claim_are() {
    use wire::common::v1::{CertainSeats, NextSecuredSeat};
    let next = NextSecuredSeat {
        option_id: "a".into(),
        seats: 7,
        ballots: 234,
        is_soonest: true,
        district_id: String::new(),
    };
    let mut contest = FrameContest {
        certain: Some(CertainSeats {
            seats_secured: 8,
            next: vec![next],
            ..CertainSeats::default()
        }),
        ..contest()
    };
    let told = |contest: &FrameContest| certain(contest, &Names::default()).join("\n");
    let text = told(&contest);
    assert!(
        text.ends_with("a seat more would be secured by the next 234 ballots, if all were for a"),
        "{text}"
    );
    contest.certain.as_mut().unwrap().districts_without_claim = 2;
    let text = told(&contest);
    assert!(text.contains("2 districts without a claim"), "{text}");
    assert!(!text.contains("no ballot is outstanding"), "{text}");
}

#[test]
fn what_lists_have_together_is_told() {
    use wire::common::v1::{CertainSeats, Certainty, CoalitionSeats};
    let coalition = |fewest, most, majority: Certainty| CoalitionSeats {
        option_ids: vec!["a".into(), "b".into()],
        seats_fewest: fewest,
        seats_most: most,
        has_majority: majority.into(),
        ..CoalitionSeats::default()
    };
    let contest = FrameContest {
        certain: Some(CertainSeats {
            coalitions: vec![
                coalition(6, 9, Certainty::Certain),
                coalition(1, 1, Certainty::Excluded),
                coalition(0, 9, Certainty::Open),
                coalition(2, 2, Certainty::Unspecified),
            ],
            ..CertainSeats::default()
        }),
        ..contest()
    };
    let told = certain(&contest, &Names::default());
    assert_eq!(
        told[1..],
        [
            "a and b together: 6\u{2013}9 seats; the majority is certain",
            "a and b together: 1 seat; a majority is excluded",
            "a and b together: 0\u{2013}9 seats; a majority is open",
            "a and b together: 2 seats",
        ]
    );
    // Where nothing is claimed of the contest that is all that is told.
    let mut silent = contest;
    silent.certain.as_mut().unwrap().no_claim = "UNBOUNDED".into();
    assert_eq!(certain(&silent, &Names::default()).len(), 1);
}

#[test]
fn ranges_that_are_not_told_are_counted() {
    let range = |option: &str| WidenedRange {
        contest_id: "list".into(),
        option_id: option.into(),
        ..WidenedRange::default()
    };
    let told = |ranges: &[WidenedRange]| {
        let envelope = FrameEnvelope {
            widened_ranges: ranges.to_vec(),
            ..FrameEnvelope::default()
        };
        let contest = FrameContest {
            contest_id: "list".into(),
            ..FrameContest::default()
        };
        widened(&envelope, &contest, &Names::default())
    };
    let five = ["a", "b", "c", "d", "e"].map(range);
    assert_eq!(told(&five[..3]).len(), 3);
    assert_eq!(told(&five).last().unwrap(), "2 more ranges had to widen");
    let elsewhere = WidenedRange {
        contest_id: "mayor".into(),
        ..range("f")
    };
    assert_eq!(told(&[&five[..3], &[elsewhere]].concat()).len(), 3);
}
