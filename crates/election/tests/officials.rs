//! The officials' commands: withdrawal, status, amendments, lots, candidates, stages, marks, publication, declaration.

// tidy: long because one test for each command.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod support;

use election::command::Command;
use election::decide::decide;
use election::event::Event;
use election::ids::{ContestId, DistrictId, OptionId, Revision, Timestamp, UnitId};
use election::publication::{PublicationClass, PublicationMode};
use election::report::{
    DuplicateStanding, HoldReason, Outcome, Refusal, RefusalCode, ReportKind, TURNOUT_VERSION_MAX,
    TurnoutReport, UnitStatus,
};
use election::stage::{Mark, Stage};
use election::state::State;
use support::{Night, START, attribution, small, turnout, unit};

#[track_caller]
fn refused(result: Result<usize, Refusal>) -> (RefusalCode, String) {
    let refusal = result.expect_err("it must be refused");
    assert!(!refusal.rule.is_empty());
    (refusal.code, refusal.field)
}

fn place() -> (ContestId, DistrictId) {
    (
        ContestId::new("list").unwrap(),
        DistrictId::new("city").unwrap(),
    )
}

fn options(numbers: &[usize]) -> Vec<OptionId> {
    let id = |number| OptionId::new(&format!("o{number}")).unwrap();
    numbers.iter().map(id).collect()
}

#[test]
fn a_withdrawal_is_a_versioned_tombstone() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.full("u0", 3, &[10, 20]));
    assert_eq!(
        refused(night.withdraw("u0", 3)),
        (RefusalCode::StaleVersion, "version".into())
    );
    assert_eq!(
        refused(night.withdraw("u0", 104)),
        (RefusalCode::Limit, "version".into())
    );
    assert_eq!(night.withdraw("u0", 5), Ok(1));
    assert_eq!(
        night.withdraw("u0", 5),
        Ok(0),
        "asked again, it changes nothing"
    );
    assert_eq!(night.totals(), [0, 0]);
    assert_eq!(night.status("u0"), UnitStatus::Expected);
    for version in [3, 4, 5] {
        let outcome = night.submit(night.full("u0", version, &[10, 20]));
        assert_eq!(outcome.name(), "SUPERSEDED", "version {version}");
    }
    let higher = night.full("u0", 6, &[1, 2]);
    assert_eq!(night.submit(higher).name(), "ACCEPTED");
    assert_eq!(night.totals(), [1, 2]);
    let correction = &night.state.tally().corrections[0];
    assert_eq!(correction.changes, [(0, 10, 0), (1, 20, 0)]);
    assert_eq!(correction.attribution, attribution());
}

#[test]
fn what_is_not_counted_cannot_be_withdrawn() {
    let mut night = Night::begin(&small(2, 1));
    assert_eq!(
        refused(night.withdraw("u0", 1)),
        (RefusalCode::State, "key".into())
    );
    let held = night.full("u0", 1, &[2_000, 0]);
    let waits_at = night.state.revision().next();
    assert_eq!(night.submit(held.clone()).name(), "HELD");
    for version in [1, 2] {
        let refusal = night.withdraw("u0", version).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.field.as_str()),
            (RefusalCode::State, "key")
        );
        assert!(
            refusal.rule.contains(&format!("revision {waits_at}")),
            "{refusal}"
        );
    }
    assert_eq!(night.state.pending(night.slot("u0")).len(), 1);
}

#[test]
fn a_withdrawal_takes_nothing_from_the_queue_of_reviews() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.full("u0", 1, &[100, 20]));
    // The right protocol has lower sums and no word why: it waits (F18).
    let right = night.full("u0", 2, &[10, 20]);
    let Outcome::Held { revision, .. } = night.submit(right.clone()) else {
        panic!("a fall without a correction is held")
    };
    for version in [2, 3] {
        let refusal = night.withdraw("u0", version).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::State);
        assert!(
            refusal.rule.contains("version 2") && refusal.rule.contains(&revision.to_string()),
            "{refusal}"
        );
    }
    assert_eq!(night.counted("u0"), Some((1, vec![100, 20])));
    assert_eq!(night.review("u0", revision, false), Ok(1));
    assert_eq!(night.withdraw("u0", 2), Ok(1), "once it is decided over");
    let Outcome::Duplicate { standing, .. } = night.submit(right) else {
        panic!("what a reviewer has decided over is known")
    };
    assert_eq!(standing, DuplicateStanding::Reviewed);
}

