//! Other people's libraries on the same contests in the same run: PyPI's votelib and apportionment, and the one crate on
//! crates.io that apportions seats. What each of them computes is said in docs/benchmarks.md.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use apportionment::double_proportional::{self, DoubleProportional};
use apportionment::{Contest, Method, Rules, Workspace};
use serde_json::{Value, json};

use crate::allocation::median_us;
use crate::contests::{almaty, districted, spread};
use crate::line::{Line, Target};
use crate::{Options, Outcome};

/// The Python that has the peers; `cargo xtask bench` sets it.
const PYTHON: &str = "HEMICYCLE_PEERS_PYTHON";

/// A contest that is put to all of them.
struct Shape {
    what: &'static str,
    contest: Contest,
    method: Method,
    name: &'static str,
}

fn shapes() -> Vec<Shape> {
    let shape = |what, contest, (method, name)| Shape {
        what,
        contest,
        method,
        name,
    };
    let hare = (Method::HARE, "hare");
    let d_hondt = (Method::D_HONDT, "d_hondt");
    let sainte_lague = (Method::SAINTE_LAGUE, "sainte_lague");
    vec![
        shape("5 lists, 39 seats, Hare", almaty(), hare),
        shape("5 lists, 39 seats, D'Hondt", almaty(), d_hondt),
        shape("5 lists, 39 seats, Sainte-Lague", almaty(), sainte_lague),
        shape("40 lists, 700 seats, Hare", spread(40, 700), hare),
        shape("40 lists, 700 seats, D'Hondt", spread(40, 700), d_hondt),
        shape(
            "40 lists, 700 seats, Sainte-Lague",
            spread(40, 700),
            sainte_lague,
        ),
    ]
}

/// Measures the peers, where they are there.
pub fn run(options: &Options) -> Outcome<Vec<Line>> {
    let shapes = shapes();
    let mut ours = Vec::new();
    for shape in &shapes {
        let mut workspace = Workspace::default();
        let rules = Rules::of(shape.method);
        let us = median_us(options, || {
            black_box(workspace.seats(black_box(&shape.contest), &rules, &[])?);
            Ok(())
        })?;
        let seats = workspace.seats(&shape.contest, &rules, &[])?.seats.to_vec();
        ours.push((us, json!(seats)));
    }
    let mut lines = Vec::new();
    for (shape, ours) in shapes.iter().zip(&ours) {
        if shape.method == Method::SAINTE_LAGUE {
            lines.push(sainte_lague(options, shape, ours)?);
        }
    }
    let Some(python) = std::env::var_os(PYTHON) else {
        eprintln!("skipped: the peers of PyPI ({PYTHON} is not set; cargo xtask bench sets it)");
        return Ok(lines);
    };
    let contest = districted(0);
    let double_us = median_us(options, || {
        let rules = DoubleProportional::default();
        black_box(double_proportional::allocate(
            black_box(&contest),
            &rules,
            &[],
            &[],
        )?);
        Ok(())
    })?;
    let result = double_proportional::allocate(&contest, &DoubleProportional::default(), &[], &[])?;
    let double = (double_us, json!(result.seats(contest.districts.len())));
    let asked = json!({
        "contests": shapes.iter().map(|shape| json!({
            "method": shape.name,
            "seats": shape.contest.seats,
            "votes": shape.contest.lists.iter().map(|list| list.votes).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "double": {
            "seats": contest.districts.iter().map(|district| district.seats).collect::<Vec<_>>(),
            "votes": contest.districts.iter().map(|district| &district.votes).collect::<Vec<_>>(),
        },
    });
    for answer in ask(Path::new(&python), &asked)? {
        let (what, ours) = match answer["contest"].as_u64() {
            Some(position) => {
                let position = usize::try_from(position)?;
                let shape = shapes.get(position).ok_or("a contest that was not asked")?;
                (shape.what, &ours[position])
            }
            None => (
                "double proportional, 7 lists, 20 districts, 200 seats",
                &double,
            ),
        };
        let peer = format!("PyPI {}", answer["peer"].as_str().unwrap_or_default());
        lines.push(match answer["failure"].as_str() {
            Some(failure) => no_answer(&peer, what, failure, ours),
            None => {
                let us = answer["us"].as_f64().ok_or("a peer's time")?;
                line(&peer, what, us, &answer["seats"], ours)
            }
        });
    }
    Ok(lines)
}

/// The crate `sainte_lague`: floats, every quotient listed and sorted.
fn sainte_lague(options: &Options, shape: &Shape, ours: &(f64, Value)) -> Outcome<Line> {
    // Votes of 64 bits do not fit into a float; these do.
    let votes = shape.contest.lists.iter().map(|list| {
        let votes = u32::try_from(list.votes)?;
        Ok(f64::from(votes))
    });
    let votes: Vec<f64> = votes.collect::<Outcome<_>>()?;
    let house = usize::try_from(shape.contest.seats)?;
    let us = median_us(options, || {
        black_box(::sainte_lague::distribute(
            black_box(&votes),
            &house,
            &false,
        )?);
        Ok(())
    })?;
    let seats = ::sainte_lague::distribute(&votes, &house, &false)?;
    Ok(line(
        "crate sainte_lague",
        shape.what,
        us,
        &json!(seats),
        ours,
    ))
}

fn line(peer: &str, what: &str, us: f64, seats: &Value, ours: &(f64, Value)) -> Line {
    let verdict = if *seats == ours.1 {
        "same seats"
    } else {
        "OTHER SEATS"
    };
    Line {
        what: format!("peer: {peer}, {what}"),
        figure: format!("{us:.1} us, {verdict}"),
        beside: format!("{:.2} us, ours", ours.0),
        value: us / ours.0,
        unit: "times ours",
        target: Target::Stated,
    }
}

/// A peer that gives up.
fn no_answer(peer: &str, what: &str, failure: &str, ours: &(f64, Value)) -> Line {
    Line {
        what: format!("peer: {peer}, {what}"),
        figure: format!("NO SEATS: {failure}"),
        beside: format!("{:.2} us, ours", ours.0),
        value: f64::NAN,
        unit: "",
        target: Target::Stated,
    }
}

/// Hands the contests to the script and reads what it says.
fn ask(python: &Path, asked: &Value) -> Outcome<Vec<Value>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/peers.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("the script has an input")?;
    input.write_all(asked.to_string().as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("peers.py: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
