//! Which lots are void: those that no tie of the result asked for. Each check of seats notes the ties that only a lot can have
//! decided, and here the lots are held against them.

use std::cmp::Ordering;

use super::super::{CoverLine, Place, PlaceLot, PlaceResult, Placement, TierAllocation};
use super::Check;
use super::place::Key;
use super::refusal::TierRefusal;
use crate::districts::DistrictedContest;

/// Ties that lots decided: the stage, and who was tied, in order.
pub(super) type Decided = Vec<(usize, Vec<Place>)>;

impl Check<'_> {
    /// Notes which lots of a part its allocation used; that this says so rightly is checked with the part.
    pub(super) fn note_inside(&mut self, at: (usize, usize), void: impl Fn(usize) -> bool) {
        let own = self.lots.inside.iter().enumerate();
        let own = own.filter(|(_, lot)| (lot.stage, lot.part) == at);
        for (number, (position, _)) in own.enumerate() {
            self.inside_used[position] = !void(number);
        }
    }

    /// Holds the lots that are said to be void against those that no tie asked for, and each tie that only a lot can have
    /// decided against the lots: what was drawn for another tie decides nothing.
    pub(super) fn check_void(&mut self, allocation: &TierAllocation) {
        let unused = self.inside_used.iter().enumerate();
        let inside = unused.filter(|(_, used)| !**used).map(|(lot, _)| lot);
        let drawn: Vec<Option<usize>> = self
            .decided
            .iter()
            .map(|(stage, tied)| first_drawn(&self.lots.places, *stage, tied))
            .collect();
        let places = (0..self.lots.places.len()).filter(|lot| !drawn.contains(&Some(*lot)));
        let right = inside.eq(allocation.void_lots.iter().copied())
            && places.eq(allocation.void_place_lots.iter().copied());
        if !right || drawn.contains(&None) {
            self.refusals.push(TierRefusal::VoidLots);
        }
    }
}

/// The first lot that was drawn for exactly these.
pub(super) fn first_drawn(lots: &[PlaceLot], stage: usize, tied: &[Place]) -> Option<usize> {
    lots.iter().position(|lot| {
        let mut named = lot.tied.clone();
        named.sort_unstable();
        lot.stage == stage && named == tied && tied.contains(&lot.winner)
    })
}

/// The ties that lots decided while seats were placed: where all that could have the largest key compete, one was drawn.
pub(super) fn decided_in_place(
    contest: &DistrictedContest,
    placement: &Placement,
    stage: usize,
    (held, open, room): (&[Vec<u64>], &[u64], &[u64]),
    result: &PlaceResult,
) -> Decided {
    let (mut held, mut open, mut room) = (held.to_vec(), open.to_vec(), room.to_vec());
    let mut decided = Vec::new();
    // Those of one key that have their seats whatever the others do.
    let mut certain: Vec<Place> = Vec::new();
    for seat in &result.placed {
        if !certain.contains(&seat.place) {
            let mut equal = Vec::new();
            for (district, line) in held.iter().enumerate() {
                for (list, &seats) in line.iter().enumerate() {
                    let own = &contest.districts[district];
                    let can = open[list] > 0 && room[district] > 0 && own.votes[list] > 0;
                    let key = Key::of(placement, own, list, seats).filter(|_| can);
                    if key.is_some_and(|key| key.order(seat.key) == Ordering::Equal) {
                        equal.push(Place {
                            district,
                            list,
                            constituency: None,
                        });
                    }
                }
            }
            let beside = |place: &Place, of: fn(&Place) -> usize| {
                let line = equal.iter().filter(|other| of(other) == of(place));
                u64::try_from(line.count()).unwrap_or(u64::MAX)
            };
            let fits = |place: &&Place| {
                beside(place, |place| place.list) <= open[place.list]
                    && beside(place, |place| place.district) <= room[place.district]
            };
            certain = equal.iter().filter(fits).copied().collect();
            if certain.is_empty() {
                decided.push((stage, equal));
            }
        }
        certain.retain(|place| *place != seat.place);
        let Place { district, list, .. } = seat.place;
        held[district][list] += 1;
        open[list] = open[list].saturating_sub(1);
        room[district] = room[district].saturating_sub(1);
    }
    decided
}

/// The ties that lots decided in a line of covered persons: as long as more have the border's share than seats are left.
pub(super) fn decided_in_line(line: &CoverLine, seats: u64, stage: usize) -> Decided {
    let Some(border) = line.uncovered.iter().map(|seat| seat.key).max() else {
        return Vec::new();
    };
    let all = || line.covered.iter().chain(&line.uncovered);
    let above = all().filter(|seat| seat.key > border).count();
    let equal = all().filter(|seat| seat.key == border);
    let mut equal: Vec<Place> = equal.map(|seat| seat.place).collect();
    equal.sort_unstable();
    let mut left = seats.saturating_sub(u64::try_from(above).unwrap_or(u64::MAX));
    let mut decided = Vec::new();
    for winner in line.covered.iter().filter(|seat| seat.key == border) {
        if u64::try_from(equal.len()).is_ok_and(|equal| equal <= left) {
            break;
        }
        decided.push((stage, equal.clone()));
        equal.retain(|place| *place != winner.place);
        left = left.saturating_sub(1);
    }
    decided
}
