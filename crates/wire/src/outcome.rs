//! What reports are answered.

use crate::common::v1 as proto;
use crate::field::{Enumeration as _, counterparts, enumeration, required, shape, within};
use election::ids::Revision;
use election::report::{
    DuplicateStanding, HoldCode, HoldReason, Outcome, Refusal, RefusalCode, Warning,
};
use proto::hold_reason::{self, Detail};
use proto::outcome::Outcome as Answer;
use proto::warning;

counterparts!(proto::RefusalCode, RefusalCode, {
    Shape = Shape,
    Limit = Limit,
    UnknownElection = UnknownElection,
    NotDefined = NotDefined,
    AlreadyDefined = AlreadyDefined,
    UnknownUnit = UnknownUnit,
    UnknownContest = UnknownContest,
    UnknownDistrict = UnknownDistrict,
    UnknownCountingGroup = UnknownCountingGroup,
    UnknownOption = UnknownOption,
    MissingOption = MissingOption,
    RepeatedOption = RepeatedOption,
    BallotHash = BallotHash,
    AttributionMissing = AttributionMissing,
    Rights = Rights,
    PendingFull = PendingFull,
    NothingPending = NothingPending,
    StaleVersion = StaleVersion,
    State = State,
    BallotFrozen = BallotFrozen,
});

counterparts!(proto::HoldReasonCode, HoldCode, {
    IdentityBroken = IdentityBroken,
    BallotsOverRoll = BallotsOverRoll,
    VotesOverValid = VotesOverValid,
    VersionJump = VersionJump,
    FallWithoutCorrection = FallWithoutCorrection,
    CounterFalls = CounterFalls,
    LeadMoved = LeadMoved,
    UnitStatus = UnitStatus,
});

counterparts!(proto::DuplicateStanding, DuplicateStanding, {
    Counted = Counted,
    Waiting = Waiting,
    Reviewed = Reviewed,
});

impl From<&Outcome> for proto::Outcome {
    fn from(outcome: &Outcome) -> Self {
        let (revision, answer) = match outcome {
            Outcome::Accepted { revision, warnings } => {
                let warnings = warnings.iter().map(Into::into).collect();
                (*revision, Answer::Accepted(proto::Accepted { warnings }))
            }
            Outcome::Duplicate { revision, standing } => {
                let standing = standing.number();
                (*revision, Answer::Duplicate(proto::Duplicate { standing }))
            }
            Outcome::Superseded {
                revision,
                counted_version,
            } => (
                *revision,
                Answer::Superseded(proto::Superseded {
                    counted_version: *counted_version,
                }),
            ),
            Outcome::Held { revision, reasons } => {
                let reasons = reasons.iter().map(Into::into).collect();
                (*revision, Answer::Held(proto::Held { reasons }))
            }
            Outcome::Conflict {
                revision,
                other_revision,
            } => (
                *revision,
                Answer::Conflict(proto::Conflict {
                    other_revision: other_revision.0,
                }),
            ),
            Outcome::Refused(refusal) => (Revision::ZERO, Answer::Refused(refusal.into())),
        };
        Self {
            revision: revision.0,
            outcome: Some(answer),
        }
    }
}

impl TryFrom<proto::Outcome> for Outcome {
    type Error = Refusal;

    fn try_from(outcome: proto::Outcome) -> Result<Self, Refusal> {
        let proto::Outcome { revision, outcome } = outcome;
        let revision = Revision(revision);
        Ok(match required("outcome", outcome)? {
            Answer::Accepted(proto::Accepted { warnings }) => Self::Accepted {
                revision,
                warnings: each("accepted.warnings", warnings)?,
            },
            Answer::Duplicate(proto::Duplicate { standing }) => Self::Duplicate {
                revision,
                standing: enumeration("duplicate.standing", standing)?,
            },
            Answer::Superseded(proto::Superseded { counted_version }) => Self::Superseded {
                revision,
                counted_version,
            },
            Answer::Held(proto::Held { reasons }) => Self::Held {
                revision,
                reasons: each("held.reasons", reasons)?,
            },
            Answer::Conflict(proto::Conflict { other_revision }) => Self::Conflict {
                revision,
                other_revision: Revision(other_revision),
            },
            Answer::Refused(refusal) => {
                Self::Refused(refusal.try_into().map_err(within("refused"))?)
            }
        })
    }
}

fn each<P, T: TryFrom<P, Error = Refusal>>(
    field: &str,
    messages: Vec<P>,
) -> Result<Vec<T>, Refusal> {
    let values = messages.into_iter().enumerate();
    values
        .map(|(position, value)| {
            value
                .try_into()
                .map_err(within(format_args!("{field}[{position}]")))
        })
        .collect()
}

