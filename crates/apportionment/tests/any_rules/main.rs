//! Every rule with every other, on small numbers full of ties: allocator and verifier agree, and order means nothing.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod lots;
mod mutations;
mod rules;

use apportionment::*;
use proptest::prelude::*;

use rules::any_rules;

fn any_list() -> impl Strategy<Value = List> {
    let votes = prop_oneof![0u64..8, 0u64..200, Just(u64::MAX)];
    let candidates = prop::option::weighted(0.25, 0u32..6);
    let registration = prop::option::weighted(0.7, 0u64..5);
    let group = prop::option::of((0u32..3, prop::option::of(0u32..2)));
    (
        votes,
        candidates,
        registration,
        group,
        (
            prop::bool::weighted(0.1),
            0u32..5,
            prop::option::of((0u64..9, 0u64..15)),
        ),
        1u32..4,
    )
        .prop_map(
            |(
                votes,
                candidates,
                registration,
                group,
                (exempt, direct_seats, district),
                coalition_size,
            )| List {
                votes,
                candidates,
                registration,
                coalition_size,
                exempt,
                direct_seats,
                best_district: district.map(|(votes, of)| DistrictShare { votes, of }),
                held: 0,
                won_office: false,
                group: group.map(|(group, _)| group),
                subgroup: group.and_then(|(_, subgroup)| subgroup),
            },
        )
}

fn any_contest() -> impl Strategy<Value = Contest> {
    (
        1u32..25,
        prop::collection::vec(any_list(), 3..9),
        any::<u32>(),
        prop::option::of(0usize..9),
        prop::option::weighted(0.2, (0u64..300, 1u32..40)),
    )
        .prop_map(|(seats, mut lists, invalid, office, quota_of)| {
            if let Some(list) = office.and_then(|office| lists.get_mut(office)) {
                list.won_office = true;
            }
            let whole: u128 = lists.iter().map(|list| u128::from(list.votes)).sum();
            let quota_of = quota_of.and_then(|(more, seats)| {
                Some(QuotaOf {
                    votes: u64::try_from(whole).ok()?.checked_add(more)?,
                    seats,
                })
            });
            let list_votes = lists
                .iter()
                .fold(0u64, |sum, list| sum.saturating_add(list.votes));
            let ballots_in_box = Some(list_votes.saturating_add(u64::from(invalid % 50)));
            Contest {
                seats,
                lists,
                base: BaseCounts {
                    ballots_in_box,
                    ..BaseCounts::default()
                },
                quota_of,
            }
        })
        .prop_flat_map(|contest| {
            let held = prop::collection::vec(prop::bool::weighted(0.1), contest.lists.len());
            (Just(contest), held).prop_map(|(mut contest, held)| {
                for (list, held) in contest.lists.iter_mut().zip(held) {
                    list.held = u32::from(held && list.candidates != Some(0));
                }
                contest
            })
        })
}

/// The rules and the contest without what they cannot have together: fewest seats in a house with fewer than lists or with a
/// bonus, and a quota of other votes beside rules that share out the house in other ways.
fn fitting(rules: Rules, contest: Contest) -> (Rules, Contest) {
    let lists = u32::try_from(contest.lists.len()).unwrap();
    let full = lists > contest.seats || rules.bonus.is_some();
    let plain = rules.apparentment.is_none()
        && rules.rescue.is_none()
        && rules.bonus.is_none()
        && rules.above_max == AboveMax::NextInLine;
    let mut contest = Contest {
        quota_of: contest.quota_of.filter(|_| plain),
        ..contest
    };
    if !plain || full {
        contest.lists.iter_mut().for_each(|list| list.held = 0);
    }
    let rules = Rules {
        seats_min: if full { 0 } else { rules.seats_min },
        ..rules
    };
    (rules, contest)
}

/// A lot for each open tie, favouring the lists from `turn` on.
fn draw(allocation: &Allocation, turn: usize) -> Vec<Lot> {
    let lot = |tie: &Tie| {
        let mut winners = tie.open.clone();
        winners.rotate_left(turn % tie.open.len());
        winners.truncate(usize::try_from(tie.open_seats).unwrap());
        Lot {
            stage: tie.at,
            lists: tie.open.clone(),
            seats_at_stake: tie.open_seats,
            winners,
        }
    };
    allocation.open_ties().map(lot).collect()
}

