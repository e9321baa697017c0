//! What is still to come of an election, and which seats are certain while it is.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod support;

use election::certain::{CertainSeats, NoClaim, Outstanding, OutstandingBasis, certain_seats};
use election::command::Command;
use election::counts::Counter;
use election::definition::{Definition, UnitKind};
use election::ids::UnitId;
use election::report::{Outcome, ReportKind, UnitStatus};
use election::rules::{
    BaseRule, ComparisonRule, KindCeiling, OutstandingRules, RollCeiling, StatedBasis,
    ThresholdRule, UnitCeiling,
};
use election::standings::{SeatsResult, district_seats};
use election::tally::{CeilingBasis, FoldError, Tally, UnforeseenCause};
use proptest::prelude::*;
use support::{Night, attribution, small, turnout, unit};

/// Units u0, u1, ... with a roll of 1,000 each, bounded by it and by what was issued at close.
fn bounded(options: usize, units: usize) -> Definition {
    let mut definition = small(options, units);
    definition.rules.outstanding = Some(by_rolls());
    definition
}

fn by_rolls() -> OutstandingRules {
    OutstandingRules {
        issued_at_close: true,
        roll: Some(RollCeiling {
            share: [1, 1],
            ballots: 0,
        }),
        ..OutstandingRules::default()
    }
}

fn seven_percent(base: BaseRule) -> ThresholdRule {
    ThresholdRule {
        share: [7, 100],
        base,
        comparison: ComparisonRule::AtLeast,
        per_seat: false,
        direct_seats_min: None,
        in_one_district: None,
        minorities_exempt: false,
        coalitions: Vec::new(),
    }
}

fn certain(night: &Night) -> CertainSeats {
    let tally = night.state.tally();
    let seats = district_seats(tally, 0, 0).unwrap();
    certain_seats(tally, (0, 0), &seats).unwrap()
}

fn outstanding(night: &Night) -> Outstanding {
    certain(night).outstanding
}

fn ranges(night: &Night) -> Option<Vec<(u32, u32)>> {
    let bounds = certain(night).bounds.ok()?;
    Some(bounds.lists.iter().map(|it| (it.fewest, it.most)).collect())
}

fn last(unit: &str, version: u32, issued: u64) -> election::report::TurnoutReport {
    election::report::TurnoutReport {
        is_final: true,
        ..turnout(unit, version, issued)
    }
}

#[test]
fn without_rules_nothing_is_claimed() {
    let night = Night::begin(&small(2, 2));
    let tally = night.state.tally();
    let seats = district_seats(tally, 0, 0).unwrap();
    assert_eq!(certain_seats(tally, (0, 0), &seats), None);
}

#[test]
fn rolls_bound_until_the_last_turnout_report_does() {
    let mut night = Night::begin(&bounded(2, 3));
    assert_eq!(outstanding(&night).ballots, Some(3_000));
    assert_eq!(
        outstanding(&night).basis(),
        Some(OutstandingBasis::Units(CeilingBasis::Roll))
    );
    night.submit(turnout("u0", 1, 300));
    assert_eq!(outstanding(&night).ballots, Some(3_000), "voting goes on");
    night.submit(last("u0", 2, 400));
    assert_eq!(outstanding(&night).ballots, Some(2_400));
    night.submit(night.ordered(ReportKind::Partial, "u0", 1, &[100, 50]));
    assert_eq!(outstanding(&night).ballots, Some(2_250));
    night.submit(night.full("u0", 2, &[200, 150]));
    assert_eq!(outstanding(&night).ballots, Some(2_000), "50 were not cast");
    for unit in ["u1", "u2"] {
        night.submit(last(unit, 1, 10));
    }
    assert_eq!(
        outstanding(&night).basis(),
        Some(OutstandingBasis::Units(CeilingBasis::BallotsIssued))
    );
    assert_eq!(night.state.tally().unforeseen_total, 0);
    // More turn out to have been issued: the bound was none.
    let mut more = last("u1", 2, 20);
    more.attribution = Some(attribution());
    night.submit(more);
    let unforeseen = night.state.tally().unforeseen.back().unwrap();
    assert_eq!(unforeseen.cause, UnforeseenCause::Turnout);
    assert_eq!(outstanding(&night).ballots, Some(30));
}

