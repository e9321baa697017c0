//! How far the count is: ballots, tallies by state, turnout.

use crate::page::table::bar;
use crate::page::view::Shown;
use crate::page::words::{self, Words};
use crate::turnout::Turnout;
use askama::Template;
use wire::common::v1::TallyStates;
use wire::feed::v1::FrameBody;

#[derive(Template)]
#[template(path = "progress.html")]
struct ProgressPart<'a> {
    w: &'a Words,
    counted: String,
    counted_share: String,
    counted_bar: u64,
    issued_note: String,
    /// What is counted: stations, where each has one tally; else tallies.
    heading: &'static str,
    tallies: String,
    tallies_counted: String,
    tallies_bar: u64,
    states: Vec<String>,
    turnout: String,
    turnout_bar: u64,
    turnout_note: String,
}

/// The part.
pub(super) fn part(shown: &Shown<'_>) -> String {
    let (words, language) = (Words::of(shown.language), shown.language);
    let totals = shown.body.contests.first();
    let totals = totals.and_then(|contest| contest.totals.as_ref());
    let states = all_states(shown.body);
    let counted = totals.map_or(0, |totals| totals.ballots_counted);
    let turnout = Turnout::of(shown.body.turnout.as_ref());
    let all = turnout.ballots_issued.unwrap_or(0);
    // A dash as long as nobody has said so: missing is not zero.
    let issued = turnout.ballots_issued.map(|it| language.number(it));
    let issued = issued.unwrap_or_else(|| String::from("–"));
    let by_whom = words::units_said(language, turnout.units_reported, turnout.units);
    let part = ProgressPart {
        w: words,
        counted: language.number(counted),
        counted_share: if turnout.is_whole() {
            words::of_issued(language, &language.percent(counted, all), &issued)
        } else {
            String::new()
        },
        counted_bar: bar(counted, all),
        issued_note: format!("{}: {issued}. {by_whom}", words.issued),
        heading: match states.tallies == turnout.units || turnout.units == 0 {
            true => words.tallies,
            false => words.tallies_by_state,
        },
        tallies: language.number(states.tallies),
        tallies_counted: language.number(states.counted),
        tallies_bar: bar(states.counted.into(), states.tallies.into()),
        states: by_state(shown, &states),
        turnout_bar: turnout.voters.map_or(0, |voters| bar(all, voters)),
        turnout_note: match turnout.voters {
            Some(voters) => words::of_roll(language, &issued, &language.number(voters)),
            None if turnout.ballots_issued.is_none() => by_whom,
            None => format!("{}. {by_whom}", words.issued),
        },
        turnout: match turnout.voters {
            Some(voters) => language.percent(all, voters),
            None => issued,
        },
    };
    part.render().unwrap_or_default()
}

/// The tallies of all contests by state.
pub(super) fn all_states(body: &FrameBody) -> TallyStates {
    let contests = body.contests.iter();
    let states = contests.filter_map(|contest| contest.totals.as_ref()?.states.as_ref());
    let mut all = TallyStates::default();
    for it in states {
        all.tallies += it.tallies;
        all.counted += it.counted;
        all.pending += it.pending;
        for status in &it.statuses {
            let mut known = all.statuses.iter_mut();
            match known.find(|known| known.status == status.status) {
                Some(known) => known.tallies += status.tallies,
                None => all.statuses.push(*status),
            }
        }
    }
    all
}

fn by_state(shown: &Shown<'_>, states: &TallyStates) -> Vec<String> {
    let language = shown.language;
    let statuses = states.statuses.iter().map(|it| {
        let status = words::status(language, it.status());
        format!("{status} {}", language.number(it.tallies))
    });
    let mut parts: Vec<String> = statuses.collect();
    if states.pending > 0 {
        let waiting = Words::of(language).waiting;
        parts.push(format!("{waiting} {}", language.number(states.pending)));
    }
    parts
}
