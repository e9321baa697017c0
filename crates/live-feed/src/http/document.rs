//! The JSON documents of frames: `results.json`, `rev/{n}.json`, and what events carry.
//!
//! One mapping, from the frame that gRPC viewers get, field by field; a new field of the contract breaks the build until
//! somebody has thought about it here. Every number is written, zero too: in a count, missing is not zero. What it looks
//! like is published as a JSON Schema, `results.schema.json`, and `tests/python/test_documents.py` holds a whole night to it.

mod certain;
mod parts;

use crate::frame::Distance;
use crate::official::stage_of_seats;
use crate::presented::{Presented, Texts};
use certain::{Certain, WidenedRange};
use parts::{Correction, Part, Publication, Seats, Tie, Totals, Turnout};
use serde::Serialize;
use wire::allocation::v1::Eligibility;
use wire::common::v1::{Mark, OptionRole, SeatsState, Stage};
use wire::feed::v1::scope::Scope as ProtoScope;
use wire::feed::v1::{
    Frame, FrameBody, FrameContest, FrameDistrict, FrameEnvelope, FrameRow, FrameSeat, Scope,
};

pub(crate) use certain::{basis, certainty};
pub(crate) use parts::{lower, timestamp, token_text};

/// The schema of the documents, as it is served.
pub(crate) const SCHEMA: &str = include_str!("results.schema.json");
/// Where it is served.
pub(crate) const SCHEMA_PATH: &str = "/v1/results.schema.json";

/// A frame as a document.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    #[serde(flatten)]
    body: Body<'a>,
    /// What surrounds the part that depends on the revision alone. Not there in the document of one revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    envelope: Option<Envelope<'a>>,
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    election_id: &'a str,
    is_test: bool,
    title: &'a Texts,
    notice: &'a Texts,
    voting_day: Option<&'a str>,
    time_zone: Option<&'a str>,
    revision: u64,
    revision_time: Option<String>,
    last_counted_time: Option<String>,
    changed_revision: u64,
    stage: String,
    marks: Vec<String>,
    definition: Vec<Part>,
    house_size: u32,
    contests: Vec<Contest<'a>>,
    turnout: Option<Turnout>,
    is_reduced: bool,
    contests_left_out: u32,
}

#[derive(Debug, Serialize)]
struct Contest<'a> {
    contest_id: &'a str,
    seats_state: String,
    seats: u32,
    seats_unassigned: u32,
    seats_outside: u32,
    seats_pending: u32,
    share_base: String,
    list_votes: u64,
    threshold_votes: Option<u64>,
    law_is_silent: bool,
    declaration_differs: bool,
    problem: Option<&'a str>,
    districts_with_seats: u32,
    districts_declared: u32,
    last_seat: Option<Seat<'a>>,
    next_in_line: Option<Seat<'a>>,
    options: Vec<Row<'a>>,
    totals: Option<Totals<'a>>,
    ties: Vec<Tie<'a>>,
    districts: Vec<District<'a>>,
    options_left_out: u32,
    option_seats_left_out: u32,
    districts_left_out: u32,
    district_options_left_out: bool,
    ties_left_out: u32,
    certain: Option<Certain<'a>>,
    tie_seats_left_out: u32,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    option_id: &'a str,
    role: Option<String>,
    name: Option<&'a Texts>,
    short_name: Option<&'a str>,
    short_names: Option<&'a Texts>,
    colour: Option<&'a str>,
    votes: u64,
    takes_part: Option<bool>,
    eligibility: Option<String>,
    seats: Option<Seats>,
}

#[derive(Debug, Serialize)]
struct Seat<'a> {
    option_id: &'a str,
    seat: u32,
}

#[derive(Debug, Serialize)]
struct District<'a> {
    district_id: &'a str,
    name: Option<&'a Texts>,
    seats_state: String,
    seats: u32,
    options: Vec<DistrictRow<'a>>,
    tallies: u32,
    tallies_counted: u32,
    is_declared: bool,
    declared_options: Option<Vec<DistrictRow<'a>>>,
}

#[derive(Debug, Serialize)]
struct DistrictRow<'a> {
    option_id: &'a str,
    seats: u32,
}

#[derive(Debug, Serialize)]
struct Envelope<'a> {
    log_id: String,
    publication_seq: u64,
    resume_token: String,
    is_stale: bool,
    lag_ms: u64,
    publication: Option<Publication<'a>>,
    corrections: Vec<Correction<'a>>,
    corrections_count: u64,
    bounds_revision: u64,
    widened_ranges: Vec<WidenedRange<'a>>,
    widened_ranges_count: u64,
}

