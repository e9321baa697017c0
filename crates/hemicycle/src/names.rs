//! What things are called on the screen: names from the presentation, ids where there are none.

use crate::failure::Failure;
use client::Client;
use election::definition::{Ballot, Definition, Presentation, Register, Unit};
use election::ids::ElectionId;
use futures::StreamExt as _;
use std::collections::BTreeMap;
use wire::common::v1::View;
use wire::results::v1::ListUnitsRequest;

/// Names of an election's options, by id, and its title and notice.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The election's title.
    pub title: String,
    /// What must be shown with everything.
    pub notice: String,
    options: BTreeMap<String, String>,
}

impl Names {
    /// The names of a presentation, in English where there are several languages.
    pub fn of(presentation: &Presentation, election: &str) -> Self {
        let names = presentation.options.iter().map(|(id, option)| {
            let name = pick(&option.name).or_else(|| option.short_name.clone());
            (id.to_string(), name.unwrap_or_else(|| id.to_string()))
        });
        Self {
            title: pick(&presentation.title).unwrap_or_else(|| election.to_owned()),
            notice: pick(&presentation.notice).unwrap_or_default(),
            options: names.collect(),
        }
    }

    /// Asks the server. A listener of the live feed alone knows no names: then ids are shown.
    ///
    /// # Errors
    ///
    /// As `GetDefinition`.
    pub async fn ask(client: &Client, election: &ElectionId, view: View) -> Result<Self, Failure> {
        let definition = match client.get_definition(election, view, 0).await {
            Err(error) if error.code() == tonic::Code::Unimplemented => {
                return Ok(Self {
                    title: election.to_string(),
                    ..Self::default()
                });
            }
            answer => answer?,
        };
        let presentation: Presentation = parse(&definition.presentation_toml)?;
        Ok(Self::of(&presentation, election.as_str()))
    }

    /// The name of an option.
    pub fn option<'a>(&'a self, id: &'a str) -> &'a str {
        self.options.get(id).map_or(id, String::as_str)
    }
}

fn pick(texts: &BTreeMap<String, String>) -> Option<String> {
    texts.get("en").or_else(|| texts.values().next()).cloned()
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Failure> {
    toml::from_str(text)
        .map_err(|error| Failure::Input(format!("the server's definition cannot be read: {error}")))
}

/// The whole definition of an election, as the server has it.
///
/// # Errors
///
/// As `GetDefinition` and `ListUnits`.
pub async fn ask_definition(client: &Client, election: &ElectionId) -> Result<Definition, Failure> {
    let answer = client.get_definition(election, View::Head, 0).await?;
    let ballot: Ballot = parse(&answer.ballot_toml)?;
    let mut register: Register = parse(&answer.areas_toml)?;
    let request = ListUnitsRequest {
        election_id: election.to_string(),
        view: View::Head.into(),
        states_only: true,
        page_size: 2_000,
        ..ListUnitsRequest::default()
    };
    let mut pages = std::pin::pin!(client.list_units(request));
    while let Some(page) = pages.next().await {
        for state in page?.units {
            let unit = state.unit.ok_or(client::ClientError::Missing("unit"))?;
            register
                .units
                .push(Unit::try_from(unit).map_err(client::ClientError::Answer)?);
        }
    }
    Ok(Definition {
        ballot,
        register,
        rules: parse(&answer.rules_toml)?,
        presentation: parse(&answer.presentation_toml)?,
    })
}
