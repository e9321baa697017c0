//! `hemicycle publish`.

use super::stage::summary;
use super::{classes, connect, election_id, instant, open_classes, print, print_json};
use crate::cli::Publish;
use crate::failure::{Ending, Failure};
use election::command::Command;
use election::ids::{Revision, Timestamp};
use election::publication::{PublicationClass, PublicationMode};
use serde_json::json;
use wire::common::v1::{ClassOpening, Publication, View, publication_mode::Mode};
use wire::results::v1::ElectionSummary;

/// Changes what is public, and shows it.
///
/// # Errors
///
/// An election that is not there, a hold below what the public has seen, and whatever else the server refuses.
pub async fn run(arguments: Publish) -> Result<Ending, Failure> {
    if arguments.reason.is_some() && mode(&arguments).is_none() {
        let what = "--reason says why what is shown is moved: it belongs to --follow, --hold or --pause. \
                    Opening a class takes none: leave it out";
        return Err(Failure::Usage(what.into()));
    }
    let client = connect(&arguments.server)?;
    let election = election_id(&arguments.election)?;
    let opens_at = arguments.at.map(|time| Timestamp(time.as_microsecond()));
    let events = match mode(&arguments) {
        Some(mode) => {
            let reason = arguments.reason.clone().unwrap_or_default();
            let command = Command::MovePublication { mode, reason };
            client.command(&election, &command).await?.event_count
        }
        None => open_classes(&client, &election, &classes(&arguments.open), opens_at).await?,
    };
    let head = summary(&client, &election, View::Head).await?;
    let head = head.ok_or_else(|| Failure::Input(format!("there is no election {election}")))?;
    let public = summary(&client, &election, View::Public).await?;
    let revision =
        |summary: &ElectionSummary| summary.token.as_ref().map_or(0, |token| token.revision);
    let publication = head.publication.clone().unwrap_or_default();
    if arguments.json {
        print_json(&json!({
            "events_written": events,
            "head_revision": revision(&head),
            "public_revision": public.as_ref().map(revision),
            "publication": publication,
        }))?;
    } else {
        let shown = match &public {
            None => String::from("the public does not know that there is such an election"),
            Some(public) => format!(
                "the public sees revision {} of {}",
                revision(public),
                revision(&head)
            ),
        };
        print(&format!("{shown}; {}", described(&publication)))?;
        for opening in &publication.openings {
            print(&opened(opening))?;
        }
        if public.as_ref().map_or(0, revision) < revision(&head) {
            for class in closed(&publication) {
                print(&format!(
                    "  {class} is not open: nothing from its first event on is shown, of any class, until it is"
                ))?;
            }
        }
    }
    let changes = mode(&arguments).is_some() || !arguments.open.is_empty();
    Ok(if changes && events == 0 {
        Ending::NothingNew
    } else {
        Ending::Done
    })
}

fn mode(arguments: &Publish) -> Option<PublicationMode> {
    if arguments.pause {
        return Some(PublicationMode::Paused);
    }
    if arguments.follow {
        return Some(PublicationMode::FollowHead);
    }
    let hold = arguments.hold;
    hold.map(|revision| PublicationMode::HoldAt(Revision(revision)))
}

fn described(publication: &Publication) -> String {
    let mode = publication
        .mode
        .as_ref()
        .and_then(|mode| mode.mode.as_ref());
    let mode = match mode {
        Some(Mode::HoldAt(hold)) => format!("held at revision {}", hold.revision),
        Some(Mode::Paused(_)) => String::from("paused"),
        Some(Mode::FollowHead(_)) | None => {
            String::from("it follows the count, as far as classes are open")
        }
    };
    if publication.reason.is_empty() {
        mode
    } else {
        format!("{mode}: {}", publication.reason)
    }
}

/// The names of the classes that no event has opened.
fn closed(publication: &Publication) -> impl Iterator<Item = String> {
    let open: Vec<String> = publication.openings.iter().map(class_name).collect();
    let names = PublicationClass::ALL.map(PublicationClass::name);
    let closed = names.into_iter().map(str::to_owned);
    closed.filter(move |name| !open.contains(name))
}

fn class_name(opening: &ClassOpening) -> String {
    let class = opening.publication_class().as_str_name();
    class
        .trim_start_matches("PUBLICATION_CLASS_")
        .to_lowercase()
}

fn opened(opening: &ClassOpening) -> String {
    let class = class_name(opening);
    format!(
        "  {class} open from {}",
        instant(
            opening
                .open_time
                .and_then(|it| wire::time("open_time", it).ok())
        )
    )
}
