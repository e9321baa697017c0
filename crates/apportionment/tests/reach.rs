//! The most seats that open ties can still give, against all of their outcomes.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

/// Seats of all lists in every outcome of every open tie, each drawn by lot.
fn outcomes(contest: &Contest, rules: &Rules, lots: &[Lot], found: &mut Vec<Vec<u32>>) {
    let allocation = allocate(contest, rules, lots).unwrap();
    let Some(tie) = allocation.open_ties().next() else {
        found.push(allocation.seats());
        return;
    };
    let seats = usize::try_from(tie.open_seats).unwrap();
    for set in 0..1_u32 << tie.open.len() {
        let winners = tie.open.iter().enumerate();
        let winners = winners.filter(|(place, _)| set & (1 << place) != 0);
        let winners: Vec<usize> = winners.map(|(_, list)| *list).collect();
        if winners.len() != seats {
            continue;
        }
        let lot = Lot {
            stage: tie.at,
            lists: tie.open.clone(),
            seats_at_stake: tie.open_seats,
            winners,
        };
        outcomes(contest, rules, &[lots, &[lot]].concat(), found);
    }
}

/// The fewest and the most seats that are said of each list, after they were found to hold every outcome.
fn ranges(contest: &Contest, rules: &Rules) -> (Vec<(u32, u32)>, Vec<u32>) {
    let allocation = allocate(contest, rules, &[]).unwrap();
    let said = seats_most(contest, rules, &[], &allocation);
    let drawn = Rules {
        ties: vec![TieBreak::Lot],
        ..rules.clone()
    };
    let mut found = Vec::new();
    outcomes(contest, &drawn, &[], &mut found);
    let most = |list: usize| found.iter().map(|seats| seats[list]).max().unwrap();
    let most: Vec<u32> = (0..contest.lists.len()).map(most).collect();
    let ranges: Vec<(u32, u32)> = allocation.seats().into_iter().zip(said).collect();
    for seats in &found {
        for (list, (seats, (fewest, said))) in seats.iter().zip(&ranges).enumerate() {
            assert!(
                (fewest..=said).contains(&seats),
                "list {list} gets {seats} of {fewest}..{said}: {contest:?}"
            );
        }
    }
    (ranges, most)
}

fn with_bonus(seats: u32) -> Rules {
    Rules {
        bonus: Some(Bonus {
            to: BonusTo::MostVotes,
            seats: BonusSeats::Fixed(seats),
            counting: BonusCounting::Beside,
            votes_min: None,
            others_max: None,
        }),
        ..Rules::of(Method::D_HONDT)
    }
}

#[test]
fn a_tie_for_a_bonus_gives_all_of_it() {
    let contest = Contest::with_votes(7, &[100, 100, 45, 44]);
    let (ranges, most) = self::ranges(&contest, &with_bonus(2));
    assert_eq!(ranges, [(2, 4), (2, 4), (1, 1), (0, 0)]);
    assert_eq!(most, [4, 4, 1, 0]);
    // A second tie stands in each of its outcomes.
    let contest = Contest::with_votes(7, &[100, 100, 45, 45]);
    let (ranges, most) = self::ranges(&contest, &with_bonus(2));
    assert_eq!(ranges, [(2, 4), (2, 4), (0, 1), (0, 1)]);
    assert_eq!(most, [4, 4, 1, 1]);
}

#[test]
fn a_cap_whose_tie_says_who_leaves_opens_what_its_outcomes_differ_in() {
    let rules = Rules {
        seats_max: Some(2),
        above_max: AboveMax::SharedAnew,
        ..Rules::of(Method::D_HONDT)
    };
    let contest = Contest::with_votes(5, &[60, 40, 40]);
    let (ranges, most) = self::ranges(&contest, &rules);
    assert_eq!(ranges, [(2, 2), (1, 2), (1, 2)]);
    assert_eq!(most, [2, 2, 2]);
}

