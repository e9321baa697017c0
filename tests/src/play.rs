//! Plays a night on the system: reports through ingestion, withdrawals through the officials' commands, seats compared at
//! each checkpoint; and kills processes while it goes on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use client::{Client, Defined, SubmitOptions};
use election::command::Command;
use election::definition::Definition;
use election::ids::{ElectionId, UnitId};
use election::publication::PublicationClass;
use election::report::{Outcome, TallyKey};
use election::submission::Submission;
use election::tally::district_index;
use futures::{StreamExt as _, stream};
use hemicycle::night::shuffle::Repeatable;
use hemicycle::night::{Checkpoint, Step, TimedStep};
use tokio::task::block_in_place;

use crate::cluster::{Cluster, Role};
use crate::reads;

/// Reports that are handed to the client at once.
const CHUNK: usize = 8_192;

/// Which processes are killed, and after how many outcomes. Counted, not timed: a seed gives the same kills each time.
#[derive(Debug, Clone, Default)]
pub struct Kills(VecDeque<(u64, Role)>);

impl Kills {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// So many kills of these roles in turn, at seeded moments of a night of so many outcomes.
    pub fn seeded(seed: u64, kills: usize, roles: &[Role], outcomes: usize) -> Self {
        let mut numbers = Repeatable::new(seed);
        let mut moments: Vec<usize> = (0..kills).map(|_| numbers.below(outcomes)).collect();
        moments.sort_unstable();
        let moments = moments
            .into_iter()
            .map(|moment| u64::try_from(moment).expect("64 bits hold it"));
        Self(moments.zip(roles.iter().copied().cycle()).collect())
    }

    /// How many are still to come.
    pub fn left(&self) -> usize {
        self.0.len()
    }

    fn due(&mut self, outcomes: u64) -> Option<Role> {
        let (_, role) = self.0.pop_front_if(|(moment, _)| *moment <= outcomes)?;
        Some(role)
    }
}

/// A report that was answered.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The unit.
    pub unit: UnitId,
    /// The report's version.
    pub version: u32,
    /// The answer.
    pub outcome: Outcome,
}

/// Votes by option.
type Votes = Vec<(u32, u64)>;

/// What must be counted after reports that are all legal: of each tally its highest version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    // A withdrawn tally has a version and no votes.
    tallies: BTreeMap<TallyKey, (u32, Option<Votes>)>,
}

impl Expected {
    fn replace(&mut self, key: &TallyKey, version: u32, votes: Option<&[(u32, u64)]>) {
        let counted = self.tallies.entry(key.clone()).or_default();
        if version > counted.0 {
            *counted = (version, votes.map(<[_]>::to_vec));
        }
    }

    /// Takes in a step of a night.
    pub fn take(&mut self, step: &Step) {
        match step {
            Step::Submit(Submission::Report(report)) => {
                self.replace(&report.key, report.version, Some(&report.votes));
            }
            Step::Withdraw { key, version, .. } => self.replace(key, *version, None),
            Step::Submit(Submission::Turnout(_)) | Step::Checkpoint(_) => {}
        }
    }

    /// How many tallies are counted.
    pub fn counted(&self) -> usize {
        self.tallies
            .values()
            .filter(|(_, votes)| votes.is_some())
            .count()
    }

    /// Votes by contest, district and option, in the order of the ballot.
    pub fn totals(&self, definition: &Definition) -> Vec<Vec<u64>> {
        let ballot = &definition.ballot;
        let units = definition.register.units.iter();
        let districts: BTreeMap<&UnitId, usize> = units
            .filter_map(|unit| Some((&unit.id, district_index(ballot, unit.district.as_str())?)))
            .collect();
        let mut totals = Vec::new();
        for contest in &ballot.contests {
            for (place, district) in contest.districts.iter().enumerate() {
                let mut votes = vec![0; district.options.len()];
                let here =
                    |key: &TallyKey| key.contest == contest.id && districts[&key.unit] == place;
                let tallies = self.tallies.iter().filter(|(key, _)| here(key));
                for (option, count) in tallies
                    .filter_map(|(_, (_, votes))| votes.as_ref())
                    .flatten()
                {
                    votes[usize::try_from(*option).expect("an option's index is small")] += count;
                }
                totals.push(votes);
            }
        }
        totals
    }
}

/// A night while it is played.
#[derive(Debug)]
pub struct Player {
    /// The election.
    pub election: ElectionId,
    /// What is voted on.
    pub definition: Arc<Definition>,
    /// What must be counted now.
    pub expected: Expected,
    /// How often each outcome was answered.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Every report that was answered, in the order of the answers.
    pub acknowledged: Vec<Acknowledged>,
    /// The highest revision that was answered.
    pub head: u64,
    /// Checkpoints at which the seats were compared.
    pub checkpoints: usize,
    kills: Kills,
}

impl Player {
    /// Defines the election.
    pub async fn define(cluster: &Cluster, definition: Definition, kills: Kills) -> Self {
        let definition = Arc::new(definition);
        let defined = cluster.client(Role::Results).define(&definition).await;
        let Defined { written, .. } = defined.expect("the definition is taken");
        Self {
            election: definition.ballot.election.clone(),
            definition,
            expected: Expected::default(),
            outcomes: BTreeMap::new(),
            acknowledged: Vec::new(),
            head: written.last_revision.0,
            checkpoints: 0,
            kills,
        }
    }

