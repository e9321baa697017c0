//! Tiers of quotas, first places and persons: each stage has its words, and the totals are those of the whole result.

use crate::districts::{golden, names};
use crate::sums::recompute;
use apportionment::tiers::{
    self, Admission, Constituency, PersonVotes, Placement, QuotaVotes, Quotas, Region, Series,
    Surplus, TierContest, TierLots, TierRules, TierStage, Units,
};
use apportionment::*;
use explanation::{Document, Format, Language, TierSubject};

fn told(contest: &TierContest, rules: &TierRules, language: Language) -> Document {
    told_with(contest, rules, &TierLots::default(), language)
}

pub fn told_with(
    contest: &TierContest,
    rules: &TierRules,
    lots: &TierLots,
    language: Language,
) -> Document {
    let allocation = tiers::allocate(contest, rules, lots).unwrap();
    let lists = names("List ", contest.districted.lists.len());
    let districts = names("District ", contest.districted.districts.len());
    let constituencies = names("Constituency ", contest.constituencies.len());
    let regions = names("Land ", contest.regions.len());
    let persons = names("Person ", contest.persons.len());
    let subject = TierSubject {
        title: "",
        notice: "",
        lists: &lists,
        districts: &districts,
        constituencies: &constituencies,
        regions: &regions,
        persons: &persons,
        contest,
        rules,
        lots,
        void_lots: &[],
        allocation: &allocation,
        margins: &DistrictedMargins::default(),
    };
    let document = explanation::tiers(subject, language);
    recompute(&document, language).unwrap();
    // The totals of the lists are those of the result, wherever the seats are.
    let text = document.render(Format::Text);
    for (list, seats) in lists.iter().zip(allocation.list_seats()) {
        let total = text
            .lines()
            .find(|line| line.starts_with(&format!("  {list}: ")))
            .unwrap();
        let last = total.trim_end_matches('.').rsplit(' ').next().unwrap();
        assert_eq!(last.parse(), Ok(seats), "{total}");
    }
    document
}

fn english(contest: &TierContest, rules: &TierRules) -> String {
    plain(&told(contest, rules, Language::English))
}

/// With the spaces of a keyboard.
pub fn plain(document: &Document) -> String {
    let text = document.render(Format::Text);
    text.replace(['\u{202f}', '\u{a0}'], " ")
}

fn has(text: &str, words: &[&str]) {
    for words in words {
        assert!(text.contains(words), "{words}\nnot in:\n{text}");
    }
}

fn imperiali() -> Stage {
    Stage {
        key_min: Some(Fraction::new(1, 1)),
        ..Stage::all(rounded(QuotaKind::Imperiali))
    }
}

fn rounded(kind: QuotaKind) -> Method {
    Method::Quota(Quota {
        kind,
        rounding: Rounding::Nearest,
    })
}

fn rules(stages: Vec<TierStage>) -> TierRules {
    TierRules {
        stages,
        ties: vec![TieBreak::MoreVotes, TieBreak::Lot],
    }
}

/// Seats of regions by votes, quotas there, and the rest by the votes that are left, as in Czechia.
fn czech() -> (TierContest, TierRules) {
    let districted = DistrictedContest::with_votes(&[
        (0, &[4_000, 900, 800, 700, 600]),
        (0, &[2_000, 1_900, 850, 700, 550]),
    ]);
    let contest = TierContest {
        districted,
        further_seats: 11,
        ..TierContest::default()
    };
    let stages = vec![
        TierStage::SeatsOfDistricts {
            base: ThresholdBase::ListVotes,
            chain: vec![Stage::all(rounded(QuotaKind::Hare))],
        },
        TierStage::Quotas(Quotas {
            admission: Admission::default(),
            chain: vec![imperiali()],
            units: Units::Districts,
            of: QuotaVotes::TakingPart,
        }),
        TierStage::Remainders {
            chain: vec![Stage::all(rounded(QuotaKind::HagenbachBischoff))],
        },
        TierStage::Above,
    ];
    (contest, rules(stages))
}

#[test]
fn quotas_and_remainders_are_told() {
    let (contest, rules) = czech();
    for language in Language::ALL {
        golden(
            &format!("quotas.{language}.txt"),
            &told(&contest, &rules, language),
        );
    }
    has(
        &english(&contest, &rules),
        &[
            "Seats of each district",
            "votes for all lists",
            "Seats by quotas in districts",
            "One more seat takes at least 1",
            "too little for one more seat",
            "Seats by votes that quotas did not use up",
            "Seats in no district",
            "In no district",
        ],
    );
}

/// First places, and a house that grows where a list won more of them than is due to it, as in New Zealand.
#[test]
fn first_places_and_a_growing_house_are_told() {
    let first = |district, votes: [u64; 3], other: u64| Constituency {
        district,
        votes: votes.to_vec(),
        other_votes: other,
        other_most: other,
        drawn: None,
    };
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(0, &[600, 300, 100])]),
        further_seats: 6,
        constituencies: vec![
            first(0, [10, 20, 90], 0),
            first(0, [10, 20, 90], 0),
            first(0, [70, 20, 10], 0),
            first(0, [10, 20, 10], 80),
        ],
        ..TierContest::default()
    };
    let stages = vec![
        TierStage::Constituencies,
        TierStage::Whole {
            admission: Admission::default(),
            chain: vec![Stage::all(Method::SAINTE_LAGUE)],
            surplus: Surplus::Added,
        },
        TierStage::Above,
    ];
    let text = english(&contest, &rules(stages.clone()));
    has(
        &text,
        &[
            "90 > 20",
            "a person without a list",
            "80 > 20",
            "List C keeps more than is due to it, by which the house grows: 2 − 0 = 2",
            "Seats that the house has more: 2.",
            "Seats of persons without a list: 1.",
            "In no district",
        ],
    );
    let tied = TierContest {
        constituencies: vec![first(0, [50, 50, 1], 0)],
        ..contest
    };
    has(
        &english(&tied, &rules(stages)),
        &["undecided, equal votes: List A and List B", "50 = 50"],
    );
}

