//! Ingestion: a burst over four streams, each report acknowledged after its sync, and the time until every follower
//! (the store, the seats, the public feed with a viewer) has caught up; against an echo of the same messages.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Client, FrameNews, StandingsNews};
use election::command::Command;
use election::publication::PublicationClass;
use futures::{Stream, StreamExt as _};
use service_runtime::telemetry::Metrics;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use wire::common::v1::View;
use wire::feed::v1::{ElectionScope, Scope, scope};

use crate::line::{Line, Target, median, rate};
use crate::load::{burst, connections};
use crate::night::Night;
use crate::server::{self, Server};
use crate::{Options, Outcome};

const STREAMS: u32 = 4;
const OPTIONS: u32 = 24;
/// Followers that need longer than this have stopped.
const CATCH_UP_MAX: Duration = Duration::from_secs(300);

/// Runs it.
pub async fn run(options: &Options) -> Outcome<Vec<Line>> {
    let reports = options.size(1_000_000, 20_000);
    let rounds = options.size(3, 1);
    let metrics = server::metrics()?;
    let night = Arc::new(Night::new("burst", OPTIONS, reports)?);
    let mut measured = Vec::new();
    for _ in 0..rounds {
        let echo = Server::echo().await?;
        let echoed = burst(&connections(&echo.address, STREAMS)?, &night, reports, 1).await?;
        echo.stop().await?;
        let folder = options.data_folder()?;
        let (acknowledged, followers) = followed(folder.path(), &night, reports, metrics).await?;
        measured.push([
            echoed,
            acknowledged,
            followers.store,
            followers.seats,
            followers.feed,
        ]);
    }
    let per_second = |spans: &dyn Fn(&[Duration; 5]) -> Duration| {
        let rates: Vec<_> = measured
            .iter()
            .map(|all| f64::from(reports) / spans(all).as_secs_f64())
            .collect();
        median(&rates)
    };
    let ratio = |ours: &dyn Fn(&[Duration; 5]) -> Duration| {
        let ratios: Vec<_> = measured
            .iter()
            .map(|all| all[0].as_secs_f64() / ours(all).as_secs_f64())
            .collect();
        median(&ratios)
    };
    let caught_up = |all: &[Duration; 5]| all[2..].iter().copied().max().unwrap_or_default();
    let behind = |place: usize| {
        let spans: Vec<_> = measured
            .iter()
            .map(|all| all[place].saturating_sub(all[1]).as_secs_f64())
            .collect();
        median(&spans)
    };
    let echo = format!("{}, empty echo", rate(per_second(&|all| all[0])));
    let [store, seats, feed] = [2, 3, 4].map(behind);
    Ok(vec![
        Line {
            what: format!("ingestion, burst of {reports}, {STREAMS} streams, {OPTIONS} options"),
            figure: format!("{} acknowledged", rate(per_second(&|all| all[1]))),
            beside: echo.clone(),
            value: ratio(&|all| all[1]),
            unit: "",
            target: Target::AtLeast(0.60),
        },
        Line {
            what: "ingestion, sustained: everything caught up".into(),
            figure: format!("{} caught up", rate(per_second(&caught_up))),
            beside: echo,
            value: ratio(&caught_up),
            unit: "",
            target: Target::AtLeast(0.25),
        },
        Line {
            what: "time to catch up after the burst".into(),
            figure: format!("store {store:.2} s, seats {seats:.2} s, feed {feed:.2} s"),
            beside: String::new(),
            value: store.max(seats).max(feed),
            unit: "s",
            target: Target::Stated,
        },
    ])
}

/// From the first report on: when each follower had caught up.
struct Followers {
    store: Duration,
    seats: Duration,
    feed: Duration,
}

