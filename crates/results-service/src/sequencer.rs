//! The one place where an election is decided: a task that keeps the speculative state, puts what it decides into groups,
//! hands them to the log, and shows them when they are durable.
//!
//! While a group is synced the next one is decided, and a full one may wait behind it; nothing more, so that what is
//! decided ahead is bounded. An answer goes out with the last group that anything it says may rest on: a duplicate of a
//! report that is still being synced waits with that report.

// tidy: long because the states of one sequencer and the moves between them.

mod orders;
mod snapshots;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use election::bytes::{RecordBytes, encode_record_over};
use election::decide::decide_submission;
use election::event::{Event, Recorded};
use election::ids::{Revision, Timestamp};
use election::report::{Outcome, Refusal};
use election::state::State;
use event_log::{AppendError, Appended};
use futures::future::{BoxFuture, FutureExt as _};
use service_runtime::clock::SharedClock;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tracing::warn;

use crate::entropy::{Entropy, Salts, group_id};
use crate::error::Error;
use crate::fold::{self, Encoded};
use crate::group::{Draft, InFlight, Pipeline, record_bytes};
use crate::hosted::Hosted;
use crate::measure;
use crate::sequencer::snapshots::Snapshots;
use crate::work::{Answer, Batch, Order, Phase, Work, Written, unknown_election, without_revision};

/// Groups that may be at the log at once: one that is synced and one that waits in its queue.
const PIPELINE_GROUPS_MAX: usize = 2;
/// Reports that are decided before other tasks get their turn: about a millisecond.
const CHUNK: usize = 256;
/// How long after a full disk was found everything is shed, before the disk is tried again: doubled with each failure from
/// the first to the last, as each costs folding what came since the last snapshot.
const NO_SPACE_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(8));

/// A sequencer before it runs.
pub(crate) struct Sequencer {
    hosted: Arc<Hosted>,
    clock: SharedClock,
    entropy: Arc<dyn Entropy>,
    work: mpsc::Receiver<Work>,
    phase: watch::Receiver<Phase>,
    /// `None` before the first event, and while the state is [`Self::away`].
    state: Option<Box<State>>,
    away: Option<BoxFuture<'static, Returned>>,
    current: Option<Current>,
    draft: Draft,
    /// Full groups that wait for room at the log.
    sealed: VecDeque<Draft>,
    pipeline: Pipeline,
    salts: Salts,
    /// The memory of the last record of a report, for the next one.
    record: RecordBytes,
    snapshot: Snapshots,
    /// Until when everything is refused, and with what.
    shed: Option<(Instant, Error)>,
    /// How long that will be for the next full disk.
    no_space_pause: Duration,
    /// The queue is closed and empty.
    drained: bool,
}

/// What comes back with the state, from a thread that may take long over it.
enum Returned {
    Decided(Option<Box<State>>, Box<Order>, Result<Vec<Event>, Refusal>),
    Encoded(Box<State>, Vec<u8>),
    Reloaded(Result<Option<Box<State>>, Error>),
    Lost,
}

/// What is being decided.
enum Current {
    Batch {
        batch: Batch,
        outcomes: Vec<Outcome>,
    },
    Order {
        principal: String,
        events: VecDeque<Event>,
        answer: oneshot::Sender<Result<Written, Error>>,
        written: Written,
    },
}

