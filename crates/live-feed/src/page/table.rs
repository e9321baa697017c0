//! The table of a contest: votes, shares with what they are of, seats, and the line between who takes part and who does not.

use crate::official::{is_declared, list_differs, stage_of_seats};
use crate::page::certain;
use crate::page::hemicycle::Look;
use crate::page::view::{Shown, held};
use crate::page::words::{self, LeftOut, Words};
use crate::shares;
use crate::threshold::Entry;
use askama::Template;
use wire::common::v1::{ListSeats, OptionRole, SeatsState, Stage};
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
    /// What its rows are called.
    heading: &'static str,
    /// What shares are of.
    base: &'static str,
    has_seats: bool,
    has_possible: bool,
    /// The seats are those of the declaration.
    is_official: bool,
    /// The column of the other seats: declared ones beside ours, or ours beside those.
    has_others: bool,
    others: &'static str,
    differs_from: &'static str,
    rows: Vec<Row<'a>>,
    /// What is said of rows that a wall has no room for.
    on_wall: String,
    state: &'static str,
    remarks: Vec<String>,
    below: String,
    certain: String,
}

#[derive(Default)]
struct Row<'a> {
    is_line: bool,
    is_below: bool,
    /// A wall has no room for it.
    is_rest: bool,
    name: String,
    /// What it is, where it is no list, and why it takes part, where its own votes do not let it.
    note: String,
    colour: &'a str,
    class: &'static str,
    ink: &'static str,
    letters: &'a str,
    letter_size: &'static str,
    votes: String,
    share: String,
    bar: u64,
    seats: String,
    other: String,
    differs: bool,
    /// The range that is proved, and what is certain of the threshold.
    possible: String,
    mark: (&'static str, &'static str),
}

/// The part of a contest.
pub(super) fn part(shown: &Shown<'_>, contest: &FrameContest) -> String {
    let (words, language) = (Words::of(shown.language), shown.language);
    let base = shares::base(contest);
    let all_votes = base.votes(contest);
    let is_official = is_declared(contest);
    let looks = shown.looks(contest);
    let (mut rows, mut below, mut rest) = (Vec::new(), 0, 0_u64);
    let mut ranks = 0..;
    for entry in shown.presented.thresholds.ranked(contest) {
        rows.push(match entry {
            Entry::Threshold(votes) => threshold_row(shown, contest, votes, all_votes),
            Entry::Option {
                place,
                row,
                is_below,
            } => {
                below += if is_below { row.votes } else { 0 };
                let rank: usize = ranks.next().unwrap_or(usize::MAX);
                let is_rest = rank >= WALL_ROWS && held(row.seats.as_ref()) == 0;
                rest += u64::from(is_rest);
                Row {
                    is_below,
                    is_rest,
                    ..option_row(shown, (base, all_votes, is_official), row, &looks[place])
                }
            }
        });
    }
    let part = TablePart {
        w: words,
        heading: if shares::has_only_lists(contest) {
            words.list
        } else {
            words.option
        },
        base: words::share_base(language, base),
        has_seats: contest.seats > 0 || contest.rows.iter().any(|row| row.seats.is_some()),
        // What is official is not open any more.
        has_possible: !is_official && rows.iter().any(|row| !row.possible.is_empty()),
        certain: certain::part(shown, contest),
        is_official,
        has_others: match is_official {
            true => rows.iter().any(|row| row.differs),
            false => rows.iter().any(|row| !row.other.is_empty()),
        },
        others: match is_official {
            true => words.by_our_count,
            false => words.declared_seats,
        },
        differs_from: match is_official {
            true => words.differs_from_declared,
            false => words.differs_here,
        },
        rows,
        on_wall: match rest {
            0 => String::new(),
            rest => words::and_more(language, &language.number(rest)),
        },
        state: state(shown, contest),
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

// What the seats are. What is declared is official, whatever our count gives.
fn state(shown: &Shown<'_>, contest: &FrameContest) -> &'static str {
    let (language, stage) = (shown.language, shown.body.stage());
    if !is_declared(contest) {
        return words::standing(language, contest.state(), stage_of_seats(contest, stage));
    }
    match (contest.declaration_differs, stage) {
        (true, _) => Words::of(language).declared_otherwise,
        (false, Stage::Certified) => {
            words::standing(language, SeatsState::Provisional, Stage::Certified)
        }
        (false, _) => words::standing(language, SeatsState::Provisional, Stage::Declared),
    }
}

fn option_row<'a>(
    shown: &Shown<'_>,
    (base, all_votes, is_official): (shares::Base, u64, bool),
    row: &FrameRow,
    look: &'a Look,
) -> Row<'a> {
    let language = shown.language;
    let has_share = base.has(row);
    let declared = row.seats.as_ref().and_then(|seats| seats.seats_declared);
    let declared = declared.map_or_else(String::new, |it| language.number(it));
    let ours = seats(shown, row.seats.as_ref());
    let name = shown.name(&row.option_id);
    // Of a mayor's contest nobody expects lists.
    let role = match (base, row.role()) {
        (shares::Base::All, OptionRole::Independent) => OptionRole::Unspecified,
        (_, role) => role,
    };
    let notes = [
        words::role(language, role),
        words::eligibility(language, row.eligibility()),
    ];
    let mut notes = Vec::from(notes);
    // What is called so says so itself.
    notes.retain(|note| !note.is_empty() && !name.eq_ignore_ascii_case(note) && name != *note);
    Row {
        note: notes.join(", "),
        name,
        colour: &look.colour,
        class: look.class(),
        ink: look.ink(),
        letter_size: match look.letters.chars().count() {
            0 | 1 => "13",
            2 => "11",
            3 => "8",
            _ => "6.5",
        },
        letters: &look.letters,
        votes: language.number(row.votes),
        share: match has_share {
            true => language.percent(row.votes, all_votes),
            false => String::from("–"),
        },
        bar: match has_share {
            true => bar(row.votes, all_votes),
            false => 0,
        },
        seats: if is_official {
            declared.clone()
        } else {
            ours.clone()
        },
        other: if is_official { ours } else { declared },
        differs: row.seats.as_ref().is_some_and(list_differs),
        possible: certain::range(language, row.seats.as_ref()),
        mark: certain::threshold(language, row.seats.as_ref()),
        ..Row::default()
    }
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

fn threshold_row(
    shown: &Shown<'_>,
    contest: &FrameContest,
    votes: u64,
    all_votes: u64,
) -> Row<'static> {
    let language = shown.language;
    let share = shown.presented.thresholds.share(&contest.contest_id);
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
        let what = match shares::has_only_lists(contest) {
            true => LeftOut::Lists,
            false => LeftOut::Options,
        };
        let rows = u64::try_from(contest.rows.len()).unwrap_or(u64::MAX);
        remarks.push(words::only_shown(language, what, rows, left_out));
    }
    remarks
}
