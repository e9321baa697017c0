//! The check of placed and covered seats: a seat that was not given was refused by larger keys, or by a lot among equals.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    CoverLine, CoverResult, Place, PlaceLot, PlaceResult, PlaceTie, PlacedSeat, Placement,
    TierContest,
};
use super::refusal::PlaceRefusal;
use super::{first, is_leading, person};
use crate::districts::{District, DistrictedContest};
use crate::double_proportional::verify::{base_of, product_order};
use crate::ratio::Ratio;
use crate::threshold::Threshold;
use crate::whole_number::WholeNumber;

/// A key as products: all factors above the line, all below it.
struct Key {
    above: [u64; 3],
    below: u64,
    base: u128,
}

impl Key {
    /// One more seat beside `seats`; the district must have the count that a relative key is taken of.
    fn of(placement: &Placement, district: &District, list: usize, seats: u64) -> Option<Self> {
        let (scale, below) = match seats {
            0 => (
                u64::from(placement.first.denominator),
                u64::from(placement.first.numerator),
            ),
            seats => (
                1,
                u64::from(placement.step)
                    .checked_mul(seats)?
                    .checked_add(1)?,
            ),
        };
        let (own, base) = match placement.relative {
            None => (1, 1),
            Some(base) => {
                let share = Threshold {
                    base,
                    ..Threshold::of_list_votes(0, 1)
                };
                (u64::from(district.seats), base_of(&share, district)?)
            }
        };
        Some(Self {
            above: [district.votes[list], scale, own],
            below,
            base,
        })
    }

    fn order(&self, key: Ratio) -> Ordering {
        let [votes, scale, own] = self.above;
        product_order(
            &[votes, scale, own],
            &[&WholeNumber::from(key.denominator())],
            &[self.below],
            &[
                &WholeNumber::from(self.base),
                &WholeNumber::from(key.numerator().unsigned_abs()),
            ],
        )
    }
}

