//! `BatchAllocate`, `Compare` and `ListProfiles`: each answer by itself, differences, and limits that are told.

use super::allocate::{hare, list, request, seats};
use super::stage;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::allocation::v1::{
    AllocateRequest, AllocationRules, BatchAllocateRequest, CompareRequest, CompareResponse,
    ComparedRules, Comparison, Fraction, ListProfilesRequest, Threshold, ThresholdBase,
    batch_allocate_answer, compared_result, compared_rules,
};
use wire::common::v1::RefusalCode;

/// The refused field and its rule.
fn refusal(status: &Status, code: Code) -> (String, String) {
    assert_eq!(status.code(), code, "{status}");
    let details = status.get_error_details();
    let violations = &details
        .bad_request()
        .expect("it names a field")
        .field_violations;
    (
        violations[0].field.clone(),
        violations[0].description.clone(),
    )
}

fn named(id: &str, request: AllocateRequest) -> AllocateRequest {
    AllocateRequest {
        id: id.into(),
        ..request
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_answers_each_request_and_one_that_is_wrong_takes_nothing_from_the_others() {
    let lists = || vec![list("a", 60), list("b", 40)];
    let requests = vec![
        named("first", request(5, lists())),
        named("no seats", request(0, lists())),
        named("twice", request(5, vec![list("a", 1), list("a", 2)])),
        named("last", request(10, lists())),
    ];
    let batch = BatchAllocateRequest { requests };
    let answer = stage().client.batch_allocate(batch).await.unwrap();
    let mut found = Vec::new();
    for answer in answer.into_inner().answers {
        found.push(match answer.outcome.unwrap() {
            batch_allocate_answer::Outcome::Response(response) => {
                (response.id, Ok(seats(&response.allocation.unwrap())))
            }
            batch_allocate_answer::Outcome::Refused(refused) => {
                (refused.id, Err(refused.refusal.unwrap()))
            }
        });
    }
    let [first, no_seats, twice, last] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(*first, ("first".into(), Ok(vec![3, 2])));
    assert_eq!(*last, ("last".into(), Ok(vec![6, 4])));
    // As `Allocate` would have answered each of them.
    let (id, refused) = no_seats;
    let refused = refused.as_ref().unwrap_err();
    assert_eq!((id.as_str(), refused.field.as_str()), ("no seats", "seats"));
    assert_eq!(refused.code(), RefusalCode::Limit);
    let refused = twice.1.as_ref().unwrap_err();
    assert_eq!(
        (refused.field.as_str(), refused.value.as_str()),
        ("lists[1].option_id", "a")
    );
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_as_large_as_it_may_be_and_no_larger() {
    let small = |count: usize| BatchAllocateRequest {
        requests: vec![request(1, vec![list("a", 1)]); count],
    };
    let most = stage().client.batch_allocate(small(1_000)).await.unwrap();
    assert_eq!(most.into_inner().answers.len(), 1_000);
    let many = |count: u64| {
        (0..count)
            .map(|it| list(&format!("l{it}"), 1))
            .collect::<Vec<_>>()
    };
    let wide = vec![request(1, many(10_000)); 11];
    let tall = vec![request(100_000, vec![list("a", 1)]); 11];
    for (batch, said) in [
        (small(1_001), "1001 requests"),
        (small(0), "0 requests"),
        (BatchAllocateRequest { requests: wide }, "110000 lists"),
        (BatchAllocateRequest { requests: tall }, "1100000 seats"),
    ] {
        let status = stage().client.batch_allocate(batch).await.unwrap_err();
        let (field, text) = refusal(&status, Code::InvalidArgument);
        assert_eq!(field, "requests");
        assert!(
            text.contains(said) && text.contains("several batches"),
            "{text}"
        );
    }
}

fn profile(name: &str) -> ComparedRules {
    ComparedRules {
        name: String::new(),
        rules: Some(compared_rules::Rules::Profile(name.into())),
    }
}

fn own(name: &str, rules: AllocationRules) -> ComparedRules {
    ComparedRules {
        name: name.into(),
        rules: Some(compared_rules::Rules::OwnRules(rules)),
    }
}

fn of(alternatives: Vec<ComparedRules>) -> CompareRequest {
    let votes = [("a", 2_571), ("b", 977), ("c", 567), ("d", 536), ("e", 453)];
    CompareRequest {
        seats: 15,
        lists: votes.map(|(id, votes)| list(id, votes)).to_vec(),
        alternatives,
        ..CompareRequest::default()
    }
}

async fn ask(request: CompareRequest) -> Result<CompareResponse, Status> {
    Ok(stage().client.compare(request).await?.into_inner())
}

fn held(response: &CompareResponse, result: usize) -> Vec<u32> {
    match response.results[result].outcome.as_ref().unwrap() {
        compared_result::Outcome::Allocation(allocation) => seats(allocation),
        compared_result::Outcome::Refusal(refusal) => panic!("{refusal:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_votes_under_several_rules_stand_side_by_side_with_their_differences() {
    let mut in_box = hare();
    in_box.threshold = Some(Threshold {
        share: Some(Fraction {
            numerator: 7,
            denominator: 100,
        }),
        comparison: Comparison::AtLeast.into(),
        base: ThresholdBase::BallotsInBox.into(),
        ..Default::default()
    });
    let response = ask(of(vec![
        own("hare", hare()),
        own("in the box", in_box),
        profile("nl-council-small"),
        own("hare again", hare()),
    ]))
    .await
    .unwrap();
    let names: Vec<&str> = response.results.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        ["hare", "in the box", "nl-council-small", "hare again"]
    );
    let (first, third, fourth) = (held(&response, 0), held(&response, 2), held(&response, 3));
    assert_eq!(first, fourth);
    // What one of them needs and lacks is its own.
    let Some(compared_result::Outcome::Refusal(missing)) = &response.results[1].outcome else {
        panic!("{:?}", response.results[1])
    };
    assert_eq!(missing.field, "base.ballots_in_box");
    // Every list that differs is there, none other, each with how many more than the first result gives it.
    let lists = ["a", "b", "c", "d", "e"].into_iter().enumerate();
    let expected: Vec<(&str, Vec<i64>)> = lists
        .filter(|(place, _)| first[*place] != third[*place])
        .map(|(place, id)| {
            let more = i64::from(third[place]) - i64::from(first[place]);
            (id, vec![0, more, 0])
        })
        .collect();
    assert!(!expected.is_empty(), "{first:?} {third:?}");
    let found = response.differences.iter().map(|difference| {
        let more = difference.seats.iter().map(|seats| seats.more_than_first);
        (difference.option_id.as_str(), more.collect::<Vec<_>>())
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_for_all_alternatives_is_refused_as_a_whole() {
    let two = || vec![own("one", hare()), own("two", hare())];
    let cases = [
        (
            of(vec![own("one", hare())]),
            "alternatives",
            "1 sets of rules",
        ),
        (
            of(vec![own("one", hare()); 17]),
            "alternatives",
            "17 sets of rules",
        ),
        (
            of(vec![own("", hare()), profile("pl-sejm-district")]),
            "alternatives[0].name",
            "must be set",
        ),
        (
            of(vec![own("one", hare()), own("one", hare())]),
            "alternatives[1].name",
            "stands once",
        ),
        (
            of(vec![profile("pl-sejm-district"), profile("pl-senat")]),
            "alternatives[1].profile",
            "pl-sejm-district",
        ),
        (
            of(vec![profile("pl-sejm-district"), ComparedRules::default()]),
            "alternatives[1].rules",
            "must be a profile or own_rules",
        ),
        (
            CompareRequest {
                seats: 0,
                ..of(two())
            },
            "seats",
            "at least 1",
        ),
        (
            CompareRequest {
                lists: Vec::new(),
                ..of(two())
            },
            "lists",
            "at least 1",
        ),
    ];
    for (request, field, rule) in cases {
        let status = ask(request).await.unwrap_err();
        let (found, text) = refusal(&status, Code::InvalidArgument);
        assert_eq!(found, field, "{text}");
        assert!(text.contains(rule), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn profiles_are_listed_with_what_they_rest_on_and_their_rules_give_seats() {
    let mut client = stage().client;
    let all = client.list_profiles(ListProfilesRequest::default()).await;
    let all = all.unwrap().into_inner().profiles;
    let names: Vec<&str> = all.iter().map(|profile| profile.name.as_str()).collect();
    assert!(
        names.is_sorted() && names.contains(&"kz-maslihat-2021"),
        "{names:?}"
    );
    for profile in &all {
        // Rules over all districts have no message of their own.
        let over_districts = ["tiers", "double_proportional"];
        let is_over_districts = over_districts
            .iter()
            .any(|it| profile.rules_toml.contains(it));
        assert!(
            !profile.title.is_empty() && !profile.sources.is_empty(),
            "{profile:?}"
        );
        assert!(
            !profile.rules_toml.is_empty() && profile.rules.is_some() != is_over_districts,
            "{profile:?}"
        );
    }
    let name = String::from("nl-council-small");
    let one = client.list_profiles(ListProfilesRequest { name }).await;
    let one = one.unwrap().into_inner().profiles;
    assert_eq!(one.len(), 1);
    // The message is what Compare takes by the name.
    let rules = one[0].rules.clone().unwrap();
    let response = ask(of(vec![profile("nl-council-small"), own("copied", rules)]))
        .await
        .unwrap();
    assert_eq!(held(&response, 0), held(&response, 1));
    assert!(response.differences.is_empty());
    let name = String::from("nl-senate");
    let status = client
        .list_profiles(ListProfilesRequest { name })
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(
        status.message().contains("nl-senate") && status.message().contains("nl-council-small"),
        "{status}"
    );
}

#[test]
fn nothing_is_computed_for_whoever_has_gone() {
    let requests = vec![request(1, vec![list("a", 1)]); 3];
    let batch = wire::AllocationBatch::try_from(BatchAllocateRequest { requests }).unwrap();
    let asked = std::cell::Cell::new(0);
    let is_over = || {
        asked.set(asked.get() + 1);
        asked.get() > 2
    };
    let error = allocation_service::batch_allocate(batch, is_over).unwrap_err();
    assert!(matches!(
        error,
        allocation_service::AllocationError::Stopping
    ));
    assert_eq!(asked.get(), 3);
}
