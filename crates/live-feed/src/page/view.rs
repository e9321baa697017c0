//! What the page shows of a frame, as parts that are replaced one by one while it is live.

// tidy: long because every part of the page stands here beside what it is made of.

use crate::page::chart::{self, Line};
use crate::page::districts;
use crate::page::hemicycle::{self, Holder, Look, Runs};
use crate::page::language::Language;
use crate::page::last_seat;
use crate::page::margins::Known;
use crate::page::timeline::{Sample, Samples};
use crate::page::words::{self, Words};
use crate::presented::{Presented, Texts};
use askama::Template;
use std::fmt::Write as _;
use wire::common::v1::publication_mode::Mode;
use wire::common::v1::{ListSeats, Mark, SeatsState};
use wire::feed::v1::{Frame, FrameBody, FrameContest, FrameEnvelope, FrameRow};

/// Colours of lists that have none, apart from each other and from grey.
const COLOURS: [&str; 8] = [
    "#33658a", "#b5651d", "#55752f", "#8a3b6b", "#6b5b95", "#2f7f7b", "#a33f2f", "#7a6a2f",
];
/// Changed options of one correction.
const CHANGES_MAX: usize = 4;
/// Parts of a bar.
const BAR: u64 = 1_000;

/// The parts of the page of an election.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub status: String,
    pub updated: String,
    pub contests: Vec<ContestView>,
    pub progress: String,
    pub last_seat: String,
    pub chart: String,
    pub corrections: String,
    /// One sentence for those who listen.
    pub summary: String,
    /// Who holds how many seats of the first contest, from the left.
    pub runs: Runs,
    pub house_text: String,
}

/// A contest's parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ContestView {
    pub id: String,
    pub house: String,
    pub table: String,
    /// Empty where it has one district.
    pub districts: String,
}

#[derive(Template)]
#[template(path = "table.html")]
struct TablePart<'a> {
    w: &'a Words,
    rows: Vec<Row>,
    state: String,
    remarks: Vec<String>,
    below: String,
}

#[derive(Default)]
struct Row {
    is_line: bool,
    is_below: bool,
    name: String,
    /// Why it takes part, where its own votes do not let it.
    note: &'static str,
    colour: String,
    ink: &'static str,
    letters: String,
    letter_size: &'static str,
    votes: String,
    share: String,
    bar: u64,
    seats: String,
    declared: String,
}

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

#[derive(Template)]
#[template(path = "corrections.html")]
struct CorrectionsPart<'a> {
    w: &'a Words,
    language: Language,
    election_id: &'a str,
    rows: Vec<CorrectionRow>,
    more: String,
}

struct CorrectionRow {
    kind: &'static str,
    unit: String,
    time: String,
    changes: Vec<ChangeRow>,
    /// What is said of the changes that are not shown.
    more: String,
    before: String,
    after: String,
    reason: String,
    by: String,
}

struct ChangeRow {
    name: String,
    before: String,
    after: String,
}

/// What the parts are made of.
pub(crate) struct Shown<'a> {
    pub language: Language,
    pub presented: &'a Presented,
    pub body: &'a FrameBody,
    pub envelope: &'a FrameEnvelope,
    pub election_id: &'a str,
}

impl<'a> Shown<'a> {
    /// Of a frame that has both of its parts.
    pub fn of(frame: &'a Frame, presented: &'a Presented, language: Language) -> Option<Self> {
        let body = frame.body.as_ref()?;
        Some(Self {
            language,
            presented,
            body,
            envelope: frame.envelope.as_ref()?,
            election_id: crate::http::election_id(body.scope.as_ref()),
        })
    }

    /// All parts.
    pub fn view(&self, samples: &Samples, newest: &Sample, margins: &Known) -> View {
        let seated = self.body.contests.iter().find(|contest| contest.seats > 0);
        let runs = seated.map(|contest| self.runs(contest)).unwrap_or_default();
        let house_text = seated
            .map(|contest| self.seats_sentence(contest))
            .unwrap_or_default();
        let contests = self.body.contests.iter().map(|contest| {
            let is_seated = seated.is_some_and(|it| it.contest_id == contest.contest_id);
            ContestView {
                id: contest.contest_id.clone(),
                house: if is_seated {
                    self.house(contest, &runs, &house_text)
                } else {
                    String::new()
                },
                table: self.table(contest),
                districts: self.districts(contest),
            }
        });
        let last_seat = seated.map(|contest| {
            let name = |id: &str| self.name(id);
            last_seat::part(contest, self.body.revision, margins, self.language, name)
        });
        let updated = self.time();
        View {
            status: self.status(&updated),
            contests: contests.collect(),
            progress: self.progress(),
            last_seat: last_seat.unwrap_or_default(),
            chart: self.chart(samples, newest),
            corrections: self.corrections(),
            summary: self.summary(&house_text),
            updated,
            runs,
            house_text: hemicycle::escape(&house_text),
        }
    }

