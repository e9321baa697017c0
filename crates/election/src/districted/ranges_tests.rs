//! Ranges behind open ties, against every outcome of small contests. The outcomes are found with the engine's own lots, by
//! other code than that under test.

// tidy: long because each kind of law has its small contests here, all held to one oracle.

use super::answer::{DistrictedAllocation, seats_within};
use super::{DistrictedQuestion, DistrictedRules, Names};
use crate::ids::{DistrictId, OptionId};
use apportionment::double_proportional::{self, CellLot, DoubleProportional};
use apportionment::tiers::{
    self, Admission, Constituency, FirstPlace, Place, PlaceLot, PlaceTie, Placement, QuotaVotes,
    Quotas, Region, Series, Surplus, TierContest, TierLot, TierLots, TierRules, TierStage,
    TierStageResult, Units,
};
use apportionment::*;

/// A repeatable sequence (Knuth's multiplier).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn seats(&mut self, least: u32, limit: u32) -> u32 {
        least + u32::try_from(self.below(u64::from(limit))).unwrap()
    }
}

/// Seats by district and list, and by list above districts, of one outcome.
type Held = (Vec<Vec<u32>>, Vec<u32>);

fn subsets(of: &[usize], size: u32) -> Vec<Vec<usize>> {
    (0_u32..1 << of.len())
        .filter(|mask| mask.count_ones() == size)
        .map(|mask| {
            (0..of.len())
                .filter(|bit| mask >> bit & 1 == 1)
                .map(|bit| of[bit])
                .collect()
        })
        .collect()
}

/// The first tie that is open, as every question with one more lot.
fn ways(
    contest: &TierContest,
    lots: &TierLots,
    stages: &[TierStageResult],
) -> Option<Vec<(TierContest, TierLots)>> {
    let inside = |stage: usize, part: usize, allocation: &Allocation| {
        let tie = allocation.open_ties().next()?;
        let lot = |winners| {
            let mut lots = lots.clone();
            lots.inside.push(TierLot {
                stage,
                part,
                lot: Lot {
                    stage: tie.at,
                    lists: tie.open.clone(),
                    seats_at_stake: tie.open_seats,
                    winners,
                },
            });
            (contest.clone(), lots)
        };
        Some(
            subsets(&tie.open, tie.open_seats)
                .into_iter()
                .map(lot)
                .collect::<Vec<_>>(),
        )
    };
    let placed = |stage: usize, tie: &Option<PlaceTie>| {
        let tie = tie.as_ref()?;
        let lot = |winner: &Place| {
            let mut lots = lots.clone();
            lots.places.push(PlaceLot {
                stage,
                tied: tie.tied.clone(),
                winner: *winner,
            });
            (contest.clone(), lots)
        };
        Some(tie.tied.iter().map(lot).collect::<Vec<_>>())
    };
    let first = |number: usize| {
        let lists = contest.constituencies[number].leading();
        let drawn = |list| {
            let mut contest = contest.clone();
            contest.constituencies[number].drawn = Some(FirstPlace::List(list));
            (contest, lots.clone())
        };
        lists.into_iter().map(drawn).collect::<Vec<_>>()
    };
    stages
        .iter()
        .enumerate()
        .find_map(|(number, stage)| match stage {
            TierStageResult::SeatsOfDistricts(allocation) => inside(number, 0, allocation),
            TierStageResult::Districts(results) => {
                let mut parts = results.iter().enumerate();
                parts.find_map(|(part, result)| inside(number, part, &result.allocation))
            }
            TierStageResult::Quotas(results) => {
                let mut parts = results.iter().enumerate();
                parts.find_map(|(part, result)| inside(number, part, result.allocation.as_ref()?))
            }
            TierStageResult::Remainders(result) => inside(number, 0, result.allocation.as_ref()?),
            TierStageResult::Whole(result) => {
                let mut rounds = result.rounds.iter().enumerate();
                let open =
                    rounds.find_map(|(round, entry)| inside(number, round, &entry.allocation));
                if !result.rounds.is_empty() || result.due.is_some() {
                    return open;
                }
                let constituencies = contest.constituencies.iter();
                let tied = constituencies
                    .clone()
                    .position(|one| one.leading().len() > 1 && one.first().is_none());
                tied.map(first)
            }
            TierStageResult::Shares(results) => {
                let mut parts = results.iter().enumerate();
                parts.find_map(|(part, result)| inside(number, part, result.as_ref()?))
            }
            TierStageResult::Constituencies(result) => result.undecided.first().copied().map(first),
            TierStageResult::Return(result) => placed(number, &result.tie),
            TierStageResult::Place(result) | TierStageResult::Regions(result) => {
                placed(number, &result.tie)
            }
            TierStageResult::Inside(results) => results
                .iter()
                .find_map(|result| placed(number, &result.tie)),
            TierStageResult::Cover(result) => {
                let covered = result
                    .lines
                    .iter()
                    .find_map(|line| placed(number, &line.tie));
                covered.or_else(|| result.undecided.first().copied().map(first))
            }
            TierStageResult::Persons(_)
            | TierStageResult::Above(_)
            | TierStageResult::Bonus
            | TierStageResult::Majority(_) => None,
        })
}

