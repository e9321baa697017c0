//! The check of covered persons: the smallest share covered is at least the largest that is not.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    Constituency, CoverLine, CoverResult, Place, PlaceLot, PlaceTie, PlacedSeat, TierContest,
};
use super::Check;
use super::admission::{first, is_leading};
use super::place::check_tie;
use super::refusal::PlaceRefusal;
use super::void::{Decided, decided_in_line};
use crate::double_proportional::verify::product_order;
use crate::ratio::Ratio;
use crate::whole_number::WholeNumber;

impl Check<'_> {
    /// Checks covered persons; who is level ends the run.
    pub(super) fn cover(&mut self, stage: usize, result: &CoverResult) {
        let wrong = check_cover(
            &self.contest,
            &self.held,
            (stage, &self.lots.places),
            result,
            &mut self.decided,
        );
        let tied = result.lines.iter().any(|line| line.tie.is_some());
        self.places(stage, wrong, tied || !result.undecided.is_empty());
    }
}

/// Checks who is covered, line by line.
fn check_cover(
    contest: &TierContest,
    held: &[Vec<u64>],
    lots: (usize, &[PlaceLot]),
    result: &CoverResult,
    decided: &mut Decided,
) -> Vec<PlaceRefusal> {
    let mut wrong = Vec::new();
    let constituencies = &contest.constituencies;
    let undecided = (0..constituencies.len()).filter(|&number| {
        let constituency = &constituencies[number];
        first(constituency).is_none()
            && (0..constituency.votes.len())
                .any(|list| is_leading(constituency, list) && held[constituency.district][list] > 0)
    });
    let mut expected: BTreeMap<(usize, usize), BTreeSet<Place>> = BTreeMap::new();
    for (number, constituency) in constituencies.iter().enumerate() {
        if let Some(list) = first(constituency) {
            let line = expected.entry((constituency.district, list)).or_default();
            line.insert(person(constituency, number, list));
        }
    }
    let lines = result.lines.iter().map(|line| (line.district, line.list));
    if !undecided.eq(result.undecided.iter().copied()) || !lines.eq(expected.keys().copied()) {
        return vec![PlaceRefusal::Shape];
    }
    for (line, persons) in result.lines.iter().zip(expected.values()) {
        decided.extend(decided_in_line(
            line,
            held[line.district][line.list],
            lots.0,
        ));
        check_line(
            contest,
            held[line.district][line.list],
            persons,
            lots,
            line,
            &mut wrong,
        );
    }
    wrong
}

fn check_line(
    contest: &TierContest,
    seats: u64,
    persons: &BTreeSet<Place>,
    lots: (usize, &[PlaceLot]),
    line: &CoverLine,
    wrong: &mut Vec<PlaceRefusal>,
) {
    let named: BTreeSet<Place> = line
        .covered
        .iter()
        .chain(&line.uncovered)
        .map(|seat| seat.place)
        .collect();
    if named != *persons || line.covered.len() + line.uncovered.len() != persons.len() {
        wrong.push(PlaceRefusal::Shape);
        return;
    }
    for PlacedSeat { place, key } in line.covered.iter().chain(&line.uncovered) {
        let share = place
            .constituency
            .and_then(|number| contest.constituencies.get(number));
        let exact = share.is_some_and(|constituency| {
            let total: u128 = constituency
                .votes
                .iter()
                .map(|&votes| u128::from(votes))
                .sum();
            let total = WholeNumber::from(total + u128::from(constituency.other_votes));
            let above = WholeNumber::from(key.numerator().unsigned_abs());
            let below = WholeNumber::from(key.denominator());
            product_order(
                &[constituency.votes[place.list]],
                &[&below],
                &[],
                &[&total, &above],
            )
            .is_eq()
        });
        if !exact {
            wrong.push(PlaceRefusal::Key { place: *place });
        }
    }
    let covered = u64::try_from(line.covered.len()).unwrap_or(u64::MAX);
    let all = u64::try_from(persons.len()).unwrap_or(u64::MAX);
    let filled = covered == seats.min(all);
    if u64::from(line.seats) != seats || covered > seats || filled == line.tie.is_some() {
        wrong.push(PlaceRefusal::LeftOver);
    }
    let smallest = line.covered.iter().map(|seat| seat.key).min();
    let largest = line.uncovered.iter().map(|seat| seat.key).max();
    let (Some(smallest), Some(largest)) = (smallest, largest) else {
        if let (Some(tie), Some(largest)) = (&line.tie, largest) {
            check_open_line(tie, largest, line, seats, lots, wrong);
        }
        return;
    };
    if let Some(tie) = &line.tie {
        check_open_line(tie, largest, line, seats, lots, wrong);
    }
    // A lot that names others as well was drawn for another tie.
    let seats = || line.covered.iter().chain(&line.uncovered);
    let level = seats().filter(|seat| seat.key == largest);
    let level: Vec<&Place> = level.map(|seat| &seat.place).collect();
    let refused = line.uncovered.iter().filter(|seat| seat.key == largest);
    for PlacedSeat { place, .. } in refused {
        let by_lot = lots.1.iter().any(|lot| {
            let winners = line.covered.iter().filter(|seat| seat.key == largest);
            lot.stage == lots.0
                && lot.tied.contains(place)
                && lot.tied.iter().all(|named| level.contains(&named))
                && winners
                    .map(|seat| seat.place)
                    .any(|winner| winner == lot.winner)
        });
        match largest.cmp(&smallest) {
            Ordering::Less => {}
            Ordering::Equal if by_lot => {}
            Ordering::Equal => wrong.push(PlaceRefusal::Silent { place: *place }),
            Ordering::Greater => wrong.push(PlaceRefusal::Refused { place: *place }),
        }
    }
}

/// An open tie: the largest shares without a seat, more of them than seats are left.
fn check_open_line(
    tie: &PlaceTie,
    largest: Ratio,
    line: &CoverLine,
    seats: u64,
    lots: (usize, &[PlaceLot]),
    wrong: &mut Vec<PlaceRefusal>,
) {
    let equal = line.uncovered.iter().filter(|seat| seat.key == largest);
    let mut equal: Vec<Place> = equal.map(|seat| seat.place).collect();
    equal.sort_unstable();
    let left = seats.saturating_sub(u64::try_from(line.covered.len()).unwrap_or(u64::MAX));
    if tie.key != largest
        || left == 0
        || u64::try_from(equal.len()).is_ok_and(|equal| equal <= left)
    {
        wrong.push(PlaceRefusal::Tie);
    }
    check_tie(tie, &equal, lots, wrong);
}

/// The person of a constituency as a place.
fn person(constituency: &Constituency, number: usize, list: usize) -> Place {
    Place {
        district: constituency.district,
        list,
        constituency: Some(number),
    }
}
