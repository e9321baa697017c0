//! Parts of the documents: what the contract has in common for answers, standings and frames.

use super::certain::Bounds;
use serde::Serialize;
use wire::common::v1 as proto;
use wire::common::v1::publication_mode::{FollowHead, HoldAt, Mode, Paused};
use wire::feed::v1::FrameTie;

/// The name of an enum's value in lower case, without that of the enum.
pub(crate) fn lower(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix)
        .unwrap_or(name)
        .to_ascii_lowercase()
}

/// An instant in RFC 3339, UTC.
pub(crate) fn timestamp(time: Option<wire::Instant>) -> Option<String> {
    let time = wire::time("time", time?).ok()?;
    let instant = jiff::Timestamp::from_microsecond(time.0).ok()?;
    Some(instant.to_string())
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A resume token as text: what events carry as their `id:`.
pub(crate) fn token_text(token: &proto::ResumeToken) -> String {
    let proto::ResumeToken {
        log_id,
        revision,
        publication_seq,
    } = token;
    format!("{}-{revision}-{publication_seq}", hexadecimal(log_id))
}

/// A part of the definition, as it holds at the revision.
#[derive(Debug, Serialize)]
pub(super) struct Part {
    part: String,
    version: u32,
    sha256: String,
}

impl From<&proto::PartVersion> for Part {
    fn from(it: &proto::PartVersion) -> Self {
        let proto::PartVersion {
            part: _,
            version,
            hash,
        } = it;
        Self {
            part: lower(it.part().as_str_name(), "DEFINITION_PART_"),
            version: *version,
            sha256: hexadecimal(hash),
        }
    }
}

/// A list's seats.
#[derive(Debug, Serialize)]
pub(super) struct Seats {
    state: String,
    seats: Option<u32>,
    seats_most: Option<u32>,
    seats_declared: Option<u32>,
    bounds: Option<Bounds>,
}

impl Seats {
    /// At a stage: what is certified is provisional no more.
    pub fn of(it: &proto::ListSeats, stage: proto::Stage) -> Self {
        let proto::ListSeats {
            state: _,
            seats,
            seats_most,
            seats_declared,
            bounds,
        } = it;
        Self {
            state: super::seats_state(it.state(), stage),
            seats: *seats,
            seats_most: *seats_most,
            seats_declared: *seats_declared,
            bounds: bounds.as_ref().map(Bounds::from),
        }
    }
}

/// What is counted.
#[derive(Debug, Serialize)]
pub(super) struct Totals<'a> {
    votes: u64,
    ballots_counted: u64,
    counters: Vec<Counter>,
    tallies: Option<Tallies>,
    counting_groups: Vec<CountingGroup<'a>>,
}

#[derive(Debug, Serialize)]
struct Counter {
    counter: String,
    value: u64,
    tallies: u32,
}

#[derive(Debug, Serialize)]
struct Tallies {
    expected: u32,
    counted: u32,
    pending: u32,
    statuses: Vec<Status>,
}

#[derive(Debug, Serialize)]
struct Status {
    status: String,
    tallies: u32,
}

#[derive(Debug, Serialize)]
struct CountingGroup<'a> {
    counting_group_id: &'a str,
    tallies: Option<Tallies>,
}

impl<'a> From<&'a proto::Totals> for Totals<'a> {
    fn from(it: &'a proto::Totals) -> Self {
        let proto::Totals {
            votes,
            counters,
            ballots_counted,
            states,
            counting_groups,
        } = it;
        Self {
            votes: *votes,
            ballots_counted: *ballots_counted,
            counters: counters.iter().map(Counter::from).collect(),
            tallies: states.as_ref().map(Tallies::from),
            counting_groups: counting_groups.iter().map(CountingGroup::from).collect(),
        }
    }
}

impl From<&proto::CounterTotal> for Counter {
    fn from(it: &proto::CounterTotal) -> Self {
        let proto::CounterTotal {
            counter: _,
            value,
            tallies,
        } = it;
        Self {
            counter: lower(it.counter().as_str_name(), "COUNTER_"),
            value: *value,
            tallies: *tallies,
        }
    }
}

impl From<&proto::TallyStates> for Tallies {
    fn from(it: &proto::TallyStates) -> Self {
        let proto::TallyStates {
            tallies,
            counted,
            pending,
            statuses,
        } = it;
        let statuses = statuses.iter().map(|it| {
            let proto::StatusCount { status: _, tallies } = it;
            Status {
                status: lower(it.status().as_str_name(), "UNIT_STATUS_"),
                tallies: *tallies,
            }
        });
        Self {
            expected: *tallies,
            counted: *counted,
            pending: *pending,
            statuses: statuses.collect(),
        }
    }
}

impl<'a> From<&'a proto::CountingGroupStates> for CountingGroup<'a> {
    fn from(it: &'a proto::CountingGroupStates) -> Self {
        let proto::CountingGroupStates {
            counting_group_id,
            states,
        } = it;
        Self {
            counting_group_id,
            tallies: states.as_ref().map(Tallies::from),
        }
    }
}

/// Ballots issued.
#[derive(Debug, Serialize)]
pub(super) struct Turnout {
    /// None as long as no unit has said how many: missing is not zero.
    ballots_issued: Option<u64>,
    units_reported: u32,
    units_final: u32,
    units: u32,
    roll: u64,
    units_without_roll: u32,
    electorate: Option<u64>,
}

