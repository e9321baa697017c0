//! What is counted: reads, watching, and the hop from ingestion.

use std::pin::Pin;
use std::sync::Arc;

use election::definition::Part;
use election::ids::{ContestId, DistrictId, ElectionId, Revision};
use election::report::{Refusal, RefusalCode};
use election::stage::Mark;
use election::tally::{PartVersion, Tally};
use futures::{Stream, stream};
use tonic::{Request, Response, Status, Streaming};
use tracing::warn;
use wire::common::v1 as common;
use wire::results::v1 as proto;
use wire::results::v1::results_service_server::ResultsService;
use wire::{Position, timestamp};

use super::pages::page_size;
use super::{append, units};
use crate::error::Error;
use crate::hosted::Hosted;
use crate::role::{Role, Shared};
use crate::watch::{Eyes, Followed, Watcher};

/// The most elections of a page.
const ELECTIONS_PAGE_MAX: u32 = 1_000;

pub(super) struct Rpc(pub Role);

type Answer<T> = Result<Response<T>, Status>;
type AnswerStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl ResultsService for Rpc {
    type AppendBatchesStream = AnswerStream<proto::AppendBatchesResponse>;
    type WatchEventsStream = AnswerStream<proto::WatchEventsResponse>;

    async fn append_batches(
        &self,
        request: Request<Streaming<proto::AppendBatchesRequest>>,
    ) -> Answer<Self::AppendBatchesStream> {
        let answers = append::answers(self.0.shared.clone(), request.into_inner());
        Ok(Response::new(Box::pin(answers)))
    }

    async fn list_elections(
        &self,
        request: Request<proto::ListElectionsRequest>,
    ) -> Answer<proto::ListElectionsResponse> {
        let response = list_elections(&self.0.shared, request.into_inner()).await?;
        Ok(Response::new(response))
    }

    async fn get_definition(
        &self,
        request: Request<proto::GetDefinitionRequest>,
    ) -> Answer<proto::GetDefinitionResponse> {
        let proto::GetDefinitionRequest {
            election_id,
            view,
            revision,
        } = request.into_inner();
        let at = At::find(&self.0.shared, &election_id, view, revision)?;
        Ok(Response::new(at.definition(&*at.tally().await?)))
    }

    async fn list_units(
        &self,
        request: Request<proto::ListUnitsRequest>,
    ) -> Answer<proto::ListUnitsResponse> {
        let response = units::list(&self.0.shared, request.into_inner()).await?;
        Ok(Response::new(response))
    }

    async fn get_unit(
        &self,
        request: Request<proto::GetUnitRequest>,
    ) -> Answer<proto::GetUnitResponse> {
        let response = units::get(&self.0.shared, request.into_inner()).await?;
        Ok(Response::new(response))
    }

    async fn batch_get_units(
        &self,
        request: Request<proto::BatchGetUnitsRequest>,
    ) -> Answer<proto::BatchGetUnitsResponse> {
        let response = units::batch_get(&self.0.shared, request.into_inner()).await?;
        Ok(Response::new(response))
    }

    async fn get_unit_history(
        &self,
        request: Request<proto::GetUnitHistoryRequest>,
    ) -> Answer<proto::GetUnitHistoryResponse> {
        let response = units::history(&self.0.shared, request.into_inner()).await?;
        Ok(Response::new(response))
    }

    async fn list_pending(
        &self,
        request: Request<proto::ListPendingRequest>,
    ) -> Answer<proto::ListPendingResponse> {
        let response = units::pending(&self.0.shared, request.into_inner()).await?;
        Ok(Response::new(response))
    }

    async fn get_tally(
        &self,
        request: Request<proto::GetTallyRequest>,
    ) -> Answer<proto::GetTallyResponse> {
        let proto::GetTallyRequest {
            election_id,
            view,
            revision,
            contest_id,
            district_id,
        } = request.into_inner();
        let at = At::find(&self.0.shared, &election_id, view, revision)?;
        let tally = at.tally().await?;
        Ok(Response::new(at.totals(
            &tally,
            &contest_id,
            &district_id,
        )?))
    }

    async fn watch_events(
        &self,
        request: Request<proto::WatchEventsRequest>,
    ) -> Answer<Self::WatchEventsStream> {
        let watcher = watcher(&self.0.shared, request.into_inner())?;
        let answers = stream::unfold(Some(watcher), |watcher| async {
            let mut watcher = watcher?;
            Some(match watcher.next().await {
                Ok(followed) => (Ok(events(followed)), Some(watcher)),
                Err(error) => (Err(error.into()), None),
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// What a read is of: an election at a revision that the view may see.
pub(super) struct At {
    pub hosted: Arc<Hosted>,
    pub eyes: Eyes,
    pub revision: Revision,
}

impl At {
    /// Finds the election, and the newest revision where none is named. In the public view an election that is not open
    /// is one that is not there, and a revision that is embargoed is one that is not there.
    pub fn find(shared: &Arc<Shared>, id: &str, view: i32, revision: u64) -> Result<Self, Error> {
        let eyes = eyes(view)?;
        let id = wire::id("election_id", id, ElectionId::new)?;
        let hosted = shared.hosted(&id)?;
        let newest = newest(shared, &hosted, eyes).ok_or_else(|| match eyes {
            Eyes::Head => hosted.lacks(eyes, Error::no_election(&id)),
            // Its opening may lie behind damage, but it may be embargoed too.
            Eyes::Public => Error::no_election(&id),
        })?;
        let revision = match Revision(revision) {
            Revision::ZERO => newest,
            revision if revision <= newest => revision,
            revision => return Err(hosted.lacks(eyes, Error::OutOfRange(revision))),
        };
        Ok(Self {
            hosted,
            eyes,
            revision,
        })
    }

    pub async fn tally(&self) -> Result<Arc<Tally>, Error> {
        self.hosted.tally_at(self.revision).await
    }

    /// The place in the log that the answer is of.
    pub fn token(&self) -> Option<common::ResumeToken> {
        self.hosted.with(|durable| {
            Position {
                log_id: durable.tally.log_id,
                revision: self.revision,
                publication_seq: durable.tally.publication.seq(),
            }
            .into()
        })
    }

    fn definition(&self, tally: &Tally) -> proto::GetDefinitionResponse {
        let outline = &tally.outline;
        proto::GetDefinitionResponse {
            token: self.token(),
            parts: part_versions(outline.versions),
            ballot_toml: election::bytes::part_text(&*outline.ballot),
            rules_toml: election::bytes::part_text(&*outline.rules),
            presentation_toml: election::bytes::part_text(&*outline.presentation),
            areas_toml: election::bytes::part_text(&*outline.areas),
            unit_count: units_registered(tally),
            ballot: Some((&*outline.ballot).into()),
        }
    }

    fn totals(
        &self,
        tally: &Tally,
        contest_id: &str,
        district_id: &str,
    ) -> Result<proto::GetTallyResponse, Error> {
        let ballot = &tally.outline.ballot;
        let only_contest = named("contest_id", contest_id, ContestId::new)?;
        let only_district = named("district_id", district_id, DistrictId::new)?;
        let mut tallies = Vec::new();
        let mut known = (only_contest.is_none(), only_district.is_none());
        for (contest, counted) in ballot.contests.iter().zip(&tally.contests) {
            if only_contest
                .as_ref()
                .is_some_and(|only| *only != contest.id)
            {
                continue;
            }
            known.0 = true;
            let districts = contest.districts.iter().zip(counted).zip(&tally.turnout);
            for ((district, counted), turnout) in districts {
                if only_district
                    .as_ref()
                    .is_some_and(|only| *only != district.id)
                {
                    continue;
                }
                known.1 = true;
                tallies.push(proto::DistrictTally {
                    contest_id: contest.id.as_str().into(),
                    district_id: district.id.as_str().into(),
                    votes: counted.votes.clone(),
                    totals: Some(wire::totals([counted], &ballot.counting_groups)),
                    turnout: Some(turnout.into()),
                });
            }
        }
        if !known.0 {
            return Err(nothing("contest", contest_id));
        }
        if !known.1 {
            return Err(nothing("district", district_id));
        }
        Ok(proto::GetTallyResponse {
            token: self.token(),
            revision_time: Some(timestamp(tally.time)),
            last_counted_time: tally.counted_time.map(timestamp),
            tallies,
            turnout: Some(wire::turnout(tally)),
        })
    }

    fn summary(&self, tally: &Tally) -> proto::ElectionSummary {
        let ballot = &tally.outline.ballot;
        let marks = Mark::ALL
            .into_iter()
            .filter(|mark| tally.marks[*mark as usize]);
        let publication = self
            .hosted
            .with(|durable| durable.tally.publication.clone());
        let publication = publication.as_ref();
        proto::ElectionSummary {
            election_id: ballot.election.as_str().into(),
            is_test: ballot.is_test,
            voting_day: ballot.voting_day.clone().unwrap_or_default(),
            token: self.token(),
            revision_time: Some(timestamp(tally.time)),
            stage: common::Stage::from(tally.stage).into(),
            marks: marks.map(|mark| common::Mark::from(mark).into()).collect(),
            publication: publication.map(|it| wire::publication_seen(it, self.revision)),
            unit_count: units_registered(tally),
            is_damaged: self.hosted.log_damage().is_some(),
        }
    }
}

async fn list_elections(
    shared: &Arc<Shared>,
    request: proto::ListElectionsRequest,
) -> Result<proto::ListElectionsResponse, Error> {
    let proto::ListElectionsRequest {
        view,
        page_size: size,
        page_token,
    } = request;
    let eyes = eyes(view)?;
    let size = page_size(size, ELECTIONS_PAGE_MAX)?;
    let mut elections = Vec::new();
    let mut next_page_token = String::new();
    for hosted in shared.opened()?.elections() {
        // The token is the id that the page starts with.
        if hosted.id.as_str() < page_token.as_str() {
            continue;
        }
        let Some(revision) = newest(shared, &hosted, eyes) else {
            continue;
        };
        if elections.len() == size {
            next_page_token = hosted.id.to_string();
            break;
        }
        let at = At {
            hosted,
            eyes,
            revision,
        };
        match at.tally().await {
            Ok(tally) => elections.push(at.summary(&tally)),
            // Damage of one log is told where that election is asked for: the others are listed all the same.
            Err(error @ (Error::Corrupt(_) | Error::Damaged | Error::ReadOnly(_))) => {
                warn!(election = %at.hosted.id, %error, "an election cannot be listed");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(proto::ListElectionsResponse {
        elections,
        next_page_token,
    })
}

fn watcher(shared: &Arc<Shared>, request: proto::WatchEventsRequest) -> Result<Watcher, Error> {
    let proto::WatchEventsRequest {
        election_id,
        view,
        from_revision,
        log_id,
    } = request;
    let eyes = eyes(view)?;
    let log_id = match log_id.is_empty() {
        true => None,
        false => Some(wire::log_id("log_id", &log_id)?),
    };
    let id = wire::id("election_id", &election_id, ElectionId::new)?;
    let hosted = shared.hosted(&id)?;
    Watcher::new(
        shared.clone(),
        hosted,
        eyes,
        Revision(from_revision),
        log_id,
    )
}

fn events(followed: Followed) -> proto::WatchEventsResponse {
    let Followed {
        log_id,
        first_revision,
        records,
        visible,
        publication,
        is_damaged,
    } = followed;
    let records = records.into_iter().map(|record| proto::Record {
        public_bytes: record.public,
        annex_bytes: record.annex,
    });
    proto::WatchEventsResponse {
        log_id: log_id.0.to_vec().into(),
        first_revision: first_revision.0,
        records: records.collect(),
        head_revision: visible.0,
        publication: Some(wire::publication_seen(&publication, visible)),
        is_damaged,
    }
}

/// The newest revision that the view may see; `None`: not even that there is such an election.
fn newest(shared: &Arc<Shared>, hosted: &Hosted, eyes: Eyes) -> Option<Revision> {
    match eyes {
        Eyes::Head => hosted.with(|durable| durable.tally.revision),
        Eyes::Public => hosted.public_revision(shared.now()),
    }
}

pub(super) fn eyes(view: i32) -> Result<Eyes, Refusal> {
    match common::View::try_from(view) {
        Ok(common::View::Unspecified | common::View::Public) => Ok(Eyes::Public),
        Ok(common::View::Head) => Ok(Eyes::Head),
        Err(_) => {
            let rule = "must be VIEW_PUBLIC or VIEW_HEAD";
            Err(Refusal::new(RefusalCode::Shape, "view", view, rule))
        }
    }
}

/// The parts of a definition with their versions, in their order.
pub(super) fn part_versions(versions: [PartVersion; 4]) -> Vec<common::PartVersion> {
    let parts = [
        Part::Ballot,
        Part::Register,
        Part::Rules,
        Part::Presentation,
    ];
    parts.into_iter().zip(versions).map(Into::into).collect()
}

pub(super) fn nothing(what: &'static str, id: &str) -> Error {
    let id = id.to_owned();
    Error::Nothing { what, id }
}

/// An id that may be left out.
pub(super) fn named<T>(
    field: &str,
    text: &str,
    constructor: impl FnOnce(&str) -> Result<T, election::ids::IdError>,
) -> Result<Option<T>, Refusal> {
    (!text.is_empty())
        .then(|| wire::id(field, text, constructor))
        .transpose()
}

fn units_registered(tally: &Tally) -> u32 {
    u32::try_from(tally.unit_names.len()).expect("an election has at most 4 million units")
}
