//! Ties: what each rule settled, what is still open, and how it can end.

use crate::language::Messages;
use crate::outcomes::lot_of;
use crate::subject::Explainer;
use apportionment::{Settlement, StageAt, Tie, TieBreak};

/// Most outcomes that are listed one by one, with the seats of all lists.
pub(crate) const OUTCOMES_MAX: u128 = 12;

impl Explainer<'_> {
    /// One tie from its equal keys to what is left of it.
    pub fn tie(&mut self, tie: &Tie) {
        let mut points = vec![self.equal(tie)];
        let allocation = self.subject.allocation;
        // What nobody drew is shown as what it is: one outcome of several that come to the same.
        let shown = tie.settled.last();
        let shown = shown.filter(|_| allocation.is_passed_over(tie));
        let settled = tie.settled.len() - usize::from(shown.is_some());
        for settlement in &tie.settled[..settled] {
            points.extend(self.settled(tie.at, settlement));
        }
        if let Some(shown) = shown {
            let winners = self.names(tie.at, &shown.winners);
            let others = self.names(tie.at, &shown.losers);
            points.push(self.say("tie.no_matter", &[]));
            let values = [("winners", winners.into()), ("losers", others.into())];
            points.push(self.say("tie.shown", &values));
        }
        let is_open = tie.open_seats > 0;
        let matters = allocation.open_ties().any(|asked| asked == tie);
        let waits = !matters && allocation.pending > 0 && self.is_behind_a_tie(tie);
        let outcomes = choices(tie.open.len(), tie.open_seats);
        if is_open && matters {
            let key = match tie.at {
                StageAt::Rescue => "tie.open_place",
                StageAt::Bonus => "tie.open_bonus",
                _ => "tie.open",
            };
            let lists = self.names(tie.at, &tie.open);
            let outcomes = outcomes.map_or_else(
                || String::from("> 10^38"),
                |outcomes| self.messages.numbers.whole(outcomes),
            );
            let values = [
                ("lists", lists.into()),
                ("seats", tie.open_seats.into()),
                ("outcomes", outcomes.into()),
            ];
            points.push(self.say(key, &values));
            let by_lot = self.subject.rules.ties.contains(&TieBreak::Lot);
            points.push(self.say(
                if by_lot {
                    "tie.needs_lot"
                } else {
                    "tie.no_rule"
                },
                &[],
            ));
        } else if is_open && waits {
            points.push(self.say("tie.waits", &[]));
        } else if is_open && allocation.majority.is_some() {
            points.push(self.say("tie.given_up", &[]));
        } else if is_open {
            points.push(self.say("tie.no_matter", &[]));
        }
        self.document.points(points);
        if is_open && matters {
            match outcomes.filter(|outcomes| *outcomes <= OUTCOMES_MAX) {
                Some(_) => self.outcomes(tie),
                None if is_place(tie.at) => self.paragraph("tie.compact_place", &[]),
                None => self.paragraph("tie.compact", &[("seats", tie.open_seats.into())]),
            }
        }
    }

    /// Whether a tie stands in an outcome of another one, which waits for a lot.
    fn is_behind_a_tie(&self, tie: &Tie) -> bool {
        let allocation = self.subject.allocation;
        let mut stages = allocation.stages.iter();
        let place = stages.position(|stage| stage.tie.as_ref() == Some(tie));
        let asked = allocation.asked_in_rounds.iter().flatten();
        place.is_some_and(|place| asked.into_iter().any(|&asked| asked < place))
    }

    fn equal(&self, tie: &Tie) -> String {
        let lists = self.names(tie.at, &tie.lists);
        match tie.key {
            Some(key) => {
                let values = [
                    ("lists", lists.into()),
                    ("key", self.messages.numbers.key(key).into()),
                    ("seats", tie.seats_at_stake.into()),
                ];
                self.say("tie.equal", &values)
            }
            None => {
                let votes = tie.lists.first();
                let votes = votes.map_or(0, |&list| self.subject.contest.lists[list].votes);
                let values = [
                    ("lists", lists.into()),
                    ("votes", votes.into()),
                    ("places", tie.seats_at_stake.into()),
                ];
                let key = match tie.at {
                    StageAt::Bonus => "tie.equal_bonus",
                    _ => "tie.equal_votes",
                };
                self.say(key, &values)
            }
        }
    }

    fn settled(&self, at: StageAt, settlement: &Settlement) -> Vec<String> {
        let (with, without) = match settlement.by {
            TieBreak::EarlierRegistration if is_place(at) => (
                "tie.by_registration_place",
                "tie.by_registration_place_without",
            ),
            TieBreak::EarlierRegistration => ("tie.by_registration", "tie.by_registration_without"),
            TieBreak::MoreVotes => ("tie.by_votes", "tie.by_votes_without"),
            TieBreak::Lot => ("tie.by_lot", "tie.by_lot_without"),
        };
        let line = |key: &str, value: &'static str, lists: &[usize]| {
            let names = self.names(at, lists);
            (!lists.is_empty()).then(|| self.say(key, &[(value, names.into())]))
        };
        let lines = [
            line(with, "winners", &settlement.winners),
            line(without, "losers", &settlement.losers),
        ];
        lines.into_iter().flatten().collect()
    }

    /// Every outcome with the seats that it gives, found by drawing each possible lot and allotting anew.
    fn outcomes(&mut self, tie: &Tie) {
        let size = usize::try_from(tie.open_seats).unwrap_or(usize::MAX);
        let rows = subsets(&tie.open, size).into_iter().filter_map(|winners| {
            let (ended, _) = self.ended(lot_of(tie, winners.clone()))?;
            let seats = self.seats(&ended.seats());
            let seats = if ended.pending > 0 {
                format!("{seats} {}", self.say("tie.still_tied", &[]))
            } else {
                seats
            };
            Some(vec![self.names(tie.at, &winners), seats])
        });
        let rows = rows.collect();
        let header = self.columns(&["columns.outcome", "columns.then"]);
        self.document.table(header, 1..2, rows);
    }

    /// 29/4/3/3/0, in the order of the lists; only those with a seat where there are many.
    pub fn seats(&self, seats: &[u32]) -> String {
        seats_of_all(self.messages, self.subject.names, seats)
    }
}

