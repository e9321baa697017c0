//! What is told of a contest besides its table, for every form of `watch`: how far its seats are known, ties, what is declared,
//! and what a frame had no room for.

mod certain;

pub use certain::{certain, widened, written};

use crate::names::{Names, ScreenRules};
use crate::table;
use crate::text::count;
use live_feed::house;
use live_feed::official::{district_differs, is_declared, stage_of_seats};
use live_feed::shares;
use wire::common::v1::publication_mode::Mode;
use wire::common::v1::{Publication, SeatsState, Stage};
use wire::feed::v1::{FrameBody, FrameContest, FrameDistrict};

/// What officials keep from the public now, with their reason; nothing while the public sees what is counted.
pub fn withheld(publication: &Publication) -> Option<String> {
    let mode = publication.mode.as_ref()?.mode.as_ref()?;
    let what = match mode {
        Mode::FollowHead(_) => return None,
        Mode::HoldAt(hold) => format!("PUBLICATION HELD at revision {}", hold.revision),
        Mode::Paused(_) => String::from("PUBLICATION PAUSED"),
    };
    Some(format!("{what}: {}", publication.reason))
}

/// The ties of a contest that are shown one by one.
const TIES_MAX: usize = 8;

/// Who ties for how many seats, and how that would be settled.
pub fn ties(contest: &FrameContest, names: &Names, rules: &ScreenRules) -> Vec<String> {
    let shown = contest.ties.iter().take(TIES_MAX).map(|tie| {
        let place = if tie.district_id.is_empty() {
            String::new()
        } else {
            format!(" in {}", names.district(&tie.district_id))
        };
        let lists: Vec<&str> = tie.option_ids.iter().map(|id| names.option(id)).collect();
        let lists = if lists.is_empty() {
            String::from("lists that the frame has no room for")
        } else {
            lists.join(", ")
        };
        let seats = count(tie.seats_at_stake, "seat", "seats");
        let rule = rules.told(&contest.contest_id);
        let rule = if rule.is_empty() {
            rule
        } else {
            format!("; {rule}")
        };
        format!("  tie{place}: {lists} for {seats}{rule}")
    });
    let mut lines: Vec<String> = shown.collect();
    // Those too that the frame had no room for.
    let more = contest.ties.len().saturating_sub(TIES_MAX);
    let more = u64::try_from(more).unwrap_or(u64::MAX) + u64::from(contest.ties_left_out);
    if more > 0 {
        lines.push(format!("  and {}", count(more, "more tie", "more ties")));
    }
    lines
}

/// What is declared of districts: how many are, which are not yet, and who holds their seats where that differs from ours.
pub fn declared(contest: &FrameContest, names: &Names) -> Vec<String> {
    let (declared, all) = (contest.districts_declared, contest.districts_with_seats);
    if declared == 0 || contest.districts.is_empty() {
        return Vec::new();
    }
    let open = contest.districts.iter();
    let open = open.filter(|it| !it.is_declared && it.seats > 0);
    let open: Vec<&str> = open.map(|it| names.district(&it.district_id)).collect();
    let named = open.iter().take(TIES_MAX).copied();
    let named = named.collect::<Vec<_>>().join(", ");
    let named = match open.len() {
        0 => String::new(),
        1..=TIES_MAX => format!(": not yet {named}"),
        _ => format!(": not yet {named}, ..."),
    };
    let mut lines = vec![format!(
        "  declared in {declared} of {}{named}",
        count(all, "district", "districts")
    )];
    let differ = contest.districts.iter();
    let differ = differ.filter(|it| district_differs(contest, it));
    let differ: Vec<&FrameDistrict> = differ.collect();
    for district in differ.iter().take(TIES_MAX) {
        lines.push(format!(
            "  declared in {}: {}; ours: {}",
            names.district(&district.district_id),
            held(contest, names, theirs(district)),
            held(contest, names, ours(district))
        ));
    }
    let more = differ.len().saturating_sub(TIES_MAX);
    if more > 0 {
        lines.push(format!("  and {more} more that differ"));
    }
    lines
}

type Rows = Vec<(u32, u32)>;

fn rows(indexes: &[u32], seats: &[u32]) -> Rows {
    let mut rows: Rows = indexes.iter().copied().zip(seats.iter().copied()).collect();
    rows.sort_unstable();
    rows
}

fn ours(district: &FrameDistrict) -> Rows {
    rows(&district.row_indexes, &district.row_seats)
}

fn theirs(district: &FrameDistrict) -> Rows {
    rows(&district.declared_row_indexes, &district.declared_row_seats)
}

fn held(contest: &FrameContest, names: &Names, rows: Rows) -> String {
    let rows = rows.into_iter().filter_map(|(row, seats)| {
        let row = contest.rows.get(usize::try_from(row).ok()?)?;
        Some(format!("{} {seats}", names.option(&row.option_id)))
    });
    let rows: Vec<String> = rows.collect();
    if rows.is_empty() {
        return String::from("nobody");
    }
    rows.join(", ")
}