fn agree(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    workspace: &mut Workspace,
) -> Result<Allocation, TestCaseError> {
    let allocation = allocate(contest, rules, lots).unwrap();
    prop_assert_eq!(verify(contest, rules, lots, &allocation), Ok(()));
    if allocation.pending == 0 {
        prop_assert_eq!(verify_seats(contest, rules, &allocation.seats()), Ok(()));
    }
    let seats = workspace.seats(contest, rules, lots).unwrap();
    prop_assert_eq!(seats.seats, allocation.seats());
    prop_assert_eq!(
        (seats.outcome, seats.pending),
        (allocation.outcome, allocation.pending)
    );
    prop_assert_eq!(
        allocation.open_ties().count() > 0,
        allocation.outcome == Outcome::Tied
    );
    for (steps, stage) in explain(&allocation).iter().zip(&allocation.stages) {
        let seats: Vec<u32> = stage
            .contenders
            .iter()
            .map(|contender| contender.seats)
            .collect();
        prop_assert_eq!(steps.standing_before(steps.steps.len()), seats);
    }
    Ok(allocation)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn allocator_and_verifier_agree(contest in any_contest(), rules in any_rules(), turn in 0usize..9) {
        let (rules, contest) = fitting(rules, contest);
        let mut workspace = Workspace::default();
        let before = agree(&contest, &rules, &[], &mut workspace)?;
        if !rules.ties.contains(&TieBreak::Lot) {
            return Ok(());
        }
        // Lots settle the ties they were drawn for; new ones can arise behind them, and no certain seat is lost.
        let mut lots = Vec::new();
        let mut allocation = before.clone();
        while allocation.pending > 0 && lots.len() < 20 {
            lots.extend(draw(&allocation, turn));
            let after = agree(&contest, &rules, &lots, &mut workspace)?;
            for (early, late) in allocation.lists.iter().zip(&after.lists) {
                prop_assert!(late.seats >= early.seats);
                prop_assert!(early.tied || early.seats == late.seats);
            }
            allocation = after;
        }
        prop_assert_eq!(allocation.pending, 0);
    }

    /// A forged result is refused, whatever it says, and never stops the verifier.
    #[test]
    fn a_forged_number_is_refused(
        contest in any_contest(),
        rules in any_rules(),
        list in 0usize..9,
        forged in prop_oneof![0u32..30, Just(u32::MAX)],
    ) {
        let (rules, contest) = fitting(rules, contest);
        let allocation = allocate(&contest, &rules, &[]).unwrap();
        let list = list % contest.lists.len();
        prop_assume!(allocation.lists[list].seats != forged);
        let mut wrong = allocation.clone();
        wrong.lists[list].seats = forged;
        prop_assert!(verify(&contest, &rules, &[], &wrong).is_err());
        if let Some(stage) = wrong.stages.last_mut() {
            stage.contenders[0].seats = forged;
            prop_assert!(verify(&contest, &rules, &[], &wrong).is_err());
        }
        if forged == u32::MAX {
            prop_assert!(verify_seats(&contest, &rules, &wrong.seats()).is_err());
        }
    }

    #[test]
    fn the_order_of_lists_means_nothing(contest in any_contest(), rules in any_rules(), turn in 0usize..9) {
        let (rules, contest) = fitting(rules, contest);
        let mut workspace = Workspace::default();
        let plain = agree(&contest, &rules, &[], &mut workspace)?;
        let by = turn % contest.lists.len();
        let mut turned = contest.clone();
        turned.lists.rotate_left(by);
        turned.lists.reverse();
        let mut other = agree(&turned, &rules, &[], &mut workspace)?;
        other.lists.reverse();
        other.lists.rotate_right(by);
        prop_assert_eq!(&other.lists, &plain.lists);
        prop_assert_eq!((other.pending, other.unassigned, other.silences), (plain.pending, plain.unassigned, plain.silences));
    }
}

proptest! {
    // Each case is some hundred wrong results.
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Every part of a result is checked: seats, states, competitors, borders, ties. What may lawfully differ is named in
    /// `mutations`.
    #[test]
    fn whatever_is_changed_in_a_result_is_refused(contest in any_contest(), rules in any_rules(), turn in 0usize..9) {
        let (rules, contest) = fitting(rules, contest);
        let open = allocate(&contest, &rules, &[]).unwrap();
        let mut lots = Vec::new();
        for _ in 0..2 {
            let right = allocate(&contest, &rules, &lots).unwrap();
            for (what, wrong) in mutations::of(&right) {
                prop_assert_eq!(verify(&contest, &rules, &lots, &wrong).is_err(), wrong != right, "{}", what);
            }
            if !rules.ties.contains(&TieBreak::Lot) || open.pending == 0 {
                break;
            }
            lots.extend(draw(&open, turn));
            // Lots that settle nothing: for no such tie, a second one for the same, and one with as many winners as lists.
            let mut second = lots[0].clone();
            lots.push(Lot { stage: StageAt::Majority, ..second.clone() });
            lots.push(second.clone());
            second.winners = second.lists.clone();
            lots.push(second);
        }
    }
}
