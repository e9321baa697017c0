//! Results as tables of text. Shares are cut to hundredths of a percent in whole numbers.

use crate::names::{Names, ScreenRules};
use crate::text::count;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, TableComponent};
use live_feed::shares::{self, Base};
use live_feed::threshold::Entry;
use live_feed::turnout::Turnout;
use wire::common::v1::{ListSeats, OptionRole, SeatsState, Totals, TurnoutTotals};
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

/// The first columns of a table are never broken: ids and instants that are cut in two cannot be read or copied.
pub fn keep_whole(table: &mut Table, columns: usize) {
    for column in table.column_iter_mut().take(columns) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
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

/// Seats by what is counted, without what is possible and what is declared.
pub fn seats_counted(seats: Option<&ListSeats>) -> String {
    let Some(seats) = seats else {
        return String::from("-");
    };
    match (seats.seats, seats.seats_most) {
        (Some(held), Some(most)) if most > held => format!("{held}\u{2013}{most}"),
        (Some(held), _) => held.to_string(),
        (None, _) => match seats.state() {
            SeatsState::Withheld => String::from("withheld"),
            SeatsState::Unknown => String::from("unknown"),
            _ => String::from("-"),
        },
    }
}

/// Seats as they are known.
pub fn seats(seats: Option<&ListSeats>) -> String {
    let known = seats_counted(seats);
    let Some(seats) = seats else {
        return known;
    };
    // What is still possible, where anything is claimed of it.
    let bounds = seats.bounds.as_ref();
    let range = bounds.and_then(|bounds| bounds.seats_fewest.zip(bounds.seats_most));
    let known = match range {
        Some((fewest, most)) => format!("{known} [{}]", crate::told::written(fewest, most)),
        None => known,
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

/// What the options of a contest are called.
pub fn option_header(contest: &FrameContest) -> &'static str {
    if shares::has_only_lists(contest) {
        "list"
    } else {
        "option"
    }
}

/// An option's name, and what it is, where it stands among lists and is none.
pub fn option(row: &FrameRow, names: &Names) -> String {
    let name = names.option(&row.option_id);
    let role = match row.role() {
        OptionRole::Independent => "independent",
        OptionRole::AgainstAll => "against all",
        OptionRole::WriteIn => "write-in",
        OptionRole::Other => "other",
        OptionRole::Unspecified | OptionRole::List => return name.to_owned(),
    };
    if name.eq_ignore_ascii_case(role) {
        return name.to_owned();
    }
    format!("{name} ({role})")
}

/// The live table of a contest: the largest first, the threshold as a line between those above and below it.
pub fn contest(contest: &FrameContest, names: &Names, rules: &ScreenRules) -> String {
    let total = base_votes(contest);
    let heading = option_header(contest);
    let mut table = table(&[heading, "votes", share_header(contest), "seats", ""]);
    for entry in rules.thresholds.ranked(contest) {
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
                    option(row, names),
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
    let turnout = Turnout::of(turnout);
    if turnout.units == 0 {
        return line;
    }
    let Some(issued) = turnout.ballots_issued else {
        // Missing is not zero.
        line.push_str("; ballots issued: - (no unit has said so yet)");
        return line;
    };
    let number = thousands(issued);
    if !turnout.is_whole() {
        // Ballots of all units and those issued at some of them cannot be compared.
        let units = count(turnout.units, "unit", "units");
        let have = match turnout.units_reported {
            1 => "has",
            _ => "have",
        };
        line.push_str(&format!(
            "; {number} issued at the {} of {units} that {have} said so",
            turnout.units_reported
        ));
        return line;
    }
    line.push_str(&format!(" of {number} issued"));
    if let Some(voters) = turnout.voters {
        line.push_str(&format!(", turnout {}", share(issued, voters)));
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
        // As on the page: where some roll is unknown, of those whom the commission says to be entitled, or of nobody.
        let abroad = |electorate| {
            let turnout = TurnoutTotals {
                units_without_roll: 1,
                electorate,
                ..turnout(581, 300)
            };
            progress(None, Some(&turnout))
        };
        assert!(abroad(None).ends_with("of 300 issued"));
        assert!(abroad(Some(1_200)).ends_with("of 300 issued, turnout 25.00%"));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
