//! Election nights that went wrong, as far as one state can go wrong. Each test bears the night's number and name.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod support;

use election::bytes::{decode_record, encode_record};
use election::command::Command;
use election::counts::{COUNT_MAX, Counter};
use election::definition::{Identity, Relation, Term};
use election::event::{Event, Recorded};
use election::ids::{CountingGroupId, ElectionId, Revision};
use election::report::{HoldCode, HoldReason, Outcome, RefusalCode, Report, ReportKind, Warning};
use election::state::State;
use election::tally::CorrectionCause;
use support::{Night, attribution, code, public_of, small, unit};

/// The Philippines, 2025: 15,001 precincts stood twice in the media's server.
#[test]
fn f3_philippines_2025_a_batch_sent_twice_in_any_order_is_no_event() {
    let mut night = Night::begin(&small(3, 50));
    let reports: Vec<Report> = (0..50)
        .map(|unit| night.full(&format!("u{unit}"), 1, &[unit, 2 * unit, 7]))
        .collect();
    for report in &reports {
        assert_eq!(night.submit(report.clone()).name(), "ACCEPTED");
    }
    let (head, totals) = (night.state.revision(), night.totals().to_vec());
    for report in reports.iter().rev().chain(&reports).chain(&reports) {
        assert_eq!(night.submit(report.clone()).name(), "DUPLICATE");
    }
    assert_eq!(night.state.revision(), head);
    assert_eq!(night.totals(), totals);
}

#[test]
fn f3_a_unit_counts_once_for_each_counting_group() {
    let mut definition = small(2, 1);
    let groups = ["desk", "postal"].map(|id| CountingGroupId::new(id).unwrap());
    definition.ballot.counting_groups = groups.to_vec();
    let mut night = Night::begin(&definition);
    for (group, expected) in [(0, "ACCEPTED"), (1, "ACCEPTED"), (0, "DUPLICATE")] {
        let mut report = night.full("u0", 1, &[10, 20]);
        report.key.counting_group = groups[group].clone();
        assert_eq!(night.submit(report).name(), expected);
    }
    assert_eq!(night.totals(), [20, 40]);
}

/// Monmouth County, 2022: a memory stick was loaded twice, after a reinstall had dropped the guard.
#[test]
fn f4_monmouth_2022_a_restart_does_not_drop_the_guard() {
    let mut night = Night::begin(&small(2, 2));
    let counted = night.full("u0", 1, &[10, 20]);
    let held = night.full("u1", 1, &[2_000, 0]);
    night.submit(counted.clone());
    let Outcome::Held { revision, .. } = night.submit(held.clone()) else {
        panic!("more ballots than voters are held");
    };
    night.review("u1", revision, false).unwrap();
    let mut from_log = State::begin(&night.records[0]).unwrap();
    for recorded in &night.records[1..] {
        from_log.apply(recorded).unwrap();
    }
    let snapshot = night.state.to_snapshot();
    let from_snapshot = State::from_snapshot(&snapshot[..], snapshot.len() as u64).unwrap();
    for state in [from_log, from_snapshot] {
        night.state = state;
        assert_eq!(night.submit(counted.clone()).name(), "DUPLICATE");
        assert_eq!(night.submit(held.clone()).name(), "DUPLICATE");
    }
}

#[test]
fn f4_the_guard_is_in_the_fold_whoever_writes_the_event() {
    let mut night = Night::begin(&small(2, 2));
    night.submit(night.full("u0", 1, &[10, 20]));
    let Event::ReportCounted { counted, warnings } = night.records.last().unwrap().event.clone()
    else {
        panic!("a report was counted");
    };
    let before = night.state.clone();
    // As it was; as if nothing had been counted; as if it came over what is counted.
    let mut forged = vec![counted.clone()];
    let mut over = counted.clone();
    over.slot_move.before = over.slot_move.after;
    forged.push(over.clone());
    over.replaced = Some(over.counts.clone());
    forged.push(over);
    for counted in forged {
        let recorded = Recorded {
            revision: before.revision().next(),
            time: night.now,
            principal: String::new(),
            event: Event::ReportCounted {
                counted,
                warnings: warnings.clone(),
            },
        };
        assert!(night.state.apply(&recorded).is_err());
        assert_eq!(night.state, before);
    }
}

