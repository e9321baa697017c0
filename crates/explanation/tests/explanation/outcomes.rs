//! How open ties can end: a bonus, a rescued place and a majority of one contest, and places, lists and cells of districts,
//! each with the seats that it gives; lots that were drawn, and those that were not used.

use crate::districts::{golden, names};
use crate::sums::{Asked, recompute};
use crate::tier_stages::{austria, estonia, plain, told_with};
use apportionment::double_proportional::{self, CellLot, DoubleProportional};
use apportionment::tiers::{
    self, Admission, Constituency, Place, PlaceLot, Placement, Surplus, TierContest, TierLots,
    TierRules, TierStage,
};
use apportionment::*;
use explanation::{Document, DoubleSubject, Language, VoidPlaces};

fn has(text: &str, words: &[&str]) {
    for words in words {
        assert!(text.contains(words), "{words}\nnot in:\n{text}");
    }
}

/// Two lists with equal votes for a bonus of five seats; the chain behind it runs once for each of them.
fn bonus() -> Asked {
    let bonus = Bonus {
        to: BonusTo::MostVotes,
        seats: BonusSeats::Fixed(5),
        counting: BonusCounting::Beside,
        votes_min: None,
        others_max: None,
    };
    let rules = Rules {
        bonus: Some(bonus),
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::D_HONDT)
    };
    Asked::new(
        &["Ash", "Birch", "Cedar"],
        Contest::with_votes(15, &[400, 400, 200]),
        rules,
    )
}

#[test]
fn each_outcome_of_a_bonus_has_its_stages_under_its_name() {
    for language in Language::ALL {
        let document = bonus().explained(language, None);
        assert!(recompute(&document, language).unwrap() > 20);
        golden(&format!("bonus-tie.{language}.txt"), &document);
    }
    let text = plain(&bonus().explained(Language::English, None));
    let (before, ash) = text.split_once("If it falls on Ash").unwrap();
    let (ash, birch) = ash.split_once("If it falls on Birch").unwrap();
    // No stage stands before the name of its outcome.
    assert!(!before.contains("Highest averages"), "{before}");
    has(ash, &["Seats then: 9/4/2.", "Highest averages", "Check"]);
    has(birch, &["Seats then: 4/9/2.", "Highest averages", "Check"]);
}

/// Two lists with equal votes to be admitted beside the only one that passed (Kazakhstan's rule).
#[test]
fn each_outcome_of_a_rescue_has_its_terms_and_stages_under_its_name() {
    let parameter = |value| Parameter {
        value,
        source: Source::Verified,
    };
    let rescue = Rescue {
        admit_runner_up: parameter(true),
        factor: Parameter {
            value: Fraction::new(7, 10),
            source: Source::Verified,
        },
        floor: Parameter {
            value: 2,
            source: Source::Verified,
        },
        floor_first: parameter(true),
        rest: Parameter {
            value: RescueRest::MultipliedRemainders,
            source: Source::Verified,
        },
        further_rounds: parameter(true),
    };
    let rules = Rules {
        rescue: Some(rescue),
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100))
    };
    let contest = Contest::with_votes(20, &[9_000, 500, 500]);
    let asked = Asked::new(&["Ash", "Birch", "Cedar"], contest, rules);
    let document = asked.explained(Language::English, None);
    recompute(&document, Language::English).unwrap();
    let text = plain(&document);
    let (_, cedar) = text.split_once("If it falls on Cedar").unwrap();
    has(
        cedar,
        &[
            "Only Ash passed the threshold. Cedar",
            "500 × 7 / 10 = 350",
            "Largest remainders",
        ],
    );
}

/// A majority of votes takes a seat from one of two with equal keys: the outcomes are named with their seats.
#[test]
fn the_outcomes_of_a_majority_clause_are_named() {
    let rules = Rules {
        majority: Some(Majority::TakesLastSeat),
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::HARE)
    };
    let contest = Contest::with_votes(5, &[504, 165, 165, 166]);
    let allocation = allocate(&contest, &rules, &[]).unwrap();
    let tie = allocation
        .majority
        .as_ref()
        .and_then(|transfer| transfer.tie.as_ref());
    assert!(tie.is_some_and(|tie| tie.open_seats == 1), "{allocation:?}");
    let asked = Asked::new(&["Ash", "Birch", "Cedar", "Date"], contest, rules);
    let document = asked.explained(Language::English, None);
    recompute(&document, Language::English).unwrap();
    has(
        &plain(&document),
        &[
            "More than half of the votes",
            "Which of the equal lists keeps its seat",
            "Birch               3/1/0/1",
        ],
    );
}

