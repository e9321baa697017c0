//! The districts of a contest, each with its seats and how far it is counted.

use crate::official::district_differs;
use crate::page::hemicycle::Look;
use crate::page::language::Language;
use crate::page::words::{self, LeftOut, Words};
use askama::Template;
use wire::common::v1::SeatsState;
use wire::feed::v1::FrameContest;

/// Districts in the part that is kept live; the documents have all of them.
const ROWS_MAX: usize = 120;

#[derive(Template)]
#[template(path = "districts.html")]
struct DistrictsPart<'a> {
    w: &'a Words,
    heading: &'a str,
    has_seats: bool,
    has_declared: bool,
    rows: Vec<Row<'a>>,
    more: Vec<String>,
}

struct Row<'a> {
    name: String,
    seats: String,
    holders: Vec<Held<'a>>,
    state: &'static str,
    counted: String,
    is_declared: bool,
    /// Who holds its seats by the declaration.
    declared: Vec<Held<'a>>,
    differs: bool,
}

struct Held<'a> {
    look: &'a Look,
    name: String,
    seats: String,
}

/// The part; empty where the scope has one district.
pub(super) fn part(
    contest: &FrameContest,
    looks: &[Look],
    language: Language,
    heading: &str,
    option: impl Fn(&str) -> String,
    district: impl Fn(&str) -> String,
) -> String {
    if contest.districts.is_empty() && contest.districts_left_out == 0 {
        return String::new();
    }
    let held = |rows: &[u32], seats: &[u32]| {
        let rows = rows.iter().zip(seats);
        let rows = rows.filter_map(|(row, seats)| Some((usize::try_from(*row).ok()?, *seats)));
        let mut rows: Vec<(usize, u32)> = rows.collect();
        rows.sort_by_key(|(_, seats)| std::cmp::Reverse(*seats));
        let rows = rows.into_iter().filter_map(|(row, seats)| {
            Some(Held {
                look: looks.get(row)?,
                name: option(&contest.rows.get(row)?.option_id),
                seats: language.number(seats),
            })
        });
        rows.collect::<Vec<Held<'_>>>()
    };
    let rows = contest.districts.iter().take(ROWS_MAX).map(|entry| Row {
        name: district(&entry.district_id),
        seats: language.number(entry.seats),
        holders: held(&entry.row_indexes, &entry.row_seats),
        state: state(language, entry.state()),
        counted: format!(
            "{} / {}",
            language.number(entry.tallies_counted),
            language.number(entry.tallies)
        ),
        is_declared: entry.is_declared,
        declared: held(&entry.declared_row_indexes, &entry.declared_row_seats),
        differs: district_differs(contest, entry),
    });
    let part = DistrictsPart {
        w: Words::of(language),
        heading,
        // A contest of a mayor gives none in its districts.
        has_seats: contest.districts.iter().any(|entry| entry.seats > 0),
        has_declared: contest.districts.iter().any(|entry| entry.is_declared),
        rows: rows.collect(),
        more: more(contest, language),
    };
    part.render().unwrap_or_default()
}

// What is said of what is not there: beyond the rows of the page, or of the frame.
fn more(contest: &FrameContest, language: Language) -> Vec<String> {
    let all = contest.districts.len();
    let beyond = all.saturating_sub(ROWS_MAX);
    let number = |it: usize| u64::try_from(it).unwrap_or(u64::MAX);
    let left_out = number(beyond).saturating_add(contest.districts_left_out.into());
    let mut said = Vec::new();
    if left_out > 0 {
        let shown = number(all - beyond);
        said.push(words::only_shown(
            language,
            LeftOut::Districts,
            shown,
            left_out,
        ));
    }
    if contest.district_rows_left_out {
        said.push(Words::of(language).rows_left_out.to_owned());
    }
    said
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
    use wire::feed::v1::{FrameDistrict, FrameRow};

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
            state: SeatsState::Provisional.into(),
            is_declared: true,
            declared_row_indexes: vec![0, 1],
            declared_row_seats: vec![1, 5],
        };
        let mut contest = FrameContest {
            rows: vec![row("a"), row("b")],
            districts: vec![entry.clone()],
            ..FrameContest::default()
        };
        let looks = ["#111111", "#222222"].map(|colour| Look {
            number: 0,
            colour: colour.to_owned(),
            letters: String::from("L"),
        });
        let show = |contest: &FrameContest| {
            let name = |id: &str| id.to_uppercase();
            part(contest, &looks, Language::En, "Districts", name, name)
        };
        let text = show(&contest);
        assert!(text.find("#222222") < text.find("#111111"), "{text}");
        for wanted in [
            "COAST",
            "1,100 / 1,200",
            "Declared",
            ">4<",
            ">5<",
            "B",
            "differs",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        contest.districts[0].seats = 0;
        assert!(!show(&contest).contains("Held by"));
        contest.districts[0].seats = 7;
        assert!(show(&contest).contains("Held by"));
        contest.districts[0].declared_row_seats = vec![2, 4];
        assert!(!show(&contest).contains("differs"));
        contest.districts = vec![entry; 123];
        let text = show(&contest);
        assert!(
            text.contains("Only 120 of 123 districts are shown; 3 are left out."),
            "{text}"
        );
        contest.districts.clear();
        assert_eq!(show(&contest), "");
        // A frame without room for any says so too.
        contest.districts_left_out = 1_500;
        contest.district_rows_left_out = true;
        let text = show(&contest);
        assert!(
            text.contains("Only 0 of 1,500 districts are shown"),
            "{text}"
        );
        assert!(text.contains("Who holds their seats is left out"), "{text}");
    }
}
