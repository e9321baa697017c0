//! The newest public standings of one election, followed while somebody is interested.

use crate::config::Config;
use crate::error::FeedError;
use election::ids::{ElectionId, Revision};
use service_runtime::shutdown::Stopper;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Code;
use tonic::transport::Channel;
use wire::Position;
use wire::allocation::v1::allocation_service_client::AllocationServiceClient;
use wire::allocation::v1::watch_standings_response::Event;
use wire::allocation::v1::{Standings, WatchStandingsRequest};
use wire::common::v1::View;

const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// The newest standings with their place.
#[derive(Debug)]
pub(crate) struct Newest {
    pub position: Position,
    pub standings: Standings,
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

/// A followed election. Dropping it ends its task.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub known: watch::Receiver<Known>,
    lost_since: watch::Receiver<Option<Instant>>,
    _guard: DropGuard,
}

impl Upstream {
    pub fn start(
        election: ElectionId,
        allocation: Channel,
        config: &Config,
        stopper: &Stopper,
    ) -> Self {
        let (known_sender, known) = watch::channel(Known::Asking);
        let (lost_sender, lost_since) = watch::channel(Some(Instant::now()));
        let token = CancellationToken::new();
        let follower = Follower {
            election,
            allocation: AllocationServiceClient::new(allocation)
                .max_decoding_message_size(service_runtime::limits::MESSAGE_BYTES_MAX),
            known: known_sender,
            lost_since: lost_sender,
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
            lost_since,
            _guard: token.drop_guard(),
        }
    }

    /// How long the count has been out of sight; zero while it is followed.
    pub fn lag(&self) -> Duration {
        self.lost_since
            .borrow()
            .map_or(Duration::ZERO, |since| since.elapsed())
    }
}

struct Follower {
    election: ElectionId,
    allocation: AllocationServiceClient<Channel>,
    known: watch::Sender<Known>,
    lost_since: watch::Sender<Option<Instant>>,
    silence_max: Duration,
}

impl Follower {
    async fn run(mut self) {
        let mut pause = PAUSES.0;
        loop {
            let outcome = self.follow(&mut pause).await;
            self.lost_since.send_if_modified(|since| {
                since.replace(since.unwrap_or_else(Instant::now)).is_none()
            });
            if let Err(FeedError::Upstream(status)) = &outcome {
                if status.code() == Code::NotFound {
                    // What was public never becomes private again; so this election has not been public yet.
                    self.known.send_if_modified(|known| {
                        let was_asking = matches!(known, Known::Asking);
                        if was_asking {
                            *known = Known::NotPublic;
                        }
                        was_asking
                    });
                } else {
                    tracing::debug!(election = %self.election, code = ?status.code(), "standings lost, following again");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn follow(&mut self, pause: &mut Duration) -> Result<(), FeedError> {
        let token = match &*self.known.borrow() {
            Known::Newest(newest) => Some(newest.position.into()),
            Known::Asking | Known::NotPublic => None,
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
        loop {
            let message = tokio::time::timeout(self.silence_max, stream.message()).await;
            let silent = |_| FeedError::Upstream(tonic::Status::deadline_exceeded("no heartbeat"));
            let Some(response) = message.map_err(silent)?.map_err(FeedError::Upstream)? else {
                return Ok(());
            };
            *pause = PAUSES.0;
            self.lost_since
                .send_if_modified(|since| since.take().is_some());
            match response.event {
                Some(Event::Standings(standings)) => self.take(standings),
                // The next standings are of the new log: their position says so, and viewers are reset by it.
                Some(Event::Reset(_) | Event::Heartbeat(_)) | None => {}
            }
        }
    }

    // Within one log, lower standings never replace higher ones, whatever comes.
    fn take(&self, standings: Standings) {
        let Some(token) = standings.token.clone() else {
            return;
        };
        let Ok(position) = Position::try_from(token) else {
            return;
        };
        let newest = Arc::new(Newest {
            position,
            standings,
        });
        self.known.send_if_modified(|known| {
            let is_old = match known {
                Known::Newest(shown) => {
                    shown.position.log_id == position.log_id
                        && order(shown.position) >= order(position)
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