impl<'a> Document<'a> {
    /// The whole frame.
    pub fn of(frame: &'a Frame, presented: &'a Presented) -> Option<Self> {
        let Frame { body, envelope } = frame;
        Some(Self {
            schema: SCHEMA_PATH,
            body: Body::of(body.as_ref()?, presented),
            envelope: Some(envelope.as_ref()?.into()),
        })
    }

    /// The part that depends on the revision alone.
    pub fn of_revision(body: &'a FrameBody, presented: &'a Presented) -> Self {
        Self {
            schema: SCHEMA_PATH,
            body: Body::of(body, presented),
            envelope: None,
        }
    }

    /// The same, when it is so far from the count.
    pub fn at(mut self, distance: Distance) -> Self {
        if let Some(envelope) = &mut self.envelope {
            envelope.is_stale = distance.is_stale;
            envelope.lag_ms = distance.lag_ms;
        }
        self
    }

    /// The bytes of the document. A number or text that JSON cannot hold is not in it.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and whole numbers are JSON")
    }
}

/// The election that a frame is of.
pub(crate) fn election_id(scope: Option<&Scope>) -> &str {
    match scope.and_then(|scope| scope.scope.as_ref()) {
        Some(ProtoScope::Election(scope)) => &scope.election_id,
        Some(ProtoScope::District(scope)) => &scope.election_id,
        Some(ProtoScope::Unit(scope)) => &scope.election_id,
        None => "",
    }
}

impl<'a> Body<'a> {
    fn of(body: &'a FrameBody, presented: &'a Presented) -> Self {
        let FrameBody {
            scope,
            is_test,
            revision,
            revision_time,
            last_counted_time,
            stage: _,
            marks: _,
            parts,
            // The notice itself is here.
            notice_hash: _,
            house_size,
            contests,
            turnout,
            changed_revision,
            // Of the scope of one unit, which has a document of its own.
            unit_tallies: _,
            unit_tallies_left_out: _,
            unit_turnout: _,
            is_reduced,
            contests_left_out,
        } = body;
        let presentation = &presented.presentation;
        let voting_day = Some(presented.ballot.voting_day.as_str());
        Self {
            election_id: election_id(scope.as_ref()),
            is_test: *is_test,
            title: &presentation.title,
            notice: &presentation.notice,
            voting_day: voting_day.filter(|day| !day.is_empty()),
            time_zone: presentation.time_zone.as_deref(),
            revision: *revision,
            revision_time: timestamp(*revision_time),
            last_counted_time: timestamp(*last_counted_time),
            changed_revision: *changed_revision,
            stage: stage(body.stage()),
            marks: body.marks().map(mark).collect(),
            definition: parts.iter().map(Part::from).collect(),
            house_size: *house_size,
            contests: contests
                .iter()
                .map(|contest| Contest::of(contest, body.stage(), presented))
                .collect(),
            turnout: turnout.as_ref().map(Turnout::from),
            is_reduced: *is_reduced,
            contests_left_out: *contests_left_out,
        }
    }
}

/// The name of a stage, such as "partial_unofficial".
pub(crate) fn stage(stage: Stage) -> String {
    lower(stage.as_str_name(), "STAGE_")
}

pub(crate) fn mark(mark: Mark) -> String {
    lower(mark.as_str_name(), "MARK_")
}

/// The name of a state of seats at a stage. What is certified is provisional no more, and is called so.
pub(crate) fn seats_state(state: SeatsState, at: Stage) -> String {
    match (state, at) {
        (SeatsState::Provisional, Stage::Certified) => String::from("certified"),
        _ => lower(state.as_str_name(), "SEATS_STATE_"),
    }
}

impl<'a> Contest<'a> {
    fn of(contest: &'a FrameContest, stage: Stage, presented: &'a Presented) -> Self {
        let FrameContest {
            contest_id,
            state: _,
            seats,
            seats_unassigned,
            rows,
            totals,
            ties,
            districts,
            law_is_silent,
            declaration_differs,
            threshold_votes,
            problem,
            districts_with_seats,
            districts_declared,
            last_seat,
            next_in_line,
            seats_outside,
            seats_pending,
            rows_left_out,
            row_seats_left_out,
            districts_left_out,
            district_rows_left_out,
            ties_left_out,
            list_votes,
            certain,
            share_base: _,
            tie_seats_left_out,
        } = contest;
        let stage = stage_of_seats(contest, stage);
        let district = |it| District::of(it, (rows, *district_rows_left_out), stage, presented);
        Self {
            contest_id,
            seats_state: seats_state(contest.state(), stage),
            seats: *seats,
            seats_unassigned: *seats_unassigned,
            seats_outside: *seats_outside,
            seats_pending: *seats_pending,
            share_base: lower(contest.share_base().as_str_name(), "SHARE_BASE_"),
            list_votes: *list_votes,
            threshold_votes: *threshold_votes,
            law_is_silent: *law_is_silent,
            declaration_differs: *declaration_differs,
            problem: Some(problem.as_str()).filter(|text| !text.is_empty()),
            districts_with_seats: *districts_with_seats,
            districts_declared: *districts_declared,
            last_seat: last_seat.as_ref().map(Seat::from),
            next_in_line: next_in_line.as_ref().map(Seat::from),
            options: rows
                .iter()
                .map(|row| Row::of(row, stage, presented))
                .collect(),
            totals: totals.as_ref().map(Totals::from),
            ties: ties.iter().map(Tie::from).collect(),
            districts: districts.iter().map(district).collect(),
            options_left_out: *rows_left_out,
            option_seats_left_out: *row_seats_left_out,
            districts_left_out: *districts_left_out,
            district_options_left_out: *district_rows_left_out,
            ties_left_out: *ties_left_out,
            certain: certain.as_ref().map(Certain::from),
            tie_seats_left_out: *tie_seats_left_out,
        }
    }
}

