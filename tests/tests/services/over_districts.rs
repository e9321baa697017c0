//! Elections whose districts hang together, from the definition to the declared result: a house above its districts and
//! double proportional seats, watched while they are counted, with every role killed in the middle; ties, their lots, and a
//! lot whose tie does not stand any more.

use std::collections::BTreeMap;

use election::command::Command;
use election::event::{PlacesStage, TiedPlace};
use election::ids::{ContestId, DistrictId, OptionId};
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::invented::attribution;
use end_to_end::over_districts::{District, Line, OverDistricts};
use end_to_end::play::{Kills, Player};
use end_to_end::reads::{self, place, whole};
use end_to_end::viewer::{Viewer, never_backwards};
use wire::allocation::v1::{
    CheckDeclarationRequest, DistrictedAllocation, ExplanationStyle, GetStandingsRequest, Standings,
};
use wire::common::v1::{FindingCode, SeatRow, SeatsState, Stage, View};
use wire::feed::v1::scope::Scope as ScopeOf;
use wire::feed::v1::{DistrictScope, Frame, FrameContest, Scope};

crate::in_both_modes!(
    norway_2021_county_by_county,
    zug_2018_municipality_by_municipality,
    a_tied_levelling_seat_is_settled_by_lot,
    a_tied_table_is_settled_by_lot,
);

async fn norway_2021_county_by_county(mode: Mode) {
    let night = OverDistricts::norway();
    let (mut cluster, mut player, viewer) = begin(mode, &night).await;
    let half = night.districts.len() / 2;
    report(&mut cluster, &mut player, &night, 0..half).await;
    // Counties that have reported hand out their own seats; the house waits for the others.
    let standings = reads::standings_at(&cluster, &player.election, player.head).await;
    let (sent, own) = (over(&standings), |county: &District| county.own);
    let known: u32 = night.districts[..half].iter().map(own).sum();
    assert_eq!(sent.state(), SeatsState::Provisional);
    assert_eq!(sent.seats_pending, 169 - known);
    assert!(sent.lists.iter().all(|list| list.seats_due.is_none()));
    restart_all(&mut cluster);
    report(
        &mut cluster,
        &mut player,
        &night,
        half..night.districts.len(),
    )
    .await;
    ends_well(&cluster, &mut player, &night, &viewer).await;
}

async fn zug_2018_municipality_by_municipality(mode: Mode) {
    let Some(night) = OverDistricts::zug() else {
        return;
    };
    let (mut cluster, mut player, viewer) = begin(mode, &night).await;
    let last = night.districts.len() - 1;
    report(&mut cluster, &mut player, &night, 0..last).await;
    // The table of all municipalities does not exist before the last of them has votes.
    let standings = reads::standings_at(&cluster, &player.election, player.head).await;
    assert_eq!(over(&standings).state(), SeatsState::NoneYet);
    let waits = &night.districts[last].id;
    assert!(over(&standings).problem.contains(waits.as_str()));
    restart_all(&mut cluster);
    report(&mut cluster, &mut player, &night, last..last + 1).await;
    ends_well(&cluster, &mut player, &night, &viewer).await;
}

async fn begin(mode: Mode, night: &OverDistricts) -> (Cluster, Player, Viewer) {
    let cluster = Cluster::start(mode);
    let mut player = Player::define(&cluster, night.definition.clone(), Kills::none()).await;
    player.open_to_public(&cluster).await;
    let viewer = Viewer::follow(&cluster, whole(&player.election)).await;
    (cluster, player, viewer)
}

async fn report(
    cluster: &mut Cluster,
    player: &mut Player,
    night: &OverDistricts,
    districts: std::ops::Range<usize>,
) {
    let reports = districts.map(|district| night.report(district));
    for outcome in player.submit(cluster, reports.collect()).await {
        assert_eq!(outcome.name(), "ACCEPTED", "{outcome:?}");
    }
}

/// Kills every role in the middle of the night, and starts it again.
fn restart_all(cluster: &mut Cluster) {
    for role in Role::ALL {
        tokio::task::block_in_place(|| cluster.kill_and_restart(role));
    }
}

