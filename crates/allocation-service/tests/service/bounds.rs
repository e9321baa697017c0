//! `BoundSeats`: what is certain while ballots are outstanding, and every limit a clear error.

use super::allocate::{hare, list, request};
use super::stage;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::allocation::v1::{
    AllocationRules, BoundKind, BoundSeatsRequest, BoundSeatsResponse, BoundedCoalition,
    Comparison, Fraction, SeatClaim, Threshold, ThresholdBase, ThresholdClaim,
};

fn almaty(outstanding_ballots: u64) -> BoundSeatsRequest {
    let lists = [
        ("nur-otan", 218_003),
        ("aq-jol", 32_367),
        ("auyl", 24_591),
        ("qhp", 23_388),
        ("adal", 21_733),
    ];
    let mut counted = request(39, lists.map(|(id, votes)| list(id, votes)).to_vec());
    counted.rules = Some(AllocationRules {
        threshold: Some(Threshold {
            share: Some(Fraction {
                numerator: 7,
                denominator: 100,
            }),
            comparison: Comparison::AtLeast.into(),
            base: ThresholdBase::ListVotes.into(),
            ..Default::default()
        }),
        ..hare()
    });
    BoundSeatsRequest {
        counted: Some(counted),
        outstanding_ballots,
        ..Default::default()
    }
}

async fn ask(request: BoundSeatsRequest) -> Result<BoundSeatsResponse, Status> {
    Ok(stage().client.bound_seats(request).await?.into_inner())
}

/// The refused field, and the text that names value and rule.
async fn refused(request: BoundSeatsRequest) -> (String, String) {
    let status = ask(request).await.expect_err("it is refused");
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let violation = &details.bad_request().unwrap().field_violations[0];
    (violation.field.clone(), violation.description.clone())
}

#[tokio::test]
async fn almaty_near_its_end() {
    let coalition = |ids: &[&str]| BoundedCoalition {
        option_ids: ids.iter().map(|&id| id.to_owned()).collect(),
    };
    let answer = ask(BoundSeatsRequest {
        coalitions: vec![coalition(&["aq-jol", "auyl", "qhp", "adal"])],
        include_next: true,
        ..almaty(800)
    });
    let answer = answer.await.unwrap();
    let ranges: Vec<(u32, u32)> = answer.lists.iter().map(|it| (it.fewest, it.most)).collect();
    assert_eq!(ranges, [(26, 29), (4, 4), (3, 3), (3, 3), (0, 3)]);
    assert_eq!((answer.seats_secured, answer.all_secured), (36, false));
    assert_eq!(answer.lists[0].majority(), SeatClaim::Certain);
    assert_eq!(answer.lists[3].threshold(), ThresholdClaim::Passed);
    assert_eq!(answer.lists[4].threshold(), ThresholdClaim::Open);
    for list in &answer.lists {
        assert_eq!(list.fewest_proof.clone().unwrap().kind(), BoundKind::Exact);
    }
    assert_eq!(answer.coalitions[0].majority(), SeatClaim::Excluded);
    // As many more close the door on the fifth list. Under a quota with a threshold others may do it sooner.
    let next = &answer.next[0];
    assert!(!next.is_exact, "{next:?}");
    assert!((1..=800).contains(&next.ballots), "{next:?}");
}

#[tokio::test]
async fn when_nothing_is_outstanding_the_result_is_certain() {
    let answer = ask(almaty(0)).await.unwrap();
    let seats: Vec<u32> = answer.lists.iter().map(|list| list.most).collect();
    assert_eq!(seats, [29, 4, 3, 3, 0]);
    assert!(answer.all_secured);
    assert_eq!(answer.seats_secured, 39);
    assert_eq!(answer.lists[4].threshold(), ThresholdClaim::Failed);
}

#[tokio::test]
async fn limits_are_refused_by_their_field() {
    let (field, text) = refused(almaty(u64::MAX)).await;
    assert_eq!(field, "outstanding_ballots");
    assert!(text.contains("18446744073709551614"), "{text}");
    let majority = BoundSeatsRequest {
        majority_seats: 40,
        ..almaty(1)
    };
    assert_eq!(refused(majority).await.0, "majority_seats");
    let unknown = BoundSeatsRequest {
        coalitions: vec![BoundedCoalition {
            option_ids: vec!["nobody".into()],
        }],
        ..almaty(1)
    };
    let (field, text) = refused(unknown).await;
    assert_eq!(field, "coalitions[0].option_ids[0]");
    assert!(text.contains("nobody"), "{text}");
    assert_eq!(refused(BoundSeatsRequest::default()).await.0, "counted");
    let mut no_seats = almaty(1);
    no_seats.counted.as_mut().unwrap().seats = 0;
    assert_eq!(refused(no_seats).await.0, "counted.seats");
}
