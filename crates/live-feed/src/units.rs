//! Units of one election that somebody watches, read together.

use election::ids::{ElectionId, LogId, Revision};
use service_runtime::shutdown::Stopper;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tonic::Status;
use tonic::transport::Channel;
use wire::Position;
use wire::common::v1::{ResumeToken, View};
use wire::results::v1::results_service_client::ResultsServiceClient;
use wire::results::v1::{BatchGetUnitsRequest, GetUnitRequest, UnitState};

/// Units that one call may ask for, as the results role has it.
const UNITS_PER_CALL: usize = 1_000;

/// How long the first of many who wake at once waits for the others.
const GATHERING: Duration = Duration::from_millis(5);

/// Reads units of an election at a public revision.
#[derive(Debug, Clone)]
pub(crate) struct Units {
    election: ElectionId,
    results: ResultsServiceClient<Channel>,
    questions: mpsc::Sender<Question>,
}

#[derive(Debug)]
struct Question {
    unit: String,
    position: Position,
    answer: oneshot::Sender<Result<UnitState, Status>>,
}

impl Units {
    /// A reader whose task ends with its last clone.
    pub fn start(election: ElectionId, results: Channel, stopper: &Stopper) -> Self {
        let results = ResultsServiceClient::new(results)
            .max_decoding_message_size(service_runtime::limits::MESSAGE_BYTES_MAX);
        let (questions, asked) = mpsc::channel(UNITS_PER_CALL);
        let (reader, stopping) = (results.clone(), stopper.stopping());
        let id = election.clone();
        stopper.spawn(async move {
            tokio::select! {
                () = stopping => {}
                () = answer_all(id, reader, asked) => {}
            }
        });
        Self {
            election,
            results,
            questions,
        }
    }

    /// One unit by a call of its own: for the first time, when nobody knows whether there is such a unit. An unknown one
    /// would fail a call for many.
    pub async fn first(&self, unit: &str, position: Position) -> Result<UnitState, Status> {
        let request = GetUnitRequest {
            election_id: self.election.to_string(),
            view: View::Public.into(),
            revision: position.revision.0,
            unit_id: unit.to_owned(),
        };
        let answer = self.results.clone().get_unit(request).await?.into_inner();
        check_log(answer.token, position.log_id)?;
        let missing = || Status::internal("an answer without a unit");
        answer.unit.ok_or_else(missing)
    }

    /// A unit that is known to be there, together with all others that are asked for now.
    pub async fn again(&self, unit: &str, position: Position) -> Result<UnitState, Status> {
        let ended = || Status::unavailable("the reader of units has ended");
        let (answer, answered) = oneshot::channel();
        let question = Question {
            unit: unit.to_owned(),
            position,
            answer,
        };
        let asked = self.questions.send(question).await;
        asked.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

async fn answer_all(
    election: ElectionId,
    results: ResultsServiceClient<Channel>,
    mut asked: mpsc::Receiver<Question>,
) {
    while let Some(first) = asked.recv().await {
        tokio::time::sleep(GATHERING).await;
        let mut by_revision: BTreeMap<Revision, Vec<Question>> = BTreeMap::new();
        let mut next = Some(first);
        while let Some(question) = next {
            let revision = question.position.revision;
            by_revision.entry(revision).or_default().push(question);
            next = asked.try_recv().ok();
        }
        for (revision, mut questions) in by_revision {
            while !questions.is_empty() {
                let some = questions.split_off(questions.len().saturating_sub(UNITS_PER_CALL));
                answer(&election, results.clone(), revision, some).await;
            }
        }
    }
}

async fn answer(
    election: &ElectionId,
    mut results: ResultsServiceClient<Channel>,
    revision: Revision,
    questions: Vec<Question>,
) {
    let request = BatchGetUnitsRequest {
        election_id: election.to_string(),
        view: View::Public.into(),
        revision: revision.0,
        unit_ids: questions.iter().map(|it| it.unit.clone()).collect(),
    };
    metrics::counter!("feed_unit_calls_total").increment(1);
    let outcome = results.batch_get_units(request).await;
    let answer = outcome.map(tonic::Response::into_inner);
    let mut units = answer
        .as_ref()
        .map(|answer| answer.units.iter())
        .unwrap_or_default();
    for question in questions {
        let unit = match &answer {
            Ok(answer) => {
                check_log(answer.token.clone(), question.position.log_id).and_then(|()| {
                    let missing = || Status::internal("an answer without a unit");
                    units.next().cloned().ok_or_else(missing)
                })
            }
            Err(status) => Err(status.clone()),
        };
        // Who asked may be gone: then nobody watches the unit any more.
        let _ = question.answer.send(unit);
    }
}

fn check_log(token: Option<ResumeToken>, log_id: LogId) -> Result<(), Status> {
    if token.is_some_and(|token| token.log_id == log_id.0.as_slice()) {
        return Ok(());
    }
    Err(Status::unavailable("the answer is of another log"))
}
