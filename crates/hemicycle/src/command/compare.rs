//! `hemicycle compare`: the same votes under several laws, side by side.

use super::allocate::{answer_request, open, profile, profile_request};
use super::print;
use crate::cli::Compare;
use crate::failure::{Ending, Failure};
use crate::table::{align_numbers, seats, table, thousands};
use wire::allocation::v1::{Allocation, AllocationList};

/// Prints a table: a row for each list, a column for each profile. A profile that needs a count which was not given says so
/// below, and the others stand.
///
/// # Errors
///
/// Profiles that are not known, fewer than two of them, or lists that cannot be read.
pub async fn run(arguments: Compare) -> Result<Ending, Failure> {
    // Reading standard input blocks; and a program that only computes has nothing else to do.
    tokio::task::spawn_blocking(move || compare(&arguments))
        .await
        .map_err(|error| Failure::Input(error.to_string()))?
}

fn compare(arguments: &Compare) -> Result<Ending, Failure> {
    if arguments.profiles.len() < 2 {
        let text = "one profile has nothing to be compared with: give --profile at least twice";
        return Err(Failure::Input(text.into()));
    }
    let profiles = arguments.profiles.iter().map(|name| profile(name));
    let profiles = profiles.collect::<Result<Vec<_>, _>>()?;
    let lists = crate::lists_file::read(open(arguments.file.as_deref())?)?;
    let mut columns = Vec::new();
    let mut notes = Vec::new();
    for profile in profiles {
        let request = profile_request(profile, arguments.seats, &lists, arguments.counts);
        match answer_request(request) {
            Ok(response) => columns.push((profile.name, response.allocation.unwrap_or_default())),
            Err(error) => notes.push(format!("{}: {error}", profile.name)),
        }
    }
    let failed = columns.is_empty();
    let notes: String = notes.iter().map(|note| format!("\n{note}")).collect();
    print(&format!("{}{notes}", side_by_side(&lists, &columns)))?;
    Ok(if failed {
        Ending::CheckFailed
    } else {
        Ending::Done
    })
}

fn side_by_side(lists: &[AllocationList], columns: &[(&str, Allocation)]) -> String {
    let names = columns.iter().map(|(name, _)| *name);
    let header: Vec<&str> = ["list", "votes"].into_iter().chain(names).collect();
    let mut rows = table(&header);
    for (place, list) in lists.iter().enumerate() {
        let held = columns.iter().map(|(_, allocation)| {
            let result = allocation.lists.get(place);
            seats(result.and_then(|result| result.seats.as_ref()))
        });
        let cells = [list.option_id.clone(), thousands(list.votes)];
        rows.add_row(cells.into_iter().chain(held));
    }
    align_numbers(&mut rows, 1);
    rows.to_string()
}
