//! Seats in districts under a house, and double proportional ones.

use crate::sums::recompute;
use apportionment::double_proportional::{self, CellRounding, DoubleProportional};
use apportionment::tiers::{
    self, Admission, DistrictMargins, Placement, Surplus, TierContest, TierLots, TierRules,
    TierStage, TierStageResult,
};
use apportionment::*;
use explanation::{Document, DoubleSubject, Format, Language, TierSubject};
use proptest::prelude::*;

pub fn names(kind: &str, number: usize) -> Vec<String> {
    let letters = ["A", "B", "C", "D", "E", "F"];
    letters[..number]
        .iter()
        .map(|letter| format!("{kind}{letter}"))
        .collect()
}

/// Districts by 1.4, 3, 5, ..., and levelling seats by the same over all for lists with 4%, as in Norway.
fn levelling(surplus: Surplus, last: TierStage) -> TierRules {
    let chain = vec![Stage::all(Method::MODIFIED_SAINTE_LAGUE)];
    let admission = Admission {
        overall: Some(Threshold::of_list_votes(4, 100)),
        ..Admission::default()
    };
    let mut stages = vec![
        TierStage::Districts {
            admission: Admission::default(),
            chain: chain.clone(),
        },
        TierStage::Whole {
            admission,
            chain,
            surplus,
        },
    ];
    if surplus == Surplus::Returned {
        stages.push(TierStage::Return(tiers::Series::ODD.into()));
    }
    stages.push(last);
    TierRules {
        stages,
        ties: vec![TieBreak::MoreVotes],
    }
}

fn explained(contest: &TierContest, rules: &TierRules, language: Language) -> Option<Document> {
    explained_with(contest, rules, &DistrictedMargins::default(), language)
}

fn explained_with(
    contest: &TierContest,
    rules: &TierRules,
    margins: &DistrictedMargins,
    language: Language,
) -> Option<Document> {
    let allocation = tiers::allocate(contest, rules, &TierLots::default()).ok()?;
    let lists = names("List ", contest.districted.lists.len());
    let districts = names("District ", contest.districted.districts.len());
    let subject = TierSubject {
        title: "Levelling seats",
        notice: "",
        lists: &lists,
        districts: &districts,
        constituencies: &[],
        regions: &[],
        persons: &[],
        contest,
        rules,
        lots: &TierLots::default(),
        void_lots: &[],
        allocation: &allocation,
        margins,
    };
    Some(explanation::tiers(subject, language))
}

fn norwegian() -> TierContest {
    let mut districted = DistrictedContest::with_votes(&[
        (5, &[42_310, 31_207, 9_904, 5_211]),
        (4, &[25_001, 28_994, 6_120, 4_870]),
        (3, &[12_660, 20_115, 7_033, 2_904]),
    ]);
    for district in &mut districted.districts {
        district.base.valid_votes = Some(district.votes.iter().sum());
    }
    TierContest {
        districted,
        further_seats: 3,
        ..TierContest::default()
    }
}

pub fn golden(name: &str, document: &Document) {
    golden_text(name, &document.render(Format::Text));
}

fn golden_text(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("EXPLANATION_WRITE").is_some() {
        std::fs::write(&path, text).unwrap();
    } else {
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{name}");
    }
}

#[test]
fn levelling_seats_are_told_stage_by_stage() {
    let rules = levelling(Surplus::Kept, TierStage::Place(Placement::NORWAY));
    for language in Language::ALL {
        let document = explained(&norwegian(), &rules, language).unwrap();
        assert!(recompute(&document, language).unwrap() > 20);
        golden(&format!("levelling.{language}.txt"), &document);
    }
}

/// What would change the seats of each district stands behind the rest, from the seats that it hands out itself.
#[test]
fn what_would_change_the_seats_of_districts_is_told_by_district() {
    let rules = levelling(Surplus::Kept, TierStage::Place(Placement::NORWAY));
    let mut contest = norwegian();
    for district in &mut contest.districted.districts {
        district.votes[3] = 1_000;
    }
    let lots = TierLots::default();
    let allocation = tiers::allocate(&contest, &rules, &lots).unwrap();
    let found =
        tiers::district_margins_while(&contest, &rules, &lots, &allocation, |_, _| true, || true);
    let found = DistrictedMargins {
        districts: found.unwrap().unwrap(),
        house: Vec::new(),
    };
    let TierStageResult::Districts(results) = &allocation.stages[0] else {
        panic!("districts come first");
    };
    for language in Language::ALL {
        let document = explained_with(&contest, &rules, &found, language).unwrap();
        let without = explained(&contest, &rules, language).unwrap();
        let (text, without) = (document.render(Format::Text), without.render(Format::Text));
        let own = text.strip_prefix(without.trim_end()).unwrap();
        golden_text(
            &format!("margins-of-districts.{language}.txt"),
            own.trim_start(),
        );
        let mut lines = own.lines().filter(|line| line.contains(" → "));
        for DistrictMargins {
            district, lists, ..
        } in &found.districts
        {
            let held = results[*district].allocation.seats();
            for (list, margins) in lists.iter().enumerate() {
                let margins = margins.as_ref().unwrap();
                let gain = margins.gain_by_added.iter().map(|it| (it, true));
                let gain = gain.chain(margins.gain_by_moved.iter().map(|it| (&it.1, true)));
                let loss = margins.loss_by_taken.iter().map(|it| (it, false));
                let loss = loss.chain(margins.loss_by_moved.iter().map(|it| (&it.1, false)));
                for (margin, gains) in gain.chain(loss) {
                    let line = lines.next().unwrap();
                    let before = held[list];
                    let after = margin.seats_after[list];
                    assert_eq!(after > before, gains);
                    assert!(line.contains(&format!("{before} → {after}")), "{line}");
                    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
                    assert!(digits.contains(&margin.votes.to_string()), "{line}");
                    assert!(
                        line.contains(&format!("List {}", ["A", "B", "C", "D"][list])),
                        "{line}"
                    );
                }
            }
        }
        assert_eq!(lines.next(), None);
    }
}

