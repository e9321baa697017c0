//! The border of the service: messages in, messages out. `WatchFrames` goes through [`crate::passthrough`].

use crate::error::FeedError;
use crate::scope::Scope;
use crate::service::Service;
use crate::viewer::News;
use bytes::Bytes;
use election::ids::{DistrictId, ElectionId, UnitId};
use election::report::{Refusal, RefusalCode};
use futures::{Stream, StreamExt as _};
use std::pin::Pin;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use wire::Position;
use wire::feed::v1::live_feed_service_server::LiveFeedService;
use wire::feed::v1::scope::Scope as ProtoScope;
use wire::feed::v1::{
    DistrictScope, ElectionScope, GetFrameRequest, GetFrameResponse, UnitScope, WatchFramesRequest,
    WatchFramesResponse, WatchIndexRequest, WatchIndexResponse,
};

type Boxed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The service as the contract has it.
#[derive(Debug, Clone)]
pub(crate) struct Rpc {
    pub service: Arc<Service>,
}

impl Rpc {
    /// `WatchFrames`, with each answer encoded already and its length before it.
    pub fn watch_encoded(&self, request: WatchFramesRequest) -> Result<Boxed<Bytes>, FeedError> {
        let WatchFramesRequest {
            scope,
            resume_token,
        } = request;
        let scope = scope_of(scope)?;
        let seen = resume_token
            .map(Position::try_from)
            .transpose()
            .map_err(wire::within("resume_token"))?;
        let stream = self.service.watch(&scope, seen)?;
        Ok(Box::pin(
            stream.map(|news| news.map(News::message).map_err(Status::from)),
        ))
    }
}

#[tonic::async_trait]
impl LiveFeedService for Rpc {
    type WatchFramesStream = Boxed<WatchFramesResponse>;

    // The generated trait wants it, and no call comes here: `FeedServer`, through which all of them come, takes those of this
    // path itself, and hands on the bytes that were made once.
    async fn watch_frames(
        &self,
        _: Request<WatchFramesRequest>,
    ) -> Result<Response<Self::WatchFramesStream>, Status> {
        let why = "WatchFrames is answered before its messages would be made one by one";
        Err(Status::unimplemented(why))
    }

    type WatchIndexStream = Boxed<WatchIndexResponse>;

    async fn watch_index(
        &self,
        request: Request<WatchIndexRequest>,
    ) -> Result<Response<Self::WatchIndexStream>, Status> {
        let WatchIndexRequest {} = request.into_inner();
        let stream = self.service.watch_index()?;
        Ok(Response::new(Box::pin(
            stream.map(|response| response.map_err(Status::from)),
        )))
    }

    async fn get_frame(
        &self,
        request: Request<GetFrameRequest>,
    ) -> Result<Response<GetFrameResponse>, Status> {
        let GetFrameRequest { scope } = request.into_inner();
        let frame = self.service.frame(scope_of(scope)?).await?;
        Ok(Response::new(GetFrameResponse { frame: Some(frame) }))
    }
}

fn scope_of(scope: Option<wire::feed::v1::Scope>) -> Result<Scope, FeedError> {
    let election = |id: &str, field: &str| wire::id(field, id, ElectionId::new);
    match scope.and_then(|scope| scope.scope) {
        Some(ProtoScope::Election(ElectionScope { election_id })) => Ok(Scope::Election(election(
            &election_id,
            "scope.election.election_id",
        )?)),
        Some(ProtoScope::District(DistrictScope {
            election_id,
            district_id,
        })) => {
            wire::id("scope.district.district_id", &district_id, DistrictId::new)?;
            Ok(Scope::District(
                election(&election_id, "scope.district.election_id")?,
                district_id,
            ))
        }
        Some(ProtoScope::Unit(UnitScope {
            election_id,
            unit_id,
        })) => {
            wire::id("scope.unit.unit_id", &unit_id, UnitId::new)?;
            Ok(Scope::Unit(
                election(&election_id, "scope.unit.election_id")?,
                unit_id,
            ))
        }
        None => {
            let rule = "must be an election, a district or a unit";
            Err(Refusal::new(RefusalCode::Shape, "scope", "", rule).into())
        }
    }
}
