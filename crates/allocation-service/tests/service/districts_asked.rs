//! What is asked of contests whose districts hang together besides their seats: declared results, counts that are missing,
//! questions and lots that mean nothing, and the way through the contract.

use super::districts::{
    DISTRICTS, LISTS, SINGLE_STAGE, begin, count, definitions, lot, over, place, seats, standings,
};
use super::night::attribution;
use super::*;
use election::command::Command;
use election::ids::{ContestId, DistrictId, OptionId};
use tonic::Code;
use wire::allocation::v1 as proto;
use wire::allocation::v1::CheckDeclarationRequest;
use wire::common::v1::{FindingCode, SeatRow, SeatsState};

/// The result of the whole contest, of a district of the ballot, and of one of the law.
#[tokio::test(start_paused = true)]
async fn declared_results_are_checked_on_every_level() {
    let stage = stage();
    let mut night = begin(&["list", "person"], 7, definitions::COVER);
    count(&mut night, "list", [[60, 40, 0], [50, 50, 0], [30, 70, 0]]);
    count(
        &mut night,
        "person",
        [[60, 40, 0], [60, 50, 0], [30, 70, 0]],
    );
    let sent = standings(&stage, &night).await;
    let ours: Vec<u32> = over(&sent)
        .lists
        .iter()
        .map(|list| list.seats.unwrap().seats.unwrap())
        .collect();
    assert_eq!(ours.iter().sum::<u32>(), 7);
    let check = async |district: &str, rows: &[u32]| {
        let rows = LISTS.iter().zip(rows).map(|(id, seats)| SeatRow {
            option_id: (*id).into(),
            seats: *seats,
        });
        let request = CheckDeclarationRequest {
            election_id: ELECTION.into(),
            view: View::Head.into(),
            contest_id: "list".into(),
            district_id: district.into(),
            rows: rows.collect(),
            ..Default::default()
        };
        let answer = stage.client.clone().check_declaration(request).await?;
        let codes = answer.into_inner().findings.into_iter().map(|it| it.code());
        Ok::<Vec<FindingCode>, tonic::Status>(codes.collect())
    };
    assert_eq!(check("", &ours).await.unwrap(), []);
    assert_eq!(
        check("", &[ours[0] + 1, ours[1] - 1, 0]).await.unwrap(),
        [FindingCode::RowDiffers; 2]
    );
    assert_eq!(
        check("", &[ours[0] + 1, ours[1], 0]).await.unwrap(),
        [FindingCode::HouseSize, FindingCode::RowDiffers]
    );
    let upper = &seats(over(&sent))[0];
    assert_eq!(check("upper", upper).await.unwrap(), []);
    assert_eq!(
        check("upper", &[upper[0] + 1, upper[1], 0]).await.unwrap(),
        [FindingCode::HouseSize, FindingCode::RowDiffers]
    );
    assert_eq!(
        check("lowest", upper).await.unwrap_err().code(),
        Code::NotFound
    );

    let declare = |district: Option<&str>, rows: &[u32]| Command::Declare {
        contest: ContestId::new("list").unwrap(),
        district: district.map(|district| DistrictId::new(district).unwrap()),
        seats: LISTS
            .iter()
            .zip(rows)
            .map(|(id, seats)| (OptionId::new(id).unwrap(), *seats))
            .collect(),
        attribution: attribution(),
    };
    night
        .run(declare(None, &[ours[0] + 1, ours[1] - 1, 0]))
        .unwrap();
    night.run(declare(Some("upper"), upper)).unwrap();
    // A result that is declared can be certified.
    night
        .run(Command::Certify {
            attribution: attribution(),
        })
        .unwrap();
    let sent = standings(&stage, &night).await;
    let contest = &sent.contests[0];
    assert_eq!(contest.declaration.as_ref().unwrap().findings.len(), 2);
    assert_eq!(
        contest.options[0].seats.unwrap().seats_declared,
        Some(ours[0] + 1)
    );
    assert_eq!(
        over(&sent).districts[0]
            .declaration
            .as_ref()
            .unwrap()
            .findings,
        []
    );
}

