//! `hemicycle watch`.

use super::{connect, election_id, print, to_json};
use crate::cli::Watch;
use crate::failure::{Ending, Failure};
use crate::names::{Names, TieRules};
use crate::table;
use crate::terminal::{self, Heard};
use client::{Client, ClientError, FrameNews};
use election::ids::{ElectionId, Timestamp};
use futures::{Stream, StreamExt as _};
use service_runtime::clock::{Clock as _, SystemClock};
use std::io::IsTerminal as _;
use std::time::Duration;
use wire::common::v1::publication_mode::Mode;
use wire::common::v1::{Publication, View};
use wire::feed::v1::{ElectionScope, Frame, FrameContest, Scope, scope};

/// Follows the public feed.
///
/// # Errors
///
/// An election that is not public, or a server that is not there.
pub async fn run(arguments: Watch) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let names = Names::ask(&client, &election, View::Public).await?;
    let rules = TieRules::ask(&client, &election, View::Public).await?;
    let mut patience = Patience::new(rules.is_known());
    let scope = Scope {
        scope: Some(scope::Scope::Election(ElectionScope {
            election_id: election.to_string(),
        })),
    };
    let is_live = !arguments.once && !arguments.json && std::io::stdout().is_terminal();
    if is_live && !arguments.plain && std::io::stdin().is_terminal() {
        let heard = Box::pin(heard(client, election, scope, patience));
        return terminal::run(heard, names, rules).await;
    }
    let mut news = Box::pin(client.watch_frames(scope.clone(), None));
    while let Some(item) = news.next().await {
        let news_item = match item {
            Err(error) if patience.covers(&error) => {
                patience.wait(&election).await;
                news = Box::pin(client.watch_frames(scope.clone(), None));
                continue;
            }
            item => item?,
        };
        let frame = match news_item {
            FrameNews::Frame(frame) => {
                patience.end();
                frame
            }
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
            screen(&frame, &names, &rules)
        };
        // Home and clear: the table stays in its place.
        print(&if is_live {
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

/// What the feed says, asked again while it may not know the election yet.
fn heard(
    client: Client,
    election: ElectionId,
    scope: Scope,
    patience: Patience,
) -> impl Stream<Item = Result<Heard, ClientError>> {
    // Said on the page, not beside it.
    let patience = Patience {
        is_told: true,
        ..patience
    };
    let news = move || Box::pin(client.clone().watch_frames(scope.clone(), None));
    let state = (news(), news, patience);
    futures::stream::unfold(state, move |(mut now, again, mut patience)| {
        let election = election.clone();
        async move {
            match now.next().await? {
                Err(error) if patience.covers(&error) => {
                    patience.wait(&election).await;
                    Some((Ok(Heard::Waiting), (again(), again, patience)))
                }
                Err(error) => Some((Err(error), (now, again, patience))),
                Ok(news) => {
                    if matches!(news, FrameNews::Frame(_)) {
                        patience.end();
                    }
                    Some((Ok(Heard::News(news)), (now, again, patience)))
                }
            }
        }
    })
}

/// How long a feed that knows nothing of an election is asked again: it learns of an opening up to a second after the
/// officials do.
struct Patience {
    left: Duration,
    is_told: bool,
}

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

impl Patience {
    /// Where the results role says that the election is public, the feed will say so too; where nobody says so, it may as
    /// well be a name that is spelled wrongly.
    fn new(is_known_to_be_public: bool) -> Self {
        let seconds = if is_known_to_be_public { 15 } else { 3 };
        Self {
            left: Duration::from_secs(seconds),
            is_told: false,
        }
    }

    fn covers(&self, error: &ClientError) -> bool {
        error.code() == tonic::Code::NotFound && !self.left.is_zero()
    }

    async fn wait(&mut self, election: &ElectionId) {
        if !self.is_told {
            self.is_told = true;
            eprintln!("the feed does not show {election} yet; waiting for it");
        }
        tokio::time::sleep(PAUSE).await;
        self.left = self.left.saturating_sub(PAUSE);
    }

    // What was shown does not come late.
    fn end(&mut self) {
        self.left = Duration::ZERO;
    }
}

/// A frame as text.
pub fn screen(frame: &Frame, names: &Names, rules: &TieRules) -> String {
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
        lines.extend(ties(contest, names, rules));
        lines.extend(undeclared(contest));
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
pub(crate) fn withheld(publication: &Publication) -> Option<String> {
    let mode = publication.mode.as_ref()?.mode.as_ref()?;
    let what = match mode {
        Mode::FollowHead(_) => return None,
        Mode::HoldAt(hold) => format!("PUBLICATION HELD at revision {}", hold.revision),
        Mode::Paused(_) => String::from("PUBLICATION PAUSED"),
    };
    Some(format!("{what}: {}", publication.reason))
}

/// The ties of a contest that are shown one by one.
const TIES_MAX: usize = 8;

/// Who ties for how many seats, and how that would be settled.
pub(crate) fn ties(contest: &FrameContest, names: &Names, rules: &TieRules) -> Vec<String> {
    let shown = contest.ties.iter().take(TIES_MAX).map(|tie| {
        let place = if tie.district_id.is_empty() {
            String::new()
        } else {
            format!(" in {}", tie.district_id)
        };
        let lists: Vec<&str> = tie.option_ids.iter().map(|id| names.option(id)).collect();
        let lists = if lists.is_empty() {
            String::from("lists that the frame has no room for")
        } else {
            lists.join(", ")
        };
        let seats = match tie.seats_at_stake {
            1 => String::from("1 seat"),
            seats => format!("{seats} seats"),
        };
        let rule = rules.told(&contest.contest_id);
        let rule = if rule.is_empty() {
            rule
        } else {
            format!("; {rule}")
        };
        format!("  tie{place}: {lists} for {seats}{rule}")
    });
    let mut lines: Vec<String> = shown.collect();
    let more = contest.ties.len().saturating_sub(TIES_MAX);
    if more > 0 {
        lines.push(format!("  and {more} more ties"));
    }
    lines
}

/// Which districts are not declared yet, where some are.
fn undeclared(contest: &FrameContest) -> Option<String> {
    let (declared, all) = (contest.districts_declared, contest.districts_with_seats);
    if declared == 0 || declared >= all {
        return None;
    }
    let open = contest
        .districts
        .iter()
        .filter(|it| !it.is_declared && it.seats > 0);
    let open: Vec<&str> = open.map(|it| it.district_id.as_str()).collect();
    let named = open
        .iter()
        .take(TIES_MAX)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let named = match open.len() {
        0 => String::new(),
        1..=TIES_MAX => format!(": not yet {named}"),
        _ => format!(": not yet {named}, ..."),
    };
    Some(format!(
        "  declared in {declared} of {all} districts{named}"
    ))
}

pub(crate) fn contest_state(contest: &FrameContest) -> String {
    use wire::common::v1::SeatsState;
    let state = match contest.state() {
        SeatsState::NoneYet => "no seats yet",
        SeatsState::Provisional => "provisional: seats if only the counted ballots existed",
        SeatsState::Tied => "tied: some lists have a range, all other seats stand",
        SeatsState::Withheld => "seats withheld: our own check refuses the result",
        SeatsState::Unknown => "seats unknown",
        SeatsState::Unassigned => "no list takes part: all seats stay unassigned",
        SeatsState::Unspecified => "gives no seats",
    };
    let mut text = state.to_owned();
    if contest.state() == SeatsState::Unknown {
        text.push_str(match contest.problem.as_str() {
            "" => ": a number that the rules need is missing",
            problem => return format!("{text}: {problem}; `hemicycle missing` names the units"),
        });
    }
    // Of no votes nobody gets a seat yet, which is not the same as never.
    let is_said = matches!(
        contest.state(),
        SeatsState::Unassigned | SeatsState::NoneYet
    );
    if contest.seats_unassigned > 0 && !is_said {
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