/// A tie for the last seats of which the clause takes one from whoever wins: no lot of the stage is asked for, and the words
/// say why.
#[test]
fn a_majority_that_takes_a_seat_of_a_tie_is_told_without_a_lot() {
    let rules = |method| Rules {
        majority: Some(Majority::TakesLastSeat),
        ties: vec![TieBreak::Lot],
        ..Rules::of(method)
    };
    let names = ["Ash", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse"];
    let told = |votes: &[u64], seats, method| {
        let contest = Contest::with_votes(seats, votes);
        let asked = Asked::new(&names[..votes.len()], contest, rules(method));
        for language in Language::ALL {
            assert!(recompute(&asked.explained(language, None), language).unwrap() > 5);
        }
        plain(&asked.explained(Language::English, None))
    };
    // Settled: the one seat of the tie is given up.
    let settled = told(&[51, 17, 16, 16], 4, Method::HARE);
    has(
        &settled,
        &[
            "there is nothing to draw a lot for",
            "Cedar and Dogwood. Seats that stay with them: 0.",
        ],
    );
    assert!(!settled.contains("A lot has to be drawn"), "{settled}");
    // One of three keeps a seat, by a lot of the clause.
    let kept = told(&[41, 13, 9, 9, 9], 5, Method::HARE);
    has(
        &kept,
        &[
            "Seats that stay with them: 1.",
            "Which of the equal lists keeps its seat",
        ],
    );
    // With a seat of the tie the list with the majority is owed another one: the lot matters.
    let matters = told(&[549, 61, 62, 63, 64, 65, 66], 10, Method::SAINTE_LAGUE);
    has(&matters, &["However the tie ends it gets one more"]);
}

/// A cap that is shared anew: the round that follows has its words.
#[test]
fn a_cap_is_told_round_by_round() {
    let rules = Rules {
        seats_max: Some(6),
        above_max: AboveMax::SharedAnew,
        ..Rules::of(Method::HARE)
    };
    let contest = Contest::with_votes(10, &[800, 120, 80]);
    let asked = Asked::new(&["Ash", "Birch", "Cedar"], contest, rules);
    for language in Language::ALL {
        let document = asked.explained(language, None);
        assert!(recompute(&document, language).unwrap() > 5);
        golden(&format!("cap.{language}.txt"), &document);
    }
    let text = plain(&asked.explained(Language::English, None));
    has(&text, &["10 − 1 × 6 = 4", "of round 2"]);
}

#[test]
fn quotas_of_regions_and_persons_are_told_in_every_language() {
    let (contest, rules) = austria();
    for language in Language::ALL {
        let document = told_with(&contest, &rules, &TierLots::default(), language);
        golden(&format!("austria.{language}.txt"), &document);
    }
    let (contest, rules) = estonia();
    for language in Language::ALL {
        let document = told_with(&contest, &rules, &TierLots::default(), language);
        golden(&format!("estonia.{language}.txt"), &document);
    }
}

/// Two districts level for the one levelling seat of a list.
fn levelling_tie() -> (TierContest, TierRules) {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(2, &[60, 50, 30]), (2, &[60, 50, 30])]),
        further_seats: 1,
        ..TierContest::default()
    };
    let chain = vec![Stage::all(Method::D_HONDT)];
    let stages = vec![
        TierStage::Districts {
            admission: Admission::default(),
            chain: chain.clone(),
        },
        TierStage::Whole {
            admission: Admission::default(),
            chain,
            surplus: Surplus::Kept,
        },
        TierStage::Place(Placement::SWEDEN),
    ];
    let rules = TierRules {
        stages,
        ties: vec![TieBreak::Lot],
    };
    (contest, rules)
}

fn english(contest: &TierContest, rules: &TierRules, lots: &TierLots) -> String {
    plain(&told_with(contest, rules, lots, Language::English))
}

#[test]
fn a_tied_place_is_told_with_its_endings_and_then_with_its_lot() {
    let (contest, rules) = levelling_tie();
    let open = english(&contest, &rules, &TierLots::default());
    has(
        &open,
        &[
            "Equal numbers, 30, and not all of them can have a seat: List C, District A; List C, District B.",
            "However it ends, every list has the same seats in all.",
        ],
    );
    let place = |district| Place {
        district,
        list: 2,
        constituency: None,
    };
    let lots = TierLots {
        places: vec![PlaceLot {
            stage: 2,
            tied: vec![place(0), place(1)],
            winner: place(1),
        }],
        ..TierLots::default()
    };
    let drawn = english(&contest, &rules, &lots);
    has(
        &drawn,
        &["The lot between List C, District A; List C, District B fell on: List C, District B."],
    );
    assert!(!drawn.contains("A lot decides"), "{drawn}");
}

