//! Seats that go back to their districts, because their lists hold more than is due to them in the house.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::ahead::Ahead;
use super::place::{Draw, key};
use super::{Place, PlaceTie, PlacedSeat, ReturnResult, ReturnedSeat, Returning};
use crate::districts::DistrictedContest;
use crate::ratio::Ratio;

/// Takes seats back, smallest key first, and gives each to the largest next key in its district (Sweden, Election Act
/// 2005:837, chapter 14, between sections 3 and 5: surplus seats).
///
/// Equal keys go back together, and need no lot, where no list has more of them than it holds too many seats, and whatever
/// order they go in each seat falls to the same list. Running sums and a heap make it a matter of the seats that go back
/// times lists, beside one sort of all seats that could.
pub(super) fn give_back(
    contest: &DistrictedContest,
    returning: &Returning,
    held: &mut [Vec<u32>],
    due: &[u32],
    draw: &mut Draw<'_>,
) -> ReturnResult {
    let of_list = (0..due.len()).map(|list| held.iter().map(|line| line[list]).sum());
    let of_list: Vec<u32> = of_list.collect();
    let differences = || of_list.iter().zip(due);
    let mut run = Run {
        contest,
        returning,
        due: due.to_vec(),
        over: differences()
            .map(|(held, due)| held.saturating_sub(*due))
            .collect(),
        short: differences()
            .map(|(held, due)| due.saturating_sub(*held))
            .collect(),
        held,
        waiting: BinaryHeap::new(),
        returned: Vec::new(),
    };
    let tie = run.all(draw).err();
    let returned = run.returned;
    ReturnResult { returned, tie }
}

struct Run<'a> {
    contest: &'a DistrictedContest,
    returning: &'a Returning,
    held: &'a mut [Vec<u32>],
    due: Vec<u32>,
    /// Seats by list beyond those that are due to it.
    over: Vec<u32>,
    /// Seats by list that it lacks.
    short: Vec<u32>,
    /// The last seats that can go back, smallest key first; some of lists that have given back enough.
    waiting: BinaryHeap<Reverse<(Ratio, Place)>>,
    returned: Vec<ReturnedSeat>,
}

