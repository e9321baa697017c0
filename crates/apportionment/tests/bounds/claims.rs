//! What is said on top of the bounds: coalitions, majorities, the next seat.

use super::brute::completions;
use apportionment::bounds::*;
use apportionment::*;
use proptest::prelude::*;

/// The fewest and the most seats of lists together, over all completions and lots.
fn truth(
    contest: &Contest,
    rules: &Rules,
    outstanding: Outstanding,
    lists: &[usize],
) -> (u32, u32) {
    let (mut fewest, mut most) = (u32::MAX, 0);
    let mut workspace = Workspace::default();
    completions(contest, outstanding, &mut |contest| {
        let found = workspace.seats(contest, rules, &[]).unwrap();
        let certain: u32 = lists.iter().map(|&list| found.seats[list]).sum();
        let tied = |inside: bool| {
            let tied = (0..contest.lists.len()).filter(|&list| found.tied[list]);
            let tied = tied.filter(|list| lists.contains(list) == inside).count();
            u32::try_from(tied).unwrap()
        };
        fewest = fewest.min(certain + found.pending.saturating_sub(tied(false)));
        most = most.max(certain + found.pending.min(tied(true)));
    });
    (fewest, most)
}

/// The bounds of one coalition in so many steps.
fn joint_within(
    (contest, rules): (&Contest, &Rules),
    outstanding: Outstanding,
    each: &SeatBounds,
    lists: &[usize],
    steps: u64,
) -> CoalitionBounds {
    let asked = [lists.to_vec()];
    bound_coalitions_within(contest, rules, outstanding, each, &asked, steps).unwrap()[0]
}

