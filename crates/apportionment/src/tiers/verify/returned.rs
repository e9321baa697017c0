//! The check of seats that went back: each in its turn was the smallest that could go, and went to the largest that could
//! take it.

use std::cmp::Ordering;

use super::super::{Place, PlaceLot, PlaceTie, PlacedSeat, ReturnResult, Returning};
use super::place::{Key, check_tie};
use super::refusal::PlaceRefusal;
use super::void::Decided;
use crate::districts::DistrictedContest;

/// Checks the seats that went back, moves them in `held`, and returns what is wrong.
pub(super) fn check_return(
    contest: &DistrictedContest,
    returning: &Returning,
    (stage, lots): (usize, &[PlaceLot]),
    (held, due): (&mut Vec<Vec<u64>>, &[u64]),
    result: &ReturnResult,
    decided: &mut Decided,
) -> Vec<PlaceRefusal> {
    let (districts, lists) = (contest.districts.len(), contest.lists.len());
    let inside = |seat: &PlacedSeat| {
        seat.place.district < districts
            && seat.place.list < lists
            && seat.place.constituency.is_none()
    };
    let shaped = due.len() == lists
        && result.returned.iter().all(|seat| {
            let same = seat
                .to
                .is_none_or(|to| to.place.district == seat.from.place.district);
            inside(&seat.from) && seat.to.iter().all(inside) && same
        });
    if !shaped {
        return vec![PlaceRefusal::Shape];
    }
    let mut check = Check {
        contest,
        returning,
        stage,
        lots,
        decided,
        wrong: Vec::new(),
    };
    for (number, seat) in result.returned.iter().enumerate() {
        let givers = check.givers(held, due);
        check.one(&givers, &seat.from, Ordering::Less);
        let from = seat.from.place;
        let Some(left) = held[from.district][from.list].checked_sub(1) else {
            return vec![PlaceRefusal::TooMany { place: from }];
        };
        held[from.district][from.list] = left;
        let takers = check.takers(held, due, from.district);
        let last = number + 1 == result.returned.len();
        match &seat.to {
            Some(to) => {
                check.one(&takers, to, Ordering::Greater);
                held[to.place.district][to.place.list] += 1;
            }
            None if takers.is_empty() => {}
            None => match result.tie.as_ref().filter(|_| last) {
                Some(tie) => {
                    check.tie(&takers, tie, Ordering::Greater);
                    return check.wrong;
                }
                None => check
                    .wrong
                    .push(PlaceRefusal::Refused { place: takers[0].0 }),
            },
        }
    }
    let givers = check.givers(held, due);
    match &result.tie {
        Some(tie) => check.tie(&givers, tie, Ordering::Less),
        None if givers.is_empty() => {}
        None => check.wrong.push(PlaceRefusal::LeftOver),
    }
    check.wrong
}

struct Check<'a> {
    contest: &'a DistrictedContest,
    returning: &'a Returning,
    stage: usize,
    lots: &'a [PlaceLot],
    decided: &'a mut Decided,
    wrong: Vec<PlaceRefusal>,
}

impl Check<'_> {
    /// Last seats of lists that hold too many.
    fn givers(&self, held: &[Vec<u64>], due: &[u64]) -> Vec<(Place, Key)> {
        let mut givers = Vec::new();
        for (list, &due) in due.iter().enumerate() {
            let all: u64 = held.iter().map(|line| line[list]).sum();
            for (district, line) in held.iter().enumerate().filter(|_| all > due) {
                let own = self.contest.districts[district].seats;
                if own < self.returning.district_seats_min {
                    continue;
                }
                givers.extend(
                    line[list]
                        .checked_sub(1)
                        .and_then(|seats| self.key(district, list, seats)),
                );
            }
        }
        givers
    }

    /// Next seats in a district of lists that hold too few.
    fn takers(&self, held: &[Vec<u64>], due: &[u64], district: usize) -> Vec<(Place, Key)> {
        let open = (0..due.len())
            .filter(|&list| held.iter().map(|line| line[list]).sum::<u64>() < due[list]);
        let votes = &self.contest.districts[district].votes;
        let open = open.filter(|&list| votes[list] > 0);
        open.filter_map(|list| self.key(district, list, held[district][list]))
            .collect()
    }

    fn key(&self, district: usize, list: usize, seats: u64) -> Option<(Place, Key)> {
        let place = Place {
            district,
            list,
            constituency: None,
        };
        Some((
            place,
            Key::plain(
                &self.returning.series,
                &self.contest.districts[district],
                list,
                seats,
            )?,
        ))
    }

    /// The chosen one is among them with its own key, no other is further on the wanted side, and equals had a lot.
    fn one(&mut self, among: &[(Place, Key)], chosen: &PlacedSeat, wanted: Ordering) {
        let own = among.iter().find(|(place, _)| *place == chosen.place);
        if own.is_none_or(|(_, key)| key.order(chosen.key).is_ne()) {
            self.wrong.push(PlaceRefusal::Key {
                place: chosen.place,
            });
        }
        let equal = among
            .iter()
            .filter(|(_, key)| key.order(chosen.key).is_eq());
        let mut equal: Vec<Place> = equal.map(|(place, _)| *place).collect();
        equal.sort_unstable();
        // A lot that names others as well, or not all, was drawn for another tie.
        let drawn = self.lots.iter().any(|lot| {
            let mut named = lot.tied.clone();
            named.sort_unstable();
            lot.stage == self.stage && lot.winner == chosen.place && named == equal
        });
        if equal.len() > 1 {
            self.decided.push((self.stage, equal));
        }
        for (place, key) in among.iter().filter(|(place, _)| *place != chosen.place) {
            let order = key.order(chosen.key);
            if order == wanted {
                self.wrong.push(PlaceRefusal::Refused { place: *place });
            } else if order.is_eq() && !drawn {
                self.wrong.push(PlaceRefusal::Silent { place: *place });
            }
        }
    }

    /// The tie is between all that are furthest on the wanted side.
    fn tie(&mut self, among: &[(Place, Key)], tie: &PlaceTie, wanted: Ordering) {
        if let Some((place, _)) = among.iter().find(|(_, key)| key.order(tie.key) == wanted) {
            self.wrong.push(PlaceRefusal::Refused { place: *place });
        }
        let equal = among.iter().filter(|(_, key)| key.order(tie.key).is_eq());
        let mut equal: Vec<Place> = equal.map(|(place, _)| *place).collect();
        equal.sort_unstable();
        if equal.len() < 2 {
            self.wrong.push(PlaceRefusal::Tie);
        }
        check_tie(tie, &equal, (self.stage, self.lots), &mut self.wrong);
    }
}