/// A count that the rules need is named with the districts that lack it; the stateless call names the field.
#[tokio::test(start_paused = true)]
async fn a_missing_count_is_named_with_its_districts() {
    let stage = stage();
    let law =
        definitions::levelling().replace("base = \"list-votes\"", "base = \"ballots-issued\"");
    let mut night = begin(&["list"], 15, &law);
    count(
        &mut night,
        "list",
        [[60, 40, 10], [50, 50, 10], [30, 70, 0]],
    );
    let sent = standings(&stage, &night).await;
    assert_eq!(over(&sent).state(), SeatsState::Unknown);
    assert!(
        over(&sent).problem.contains("north, south, west"),
        "{}",
        over(&sent).problem
    );
}

/// What makes a request wrong.
type Change = fn(&mut proto::AllocateDistrictsRequest);

/// Shape, limits and rules of the stateless call are refused by their fields.
#[tokio::test(start_paused = true)]
async fn the_stateless_call_refuses_by_the_field() {
    let stage = stage();
    let rules = definitions::define(&["list"], 15, &definitions::levelling())
        .unwrap()
        .rules;
    let good = proto::AllocateDistrictsRequest {
        lists: LISTS
            .iter()
            .map(|id| proto::DistrictedList {
                option_id: (*id).into(),
                ..Default::default()
            })
            .collect(),
        districts: DISTRICTS
            .iter()
            .map(|id| proto::DistrictVotes {
                district_id: (*id).into(),
                seats: 2,
                votes: vec![5, 3, 2],
                ..Default::default()
            })
            .collect(),
        rules: Some(wire::districted_message(&rules.contests[0]).unwrap()),
        ..Default::default()
    };
    let ask = async |change: &dyn Fn(&mut proto::AllocateDistrictsRequest)| {
        let mut request = good.clone();
        change(&mut request);
        let answer = stage.client.clone().allocate_districts(request).await;
        answer.map(tonic::Response::into_inner)
    };
    assert!(ask(&|_| {}).await.is_ok());
    let fields: [(Change, &str); 6] = [
        (
            |it| it.lists[1].option_id = "ash".into(),
            "lists[1].option_id",
        ),
        (
            |it| it.districts[2].district_id = "north".into(),
            "districts[2].district_id",
        ),
        (|it| it.districts[2].votes.truncate(2), "districts[2].votes"),
        (|it| it.rules = None, "rules"),
        (|it| it.rules.as_mut().unwrap().law = None, "rules.law"),
        (|it| it.districts.clear(), "districts"),
    ];
    for (change, field) in fields {
        let status = ask(&change).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(
            status.message().contains(field),
            "{field}: {}",
            status.message()
        );
    }
}

/// A lot that no tie can have is refused when it is drawn; one whose tie does not arise is reported.
#[test]
fn a_lot_that_means_nothing_is_refused() {
    let law = format!("{}{SINGLE_STAGE}", definitions::DISTRICTS);
    let mut night = begin(&["list"], 12, &law);
    let one = [place("north", "ash"), place("north", "birch")];
    assert_eq!(night.run(lot(0, &one, &[])).unwrap_err().field, "seats");
    assert_eq!(
        night.run(lot(0, &one[..1], &one[..1])).unwrap_err().field,
        "tied_places"
    );
    let east = [place("east", "ash"), place("north", "birch")];
    assert_eq!(
        night.run(lot(0, &east, &east[..1])).unwrap_err().field,
        "tied_places[0].district_id"
    );
    let elm = [place("north", "elm"), place("north", "birch")];
    assert_eq!(
        night.run(lot(0, &elm, &elm[..1])).unwrap_err().field,
        "tied_places[0].option_id"
    );
    assert_eq!(night.run(lot(0, &one, &one[..1])).unwrap(), 1);
    // The same draw again changes nothing.
    assert_eq!(night.run(lot(0, &one, &one[..1])).unwrap(), 0);
}

