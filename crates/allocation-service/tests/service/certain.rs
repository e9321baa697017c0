//! Certain seats in standings: with every frame, of its own revision, and said when a range has to widen.

use crate::night::{Night, attribution, small, turnout};
use crate::{Stage, head, naive, open, revision_of, stage};
use election::command::Command;
use election::definition::Definition;
use election::ids::OptionId;
use election::publication::PublicationClass;
use election::report::{ReportKind, TurnoutReport};
use election::rules::{Coalition, DivisorRule, OutstandingRules, RollCeiling, StageRule};
use wire::allocation::v1::Standings;
use wire::common::v1::{BoundsBasis, Certainty, UnforeseenCause, View};

fn definition(options: usize) -> Definition {
    let mut definition = small(options, 4);
    definition.rules.outstanding = Some(OutstandingRules {
        issued_at_close: true,
        roll: Some(RollCeiling {
            share: [1, 1],
            ballots: 0,
        }),
        ..OutstandingRules::default()
    });
    definition
}

fn begun(definition: &Definition) -> Night {
    let mut night = Night::begin(definition);
    for class in PublicationClass::ALL {
        open(&mut night, class, crate::START);
    }
    night
}

/// (fewest, most) by list.
fn ranges(standings: &Standings) -> Vec<(u32, u32)> {
    let options = standings.contests[0].options.iter();
    options
        .map(|option| {
            let bounds = option.seats.unwrap().bounds.unwrap();
            (bounds.seats_fewest.unwrap(), bounds.seats_most.unwrap())
        })
        .collect()
}

async fn shown(stage: &Stage, night: &Night) -> Standings {
    stage.serve(night);
    stage.reached(View::Public, head(night)).await
}

#[tokio::test]
async fn every_revision_has_the_bounds_of_its_own_count() {
    let stage = stage();
    let mut night = begun(&definition(3));
    for unit in ["u0", "u1", "u2"] {
        night.submit(TurnoutReport {
            is_final: true,
            ..turnout(unit, 1, 400)
        });
        night.submit(night.full(unit, 1, &[200, 90, 60]));
    }
    stage.serve(&night);
    stage.reached(View::Head, head(&night)).await;
    for record in &night.records {
        let revision = record.revision.0;
        let standings = stage.at(View::Head, revision).await.unwrap();
        assert_eq!(standings.bounds_revision, revision_of(&standings));
        let naive = naive(&night.records, revision, night.state.tally());
        assert_eq!(standings.contests, naive.contests);
    }
    let last = stage.at(View::Head, 0).await.unwrap();
    // 600, 270 and 180 of 1,050 counted, 1,000 by the roll of u3 to come; 10 seats.
    assert_eq!(ranges(&last), [(3, 8), (1, 6), (1, 6)]);
    let certain = last.contests[0].certain.clone().unwrap();
    assert_eq!(certain.seats_secured, 5);
    assert!(!certain.is_all_secured && certain.no_claim.is_empty());
    let outstanding = certain.outstanding.unwrap();
    assert_eq!(outstanding.ballots_most, Some(1_000));
    assert_eq!(outstanding.units.len(), 1);
    assert_eq!(outstanding.units[0].basis(), BoundsBasis::Roll);
    let bounds = last.contests[0].options[0].seats.unwrap().bounds.unwrap();
    assert!(bounds.is_fewest_exact && bounds.is_most_exact);
    assert_eq!(bounds.has_majority(), Certainty::Open);
    assert_eq!(bounds.passes_threshold(), Certainty::Unspecified);
    // The seat that can be secured next is that of BoundSeats, and so many ballots for its list really do it.
    let next = last.contests[0].certain.clone().unwrap().next;
    let list = next[0].option_id.clone();
    assert!(next[0].ballots > 0 && next[0].ballots < 1_000, "{next:?}");
    let place: usize = list.trim_start_matches('o').parse().unwrap();
    let mut votes = [0; 3];
    votes[place] = next[0].ballots;
    night.submit(night.ordered(ReportKind::Partial, "u3", 1, &votes));
    let then = shown(&stage, &night).await;
    let fewest = ranges(&then)[place].0;
    assert_eq!(fewest, next[0].seats);
    assert!(fewest > ranges(&last)[place].0);
}

