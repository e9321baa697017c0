//! Units over HTTP: the table of all, and pages of some for the page. Always at a revision that is shown already.

use crate::error::FeedError;
use crate::http::csv::{UnitsOf, units_add, units_begin};
use crate::http::encoded::{CSV, Encoded};
use crate::scope::{EncodedFrame, Scope, ScopeFeed};
use crate::service::Service;
use crate::upstream::Place;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use wire::common::v1::View;
use wire::results::v1::{ListUnitsRequest, ListUnitsResponse, UnitFilter};

/// Units on one page that the role behind is asked for.
const PAGE: u32 = 2_000;

/// How old the table may be: who asks sooner gets the same again, with the revision that it is of in each row.
const TABLE_AGE_MAX: Duration = Duration::from_secs(5);

/// The table of all units of an election, as it was made last.
#[derive(Debug)]
pub(crate) struct UnitsTable {
    place: Place,
    made: Instant,
    table: Arc<Encoded>,
}

/// `units.csv`.
pub(super) async fn table(service: &Service, scope: &Scope) -> Result<Arc<Encoded>, FeedError> {
    let (feed, frame) = service.lingering(scope).await?;
    if let Some(table) = kept(&feed, &frame) {
        return Ok(table);
    }
    let permit = service.costly()?;
    let body = frame.frame.body.clone().unwrap_or_default();
    let of = UnitsOf {
        election: scope.election().to_string(),
        is_test: body.is_test,
        revision: body.revision,
    };
    let presented = feed.upstream.definitions.of(&body).await?;
    let mut ids = HashMap::new();
    for contest in &presented.ballot.contests {
        for district in &contest.districts {
            let options = district.options.iter().map(|it| it.option_id.clone());
            let key = (contest.contest_id.clone(), district.district_id.clone());
            ids.insert(key, options.collect::<Vec<_>>());
        }
    }
    let option_id = |contest: &str, district: &str, index: u32| {
        let options = ids.get(&(contest.to_owned(), district.to_owned()));
        let place = usize::try_from(index).ok();
        let id = options.and_then(|options| options.get(place?));
        id.cloned().unwrap_or_default()
    };
    let mut rows = units_begin();
    let mut token = String::new();
    loop {
        let page = list(
            service,
            scope,
            body.revision,
            UnitFilter::default(),
            PAGE,
            token,
        )
        .await?;
        units_add(&mut rows, &of, &page.units, option_id);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let encoded = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let encoded = Encoded::new(CSV, rows.bytes());
        encoded.compress();
        Arc::new(encoded)
    });
    let table = encoded.await.map_err(|_| FeedError::Stopping)?;
    let made = UnitsTable {
        place: frame.place,
        made: Instant::now(),
        table: Arc::clone(&table),
    };
    let mut newest = feed
        .upstream
        .units_table
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    *newest = Some(made);
    Ok(table)
}

fn kept(feed: &ScopeFeed, frame: &EncodedFrame) -> Option<Arc<Encoded>> {
    let newest = feed
        .upstream
        .units_table
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let newest = newest.as_ref()?;
    let is_good = newest.place == frame.place
        || (newest.place.is_comparable(frame.place) && newest.made.elapsed() < TABLE_AGE_MAX);
    is_good.then(|| Arc::clone(&newest.table))
}

/// A page of units at a revision that is shown.
pub(crate) async fn list(
    service: &Service,
    scope: &Scope,
    revision: u64,
    filter: UnitFilter,
    page_size: u32,
    page_token: String,
) -> Result<ListUnitsResponse, FeedError> {
    let request = ListUnitsRequest {
        election_id: scope.election().to_string(),
        view: View::Public.into(),
        revision,
        filter: Some(filter),
        states_only: false,
        page_size,
        page_token,
    };
    let answer = service.results().list_units(request).await;
    let answer = answer.map_err(|status| FeedError::of_upstream(status, scope, revision))?;
    Ok(answer.into_inner())
}
