//! `BoundSeats`: what is certain of seats while ballots are outstanding, no election needed.

use crate::error::AllocationError;
use apportionment::bounds::{bound_coalition, bound_seats_with, next_certain};
use wire::allocation::v1::BoundSeatsResponse;
use wire::{BoundsRequest, bounds_refusal, bounds_response};

/// Answers a question about outstanding ballots. `is_over` says that nobody waits any more: it is asked between the parts.
///
/// # Errors
///
/// What the engine refuses, by the path of the field in the request, or [`AllocationError::Stopping`] if nobody waits any
/// more.
pub fn bound_seats_while_awaited(
    request: &BoundsRequest,
    is_over: impl Fn() -> bool,
) -> Result<BoundSeatsResponse, AllocationError> {
    let question = &request.counted.question;
    let (contest, rules, outstanding) = (&question.contest, &question.rules, request.outstanding);
    let refused = |error| AllocationError::from(bounds_refusal(request, &error));
    let bounds = bound_seats_with(contest, rules, &question.lots, outstanding).map_err(refused)?;
    let mut coalitions = Vec::with_capacity(request.coalitions.len());
    for lists in &request.coalitions {
        if is_over() {
            return Err(AllocationError::Stopping);
        }
        let joint = bound_coalition(contest, rules, outstanding, &bounds, lists);
        coalitions.push(joint.map_err(refused)?);
    }
    if is_over() {
        return Err(AllocationError::Stopping);
    }
    let next = if request.include_next {
        next_certain(contest, rules, outstanding).map_err(refused)?
    } else {
        Vec::new()
    };
    Ok(bounds_response(request, &bounds, &coalitions, &next))
}
