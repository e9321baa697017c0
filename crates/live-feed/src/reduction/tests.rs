//! Frames of the largest elections.

use super::*;
use wire::common::v1::{
    Attribution, Correction, Counts, ListSeats, Publication, SeatsState, UnforeseenEvent,
    UnitTally, VoteChange, WidenedRange,
};
use wire::feed::v1::{FrameDistrict, FrameTie};

fn rows(count: u32, id_bytes: usize) -> Vec<FrameRow> {
    let row = |number: u32| FrameRow {
        option_id: format!("{number:0id_bytes$}"),
        votes: u64::from(number % 977) * 1_000_003,
        seats: Some(ListSeats {
            state: SeatsState::Provisional.into(),
            seats: Some(u32::from(number % 100 == 7) * 3),
            ..Default::default()
        }),
        ..Default::default()
    };
    (0..count).map(row).collect()
}

fn corrections(text_bytes: usize, changes: usize) -> Vec<Correction> {
    let change = VoteChange {
        option_id: "a-list-of-usual-name".into(),
        votes_before: 123_456,
        votes_after: 123_465,
    };
    let correction = Correction {
        attribution: Some(Attribution {
            by: "Territorial election commission No 3".into(),
            reason: "r".repeat(text_bytes),
        }),
        changes: vec![change; changes],
        ..Default::default()
    };
    vec![correction; 20]
}

fn districts(count: u32, lists: u32) -> Vec<FrameDistrict> {
    let district = |number: u32| FrameDistrict {
        district_id: format!("district-number-{number}"),
        state: SeatsState::Provisional.into(),
        seats: 12,
        row_indexes: (0..lists).collect(),
        row_seats: vec![1; usize::try_from(lists).unwrap()],
        tallies: 500,
        tallies_counted: 311,
        ..Default::default()
    };
    (0..count).map(district).collect()
}

fn frame(contests: Vec<FrameContest>, corrections: Vec<Correction>) -> Frame {
    Frame {
        body: Some(FrameBody {
            contests,
            ..Default::default()
        }),
        envelope: Some(FrameEnvelope {
            corrections_count: 20,
            corrections,
            ..Default::default()
        }),
    }
}

fn reduced(mut frame: Frame) -> (FrameBody, FrameEnvelope) {
    reduce(&mut frame);
    assert!(frame.encoded_len() <= FRAME_BYTES_MAX);
    (frame.body.unwrap(), frame.envelope.unwrap())
}

#[test]
fn thirty_nine_lists_in_forty_one_districts_stay_whole() {
    let contest = FrameContest {
        rows: rows(39, 20),
        districts: districts(41, 39),
        ..Default::default()
    };
    let whole = frame(vec![contest], corrections(200, 12));
    let (body, envelope) = reduced(whole.clone());
    assert!(!body.is_reduced);
    assert_eq!((Some(body), Some(envelope)), (whole.body, whole.envelope));
}

#[test]
fn changes_inside_corrections_go_before_any_seat() {
    let contest = FrameContest {
        rows: rows(39, 64),
        districts: districts(160, 39),
        ..Default::default()
    };
    let (body, envelope) = reduced(frame(vec![contest.clone()], corrections(300, 12)));
    assert!(!body.is_reduced, "nothing of it is missing");
    assert_eq!(body.contests, [contest]);
    assert_eq!(envelope.corrections.len(), 20);
    assert!(envelope.corrections.iter().all(|it| it.changes.is_empty()));
}

#[test]
fn the_pure_part_is_the_same_whatever_surrounds_it() {
    // From small ones to such that lose something, byte by byte around the limit.
    let mut seen = [false; 2];
    for count in 150..230 {
        let contest = FrameContest {
            rows: rows(39, 64),
            districts: districts(count, 39),
            ..Default::default()
        };
        let mut alone = frame(vec![contest.clone()], Vec::new()).body.unwrap();
        reduce_body(&mut alone);
        seen[usize::from(alone.is_reduced)] = true;
        for surroundings in [Vec::new(), corrections(10, 1), corrections(2_000, 12)] {
            let (body, _) = reduced(frame(vec![contest.clone()], surroundings));
            assert_eq!(body, alone, "{count} districts");
        }
    }
    assert_eq!(seen, [true; 2]);
}

#[test]
fn of_ten_thousand_lists_those_with_seats_and_votes_stay_in_the_order_of_the_ballot() {
    let all = rows(10_000, 30);
    let tie = FrameTie {
        option_ids: all.iter().map(|row| row.option_id.clone()).collect(),
        seats_at_stake: 2,
        district_id: String::new(),
    };
    let contest = FrameContest {
        rows: all.clone(),
        ties: vec![tie],
        ..Default::default()
    };
    let (body, _) = reduced(frame(vec![contest], corrections(100, 3)));
    let contest = &body.contests[0];
    assert!(body.is_reduced);
    assert_eq!(
        contest.ties[0].seats_at_stake, 2,
        "that there is a tie is said"
    );
    let kept = &contest.rows;
    assert_eq!(kept.len(), 256);
    let has_seats = |row: &&FrameRow| row.seats.unwrap().seats > Some(0);
    let winners = |rows: &[FrameRow]| rows.iter().filter(has_seats).count();
    assert_eq!(winners(kept), winners(&all));
    let mut rest = all.iter();
    assert!(
        kept.iter().all(|row| rest.any(|it| it == row)),
        "in their order"
    );
    let least = kept
        .iter()
        .filter(|row| !has_seats(row))
        .map(|row| row.votes)
        .min();
    let left_out = all.iter().filter(|row| !kept.contains(row));
    assert!(left_out.map(|row| row.votes).max() <= least);
    // How many are missing is said, and that they hold nothing.
    assert_eq!(
        (contest.rows_left_out, contest.row_seats_left_out),
        (9_744, 0)
    );
}

