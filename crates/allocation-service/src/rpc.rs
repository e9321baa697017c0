//! The border of the service: messages in, messages out.

use crate::certain;
use crate::comparison;
use crate::error::AllocationError;
use crate::follower::Moment;
use crate::narrowed::Narrowed;
use crate::seats::{Explained, standings};
use crate::service::{Service, Viewer};
use crate::stateless;
use crate::words::Style;
use election::declaration::check_declaration;
use election::definition::DistrictBallot;
use election::districted::{Names, check_district, check_whole};
use election::ids::{ElectionId, OptionId, Revision};
use election::report::{Refusal, RefusalCode};
use election::tally::district_index;
use futures::{Stream, StreamExt as _};
use std::pin::Pin;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use wire::allocation::v1::allocation_service_server::AllocationService;
use wire::allocation::v1::{
    AllocateDistrictsRequest, AllocateDistrictsResponse, AllocateRequest, AllocateResponse,
    BatchAllocateRequest, BatchAllocateResponse, BoundSeatsRequest, BoundSeatsResponse,
    CheckDeclarationRequest, CheckDeclarationResponse, CompareRequest, CompareResponse,
    GetStandingsRequest, GetStandingsResponse, ListProfilesRequest, ListProfilesResponse,
    WatchStandingsRequest, WatchStandingsResponse,
};
use wire::common::v1::View;
use wire::{
    AllocationBatch, AllocationRequest, BoundsRequest, Comparison, DistrictsRequest, Position,
};

/// The service as the contract has it.
#[derive(Debug, Clone)]
pub(crate) struct Rpc {
    pub service: Arc<Service>,
}

#[tonic::async_trait]
impl AllocationService for Rpc {
    async fn allocate(
        &self,
        request: Request<AllocateRequest>,
    ) -> Result<Response<AllocateResponse>, Status> {
        let request =
            AllocationRequest::try_from(request.into_inner()).map_err(AllocationError::from)?;
        let answer = self.service.compute_while_awaited(move |is_over| {
            stateless::allocate_while_awaited(&request, is_over)
        });
        Ok(Response::new(answer.await??))
    }

    async fn batch_allocate(
        &self,
        request: Request<BatchAllocateRequest>,
    ) -> Result<Response<BatchAllocateResponse>, Status> {
        let batch =
            AllocationBatch::try_from(request.into_inner()).map_err(AllocationError::from)?;
        let answer = self
            .service
            .compute_while_awaited(|is_over| comparison::batch_allocate(batch, is_over));
        Ok(Response::new(answer.await??))
    }

    async fn compare(
        &self,
        request: Request<CompareRequest>,
    ) -> Result<Response<CompareResponse>, Status> {
        let asked = Comparison::try_from(request.into_inner()).map_err(AllocationError::from)?;
        let answer = self
            .service
            .compute_while_awaited(|is_over| comparison::compare(asked, is_over));
        Ok(Response::new(answer.await??))
    }

    async fn list_profiles(
        &self,
        request: Request<ListProfilesRequest>,
    ) -> Result<Response<ListProfilesResponse>, Status> {
        let ListProfilesRequest { name } = request.into_inner();
        Ok(Response::new(comparison::list_profiles(&name)?))
    }

    async fn allocate_districts(
        &self,
        request: Request<AllocateDistrictsRequest>,
    ) -> Result<Response<AllocateDistrictsResponse>, Status> {
        let request =
            DistrictsRequest::try_from(request.into_inner()).map_err(AllocationError::from)?;
        let answer = self.service.compute_while_awaited(move |is_over| {
            stateless::allocate_districts_while_awaited(&request, is_over)
        });
        Ok(Response::new(answer.await??))
    }

