use super::*;
use apportionment::bounds::{bound_coalition, bound_seats};

const QUESTION: &str = r#"{
    "counted": {
        "id": "near the end",
        "seats": 39,
        "lists": [
            {"optionId": "nur-otan", "votes": "218003"},
            {"optionId": "aq-jol", "votes": "32367"},
            {"optionId": "auyl", "votes": "24591"},
            {"optionId": "qhp", "votes": "23388"},
            {"optionId": "adal", "votes": "21733"}
        ],
        "rules": {
            "threshold": {
                "share": {"numerator": "7", "denominator": "100"},
                "comparison": "COMPARISON_AT_LEAST",
                "base": "THRESHOLD_BASE_LIST_VOTES"
            },
            "stages": [{"largestRemainder": {"quota": "QUOTA_HARE"}}]
        }
    },
    "outstandingBallots": "800",
    "coalitions": [{"optionIds": ["aq-jol", "adal"]}]
}"#;

fn message() -> proto::BoundSeatsRequest {
    serde_json::from_str(QUESTION).unwrap()
}

fn refusal(change: impl FnOnce(&mut proto::BoundSeatsRequest)) -> Refusal {
    let mut message = message();
    change(&mut message);
    BoundsRequest::try_from(message).unwrap_err()
}

#[test]
fn an_answer_names_lists_and_what_is_known_of_each_number() {
    let request = BoundsRequest::try_from(message()).unwrap();
    assert_eq!(request.majority, 20);
    let (contest, rules) = (
        &request.counted.question.contest,
        &request.counted.question.rules,
    );
    let bounds = bound_seats(contest, rules, request.outstanding).unwrap();
    let coalition = bound_coalition(
        contest,
        rules,
        request.outstanding,
        &bounds,
        &request.coalitions[0],
    )
    .unwrap();
    let answer = bounds_response(&request, &bounds, &[coalition], &[]);
    let said = |place: usize| (answer.lists[place].fewest, answer.lists[place].most);
    assert_eq!(said(0), (26, 29));
    assert_eq!(said(4), (0, 3));
    let adal = &answer.lists[4];
    assert_eq!(adal.option_id, "adal");
    assert_eq!(adal.threshold(), proto::ThresholdClaim::Open);
    assert_eq!(adal.majority(), proto::SeatClaim::Excluded);
    assert_eq!(answer.lists[0].majority(), proto::SeatClaim::Certain);
    let proof = adal.most_proof.clone().unwrap();
    assert_eq!(
        (proof.kind(), proof.reason.as_str()),
        (proto::BoundKind::Exact, "")
    );
    assert_eq!(
        (answer.seats, answer.seats_secured, answer.all_secured),
        (39, 36, false)
    );
    let together = &answer.coalitions[0];
    assert_eq!(together.option_ids, ["aq-jol", "adal"]);
    let proof = together.most_proof.clone().unwrap();
    assert_eq!(
        (proof.kind(), proof.reason.as_str()),
        (proto::BoundKind::Safe, "TOGETHER")
    );
    assert!(!proof.reason_text.is_empty());
}

#[test]
fn what_is_wrong_is_told_by_its_field() {
    let told = |refusal: Refusal| (refusal.code, refusal.field);
    assert_eq!(
        told(refusal(|it| it.counted = None)),
        (RefusalCode::Shape, "counted".into())
    );
    let field = "counted.lists[1].option_id".to_owned();
    let repeated = refusal(|it| {
        let counted = it.counted.as_mut().unwrap();
        counted.lists[1].option_id = "nur-otan".into();
    });
    assert_eq!(told(repeated), (RefusalCode::RepeatedOption, field));
    let steps = refusal(|it| it.counted.as_mut().unwrap().include_steps = true);
    assert_eq!(
        told(steps),
        (RefusalCode::Shape, "counted.include_steps".into())
    );
    let majority = refusal(|it| it.majority_seats = 40);
    assert_eq!(
        told(majority),
        (RefusalCode::Limit, "majority_seats".into())
    );
    let many = refusal(|it| it.coalitions = vec![proto::BoundedCoalition::default(); 65]);
    assert_eq!(told(many), (RefusalCode::Limit, "coalitions".into()));
    let coalition = |ids: &[&str]| proto::BoundedCoalition {
        option_ids: ids.iter().map(|&id| id.to_owned()).collect(),
    };
    for (ids, code, field) in [
        (&[][..], RefusalCode::Shape, "coalitions[0].option_ids"),
        (
            &["qhp", "nobody"],
            RefusalCode::UnknownOption,
            "coalitions[0].option_ids[1]",
        ),
        (
            &["qhp", "qhp"],
            RefusalCode::RepeatedOption,
            "coalitions[0].option_ids[1]",
        ),
    ] {
        let refused = refusal(|it| it.coalitions = vec![coalition(ids)]);
        assert_eq!(told(refused), (code, field.to_owned()));
    }
}

#[test]
fn what_the_engine_refuses_is_told_by_its_field_too() {
    let engine = |change: fn(&mut proto::BoundSeatsRequest)| {
        let mut message = message();
        change(&mut message);
        let request = BoundsRequest::try_from(message).unwrap();
        let question = &request.counted.question;
        let error =
            bound_seats(&question.contest, &question.rules, request.outstanding).unwrap_err();
        let Refusal {
            code, field, value, ..
        } = bounds_refusal(&request, &error);
        (code, field, value)
    };
    let all = engine(|it| it.outstanding_ballots = u64::MAX);
    assert_eq!(
        all,
        (
            RefusalCode::Limit,
            "outstanding_ballots".into(),
            u64::MAX.to_string()
        )
    );
    let none = engine(|it| it.counted.as_mut().unwrap().seats = 0);
    assert_eq!(
        none,
        (RefusalCode::Limit, "counted.seats".into(), "0".into())
    );
}
