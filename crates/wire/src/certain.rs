//! What is certain of seats while ballots are outstanding, as it is sent with standings.

pub(crate) mod coalitions;

use crate::common::v1::{self as proto, BoundsBasis, Certainty};
use crate::field::timestamp;
use apportionment::bounds::{Claim, ListBounds, NextCertain, ThresholdClaim, majority_of};
use election::certain::{CertainSeats, NoClaim, Outstanding, OutstandingBasis};
use election::tally::{BasisSum, CeilingBasis, Tally, Unforeseen, UnforeseenCause};

impl From<CeilingBasis> for BoundsBasis {
    fn from(basis: CeilingBasis) -> Self {
        match basis {
            CeilingBasis::BallotsIssued => Self::BallotsIssued,
            CeilingBasis::Envelopes => Self::Envelopes,
            CeilingBasis::PapersDelivered => Self::PapersDelivered,
            CeilingBasis::Roll => Self::Roll,
            CeilingBasis::Stated => Self::Stated,
        }
    }
}

fn basis_of(outstanding: &Outstanding) -> BoundsBasis {
    match outstanding.basis() {
        None => BoundsBasis::Unspecified,
        Some(OutstandingBasis::Electorate) => BoundsBasis::Electorate,
        Some(OutstandingBasis::Units(basis)) => basis.into(),
    }
}

/// How weak a basis is, for the weakest of several.
fn weakness(basis: BoundsBasis) -> u8 {
    match basis {
        BoundsBasis::Unspecified => 0,
        BoundsBasis::BallotsIssued => 1,
        BoundsBasis::Envelopes => 2,
        BoundsBasis::PapersDelivered => 3,
        BoundsBasis::Roll => 4,
        BoundsBasis::Stated => 5,
        BoundsBasis::Electorate => 6,
    }
}

/// The most lists that are named of those whose next seat needs equally many ballots.
const NEXT_MAX: usize = 8;

/// What is certain of a district whose lists have these ids, in the order of the question, and of its coalitions.
pub(crate) fn certain_seats(
    certain: &CertainSeats,
    (district_id, list_ids): (&str, &[&str]),
    coalitions: Vec<proto::CoalitionSeats>,
) -> proto::CertainSeats {
    let CertainSeats {
        outstanding,
        bounds,
        next,
        coalitions: _,
    } = certain;
    let known = bounds.as_ref().ok();
    let next = next.iter().take(NEXT_MAX).filter_map(|next| {
        let NextCertain {
            list,
            seats,
            ballots,
            exact,
        } = *next;
        Some(proto::NextSecuredSeat {
            option_id: (*list_ids.get(list)?).to_owned(),
            seats,
            ballots,
            is_soonest: exact,
            district_id: district_id.to_owned(),
        })
    });
    proto::CertainSeats {
        outstanding: Some(outstanding.into()),
        no_claim: bounds
            .as_ref()
            .err()
            .map(|reason| reason.code().into())
            .unwrap_or_default(),
        seats_secured: known.map_or(0, |bounds| bounds.secured()),
        is_all_secured: known.is_some_and(|bounds| bounds.all_secured()),
        next: next.collect(),
        districts_without_claim: 0,
        coalitions,
    }
}

impl From<&Outstanding> for proto::OutstandingBallots {
    fn from(outstanding: &Outstanding) -> Self {
        let Outstanding {
            ballots,
            units,
            electorate_rest,
        } = outstanding;
        let bounded = CeilingBasis::ALL.into_iter().map(|basis| {
            let BasisSum { units, ballots } = units.bounded[basis as usize];
            proto::BoundedUnits {
                basis: BoundsBasis::from(basis).into(),
                units,
                ballots_most: ballots,
            }
        });
        Self {
            ballots_most: *ballots,
            units: bounded.filter(|entry| entry.units > 0).collect(),
            units_unbounded: units.unbounded,
            electorate_rest: *electorate_rest,
        }
    }
}

/// The bounds of list n of a contest, which allots the whole house here if `is_whole`.
pub(crate) fn seat_bounds(
    certain: &CertainSeats,
    list: usize,
    is_whole: bool,
) -> Option<proto::SeatBounds> {
    let bounds = certain.bounds.as_ref().ok()?;
    let ListBounds {
        fewest,
        most,
        fewest_proof,
        most_proof,
        threshold,
    } = *bounds.lists.get(list)?;
    let threshold = match threshold {
        ThresholdClaim::NotNeeded => Certainty::Unspecified,
        ThresholdClaim::Passed => Certainty::Certain,
        ThresholdClaim::Failed => Certainty::Excluded,
        ThresholdClaim::Open => Certainty::Open,
    };
    Some(proto::SeatBounds {
        seats_fewest: Some(fewest),
        seats_most: Some(most),
        basis: basis_of(&certain.outstanding).into(),
        ballots_outstanding_most: certain.outstanding.ballots.unwrap_or(0),
        is_fewest_exact: fewest_proof.is_exact(),
        is_most_exact: most_proof.is_exact(),
        passes_threshold: threshold.into(),
        has_majority: if is_whole {
            let claim = Claim::of(fewest, most, majority_of(bounds.seats));
            certainty(claim)
        } else {
            Certainty::Unspecified
        }
        .into(),
    })
}

