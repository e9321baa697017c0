//! A small election, and a night that records every event as the services do and checks every invariant after it.
#![allow(
    dead_code,
    reason = "each test binary uses a part of what they have in common"
)]

pub mod outstanding;
pub mod samples;

use election::bytes::{decode_record, encode_record, verify_annex};
use election::command::Command;
use election::counts::Counter;
use election::decide::{decide, decide_submission};
use election::definition::*;
use election::event::{Event, Recorded, Slot};
use election::ids::*;
use election::report::*;
use election::rules::*;
use election::state::State;
use election::submission::Submission;
use election::tally::{StillToCome, Tally};

pub const LOG: LogId = LogId([7; 16]);
/// The time at which a night's clock starts.
pub const START: i64 = 1_610_280_000_000_000;

pub fn attribution() -> Attribution {
    Attribution {
        by: "Territorial election commission No 3".into(),
        reason: "rows swapped in the protocol".into(),
    }
}

/// One contest "list", one district "city", options "a", "b", ..., units "u0", "u1", ... with a roll of 1,000 each.
pub fn small(options: usize, units: usize) -> Definition {
    let option = |number: usize| BallotOption {
        id: OptionId::new(&format!("o{number}")).unwrap(),
        role: OptionRole::List,
        registration_number: Some(u32::try_from(number).unwrap()),
        candidates: None,
        minority: false,
        coalition_size: 1,
        apparentment: None,
    };
    let unit = |number: usize| unit(&format!("u{number}"), Some(1_000));
    Definition {
        ballot: Ballot {
            election: ElectionId::new("small-2026").unwrap(),
            is_test: true,
            voting_day: Some("2026-11-22".into()),
            votes_per_ballot: 1,
            counting_groups: vec![CountingGroupId::new("all").unwrap()],
            contests: vec![ContestBallot {
                id: ContestId::new("list").unwrap(),
                districts: vec![DistrictBallot {
                    id: DistrictId::new("city").unwrap(),
                    options: (0..options).map(option).collect(),
                }],
            }],
        },
        register: Register {
            electorate: None,
            areas: Vec::new(),
            units: (0..units).map(unit).collect(),
        },
        rules: Rules {
            house_size: 10,
            sources: Vec::new(),
            contests: vec![ContestRules {
                id: ContestId::new("list").unwrap(),
                districts: vec![DistrictSeats {
                    id: DistrictId::new("city").unwrap(),
                    seats: 10,
                    parts: Vec::new(),
                }],
                threshold: None,
                stages: vec![StageRule::LargestRemainder {
                    quota: QuotaRule::Hare,
                    rounding: None,
                    limits: Default::default(),
                }],
                widening: None,
                apparentment: None,
                majority: None,
                seats_min: 0,
                bonus: None,
                seats_max: None,
                above_max: election::rules::AboveMaxRule::NextList,
                rescue: None,
                exhausted: ExhaustedRule::NextList,
                ties: Vec::new(),
                tiers: None,
                double_proportional: None,
            }],
            form: FormRules {
                identities: vec![Identity {
                    left: vec![Term::Votes, Term::Counter(Counter::Invalid)],
                    relation: Relation::Equal,
                    right: vec![Term::Counter(Counter::Papers)],
                }],
            },
            holds: HoldRules::default(),
            outstanding: None,
        },
        presentation: Presentation::default(),
    }
}

/// A station of the district "city".
pub fn unit(id: &str, roll: Option<u32>) -> Unit {
    Unit {
        id: UnitId::new(id).unwrap(),
        kind: UnitKind::Station,
        district: DistrictId::new("city").unwrap(),
        area: None,
        roll,
        name: String::new(),
        counting_groups: Vec::new(),
    }
}

/// The key of a unit's tally in the contest "list", group "all".
pub fn key(unit: &str) -> TallyKey {
    TallyKey {
        unit: UnitId::new(unit).unwrap(),
        contest: ContestId::new("list").unwrap(),
        counting_group: CountingGroupId::new("all").unwrap(),
    }
}

/// A log as it grows: the state of the results role, and a follower that sees public bytes only.
pub struct Night {
    pub state: State,
    pub follower: Tally,
    pub records: Vec<Recorded>,
    pub now: Timestamp,
}

