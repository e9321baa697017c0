//! Rules over all districts in the engine's terms.

use crate::allocation::{base, bonus, fraction, series, stage, threshold, ties};
use crate::rules::{
    AdmissionRule, CellRoundingRule, ContestRules, DoubleProportionalRule, Procedure, QuorumRule,
    QuotaOfRule, RegionsAverageRule, SeriesRule, StageRule, SurplusRule, TierStageRule, TiersRule,
    UnitsRule, UpperRule, VotersNumbersRule,
};
use apportionment::double_proportional::{CellRounding, DoubleProportional, VotersNumbers};
use apportionment::tiers::{
    Admission, Placement, QuotaVotes, Quotas, RegionsAverage, Returning, Series, Surplus,
    TierRules, TierStage, Units,
};
use apportionment::{ContestError, DistrictsError, Method, Quorum, Rules, Stage, ThresholdBase};

/// Rules over all districts as the engine takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistrictedRules {
    /// A house above its districts.
    Tiers(TierRules),
    /// Sums that are fixed for lists and districts at once.
    DoubleProportional(DoubleProportional),
}

impl DistrictedRules {
    /// The rules of a contest; `None`: each district hands out its own seats.
    #[must_use]
    pub fn of(law: &ContestRules) -> Option<Self> {
        match law.procedure() {
            Procedure::EachDistrict => None,
            Procedure::Tiers(rule) => Some(Self::Tiers(tiers(law, rule))),
            Procedure::DoubleProportional(rule) => {
                Some(Self::DoubleProportional(double_proportional(law, rule)))
            }
        }
    }

    /// Checks what can be told without votes: parameters, chains, the order of stages.
    ///
    /// # Errors
    /// Rules that mean nothing.
    pub fn check(&self) -> Result<(), DistrictsError> {
        match self {
            Self::Tiers(rules) => {
                rules.check()?;
                let chains = rules.stages.iter().filter_map(TierStage::chain);
                chains
                    .map(chain_rules)
                    .try_for_each(|rules| rules.check())?;
            }
            Self::DoubleProportional(rules) => rules.check()?,
        }
        Ok(())
    }
}

/// Checks one chain by itself.
pub(crate) fn check_chain(stages: &[StageRule]) -> Result<(), ContestError> {
    let stages: Vec<Stage> = stages.iter().map(stage).collect();
    chain_rules(&stages).check()
}

fn chain_rules(stages: &[Stage]) -> Rules {
    Rules {
        stages: stages.to_vec(),
        ..Rules::of(Method::D_HONDT)
    }
}

fn tiers(law: &ContestRules, rule: &TiersRule) -> TierRules {
    TierRules {
        stages: rule.stages.iter().map(tier_stage).collect(),
        ties: ties(&law.ties),
    }
}

fn chain(rules: &[StageRule]) -> Vec<Stage> {
    rules.iter().map(stage).collect()
}

fn tier_stage(rule: &TierStageRule) -> TierStage {
    match rule {
        TierStageRule::SeatsOfDistricts {
            base,
            chain: stages,
        } => TierStage::SeatsOfDistricts {
            base: self::base(*base),
            chain: chain(stages),
        },
        TierStageRule::Constituencies {} => TierStage::Constituencies,
        TierStageRule::Persons { base } => TierStage::Persons {
            base: self::base(*base),
        },
        TierStageRule::Quotas {
            admission,
            chain: stages,
            units,
            of,
            base,
        } => {
            // Validation refuses a quota of all votes without their base.
            let base = base.map_or(ThresholdBase::ListVotes, self::base);
            TierStage::Quotas(Quotas {
                admission: self::admission(admission),
                chain: chain(stages),
                units: match units {
                    UnitsRule::Districts => Units::Districts,
                    UnitsRule::Regions => Units::Regions,
                },
                of: match of {
                    QuotaOfRule::TakingPart => QuotaVotes::TakingPart,
                    QuotaOfRule::Own => QuotaVotes::Own(base),
                    QuotaOfRule::Region => QuotaVotes::Region(base),
                },
            })
        }
        TierStageRule::Remainders { chain: stages } => TierStage::Remainders {
            chain: chain(stages),
        },
        TierStageRule::Above {} => TierStage::Above,
        TierStageRule::Bonus { bonus } => TierStage::Bonus(self::bonus(bonus)),
        TierStageRule::Majority {} => TierStage::Majority,
        TierStageRule::Districts {
            admission,
            chain: stages,
        } => TierStage::Districts {
            admission: self::admission(admission),
            chain: chain(stages),
        },
        TierStageRule::Whole {
            admission,
            chain: stages,
            surplus,
        } => TierStage::Whole {
            admission: self::admission(admission),
            chain: chain(stages),
            surplus: match surplus {
                SurplusRule::Kept => Surplus::Kept,
                SurplusRule::KeptWithLevel => Surplus::KeptWithLevel,
                SurplusRule::Added => Surplus::Added,
                SurplusRule::Returned => Surplus::Returned,
            },
        },
        TierStageRule::Return {
            series,
            district_seats_min,
        } => TierStage::Return(Returning {
            series: key_series(*series),
            district_seats_min: *district_seats_min,
        }),
        TierStageRule::Place {
            series,
            relative,
            per_district,
        } => TierStage::Place(Placement {
            series: key_series(*series),
            relative: relative.map(base),
            per_district: *per_district,
        }),
        TierStageRule::Regions { series } => TierStage::Regions(key_series(*series)),
        TierStageRule::Inside { series } => TierStage::Inside(key_series(*series)),
        TierStageRule::Shares { chain: stages } => TierStage::Shares {
            chain: chain(stages),
        },
        TierStageRule::Cover {} => TierStage::Cover,
    }
}

fn admission(rule: &AdmissionRule) -> Admission {
    let AdmissionRule {
        overall,
        here,
        constituencies_won,
        seats_won,
        regions_average,
    } = rule;
    Admission {
        overall: overall.as_ref().map(threshold),
        here: here.as_ref().map(threshold),
        constituencies_won: *constituencies_won,
        seats_won: *seats_won,
        regions_average: regions_average.map(|RegionsAverageRule { regions, base }| {
            RegionsAverage {
                regions,
                base: self::base(base),
            }
        }),
    }
}

fn key_series(SeriesRule { first, step }: SeriesRule) -> Series {
    Series {
        first: fraction(first),
        step,
    }
}

fn double_proportional(law: &ContestRules, rule: &DoubleProportionalRule) -> DoubleProportional {
    let DoubleProportionalRule {
        quorum: QuorumRule {
            one_district,
            overall,
        },
        voters_numbers,
        upper: UpperRule {
            divisors,
            first,
            exponent,
        },
        lower,
    } = rule;
    DoubleProportional {
        quorum: Quorum {
            one_district: one_district.as_ref().map(threshold),
            overall: overall.as_ref().map(threshold),
        },
        voters_numbers: match voters_numbers {
            VotersNumbersRule::Exact => VotersNumbers::Exact,
            VotersNumbersRule::NearestInDistrict => VotersNumbers::NearestInDistrict,
        },
        upper: series(*divisors, *first, *exponent),
        ties: ties(&law.ties),
        lower: match lower {
            CellRoundingRule::Standard => CellRounding::Standard,
            CellRoundingRule::Down => CellRounding::Down,
        },
    }
}