fn methods() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![
        Method::D_HONDT,
        Method::SAINTE_LAGUE,
        Method::ADAMS,
        Method::HUNTINGTON_HILL,
        Method::HARE,
        Method::DROOP,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_200, ..ProptestConfig::default() })]

    /// Under divisors the joint bounds are exact; no coalition ends outside of what is said of it.
    #[test]
    fn coalitions_end_inside(
        votes in prop::collection::vec(0u64..60, 2..5),
        seats in 1u32..9,
        method in methods(),
        share in prop::option::of((1u32..4, 8u32..20)),
        ballots in 0u64..8,
        chosen in 1usize..15,
        steps in 0u64..400,
        (candidates, rescued) in (prop::option::weighted(0.3, 1u32..7), prop::bool::weighted(0.2)),
    ) {
        let mut contest = Contest::with_votes(seats, &votes);
        contest.lists[0].candidates = candidates;
        let mut rules = Rules::of(method);
        if let Some((above, below)) = share {
            rules = rules.with_threshold(Threshold::of_list_votes(above, below));
        }
        if rescued && share.is_some() && matches!(method, Method::Quota(_)) {
            rules.rescue = Some(Rescue::KAZAKHSTAN_2021);
        }
        let is_plain = candidates.is_none() && rules.rescue.is_none();
        let outstanding = Outstanding::ballots(ballots);
        let lists: Vec<usize> = (0..votes.len()).filter(|list| chosen >> list & 1 == 1).collect();
        let (fewest, most) = truth(&contest, &rules, outstanding, &lists);
        let each = bound_seats(&contest, &rules, outstanding).unwrap();
        let said = bound_coalition(&contest, &rules, outstanding, &each, &lists).unwrap();
        prop_assert!(said.fewest <= fewest && most <= said.most, "{said:?}, and it is {fewest} to {most}");
        if said.fewest_proof.is_exact() {
            prop_assert_eq!(said.fewest, fewest);
        } else {
            let is_all = lists.len() == votes.len();
            prop_assert!(
                !is_plain || matches!(method, Method::Quota(_)) || ballots == 0 || is_all, "{:?}", said
            );
        }
        // Whoever reads the ranges of the others finds no more than is said.
        let others = (0..votes.len()).filter(|list| !lists.contains(list));
        let others: u32 = others.map(|list| each.lists[list].most).sum();
        let passes = each.lists.iter().filter(|list| {
            matches!(list.threshold, ThresholdClaim::Passed) || share.is_none() && list.fewest > 0
        });
        if is_plain && passes.count() > 1 && lists.len() > 1 {
            prop_assert!(said.fewest >= seats.saturating_sub(others), "{said:?} beside {others} of the others");
        }
        if said.most_proof.is_exact() {
            prop_assert_eq!(said.most, most);
        }
        // In few steps it may be wider, and never wrong.
        let few = joint_within((&contest, &rules), outstanding, &each, &lists, steps);
        prop_assert!(few.fewest <= said.fewest && said.most <= few.most, "{few:?} is narrower than {said:?}");
        prop_assert!(!few.fewest_proof.is_exact() || few.fewest == fewest, "{few:?}");
        prop_assert!(!few.most_proof.is_exact() || few.most == most, "{few:?}");
        let majority = majority_of(seats);
        match said.reaches(majority) {
            Claim::Certain => prop_assert!(fewest >= majority),
            Claim::Excluded => prop_assert!(most < majority),
            Claim::Open => {}
        }
    }

    /// With one ballot less than is said the seat is open, and with so many it is certain.
    #[test]
    fn the_next_seat_is_certain_no_sooner(
        votes in prop::collection::vec(0u64..60, 2..4),
        seats in 1u32..7,
        method in methods(),
        threshold in any::<bool>(),
        ballots in 1u64..9,
    ) {
        let contest = Contest::with_votes(seats, &votes);
        let mut rules = Rules::of(method);
        if threshold {
            rules = rules.with_threshold(Threshold::of_list_votes(7, 100));
        }
        let outstanding = Outstanding::ballots(ballots);
        let now = bound_seats(&contest, &rules, outstanding).unwrap();
        let next = next_certain(&contest, &rules, outstanding).unwrap();
        // With the steps of a frame it is the same answer or none; with a hundred steps it is never a half one.
        let within = |steps| next_certain_within(&contest, &rules, outstanding, &now, steps).unwrap();
        prop_assert_eq!(within(1_000_000), Some(next.clone()));
        prop_assert!(within(100).is_none_or(|few| few == next));
        let fewest = |list: usize, counted: u64| {
            let mut contest = contest.clone();
            contest.lists[list].votes += counted;
            super::brute::truth(&contest, &rules, Outstanding::ballots(ballots - counted)).fewest[list]
        };
        for found in &next {
            // Ballots for another list can let it in, and move a quota.
            let moves = threshold && matches!(method, Method::Quota(_));
            prop_assert_eq!(found.exact, !moves);
            prop_assert_eq!(fewest(found.list, found.ballots), found.seats);
            prop_assert!(found.seats > now.lists[found.list].fewest);
        }
        // Nobody's seat is certain sooner, not even where everything counted is for it.
        let sooner = next.first().map_or(ballots, |found| found.ballots - 1);
        for list in 0..votes.len() {
            prop_assert_eq!(fewest(list, sooner), now.lists[list].fewest);
        }
    }
}

/// What is known of one ballot before the end is known at the end too: of a tie inside the coalition the seat stays in it.
#[test]
fn a_tie_inside_a_coalition_takes_no_seat_from_it() {
    let contest = Contest::with_votes(4, &[30, 30, 20]);
    let rules = Rules::of(Method::D_HONDT);
    let joint = |outstanding: Outstanding, lists: &[usize]| {
        let each = bound_seats(&contest, &rules, outstanding).unwrap();
        let joint = bound_coalition(&contest, &rules, outstanding, &each, lists).unwrap();
        (each, joint)
    };
    let (each, end) = joint(Outstanding::ballots(0), &[0, 1]);
    assert_eq!((end.fewest, end.most), (3, 3));
    assert!(each.lists[0].fewest + each.lists[1].fewest < 3);
    // All lists of the ballot together have all seats.
    let (_, all) = joint(Outstanding::ballots(9), &[0, 1, 2]);
    assert_eq!((all.fewest, all.most), (4, 4));
    assert!(all.fewest_proof.is_exact() && all.most_proof.is_exact());
}

