//! Every outcome of a submission, every reason to hold and every code of refusal that a submission can get.

// tidy: long because one test for each outcome and hold reason.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod support;

use election::counts::Counter;
use election::definition::Hash;
use election::event::Event;
use election::ids::{ContestId, CountingGroupId, DistrictId, Revision, UnitId};
use election::report::{
    Attribution, DuplicateStanding, HoldCode, HoldReason, Outcome, RefusalCode, Report, ReportKind,
    TURNOUT_VERSION_MAX, TurnoutReport, UnitStatus, Warning,
};
use election::rules::DistrictSeats;
use election::state::{PENDING_MAX, State};
use support::{Night, attribution, code, small, turnout};

#[track_caller]
fn standing(outcome: &Outcome) -> DuplicateStanding {
    match outcome {
        Outcome::Duplicate { standing, .. } => *standing,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn held(outcome: &Outcome) -> (Revision, &[HoldReason]) {
    match outcome {
        Outcome::Held { revision, reasons } => (*revision, reasons),
        other => panic!("{other:?} is not held"),
    }
}

#[track_caller]
fn conflict(outcome: &Outcome) -> Revision {
    match outcome {
        Outcome::Conflict { revision, .. } => *revision,
        other => panic!("{other:?} is no conflict"),
    }
}

#[test]
fn a_report_is_counted_once_and_known_afterwards() {
    let mut night = Night::begin(&small(3, 2));
    let first = night.full("u0", 1, &[10, 20, 30]);
    assert_eq!(night.status("u0"), UnitStatus::Expected);
    let accepted = night.submit(first.clone());
    assert_eq!(accepted.name(), "ACCEPTED");
    let again = night.submit(first);
    assert_eq!(
        again,
        Outcome::Duplicate {
            revision: night.state.revision(),
            standing: DuplicateStanding::Counted,
        }
    );
    assert_eq!(night.totals(), [10, 20, 30]);
    assert_eq!(night.status("u0"), UnitStatus::Complete);
    assert_eq!(night.status("u1"), UnitStatus::Expected);
    let third = night.full("u0", 3, &[11, 20, 30]);
    night.submit(third);
    let second = night.full("u0", 2, &[10, 20, 31]);
    assert_eq!(
        night.submit(second),
        Outcome::Superseded {
            revision: night.state.revision(),
            counted_version: 3
        }
    );
    assert_eq!(night.totals(), [11, 20, 30]);
}

#[test]
fn votes_above_the_roll_are_held_whatever_the_form_says() {
    let mut night = Night::begin(&small(3, 1));
    let mut report = night.full("u0", 1, &[948, 70, 90]);
    report.form = vec![(Counter::Papers, 60)];
    let over = HoldReason::BallotsOverRoll {
        ballots: 1_108,
        roll: 1_000,
    };
    let outcome = night.submit(report);
    let reasons = held(&outcome).1;
    assert!(reasons.contains(&over), "{reasons:?}");
    assert_eq!(night.totals(), [0, 0, 0]);
}

#[test]
fn f18_a_counter_never_falls_without_a_correction() {
    let mut night = Night::begin(&small(2, 2));
    let with = |report: Report, form: &[(Counter, u64)]| Report {
        form: form.to_vec(),
        ..report
    };
    let first = [(Counter::Papers, 500), (Counter::Invalid, 400)];
    let report = with(night.full("u0", 1, &[50, 50]), &first);
    assert_eq!(night.submit(report).name(), "ACCEPTED");
    let falls = |counter, before, after| HoldReason::CounterFalls {
        counter,
        before,
        after,
    };
    let less = [(Counter::Papers, 100), (Counter::Invalid, 0)];
    let report = with(night.full("u0", 2, &[50, 50]), &less);
    let fall = falls(Counter::Papers, 500, Some(100));
    assert_eq!(held(&night.submit(report)).1, [fall]);
    let report = with(night.full("u0", 3, &[50, 50]), &first[..1]);
    let missing = falls(Counter::Invalid, 400, None);
    assert_eq!(held(&night.submit(report)).1, [missing]);
    let ballots = |night: &Night| night.state.tally().contests[0][0].ballots_counted;
    assert_eq!(ballots(&night), 500);
    let report = night.ordered(ReportKind::Correction, "u0", 4, &[50, 50]);
    assert_eq!(night.submit(with(report, &less)).name(), "ACCEPTED");
    assert_eq!(ballots(&night), 100);
}

#[test]
fn options_are_keyed_and_not_positional() {
    let mut night = Night::begin(&small(3, 1));
    let mut report = night.full("u0", 1, &[1, 2, 3]);
    report.votes.reverse();
    assert_eq!(night.submit(report).name(), "ACCEPTED");
    assert_eq!(night.totals(), [1, 2, 3]);
}

#[test]
fn each_reason_holds_a_report_out_of_the_count() {
    let mut night = Night::begin(&small(3, 8));
    let mut identity = night.full("u0", 1, &[10, 20, 30]);
    identity.form = vec![(Counter::Papers, 61), (Counter::Invalid, 2)];
    let outcome = night.submit(identity);
    let broken = HoldReason::IdentityBroken {
        identity: 0,
        left: 62,
        right: 61,
    };
    assert_eq!(held(&outcome).1, [broken]);

    let outcome = night.submit(night.full("u1", 1, &[1_001, 0, 0]));
    let over = HoldReason::BallotsOverRoll {
        ballots: 1_001,
        roll: 1_000,
    };
    assert_eq!(held(&outcome).1, [over]);

    let mut valid = night.full("u2", 1, &[10, 20, 30]);
    valid.form = vec![(Counter::Valid, 59)];
    let outcome = night.submit(valid);
    let over = HoldReason::VotesOverValid {
        votes: 60,
        limit: 59,
    };
    assert_eq!(held(&outcome).1, [over]);

    let outcome = night.submit(night.full("u3", 101, &[1, 2, 3]));
    let jump = HoldReason::VersionJump {
        counted: 0,
        version: 101,
    };
    assert_eq!(held(&outcome).1, [jump]);

    night.submit(night.full("u4", 1, &[10, 20, 30]));
    let outcome = night.submit(night.full("u4", 2, &[10, 19, 40]));
    let fall = HoldReason::FallWithoutCorrection {
        option: 1,
        before: 20,
        after: 19,
    };
    assert_eq!(held(&outcome).1, [fall]);

    night.submit(night.full("u5", 1, &[900, 0, 0]));
    let outcome = night.submit(night.ordered(ReportKind::Correction, "u5", 2, &[0, 900, 0]));
    let lead = HoldReason::LeadMoved {
        moved: 1_800,
        electorate: 1_000,
    };
    assert_eq!(held(&outcome).1, [lead]);

    night.set_status("u6", UnitStatus::NotOpened).unwrap();
    let outcome = night.submit(night.full("u6", 1, &[1, 2, 3]));
    assert_eq!(
        held(&outcome).1,
        [HoldReason::UnitStatus(UnitStatus::NotOpened)]
    );

    assert_eq!(night.totals(), [910, 20, 30]);
    let states = night.state.tally().contests[0][0].states_total();
    assert_eq!(
        (states.counted(), states.pending(), states.total()),
        (2, 7, 8)
    );
}

#[test]
fn the_limits_themselves_are_not_over_them() {
    let mut night = Night::begin(&small(2, 4));
    assert_eq!(
        night.submit(night.full("u0", 1, &[1_000, 0])).name(),
        "ACCEPTED"
    );
    assert_eq!(
        night.submit(night.full("u1", 100, &[1, 1])).name(),
        "ACCEPTED"
    );
    night.submit(night.full("u2", 1, &[500, 500]));
    let swap = night.ordered(ReportKind::Correction, "u2", 2, &[1_000, 0]);
    assert_eq!(night.submit(swap).name(), "ACCEPTED");
}

#[test]
fn the_unit_own_roll_counts_only_where_the_register_has_none() {
    let mut definition = small(2, 2);
    definition.register.units[1].roll = None;
    let mut night = Night::begin(&definition);
    for (unit, expected) in [("u0", "HELD"), ("u1", "ACCEPTED")] {
        let mut report = night.full(unit, 1, &[1_500, 0]);
        report.form = vec![(Counter::RollAtClose, 1_500)];
        assert_eq!(night.submit(report).name(), expected, "{unit}");
    }
}

#[test]
fn a_held_correction_leaves_the_counted_version_standing() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.full("u0", 1, &[900, 0]));
    let bad = night.ordered(ReportKind::Correction, "u0", 2, &[0, 900]);
    held(&night.submit(bad.clone()));
    assert_eq!(night.counted("u0"), Some((1, vec![900, 0])));
    assert_eq!(standing(&night.submit(bad)), DuplicateStanding::Waiting);
    let good = night.ordered(ReportKind::Correction, "u0", 3, &[890, 5]);
    assert_eq!(night.submit(good).name(), "ACCEPTED");
    assert!(
        night.state.pending(night.slot("u0")).is_empty(),
        "what waited below the counted version is out of date"
    );
}

