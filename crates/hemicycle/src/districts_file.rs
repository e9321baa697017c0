//! Votes of lists in districts as CSV, and first votes in constituencies: what an official of a parliament has at hand.

use crate::csv_file::{CsvFile, Row};
use crate::failure::Failure;
use std::collections::HashMap;
use std::io::Read;
use wire::allocation::v1::{
    BaseCounts, ConstituencyVotes, DistrictVotes, DistrictedList, PersonVotes,
};

/// A row: a list in a district. Columns stand in any order; all but the first three may be missing, and their cells may be
/// empty. What is said of a district or a list need not be said in every row of it.
const COLUMNS: [&str; 14] = [
    "district",
    "list",
    "votes",
    "seats",
    "registration",
    "coalition",
    "minority",
    "alone",
    "valid_votes",
    "valid_and_against_all",
    "ballots_in_box",
    "ballots_issued",
    "name",
    "district_name",
];

/// A row of first votes: a list's person in a constituency, or (without a list) a person who stands alone.
const FIRST_COLUMNS: [&str; 5] = [
    "constituency",
    "district",
    "list",
    "votes",
    "constituency_name",
];

/// Lists and districts in the order in which the file names them first.
#[derive(Debug, Default, PartialEq)]
pub struct Votes {
    /// The lists.
    pub lists: Vec<DistrictedList>,
    /// The districts, each with votes of every list.
    pub districts: Vec<DistrictVotes>,
    /// The constituencies, where there are first votes.
    pub constituencies: Vec<ConstituencyVotes>,
    /// Persons without a list: rows that are `alone`.
    pub persons: Vec<PersonVotes>,
}

/// Reads the votes of a file of this name.
///
/// # Errors
///
/// A cell that cannot be read, a list that stands twice in a district, or two lines that say different things of a district
/// or a list: each with file, line, column, value and what would be right.
pub fn read(source: impl Read, name: &str) -> Result<Votes, Failure> {
    let file = CsvFile::read(source, name, &COLUMNS, 3)?;
    let (mut lists, mut districts) = (HashMap::new(), HashMap::new());
    let mut votes = Votes::default();
    let mut cells = HashMap::new();
    for row in file.rows() {
        let (list_id, district_id) = (row.needed("list")?, row.needed("district")?);
        let district = *districts.entry(district_id).or_insert_with(|| {
            votes.districts.push(DistrictVotes {
                district_id: district_id.to_owned(),
                base: Some(BaseCounts::default()),
                ..DistrictVotes::default()
            });
            votes.districts.len() - 1
        });
        let number = row.needed_number("votes")?;
        if row.flag("alone")? {
            let of_lists = ["registration", "coalition", "minority", "name"];
            if let Some(column) = of_lists.into_iter().find(|one| row.text(one).is_some()) {
                return Err(row.wrong(column, "only a list has that, and this person stands alone"));
            }
            describe_district(row, &mut votes.districts[district])?;
            votes.persons.push(PersonVotes {
                option_id: list_id.to_owned(),
                district_id: district_id.to_owned(),
                votes: number,
            });
            continue;
        }
        let list = *lists.entry(list_id).or_insert_with(|| {
            votes.lists.push(DistrictedList {
                option_id: list_id.to_owned(),
                ..DistrictedList::default()
            });
            votes.lists.len() - 1
        });
        if cells.insert((district, list), number).is_some() {
            let rule = format!("the list stands twice in district {district_id:?}");
            return Err(row.wrong("list", &rule));
        }
        describe_list(row, &mut votes.lists[list])?;
        describe_district(row, &mut votes.districts[district])?;
    }
    if votes.lists.is_empty() {
        let rule = "there are no votes; a line of the file is DISTRICT,LIST,VOTES below the header district,list,votes";
        return Err(file.wrong(rule));
    }
    for (place, district) in votes.districts.iter_mut().enumerate() {
        let of_list = |list| cells.get(&(place, list)).copied().unwrap_or(0);
        district.votes = (0..votes.lists.len()).map(of_list).collect();
    }
    Ok(votes)
}

/// Takes over what a row says of its list.
fn describe_list(row: Row<'_>, list: &mut DistrictedList) -> Result<(), Failure> {
    agree(row, "registration", &mut list.registration_number)?;
    // None and 0 are the same here, as they are in the request.
    let mut known = Some(list.coalition_size).filter(|size| *size > 0);
    if row.number::<u32>("coalition")? != Some(0) {
        agree(row, "coalition", &mut known)?;
    }
    list.coalition_size = known.unwrap_or(0);
    list.minority |= row.flag("minority")?;
    called(row, "name", &mut list.name)
}