#[test]
fn what_leaves_the_count_is_outstanding_again() {
    let mut night = Night::begin(&bounded(2, 3));
    for unit in ["u0", "u1", "u2"] {
        night.submit(night.full(unit, 1, &[300, 200]));
    }
    assert_eq!(outstanding(&night).ballots, Some(0));
    assert_eq!(ranges(&night), Some(vec![(6, 6), (4, 4)]));
    assert_eq!(outstanding(&night).basis(), None);
    let causes = |night: &Night| {
        let unforeseen = night.state.tally().unforeseen.iter();
        unforeseen.map(|it| it.cause).collect::<Vec<_>>()
    };
    night.withdraw("u0", 2).unwrap();
    assert_eq!(outstanding(&night).ballots, Some(1_000));
    assert_eq!(causes(&night), [UnforeseenCause::Withdrawal]);
    assert_ne!(ranges(&night), Some(vec![(6, 6), (4, 4)]));
    night.set_status("u0", UnitStatus::Closed).unwrap();
    assert_eq!(outstanding(&night).ballots, Some(0), "nothing more comes");
    night.set_status("u0", UnitStatus::Open).unwrap();
    assert_eq!(outstanding(&night).ballots, Some(1_000), "open again");
    night.set_status("u2", UnitStatus::Annulled).unwrap();
    assert_eq!(outstanding(&night).ballots, Some(1_000), "void for good");
    night.set_status("u2", UnitStatus::RepeatOrdered).unwrap();
    assert_eq!(outstanding(&night).ballots, Some(2_000), "to be repeated");
    assert_eq!(
        causes(&night)[1..],
        [
            UnforeseenCause::Status(UnitStatus::Open),
            UnforeseenCause::Status(UnitStatus::Annulled),
            UnforeseenCause::Status(UnitStatus::RepeatOrdered),
        ]
    );
    // The first vote's ballots do not bound the second's.
    night.submit(last("u2", 1, 100));
    assert_eq!(outstanding(&night).ballots, Some(2_000));
}

#[test]
fn what_waits_for_a_reviewer_is_outstanding() {
    let mut night = Night::begin(&bounded(2, 2));
    night.submit(night.full("u1", 1, &[10, 10]));
    // A broken identity: out of the count, so all of the unit is still to come.
    let mut broken = night.full("u0", 1, &[300, 200]);
    broken.form = vec![(Counter::Papers, 501), (Counter::Invalid, 0)];
    assert!(matches!(night.submit(broken), Outcome::Held { .. }));
    assert_eq!(outstanding(&night).ballots, Some(1_000));
    // More ballots than voters: what bounded the unit is in doubt.
    let over = night.full("u0", 2, &[900, 200]);
    let Outcome::Held { revision, .. } = night.submit(over) else {
        panic!("more ballots than the roll are held");
    };
    assert_eq!(outstanding(&night).ballots, None);
    assert_eq!(certain(&night).bounds, Err(NoClaim::Unbounded));
    night.review("u0", revision, false).unwrap();
    let first = night.state.pending(night.slot("u0"))[0].revision;
    night.review("u0", first, true).unwrap();
    assert_eq!(outstanding(&night).ballots, Some(0));
    // A conflict over a counted tally: it stands, but the other one may come in, up to the ceiling.
    let other = night.full("u1", 1, &[20, 0]);
    assert!(matches!(night.submit(other), Outcome::Conflict { .. }));
    assert_eq!(outstanding(&night).ballots, Some(980));
}

#[test]
fn a_merged_unit_brings_its_voters_to_the_other_one() {
    let mut night = Night::begin(&bounded(2, 3));
    night.set_status("u0", UnitStatus::Merged).unwrap();
    assert_eq!(outstanding(&night).ballots, Some(3_000));
    night
        .run(Command::AmendRegister {
            units: vec![unit("u0", Some(1_500))],
            reason: "late entries".into(),
        })
        .unwrap();
    assert_eq!(outstanding(&night).ballots, Some(3_500));
    assert_eq!(
        night.state.tally().unforeseen.back().unwrap().cause,
        UnforeseenCause::Register
    );
    night.submit(night.full("u1", 1, &[500, 500]));
    assert_eq!(outstanding(&night).ballots, Some(1_000));
}

