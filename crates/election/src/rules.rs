//! The law as data: seats, thresholds, methods, the form's identities, and what is held.
//!
//! These are the words of the definition file; [`crate::allocation`] turns them into the terms of the allocation engine.

// tidy: long because the words of one contest's law stand together, in the order of the definition.

mod outstanding;
mod over_districts;

use crate::definition::Identity;
use crate::ids::{ContestId, DistrictId};

pub use outstanding::*;
pub use over_districts::*;

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
    /// What bounds the ballots that are still to come; missing: nothing is claimed of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outstanding: Option<OutstandingRules>,
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
    /// The chain of stages that hand out the seats of each district by itself; empty where there are `tiers` or
    /// `double_proportional`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageRule>,
    /// Who else is let in, on equal terms, when few lists pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widening: Option<WideningRule>,
    /// What happens when few lists pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescue: Option<RescueRule>,
    /// How joined lists share their seats, where the law departs from groups that repeat the chain of the house and are
    /// void unless all their lists pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apparentment: Option<ApparentmentRule>,
    /// What a list with more than half of the votes is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub majority: Option<MajorityRule>,
    /// Fewest seats of every list that takes part; 0: none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seats_min: u32,
    /// Seats beyond its votes for one list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bonus: Option<BonusRule>,
    /// Most seats of any list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats_max: Option<u32>,
    /// What becomes of seats beyond that.
    #[serde(default, skip_serializing_if = "AboveMaxRule::is_default")]
    pub above_max: AboveMaxRule,
    /// What becomes of a seat that a list has no candidate for.
    #[serde(default)]
    pub exhausted: ExhaustedRule,
    /// What breaks a tie, in this order; what is left is a tie, shown as one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<TieRule>,
    /// A house above the districts, in place of a chain for each of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiers: Option<TiersRule>,
    /// Sums of seats that are fixed for lists and districts at once, in place of a chain for each district.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub double_proportional: Option<DoubleProportionalRule>,
}

impl ContestRules {
    /// A chain for each district by itself, with nothing else.
    #[must_use]
    pub fn each_district(
        id: ContestId,
        districts: Vec<DistrictSeats>,
        stages: Vec<StageRule>,
    ) -> Self {
        Self {
            id,
            districts,
            threshold: None,
            stages,
            widening: None,
            rescue: None,
            apparentment: None,
            majority: None,
            seats_min: 0,
            bonus: None,
            seats_max: None,
            above_max: AboveMaxRule::default(),
            exhausted: ExhaustedRule::default(),
            ties: Vec::new(),
            tiers: None,
            double_proportional: None,
        }
    }

    /// Whether a minority's list is exempt from the thresholds: validation has seen to it that over all districts all of
    /// them say the same.
    #[must_use]
    pub fn exempts_minorities(&self) -> bool {
        let exempts = |threshold: &ThresholdRule| threshold.minorities_exempt;
        match self.procedure() {
            Procedure::EachDistrict => self.threshold.as_ref().is_some_and(exempts),
            Procedure::Tiers(tiers) => {
                let admissions = tiers.stages.iter().filter_map(TierStageRule::admission);
                let mut thresholds = admissions.flat_map(AdmissionRule::thresholds);
                thresholds.any(|(_, threshold)| exempts(threshold))
            }
            Procedure::DoubleProportional(double) => {
                let mut thresholds = double.quorum.thresholds();
                thresholds.any(|(_, threshold)| exempts(threshold))
            }
        }
    }

    /// How seats come to districts. Validation has seen to it that only one way is given.
    #[must_use]
    pub fn procedure(&self) -> Procedure<'_> {
        match (&self.tiers, &self.double_proportional) {
            (Some(tiers), _) => Procedure::Tiers(tiers),
            (None, Some(double)) => Procedure::DoubleProportional(double),
            (None, None) => Procedure::EachDistrict,
        }
    }

    /// Seats that are allotted by these rules: those of the districts, and those that belong to no district.
    #[must_use]
    pub fn seats(&self) -> u64 {
        let own = self
            .districts
            .iter()
            .map(|district| u64::from(district.seats));
        let further = self.tiers.as_ref().map_or(0, |tiers| tiers.further_seats);
        own.sum::<u64>() + u64::from(further)
    }
}

