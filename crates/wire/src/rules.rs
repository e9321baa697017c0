//! Rules of an allocation: the law as data.

mod bonus;
pub(crate) mod stage;

use crate::allocation::v1 as proto;
use crate::field::{counterparts, enumeration, required, shape, within};
use election::ids::{ContestId, DistrictId};
use election::report::{Refusal, RefusalCode};
use election::rules::{
    AboveMaxRule, ApparentmentRule, BaseRule, CoalitionRule, ComparisonRule, ContestRules,
    DistrictSeats, DivisorRule, ExhaustedRule, GroupMembersRule, MajorityRule, QuotaRule,
    RescueRule, RoundingRule, ThresholdRule, TieRule, WideningRule,
};
use proto::rescue::{AdmitRunnerUp, Rule};
use proto::widening::{AdmitUntil, LowerBy, Rule as WideningMessage};
use stage::chain;

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

counterparts!(proto::GroupMembers, GroupMembersRule, {
    AllOrVoid = AllOrVoid,
    ThoseThatPass = ThoseThatPass,
});

counterparts!(proto::Majority, MajorityRule, {
    TakesLastSeat = TakesLastSeat,
});

counterparts!(proto::AboveMax, AboveMaxRule, {
    NextList = NextList,
    SharedAnew = SharedAnew,
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
        widening,
        apparentment,
        majority,
        seats_min,
        seats_max,
        bonus,
        above_max,
    } = rules;
    let ties = ties
        .into_iter()
        .enumerate()
        .map(|(place, tie)| enumeration(&format!("ties[{place}]"), tie));
    Ok(ContestRules {
        id: contest,
        districts: vec![DistrictSeats {
            id: district,
            seats,
            parts: Vec::new(),
        }],
        threshold: threshold
            .map(|given| given.try_into().map_err(within("threshold")))
            .transpose()?,
        stages: chain("stages", stages)?,
        widening: widening
            .map(|given| given.try_into().map_err(within("widening")))
            .transpose()?,
        apparentment: apparentment
            .map(|given| given.try_into().map_err(within("apparentment")))
            .transpose()?,
        majority: (majority != 0)
            .then(|| enumeration("majority", majority))
            .transpose()?,
        seats_min,
        bonus: bonus
            .map(|given| given.try_into().map_err(within("bonus")))
            .transpose()?,
        seats_max,
        above_max: or_default("above_max", above_max)?,
        rescue: rescue
            .map(|given| given.try_into().map_err(within("rescue")))
            .transpose()?,
        exhausted: or_default("exhausted", exhausted)?,
        ties: ties.collect::<Result<_, _>>()?,
        tiers: None,
        double_proportional: None,
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
            widening,
            apparentment,
            majority,
            seats_min,
            bonus,
            seats_max,
            above_max,
            // Rules over all districts have a message of their own.
            tiers: _,
            double_proportional: _,
        } = rules;
        Self {
            widening: widening.as_ref().map(Into::into),
            apparentment: apparentment.as_ref().map(Into::into),
            majority: majority
                .map_or(proto::Majority::Unspecified, Into::into)
                .into(),
            seats_min: *seats_min,
            seats_max: *seats_max,
            bonus: bonus.as_ref().map(Into::into),
            above_max: proto::AboveMax::from(*above_max).into(),
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
            per_seat,
            direct_seats_min,
            in_one_district,
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
            per_seat,
            direct_seats_min,
            in_one_district: optional("in_one_district", in_one_district)?,
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
            per_seat,
            direct_seats_min,
            in_one_district,
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
            per_seat: *per_seat,
            direct_seats_min: *direct_seats_min,
            in_one_district: in_one_district.map(fraction_message),
        }
    }
}

impl TryFrom<proto::Widening> for WideningRule {
    type Error = Refusal;

    fn try_from(widening: proto::Widening) -> Result<Self, Refusal> {
        let proto::Widening { rule } = widening;
        Ok(match required("rule", rule)? {
            WideningMessage::AdmitUntil(AdmitUntil {
                more_than,
                lists_min,
            }) => Self::AdmitUntil {
                more_than: fraction("admit_until.more_than", more_than)?,
                lists_min,
            },
            WideningMessage::LowerBy(LowerBy { step, lists_min }) => Self::LowerBy {
                step: fraction("lower_by.step", step)?,
                lists_min,
            },
        })
    }
}

impl From<&WideningRule> for proto::Widening {
    fn from(widening: &WideningRule) -> Self {
        let rule = match *widening {
            WideningRule::AdmitUntil {
                more_than,
                lists_min,
            } => WideningMessage::AdmitUntil(AdmitUntil {
                more_than: Some(fraction_message(more_than)),
                lists_min,
            }),
            WideningRule::LowerBy { step, lists_min } => WideningMessage::LowerBy(LowerBy {
                step: Some(fraction_message(step)),
                lists_min,
            }),
        };
        Self { rule: Some(rule) }
    }
}

impl TryFrom<proto::Apparentment> for ApparentmentRule {
    type Error = Refusal;

    fn try_from(joined: proto::Apparentment) -> Result<Self, Refusal> {
        let proto::Apparentment { inside, members } = joined;
        Ok(Self {
            inside: chain("inside", inside)?,
            members: or_default("members", members)?,
        })
    }
}

impl From<&ApparentmentRule> for proto::Apparentment {
    fn from(joined: &ApparentmentRule) -> Self {
        let ApparentmentRule { inside, members } = joined;
        Self {
            inside: inside.iter().map(Into::into).collect(),
            members: proto::GroupMembers::from(*members).into(),
        }
    }
}

impl TryFrom<proto::Rescue> for RescueRule {
    type Error = Refusal;

    fn try_from(rescue: proto::Rescue) -> Result<Self, Refusal> {
        let proto::Rescue { rule } = rescue;
        match required("rule", rule)? {
            Rule::AdmitRunnerUp(AdmitRunnerUp {
                factor,
                floor,
                verified,
            }) => Ok(Self::AdmitRunnerUp {
                factor: fraction("admit_runner_up.factor", factor)?,
                floor,
                verified,
            }),
        }
    }
}

impl From<&RescueRule> for proto::Rescue {
    fn from(rescue: &RescueRule) -> Self {
        let rule = match rescue {
            RescueRule::AdmitRunnerUp {
                factor,
                floor,
                verified,
            } => Rule::AdmitRunnerUp(AdmitRunnerUp {
                factor: Some(fraction_message(*factor)),
                floor: *floor,
                verified: *verified,
            }),
        };
        Self { rule: Some(rule) }
    }
}

pub(crate) fn or_default<T: crate::field::Enumeration + Default>(
    field: &str,
    number: i32,
) -> Result<T, Refusal> {
    if number == 0 {
        Ok(T::default())
    } else {
        enumeration(field, number)
    }
}

pub(crate) fn optional(
    field: &str,
    given: Option<proto::Fraction>,
) -> Result<Option<[u64; 2]>, Refusal> {
    given.map(|given| fraction(field, Some(given))).transpose()
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
mod round_trip;
#[cfg(test)]
mod tests;