#[test]
fn a_withdrawal_leaves_what_waits_above_it_and_a_conflict_is_decided_first() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.full("u0", 1, &[100, 20]));
    assert_eq!(
        night.submit(night.full("u0", 200, &[110, 20])).name(),
        "HELD"
    );
    assert_eq!(night.withdraw("u0", 2), Ok(1));
    let slot = night.slot("u0");
    assert_eq!(night.state.pending(slot).len(), 1);
    assert!(night.state.slot_state(slot).unwrap().pending);

    night.submit(night.full("u0", 3, &[50, 20]));
    assert_eq!(
        night.submit(night.full("u0", 3, &[51, 20])).name(),
        "CONFLICT"
    );
    assert_eq!(
        refused(night.withdraw("u0", 4)),
        (RefusalCode::State, "version".into())
    );
    assert_eq!(night.state.pending(slot).len(), 2);
}

#[test]
fn an_annulled_unit_is_out_of_the_count_and_its_reports_are_held() {
    let mut night = Night::begin(&small(2, 1));
    let first = night.full("u0", 1, &[10, 20]);
    night.submit(first.clone());
    assert_eq!(night.set_status("u0", UnitStatus::Annulled), Ok(1));
    assert_eq!(night.set_status("u0", UnitStatus::Annulled), Ok(0));
    assert_eq!(night.totals(), [0, 0]);
    assert_eq!(night.state.tally().corrections_total, 1);
    assert_eq!(night.submit(first).name(), "SUPERSEDED");
    let outcome = night.submit(night.full("u0", 2, &[10, 20]));
    let Outcome::Held { revision, reasons } = outcome else {
        panic!("{outcome:?} is not held");
    };
    assert_eq!(reasons, [HoldReason::UnitStatus(UnitStatus::Annulled)]);
    night.review("u0", revision, true).unwrap();
    assert_eq!(night.status("u0"), UnitStatus::Complete);
    assert_eq!(night.totals(), [10, 20]);
}

#[test]
fn a_repeated_vote_replaces_what_was_voided() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.full("u0", 1, &[10, 20]));
    night.set_status("u0", UnitStatus::RepeatOrdered).unwrap();
    assert_eq!(night.totals(), [0, 0]);
    let late = night.submit(night.full("u0", 2, &[10, 21]));
    assert_eq!(late.name(), "HELD");
    let repeat = night.ordered(ReportKind::RepeatVote, "u0", 3, &[5, 6]);
    assert_eq!(night.submit(repeat).name(), "ACCEPTED");
    assert_eq!(night.status("u0"), UnitStatus::Complete);
    assert_eq!(night.totals(), [5, 6]);
}

#[test]
fn the_counted_version_stands_until_the_recount_comes() {
    let mut night = Night::begin(&small(2, 1));
    assert_eq!(
        refused(night.set_status("u0", UnitStatus::UnderRecount)).0,
        RefusalCode::State
    );
    night.submit(night.full("u0", 1, &[10, 20]));
    night.set_status("u0", UnitStatus::UnderRecount).unwrap();
    assert_eq!(night.totals(), [10, 20]);
    let correction = night.ordered(ReportKind::Correction, "u0", 2, &[10, 21]);
    let Outcome::Held { revision, .. } = night.submit(correction) else {
        panic!("only a recount is awaited");
    };
    night.review("u0", revision, true).unwrap();
    assert_eq!(night.status("u0"), UnitStatus::UnderRecount);
    assert_eq!(night.totals(), [10, 21]);
    let recount = night.ordered(ReportKind::Recount, "u0", 3, &[9, 22]);
    assert_eq!(night.submit(recount).name(), "ACCEPTED");
    assert_eq!(night.status("u0"), UnitStatus::Complete);
    assert_eq!(night.totals(), [9, 22]);
}

