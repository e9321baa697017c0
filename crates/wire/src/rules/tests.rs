use super::*;
use election::rules::StageRule;
use election::rules::{BonusCountingRule, BonusRule, BonusToRule, StageLimits};
use proto::stage::Method;

fn kazakhstan() -> ContestRules {
    ContestRules {
        id: ContestId::new("list").unwrap(),
        districts: vec![DistrictSeats {
            id: DistrictId::new("almaty").unwrap(),
            seats: 39,
            parts: Vec::new(),
        }],
        threshold: Some(ThresholdRule {
            share: [7, 100],
            comparison: ComparisonRule::AtLeast,
            base: BaseRule::ListVotes,
            minorities_exempt: false,
            per_seat: false,
            direct_seats_min: None,
            in_one_district: None,
            coalitions: Vec::new(),
        }),
        stages: vec![StageRule::LargestRemainder {
            quota: QuotaRule::Hare,
            rounding: None,
            limits: Default::default(),
        }],
        widening: None,
        apparentment: None,
        majority: None,
        seats_min: 0,
        bonus: None,
        seats_max: None,
        above_max: AboveMaxRule::NextList,
        rescue: Some(RescueRule::AdmitRunnerUp {
            factor: [7, 10],
            floor: 2,
            verified: true,
        }),
        exhausted: ExhaustedRule::NextList,
        ties: vec![
            TieRule::EarlierRegistration,
            TieRule::MoreVotes,
            TieRule::Lot,
        ],
        tiers: None,
        double_proportional: None,
    }
}

fn read(message: proto::AllocationRules) -> Result<ContestRules, Refusal> {
    contest_rules(
        message,
        ContestId::new("list").unwrap(),
        DistrictId::new("almaty").unwrap(),
        39,
    )
}

