//! Seats beyond votes, and a cap on them: real results, and the edges of each rule.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

fn checked(contest: &Contest, rules: &Rules, lots: &[Lot]) -> Allocation {
    let allocation = allocate(contest, rules, lots).unwrap();
    assert_eq!(verify(contest, rules, lots, &allocation), Ok(()));
    let mut workspace = Workspace::default();
    let seats = workspace.seats(contest, rules, lots).unwrap();
    assert_eq!(seats.seats, allocation.seats());
    allocation
}

/// 50 of the 300 seats go to the first list; the others by Hare quota and largest remainders.
fn greece() -> Rules {
    Rules {
        bonus: Some(Bonus {
            to: BonusTo::MostVotes,
            seats: BonusSeats::Fixed(50),
            counting: BonusCounting::Beside,
            votes_min: None,
            others_max: None,
        }),
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(3, 100))
    }
}

/// The parliament of 25 January 2015: votes and seats of the seven parties above 3%, and all other valid votes as one.
#[test]
fn greece_2015() {
    let votes = [
        2_245_978, 1_718_694, 388_387, 373_924, 338_188, 293_683, 289_469,
    ];
    let contest = Contest::with_votes(300, &votes);
    let allocation = checked(&contest, &greece(), &[]);
    assert_eq!(allocation.seats(), [149, 76, 17, 17, 15, 13, 13]);
    assert_eq!(allocation.stages[0].quota, Ratio::new(5_648_323, 250));
    let award = allocation.bonus.clone().unwrap();
    assert_eq!((award.to, award.seats, award.tie), (vec![0], 50, None));

    // A bonus for another list, of another size, or none at all is refused.
    let refused = |spoil: &dyn Fn(&mut Allocation)| {
        let mut wrong = allocation.clone();
        spoil(&mut wrong);
        verify(&contest, &greece(), &[], &wrong).unwrap_err()
    };
    let other = |award: &mut BonusAward| award.to = vec![1];
    assert!(refused(&|wrong| wrong.bonus.iter_mut().for_each(other)).contains(&Refusal::Bonus));
    assert!(refused(&|wrong| wrong.bonus = None).contains(&Refusal::Bonus));
    let seats = |award: &mut BonusAward| award.seats = 40;
    assert!(refused(&|wrong| wrong.bonus.iter_mut().for_each(seats)).contains(&Refusal::Bonus));
}

/// Two lists first with equal votes: their own seats stand, the bonus waits for its lot, and a lot among others is void.
#[test]
fn a_tie_for_the_bonus_leaves_the_other_seats_standing() {
    let contest = Contest::with_votes(300, &[400, 400, 200]);
    let open = checked(&contest, &greece(), &[]);
    assert_eq!((open.outcome, open.pending), (Outcome::Tied, 50));
    assert_eq!(open.seats(), [100, 100, 50]);
    let tied: Vec<bool> = open.lists.iter().map(|list| list.tied).collect();
    assert_eq!(tied, [true, true, false]);
    let tie = open.open_ties().next().unwrap();
    assert_eq!((tie.at, tie.open.as_slice()), (StageAt::Bonus, &[0, 1][..]));
    let lot = |lists: &[usize]| Lot {
        stage: StageAt::Bonus,
        lists: lists.to_vec(),
        seats_at_stake: 1,
        winners: vec![1],
    };
    let drawn = checked(&contest, &greece(), &[lot(&[0, 1])]);
    assert_eq!(drawn.seats(), [100, 150, 50]);
    let other = checked(&contest, &greece(), &[lot(&[1, 2])]);
    assert_eq!(other.seats(), [100, 100, 50]);
    assert_eq!(other.void_lots[0].reason, VoidReason::NoSuchTie);
}

/// Italian communes of more than 15,000 inhabitants: the list of the mayor, with 40% of the votes at least, has 60% of the
/// council unless another list has more than half of the votes.
fn commune() -> Rules {
    Rules {
        bonus: Some(Bonus {
            to: BonusTo::Office,
            seats: BonusSeats::Share {
                share: Fraction::new(60, 100),
                rounding: Rounding::Nearest,
            },
            counting: BonusCounting::Least,
            votes_min: Some(Fraction::new(40, 100)),
            others_max: Some(Fraction::new(50, 100)),
        }),
        ..Rules::of(Method::D_HONDT)
    }
}

