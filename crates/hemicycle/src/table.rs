//! Results as tables of text. Shares are cut to hundredths of a percent in whole numbers.

use crate::names::Names;
use crate::text::count;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent};
use live_feed::shares::{self, Base};
use wire::common::v1::{ListSeats, SeatsState, Totals, TurnoutTotals};
use wire::feed::v1::{FrameContest, FrameRow};

/// A plain table with a header.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_HORIZONTAL_ONLY);
    table.remove_style(TableComponent::HorizontalLines);
    table.remove_style(TableComponent::MiddleIntersections);
    table.set_header(header.to_vec());
    // On a terminal long cells are broken within their column; elsewhere a row is a line.
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// A table's columns from `first` on hold numbers.
pub fn align_numbers(table: &mut Table, first: usize) {
    for column in table.column_iter_mut().skip(first) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// A share in percent with two decimals, cut, not rounded: 6.999% never looks like 7%.
pub fn share(part: u64, whole: impl Into<u128>) -> String {
    let whole = whole.into();
    if whole == 0 {
        return String::from("-");
    }
    let hundredths = u128::from(part) * 10_000 / whole;
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// A number with spaces between thousands.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// An instant in RFC 3339, UTC.
pub fn time(time: election::ids::Timestamp) -> String {
    jiff::Timestamp::from_microsecond(time.0)
        .map_or_else(|_| String::from("-"), |time| format!("{time:.0}"))
}

/// Seats as they are known.
pub fn seats(seats: Option<&ListSeats>) -> String {
    let Some(seats) = seats else {
        return String::from("-");
    };
    let known = match (seats.seats, seats.seats_most) {
        (Some(held), Some(most)) if most > held => format!("{held}\u{2013}{most}"),
        (Some(held), _) => held.to_string(),
        (None, _) => match seats.state() {
            SeatsState::Withheld => String::from("withheld"),
            SeatsState::Unknown => String::from("unknown"),
            _ => String::from("-"),
        },
    };
    // The official ones beside ours, whether they are the same or not.
    match seats.seats_declared {
        Some(declared) => format!("{known} (declared {declared})"),
        None => known,
    }
}

/// A row's share of what the contest's shares are of.
pub fn share_of(contest: &FrameContest, row: &FrameRow) -> String {
    let base = shares::base(contest);
    if base.has(row) {
        share(row.votes, base.votes(contest))
    } else {
        String::from("-")
    }
}

/// The votes that shares are of.
pub fn base_votes(contest: &FrameContest) -> u64 {
    shares::base(contest).votes(contest)
}

/// What the share column is of.
pub fn share_header(contest: &FrameContest) -> &'static str {
    match shares::base(contest) {
        Base::Lists => "of list votes",
        Base::All => "of all votes",
    }
}

/// A line of a contest's table.
#[derive(Debug, Clone, Copy)]
pub enum Entry<'a> {
    /// The votes that a list needs to pass.
    Threshold(u64),
    /// An option.
    Option {
        /// Its place on the ballot.
        place: usize,
        /// What is known of it.
        row: &'a FrameRow,
        /// It takes no part.
        is_below: bool,
    },
}

/// The options of a contest, the largest first, with the threshold between those that take part and those that do not.
pub fn ranked(contest: &FrameContest) -> Vec<Entry<'_>> {
    let is_begun = base_votes(contest) > 0;
    let threshold = contest.threshold_votes.filter(|_| is_begun);
    let is_below = |row: &FrameRow| {
        let falls_short = threshold.is_some_and(|threshold| row.votes < threshold);
        threshold.is_some() && row.takes_part.map_or(falls_short, |takes_part| !takes_part)
    };
    let mut rows: Vec<(usize, &FrameRow)> = contest.rows.iter().enumerate().collect();
    rows.sort_by_key(|(_, row)| (is_below(row), std::cmp::Reverse(row.votes)));
    let mut line = threshold;
    let mut entries = Vec::new();
    for (place, row) in rows {
        let is_below = is_below(row);
        if is_below {
            entries.extend(line.take().map(Entry::Threshold));
        }
        entries.push(Entry::Option {
            place,
            row,
            is_below,
        });
    }
    entries
}

/// The live table of a contest: the largest first, the threshold as a line between those above and below it.
pub fn contest(contest: &FrameContest, names: &Names) -> String {
    let total = base_votes(contest);
    let mut table = table(&["list", "votes", share_header(contest), "seats", ""]);
    for entry in ranked(contest) {
        table.add_row(match entry {
            Entry::Threshold(votes) => [
                String::from("── threshold"),
                thousands(votes),
                share(votes, total),
                String::new(),
                String::new(),
            ],
            Entry::Option { row, .. } => {
                let held = row.seats.as_ref().and_then(|seats| seats.seats);
                let bar = held.unwrap_or(0).min(60);
                [
                    names.option(&row.option_id).to_owned(),
                    thousands(row.votes),
                    share_of(contest, row),
                    seats(row.seats.as_ref()),
                    "■".repeat(usize::try_from(bar).unwrap_or(0)),
                ]
            }
        });
    }
    align_numbers(&mut table, 1);
    if let Some(column) = table.column_mut(4) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    table.to_string()
}

