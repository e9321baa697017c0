//! Follows the recorded stages to the seats that they give.

use std::collections::BTreeMap;

use crate::verify::expected::{Competitor, Expected};
use crate::verify::stage::{Walk, sum};

/// What the recorded stages give to each list.
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
        let outcome = replay_field(walk, competitors, expected.scale, count);
        merged = Some(match merged {
            None => outcome,
            Some(before) => Replayed {
                seats: before
                    .seats
                    .iter()
                    .zip(&outcome.seats)
                    .map(|(left, right)| *left.min(right))
                    .collect(),
                tied: before
                    .tied
                    .iter()
                    .zip(&outcome.tied)
                    .map(|(left, right)| *left || *right)
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
    if expected.fields.len() > 1 {
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
    scale: u32,
    count: usize,
) -> Replayed {
    let (contest, rules) = (walk.contest, walk.rules);
    let mut replayed = Replayed {
        seats: vec![0; count],
        tied: vec![false; count],
        unassigned: 0,
    };
    let end = walk.chain(&rules.stages, competitors, contest.seats, scale, None);
    replayed.unassigned = end.left_over;
    let inside = rules
        .apparentment
        .as_ref()
        .and_then(|apparentment| apparentment.inside.as_ref());
    for (index, competitor) in competitors.iter().enumerate() {
        let (seats, tied) = (end.seats[index], end.open[index]);
        if competitor.members.len() < 2 {
            let certain = seats.min(competitor.candidates);
            replayed.seats[competitor.list] = certain;
            replayed.tied[competitor.list] = tied && certain < competitor.candidates;
            replayed.unassigned = replayed.unassigned.saturating_add(seats - certain);
            continue;
        }
        let members = competitor.split(contest, rules);
        if end.waiting {
            for member in &members {
                replayed.tied[member.list] = member.candidates > 0;
            }
            continue;
        }
        let mut least: BTreeMap<usize, u32> = BTreeMap::new();
        let mut empty = None;
        for house in seats..=seats.saturating_add(u32::from(tied)) {
            let end = walk.chain(
                inside.unwrap_or(&rules.stages),
                &members,
                house,
                1,
                Some(competitor.list),
            );
            let mut without = end.left_over;
            for (member, (&seats, &open)) in members.iter().zip(end.seats.iter().zip(&end.open)) {
                let certain = seats.min(member.candidates);
                without = without.saturating_add(seats - certain);
                least
                    .entry(member.list)
                    .and_modify(|least| *least = certain.min(*least))
                    .or_insert(certain);
                replayed.tied[member.list] |= open || tied;
            }
            empty = Some(empty.map_or(without, |empty: u32| empty.min(without)));
        }
        replayed.unassigned = replayed.unassigned.saturating_add(empty.unwrap_or(0));
        for (list, seats) in least {
            replayed.seats[list] = seats;
            let candidates = contest.lists[list].candidates.unwrap_or(u32::MAX);
            replayed.tied[list] &= seats < candidates;
        }
    }
    replayed
}