/// With too few steps the answer is what the bounds of each list say, and says why.
#[test]
fn a_coalition_that_takes_too_long_is_marked() {
    let contest = Contest::with_votes(9, &[20, 20, 15, 10]);
    let rules = Rules::of(Method::D_HONDT);
    let outstanding = Outstanding::ballots(8);
    let each = bound_seats(&contest, &rules, outstanding).unwrap();
    let cut_at = |steps| joint_within((&contest, &rules), outstanding, &each, &[0, 1], steps);
    let whole = bound_coalition(&contest, &rules, outstanding, &each, &[0, 1]).unwrap();
    assert_eq!(whole.reaches(majority_of(9)), Claim::Certain);
    assert_eq!(cut_at(100_000), whole);
    let cut = cut_at(1);
    assert!(
        cut.fewest < whole.fewest && cut.most >= whole.most,
        "{cut:?} and {whole:?}"
    );
    let too_long = Proof::Safe(Reason::TooLong);
    assert_eq!((cut.fewest_proof, cut.most_proof), (too_long, too_long));
    assert_eq!(cut.reaches(majority_of(9)), Claim::Open);
}

/// Wherever the steps end, also in the middle and with none left: never narrower than the truth.
#[test]
fn however_few_the_steps_no_coalition_is_bounded_falsely() {
    let threshold = |method, (above, below)| {
        Rules::of(method).with_threshold(Threshold::of_list_votes(above, below))
    };
    let mut exempt = Contest::with_votes(3, &[3, 3, 2, 5]);
    exempt.lists[2].exempt = true;
    let cases = [
        (
            Contest::with_votes(3, &[2, 2, 6]),
            threshold(Method::D_HONDT, (5, 20)),
            3,
        ),
        (exempt, threshold(Method::SAINTE_LAGUE, (3, 13)), 1),
        (
            Contest::with_votes(5, &[7, 5, 9, 3]),
            threshold(Method::D_HONDT, (1, 7)),
            4,
        ),
    ];
    for (contest, rules, ballots) in cases {
        let outstanding = Outstanding::ballots(ballots);
        let each = bound_seats(&contest, &rules, outstanding).unwrap();
        let (fewest, most) = truth(&contest, &rules, outstanding, &[0, 1]);
        for steps in 0..2_000 {
            let said = joint_within((&contest, &rules), outstanding, &each, &[0, 1], steps);
            assert!(
                said.fewest <= fewest && most <= said.most,
                "{steps}: {said:?}, {fewest} to {most}"
            );
        }
    }
}

/// What the others cannot have is the coalition's, under quotas too, where there is no joint search; and of all lists it is the
/// whole house.
#[test]
fn what_the_others_cannot_have_is_the_coalitions() {
    let claimed = |votes: &[u64], seats, rules: &Rules, ballots, lists: &[usize]| {
        let contest = Contest::with_votes(seats, votes);
        let outstanding = Outstanding::ballots(ballots);
        let each = bound_seats(&contest, rules, outstanding).unwrap();
        let joint = bound_coalition(&contest, rules, outstanding, &each, lists).unwrap();
        (joint.fewest, joint.most, joint.reaches(majority_of(seats)))
    };
    let hare = Rules::of(Method::HARE);
    let certain = Claim::Certain;
    assert_eq!(
        claimed(&[300, 290, 380], 5, &hare, 20, &[0, 1]),
        (3, 3, certain)
    );
    assert_eq!(
        claimed(&[300, 290, 380], 5, &hare, 20, &[0, 1, 2]),
        (5, 5, certain)
    );
    // Where one list passes alone, a rescue says who gets the rest; here four pass.
    let almaty = [218_003, 32_367, 24_591, 23_388, 21_733];
    let rules = Rules {
        rescue: Some(Rescue::KAZAKHSTAN_2021),
        ..hare.with_threshold(Threshold::of_list_votes(7, 100))
    };
    assert_eq!(claimed(&almaty, 39, &rules, 300, &[0, 4]).2, certain);
    assert_eq!(
        claimed(&almaty, 39, &rules, 300, &[0, 1, 2, 3, 4]),
        (39, 39, certain)
    );
}

