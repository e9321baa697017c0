//! Decides over the officials' commands.

use super::report::enter_count;
use super::{check_attribution, check_reason};
use crate::command::Command;
use crate::definition::{Definition, Register, Unit};
use crate::event::{Declaration, Event, Lot, Slot, SlotMove, SlotState};
use crate::ids::{
    ContestId, CountingGroupId, DistrictId, LogId, OptionId, Revision, Timestamp, UnitId,
};
use crate::publication::PublicationMode;
use crate::report::{Attribution, Refusal, RefusalCode, TallyKey, UnitStatus};
use crate::stage::Stage;
use crate::state::State;
use crate::tally::{district_index, expects_group};
use std::collections::BTreeSet;

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

// A definition that was cut off in the middle is completed before anything of it is amended.
pub(super) fn check_complete(state: &State) -> Result<(), Refusal> {
    if state.tally().is_complete() {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::NotDefined,
        "election_id",
        &state.tally().election,
        "its register is not wholly there yet; send the definition again to complete it",
    ))
}

// The limits of a definition keep every index far below 2^32.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

pub(super) fn decide(
    state: &State,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Define { .. } | Command::Report(_) | Command::Turnout(_) => Ok(Vec::new()),
        Command::AmendRegister { units, reason } => amend_register(state, units, reason),
        Command::AmendRules { rules, reason } => {
            check_reason("reason", reason)?;
            check_complete(state)?;
            crate::validate::rules(rules, state.ballot())?;
            crate::validate::part_size("rules", rules)?;
            let same = **rules == *state.tally().outline.rules;
            Ok(unless(same, || Event::RulesAmended {
                rules: rules.clone(),
                reason: reason.clone(),
            }))
        }
        Command::AmendPresentation {
            presentation,
            reason,
        } => {
            check_reason("reason", reason)?;
            check_complete(state)?;
            crate::validate::presentation(presentation, state.ballot())?;
            crate::validate::part_size("presentation", presentation)?;
            let same = **presentation == *state.tally().outline.presentation;
            Ok(unless(same, || Event::PresentationAmended {
                presentation: presentation.clone(),
                reason: reason.clone(),
            }))
        }
        Command::Review {
            held_revision,
            key,
            release,
            reason,
        } => review(state, *held_revision, key, *release, reason),
        Command::Withdraw {
            key,
            version,
            attribution,
        } => withdraw(state, key, *version, attribution),
        Command::SetUnitStatus {
            unit,
            contest,
            counting_group,
            status,
            merged_into,
            attribution,
        } => {
            check_attribution(attribution)?;
            let merged_into = merged(state, *status, unit, merged_into.as_ref())?;
            let slots = slots_of(state, unit, contest.as_ref(), counting_group.as_ref())?;
            set_status(state, &slots, *status, merged_into, attribution)
        }
        Command::DrawLot {
            contest,
            district,
            stage,
            tied,
            seats,
            winners,
            attribution,
        } => {
            check_attribution(attribution)?;
            let place = place(state, contest, district)?;
            draw_lot(state, place, *stage, tied, *seats, winners, attribution)
        }
        Command::ChangeCandidates {
            contest,
            district,
            option,
            candidates,
            effective,
            reason,
        } => {
            check_reason("reason", reason)?;
            crate::validate::day("effective", effective)?;
            let (contest, district) = place(state, contest, district)?;
            let option = option_index(state, (contest, district), option, "option_id")?;
            let same =
                state.tally().candidates.get(&(contest, district, option)) == Some(candidates);
            Ok(unless(same, || Event::CandidatesChanged {
                contest,
                district,
                option,
                candidates: *candidates,
                effective: effective.clone(),
                reason: reason.clone(),
            }))
        }
        Command::OpenClass { class, opens_at } => {
            let publication = &state.tally().publication;
            let opens_at = opens_at.unwrap_or(now);
            if publication.is_open(*class, now) {
                // What the public has seen cannot be made unseen.
                return if opens_at <= now {
                    Ok(Vec::new())
                } else {
                    let rule = format!(
                        "class {} is open already and cannot be closed again",
                        class.name()
                    );
                    Err(Refusal::new(
                        RefusalCode::State,
                        "opens_at",
                        opens_at.0,
                        rule,
                    ))
                };
            }
            let same = publication.opens_at(*class) == Some(opens_at);
            Ok(unless(same, || Event::ClassOpened {
                class: *class,
                opens_at,
            }))
        }
        Command::MovePublication { mode, reason } => move_publication(state, *mode, reason, now),
        Command::SetStage { stage, reason } => set_stage(state, *stage, reason),
        Command::SetMark {
            mark,
            is_set,
            reason,
        } => {
            check_reason("reason", reason)?;
            let same = state.tally().marks[*mark as usize] == *is_set;
            Ok(unless(same, || Event::MarkSet {
                mark: *mark,
                is_set: *is_set,
                reason: reason.clone(),
            }))
        }
        Command::Declare {
            contest,
            district,
            seats,
            attribution,
        } => {
            check_attribution(attribution)?;
            let place = place(state, contest, district)?;
            declare(state, place, seats, attribution)
        }
        Command::Certify { attribution } => {
            check_attribution(attribution)?;
            if state.tally().declarations.is_empty() {
                return Err(Refusal::new(
                    RefusalCode::State,
                    "stage",
                    state.tally().stage.name(),
                    "a result must be declared before it is certified",
                ));
            }
            let same = state
                .tally()
                .certification
                .as_ref()
                .is_some_and(|(_, former)| former == attribution);
            Ok(unless(same, || Event::Certified {
                attribution: attribution.clone(),
            }))
        }
    }
}

