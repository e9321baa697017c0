//! `hemicycle allocate` over districts that hang together: votes by district and list as CSV, and the rules of a profile or a
//! file.

use super::allocate::{file_name, open, style};
use super::{print, to_json};
use crate::cli::Explained;
use crate::districts_file::{self, Votes};
use crate::failure::{Ending, Failure};
use crate::table::{align_numbers, seats, table, thousands};
use election::rules::{ContestRules, Procedure};
use std::path::Path;
use wire::allocation::v1::{
    AllocateDistrictsRequest, AllocateDistrictsResponse, DistrictedAllocation, LawDistrict,
};
use wire::common::v1::TiedPlace;
use wire::{DistrictsRequest, margins_cost_little};

/// Whether the rules are over all districts.
pub(super) fn hang_together(rules: &ContestRules) -> bool {
    rules.procedure() != Procedure::EachDistrict
}

/// The votes of the files that were named: by district and list, and first votes where there are some.
///
/// # Errors
///
/// A file that is none: with line, column, value and what would be right.
pub(super) fn votes_of(file: Option<&Path>, first_votes: Option<&Path>) -> Result<Votes, Failure> {
    let mut votes = districts_file::read(open(file)?, &file_name(file))?;
    if let Some(path) = first_votes {
        let name = file_name(Some(path));
        districts_file::read_first_votes(open(Some(path))?, &name, &mut votes)?;
    }
    Ok(votes)
}

/// The question that votes put to rules.
///
/// # Errors
///
/// Rules that cannot be asked so: with the field.
pub(super) fn request_of(
    votes: &Votes,
    rules: &ContestRules,
) -> Result<AllocateDistrictsRequest, Failure> {
    let Votes {
        lists,
        districts,
        constituencies,
        persons,
    } = votes;
    Ok(AllocateDistrictsRequest {
        lists: lists.clone(),
        districts: districts.clone(),
        constituencies: constituencies.clone(),
        persons: persons.clone(),
        rules: Some(wire::districted_message(rules).map_err(|it| Failure::Input(it.to_string()))?),
        ..Default::default()
    })
}

/// How the answer is shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shown {
    /// As tables.
    pub as_table: bool,
    /// In words.
    pub explain: Option<Explained>,
}

/// Answers votes by district and list.
///
/// # Errors
///
/// What the engine refuses: with the field, its value and the rule. Seats that cannot be shown in words.
pub(super) fn run(
    rules: &ContestRules,
    votes: &Votes,
    shown: Shown,
    language: &str,
) -> Result<Ending, Failure> {
    let request = request_of(votes, rules)?;
    // The nearest changes are not looked for where they cost too much.
    let is_small = margins_cost_little(request.lists.len(), request.districts.len());
    let request = AllocateDistrictsRequest {
        include_steps: true,
        include_margins: shown.explain.is_some() && is_small,
        explanation: shown.explain.map(|format| style(format, language)),
        ..request
    };
    let response = answer(request).map_err(with_regions)?;
    let allocation = response.allocation.as_ref();
    if shown.as_table {
        print(&allocation.map(tables).unwrap_or_default())?;
    }
    match allocation {
        Some(allocation) if shown.explain.is_some() => {
            if !allocation.problem.is_empty() {
                return Err(Failure::Input(allocation.problem.clone()));
            }
            if shown.as_table {
                print("")?;
            }
            print(allocation.explanation.trim_end())?;
        }
        _ if shown.as_table => {}
        _ => print(&to_json(&response, true)?)?,
    }
    Ok(ending(allocation))
}

/// A file of votes has no column for regions: those of a law that needs them stand in its rules.
fn with_regions(failure: Failure) -> Failure {
    match failure {
        Failure::Input(text) if text.contains("regions") => Failure::Input(format!(
            "{text}\nhint: regions stand in the rules: keep those of the profile in a file (hemicycle profiles NAME > \
             rules.toml), add `regions` to their tiers, and give the file with --rules"
        )),
        other => other,
    }
}

/// Seats that are not shown, because the verifier refused them or votes are missing, are no success for a script.
fn ending(allocation: Option<&DistrictedAllocation>) -> Ending {
    match allocation {
        Some(allocation) if allocation.problem.is_empty() => Ending::Done,
        _ => Ending::CheckFailed,
    }
}

/// Answers a question.
///
/// # Errors
///
/// What the engine refuses: with the field, its value and the rule.
pub(super) fn answer(
    request: AllocateDistrictsRequest,
) -> Result<AllocateDistrictsResponse, Failure> {
    let request =
        DistrictsRequest::try_from(request).map_err(|it| Failure::Input(it.to_string()))?;
    allocation_service::allocate_districts(&request).map_err(|it| Failure::Input(it.to_string()))
}

