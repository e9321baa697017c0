//! What is voted on, by whom it is reported, how seats follow, and how it is shown.
//!
//! Four parts, each with its own content hash and version:
//!
//! - [`Ballot`]: contests, districts, options and their order. Frozen at the first report; the only part whose hash a
//!   report names (F24). An option's index is never reused.
//! - [`Register`]: areas and units. Units are only ever added at the end or changed in place, so a unit's index holds.
//! - [`Rules`]: seats, thresholds, methods, the form's identities, what is held.
//! - [`Presentation`]: names in languages, colours.
//!
//! The last three change by amendment events with a reason. All are written as TOML; see `docs/definition.md`.

use crate::counts::Counter;
use crate::ids::{AreaId, ContestId, CountingGroupId, DistrictId, ElectionId, OptionId, UnitId};
use crate::rules::Rules;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// The most options on the ballot of one district.
pub const OPTIONS_MAX: usize = 10_000;
/// The most options on all ballots of an election together.
pub const OPTIONS_TOTAL_MAX: usize = 100_000;
/// The most units of an election.
pub const UNITS_MAX: usize = 4_000_000;
/// The most areas of an election.
pub const AREAS_MAX: usize = 10_000;
/// The most contests of an election.
pub const CONTESTS_MAX: usize = 16;
/// The most districts of a contest.
pub const DISTRICTS_MAX: usize = 2_000;
/// The most counting groups of an election.
pub const COUNTING_GROUPS_MAX: usize = 8;
/// The longest canonical text of ballot, rules, presentation and areas together, in bytes: the event that begins a log
/// holds them, and it has to fit in one record; and twice as much has to fit in a message of 4 MiB. Enough for 10,000 lists
/// with their names.
pub const PART_BYTES_MAX: usize = 1_920 << 10;

/// SHA-256 of a part's canonical bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The four parts of a definition, as the commission writes them.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Contests, districts, options.
    pub ballot: Ballot,
    /// Areas and units.
    pub register: Register,
    /// Seats, thresholds, methods, identities, holds.
    pub rules: Rules,
    /// Names and colours.
    #[serde(default)]
    pub presentation: Presentation,
}

/// What is on the ballot papers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ballot {
    /// The election.
    pub election: ElectionId,
    /// A test or a demonstration: marked on everything that is shown. A flag of its own, never a stage.
    #[serde(default)]
    pub is_test: bool,
    /// Day of voting, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voting_day: Option<String>,
    /// How many votes a ballot paper holds.
    #[serde(default = "one")]
    pub votes_per_ballot: u32,
    /// The parts of a unit's ballots that are counted apart; usually one, "all".
    #[serde(default = "all_ballots")]
    pub counting_groups: Vec<CountingGroupId>,
    /// The questions; usually one.
    pub contests: Vec<ContestBallot>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContestBallot {
    /// Its id.
    pub id: ContestId,
    /// A ballot for each district. Every contest names the same districts in the same order.
    pub districts: Vec<DistrictBallot>,
}

/// The ballot of one district.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistrictBallot {
    /// The district.
    pub id: DistrictId,
    /// The options in the order of the paper. An option's index here is what reports name.
    pub options: Vec<BallotOption>,
}

/// What a vote can go to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BallotOption {
    /// Its id; the same list has the same id in all districts.
    pub id: OptionId,
    /// What it is.
    #[serde(default)]
    pub role: OptionRole,
    /// The order of registration, where it is known: lower is earlier. Equal or missing numbers leave a tie a tie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_number: Option<u32>,
    /// Candidates on the list on the day; missing: no limit is known. Deaths and withdrawals are events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<u32>,
    /// A minority's list, where the rules exempt it from the threshold.
    #[serde(default, skip_serializing_if = "is_false")]
    pub minority: bool,
    /// How many parties stand on it together.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub coalition_size: u32,
    /// The pair or group of connected lists that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apparentment: Option<String>,
}

/// What an option is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum OptionRole {
    /// A party list: takes part in the allocation.
    #[default]
    List,
    /// An independent candidate.
    Independent,
    /// "Against all".
    AgainstAll,
    /// A name written in by voters.
    WriteIn,
    /// Anything else that is counted.
    Other,
}

