//! Seats by quotas and first places, with a house above them: Czechia 2021 and New Zealand 2014 exactly, the mechanics of
//! Austria and Estonia, and what is refused.

// tidy: long because each law by quotas is shown by a contest of its own.

use super::*;

fn place_of(names: &[String], name: &str) -> usize {
    names.iter().position(|one| one == name).unwrap()
}

/// Law 247/1995 as amended in 2021: seats of regions by votes, quotas of votes over seats plus two, and the rest by the
/// votes that these seats left, over the whole country.
pub(crate) fn czechia() -> TierRules {
    let nearest = |kind| {
        Method::Quota(Quota {
            kind,
            rounding: Rounding::Nearest,
        })
    };
    let shares = [(2, 8), (3, 11)];
    let by_coalition_size = shares.map(|(size_min, share)| CoalitionShare {
        size_min,
        share: Fraction::new(share, 100),
    });
    TierRules {
        stages: vec![
            TierStage::SeatsOfDistricts {
                base: ThresholdBase::ListVotes,
                chain: vec![Stage::all(nearest(QuotaKind::Hare))],
            },
            TierStage::Quotas(Quotas {
                admission: Admission {
                    overall: Some(Threshold {
                        by_coalition_size: by_coalition_size.to_vec(),
                        ..Threshold::of_list_votes(5, 100)
                    }),
                    ..Admission::default()
                },
                chain: vec![Stage {
                    key_min: Some(Fraction::new(1, 1)),
                    ..Stage::all(nearest(QuotaKind::Imperiali))
                }],
                units: Units::Districts,
                of: QuotaVotes::TakingPart,
            }),
            TierStage::Remainders {
                chain: vec![Stage::all(nearest(QuotaKind::HagenbachBischoff))],
            },
            TierStage::Above,
        ],
        ties: vec![TieBreak::MoreVotes, TieBreak::Lot],
    }
}

#[test]
fn czechia_2021() {
    let Some(text) = read("others/cz_psp_2021.csv") else {
        return;
    };
    let mut rows = text
        .lines()
        .map(|line| line.split(';').map(str::to_owned).collect::<Vec<_>>());
    let regions = rows.next().unwrap().len() - 1;
    let rows: Vec<Vec<String>> = rows.filter(|row| row.len() > regions).collect();
    let names: Vec<String> = rows.iter().map(|row| row[0].clone()).collect();
    let list = |name: &String| DistrictedList {
        coalition_size: match name.as_str() {
            "SPOLU" => 3,
            name if name.contains("STAN") => 2,
            _ => 1,
        },
        ..DistrictedList::default()
    };
    let district = |region: usize| District {
        votes: rows
            .iter()
            .map(|row| row[region + 1].parse().unwrap())
            .collect(),
        ..District::default()
    };
    let contest = TierContest {
        districted: DistrictedContest {
            lists: names.iter().map(list).collect(),
            districts: (0..regions).map(district).collect(),
        },
        further_seats: 200,
        ..TierContest::default()
    };
    let allocation = agree(&contest, &czechia(), &TierLots::default());
    assert_eq!(allocation.outcome, Outcome::Settled);
    let seats: BTreeMap<&str, u32> = names
        .iter()
        .map(String::as_str)
        .zip(allocation.list_seats())
        .filter(|(_, seats)| *seats > 0)
        .collect();
    let mut found: Vec<u32> = seats.values().copied().collect();
    found.sort_unstable();
    assert_eq!(found, [20, 37, 71, 72], "{seats:?}");
    assert_eq!(allocation.list_seats()[place_of(&names, "SPD")], 20);
    let TierStageResult::SeatsOfDistricts(districts) = &allocation.stages[0] else {
        panic!("the seats of regions come first");
    };
    assert_eq!(districts.seats().iter().sum::<u32>(), 200);
    let steps = explain(&contest, &czechia(), &allocation);
    assert_eq!(steps.len(), 4);
    assert_eq!(steps[3], TierSteps::Above(allocation.house_seats.clone()));
}

