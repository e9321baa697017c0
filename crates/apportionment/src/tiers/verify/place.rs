//! The check of placed seats: a seat that was not given was refused by larger keys, or by a lot among equals.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::super::{Place, PlaceLot, PlaceResult, PlaceTie, PlacedSeat, Placement, Series};
use super::refusal::PlaceRefusal;
use super::void::{Decided, decided_in_place};
use crate::districts::{District, DistrictedContest};
use crate::double_proportional::verify::{base_of, product_order};
use crate::ratio::Ratio;
use crate::whole_number::WholeNumber;

/// A key as products: all factors above the line, all below it.
pub(super) struct Key {
    above: [u64; 3],
    below: u64,
    base: u128,
}

impl Key {
    /// One more seat beside `seats`.
    pub fn plain(series: &Series, district: &District, list: usize, seats: u64) -> Option<Self> {
        let (scale, below) = match seats {
            0 => (
                u64::from(series.first.denominator),
                u64::from(series.first.numerator),
            ),
            seats => (
                1,
                u64::from(series.step).checked_mul(seats)?.checked_add(1)?,
            ),
        };
        Some(Self {
            above: [district.votes[list], scale, 1],
            below,
            base: 1,
        })
    }

    /// The same where keys may be relative; the district must have the count that they are taken of.
    pub fn of(placement: &Placement, district: &District, list: usize, seats: u64) -> Option<Self> {
        let plain = Self::plain(&placement.series, district, list, seats)?;
        let (own, base) = match placement.relative {
            None => (1, 1),
            Some(base) => (u64::from(district.seats), base_of(base, district)?),
        };
        let [votes, scale, _] = plain.above;
        Some(Self {
            above: [votes, scale, own],
            base,
            ..plain
        })
    }

    /// Against another key of the same kind.
    pub fn against(&self, other: &Self) -> Ordering {
        let [votes, scale, own] = self.above;
        let [other_votes, other_scale, other_own] = other.above;
        product_order(
            &[votes, scale, own, other.below],
            &[&WholeNumber::from(other.base)],
            &[other_votes, other_scale, other_own, self.below],
            &[&WholeNumber::from(self.base)],
        )
    }

    pub fn order(&self, key: Ratio) -> Ordering {
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

/// Checks seats placed where lists have seats `open` and districts `room`, adds them to `held`, and returns what is wrong.
pub(super) fn check_place(
    contest: &DistrictedContest,
    placement: &Placement,
    (stage, lots): (usize, &[PlaceLot]),
    (held, mut open, mut room): (&mut [Vec<u64>], Vec<u64>, Vec<u64>),
    result: &PlaceResult,
    decided: &mut Decided,
) -> Vec<PlaceRefusal> {
    let mut wrong = Vec::new();
    let (districts, lists) = (contest.districts.len(), contest.lists.len());
    let inside = |place: &Place| {
        place.district < districts && place.list < lists && place.constituency.is_none()
    };
    if open.len() != lists
        || room.len() != districts
        || !result.placed.iter().all(|seat| inside(&seat.place))
    {
        return vec![PlaceRefusal::Shape];
    }
    let before = (&*held, &open[..], &room[..]);
    decided.extend(decided_in_place(contest, placement, stage, before, result));
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
    // A lot that names a place without this key was drawn for another tie.
    let drawn = |place: &Place, key: Ratio| {
        let placed = |named: &Place| by_key.get(&key).is_some_and(|it| it.contains(named));
        let has_key = |named: &Place| {
            let Place { district, list, .. } = *named;
            let next = contest.districts.get(district).and_then(|it| {
                let seats = *held.get(district)?.get(list)?;
                Key::of(placement, it, list, seats)
            });
            placed(named) || next.is_some_and(|next| next.order(key).is_eq())
        };
        lots.iter().any(|lot| {
            lot.stage == stage
                && placed(&lot.winner)
                && lot.tied.contains(place)
                && lot.tied.contains(&lot.winner)
                && lot.tied.iter().all(has_key)
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
pub(super) fn check_tie(
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
