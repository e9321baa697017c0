//! Laws that hold for any votes, and a second, naive method: list all keys, sort them, cut.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use std::cmp::Ordering;

use apportionment::*;
use num_bigint::BigInt;
use proptest::prelude::*;

/// What the naive method finds: certain seats, tied lists, seats at stake.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Naive {
    seats: Vec<u32>,
    tied: Vec<usize>,
    at_stake: u32,
    left_over: u32,
}

/// A key, to the power that makes it a fraction of whole numbers.
type NaiveKey = (BigInt, BigInt);

fn naive_key(method: Method, votes: u64, seat: u32, house: u32, total: &BigInt) -> NaiveKey {
    let (votes, m) = (BigInt::from(votes), BigInt::from(seat));
    let divisors = match method {
        Method::Divisors(divisors) => divisors,
        Method::Quota(quota) => {
            let divisor = BigInt::from(match quota.kind {
                QuotaKind::Hare => house,
                QuotaKind::Droop | QuotaKind::HagenbachBischoff => house + 1,
                QuotaKind::Imperiali => house + 2,
            });
            let whole = |quota: BigInt| (&votes - &m * quota.max(BigInt::from(1)), BigInt::from(1));
            return match quota.rounding {
                Rounding::Exact => (votes * &divisor - m * total, divisor),
                Rounding::Down => whole(total / divisor),
                Rounding::DownPlusOne => whole(total / divisor + 1),
                Rounding::Up => whole((total + &divisor - 1) / divisor),
                Rounding::Nearest => whole((2 * total + &divisor) / (2 * divisor)),
            };
        }
    };
    match divisors {
        Divisors::DHondt => (votes, m + 1),
        Divisors::SainteLague => (votes, 2 * m + 1),
        Divisors::ModifiedSainteLague { first } if seat == 0 => {
            (votes * first.denominator, BigInt::from(first.numerator))
        }
        Divisors::ModifiedSainteLague { .. } => (votes, 2 * m + 1),
        Divisors::Danish => (votes, 3 * m + 1),
        Divisors::Imperiali => (2 * votes, m + 2),
        Divisors::Adams => (votes, m),
        Divisors::Dean => (votes * (2 * &m + 1), 2 * &m * (&m + 1)),
        Divisors::HuntingtonHill => (if seat == 0 { votes } else { votes.pow(2) }, &m * (&m + 1)),
        Divisors::Power { exponent } => (
            votes.pow(exponent.denominator),
            BigInt::from(seat + 1).pow(exponent.numerator),
        ),
    }
}

/// Writes down every key of every list as a fraction, sorts them all, and cuts after the last seat.
fn naive(contest: &Contest, method: Method, takes_part: &[bool]) -> Naive {
    let competing = || {
        contest
            .lists
            .iter()
            .enumerate()
            .filter(|(list, _)| takes_part[*list])
    };
    let total: BigInt = competing().map(|(_, list)| BigInt::from(list.votes)).sum();
    let mut keys: Vec<(usize, NaiveKey)> = Vec::new();
    for (index, list) in competing() {
        for seat in 0..contest.seats.min(list.candidates.unwrap_or(u32::MAX)) {
            keys.push((
                index,
                naive_key(method, list.votes, seat, contest.seats, &total),
            ));
        }
    }
    let zero = BigInt::ZERO;
    // Nothing below the line comes before everything; two of that kind stand by what is above it.
    let order = |(_, left): &(usize, NaiveKey), (_, right): &(usize, NaiveKey)| match (
        left.1 == zero,
        right.1 == zero,
    ) {
        (true, true) => right.0.cmp(&left.0),
        _ => (&right.0 * &left.1).cmp(&(&left.0 * &right.1)),
    };
    keys.sort_by(order);
    let mut result = Naive {
        seats: vec![0; contest.lists.len()],
        tied: Vec::new(),
        at_stake: 0,
        left_over: 0,
    };
    let cut = usize::try_from(contest.seats).unwrap();
    if keys.len() <= cut {
        result.left_over = u32::try_from(cut - keys.len()).unwrap();
        keys.iter().for_each(|key| result.seats[key.0] += 1);
        return result;
    }
    let tie = order(&keys[cut - 1], &keys[cut]) == Ordering::Equal;
    for (place, key) in keys.iter().enumerate() {
        if tie && order(key, &keys[cut]) == Ordering::Equal {
            result.tied.push(key.0);
            result.at_stake += u32::from(place < cut);
        } else if place < cut {
            result.seats[key.0] += 1;
        }
    }
    result.tied.sort_unstable();
    result
}