/// Volusia County, 2000: a faulty card brought -16,022 votes.
#[test]
fn f5_volusia_2000_no_count_is_negative_and_none_is_beyond_the_roll() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.full("u0", 1, &[412, 585]));
    // Read without its sign, the number is far beyond what one unit can have.
    let negative = u64::from_ne_bytes((-16_022_i64).to_ne_bytes());
    let outcome = night.submit(night.ordered(ReportKind::Correction, "u0", 2, &[negative, 585]));
    assert_eq!(code(&outcome), RefusalCode::Limit);
    for count in [COUNT_MAX + 1, 1 << 63, u64::MAX] {
        let outcome = night.submit(night.full("u0", 2, &[count, 585]));
        assert_eq!(code(&outcome), RefusalCode::Limit, "{count}");
    }
    // The largest counts that are read are held, and their sum is exact.
    let outcome = night.submit(night.full("u0", 2, &[COUNT_MAX, COUNT_MAX]));
    let Outcome::Held { reasons, .. } = outcome else {
        panic!("{outcome:?} is not held");
    };
    let ballots = 2 * COUNT_MAX;
    let roll = 1_000;
    assert_eq!(reasons, [HoldReason::BallotsOverRoll { ballots, roll }]);
    // A correction that moves the lead by more than the unit's electorate is held.
    let outcome = night.submit(night.ordered(ReportKind::Correction, "u0", 3, &[997, 0]));
    let Outcome::Held { reasons, .. } = outcome else {
        panic!("{outcome:?} is not held");
    };
    let moved = 585 + 585;
    let electorate = 1_000;
    assert_eq!(reasons, [HoldReason::LeadMoved { moved, electorate }]);
    assert_eq!(night.totals(), [412, 585]);
}

/// Indonesia, 2024: optical reading took 58 for 948 in 2,325 stations.
#[test]
fn f6_indonesia_2024_a_misread_number_is_held_before_publication() {
    let mut definition = small(3, 1);
    definition.register.units[0].roll = Some(300);
    let mut night = Night::begin(&definition);
    let outcome = night.submit(night.full("u0", 1, &[948, 70, 90]));
    assert_eq!(outcome.name(), "HELD");
    assert_eq!(night.totals(), [0, 0, 0]);
}

/// Kenya, 2013: rejected votes were multiplied by eight.
#[test]
fn f7_kenya_2013_a_form_that_does_not_add_up_is_held_and_seen() {
    let mut definition = small(2, 2);
    definition.rules.form.identities.push(Identity {
        left: vec![Term::Counter(Counter::Papers)],
        relation: Relation::AtMost,
        right: vec![Term::Counter(Counter::BallotsIssued)],
    });
    let mut night = Night::begin(&definition);
    let form = |invalid, issued| {
        vec![
            (Counter::Papers, 105),
            (Counter::Invalid, invalid),
            (Counter::BallotsIssued, issued),
        ]
    };
    let mut report = night.full("u0", 1, &[40, 60]);
    report.form = form(40, 104);
    let Outcome::Held { reasons, .. } = night.submit(report.clone()) else {
        panic!("two identities are broken");
    };
    let broken = |identity, left, right| HoldReason::IdentityBroken {
        identity,
        left,
        right,
    };
    assert_eq!(reasons, [broken(0, 140, 105), broken(1, 105, 104)]);
    assert_eq!(
        night.state.tally().contests[0][0].states_total().pending(),
        1
    );
    report.version = 2;
    report.form = form(5, 105);
    assert_eq!(night.submit(report).name(), "ACCEPTED");
}