#[test]
fn a_conflict_keeps_both_and_a_reviewer_decides() {
    for release in [false, true] {
        let mut night = Night::begin(&small(2, 1));
        let first = night.full("u0", 1, &[10, 20]);
        let other = night.full("u0", 1, &[20, 10]);
        night.submit(first.clone());
        let revision = conflict(&night.submit(other.clone()));
        assert_eq!(night.counted("u0"), Some((1, vec![10, 20])));
        let again = night.submit(other.clone());
        assert_eq!(standing(&again), DuplicateStanding::Waiting);
        assert_eq!(night.review("u0", revision, release), Ok(1));
        let expected = if release { vec![20, 10] } else { vec![10, 20] };
        assert_eq!(night.counted("u0"), Some((1, expected)));
        for (report, is_counted) in [(first, !release), (other, release)] {
            let expected = if is_counted {
                DuplicateStanding::Counted
            } else {
                DuplicateStanding::Reviewed
            };
            assert_eq!(standing(&night.submit(report)), expected, "{release}");
        }
        let refusal = night.review("u0", revision, release).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::NothingPending);
        let changes = &night.state.tally().corrections;
        assert_eq!(
            changes.len(),
            usize::from(release),
            "a change has who and why"
        );
    }
}

/// A reviewer who knew only of the conflict would let 1,300 ballots into a unit of 1,000 voters.
#[test]
fn a_conflict_says_what_else_is_wrong_with_it() {
    let mut night = Night::begin(&small(2, 1));
    held(&night.submit(night.full("u0", 1, &[1_200, 0])));
    let worse = conflict(&night.submit(night.full("u0", 1, &[1_300, 0])));
    let sound = conflict(&night.submit(night.full("u0", 1, &[130, 0])));
    let slot = night.slot("u0");
    let reasons = |revision| {
        let mut pending = night.state.pending(slot).iter();
        let found = pending.find(|it| it.revision == revision).unwrap();
        assert!(found.conflicts_with.is_some());
        found.reasons.clone()
    };
    let over = HoldReason::BallotsOverRoll {
        ballots: 1_300,
        roll: 1_000,
    };
    assert_eq!(reasons(worse), [over]);
    assert_eq!(reasons(sound), []);
    // The public learns the codes, as of whatever is held.
    let codes = |revision: Revision| {
        let mut records = night.records.iter();
        let recorded = records.find(|it| it.revision == revision).unwrap();
        match &recorded.event {
            Event::ReportHeld { codes, .. } => codes.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(codes(worse), [HoldCode::BallotsOverRoll]);
    assert_eq!(codes(sound), []);
}

#[test]
fn a_conflict_of_three_is_decided_one_by_one() {
    let mut night = Night::begin(&small(2, 1));
    let reports: Vec<Report> = [[10, 20], [20, 10], [15, 15]]
        .iter()
        .map(|votes| night.full("u0", 1, votes))
        .collect();
    night.submit(reports[0].clone());
    let second = conflict(&night.submit(reports[1].clone()));
    let third = conflict(&night.submit(reports[2].clone()));
    night.review("u0", second, true).unwrap();
    assert_eq!(night.state.pending(night.slot("u0")).len(), 1);
    night.review("u0", third, false).unwrap();
    assert_eq!(night.counted("u0"), Some((1, vec![20, 10])));
    for report in reports {
        assert_eq!(night.submit(report).name(), "DUPLICATE");
    }
}

#[test]
fn a_held_report_is_released_or_rejected_and_known_afterwards() {
    for release in [false, true] {
        let mut night = Night::begin(&small(2, 1));
        let report = night.full("u0", 1, &[1_200, 0]);
        let revision = held(&night.submit(report.clone())).0;
        night.review("u0", revision, release).unwrap();
        let expected = if release {
            DuplicateStanding::Counted
        } else {
            DuplicateStanding::Reviewed
        };
        assert_eq!(standing(&night.submit(report)), expected);
        assert_eq!(night.counted("u0").is_some(), release);
        let status = if release {
            UnitStatus::Complete
        } else {
            UnitStatus::Expected
        };
        assert_eq!(night.status("u0"), status);
        // Put right under the same version after a rejection, it is a report like any other.
        let outcome = night.submit(night.full("u0", 1, &[120, 0]));
        assert_eq!(
            outcome.name(),
            if release { "CONFLICT" } else { "ACCEPTED" }
        );
    }
}

#[test]
fn a_held_report_and_another_of_its_version_conflict() {
    let mut night = Night::begin(&small(2, 1));
    held(&night.submit(night.full("u0", 1, &[1_200, 0])));
    let revision = conflict(&night.submit(night.full("u0", 1, &[120, 0])));
    assert_eq!(night.counted("u0"), None);
    night.review("u0", revision, true).unwrap();
    assert_eq!(night.counted("u0"), Some((1, vec![120, 0])));
}

#[test]
fn every_refusal_of_a_report_names_code_field_and_value() {
    let mut definition = small(3, 2);
    let groups = ["desk", "postal"].map(|group| CountingGroupId::new(group).unwrap());
    definition.ballot.counting_groups = groups.to_vec();
    definition.register.units[1].counting_groups = vec![groups[0].clone()];
    let mut night = Night::begin(&definition);
    let sound = Report {
        form: vec![(Counter::Papers, 6), (Counter::Invalid, 0)],
        key: election::report::TallyKey {
            counting_group: groups[0].clone(),
            ..support::key("u0")
        },
        ..night.full("u0", 1, &[1, 2, 3])
    };
    type Change = fn(&mut Report);
    let cases: [(RefusalCode, &str, &str, Change); 15] = [
        (RefusalCode::Shape, "version", "0", |r| r.version = 0),
        (RefusalCode::UnknownUnit, "unit_id", "u9", |r| {
            r.key.unit = UnitId::new("u9").unwrap();
        }),
        (RefusalCode::UnknownContest, "contest_id", "mayor", |r| {
            r.key.contest = ContestId::new("mayor").unwrap();
        }),
        (
            RefusalCode::UnknownCountingGroup,
            "counting_group_id",
            "all",
            |r| {
                r.key.counting_group = CountingGroupId::new("all").unwrap();
            },
        ),
        (
            RefusalCode::UnknownCountingGroup,
            "counting_group_id",
            "postal",
            |r| {
                r.key.unit = UnitId::new("u1").unwrap();
                r.key.counting_group = CountingGroupId::new("postal").unwrap();
            },
        ),
        (
            RefusalCode::BallotHash,
            "ballot_hash",
            &"0".repeat(64),
            |r| {
                r.ballot_hash = Hash::default();
            },
        ),
        (RefusalCode::UnknownOption, "option_indexes[3]", "3", |r| {
            r.votes.push((3, 1));
        }),
        (
            RefusalCode::UnknownOption,
            "option_indexes[0]",
            "4294967295",
            |r| {
                r.votes[0].0 = u32::MAX;
            },
        ),
        (RefusalCode::RepeatedOption, "option_indexes[2]", "0", |r| {
            r.votes[2].0 = 0;
        }),
        (
            RefusalCode::MissingOption,
            "option_indexes",
            "2 options",
            |r| {
                r.votes.pop();
            },
        ),
        (
            RefusalCode::Limit,
            "votes[1]",
            "18446744073709551615",
            |r| {
                r.votes[1].1 = u64::MAX;
            },
        ),
        (RefusalCode::Limit, "form[0].value", "4294967296", |r| {
            r.form[0].1 = 1 << 32;
        }),
        (RefusalCode::Shape, "form[2].counter", "papers", |r| {
            r.form.push((Counter::Papers, 7));
        }),
        (RefusalCode::AttributionMissing, "attribution", "", |r| {
            r.kind = ReportKind::Recount;
        }),
        (
            RefusalCode::Limit,
            "attribution.reason",
            "1025 bytes",
            |r| {
                r.attribution = Some(Attribution {
                    by: "x".into(),
                    reason: "y".repeat(1_025),
                });
            },
        ),
    ];
    for (code, field, value, change) in cases {
        let mut report = sound.clone();
        change(&mut report);
        let Outcome::Refused(refusal) = night.submit(report) else {
            panic!("{field} must be refused");
        };
        assert_eq!(
            (refusal.code, refusal.field.as_str(), refusal.value.as_str()),
            (code, field, value)
        );
        assert!(!refusal.rule.is_empty());
    }
    assert_eq!(night.submit(sound).name(), "ACCEPTED");
}

#[test]
fn a_part_is_put_right_by_a_part_and_a_correction_is_of_the_whole() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.ordered(ReportKind::Partial, "u0", 1, &[2, 2]));
    assert_eq!(night.status("u0"), UnitStatus::Partial);
    let fall = night.ordered(ReportKind::Partial, "u0", 2, &[1, 2]);
    held(&night.submit(fall));
    let put_right = Report {
        attribution: Some(attribution()),
        ..night.ordered(ReportKind::Partial, "u0", 3, &[1, 2])
    };
    assert_eq!(night.submit(put_right).name(), "ACCEPTED");
    assert_eq!(night.status("u0"), UnitStatus::Partial);
    assert_eq!(night.state.tally().corrections_total, 1);
    let correction = night.ordered(ReportKind::Correction, "u0", 4, &[1, 1]);
    assert_eq!(night.submit(correction).name(), "ACCEPTED");
    assert_eq!(night.status("u0"), UnitStatus::Complete);
}

