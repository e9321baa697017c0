//! Decides over what officials do to one tally: review, withdrawal, status.

use super::official::find_slot;
use super::report::enter_count;
use super::{check_attribution, check_reason};
use crate::event::{Event, Slot, SlotMove, SlotState};
use crate::ids::{ContestId, CountingGroupId, Revision, UnitId};
use crate::report::{Attribution, Refusal, RefusalCode, TallyKey, UnitStatus};
use crate::state::State;
use crate::tally::can_change;

pub(super) fn review(
    state: &State,
    held_revision: Revision,
    key: &TallyKey,
    release: bool,
    reason: &str,
) -> Result<Vec<Event>, Refusal> {
    check_reason("reason", reason)?;
    let slot = find_slot(state, key)?;
    let pending = state
        .pending(slot)
        .iter()
        .find(|pending| pending.revision == held_revision)
        .ok_or_else(|| {
            let rule = format!("no report of {key} at that revision waits for a reviewer");
            Refusal::new(
                RefusalCode::NothingPending,
                "held_revision",
                held_revision,
                rule,
            )
        })?;
    let facts = state.facts(slot).expect("a slot that was found has facts");
    if !release {
        let before = facts.state();
        let after = SlotState {
            pending: state.pending(slot).len() > 1,
            ..before
        };
        return Ok(vec![Event::Rejected {
            slot,
            held_revision,
            slot_move: SlotMove { before, after },
            reason: reason.to_owned(),
        }]);
    }
    if pending.version < facts.version {
        return Err(Refusal::new(
            RefusalCode::StaleVersion,
            "held_revision",
            held_revision,
            format!(
                "it is version {}, but version {} is counted",
                pending.version, facts.version
            ),
        ));
    }
    let counted = enter_count(
        state,
        slot,
        facts,
        pending.version,
        pending.kind,
        pending.counts.clone(),
        pending.attribution.clone(),
        Some(held_revision),
    );
    Ok(vec![Event::Released {
        counted,
        held_revision,
        reason: reason.to_owned(),
    }])
}

pub(super) fn withdraw(
    state: &State,
    key: &TallyKey,
    version: u32,
    attribution: &Attribution,
) -> Result<Vec<Event>, Refusal> {
    check_attribution(attribution)?;
    let slot = find_slot(state, key)?;
    let facts = state.facts(slot).expect("a slot that was found has facts");
    if !facts.is_counted() && facts.version == version && version > 0 {
        return Ok(Vec::new());
    }
    if version <= facts.version {
        let rule = format!(
            "a tombstone's version must be above the counted one, which is {}",
            facts.version
        );
        return Err(Refusal::new(
            RefusalCode::StaleVersion,
            "version",
            version,
            rule,
        ));
    }
    let jump_max = state.tally().outline.rules.holds.version_jump_max;
    if version - facts.version > jump_max {
        let rule = format!(
            "at most {jump_max} above the counted version, which is {}",
            facts.version
        );
        return Err(Refusal::new(RefusalCode::Limit, "version", version, rule));
    }
    let mut waiting = state.pending(slot).iter();
    if !facts.is_counted() {
        let rule = waiting.next().map_or_else(
            || String::from("nothing of it is counted"),
            |pending| {
                format!(
                    "nothing of it is counted; what waits at revision {} is kept out by rejecting it",
                    pending.revision
                )
            },
        );
        return Err(Refusal::new(RefusalCode::State, "key", key, rule));
    }
    // A report that waits was acknowledged: only a reviewer takes it from the queue, never a tombstone in passing.
    if let Some(pending) = waiting.find(|pending| pending.version <= version) {
        let rule = format!(
            "version {} waits for a reviewer at revision {}; it must be released or rejected first",
            pending.version, pending.revision
        );
        return Err(Refusal::new(RefusalCode::State, "version", version, rule));
    }
    let before = facts.state();
    // A status that the commission has set is the commission's to change.
    let status = match before.status {
        UnitStatus::Partial | UnitStatus::Complete => UnitStatus::Expected,
        other => other,
    };
    Ok(vec![Event::Withdrawn {
        slot,
        version,
        replaced: Some(state.counts(slot, facts)),
        slot_move: SlotMove {
            before,
            after: SlotState {
                status,
                counted: false,
                ..before
            },
        },
        attribution: attribution.clone(),
    }])
}