/// Boxmeer, 2017: only four lists were typed, 7,669 votes were lost.
#[test]
fn f12_boxmeer_2017_missing_is_not_zero_and_many_zeros_are_odd() {
    let mut night = Night::begin(&small(14, 2));
    let mut report = night.full("u0", 1, &[100; 14]);
    report.votes.truncate(4);
    let Outcome::Refused(refusal) = night.submit(report) else {
        panic!("ten lists are missing");
    };
    assert_eq!(refusal.code, RefusalCode::MissingOption);
    assert!(refusal.rule.contains("option 4 (o4)"), "{}", refusal.rule);

    let mut votes = [0; 14];
    votes[..2].copy_from_slice(&[300, 200]);
    let Outcome::Accepted { warnings, .. } = night.submit(night.full("u0", 1, &votes)) else {
        panic!("zeros are legal");
    };
    let zeros = 12;
    let options = 14;
    assert_eq!(warnings, [Warning::ManyZeros { zeros, options }]);
    votes[0] = 10;
    let Outcome::Accepted { warnings, .. } = night.submit(night.full("u1", 1, &votes)) else {
        panic!("zeros are legal");
    };
    assert_eq!(warnings, [], "in a small unit they are not odd");
}

/// Waukesha, 2011 and Plymouth, 2017: a whole city, a whole ward was missing.
#[test]
fn f14_waukesha_2011_what_has_not_reported_is_seen_and_never_zero() {
    let mut night = Night::begin(&small(2, 3));
    night.submit(night.full("u0", 1, &[10, 20]));
    night.submit(night.full("u2", 1, &[0, 0]));
    let states = night.state.tally().contests[0][0].states_total();
    assert_eq!((states.total(), states.counted()), (3, 2));
    assert_eq!(night.counted("u1"), None, "not reported is not zero");
    assert_eq!(
        night.counted("u2"),
        Some((1, vec![0, 0])),
        "zero is reported"
    );
    // Totals come from units only: no other event can bring votes.
    assert!(night.state.totals_reconcile());
    // A ward that was forgotten on the register comes with a reason, and is missing at once.
    night
        .run(Command::AmendRegister {
            units: vec![unit("ward-5", Some(800))],
            reason: "was left out".into(),
        })
        .unwrap();
    let states = night.state.tally().contests[0][0].states_total();
    assert_eq!((states.total(), states.counted()), (4, 2));
}

/// US networks, 2021: a total fell by 351,000 live on air, without a word.
#[test]
fn f18_networks_2021_a_fall_is_a_correction_with_who_why_before_and_after() {
    let mut night = Night::begin(&small(2, 2));
    night.submit(night.full("u0", 1, &[351, 20]));
    night.submit(night.full("u1", 1, &[5, 5]));
    assert_eq!(night.submit(night.full("u0", 2, &[0, 20])).name(), "HELD");
    assert_eq!(night.totals(), [356, 25], "without a word nothing falls");
    let fall = night.ordered(ReportKind::Correction, "u0", 3, &[0, 20]);
    assert_eq!(night.submit(fall).name(), "ACCEPTED");
    assert_eq!(night.totals(), [5, 25]);
    night.withdraw("u1", 2).unwrap();
    // A follower, which sees public bytes only, has them all.
    let corrections: Vec<_> = night.follower.corrections.iter().collect();
    assert_eq!(corrections.len(), 2);
    assert_eq!(corrections[0].changes, [(0, 351, 0)]);
    assert_eq!(corrections[0].ballots, (371, 20));
    assert_eq!(corrections[0].attribution, attribution());
    assert_eq!(
        corrections[0].cause,
        CorrectionCause::Report(ReportKind::Correction)
    );
    assert_eq!(corrections[1].cause, CorrectionCause::Withdrawal);
    assert_eq!(corrections[1].changes, [(0, 5, 0), (1, 5, 0)]);
}

#[test]
fn f18_in_every_log_each_fall_of_a_total_is_in_a_correction() {
    let mut night = Night::begin(&small(2, 1));
    let mut corrections = 0;
    for (version, kind, votes) in [
        (1, ReportKind::Full, [50, 50]),
        (2, ReportKind::Correction, [40, 60]),
        (3, ReportKind::Recount, [60, 30]),
        (4, ReportKind::Full, [61, 31]),
    ] {
        let before = night.totals().to_vec();
        night.submit(night.ordered(kind, "u0", version, &votes));
        let falls = before
            .iter()
            .zip(night.totals())
            .any(|(before, after)| after < before);
        corrections += u64::from(kind.needs_attribution());
        assert_eq!(night.state.tally().corrections_total, corrections);
        assert!(!falls || kind.needs_attribution());
    }
}

