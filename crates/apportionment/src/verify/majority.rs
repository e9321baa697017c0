//! Whether the list with the majority of votes got the seat that it is owed, from the right list.

use std::collections::BTreeSet;

use crate::allocation::{MajorityTransfer, Tie};
use crate::contest::StageAt;
use crate::key::Key as ReportedKey;
use crate::method::StageSeats;
use crate::rules::TieBreak;
use crate::verify::cuts_keys;
use crate::verify::expected::Competitor;
use crate::verify::key::{Key, compare};
use crate::verify::refusal::Refusal;
use crate::verify::stage::{ChainEnd, Walk};
use crate::verify::tie::settled_by_the_rules;

/// Who should give a seat up: these places among the competitors, of whom so many keep theirs.
struct Giving {
    places: Vec<usize>,
    keep: u32,
    key: Option<ReportedKey>,
}

impl Walk<'_> {
    /// Whether the clause takes a seat from whoever wins a tie for the last seats, so that no lot is drawn for it: the list
    /// with the majority ends with one and the same number of seats. `seats` are those after the tie, as it is recorded.
    pub fn takes_a_seat_of(
        &self,
        tie: &Tie,
        competitors: &[Competitor],
        seats: &[u32],
        house: u32,
    ) -> bool {
        let drawn = tie.settled.iter().find(|one| one.by == TieBreak::Lot);
        let winners = drawn.map_or(&[][..], |drawn| &drawn.winners);
        let losers = drawn.map_or(&[][..], |drawn| &drawn.losers);
        let undecided = || tie.open.iter().chain(winners).chain(losers);
        let Some(owed) = self.with_majority(competitors) else {
            return false;
        };
        let one = &competitors[owed];
        let least = seats[owed].saturating_sub(u32::from(winners.contains(&one.list)));
        let is_in_it = undecided().any(|list| *list == one.list);
        undecided().next().is_some()
            && is_owed(one, least, house)
            && !(is_in_it && is_owed(one, least.saturating_add(1), house))
    }

    /// Whether a list is owed a seat by its majority as long as it has no more than these.
    pub fn may_be_owed(&self, competitors: &[Competitor], seats: &[u32], house: u32) -> bool {
        self.with_majority(competitors)
            .is_some_and(|owed| is_owed(&competitors[owed], seats[owed], house))
    }

    /// The competitor with more than half of all votes, where that means something.
    fn with_majority(&self, competitors: &[Competitor]) -> Option<usize> {
        self.rules.majority?;
        let lists = self.contest.lists.iter();
        let all: u128 = lists.map(|list| u128::from(list.votes)).sum();
        let votes = |one: &Competitor| one.votes;
        { competitors.iter() }.position(|one| votes(one) > all - votes(one))
    }

    /// Moves the seat in `end` as the rules say, and takes the recorded transfer off the walk where it belongs.
    pub fn majority(&mut self, competitors: &[Competitor], end: &mut ChainEnd) {
        let house = self.contest.seats;
        let Some(owed) = self
            .with_majority(competitors)
            .filter(|&owed| is_owed(&competitors[owed], end.seats[owed], house))
        else {
            return;
        };
        let last = end.stopped.and_then(|stage| self.rules.stages.get(stage));
        let of_quotas = last.is_some_and(|stage| stage.seats == StageSeats::WholeQuotas);
        match end.tie.clone() {
            None => {
                let losers = losers(end, owed);
                let Some((_, key)) = losers.first() else {
                    return;
                };
                let key = key.reported();
                let places: Vec<usize> = losers.iter().map(|(place, _)| *place).collect();
                for &place in &places {
                    end.seats[place] = end.seats[place].saturating_sub(1);
                }
                let keep = count(&places).saturating_sub(1);
                self.given(competitors, end, owed, &Giving { places, keep, key });
            }
            Some(tie) if end.waiting || of_quotas => {
                if tie.open_seats == 1 && tie.open.contains(&competitors[owed].list) {
                    lose(end, owed);
                }
            }
            Some(tie) => self.majority_in_tie(competitors, end, owed, &tie),
        }
    }

    /// The same where a tie for the last seats of the house is open.
    fn majority_in_tie(
        &mut self,
        competitors: &[Competitor],
        end: &mut ChainEnd,
        owed: usize,
        tie: &Tie,
    ) {
        let settled = tie.settled.iter().flat_map(|one| &one.winners);
        let winners: BTreeSet<usize> = settled.copied().collect();
        let open: BTreeSet<usize> = tie.open.iter().copied().collect();
        let mut keep = tie.open_seats.saturating_sub(1);
        let mut places = Vec::new();
        for (place, one) in competitors.iter().enumerate() {
            end.open[place] = false;
            let has_won = winners.contains(&one.list);
            if place != owed && (has_won || open.contains(&one.list)) {
                places.push(place);
                end.seats[place] = end.seats[place].saturating_sub(u32::from(has_won));
                keep = keep.saturating_add(u32::from(has_won));
            }
        }
        if self.takes_a_seat_of(tie, competitors, &end.seats, self.contest.seats) {
            let key = tie.key;
            self.given(competitors, end, owed, &Giving { places, keep, key });
            return;
        }
        // One of the tie's seats leaves it owed another one, which comes from those who won the others, or if there are none
        // from whoever won the last one before them.
        end.seats[owed] = end.seats[owed].saturating_add(1);
        end.open[owed] = true;
        if keep == 0 {
            lose(end, owed);
        }
        for place in places {
            end.open[place] |= keep > 0;
        }
    }

    /// Holds the recorded transfer against who should give the seat up, and moves it.
    fn given(
        &mut self,
        competitors: &[Competitor],
        end: &mut ChainEnd,
        owed: usize,
        giving: &Giving,
    ) {
        let Some(transfer) = self.majority.take() else {
            self.refusals.push(Refusal::Majority);
            return;
        };
        let from: Vec<usize> = giving
            .places
            .iter()
            .map(|&place| competitors[place].list)
            .collect();
        let same = transfer.to == competitors[owed].list
            && transfer.from == from
            && Some(transfer.key) == giving.key;
        let is_empty = transfer.tie.as_ref().is_some_and(|tie| {
            let mut places = giving.places.iter();
            tie.open_seats > 0
                && !cuts_keys(self.rules)
                && places.all(|&place| {
                    // What each has without the seat that somebody keeps.
                    let (one, seats) = (&competitors[place], end.seats[place]);
                    !tie.open.contains(&one.list) || seats >= one.candidates
                })
        });
        if !(same && self.keeps(transfer, &from, (giving.keep, is_empty))) {
            self.refusals.push(Refusal::Majority);
        }
        let tie = transfer.tie.as_ref().filter(|_| is_empty);
        end.left_over += tie.map_or(0, |tie| tie.open_seats);
        end.seats[owed] = end.seats[owed].saturating_add(1);
        for &place in &giving.places {
            let list = competitors[place].list;
            let tie = transfer.tie.as_ref();
            let keeps =
                tie.is_some_and(|tie| tie.settled.iter().any(|one| one.winners.contains(&list)));
            end.open[place] =
                !is_empty && tie.is_some_and(|tie| tie.open_seats > 0 && tie.open.contains(&list));
            end.seats[place] = end.seats[place].saturating_add(u32::from(keeps));
        }
    }

    /// Whether the tie for keeping a seat is there where several have it and some keep it, and is settled as the rules say.
    /// `is_empty`: whether what is open of it stays empty, so that no lot is drawn.
    fn keeps(
        &self,
        transfer: &MajorityTransfer,
        from: &[usize],
        (keep, is_empty): (u32, bool),
    ) -> bool {
        let Some(tie) = &transfer.tie else {
            return keep == 0;
        };
        let facts = |list: usize| {
            let list = self.contest.lists.get(list);
            let votes = list.map_or(0, |list| u128::from(list.votes));
            (votes, list.and_then(|list| list.registration))
        };
        let lots = if is_empty { &[][..] } else { self.lots };
        keep > 0
            && tie.seats_at_stake == keep
            && tie.at == StageAt::Majority
            && tie.key == Some(transfer.key)
            && tie.lists == from
            && tie.stays_empty == is_empty
            && settled_by_the_rules(tie, self.rules, lots, &facts)
    }
}

