//! The public feed: what an answer costs against the HTTP library alone, how many viewers get every frame, what each of
//! them takes, and how soon they see what was acknowledged.

mod answers;
mod http;
mod server;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Client;
use election::command::Command;
use election::publication::PublicationClass;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use wire::feed::v1::live_feed_service_client::LiveFeedServiceClient;
use wire::feed::v1::watch_frames_response::Event;
use wire::feed::v1::{ElectionScope, Scope, WatchFramesRequest, scope};

use crate::line::{Line, Target, median, quantile, rate};
use crate::load::{OneByOne, connections};
use crate::night::Night;
use crate::{Options, Outcome};
use answers::{answers, sizes};
use server::Process;

pub use server::{CHILD, child};

const ELECTION: &str = "feed";
const LISTS: u32 = 24;
const TICK: Duration = Duration::from_millis(250);
/// Something is counted this often, so that every tick has a frame.
const REPORT_EVERY: Duration = Duration::from_millis(50);
const MEGA: f64 = 1_000_000.0;

/// A whole election.
pub(super) fn whole(election: &str) -> Scope {
    let election_id = election.to_owned();
    Scope {
        scope: Some(scope::Scope::Election(ElectionScope { election_id })),
    }
}

/// Runs it.
pub async fn run(options: &Options) -> Outcome<Vec<Line>> {
    let folder = options.data_folder()?;
    let night = Arc::new(Night::new(ELECTION, LISTS, options.size(200_000, 20_000))?);
    let sizes = sizes(&night, options).await?;
    let process = Process::start(folder.path(), ELECTION, sizes)?;
    let mut reporter = Reporter::begin(&process, &night).await?;
    let mut lines = answers(options, &process, sizes.body).await?;
    lines.extend(stalled(options, &process, &mut reporter).await?);
    lines.extend(events(options, &process, &mut reporter).await?);
    lines.push(delay(options, &process, &mut reporter).await?);
    lines.extend(subscribers(options, &process, &mut reporter).await?);
    Ok(lines)
}

fn results() -> String {
    format!("/v1/elections/{ELECTION}/results.json")
}

/// Who makes news.
struct Reporter {
    night: Arc<Night>,
    stream: OneByOne,
    unit: u32,
    _client: Client,
}

