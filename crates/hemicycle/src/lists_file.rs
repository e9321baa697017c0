//! Lists with their votes as CSV: what an official has at hand.

use crate::failure::Failure;
use std::io::Read;
use wire::allocation::v1::AllocationList;

/// A row. Columns stand in any order; all but the first two may be missing, and their cells may be empty.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    list: String,
    votes: u64,
    candidates: Option<u32>,
    registration: Option<u64>,
    coalition: Option<u32>,
    minority: Option<bool>,
    apparentment: Option<String>,
    sub_apparentment: Option<String>,
}

/// Reads the lists.
///
/// # Errors
///
/// A line that is none, with its number and what is wrong with it.
pub fn read(source: impl Read) -> Result<Vec<AllocationList>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(source);
    let rows = reader.deserialize().map(|row| {
        let Row {
            list,
            votes,
            candidates,
            registration,
            coalition,
            minority,
            apparentment,
            sub_apparentment,
        } = row.map_err(|error| Failure::Input(format!("the lists: {error}")))?;
        Ok(AllocationList {
            option_id: list,
            votes,
            candidates,
            registration_number: registration,
            minority: minority.unwrap_or(false),
            coalition_size: coalition.unwrap_or(1),
            apparentment: apparentment.unwrap_or_default(),
            sub_apparentment: sub_apparentment.unwrap_or_default(),
            direct_seats: 0,
            best_district: None,
        })
    });
    rows.collect()
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
    fn a_line_that_is_none_is_named() {
        let error = read("list,votes\na,1\nb,many\n".as_bytes()).unwrap_err();
        assert!(error.to_string().contains("line: 3"), "{error}");
        assert!(read("list,vote\na,1\n".as_bytes()).is_err());
    }
}
