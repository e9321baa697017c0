//! Decides over the result and its publication: lots, stages, publication, declaration.

use super::check_reason;
use super::official::{option_index, unless};
use crate::allocation::stage_at;
use crate::definition::OptionRole;
use crate::event::{Declaration, Event, Lot};
use crate::ids::{OptionId, Timestamp};
use crate::publication::PublicationMode;
use crate::report::{Attribution, Refusal, RefusalCode};
use crate::rules::{DistrictSeats, Procedure};
use crate::stage::Stage;
use crate::state::State;
use crate::tally::district_index;
use std::collections::BTreeSet;

pub(super) fn draw_lot(
    state: &State,
    place: (u8, u16),
    stage: u32,
    tied: &[OptionId],
    seats: u32,
    winners: &[OptionId],
    attribution: &Attribution,
) -> Result<Vec<Event>, Refusal> {
    let contest = &state.ballot().contests[usize::from(place.0)];
    let law = &state.tally().outline.rules.contests;
    let law = law.iter().find(|rules| rules.id == contest.id);
    if law.is_some_and(|rules| rules.procedure() != Procedure::EachDistrict) {
        let rule = "the contest's districts hang together: its lots are among places";
        return Err(Refusal::new(
            RefusalCode::Shape,
            "contest_id",
            &contest.id,
            rule,
        ));
    }
    if stage_at(stage).is_none() {
        let rule = "the number that an open tie names";
        return Err(Refusal::new(RefusalCode::Shape, "stage", stage, rule));
    }
    let ballot = &contest.districts[usize::from(place.1)].options;
    let indexes = |options: &[OptionId], field: &str| -> Result<BTreeSet<u32>, Refusal> {
        options
            .iter()
            .enumerate()
            .map(|(number, option)| {
                let field = format!("{field}[{number}]");
                let index = option_index(state, place, option, &field)?;
                let entry = usize::try_from(index)
                    .ok()
                    .and_then(|index| ballot.get(index));
                if entry.is_some_and(|entry| entry.role != OptionRole::List) {
                    let rule = "a list: nobody else can tie for a seat";
                    return Err(Refusal::new(RefusalCode::Shape, field, option, rule));
                }
                Ok(index)
            })
            .collect()
    };
    let (tied_set, winner_set) = (
        indexes(tied, "tied_option_ids")?,
        indexes(winners, "winner_option_ids")?,
    );
    if tied_set.len() != tied.len() || tied.len() < 2 {
        return Err(Refusal::new(
            RefusalCode::Shape,
            "tied_option_ids",
            tied.len(),
            "at least two lists, each once",
        ));
    }
    if !winner_set.is_subset(&tied_set) || winner_set.len() != winners.len() {
        return Err(Refusal::new(
            RefusalCode::Shape,
            "winner_option_ids",
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
    // The same lot may be drawn again: for a tie that came back with other votes.
    let tally = state.tally();
    let mut known = tally.lots.iter().filter(|known| known.lot == lot);
    let count = tally.count_hash(lot.contest, Some(lot.district));
    Ok(unless(known.any(|known| known.count == count), || {
        Event::LotDrawn(lot)
    }))
}

pub(super) fn move_publication(
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
                "mode.hold_at.revision",
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
                "mode.hold_at.revision",
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

pub(super) fn set_stage(state: &State, stage: Stage, reason: &str) -> Result<Vec<Event>, Refusal> {
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

pub(super) fn declare(
    state: &State,
    place: (u8, u16),
    seats: &[(OptionId, u32)],
    attribution: &Attribution,
) -> Result<Vec<Event>, Refusal> {
    let mut rows = Vec::with_capacity(seats.len());
    for (number, (option, count)) in seats.iter().enumerate() {
        let option = option_index(state, place, option, &format!("rows[{number}].option_id"))?;
        if rows.iter().any(|(known, _)| *known == option) {
            let rule = "each list stands once";
            return Err(Refusal::new(
                RefusalCode::RepeatedOption,
                format!("rows[{number}].option_id"),
                option,
                rule,
            ));
        }
        rows.push((option, *count));
    }
    if rows.is_empty() {
        return Err(Refusal::new(
            RefusalCode::Shape,
            "rows",
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

/// The first contest, or district of one, that gives seats and whose result nobody has declared.
pub(super) fn undeclared(state: &State) -> Option<String> {
    let (ballot, tally) = (state.ballot(), state.tally());
    let contests = (0_u8..).zip(&tally.outline.rules.contests);
    contests
        .filter(|(_, rules)| rules.seats() > 0)
        .find_map(|(contest, rules)| {
            if tally.declarations_above.contains_key(&(contest, None)) {
                return None;
            }
            let id = &ballot.contests.get(usize::from(contest))?.id;
            let is_declared = |district: &DistrictSeats| {
                let above = (contest, Some(district.id.clone()));
                let place = district_index(ballot, district.id.as_str());
                let place = place.and_then(|place| u16::try_from(place).ok());
                tally.declarations_above.contains_key(&above)
                    || place.is_some_and(|place| tally.declarations.contains_key(&(contest, place)))
            };
            let mut districts = rules.districts.iter().filter(|it| it.seats > 0);
            match rules.procedure() {
                Procedure::EachDistrict => districts
                    .find(|district| !is_declared(district))
                    .map(|district| format!("district {} of contest {id}", district.id)),
                Procedure::Tiers(_) | Procedure::DoubleProportional(_) => {
                    let are_all = rules.districts.iter().all(is_declared);
                    (!are_all || rules.districts.is_empty()).then(|| format!("contest {id}"))
                }
            }
        })
}
