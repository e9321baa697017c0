//! The fold and the seats after every report, at ten thousand and at a million units; and one allocation.

use std::hint::black_box;
use std::time::Instant;

use apportionment::{Contest, Method, Rules, Threshold, Workspace, allocate};
use election::bytes::{decode_record, encode_record};
use election::event::Recorded;
use election::state::State;

use crate::line::{Line, Target, median, micros, quantile};
use crate::night::{Night, counted, scattered};
use crate::seats::Seats;
use crate::{Options, Outcome};

const LISTS: u32 = 12;
/// How many reports each size is measured with, at least.
const REPORTS_MIN: u32 = 200_000;

/// Runs it.
pub fn run(options: &Options) -> Outcome<Vec<Line>> {
    let (few, many) = options.size((10_000, 1_000_000), (1_000, 3_000));
    let reports_min = options.size(REPORTS_MIN, 3_000);
    let small = Spans::of(few, reports_min)?;
    let large = Spans::of(many, reports_min)?;
    let mut lines = Vec::new();
    lines.extend(compared(
        "fold + seats per report, a follower's",
        [few, many],
        &small.follower,
        &large.follower,
    ));
    lines.extend(compared(
        "fold + seats per report, with all units kept",
        [few, many],
        &small.state,
        &large.state,
    ));
    lines.extend(allocations(options)?);
    Ok(lines)
}

/// How long each report took, in microseconds.
struct Spans {
    follower: Vec<f64>,
    state: Vec<f64>,
}

impl Spans {
    /// Of a night of so many units, in an order that jumps about; a small night is run several times.
    fn of(units: u32, reports_min: u32) -> Outcome<Self> {
        let night = Night::new("fold", LISTS, units)?;
        let mut spans = Self {
            follower: Vec::new(),
            state: Vec::new(),
        };
        let begun = night.begin()?.0;
        for _ in 0..reports_min.div_ceil(units) {
            spans.run(&night, begun.clone(), units)?;
        }
        Ok(spans)
    }

    fn run(&mut self, night: &Night, mut state: State, units: u32) -> Outcome<()> {
        let mut follower = state.tally().clone();
        let mut seats = [Seats::new(&follower)?, Seats::new(&follower)?];
        for place in 0..units {
            let unit = scattered(place, units);
            let whole = counted(&state, &night.report(unit, 1))?;
            let public = public_of(&whole)?;
            let started = Instant::now();
            follower.apply(&public)?;
            seats[0].recompute(&follower)?;
            self.follower.push(micros(started.elapsed()));
            let started = Instant::now();
            state.apply(&whole)?;
            seats[1].recompute(state.tally())?;
            self.state.push(micros(started.elapsed()));
        }
        Ok(())
    }
}

/// As a follower decodes it.
fn public_of(recorded: &Recorded) -> Outcome<Recorded> {
    let bytes = encode_record(recorded, [9; 16]);
    Ok(decode_record(&bytes.public, None)?)
}

fn compared(
    what: &str,
    [few_units, many_units]: [u32; 2],
    small: &[f64],
    large: &[f64],
) -> [Line; 2] {
    let (few, many) = (median(small), median(large));
    let (few_99, many_99) = (quantile(small, 0.99), quantile(large, 0.99));
    [
        Line {
            what: format!("{what}: p50, {many_units} units above {few_units}"),
            figure: format!("{many:.2} us"),
            beside: format!("{few:.2} us at {few_units} units"),
            value: many - few,
            unit: "us",
            target: Target::AtMost(0.5),
        },
        Line {
            what: format!("{what}: p99 at {many_units} units"),
            figure: format!("{many_99:.2} us"),
            beside: format!("{few_99:.2} us at {few_units} units"),
            value: many_99,
            unit: "us",
            target: Target::AtMost(3.0),
        },
    ]
}

/// Almaty 2021: 5 lists, 39 seats.
fn allocations(options: &Options) -> Outcome<[Line; 2]> {
    let contest = Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
    let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
    let mut workspace = Workspace::default();
    let rounds = options.size(1_000, 10);
    let seats = per_call(rounds, || {
        black_box(workspace.seats(black_box(&contest), &rules, &[]))?;
        Ok(())
    })?;
    let explained = per_call(rounds, || {
        black_box(allocate(black_box(&contest), &rules, &[]))?;
        Ok(())
    })?;
    let line = |what: &str, value: f64| Line {
        what: format!("{what}, 5 lists, 39 seats"),
        figure: format!("{value:.3} us"),
        beside: String::new(),
        value,
        unit: "us",
        target: Target::AtMost(1.0),
    };
    Ok([
        line("allocate, with its certificate", explained),
        line("seats alone, as after every report", seats),
    ])
}

/// The median of so many rounds of a hundred calls, in microseconds a call.
fn per_call(rounds: u32, mut call: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut spans = Vec::new();
    for _ in 0..rounds {
        let started = Instant::now();
        for _ in 0..100 {
            call()?;
        }
        spans.push(micros(started.elapsed()) / 100.0);
    }
    Ok(median(&spans))
}