/// Seats of a district.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistrictSeats {
    /// The district: one of the ballot, or any id where `parts` are given.
    pub id: DistrictId,
    /// Its seats, at least 1; 0 only in tiers where all seats are those of the house (the states of Germany).
    pub seats: u32,
    /// The districts of the ballot that are one district of the law together (the constituencies of a state). Empty: the
    /// one of the same id. Only with tiers or double proportional seats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<DistrictId>,
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
    /// Whether the share is of the total divided by the seats: `[1, 1]` of it is one Hare quota.
    #[serde(default, skip_serializing_if = "is_false")]
    pub per_seat: bool,
    /// Lists of a minority need not pass.
    #[serde(default)]
    pub minorities_exempt: bool,
    /// A list with so many seats won directly need not pass. Only where the caller gives them, so not in a definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_seats_min: Option<u32>,
    /// A list with this share in one district need not pass. Only where the caller gives it, so not in a definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_one_district: Option<[u64; 2]>,
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
    /// Whole quotas alone; what they leave is for the next stage.
    WholeQuotas {
        /// Which quota.
        quota: QuotaRule,
        /// How it is rounded, where the law departs from the quota's own way.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rounding: Option<RoundingRule>,
    },
    /// Whole quotas, then largest remainders.
    LargestRemainder {
        /// Which quota.
        quota: QuotaRule,
        /// How it is rounded, where the law departs from the quota's own way.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rounding: Option<RoundingRule>,
        /// Who may win how much in this stage.
        #[serde(default, skip_serializing_if = "StageLimits::is_none")]
        limits: StageLimits,
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
        /// Who may win how much in this stage.
        #[serde(default, skip_serializing_if = "StageLimits::is_none")]
        limits: StageLimits,
    },
}

/// Who may win how much in a stage, so that it can leave seats to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageLimits {
    /// Most seats of the stage; those that are left if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats_max: Option<u32>,
    /// Most seats of a list in the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each_max: Option<u32>,
    /// The share of the stage's quota that a list needs to win a seat in it: `[3, 4]`. Largest remainders only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bar: Option<[u64; 2]>,
    /// The share of the stage's quota that must be left of a list's votes to win one more seat: `[1, 1]` for whole quotas
    /// alone, `[3, 4]` in Estonian districts. Largest remainders only; may leave seats, also in the last stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_min: Option<[u64; 2]>,
}

impl StageLimits {
    /// Whether every list may win any number of the seats that are left.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_false(value: &bool) -> bool {
    !value
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
        /// The article was read that admits the runner-up of this election at this factor; otherwise both are marked
        /// unverified too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        verified: bool,
    },
}

/// Who else is let in, on equal terms, when few lists pass.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum WideningRule {
    /// The largest of the others, until all together have more than a share of the threshold's base.
    AdmitUntil {
        /// The share that must be exceeded: `[60, 100]`.
        more_than: [u64; 2],
        /// The fewest lists.
        lists_min: u32,
    },
    /// The threshold falls in steps until enough lists pass.
    LowerBy {
        /// The step: `[1, 100]`.
        step: [u64; 2],
        /// The fewest lists.
        lists_min: u32,
    },
}

/// How joined lists share their seats.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApparentmentRule {
    /// The chain inside a group; empty: that of the house.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<StageRule>,
    /// Which lists of a group pool their votes.
    #[serde(default)]
    pub members: GroupMembersRule,
}

/// Which lists of a group pool their votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupMembersRule {
    /// All; the group is void unless each takes part by itself.
    #[default]
    AllOrVoid,
    /// Those that take part by themselves.
    ThoseThatPass,
}

/// What a list with more than half of the votes, and no more than half of the seats, is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MajorityRule {
    /// The last seat that another list won.
    TakesLastSeat,
}

/// Seats for one list beyond what its votes give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BonusRule {
    /// Who gets them, of the lists that take part.
    pub to: BonusToRule,
    /// How many: a number. One of `seats`, `share` and `more_than_half`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u32>,
    /// How many: a share of the house, `[60, 100]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<[u64; 2]>,
    /// How a share becomes a whole number; down if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<RoundingRule>,
    /// How many: one more than half of the house.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more_than_half: bool,
    /// Whether seats by votes count towards them.
    pub counting: BonusCountingRule,
    /// The share of all list votes that the list needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes_min: Option<[u64; 2]>,
    /// No bonus where another list has more than this share of all list votes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others_max: Option<[u64; 2]>,
}

/// Who gets a bonus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BonusToRule {
    /// The list with the most votes.
    MostVotes,
    /// The list with more than half of the votes of those that take part.
    MoreThanHalf,
    /// The list that won the office that goes with it. Only where the caller says which, so not in a definition.
    Office,
}

/// Whether seats by votes count towards a bonus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BonusCountingRule {
    /// No: it is set aside, and the chain shares out the rest of the house among all.
    Beside,
    /// Yes: the list holds so many before the chain begins.
    Least,
}

/// What becomes of seats beyond the most that a list may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AboveMaxRule {
    /// They go on in the same method.
    #[default]
    NextList,
    /// The list leaves with the most it may have, and the others share the rest anew.
    SharedAnew,
}

impl AboveMaxRule {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
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
