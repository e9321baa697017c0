//! Coalitions that the rules name: what is refused of them, and what every frame says of their seats.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod support;

use apportionment::bounds::{Claim, CoalitionBounds, majority_of};
use election::bytes::part_text;
use election::certain::{CertainSeats, certain_seats};
use election::command::Command;
use election::definition::{Definition, OptionRole};
use election::ids::{ContestId, DistrictId, OptionId};
use election::report::{Refusal, RefusalCode, ReportKind};
use election::rules::{
    Coalition, ContestRules, DistrictSeats, DivisorRule, OutstandingRules, RollCeiling, Rules,
    StageRule,
};
use election::standings::{SeatsResult, district_seats};
use election::tally::UnforeseenCause;
use proptest::prelude::*;
use support::{Night, small, unit};

fn coalition(contest: Option<&str>, options: &[&str]) -> Coalition {
    Coalition {
        contest: contest.map(|id| ContestId::new(id).unwrap()),
        options: options
            .iter()
            .map(|id| OptionId::new(id).unwrap())
            .collect(),
    }
}

/// Rolls bound the ballots; D'Hondt hands out the seats of the house.
fn definition(options: usize, units: usize, coalitions: &[Coalition]) -> Definition {
    let mut definition = small(options, units);
    definition.rules.contests[0].stages = vec![StageRule::HighestAverages {
        divisors: DivisorRule::DHondt,
        first: None,
        exponent: None,
        limits: Default::default(),
    }];
    definition.rules.outstanding = Some(OutstandingRules {
        roll: Some(RollCeiling {
            share: [1, 1],
            ballots: 0,
        }),
        coalitions: coalitions.to_vec(),
        ..OutstandingRules::default()
    });
    definition
}

/// Nine seats, and 98 votes of 106 counted: the first two lists have a majority for certain, and neither sum shows it.
fn two_against_one(coalitions: &[Coalition]) -> Night {
    let mut definition = definition(3, 2, coalitions);
    definition.rules.house_size = 9;
    definition.rules.contests[0].districts[0].seats = 9;
    definition.register.units[0].roll = Some(98);
    definition.register.units[1].roll = Some(8);
    let mut night = Night::begin(&definition);
    night.submit(night.full("u0", 1, &[30, 30, 38]));
    night
}

fn certain(night: &Night, district: usize) -> CertainSeats {
    let tally = night.state.tally();
    let seats = district_seats(tally, 0, district).unwrap();
    certain_seats(tally, (0, district), &seats).unwrap()
}

fn range(bounds: &CoalitionBounds) -> (u32, u32) {
    (bounds.fewest, bounds.most)
}

fn amend(night: &mut Night, change: impl FnOnce(&mut Rules)) -> Result<usize, Refusal> {
    let mut rules = (*night.state.tally().outline.rules).clone();
    change(&mut rules);
    night.run(Command::AmendRules {
        rules: Box::new(rules),
        reason: String::from("asked for by a newspaper"),
    })
}

#[test]
fn coalitions_are_refused_by_field() {
    let refused = |coalitions: &[Coalition]| {
        let definition = definition(3, 1, coalitions);
        let refusal = election::validate::definition(&definition).unwrap_err();
        (refusal.field, refusal.value, refusal.code, refusal.rule)
    };
    let field = |rest: &str| format!("rules.outstanding.coalitions{rest}");
    let (at, value, code, rule) = refused(&[coalition(Some("nothing"), &["o0", "o1"])]);
    assert_eq!((at, value.as_str()), (field("[0].contest"), "nothing"));
    assert_eq!(code, RefusalCode::UnknownContest);
    assert!(rule.ends_with("of the ballot: list"), "{rule}");
    let (at, value, ..) = refused(&[coalition(None, &["o1"])]);
    assert_eq!((at, value.as_str()), (field("[0].options"), "o1"));
    let (at, ..) = refused(&[coalition(None, &[])]);
    assert_eq!(at, field("[0].options"));
    let (at, value, code, _) = refused(&[coalition(None, &["o0"; 17])]);
    assert_eq!(
        (at, value.as_str(), code),
        (field("[0].options"), "17", RefusalCode::Limit)
    );
    let (at, value, code, _) = refused(&[
        coalition(None, &["o0", "o1"]),
        coalition(None, &["o0", "o3"]),
    ]);
    assert_eq!((at, value.as_str()), (field("[1].options[1]"), "o3"));
    assert_eq!(code, RefusalCode::UnknownOption);
    let (at, _, code, _) = refused(&[coalition(None, &["o0", "o1", "o0"])]);
    assert_eq!(
        (at, code),
        (field("[0].options[2]"), RefusalCode::RepeatedOption)
    );
    // The same lists in another order, and with the contest named.
    let (at, value, _, rule) = refused(&[
        coalition(None, &["o0", "o1"]),
        coalition(None, &["o0", "o2"]),
        coalition(Some("list"), &["o1", "o0"]),
    ]);
    assert_eq!((at, value.as_str()), (field("[2].options"), "o1, o0"));
    assert!(rule.contains("coalitions[0]"), "{rule}");
    let (at, value, code, _) = refused(&vec![coalition(None, &["o0", "o1"]); 17]);
    assert_eq!(
        (at, value.as_str(), code),
        (field(""), "17", RefusalCode::Limit)
    );
    // Votes against all are no list.
    let mut with_other = definition(3, 1, &[coalition(None, &["o0", "o2"])]);
    with_other.ballot.contests[0].districts[0].options[2].role = OptionRole::AgainstAll;
    let refusal = election::validate::definition(&with_other).unwrap_err();
    assert_eq!(refusal.field, field("[0].options[1]"));
}

