//! Frames from standings: a pure part at a revision, and an envelope.

mod above;
mod envelope;

use crate::reduction;
use crate::scope::Scope;
use crate::shares::base_of;
use election::ids::Timestamp;
use std::collections::HashMap;
use wire::allocation::v1::{
    Allocation, ContestStandings, DistrictStandings, Eligibility, KeyHolder, Standings,
};
use wire::common::v1::{
    Declaration, OptionRole, Publication, PublicationClass, SeatsState, Stage, TurnoutTotals,
};
use wire::feed::v1::{DistrictScope, ElectionScope, UnitScope};
use wire::feed::v1::{
    Frame, FrameBody, FrameContest, FrameDistrict, FrameRow, FrameSeat, FrameTie,
    scope as proto_scope,
};
use wire::results::v1::UnitState;

/// How far the feed is from the count.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Distance {
    pub is_stale: bool,
    pub lag_ms: u64,
}

/// Whether the public may know of the election now, by this process's own clock.
pub(crate) fn is_listed(standings: &Standings, now: Timestamp) -> bool {
    is_class_open_in(standings, PublicationClass::Definition, now)
}

/// Whether a viewer may see these standings now, by this process's own clock. The allocation role has bounded them by
/// its clock already; this is the second lock on the same door.
pub(crate) fn is_open(standings: &Standings, now: Timestamp) -> bool {
    let totals = standings
        .contests
        .iter()
        .filter_map(|contest| contest.totals.as_ref());
    let mut states = totals.filter_map(|totals| totals.states.as_ref());
    let is_counted = states.any(|states| states.counted > 0 || states.pending > 0);
    let districts = standings
        .contests
        .iter()
        .flat_map(|contest| &contest.districts);
    let has_results = is_counted
        || standings.corrections_count > 0
        || standings.stage() > Stage::PreElection
        || standings.certification.is_some()
        || districts.into_iter().any(|it| it.declaration.is_some());
    let has_turnout = standings
        .turnout
        .as_ref()
        .is_some_and(|turnout| turnout.units_reported > 0);
    is_listed(standings, now)
        && (!has_results || is_class_open_in(standings, PublicationClass::Results, now))
        && (!has_turnout || is_class_open_in(standings, PublicationClass::Turnout, now))
}

fn is_class_open_in(standings: &Standings, class: PublicationClass, now: Timestamp) -> bool {
    let publication = standings.publication.as_ref();
    publication.is_some_and(|publication| is_class_open(publication, class, now))
}

/// Whether a class is open at this time.
pub(crate) fn is_class_open(
    publication: &Publication,
    class: PublicationClass,
    now: Timestamp,
) -> bool {
    publication.openings.iter().any(|opening| {
        let time = opening
            .open_time
            .and_then(|time| wire::time("open_time", time).ok());
        opening.publication_class() == class && time.is_some_and(|time| time <= now)
    })
}

/// Whether the standings have the district.
pub(crate) fn has_district(standings: &Standings, district: &str) -> bool {
    let districts = standings
        .contests
        .iter()
        .flat_map(|contest| &contest.districts);
    districts
        .into_iter()
        .any(|entry| entry.district_id == district)
}

/// The frame of a scope. `unit` is the unit's state, for the scope of one.
pub(crate) fn frame(
    standings: &Standings,
    scope: &Scope,
    unit: Option<UnitState>,
    distance: Distance,
) -> Frame {
    let mut frame = Frame {
        body: Some(body(standings, scope, unit)),
        envelope: Some(envelope::of(standings, scope, distance)),
    };
    reduction::reduce(&mut frame);
    frame
}

/// The pure part of the frame of a scope that is no unit: the same for every reader and at any time.
pub(crate) fn body_of(standings: &Standings, scope: &Scope) -> FrameBody {
    let mut body = body(standings, scope, None);
    reduction::reduce_body(&mut body);
    body
}

