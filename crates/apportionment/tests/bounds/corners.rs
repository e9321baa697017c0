//! Contests in which an answer would be wrong that looks right: rules of ties that are no order of pairs, candidates that run
//! out, quotas that move. Each is compared with every way in which the ballots can fall.

use super::brute::{score, truth};
use apportionment::bounds::*;
use apportionment::*;

fn checked(contest: &Contest, rules: &Rules, ballots: u64) -> SeatBounds {
    let outstanding = Outstanding::ballots(ballots);
    let answer = bound_seats(contest, rules, outstanding).unwrap();
    let score = score(&answer, &truth(contest, rules, outstanding));
    assert!(score.is_ok(), "{score:?}: {answer:?}");
    answer
}

fn registered(seats: u32, lists: &[(u64, Option<u64>)]) -> Contest {
    let lists = lists.iter().map(|&(votes, registration)| List {
        registration,
        ..List::with_votes(votes)
    });
    Contest {
        seats,
        lists: lists.collect(),
        ..Contest::default()
    }
}

fn by_registration(method: Method) -> Rules {
    Rules {
        ties: vec![TieBreak::EarlierRegistration, TieBreak::MoreVotes],
        ..Rules::of(method)
    }
}

/// At 24, 18, 12 and 6 four keys are equal for two seats: registration is unknown of two of them and settles nothing, and
/// more votes take both. Pair by pair the list of 12 would have one by registration.
#[test]
fn registration_of_some_is_no_order_of_pairs() {
    let lists = [(24, Some(3)), (17, None), (12, Some(2)), (6, None)];
    let answer = checked(&registered(8, &lists), &by_registration(Method::D_HONDT), 1);
    let none = Proof::NoClaim(Reason::Registration);
    assert!(answer.lists.iter().all(|list| list.fewest_proof == none));
}

/// Whom it lets in decides for the list of 29: the fourth, which is registered first and puts the first one behind.
#[test]
fn registration_of_some_decides_who_helps_to_a_seat() {
    let threshold = Threshold::of_list_votes(1, 10);
    let rules = by_registration(Method::HAGENBACH_BISCHOFF).with_threshold(threshold);
    let lists = [(66, Some(2)), (29, None), (11, Some(3)), (11, Some(1))];
    checked(&registered(5, &lists), &rules, 2);
}

/// What the candidates of the list that passes cannot hold goes to the runner-up.
#[test]
fn a_leader_short_of_candidates_leaves_more_to_the_runner_up() {
    let mut contest = Contest::with_votes(39, &[90, 5, 3, 2]);
    contest.lists[0].candidates = Some(10);
    let rules = Rules {
        rescue: Some(Rescue::KAZAKHSTAN_2021),
        ..Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100))
    };
    for ballots in 0..4 {
        let answer = checked(&contest, &rules, ballots);
        assert!(answer.lists[1].most >= 29, "{answer:?}");
    }
}

/// A list without a bar passes alone with its first vote, and shares with the runner-up.
#[test]
fn a_list_that_needs_no_threshold_may_share_with_a_runner_up() {
    let mut contest = Contest::with_votes(10, &[40, 30, 30, 0]);
    contest.lists[3].exempt = true;
    let rules = Rules {
        rescue: Some(Rescue::KAZAKHSTAN_2021),
        ..Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(1, 2))
    };
    let answer = checked(&contest, &rules, 1);
    assert!(!answer.lists[3].most_proof.is_exact());
}

/// Three ballots for the second list would do it, and two for the third do it sooner: they let it in, and the quota rises.
#[test]
fn under_a_quota_with_a_threshold_no_seat_is_said_to_be_certain_no_sooner() {
    let contest = Contest::with_votes(3, &[40, 12, 5, 5]);
    let threshold = Threshold::of_list_votes(1, 10);
    let rules = Rules::of(Method::HAGENBACH_BISCHOFF).with_threshold(threshold);
    let next = next_certain(&contest, &rules, Outstanding::ballots(4)).unwrap();
    assert!(!next.is_empty());
    assert!(next.iter().all(|next| !next.exact), "{next:?}");
    let plain = Rules::of(Method::HAGENBACH_BISCHOFF);
    let next = next_certain(&contest, &plain, Outstanding::ballots(4)).unwrap();
    assert!(next.iter().all(|next| next.exact), "{next:?}");
}