/// Persons by their own votes and three quarters of a quota, as in Estonia; the quota is of all valid votes.
pub fn estonia() -> (TierContest, TierRules) {
    let mut districted = DistrictedContest::with_votes(&[(4, &[2_400, 1_200, 200])]);
    districted.districts[0].base.valid_votes = Some(4_000);
    let contest = TierContest {
        districted,
        persons: vec![PersonVotes {
            district: 0,
            list: Some(1),
            votes: 1_100,
        }],
        ..TierContest::default()
    };
    let quotas = |of| {
        TierStage::Quotas(Quotas {
            admission: Admission::default(),
            chain: vec![Stage {
                key_min: Some(Fraction::new(3, 4)),
                ..Stage::all(Method::HARE)
            }],
            units: Units::Districts,
            of,
        })
    };
    let base = ThresholdBase::ValidVotes;
    let house = TierStage::Whole {
        admission: Admission::default(),
        chain: vec![Stage::all(Method::D_HONDT)],
        surplus: Surplus::Added,
    };
    let stages = vec![
        TierStage::Persons { base },
        quotas(QuotaVotes::Own(base)),
        house,
        TierStage::Above,
    ];
    (contest, rules(stages))
}

#[test]
fn persons_and_their_quota_are_told() {
    let (contest, rules) = estonia();
    has(
        &english(&contest, &rules),
        &[
            "1 100 ≥ 1 000",
            "Person A   List B   District A",
            "The quota is of this count and its seats: valid votes, 4 000 votes, 4 seats.",
            "4 000 / 4 = 1 000",
            "at least 3/4 of the quota",
        ],
    );
}

/// Quotas of regions in districts and then in regions, as in Austria; and places in regions have the names of regions.
pub fn austria() -> (TierContest, TierRules) {
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[
            (3, &[900, 500]),
            (2, &[300, 500]),
            (2, &[400, 300]),
        ]),
        further_seats: 2,
        regions: vec![
            Region {
                districts: vec![0, 1],
                further_seats: 1,
            },
            Region {
                districts: vec![2],
                further_seats: 1,
            },
        ],
        ..TierContest::default()
    };
    let quotas = |units, of| {
        TierStage::Quotas(Quotas {
            admission: Admission::default(),
            chain: vec![Stage {
                key_min: Some(Fraction::new(1, 1)),
                ..Stage::all(Method::HARE)
            }],
            units,
            of,
        })
    };
    let of = QuotaVotes::Region(ThresholdBase::ListVotes);
    let rules = rules(vec![
        quotas(Units::Districts, of),
        quotas(Units::Regions, QuotaVotes::TakingPart),
        whole_house(),
        TierStage::Above,
    ]);
    (contest, rules)
}

fn whole_house() -> TierStage {
    TierStage::Whole {
        admission: Admission::default(),
        chain: vec![Stage::all(Method::D_HONDT)],
        surplus: Surplus::Kept,
    }
}

#[test]
fn regions_are_told() {
    let (contest, austria) = austria();
    has(
        &english(&contest, &austria),
        &[
            "Seats by quotas in regions",
            "Land B",
            "votes for all lists, 2 200 votes, 6 seats",
            "2 200 / 6 = ",
        ],
    );
    let denmark = rules(vec![
        TierStage::Districts {
            admission: Admission::default(),
            chain: vec![Stage::all(Method::D_HONDT)],
        },
        whole_house(),
        TierStage::Regions(Series::ODD),
        TierStage::Inside(Series::DANISH),
    ]);
    let text = english(&contest, &denmark);
    let (regions, inside) = text
        .split_once("Seats placed in regions")
        .and_then(|(_, placed)| placed.split_once("Seats placed in districts"))
        .unwrap();
    assert!(
        regions.contains("Land A") && !regions.contains("District"),
        "{regions}"
    );
    assert!(inside.contains("District B"), "{inside}");
}

/// A district without votes is no tie, and a seat that a district's most leaves is not for want of candidates.
#[test]
fn what_is_open_or_left_has_its_true_reason() {
    let stages = |per_district| {
        rules(vec![
            TierStage::Districts {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::D_HONDT)],
            },
            TierStage::Whole {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::D_HONDT)],
                surplus: Surplus::Kept,
            },
            TierStage::Place(Placement {
                per_district,
                ..Placement::SWEDEN
            }),
        ])
    };
    let contest = |second: &[u64]| TierContest {
        districted: DistrictedContest::with_votes(&[(2, &[30, 20]), (2, second)]),
        further_seats: 4,
        ..TierContest::default()
    };
    let text = english(&contest(&[0, 0]), &stages(None));
    has(
        &text,
        &[
            "No votes yet: District B.",
            "Seats that are not settled yet: ",
        ],
    );
    assert!(!text.contains("A tie is open"), "{text}");
    let text = english(&contest(&[50, 11]), &stages(Some(1)));
    has(
        &text,
        &[
            "Each district gets at most 1 seat",
            "Seats for which no district",
        ],
    );
    assert!(!text.contains("candidate"), "{text}");
}
