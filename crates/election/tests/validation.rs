//! What a definition is refused for, and that the documentation of it is true.

// tidy: long because one case for each refusal.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod support;

use election::bytes::part_text;
use election::command::Command;
use election::counts::Counter;
use election::decide::decide;
use election::definition::*;
use election::ids::*;
use election::report::{Refusal, RefusalCode};
use election::rules::*;
use election::standings::district_seats;
use election::validate;
use std::collections::BTreeMap;
use support::{LOG, Night, START, small, unit};

const DOCUMENT: &str = include_str!("../../../docs/definition.md");

fn example() -> &'static str {
    let from = DOCUMENT.split_once("```toml\n").expect("an example").1;
    from.split_once("```").expect("the example ends").0
}

#[test]
fn the_documented_example_is_a_definition() {
    let definition = Definition::from_toml(example()).unwrap();
    assert_eq!(definition.register.units[1].kind, UnitKind::Hospital);
    assert_eq!(
        definition.rules.form.identities[1].relation,
        Relation::AtMost
    );
    let options = &definition.ballot.contests[0].districts[0].options;
    assert_eq!(
        options.iter().filter_map(|o| o.candidates).sum::<u32>(),
        118
    );
    assert_eq!(
        options[2].registration_number,
        options[3].registration_number
    );
    let again = Definition::from_toml(&toml_of(&definition)).unwrap();
    assert_eq!(again, definition, "written and read again, it is the same");
}

#[test]
fn the_documented_example_gives_the_seats_of_almaty_2021() {
    let mut night = Night::begin(&Definition::from_toml(example()).unwrap());
    let votes = [218_003, 24_591, 32_367, 21_733, 23_388];
    let mut report = night.full("demo-001", 1, &votes);
    report.form = vec![(Counter::Papers, 333_300), (Counter::Invalid, 13_218)];
    assert_eq!(night.submit(report).name(), "ACCEPTED");
    let district = district_seats(night.state.tally(), 0, 0).expect("the rules give it seats");
    let seats: Vec<Option<u32>> = (0..5).map(|list| district.result.seats(list)).collect();
    assert_eq!(seats, [29, 3, 4, 0, 3].map(Some));
}

fn toml_of(definition: &Definition) -> String {
    part_text(definition)
}

#[test]
fn every_field_and_word_of_a_definition_is_documented() {
    let mut whole = small(1, 1);
    let words = Counter::ALL.map(Counter::name);
    whole.register.electorate = Some(1);
    for word in words.into_iter().chain(whole_of(&mut whole)) {
        assert!(
            DOCUMENT.contains(&format!("`{word}`")),
            "{word} is not documented"
        );
    }
}

/// Every name that the text of a definition with all its fields in use has.
fn whole_of(definition: &mut Definition) -> Vec<&'static str> {
    let option = &mut definition.ballot.contests[0].districts[0].options[0];
    option.candidates = Some(1);
    option.minority = true;
    option.coalition_size = 2;
    option.apparentment = Some("x".into());
    let rules = &mut definition.rules.contests[0];
    rules.threshold = Some(ThresholdRule {
        share: [1, 2],
        comparison: ComparisonRule::MoreThan,
        base: BaseRule::ListVotes,
        minorities_exempt: true,
        per_seat: false,
        direct_seats_min: None,
        in_one_district: None,
        coalitions: vec![CoalitionRule {
            parties: 2,
            share: [1, 2],
        }],
    });
    rules.ties = vec![
        TieRule::EarlierRegistration,
        TieRule::MoreVotes,
        TieRule::Lot,
    ];
    definition.rules.outstanding = Some(OutstandingRules {
        coalitions: vec![Coalition {
            contest: Some(ContestId::new("list").unwrap()),
            options: Vec::new(),
        }],
        ..OutstandingRules::default()
    });
    let text = part_text(definition);
    let keys = text.lines().filter_map(|line| line.split_once(" = "));
    let mut names: Vec<&'static str> = keys
        .map(|(key, _)| -> &'static str { key.trim().to_owned().leak() })
        .filter(|key| {
            ![
                "method", "quota", "left", "right", "parties", "seats", "relation",
            ]
            .contains(key)
        })
        .collect();
    names.extend([
        "against-all",
        "write-in",
        "other",
        "independent",
        "mobile",
        "hospital",
        "abroad",
        "postal-batch",
        "envelope-centre",
        "hare",
        "droop",
        "hagenbach-bischoff",
        "imperiali",
        "exact",
        "down",
        "down-plus-one",
        "nearest",
        "d-hondt",
        "sainte-lague",
        "modified-sainte-lague",
        "list-votes",
        "valid-votes",
        "valid-and-against-all",
        "ballots-in-box",
        "ballots-issued",
        "at-least",
        "more-than",
        "next-list",
        "stays-empty",
        "earlier-registration",
        "more-votes",
        "lot",
        "version_jump_max",
        "ballots_per_roll_max",
        "large_unit_votes_min",
        "parent",
        "external_ids",
        "title",
        "notice",
        "time_zone",
        "colour",
        "short_name",
        "short_names",
    ]);
    names
}

