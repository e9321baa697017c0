//! Seats in tiers: official seats of Norway 2021, Poland 2019 and Germany 2025, laws, and rules that mean nothing.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod any;
mod beyond;
mod germany;
mod house_margins;
mod laws;
mod margins;
mod norway;
mod open_house;
mod poland;
mod quotas;
mod rules;
mod silent;
#[path = "../skipped/mod.rs"]
mod skipped;
mod surplus;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use apportionment::tiers::{
    Admission, Constituency, FirstPlace, PersonVotes, Place, PlaceLot, PlaceRefusal, PlaceStep,
    PlaceTie, Placement, QuotaVotes, Quotas, Region, RegionsAverage, Returning, Series, Surplus,
    TierAllocation, TierContest, TierLot, TierLots, TierRefusal, TierRules, TierStage,
    TierStageResult, TierSteps, Units, allocate, explain, verify,
};
use apportionment::*;
use flate2::read::GzDecoder;
use skipped::skipped;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

fn read(file: &str) -> Option<String> {
    let path = Path::new(DATA).join(file);
    if !path.exists() {
        skipped(format_args!("{file} is not in the folder of data"));
        return None;
    }
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    if file.ends_with(".gz") {
        GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    Some(text)
}

fn agree(contest: &TierContest, rules: &TierRules, lots: &TierLots) -> TierAllocation {
    let allocation = allocate(contest, rules, lots).unwrap();
    assert_eq!(verify(contest, rules, lots, &allocation), Ok(()));
    let given: u32 = allocation.list_seats().iter().sum();
    let open = allocation.pending + allocation.unassigned;
    assert_eq!(
        u64::from(given + open + allocation.outside),
        contest.house() + u64::from(allocation.added)
    );
    allocation
}