/// Lists with what they hold and are due, and the districts with the seats of each list that has one.
fn tables(allocation: &DistrictedAllocation) -> String {
    let mut lists = table(&["list", "votes", "seats", "due", "takes part"]);
    for list in &allocation.lists {
        let due = list.seats_due.map(|due| due.to_string());
        lists.add_row([
            list.option_id.clone(),
            thousands(list.votes),
            seats(list.seats.as_ref()),
            due.unwrap_or_else(|| "-".to_owned()),
            if list.takes_part { "yes" } else { "no" }.to_owned(),
        ]);
    }
    align_numbers(&mut lists, 1);
    let mut districts = table(&["district", "seats", "of which"]);
    for district in &allocation.districts {
        let persons: Vec<&str> = persons_of(&district.district_id, allocation).collect();
        let of_lists: u32 = district.list_seats.iter().sum();
        let held = u64::from(of_lists) + persons.len() as u64;
        let mut rows = held_by(district, allocation);
        rows.extend(persons.iter().map(|id| format!("{id} 1")));
        let cells = [
            district.district_id.clone(),
            held.to_string(),
            rows.join(", "),
        ];
        districts.add_row(cells);
    }
    let above = allocation.lists.iter().filter(|list| list.seats_above > 0);
    let above: Vec<_> = above.collect();
    if !above.is_empty() {
        // So that the districts have as many seats together as the lists.
        let held: u64 = above.iter().map(|list| u64::from(list.seats_above)).sum();
        let lists = above.iter();
        let lists = lists.map(|list| format!("{} {}", list.option_id, list.seats_above));
        let lists: Vec<String> = lists.collect();
        districts.add_row([
            "(in no district)".to_owned(),
            held.to_string(),
            lists.join(", "),
        ]);
    }
    let mut text = format!("{lists}\n{districts}");
    if let Some(constituencies) = constituencies(allocation) {
        text.push_str(&format!("\n{constituencies}"));
    }
    let rest = [
        ("pending", allocation.seats_pending),
        ("unassigned", allocation.seats_unassigned),
    ];
    for (what, seats) in rest.into_iter().filter(|(_, seats)| *seats > 0) {
        text.push_str(&format!("\n{what}: {seats} of {}", allocation.seats));
    }
    for (what, seats) in [
        ("of persons without a list", allocation.seats_outside),
        ("by which the house has grown", allocation.seats_added),
    ] {
        if seats > 0 {
            text.push_str(&format!("\nseats {what}: {seats}"));
        }
    }
    for tie in &allocation.ties {
        let places = tie.places.iter().map(|place| {
            let parts = [&place.option_id, &place.district_id, &place.constituency_id];
            let parts = parts.into_iter().filter(|part| !part.is_empty());
            parts.cloned().collect::<Vec<_>>().join(" in ")
        });
        let places: Vec<String> = places.collect();
        text.push_str(&format!(
            "\ntie: {} of {}",
            tie.seats_at_stake,
            places.join(", ")
        ));
    }
    if !allocation.problem.is_empty() {
        text.push_str(&format!("\n{}", allocation.problem));
    }
    text
}

/// Who came first in constituencies, and whether that is a seat.
fn constituencies(allocation: &DistrictedAllocation) -> Option<String> {
    let stages = allocation.steps.iter().flat_map(|steps| &steps.stages);
    let mut rows = Vec::new();
    for stage in stages {
        for step in &stage.covered {
            let place = step
                .person
                .as_ref()
                .and_then(|person| person.place.as_ref())?;
            rows.push((place, if step.is_covered { "yes" } else { "no" }));
        }
        rows.extend(stage.first_places.iter().map(|place| (place, "yes")));
    }
    rows.sort_by(|(one, _), (other, _)| one.constituency_id.cmp(&other.constituency_id));
    let mut shown = table(&["constituency", "district", "first", "seat"]);
    for (place, seat) in &rows {
        let TiedPlace {
            district_id,
            option_id,
            constituency_id,
        } = place;
        shown.add_row([constituency_id, district_id, option_id, *seat]);
    }
    (!rows.is_empty()).then(|| shown.to_string())
}

/// Persons without a list who have a seat of the district.
fn persons_of<'a>(
    district: &'a str,
    allocation: &'a DistrictedAllocation,
) -> impl Iterator<Item = &'a str> {
    let steps = allocation.steps.iter().flat_map(|steps| &steps.stages);
    let places = steps
        .flat_map(|tier| &tier.persons)
        .filter_map(|person| person.place.as_ref());
    let here = places.filter(move |place| place.district_id == district);
    let is_list = |id: &str| allocation.lists.iter().any(|list| list.option_id == id);
    here.map(|place| &*place.option_id)
        .filter(move |id| !is_list(id))
}

fn held_by(district: &LawDistrict, allocation: &DistrictedAllocation) -> Vec<String> {
    let rows = district.list_indexes.iter().zip(&district.list_seats);
    let rows = rows
        .filter(|(_, seats)| **seats > 0)
        .filter_map(|(list, seats)| {
            let list = allocation.lists.get(usize::try_from(*list).ok()?)?;
            Some(format!("{} {seats}", list.option_id))
        });
    rows.collect()
}

#[cfg(test)]
mod tests;
