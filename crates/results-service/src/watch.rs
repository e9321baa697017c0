//! Following a log: backfill, then live, without a gap, as far as the view may see.
//!
//! A watcher is asked for its next answer when its reader has room for one, so a slow reader costs nothing but its own
//! lag. What it needs is in memory if it is near the head, else it is read from the log.

use std::sync::Arc;
use std::time::Duration;

use election::ids::{LogId, Revision};
use election::publication::{Publication, PublicationClass};
use event_log::Record;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::Error;
use crate::hosted::Hosted;
use crate::role::Shared;

/// Whose eyes an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eyes {
    /// Up to the public revision.
    Public,
    /// Up to the head.
    Head,
}

/// The most records and bytes of one answer; a single larger record still comes.
const ANSWER_RECORDS_MAX: usize = 4_096;
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// How often the clock is looked at while an opening lies ahead. It is not the timer's clock: it may jump.
const CLOCK_INTERVAL: Duration = Duration::from_millis(250);

/// Some of the log; without records it is a heartbeat.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    pub log_id: LogId,
    pub first_revision: Revision,
    pub records: Vec<Record>,
    /// The last revision that the view may see.
    pub visible: Revision,
    pub publication: Publication,
    /// Behind what is visible there may be more, which cannot be read.
    pub is_damaged: bool,
}

/// One who follows a log.
pub(crate) struct Watcher {
    shared: Arc<Shared>,
    hosted: Arc<Hosted>,
    eyes: Eyes,
    head: watch::Receiver<Revision>,
    next: Revision,
    /// Up to here a lag is not the reader's fault: it was there when it came, or was opened all at once.
    owed: Revision,
    publication_seq: Option<u64>,
    spoke: Instant,
}

/// What a view may see of a log now.
struct Visible {
    log_id: LogId,
    revision: Revision,
    publication: Publication,
}

impl Watcher {
    /// Begins to follow at a revision. `log_id` is the incarnation that the reader has read before.
    pub fn new(
        shared: Arc<Shared>,
        hosted: Arc<Hosted>,
        eyes: Eyes,
        from: Revision,
        log_id: Option<LogId>,
    ) -> Result<Self, Error> {
        let head = hosted.watch_head();
        let mut watcher = Self {
            shared,
            hosted,
            eyes,
            head,
            next: from.max(Revision(1)),
            owed: Revision::ZERO,
            publication_seq: None,
            spoke: Instant::now(),
        };
        let visible = match watcher.visible() {
            Err(error) if watcher.knows(log_id) => return Err(watcher.hosted.lacks(eyes, error)),
            visible => visible?,
        };
        if log_id.is_some_and(|log_id| log_id != visible.log_id) {
            let expected = visible.log_id;
            return Err(Error::LogId { expected });
        }
        if watcher.next > visible.revision.next() {
            return Err(watcher.hosted.lacks(eyes, Error::OutOfRange(from)));
        }
        watcher.owed = visible.revision;
        Ok(watcher)
    }

    /// The next answer: records as soon as there are any, else a heartbeat when the silence was long or when what is
    /// public has changed.
    pub async fn next(&mut self) -> Result<Followed, Error> {
        let mut visible = self.visible()?;
        let lag = visible.revision.0.saturating_sub(self.next.0);
        if self.next > self.owed && lag > self.hosted.config.watch_lag_max {
            return Err(Error::TooSlow { resume: self.next });
        }
        let closing = self.hosted.closing.clone();
        while self.next > visible.revision {
            let is_told = self.publication_seq == Some(visible.publication.seq());
            let silence = self.spoke + self.hosted.config.heartbeat_interval;
            if !is_told || Instant::now() >= silence {
                return Ok(self.answer(visible, Vec::new()));
            }
            let wake = silence.min(Instant::now() + self.opening(&visible.publication));
            tokio::select! {
                changed = self.head.changed() => changed.map_err(|_| closed())?,
                () = tokio::time::sleep_until(wake) => {}
                () = closing.cancelled() => return Err(closed()),
            }
            visible = self.visible()?;
            self.owed = visible.revision;
        }
        if closing.is_cancelled() {
            return Err(closed());
        }
        let records = self.records(visible.revision).await?;
        Ok(self.answer(visible, records))
    }

