//! `Allocate`: votes in, seats out, no election needed.

use crate::error::AllocationError;
use crate::seats::{Explained, districted_margins, explain};
use crate::words::{DistrictedLabels, Labels, Style};
use apportionment::DistrictedMargins;
use election::districted::{self, DistrictedResult};
use election::standings::{SeatsResult, answer};
use wire::allocation::v1::{AllocateDistrictsResponse, AllocateResponse};
use wire::{AllocationRequest, DistrictsRequest, Lists, contest_refusal, districts_refusal};

/// Answers a question with verified seats.
///
/// # Errors
///
/// What the engine refuses, by the path of the field in the request.
pub fn allocate(request: &AllocationRequest) -> Result<AllocateResponse, AllocationError> {
    allocate_while_awaited(request, || false)
}

/// The same. `is_over` says that nobody waits any more: it is asked before the margins of each list.
///
/// # Errors
///
/// As [`allocate`], or [`AllocationError::Stopping`] if nobody waits any more.
pub fn allocate_while_awaited(
    request: &AllocationRequest,
    is_over: impl Fn() -> bool,
) -> Result<AllocateResponse, AllocationError> {
    let AllocationRequest {
        id,
        option_ids,
        question,
        include_steps,
        include_margins,
        names,
        explanation,
    } = request;
    let words = explanation.as_ref().map(Style::try_from).transpose()?;
    let result = answer(question);
    if let SeatsResult::Unknown(error) = &result {
        return Err(contest_refusal(error).into());
    }
    let ids: Vec<String> = option_ids.iter().map(ToString::to_string).collect();
    let mut allocation = Lists::new(&ids).allocation(question, &result);
    let explained = Explained {
        steps: *include_steps,
        margins: *include_margins,
        words,
    };
    let labels = Labels {
        names: names.clone(),
        ..Labels::default()
    };
    explain(
        &mut allocation,
        &ids,
        (question, &result),
        &labels,
        explained,
        &is_over,
    );
    if is_over() {
        return Err(AllocationError::Stopping);
    }
    Ok(AllocateResponse {
        id: id.clone(),
        allocation: Some(allocation),
    })
}

/// Answers a question over districts with verified seats.
///
/// # Errors
///
/// What the engine refuses, by the path of the field in the request.
pub fn allocate_districts(
    request: &DistrictsRequest,
) -> Result<AllocateDistrictsResponse, AllocationError> {
    allocate_districts_while_awaited(request, || false)
}

/// The same. `is_over` says that nobody waits any more: it is asked before the margins of each list in each district.
///
/// # Errors
///
/// As [`allocate_districts`], or [`AllocationError::Stopping`] if nobody waits any more.
pub fn allocate_districts_while_awaited(
    request: &DistrictsRequest,
    is_over: impl Fn() -> bool,
) -> Result<AllocateDistrictsResponse, AllocationError> {
    let DistrictsRequest {
        id,
        question,
        include_steps,
        include_margins,
        called,
        explanation,
    } = request;
    let words = explanation.as_ref().map(Style::try_from).transpose()?;
    let result = districted::answer(question);
    if let DistrictedResult::Unknown { error, .. } = &result {
        return Err(districts_refusal(error, Some(question)).into());
    }
    let seats = result.allocation();
    let seats = seats.map(|allocation| districted::seats_of(question, allocation));
    let mut allocation = wire::districted_allocation(question, &result, seats.as_ref());
    let margins = match *include_margins && (*include_steps || words.is_some()) {
        true => districted_margins(question, &result, &is_over),
        false => Ok(DistrictedMargins::default()),
    };
    let margins = margins.map_err(|error| contest_refusal(&error))?;
    if is_over() {
        return Err(AllocationError::Stopping);
    }
    if *include_steps {
        allocation.steps = wire::districted_steps(question, &result, &margins);
    }
    if let (Some(style), Some(engine)) = (words, result.allocation()) {
        let labels = DistrictedLabels {
            called: called.clone(),
            ..DistrictedLabels::default()
        };
        allocation.explanation = style.districted_words(&labels, question, engine, &margins);
    }
    Ok(AllocateDistrictsResponse {
        id: id.clone(),
        allocation: Some(allocation),
    })
}
