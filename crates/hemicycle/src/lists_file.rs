//! Lists with their votes as CSV: what an official has at hand.

use crate::csv_file::{CsvFile, Row};
use crate::failure::Failure;
use election::ids::{IdError, OptionId};
use std::collections::HashMap;
use std::io::Read;
use wire::allocation::v1::{AllocationList, DistrictShare};

/// The columns. They stand in any order; all but the first two may be missing, and their cells may be empty.
const COLUMNS: [&str; 13] = [
    "list",
    "votes",
    "candidates",
    "registration",
    "coalition",
    "minority",
    "apparentment",
    "sub_apparentment",
    "direct_seats",
    "best_district_votes",
    "best_district_base",
    "name",
    "won_office",
];
const NEEDED: usize = 2;
/// Most lists of a contest, as the engine takes them.
const LISTS_MAX: usize = apportionment::LISTS_MAX;

/// Reads the lists of a file of this name.
///
/// # Errors
///
/// A column that is missing or none, a cell that cannot be read: with file, line, column, value and what would be right.
pub fn read(source: impl Read, name: &str) -> Result<Vec<AllocationList>, Failure> {
    let file = CsvFile::read(source, name, &COLUMNS, NEEDED)?;
    let mut lists = Vec::new();
    let mut lines = HashMap::new();
    for row in file.rows() {
        if lists.len() == LISTS_MAX {
            let rule = format!("a contest has at most {LISTS_MAX} lists");
            return Err(row.wrong("list", &rule));
        }
        let entry = list(&row)?;
        if let Some(line) = lines.insert(entry.option_id.clone(), row.line()) {
            let rule = format!("each list stands once, and this one stands in line {line} too");
            return Err(row.wrong("list", &rule));
        }
        lists.push(entry);
    }
    if lists.is_empty() {
        let rule = "there is no list; a line of the file is LIST,VOTES below the header list,votes";
        return Err(file.wrong(rule));
    }
    Ok(lists)
}

fn list(row: &Row<'_>) -> Result<AllocationList, Failure> {
    let base_count = row.number("best_district_base")?;
    let best_district = match (row.number("best_district_votes")?, base_count) {
        (Some(votes), Some(base_count)) => Some(DistrictShare { votes, base_count }),
        (None, None) => None,
        _ => {
            let rule = "best_district_votes and best_district_base stand together";
            return Err(row.wrong("best_district_base", rule));
        }
    };
    Ok(AllocationList {
        option_id: id(row, "list", "name", OptionId::new)?,
        votes: row.needed_number("votes")?,
        candidates: row.number("candidates")?,
        registration_number: row.number("registration")?,
        minority: row.flag("minority")?,
        coalition_size: row.number("coalition")?.unwrap_or(1),
        apparentment: row.text("apparentment").unwrap_or_default().to_owned(),
        sub_apparentment: row.text("sub_apparentment").unwrap_or_default().to_owned(),
        direct_seats: row.number("direct_seats")?.unwrap_or(0),
        best_district,
        name: row.text("name").unwrap_or_default().to_owned(),
        won_office: row.flag("won_office")?,
    })
}