/// New Zealand, 20 September 2014: electorates by first places, 120 seats by Sainte-Laguë among parties with 5% or an
/// electorate, and one seat more, because United Future won an electorate and was due none.
#[test]
fn new_zealand_2014() {
    let Some(text) = read("others/nz_leg_2014_electorate.csv") else {
        return;
    };
    let mut rows = text.lines().map(|line| line.split(';').collect::<Vec<_>>());
    let names: Vec<String> = rows.next().unwrap()[1..]
        .iter()
        .map(|&name| name.to_owned())
        .collect();
    // The country-wide party votes; the parties below stand for no electorate of the file.
    let votes = |name: &str| match name {
        "National Party" => 1_131_501,
        "Labour Party" => 604_535,
        "Green Party" => 257_359,
        "New Zealand First Party" => 208_300,
        "Māori Party" => 31_849,
        "ACT New Zealand" => 16_689,
        "United Future" => 5_286,
        _ => 0,
    };
    let others = [95_598, 34_094, 10_961];
    let mut party_votes: Vec<u64> = names.iter().map(|name| votes(name)).collect();
    party_votes.extend(others);
    let constituencies: Vec<Constituency> = rows
        .filter(|row| row.len() > 1)
        .map(|row| {
            let mut votes: Vec<u64> = row[1..]
                .iter()
                .map(|votes| votes.parse().unwrap())
                .collect();
            votes.extend(others.map(|_| 0));
            Constituency {
                votes,
                ..Constituency::default()
            }
        })
        .collect();
    let electorates = u32::try_from(constituencies.len()).unwrap();
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(0, &party_votes)]),
        further_seats: 120,
        constituencies,
        ..TierContest::default()
    };
    let rules = TierRules {
        stages: vec![
            TierStage::Constituencies,
            TierStage::Whole {
                admission: Admission {
                    overall: Some(Threshold::of_list_votes(5, 100)),
                    constituencies_won: Some(1),
                    ..Admission::default()
                },
                chain: vec![Stage::all(Method::SAINTE_LAGUE)],
                surplus: Surplus::Added,
            },
            TierStage::Above,
        ],
        ties: vec![TieBreak::Lot],
    };
    let allocation = agree(&contest, &rules, &TierLots::default());
    let seats: BTreeMap<&str, u32> = names
        .iter()
        .map(String::as_str)
        .zip(allocation.list_seats())
        .collect();
    let official = [
        ("National Party", 60),
        ("Labour Party", 32),
        ("Green Party", 14),
        ("New Zealand First Party", 11),
        ("Māori Party", 2),
        ("ACT New Zealand", 1),
        ("United Future", 1),
    ];
    assert_eq!(seats, official.into_iter().collect());
    assert_eq!((allocation.added, electorates), (1, 71));
}

