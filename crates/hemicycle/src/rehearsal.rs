//! Plays a night through a running server: every report over the real ingestion, withdrawals as officials' commands,
//! seats compared at the checkpoints.

mod summary;

pub use summary::Summary;

use crate::ballot_words::BallotWords;
use crate::failure::Failure;
use crate::night::{Checkpoint, NightError, Step, TimedStep};
use client::{Client, SubmitOptions};
use election::command::Command;
use election::ids::{ElectionId, Revision, UnitId};
use election::report::{DuplicateStanding, HoldReason, Outcome};
use election::submission::Submission;
use futures::StreamExt as _;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use wire::allocation::v1::{GetStandingsRequest, Standings};
use wire::common::v1::View;

/// Steps that are read ahead.
const READ_AHEAD: usize = 1_024;
/// How long the seats may take to reach a checkpoint's revision.
const CATCH_UP_MAX: Duration = Duration::from_secs(120);

/// How fast a night is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As fast as it goes.
    Unpaced,
    /// This many times as fast as it was. Steps without a time come at once.
    Times(u64),
}

/// Plays a night.
pub struct Rehearsal<'a> {
    /// The server.
    pub client: &'a Client,
    /// The election, which is defined.
    pub election: &'a ElectionId,
    /// How fast.
    pub pace: Pace,
    /// Only ask what the outcomes would be.
    pub validate_only: bool,
    /// What its lists and counters are called.
    pub words: &'a BallotWords,
    /// Told after each step how many have gone, and whenever a checkpoint was compared.
    pub progress: &'a (dyn Fn(u64, Option<&str>) + Send + Sync),
}

/// Reports that are named one by one, of those refused and of those that wait.
const NAMED_MAX: usize = 10;

