//! The log as a follower reads it, and what must be in it.

use client::{Client, LogNews};
use election::event::{Counted, Event, Recorded};
use election::ids::{ElectionId, Revision};
use election::report::Outcome;
use election::state::State;
use futures::StreamExt as _;
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
