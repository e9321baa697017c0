//! Election nights that went wrong, end to end. Each test bears the night's number, place and year.

// tidy: long because one test for each night that went wrong.

use std::collections::BTreeMap;
use std::fs;

use client::{FrameNews, LogNews, SubmitOptions};
use election::command::Command;
use election::counts::{COUNT_MAX, Counter};
use election::definition::Unit;
use election::ids::{ElectionId, Revision, UnitId};
use election::report::{HoldReason, Outcome, RefusalCode, Report, Warning};
use election::submission::Submission;
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::invented::{Invented, attribution};
use end_to_end::play::{Player, submit};
use end_to_end::reads::{self, whole};
use end_to_end::{eventually, log};
use futures::{StreamExt as _, stream};
use tokio::task::{JoinSet, block_in_place};
use wire::common::v1::{CorrectionKind, SeatsState, UnitStatus, View};
use wire::results::v1::{ListUnitsRequest, UnitFilter};

use crate::support::begin;

crate::in_both_modes!(
    f03_philippines_2025_every_batch_twice_and_by_two_routes_counts_once,
    f04_monmouth_2022_a_reinstall_does_not_drop_the_guard,
    f05_volusia_2000_no_count_is_negative_none_is_over_the_roll,
    f09_pakistan_2018_all_devices_at_once_and_nothing_is_lost,
    f12_boxmeer_2017_missing_lists_are_refused_and_many_zeros_are_odd,
    f14_waukesha_2011_what_has_not_reported_is_seen,
    f18_us_networks_2021_no_total_falls_without_a_word,
    f24_antrim_2020_a_report_against_an_old_ballot_is_refused,
    f25_us_tally_system_2022_a_growing_export_counts_once_another_election_never,
    f30_event_stream_without_a_cursor_no_event_is_missed,
    f30_unresolved_tie_every_untied_seat_stands,
);

fn names(outcomes: &[Outcome]) -> Vec<&'static str> {
    outcomes.iter().map(Outcome::name).collect()
}

fn code(outcome: &Outcome) -> RefusalCode {
    let Outcome::Refused(refusal) = outcome else {
        panic!("{outcome:?} is not refused");
    };
    assert!(
        !refusal.field.is_empty() && !refusal.rule.is_empty(),
        "{refusal:?}"
    );
    refusal.code
}

fn reasons(outcome: &Outcome) -> &[HoldReason] {
    let Outcome::Held { reasons, .. } = outcome else {
        panic!("{outcome:?} is not held");
    };
    reasons
}

async fn votes(cluster: &Cluster, player: &Player) -> Vec<u64> {
    let tally = reads::tally_at(cluster, &player.election, 0).await;
    tally.tallies[0].votes.clone()
}

/// 15,001 precincts stood twice in the media's server: 5 million votes too many, then a visible drop.
async fn f03_philippines_2025_every_batch_twice_and_by_two_routes_counts_once(mode: Mode) {
    let invented = Invented::new("philippines-2025", 400, 3);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let batch: Vec<Submission> = (0..400)
        .map(|station| invented.full(station, 1, &[3, 2, 1]))
        .collect();
    // Two routes at the same moment, one of them backwards.
    let (there, mut back) = (batch.clone(), batch.clone());
    back.reverse();
    let route = |reports| {
        let answers = submit(
            &cluster.client(Role::TallyIngestion),
            invented.election(),
            reports,
        );
        answers.collect::<Vec<Outcome>>()
    };
    let (there, back) = tokio::join!(route(there), route(back));
    let mut counted = BTreeMap::new();
    for name in names(&there).into_iter().chain(names(&back)) {
        *counted.entry(name).or_insert(0) += 1;
    }
    assert_eq!(
        counted,
        BTreeMap::from([("ACCEPTED", 400), ("DUPLICATE", 400)])
    );
    assert_eq!(votes(&cluster, &player).await, [1_200, 800, 400]);
    let head = log::read(&cluster.client(Role::Results), &player.election)
        .await
        .len();
    // Once more after everybody has died.
    Role::ALL
        .into_iter()
        .for_each(|role| cluster.kill_and_restart(role));
    let outcomes = player.submit(&mut cluster, batch).await;
    assert!(outcomes.iter().all(|outcome| outcome.name() == "DUPLICATE"));
    assert_eq!(votes(&cluster, &player).await, [1_200, 800, 400]);
    assert_eq!(
        log::read(&cluster.client(Role::Results), &player.election)
            .await
            .len(),
        head
    );
}

