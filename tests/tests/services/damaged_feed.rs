//! A bit that flips in the middle of the journal: nothing is taken back from viewers, and what they see is marked.

use std::path::PathBuf;

use client::Client;
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::eventually;
use end_to_end::reads::{frame, place, token, whole};
use end_to_end::viewer::{Viewer, never_backwards};
use tonic::Code;
use wire::common::v1::ResumeToken;
use wire::feed::v1::live_feed_service_client::LiveFeedServiceClient;
use wire::feed::v1::watch_frames_response::Event;
use wire::feed::v1::{Frame, Scope, WatchFramesRequest};

use crate::damage::{STATIONS, begin, flip, groups, one_by_one, remove_what_is_derived, segments};

crate::in_both_modes!(a_damaged_log_takes_nothing_back_from_viewers);

async fn a_damaged_log_takes_nothing_back_from_viewers(mode: Mode) {
    let (mut cluster, mut player, invented) = begin(mode, "kept-2026").await;
    player.open_to_public(&cluster).await;
    let scope = whole(&player.election);
    let viewer = Viewer::follow(&cluster, scope.clone()).await;
    one_by_one(&mut cluster, &mut player, &invented, 1).await;
    let head = player.head;
    let shown = viewer.until(|frame| place(frame).0 == head).await;
    let seen = token(shown.last().unwrap());

    cluster.kill(Role::Results);
    let segment = segments(&cluster).pop().unwrap();
    let place_of_damage = groups(&segment, &player.election)[STATIONS / 2] + 1_024 + 12 + 20;
    let damage = (segment, place_of_damage);
    flip(&damage.0, damage.1);
    remove_what_is_derived(&cluster);
    cluster.restart(Role::Results);
    let feed = cluster.client(Role::LiveFeed);
    if mode == Mode::Apart {
        // Those who have folded it keep what they have.
        let stale = eventually("the frame is marked", async || {
            let frame = frame(&feed, &scope).await?;
            assert_eq!(place(&frame).0, head, "the frame fell");
            is_stale(&frame).then_some(frame)
        });
        stale.await;
        cluster.kill_and_restart(Role::Allocation);
        cluster.kill_and_restart(Role::LiveFeed);
    }
    // Those who have not show what can be read of it, and never as if that were all.
    let left = begin_anew(&feed, &scope).await;
    assert!(
        place(&left).0 < head && is_stale(&left),
        "{:?}",
        place(&left)
    );
    waits_in_vain(&cluster, &scope, seen).await;

    repair(&mut cluster, &damage);
    one_by_one(&mut cluster, &mut player, &invented, 2).await;
    let frames = viewer.until(|frame| place(frame).0 == player.head).await;
    never_backwards(&frames);
    eventually("the frame is marked no more", async || {
        let frame = frame(&feed, &scope).await?;
        (place(&frame).0 == player.head && !is_stale(&frame)).then_some(())
    })
    .await;
}

async fn begin_anew(feed: &Client, scope: &Scope) -> Frame {
    eventually("the feed opens", async || frame(feed, scope).await).await
}

fn is_stale(frame: &Frame) -> bool {
    frame.envelope.as_ref().unwrap().is_stale
}

/// Somebody who has seen more is sent to another replica, and is neither reset nor shown less.
async fn waits_in_vain(cluster: &Cluster, scope: &Scope, seen: ResumeToken) {
    let mut feed = LiveFeedServiceClient::new(cluster.channel(Role::LiveFeed));
    let request = WatchFramesRequest {
        scope: Some(scope.clone()),
        resume_token: Some(seen),
    };
    let mut answers = feed.watch_frames(request).await.unwrap().into_inner();
    let ended = loop {
        match answers.message().await {
            Ok(answer) => match answer.unwrap().event.unwrap() {
                Event::Heartbeat(heartbeat) => assert!(heartbeat.is_behind || heartbeat.is_stale),
                event => panic!("{event:?}"),
            },
            Err(status) => break status,
        }
    };
    assert_eq!(ended.code(), Code::Unavailable, "{ended}");
}

/// Puts the segment in place as it was.
fn repair(cluster: &mut Cluster, damage: &(PathBuf, u64)) {
    cluster.kill(Role::Results);
    flip(&damage.0, damage.1);
    cluster.restart(Role::Results);
}