#[test]
fn an_error_of_the_text_is_told_with_its_line() {
    for (from, to, word) in [
        ("is_test = true", "is_tset = true", "is_tset"),
        ("house_size = 39", "house_size = -1", "-1"),
        ("house_size = 39", "house_size = 39.5", "39.5"),
        ("quota = \"hare\"", "quota = \"hair\"", "hair"),
        ("id = \"list\"", "id = \"li st\"", "ASCII"),
        ("roll = 500000", "roll = 5000000000", "roll"),
        ("left = [\"votes\", ", "left = [\"vots\", ", "vots"),
        ("[rules]\n", "[rules\n", "rules"),
    ] {
        let text = example().replacen(from, to, 1);
        let before = example().split_once(from).expect("the example has this").0;
        let line = before.matches('\n').count() + 1;
        let refusal = Definition::from_toml(&text).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Shape);
        assert!(
            refusal.rule.contains(&format!("line {line}")),
            "{to}: {}",
            refusal.rule
        );
        assert!(refusal.rule.contains(word), "{to}: {}", refusal.rule);
    }
}

#[test]
fn parts_and_required_fields_may_not_be_missing() {
    for field in [
        "[ballot]",
        "[rules]",
        "house_size = 39",
        "election = \"example-almaty-2021\"",
    ] {
        let text = example().replacen(field, "", 1);
        assert!(Definition::from_toml(&text).is_err(), "{field}");
    }
    assert!(Definition::from_toml("").is_err());
}

type Change = fn(&mut Definition);

#[track_caller]
fn refusal(change: Change) -> Refusal {
    let mut definition = small(3, 2);
    assert_eq!(validate::definition(&definition), Ok(()));
    change(&mut definition);
    validate::definition(&definition).expect_err("it must be refused")
}

fn area(id: &str, parent: Option<&str>) -> Area {
    Area {
        id: AreaId::new(id).unwrap(),
        parent: parent.map(|id| AreaId::new(id).unwrap()),
        name: String::new(),
        external_ids: Default::default(),
    }
}

fn threshold(share: [u64; 2]) -> ThresholdRule {
    ThresholdRule {
        share,
        comparison: ComparisonRule::AtLeast,
        base: BaseRule::ListVotes,
        minorities_exempt: false,
        per_seat: false,
        direct_seats_min: None,
        in_one_district: None,
        coalitions: Vec::new(),
    }
}

fn law(definition: &mut Definition) -> &mut ContestRules {
    &mut definition.rules.contests[0]
}

#[test]
fn a_voting_day_is_one_that_the_calendar_has() {
    let with = |day: &str| {
        let mut definition = small(3, 2);
        definition.ballot.voting_day = Some(day.to_owned());
        validate::definition(&definition)
    };
    for day in ["2024-02-29", "2026-12-31", "0001-01-01"] {
        assert_eq!(with(day), Ok(()), "{day}");
    }
    for day in ["2026-02-30", "2023-02-29", "2026-04-31", "2026-13-01"] {
        let refusal = with(day).unwrap_err();
        assert_eq!(refusal.value, day);
        assert!(refusal.rule.contains("calendar"), "{day}: {}", refusal.rule);
    }
    for day in ["2026-3-1", "20260301", "+002026-03-01", "2026-03-01T00", ""] {
        let refusal = with(day).unwrap_err();
        assert_eq!(refusal.field, "ballot.voting_day", "{day}");
    }
}

