//! Contests whose districts hang together, from reports to standings: the engine's seats, ties and lots, what is declared,
//! and the same rules without an election.

use super::night::attribution;
use super::*;
use apportionment::double_proportional::{DoubleProportional, allocate as double};
use apportionment::tiers::{
    Admission, Placement, Surplus, TierContest, TierLots, TierRules, TierStage, allocate as tiers,
};
use apportionment::{DistrictedContest, Method, Stage as ChainStage, Threshold, TieBreak};
use election::command::Command;
use election::event::{PlacesStage, TiedPlace};
use election::ids::{ContestId, CountingGroupId, DistrictId, OptionId, UnitId};
use election::report::{Report, TallyKey};
use wire::allocation::v1 as proto;
use wire::allocation::v1::DistrictedAllocation;
use wire::common::v1::SeatsState;

#[path = "../../../election/tests/districted/support.rs"]
pub mod definitions;

pub const DISTRICTS: [&str; 3] = ["north", "south", "west"];
pub const LISTS: [&str; 3] = ["ash", "birch", "cedar"];
/// D'Hondt in each district, and nothing above it.
pub const SINGLE_STAGE: &str = r#"
[rules.contests.tiers]
stages = [{ stage = "districts", chain = [{ method = "highest-averages", divisors = "d-hondt" }] }]
"#;

/// A night of such an election.
pub fn begin(contests: &[&str], house: u32, law: &str) -> Night {
    let mut definition = definitions::define(contests, house, law).unwrap();
    definition.ballot.election = election::ids::ElectionId::new(ELECTION).unwrap();
    let mut night = Night::begin(&definition);
    open(&mut night, PublicationClass::Definition, START);
    open(&mut night, PublicationClass::Results, START);
    night
}

/// A full report of a contest at a unit.
pub fn report(night: &Night, contest: &str, unit: &str, version: u32, votes: &[u64]) -> Report {
    Report {
        key: TallyKey {
            unit: UnitId::new(unit).unwrap(),
            contest: ContestId::new(contest).unwrap(),
            counting_group: CountingGroupId::new("all").unwrap(),
        },
        ..night.full(unit, version, votes)
    }
}

/// Votes of all districts; the third list does not stand in the west.
pub fn count(night: &mut Night, contest: &str, votes: [[u64; 3]; 3]) {
    for (district, votes) in DISTRICTS.iter().zip(votes) {
        let votes = &votes[..if *district == "west" { 2 } else { 3 }];
        let report = report(night, contest, &format!("{district}-1"), 1, votes);
        night.submit(report);
    }
}

/// The standings at the head with steps, after every sum in them has been checked.
pub async fn standings(stage: &Stage, night: &Night) -> Standings {
    stage.serve(night);
    stage.reached(View::Head, head(night)).await;
    let request = GetStandingsRequest {
        election_id: ELECTION.into(),
        view: View::Head.into(),
        include_steps: true,
        ..Default::default()
    };
    let answer = stage.client.clone().get_standings(request).await.unwrap();
    let standings = answer.into_inner().standings.unwrap();
    reconcile(&standings);
    standings
}

/// Seats of lists, of districts, pending and unassigned ones are the house, on every level (F20, F28).
fn reconcile(standings: &Standings) {
    let contest = &standings.contests[0];
    let over = contest.over_districts.as_ref().unwrap();
    let by_district = seats(over);
    let known = over
        .lists
        .iter()
        .any(|list| list.seats.unwrap().seats.is_some());
    if !known {
        assert_eq!(by_district.iter().flatten().sum::<u32>(), 0);
        return;
    }
    for (list, entry) in over.lists.iter().enumerate() {
        let held: u32 = by_district.iter().map(|line| line[list]).sum();
        assert_eq!(
            entry.seats.unwrap().seats,
            Some(held),
            "{}",
            entry.option_id
        );
        let mut options = contest.options.iter();
        let option = options
            .find(|option| option.option_id == entry.option_id)
            .unwrap();
        assert_eq!((option.votes, option.seats), (entry.votes, entry.seats));
    }
    let held: u32 = by_district.iter().flatten().sum();
    assert_eq!(
        held + over.seats_pending + over.seats_unassigned,
        over.seats
    );
    assert_eq!(
        (contest.seats, contest.seats_unassigned),
        (over.seats, over.seats_unassigned)
    );
    for district in &contest.districts {
        let mut laws = over.districts.iter();
        let law = laws.find(|law| law.district_id == district.district_id);
        let (Some(law), Some(allocation)) = (law, &district.allocation) else {
            continue;
        };
        let shown = allocation
            .lists
            .iter()
            .map(|list| list.seats.unwrap().seats.unwrap_or(0));
        assert_eq!(shown.sum::<u32>(), law.list_seats.iter().sum::<u32>());
        let lists = allocation
            .lists
            .iter()
            .map(|list| list.seats.unwrap().seats.unwrap_or(0));
        let sum = lists.sum::<u32>() + allocation.seats_pending + allocation.seats_unassigned;
        assert_eq!(sum, allocation.seats, "{}", district.district_id);
    }
}

