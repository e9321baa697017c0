//! Laws that some methods keep and others must break: the search that finds the break in one family finds none in the other
//! (Balinski and Young, *Fair Representation*, 1982).
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

const DIVISORS: [Method; 7] = [
    Method::D_HONDT,
    Method::SAINTE_LAGUE,
    Method::DANISH,
    Method::IMPERIALI_DIVISORS,
    Method::ADAMS,
    Method::DEAN,
    Method::HUNTINGTON_HILL,
];
const QUOTAS: [Method; 2] = [Method::HARE, Method::HAGENBACH_BISCHOFF];

/// Seats by the method, where no tie makes them uncertain.
fn seats(workspace: &mut Workspace, method: Method, house: u32, votes: &[u64]) -> Option<Vec<u32>> {
    let contest = Contest::with_votes(house, votes);
    let result = workspace.seats(&contest, &Rules::of(method), &[]).unwrap();
    (result.pending == 0).then(|| result.seats.to_vec())
}

/// Votes of three lists, in falling order.
fn small_votes(most: u64) -> impl Iterator<Item = [u64; 3]> {
    (1..=most).flat_map(move |first| {
        (1..=first).flat_map(move |second| (1..=second).map(move |third| [first, second, third]))
    })
}

/// A list that a larger house costs a seat (Alabama's paradox).
fn house_paradox(method: Method) -> Option<([u64; 3], u32)> {
    let mut workspace = Workspace::default();
    let mut loses = |votes: [u64; 3], house: u32| {
        let fewer = seats(&mut workspace, method, house, &votes)?;
        let more = seats(&mut workspace, method, house + 1, &votes)?;
        fewer
            .iter()
            .zip(&more)
            .any(|(fewer, more)| more < fewer)
            .then_some(())
    };
    small_votes(12)
        .flat_map(|votes| (3..9).map(move |house| (votes, house)))
        .find(|(votes, house)| loses(*votes, *house).is_some())
}

/// A list that grows faster than another and loses a seat to it.
fn population_paradox(method: Method, most: u64) -> Option<([u64; 3], [u64; 3])> {
    let mut workspace = Workspace::default();
    let mut loses = |house: u32, before: [u64; 3], after: [u64; 3]| {
        let earlier = seats(&mut workspace, method, house, &before)?;
        let later = seats(&mut workspace, method, house, &after)?;
        let pair = |one: usize, other: usize| {
            let grew_faster = after[one] * before[other] > after[other] * before[one];
            grew_faster && later[one] < earlier[one] && later[other] > earlier[other]
        };
        let places = || (0..3).flat_map(|one| (0..3).map(move |other| (one, other)));
        places()
            .any(|(one, other)| one != other && pair(one, other))
            .then_some(())
    };
    let grown = |votes: [u64; 3]| {
        (0..27_u64).map(move |code| {
            let added = [code % 3, code / 3 % 3, code / 9];
            (votes, [0, 1, 2].map(|place| votes[place] + added[place]))
        })
    };
    small_votes(most).flat_map(grown).find(|(before, after)| {
        [4, 5, 6, 7]
            .into_iter()
            .any(|house| loses(house, *before, *after).is_some())
    })
}

/// A list that joins with as many more seats as it wins, and yet moves a seat between two others (the paradox of new states,
/// Oklahoma 1907).
fn new_list_paradox(method: Method) -> Option<([u64; 3], u32)> {
    let mut workspace = Workspace::default();
    let mut moves = |votes: [u64; 3], house: u32, joining: u64| {
        let before = seats(&mut workspace, method, house, &votes)?;
        let all = [votes[0], votes[1], votes[2], joining];
        // The house that is larger by what the new list wins in it.
        (0..=3).find(|more| {
            let after = seats(&mut workspace, method, house + more, &all);
            after.is_some_and(|after| after[3] == *more && after[..3] != before)
        })
    };
    small_votes(14)
        .flat_map(|votes| (3..8).map(move |house| (votes, house)))
        .find(|(votes, house)| (1..9).any(|joining| moves(*votes, *house, joining).is_some()))
}

/// A list with more seats than its share rounded up, or fewer than it rounded down.
fn quota_broken(method: Method) -> Option<([u64; 3], u32)> {
    let mut workspace = Workspace::default();
    let mut breaks = |votes: [u64; 3], house: u32| {
        let held = seats(&mut workspace, method, house, &votes)?;
        let total: u64 = votes.iter().sum();
        let outside = |(votes, seats): (&u64, &u32)| {
            let (share, seats) = (votes * u64::from(house), u64::from(*seats));
            seats < share / total || seats > share.div_ceil(total)
        };
        votes.iter().zip(&held).any(outside).then_some(())
    };
    small_votes(24)
        .flat_map(|votes| (4..9).map(move |house| (votes, house)))
        .find(|(votes, house)| breaks(*votes, *house).is_some())
}

#[test]
fn a_larger_house_costs_a_seat_with_quotas_and_never_with_divisors() {
    for method in QUOTAS {
        assert!(house_paradox(method).is_some(), "{method:?}");
    }
    for method in DIVISORS {
        assert_eq!(house_paradox(method), None, "{method:?}");
    }
}

#[test]
fn a_new_list_moves_seats_between_others_with_quotas_and_never_with_divisors() {
    for method in QUOTAS {
        assert!(new_list_paradox(method).is_some(), "{method:?}");
    }
    for method in DIVISORS {
        assert_eq!(new_list_paradox(method), None, "{method:?}");
    }
}

#[test]
fn the_faster_growing_list_loses_with_quotas_and_never_with_divisors() {
    for method in QUOTAS {
        assert!(population_paradox(method, 14).is_some(), "{method:?}");
    }
    for method in DIVISORS {
        assert_eq!(population_paradox(method, 5), None, "{method:?}");
    }
}

#[test]
fn divisors_leave_the_quota_and_hare_never() {
    assert_eq!(quota_broken(Method::HARE), None);
    for method in [Method::D_HONDT, Method::IMPERIALI_DIVISORS, Method::ADAMS] {
        assert!(quota_broken(method).is_some(), "{method:?}");
    }
}

/// With a quota rounded to whole votes, one more vote can cost the list that gets it a seat.
#[test]
fn a_vote_more_costs_a_seat_under_a_rounded_quota() {
    let mut workspace = Workspace::default();
    let mut found = |method: Method| {
        small_votes(20).find(|votes| {
            (0..3).any(|list| {
                let mut more = *votes;
                more[list] += 1;
                let before = seats(&mut workspace, method, 4, votes);
                let after = seats(&mut workspace, method, 4, &more);
                before
                    .zip(after)
                    .is_some_and(|(before, after)| after[list] < before[list])
            })
        })
    };
    assert!(found(Method::DROOP).is_some());
    assert_eq!(found(Method::HARE), None);
    assert_eq!(found(Method::SAINTE_LAGUE), None);
}