#[test]
fn texts_are_in_languages_by_their_codes() {
    type Texts = fn(&mut Presentation) -> &mut BTreeMap<String, String>;
    let option = || OptionId::new("o0").unwrap();
    let places: [(&str, Texts); 5] = [
        ("presentation.title", |it| &mut it.title),
        ("presentation.notice", |it| &mut it.notice),
        ("presentation.options.o0.name", |it| {
            let id = OptionId::new("o0").unwrap();
            &mut it.options.get_mut(&id).unwrap().name
        }),
        ("presentation.districts.city", |it| {
            it.districts
                .entry(DistrictId::new("city").unwrap())
                .or_default()
        }),
        ("presentation.contests.list", |it| {
            let id = ContestId::new("list").unwrap();
            it.contests.entry(id).or_default()
        }),
    ];
    for (field, texts) in places {
        let with = |code: &str| {
            let mut definition = small(3, 2);
            let looks = &mut definition.presentation;
            looks.options.insert(
                option(),
                OptionPresentation {
                    name: BTreeMap::new(),
                    short_name: None,
                    short_names: BTreeMap::new(),
                    colour: None,
                },
            );
            texts(looks).insert(code.to_owned(), "A".to_owned());
            validate::definition(&definition)
        };
        for code in ["en", "ru", "kk", "kaz", "kk-Latn", "sr-Cyrl-RS", "de-1996"] {
            assert_eq!(with(code), Ok(()), "{code}");
        }
        for code in ["russian", "r", "ru_RU", "ru-", "русский", "r1", ""] {
            let refusal = with(code).unwrap_err();
            assert_eq!(
                (refusal.field.as_str(), refusal.value.as_str()),
                (field, code)
            );
            assert!(refusal.rule.contains("BCP 47"), "{}", refusal.rule);
        }
    }
}

#[test]
fn a_ballot_is_refused_for_each_of_its_rules() {
    let contest = "ballot.contests[0].districts";
    let cases: [(&str, Change); 13] = [
        ("ballot.voting_day", |d| {
            d.ballot.voting_day = Some("soon".into())
        }),
        ("ballot.votes_per_ballot", |d| d.ballot.votes_per_ballot = 0),
        ("ballot.votes_per_ballot", |d| {
            d.ballot.votes_per_ballot = 10_001
        }),
        ("ballot.counting_groups", |d| {
            d.ballot.counting_groups.clear()
        }),
        ("ballot.counting_groups[1]", |d| {
            let group = d.ballot.counting_groups[0].clone();
            d.ballot.counting_groups.push(group);
        }),
        ("ballot.counting_groups", |d| {
            d.ballot.counting_groups = (0..9)
                .map(|n| CountingGroupId::new(&format!("g{n}")).unwrap())
                .collect();
        }),
        ("ballot.contests", |d| d.ballot.contests.clear()),
        ("ballot.contests[1]", |d| {
            let contest = d.ballot.contests[0].clone();
            d.ballot.contests.push(contest);
        }),
        ("ballot.contests[1].districts", |d| {
            let mut contest = d.ballot.contests[0].clone();
            contest.id = ContestId::new("second").unwrap();
            contest.districts[0].id = DistrictId::new("elsewhere").unwrap();
            d.ballot.contests.push(contest);
        }),
        (contest, |d| d.ballot.contests[0].districts.clear()),
        ("ballot.contests[0].districts[0].options", |d| {
            d.ballot.contests[0].districts[0].options.clear();
        }),
        ("ballot.contests[0].districts[0].options[2]", |d| {
            let options = &mut d.ballot.contests[0].districts[0].options;
            options[2].id = options[0].id.clone();
        }),
        (
            "ballot.contests[0].districts[0].options[1].coalition_size",
            |d| {
                d.ballot.contests[0].districts[0].options[1].coalition_size = 0;
            },
        ),
    ];
    for (field, change) in cases {
        let refusal = refusal(change);
        assert_eq!(refusal.field, field, "{refusal}");
        assert!(!refusal.rule.is_empty());
    }
}

