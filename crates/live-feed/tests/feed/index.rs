//! The index of all public elections.

use super::*;
use election::publication::PublicationMode;
use wire::common::v1::Stage as ElectionStage;
use wire::feed::v1::watch_index_response::Event as IndexEvent;
use wire::feed::v1::{Index, WatchIndexRequest, WatchIndexResponse};
use wire::results::v1::ElectionSummary;

fn summary(id: &str, night: &Night, revision: u64) -> ElectionSummary {
    let standings = standings(&night.records, revision, night.state.tally());
    ElectionSummary {
        election_id: id.into(),
        token: standings.token,
        stage: standings.stage,
        publication: standings.publication,
        ..Default::default()
    }
}

async fn next(stream: &mut Streaming<WatchIndexResponse>) -> IndexEvent {
    stream.message().await.unwrap().unwrap().event.unwrap()
}

async fn index(stream: &mut Streaming<WatchIndexResponse>) -> Index {
    loop {
        if let IndexEvent::Index(index) = next(stream).await {
            return index;
        }
    }
}

fn ids(index: &Index) -> Vec<&str> {
    let entries = index.entries.iter();
    entries.map(|entry| entry.election_id.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn it_lists_what_is_open_by_the_feeds_own_clock_and_never_goes_back() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let mut early = Night::begin(&small(3, 4));
    open(
        &mut early,
        PublicationClass::Definition,
        START + HOUR + 10_000_000,
    );
    let (mode, reason) = (PublicationMode::FollowHead, "as planned".to_owned());
    early
        .run(Command::MovePublication { mode, reason })
        .unwrap();
    let list = |revision: u64| {
        let listed = vec![
            summary("early-2026", &early, 2),
            summary("open-2026", &night, revision),
        ];
        stage.roles.state.send_modify(|known| known.listed = listed);
    };
    list(7);
    let mut client = stage.client.clone();
    let answer = client.watch_index(WatchIndexRequest {}).await;
    let mut stream = answer.unwrap().into_inner();
    let first = index(&mut stream).await;
    assert_eq!(ids(&first), ["open-2026"]);
    assert_eq!(first.entries[0].stage(), ElectionStage::PreElection);
    stage.clock.advance(Duration::from_secs(10));
    let second = index(&mut stream).await;
    assert_eq!(ids(&second), ["early-2026", "open-2026"]);
    // A replica that is behind does not take back what was shown.
    list(5);
    tokio::time::sleep(Duration::from_secs(3)).await;
    list(9);
    let third = index(&mut stream).await;
    assert_eq!(third.entries[1].token.as_ref().unwrap().revision, 9);
    // One that stays lower is of a restored log.
    list(6);
    let began = tokio::time::Instant::now();
    let fourth = index(&mut stream).await;
    assert_eq!(fourth.entries[1].token.as_ref().unwrap().revision, 6);
    assert!(began.elapsed() >= Config::default().behind_max);
}

#[tokio::test(start_paused = true)]
async fn what_lies_behind_damage_is_not_taken_back_and_is_marked() {
    let stage = stage();
    let night = lively(&small(3, 4));
    let list = |revision: u64, is_damaged: bool| {
        let listed = ElectionSummary {
            is_damaged,
            ..summary("open-2026", &night, revision)
        };
        stage
            .roles
            .state
            .send_modify(|known| known.listed = vec![listed]);
    };
    list(9, false);
    let mut client = stage.client.clone();
    let answer = client.watch_index(WatchIndexRequest {}).await;
    let mut stream = answer.unwrap().into_inner();
    let entry = |index: Index| {
        let entry = &index.entries[0];
        (entry.token.as_ref().unwrap().revision, entry.is_stale)
    };
    stage.clock.advance(Duration::from_secs(10));
    assert_eq!(entry(index(&mut stream).await), (9, false));
    list(6, true);
    assert_eq!(entry(index(&mut stream).await), (9, true));
    // Longer than a lower list needs to be believed, and nothing is new.
    tokio::time::sleep(Config::default().behind_max * 3).await;
    list(9, false);
    assert_eq!(entry(index(&mut stream).await), (9, false));
}

#[tokio::test(start_paused = true)]
async fn its_heartbeats_say_when_the_list_is_out_of_reach() {
    let stage = stage();
    let mut client = stage.client.clone();
    let answer = client.watch_index(WatchIndexRequest {}).await;
    let mut stream = answer.unwrap().into_inner();
    assert!(index(&mut stream).await.entries.is_empty());
    stage.roles.set_down(true);
    let IndexEvent::Heartbeat(heartbeat) = next(&mut stream).await else {
        panic!("nothing is new")
    };
    assert!(heartbeat.is_stale && heartbeat.lag_ms > 5_000);
}