fn body(standings: &Standings, scope: &Scope, unit: Option<UnitState>) -> FrameBody {
    let (contests, turnout) = match scope {
        Scope::Election(_) => (
            standings.contests.iter().map(election_contest).collect(),
            standings.turnout,
        ),
        Scope::District(_, district) => district_contests(standings, district),
        Scope::Unit(..) => (Vec::new(), None),
    };
    let revision = standings.token.as_ref().map_or(0, |token| token.revision);
    let changed_revision = unit.as_ref().map_or(revision, |unit| unit.changed_revision);
    let (unit_tallies, unit_turnout) =
        unit.map_or((Vec::new(), None), |unit| (unit.tallies, unit.turnout));
    FrameBody {
        scope: Some(scope_message(scope)),
        is_test: standings.is_test,
        revision,
        revision_time: standings.revision_time,
        last_counted_time: standings.last_counted_time,
        stage: standings.stage,
        marks: standings.marks.clone(),
        parts: standings.parts.clone(),
        notice_hash: standings.notice_hash.clone(),
        house_size: standings.house_size,
        contests,
        turnout,
        changed_revision,
        unit_tallies,
        unit_turnout,
        is_reduced: false,
        contests_left_out: 0,
        unit_tallies_left_out: 0,
    }
}

fn scope_message(scope: &Scope) -> wire::feed::v1::Scope {
    let inner = match scope {
        Scope::Election(election) => proto_scope::Scope::Election(ElectionScope {
            election_id: election.to_string(),
        }),
        Scope::District(election, district) => proto_scope::Scope::District(DistrictScope {
            election_id: election.to_string(),
            district_id: district.clone(),
        }),
        Scope::Unit(election, unit) => proto_scope::Scope::Unit(UnitScope {
            election_id: election.to_string(),
            unit_id: unit.clone(),
        }),
    };
    wire::feed::v1::Scope { scope: Some(inner) }
}

fn election_contest(contest: &ContestStandings) -> FrameContest {
    let indexes: HashMap<&str, u32> = (0_u32..)
        .zip(&contest.options)
        .map(|(index, option)| (option.option_id.as_str(), index))
        .collect();
    let is_single = contest.districts.len() == 1;
    let first = contest
        .districts
        .first()
        .filter(|_| is_single)
        .and_then(|district| district.allocation.as_ref());
    let parts = taking_part(first);
    let rows = contest.options.iter().map(|option| {
        let (eligibility, takes_part) = part_of(&parts, &option.option_id);
        FrameRow {
            option_id: option.option_id.clone(),
            votes: option.votes,
            seats: option.seats,
            eligibility,
            takes_part: takes_part.or_else(|| above::takes_part(contest, &option.option_id)),
            role: option.role,
        }
    });
    let rows: Vec<FrameRow> = rows.collect();
    FrameContest {
        share_base: base_of(contest).into(),
        list_votes: list_votes(&rows),
        contest_id: contest.contest_id.clone(),
        state: contest.state,
        seats: contest.seats,
        seats_unassigned: contest.seats_unassigned,
        rows,
        totals: contest.totals.clone(),
        ties: contest
            .districts
            .iter()
            .flat_map(|district| ties(district, is_single))
            .chain(above::ties(contest, None))
            .collect(),
        districts: match above::districts(contest, &indexes) {
            Some(districts) => districts,
            None if is_single => Vec::new(),
            None => contest
                .districts
                .iter()
                .map(|district| frame_district(district, &indexes))
                .collect(),
        },
        law_is_silent: contest.districts.iter().any(law_is_silent) || above::is_silent(contest),
        declaration_differs: contest.districts.iter().any(declaration_differs)
            || above::declaration_differs(contest),
        threshold_votes: first.and_then(|allocation| allocation.threshold_votes),
        problem: match contest.over_districts.as_ref() {
            Some(over) => shortened(&over.problem),
            None => problem(&contest.districts),
        },
        districts_with_seats: above::districts_with_seats(contest)
            .unwrap_or_else(|| count(&contest.districts, has_seats)),
        districts_declared: above::districts_declared(contest)
            .unwrap_or_else(|| count(&contest.districts, is_declared)),
        last_seat: first.and_then(|allocation| allocation.last_seat.as_ref().map(frame_seat)),
        next_in_line: first.and_then(|allocation| allocation.next_in_line.as_ref().map(frame_seat)),
        seats_outside: above::seats_outside(contest),
        seats_pending: above::seats_pending(contest).unwrap_or_else(|| pending(contest)),
        certain: contest.certain.clone(),
        ..FrameContest::default()
    }
}

