//! `hemicycle review`.

mod listed;
mod settled;

use self::settled::Settled;
use super::{connect, election_id, print, print_json};
use crate::cli::Review;
use crate::failure::{Ending, Failure};
use client::{Client, ClientError};
use election::command::Command;
use election::ids::{ElectionId, Revision};
use election::report::TallyKey;
use futures::StreamExt as _;
use serde_json::json;
use std::collections::BTreeMap;
use wire::common::v1 as common;
use wire::results::v1::{ListPendingRequest, PendingReport};

/// Lists what waits for a reviewer, or decides over some of it.
///
/// # Errors
///
/// An election that is not there, a revision at which nothing waits, that is both accepted and rejected or was decided
/// otherwise, two sides of a conflict that are both accepted, a decision that the server refuses.
pub async fn run(arguments: Review) -> Result<Ending, Failure> {
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let waiting = waiting(&client, &election).await?;
    if arguments.accept.is_empty() && arguments.reject.is_empty() {
        listed::show(&client, &election, &waiting, arguments.json).await?;
        return Ok(Ending::Done);
    }
    // All are found and fit each other before the first is decided: a mistyped one leaves nothing half done.
    let settled = settled::ask(&client, &election, &arguments, &waiting).await?;
    let decisions = decisions(&arguments, &election, &waiting, &settled)?;
    if !arguments.json {
        for (revision, settled) in &settled {
            print(&settled.told(*revision))?;
        }
    }
    let mut written = Vec::new();
    for decision in &decisions {
        let command = Command::Review {
            held_revision: Revision(decision.held_revision),
            key: decision.key.clone(),
            release: decision.release,
            reason: arguments.reason.clone().unwrap_or_default(),
        };
        written.push(client.command(&election, &command).await?);
        if !arguments.json {
            let done = if decision.release {
                "accepted"
            } else {
                "rejected"
            };
            print(&format!(
                "{done}: {}, held at revision {}",
                decision.key, decision.held_revision
            ))?;
        }
    }
    let superseded = superseded(&decisions, &waiting);
    if arguments.json {
        let events: u64 = written.iter().map(|written| written.event_count).sum();
        let revision = written.last().map(|written| written.last_revision.0);
        print_json(&json!({
            "accepted": decided(&decisions, true),
            "rejected": decided(&decisions, false),
            "already_accepted": already(&settled, true),
            "already_rejected": already(&settled, false),
            "superseded": superseded,
            "events_written": events,
            "revision": revision,
            "waiting": waiting.len() - decisions.len() - superseded.len(),
        }))?;
    } else {
        for revision in superseded {
            print(&format!(
                "waits no more: held at revision {revision}, of a lower version than what is accepted"
            ))?;
        }
    }
    Ok(if decisions.is_empty() {
        Ending::NothingNew
    } else {
        Ending::Done
    })
}

fn decided(decisions: &[Decision], release: bool) -> Vec<u64> {
    let decided = decisions.iter().filter(|it| it.release == release);
    decided.map(|it| it.held_revision).collect()
}

fn already(settled: &BTreeMap<u64, Settled>, release: bool) -> Vec<u64> {
    let already = settled.iter().filter(|(_, it)| it.release == release);
    already.map(|(revision, _)| *revision).collect()
}

/// What is decided over one report that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decision {
    held_revision: u64,
    key: TallyKey,
    version: u32,
    release: bool,
}

// First what is rejected, then what is accepted from the lowest version on: an accepted version ends the wait of the lower
// ones of its tally, so in another order one decision would take away what the next one is about.
fn decisions(
    arguments: &Review,
    election: &ElectionId,
    waiting: &[PendingReport],
    settled: &BTreeMap<u64, Settled>,
) -> Result<Vec<Decision>, Failure> {
    let both = arguments
        .accept
        .iter()
        .find(|revision| arguments.reject.contains(revision));
    if let Some(revision) = both {
        return Err(Failure::Usage(format!(
            "revision {revision} is both accepted and rejected: name it once"
        )));
    }
    let accept = arguments.accept.iter().map(|revision| (*revision, true));
    let reject = arguments.reject.iter().map(|revision| (*revision, false));
    let mut decisions = Vec::new();
    for (held_revision, release) in accept.chain(reject).collect::<BTreeMap<_, _>>() {
        match settled.get(&held_revision) {
            Some(it) if it.release == release => continue,
            Some(it) => return Err(it.otherwise(held_revision)),
            None => {}
        }
        let report = waiting.iter().find(|it| it.held_revision == held_revision);
        let report = report.ok_or_else(|| not_waiting(election, held_revision))?;
        let (key, version) = tally_version(report).ok_or(ClientError::Missing("key"))?;
        decisions.push(Decision {
            held_revision,
            key: TallyKey::try_from(key.clone()).map_err(ClientError::Answer)?,
            version,
            release,
        });
    }
    decisions.sort_by_key(|it| (it.release, it.version, it.held_revision));
    let accepted = || decisions.iter().filter(|it| it.release);
    for (place, one) in accepted().enumerate() {
        let mut others = accepted().skip(place + 1);
        let other = others.find(|other| other.key == one.key && other.version == one.version);
        if let Some(other) = other {
            return Err(Failure::Input(format!(
                "revisions {} and {} are both version {} of {}: only one of them can be accepted",
                one.held_revision, other.held_revision, one.version, one.key
            )));
        }
    }
    Ok(decisions)
}