fn over(standings: &Standings) -> &DistrictedAllocation {
    standings.contests[0].over_districts.as_ref().unwrap()
}

/// Seats by district and list; none without a seat.
fn by_district(over: &DistrictedAllocation) -> BTreeMap<(String, String), u32> {
    let rows = over.districts.iter().flat_map(|district| {
        let rows = district.list_indexes.iter().zip(&district.list_seats);
        rows.map(|(list, seats)| {
            let list = &over.lists[usize::try_from(*list).unwrap()];
            (
                (district.district_id.clone(), list.option_id.clone()),
                *seats,
            )
        })
    });
    rows.filter(|(_, seats)| *seats > 0).collect()
}

/// The official seats are in the standings, in the frames of the whole and of a district, and in words; a wrong result is
/// found out, the right one is declared and certified.
async fn ends_well(cluster: &Cluster, player: &mut Player, night: &OverDistricts, viewer: &Viewer) {
    let standings = reads::standings_at(cluster, &player.election, player.head).await;
    assert_eq!(standings.contests[0].state(), SeatsState::Provisional);
    assert_eq!(by_district(over(&standings)), night.official());
    let official = night.official_by_list();
    assert_eq!(reads::seats(&standings), official);
    told(cluster, player, night).await;
    declared(cluster, player, &official).await;
    let head = player.head;
    let frames = viewer.until(|frame| place(frame).0 == head).await;
    never_backwards(&frames);
    for frame in &frames {
        adds_up(contest(frame));
        assert!(!frame.body.as_ref().unwrap().is_reduced);
    }
    let last = frames.last().unwrap();
    assert_eq!(last.body.as_ref().unwrap().stage(), Stage::Certified);
    assert_eq!(by_frame(contest(last)), night.official());
    // The frame of one district has its seats alone.
    let district = &night.districts[0];
    let scope = Scope {
        scope: Some(ScopeOf::District(DistrictScope {
            election_id: player.election.as_str().into(),
            district_id: district.id.clone(),
        })),
    };
    let feed = cluster.client(Role::LiveFeed);
    let shown = end_to_end::eventually("the district's frame is of the head", async || {
        let frame = reads::frame(&feed, &scope).await?;
        (place(&frame).0 == head).then_some(frame)
    });
    let shown = seats_of_rows(contest(&shown.await));
    let own = district.lines.iter().filter(|line| line.seats > 0);
    let own: BTreeMap<String, u32> = own.map(|line| (line.option.clone(), line.seats)).collect();
    assert_eq!(shown, own);
}

fn contest(frame: &Frame) -> &FrameContest {
    &frame.body.as_ref().unwrap().contests[0]
}

fn seats_of_rows(contest: &FrameContest) -> BTreeMap<String, u32> {
    let rows = contest.rows.iter();
    let rows = rows.filter_map(|row| Some((row.option_id.clone(), row.seats.as_ref()?.seats?)));
    rows.filter(|(_, seats)| *seats > 0).collect()
}

/// What a frame shows of districts is what it shows of the whole.
fn adds_up(contest: &FrameContest) {
    let mut sums: BTreeMap<String, u32> = BTreeMap::new();
    for ((_, option), seats) in by_frame(contest) {
        *sums.entry(option).or_default() += seats;
    }
    assert_eq!(sums, seats_of_rows(contest));
}

fn by_frame(contest: &FrameContest) -> BTreeMap<(String, String), u32> {
    let cells = contest.districts.iter().flat_map(|district| {
        let cells = district.row_indexes.iter().zip(&district.row_seats);
        cells.map(|(row, seats)| {
            let row = &contest.rows[usize::try_from(*row).unwrap()];
            (
                (district.district_id.clone(), row.option_id.clone()),
                *seats,
            )
        })
    });
    cells.filter(|(_, seats)| *seats > 0).collect()
}