/// Seats by district of the law and list.
pub fn seats(over: &DistrictedAllocation) -> Vec<Vec<u32>> {
    let line = |district: &proto::LawDistrict| {
        let mut line = vec![0; over.lists.len()];
        for (list, seats) in district.list_indexes.iter().zip(&district.list_seats) {
            line[usize::try_from(*list).unwrap()] = *seats;
        }
        line
    };
    over.districts.iter().map(line).collect()
}

pub fn over(standings: &Standings) -> &DistrictedAllocation {
    standings.contests[0].over_districts.as_ref().unwrap()
}

pub fn place(district: &str, option: &str) -> TiedPlace {
    TiedPlace {
        district: (!district.is_empty()).then(|| DistrictId::new(district).unwrap()),
        option: OptionId::new(option).unwrap(),
        constituency: None,
    }
}

pub fn lot(stage: u32, tied: &[TiedPlace], winners: &[TiedPlace]) -> Command {
    Command::DrawPlaces {
        contest: ContestId::new("list").unwrap(),
        at: PlacesStage {
            stage,
            round: 0,
            inner: 0,
        },
        tied: tied.to_vec(),
        seats: u32::try_from(winners.len()).unwrap(),
        winners: winners.to_vec(),
        attribution: attribution(),
    }
}

fn districted(votes: [[u64; 3]; 3], seats: [u32; 3]) -> DistrictedContest {
    let lines: Vec<(u32, &[u64])> = seats
        .into_iter()
        .zip(votes.iter().map(|line| &line[..]))
        .collect();
    DistrictedContest::with_votes(&lines)
}

/// Norway's stages as the engine knows them.
fn levelling() -> TierRules {
    let chain = vec![ChainStage::all(Method::MODIFIED_SAINTE_LAGUE)];
    TierRules {
        stages: vec![
            TierStage::Districts {
                admission: Admission::default(),
                chain: chain.clone(),
            },
            TierStage::Whole {
                admission: Admission {
                    overall: Some(Threshold::of_list_votes(4, 100)),
                    ..Admission::default()
                },
                chain,
                surplus: Surplus::Kept,
            },
            TierStage::Place(Placement {
                relative: Some(apportionment::ThresholdBase::ListVotes),
                ..Placement::NORWAY
            }),
        ],
        ties: vec![TieBreak::Lot],
    }
}

/// What the service says of reports is what the engine says of their sums, and what the stateless call says.
#[tokio::test(start_paused = true)]
async fn the_service_has_the_engine_s_seats() {
    let mut seed = 20_181_007_u64;
    let mut next = |limit: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % limit
    };
    for case in 0..24 {
        let mut votes = [[0; 3]; 3];
        votes
            .iter_mut()
            .flatten()
            .for_each(|votes| *votes = 1 + next(400));
        votes[2][2] = 0;
        let is_tiers = case % 2 == 0;
        let (house, law) = if is_tiers {
            (15, definitions::levelling())
        } else {
            (12, definitions::double())
        };
        let mut night = begin(&["list"], house, &law);
        count(&mut night, "list", votes);
        let stage = stage();
        let sent = standings(&stage, &night).await;
        let contest = districted(votes, [5, 4, 3]);
        let expected = if is_tiers {
            let contest = TierContest {
                districted: contest,
                further_seats: 3,
                ..TierContest::default()
            };
            tiers(&contest, &levelling(), &TierLots::default())
                .unwrap()
                .seats
        } else {
            let mut rules = DoubleProportional::default();
            let share = |percent| Some(Threshold::of_list_votes(percent, 100));
            rules.quorum.one_district = share(5);
            rules.quorum.overall = share(3);
            double(&contest, &rules, &[], &[]).unwrap().seats(3)
        };
        assert_eq!(seats(over(&sent)), expected, "{votes:?}");
        let rules = &night.state.tally().outline.rules.contests[0];
        let request = proto::AllocateDistrictsRequest {
            lists: LISTS
                .iter()
                .map(|id| proto::DistrictedList {
                    option_id: (*id).into(),
                    ..Default::default()
                })
                .collect(),
            districts: rules
                .districts
                .iter()
                .zip(votes)
                .map(|(district, votes)| proto::DistrictVotes {
                    district_id: district.id.to_string(),
                    seats: district.seats,
                    votes: votes.to_vec(),
                    ..Default::default()
                })
                .collect(),
            rules: Some(wire::districted_message(rules).unwrap()),
            include_steps: true,
            ..Default::default()
        };
        let answer = stage
            .client
            .clone()
            .allocate_districts(request)
            .await
            .unwrap();
        let stateless = answer.into_inner().allocation.unwrap();
        assert_eq!(seats(&stateless), expected);
        assert_eq!(stateless.steps, over(&sent).steps);
        stage.all.stop();
    }
}