#[test]
fn stages_behind_a_tie_leave_all_their_seats_open() {
    let first = Stage {
        seats: StageSeats::AtMost(1),
        ..Stage::all(Method::D_HONDT)
    };
    let rules = Rules {
        stages: vec![first, Stage::all(Method::D_HONDT)],
        ..Rules::of(Method::D_HONDT)
    };
    let contest = Contest::with_votes(4, &[50, 50, 10]);
    let (ranges, most) = self::ranges(&contest, &rules);
    assert!(ranges.iter().zip(&most).all(|(said, most)| said.1 >= *most));
    assert_eq!(most, [2, 2, 0]);
}

fn with_majority(method: Method) -> Rules {
    Rules {
        majority: Some(Majority::TakesLastSeat),
        ..Rules::of(method)
    }
}

#[test]
fn a_list_that_wins_a_tie_can_be_owed_a_seat_even_then() {
    // Four of ten seats, and level with the last list for a fifth: with five it has no majority of seats, and takes the
    // smallest last seat of another.
    let contest = Contest::with_votes(10, &[549, 61, 62, 63, 64, 65, 66]);
    let (ranges, most) = self::ranges(&contest, &with_majority(Method::SAINTE_LAGUE));
    assert_eq!(most, [6, 0, 1, 1, 1, 1, 1]);
    assert_eq!(ranges[..3], [(5, 6), (0, 0), (0, 1)]);
}

#[test]
fn a_seat_that_stays_empty_counts_in_the_next_stage() {
    let first = Stage {
        each_max: Some(2),
        seats: StageSeats::AtMost(2),
        ..Stage::all(Method::HARE)
    };
    let rules = Rules {
        stages: vec![first, Stage::all(Method::D_HONDT)],
        exhausted: ExhaustedList::StaysEmpty,
        ..Rules::of(Method::HARE)
    };
    // Two and a half quotas level with one: neither has a candidate for the seat, but who has it is behind in the next stage.
    let mut contest = Contest::with_votes(4, &[200, 100, 60, 40]);
    contest.lists[0].candidates = Some(1);
    contest.lists[1].candidates = Some(0);
    let (ranges, _) = self::ranges(&contest, &rules);
    contest.lists.swap(0, 1);
    let (mut swapped, _) = self::ranges(&contest, &rules);
    swapped.swap(0, 1);
    assert_eq!(ranges, swapped, "the order of lists says nothing");
}

#[test]
fn a_tie_of_one_stage_is_exact() {
    let contest = Contest::with_votes(5, &[30, 30, 30, 5]);
    let (ranges, most) = self::ranges(&contest, &Rules::of(Method::D_HONDT));
    assert_eq!(ranges, [(1, 2), (1, 2), (1, 2), (0, 0)]);
    assert_eq!(most, [2, 2, 2, 0]);
}

/// Small contests of every kind of rule, in which ties are common: no outcome lies outside of what is said.
#[test]
fn no_outcome_lies_outside() {
    let cap = |above_max| Rules {
        seats_max: Some(2),
        above_max,
        ..Rules::of(Method::D_HONDT)
    };
    let laws = [
        Rules::of(Method::HARE),
        with_bonus(1),
        with_bonus(3),
        cap(AboveMax::SharedAnew),
        cap(AboveMax::NextInLine),
        Rules {
            majority: Some(Majority::TakesLastSeat),
            ..Rules::of(Method::HARE)
        },
        with_majority(Method::SAINTE_LAGUE),
        with_majority(Method::ADAMS),
        Rules {
            apparentment: Some(Apparentment::default()),
            ..Rules::of(Method::HARE)
        },
    ];
    for rules in &laws {
        for number in 0..256_u64 {
            let votes = [number & 3, number >> 2 & 3, number >> 4 & 3, number >> 6];
            if votes == [0; 4] {
                continue;
            }
            for seats in 3..7 {
                let mut contest = Contest::with_votes(seats, &votes);
                if rules.apparentment.is_some() {
                    contest.lists[1].group = Some(0);
                    contest.lists[2].group = Some(0);
                }
                ranges(&contest, rules);
            }
        }
    }
}
