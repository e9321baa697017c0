use super::*;
use election::definition::UnitKind;
use election::ids::Timestamp;
use election::publication::{PublicationClass, PublicationMode};
use election::report::{TallyKey, TurnoutReport, UnitStatus};
use election::stage::{Mark, Stage};

const DEFINITION: &str = r#"
[ballot]
election = "demo"
contests = [{ id = "list", districts = [{ id = "almaty", options = [{ id = "nur-otan" }, { id = "adal" }] }] }]

[register]
electorate = 1101818

[rules]
house_size = 39
contests = [{ id = "list", districts = [{ id = "almaty", seats = 39 }], stages = [{ method = "largest-remainder", quota = "hare" }] }]
"#;

fn head(definition_toml: &str) -> DefinitionHead {
    DefinitionHead {
        election_id: "demo".into(),
        definition_toml: definition_toml.into(),
        unit_count: 581,
    }
}

fn message() -> common::Attribution {
    common::Attribution {
        by: "commission".into(),
        reason: "protocol 7".into(),
    }
}

fn attribution() -> Attribution {
    message().into()
}

fn key() -> TallyKey {
    common::TallyKey {
        unit_id: "demo-001".into(),
        contest_id: "list".into(),
        counting_group_id: "all".into(),
    }
    .try_into()
    .unwrap()
}

fn station() -> common::Unit {
    common::Unit {
        unit_id: "demo-001".into(),
        district_id: "almaty".into(),
        ..Default::default()
    }
}

fn command(addressed: Result<Addressed, Refusal>) -> Command {
    let (election, command) = addressed.unwrap();
    assert_eq!(election.as_str(), "demo");
    command
}

fn option(id: &str) -> OptionId {
    OptionId::new(id).unwrap()
}

#[test]
fn a_definition_begins_without_its_units() {
    let outline = DefinitionOutline::try_from(head(DEFINITION)).unwrap();
    assert_eq!(
        (outline.election.as_str(), outline.unit_count),
        ("demo", 581)
    );
    assert_eq!(outline.definition.register.electorate, Some(1_101_818));
    assert!(outline.definition.register.units.is_empty());
    assert_eq!(outline.definition.rules.house_size, 39);
    let without_register = DEFINITION.replace("[register]\nelectorate = 1101818\n", "");
    let outline = DefinitionOutline::try_from(head(&without_register)).unwrap();
    assert_eq!(outline.definition.register.electorate, None);
}

#[test]
fn what_begins_no_definition_is_refused() {
    let refusal = |head: DefinitionHead| DefinitionOutline::try_from(head).unwrap_err();
    let no_toml = refusal(head("[ballot\n"));
    assert_eq!(no_toml.field, "definition_toml");
    assert!(no_toml.rule.contains("line 1"), "{}", no_toml.rule);
    let unknown = refusal(head(&DEFINITION.replace("house_size", "hose_size")));
    assert!(unknown.rule.contains("hose_size"), "{}", unknown.rule);
    let units = refusal(head(
        &DEFINITION.replace("electorate = 1101818", "units = []"),
    ));
    assert_eq!(units.value, "register.units");
    let scalar = refusal(head(&format!(
        "register = 1\n{}",
        DEFINITION.replace("[register]\nelectorate = 1101818\n", "")
    )));
    assert_eq!(scalar.value, "register");
    let other = refusal(DefinitionHead {
        election_id: "another".into(),
        ..head(DEFINITION)
    });
    assert_eq!(
        (other.field.as_str(), other.value.as_str()),
        ("election_id", "another")
    );
    for unit_count in [0, 4_000_001] {
        let count = refusal(DefinitionHead {
            unit_count,
            ..head(DEFINITION)
        });
        assert_eq!(
            (count.field.as_str(), count.code),
            ("unit_count", RefusalCode::Limit)
        );
    }
}

#[test]
fn units_come_in_chunks() {
    let units = Vec::<Unit>::try_from(UnitChunk {
        units: vec![station(); 2_000],
    })
    .unwrap();
    assert_eq!((units.len(), units[0].kind), (2_000, UnitKind::Station));
    let too_many = Vec::<Unit>::try_from(UnitChunk {
        units: vec![station(); 2_001],
    })
    .unwrap_err();
    assert_eq!(
        (too_many.field.as_str(), too_many.code),
        ("units", RefusalCode::Limit)
    );
    let wrong = vec![
        station(),
        common::Unit {
            district_id: String::new(),
            ..station()
        },
    ];
    assert_eq!(
        Vec::<Unit>::try_from(UnitChunk { units: wrong })
            .unwrap_err()
            .field,
        "units[1].district_id"
    );
}

