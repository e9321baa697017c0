//! Seats from votes: real shapes, large ones, and those made to be slow.

use std::hint::black_box;
use std::time::Instant;

use apportionment::{Contest, Divisors, Fraction, Method, Rules, Workspace, allocate, explain};

use crate::line::{Line, Target};
use crate::{Options, Outcome};

/// A contest that is measured under a method.
struct Shape {
    what: &'static str,
    contest: Contest,
    method: Method,
    /// Microseconds that seats alone may take; `None`: they are stated.
    most_us: Option<f64>,
}

/// Measures every shape.
pub fn run(options: &Options) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for shape in shapes() {
        lines.push(seats_alone(options, &shape)?);
    }
    lines.extend(with_steps(options)?);
    Ok(lines)
}

fn shapes() -> Vec<Shape> {
    let almaty = || Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
    let shape = |what, contest, method, most_us| Shape {
        what,
        contest,
        method,
        most_us,
    };
    let estonia = Method::Divisors(Divisors::Power {
        exponent: Fraction::new(9, 10),
    });
    vec![
        shape("5 lists, 39 seats, Hare", almaty(), Method::HARE, Some(0.3)),
        shape(
            "5 lists, 39 seats, D'Hondt",
            almaty(),
            Method::D_HONDT,
            Some(0.5),
        ),
        shape(
            "5 lists, 39 seats, Huntington-Hill",
            almaty(),
            Method::HUNTINGTON_HILL,
            None,
        ),
        shape(
            "10 lists, 101 seats, (m + 1)^0.9",
            spread(10, 101),
            estonia,
            None,
        ),
        shape(
            "40 lists, 700 seats, Hare",
            spread(40, 700),
            Method::HARE,
            Some(3.0),
        ),
        shape(
            "40 lists, 700 seats, D'Hondt",
            spread(40, 700),
            Method::D_HONDT,
            Some(3.0),
        ),
        shape(
            "1,000 lists, 100,000 seats, Hare",
            spread(1_000, 100_000),
            Method::HARE,
            Some(100.0),
        ),
        shape(
            "1,000 lists, 100,000 seats, D'Hondt",
            spread(1_000, 100_000),
            Method::D_HONDT,
            Some(100.0),
        ),
        shape(
            "10,000 lists, 100,000 seats, D'Hondt",
            spread(10_000, 100_000),
            Method::D_HONDT,
            None,
        ),
        shape(
            "10,000 lists that nearly all run out, D'Hondt",
            exhausted(),
            Method::D_HONDT,
            None,
        ),
        shape(
            "10,000 lists that nearly all run out, Hare",
            exhausted(),
            Method::HARE,
            None,
        ),
        shape(
            "10,000 lists that run out one after the other, D'Hondt",
            one_by_one(),
            Method::D_HONDT,
            None,
        ),
    ]
}

/// Votes of many sizes, without a pattern that a method could profit from.
fn spread(lists: u64, seats: u32) -> Contest {
    let votes = (1..=lists).map(|list| {
        let mixed = list.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        1_000 + mixed % 1_000_000
    });
    Contest::with_votes(seats, &votes.collect::<Vec<_>>())
}

/// Nearly every list has fewer candidates than its votes would give it seats.
fn exhausted() -> Contest {
    let mut contest = spread(10_000, 100_000);
    for (place, list) in contest.lists.iter_mut().enumerate() {
        let few = u32::try_from(place % 7).unwrap_or(0);
        list.candidates = (place % 100 != 0).then_some(few);
    }
    contest
}

/// Each list twice as large as the next, and with room for a seat: every jump sets few of them aside.
fn one_by_one() -> Contest {
    let votes: Vec<u64> = (0..10_000_u32)
        .map(|list| u64::MAX >> (list % 60))
        .collect();
    let mut contest = Contest::with_votes(100_000, &votes);
    for (place, list) in contest.lists.iter_mut().enumerate() {
        list.candidates = (place % 60 != 59).then_some(1);
    }
    contest
}

fn seats_alone(options: &Options, shape: &Shape) -> Outcome<Line> {
    let rules = Rules::of(shape.method);
    let mut workspace = Workspace::default();
    let us = median_us(options, || {
        black_box(workspace.seats(black_box(&shape.contest), &rules, &[])?);
        Ok(())
    })?;
    Ok(Line {
        what: format!("seats alone, {}", shape.what),
        figure: format!("{us:.2} us"),
        beside: String::new(),
        value: us,
        unit: "us",
        target: shape.most_us.map_or(Target::Stated, Target::AtMost),
    })
}

/// The certificate and every step, against the seats alone.
fn with_steps(options: &Options) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for shape in shapes().into_iter().take(2) {
        let rules = Rules::of(shape.method);
        let mut workspace = Workspace::default();
        let alone = median_us(options, || {
            black_box(workspace.seats(black_box(&shape.contest), &rules, &[])?);
            Ok(())
        })?;
        let explained = median_us(options, || {
            let allocation = allocate(black_box(&shape.contest), &rules, &[])?;
            black_box(explain(&allocation));
            Ok(())
        })?;
        lines.push(Line {
            what: format!("with certificate and steps, {}", shape.what),
            figure: format!("{explained:.2} us"),
            beside: format!("{alone:.2} us, seats alone"),
            value: explained / alone,
            unit: "times",
            target: Target::AtMost(5.0),
        });
    }
    Ok(lines)
}

/// The median time of a call, over batches that last long enough for the clock.
fn median_us(options: &Options, mut call: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let batch_ns = options.size(5_000_000, 50_000);
    let mut calls: u32 = 1;
    loop {
        let begun = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        if begun.elapsed().as_nanos() >= batch_ns || calls >= 1 << 24 {
            break;
        }
        calls *= 2;
    }
    let mut batches = Vec::new();
    for _ in 0..options.size(21, 3) {
        let begun = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        batches.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
    }
    batches.sort_by(f64::total_cmp);
    Ok(batches[batches.len() / 2])
}