/// At most half of the seats, and a candidate for one more.
fn is_owed(one: &Competitor, seats: u32, house: u32) -> bool {
    seats <= house.saturating_sub(seats) && seats < one.limit
}

fn count(places: &[usize]) -> u32 {
    u32::try_from(places.len()).unwrap_or(u32::MAX)
}

/// Whoever holds the smallest last seat may lose it.
fn lose(end: &mut ChainEnd, owed: usize) {
    for (place, _) in losers(end, owed) {
        end.seats[place] = end.seats[place].saturating_sub(1);
        end.open[place] = true;
    }
}

/// The competitors but for one whose last seat came in the last stage that gave any of them one, with the smallest key.
fn losers(end: &ChainEnd, except: usize) -> Vec<(usize, Key)> {
    let won = end.won.iter().enumerate();
    let others: Vec<(usize, (usize, Key))> = won
        .filter(|(place, _)| *place != except)
        .filter_map(|(place, won)| Some((place, (*won)?)))
        .collect();
    let last = others.iter().map(|(_, (stage, _))| *stage).max();
    let of_last = others.iter().filter(|(_, (stage, _))| Some(*stage) == last);
    let keys: Vec<(usize, Key)> = of_last.map(|(place, (_, key))| (*place, *key)).collect();
    let smallest = keys.iter().map(|(_, key)| *key);
    let Some(smallest) = smallest.min_by(|one, other| compare(*one, *other)) else {
        return Vec::new();
    };
    let of_it = keys
        .iter()
        .filter(|(_, key)| compare(*key, smallest).is_eq());
    of_it.copied().collect()
}