#[test]
fn a_coalition_names_its_contest_where_there_are_several() {
    let mut definition = definition(3, 1, &[coalition(None, &["o0", "o1"])]);
    let mut second = definition.ballot.contests[0].clone();
    second.id = ContestId::new("second").unwrap();
    definition.ballot.contests.push(second);
    let refusal = election::validate::definition(&definition).unwrap_err();
    assert_eq!(refusal.field, "rules.outstanding.coalitions[0].contest");
    assert!(refusal.rule.contains("list, second"), "{refusal:?}");
    let outstanding = definition.rules.outstanding.as_mut().unwrap();
    // The same lists in each of two contests are two coalitions.
    outstanding.coalitions = vec![
        coalition(Some("list"), &["o0", "o1"]),
        coalition(Some("second"), &["o0", "o1"]),
    ];
    election::validate::definition(&definition).unwrap();
    let rules = definition.rules.outstanding.unwrap();
    let of_second = rules.coalitions_of(&definition.ballot, 1);
    assert_eq!(of_second.count(), 1);
}

#[test]
fn texts_without_coalitions_stay_what_they_were() {
    let without = definition(3, 1, &[]);
    let text = part_text(&without.rules);
    assert!(!text.contains("coalitions"), "{text}");
    let with = definition(3, 1, &[coalition(None, &["o0", "o1"])]);
    let again = Definition::from_toml(&part_text(&with)).unwrap();
    assert_eq!(again, with, "written and read again, it is the same");
}

#[test]
fn the_majority_of_a_coalition_is_certain_before_the_sum_of_its_lists_says_so() {
    let night = two_against_one(&[
        coalition(None, &["o0", "o1"]),
        coalition(None, &["o2", "o1"]),
    ]);
    let certain = certain(&night, 0);
    let lists = certain.bounds.unwrap().lists;
    assert_eq!(certain.coalitions.len(), 2);
    let majority = majority_of(9);
    assert!(lists[0].fewest + lists[1].fewest < majority);
    assert_eq!(certain.coalitions[0].reaches(majority), Claim::Certain);
    assert!(certain.coalitions[0].fewest_proof.is_exact());
    assert_eq!(certain.coalitions[1].reaches(majority), Claim::Certain);
}

#[test]
fn a_coalition_is_named_on_the_night_and_widens_nothing() {
    let mut night = two_against_one(&[]);
    assert!(certain(&night, 0).coalitions.is_empty());
    let before = certain(&night, 0);
    amend(&mut night, |rules| {
        let outstanding = rules.outstanding.as_mut().unwrap();
        outstanding.coalitions = vec![coalition(None, &["o0", "o1"])];
    })
    .unwrap();
    let tally = night.state.tally();
    assert_eq!((tally.unforeseen_total, tally.unforeseen.len()), (0, 0));
    let after = certain(&night, 0);
    assert_eq!(
        (&after.bounds, after.outstanding),
        (&before.bounds, before.outstanding)
    );
    assert_eq!(after.coalitions.len(), 1);
    // With anything else it is an amendment as any other.
    amend(&mut night, |rules| {
        let outstanding = rules.outstanding.as_mut().unwrap();
        outstanding.coalitions.clear();
        outstanding.roll.as_mut().unwrap().ballots = 5;
    })
    .unwrap();
    let tally = night.state.tally();
    assert_eq!(tally.unforeseen_total, 1);
    assert_eq!(
        tally.unforeseen.back().unwrap().cause,
        UnforeseenCause::Rules
    );
    let refused = amend(&mut night, |rules| {
        let outstanding = rules.outstanding.as_mut().unwrap();
        outstanding.coalitions = vec![coalition(None, &["o0", "nobody"])];
    });
    assert_eq!(
        refused.unwrap_err().field,
        "rules.outstanding.coalitions[0].options[1]"
    );
}

