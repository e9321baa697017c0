//! Seats from votes: real shapes, large ones, and those made to be slow.

use std::hint::black_box;
use std::time::Instant;

use apportionment::double_proportional::{self, DoubleProportional};
use apportionment::{Contest, Divisors, Fraction, Method, Rules, Workspace, allocate, explain};

use crate::contests::{almaty, districted, exhausted, one_by_one, spread};
use crate::line::{Line, Target};
use crate::{Options, Outcome, peers};

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
    lines.extend(growth(options)?);
    lines.extend(with_steps(options)?);
    lines.push(double(options)?);
    lines.extend(peers::run(options)?);
    Ok(lines)
}

fn shapes() -> Vec<Shape> {
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
            exhausted(10_000),
            Method::D_HONDT,
            None,
        ),
        shape(
            "10,000 lists that nearly all run out, Hare",
            exhausted(10_000),
            Method::HARE,
            None,
        ),
        shape(
            "10,000 lists that run out one after the other, D'Hondt",
            one_by_one(10_000),
            Method::D_HONDT,
            None,
        ),
    ]
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

/// Makes a contest of so many lists.
type Slow = fn(u32) -> Contest;

/// Ten times the lists and seats, in votes made to be slow: what each list takes more. A sort takes a third more.
fn growth(options: &Options) -> Outcome<Vec<Line>> {
    let shapes: [(&str, Slow); 2] = [
        ("that nearly all run out", exhausted),
        ("that run out one after the other", one_by_one),
    ];
    let mut lines = Vec::new();
    for (what, of) in shapes {
        for (name, method) in [("Hare", Method::HARE), ("D'Hondt", Method::D_HONDT)] {
            let rules = Rules::of(method);
            let mut workspace = Workspace::default();
            let mut each_ns = [0.0; 2];
            for (each_ns, lists) in each_ns.iter_mut().zip([1_000, 10_000]) {
                let contest = of(lists);
                let us = median_us(options, || {
                    black_box(workspace.seats(black_box(&contest), &rules, &[])?);
                    Ok(())
                })?;
                *each_ns = us * 1_000.0 / f64::from(lists);
            }
            let [few, many] = each_ns;
            lines.push(Line {
                what: format!("growth, 10,000 lists {what}, {name}"),
                figure: format!("{many:.1} ns a list"),
                beside: format!("{few:.1} ns a list of 1,000"),
                value: many / few,
                unit: "times",
                target: Target::AtMost(2.0),
            });
        }
    }
    Ok(lines)
}

/// Double proportional seats, exact and with the divisors that prove them: the median over different contests.
fn double(options: &Options) -> Outcome<Line> {
    let rules = DoubleProportional::default();
    let mut each = Vec::new();
    for number in 0..options.size(25, 3) {
        let contest = districted(number);
        each.push(median_us(options, || {
            let allocation = double_proportional::allocate(black_box(&contest), &rules, &[], &[])?;
            black_box(allocation);
            Ok(())
        })?);
    }
    each.sort_by(f64::total_cmp);
    let us = each[each.len() / 2];
    Ok(Line {
        what: "double proportional, 7 lists, 20 districts, 200 seats, with its certificate"
            .to_owned(),
        figure: format!("{us:.1} us"),
        beside: format!(
            "{:.1} us, the slowest of {} contests",
            each[each.len() - 1],
            each.len()
        ),
        value: us,
        unit: "us",
        target: Target::AtMost(1_000.0),
    })
}

/// The certificate and the steps, against the seats alone; and the same where somebody looks at each step, with both its keys.
fn with_steps(options: &Options) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for shape in shapes().into_iter().filter(|it| it.most_us.is_some()) {
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
        let read = median_us(options, || {
            let allocation = allocate(black_box(&shape.contest), &rules, &[])?;
            for stage in explain(&allocation) {
                for step in stage.steps.iter() {
                    black_box(&step);
                }
            }
            Ok(())
        })?;
        let ways = [
            ("", explained, Target::AtMost(5.0)),
            (", each step looked at", read, Target::Stated),
        ];
        lines.extend(ways.map(|(looked_at, us, target)| Line {
            what: format!("with certificate and steps, {}{looked_at}", shape.what),
            figure: format!("{us:.2} us"),
            beside: format!("{alone:.2} us, seats alone"),
            value: us / alone,
            unit: "times",
            target,
        }));
    }
    Ok(lines)
}

/// The median time of a call, over batches that last long enough for the clock.
pub fn median_us(options: &Options, mut call: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
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
