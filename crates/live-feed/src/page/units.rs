//! Pages of units: a list with a search, and what happened to one of them.

// tidy: long because the list of units and the history of one share their words.

use crate::error::FeedError;
use crate::http::{Path, Query, read_history, read_units};
use crate::page::language::Language;
use crate::page::routes::{Asked, Here, Shared, here, html, or_problem};
use crate::page::view::text;
use crate::page::words::{self, Words};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use election::ids::UnitId;
use http::HeaderMap;
use std::fmt::Write as _;
use wire::common::v1::{Attribution, Counts, UnitStatus, UnitTally};
use wire::results::v1::unit_history_entry::Change;
use wire::results::v1::{ReportCounted, UnitFilter, UnitHistoryEntry, UnitState};

/// Units on a page.
const PAGE: u32 = 50;
/// The longest text that the role behind searches for, in bytes.
const SEARCH_BYTES_MAX: usize = 256;

/// States that the filter offers, by their names in addresses.
const STATES: [(&str, UnitStatus); 10] = [
    ("expected", UnitStatus::Expected),
    ("open", UnitStatus::Open),
    ("not_opened", UnitStatus::NotOpened),
    ("partial", UnitStatus::Partial),
    ("complete", UnitStatus::Complete),
    ("closed", UnitStatus::Closed),
    ("under_recount", UnitStatus::UnderRecount),
    ("annulled", UnitStatus::Annulled),
    ("repeat_ordered", UnitStatus::RepeatOrdered),
    ("merged", UnitStatus::Merged),
];

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    q: String,
    state: String,
    page: String,
    /// The revision of the first page: the others stay with it.
    rev: Option<u64>,
}

#[derive(Template)]
#[template(path = "units.html")]
struct UnitsPage<'a> {
    w: &'a Words,
    language: Language,
    languages: [Language; 3],
    query: String,
    kiosk: bool,
    title: String,
    is_test: bool,
    notice: String,
    election_id: &'a str,
    revision: String,
    q: &'a str,
    states: Vec<StateOption>,
    rows: Vec<UnitRow>,
    first: String,
    next: String,
}

struct StateOption {
    value: &'static str,
    name: &'static str,
    is_chosen: bool,
}

struct UnitRow {
    id: String,
    name: String,
    area: String,
    state: String,
    roll: String,
    votes: String,
}

#[derive(Template)]
#[template(path = "unit.html")]
struct UnitPage<'a> {
    w: &'a Words,
    language: Language,
    languages: [Language; 3],
    query: &'a str,
    kiosk: bool,
    title: String,
    is_test: bool,
    notice: String,
    election_id: &'a str,
    unit_id: &'a str,
    name: String,
    facts: String,
    tallies: Vec<TallyPart>,
    history: Vec<HistoryRow>,
    /// The first page of the history, and the next; empty where there is none.
    first: String,
    next: String,
}

