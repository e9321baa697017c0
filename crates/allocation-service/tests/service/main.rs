//! The role behind a results role in memory whose logs are scripted: what it answers is compared with a naive fold.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, outside of what clippy knows as tests"
)]

mod allocate;
mod bounds;
#[path = "../../../explanation/tests/explanation/calculator.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod calculator;
mod certain;
mod comparison;
mod damaged;
mod districts;
mod districts_asked;
mod districts_told;
#[path = "../../../election/tests/support/mod.rs"]
mod night;
mod official;
mod restored;
mod results;
mod size;
#[path = "../../../apportionment/tests/skipped/mod.rs"]
mod skipped;
mod standings;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use allocation_service::{Config, Role};
use election::definition::Definition;
use election::event::Recorded;
use election::ids::{LogId, Revision, Timestamp};
use election::publication::PublicationClass;
use election::report::ReportKind;
use election::tally::Tally;
use night::{LOG, Night, START, small};
use results::Results;
use service_runtime::clock::TestClock;
use service_runtime::limits::Limits;
use service_runtime::pipe::local_channel;
use service_runtime::services::{Contract, Services};
use service_runtime::shutdown::Stopper;
use tonic::transport::Channel;
use wire::allocation::v1::allocation_service_client::AllocationServiceClient;
use wire::allocation::v1::{GetStandingsRequest, Standings, WatchStandingsRequest};
use wire::common::v1::{ResumeToken, View};

const ELECTION: &str = "small-2026";

/// The role with its results role and its clock.
struct Stage {
    results: Arc<Results>,
    clock: TestClock,
    client: AllocationServiceClient<Channel>,
    allocation: Stopper,
    all: Stopper,
}

fn config() -> Config {
    Config {
        checkpoint_events: 2,
        checkpoints_max: 3,
        ..Config::default()
    }
}

fn stage() -> Stage {
    let all = Stopper::new("test");
    let results = Results::new();
    let upstream = local_channel(results.services(), Limits::default(), &all.child("results"));
    let allocation = all.child("allocation");
    let clock = TestClock::at_micros(START + HOUR);
    let role = Role::new(config(), upstream, Arc::new(clock.clone()), &allocation);
    let contract = Contract {
        descriptors: &[],
        unary_methods: wire::UNARY_METHODS,
        streaming_methods: wire::STREAMING_METHODS,
    };
    let services = role.add_to(Services::new(contract));
    let channel = local_channel(services, Limits::default(), &allocation);
    Stage {
        results,
        clock,
        client: AllocationServiceClient::new(channel),
        allocation,
        all,
    }
}

const HOUR: i64 = 3_600_000_000;

impl Stage {
    fn serve(&self, night: &Night) {
        self.results.serve(ELECTION, LOG, &night.records);
    }

    async fn at(&self, view: View, revision: u64) -> Result<Standings, tonic::Status> {
        let request = GetStandingsRequest {
            election_id: ELECTION.into(),
            view: view.into(),
            revision,
            ..Default::default()
        };
        let answer = self.client.clone().get_standings(request).await?;
        Ok(answer.into_inner().standings.unwrap())
    }

    /// Standings at the head, as soon as they are of this revision.
    async fn reached(&self, view: View, revision: u64) -> Standings {
        for _ in 0..400 {
            if let Ok(standings) = self.at(view, 0).await
                && revision_of(&standings) >= revision
            {
                assert_eq!(revision_of(&standings), revision);
                return standings;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("revision {revision} is not reached");
    }

    async fn watch(&self, view: View, token: Option<ResumeToken>) -> watch::Watching {
        let request = WatchStandingsRequest {
            election_id: ELECTION.into(),
            view: view.into(),
            resume_token: token,
        };
        let stream = self.client.clone().watch_standings(request).await.unwrap();
        watch::Watching(stream.into_inner())
    }
}

fn revision_of(standings: &Standings) -> u64 {
    standings.token.as_ref().unwrap().revision
}

/// What a fold of the records up to a revision gives, without any of the role's code.
fn naive(records: &[Recorded], revision: u64, publication: &Tally) -> Standings {
    let mut tally = Tally::begin(&records[0]).unwrap();
    let rest = records[1..]
        .iter()
        .take_while(|it| it.revision.0 <= revision);
    rest.for_each(|recorded| tally.apply(recorded).unwrap());
    let seats: Vec<Vec<_>> = (0..tally.contests.len())
        .map(|contest| {
            let districts = 0..tally.contests[contest].len();
            districts
                .map(|district| election::standings::district_seats(&tally, contest, district))
                .collect()
        })
        .collect();
    let above: Vec<_> = (0..tally.contests.len())
        .map(|contest| election::standings::contest_seats(&tally, contest))
        .collect();
    let certain: Vec<Vec<_>> = (seats.iter().enumerate())
        .map(|(contest, districts)| {
            let districts = districts.iter().enumerate();
            let certain = districts.map(|(district, seats)| {
                let place = (contest, district);
                election::certain::certain_seats(&tally, place, seats.as_ref()?)
            });
            certain.collect()
        })
        .collect();
    let standings = wire::standings(
        &tally,
        |contest, district| seats[contest][district].as_ref(),
        |contest| above[contest].as_ref(),
        |contest, district| certain[contest][district].as_ref(),
    );
    let token = standings.token.clone().map(|token| ResumeToken {
        publication_seq: publication.publication.seq(),
        ..token
    });
    Standings {
        token,
        publication: Some((&publication.publication).into()),
        ..standings
    }
}

/// A night of every kind of change: reports, corrections, a withdrawal, a status, opened to the public from the start.
fn lively(definition: &Definition) -> Night {
    let mut night = Night::begin(definition);
    open(&mut night, PublicationClass::Definition, START);
    open(&mut night, PublicationClass::Turnout, START);
    open(&mut night, PublicationClass::Results, START);
    for unit in 0..4_u64 {
        let votes = [100 + unit, 60, 30 + 10 * unit];
        night.submit(night.full(&format!("u{unit}"), 1, &votes));
    }
    night.submit(night.ordered(ReportKind::Correction, "u1", 2, &[90, 71, 40]));
    night.withdraw("u2", 2).unwrap();
    night.submit(night.ordered(ReportKind::Recount, "u3", 2, &[99, 61, 60]));
    night.submit(night.full("u2", 3, &[100, 62, 50]));
    night
}

fn open(night: &mut Night, class: PublicationClass, at: i64) {
    let command = election::command::Command::OpenClass {
        class,
        opens_at: Some(Timestamp(at)),
    };
    night.run(command).unwrap();
}

fn head(night: &Night) -> u64 {
    night.state.revision().0
}

fn token(log_id: LogId, revision: u64, publication_seq: u64) -> Option<ResumeToken> {
    let position = wire::Position {
        log_id,
        revision: Revision(revision),
        publication_seq,
    };
    Some(position.into())
}