/// A memory stick was loaded twice, after a reinstall had dropped the guard.
async fn f04_monmouth_2022_a_reinstall_does_not_drop_the_guard(mode: Mode) {
    let invented = Invented::new("monmouth-2022", 20, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let stick: Vec<Submission> = (0..20)
        .map(|station| invented.full(station, 1, &[10, 20]))
        .collect();
    player.submit(&mut cluster, stick.clone()).await;
    cluster.kill(Role::Results);
    // Reinstalled: all that is left of the old machine is its log.
    for entry in fs::read_dir(cluster.data_folder()).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else if path
            .extension()
            .is_none_or(|extension| extension != "segment")
        {
            fs::remove_file(path).unwrap();
        }
    }
    cluster.restart(Role::Results);
    let outcomes = player.submit(&mut cluster, stick).await;
    assert_eq!(names(&outcomes), ["DUPLICATE"; 20]);
    assert_eq!(votes(&cluster, &player).await, [200, 400]);
    let unit = reads::unit(&cluster, &player.election, "u7").await;
    assert_eq!(unit.tallies[0].counts.clone().unwrap().votes, [10, 20]);
}

/// A faulty card brought -16,022 votes.
async fn f05_volusia_2000_no_count_is_negative_none_is_over_the_roll(mode: Mode) {
    let invented = Invented::new("volusia-2000", 2, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    player
        .submit(&mut cluster, vec![invented.full(0, 1, &[412, 585])])
        .await;
    let negative = u64::from_ne_bytes((-16_022_i64).to_ne_bytes());
    let outcomes = player
        .submit(
            &mut cluster,
            vec![
                invented.correction(0, 2, &[negative, 585]),
                invented.full(0, 2, &[COUNT_MAX, COUNT_MAX]),
                invented.correction(0, 3, &[997, 0]),
            ],
        )
        .await;
    assert_eq!(code(&outcomes[0]), RefusalCode::Limit);
    let (ballots, roll) = (2 * COUNT_MAX, 1_000);
    assert_eq!(
        reasons(&outcomes[1]),
        [
            HoldReason::BallotsOverRoll { ballots, roll },
            // So many votes fit into no counter of the form, and it says nothing of the valid ballots any more.
            HoldReason::CounterFalls {
                counter: Counter::Valid,
                before: 997,
                after: None
            },
        ]
    );
    let (moved, electorate) = (585 + 585, 1_000);
    assert_eq!(
        reasons(&outcomes[2]),
        [HoldReason::LeadMoved { moved, electorate }]
    );
    assert_eq!(
        votes(&cluster, &player).await,
        [412, 585],
        "the counted version stands"
    );
    // A reviewer decides, and both decisions outlive a death.
    let (over_roll, lead) = (
        end_to_end::play::revision(&outcomes[1]),
        end_to_end::play::revision(&outcomes[2]),
    );
    for (held, release) in [(over_roll, false), (lead, true)] {
        let review = Command::Review {
            held_revision: Revision(held),
            key: invented.key(0),
            release,
            reason: "the paper was counted again".into(),
        };
        player.command(&cluster, &review).await;
    }
    cluster.kill_and_restart(Role::Results);
    assert_eq!(votes(&cluster, &player).await, [997, 0]);
}

/// 85,000 devices reported at once, 25,000 got through.
async fn f09_pakistan_2018_all_devices_at_once_and_nothing_is_lost(mode: Mode) {
    const DEVICES: usize = 2_000;
    /// Devices behind one connection.
    const BEHIND_ONE: usize = 100;
    let invented = Invented::new("pakistan-2018", DEVICES, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let mut devices = JoinSet::new();
    for first in (0..DEVICES).step_by(BEHIND_ONE) {
        let connection = cluster.client(Role::TallyIngestion);
        for device in first..first + BEHIND_ONE {
            let (connection, election) = (connection.clone(), invented.election().clone());
            let report = invented.full(device, 1, &[1, 2]);
            devices.spawn(async move {
                let answer = submit(&connection, &election, vec![report]).next().await;
                answer.expect("every device is answered").name()
            });
        }
    }
    // In the middle of the burst the intake dies. The devices come again with the same keys.
    let mut answered = 0;
    while let Some(name) = devices.join_next().await {
        assert!(matches!(name.unwrap(), "ACCEPTED" | "DUPLICATE"));
        answered += 1;
        if answered == DEVICES / 4 {
            block_in_place(|| cluster.kill_and_restart(Role::TallyIngestion));
        }
    }
    assert_eq!(answered, DEVICES);
    assert_eq!(votes(&cluster, &player).await, [2_000, 4_000]);
    let again = (0..DEVICES)
        .map(|device| invented.full(device, 1, &[1, 2]))
        .collect();
    let outcomes = player.submit(&mut cluster, again).await;
    assert!(outcomes.iter().all(|outcome| outcome.name() == "DUPLICATE"));
}

/// Only four lists were typed, 7,669 votes were lost.
async fn f12_boxmeer_2017_missing_lists_are_refused_and_many_zeros_are_odd(mode: Mode) {
    let invented = Invented::new("boxmeer-2017", 2, 14);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let mut typed = invented.report(0, 1, &[60; 14]);
    typed.votes.truncate(4);
    let mut zeros = [0; 14];
    zeros[..2].copy_from_slice(&[300, 250]);
    let reports = vec![Submission::Report(typed), invented.full(0, 1, &zeros)];
    let outcomes = player.submit(&mut cluster, reports).await;
    assert_eq!(code(&outcomes[0]), RefusalCode::MissingOption);
    let Outcome::Refused(refusal) = &outcomes[0] else {
        unreachable!("its code was read")
    };
    assert!(
        refusal.rule.contains("o4"),
        "the first list that is missing is named: {refusal}"
    );
    let Outcome::Accepted { warnings, .. } = &outcomes[1] else {
        panic!("zeros are legal: {:?}", outcomes[1]);
    };
    assert_eq!(
        warnings,
        &[Warning::ManyZeros {
            zeros: 12,
            options: 14
        }]
    );
}

/// A whole city, a whole ward was missing, and nobody saw it.
async fn f14_waukesha_2011_what_has_not_reported_is_seen(mode: Mode) {
    let invented = Invented::new("waukesha-2011", 5, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    player.open_to_public(&cluster).await;
    let reports = [0, 2, 4].map(|station| invented.full(station, 1, &[0, 7]));
    player.submit(&mut cluster, reports.to_vec()).await;
    let ward = Unit {
        id: UnitId::new("ward-5").unwrap(),
        name: "Ward 5".into(),
        ..invented.definition.register.units[0].clone()
    };
    let amendment = Command::AmendRegister {
        units: vec![ward],
        reason: "was left out of the register".into(),
    };
    player.command(&cluster, &amendment).await;
    let missing = |has_counted| ListUnitsRequest {
        election_id: player.election.as_str().into(),
        view: View::Public.into(),
        filter: Some(UnitFilter {
            has_counted: Some(has_counted),
            ..UnitFilter::default()
        }),
        ..ListUnitsRequest::default()
    };
    let list = async |has_counted| {
        let pages: Vec<_> = cluster
            .client(Role::Results)
            .list_units(missing(has_counted))
            .collect()
            .await;
        pages
            .into_iter()
            .flat_map(|page| page.unwrap().units)
            .collect::<Vec<_>>()
    };
    let silent = list(false).await;
    let ids: Vec<_> = silent
        .iter()
        .map(|state| state.unit.clone().unwrap().unit_id)
        .collect();
    assert_eq!(ids, ["u1", "u3", "ward-5"]);
    for state in &silent {
        let tally = &state.tallies[0];
        assert_eq!(
            (tally.status(), tally.counts.clone()),
            (UnitStatus::Expected, None),
            "not reported is not zero"
        );
    }
    assert_eq!(
        list(true).await[0].tallies[0].counts.clone().unwrap().votes,
        [0, 7],
        "zero is reported"
    );
    let head = player.head;
    let feed = cluster.client(Role::LiveFeed);
    let states = eventually("viewers see it too", async || {
        let body = reads::frame(&feed, &whole(&player.election)).await?.body?;
        (body.revision == head).then(|| body.contests[0].totals.clone().unwrap().states.unwrap())
    });
    let states = states.await;
    assert_eq!((states.tallies, states.counted), (6, 3));
}

/// A total fell by 351,000 live on air, without a word.
async fn f18_us_networks_2021_no_total_falls_without_a_word(mode: Mode) {
    let invented = Invented::new("networks-2021", 2, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    player.open_to_public(&cluster).await;
    let reports = vec![
        invented.full(0, 1, &[351, 20]),
        invented.full(1, 1, &[5, 5]),
        invented.full(0, 2, &[0, 20]),
    ];
    let outcomes = player.submit(&mut cluster, reports).await;
    let (option, before, after) = (0, 351, 0);
    assert_eq!(
        reasons(&outcomes[2]),
        [
            HoldReason::FallWithoutCorrection {
                option,
                before,
                after
            },
            HoldReason::CounterFalls {
                counter: Counter::Valid,
                before: 371,
                after: Some(20)
            },
        ]
    );
    assert_eq!(votes(&cluster, &player).await, [356, 25]);
    player
        .submit(&mut cluster, vec![invented.correction(0, 3, &[0, 20])])
        .await;
    let withdrawal = Command::Withdraw {
        key: invented.key(1),
        version: 2,
        attribution: attribution(),
    };
    player.command(&cluster, &withdrawal).await;
    let head = player.head;
    let (feed, scope) = (cluster.client(Role::LiveFeed), whole(&player.election));
    eventually("the feed opens", async || reads::frame(&feed, &scope).await).await;
    let news = feed.watch_frames(scope, None);
    let mut news = std::pin::pin!(news);
    let frame = loop {
        if let FrameNews::Frame(frame) = news.next().await.unwrap().unwrap()
            && reads::place(&frame).0 == head
        {
            break frame;
        }
    };
    let rows: Vec<_> = frame.body.unwrap().contests[0]
        .rows
        .iter()
        .map(|row| row.votes)
        .collect();
    assert_eq!(rows, [0, 20]);
    let envelope = frame.envelope.unwrap();
    assert_eq!(envelope.corrections_count, 2);
    let [withdrawn, corrected] = envelope.corrections.as_slice() else {
        panic!("both, the newest first: {:?}", envelope.corrections);
    };
    assert_eq!(withdrawn.kind(), CorrectionKind::Withdrawal);
    assert_eq!((withdrawn.votes_before, withdrawn.votes_after), (10, 0));
    assert_eq!(corrected.kind(), CorrectionKind::Correction);
    let change = &corrected.changes[0];
    assert_eq!(
        (
            change.option_id.as_str(),
            change.votes_before,
            change.votes_after
        ),
        ("o0", 351, 0)
    );
    let who = corrected.attribution.clone().unwrap();
    assert_eq!(
        (who.by, who.reason),
        (attribution().by, attribution().reason)
    );
}

/// Tabulated against an old definition.
async fn f24_antrim_2020_a_report_against_an_old_ballot_is_refused(mode: Mode) {
    let invented = Invented::new("antrim-2020", 1, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let mut old = invented.definition.clone();
    old.ballot.contests[0].districts[0].options.swap(0, 1);
    let ballot_hash = hemicycle::night::ballot_hash(&old.ballot);
    let report = Report {
        ballot_hash,
        ..invented.report(0, 1, &[10, 20])
    };
    let outcomes = player
        .submit(&mut cluster, vec![Submission::Report(report)])
        .await;
    assert_eq!(code(&outcomes[0]), RefusalCode::BallotHash);
    // Rules change without making a report old.
    let mut rules = invented.definition.rules.clone();
    rules.house_size += 2;
    let amendment = Command::AmendRules {
        rules: Box::new(rules),
        reason: "a decree".into(),
    };
    player.command(&cluster, &amendment).await;
    let outcomes = player
        .submit(&mut cluster, vec![invented.full(0, 1, &[10, 20])])
        .await;
    assert_eq!(names(&outcomes), ["ACCEPTED"]);
}

/// A growing export was imported twice, and a file of another election was loaded as zeros.
async fn f25_us_tally_system_2022_a_growing_export_counts_once_another_election_never(mode: Mode) {
    let invented = Invented::new("export-2022", 2, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let export: Vec<Submission> = (1..=3)
        .map(|version| invented.full(0, version, &[u64::from(version) * 10, 5]))
        .collect();
    for length in 1..=3 {
        let outcomes = player.submit(&mut cluster, export[..length].to_vec()).await;
        assert_eq!(names(&outcomes).pop(), Some("ACCEPTED"));
    }
    assert_eq!(votes(&cluster, &player).await, [30, 5]);
    // A file of another election that the server knows: named by its ballot.
    let other = Invented::new("export-2020", 2, 2);
    cluster
        .client(Role::Results)
        .define(&std::sync::Arc::new(other.definition.clone()))
        .await
        .unwrap();
    let outcomes = player
        .submit(&mut cluster, vec![other.full(0, 4, &[0, 0])])
        .await;
    assert_eq!(code(&outcomes[0]), RefusalCode::BallotHash);
    // And one that it does not know.
    let unknown = ElectionId::new("nowhere-2022").unwrap();
    let ingestion = cluster.client(Role::TallyIngestion);
    let mut answers = ingestion.submit(
        &unknown,
        stream::iter(vec![other.full(0, 1, &[0, 0])]),
        SubmitOptions::default(),
    );
    let (_, outcome) = answers.next().await.unwrap().unwrap();
    assert_eq!(code(&outcome), RefusalCode::UnknownElection);
    assert_eq!(votes(&cluster, &player).await, [30, 5]);
}

/// A stream of events without a cursor: what was missed was lost. Here the follower goes on where it stopped.
async fn f30_event_stream_without_a_cursor_no_event_is_missed(mode: Mode) {
    const STATIONS: usize = 300;
    let invented = Invented::new("cursor-2026", STATIONS, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    let results = cluster.client(Role::Results);
    let follower = results.watch_events(&player.election, View::Head, Revision(1), None);
    let mut follower = std::pin::pin!(follower);
    let mut followed = Vec::new();
    for first in (0..STATIONS).step_by(30) {
        let reports = (first..first + 30)
            .map(|station| invented.full(station, 1, &[1, 2]))
            .collect();
        player.submit(&mut cluster, reports).await;
        // The follower reads a little, and then the other side dies.
        while u64::try_from(followed.len()).unwrap() < player.head - 10 {
            if let LogNews::Events(events) = follower.next().await.unwrap().unwrap() {
                followed.extend(events.records);
            }
        }
        block_in_place(|| cluster.kill_and_restart(Role::Results));
    }
    while u64::try_from(followed.len()).unwrap() < player.head {
        let LogNews::Events(events) = follower.next().await.unwrap().unwrap() else {
            panic!("the log is the same one");
        };
        followed.extend(events.records);
    }
    let revisions: Vec<u64> = followed
        .iter()
        .map(|recorded| recorded.revision.0)
        .collect();
    assert_eq!(revisions, (1..=player.head).collect::<Vec<_>>());
    assert_eq!(
        log::fold(&followed).tally().contests[0][0].votes,
        [300, 600]
    );
}

/// An unresolved tie set all seats to 0.
async fn f30_unresolved_tie_every_untied_seat_stands(mode: Mode) {
    let invented = Invented::new("tie-2026", 1, 3);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    player.open_to_public(&cluster).await;
    // Ten seats, a quota of 20: five, two and a half, two and a half.
    player
        .submit(&mut cluster, vec![invented.full(0, 1, &[100, 50, 50])])
        .await;
    let head = player.head;
    let feed = cluster.client(Role::LiveFeed);
    let contest = eventually("viewers see the seats", async || {
        let body = reads::frame(&feed, &whole(&player.election)).await?.body?;
        (body.revision == head).then(|| body.contests[0].clone())
    });
    let contest = contest.await;
    assert_eq!(contest.state(), SeatsState::Tied);
    let seats = contest.rows.iter().map(|row| {
        let seats = row.seats.unwrap();
        (seats.seats, seats.seats_most)
    });
    assert_eq!(
        seats.collect::<Vec<_>>(),
        [(Some(5), None), (Some(2), Some(3)), (Some(2), Some(3))]
    );
    assert_eq!(contest.ties[0].option_ids, ["o1", "o2"]);
    assert_eq!(contest.ties[0].seats_at_stake, 1);
}