impl<'a> Row<'a> {
    fn of(row: &'a FrameRow, stage: Stage, presented: &'a Presented) -> Self {
        let FrameRow {
            option_id,
            votes,
            seats,
            eligibility: _,
            takes_part,
            role: _,
        } = row;
        let eligibility = Some(row.eligibility()).filter(|it| *it != Eligibility::Unspecified);
        let option = presented.option(option_id);
        let role = Some(row.role()).filter(|role| *role != OptionRole::Unspecified);
        Self {
            option_id,
            role: role.map(|role| lower(role.as_str_name(), "OPTION_ROLE_")),
            name: option.map(|option| &option.name),
            short_name: option.and_then(|option| option.short_name.as_deref()),
            short_names: option.map(|option| &option.short_names),
            colour: option.and_then(|option| option.colour.as_deref()),
            votes: *votes,
            takes_part: *takes_part,
            eligibility: eligibility.map(|it| lower(it.as_str_name(), "ELIGIBILITY_")),
            seats: seats.as_ref().map(|seats| Seats::of(seats, stage)),
        }
    }
}

impl<'a> From<&'a FrameSeat> for Seat<'a> {
    fn from(it: &'a FrameSeat) -> Self {
        let FrameSeat { option_id, seat } = it;
        Self {
            option_id,
            seat: *seat,
        }
    }
}

impl<'a> District<'a> {
    fn of(
        district: &'a FrameDistrict,
        (rows, is_without_rows): (&'a [FrameRow], bool),
        stage: Stage,
        presented: &'a Presented,
    ) -> Self {
        let FrameDistrict {
            district_id,
            state: _,
            seats,
            row_indexes,
            row_seats,
            tallies,
            tallies_counted,
            is_declared,
            declared_row_indexes,
            declared_row_seats,
        } = district;
        let options = |indexes: &[u32], seats: &[u32]| {
            let held = indexes.iter().zip(seats);
            let held = held.filter_map(|(row, seats)| {
                let row = rows.get(usize::try_from(*row).ok()?)?;
                Some(DistrictRow {
                    option_id: &row.option_id,
                    seats: *seats,
                })
            });
            held.collect::<Vec<_>>()
        };
        let is_known = *is_declared && !is_without_rows;
        Self {
            district_id,
            name: presented.district_names(district_id),
            seats_state: seats_state(district.state(), stage),
            seats: *seats,
            options: options(row_indexes, row_seats),
            tallies: *tallies,
            tallies_counted: *tallies_counted,
            is_declared: *is_declared,
            declared_options: is_known.then(|| options(declared_row_indexes, declared_row_seats)),
        }
    }
}

impl<'a> From<&'a FrameEnvelope> for Envelope<'a> {
    fn from(envelope: &'a FrameEnvelope) -> Self {
        let FrameEnvelope {
            token,
            is_stale,
            lag_ms,
            publication,
            corrections,
            corrections_count,
            bounds_revision,
            // Of a later version, with a document of its own.
            checkpoint: _,
            widened_ranges,
            widened_ranges_count,
        } = envelope;
        let token = token.clone().unwrap_or_default();
        Self {
            log_id: parts::hexadecimal(&token.log_id),
            publication_seq: token.publication_seq,
            resume_token: token_text(&token),
            is_stale: *is_stale,
            lag_ms: *lag_ms,
            publication: publication.as_ref().map(Publication::from),
            corrections: corrections.iter().map(Correction::from).collect(),
            corrections_count: *corrections_count,
            bounds_revision: *bounds_revision,
            widened_ranges: widened_ranges.iter().map(WidenedRange::from).collect(),
            widened_ranges_count: *widened_ranges_count,
        }
    }
}