#[test]
fn rules_come_back() {
    let bases = [
        BaseRule::ListVotes,
        BaseRule::ValidVotes,
        BaseRule::ValidAndAgainstAll,
        BaseRule::BallotsInBox,
        BaseRule::BallotsIssued,
    ];
    let slovakia = bases.map(|base| ContestRules {
        threshold: Some(ThresholdRule {
            share: [5, 100],
            comparison: ComparisonRule::MoreThan,
            base,
            minorities_exempt: true,
            per_seat: false,
            direct_seats_min: None,
            in_one_district: None,
            coalitions: vec![
                CoalitionRule {
                    parties: 2,
                    share: [7, 100],
                },
                CoalitionRule {
                    parties: 4,
                    share: [10, 100],
                },
            ],
        }),
        widening: None,
        apparentment: None,
        majority: None,
        seats_min: 0,
        bonus: None,
        seats_max: None,
        above_max: AboveMaxRule::NextList,
        rescue: None,
        exhausted: ExhaustedRule::StaysEmpty,
        ties: Vec::new(),
        ..kazakhstan()
    });
    let roundings = [
        RoundingRule::Exact,
        RoundingRule::Down,
        RoundingRule::DownPlusOne,
        RoundingRule::Nearest,
        RoundingRule::Up,
    ]
    .map(Some);
    let quotas = [
        QuotaRule::Hare,
        QuotaRule::Droop,
        QuotaRule::HagenbachBischoff,
        QuotaRule::Imperiali,
        QuotaRule::Hare,
    ];
    let series = [
        DivisorRule::DHondt,
        DivisorRule::SainteLague,
        DivisorRule::ModifiedSainteLague,
        DivisorRule::Danish,
        DivisorRule::Imperiali,
        DivisorRule::Adams,
        DivisorRule::Dean,
        DivisorRule::HuntingtonHill,
        DivisorRule::Power,
    ];
    let chain = ContestRules {
        threshold: None,
        stages: (quotas.into_iter().zip(roundings))
            .map(|(quota, rounding)| StageRule::LargestRemainder {
                quota,
                rounding,
                limits: Default::default(),
            })
            .chain(series.map(|divisors| StageRule::HighestAverages {
                divisors,
                first: (divisors == DivisorRule::ModifiedSainteLague).then_some([14, 10]),
                exponent: (divisors == DivisorRule::Power).then_some([9, 10]),
                limits: Default::default(),
            }))
            .collect(),
        ..kazakhstan()
    };
    for rules in slovakia.into_iter().chain([kazakhstan(), chain]) {
        assert_eq!(read((&rules).into()), Ok(rules));
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let mut message = proto::AllocationRules::from(&kazakhstan());
    message.exhausted = 0;
    message.threshold.as_mut().unwrap().comparison = 0;
    assert_eq!(read(message), Ok(kazakhstan()));
}

#[test]
fn what_are_no_rules_is_refused_by_field() {
    type Change = fn(&mut proto::AllocationRules);
    let cases: [(Change, &str); 12] = [
        (
            |rules| rules.threshold.as_mut().unwrap().share = None,
            "threshold.share",
        ),
        (
            |rules| {
                rules.threshold.as_mut().unwrap().share = Some(proto::Fraction {
                    numerator: 7,
                    denominator: 0,
                })
            },
            "threshold.share",
        ),
        (
            |rules| rules.threshold.as_mut().unwrap().base = 0,
            "threshold.base",
        ),
        (
            |rules| rules.threshold.as_mut().unwrap().comparison = 3,
            "threshold.comparison",
        ),
        (
            |rules| {
                rules
                    .threshold
                    .as_mut()
                    .unwrap()
                    .coalitions
                    .push(proto::CoalitionShare {
                        parties: 2,
                        share: None,
                    })
            },
            "threshold.coalitions[0].share",
        ),
        (
            |rules| rules.stages.push(proto::Stage::default()),
            "stages[1].method",
        ),
        (
            |rules| {
                rules.stages[0].method =
                    Some(Method::LargestRemainder(proto::LargestRemainder::default()))
            },
            "stages[0].largest_remainder.quota",
        ),
        (
            |rules| {
                rules.stages[0].method =
                    Some(Method::HighestAverages(proto::HighestAverages::default()))
            },
            "stages[0].highest_averages.divisors",
        ),
        (
            |rules| rules.rescue = Some(proto::Rescue { rule: None }),
            "rescue.rule",
        ),
        (
            |rules| {
                rules.rescue = Some(proto::Rescue {
                    rule: Some(Rule::AdmitRunnerUp(AdmitRunnerUp::default())),
                })
            },
            "rescue.admit_runner_up.factor",
        ),
        (|rules| rules.exhausted = 9, "exhausted"),
        (|rules| rules.ties[1] = 0, "ties[1]"),
    ];
    for (change, field) in cases {
        let mut message = proto::AllocationRules::from(&kazakhstan());
        change(&mut message);
        assert_eq!(read(message).unwrap_err().field, field);
    }
}

/// Everything a law may say of chains, joined lists, majorities, limits and widened thresholds comes back as it went.
#[test]
fn chains_of_real_laws_are_told_in_full() {
    let limits = StageLimits {
        seats_max: Some(9),
        each_max: Some(1),
        bar: Some([3, 4]),
        key_min: Some([1, 1]),
    };
    let stages = vec![
        StageRule::WholeQuotas {
            quota: QuotaRule::Hare,
            rounding: None,
        },
        StageRule::WholeQuotas {
            quota: QuotaRule::Droop,
            rounding: Some(RoundingRule::Up),
        },
        StageRule::LargestRemainder {
            quota: QuotaRule::Hare,
            rounding: None,
            limits,
        },
        StageRule::HighestAverages {
            divisors: DivisorRule::DHondt,
            first: None,
            exponent: None,
            limits: StageLimits {
                bar: None,
                key_min: None,
                ..limits
            },
        },
    ];
    let threshold = ThresholdRule {
        per_seat: true,
        direct_seats_min: Some(3),
        in_one_district: Some([12, 100]),
        ..kazakhstan().threshold.unwrap()
    };
    let widenings = [
        WideningRule::AdmitUntil {
            more_than: [60, 100],
            lists_min: 2,
        },
        WideningRule::LowerBy {
            step: [1, 100],
            lists_min: 2,
        },
    ];
    let members = [GroupMembersRule::AllOrVoid, GroupMembersRule::ThoseThatPass];
    let bonus = BonusRule {
        to: BonusToRule::Office,
        seats: None,
        share: Some([60, 100]),
        rounding: Some(RoundingRule::Nearest),
        more_than_half: false,
        counting: BonusCountingRule::Least,
        votes_min: Some([40, 100]),
        others_max: Some([50, 100]),
    };
    let greece = BonusRule {
        to: BonusToRule::MostVotes,
        seats: Some(50),
        share: None,
        rounding: None,
        counting: BonusCountingRule::Beside,
        ..bonus
    };
    let laws = widenings.into_iter().zip(members).zip([bonus, greece]);
    for ((widening, members), bonus) in laws {
        let inside = stages.clone();
        let rules = ContestRules {
            threshold: Some(threshold.clone()),
            stages: stages.clone(),
            widening: Some(widening),
            rescue: None,
            apparentment: Some(ApparentmentRule { inside, members }),
            majority: Some(MajorityRule::TakesLastSeat),
            seats_min: 1,
            bonus: Some(bonus),
            seats_max: Some(65),
            above_max: AboveMaxRule::SharedAnew,
            ..kazakhstan()
        };
        assert_eq!(read((&rules).into()), Ok(rules));
    }
}
