//! Units over HTTP: the table of all, and pages of some for the page. Always at a revision that is shown already.

use crate::error::FeedError;
use crate::http::csv::{UnitsOf, units_add, units_begin};
use crate::http::encoded::{CSV, Encoded};
use crate::scope::{EncodedFrame, Scope, ScopeFeed};
use crate::service::Service;
use crate::upstream::Place;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use wire::common::v1::View;
use wire::results::v1::{ListUnitsRequest, ListUnitsResponse, UnitFilter};

/// Units on one page that the role behind is asked for.
const PAGE: u32 = 2_000;

/// How old the table may be: who asks sooner gets the same again, with the revision that it is of in each row.
const TABLE_AGE_MAX: Duration = Duration::from_secs(5);

/// Tables from before the newest that are kept for who still reads them: at least for forty seconds, as one is made in five.
const FORMER_MAX: usize = 8;
/// How much memory they take, in bytes; the last one is kept whatever its size.
const FORMER_BYTES_MAX: usize = 64 << 20;

/// The table of all units of an election: the newest that was made, and whose turn it is to make the next.
#[derive(Debug)]
pub(crate) struct UnitsTables {
    kept: Mutex<Kept>,
    turn: Semaphore,
}

#[derive(Debug, Default)]
struct Kept {
    newest: Option<UnitsTable>,
    former: VecDeque<Arc<Encoded>>,
}

#[derive(Debug)]
struct UnitsTable {
    place: Place,
    /// When its units began to be read: what came later may be missing from it.
    begun: Instant,
    table: Arc<Encoded>,
}

impl UnitsTables {
    pub fn new() -> Self {
        Self {
            kept: Mutex::default(),
            turn: Semaphore::new(1),
        }
    }

    fn good(&self, frame: &EncodedFrame) -> Option<Arc<Encoded>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = kept.newest.as_ref()?;
        let is_good = newest.place == frame.place
            || (newest.place.is_comparable(frame.place) && newest.begun.elapsed() < TABLE_AGE_MAX);
        is_good.then(|| Arc::clone(&newest.table))
    }

    // The newest from now on: this one, or the one that is there already and is above it in the same log.
    fn keep(&self, place: Place, begun: Instant, table: Encoded) -> Arc<Encoded> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &kept.newest
            && known.place.is_comparable(place)
            && known.place.order() > place.order()
        {
            return Arc::clone(&known.table);
        }
        let table = Arc::new(table);
        let newest = UnitsTable {
            place,
            begun,
            table: Arc::clone(&table),
        };
        if let Some(former) = kept.newest.replace(newest) {
            kept.former.push_back(former.table);
        }
        kept.forget(FORMER_BYTES_MAX);
        table
    }
}

impl Kept {
    // Readers do not hold a table: those who still read one that is forgotten are cut off.
    fn forget(&mut self, bytes_max: usize) {
        let bytes = |former: &VecDeque<Arc<Encoded>>| -> usize {
            former.iter().map(|table| table.bytes_held()).sum()
        };
        while self.former.len() > FORMER_MAX
            || (self.former.len() > 1 && bytes(&self.former) > bytes_max)
        {
            self.former.pop_front();
        }
    }
}

/// `units.csv`. One is made at a time; who asks meanwhile waits for it.
pub(super) async fn table(service: &Service, scope: &Scope) -> Result<Arc<Encoded>, FeedError> {
    let (feed, frame) = service.lingering(scope).await?;
    let tables = &feed.upstream.units_tables;
    if let Some(table) = tables.good(&frame) {
        return Ok(table);
    }
    drop(frame);
    // Where none can be made for long, not everybody waits for everybody before.
    let turn = tokio::time::timeout(service.patience(), tables.turn.acquire()).await;
    let turn = turn.map_err(|_| FeedError::Busy)?;
    let _turn = turn.map_err(|_| FeedError::Stopping)?;
    // It may have been made meanwhile, and what is shown has gone on.
    let frame = service.lingering(scope).await?.1;
    if let Some(table) = tables.good(&frame) {
        return Ok(table);
    }
    let begun = Instant::now();
    let table = made(service, scope, &feed, &frame).await?;
    Ok(tables.keep(frame.place, begun, table))
}

async fn made(
    service: &Service,
    scope: &Scope,
    feed: &ScopeFeed,
    frame: &EncodedFrame,
) -> Result<Encoded, FeedError> {
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
        encoded
    });
    encoded.await.map_err(|_| FeedError::Stopping)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn table(bytes: usize) -> Arc<Encoded> {
        Arc::new(Encoded::new(CSV, vec![b'7'; bytes]))
    }

    #[test]
    fn few_former_tables_are_kept_and_of_large_ones_one() {
        let (mut kept, bytes_max) = (Kept::default(), 900);
        for _ in 0..20 {
            kept.former.push_back(table(10));
            kept.forget(bytes_max);
        }
        assert_eq!(kept.former.len(), FORMER_MAX);
        for _ in 0..20 {
            kept.former.push_back(table(300));
            kept.forget(bytes_max);
            let bytes: usize = kept.former.iter().map(|it| it.bytes_held()).sum();
            assert!(bytes <= bytes_max);
        }
        assert_eq!(kept.former.len(), 3);
        kept.former.push_back(table(1_000));
        kept.forget(bytes_max);
        assert_eq!(
            kept.former.len(),
            1,
            "who has just begun to read it goes on"
        );
    }
}
