//! `hemicycle watch`.

use super::{connect, election_id, print, to_json};
use crate::cli::Watch;
use crate::failure::{Ending, Failure};
use crate::names::Names;
use crate::table;
use client::FrameNews;
use election::ids::Timestamp;
use futures::StreamExt as _;
use service_runtime::clock::{Clock as _, SystemClock};
use std::io::IsTerminal as _;
use wire::common::v1::publication_mode::Mode;
use wire::common::v1::{Publication, View};
use wire::feed::v1::{ElectionScope, Frame, Scope, scope};

/// Follows the public feed.
///
/// # Errors
///
/// An election that is not public, or a server that is not there.
pub async fn run(arguments: Watch) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let names = Names::ask(&client, &election, View::Public).await?;
    let scope = Scope {
        scope: Some(scope::Scope::Election(ElectionScope {
            election_id: election.to_string(),
        })),
    };
    let redraws = !arguments.once && !arguments.json && std::io::stdout().is_terminal();
    let mut news = std::pin::pin!(client.watch_frames(scope, None));
    while let Some(item) = news.next().await {
        let frame = match item? {
            FrameNews::Frame(frame) => frame,
            FrameNews::Reset(log_id) => {
                eprintln!(
                    "the log ({log_id}) does not have what was shown before: forget it, the count begins anew from what follows"
                );
                continue;
            }
            FrameNews::Lost(why) => {
                eprintln!(
                    "no contact with the server since {}; what stands here may be old, trying again ({why})",
                    table::time(Timestamp(SystemClock.now_micros()))
                );
                continue;
            }
            FrameNews::Heartbeat(heartbeat) => {
                if heartbeat.is_stale {
                    eprintln!(
                        "stale: the feed has been out of touch with the count for {} s",
                        heartbeat.lag_ms / 1_000
                    );
                }
                continue;
            }
        };
        let text = if arguments.json {
            to_json(&frame, false)?
        } else {
            screen(&frame, &names)
        };
        // Home and clear: the table stays in its place.
        print(&if redraws {
            format!("\u{1b}[H\u{1b}[2J{text}")
        } else {
            text
        })?;
        if arguments.once {
            break;
        }
    }
    Ok(Ending::Done)
}

/// A frame as text.
pub fn screen(frame: &Frame, names: &Names) -> String {
    let mut lines = vec![names.title.clone()];
    let Some(body) = &frame.body else {
        return names.title.clone();
    };
    if body.is_test {
        let notice = if names.notice.is_empty() {
            "TEST"
        } else {
            &names.notice
        };
        lines.push(notice.to_owned());
    }
    for contest in &body.contests {
        let majority = contest.seats / 2 + 1;
        if body.contests.len() > 1 {
            lines.push(contest.contest_id.clone());
        }
        lines.push(table::contest(contest, names));
        lines.push(format!(
            "{} seats, majority {majority}; {}",
            contest.seats,
            contest_state(contest)
        ));
        lines.push(table::progress(
            contest.totals.as_ref(),
            body.turnout.as_ref(),
        ));
    }
    let envelope = frame.envelope.clone().unwrap_or_default();
    if envelope.corrections_count > 0 {
        let newest = envelope.corrections.first();
        let text = newest.map(|correction| {
            let unit = correction
                .key
                .as_ref()
                .map_or("", |key| key.unit_id.as_str());
            let attribution = correction.attribution.clone().unwrap_or_default();
            let changes = correction.changes.iter().take(3).map(|change| {
                let option = names.option(&change.option_id);
                format!(
                    "{option} {} \u{2192} {}",
                    change.votes_before, change.votes_after
                )
            });
            let changes: Vec<String> = changes.collect();
            format!(
                "; newest: {unit}, {}: {} ({})",
                changes.join(", "),
                attribution.reason,
                attribution.by
            )
        });
        lines.push(format!(
            "{} corrections{}",
            envelope.corrections_count,
            text.unwrap_or_default()
        ));
    }
    lines.extend(envelope.publication.as_ref().and_then(withheld));
    let time = body
        .revision_time
        .and_then(|time| wire::time("revision_time", time).ok());
    let time = time.map_or_else(|| String::from("-"), table::time);
    let stale = if envelope.is_stale { ", STALE" } else { "" };
    lines.push(format!("revision {} of {time}{stale}", body.revision));
    lines.join("\n")
}

/// What officials keep from the public now, with their reason; nothing while the public sees what is counted.
fn withheld(publication: &Publication) -> Option<String> {
    let mode = publication.mode.as_ref()?.mode.as_ref()?;
    let what = match mode {
        Mode::FollowHead(_) => return None,
        Mode::HoldAt(hold) => format!("PUBLICATION HELD at revision {}", hold.revision),
        Mode::Paused(_) => String::from("PUBLICATION PAUSED"),
    };
    Some(format!("{what}: {}", publication.reason))
}

fn contest_state(contest: &wire::feed::v1::FrameContest) -> String {
    use wire::common::v1::SeatsState;
    let state = match contest.state() {
        SeatsState::NoneYet => "no seats yet",
        SeatsState::Provisional => "provisional: seats if only the counted ballots existed",
        SeatsState::Tied => "tied: some lists have a range, all other seats stand",
        SeatsState::Withheld => "withheld: our own check refuses the result",
        SeatsState::Unknown => "unknown: a number that the rules need is missing",
        SeatsState::Unassigned => "no list takes part: all seats stay unassigned",
        SeatsState::Unspecified => "gives no seats",
    };
    let mut text = state.to_owned();
    if contest.seats_unassigned > 0 && contest.state() != SeatsState::Unassigned {
        text.push_str(&format!(
            "; {} seats stay unassigned",
            contest.seats_unassigned
        ));
    }
    if contest.law_is_silent {
        text.push_str("; the law is silent on a parameter that was used");
    }
    if contest.declaration_differs {
        text.push_str("; the declared result differs");
    }
    text
}
