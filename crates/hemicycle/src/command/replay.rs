//! `hemicycle replay`.

use super::{client, open_classes, print, print_json, say};
use crate::ballot_words::BallotWords;
use crate::cli::Replay;
use crate::failure::{Ending, Failure, outcomes};
use crate::night::{Night, Steps, file, israel24, russia2007, shuffle};
use crate::rehearsal::{Pace, Rehearsal, Summary};
use crate::serve::config::{Config, Data, Listen};
use crate::serve::{Served, Surroundings};
use crate::text::count;
use client::Client;
use election::publication::PublicationClass;
use indicatif::{ProgressBar, ProgressStyle};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Plays a recorded night through a server that runs, or through one in this process.
///
/// # Errors
///
/// A night that cannot be read, or a server that refuses.
pub async fn run(arguments: Replay) -> Result<Ending, Failure> {
    let (path, definition) = (arguments.night.clone(), arguments.definition.clone());
    let night = tokio::task::spawn_blocking(move || read(&path, definition.as_deref())).await;
    let night = night.map_err(|error| Failure::Input(error.to_string()))??;
    let Some(server) = &arguments.server else {
        let temporary = tempfile::tempdir().map_err(Failure::io("a temporary folder"))?;
        let folder = arguments
            .data
            .clone()
            .unwrap_or_else(|| temporary.path().join("data"));
        let config = Config {
            listen: Listen {
                grpc: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                ..Listen::default()
            },
            data: Data { folder },
            ..Config::default()
        };
        let served = Served::start(&config, Surroundings::default()).await?;
        let client = Client::connect(&format!("http://{}", served.address()))?;
        // On the other stream: what is printed for programs stays what it was.
        if let Some(http) = served.http {
            super::say(&format!("The page: http://{http}/"));
        }
        let outcome = play(&client, night, &arguments).await;
        served.stop().await;
        return outcome;
    };
    let client = client(
        server,
        arguments.results.as_deref(),
        arguments.allocation.as_deref(),
    )?;
    play(&client, night, &arguments).await
}

fn read(path: &Path, definition: Option<&Path>) -> Result<Night, Failure> {
    if let Some(definition) = definition {
        return Ok(file::read(definition, path)?);
    }
    if israel24::is_here(path) {
        return Ok(israel24::read(path)?);
    }
    if russia2007::is_here(path) {
        return Ok(russia2007::read(path)?);
    }
    std::fs::metadata(path).map_err(Failure::io(path.display().to_string()))?;
    let what = if path.is_dir() {
        format!(
            "{}: this folder holds no night that is known (israel24, russia2007)",
            path.display()
        )
    } else {
        format!(
            "{}: a file of reports needs --definition FILE",
            path.display()
        )
    };
    Err(Failure::Input(what))
}

async fn play(client: &Client, night: Night, arguments: &Replay) -> Result<Ending, Failure> {
    let Night {
        definition,
        step_count,
        steps,
    } = night;
    let election = definition.ballot.election.clone();
    let words = BallotWords::of(&definition);
    client
        .clone()
        .with_deadline(Duration::from_secs(120))
        .define(&Arc::new(definition))
        .await?;
    open_classes(client, &election, &PublicationClass::ALL, None).await?;
    let copies = u64::from(arguments.copies);
    let steps: Steps = if arguments.copies > 1 || arguments.shuffle.is_some() {
        Box::new(
            shuffle::rehearse(steps, usize::from(arguments.copies), arguments.shuffle)?
                .into_iter()
                .map(Ok),
        )
    } else {
        steps
    };
    let bar = bar(step_count.map(|steps| steps.saturating_mul(copies)));
    let progress = |steps, line: Option<&str>| {
        bar.set_position(steps);
        if let Some(line) = line {
            bar.suspend(|| {
                if !arguments.json {
                    let _ = super::print(line);
                }
            });
        }
    };
    let rehearsal = Rehearsal {
        client,
        election: &election,
        pace: arguments.speed.map_or(Pace::Unpaced, Pace::Times),
        validate_only: false,
        words: &words,
        progress: &progress,
    };
    let summary = rehearsal.play(steps).await?;
    bar.finish_and_clear();
    // Each checkpoint was told when it was met.
    print_summary(&summary, arguments.json, Checkpoints::Told)?;
    Ok(ending(&summary))
}

