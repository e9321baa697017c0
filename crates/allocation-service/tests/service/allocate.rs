//! `Allocate`: votes in, seats out, and every limit a clear error.

use super::stage;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::allocation::v1::stage::Method;
use wire::allocation::v1::{
    AllocateRequest, Allocation, AllocationList, AllocationRules, Comparison, Exhausted,
    ExplanationFormat, ExplanationStyle, Fraction, LargestRemainder, Quota, Stage, Threshold,
    ThresholdBase, TieBreak,
};
use wire::common::v1::SeatsState;

pub fn list(id: &str, votes: u64) -> AllocationList {
    AllocationList {
        option_id: id.into(),
        votes,
        ..Default::default()
    }
}

pub fn hare() -> AllocationRules {
    AllocationRules {
        stages: vec![Stage {
            method: Some(Method::LargestRemainder(LargestRemainder {
                quota: Quota::Hare.into(),
                ..Default::default()
            })),
            ..Default::default()
        }],
        exhausted: Exhausted::NextList.into(),
        ties: vec![TieBreak::Lot.into()],
        ..Default::default()
    }
}

pub fn request(seats: u32, lists: Vec<AllocationList>) -> AllocateRequest {
    AllocateRequest {
        id: "a question".into(),
        seats,
        lists,
        rules: Some(hare()),
        ..Default::default()
    }
}

async fn ask(request: AllocateRequest) -> Result<Allocation, Status> {
    let id = request.id.clone();
    let answer = stage().client.allocate(request).await?.into_inner();
    assert_eq!(answer.id, id, "the id is passed through");
    Ok(answer.allocation.unwrap())
}

/// The refused field, its code, and the text that names value and rule.
async fn refused(request: AllocateRequest) -> (String, String, String) {
    let status = ask(request).await.expect_err("it is refused");
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let violations = &details
        .bad_request()
        .expect("it names a field")
        .field_violations;
    let reason = details.error_info().expect("it has a code").reason.clone();
    let violation = &violations[0];
    (
        violation.field.clone(),
        reason,
        violation.description.clone(),
    )
}

