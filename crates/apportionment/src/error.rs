//! Why a contest cannot be computed. Written by hand, because this crate depends on nothing.

use std::fmt;

use crate::threshold::ThresholdBase;

/// A contest or rules that are refused before anything is computed. Each names the field, the value and the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContestError {
    /// A value above its limit.
    AboveLimit {
        /// The field as a path.
        field: &'static str,
        /// The value found.
        value: u128,
        /// The largest value allowed.
        limit: u128,
    },
    /// A value below its limit.
    BelowLimit {
        /// The field as a path.
        field: &'static str,
        /// The value found.
        value: u128,
        /// The smallest value allowed.
        limit: u128,
    },
    /// The threshold is measured against a count that was not given.
    BaseMissing {
        /// The count that is needed.
        base: ThresholdBase,
    },
    /// A fraction of the rules that means nothing (zero below the line, or outside its range).
    FractionOutOfRange {
        /// The field as a path.
        field: &'static str,
        /// Above the line.
        numerator: u32,
        /// Below the line.
        denominator: u32,
        /// What it must satisfy.
        range: &'static str,
    },
    /// The last stage of a chain leaves seats by rule, or a stage before the last takes all of them.
    ChainOpen {
        /// The field as a path.
        field: &'static str,
    },
    /// A rescue changes the quotient of a list: it is defined for one quota stage without apparentment.
    RescueNeedsQuota,
    /// Few lists pass, and two rules say who else is let in.
    RescueBesideWidening,
    /// A widening of a threshold that is not there.
    WideningNeedsThreshold,
    /// A stage for whole quotas, or with a bar in quotas, whose method has no quota.
    StageNeedsQuota,
    /// A majority clause or fewest seats are defined for lists that neither join nor are rescued at a price.
    NeedsSingleLists {
        /// The field as a path.
        field: &'static str,
    },
    /// A rule that stands beside others that it is not defined with.
    NeedsPlainRules {
        /// The field as a path.
        field: &'static str,
        /// The others.
        beside: &'static str,
    },
    /// More than one list is marked where one can be.
    OneListOnly {
        /// The field as a path.
        field: &'static str,
    },
    /// The fewest seats of the lists that take part are more than the house has.
    MinimumsAboveHouse {
        /// Their sum.
        seats: u64,
        /// Seats of the house.
        house: u32,
    },
    /// A rule for ties behind the lot: a lot settles everything, and it is bound to the tie that is open before it.
    RuleBehindLot {
        /// The field as a path.
        field: &'static str,
    },
    /// A list was named that is not in the contest.
    UnknownList {
        /// The position given.
        list: usize,
        /// How many lists there are.
        lists: usize,
    },
}

impl ContestError {
    /// A stable code for logs and answers.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AboveLimit { .. } => "ABOVE_LIMIT",
            Self::BelowLimit { .. } => "BELOW_LIMIT",
            Self::BaseMissing { .. } => "BASE_MISSING",
            Self::FractionOutOfRange { .. } => "FRACTION_OUT_OF_RANGE",
            Self::ChainOpen { .. } => "CHAIN_OPEN",
            Self::RescueNeedsQuota => "RESCUE_NEEDS_QUOTA",
            Self::RescueBesideWidening => "RESCUE_BESIDE_WIDENING",
            Self::WideningNeedsThreshold => "WIDENING_NEEDS_THRESHOLD",
            Self::StageNeedsQuota => "STAGE_NEEDS_QUOTA",
            Self::NeedsSingleLists { .. } => "NEEDS_SINGLE_LISTS",
            Self::NeedsPlainRules { .. } => "NEEDS_PLAIN_RULES",
            Self::OneListOnly { .. } => "ONE_LIST_ONLY",
            Self::MinimumsAboveHouse { .. } => "MINIMUMS_ABOVE_HOUSE",
            Self::RuleBehindLot { .. } => "RULE_BEHIND_LOT",
            Self::UnknownList { .. } => "UNKNOWN_LIST",
        }
    }
}

impl fmt::Display for ContestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AboveLimit {
                field,
                value,
                limit,
            } => write!(formatter, "{field} is {value}; at most {limit} is allowed"),
            Self::BelowLimit {
                field,
                value,
                limit,
            } => write!(formatter, "{field} is {value}; at least {limit} is needed"),
            Self::BaseMissing { base } => {
                write!(
                    formatter,
                    "the threshold is measured against {base}, and that count was not given"
                )
            }
            Self::FractionOutOfRange {
                field,
                numerator,
                denominator,
                range,
            } => {
                write!(
                    formatter,
                    "{field} is {numerator}/{denominator}; it must be {range}"
                )
            }
            Self::ChainOpen { field } => {
                write!(
                    formatter,
                    "{field}: the last stage takes all remaining seats, and every stage before can leave some"
                )
            }
            Self::RescueNeedsQuota => formatter.write_str(
                "rules.rescue needs a single quota stage and rules without apparentment",
            ),
            Self::RescueBesideWidening => formatter.write_str(
                "rules.rescue and rules.widening both say who is let in when few lists pass: only one may stand",
            ),
            Self::WideningNeedsThreshold => {
                formatter.write_str("rules.widening needs a threshold to widen")
            }
            Self::StageNeedsQuota => formatter.write_str(
                "rules.stages: whole quotas, a bar and a smallest key in quotas need the method of a quota",
            ),
            Self::NeedsSingleLists { field } => write!(
                formatter,
                "{field} needs rules without apparentment and without a runner-up's rescue"
            ),
            Self::NeedsPlainRules { field, beside } => {
                write!(formatter, "{field} is not defined together with {beside}")
            }
            Self::OneListOnly { field } => {
                write!(formatter, "{field} is set for several lists; one can have it")
            }
            Self::MinimumsAboveHouse { seats, house } => write!(
                formatter,
                "rules.seats_min, rules.bonus: the lists that take part get at least {seats} seats, and the house has {house}"
            ),
            Self::RuleBehindLot { field } => {
                write!(
                    formatter,
                    "{field}: the lot stands last, because it settles everything"
                )
            }
            Self::UnknownList { list, lists } => write!(
                formatter,
                "list {list} is named, and there are {lists} lists"
            ),
        }
    }
}

impl std::error::Error for ContestError {}
