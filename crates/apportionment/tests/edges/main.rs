//! The edges of what is allowed, for every method: votes of 2^63 and 2^64 - 1 whose sums no u64 holds, 100,000 seats and
//! one more, 10,000 lists and one more. A result is exact, or the limit is named; nothing wraps.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod districts;
#[allow(
    dead_code,
    reason = "the fuzz targets use the rest of it, which is for chains"
)]
#[path = "../simple/mod.rs"]
mod simple;

use std::cmp::Ordering;

use apportionment::*;
use num_bigint::BigInt;
use simple::{SimpleKey, order, simple_key};

const HALF: u64 = 1 << 63;

/// Votes that are equal, next to each other, and at the edges of a signed and an unsigned number.
const HUGE: [u64; 8] = [
    u64::MAX,
    u64::MAX,
    u64::MAX - 1,
    HALF + 1,
    HALF,
    HALF,
    HALF - 1,
    1,
];

/// Every method: all quotas in all roundings, and all divisors.
pub fn methods() -> Vec<Method> {
    let kinds = [
        QuotaKind::Hare,
        QuotaKind::Droop,
        QuotaKind::HagenbachBischoff,
        QuotaKind::Imperiali,
    ];
    let roundings = [
        Rounding::Exact,
        Rounding::Down,
        Rounding::DownPlusOne,
        Rounding::Up,
        Rounding::Nearest,
    ];
    let quotas = kinds
        .iter()
        .flat_map(|&kind| roundings.map(|rounding| Method::Quota(Quota { kind, rounding })));
    let first = |numerator, denominator| {
        Method::Divisors(Divisors::ModifiedSainteLague {
            first: Fraction::new(numerator, denominator),
        })
    };
    let power = |numerator, denominator| {
        Method::Divisors(Divisors::Power {
            exponent: Fraction::new(numerator, denominator),
        })
    };
    let divisors = [
        Method::D_HONDT,
        Method::SAINTE_LAGUE,
        first(14, 10),
        first(1, 1_000),
        first(2_999, 1_000),
        Method::DANISH,
        Method::IMPERIALI_DIVISORS,
        Method::ADAMS,
        Method::DEAN,
        Method::HUNTINGTON_HILL,
        power(9, 10),
        power(1, 1),
    ];
    quotas.chain(divisors).collect()
}

/// What is wrong with an allocation of one plain stage, in numbers of any length and without a word from the verifier: what
/// is granted for certain has larger keys than what is not, the tied lists are those with the key of the border, and there
/// are fewer seats for them than lists.
pub fn fault(contest: &Contest, method: Method, allocation: &Allocation) -> Option<String> {
    let given: u64 = allocation
        .seats()
        .iter()
        .map(|&seats| u64::from(seats))
        .sum();
    if given + u64::from(allocation.pending) != u64::from(contest.seats) {
        return Some(format!("{given} seats and {} pending", allocation.pending));
    }
    let total: BigInt = contest
        .lists
        .iter()
        .map(|list| BigInt::from(list.votes))
        .sum();
    let key = |list: usize, seat: u32| {
        let votes = BigInt::from(contest.lists[list].votes);
        simple_key(method, &votes, seat, contest.seats, &total)
    };
    let lists = || allocation.lists.iter().enumerate();
    let granted: Vec<SimpleKey> = lists()
        .filter(|(_, one)| one.seats > 0)
        .map(|(list, one)| key(list, one.seats - 1))
        .collect();
    let refused: Vec<SimpleKey> = lists().map(|(list, one)| key(list, one.seats)).collect();
    let smallest = granted.iter().min_by(|left, right| order(left, right));
    let largest = refused.iter().max_by(|left, right| order(left, right))?;
    if smallest.is_some_and(|smallest| order(smallest, largest) != Ordering::Greater) {
        return Some(format!("{smallest:?} is granted and {largest:?} is not"));
    }
    let mut at_border = 0;
    for ((list, one), key) in lists().zip(&refused) {
        let is_at_border = order(key, largest).is_eq();
        at_border += u32::from(is_at_border);
        if one.tied != (is_at_border && allocation.pending > 0) {
            return Some(format!("list {list}: tied {}", one.tied));
        }
    }
    (allocation.pending >= at_border)
        .then(|| format!("{at_border} tied, {} pending", allocation.pending))
}

fn checked(contest: &Contest, method: Method) -> Allocation {
    let rules = Rules::of(method);
    let allocation = allocate(contest, &rules, &[]).unwrap();
    assert_eq!(verify(contest, &rules, &[], &allocation), Ok(()));
    assert_eq!(fault(contest, method, &allocation), None, "{method:?}");
    let fast = Workspace::default();
    let seats = { fast }
        .seats(contest, &rules, &[])
        .map(|found| found.seats.to_vec());
    assert_eq!(seats, Ok(allocation.seats()));
    allocation
}

#[test]
fn as_many_seats_as_are_allowed_for_huge_votes() {
    for method in methods() {
        for seats in [SEATS_MAX - 1, SEATS_MAX] {
            checked(&Contest::with_votes(seats, &HUGE), method);
        }
        // Equal votes, equal seats, and what is over is tied among all.
        for votes in [HALF, u64::MAX] {
            let equal = checked(&Contest::with_votes(SEATS_MAX, &[votes; 7]), method);
            assert_eq!((equal.seats(), equal.pending), (vec![14_285; 7], 5));
        }
    }
}

#[test]
fn one_more_is_refused_by_name() {
    for method in methods() {
        let rules = Rules::of(method);
        let refused = |contest: &Contest| {
            let error = allocate(contest, &rules, &[]).unwrap_err();
            assert_eq!(
                verify_seats(contest, &rules, &vec![0; contest.lists.len()]),
                Err(vec![Refusal::Contest(error.clone())])
            );
            error.to_string()
        };
        assert_eq!(
            refused(&Contest::with_votes(SEATS_MAX + 1, &HUGE)),
            "contest.seats is 100001; at most 100000 is allowed"
        );
        assert_eq!(
            refused(&Contest::with_votes(1, &vec![u64::MAX; LISTS_MAX + 1])),
            "contest.lists is 10001; at most 10000 is allowed"
        );
    }
}

/// The check above can fail: one seat moved, a tie hidden, a tie settled in silence.
#[test]
fn a_wrong_seat_at_the_edge_is_seen() {
    for method in methods() {
        let contest = Contest::with_votes(SEATS_MAX, &HUGE);
        let right = checked(&contest, method);
        let mut wrong = right.clone();
        wrong.lists[3].seats -= 1;
        wrong.lists[4].seats += 1;
        assert!(fault(&contest, method, &wrong).is_some(), "{method:?}");
        let contest = Contest::with_votes(SEATS_MAX, &[u64::MAX; 7]);
        let mut hidden = checked(&contest, method);
        hidden.lists[0].tied = false;
        assert!(fault(&contest, method, &hidden).is_some(), "{method:?}");
        let mut silent = checked(&contest, method);
        silent.lists[..5]
            .iter_mut()
            .for_each(|list| list.seats += 1);
        silent.lists.iter_mut().for_each(|list| list.tied = false);
        silent.pending = 0;
        assert!(fault(&contest, method, &silent).is_some(), "{method:?}");
    }
}