#[test]
fn amendments_are_commands() {
    let election_id = String::from("demo");
    let reason = String::from("court order");
    let request = proto::AmendRegisterRequest {
        election_id: election_id.clone(),
        units: vec![station()],
        reason: reason.clone(),
    };
    let units = vec![station().try_into().unwrap()];
    assert_eq!(
        command(request.try_into()),
        Command::AmendRegister {
            units,
            reason: reason.clone()
        }
    );

    let rules_toml = String::from("house_size = 98");
    let request = proto::AmendRulesRequest {
        election_id: election_id.clone(),
        rules_toml,
        reason: reason.clone(),
    };
    let Command::AmendRules {
        rules,
        reason: given,
    } = command(request.try_into())
    else {
        panic!("amends the rules")
    };
    assert_eq!((rules.house_size, given), (98, reason.clone()));

    let presentation_toml = String::from("time_zone = \"Asia/Almaty\"");
    let request = proto::AmendPresentationRequest {
        election_id,
        presentation_toml,
        reason,
    };
    let Command::AmendPresentation { presentation, .. } = command(request.try_into()) else {
        panic!("amends the presentation")
    };
    assert_eq!(presentation.time_zone.as_deref(), Some("Asia/Almaty"));

    let request = proto::AmendRulesRequest {
        rules_toml: "house_size = -1".into(),
        ..Default::default()
    };
    assert_eq!(
        Addressed::try_from(request).unwrap_err().field,
        "rules_toml.house_size"
    );
}

#[test]
fn decisions_over_tallies_are_commands() {
    let election_id = String::from("demo");
    for (decision, release) in [
        (proto::ReviewDecision::Release, true),
        (proto::ReviewDecision::Reject, false),
    ] {
        let request = proto::ReviewReportRequest {
            election_id: election_id.clone(),
            held_revision: 9,
            key: Some((&key()).into()),
            decision: decision.into(),
            reason: "checked".into(),
        };
        let held_revision = Revision(9);
        let expected = Command::Review {
            held_revision,
            key: key(),
            release,
            reason: "checked".into(),
        };
        assert_eq!(command(request.clone().try_into()), expected);
        let undecided = proto::ReviewReportRequest {
            decision: 0,
            ..request
        };
        assert_eq!(
            Addressed::try_from(undecided).unwrap_err().field,
            "decision"
        );
    }
    let request = proto::WithdrawReportRequest {
        election_id: election_id.clone(),
        key: Some((&key()).into()),
        version: 4,
        attribution: Some(message()),
    };
    let expected = Command::Withdraw {
        key: key(),
        version: 4,
        attribution: attribution(),
    };
    assert_eq!(command(request.clone().try_into()), expected);
    let unsigned = proto::WithdrawReportRequest {
        attribution: None,
        ..request.clone()
    };
    assert_eq!(
        Addressed::try_from(unsigned).unwrap_err().code,
        RefusalCode::AttributionMissing
    );
    let mut unnamed = request;
    unnamed.key.as_mut().unwrap().contest_id.clear();
    assert_eq!(
        Addressed::try_from(unnamed).unwrap_err().field,
        "key.contest_id"
    );

    let turnout = TurnoutReport {
        unit: key().unit,
        version: 3,
        ballots_issued: 420,
        is_final: true,
        attribution: Some(attribution()),
    };
    let request = proto::CorrectTurnoutRequest {
        election_id: election_id.clone(),
        turnout_report: Some((&turnout).into()),
        replaced_version: 1_000_000,
    };
    let expected = Command::CorrectTurnout {
        turnout,
        replaced_version: 1_000_000,
    };
    assert_eq!(command(request.clone().try_into()), expected);
    let mut unnamed = request;
    unnamed.turnout_report.as_mut().unwrap().unit_id.clear();
    assert_eq!(
        Addressed::try_from(unnamed).unwrap_err().field,
        "turnout_report.unit_id"
    );

    let request = proto::SetUnitStatusRequest {
        election_id,
        unit_id: "demo-001".into(),
        contest_id: String::new(),
        counting_group_id: "all".into(),
        status: common::UnitStatus::Merged.into(),
        merged_into_unit_id: "demo-002".into(),
        attribution: Some(message()),
    };
    let expected = Command::SetUnitStatus {
        unit: UnitId::new("demo-001").unwrap(),
        contest: None,
        counting_group: Some(CountingGroupId::new("all").unwrap()),
        status: UnitStatus::Merged,
        merged_into: Some(UnitId::new("demo-002").unwrap()),
        attribution: attribution(),
    };
    assert_eq!(command(request.try_into()), expected);
}