/// The first difference between an allocation and the naive method, element by element.
fn difference(allocation: &Allocation, naive: &Naive) -> Option<String> {
    for (list, (result, seats)) in allocation.lists.iter().zip(&naive.seats).enumerate() {
        if result.seats != *seats {
            return Some(format!(
                "list {list}: {} seats, by the naive method {seats}",
                result.seats
            ));
        }
        if result.tied != naive.tied.contains(&list) {
            return Some(format!(
                "list {list}: tied {}, by the naive method {:?}",
                result.tied, naive.tied
            ));
        }
    }
    let counts = (allocation.pending, allocation.unassigned);
    (counts != (naive.at_stake, naive.left_over))
        .then(|| format!("pending and unassigned {counts:?}, naive {naive:?}"))
}

fn divisor_methods() -> Vec<Method> {
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
    vec![
        Method::D_HONDT,
        Method::SAINTE_LAGUE,
        Method::MODIFIED_SAINTE_LAGUE,
        first(12, 10),
        first(1, 3),
        first(299, 100),
        Method::DANISH,
        Method::IMPERIALI_DIVISORS,
        Method::ADAMS,
        Method::DEAN,
        Method::HUNTINGTON_HILL,
        power(9, 10),
        power(1, 10),
        power(1, 1),
        power(2, 3),
    ]
}

/// Quotas that stay fractions: what is free of scale.
fn exact_quotas() -> Vec<Method> {
    vec![Method::HARE, Method::HAGENBACH_BISCHOFF, Method::IMPERIALI]
}

fn rounded_quotas() -> Vec<Method> {
    let rounded = |kind, rounding| Method::Quota(Quota { kind, rounding });
    vec![
        Method::DROOP,
        rounded(QuotaKind::Hare, Rounding::Down),
        rounded(QuotaKind::Hare, Rounding::DownPlusOne),
        rounded(QuotaKind::Hare, Rounding::Up),
        rounded(QuotaKind::Droop, Rounding::Nearest),
        rounded(QuotaKind::HagenbachBischoff, Rounding::Up),
        rounded(QuotaKind::Imperiali, Rounding::Down),
    ]
}

fn methods() -> Vec<Method> {
    [divisor_methods(), exact_quotas(), rounded_quotas()].concat()
}

fn any_method() -> impl Strategy<Value = Method> {
    prop::sample::select(methods())
}

/// Votes that are often equal or zero, or real-sized, or as large as they get.
fn any_votes() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        prop::collection::vec(0u64..12, 1..9),
        prop::collection::vec(0u64..400_000, 1..15),
        prop::collection::vec(
            prop_oneof![Just(u64::MAX), Just(u64::MAX / 2), any::<u64>()],
            1..9
        ),
    ]
}

fn any_contest() -> impl Strategy<Value = Contest> {
    let extras = prop::collection::vec((prop::option::weighted(0.15, 0u32..9), any::<bool>()), 15);
    (1u32..60, any_votes(), extras).prop_map(|(seats, votes, extras)| {
        let mut contest = Contest::with_votes(seats, &votes);
        for (list, (candidates, exempt)) in contest.lists.iter_mut().zip(extras) {
            (list.candidates, list.exempt) = (candidates, exempt && list.votes % 7 == 0);
        }
        contest
    })
}

fn plain(method: Method, share: u32) -> Rules {
    Rules::of(method).with_threshold(Threshold::of_list_votes(share, 100))
}