#[test]
fn a_register_is_refused_for_each_of_its_rules() {
    let cases: [(&str, RefusalCode, Change); 11] = [
        ("register.units", RefusalCode::Shape, |d| {
            d.register.units.clear()
        }),
        ("register.units[1]", RefusalCode::Shape, |d| {
            d.register.units[1] = d.register.units[0].clone();
        }),
        (
            "register.units[1].district",
            RefusalCode::UnknownDistrict,
            |d| {
                d.register.units[1].district = DistrictId::new("moon").unwrap();
            },
        ),
        ("register.units[0].area", RefusalCode::Shape, |d| {
            d.register.units[0].area = Some(AreaId::new("moon").unwrap());
        }),
        (
            "register.units[0].counting_groups",
            RefusalCode::UnknownCountingGroup,
            |d| {
                d.register.units[0].counting_groups = vec![CountingGroupId::new("moon").unwrap()];
            },
        ),
        (
            "register.units[0].counting_groups[1]",
            RefusalCode::Shape,
            |d| {
                d.register.units[0].counting_groups = vec![CountingGroupId::new("all").unwrap(); 2];
            },
        ),
        ("register.units[0].name", RefusalCode::Limit, |d| {
            d.register.units[0].name = "x".repeat(257);
        }),
        ("register.areas[1]", RefusalCode::Shape, |d| {
            d.register.areas = vec![area("a", None), area("a", None)];
        }),
        ("register.areas[0].parent", RefusalCode::Shape, |d| {
            d.register.areas = vec![area("a", Some("a"))];
        }),
        ("register.areas", RefusalCode::Limit, |d| {
            d.register.areas = (0..10_001).map(|n| area(&format!("a{n}"), None)).collect();
        }),
        ("register.electorate", RefusalCode::Limit, |d| {
            d.register.electorate = Some(u64::MAX)
        }),
    ];
    for (field, code, change) in cases {
        let refusal = refusal(change);
        assert_eq!(
            (refusal.field.as_str(), refusal.code),
            (field, code),
            "{refusal}"
        );
    }
}

#[test]
fn rules_are_refused_for_each_of_theirs() {
    let cases: [(&str, Change); 28] = [
        ("rules.house_size", |d| d.rules.house_size = 0),
        ("rules.house_size", |d| d.rules.house_size = 9),
        ("rules.house_size", |d| d.rules.house_size = 100_001),
        ("rules.contests[0].id", |d| {
            law(d).id = ContestId::new("mayor").unwrap()
        }),
        ("rules.contests[1]", |d| {
            let contest = law(d).clone();
            d.rules.contests.push(contest);
        }),
        ("rules.contests[0].districts", |d| law(d).districts.clear()),
        ("rules.contests[0].districts[0].seats", |d| {
            law(d).districts[0].seats = 0
        }),
        ("rules.contests[0].districts[0].seats", |d| {
            law(d).districts[0].seats = u32::MAX
        }),
        ("rules.contests[0].stages", |d| law(d).stages.clear()),
        // What the engine refuses is refused here, and not on the night.
        ("rules.contests[0]", |d| {
            let stage = law(d).stages[0].clone();
            law(d).stages.push(stage);
        }),
        ("rules.contests[0]", |d| {
            law(d).threshold = None;
            law(d).widening = Some(WideningRule::LowerBy {
                step: [1, 100],
                lists_min: 2,
            });
        }),
        ("rules.contests[0].threshold", |d| {
            law(d).threshold = Some(ThresholdRule {
                direct_seats_min: Some(3),
                ..threshold([5, 100])
            });
        }),
        ("rules.contests[0].stages[0].first", |d| {
            law(d).stages = vec![StageRule::HighestAverages {
                divisors: DivisorRule::ModifiedSainteLague,
                first: None,
                exponent: None,
                limits: Default::default(),
            }];
        }),
        ("rules.contests[0].stages[0].exponent", |d| {
            law(d).stages = vec![StageRule::HighestAverages {
                divisors: DivisorRule::Power,
                first: None,
                exponent: Some([9, 11]),
                limits: Default::default(),
            }];
        }),
        ("rules.contests[0].stages[0].exponent", |d| {
            law(d).stages = vec![StageRule::HighestAverages {
                divisors: DivisorRule::Adams,
                first: None,
                exponent: Some([9, 10]),
                limits: Default::default(),
            }];
        }),
        ("rules.contests[0].stages[0].first", |d| {
            law(d).stages = vec![StageRule::HighestAverages {
                divisors: DivisorRule::DHondt,
                first: Some([14, 10]),
                exponent: None,
                limits: Default::default(),
            }];
        }),
        ("rules.contests[0].stages[0].first", |d| {
            law(d).stages = vec![StageRule::HighestAverages {
                divisors: DivisorRule::ModifiedSainteLague,
                first: Some([1_001, 10]),
                exponent: None,
                limits: Default::default(),
            }];
        }),
        ("rules.contests[0].threshold.share", |d| {
            law(d).threshold = Some(threshold([0, 100]))
        }),
        ("rules.contests[0].threshold.share", |d| {
            law(d).threshold = Some(threshold([7, 0]))
        }),
        ("rules.contests[0].threshold.share", |d| {
            law(d).threshold = Some(threshold([8, 7]))
        }),
        ("rules.contests[0].threshold.share", |d| {
            law(d).threshold = Some(threshold([1, u64::MAX]));
        }),
        ("rules.contests[0].threshold.coalitions[0].share", |d| {
            let coalitions = vec![CoalitionRule {
                parties: 2,
                share: [2, 1],
            }];
            law(d).threshold = Some(ThresholdRule {
                coalitions,
                ..threshold([1, 2])
            });
        }),
        ("rules.contests[0].threshold.coalitions", |d| {
            let coalitions = vec![
                CoalitionRule {
                    parties: 2,
                    share: [1, 2]
                };
                2
            ];
            law(d).threshold = Some(ThresholdRule {
                coalitions,
                ..threshold([1, 2])
            });
        }),
        ("rules.contests[0].rescue.factor", |d| {
            law(d).rescue = Some(RescueRule::AdmitRunnerUp {
                factor: [7, 0],
                floor: 2,
                verified: false,
            });
        }),
        ("rules.contests[0].rescue.floor", |d| {
            law(d).rescue = Some(RescueRule::AdmitRunnerUp {
                factor: [7, 10],
                floor: 100_001,
                verified: false,
            });
        }),
        ("rules.form.identities[0]", |d| {
            d.rules.form.identities[0].right.clear()
        }),
        ("rules.holds.version_jump_max", |d| {
            d.rules.holds.version_jump_max = 0
        }),
        ("rules.holds.ballots_per_roll_max", |d| {
            d.rules.holds.ballots_per_roll_max = [u64::MAX, 1];
        }),
    ];
    for (field, change) in cases {
        let refusal = refusal(change);
        assert_eq!(refusal.field, field, "{refusal}");
    }
    let identities = refusal(|d| {
        let identity = d.rules.form.identities[0].clone();
        d.rules.form.identities = vec![identity; 101];
    });
    assert_eq!(identities.code, RefusalCode::Limit);
}