fn all_of_tiers(contest: &TierContest, rules: &TierRules, lots: &TierLots, found: &mut Vec<Held>) {
    let allocation = tiers::allocate(contest, rules, lots).unwrap();
    match ways(contest, lots, &allocation.stages) {
        Some(ways) => {
            for (contest, lots) in ways {
                all_of_tiers(&contest, rules, &lots, found);
            }
        }
        None => {
            let mut above = allocation.house_seats.clone();
            for line in &allocation.region_seats {
                for (above, seats) in above.iter_mut().zip(line) {
                    *above += seats;
                }
            }
            found.push((allocation.seats, above));
        }
    }
}

fn all_of_cells(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    lots: (&[Lot], &[CellLot]),
    found: &mut Vec<Held>,
) {
    let allocation = double_proportional::allocate(contest, rules, lots.0, lots.1).unwrap();
    if let Some(tie) = allocation.upper.open_ties().next() {
        for winners in subsets(&tie.open, tie.open_seats) {
            let mut upper = lots.0.to_vec();
            upper.push(Lot {
                stage: tie.at,
                lists: tie.open.clone(),
                seats_at_stake: tie.open_seats,
                winners,
            });
            all_of_cells(contest, rules, (&upper, lots.1), found);
        }
        return;
    }
    let lower = allocation.lower.as_ref().unwrap();
    if let Some(tie) = lower.ties.iter().find(|tie| tie.winners.is_none()) {
        let numbers: Vec<usize> = (0..tie.cells.len()).collect();
        for chosen in subsets(&numbers, tie.seats_at_stake()) {
            let winners: Vec<_> = chosen.into_iter().map(|one| tie.cells[one]).collect();
            if tie.allows(&winners) {
                let mut cells = lots.1.to_vec();
                cells.push(CellLot {
                    cells: tie.cells.clone(),
                    seats_at_stake: tie.seats_at_stake(),
                    winners,
                });
                all_of_cells(contest, rules, (lots.0, &cells), found);
            }
        }
        return;
    }
    found.push((lower.seats.clone(), vec![0; contest.lists.len()]));
}

fn names(contest: &TierContest) -> Names {
    let (lists, districts) = (
        contest.districted.lists.len(),
        contest.districted.districts.len(),
    );
    let ids = |kind: &str, count: usize| -> Vec<DistrictId> {
        let ids = (0..count).map(|number| DistrictId::new(&format!("{kind}{number}")).unwrap());
        ids.collect()
    };
    Names {
        lists: (0..lists)
            .map(|list| OptionId::new(&format!("l{list}")).unwrap())
            .collect(),
        districts: ids("d", districts),
        parts: vec![Vec::new(); districts],
        stands: vec![vec![true; lists]; districts],
        regions: ids("r", contest.regions.len()),
        constituencies: ids("c", contest.constituencies.len()),
        ..Names::default()
    }
}

