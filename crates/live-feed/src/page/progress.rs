//! How far the count is: ballots, tallies by state, turnout.

use crate::page::table::bar;
use crate::page::view::Shown;
use crate::page::words::{self, Words};
use askama::Template;
use wire::common::v1::{TallyStates, TurnoutTotals};

#[derive(Template)]
#[template(path = "progress.html")]
struct ProgressPart<'a> {
    w: &'a Words,
    counted: String,
    counted_share: String,
    counted_bar: u64,
    issued_note: String,
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
    let states = totals
        .and_then(|totals| totals.states.clone())
        .unwrap_or_default();
    let counted = totals.map_or(0, |totals| totals.ballots_counted);
    let turnout = shown.body.turnout.unwrap_or_default();
    let said = Said::of(shown, &turnout);
    let part = ProgressPart {
        w: words,
        counted: language.number(counted),
        counted_share: if said.by_all {
            let share = language.percent(counted, turnout.ballots_issued);
            words::of_issued(language, &share, &said.issued)
        } else {
            String::new()
        },
        counted_bar: bar(counted, turnout.ballots_issued),
        issued_note: format!("{}: {}. {}", words.issued, said.issued, said.by_whom),
        tallies: language.number(states.tallies),
        tallies_counted: language.number(states.counted),
        tallies_bar: bar(states.counted.into(), states.tallies.into()),
        states: by_state(shown, &states),
        turnout: match said.voters {
            Some(voters) => language.percent(turnout.ballots_issued, voters),
            None => said.issued.clone(),
        },
        turnout_bar: said
            .voters
            .map_or(0, |voters| bar(turnout.ballots_issued, voters)),
        turnout_note: match said.voters {
            Some(voters) => words::of_roll(language, &said.issued, &language.number(voters)),
            None if turnout.units_reported == 0 => said.by_whom.clone(),
            None => format!("{}. {}", words.issued, said.by_whom),
        },
    };
    part.render().unwrap_or_default()
}

/// What stations have said of ballots issued.
struct Said {
    by_all: bool,
    /// How many they are; a dash as long as nobody has said so: missing is not zero.
    issued: String,
    /// Who has said so, as a sentence.
    by_whom: String,
    /// The voters of whom this is a share; none: no share can be said.
    voters: Option<u64>,
}

impl Said {
    fn of(shown: &Shown<'_>, turnout: &TurnoutTotals) -> Self {
        let by_all = turnout.units > 0 && turnout.units_reported == turnout.units;
        let rolls_known = turnout.units_without_roll == 0;
        let voters = match rolls_known {
            true => Some(turnout.roll),
            false => turnout.electorate,
        };
        Self {
            by_all,
            issued: match turnout.units_reported {
                0 => String::from("–"),
                _ => shown.language.number(turnout.ballots_issued),
            },
            by_whom: words::units_said(shown.language, turnout.units_reported, turnout.units),
            voters: voters.filter(|voters| by_all && *voters > 0),
        }
    }
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
