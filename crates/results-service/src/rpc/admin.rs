//! Officials' commands.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use election::command::Command;
use election::definition::{Definition, Part, Unit};
use election::ids::ElectionId;
use election::report::{Refusal, RefusalCode};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::timeout;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};
use wire::common::v1::PartVersion;
use wire::results::v1 as proto;
use wire::results::v1::admin_service_server::AdminService;
use wire::results::v1::define_election_request::Part as DefinitionMessage;
use wire::{Addressed, DefinitionOutline};

use super::append::check_principal;
use crate::entropy;
use crate::error::Error;
use crate::hosted::Hosted;
use crate::role::Role;
use crate::work::{Order, Work, Written};

/// The metadata in which whatever authenticates officials names the caller.
const PRINCIPAL: &str = "x-hemicycle-principal";
/// How long a definition may take to come: nobody else can define meanwhile.
const DEFINITION_TIME_MAX: Duration = Duration::from_secs(60);
/// Who a command is from when nobody says so.
const NOBODY: &str = "official";

pub(super) struct Rpc(pub Role);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl AdminService for Rpc {
    async fn define_election(
        &self,
        request: Request<Streaming<proto::DefineElectionRequest>>,
    ) -> Answer<proto::DefineElectionResponse> {
        let principal = principal(request.metadata())?;
        // The turn comes first, so that only one definition is ever in memory.
        let turn = self.0.shared.definition_turn().await?;
        let reading = timeout(DEFINITION_TIME_MAX, read_definition(request.into_inner()));
        let late = |_| Status::deadline_exceeded("the definition did not come within 60 s");
        let definition = reading.await.map_err(late)??;
        let (written, hosted) = self.define(turn, principal, definition).await?;
        let known = hosted.with(|durable| (durable.tally.log_id, durable.tally.outline.versions));
        let (log_id, versions) = known.ok_or_else(|| Error::no_election(&hosted.id))?;
        Ok(Response::new(proto::DefineElectionResponse {
            written: Some(written),
            log_id: log_id.0.to_vec().into(),
            parts: super::results::part_versions(versions),
        }))
    }

    async fn amend_register(
        &self,
        request: Request<proto::AmendRegisterRequest>,
    ) -> Answer<proto::AmendRegisterResponse> {
        let (written, hosted) = self.order(request).await?;
        Ok(Response::new(proto::AmendRegisterResponse {
            written: Some(written),
            register: part(&hosted, Part::Register),
        }))
    }

    async fn amend_rules(
        &self,
        request: Request<proto::AmendRulesRequest>,
    ) -> Answer<proto::AmendRulesResponse> {
        let (written, hosted) = self.order(request).await?;
        Ok(Response::new(proto::AmendRulesResponse {
            written: Some(written),
            rules: part(&hosted, Part::Rules),
        }))
    }

    async fn amend_presentation(
        &self,
        request: Request<proto::AmendPresentationRequest>,
    ) -> Answer<proto::AmendPresentationResponse> {
        let (written, hosted) = self.order(request).await?;
        Ok(Response::new(proto::AmendPresentationResponse {
            written: Some(written),
            presentation: part(&hosted, Part::Presentation),
        }))
    }

    async fn review_report(
        &self,
        request: Request<proto::ReviewReportRequest>,
    ) -> Answer<proto::ReviewReportResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::ReviewReportResponse { written }))
    }

    async fn withdraw_report(
        &self,
        request: Request<proto::WithdrawReportRequest>,
    ) -> Answer<proto::WithdrawReportResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::WithdrawReportResponse { written }))
    }

    async fn correct_turnout(
        &self,
        request: Request<proto::CorrectTurnoutRequest>,
    ) -> Answer<proto::CorrectTurnoutResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::CorrectTurnoutResponse { written }))
    }

    async fn set_unit_status(
        &self,
        request: Request<proto::SetUnitStatusRequest>,
    ) -> Answer<proto::SetUnitStatusResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::SetUnitStatusResponse { written }))
    }

    async fn draw_lot(
        &self,
        request: Request<proto::DrawLotRequest>,
    ) -> Answer<proto::DrawLotResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::DrawLotResponse { written }))
    }

    async fn change_candidates(
        &self,
        request: Request<proto::ChangeCandidatesRequest>,
    ) -> Answer<proto::ChangeCandidatesResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::ChangeCandidatesResponse { written }))
    }

    async fn open_class(
        &self,
        request: Request<proto::OpenClassRequest>,
    ) -> Answer<proto::OpenClassResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::OpenClassResponse { written }))
    }

    async fn move_publication(
        &self,
        request: Request<proto::MovePublicationRequest>,
    ) -> Answer<proto::MovePublicationResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::MovePublicationResponse { written }))
    }

    async fn set_stage(
        &self,
        request: Request<proto::SetStageRequest>,
    ) -> Answer<proto::SetStageResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::SetStageResponse { written }))
    }

    async fn set_mark(
        &self,
        request: Request<proto::SetMarkRequest>,
    ) -> Answer<proto::SetMarkResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::SetMarkResponse { written }))
    }

    async fn declare_result(
        &self,
        request: Request<proto::DeclareResultRequest>,
    ) -> Answer<proto::DeclareResultResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::DeclareResultResponse { written }))
    }

    async fn certify_result(
        &self,
        request: Request<proto::CertifyResultRequest>,
    ) -> Answer<proto::CertifyResultResponse> {
        let written = Some(self.order(request).await?.0);
        Ok(Response::new(proto::CertifyResultResponse { written }))
    }
}

