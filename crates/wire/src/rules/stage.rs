//! The stages of a chain.

use super::{fraction_message, optional};
use crate::allocation::v1 as proto;
use crate::field::{enumeration, required, shape, within};
use election::report::Refusal;
use election::rules::{RoundingRule, StageLimits, StageRule};
use proto::stage::Method;

/// The stages of a chain, each refused by its place.
pub(crate) fn chain(field: &str, stages: Vec<proto::Stage>) -> Result<Vec<StageRule>, Refusal> {
    let stages = stages.into_iter().enumerate().map(|(place, stage)| {
        stage
            .try_into()
            .map_err(within(format_args!("{field}[{place}]")))
    });
    stages.collect()
}

impl TryFrom<proto::Stage> for StageRule {
    type Error = Refusal;

    fn try_from(stage: proto::Stage) -> Result<Self, Refusal> {
        let proto::Stage {
            method,
            seats_max,
            each_max,
            bar,
            key_min,
        } = stage;
        let limits = StageLimits {
            seats_max,
            each_max,
            bar: optional("bar", bar)?,
            key_min: optional("key_min", key_min)?,
        };
        let rounding = |field: &str, rounding: i32| {
            (rounding != 0)
                .then(|| enumeration(field, rounding))
                .transpose()
        };
        Ok(match required("method", method)? {
            Method::WholeQuotas(_) if !limits.is_none() => {
                let rule = "whole quotas have no limits of their own";
                return Err(shape("whole_quotas", "", rule));
            }
            Method::WholeQuotas(whole) => Self::WholeQuotas {
                quota: enumeration("whole_quotas.quota", whole.quota)?,
                rounding: rounding("whole_quotas.rounding", whole.rounding)?,
            },
            Method::LargestRemainder(stage) => Self::LargestRemainder {
                quota: enumeration("largest_remainder.quota", stage.quota)?,
                rounding: rounding("largest_remainder.rounding", stage.rounding)?,
                limits,
            },
            Method::HighestAverages(proto::HighestAverages {
                divisors,
                first,
                exponent,
            }) => Self::HighestAverages {
                divisors: enumeration("highest_averages.divisors", divisors)?,
                first: optional("highest_averages.first", first)?,
                exponent: optional("highest_averages.exponent", exponent)?,
                limits,
            },
        })
    }
}

impl From<&StageRule> for proto::Stage {
    fn from(stage: &StageRule) -> Self {
        let rounding_number = |rounding: &Option<RoundingRule>| {
            rounding
                .map_or(proto::Rounding::Unspecified, Into::into)
                .into()
        };
        let (method, limits) = match stage {
            StageRule::WholeQuotas { quota, rounding } => {
                let whole = proto::WholeQuotas {
                    quota: proto::Quota::from(*quota).into(),
                    rounding: rounding_number(rounding),
                };
                (Method::WholeQuotas(whole), StageLimits::default())
            }
            StageRule::LargestRemainder {
                quota,
                rounding,
                limits,
            } => {
                let stage = proto::LargestRemainder {
                    quota: proto::Quota::from(*quota).into(),
                    rounding: rounding_number(rounding),
                };
                (Method::LargestRemainder(stage), *limits)
            }
            StageRule::HighestAverages {
                divisors,
                first,
                exponent,
                limits,
            } => {
                let stage = proto::HighestAverages {
                    divisors: proto::Divisors::from(*divisors).into(),
                    first: first.map(fraction_message),
                    exponent: exponent.map(fraction_message),
                };
                (Method::HighestAverages(stage), *limits)
            }
        };
        let StageLimits {
            seats_max,
            each_max,
            bar,
            key_min,
        } = limits;
        Self {
            method: Some(method),
            seats_max,
            each_max,
            bar: bar.map(fraction_message),
            key_min: key_min.map(fraction_message),
        }
    }
}
