//! What the public sees: nothing before its opening, nothing beyond a hold, and never a step back.

use client::FrameNews;
use election::command::Command;
use election::ids::{ElectionId, Revision, Timestamp};
use election::publication::{PublicationClass, PublicationMode};
use end_to_end::cluster::{Cluster, Mode, Role};
use end_to_end::eventually;
use end_to_end::invented::Invented;
use end_to_end::reads::{self, place, token, whole};
use end_to_end::viewer::{Viewer, never_backwards};
use futures::StreamExt as _;
use tonic::Code;
use wire::allocation::v1::GetStandingsRequest;
use wire::common::v1::{ResumeToken, View};
use wire::feed::v1::{Frame, Scope};

use crate::support::begin;

crate::in_both_modes!(
    nothing_is_public_before_its_opening,
    a_held_publication_stands_still_and_moves_on,
    a_viewer_resumes_and_is_reset,
);

async fn nothing_is_public_before_its_opening(mode: Mode) {
    let invented = Invented::new("embargo-2026", 3, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    player
        .submit(
            &mut cluster,
            vec![invented.turnout(0, 1, 30), invented.full(0, 1, &[20, 10])],
        )
        .await;
    let scope = whole(&player.election);
    let feed = cluster.client(Role::LiveFeed);
    reads::standings_at(&cluster, &player.election, player.head).await;
    assert_eq!(
        public_codes(&cluster, &player.election).await,
        [Code::NotFound; 4]
    );

    // An opening in the far future opens nothing today.
    let year_3000 = Some(Timestamp(32_503_680_000_000_000));
    let definition = PublicationClass::Definition;
    player
        .command(
            &cluster,
            &Command::OpenClass {
                class: definition,
                opens_at: year_3000,
            },
        )
        .await;
    assert_eq!(
        public_codes(&cluster, &player.election).await,
        [Code::NotFound; 4]
    );

    // The definition alone is an empty feed: the full shape, nothing counted, nothing of what is embargoed.
    player
        .command(
            &cluster,
            &Command::OpenClass {
                class: definition,
                opens_at: None,
            },
        )
        .await;
    let frame = eventually("the feed opens", async || reads::frame(&feed, &scope).await).await;
    let body = frame.body.unwrap();
    let votes: Vec<_> = body.contests[0].rows.iter().map(|row| row.votes).collect();
    assert_eq!(votes, [0, 0]);
    assert_eq!(
        body.contests[0]
            .totals
            .clone()
            .unwrap()
            .states
            .unwrap()
            .counted,
        0
    );
    assert!(
        body.turnout
            .is_none_or(|turnout| turnout.ballots_issued == 0)
    );
    assert!(
        body.revision < player.head - 2,
        "the embargoed events count for nobody"
    );

    player.open_to_public(&cluster).await;
    let head = player.head;
    eventually("the feed follows", async || {
        let body = reads::frame(&feed, &scope).await?.body?;
        let votes: Vec<_> = body.contests[0].rows.iter().map(|row| row.votes).collect();
        (body.revision == head).then(|| assert_eq!(votes, [20, 10]))
    })
    .await;
}

async fn public_codes(cluster: &Cluster, election: &ElectionId) -> [Code; 4] {
    let id = election.as_str().to_owned();
    let standings = GetStandingsRequest {
        election_id: id.clone(),
        view: View::Public.into(),
        ..GetStandingsRequest::default()
    };
    let tally = wire::results::v1::GetTallyRequest {
        election_id: id,
        view: View::Public.into(),
        ..wire::results::v1::GetTallyRequest::default()
    };
    let results = cluster.client(Role::Results);
    [
        cluster
            .client(Role::LiveFeed)
            .get_frame(whole(election))
            .await
            .unwrap_err()
            .code(),
        cluster
            .client(Role::Allocation)
            .get_standings(standings)
            .await
            .unwrap_err()
            .code(),
        results.get_tally(tally).await.unwrap_err().code(),
        results
            .get_definition(election, View::Public, 0)
            .await
            .unwrap_err()
            .code(),
    ]
}

async fn a_held_publication_stands_still_and_moves_on(mode: Mode) {
    let invented = Invented::new("hold-2026", 10, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    player.open_to_public(&cluster).await;
    player
        .submit(&mut cluster, vec![invented.full(0, 1, &[20, 10])])
        .await;
    let held = player.head;
    let hold = PublicationMode::HoldAt(Revision(held));
    player
        .command(
            &cluster,
            &Command::MovePublication {
                mode: hold,
                reason: "a box is in doubt".into(),
            },
        )
        .await;
    let viewer = Viewer::follow(&cluster, whole(&player.election)).await;
    let is_held = |frame: &Frame| {
        frame.envelope.clone().unwrap().publication.unwrap().reason == "a box is in doubt"
    };
    viewer.until(is_held).await;
    let reports = (1..10)
        .map(|station| invented.full(station, 1, &[1, 2]))
        .collect();
    player.submit(&mut cluster, reports).await;
    reads::standings_at(&cluster, &player.election, player.head).await;

    let allocation = cluster.client(Role::Allocation);
    let request = |revision| GetStandingsRequest {
        election_id: player.election.as_str().into(),
        view: View::Public.into(),
        revision,
        ..GetStandingsRequest::default()
    };
    let public = allocation.get_standings(request(0)).await.unwrap();
    assert_eq!(public.token.unwrap().revision, held);
    // The same answer for what is embargoed and for what does not exist.
    for revision in [held + 1, player.head, player.head + 1_000] {
        let error = allocation
            .get_standings(request(revision))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::OutOfRange, "{revision}: {error}");
    }
    let frames = viewer.until(is_held).await;
    assert!(frames.iter().all(|frame| place(frame).0 <= held));

    let follow = PublicationMode::FollowHead;
    player
        .command(
            &cluster,
            &Command::MovePublication {
                mode: follow,
                reason: "the box is in order".into(),
            },
        )
        .await;
    let head = player.head;
    let frames = viewer.until(|frame| place(frame).0 == head).await;
    never_backwards(&frames);
    let rows = frames.last().unwrap().body.clone().unwrap().contests[0]
        .rows
        .clone();
    assert_eq!(
        rows.iter().map(|row| row.votes).collect::<Vec<_>>(),
        [29, 28]
    );
}

async fn a_viewer_resumes_and_is_reset(mode: Mode) {
    let invented = Invented::new("resume-2026", 10, 2);
    let (mut cluster, mut player) = begin(mode, &invented).await;
    player.open_to_public(&cluster).await;
    player
        .submit(&mut cluster, vec![invented.full(0, 1, &[20, 10])])
        .await;
    let scope = whole(&player.election);
    let feed = cluster.client(Role::LiveFeed);
    let head = player.head;
    let frame = eventually("the feed follows", async || {
        let frame = reads::frame(&feed, &scope).await?;
        (place(&frame).0 == head).then_some(frame)
    });
    let seen = token(&frame.await);
    player
        .submit(&mut cluster, vec![invented.full(1, 1, &[5, 6])])
        .await;
    let next = first_news(&cluster, &scope, seen.clone()).await;
    let FrameNews::Frame(next) = next else {
        panic!("not a frame: {next:?}");
    };
    assert!(place(&next) > (seen.revision, seen.publication_seq));
    let other_log = ResumeToken {
        log_id: vec![7; 16].into(),
        ..seen
    };
    let news = first_news(&cluster, &scope, other_log).await;
    assert!(matches!(news, FrameNews::Reset(_)), "{news:?}");
}

/// The first news that is no heartbeat.
async fn first_news(cluster: &Cluster, scope: &Scope, after: ResumeToken) -> FrameNews {
    let news = cluster
        .client(Role::LiveFeed)
        .watch_frames(scope.clone(), Some(after.try_into().unwrap()));
    let mut news = std::pin::pin!(news);
    loop {
        match news.next().await.unwrap().unwrap() {
            FrameNews::Heartbeat(_) | FrameNews::Lost(_) => {}
            news => return news,
        }
    }
}
