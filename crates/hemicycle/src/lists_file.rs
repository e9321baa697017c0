//! Lists with their votes as CSV: what an official has at hand.

use crate::failure::Failure;
use csv::StringRecord;
use std::fmt;
use std::io::Read;
use std::str::FromStr;
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

/// Reads the lists.
///
/// # Errors
///
/// A column that is missing or none, a cell that cannot be read: with line, column, value and what would be right.
pub fn read(source: impl Read) -> Result<Vec<AllocationList>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(source);
    let torn = |error: csv::Error| Failure::Input(format!("the lists: {error}"));
    let header = reader.headers().map_err(torn)?.clone();
    check(&header)?;
    let mut lists = Vec::new();
    for row in reader.records() {
        let row = row.map_err(torn)?;
        lists.push(list(&Row {
            header: &header,
            row: &row,
        })?);
    }
    if lists.is_empty() {
        let text = "the lists: there is none; a line of the file is LIST,VOTES below the header list,votes";
        return Err(Failure::Input(text.into()));
    }
    Ok(lists)
}

fn check(header: &StringRecord) -> Result<(), Failure> {
    let known = COLUMNS.join(", ");
    let wrong =
        |what: String| Failure::Input(format!("the lists, line 1: {what}; columns are {known}"));
    for (place, name) in header.iter().enumerate() {
        if !COLUMNS.contains(&name) {
            return Err(wrong(format!("there is no column {name:?}")));
        }
        if header.iter().take(place).any(|other| other == name) {
            return Err(wrong(format!("the column {name} stands twice")));
        }
    }
    match COLUMNS[..NEEDED]
        .iter()
        .find(|name| header.iter().all(|it| it != **name))
    {
        Some(name) => Err(wrong(format!("the column {name} is missing"))),
        None => Ok(()),
    }
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
    let needed = |column| row.wrong(column, "must be set");
    Ok(AllocationList {
        option_id: row.text("list").ok_or_else(|| needed("list"))?.to_owned(),
        votes: row.number("votes")?.ok_or_else(|| needed("votes"))?,
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

/// A line of the file.
struct Row<'a> {
    header: &'a StringRecord,
    row: &'a StringRecord,
}

/// The whole numbers that a cell may hold.
trait Whole: FromStr + fmt::Display {
    const MAX: Self;
}

impl Whole for u32 {
    const MAX: Self = Self::MAX;
}

impl Whole for u64 {
    const MAX: Self = Self::MAX;
}

impl Row<'_> {
    /// What stands in a column; nothing where it is empty or missing.
    fn text(&self, column: &str) -> Option<&str> {
        let place = self.header.iter().position(|name| name == column)?;
        self.row.get(place).filter(|text| !text.is_empty())
    }

    fn number<T: Whole>(&self, column: &str) -> Result<Option<T>, Failure> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            let rule = format!("must be a whole number from 0 to {}, digits alone", T::MAX);
            self.wrong(column, &rule)
        })
    }

    fn flag(&self, column: &str) -> Result<bool, Failure> {
        match self.text(column) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(self.wrong(column, "must be true or false")),
        }
    }

    fn wrong(&self, column: &str, rule: &str) -> Failure {
        let line = self.row.position().map_or(0, csv::Position::line);
        let value = self.text(column).unwrap_or_default();
        Failure::Input(format!(
            "the lists, line {line}: {column} = {value:?}: {rule}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order_and_may_be_missing() {
        let text = "votes, list, apparentment\n120, a, x\n80, b,\n";
        let lists = read(text.as_bytes()).unwrap();
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
        assert_eq!(read(text.as_bytes()).unwrap(), [expected]);
    }

    #[test]
    fn what_is_wrong_is_named_by_line_column_value_and_rule() {
        let cases = [
            (
                "list,votes\na,1\nb,many\n",
                "line 3: votes = \"many\": must be a whole number from 0 to 18446744073709551615",
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
            ("list,vote\na,1\n", "line 1: there is no column \"vote\""),
            ("list\na\n", "line 1: the column votes is missing"),
            ("list,votes,list\na,1,b\n", "the column list stands twice"),
            ("list,votes\na,1,2\n", "line: 2"),
            ("list,votes\n", "there is none"),
        ];
        for (text, said) in cases {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{said} is not in {error}");
        }
    }
}
