//! Whatever rules a definition can hold come back as they were: from TOML, and from the contract in bytes and in JSON.

use election::ids::{ContestId, DistrictId};
use election::rules::*;
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use prost::Message;

use super::contest_rules;
use crate::allocation::v1 as proto;
use crate::districted_rules::{districted_message, districted_rules};

const QUOTAS: [QuotaRule; 4] = [
    QuotaRule::Hare,
    QuotaRule::Droop,
    QuotaRule::HagenbachBischoff,
    QuotaRule::Imperiali,
];
const ROUNDINGS: [RoundingRule; 5] = [
    RoundingRule::Exact,
    RoundingRule::Down,
    RoundingRule::DownPlusOne,
    RoundingRule::Up,
    RoundingRule::Nearest,
];
const DIVISORS: [DivisorRule; 9] = [
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
const BASES: [BaseRule; 5] = [
    BaseRule::ListVotes,
    BaseRule::ValidVotes,
    BaseRule::ValidAndAgainstAll,
    BaseRule::BallotsInBox,
    BaseRule::BallotsIssued,
];
const TIES: [TieRule; 3] = [
    TieRule::EarlierRegistration,
    TieRule::MoreVotes,
    TieRule::Lot,
];

fn fraction() -> impl Strategy<Value = [u64; 2]> + Clone {
    (0u64..=u64::from(u32::MAX), 1u64..=u64::from(u32::MAX))
        .prop_map(|(above, below)| [above, below])
}

fn comparison() -> impl Strategy<Value = ComparisonRule> {
    select(vec![ComparisonRule::AtLeast, ComparisonRule::MoreThan])
}

prop_compose! {
    fn threshold()(
        share in fraction(),
        comparison in comparison(),
        base in select(&BASES[..]),
        (per_seat, minorities_exempt) in any::<(bool, bool)>(),
        direct_seats_min in of(any::<u32>()),
        in_one_district in of(fraction()),
        coalitions in vec((any::<u32>(), fraction()), 0..4),
    ) -> ThresholdRule {
        let coalitions = coalitions.into_iter().map(|(parties, share)| CoalitionRule { parties, share });
        ThresholdRule {
            share, comparison, base, per_seat, minorities_exempt, direct_seats_min, in_one_district,
            coalitions: coalitions.collect(),
        }
    }
}

prop_compose! {
    fn limits()(
        seats_max in of(any::<u32>()),
        each_max in of(any::<u32>()),
        bar in of(fraction()),
        key_min in of(fraction()),
    ) -> StageLimits {
        StageLimits { seats_max, each_max, bar, key_min }
    }
}

fn stage() -> impl Strategy<Value = StageRule> {
    let quota = || (select(&QUOTAS[..]), of(select(&ROUNDINGS[..])));
    let averages = (
        select(&DIVISORS[..]),
        of(fraction()),
        of(fraction()),
        limits(),
    );
    prop_oneof![
        quota().prop_map(|(quota, rounding)| StageRule::WholeQuotas { quota, rounding }),
        (quota(), limits()).prop_map(|((quota, rounding), limits)| StageRule::LargestRemainder {
            quota,
            rounding,
            limits
        }),
        averages.prop_map(
            |(divisors, first, exponent, limits)| StageRule::HighestAverages {
                divisors,
                first,
                exponent,
                limits
            }
        ),
    ]
}

fn bonus() -> impl Strategy<Value = BonusRule> {
    let size = prop_oneof![
        (1u32..=u32::MAX).prop_map(|seats| (Some(seats), None, None, false)),
        (fraction(), of(select(&ROUNDINGS[..]))).prop_map(|(share, rounding)| (
            None,
            Some(share),
            rounding,
            false
        )),
        Just((None, None, None, true)),
    ];
    let to = vec![
        BonusToRule::MostVotes,
        BonusToRule::MoreThanHalf,
        BonusToRule::Office,
    ];
    let counting = vec![BonusCountingRule::Beside, BonusCountingRule::Least];
    (
        select(to),
        size,
        select(counting),
        of(fraction()),
        of(fraction()),
    )
        .prop_map(
            |(to, (seats, share, rounding, more_than_half), counting, votes_min, others_max)| {
                BonusRule {
                    to,
                    seats,
                    share,
                    rounding,
                    more_than_half,
                    counting,
                    votes_min,
                    others_max,
                }
            },
        )
}

fn widening() -> impl Strategy<Value = WideningRule> {
    prop_oneof![
        (fraction(), any::<u32>()).prop_map(|(more_than, lists_min)| WideningRule::AdmitUntil {
            more_than,
            lists_min
        }),
        (fraction(), any::<u32>())
            .prop_map(|(step, lists_min)| WideningRule::LowerBy { step, lists_min }),
    ]
}

fn rescue() -> impl Strategy<Value = RescueRule> {
    (fraction(), any::<u32>(), any::<bool>()).prop_map(|(factor, floor, verified)| {
        RescueRule::AdmitRunnerUp {
            factor,
            floor,
            verified,
        }
    })
}

fn apparentment() -> impl Strategy<Value = ApparentmentRule> {
    let members = vec![GroupMembersRule::AllOrVoid, GroupMembersRule::ThoseThatPass];
    (vec(stage(), 0..3), select(members))
        .prop_map(|(inside, members)| ApparentmentRule { inside, members })
}

fn contest() -> ContestId {
    ContestId::new("list").unwrap()
}

fn districts() -> Vec<DistrictSeats> {
    vec![DistrictSeats {
        id: DistrictId::new("almaty").unwrap(),
        seats: 39,
        parts: Vec::new(),
    }]
}

prop_compose! {
    fn rules()(
        threshold in of(threshold()),
        stages in vec(stage(), 1..5),
        (widening, rescue) in (of(widening()), of(rescue())),
        apparentment in of(apparentment()),
        (majority, bonus) in (of(Just(MajorityRule::TakesLastSeat)), of(bonus())),
        (seats_min, seats_max) in (prop_oneof![Just(0), any::<u32>()], of(any::<u32>())),
        above_max in select(vec![AboveMaxRule::NextList, AboveMaxRule::SharedAnew]),
        exhausted in select(vec![ExhaustedRule::NextList, ExhaustedRule::StaysEmpty]),
        ties in vec(select(&TIES[..]), 0..4),
    ) -> ContestRules {
        ContestRules {
            threshold, widening, rescue, apparentment, majority, seats_min, bonus, seats_max, above_max, exhausted, ties,
            ..ContestRules::each_district(contest(), districts(), stages)
        }
    }
}

fn admission() -> impl Strategy<Value = AdmissionRule> {
    let average = (any::<u32>(), select(&BASES[..]))
        .prop_map(|(regions, base)| RegionsAverageRule { regions, base });
    (
        of(threshold()),
        of(threshold()),
        of(any::<u32>()),
        of(any::<u32>()),
        of(average),
    )
        .prop_map(
            |(overall, here, constituencies_won, seats_won, regions_average)| AdmissionRule {
                overall,
                here,
                constituencies_won,
                seats_won,
                regions_average,
            },
        )
}

fn series() -> impl Strategy<Value = SeriesRule> {
    (fraction(), any::<u32>()).prop_map(|(first, step)| SeriesRule { first, step })
}

fn tier_stage() -> impl Strategy<Value = TierStageRule> {
    let chain = || vec(stage(), 1..3);
    let base = || select(&BASES[..]);
    let units = select(vec![UnitsRule::Districts, UnitsRule::Regions]);
    let quota_of = select(vec![
        QuotaOfRule::TakingPart,
        QuotaOfRule::Own,
        QuotaOfRule::Region,
    ]);
    let surplus = select(vec![
        SurplusRule::Kept,
        SurplusRule::KeptWithLevel,
        SurplusRule::Added,
        SurplusRule::Returned,
    ]);
    prop_oneof![
        (base(), chain()).prop_map(|(base, chain)| TierStageRule::SeatsOfDistricts { base, chain }),
        Just(TierStageRule::Constituencies {}),
        base().prop_map(|base| TierStageRule::Persons { base }),
        (admission(), chain(), units, quota_of, of(base())).prop_map(
            |(admission, chain, units, of, base)| TierStageRule::Quotas {
                admission,
                chain,
                units,
                of,
                base
            }
        ),
        chain().prop_map(|chain| TierStageRule::Remainders { chain }),
        Just(TierStageRule::Above {}),
        bonus().prop_map(|bonus| TierStageRule::Bonus { bonus }),
        Just(TierStageRule::Majority {}),
        (admission(), chain())
            .prop_map(|(admission, chain)| TierStageRule::Districts { admission, chain }),
        (admission(), chain(), surplus).prop_map(|(admission, chain, surplus)| {
            TierStageRule::Whole {
                admission,
                chain,
                surplus,
            }
        }),
        (series(), any::<u32>()).prop_map(|(series, district_seats_min)| TierStageRule::Return {
            series,
            district_seats_min
        }),
        (series(), of(base()), of(any::<u32>())).prop_map(|(series, relative, per_district)| {
            TierStageRule::Place {
                series,
                relative,
                per_district,
            }
        }),
        series().prop_map(|series| TierStageRule::Regions { series }),
        series().prop_map(|series| TierStageRule::Inside { series }),
        chain().prop_map(|chain| TierStageRule::Shares { chain }),
        Just(TierStageRule::Cover {}),
    ]
}

fn tiers() -> impl Strategy<Value = TiersRule> {
    let id = |text: &str| DistrictId::new(text).unwrap();
    let region =
        (vec(0usize..9, 1..4), any::<u32>()).prop_map(move |(districts, further_seats)| {
            let districts = districts.iter().map(|number| id(&format!("d-{number}")));
            RegionRule {
                id: id("region"),
                districts: districts.collect(),
                further_seats,
            }
        });
    let first_votes = weighted(0.3, Just(ContestId::new("first").unwrap()));
    (
        any::<u32>(),
        first_votes,
        vec(tier_stage(), 1..5),
        vec(region, 0..3),
    )
        .prop_map(|(further_seats, first_votes, stages, regions)| TiersRule {
            further_seats,
            first_votes,
            stages,
            regions,
        })
}

fn double_proportional() -> impl Strategy<Value = DoubleProportionalRule> {
    let upper = (select(&DIVISORS[..]), of(fraction()), of(fraction()));
    let voters = vec![
        VotersNumbersRule::Exact,
        VotersNumbersRule::NearestInDistrict,
    ];
    let lower = vec![CellRoundingRule::Standard, CellRoundingRule::Down];
    (
        of(threshold()),
        of(threshold()),
        select(voters),
        upper,
        select(lower),
    )
        .prop_map(
            |(one_district, overall, voters_numbers, (divisors, first, exponent), lower)| {
                DoubleProportionalRule {
                    quorum: QuorumRule {
                        one_district,
                        overall,
                    },
                    voters_numbers,
                    upper: UpperRule {
                        divisors,
                        first,
                        exponent,
                    },
                    lower,
                }
            },
        )
}

fn over_districts() -> impl Strategy<Value = ContestRules> {
    let law = prop_oneof![
        tiers().prop_map(|tiers| (Some(tiers), None)),
        double_proportional().prop_map(|double| (None, Some(double))),
    ];
    (law, vec(select(&TIES[..]), 0..4)).prop_map(|((tiers, double_proportional), ties)| {
        ContestRules {
            tiers,
            double_proportional,
            ties,
            ..ContestRules::each_district(contest(), districts(), Vec::new())
        }
    })
}

/// As a definition writes them.
fn written(rules: &ContestRules) -> String {
    toml::to_string(&Rules {
        house_size: 39,
        sources: Vec::new(),
        contests: vec![rules.clone()],
        form: FormRules::default(),
        holds: HoldRules::default(),
        outstanding: None,
    })
    .unwrap()
}

/// As a definition is read.
fn read(text: &str) -> Option<ContestRules> {
    let rules: Rules = election::toml_text::read_toml("rules", "rules.", text).ok()?;
    rules.contests.into_iter().next()
}

/// A message after a way through bytes, and one through JSON.
fn carried<M>(message: &M) -> [M; 2]
where
    M: Message + Default + serde::Serialize + serde::de::DeserializeOwned,
{
    let json = serde_json::to_string(message).unwrap();
    [
        M::decode(message.encode_to_vec().as_slice()).unwrap(),
        serde_json::from_str(&json).unwrap(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_rules_come_back(rules in rules()) {
        prop_assert_eq!(read(&written(&rules)), Some(rules.clone()));
        let message = proto::AllocationRules::from(&rules);
        for message in carried(&message) {
            let district = districts().remove(0);
            let back = contest_rules(message, contest(), district.id, district.seats);
            prop_assert_eq!(back.as_ref(), Ok(&rules));
        }
    }

    #[test]
    fn any_rules_over_districts_come_back(rules in over_districts()) {
        prop_assert_eq!(read(&written(&rules)), Some(rules.clone()));
        // Of whom first votes are is said by the request, not by the rules in it.
        let mut expected = rules.clone();
        if let Some(tiers) = &mut expected.tiers {
            tiers.first_votes = None;
        }
        let message = districted_message(&rules).unwrap();
        for message in carried(&message) {
            let back = districted_rules(message, contest(), districts());
            prop_assert_eq!(back.as_ref(), Ok(&expected));
        }
    }

    /// The oracle fails where it should: a definition with another number is another one.
    #[test]
    fn another_number_is_seen(rules in rules(), seats_min in 1u32..9) {
        let other = ContestRules { seats_min: rules.seats_min ^ seats_min, ..rules.clone() };
        prop_assert_ne!(read(&written(&other)), Some(rules.clone()));
        prop_assert_ne!(proto::AllocationRules::from(&other), proto::AllocationRules::from(&rules));
    }
}
