//! The one place where an election is decided: a task that keeps the speculative state, puts what it decides into groups,
//! hands them to the log, and shows them when they are durable.
//!
//! While a group is synced the next one is decided, and a full one may wait behind it; nothing more, so that what is
//! decided ahead is bounded. An answer goes out with the last group that anything it says may rest on: a duplicate of a
//! report that is still being synced waits with that report.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use election::bytes::encode_record;
use election::command::Command;
use election::decide::{decide, decide_submission};
use election::event::{Event, Recorded};
use election::ids::{Revision, Timestamp};
use election::report::{Outcome, Refusal, RefusalCode};
use election::state::State;
use election::submission::Submission;
use event_log::{AppendError, RECORD_BYTES_MAX, Record};
use futures::future::{BoxFuture, FutureExt as _};
use service_runtime::clock::SharedClock;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::directory::Directory;
use crate::entropy::{Entropy, Salts, group_id};
use crate::error::Error;
use crate::fold::{self, Encoded};
use crate::group::{Draft, Pipeline};
use crate::hosted::Hosted;
use crate::measure;

/// What an election's sequencer is asked to do.
#[derive(Debug)]
pub(crate) enum Work {
    /// Decide over reports.
    Batch(Batch),
    /// Decide over an official's command.
    Order(Order),
    /// End, as the election was never defined.
    Leave,
}

/// Reports of one sender.
#[derive(Debug)]
pub(crate) struct Batch {
    pub principal: String,
    pub submissions: Vec<Submission>,
    /// Only say what would become of them.
    pub validate_only: bool,
    pub answer: oneshot::Sender<Result<Vec<Outcome>, Error>>,
}

/// A command.
#[derive(Debug)]
pub(crate) struct Order {
    pub principal: String,
    pub command: Command,
    pub answer: oneshot::Sender<Result<Written, Error>>,
}

/// What a command wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// The head where nothing was written.
    pub first_revision: Revision,
    pub last_revision: Revision,
    pub event_count: u64,
}

/// An answer that waits until what it rests on is durable.
pub(crate) enum Answer {
    Batch(oneshot::Sender<Result<Vec<Outcome>, Error>>, Vec<Outcome>),
    Order(oneshot::Sender<Result<Written, Error>>, Written),
}

impl Answer {
    // Who no longer waits does not need the answer.
    fn give(self) {
        match self {
            Self::Batch(answer, outcomes) => drop(answer.send(Ok(outcomes))),
            Self::Order(answer, written) => drop(answer.send(Ok(written))),
        }
    }

    fn fail(self, error: Error) {
        match self {
            Self::Batch(answer, _) => drop(answer.send(Err(error))),
            Self::Order(answer, _) => drop(answer.send(Err(error))),
        }
    }
}

/// How far the role is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It works.
    Open,
    /// It takes nothing new and finishes what waits.
    Draining,
    /// It drops everything.
    Dead,
}

/// Groups that may be at the log at once: one that is synced and one that waits in its queue.
const PIPELINE_GROUPS_MAX: usize = 2;
/// Reports that are decided before other tasks get their turn: about a millisecond.
const CHUNK: usize = 256;
/// How long after a full disk was found everything is shed, before the disk is tried again.
const NO_SPACE_PAUSE: Duration = Duration::from_secs(1);

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
    snapshot: Snapshots,
    /// Until when everything is refused, and with what.
    shed: Option<(Instant, Error)>,
    /// The queue is closed and empty.
    drained: bool,
}