async fn told(cluster: &Cluster, player: &Player, night: &OverDistricts) {
    let request = GetStandingsRequest {
        election_id: player.election.as_str().into(),
        view: View::Head.into(),
        explanation: Some(ExplanationStyle {
            language: "kk".into(),
            ..ExplanationStyle::default()
        }),
        ..GetStandingsRequest::default()
    };
    let standings = cluster
        .client(Role::Allocation)
        .get_standings(request)
        .await;
    let text = over(&standings.unwrap()).explanation.clone();
    for said in ["Мандат", night.districts[0].name.as_str()] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
}

async fn declared(cluster: &Cluster, player: &mut Player, official: &BTreeMap<String, u32>) {
    let allocation = cluster.client(Role::Allocation);
    let check = async |seats: &BTreeMap<String, u32>| {
        let rows = seats.iter().map(|(list, seats)| SeatRow {
            option_id: list.clone(),
            seats: *seats,
        });
        let request = CheckDeclarationRequest {
            election_id: player.election.as_str().into(),
            view: View::Head.into(),
            rows: rows.collect(),
            ..CheckDeclarationRequest::default()
        };
        let found = allocation.check_declaration(request).await.unwrap();
        let codes = found.findings.iter().map(|finding| finding.code());
        codes.collect::<Vec<_>>()
    };
    let mut wrong = official.clone();
    *wrong.values_mut().next().unwrap() += 1;
    let found = check(&wrong).await;
    assert_eq!(found, [FindingCode::HouseSize, FindingCode::RowDiffers]);
    assert_eq!(check(official).await, []);
    let rows = official.iter();
    let declaration = Command::Declare {
        contest: ContestId::new("list").unwrap(),
        district: None,
        seats: rows
            .map(|(list, seats)| (OptionId::new(list).unwrap(), *seats))
            .collect(),
        attribution: attribution(),
    };
    player.command(cluster, &declaration).await;
    let certify = Command::Certify {
        attribution: attribution(),
    };
    player.command(cluster, &certify).await;
    let standings = reads::standings_at(cluster, &player.election, player.head).await;
    assert_eq!(standings.stage(), Stage::Certified);
    let declared = standings.contests[0].declaration.as_ref().unwrap();
    assert!(declared.findings.is_empty(), "{declared:?}");
    for list in &over(&standings).lists {
        let seats = list.seats.unwrap();
        assert_eq!(seats.seats, seats.seats_declared, "{}", list.option_id);
    }
}

fn district(id: &str, own: u32, votes: &[u64]) -> District {
    let lines = ["ash", "birch", "cedar"].iter().zip(votes);
    District {
        id: id.into(),
        name: id.to_uppercase(),
        own,
        lines: lines
            .map(|(option, votes)| Line {
                option: (*option).into(),
                more: "",
                votes: *votes,
                seats: 0,
            })
            .collect(),
    }
}

/// Cedar is due one seat, and both districts have the same key for it. Other votes in one of them end the tie.
async fn a_tied_levelling_seat_is_settled_by_lot(mode: Mode) {
    let law = r#"[rules.contests.tiers]
further_seats = 1
stages = [
    { stage = "districts", chain = [{ method = "highest-averages", divisors = "d-hondt" }] },
    { stage = "whole", surplus = "kept", chain = [{ method = "highest-averages", divisors = "d-hondt" }] },
    { stage = "place", series = { step = 2 } },
]"#;
    let votes = [60, 50, 30];
    let districts = vec![district("north", 2, &votes), district("south", 2, &votes)];
    let night = OverDistricts::new("levelling-tie-2026", 1, districts, 5, law);
    lot_and_void(
        mode,
        &night,
        2,
        &["north cedar", "south cedar"],
        &[60, 50, 31],
    )
    .await;
}

/// Two lists, two districts of one seat each, all votes equal: two tables are right.
async fn a_tied_table_is_settled_by_lot(mode: Mode) {
    let districts = vec![
        district("north", 1, &[10, 10]),
        district("south", 1, &[10, 10]),
    ];
    let law = "[rules.contests.double_proportional]";
    let night = OverDistricts::new("table-tie-2026", 1, districts, 2, law);
    let cells = ["north ash", "north birch", "south ash", "south birch"];
    lot_and_void(mode, &night, PlacesStage::CELLS, &cells, &[11, 10]).await;
}

