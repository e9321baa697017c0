//! What things are called on the screen: names from the presentation, ids where there are none.

use crate::failure::Failure;
use client::Client;
use election::definition::{Ballot, Definition, Presentation, Register, Unit};
use election::ids::ElectionId;
use election::rules::{Rules, TieRule};
use futures::StreamExt as _;
use live_feed::threshold::{Needing, Thresholds};
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
    colours: BTreeMap<String, [u8; 3]>,
    districts: BTreeMap<String, String>,
    contests: BTreeMap<String, String>,
    /// By contest, the place of each option on its ballot, over all districts.
    numbers: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Names {
    /// The names of a presentation, in English where there are several languages.
    pub fn of(presentation: &Presentation, election: &str) -> Self {
        let names = presentation.options.iter().map(|(id, option)| {
            let name = pick(&option.name).or_else(|| option.short_name.clone());
            (id.to_string(), name.unwrap_or_else(|| id.to_string()))
        });
        let colours = presentation.options.iter().filter_map(|(id, option)| {
            let colour = option.colour.as_deref().and_then(colour)?;
            Some((id.to_string(), colour))
        });
        let districts = presentation.districts.iter();
        let districts = districts.filter_map(|(id, names)| Some((id.to_string(), pick(names)?)));
        let contests = presentation.contests.iter();
        let contests = contests.filter_map(|(id, names)| Some((id.to_string(), pick(names)?)));
        Self {
            colours: colours.collect(),
            districts: districts.collect(),
            contests: contests.collect(),
            numbers: BTreeMap::new(),
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
        let names = Self::of(&presentation, election.as_str());
        Ok(names.on(&parse(&definition.ballot_toml)?))
    }

    /// The same with the places of options on the ballot, which keep their signs in every frame.
    #[must_use]
    pub fn on(mut self, ballot: &Ballot) -> Self {
        for contest in &ballot.contests {
            let options = contest.districts.iter();
            let options = options.flat_map(|district| &district.options);
            let numbers = self.numbers.entry(contest.id.to_string()).or_default();
            for option in options {
                let next = numbers.len();
                numbers.entry(option.id.to_string()).or_insert(next);
            }
        }
        self
    }

    /// The place of an option on the ballot of its contest, if that is known.
    pub fn number(&self, contest: &str, option: &str) -> Option<usize> {
        self.numbers.get(contest)?.get(option).copied()
    }

    /// The same for what is shown of one district alone.
    #[must_use]
    pub fn of_district(mut self, id: &str) -> Self {
        self.title = format!("{}: {}", self.title, self.district(id));
        self
    }

    /// The name of a district.
    pub fn district<'a>(&'a self, id: &'a str) -> &'a str {
        self.districts.get(id).map_or(id, String::as_str)
    }

    /// The name of a contest.
    pub fn contest<'a>(&'a self, id: &'a str) -> &'a str {
        self.contests.get(id).map_or(id, String::as_str)
    }

    /// The colour of an option: red, green, blue.
    pub fn colour(&self, id: &str) -> Option<[u8; 3]> {
        self.colours.get(id).copied()
    }

    /// The name of an option.
    pub fn option<'a>(&'a self, id: &'a str) -> &'a str {
        self.options.get(id).map_or(id, String::as_str)
    }
}

// "#rrggbb".
fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|it| it.len() == 6)?;
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue])
}

/// What of the rules is told on the screen: what breaks a tie in each contest, and which threshold it has.
#[derive(Debug, Clone, Default)]
pub struct ScreenRules {
    ties: Option<BTreeMap<String, Vec<TieRule>>>,
    /// The thresholds of contests; empty where the rules are not known.
    pub thresholds: Thresholds,
}

impl ScreenRules {
    /// Those of these rules, for the options of the ballot.
    pub fn of(rules: &Rules, ballot: &Ballot) -> Self {
        let contests = rules.contests.iter();
        let chains = contests.map(|contest| (contest.id.to_string(), contest.ties.clone()));
        let needing = ballot.contests.iter().flat_map(|contest| {
            let districts = contest.districts.iter();
            let options = districts.flat_map(|district| &district.options);
            options.map(|option| Needing {
                contest: contest.id.as_str(),
                option: option.id.as_str(),
                is_minority: option.minority,
                coalition_size: option.coalition_size,
            })
        });
        Self {
            ties: Some(chains.collect()),
            thresholds: Thresholds::new(rules, needing),
        }
    }

    /// Asks the server. A listener of the live feed alone knows no rules: then nothing is told of them.
    ///
    /// # Errors
    ///
    /// As `GetDefinition`.
    pub async fn ask(client: &Client, election: &ElectionId, view: View) -> Result<Self, Failure> {
        let definition = match client.get_definition(election, view, 0).await {
            Err(error) if error.code() == tonic::Code::Unimplemented => return Ok(Self::default()),
            answer => answer?,
        };
        let ballot = parse(&definition.ballot_toml)?;
        Ok(Self::of(&parse(&definition.rules_toml)?, &ballot))
    }

    /// Whether the server has told the rules: then the election is public.
    pub fn is_known(&self) -> bool {
        self.ties.is_some()
    }

    fn chain(&self, contest: &str) -> Option<&[TieRule]> {
        let chains = self.ties.as_ref()?;
        Some(chains.get(contest).map_or(&[], Vec::as_slice))
    }

    /// Whether a lot is among them.
    pub fn has_lot(&self, contest: &str) -> bool {
        let chain = self.chain(contest).unwrap_or_default();
        chain.contains(&TieRule::Lot)
    }

    /// How an open tie of the contest would be settled; empty where the rules are not known.
    pub fn told(&self, contest: &str) -> String {
        let Some(chain) = self.chain(contest) else {
            return String::new();
        };
        let tried = chain.iter().filter_map(|rule| match rule {
            TieRule::EarlierRegistration => Some("the order of registration"),
            TieRule::MoreVotes => Some("the number of votes"),
            TieRule::Lot => None,
        });
        let tried: Vec<&str> = tried.collect();
        let tried = tried.join(" and ");
        match (self.has_lot(contest), tried.is_empty()) {
            (true, true) => String::from("to be settled by lot"),
            (true, false) => format!("{tried} did not settle it; to be settled by lot"),
            (false, true) => String::from("the rules settle no tie"),
            (false, false) => format!("{tried} did not settle it, and the rules know nothing more"),
        }
    }
}

fn pick(texts: &BTreeMap<String, String>) -> Option<String> {
    texts.get("en").or_else(|| texts.values().next()).cloned()
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Failure> {
    toml::from_str(text)
        .map_err(|error| Failure::Input(format!("the server's definition cannot be read: {error}")))
}

/// The rules of an election, as the server has them.
///
/// # Errors
///
/// As `GetDefinition`.
pub async fn rules_of(
    client: &Client,
    election: &ElectionId,
    view: View,
) -> Result<Rules, Failure> {
    parse(&client.get_definition(election, view, 0).await?.rules_toml)
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