/// A state of two regional constituencies with 10 seats, and one of a single one with 4: whole quotas of the state, state
/// seats for what they leave, and 14 seats by D'Hondt for the rest.
#[test]
fn three_tiers_as_in_austria() {
    let votes: [(u32, &[u64]); 3] = [
        (6, &[3_300, 1_900, 600, 200]),
        (4, &[1_700, 2_050, 350, 100]),
        (4, &[1_900, 1_500, 500, 90]),
    ];
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&votes),
        regions: vec![
            Region {
                districts: vec![0, 1],
                further_seats: 0,
            },
            Region {
                districts: vec![2],
                further_seats: 0,
            },
        ],
        ..TierContest::default()
    };
    let of = QuotaVotes::Region(ThresholdBase::ListVotes);
    let chain = vec![Stage {
        key_min: Some(Fraction::new(1, 1)),
        ..Stage::all(Method::Quota(Quota {
            kind: QuotaKind::Hare,
            rounding: Rounding::Up,
        }))
    }];
    let entitled = Admission {
        overall: Some(Threshold::of_list_votes(4, 100)),
        seats_won: Some(1),
        ..Admission::default()
    };
    let quotas = |admission, units| {
        TierStage::Quotas(Quotas {
            admission,
            chain: chain.clone(),
            units,
            of,
        })
    };
    let rules = TierRules {
        stages: vec![
            quotas(Admission::default(), Units::Districts),
            quotas(entitled.clone(), Units::Regions),
            TierStage::Whole {
                admission: entitled,
                chain: vec![Stage::all(Method::D_HONDT)],
                surplus: Surplus::Kept,
            },
            TierStage::Above,
        ],
        ties: vec![TieBreak::Lot],
    };
    let allocation = agree(&contest, &rules, &TierLots::default());
    // The first state: 10,200 votes over 10 seats, so 1,020; the second: 3,990 over 4, rounded up to 998.
    assert_eq!(allocation.seats, [[3, 1, 0, 0], [1, 2, 0, 0], [1, 1, 0, 0]]);
    // In the first state 5,000 votes are four quotas and 3,950 three, all had in districts; the second has none to add.
    assert_eq!(allocation.region_seats, [[0, 0, 0, 0], [0, 0, 0, 0]]);
    // 14 seats by D'Hondt among the first three: 6,900, 5,450 and 1,450 votes; the fourth has 2.7% and no seat.
    assert_eq!(allocation.house_seats, [2, 2, 1, 0]);
    assert_eq!(allocation.list_seats(), [7, 6, 1, 0]);
    let mut wrong = allocation.clone();
    wrong.house_seats.swap(0, 2);
    let refused = verify(&contest, &rules, &TierLots::default(), &wrong).unwrap_err();
    assert!(refused.contains(&TierRefusal::SeatsAbove { list: 0 }));
    // A district cannot share the quota of its region by remainders.
    let mut by_remainders = rules.clone();
    if let TierStage::Quotas(quotas) = &mut by_remainders.stages[0] {
        quotas.chain = vec![Stage::all(Method::HARE)];
    }
    let refused = allocate(&contest, &by_remainders, &TierLots::default()).unwrap_err();
    assert_eq!(refused.code(), "QUOTAS_OF_REGION");
}

/// Riigikogu Election Act, section 62: a person with a quota is elected whatever becomes of the list, lists of 5% have their
/// quotas and one for three quarters left, and the rest goes by votes over m to the power of 0.9 from where each list stands.
#[test]
fn persons_quotas_and_compensation_as_in_estonia() {
    let votes: [(u32, &[u64]); 2] = [
        // Quota 1,000: 2.76, 1.74 and 0.2 quotas, and a person alone with 1.3 quotas.
        (6, &[2_760, 1_740, 200, 1_300]),
        (4, &[1_600, 1_500, 900, 0]),
    ];
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&votes),
        further_seats: 0,
        persons: vec![
            PersonVotes {
                district: 0,
                list: Some(3),
                votes: 1_300,
            },
            PersonVotes {
                district: 0,
                list: Some(0),
                votes: 1_000,
            },
            PersonVotes {
                district: 0,
                list: Some(1),
                votes: 999,
            },
        ],
        ..TierContest::default()
    };
    let party = Admission {
        overall: Some(Threshold::of_list_votes(10, 100)),
        ..Admission::default()
    };
    let power = Method::Divisors(Divisors::Power {
        exponent: Fraction::new(9, 10),
    });
    // The person alone has 13% and must not share in quotas of lists: the share is set above it here.
    let rules = |share| TierRules {
        stages: vec![
            TierStage::Persons {
                base: ThresholdBase::ListVotes,
            },
            TierStage::Quotas(Quotas {
                admission: Admission {
                    overall: Some(Threshold::of_list_votes(share, 100)),
                    ..Admission::default()
                },
                chain: vec![Stage {
                    key_min: Some(Fraction::new(3, 4)),
                    ..Stage::all(Method::HARE)
                }],
                units: Units::Districts,
                of: QuotaVotes::Own(ThresholdBase::ListVotes),
            }),
            TierStage::Whole {
                admission: Admission {
                    overall: Some(Threshold::of_list_votes(share, 100)),
                    ..party.clone()
                },
                chain: vec![Stage::all(power)],
                surplus: Surplus::Kept,
            },
            TierStage::Above,
        ],
        ties: vec![TieBreak::MoreVotes],
    };
    let allocation = agree(&contest, &rules(14), &TierLots::default());
    let TierStageResult::Persons(elected) = &allocation.stages[0] else {
        panic!("persons come first");
    };
    let persons: Vec<usize> = elected.iter().map(|one| one.person).collect();
    assert_eq!(persons, [0, 1]);
    // 2.76 quotas are three seats, with that of its person; 1.74 are one.
    assert_eq!(allocation.seats, [[3, 1, 0, 1], [1, 1, 0, 0]]);
    // Three of ten are left: 4,360 over 5^0.9 and 6^0.9, 3,240 over 3^0.9 and 4^0.9.
    assert_eq!(allocation.house_seats, [1, 2, 0, 0]);
    // More votes for a person than the list has are refused.
    let mut wrong = contest.clone();
    wrong.persons[0].votes = 1_301;
    let refused = allocate(&wrong, &rules(14), &TierLots::default()).unwrap_err();
    assert_eq!(refused.code(), "PERSONS_ABOVE_LIST");
}