impl From<&HoldReason> for proto::HoldReason {
    fn from(reason: &HoldReason) -> Self {
        let text = reason.to_string();
        let code = proto::HoldReasonCode::from(reason.code());
        let detail = match *reason {
            HoldReason::IdentityBroken {
                identity,
                left,
                right,
            } => {
                let identity = identity.into();
                Detail::IdentityBroken(hold_reason::IdentityBroken {
                    identity,
                    left,
                    right,
                })
            }
            HoldReason::BallotsOverRoll { ballots, roll } => {
                Detail::BallotsOverRoll(hold_reason::BallotsOverRoll { ballots, roll })
            }
            HoldReason::VotesOverValid { votes, limit } => {
                Detail::VotesOverValid(hold_reason::VotesOverValid { votes, limit })
            }
            HoldReason::VersionJump { counted, version } => {
                Detail::VersionJump(hold_reason::VersionJump {
                    counted_version: counted,
                    version,
                })
            }
            HoldReason::FallWithoutCorrection {
                option,
                before,
                after,
            } => Detail::FallWithoutCorrection(hold_reason::FallWithoutCorrection {
                option_index: option,
                votes_before: before,
                votes_after: after,
            }),
            HoldReason::CounterFalls {
                counter,
                before,
                after,
            } => Detail::CounterFalls(hold_reason::CounterFalls {
                counter: proto::Counter::from(counter).into(),
                value_before: before,
                value_after: after,
            }),
            HoldReason::LeadMoved { moved, electorate } => {
                Detail::LeadMoved(hold_reason::LeadMoved {
                    votes_moved: moved,
                    electorate,
                })
            }
            HoldReason::UnitStatus(status) => {
                Detail::UnitStatus(proto::UnitStatus::from(status).into())
            }
        };
        Self {
            code: code.into(),
            text,
            detail: Some(detail),
        }
    }
}

/// What the public is told of a reason: the code and a general text, no numbers.
impl From<HoldCode> for proto::HoldReason {
    fn from(code: HoldCode) -> Self {
        Self {
            code: proto::HoldReasonCode::from(code).into(),
            text: code.to_string(),
            detail: None,
        }
    }
}

/// Code and text are said once more by the numbers: they are not read.
impl TryFrom<proto::HoldReason> for HoldReason {
    type Error = Refusal;

    fn try_from(reason: proto::HoldReason) -> Result<Self, Refusal> {
        let proto::HoldReason {
            code: _,
            text: _,
            detail,
        } = reason;
        Ok(match required("detail", detail)? {
            Detail::IdentityBroken(hold_reason::IdentityBroken {
                identity,
                left,
                right,
            }) => {
                let position = u16::try_from(identity);
                let identity = position
                    .map_err(|_| shape("identity_broken.identity", identity, "at most 65535"))?;
                Self::IdentityBroken {
                    identity,
                    left,
                    right,
                }
            }
            Detail::BallotsOverRoll(hold_reason::BallotsOverRoll { ballots, roll }) => {
                Self::BallotsOverRoll { ballots, roll }
            }
            Detail::VotesOverValid(hold_reason::VotesOverValid { votes, limit }) => {
                Self::VotesOverValid { votes, limit }
            }
            Detail::VersionJump(hold_reason::VersionJump {
                counted_version,
                version,
            }) => Self::VersionJump {
                counted: counted_version,
                version,
            },
            Detail::FallWithoutCorrection(fall) => {
                let hold_reason::FallWithoutCorrection {
                    option_index,
                    votes_before,
                    votes_after,
                } = fall;
                Self::FallWithoutCorrection {
                    option: option_index,
                    before: votes_before,
                    after: votes_after,
                }
            }
            Detail::CounterFalls(hold_reason::CounterFalls {
                counter,
                value_before,
                value_after,
            }) => Self::CounterFalls {
                counter: enumeration("counter_falls.counter", counter)?,
                before: value_before,
                after: value_after,
            },
            Detail::LeadMoved(hold_reason::LeadMoved {
                votes_moved,
                electorate,
            }) => Self::LeadMoved {
                moved: votes_moved,
                electorate,
            },
            Detail::UnitStatus(status) => Self::UnitStatus(enumeration("unit_status", status)?),
        })
    }
}

impl From<&Warning> for proto::Warning {
    fn from(warning: &Warning) -> Self {
        let text = warning.to_string();
        let (code, detail) = match *warning {
            Warning::ManyZeros { zeros, options } => {
                let detail = warning::Detail::ManyZeros(warning::ManyZeros { zeros, options });
                (proto::WarningCode::ManyZeros, detail)
            }
            Warning::IssuedOverRoll { issued, roll } => {
                let detail = warning::Detail::IssuedOverRoll(warning::IssuedOverRoll {
                    ballots_issued: issued,
                    roll,
                });
                (proto::WarningCode::IssuedOverRoll, detail)
            }
        };
        Self {
            code: code.into(),
            text,
            detail: Some(detail),
        }
    }
}

/// Code and text are said once more by the numbers: they are not read.
impl TryFrom<proto::Warning> for Warning {
    type Error = Refusal;

    fn try_from(warning: proto::Warning) -> Result<Self, Refusal> {
        let proto::Warning {
            code: _,
            text: _,
            detail,
        } = warning;
        Ok(match required("detail", detail)? {
            warning::Detail::ManyZeros(warning::ManyZeros { zeros, options }) => {
                Self::ManyZeros { zeros, options }
            }
            warning::Detail::IssuedOverRoll(warning::IssuedOverRoll {
                ballots_issued,
                roll,
            }) => Self::IssuedOverRoll {
                issued: ballots_issued,
                roll,
            },
        })
    }
}

impl From<&Refusal> for proto::Refusal {
    fn from(refusal: &Refusal) -> Self {
        let Refusal {
            code,
            field,
            value,
            rule,
        } = refusal;
        Self {
            code: proto::RefusalCode::from(*code).into(),
            field: field.clone(),
            value: value.clone(),
            rule: rule.clone(),
        }
    }
}

impl TryFrom<proto::Refusal> for Refusal {
    type Error = Refusal;

    fn try_from(refusal: proto::Refusal) -> Result<Self, Refusal> {
        let proto::Refusal {
            code,
            field,
            value,
            rule,
        } = refusal;
        Ok(Self {
            code: enumeration("code", code)?,
            field,
            value,
            rule,
        })
    }
}

#[cfg(test)]
mod tests;
