//! Results as tables of text. Shares are cut to hundredths of a percent in whole numbers.

use crate::names::Names;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent};
use wire::common::v1::{ListSeats, SeatsState, Totals, TurnoutTotals};
use wire::feed::v1::FrameContest;

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
    match seats.seats_declared {
        Some(declared) if Some(declared) != seats.seats => format!("{known} (declared {declared})"),
        _ => known,
    }
}

/// The live table of a contest: the largest first, the threshold as a line between those above and below it.
pub fn contest(contest: &FrameContest, names: &Names) -> String {
    let total: u64 = contest
        .rows
        .iter()
        .filter(|row| row.seats.is_some())
        .map(|row| row.votes)
        .sum();
    let mut table = table(&["list", "votes", "share", "seats", ""]);
    let mut rows: Vec<_> = contest.rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.votes));
    let mut line_drawn = total == 0;
    for row in rows {
        let is_below = contest
            .threshold_votes
            .is_some_and(|threshold| row.votes < threshold);
        if is_below && !line_drawn {
            let threshold = contest.threshold_votes.unwrap_or(0);
            let cells = [
                String::from("── threshold"),
                thousands(threshold),
                share(threshold, total),
                String::new(),
                String::new(),
            ];
            table.add_row(cells);
            line_drawn = true;
        }
        let held = row
            .seats
            .as_ref()
            .and_then(|seats| seats.seats)
            .unwrap_or(0);
        let bar = "■".repeat(usize::try_from(held.min(60)).unwrap_or(0));
        let cells = [
            names.option(&row.option_id).to_owned(),
            thousands(row.votes),
            if row.seats.is_some() {
                share(row.votes, total)
            } else {
                String::from("-")
            },
            seats(row.seats.as_ref()),
            bar,
        ];
        table.add_row(cells);
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
        "{} of {} tallies counted",
        states.map_or(0, |states| states.counted),
        states.map_or(0, |states| states.tallies)
    );
    if let Some(pending) = states
        .map(|states| states.pending)
        .filter(|pending| *pending > 0)
    {
        line.push_str(&format!(", {pending} wait for a reviewer"));
    }
    line.push_str(&format!("; {} ballots counted", thousands(counted)));
    let Some(turnout) = turnout.filter(|turnout| turnout.ballots_issued > 0) else {
        return line;
    };
    let issued = thousands(turnout.ballots_issued);
    if turnout.units_reported < turnout.units {
        // Ballots of all units and those issued at some of them cannot be compared.
        line.push_str(&format!(
            "; {issued} issued at the {} of {} units that have said so",
            turnout.units_reported, turnout.units
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
    fn thousands_are_set_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