#[test]
fn sixty_percent_of_a_council_for_the_list_of_the_mayor() {
    let seats = |votes: &[u64], mayor: Option<usize>| {
        let mut contest = Contest::with_votes(32, votes);
        for (index, list) in contest.lists.iter_mut().enumerate() {
            list.won_office = Some(index) == mayor;
        }
        checked(&contest, &commune(), &[]).seats()
    };
    // 60% of 32 is 19.2: 19 seats, and the other 13 by D'Hondt; without a mayor's list, all 32.
    assert_eq!(seats(&[4_100, 3_900, 2_000], Some(0)), [19, 9, 4]);
    assert_eq!(seats(&[4_100, 3_900, 2_000], None), [13, 13, 6]);
    // The mayor's list need not be the largest, but needs 40%.
    assert_eq!(seats(&[4_100, 4_000, 1_900], Some(1)), [9, 19, 4]);
    assert_eq!(seats(&[4_100, 3_999, 1_901], Some(1)), [13, 13, 6]);
    // Another list with more than half of the votes stands in the way; with exactly half it does not.
    assert_eq!(seats(&[5_001, 4_000, 999], Some(1)), [16, 13, 3]);
    assert_eq!(seats(&[5_000, 4_000, 1_000], Some(1)), [11, 19, 2]);
    // Who has more by votes keeps more.
    assert_eq!(seats(&[8_000, 1_000, 1_000], Some(0)), [26, 3, 3]);
}

/// A list with more than half of the votes has more than half of the seats before the others share the rest: 51% of the
/// votes would be 2 of 5 seats beside four lists with large remainders.
#[test]
fn more_than_half_of_the_seats_for_more_than_half_of_the_votes() {
    let rules = Rules {
        bonus: Some(Bonus {
            to: BonusTo::MoreThanHalf,
            seats: BonusSeats::MoreThanHalf,
            counting: BonusCounting::Least,
            votes_min: None,
            others_max: None,
        }),
        ..Rules::of(Method::HARE)
    };
    let contest = Contest::with_votes(6, &[510, 140, 130, 120, 100]);
    assert_eq!(
        checked(&contest, &Rules::of(Method::HARE), &[]).seats(),
        [3, 1, 1, 1, 0]
    );
    assert_eq!(checked(&contest, &rules, &[]).seats(), [4, 1, 1, 0, 0]);
    let half = Contest::with_votes(6, &[500, 150, 130, 120, 100]);
    assert_eq!(checked(&half, &rules, &[]).seats(), [3, 1, 1, 1, 0]);
}

/// At most 65 of 120 seats: keys that end there, or the other lists sharing the other 55 by a quota of their own.
#[test]
fn a_cap_in_both_ways() {
    let capped = |above_max| Rules {
        seats_max: Some(65),
        above_max,
        ..Rules::of(Method::HARE)
    };
    let contest = Contest::with_votes(120, &[700, 170, 70, 60]);
    // Quota 1000/120: 20.4, 8.4 and 7.2 seats; after whole quotas 20 are left for three lists, key after key.
    let next = checked(&contest, &capped(AboveMax::NextInLine), &[]);
    assert_eq!(next.seats(), [65, 27, 15, 13]);
    // Anew: quota 300/55, so 31.17, 12.83 and 11.
    let anew = checked(&contest, &capped(AboveMax::SharedAnew), &[]);
    assert_eq!(anew.seats(), [65, 31, 13, 11]);
    assert_eq!(anew.stages[1].at, StageAt::Round { round: 1, stage: 0 });
    assert_eq!(anew.stages[1].quota, Ratio::new(300, 55));
    // 66 seats are refused, whoever counted them.
    let bare = verify_seats(&contest, &capped(AboveMax::SharedAnew), &[66, 31, 12, 11]);
    let above = Refusal::AboveMax {
        list: 0,
        seats: 66,
        most: 65,
    };
    assert!(bare.unwrap_err().contains(&above));
    // Below the cap nothing happens.
    let contest = Contest::with_votes(120, &[540, 300, 160]);
    let seats = |above| checked(&contest, &capped(above), &[]).seats();
    assert_eq!(seats(AboveMax::SharedAnew), [65, 36, 19]);
    assert_eq!(seats(AboveMax::NextInLine), [65, 36, 19]);
}

/// A tie in the round that a cap throws away decides nothing and asks for no lot.
#[test]
fn ties_under_a_cap() {
    let rules = |most| Rules {
        seats_max: Some(most),
        above_max: AboveMax::SharedAnew,
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::D_HONDT)
    };
    // The first gets 5 of 6 seats, and the others tie for the sixth; with at most 4 they have one each.
    let contest = Contest::with_votes(6, &[800, 150, 150]);
    assert_eq!(checked(&contest, &rules(6), &[]).pending, 1);
    let capped = checked(&contest, &rules(4), &[]);
    assert_eq!((capped.seats(), capped.pending), (vec![4, 1, 1], 0));
    assert_eq!(capped.open_ties().count(), 0);
}

