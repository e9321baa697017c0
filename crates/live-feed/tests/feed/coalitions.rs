//! What lists have together: in frames, in documents as their schema says, and on the page in each language.

use super::http::{BASE, json};
use super::page::{PAGE, get, page};
use super::*;
use election::ids::OptionId;
use election::rules::{
    Coalition, ContestRules, DistrictSeats, DivisorRule, OutstandingRules, RollCeiling, StageRule,
};
use serde_json::Value;
use wire::common::v1::Certainty;

/// Nine seats by D'Hondt, and 98 votes of 106 counted: the first two lists have a majority for certain, which the sum of their
/// fewest does not show.
fn two_against_one() -> Night {
    let mut definition = small(3, 2);
    let rules = &mut definition.rules;
    let ContestRules {
        stages, districts, ..
    } = &mut rules.contests[0];
    *stages = vec![StageRule::HighestAverages {
        divisors: DivisorRule::DHondt,
        first: None,
        exponent: None,
        limits: Default::default(),
    }];
    let DistrictSeats { seats, .. } = &mut districts[0];
    (rules.house_size, *seats) = (9, 9);
    let coalition = |ids: &[&str]| Coalition {
        contest: None,
        options: ids.iter().map(|id| OptionId::new(id).unwrap()).collect(),
    };
    rules.outstanding = Some(OutstandingRules {
        roll: Some(RollCeiling {
            share: [1, 1],
            ballots: 0,
        }),
        coalitions: vec![coalition(&["o0", "o1"]), coalition(&["o0", "o2", "o1"])],
        ..OutstandingRules::default()
    });
    for (unit, roll) in definition.register.units.iter_mut().zip([98, 8]) {
        unit.roll = Some(roll);
    }
    let mut night = Night::begin(&definition);
    open_all(&mut night);
    night.submit(night.full("u0", 1, &[30, 30, 38]));
    night
}

#[tokio::test(start_paused = true)]
async fn what_lists_have_together_is_in_frame_document_and_page() {
    let stage = stage();
    let night = two_against_one();
    stage.show(&night, head(&night));
    let frame = stage.frame(whole()).await.unwrap();
    let contest = &frame.body.as_ref().unwrap().contests[0];
    let certain = contest.certain.as_ref().unwrap();
    let [two, all] = &certain.coalitions[..] else {
        panic!("two are named: {certain:?}");
    };
    let fewest = |row: usize| {
        let seats = contest.rows[row].seats.unwrap();
        seats.bounds.unwrap().seats_fewest.unwrap()
    };
    assert!(fewest(0) + fewest(1) < 5);
    assert_eq!(two.has_majority(), Certainty::Certain);
    assert!(two.seats_fewest >= 5 && two.is_fewest_exact);
    assert_eq!((all.seats_fewest, all.seats_most), (9, 9));
    // The document has the same numbers, and is as its schema says.
    let document = json(&stage, &format!("{BASE}/results.json")).await;
    let schema = json(&stage, "/v1/results.schema.json").await;
    assert_eq!(misfit(&schema, &schema, &document, ""), None);
    let said = &document["contests"][0]["certain"]["coalitions"];
    assert_eq!(said[0]["option_ids"], serde_json::json!(["o0", "o1"]));
    assert_eq!(said[0]["seats_fewest"], two.seats_fewest);
    assert_eq!(said[0]["seats_most"], two.seats_most);
    assert_eq!(said[0]["has_majority"], "certain");
    // On the page it is a sentence.
    let (low, high) = (two.seats_fewest, two.seats_most);
    let english = page(&stage).await;
    let sentence = format!("o0 and o1 together: {low} to {high} seats; the majority is certain.");
    assert!(english.contains(&sentence), "{sentence}: {english}");
    assert!(english.contains("o0, o2 and o1 together: 9 seats; the majority is certain."));
    for (language, words) in [("ru", "o0 и o1 вместе: от"), ("kk", "o0 және o1 бірге:")]
    {
        let (_, text) = get(&stage, PAGE, language).await;
        assert!(text.contains(words), "{text}");
    }
}

/// A document that lacks something of a coalition, or says something else, is found.
#[tokio::test(start_paused = true)]
async fn a_coalition_that_the_schema_does_not_know_is_found() {
    let stage = stage();
    let night = two_against_one();
    stage.show(&night, head(&night));
    let document = json(&stage, &format!("{BASE}/results.json")).await;
    let schema = json(&stage, "/v1/results.schema.json").await;
    let wrong = |change: &dyn Fn(&mut Value)| {
        let mut document = document.clone();
        change(&mut document["contests"][0]["certain"]);
        misfit(&schema, &schema, &document, "").is_some()
    };
    assert!(!wrong(&|_| {}));
    assert!(wrong(&|it| {
        it.as_object_mut().unwrap().remove("coalitions");
    }));
    assert!(wrong(&|it| it["coalitions"][0]["seats_most"] = (-1).into()));
    assert!(wrong(
        &|it| it["coalitions"][0]["has_majority"] = "likely".into()
    ));
    assert!(wrong(
        &|it| it["coalitions"][0]["option_ids"] = serde_json::json!(["o0"])
    ));
}

/// Where a value is not as a schema says, in the words of JSON Schema that ours uses for shapes and numbers.
fn misfit(root: &Value, schema: &Value, value: &Value, path: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.strip_prefix('#').unwrap();
        return misfit(root, root.pointer(pointer).unwrap(), value, path);
    }
    let wrong = |what: &str| Some(format!("{path}: {value} is not {what}"));
    if let Some(any) = schema["anyOf"].as_array()
        && any
            .iter()
            .all(|schema| misfit(root, schema, value, path).is_some())
    {
        return wrong("any of these");
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let is_of = |kind: &Value| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        kind => panic!("{kind} is no type of ours"),
    };
    if !types.is_empty() && !types.iter().any(is_of) {
        return wrong("of its type");
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        return wrong("one of its words");
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
        && number < least
    {
        return wrong("so large");
    }
    if let Some(items) = value.as_array() {
        if schema["minItems"]
            .as_u64()
            .is_some_and(|least| u64::try_from(items.len()).unwrap() < least)
        {
            return wrong("so long");
        }
        let mut items = items
            .iter()
            .enumerate()
            .filter(|_| !schema["items"].is_null());
        return items.find_map(|(place, item)| {
            misfit(root, &schema["items"], item, &format!("{path}/{place}"))
        });
    }
    let fields = value.as_object()?;
    let mut required = schema["required"].as_array().into_iter().flatten();
    if let Some(missing) = required.find(|name| !fields.contains_key(name.as_str().unwrap())) {
        return wrong(&format!("with {missing}"));
    }
    fields.iter().find_map(|(name, field)| {
        let known = schema["properties"].get(name)?;
        misfit(root, known, field, &format!("{path}/{name}"))
    })
}