    async fn bound_seats(
        &self,
        request: Request<BoundSeatsRequest>,
    ) -> Result<Response<BoundSeatsResponse>, Status> {
        let request =
            BoundsRequest::try_from(request.into_inner()).map_err(AllocationError::from)?;
        let answer = self.service.compute_while_awaited(move |is_over| {
            certain::bound_seats_while_awaited(&request, is_over)
        });
        Ok(Response::new(answer.await??))
    }

    async fn get_standings(
        &self,
        request: Request<GetStandingsRequest>,
    ) -> Result<Response<GetStandingsResponse>, Status> {
        let GetStandingsRequest {
            election_id,
            view,
            revision,
            contest_id,
            district_id,
            include_steps,
            include_margins,
            explanation,
        } = request.into_inner();
        let words = explanation.as_ref().map(Style::try_from).transpose();
        let narrowed = Narrowed {
            contest: contest_id,
            district: district_id,
        };
        let explained = Explained {
            steps: include_steps,
            margins: include_margins,
            words: words.map_err(AllocationError::from)?,
        };
        let (election, viewer) = (election(&election_id)?, viewer(view)?);
        let standings = self
            .service
            .standings(&election, viewer, Revision(revision), narrowed, explained)
            .await?;
        Ok(Response::new(GetStandingsResponse {
            standings: Some(standings),
        }))
    }

    type WatchStandingsStream =
        Pin<Box<dyn Stream<Item = Result<WatchStandingsResponse, Status>> + Send>>;

    async fn watch_standings(
        &self,
        request: Request<WatchStandingsRequest>,
    ) -> Result<Response<Self::WatchStandingsStream>, Status> {
        let WatchStandingsRequest {
            election_id,
            view,
            resume_token,
        } = request.into_inner();
        let token = resume_token.map(Position::try_from).transpose();
        let token = token
            .map_err(wire::within("resume_token"))
            .map_err(AllocationError::from)?;
        let (election, viewer) = (election(&election_id)?, viewer(view)?);
        let stream = self.service.watch(&election, viewer, token).await?;
        Ok(Response::new(Box::pin(
            stream.map(|event| event.map_err(Status::from)),
        )))
    }

    async fn check_declaration(
        &self,
        request: Request<CheckDeclarationRequest>,
    ) -> Result<Response<CheckDeclarationResponse>, Status> {
        let CheckDeclarationRequest {
            election_id,
            view,
            revision,
            contest_id,
            district_id,
            rows,
        } = request.into_inner();
        let narrowed = Narrowed {
            contest: contest_id,
            district: district_id,
        };
        let (election, viewer) = (election(&election_id)?, viewer(view)?);
        let rows = wire::seat_rows(rows).map_err(AllocationError::from)?;
        let revision = Revision(revision);
        let moment = self.service.moment(&election, viewer, revision).await?;
        let answer = self
            .service
            .compute(move || check(&moment, &narrowed, &rows));
        Ok(Response::new(answer.await??))
    }
}

fn check(
    moment: &Moment,
    narrowed: &Narrowed,
    rows: &[(OptionId, u32)],
) -> Result<CheckDeclarationResponse, AllocationError> {
    if let Some(above) = check_above(moment, narrowed, rows)? {
        return Ok(above);
    }
    let (contest, district) = narrowed.place(&moment.tally)?;
    let seats = moment.seats().districts[contest][district]
        .as_ref()
        .ok_or_else(|| {
            let rule = "the rules give no seats to this contest";
            Refusal::new(RefusalCode::State, "contest_id", &narrowed.contest, rule)
        })?;
    let ballot = &moment.tally.outline.ballot.contests[contest].districts[district];
    let indexed = indexed(ballot, rows)?;
    let findings = check_declaration(&seats.question, &seats.result, &indexed);
    let sent = standings(moment);
    let allocation = sent.contests.into_iter().nth(contest);
    let allocation =
        allocation.and_then(|contest| contest.districts.into_iter().nth(district)?.allocation);
    Ok(CheckDeclarationResponse {
        token: Some(moment.position().into()),
        findings: findings
            .iter()
            .map(|finding| wire::finding(ballot, finding))
            .collect(),
        allocation,
    })
}

