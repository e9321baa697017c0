//! `hemicycle demo`: the Almaty night, live in the terminal, through all roles on loopback.

use super::allocate::style;
use super::declare::{check, found};
use super::watch::screen;
use super::{open_classes, print};
use crate::ballot_words::BallotWords;
use crate::cli::{Demo, Explained};
use crate::failure::{Ending, Failure};
use crate::names::{Names, ScreenRules};
use crate::night::{Night, almaty};
use crate::rehearsal::{Pace, Rehearsal, Summary};
use crate::serve::config::{Config, Data, Listen};
use crate::serve::{ServeError, Served, Surroundings};
use crate::text::visible;
use client::{Client, FrameNews};
use election::command::Command;
use election::ids::{ElectionId, Revision};
use election::publication::PublicationClass;
use election::stage::Stage;
use futures::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use service_runtime::telemetry::{LogFormat, install_logs};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use wire::allocation::v1::{Allocation, GetStandingsRequest, Standings};
use wire::common::v1::{SeatRow, View};
use wire::feed::v1::{ElectionScope, Frame, Scope, scope};

/// The recorded night has three hours; at this many times its speed it takes a minute.
const TIMES_A_MINUTE: u64 = 180;
/// What a table that circulates says: 50 seats for a house of 39.
const CIRCULATED: [(&str, u32); 4] = [("nur-otan", 29), ("aq-jol", 15), ("auyl", 3), ("qhp", 3)];
/// How long the public frame may take to show the last report.
const LAST_FRAME_MAX: Duration = Duration::from_secs(30);

/// Plays the night.
///
/// # Errors
///
/// A port in use, a folder that is not empty, or a part of the product that fails.
pub async fn run(arguments: Demo) -> Result<Ending, Failure> {
    install_logs("warn", LogFormat::Automatic)?;
    let temporary = tempfile::tempdir().map_err(Failure::io("a temporary folder"))?;
    let folder = match &arguments.data {
        Some(folder) => fresh(folder)?.to_owned(),
        None => temporary.path().join("data"),
    };
    let served = start(arguments.port, arguments.http_port, &folder).await?;
    // Stopped in the middle of the night, it leaves nothing behind either.
    let moved = Moved::default();
    let outcome = tokio::select! {
        outcome = play(&served, &arguments, &moved) => outcome,
        signal = signalled() => signal.map(|()| Ending::Interrupted),
    };
    if matches!(outcome, Ok(Ending::Interrupted)) {
        served.stop().await;
        print(&moved.told(arguments.data.as_deref()))?;
        return Ok(Ending::Interrupted);
    }
    let ending = match outcome {
        Ok(ending) => ending,
        Err(failure) => {
            served.stop().await;
            return Err(failure);
        }
    };
    if arguments.once {
        served.stop().await;
        return Ok(ending);
    }
    print(&format!(
        "\nStill serving the page on {} and gRPC on http://{}; try in another terminal:",
        page(&served),
        served.address()
    ))?;
    print(&format!(
        "  hemicycle watch {ELECTION} --server http://{}",
        served.address()
    ))?;
    print(&format!(
        "  hemicycle history {ELECTION} demo-014 --server http://{}",
        served.address()
    ))?;
    print("Ctrl-C ends it.")?;
    served.until_signalled().await?;
    Ok(ending)
}

const IN_USE: &str = "another program listens there: choose another port with --port (gRPC) or --http-port (the page), \
     or leave them out: then free ones are taken";
const ELECTION: &str = "demo-almaty-2021";

/// How far the night has come, for whoever stops it.
#[derive(Debug, Default)]
struct Moved {
    steps: AtomicU64,
    all: AtomicU64,
}

impl Moved {
    fn told(&self, kept: Option<&Path>) -> String {
        let steps = self.steps.load(Ordering::Relaxed);
        let all = self.all.load(Ordering::Relaxed);
        let kept = match kept {
            None => String::from("nothing is kept"),
            Some(folder) => format!(
                "`hemicycle serve --data {}` serves what was counted until then",
                folder.display()
            ),
        };
        format!("\nstopped at step {steps} of {all} of the night; {kept}")
    }
}

/// Where the page of all elections is.
fn page(served: &Served) -> String {
    served
        .http
        .map_or_else(|| String::from("-"), |http| format!("http://{http}/"))
}