#[test]
fn a_closed_unit_stays_closed_when_a_late_report_is_let_in() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.full("u0", 1, &[10, 20]));
    night.set_status("u0", UnitStatus::Closed).unwrap();
    assert_eq!(night.totals(), [10, 20]);
    let Outcome::Held { revision, .. } = night.submit(night.full("u0", 2, &[11, 20])) else {
        panic!("a closed unit's report is held");
    };
    night.review("u0", revision, true).unwrap();
    assert_eq!(night.status("u0"), UnitStatus::Closed);
    assert_eq!(night.totals(), [11, 20]);
}

#[test]
fn units_open_do_not_open_and_merge() {
    let mut night = Night::begin(&small(2, 3));
    night.set_status("u0", UnitStatus::Open).unwrap();
    night.set_status("u2", UnitStatus::NotOpened).unwrap();
    night.set_status("u2", UnitStatus::Merged).unwrap();
    assert!(matches!(
        night.records.last().unwrap().event,
        Event::StatusSet {
            merged_into: Some(1),
            ..
        }
    ));
    let outcome = night.submit(night.full("u2", 1, &[1, 2]));
    assert_eq!(outcome.name(), "HELD", "a merged unit does not report");
    night.submit(night.full("u0", 1, &[10, 20]));
    for status in [
        UnitStatus::Expected,
        UnitStatus::Open,
        UnitStatus::NotOpened,
        UnitStatus::Merged,
        UnitStatus::Partial,
        UnitStatus::Complete,
    ] {
        let result = night.set_status("u0", status);
        if status == UnitStatus::Complete {
            assert_eq!(result, Ok(0), "it is complete already");
        } else {
            assert_eq!(refused(result), (RefusalCode::State, "status".into()));
        }
    }
    let states = night.state.tally().contests[0][0].states_total();
    let of = |status| states.with_status(status);
    assert_eq!(
        (
            of(UnitStatus::Complete),
            of(UnitStatus::Merged),
            of(UnitStatus::Expected)
        ),
        (1, 1, 1)
    );
}

#[test]
fn a_merger_is_put_right_and_never_in_a_circle() {
    let mut night = Night::begin(&small(2, 3));
    let merge = |unit: &str, into: &str| Command::SetUnitStatus {
        unit: UnitId::new(unit).unwrap(),
        contest: None,
        counting_group: None,
        status: UnitStatus::Merged,
        merged_into: Some(UnitId::new(into).unwrap()),
        attribution: attribution(),
    };
    for (into, place) in [("u1", 1), ("u2", 2)] {
        assert_eq!(night.run(merge("u0", into)), Ok(1));
        let Event::StatusSet { merged_into, .. } = &night.records.last().unwrap().event else {
            panic!("a status is set");
        };
        assert_eq!(*merged_into, Some(place));
    }
    assert_eq!(
        refused(night.run(merge("u2", "u0"))),
        (RefusalCode::State, "status".into())
    );
}

#[test]
fn nobody_writes_what_steers_a_terminal() {
    let mut night = Night::begin(&small(2, 1));
    for hidden in ["\u{1b}[2J", "a\nb", "\u{202e}evil"] {
        let stage = Command::SetStage {
            stage: Stage::CompleteUnofficial,
            reason: hidden.into(),
        };
        assert_eq!(
            refused(night.run(stage)),
            (RefusalCode::Shape, "reason".into())
        );
        let mut report = night.ordered(ReportKind::Correction, "u0", 1, &[1, 2]);
        report.attribution.as_mut().unwrap().by = hidden.into();
        let Outcome::Refused(refusal) = night.submit(report) else {
            panic!("{hidden:?} is refused");
        };
        assert_eq!(refusal.field, "attribution.by");
        assert!(!refusal.to_string().contains(hidden), "{refusal}");
    }
}

