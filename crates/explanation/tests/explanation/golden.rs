//! Whole explanations as files, so that a change of words or layout is seen. `EXPLANATION_WRITE=1` writes them anew.

use crate::sums::{Asked, recompute};
use crate::tier_stages::plain;
use apportionment::*;
use explanation::{Format, Language};
use std::fs;
use std::path::Path;

/// Almaty city maslihat, 10 January 2021. Adal's votes are an invented number inside of what was published.
pub fn almaty() -> Asked {
    let names = ["Nur Otan", "Aq Jol", "Auyl", "QHP", "Adal"];
    let contest = Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
    let rules = Rules {
        rescue: Some(Rescue::KAZAKHSTAN_2021),
        ties: vec![TieBreak::EarlierRegistration, TieBreak::Lot],
        ..Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100))
    };
    Asked::new(&names, contest, rules)
}

/// The Dutch chain of councils with fewer than 19 seats, with its majority clause.
fn dutch_council() -> Asked {
    let remainders = Stage {
        bar: Some(Fraction::new(3, 4)),
        ..Stage::all(Method::HARE).one_each()
    };
    let rules = Rules {
        stages: vec![
            Stage::whole_quotas(Quota::HARE),
            remainders,
            Stage::all(Method::D_HONDT).one_each(),
            Stage::all(Method::D_HONDT),
        ],
        majority: Some(Majority::TakesLastSeat),
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::HARE)
    };
    let contest = Contest::with_votes(15, &[2_571, 977, 567, 536, 453]);
    Asked::new(&["A", "B", "C", "D", "E"], contest, rules)
}

/// Two lists joined, whole quotas of floor(V / (s + 1)) + 1 and then highest averages, as in the Swiss National Council.
fn swiss_pair() -> Asked {
    let droop = Stage::whole_quotas(Quota::DROOP);
    let rules = Rules {
        stages: vec![droop, Stage::all(Method::D_HONDT)],
        apparentment: Some(Apparentment {
            members: GroupMembers::ThoseThatPass,
            ..Apparentment::default()
        }),
        ties: vec![TieBreak::Lot],
        ..Rules::of(Method::DROOP)
    };
    let mut contest = Contest::with_votes(7, &[61_423, 33_712, 29_104, 12_050]);
    contest.lists[1].group = Some(0);
    contest.lists[2].group = Some(0);
    Asked::new(&["SVP", "SP", "Grüne", "FDP"], contest, rules)
}

fn tie() -> Asked {
    let rules = Rules {
        ties: vec![TieBreak::EarlierRegistration, TieBreak::Lot],
        ..Rules::of(Method::D_HONDT)
    };
    let mut contest = Contest::with_votes(3, &[400, 200, 200, 200, 100]);
    contest.lists[0].registration = Some(3);
    contest.lists[1].registration = Some(1);
    contest.lists[2].registration = Some(2);
    contest.lists[3].registration = Some(2);
    let mut asked = Asked::new(&["A", "B", "C", "D", "E"], contest, rules);
    asked.lots = vec![Lot {
        stage: StageAt::Chain(0),
        lists: vec![0, 4],
        seats_at_stake: 1,
        winners: vec![4],
    }];
    asked
}

fn rescue(votes: &[u64]) -> Asked {
    let names = ["A", "B", "C", "D"];
    let contest = Contest::with_votes(39, votes);
    Asked::new(&names[..votes.len()], contest, almaty().rules)
}

fn over_award() -> Asked {
    let contest = Contest::with_votes(3, &[60, 25, 15]);
    Asked::new(&["A", "B", "C"], contest, Rules::of(Method::IMPERIALI))
}

fn huntington_hill() -> Asked {
    let contest = Contest::with_votes(10, &[5_117, 2_893, 1_402, 588]);
    Asked::new(
        &["A", "B", "C", "D"],
        contest,
        Rules::of(Method::HUNTINGTON_HILL),
    )
}