pub fn seats(allocation: &Allocation) -> Vec<u32> {
    let lists = allocation.lists.iter();
    lists
        .map(|list| list.seats.unwrap().seats.unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn almaty_2021_gets_its_seats_with_steps_certificate_and_margins() {
    let votes = [
        ("nur-otan", 218_003),
        ("aq-jol", 32_367),
        ("auyl", 24_591),
        ("qhp", 23_388),
        ("adal", 21_733),
    ];
    let mut request = request(39, votes.map(|(id, votes)| list(id, votes)).to_vec());
    request.rules.as_mut().unwrap().threshold = Some(Threshold {
        share: Some(Fraction {
            numerator: 7,
            denominator: 100,
        }),
        comparison: Comparison::AtLeast.into(),
        base: ThresholdBase::ListVotes.into(),
        ..Default::default()
    });
    (request.include_steps, request.include_margins) = (true, true);
    let allocation = ask(request).await.unwrap();
    assert_eq!(seats(&allocation), [29, 4, 3, 3, 0]);
    assert_eq!(allocation.state(), SeatsState::Provisional);
    // 7% of 320,082 votes.
    assert_eq!(allocation.threshold_votes, Some(22_406));
    assert!(!allocation.steps.is_empty() && allocation.certificate.is_some());
    assert!(!allocation.margins.is_empty() && !allocation.threshold_distances.is_empty());
}

#[tokio::test(start_paused = true)]
async fn counts_of_any_size_are_exact_and_their_sum_may_pass_the_range_of_64_bits() {
    let most = u64::MAX;
    let even = ask(request(
        3,
        vec![list("a", most), list("b", most), list("c", most)],
    ))
    .await;
    assert_eq!(seats(&even.unwrap()), [1, 1, 1]);
    // One vote decides between numbers that no floating point tells apart.
    let close = ask(request(1, vec![list("a", most - 1), list("b", most)])).await;
    assert_eq!(seats(&close.unwrap()), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_lists_are_answered_and_one_more_is_refused() {
    let lists = |count: u64| (0..count).map(|number| list(&format!("l{number}"), 1_000 + number));
    let allocation = ask(request(100_000, lists(10_000).collect()))
        .await
        .unwrap();
    assert_eq!(seats(&allocation).iter().sum::<u32>(), 100_000);
    let (field, code, text) = refused(request(10, lists(10_001).collect())).await;
    assert_eq!((field.as_str(), code.as_str()), ("lists", "LIMIT"));
    assert!(
        text.contains("10001 lists") && text.contains("at most 10000"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_means_nothing_is_refused_by_field_value_and_rule() {
    let one = || vec![list("a", 1)];
    let (field, _, text) = refused(request(0, one())).await;
    assert_eq!(field, "seats");
    assert!(text.contains("at least 1"), "{text}");
    let (field, ..) = refused(request(100_001, one())).await;
    assert_eq!(field, "seats");
    let (field, ..) = refused(request(1, Vec::new())).await;
    assert_eq!(field, "lists");
    let (field, code, _) = refused(request(1, vec![list("a", 1), list("a", 2)])).await;
    assert_eq!(field, "lists[1].option_id");
    assert_eq!(code, "REPEATED_OPTION");
    let (field, ..) = refused(AllocateRequest {
        id: "i".repeat(257),
        ..request(1, one())
    })
    .await;
    assert_eq!(field, "id");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_rule_is_refused_and_never_replaced_by_another() {
    let mut unknown = request(1, vec![list("a", 1)]);
    let rules = unknown.rules.as_mut().unwrap();
    rules.stages[0].method = Some(Method::LargestRemainder(LargestRemainder {
        quota: 99,
        ..Default::default()
    }));
    let (field, _, text) = refused(unknown).await;
    assert!(field.starts_with("rules.stages[0]"), "{field}");
    assert!(text.contains("99"), "{text}");
    let mut none = request(1, vec![list("a", 1)]);
    none.rules.as_mut().unwrap().stages.clear();
    let (field, ..) = refused(none).await;
    assert!(field.starts_with("rules.stages"), "{field}");
    let missing = AllocateRequest {
        rules: None,
        ..request(1, vec![list("a", 1)])
    };
    assert_eq!(refused(missing).await.0, "rules");
    let mut baseless = request(1, vec![list("a", 1)]);
    baseless.rules.as_mut().unwrap().threshold = Some(Threshold {
        share: Some(Fraction {
            numerator: 5,
            denominator: 100,
        }),
        comparison: Comparison::AtLeast.into(),
        base: ThresholdBase::BallotsInBox.into(),
        ..Default::default()
    });
    // A base that is missing is an error, never a guess.
    assert_eq!(refused(baseless).await.0, "base.ballots_in_box");
}

#[tokio::test]
async fn a_result_is_told_in_words_of_the_language_that_is_asked_for() {
    let style = |language: &str, format: i32| {
        Some(ExplanationStyle {
            language: language.into(),
            format,
        })
    };
    let named = AllocationList {
        name: "Первый | список".into(),
        ..list("a", 7)
    };
    let asked = |style| AllocateRequest {
        explanation: style,
        ..request(3, vec![named.clone(), list("b", 4)])
    };
    let silent = ask(asked(None)).await.unwrap();
    assert_eq!(silent.explanation, "");
    let text = ask(asked(style("ru", 0))).await.unwrap().explanation;
    assert!(
        text.contains("11 / 3 = 3,666…") && text.contains("Первый | список"),
        "{text}"
    );
    assert!(!text.contains("Что изменило бы результат"));
    let markdown = ExplanationFormat::Markdown.into();
    let with_margins = AllocateRequest {
        include_margins: true,
        ..asked(style("kk", markdown))
    };
    let text = ask(with_margins).await.unwrap().explanation;
    assert!(
        text.contains("| Первый \\| список |") && text.contains("## Нәтижені не өзгертер еді"),
        "{text}"
    );

    let (field, _, said) = refused(asked(style("de", 0))).await;
    assert_eq!(field, "explanation.language");
    assert!(
        said.contains("de") && said.contains("en, ru or kk"),
        "{said}"
    );
    let (field, ..) = refused(asked(style("en", 9))).await;
    assert_eq!(field, "explanation.format");
    let long = AllocationList {
        name: "x".repeat(257),
        ..list("a", 7)
    };
    let (field, ..) = refused(request(3, vec![long])).await;
    assert_eq!(field, "lists[0].name");
}
