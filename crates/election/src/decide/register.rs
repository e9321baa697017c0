//! Decides over the definition and amendments of the register.

use super::check_reason;
use super::official::check_complete;
use crate::definition::{Definition, Register, Unit};
use crate::event::Event;
use crate::ids::{CountingGroupId, LogId};
use crate::report::{Refusal, RefusalCode};
use crate::state::State;
use crate::tally::{district_index, expects_group};

/// The most units in one event.
const UNITS_PER_EVENT_MAX: usize = 1_000;
/// The most bytes of units in one event.
const UNIT_BYTES_PER_EVENT_MAX: usize = 512 << 10;

pub(super) fn define(
    state: Option<&State>,
    definition: &Definition,
    log_id: LogId,
) -> Result<Vec<Event>, Refusal> {
    crate::validate::definition(definition)?;
    let Definition {
        ballot,
        register,
        rules,
        presentation,
    } = definition;
    let outline = Register {
        units: Vec::new(),
        ..register.clone()
    };
    let register_hash = crate::validate::register_hash(register);
    let Some(state) = state else {
        let defined = Event::Defined {
            log_id,
            ballot: Box::new(ballot.clone()),
            rules: Box::new(rules.clone()),
            presentation: Box::new(presentation.clone()),
            areas: Box::new(outline),
            unit_count: index(register.units.len()),
            register_hash,
        };
        return Ok(std::iter::once(defined)
            .chain(register_units(&register.units, 0, None))
            .collect());
    };
    let part_hash = |text: String| crate::definition::Hash::of(text.as_bytes());
    let versions = &state.tally().outline.versions;
    let parts = [
        (
            "ballot",
            part_hash(crate::bytes::part_text(ballot)),
            versions[0].hash,
        ),
        ("register", register_hash, versions[1].hash),
        (
            "rules",
            part_hash(crate::bytes::part_text(rules)),
            versions[2].hash,
        ),
        (
            "presentation",
            part_hash(crate::bytes::part_text(presentation)),
            versions[3].hash,
        ),
    ];
    if let Some((part, found, expected)) = parts
        .into_iter()
        .find(|(_, found, expected)| found != expected)
    {
        let rule = if part == "ballot" {
            format!(
                "the election is defined with ballot {expected}; a ballot is never changed, take another election id"
            )
        } else {
            format!(
                "the election is defined with {part} {expected}; change it by an amendment with a reason"
            )
        };
        return Err(Refusal::new(RefusalCode::AlreadyDefined, part, found, rule));
    }
    // A definition that was cut off in the middle is completed by sending it again.
    let registered = state.units.len().min(register.units.len());
    Ok(register_units(
        &register.units[registered..],
        registered,
        None,
    ))
}

// As many units in an event as keep its record far below the log's limit for one record.
fn register_units(mut units: &[Unit], first: usize, reason: Option<&str>) -> Vec<Event> {
    let mut events = Vec::with_capacity(units.len().div_ceil(UNITS_PER_EVENT_MAX));
    let mut first_index = first;
    while !units.is_empty() {
        let mut bytes = 0;
        let fitting = units.iter().take(UNITS_PER_EVENT_MAX).take_while(|unit| {
            bytes += crate::bytes::encode_units(std::slice::from_ref(*unit)).len();
            bytes <= UNIT_BYTES_PER_EVENT_MAX
        });
        // One unit is at most about a kilobyte, so there is always one that fits.
        let (chunk, rest) = units.split_at(fitting.count().max(1));
        events.push(Event::UnitsRegistered {
            first_index: index(first_index),
            units: chunk.to_vec(),
            reason: reason.map(str::to_owned),
        });
        first_index += chunk.len();
        units = rest;
    }
    events
}

// The limits of a definition keep every index far below 2^32.
pub(super) fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

pub(super) fn amend_register(
    state: &State,
    units: &[Unit],
    reason: &str,
) -> Result<Vec<Event>, Refusal> {
    check_reason("reason", reason)?;
    check_complete(state)?;
    let tally = state.tally();
    let fields = &crate::validate::AMENDMENT_FIELDS;
    crate::validate::units(units, state.ballot(), &tally.outline.areas, fields)?;
    let mut events = Vec::new();
    let mut added = Vec::new();
    for (place, unit) in units.iter().enumerate() {
        let Some(unit_index) = state.unit_index(unit.id.as_str()) else {
            added.push(unit.clone());
            continue;
        };
        let facts = &state.units[usize::try_from(unit_index).unwrap_or(0)];
        if district_index(state.ballot(), unit.district.as_str())
            != Some(usize::from(facts.district))
        {
            let rule =
                "a unit that is on the register stays in its district; annul it and add a new one";
            return Err(Refusal::new(
                RefusalCode::State,
                format!("units[{place}].district_id"),
                &unit.district,
                rule,
            ));
        }
        let groups = 0..state.ballot().counting_groups.len();
        let same_groups = groups.into_iter().all(|group| {
            expects_group(state.ballot(), unit, group) == state.slot(unit_index, 0, group).is_some()
        });
        if !same_groups {
            let groups: Vec<&str> = unit
                .counting_groups
                .iter()
                .map(CountingGroupId::as_str)
                .collect();
            return Err(Refusal::new(
                RefusalCode::State,
                format!("units[{place}].counting_group_ids"),
                groups.join(", "),
                "a unit that is on the register keeps its counting groups; annul it and add a new one",
            ));
        }
        events.push(Event::UnitAmended {
            index: unit_index,
            unit: unit.clone(),
            former_roll: facts.roll,
            reason: reason.to_owned(),
        });
    }
    let added_districts = added
        .iter()
        .filter_map(|unit| district_index(state.ballot(), unit.district.as_str()));
    let districts = state.units.iter().map(|unit| usize::from(unit.district));
    crate::validate::table_size(state.ballot(), districts.chain(added_districts))?;
    events.extend(register_units(&added, state.units.len(), Some(reason)));
    Ok(events)
}