#[test]
fn rules_that_come_in_the_middle_of_the_night_bound_the_same() {
    let from_the_start = bounded(2, 160);
    let mut later = from_the_start.clone();
    later.rules.outstanding = None;
    let mut nights = [from_the_start.clone(), later].map(|definition| Night::begin(&definition));
    for night in &mut nights {
        for unit in 0..150_u32 {
            let votes = [u64::from(unit % 7 * 30), u64::from(200 - unit % 11)];
            night.submit(night.ordered(ReportKind::Partial, &format!("u{unit}"), 1, &votes));
        }
        for unit in (0..150_u32).step_by(2) {
            night.submit(night.full(&format!("u{unit}"), 2, &[u64::from(unit % 7 * 40), 200]));
        }
        night.submit(night.full("u155", 1, &[90, 90]));
        night.withdraw("u4", 3).unwrap();
    }
    let coming = |night: &Night| night.state.tally().still_to_come(0, 0);
    let [bounded, unbounded] = &mut nights;
    assert_eq!(coming(unbounded), None);
    unbounded
        .run(Command::AmendRules {
            rules: Box::new(from_the_start.rules),
            reason: String::from("bounds were agreed"),
        })
        .unwrap();
    let ballots = coming(bounded).and_then(|coming| coming.ballots());
    assert!(ballots.is_some_and(|ballots| ballots > 0));
    assert_eq!(coming(unbounded), coming(bounded));
}

#[test]
fn a_moment_to_look_at_says_the_same_and_cannot_be_folded_on() {
    let mut night = Night::begin(&bounded(2, 300));
    let before = night.state.tally().moment();
    night.submit(night.full("u0", 1, &[500, 400]));
    let whole = night.state.tally();
    let moment = whole.moment();
    assert!(whole.is_whole() && !moment.is_whole());
    let told = |tally: &Tally| {
        let seats = district_seats(tally, 0, 0).unwrap();
        certain_seats(tally, (0, 0), &seats).unwrap()
    };
    assert_eq!(told(&moment), told(whole));
    assert!(told(whole).bounds.is_ok());
    let next = night.records.last().unwrap();
    assert!(matches!(
        before.clone().apply(next),
        Err(FoldError::Misfit { .. })
    ));
}

#[test]
fn one_unit_without_a_ceiling_takes_every_claim() {
    let mut definition = bounded(2, 2);
    definition.register.units[1].roll = None;
    let mut night = Night::begin(&definition);
    night.submit(night.full("u0", 1, &[500, 400]));
    assert_eq!(outstanding(&night).units.unbounded, 1);
    assert_eq!(certain(&night).bounds, Err(NoClaim::Unbounded));
    // A ceiling of its own, or of its kind, or the electorate gives it back.
    let amend = |night: &mut Night, outstanding: OutstandingRules| {
        let mut rules = (*night.state.tally().outline.rules).clone();
        rules.outstanding = Some(outstanding);
        night.run(Command::AmendRules {
            rules: Box::new(rules),
            reason: "papers were counted".into(),
        })
    };
    let mut stated = by_rolls();
    stated.units = vec![UnitCeiling {
        id: UnitId::new("u1").unwrap(),
        ballots: 90,
        basis: StatedBasis::Envelopes,
    }];
    amend(&mut night, stated.clone()).unwrap();
    assert_eq!(outstanding(&night).ballots, Some(90));
    assert_eq!(
        outstanding(&night).basis(),
        Some(OutstandingBasis::Units(CeilingBasis::Envelopes))
    );
    let mut kinds = by_rolls();
    kinds.kinds = vec![KindCeiling {
        kind: UnitKind::Station,
        ballots: 800,
        basis: StatedBasis::Stated,
    }];
    amend(&mut night, kinds).unwrap();
    assert_eq!(outstanding(&night).ballots, Some(800));
    stated.units[0].id = UnitId::new("nowhere").unwrap();
    let refused = amend(&mut night, stated).unwrap_err();
    assert_eq!(refused.field, "rules.outstanding.units[0].id");
    let mut electorate = by_rolls();
    electorate.electorate = true;
    let refused = amend(&mut night, electorate).unwrap_err();
    assert_eq!(refused.field, "rules.outstanding.electorate");
}