#[test]
fn what_is_left_out_is_counted_with_the_seats_that_it_holds() {
    let mut all = rows(2_000, 64);
    for row in &mut all {
        row.seats.as_mut().unwrap().seats = Some(1);
    }
    let contest = || FrameContest {
        rows: all.clone(),
        districts: districts(1_000, 60),
        ties: vec![FrameTie::default(); 1_000],
        ..Default::default()
    };
    let whole = |contests| frame(vec![contest(); contests], Vec::new());
    let (body, _) = reduced(whole(1));
    let one = &body.contests[0];
    assert!(one.district_rows_left_out);
    assert_eq!((one.districts_left_out, one.districts.len()), (1_000, 0));
    assert_eq!((one.rows.len(), one.rows_left_out), (256, 1_744));
    assert_eq!((one.ties.len(), one.ties_left_out), (1_000, 0));
    let (body, _) = reduced(whole(40));
    assert_eq!((body.contests.len(), body.contests_left_out), (16, 24));
    for contest in &body.contests {
        // The same through all steps.
        let rows = u32::try_from(contest.rows.len()).unwrap();
        assert_eq!(rows + contest.rows_left_out, 2_000);
        assert_eq!(rows + contest.row_seats_left_out, 2_000);
        assert_eq!((contest.ties.len(), contest.ties_left_out), (16, 984));
    }
    let mut small = whole(1);
    small.body.as_mut().unwrap().contests[0].rows.truncate(5);
    small.body.as_mut().unwrap().contests[0]
        .districts
        .truncate(5);
    small.body.as_mut().unwrap().contests[0].ties.truncate(5);
    let (body, _) = reduced(small);
    assert!(!body.is_reduced && !body.contests[0].district_rows_left_out);
}

#[test]
fn any_frame_fits() {
    let contest = || FrameContest {
        rows: rows(2_000, 64),
        districts: districts(1_000, 60),
        ties: vec![FrameTie::default(); 1_000],
        ..Default::default()
    };
    let mut frame = frame(vec![contest(); 40], corrections(60_000, 12));
    frame.envelope.as_mut().unwrap().publication = Some(Publication {
        reason: "r".repeat(100_000),
        ..Default::default()
    });
    frame.body.as_mut().unwrap().unit_tallies = vec![UnitTally::default(); 5_000];
    let (body, envelope) = reduced(frame);
    assert!(body.contests.iter().all(|contest| !contest.rows.is_empty()));
    assert_eq!(
        (body.unit_tallies.len(), body.unit_tallies_left_out),
        (64, 4_936)
    );
    assert_eq!(
        envelope.corrections_count, 20,
        "how many there were is said"
    );
}

#[test]
fn a_unit_with_ten_thousand_options_fits() {
    let counts = Counts {
        option_indexes: (0..10_000).collect(),
        votes: vec![1_000_000; 10_000],
        ..Default::default()
    };
    let mut frame = frame(Vec::new(), Vec::new());
    frame.body.as_mut().unwrap().unit_tallies = vec![UnitTally {
        counted_version: Some(1),
        counts: Some(counts),
        ..Default::default()
    }];
    let (body, _) = reduced(frame);
    assert!(body.is_reduced);
    assert_eq!(body.unit_tallies[0].counted_version, Some(1));
}

#[test]
fn ranges_that_had_to_widen_leave_room_for_corrections() {
    let cause = UnforeseenEvent {
        unit_id: "u".repeat(64),
        attribution: Some(Attribution {
            by: "b".repeat(120),
            reason: "r".repeat(120),
        }),
        ..Default::default()
    };
    let range = WidenedRange {
        option_id: "o".repeat(64),
        district_id: "d".repeat(64),
        causes: vec![cause; 3],
        ..Default::default()
    };
    let mut frame = Frame {
        body: Some(FrameBody {
            contests: vec![FrameContest {
                rows: rows(200, 40),
                ..Default::default()
            }],
            ..Default::default()
        }),
        envelope: Some(FrameEnvelope {
            widened_ranges: vec![range; 20],
            widened_ranges_count: 20,
            corrections: corrections(100, 3),
            corrections_count: 20,
            ..Default::default()
        }),
    };
    reduce(&mut frame);
    assert!(frame.encoded_len() <= 32 << 10, "{}", frame.encoded_len());
    let envelope = frame.envelope.unwrap();
    assert!(envelope.widened_ranges.len() >= 5);
    assert_eq!(envelope.widened_ranges_count, 20);
    assert!(!envelope.corrections.is_empty(), "corrections go last");
}

/// Sixteen coalitions of many lists with the longest names are more than a frame has room for.
#[test]
fn coalitions_go_where_a_frame_has_no_room_for_them() {
    use wire::common::v1::{CertainSeats, CoalitionSeats};
    let coalition = CoalitionSeats {
        option_ids: (0..200).map(|number| format!("{number:064}")).collect(),
        ..CoalitionSeats::default()
    };
    let contest = FrameContest {
        rows: rows(200, 64),
        certain: Some(CertainSeats {
            coalitions: vec![coalition; 16],
            ..CertainSeats::default()
        }),
        ..Default::default()
    };
    let (body, _) = reduced(frame(vec![contest], Vec::new()));
    assert!(body.is_reduced);
    assert!(
        body.contests[0]
            .certain
            .as_ref()
            .unwrap()
            .coalitions
            .is_empty()
    );
}
