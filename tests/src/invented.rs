//! A small invented election: one contest, one city, so many stations and lists.

use std::fmt::Write as _;

use election::counts::{COUNT_MAX, Counter};
use election::definition::{Definition, Hash};
use election::ids::{ContestId, CountingGroupId, ElectionId, UnitId};
use election::report::{Attribution, Report, ReportKind, TallyKey, TurnoutReport};
use election::submission::Submission;
use hemicycle::night::ballot_hash;

/// Seats of the city.
pub const SEATS: u32 = 10;
/// Voters on the roll of each station.
pub const ROLL: u32 = 1_000;

/// A definition with what is needed to report against it.
#[derive(Debug, Clone)]
pub struct Invented {
    /// Stations `u0`, `u1`, ... and lists `o0`, `o1`, ...
    pub definition: Definition,
    /// What reports must name.
    pub ballot_hash: Hash,
}

impl Invented {
    /// So many stations and lists: Hare, largest remainders, no threshold. Votes must be as many as valid ballots.
    pub fn new(election: &str, stations: usize, lists: usize) -> Self {
        let mut text = format!(
            "[ballot]\nelection = \"{election}\"\nis_test = true\n[[ballot.contests]]\nid = \"list\"\n\
             [[ballot.contests.districts]]\nid = \"city\"\noptions = ["
        );
        let written = (0..lists).try_for_each(|list| write!(text, "{{ id = \"o{list}\" }}, "));
        written.expect("text can be written to");
        let _ = write!(
            text,
            "]\n[rules]\nhouse_size = {SEATS}\n[[rules.contests]]\nid = \"list\"\n\
             districts = [{{ id = \"city\", seats = {SEATS} }}]\nties = [\"lot\"]\n\
             stages = [{{ method = \"largest-remainder\", quota = \"hare\" }}]\n\
             [rules.form]\nidentities = [{{ left = [\"votes\"], right = [\"valid\"] }}]\n[register]\nunits = [\n"
        );
        for station in 0..stations {
            let _ = writeln!(
                text,
                "{{ id = \"u{station}\", district = \"city\", roll = {ROLL} }},"
            );
        }
        text.push_str("]\n");
        let definition = Definition::from_toml(&text).expect("the invented definition is sound");
        let ballot_hash = ballot_hash(&definition.ballot);
        Self {
            definition,
            ballot_hash,
        }
    }

    /// The election's id.
    pub fn election(&self) -> &ElectionId {
        &self.definition.ballot.election
    }

    /// The key of a station's tally.
    pub fn key(&self, station: usize) -> TallyKey {
        TallyKey {
            unit: unit(station),
            contest: ContestId::new("list").expect("an id"),
            counting_group: CountingGroupId::new("all").expect("an id"),
        }
    }

    /// A full report of a station, with as many valid ballots as votes.
    pub fn report(&self, station: usize, version: u32, votes: &[u64]) -> Report {
        let valid = votes
            .iter()
            .try_fold(0_u64, |sum, votes| sum.checked_add(*votes));
        Report {
            key: self.key(station),
            version,
            kind: ReportKind::Full,
            ballot_hash: self.ballot_hash,
            votes: (0_u32..).zip(votes.iter().copied()).collect(),
            // A form has no room for a number that no station can have.
            form: valid
                .filter(|valid| *valid <= COUNT_MAX)
                .map(|valid| (Counter::Valid, valid))
                .into_iter()
                .collect(),
            attribution: None,
        }
    }

    /// The same as a submission.
    pub fn full(&self, station: usize, version: u32, votes: &[u64]) -> Submission {
        Submission::Report(self.report(station, version, votes))
    }

    /// A correction, with who and why.
    pub fn correction(&self, station: usize, version: u32, votes: &[u64]) -> Submission {
        Submission::Report(Report {
            kind: ReportKind::Correction,
            attribution: Some(attribution()),
            ..self.report(station, version, votes)
        })
    }

    /// Ballots issued at a station.
    pub fn turnout(&self, station: usize, version: u32, ballots_issued: u64) -> Submission {
        Submission::Turnout(TurnoutReport {
            unit: unit(station),
            version,
            ballots_issued,
            is_final: false,
            attribution: None,
        })
    }
}

/// A station's id.
pub fn unit(station: usize) -> UnitId {
    UnitId::new(&format!("u{station}")).expect("an id")
}

/// Who ordered it, and why.
pub fn attribution() -> Attribution {
    Attribution {
        by: "Commission No 3".into(),
        reason: "rows swapped in the protocol".into(),
    }
}