fn certainty(claim: Claim) -> Certainty {
    match claim {
        Claim::Certain => Certainty::Certain,
        Claim::Excluded => Certainty::Excluded,
        Claim::Open => Certainty::Open,
    }
}

/// The bounds of a list in a district of so many seats of which nothing is claimed: none to all of them. That is true of any
/// rules, so a sum with it holds.
pub(crate) fn any_of(seats: u32) -> proto::SeatBounds {
    proto::SeatBounds {
        seats_fewest: Some(0),
        seats_most: Some(seats),
        is_fewest_exact: false,
        is_most_exact: false,
        ..proto::SeatBounds::default()
    }
}

/// The bounds of a list over two sets of districts: each is as it falls, so the sums hold.
pub(crate) fn add_bounds(
    one: &proto::SeatBounds,
    other: &proto::SeatBounds,
) -> Option<proto::SeatBounds> {
    let basis = if weakness(one.basis()) >= weakness(other.basis()) {
        one.basis()
    } else {
        other.basis()
    };
    // Where all districts share one electorate, not all of them can have all that is outstanding.
    let is_apart = basis != BoundsBasis::Electorate;
    Some(proto::SeatBounds {
        seats_fewest: Some(one.seats_fewest?.checked_add(other.seats_fewest?)?),
        seats_most: Some(one.seats_most?.checked_add(other.seats_most?)?),
        basis: basis.into(),
        ballots_outstanding_most: if is_apart {
            one.ballots_outstanding_most
                .saturating_add(other.ballots_outstanding_most)
        } else {
            // One rest of the electorate for all of them.
            one.ballots_outstanding_most
                .max(other.ballots_outstanding_most)
        },
        is_fewest_exact: is_apart && one.is_fewest_exact && other.is_fewest_exact,
        is_most_exact: is_apart && one.is_most_exact && other.is_most_exact,
        passes_threshold: Certainty::Unspecified.into(),
        has_majority: Certainty::Unspecified.into(),
    })
}

/// Whether a list with these bounds has more than half of a house of so many seats.
pub(crate) fn majority(bounds: &proto::SeatBounds, house: u32) -> Certainty {
    let Some((fewest, most)) = bounds.seats_fewest.zip(bounds.seats_most) else {
        return Certainty::Unspecified;
    };
    certainty(Claim::of(fewest, most, majority_of(house)))
}

/// Whether a district claims nothing while its base moves, until the next report perhaps: sums with it would open and close all
/// the time, and no feed would say why. So they wait as it does.
pub(crate) fn pauses(district: &proto::CertainSeats) -> bool {
    district.no_claim == NoClaim::BaseMoves.code()
}