#[test]
fn a_merged_unit_names_another_unit_of_the_register() {
    let mut night = Night::begin(&small(2, 2));
    for (status, into, expected) in [
        (UnitStatus::Merged, None, RefusalCode::Shape),
        (UnitStatus::Merged, Some("u0"), RefusalCode::Shape),
        (UnitStatus::Merged, Some("u9"), RefusalCode::UnknownUnit),
        (UnitStatus::Open, Some("u1"), RefusalCode::Shape),
    ] {
        let result = night.run(Command::SetUnitStatus {
            unit: UnitId::new("u0").unwrap(),
            contest: None,
            counting_group: None,
            status,
            merged_into: into.map(|id| UnitId::new(id).unwrap()),
            attribution: attribution(),
        });
        assert_eq!(refused(result), (expected, "merged_into_unit_id".into()));
    }
}

#[test]
fn the_register_grows_at_its_end_and_changes_in_place() {
    let mut night = Night::begin(&small(2, 2));
    let amend = |units, reason: &str| Command::AmendRegister {
        units,
        reason: reason.into(),
    };
    let version = |night: &Night| night.state.tally().outline.versions[1];
    let before = version(&night);
    let units = vec![unit("u1", Some(1_200)), unit("late", None)];
    assert_eq!(night.run(amend(units, "a station was forgotten")), Ok(2));
    let total = night.state.tally().turnout[0];
    assert_eq!(
        (total.units, total.roll, total.units_without_roll),
        (3, 2_200, 1)
    );
    assert_eq!(version(&night).version, before.version + 2);
    assert_ne!(version(&night).hash, before.hash);
    assert_eq!(
        night.submit(night.full("u1", 1, &[1_200, 0])).name(),
        "ACCEPTED"
    );
    assert_eq!(
        night.submit(night.full("late", 1, &[9_000, 0])).name(),
        "ACCEPTED"
    );
    assert_eq!(night.submit(turnout("late", 1, 9_000)).name(), "ACCEPTED");

    assert_eq!(
        refused(night.run(amend(vec![unit("u0", None)], " "))),
        (RefusalCode::Shape, "reason".into())
    );
    let mut elsewhere = unit("u0", None);
    elsewhere.district = DistrictId::new("moon").unwrap();
    assert_eq!(
        refused(night.run(amend(vec![elsewhere], "x"))),
        (RefusalCode::UnknownDistrict, "units[0].district_id".into())
    );
    let twice = vec![unit("u0", None), unit("u0", None)];
    assert_eq!(
        refused(night.run(amend(twice, "x"))),
        (RefusalCode::Shape, "units[1]".into())
    );
}

#[test]
fn a_unit_keeps_its_counting_groups() {
    let mut definition = small(2, 1);
    let groups = ["desk", "postal"].map(|id| election::ids::CountingGroupId::new(id).unwrap());
    definition.ballot.counting_groups = groups.to_vec();
    let mut night = Night::begin(&definition);
    let amend = |groups: &[election::ids::CountingGroupId]| Command::AmendRegister {
        units: vec![election::definition::Unit {
            counting_groups: groups.to_vec(),
            ..unit("u0", Some(5))
        }],
        reason: "x".into(),
    };
    assert_eq!(
        refused(night.run(amend(&groups[..1]))),
        (RefusalCode::State, "units[0].counting_group_ids".into())
    );
    assert_eq!(
        night.run(amend(&groups)),
        Ok(1),
        "all of them, named or not"
    );
}

#[test]
fn a_definition_is_sent_again_or_completed_but_never_another() {
    let definition = small(2, 2_500);
    let whole = Night::begin(&definition);
    assert_eq!(whole.records.len(), 4, "a thousand units an event");
    let define = |definition: &election::definition::Definition| Command::Define {
        definition: Box::new(definition.clone()),
        log_id: support::LOG,
    };
    for kept in 1..=whole.records.len() {
        let events = whole.records[..kept].iter().map(|r| r.event.clone());
        let mut night = Night::of_events(events.collect());
        assert_eq!(
            night.state.tally().is_complete(),
            kept == whole.records.len()
        );
        if kept < whole.records.len() {
            let amend = Command::AmendRegister {
                units: vec![unit("late", None)],
                reason: "x".into(),
            };
            assert_eq!(refused(night.run(amend)).0, RefusalCode::NotDefined);
        }
        assert_eq!(
            night.run(define(&definition)),
            Ok(whole.records.len() - kept)
        );
        assert_eq!(
            night.state.tally().unit_names,
            whole.state.tally().unit_names
        );
        assert!(night.state.tally().is_complete());
    }
    let mut night = Night::begin(&small(2, 2));
    let mut others = [small(3, 2), small(2, 3), small(2, 2), small(2, 2)];
    others[2].rules.house_size = 11;
    others[3].presentation.time_zone = Some("Asia/Almaty".into());
    for (other, part) in others
        .iter()
        .zip(["ballot", "register", "rules", "presentation"])
    {
        assert_eq!(
            refused(night.run(define(other))),
            (RefusalCode::AlreadyDefined, part.into())
        );
    }
}

