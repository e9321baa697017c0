//! `BatchAllocate`, `Compare` and `ListProfiles`: no election needed.

use crate::error::AllocationError;
use crate::stateless::allocate_while_awaited;
use election::profile::Profile;
use election::report::Refusal;
use wire::allocation::v1::{
    Allocation, BatchAllocateAnswer, BatchAllocateRefusal, BatchAllocateResponse, CompareResponse,
    ComparedResult, ComparedSeats, ListProfilesResponse, SeatDifference, batch_allocate_answer,
    compared_result,
};
use wire::common::v1::ListSeats;
use wire::{AllocationBatch, AllocationRequest, Comparison, is_of_rules, profile_rule};

/// Answers every question of a batch by itself. `is_over` says that nobody waits any more: it is asked before each.
///
/// # Errors
///
/// [`AllocationError::Stopping`] if nobody waits any more.
pub fn batch_allocate(
    batch: AllocationBatch,
    is_over: impl Fn() -> bool,
) -> Result<BatchAllocateResponse, AllocationError> {
    let mut answers = Vec::with_capacity(batch.0.len());
    for (id, asked) in batch.0 {
        if is_over() {
            return Err(AllocationError::Stopping);
        }
        let outcome = match answered(asked, &is_over)? {
            Ok(response) => batch_allocate_answer::Outcome::Response(response),
            Err(refusal) => batch_allocate_answer::Outcome::Refused(BatchAllocateRefusal {
                id,
                refusal: Some((&refusal).into()),
            }),
        };
        answers.push(BatchAllocateAnswer {
            outcome: Some(outcome),
        });
    }
    Ok(BatchAllocateResponse { answers })
}

// What is refused is an answer; whatever else fails fails the call.
fn answered(
    asked: Result<AllocationRequest, Refusal>,
    is_over: impl Fn() -> bool,
) -> Result<Result<wire::allocation::v1::AllocateResponse, Refusal>, AllocationError> {
    let asked = match asked {
        Ok(asked) => asked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    match allocate_while_awaited(&asked, is_over) {
        Ok(response) => Ok(Ok(response)),
        Err(AllocationError::Refused(refusal)) => Ok(Err(refusal)),
        Err(error) => Err(error),
    }
}

/// Answers the same question under several rules, with what differs. `is_over` as in [`batch_allocate`].
///
/// # Errors
///
/// A refusal of what is the same for all: seats and lists. Rules that are refused, or that need a count which is missing,
/// are told beside the others.
pub fn compare(
    comparison: Comparison,
    is_over: impl Fn() -> bool,
) -> Result<CompareResponse, AllocationError> {
    let Comparison {
        option_ids,
        alternatives,
    } = comparison;
    let mut results = Vec::with_capacity(alternatives.len());
    for (name, asked) in alternatives {
        if is_over() {
            return Err(AllocationError::Stopping);
        }
        let outcome = match answered(asked, &is_over)? {
            Ok(response) => {
                compared_result::Outcome::Allocation(response.allocation.unwrap_or_default())
            }
            Err(refusal) if !is_of_rules(&refusal) => return Err(refusal.into()),
            Err(refusal) => compared_result::Outcome::Refusal((&refusal).into()),
        };
        results.push(ComparedResult {
            name,
            outcome: Some(outcome),
        });
    }
    let differences = differences(&option_ids, &results);
    Ok(CompareResponse {
        results,
        differences,
    })
}

fn differences(option_ids: &[String], results: &[ComparedResult]) -> Vec<SeatDifference> {
    let allocations = results.iter().filter_map(|result| match &result.outcome {
        Some(compared_result::Outcome::Allocation(allocation)) => Some((&result.name, allocation)),
        _ => None,
    });
    let allocations: Vec<(&String, &Allocation)> = allocations.collect();
    let lists = option_ids.iter().enumerate().filter_map(|(place, id)| {
        let seats = |allocation: &Allocation| -> ListSeats {
            let list = allocation.lists.get(place);
            list.and_then(|list| list.seats).unwrap_or_default()
        };
        let (_, first) = allocations.first()?;
        let first = seats(first);
        let range = |seats: ListSeats| (seats.seats, seats.seats_most.or(seats.seats));
        let is_same = |(_, other): &(&String, &Allocation)| range(seats(other)) == range(first);
        if allocations.iter().all(is_same) {
            return None;
        }
        let compared = allocations.iter().map(|(name, allocation)| {
            let seats = seats(allocation);
            let certain = |seats: ListSeats| i64::from(seats.seats.unwrap_or(0));
            ComparedSeats {
                name: (*name).clone(),
                seats: Some(seats),
                more_than_first: certain(seats) - certain(first),
            }
        });
        Some(SeatDifference {
            option_id: id.clone(),
            seats: compared.collect(),
        })
    });
    lists.collect()
}

/// The profile of a name, or (empty) all of them.
///
/// # Errors
///
/// [`AllocationError::NoSuchProfile`].
pub fn list_profiles(name: &str) -> Result<ListProfilesResponse, AllocationError> {
    let profiles = Profile::all().iter();
    let profiles: Vec<_> = profiles
        .filter(|profile| name.is_empty() || profile.name == name)
        .map(Into::into)
        .collect();
    if profiles.is_empty() {
        return Err(AllocationError::NoSuchProfile {
            name: name.to_owned(),
            rule: profile_rule(),
        });
    }
    Ok(ListProfilesResponse { profiles })
}
