//! A recorded night: a definition, and what was reported in the order in which it came.
//!
//! Nights come from a [`mod@file`] of reports (JSON lines or CSV), from the folders of two real elections
//! ([`israel24`], [`russia2007`]), or are invented for the demonstration ([`almaty`]).

pub mod almaty;
pub mod file;
pub mod israel24;
pub mod russia2007;
pub mod shuffle;

use election::counts::Counter;
use election::definition::{Ballot, Definition, Hash};
use election::ids::{ContestId, CountingGroupId, UnitId};
use election::report::{Attribution, Report, ReportKind, TallyKey};
use election::submission::Submission;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What happens next in a night.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A report comes in.
    Submit(Submission),
    /// A tally is withdrawn.
    Withdraw {
        /// Whose.
        key: TallyKey,
        /// The tombstone's version.
        version: u32,
        /// Who and why.
        attribution: Attribution,
    },
    /// A moment at which the seats are known from elsewhere.
    Checkpoint(Checkpoint),
}

/// A moment of the night at which the seats are known from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// What it is called.
    pub label: String,
    /// Seats by option id; a list that is missing has none.
    pub seats: BTreeMap<String, u32>,
}

/// A step with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedStep {
    /// Seconds since 1970, where the night has times: they set the pace of a replay.
    pub time_unix_s: Option<i64>,
    /// The line of the file that says so, from 1, where the night is such a file.
    pub line: Option<u64>,
    /// What happens.
    pub step: Step,
}

/// The steps of a night, one after the other: a night may be larger than memory.
pub type Steps = Box<dyn Iterator<Item = Result<TimedStep, NightError>> + Send>;

/// A recorded night.
pub struct Night {
    /// What is voted on.
    pub definition: Definition,
    /// How many steps there are, where that is known beforehand.
    pub step_count: Option<u64>,
    /// What happens.
    pub steps: Steps,
}

impl std::fmt::Debug for Night {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let election = &self.definition.ballot.election;
        f.debug_struct("Night")
            .field("election", election)
            .field("step_count", &self.step_count)
            .finish_non_exhaustive()
    }
}

/// Why a night cannot be read. Each names the place.
#[derive(Debug, thiserror::Error)]
pub enum NightError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{path}, line {line}: {what}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong and what would be right.
        what: String,
    },
    /// The name says nothing that is known of what is in the file.
    #[error("{path}: the name must end in .jsonl or .csv, or in one of these and .gz")]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// The definition is refused.
    #[error("the definition is refused: {0}")]
    Definition(#[from] election::report::Refusal),
}

impl NightError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn line(path: &Path, line: u64, what: impl Into<String>) -> Self {
        Self::Line {
            path: path.to_owned(),
            line,
            what: what.into(),
        }
    }
}

/// The hash that reports of this ballot name.
pub fn ballot_hash(ballot: &Ballot) -> Hash {
    Hash::of(election::bytes::part_text(ballot).as_bytes())
}

/// What is the same in all reports of a night with one contest and one counting group.
#[derive(Debug, Clone)]
pub(crate) struct ReportForm {
    pub contest: ContestId,
    pub counting_group: CountingGroupId,
    pub ballot_hash: Hash,
}

impl ReportForm {
    /// Of the first contest and the first counting group.
    pub fn of(ballot: &Ballot) -> Option<Self> {
        Some(Self {
            contest: ballot.contests.first()?.id.clone(),
            counting_group: ballot.counting_groups.first()?.clone(),
            ballot_hash: ballot_hash(ballot),
        })
    }

    /// The key of a unit's tally.
    pub fn key(&self, unit: UnitId) -> TallyKey {
        TallyKey {
            unit,
            contest: self.contest.clone(),
            counting_group: self.counting_group.clone(),
        }
    }

    /// A report of a unit: votes in the order of the ballot.
    pub fn report(
        &self,
        unit: UnitId,
        version: u32,
        kind: ReportKind,
        votes: &[u64],
        form: Vec<(Counter, u64)>,
        attribution: Option<Attribution>,
    ) -> Report {
        Report {
            key: self.key(unit),
            version,
            kind,
            ballot_hash: self.ballot_hash,
            votes: (0_u32..).zip(votes.iter().copied()).collect(),
            form,
            attribution,
        }
    }
}

/// Opens a file for reading; one that ends in `.gz` is unpacked on the way.
pub(crate) fn open(path: &Path) -> Result<Box<dyn std::io::Read + Send>, NightError> {
    let file = std::fs::File::open(path).map_err(NightError::io(path))?;
    let buffered = std::io::BufReader::with_capacity(1 << 18, file);
    if path.extension().is_some_and(|extension| extension == "gz") {
        return Ok(Box::new(flate2::bufread::MultiGzDecoder::new(buffered)));
    }
    Ok(Box::new(buffered))
}
