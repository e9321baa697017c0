//! A drawn lot settles the tie that it was drawn for, and no later one that looks the same.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod support;

use election::command::Command;
use election::ids::{ContestId, DistrictId, OptionId};
use election::report::ReportKind;
use election::rules::{DivisorRule, StageRule, TieRule};
use election::standings::{SeatsResult, district_seats};
use support::{Night, attribution, small};

/// Three seats for two lists by D'Hondt: with as many votes each, the third is a tie.
fn tied() -> Night {
    let mut definition = small(2, 3);
    let rules = &mut definition.rules.contests[0];
    rules.districts[0].seats = 3;
    rules.ties = vec![TieRule::Lot];
    rules.stages = vec![StageRule::HighestAverages {
        divisors: DivisorRule::DHondt,
        first: None,
        exponent: None,
        limits: Default::default(),
    }];
    let mut night = Night::begin(&definition);
    night.submit(night.full("u0", 1, &[100, 100]));
    night
}

fn draw(night: &mut Night, winner: &str) -> usize {
    let option = |id: &str| OptionId::new(id).unwrap();
    let events = night.run(Command::DrawLot {
        contest: ContestId::new("list").unwrap(),
        district: DistrictId::new("city").unwrap(),
        stage: 0,
        tied: vec![option("o0"), option("o1")],
        seats: 1,
        winners: vec![option(winner)],
        attribution: attribution(),
    });
    events.unwrap()
}

/// Seats that are certain, and whether a tie is open.
fn seats(night: &Night) -> (Vec<u32>, bool) {
    let seats = district_seats(night.state.tally(), 0, 0).unwrap();
    let SeatsResult::Allocated(allocation) = seats.result else {
        panic!("seats are known")
    };
    let held = allocation.lists.iter().map(|list| list.seats).collect();
    let is_open = allocation.lists.iter().any(|list| list.tied);
    (held, is_open)
}

#[test]
fn a_lot_settles_its_tie_while_it_stands() {
    let mut night = tied();
    assert_eq!(seats(&night), (vec![1, 1], true));
    assert_eq!(draw(&mut night, "o0"), 1);
    assert_eq!(seats(&night), (vec![2, 1], false));
    assert_eq!(draw(&mut night, "o0"), 0, "it is drawn already");
}

#[test]
fn lists_that_tie_again_with_other_votes_ask_for_another_lot() {
    let mut night = tied();
    draw(&mut night, "o0");
    night.submit(night.full("u1", 1, &[50, 10]));
    assert_eq!(seats(&night), (vec![2, 1], false), "no tie any more");
    night.submit(night.ordered(ReportKind::Correction, "u1", 2, &[70, 70]));
    assert_eq!(seats(&night), (vec![1, 1], true), "another tie");
    assert_eq!(draw(&mut night, "o1"), 1);
    assert_eq!(seats(&night), (vec![1, 2], false));
    // Put right once more, to what the first lot was drawn on: it stands again.
    night.withdraw("u1", 3).unwrap();
    assert_eq!(seats(&night), (vec![2, 1], false));
}

/// Four seats: the third list takes three of them and the two tie for their first seat; then it takes one, and they tie for
/// their second.
#[test]
fn the_same_lists_tie_for_another_seat_when_a_third_one_changes() {
    let mut definition = small(3, 3);
    let rules = &mut definition.rules.contests[0];
    rules.districts[0].seats = 4;
    rules.ties = vec![TieRule::Lot];
    rules.stages = vec![StageRule::HighestAverages {
        divisors: DivisorRule::DHondt,
        first: None,
        exponent: None,
        limits: Default::default(),
    }];
    let mut night = Night::begin(&definition);
    night.submit(night.full("u0", 1, &[100, 100, 310]));
    assert_eq!(seats(&night), (vec![0, 0, 3], true));
    draw(&mut night, "o0");
    assert_eq!(seats(&night), (vec![1, 0, 3], false));
    night.submit(night.ordered(ReportKind::Correction, "u0", 2, &[100, 100, 90]));
    assert_eq!(seats(&night), (vec![1, 1, 1], true), "another seat");
}

#[test]
fn a_tie_under_other_rules_asks_for_another_lot() {
    let mut night = tied();
    draw(&mut night, "o0");
    let mut rules = (*night.state.tally().outline.rules).clone();
    rules.contests[0].districts[0].seats = 5;
    night
        .run(Command::AmendRules {
            rules: Box::new(rules.clone()),
            reason: "two seats more".into(),
        })
        .unwrap();
    assert_eq!(
        seats(&night),
        (vec![2, 2], true),
        "the fifth seat is another tie"
    );
    assert_eq!(draw(&mut night, "o0"), 1, "the same lot again is a new one");
    assert_eq!(seats(&night), (vec![3, 2], false));
    // What is no rule of the contest leaves the lot as it is.
    rules.holds.version_jump_max = 7;
    night
        .run(Command::AmendRules {
            rules: Box::new(rules),
            reason: "versions are dates".into(),
        })
        .unwrap();
    assert_eq!(seats(&night), (vec![3, 2], false));
}
