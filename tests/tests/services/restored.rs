//! An older copy of the journal in the place of the newer one, which nobody should do: those who follow the log notice.

use std::fs;
use std::path::Path;

use client::{Client, FrameNews};
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::invented::Invented;
use end_to_end::play::{Kills, Player};
use end_to_end::reads::{frame, place, standings_at, token, whole};
use end_to_end::{PATIENCE, eventually};
use futures::{Stream, StreamExt as _};
use wire::feed::v1::{Frame, Scope};

/// What a viewer is shown next: a frame, or `None`, that what was shown must be forgotten.
async fn next<E: std::fmt::Debug>(
    news: &mut (impl Stream<Item = Result<FrameNews, E>> + Unpin),
) -> Option<Box<Frame>> {
    let told = async {
        loop {
            match news.next().await.unwrap().unwrap() {
                FrameNews::Frame(frame) => return Some(frame),
                FrameNews::Reset(_) => return None,
                FrameNews::Heartbeat(_) | FrameNews::Lost(_) => {}
            }
        }
    };
    // Heartbeats alone are no news, however many come.
    tokio::time::timeout(PATIENCE, told).await.unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

async fn report(
    cluster: &mut Cluster,
    player: &mut Player,
    invented: &Invented,
    stations: std::ops::Range<usize>,
) {
    let reports = stations.map(|station| invented.full(station, 1, &[40, 30, 20]));
    let reports = reports.collect();
    player.submit(cluster, reports).await;
}

fn watch(
    feed: &Client,
    scope: Scope,
) -> impl Stream<Item = Result<FrameNews, client::ClientError>> + Unpin + use<> {
    Box::pin(feed.watch_frames(scope, None))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_are_reset_before_they_are_shown_less() {
    let mut cluster = Cluster::start(Mode::Apart);
    let invented = Invented::new("restored-2026", 12, 3);
    let mut player = Player::define(&cluster, invented.definition.clone(), Kills::none()).await;
    player.open_to_public(&cluster).await;
    report(&mut cluster, &mut player, &invented, 0..4).await;
    let older = player.head;
    cluster.kill(Role::Results);
    let kept = tempfile::tempdir().unwrap();
    let data = cluster.data_folder();
    copy(&data, &kept.path().join("data"));
    cluster.restart(Role::Results);
    report(&mut cluster, &mut player, &invented, 4..10).await;

    let feed = cluster.client(Role::LiveFeed);
    let scope = whole(invented.election());
    eventually("the feed opens", async || frame(&feed, &scope).await).await;
    let mut news = watch(&feed, scope);
    let mut shown = next(&mut news).await.unwrap();
    while place(&shown).0 < player.head {
        let frame = next(&mut news)
            .await
            .expect("nothing is to be forgotten yet");
        assert!(place(&shown) < place(&frame));
        shown = frame;
    }
    let seen = token(&shown);

    cluster.kill(Role::Results);
    fs::remove_dir_all(&data).unwrap();
    copy(&kept.path().join("data"), &data);
    cluster.restart(Role::Results);
    assert!(
        next(&mut news).await.is_none(),
        "a frame without a reset before it"
    );
    let restored = next(&mut news).await.unwrap();
    assert_eq!(place(&restored).0, older);
    assert_eq!(
        token(&restored).log_id,
        seen.log_id,
        "only the log itself tells"
    );
    let standings = standings_at(&cluster, invented.election(), older).await;
    assert_eq!(standings.token.unwrap().revision, older);

    // Somebody who comes back with what was seen before is told too, and the night goes on.
    let returned = feed.watch_frames(whole(invented.election()), Some(seen.try_into().unwrap()));
    let mut returned = Box::pin(returned);
    assert!(next(&mut returned).await.is_none());
    assert_eq!(place(&next(&mut returned).await.unwrap()).0, older);
    report(&mut cluster, &mut player, &invented, 4..5).await;
    assert_eq!(place(&next(&mut news).await.unwrap()).0, older + 1);
}