impl Sequencer {
    /// A sequencer of an election that is folded up to its durable head.
    pub fn new(
        hosted: Arc<Hosted>,
        state: Option<Box<State>>,
        snapshot: Revision,
        work: mpsc::Receiver<Work>,
        phase: watch::Receiver<Phase>,
        clock: SharedClock,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            hosted,
            clock,
            entropy,
            work,
            phase,
            state,
            away: None,
            current: None,
            draft: Draft::default(),
            sealed: VecDeque::new(),
            pipeline: Pipeline::default(),
            salts: Salts::new(),
            record: RecordBytes::default(),
            snapshot: Snapshots {
                last: snapshot,
                waiting: None,
                writing: None,
            },
            shed: None,
            no_space_pause: NO_SPACE_PAUSES.0,
            drained: false,
        }
    }

    /// Decides until the role stops. An error means that the log must be opened anew, or, if it is
    /// [`Error::ReadOnly`], that this election alone cannot go on. Whoever waits has been told.
    pub async fn run(mut self) -> Result<(), Error> {
        let outcome = loop {
            match self.step().await {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let told = match &outcome {
            Ok(()) => Error::Unavailable("the service stops"),
            Err(error) => error.clone(),
        };
        self.tell_all(&told);
        if let Some(writing) = self.snapshot.writing.take() {
            writing.await.ok();
        }
        outcome
    }

    async fn step(&mut self) -> Result<ControlFlow<()>, Error> {
        self.submit()?;
        self.begin_snapshot();
        if self.is_done() {
            // The last snapshot is not taken while another is being written.
            if let Some(writing) = self.snapshot.writing.take() {
                writing.await.ok();
            }
            if self.is_kept() || !self.encode() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let may_decide = self.away.is_none() && self.sealed.is_empty();
        tokio::select! {
            biased;
            changed = self.phase.changed() => return Ok(match changed {
                Ok(()) => self.enter_phase(),
                Err(_) => ControlFlow::Break(()),
            }),
            Some((group, outcome)) = self.pipeline.next() => match outcome {
                Ok(appended) => self.publish(group, appended)?,
                Err(error) => self.recover(group.draft, error).await?,
            },
            returned = back(&mut self.away) => {
                self.away = None;
                self.take_back(returned)?;
            }
            () = std::future::ready(()), if may_decide && self.current.is_some() => {
                self.decide_some()?;
                tokio::task::yield_now().await;
            }
            work = self.work.recv(), if may_decide && self.current.is_none() && !self.drained => {
                match work {
                    Some(work) => self.take(work),
                    None => self.drained = true,
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn enter_phase(&mut self) -> ControlFlow<()> {
        match *self.phase.borrow() {
            Phase::Open => ControlFlow::Continue(()),
            Phase::Draining => {
                self.work.close();
                ControlFlow::Continue(())
            }
            Phase::Dead => ControlFlow::Break(()),
        }
    }

    /// Whether nothing more comes and all that was taken is durable.
    fn is_done(&self) -> bool {
        let is_idle = self.pipeline.is_empty() && self.draft.is_empty() && self.sealed.is_empty();
        let is_still = self.away.is_none() && self.current.is_none();
        self.drained && is_idle && is_still
    }

    /// Whether the state is kept as a snapshot.
    fn is_kept(&self) -> bool {
        self.snapshot.last == self.hosted.head()
    }

    fn take(&mut self, work: Work) {
        if matches!(work, Work::Leave) {
            return self.work.close();
        }
        if let Some((until, error)) = &self.shed {
            if Instant::now() < *until {
                return work.refuse(error);
            }
            self.shed = None;
        }
        if let Some(damage) = self.hosted.damage() {
            return work.refuse(&Error::ReadOnly(damage.clone()));
        }
        match work {
            Work::Batch(batch) => {
                let outcomes = Vec::with_capacity(batch.submissions.len());
                self.current = Some(Current::Batch { batch, outcomes });
            }
            Work::Order(order) => self.consider(order),
            Work::Leave => {}
        }
    }

    fn take_back(&mut self, returned: Returned) -> Result<(), Error> {
        match returned {
            Returned::Decided(state, order, events) => {
                self.state = state;
                self.order(*order, events)
            }
            Returned::Encoded(state, bytes) => {
                let revision = state.revision();
                self.state = Some(state);
                self.snapshot.waiting = Some(Encoded {
                    revision,
                    state: bytes,
                });
                self.write_snapshot();
                Ok(())
            }
            Returned::Reloaded(state) => {
                self.state = state?;
                Ok(())
            }
            Returned::Lost => Err(self.broken("a thread that had the state is gone".to_owned())),
        }
    }

    /// Decides over the next part of what is being decided.
    fn decide_some(&mut self) -> Result<(), Error> {
        let Some(mut current) = self.current.take() else {
            return Ok(());
        };
        let is_done = match &mut current {
            Current::Batch { batch, outcomes } => self.decide_reports(batch, outcomes)?,
            Current::Order {
                principal, events, ..
            } => {
                while self.sealed.is_empty()
                    && let Some(event) = events.pop_front()
                {
                    let revision = self.revision().next();
                    let (recorded, record) = self.encode_event(revision, principal, event);
                    self.write(recorded, &record)?;
                }
                events.is_empty()
            }
        };
        if !is_done {
            self.current = Some(current);
            return Ok(());
        }
        let answer = match current {
            Current::Batch { batch, outcomes } => {
                if !batch.validate_only {
                    measure::outcomes(&outcomes);
                }
                Answer::Batch(batch.answer, outcomes)
            }
            Current::Order {
                answer, written, ..
            } => Answer::Order(answer, written),
        };
        self.answer(answer);
        Ok(())
    }

    fn decide_reports(
        &mut self,
        batch: &Batch,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<bool, Error> {
        let time = Timestamp(self.clock.now_micros());
        let end = batch.submissions.len().min(outcomes.len() + CHUNK);
        while outcomes.len() < end && self.sealed.is_empty() {
            let submission = &batch.submissions[outcomes.len()];
            let Some(state) = &self.state else {
                outcomes.push(Outcome::Refused(unknown_election(self.hosted.id.as_str())));
                continue;
            };
            let decision = decide_submission(state, submission);
            if batch.validate_only {
                outcomes.push(without_revision(decision.outcome));
                continue;
            }
            if let Some(event) = decision.event {
                let recorded = Recorded {
                    revision: state.revision().next(),
                    time,
                    principal: batch.principal.clone(),
                    event,
                };
                let mut record = std::mem::take(&mut self.record);
                encode_record_over(&mut record, &recorded, self.salts.next(&*self.entropy));
                self.write(recorded, &record)?;
                self.record = record;
            }
            outcomes.push(decision.outcome);
        }
        Ok(outcomes.len() == batch.submissions.len())
    }

    /// Takes an event into the speculative state and into the group.
    fn write(&mut self, recorded: Recorded, record: &RecordBytes) -> Result<(), Error> {
        let applied = match &mut self.state {
            Some(state) => state.apply(&recorded),
            None => State::begin(&recorded).map(|state| self.state = Some(Box::new(state))),
        };
        applied.map_err(|error| self.broken(format!("decided, but does not fold: {error}")))?;
        if !self.draft.fits(1, record_bytes(record)) {
            self.seal();
        }
        self.draft.push(recorded, record);
        Ok(())
    }

    fn seal(&mut self) {
        if !self.draft.is_empty() {
            let next = Draft::with_room_of(&self.draft);
            self.sealed
                .push_back(std::mem::replace(&mut self.draft, next));
        }
    }

    /// Gives an answer when all that is decided by now is durable: it may rest on any of it.
    fn answer(&mut self, answer: Answer) {
        let last = if self.draft.is_empty() {
            self.sealed.back_mut().or(self.pipeline.last())
        } else {
            Some(&mut self.draft)
        };
        match last {
            Some(draft) => draft.answers.push(answer),
            None => answer.give(),
        }
    }

    /// Hands groups to the log: full ones while there is room; whatever is decided when the log is idle, as the next
    /// sync should begin when the last one ends. Under load what arrives during a sync makes the next group.
    fn submit(&mut self) -> Result<(), Error> {
        if self.sealed.is_empty() && self.pipeline.is_empty() {
            self.seal();
        }
        while self.pipeline.len() < PIPELINE_GROUPS_MAX
            && let Some(draft) = self.sealed.pop_front()
        {
            let log_id = self.log_id(&draft)?;
            let group_id = group_id(&*self.entropy);
            measure::group(draft.events.len());
            let hosted = &self.hosted;
            self.pipeline
                .submit(&hosted.log, &hosted.id, log_id, group_id, draft);
        }
        Ok(())
    }

    fn log_id(&self, draft: &Draft) -> Result<election::ids::LogId, Error> {
        if let Some(log_id) = self.hosted.log_id() {
            return Ok(log_id);
        }
        match (&self.state, draft.events.first().map(|event| &event.event)) {
            (_, Some(Event::Defined { log_id, .. })) => Ok(*log_id),
            (Some(state), _) => Ok(state.tally().log_id),
            (None, _) => Err(self.broken("a group without a log".to_owned())),
        }
    }

    fn publish(&mut self, group: InFlight, appended: Appended) -> Result<(), Error> {
        let InFlight {
            draft,
            records,
            since,
        } = group;
        let Draft {
            events, answers, ..
        } = draft;
        measure::appended(since.elapsed());
        let first = events
            .first()
            .map_or(Revision::ZERO, |event| event.revision);
        // A group's name is new and random. If the log has it already, it holds something else under that name.
        if appended.repeated || appended.first_revision != first {
            let told = Error::Internal("the log knows a group that was never sent".to_owned());
            answers.into_iter().for_each(|it| it.fail(told.clone()));
            return Err(told);
        }
        self.no_space_pause = NO_SPACE_PAUSES.0;
        self.hosted.publish(first, records, &events);
        answers.into_iter().for_each(Answer::give);
        self.write_snapshot();
        Ok(())
    }

    /// A group was not taken. Nothing that was decided after it can stand.
    async fn recover(&mut self, draft: Draft, refused: AppendError) -> Result<(), Error> {
        let told = Error::from(refused.clone());
        warn!(election = %self.hosted.id, error = %refused, "a group was not taken");
        for answer in draft.answers {
            answer.fail(told.clone());
        }
        match refused {
            AppendError::NoSpace(_) | AppendError::ReadOnly(_) => {}
            AppendError::Failed(_)
            | AppendError::Closed
            | AppendError::Stale { .. }
            | AppendError::LogId { .. }
            | AppendError::Empty
            | AppendError::Limit { .. } => return Err(told),
        }
        // Those behind it start beyond the head, so the log refuses them too; wait until it has.
        while let Some((group, outcome)) = self.pipeline.next().await {
            if outcome.is_ok() {
                return Err(Error::Internal(
                    "the log took a group behind a gap".to_owned(),
                ));
            }
            for answer in group.draft.answers {
                answer.fail(told.clone());
            }
        }
        if let Some(away) = self.away.take()
            && let Returned::Decided(_, order, _) = away.await
        {
            Work::Order(*order).refuse(&told);
        }
        self.tell_decided(&told);
        self.shed = Some((Instant::now() + self.no_space_pause, told));
        self.no_space_pause = (self.no_space_pause * 2).min(NO_SPACE_PAUSES.1);
        self.snapshot.waiting = None;
        self.state = None;
        self.reload();
        Ok(())
    }

    /// Folds the log again up to its durable head.
    fn reload(&mut self) {
        let hosted = self.hosted.clone();
        self.away = Some(
            async move {
                let Some(head) = hosted.log_head() else {
                    return Returned::Reloaded(Ok(None));
                };
                let folder = hosted.config.storage.data_folder();
                let fold = fold::load(&hosted.log, folder, &head).await;
                Returned::Reloaded(match fold.damage {
                    Some(damage) => Err(Error::ReadOnly(damage)),
                    None => Ok(fold.state),
                })
            }
            .boxed(),
        );
    }

    fn tell_decided(&mut self, error: &Error) {
        let drafts = self.sealed.drain(..);
        for draft in drafts.chain(std::iter::once(std::mem::take(&mut self.draft))) {
            for answer in draft.answers {
                answer.fail(error.clone());
            }
        }
        match self.current.take() {
            Some(Current::Batch { batch, .. }) => drop(batch.answer.send(Err(error.clone()))),
            Some(Current::Order { answer, .. }) => drop(answer.send(Err(error.clone()))),
            None => {}
        }
    }

    /// This election alone cannot go on: what went wrong would go wrong again.
    fn broken(&self, what: String) -> Error {
        Error::ReadOnly(self.hosted.breakdown(what))
    }

    fn tell_all(&mut self, error: &Error) {
        // That nothing was written holds only for what the log was never given.
        let given = match error {
            Error::ReadOnly(_) => Error::Unavailable("the outcome is not known"),
            error => error.clone(),
        };
        for draft in self.pipeline.abandon() {
            for answer in draft.answers {
                answer.fail(given.clone());
            }
        }
        self.tell_decided(error);
        self.work.close();
        while let Ok(work) = self.work.try_recv() {
            work.refuse(error);
        }
    }

    fn revision(&self) -> Revision {
        self.state
            .as_ref()
            .map_or(Revision::ZERO, |state| state.revision())
    }
}

async fn back(away: &mut Option<BoxFuture<'static, Returned>>) -> Returned {
    match away {
        Some(away) => away.await,
        None => std::future::pending().await,
    }
}
