//! A damaged log is told by every command that asks a server about an election: what is shown of it may be old and cut, and an
//! election whose definition lies behind the damage seems not to be there at all.

use super::connect;
use super::stage::summary;
use crate::cli::official::{DrawLot, Missing, ShowStage};
use crate::cli::{Command, Export, History, Publish, Review, Server, Watch};
use crate::failure::{Ending, Failure};
use client::Client;
use election::ids::ElectionId;
use tonic::Code;
use wire::common::v1::View;

/// Which log a command reads; `None`: none, or it writes, and is refused where that is damaged.
pub fn read_by(command: &Command) -> Option<(Server, String)> {
    let (server, election) = match command {
        Command::Watch(Watch {
            server, election, ..
        })
        | Command::History(History {
            server, election, ..
        })
        | Command::Review(Review {
            server, election, ..
        })
        | Command::Missing(Missing {
            server, election, ..
        })
        | Command::Publish(Publish {
            server, election, ..
        })
        | Command::Stage(ShowStage {
            server, election, ..
        })
        | Command::DrawLot(DrawLot {
            server, election, ..
        })
        | Command::Export(Export {
            server, election, ..
        }) => (server, election),
        _ => return None,
    };
    Some((server.clone(), election.clone()))
}

/// How a command ends that read this log: as it did, but not well where the log is damaged. Where that cannot be asked, the
/// feed says by itself that it is stale.
///
/// # Errors
///
/// The command's own, and that the election cannot be found in a damaged log.
pub async fn told(
    (server, election): (Server, String),
    ended: Result<Ending, Failure>,
) -> Result<Ending, Failure> {
    let (Ok(client), Ok(id)) = (connect(&server), ElectionId::new(&election)) else {
        return ended;
    };
    match &ended {
        Ok(Ending::Done | Ending::NothingNew | Ending::CheckFailed) => {}
        // What is not found may lie behind damage; other refusals name it, or are of something else.
        Err(Failure::Client(error)) if error.code() == Code::NotFound => {}
        _ => return ended,
    }
    match (damage(&client, &id).await, ended) {
        (None, ended) => ended,
        (Some(Damage::Behind(revision)), Ok(_)) => {
            crate::text::say(&format!(
                "DAMAGED: the log of {id} is damaged behind revision {revision}. \
                 What is shown is of what can be read: it may be old, and later changes are missing. See \"Damage\" in docs/operations.md"
            ));
            Ok(Ending::CheckFailed)
        }
        (Some(damage), Err(error)) => Err(Failure::Damaged {
            error: error.to_string(),
            damage: damage.told(&id),
        }),
        (Some(damage @ Damage::Whole(_)), Ok(_)) => Err(Failure::Damaged {
            error: String::from("what was shown may be old"),
            damage: damage.told(&id),
        }),
    }
}

enum Damage {
    /// The election can be read up to this revision.
    Behind(u64),
    /// Not even its definition can be read; what the server says.
    Whole(String),
}

impl Damage {
    fn told(&self, id: &ElectionId) -> String {
        match self {
            Self::Behind(revision) => {
                format!(
                    "the log of {id} is damaged behind revision {revision}, and what is missing may lie there"
                )
            }
            Self::Whole(said) => said.clone(),
        }
    }
}

async fn damage(client: &Client, id: &ElectionId) -> Option<Damage> {
    match summary(client, id, View::Head).await {
        Ok(Some(found)) => {
            let revision = found.token.map_or(0, |token| token.revision);
            found.is_damaged.then_some(Damage::Behind(revision))
        }
        // It is not listed where its definition cannot be read: then whoever asks for it is told.
        Ok(None) => match client.get_definition(id, View::Head, 0).await {
            Err(error) if error.code() == Code::DataLoss => Some(Damage::Whole(error.to_string())),
            _ => None,
        },
        Err(_) => None,
    }
}