impl Rpc {
    /// Sends a request's command to its election and waits until what it wrote is durable.
    async fn order<R>(&self, request: Request<R>) -> Result<(proto::Written, Arc<Hosted>), Error>
    where
        Addressed: TryFrom<R, Error = Refusal>,
    {
        let principal = principal(request.metadata())?;
        let (id, command) = Addressed::try_from(request.into_inner())?;
        let hosted = self.0.shared.hosted(&id)?;
        let written = send(&hosted, principal, command).await?;
        Ok((written, hosted))
    }

    /// Defines an election, or completes one whose definition was cut off.
    async fn define(
        &self,
        turn: OwnedSemaphorePermit,
        principal: String,
        definition: Definition,
    ) -> Result<(proto::Written, Arc<Hosted>), Error> {
        let shared = self.0.shared.clone();
        // A task of its own: a caller who goes away must not leave an election behind that was never defined.
        let defining = tokio::spawn(async move {
            let _turn = turn;
            let opened = shared.opened()?;
            let id: ElectionId = definition.ballot.election.clone();
            let hosted = opened.hosted(&id);
            let hosted = hosted.unwrap_or_else(|| opened.host_new(&shared, &id));
            let command = Command::Define {
                definition: Box::new(definition),
                log_id: entropy::log_id(&*shared.entropy),
            };
            let written = send(&hosted, principal, command).await;
            opened.forget(&hosted);
            Ok((written?, hosted))
        });
        let stopped = |_| Error::Unavailable("the service stops");
        defining.await.map_err(stopped)?
    }
}

async fn send(
    hosted: &Hosted,
    principal: String,
    command: Command,
) -> Result<proto::Written, Error> {
    let lost = || Error::Unavailable("the service stops or recovers, the outcome is not known");
    let (answer, answered) = oneshot::channel();
    let order = Order {
        principal,
        command,
        answer,
    };
    hosted.send(Work::Order(order)).await;
    let Written {
        first_revision,
        last_revision,
        event_count,
    } = answered.await.map_err(|_| lost())??;
    Ok(proto::Written {
        first_revision: first_revision.0,
        last_revision: last_revision.0,
        event_count,
    })
}

/// Who calls, as whatever authenticates officials says.
fn principal(metadata: &MetadataMap) -> Result<String, Error> {
    let Some(value) = metadata.get(PRINCIPAL) else {
        return Ok(NOBODY.to_owned());
    };
    let principal = value
        .to_str()
        .map_err(|_| Refusal::new(RefusalCode::Shape, PRINCIPAL, "", "must be printable ASCII"))?;
    check_principal(principal)?;
    Ok(principal.to_owned())
}

fn part(hosted: &Hosted, part: Part) -> Option<PartVersion> {
    let versions = hosted.with(|durable| durable.tally.outline.versions)?;
    Some((part, versions[part as usize - 1]).into())
}

/// Reads the messages of a definition: first its head, then as many units as that announces.
async fn read_definition(
    mut messages: Streaming<proto::DefineElectionRequest>,
) -> Result<Definition, Status> {
    let first = messages.message().await?.and_then(|message| message.part);
    let Some(DefinitionMessage::Head(head)) = first else {
        return Err(shape("part", "the first message must be the head").into());
    };
    let outline = DefinitionOutline::try_from(head).map_err(wire::within("head"));
    let outline = outline.map_err(Error::from)?;
    let announced = usize::try_from(outline.unit_count).unwrap_or(usize::MAX);
    let mut definition = outline.definition;
    let units = &mut definition.register.units;
    while let Some(message) = messages.message().await? {
        let Some(DefinitionMessage::Units(chunk)) = message.part else {
            return Err(shape("part", "every message after the first must be units").into());
        };
        units.extend(Vec::<Unit>::try_from(chunk).map_err(Error::from)?);
        if units.len() > announced {
            break;
        }
    }
    if units.len() != announced {
        let rule = format!("{} units came", units.len());
        let refusal = Refusal::new(RefusalCode::Shape, "head.unit_count", announced, rule);
        return Err(Error::from(refusal).into());
    }
    Ok(definition)
}

fn shape(field: &str, rule: &str) -> Error {
    Refusal::new(RefusalCode::Shape, field, "", rule).into()
}