/// A check of a contest whose districts hang together; `None`: it is another one.
fn check_above(
    moment: &Moment,
    narrowed: &Narrowed,
    rows: &[(OptionId, u32)],
) -> Result<Option<CheckDeclarationResponse>, AllocationError> {
    let contest = narrowed.contest_place(&moment.tally)?;
    let Some(above) = &moment.seats().above[contest] else {
        return Ok(None);
    };
    let names = &above.question.names;
    let ballot = &moment.tally.outline.ballot;
    let findings = match district_index(ballot, &narrowed.district) {
        Some(district) => {
            let entry = &ballot.contests[contest].districts[district];
            let rows = indexed(entry, rows)?;
            let found = check_district(&moment.tally, above, contest, district, &rows);
            found
                .iter()
                .map(|found| wire::finding(entry, found))
                .collect()
        }
        None => {
            let district = (!narrowed.district.is_empty()).then_some(&narrowed.district);
            let mut known = names.districts.iter();
            let district = match district {
                Some(id) => Some(known.find(|known| known.as_str() == id).ok_or_else(|| {
                    AllocationError::NoSuchPlace {
                        kind: "district",
                        id: id.clone(),
                    }
                })?),
                None => None,
            };
            known_lists(names, rows)?;
            let found = check_whole(above, district, rows);
            found
                .iter()
                .map(|found| wire::list_finding(names, found))
                .collect()
        }
    };
    Ok(Some(CheckDeclarationResponse {
        token: Some(moment.position().into()),
        findings,
        allocation: None,
    }))
}

fn known_lists(names: &Names, rows: &[(OptionId, u32)]) -> Result<(), AllocationError> {
    for (number, (option, _)) in rows.iter().enumerate() {
        let field = format!("rows[{number}].option_id");
        if names.list(option).is_none() {
            let rule = "must be a list of the contest";
            return Err(Refusal::new(RefusalCode::UnknownOption, field, option, rule).into());
        }
        if rows[..number].iter().any(|(known, _)| known == option) {
            let rule = "may be declared once";
            return Err(Refusal::new(RefusalCode::RepeatedOption, field, option, rule).into());
        }
    }
    Ok(())
}

/// Declared rows by the index on the district's ballot.
fn indexed(
    ballot: &DistrictBallot,
    rows: &[(OptionId, u32)],
) -> Result<Vec<(u32, u32)>, AllocationError> {
    let mut indexed = Vec::with_capacity(rows.len());
    for (number, (option, seats)) in rows.iter().enumerate() {
        let place = (0_u32..)
            .zip(&ballot.options)
            .find(|(_, candidate)| candidate.id == *option);
        let (index, _) = place.ok_or_else(|| {
            let field = format!("rows[{number}].option_id");
            Refusal::new(
                RefusalCode::UnknownOption,
                field,
                option,
                "must be an option of the district's ballot",
            )
        })?;
        if indexed.iter().any(|(known, _)| *known == index) {
            let field = format!("rows[{number}].option_id");
            let rule = "may be declared once";
            return Err(Refusal::new(RefusalCode::RepeatedOption, field, option, rule).into());
        }
        indexed.push((index, *seats));
    }
    Ok(indexed)
}

fn election(id: &str) -> Result<ElectionId, AllocationError> {
    Ok(wire::id("election_id", id, ElectionId::new)?)
}

fn viewer(view: i32) -> Result<Viewer, AllocationError> {
    match View::try_from(view) {
        // Who asks for nothing gets nothing that is embargoed.
        Ok(View::Unspecified | View::Public) => Ok(Viewer::Public),
        Ok(View::Head) => Ok(Viewer::Head),
        Err(_) => {
            let rule = "must be VIEW_PUBLIC or VIEW_HEAD";
            Err(Refusal::new(RefusalCode::Shape, "view", view, rule).into())
        }
    }
}
