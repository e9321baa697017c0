//! What each command of the program does.

pub mod allocate;
mod allocate_districts;
pub mod amend;
pub mod bounds;
pub mod certify;
pub mod change_candidates;
mod chart;
pub mod compare;
mod compare_districts;
pub mod correct_turnout;
pub mod damage;
pub mod declare;
pub mod define;
pub mod demo;
pub mod draw_lot;
pub mod export;
pub mod history;
pub mod missing;
mod place;
pub mod profiles;
pub mod publish;
pub mod replay;
pub mod review;
mod rules_file;
pub mod selftest;
pub mod serve;
pub mod set_status;
pub mod stage;
pub mod submit;
pub mod watch;
pub mod withdraw;

use crate::cli::official::Order;
use crate::cli::{Class, Server};
use crate::failure::{Ending, Failure};
use crate::text::{print, say, standard_output};
use client::Client;
use election::command::Command;
use election::ids::{ElectionId, IdError, Timestamp};
use election::publication::PublicationClass;
use election::report::Attribution;
use serde::Serialize;

fn connect(server: &Server) -> Result<Client, Failure> {
    let client = client(
        &server.server,
        server.results.as_deref(),
        server.allocation.as_deref(),
    )?;
    Ok(match &server.principal {
        Some(principal) => client.with_principal(principal)?,
        None => client,
    })
}

// A client of a server, and of the roles that are apart from it.
fn client(
    server: &str,
    results: Option<&str>,
    allocation: Option<&str>,
) -> Result<Client, Failure> {
    let mut client = Client::connect(server)?;
    if let Some(results) = results {
        client = client.with_results_at(results)?;
    }
    if let Some(allocation) = allocation {
        client = client.with_allocation_at(allocation)?;
    }
    Ok(client)
}

fn election_id(text: &str) -> Result<ElectionId, Failure> {
    required_id("election", text, ElectionId::new)
}

// An id that is typed.
fn required_id<T>(
    what: &str,
    text: &str,
    read: impl FnOnce(&str) -> Result<T, IdError>,
) -> Result<T, Failure> {
    read(text).map_err(|error| Failure::Usage(format!("{what} {text:?}: {error}")))
}

fn attribution(order: &Order) -> Attribution {
    attribution_of(Some(&order.by), Some(&order.reason))
}

fn attribution_of(by: Option<&str>, reason: Option<&str>) -> Attribution {
    Attribution {
        by: by.unwrap_or_default().to_owned(),
        reason: reason.unwrap_or_default().to_owned(),
    }
}

// How a command that was decided ends: well, or with nothing to write.
fn ending(events: u64) -> Ending {
    if events == 0 {
        Ending::NothingNew
    } else {
        Ending::Done
    }
}

// Opens classes at an instant, or at once; how many events it took.
async fn open_classes(
    client: &Client,
    election: &ElectionId,
    classes: &[PublicationClass],
    opens_at: Option<Timestamp>,
) -> Result<u64, Failure> {
    let mut events = 0;
    for class in classes {
        let written = client
            .command(
                election,
                &Command::OpenClass {
                    class: *class,
                    opens_at,
                },
            )
            .await?;
        events += written.event_count;
    }
    Ok(events)
}

fn classes(open: &[Class]) -> Vec<PublicationClass> {
    let is_meant = |class: &PublicationClass| {
        open.iter().any(|meant| match meant {
            Class::All => true,
            Class::Definition => *class == PublicationClass::Definition,
            Class::Turnout => *class == PublicationClass::Turnout,
            Class::Results => *class == PublicationClass::Results,
        })
    };
    PublicationClass::ALL.into_iter().filter(is_meant).collect()
}

// An instant of an answer in RFC 3339, UTC; empty where there is none.
fn instant(time: Option<Timestamp>) -> String {
    time.map_or_else(String::new, crate::table::time)
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print(&to_json(value, true)?)
}

fn to_json(value: &impl Serialize, pretty: bool) -> Result<String, Failure> {
    let text = if pretty {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    text.map_err(|error| Failure::Input(format!("the answer cannot be written as JSON: {error}")))
}
