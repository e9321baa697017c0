//! What the public may see of the head: a fold of a prefix, moved on by events and by openings.

use crate::error::AllocationError;
use crate::follower::Moment;
use crate::past::Past;
use election::ids::{Revision, Timestamp};
use service_runtime::clock::SharedClock;
use service_runtime::shutdown::Stopper;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// The last revision that the public may see of a head; `None`: not even that there is such an election.
pub(crate) fn public_revision(head: &Moment, now: Timestamp) -> Option<Revision> {
    let public = head.publication.public_revision(head.tally.revision, now);
    public.filter(|revision| *revision > Revision::ZERO)
}

/// Turns the head into what the public may see. Acts on events, and on openings as their instants pass.
pub(crate) struct Publisher {
    pub past: Past,
    pub head: watch::Receiver<Option<Moment>>,
    pub public: watch::Sender<Option<Moment>>,
    /// Whether the public has ever been shown anything.
    pub was_public: Arc<AtomicBool>,
    pub clock: SharedClock,
    pub poll_interval: Duration,
}

impl Publisher {
    pub async fn run(mut self, stopper: Stopper) {
        let stopping = stopper.stopping();
        tokio::pin!(stopping);
        loop {
            let updated = tokio::select! {
                () = &mut stopping => return,
                updated = self.update() => updated,
            };
            if let Err(error) = updated {
                tracing::warn!(%error, "the public state is not moved on yet");
            }
            tokio::select! {
                () = &mut stopping => return,
                changed = self.head.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(self.poll_interval) => {}
            }
        }
    }

    async fn update(&mut self) -> Result<(), AllocationError> {
        let head = self.head.borrow_and_update().clone();
        // What the log does not have any more is not shown until the new one is read.
        self.public.send_if_modified(|public| {
            let is_gone = |shown: &Moment| !head.as_ref().is_some_and(|head| head.continues(shown));
            public.take_if(|shown| is_gone(shown)).is_some()
        });
        let Some(head) = head else { return Ok(()) };
        let now = Timestamp(self.clock.now_micros());
        let Some(revision) = public_revision(&head, now) else {
            return Ok(());
        };
        let shown = self.public.borrow().clone();
        let place = (revision, head.publication.seq());
        if shown.as_ref().is_some_and(|shown| shown.order() >= place) {
            return Ok(());
        }
        // Where the tally is the same, so are its seats: they are computed once.
        let is_same = |moment: &&Moment| moment.tally.revision == revision;
        let known = Some(&head).filter(is_same);
        let public = match known.or(shown.as_ref().filter(is_same)) {
            Some(moment) => moment.clone().seen_by(head.publication),
            None => {
                let other = shown.map(|shown| shown.tally);
                let tally = self.past.at(&head, other, revision).await?;
                Moment::new(tally, head.publication.clone(), head.incarnation)
            }
        };
        self.was_public.store(true, Ordering::Relaxed);
        self.public.send_replace(Some(public));
        Ok(())
    }
}