/// A progress bar on the terminal; nothing where there is none.
pub(super) fn bar(steps: Option<u64>) -> ProgressBar {
    let template = if steps.is_some() {
        "{bar:40} {pos}/{len} {per_sec} {elapsed} (about {eta} left)"
    } else {
        "{spinner} {pos} {per_sec} {elapsed}"
    };
    let bar = steps.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

/// Whether checkpoints that failed were told when they were met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checkpoints {
    /// They were.
    Told,
    /// They are told at the end.
    Untold,
}

/// What a night has become, for people or for programs.
pub(super) fn print_summary(
    summary: &Summary,
    json: bool,
    checkpoints: Checkpoints,
) -> Result<(), Failure> {
    // Counted all the same, so it must not be overlooked: also where programs read the rest.
    for warning in &summary.warnings {
        say(&format!("WARNING: {warning}"));
    }
    if summary.warnings_left_out > 0 {
        let more = count(summary.warnings_left_out, "more warning", "more warnings");
        say(&format!("WARNING: and {more}"));
    }
    if json {
        return print_json(summary);
    }
    let rate = u128::from(summary.answered()) * 1_000 / u128::from(summary.duration_ms.max(1));
    print(&format!(
        "{} answered in {}.{:03} s ({rate} a second): {}",
        count(summary.answered(), "report", "reports"),
        summary.duration_ms / 1_000,
        summary.duration_ms % 1_000,
        outcomes(&summary.outcomes)
    ))?;
    if summary.withdrawals > 0 {
        let withdrawn = count(summary.withdrawals, "tally", "tallies");
        print(&format!("{withdrawn} withdrawn"))?;
    }
    if summary.validate_only {
        print("only asked: nothing was stored")?;
    }
    if summary.withdrawals_left_out > 0 {
        let left_out = summary.withdrawals_left_out;
        let were = count(left_out, "withdrawal was", "withdrawals were");
        print(&format!(
            "{were} not asked about: they are officials' commands"
        ))?;
    }
    for refusal in &summary.refusals {
        print(&format!("refused: {refusal}"))?;
    }
    if summary.refusals_left_out > 0 {
        let more = count(summary.refusals_left_out, "more refusal", "more refusals");
        print(&format!("refused: and {more}"))?;
    }
    for report in &summary.waiting {
        print(&format!("waits for a reviewer: {report}"))?;
    }
    if summary.waiting_left_out > 0 {
        let more = count(summary.waiting_left_out, "more report", "more reports");
        print(&format!("waits for a reviewer: and {more}"))?;
    }
    if summary.waiting_count > 0 {
        let waiting = count(summary.waiting_count, "report waits", "reports wait");
        print(&format!(
            "of what was sent {waiting}; `hemicycle review ELECTION` shows and decides all that do"
        ))?;
    }
    let (passed, failed) = (summary.checkpoints_passed, summary.checkpoints_failed.len());
    if passed > 0 || failed > 0 {
        print(&format!("checkpoints: {passed} as expected, {failed} not"))?;
    }
    if checkpoints == Checkpoints::Untold {
        for line in &summary.checkpoints_failed {
            print(line)?;
        }
    }
    Ok(())
}

/// How a night ends: whether its seats were as expected, whether all of it was counted, and whether any of it was new.
pub(super) fn ending(summary: &Summary) -> Ending {
    let has_checked = summary.checkpoints_passed > 0;
    if !summary.checkpoints_failed.is_empty() {
        Ending::CheckFailed
    } else if summary.count("REFUSED") + summary.waiting_count > 0 {
        Ending::NotAllCounted
    } else if summary.count("ACCEPTED") == 0 && summary.withdrawals == 0 && !has_checked {
        Ending::NothingNew
    } else {
        Ending::Done
    }
}