impl Run<'_> {
    /// Takes all back that go, or stops at the first tie that waits for a lot.
    fn all(&mut self, draw: &mut Draw<'_>) -> Result<(), PlaceTie> {
        for district in 0..self.held.len() {
            for list in 0..self.over.len() {
                self.line_up(place(district, list));
            }
        }
        while let Some((key, equal)) = self.smallest() {
            if let [only] = equal[..] {
                self.give(PlacedSeat { place: only, key }, 1, draw)?;
                continue;
            }
            let is_free = self.order_means_nothing(&equal);
            let of_list = self.by_list(&equal);
            let goes =
                |place: &&Place| is_free && of_list[place.list] <= size(self.over[place.list]);
            let free: Vec<Place> = equal.iter().filter(goes).copied().collect();
            let mut going = self.without_tied_takers(&free);
            if going.is_empty() {
                let winner = match free[..] {
                    [only] => only,
                    _ => {
                        // Which of its seats a list gives back is no matter of the other lists; what else is level is all
                        // one question.
                        let held_back = equal.iter().filter(|place| !goes(place));
                        let mut tied: Vec<Place> = held_back.copied().collect();
                        let one_list = tied.windows(2).all(|two| two[0].list == two[1].list);
                        if !(is_free && one_list) || tied.is_empty() {
                            tied.clone_from(&equal);
                        }
                        match tied.first() {
                            Some(&first) if self.all_come_to_the_same(&tied) => first,
                            _ => draw.winner(&tied).ok_or(PlaceTie { tied, key })?,
                        }
                    }
                };
                going.push(winner);
            }
            let left = equal
                .iter()
                .filter(|place| going.binary_search(place).is_err());
            self.waiting
                .extend(left.map(|&place| Reverse((key, place))));
            for beside in going.chunk_by(|left, right| left.district == right.district) {
                for (gone, &place) in beside.iter().enumerate() {
                    self.give(PlacedSeat { place, key }, beside.len() - gone, draw)?;
                }
            }
        }
        Ok(())
    }

    /// Puts the last seat at a place into the line, if it can go back.
    fn line_up(&mut self, place: Place) {
        let district = &self.contest.districts[place.district];
        if self.over[place.list] == 0 || district.seats < self.returning.district_seats_min {
            return;
        }
        let seats = self.held[place.district][place.list].checked_sub(1);
        let key = seats.and_then(|seats| self.key(place, seats));
        self.waiting.extend(key.map(|key| Reverse((key, place))));
    }

    /// The places with the smallest key, in order, taken out of the line.
    fn smallest(&mut self) -> Option<(Ratio, Vec<Place>)> {
        let mut equal: Vec<Place> = Vec::new();
        let mut smallest = None;
        while let Some(&Reverse((key, place))) = self.waiting.peek() {
            if self.over[place.list] == 0 {
                self.waiting.pop();
                continue;
            }
            if *smallest.get_or_insert(key) != key {
                break;
            }
            self.waiting.pop();
            equal.push(place);
        }
        equal.sort_unstable();
        smallest.map(|key| (key, equal))
    }

    /// Whether these seats fall to the same lists in whatever order they go back: none of the lists that can have one can
    /// have more of them than it lacks.
    fn order_means_nothing(&self, equal: &[Place]) -> bool {
        let mut most = vec![0_usize; self.short.len()];
        for beside in equal.chunk_by(|left, right| left.district == right.district) {
            self.claims(beside, |list| most[list] += 1);
        }
        let going = { self.by_list(equal).into_iter() }.zip(&self.over);
        let going: usize = going.map(|(some, over)| size(*over).min(some)).sum();
        let mut lists = most.iter().zip(&self.short);
        lists.all(|(most, short)| going.min(*most) <= size(*short))
    }

    /// Who can have a seat of so many in one district, one call for each; how many they are.
    fn claims(&self, beside: &[Place], mut note: impl FnMut(usize)) -> usize {
        let district = beside[0].district;
        let mut line: BinaryHeap<(Ratio, usize, u32)> = { self.takers(district).into_iter() }
            .map(|(key, list)| (key, list, self.held[district][list]))
            .collect();
        let (mut number, mut last) = (0, None);
        while let Some(&(key, list, seats)) = line.peek() {
            if number >= beside.len() && last != Some(key) {
                break;
            }
            line.pop();
            note(list);
            number += 1;
            last = Some(key);
            let next = self.key(place(district, list), seats + 1);
            line.extend(next.map(|key| (key, list, seats + 1)));
        }
        number
    }

    /// How many of these seats each list has.
    fn by_list(&self, equal: &[Place]) -> Vec<usize> {
        let mut of_list = vec![0; self.over.len()];
        for place in equal {
            of_list[place.list] += 1;
        }
        of_list
    }

    /// Those of seats that go back in any case in whose districts no takers tie for the last of them.
    fn without_tied_takers(&self, free: &[Place]) -> Vec<Place> {
        let by_district = free.chunk_by(|left, right| left.district == right.district);
        let clear = by_district.filter(|beside| self.claims(beside, |_| {}) <= beside.len());
        clear.flatten().copied().collect()
    }

    /// Lists that lack seats, with their next keys in a district.
    fn takers(&self, district: usize) -> Vec<(Ratio, usize)> {
        let lists = (0..self.short.len()).filter(|&list| self.short[list] > 0);
        lists
            .filter_map(|list| {
                let key = self.key(place(district, list), self.held[district][list]);
                key.map(|key| (key, list))
            })
            .collect()
    }

    /// Whether it is all one which of these goes back first, all that comes behind it included.
    fn all_come_to_the_same(&self, tied: &[Place]) -> bool {
        let ahead = self.ahead();
        let firsts = tied.iter().flat_map(|&place| ahead.after(self.held, place));
        ahead.is_small() && ahead.come_to_the_same(firsts.collect())
    }

    /// Whether it is all one which of these gets the seat that has just gone back.
    fn all_takers_come_to_the_same(&self, best: &[Place]) -> bool {
        let ahead = self.ahead();
        let with_seat = |place: &Place| {
            let mut table = self.held.to_vec();
            table[place.district][place.list] += 1;
            table
        };
        ahead.is_small() && ahead.come_to_the_same(best.iter().map(with_seat).collect())
    }

    fn ahead(&self) -> Ahead<'_> {
        Ahead {
            contest: self.contest,
            returning: self.returning,
            due: &self.due,
        }
    }

    /// Takes one seat back and gives it to the largest next key. `beside`: how many of its district go back with it, itself
    /// included; as many lists with equal keys all have one in the end.
    fn give(
        &mut self,
        from: PlacedSeat,
        beside: usize,
        draw: &mut Draw<'_>,
    ) -> Result<(), PlaceTie> {
        let Place { district, list, .. } = from.place;
        self.held[district][list] -= 1;
        self.over[list] -= 1;
        self.line_up(from.place);
        let takers = self.takers(district);
        let largest = takers.iter().map(|(key, _)| *key).max();
        let best = takers.iter().filter(|(key, _)| Some(*key) == largest);
        let best: Vec<Place> = best.map(|(_, list)| place(district, *list)).collect();
        let chosen = match (largest, best.first()) {
            (Some(key), Some(&first)) if best.len() <= beside.max(1) => Ok(Some((key, first))),
            (Some(key), Some(&first)) if self.all_takers_come_to_the_same(&best) => {
                Ok(Some((key, first)))
            }
            (Some(key), Some(_)) => match draw.winner(&best) {
                Some(winner) => Ok(Some((key, winner))),
                None => Err(PlaceTie { tied: best, key }),
            },
            _ => Ok(None),
        };
        let to = match &chosen {
            Ok(Some((key, place))) => Some(PlacedSeat {
                place: *place,
                key: *key,
            }),
            Ok(None) | Err(_) => None,
        };
        if let Some(to) = to {
            self.held[district][to.place.list] += 1;
            self.short[to.place.list] -= 1;
        }
        self.returned.push(ReturnedSeat { from, to });
        chosen.map(|_| ())
    }

    fn key(&self, place: Place, seats: u32) -> Option<Ratio> {
        #[cfg(test)]
        counted::KEYS.with(|counter| counter.set(counter.get() + 1));
        let votes = self.contest.districts[place.district].votes[place.list];
        key(votes, &self.returning.series, seats)
    }
}

fn size(seats: u32) -> usize {
    usize::try_from(seats).unwrap_or(usize::MAX)
}

fn place(district: usize, list: usize) -> Place {
    Place {
        district,
        list,
        constituency: None,
    }
}

/// How often a key was computed, here and in the verifier: what tests of the running time count.
#[cfg(test)]
pub(super) mod counted {
    use std::cell::Cell;

    thread_local! {
        pub static KEYS: Cell<u64> = const { Cell::new(0) };
    }
}

#[cfg(test)]
mod tests;
