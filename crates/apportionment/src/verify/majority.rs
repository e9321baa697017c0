//! Whether the list with the majority of votes got the seat that it is owed, from the right list.

use crate::contest::StageAt;
use crate::verify::expected::Competitor;
use crate::verify::key::{Key, compare};
use crate::verify::refusal::Refusal;
use crate::verify::stage::{ChainEnd, Walk};
use crate::verify::tie::settled_by_the_rules;

impl Walk<'_> {
    /// Moves the seat in `end` as the rules say, and takes the recorded transfer off the walk where it belongs.
    pub fn majority(&mut self, competitors: &[Competitor], end: &mut ChainEnd) {
        let votes = |place: usize| competitors[place].votes;
        let lists = self.contest.lists.iter();
        let all: u128 = lists.map(|list| u128::from(list.votes)).sum();
        let majority = |place: &usize| votes(*place) > all - votes(*place);
        let Some(owed) = (0..competitors.len()).find(majority) else {
            return;
        };
        let (seats, house) = (end.seats[owed], self.contest.seats);
        if seats > house.saturating_sub(seats) || seats >= competitors[owed].limit {
            return;
        }
        if let Some((lists, open_seats)) = end.tie.clone() {
            // The tie alone may give the list with the majority one seat, and the clause another one.
            let wins_all = open_seats == 1 && lists.contains(&competitors[owed].list);
            let owed_still = end.waiting || seats < house.saturating_sub(seats + 1);
            end.open[owed] = true;
            if wins_all && owed_still {
                for (place, _) in losers(end, owed) {
                    end.seats[place] = end.seats[place].saturating_sub(1);
                    end.open[place] = true;
                }
            }
            return;
        }
        let losers = losers(end, owed);
        let (Some(&(first, key)), Some(transfer)) = (losers.first(), self.majority) else {
            if !losers.is_empty() {
                self.refusals.push(Refusal::Majority);
            }
            return;
        };
        self.majority = None;
        let lists: Vec<usize> = losers
            .iter()
            .map(|(place, _)| competitors[*place].list)
            .collect();
        let facts = |list: usize| {
            let list = self.contest.lists.get(list);
            let votes = list.map_or(0, |list| u128::from(list.votes));
            (votes, list.and_then(|list| list.registration))
        };
        let tie_fits = match &transfer.tie {
            None => lists == [competitors[first].list],
            Some(tie) => {
                let keep = tie.seats_at_stake.checked_add(1).map(usize::try_from);
                keep == Some(Ok(lists.len()))
                    && tie.at == StageAt::Majority
                    && tie.key == Some(transfer.key)
                    && tie.lists == lists
                    && settled_by_the_rules(tie, self.rules, self.lots, &facts)
            }
        };
        let same = transfer.to == competitors[owed].list
            && transfer.from == lists
            && Some(transfer.key) == key.reported();
        if !(same && tie_fits) {
            self.refusals.push(Refusal::Majority);
        }
        end.seats[owed] = seats.saturating_add(1);
        for (place, _) in losers {
            let list = competitors[place].list;
            let tie = transfer.tie.as_ref();
            let keeps =
                tie.is_some_and(|tie| tie.settled.iter().any(|one| one.winners.contains(&list)));
            end.open[place] = tie.is_some_and(|tie| tie.open_seats > 0 && tie.open.contains(&list));
            end.seats[place] = end.seats[place].saturating_sub(u32::from(!keeps));
        }
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
