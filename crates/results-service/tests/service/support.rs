//! A small election, and the role served over a pipe.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use election::bytes::codec::{Reader, Writer};
use election::bytes::{decode_outcome, decode_record, encode_submission, part_text};
use election::definition::{Ballot, Hash};
use election::event::Recorded;
use election::ids::{ContestId, CountingGroupId, UnitId};
use election::report::{Attribution, Outcome, Report, ReportKind, TallyKey};
use election::state::State;
use election::submission::Submission;
use event_log_journal::Options;
use futures::{StreamExt as _, stream};
use results_service::{Config, Entropy, Role, SeededEntropy, Storage, SystemEntropy};
use service_runtime::clock::TestClock;
use service_runtime::limits::Limits;
use service_runtime::pipe::local_channel;
use service_runtime::shutdown::Stopper;
use service_runtime::status::StatusBuilder;
use tonic::transport::Channel;
use tonic::{Code, Status};
use wire::common::v1 as common;
use wire::results::v1 as proto;
use wire::results::v1::admin_service_client::AdminServiceClient;
use wire::results::v1::results_service_client::ResultsServiceClient;

pub const ELECTION: &str = "small-2026";
pub const NOW: i64 = 1_763_800_000_000_000;
pub const GRACE: Duration = Duration::from_secs(30);
pub const HEAD: i32 = common::View::Head as i32;
pub const PUBLIC: i32 = common::View::Public as i32;

/// The role as its clients see it.
pub struct Service {
    pub results: ResultsServiceClient<Channel>,
    pub admin: AdminServiceClient<Channel>,
    pub clock: TestClock,
    pub stopper: Stopper,
}

pub fn folder(path: &Path) -> Config {
    let journal = Options {
        segment_bytes: 16 << 20,
        ..Options::default()
    };
    Config::new(Storage::Folder {
        path: path.to_owned(),
        journal,
    })
}

impl Service {
    /// Opens the role. A folder that was left without being closed is free a moment later.
    pub async fn start(config: Config) -> Self {
        Self::start_with(config, Arc::new(SystemEntropy)).await
    }

    /// Opens the role with randomness that follows from a seed.
    pub async fn start_seeded(config: Config, seed: u64) -> Self {
        Self::start_with(config, Arc::new(SeededEntropy::new(seed))).await
    }