/// A seat that stays empty is nobody's: what the others cannot have is not the coalition's then.
#[test]
fn an_empty_seat_is_not_the_coalitions() {
    let mut contest = Contest::with_votes(5, &[50, 30, 20]);
    contest.lists[0].candidates = Some(1);
    let joint = |contest: &Contest, exhausted| {
        let rules = Rules {
            exhausted,
            ..Rules::of(Method::D_HONDT)
        };
        let outstanding = Outstanding::ballots(2);
        let each = bound_seats(contest, &rules, outstanding).unwrap();
        assert_eq!(each.lists[0].most, 1);
        let joint = bound_coalition(contest, &rules, outstanding, &each, &[1, 2]).unwrap();
        (joint.fewest, joint.most)
    };
    assert_eq!(joint(&contest, ExhaustedList::NextInLine), (4, 4));
    assert_eq!(joint(&contest, ExhaustedList::StaysEmpty).0, 2);
    // Nor where all that pass run out.
    for list in &mut contest.lists {
        list.candidates = Some(1);
    }
    assert_eq!(joint(&contest, ExhaustedList::NextInLine), (2, 2));
}

/// Two lists that only together have a majority for certain: the sum of their fewest does not show it.
#[test]
fn a_coalition_is_more_than_the_sum_of_its_lists() {
    let contest = Contest::with_votes(9, &[30, 30, 38]);
    let rules = Rules::of(Method::D_HONDT);
    let outstanding = Outstanding::ballots(8);
    let each = bound_seats(&contest, &rules, outstanding).unwrap();
    let joint = bound_coalition(&contest, &rules, outstanding, &each, &[0, 1]).unwrap();
    assert_eq!(joint.fewest_proof, Proof::Exact);
    assert_eq!(joint.reaches(majority_of(9)), Claim::Certain);
    assert!(each.lists[0].fewest + each.lists[1].fewest < joint.fewest);
    let other = bound_coalition(&contest, &rules, outstanding, &each, &[2]).unwrap();
    assert_eq!(other.reaches(majority_of(9)), Claim::Excluded);
}

#[test]
fn almaty_has_a_majority_long_before_its_end() {
    // Half of Almaty 2021, and as many ballots outstanding as were counted.
    let contest = Contest::with_votes(39, &[109_002, 16_184, 12_296, 11_694, 10_867]);
    let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
    let answer = bound_seats(&contest, &rules, Outstanding::ballots(90_000)).unwrap();
    assert_eq!(answer.lists[0].reaches(majority_of(39)), Claim::Open);
    let answer = bound_seats(&contest, &rules, Outstanding::ballots(45_000)).unwrap();
    assert_eq!(answer.lists[0].reaches(majority_of(39)), Claim::Certain);
    assert_eq!(answer.lists[1].reaches(majority_of(39)), Claim::Excluded);
}

#[test]
fn a_list_that_is_not_there_is_refused() {
    let contest = Contest::with_votes(3, &[5, 4]);
    let rules = Rules::of(Method::HARE);
    let outstanding = Outstanding::ballots(1);
    let each = bound_seats(&contest, &rules, outstanding).unwrap();
    let error = bound_coalition(&contest, &rules, outstanding, &each, &[2]).unwrap_err();
    assert_eq!(error.code(), "UNKNOWN_LIST");
}
