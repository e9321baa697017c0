//! Rules over all districts: messages to the words of the definition.

// tidy: long because each rule is said in both directions, next to one another.

use crate::allocation::v1 as proto;
use crate::field::{counterparts, enumeration, id, required, shape, within};
use crate::rules::stage::chain;
use crate::rules::{optional, or_default};
use election::ids::{ContestId, DistrictId};
use election::report::Refusal;
use election::rules::{
    AdmissionRule, BaseRule, CellRoundingRule, ContestRules, DistrictSeats, DoubleProportionalRule,
    QuorumRule, QuotaOfRule, RegionRule, RegionsAverageRule, SeriesRule, StageRule, SurplusRule,
    ThresholdRule, TierStageRule, TiersRule, UnitsRule, UpperRule, VotersNumbersRule,
};
use proto::districted_rules::Law;
use proto::tier_stage::Procedure;

counterparts!(proto::Surplus, SurplusRule, {
    Kept = Kept,
    KeptWithLevel = KeptWithLevel,
    Returned = Returned,
    Added = Added,
});

counterparts!(proto::QuotaUnits, UnitsRule, {
    Districts = Districts,
    Regions = Regions,
});

counterparts!(proto::QuotaVotes, QuotaOfRule, {
    TakingPart = TakingPart,
    Own = Own,
    Region = Region,
});

counterparts!(proto::VotersNumbers, VotersNumbersRule, {
    Exact = Exact,
    NearestInDistrict = NearestInDistrict,
});

counterparts!(proto::CellRounding, CellRoundingRule, {
    Standard = Standard,
    Down = Down,
});

/// The rules of a contest in these districts. The message names neither contest nor districts: the caller does.
///
/// # Errors
/// What the domain cannot hold. What the rules mean is asked later.
pub fn districted_rules(
    rules: proto::DistrictedRules,
    contest: ContestId,
    districts: Vec<DistrictSeats>,
) -> Result<ContestRules, Refusal> {
    let proto::DistrictedRules { law, ties } = rules;
    let ties = ties
        .into_iter()
        .enumerate()
        .map(|(place, tie)| enumeration(&format!("ties[{place}]"), tie));
    let mut rules = ContestRules {
        ties: ties.collect::<Result<_, _>>()?,
        ..ContestRules::each_district(contest, districts, Vec::new())
    };
    match required("law", law)? {
        Law::Tiers(given) => {
            rules.tiers = Some(given.try_into().map_err(within("tiers"))?);
        }
        Law::DoubleProportional(given) => {
            let given = given.try_into().map_err(within("double_proportional"))?;
            rules.double_proportional = Some(given);
        }
    }
    Ok(rules)
}

impl TryFrom<proto::TierRules> for TiersRule {
    type Error = Refusal;

    fn try_from(rules: proto::TierRules) -> Result<Self, Refusal> {
        let proto::TierRules {
            further_seats,
            stages,
            regions,
        } = rules;
        let stages = stages.into_iter().enumerate().map(|(place, stage)| {
            let stage = tier_stage(stage);
            stage.map_err(within(format_args!("stages[{place}]")))
        });
        let regions = regions.into_iter().enumerate().map(|(place, region)| {
            let region = self::region(region);
            region.map_err(within(format_args!("regions[{place}]")))
        });
        Ok(Self {
            further_seats,
            first_votes: None,
            stages: stages.collect::<Result<_, _>>()?,
            regions: regions.collect::<Result<_, _>>()?,
        })
    }
}

fn region(region: proto::Region) -> Result<RegionRule, Refusal> {
    let proto::Region {
        region_id,
        district_ids,
        further_seats,
        // For people: `DistrictsRequest` has it.
        name: _,
    } = region;
    let districts = district_ids.iter().enumerate();
    let districts =
        districts.map(|(place, text)| id(&format!("district_ids[{place}]"), text, DistrictId::new));
    Ok(RegionRule {
        id: id("region_id", &region_id, DistrictId::new)?,
        districts: districts.collect::<Result<_, _>>()?,
        further_seats,
    })
}

