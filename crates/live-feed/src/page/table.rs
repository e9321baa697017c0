//! The table of a contest: votes, shares with what they are of, seats, and the line between who takes part and who does not.

use crate::official::{list_differs, stage_of_seats};
use crate::page::view::{Shown, held};
use crate::page::words::{self, LeftOut, Words};
use crate::shares;
use askama::Template;
use wire::common::v1::{ListSeats, SeatsState};
use wire::feed::v1::{FrameContest, FrameRow};

/// Parts of a bar.
const BAR: u64 = 1_000;
/// Rows without a seat that a wall has room for, with those that have one.
const WALL_ROWS: usize = 11;
/// Ties that are told one by one.
const TIES_MAX: usize = 8;

#[derive(Template)]
#[template(path = "table.html")]
struct TablePart<'a> {
    w: &'a Words,
    /// What shares are of.
    base: &'static str,
    has_seats: bool,
    has_declared: bool,
    rows: Vec<Row>,
    /// What is said of rows that a wall has no room for.
    on_wall: String,
    state: &'static str,
    remarks: Vec<String>,
    below: String,
}

#[derive(Default)]
struct Row {
    is_line: bool,
    is_below: bool,
    /// A wall has no room for it.
    is_rest: bool,
    name: String,
    /// Why it takes part, where its own votes do not let it.
    note: &'static str,
    colour: String,
    class: &'static str,
    ink: &'static str,
    letters: String,
    letter_size: &'static str,
    votes: String,
    share: String,
    bar: u64,
    seats: String,
    declared: String,
    differs: bool,
}

/// The part of a contest.
pub(super) fn part(shown: &Shown<'_>, contest: &FrameContest) -> String {
    let (words, language) = (Words::of(shown.language), shown.language);
    let base = shares::base(contest);
    let all_votes = base.votes(contest);
    let looks = shown.looks(contest);
    let mut sorted: Vec<_> = contest.rows.iter().zip(&looks).collect();
    let threshold = contest.threshold_votes.filter(|_| all_votes > 0);
    let is_below = |row: &FrameRow| threshold.is_some_and(|it| is_below(shown, contest, row, it));
    // Who takes part stands above the line, with however few votes; what is no list, by its votes.
    let is_low = |row: &FrameRow| {
        is_below(row) || row.seats.is_none() && threshold.is_some_and(|it| row.votes < it)
    };
    sorted.sort_by_key(|(row, _)| (is_low(row), std::cmp::Reverse(row.votes)));
    let mut line = threshold.filter(|_| contest.rows.iter().any(is_below));
    let (mut rows, mut below, mut rest) = (Vec::new(), 0, 0_u64);
    for (place, (row, look)) in sorted.into_iter().enumerate() {
        let is_below = is_below(row);
        if is_below {
            below += row.votes;
        }
        if let Some(votes) = line.take_if(|_| is_low(row)) {
            rows.push(threshold_row(shown, contest, votes, all_votes));
        }
        let is_rest = place >= WALL_ROWS && held(row.seats.as_ref()) == 0;
        rest += u64::from(is_rest);
        let has_share = base.has(row);
        let declared = row.seats.as_ref().and_then(|seats| seats.seats_declared);
        rows.push(Row {
            is_line: false,
            is_below,
            is_rest,
            name: shown.name(&row.option_id),
            note: words::eligibility(language, row.eligibility()),
            colour: look.colour.clone(),
            class: look.class(),
            ink: look.ink(),
            letter_size: match look.letters.chars().count() {
                0 | 1 => "13",
                2 => "11",
                3 => "8",
                _ => "6.5",
            },
            letters: look.letters.clone(),
            votes: language.number(row.votes),
            share: if has_share {
                language.percent(row.votes, all_votes)
            } else {
                String::from("–")
            },
            bar: if has_share {
                bar(row.votes, all_votes)
            } else {
                0
            },
            seats: seats(shown, row.seats.as_ref()),
            declared: declared.map_or_else(String::new, |it| language.number(it)),
            differs: row.seats.as_ref().is_some_and(list_differs),
        });
    }
    let part = TablePart {
        w: words,
        base: words::share_base(language, base),
        has_seats: contest.seats > 0 || contest.rows.iter().any(|row| row.seats.is_some()),
        has_declared: rows.iter().any(|row| !row.declared.is_empty()),
        rows,
        on_wall: match rest {
            0 => String::new(),
            rest => words::and_more(language, &language.number(rest)),
        },
        state: words::standing(
            language,
            contest.state(),
            stage_of_seats(contest, shown.body.stage()),
        ),
        remarks: remarks(shown, contest),
        // Of a frame that has no room for all lists, what is below is not known: those are left out first.
        below: if below > 0 && contest.rows_left_out == 0 {
            format!(
                "{} ({})",
                language.percent(below, all_votes),
                language.number(below)
            )
        } else {
            String::new()
        },
    };
    part.render().unwrap_or_default()
}

