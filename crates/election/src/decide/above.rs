//! Decides over lots and declarations above single districts.

use super::official::unless;
use crate::event::{DeclarationAbove, Event, PlacesLot, TiedPlace};
use crate::ids::{DistrictId, OptionId};
use crate::report::{Attribution, Refusal, RefusalCode};
use crate::rules::{ContestRules, Procedure};
use crate::state::State;
use crate::tally::district_index;

pub(super) fn draw_places(state: &State, mut lot: PlacesLot) -> Result<Vec<Event>, Refusal> {
    let rules = rules_above(state, lot.contest).ok_or_else(|| {
        let rule = "a contest with tiers or double proportional seats; elsewhere a lot is drawn in one district";
        let id = &state.ballot().contests[usize::from(lot.contest)].id;
        Refusal::new(RefusalCode::State, "contest_id", id, rule)
    })?;
    for (field, places) in [("tied_places", &lot.tied), ("winner_places", &lot.winners)] {
        for (number, place) in places.iter().enumerate() {
            check_place(
                state,
                lot.contest,
                rules,
                place,
                &format!("{field}[{number}]"),
            )?;
        }
    }
    let different = |places: &mut Vec<TiedPlace>| {
        let count = places.len();
        places.sort();
        places.dedup();
        places.len() == count
    };
    if !different(&mut lot.tied) || lot.tied.len() < 2 {
        let rule = "at least two places, each once";
        return Err(Refusal::new(
            RefusalCode::Shape,
            "tied_places",
            lot.tied.len(),
            rule,
        ));
    }
    let among = lot.winners.iter().all(|place| lot.tied.contains(place));
    if !different(&mut lot.winners) || !among {
        let rule = "each is one of the tied places, once";
        return Err(Refusal::new(
            RefusalCode::Shape,
            "winner_places",
            lot.winners.len(),
            rule,
        ));
    }
    if lot.seats == 0
        || usize::try_from(lot.seats).ok() != Some(lot.winners.len())
        || lot.winners.len() >= lot.tied.len()
    {
        let rule = "at least one seat at stake, as many winners, and fewer than tied places";
        return Err(Refusal::new(RefusalCode::Shape, "seats", lot.seats, rule));
    }
    let tally = state.tally();
    let mut known = tally.places_lots.iter().filter(|known| known.lot == lot);
    let count = tally.count_hash(lot.contest, None);
    Ok(unless(known.any(|known| known.count == count), || {
        Event::PlacesDrawn(lot)
    }))
}

/// The rules of a contest whose districts hang together.
fn rules_above(state: &State, contest: u8) -> Option<&ContestRules> {
    let id = &state.ballot().contests[usize::from(contest)].id;
    let rules = &state.tally().outline.rules;
    let rules = rules.contests.iter().find(|rules| rules.id == *id)?;
    (rules.procedure() != Procedure::EachDistrict).then_some(rules)
}

fn check_place(
    state: &State,
    contest: u8,
    rules: &ContestRules,
    place: &TiedPlace,
    field: &str,
) -> Result<(), Refusal> {
    let TiedPlace {
        district,
        option,
        constituency,
    } = place;
    if !state.tally().has_place_option(contest, place) {
        check_option(state, contest, option, &format!("{field}.option_id"))?;
    }
    let regions = rules.tiers.iter().flat_map(|tiers| &tiers.regions);
    let mut known = rules
        .districts
        .iter()
        .map(|district| &district.id)
        .chain(regions.map(|region| &region.id));
    if let Some(district) = district
        && !known.any(|known| known == district)
    {
        let (field, rule) = (
            format!("{field}.district_id"),
            "must be a district or a region of the rules",
        );
        return Err(Refusal::new(
            RefusalCode::UnknownDistrict,
            field,
            district,
            rule,
        ));
    }
    match constituency {
        Some(id) if district_index(state.ballot(), id.as_str()).is_none() => {
            let (field, rule) = (
                format!("{field}.constituency_id"),
                "must be a district of the ballot",
            );
            Err(Refusal::new(RefusalCode::UnknownDistrict, field, id, rule))
        }
        _ => Ok(()),
    }
}

fn check_option(state: &State, contest: u8, option: &OptionId, field: &str) -> Result<(), Refusal> {
    if state.tally().has_option(contest, option) {
        return Ok(());
    }
    let rule = "must be an option of the contest";
    Err(Refusal::new(
        RefusalCode::UnknownOption,
        field,
        option,
        rule,
    ))
}

/// What a declaration is of: `Some(None)` the whole contest, `Some(Some(_))` a district of the law that is none of the
/// ballot, `None` a district of the ballot.
pub(super) fn declared_district<'a>(
    state: &State,
    contest: u8,
    district: Option<&'a DistrictId>,
) -> Result<Option<Option<&'a DistrictId>>, Refusal> {
    let rules = rules_above(state, contest);
    let Some(district) = district else {
        let rule = "a district: each district of this contest is declared by itself";
        let refusal = Refusal::new(RefusalCode::Shape, "district_id", "", rule);
        return rules.map(|_| Some(None)).ok_or(refusal);
    };
    if district_index(state.ballot(), district.as_str()).is_some() {
        return Ok(None);
    }
    let mut known = rules.into_iter().flat_map(|rules| &rules.districts);
    if known.any(|known| known.id == *district) {
        return Ok(Some(Some(district)));
    }
    let rule = "must be a district of the ballot, or one of the rules";
    Err(Refusal::new(
        RefusalCode::UnknownDistrict,
        "district_id",
        district,
        rule,
    ))
}

pub(super) fn declare(
    state: &State,
    contest: u8,
    district: Option<&DistrictId>,
    seats: &[(OptionId, u32)],
    attribution: &Attribution,
) -> Result<Vec<Event>, Refusal> {
    for (number, (option, _)) in seats.iter().enumerate() {
        let field = format!("rows[{number}].option_id");
        check_option(state, contest, option, &field)?;
        if seats[..number].iter().any(|(known, _)| known == option) {
            let rule = "each list stands once";
            return Err(Refusal::new(
                RefusalCode::RepeatedOption,
                field,
                option,
                rule,
            ));
        }
    }
    if seats.is_empty() {
        let rule = "at least one list";
        return Err(Refusal::new(RefusalCode::Shape, "rows", "", rule));
    }
    let mut rows = seats.to_vec();
    rows.sort();
    let declaration = DeclarationAbove {
        contest,
        district: district.cloned(),
        seats: rows,
        attribution: attribution.clone(),
    };
    let former = (contest, declaration.district.clone());
    let former = state.tally().declarations_above.get(&former);
    let same = former.is_some_and(|(_, former)| *former == declaration);
    Ok(unless(same, || Event::DeclaredAbove(declaration)))
}
