//! Rules of an allocation: the law as data.

use crate::allocation::v1 as proto;
use crate::field::{counterparts, enumeration, required, shape, within};
use election::ids::{ContestId, DistrictId};
use election::report::{Refusal, RefusalCode};
use election::rules::{
    BaseRule, CoalitionRule, ComparisonRule, ContestRules, DistrictSeats, DivisorRule,
    ExhaustedRule, QuotaRule, RescueRule, RoundingRule, StageRule, ThresholdRule, TieRule,
};
use proto::rescue::{AdmitRunnerUp, Rule};
use proto::stage::Method;

counterparts!(proto::Comparison, ComparisonRule, {
    AtLeast = AtLeast,
    MoreThan = MoreThan,
});

counterparts!(proto::ThresholdBase, BaseRule, {
    ListVotes = ListVotes,
    ValidVotes = ValidVotes,
    ValidAndAgainstAll = ValidAndAgainstAll,
    BallotsInBox = BallotsInBox,
    BallotsIssued = BallotsIssued,
});

counterparts!(proto::Quota, QuotaRule, {
    Hare = Hare,
    Droop = Droop,
    HagenbachBischoff = HagenbachBischoff,
    Imperiali = Imperiali,
});

counterparts!(proto::Rounding, RoundingRule, {
    Exact = Exact,
    Down = Down,
    DownPlusOne = DownPlusOne,
    Nearest = Nearest,
    Up = Up,
});

counterparts!(proto::Divisors, DivisorRule, {
    DHondt = DHondt,
    SainteLague = SainteLague,
    ModifiedSainteLague = ModifiedSainteLague,
    Danish = Danish,
    Imperiali = Imperiali,
    Adams = Adams,
    Dean = Dean,
    HuntingtonHill = HuntingtonHill,
    Power = Power,
});

counterparts!(proto::Exhausted, ExhaustedRule, {
    NextList = NextList,
    StaysEmpty = StaysEmpty,
});

counterparts!(proto::TieBreak, TieRule, {
    EarlierRegistration = EarlierRegistration,
    MoreVotes = MoreVotes,
    Lot = Lot,
});

/// The rules of a contest in one district of so many seats. The message names neither: the caller does.
///
/// # Errors
/// What the domain cannot hold. What the rules mean is asked later.
pub fn contest_rules(
    rules: proto::AllocationRules,
    contest: ContestId,
    district: DistrictId,
    seats: u32,
) -> Result<ContestRules, Refusal> {
    let proto::AllocationRules {
        threshold,
        stages,
        rescue,
        exhausted,
        ties,
    } = rules;
    let stages = stages.into_iter().enumerate();
    let stages = stages.map(|(place, stage)| {
        stage
            .try_into()
            .map_err(within(format_args!("stages[{place}]")))
    });
    let ties = ties
        .into_iter()
        .enumerate()
        .map(|(place, tie)| enumeration(&format!("ties[{place}]"), tie));
    Ok(ContestRules {
        id: contest,
        districts: vec![DistrictSeats {
            id: district,
            seats,
        }],
        threshold: threshold
            .map(|given| given.try_into().map_err(within("threshold")))
            .transpose()?,
        stages: stages.collect::<Result<_, _>>()?,
        rescue: rescue
            .map(|given| given.try_into().map_err(within("rescue")))
            .transpose()?,
        exhausted: or_default("exhausted", exhausted)?,
        ties: ties.collect::<Result<_, _>>()?,
    })
}

impl From<&ContestRules> for proto::AllocationRules {
    fn from(rules: &ContestRules) -> Self {
        let ContestRules {
            id: _,
            districts: _,
            threshold,
            stages,
            rescue,
            exhausted,
            ties,
        } = rules;
        Self {
            threshold: threshold.as_ref().map(Into::into),
            stages: stages.iter().map(Into::into).collect(),
            rescue: rescue.as_ref().map(Into::into),
            exhausted: proto::Exhausted::from(*exhausted).into(),
            ties: ties
                .iter()
                .map(|tie| proto::TieBreak::from(*tie).into())
                .collect(),
        }
    }
}

impl TryFrom<proto::Threshold> for ThresholdRule {
    type Error = Refusal;

    fn try_from(threshold: proto::Threshold) -> Result<Self, Refusal> {
        let proto::Threshold {
            share,
            comparison,
            base,
            minorities_exempt,
            coalitions,
        } = threshold;
        let coalitions = coalitions
            .into_iter()
            .enumerate()
            .map(|(place, coalition)| {
                let proto::CoalitionShare { parties, share } = coalition;
                let share = fraction("share", share)
                    .map_err(within(format_args!("coalitions[{place}]")))?;
                Ok(CoalitionRule { parties, share })
            });
        Ok(Self {
            share: fraction("share", share)?,
            comparison: or_default("comparison", comparison)?,
            base: enumeration("base", base)?,
            minorities_exempt,
            coalitions: coalitions.collect::<Result<_, Refusal>>()?,
        })
    }
}

