//! The independent check of a double proportional result. It shares the types of input and output with the allocator and
//! no code: it multiplies where the allocator divides, has products of its own, looks for open cells in a transitive
//! closure, and asks the verifier of single contests about the upper apportionment. A wrong result needs the same mistake
//! twice.

mod frame;
mod lower;
mod products;
mod refusal;

use std::collections::BTreeSet;

use super::{CellLot, DoubleAllocation, DoubleProportional, VotersNumbers};
use crate::allocation::Outcome;
use crate::contest::{Contest, List, Lot};
use crate::districts::{District, DistrictedContest, Quorum};
use crate::method::Method;
use crate::rules::Rules;
use crate::threshold::{Comparison, Threshold, ThresholdBase};

use lower::{check_lower, check_void};
use products::Wide;
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

/// By list: whether it reached the quorum; `None` where a count is missing.
fn reached(contest: &DistrictedContest, quorum: &Quorum) -> Option<Vec<bool>> {
    let total = |of: &dyn Fn(&District) -> Option<u128>| -> Option<u128> {
        contest.districts.iter().map(of).sum()
    };
    let list = |(index, list): (usize, &crate::districts::DistrictedList)| {
        let passes = |threshold: &Threshold, votes: u128, base: u128| {
            let share = threshold.share_for(list.coalition_size);
            let (least, exact) = {
                let parts = u128::from(share.numerator) * base;
                let unit = u128::from(share.denominator).max(1);
                (parts / unit, parts.is_multiple_of(unit))
            };
            // The fewest whole votes that pass.
            let needed = match (threshold.comparison, exact) {
                (Comparison::AtLeast, true) => least,
                _ => least + 1,
            };
            votes >= needed.max(1)
        };
        let votes = |district: &District| u128::from(district.votes[index]);
        let all: u128 = contest.districts.iter().map(votes).sum();
        let mut reached = list.exempt || *quorum == Quorum::default();
        if let Some(threshold) = &quorum.overall {
            reached |= passes(
                threshold,
                all,
                total(&|district| base_of(threshold, district))?,
            );
        }
        if let Some(threshold) = &quorum.one_district {
            for district in &contest.districts {
                reached |= passes(threshold, votes(district), base_of(threshold, district)?);
            }
        }
        Some(reached && all > 0)
    };
    contest.lists.iter().enumerate().map(list).collect()
}

fn base_of(threshold: &Threshold, district: &District) -> Option<u128> {
    let given = match threshold.base {
        ThresholdBase::ListVotes => {
            return Some(district.votes.iter().map(|&votes| u128::from(votes)).sum());
        }
        ThresholdBase::ValidVotes => district.base.valid_votes,
        ThresholdBase::ValidAndAgainstAll => district.base.valid_and_against_all,
        ThresholdBase::BallotsInBox => district.base.ballots_in_box,
        ThresholdBase::BallotsIssued => district.base.ballots_issued,
    };
    given.map(u128::from)
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
