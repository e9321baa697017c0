//! Contests that have a name: what would be said wrongly by an easier way of thinking.

use super::brute::{score, truth};
use apportionment::bounds::*;
use apportionment::*;

fn with_threshold(method: Method, numerator: u32, denominator: u32) -> Rules {
    Rules::of(method).with_threshold(Threshold::of_list_votes(numerator, denominator))
}

fn ranges(answer: &SeatBounds) -> Vec<(u32, u32)> {
    answer
        .lists
        .iter()
        .map(|list| (list.fewest, list.most))
        .collect()
}

/// "All outstanding ballots to the list" is not the most: with all four the list of 8 gets nothing, and it can have a seat
/// where the list of 7 is let in.
#[test]
fn all_ballots_to_a_list_are_not_its_best() {
    let rules = with_threshold(Method::HARE, 7, 100);
    let all = Contest::with_votes(4, &[6, 91, 12, 7, 4]);
    assert_eq!(allocate(&all, &rules, &[]).unwrap().seats()[2], 0);
    let contest = Contest::with_votes(4, &[6, 91, 8, 7, 4]);
    let answer = bound_seats(&contest, &rules, Outstanding::ballots(4)).unwrap();
    assert_eq!(ranges(&answer), [(0, 0), (3, 4), (0, 1), (0, 1), (0, 0)]);
    assert!(answer.lists.iter().all(|list| list.most_proof.is_exact()));
    assert_eq!(answer.lists[0].threshold, ThresholdClaim::Open);
    assert_eq!(answer.lists[1].threshold, ThresholdClaim::Passed);
    assert_eq!(answer.lists[4].threshold, ThresholdClaim::Failed);
}

fn kazakhstan() -> Rules {
    Rules {
        rescue: Some(Rescue::KAZAKHSTAN_2021),
        ..with_threshold(Method::HARE, 7, 100)
    }
}

/// One list passes, and the runner-up is admitted with two seats: a list that fails the threshold for certain can have seats.
#[test]
fn a_rescue_is_never_forgotten() {
    let contest = Contest::with_votes(39, &[90, 5, 3, 2]);
    let answer = bound_seats(&contest, &kazakhstan(), Outstanding::ballots(0)).unwrap();
    assert_eq!(ranges(&answer), [(37, 37), (2, 2), (0, 0), (0, 0)]);
    assert!(answer.all_secured());
    assert_eq!(answer.lists[1].threshold, ThresholdClaim::Failed);
    for ballots in 1..6 {
        let outstanding = Outstanding::ballots(ballots);
        let answer = bound_seats(&contest, &kazakhstan(), outstanding).unwrap();
        score(&answer, &truth(&contest, &kazakhstan(), outstanding)).unwrap();
        for (list, bounds) in answer.lists.iter().enumerate().skip(1) {
            assert!(bounds.most >= 2, "list {list} of {ballots} may be admitted");
        }
    }
    // The leader keeps what even the strongest runner-up leaves to it.
    let answer = bound_seats(&contest, &kazakhstan(), Outstanding::ballots(1)).unwrap();
    assert!(answer.lists[0].fewest >= 36, "{:?}", answer.lists[0]);
}

/// Where two lists pass for certain nobody is admitted, and the bounds are as exact as without the rule.
#[test]
fn two_that_pass_leave_no_room_for_a_rescue() {
    let contest = Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
    let outstanding = Outstanding::ballots(2_000);
    let answer = bound_seats(&contest, &kazakhstan(), outstanding).unwrap();
    let plain = with_threshold(Method::HARE, 7, 100);
    assert_eq!(answer, bound_seats(&contest, &plain, outstanding).unwrap());
    assert!(
        answer
            .lists
            .iter()
            .all(|list| list.fewest_proof.is_exact() && list.most_proof.is_exact())
    );
}

/// Almaty 2021 with its last thousands of ballots open: some 710 ballots let the fifth list in, which is 26/4/3/3/3, and some
/// 1,055 fewer put the fourth one out, which is 31/5/3.
#[test]
fn almaty_near_its_end() {
    let contest = Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
    let rules = with_threshold(Method::HARE, 7, 100);
    let at =
        |ballots| ranges(&bound_seats(&contest, &rules, Outstanding::ballots(ballots)).unwrap());
    let settled = [(29, 29), (4, 4), (3, 3), (3, 3), (0, 0)];
    assert_eq!(at(0), settled);
    assert_eq!(at(600), settled);
    assert_eq!(at(800), [(26, 29), (4, 4), (3, 3), (3, 3), (0, 3)]);
    assert_eq!(at(20_000)[3].0, 0);
}

