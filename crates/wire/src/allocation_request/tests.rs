use super::*;
use apportionment::{Outcome, StageAt, allocate};

/// Almaty city maslihat, 10 January 2021, as a caller writes it.
const ALMATY: &str = r#"{
    "id": "almaty-2021",
    "seats": 39,
    "lists": [
        {"optionId": "nur-otan", "votes": "218003", "candidates": 78, "registrationNumber": "1"},
        {"optionId": "aq-jol", "votes": 32367, "candidates": 15},
        {"optionId": "auyl", "votes": "24591", "candidates": 6, "registrationNumber": "2"},
        {"optionId": "qhp", "votes": "23388", "candidates": 14, "registrationNumber": "4"},
        {"optionId": "adal", "votes": "21733", "candidates": 5}
    ],
    "rules": {
        "threshold": {
            "share": {"numerator": "7", "denominator": "100"},
            "comparison": "COMPARISON_AT_LEAST",
            "base": "THRESHOLD_BASE_LIST_VOTES"
        },
        "stages": [{"largestRemainder": {"quota": "QUOTA_HARE"}}],
        "ties": ["TIE_BREAK_EARLIER_REGISTRATION", "TIE_BREAK_LOT"]
    }
}"#;

fn message() -> proto::AllocateRequest {
    serde_json::from_str(ALMATY).unwrap()
}

fn refusal(change: impl FnOnce(&mut proto::AllocateRequest)) -> Refusal {
    let mut message = message();
    change(&mut message);
    AllocationRequest::try_from(message).unwrap_err()
}

fn engine_refusal(change: impl FnOnce(&mut proto::AllocateRequest)) -> Refusal {
    let mut message = message();
    change(&mut message);
    let question = AllocationRequest::try_from(message).unwrap().question;
    contest_refusal(&allocate(&question.contest, &question.rules, &question.lots).unwrap_err())
}

#[test]
fn almaty_2021_is_asked_in_json() {
    let request = AllocationRequest::try_from(message()).unwrap();
    assert_eq!(
        (
            request.id.as_str(),
            request.include_steps,
            request.include_margins
        ),
        ("almaty-2021", false, false)
    );
    let Question {
        options,
        contest,
        rules,
        lots,
    } = &request.question;
    assert_eq!(options, &[0, 1, 2, 3, 4]);
    assert_eq!(contest.lists[0].registration, Some(1));
    assert_eq!(
        (
            contest.lists[1].registration,
            contest.lists[1].coalition_size
        ),
        (None, 1)
    );
    let allocation = allocate(contest, rules, lots).unwrap();
    assert_eq!(
        (allocation.outcome, allocation.seats()),
        (Outcome::Settled, vec![29, 4, 3, 3, 0])
    );
}

#[test]
fn what_the_request_says_of_a_list_reaches_the_engine() {
    let mut message = message();
    let threshold = message.rules.as_mut().unwrap().threshold.as_mut().unwrap();
    threshold.minorities_exempt = true;
    message.lists[4].minority = true;
    message.lists[1].coalition_size = 3;
    message.lists[2].apparentment = "pair".into();
    message.lists[3].apparentment = "pair".into();
    message.base = Some(proto::BaseCounts {
        valid_votes: Some(7),
        ..Default::default()
    });
    message.lots = vec![proto::Lot {
        stage: 1_000,
        tied_option_ids: vec!["adal".into(), "qhp".into()],
        seats_at_stake: 1,
        winner_option_ids: vec!["qhp".into()],
    }];
    let question = AllocationRequest::try_from(message).unwrap().question;
    let lists = &question.contest.lists;
    assert!(lists[4].exempt && !lists[3].exempt);
    assert_eq!(lists[1].coalition_size, 3);
    assert_eq!(
        (lists[2].group, lists[3].group, lists[4].group),
        (Some(0), Some(0), None)
    );
    assert!(question.rules.apparentment.is_some());
    assert_eq!(question.contest.base.valid_votes, Some(7));
    let lot = Lot {
        stage: StageAt::Rescue,
        lists: vec![4, 3],
        seats_at_stake: 1,
        winners: vec![3],
    };
    assert_eq!(question.lots, [lot]);
}