/// Returns with the first SIGINT or SIGTERM.
async fn signalled() -> Result<(), Failure> {
    let mut terminated =
        signal(SignalKind::terminate()).map_err(Failure::io("a handler of signals"))?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Failure::io("a handler of signals")),
        _ = terminated.recv() => Ok(()),
    }
}

fn fresh(folder: &Path) -> Result<&Path, Failure> {
    let is_fresh = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(Failure::io(folder.display().to_string())(error)),
    };
    if is_fresh {
        return Ok(folder);
    }
    let what = format!(
        "{folder}: the demonstration needs an empty folder; this one holds something. \
         If a demonstration was kept there, `hemicycle serve --data {folder}` shows it again; a new one needs another folder",
        folder = folder.display()
    );
    Err(Failure::Input(what))
}

async fn start(
    port: Option<u16>,
    http_port: Option<u16>,
    folder: &Path,
) -> Result<Served, Failure> {
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let config = |port| Config {
        listen: Listen {
            grpc: local(port),
            http: http_port.map(local),
            ..Listen::default()
        },
        data: Data {
            folder: folder.to_owned(),
        },
        ..Config::default()
    };
    let wanted = port.unwrap_or_else(|| Listen::default().grpc.port());
    match Served::start(&config(wanted), Surroundings::default()).await {
        // The usual port is a convenience; one that was asked for is not.
        Err(ServeError::Listen(_)) if port.is_none() => {
            let started = Served::start(&config(0), Surroundings::default()).await;
            started.map_err(Failure::starting(IN_USE))
        }
        started => started.map_err(Failure::starting(IN_USE)),
    }
}

async fn play(served: &Served, arguments: &Demo, moved: &Moved) -> Result<Ending, Failure> {
    let client =
        Client::connect(&format!("http://{}", served.address()))?.with_principal("demo")?;
    let Night {
        definition,
        step_count,
        steps,
    } = almaty::night()?;
    let election = definition.ballot.election.clone();
    let names = Names::of(&definition.presentation, election.as_str());
    let words = BallotWords::of(&definition);
    client.define(&Arc::new(definition)).await?;
    open_classes(&client, &election, &PublicationClass::ALL, None).await?;
    print(&format!(
        "{}\n{}\nThe page: {}\nAll roles (gRPC): http://{}\n",
        names.title,
        names.notice,
        page(served),
        served.address()
    ))?;
    wait_public(&client, &election).await?;
    stage(
        &client,
        &election,
        Stage::PartialUnofficial,
        "counting begins",
    )
    .await?;

    let screen = Screen::new(step_count.unwrap_or(0), names.clone());
    let shown = Arc::clone(&screen);
    let follower = tokio::spawn(follow(client.clone(), election.clone(), shown));
    moved.all.store(step_count.unwrap_or(0), Ordering::Relaxed);
    let progress = |steps, _: Option<&str>| {
        moved.steps.store(steps, Ordering::Relaxed);
        screen.moved(steps);
    };
    let rehearsal = Rehearsal {
        client: &client,
        election: &election,
        pace: Pace::Times(TIMES_A_MINUTE.saturating_mul(arguments.speed)),
        validate_only: false,
        words: &words,
        progress: &progress,
    };
    let summary = rehearsal.play(steps).await?;
    let written = stage(
        &client,
        &election,
        Stage::CompleteUnofficial,
        "all stations have reported",
    )
    .await?;
    screen.until.store(written.0, Ordering::Release);
    let last = tokio::time::timeout(LAST_FRAME_MAX, follower).await;
    screen.bar.finish_and_clear();
    let last = last.ok().and_then(Result::ok).ok_or_else(|| {
        Failure::Input(format!(
            "the feed has not shown revision {written} within {LAST_FRAME_MAX:?}"
        ))
    })??;
    report(
        &client,
        &election,
        &names,
        (&last, &summary),
        &arguments.language,
    )
    .await
}