/// A person without a list who comes first takes a seat from the house; level with a list's person, the
/// seat and the house are open until a lot favours the list.
#[test]
fn a_person_without_a_list() {
    let germany = TierRules {
        stages: vec![
            TierStage::Whole {
                admission: Admission::default(),
                chain: vec![Stage::all(Method::SAINTE_LAGUE)],
                surplus: Surplus::Kept,
            },
            TierStage::Shares {
                chain: vec![Stage::all(Method::SAINTE_LAGUE)],
            },
            TierStage::Cover,
        ],
        ties: vec![TieBreak::Lot],
    };
    let mut contest = TierContest {
        districted: DistrictedContest::with_votes(&[(0, &[600, 400])]),
        further_seats: 10,
        constituencies: vec![Constituency {
            votes: vec![100, 90],
            other_votes: 150,
            other_most: 120,
            ..Constituency::default()
        }],
        ..TierContest::default()
    };
    let with = agree(&contest, &germany, &TierLots::default());
    assert_eq!((with.list_seats(), with.outside), (vec![5, 4], 1));
    contest.constituencies[0].other_most = 99;
    let without = agree(&contest, &germany, &TierLots::default());
    assert_eq!((without.list_seats(), without.outside), (vec![6, 4], 0));
    let refused = verify(&contest, &germany, &TierLots::default(), &with).unwrap_err();
    assert!(refused.contains(&TierRefusal::House));
    contest.constituencies[0].other_most = 100;
    // Level, nobody knows whether lists share nine or ten seats.
    let open = agree(&contest, &germany, &TierLots::default());
    assert_eq!((open.outcome, open.pending), (Outcome::Tied, 10));
    let refused = verify(&contest, &germany, &TierLots::default(), &without).unwrap_err();
    assert!(refused.contains(&TierRefusal::Due { stage: 0 }));
    contest.constituencies[0].drawn = Some(FirstPlace::List(0));
    let drawn = agree(&contest, &germany, &TierLots::default());
    assert_eq!(drawn.list_seats(), [6, 4]);
    contest.constituencies[0].drawn = Some(FirstPlace::List(1));
    let open = agree(&contest, &germany, &TierLots::default());
    assert_eq!(open.outcome, Outcome::Tied);
    // A lot for the person: the seat is none of the house, as if by votes.
    contest.constituencies[0].drawn = Some(FirstPlace::WithoutList);
    let alone = agree(&contest, &germany, &TierLots::default());
    assert_eq!((alone.list_seats(), alone.outside), (vec![5, 4], 1));
    let refused = verify(&contest, &germany, &TierLots::default(), &drawn).unwrap_err();
    assert!(refused.contains(&TierRefusal::House));
    // The lot means nothing where the person is not level.
    contest.constituencies[0].other_most = 99;
    let below = agree(&contest, &germany, &TierLots::default());
    assert_eq!((below.list_seats(), below.outside), (vec![6, 4], 0));
}