#[tokio::test]
async fn a_range_that_has_to_widen_is_told_with_its_cause() {
    let stage = stage();
    let mut night = begun(&definition(2));
    for unit in ["u0", "u1", "u2", "u3"] {
        night.submit(night.full(unit, 1, &[300, 200]));
    }
    let before = shown(&stage, &night).await;
    assert_eq!(ranges(&before), [(6, 6), (4, 4)]);
    assert!(before.contests[0].certain.as_ref().unwrap().is_all_secured);
    assert_eq!(before.widened_ranges_count, 0);
    night.withdraw("u2", 2).unwrap();
    stage.serve(&night);
    let mut watching = stage.watch(View::Public, None).await;
    let widened = watching.until(head(&night)).await;
    assert_ne!(ranges(&widened), [(6, 6), (4, 4)]);
    assert_eq!(widened.widened_ranges_count, 2);
    let range = &widened.widened_ranges[0];
    assert_eq!(range.revision, head(&night));
    assert_eq!((range.seats_fewest_before, range.seats_most_before), (4, 4));
    assert_eq!(range.option_id, "o1");
    assert_eq!(range.causes.len(), 1);
    assert_eq!(range.causes[0].cause(), UnforeseenCause::Withdrawal);
    assert_eq!(range.causes[0].unit_id, "u2");
    let said = range.causes[0].attribution.as_ref().unwrap();
    assert_eq!(said.by, attribution().by);
    // What narrows is no news, and what has widened stays told.
    night.submit(night.ordered(ReportKind::Full, "u2", 3, &[310, 190]));
    stage.serve(&night);
    let narrowed = watching.until(head(&night)).await;
    assert_eq!(narrowed.widened_ranges_count, 2);
    assert_eq!(narrowed.widened_ranges, widened.widened_ranges);
}

#[tokio::test]
async fn where_nothing_is_said_of_what_is_outstanding_nothing_is_claimed() {
    let stage = stage();
    let mut night = begun(&small(2, 4));
    night.submit(night.full("u0", 1, &[300, 200]));
    let standings = shown(&stage, &night).await;
    assert_eq!(standings.bounds_revision, 0);
    assert_eq!(standings.contests[0].certain, None);
    assert!(
        standings.contests[0].options[0]
            .seats
            .unwrap()
            .bounds
            .is_none()
    );
    // One unit that nothing bounds takes every claim, and says so.
    let mut definition = definition(2);
    definition.register.units[3].roll = None;
    let mut night = begun(&definition);
    night.submit(night.full("u0", 1, &[300, 200]));
    let stage = self::stage();
    let standings = shown(&stage, &night).await;
    let certain = standings.contests[0].certain.clone().unwrap();
    assert_eq!(certain.no_claim, "UNBOUNDED");
    assert_eq!(certain.outstanding.unwrap().units_unbounded, 1);
}

/// What lists have together is named on the night: the frame of that revision has it, and no range had to widen.
#[tokio::test]
async fn lists_that_are_named_on_the_night_are_bounded_together() {
    let stage = stage();
    let mut definition = definition(3);
    definition.rules.contests[0].stages = vec![StageRule::HighestAverages {
        divisors: DivisorRule::DHondt,
        first: None,
        exponent: None,
        limits: Default::default(),
    }];
    (
        definition.rules.house_size,
        definition.rules.contests[0].districts[0].seats,
    ) = (9, 9);
    for (unit, roll) in definition.register.units.iter_mut().zip([98, 3, 3, 2]) {
        unit.roll = Some(roll);
    }
    let mut night = begun(&definition);
    night.submit(night.full("u0", 1, &[30, 30, 38]));
    let before = shown(&stage, &night).await;
    let certain = |standings: &Standings| standings.contests[0].certain.clone().unwrap();
    assert!(certain(&before).coalitions.is_empty());
    let mut rules = definition.rules.clone();
    let ids = ["o1", "o0"].map(|id| OptionId::new(id).unwrap());
    rules.outstanding.as_mut().unwrap().coalitions = vec![Coalition {
        contest: None,
        options: ids.into(),
    }];
    night
        .run(Command::AmendRules {
            rules: Box::new(rules),
            reason: "readers ask".into(),
        })
        .unwrap();
    stage.serve(&night);
    let mut watching = stage.watch(View::Public, None).await;
    let after = watching.until(head(&night)).await;
    assert_eq!(ranges(&after), ranges(&before));
    assert_eq!(after.widened_ranges_count, 0);
    let both = &certain(&after).coalitions[0];
    assert_eq!(both.option_ids, ["o1", "o0"]);
    assert_eq!(both.has_majority(), Certainty::Certain);
    assert!(both.is_fewest_exact && both.is_most_exact);
    let sum: u32 = ranges(&after)[..2].iter().map(|range| range.0).sum();
    assert!(sum < 5 && both.seats_fewest >= 5);
    // The same from the beginning, of that revision alone.
    let naive = naive(&night.records, head(&night), night.state.tally());
    assert_eq!(after.contests, naive.contests);
}