/// Where votes are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Voters entitled in all, where that is known beyond the units' rolls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub electorate: Option<u64>,
    /// The tree for showing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<Area>,
    /// What reports, in an order that never changes.
    pub units: Vec<Unit>,
}

/// A node of the tree for showing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// Its id.
    pub id: AreaId,
    /// The area that it lies in; it stands earlier in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AreaId>,
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Ids of other registers, by the register's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_ids: BTreeMap<String, String>,
}

/// What reports.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// What it is.
    #[serde(default)]
    pub kind: UnitKind,
    /// The district whose ballot it counts.
    pub district: DistrictId,
    /// Where it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<AreaId>,
    /// Voters on its roll; missing is unknown, not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll: Option<u32>,
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The counting groups that it reports; empty: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counting_groups: Vec<CountingGroupId>,
}

/// What a unit is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum UnitKind {
    /// A polling station: in everyday words, a precinct.
    #[default]
    Station = 0,
    /// A mobile ballot box.
    Mobile = 1,
    /// A hospital.
    Hospital = 2,
    /// Abroad.
    Abroad = 3,
    /// A batch of postal votes.
    PostalBatch = 4,
    /// A centre that counts (double) envelopes of voters from elsewhere.
    EnvelopeCentre = 5,
}

impl UnitKind {
    /// All of them, by number.
    pub const ALL: [Self; 6] = [
        Self::Station,
        Self::Mobile,
        Self::Hospital,
        Self::Abroad,
        Self::PostalBatch,
        Self::EnvelopeCentre,
    ];

    /// The name used in definitions and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Station => "station",
            Self::Mobile => "mobile",
            Self::Hospital => "hospital",
            Self::Abroad => "abroad",
            Self::PostalBatch => "postal-batch",
            Self::EnvelopeCentre => "envelope-centre",
        }
    }
}

/// How it is shown. Nothing here changes a number.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presentation {
    /// The election's title, by language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub title: BTreeMap<String, String>,
    /// A remark shown with everything, by language: such as what in a demonstration is invented.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notice: BTreeMap<String, String>,
    /// The time zone for showing, an IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How options are shown, by option id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<OptionId, OptionPresentation>,
    /// Names of districts, by district id, then language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub districts: BTreeMap<DistrictId, BTreeMap<String, String>>,
    /// Names of contests, by contest id, then language: where there are several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contests: BTreeMap<ContestId, BTreeMap<String, String>>,
}

/// How an option is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionPresentation {
    /// Its name, by language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub name: BTreeMap<String, String>,
    /// A few letters, of no language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_name: Option<String>,
    /// A few letters by language, where they differ from `short_name`: other scripts have other letters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub short_names: BTreeMap<String, String>,
    /// `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
}

/// One of the four parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Part {
    /// [`Ballot`].
    Ballot = 1,
    /// [`Register`].
    Register = 2,
    /// [`Rules`].
    Rules = 3,
    /// [`Presentation`].
    Presentation = 4,
}

/// One form of "left and right must agree" on the form's numbers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Terms that are added up on the left.
    pub left: Vec<Term>,
    /// How the two sides must compare.
    #[serde(default)]
    pub relation: Relation,
    /// Terms that are added up on the right.
    pub right: Vec<Term>,
}

/// How the two sides of an identity must compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Left = right.
    #[default]
    Equal,
    /// Left <= right.
    AtMost,
}

/// A number of the form: a counter, or all votes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Term {
    /// The sum of the votes of all options.
    Votes,
    /// A counter.
    Counter(Counter),
}

impl TryFrom<String> for Term {
    type Error = String;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        if name == "votes" {
            return Ok(Self::Votes);
        }
        Counter::from_name(&name).map(Self::Counter).ok_or_else(|| {
            let known: Vec<&str> = Counter::ALL.iter().map(|counter| counter.name()).collect();
            format!(
                "{name:?} is not a number of the form; known are votes, {}",
                known.join(", ")
            )
        })
    }
}

impl From<Term> for String {
    fn from(term: Term) -> Self {
        match term {
            Term::Votes => "votes".into(),
            Term::Counter(counter) => counter.name().into(),
        }
    }
}

fn one() -> u32 {
    1
}

fn is_one(number: &u32) -> bool {
    *number == 1
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn all_ballots() -> Vec<CountingGroupId> {
    CountingGroupId::new("all").into_iter().collect()
}