/// Seats as a number, a range, or why there is none.
pub(super) fn seats(shown: &Shown<'_>, seats: Option<&ListSeats>) -> String {
    let Some(seats) = seats else {
        return String::from("–");
    };
    match (seats.seats, seats.seats_most) {
        (Some(held), Some(most)) if most > held => format!("{held}–{most}"),
        (Some(held), _) => shown.language.number(held),
        (None, _) => match seats.state() {
            SeatsState::Withheld => Words::of(shown.language).withheld.to_owned(),
            SeatsState::Unspecified
            | SeatsState::NoneYet
            | SeatsState::Provisional
            | SeatsState::Tied
            | SeatsState::Unknown
            | SeatsState::Unassigned => String::from("–"),
        },
    }
}

/// A part of a bar.
pub(super) fn bar(part: u64, whole: u64) -> u64 {
    match whole {
        0 => 0,
        whole => u64::try_from(u128::from(part) * u128::from(BAR) / u128::from(whole))
            .unwrap_or(BAR)
            .min(BAR),
    }
}

// Whether a list takes no part for want of votes. Where districts may differ in it the frame does not say who was let in
// below the threshold, but who holds a seat, or may get one, was. What nobody knows is not said of anybody.
fn is_below(shown: &Shown<'_>, contest: &FrameContest, row: &FrameRow, threshold: u64) -> bool {
    if let Some(takes_part) = row.takes_part {
        return !takes_part;
    }
    let Some(seats) = row.seats.as_ref().filter(|seats| seats.seats == Some(0)) else {
        return false;
    };
    let others = [seats.seats_most, seats.seats_declared];
    if others.into_iter().flatten().any(|seats| seats > 0) {
        return false;
    }
    let presented = shown.presented;
    let Some(plain) = presented.threshold(&contest.contest_id) else {
        return row.votes < threshold;
    };
    match presented.share_needed(&contest.contest_id, &row.option_id) {
        None => false,
        Some(share) if share == plain => row.votes < threshold,
        Some(share) => falls_short(row.votes, share, threshold, plain),
    }
}

// Whether votes are less than another share, of a base of which no more is known than the fewest votes that pass the plain
// share: the base times the plain share is at least one vote less than those.
fn falls_short(votes: u64, share: [u64; 2], threshold: u64, plain: [u64; 2]) -> bool {
    let product = |factors: [u64; 3]| {
        let mut factors = factors.into_iter().map(u128::from);
        factors.try_fold(1_u128, u128::checked_mul)
    };
    let has = product([votes, share[1], plain[0]]);
    let needs = product([threshold.saturating_sub(1), share[0], plain[1]]);
    matches!((has, needs), (Some(has), Some(needs)) if has < needs)
}

fn threshold_row(shown: &Shown<'_>, contest: &FrameContest, votes: u64, all_votes: u64) -> Row {
    let language = shown.language;
    let share = shown.presented.threshold(&contest.contest_id);
    let share = share.map_or_else(String::new, |[numerator, denominator]| {
        format!(" {}", language.fraction(numerator, denominator))
    });
    Row {
        is_line: true,
        name: format!("{}{share}", Words::of(language).threshold),
        votes: language.number(votes),
        share: language.percent(votes, all_votes),
        ..Row::default()
    }
}

fn remarks(shown: &Shown<'_>, contest: &FrameContest) -> Vec<String> {
    let (words, language) = (Words::of(shown.language), shown.language);
    let mut remarks = Vec::new();
    let is_said = matches!(
        contest.state(),
        SeatsState::Unassigned | SeatsState::NoneYet
    );
    if contest.seats_unassigned > 0 && !is_said {
        remarks.push(format!(
            "{}: {}.",
            words.unassigned,
            language.number(contest.seats_unassigned)
        ));
    }
    if contest.seats_outside > 0 {
        remarks.push(format!(
            "{}: {}.",
            words.persons,
            language.number(contest.seats_outside)
        ));
    }
    for tie in contest.ties.iter().take(TIES_MAX) {
        let names: Vec<String> = tie.option_ids.iter().map(|id| shown.name(id)).collect();
        let names = match names.is_empty() {
            true => words.not_shown.to_owned(),
            false => names.join(" = "),
        };
        remarks.push(format!("{}: {names} ({}).", words.tied, tie.seats_at_stake));
    }
    let more = contest.ties.len().saturating_sub(TIES_MAX);
    let more = u64::try_from(more).unwrap_or(u64::MAX) + u64::from(contest.ties_left_out);
    if more > 0 {
        let more = words::and_more(language, &language.number(more));
        remarks.push(format!("{}: {more}.", words.tied));
    }
    if contest.law_is_silent {
        remarks.push(words.law_is_silent.to_owned());
    }
    if contest.declaration_differs {
        remarks.push(words.differs.to_owned());
    }
    let left_out = u64::from(contest.rows_left_out);
    if left_out > 0 {
        let what = match shares::base(contest) {
            shares::Base::Lists => LeftOut::Lists,
            shares::Base::All => LeftOut::Options,
        };
        let rows = u64::try_from(contest.rows.len()).unwrap_or(u64::MAX);
        remarks.push(words::only_shown(language, what, rows, left_out));
    }
    remarks
}
