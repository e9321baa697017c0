//! Each invariant of a state has a test in which it fails: here, as only this module can break a state.

use super::*;
use crate::command::Command;
use crate::counts::Counter;
use crate::decide::{decide, decide_submission};
use crate::definition::Definition;
use crate::ids::{CountingGroupId, LogId, Timestamp, UnitId};
use crate::report::{Outcome, Report, TallyKey, TurnoutReport};
use crate::submission::Submission;

const DOCUMENT: &str = include_str!("../../../../docs/definition.md");

type Break = fn(&mut State);

/// The documented example with one unit counted, with a form and turnout, and one waiting for a reviewer.
fn night() -> State {
    let from = DOCUMENT.split_once("```toml\n").expect("an example").1;
    let text = from.split_once("```").expect("the example ends").0;
    let command = Command::Define {
        definition: Box::new(Definition::from_toml(text).unwrap()),
        log_id: LogId([1; 16]),
    };
    let mut events = decide(None, &command, Timestamp(0)).unwrap().into_iter();
    let mut state = State::begin(&recorded(1, events.next().unwrap())).unwrap();
    events.for_each(|event| record(&mut state, event));
    for (unit, papers) in [("demo-001", 150), ("demo-002", 151)] {
        let unit = UnitId::new(unit).unwrap();
        let report = Report {
            key: TallyKey {
                unit: unit.clone(),
                contest: state.ballot().contests[0].id.clone(),
                counting_group: CountingGroupId::new("all").unwrap(),
            },
            version: 1,
            kind: ReportKind::Full,
            ballot_hash: state.tally.outline.versions[0].hash,
            votes: vec![(0, 10), (1, 20), (2, 30), (3, 40), (4, 50)],
            form: vec![(Counter::Papers, papers), (Counter::Invalid, 0)],
            attribution: None,
        };
        let turnout = TurnoutReport {
            unit,
            version: 1,
            ballots_issued: 160,
            is_final: false,
            attribution: None,
        };
        for submission in [Submission::Report(report), Submission::Turnout(turnout)] {
            let decision = decide_submission(&state, &submission);
            assert!(!matches!(decision.outcome, Outcome::Refused(_)));
            record(&mut state, decision.event.unwrap());
        }
    }
    assert!(state.totals_reconcile() && state.slots_are_sound());
    state
}

fn recorded(revision: u64, event: Event) -> Recorded {
    Recorded {
        revision: Revision(revision),
        time: Timestamp(0),
        principal: String::new(),
        event,
    }
}

fn record(state: &mut State, event: Event) {
    let next = state.revision().next();
    state.apply(&recorded(next.0, event)).unwrap();
}

#[test]
fn totals_that_are_not_the_sum_of_the_units_are_found() {
    let breaks: [(&str, Break); 8] = [
        ("a vote", |state| state.tally.contests[0][0].votes[2] += 1),
        ("a counter", |state| {
            state.tally.contests[0][0].counters[8] += 1
        }),
        ("ballots", |state| {
            state.tally.contests[0][0].ballots_counted -= 1
        }),
        ("tallies", |state| {
            state.tally.contests[0][0].tallies_counted += 1
        }),
        ("turnout", |state| {
            state.tally.turnout[0].ballots_issued -= 1
        }),
        ("roll", |state| {
            state.tally.turnout[0].units_without_roll += 1
        }),
        ("a unit's vote", |state| state.arena[1] += 1),
        ("a unit's state", |state| {
            state.slots[0].status = UnitStatus::Partial
        }),
    ];
    for (what, break_it) in breaks {
        let mut state = night();
        break_it(&mut state);
        assert!(!state.totals_reconcile(), "{what}");
    }
}