#[test]
fn decisions_over_seats_are_commands() {
    let (contest, district) = (
        ContestId::new("list").unwrap(),
        DistrictId::new("almaty").unwrap(),
    );
    let (election_id, contest_id, district_id) = (
        String::from("demo"),
        String::from("list"),
        String::from("almaty"),
    );
    let request = proto::DrawLotRequest {
        election_id: election_id.clone(),
        contest_id: contest_id.clone(),
        district_id: district_id.clone(),
        stage: 1,
        tied_option_ids: vec!["adal".into(), "aq-jol".into()],
        seats: 1,
        winner_option_ids: vec!["adal".into()],
        attribution: Some(message()),
        at: None,
        tied_places: Vec::new(),
        winner_places: Vec::new(),
    };
    let expected = Command::DrawLot {
        contest: contest.clone(),
        district: district.clone(),
        stage: 1,
        tied: vec![option("adal"), option("aq-jol")],
        seats: 1,
        winners: vec![option("adal")],
        attribution: attribution(),
    };
    assert_eq!(command(request.clone().try_into()), expected);
    let unnamed = proto::DrawLotRequest {
        tied_option_ids: vec!["adal".into(), String::new()],
        ..request
    };
    assert_eq!(
        Addressed::try_from(unnamed).unwrap_err().field,
        "tied_option_ids[1]"
    );

    let request = proto::ChangeCandidatesRequest {
        election_id: election_id.clone(),
        contest_id: contest_id.clone(),
        district_id: district_id.clone(),
        option_id: "auyl".into(),
        candidates: 5,
        effective_date: "2021-01-08".into(),
        reason: "withdrew".into(),
    };
    let expected = Command::ChangeCandidates {
        contest: contest.clone(),
        district: district.clone(),
        option: option("auyl"),
        candidates: 5,
        effective: "2021-01-08".into(),
        reason: "withdrew".into(),
    };
    assert_eq!(command(request.try_into()), expected);

    let rows = vec![common::SeatRow {
        option_id: "nur-otan".into(),
        seats: 29,
    }];
    let attribution_given = Some(message());
    let request = proto::DeclareResultRequest {
        election_id: election_id.clone(),
        contest_id,
        district_id,
        rows,
        attribution: attribution_given.clone(),
    };
    let seats = vec![(option("nur-otan"), 29)];
    let expected = Command::Declare {
        contest,
        district: Some(district),
        seats,
        attribution: attribution(),
    };
    assert_eq!(command(request.try_into()), expected);
    let wrong = seat_rows(vec![common::SeatRow {
        option_id: "nur otan".into(),
        seats: 29,
    }]);
    assert_eq!(wrong.unwrap_err().field, "rows[0].option_id");

    let request = proto::CertifyResultRequest {
        election_id,
        attribution: attribution_given,
    };
    assert_eq!(
        command(request.try_into()),
        Command::Certify {
            attribution: attribution()
        }
    );
}

#[test]
fn decisions_over_what_is_shown_are_commands() {
    let election_id = String::from("demo");
    let reason = String::from("as the law says");
    let publication_class = common::PublicationClass::Results.into();
    let open_time = Some(crate::timestamp(Timestamp(5_000_000)));
    let request = proto::OpenClassRequest {
        election_id: election_id.clone(),
        publication_class,
        open_time,
    };
    let (class, opens_at) = (PublicationClass::Results, Some(Timestamp(5_000_000)));
    assert_eq!(
        command(request.clone().try_into()),
        Command::OpenClass { class, opens_at }
    );
    let now = proto::OpenClassRequest {
        open_time: None,
        ..request
    };
    assert_eq!(
        command(now.try_into()),
        Command::OpenClass {
            class,
            opens_at: None
        }
    );

    let mode = Some(PublicationMode::HoldAt(Revision(7)).into());
    let request = proto::MovePublicationRequest {
        election_id: election_id.clone(),
        mode,
        reason: reason.clone(),
    };
    let mode = PublicationMode::HoldAt(Revision(7));
    assert_eq!(
        command(request.try_into()),
        Command::MovePublication {
            mode,
            reason: reason.clone()
        }
    );
    let nowhere = proto::MovePublicationRequest {
        mode: Some(Default::default()),
        ..Default::default()
    };
    assert_eq!(Addressed::try_from(nowhere).unwrap_err().field, "mode.mode");

    let stage = common::Stage::CompleteUnofficial.into();
    let request = proto::SetStageRequest {
        election_id: election_id.clone(),
        stage,
        reason: reason.clone(),
    };
    let stage = Stage::CompleteUnofficial;
    assert_eq!(
        command(request.try_into()),
        Command::SetStage {
            stage,
            reason: reason.clone()
        }
    );

    let mark = common::Mark::Recount.into();
    let request = proto::SetMarkRequest {
        election_id,
        mark,
        is_set: true,
        reason: reason.clone(),
    };
    assert_eq!(
        command(request.clone().try_into()),
        Command::SetMark {
            mark: Mark::Recount,
            is_set: true,
            reason
        }
    );
    let nowhere = proto::SetMarkRequest {
        election_id: String::new(),
        ..request
    };
    assert_eq!(
        Addressed::try_from(nowhere).unwrap_err().field,
        "election_id"
    );
}