fn unless(same: bool, event: impl FnOnce() -> Event) -> Vec<Event> {
    if same { Vec::new() } else { vec![event()] }
}

/// The positions of a key's contest and counting group.
pub(super) fn contest_and_group(state: &State, key: &TallyKey) -> Result<(usize, usize), Refusal> {
    let ballot = state.ballot();
    let contest = ballot
        .contests
        .iter()
        .position(|contest| contest.id == key.contest)
        .ok_or_else(|| {
            let known: Vec<&str> = ballot
                .contests
                .iter()
                .map(|contest| contest.id.as_str())
                .collect();
            Refusal::new(
                RefusalCode::UnknownContest,
                "key.contest_id",
                &key.contest,
                one_of(&known),
            )
        })?;
    let group = ballot
        .counting_groups
        .iter()
        .position(|group| *group == key.counting_group)
        .ok_or_else(|| {
            let known: Vec<&str> = ballot
                .counting_groups
                .iter()
                .map(CountingGroupId::as_str)
                .collect();
            Refusal::new(
                RefusalCode::UnknownCountingGroup,
                "key.counting_group_id",
                &key.counting_group,
                one_of(&known),
            )
        })?;
    Ok((contest, group))
}

fn one_of(known: &[&str]) -> String {
    format!("must be one of: {}", known.join(", "))
}

fn find_slot(state: &State, key: &TallyKey) -> Result<Slot, Refusal> {
    let (contest, group) = contest_and_group(state, key)?;
    let slot = state
        .unit_index(key.unit.as_str())
        .and_then(|unit| state.slot(unit, contest, group));
    slot.ok_or_else(|| {
        let rule = "must be a unit of the register that reports this counting group";
        Refusal::new(RefusalCode::UnknownUnit, "key.unit_id", &key.unit, rule)
    })
}

