//! What reviewers have decided before: a decision that is sent again is no mistake, and writes nothing.

use crate::cli::Review;
use crate::command::stage::summary;
use crate::failure::Failure;
use client::{Client, LogNews};
use election::event::Event;
use election::ids::{ElectionId, Revision};
use futures::StreamExt as _;
use std::collections::BTreeMap;
use wire::common::v1::View;
use wire::results::v1::PendingReport;

/// What was decided over a report that waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    /// It was let into the count.
    pub release: bool,
    /// Where the decision stands in the log.
    pub revision: u64,
    /// Why.
    pub reason: String,
}

impl Settled {
    fn word(&self) -> &'static str {
        if self.release { "accepted" } else { "rejected" }
    }

    /// As it was asked for.
    pub fn told(&self, held_revision: u64) -> String {
        format!(
            "{} already: what was held at revision {held_revision}, at revision {} ({})",
            self.word(),
            self.revision,
            self.reason
        )
    }

    /// Not as it was asked for.
    pub fn otherwise(&self, held_revision: u64) -> Failure {
        Failure::Input(format!(
            "what was held at revision {held_revision} was {} already, at revision {} ({}); \
             a correction with who and why changes what is counted",
            self.word(),
            self.revision,
            self.reason
        ))
    }
}

/// Of the revisions that are named and at which nothing waits, those at which something did, with what was decided.
///
/// # Errors
///
/// As the watch of the log.
pub(super) async fn ask(
    client: &Client,
    election: &ElectionId,
    arguments: &Review,
    waiting: &[PendingReport],
) -> Result<BTreeMap<u64, Settled>, Failure> {
    let named = arguments.accept.iter().chain(&arguments.reject);
    let waits = |revision: u64| waiting.iter().any(|it| it.held_revision == revision);
    let named = named.copied().filter(|revision| !waits(*revision));
    let mut settled = BTreeMap::new();
    for revision in named {
        if let Some(decision) = decision(client, election, revision).await? {
            settled.insert(revision, decision);
        }
    }
    Ok(settled)
}

async fn decision(
    client: &Client,
    election: &ElectionId,
    held: u64,
) -> Result<Option<Settled>, Failure> {
    let token = summary(client, election, View::Head).await?;
    let head = token.and_then(|it| it.token).map_or(0, |it| it.revision);
    if held == 0 || held > head {
        return Ok(None);
    }
    let log = client.watch_events(election, View::Head, Revision(held), None);
    let mut log = std::pin::pin!(log);
    let mut is_held = false;
    while let Some(news) = log.next().await {
        let LogNews::Events(events) = news? else {
            return Ok(None);
        };
        for recorded in &events.records {
            let (release, held_revision, reason) = match &recorded.event {
                Event::ReportHeld { .. } if recorded.revision == Revision(held) => {
                    is_held = true;
                    continue;
                }
                Event::Released {
                    held_revision,
                    reason,
                    ..
                } => (true, held_revision, reason),
                Event::Rejected {
                    held_revision,
                    reason,
                    ..
                } => (false, held_revision, reason),
                _ => continue,
            };
            if *held_revision == Revision(held) {
                return Ok(Some(Settled {
                    release,
                    revision: recorded.revision.0,
                    reason: reason.clone(),
                }));
            }
        }
        let last = events.records.last().map(|it| it.revision);
        // What never waited was never decided; and at the head there is nothing more to be read.
        if !is_held || last.is_none_or(|last| last >= events.head) {
            return Ok(None);
        }
    }
    Ok(None)
}
