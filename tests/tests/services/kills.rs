//! Killed at any moment, and started again: nothing that was acknowledged is missing.

use std::collections::BTreeMap;

use election::ids::UnitId;
use election::report::Outcome;
use election::submission::Submission;
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::invented::Invented;
use end_to_end::log;
use end_to_end::play::{Acknowledged, Kills, Player, submit};
use end_to_end::reads;
use futures::StreamExt as _;
use hemicycle::night::shuffle::Repeatable;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, block_in_place};
use wire::common::v1::View;

crate::in_both_modes!(
    results_killed_in_twenty_rounds_with_clients_that_give_up,
    what_is_shown_at_a_revision_survives_the_death_of_every_role,
);

const ROUNDS: u32 = 20;
const CLIENTS: usize = 4;
const STATIONS: usize = 40;
/// Reports of each station in a round.
const VERSIONS: u32 = 4;

/// A report that was sent and not answered is unknown, never absent: it may be in the log or not. One that was answered
/// is in it, at the revision that was answered.
async fn results_killed_in_twenty_rounds_with_clients_that_give_up(mode: Mode) {
    let mut cluster = Cluster::start(mode);
    let invented = Invented::new("killed-2026", STATIONS, 3);
    let mut player = Player::define(&cluster, invented.definition.clone(), Kills::none()).await;
    let mut numbers = Repeatable::new(9);
    let mut log_before = log::read(&cluster.client(Role::Results), &player.election).await;
    for round in 0..ROUNDS {
        let reports = CLIENTS * STATIONS / CLIENTS * usize::try_from(VERSIONS).unwrap();
        let answers = 1 + numbers.below(reports);
        let acknowledged = round_of_reports(&mut cluster, &invented, round, answers).await;
        player.acknowledged.extend(acknowledged);
        cluster.restart(Role::Results);
        let log = log::read(&cluster.client(Role::Results), &player.election).await;
        assert!(
            log.starts_with(&log_before),
            "round {round}: what was read before has changed"
        );
        let missing = log::missing(&log, &player.acknowledged);
        assert!(
            missing.is_empty(),
            "round {round}: acknowledged and lost: {missing:?}"
        );
        let sent = (round + 1) * VERSIONS;
        for (unit, version) in counted_versions(&cluster, &player).await {
            let answered = answered_version(&player.acknowledged, &unit);
            assert!(
                (answered..=sent).contains(&version),
                "round {round}: {unit} counts version {version}"
            );
        }
        log_before = log;
    }
    assert!(
        player.acknowledged.len() > STATIONS,
        "hardly anything was answered"
    );
    // The oracle would find a loss: a log without its last report, an answer that was never given.
    let answers = &player.acknowledged;
    let shorter = &log_before[..log_before.len() / 2];
    assert!(!log::missing(shorter, answers).is_empty());
    let version = answers[0].version + 1;
    let invented_answer = Acknowledged {
        version,
        ..answers[0].clone()
    };
    assert_eq!(log::missing(&log_before, &[invented_answer]).len(), 1);
    // What was unknown is settled by sending it again.
    let last: Vec<_> = (0..STATIONS)
        .map(|station| report(&invented, station, ROUNDS * VERSIONS))
        .collect();
    for submission in &last {
        player
            .expected
            .take(&hemicycle::night::Step::Submit(submission.clone()));
    }
    let outcomes = player.submit(&mut cluster, last).await;
    let is_there = |outcome: &Outcome| matches!(outcome.name(), "ACCEPTED" | "DUPLICATE");
    assert!(outcomes.iter().all(is_there), "{outcomes:?}");
    player.head = log::read(&cluster.client(Role::Results), &player.election)
        .await
        .len()
        .try_into()
        .unwrap();
    player.check_totals(&cluster).await;
}