#[test]
fn nothing_is_asked_of_an_election_before_it_is_defined() {
    let command = Command::Certify {
        attribution: attribution(),
    };
    let refusal = decide(None, &command, Timestamp(START)).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotDefined);
}

#[test]
fn rules_and_presentation_are_amended_with_a_reason() {
    let mut night = Night::begin(&small(2, 1));
    let mut rules = small(2, 1).rules;
    rules.holds.version_jump_max = 1;
    let amend = |rules: &election::rules::Rules, reason: &str| Command::AmendRules {
        rules: Box::new(rules.clone()),
        reason: reason.into(),
    };
    assert_eq!(
        refused(night.run(amend(&rules, ""))),
        (RefusalCode::Shape, "reason".into())
    );
    assert_eq!(night.run(amend(&rules, "a decree")), Ok(1));
    assert_eq!(night.run(amend(&rules, "a decree")), Ok(0));
    assert_eq!(night.submit(night.full("u0", 2, &[1, 1])).name(), "HELD");
    rules.sources = vec!["x".repeat(2 << 20)];
    assert_eq!(
        refused(night.run(amend(&rules, "x"))),
        (RefusalCode::Limit, "rules".into())
    );
    // All parts together are what is limited, as one answer holds them.
    let mut rules = small(2, 1).rules;
    rules.sources = vec!["x".repeat(1_500 << 10)];
    assert_eq!(night.run(amend(&rules, "sources")), Ok(1));
    let mut presentation = small(2, 1).presentation;
    presentation.notice = [("en".into(), "x".repeat(500 << 10))].into();
    let command = Command::AmendPresentation {
        presentation: Box::new(presentation),
        reason: "x".into(),
    };
    assert_eq!(
        refused(night.run(command)),
        (RefusalCode::Limit, "presentation".into())
    );

    let mut presentation = small(2, 1).presentation;
    presentation.time_zone = Some("Asia/Almaty".into());
    let command = Command::AmendPresentation {
        presentation: Box::new(presentation),
        reason: "x".into(),
    };
    assert_eq!(night.run(command.clone()), Ok(1));
    assert_eq!(night.run(command), Ok(0));
    let versions = night
        .state
        .tally()
        .outline
        .versions
        .map(|part| part.version);
    assert_eq!(versions, [1, 1, 3, 2]);
}

#[test]
fn lots_are_bound_to_their_tie() {
    let mut night = Night::begin(&small(4, 1));
    let draw = |tied: &[usize], seats, winners: &[usize]| {
        let (contest, district) = place();
        Command::DrawLot {
            contest,
            district,
            stage: 0,
            tied: options(tied),
            seats,
            winners: options(winners),
            attribution: attribution(),
        }
    };
    assert_eq!(night.run(draw(&[2, 0, 1], 1, &[2])), Ok(1));
    assert_eq!(
        night.run(draw(&[0, 1, 2], 1, &[2])),
        Ok(0),
        "the same lot in other words"
    );
    assert_eq!(night.state.tally().lots[0].lot.tied, [0, 1, 2]);
    for (command, field) in [
        (draw(&[0], 1, &[0]), "tied_option_ids"),
        (draw(&[0, 0], 1, &[0]), "tied_option_ids"),
        (draw(&[0, 1], 1, &[2]), "winner_option_ids"),
        (draw(&[0, 1, 2], 2, &[1, 1]), "winner_option_ids"),
        (draw(&[0, 1], 2, &[0, 1]), "seats"),
        (draw(&[0, 1], 0, &[1]), "seats"),
        (draw(&[0, 9], 1, &[0]), "tied_option_ids[1]"),
    ] {
        assert_eq!(refused(night.run(command)).1, field);
    }
}