    /// Sends a command and notes how far the log has come.
    pub async fn command(&mut self, cluster: &Cluster, command: &Command) {
        let officials = cluster.client(Role::Results);
        let written = officials.command(&self.election, command).await;
        let written = written.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.head = self.head.max(written.last_revision.0);
    }

    /// Opens everything to the public, from now on.
    pub async fn open_to_public(&mut self, cluster: &Cluster) {
        for class in PublicationClass::ALL {
            self.command(
                cluster,
                &Command::OpenClass {
                    class,
                    opens_at: None,
                },
            )
            .await;
        }
    }

    /// Plays steps to their end.
    pub async fn play(
        &mut self,
        cluster: &mut Cluster,
        steps: impl IntoIterator<Item = TimedStep>,
    ) {
        let mut chunk = Vec::new();
        for TimedStep { step, .. } in steps {
            self.expected.take(&step);
            match step {
                Step::Submit(submission) => {
                    chunk.push(submission);
                    if chunk.len() == CHUNK {
                        self.submit(cluster, std::mem::take(&mut chunk)).await;
                    }
                }
                Step::Withdraw {
                    key,
                    version,
                    attribution,
                } => {
                    self.submit(cluster, std::mem::take(&mut chunk)).await;
                    self.command(
                        cluster,
                        &Command::Withdraw {
                            key,
                            version,
                            attribution,
                        },
                    )
                    .await;
                }
                Step::Checkpoint(checkpoint) => {
                    self.submit(cluster, std::mem::take(&mut chunk)).await;
                    self.compare(cluster, &checkpoint).await;
                }
            }
        }
        self.submit(cluster, chunk).await;
    }

    /// Submits reports until each one is answered, and gives the answers.
    pub async fn submit(
        &mut self,
        cluster: &mut Cluster,
        submissions: Vec<Submission>,
    ) -> Vec<Outcome> {
        let names: Vec<(UnitId, u32)> = submissions.iter().map(name).collect();
        let ingestion = cluster.client(Role::TallyIngestion);
        let mut answers = submit(&ingestion, &self.election, submissions);
        let mut outcomes = Vec::new();
        for (unit, version) in names {
            let outcome = answers.next().await.expect("each report is answered");
            self.note(unit, version, &outcome);
            outcomes.push(outcome);
            while let Some(role) = self.kills.due(self.answered()) {
                block_in_place(|| cluster.kill_and_restart(role));
            }
        }
        outcomes
    }

    fn note(&mut self, unit: UnitId, version: u32, outcome: &Outcome) {
        *self.outcomes.entry(outcome.name()).or_default() += 1;
        self.head = self.head.max(revision(outcome));
        let outcome = outcome.clone();
        self.acknowledged.push(Acknowledged {
            unit,
            version,
            outcome,
        });
    }

    fn answered(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// How many kills were not due yet.
    pub fn kills_left(&self) -> usize {
        self.kills.left()
    }

    async fn compare(&mut self, cluster: &Cluster, checkpoint: &Checkpoint) {
        let standings = reads::standings_at(cluster, &self.election, self.head).await;
        assert_eq!(
            reads::seats(&standings),
            checkpoint.seats,
            "{}",
            checkpoint.label
        );
        self.checkpoints += 1;
    }

    /// Checks that the totals of all services are those of the reports that were sent.
    pub async fn check_totals(&self, cluster: &Cluster) {
        let expected = self.expected.totals(&self.definition);
        let tally = reads::tally_at(cluster, &self.election, self.head).await;
        let counted: Vec<Vec<u64>> = tally
            .tallies
            .iter()
            .map(|tally| tally.votes.clone())
            .collect();
        assert_eq!(counted, expected, "what results counts");
        let standings = reads::standings_at(cluster, &self.election, self.head).await;
        let districts = standings
            .contests
            .iter()
            .flat_map(|contest| &contest.districts);
        let folded: Vec<Vec<u64>> = districts.map(|district| district.votes.clone()).collect();
        assert_eq!(folded, expected, "what allocation folds");
    }
}

/// Submits reports, and panics where the call fails.
pub fn submit(
    ingestion: &Client,
    election: &ElectionId,
    submissions: Vec<Submission>,
) -> impl futures::Stream<Item = Outcome> + Unpin + use<> {
    let answers = ingestion.submit(
        election,
        stream::iter(submissions),
        SubmitOptions::default(),
    );
    answers.map(|answer| answer.expect("reports are answered").1)
}

fn name(submission: &Submission) -> (UnitId, u32) {
    let version = match submission {
        Submission::Report(report) => report.version,
        Submission::Turnout(turnout) => turnout.version,
    };
    (submission.unit().clone(), version)
}

/// The revision that an outcome rests on; 0 for a refusal.
pub fn revision(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Accepted { revision, .. }
        | Outcome::Duplicate { revision, .. }
        | Outcome::Superseded { revision, .. }
        | Outcome::Held { revision, .. }
        | Outcome::Conflict { revision, .. } => revision.0,
        Outcome::Refused(_) => 0,
    }
}