fn tier_stage(stage: proto::TierStage) -> Result<TierStageRule, Refusal> {
    let proto::TierStage { procedure } = stage;
    Ok(match required("procedure", procedure)? {
        Procedure::Districts(proto::DistrictsStage { admission, chain }) => {
            TierStageRule::Districts {
                admission: admitted(admission).map_err(within("districts.admission"))?,
                chain: self::chain("districts.chain", chain)?,
            }
        }
        Procedure::Whole(proto::WholeStage {
            admission,
            chain,
            surplus,
        }) => TierStageRule::Whole {
            admission: admitted(admission).map_err(within("whole.admission"))?,
            chain: self::chain("whole.chain", chain)?,
            surplus: enumeration("whole.surplus", surplus)?,
        },
        Procedure::GiveBack(stage) => {
            let proto::SeriesStage {
                series,
                district_seats_min,
            } = stage;
            TierStageRule::Return {
                series: self::series(series).map_err(within("give_back"))?,
                district_seats_min,
            }
        }
        Procedure::Place(proto::PlaceStage {
            series,
            relative,
            per_district,
        }) => TierStageRule::Place {
            series: self::series(series).map_err(within("place"))?,
            relative: (relative != 0)
                .then(|| enumeration("place.relative", relative))
                .transpose()?,
            per_district,
        },
        Procedure::Regions(stage) => TierStageRule::Regions {
            series: series_of(stage).map_err(within("regions"))?,
        },
        Procedure::Inside(stage) => TierStageRule::Inside {
            series: series_of(stage).map_err(within("inside"))?,
        },
        Procedure::Shares(proto::SharesStage { chain }) => TierStageRule::Shares {
            chain: self::chain("shares.chain", chain)?,
        },
        Procedure::Cover(proto::CoverStage {}) => TierStageRule::Cover {},
        Procedure::SeatsOfDistricts(proto::SeatsOfDistrictsStage { base, chain }) => {
            TierStageRule::SeatsOfDistricts {
                base: enumeration("seats_of_districts.base", base)?,
                chain: self::chain("seats_of_districts.chain", chain)?,
            }
        }
        Procedure::Constituencies(proto::ConstituenciesStage {}) => {
            TierStageRule::Constituencies {}
        }
        Procedure::Persons(proto::PersonsStage { base }) => TierStageRule::Persons {
            base: enumeration("persons.base", base)?,
        },
        Procedure::Quotas(proto::QuotasStage {
            admission,
            chain,
            units,
            of,
            base,
        }) => TierStageRule::Quotas {
            admission: admitted(admission).map_err(within("quotas.admission"))?,
            chain: self::chain("quotas.chain", chain)?,
            units: enumeration("quotas.units", units)?,
            of: enumeration("quotas.of", of)?,
            base: (base != 0)
                .then(|| enumeration("quotas.base", base))
                .transpose()?,
        },
        Procedure::Remainders(proto::SharesStage { chain }) => TierStageRule::Remainders {
            chain: self::chain("remainders.chain", chain)?,
        },
        Procedure::Above(proto::AboveStage {}) => TierStageRule::Above {},
        Procedure::Bonus(proto::BonusStage { bonus }) => {
            let bonus = required("bonus.bonus", bonus)?.try_into();
            TierStageRule::Bonus {
                bonus: bonus.map_err(within("bonus.bonus"))?,
            }
        }
        Procedure::Majority(proto::MajorityStage {}) => TierStageRule::Majority {},
    })
}

fn admitted(admission: Option<proto::Admission>) -> Result<AdmissionRule, Refusal> {
    let proto::Admission {
        overall,
        here,
        constituencies_won,
        seats_won,
        regions_average,
    } = admission.unwrap_or_default();
    let average = |average: proto::RegionsAverage| {
        let proto::RegionsAverage { regions, base } = average;
        let base: BaseRule = enumeration("regions_average.base", base)?;
        Ok::<_, Refusal>(RegionsAverageRule { regions, base })
    };
    Ok(AdmissionRule {
        overall: threshold("overall", overall)?,
        here: threshold("here", here)?,
        constituencies_won,
        seats_won,
        regions_average: regions_average.map(average).transpose()?,
    })
}

fn threshold(
    field: &str,
    given: Option<proto::Threshold>,
) -> Result<Option<ThresholdRule>, Refusal> {
    given
        .map(|given| given.try_into().map_err(within(field)))
        .transpose()
}