fn coalition(contest: &Contest, rules: &Rules, ballots: u64, lists: &[usize]) -> CoalitionBounds {
    let outstanding = Outstanding::ballots(ballots);
    let each = bound_seats(contest, rules, outstanding).unwrap();
    bound_coalition(contest, rules, outstanding, &each, lists).unwrap()
}

/// The one seat goes to one of the two however ties fall: the search does not know of registration, but the third list's own bounds
/// do.
#[test]
fn rules_of_ties_are_known_by_the_bounds_of_the_others() {
    let contest = registered(1, &[(10, Some(1)), (10, Some(2)), (9, Some(3))]);
    let rules = by_registration(Method::D_HONDT);
    let joint = coalition(&contest, &rules, 1, &[0, 1]);
    assert_eq!((joint.fewest, joint.most), (1, 1));
}

/// Of all lists nobody else raises the base: whoever gets the ballot passes.
#[test]
fn all_lists_together_are_no_coalition() {
    let contest = Contest::with_votes(3, &[50, 50]);
    let rules = Rules::of(Method::D_HONDT).with_threshold(Threshold::of_list_votes(1, 2));
    let joint = coalition(&contest, &rules, 1, &[0, 1]);
    assert!(!joint.fewest_proof.is_exact(), "{joint:?}");
}

/// What would take hours or gigabytes ends, with what was found until then.
#[test]
fn large_contests_have_an_end_in_every_question() {
    let rules = Rules::of(Method::D_HONDT);
    let many = Contest::with_votes(100_000, &vec![1_000; 10_000]);
    let votes: Vec<u64> = (1..=1_000).map(|list| 10_000 + 7 * list).collect();
    for contest in [many, Contest::with_votes(10_000, &votes)] {
        let ballots = 100_000_000_000_000_000;
        let half: Vec<usize> = (0..contest.lists.len() / 2).collect();
        let joint = coalition(&contest, &rules, ballots, &half);
        assert!(joint.fewest <= joint.most);
        next_certain(&contest, &rules, Outstanding::ballots(ballots)).unwrap();
        let quota = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(1, 100));
        bound_seats(&contest, &quota, Outstanding::ballots(ballots)).unwrap();
    }
}

/// Two ballots of its own secure the seat for the second list, and one for its partner does: that stays over the threshold.
#[test]
fn beside_joined_lists_and_a_threshold_no_seat_is_said_to_be_certain_no_sooner() {
    let mut contest = Contest::with_votes(1, &[14, 26, 26, 4]);
    for list in &mut contest.lists[..2] {
        list.group = Some(0);
    }
    let mut rules = Rules::of(Method::D_HONDT).with_threshold(Threshold::of_list_votes(1, 5));
    rules.apparentment = Some(Apparentment::default());
    let next = next_certain(&contest, &rules, Outstanding::ballots(3)).unwrap();
    assert!(!next.is_empty());
    assert!(next.iter().all(|next| !next.exact), "{next:?}");
    // However the other two fall, or if they are cast for nobody.
    contest.lists[0].votes += 1;
    for (one, other) in (0..5).flat_map(|one| (0..5).map(move |other| (one, other))) {
        let mut end = contest.clone();
        for list in [one, other] {
            if let Some(list) = end.lists.get_mut(list) {
                list.votes += 1;
            }
        }
        let seats = allocate(&end, &rules, &[]).unwrap().seats();
        assert_eq!(seats, [0, 1, 0, 0], "{one} {other}");
    }
}

/// Keys that are searched for take many steps each, and a call is over in about as long as under other methods: what is not
/// decided by then is marked.
#[test]
fn keys_that_are_roots_are_decided_within_the_steps_of_a_call() {
    let votes: Vec<u64> = (0..200).map(|list| 1_000_003 + 7_919 * list).collect();
    let contest = Contest::with_votes(1_000, &votes);
    let power = Method::Divisors(Divisors::Power {
        exponent: Fraction::new(9, 10),
    });
    let found = bound_seats(&contest, &Rules::of(power), Outstanding::ballots(100_000)).unwrap();
    let undecided = |list: &ListBounds| list.fewest_proof != Proof::Exact;
    assert!(found.lists.iter().any(undecided));
}
