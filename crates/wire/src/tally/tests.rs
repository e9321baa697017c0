use super::*;
use election::counts::{Counts, Form};
use election::definition::{Definition, Hash, Register};
use election::event::{Counted, Event, Recorded, Slot, SlotMove, SlotState};
use election::ids::{LogId, Revision, Timestamp};
use election::report::{Attribution, ReportKind};
use proto::{CorrectionKind, UnitStatus as Status};

const DEFINITION: &str = r#"
[ballot]
election = "demo"
counting_groups = ["hall", "postal"]
contests = [{ id = "list", districts = [{ id = "almaty", options = [{ id = "nur-otan" }, { id = "adal" }] }] }]

[register]
electorate = 1000
units = [{ id = "demo-001", district = "almaty", roll = 900 }, { id = "demo-002", district = "almaty" }]

[rules]
house_size = 39
contests = [{ id = "list", districts = [{ id = "almaty", seats = 39 }], stages = [{ method = "largest-remainder", quota = "hare" }] }]
"#;

const SLOT: Slot = Slot {
    unit: 0,
    district: 0,
    contest: 0,
    counting_group: 0,
};

fn counts(votes: [u32; 2]) -> Counts {
    let mut form = Form::EMPTY;
    form.set(Counter::Papers, votes.iter().sum::<u32>() + 3);
    Counts {
        votes: votes.to_vec(),
        form,
    }
}

fn counted(kind: ReportKind, version: u32, votes: [u32; 2], replaced: Option<[u32; 2]>) -> Event {
    let state = |counted| SlotState {
        status: if counted {
            UnitStatus::Complete
        } else {
            UnitStatus::Expected
        },
        counted,
        pending: false,
    };
    let slot_move = SlotMove {
        before: state(replaced.is_some()),
        after: state(true),
    };
    let attribution = kind.needs_attribution().then(|| Attribution {
        by: "commission".into(),
        reason: "rows swapped".into(),
    });
    let counted = Counted {
        slot: SLOT,
        version,
        kind,
        counts: counts(votes),
        replaced: replaced.map(counts),
        slot_move,
        attribution,
    };
    Event::ReportCounted {
        counted,
        warnings: Vec::new(),
    }
}

fn tally() -> Tally {
    let Definition {
        ballot,
        register,
        rules,
        presentation,
    } = toml::from_str(DEFINITION).unwrap();
    let Register {
        electorate,
        areas,
        units,
    } = register;
    let defined = Event::Defined {
        log_id: LogId([1; 16]),
        ballot: Box::new(ballot),
        rules: Box::new(rules),
        presentation: Box::new(presentation),
        areas: Box::new(Register {
            electorate,
            areas,
            units: Vec::new(),
        }),
        unit_count: 2,
        register_hash: Hash::default(),
    };
    let registered = Event::UnitsRegistered {
        first_index: 0,
        units,
        reason: None,
    };
    let events = [
        defined,
        registered,
        counted(ReportKind::Full, 1, [300, 200], None),
        counted(ReportKind::Correction, 2, [200, 300], Some([300, 200])),
    ];
    let mut recorded = (1..).zip(events).map(|(revision, event)| Recorded {
        revision: Revision(revision),
        time: Timestamp(1_000_000),
        principal: String::new(),
        event,
    });
    let mut tally = Tally::begin(&recorded.next().unwrap()).unwrap();
    recorded.for_each(|recorded| tally.apply(&recorded).unwrap());
    tally
}

#[test]
fn totals_say_how_many_tallies_they_are_of() {
    let tally = tally();
    let totals = totals(&tally.contests[0], &tally.outline.ballot.counting_groups);
    assert_eq!((totals.votes, totals.ballots_counted), (500, 503));
    let papers = proto::CounterTotal {
        counter: proto::Counter::Papers.into(),
        value: 503,
        tallies: 1,
    };
    assert_eq!(
        totals.counters,
        [papers],
        "a counter that no form has is left out"
    );
    let states = totals.states.unwrap();
    assert_eq!((states.tallies, states.counted, states.pending), (4, 1, 0));
    let statuses: Vec<_> = states
        .statuses
        .iter()
        .map(|count| (count.status(), count.tallies))
        .collect();
    assert_eq!(statuses, [(Status::Expected, 3), (Status::Complete, 1)]);
    let groups: Vec<_> = totals
        .counting_groups
        .iter()
        .map(|group| {
            (
                group.counting_group_id.as_str(),
                group.states.as_ref().unwrap().counted,
            )
        })
        .collect();
    assert_eq!(groups, [("hall", 1), ("postal", 0)]);
}

#[test]
fn turnout_says_what_is_unknown() {
    let turnout = turnout(&tally());
    assert_eq!(
        (turnout.units, turnout.roll, turnout.units_without_roll),
        (2, 900, 1)
    );
    assert_eq!(
        (
            turnout.ballots_issued,
            turnout.units_reported,
            turnout.electorate
        ),
        (0, 0, Some(1_000))
    );
}

/// F18: who follows the feed reads of every fall who ordered it, why, and what it was before and after.
#[test]
fn a_correction_is_sent_with_names() {
    let tally = tally();
    let message = correction(&tally, &tally.corrections[0]);
    let key = message.key.unwrap();
    assert_eq!(
        (
            key.unit_id.as_str(),
            key.contest_id.as_str(),
            key.counting_group_id.as_str()
        ),
        ("demo-001", "list", "hall")
    );
    assert_eq!(
        (message.revision, message.district_id.as_str()),
        (4, "almaty")
    );
    assert_eq!(
        CorrectionKind::try_from(message.kind),
        Ok(CorrectionKind::Correction)
    );
    assert_eq!(message.attribution.unwrap().reason, "rows swapped");
    assert_eq!((message.votes_before, message.votes_after), (500, 500));
    assert_eq!((message.ballots_before, message.ballots_after), (503, 503));
    let changes: Vec<_> = message
        .changes
        .iter()
        .map(|change| {
            (
                change.option_id.as_str(),
                change.votes_before,
                change.votes_after,
            )
        })
        .collect();
    assert_eq!(changes, [("nur-otan", 300, 200), ("adal", 200, 300)]);
    assert_eq!(message.changes_count, 2);
}

#[test]
fn only_the_largest_changes_are_sent() {
    let tally = tally();
    let changes: Vec<_> = (0..40_u32).map(|option| (option, 0, option)).collect();
    let many = Correction {
        changes,
        cause: CorrectionCause::Status(UnitStatus::Annulled),
        ..tally.corrections[0].clone()
    };
    let message = correction(&tally, &many);
    let after: Vec<u64> = message
        .changes
        .iter()
        .map(|change| change.votes_after)
        .collect();
    assert_eq!(after, (28..40).rev().collect::<Vec<u64>>());
    assert_eq!(
        (message.changes_count, message.votes_after),
        (40, (0..40).sum())
    );
    assert_eq!(
        (message.kind(), message.status()),
        (CorrectionKind::Status, Status::Annulled)
    );
}
