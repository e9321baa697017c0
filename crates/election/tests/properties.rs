//! Laws that hold for every night: order and repetition do not change counts, a log has one state, followers see the
//! same, and what does not fit changes nothing.

// tidy: long because the laws share their generators.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod support;

use election::bytes::{decode_record, encode_record};
use election::command::Command;
use election::counts::Counter;
use election::decide::decide_submission;
use election::definition::{Definition, UnitKind};
use election::event::{Declaration, Event, Recorded, SlotMove, SlotState};
use election::ids::{ContestId, DistrictId, OptionId, Revision, Timestamp, UnitId};
use election::publication::{PublicationClass, PublicationMode};
use election::report::{Report, ReportKind, UnitStatus};
use election::rules::{KindCeiling, OutstandingRules, RollCeiling, StatedBasis, UnitCeiling};
use election::stage::{Mark, Stage};
use election::state::State;
use election::submission::Submission;
use proptest::prelude::*;
use support::{Night, Submitted, attribution, small, turnout, unit};

const OPTIONS: usize = 3;
const UNITS: usize = 4;

fn definition() -> Definition {
    let mut definition = small(OPTIONS, UNITS);
    definition.rules.outstanding = Some(ceilings());
    definition
}

/// Every way in which the ballots of a unit are bounded.
fn ceilings() -> OutstandingRules {
    OutstandingRules {
        issued_at_close: true,
        electorate: false,
        roll: Some(RollCeiling {
            share: [101, 100],
            ballots: 3,
        }),
        units: vec![UnitCeiling {
            id: UnitId::new("u2").unwrap(),
            ballots: 500,
            basis: StatedBasis::PapersDelivered,
        }],
        kinds: vec![KindCeiling {
            kind: UnitKind::Station,
            ballots: 1_500,
            basis: StatedBasis::Stated,
        }],
        coalitions: Vec::new(),
    }
}

/// Anything that can be asked of an election, sense or not.
#[derive(Debug, Clone)]
enum Step {
    Submit {
        unit: usize,
        version: u32,
        kind: ReportKind,
        votes: Vec<u64>,
        papers: Option<u64>,
    },
    Turnout {
        unit: usize,
        version: u32,
        issued: u64,
        ordered: bool,
    },
    CorrectTurnout {
        unit: usize,
        version: u32,
        issued: u64,
        replaced_version: u32,
    },
    Review {
        unit: usize,
        release: bool,
        last: bool,
    },
    Withdraw {
        unit: usize,
        version: u32,
    },
    Status {
        unit: usize,
        status: UnitStatus,
    },
    Official(Box<Command>),
}

fn unit_name(unit: usize) -> String {
    format!("u{unit}")
}

fn place() -> (ContestId, DistrictId) {
    (
        ContestId::new("list").unwrap(),
        DistrictId::new("city").unwrap(),
    )
}

fn option(number: usize) -> OptionId {
    OptionId::new(&format!("o{number}")).unwrap()
}

