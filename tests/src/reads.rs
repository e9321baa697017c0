//! Reads of everything that is shown.

use std::collections::BTreeMap;

use client::{Client, ClientError};
use election::ids::{ElectionId, UnitId};
use futures::StreamExt as _;
use tonic::Code;
use wire::allocation::v1::{GetStandingsRequest, Standings};
use wire::common::v1::{ResumeToken, View};
use wire::feed::v1::scope::Scope as ScopeOf;
use wire::feed::v1::{ElectionScope, Frame, Scope};
use wire::results::v1::{
    GetTallyRequest, GetTallyResponse, GetUnitHistoryRequest, UnitHistoryEntry, UnitState,
};

use crate::cluster::{Cluster, Role};
use crate::eventually;

/// The standings of the head at a revision, as soon as allocation has reached it.
pub async fn standings_at(cluster: &Cluster, election: &ElectionId, revision: u64) -> Standings {
    standings(cluster, election, View::Head, revision).await
}

/// The standings of a view at a revision, as soon as allocation has reached it.
pub async fn standings(
    cluster: &Cluster,
    election: &ElectionId,
    view: View,
    revision: u64,
) -> Standings {
    let allocation = cluster.client(Role::Allocation);
    eventually("allocation has reached the revision", async || {
        let request = GetStandingsRequest {
            election_id: election.as_str().into(),
            view: view.into(),
            revision,
            ..GetStandingsRequest::default()
        };
        not_yet(allocation.get_standings(request).await)
    })
    .await
}

/// An answer, or none yet: what is asked for may not be there, or not be there again.
pub fn not_yet<T>(answer: Result<T, ClientError>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(error) => {
            let waits = matches!(
                error.code(),
                Code::OutOfRange | Code::NotFound | Code::Unavailable
            );
            assert!(waits, "{error}");
            None
        }
    }
}

/// Seats of the first contest by option; an option without seats is left out.
pub fn seats(standings: &Standings) -> BTreeMap<String, u32> {
    let options = standings
        .contests
        .first()
        .map(|contest| contest.options.as_slice());
    let rows = options.unwrap_or_default().iter().filter_map(|option| {
        let seats = option.seats.as_ref()?.seats?;
        Some((option.option_id.clone(), seats))
    });
    rows.filter(|(_, seats)| *seats > 0).collect()
}

/// Totals at a revision of the head.
pub async fn tally_at(cluster: &Cluster, election: &ElectionId, revision: u64) -> GetTallyResponse {
    let results = cluster.client(Role::Results);
    let request = GetTallyRequest {
        election_id: election.as_str().into(),
        view: View::Head.into(),
        revision,
        ..GetTallyRequest::default()
    };
    results
        .get_tally(request)
        .await
        .expect("totals can be read")
}

/// A unit as it stands.
pub async fn unit(cluster: &Cluster, election: &ElectionId, unit: &str) -> UnitState {
    let results = cluster.client(Role::Results);
    let unit = UnitId::new(unit).expect("a unit's id");
    let response = results.get_unit(election, &unit, View::Head, 0).await;
    response
        .expect("a unit can be read")
        .unit
        .expect("the answer has the unit")
}

/// Everything that happened to a unit.
pub async fn history(
    cluster: &Cluster,
    election: &ElectionId,
    unit: &str,
) -> Vec<UnitHistoryEntry> {
    let request = GetUnitHistoryRequest {
        election_id: election.as_str().into(),
        view: View::Head.into(),
        unit_id: unit.into(),
        ..GetUnitHistoryRequest::default()
    };
    let results = cluster.client(Role::Results);
    let pages: Vec<_> = results.history(request).collect().await;
    let pages = pages
        .into_iter()
        .map(|page| page.expect("a history can be read"));
    pages.flat_map(|page| page.entries).collect()
}

/// The scope of a whole election.
pub fn whole(election: &ElectionId) -> Scope {
    let election_id = election.as_str().into();
    Scope {
        scope: Some(ScopeOf::Election(ElectionScope { election_id })),
    }
}

/// The newest frame of a scope.
pub async fn frame(feed: &Client, scope: &Scope) -> Option<Frame> {
    not_yet(feed.get_frame(scope.clone()).await)
}

/// Where a frame stands.
pub fn place(frame: &Frame) -> (u64, u64) {
    let token = token(frame);
    (token.revision, token.publication_seq)
}

/// What resumes behind a frame.
pub fn token(frame: &Frame) -> ResumeToken {
    let envelope = frame.envelope.clone().expect("a frame has an envelope");
    envelope.token.expect("a frame has a token")
}