#[test]
fn turnout_reports_in_any_order_leave_the_highest_version() {
    let reports = [
        ("u0", 1, 10),
        ("u0", 100, 20),
        ("u0", 205, 30),
        ("u1", 400, 40),
    ];
    for first in 0..reports.len() {
        let mut night = Night::begin(&small(2, 2));
        let turned = reports[first..].iter().chain(&reports[..first]);
        for (unit, version, issued) in turned.clone().chain(reports.iter().rev()) {
            let name = night.submit(turnout(unit, *version, *issued)).name();
            assert!(["ACCEPTED", "DUPLICATE", "SUPERSEDED"].contains(&name));
        }
        let total = night.state.tally().turnout[0];
        assert_eq!((total.ballots_issued, total.units_reporting), (70, 2));
    }
}

#[test]
fn what_waits_for_a_reviewer_is_bounded() {
    let mut night = Night::begin(&small(2, 1));
    for version in 0..PENDING_MAX {
        let version = 101 + u32::try_from(version).unwrap();
        held(&night.submit(night.full("u0", version, &[1, 1])));
    }
    let outcome = night.submit(night.full("u0", 200, &[1, 1]));
    assert_eq!(code(&outcome), RefusalCode::PendingFull);
    let first = night.state.pending(night.slot("u0"))[0].revision;
    night.review("u0", first, false).unwrap();
    held(&night.submit(night.full("u0", 200, &[1, 1])));
}

