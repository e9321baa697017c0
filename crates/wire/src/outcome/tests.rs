use super::*;
use election::counts::Counter;
use election::report::{DuplicateStanding, UnitStatus};

fn reasons() -> Vec<HoldReason> {
    vec![
        HoldReason::IdentityBroken {
            identity: 3,
            left: 10,
            right: 11,
        },
        HoldReason::BallotsOverRoll {
            ballots: 948,
            roll: 300,
        },
        HoldReason::VotesOverValid {
            votes: 948,
            limit: 58,
        },
        HoldReason::VersionJump {
            counted: 1,
            version: 500,
        },
        HoldReason::FallWithoutCorrection {
            option: 4,
            before: 58,
            after: 5,
        },
        HoldReason::CounterFalls {
            counter: Counter::Papers,
            before: 500,
            after: Some(100),
        },
        HoldReason::CounterFalls {
            counter: Counter::Valid,
            before: 500,
            after: None,
        },
        HoldReason::LeadMoved {
            moved: 16_022,
            electorate: 585,
        },
        HoldReason::UnitStatus(UnitStatus::Annulled),
    ]
}

fn outcomes() -> Vec<Outcome> {
    let revision = Revision(77);
    let warnings = vec![
        Warning::ManyZeros {
            zeros: 20,
            options: 24,
        },
        Warning::IssuedOverRoll {
            issued: 301,
            roll: 300,
        },
    ];
    vec![
        Outcome::Accepted {
            revision,
            warnings: Vec::new(),
        },
        Outcome::Accepted { revision, warnings },
        Outcome::Duplicate {
            revision,
            standing: DuplicateStanding::Reviewed,
        },
        Outcome::Superseded {
            revision,
            counted_version: 4,
        },
        Outcome::Held {
            revision,
            reasons: reasons(),
        },
        Outcome::Conflict {
            revision,
            other_revision: Revision(12),
        },
        Outcome::Refused(Refusal::new(
            RefusalCode::MissingOption,
            "votes",
            23,
            "all 24 options",
        )),
    ]
}

#[test]
fn every_outcome_comes_back() {
    for outcome in outcomes() {
        assert_eq!(
            Outcome::try_from(proto::Outcome::from(&outcome)),
            Ok(outcome)
        );
    }
}

#[test]
fn codes_are_those_of_the_domain_and_texts_are_for_people() {
    for reason in reasons() {
        let message = proto::HoldReason::from(&reason);
        assert_eq!(
            message.code().as_str_name(),
            format!("HOLD_REASON_CODE_{}", reason.code().name())
        );
        assert_eq!(message.text, reason.to_string());
        let public = proto::HoldReason::from(reason.code());
        assert_eq!((public.code, public.detail), (message.code, None));
        assert_eq!(public.text, reason.code().to_string());
    }
    for outcome in outcomes() {
        let Outcome::Accepted { warnings, .. } = outcome else {
            continue;
        };
        for warning in warnings {
            let message = proto::Warning::from(&warning);
            assert_eq!(
                message.code().as_str_name(),
                format!("WARNING_CODE_{}", warning.code())
            );
        }
    }
    for code in RefusalCode::ALL {
        let message = proto::Refusal::from(&Refusal::new(code, "field", "value", "rule"));
        assert_eq!(
            message.code().as_str_name(),
            format!("REFUSAL_CODE_{}", code.name())
        );
        assert_eq!(
            Refusal::try_from(message).map(|refusal| refusal.code),
            Ok(code)
        );
    }
}

#[test]
fn what_is_no_outcome_is_refused_by_field() {
    let field = |outcome: proto::Outcome| Outcome::try_from(outcome).unwrap_err().field;
    assert_eq!(
        field(proto::Outcome {
            revision: 1,
            outcome: None
        }),
        "outcome"
    );
    let held = |reason| {
        let reasons = vec![proto::HoldReason::from(&reasons()[0]), reason];
        field(proto::Outcome {
            revision: 1,
            outcome: Some(Answer::Held(proto::Held { reasons })),
        })
    };
    assert_eq!(held(proto::HoldReason::default()), "held.reasons[1].detail");
    let identity = hold_reason::IdentityBroken {
        identity: 65_536,
        left: 0,
        right: 0,
    };
    let detail = Some(Detail::IdentityBroken(identity));
    assert_eq!(
        held(proto::HoldReason {
            detail,
            ..Default::default()
        }),
        "held.reasons[1].identity_broken.identity"
    );
    let detail = Some(Detail::UnitStatus(0));
    assert_eq!(
        held(proto::HoldReason {
            detail,
            ..Default::default()
        }),
        "held.reasons[1].unit_status"
    );
    let accepted = proto::Accepted {
        warnings: vec![proto::Warning::default()],
    };
    let accepted = proto::Outcome {
        revision: 1,
        outcome: Some(Answer::Accepted(accepted)),
    };
    assert_eq!(field(accepted), "accepted.warnings[0].detail");
    let refused = proto::Outcome {
        revision: 0,
        outcome: Some(Answer::Refused(proto::Refusal::default())),
    };
    assert_eq!(field(refused), "refused.code");
}