fn naive_for(contest: &Contest, method: Method, allocation: &Allocation) -> Naive {
    let takes_part: Vec<bool> = allocation
        .lists
        .iter()
        .map(|list| list.eligibility.takes_part())
        .collect();
    naive(contest, method, &takes_part)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_naive_method_and_the_verifier_agree(contest in any_contest(), method in any_method(), share in 0u32..30) {
        let rules = plain(method, share);
        let allocation = allocate(&contest, &rules, &[]).unwrap();
        prop_assert_eq!(difference(&allocation, &naive_for(&contest, method, &allocation)), None);
        prop_assert_eq!(verify(&contest, &rules, &[], &allocation), Ok(()));
        let sum: u32 = allocation.seats().iter().sum();
        prop_assert_eq!(sum + allocation.pending + allocation.unassigned, contest.seats);
        for (list, result) in contest.lists.iter().zip(&allocation.lists) {
            prop_assert!(list.votes > 0 || result.seats == 0);
            prop_assert!(list.candidates.is_none_or(|candidates| result.seats <= candidates));
        }
        if allocation.pending == 0 {
            prop_assert_eq!(verify_seats(&contest, &rules, &allocation.seats()), Ok(()));
        }
        for stage in &allocation.stages {
            let certificate = stage.certificate();
            prop_assert!(certificate.strict || stage.tie.is_some());
            prop_assert!(certificate.smallest_granted.zip(certificate.largest_refused).is_none_or(|(granted, refused)| granted >= refused));
        }
    }

    #[test]
    fn a_workspace_used_again_says_the_same(contests in prop::collection::vec((any_contest(), any_method(), 0u32..30), 1..6)) {
        let mut workspace = Workspace::default();
        for (contest, method, share) in contests {
            let rules = plain(method, share);
            let allocation = allocate(&contest, &rules, &[]).unwrap();
            let seats = workspace.seats(&contest, &rules, &[]).unwrap();
            prop_assert_eq!(seats.seats, allocation.seats());
            prop_assert_eq!(seats.tied.to_vec(), allocation.lists.iter().map(|list| list.tied).collect::<Vec<_>>());
            let rest = (allocation.outcome, allocation.pending, allocation.unassigned);
            prop_assert_eq!((seats.outcome, seats.pending, seats.unassigned), rest);
        }
    }

    #[test]
    fn order_of_lists_and_scale_of_votes_change_nothing(
        contest in any_contest(),
        method in prop::sample::select([divisor_methods(), exact_quotas()].concat()),
        share in 0u32..30,
        factor in 1u64..1_000,
        turn in 0usize..15,
    ) {
        let rules = plain(method, share);
        let seats = allocate(&contest, &rules, &[]).unwrap();
        let mut turned = contest.clone();
        let by = turn % contest.lists.len();
        turned.lists.rotate_left(by);
        turned.lists.reverse();
        let mut other: Vec<ListResult> = allocate(&turned, &rules, &[]).unwrap().lists;
        other.reverse();
        other.rotate_right(by);
        prop_assert_eq!(&other, &seats.lists);

        prop_assume!(contest.lists.iter().all(|list| list.votes < u64::MAX / 1_000));
        let mut scaled = contest.clone();
        scaled.lists.iter_mut().for_each(|list| list.votes *= factor);
        let scaled = allocate(&scaled, &rules, &[]).unwrap();
        prop_assert_eq!(scaled.seats(), seats.seats());
        prop_assert_eq!(scaled.pending, seats.pending);
    }

    #[test]
    fn hare_stays_within_the_quota(votes in any_votes(), seats in 1u32..60) {
        let contest = Contest::with_votes(seats, &votes);
        let allocation = allocate(&contest, &Rules::of(Method::HARE), &[]).unwrap();
        let total = contest.list_votes().max(1);
        for (list, result) in contest.lists.iter().zip(&allocation.lists) {
            let share = u128::from(list.votes) * u128::from(seats);
            let most = u128::from(result.seats) + u128::from(result.tied);
            prop_assert!(u128::from(result.seats) >= share / total);
            prop_assert!(most <= share.div_ceil(total));
        }
    }

    /// D'Hondt gives no list less than its share rounded down, and Adams none more than its share rounded up (Balinski and
    /// Young, *Fair Representation*, proposition 6.4).
    #[test]
    fn d_hondt_stays_above_the_lower_quota_and_adams_below_the_upper(votes in any_votes(), seats in 1u32..60) {
        let contest = Contest::with_votes(seats, &votes);
        let total = contest.list_votes().max(1);
        let of = |method| allocate(&contest, &Rules::of(method), &[]).unwrap().lists;
        let both = of(Method::D_HONDT).into_iter().zip(of(Method::ADAMS));
        for (list, (d_hondt, adams)) in contest.lists.iter().zip(both) {
            let share = u128::from(list.votes) * u128::from(seats);
            let most = u128::from(d_hondt.seats) + u128::from(d_hondt.tied);
            prop_assert!(most >= share / total);
            prop_assert!(u128::from(adams.seats) <= share.div_ceil(total).max(1));
        }
    }

    #[test]
    fn more_seats_never_cost_a_seat_with_divisors(
        contest in any_contest(),
        method in prop::sample::select(divisor_methods()),
    ) {
        let rules = Rules::of(method);
        let fewer = allocate(&contest, &rules, &[]).unwrap();
        let more = allocate(&Contest { seats: contest.seats + 1, ..contest.clone() }, &rules, &[]).unwrap();
        for (before, after) in fewer.lists.iter().zip(&more.lists) {
            prop_assert!(after.seats >= before.seats);
        }
    }

    #[test]
    fn more_votes_never_cost_the_list_a_seat_without_a_threshold(
        contest in any_contest(),
        method in prop::sample::select([divisor_methods(), exact_quotas()].concat()),
        list in 0usize..15,
        added in 1u64..100_000,
    ) {
        let list = list % contest.lists.len();
        let rules = Rules::of(method);
        let mut changed = contest.clone();
        changed.lists[list].votes = changed.lists[list].votes.saturating_add(added);
        let before = allocate(&contest, &rules, &[]).unwrap().lists[list].seats;
        let after = allocate(&changed, &rules, &[]).unwrap().lists[list].seats;
        prop_assert!(after >= before, "{} became {}", before, after);
    }

    #[test]
    fn steps_end_in_the_seats_of_their_stage(contest in any_contest(), method in any_method()) {
        let allocation = allocate(&contest, &Rules::of(method), &[]).unwrap();
        let explained = explain(&allocation);
        prop_assert_eq!(explained.len(), allocation.stages.len());
        for (steps, stage) in explained.iter().zip(&allocation.stages) {
            let seats: Vec<u32> = stage.contenders.iter().map(|contender| contender.seats).collect();
            prop_assert_eq!(steps.standing_before(steps.steps.len()), seats);
            let granted: Vec<Step> = steps.steps.iter().filter(|step| step.kind == StepKind::Granted).collect();
            prop_assert!(granted.windows(2).all(|pair| pair[0].key >= pair[1].key));
            for step in granted {
                prop_assert!(step.next_in_line.is_none_or(|next| next.key <= step.key));
            }
        }
    }
}

