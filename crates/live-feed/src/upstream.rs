//! The newest public standings of one election, followed while somebody is interested.

use crate::config::Config;
use crate::error::FeedError;
use crate::frame::Distance;
use crate::http::UnitsTables;
use crate::page::{Language, Margins, Rendered, Timeline};
use crate::past::Past;
use crate::presented::Definitions;
use crate::scope::distance;
use crate::units::Units;
use election::ids::{ElectionId, Revision};
use service_runtime::shutdown::Stopper;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Code;
use tonic::transport::Channel;
use wire::Position;
use wire::allocation::v1::allocation_service_client::AllocationServiceClient;
use wire::allocation::v1::watch_standings_response::{Event, Heartbeat};
use wire::allocation::v1::{Standings, WatchStandingsRequest};
use wire::common::v1::View;

const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// How much nearer the count has to come before that is told to who waits for it.
const LAG_MOVES: Duration = Duration::from_secs(1);

const PAUSE_NOT_PUBLIC: Duration = Duration::from_millis(250);

/// The newest standings with their place.
#[derive(Debug)]
pub(crate) struct Newest {
    pub place: Place,
    pub standings: Standings,
}

/// A place in the log, and in which of the logs that this replica has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub position: Position,
    /// How often this replica was told to forget what it had shown: a restored log may have kept its id.
    pub incarnation: u64,
}

impl Place {
    /// Whether both are of one log, so that one of them is above the other.
    pub fn is_comparable(self, other: Self) -> bool {
        (self.incarnation, self.position.log_id) == (other.incarnation, other.position.log_id)
    }

    /// What orders places of one log.
    pub fn order(self) -> (Revision, u64) {
        order(self.position)
    }
}

/// What is known of an election.
#[derive(Debug, Clone, Default)]
pub(crate) enum Known {
    /// Nothing yet.
    #[default]
    Asking,
    /// There is no such election in public.
    NotPublic,
    /// The newest standings.
    Newest(Arc<Newest>),
}

/// Since when the count is out of sight, by whose fault, or in sight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Touch {
    /// The allocation role is out of reach.
    contact_lost: Option<Instant>,
    /// The allocation role says that it has lost the log, or is behind.
    count_lost: Option<Instant>,
    /// The allocation role says that the log is damaged: what it shows is old, however it is in touch.
    is_damaged: bool,
    /// When all of this was over.
    found: Instant,
}

impl Touch {
    /// Since when the count has been in sight; `None`: it is not.
    pub fn in_sight_since(self) -> Option<Instant> {
        self.lost_since().is_none().then_some(self.found)
    }

    /// Since when nothing is known of the count; `None`: it is in sight.
    pub fn lost_since(self) -> Option<Instant> {
        let both = self.contact_lost.into_iter().chain(self.count_lost);
        both.min()
    }

    /// How far what is shown is from the count.
    pub fn distance(self, stale_after: Duration) -> Distance {
        let distance = distance(self.lost_since(), stale_after);
        Distance {
            is_stale: distance.is_stale || self.is_damaged,
            ..distance
        }
    }
}

/// A followed election. Dropping it ends its task.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub known: watch::Receiver<Known>,
    pub touch: watch::Receiver<Touch>,
    pub units: Units,
    pub definitions: Definitions,
    pub past: Past,
    pub timeline: Timeline,
    pub margins: Margins,
    /// The page that was rendered last, by language: what the next one differs from.
    pub last_page: [Mutex<Option<Arc<Rendered>>>; Language::ALL.len()],
    /// The table of all units.
    pub units_tables: UnitsTables,
    _guard: DropGuard,
}

impl Upstream {
    pub fn start(
        election: ElectionId,
        allocation: Channel,
        results: Channel,
        config: &Config,
        stopper: &Stopper,
    ) -> Self {
        let (known_sender, known) = watch::channel(Known::Asking);
        let (touch_sender, touch) = watch::channel(Touch {
            contact_lost: Some(Instant::now()),
            count_lost: None,
            is_damaged: false,
            found: Instant::now(),
        });
        let token = CancellationToken::new();
        let units = Units::start(election.clone(), results.clone(), stopper);
        let definitions = Definitions::new(election.clone(), results);
        let past = Past::new(election.clone(), allocation.clone(), known.clone());
        let margins = Margins::new(election.clone(), allocation.clone());
        let follower = Follower {
            election,
            allocation: AllocationServiceClient::new(allocation)
                .max_decoding_message_size(service_runtime::limits::MESSAGE_BYTES_MAX),
            known: known_sender,
            touch: touch_sender,
            incarnation: 0,
            silence_max: config.heartbeat_interval * 2,
        };
        let (ending, stopping) = (token.clone(), stopper.stopping());
        stopper.spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = stopping => {}
                () = follower.run() => {}
            }
        });
        Self {
            known,
            touch,
            units,
            definitions,
            past,
            timeline: Timeline::new(),
            margins,
            last_page: Default::default(),
            units_tables: UnitsTables::new(),
            _guard: token.drop_guard(),
        }
    }
}

struct Follower {
    election: ElectionId,
    allocation: AllocationServiceClient<Channel>,
    known: watch::Sender<Known>,
    touch: watch::Sender<Touch>,
    incarnation: u64,
    silence_max: Duration,
}