#[test]
fn f18_the_last_twenty_corrections_are_kept_and_all_are_numbered() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.full("u0", 1, &[50, 0]));
    for version in 2..=25 {
        let fall = night.ordered(
            ReportKind::Correction,
            "u0",
            version,
            &[51 - u64::from(version), 0],
        );
        night.submit(fall);
    }
    let tally = night.state.tally();
    assert_eq!((tally.corrections.len(), tally.corrections_total), (20, 24));
    assert_eq!(tally.corrections.back().unwrap().revision, tally.revision);
}

/// Antrim County, 2020: tabulated against an old definition.
#[test]
fn f24_antrim_2020_a_report_against_another_ballot_is_refused() {
    let mut former = small(2, 1);
    former.ballot.contests[0].districts[0].options.swap(0, 1);
    let former = Night::begin(&former);
    let mut night = Night::begin(&small(2, 1));
    let outcome = night.submit(former.full("u0", 1, &[10, 20]));
    assert_eq!(code(&outcome), RefusalCode::BallotHash);
    // Rules, register and presentation change without making a report old.
    let report = night.full("u0", 1, &[10, 20]);
    let mut rules = small(2, 1).rules;
    rules.house_size = 12;
    night
        .run(Command::AmendRules {
            rules: Box::new(rules),
            reason: "a decree".into(),
        })
        .unwrap();
    assert_eq!(night.submit(report).name(), "ACCEPTED");
}

/// A tally system, 2022: a growing export was imported twice, and a file of another election was loaded as zeros.
#[test]
fn f25_a_growing_export_counts_once_and_another_election_never() {
    let mut night = Night::begin(&small(2, 2));
    // The export grows: each time all that was there before is in it again.
    for length in 1..=3_u32 {
        for version in 1..=length {
            let votes = [u64::from(version) * 10, 5];
            let name = night.submit(night.full("u0", version, &votes)).name();
            let expected = match version {
                _ if version == length => "ACCEPTED",
                _ if version + 1 == length => "DUPLICATE",
                _ => "SUPERSEDED",
            };
            assert_eq!(name, expected, "version {version} of {length}");
        }
    }
    assert_eq!(night.totals(), [30, 5]);
    let mut other = small(2, 2);
    other.ballot.election = ElectionId::new("small-2022").unwrap();
    let other = Night::begin(&other);
    let outcome = night.submit(other.full("u0", 4, &[0, 0]));
    assert_eq!(
        code(&outcome),
        RefusalCode::BallotHash,
        "its ballot has another hash"
    );
    assert_eq!(night.totals(), [30, 5]);
}

/// Dutch towns, 2021: postal votes came into the wrong column.
#[test]
fn f27_counting_groups_have_states_of_their_own() {
    let mut definition = small(2, 1);
    let groups = ["desk", "postal"].map(|id| CountingGroupId::new(id).unwrap());
    definition.ballot.counting_groups = groups.to_vec();
    let mut night = Night::begin(&definition);
    let mut report = night.full("u0", 1, &[10, 20]);
    report.key.counting_group = groups[1].clone();
    night.submit(report);
    let states = &night.state.tally().contests[0][0].states;
    assert_eq!((states[0].counted(), states[1].counted()), (0, 1));
}

#[test]
fn a_held_report_tells_the_public_that_it_is_there_and_nothing_of_its_votes() {
    let mut night = Night::begin(&small(2, 1));
    night.submit(night.full("u0", 1, &[777, 555]));
    let recorded = night.records.last().unwrap();
    assert_eq!(recorded.revision, Revision(3));
    let Event::ReportHeld {
        codes,
        counts,
        reasons,
        ..
    } = public_of(recorded).event
    else {
        panic!("it is held");
    };
    assert_eq!(codes, [HoldCode::BallotsOverRoll]);
    assert_eq!((counts, reasons), (None, Vec::new()));
    let bytes = encode_record(recorded, [1; 16]);
    let other = encode_record(recorded, [2; 16]);
    assert_ne!(bytes.public, other.public, "the salt hides the annex");
    assert_eq!(
        decode_record(&bytes.public, None),
        decode_record(&other.public, None)
    );
}
