//! How far lists are from a share of the votes of all districts.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::tiers::{Admission, Surplus, TierRules, TierStage};
use apportionment::*;
use proptest::prelude::*;

fn counted(votes: &[[u64; 3]; 2], invalid: u64) -> DistrictedContest {
    let mut contest = DistrictedContest::with_votes(&[(3, &votes[0]), (2, &votes[1])]);
    for (district, votes) in contest.districts.iter_mut().zip(votes) {
        let valid = votes.iter().sum::<u64>() + invalid;
        district.base.valid_votes = Some(valid);
    }
    contest
}

fn passes(contest: &DistrictedContest, threshold: &Threshold, list: usize) -> bool {
    // The law in one line, for a plain share.
    let of = |list: usize| -> u64 { contest.districts.iter().map(|it| it.votes[list]).sum() };
    let base: u64 = match threshold.base {
        ThresholdBase::ValidVotes => {
            let counts = contest.districts.iter().map(|it| it.base.valid_votes);
            counts.map(Option::unwrap).sum()
        }
        _ => (0..contest.lists.len()).map(of).sum(),
    };
    let Fraction {
        numerator,
        denominator,
    } = threshold.share;
    let (left, right) = (
        of(list) * u64::from(denominator),
        u64::from(numerator) * base,
    );
    of(list) > 0
        && match threshold.comparison {
            Comparison::AtLeast => left >= right,
            Comparison::MoreThan => left > right,
        }
}

proptest! {
    /// As many votes more or fewer as are said take a list across, wherever they fall, and one vote less does not.
    #[test]
    fn overall_distances_agree_with_brute_force(
        votes in any::<[[u8; 3]; 2]>(),
        (invalid, share) in (0u64..40, 1u32..60),
        (strict, of_valid) in any::<(bool, bool)>(),
        district in 0usize..2,
    ) {
        let votes = votes.map(|row| row.map(|votes| u64::from(votes % 30)));
        let contest = counted(&votes, invalid);
        let threshold = Threshold {
            base: if of_valid { ThresholdBase::ValidVotes } else { ThresholdBase::ListVotes },
            comparison: if strict { Comparison::MoreThan } else { Comparison::AtLeast },
            ..Threshold::of_list_votes(share, 100)
        };
        for (list, found) in overall_distances(&contest, &threshold).unwrap().into_iter().enumerate() {
            let holds = passes(&contest, &threshold, list);
            let changed = |by: i64| {
                let mut contest = contest.clone();
                // Votes fall into one district, and are taken wherever there are some.
                for _ in 0..by.abs() {
                    let has = contest.districts[district].votes[list] > 0;
                    let place = if by > 0 || has { district } else { 1 - district };
                    let entry = &mut contest.districts[place];
                    let step = by.signum();
                    entry.votes[list] = entry.votes[list].saturating_add_signed(step);
                    let count = entry.base.valid_votes;
                    entry.base.valid_votes = count.map(|count| count.saturating_add_signed(step));
                }
                passes(&contest, &threshold, list)
            };
            let most: i64 = votes.iter().map(|row| i64::try_from(row[list]).unwrap()).sum();
            let brute = if holds {
                (1..=most).find(|&taken| !changed(-taken)).map(|taken| ThresholdDistance::ToFail(taken.unsigned_abs()))
            } else {
                (1..1_000).find(|&added| changed(added)).map(|added| ThresholdDistance::ToPass(added.unsigned_abs()))
            };
            prop_assert_eq!(found, brute, "list {}", list);
        }
    }
}

#[test]
fn each_share_of_all_votes_is_named_once() {
    let chain = vec![Stage::all(Method::D_HONDT)];
    let admission = |percent: u32| Admission {
        overall: Some(Threshold::of_list_votes(percent, 100)),
        ..Admission::default()
    };
    let rules = |districts: u32, house: u32| TierRules {
        stages: vec![
            TierStage::Districts {
                admission: admission(districts),
                chain: chain.clone(),
            },
            TierStage::Whole {
                admission: admission(house),
                chain: chain.clone(),
                surplus: Surplus::Kept,
            },
        ],
        ties: Vec::new(),
    };
    let stages = |rules: TierRules| -> Vec<usize> {
        let found = rules.overall_thresholds();
        found.into_iter().map(|(stage, _)| stage).collect()
    };
    assert_eq!(stages(rules(4, 4)), [0]);
    assert_eq!(stages(rules(5, 4)), [0, 1]);
}

#[test]
fn a_count_that_a_district_lacks_is_named() {
    let mut contest = counted(&[[5, 5, 5], [5, 5, 5]], 0);
    let threshold = Threshold {
        base: ThresholdBase::ValidVotes,
        ..Threshold::of_list_votes(5, 100)
    };
    assert!(overall_distances(&contest, &threshold).is_ok());
    contest.districts[1].base.valid_votes = None;
    assert!(overall_distances(&contest, &threshold).is_err());
}
