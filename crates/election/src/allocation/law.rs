//! The rules of a contest in the terms of the allocation engine.

use crate::rules::{
    AboveMaxRule, ApparentmentRule, BaseRule, BonusCountingRule, BonusRule, BonusToRule,
    ComparisonRule, ContestRules, DivisorRule, ExhaustedRule, GroupMembersRule, MajorityRule,
    QuotaRule, RescueRule, RoundingRule, StageLimits, StageRule, ThresholdRule, TieRule,
    TierStageRule, WideningRule,
};
use apportionment::{
    AboveMax, Apparentment, Bonus, BonusCounting, BonusSeats, BonusTo, CoalitionShare, Comparison,
    Divisors, ExhaustedList, Fraction, GroupMembers, Majority, Method, Parameter, Quota, QuotaKind,
    Rescue, Rounding, Rules, Source, Stage, StageSeats, Threshold, ThresholdBase, TieBreak,
    Widening,
};

/// The rules of a contest in the engine's terms. Fractions that validation let through fit; what does not becomes one
/// that the engine refuses by name.
pub fn engine_rules(law: &ContestRules, has_apparentment: bool) -> Rules {
    Rules {
        threshold: law.threshold.as_ref().map(threshold),
        widening: law.widening.as_ref().map(|widening| match *widening {
            WideningRule::AdmitUntil {
                more_than,
                lists_min,
            } => Widening::AdmitUntil {
                more_than: fraction(more_than),
                lists_min,
            },
            WideningRule::LowerBy { step, lists_min } => Widening::LowerBy {
                step: fraction(step),
                lists_min,
            },
        }),
        rescue: law.rescue.as_ref().map(
            |RescueRule::AdmitRunnerUp {
                 factor,
                 floor,
                 verified,
             }| Rescue {
                admit_runner_up: Parameter {
                    value: true,
                    source: source(*verified),
                },
                factor: Parameter {
                    value: fraction(*factor),
                    source: source(*verified),
                },
                floor: Parameter {
                    value: *floor,
                    ..Rescue::KAZAKHSTAN_2021.floor
                },
                ..Rescue::KAZAKHSTAN_2021
            },
        ),
        apparentment: has_apparentment.then(|| joined(law.apparentment.as_ref())),
        stages: law.stages.iter().map(stage).collect(),
        majority: law.majority.map(|majority| match majority {
            MajorityRule::TakesLastSeat => Majority::TakesLastSeat,
        }),
        seats_min: law.seats_min,
        bonus: law.bonus.as_ref().map(bonus),
        seats_max: law.seats_max,
        above_max: match law.above_max {
            AboveMaxRule::NextList => AboveMax::NextInLine,
            AboveMaxRule::SharedAnew => AboveMax::SharedAnew,
        },
        exhausted: match law.exhausted {
            ExhaustedRule::NextList => ExhaustedList::NextInLine,
            ExhaustedRule::StaysEmpty => ExhaustedList::StaysEmpty,
        },
        ties: ties(&law.ties),
    }
}

const fn source(verified: bool) -> Source {
    if verified {
        Source::Verified
    } else {
        Source::Unverified
    }
}

/// A threshold in the engine's terms.
pub(crate) fn threshold(rule: &ThresholdRule) -> Threshold {
    Threshold {
        share: fraction(rule.share),
        comparison: match rule.comparison {
            ComparisonRule::AtLeast => Comparison::AtLeast,
            ComparisonRule::MoreThan => Comparison::MoreThan,
        },
        per_seat: rule.per_seat,
        direct_seats_min: rule.direct_seats_min,
        in_one_district: rule.in_one_district.map(fraction),
        base: base(rule.base),
        by_coalition_size: rule
            .coalitions
            .iter()
            .map(|entry| CoalitionShare {
                size_min: entry.parties,
                share: fraction(entry.share),
            })
            .collect(),
    }
}

/// What a share is of, in the engine's terms.
pub(crate) fn base(rule: BaseRule) -> ThresholdBase {
    match rule {
        BaseRule::ListVotes => ThresholdBase::ListVotes,
        BaseRule::ValidVotes => ThresholdBase::ValidVotes,
        BaseRule::ValidAndAgainstAll => ThresholdBase::ValidAndAgainstAll,
        BaseRule::BallotsInBox => ThresholdBase::BallotsInBox,
        BaseRule::BallotsIssued => ThresholdBase::BallotsIssued,
    }
}

