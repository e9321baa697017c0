//! Which lots are asked for, against every way in which they can fall.

use std::collections::BTreeSet;

use apportionment::*;
use proptest::prelude::*;

use super::rules::any_rules;
use super::{any_contest, fitting};

/// Most draws that are followed for one contest; of more nothing is said.
const DRAWS_MAX: u32 = 2_000;

/// Where a contest can end: the seats of all lists, and those that stay empty.
type Ends = BTreeSet<(Vec<u32>, u32)>;

/// All ends that lots can bring about; `None` where they are too many to follow. `Err`: a lot that comes to the same however
/// it falls.
fn ends(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    left: &mut u32,
) -> Result<Option<Ends>, TestCaseError> {
    let allocation = allocate(contest, rules, lots).unwrap();
    let Some(tie) = allocation.open_ties().next() else {
        prop_assert_eq!(allocation.pending, 0);
        return Ok(Some(BTreeSet::from([(
            allocation.seats(),
            allocation.unassigned,
        )])));
    };
    let mut each = BTreeSet::new();
    for set in 0..1_u32 << tie.open.len() {
        if set.count_ones() != tie.open_seats {
            continue;
        }
        let Some(fewer) = left.checked_sub(1) else {
            return Ok(None);
        };
        *left = fewer;
        let winners = tie.open.iter().enumerate();
        let winners = winners.filter(|(place, _)| set >> place & 1 == 1);
        let lot = Lot {
            stage: tie.at,
            lists: tie.open.clone(),
            seats_at_stake: tie.open_seats,
            winners: winners.map(|(_, list)| *list).collect(),
        };
        match ends(contest, rules, &[lots, &[lot]].concat(), left)? {
            Some(found) => each.insert(found),
            None => return Ok(None),
        };
    }
    // Where another tie stays open behind this one, that its outcomes are the same is not always seen.
    let comes_to_one = each.len() == 1 && each.iter().all(|ends| ends.len() == 1);
    prop_assert!(
        !comes_to_one,
        "this lot cannot matter: {:?} after {:?}",
        tie,
        lots
    );
    Ok(Some(each.into_iter().flatten().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Never a lot that cannot matter, and no certain seat that a lot can take: whatever stages, bonus, rescue, joined lists and
    /// cap come behind a tie. Every way in which every lot can fall is followed to its end.
    #[test]
    fn every_lot_that_is_asked_for_matters(contest in any_contest(), rules in any_rules()) {
        let (rules, contest) = fitting(rules, contest);
        let rules = Rules {
            ties: vec![TieBreak::EarlierRegistration, TieBreak::Lot],
            ..rules
        };
        let before = allocate(&contest, &rules, &[]).unwrap();
        let Some(ends) = ends(&contest, &rules, &[], &mut { DRAWS_MAX })? else {
            return Ok(());
        };
        for (list, result) in before.lists.iter().enumerate() {
            let least = ends.iter().map(|(seats, _)| seats[list]).min();
            prop_assert!(Some(result.seats) <= least, "{list}: {:?}", ends);
        }
    }
}
