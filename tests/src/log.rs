//! The log as a follower reads it, and what must be in it.

use client::{Client, LogNews};
use election::command::Command;
use election::decide;
use election::definition::Definition;
use election::event::{Counted, Event, Recorded};
use election::ids::{ElectionId, LogId, Revision, Timestamp};
use election::report::Outcome;
use election::state::State;
use futures::StreamExt as _;
use hemicycle::night::{Step, TimedStep};
use wire::common::v1::View;

use crate::play::Acknowledged;

/// The whole log of an election up to its head, with private annexes.
pub async fn read(results: &Client, election: &ElectionId) -> Vec<Recorded> {
    let news = results.watch_events(election, View::Head, Revision(1), None);
    let mut news = std::pin::pin!(news);
    let mut log = Vec::new();
    while let Some(item) = news.next().await {
        let LogNews::Events(events) = item.expect("the log can be read") else {
            panic!("a log that was just opened is another one");
        };
        log.extend(events.records);
        if log
            .last()
            .is_some_and(|last: &Recorded| last.revision == events.head)
        {
            return log;
        }
    }
    panic!("the watch ended before the head");
}

/// The log of a night that is decided here and now, one event after the other: as the results role would, without it.
pub fn decide(definition: &Definition, steps: Vec<TimedStep>) -> Vec<Recorded> {
    let mut log: Vec<Recorded> = Vec::new();
    let mut state: Option<State> = None;
    let mut take = |state: &mut Option<State>, event: Event| {
        let recorded = Recorded {
            revision: Revision(u64::try_from(log.len()).expect("logs are short") + 1),
            time: Timestamp(0),
            principal: String::new(),
            event,
        };
        match state {
            None => *state = Some(State::begin(&recorded).expect("a log begins with a definition")),
            Some(state) => state.apply(&recorded).expect("what is decided fits"),
        }
        log.push(recorded);
    };
    let define = Command::Define {
        definition: Box::new(definition.clone()),
        log_id: LogId([1; 16]),
    };
    let events = decide::decide(None, &define, Timestamp(0)).expect("the definition is sound");
    events.into_iter().for_each(|event| take(&mut state, event));
    for timed in steps {
        let now = state.as_ref().expect("the election is defined");
        let events = match timed.step {
            Step::Submit(submission) => {
                let decision = decide::decide_submission(now, &submission);
                decision.event.into_iter().collect()
            }
            Step::Withdraw {
                key,
                version,
                attribution,
            } => {
                let command = Command::Withdraw {
                    key,
                    version,
                    attribution,
                };
                decide::decide(Some(now), &command, Timestamp(0)).expect("it is counted")
            }
            Step::Checkpoint(_) => Vec::new(),
        };
        events.into_iter().for_each(|event| take(&mut state, event));
    }
    log
}

/// The log folded by somebody who was not there.
pub fn fold(log: &[Recorded]) -> State {
    let mut state = State::begin(&log[0]).expect("a log begins with a definition");
    for recorded in &log[1..] {
        state.apply(recorded).expect("every record fits its state");
    }
    assert!(
        state.totals_reconcile(),
        "totals are not the sum of the units"
    );
    assert!(state.slots_are_sound(), "a unit's state contradicts itself");
    state
}

/// What was acknowledged and is not in the log as it was acknowledged: nothing, if all is well.
pub fn missing<'a>(log: &[Recorded], acknowledged: &'a [Acknowledged]) -> Vec<&'a Acknowledged> {
    let state = fold(log);
    let is_missing = |acknowledged: &&Acknowledged| {
        let unit = state.unit_index(acknowledged.unit.as_str());
        let Some(unit) = unit else { return true };
        !is_there(log, unit, acknowledged)
    };
    acknowledged.iter().filter(is_missing).collect()
}

fn is_there(log: &[Recorded], unit: u32, acknowledged: &Acknowledged) -> bool {
    let at = |revision: Revision| {
        let position = usize::try_from(revision.0).ok()?.checked_sub(1)?;
        log.get(position).map(|recorded| &recorded.event)
    };
    let version = acknowledged.version;
    match &acknowledged.outcome {
        Outcome::Accepted { revision, .. } | Outcome::Duplicate { revision, .. } => {
            match at(*revision) {
                Some(Event::ReportCounted { counted, .. } | Event::Released { counted, .. }) => {
                    is_counted(counted, unit, version)
                }
                Some(Event::TurnoutCounted {
                    unit: reported,
                    version: counted,
                    ..
                }) => *reported == unit && *counted == version,
                Some(Event::ReportHeld {
                    slot,
                    version: held,
                    ..
                }) => slot.unit == unit && *held == version,
                Some(Event::Withdrawn {
                    slot,
                    version: tombstone,
                    ..
                }) => slot.unit == unit && *tombstone == version,
                _ => false,
            }
        }
        Outcome::Superseded {
            revision,
            counted_version,
        } => *counted_version > version && at(*revision).is_some(),
        Outcome::Held { revision, .. } | Outcome::Conflict { revision, .. } => matches!(
            at(*revision),
            Some(Event::ReportHeld { slot, version: held, .. }) if slot.unit == unit && *held == version
        ),
        Outcome::Refused(_) => true,
    }
}

fn is_counted(counted: &Counted, unit: u32, version: u32) -> bool {
    counted.slot.unit == unit && counted.version == version
}