fn amend_register(state: &State, units: &[Unit], reason: &str) -> Result<Vec<Event>, Refusal> {
    check_reason("reason", reason)?;
    check_complete(state)?;
    let tally = state.tally();
    crate::validate::units(units, state.ballot(), &tally.outline.areas)?;
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
                format!("units[{place}].district"),
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
                format!("units[{place}].counting_groups"),
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

fn review(
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

fn withdraw(
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
    if !facts.is_counted() && state.pending(slot).is_empty() {
        return Err(Refusal::new(
            RefusalCode::State,
            "key",
            key,
            "nothing of it is counted or waits",
        ));
    }
    let before = facts.state();
    // A status that the commission has set is the commission's to change.
    let status = match before.status {
        UnitStatus::Partial | UnitStatus::Complete => UnitStatus::Expected,
        other => other,
    };
    let pending = state
        .pending(slot)
        .iter()
        .any(|pending| pending.version > version);
    Ok(vec![Event::Withdrawn {
        slot,
        version,
        replaced: facts.is_counted().then(|| state.counts(slot, facts)),
        slot_move: SlotMove {
            before,
            after: SlotState {
                status,
                counted: false,
                pending,
            },
        },
        attribution: attribution.clone(),
    }])
}

fn merged(
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
                    "merged_into",
                    other,
                    "must be a unit of the register",
                )
            })
        }
        (UnitStatus::Merged, _) => Err(Refusal::new(
            RefusalCode::Shape,
            "merged_into",
            merged_into.map_or("", UnitId::as_str),
            "a merged unit needs another unit that reports for it",
        )),
        (_, None) => Ok(None),
        (_, Some(other)) => Err(Refusal::new(
            RefusalCode::Shape,
            "merged_into",
            other,
            format!("must be empty for the status {}", status.name()),
        )),
    }
}

fn slots_of(
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
        let rule = "the unit has no tally of that contest and counting group";
        return Err(Refusal::new(
            RefusalCode::UnknownContest,
            "contest_id",
            contest.map_or("", ContestId::as_str),
            rule,
        ));
    }
    Ok(slots)
}

