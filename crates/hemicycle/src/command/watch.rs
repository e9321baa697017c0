//! `hemicycle watch`.

use super::{connect, election_id, print, required_id, say, to_json};
use crate::cli::Watch;
use crate::failure::{Ending, Failure};
use crate::names::{Names, ScreenRules};
use crate::table;
use crate::terminal::{self, Heard};
use crate::text::{count, print_at_home};
use crate::told;
use client::{Client, ClientError, FrameNews};
use election::ids::{DistrictId, ElectionId, Timestamp};
use futures::{Stream, StreamExt as _};
use service_runtime::clock::{Clock as _, SystemClock};
use std::io::IsTerminal as _;
use std::time::Duration;
use wire::common::v1::View;
use wire::feed::v1::{DistrictScope, ElectionScope, Frame, Scope, scope};

/// Follows the public feed.
///
/// # Errors
///
/// An election that is not public, or a server that is not there.
pub async fn run(arguments: Watch) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let names = Names::ask(&client, &election, View::Public).await?;
    let rules = ScreenRules::ask(&client, &election, View::Public).await?;
    if !rules.is_known() {
        say(
            "this server tells no names: ids are shown; --results URL, the address of the results role, gives names and rules",
        );
    }
    let mut patience = Patience::new(rules.is_known());
    let names = match &arguments.district {
        Some(district) => names.of_district(district),
        None => names,
    };
    let scope = watched(&election, arguments.district.as_deref())?;
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
                say(&format!(
                    "the log ({log_id}) does not have what was shown before: forget it, the count begins anew from what follows"
                ));
                continue;
            }
            FrameNews::Lost(why) => {
                say(&format!(
                    "no contact with the server since {}; what stands here may be old, trying again ({why})",
                    table::time(Timestamp(SystemClock.now_micros()))
                ));
                continue;
            }
            FrameNews::Heartbeat(heartbeat) => {
                if heartbeat.is_stale {
                    say(&format!(
                        "stale: the feed has been out of touch with the count for {} s",
                        heartbeat.lag_ms / 1_000
                    ));
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
        if is_live {
            print_at_home(&text)?;
        } else {
            print(&text)?;
        }
        if arguments.once {
            break;
        }
    }
    Ok(Ending::Done)
}

fn watched(election: &ElectionId, district: Option<&str>) -> Result<Scope, Failure> {
    let election_id = election.to_string();
    let inner = match district {
        None => scope::Scope::Election(ElectionScope { election_id }),
        Some(district) => scope::Scope::District(DistrictScope {
            election_id,
            district_id: required_id("district", district, DistrictId::new)?.to_string(),
        }),
    };
    Ok(Scope { scope: Some(inner) })
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
            say(&format!(
                "the feed does not show {election} yet; waiting for it"
            ));
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
pub fn screen(frame: &Frame, names: &Names, rules: &ScreenRules) -> String {
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
        if body.contests.len() > 1 {
            lines.push(names.contest(&contest.contest_id).to_owned());
        }
        lines.push(table::contest(contest, names, rules));
        let state = told::contest_state(contest, body.stage());
        lines.push(match contest.seats {
            0 => state,
            _ => format!("{}; {state}", told::majority(body, contest)),
        });
        lines.extend(told::ties(contest, names, rules));
        lines.extend(told::declared(contest, names));
        lines.extend(told::certain(contest, names));
        let envelope = frame.envelope.as_ref();
        let widened = envelope.map(|envelope| told::widened(envelope, contest, names));
        lines.extend(widened.into_iter().flatten());
        lines.extend(told::left_out(contest));
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
            let mut changes: Vec<String> = changes.collect();
            if changes.is_empty() {
                let (before, after) = (correction.votes_before, correction.votes_after);
                changes.push(format!("votes {before} \u{2192} {after}"));
            }
            format!(
                "; newest: {unit}, {}: {} ({})",
                changes.join(", "),
                attribution.reason,
                attribution.by
            )
        });
        lines.push(format!(
            "{}{}",
            count(envelope.corrections_count, "correction", "corrections"),
            text.unwrap_or_default()
        ));
    }
    lines.extend(told::contests_left_out(body));
    lines.extend(envelope.publication.as_ref().and_then(told::withheld));
    let time = body
        .revision_time
        .and_then(|time| wire::time("revision_time", time).ok());
    let time = time.map_or_else(|| String::from("-"), table::time);
    let stale = if envelope.is_stale { ", STALE" } else { "" };
    let stage = told::stage(body);
    let revision = body.revision;
    lines.push(format!("{stage}; revision {revision} of {time}{stale}"));
    lines.join("\n")
}
