//! Tie-and-transfer by itself, from a start that scaling would never leave it with.

use proptest::prelude::*;

use super::scaling::{scale, unscaled};
use super::transfer::transfer;
use super::*;

fn seats_of(
    contest: &DistrictedContest,
    due: &[u32],
    rounding: CellRounding,
    start: fn(&Table) -> table::Solution,
) -> Option<(Vec<Vec<u32>>, Vec<CellTie>)> {
    let table = Table::of(contest, due, rounding).ok()?;
    let mut solution = transfer(&table, start(&table)).ok()?;
    let ties = tie::find(&table, &mut solution, &[]);
    Some((solution.seats, ties))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn transfers_alone_come_to_the_same_seats(
        votes in prop::collection::vec(prop::collection::vec(prop_oneof![0u64..5, 0u64..100_000], 6), 2..7),
        seats in prop::collection::vec(1u32..12, 7),
        due in prop::collection::vec(0u32..40, 6),
        down in any::<bool>(),
    ) {
        let districts: Vec<(u32, &[u64])> = seats.iter().zip(&votes).map(|(&seats, votes)| (seats, votes.as_slice())).collect();
        let contest = DistrictedContest::with_votes(&districts);
        // Any sums will do: cut or fill them up to the seats of all districts.
        let mut left = u32::try_from(contest.seats()).unwrap();
        let mut due: Vec<u32> = due.iter().map(|&due| {
            let taken = due.min(left);
            left -= taken;
            taken
        }).collect();
        due[0] += left;
        let rounding = if down { CellRounding::Down } else { CellRounding::Standard };
        let scaled = seats_of(&contest, &due, rounding, scale);
        prop_assert_eq!(seats_of(&contest, &due, rounding, unscaled), scaled);
    }
}
