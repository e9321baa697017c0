//! Recorded nights: at every checkpoint the seats are those that are known from elsewhere.

use std::collections::BTreeMap;

use election::event::Recorded;
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::play::{Kills, Player};
use end_to_end::ranges::{self, frames, frames_at};
use end_to_end::{log, reads};
use hemicycle::night::shuffle::rehearse;
use hemicycle::night::{Night, Step, TimedStep};

use crate::support::{PAIRS, QUOTA, golden, israel, russia, steps};

crate::in_both_modes!(
    pairs_at_every_checkpoint,
    quota_at_every_checkpoint,
    pairs_three_times_shuffled_with_kills,
    quota_three_times_shuffled_with_kills,
    israel_2021_at_every_snapshot,
    israel_2021_three_times_shuffled_with_kills,
    russia_2007_to_the_last_station,
    russia_2007_three_times_shuffled_with_kills,
);

/// Kills in a rehearsal: each role several times.
const KILLS: usize = 9;
/// Final seats of the 24th Knesset, by size.
const KNESSET: [u32; 13] = [30, 17, 9, 8, 7, 7, 7, 7, 6, 6, 6, 6, 4];
/// Seats of the State Duma of 2007, by size.
const DUMA: [u32; 4] = [315, 57, 40, 38];

async fn pairs_at_every_checkpoint(mode: Mode) {
    plain(mode, golden(PAIRS), 8, &[6, 5, 4, 3, 2, 1]).await;
}

async fn quota_at_every_checkpoint(mode: Mode) {
    plain(mode, golden(QUOTA), 6, &[25, 6, 4, 4]).await;
}

async fn pairs_three_times_shuffled_with_kills(mode: Mode) {
    rehearsal(mode, golden(PAIRS), &[6, 5, 4, 3, 2, 1], 1).await;
}

async fn quota_three_times_shuffled_with_kills(mode: Mode) {
    rehearsal(mode, golden(QUOTA), &[25, 6, 4, 4], 2).await;
}

async fn israel_2021_at_every_snapshot(mode: Mode) {
    let Some(night) = israel() else { return };
    plain(mode, night, 36, &KNESSET).await;
}

/// After no event is a final seat outside of the range of that moment, nor came more ballots than it said, but where
/// something happened that it did not foresee: the 24th Knesset, whose file has corrections.
#[test]
fn israel_2021_no_seat_leaves_its_range_unforeseen() {
    let Some(night) = israel() else { return };
    let log = decided(night);
    // Of all 13,900 moments only those after the last box, when a few ballots of corrections were still to come.
    let overruns = ranges::overruns(&log);
    println!("{overruns:#?}");
    assert!(overruns.len() < 40, "{}", overruns.len());
    assert!(overruns.iter().all(|it| it.unforeseen_after > 0));
    let frames = frames_at(&log, after(log.len(), 1));
    println!("{}", ranges::table(&frames, 60));
    let left = ranges::left(&frames);
    println!("{left:#?}");
    // No seat leaves a range. What leaves a bound are ballots of corrections after the last box was complete.
    let only = "4436371 ballots at revision 13931";
    assert!(left.iter().all(|it| it.what == only), "{left:?}");
    assert!(left.iter().all(|it| it.unforeseen_after > 0), "{left:?}");
    assert_eq!(left.len(), 11);
    narrows(&frames, 120);
}

/// The same of Russia in 2007, where nothing was corrected: nothing leaves any range.
#[test]
fn russia_2007_no_seat_leaves_its_range() {
    let Some(night) = russia() else { return };
    let log = decided(night);
    assert_eq!(ranges::overruns(&log), []);
    let frames = frames_at(&log, after(log.len(), 25));
    println!("{}", ranges::table(&frames, 60));
    assert_eq!(frames.last().unwrap().unforeseen, 0);
    assert_eq!(ranges::left(&frames), []);
    narrows(&frames, 450);
}

/// The events of a log of so many after which ranges are looked at: each of the last thousand and, of those before, one of
/// `every`. Where the program is not optimised that would take minutes: then each of the last three hundred, and a twentieth
/// of the others.
fn after(events: usize, every: usize) -> impl Fn(usize) -> bool {
    let (late, every) = match cfg!(debug_assertions) {
        true => (300, 20 * every),
        false => (1_000, every),
    };
    move |place| place % every == 0 || place + late >= events
}

