//! The check of seats that went back: each in its turn was the smallest that could go, and went to the largest that could
//! take it. All seats that can go stand in one sorted line, and how many each list has too many or lacks is counted down.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::super::ahead::{PLACES_MAX, TABLES_ALL_MAX, TABLES_MAX};
use super::super::{Place, PlaceLot, PlacedSeat, ReturnResult, ReturnedSeat, Returning};
use super::place::{Key, check_tie};
use super::refusal::PlaceRefusal;
use super::void::{Decided, first_drawn};
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
    let mut too_many = vec![0; lists];
    let mut lacking = vec![0; lists];
    for (list, &due) in due.iter().enumerate() {
        let all: u64 = held.iter().map(|line| line[list]).sum();
        (too_many[list], lacking[list]) = (all.saturating_sub(due), due.saturating_sub(all));
    }
    let mut check = Check {
        contest,
        returning,
        stage,
        lots,
        held,
        due,
        too_many,
        lacking,
        line: Vec::new(),
        recorded: &result.returned,
        result,
        decided,
        wrong: Vec::new(),
    };
    if check.follow().is_some() {
        if let Some(extra) = check.recorded.first() {
            let place = extra.from.place;
            check.wrong.push(PlaceRefusal::TooMany { place });
        }
        if result.tie.is_some() {
            check.wrong.push(PlaceRefusal::Tie);
        }
    }
    check.wrong
}

struct Check<'a> {
    contest: &'a DistrictedContest,
    returning: &'a Returning,
    stage: usize,
    lots: &'a [PlaceLot],
    held: &'a mut Vec<Vec<u64>>,
    due: &'a [u64],
    too_many: Vec<u64>,
    lacking: Vec<u64>,
    /// The last seats that can go, the next one at the end.
    line: Vec<(Place, Key)>,
    /// What of the record has not been met.
    recorded: &'a [ReturnedSeat],
    result: &'a ReturnResult,
    decided: &'a mut Decided,
    wrong: Vec<PlaceRefusal>,
}