impl From<&ThresholdRule> for proto::Threshold {
    fn from(threshold: &ThresholdRule) -> Self {
        let ThresholdRule {
            share,
            comparison,
            base,
            minorities_exempt,
            coalitions,
        } = threshold;
        let coalitions =
            coalitions
                .iter()
                .map(|CoalitionRule { parties, share }| proto::CoalitionShare {
                    parties: *parties,
                    share: Some(fraction_message(*share)),
                });
        Self {
            share: Some(fraction_message(*share)),
            comparison: proto::Comparison::from(*comparison).into(),
            base: proto::ThresholdBase::from(*base).into(),
            minorities_exempt: *minorities_exempt,
            coalitions: coalitions.collect(),
        }
    }
}

impl TryFrom<proto::Stage> for StageRule {
    type Error = Refusal;

    fn try_from(stage: proto::Stage) -> Result<Self, Refusal> {
        let proto::Stage { method } = stage;
        match required("method", method)? {
            Method::LargestRemainder(proto::LargestRemainder { quota, rounding }) => {
                let rounding =
                    (rounding != 0).then(|| enumeration("largest_remainder.rounding", rounding));
                let quota = enumeration("largest_remainder.quota", quota)?;
                Ok(Self::LargestRemainder {
                    quota,
                    rounding: rounding.transpose()?,
                })
            }
            Method::HighestAverages(proto::HighestAverages {
                divisors,
                first,
                exponent,
            }) => {
                let optional = |field: &str, given: Option<proto::Fraction>| {
                    given.map(|given| fraction(field, Some(given))).transpose()
                };
                Ok(Self::HighestAverages {
                    divisors: enumeration("highest_averages.divisors", divisors)?,
                    first: optional("highest_averages.first", first)?,
                    exponent: optional("highest_averages.exponent", exponent)?,
                })
            }
        }
    }
}

impl From<&StageRule> for proto::Stage {
    fn from(stage: &StageRule) -> Self {
        let method = match stage {
            StageRule::LargestRemainder { quota, rounding } => {
                Method::LargestRemainder(proto::LargestRemainder {
                    quota: proto::Quota::from(*quota).into(),
                    rounding: rounding
                        .map_or(proto::Rounding::Unspecified, Into::into)
                        .into(),
                })
            }
            StageRule::HighestAverages {
                divisors,
                first,
                exponent,
            } => Method::HighestAverages(proto::HighestAverages {
                divisors: proto::Divisors::from(*divisors).into(),
                first: first.map(fraction_message),
                exponent: exponent.map(fraction_message),
            }),
        };
        Self {
            method: Some(method),
        }
    }
}

impl TryFrom<proto::Rescue> for RescueRule {
    type Error = Refusal;

    fn try_from(rescue: proto::Rescue) -> Result<Self, Refusal> {
        let proto::Rescue { rule } = rescue;
        match required("rule", rule)? {
            Rule::AdmitRunnerUp(AdmitRunnerUp { factor, floor }) => Ok(Self::AdmitRunnerUp {
                factor: fraction("admit_runner_up.factor", factor)?,
                floor,
            }),
        }
    }
}

impl From<&RescueRule> for proto::Rescue {
    fn from(rescue: &RescueRule) -> Self {
        let rule = match rescue {
            RescueRule::AdmitRunnerUp { factor, floor } => Rule::AdmitRunnerUp(AdmitRunnerUp {
                factor: Some(fraction_message(*factor)),
                floor: *floor,
            }),
        };
        Self { rule: Some(rule) }
    }
}

fn or_default<T: crate::field::Enumeration + Default>(
    field: &str,
    number: i32,
) -> Result<T, Refusal> {
    if number == 0 {
        Ok(T::default())
    } else {
        enumeration(field, number)
    }
}

fn fraction(field: &str, fraction: Option<proto::Fraction>) -> Result<[u64; 2], Refusal> {
    let proto::Fraction {
        numerator,
        denominator,
    } = required(field, fraction)?;
    if denominator == 0 {
        return Err(shape(
            field,
            format!("{numerator}/0"),
            "the denominator must not be 0",
        ));
    }
    if numerator.max(denominator) > u64::from(u32::MAX) {
        let rule = format!("both numbers are at most {}", u32::MAX);
        return Err(Refusal::new(
            RefusalCode::Limit,
            field,
            format!("{numerator}/{denominator}"),
            rule,
        ));
    }
    Ok([numerator, denominator])
}

fn fraction_message([numerator, denominator]: [u64; 2]) -> proto::Fraction {
    proto::Fraction {
        numerator,
        denominator,
    }
}

#[cfg(test)]
mod tests;