/// The ranges say something: in the end all seats are certain, long before it many, and of some sixty moments none has fewer in
/// all than the one before it, but for what was not foreseen.
fn narrows(frames: &[ranges::Frame], seats: u32) {
    let end = frames.last().unwrap();
    assert_eq!(end.outstanding, Some(0));
    assert_eq!(end.secured(), seats);
    let counted = |frame: &&ranges::Frame| frame.counted * 20 >= end.counted * 19;
    let late = frames.iter().find(counted).unwrap();
    assert!(late.secured() > seats / 2, "{late:?}");
    let every = (frames.len() / 60).max(1);
    let moments: Vec<&ranges::Frame> = frames.iter().step_by(every).collect();
    for pair in moments.windows(2) {
        let is_foreseen = pair[0].unforeseen == pair[1].unforeseen;
        assert!(
            !is_foreseen || pair[0].secured() <= pair[1].secured(),
            "{pair:?}"
        );
    }
}

/// A night's log, decided without any service: in the services' tests it is the same.
fn decided(night: Night) -> Vec<Recorded> {
    let definition = night.definition.clone();
    log::decide(&definition, steps(night))
}

async fn israel_2021_three_times_shuffled_with_kills(mode: Mode) {
    let Some(night) = israel() else { return };
    rehearsal(mode, night, &KNESSET, 24).await;
}

async fn russia_2007_to_the_last_station(mode: Mode) {
    let Some(night) = russia() else { return };
    plain(mode, night, 1, &DUMA).await;
}

async fn russia_2007_three_times_shuffled_with_kills(mode: Mode) {
    let Some(night) = russia() else { return };
    rehearsal(mode, night, &DUMA, 2007).await;
}

/// The night as it was recorded. Every report is counted, and the seats are right at each checkpoint.
async fn plain(mode: Mode, night: Night, checkpoints: usize, seats: &[u32]) {
    let mut cluster = Cluster::start(mode);
    let definition = night.definition.clone();
    let steps = steps(night);
    let reports = submissions(&steps);
    let mut player = Player::define(&cluster, definition, Kills::none()).await;
    player.play(&mut cluster, steps).await;
    assert_eq!(player.checkpoints, checkpoints);
    assert_eq!(player.outcomes, BTreeMap::from([("ACCEPTED", reports)]));
    finish(&cluster, &player, seats).await;
}

/// The night with every report sent three times and the units mixed, while every role is killed several times.
async fn rehearsal(mode: Mode, night: Night, seats: &[u32], seed: u64) {
    let mut cluster = Cluster::start(mode);
    let definition = night.definition.clone();
    let steps = rehearse(night.steps, 3, Some(seed)).unwrap();
    let reports = submissions(&steps);
    let kills = Kills::seeded(seed, KILLS, &Role::ALL, usize::try_from(reports).unwrap());
    let mut player = Player::define(&cluster, definition, kills).await;
    player.play(&mut cluster, steps).await;
    assert_eq!(player.kills_left(), 0);
    assert_eq!(player.outcomes.values().sum::<u64>(), reports);
    // A copy is never counted again, and nothing here is held or refused. Superseded is a report that was sent again with
    // its successor, because the answers to both were lost in a kill.
    let expected = ["ACCEPTED", "DUPLICATE", "SUPERSEDED"];
    let others = player
        .outcomes
        .keys()
        .filter(|name| !expected.contains(name));
    assert_eq!(others.count(), 0, "{:?}", player.outcomes);
    finish(&cluster, &player, seats).await;
}

async fn finish(cluster: &Cluster, player: &Player, by_size: &[u32]) {
    player.check_totals(cluster).await;
    let standings = reads::standings_at(cluster, &player.election, player.head).await;
    let mut seats: Vec<u32> = reads::seats(&standings).into_values().collect();
    seats.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(seats, by_size);
    let states = standings.contests[0]
        .totals
        .clone()
        .unwrap()
        .states
        .unwrap();
    assert_eq!(
        usize::try_from(states.counted).unwrap(),
        player.expected.counted()
    );
    let records = log::read(&cluster.client(Role::Results), &player.election).await;
    // Nothing that a frame excluded came about, but for what no bound foresaw.
    let frames = frames(&records, 30);
    let left = ranges::left(&frames);
    assert!(
        left.iter().all(|left| left.unforeseen_after > 0),
        "{left:?}"
    );
    let secured = standings.contests[0].certain.clone().unwrap();
    assert_eq!(
        secured.seats_secured,
        u64::from(frames.last().unwrap().secured())
    );
    // Whoever folds the log has the same state, and everything that was acknowledged is in it.
    assert_eq!(records.last().unwrap().revision.0, player.head);
    assert_eq!(
        log::fold(&records).tally().contests[0][0].votes,
        player.expected.totals(&player.definition)[0]
    );
    let missing = log::missing(&records, &player.acknowledged);
    assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
}

fn submissions(steps: &[TimedStep]) -> u64 {
    let reports = steps
        .iter()
        .filter(|timed| matches!(timed.step, Step::Submit(_)));
    u64::try_from(reports.count()).unwrap()
}