/// The table of docs/bounds.md: seats certain in sum where so much of Almaty 2021 is reported, by its rolls and by ballots issued.
#[test]
fn almaty_through_its_night() {
    let rules = with_threshold(Method::HARE, 7, 100);
    let secured = |percent: u64, all: u64| {
        let votes =
            [218_003, 32_367, 24_591, 23_388, 21_733].map(|votes: u64| votes * percent / 100);
        let contest = Contest::with_votes(39, &votes);
        let outstanding = Outstanding::ballots(all * (100 - percent) / 100);
        bound_seats(&contest, &rules, outstanding)
            .unwrap()
            .secured()
    };
    let (roll, issued) = (1_101_818, 333_300);
    let found = [50, 90, 99].map(|percent| (secured(percent, roll), secured(percent, issued)));
    assert_eq!(found, [(6, 13), (22, 27), (34, 36)]);
}

/// Entering over the threshold is a charge that is paid at once: buying the cheapest claim first misses it.
#[test]
fn the_cheapest_claim_first_is_wrong() {
    // All ten to the list of 10 let it in with two seats, and no cheaper claim leaves the first list with three.
    let contest = Contest::with_votes(7, &[40, 25, 10]);
    let rules = with_threshold(Method::D_HONDT, 1, 5);
    for ballots in 0..20 {
        let outstanding = Outstanding::ballots(ballots);
        let answer = bound_seats(&contest, &rules, outstanding).unwrap();
        let score = score(&answer, &truth(&contest, &rules, outstanding)).unwrap();
        assert_eq!(score.safe, 0);
    }
    let answer = bound_seats(&contest, &rules, Outstanding::ballots(10)).unwrap();
    let fewest: Vec<u32> = answer.lists.iter().map(|list| list.fewest).collect();
    assert_eq!(fewest, [3, 2, 0]);
}

/// Whoever is not modelled is not guessed at.
#[test]
fn rules_without_a_way_claim_nothing() {
    let contest = Contest::with_votes(9, &[71, 20, 9]);
    let stages = vec![
        Stage::whole_quotas(Quota::HARE),
        Stage::all(Method::D_HONDT),
    ];
    let chain = Rules {
        stages,
        ..Rules::of(Method::HARE)
    };
    let bonus = Rules {
        bonus: Some(Bonus {
            to: BonusTo::MostVotes,
            seats: BonusSeats::Fixed(2),
            counting: BonusCounting::Beside,
            votes_min: None,
            others_max: None,
        }),
        ..Rules::of(Method::D_HONDT)
    };
    for (rules, reason) in [(chain, Reason::Stages), (bonus, Reason::Bonus)] {
        let answer = bound_seats(&contest, &rules, Outstanding::ballots(1)).unwrap();
        for list in &answer.lists {
            assert_eq!((list.fewest, list.most), (0, 9));
            assert_eq!(list.fewest_proof, Proof::NoClaim(reason));
            assert_eq!(list.most_proof, Proof::NoClaim(reason));
        }
        // Once everything is counted the result itself stands.
        let answer = bound_seats(&contest, &rules, Outstanding::ballots(0)).unwrap();
        assert!(answer.all_secured());
    }
}

/// Several votes on a ballot: shares of ballots say nothing of votes that are still to come.
#[test]
fn several_votes_on_a_ballot_claim_nothing() {
    let mut contest = Contest::with_votes(9, &[700, 200, 100]);
    contest.base.ballots_in_box = Some(120);
    let mut rules = with_threshold(Method::D_HONDT, 7, 100);
    rules.threshold.as_mut().unwrap().base = ThresholdBase::BallotsInBox;
    let answer = bound_seats(&contest, &rules, Outstanding::ballots(1)).unwrap();
    assert_eq!(
        answer.lists[0].most_proof,
        Proof::NoClaim(Reason::BaseBelowVotes)
    );
}

#[test]
fn more_votes_than_fit_are_refused_by_name() {
    let contest = Contest::with_votes(9, &[1 << 63, 1 << 62]);
    let rules = Rules::of(Method::D_HONDT);
    let fits = Outstanding::ballots((1 << 62) - 2);
    assert!(bound_seats(&contest, &rules, fits).is_ok());
    let error = bound_seats(&contest, &rules, Outstanding::ballots(1 << 62)).unwrap_err();
    assert_eq!(error.code(), "ABOVE_LIMIT");
    assert!(error.to_string().contains("contest.lists.votes"), "{error}");
}

/// The largest contests: an answer comes, and what would take too long is not called exact.
#[test]
fn ten_thousand_lists_have_an_end() {
    let votes: Vec<u64> = (1..=10_000)
        .map(|list| 1_000_003 * list % 900_001 + 1)
        .collect();
    for method in [Method::HARE, Method::D_HONDT] {
        let contest = Contest::with_votes(50, &votes);
        let answer =
            bound_seats(&contest, &Rules::of(method), Outstanding::ballots(50_000)).unwrap();
        let open = answer
            .lists
            .iter()
            .filter(|list| !list.most_proof.is_exact())
            .count();
        assert!(open > 0);
        for list in &answer.lists {
            assert!(list.fewest <= list.most && list.most <= 50);
        }
    }
}