/// Slovakia's shares of valid votes: 5%, 7% from two parties on, 10% from four.
fn coalitions() -> Asked {
    let share = |size_min, numerator| CoalitionShare {
        size_min,
        share: Fraction::new(numerator, 100),
    };
    let threshold = Threshold {
        base: ThresholdBase::ValidVotes,
        by_coalition_size: vec![share(2, 7), share(4, 10)],
        ..Threshold::of_list_votes(5, 100)
    };
    let mut contest = Contest::with_votes(
        15,
        &[46_100, 21_400, 6_960, 7_040, 9_900, 5_000, 4_999, 700],
    );
    for (list, size) in [(2, 2), (3, 3), (4, 4)] {
        contest.lists[list].coalition_size = size;
    }
    contest.lists[7].exempt = true;
    contest.base.valid_votes = Some(100_000);
    let quota = Quota {
        rounding: Rounding::Nearest,
        kind: QuotaKind::Droop,
    };
    let rules = Rules::of(Method::Quota(quota)).with_threshold(threshold);
    Asked::new(
        &["A", "B", "C+", "D++", "E+++", "F", "G", "M"],
        contest,
        rules,
    )
}

pub fn all() -> Vec<(&'static str, Asked)> {
    vec![
        ("almaty", almaty()),
        ("dutch-council", dutch_council()),
        ("swiss-pair", swiss_pair()),
        ("tie", tie()),
        ("rescue-99000-500", rescue(&[99_000, 500])),
        ("rescue-90-5-3-2", rescue(&[90, 5, 3, 2])),
        ("over-award", over_award()),
        ("huntington-hill", huntington_hill()),
        ("coalitions", coalitions()),
    ]
}

#[test]
fn explanations_are_as_the_files_have_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let is_writing = std::env::var_os("EXPLANATION_WRITE").is_some();
    let mut different = Vec::new();
    for (name, asked) in all() {
        let is_almaty = name == "almaty";
        let found = asked.margins();
        for language in Language::ALL {
            let document = asked.explained(language, Some(&found));
            recompute(&document, language).unwrap_or_else(|error| panic!("{name}: {error}"));
            let formats = [(Format::Text, "txt"), (Format::Markdown, "md")];
            for (format, ending) in formats {
                // Almaty in all of them; of the others those that show something of their own.
                if !is_almaty && (format == Format::Markdown || language == Language::Kazakh) {
                    continue;
                }
                let path = folder.join(format!("{name}.{language}.{ending}"));
                let rendered = document.render(format);
                if is_writing {
                    fs::write(&path, &rendered).unwrap();
                } else if fs::read_to_string(&path).unwrap_or_default() != rendered {
                    different.push(path.display().to_string());
                }
            }
        }
    }
    assert!(
        different.is_empty(),
        "not as in {}; look at the difference after EXPLANATION_WRITE=1",
        different.join(", ")
    );
}

/// A threshold of 5% that falls by 1% in steps of itself would be 4.95%: it falls by percentage points.
#[test]
fn a_threshold_falls_by_percentage_points() {
    let rules = Rules {
        widening: Some(Widening::LowerBy {
            step: Fraction::new(1, 100),
            lists_min: 2,
        }),
        ..Rules::of(Method::D_HONDT).with_threshold(Threshold::of_list_votes(5, 100))
    };
    let contest = Contest::with_votes(5, &[960, 40]);
    let asked = Asked::new(&["A", "B"], contest, rules);
    for (language, words) in [
        (
            Language::English,
            "falls by 1 percentage point(s) at a time",
        ),
        (Language::Russian, "на 1 п. п."),
        (Language::Kazakh, "1 пайыздық тармаққа төмендетіледі"),
    ] {
        let text = asked.explained(language, None).render(Format::Text);
        assert!(text.contains(words), "{text}");
    }
}