impl Rehearsal<'_> {
    /// Plays the steps to their end.
    ///
    /// # Errors
    ///
    /// What the server refuses for good, and steps that cannot be read. Reports that are refused are no error, they are
    /// answers.
    pub async fn play(
        &self,
        steps: impl Iterator<Item = Result<TimedStep, NightError>> + Send + 'static,
    ) -> Result<Summary, Failure> {
        let begin = Instant::now();
        let mut steps = read_ahead(steps);
        let (sender, submissions) = mpsc::channel::<Submission>(READ_AHEAD);
        let options = SubmitOptions {
            validate_only: self.validate_only,
            ..SubmitOptions::default()
        };
        let mut outcomes =
            self.client
                .submit(self.election, ReceiverStream::new(submissions), options);
        let mut run = Run::of(self.words);
        run.summary.validate_only = self.validate_only;
        let mut first_time = None;
        while let Some(timed) = steps.recv().await {
            let TimedStep {
                time_unix_s,
                line,
                step,
            } = match timed {
                Ok(step) => step,
                // What stood before it was sent: its answers are waited for and told.
                Err(error) => {
                    run.drain(&mut outcomes).await?;
                    let summary = Box::new(run.summary);
                    return Err(Failure::Unreadable { error, summary });
                }
            };
            if let (Pace::Times(times), Some(time)) = (self.pace, time_unix_s) {
                let since = time.saturating_sub(*first_time.get_or_insert(time));
                let micros =
                    u64::try_from(since).unwrap_or(0).saturating_mul(1_000_000) / times.max(1);
                let due = begin + Duration::from_micros(micros);
                run.answers_until(&mut outcomes, due).await?;
            }
            match step {
                Step::Submit(submission) => {
                    run.send(&sender, &mut outcomes, line, submission).await?;
                }
                Step::Withdraw { .. } if self.validate_only => {
                    run.summary.withdrawals_left_out += 1;
                }
                Step::Withdraw {
                    key,
                    version,
                    attribution,
                } => {
                    // A tombstone stands behind the reports that it withdraws.
                    run.drain(&mut outcomes).await?;
                    let unit = key.unit.clone();
                    let command = Command::Withdraw {
                        key,
                        version,
                        attribution,
                    };
                    match self.client.command(self.election, &command).await {
                        Ok(written) => {
                            run.summary.withdrawals += 1;
                            run.saw(written.last_revision);
                        }
                        // As a refused report: an answer, and the rest of the file is sent.
                        Err(client::ClientError::Refused(refused)) if is_answer(refused.code) => {
                            let place = at_line(line);
                            run.refused(format!(
                                "withdrawal{place} ({unit}, version {version}): {refused}"
                            ));
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                Step::Checkpoint(checkpoint) => {
                    run.drain(&mut outcomes).await?;
                    let line = self.compare(&checkpoint, &mut run).await?;
                    (self.progress)(run.steps, Some(&line));
                }
            }
            run.steps += 1;
            (self.progress)(run.steps, None);
        }
        drop(sender);
        run.drain(&mut outcomes).await?;
        run.summary.duration_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(run.summary)
    }

    async fn compare(&self, checkpoint: &Checkpoint, run: &mut Run<'_>) -> Result<String, Failure> {
        let standings =
            standings_at(self.client, self.election, Revision(run.summary.revision)).await?;
        let seats = seats_by_list(&standings);
        let line = if seats == checkpoint.seats {
            run.summary.checkpoints_passed += 1;
            format!(
                "{}: seats as expected: {}",
                checkpoint.label,
                line_of(&seats)
            )
        } else {
            let line = format!(
                "{}: seats differ: expected {}, found {}",
                checkpoint.label,
                line_of(&checkpoint.seats),
                line_of(&seats)
            );
            run.summary.checkpoints_failed.push(line.clone());
            line
        };
        Ok(line)
    }
}

// Files are read on a thread of their own: a packed file of a million reports must not hold the runtime.
fn read_ahead(
    steps: impl Iterator<Item = Result<TimedStep, NightError>> + Send + 'static,
) -> mpsc::Receiver<Result<TimedStep, NightError>> {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    tokio::task::spawn_blocking(move || {
        for step in steps {
            if sender.blocking_send(step).is_err() {
                return;
            }
        }
    });
    receiver
}

type Outcomes = ReceiverStream<Result<(u64, Outcome), client::ClientError>>;

struct Run<'a> {
    words: &'a BallotWords,
    summary: Summary,
    steps: u64,
    sent: u64,
    answered: u64,
    /// What is not answered yet, by its place.
    unanswered: HashMap<u64, Sent>,
}

/// A report, or a turnout report, that was sent.
struct Sent {
    line: Option<u64>,
    unit: UnitId,
    version: u32,
    contest: String,
    /// Contest and counting group, where there are several.
    beside: String,
}

impl<'a> Run<'a> {
    fn of(words: &'a BallotWords) -> Self {
        Self {
            words,
            summary: Summary::default(),
            steps: 0,
            sent: 0,
            answered: 0,
            unanswered: HashMap::new(),
        }
    }

    async fn send(
        &mut self,
        sender: &mpsc::Sender<Submission>,
        outcomes: &mut Outcomes,
        line: Option<u64>,
        submission: Submission,
    ) -> Result<(), Failure> {
        loop {
            tokio::select! {
                biased;
                outcome = outcomes.next() => self.take(outcome)?,
                permit = sender.reserve() => {
                    let permit = permit.map_err(|_| Failure::Input(String::from("the stream of reports has ended")))?;
                    let named = self.named(line, &submission);
                    self.unanswered.insert(self.sent, named);
                    permit.send(submission);
                    self.sent += 1;
                    return Ok(());
                }
            }
        }
    }

    fn named(&self, line: Option<u64>, submission: &Submission) -> Sent {
        let (version, contest, beside) = match submission {
            Submission::Report(report) => {
                let (contest, group) = (&report.key.contest, &report.key.counting_group);
                let beside = self.words.beside_unit(contest.as_str(), group.as_str());
                (report.version, contest.to_string(), beside)
            }
            Submission::Turnout(report) => {
                (report.version, String::new(), String::from(", turnout"))
            }
        };
        Sent {
            line,
            unit: submission.unit().clone(),
            version,
            contest,
            beside,
        }
    }

    async fn answers_until(
        &mut self,
        outcomes: &mut Outcomes,
        due: Instant,
    ) -> Result<(), Failure> {
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(due) => return Ok(()),
                outcome = outcomes.next(), if self.answered < self.sent => self.take(outcome)?,
            }
        }
    }

    async fn drain(&mut self, outcomes: &mut Outcomes) -> Result<(), Failure> {
        while self.answered < self.sent {
            let outcome = outcomes.next().await;
            self.take(outcome)?;
        }
        Ok(())
    }

    fn take(
        &mut self,
        outcome: Option<Result<(u64, Outcome), client::ClientError>>,
    ) -> Result<(), Failure> {
        let Some(outcome) = outcome else {
            return Err(Failure::Input(String::from(
                "the server ended the stream before every report was answered",
            )));
        };
        let (place, outcome) = outcome?;
        self.answered += 1;
        *self.summary.outcomes.entry(outcome.name()).or_default() += 1;
        let sent = self.unanswered.remove(&place);
        let report = match &sent {
            Some(sent) => format!(
                "report {}{} ({}{}, version {})",
                place + 1,
                at_line(sent.line),
                sent.unit,
                sent.beside,
                sent.version
            ),
            None => format!("report {}", place + 1),
        };
        let (unit, contest) = sent
            .as_ref()
            .map_or(("", ""), |sent| (sent.unit.as_str(), sent.contest.as_str()));
        match &outcome {
            Outcome::Accepted { revision, .. }
            | Outcome::Duplicate { revision, .. }
            | Outcome::Superseded { revision, .. }
            | Outcome::Held { revision, .. }
            | Outcome::Conflict { revision, .. } => self.saw(*revision),
            Outcome::Refused(refusal) => self.name_refused(format!("{report}: {refusal}")),
        }
        if let Outcome::Accepted { warnings, .. } = &outcome {
            for warning in warnings {
                let warning = format!("{report}: {warning}; it is counted all the same");
                let summary = &mut self.summary;
                name(
                    &mut summary.warnings,
                    &mut summary.warnings_left_out,
                    warning,
                );
            }
        }
        let told = |reason: &HoldReason| self.words.told(unit, contest, reason);
        if let Some(why) = why_it_waits(&outcome, told) {
            let summary = &mut self.summary;
            summary.waiting_count += 1;
            let waiting = format!("{report}: {why}");
            name(&mut summary.waiting, &mut summary.waiting_left_out, waiting);
        }
        Ok(())
    }

    /// What was refused and is no report.
    fn refused(&mut self, what: String) {
        *self.summary.outcomes.entry("REFUSED").or_default() += 1;
        self.name_refused(what);
    }

    fn name_refused(&mut self, what: String) {
        let summary = &mut self.summary;
        name(&mut summary.refusals, &mut summary.refusals_left_out, what);
    }

    fn saw(&mut self, revision: Revision) {
        self.summary.revision = self.summary.revision.max(revision.0);
    }
}