/// An id in a column, with the column that holds what it is called.
///
/// # Errors
///
/// None, or what is no id: mostly a name in letters of its own.
pub(crate) fn id<T: ToString>(
    row: &Row<'_>,
    column: &str,
    name_column: &str,
    read: impl FnOnce(&str) -> Result<T, IdError>,
) -> Result<String, Failure> {
    let id = read(row.needed(column)?).map_err(|error| {
        let rule = format!(
            "{error}; what it is called, in any letters, stands in the column {name_column}"
        );
        row.wrong(column, &rule)
    })?;
    Ok(id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_where_an_id_stands_is_told_its_column() {
        let text = "list,votes\nНур Отан,120\n";
        let told = read(text.as_bytes(), "lists.csv").unwrap_err().to_string();
        for said in ["lists.csv, line 2: list = \"Нур Отан\"", "the column name"] {
            assert!(told.contains(said), "{said} is not in {told}");
        }
    }

    #[test]
    fn columns_stand_in_any_order_and_may_be_missing() {
        let text = "votes, list, apparentment\n120, a, x\n80, b,\n";
        let lists = read(text.as_bytes(), "lists.csv").unwrap();
        let found: Vec<(&str, u64, &str)> = lists
            .iter()
            .map(|list| {
                (
                    list.option_id.as_str(),
                    list.votes,
                    list.apparentment.as_str(),
                )
            })
            .collect();
        assert_eq!(found, [("a", 120, "x"), ("b", 80, "")]);
    }

    #[test]
    fn every_column_comes_into_the_list() {
        let text = format!(
            "{}\na,7,6,5,4,true,x,y,3,2,9,A & B,true\n",
            COLUMNS.join(",")
        );
        let expected = AllocationList {
            option_id: "a".into(),
            votes: 7,
            candidates: Some(6),
            registration_number: Some(5),
            minority: true,
            coalition_size: 4,
            apparentment: "x".into(),
            sub_apparentment: "y".into(),
            direct_seats: 3,
            best_district: Some(DistrictShare {
                votes: 2,
                base_count: 9,
            }),
            name: "A & B".into(),
            won_office: true,
        };
        assert_eq!(read(text.as_bytes(), "lists.csv").unwrap(), [expected]);
    }

    #[test]
    fn what_is_wrong_is_named_by_line_column_value_and_rule() {
        let cases = [
            (
                "list,votes\na,1\nb,many\n",
                "lists.csv, line 3: votes = \"many\": must be a whole number from 0 to 18446744073709551615",
            ),
            ("list,votes\na,-1\n", "line 2: votes = \"-1\""),
            ("list,votes\na,1.5\n", "line 2: votes = \"1.5\""),
            (
                "list,votes\na,18446744073709551616\n",
                "votes = \"18446744073709551616\"",
            ),
            ("list,votes\n,5\n", "line 2: list = \"\": must be set"),
            ("list,votes\na,\n", "line 2: votes = \"\": must be set"),
            (
                "list,votes,candidates\na,1,4294967296\n",
                "candidates = \"4294967296\": must be a whole number from 0 to 4294967295",
            ),
            (
                "list,votes,minority\na,1,yes\n",
                "minority = \"yes\": must be true or false",
            ),
            ("list,votes,best_district_votes\na,1,2\n", "stand together"),
            ("list,vote\na,1\n", "there is no column \"vote\""),
            ("list,votes\n", "lists.csv: there is no list"),
            (
                "list,votes\na,+5\n",
                "line 2: votes = \"+5\": must be a whole number",
            ),
            (
                "list,votes\na,1 000\n",
                "votes = \"1 000\": must be a whole number",
            ),
            (
                "list,votes\na,\"1,000\"\n",
                "votes = \"1,000\": must be a whole number",
            ),
            ("list,votes\na,1\u{a0}000\n", "line 2: votes = "),
            (
                "list,votes\na,1\nb,2\na,3\n",
                "lists.csv, line 4: list = \"a\": each list stands once, and this one stands in line 2 too",
            ),
            (
                "a,100\nb,50\n",
                "lists.csv, line 1: \"a\" is no column: a file begins with its header, such as list,votes",
            ),
            ("", "lists.csv, line 1: the column list is missing"),
        ];
        for (text, said) in cases {
            let error = read(text.as_bytes(), "lists.csv").unwrap_err().to_string();
            assert!(error.contains(said), "{said} is not in {error}");
        }
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        for text in [
            "\u{feff}list,votes\na,100\nb,50\n",
            "list;votes\r\na;100\r\nb;50\r\n",
            "list\tvotes\na\t100\nb\t50",
            "\"list\",\"votes\"\n\"a\",\"100\"\n\"b\",\"50\"\n",
            "list , votes\n\n a , 100 \n\nb,50\n\n",
        ] {
            let lists = read(text.as_bytes(), "lists.csv").unwrap();
            let found: Vec<(&str, u64)> = lists
                .iter()
                .map(|list| (list.option_id.as_str(), list.votes))
                .collect();
            assert_eq!(found, [("a", 100), ("b", 50)], "{text:?}");
        }
    }

    #[test]
    fn more_lists_than_a_contest_has_are_refused_at_their_line() {
        let rows: String = (0..=LISTS_MAX).map(|list| format!("l{list},5\n")).collect();
        let text = format!("list,votes\n{rows}");
        let told = read(text.as_bytes(), "lists.csv").unwrap_err().to_string();
        let said = "lists.csv, line 10002: list = \"l10000\": a contest has at most 10000 lists";
        assert!(told.contains(said), "{told}");
        let fewer = text.trim_end().rsplit_once('\n').unwrap().0;
        assert_eq!(
            read(fewer.as_bytes(), "lists.csv").unwrap().len(),
            LISTS_MAX
        );
    }
}