#[test]
fn a_register_that_was_cut_off_takes_no_report() {
    let definition = small(2, 3);
    let whole = Night::begin(&definition);
    let cut = Night::of_events(vec![whole.records[0].event.clone()]);
    for submission in [
        support::Submitted::from(whole.full("u0", 1, &[1, 1])),
        turnout("u0", 1, 5).into(),
    ] {
        let decision = election::decide::decide_submission(&cut.state, &submission.0);
        assert_eq!(code(&decision.outcome), RefusalCode::NotDefined);
    }
}

#[test]
fn turnout_is_cumulative_and_a_fall_says_who_and_why() {
    let mut night = Night::begin(&small(2, 2));
    let accepted = night.submit(turnout("u0", 2, 300));
    assert_eq!(accepted.name(), "ACCEPTED");
    assert_eq!(night.submit(turnout("u0", 2, 300)).name(), "DUPLICATE");
    assert_eq!(night.submit(turnout("u0", 1, 200)).name(), "SUPERSEDED");
    assert_eq!(
        code(&night.submit(turnout("u0", 2, 301))),
        RefusalCode::StaleVersion
    );
    assert_eq!(
        code(&night.submit(turnout("u0", 0, 301))),
        RefusalCode::Shape
    );
    assert_eq!(
        code(&night.submit(turnout("u9", 1, 1))),
        RefusalCode::UnknownUnit
    );
    assert_eq!(
        code(&night.submit(turnout("u0", 3, 1 << 32))),
        RefusalCode::Limit
    );
    assert_eq!(
        code(&night.submit(turnout("u0", 3, 299))),
        RefusalCode::AttributionMissing
    );
    let fall = TurnoutReport {
        is_final: true,
        attribution: Some(attribution()),
        ..turnout("u0", 3, 299)
    };
    assert_eq!(night.submit(fall).name(), "ACCEPTED");
    assert_eq!(
        code(&night.submit(turnout("u0", 4, 320))),
        RefusalCode::AttributionMissing,
        "voting that has closed does not go on without a word"
    );
    assert_eq!(
        code(&night.submit(turnout("u1", TURNOUT_VERSION_MAX + 1, 1))),
        RefusalCode::Limit,
        "a wild version would shut out all later ones"
    );
    let total = night.state.tally().turnout[0];
    assert_eq!(
        (
            total.ballots_issued,
            total.units_reporting,
            total.units_final
        ),
        (299, 1, 1)
    );
    let over = night.submit(turnout("u1", 1, 1_001));
    let warning = Warning::IssuedOverRoll {
        issued: 1_001,
        roll: 1_000,
    };
    assert_eq!(
        over,
        Outcome::Accepted {
            revision: night.state.revision(),
            warnings: vec![warning]
        }
    );
}