/// A tie inside a district decides who gets what in the house, which is told for each way that it can end.
#[test]
fn a_tie_in_a_district_is_told_with_the_seats_of_the_house() {
    let (mut contest, rules) = levelling_tie();
    contest.districted = DistrictedContest::with_votes(&[(1, &[50, 50, 0]), (2, &[60, 10, 29])]);
    contest.further_seats = 0;
    let open = english(&contest, &rules, &TierLots::default());
    has(
        &open,
        &[
            "How it can end, with the seats of all lists everywhere:",
            "If it falls on   Seats then",
        ],
    );
    for (winner, name) in [(0, "List A"), (1, "List B")] {
        let lot = Lot {
            stage: StageAt::Chain(0),
            lists: vec![0, 1],
            seats_at_stake: 1,
            winners: vec![winner],
        };
        let lots = TierLots {
            inside: vec![tiers::TierLot {
                stage: 0,
                part: 0,
                lot,
            }],
            ..TierLots::default()
        };
        let ended = tiers::allocate(&contest, &rules, &lots).unwrap();
        let seats: Vec<String> = ended.list_seats().iter().map(ToString::to_string).collect();
        let seats = seats.join("/");
        let (_, endings) = open.split_once("everywhere:").unwrap();
        let mut rows = endings.lines().map(str::trim);
        let found = rows.any(|row| row.starts_with(name) && row.ends_with(&seats));
        assert!(found, "{name} {seats} is not in\n{endings}");
    }
}

/// Which list comes in by first places hangs on a lot: the constituency is named, and nothing is said of the house.
#[test]
fn an_open_first_place_is_named_where_the_house_waits_for_it() {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(0, &[900, 60, 40])]),
        further_seats: 10,
        constituencies: vec![Constituency {
            district: 0,
            votes: vec![1, 20, 20],
            ..Constituency::default()
        }],
        ..TierContest::default()
    };
    let chain = vec![Stage::all(Method::SAINTE_LAGUE)];
    let whole = TierStage::Whole {
        admission: Admission {
            overall: Some(Threshold::of_list_votes(5, 100)),
            constituencies_won: Some(1),
            ..Admission::default()
        },
        chain: chain.clone(),
        surplus: Surplus::Kept,
    };
    let rules = TierRules {
        stages: vec![whole, TierStage::Shares { chain }, TierStage::Cover],
        ties: vec![TieBreak::Lot],
    };
    has(
        &english(&contest, &rules, &TierLots::default()),
        &[
            "One of these is enough to take part:",
            "1 000 × 5 / 100 = 50",
            "40 − 50 = −10",
            "First places in constituencies, at least 1.",
            "Constituency A: equal votes, List B and List C.",
            "waits for a lot",
        ],
    );
}

fn double(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    cells: &[CellLot],
    void: &[VoidPlaces],
    language: Language,
) -> Document {
    let allocation = double_proportional::allocate(contest, rules, &[], cells).unwrap();
    let subject = DoubleSubject {
        title: "",
        notice: "Invented.",
        lists: &names("List ", contest.lists.len()),
        districts: &names("District ", contest.districts.len()),
        contest,
        rules,
        lots: &[],
        void_lots: void,
        allocation: &allocation,
        margins: &[],
    };
    let document = explanation::double_proportional(subject, language);
    recompute(&document, language).unwrap();
    document
}

/// The quorum of Zug: 5% in one municipality, or 3% of all; each list stands where it comes nearest to it.
#[test]
fn a_quorum_is_told_with_its_sums() {
    let contest = DistrictedContest::with_votes(&[
        (6, &[6_000, 3_000, 20, 100]),
        (4, &[2_000, 3_000, 10, 900]),
    ]);
    let rules = DoubleProportional {
        quorum: Quorum {
            one_district: Some(Threshold::of_list_votes(5, 100)),
            overall: Some(Threshold::of_list_votes(3, 100)),
        },
        ..DoubleProportional::default()
    };
    for language in Language::ALL {
        let document = double(&contest, &rules, &[], &[], language);
        golden(&format!("quorum.{language}.txt"), &document);
    }
    has(
        &plain(&double(&contest, &rules, &[], &[], Language::English)),
        &[
            "Invented.",
            "15 030 × 3 / 100 = 450.9",
            "List C",
            "30 − 451 = −421",
            "9 120 × 5 / 100 = 456",
            "900 − 296 = 604",
            "List C did not reach the quorum",
        ],
    );
}

#[test]
fn tables_that_are_right_are_named_and_a_void_lot_is_told() {
    let contest = DistrictedContest::with_votes(&[(1, &[10, 10]), (1, &[10, 10])]);
    let void = VoidPlaces {
        places: vec!["List A, District A".into(), "List B, District A".into()],
        seats: 1,
    };
    let rules = DoubleProportional::default();
    let void = std::slice::from_ref(&void);
    let text = plain(&double(&contest, &rules, &[], void, Language::English));
    has(
        &text,
        &[
            "List A, District A; List B, District B\n",
            "List B, District A; List A, District B\n",
            "The lot between List A, District A; List B, District A for 1 seat is void",
        ],
    );
}
