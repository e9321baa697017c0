//! Votes of lists in districts as CSV: what an official of a parliament has at hand.

use crate::failure::Failure;
use std::collections::HashMap;
use std::io::Read;
use wire::allocation::v1::{BaseCounts, DistrictVotes, DistrictedList};

/// A row: a list in a district. Columns stand in any order; all but the first three may be missing, and their cells may be
/// empty. What is said of a district or a list need not be said in every row of it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    district: String,
    list: String,
    votes: u64,
    seats: Option<u32>,
    registration: Option<u64>,
    coalition: Option<u32>,
    minority: Option<bool>,
    valid_votes: Option<u64>,
    valid_and_against_all: Option<u64>,
    ballots_in_box: Option<u64>,
    ballots_issued: Option<u64>,
}

/// Lists and districts in the order in which the file names them first.
#[derive(Debug, Default, PartialEq)]
pub struct Votes {
    /// The lists.
    pub lists: Vec<DistrictedList>,
    /// The districts, each with votes of every list.
    pub districts: Vec<DistrictVotes>,
}

/// Reads the votes.
///
/// # Errors
///
/// A line that is none, a list that stands twice in a district, or two lines that say different things of a district or a
/// list: each with its number and what is wrong.
pub fn read(source: impl Read) -> Result<Votes, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(source);
    let (mut lists, mut districts) = (HashMap::new(), HashMap::new());
    let mut votes = Votes::default();
    let mut cells = HashMap::new();
    for (line, row) in (2..).zip(reader.deserialize()) {
        let row: Row = row.map_err(|error| Failure::Input(format!("the votes: {error}")))?;
        let list = *lists.entry(row.list.clone()).or_insert_with(|| {
            votes.lists.push(DistrictedList {
                option_id: row.list.clone(),
                ..DistrictedList::default()
            });
            votes.lists.len() - 1
        });
        let district = *districts.entry(row.district.clone()).or_insert_with(|| {
            votes.districts.push(DistrictVotes {
                district_id: row.district.clone(),
                base: Some(BaseCounts::default()),
                ..DistrictVotes::default()
            });
            votes.districts.len() - 1
        });
        if cells.insert((district, list), row.votes).is_some() {
            let (district, list) = (&row.district, &row.list);
            let what = format!("line {line}: {list:?} stands twice in district {district:?}");
            return Err(Failure::Input(what));
        }
        describe(&row, &mut votes.lists[list], &mut votes.districts[district])
            .map_err(|field| said_twice(line, field))?;
    }
    for (place, district) in votes.districts.iter_mut().enumerate() {
        let of_list = |list| cells.get(&(place, list)).copied().unwrap_or(0);
        district.votes = (0..votes.lists.len()).map(of_list).collect();
    }
    Ok(votes)
}

fn said_twice(line: u64, field: &str) -> Failure {
    Failure::Input(format!(
        "line {line}: {field} differs from what an earlier line says"
    ))
}

/// Takes over what a row says of its list and its district; the name of the column that says something else than before.
fn describe(
    row: &Row,
    list: &mut DistrictedList,
    district: &mut DistrictVotes,
) -> Result<(), &'static str> {
    let base = district.base.get_or_insert_default();
    agree(
        "registration",
        row.registration,
        &mut list.registration_number,
    )?;
    agree("valid_votes", row.valid_votes, &mut base.valid_votes)?;
    agree(
        "valid_and_against_all",
        row.valid_and_against_all,
        &mut base.valid_and_against_all,
    )?;
    agree(
        "ballots_in_box",
        row.ballots_in_box,
        &mut base.ballots_in_box,
    )?;
    agree(
        "ballots_issued",
        row.ballots_issued,
        &mut base.ballots_issued,
    )?;
    let mut known = Some(district.seats).filter(|seats| *seats > 0);
    agree("seats", row.seats.filter(|seats| *seats > 0), &mut known)?;
    district.seats = known.unwrap_or(0);
    let mut known = Some(list.coalition_size).filter(|size| *size > 0);
    agree(
        "coalition",
        row.coalition.filter(|size| *size > 0),
        &mut known,
    )?;
    list.coalition_size = known.unwrap_or(0);
    list.minority |= row.minority.unwrap_or(false);
    Ok(())
}

fn agree<T: PartialEq + Copy>(
    field: &'static str,
    said: Option<T>,
    known: &mut Option<T>,
) -> Result<(), &'static str> {
    match (said, *known) {
        (Some(said), Some(known)) if said != known => Err(field),
        _ => {
            *known = known.or(said);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_stand_in_some_districts_only_have_no_votes_in_the_others() {
        let text = "district,seats,list,votes\nn,5,a,10\nn,,b,7\ns,4,b,3\n";
        let Votes { lists, districts } = read(text.as_bytes()).unwrap();
        let ids: Vec<&str> = lists.iter().map(|list| &*list.option_id).collect();
        assert_eq!(ids, ["a", "b"]);
        let found: Vec<_> = districts
            .iter()
            .map(|it| (&*it.district_id, it.seats, it.votes.clone()))
            .collect();
        assert_eq!(found, [("n", 5, vec![10, 7]), ("s", 4, vec![0, 3])]);
    }

    #[test]
    fn votes_with_those_against_all_are_a_count_of_their_own() {
        let of = |text: &str| read(text.as_bytes()).unwrap().districts[0].base.unwrap();
        let base = of("district,list,votes,valid_votes\nn,a,1,5\n");
        assert_eq!(
            (base.valid_votes, base.valid_and_against_all),
            (Some(5), None)
        );
        let base = of("district,list,votes,valid_votes,valid_and_against_all\nn,a,1,5,6\n");
        assert_eq!(
            (base.valid_votes, base.valid_and_against_all),
            (Some(5), Some(6))
        );
    }

    #[test]
    fn a_line_that_is_wrong_is_named() {
        for (text, said) in [
            (
                "district,list,votes\nn,a,1\nn,a,2\n",
                "line 3: \"a\" stands twice",
            ),
            (
                "district,list,votes,seats\nn,a,1,5\nn,b,2,6\n",
                "line 3: seats differs",
            ),
            ("district,list,votes\nn,a,many\n", "line: 2"),
            ("district,votes\nn,1\n", "list"),
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
