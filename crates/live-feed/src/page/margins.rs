//! The fewest votes that would change a seat, asked of the role behind for what is shown: one question at a time for an
//! election, with a pause that grows with what an answer takes.
//!
//! Frames do not carry them, as they cost many allocations: they come a moment later, with the revision that they are of.

use crate::upstream::Place;
use election::ids::ElectionId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::transport::Channel;
use wire::allocation::v1::allocation_service_client::AllocationServiceClient;
use wire::allocation::v1::{GetStandingsRequest, Margin, Standings};
use wire::common::v1::View;

/// Between two questions at least; and this many times what the last answer took.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_TIMES: u32 = 4;

/// Questions that fail one after the other before nobody asks any more until something else is shown.
const FAILURES_MAX: u32 = 8;

/// The margins of one contest at a place.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The revision that they are of; 0: none are known.
    pub revision: u64,
    /// The contest.
    pub contest_id: String,
    /// The margins.
    pub margins: Vec<Margin>,
    /// Seats of each list at the revision, by option id.
    pub seats: BTreeMap<String, u32>,
    /// The place that they are of.
    pub place: Option<Place>,
}

/// The margins of one election.
#[derive(Debug)]
pub(crate) struct Margins {
    election: ElectionId,
    allocation: AllocationServiceClient<Channel>,
    known: watch::Sender<Arc<Known>>,
    asking: Mutex<Asking>,
}

#[derive(Debug, Default)]
struct Asking {
    is_under_way: bool,
    wanted: Option<(Place, String)>,
}

impl Margins {
    pub fn new(election: ElectionId, allocation: Channel) -> Self {
        Self {
            election,
            allocation: AllocationServiceClient::new(allocation)
                .max_decoding_message_size(service_runtime::limits::MESSAGE_BYTES_MAX),
            known: watch::Sender::new(Arc::default()),
            asking: Mutex::default(),
        }
    }

    /// The newest that are known of the log that is shown, and not of a revision above it.
    pub fn known(&self, shown: Place) -> Arc<Known> {
        let known = Arc::clone(&self.known.borrow());
        let is_of = known.place.is_some_and(|place| {
            place.is_comparable(shown) && known.revision <= shown.position.revision.0
        });
        if is_of { known } else { Arc::default() }
    }

    /// Told whenever others are known.
    pub fn news(&self) -> watch::Receiver<Arc<Known>> {
        self.known.subscribe()
    }

    /// Asks for those of a place, if nobody has. True: the caller is to run [`ask`](Self::ask).
    pub fn want(&self, shown: Place, contest_id: &str) -> bool {
        let mut asking = lock(&self.asking);
        let wanted = asking.wanted.as_ref().map(|(place, _)| *place);
        let is_new = wanted.is_none_or(|place| {
            !place.is_comparable(shown) || place.position.revision < shown.position.revision
        });
        if is_new {
            asking.wanted = Some((shown, contest_id.to_owned()));
        }
        let is_first = is_new && !asking.is_under_way;
        asking.is_under_way |= is_first;
        is_first
    }

    /// Asks until what is wanted is known.
    pub async fn ask(&self) {
        let mut failures = 0;
        while let Some((place, contest)) = self.next() {
            let began = Instant::now();
            if let Some(known) = self.question(place, &contest).await {
                self.known.send_replace(Arc::new(known));
                failures = 0;
            } else {
                // The last of a night must not be without them because of one bad moment.
                failures += 1;
                if failures == FAILURES_MAX {
                    self.give_up(place);
                }
            }
            let pause = PAUSE_MIN.max(began.elapsed() * PAUSE_TIMES);
            tokio::time::sleep(pause * (1 << failures.min(4))).await;
        }
    }

    // What is to be asked for; nothing: the caller ends, and the next who wants anything begins anew.
    fn next(&self) -> Option<(Place, String)> {
        let mut asking = lock(&self.asking);
        let known = self.known.borrow().place;
        let wanted = asking.wanted.clone();
        let wanted = wanted.filter(|(place, _)| known != Some(*place));
        asking.is_under_way = wanted.is_some();
        wanted
    }

    fn give_up(&self, place: Place) {
        let mut asking = lock(&self.asking);
        asking.wanted.take_if(|(wanted, _)| *wanted == place);
    }

    async fn question(&self, place: Place, contest: &str) -> Option<Known> {
        let request = GetStandingsRequest {
            election_id: self.election.to_string(),
            view: View::Public.into(),
            revision: place.position.revision.0,
            contest_id: contest.to_owned(),
            include_margins: true,
            ..GetStandingsRequest::default()
        };
        let answer = self.allocation.clone().get_standings(request).await;
        let answer = answer
            .inspect_err(|status| tracing::debug!(code = ?status.code(), "margins cannot be read"));
        let standings = answer.ok()?.into_inner().standings?;
        let token = standings.token.as_ref()?;
        let is_same = token.log_id == place.position.log_id.0.as_slice()
            && token.revision == place.position.revision.0;
        is_same.then(|| known(&standings, contest, place))
    }
}

fn known(standings: &Standings, contest: &str, place: Place) -> Known {
    let mut contests = standings.contests.iter();
    let contest = contests.find(|it| it.contest_id == contest);
    let district = contest.and_then(|contest| match &contest.districts[..] {
        [only] => only.allocation.as_ref(),
        _ => None,
    });
    let lists = district.iter().flat_map(|it| &it.lists);
    let seats = lists.filter_map(|list| {
        let seats = list.seats.as_ref()?.seats?;
        Some((list.option_id.clone(), seats))
    });
    Known {
        revision: place.position.revision.0,
        contest_id: contest.map(|it| it.contest_id.clone()).unwrap_or_default(),
        seats: seats.collect(),
        margins: district.map(|it| it.margins.clone()).unwrap_or_default(),
        place: Some(place),
    }
}

fn lock(asking: &Mutex<Asking>) -> std::sync::MutexGuard<'_, Asking> {
    asking.lock().unwrap_or_else(PoisonError::into_inner)
}