/// Districts without votes wait, and the seats of the others stand.
#[tokio::test(start_paused = true)]
async fn seats_of_districts_that_have_reported_stand_before_the_house_is_known() {
    let stage = stage();
    let mut night = begin(&["list"], 15, &definitions::levelling());
    let none = standings(&stage, &night).await;
    assert_eq!(over(&none).state(), SeatsState::NoneYet);
    night.submit(report(&night, "list", "north-1", 1, &[510, 300, 200]));
    let sent = standings(&stage, &night).await;
    let over = over(&sent);
    assert_eq!(over.state(), SeatsState::Provisional);
    assert_eq!(seats(over)[0].iter().sum::<u32>(), 5);
    assert_eq!(over.seats_pending, 10);
    assert_eq!(over.districts[1].state(), SeatsState::NoneYet);
    assert_eq!(over.lists[0].seats_due, None);
}

/// The table of all districts needs votes in each of them; until then nothing is said, and it is said why.
#[tokio::test(start_paused = true)]
async fn double_proportional_seats_wait_for_every_district() {
    let stage = stage();
    let mut night = begin(&["list"], 12, &definitions::double());
    night.submit(report(&night, "list", "north-1", 1, &[510, 300, 200]));
    let sent = standings(&stage, &night).await;
    assert_eq!(over(&sent).state(), SeatsState::NoneYet);
    assert!(
        over(&sent).problem.contains("south, west"),
        "{}",
        over(&sent).problem
    );
}

/// A tie in one district leaves all other seats standing; a lot settles it; when the votes change, the lot is void.
#[tokio::test(start_paused = true)]
async fn a_tie_in_a_tier_waits_for_its_lot_and_no_other() {
    let stage = stage();
    let law = format!("{}{SINGLE_STAGE}", definitions::DISTRICTS);
    let mut night = begin(&["list"], 12, &law);
    count(&mut night, "list", [[10, 10, 0], [9, 2, 0], [6, 3, 0]]);
    let sent = standings(&stage, &night).await;
    assert_eq!(over(&sent).state(), SeatsState::Tied);
    assert_eq!(
        seats(over(&sent)),
        [[2, 2, 0], [4, 0, 0], [2, 1, 0]].map(Vec::from)
    );
    assert_eq!(over(&sent).seats_pending, 1);
    let tie = &over(&sent).ties[0];
    assert_eq!((tie.seats_at_stake, tie.places.len()), (1, 2));
    assert_eq!(over(&sent).lists[0].seats.unwrap().seats_most, Some(9));

    let tied = [place("north", "ash"), place("north", "birch")];
    night.run(lot(0, &tied, &tied[1..])).unwrap();
    let sent = standings(&stage, &night).await;
    assert_eq!(over(&sent).state(), SeatsState::Provisional);
    assert_eq!(seats(over(&sent))[0], [2, 3, 0]);
    assert!(over(&sent).void_lots.is_empty());

    let corrected = Report {
        kind: ReportKind::Correction,
        attribution: Some(attribution()),
        ..report(&night, "list", "north-1", 2, &[11, 10, 0])
    };
    night.submit(corrected);
    let sent = standings(&stage, &night).await;
    assert_eq!(seats(over(&sent))[0], [3, 2, 0]);
    assert_eq!(over(&sent).void_lots.len(), 1);
    assert_eq!(over(&sent).void_lots[0].winner_places[0].option_id, "birch");
}

