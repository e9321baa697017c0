//! The upper apportionment: voters' numbers, and the seats of each list in all districts.

use super::{DoubleProportional, VotersNumbers};
use crate::allocate::allocate;
use crate::allocation::Allocation;
use crate::contest::{Contest, List, Lot};
use crate::districts::DistrictedContest;
use crate::districts_error::DistrictsError;
use crate::error::ContestError;
use crate::method::Method;
use crate::rules::Rules;

/// Voters' numbers of the lists that reached the quorum, over their smallest common denominator.
pub(super) fn voters_numbers(
    contest: &DistrictedContest,
    quorum: &[bool],
    rounding: VotersNumbers,
) -> Result<(Vec<u64>, u64), DistrictsError> {
    let too_large = |value| {
        DistrictsError::Contest(ContestError::AboveLimit {
            field: "voters' numbers over their common denominator",
            value,
            limit: u128::from(u64::MAX),
        })
    };
    let denominator = match rounding {
        VotersNumbers::NearestInDistrict => 1,
        VotersNumbers::Exact => contest
            .districts
            .iter()
            .try_fold(1, |multiple, district| {
                least_common_multiple(multiple, district.seats)
            })
            .ok_or_else(|| too_large(u128::MAX))?,
    };
    let mut numbers = vec![0u128; quorum.len()];
    for district in &contest.districts {
        for ((number, &votes), &reached) in numbers.iter_mut().zip(&district.votes).zip(quorum) {
            if reached {
                let (votes, seats) = (u128::from(votes), u128::from(district.seats));
                // Each term is below 2^128, because both factors are below 2^64.
                let term = match rounding {
                    VotersNumbers::Exact => votes * (u128::from(denominator) / seats),
                    VotersNumbers::NearestInDistrict => (2 * votes + seats) / (2 * seats),
                };
                *number = number
                    .checked_add(term)
                    .ok_or_else(|| too_large(u128::MAX))?;
            }
        }
    }
    let common = numbers
        .iter()
        .fold(u128::from(denominator), |left, &right| {
            greatest_common_divisor(left, right)
        });
    let narrow = |value: u128| u64::try_from(value / common).map_err(|_| too_large(value / common));
    let numbers = numbers.into_iter().map(narrow).collect::<Result<_, _>>()?;
    Ok((numbers, narrow(u128::from(denominator))?))
}

/// Seats by list. A list that did not reach the quorum competes without votes.
pub(super) fn apportion(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    voters_numbers: &[u64],
    lots: &[Lot],
) -> Result<Allocation, DistrictsError> {
    let list = |(list, &votes): (&crate::districts::DistrictedList, &u64)| List {
        registration: list.registration,
        ..List::with_votes(votes)
    };
    let upper = Contest {
        seats: u32::try_from(contest.seats()).expect("the seats of all districts were checked"),
        lists: contest.lists.iter().zip(voters_numbers).map(list).collect(),
        ..Contest::default()
    };
    Ok(allocate(&upper, &law(rules), lots)?)
}

/// The rules of the upper apportionment.
pub(super) fn law(rules: &DoubleProportional) -> Rules {
    Rules {
        ties: rules.ties.clone(),
        ..Rules::of(Method::Divisors(rules.upper))
    }
}

/// `None` beyond 64 bits.
fn least_common_multiple(multiple: u64, seats: u32) -> Option<u64> {
    let common = greatest_common_divisor(u128::from(multiple), u128::from(seats));
    u64::try_from(u128::from(multiple) / common * u128::from(seats)).ok()
}

fn greatest_common_divisor(mut left: u128, mut right: u128) -> u128 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}
