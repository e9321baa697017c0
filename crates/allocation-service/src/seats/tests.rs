//! Seats that the verifier refuses give nothing away.

use super::*;
use election::standings::answer;
use wire::AllocationRequest;
use wire::allocation::v1::stage::Method;
use wire::allocation::v1::{
    AllocateRequest, AllocationList, AllocationRules, Exhausted, ExplanationStyle, HighestAverages,
    Stage,
};
use wire::common::v1::SeatsState;

fn question() -> AllocationRequest {
    let list = |id: &str, votes| AllocationList {
        option_id: id.into(),
        votes,
        ..Default::default()
    };
    let request = AllocateRequest {
        seats: 7,
        lists: vec![list("a", 530), list("b", 240), list("c", 230)],
        rules: Some(AllocationRules {
            stages: vec![Stage {
                method: Some(Method::HighestAverages(HighestAverages {
                    divisors: wire::allocation::v1::Divisors::DHondt.into(),
                    first: None,
                    exponent: None,
                })),
                ..Default::default()
            }],
            exhausted: Exhausted::NextList.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    AllocationRequest::try_from(request).expect("the question is sound")
}

fn explained(result: &SeatsResult) -> Allocation {
    let AllocationRequest {
        option_ids,
        question,
        ..
    } = question();
    let ids: Vec<String> = option_ids.iter().map(ToString::to_string).collect();
    let mut allocation = Lists::new(&ids).allocation(&question, result);
    let all = Explained {
        steps: true,
        margins: true,
        words: Style::try_from(&ExplanationStyle {
            language: "en".into(),
            ..ExplanationStyle::default()
        })
        .ok(),
    };
    let labels = Labels {
        names: ids.clone(),
        ..Labels::default()
    };
    explain(&mut allocation, &ids, (&question, result), &labels, all);
    allocation
}

#[test]
fn withheld_seats_are_not_in_steps_certificate_or_margins_either() {
    let result = answer(&question().question);
    let SeatsResult::Allocated(engine) = &result else {
        panic!("the allocators agree")
    };
    let shown = explained(&result);
    assert_eq!(shown.lists[0].seats.and_then(|it| it.seats), Some(4));
    assert!(!shown.steps.is_empty() && shown.certificate.is_some() && !shown.margins.is_empty());
    assert!(
        shown.explanation.contains("530 / 3 = 176.666…"),
        "{}",
        shown.explanation
    );

    // What the verifier says of a result that gives a seat to the wrong list (F1).
    let mut forged = engine.clone();
    forged.lists[0].seats += 1;
    forged.lists[1].seats -= 1;
    let AllocationRequest { question, .. } = question();
    let refusals =
        apportionment::verify(&question.contest, &question.rules, &question.lots, &forged)
            .expect_err("it is refused");
    let withheld = explained(&SeatsResult::Withheld {
        allocation: forged,
        objections: refusals.iter().map(ToString::to_string).collect(),
    });
    assert_eq!(withheld.state(), SeatsState::Withheld);
    assert!(!withheld.problem.is_empty());
    assert_eq!(withheld.lists[0].votes, 530);
    assert!(withheld.lists.iter().all(|list| {
        list.seats
            .is_some_and(|seats| seats.seats.is_none() && seats.seats_most.is_none())
    }));
    assert!(withheld.steps.is_empty() && withheld.certificate.is_none());
    assert!(withheld.margins.is_empty() && withheld.threshold_distances.is_empty());
    assert_eq!(withheld.explanation, "");
    assert!(withheld.ties.is_empty() && withheld.last_seat.is_none());
}
