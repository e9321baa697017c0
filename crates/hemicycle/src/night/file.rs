//! A recorded night as a file of reports: JSON lines (`.jsonl`) or CSV (`.csv`), each also packed (`.gz`), read line by
//! line. `docs/replay.md` documents both.
//!
//! Votes are keyed by option id and never by position (F13). A number that is not there is missing, not zero (F12).

mod once_each;
mod table;
#[cfg(test)]
mod tests;

use self::once_each::once_each;
use super::{Checkpoint, Night, NightError, Step, Steps, TimedStep, ballot_hash};
use election::counts::Counter;
use election::definition::{Definition, Hash};
use election::ids::{ContestId, CountingGroupId, UnitId};
use election::report::{Attribution, Report, ReportKind, TallyKey, TurnoutReport};
use election::submission::Submission;
use election::toml_text::in_plain_words;
use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Reads a night's definition (TOML) and opens its file of reports.
///
/// # Errors
///
/// What cannot be read; the lines of the reports fail one by one.
pub fn read(definition: &Path, reports: &Path) -> Result<Night, NightError> {
    let text = std::fs::read_to_string(definition).map_err(NightError::io(definition))?;
    let definition = Definition::from_toml(&text)?;
    let steps = steps(&definition, reports, Naming::Optional)?;
    Ok(Night {
        definition,
        step_count: None,
        steps,
    })
}

/// Whether a file has to say of which election it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It comes with its definition.
    Optional,
    /// It goes to an election that is asked for by its id: a file of the last one, whose stations and lists have the same
    /// ids, would be counted (F25).
    Required,
}

/// Opens a file of reports of a defined election.
///
/// # Errors
///
/// A file that cannot be opened, or a name that ends neither in `.jsonl` nor in `.csv` (nor these with `.gz`).
pub fn steps(definition: &Definition, path: &Path, naming: Naming) -> Result<Steps, NightError> {
    let names = Arc::new(Names::of(definition, naming));
    let plain = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("")
        .trim_end_matches(".gz");
    let source = super::open(path)?;
    if plain.ends_with(".jsonl") {
        return Ok(Box::new(json_lines(
            path.to_owned(),
            std::io::BufReader::new(source),
            names,
        )));
    }
    if plain.ends_with(".csv") {
        return table::lines(path.to_owned(), source, names);
    }
    Err(NightError::Name {
        path: path.to_owned(),
    })
}

// What the definition calls things, by name.
struct Names {
    election: String,
    // Whether a line has named it, or none need.
    is_named: AtomicBool,
    ballot_hash: Hash,
    contests: Vec<ContestId>,
    counting_groups: Vec<CountingGroupId>,
    unit_districts: HashMap<UnitId, usize>,
    // contest, then district, then option id.
    options: Vec<Vec<HashMap<String, u32>>>,
}

impl Names {
    fn of(definition: &Definition, naming: Naming) -> Self {
        let ballot = &definition.ballot;
        let district_of = |id: &str| election::tally::district_index(ballot, id).unwrap_or(0);
        let units = definition.register.units.iter();
        let contests = ballot.contests.iter().map(|contest| {
            let districts = contest.districts.iter().map(|district| {
                (0_u32..)
                    .zip(&district.options)
                    .map(|(index, option)| (option.id.to_string(), index))
                    .collect()
            });
            districts.collect()
        });
        Self {
            election: ballot.election.to_string(),
            is_named: AtomicBool::new(naming == Naming::Optional),
            ballot_hash: ballot_hash(ballot),
            contests: ballot
                .contests
                .iter()
                .map(|contest| contest.id.clone())
                .collect(),
            counting_groups: ballot.counting_groups.clone(),
            unit_districts: units
                .map(|unit| (unit.id.clone(), district_of(unit.district.as_str())))
                .collect(),
            options: contests.collect(),
        }
    }

