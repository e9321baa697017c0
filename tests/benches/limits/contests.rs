//! Contests that are measured: real shapes, large ones, and those made to be slow.

use apportionment::{Contest, DistrictedContest};

/// Almaty city maslihat, January 2021.
pub fn almaty() -> Contest {
    Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733])
}

/// Votes of many sizes, without a pattern that a method could profit from.
pub fn spread(lists: u64, seats: u32) -> Contest {
    let votes = (1..=lists).map(|list| {
        let mixed = list.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        1_000 + mixed % 1_000_000
    });
    Contest::with_votes(seats, &votes.collect::<Vec<_>>())
}

/// Nearly every list has fewer candidates than its votes would give it seats.
pub fn exhausted(lists: u32) -> Contest {
    let mut contest = spread(u64::from(lists), 10 * lists);
    for (place, list) in contest.lists.iter_mut().enumerate() {
        let few = u32::try_from(place % 7).unwrap_or(0);
        list.candidates = (place % 100 != 0).then_some(few);
    }
    contest
}

/// Each list twice as large as the next, and with room for a seat: every jump sets few of them aside.
pub fn one_by_one(lists: u32) -> Contest {
    let votes: Vec<u64> = (0..lists).map(|list| u64::MAX >> (list % 60)).collect();
    let mut contest = Contest::with_votes(10 * lists, &votes);
    for (place, list) in contest.lists.iter_mut().enumerate() {
        list.candidates = (place % 60 != 59).then_some(1);
    }
    contest
}

/// Seven lists of different strength in twenty districts of ten seats, another contest for each number.
pub fn districted(number: u64) -> DistrictedContest {
    let mixed = |place: u64| (place + 997 * number).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let strengths: Vec<u64> = (0..7).map(|list| 50 + mixed(list) % 1_000).collect();
    let lines: Vec<Vec<u64>> = (0..20)
        .map(|district| {
            let share = |(list, strength): (u64, &u64)| {
                strength * (500 + mixed(100 + 7 * district + list) % 1_000) / 50
            };
            (0..).zip(&strengths).map(share).collect()
        })
        .collect();
    let districts: Vec<(u32, &[u64])> = lines.iter().map(|votes| (10, votes.as_slice())).collect();
    DistrictedContest::with_votes(&districts)
}