#[test]
fn a_presentation_is_refused_for_each_of_its_rules() {
    fn looks(colour: &str) -> OptionPresentation {
        OptionPresentation {
            colour: Some(colour.into()),
            ..OptionPresentation::default()
        }
    }
    let cases: [(&str, Change); 6] = [
        ("presentation.contests", |d| {
            let id = ContestId::new("mayor").unwrap();
            d.presentation.contests.insert(id, Default::default());
        }),
        ("presentation.options", |d| {
            d.presentation
                .options
                .insert(OptionId::new("o9").unwrap(), looks("#000000"));
        }),
        ("presentation.options.o0.colour", |d| {
            d.presentation
                .options
                .insert(OptionId::new("o0").unwrap(), looks("red"));
        }),
        ("presentation.options.o0.colour", |d| {
            d.presentation
                .options
                .insert(OptionId::new("o0").unwrap(), looks("#0000é"));
        }),
        ("presentation.options.o0.colour", |d| {
            d.presentation
                .options
                .insert(OptionId::new("o0").unwrap(), looks("é#0000"));
        }),
        ("presentation.districts", |d| {
            d.presentation
                .districts
                .insert(DistrictId::new("moon").unwrap(), Default::default());
        }),
    ];
    for (field, change) in cases {
        assert_eq!(refusal(change).field, field);
    }
}

#[test]
fn what_does_not_fit_in_a_record_is_refused_before_it_is_one() {
    let notice = |bytes: usize| {
        [(String::from("en"), "x".repeat(bytes))]
            .into_iter()
            .collect()
    };
    let mut definition = small(3, 1);
    definition.presentation.notice = notice(1_500 << 10);
    assert_eq!(validate::definition(&definition), Ok(()));
    definition.rules.sources = vec!["x".repeat(500 << 10)];
    let refusal = validate::definition(&definition).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_str()),
        (RefusalCode::Limit, "definition")
    );
}