impl Check<'_> {
    /// Follows the record from seat to seat; `None` where it ends in a tie, or went wrong.
    fn follow(&mut self) -> Option<()> {
        for district in 0..self.held.len() {
            for list in 0..self.too_many.len() {
                self.line.extend(self.last_seat(place(district, list)));
            }
        }
        self.line
            .sort_by(|(place, key), (other, than)| than.against(key).then(other.cmp(place)));
        loop {
            let equal = self.next_ones();
            if equal.is_empty() {
                return Some(());
            }
            let order_matters = equal.len() > 1 && self.order_matters(&equal);
            let number = self.by_list(&equal);
            let goes =
                |place: &&Place| !order_matters && number[place.list] <= self.too_many[place.list];
            let (free, held_back): (Vec<Place>, Vec<Place>) =
                equal.iter().partition(|place| goes(place));
            let clear: Vec<Place> = { free.chunk_by(|one, other| one.district == other.district) }
                .filter(|same| self.reaching(same).len() <= same.len())
                .flatten()
                .copied()
                .collect();
            if equal.len() == 1 || !clear.is_empty() {
                let going = if equal.len() == 1 { equal } else { clear };
                for (turn, place) in going.iter().enumerate() {
                    let with_it = going[turn..].iter();
                    let with_it = with_it.take_while(|other| other.district == place.district);
                    self.one(*place, count(with_it))?;
                }
                continue;
            }
            // One that surely goes, with takers that tie; or a list that keeps some of its seats; or all, where several do.
            let one_list = held_back.windows(2).all(|two| two[0].list == two[1].list);
            let winner = match (&free[..], &held_back[..]) {
                ([only], _) => *only,
                (_, [_, ..]) if one_list && !order_matters => self.going(&held_back)?,
                _ => self.going(&equal)?,
            };
            self.one(winner, 1)?;
        }
    }

    /// Who has the smallest key of all seats that can go, in the order of places.
    fn next_ones(&mut self) -> Vec<Place> {
        let too_many = &self.too_many;
        // Lists that have given back enough are out of it.
        while let Some((place, _)) = self.line.last()
            && too_many[place.list] == 0
        {
            self.line.pop();
        }
        let Some((_, smallest)) = self.line.last() else {
            return Vec::new();
        };
        let equal = self.line.iter().rev();
        let equal = equal.take_while(|(_, key)| key.against(smallest).is_eq());
        let equal = equal.filter(|(place, _)| too_many[place.list] > 0);
        equal.map(|(place, _)| *place).collect()
    }

    /// How many of these seats each list has.
    fn by_list(&self, equal: &[Place]) -> Vec<u64> {
        let mut number = vec![0; self.too_many.len()];
        for place in equal {
            number[place.list] += 1;
        }
        number
    }

    /// Whether a list could have more of these seats than it lacks, so that it matters which goes first.
    fn order_matters(&self, equal: &[Place]) -> bool {
        let lists = self.too_many.len();
        let mut claims = vec![0_u64; lists];
        for same in equal.chunk_by(|one, other| one.district == other.district) {
            let district = same[0].district;
            let open = (0..lists).filter(|&list| self.lacking[list] > 0);
            let mut keys: Vec<(usize, Key)> = Vec::new();
            for list in open {
                let beside = self.held[district][list];
                let seats = (beside..).take(same.len());
                keys.extend(
                    seats.filter_map(|seats| Some((list, self.key(district, list, seats)?))),
                );
            }
            keys.sort_by(|(_, key), (_, than)| than.against(key));
            let border = same.len().min(keys.len()).checked_sub(1);
            for (list, key) in &keys {
                let reaches = |last: usize| key.against(&keys[last].1).is_ge();
                claims[*list] += u64::from(border.is_some_and(reaches));
            }
        }
        let number = { self.by_list(equal).into_iter() }.zip(&self.too_many);
        let going: u64 = number.map(|(number, too_many)| number.min(*too_many)).sum();
        (0..lists).any(|list| claims[list].min(going) > self.lacking[list])
    }

    /// The lists that reach one of so many seats in a district, once for each; more than these where some are level.
    fn reaching(&self, same: &[Place]) -> Vec<usize> {
        let district = same[0].district;
        let mut keys: Vec<(usize, Key)> = Vec::new();
        for list in (0..self.lacking.len()).filter(|&list| self.lacking[list] > 0) {
            let beside = self.held[district][list];
            let seats = (beside..).take(same.len());
            keys.extend(seats.filter_map(|seats| Some((list, self.key(district, list, seats)?))));
        }
        keys.sort_by(|(_, key), (_, than)| than.against(key));
        let border = same.len().min(keys.len()).checked_sub(1);
        let reaches = |(_, key): &&(usize, Key)| {
            border.is_some_and(|last| key.against(&keys[last].1).is_ge())
        };
        keys.iter().filter(reaches).map(|(list, _)| *list).collect()
    }

    /// One seat that has to go now, of so many in its district.
    fn one(&mut self, from: Place, with_it: u64) -> Option<()> {
        let Some((seat, rest)) = self.recorded.split_first() else {
            self.wrong.push(PlaceRefusal::LeftOver);
            return None;
        };
        self.recorded = rest;
        if seat.from.place != from {
            self.wrong.push(PlaceRefusal::Refused { place: from });
            return None;
        }
        let position = self.line.iter().rposition(|(place, _)| *place == from)?;
        let (_, key) = self.line.remove(position);
        if key.order(seat.from.key).is_ne() {
            self.wrong.push(PlaceRefusal::Key { place: from });
        }
        self.held[from.district][from.list] -= 1;
        self.too_many[from.list] -= 1;
        if let Some((place, key)) = self.last_seat(from) {
            let before =
                |(other, than): &(Place, Key)| than.against(&key).then(other.cmp(&place)).is_gt();
            let position = self.line.partition_point(before);
            self.line.insert(position, (place, key));
        }
        let open = (0..self.lacking.len()).filter(|&list| self.lacking[list] > 0);
        let takers: Vec<(Place, Key)> = open
            .filter_map(|list| {
                let key = self.key(from.district, list, self.held[from.district][list])?;
                Some((place(from.district, list), key))
            })
            .collect();
        let largest =
            |(_, key): &&(Place, Key)| takers.iter().all(|(_, other)| other.against(key).is_le());
        let best: Vec<Place> = takers
            .iter()
            .filter(largest)
            .map(|(place, _)| *place)
            .collect();
        let expected = match best[..] {
            [] => None,
            [first, ..] if count(best.iter()) <= with_it.max(1) => Some(first),
            [first, ..] if self.is_one_end(self.taken(self.held, &best)) => Some(first),
            _ => match seat.to {
                Some(_) => Some(self.drawn(&best, Ordering::Greater)?),
                None => {
                    self.stops_at(&best, Ordering::Greater);
                    return None;
                }
            },
        };
        match (seat.to, expected) {
            (None, None) => {}
            (Some(to), None) => {
                self.wrong.push(PlaceRefusal::Key { place: to.place });
                return None;
            }
            (to, Some(place)) if to.is_none_or(|to| to.place != place) => {
                self.wrong.push(PlaceRefusal::Refused { place });
                return None;
            }
            (Some(to), Some(place)) => {
                let own = takers.iter().find(|(taker, _)| *taker == place);
                if own.is_none_or(|(_, key)| key.order(to.key).is_ne()) {
                    self.wrong.push(PlaceRefusal::Key { place });
                }
                self.held[place.district][place.list] += 1;
                self.lacking[place.list] -= 1;
            }
            (None, Some(_)) => return None,
        }
        Some(())
    }

    /// Who of these goes back: the first of them where it is all one, and else who was drawn.
    fn going(&mut self, tied: &[Place]) -> Option<Place> {
        let firsts = tied.iter().flat_map(|&place| self.gone(self.held, place));
        if self.is_one_end(firsts.collect()) {
            return tied.first().copied();
        }
        self.drawn(tied, Ordering::Less)
    }

    /// Who was drawn of these. Where nobody was, the record has to end with their tie.
    fn drawn(&mut self, tied: &[Place], wanted: Ordering) -> Option<Place> {
        if let Some(lot) = first_drawn(self.lots, self.stage, tied) {
            self.decided.push((self.stage, tied.to_vec()));
            return Some(self.lots[lot].winner);
        }
        self.stops_at(tied, wanted);
        None
    }

    /// Nothing is recorded behind the tie of these.
    fn stops_at(&mut self, tied: &[Place], wanted: Ordering) {
        if !self.recorded.is_empty() {
            let chosen = self.recorded.first().map(|seat| seat.from.place);
            let silent = tied.iter().find(|place| Some(**place) != chosen);
            self.wrong
                .extend(silent.map(|&place| PlaceRefusal::Silent { place }));
        }
        let result = self.result;
        let Some(tie) = &result.tie else {
            self.wrong.push(match wanted {
                Ordering::Less => PlaceRefusal::LeftOver,
                Ordering::Equal | Ordering::Greater => PlaceRefusal::Refused { place: tied[0] },
            });
            return;
        };
        let seats = |place: &Place| {
            let held = self.held[place.district][place.list];
            match wanted {
                Ordering::Less => held.saturating_sub(1),
                Ordering::Equal | Ordering::Greater => held,
            }
        };
        let same = |place: &Place| {
            let key = self.key(place.district, place.list, seats(place));
            key.is_some_and(|key| key.order(tie.key).is_eq())
        };
        if !tied.iter().all(same) {
            self.wrong.push(PlaceRefusal::Tie);
        }
        check_tie(tie, tied, (self.stage, self.lots), &mut self.wrong);
    }

    /// The last seat at a place, if it can go.
    fn last_seat(&self, place: Place) -> Option<(Place, Key)> {
        let Place { district, list, .. } = place;
        let own = self.contest.districts[district].seats;
        if self.too_many[list] == 0 || own < self.returning.district_seats_min {
            return None;
        }
        let seats = self.held[district][list].checked_sub(1)?;
        Some((place, self.key(district, list, seats)?))
    }

    /// The key of one more seat beside so many; `None` without votes.
    fn key(&self, district: usize, list: usize, seats: u64) -> Option<Key> {
        #[cfg(test)]
        super::super::returned::counted::KEYS.with(|counter| counter.set(counter.get() + 1));
        let district = &self.contest.districts[district];
        if district.votes[list] == 0 {
            return None;
        }
        Key::plain(&self.returning.series, district, list, seats)
    }
}