/// Clients send a round of reports; after so many answers the results role is killed and the clients give up.
async fn round_of_reports(
    cluster: &mut Cluster,
    invented: &Invented,
    round: u32,
    answers: usize,
) -> Vec<Acknowledged> {
    let (heard, mut hearing) = mpsc::channel(STATIONS);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let versions = round * VERSIONS + 1..=(round + 1) * VERSIONS;
        let stations = (client..STATIONS).step_by(CLIENTS);
        let sent: Vec<(UnitId, u32, Submission)> = versions
            .flat_map(|version| stations.clone().map(move |station| (station, version)))
            .map(|(station, version)| {
                let unit = end_to_end::invented::unit(station);
                (unit, version, report(invented, station, version))
            })
            .collect();
        let submissions = sent
            .iter()
            .map(|(_, _, submission)| submission.clone())
            .collect();
        let mut outcomes = submit(
            &cluster.client(Role::TallyIngestion),
            invented.election(),
            submissions,
        );
        let heard = heard.clone();
        clients.spawn(async move {
            for (unit, version, _) in sent {
                let outcome = outcomes.next().await.expect("each report is answered");
                let answer = Acknowledged {
                    unit,
                    version,
                    outcome,
                };
                if heard.send(answer).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(heard);
    let mut acknowledged = Vec::new();
    while acknowledged.len() < answers {
        acknowledged.push(
            hearing
                .recv()
                .await
                .expect("there are more reports than that"),
        );
    }
    block_in_place(|| cluster.kill(Role::Results));
    clients.shutdown().await;
    while let Some(answer) = hearing.recv().await {
        acknowledged.push(answer);
    }
    acknowledged
}

/// Votes grow with the version, so that no report is held.
fn report(invented: &Invented, station: usize, version: u32) -> Submission {
    let version_votes = u64::from(version);
    invented.full(station, version, &[version_votes, 2 * version_votes, 7])
}

fn answered_version(acknowledged: &[Acknowledged], unit: &UnitId) -> u32 {
    let of_unit = acknowledged.iter().filter(|answer| answer.unit == *unit);
    of_unit.map(|answer| answer.version).max().unwrap_or(0)
}

async fn counted_versions(cluster: &Cluster, player: &Player) -> BTreeMap<UnitId, u32> {
    let mut versions = BTreeMap::new();
    for unit in &player.definition.register.units {
        let state = reads::unit(cluster, &player.election, unit.id.as_str()).await;
        let version = state.tallies[0].counted_version.unwrap_or(0);
        versions.insert(unit.id.clone(), version);
    }
    versions
}

/// The same log gives the same state, whoever folds it and however often they died meanwhile.
async fn what_is_shown_at_a_revision_survives_the_death_of_every_role(mode: Mode) {
    let mut cluster = Cluster::start(mode);
    let invented = Invented::new("moments-2026", 30, 4);
    let mut player = Player::define(&cluster, invented.definition.clone(), Kills::none()).await;
    player.open_to_public(&cluster).await;
    let mut moments = Vec::new();
    for station in 0..30 {
        let votes = u64::try_from(station).unwrap();
        let reports = vec![invented.full(station, 1, &[100 + votes, 90, 3 * votes, 7])];
        player.submit(&mut cluster, reports).await;
        if station % 10 == 9 {
            moments.push(player.head);
        }
    }
    let mut shown = Vec::new();
    for moment in &moments {
        shown.push(everything(&cluster, &player, *moment).await);
    }
    assert_ne!(shown[0], shown[1]);
    for role in Role::ALL {
        cluster.kill_and_restart(role);
        for (moment, before) in moments.iter().zip(&shown) {
            assert_eq!(
                &everything(&cluster, &player, *moment).await,
                before,
                "after the death of {role:?}"
            );
        }
    }
}

/// All that is shown at a past moment, as text.
async fn everything(cluster: &Cluster, player: &Player, revision: u64) -> String {
    let standings = reads::standings(cluster, &player.election, View::Public, revision).await;
    let tally = reads::tally_at(cluster, &player.election, revision).await;
    let unit = cluster.client(Role::Results);
    let id = end_to_end::invented::unit(12);
    let unit = unit
        .get_unit(&player.election, &id, View::Head, revision)
        .await
        .unwrap();
    format!("{standings:?}\n{tally:?}\n{unit:?}")
}