fn series_of(stage: proto::SeriesStage) -> Result<SeriesRule, Refusal> {
    let proto::SeriesStage {
        series,
        district_seats_min,
    } = stage;
    if district_seats_min > 0 {
        let rule = "only where seats go back";
        return Err(shape("district_seats_min", district_seats_min, rule));
    }
    self::series(series)
}

fn series(series: Option<proto::Series>) -> Result<SeriesRule, Refusal> {
    let proto::Series { first, step } = required("series", series)?;
    let first = optional("series.first", first)?.unwrap_or([1, 1]);
    Ok(SeriesRule { first, step })
}

impl TryFrom<proto::DoubleProportionalRules> for DoubleProportionalRule {
    type Error = Refusal;

    fn try_from(rules: proto::DoubleProportionalRules) -> Result<Self, Refusal> {
        let proto::DoubleProportionalRules {
            one_district,
            overall,
            voters_numbers,
            upper,
            lower,
        } = rules;
        let upper = upper.map(|upper| {
            let proto::HighestAverages {
                divisors,
                first,
                exponent,
            } = upper;
            Ok::<_, Refusal>(UpperRule {
                divisors: enumeration("upper.divisors", divisors)?,
                first: optional("upper.first", first)?,
                exponent: optional("upper.exponent", exponent)?,
            })
        });
        Ok(Self {
            quorum: QuorumRule {
                one_district: threshold("one_district", one_district)?,
                overall: threshold("overall", overall)?,
            },
            voters_numbers: or_default("voters_numbers", voters_numbers)?,
            upper: upper.transpose()?.unwrap_or_default(),
            lower: or_default("lower", lower)?,
        })
    }
}

/// What the message cannot say, of rules that a definition or a profile has.
///
/// # Errors
/// Rules under which each district hands out its own seats.
pub fn districted_message(rules: &ContestRules) -> Result<proto::DistrictedRules, Refusal> {
    let law = match (&rules.tiers, &rules.double_proportional) {
        (Some(tiers), _) => Law::Tiers(tiers.into()),
        (None, Some(double)) => Law::DoubleProportional(double.into()),
        (None, None) => {
            let rule = "rules over all districts: tiers or double_proportional";
            return Err(shape("rules", &rules.id, rule));
        }
    };
    Ok(proto::DistrictedRules {
        law: Some(law),
        ties: rules
            .ties
            .iter()
            .map(|tie| proto::TieBreak::from(*tie).into())
            .collect(),
    })
}

impl From<&TiersRule> for proto::TierRules {
    fn from(rules: &TiersRule) -> Self {
        let TiersRule {
            further_seats,
            // First votes stand in the request.
            first_votes: _,
            stages,
            regions,
        } = rules;
        let region = |region: &RegionRule| {
            let RegionRule {
                id,
                districts,
                further_seats,
            } = region;
            proto::Region {
                region_id: id.to_string(),
                district_ids: districts.iter().map(ToString::to_string).collect(),
                further_seats: *further_seats,
                name: String::new(),
            }
        };
        Self {
            further_seats: *further_seats,
            stages: stages
                .iter()
                .map(|stage| proto::TierStage {
                    procedure: Some(procedure(stage)),
                })
                .collect(),
            regions: regions.iter().map(region).collect(),
        }
    }
}

