//! What `BoundSeats` is asked, and what it answers.

use crate::allocation::v1 as proto;
use crate::allocation_request::{AllocationRequest, MARGIN_LISTS_MAX, contest_refusal};
use crate::field::within;
use apportionment::ContestError;
use apportionment::bounds::{
    Claim, CoalitionBounds, ListBounds, NextCertain, Outstanding, Proof, SeatBounds,
    ThresholdClaim, majority_of,
};
use election::ids::OptionId;
use election::report::{Refusal, RefusalCode};
use std::collections::HashMap;

/// The most coalitions that are asked for at once.
pub const COALITIONS_MAX: usize = 64;

/// A question about what is certain.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundsRequest {
    /// What is counted, and the rules.
    pub counted: AllocationRequest,
    /// What is outstanding.
    pub outstanding: Outstanding,
    /// Positions of the lists of each coalition.
    pub coalitions: Vec<Vec<usize>>,
    /// Seats that are a majority.
    pub majority: u32,
    /// Whether the next seat is asked for.
    pub include_next: bool,
}

impl TryFrom<proto::BoundSeatsRequest> for BoundsRequest {
    type Error = Refusal;

    fn try_from(request: proto::BoundSeatsRequest) -> Result<Self, Refusal> {
        let proto::BoundSeatsRequest {
            counted,
            outstanding_ballots,
            outstanding_in_base,
            coalitions,
            majority_seats,
            include_next,
        } = request;
        let counted = crate::required("counted", counted)?;
        let counted = AllocationRequest::try_from(counted).map_err(within("counted"))?;
        let extras = [
            ("counted.include_steps", counted.include_steps),
            ("counted.include_margins", counted.include_margins),
            ("counted.explanation", counted.explanation.is_some()),
        ];
        if let Some((field, _)) = extras.into_iter().find(|(_, is_set)| *is_set) {
            let rule = "not set: the answer has no such part, ask Allocate for it";
            return Err(Refusal::new(RefusalCode::Shape, field, "set", rule));
        }
        if coalitions.len() > COALITIONS_MAX {
            let value = format!("{} coalitions", coalitions.len());
            let rule = format!("at most {COALITIONS_MAX}");
            return Err(Refusal::new(RefusalCode::Limit, "coalitions", value, rule));
        }
        let lists = counted.option_ids.len();
        if include_next && lists > MARGIN_LISTS_MAX {
            let value = format!("true with {lists} lists");
            let rule = format!("false where there are more than {MARGIN_LISTS_MAX} lists");
            return Err(Refusal::new(
                RefusalCode::Limit,
                "include_next",
                value,
                rule,
            ));
        }
        let seats = counted.question.contest.seats;
        if majority_seats > seats {
            let rule = format!(
                "at most the {seats} seats to be allotted, or 0 for more than half of them"
            );
            return Err(Refusal::new(
                RefusalCode::Limit,
                "majority_seats",
                majority_seats,
                rule,
            ));
        }
        let positions: HashMap<&str, usize> = (0..)
            .zip(&counted.option_ids)
            .map(|(place, id)| (id.as_str(), place))
            .collect();
        let coalitions = coalitions.iter().enumerate().map(|(place, coalition)| {
            coalition_lists(coalition, &positions)
                .map_err(within(format_args!("coalitions[{place}]")))
        });
        let coalitions = coalitions.collect::<Result<_, _>>()?;
        Ok(Self {
            outstanding: Outstanding {
                ballots: outstanding_ballots,
                in_base: outstanding_in_base,
            },
            coalitions,
            majority: match majority_seats {
                0 => majority_of(seats),
                seats => seats,
            },
            include_next,
            counted,
        })
    }
}

fn coalition_lists(
    coalition: &proto::BoundedCoalition,
    positions: &HashMap<&str, usize>,
) -> Result<Vec<usize>, Refusal> {
    let proto::BoundedCoalition { option_ids } = coalition;
    if option_ids.is_empty() {
        let rule = "at least one list";
        return Err(Refusal::new(
            RefusalCode::Shape,
            "option_ids",
            "empty",
            rule,
        ));
    }
    let mut lists = Vec::with_capacity(option_ids.len());
    for (place, id) in option_ids.iter().enumerate() {
        let field = format!("option_ids[{place}]");
        let Some(&list) = positions.get(id.as_str()) else {
            let rule = "the id of a list in counted.lists";
            return Err(Refusal::new(RefusalCode::UnknownOption, field, id, rule));
        };
        if lists.contains(&list) {
            let rule = "each list stands once";
            return Err(Refusal::new(RefusalCode::RepeatedOption, field, id, rule));
        }
        lists.push(list);
    }
    Ok(lists)
}

