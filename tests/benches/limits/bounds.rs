//! Seats that are certain, of all lists of a frame, in the middle of a night.

use std::hint::black_box;

use apportionment::bounds::{Outstanding, bound_coalition, bound_seats};
use apportionment::{Apparentment, Contest, List, Method, Rules, Threshold};

use crate::allocation::median_us;
use crate::contests::{almaty, spread};
use crate::line::{Line, Target};
use crate::{Options, Outcome};

/// Measures a frame of each shape, and how it grows with seats.
pub fn run(options: &Options) -> Outcome<Vec<Line>> {
    let seven = |method| Rules::of(method).with_threshold(Threshold::of_list_votes(7, 100));
    let (knesset, pairs) = knesset();
    let duma = [
        44_714, 8_046, 5_660, 5_383, 1_600, 1_600, 733, 670, 615, 154, 89,
    ];
    let duma: Vec<u64> = duma.iter().map(|votes| votes * 500).collect();
    let duma = Contest::with_votes(450, &duma);
    let shapes = [
        (
            "5 lists, 39 seats, 7%, Hare",
            almaty(),
            seven(Method::HARE),
            1.0,
        ),
        (
            "40 lists, 120 seats, 3.25%, D'Hondt with pairs",
            knesset,
            pairs,
            5.0,
        ),
        (
            "11 lists, 450 seats, 7%, Hare",
            duma.clone(),
            seven(Method::HARE),
            20.0,
        ),
        (
            "11 lists, 450 seats, 7%, D'Hondt",
            duma,
            seven(Method::D_HONDT),
            20.0,
        ),
    ];
    let mut lines = Vec::new();
    for (what, contest, rules, most_ms) in shapes {
        let (ms, loose) = frame_ms(options, &contest, &rules)?;
        lines.push(Line {
            what: format!("certain seats of a frame, {what}"),
            figure: format!("{ms:.2} ms, {loose} bounds not exact"),
            beside: String::new(),
            value: ms,
            unit: "ms",
            target: Target::AtMost(most_ms),
        });
    }
    lines.push(coalition(options)?);
    for (name, method) in [("Hare", Method::HARE), ("D'Hondt", Method::D_HONDT)] {
        let rules = Rules::of(method).with_threshold(Threshold::of_list_votes(3, 100));
        let (few, _) = frame_ms(options, &spread(12, 100), &rules)?;
        let (many, _) = frame_ms(options, &spread(12, 800), &rules)?;
        lines.push(Line {
            what: format!("growth, certain seats of 12 lists, 3%, {name}, 800 seats"),
            figure: format!("{many:.2} ms"),
            beside: format!("{few:.2} ms of 100 seats"),
            value: many / few,
            unit: "times",
            target: Target::Stated,
        });
    }
    Ok(lines)
}

/// Milliseconds for all lists when as many ballots are outstanding as are counted, and how many bounds are not exact.
fn frame_ms(options: &Options, contest: &Contest, rules: &Rules) -> Outcome<(f64, usize)> {
    let counted = contest.lists.iter().map(|list| list.votes).sum();
    let outstanding = Outstanding::ballots(counted);
    let answer = bound_seats(contest, rules, outstanding)?;
    let proofs = answer
        .lists
        .iter()
        .flat_map(|list| [list.fewest_proof, list.most_proof]);
    let loose = proofs.filter(|proof| !proof.is_exact()).count();
    let us = median_us(options, || {
        black_box(bound_seats(black_box(contest), rules, outstanding)?);
        Ok(())
    })?;
    Ok((us / 1_000.0, loose))
}

/// What three lists have together, beside all lists of the same frame.
fn coalition(options: &Options) -> Outcome<Line> {
    let (contest, _) = knesset();
    let contest = Contest {
        lists: contest
            .lists
            .into_iter()
            .map(|list| List {
                group: None,
                ..list
            })
            .collect(),
        ..contest
    };
    let rules = Rules::of(Method::D_HONDT).with_threshold(Threshold::of_list_votes(325, 10_000));
    let counted = contest.lists.iter().map(|list| list.votes).sum();
    let outstanding = Outstanding::ballots(counted);
    let (frame, _) = frame_ms(options, &contest, &rules)?;
    let each = bound_seats(&contest, &rules, outstanding)?;
    let us = median_us(options, || {
        let bounds = bound_coalition(black_box(&contest), &rules, outstanding, &each, &[1, 3, 12]);
        black_box(bounds?);
        Ok(())
    })?;
    let ms = us / 1_000.0;
    Ok(Line {
        what: "three lists together, of 40 lists, 120 seats, 3.25%, D'Hondt".to_owned(),
        figure: format!("{ms:.2} ms"),
        beside: format!("{frame:.2} ms, all lists of the frame"),
        value: ms,
        unit: "ms",
        target: Target::Stated,
    })
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
        ..Rules::of(Method::D_HONDT).with_threshold(Threshold::of_list_votes(325, 10_000))
    };
    (contest, rules)
}
