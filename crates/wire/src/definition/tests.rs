use super::*;
use election::definition::Hash;

fn unit() -> Unit {
    Unit {
        id: UnitId::new("demo-001").unwrap(),
        kind: UnitKind::Hospital,
        district: DistrictId::new("almaty").unwrap(),
        area: Some(AreaId::new("auezov").unwrap()),
        roll: Some(1_896),
        name: "Demo 001".into(),
        counting_groups: vec![CountingGroupId::new("all").unwrap()],
    }
}

#[test]
fn a_unit_comes_back() {
    let unknown = Unit {
        area: None,
        roll: None,
        name: String::new(),
        counting_groups: Vec::new(),
        ..unit()
    };
    let empty_roll = Unit {
        roll: Some(0),
        ..unit()
    };
    for unit in [unit(), unknown, empty_roll] {
        assert_eq!(Unit::try_from(proto::Unit::from(&unit)), Ok(unit));
    }
    for kind in UnitKind::ALL {
        let unit = Unit { kind, ..unit() };
        assert_eq!(Unit::try_from(proto::Unit::from(&unit)), Ok(unit));
    }
}

#[test]
fn a_unit_without_a_kind_is_a_station() {
    let message = proto::Unit {
        kind: 0,
        ..proto::Unit::from(&unit())
    };
    assert_eq!(Unit::try_from(message).unwrap().kind, UnitKind::Station);
}

#[test]
fn what_is_no_unit_is_refused_by_field() {
    type Change = fn(&mut proto::Unit);
    let cases: [(Change, &str); 5] = [
        (|unit| unit.unit_id.clear(), "unit_id"),
        (|unit| unit.kind = 7, "kind"),
        (|unit| unit.district_id = "al maty".into(), "district_id"),
        (|unit| unit.area_id = "?".into(), "area_id"),
        (
            |unit| unit.counting_group_ids.push(String::new()),
            "counting_group_ids[1]",
        ),
    ];
    for (change, field) in cases {
        let mut message = proto::Unit::from(&unit());
        change(&mut message);
        assert_eq!(Unit::try_from(message).unwrap_err().field, field);
    }
}

#[test]
fn a_ballot_is_sent_in_the_order_of_the_paper() {
    let text = r#"
        election = "demo"
        is_test = true
        voting_day = "2021-01-10"
        contests = [{ id = "list", districts = [{ id = "almaty", options = [
            { id = "nur-otan", registration_number = 1, candidates = 78 },
            { id = "against", role = "against-all" },
            { id = "joint", coalition_size = 2, minority = true, apparentment = "pair" },
        ] }] }]
    "#;
    let message = proto::Ballot::from(&toml::from_str::<Ballot>(text).unwrap());
    assert!(message.is_test);
    assert_eq!(
        (message.voting_day.as_str(), message.votes_per_ballot),
        ("2021-01-10", 1)
    );
    assert_eq!(message.counting_group_ids, ["all"]);
    assert_eq!(message.contests[0].contest_id, "list");
    let district = &message.contests[0].districts[0];
    assert_eq!(district.district_id, "almaty");
    let ids: Vec<&str> = district
        .options
        .iter()
        .map(|option| option.option_id.as_str())
        .collect();
    assert_eq!(ids, ["nur-otan", "against", "joint"]);
    let [first, against, joint] = &district.options[..] else {
        panic!("three options")
    };
    assert_eq!(
        (first.registration_number, first.candidates, first.role()),
        (Some(1), Some(78), proto::OptionRole::List)
    );
    assert_eq!(
        (against.role(), against.candidates),
        (proto::OptionRole::AgainstAll, None)
    );
    assert_eq!(
        (
            joint.minority,
            joint.coalition_size,
            joint.apparentment.as_str()
        ),
        (true, 2, "pair")
    );
}

#[test]
fn versions_of_parts_come_back() {
    for part in [
        Part::Ballot,
        Part::Register,
        Part::Rules,
        Part::Presentation,
    ] {
        let version = PartVersion {
            version: 3,
            hash: Hash([9; 32]),
        };
        let message = proto::PartVersion::from((part, version));
        assert_eq!(
            <(Part, PartVersion)>::try_from(message),
            Ok((part, version))
        );
    }
    let message = proto::PartVersion {
        part: 1,
        version: 1,
        hash: Default::default(),
    };
    assert_eq!(
        <(Part, PartVersion)>::try_from(message).unwrap_err().field,
        "hash"
    );
}
