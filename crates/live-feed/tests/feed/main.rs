//! The feed between viewers of every kind and roles behind it that misbehave.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, outside of what clippy knows as tests"
)]

mod agreement;
mod at_once;
mod changes;
mod chart;
mod coalitions;
mod failures;
mod frames;
mod http;
mod index;
#[path = "../../../election/tests/support/mod.rs"]
mod night;
mod page;
mod restored;
mod roles;
mod told;
mod viewers;

use std::sync::Arc;
use std::time::Duration;

use election::certain::certain_seats;
use election::command::Command;
use election::definition::{Definition, DistrictBallot};
use election::event::Recorded;
use election::ids::{DistrictId, Timestamp};
use election::publication::PublicationClass;
use election::report::ReportKind;
use election::standings::district_seats;
use election::tally::Tally;
use live_feed::{Config, Role};
use night::{Night, START, small};
use roles::Roles;
use service_runtime::clock::TestClock;
use service_runtime::limits::Limits;
use service_runtime::pipe::local_channel;
use service_runtime::services::{Contract, Services};
use service_runtime::shutdown::Stopper;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use wire::allocation::v1::Standings;
use wire::common::v1::ResumeToken;
use wire::feed::v1::live_feed_service_client::LiveFeedServiceClient;
use wire::feed::v1::scope::Scope as Kind;
use wire::feed::v1::watch_frames_response::Event;
use wire::feed::v1::{
    DistrictScope, ElectionScope, Frame, GetFrameRequest, Heartbeat, Scope, UnitScope,
    WatchFramesRequest, WatchFramesResponse,
};

const ELECTION: &str = "small-2026";
const HOUR: i64 = 3_600_000_000;

/// The feed with the roles behind it and its clock.
struct Stage {
    roles: Arc<Roles>,
    clock: TestClock,
    client: LiveFeedServiceClient<Channel>,
    http: live_feed::Routes,
    feed: Stopper,
    _all: Stopper,
}

fn stage() -> Stage {
    staged(Config::default())
}

fn staged(config: Config) -> Stage {
    let all = Stopper::new("test");
    let roles = Roles::new();
    let upstream = local_channel(roles.services(), Limits::default(), &all.child("roles"));
    let feed = all.child("feed");
    let clock = TestClock::at_micros(START + HOUR);
    let shared = Arc::new(clock.clone());
    let role = Role::new(config, upstream.clone(), upstream, shared, &feed);
    let contract = Contract {
        descriptors: &[],
        unary_methods: wire::UNARY_METHODS,
        streaming_methods: wire::STREAMING_METHODS,
    };
    let limits = Limits {
        calls_per_connection_max: 10_000,
        ..Limits::default()
    };
    let http = role.routes();
    let channel = local_channel(role.add_to(Services::new(contract)), limits, &feed);
    Stage {
        roles,
        clock,
        client: LiveFeedServiceClient::new(channel),
        http,
        feed,
        _all: all,
    }
}

impl Stage {
    /// Lets the public see a night up to a revision.
    fn show(&self, night: &Night, revision: u64) {
        self.roles
            .state
            .send_modify(|known| known.records.clone_from(&night.records));
        self.roles
            .show(standings(&night.records, revision, night.state.tally()));
    }

    async fn watch(&self, scope: Scope, token: Option<ResumeToken>) -> Result<Viewer, Status> {
        let request = WatchFramesRequest {
            scope: Some(scope),
            resume_token: token,
        };
        let stream = self.client.clone().watch_frames(request).await?;
        Ok(Viewer(stream.into_inner()))
    }

    async fn frame(&self, scope: Scope) -> Result<Frame, Status> {
        let request = GetFrameRequest { scope: Some(scope) };
        let answer = self.client.clone().get_frame(request).await?;
        Ok(answer.into_inner().frame.unwrap())
    }
}

struct Viewer(Streaming<WatchFramesResponse>);

impl Viewer {
    async fn event(&mut self) -> Result<Event, Status> {
        let message = self.0.message().await?.expect("the stream goes on");
        Ok(message.event.unwrap())
    }

    async fn frame(&mut self) -> Frame {
        loop {
            match self.event().await.unwrap() {
                Event::Frame(frame) => return frame,
                Event::Heartbeat(_) => {}
                Event::Reset(_) => panic!("nothing is reset"),
            }
        }
    }

    /// Frames until one is of this revision; none may be lower than one before.
    async fn until(&mut self, revision: u64) -> Frame {
        let mut shown = (0, 0);
        loop {
            let frame = self.frame().await;
            assert!(order(&frame) > shown, "never a lower one");
            shown = order(&frame);
            if shown.0 == revision {
                return frame;
            }
        }
    }