fn procedure(stage: &TierStageRule) -> Procedure {
    let stages = |chain: &[StageRule]| chain.iter().map(Into::into).collect();
    let series = |series: &SeriesRule| Some(series_message(*series));
    let series_stage = |rule: &SeriesRule| proto::SeriesStage {
        series: series(rule),
        district_seats_min: 0,
    };
    match stage {
        TierStageRule::Districts { admission, chain } => {
            Procedure::Districts(proto::DistrictsStage {
                admission: Some(admission.into()),
                chain: stages(chain),
            })
        }
        TierStageRule::Whole {
            admission,
            chain,
            surplus,
        } => Procedure::Whole(proto::WholeStage {
            admission: Some(admission.into()),
            chain: stages(chain),
            surplus: proto::Surplus::from(*surplus).into(),
        }),
        TierStageRule::Return {
            series,
            district_seats_min,
        } => Procedure::GiveBack(proto::SeriesStage {
            district_seats_min: *district_seats_min,
            ..series_stage(series)
        }),
        TierStageRule::Place {
            series: rule,
            relative,
            per_district,
        } => Procedure::Place(proto::PlaceStage {
            series: series(rule),
            relative: relative
                .map_or(proto::ThresholdBase::Unspecified, Into::into)
                .into(),
            per_district: *per_district,
        }),
        TierStageRule::Regions { series } => Procedure::Regions(series_stage(series)),
        TierStageRule::Inside { series } => Procedure::Inside(series_stage(series)),
        TierStageRule::Shares { chain } => Procedure::Shares(proto::SharesStage {
            chain: stages(chain),
        }),
        TierStageRule::Cover {} => Procedure::Cover(proto::CoverStage {}),
        TierStageRule::SeatsOfDistricts { base, chain } => {
            Procedure::SeatsOfDistricts(proto::SeatsOfDistrictsStage {
                base: proto::ThresholdBase::from(*base).into(),
                chain: stages(chain),
            })
        }
        TierStageRule::Constituencies {} => {
            Procedure::Constituencies(proto::ConstituenciesStage {})
        }
        TierStageRule::Persons { base } => Procedure::Persons(proto::PersonsStage {
            base: proto::ThresholdBase::from(*base).into(),
        }),
        TierStageRule::Quotas {
            admission,
            chain,
            units,
            of,
            base,
        } => Procedure::Quotas(proto::QuotasStage {
            admission: Some(admission.into()),
            chain: stages(chain),
            units: proto::QuotaUnits::from(*units).into(),
            of: proto::QuotaVotes::from(*of).into(),
            base: base
                .map_or(proto::ThresholdBase::Unspecified, Into::into)
                .into(),
        }),
        TierStageRule::Remainders { chain } => Procedure::Remainders(proto::SharesStage {
            chain: stages(chain),
        }),
        TierStageRule::Above {} => Procedure::Above(proto::AboveStage {}),
        TierStageRule::Bonus { bonus } => Procedure::Bonus(proto::BonusStage {
            bonus: Some(bonus.into()),
        }),
        TierStageRule::Majority {} => Procedure::Majority(proto::MajorityStage {}),
    }
}

fn series_message(SeriesRule { first, step }: SeriesRule) -> proto::Series {
    let [numerator, denominator] = first;
    proto::Series {
        first: Some(proto::Fraction {
            numerator,
            denominator,
        }),
        step,
    }
}

impl From<&AdmissionRule> for proto::Admission {
    fn from(admission: &AdmissionRule) -> Self {
        let AdmissionRule {
            overall,
            here,
            constituencies_won,
            seats_won,
            regions_average,
        } = admission;
        Self {
            overall: overall.as_ref().map(Into::into),
            here: here.as_ref().map(Into::into),
            constituencies_won: *constituencies_won,
            seats_won: *seats_won,
            regions_average: regions_average.map(|RegionsAverageRule { regions, base }| {
                proto::RegionsAverage {
                    regions,
                    base: proto::ThresholdBase::from(base).into(),
                }
            }),
        }
    }
}

impl From<&DoubleProportionalRule> for proto::DoubleProportionalRules {
    fn from(rules: &DoubleProportionalRule) -> Self {
        let DoubleProportionalRule {
            quorum:
                QuorumRule {
                    one_district,
                    overall,
                },
            voters_numbers,
            upper:
                UpperRule {
                    divisors,
                    first,
                    exponent,
                },
            lower,
        } = rules;
        let fraction = |[numerator, denominator]: [u64; 2]| proto::Fraction {
            numerator,
            denominator,
        };
        Self {
            one_district: one_district.as_ref().map(Into::into),
            overall: overall.as_ref().map(Into::into),
            voters_numbers: proto::VotersNumbers::from(*voters_numbers).into(),
            upper: Some(proto::HighestAverages {
                divisors: proto::Divisors::from(*divisors).into(),
                first: first.map(fraction),
                exponent: exponent.map(fraction),
            }),
            lower: proto::CellRounding::from(*lower).into(),
        }
    }
}