fn list_votes(rows: &[FrameRow]) -> u64 {
    let lists = rows.iter().filter(|row| row.role() == OptionRole::List);
    lists.map(|row| row.votes).sum()
}

// Where one district has votes, the seats of those that have none are still to come.
fn pending(contest: &ContestStandings) -> u32 {
    let allocations = contest.districts.iter();
    let allocations = allocations.filter_map(|district| district.allocation.as_ref());
    let seats = allocations.map(|it| match (it.state(), contest.state()) {
        (SeatsState::NoneYet, state) if state != SeatsState::NoneYet => it.seats,
        _ => it.seats_pending,
    });
    seats.sum()
}

fn frame_seat(holder: &KeyHolder) -> FrameSeat {
    FrameSeat {
        option_id: holder.option_id.clone(),
        seat: holder.seat,
    }
}

type Parts<'a> = HashMap<&'a str, Eligibility>;

fn taking_part(allocation: Option<&Allocation>) -> Parts<'_> {
    let lists = allocation
        .iter()
        .flat_map(|allocation| &allocation.lists)
        .map(|list| (list.option_id.as_str(), list.eligibility()));
    lists.collect()
}

// Why an option takes part, and whether it does, as far as its district says.
fn part_of(parts: &Parts<'_>, option: &str) -> (i32, Option<bool>) {
    let eligibility = parts.get(option).copied().unwrap_or_default();
    let takes_part = match eligibility {
        Eligibility::Unspecified => None,
        Eligibility::Passed
        | Eligibility::Exempt
        | Eligibility::RescueAdmitted
        | Eligibility::Waived => Some(true),
        Eligibility::BelowThreshold | Eligibility::NoVotes => Some(false),
    };
    (eligibility.into(), takes_part)
}

/// The longest problem in a frame, in bytes.
const PROBLEM_BYTES_MAX: usize = 1_000;

fn problem(districts: &[DistrictStandings]) -> String {
    let mut allocations = districts.iter().filter_map(|it| it.allocation.as_ref());
    let first = allocations.find(|allocation| !allocation.problem.is_empty());
    shortened(first.map_or("", |allocation| allocation.problem.as_str()))
}

fn shortened(problem: &str) -> String {
    problem[..problem.floor_char_boundary(PROBLEM_BYTES_MAX)].to_owned()
}