fn bonus_tie(counting: BonusCounting, lists: usize) -> Asked {
    let rules = Rules {
        bonus: Some(Bonus {
            counting,
            seats: BonusSeats::Fixed(60),
            to: BonusTo::MostVotes,
            votes_min: None,
            others_max: None,
        }),
        ties: vec![TieBreak::EarlierRegistration, TieBreak::Lot],
        ..Rules::of(Method::D_HONDT)
    };
    let contest = Contest::with_votes(100, &vec![700; lists]);
    let names: Vec<String> = (1..=lists).map(|list| format!("L{list}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Asked::new(&names, contest, rules)
}

/// One of the equal lists gets sixty seats, not each of them, and not one seat.
#[test]
fn a_tie_for_a_bonus_is_about_all_its_seats() {
    for (counting, words) in [
        (
            BonusCounting::Beside,
            "Set aside: 60 seats for one of these lists: L1 and L2.",
        ),
        (
            BonusCounting::Least,
            "Held beforehand: 60 seats for one of these lists",
        ),
    ] {
        let asked = bonus_tie(counting, 2);
        let text = plain(&asked.explained(Language::English, None));
        assert!(text.contains(words), "{text}");
        assert!(
            text.contains("One of them gets the seats beyond votes. Possible outcomes: 2"),
            "{text}"
        );
        for wrong in [
            "To be admitted",
            "Seats among them: 1",
            "60 seats for L1 and L2",
        ] {
            assert!(!text.contains(wrong), "{wrong}\n{text}");
        }
    }
    let asked = bonus_tie(BonusCounting::Beside, 13);
    let text = plain(&asked.explained(Language::English, None));
    assert!(text.contains("It can be any one of these lists."), "{text}");
    let bonus = text.split("Highest averages").next().unwrap();
    assert!(!bonus.contains("one seat each"), "{bonus}");
    let mut asked = bonus_tie(BonusCounting::Beside, 2);
    asked.contest.lists[0].registration = Some(1);
    asked.contest.lists[1].registration = Some(2);
    let text = plain(&asked.explained(Language::English, None));
    assert!(text.contains("so before the others: L1"), "{text}");
    assert!(text.contains("Set aside: 60 seats for L1."), "{text}");
}

/// The seats that a stage leaves, by what left them; and who leaves by a cap.
#[test]
fn what_is_left_and_who_leaves_has_its_true_reason() {
    let english = |asked: &Asked| plain(&asked.explained(Language::English, None));
    let stage = |change: fn(&mut Stage)| {
        let mut stage = Stage::all(Method::HARE);
        change(&mut stage);
        let rules = Rules {
            stages: vec![stage],
            ..Rules::of(Method::HARE)
        };
        Asked::new(&["A", "B"], Contest::with_votes(10, &[750, 250]), rules)
    };
    let text = english(&stage(|stage| stage.key_min = Some(Fraction::new(1, 1))));
    assert!(
        text.contains("One more seat takes at least 1/1 of the quota"),
        "{text}"
    );
    assert!(text.contains("too little for one more seat"), "{text}");
    let text = english(&stage(|stage| stage.each_max = Some(3)));
    assert!(
        text.contains("won as many seats as they may in this stage"),
        "{text}"
    );
    assert!(!text.contains("candidate"), "{text}");
    let mut asked = stage(|_| ());
    asked.contest.lists[0].candidates = Some(2);
    asked.contest.lists[1].candidates = Some(2);
    assert!(english(&asked).contains("lists have no further candidates"));
    let rules = Rules {
        seats_max: Some(5),
        above_max: AboveMax::SharedAnew,
        ..Rules::of(Method::D_HONDT)
    };
    let asked = Asked::new(
        &["A", "B", "C"],
        Contest::with_votes(11, &[800, 250, 150]),
        rules,
    );
    for (language, words) in [
        (
            Language::English,
            "More than a list may have, 5 seats: A. They get no more than that and leave.",
        ),
        (
            Language::Russian,
            "Больше, чем может быть у одного списка, 5 мандатов: A.",
        ),
        (Language::Kazakh, "5 мандат санынан көп: A."),
    ] {
        let document = asked.explained(language, None);
        recompute(&document, language).unwrap();
        let text = plain(&document);
        assert!(
            text.contains(words) && text.contains("11 − 1 × 5 = 6"),
            "{text}"
        );
    }
}
