//! Votes near 2^63 and 2^64, whose sums need more than 64 bits: against keys in numbers of any length.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]
#![allow(dead_code, reason = "the simple method serves other tests as well")]

mod simple;

use apportionment::*;
use num_bigint::BigInt;
use proptest::prelude::*;

fn methods() -> Vec<Method> {
    let rounded = |kind, rounding| Method::Quota(Quota { kind, rounding });
    let power = |numerator, denominator| {
        Method::Divisors(Divisors::Power {
            exponent: Fraction::new(numerator, denominator),
        })
    };
    vec![
        Method::HARE,
        Method::DROOP,
        Method::HAGENBACH_BISCHOFF,
        Method::IMPERIALI,
        rounded(QuotaKind::Hare, Rounding::Down),
        rounded(QuotaKind::Droop, Rounding::Nearest),
        Method::D_HONDT,
        Method::SAINTE_LAGUE,
        Method::MODIFIED_SAINTE_LAGUE,
        Method::DANISH,
        Method::IMPERIALI_DIVISORS,
        Method::ADAMS,
        Method::DEAN,
        Method::HUNTINGTON_HILL,
        power(9, 10),
        power(1, 10),
    ]
}

/// A count near a power of two where numbers of machines end.
fn huge() -> impl Strategy<Value = u64> {
    let ends = prop::sample::select(vec![1_u64 << 62, 1 << 63, u64::MAX - 5]);
    prop_oneof![
        (ends, 0u64..6, any::<bool>()).prop_map(|(end, by, up)| if up {
            end.saturating_add(by)
        } else {
            end - by
        }),
        any::<u64>(),
    ]
}

/// What is wrong with seats by the border of their keys, which are numbers of any length; ties are counted as open.
fn border(contest: &Contest, method: Method, allocation: &Allocation) -> Option<String> {
    let total: BigInt = contest
        .lists
        .iter()
        .map(|list| BigInt::from(list.votes))
        .sum();
    let open = allocation.open_ties().next();
    let key = |list: usize, seat: u32| {
        let votes = BigInt::from(contest.lists[list].votes);
        simple::simple_key(method, &votes, seat, contest.seats, &total)
    };
    let lists = || allocation.lists.iter().enumerate();
    let granted = lists().filter(|(_, result)| result.seats > 0);
    let granted = granted.map(|(list, result)| key(list, result.seats - 1));
    let refused = lists().map(|(list, result)| key(list, result.seats));
    let smallest = granted.min_by(simple::order);
    let largest = refused.max_by(simple::order)?;
    if let Some(smallest) = smallest {
        let order = simple::order(&smallest, &largest);
        if order.is_lt() || (order.is_eq() && open.is_none()) {
            return Some(format!("granted {smallest:?}, refused {largest:?}"));
        }
    }
    let given: u64 = lists().map(|(_, result)| u64::from(result.seats)).sum();
    if given + u64::from(allocation.pending) != u64::from(contest.seats) {
        return Some(format!("{given} seats"));
    }
    // Exactly the lists with the key of the border are tied.
    let wrong = lists().find(|(list, result)| {
        let on_border = simple::order(&key(*list, result.seats), &largest).is_eq();
        result.tied != (on_border && open.is_some())
    });
    wrong.map(|(list, _)| format!("list {list}: wrongly tied or not"))
}