/// What a definition says goes through the contract and comes back the same.
#[test]
fn rules_over_districts_pass_through_the_contract() {
    let laws = [
        (&["list"][..], 15, definitions::levelling()),
        (&["list", "person"][..], 7, definitions::COVER.to_owned()),
        (&["list"][..], 12, definitions::double()),
    ];
    for (contests, house, law) in laws {
        let definition = definitions::define(contests, house, &law).unwrap();
        let rules = &definition.rules.contests[0];
        let message = wire::districted_message(rules).unwrap();
        let (id, districts) = (rules.id.clone(), rules.districts.clone());
        let mut back = wire::districted_rules(message, id, districts).unwrap();
        // Whose first votes they are stands in the request.
        if let (Some(back), Some(rules)) = (&mut back.tiers, &rules.tiers) {
            back.first_votes.clone_from(&rules.first_votes);
        }
        assert_eq!(back, *rules);
    }
    let own = &night::small(2, 1).rules.contests[0];
    assert!(wire::districted_message(own).is_err());
}

/// An official's request says where the tie stands, or names one district, and not both.
#[test]
fn a_lot_among_places_is_a_request_of_its_own_kind() {
    let tied = [place("north", "ash"), place("north", "birch")];
    let request = wire::results::v1::DrawLotRequest {
        election_id: ELECTION.into(),
        contest_id: "list".into(),
        seats: 1,
        at: Some(wire::common::v1::PlacesStage {
            stage: 0,
            round: 0,
            inner: 0,
        }),
        tied_places: tied.iter().map(Into::into).collect(),
        winner_places: vec![(&tied[0]).into()],
        attribution: Some((&attribution()).into()),
        ..Default::default()
    };
    let (_, command) = wire::Addressed::try_from(request.clone()).unwrap();
    assert_eq!(command, lot(0, &tied, &tied[..1]));
    let with_district = wire::results::v1::DrawLotRequest {
        district_id: "north".into(),
        ..request.clone()
    };
    let refusal = wire::Addressed::try_from(with_district).unwrap_err();
    assert_eq!(refusal.field, "district_id");
    let without_stage = wire::results::v1::DrawLotRequest {
        at: None,
        ..request
    };
    let refusal = wire::Addressed::try_from(without_stage).unwrap_err();
    assert_eq!(refusal.field, "tied_places");
}

/// A tie in a district stops what is due in the house: each list may have what it has in one of the outcomes, and the list
/// outside of the tie too.
#[tokio::test(start_paused = true)]
async fn seats_behind_a_tie_may_go_to_a_list_outside_of_it() {
    let stage = stage();
    let law = definitions::levelling().replace(
        r#"divisors = "modified-sainte-lague", first = [14, 10]"#,
        r#"divisors = "sainte-lague""#,
    );
    let rules = definitions::define(&["list"], 15, &law).unwrap().rules;
    let mut rules = wire::districted_message(&rules.contests[0]).unwrap();
    if let Some(proto::districted_rules::Law::Tiers(tiers)) = &mut rules.law {
        tiers.further_seats = 2;
    }
    let district = |id: &str, seats, votes: [u64; 3]| proto::DistrictVotes {
        district_id: id.into(),
        seats,
        votes: votes.to_vec(),
        ..Default::default()
    };
    let request = proto::AllocateDistrictsRequest {
        lists: LISTS
            .iter()
            .map(|id| proto::DistrictedList {
                option_id: (*id).into(),
                ..Default::default()
            })
            .collect(),
        districts: vec![
            district("north", 2, [60, 20, 10]),
            district("south", 1, [10, 30, 10]),
        ],
        rules: Some(rules),
        ..Default::default()
    };
    let answer = stage.client.clone().allocate_districts(request).await;
    let allocation = answer.unwrap().into_inner().allocation.unwrap();
    assert_eq!(allocation.seats_pending, 3);
    let seats = allocation.lists.iter().map(|list| list.seats.unwrap());
    let ranges: Vec<_> = seats.map(|it| (it.seats, it.seats_most)).collect();
    let range = |fewest, most| (Some(fewest), Some(most));
    assert_eq!(ranges, [range(1, 2), range(1, 2), range(0, 1)]);
}
