//! What is certain of seats, as the document says it.

use super::lower;
use super::parts::timestamp;
use serde::Serialize;
use wire::common::v1 as proto;

/// The fewest and the most seats of a list.
#[derive(Debug, Serialize)]
pub(super) struct Bounds {
    seats_fewest: Option<u32>,
    seats_most: Option<u32>,
    basis: String,
    ballots_outstanding_most: u64,
    is_fewest_exact: bool,
    is_most_exact: bool,
    passes_threshold: String,
    has_majority: String,
}

impl From<&proto::SeatBounds> for Bounds {
    fn from(it: &proto::SeatBounds) -> Self {
        let proto::SeatBounds {
            seats_fewest,
            seats_most,
            basis: _,
            ballots_outstanding_most,
            is_fewest_exact,
            is_most_exact,
            passes_threshold: _,
            has_majority: _,
        } = it;
        Self {
            seats_fewest: *seats_fewest,
            seats_most: *seats_most,
            basis: basis(it.basis()),
            ballots_outstanding_most: *ballots_outstanding_most,
            is_fewest_exact: *is_fewest_exact,
            is_most_exact: *is_most_exact,
            passes_threshold: certainty(it.passes_threshold()),
            has_majority: certainty(it.has_majority()),
        }
    }
}

pub(crate) fn basis(basis: proto::BoundsBasis) -> String {
    lower(basis.as_str_name(), "BOUNDS_BASIS_")
}

pub(crate) fn certainty(certainty: proto::Certainty) -> String {
    lower(certainty.as_str_name(), "CERTAINTY_")
}

/// What is certain of a contest.
#[derive(Debug, Serialize)]
pub(super) struct Certain<'a> {
    outstanding: Option<Outstanding>,
    no_claim: Option<&'a str>,
    seats_secured: u64,
    is_all_secured: bool,
    next: Vec<NextSecured<'a>>,
    districts_without_claim: u32,
    coalitions: Vec<Coalition<'a>>,
}

/// The fewest and the most seats of several lists together.
#[derive(Debug, Serialize)]
struct Coalition<'a> {
    option_ids: &'a [String],
    seats_fewest: u32,
    seats_most: u32,
    is_fewest_exact: bool,
    is_most_exact: bool,
    has_majority: String,
}

impl<'a> From<&'a proto::CoalitionSeats> for Coalition<'a> {
    fn from(it: &'a proto::CoalitionSeats) -> Self {
        let proto::CoalitionSeats {
            option_ids,
            seats_fewest,
            seats_most,
            is_fewest_exact,
            is_most_exact,
            has_majority: _,
        } = it;
        Self {
            option_ids,
            seats_fewest: *seats_fewest,
            seats_most: *seats_most,
            is_fewest_exact: *is_fewest_exact,
            is_most_exact: *is_most_exact,
            has_majority: certainty(it.has_majority()),
        }
    }
}

/// How soon a seat more can be certain.
#[derive(Debug, Serialize)]
struct NextSecured<'a> {
    option_id: &'a str,
    seats: u32,
    ballots: u64,
    is_soonest: bool,
    district_id: Option<&'a str>,
}

impl<'a> From<&'a proto::NextSecuredSeat> for NextSecured<'a> {
    fn from(it: &'a proto::NextSecuredSeat) -> Self {
        let proto::NextSecuredSeat {
            option_id,
            seats,
            ballots,
            is_soonest,
            district_id,
        } = it;
        Self {
            option_id,
            seats: *seats,
            ballots: *ballots,
            is_soonest: *is_soonest,
            district_id: Some(district_id.as_str()).filter(|id| !id.is_empty()),
        }
    }
}

#[derive(Debug, Serialize)]
struct Outstanding {
    ballots_most: Option<u64>,
    units: Vec<BoundedUnits>,
    units_unbounded: u32,
    electorate_rest: Option<u64>,
}

#[derive(Debug, Serialize)]
struct BoundedUnits {
    basis: String,
    units: u32,
    ballots_most: u64,
}

impl<'a> From<&'a proto::CertainSeats> for Certain<'a> {
    fn from(it: &'a proto::CertainSeats) -> Self {
        let proto::CertainSeats {
            outstanding,
            no_claim,
            seats_secured,
            is_all_secured,
            next,
            districts_without_claim,
            coalitions,
        } = it;
        Self {
            outstanding: outstanding.as_ref().map(Outstanding::from),
            no_claim: Some(no_claim.as_str()).filter(|code| !code.is_empty()),
            seats_secured: *seats_secured,
            is_all_secured: *is_all_secured,
            next: next.iter().map(NextSecured::from).collect(),
            districts_without_claim: *districts_without_claim,
            coalitions: coalitions.iter().map(Coalition::from).collect(),
        }
    }
}

impl From<&proto::OutstandingBallots> for Outstanding {
    fn from(it: &proto::OutstandingBallots) -> Self {
        let proto::OutstandingBallots {
            ballots_most,
            units,
            units_unbounded,
            electorate_rest,
        } = it;
        let bounded = |it: &proto::BoundedUnits| BoundedUnits {
            basis: basis(it.basis()),
            units: it.units,
            ballots_most: it.ballots_most,
        };
        Self {
            ballots_most: *ballots_most,
            units: units.iter().map(bounded).collect(),
            units_unbounded: *units_unbounded,
            electorate_rest: *electorate_rest,
        }
    }
}

/// A range that had to widen.
#[derive(Debug, Serialize)]
pub(super) struct WidenedRange<'a> {
    revision: u64,
    contest_id: &'a str,
    district_id: &'a str,
    option_id: &'a str,
    seats_fewest_before: u32,
    seats_most_before: u32,
    seats_fewest: Option<u32>,
    seats_most: Option<u32>,
    causes: Vec<Cause<'a>>,
    causes_count: u64,
}

#[derive(Debug, Serialize)]
struct Cause<'a> {
    revision: u64,
    revision_time: Option<String>,
    unit_id: Option<&'a str>,
    cause: String,
    by: Option<&'a str>,
    reason: Option<&'a str>,
}

impl<'a> From<&'a proto::WidenedRange> for WidenedRange<'a> {
    fn from(it: &'a proto::WidenedRange) -> Self {
        let proto::WidenedRange {
            revision,
            contest_id,
            district_id,
            option_id,
            seats_fewest_before,
            seats_most_before,
            seats_fewest,
            seats_most,
            causes,
            causes_count,
        } = it;
        Self {
            revision: *revision,
            contest_id,
            district_id,
            option_id,
            seats_fewest_before: *seats_fewest_before,
            seats_most_before: *seats_most_before,
            seats_fewest: *seats_fewest,
            seats_most: *seats_most,
            causes: causes.iter().map(Cause::from).collect(),
            causes_count: *causes_count,
        }
    }
}

impl<'a> From<&'a proto::UnforeseenEvent> for Cause<'a> {
    fn from(it: &'a proto::UnforeseenEvent) -> Self {
        let proto::UnforeseenEvent {
            revision,
            revision_time,
            unit_id,
            cause: _,
            attribution,
        } = it;
        let said = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        let attribution = attribution.as_ref();
        Self {
            revision: *revision,
            revision_time: timestamp(*revision_time),
            unit_id: said(unit_id),
            cause: lower(it.cause().as_str_name(), "UNFORESEEN_CAUSE_"),
            by: attribution.and_then(|it| said(&it.by)),
            reason: attribution.and_then(|it| said(&it.reason)),
        }
    }
}
