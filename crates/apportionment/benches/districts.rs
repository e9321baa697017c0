//! Measures double proportional seats: time to allot and to verify, as median and slowest of many contests.
//! `cargo bench -p apportionment --bench districts`

use std::hint::black_box;
use std::time::{Duration, Instant};

use apportionment::double_proportional::{DoubleProportional, allocate, verify};
use apportionment::{DistrictedContest, TieBreak};

fn main() {
    println!("lists  districts  contests  allot_us  p99_us  slowest_us  verify_us");
    for (lists, districts, contests) in [(7, 20, 500), (13, 18, 500), (20, 100, 50), (100, 200, 5)]
    {
        case(lists, districts, contests);
    }
}

/// Random contests of the size of elections: parties of different strength, districts of 4 to 16 seats.
fn case(lists: usize, districts: usize, contests: usize) {
    let rules = DoubleProportional {
        ties: vec![TieBreak::MoreVotes],
        ..DoubleProportional::default()
    };
    let mut source = Source(0x9E37_79B9_7F4A_7C15);
    let (mut allotting, mut verifying) = (Vec::new(), Vec::new());
    for _ in 0..contests {
        let contest = source.contest(lists, districts);
        // The best of three: other work on the machine only ever adds time.
        let times = (0..3).map(|_| {
            let started = Instant::now();
            let allocation =
                allocate(black_box(&contest), &rules, &[], &[]).expect("sums that a table has");
            (started.elapsed(), allocation)
        });
        let (time, allocation) = times.min_by_key(|(time, _)| *time).expect("three runs");
        allotting.push(time);
        let started = Instant::now();
        verify(&contest, &rules, &[], &[], &allocation).expect("a right result");
        verifying.push(started.elapsed());
    }
    allotting.sort_unstable();
    verifying.sort_unstable();
    let slowest = contests - 1;
    println!(
        "{lists:<5}  {districts:<9}  {contests:<8}  {:<8}  {:<6}  {:<10}  {}",
        micros(allotting[contests / 2]),
        micros(allotting[contests * 99 / 100]),
        micros(allotting[slowest]),
        micros(verifying[contests / 2]),
    );
}

fn micros(time: Duration) -> u128 {
    time.as_micros()
}

/// Xorshift, so that every run measures the same contests.
struct Source(u64);

impl Source {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn contest(&mut self, lists: usize, districts: usize) -> DistrictedContest {
        let strengths: Vec<u64> = (0..lists).map(|_| 50 + self.below(1_000)).collect();
        let districts: Vec<(u32, Vec<u64>)> = (0..districts)
            .map(|_| {
                let seats = 4 + self.below(13);
                let votes = strengths
                    .iter()
                    .map(|strength| strength * seats * (500 + self.below(1_000)) / 500);
                (u32::try_from(seats).expect("at most 16"), votes.collect())
            })
            .collect();
        let districts: Vec<(u32, &[u64])> = districts
            .iter()
            .map(|(seats, votes)| (*seats, votes.as_slice()))
            .collect();
        DistrictedContest::with_votes(&districts)
    }
}