pub(super) fn merged(
    state: &State,
    status: UnitStatus,
    unit: &UnitId,
    merged_into: Option<&UnitId>,
) -> Result<Option<u32>, Refusal> {
    match (status, merged_into) {
        (UnitStatus::Merged, Some(other)) if other != unit => {
            let other_index = state.unit_index(other.as_str());
            other_index.map(Some).ok_or_else(|| {
                Refusal::new(
                    RefusalCode::UnknownUnit,
                    "merged_into_unit_id",
                    other,
                    "must be a unit of the register",
                )
            })
        }
        (UnitStatus::Merged, _) => Err(Refusal::new(
            RefusalCode::Shape,
            "merged_into_unit_id",
            merged_into.map_or("", UnitId::as_str),
            "a merged unit needs another unit that reports for it",
        )),
        (_, None) => Ok(None),
        (_, Some(other)) => Err(Refusal::new(
            RefusalCode::Shape,
            "merged_into_unit_id",
            other,
            format!("must be empty for the status {}", status.name()),
        )),
    }
}

pub(super) fn slots_of(
    state: &State,
    unit: &UnitId,
    contest: Option<&ContestId>,
    counting_group: Option<&CountingGroupId>,
) -> Result<Vec<Slot>, Refusal> {
    let ballot = state.ballot();
    let unit_index = state.unit_index(unit.as_str()).ok_or_else(|| {
        Refusal::new(
            RefusalCode::UnknownUnit,
            "unit_id",
            unit,
            "must be a unit of the register",
        )
    })?;
    let mut slots = Vec::new();
    for (contest_index, candidate) in ballot.contests.iter().enumerate() {
        for (group_index, group) in ballot.counting_groups.iter().enumerate() {
            let is_meant = contest.is_none_or(|contest| *contest == candidate.id)
                && counting_group.is_none_or(|wanted| wanted == group);
            if is_meant {
                slots.extend(state.slot(unit_index, contest_index, group_index));
            }
        }
    }
    if slots.is_empty() {
        let unknown_contest =
            contest.filter(|wanted| ballot.contests.iter().all(|known| known.id != **wanted));
        let (code, field, value) = match (unknown_contest, counting_group) {
            (Some(contest), _) => (RefusalCode::UnknownContest, "contest_id", contest.as_str()),
            (None, Some(group)) => {
                let code = RefusalCode::UnknownCountingGroup;
                (code, "counting_group_id", group.as_str())
            }
            (None, None) => (
                RefusalCode::UnknownContest,
                "contest_id",
                contest.map_or("", ContestId::as_str),
            ),
        };
        let rule = "the unit has no tally of that contest and counting group";
        return Err(Refusal::new(code, field, value, rule));
    }
    Ok(slots)
}

pub(super) fn set_status(
    state: &State,
    slots: &[Slot],
    status: UnitStatus,
    merged_into: Option<u32>,
    attribution: &Attribution,
) -> Result<Vec<Event>, Refusal> {
    let mut events = Vec::new();
    for slot in slots {
        let facts = state.facts(*slot).expect("a slot that was found has facts");
        let before = facts.state();
        // Into which other unit is not in the state: the event says it anew.
        if before.status == status && status != UnitStatus::Merged {
            continue;
        }
        let refuse = |rule: &str| {
            Err(Refusal::new(
                RefusalCode::State,
                "status",
                status.name(),
                rule,
            ))
        };
        if let Some(into) = merged_into {
            let (contest, group) = (slot.contest.into(), slot.counting_group.into());
            let other = state.slot(into, contest, group);
            let other = other.and_then(|other| state.facts(other));
            if other.is_some_and(|other| other.status == UnitStatus::Merged) {
                return refuse("the other unit is merged itself: nobody would report");
            }
            // What it brings for this one would be foreseen by nobody.
            let is_known = state.tally().ceilings.is_merged(slot.unit, into);
            if !is_known && other.is_some_and(|other| !can_change(other.state())) {
                return refuse(
                    "the other unit is complete or closed; withdraw its report, or order a recount of it, before it reports for \
                     another one",
                );
            }
            if other.is_some_and(|other| other.district != slot.district) {
                return refuse("the other unit is of another district, with another ballot");
            }
        }
        match status {
            UnitStatus::Partial | UnitStatus::Complete => {
                return refuse("only a report makes a unit partial or complete");
            }
            UnitStatus::Expected
            | UnitStatus::Open
            | UnitStatus::NotOpened
            | UnitStatus::Merged
                if before.counted =>
            {
                return refuse("the unit has a counted report; withdraw it first");
            }
            UnitStatus::UnderRecount if !before.counted => {
                return refuse("there is no counted report to be recounted");
            }
            _ => {}
        }
        let voids = matches!(status, UnitStatus::Annulled | UnitStatus::RepeatOrdered);
        events.push(Event::StatusSet {
            slot: *slot,
            replaced: (voids && before.counted).then(|| state.counts(*slot, facts)),
            slot_move: SlotMove {
                before,
                after: SlotState {
                    status,
                    counted: before.counted && !voids,
                    ..before
                },
            },
            merged_into,
            attribution: attribution.clone(),
        });
    }
    Ok(events)
}