struct TallyPart {
    heading: String,
    state: String,
    rows: Vec<(String, String)>,
    form: Vec<(&'static str, String)>,
}

struct HistoryRow {
    /// Of which contest and counting group, as far as there are several.
    place: String,
    what: String,
    time: String,
    revision: String,
    numbers: String,
    why: String,
}

pub(super) async fn list(
    State(service): Shared,
    Path(election): Path<String>,
    Query(asked): Query<Asked>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Response {
    let language = asked.language(&headers);
    let page = async {
        let here = here(&service, &election).await?;
        let _permit = service.costly()?;
        let revision = filter
            .rev
            .filter(|it| (1..=here.revision).contains(it))
            .unwrap_or(here.revision);
        let wanted = wanted(&filter);
        let answer = read_units(
            &service,
            &here.scope,
            revision,
            wanted,
            PAGE,
            filter.page.clone(),
        )
        .await?;
        let rows = answer.units.iter().map(|unit| row(&here, unit, language));
        let w = Words::of(language);
        let presentation = &here.presented.presentation;
        let page = UnitsPage {
            w,
            language,
            languages: Language::ALL,
            query: search(&filter),
            kiosk: false,
            title: text(&presentation.title, language).unwrap_or_else(|| election.clone()),
            is_test: here.is_test,
            notice: text(&presentation.notice, language).unwrap_or_default(),
            election_id: &election,
            revision: language.number(revision),
            q: &filter.q,
            states: states(&filter, language),
            rows: rows.collect(),
            first: if filter.page.is_empty() {
                String::new()
            } else {
                format!("?lang={}{}", language.code(), search(&filter))
            },
            next: next(&answer.next_page_token, revision, &filter, language),
        };
        Ok::<_, FeedError>(html(page.render().unwrap_or_default(), &headers))
    };
    or_problem(page.await, language)
}

fn wanted(filter: &Filter) -> UnitFilter {
    let status = STATES.iter().find(|(name, _)| *name == filter.state);
    UnitFilter {
        search: filter.q[..filter.q.floor_char_boundary(SEARCH_BYTES_MAX)].to_owned(),
        statuses: status.iter().map(|(_, status)| (*status).into()).collect(),
        has_pending: (filter.state == "waiting").then_some(true),
        has_counted: match filter.state.as_str() {
            "counted" => Some(true),
            "not_counted" => Some(false),
            _ => None,
        },
        ..UnitFilter::default()
    }
}

fn states(filter: &Filter, language: Language) -> Vec<StateOption> {
    let w = Words::of(language);
    let own = [
        ("", w.any_state),
        ("counted", w.counted),
        ("not_counted", w.not_counted),
        ("waiting", w.waiting),
    ];
    let statuses = STATES.map(|(value, status)| (value, words::status(language, status)));
    let all = own.into_iter().chain(statuses);
    all.map(|(value, name)| StateOption {
        value,
        name,
        is_chosen: value == filter.state,
    })
    .collect()
}

fn search(filter: &Filter) -> String {
    let mut query = String::new();
    for (name, value) in [("q", &filter.q), ("state", &filter.state)] {
        if !value.is_empty() {
            let _ = write!(query, "&{name}={}", encode(value));
        }
    }
    query
}

fn next(token: &str, revision: u64, filter: &Filter, language: Language) -> String {
    if token.is_empty() {
        return String::new();
    }
    let (code, search) = (language.code(), search(filter));
    format!("?lang={code}{search}&rev={revision}&page={}", encode(token))
}

// A value in an address.
fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn row(here: &Here, state: &UnitState, language: Language) -> UnitRow {
    let unit = state.unit.clone().unwrap_or_default();
    let votes = state
        .tallies
        .iter()
        .filter_map(|tally| tally.counts.as_ref());
    let votes: Option<u64> = votes
        .map(|counts| counts.votes.iter().sum::<u64>())
        .reduce(|sum, more| sum + more);
    UnitRow {
        name: if unit.display_name.is_empty() {
            unit.unit_id.clone()
        } else {
            unit.display_name
        },
        id: unit.unit_id,
        area: here
            .presented
            .areas
            .get(&unit.area_id)
            .cloned()
            .unwrap_or(unit.area_id),
        state: state_of(&state.tallies, language),
        roll: unit
            .roll
            .map_or_else(|| String::from("–"), |roll| language.number(roll)),
        votes: votes.map_or_else(|| String::from("–"), |votes| language.number(votes)),
    }
}

// The states of a unit's tallies, each once.
fn state_of(tallies: &[UnitTally], language: Language) -> String {
    let mut states: Vec<&str> = Vec::new();
    for tally in tallies {
        let state = words::status(language, tally.status());
        if !states.contains(&state) {
            states.push(state);
        }
        if tally.pending_version.is_some() && !states.contains(&Words::of(language).waiting) {
            states.push(Words::of(language).waiting);
        }
    }
    states.join(", ")
}

pub(super) async fn one(
    State(service): Shared,
    Path((election, unit)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Response {
    let language = asked.language(&headers);
    let page = async {
        wire::id("unit", &unit, UnitId::new)?;
        let here = here(&service, &election).await?;
        let _permit = service.costly()?;
        // The pages of a long history are of one revision.
        let revision = filter.rev.filter(|it| *it <= here.revision);
        let revision = revision.unwrap_or(here.revision);
        let state = service.unit(&here.scope, revision, &unit).await?;
        let history = read_history(&service, &here.scope, revision, &unit, &filter.page).await?;
        let presentation = &here.presented.presentation;
        let known = state.unit.clone().unwrap_or_default();
        let shown = Of {
            here: &here,
            language,
            district: &known.district_id,
        };
        let page = UnitPage {
            w: Words::of(language),
            language,
            languages: Language::ALL,
            query: "",
            kiosk: false,
            title: text(&presentation.title, language).unwrap_or_else(|| election.clone()),
            is_test: here.is_test,
            notice: text(&presentation.notice, language).unwrap_or_default(),
            election_id: &election,
            unit_id: &unit,
            name: if known.display_name.is_empty() {
                unit.clone()
            } else {
                known.display_name.clone()
            },
            facts: shown.facts(&state),
            tallies: state
                .tallies
                .iter()
                .map(|tally| shown.tally(tally))
                .collect(),
            history: history
                .entries
                .iter()
                .rev()
                .map(|entry| shown.entry(entry))
                .collect(),
            first: if filter.page.is_empty() {
                String::new()
            } else {
                format!("?lang={}", language.code())
            },
            next: next(
                &history.next_page_token,
                revision,
                &Filter::default(),
                language,
            ),
        };
        Ok::<_, FeedError>(html(page.render().unwrap_or_default(), &headers))
    };
    or_problem(page.await, language)
}

struct Of<'a> {
    here: &'a Here,
    language: Language,
    district: &'a str,
}

impl Of<'_> {
    fn facts(&self, state: &UnitState) -> String {
        let w = Words::of(self.language);
        let unit = state.unit.clone().unwrap_or_default();
        let mut facts = vec![words::unit_kind(self.language, unit.kind()).to_owned()];
        facts.extend(self.here.presented.areas.get(&unit.area_id).cloned());
        facts.extend(
            unit.roll
                .map(|roll| format!("{} {}", w.roll, self.language.number(roll))),
        );
        facts.extend(
            state
                .turnout
                .as_ref()
                .map(|it| format!("{} {}", w.issued, self.language.number(it.ballots_issued))),
        );
        facts.join(" · ")
    }

    fn tally(&self, tally: &UnitTally) -> TallyPart {
        let (w, language) = (Words::of(self.language), self.language);
        let mut state = words::status(language, tally.status()).to_owned();
        if let Some(version) = tally.counted_version {
            let _ = write!(state, " · {} ({} {version})", w.counted, w.version);
        }
        if let Some(version) = tally.pending_version {
            let _ = write!(state, " · {} ({} {version})", w.waiting, w.version);
        }
        TallyPart {
            heading: self.place(&tally.contest_id, &tally.counting_group_id),
            state,
            rows: tally
                .counts
                .as_ref()
                .map(|counts| self.votes(&tally.contest_id, counts))
                .unwrap_or_default(),
            form: tally
                .counts
                .iter()
                .flat_map(|counts| &counts.form)
                .map(|it| {
                    (
                        words::counter(language, it.counter()),
                        language.number(it.value),
                    )
                })
                .collect(),
        }
    }

    // The contest and the counting group of a tally, as far as there are several.
    fn place(&self, contest: &str, group: &str) -> String {
        let ballot = &self.here.presented.ballot;
        let names = self.here.presented.contest_names(contest);
        let name = names.and_then(|names| text(names, self.language));
        let name = name.unwrap_or_else(|| contest.to_owned());
        let contest = (ballot.contests.len() > 1).then_some(name.as_str());
        let group = (ballot.counting_group_ids.len() > 1).then_some(group);
        let parts: Vec<&str> = contest.into_iter().chain(group).collect();
        parts.join(" · ")
    }

    fn votes(&self, contest: &str, counts: &Counts) -> Vec<(String, String)> {
        let pairs = counts.option_indexes.iter().zip(&counts.votes);
        pairs
            .map(|(index, votes)| (self.option(contest, *index), self.language.number(*votes)))
            .collect()
    }

    fn option(&self, contest: &str, index: u32) -> String {
        let ballot = self
            .here
            .presented
            .ballot
            .contests
            .iter()
            .find(|it| it.contest_id == contest);
        let districts = ballot.map(|contest| contest.districts.iter());
        let district = districts.and_then(|mut all| all.find(|it| it.district_id == self.district));
        let place = usize::try_from(index).ok();
        let option = district.and_then(|district| district.options.get(place?));
        option.map_or_else(
            || index.to_string(),
            |option| {
                let names = self.here.presented.option_names(&option.option_id);
                let name = names.and_then(|names| text(names, self.language));
                name.unwrap_or_else(|| option.option_id.clone())
            },
        )
    }

    fn entry(&self, entry: &UnitHistoryEntry) -> HistoryRow {
        let language = self.language;
        let w = Words::of(language);
        let contest = entry.key.as_ref().map_or("", |key| key.contest_id.as_str());
        let (what, numbers, why) = match &entry.change {
            Some(Change::Counted(it)) => self.counted(contest, it, w.counted),
            Some(Change::Held(it)) => {
                let kind = words::report(language, it.kind());
                (
                    format!("{kind}, {} {}: {}", w.version, it.version, w.waiting),
                    String::new(),
                    String::new(),
                )
            }
            Some(Change::Released(it)) => {
                let counted = it.counted.clone().unwrap_or_default();
                let (what, numbers, why) = self.counted(contest, &counted, w.counted);
                (what, numbers, join(&[&it.reason, &why]))
            }
            Some(Change::Rejected(it)) => {
                let what = [
                    "rejected after review",
                    "отклонено после проверки",
                    "тексеруден кейін қабылданбады",
                ];
                (
                    what[language.index()].to_owned(),
                    String::new(),
                    it.reason.clone(),
                )
            }
            Some(Change::Withdrawn(it)) => {
                let what =
                    words::correction(language, wire::common::v1::CorrectionKind::Withdrawal);
                (
                    what.to_owned(),
                    self.numbers(contest, it.replaced.as_ref(), None),
                    by(it.attribution.as_ref()),
                )
            }
            Some(Change::StatusSet(it)) => {
                let (before, after) = (
                    words::status(language, it.status_before()),
                    words::status(language, entry.status()),
                );
                (
                    format!("{before} → {after}"),
                    self.numbers(contest, it.replaced.as_ref(), None),
                    by(it.attribution.as_ref()),
                )
            }
            Some(Change::TurnoutCounted(it)) => {
                let before = it
                    .ballots_issued_before
                    .map(|before| format!("{} → ", language.number(before)));
                let numbers = format!(
                    "{}{}",
                    before.unwrap_or_default(),
                    language.number(it.ballots_issued)
                );
                (w.issued.to_owned(), numbers, by(it.attribution.as_ref()))
            }
            None => (String::from("–"), String::new(), String::new()),
        };
        let place = entry.key.as_ref();
        let place = place.map(|key| self.place(&key.contest_id, &key.counting_group_id));
        HistoryRow {
            place: place.unwrap_or_default(),
            what,
            time: language.time(
                entry.revision_time,
                self.here.presented.presentation.time_zone.as_deref(),
            ),
            revision: language.number(entry.revision),
            numbers,
            why,
        }
    }

    fn counted(
        &self,
        contest: &str,
        it: &ReportCounted,
        counted: &str,
    ) -> (String, String, String) {
        let w = Words::of(self.language);
        let kind = words::report(self.language, it.kind());
        let what = format!("{kind}, {} {}: {counted}", w.version, it.version);
        let numbers = self.numbers(contest, it.replaced.as_ref(), it.counts.as_ref());
        (what, numbers, by(it.attribution.as_ref()))
    }

    // Votes after; where something was counted before, only what changed, before and after.
    fn numbers(&self, contest: &str, before: Option<&Counts>, after: Option<&Counts>) -> String {
        let language = self.language;
        let votes_of = |counts: Option<&Counts>, index: u32| {
            let counts = counts?;
            let place = counts.option_indexes.iter().position(|it| *it == index)?;
            counts.votes.get(place).copied()
        };
        let indexes = after
            .or(before)
            .map(|counts| counts.option_indexes.clone())
            .unwrap_or_default();
        let parts = indexes.into_iter().filter_map(|index| {
            let (old, new) = (votes_of(before, index), votes_of(after, index));
            let name = self.option(contest, index);
            let number = |votes: Option<u64>| {
                votes.map_or_else(|| String::from("–"), |it| language.number(it))
            };
            match (before, old == new) {
                (None, _) => Some(format!("{name} {}", number(new))),
                (Some(_), true) => None,
                (Some(_), false) => Some(format!("{name} {} → {}", number(old), number(new))),
            }
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

fn by(attribution: Option<&Attribution>) -> String {
    attribution.map_or_else(String::new, |it| join(&[&it.reason, &it.by]))
}

fn join(texts: &[&str]) -> String {
    let texts: Vec<&str> = texts
        .iter()
        .copied()
        .filter(|text| !text.is_empty())
        .collect();
    texts.join(" — ")
}
