//! Double proportional seats: real elections and worked cases, element by element, and laws.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod cases;
mod edges;
mod laws;
mod mistakes;
#[path = "../page/mod.rs"]
mod page;
#[path = "../skipped/mod.rs"]
mod skipped;

use std::path::Path;

use apportionment::double_proportional::{
    Cell, CellLot, CellRounding, CellTie, Divisor, DoubleAllocation, DoubleProportional,
    DoubleRefusal, LowerAllocation, VotersNumbers, allocate, explain, verify,
};
use apportionment::*;
use serde::Deserialize;
use serde_json::Value;
use skipped::skipped;

fn one_district(numerator: u32) -> Quorum {
    Quorum {
        one_district: Some(Threshold::of_list_votes(numerator, 100)),
        overall: None,
    }
}

fn one_district_or_overall() -> Quorum {
    Quorum {
        overall: Some(Threshold::of_list_votes(3, 100)),
        ..one_district(5)
    }
}

fn with_quorum(quorum: Quorum) -> DoubleProportional {
    DoubleProportional {
        quorum,
        ..DoubleProportional::default()
    }
}

fn contest_of(votes: &[Vec<u64>], seats: &[u32]) -> DistrictedContest {
    let districts: Vec<(u32, &[u64])> = seats
        .iter()
        .zip(votes)
        .map(|(&seats, votes)| (seats, votes.as_slice()))
        .collect();
    DistrictedContest::with_votes(&districts)
}

/// Allocates, and has the result verified.
fn checked(contest: &DistrictedContest, rules: &DoubleProportional) -> DoubleAllocation {
    checked_with(contest, rules, &[], &[])
}

fn checked_with(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    lots: &[Lot],
    cell_lots: &[CellLot],
) -> DoubleAllocation {
    let allocation = allocate(contest, rules, lots, cell_lots).unwrap();
    assert_eq!(verify(contest, rules, lots, cell_lots, &allocation), Ok(()));
    allocation
}