/// Takes over what a row says of its district.
fn describe_district(row: Row<'_>, district: &mut DistrictVotes) -> Result<(), Failure> {
    let base = district.base.get_or_insert_default();
    agree(row, "valid_votes", &mut base.valid_votes)?;
    agree(
        row,
        "valid_and_against_all",
        &mut base.valid_and_against_all,
    )?;
    agree(row, "ballots_in_box", &mut base.ballots_in_box)?;
    agree(row, "ballots_issued", &mut base.ballots_issued)?;
    // None and 0 are the same here, as they are in the request.
    let mut known = Some(district.seats).filter(|seats| *seats > 0);
    if row.number::<u32>("seats")? != Some(0) {
        agree(row, "seats", &mut known)?;
    }
    district.seats = known.unwrap_or(0);
    called(row, "district_name", &mut district.name)
}

fn agree<T: crate::csv_file::Whole + PartialEq + Copy>(
    row: Row<'_>,
    column: &str,
    known: &mut Option<T>,
) -> Result<(), Failure> {
    match (row.number(column)?, *known) {
        (Some(said), Some(known)) if said != known => {
            Err(row.wrong(column, &format!("an earlier line says {known}")))
        }
        (said, _) => {
            *known = known.or(said);
            Ok(())
        }
    }
}

fn called(row: Row<'_>, column: &str, known: &mut String) -> Result<(), Failure> {
    let Some(name) = row.text(column) else {
        return Ok(());
    };
    if known.is_empty() {
        name.clone_into(known);
    }
    if known == name {
        return Ok(());
    }
    Err(row.wrong(column, &format!("an earlier line says {known:?}")))
}