/// Seats of districts that rest on no constituency stand where a person without a list is level with a list's.
#[test]
fn seats_that_rest_on_no_first_place_stand() {
    let districts = TierStage::Districts {
        admission: Admission::default(),
        chain: vec![Stage::all(Method::D_HONDT)],
    };
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(3, &[60, 40])]),
        constituencies: vec![Constituency {
            votes: vec![5, 0],
            other_votes: 5,
            other_most: 5,
            ..Constituency::default()
        }],
        ..TierContest::default()
    };
    let mut rules = TierRules {
        stages: vec![districts],
        ties: vec![TieBreak::Lot],
    };
    let settled = agree(&contest, &rules, &TierLots::default());
    assert_eq!(settled.outcome, Outcome::Settled);
    rules.stages.push(TierStage::Cover);
    let open = agree(&contest, &rules, &TierLots::default());
    assert_eq!(
        (open.outcome, open.list_seats()),
        (Outcome::Tied, vec![2, 1])
    );
    let Some(TierStageResult::Cover(cover)) = open.stages.last() else {
        panic!("first places come last");
    };
    assert_eq!(cover.undecided, [0]);
}

/// Two lists without a seat in the district lead level: neither's person can be covered, whoever of them came first.
#[test]
fn no_lot_for_a_first_place_that_nobody_can_be_given() {
    let districts = TierStage::Districts {
        admission: Admission::default(),
        chain: vec![Stage::all(Method::D_HONDT)],
    };
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&[(3, &[90, 1, 1])]),
        constituencies: vec![Constituency {
            votes: vec![4, 5, 5],
            ..Constituency::default()
        }],
        ..TierContest::default()
    };
    let rules = TierRules {
        stages: vec![districts, TierStage::Cover],
        ties: vec![TieBreak::Lot],
    };
    let settled = agree(&contest, &rules, &TierLots::default());
    assert_eq!(settled.outcome, Outcome::Settled);
}

/// More seats than candidates in a district are refused with both numbers; enough candidates change nothing.
#[test]
fn candidates_in_a_district() {
    let mut contest = TierContest {
        districted: DistrictedContest::with_votes(&[(3, &[60, 10]), (2, &[50, 40])]),
        ..TierContest::default()
    };
    let rules = TierRules {
        stages: vec![TierStage::Districts {
            admission: Admission::default(),
            chain: vec![Stage::all(Method::D_HONDT)],
        }],
        ties: vec![TieBreak::Lot],
    };
    contest.districted.districts[0].candidates = vec![Some(3), None];
    assert_eq!(
        agree(&contest, &rules, &TierLots::default()).seats,
        [[3, 0], [1, 1]]
    );
    let right = allocate(&contest, &rules, &TierLots::default()).unwrap();
    contest.districted.districts[0].candidates = vec![Some(2), None];
    let refused = allocate(&contest, &rules, &TierLots::default()).unwrap_err();
    let exhausted = DistrictsError::ListExhausted {
        district: 0,
        list: 0,
        seats: 3,
        candidates: 2,
    };
    assert_eq!(refused, exhausted);
    let length = TierRefusal::ListLength {
        district: 0,
        list: 0,
    };
    let found = verify(&contest, &rules, &TierLots::default(), &right).unwrap_err();
    assert!(found.contains(&length));
}