/// Allocator, verifier, workspace, both simple methods.
fn check(contest: &Contest, method: Method) -> Result<(), TestCaseError> {
    let rules = Rules::of(method);
    let allocation = allocate(contest, &rules, &[]).unwrap();
    prop_assert_eq!(verify(contest, &rules, &[], &allocation), Ok(()));
    let mut workspace = Workspace::default();
    prop_assert_eq!(
        workspace.seats(contest, &rules, &[]).unwrap().seats,
        allocation.seats()
    );
    if contest.lists.iter().all(|list| list.votes > 0) {
        prop_assert_eq!(border(contest, method, &allocation), None);
    }
    if let Some(simple) = simple::simple(contest, &rules, &allocation) {
        prop_assert_eq!(simple::difference(&allocation, &simple), None);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn few_lists_of_huge_votes(
        votes in prop::collection::vec(huge(), 2..12),
        seats in 1u32..200,
        method in prop::sample::select(methods()),
    ) {
        check(&Contest::with_votes(seats, &votes), method)?;
    }

    /// A vote more or less at the end of the range changes nothing else, and moves no seat the wrong way.
    #[test]
    fn a_vote_more_costs_no_seat_at_the_end_of_the_range(
        votes in prop::collection::vec((1_u64 << 62)..u64::MAX, 2..9),
        seats in 1u32..60,
        list in 0usize..9,
    ) {
        let list = list % votes.len();
        let mut more = votes.clone();
        more[list] += 1;
        for method in [Method::HARE, Method::D_HONDT, Method::HUNTINGTON_HILL] {
            let rules = Rules::of(method);
            let held = |votes: &[u64]| {
                let allocation = allocate(&Contest::with_votes(seats, votes), &rules, &[]).unwrap();
                let result = allocation.lists[list];
                result.seats + u32::from(result.tied)
            };
            let certain = allocate(&Contest::with_votes(seats, &votes), &rules, &[]).unwrap();
            prop_assert!(held(&more) >= certain.lists[list].seats);
        }
    }
}

/// Ten thousand lists of up to 2^64 votes: their sum has 78 bits.
#[test]
fn ten_thousand_lists_of_huge_votes() {
    let scrambled = |number: u64| number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let votes: Vec<u64> = (1..=10_000)
        .map(|list| (1 << 63) | scrambled(list))
        .collect();
    assert!(votes.iter().map(|&votes| u128::from(votes)).sum::<u128>() > 1 << 76);
    for method in methods() {
        let contest = Contest::with_votes(10_001, &votes);
        check(&contest, method).unwrap_or_else(|error| panic!("{method:?}: {error}"));
    }
    let few = [Method::HARE, Method::D_HONDT];
    for method in few {
        let contest = Contest::with_votes(100_000, &votes);
        check(&contest, method).unwrap_or_else(|error| panic!("{method:?}: {error}"));
    }
    // All the same, and one more or less.
    let mut votes = vec![u64::MAX; 10_000];
    votes[17] = u64::MAX - 1;
    for method in few {
        let contest = Contest::with_votes(20_000, &votes);
        check(&contest, method).unwrap_or_else(|error| panic!("{method:?}, equal: {error}"));
    }
}

/// The contest that was suspected: eight lists with votes around 2^63 and at the end of 64 bits.
#[test]
fn eight_lists_at_the_ends_of_the_range() {
    let votes = [
        u64::MAX,
        u64::MAX - 1,
        1 << 63,
        (1 << 63) - 1,
        (1 << 63) + 1,
        1 << 62,
        u64::MAX / 3,
        1,
    ];
    for method in methods() {
        for seats in 1..120 {
            let contest = Contest::with_votes(seats, &votes);
            check(&contest, method).unwrap_or_else(|error| panic!("{method:?}, {seats}: {error}"));
        }
    }
}

/// Both comparisons fail where a seat is moved.
#[test]
fn a_moved_seat_is_seen() {
    let contest = Contest::with_votes(9, &[u64::MAX, u64::MAX - 7, 1 << 63, 1 << 62]);
    for method in methods() {
        let allocation = allocate(&contest, &Rules::of(method), &[]).unwrap();
        let right = simple::simple(&contest, &Rules::of(method), &allocation).unwrap();
        let mut wrong = allocation.clone();
        wrong.lists[0].seats -= 1;
        wrong.lists[1].seats += 1;
        assert!(border(&contest, method, &wrong).is_some(), "{method:?}");
        assert!(simple::difference(&wrong, &right).is_some(), "{method:?}");
    }
}