/// Seats by district and list.
type Table = Vec<Vec<u64>>;

/// Every way in which equal keys can be taken, followed table by table.
impl Check<'_> {
    /// Whether all these tables end as one and the same; not where too many stand beside each other, or a table is too large.
    fn is_one_end(&self, firsts: Vec<Table>) -> bool {
        let (mut standing, mut ends) = (firsts, BTreeSet::new());
        if self.held.len().saturating_mul(self.lacking.len()) > PLACES_MAX {
            return false;
        }
        let mut seen = 0;
        loop {
            standing.sort();
            standing.dedup();
            if standing.len() == 1 && ends.is_empty() {
                return true;
            }
            seen += standing.len();
            if standing.len() > TABLES_MAX || seen > TABLES_ALL_MAX {
                return false;
            }
            let mut later = Vec::new();
            for table in standing {
                let going = self.going_of(&table);
                if going.is_empty() {
                    ends.insert(table);
                } else {
                    later.extend(going.into_iter().flat_map(|place| self.gone(&table, place)));
                }
            }
            if ends.len() > 1 {
                return false;
            }
            if later.is_empty() {
                return true;
            }
            standing = later;
        }
    }

    /// Whose last seats are next to go.
    fn going_of(&self, table: &Table) -> Vec<Place> {
        let over = |list: usize| table.iter().map(|line| line[list]).sum::<u64>() > self.due[list];
        let mut found: Vec<(Place, Key)> = Vec::new();
        for list in (0..self.lacking.len()).filter(|&list| over(list)) {
            for (district, line) in table.iter().enumerate() {
                let is_free =
                    self.contest.districts[district].seats >= self.returning.district_seats_min;
                let last = line[list].checked_sub(1).filter(|_| is_free);
                let key = last.and_then(|last| self.key(district, list, last));
                found.extend(key.map(|key| (place(district, list), key)));
            }
        }
        let keys = found.iter().map(|(_, key)| key);
        let Some(least) = keys.reduce(|least, key| match key.against(least).is_lt() {
            true => key,
            false => least,
        }) else {
            return Vec::new();
        };
        let first = found.iter().filter(|(_, key)| key.against(least).is_eq());
        first.map(|(place, _)| *place).collect()
    }

    /// The tables after a seat has gone back from a place.
    fn gone(&self, table: &Table, from: Place) -> Vec<Table> {
        let mut left = table.clone();
        left[from.district][from.list] -= 1;
        let lacks =
            |list: &usize| left.iter().map(|line| line[*list]).sum::<u64>() < self.due[*list];
        let takers = (0..self.lacking.len()).filter(lacks).filter_map(|list| {
            let key = self.key(from.district, list, left[from.district][list])?;
            Some((place(from.district, list), key))
        });
        let takers: Vec<(Place, Key)> = takers.collect();
        let best =
            |(_, key): &&(Place, Key)| takers.iter().all(|(_, than)| key.against(than).is_ge());
        let best: Vec<Place> = takers
            .iter()
            .filter(best)
            .map(|(place, _)| *place)
            .collect();
        if best.is_empty() {
            return vec![left];
        }
        self.taken(&left, &best)
    }

    /// The tables in which each of these has one seat more.
    fn taken(&self, table: &Table, best: &[Place]) -> Vec<Table> {
        let with = |place: &Place| {
            let mut table = table.clone();
            table[place.district][place.list] += 1;
            table
        };
        best.iter().map(with).collect()
    }
}

fn place(district: usize, list: usize) -> Place {
    Place {
        district,
        list,
        constituency: None,
    }
}

fn count<T>(some: impl Iterator<Item = T>) -> u64 {
    u64::try_from(some.count()).unwrap_or(u64::MAX)
}