    fn answer(&mut self, visible: Visible, records: Vec<Record>) -> Followed {
        let first_revision = self.next;
        self.next = Revision(first_revision.0 + records.len() as u64);
        self.publication_seq = Some(visible.publication.seq());
        self.spoke = Instant::now();
        Followed {
            log_id: visible.log_id,
            first_revision,
            records,
            visible: visible.revision,
            publication: visible.publication,
            is_damaged: self.hosted.log_damage().is_some(),
        }
    }

    /// Whether who asks may be told that there is such a log. The public may not, where nothing of it is open as far as it
    /// can be read; but who names the log's id has seen it while it could be read further.
    fn knows(&self, log_id: Option<LogId>) -> bool {
        match self.eyes {
            Eyes::Head => true,
            Eyes::Public => {
                let head = self.hosted.log_head();
                log_id.is_some() && log_id == head.map(|head| head.log_id)
            }
        }
    }

    fn visible(&mut self) -> Result<Visible, Error> {
        // Marked as seen before it is read: what comes after this wakes the watcher.
        self.head.borrow_and_update();
        let now = self.shared.now();
        let seen = self.hosted.with(|durable| {
            let tally = &durable.tally;
            let revision = match self.eyes {
                Eyes::Head => Some(tally.revision),
                Eyes::Public => tally.publication.public_revision(tally.revision, now),
            };
            revision.map(|revision| Visible {
                log_id: tally.log_id,
                revision,
                publication: tally.publication.clone(),
            })
        });
        let no_election = || Error::no_election(&self.hosted.id);
        let seen = seen.flatten().ok_or_else(no_election)?;
        match self.eyes {
            Eyes::Public if seen.revision == Revision::ZERO => Err(no_election()),
            Eyes::Public | Eyes::Head => Ok(seen),
        }
    }

    /// How long nothing can become visible but by an event.
    fn opening(&self, publication: &Publication) -> Duration {
        let now = self.shared.now();
        let lies_ahead = |class| publication.opens_at(class).is_some_and(|at| at > now);
        let waits = self.eyes == Eyes::Public && PublicationClass::ALL.into_iter().any(lies_ahead);
        if !waits {
            return self.hosted.config.heartbeat_interval;
        }
        let openings = PublicationClass::ALL.into_iter();
        let next = openings
            .filter_map(|class| publication.opens_at(class))
            .filter(|at| *at > now)
            .min();
        let left = next.map_or(0, |at| at.0.saturating_sub(now.0));
        Duration::from_micros(u64::try_from(left).unwrap_or(0)).min(CLOCK_INTERVAL)
    }

    /// The next records up to what is visible, at least one.
    async fn records(&self, visible: Revision) -> Result<Vec<Record>, Error> {
        let left = usize::try_from(visible.0 - self.next.0).unwrap_or(usize::MAX);
        let most = left.saturating_add(1).min(ANSWER_RECORDS_MAX);
        let mut records = match self.hosted.recent(self.next) {
            Some(groups) => {
                let recent = groups.iter().flat_map(|group| group.from(self.next));
                take(recent.cloned(), most)
            }
            None => {
                let log = &self.hosted.log;
                let read = log.read(&self.hosted.id, self.next, most, ANSWER_BYTES_MAX);
                let read = read.await.map_err(|error| match (error.into(), self.eyes) {
                    (Error::Corrupt(_), Eyes::Public) => Error::Damaged,
                    (error, _) => error,
                });
                take(read?.into_iter().map(|stored| stored.record), most)
            }
        };
        if records.is_empty() {
            return Err(Error::Unavailable("the log cannot be read there now"));
        }
        if self.eyes == Eyes::Public {
            records.iter_mut().for_each(|it| it.annex.clear());
        }
        Ok(records)
    }
}

fn take(records: impl Iterator<Item = Record>, most: usize) -> Vec<Record> {
    let mut bytes = 0;
    let fits = |record: &Record| {
        let full = bytes > 0 && bytes + record.bytes() > ANSWER_BYTES_MAX;
        bytes += record.bytes();
        !full
    };
    records.take(most).take_while(fits).collect()
}

fn closed() -> Error {
    Error::Unavailable("the service stops or recovers")
}
