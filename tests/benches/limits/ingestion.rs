//! Ingestion: a burst over four streams, each report acknowledged after its sync, and the time until every follower
//! (the store, the seats, the public feed with a viewer) has caught up; against two echoes of the same messages.

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

use crate::cpu::{Spent, cpu_time, spent};
use crate::line::{Line, Target, median, micros, rate};
use crate::load::{burst, connections};
use crate::night::Night;
use crate::server::{self, PlainEcho, Server};
use crate::{Options, Outcome};

const STREAMS: u32 = 4;
const OPTIONS: u32 = 24;
/// Followers that need longer than this have stopped.
const CATCH_UP_MAX: Duration = Duration::from_secs(300);

/// What one round measured.
struct Round {
    /// The echo behind our listener, in this process, before and after.
    ours: Spent,
    /// The echo as anyone would write it, in a process of its own, before and after.
    plain: Spent,
    /// Until the last report was acknowledged.
    burst: Spent,
    /// Until everything had caught up.
    sustained: Spent,
    store: Duration,
    seats: Duration,
    feed: Duration,
}

impl Round {
    // Half of each echo before and half after: the machine may be another when the burst is over. What the burst left to be
    // written to the disk is written before the second half.
    async fn run(options: &Options, night: &Arc<Night>, reports: u32) -> Outcome<Self> {
        let metrics = server::metrics()?;
        let half = reports / 2;
        let plain = plain_echo(night, half).await?;
        let ours = our_echo(night, half).await?;
        let folder = options.data_folder()?;
        let (burst, followers) = followed(folder.path(), night, reports, metrics).await?;
        let Followers {
            store,
            seats,
            feed,
            cpu,
        } = followers;
        drop(folder);
        tokio::task::spawn_blocking(|| std::process::Command::new("sync").status()).await??;
        Ok(Self {
            ours: ours + our_echo(night, half).await?,
            plain: plain + plain_echo(night, half).await?,
            burst,
            sustained: Spent {
                span: store.max(seats).max(feed),
                cpu,
            },
            store,
            seats,
            feed,
        })
    }
}

async fn our_echo(night: &Arc<Night>, reports: u32) -> Outcome<Spent> {
    let echo = Server::echo().await?;
    let channels = connections(&echo.address, STREAMS)?;
    let ours = spent(burst(&channels, night, reports, 1)).await?;
    drop(channels);
    echo.stop().await?;
    Ok(ours)
}

async fn plain_echo(night: &Arc<Night>, reports: u32) -> Outcome<Spent> {
    let echo = PlainEcho::start()?;
    let channels = connections(&echo.address, STREAMS)?;
    let plain = spent(burst(&channels, night, reports, 1)).await?;
    Ok(Spent {
        cpu: plain.cpu + echo.cpu()?,
        ..plain
    })
}

/// Runs it.
pub async fn run(options: &Options) -> Outcome<Vec<Line>> {
    let reports = options.size(1_000_000, 20_000);
    let night = Arc::new(Night::new("burst", OPTIONS, reports)?);
    let mut rounds = Vec::new();
    for _ in 0..options.size(5, 1) {
        rounds.push(Round::run(options, &night, reports).await?);
    }
    let middle =
        |value: &dyn Fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    let per_second = |of: fn(&Round) -> Duration| {
        rate(middle(&|round| {
            f64::from(reports) / of(round).as_secs_f64()
        }))
    };
    let ratio = |echo: fn(&Round) -> Duration, of: fn(&Round) -> Duration| {
        middle(&|round| echo(round).as_secs_f64() / of(round).as_secs_f64())
    };
    let cpu = |of: fn(&Round) -> Duration| middle(&|round| micros(of(round)) / f64::from(reports));
    let behind = |of: fn(&Round) -> Duration| {
        middle(&|round| of(round).saturating_sub(round.burst.span).as_secs_f64())
    };
    let echo = format!("{}, tonic's echo", per_second(|it| it.plain.span));
    let [store, seats, feed] = [
        behind(|it| it.store),
        behind(|it| it.seats),
        behind(|it| it.feed),
    ];
    let (burst, sustained) = (cpu(|it| it.burst.cpu), cpu(|it| it.sustained.cpu));
    let (ours, plain) = (cpu(|it| it.ours.cpu), cpu(|it| it.plain.cpu));
    Ok(vec![
        Line {
            what: format!("ingestion, burst of {reports}, {STREAMS} streams, {OPTIONS} options"),
            figure: format!("{} acknowledged", per_second(|it| it.burst.span)),
            beside: echo.clone(),
            value: ratio(|it| it.plain.span, |it| it.burst.span),
            unit: "",
            target: Target::AtLeast(0.60),
        },
        Line {
            what: "ingestion, sustained: everything caught up".into(),
            figure: format!("{} caught up", per_second(|it| it.sustained.span)),
            beside: echo,
            value: ratio(|it| it.plain.span, |it| it.sustained.span),
            unit: "",
            target: Target::AtLeast(0.25),
        },
        Line {
            what: "the same against the faster echo behind our own listener: burst".into(),
            figure: format!(
                "sustained {:.2}",
                ratio(|it| it.ours.span, |it| it.sustained.span)
            ),
            beside: per_second(|it| it.ours.span),
            value: ratio(|it| it.ours.span, |it| it.burst.span),
            unit: "",
            target: Target::Stated,
        },
        Line {
            what: "time to catch up after the burst".into(),
            figure: format!("store {store:.2} s, seats {seats:.2} s, feed {feed:.2} s"),
            beside: String::new(),
            value: store.max(seats).max(feed),
            unit: "s",
            target: Target::Stated,
        },
        Line {
            what: "processor time of a report, client and all roles".into(),
            figure: format!(
                "{burst:.2} us until the last is acknowledged, {sustained:.2} us caught up"
            ),
            beside: format!("{plain:.2} us, tonic's echo; {ours:.2} us, behind our listener"),
            value: sustained,
            unit: "us",
            target: Target::Stated,
        },
    ])
}

/// From the first report on: when each follower had caught up.
struct Followers {
    store: Duration,
    seats: Duration,
    feed: Duration,
    /// Processor time until all had.
    cpu: Duration,
}

/// A burst against all roles, with somebody who watches the seats and somebody who watches the public feed.
async fn followed(
    folder: &Path,
    night: &Arc<Night>,
    reports: u32,
    metrics: &Metrics,
) -> Outcome<(Spent, Followers)> {
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
    let before = cpu_time("self")?;
    let (acknowledged, store, seats, feed) = tokio::try_join!(
        spent(burst(&channels, night, reports, 1)),
        async { since(stored(metrics, night, head).await).await },
        async { since(reached(seats, head).await).await },
        async { since(reached(feed, head).await).await },
    )?;
    let cpu = cpu_time("self")?.saturating_sub(before);
    standings.abort();
    frames.abort();
    drop((client, channels));
    roles.stop().await?;
    let followers = Followers {
        store,
        seats,
        feed,
        cpu,
    };
    Ok((acknowledged, followers))
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
