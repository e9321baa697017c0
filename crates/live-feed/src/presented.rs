//! How an election is shown: names, colours, the time zone. Read from the definition, once for each version of it.

use crate::error::FeedError;
use crate::scope::Scope;
use crate::threshold::{Needing, Thresholds};
use election::definition::{OptionPresentation, Presentation, Register};
use election::ids::ElectionId;
use election::rules::Rules;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use tonic::Status;
use tonic::transport::Channel;
use wire::common::v1::{Ballot, OptionRole, PartVersion, View};
use wire::feed::v1::FrameBody;
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{GetDefinitionRequest, GetDefinitionResponse};

/// Texts by language, as a definition has them.
pub(crate) type Texts = BTreeMap<String, String>;

/// What a definition says of how things are shown.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Presented {
    /// The ballot, for programs.
    pub ballot: Ballot,
    /// The presentation.
    pub presentation: Presentation,
    /// What each option of the ballot is, by id.
    pub roles: BTreeMap<String, OptionRole>,
    /// The thresholds of its contests.
    pub thresholds: Thresholds,
    /// Names of areas, by id.
    pub areas: BTreeMap<String, String>,
    /// The place of each option on the ballot of its contest, over all districts: it never changes.
    numbers: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Presented {
    /// An option's names by language; none: show its id.
    pub fn option_names(&self, id: &str) -> Option<&Texts> {
        self.option(id).map(|option| &option.name)
    }

    /// How an option is shown.
    pub fn option(&self, id: &str) -> Option<&OptionPresentation> {
        self.presentation.options.get(id)
    }

    /// A few letters of an option, in a language where they differ.
    pub fn short_name(&self, id: &str, language: &str) -> Option<&str> {
        let option = self.option(id)?;
        let own = option.short_names.get(language);
        own.or(option.short_name.as_ref()).map(String::as_str)
    }

    /// The place of an option on the ballot of a contest, over all districts; `None`: it is not on it.
    pub fn number(&self, contest: &str, option: &str) -> Option<usize> {
        self.numbers.get(contest)?.get(option).copied()
    }

    /// A district's names by language.
    pub fn district_names(&self, id: &str) -> Option<&Texts> {
        self.presentation.districts.get(id)
    }

    /// A contest's names by language.
    pub fn contest_names(&self, id: &str) -> Option<&Texts> {
        self.presentation.contests.get(id)
    }
}

impl TryFrom<GetDefinitionResponse> for Presented {
    type Error = Status;

    fn try_from(answer: GetDefinitionResponse) -> Result<Self, Status> {
        let unread = |error: toml::de::Error| {
            tracing::warn!(%error, "a definition cannot be read");
            Status::internal("a definition that cannot be read")
        };
        let ballot = answer.ballot.unwrap_or_default();
        let options = ballot.contests.iter().flat_map(|contest| {
            let districts = contest.districts.iter();
            districts.flat_map(|district| &district.options)
        });
        let register: Register = toml::from_str(&answer.areas_toml).map_err(unread)?;
        let roles = options
            .map(|option| (option.option_id.clone(), option.role()))
            .collect();
        let rules: Rules = toml::from_str(&answer.rules_toml).map_err(unread)?;
        let needing = ballot.contests.iter().flat_map(|contest| {
            let districts = contest.districts.iter();
            let options = districts.flat_map(|district| &district.options);
            options.map(|option| Needing {
                contest: &contest.contest_id,
                option: &option.option_id,
                is_minority: option.minority,
                coalition_size: option.coalition_size,
            })
        });
        let thresholds = Thresholds::new(&rules, needing);
        let numbers = ballot.contests.iter().map(|contest| {
            let districts = contest.districts.iter();
            let ids = districts.flat_map(|district| &district.options);
            let mut numbers = BTreeMap::new();
            for option in ids {
                let next = numbers.len();
                numbers.entry(option.option_id.clone()).or_insert(next);
            }
            (contest.contest_id.clone(), numbers)
        });
        Ok(Self {
            numbers: numbers.collect(),
            roles,
            thresholds,
            areas: register
                .areas
                .into_iter()
                .map(|area| (area.id.to_string(), area.name))
                .collect(),
            ballot,
            presentation: toml::from_str(&answer.presentation_toml).map_err(unread)?,
        })
    }
}

/// Versions that are kept: that of the newest frame, and those of older revisions that somebody asked for.
const KEPT: usize = 8;

type Cell = Arc<OnceCell<Arc<Presented>>>;

/// The definitions of one election. Several who ask for the same wait for one call.
#[derive(Debug)]
pub(crate) struct Definitions {
    election: ElectionId,
    results: ResultsServiceClient<Channel>,
    kept: Mutex<Vec<(Vec<PartVersion>, Cell)>>,
}

impl Definitions {
    pub fn new(election: ElectionId, results: Channel) -> Self {
        Self {
            election,
            results: ResultsServiceClient::new(results)
                .max_decoding_message_size(service_runtime::limits::MESSAGE_BYTES_MAX),
            kept: Mutex::new(Vec::new()),
        }
    }

    /// The definition that a frame is of.
    pub async fn of(&self, body: &FrameBody) -> Result<Arc<Presented>, FeedError> {
        let cell = self.cell(&body.parts);
        let presented = cell.get_or_try_init(|| self.ask(body.revision)).await;
        presented.cloned().map_err(|status| {
            let scope = Scope::Election(self.election.clone());
            FeedError::of_upstream(status, &scope, body.revision)
        })
    }

    fn cell(&self, parts: &[PartVersion]) -> Cell {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cell)) = kept.iter().find(|(known, _)| known == parts) {
            return Arc::clone(cell);
        }
        if kept.len() == KEPT {
            kept.remove(0);
        }
        let cell = Cell::default();
        kept.push((parts.to_vec(), Arc::clone(&cell)));
        cell
    }

    async fn ask(&self, revision: u64) -> Result<Arc<Presented>, Status> {
        let request = GetDefinitionRequest {
            election_id: self.election.to_string(),
            view: View::Public.into(),
            revision,
        };
        let answer = self.results.clone().get_definition(request).await?;
        Ok(Arc::new(answer.into_inner().try_into()?))
    }
}
