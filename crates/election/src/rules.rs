//! The law as data: seats, thresholds, methods, the form's identities, and what is held.
//!
//! These are the words of the definition file; [`crate::allocation`] turns them into the terms of the allocation engine.

use crate::definition::Identity;
use crate::ids::{ContestId, DistrictId};

/// The rules of an election.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Seats of the house; it may exceed the seats that are allotted here.
    pub house_size: u32,
    /// Sources in law, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// How the votes of each contest become seats. A contest that is not named gives no seats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contests: Vec<ContestRules>,
    /// What the unit's form must satisfy.
    #[serde(default)]
    pub form: FormRules,
    /// What is held for a reviewer.
    #[serde(default)]
    pub holds: HoldRules,
}

/// How the votes of a contest become seats.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContestRules {
    /// The contest.
    pub id: ContestId,
    /// Seats of each district.
    pub districts: Vec<DistrictSeats>,
    /// Which lists take part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ThresholdRule>,
    /// The chain of stages that hand out the seats.
    pub stages: Vec<StageRule>,
    /// What happens when few lists pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescue: Option<RescueRule>,
    /// What becomes of a seat that a list has no candidate for.
    #[serde(default)]
    pub exhausted: ExhaustedRule,
    /// What breaks a tie, in this order; what is left is a tie, shown as one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<TieRule>,
}

/// Seats of a district.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistrictSeats {
    /// The district.
    pub id: DistrictId,
    /// Its seats, at least 1.
    pub seats: u32,
}

/// A share of some total that a list needs to take part.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdRule {
    /// The share as a fraction in whole numbers: `[7, 100]`.
    pub share: [u64; 2],
    /// Whether exactly the share is enough.
    #[serde(default)]
    pub comparison: ComparisonRule,
    /// The total that the share is of.
    pub base: BaseRule,
    /// Lists of a minority need not pass.
    #[serde(default)]
    pub minorities_exempt: bool,
    /// Other shares for coalitions: from this many parties on, this share. Ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coalitions: Vec<CoalitionRule>,
}

/// The share that a coalition needs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoalitionRule {
    /// From this many parties on.
    pub parties: u32,
    /// This share.
    pub share: [u64; 2],
}

/// Whether exactly the share is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComparisonRule {
    /// It is.
    #[default]
    AtLeast,
    /// It is not.
    MoreThan,
}

/// The total that a threshold is a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaseRule {
    /// Votes of all lists.
    ListVotes,
    /// Valid votes.
    ValidVotes,
    /// Valid votes and votes against all.
    ValidAndAgainstAll,
    /// Ballots in the box.
    BallotsInBox,
    /// Ballots issued.
    BallotsIssued,
}

/// One stage of the chain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", tag = "method", deny_unknown_fields)]
pub enum StageRule {
    /// Whole quotas, then largest remainders.
    LargestRemainder {
        /// Which quota.
        quota: QuotaRule,
        /// How it is rounded, where the law departs from the quota's own way.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rounding: Option<RoundingRule>,
    },
    /// Highest averages by a series of divisors.
    HighestAverages {
        /// Which series.
        divisors: DivisorRule,
        /// The first divisor of the modified series, as a fraction in whole numbers: `[14, 10]`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<[u64; 2]>,
        /// The exponent of the power series, as a fraction in whole numbers: `[9, 10]`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exponent: Option<[u64; 2]>,
    },
}

/// The quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuotaRule {
    /// V / s.
    Hare,
    /// floor(V / (s + 1)) + 1.
    Droop,
    /// V / (s + 1).
    HagenbachBischoff,
    /// V / (s + 2).
    Imperiali,
}

/// How a quota is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoundingRule {
    /// Not at all.
    Exact,
    /// Down.
    Down,
    /// Down, and one added.
    DownPlusOne,
    /// Up.
    Up,
    /// To the nearest whole number, halves up.
    Nearest,
}

/// The series of divisors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DivisorRule {
    /// 1, 2, 3, ...
    DHondt,
    /// 1, 3, 5, ...
    SainteLague,
    /// A first divisor of its own, then 3, 5, 7, ...
    ModifiedSainteLague,
    /// 1, 4, 7, ...
    Danish,
    /// 2, 3, 4, ..., halved.
    Imperiali,
    /// 0, 1, 2, ...: every first seat comes before all others.
    Adams,
    /// Harmonic means of neighbouring numbers, beginning at 0.
    Dean,
    /// Geometric means of neighbouring numbers, beginning at 0.
    HuntingtonHill,
    /// 1, 2, 3, ..., each to a power.
    Power,
}

/// What happens when few lists pass.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum RescueRule {
    /// If one list passes, the runner-up is admitted (Kazakhstan). What the law does not say is marked unverified in
    /// the result.
    AdmitRunnerUp {
        /// What the quotient is multiplied by before its whole part is taken, as a fraction: `[7, 10]`.
        factor: [u64; 2],
        /// The fewest seats of the runner-up.
        floor: u32,
    },
}

/// What becomes of a seat that a list has no candidate for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExhaustedRule {
    /// It goes on in the same method.
    #[default]
    NextList,
    /// It stays empty.
    StaysEmpty,
}

/// What breaks a tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TieRule {
    /// The list that was registered earlier; unknown or equal numbers break nothing.
    EarlierRegistration,
    /// The list with more votes.
    MoreVotes,
    /// A recorded lot.
    Lot,
}

/// What the unit's form must satisfy.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormRules {
    /// What must agree. An identity that names a counter which the report does not have is not checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<Identity>,
}

/// What is held for a reviewer, beyond broken identities.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HoldRules {
    /// A version further ahead of the counted one than this is held.
    pub version_jump_max: u32,
    /// More ballots than this share of the roll are held, as a fraction: `[1, 1]`. Supplementary rolls may need more.
    pub ballots_per_roll_max: [u64; 2],
    /// A unit is large for the warning of many zeros from this many votes on.
    pub large_unit_votes_min: u32,
}

impl Default for HoldRules {
    fn default() -> Self {
        Self {
            version_jump_max: 100,
            ballots_per_roll_max: [1, 1],
            large_unit_votes_min: 500,
        }
    }
}
