//! What the bounds of seats cost, and how much of Almaty's house is certain when.
//!
//! `cargo bench -p apportionment --bench bounds`

use std::hint::black_box;
use std::time::Instant;

use apportionment::bounds::{Outstanding, Proof, bound_coalition, bound_seats, next_certain};
use apportionment::{Apparentment, Contest, Method, Rules, Threshold};

/// Nur Otan, Aq Jol, Auyl, the People's Party, and Adal as the demo has it.
const ALMATY: [u64; 5] = [218_003, 32_367, 24_591, 23_388, 21_733];

fn main() {
    let seven = |method| Rules::of(method).with_threshold(Threshold::of_list_votes(7, 100));
    let part = |votes: &[u64], percent: u64| -> Vec<u64> {
        votes.iter().map(|votes| votes * percent / 100).collect()
    };
    let almaty = Contest::with_votes(39, &part(&ALMATY, 50));
    measure(
        "5 lists, 39 seats, 7%, Hare",
        &almaty,
        &seven(Method::HARE),
        160_041,
    );

    let (knesset, rules) = knesset();
    measure(
        "40 lists, 120 seats, 3.25%, D'Hondt with pairs",
        &knesset,
        &rules,
        2_200_000,
    );
    let alone = Rules {
        apparentment: None,
        ..rules
    };
    measure(
        "40 lists, 120 seats, 3.25%, D'Hondt",
        &knesset,
        &alone,
        2_200_000,
    );

    let duma = [
        44_714, 8_046, 5_660, 5_383, 1_600, 1_600, 733, 670, 615, 154, 89,
    ];
    let duma: Vec<u64> = duma.iter().map(|votes| votes * 500).collect();
    let duma = Contest::with_votes(450, &duma);
    measure(
        "11 lists, 450 seats, 7%, Hare",
        &duma,
        &seven(Method::HARE),
        34_000_000,
    );
    measure(
        "11 lists, 450 seats, 7%, D'Hondt",
        &duma,
        &seven(Method::D_HONDT),
        34_000_000,
    );

    for lists in [5, 10, 20, 40, 80] {
        let votes: Vec<u64> = (1..=lists)
            .map(|list| 1_000_000 / list + 17 * list)
            .collect();
        let contest = Contest::with_votes(100, &votes);
        let counted: u64 = votes.iter().sum();
        for (name, method) in [("Hare", Method::HARE), ("D'Hondt", Method::D_HONDT)] {
            let rules = Rules::of(method).with_threshold(Threshold::of_list_votes(3, 100));
            measure(
                &format!("{lists} lists, 100 seats, 3%, {name}"),
                &contest,
                &rules,
                counted,
            );
        }
    }
    for seats in [50, 100, 200, 400, 800] {
        let votes: Vec<u64> = (1..=12).map(|list| 1_000_000 / list + 17 * list).collect();
        let contest = Contest::with_votes(seats, &votes);
        for (name, method) in [("Hare", Method::HARE), ("D'Hondt", Method::D_HONDT)] {
            let rules = Rules::of(method).with_threshold(Threshold::of_list_votes(3, 100));
            measure(
                &format!("12 lists, {seats} seats, 3%, {name}"),
                &contest,
                &rules,
                3_000_000,
            );
        }
    }

    println!("\nAlmaty 2021: seats certain in sum, of 39");
    println!("reported   rolls   ballots issued");
    for percent in [50, 90, 99] {
        let contest = Contest::with_votes(39, &part(&ALMATY, percent));
        // A roll of 1,101,818 at a turnout of 30.25%; ballots issued 333,300, those without a list vote among them.
        let certain = |all: u64| {
            let outstanding = Outstanding::ballots(all * (100 - percent) / 100);
            let answer = bound_seats(&contest, &seven(Method::HARE), outstanding);
            answer.expect("it is a contest").secured()
        };
        println!(
            "{percent:>7}%  {:>6}  {:>15}",
            certain(1_101_818),
            certain(333_300)
        );
    }
}

/// Forty lists of which thirteen pass, in six pairs.
fn knesset() -> (Contest, Rules) {
    let passing = [30, 17, 9, 8, 7, 7, 7, 7, 6, 6, 6, 6, 4];
    let votes = passing.iter().map(|seats| seats * 18_000 + 1_234);
    let votes: Vec<u64> = votes
        .chain((1..28).map(|list| 1_000 + 1_100 * list))
        .collect();
    let mut contest = Contest::with_votes(120, &votes);
    for (group, pair) in (0_u32..).zip([(0, 1), (2, 8), (3, 9), (4, 10), (5, 11), (12, 39)]) {
        contest.lists[pair.0].group = Some(group);
        contest.lists[pair.1].group = Some(group);
    }
    let rules = Rules {
        apparentment: Some(Apparentment::default()),
        ..Rules::of(Method::D_HONDT).with_threshold(Threshold::of_list_votes(13, 400))
    };
    (contest, rules)
}

/// The median of a frame's bounds, of a coalition of the second and third list, and of the next seat.
fn measure(what: &str, contest: &Contest, rules: &Rules, ballots: u64) {
    let outstanding = Outstanding::ballots(ballots);
    let answer = bound_seats(contest, rules, outstanding).expect("it is a contest");
    let proofs = answer
        .lists
        .iter()
        .flat_map(|list| [list.fewest_proof, list.most_proof]);
    let open = proofs.filter(|proof| *proof != Proof::Exact).count();
    let frame = median_us(|| {
        black_box(bound_seats(black_box(contest), rules, outstanding)).ok();
    });
    let joint = median_us(|| {
        black_box(bound_coalition(
            contest,
            rules,
            outstanding,
            &answer,
            &[1, 2],
        ))
        .ok();
    });
    let next = median_us(|| {
        black_box(next_certain(contest, rules, outstanding)).ok();
    });
    println!(
        "{what:<50} {frame:>9} us a frame, {open} not exact; coalition {joint} us, next seat {next} us; secured {}",
        answer.secured()
    );
}

fn median_us(mut call: impl FnMut()) -> u128 {
    let mut times: Vec<u128> = (0..9)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    times[4]
}