fn official() -> impl Strategy<Value = Command> {
    let reason = || String::from("x");
    prop_oneof![
        (any::<u8>(), prop::option::of(0_u32..2_000)).prop_map(move |(number, roll)| {
            Command::AmendRegister {
                units: vec![unit(&format!("u{}", number % 8), roll)],
                reason: reason(),
            }
        }),
        (1_u32..5).prop_map(move |jump| {
            let mut rules = definition().rules;
            rules.holds.version_jump_max = jump;
            // Between rules that bound ballots there are some that bound none.
            let ceilings = rules.outstanding.iter_mut();
            ceilings.for_each(|ceilings| match jump {
                1 => ceilings.roll = None,
                2 => ceilings.kinds.clear(),
                3 => ceilings.issued_at_close = false,
                _ => {}
            });
            if jump == 4 {
                rules.outstanding = None;
            }
            Command::AmendRules {
                rules: Box::new(rules),
                reason: reason(),
            }
        }),
        (0..OPTIONS + 1, 0..OPTIONS + 1, 0_u32..3).prop_map(|(tied, winner, seats)| {
            let (contest, district) = place();
            Command::DrawLot {
                contest,
                district,
                stage: 0,
                tied: vec![option(0), option(tied)],
                seats,
                winners: vec![option(winner)],
                attribution: attribution(),
            }
        }),
        (0..OPTIONS + 1, 0_u32..20).prop_map(move |(number, candidates)| {
            let (contest, district) = place();
            Command::ChangeCandidates {
                contest,
                district,
                option: option(number),
                candidates,
                effective: "2021-01-09".into(),
                reason: reason(),
            }
        }),
        (0_usize..3, prop::option::of(0_i64..200)).prop_map(|(class, after)| Command::OpenClass {
            class: PublicationClass::ALL[class],
            opens_at: after.map(|seconds| Timestamp(support::START + seconds * 1_000_000)),
        }),
        (0_u8..3, 0_u64..60).prop_map(move |(mode, at)| Command::MovePublication {
            mode: match mode {
                0 => PublicationMode::FollowHead,
                1 => PublicationMode::HoldAt(Revision(at)),
                _ => PublicationMode::Paused,
            },
            reason: reason(),
        }),
        (0_usize..5).prop_map(move |stage| Command::SetStage {
            stage: Stage::ALL[stage],
            reason: reason(),
        }),
        (0_usize..3, any::<bool>()).prop_map(move |(mark, is_set)| Command::SetMark {
            mark: Mark::ALL[mark],
            is_set,
            reason: reason(),
        }),
        (0..OPTIONS + 1, 0_u32..20).prop_map(|(number, seats)| {
            let (contest, district) = place();
            Command::Declare {
                contest,
                district: Some(district),
                seats: vec![(option(number), seats)],
                attribution: attribution(),
            }
        }),
        Just(Command::Certify {
            attribution: attribution()
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let votes = prop::collection::vec(
        prop_oneof![9 => 0_u64..400, 1 => any::<u64>()],
        2..=OPTIONS + 1,
    )
    .prop_map(|mut votes| {
        // Mostly of the right length.
        if votes.len() == 2 {
            votes.push(1);
        }
        votes
    });
    let submit = (
        0..=UNITS,
        0_u32..8,
        0_usize..5,
        votes,
        prop::option::of(0_u64..900),
    )
        .prop_map(|(unit, version, kind, votes, papers)| Step::Submit {
            unit,
            version,
            kind: ReportKind::ALL[kind],
            votes,
            papers,
        });
    prop_oneof![
        8 => submit,
        2 => (0..=UNITS, 0_u32..6, 0_u64..1_500, any::<bool>()).prop_map(
            |(unit, version, issued, ordered)| Step::Turnout { unit, version, issued, ordered }
        ),
        1 => (0..=UNITS, 0_u32..6, 0_u64..1_500, 0_u32..6).prop_map(
            |(unit, version, issued, replaced_version)| {
                Step::CorrectTurnout { unit, version, issued, replaced_version }
            }
        ),
        3 => (0..UNITS, any::<bool>(), any::<bool>()).prop_map(
            |(unit, release, last)| Step::Review { unit, release, last }
        ),
        1 => (0..=UNITS, 0_u32..9).prop_map(|(unit, version)| Step::Withdraw { unit, version }),
        2 => (0..=UNITS, 0_usize..10).prop_map(|(unit, status)| Step::Status {
            unit,
            status: UnitStatus::ALL[status],
        }),
        2 => official().prop_map(|command| Step::Official(Box::new(command))),
    ]
}

/// Takes a step. Refused or not, the night's own checks hold after every event.
fn take(night: &mut Night, step: &Step) {
    match step {
        Step::Submit {
            unit,
            version,
            kind,
            votes,
            papers,
        } => {
            let mut report = night.ordered(*kind, &unit_name(*unit), *version, votes);
            report.form = papers
                .iter()
                .map(|papers| (Counter::Papers, *papers))
                .collect();
            if !report.form.is_empty() {
                report.form.push((Counter::Invalid, 0));
            }
            night.submit(report);
        }
        Step::Turnout {
            unit,
            version,
            issued,
            ordered,
        } => {
            let mut report = turnout(&unit_name(*unit), *version, *issued);
            report.is_final = *version > 2;
            report.attribution = ordered.then(attribution);
            night.submit(report);
        }
        Step::CorrectTurnout {
            unit,
            version,
            issued,
            replaced_version,
        } => {
            let mut turnout = turnout(&unit_name(*unit), *version, *issued);
            turnout.is_final = *version > 2;
            turnout.attribution = Some(attribution());
            let _ = night.run(Command::CorrectTurnout {
                turnout,
                replaced_version: *replaced_version,
            });
        }
        Step::Review {
            unit,
            release,
            last,
        } => {
            let waiting = night.state.pending(night.slot(&unit_name(*unit)));
            let chosen = if *last {
                waiting.last()
            } else {
                waiting.first()
            };
            let held = chosen.map_or(Revision(2), |pending| pending.revision);
            let expected = usize::from(chosen.is_some());
            let events = night.review(&unit_name(*unit), held, *release).unwrap_or(0);
            assert_eq!(events, expected, "what waits can be decided over");
        }
        Step::Withdraw { unit, version } => {
            // What waits was acknowledged: it leaves the queue by a reviewer's decision, not in passing.
            let waiting = |night: &Night| {
                let unit = night.state.unit_index(&unit_name(*unit));
                let slot = unit.and_then(|unit| night.state.slot(unit, 0, 0));
                slot.map(|slot| night.state.pending(slot).to_vec())
            };
            let before = waiting(night);
            let _ = night.withdraw(&unit_name(*unit), *version);
            assert_eq!(waiting(night), before, "a withdrawal took what waits");
        }
        Step::Status { unit, status } => {
            let _ = night.set_status(&unit_name(*unit), *status);
        }
        Step::Official(command) => {
            let _ = night.run((**command).clone());
        }
    }
}

fn shown(night: &Night) -> Option<Revision> {
    let publication = &night.state.tally().publication;
    publication.public_revision(night.state.revision(), night.now)
}

/// Versions of a unit's report that no history-dependent hold can catch: few, and each at least what was before.
fn growing_reports(night: &Night, growth: &[Vec<(usize, Vec<u64>)>]) -> Vec<Report> {
    let mut reports = Vec::new();
    for (unit, versions) in growth.iter().enumerate() {
        let mut votes = vec![0; OPTIONS];
        for (version, (kind, more)) in (1..).zip(versions) {
            votes
                .iter_mut()
                .zip(more)
                .for_each(|(votes, more)| *votes += more);
            let kinds = [
                ReportKind::Partial,
                ReportKind::Full,
                ReportKind::Correction,
            ];
            reports.push(night.ordered(kinds[*kind], &unit_name(unit), version, &votes));
        }
    }
    reports
}

fn counted(night: &Night) -> Vec<Option<(u32, Vec<u32>)>> {
    (0..UNITS)
        .map(|unit| night.counted(&unit_name(unit)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    // F3, F4: any replay in any order, any number of times.
    #[test]
    fn order_and_repetition_do_not_change_counts(
        growth in prop::collection::vec(
            prop::collection::vec((0_usize..3, prop::collection::vec(0_u64..40, OPTIONS)), 0..5), UNITS),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
    ) {
        let mut straight = Night::begin(&definition());
        let reports = growing_reports(&straight, &growth);
        for report in &reports {
            prop_assert_eq!(straight.submit(report.clone()).name(), "ACCEPTED");
        }
        let mut shuffled = Night::begin(&definition());
        let mut rest = reports.clone();
        for index in &order {
            if !reports.is_empty() {
                shuffled.submit(index.get(&reports).clone());
            }
        }
        rest.reverse();
        for report in rest.iter().chain(&reports) {
            let name = shuffled.submit(report.clone()).name();
            prop_assert!(["ACCEPTED", "DUPLICATE", "SUPERSEDED"].contains(&name));
        }
        prop_assert_eq!(counted(&straight), counted(&shuffled));
        prop_assert_eq!(straight.totals(), shuffled.totals());
        for unit in (0..UNITS).map(unit_name) {
            prop_assert_eq!(straight.status(&unit), shuffled.status(&unit));
        }
        let head = shuffled.state.revision();
        for report in &reports {
            shuffled.submit(report.clone());
        }
        prop_assert_eq!(head, shuffled.state.revision(), "a replay of it all is no event");
    }

    // The same of turnout that grows, and of turnout that falls where every report says who and why. What falls without
    // a word is refused, and whether it falls depends on the order: no law holds there.
    #[test]
    fn order_and_repetition_do_not_change_turnout(
        issued in prop::collection::vec(prop::collection::vec(0_u64..400, 0..6), UNITS),
        is_ordered in any::<bool>(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
    ) {
        let mut reports = Vec::new();
        for (unit, numbers) in issued.iter().enumerate() {
            let mut total = 0;
            for (version, number) in (1..).zip(numbers) {
                total = if is_ordered { *number } else { total + number };
                let mut report = turnout(&unit_name(unit), version, total);
                report.attribution = is_ordered.then(attribution);
                reports.push(report);
            }
        }
        let mut straight = Night::begin(&definition());
        for report in &reports {
            prop_assert_eq!(straight.submit(report.clone()).name(), "ACCEPTED");
        }
        let mut shuffled = Night::begin(&definition());
        let drawn: Vec<_> = order
            .iter()
            .filter(|_| !reports.is_empty())
            .map(|index| index.get(&reports).clone())
            .collect();
        for report in drawn.iter().chain(reports.iter().rev()).chain(&reports) {
            let name = shuffled.submit(report.clone()).name();
            prop_assert!(["ACCEPTED", "DUPLICATE", "SUPERSEDED"].contains(&name));
        }
        prop_assert_eq!(&straight.state.tally().turnout, &shuffled.state.tally().turnout);
        let head = shuffled.state.revision();
        for report in &reports {
            shuffled.submit(report.clone());
        }
        prop_assert_eq!(head, shuffled.state.revision(), "a replay of it all is no event");
    }

    // Decided events always fit, every check of the night holds after each, nothing panics, and what the public has
    // seen is never taken back.
    #[test]
    fn any_commands_give_one_state(steps in prop::collection::vec(step(), 1..60)) {
        let mut night = Night::begin(&definition());
        let mut seen = shown(&night);
        for step in &steps {
            take(&mut night, step);
            prop_assert!(seen <= shown(&night), "the public sees less than before");
            seen = shown(&night);
        }
        // The same log gives the same state, also through a snapshot at any revision.
        let mut again = State::begin(&night.records[0]).unwrap();
        let mut from_snapshot = again.clone();
        for recorded in &night.records[1..] {
            again.apply(recorded).unwrap();
            let snapshot = from_snapshot.to_snapshot();
            from_snapshot = State::from_snapshot(&snapshot[..], snapshot.len() as u64).unwrap();
            prop_assert_eq!(&from_snapshot.to_snapshot(), &snapshot, "equal states have equal bytes");
            from_snapshot.apply(recorded).unwrap();
            prop_assert_eq!(&from_snapshot, &again);
        }
        prop_assert_eq!(&again, &night.state);
    }

    // Sent again at the end, whatever was answered before: the same outcome class, and no change of any count.
    #[test]
    fn a_replay_after_anything_changes_no_count(steps in prop::collection::vec(step(), 1..40)) {
        let mut night = Night::begin(&definition());
        let mut sent: Vec<Report> = Vec::new();
        for step in &steps {
            if let Step::Submit { unit, version, kind, votes, .. } = step {
                sent.push(night.ordered(*kind, &unit_name(*unit), *version, votes));
                night.submit(sent.last().unwrap().clone());
            } else {
                take(&mut night, step);
            }
        }
        for report in sent.iter().chain(&sent) {
            night.submit(report.clone());
        }
        // Once everything has been sent twice more, whatever could still be counted or held is: from here on nothing moves.
        let head = night.state.revision();
        for report in &sent {
            night.submit(report.clone());
        }
        prop_assert_eq!(head, night.state.revision());
    }

    #[test]
    fn an_event_that_does_not_fit_changes_nothing(
        steps in prop::collection::vec(step(), 1..30),
        damages in prop::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..60),
    ) {
        let mut night = Night::begin(&definition());
        steps.iter().for_each(|step| take(&mut night, step));
        for (which, place, value) in damages {
            // A record of this very log, one byte of it another, as the next event.
            let recorded = which.get(&night.records).clone();
            let mut bytes = encode_record(&recorded, [0; 16]);
            let at = 52 + place.index(bytes.public.len() - 52);
            bytes.public[at] = value;
            let Ok(mut other) = decode_record(&bytes.public, Some(&bytes.annex)) else { continue };
            other.revision = night.state.revision().next();
            let before = night.state.clone();
            match night.state.apply(&other) {
                Err(_) => prop_assert_eq!(&night.state, &before),
                Ok(()) => {
                    prop_assert!(night.state.totals_reconcile(), "{:?}", other.event);
                    night.state = before;
                }
            }
            let follower = night.follower.clone();
            if night.follower.apply(&other).is_err() {
                prop_assert_eq!(&night.follower, &follower);
            }
            night.follower = follower;
        }
    }

    #[test]
    fn a_damaged_snapshot_never_panics(
        steps in prop::collection::vec(step(), 1..30),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let mut night = Night::begin(&definition());
        steps.iter().for_each(|step| take(&mut night, step));
        let snapshot = night.state.to_snapshot();
        for (place, value) in damages {
            let mut changed = snapshot.clone();
            changed[place.index(snapshot.len())] = value;
            if let Ok(state) = State::from_snapshot(&changed[..], changed.len() as u64) {
                prop_assert!(state.totals_reconcile());
            }
            let cut = &snapshot[..place.index(snapshot.len())];
            prop_assert!(State::from_snapshot(cut, cut.len() as u64).is_err());
            prop_assert!(State::from_snapshot(cut, snapshot.len() as u64).is_err());
        }
    }
}

#[test]
fn an_event_told_again_is_a_gap_and_a_report_in_a_new_event_does_not_fit() {
    let mut night = Night::begin(&definition());
    night.submit(night.full("u0", 1, &[1, 2, 3]));
    let recorded = night.records.last().unwrap().clone();
    let before = night.state.clone();
    let gap = night.state.apply(&recorded).unwrap_err();
    assert_eq!(gap.to_string(), "the next revision is 4, the event has 3");
    let again = Recorded {
        revision: Revision(4),
        ..recorded
    };
    assert!(night.state.apply(&again).is_err());
    let skipped = Recorded {
        revision: Revision(5),
        ..night.records[0].clone()
    };
    assert!(night.state.apply(&skipped).is_err());
    assert_eq!(night.state, before);
}

#[test]
fn a_log_begins_with_its_definition() {
    let night = Night::begin(&definition());
    assert!(State::begin(&night.records[1]).is_err());
    let late = Recorded {
        revision: Revision(2),
        ..night.records[0].clone()
    };
    assert!(State::begin(&late).is_err());
    let mut state = night.state.clone();
    let twice = Recorded {
        revision: Revision(3),
        ..night.records[0].clone()
    };
    assert!(state.apply(&twice).is_err());
    assert_eq!(state, night.state);
}

#[test]
fn a_decision_is_pure() {
    let night = Night::begin(&definition());
    let Submitted(submission) = night.full("u0", 1, &[1, 2, 3]).into();
    let first = decide_submission(&night.state, &submission);
    assert_eq!(first, decide_submission(&night.state, &submission));
    assert!(matches!(submission, Submission::Report(_)));
    assert!(matches!(first.event, Some(Event::ReportCounted { .. })));
}

#[test]
fn each_event_that_does_not_fit_is_refused_by_every_fold() {
    let mut night = Night::begin(&definition());
    night.submit(night.full("u0", 1, &[1, 2, 3]));
    night.submit(night.full("u1", 1, &[2_000, 0, 0]));
    let slot = night.slot("u1");
    let held = night.state.slot_state(slot).unwrap();
    let slot_move = SlotMove {
        before: held,
        after: SlotState {
            counted: true,
            pending: false,
            ..held
        },
    };
    let reason = || String::from("x");
    let events = [
        Event::Rejected {
            slot,
            held_revision: night.state.revision(),
            slot_move,
            reason: reason(),
        },
        Event::StatusSet {
            slot,
            replaced: None,
            slot_move,
            merged_into: None,
            attribution: attribution(),
        },
        Event::UnitsRegistered {
            first_index: 4,
            units: vec![unit("more", None)],
            reason: None,
        },
        Event::UnitsRegistered {
            first_index: 3,
            units: vec![unit("more", None)],
            reason: Some(reason()),
        },
        Event::CandidatesChanged {
            contest: 0,
            district: 0,
            option: 3,
            candidates: 1,
            effective: "2021-01-09".into(),
            reason: reason(),
        },
        Event::Declared(Declaration {
            contest: 0,
            district: 1,
            seats: vec![(0, 1)],
            attribution: attribution(),
        }),
        Event::PublicationMoved {
            mode: PublicationMode::HoldAt(night.state.revision().next()),
            reason: reason(),
        },
    ];
    for event in events {
        let recorded = Recorded {
            revision: night.state.revision().next(),
            time: night.now,
            principal: String::new(),
            event,
        };
        let before = night.state.clone();
        assert!(night.follower.apply(&recorded).is_err(), "{recorded:?}");
        assert!(night.state.apply(&recorded).is_err(), "{recorded:?}");
        assert_eq!(night.state, before);
        night.check();
    }
}