    async fn heartbeat(&mut self) -> Heartbeat {
        match self.event().await.unwrap() {
            Event::Heartbeat(heartbeat) => heartbeat,
            other => panic!("{other:?} is no heartbeat"),
        }
    }
}

fn token_of(frame: &Frame) -> ResumeToken {
    let envelope = frame.envelope.as_ref().unwrap();
    envelope.token.clone().unwrap()
}

fn order(frame: &Frame) -> (u64, u64) {
    let token = token_of(frame);
    assert_eq!(frame.body.as_ref().unwrap().revision, token.revision);
    (token.revision, token.publication_seq)
}

fn whole() -> Scope {
    let election_id = ELECTION.into();
    Scope {
        scope: Some(Kind::Election(ElectionScope { election_id })),
    }
}

fn district(id: &str) -> Scope {
    Scope {
        scope: Some(Kind::District(DistrictScope {
            election_id: ELECTION.into(),
            district_id: id.into(),
        })),
    }
}

fn unit(id: &str) -> Scope {
    Scope {
        scope: Some(Kind::Unit(UnitScope {
            election_id: ELECTION.into(),
            unit_id: id.into(),
        })),
    }
}

/// What the allocation role says of a revision: a naive fold, with the publication of the head.
fn standings(records: &[Recorded], revision: u64, head: &Tally) -> Standings {
    let tally = fold(records, revision);
    let contests = tally.contests.iter().enumerate();
    let seats: Vec<Vec<_>> = contests
        .map(|(contest, districts)| {
            let districts = 0..districts.len();
            districts
                .map(|district| district_seats(&tally, contest, district))
                .collect()
        })
        .collect();
    let above: Vec<_> = (0..tally.contests.len())
        .map(|contest| election::standings::contest_seats(&tally, contest))
        .collect();
    let certain = |contest: usize, district: usize| {
        let seats = seats[contest][district].as_ref()?;
        certain_seats(&tally, (contest, district), seats)
    };
    let certain: Vec<Vec<_>> = (seats.iter().enumerate())
        .map(|(contest, districts)| {
            (0..districts.len())
                .map(|it| certain(contest, it))
                .collect()
        })
        .collect();
    let standings = wire::standings(
        &tally,
        |contest, district| seats[contest][district].as_ref(),
        |contest| above[contest].as_ref(),
        |contest, district| certain[contest][district].as_ref(),
    );
    let token = standings.token.clone().map(|token| ResumeToken {
        publication_seq: head.publication.seq(),
        ..token
    });
    Standings {
        token,
        publication: Some((&head.publication).into()),
        ..standings
    }
}

fn fold(records: &[Recorded], revision: u64) -> Tally {
    let mut tally = Tally::begin(&records[0]).unwrap();
    let rest = records[1..]
        .iter()
        .take_while(|it| it.revision.0 <= revision);
    rest.for_each(|recorded| tally.apply(recorded).unwrap());
    tally
}

/// Two districts, three lists.
fn two_districts() -> Definition {
    let mut definition = small(3, 4);
    let coast = || DistrictId::new("coast").unwrap();
    let ballot = &mut definition.ballot.contests[0];
    let options = ballot.districts[0].options.clone();
    ballot.districts.push(DistrictBallot {
        id: coast(),
        options,
    });
    definition.rules.contests[0]
        .districts
        .push(election::rules::DistrictSeats {
            id: coast(),
            seats: 4,
            parts: Vec::new(),
        });
    definition.rules.house_size = 14;
    definition.register.units[3].district = coast();
    definition
}

/// A night of every kind of change, opened to the public from the start.
fn lively(definition: &Definition) -> Night {
    let mut night = Night::begin(definition);
    open_all(&mut night);
    for unit in 0..4_u64 {
        let votes = [100 + unit, 60, 30 + 10 * unit];
        night.submit(night::turnout(&format!("u{unit}"), 1, 300));
        night.submit(night.full(&format!("u{unit}"), 1, &votes));
    }
    night.submit(night.ordered(ReportKind::Correction, "u1", 2, &[90, 71, 40]));
    night.withdraw("u2", 2).unwrap();
    night.submit(night.ordered(ReportKind::Recount, "u3", 2, &[99, 61, 60]));
    night.submit(night.full("u2", 3, &[100, 62, 50]));
    night
}

fn open(night: &mut Night, class: PublicationClass, at: i64) {
    let opens_at = Some(Timestamp(at));
    night.run(Command::OpenClass { class, opens_at }).unwrap();
}

fn open_all(night: &mut Night) {
    for class in PublicationClass::ALL {
        open(night, class, START);
    }
}

fn head(night: &Night) -> u64 {
    night.state.revision().0
}

fn tick() -> Duration {
    Config::default().tick
}