/// 29/4/3/3/0, in the order of the lists; only those with a seat where there are many.
pub(crate) fn seats_of_all(messages: &Messages, names: &[String], seats: &[u32]) -> String {
    const LISTS_MAX: usize = 15;
    let shown = |seats: &u32| messages.numbers.whole((*seats).into());
    if seats.len() <= LISTS_MAX {
        let shown: Vec<String> = seats.iter().map(shown).collect();
        return shown.join("/");
    }
    let held = seats.iter().zip(names).filter(|(seats, _)| **seats > 0);
    let held = held.map(|(seats, name)| format!("{name} {}", shown(seats)));
    held.collect::<Vec<_>>().join(", ")
}

/// Whether a tie is about one place rather than seats: who is admitted, or who gets a bonus, however many seats that is.
fn is_place(at: StageAt) -> bool {
    matches!(at, StageAt::Rescue | StageAt::Bonus)
}

/// n over k; `None` beyond 128 bits.
pub(crate) fn choices(lists: usize, seats: u32) -> Option<u128> {
    let lists = u128::try_from(lists).ok()?;
    let seats = u128::from(seats).min(lists);
    let seats = seats.min(lists - seats);
    (0..seats).try_fold(1_u128, |product, step| {
        // The product of the first factors is itself a number of choices, so the division leaves no rest.
        Some(product.checked_mul(lists - step)? / (step + 1))
    })
}

/// All subsets of a size, in the order of the lists.
pub(crate) fn subsets(lists: &[usize], size: usize) -> Vec<Vec<usize>> {
    match (size, lists) {
        (0, _) => vec![Vec::new()],
        (_, []) => Vec::new(),
        (size, [first, rest @ ..]) => {
            let mut all = subsets(rest, size - 1);
            all.iter_mut().for_each(|subset| subset.insert(0, *first));
            all.extend(subsets(rest, size));
            all
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_counted_and_listed() {
        for lists in 0..8_usize {
            for seats in 0..=u32::try_from(lists).unwrap() {
                let all: Vec<usize> = (0..lists).collect();
                let listed = subsets(&all, usize::try_from(seats).unwrap());
                assert_eq!(choices(lists, seats), u128::try_from(listed.len()).ok());
            }
        }
        assert_eq!(choices(10_000, 5_000), None);
    }
}