/// What is certain in several districts together, but for their coalitions; `None`: in none of them is anything said.
pub(crate) fn together<'a>(
    districts: impl Iterator<Item = &'a proto::CertainSeats> + Clone,
) -> Option<proto::CertainSeats> {
    let mut without = districts.clone().filter(|it| !it.no_claim.is_empty());
    // Districts of which nothing is claimed leave the sums of the others, as long as there are some.
    let first_without = without.next().map(|it| it.no_claim.clone());
    let without = u32::from(first_without.is_some()) + number(without.count());
    let pauses = districts.clone().any(pauses);
    let all = number(districts.clone().count());
    let claims = |it: &proto::CertainSeats| proto::CertainSeats {
        outstanding: it.outstanding.clone(),
        seats_secured: it.seats_secured,
        is_all_secured: it.is_all_secured,
        next: it.next.clone(),
        ..proto::CertainSeats::default()
    };
    let mut together = districts.map(claims).reduce(|mut one, other| {
        one.outstanding = match (one.outstanding.take(), other.outstanding) {
            (Some(one), Some(other)) => Some(add_outstanding(one, other)),
            (one, other) => one.or(other),
        };
        one.seats_secured += other.seats_secured;
        one.is_all_secured &= other.is_all_secured;
        one.next = soonest(one.next, other.next);
        one
    })?;
    if pauses {
        together.no_claim = NoClaim::BaseMoves.code().to_owned();
        together.next.clear();
    } else if without < all {
        together.no_claim = String::new();
        together.districts_without_claim = without;
    } else {
        together.no_claim = first_without.unwrap_or_default();
    }
    // What is counted in one district shrinks the rest of the electorate in all of them, and of a district without a claim
    // nobody knows how soon it can have one.
    let rest = together.outstanding.as_ref();
    let is_shared = all > 1 && rest.is_some_and(|it| it.electorate_rest.is_some());
    if is_shared || without > 0 {
        together
            .next
            .iter_mut()
            .for_each(|next| next.is_soonest = false);
    }
    if all <= 1 {
        (together.next.iter_mut()).for_each(|next| next.district_id.clear());
    }
    Some(together)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The seats of two sets of districts that need the fewest ballots. It is the soonest only where it is in both.
fn soonest(
    mut one: Vec<proto::NextSecuredSeat>,
    other: Vec<proto::NextSecuredSeat>,
) -> Vec<proto::NextSecuredSeat> {
    let ballots = |next: &[proto::NextSecuredSeat]| next.first().map(|next| next.ballots);
    match (ballots(&one), ballots(&other)) {
        (Some(mine), Some(theirs)) => {
            let is_soonest = one[0].is_soonest && other[0].is_soonest;
            if mine > theirs {
                one = other;
            } else if mine == theirs {
                one.extend(other);
                one.truncate(NEXT_MAX);
            }
            one.iter_mut().for_each(|next| next.is_soonest = is_soonest);
            one
        }
        // Where a district names none it may not have been found.
        (Some(_), None) | (None, Some(_)) => {
            one.extend(other);
            one.iter_mut().for_each(|next| next.is_soonest = false);
            one
        }
        (None, None) => one,
    }
}

fn add_outstanding(
    mut one: proto::OutstandingBallots,
    other: proto::OutstandingBallots,
) -> proto::OutstandingBallots {
    for entry in other.units {
        match one.units.iter_mut().find(|it| it.basis == entry.basis) {
            Some(known) => {
                known.units += entry.units;
                known.ballots_most += entry.ballots_most;
            }
            None => one.units.push(entry),
        }
    }
    one.units_unbounded += other.units_unbounded;
    // The rest of the electorate is the same for all districts.
    one.electorate_rest = one.electorate_rest.or(other.electorate_rest);
    let sum = one.ballots_most.zip(other.ballots_most);
    let sum = sum.map(|(one, other)| one.saturating_add(other));
    one.ballots_most = match (sum, one.electorate_rest) {
        (Some(sum), Some(rest)) => Some(sum.min(rest)),
        (sum, rest) => sum.or(rest),
    };
    one
}

/// An event that a bound did not foresee.
pub fn unforeseen_event(tally: &Tally, event: &Unforeseen) -> proto::UnforeseenEvent {
    let Unforeseen {
        revision,
        time,
        contest: _,
        district: _,
        unit,
        cause,
        attribution,
    } = event;
    let cause = match cause {
        UnforeseenCause::Report(_) => proto::UnforeseenCause::Report,
        UnforeseenCause::Correction(_) => proto::UnforeseenCause::Correction,
        UnforeseenCause::Held => proto::UnforeseenCause::Held,
        UnforeseenCause::Review => proto::UnforeseenCause::Review,
        UnforeseenCause::Withdrawal => proto::UnforeseenCause::Withdrawal,
        UnforeseenCause::Status(_) => proto::UnforeseenCause::Status,
        UnforeseenCause::Turnout => proto::UnforeseenCause::Turnout,
        UnforeseenCause::Register => proto::UnforeseenCause::Register,
        UnforeseenCause::Rules => proto::UnforeseenCause::Rules,
        UnforeseenCause::Candidates => proto::UnforeseenCause::Candidates,
    };
    let unit = unit.and_then(|unit| tally.unit_names.get(unit));
    proto::UnforeseenEvent {
        revision: revision.0,
        revision_time: Some(timestamp(*time)),
        unit_id: unit.unwrap_or_default().into(),
        cause: cause.into(),
        attribution: attribution.as_ref().map(|it| proto::Attribution {
            by: cut(&it.by),
            reason: cut(&it.reason),
        }),
    }
}

/// Twenty ranges with their causes stand in every frame: of long texts the log has the rest.
const CAUSE_TEXT_BYTES_MAX: usize = 120;

fn cut(text: &str) -> String {
    if text.len() <= CAUSE_TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let room = CAUSE_TEXT_BYTES_MAX - '…'.len_utf8();
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end));
    format!("{}…", &text[..end.unwrap_or(0)])
}
