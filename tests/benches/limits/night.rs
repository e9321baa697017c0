//! The election that is measured: one district, party lists, and reports that differ by unit.

use election::command::Command;
use election::counts::Counter;
use election::decide::{decide, decide_submission};
use election::definition::{
    Ballot, BallotOption, ContestBallot, Definition, DistrictBallot, Hash, Identity, OptionRole,
    Presentation, Register, Relation, Term, Unit, UnitKind,
};
use election::event::{Event, Recorded};
use election::ids::{
    ContestId, CountingGroupId, DistrictId, ElectionId, LogId, OptionId, Timestamp, UnitId,
};
use election::report::{Report, ReportKind, TallyKey};
use election::rules::{
    BaseRule, ComparisonRule, ContestRules, DistrictSeats, DivisorRule, ExhaustedRule, FormRules,
    HoldRules, Rules, StageRule, ThresholdRule,
};
use election::state::State;
use election::submission::Submission;

use crate::Outcome;

/// Voters on each unit's roll.
const ROLL: u32 = 5_000;
/// When the nights begin.
const START: Timestamp = Timestamp(1_610_280_000_000_000);

/// The ids that all reports share.
#[derive(Debug, Clone)]
pub struct Night {
    /// What is defined.
    pub definition: std::sync::Arc<Definition>,
    /// What reports name.
    pub ballot_hash: Hash,
    /// Options on the ballot.
    pub options: u32,
    contest: ContestId,
    counting_group: CountingGroupId,
}

impl Night {
    /// An election of 120 seats by D'Hondt with a threshold of 3%, so many lists and so many units.
    pub fn new(election: &str, options: u32, units: u32) -> Outcome<Self> {
        let contest = ContestId::new("list")?;
        let district = DistrictId::new("country")?;
        let counting_group = CountingGroupId::new("all")?;
        let ballot = Ballot {
            election: ElectionId::new(election)?,
            is_test: true,
            voting_day: None,
            votes_per_ballot: 1,
            counting_groups: vec![counting_group.clone()],
            contests: vec![ContestBallot {
                id: contest.clone(),
                districts: vec![DistrictBallot {
                    id: district.clone(),
                    options: (0..options).map(option).collect::<Outcome<_>>()?,
                }],
            }],
        };
        let rules = Rules {
            house_size: 120,
            sources: Vec::new(),
            contests: vec![contest_rules(&contest, &district)],
            form: FormRules {
                identities: vec![Identity {
                    left: vec![Term::Votes],
                    relation: Relation::Equal,
                    right: vec![Term::Counter(Counter::Valid)],
                }],
            },
            holds: HoldRules::default(),
            outstanding: None,
        };
        let units = (0..units).map(|number| unit(number, &district));
        let register = Register {
            electorate: None,
            areas: Vec::new(),
            units: units.collect::<Outcome<_>>()?,
        };
        Ok(Self {
            ballot_hash: Hash::of(election::bytes::part_text(&ballot).as_bytes()),
            definition: std::sync::Arc::new(Definition {
                ballot,
                register,
                rules,
                presentation: Presentation::default(),
            }),
            options,
            contest,
            counting_group,
        })
    }

    /// The election's id.
    pub fn election(&self) -> &ElectionId {
        &self.definition.ballot.election
    }

    /// A full report of a unit.
    pub fn report(&self, unit: u32, version: u32) -> Submission {
        let votes: Vec<_> = (0..self.options)
            .map(|option| (option, votes(unit, option)))
            .collect();
        let valid = votes.iter().map(|(_, votes)| votes).sum();
        let unit = &self.definition.register.units[index(unit)];
        Submission::Report(Report {
            key: TallyKey {
                unit: unit.id.clone(),
                contest: self.contest.clone(),
                counting_group: self.counting_group.clone(),
            },
            version,
            kind: ReportKind::Full,
            ballot_hash: self.ballot_hash,
            votes,
            form: vec![(Counter::Valid, valid), (Counter::Papers, valid + 13)],
            attribution: None,
        })
    }

    /// The state and the log right after the definition.
    pub fn begin(&self) -> Outcome<(State, Vec<Recorded>)> {
        let command = Command::Define {
            definition: Box::new((*self.definition).clone()),
            log_id: LogId([7; 16]),
        };
        let events = decide(None, &command, START)?;
        let mut records = (1..)
            .zip(events)
            .map(|(revision, event)| recorded(revision, event));
        let first = records.next().ok_or("a definition gives an event")?;
        let mut state = State::begin(&first)?;
        let mut log = vec![first];
        for record in records {
            state.apply(&record)?;
            log.push(record);
        }
        Ok((state, log))
    }
}

/// The event that a report gives in this state.
pub fn counted(state: &State, submission: &Submission) -> Outcome<Recorded> {
    let decision = decide_submission(state, submission);
    let event = decision
        .event
        .ok_or_else(|| format!("a report of the night is answered {:?}", decision.outcome))?;
    Ok(recorded(state.revision().0 + 1, event))
}

fn recorded(revision: u64, event: Event) -> Recorded {
    Recorded {
        revision: election::ids::Revision(revision),
        time: START,
        principal: "station".into(),
        event,
    }
}

/// A unit of so many, in an order that jumps about memory as the reports of a night do. `units` is not a multiple of
/// the prime, so that every unit comes once.
pub fn scattered(place: u32, units: u32) -> u32 {
    let place = u64::from(place) * 7_368_787 % u64::from(units);
    u32::try_from(place).unwrap_or(0)
}

fn contest_rules(contest: &ContestId, district: &DistrictId) -> ContestRules {
    ContestRules {
        id: contest.clone(),
        districts: vec![DistrictSeats {
            id: district.clone(),
            seats: 120,
            parts: Vec::new(),
        }],
        threshold: Some(ThresholdRule {
            share: [3, 100],
            comparison: ComparisonRule::AtLeast,
            base: BaseRule::ListVotes,
            minorities_exempt: false,
            per_seat: false,
            direct_seats_min: None,
            in_one_district: None,
            coalitions: Vec::new(),
        }),
        stages: vec![StageRule::HighestAverages {
            divisors: DivisorRule::DHondt,
            first: None,
            exponent: None,
            limits: Default::default(),
        }],
        widening: None,
        apparentment: None,
        majority: None,
        seats_min: 0,
        bonus: None,
        seats_max: None,
        above_max: Default::default(),
        rescue: None,
        exhausted: ExhaustedRule::NextList,
        ties: Vec::new(),
        tiers: None,
        double_proportional: None,
    }
}

fn option(number: u32) -> Outcome<BallotOption> {
    Ok(BallotOption {
        id: OptionId::new(&format!("list-{number}"))?,
        role: OptionRole::List,
        registration_number: Some(number + 1),
        candidates: None,
        minority: false,
        coalition_size: 1,
        apparentment: None,
    })
}

fn unit(number: u32, district: &DistrictId) -> Outcome<Unit> {
    Ok(Unit {
        id: UnitId::new(&format!("unit-{number:07}"))?,
        kind: UnitKind::Station,
        district: district.clone(),
        area: None,
        roll: Some(ROLL),
        name: String::new(),
        counting_groups: Vec::new(),
    })
}

/// A few large lists and a tail of small ones, as in most countries, and no two units the same.
fn votes(unit: u32, option: u32) -> u64 {
    u64::from(400 / (option + 1) + (unit * 7 + option * 13) % 50)
}

/// A number of units as a place in memory.
pub fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