/// What comes back with the state, from a thread that may take long over it.
enum Returned {
    Decided(Option<Box<State>>, Order, Result<Vec<Event>, Refusal>),
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

/// When the last snapshot was taken, and what is under way.
struct Snapshots {
    last: Revision,
    waiting: Option<Encoded>,
    writing: Option<JoinHandle<()>>,
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
            snapshot: Snapshots {
                last: snapshot,
                waiting: None,
                writing: None,
            },
            shed: None,
            drained: false,
        }
    }

    /// Decides until the role stops. An error means that the log must be opened anew: whoever waits has been told.
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
        if self.is_finished() {
            return Ok(ControlFlow::Break(()));
        }
        let may_decide = self.away.is_none() && self.sealed.is_empty();
        tokio::select! {
            biased;
            changed = self.phase.changed() => return Ok(match changed {
                Ok(()) => self.enter_phase(),
                Err(_) => ControlFlow::Break(()),
            }),
            Some((group, outcome)) = self.pipeline.next() => match outcome {
                Ok(_) => self.publish(group.draft, group.since),
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

    /// Whether nothing is left to do: all that was taken is durable, and the state is kept as a snapshot.
    fn is_finished(&mut self) -> bool {
        let is_idle = self.pipeline.is_empty() && self.draft.is_empty() && self.sealed.is_empty();
        let is_still = self.away.is_none() && self.current.is_none();
        if !(self.drained && is_idle && is_still) {
            return false;
        }
        let is_kept = self.snapshot.last == self.hosted.head();
        is_kept || !self.encode()
    }

    fn take(&mut self, work: Work) {
        if let Some((until, error)) = &self.shed {
            if Instant::now() < *until {
                return refuse(work, error);
            }
            self.shed = None;
        }
        if let Some(damage) = &self.hosted.damage {
            return refuse(work, &Error::ReadOnly(damage.clone()));
        }
        match work {
            Work::Batch(batch) => {
                let outcomes = Vec::with_capacity(batch.submissions.len());
                self.current = Some(Current::Batch { batch, outcomes });
            }
            Work::Order(order) => self.consider(order),
            Work::Leave => self.work.close(),
        }
    }

    /// Commands are decided on a thread of their own: a definition of a million units takes a second to check.
    fn consider(&mut self, order: Order) {
        let state = self.state.take();
        let now = Timestamp(self.clock.now_micros());
        let deciding = spawn_blocking(move || {
            let events = decide(state.as_deref(), &order.command, now);
            Returned::Decided(state, order, events)
        });
        self.away = Some(deciding.map(|it| it.unwrap_or(Returned::Lost)).boxed());
    }

    fn take_back(&mut self, returned: Returned) -> Result<(), Error> {
        match returned {
            Returned::Decided(state, order, events) => {
                self.state = state;
                self.order(order, events)
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
            Returned::Lost => Err(Error::Internal(
                "a thread that had the state is gone".into(),
            )),
        }
    }

    fn order(&mut self, order: Order, events: Result<Vec<Event>, Refusal>) -> Result<(), Error> {
        let Order {
            principal,
            command: _,
            answer,
        } = order;
        let events = match events {
            Ok(events) => self.without_repetition(events),
            Err(refusal) => {
                measure::refused_command(refusal.code);
                drop(answer.send(Err(refusal.into())));
                return Ok(());
            }
        };
        let head = self.revision();
        let written = Written {
            first_revision: if events.is_empty() { head } else { head.next() },
            last_revision: Revision(head.0 + events.len() as u64),
            event_count: events.len() as u64,
        };
        match self.write_whole(&principal, events)? {
            Ok(events) => {
                let events = VecDeque::from(events);
                self.current = Some(Current::Order {
                    principal,
                    events,
                    answer,
                    written,
                });
            }
            Err(refusal) => drop(answer.send(Err(refusal.into()))),
        }
        Ok(())
    }

    /// Leaves out amendments of units that say what holds already: the state does not keep all of a unit, the directory
    /// does. Where changes of units are on their way to the log the directory is too old to tell, and all are written.
    fn without_repetition(&mut self, mut events: Vec<Event>) -> Vec<Event> {
        let is_on_its_way = self
            .sealed
            .iter()
            .chain(std::iter::once(&self.draft))
            .chain(self.pipeline.drafts())
            .flat_map(|draft| &draft.events)
            .any(|recorded| Directory::concerns(&recorded.event));
        let directory = self.hosted.with(|durable| durable.directory.clone());
        let Some(directory) = directory.filter(|_| !is_on_its_way) else {
            return events;
        };
        let head = self.hosted.head();
        events.retain(|event| match event {
            Event::UnitAmended { index, unit, .. } => directory.at(*index, head) != Some(unit),
            _ => true,
        });
        events
    }

    /// Puts all events of a command into one group, if they fit into one: then a command is there whole or not at all.
    /// Gives back those that do not fit: a definition, which is completed by sending it again.
    fn write_whole(
        &mut self,
        principal: &str,
        events: Vec<Event>,
    ) -> Result<Result<Vec<Event>, Refusal>, Error> {
        let room = Draft::default();
        let mut revision = self.revision();
        let (mut whole, mut bytes) = (Vec::new(), 0);
        for event in &events {
            revision = revision.next();
            let (recorded, record) = self.encode_event(revision, principal, event.clone());
            if record.bytes() > RECORD_BYTES_MAX {
                let rule = format!("its record has at most {RECORD_BYTES_MAX} bytes");
                let value = format!("{} bytes", record.bytes());
                return Ok(Err(Refusal::new(
                    RefusalCode::Limit,
                    "command",
                    value,
                    rule,
                )));
            }
            bytes += record.bytes();
            whole.push((recorded, record));
            if !room.fits(whole.len(), bytes) {
                return Ok(Ok(events));
            }
        }
        if !self.draft.fits(whole.len(), bytes) {
            self.seal();
        }
        for (recorded, record) in whole {
            self.write(recorded, record)?;
        }
        Ok(Ok(Vec::new()))
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
                    self.write(recorded, record)?;
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
                outcomes.push(Outcome::Refused(not_defined(&self.hosted)));
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
                let record = self.record(&recorded);
                self.write(recorded, record)?;
            }
            outcomes.push(decision.outcome);
        }
        Ok(outcomes.len() == batch.submissions.len())
    }

    fn encode_event(
        &mut self,
        revision: Revision,
        principal: &str,
        event: Event,
    ) -> (Recorded, Record) {
        let recorded = Recorded {
            revision,
            time: Timestamp(self.clock.now_micros()),
            principal: principal.to_owned(),
            event,
        };
        let record = self.record(&recorded);
        (recorded, record)
    }

    fn record(&mut self, recorded: &Recorded) -> Record {
        let bytes = encode_record(recorded, self.salts.next(&*self.entropy));
        Record {
            public: Bytes::from(bytes.public),
            annex: Bytes::from(bytes.annex),
        }
    }

    /// Takes an event into the speculative state and into the group.
    fn write(&mut self, recorded: Recorded, record: Record) -> Result<(), Error> {
        let applied = match &mut self.state {
            Some(state) => state.apply(&recorded),
            None => State::begin(&recorded).map(|state| self.state = Some(Box::new(state))),
        };
        applied.map_err(|error| Error::Internal(format!("decided, but does not fold: {error}")))?;
        if !self.draft.fits(1, record.bytes()) {
            self.seal();
        }
        self.draft.push(recorded, record);
        Ok(())
    }

    fn seal(&mut self) {
        if !self.draft.is_empty() {
            self.sealed.push_back(std::mem::take(&mut self.draft));
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
            measure::group(draft.records.len());
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
            (None, _) => Err(Error::Internal("a group without a log".to_owned())),
        }
    }

    fn publish(&mut self, draft: Draft, since: Instant) {
        let Draft {
            events,
            records,
            answers,
            ..
        } = draft;
        measure::appended(since.elapsed());
        let Some(first) = events.first().map(|event| event.revision) else {
            return;
        };
        self.hosted.publish(first, records, &events);
        answers.into_iter().for_each(Answer::give);
        self.write_snapshot();
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
        self.tell_decided(&told);
        self.shed = Some((Instant::now() + NO_SPACE_PAUSE, told));
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
                Returned::Reloaded(fold.map(|fold| fold.state))
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

    fn tell_all(&mut self, error: &Error) {
        for draft in self.pipeline.abandon().collect::<Vec<_>>() {
            for answer in draft.answers {
                answer.fail(error.clone());
            }
        }
        self.tell_decided(error);
        self.work.close();
        while let Ok(work) = self.work.try_recv() {
            refuse(work, error);
        }
    }

    fn revision(&self) -> Revision {
        self.state
            .as_ref()
            .map_or(Revision::ZERO, |state| state.revision())
    }

    /// Takes a snapshot between two groups when it is time.
    fn begin_snapshot(&mut self) {
        let every = self.hosted.config.snapshot_events;
        let due = self.revision().0 >= self.snapshot.last.0.saturating_add(every);
        let between = self.draft.is_empty() && self.sealed.is_empty() && self.current.is_none();
        if due && between && self.away.is_none() && self.snapshot.waiting.is_none() {
            self.encode();
        }
    }

    /// Has the state encoded on another thread. Groups that are being synced are published meanwhile, only deciding
    /// waits. False if there is nothing to encode or nowhere to write it.
    fn encode(&mut self) -> bool {
        let is_writing = self
            .snapshot
            .writing
            .as_ref()
            .is_some_and(|it| !it.is_finished());
        if is_writing || self.hosted.config.storage.data_folder().is_none() {
            return false;
        }
        let Some(state) = self.state.take() else {
            return false;
        };
        self.snapshot.last = state.revision();
        let encoding = spawn_blocking(move || {
            let bytes = state.to_snapshot();
            Returned::Encoded(state, bytes)
        });
        self.away = Some(encoding.map(|it| it.unwrap_or(Returned::Lost)).boxed());
        true
    }

    /// Writes the encoded state as soon as its last record is durable, on another thread.
    fn write_snapshot(&mut self) {
        let hosted = self.hosted.clone();
        let waits = |encoded: &mut Encoded| encoded.revision == hosted.head();
        let Some(encoded) = self.snapshot.waiting.take_if(waits) else {
            return;
        };
        let known = hosted.with(|durable| {
            let directory = durable.directory.clone();
            (durable.tally.log_id, directory, durable.record_hash)
        });
        let Some((log_id, directory, record_hash)) = known else {
            return;
        };
        self.snapshot.writing = Some(spawn_blocking(move || {
            let Some(folder) = hosted.config.storage.data_folder() else {
                return;
            };
            let started = Instant::now();
            let (id, revision) = (&hosted.id, encoded.revision);
            match fold::write_snapshot(folder, id, log_id, &encoded, &directory, record_hash) {
                Ok(()) => {
                    let elapsed = started.elapsed();
                    info!(election = %id, %revision, ?elapsed, "snapshot written");
                }
                // It only saves time: the log has it all.
                Err(error) => error!(election = %id, %error, "a snapshot cannot be written"),
            }
        }));
    }
}

async fn back(away: &mut Option<BoxFuture<'static, Returned>>) -> Returned {
    match away {
        Some(away) => away.await,
        None => std::future::pending().await,
    }
}

fn refuse(work: Work, error: &Error) {
    match work {
        Work::Batch(batch) => drop(batch.answer.send(Err(error.clone()))),
        Work::Order(order) => drop(order.answer.send(Err(error.clone()))),
        Work::Leave => {}
    }
}

fn not_defined(hosted: &Hosted) -> Refusal {
    unknown_election(hosted.id.as_str())
}

/// What every report for an election that is not defined here is answered.
pub(crate) fn unknown_election(id: &str) -> Refusal {
    let rule = "must be an election that is defined here";
    Refusal::new(RefusalCode::UnknownElection, "election_id", id, rule)
}

/// What is only validated stands nowhere in the log.
fn without_revision(outcome: Outcome) -> Outcome {
    let revision = Revision::ZERO;
    match outcome {
        Outcome::Accepted { warnings, .. } => Outcome::Accepted { revision, warnings },
        Outcome::Duplicate { .. } => Outcome::Duplicate { revision },
        Outcome::Superseded {
            counted_version, ..
        } => Outcome::Superseded {
            revision,
            counted_version,
        },
        Outcome::Held { reasons, .. } => Outcome::Held { revision, reasons },
        Outcome::Conflict { other_revision, .. } => Outcome::Conflict {
            revision,
            other_revision,
        },
        Outcome::Refused(refusal) => Outcome::Refused(refusal),
    }
}