/// Of a coalition's lists those count that stand in a district; where none does it has no seat there.
#[test]
fn districts_bound_those_lists_that_stand_in_them() {
    let mut definition = definition(
        3,
        1,
        &[
            coalition(None, &["o0", "o1"]),
            coalition(Some("list"), &["o2", "o1"]),
        ],
    );
    let ballot = &mut definition.ballot.contests[0];
    let mut south = ballot.districts[0].clone();
    south.id = DistrictId::new("south").unwrap();
    south.options.truncate(1);
    let mut other = ballot.districts[0].options[2].clone();
    other.id = OptionId::new("other").unwrap();
    south.options.push(other);
    ballot.districts.push(south);
    let ContestRules { districts, .. } = &mut definition.rules.contests[0];
    districts[0].seats = 7;
    districts.push(DistrictSeats {
        id: DistrictId::new("south").unwrap(),
        seats: 3,
        parts: Vec::new(),
    });
    let mut there = unit("s0", Some(40));
    there.district = DistrictId::new("south").unwrap();
    definition.register.units.push(there);
    let mut night = Night::begin(&definition);
    night.submit(night.ordered(ReportKind::Partial, "s0", 1, &[20, 10]));
    let here = certain(&night, 1);
    let own = &here.bounds.as_ref().unwrap().lists[0];
    assert_eq!(range(&here.coalitions[0]), (own.fewest, own.most));
    assert_eq!(range(&here.coalitions[1]), (0, 0));
    assert!(here.coalitions[1].most_proof.is_exact());
}

#[test]
fn where_nothing_is_claimed_of_the_contest_nothing_is_of_its_coalitions() {
    let mut definition = definition(3, 2, &[coalition(None, &["o0", "o1"])]);
    definition.register.units[1].roll = None;
    let mut night = Night::begin(&definition);
    night.submit(night.full("u0", 1, &[300, 200, 100]));
    let certain = certain(&night, 0);
    assert!(certain.bounds.is_err());
    assert!(certain.coalitions.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// No coalition leaves its range, and no range of one widens, down to the last ballot and its ties.
    #[test]
    fn no_coalition_leaves_its_range(
        parts in prop::collection::vec(prop::collection::vec(0_u64..40, 4), 1..7),
        spare in 0_u32..30,
    ) {
        let coalitions = [coalition(None, &["o0", "o1"]), coalition(None, &["o1", "o2", "o3"])];
        let mut definition = definition(4, parts.len(), &coalitions);
        for (votes, unit) in parts.iter().zip(&mut definition.register.units) {
            unit.roll = Some(u32::try_from(votes.iter().sum::<u64>()).unwrap() + spare);
        }
        let mut night = Night::begin(&definition);
        let ranges = |night: &Night| -> Vec<(u32, u32)> {
            certain(night, 0).coalitions.iter().map(range).collect()
        };
        let mut last = ranges(&night);
        prop_assert_eq!(last.len(), 2);
        for (unit, votes) in parts.iter().enumerate() {
            night.submit(night.full(&format!("u{unit}"), 1, votes));
            let now = ranges(&night);
            for (was, is) in last.iter().zip(&now) {
                prop_assert!(was.0 <= is.0 && is.1 <= was.1, "{was:?} became {is:?}");
            }
            last = now;
        }
        let seats = district_seats(night.state.tally(), 0, 0).unwrap();
        let SeatsResult::Allocated(allocation) = &seats.result else { panic!("seats are known") };
        for (range, lists) in last.iter().zip([&[0_usize, 1][..], &[1, 2, 3]]) {
            let held: u32 = lists.iter().map(|&list| allocation.lists[list].seats).sum();
            prop_assert!(range.0 <= held + allocation.pending && held <= range.1);
        }
    }
}