/// What the engine refuses, by the path of the field in the request.
#[must_use]
pub fn bounds_refusal(request: &BoundsRequest, error: &ContestError) -> Refusal {
    match error {
        ContestError::AboveLimit { field, limit, .. } if field.starts_with("outstanding.") => {
            Refusal::new(
                RefusalCode::Limit,
                "outstanding_ballots",
                request.outstanding.ballots,
                format!("with the votes and counts given at most {limit}"),
            )
        }
        error => within("counted")(contest_refusal(error)),
    }
}

/// The answer, with the next seat if it was asked for.
#[must_use]
pub fn bounds_response(
    request: &BoundsRequest,
    bounds: &SeatBounds,
    coalitions: &[CoalitionBounds],
    next: &[NextCertain],
) -> proto::BoundSeatsResponse {
    let ids = &request.counted.option_ids;
    let majority = request.majority;
    let lists = ids.iter().zip(&bounds.lists);
    let asked = request.coalitions.iter().zip(coalitions);
    let id_of = |list: usize| ids.get(list).map(ToString::to_string).unwrap_or_default();
    proto::BoundSeatsResponse {
        id: request.counted.id.clone(),
        seats: bounds.seats,
        lists: lists
            .map(|(id, list)| list_message(id, list, majority))
            .collect(),
        seats_secured: bounds.secured(),
        all_secured: bounds.all_secured(),
        majority_seats: majority,
        coalitions: asked
            .map(|(lists, bounds)| {
                let CoalitionBounds {
                    fewest,
                    most,
                    fewest_proof,
                    most_proof,
                } = *bounds;
                proto::CoalitionBounds {
                    option_ids: lists.iter().map(|&list| id_of(list)).collect(),
                    fewest,
                    most,
                    fewest_proof: Some(proof_message(fewest_proof)),
                    most_proof: Some(proof_message(most_proof)),
                    majority: claim(bounds.reaches(majority)).into(),
                }
            })
            .collect(),
        next: next
            .iter()
            .map(|next| {
                let NextCertain {
                    list,
                    seats,
                    ballots,
                    exact,
                } = *next;
                proto::NextCertainSeat {
                    option_id: id_of(list),
                    seats,
                    ballots,
                    is_exact: exact,
                }
            })
            .collect(),
    }
}

fn list_message(id: &OptionId, list: &ListBounds, majority: u32) -> proto::ListBounds {
    let ListBounds {
        fewest,
        most,
        fewest_proof,
        most_proof,
        threshold,
    } = *list;
    let threshold = match threshold {
        ThresholdClaim::NotNeeded => proto::ThresholdClaim::NotNeeded,
        ThresholdClaim::Passed => proto::ThresholdClaim::Passed,
        ThresholdClaim::Failed => proto::ThresholdClaim::Failed,
        ThresholdClaim::Open => proto::ThresholdClaim::Open,
    };
    proto::ListBounds {
        option_id: id.to_string(),
        fewest,
        most,
        fewest_proof: Some(proof_message(fewest_proof)),
        most_proof: Some(proof_message(most_proof)),
        threshold: threshold.into(),
        majority: claim(list.reaches(majority)).into(),
    }
}

fn proof_message(proof: Proof) -> proto::BoundProof {
    let (kind, reason) = match proof {
        Proof::Exact => (proto::BoundKind::Exact, None),
        Proof::Safe(reason) => (proto::BoundKind::Safe, Some(reason)),
        Proof::NoClaim(reason) => (proto::BoundKind::NoClaim, Some(reason)),
    };
    proto::BoundProof {
        kind: kind.into(),
        reason: reason
            .map(|reason| reason.code().to_owned())
            .unwrap_or_default(),
        reason_text: reason.map(|reason| reason.to_string()).unwrap_or_default(),
    }
}

fn claim(claim: Claim) -> proto::SeatClaim {
    match claim {
        Claim::Certain => proto::SeatClaim::Certain,
        Claim::Excluded => proto::SeatClaim::Excluded,
        Claim::Open => proto::SeatClaim::Open,
    }
}

#[cfg(test)]
mod tests;