#[test]
fn contests_districts_and_counting_groups_have_tallies_of_their_own() {
    let mut definition = small(2, 4);
    let ballot = &mut definition.ballot;
    let mut north = ballot.contests[0].districts[0].clone();
    north.id = DistrictId::new("north").unwrap();
    north
        .options
        .push(small(3, 1).ballot.contests[0].districts[0].options[2].clone());
    ballot.contests[0].districts.push(north);
    let mut second = ballot.contests[0].clone();
    second.id = ContestId::new("mayor").unwrap();
    second.districts[0].options.truncate(1);
    ballot.contests.push(second);
    let groups = ["desk", "postal"].map(|id| CountingGroupId::new(id).unwrap());
    ballot.counting_groups = groups.to_vec();
    for unit in &mut definition.register.units[2..] {
        unit.district = DistrictId::new("north").unwrap();
    }
    definition.register.units[3].counting_groups = vec![groups[1].clone()];
    let seats = definition.rules.contests[0].districts[0].clone();
    definition.rules.house_size = 20;
    definition.rules.contests[0].districts.push(DistrictSeats {
        id: DistrictId::new("north").unwrap(),
        ..seats
    });
    let mut night = Night::begin(&definition);
    // Every tally gets votes that say where they come from: unit, contest, group, option.
    let mut expected = vec![vec![vec![0; 2], vec![0; 3]], vec![vec![0; 1], vec![0; 3]]];
    for unit in 0..4_usize {
        for (contest, name) in ["list", "mayor"].into_iter().enumerate() {
            for (group, id) in groups.iter().enumerate() {
                let sums = &mut expected[contest][unit / 2];
                let votes: Vec<u64> = (0..sums.len())
                    .map(|option| {
                        [unit, contest, group, option]
                            .into_iter()
                            .fold(1, |n, at| n * 3 + u64::try_from(at).unwrap())
                    })
                    .collect();
                let mut report = night.full(&format!("u{unit}"), 1, &votes);
                report.key.contest = ContestId::new(name).unwrap();
                report.key.counting_group = id.clone();
                let outcome = night.submit(report);
                if (unit, group) == (3, 0) {
                    assert_eq!(code(&outcome), RefusalCode::UnknownCountingGroup);
                    continue;
                }
                assert_eq!(outcome.name(), "ACCEPTED");
                sums.iter_mut()
                    .zip(votes)
                    .for_each(|(sum, votes)| *sum += votes);
            }
        }
    }
    let tally = night.state.tally();
    let totals = tally.contests.iter().map(|districts| {
        districts
            .iter()
            .map(|district| district.votes.clone())
            .collect::<Vec<_>>()
    });
    assert_eq!(totals.collect::<Vec<_>>(), expected);
    let counted = |group: usize| tally.contests[1][1].states[group].counted();
    assert_eq!((counted(0), counted(1)), (1, 2));
    let snapshot = night.state.to_snapshot();
    let state = State::from_snapshot(&snapshot[..], snapshot.len() as u64).unwrap();
    assert_eq!(state, night.state);
}
