//! What a sequencer is asked to do, and what it answers.

use election::command::Command;
use election::ids::Revision;
use election::report::{Outcome, Refusal, RefusalCode};
use election::submission::Submission;
use tokio::sync::oneshot;

use crate::error::Error;

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
    Refusal(oneshot::Sender<Result<Written, Error>>, Refusal),
}

impl Answer {
    // Who no longer waits does not need the answer.
    pub fn give(self) {
        match self {
            Self::Batch(answer, outcomes) => drop(answer.send(Ok(outcomes))),
            Self::Order(answer, written) => drop(answer.send(Ok(written))),
            Self::Refusal(answer, refusal) => drop(answer.send(Err(refusal.into()))),
        }
    }

    pub fn fail(self, error: Error) {
        match self {
            Self::Batch(answer, _) => drop(answer.send(Err(error))),
            Self::Order(answer, _) | Self::Refusal(answer, _) => drop(answer.send(Err(error))),
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

impl Work {
    /// Answers that it is not even considered.
    pub fn refuse(self, error: &Error) {
        match self {
            Self::Batch(batch) => drop(batch.answer.send(Err(error.clone()))),
            Self::Order(order) => drop(order.answer.send(Err(error.clone()))),
            Self::Leave => {}
        }
    }
}

/// What every report for an election that is not defined here is answered.
pub(crate) fn unknown_election(id: &str) -> Refusal {
    let rule = "must be an election that is defined here";
    Refusal::new(RefusalCode::UnknownElection, "election_id", id, rule)
}

/// What is only validated stands nowhere in the log.
pub(crate) fn without_revision(outcome: Outcome) -> Outcome {
    let revision = Revision::ZERO;
    match outcome {
        Outcome::Accepted { warnings, .. } => Outcome::Accepted { revision, warnings },
        Outcome::Duplicate { standing, .. } => Outcome::Duplicate { revision, standing },
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
