//! The districts of a contest, each with its seats and how far it is counted.

use crate::page::hemicycle::Look;
use crate::page::language::Language;
use crate::page::words::{self, Words};
use askama::Template;
use wire::common::v1::SeatsState;
use wire::feed::v1::{FrameContest, FrameDistrict};

/// Districts in the part that is kept live; the documents have all of them.
const ROWS_MAX: usize = 120;

#[derive(Template)]
#[template(path = "districts.html")]
struct DistrictsPart<'a> {
    w: &'a Words,
    rows: Vec<Row<'a>>,
    more: String,
}

struct Row<'a> {
    name: String,
    seats: String,
    holders: Vec<Held<'a>>,
    state: &'static str,
    counted: String,
    is_declared: bool,
}

struct Held<'a> {
    colour: &'a str,
    name: String,
    seats: String,
}

/// The part; empty where the scope has one district.
pub(super) fn part(
    contest: &FrameContest,
    looks: &[Look],
    language: Language,
    option: impl Fn(&str) -> String,
    district: impl Fn(&str) -> String,
) -> String {
    if contest.districts.is_empty() {
        return String::new();
    }
    let holders = |entry: &FrameDistrict| {
        let mut held: Vec<(usize, u32)> = entry
            .row_indexes
            .iter()
            .zip(&entry.row_seats)
            .filter_map(|(row, seats)| Some((usize::try_from(*row).ok()?, *seats)))
            .collect();
        held.sort_by_key(|(_, seats)| std::cmp::Reverse(*seats));
        let held = held.into_iter().filter_map(|(row, seats)| {
            let look = looks.get(row)?;
            Some(Held {
                colour: &look.colour,
                name: option(&contest.rows.get(row)?.option_id),
                seats: language.number(seats),
            })
        });
        held.collect()
    };
    let rows = contest.districts.iter().take(ROWS_MAX).map(|entry| Row {
        name: district(&entry.district_id),
        seats: language.number(entry.seats),
        holders: holders(entry),
        state: state(language, entry.state()),
        counted: format!(
            "{} / {}",
            language.number(entry.tallies_counted),
            language.number(entry.tallies)
        ),
        is_declared: entry.is_declared,
    });
    let part = DistrictsPart {
        w: Words::of(language),
        rows: rows.collect(),
        more: match contest.districts.len().saturating_sub(ROWS_MAX) {
            0 => String::new(),
            more => words::and_more(
                language,
                &language.number(u64::try_from(more).unwrap_or(u64::MAX)),
            ),
        },
    };
    part.render().unwrap_or_default()
}

// In a row of a table a provisional result needs no word: the one under the contest's own table holds of all.
fn state(language: Language, state: SeatsState) -> &'static str {
    let w = Words::of(language);
    match state {
        SeatsState::Tied => w.tied,
        SeatsState::Withheld => w.withheld,
        SeatsState::Unassigned => w.unassigned,
        SeatsState::Unknown => w.unknown,
        SeatsState::Unspecified | SeatsState::NoneYet | SeatsState::Provisional => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::feed::v1::FrameRow;

    #[test]
    fn each_district_has_its_holders_largest_first_and_those_beyond_are_counted() {
        let row = |id: &str| FrameRow {
            option_id: id.into(),
            ..FrameRow::default()
        };
        let entry = FrameDistrict {
            district_id: "coast".into(),
            seats: 7,
            row_indexes: vec![0, 1],
            row_seats: vec![2, 4],
            tallies: 1_200,
            tallies_counted: 1_100,
            state: SeatsState::Tied.into(),
            is_declared: true,
        };
        let mut contest = FrameContest {
            rows: vec![row("a"), row("b")],
            districts: vec![entry.clone()],
            ..FrameContest::default()
        };
        let looks = ["#111111", "#222222"].map(|colour| Look {
            colour: colour.to_owned(),
            letters: String::from("L"),
        });
        let show = |contest: &FrameContest| {
            let name = |id: &str| id.to_uppercase();
            part(contest, &looks, Language::En, name, name)
        };
        let text = show(&contest);
        assert!(text.find("#222222") < text.find("#111111"), "{text}");
        for wanted in ["COAST", "1,100 / 1,200", "Tied", "declared", ">4<", "B"] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        contest.districts = vec![entry; 123];
        assert!(show(&contest).contains("and 3 more"));
        contest.districts.clear();
        assert_eq!(show(&contest), "");
    }
}