fn places(cells: &[&str]) -> Vec<TiedPlace> {
    let place = |cell: &&str| {
        let (district, option) = cell.split_once(' ').unwrap();
        TiedPlace {
            district: Some(DistrictId::new(district).unwrap()),
            option: OptionId::new(option).unwrap(),
            constituency: None,
        }
    };
    cells.iter().map(place).collect()
}

/// The tie is shown with what its lot must name; the lot settles it, also after a restart; when the votes change so that
/// the tie does not stand any more, the lot is void and said to be, in numbers and in words.
async fn lot_and_void(
    mode: Mode,
    night: &OverDistricts,
    stage: u32,
    cells: &[&str],
    corrected: &[u64],
) {
    let (mut cluster, mut player, viewer) = begin(mode, night).await;
    report(&mut cluster, &mut player, night, 0..2).await;
    let standings = reads::standings_at(&cluster, &player.election, player.head).await;
    let [tie] = over(&standings).ties.as_slice() else {
        panic!("one tie: {:?}", over(&standings).ties);
    };
    let tied = places(cells);
    assert_eq!(tie.places, tied.iter().map(Into::into).collect::<Vec<_>>());
    assert_eq!(tie.at.unwrap().stage, stage);
    assert_eq!(over(&standings).state(), SeatsState::Tied);
    let head = player.head;
    let frames = viewer.until(|frame| place(frame).0 == head).await;
    assert_eq!(contest(frames.last().unwrap()).state(), SeatsState::Tied);
    // The first place of the tie, or the diagonal of the table.
    let winners = match tie.seats_at_stake {
        1 => vec![tied[1].clone()],
        _ => vec![tied[0].clone(), tied[3].clone()],
    };
    let lot = Command::DrawPlaces {
        contest: ContestId::new("list").unwrap(),
        at: PlacesStage {
            stage,
            round: 0,
            inner: 0,
        },
        tied,
        seats: tie.seats_at_stake,
        winners: winners.clone(),
        attribution: attribution(),
    };
    player.command(&cluster, &lot).await;
    restart_all(&mut cluster);
    let standings = reads::standings_at(&cluster, &player.election, player.head).await;
    assert_eq!(over(&standings).state(), SeatsState::Provisional);
    assert!(over(&standings).ties.is_empty() && over(&standings).void_lots.is_empty());
    let held = by_district(over(&standings));
    for winner in &winners {
        let district = winner.district.as_ref().unwrap().to_string();
        assert_eq!(held[&(district, winner.option.to_string())], 1);
    }
    let head = player.head;
    let frames = viewer.until(|frame| place(frame).0 == head).await;
    assert_eq!(by_frame(contest(frames.last().unwrap())), held);

    player
        .submit(&mut cluster, vec![night.counted(0, 2, corrected)])
        .await;
    let standings = reads::standings_at(&cluster, &player.election, player.head).await;
    let sent = over(&standings);
    assert_eq!(sent.state(), SeatsState::Provisional);
    let [void] = sent.void_lots.as_slice() else {
        panic!("the lot is void: {sent:?}");
    };
    assert_eq!(
        void.winner_places,
        winners.iter().map(Into::into).collect::<Vec<_>>()
    );
    let request = GetStandingsRequest {
        election_id: player.election.as_str().into(),
        view: View::Head.into(),
        explanation: Some(ExplanationStyle {
            language: "en".into(),
            ..ExplanationStyle::default()
        }),
        ..GetStandingsRequest::default()
    };
    let told = cluster
        .client(Role::Allocation)
        .get_standings(request)
        .await;
    let text = over(&told.unwrap()).explanation.clone();
    assert!(text.contains("is void: no such tie is open now"), "{text}");
    assert!(text.contains("NORTH"), "{text}");
}