/// How many votes of a district change what a list has in the house is told list by list, with all whose seats change.
#[test]
fn what_would_change_the_seats_of_the_house_is_told_by_list() {
    let rules = levelling(Surplus::Kept, TierStage::Place(Placement::NORWAY));
    let contest = norwegian();
    let lots = TierLots::default();
    let before = tiers::allocate(&contest, &rules, &lots)
        .unwrap()
        .list_seats();
    let house = house_margins_of_tiers(&contest, &rules, &lots, |_, _| true, || true).unwrap();
    assert!(house.len() > 4);
    let found = DistrictedMargins {
        districts: Vec::new(),
        house,
    };
    for language in Language::ALL {
        let document = explained_with(&contest, &rules, &found, language).unwrap();
        let text = document.render(Format::Text);
        golden_text(
            &format!("margins-of-the-house.{language}.txt"),
            &behind(&text),
        );
        let mut lines = text.lines().filter(|line| line.contains(" → "));
        for HouseMargin {
            list,
            district,
            margin,
            ..
        } in &found.house
        {
            let line = lines.next().unwrap();
            let letter = |place: usize| ["A", "B", "C", "D"][place];
            assert!(line.contains(&format!("List {}", letter(*list))), "{line}");
            assert!(
                line.contains(&format!("District {}", letter(*district))),
                "{line}"
            );
            let digits: String = line.chars().filter(char::is_ascii_digit).collect();
            assert!(digits.contains(&margin.votes.to_string()), "{line}");
            for (place, (before, after)) in before.iter().zip(&margin.seats_after).enumerate() {
                let change = format!("List {} {before} → {after}", letter(place));
                assert_eq!(line.contains(&change), before != after, "{line}");
            }
        }
        assert_eq!(lines.next(), None);
    }
}

/// What stands from the heading of what would change on.
fn behind(text: &str) -> String {
    let headings = [
        "What would change it",
        "Что изменило бы",
        "Нәтижені не өзгертер",
    ];
    let begin = headings.iter().find_map(|heading| text.find(heading));
    text[begin.unwrap()..].to_owned()
}

/// Uri 2020: four municipalities, four lists.
fn uri() -> DistrictedContest {
    DistrictedContest::with_votes(&[
        (15, &[11_471, 11_908, 9_213, 7_756]),
        (7, &[2_822, 1_606, 1_567, 2_945]),
        (6, &[2_309, 1_705, 946, 1_573]),
        (9, &[4_794, 2_600, 2_961, 3_498]),
    ])
}

fn double(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    language: Language,
) -> Option<Document> {
    let allocation = double_proportional::allocate(contest, rules, &[], &[]).ok()?;
    let lists = names("List ", contest.lists.len());
    let districts = names("District ", contest.districts.len());
    let subject = DoubleSubject {
        title: "Double proportional",
        notice: "",
        lists: &lists,
        districts: &districts,
        contest,
        rules,
        lots: &[],
        void_lots: &[],
        allocation: &allocation,
        margins: &[],
    };
    Some(explanation::double_proportional(subject, language))
}

#[test]
fn double_proportional_seats_can_be_divided_again() {
    for language in Language::ALL {
        let document = double(&uri(), &DoubleProportional::default(), language).unwrap();
        assert!(recompute(&document, language).unwrap() > 40);
        golden(&format!("double-proportional.{language}.txt"), &document);
    }
}

/// Ties of both kinds are told, and a quotient that ends is not marked as cut.
#[test]
fn a_tie_among_districts_is_told() {
    let contest = DistrictedContest::with_votes(&[(1, &[10, 10]), (1, &[10, 10])]);
    let document = double(&contest, &DoubleProportional::default(), Language::English).unwrap();
    let text = document.render(Format::Text);
    assert!(text.contains("several tables are right"), "{text}");
    recompute(&document, Language::English).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn every_sum_in_districts_holds(
        votes in prop::collection::vec((1u32..8, prop::collection::vec(0u64..50_000, 3)), 1..5),
        further in 0u32..6,
        returned in any::<bool>(),
        down in any::<bool>(),
    ) {
        let lines: Vec<(u32, &[u64])> = votes.iter().map(|(seats, votes)| (*seats, &votes[..])).collect();
        let districted = DistrictedContest::with_votes(&lines);
        let rules = if returned {
            levelling(Surplus::Returned, TierStage::Place(Placement::SWEDEN))
        } else {
            levelling(Surplus::Kept, TierStage::Place(Placement { relative: None, ..Placement::NORWAY }))
        };
        let contest = TierContest { districted: districted.clone(), further_seats: further, ..TierContest::default() };
        let lower = if down { CellRounding::Down } else { CellRounding::Standard };
        let double_rules = DoubleProportional { lower, ..DoubleProportional::default() };
        for language in [Language::English, Language::Russian] {
            let told = [explained(&contest, &rules, language), double(&districted, &double_rules, language)];
            for document in told.into_iter().flatten() {
                let sums = recompute(&document, language);
                prop_assert!(sums.is_ok(), "{}", sums.unwrap_err());
            }
        }
    }
}