#[test]
fn candidates_change_on_a_day() {
    let mut night = Night::begin(&small(2, 1));
    let change = |candidates, effective: &str| {
        let (contest, district) = place();
        Command::ChangeCandidates {
            contest,
            district,
            option: options(&[1]).remove(0),
            candidates,
            effective: effective.into(),
            reason: "died".into(),
        }
    };
    assert_eq!(night.state.tally().candidates_of(0, 0, 1), None);
    assert_eq!(night.run(change(4, "2021-01-09")), Ok(1));
    assert_eq!(night.run(change(4, "2021-01-09")), Ok(0));
    assert_eq!(night.state.tally().candidates_of(0, 0, 1), Some(4));
    for day in [
        "",
        "2021-1-9",
        "2021-13-01",
        "2021-01-32",
        "+021-01-01",
        "2021-01-01-",
        "tomorrow",
    ] {
        assert_eq!(
            refused(night.run(change(3, day))).1,
            "effective_date",
            "{day}"
        );
    }
}

#[test]
fn stages_and_marks_are_set_and_never_inferred() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.full("u0", 1, &[1, 2]));
    assert_eq!(night.state.tally().stage, Stage::PreElection);
    let stage = |stage| Command::SetStage {
        stage,
        reason: "x".into(),
    };
    assert_eq!(night.run(stage(Stage::CompleteUnofficial)), Ok(1));
    assert_eq!(night.run(stage(Stage::CompleteUnofficial)), Ok(0));
    for official in [Stage::Declared, Stage::Certified] {
        assert_eq!(refused(night.run(stage(official))).0, RefusalCode::State);
    }
    let mark = |is_set| Command::SetMark {
        mark: Mark::Recount,
        is_set,
        reason: "x".into(),
    };
    assert_eq!(night.run(mark(false)), Ok(0));
    assert_eq!(night.run(mark(true)), Ok(1));
    assert_eq!(night.state.tally().marks, [true, false, false]);
    assert_eq!(night.run(mark(false)), Ok(1));
}

#[test]
fn a_result_is_certified_when_every_district_is_declared() {
    let mut definition = small(2, 1);
    let mut second = definition.ballot.contests[0].districts[0].clone();
    second.id = DistrictId::new("south").unwrap();
    definition.ballot.contests[0].districts.push(second);
    let mut seats = definition.rules.contests[0].districts[0].clone();
    seats.id = DistrictId::new("south").unwrap();
    definition.rules.house_size = 20;
    definition.rules.contests[0].districts.push(seats);
    let mut night = Night::begin(&definition);
    let declare = |district: &str| Command::Declare {
        contest: place().0,
        district: Some(DistrictId::new(district).unwrap()),
        seats: vec![(options(&[0]).remove(0), 10)],
        attribution: attribution(),
    };
    let certify = || Command::Certify {
        attribution: attribution(),
    };
    night.run(declare("city")).unwrap();
    let refusal = night.run(certify()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::State);
    assert!(refusal.rule.contains("district south"), "{refusal}");
    night.run(declare("south")).unwrap();
    assert_eq!(night.run(certify()), Ok(1));
}