    /// Opens the role with this randomness.
    pub async fn start_with(config: Config, entropy: Arc<dyn Entropy>) -> Self {
        let stopper = Stopper::new("test");
        let clock = TestClock::at_micros(NOW);
        let mut tries = 0;
        let role = loop {
            let clock = Arc::new(clock.clone());
            match Role::open(config.clone(), clock, entropy.clone(), &stopper).await {
                Ok(role) => break role,
                Err(error) if tries < 100 && error.to_string().contains("in use") => tries += 1,
                Err(error) => panic!("{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let channel = local_channel(role.services(), Limits::default(), &stopper);
        Self {
            results: ResultsServiceClient::new(channel.clone()),
            admin: AdminServiceClient::new(channel),
            clock,
            stopper,
        }
    }

    /// Stops it in good order.
    pub async fn stop(self) {
        let Self { stopper, .. } = self;
        stopper.drain(GRACE).await.unwrap();
    }

    /// Defines the small election and opens nothing.
    pub async fn define(&self, election: &str, units: usize, options: usize) -> Hash {
        self.define_with(definition(election, units, options)).await
    }

    pub async fn define_with(&self, messages: Vec<proto::DefineElectionRequest>) -> Hash {
        let mut admin = self.admin.clone();
        let response = admin.define_election(stream::iter(messages)).await;
        let response = response.unwrap().into_inner();
        let ballot = &response.parts[0];
        wire::hash("hash", &ballot.hash).unwrap()
    }

    /// Sends one batch on a stream of its own.
    pub async fn append(
        &self,
        election: &str,
        submissions: &[Submission],
    ) -> Result<Vec<Outcome>, Status> {
        let batch = batch(1, election, submissions);
        let mut answers = self.append_all(vec![batch]).await?;
        assert_eq!(answers.len(), 1);
        Ok(answers.remove(0).1)
    }

    /// Sends batches on one stream and gives the answers in the order in which they come.
    pub async fn append_all(
        &self,
        batches: Vec<proto::AppendBatchesRequest>,
    ) -> Result<Vec<(u64, Vec<Outcome>)>, Status> {
        let mut client = self.results.clone();
        let answers = client.append_batches(stream::iter(batches)).await?;
        let mut answers = answers.into_inner();
        let mut all = Vec::new();
        while let Some(answer) = answers.message().await? {
            if let Some(failure) = answer.failure {
                assert!(answer.outcomes.is_empty());
                return Err(failed(&failure));
            }
            let mut reader = Reader::new(&answer.outcomes);
            let outcomes = (0..answer.outcome_count).map(|_| decode_outcome(&mut reader).unwrap());
            all.push((answer.batch_id, outcomes.collect()));
            reader.end().unwrap();
        }
        Ok(all)
    }

    /// All records of the log up to its head.
    pub async fn log(&self, election: &str) -> Vec<Recorded> {
        let mut answers = self.watch(election, HEAD, 1).await.unwrap();
        let mut events = Vec::new();
        loop {
            let answer = answers.next().await.unwrap().unwrap();
            events.extend(recorded(&answer));
            if events.len() as u64 == answer.head_revision {
                return events;
            }
        }
    }

    pub async fn watch(
        &self,
        election: &str,
        view: i32,
        from_revision: u64,
    ) -> Result<tonic::Streaming<proto::WatchEventsResponse>, Status> {
        let request = proto::WatchEventsRequest {
            election_id: election.into(),
            view,
            from_revision,
            log_id: Vec::new().into(),
        };
        Ok(self
            .results
            .clone()
            .watch_events(request)
            .await?
            .into_inner())
    }

    /// Asks for a unit until the store has caught up.
    pub async fn unit(&self, unit_id: &str, revision: u64) -> Result<proto::UnitState, Status> {
        let request = proto::GetUnitRequest {
            election_id: ELECTION.into(),
            view: HEAD,
            revision,
            unit_id: unit_id.into(),
        };
        let response = patiently(async || self.results.clone().get_unit(request.clone()).await);
        Ok(response.await?.into_inner().unit.unwrap())
    }

    /// The whole log folded by somebody else.
    pub async fn state(&self, election: &str) -> State {
        fold(&self.log(election).await)
    }

    pub async fn open_class(&self, class: common::PublicationClass, at: Option<i64>) {
        let request = proto::OpenClassRequest {
            election_id: ELECTION.into(),
            publication_class: class.into(),
            open_time: at.map(|at| wire::timestamp(election::ids::Timestamp(at))),
        };
        self.admin.clone().open_class(request).await.unwrap();
    }
}

/// Asks again while the answer is UNAVAILABLE.
pub async fn patiently<T>(ask: impl AsyncFn() -> Result<T, Status>) -> Result<T, Status> {
    for _ in 0..500 {
        match ask().await {
            Err(status) if status.code() == Code::Unavailable => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome,
        }
    }
    ask().await
}

pub fn fold(events: &[Recorded]) -> State {
    let mut state = State::begin(&events[0]).unwrap();
    events[1..]
        .iter()
        .for_each(|event| state.apply(event).unwrap());
    assert!(state.totals_reconcile());
    state
}

pub fn recorded(answer: &proto::WatchEventsResponse) -> Vec<Recorded> {
    let records = answer.records.iter();
    records
        .map(|record| {
            let annex = (!record.annex_bytes.is_empty()).then_some(&record.annex_bytes[..]);
            decode_record(&record.public_bytes, annex).unwrap()
        })
        .collect()
}

/// One contest "list" in one district "city", options "o0", ..., units "u0", ... with a roll of 1,000 each.
pub fn definition_text(election: &str, options: usize) -> String {
    let options: String = (0..options)
        .map(|number| format!("[[ballot.contests.districts.options]]\nid = \"o{number}\"\n"))
        .collect();
    format!(
        "[ballot]\nelection = \"{election}\"\nis_test = true\n\
         [[ballot.contests]]\nid = \"list\"\n[[ballot.contests.districts]]\nid = \"city\"\n{options}\
         [rules]\nhouse_size = 10\n[[rules.contests]]\nid = \"list\"\n\
         districts = [{{ id = \"city\", seats = 10 }}]\n\
         stages = [{{ method = \"largest-remainder\", quota = \"hare\" }}]\n\
         [[rules.form.identities]]\nleft = [\"valid\"]\nright = [\"votes\"]\n"
    )
}

pub fn definition(
    election: &str,
    units: usize,
    options: usize,
) -> Vec<proto::DefineElectionRequest> {
    use proto::define_election_request::{DefinitionHead, Part, UnitChunk};
    let head = DefinitionHead {
        election_id: election.into(),
        definition_toml: definition_text(election, options),
        unit_count: u32::try_from(units).unwrap(),
    };
    let all: Vec<_> = (0..units).map(unit).collect();
    let chunks = all.chunks(2_000).map(|units| {
        Part::Units(UnitChunk {
            units: units.to_vec(),
        })
    });
    std::iter::once(Part::Head(head))
        .chain(chunks)
        .map(|part| proto::DefineElectionRequest { part: Some(part) })
        .collect()
}

pub fn unit(number: usize) -> common::Unit {
    common::Unit {
        unit_id: format!("u{number}"),
        kind: common::UnitKind::Station.into(),
        district_id: "city".into(),
        area_id: String::new(),
        roll: Some(1_000),
        display_name: format!("Station {number}"),
        counting_group_ids: Vec::new(),
    }
}

/// The hash of the small election's ballot.
pub fn ballot_hash(election: &str, options: usize) -> Hash {
    #[derive(serde::Deserialize)]
    struct Tables {
        ballot: Ballot,
    }
    let tables: Tables = toml::from_str(&definition_text(election, options)).unwrap();
    Hash::of(part_text(&tables.ballot).as_bytes())
}

pub fn report(ballot: Hash, unit: usize, version: u32, votes: &[u64]) -> Submission {
    let options = 0_u32..;
    Submission::Report(Report {
        key: TallyKey {
            unit: UnitId::new(&format!("u{unit}")).unwrap(),
            contest: ContestId::new("list").unwrap(),
            counting_group: CountingGroupId::new("all").unwrap(),
        },
        version,
        kind: ReportKind::Full,
        ballot_hash: ballot,
        votes: options.zip(votes.iter().copied()).collect(),
        form: vec![(election::counts::Counter::Valid, votes.iter().sum())],
        attribution: None,
    })
}

pub fn correction(ballot: Hash, unit: usize, version: u32, votes: &[u64]) -> Submission {
    let Submission::Report(report) = report(ballot, unit, version, votes) else {
        unreachable!()
    };
    Submission::Report(Report {
        kind: ReportKind::Correction,
        attribution: Some(Attribution {
            by: "Commission No 3".into(),
            reason: "rows swapped".into(),
        }),
        ..report
    })
}

pub fn batch(
    batch_id: u64,
    election: &str,
    submissions: &[Submission],
) -> proto::AppendBatchesRequest {
    let mut writer = Writer::default();
    submissions
        .iter()
        .for_each(|submission| encode_submission(&mut writer, submission));
    proto::AppendBatchesRequest {
        batch_id,
        election_id: election.into(),
        principal: "station".into(),
        reports: writer.into_bytes().into(),
        report_count: u32::try_from(submissions.len()).unwrap(),
        validate_only: false,
    }
}

/// What a batch that failed is to ingestion.
fn failed(failure: &proto::BatchFailure) -> Status {
    let (code, reason) = match failure.reason() {
        proto::BatchFailureReason::ReadOnly => (Code::FailedPrecondition, "READ_ONLY"),
        proto::BatchFailureReason::NoSpace => (Code::ResourceExhausted, "NO_SPACE"),
        proto::BatchFailureReason::Unspecified => panic!("{failure:?}"),
    };
    StatusBuilder::new(code, reason, failure.message.clone())
        .metadata("revision", failure.damaged_revision)
        .build()
}