/// Alabama's paradox: with largest remainders a larger house can cost a seat.
#[test]
fn more_seats_can_cost_a_seat_with_largest_remainders() {
    let rules = Rules::of(Method::HARE);
    let seats = |house| {
        allocate(&Contest::with_votes(house, &[6, 6, 2]), &rules, &[])
            .unwrap()
            .seats()
    };
    assert_eq!(seats(10), [4, 4, 2]);
    assert_eq!(seats(11), [5, 5, 1]);
}

/// Crossing the threshold is no steady thing: a list can lose by the votes it wins, because they knock out or let in
/// a rival and the quota moves (bounds on outstanding votes must know this).
#[test]
fn more_votes_can_cost_a_seat_with_a_threshold() {
    let rules = plain(Method::HARE, 7);
    let seats = |votes: [u64; 5]| {
        allocate(&Contest::with_votes(4, &votes), &rules, &[])
            .unwrap()
            .seats()
    };
    assert_eq!(seats([6, 91, 12, 7, 4])[2], 0);
    assert!((0..=4).any(|own| seats([6, 91, 8 + own, 7 + 4 - own, 4])[2] == 1));
}

/// What docs/properties.md names is there: each test, in its file.
#[test]
fn the_page_of_properties_names_tests_that_exist() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/properties.md")).unwrap();
    let named = page.split('`').filter(|part| part.contains(".rs::"));
    let mut number = 0;
    for test in named {
        let (file, name) = test.split_once("::").unwrap();
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(text.contains(&format!("fn {name}(")), "{test} is not there");
        number += 1;
    }
    assert!(number > 20, "{number} tests are named");
}

#[test]
fn the_comparison_with_the_naive_method_fails_on_any_moved_seat() {
    let contest = Contest::with_votes(7, &[10, 9, 5, 5]);
    let allocation = allocate(&contest, &Rules::of(Method::D_HONDT), &[]).unwrap();
    let right = naive(&contest, Method::D_HONDT, &[true; 4]);
    assert_eq!(difference(&allocation, &right), None);
    for from in 0..4 {
        for to in (0..4).filter(|to| *to != from && right.seats[from] > 0) {
            let mut wrong = right.clone();
            wrong.seats[from] -= 1;
            wrong.seats[to] += 1;
            assert!(difference(&allocation, &wrong).is_some(), "{wrong:?}");
        }
    }
    let wrong = Naive {
        tied: vec![2, 3],
        ..right
    };
    assert!(difference(&allocation, &wrong).is_some());
}