/// Checks placed seats, adds them to `held`, and returns what is wrong.
pub(super) fn check_place(
    contest: &DistrictedContest,
    placement: &Placement,
    (stage, lots): (usize, &[PlaceLot]),
    (held, mut open): (&mut Vec<Vec<u64>>, Vec<u64>),
    result: &PlaceResult,
) -> Vec<PlaceRefusal> {
    let mut wrong = Vec::new();
    let (districts, lists) = (contest.districts.len(), contest.lists.len());
    let inside = |place: &Place| {
        place.district < districts && place.list < lists && place.constituency.is_none()
    };
    if open.len() != lists || !result.placed.iter().all(|seat| inside(&seat.place)) {
        return vec![PlaceRefusal::Shape];
    }
    let cap = placement.per_district.map_or(u64::MAX, u64::from);
    let mut room = vec![cap; districts];
    let mut smallest_of_list: Vec<Option<Ratio>> = vec![None; lists];
    let mut smallest_of_district: Vec<Option<Ratio>> = vec![None; districts];
    let mut by_key: BTreeMap<Ratio, Vec<Place>> = BTreeMap::new();
    let mut before: Option<Ratio> = None;
    for PlacedSeat { place, key } in &result.placed {
        let Place { district, list, .. } = *place;
        let exact = Key::of(
            placement,
            &contest.districts[district],
            list,
            held[district][list],
        );
        let falls = before.is_none_or(|before| *key <= before) && key.numerator() > 0;
        if !falls || exact.is_none_or(|exact| exact.order(*key).is_ne()) {
            wrong.push(PlaceRefusal::Key { place: *place });
        }
        before = Some(*key);
        held[district][list] += 1;
        match (open[list].checked_sub(1), room[district].checked_sub(1)) {
            (Some(left), Some(space)) => (open[list], room[district]) = (left, space),
            _ => wrong.push(PlaceRefusal::TooMany { place: *place }),
        }
        smallest_of_list[list] = Some(*key);
        smallest_of_district[district] = Some(*key);
        by_key.entry(*key).or_default().push(*place);
    }
    let drawn = |place: &Place, key: Ratio| {
        lots.iter().any(|lot| {
            let won = by_key
                .get(&key)
                .is_some_and(|places| places.contains(&lot.winner));
            lot.stage == stage && won && lot.tied.contains(place) && lot.tied.contains(&lot.winner)
        })
    };
    let mut equal = BTreeSet::new();
    for district in 0..districts {
        for list in 0..lists {
            let place = Place {
                district,
                list,
                constituency: None,
            };
            if contest.districts[district].votes[list] == 0 {
                continue;
            }
            let Some(next) = Key::of(
                placement,
                &contest.districts[district],
                list,
                held[district][list],
            ) else {
                return vec![PlaceRefusal::Shape];
            };
            // The line that is full and the smallest key in it; several full lines: any of them may have refused it.
            let full = [
                (open[list] == 0).then_some(smallest_of_list[list]),
                (room[district] == 0).then_some(smallest_of_district[district]),
            ];
            let verdicts = full.into_iter().flatten().map(|smallest| match smallest {
                None => Ordering::Less,
                Some(key) => next.order(key),
            });
            match verdicts.min() {
                Some(Ordering::Less) => {}
                Some(Ordering::Equal) => {
                    let keys = [smallest_of_list[list], smallest_of_district[district]];
                    let settled = keys
                        .into_iter()
                        .flatten()
                        .any(|key| next.order(key).is_eq() && drawn(&place, key));
                    if !settled {
                        wrong.push(PlaceRefusal::Silent { place });
                    }
                }
                Some(Ordering::Greater) => wrong.push(PlaceRefusal::Refused { place }),
                None => match &result.tie {
                    Some(tie) => match next.order(tie.key) {
                        Ordering::Greater => wrong.push(PlaceRefusal::Refused { place }),
                        Ordering::Equal => {
                            equal.insert(place);
                        }
                        Ordering::Less => {}
                    },
                    None => wrong.push(PlaceRefusal::Refused { place }),
                },
            }
        }
    }
    let left: u64 = open.iter().sum();
    let expected = if result.tie.is_some() { 0 } else { left };
    if u64::from(result.left_over) != expected {
        wrong.push(PlaceRefusal::LeftOver);
    }
    if let Some(tie) = &result.tie {
        let competing = |place: &&Place| {
            let beside = |of: fn(&Place) -> usize| {
                let line = equal.iter().filter(|other| of(other) == of(place)).count();
                u64::try_from(line).unwrap_or(u64::MAX)
            };
            beside(|place| place.list) > open[place.list]
                || beside(|place| place.district) > room[place.district]
        };
        let competing: Vec<Place> = equal.iter().filter(competing).copied().collect();
        check_tie(tie, &competing, (stage, lots), &mut wrong);
    }
    wrong
}

/// The tie names exactly these, and no lot was drawn among them.
fn check_tie(
    tie: &PlaceTie,
    competing: &[Place],
    (stage, lots): (usize, &[PlaceLot]),
    wrong: &mut Vec<PlaceRefusal>,
) {
    let drawn = lots.iter().any(|lot| {
        let mut named = lot.tied.clone();
        named.sort_unstable();
        lot.stage == stage && named == tie.tied && tie.tied.contains(&lot.winner)
    });
    if tie.tied != competing || competing.is_empty() || drawn {
        wrong.push(PlaceRefusal::Tie);
    }
}

/// Checks who is covered, line by line.
pub(super) fn check_cover(
    contest: &TierContest,
    held: &[Vec<u64>],
    lots: (usize, &[PlaceLot]),
    result: &CoverResult,
) -> Vec<PlaceRefusal> {
    let mut wrong = Vec::new();
    let constituencies = &contest.constituencies;
    let undecided = (0..constituencies.len()).filter(|&number| {
        let constituency = &constituencies[number];
        first(constituency).is_none()
            && (0..constituency.votes.len()).any(|list| is_leading(constituency, list))
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
    let refused = line.uncovered.iter().filter(|seat| seat.key == largest);
    for PlacedSeat { place, .. } in refused {
        let by_lot = lots.1.iter().any(|lot| {
            let winners = line.covered.iter().filter(|seat| seat.key == largest);
            lot.stage == lots.0
                && lot.tied.contains(place)
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