#[test]
fn what_is_no_question_is_refused_by_field() {
    assert_eq!(refusal(|message| message.rules = None).field, "rules");
    assert_eq!(
        refusal(|message| message.lists[2].option_id.clear()).field,
        "lists[2].option_id"
    );
    let twice = refusal(|message| message.lists[2].option_id = "adal".into());
    assert_eq!(
        (twice.field.as_str(), twice.code),
        ("lists[4].option_id", RefusalCode::RepeatedOption)
    );
    assert_eq!(refusal(|message| message.id = "x".repeat(257)).field, "id");
    let many = refusal(|message| message.lists = vec![proto::AllocationList::default(); 10_001]);
    assert_eq!(
        (many.field.as_str(), many.code),
        ("lists", RefusalCode::Limit)
    );
    let stage = refusal(|message| message.rules.as_mut().unwrap().stages[0].method = None);
    assert_eq!(stage.field, "rules.stages[0].method");
    let lot = proto::Lot {
        tied_option_ids: vec!["nobody".into()],
        ..Default::default()
    };
    let unknown = refusal(|message| message.lots.push(lot.clone()));
    assert_eq!(
        (unknown.field.as_str(), unknown.code),
        ("lots[0].tied_option_ids[0]", RefusalCode::UnknownOption)
    );
    let nowhere = proto::Lot { stage: 999, ..lot };
    assert_eq!(
        refusal(|message| message.lots.push(nowhere)).field,
        "lots[0].stage"
    );
}

#[test]
fn what_the_engine_refuses_has_the_path_of_the_request() {
    let seats = engine_refusal(|message| message.seats = 0);
    assert_eq!((seats.field.as_str(), seats.value.as_str()), ("seats", "0"));
    assert_eq!(
        engine_refusal(|message| message.seats = 100_001).rule,
        "at most 100000"
    );
    assert_eq!(
        engine_refusal(|message| message.lists.clear()).field,
        "lists"
    );
    let threshold = |change: fn(&mut proto::Threshold)| {
        engine_refusal(|message| {
            change(message.rules.as_mut().unwrap().threshold.as_mut().unwrap())
        })
    };
    let base = threshold(|threshold| threshold.base = proto::ThresholdBase::BallotsInBox.into());
    assert_eq!(base.field, "base.ballots_in_box");
    let share = threshold(|threshold| {
        threshold.share = Some(proto::Fraction {
            numerator: 8,
            denominator: 7,
        })
    });
    assert_eq!(
        (share.field.as_str(), share.value.as_str()),
        ("rules.threshold.share", "8/7")
    );
    assert_eq!(
        engine_refusal(|message| message.rules.as_mut().unwrap().stages.clear()).field,
        "rules.stages"
    );
}

#[test]
fn a_fraction_that_the_engine_cannot_hold_is_refused_as_written() {
    let wide = proto::Fraction {
        numerator: 1,
        denominator: 1 << 32,
    };
    let refusal = refusal(|message| {
        message
            .rules
            .as_mut()
            .unwrap()
            .threshold
            .as_mut()
            .unwrap()
            .share = Some(wide)
    });
    assert_eq!(
        (refusal.field.as_str(), refusal.value.as_str()),
        ("rules.threshold.share", "1/4294967296")
    );
}

/// A series that another would take the place of without its parameter, or a parameter that another has: refused as a definition
/// refuses it, and not read as something else.
#[test]
fn parameters_that_are_missing_or_of_another_series_are_refused() {
    use proto::{Divisors, Fraction, HighestAverages, stage::Method};
    let averages = |divisors: Divisors, first: Option<Fraction>, exponent: Option<Fraction>| {
        refusal(|message| {
            let stage = &mut message.rules.as_mut().unwrap().stages[0];
            stage.method = Some(Method::HighestAverages(HighestAverages {
                divisors: divisors.into(),
                first,
                exponent,
            }));
        })
    };
    let given = Some(Fraction {
        numerator: 14,
        denominator: 10,
    });
    for (refusal, field) in [
        (averages(Divisors::ModifiedSainteLague, None, None), "first"),
        (averages(Divisors::DHondt, given, None), "first"),
        (averages(Divisors::Power, None, None), "exponent"),
        (averages(Divisors::SainteLague, None, given), "exponent"),
    ] {
        assert_eq!(refusal.field, format!("rules.stages[0].{field}"));
        assert_eq!(refusal.code, RefusalCode::Shape);
    }
}