impl Follower {
    async fn run(mut self) {
        let mut pause = PAUSES.0;
        loop {
            let outcome = self.follow(&mut pause).await;
            self.touch.send_if_modified(|touch| {
                let was_in_touch = touch.contact_lost.is_none();
                touch.contact_lost.get_or_insert_with(Instant::now);
                was_in_touch
            });
            match outcome {
                Err(FeedError::Upstream(status)) if status.code() == Code::NotFound => {
                    self.deny();
                    // An opening must be seen soon after its instant.
                    pause = pause.min(PAUSE_NOT_PUBLIC);
                }
                Err(error) => {
                    metrics::counter!("feed_upstream_losses_total").increment(1);
                    tracing::debug!(election = %self.election, %error, "standings lost, following again");
                }
                Ok(()) => metrics::counter!("feed_upstream_losses_total").increment(1),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    // What was public never becomes private again; so this election has not been public yet.
    fn deny(&self) {
        self.known.send_if_modified(|known| {
            let was_asking = matches!(known, Known::Asking);
            if was_asking {
                *known = Known::NotPublic;
            }
            was_asking
        });
    }

    async fn follow(&mut self, pause: &mut Duration) -> Result<(), FeedError> {
        let token = match &*self.known.borrow() {
            Known::Newest(newest) if newest.place.incarnation == self.incarnation => {
                Some(newest.place.position.into())
            }
            Known::Newest(_) | Known::Asking | Known::NotPublic => None,
        };
        let request = WatchStandingsRequest {
            election_id: self.election.to_string(),
            view: View::Public.into(),
            resume_token: token,
        };
        let stream = self
            .allocation
            .watch_standings(request)
            .await
            .map_err(FeedError::Upstream)?;
        let mut stream = stream.into_inner();
        // Whoever has lost the log says so first. Damage is not over because a stream was opened again.
        if self.touch.borrow().is_damaged {
            self.touch.send_modify(|touch| touch.contact_lost = None);
        } else {
            self.find();
        }
        let mut is_first = true;
        loop {
            let message = tokio::time::timeout(self.silence_max, stream.message()).await;
            let silent = |_| FeedError::Upstream(tonic::Status::deadline_exceeded("no heartbeat"));
            let Some(response) = message.map_err(silent)?.map_err(FeedError::Upstream)? else {
                return Ok(());
            };
            *pause = PAUSES.0;
            match response.event {
                Some(Event::Standings(standings)) => {
                    if is_first {
                        self.find();
                    }
                    self.take(standings);
                }
                Some(Event::Heartbeat(heartbeat)) => self.touch(&heartbeat),
                // The next standings may be lower than those before, and viewers are reset by them.
                Some(Event::Reset(_)) => {
                    tracing::warn!(election = %self.election, "what was shown is not in the log any more");
                    self.incarnation += 1;
                }
                None => {}
            }
            is_first = false;
        }
    }

    // The count is in sight, as far as is known.
    fn find(&self) {
        self.touch.send_if_modified(|touch| {
            let was_lost = touch.lost_since().is_some();
            if was_lost {
                *touch = Touch {
                    contact_lost: None,
                    count_lost: None,
                    is_damaged: false,
                    found: Instant::now(),
                };
            }
            was_lost
        });
    }

    fn touch(&self, heartbeat: &Heartbeat) {
        let Heartbeat {
            token: _,
            is_behind,
            lag_ms,
            is_damaged,
        } = heartbeat;
        let is_lost = *is_behind || *lag_ms > 0 || *is_damaged;
        self.touch.send_if_modified(|touch| {
            let now = Instant::now();
            let lag = Duration::from_millis(*lag_ms);
            let since = now.checked_sub(lag).unwrap_or(now);
            let was = (touch.count_lost, touch.is_damaged);
            // A count that lags and is followed may come nearer without being there.
            touch.count_lost = match touch.count_lost {
                _ if !is_lost => None,
                Some(known) if *lag_ms == 0 => Some(known),
                Some(_) | None => Some(since),
            };
            touch.is_damaged = *is_damaged;
            if (was.0.is_some(), was.1) != (is_lost, *is_damaged) {
                touch.found = now;
                return true;
            }
            let moved = touch.count_lost.zip(was.0);
            moved.is_some_and(|(since, known)| since > known + LAG_MOVES)
        });
    }

    // Within one log, lower standings never replace higher ones, whatever comes.
    fn take(&self, standings: Standings) {
        let Some(token) = standings.token.clone() else {
            return;
        };
        let Ok(position) = Position::try_from(token) else {
            return;
        };
        let place = Place {
            position,
            incarnation: self.incarnation,
        };
        let newest = Arc::new(Newest { place, standings });
        self.known.send_if_modified(|known| {
            let is_old = match known {
                Known::Newest(shown) => {
                    shown.place.is_comparable(place) && shown.place.order() >= place.order()
                }
                Known::Asking | Known::NotPublic => false,
            };
            if !is_old {
                *known = Known::Newest(newest);
            }
            !is_old
        });
    }
}

/// What orders positions of one log.
pub(crate) fn order(position: Position) -> (Revision, u64) {
    (position.revision, position.publication_seq)
}
