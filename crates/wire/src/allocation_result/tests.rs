use super::*;
use apportionment::{Contest, List, Method, Rescue, Rules, Threshold};
use election::standings::answer;

const IDS: [&str; 5] = ["nur-otan", "aq-jol", "auyl", "qhp", "adal"];

fn ids() -> Vec<String> {
    IDS.map(String::from).to_vec()
}

fn question(seats: u32, votes: &[u64]) -> Question {
    let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
    let options = (0_u32..).take(votes.len()).collect();
    Question {
        options,
        contest: Contest::with_votes(seats, votes),
        rules,
        lots: Vec::new(),
    }
}

/// Almaty city maslihat, 10 January 2021.
fn almaty() -> Question {
    question(39, &[218_003, 32_367, 24_591, 23_388, 21_733])
}

fn allocation(question: &Question) -> proto::Allocation {
    Lists::new(&ids()).allocation(question, &answer(question))
}

fn seats(allocation: &proto::Allocation) -> Vec<Option<u32>> {
    allocation
        .lists
        .iter()
        .map(|list| list.seats.as_ref().unwrap().seats)
        .collect()
}

#[test]
fn almaty_2021_is_answered_with_ids() {
    let answered = allocation(&almaty());
    assert_eq!(
        (answered.seats, answered.state()),
        (39, SeatsState::Provisional)
    );
    assert_eq!(seats(&answered), [29, 4, 3, 3, 0].map(Some));
    assert_eq!(answered.lists[4].option_id, "adal");
    assert_eq!(
        answered.lists[4].eligibility(),
        proto::Eligibility::BelowThreshold
    );
    assert_eq!(answered.threshold_base_count, "320082");
    // The last remainder: Nur Otan's of 28 whole quotas; next is Aq Jol's of 4.
    let (last, next) = (answered.last_seat.unwrap(), answered.next_in_line.unwrap());
    assert_eq!((last.option_id.as_str(), last.seat), ("nur-otan", 29));
    assert_eq!((next.option_id.as_str(), next.seat), ("aq-jol", 5));
    assert_eq!(
        (
            answered.seats_pending,
            answered.seats_unassigned,
            answered.problem.as_str()
        ),
        (0, 0, "")
    );
}

#[test]
fn a_tie_leaves_a_range_to_the_lists_in_it_and_seats_to_all_others() {
    let answered = allocation(&question(2, &[500, 250, 250]));
    assert_eq!(
        (answered.state(), answered.seats_pending),
        (SeatsState::Tied, 1)
    );
    let lists = answered
        .lists
        .iter()
        .map(|list| list.seats.as_ref().unwrap());
    let ranges: Vec<_> = lists
        .map(|seats| (seats.state(), seats.seats, seats.seats_most))
        .collect();
    let tied = (SeatsState::Tied, Some(0), Some(1));
    assert_eq!(
        ranges,
        [(SeatsState::Provisional, Some(1), None), tied, tied]
    );
    let [tie] = &answered.ties[..] else {
        panic!("one tie")
    };
    assert_eq!((tie.stage, tie.open_seats), (0, 1));
    assert_eq!(tie.option_ids, ["aq-jol", "auyl"]);
    assert_eq!(tie.option_ids, tie.open_option_ids);
}

#[test]
fn what_is_not_known_is_absent_and_never_zero() {
    let none_yet = allocation(&question(39, &[0, 0, 0]));
    assert_eq!(
        (none_yet.state(), seats(&none_yet)),
        (SeatsState::NoneYet, vec![None; 3])
    );

    let mut without_base = almaty();
    without_base.rules.threshold.as_mut().unwrap().base =
        apportionment::ThresholdBase::BallotsInBox;
    let unknown = allocation(&without_base);
    assert_eq!(
        (unknown.state(), seats(&unknown)),
        (SeatsState::Unknown, vec![None; 5])
    );
    assert!(
        unknown.problem.contains("ballots in the box"),
        "{}",
        unknown.problem
    );
    assert_eq!(
        unknown.lists[0].votes, 218_003,
        "votes are shown all the same"
    );
}

/// F1: what the verifier refuses is published with votes and without seats.
#[test]
fn withheld_seats_are_nowhere_in_the_answer() {
    let question = almaty();
    let SeatsResult::Allocated(allocation) = answer(&question) else {
        panic!("verified")
    };
    let result = SeatsResult::Withheld {
        allocation,
        objections: vec!["the quotient is wrong".into()],
    };
    let ids = ids();
    let withheld = Lists::new(&ids).allocation(&question, &result);
    assert_eq!(
        (withheld.state(), seats(&withheld)),
        (SeatsState::Withheld, vec![None; 5])
    );
    assert!(withheld.problem.contains("the quotient is wrong") && withheld.last_seat.is_none());
    let certificate = Lists::new(&ids).certificate(&question, &result);
    assert!(!certificate.verified);
    assert_eq!(certificate.objections, ["the quotient is wrong"]);
}

#[test]
fn a_rescue_says_where_the_law_is_silent() {
    let mut question = question(39, &[99_000, 500]);
    question.rules.rescue = Some(Rescue::KAZAKHSTAN_2021);
    let answered = allocation(&question);
    assert_eq!(
        answered.lists[1].eligibility(),
        proto::Eligibility::RescueAdmitted
    );
    assert!(
        answered
            .silences
            .iter()
            .any(|silence| silence.code == "RUNNER_UP_FLOOR"),
        "{:?}",
        answered.silences
    );
    assert!(
        answered
            .silences
            .iter()
            .all(|silence| silence.code != "OTHER" && !silence.text.is_empty())
    );
}

#[test]
fn a_lot_without_a_tie_is_given_back() {
    let mut question = almaty();
    question.lots = vec![Lot {
        stage: StageAt::Chain(0),
        lists: vec![0, 1],
        seats_at_stake: 1,
        winners: vec![1],
    }];
    let [void] = &allocation(&question).void_lots[..] else {
        panic!("one lot")
    };
    assert_eq!(void.reason(), proto::VoidLotReason::NoSuchTie);
    assert_eq!(
        void.lot.as_ref().unwrap().tied_option_ids,
        ["nur-otan", "aq-jol"]
    );
}

#[test]
fn joined_lists_say_what_became_of_their_group() {
    let list = |votes, group| List {
        group,
        ..List::with_votes(votes)
    };
    let mut question = question(10, &[0, 0, 0]);
    question.rules.apparentment = Some(apportionment::Apparentment::default());
    question.contest.lists = vec![list(500, None), list(300, Some(0)), list(20, Some(0))];
    let answered = allocation(&question);
    assert_eq!(
        answered.lists[1].pairing(),
        proto::Pairing::Void,
        "one list of the pair fails by itself"
    );
}
