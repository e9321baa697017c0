//! `hemicycle allocate` over districts that hang together: votes by district and list as CSV, and the rules of a profile or a
//! file.

use super::{print, to_json};
use crate::districts_file::{self, Votes};
use crate::failure::{Ending, Failure};
use crate::table::{align_numbers, seats, table, thousands};
use election::rules::{ContestRules, Procedure};
use std::io::Read;
use std::path::Path;
use wire::DistrictsRequest;
use wire::allocation::v1::{
    AllocateDistrictsRequest, AllocateDistrictsResponse, DistrictedAllocation, LawDistrict,
};

/// What a file of rules says: the table `rules` in the words of a contest in a definition, as the profiles have it. What else
/// stands in it, such as a profile's sources, is for people.
#[derive(serde::Deserialize)]
struct RulesFile {
    rules: ContestRules,
}

/// The rules of a file.
///
/// # Errors
///
/// A file that cannot be read, or that has no such rules: with the field.
pub(super) fn rules_of(path: &Path) -> Result<ContestRules, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(Failure::io(name.clone()))?;
    let file: RulesFile = toml::from_str(&text)
        .map_err(|error| Failure::Input(format!("{name}: {}", error.to_string().trim_end())))?;
    Ok(file.rules)
}

/// Whether the rules are over all districts.
pub(super) fn hang_together(rules: &ContestRules) -> bool {
    rules.procedure() != Procedure::EachDistrict
}

/// Answers votes by district and list.
///
/// # Errors
///
/// A file that is none, and what the engine refuses: with the field, its value and the rule.
pub(super) fn run(
    rules: &ContestRules,
    source: impl Read,
    as_table: bool,
) -> Result<Ending, Failure> {
    let Votes { lists, districts } = districts_file::read(source)?;
    let request = AllocateDistrictsRequest {
        lists,
        districts,
        rules: Some(wire::districted_message(rules).map_err(|it| Failure::Input(it.to_string()))?),
        include_steps: true,
        ..Default::default()
    };
    let response = answer(request)?;
    let allocation = response.allocation.as_ref();
    if as_table {
        print(&allocation.map(tables).unwrap_or_default())?;
    } else {
        print(&to_json(&response, true)?)?;
    }
    Ok(ending(allocation))
}

/// Seats that are not shown, because the verifier refused them or votes are missing, are no success for a script.
fn ending(allocation: Option<&DistrictedAllocation>) -> Ending {
    match allocation {
        Some(allocation) if allocation.problem.is_empty() => Ending::Done,
        _ => Ending::CheckFailed,
    }
}

fn answer(request: AllocateDistrictsRequest) -> Result<AllocateDistrictsResponse, Failure> {
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
        let held: u32 = district.list_seats.iter().sum();
        let cells = [
            district.district_id.clone(),
            held.to_string(),
            held_by(district, allocation),
        ];
        districts.add_row(cells);
    }
    let mut text = format!("{lists}\n{districts}");
    let rest = [
        ("pending", allocation.seats_pending),
        ("unassigned", allocation.seats_unassigned),
    ];
    for (what, seats) in rest.into_iter().filter(|(_, seats)| *seats > 0) {
        text.push_str(&format!("\n{what}: {seats} of {}", allocation.seats));
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

fn held_by(district: &LawDistrict, allocation: &DistrictedAllocation) -> String {
    let rows = district.list_indexes.iter().zip(&district.list_seats);
    let rows = rows
        .filter(|(_, seats)| **seats > 0)
        .filter_map(|(list, seats)| {
            let list = allocation.lists.get(usize::try_from(*list).ok()?)?;
            Some(format!("{} {seats}", list.option_id))
        });
    rows.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
id = "list"
districts = []
[[tiers.stages]]
stage = "districts"
chain = [{ method = "highest-averages", divisors = "d-hondt" }]
"#;

    #[test]
    fn votes_of_districts_become_a_table() {
        let rules: ContestRules = toml::from_str(RULES).unwrap();
        assert!(hang_together(&rules));
        let text = "district,list,votes,seats\nnorth,ash,60,3\nnorth,birch,40,\nsouth,birch,5,2\n";
        let Votes { lists, districts } = districts_file::read(text.as_bytes()).unwrap();
        let request = AllocateDistrictsRequest {
            lists,
            districts,
            rules: Some(wire::districted_message(&rules).unwrap()),
            ..Default::default()
        };
        let response = answer(request).unwrap();
        let shown = tables(response.allocation.as_ref().unwrap());
        assert!(shown.contains("ash 2, birch 1"), "{shown}");
        assert!(shown.contains("birch 2"), "{shown}");
    }

    /// A district without votes: there are no seats, and the exit code says so.
    #[test]
    fn seats_that_are_not_shown_are_no_success() {
        let rules: ContestRules =
            toml::from_str("id = \"list\"\ndistricts = []\n[double_proportional]\n").unwrap();
        let text = "district,list,votes,seats\nnorth,ash,60,3\nsouth,ash,0,2\n";
        assert_eq!(
            run(&rules, text.as_bytes(), true).unwrap(),
            Ending::CheckFailed
        );
        let text = text.replace("ash,0", "ash,1");
        assert_eq!(run(&rules, text.as_bytes(), true).unwrap(), Ending::Done);
    }

    /// What asks for votes that the file does not have is refused: it would do nothing, in silence.
    #[test]
    fn stages_that_the_file_has_no_votes_for_are_refused() {
        for (stage, said) in [
            ("persons\", base = \"valid-votes", "persons"),
            ("constituencies", "constituencies with the votes in each"),
        ] {
            let text = RULES.replace(
                "[[tiers.stages]]",
                &format!("[[tiers.stages]]\nstage = \"{stage}\"\n[[tiers.stages]]")
                    .replace("\", base", "\"\nbase"),
            );
            let rules: ContestRules = toml::from_str(&text).unwrap();
            let votes = "district,list,votes,seats\nnorth,ash,60,3\n";
            let failure = run(&rules, votes.as_bytes(), true).unwrap_err().to_string();
            assert!(
                failure.contains("rules.tiers.stages[0]") && failure.contains(said),
                "{failure}"
            );
        }
    }

    #[test]
    fn districts_without_seats_are_refused_where_they_hand_out_their_own() {
        let rules: ContestRules = toml::from_str(RULES).unwrap();
        let text = "district,list,votes\nnorth,ash,60\n";
        let failure = run(&rules, text.as_bytes(), true).unwrap_err();
        assert!(failure.to_string().contains("seats"), "{failure}");
    }
}