/// The seats of a contest and what is a majority of the house: a line only where the contest gives all of it.
pub fn majority(body: &FrameBody, contest: &FrameContest) -> String {
    let majority = house::majority(body.house_size, contest);
    let seats = count(contest.seats, "seat", "seats");
    // The house is drawn of the official seats.
    let seats = match is_declared(contest) {
        true => format!("{seats} as declared"),
        false => seats,
    };
    if majority.is_whole {
        return format!("{seats}, majority {}", majority.seats);
    }
    format!(
        "{seats} here, majority {} of a house of {}",
        majority.seats, majority.house
    )
}

/// What the frame had no room for, of a contest.
pub fn left_out(contest: &FrameContest) -> Vec<String> {
    let line = |shown: usize, left_out: u32, what: &str| {
        let all = u64::try_from(shown).unwrap_or(u64::MAX) + u64::from(left_out);
        let (all, left_out) = (table::thousands(all), table::thousands(left_out.into()));
        format!("  only {shown} of {all} {what} are shown: the frame has no room for {left_out}")
    };
    let options = match shares::has_only_lists(contest) {
        true => "lists",
        false => "options",
    };
    let mut lines = Vec::new();
    for (shown, left_out, what) in [
        (contest.rows.len(), contest.rows_left_out, options),
        (
            contest.districts.len(),
            contest.districts_left_out,
            "districts",
        ),
    ] {
        if left_out > 0 {
            lines.push(line(shown, left_out, what));
        }
    }
    if contest.district_rows_left_out && contest.districts_left_out == 0 {
        lines.push(String::from(
            "  who holds the seats of districts is not shown: the frame has no room for it",
        ));
    }
    lines
}

/// The same of contests.
pub fn contests_left_out(body: &FrameBody) -> Option<String> {
    let left_out = body.contests_left_out;
    (left_out > 0).then(|| {
        let shown = body.contests.len();
        let all = u64::try_from(shown).unwrap_or(u64::MAX) + u64::from(left_out);
        format!("only {shown} of {all} contests are shown: the frame has no room for {left_out}")
    })
}

/// A stage in words. It is explicit, never inferred: where nobody has said that the count has begun, and it has, the words do
/// not contradict it.
pub fn stage(body: &FrameBody) -> String {
    let states = body.contests.iter();
    let mut states = states.filter_map(|contest| contest.totals.as_ref()?.states.as_ref());
    let is_counted = states.any(|states| states.counted > 0);
    match body.stage() {
        Stage::Unspecified | Stage::PreElection if is_counted => {
            String::from("count under way, no stage announced")
        }
        stage => words(stage.as_str_name(), "STAGE_"),
    }
}

/// The name of an enum's value as words.
pub fn words(name: &str, prefix: &str) -> String {
    let name = name.strip_prefix(prefix).unwrap_or(name);
    name.to_ascii_lowercase().replace('_', " ")
}

/// How far the seats of a contest are known, at a stage: what is certified is provisional no more.
pub fn contest_state(contest: &FrameContest, stage: Stage) -> String {
    let state = match (contest.state(), stage_of_seats(contest, stage)) {
        (SeatsState::Provisional, Stage::Certified) => {
            "certified: the seats of the certified count"
        }
        (SeatsState::Provisional, Stage::Declared) => {
            "declared, not certified yet: the seats of the counted ballots"
        }
        (SeatsState::Provisional, _) => "provisional: seats if only the counted ballots existed",
        (SeatsState::NoneYet, _) => "no seats yet",
        (SeatsState::Tied, _) => "tied: some lists have a range, all other seats stand",
        (SeatsState::Withheld, _) => "seats withheld: our own check refuses the result",
        (SeatsState::Unknown, _) => "seats unknown",
        (SeatsState::Unassigned, _) => "no list takes part: all seats stay unassigned",
        (SeatsState::Unspecified, _) => "gives no seats",
    };
    let mut text = state.to_owned();
    if contest.state() == SeatsState::Unknown {
        text.push_str(match contest.problem.as_str() {
            "" => ": a number that the rules need is missing",
            problem => return format!("{text}: {problem}; `hemicycle missing` names the units"),
        });
    }
    // Of no votes nobody gets a seat yet, which is not the same as never.
    let is_said = matches!(
        contest.state(),
        SeatsState::Unassigned | SeatsState::NoneYet
    );
    for (seats, one, more) in [
        (
            contest.seats_outside,
            "seat is a person's without a list",
            "seats are persons' without a list",
        ),
        (
            contest.seats_pending,
            "seat hangs on what is open",
            "seats hang on what is open",
        ),
        (
            if is_said { 0 } else { contest.seats_unassigned },
            "seat stays unassigned",
            "seats stay unassigned",
        ),
    ] {
        if seats > 0 && contest.state() != SeatsState::NoneYet {
            text.push_str(&format!("; {}", count(seats, one, more)));
        }
    }
    if contest.law_is_silent {
        text.push_str("; the law is silent on a parameter that was used");
    }
    if contest.declaration_differs {
        text.push_str("; the declared result differs");
    }
    text
}

#[cfg(test)]
mod tests;