#[test]
fn the_electorate_bounds_all_ballots() {
    let mut definition = bounded(2, 3);
    definition.register.electorate = Some(1_600);
    definition.register.units[2].roll = None;
    definition.rules.outstanding.as_mut().unwrap().electorate = true;
    let mut night = Night::begin(&definition);
    assert_eq!(outstanding(&night).ballots, Some(1_600));
    assert_eq!(
        outstanding(&night).basis(),
        Some(OutstandingBasis::Electorate)
    );
    night.submit(night.full("u0", 1, &[500, 400]));
    assert_eq!(outstanding(&night).ballots, Some(700));
    // More is counted than the electorate has: it was no bound, and one unit has none of its own.
    night.submit(night.full("u1", 1, &[500, 400]));
    assert_eq!(outstanding(&night).ballots, None);
}

#[test]
fn a_part_above_the_ceiling_shows_that_it_was_none() {
    let mut definition = bounded(2, 2);
    definition.rules.holds.ballots_per_roll_max = [2, 1];
    let stated = definition.rules.outstanding.as_mut().unwrap();
    stated.roll = Some(RollCeiling {
        share: [2, 1],
        ballots: 0,
    });
    stated.units = vec![UnitCeiling {
        id: UnitId::new("u0").unwrap(),
        ballots: 1_000,
        basis: StatedBasis::PapersDelivered,
    }];
    let mut night = Night::begin(&definition);
    night.submit(night.ordered(ReportKind::Partial, "u0", 1, &[600, 500]));
    assert_eq!(outstanding(&night).ballots, None);
    let unforeseen = night.state.tally().unforeseen.back().unwrap();
    assert_eq!(
        unforeseen.cause,
        UnforeseenCause::Report(ReportKind::Partial)
    );
    night.submit(night.full("u0", 2, &[600, 500]));
    assert_eq!(outstanding(&night).ballots, Some(2_000), "it is complete");
}

#[test]
fn votes_are_to_come_as_long_as_the_ballots_of_a_part_say() {
    let mut night = Night::begin(&bounded(2, 1));
    // All papers of the unit, and the votes of a few.
    let mut part = night.ordered(ReportKind::Partial, "u0", 1, &[60, 40]);
    part.form = vec![(Counter::Papers, 1_000)];
    assert!(matches!(night.submit(part), Outcome::Accepted { .. }));
    assert_eq!(outstanding(&night).ballots, Some(900));
    assert_eq!(outstanding(&night).units.begun, 1);
    let mut all = night.full("u0", 2, &[60, 940]);
    all.form = vec![(Counter::Papers, 1_000), (Counter::Invalid, 0)];
    assert!(matches!(night.submit(all), Outcome::Accepted { .. }));
    assert_eq!(night.state.tally().unforeseen_total, 0);
}

/// A base of ballots may have those of a part already: nothing is claimed until the unit is complete, and then it is again.
#[test]
fn a_part_of_a_unit_suspends_what_is_said_of_a_share_of_ballots() {
    let mut definition = bounded(2, 2);
    definition.rules.contests[0].threshold = Some(seven_percent(BaseRule::BallotsInBox));
    let mut night = Night::begin(&definition);
    let mut part = night.ordered(ReportKind::Partial, "u0", 1, &[300, 200]);
    part.form = vec![(Counter::Papers, 1_000)];
    assert!(matches!(night.submit(part), Outcome::Accepted { .. }));
    assert_eq!(certain(&night).bounds, Err(NoClaim::BaseMoves));
    let mut all = night.full("u0", 2, &[500, 450]);
    all.form = vec![(Counter::Papers, 1_000), (Counter::Invalid, 50)];
    assert!(matches!(night.submit(all), Outcome::Accepted { .. }));
    assert!(certain(&night).bounds.is_ok());
}

#[test]
fn the_electorate_leaves_room_for_votes_that_a_form_only_announces() {
    let mut definition = bounded(2, 2);
    definition.register.electorate = Some(1_500);
    definition.rules.outstanding.as_mut().unwrap().electorate = true;
    let mut night = Night::begin(&definition);
    night.submit(night.full("u0", 1, &[300, 200]));
    let mut part = night.ordered(ReportKind::Partial, "u1", 1, &[60, 40]);
    part.form = vec![(Counter::Papers, 1_000)];
    assert!(matches!(night.submit(part), Outcome::Accepted { .. }));
    assert_eq!(outstanding(&night).ballots, Some(900), "900 votes may come");
}

#[test]
fn nobody_is_merged_into_a_unit_that_reports_no_more() {
    let mut night = Night::begin(&bounded(2, 3));
    night.submit(night.full("u1", 1, &[300, 200]));
    let refused = night.set_status("u0", UnitStatus::Merged).unwrap_err();
    assert!(refused.rule.contains("complete or closed"), "{refused:?}");
    night.withdraw("u1", 2).unwrap();
    night.set_status("u0", UnitStatus::Merged).unwrap();
    assert_eq!(outstanding(&night).ballots, Some(3_000));
}

