//! Reads: single answers and pages.

use election::ids::{ElectionId, UnitId};
use futures::{Stream, stream};
use tonic::transport::Channel;
use wire::allocation::v1 as allocation;
use wire::allocation::v1::allocation_service_client::AllocationServiceClient;
use wire::common::v1::View;
use wire::feed::v1 as feed;
use wire::feed::v1::live_feed_service_client::LiveFeedServiceClient;
use wire::results::v1 as results;
use wire::results::v1::results_service_client::ResultsServiceClient;

use crate::Client;
use crate::error::ClientError;
use crate::service::Calls;

/// Makes a call of one request and one response, with a client of its own for each attempt.
macro_rules! call {
    ($client:expr, $stub:ident :: $method:ident, $request:expr) => {
        $client.call(<$stub<Channel> as Calls>::SERVICE, $request, |request| {
            let mut stub = $stub::new($client.channel(<$stub<Channel> as Calls>::SERVICE));
            async move { stub.$method(request).await }
        })
    };
}
pub(crate) use call;

/// Reads page after page, from the request's own page token to the last page.
macro_rules! pages {
    ($client:expr, $method:ident, $request:expr) => {{
        let client = $client.clone();
        stream::try_unfold(Some($request), move |request| {
            let client = client.clone();
            async move {
                let Some(mut request) = request else {
                    return Ok(None);
                };
                let page = call!(client, ResultsServiceClient::$method, request.clone()).await?;
                request.page_token.clone_from(&page.next_page_token);
                let next = (!page.next_page_token.is_empty()).then_some(request);
                Ok(Some((page, next)))
            }
        })
    }};
}

impl Client {
    /// The standings of an election at a revision.
    ///
    /// # Errors
    /// As AllocationService says.
    pub async fn get_standings(
        &self,
        request: allocation::GetStandingsRequest,
    ) -> Result<allocation::Standings, ClientError> {
        let response = call!(self, AllocationServiceClient::get_standings, request).await?;
        response.standings.ok_or(ClientError::Missing("standings"))
    }

    /// Allots seats by the votes and rules of the request.
    ///
    /// # Errors
    /// As AllocationService says: rules that mean nothing, a base that is missing, with the field's path.
    pub async fn allocate(
        &self,
        request: allocation::AllocateRequest,
    ) -> Result<allocation::AllocateResponse, ClientError> {
        call!(self, AllocationServiceClient::allocate, request).await
    }

    /// Allots seats for several requests, each answered by itself.
    ///
    /// # Errors
    /// As AllocationService says: a batch that is too large as a whole.
    pub async fn batch_allocate(
        &self,
        requests: Vec<allocation::AllocateRequest>,
    ) -> Result<Vec<allocation::BatchAllocateAnswer>, ClientError> {
        let request = allocation::BatchAllocateRequest { requests };
        let response = call!(self, AllocationServiceClient::batch_allocate, request).await?;
        Ok(response.answers)
    }

    /// Allots seats by the same votes under several rules, with the differences.
    ///
    /// # Errors
    /// As AllocationService says: seats, lists and names that are wrong for all.
    pub async fn compare(
        &self,
        request: allocation::CompareRequest,
    ) -> Result<allocation::CompareResponse, ClientError> {
        call!(self, AllocationServiceClient::compare, request).await
    }

    /// Allots seats by the votes in districts that hang together and the rules over them.
    ///
    /// # Errors
    /// As AllocationService says: rules that mean nothing, a count that is missing, with the field's path.
    pub async fn allocate_districts(
        &self,
        request: allocation::AllocateDistrictsRequest,
    ) -> Result<allocation::AllocateDistrictsResponse, ClientError> {
        call!(self, AllocationServiceClient::allocate_districts, request).await
    }

    /// The laws that are known as data: the one of this name, or (empty) all of them.
    ///
    /// # Errors
    /// As AllocationService says: a name that no profile has.
    pub async fn list_profiles(&self, name: &str) -> Result<Vec<allocation::Profile>, ClientError> {
        let request = allocation::ListProfilesRequest { name: name.into() };
        let response = call!(self, AllocationServiceClient::list_profiles, request).await?;
        Ok(response.profiles)
    }

    /// Checks a declared result against the allocation, the size of the house and the lengths of the lists.
    ///
    /// # Errors
    /// As AllocationService says.
    pub async fn check_declaration(
        &self,
        request: allocation::CheckDeclarationRequest,
    ) -> Result<allocation::CheckDeclarationResponse, ClientError> {
        call!(self, AllocationServiceClient::check_declaration, request).await
    }

    /// The newest public frame of a scope.
    ///
    /// # Errors
    /// As LiveFeedService says.
    pub async fn get_frame(&self, scope: feed::Scope) -> Result<feed::Frame, ClientError> {
        let request = feed::GetFrameRequest { scope: Some(scope) };
        let response = call!(self, LiveFeedServiceClient::get_frame, request).await?;
        response.frame.ok_or(ClientError::Missing("frame"))
    }

    /// The definition at a revision (0: the newest), without its units.
    ///
    /// # Errors
    /// As ResultsService says.
    pub async fn get_definition(
        &self,
        election: &ElectionId,
        view: View,
        revision: u64,
    ) -> Result<results::GetDefinitionResponse, ClientError> {
        let request = results::GetDefinitionRequest {
            election_id: election.as_str().into(),
            view: view.into(),
            revision,
        };
        call!(self, ResultsServiceClient::get_definition, request).await
    }

    /// Totals at a revision.
    ///
    /// # Errors
    /// As ResultsService says.
    pub async fn get_tally(
        &self,
        request: results::GetTallyRequest,
    ) -> Result<results::GetTallyResponse, ClientError> {
        call!(self, ResultsServiceClient::get_tally, request).await
    }

    /// One unit with its tallies, at a revision (0: the newest).
    ///
    /// # Errors
    /// As ResultsService says.
    pub async fn get_unit(
        &self,
        election: &ElectionId,
        unit: &UnitId,
        view: View,
        revision: u64,
    ) -> Result<results::GetUnitResponse, ClientError> {
        let request = results::GetUnitRequest {
            election_id: election.as_str().into(),
            view: view.into(),
            revision,
            unit_id: unit.as_str().into(),
        };
        call!(self, ResultsServiceClient::get_unit, request).await
    }

    /// Pages of units in the order of the register, all of one revision.
    pub fn list_units(
        &self,
        request: results::ListUnitsRequest,
    ) -> impl Stream<Item = Result<results::ListUnitsResponse, ClientError>> + Send + use<> {
        pages!(self, list_units, request)
    }

    /// Pages of everything that happened to a unit, oldest first.
    pub fn history(
        &self,
        request: results::GetUnitHistoryRequest,
    ) -> impl Stream<Item = Result<results::GetUnitHistoryResponse, ClientError>> + Send + use<>
    {
        pages!(self, get_unit_history, request)
    }

    /// Pages of the reports that wait for a reviewer, oldest first.
    pub fn list_pending(
        &self,
        request: results::ListPendingRequest,
    ) -> impl Stream<Item = Result<results::ListPendingResponse, ClientError>> + Send + use<> {
        pages!(self, list_pending, request)
    }

    /// Pages of the elections that the view may see.
    pub fn list_elections(
        &self,
        request: results::ListElectionsRequest,
    ) -> impl Stream<Item = Result<results::ListElectionsResponse, ClientError>> + Send + use<>
    {
        pages!(self, list_elections, request)
    }
}