impl Night {
    /// Defines the election.
    pub fn begin(definition: &Definition) -> Self {
        let command = Command::Define {
            definition: Box::new(definition.clone()),
            log_id: LOG,
        };
        let events = decide(None, &command, Timestamp(START)).expect("the definition is sound");
        Self::of_events(events)
    }

    /// A log that begins with these events.
    pub fn of_events(events: Vec<Event>) -> Self {
        let mut events = events.into_iter();
        let first = Recorded {
            revision: Revision(1),
            time: Timestamp(START),
            principal: "commission".into(),
            event: events.next().expect("a definition gives an event"),
        };
        let mut night = Self {
            state: State::begin(&first).unwrap(),
            follower: Tally::begin(&public_of(&first)).unwrap(),
            records: vec![first],
            now: Timestamp(START),
        };
        events.for_each(|event| night.record(event));
        night
    }

    /// Records an event: through its bytes, into the state and the follower, with every invariant checked.
    pub fn record(&mut self, event: Event) {
        self.now.0 += 1_000_000;
        let recorded = Recorded {
            revision: self.state.revision().next(),
            time: self.now,
            principal: "operator".into(),
            event,
        };
        let public = public_of(&recorded);
        let before = self.state.tally().clone();
        self.state.apply(&recorded).expect("what was decided fits");
        self.follower
            .apply(&public)
            .expect("what was decided fits a follower");
        self.records.push(recorded);
        self.check();
        self.check_foreseen(&before);
    }

    /// What no bound foresaw is told: otherwise nothing falls, and no more ballots are counted and to come than before.
    fn check_foreseen(&self, before: &Tally) {
        let after = self.state.tally();
        if after.unforeseen_total > before.unforeseen_total
            || before.outline.rules.outstanding.is_none()
        {
            return;
        }
        for (contest, districts) in after.contests.iter().enumerate() {
            for (district, now) in districts.iter().enumerate() {
                let then = &before.contests[contest][district];
                let mut votes = then.votes.iter().zip(&now.votes);
                assert!(
                    votes.all(|(then, now)| now >= then),
                    "votes fall unforeseen"
                );
                // Whatever came is within what was to come.
                let coming = before.still_to_come(contest, district);
                if let Some(coming) = coming.and_then(|coming| coming.ballots()) {
                    let sum = |votes: &[u64]| votes.iter().sum::<u64>();
                    let votes = sum(&now.votes) - sum(&then.votes);
                    assert!(votes <= coming, "more votes than foreseen");
                    let ballots = now.ballots_counted.saturating_sub(then.ballots_counted);
                    assert!(ballots <= coming, "more ballots than foreseen");
                    let left = after.still_to_come(contest, district);
                    let left = left.and_then(|left| left.ballots());
                    assert!(left.is_some(), "a bound that is gone unforeseen");
                }
            }
        }
    }

    /// Every invariant of a state.
    pub fn check(&self) {
        assert!(self.state.totals_reconcile(), "totals reconcile");
        assert!(self.state.slots_are_sound(), "slots are sound");
        assert_eq!(
            &self.follower,
            self.state.tally(),
            "a follower sees the same"
        );
        let tally = self.state.tally();
        for (contest, districts) in (0_u8..).zip(&tally.contests) {
            for (district, _) in (0_u16..).zip(districts) {
                let of = |coming: StillToCome| (coming.bounded, coming.unbounded, coming.repeated);
                let naive =
                    outstanding::still_to_come(&self.records, &self.state, contest, district);
                assert_eq!(
                    tally.still_to_come(contest.into(), district.into()).map(of),
                    naive.map(of),
                    "what is still to come"
                );
            }
        }
    }

    pub fn run(&mut self, command: Command) -> Result<usize, Refusal> {
        let events = decide(Some(&self.state), &command, self.now)?;
        let count = events.len();
        events.into_iter().for_each(|event| self.record(event));
        Ok(count)
    }

