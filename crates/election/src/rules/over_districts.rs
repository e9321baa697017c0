//! Rules of contests whose districts hang together: a house above them, or sums that are fixed for lists and districts.
//!
//! What the stages do is in [`apportionment::tiers`] and [`apportionment::double_proportional`], whose words these are.

use super::{BaseRule, BonusRule, DivisorRule, StageRule, ThresholdRule, is_zero};
use crate::ids::{ContestId, DistrictId};

/// How seats come to the districts of a contest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Procedure<'a> {
    /// Each district hands out its own seats and knows of no other.
    EachDistrict,
    /// Stages over all districts and a house above them.
    Tiers(&'a TiersRule),
    /// Sums of seats are fixed for lists and districts at once.
    DoubleProportional(&'a DoubleProportionalRule),
}

/// A house above its districts.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TiersRule {
    /// Seats of the house that no district has as its own (Norway 19, Germany all 630).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub further_seats: u32,
    /// The contest in which persons are voted for in constituencies, each of which is a district of the ballot. A person is
    /// the option with the id of the list that put them up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_votes: Option<ContestId>,
    /// The stages in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<TierStageRule>,
    /// Regions with further seats of their own, where a stage places seats in them; each district is in one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<RegionRule>,
}

/// Districts that have further seats together.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionRule {
    /// Its id.
    pub id: DistrictId,
    /// The districts of the rules that are in it.
    pub districts: Vec<DistrictId>,
    /// Seats of the house that are placed here beyond those of the districts.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub further_seats: u32,
}

/// One procedure of a house above its districts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", tag = "stage", deny_unknown_fields)]
pub enum TierStageRule {
    /// The seats of the house are shared out among the districts by their votes (Czechia). The districts have 0 seats.
    SeatsOfDistricts {
        /// How the votes of a district are counted.
        base: BaseRule,
        /// How.
        chain: Vec<StageRule>,
    },
    /// Whoever came first in a constituency has a seat in its district.
    Constituencies {},
    /// Persons without a list, the options with the role `independent`, with as many votes as a seat of their district stands
    /// for have a seat (Estonia). It is none of those that lists share.
    Persons {
        /// How the votes of a district are counted.
        base: BaseRule,
    },
    /// Districts or regions hand out seats by quotas and leave the rest to later stages.
    Quotas {
        /// Who takes part.
        #[serde(default, skip_serializing_if = "AdmissionRule::is_none")]
        admission: AdmissionRule,
        /// How.
        chain: Vec<StageRule>,
        /// Who hands out seats.
        units: UnitsRule,
        /// What the quotas are of.
        of: QuotaOfRule,
        /// How those votes are counted; needed unless they are of the lists that take part.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<BaseRule>,
    },
    /// What `quotas` left is shared by the votes that its seats did not use up (Czechia).
    Remainders {
        /// How.
        chain: Vec<StageRule>,
    },
    /// What is due to a list beyond its seats it holds in the house, in no district.
    Above {},
    /// Seats of the house that `whole`, which follows, gives one list beyond its votes (Greece). First.
    Bonus {
        /// Who, how many, and on what condition.
        bonus: BonusRule,
    },
    /// A list with more than half of the votes and no more than half of the seats is due more than half of a house that grows
    /// (Germany). Right after `whole`.
    Majority {},
    /// Each district hands out its own seats.
    Districts {
        /// Who takes part in which district.
        #[serde(default, skip_serializing_if = "AdmissionRule::is_none")]
        admission: AdmissionRule,
        /// How, among those who take part.
        chain: Vec<StageRule>,
    },
    /// The house as one contest says what is due to each list in all.
    Whole {
        /// Who takes part.
        #[serde(default, skip_serializing_if = "AdmissionRule::is_none")]
        admission: AdmissionRule,
        /// How, among those who take part.
        chain: Vec<StageRule>,
        /// What becomes of seats beyond what is due.
        surplus: SurplusRule,
    },
    /// Seats beyond what is due go back to their districts, the smallest keys first.
    Return {
        /// The divisors of the keys.
        series: SeriesRule,
        /// Seats go back only in districts with at least so many of their own (Sweden 3).
        #[serde(default, skip_serializing_if = "is_zero")]
        district_seats_min: u32,
    },
    /// What is due to a list beyond its seats is placed in districts, the largest keys first.
    Place {
        /// The divisors of the keys.
        series: SeriesRule,
        /// Keys are divided by the district's votes for each of its own seats besides, with its votes counted so (Norway).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        relative: Option<BaseRule>,
        /// Seats that each district gets at most in this stage (Norway: one).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        per_district: Option<u32>,
    },
    /// What is due to a list beyond its seats is placed in regions. `inside` must follow.
    Regions {
        /// The divisors of the keys.
        series: SeriesRule,
    },
    /// What a region got for a list is placed in its districts.
    Inside {
        /// The divisors of the keys.
        series: SeriesRule,
    },
    /// What is due to a list is shared out among the districts by its own votes there.
    Shares {
        /// How.
        chain: Vec<StageRule>,
    },
    /// Persons who came first in their constituencies take the seats of their list in the district, the largest shares
    /// first (Germany from 2025).
    Cover {},
}