/// Looks at a contest in both ways; whether a tie is open in it.
fn check(contest: TierContest, rules: DistrictedRules) -> bool {
    let question = DistrictedQuestion::new(names(&contest), rules, contest, Vec::new());
    let mut found = Vec::new();
    let allocation = match &question.asked {
        super::Asked::Tiers { contest, rules, .. } => {
            let Ok(allocation) = tiers::allocate(contest, rules, &TierLots::default()) else {
                return false;
            };
            if allocation.outcome == Outcome::Tied {
                // Whoever ends a tie that no rule settles: it can end as a lot could end it.
                let mut rules = rules.clone();
                rules.ties.push(TieBreak::Lot);
                rules.ties.dedup();
                all_of_tiers(contest, &rules, &TierLots::default(), &mut found);
            }
            DistrictedAllocation::Tiers(allocation)
        }
        super::Asked::DoubleProportional { contest, rules, .. } => {
            let Ok(allocation) = double_proportional::allocate(contest, rules, &[], &[]) else {
                return false;
            };
            if allocation.outcome() == Outcome::Tied {
                all_of_cells(contest, rules, (&[], &[]), &mut found);
            }
            DistrictedAllocation::DoubleProportional(allocation)
        }
    };
    if found.is_empty() {
        return false;
    }
    let (held, above) = super::outcomes::held(&question, &allocation);
    let exact = seats_within(&question, &allocation, 100_000);
    let bounds = seats_within(&question, &allocation, 0);
    assert_eq!(exact.total(), bounds.total(), "{question:?}");
    let lists = above.len();
    for district in 0..held.len() {
        for list in 0..lists {
            let all = found.iter().map(|(cells, _)| cells[district][list]);
            let (fewest, most) = (all.clone().min().unwrap(), all.max().unwrap());
            let own = held[district][list];
            let range =
                |of: &super::DistrictedSeats| (of.seats[district][list], of.most[district][list]);
            let here =
                format!("district {district}, list {list}, outcomes {found:?}\n{question:?}");
            assert_eq!(range(&exact), (own.min(fewest), most), "{here}");
            let (least, largest) = range(&bounds);
            assert!(
                least <= fewest && largest >= most,
                "{:?} {fewest}-{most}: {here}",
                (least, largest)
            );
        }
    }
    for list in 0..lists {
        let total =
            |(cells, above): &Held| cells.iter().map(|line| line[list]).sum::<u32>() + above[list];
        let all = found.iter().map(total);
        let (fewest, most) = (all.clone().min().unwrap(), all.max().unwrap());
        let here = format!("list {list}, outcomes {found:?}\n{question:?}");
        for of in [&exact, &bounds] {
            assert!(
                of.list_seats[list] <= fewest && of.list_most[list] >= most,
                "{:?}, {:?}: {here}",
                of.list_seats,
                of.list_most
            );
        }
        assert_eq!(
            exact.list_most[list],
            most.max(exact.list_seats[list]),
            "{here}"
        );
    }
    true
}

fn contest(numbers: &mut Numbers, own: bool) -> TierContest {
    let lists = 2 + usize::try_from(numbers.below(3)).unwrap();
    let districts = 2 + numbers.below(2);
    let districts: Vec<(u32, Vec<u64>)> = (0..districts)
        .map(|_| {
            let votes = (0..lists).map(|_| numbers.below(9)).collect();
            (if own { numbers.seats(1, 3) } else { 0 }, votes)
        })
        .collect();
    let lines: Vec<(u32, &[u64])> = districts
        .iter()
        .map(|(seats, votes)| (*seats, &votes[..]))
        .collect();
    let mut districted = DistrictedContest::with_votes(&lines);
    for district in &mut districted.districts {
        district.base.valid_votes = Some(district.votes.iter().sum());
    }
    TierContest {
        districted,
        further_seats: numbers.seats(u32::from(!own), 4),
        ..TierContest::default()
    }
}

fn constituencies(numbers: &mut Numbers, contest: &mut TierContest) {
    let (lists, districts) = (
        contest.districted.lists.len(),
        contest.districted.districts.len(),
    );
    for _ in 0..2 + numbers.below(2) {
        contest.constituencies.push(Constituency {
            district: usize::try_from(numbers.below(u64::try_from(districts).unwrap())).unwrap(),
            votes: (0..lists).map(|_| numbers.below(3)).collect(),
            ..Constituency::default()
        });
    }
}

fn regions(numbers: &mut Numbers, contest: &mut TierContest) {
    let districts = contest.districted.districts.len();
    let region = |districts: Vec<usize>, further_seats| Region {
        districts,
        further_seats,
    };
    let first = numbers.seats(0, contest.further_seats + 1);
    contest.regions = vec![
        region(vec![0], first),
        region((1..districts).collect(), contest.further_seats - first),
    ];
}