impl From<&proto::TurnoutTotals> for Turnout {
    fn from(it: &proto::TurnoutTotals) -> Self {
        let proto::TurnoutTotals {
            ballots_issued,
            units_reported,
            units_final,
            units,
            roll,
            units_without_roll,
            electorate,
        } = *it;
        Self {
            ballots_issued: (units_reported > 0).then_some(ballots_issued),
            units_reported,
            units_final,
            units,
            roll,
            units_without_roll,
            electorate,
        }
    }
}

/// An open tie.
#[derive(Debug, Serialize)]
pub(super) struct Tie<'a> {
    option_ids: &'a [String],
    seats_at_stake: u32,
    district_id: Option<&'a str>,
}

impl<'a> From<&'a FrameTie> for Tie<'a> {
    fn from(it: &'a FrameTie) -> Self {
        let FrameTie {
            option_ids,
            seats_at_stake,
            district_id,
        } = it;
        Self {
            option_ids,
            seats_at_stake: *seats_at_stake,
            district_id: Some(district_id.as_str()).filter(|id| !id.is_empty()),
        }
    }
}

/// What the public may see.
#[derive(Debug, Serialize)]
pub(super) struct Publication<'a> {
    mode: &'static str,
    hold_at_revision: Option<u64>,
    reason: &'a str,
    openings: Vec<Opening>,
}

#[derive(Debug, Serialize)]
struct Opening {
    class: String,
    open_time: Option<String>,
}

impl<'a> From<&'a proto::Publication> for Publication<'a> {
    fn from(it: &'a proto::Publication) -> Self {
        let proto::Publication {
            // Of the envelope.
            publication_seq: _,
            mode,
            reason,
            openings,
        } = it;
        let (mode, hold_at_revision) = match mode.as_ref().and_then(|mode| mode.mode.as_ref()) {
            Some(Mode::FollowHead(FollowHead {})) | None => ("follow_head", None),
            Some(Mode::HoldAt(HoldAt { revision })) => ("hold_at", Some(*revision)),
            Some(Mode::Paused(Paused {})) => ("paused", None),
        };
        let openings = openings.iter().map(|it| {
            let proto::ClassOpening {
                publication_class: _,
                open_time,
            } = it;
            Opening {
                class: lower(it.publication_class().as_str_name(), "PUBLICATION_CLASS_"),
                open_time: timestamp(*open_time),
            }
        });
        Self {
            mode,
            hold_at_revision,
            reason,
            openings: openings.collect(),
        }
    }
}

/// A change of counted numbers that somebody ordered.
#[derive(Debug, Serialize)]
pub(super) struct Correction<'a> {
    revision: u64,
    revision_time: Option<String>,
    unit_id: &'a str,
    contest_id: &'a str,
    counting_group_id: &'a str,
    district_id: &'a str,
    kind: String,
    by: &'a str,
    reason: &'a str,
    votes_before: u64,
    votes_after: u64,
    ballots_before: u64,
    ballots_after: u64,
    changes: Vec<Change<'a>>,
    changes_count: u32,
    status: Option<String>,
}

#[derive(Debug, Serialize)]
struct Change<'a> {
    option_id: &'a str,
    votes_before: u64,
    votes_after: u64,
}

impl<'a> From<&'a proto::Correction> for Correction<'a> {
    fn from(it: &'a proto::Correction) -> Self {
        let proto::Correction {
            revision,
            revision_time,
            key,
            kind: _,
            attribution,
            votes_before,
            votes_after,
            changes,
            changes_count,
            ballots_before,
            ballots_after,
            status: _,
            district_id,
        } = it;
        let of_key = |part: fn(&proto::TallyKey) -> &String| {
            key.as_ref().map_or("", |key| part(key).as_str())
        };
        let by = |part: fn(&proto::Attribution) -> &String| {
            attribution.as_ref().map_or("", |it| part(it).as_str())
        };
        let status = Some(it.status()).filter(|it| *it != proto::UnitStatus::Unspecified);
        Self {
            revision: *revision,
            revision_time: timestamp(*revision_time),
            unit_id: of_key(|key| &key.unit_id),
            contest_id: of_key(|key| &key.contest_id),
            counting_group_id: of_key(|key| &key.counting_group_id),
            district_id,
            kind: lower(it.kind().as_str_name(), "CORRECTION_KIND_"),
            by: by(|it| &it.by),
            reason: by(|it| &it.reason),
            votes_before: *votes_before,
            votes_after: *votes_after,
            ballots_before: *ballots_before,
            ballots_after: *ballots_after,
            changes: changes.iter().map(Change::from).collect(),
            changes_count: *changes_count,
            status: status.map(|it| lower(it.as_str_name(), "UNIT_STATUS_")),
        }
    }
}

impl<'a> From<&'a proto::VoteChange> for Change<'a> {
    fn from(it: &'a proto::VoteChange) -> Self {
        let proto::VoteChange {
            option_id,
            votes_before,
            votes_after,
        } = it;
        Self {
            option_id,
            votes_before: *votes_before,
            votes_after: *votes_after,
        }
    }
}