/// Equal keys of a seat that is to be placed: one of three districts.
#[tokio::test(start_paused = true)]
async fn a_lot_places_a_seat() {
    let stage = stage();
    let law = r#"
districts = [{ id = "north", seats = 1 }, { id = "south", seats = 1 }, { id = "west", seats = 1 }]
ties = ["lot"]
[rules.contests.tiers]
further_seats = 1
stages = [
    { stage = "districts", chain = [{ method = "highest-averages", divisors = "sainte-lague" }] },
    { stage = "whole", chain = [{ method = "highest-averages", divisors = "sainte-lague" }], surplus = "kept" },
    { stage = "place", series = { step = 2 } },
]
"#;
    let mut night = begin(&["list"], 4, law);
    count(&mut night, "list", [[6, 4, 0], [6, 4, 0], [6, 4, 0]]);
    let sent = standings(&stage, &night).await;
    let tie = &over(&sent).ties[0];
    assert_eq!((tie.places.len(), tie.at.unwrap().stage), (3, 2));
    assert_eq!(over(&sent).lists[1].seats_due, Some(1));
    assert_eq!(over(&sent).seats_pending, 1);
    let tied = DISTRICTS.map(|district| place(district, "birch"));
    night.run(lot(2, &tied, &tied[1..2])).unwrap();
    let sent = standings(&stage, &night).await;
    assert_eq!(
        seats(over(&sent)),
        [[1, 0, 0], [1, 1, 0], [1, 0, 0]].map(Vec::from)
    );
    let placed = &over(&sent).steps.as_ref().unwrap().stages[2].placed;
    assert_eq!(
        placed[0]
            .placed
            .as_ref()
            .unwrap()
            .place
            .as_ref()
            .unwrap()
            .district_id,
        "south"
    );
}

/// Cells that exchange seats without changing a sum.
#[tokio::test(start_paused = true)]
async fn a_lot_settles_cells() {
    let stage = stage();
    let law = definitions::double()
        .replace("seats = 5", "seats = 1")
        .replace("seats = 4", "seats = 1")
        .replace("seats = 3", "seats = 1");
    let mut night = begin(&["list"], 3, &law);
    count(&mut night, "list", [[10, 10, 0], [10, 10, 0], [20, 0, 0]]);
    let sent = standings(&stage, &night).await;
    assert_eq!(over(&sent).state(), SeatsState::Tied);
    assert_eq!(seats(over(&sent))[2], [1, 0, 0]);
    let tie = &over(&sent).ties[0];
    assert_eq!((tie.places.len(), tie.seats_at_stake), (4, 2));
    let tied = [
        place("north", "ash"),
        place("north", "birch"),
        place("south", "ash"),
        place("south", "birch"),
    ];
    night
        .run(lot(1, &tied, &[tied[0].clone(), tied[3].clone()]))
        .unwrap();
    let sent = standings(&stage, &night).await;
    assert_eq!(over(&sent).state(), SeatsState::Provisional);
    assert_eq!(
        seats(over(&sent)),
        [[1, 0, 0], [0, 1, 0], [1, 0, 0]].map(Vec::from)
    );
    assert!(
        !over(&sent)
            .steps
            .as_ref()
            .unwrap()
            .double_proportional
            .as_ref()
            .unwrap()
            .lines
            .is_empty()
    );
}

/// Two constituencies make one state; a lot says who came first in one of them.
#[tokio::test(start_paused = true)]
async fn first_votes_cover_seats_of_states() {
    let stage = stage();
    let mut night = begin(&["list", "person"], 7, definitions::COVER);
    count(&mut night, "list", [[60, 40, 0], [50, 50, 0], [30, 70, 0]]);
    count(
        &mut night,
        "person",
        [[60, 40, 0], [50, 50, 0], [30, 70, 0]],
    );
    let sent = standings(&stage, &night).await;
    let districts: Vec<_> = over(&sent)
        .districts
        .iter()
        .map(|it| (&*it.district_id, it.part_district_ids.len()))
        .collect();
    assert_eq!(districts, [("upper", 2), ("lower", 1)]);
    assert_eq!(over(&sent).state(), SeatsState::Tied);
    assert_eq!(
        over(&sent).ties[0].at.unwrap().stage,
        PlacesStage::FIRST_PLACE
    );
    // Whoever comes first, the seats of lists are the same.
    assert_eq!(over(&sent).seats_pending, 0);
    let person = |option: &str| TiedPlace {
        constituency: Some(DistrictId::new("south").unwrap()),
        ..place("upper", option)
    };
    let tied = [person("ash"), person("birch")];
    night
        .run(lot(PlacesStage::FIRST_PLACE, &tied, &tied[1..]))
        .unwrap();
    let sent = standings(&stage, &night).await;
    assert_eq!(over(&sent).state(), SeatsState::Provisional);
    let covered = &over(&sent).steps.as_ref().unwrap().stages[2].covered;
    let covered: Vec<_> = covered
        .iter()
        .map(|step| {
            let place = step.person.as_ref().unwrap().place.as_ref().unwrap();
            (&*place.constituency_id, &*place.option_id, step.is_covered)
        })
        .collect();
    assert_eq!(
        covered,
        [
            ("north", "ash", true),
            ("south", "birch", true),
            ("west", "birch", true)
        ]
    );
}