fn overall(numerator: u32) -> Admission {
    Admission {
        overall: Some(Threshold::of_list_votes(numerator, 100)),
        ..Admission::default()
    }
}

/// Each law over many small contests; so many of them must have a tie, or the test shows nothing.
fn over(
    seed: u64,
    ties_least: usize,
    mut draw: impl FnMut(&mut Numbers) -> (TierContest, DistrictedRules),
) {
    let mut numbers = Numbers(seed);
    let tied = (0..400).filter(|_| {
        let (contest, rules) = draw(&mut numbers);
        check(contest, rules)
    });
    let tied = tied.count();
    assert!(tied >= ties_least, "{tied} of 400 have a tie");
}

fn tier_rules(stages: Vec<TierStage>, ties: Vec<TieBreak>) -> DistrictedRules {
    DistrictedRules::Tiers(TierRules { stages, ties })
}

fn d_hondt() -> Vec<Stage> {
    vec![Stage::all(Method::D_HONDT)]
}

#[test]
fn levelling_seats_as_in_norway() {
    for placement in [
        Placement {
            relative: None,
            ..Placement::NORWAY
        },
        Placement::SWEDEN,
    ] {
        over(1, 100, |numbers| {
            let stages = vec![
                TierStage::Districts {
                    admission: Admission::default(),
                    chain: d_hondt(),
                },
                TierStage::Whole {
                    admission: overall(15),
                    chain: d_hondt(),
                    surplus: Surplus::Kept,
                },
                TierStage::Place(placement),
            ];
            (
                contest(numbers, true),
                tier_rules(stages, vec![TieBreak::Lot]),
            )
        });
    }
}

/// Without a rule that knows lots; and whole quotas before remainders, so that a tie makes a later stage wait.
#[test]
fn districts_in_two_stages() {
    over(2, 30, |numbers| {
        let whole = Stage {
            seats: StageSeats::WholeQuotas,
            ..Stage::all(Method::HARE)
        };
        let one = Stage {
            seats: StageSeats::AtMost(1),
            ..Stage::all(Method::HARE)
        };
        let stages = vec![TierStage::Districts {
            admission: overall(20),
            chain: vec![whole, one, Stage::all(Method::D_HONDT)],
        }];
        (contest(numbers, true), tier_rules(stages, Vec::new()))
    });
}

#[test]
fn seats_that_go_back_as_in_sweden() {
    over(3, 100, |numbers| {
        let admission = Admission {
            here: Some(Threshold::of_list_votes(30, 100)),
            ..overall(20)
        };
        let stages = vec![
            TierStage::Districts {
                admission: admission.clone(),
                chain: d_hondt(),
            },
            TierStage::Whole {
                admission: overall(20),
                chain: vec![Stage::all(Method::SAINTE_LAGUE)],
                surplus: Surplus::Returned,
            },
            TierStage::Return(Series::ODD.into()),
            TierStage::Place(Placement::SWEDEN),
        ];
        (
            contest(numbers, true),
            tier_rules(stages, vec![TieBreak::Lot]),
        )
    });
}

#[test]
fn regions_as_in_denmark() {
    for surplus in [Surplus::Kept, Surplus::KeptWithLevel] {
        over(4, 100, |numbers| {
            let mut contest = contest(numbers, true);
            regions(numbers, &mut contest);
            let admission = Admission {
                seats_won: Some(1),
                ..overall(30)
            };
            let stages = vec![
                TierStage::Districts {
                    admission: Admission::default(),
                    chain: d_hondt(),
                },
                TierStage::Whole {
                    admission,
                    chain: vec![Stage::all(Method::HARE)],
                    surplus,
                },
                TierStage::Regions(Series::ODD),
                TierStage::Inside(Series::DANISH),
            ];
            (contest, tier_rules(stages, vec![TieBreak::Lot]))
        });
    }
}

#[test]
fn first_places_as_in_germany() {
    over(5, 100, |numbers| {
        let mut contest = contest(numbers, false);
        constituencies(numbers, &mut contest);
        let chain = vec![Stage::all(Method::SAINTE_LAGUE)];
        let stages = vec![
            TierStage::Whole {
                admission: Admission {
                    constituencies_won: Some(1),
                    ..overall(25)
                },
                chain: chain.clone(),
                surplus: Surplus::Kept,
            },
            TierStage::Shares { chain },
            TierStage::Cover,
        ];
        (contest, tier_rules(stages, vec![TieBreak::Lot]))
    });
}