// The roles that face the public follow the log: an opening takes a moment to reach them.
async fn wait_public(client: &Client, election: &ElectionId) -> Result<(), Failure> {
    let end = tokio::time::Instant::now() + LAST_FRAME_MAX;
    loop {
        match client.get_frame(election_scope(election)).await {
            Ok(_) => return Ok(()),
            Err(error)
                if error.code() == tonic::Code::NotFound && tokio::time::Instant::now() < end =>
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn election_scope(election: &ElectionId) -> Scope {
    Scope {
        scope: Some(scope::Scope::Election(ElectionScope {
            election_id: election.to_string(),
        })),
    }
}

async fn stage(
    client: &Client,
    election: &ElectionId,
    stage: Stage,
    reason: &str,
) -> Result<Revision, Failure> {
    let command = Command::SetStage {
        stage,
        reason: reason.to_owned(),
    };
    Ok(client.command(election, &command).await?.last_revision)
}

/// The terminal during the night: a bar with the live table under it; or, where there is no terminal, a line now and then.
struct Screen {
    bar: ProgressBar,
    names: Names,
    steps: u64,
    tenths: AtomicU64,
    // The revision at which the night is over; the largest number until that is known.
    until: AtomicU64,
}

impl Screen {
    fn new(steps: u64, names: Names) -> Arc<Self> {
        let style = ProgressStyle::with_template(
            "{bar:50} {pos}/{len} steps of the night, {elapsed}\n{msg}",
        );
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(steps).with_style(style);
        Arc::new(Self {
            bar,
            names,
            steps,
            tenths: AtomicU64::new(0),
            until: AtomicU64::new(u64::MAX),
        })
    }

    fn moved(&self, steps: u64) {
        self.bar.set_position(steps);
        let tenths = steps.saturating_mul(10) / self.steps.max(1);
        if self.bar.is_hidden() && self.tenths.swap(tenths, Ordering::Relaxed) < tenths {
            let _ = print(&format!("{steps} of {} reports", self.steps));
        }
    }
}

async fn follow(
    client: Client,
    election: ElectionId,
    screen: Arc<Screen>,
) -> Result<Frame, Failure> {
    let scope = election_scope(&election);
    let mut news = std::pin::pin!(client.watch_frames(scope, None));
    let mut newest = None;
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            item = news.next() => match item {
                Some(Ok(FrameNews::Frame(frame))) => {
                    let text = self::screen(&frame, &screen.names, &ScreenRules::default());
                    screen.bar.set_message(visible(&text).into_owned());
                    newest = Some(*frame);
                }
                Some(Ok(FrameNews::Reset(_) | FrameNews::Heartbeat(_) | FrameNews::Lost(_))) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(Failure::Input(String::from("the feed has ended"))),
            },
            _ = tick.tick() => {}
        }
        let until = screen.until.load(Ordering::Acquire);
        let is_last = |frame: &Frame| {
            frame
                .body
                .as_ref()
                .is_some_and(|body| body.revision >= until)
        };
        if let Some(frame) = newest.take_if(|frame| is_last(frame)) {
            return Ok(frame);
        }
    }
}

async fn report(
    client: &Client,
    election: &ElectionId,
    names: &Names,
    (last, summary): (&Frame, &Summary),
    language: &str,
) -> Result<Ending, Failure> {
    print(&screen(last, names, &ScreenRules::default()))?;
    let request = GetStandingsRequest {
        election_id: election.to_string(),
        view: View::Public.into(),
        include_margins: true,
        explanation: Some(style(Explained::Text, language)),
        ..GetStandingsRequest::default()
    };
    let standings = client.get_standings(request).await?;
    let allocation = allocation(&standings).ok_or(client::ClientError::Missing("allocation"))?;
    print(&format!("\n{}", allocation.explanation.trim_end()))?;
    print("\nA table that circulates says 29/15/3/3. The check of a declared result says:")?;
    let rows = CIRCULATED.map(|(list, seats)| SeatRow {
        option_id: list.to_owned(),
        seats,
    });
    let checked = check(client, election, "", "", &rows).await?;
    print(&found(&checked))?;
    let seconds = summary.duration_ms / 1_000;
    print(&format!(
        "\n{} reports and {} of the seats in {seconds} s: {}",
        summary.answered(),
        crate::text::count(
            summary.checkpoints_passed
                + u64::try_from(summary.checkpoints_failed.len()).unwrap_or(0),
            "check",
            "checks"
        ),
        outcomes(summary)
    ))?;
    for line in &summary.checkpoints_failed {
        print(line)?;
    }
    let is_right = summary.checkpoints_failed.is_empty() && summary.checkpoints_passed > 0;
    Ok(if is_right {
        Ending::Done
    } else {
        Ending::CheckFailed
    })
}

fn outcomes(summary: &Summary) -> String {
    let parts: Vec<String> = summary
        .outcomes
        .iter()
        .map(|(outcome, count)| format!("{outcome} {count}"))
        .collect();
    parts.join(", ")
}

fn allocation(standings: &Standings) -> Option<&Allocation> {
    standings
        .contests
        .first()?
        .districts
        .first()?
        .allocation
        .as_ref()
}