#[test]
fn slots_that_are_not_sound_are_found() {
    let breaks: [(&str, Break); 5] = [
        ("what waits is lost", |state| state.pending.clear()),
        ("something waits unmarked", |state| {
            let waiting = state.pending[&1].clone();
            state.pending.insert(0, waiting);
        }),
        ("what waits is below what is counted", |state| {
            state.slots[1].version = 2;
        }),
        ("counted though annulled", |state| {
            state.slots[0].status = UnitStatus::Annulled;
        }),
        ("complete though not counted", |state| {
            state.slots[1].status = UnitStatus::Complete;
        }),
    ];
    for (what, break_it) in breaks {
        let mut state = night();
        break_it(&mut state);
        assert!(!state.slots_are_sound(), "{what}");
    }
}

#[test]
fn a_snapshot_whose_tables_do_not_fit_is_refused() {
    let breaks: [(&str, Break); 5] = [
        ("a district", |state| state.units[0].district = 7),
        ("a slot too few", |state| state.slots.truncate(1)),
        ("a unit too few", |state| state.units.truncate(1)),
        ("a count too few", |state| state.arena.truncate(20)),
        ("counted and not expected", |state| {
            let facts = state.slots[0];
            state.slots[0] = SlotFacts::new(facts.district, facts.words, false);
            state.slots[0].enter(facts.state());
        }),
    ];
    let state = night();
    assert_eq!(again(&state).as_ref(), Ok(&state));
    for (what, break_it) in breaks {
        let mut state = night();
        break_it(&mut state);
        assert!(again(&state).is_err(), "{what}");
    }
}

fn again(state: &State) -> Result<State, crate::bytes::DecodeError> {
    let snapshot = state.to_snapshot();
    State::from_snapshot(&snapshot[..], snapshot.len() as u64)
}

/// DESIGN.md's limit: the fold alone keeps at most 250 bytes for each unit of 12 lists, names excluded, counted by what
/// the tables have taken and not only by what they hold.
#[test]
fn a_unit_of_twelve_lists_takes_at_most_250_bytes() {
    let units = 100_000;
    let state = filled(units);
    // The table of names has four bytes of an index and one of control for each of its places.
    let table = (units * 8 / 7).next_power_of_two();
    let bytes = state.units.capacity() * size_of::<UnitFacts>()
        + state.slots.capacity() * size_of::<SlotFacts>()
        + state.arena.capacity() * size_of::<u32>()
        + table * (size_of::<u32>() + 1);
    let per_unit = bytes.div_ceil(units);
    println!("{per_unit} bytes per unit");
    assert!(per_unit <= 250, "{per_unit} bytes per unit");
}

fn filled(units: usize) -> State {
    let mut text =
        String::from("[ballot]\nelection = \"wide\"\n[[ballot.contests]]\nid = \"list\"\n");
    text += "[[ballot.contests.districts]]\nid = \"city\"\noptions = [";
    (0..12).for_each(|number| text += &format!("{{ id = \"o{number}\" }},"));
    text += "]\n[rules]\nhouse_size = 39\n[register]\nunits = [";
    (0..units)
        .for_each(|number| text += &format!("{{ id = \"u{number}\", district = \"city\" }},\n"));
    text += "]\n";
    let command = Command::Define {
        definition: Box::new(Definition::from_toml(&text).unwrap()),
        log_id: LogId([1; 16]),
    };
    let mut events = decide(None, &command, Timestamp(0)).unwrap().into_iter();
    let mut state = State::begin(&recorded(1, events.next().unwrap())).unwrap();
    events.for_each(|event| record(&mut state, event));
    for number in 0..units {
        let report = Report {
            key: TallyKey {
                unit: UnitId::new(&format!("u{number}")).unwrap(),
                contest: state.ballot().contests[0].id.clone(),
                counting_group: CountingGroupId::new("all").unwrap(),
            },
            version: 1,
            kind: ReportKind::Full,
            ballot_hash: state.tally.outline.versions[0].hash,
            votes: (0..12).map(|option| (option, u64::from(option))).collect(),
            form: vec![(Counter::Papers, 66), (Counter::Invalid, 0)],
            attribution: None,
        };
        let decision = decide_submission(&state, &Submission::Report(report));
        record(&mut state, decision.event.unwrap());
    }
    state
}