/// Rules that contradict each other are refused by name.
#[test]
fn what_cannot_stand_together() {
    let code = |contest: &Contest, rules: &Rules| allocate(contest, rules, &[]).unwrap_err().code();
    let mut contest = Contest::with_votes(10, &[50, 40]);
    let greece = greece();
    let with = |change: &dyn Fn(&mut Rules)| {
        let mut rules = greece.clone();
        change(&mut rules);
        rules
    };
    let majority = with(&|rules| rules.majority = Some(Majority::TakesLastSeat));
    assert_eq!(code(&contest, &majority), "NEEDS_PLAIN_RULES");
    let joined = with(&|rules| rules.apparentment = Some(Apparentment::default()));
    assert_eq!(code(&contest, &joined), "NEEDS_SINGLE_LISTS");
    let anew = with(&|rules| rules.above_max = AboveMax::SharedAnew);
    assert_eq!(code(&contest, &anew), "NEEDS_PLAIN_RULES");
    let share = with(&|rules| {
        rules
            .bonus
            .iter_mut()
            .for_each(|bonus| bonus.votes_min = Some(Fraction::new(3, 2)));
    });
    assert_eq!(code(&contest, &share), "FRACTION_OUT_OF_RANGE");
    contest.quota_of = Some(QuotaOf {
        votes: 90,
        seats: 10,
    });
    assert_eq!(code(&contest, &greece), "NEEDS_PLAIN_RULES");
    contest.quota_of = Some(QuotaOf {
        votes: 89,
        seats: 10,
    });
    assert_eq!(code(&contest, &Rules::of(Method::HARE)), "BELOW_LIMIT");
    contest.quota_of = None;
    contest
        .lists
        .iter_mut()
        .for_each(|list| list.won_office = true);
    assert_eq!(code(&contest, &commune()), "ONE_LIST_ONLY");
}

/// Quotas of the votes and seats around a district, and the smallest key that wins: whole quotas, or three quarters left.
#[test]
fn quotas_of_a_wider_contest_and_a_smallest_key() {
    let rules = |quarters| Rules {
        stages: vec![Stage {
            key_min: Some(Fraction::new(quarters, 4)),
            ..Stage::all(Method::HARE)
        }],
        ..Rules::of(Method::HARE)
    };
    let mut contest = Contest::with_votes(10, &[275, 174, 99, 75]);
    contest.quota_of = Some(QuotaOf {
        votes: 1_000,
        seats: 10,
    });
    let whole = checked(&contest, &rules(4), &[]);
    assert_eq!((whole.seats(), whole.unassigned), (vec![2, 1, 0, 0], 7));
    let three_quarters = checked(&contest, &rules(3), &[]);
    assert_eq!(three_quarters.seats(), [3, 1, 1, 1]);
    assert_eq!(three_quarters.stages[0].quota, Ratio::new(100, 1));
    // More such keys than seats: the largest win.
    contest.seats = 5;
    contest.lists[3].votes = 76;
    assert_eq!(checked(&contest, &rules(3), &[]).seats(), [2, 1, 1, 1]);
}

/// Every list with a claim makes an outcome with all lists in it: 447 equal lists are kept, 448 are refused, by the
/// allocator and by the verifier.
#[test]
fn outcomes_times_lists_have_a_limit() {
    let rules = Rules {
        bonus: Some(Bonus {
            to: BonusTo::MostVotes,
            seats: BonusSeats::Fixed(1),
            counting: BonusCounting::Beside,
            votes_min: None,
            others_max: None,
        }),
        ..Rules::of(Method::D_HONDT)
    };
    let kept = Contest::with_votes(10, &[1; 447]);
    let mut allocation = allocate(&kept, &rules, &[]).unwrap();
    assert_eq!(verify(&kept, &rules, &[], &allocation), Ok(()));
    let refused = Contest::with_votes(10, &[1; 448]);
    let above = ContestError::AboveLimit {
        field: "contest.lists, times those with equal votes for rules.bonus",
        value: 448 * 448,
        limit: 200_000,
    };
    assert_eq!(allocate(&refused, &rules, &[]), Err(above.clone()));
    // A result that claims it all the same.
    let last = allocation.lists[0];
    allocation.lists.push(last);
    if let Some(bonus) = &mut allocation.bonus {
        bonus.to.push(447);
        let tie = bonus.tie.as_mut().unwrap();
        tie.lists.push(447);
        tie.open.push(447);
    }
    let found = verify(&refused, &rules, &[], &allocation).unwrap_err();
    assert!(found.contains(&Refusal::Contest(above)), "{found:?}");
}

/// Each round of a cap keeps the lists that are left. Here one list has too few votes for a seat, so that each round gives
/// the largest of the others two, and it leaves: 700 lists would be kept 700 times.
#[test]
fn rounds_times_lists_have_a_limit() {
    let rules = Rules {
        seats_max: Some(1),
        above_max: AboveMax::SharedAnew,
        ..Rules::of(Method::D_HONDT)
    };
    let contest = |lists: u32| {
        let mut votes: Vec<u64> = (0..lists).map(|list| 1_000_000 + u64::from(list)).collect();
        votes[0] = 400_000;
        Contest::with_votes(lists, &votes)
    };
    let kept = contest(100);
    let allocation = allocate(&kept, &rules, &[]).unwrap();
    assert_eq!(verify(&kept, &rules, &[], &allocation), Ok(()));
    assert!(allocation.stages.len() > 50, "{}", allocation.stages.len());
    let refused = allocate(&contest(700), &rules, &[]).unwrap_err();
    let ContestError::AboveLimit { field, limit, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(field, "contest.lists, in all rounds of rules.seats_max");
    assert_eq!(limit, 200_000);
}