#[test]
fn ten_thousand_lists_are_taken_or_told_their_limit() {
    let limit = |options| validate::definition(&small(options, 1)).map_err(|r| (r.code, r.field));
    let options = "ballot.contests[0].districts[0].options";
    assert_eq!(limit(10_001), Err((RefusalCode::Limit, options.into())));
    // With names, as a commission would give them.
    let mut definition = small(10_000, 1);
    let names = |number: usize| {
        let name = format!("Тізім {number} / Список {number}");
        let named = OptionPresentation {
            name: [(String::from("kk"), name)].into_iter().collect(),
            ..OptionPresentation::default()
        };
        (OptionId::new(&format!("o{number}")).unwrap(), named)
    };
    definition.presentation.options = (0..10_000).map(names).collect();
    assert_eq!(validate::definition(&definition), Ok(()));
    let mut night = Night::begin(&definition);
    let record = election::bytes::encode_record(&night.records[0], [0; 16]);
    assert!(record.public.len() > 1 << 20, "{}", record.public.len());
    let outcome = night.submit(night.full("u0", 1, &[0; 10_000]));
    assert_eq!(outcome.name(), "ACCEPTED");
}

#[test]
fn a_register_of_long_names_goes_into_records_that_fit() {
    let mut definition = small(1, 0);
    let long = |number: usize| Unit {
        name: "ы".repeat(128),
        ..unit(&format!("{number:064}"), Some(1))
    };
    definition.register.units = (0..3_000).map(long).collect();
    let night = Night::begin(&definition);
    for recorded in &night.records {
        let bytes = election::bytes::encode_record(recorded, [0; 16]);
        assert!(
            bytes.public.len() < 768 << 10,
            "{} bytes",
            bytes.public.len()
        );
    }
    assert!(night.state.tally().is_complete());
}

#[test]
fn tables_beyond_what_the_state_can_number_are_refused() {
    let ballot = |options, groups: usize| {
        let mut ballot = small(options, 1).ballot;
        ballot.counting_groups = (0..groups)
            .map(|number| CountingGroupId::new(&format!("g{number}")).unwrap())
            .collect();
        ballot
    };
    let check = |ballot: &Ballot, units: usize| {
        validate::table_size(ballot, std::iter::repeat_n(0, units)).map_err(|refusal| refusal.rule)
    };
    assert_eq!(check(&ballot(12, 8), 4_000_000), Ok(()));
    assert!(
        check(&ballot(12, 1), 4_000_001)
            .unwrap_err()
            .contains("4000000 units")
    );
    assert!(
        check(&ballot(9_000, 1), 500_000)
            .unwrap_err()
            .contains("4294967294 counts")
    );
    let mut wide = ballot(1, 8);
    wide.contests = vec![wide.contests[0].clone(); 4];
    assert!(
        check(&wide, 3_000_000)
            .unwrap_err()
            .contains("67108864 tallies")
    );
}

#[test]
fn a_definition_that_is_refused_makes_no_event() {
    let mut definition = small(3, 1);
    definition.rules.house_size = 0;
    let command = Command::Define {
        definition: Box::new(definition),
        log_id: LOG,
    };
    let refusal = decide(None, &command, Timestamp(START)).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "SHAPE: rules.house_size is \"0\": between 1 and 100000 seats"
    );
}

#[test]
fn ids_are_checked_at_the_border() {
    let longest = "x".repeat(64);
    assert_eq!(UnitId::new(&longest).unwrap().as_str(), longest);
    assert_eq!(UnitId::new(""), Err(IdError::Empty));
    assert_eq!(UnitId::new(&"x".repeat(65)), Err(IdError::TooLong(65)));
    for character in [' ', '/', '\n', 'é', '\0'] {
        let text = format!("a{character}");
        assert_eq!(UnitId::new(&text), Err(IdError::Character(character)));
    }
    assert_eq!(Hash::from_hex(&"0g".repeat(32)), None);
    assert_eq!(Hash::from_hex(&"0".repeat(63)), None);
    assert_eq!(Hash::from_hex(&"+1".repeat(32)), None);
    let hash = Hash::of(b"x");
    assert_eq!(Hash::from_hex(&hash.to_string()), Some(hash));
}