    fn words(&self) -> &'static Words {
        Words::of(self.language)
    }

    fn zone(&self) -> Option<&str> {
        self.presented.presentation.time_zone.as_deref()
    }

    /// When what is shown was decided.
    pub fn time(&self) -> String {
        self.language.time(self.body.revision_time, self.zone())
    }

    /// A text in this language, else in English, else in the first that there is.
    pub fn text(&self, texts: &Texts) -> Option<String> {
        text(texts, self.language)
    }

    /// An option's name.
    pub fn name(&self, option: &str) -> String {
        let names = self.presented.option_names(option);
        names
            .and_then(|names| self.text(names))
            .unwrap_or_else(|| option.to_owned())
    }

    fn districts(&self, contest: &FrameContest) -> String {
        let district = |id: &str| {
            let names = self.presented.district_names(id);
            let name = names.and_then(|names| self.text(names));
            name.unwrap_or_else(|| id.to_owned())
        };
        let option = |id: &str| self.name(id);
        let looks = self.looks(contest);
        districts::part(contest, &looks, self.language, option, district)
    }

    fn looks(&self, contest: &FrameContest) -> Vec<Look> {
        let rows = contest.rows.iter().enumerate();
        rows.map(|(place, row)| {
            let (letters, colour) = self.presented.option_marks(&row.option_id);
            let name = self.name(&row.option_id);
            let letters = letters.map_or_else(
                || name.chars().take(1).collect(),
                |it| it.chars().take(3).collect(),
            );
            Look {
                colour: colour.unwrap_or(COLOURS[place % COLOURS.len()]).to_owned(),
                letters,
            }
        })
        .collect()
    }

    // Lists in the order of the ballot; then what ties, what nobody gets, what is not known.
    fn runs(&self, contest: &FrameContest) -> Runs {
        let rows = contest.rows.iter().enumerate();
        let mut runs: Runs = rows
            .map(|(place, row)| (Holder::List(place), held(row.seats.as_ref())))
            .collect();
        let left = |runs: &Runs| {
            contest
                .seats
                .saturating_sub(runs.iter().map(|run| run.1).sum())
        };
        // Of seats that are not shown, neither is who ties for them.
        let is_shown = !matches!(contest.state(), SeatsState::Withheld | SeatsState::Unknown);
        let ties = contest.ties.iter().filter(|_| is_shown);
        let at_stake: u32 = ties.map(|tie| tie.seats_at_stake).sum();
        runs.push((Holder::Tied, at_stake.min(left(&runs))));
        // Before the first vote nobody gets any yet, which is not the same as never.
        let is_begun = is_shown && contest.state() != SeatsState::NoneYet;
        let unassigned = if is_begun {
            contest.seats_unassigned
        } else {
            0
        };
        runs.push((Holder::Unassigned, unassigned.min(left(&runs))));
        let rest = match contest.state() {
            SeatsState::Withheld => Holder::Withheld,
            SeatsState::Unassigned => Holder::Unassigned,
            SeatsState::Unspecified
            | SeatsState::NoneYet
            | SeatsState::Provisional
            | SeatsState::Tied
            | SeatsState::Unknown => Holder::NotYet,
        };
        runs.push((rest, left(&runs)));
        runs.retain(|run| run.1 > 0);
        runs
    }

    fn majority(&self, contest: &FrameContest) -> u32 {
        self.body.house_size.max(contest.seats) / 2 + 1
    }

    fn house(&self, contest: &FrameContest, runs: &Runs, text: &str) -> String {
        let (words, language) = (self.words(), self.language);
        let seats = language.plural(
            contest.seats.into(),
            match language {
                Language::En => ["seat", "seats", "seats"],
                Language::Ru => ["мандат", "мандата", "мандатов"],
                Language::Kk => ["мандат", "мандат", "мандат"],
            },
        );
        let majority = language.number(self.majority(contest));
        let majority = format!("{} {majority}", words.majority);
        let number = language.number(contest.seats);
        hemicycle::drawing(
            runs,
            &self.looks(contest),
            words.hemicycle,
            text,
            [&number, seats, &majority],
        )
    }

    // Who holds what, as a sentence.
    fn seats_sentence(&self, contest: &FrameContest) -> String {
        let mut rows: Vec<&FrameRow> = contest.rows.iter().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(held(row.seats.as_ref())));
        let parts = rows.iter().filter(|row| held(row.seats.as_ref()) > 0);
        let parts: Vec<String> = parts
            .map(|row| {
                format!(
                    "{} {}",
                    self.name(&row.option_id),
                    self.seats(row.seats.as_ref())
                )
            })
            .collect();
        if parts.is_empty() {
            return words::seats_state(self.language, contest.state()).to_owned();
        }
        parts.join(", ")
    }

    fn seats(&self, seats: Option<&ListSeats>) -> String {
        let Some(seats) = seats else {
            return String::from("–");
        };
        match (seats.seats, seats.seats_most) {
            (Some(held), Some(most)) if most > held => format!("{held}–{most}"),
            (Some(held), _) => self.language.number(held),
            (None, _) => match seats.state() {
                SeatsState::Withheld => self.words().withheld.to_owned(),
                SeatsState::Unspecified
                | SeatsState::NoneYet
                | SeatsState::Provisional
                | SeatsState::Tied
                | SeatsState::Unknown
                | SeatsState::Unassigned => String::from("–"),
            },
        }
    }

    fn table(&self, contest: &FrameContest) -> String {
        let (words, language) = (self.words(), self.language);
        let list_votes: u64 = list_rows(contest).map(|row| row.votes).sum();
        let looks = self.looks(contest);
        let mut sorted: Vec<(&FrameRow, &Look)> = contest.rows.iter().zip(&looks).collect();
        let threshold = contest.threshold_votes.filter(|_| list_votes > 0);
        let is_below = |row: &FrameRow| {
            threshold.is_some_and(|threshold| self.is_below(contest, row, threshold))
        };
        // Who takes part stands above the line, with however few votes; what is no list, by its votes.
        let is_low = |row: &FrameRow| {
            is_below(row) || row.seats.is_none() && threshold.is_some_and(|it| row.votes < it)
        };
        sorted.sort_by_key(|(row, _)| (is_low(row), std::cmp::Reverse(row.votes)));
        let mut line = threshold.filter(|_| contest.rows.iter().any(is_below));
        let (mut rows, mut below) = (Vec::new(), 0);
        for (row, look) in sorted {
            let is_list = row.seats.is_some();
            let is_below = is_below(row);
            if is_below {
                below += row.votes;
            }
            if let Some(votes) = line.take_if(|_| is_low(row)) {
                rows.push(self.threshold_row(contest, votes, list_votes));
            }
            let declared = row.seats.as_ref().and_then(|seats| seats.seats_declared);
            rows.push(Row {
                is_line: false,
                is_below,
                name: self.name(&row.option_id),
                note: words::eligibility(language, row.eligibility()),
                colour: look.colour.clone(),
                ink: look.ink(),
                letter_size: match look.letters.chars().count() {
                    1 => "13",
                    2 => "11",
                    _ => "8",
                },
                letters: look.letters.clone(),
                votes: language.number(row.votes),
                share: if is_list {
                    language.percent(row.votes, list_votes)
                } else {
                    String::from("–")
                },
                bar: if is_list {
                    bar(row.votes, list_votes)
                } else {
                    0
                },
                seats: self.seats(row.seats.as_ref()),
                declared: declared.map_or_else(String::new, |it| language.number(it)),
            });
        }
        let part = TablePart {
            w: words,
            rows,
            state: words::seats_state(language, contest.state()).to_owned(),
            remarks: self.remarks(contest),
            below: if below > 0 {
                format!(
                    "{} ({})",
                    language.percent(below, list_votes),
                    language.number(below)
                )
            } else {
                String::new()
            },
        };
        part.render().unwrap_or_default()
    }

    // Whether a list takes no part for want of votes. Where districts may differ in it the frame does not say who was let in
    // below the threshold, but who holds a seat, or may get one, was. What nobody knows is not said of anybody.
    fn is_below(&self, contest: &FrameContest, row: &FrameRow, threshold: u64) -> bool {
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
        let Some(plain) = self.presented.threshold(&contest.contest_id) else {
            return row.votes < threshold;
        };
        let option = self
            .presented
            .share_needed(&contest.contest_id, &row.option_id);
        match option {
            None => false,
            Some(share) if share == plain => row.votes < threshold,
            Some(share) => falls_short(row.votes, share, threshold, plain),
        }
    }

    fn threshold_row(&self, contest: &FrameContest, votes: u64, list_votes: u64) -> Row {
        let share = self.presented.threshold(&contest.contest_id);
        let share = share.map_or_else(String::new, |[numerator, denominator]| {
            format!(" {}", self.language.fraction(numerator, denominator))
        });
        Row {
            is_line: true,
            name: format!("{}{share}", self.words().threshold),
            votes: self.language.number(votes),
            share: self.language.percent(votes, list_votes),
            ..Row::default()
        }
    }

    fn remarks(&self, contest: &FrameContest) -> Vec<String> {
        let words = self.words();
        let mut remarks = Vec::new();
        let is_said = matches!(
            contest.state(),
            SeatsState::Unassigned | SeatsState::NoneYet
        );
        if contest.seats_unassigned > 0 && !is_said {
            remarks.push(format!(
                "{}: {}.",
                words.unassigned,
                self.language.number(contest.seats_unassigned)
            ));
        }
        for tie in &contest.ties {
            let names: Vec<String> = tie.option_ids.iter().map(|id| self.name(id)).collect();
            remarks.push(format!(
                "{}: {} ({}).",
                words.tied,
                names.join(" = "),
                tie.seats_at_stake
            ));
        }
        if contest.law_is_silent {
            remarks.push(words.law_is_silent.to_owned());
        }
        if contest.declaration_differs {
            remarks.push(words.differs.to_owned());
        }
        remarks
    }

    fn progress(&self) -> String {
        let (words, language) = (self.words(), self.language);
        let totals = self
            .body
            .contests
            .first()
            .and_then(|contest| contest.totals.as_ref());
        let states = totals
            .and_then(|totals| totals.states.clone())
            .unwrap_or_default();
        let counted = totals.map_or(0, |totals| totals.ballots_counted);
        let turnout = self.body.turnout.unwrap_or_default();
        let all_said = turnout.units > 0 && turnout.units_reported == turnout.units;
        let issued = language.number(turnout.ballots_issued);
        let mut parts: Vec<String> = states
            .statuses
            .iter()
            .map(|it| {
                format!(
                    "{} {}",
                    words::status(language, it.status()),
                    language.number(it.tallies)
                )
            })
            .collect();
        if states.pending > 0 {
            parts.push(format!(
                "{} {}",
                words.waiting,
                language.number(states.pending)
            ));
        }
        let rolls_known = turnout.units_without_roll == 0;
        let voters = turnout
            .electorate
            .filter(|_| !rolls_known)
            .unwrap_or(turnout.roll);
        let has_share = all_said && voters > 0 && (rolls_known || turnout.electorate.is_some());
        let part = ProgressPart {
            w: words,
            counted: language.number(counted),
            counted_share: if all_said {
                words::of_issued(
                    language,
                    &language.percent(counted, turnout.ballots_issued),
                    &issued,
                )
            } else {
                String::new()
            },
            counted_bar: bar(counted, turnout.ballots_issued),
            issued_note: format!("{}: {issued}. {}.", words.issued, words.voters_out),
            tallies: language.number(states.tallies),
            tallies_counted: language.number(states.counted),
            tallies_bar: bar(states.counted.into(), states.tallies.into()),
            states: parts,
            turnout: if has_share {
                language.percent(turnout.ballots_issued, voters)
            } else {
                issued.clone()
            },
            turnout_bar: if has_share {
                bar(turnout.ballots_issued, voters)
            } else {
                0
            },
            turnout_note: if has_share {
                words::of_roll(language, &issued, &language.number(voters))
            } else {
                let said = language.number(turnout.units_reported);
                format!(
                    "{}: {said} / {}",
                    words.issued,
                    language.number(turnout.units)
                )
            },
        };
        part.render().unwrap_or_default()
    }

    fn chart(&self, samples: &Samples, newest: &Sample) -> String {
        let words = self.words();
        let empty = || format!("<p class=\"fact\">{}</p>", words.chart_empty);
        let seated = self
            .body
            .contests
            .iter()
            .position(|contest| contest.seats > 0);
        let Some((place, contest)) = seated.and_then(|it| Some((it, self.body.contests.get(it)?)))
        else {
            return empty();
        };
        let below = samples.range(..self.body.revision);
        let samples: Vec<&Sample> = below.map(|(_, sample)| sample).chain([newest]).collect();
        let looks = self.looks(contest);
        let lists = contest
            .rows
            .iter()
            .zip(&looks)
            .filter(|(row, _)| row.seats.is_some());
        let labels: Vec<(&str, String, &Look)> = lists
            .map(|(row, look)| {
                let (short, _) = self.presented.option_marks(&row.option_id);
                let label = short.map_or_else(|| self.name(&row.option_id), str::to_owned);
                (row.option_id.as_str(), label, look)
            })
            .collect();
        let lines: Vec<Line<'_>> = labels
            .iter()
            .map(|(option_id, label, look)| Line {
                option_id,
                label,
                look,
            })
            .collect();
        let clock = |time| {
            let time = wire::timestamp(election::ids::Timestamp(time));
            self.language.clock(Some(time), self.zone())
        };
        let majority = self.majority(contest);
        let drawing = chart::drawing(
            place,
            &samples,
            &lines,
            majority,
            words.over_the_night,
            clock,
        );
        drawing.unwrap_or_else(empty)
    }

    fn corrections(&self) -> String {
        let (words, language) = (self.words(), self.language);
        let rows = self.envelope.corrections.iter().map(|it| {
            let by = it.attribution.clone().unwrap_or_default();
            CorrectionRow {
                kind: words::correction(language, it.kind()),
                unit: it
                    .key
                    .as_ref()
                    .map(|key| key.unit_id.clone())
                    .unwrap_or_default(),
                time: language.clock(it.revision_time, self.zone()),
                changes: it
                    .changes
                    .iter()
                    .take(CHANGES_MAX)
                    .map(|change| ChangeRow {
                        name: self.name(&change.option_id),
                        before: language.number(change.votes_before),
                        after: language.number(change.votes_after),
                    })
                    .collect(),
                more: match it.changes.len().saturating_sub(CHANGES_MAX) {
                    0 => String::new(),
                    more => words::and_more(
                        language,
                        &language.number(u64::try_from(more).unwrap_or(u64::MAX)),
                    ),
                },
                before: language.number(it.votes_before),
                after: language.number(it.votes_after),
                reason: by.reason,
                by: by.by,
            }
        });
        let rows: Vec<CorrectionRow> = rows.collect();
        let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let count = self.envelope.corrections_count;
        let part = CorrectionsPart {
            w: words,
            language,
            election_id: self.election_id,
            more: if count > shown {
                format!("{} {}", words.newest_of, language.number(count))
            } else {
                String::new()
            },
            rows,
        };
        part.render().unwrap_or_default()
    }

    fn status(&self, updated: &str) -> String {
        let (words, language) = (self.words(), self.language);
        let mut html = format!(
            "<strong class=\"pill\">{}</strong>",
            words::stage(language, self.body.stage())
        );
        for mark in self.body.marks().filter(|mark| *mark != Mark::Unspecified) {
            let _ = write!(
                html,
                " <strong class=\"pill alarm\">{}</strong>",
                words::mark(language, mark)
            );
        }
        let publication = self.envelope.publication.as_ref();
        let mode = publication.and_then(|it| it.mode.as_ref()?.mode.as_ref());
        let reason = publication.map_or("", |it| it.reason.as_str());
        let kept = match mode {
            Some(Mode::FollowHead(_)) | None => None,
            Some(Mode::HoldAt(_)) => Some(words.held),
            Some(Mode::Paused(_)) => Some(words.paused),
        };
        if let Some(kept) = kept {
            let _ = write!(
                html,
                " <strong class=\"pill alarm\">{kept}</strong> {}",
                hemicycle::escape(reason)
            );
        }
        let _ = write!(
            html,
            " {} <strong id=\"updated\">{}</strong> · {} {}",
            words.updated,
            hemicycle::escape(updated),
            words.revision,
            language.number(self.body.revision)
        );
        html
    }

    fn summary(&self, seats: &str) -> String {
        let words = self.words();
        let totals = self
            .body
            .contests
            .first()
            .and_then(|contest| contest.totals.as_ref());
        let states = totals.and_then(|totals| totals.states.as_ref());
        let (counted, tallies) = states.map_or((0, 0), |it| (it.counted, it.tallies));
        format!("{counted} / {tallies} {}. {seats}", words.counted)
    }
}

/// A text in a language, else in English, else in the first that there is.
pub(crate) fn text(texts: &Texts, language: Language) -> Option<String> {
    let text = texts.get(language.code()).or_else(|| texts.get("en"));
    text.or_else(|| texts.values().next()).cloned()
}

fn list_rows(contest: &FrameContest) -> impl Iterator<Item = &FrameRow> {
    contest.rows.iter().filter(|row| row.seats.is_some())
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

fn held(seats: Option<&ListSeats>) -> u32 {
    seats.and_then(|seats| seats.seats).unwrap_or(0)
}

fn bar(part: u64, whole: u64) -> u64 {
    match whole {
        0 => 0,
        whole => u64::try_from(u128::from(part) * u128::from(BAR) / u128::from(whole))
            .unwrap_or(BAR)
            .min(BAR),
    }
}