#[test]
fn ceilings_that_cannot_hold_are_refused_by_field() {
    let mut definition = bounded(2, 1);
    definition.rules.holds.ballots_per_roll_max = [11, 10];
    let refused = election::validate::definition(&definition).unwrap_err();
    assert_eq!(refused.field, "rules.outstanding.roll.share");
    let mut definition = bounded(2, 1);
    let groups = ["desk", "postal"].map(|id| election::ids::CountingGroupId::new(id).unwrap());
    definition.ballot.counting_groups = groups.into();
    let refused = election::validate::definition(&definition).unwrap_err();
    assert_eq!(refused.field, "rules.outstanding.issued_at_close");
    let mut definition = bounded(2, 1);
    let bounds = definition.rules.outstanding.as_mut().unwrap();
    bounds.roll.as_mut().unwrap().share = [199, 1];
    let refused = election::validate::definition(&definition).unwrap_err();
    assert_eq!(refused.field, "rules.outstanding.roll.share");
}

/// Voters who stay at home, and the votes of each part.
type HonestUnit = (u32, Vec<Vec<u64>>);

/// A night of honest reports: for each unit its roll, parts in order, and whether the last is all.
fn honest() -> impl Strategy<Value = (usize, Vec<HonestUnit>, Vec<usize>, bool)> {
    let part = |options| prop::collection::vec(0_u64..60, options);
    (2_usize..6).prop_flat_map(move |options| {
        let unit = (0_u32..120, prop::collection::vec(part(options), 1..4));
        let units = prop::collection::vec(unit, 1..5);
        let order = prop::collection::vec(any::<prop::sample::Index>(), 4..12);
        let order = order.prop_map(|order| order.iter().map(|at| at.index(usize::MAX)).collect());
        (Just(options), units, order, any::<bool>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// No range is ever left, whatever honest reports come, and no range widens.
    #[test]
    fn no_seat_leaves_its_range((options, units, order, has_threshold) in honest()) {
        let mut definition = bounded(options, units.len());
        if has_threshold {
            definition.rules.contests[0].threshold = Some(seven_percent(BaseRule::ListVotes));
        }
        for ((spare, parts), unit) in units.iter().zip(&mut definition.register.units) {
            let votes: u64 = parts.iter().flatten().sum();
            unit.roll = Some(u32::try_from(votes).unwrap() + spare);
        }
        let mut night = Night::begin(&definition);
        let mut next = vec![0_usize; units.len()];
        let mut seen: Vec<Vec<(u32, u32)>> = vec![ranges(&night).unwrap()];
        let rest = (0..units.len()).cycle().take(units.len() * 4);
        for unit in order.iter().map(|at| at % units.len()).chain(rest) {
            let parts = &units[unit].1;
            let Some(_) = parts.get(next[unit]) else { continue };
            next[unit] += 1;
            let sums: Vec<u64> = (0..options)
                .map(|option| parts[..next[unit]].iter().map(|part| part[option]).sum())
                .collect();
            let is_last = next[unit] == parts.len();
            let kind = if is_last { ReportKind::Full } else { ReportKind::Partial };
            let version = u32::try_from(next[unit]).unwrap();
            let report = night.ordered(kind, &format!("u{unit}"), version, &sums);
            let accepted = matches!(night.submit(report), Outcome::Accepted { .. });
            prop_assert!(accepted);
            let now = ranges(&night).unwrap();
            for (was, is) in seen.last().unwrap().iter().zip(&now) {
                prop_assert!(was.0 <= is.0 && is.1 <= was.1, "{was:?} became {is:?}");
            }
            seen.push(now);
        }
        prop_assert_eq!(night.state.tally().unforeseen_total, 0);
        prop_assert_eq!(outstanding(&night).ballots, Some(0));
        let seats = district_seats(night.state.tally(), 0, 0).unwrap();
        let SeatsResult::Allocated(allocation) = &seats.result else { panic!("seats are known") };
        for (list, range) in allocation.lists.iter().zip(seen.last().unwrap()) {
            prop_assert!(range.0 <= list.seats && list.seats <= range.1);
        }
    }
}