fn set_status(
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
        if before.status == status {
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

fn place(state: &State, contest: &ContestId, district: &DistrictId) -> Result<(u8, u16), Refusal> {
    let ballot = state.ballot();
    let contest_index = ballot
        .contests
        .iter()
        .position(|candidate| candidate.id == *contest)
        .ok_or_else(|| {
            let known: Vec<&str> = ballot
                .contests
                .iter()
                .map(|contest| contest.id.as_str())
                .collect();
            Refusal::new(
                RefusalCode::UnknownContest,
                "contest_id",
                contest,
                one_of(&known),
            )
        })?;
    let district_place = district_index(ballot, district.as_str()).ok_or_else(|| {
        Refusal::new(
            RefusalCode::UnknownDistrict,
            "district_id",
            district,
            "must be a district of the ballot",
        )
    })?;
    let pair = u8::try_from(contest_index)
        .ok()
        .zip(u16::try_from(district_place).ok());
    Ok(pair.expect("the definition's limits keep contests below 2^8 and districts below 2^16"))
}

fn option_index(
    state: &State,
    (contest, district): (u8, u16),
    option: &OptionId,
    field: &str,
) -> Result<u32, Refusal> {
    let options =
        &state.ballot().contests[usize::from(contest)].districts[usize::from(district)].options;
    let place = options.iter().position(|candidate| candidate.id == *option);
    place.map(index).ok_or_else(|| {
        Refusal::new(
            RefusalCode::UnknownOption,
            field,
            option,
            "must be an option of the district's ballot",
        )
    })
}

fn draw_lot(
    state: &State,
    place: (u8, u16),
    stage: u32,
    tied: &[OptionId],
    seats: u32,
    winners: &[OptionId],
    attribution: &Attribution,
) -> Result<Vec<Event>, Refusal> {
    let indexes = |options: &[OptionId], field: &str| -> Result<BTreeSet<u32>, Refusal> {
        options
            .iter()
            .enumerate()
            .map(|(number, option)| {
                option_index(state, place, option, &format!("{field}[{number}]"))
            })
            .collect()
    };
    let (tied_set, winner_set) = (indexes(tied, "tied")?, indexes(winners, "winners")?);
    if tied_set.len() != tied.len() || tied.len() < 2 {
        return Err(Refusal::new(
            RefusalCode::Shape,
            "tied",
            tied.len(),
            "at least two lists, each once",
        ));
    }
    if !winner_set.is_subset(&tied_set) || winner_set.len() != winners.len() {
        return Err(Refusal::new(
            RefusalCode::Shape,
            "winners",
            winners.len(),
            "each is one of the tied lists, once",
        ));
    }
    if usize::try_from(seats).ok() != Some(winners.len()) || winners.len() >= tied.len() {
        let rule = "as many winners as seats at stake, and fewer than tied lists";
        return Err(Refusal::new(RefusalCode::Shape, "seats", seats, rule));
    }
    let lot = Lot {
        contest: place.0,
        district: place.1,
        stage,
        tied: tied_set.into_iter().collect(),
        seats,
        winners: winner_set.into_iter().collect(),
        attribution: attribution.clone(),
    };
    Ok(unless(state.tally().lots.contains(&lot), || {
        Event::LotDrawn(lot)
    }))
}

fn move_publication(
    state: &State,
    mode: PublicationMode,
    reason: &str,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    check_reason("reason", reason)?;
    let publication = &state.tally().publication;
    let head = state.revision();
    if let PublicationMode::HoldAt(at) = mode {
        if at > head {
            let rule = format!("the log ends at revision {head}");
            return Err(Refusal::new(
                RefusalCode::Shape,
                "hold_at_revision",
                at,
                rule,
            ));
        }
        // What the public has seen is never taken back.
        let shown = publication.public_revision(head, now).unwrap_or_default();
        if at < shown {
            let rule = format!("the public has seen revision {shown} already");
            return Err(Refusal::new(
                RefusalCode::State,
                "hold_at_revision",
                at,
                rule,
            ));
        }
    }
    let same = publication.mode() == mode && publication.reason() == reason;
    Ok(unless(same, || Event::PublicationMoved {
        mode,
        reason: reason.to_owned(),
    }))
}

fn set_stage(state: &State, stage: Stage, reason: &str) -> Result<Vec<Event>, Refusal> {
    check_reason("reason", reason)?;
    if matches!(stage, Stage::Declared | Stage::Certified) {
        let rule = "a result is declared and certified by commands of their own";
        return Err(Refusal::new(
            RefusalCode::State,
            "stage",
            stage.name(),
            rule,
        ));
    }
    if state.tally().stage >= Stage::Declared {
        let rule = format!(
            "the election is {} already; set a mark instead",
            state.tally().stage.name()
        );
        return Err(Refusal::new(
            RefusalCode::State,
            "stage",
            stage.name(),
            rule,
        ));
    }
    let same = state.tally().stage == stage;
    Ok(unless(same, || Event::StageSet {
        stage,
        reason: reason.to_owned(),
    }))
}

fn declare(
    state: &State,
    place: (u8, u16),
    seats: &[(OptionId, u32)],
    attribution: &Attribution,
) -> Result<Vec<Event>, Refusal> {
    let mut rows = Vec::with_capacity(seats.len());
    for (number, (option, count)) in seats.iter().enumerate() {
        let option = option_index(state, place, option, &format!("seats[{number}].option_id"))?;
        if rows.iter().any(|(known, _)| *known == option) {
            let rule = "each list stands once";
            return Err(Refusal::new(
                RefusalCode::RepeatedOption,
                format!("seats[{number}].option_id"),
                option,
                rule,
            ));
        }
        rows.push((option, *count));
    }
    if rows.is_empty() {
        return Err(Refusal::new(
            RefusalCode::Shape,
            "seats",
            "",
            "at least one list",
        ));
    }
    rows.sort_unstable();
    let declaration = Declaration {
        contest: place.0,
        district: place.1,
        seats: rows,
        attribution: attribution.clone(),
    };
    let same = state
        .tally()
        .declarations
        .get(&place)
        .is_some_and(|(_, former)| *former == declaration);
    Ok(unless(same, || Event::Declared(declaration)))
}
