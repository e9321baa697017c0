//! Decides over the officials' commands.

use super::above;
use super::register::{amend_register, index};
use super::result::{self, declare, draw_lot, move_publication, set_stage};
use super::tally::{merged, review, set_status, slots_of, withdraw};
use super::{check_attribution, check_reason};
use crate::command::Command;
use crate::event::{Event, PlacesLot, Slot};
use crate::ids::{ContestId, CountingGroupId, DistrictId, OptionId, Timestamp};
use crate::report::{Refusal, RefusalCode, TallyKey};
use crate::state::State;
use crate::tally::{Outline, district_index};

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
            let Outline {
                ballot,
                presentation,
                areas,
                ..
            } = &state.tally().outline;
            crate::validate::size("rules", ballot, rules, presentation, areas)?;
            let is_unit = |unit: &str| state.unit_index(unit).is_some();
            crate::validate::outstanding_register(rules, areas.electorate, is_unit)?;
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
            let Outline {
                ballot,
                rules,
                areas,
                ..
            } = &state.tally().outline;
            crate::validate::presentation(presentation, ballot, rules)?;
            crate::validate::size("presentation", ballot, rules, presentation, areas)?;
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
        Command::CorrectTurnout {
            turnout,
            replaced_version,
        } => super::turnout::correct(state, turnout, *replaced_version),
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
        Command::DrawPlaces {
            contest,
            at,
            tied,
            seats,
            winners,
            attribution,
        } => {
            check_attribution(attribution)?;
            let contest = contest_place(state, contest)?;
            let lot = PlacesLot {
                contest,
                at: *at,
                tied: tied.clone(),
                seats: *seats,
                winners: winners.clone(),
                attribution: attribution.clone(),
            };
            above::draw_places(state, lot)
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
            crate::validate::day("effective_date", effective)?;
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
                        "open_time",
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
            let contest_index = contest_place(state, contest)?;
            let above = above::declared_district(state, contest_index, district.as_ref())?;
            match district.as_ref().filter(|_| above.is_none()) {
                Some(district) => {
                    let place = place(state, contest, district)?;
                    declare(state, place, seats, attribution)
                }
                None => above::declare(state, contest_index, above.flatten(), seats, attribution),
            }
        }
        Command::Certify { attribution } => {
            check_attribution(attribution)?;
            let tally = state.tally();
            if let Some(undeclared) = result::undeclared(state) {
                let rule = format!(
                    "a result must be declared before it is certified: {undeclared} is not"
                );
                return Err(Refusal::new(
                    RefusalCode::State,
                    "election_id",
                    &tally.election,
                    rule,
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

pub(super) fn unless(same: bool, event: impl FnOnce() -> Event) -> Vec<Event> {
    if same { Vec::new() } else { vec![event()] }
}

/// The positions of a key's contest and counting group. `path` stands before the names of its fields: a command has a
/// `key`, a report has them as its own.
pub(super) fn contest_and_group(
    state: &State,
    key: &TallyKey,
    path: &str,
) -> Result<(usize, usize), Refusal> {
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
                format!("{path}contest_id"),
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
                format!("{path}counting_group_id"),
                &key.counting_group,
                one_of(&known),
            )
        })?;
    Ok((contest, group))
}

fn one_of(known: &[&str]) -> String {
    format!("must be one of: {}", known.join(", "))
}

pub(super) fn find_slot(state: &State, key: &TallyKey) -> Result<Slot, Refusal> {
    let (contest, group) = contest_and_group(state, key, "key.")?;
    let slot = state
        .unit_index(key.unit.as_str())
        .and_then(|unit| state.slot(unit, contest, group));
    slot.ok_or_else(|| {
        let rule = "must be a unit of the register that reports this counting group";
        Refusal::new(RefusalCode::UnknownUnit, "key.unit_id", &key.unit, rule)
    })
}

fn place(state: &State, contest: &ContestId, district: &DistrictId) -> Result<(u8, u16), Refusal> {
    let contest = contest_place(state, contest)?;
    let district_place = district_index(state.ballot(), district.as_str()).ok_or_else(|| {
        Refusal::new(
            RefusalCode::UnknownDistrict,
            "district_id",
            district,
            "must be a district of the ballot",
        )
    })?;
    let district = u16::try_from(district_place);
    let district = district.expect("the definition's limits keep districts below 2^16");
    Ok((contest, district))
}

fn contest_place(state: &State, contest: &ContestId) -> Result<u8, Refusal> {
    let ballot = state.ballot();
    let place = ballot
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
    let place = u8::try_from(place);
    Ok(place.expect("the definition's limits keep contests below 2^8"))
}

pub(super) fn option_index(
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
