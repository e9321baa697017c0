//! Follows the recorded stages to the seats that they give.

use std::collections::BTreeMap;

use crate::allocation::Silence;
use crate::contest::StageAt;
use crate::rules::{AboveMax, Majority};
use crate::verify::expected::{Competitor, Expected};
use crate::verify::rounds::replay_rounds;
use crate::verify::stage::{Walk, sum};

/// What the recorded stages give to each list.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Replayed {
    pub seats: Vec<u32>,
    pub tied: Vec<bool>,
    pub unassigned: u32,
}

/// Follows the recorded stages; where a tie is open, each of its outcomes is there, and what they share is certain.
pub(super) fn replay(walk: &mut Walk<'_>, expected: &Expected) -> Replayed {
    let count = walk.contest.lists.len();
    let mut merged: Option<Replayed> = None;
    for competitors in &expected.fields {
        let outcome = replay_field(walk, competitors, expected, count);
        merged = Some(match merged {
            None => outcome,
            Some(before) => Replayed {
                seats: before
                    .seats
                    .iter()
                    .zip(&outcome.seats)
                    .map(|(left, right)| *left.min(right))
                    .collect(),
                tied: (0..count)
                    .map(|list| {
                        let differs = before.seats[list] != outcome.seats[list];
                        before.tied[list] || outcome.tied[list] || differs
                    })
                    .collect(),
                unassigned: before.unassigned.min(outcome.unassigned),
            },
        });
    }
    let house = walk.contest.seats;
    let mut merged = merged.unwrap_or_else(|| Replayed {
        seats: vec![0; count],
        tied: vec![false; count],
        unassigned: house,
    });
    if expected.fields.len() > 1 && walk.rules.bonus.is_none() {
        let certain = sum(&merged.seats);
        for competitor in expected.fields.iter().flatten() {
            merged.tied[competitor.list] = certain.saturating_add(merged.unassigned) < house;
        }
    }
    merged
}

fn replay_field(
    walk: &mut Walk<'_>,
    competitors: &[Competitor],
    expected: &Expected,
    count: usize,
) -> Replayed {
    let (contest, rules) = (walk.contest, walk.rules);
    let mut replayed = Replayed {
        seats: vec![0; count],
        tied: vec![false; count],
        unassigned: 0,
    };
    if let (AboveMax::SharedAnew, Some(most)) = (rules.above_max, rules.seats_max) {
        let asked = walk.asked_in_rounds.take();
        replay_rounds(walk, competitors.to_vec(), most, asked, &mut replayed);
        return replayed;
    }
    let aside = sum(&competitors.iter().map(|one| one.aside).collect::<Vec<_>>());
    let mut end = walk.chain(
        &rules.stages,
        competitors,
        contest.seats.saturating_sub(aside),
        expected.scale,
        StageAt::Chain,
    );
    let mut standing = end.seats.iter().zip(competitors);
    if expected.rescued && standing.any(|(seats, one)| *seats >= one.candidates) {
        walk.silences.insert(Silence::ShortList);
    }
    match rules.majority {
        Some(Majority::TakesLastSeat) => walk.majority(competitors, &mut end),
        None => {}
    }
    replayed.unassigned = end.left_over;
    for (index, competitor) in competitors.iter().enumerate() {
        let won = Won {
            seats: end.seats[index].saturating_add(competitor.aside),
            tied: end.open[index],
            waiting: end.waiting,
        };
        for (list, (seats, tied)) in replay_inside(walk, competitor, won, &mut replayed.unassigned)
        {
            replayed.seats[list] = seats;
            let candidates = contest.lists[list].candidates.unwrap_or(u32::MAX);
            replayed.tied[list] = tied && seats < candidates;
        }
    }
    replayed
}

/// What a competitor has won.
#[derive(Clone, Copy)]
struct Won {
    seats: u32,
    tied: bool,
    waiting: bool,
}

/// Certain seats and open ties of a competitor's lists: of its only one, or of those joined in it once or twice.
fn replay_inside(
    walk: &mut Walk<'_>,
    competitor: &Competitor,
    won: Won,
    empty: &mut u32,
) -> BTreeMap<usize, (u32, bool)> {
    let (contest, rules, first) = (walk.contest, walk.rules, competitor.list);
    if competitor.members.len() < 2 {
        let certain = won.seats.min(competitor.candidates);
        *empty = empty.saturating_add(won.seats - certain);
        return BTreeMap::from([(first, (certain, won.tied))]);
    }
    if won.waiting {
        return competitor
            .members
            .iter()
            .map(|&list| (list, (0, true)))
            .collect();
    }
    let joined = rules.apparentment.as_ref();
    let stages = joined.and_then(|joined| joined.inside.as_ref());
    let stages = stages.unwrap_or(&rules.stages);
    let parts = match competitor.subgroup {
        true => competitor.single(contest, rules),
        false => competitor.split(contest, rules),
    };
    let mut least: BTreeMap<usize, (u32, bool)> = BTreeMap::new();
    let mut empty_least = None;
    for house in won.seats..=won.seats.saturating_add(u32::from(won.tied)) {
        let place = |stage| match competitor.subgroup {
            true => StageAt::Subgroup { first, stage },
            false => StageAt::Group { first, stage },
        };
        let end = walk.chain(stages, &parts, house, 1, place);
        let mut without = end.left_over;
        for (index, part) in parts.iter().enumerate() {
            let won = Won {
                seats: end.seats[index],
                tied: end.open[index] || won.tied,
                waiting: end.waiting,
            };
            for (list, (seats, tied)) in replay_inside(walk, part, won, &mut without) {
                let entry = least.entry(list).or_insert((seats, tied));
                *entry = (entry.0.min(seats), entry.1 || tied);
            }
        }
        empty_least = Some(empty_least.map_or(without, |least: u32| least.min(without)));
    }
    *empty = empty.saturating_add(empty_least.unwrap_or(0));
    least
}