#[test]
fn a_result_is_declared_then_certified() {
    let mut night = Night::begin(&small(3, 1));
    let declare = |rows: &[(usize, u32)]| {
        let (contest, district) = place();
        let rows = rows.iter();
        Command::Declare {
            contest,
            district: Some(district),
            seats: rows
                .map(|(option, seats)| (options(&[*option]).remove(0), *seats))
                .collect(),
            attribution: attribution(),
        }
    };
    let certify = || Command::Certify {
        attribution: attribution(),
    };
    assert_eq!(
        refused(night.run(certify())),
        (RefusalCode::State, "election_id".into())
    );
    assert_eq!(
        refused(night.run(declare(&[]))),
        (RefusalCode::Shape, "rows".into())
    );
    assert_eq!(
        refused(night.run(declare(&[(0, 5), (0, 5)]))),
        (RefusalCode::RepeatedOption, "rows[1].option_id".into())
    );
    assert_eq!(
        refused(night.run(declare(&[(7, 5)]))).0,
        RefusalCode::UnknownOption
    );
    assert_eq!(night.run(declare(&[(2, 3), (0, 7)])), Ok(1));
    assert_eq!(
        night.run(declare(&[(0, 7), (2, 3)])),
        Ok(0),
        "rows have no order"
    );
    assert_eq!(night.state.tally().stage, Stage::Declared);
    let back = Command::SetStage {
        stage: Stage::PartialUnofficial,
        reason: "x".into(),
    };
    assert_eq!(refused(night.run(back)).0, RefusalCode::State);
    assert_eq!(night.run(certify()), Ok(1));
    assert_eq!(night.run(certify()), Ok(0));
    assert_eq!(night.state.tally().stage, Stage::Certified);
    // An official result may turn out wrong: a new declaration stands beside the certificate of the old one.
    assert_eq!(night.run(declare(&[(0, 6), (2, 4)])), Ok(1));
    assert_eq!(night.state.tally().stage, Stage::Certified);
}

fn open(class: PublicationClass, opens_at: Option<i64>) -> Command {
    Command::OpenClass {
        class,
        opens_at: opens_at.map(Timestamp),
    }
}

fn shown(night: &Night, now: Timestamp) -> Option<u64> {
    let publication = &night.state.tally().publication;
    publication
        .public_revision(night.state.revision(), now)
        .map(|revision| revision.0)
}

#[test]
fn nothing_of_an_unopened_class_is_shown() {
    let mut night = Night::begin(&small(2, 2));
    assert_eq!(
        shown(&night, night.now),
        None,
        "not even that there is an election"
    );
    night.run(open(PublicationClass::Definition, None)).unwrap();
    assert_eq!(shown(&night, night.now), Some(3));
    night.submit(turnout("u0", 1, 300));
    night.submit(night.full("u0", 1, &[1, 2]));
    night.submit(turnout("u1", 1, 300));
    assert_eq!(shown(&night, night.now), Some(3));
    night.run(open(PublicationClass::Turnout, None)).unwrap();
    assert_eq!(
        shown(&night, night.now),
        Some(4),
        "turnout behind a result waits with it"
    );
    let later = night.now.0 + 3_600_000_000;
    night
        .run(open(PublicationClass::Results, Some(later)))
        .unwrap();
    assert_eq!(shown(&night, Timestamp(later - 1)), Some(4));
    assert_eq!(
        shown(&night, Timestamp(later)),
        Some(night.state.revision().0)
    );
    assert_eq!(night.state.tally().publication.seq(), 3);
    night.now = Timestamp(later);
    assert_eq!(night.run(open(PublicationClass::Results, None)), Ok(0));
    assert_eq!(
        refused(night.run(open(PublicationClass::Results, Some(later + 1)))),
        (RefusalCode::State, "open_time".into())
    );
}

#[test]
fn a_hold_or_a_pause_never_shows_less_than_before() {
    let mut night = Night::begin(&small(2, 2));
    for class in PublicationClass::ALL {
        night.run(open(class, None)).unwrap();
    }
    night.submit(night.full("u0", 1, &[1, 2]));
    let follow = |mode| Command::MovePublication {
        mode,
        reason: "x".into(),
    };
    let head = night.state.revision();
    for (at, code) in [
        (head.0 - 1, RefusalCode::State),
        (head.0 + 1, RefusalCode::Shape),
    ] {
        let result = night.run(follow(PublicationMode::HoldAt(Revision(at))));
        assert_eq!(refused(result), (code, "mode.hold_at.revision".into()));
    }
    assert_eq!(night.run(follow(PublicationMode::HoldAt(head))), Ok(1));
    assert_eq!(night.run(follow(PublicationMode::HoldAt(head))), Ok(0));
    night.submit(night.full("u0", 2, &[2, 2]));
    assert_eq!(shown(&night, night.now), Some(head.0));
    night.run(follow(PublicationMode::Paused)).unwrap();
    assert_eq!(
        shown(&night, night.now),
        Some(head.0),
        "a pause of a hold shows no more"
    );
    night.run(follow(PublicationMode::FollowHead)).unwrap();
    assert_eq!(shown(&night, night.now), Some(night.state.revision().0));
    night.run(follow(PublicationMode::Paused)).unwrap();
    let paused = night.state.revision().0;
    night.submit(night.full("u1", 1, &[1, 1]));
    assert_eq!(
        shown(&night, night.now),
        Some(paused),
        "the pause itself is seen"
    );
}