impl TierStageRule {
    /// The word that names the stage in the definition.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SeatsOfDistricts { .. } => "seats-of-districts",
            Self::Constituencies {} => "constituencies",
            Self::Persons { .. } => "persons",
            Self::Quotas { .. } => "quotas",
            Self::Remainders { .. } => "remainders",
            Self::Above {} => "above",
            Self::Bonus { .. } => "bonus",
            Self::Majority {} => "majority",
            Self::Districts { .. } => "districts",
            Self::Whole { .. } => "whole",
            Self::Return { .. } => "return",
            Self::Place { .. } => "place",
            Self::Regions { .. } => "regions",
            Self::Inside { .. } => "inside",
            Self::Shares { .. } => "shares",
            Self::Cover {} => "cover",
        }
    }

    /// Who takes part, where the stage asks for it.
    #[must_use]
    pub fn admission(&self) -> Option<&AdmissionRule> {
        match self {
            Self::Districts { admission, .. }
            | Self::Quotas { admission, .. }
            | Self::Whole { admission, .. } => Some(admission),
            Self::SeatsOfDistricts { .. }
            | Self::Constituencies {}
            | Self::Persons { .. }
            | Self::Remainders { .. }
            | Self::Above {}
            | Self::Bonus { .. }
            | Self::Majority {}
            | Self::Return { .. }
            | Self::Place { .. }
            | Self::Regions { .. }
            | Self::Inside { .. }
            | Self::Shares { .. }
            | Self::Cover {} => None,
        }
    }

    /// The chain that hands out seats inside the stage, where it has one.
    #[must_use]
    pub fn chain(&self) -> Option<&[StageRule]> {
        match self {
            Self::SeatsOfDistricts { chain, .. }
            | Self::Quotas { chain, .. }
            | Self::Remainders { chain }
            | Self::Districts { chain, .. }
            | Self::Whole { chain, .. }
            | Self::Shares { chain } => Some(chain),
            Self::Constituencies {}
            | Self::Persons { .. }
            | Self::Above {}
            | Self::Bonus { .. }
            | Self::Majority {}
            | Self::Return { .. }
            | Self::Place { .. }
            | Self::Regions { .. }
            | Self::Inside { .. }
            | Self::Cover {} => None,
        }
    }
}

/// Who hands out seats by quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitsRule {
    /// Every district its own.
    Districts,
    /// Every region those of its districts and its further seats; what its districts gave counts.
    Regions,
}

/// What quotas are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuotaOfRule {
    /// The votes of the lists that take part, over the seats of the district or region (Czechia).
    TakingPart,
    /// All its votes, over its seats (Estonia).
    Own,
    /// All votes of the region that it is in, over the seats of the region (Austria).
    Region,
}

/// Who takes part. One of the given ways is enough; with none given, a vote is enough.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmissionRule {
    /// A share of the votes of all districts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall: Option<ThresholdRule>,
    /// A share of the votes of a district, for the seats of this district only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<ThresholdRule>,
    /// This many constituencies where the list's person came first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constituencies_won: Option<u32>,
    /// This many seats won in districts in an earlier stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats_won: Option<u32>,
    /// Enough votes in so many regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions_average: Option<RegionsAverageRule>,
}