impl Reporter {
    async fn begin(process: &Process, night: &Arc<Night>) -> Outcome<Self> {
        let client = Client::connect(&process.grpc)?.with_deadline(Duration::from_secs(120));
        client.define(&night.definition).await?;
        let mut head = 0;
        for class in PublicationClass::ALL {
            let open = Command::OpenClass {
                class,
                opens_at: None,
            };
            let written = client.command(night.election(), &open).await?;
            head = written.last_revision.0;
        }
        let channel = connections(&process.grpc, 1)?.remove(0);
        let mut reporter = Self {
            night: Arc::clone(night),
            stream: OneByOne::open(channel).await?,
            unit: 0,
            _client: client.clone(),
        };
        reporter.report().await?;
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let frame = client.get_frame(whole(ELECTION)).await.ok();
            let body = frame.and_then(|frame| frame.body);
            if body.is_some_and(|body| body.revision > head) {
                return Ok(reporter);
            }
            if Instant::now() > end {
                return Err("the feed does not show the election".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn report(&mut self) -> Outcome<Duration> {
        self.unit += 1;
        self.stream.submit(&self.night, self.unit, 1).await
    }

    /// Reports now and then for so long.
    async fn work(&mut self, span: Duration) -> Outcome<()> {
        let end = Instant::now() + span;
        while Instant::now() < end {
            self.report().await?;
            tokio::time::sleep(REPORT_EVERY).await;
        }
        Ok(())
    }
}

/// What one subscriber saw: the revisions, in order.
type Seen = Vec<u64>;

/// Subscribers over so many connections, each reading until told to stop.
struct Crowd {
    tasks: JoinSet<Outcome<Seen>>,
    stop: watch::Sender<bool>,
}

impl Crowd {
    async fn gather(address: &str, connections: u32, each: u32) -> Outcome<Self> {
        let (stop, stopped) = watch::channel(false);
        let (ready, mut waiting) = mpsc::channel(64);
        let mut tasks = JoinSet::new();
        for channel in self::connections(address, connections)? {
            for _ in 0..each {
                let (channel, mut stopped) = (channel.clone(), stopped.clone());
                let ready = ready.clone();
                tasks.spawn(async move {
                    let request = WatchFramesRequest {
                        scope: Some(whole(ELECTION)),
                        resume_token: None,
                    };
                    let stream = LiveFeedServiceClient::new(channel)
                        .watch_frames(request)
                        .await;
                    let mut stream = stream?.into_inner();
                    let mut seen = Seen::new();
                    let mut ready = Some(ready);
                    loop {
                        let message = tokio::select! {
                            message = stream.message() => message?,
                            _ = stopped.wait_for(|it| *it) => return Ok(seen),
                        };
                        let Some(message) = message else {
                            return Err("a stream of frames has ended".into());
                        };
                        if let Some(Event::Frame(frame)) = message.event {
                            seen.push(frame.body.map_or(0, |body| body.revision));
                        }
                        if let Some(ready) = ready.take() {
                            ready.send(()).await?;
                        }
                    }
                });
            }
        }
        drop(ready);
        for _ in 0..connections * each {
            waiting
                .recv()
                .await
                .ok_or("a subscriber got no first frame")?;
        }
        Ok(Self { tasks, stop })
    }

    async fn end(mut self) -> Outcome<Vec<Seen>> {
        self.stop.send_replace(true);
        let mut all = Vec::new();
        while let Some(ended) = self.tasks.join_next().await {
            all.push(ended??);
        }
        Ok(all)
    }
}

/// Frames that were sent while all were there, and how many subscribers got each of them.
struct Kept {
    frames: usize,
    delivered: usize,
    got_all: usize,
}

fn kept(seen: &[Seen]) -> Kept {
    // Everybody was there from the largest of the first revisions on, until the smallest of the last.
    let from = seen
        .iter()
        .filter_map(|it| it.first())
        .max()
        .copied()
        .unwrap_or(0);
    let until = seen
        .iter()
        .filter_map(|it| it.last())
        .min()
        .copied()
        .unwrap_or(0);
    let within = |it: &&u64| **it > from && **it <= until;
    let all: BTreeSet<u64> = seen.iter().flatten().filter(within).copied().collect();
    let counts = seen.iter().map(|it| it.iter().filter(within).count());
    let counts: Vec<usize> = counts.collect();
    Kept {
        frames: all.len(),
        delivered: counts.iter().sum(),
        got_all: counts.iter().filter(|count| **count == all.len()).count(),
    }
}

/// What a crowd took of the server.
struct Took {
    kept: Kept,
    /// Processor time of a frame to one of them, in microseconds.
    cpu_us: f64,
    /// Memory of one of them, in bytes.
    memory: f64,
}

// A crowd of so many connections with so many subscribers each: until all are there, and then for so long.
async fn crowd(
    process: &Process,
    reporter: &mut Reporter,
    address: &str,
    (connections, each): (u32, u32),
    span: Duration,
) -> Outcome<Took> {
    let count = f64::from(connections * each);
    let before = process.memory()?;
    let crowd = Crowd::gather(address, connections, each).await?;
    reporter.work(TICK * 8).await?;
    let memory = (process.memory()? - before) / count;
    let spent = process.cpu()?;
    reporter.work(span).await?;
    let spent = process.cpu()?.saturating_sub(spent);
    let ticks = span.as_secs_f64() / TICK.as_secs_f64();
    Ok(Took {
        kept: kept(&crowd.end().await?),
        cpu_us: spent.as_secs_f64() * MEGA / (ticks * count),
        memory,
    })
}

// 10,000 subscribers on 100 connections: who gets every tick, what one takes of memory, and the processor time of a frame
// against a feed that encodes it for each. The two are measured in turn, and who begins changes: a single pair of figures
// says as much of what else the machine did as of the two.
async fn subscribers(
    options: &Options,
    process: &Process,
    reporter: &mut Reporter,
) -> Outcome<Vec<Line>> {
    let size = options.size((100, 100), (10, 10));
    let span = options.size(TICK * 24, TICK * 8);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..options.size(5, 1) {
        for is_ours in [round % 2 == 0, round % 2 == 1] {
            let (address, all) = match is_ours {
                true => (&process.grpc, &mut ours),
                false => (&process.each, &mut theirs),
            };
            all.push(crowd(process, reporter, address, size, span).await?);
        }
    }
    // What is allocated for the first crowd is used again for the next.
    let memory = ours.first().map_or(f64::NAN, |first| first.memory);
    let frames: usize = ours.iter().map(|it| it.kept.frames).sum();
    let delivered: usize = ours.iter().map(|it| it.kept.delivered).sum();
    let got_all = ours.iter().map(|it| it.kept.got_all).min().unwrap_or(0);
    let (connections, each) = size;
    let count = connections * each;
    let wanted = frames * usize::try_from(count)?;
    let pairs = ours.iter().zip(&theirs);
    let ratios: Vec<f64> = pairs
        .map(|(one, other)| one.cpu_us / other.cpu_us)
        .collect();
    let cpu = |all: &[Took]| median(&all.iter().map(|it| it.cpu_us).collect::<Vec<_>>());
    let (least, most) = (quantile(&ratios, 0.0), quantile(&ratios, 1.0));
    Ok(vec![
        Line {
            what: format!(
                "{count} gRPC subscribers on {connections} connections: frames that reached their reader"
            ),
            figure: format!(
                "{frames} frames in {} crowds, {got_all} of each got every one",
                ours.len()
            ),
            beside: format!("{wanted} = every frame to every subscriber"),
            value: ratio(delivered, wanted),
            unit: "",
            target: Target::AtLeast(1.0),
        },
        Line {
            what: "processor time of the server for a frame to a subscriber".into(),
            figure: format!(
                "{:.1} us; {least:.2} to {most:.2} in {} rounds",
                cpu(&ours),
                ratios.len()
            ),
            beside: format!("{:.1} us, encoding it for each", cpu(&theirs)),
            value: median(&ratios),
            unit: "",
            target: Target::AtMost(0.5),
        },
        Line {
            what: "memory of a multiplexed subscriber".into(),
            figure: format!("{memory:.0} bytes"),
            beside: String::new(),
            value: memory / 1_024.0,
            unit: "KiB",
            target: Target::AtMost(6.0),
        },
    ])
}

fn ratio(part: usize, whole: usize) -> f64 {
    let number = |it: usize| u32::try_from(it).map_or(f64::NAN, f64::from);
    number(part) / number(whole)
}

// 1,000 streams of events, read by nobody in particular but the kernel.
async fn events(
    options: &Options,
    process: &Process,
    reporter: &mut Reporter,
) -> Outcome<Vec<Line>> {
    let count = options.size(1_000, 50);
    let path = format!("/v1/elections/{ELECTION}/events");
    let before = process.memory()?;
    let (stop, stopped) = watch::channel(false);
    let mut readers = JoinSet::new();
    for _ in 0..count {
        let mut stream = http::events(process.http, &path, false).await?;
        let mut stopped = stopped.clone();
        readers.spawn(async move {
            use tokio::io::AsyncReadExt as _;
            let mut some = vec![0; 16 * 1_024];
            loop {
                tokio::select! {
                    read = stream.read(&mut some) => if read? == 0 { return Outcome::Ok(()) },
                    _ = stopped.wait_for(|it| *it) => return Ok(()),
                }
            }
        });
    }
    reporter.work(options.size(TICK * 20, TICK * 4)).await?;
    let each = (process.memory()? - before) / f64::from(count);
    stop.send_replace(true);
    while let Some(ended) = readers.join_next().await {
        ended??;
    }
    Ok(vec![Line {
        what: format!("memory of an SSE connection, {count} of them at a frame each tick"),
        figure: format!("{each:.0} bytes"),
        beside: String::new(),
        value: each / 1_024.0,
        unit: "KiB",
        target: Target::AtMost(30.0),
    }])
}

// Readers that take nothing, beside some that keep up.
async fn stalled(
    options: &Options,
    process: &Process,
    reporter: &mut Reporter,
) -> Outcome<Vec<Line>> {
    // Many, so that what else grows meanwhile is little for each.
    let count = options.size(1_000, 10);
    let path = format!("/v1/elections/{ELECTION}/events");
    // Who keeps up is measured alone first, so that the stalled are all that is new.
    let crowd = Crowd::gather(&process.grpc, 4, 5).await?;
    reporter.work(TICK * 4).await?;
    let before = process.memory()?;
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(http::events(process.http, &path, true).await?);
    }
    reporter.work(options.size(TICK * 60, TICK * 4)).await?;
    let held = (process.memory()? - before) / f64::from(count);
    let waiting = http::waiting_most(process.http.port())?;
    let kept = kept(&crowd.end().await?);
    drop(streams);
    let most = held.max(0.0) + waiting;
    Ok(vec![
        Line {
            what: format!(
                "a stalled reader of events, one of {count}: process and kernel together"
            ),
            figure: format!("{held:.0} bytes in the process, {waiting:.0} in the kernel"),
            beside: String::new(),
            value: most / 1_024.0,
            unit: "KiB",
            target: Target::AtMost(64.0),
        },
        Line {
            what: format!(
                "20 subscribers beside {count} stalled readers: frames that reached them"
            ),
            figure: format!(
                "{} frames, {} of 20 got every one",
                kept.frames, kept.got_all
            ),
            beside: String::new(),
            value: ratio(kept.delivered, kept.frames * 20),
            unit: "",
            target: Target::AtLeast(1.0),
        },
    ])
}

// From an acknowledgement to the frame that shows it, with 1,000 subscribers.
async fn delay(options: &Options, process: &Process, reporter: &mut Reporter) -> Outcome<Line> {
    let (connections, each) = options.size((10, 100), (2, 10));
    let rounds = options.size(200_u32, 10);
    let crowd = Crowd::gather(&process.grpc, connections, each).await?;
    let channel = self::connections(&process.grpc, 1)?.remove(0);
    let request = WatchFramesRequest {
        scope: Some(whole(ELECTION)),
        resume_token: None,
    };
    let stream = LiveFeedServiceClient::new(channel)
        .watch_frames(request)
        .await?;
    let mut stream = stream.into_inner();
    let (sender, mut counted) = watch::channel((0_u64, Instant::now()));
    let reader = tokio::spawn(async move {
        while let Ok(Some(message)) = stream.message().await {
            let Some(Event::Frame(frame)) = message.event else {
                continue;
            };
            let totals = frame.body.and_then(|body| body.contests.into_iter().next());
            let states = totals.and_then(|it| it.totals?.states);
            let counted = states.map_or(0, |states| u64::from(states.counted));
            sender.send_replace((counted, Instant::now()));
        }
    });
    let mut spans = Vec::new();
    for round in 0..rounds {
        // Not in step with the ticks.
        tokio::time::sleep(Duration::from_millis(u64::from(round * 37 % 250))).await;
        let wanted = u64::from(reporter.unit) + 1;
        reporter.report().await?;
        let acknowledged = Instant::now();
        let shown = counted.wait_for(|(counted, _)| *counted >= wanted);
        let shown = tokio::time::timeout(Duration::from_secs(60), shown)
            .await??
            .1;
        spans.push(shown.saturating_duration_since(acknowledged).as_secs_f64() * 1e3);
    }
    reader.abort();
    crowd.end().await?;
    let limit = TICK.as_secs_f64() * 1e3 + 100.0;
    let late = quantile(&spans, 0.99);
    Ok(Line {
        what: format!(
            "acknowledgement to frame, p99, {} subscribers",
            connections * each
        ),
        figure: format!("{late:.0} ms (p50 {:.0} ms)", median(&spans)),
        beside: format!("{limit:.0} ms = a tick and 100 ms"),
        value: late / limit,
        unit: "",
        target: Target::AtMost(1.0),
    })
}