    pub fn submit(&mut self, submission: impl Into<Submitted>) -> Outcome {
        let Submitted(submission) = submission.into();
        let decision = decide_submission(&self.state, &submission);
        let next = self.state.revision().next();
        match (&decision.event, &decision.outcome) {
            (
                Some(_),
                Outcome::Accepted { revision, .. }
                | Outcome::Held { revision, .. }
                | Outcome::Conflict { revision, .. },
            ) => assert_eq!(*revision, next, "the answer names the event's revision"),
            (None, Outcome::Duplicate { revision, .. } | Outcome::Superseded { revision, .. }) => {
                assert!(*revision < next && *revision > Revision::ZERO)
            }
            (None, Outcome::Refused(_)) => {}
            (event, outcome) => panic!("{outcome:?} does not go with {event:?}"),
        }
        decision
            .event
            .into_iter()
            .for_each(|event| self.record(event));
        decision.outcome
    }

    pub fn slot(&self, unit: &str) -> Slot {
        let unit = self.state.unit_index(unit).expect("a unit of the register");
        self.state.slot(unit, 0, 0).expect("a tally of the unit")
    }

    pub fn status(&self, unit: &str) -> UnitStatus {
        self.state.slot_state(self.slot(unit)).unwrap().status
    }

    /// The version and votes that are counted for a unit.
    pub fn counted(&self, unit: &str) -> Option<(u32, Vec<u32>)> {
        let counted = self.state.counted(self.slot(unit));
        counted.map(|(version, counts, _)| (version, counts.votes))
    }

    pub fn totals(&self) -> &[u64] {
        &self.state.tally().contests[0][0].votes
    }

    /// A full report.
    pub fn full(&self, unit: &str, version: u32, votes: &[u64]) -> Report {
        Report {
            key: key(unit),
            version,
            kind: ReportKind::Full,
            ballot_hash: self.state.tally().outline.versions[0].hash,
            votes: (0..).zip(votes.iter().copied()).collect(),
            form: Vec::new(),
            attribution: None,
        }
    }

    /// A report of another kind, with who and why.
    pub fn ordered(&self, kind: ReportKind, unit: &str, version: u32, votes: &[u64]) -> Report {
        Report {
            kind,
            attribution: kind.needs_attribution().then(attribution),
            ..self.full(unit, version, votes)
        }
    }

    pub fn set_status(&mut self, unit: &str, status: UnitStatus) -> Result<usize, Refusal> {
        let merged_into = (status == UnitStatus::Merged).then(|| UnitId::new("u1").unwrap());
        self.run(Command::SetUnitStatus {
            unit: UnitId::new(unit).unwrap(),
            contest: None,
            counting_group: None,
            status,
            merged_into,
            attribution: attribution(),
        })
    }

    pub fn review(&mut self, unit: &str, held: Revision, release: bool) -> Result<usize, Refusal> {
        self.run(Command::Review {
            held_revision: held,
            key: key(unit),
            release,
            reason: "checked against the paper".into(),
        })
    }

    pub fn withdraw(&mut self, unit: &str, version: u32) -> Result<usize, Refusal> {
        self.run(Command::Withdraw {
            key: key(unit),
            version,
            attribution: attribution(),
        })
    }
}

/// Through the record's bytes and back: the whole of it must be the same, and what is returned is the public part.
pub fn public_of(recorded: &Recorded) -> Recorded {
    let bytes = encode_record(recorded, [9; 16]);
    assert!(verify_annex(&bytes.public, &bytes.annex));
    let whole = decode_record(&bytes.public, Some(&bytes.annex)).expect("a record reads back");
    assert_eq!(&whole, recorded);
    decode_record(&bytes.public, None).expect("a public record reads back")
}

pub struct Submitted(pub Submission);

impl From<Report> for Submitted {
    fn from(report: Report) -> Self {
        Self(Submission::Report(report))
    }
}

impl From<TurnoutReport> for Submitted {
    fn from(turnout: TurnoutReport) -> Self {
        Self(Submission::Turnout(turnout))
    }
}

pub fn turnout(unit: &str, version: u32, ballots_issued: u64) -> TurnoutReport {
    TurnoutReport {
        unit: UnitId::new(unit).unwrap(),
        version,
        ballots_issued,
        is_final: false,
        attribution: None,
    }
}

/// The code of a refusal that is expected.
pub fn code(outcome: &Outcome) -> RefusalCode {
    match outcome {
        Outcome::Refused(refusal) => refusal.code,
        other => panic!("{other:?} is not a refusal"),
    }
}