impl AdmissionRule {
    /// Whether a vote is enough.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The thresholds in it, with the names of their fields.
    pub fn thresholds(&self) -> impl Iterator<Item = (&'static str, &ThresholdRule)> {
        let named = [("overall", &self.overall), ("here", &self.here)];
        named
            .into_iter()
            .filter_map(|(name, threshold)| Some((name, threshold.as_ref()?)))
    }
}

/// At least as many votes as a seat of the region's districts stands for on average, in at least so many regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionsAverageRule {
    /// Regions, at least.
    pub regions: u32,
    /// How the votes of a region are counted for its average.
    pub base: BaseRule,
}

/// What becomes of seats that a list won in districts beyond what is due to it in the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SurplusRule {
    /// The list keeps them and leaves with all its seats; the others share the rest anew.
    Kept,
    /// The same, but lists that hold exactly what is due leave with it, and none is due more than at first (Denmark).
    KeptWithLevel,
    /// The list keeps them, and the house grows by them (New Zealand).
    Added,
    /// They go back to the districts in the stage `return`, which must follow.
    Returned,
}

/// The divisors of keys in districts: `first`, then `step + 1`, `2 * step + 1`, ...
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesRule {
    /// What votes are divided by where the list has no seat in the district yet, as a fraction; 1 if missing.
    #[serde(default = "unit", skip_serializing_if = "is_unit")]
    pub first: [u64; 2],
    /// With m seats they are divided by `step * m + 1`: 2 for 3, 5, 7, ...
    pub step: u32,
}

fn unit() -> [u64; 2] {
    [1, 1]
}

fn is_unit(fraction: &[u64; 2]) -> bool {
    *fraction == unit()
}

/// Sums of seats that are fixed for lists and districts at once ("doppelter Pukelsheim").
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoubleProportionalRule {
    /// Who takes part.
    #[serde(default, skip_serializing_if = "QuorumRule::is_none")]
    pub quorum: QuorumRule,
    /// Whether the votes of a list over the seats of the district are rounded before they are added up.
    #[serde(default)]
    pub voters_numbers: VotersNumbersRule,
    /// The divisors of the upper apportionment.
    #[serde(default)]
    pub upper: UpperRule,
    /// How a quotient of the lower apportionment becomes seats.
    #[serde(default)]
    pub lower: CellRoundingRule,
}

/// What a list needs before it takes part: one of the given shares is enough; with none given, a vote is enough.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuorumRule {
    /// The share in one district, whichever it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_district: Option<ThresholdRule>,
    /// The share in all districts together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall: Option<ThresholdRule>,
}

impl QuorumRule {
    /// Whether a vote is enough.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The thresholds in it, with the names of their fields.
    pub fn thresholds(&self) -> impl Iterator<Item = (&'static str, &ThresholdRule)> {
        let named = [
            ("one_district", &self.one_district),
            ("overall", &self.overall),
        ];
        named
            .into_iter()
            .filter_map(|(name, threshold)| Some((name, threshold.as_ref()?)))
    }
}

/// What becomes of votes divided by the seats of their district.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VotersNumbersRule {
    /// They stay fractions.
    #[default]
    Exact,
    /// Each is rounded to the nearest whole number, a half upwards, before those of a list are added up.
    NearestInDistrict,
}

/// The divisors of the upper apportionment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpperRule {
    /// Which series.
    pub divisors: DivisorRule,
    /// The first divisor of the modified series, as a fraction in whole numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<[u64; 2]>,
    /// The exponent of the power series, as a fraction in whole numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exponent: Option<[u64; 2]>,
}

impl Default for UpperRule {
    fn default() -> Self {
        Self {
            divisors: DivisorRule::SainteLague,
            first: None,
            exponent: None,
        }
    }
}

/// How votes divided by both divisors become seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellRoundingRule {
    /// To the nearest whole number. Exactly a half is a tie.
    #[default]
    Standard,
    /// Down. A whole quotient is a tie between itself and one less.
    Down,
}