/// A burst against all roles, with somebody who watches the seats and somebody who watches the public feed.
async fn followed(
    folder: &Path,
    night: &Arc<Night>,
    reports: u32,
    metrics: &Metrics,
) -> Outcome<(Duration, Followers)> {
    let roles = Server::all_roles(folder).await?;
    let client = Client::connect(&roles.address)?.with_deadline(Duration::from_secs(120));
    let election = night.election();
    let defined = client.define(&night.definition).await?;
    let mut head = defined.written.last_revision.0;
    for class in PublicationClass::ALL {
        let open = Command::OpenClass {
            class,
            opens_at: None,
        };
        head = client.command(election, &open).await?.last_revision.0;
    }
    let election_id = election.as_str().to_owned();
    let whole = Scope {
        scope: Some(scope::Scope::Election(ElectionScope { election_id })),
    };
    // Behind the seats, which are behind the log: who is asked too early does not know the election.
    shown(&client, &whole, head).await?;
    let (seats, standings) = newest(client.watch_standings(election, View::Head, None).map(
        |news| {
            Ok(match news? {
                StandingsNews::Standings(standings) => standings.token.map(|token| token.revision),
                StandingsNews::Reset(_) | StandingsNews::Heartbeat(_) => None,
            })
        },
    ));
    let (feed, frames) = newest(client.watch_frames(whole, None).map(|news| {
        Ok(match news? {
            FrameNews::Frame(frame) => frame.body.map(|body| body.revision),
            FrameNews::Reset(_) | FrameNews::Heartbeat(_) | FrameNews::Lost(_) => None,
        })
    }));
    stored(metrics, night, head).await?;
    let channels = connections(&roles.address, STREAMS)?;
    let head = head + u64::from(reports);
    let started = Instant::now();
    let since = async |outcome: Outcome<()>| outcome.map(|()| started.elapsed());
    let (acknowledged, store, seats, feed) = tokio::try_join!(
        burst(&channels, night, reports, 1),
        async { since(stored(metrics, night, head).await).await },
        async { since(reached(seats, head).await).await },
        async { since(reached(feed, head).await).await },
    )?;
    standings.abort();
    frames.abort();
    drop((client, channels));
    roles.stop().await?;
    Ok((acknowledged, Followers { store, seats, feed }))
}

/// Returns when the public feed shows this revision.
async fn shown(client: &Client, scope: &Scope, revision: u64) -> Outcome<()> {
    let end = Instant::now() + CATCH_UP_MAX;
    while Instant::now() < end {
        let frame = client.get_frame(scope.clone()).await.ok();
        if frame
            .and_then(|frame| frame.body)
            .is_some_and(|body| body.revision >= revision)
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("the feed does not show the election".into())
}

/// The newest revision of what is watched.
fn newest(
    news: impl Stream<Item = Outcome<Option<u64>>> + Send + 'static,
) -> (watch::Receiver<u64>, JoinHandle<()>) {
    let (sender, receiver) = watch::channel(0);
    let task = tokio::spawn(async move {
        let mut news = Box::pin(news);
        while let Some(Ok(revision)) = news.next().await {
            revision.map(|revision| sender.send_replace(revision));
        }
    });
    (receiver, task)
}

async fn reached(mut follower: watch::Receiver<u64>, head: u64) -> Outcome<()> {
    let reached = follower.wait_for(|revision| *revision >= head);
    tokio::time::timeout(CATCH_UP_MAX, reached).await??;
    Ok(())
}

/// Returns when the store has applied everything up to the head. Only its metrics say so: what it lacks is laid over
/// its answers.
async fn stored(metrics: &Metrics, night: &Night, head: u64) -> Outcome<()> {
    let end = Instant::now() + CATCH_UP_MAX;
    let label = format!("{{election=\"{}\"}} ", night.election());
    while Instant::now() < end {
        let text = metrics.render();
        let gauge = |name: &str| {
            let mut lines = text.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(&label));
            value.and_then(|value| value.parse::<f64>().ok())
        };
        let at_head = gauge("results_head_revision")
            .is_some_and(|revision| revision >= f64::from(u32::try_from(head).unwrap_or(u32::MAX)));
        if at_head && gauge("results_store_lag_events") == Some(0.0) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("the store does not catch up".into())
}