fn tally_version(waiting: &PendingReport) -> Option<(&common::TallyKey, u32)> {
    let version = waiting.report.as_ref().map(|report| report.version)?;
    Some((waiting.key.as_ref()?, version))
}

// The revisions of what nobody has decided over and what can be counted no more: a higher version of its tally is.
fn superseded(decisions: &[Decision], waiting: &[PendingReport]) -> Vec<u64> {
    let is_superseded = |report: &&PendingReport| {
        let is_decided = decisions
            .iter()
            .any(|it| it.held_revision == report.held_revision);
        let is_below = tally_version(report).is_some_and(|(key, version)| {
            decisions.iter().any(|it| {
                it.release && it.version > version && common::TallyKey::from(&it.key) == *key
            })
        });
        !is_decided && is_below
    };
    let superseded = waiting.iter().filter(is_superseded);
    superseded.map(|report| report.held_revision).collect()
}

async fn waiting(client: &Client, election: &ElectionId) -> Result<Vec<PendingReport>, Failure> {
    let request = ListPendingRequest {
        election_id: election.to_string(),
        ..ListPendingRequest::default()
    };
    let mut pages = std::pin::pin!(client.list_pending(request));
    let mut reports = Vec::new();
    while let Some(page) = pages.next().await {
        reports.extend(page?.reports);
    }
    Ok(reports)
}

fn not_waiting(election: &ElectionId, revision: u64) -> Failure {
    Failure::Input(format!(
        "no report that was held at revision {revision} waits for a reviewer; `hemicycle review {election}` lists what does"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use wire::results::v1::ReportHeld;

    fn parse(arguments: &str) -> Review {
        let words = ["hemicycle", "review", "e-2026"]
            .into_iter()
            .chain(arguments.split(' '));
        match crate::cli::Cli::parse_from(words).command {
            crate::cli::Command::Review(review) => review,
            other => panic!("{other:?}"),
        }
    }

    fn held(held_revision: u64, unit: &str, version: u32) -> PendingReport {
        PendingReport {
            held_revision,
            key: Some(common::TallyKey {
                unit_id: unit.into(),
                contest_id: "list".into(),
                counting_group_id: "all".into(),
            }),
            report: Some(ReportHeld {
                version,
                ..ReportHeld::default()
            }),
            ..PendingReport::default()
        }
    }

    fn decide(arguments: &str) -> Result<Vec<(u64, bool)>, String> {
        let waiting = [
            held(2, "u0", 2),
            held(4, "u1", 3),
            held(6, "u1", 2),
            held(8, "u1", 3),
        ];
        let election = ElectionId::new("e-2026").unwrap();
        let settled = [(3, true), (5, false)].map(|(revision, release)| {
            let settled = Settled {
                release,
                revision: 9,
                reason: String::from("compared"),
            };
            (revision, settled)
        });
        let settled = BTreeMap::from(settled);
        let decided = decisions(&parse(arguments), &election, &waiting, &settled);
        let decided = decided.map_err(|failure| failure.to_string())?;
        Ok(decided
            .iter()
            .map(|it| (it.held_revision, it.release))
            .collect())
    }

    #[test]
    fn no_decision_takes_away_what_the_next_one_is_about() {
        let decided = decide("--accept 4 --reject 8 --accept 6 --accept 4 --accept 2 --reason r");
        let expected = [(8, false), (2, true), (6, true), (4, true)];
        assert_eq!(decided.unwrap(), expected);
    }

    #[test]
    fn what_contradicts_itself_is_refused_before_anything_is_decided() {
        let both = decide("--accept 2 --accept 4 --reject 4 --reason r").unwrap_err();
        assert!(both.contains("revision 4 is both"), "{both}");
        let sides = decide("--accept 4 --accept 8 --reason r").unwrap_err();
        assert!(sides.contains("revisions 4 and 8"), "{sides}");
        let absent = decide("--accept 2 --reject 7 --reason r").unwrap_err();
        assert!(absent.contains("revision 7 "), "{absent}");
    }

    #[test]
    fn what_was_decided_so_already_is_no_mistake_and_what_was_decided_otherwise_is() {
        let again = decide("--accept 3 --reject 5 --accept 2 --reason r").unwrap();
        assert_eq!(again, [(2, true)]);
        for (arguments, said) in [
            ("--reject 3 --reason r", "accepted already, at revision 9"),
            ("--accept 5 --reason r", "rejected already, at revision 9"),
        ] {
            let refused = decide(arguments).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
    }

    #[test]
    fn what_an_accepted_version_ends_the_wait_of_is_named() {
        let waiting = [held(2, "u0", 2), held(4, "u1", 3), held(6, "u1", 2)];
        let election = ElectionId::new("e-2026").unwrap();
        let arguments = parse("--accept 4 --reason r");
        let decided = decisions(&arguments, &election, &waiting, &BTreeMap::new()).unwrap();
        assert_eq!(superseded(&decided, &waiting), [6]);
    }
}