/// Names the first few one by one, and counts the rest.
fn name(named: &mut Vec<String>, left_out: &mut u64, what: String) {
    if named.len() < NAMED_MAX {
        named.push(what);
    } else {
        *left_out += 1;
    }
}

/// Where a file says so.
fn at_line(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(" in line {line}"))
}

/// Whether a refused command is the service's word on it, and not that it could not be asked.
fn is_answer(code: tonic::Code) -> bool {
    matches!(
        code,
        tonic::Code::InvalidArgument | tonic::Code::FailedPrecondition | tonic::Code::NotFound
    )
}

fn why_it_waits(outcome: &Outcome, told: impl Fn(&HoldReason) -> String) -> Option<String> {
    match outcome {
        Outcome::Held { reasons, .. } => {
            let reasons: Vec<_> = reasons.iter().map(told).collect();
            Some(reasons.join("; "))
        }
        Outcome::Conflict { other_revision, .. } => Some(format!(
            "the same version came with other content at revision {other_revision}"
        )),
        Outcome::Duplicate {
            revision,
            standing: DuplicateStanding::Waiting,
        } => Some(format!("sent before, and waits since revision {revision}")),
        _ => None,
    }
}

/// The head's standings, once they have reached a revision.
///
/// # Errors
///
/// As `GetStandings`, or that the revision was not reached in two minutes.
pub async fn standings_at(
    client: &Client,
    election: &ElectionId,
    revision: Revision,
) -> Result<Standings, Failure> {
    let end = Instant::now() + CATCH_UP_MAX;
    loop {
        let request = GetStandingsRequest {
            election_id: election.to_string(),
            view: View::Head.into(),
            ..GetStandingsRequest::default()
        };
        let standings = client.get_standings(request).await?;
        if standings
            .token
            .as_ref()
            .is_some_and(|token| token.revision >= revision.0)
        {
            return Ok(standings);
        }
        if Instant::now() >= end {
            let what =
                format!("the seats have not reached revision {revision} within {CATCH_UP_MAX:?}");
            return Err(Failure::Input(what));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Seats of the lists that have any, by id, over all contests.
pub fn seats_by_list(standings: &Standings) -> BTreeMap<String, u32> {
    let options = standings
        .contests
        .iter()
        .flat_map(|contest| &contest.options);
    let held = options.filter_map(|option| {
        let seats = option.seats.as_ref()?.seats.filter(|seats| *seats > 0)?;
        Some((option.option_id.clone(), seats))
    });
    held.collect()
}

fn line_of(seats: &BTreeMap<String, u32>) -> String {
    let mut sorted: Vec<_> = seats.iter().collect();
    sorted.sort_by_key(|(list, seats)| (std::cmp::Reverse(**seats), list.as_str()));
    let parts: Vec<String> = sorted
        .into_iter()
        .map(|(list, seats)| format!("{list} {seats}"))
        .collect();
    if parts.is_empty() {
        String::from("none")
    } else {
        parts.join(", ")
    }
}
