//! What a definition with rules over all districts may say.

use crate::support::{COVER, DISTRICTS, define, double, levelling};
use election::districted::DistrictedRules;
use election::rules::{Procedure, Rules};

#[test]
fn each_kind_is_read_written_and_taken_by_the_engine() {
    let laws = [
        (&["list"][..], 15, levelling()),
        (&["list", "person"][..], 7, COVER.to_owned()),
        (&["list"][..], 12, double()),
    ];
    for (contests, house, law) in laws {
        let rules = define(contests, house, &law).unwrap().rules;
        let text = toml::to_string(&rules).unwrap();
        assert_eq!(toml::from_str::<Rules>(&text).unwrap(), rules);
        let contest = &rules.contests[0];
        assert_ne!(contest.procedure(), Procedure::EachDistrict);
        assert_eq!(contest.seats(), u64::from(house));
        let engine = DistrictedRules::of(contest).unwrap();
        assert_eq!(engine.check(), Ok(()));
    }
}

/// Each refusal names the field.
#[test]
fn what_means_nothing_is_refused_by_its_field() {
    let one = &["list"][..];
    let two = &["list", "person"][..];
    let chain = r#"[{ method = "highest-averages", divisors = "d-hondt" }]"#;
    let districts_only = |more: &str| {
        format!(
            "{DISTRICTS}{more}\n[rules.contests.tiers]\nstages = [{{ stage = \"districts\", chain = {chain} }}]\n"
        )
    };
    let cases = [
        (one, 14, levelling(), "rules.house_size"),
        (
            one,
            12,
            districts_only("seats_min = 1"),
            "rules.contests[0].seats_min",
        ),
        (
            one,
            12,
            districts_only(&format!("stages = {chain}")),
            "rules.contests[0].stages",
        ),
        (
            one,
            12,
            levelling() + &double().replace(DISTRICTS, ""),
            "rules.contests[0].double_proportional",
        ),
        (
            one,
            15,
            levelling().replace("seats = 3 }", "seats = 0 }"),
            "rules.contests[0].districts[2].seats",
        ),
        (
            one,
            15,
            levelling().replace(r#", { id = "west", seats = 3 }"#, ""),
            "rules.contests[0].districts",
        ),
        (
            one,
            15,
            levelling().replace(r#"id = "west""#, r#"id = "east""#),
            "rules.contests[0].districts[2].id",
        ),
        (
            one,
            15,
            levelling().replace(
                r#"id = "west", seats = 3"#,
                r#"id = "w", seats = 3, parts = ["west", "south"]"#,
            ),
            "rules.contests[0].districts[2].parts",
        ),
        (
            one,
            15,
            levelling().replace(r#"id = "west", seats = 3"#, r#"id = "north", seats = 3"#),
            "rules.contests[0].districts[2]",
        ),
        (
            one,
            15,
            levelling().replace("share = [4, 100]", "share = [104, 100]"),
            "rules.contests[0].tiers.stages[1].admission.overall.share",
        ),
        (
            one,
            15,
            levelling().replace("overall =", "here ="),
            "rules.contests[0].tiers.stages[1].admission.here",
        ),
        (
            one,
            15,
            levelling().replace(", first = [14, 10]", ""),
            "rules.contests[0].tiers.stages[0].chain[0].first",
        ),
        (
            one,
            15,
            levelling().replace("step = 2", "step = 0"),
            "rules.contests[0]",
        ),
        (
            one,
            15,
            levelling()
                .replace("\"place\"", "\"regions\"")
                .replace(r#", relative = "list-votes", per_district = 1"#, ""),
            "rules.contests[0].tiers.regions",
        ),
        (
            one,
            7,
            COVER.to_owned(),
            "rules.contests[0].tiers.first_votes",
        ),
        (
            two,
            7,
            COVER.replace("\"person\"", "\"list\""),
            "rules.contests[0].tiers.first_votes",
        ),
        (
            two,
            7,
            COVER.replace("first_votes = \"person\"\n", ""),
            "rules.contests[0].tiers.first_votes",
        ),
        (
            two,
            7,
            COVER.replace("\"upper\"", "\"north\""),
            "rules.contests[0].districts[0].id",
        ),
        (
            one,
            12,
            double().replace("seats = 3 }", "seats = 0 }"),
            "rules.contests[0].districts[2].seats",
        ),
        (
            one,
            12,
            double().replace("[3, 100]", "[3, 0]"),
            "rules.contests[0].double_proportional.quorum.overall.share",
        ),
        (
            one,
            12,
            double() + "[rules.contests.double_proportional.upper]\ndivisors = \"power\"\n",
            "rules.contests[0].double_proportional.upper.exponent",
        ),
    ];
    for (contests, house, law, field) in cases {
        let refusal = define(contests, house, &law)
            .map(|_| law.clone())
            .unwrap_err();
        assert_eq!(refusal.field, field, "{refusal:?}\n{law}");
    }
}

#[test]
fn a_list_is_the_same_in_all_districts_and_joined_nowhere() {
    let with = |more: &str| {
        let text = crate::support::ballot(&["list"]).replacen(
            "id = \"ash\"\n",
            &format!("id = \"ash\"\n{more}\n"),
            1,
        );
        let law = levelling();
        let text =
            format!("{text}[rules]\nhouse_size = 15\n[[rules.contests]]\nid = \"list\"\n{law}");
        election::definition::Definition::from_toml(&text)
    };
    assert!(with("registration_number = 3").is_ok());
    for more in ["coalition_size = 2", "minority = true"] {
        assert_eq!(with(more).unwrap_err().field, "rules.contests[0].districts");
    }
    let joined = with("apparentment = \"pair\"").unwrap_err();
    assert_eq!(joined.field, "rules.contests[0].id");
}

/// Stages in an order that hands seats out twice, or that leaves a stage nothing to do.
#[test]
fn the_order_of_stages_is_checked() {
    let wrong = levelling().replace("surplus = \"kept\"", "surplus = \"returned\"");
    let refusal = define(&["list"], 15, &wrong).unwrap_err();
    assert_eq!(refusal.field, "rules.contests[0]");
}
