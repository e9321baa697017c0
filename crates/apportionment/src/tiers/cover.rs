//! Persons who came first in their constituencies, covered by the seats of their list in the district or not.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::place::Draw;
use super::{CoverLine, CoverResult, Place, PlaceTie, PlacedSeat, TierContest};
use crate::ratio::Ratio;

/// Those with the largest shares of their constituency's first votes take the seats first (Federal Election Act of Germany
/// of 2023, sections 1 and 6).
pub(super) fn cover(contest: &TierContest, held: &[Vec<u32>], draw: &mut Draw<'_>) -> CoverResult {
    let mut lines: BTreeMap<(usize, usize), Vec<PlacedSeat>> = BTreeMap::new();
    let mut undecided = Vec::new();
    for (number, constituency) in contest.constituencies.iter().enumerate() {
        let Some(list) = constituency.first() else {
            // Who leads matters only where one of the lists has a seat to cover its person with.
            let mut leading = constituency.leading().into_iter();
            if leading.any(|list| held[constituency.district][list] > 0) {
                undecided.push(number);
            }
            continue;
        };
        let total: u128 = constituency
            .votes
            .iter()
            .map(|&votes| u128::from(votes))
            .sum();
        let total = total + u128::from(constituency.other_votes);
        let place = Place {
            district: constituency.district,
            list,
            constituency: Some(number),
        };
        let key = Ratio::of(i128::from(constituency.votes[list]), total);
        lines
            .entry((constituency.district, list))
            .or_default()
            .push(PlacedSeat { place, key });
    }
    let line =
        |((district, list), persons)| line(district, list, held[district][list], persons, draw);
    CoverResult {
        undecided,
        lines: lines.into_iter().map(line).collect(),
    }
}

fn line(
    district: usize,
    list: usize,
    seats: u32,
    mut persons: Vec<PlacedSeat>,
    draw: &mut Draw<'_>,
) -> CoverLine {
    persons.sort_by_key(|person| (Reverse(person.key), person.place));
    let seats_here = usize::try_from(seats).unwrap_or(usize::MAX);
    let mut covered = Vec::new();
    let mut tie = None;
    while covered.len() < seats_here
        && let Some(next) = persons.first()
    {
        let key = next.key;
        let equal: Vec<Place> = persons
            .iter()
            .take_while(|person| person.key == key)
            .map(|person| person.place)
            .collect();
        if equal.len() <= seats_here - covered.len() {
            covered.extend(persons.drain(..equal.len()));
            continue;
        }
        let winner = draw.winner(&equal);
        match persons
            .iter()
            .position(|person| Some(person.place) == winner)
        {
            Some(position) => covered.push(persons.remove(position)),
            None => {
                tie = Some(PlaceTie { tied: equal, key });
                break;
            }
        }
    }
    CoverLine {
        district,
        list,
        seats,
        covered,
        uncovered: persons,
        tie,
    }
}