/// One line on how far the count is.
pub fn progress(totals: Option<&Totals>, turnout: Option<&TurnoutTotals>) -> String {
    let states = totals.and_then(|totals| totals.states.as_ref());
    let counted = totals.map_or(0, |totals| totals.ballots_counted);
    let mut line = format!(
        "{} of {} counted",
        states.map_or(0, |states| states.counted),
        count(
            states.map_or(0, |states| states.tallies),
            "tally",
            "tallies"
        )
    );
    if let Some(pending) = states
        .map(|states| states.pending)
        .filter(|pending| *pending > 0)
    {
        let waiting = count(pending, "waits", "wait");
        line.push_str(&format!(", {waiting} for a reviewer"));
    }
    let ballots = if counted == 1 { "ballot" } else { "ballots" };
    line.push_str(&format!("; {} {ballots} counted", thousands(counted)));
    let Some(turnout) = turnout.filter(|turnout| turnout.units > 0) else {
        return line;
    };
    if turnout.units_reported == 0 {
        // Missing is not zero.
        line.push_str("; ballots issued: - (no unit has said so yet)");
        return line;
    }
    let issued = thousands(turnout.ballots_issued);
    if turnout.units_reported < turnout.units {
        // Ballots of all units and those issued at some of them cannot be compared.
        let units = count(turnout.units, "unit", "units");
        let have = if turnout.units_reported == 1 {
            "has"
        } else {
            "have"
        };
        line.push_str(&format!(
            "; {issued} issued at the {} of {units} that {have} said so",
            turnout.units_reported
        ));
        return line;
    }
    line.push_str(&format!(" of {issued} issued"));
    if turnout.units_without_roll == 0 {
        line.push_str(&format!(
            ", turnout {}",
            share(turnout.ballots_issued, turnout.roll)
        ));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_just_below_the_threshold_does_not_look_like_it() {
        assert_eq!(share(6_999, 100_000_u64), "6.99%");
        assert_eq!(share(7, 100_u64), "7.00%");
        assert_eq!(share(1, 0_u64), "-");
        assert_eq!(share(u64::MAX, u64::MAX), "100.00%");
        assert_eq!(share(u64::MAX, u128::from(u64::MAX) * 2), "50.00%");
    }

    #[test]
    fn the_line_stands_between_who_takes_part_and_who_does_not() {
        let row = |votes, takes_part| FrameRow {
            votes,
            takes_part,
            seats: Some(ListSeats::default()),
            ..FrameRow::default()
        };
        let contest = FrameContest {
            // Of two with 5 votes one was rescued; with 30 one takes no part, as a coalition that needs more.
            rows: vec![
                row(5, Some(true)),
                row(90, Some(true)),
                row(5, Some(false)),
                row(30, Some(false)),
                row(4, None),
            ],
            threshold_votes: Some(20),
            ..FrameContest::default()
        };
        let told = |contest: &FrameContest| -> Vec<String> {
            let entries = ranked(contest).into_iter();
            entries
                .map(|entry| match entry {
                    Entry::Threshold(votes) => format!("-- {votes}"),
                    Entry::Option { row, is_below, .. } => format!("{} {is_below}", row.votes),
                })
                .collect()
        };
        let wanted = [
            "90 false", "5 false", "-- 20", "30 true", "5 true", "4 true",
        ];
        assert_eq!(told(&contest), wanted);
        let none = FrameContest {
            rows: vec![row(0, None)],
            ..contest
        };
        assert_eq!(
            told(&none),
            ["0 false"],
            "nothing is below before the first vote"
        );
    }

    #[test]
    fn turnout_that_nobody_has_reported_is_no_number() {
        let turnout = |units_reported, ballots_issued| TurnoutTotals {
            units: 581,
            units_reported,
            ballots_issued,
            roll: 1_000,
            ..TurnoutTotals::default()
        };
        let told = |reported, issued| progress(None, Some(&turnout(reported, issued)));
        let none = told(0, 0);
        assert!(
            none.ends_with("ballots issued: - (no unit has said so yet)"),
            "{none}"
        );
        let one = told(1, 0);
        assert!(
            one.ends_with("0 issued at the 1 of 581 units that has said so"),
            "{one}"
        );
        let some = told(120, 45_000);
        let wanted = "45\u{202f}000 issued at the 120 of 581 units that have said so";
        assert!(some.ends_with(wanted), "{some}");
        assert!(told(581, 300).ends_with("of 300 issued, turnout 30.00%"));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