/// Reads first votes of a file of this name into the votes.
///
/// # Errors
///
/// As [`read`], and a list or a district that has no votes of its own.
pub fn read_first_votes(source: impl Read, name: &str, votes: &mut Votes) -> Result<(), Failure> {
    let file = CsvFile::read(source, name, &FIRST_COLUMNS, 4)?;
    let lists = votes.lists.iter().enumerate();
    let lists: HashMap<&str, usize> = lists
        .map(|(place, list)| (&*list.option_id, place))
        .collect();
    let mut places = HashMap::new();
    let mut seen = HashMap::new();
    for row in file.rows() {
        let id = row.needed("constituency")?;
        let place = *places.entry(id).or_insert_with(|| {
            votes.constituencies.push(ConstituencyVotes {
                constituency_id: id.to_owned(),
                votes: vec![0; lists.len()],
                ..ConstituencyVotes::default()
            });
            votes.constituencies.len() - 1
        });
        let constituency = &mut votes.constituencies[place];
        let district = row.needed("district")?;
        if votes
            .districts
            .iter()
            .all(|known| known.district_id != district)
        {
            return Err(row.wrong("district", "must be one of the districts with votes"));
        }
        if constituency.district_id.is_empty() {
            district.clone_into(&mut constituency.district_id);
        }
        if constituency.district_id != district {
            let rule = format!("an earlier line says {:?}", constituency.district_id);
            return Err(row.wrong("district", &rule));
        }
        called(row, "constituency_name", &mut constituency.name)?;
        let number: u64 = row.needed_number("votes")?;
        let Some(list) = row.text("list") else {
            let other = constituency.other_votes.checked_add(number);
            constituency.other_votes =
                other.ok_or_else(|| row.wrong("votes", "the sum is too large"))?;
            constituency.other_votes_most = constituency.other_votes_most.max(number);
            continue;
        };
        let Some(&list) = lists.get(list) else {
            let rule =
                "must be one of the lists with votes; empty for a person without one of them";
            return Err(row.wrong("list", rule));
        };
        if seen.insert((place, list), ()).is_some() {
            let rule = format!("the list stands twice in constituency {id:?}");
            return Err(row.wrong("list", &rule));
        }
        constituency.votes[list] = number;
    }
    if votes.constituencies.is_empty() {
        return Err(file.wrong("there are no first votes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(text: &str) -> Votes {
        read(text.as_bytes(), "votes.csv").unwrap()
    }

    #[test]
    fn lists_that_stand_in_some_districts_only_have_no_votes_in_the_others() {
        let Votes {
            lists, districts, ..
        } = votes("district,seats,list,votes\nn,5,a,10\nn,,b,7\ns,4,b,3\n");
        let ids: Vec<&str> = lists.iter().map(|list| &*list.option_id).collect();
        assert_eq!(ids, ["a", "b"]);
        let found: Vec<_> = districts
            .iter()
            .map(|it| (&*it.district_id, it.seats, it.votes.clone()))
            .collect();
        assert_eq!(found, [("n", 5, vec![10, 7]), ("s", 4, vec![0, 3])]);
    }

    #[test]
    fn a_person_who_stands_alone_is_no_list() {
        let found = votes("district,seats,list,votes,alone\nn,5,a,10,\nn,,ann,7,true\n");
        assert_eq!(found.lists.len(), 1);
        assert_eq!(found.districts[0].votes, [10]);
        let ann = PersonVotes {
            option_id: "ann".to_owned(),
            district_id: "n".to_owned(),
            votes: 7,
        };
        assert_eq!(found.persons, [ann]);
    }

    #[test]
    fn votes_with_those_against_all_are_a_count_of_their_own() {
        let of = |text: &str| votes(text).districts[0].base.unwrap();
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
    fn names_are_taken_from_whichever_row_has_them() {
        let text =
            "district,list,votes,name,district_name\nn,a,1,,North\nn,b,2,Birch,\ns,a,3,Ash,\n";
        let votes = votes(text);
        assert_eq!(
            (&*votes.lists[0].name, &*votes.lists[1].name),
            ("Ash", "Birch")
        );
        assert_eq!(
            (&*votes.districts[0].name, &*votes.districts[1].name),
            ("North", "")
        );
    }

    #[test]
    fn what_is_wrong_is_named_by_file_line_column_and_rule() {
        for (text, said) in [
            (
                "district,list,votes\nn,a,1\nn,a,2\n",
                "votes.csv, line 3: list = \"a\": the list stands twice in district \"n\"",
            ),
            (
                "district,list,votes,seats\nn,a,1,5\nn,b,2,6\n",
                "votes.csv, line 3: seats = \"6\": an earlier line says 5",
            ),
            (
                "district,list,votes,name\nn,a,1,Ash\ns,a,2,Aspen\n",
                "line 3: name = \"Aspen\": an earlier line says \"Ash\"",
            ),
            (
                "district,list,votes\nn,a,many\n",
                "votes.csv, line 2: votes = \"many\": must be a whole number",
            ),
            (
                "district,list,votes\n,a,1\n",
                "line 2: district = \"\": must be set",
            ),
            (
                "district,list,votes\nn,a,\n",
                "line 2: votes = \"\": must be set",
            ),
            ("district,votes\nn,1\n", "the column list is missing"),
            (
                "district,list,votes,alone,coalition\nn,ann,1,true,2\n",
                "line 2: coalition = \"2\": only a list has that",
            ),
            ("district,list,votes\n", "votes.csv: there are no votes"),
        ] {
            let error = read(text.as_bytes(), "votes.csv").unwrap_err().to_string();
            assert!(error.contains(said), "{said} is not in {error}");
        }
    }

    const SECOND: &str = "district,list,votes\nn,a,10\nn,b,7\ns,b,3\n";

    #[test]
    fn first_votes_are_of_lists_or_of_persons_without_one() {
        let mut found = votes(SECOND);
        let text = "constituency,district,list,votes\n1,n,b,9\n1,n,,5\n1,n,,8\n2,s,a,1\n";
        read_first_votes(text.as_bytes(), "first.csv", &mut found).unwrap();
        let [one, two] = &found.constituencies[..] else {
            panic!("{found:?}")
        };
        assert_eq!((&*one.district_id, &one.votes[..]), ("n", &[0, 9][..]));
        assert_eq!((one.other_votes, one.other_votes_most), (13, 8));
        assert_eq!((&*two.district_id, &two.votes[..]), ("s", &[1, 0][..]));
    }

    #[test]
    fn first_votes_that_are_wrong_are_named() {
        for (text, said) in [
            (
                "constituency,district,list,votes\n1,n,c,9\n",
                "first.csv, line 2: list = \"c\": must be one of the lists with votes",
            ),
            (
                "constituency,district,list,votes\n1,w,a,9\n",
                "first.csv, line 2: district = \"w\": must be one of the districts",
            ),
            (
                "constituency,district,list,votes\n1,n,a,9\n1,s,b,9\n",
                "line 3: district = \"s\": an earlier line says \"n\"",
            ),
            (
                "constituency,district,list,votes\n1,n,a,9\n1,n,a,9\n",
                "line 3: list = \"a\": the list stands twice in constituency \"1\"",
            ),
            (
                "constituency,district,list\n1,n,a\n",
                "the column votes is missing",
            ),
            (
                "constituency,district,list,votes\n",
                "there are no first votes",
            ),
        ] {
            let read = read_first_votes(text.as_bytes(), "first.csv", &mut votes(SECOND));
            let error = read.unwrap_err().to_string();
            assert!(error.contains(said), "{said} is not in {error}");
        }
    }
}