#[test]
fn nothing_opens_by_the_clock_during_a_pause() {
    let mut night = Night::begin(&small(2, 2));
    let opens = night.now.0 + 600_000_000;
    let classes = [
        (PublicationClass::Definition, None),
        (PublicationClass::Turnout, None),
        (PublicationClass::Results, Some(opens)),
    ];
    for (class, at) in classes {
        night.run(open(class, at)).unwrap();
    }
    let before = night.state.revision().0;
    night.submit(night.full("u0", 1, &[1, 2]));
    let mode = |mode| Command::MovePublication {
        mode,
        reason: "x".into(),
    };
    night.run(mode(PublicationMode::Paused)).unwrap();
    assert_eq!(shown(&night, Timestamp(opens - 1)), Some(before));
    assert_eq!(shown(&night, Timestamp(opens)), Some(before));
    night.now = Timestamp(opens + 1);
    let again = Command::MovePublication {
        mode: PublicationMode::Paused,
        reason: "still".into(),
    };
    night.run(again).unwrap();
    assert_eq!(
        shown(&night, night.now),
        Some(before),
        "a further pause is the same pause"
    );
    night.run(mode(PublicationMode::FollowHead)).unwrap();
    assert_eq!(shown(&night, night.now), Some(night.state.revision().0));
}

#[test]
fn a_turnout_that_shut_out_all_later_ones_is_taken_back() {
    let mut night = Night::begin(&small(2, 2));
    night.submit(turnout("u0", 3, 300));
    night.submit(turnout("u0", TURNOUT_VERSION_MAX, 310));
    let next = turnout("u0", 4, 320);
    assert_eq!(night.submit(next.clone()).name(), "SUPERSEDED");

    let correct = |version, issued, replaced_version| Command::CorrectTurnout {
        turnout: TurnoutReport {
            attribution: Some(attribution()),
            ..turnout("u0", version, issued)
        },
        replaced_version,
    };
    assert_eq!(
        refused(night.run(correct(3, 300, 3))),
        (RefusalCode::StaleVersion, "replaced_version".into())
    );
    assert_eq!(
        refused(night.run(correct(0, 300, TURNOUT_VERSION_MAX))),
        (RefusalCode::Shape, "version".into())
    );
    let unsigned = Command::CorrectTurnout {
        turnout: turnout("u0", 3, 300),
        replaced_version: TURNOUT_VERSION_MAX,
    };
    assert_eq!(
        refused(night.run(unsigned)),
        (RefusalCode::AttributionMissing, "attribution".into())
    );
    let absent = Command::CorrectTurnout {
        turnout: TurnoutReport {
            attribution: Some(attribution()),
            ..turnout("u1", 3, 300)
        },
        replaced_version: 1,
    };
    assert_eq!(
        refused(night.run(absent)),
        (RefusalCode::State, "unit_id".into())
    );

    let right = correct(3, 300, TURNOUT_VERSION_MAX);
    assert_eq!(night.run(right.clone()), Ok(1));
    assert_eq!(night.run(right.clone()), Ok(0), "it is so already");
    let total = night.state.tally().turnout[0];
    assert_eq!((total.ballots_issued, total.units_reporting), (300, 1));
    assert_eq!(night.submit(next).name(), "ACCEPTED");
    assert_eq!(
        refused(night.run(right)),
        (RefusalCode::StaleVersion, "replaced_version".into()),
        "asked once more, it does not undo what came since"
    );
    assert_eq!(night.state.tally().turnout[0].ballots_issued, 320);
    let again = State::begin(&night.records[0]).map(|mut state| {
        night.records[1..]
            .iter()
            .for_each(|recorded| state.apply(recorded).unwrap());
        state
    });
    assert_eq!(again.unwrap(), night.state, "the same log, the same state");
}