    fn step(&self, line: Line) -> Result<Step, String> {
        if let Some(election) = line
            .election
            .as_ref()
            .filter(|election| **election != self.election)
        {
            return Err(format!(
                "election: {election:?}: this file is of another election, not of {:?}",
                self.election
            ));
        }
        if line.election.is_some() {
            self.is_named.store(true, Ordering::Relaxed);
        } else if !self.is_named.load(Ordering::Relaxed) {
            return Err(format!(
                "election: is missing: the first line says of which election the file is, here {:?}",
                self.election
            ));
        }
        if let Some(label) = line.checkpoint {
            return Ok(Step::Checkpoint(Checkpoint {
                label,
                seats: line.seats,
            }));
        }
        let unit = line.unit.as_deref().ok_or("unit: is missing")?;
        let unit = UnitId::new(unit).map_err(|error| format!("unit: {unit:?}: {error}"))?;
        let attribution = match (line.by, line.reason) {
            (Some(by), Some(reason)) => Some(Attribution { by, reason }),
            (None, None) => None,
            _ => {
                return Err(String::from(
                    "by, reason: one is there without the other; who and why belong together",
                ));
            }
        };
        let version = line.version.ok_or(
            "version: is missing: the first report of a unit has version 1, a later one a higher",
        )?;
        if let Some(ballots_issued) = line.ballots_issued {
            if !line.votes.is_empty() || !line.form.is_empty() || line.kind.is_some() {
                return Err(String::from(
                    "ballots_issued: a turnout report has no votes, form or kind; give each a line",
                ));
            }
            return Ok(Step::Submit(Submission::Turnout(TurnoutReport {
                unit,
                version,
                ballots_issued,
                is_final: line.is_final,
                attribution,
            })));
        }
        if line.is_final {
            return Err(String::from(
                "is_final: belongs to a turnout report, which has ballots_issued",
            ));
        }
        let (contest, contest_index) = self.contest(line.contest.as_deref())?;
        let key = TallyKey {
            unit,
            contest,
            counting_group: self.counting_group(line.counting_group.as_deref())?,
        };
        if line.kind.as_deref() == Some("withdraw") {
            let attribution =
                attribution.ok_or("by, reason: a withdrawal must say who ordered it and why")?;
            return Ok(Step::Withdraw {
                key,
                version,
                attribution,
            });
        }
        let kind = line.kind.as_deref().unwrap_or("full");
        let kind = ReportKind::from_name(kind).ok_or_else(|| {
            let known: Vec<&str> = ReportKind::ALL.iter().map(|kind| kind.name()).collect();
            format!("kind: {kind:?} is none of {}, withdraw", known.join(", "))
        })?;
        let district = self.unit_districts.get(&key.unit).copied();
        let options = &self.options[contest_index][district.unwrap_or(0)];
        let votes = line.votes.iter().filter_map(|(option, votes)| {
            match options.get(option) {
                Some(index) => Some(Ok((*index, *votes))),
                // A unit that is not known is refused by itself, whatever its ballot may be.
                None if district.is_none() => None,
                None => Some(Err(format!(
                    "votes: {option:?} is not on this unit's ballot"
                ))),
            }
        });
        let form = line.form.iter().map(|(name, value)| {
            let counter = Counter::from_name(name).ok_or_else(|| {
                let known: Vec<&str> = Counter::ALL.iter().map(|counter| counter.name()).collect();
                format!(
                    "form: {name:?} is no counter; known are {}",
                    known.join(", ")
                )
            })?;
            Ok((counter, *value))
        });
        Ok(Step::Submit(Submission::Report(Report {
            key,
            version,
            kind,
            ballot_hash: self.ballot_hash,
            votes: in_ballot_order(votes.collect::<Result<_, String>>()?),
            form: form.collect::<Result<_, String>>()?,
            attribution,
        })))
    }

    fn contest(&self, id: Option<&str>) -> Result<(ContestId, usize), String> {
        match (id, self.contests.as_slice()) {
            (None, [only]) => Ok((only.clone(), 0)),
            (None, _) => Err(String::from(
                "contest: is missing, and the election has several",
            )),
            (Some(id), contests) => {
                let place = contests.iter().position(|contest| contest.as_str() == id);
                place
                    .map(|place| (contests[place].clone(), place))
                    .ok_or_else(|| format!("contest: {id:?} is not one of the election's"))
            }
        }
    }

    fn counting_group(&self, id: Option<&str>) -> Result<CountingGroupId, String> {
        match (id, self.counting_groups.as_slice()) {
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(String::from(
                "counting_group: is missing, and the election has several",
            )),
            (Some(id), groups) => {
                let group = groups.iter().find(|group| group.as_str() == id).cloned();
                group.ok_or_else(|| format!("counting_group: {id:?} is not one of the election's"))
            }
        }
    }
}

// As a clerk reads the ballot: a refusal names a place in this order.
fn in_ballot_order(mut votes: Vec<(u32, u64)>) -> Vec<(u32, u64)> {
    votes.sort_unstable();
    votes
}

// One line of either format.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    time: Option<jiff::Timestamp>,
    #[serde(default)]
    election: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    contest: Option<String>,
    #[serde(default)]
    counting_group: Option<String>,
    #[serde(default)]
    version: Option<u32>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default, deserialize_with = "once_each")]
    votes: BTreeMap<String, u64>,
    #[serde(default, deserialize_with = "once_each")]
    form: BTreeMap<String, u64>,
    #[serde(default)]
    by: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    ballots_issued: Option<u64>,
    #[serde(default)]
    is_final: bool,
    #[serde(default)]
    checkpoint: Option<String>,
    #[serde(default)]
    seats: BTreeMap<String, u32>,
}

fn json_lines(
    path: PathBuf,
    source: impl BufRead + Send + 'static,
    names: Arc<Names>,
) -> impl Iterator<Item = Result<TimedStep, NightError>> + Send {
    let numbered = (1_u64..).zip(source.lines());
    numbered.filter_map(move |(number, text)| {
        let text = match text {
            Ok(text) => text,
            Err(error) => return Some(Err(NightError::line(&path, number, error.to_string()))),
        };
        // Some programs begin a file with a mark of its encoding.
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return None;
        }
        let step = one_line(text).and_then(|line| timed(&names, number, line));
        Some(step.map_err(|what| NightError::line(&path, number, what)))
    })
}

/// The one object of a line. What stands behind it may be a report whose line was lost: it is never passed over.
fn one_line(text: &str) -> Result<Line, String> {
    if !text.starts_with('{') {
        return Err("a line is one JSON object, from { to }".to_owned());
    }
    let mut source = serde_json::Deserializer::from_str(text);
    let line = serde_path_to_error::deserialize(&mut source)
        .map_err(|error| in_plain_words(&error.to_string()))?;
    match source.end() {
        Ok(()) => Ok(line),
        Err(error) => Err(format!(
            "something stands behind the object, at column {}: each has a line of its own",
            error.column()
        )),
    }
}

fn timed(names: &Names, number: u64, line: Line) -> Result<TimedStep, String> {
    let time_unix_s = line.time.map(|time| time.as_second());
    let step = names.step(line)?;
    Ok(TimedStep {
        time_unix_s,
        line: Some(number),
        step,
    })
}