fn count(districts: &[DistrictStandings], is_meant: impl Fn(&DistrictStandings) -> bool) -> u32 {
    let count = districts
        .iter()
        .filter(|district| is_meant(district))
        .count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn has_seats(district: &DistrictStandings) -> bool {
    district.allocation.is_some()
}

fn is_declared(district: &DistrictStandings) -> bool {
    district.declaration.is_some()
}

fn district_contests(
    standings: &Standings,
    district: &str,
) -> (Vec<FrameContest>, Option<TurnoutTotals>) {
    let mut turnout = None;
    let contests = standings.contests.iter().filter_map(|contest| {
        let entry = contest
            .districts
            .iter()
            .find(|entry| entry.district_id == district)?;
        turnout = entry.turnout;
        Some(district_contest(contest, entry))
    });
    let contests = contests.collect();
    (contests, turnout)
}

fn district_contest(contest: &ContestStandings, district: &DistrictStandings) -> FrameContest {
    let allocation = district.allocation.as_ref();
    let parts = taking_part(allocation);
    let lists: HashMap<&str, _> = allocation
        .iter()
        .flat_map(|allocation| &allocation.lists)
        .map(|list| (list.option_id.as_str(), list.seats))
        .collect();
    let options = contest.options.iter();
    let roles: HashMap<&str, i32> = options
        .map(|option| (option.option_id.as_str(), option.role))
        .collect();
    // The district's votes stand in the order of its own ballot, and so do the ids.
    let rows = district
        .option_ids
        .iter()
        .zip(&district.votes)
        .map(|(option, votes)| {
            let (eligibility, takes_part) = part_of(&parts, option);
            FrameRow {
                option_id: option.clone(),
                votes: *votes,
                seats: lists.get(option.as_str()).copied().flatten(),
                eligibility,
                takes_part,
                role: roles.get(option.as_str()).copied().unwrap_or_default(),
            }
        });
    let rows: Vec<FrameRow> = rows.collect();
    FrameContest {
        share_base: base_of(contest).into(),
        list_votes: list_votes(&rows),
        contest_id: contest.contest_id.clone(),
        state: allocation.map_or(0, |allocation| allocation.state),
        seats: allocation.map_or(0, |allocation| allocation.seats),
        seats_unassigned: allocation.map_or(0, |allocation| allocation.seats_unassigned),
        rows,
        totals: district.totals.clone(),
        ties: ties(district, true)
            .chain(above::ties(contest, Some(&district.district_id)))
            .collect(),
        districts: Vec::new(),
        law_is_silent: law_is_silent(district),
        declaration_differs: declaration_differs(district),
        threshold_votes: allocation.and_then(|allocation| allocation.threshold_votes),
        problem: problem(std::slice::from_ref(district)),
        districts_with_seats: has_seats(district).into(),
        districts_declared: is_declared(district).into(),
        last_seat: allocation.and_then(|allocation| allocation.last_seat.as_ref().map(frame_seat)),
        next_in_line: allocation
            .and_then(|allocation| allocation.next_in_line.as_ref().map(frame_seat)),
        seats_pending: allocation.map_or(0, |allocation| allocation.seats_pending),
        certain: district.certain.clone(),
        ..FrameContest::default()
    }
}

fn ties(district: &DistrictStandings, is_single: bool) -> impl Iterator<Item = FrameTie> + '_ {
    let ties = district
        .allocation
        .iter()
        .flat_map(|allocation| &allocation.ties);
    ties.filter(|tie| tie.open_seats > 0)
        .map(move |tie| FrameTie {
            option_ids: tie.open_option_ids.clone(),
            seats_at_stake: tie.open_seats,
            district_id: if is_single {
                String::new()
            } else {
                district.district_id.clone()
            },
        })
}

fn frame_district(district: &DistrictStandings, indexes: &HashMap<&str, u32>) -> FrameDistrict {
    let allocation = district.allocation.as_ref();
    let lists = allocation
        .iter()
        .flat_map(|allocation| &allocation.lists)
        .filter_map(|list| {
            let seats = list
                .seats
                .as_ref()
                .and_then(|seats| seats.seats)
                .filter(|seats| *seats > 0)?;
            Some((*indexes.get(list.option_id.as_str())?, seats))
        });
    let (row_indexes, row_seats) = lists.unzip();
    let (declared_row_indexes, declared_row_seats) =
        declared(district.declaration.as_ref(), indexes);
    let states = district
        .totals
        .as_ref()
        .and_then(|totals| totals.states.as_ref());
    FrameDistrict {
        district_id: district.district_id.clone(),
        state: allocation.map_or(0, |allocation| allocation.state),
        seats: allocation.map_or(0, |allocation| allocation.seats),
        row_indexes,
        row_seats,
        tallies: states.map_or(0, |states| states.tallies),
        tallies_counted: states.map_or(0, |states| states.counted),
        is_declared: is_declared(district),
        declared_row_indexes,
        declared_row_seats,
    }
}

/// Who holds seats by a declaration, as indexes of rows with their seats.
fn declared(
    declaration: Option<&Declaration>,
    indexes: &HashMap<&str, u32>,
) -> (Vec<u32>, Vec<u32>) {
    let rows = declaration.iter().flat_map(|declaration| &declaration.rows);
    let rows = rows.filter(|row| row.seats > 0);
    rows.filter_map(|row| Some((*indexes.get(row.option_id.as_str())?, row.seats)))
        .unzip()
}

fn law_is_silent(district: &DistrictStandings) -> bool {
    district
        .allocation
        .as_ref()
        .is_some_and(|allocation| !allocation.silences.is_empty())
}

fn declaration_differs(district: &DistrictStandings) -> bool {
    district
        .declaration
        .as_ref()
        .is_some_and(|declaration| !declaration.findings.is_empty())
}