/// What the thresholds and stages of a contest are measured by, each once, in the order of the law.
pub fn bases(law: &ContestRules) -> Vec<ThresholdBase> {
    let mut rules: Vec<BaseRule> = law.threshold.iter().map(|one| one.base).collect();
    for stage in law.tiers.iter().flat_map(|tiers| &tiers.stages) {
        if let Some(admission) = stage.admission() {
            rules.extend(admission.thresholds().map(|(_, one)| one.base));
            rules.extend(admission.regions_average.map(|average| average.base));
        }
        rules.extend(match stage {
            TierStageRule::SeatsOfDistricts { base, .. } | TierStageRule::Persons { base } => {
                Some(*base)
            }
            TierStageRule::Quotas { base, .. } => *base,
            TierStageRule::Place { relative, .. } => *relative,
            _ => None,
        });
    }
    let double = law.double_proportional.iter();
    rules.extend(double.flat_map(|rule| rule.quorum.thresholds().map(|(_, one)| one.base)));
    let mut bases = Vec::new();
    for base in rules.into_iter().map(base) {
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    bases
}

/// What breaks ties, in the engine's terms.
pub(crate) fn ties(rules: &[TieRule]) -> Vec<TieBreak> {
    let tie = |rule: &TieRule| match rule {
        TieRule::EarlierRegistration => TieBreak::EarlierRegistration,
        TieRule::MoreVotes => TieBreak::MoreVotes,
        TieRule::Lot => TieBreak::Lot,
    };
    rules.iter().map(tie).collect()
}

pub(crate) fn fraction([numerator, denominator]: [u64; 2]) -> Fraction {
    match (u32::try_from(numerator), u32::try_from(denominator)) {
        (Ok(numerator), Ok(denominator)) => Fraction::new(numerator, denominator),
        _ => Fraction::new(0, 0),
    }
}

fn joined(rule: Option<&ApparentmentRule>) -> Apparentment {
    let Some(ApparentmentRule { inside, members }) = rule else {
        return Apparentment::default();
    };
    Apparentment {
        inside: (!inside.is_empty()).then(|| inside.iter().map(stage).collect()),
        members: match members {
            GroupMembersRule::AllOrVoid => GroupMembers::AllOrVoid,
            GroupMembersRule::ThoseThatPass => GroupMembers::ThoseThatPass,
        },
    }
}

pub(crate) fn stage(rule: &StageRule) -> Stage {
    let (method, limits) = match rule {
        StageRule::WholeQuotas { quota, rounding } => {
            return Stage::whole_quotas(rounded(*quota, *rounding));
        }
        StageRule::LargestRemainder {
            quota,
            rounding,
            limits,
        } => (Method::Quota(rounded(*quota, *rounding)), limits),
        StageRule::HighestAverages {
            divisors,
            first,
            exponent,
            limits,
        } => (
            Method::Divisors(series(*divisors, *first, *exponent)),
            limits,
        ),
    };
    let StageLimits {
        seats_max,
        each_max,
        bar,
        key_min,
    } = *limits;
    Stage {
        seats: seats_max.map_or(StageSeats::Remaining, StageSeats::AtMost),
        each_max,
        bar: bar.map(fraction),
        key_min: key_min.map(fraction),
        ..Stage::all(method)
    }
}

pub(crate) fn bonus(rule: &BonusRule) -> Bonus {
    let BonusRule {
        to,
        seats,
        share,
        rounding,
        more_than_half: _,
        counting,
        votes_min,
        others_max,
    } = *rule;
    Bonus {
        to: match to {
            BonusToRule::MostVotes => BonusTo::MostVotes,
            BonusToRule::MoreThanHalf => BonusTo::MoreThanHalf,
            BonusToRule::Office => BonusTo::Office,
        },
        seats: match (seats, share) {
            (Some(seats), _) => BonusSeats::Fixed(seats),
            (None, Some(share)) => BonusSeats::Share {
                share: fraction(share),
                rounding: rounding.map_or(Rounding::Down, round),
            },
            (None, None) => BonusSeats::MoreThanHalf,
        },
        counting: match counting {
            BonusCountingRule::Beside => BonusCounting::Beside,
            BonusCountingRule::Least => BonusCounting::Least,
        },
        votes_min: votes_min.map(fraction),
        others_max: others_max.map(fraction),
    }
}

fn rounded(quota: QuotaRule, rounding: Option<RoundingRule>) -> Quota {
    let (kind, own) = match quota {
        QuotaRule::Hare => (QuotaKind::Hare, Rounding::Exact),
        QuotaRule::Droop => (QuotaKind::Droop, Rounding::DownPlusOne),
        QuotaRule::HagenbachBischoff => (QuotaKind::HagenbachBischoff, Rounding::Exact),
        QuotaRule::Imperiali => (QuotaKind::Imperiali, Rounding::Exact),
    };
    let rounding = rounding.map_or(own, round);
    Quota { kind, rounding }
}

fn round(rounding: RoundingRule) -> Rounding {
    match rounding {
        RoundingRule::Exact => Rounding::Exact,
        RoundingRule::Down => Rounding::Down,
        RoundingRule::DownPlusOne => Rounding::DownPlusOne,
        RoundingRule::Up => Rounding::Up,
        RoundingRule::Nearest => Rounding::Nearest,
    }
}

pub(crate) fn series(
    divisors: DivisorRule,
    first: Option<[u64; 2]>,
    exponent: Option<[u64; 2]>,
) -> Divisors {
    match divisors {
        DivisorRule::DHondt => Divisors::DHondt,
        DivisorRule::SainteLague => Divisors::SainteLague,
        DivisorRule::ModifiedSainteLague => Divisors::ModifiedSainteLague {
            first: fraction(first.unwrap_or([14, 10])),
        },
        DivisorRule::Danish => Divisors::Danish,
        DivisorRule::Imperiali => Divisors::Imperiali,
        DivisorRule::Adams => Divisors::Adams,
        DivisorRule::Dean => Divisors::Dean,
        DivisorRule::HuntingtonHill => Divisors::HuntingtonHill,
        DivisorRule::Power => Divisors::Power {
            exponent: fraction(exponent.unwrap_or([9, 10])),
        },
    }
}