#[test]
fn a_house_that_grows_as_in_new_zealand() {
    over(6, 100, |numbers| {
        let mut contest = contest(numbers, false);
        contest.further_seats += 3;
        constituencies(numbers, &mut contest);
        let stages = vec![
            TierStage::Constituencies,
            TierStage::Whole {
                admission: Admission {
                    constituencies_won: Some(1),
                    ..overall(20)
                },
                chain: vec![Stage::all(Method::SAINTE_LAGUE)],
                surplus: Surplus::Added,
            },
            TierStage::Above,
        ];
        (contest, tier_rules(stages, vec![TieBreak::Lot]))
    });
}

#[test]
fn quotas_as_in_austria() {
    over(7, 50, |numbers| {
        let mut contest = contest(numbers, true);
        regions(numbers, &mut contest);
        let quotas = |units, of| {
            TierStage::Quotas(Quotas {
                admission: overall(10),
                chain: vec![Stage {
                    key_min: Some(Fraction::new(1, 1)),
                    ..Stage::all(Method::HARE)
                }],
                units,
                of,
            })
        };
        let stages = vec![
            quotas(Units::Districts, QuotaVotes::TakingPart),
            quotas(Units::Regions, QuotaVotes::TakingPart),
            TierStage::Whole {
                admission: overall(10),
                chain: d_hondt(),
                surplus: Surplus::Kept,
            },
            TierStage::Above,
        ];
        (contest, tier_rules(stages, vec![TieBreak::Lot]))
    });
}

#[test]
fn seats_of_districts_as_in_czechia() {
    over(8, 100, |numbers| {
        let contest = contest(numbers, false);
        let rounded = |kind| {
            Method::Quota(Quota {
                kind,
                rounding: Rounding::Nearest,
            })
        };
        let stages = vec![
            TierStage::SeatsOfDistricts {
                base: ThresholdBase::ListVotes,
                chain: vec![Stage::all(rounded(QuotaKind::Hare))],
            },
            TierStage::Quotas(Quotas {
                admission: Admission::default(),
                chain: vec![Stage {
                    key_min: Some(Fraction::new(1, 1)),
                    ..Stage::all(rounded(QuotaKind::Imperiali))
                }],
                units: Units::Districts,
                of: QuotaVotes::TakingPart,
            }),
            TierStage::Remainders {
                chain: vec![Stage::all(rounded(QuotaKind::HagenbachBischoff))],
            },
            TierStage::Above,
        ];
        (contest, tier_rules(stages, vec![TieBreak::Lot]))
    });
}

#[test]
fn double_proportional_tables() {
    over(9, 25, |numbers| {
        let mut contest = contest(numbers, true);
        contest.further_seats = 0;
        (
            contest,
            DistrictedRules::DoubleProportional(DoubleProportional::default()),
        )
    });
}

/// Many ties, so that bounds are all there is: a list that is sure to fail the threshold gets nothing of the house.
#[test]
fn a_list_below_the_threshold_waits_for_nothing() {
    let line: (u32, &[u64]) = (1, &[50, 50, 1]);
    let lines = vec![line; 12];
    let contest = TierContest {
        districted: DistrictedContest::with_votes(&lines),
        further_seats: 8,
        ..TierContest::default()
    };
    let stages = vec![
        TierStage::Districts {
            admission: Admission::default(),
            chain: d_hondt(),
        },
        TierStage::Whole {
            admission: overall(4),
            chain: d_hondt(),
            surplus: Surplus::Kept,
        },
        TierStage::Place(Placement {
            relative: None,
            ..Placement::NORWAY
        }),
    ];
    let rules = tier_rules(stages, vec![TieBreak::Lot]);
    let question = DistrictedQuestion::new(names(&contest), rules, contest, Vec::new());
    let super::DistrictedResult::Allocated(allocation) = super::answer(&question) else {
        panic!("the allocators agree")
    };
    let seats = super::seats_of(&question, &allocation);
    assert_eq!(seats.list_most, [20, 20, 0]);
    // One of its own, and one levelling seat.
    assert!(
        seats.most.iter().all(|line| line == &[2, 2, 0]),
        "{:?}",
        seats.most
    );
}
