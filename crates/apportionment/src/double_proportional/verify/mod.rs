//! The independent check of a double proportional result. It shares the types of input and output with the allocator and
//! no code: it multiplies where the allocator divides, has products of its own, looks for open cells in a transitive
//! closure, and asks the verifier of single contests about the upper apportionment. A wrong result needs the same mistake
//! twice.

mod frame;
mod lower;
mod products;
mod quorum;
mod refusal;

use std::collections::BTreeSet;

use super::{CellLot, DoubleAllocation, DoubleProportional, VotersNumbers};
use crate::allocation::Outcome;
use crate::contest::{Contest, List, Lot};
use crate::districts::DistrictedContest;
use crate::method::Method;
use crate::rules::Rules;

use lower::{check_lower, check_void};
use products::Wide;
pub(crate) use products::product_order;
use quorum::reached;
pub(crate) use quorum::{base_of, passes};
pub use refusal::DoubleRefusal;

/// Checks a whole result: quorum, voters' numbers, the upper apportionment, both sums, the quotient of every cell, every
/// tie and every lot.
///
/// # Errors
/// Everything that was found wrong, each by name.
pub fn verify(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    lots: &[Lot],
    cell_lots: &[CellLot],
    allocation: &DoubleAllocation,
) -> Result<(), Vec<DoubleRefusal>> {
    let mut refusals = Vec::new();
    let lists = contest.lists.len();
    let shaped = contest
        .districts
        .iter()
        .all(|district| district.votes.len() == lists && district.seats > 0)
        && allocation.quorum.len() == lists
        && allocation.voters_numbers.len() == lists
        && allocation.voters_numbers_denominator > 0
        && allocation.upper.lists.len() == lists;
    if !shaped {
        return Err(vec![DoubleRefusal::Shape]);
    }
    match reached(contest, &rules.quorum) {
        None => refusals.push(DoubleRefusal::QuorumBaseMissing),
        Some(expected) => {
            let wrong = (0..lists).filter(|&list| expected[list] != allocation.quorum[list]);
            refusals.extend(wrong.map(|list| DoubleRefusal::Quorum { list }));
        }
    }
    check_voters_numbers(contest, rules, allocation, &mut refusals);
    check_upper(contest, rules, lots, allocation, &mut refusals);
    match &allocation.lower {
        Some(lower) if allocation.upper.outcome == Outcome::Settled => {
            check_lower(contest, rules, cell_lots, allocation, lower, &mut refusals);
        }
        None if allocation.upper.outcome != Outcome::Settled => {
            check_void(cell_lots, &[], &allocation.void_lots, &mut refusals);
        }
        _ => refusals.push(DoubleRefusal::LowerPresence),
    }
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(refusals)
    }
}

/// Voters' numbers, with all fractions brought over the product of all different numbers of seats.
fn check_voters_numbers(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    allocation: &DoubleAllocation,
    refusals: &mut Vec<DoubleRefusal>,
) {
    let sizes: BTreeSet<u32> = contest
        .districts
        .iter()
        .map(|district| district.seats)
        .collect();
    let denominator = u128::from(allocation.voters_numbers_denominator);
    for (list, &number) in allocation.voters_numbers.iter().enumerate() {
        let reached = allocation.quorum[list];
        let agrees = if !reached {
            number == 0
        } else if rules.voters_numbers == VotersNumbers::NearestInDistrict {
            let rounded: u128 = contest
                .districts
                .iter()
                .map(|district| {
                    let (votes, seats) =
                        (u128::from(district.votes[list]), u128::from(district.seats));
                    votes / seats + u128::from(2 * (votes % seats) >= seats)
                })
                .sum();
            rounded.checked_mul(denominator) == Some(u128::from(number))
        } else {
            let mut sum = Wide::of(0);
            for &size in &sizes {
                let of_size = contest
                    .districts
                    .iter()
                    .filter(|district| district.seats == size);
                let votes: u128 = of_size
                    .map(|district| u128::from(district.votes[list]))
                    .sum();
                let others = sizes.iter().filter(|&&other| other != size);
                sum.add(&product_of(others, votes));
            }
            sum.multiply(denominator);
            sum == product_of(sizes.iter(), u128::from(number))
        };
        if !agrees {
            refusals.push(DoubleRefusal::VotersNumber { list });
        }
    }
}

fn product_of<'a>(sizes: impl Iterator<Item = &'a u32>, first: u128) -> Wide {
    let mut product = Wide::of(first);
    for &size in sizes {
        product.multiply(u128::from(size));
    }
    product
}

fn check_upper(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    lots: &[Lot],
    allocation: &DoubleAllocation,
    refusals: &mut Vec<DoubleRefusal>,
) {
    let seats = contest.districts.iter().map(|district| district.seats);
    let Some(house) = seats.into_iter().try_fold(0u32, u32::checked_add) else {
        refusals.push(DoubleRefusal::Shape);
        return;
    };
    let mut upper = Contest::with_votes(house, &allocation.voters_numbers);
    for (list, entry) in upper.lists.iter_mut().zip(&contest.lists) {
        *list = List {
            registration: entry.registration,
            ..list.clone()
        };
    }
    let law = Rules {
        ties: rules.ties.clone(),
        ..Rules::of(Method::Divisors(rules.upper))
    };
    if let Err(found) = crate::verify::verify(&upper, &law, lots, &allocation.upper) {
        refusals.extend(found.into_iter().map(DoubleRefusal::Upper));
    }
}
