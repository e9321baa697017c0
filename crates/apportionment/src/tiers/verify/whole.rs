//! The check of what is due to each list in the house.

use super::super::{Admission, MajorityResult, Surplus, WholeResult};
use super::Check;
use super::admission::{admitted, hangs_on_first_places, votes_by_list};
use super::refusal::TierRefusal;
use crate::allocation::Outcome;
use crate::method::Stage;

impl Check<'_> {
    /// Follows the rounds of the house.
    pub(super) fn whole(
        &mut self,
        (stage, surplus): (usize, Surplus),
        admission: &Admission,
        chain: &[Stage],
        result: &WholeResult,
    ) {
        let Some(admitted) = admitted(&self.contest, admission, &self.held_by_list(), None) else {
            self.refusals.push(TierRefusal::BaseMissing);
            return;
        };
        if admitted != result.admitted {
            self.refusals
                .push(TierRefusal::Admission { stage, part: 0 });
            return;
        }
        self.took_part.clone_from(&admitted);
        if self.house_is_open || hangs_on_first_places(&self.contest, admission, &admitted) {
            self.outcome = Some(Outcome::Tied);
            if !result.rounds.is_empty() || result.due.is_some() {
                self.refusals.push(TierRefusal::Due { stage });
            }
            return;
        }
        let held = self.held_by_list();
        let votes = votes_by_list(&self.contest);
        let mut competing = admitted;
        // What a list has that competes no more: its own seats, or those of the first round.
        let mut fixed = held.clone();
        let mut due: Option<Vec<u64>> = None;
        let mut rounds = result.rounds.iter();
        loop {
            let outside: u64 = (0..held.len())
                .filter(|&list| !competing[list])
                .map(|list| fixed[list])
                .sum();
            let taken = outside + self.unassigned;
            let seats = self
                .house()
                .checked_sub(taken)
                .and_then(|seats| u32::try_from(seats).ok());
            let Some(seats) = seats else {
                self.refusals.push(TierRefusal::Due { stage });
                return;
            };
            if seats == 0 {
                let of = |list: usize| {
                    if competing[list] {
                        held[list]
                    } else {
                        fixed[list]
                    }
                };
                due = Some((0..held.len()).map(of).collect());
                break;
            }
            let Some(round) = rounds.next() else {
                self.refusals.push(TierRefusal::Due { stage });
                return;
            };
            let part = result.rounds.len() - rounds.len() - 1;
            let contest = self.sub_contest(seats, &votes, &competing);
            if !self.part((stage, part), &contest, chain, &round.allocation) {
                return;
            }
            let given = |list: usize| u64::from(round.allocation.lists[list].seats);
            let settled = round.allocation.outcome == Outcome::Settled;
            let there = (0..held.len()).filter(|&list| settled && competing[list]);
            let mut leaving: Vec<usize> = match surplus {
                Surplus::Kept | Surplus::KeptWithLevel => there
                    .clone()
                    .filter(|&list| given(list) < held[list])
                    .collect(),
                Surplus::Added | Surplus::Returned => Vec::new(),
            };
            let mut capped: Vec<usize> = Vec::new();
            if surplus == Surplus::KeptWithLevel {
                if leaving.is_empty() {
                    let first = &result.rounds[0].allocation.lists;
                    capped = there
                        .filter(|&list| given(list) > u64::from(first[list].seats))
                        .collect();
                    for &list in &capped {
                        fixed[list] = first[list].seats.into();
                    }
                } else {
                    leaving = there.filter(|&list| given(list) <= held[list]).collect();
                }
            }
            if leaving != round.leaving || capped != round.capped {
                self.refusals.push(TierRefusal::Due { stage });
            }
            leaving.extend(capped);
            if leaving.is_empty() {
                match round.allocation.outcome {
                    outcome @ (Outcome::Tied | Outcome::NoneYet) => self.outcome = Some(outcome),
                    Outcome::Settled | Outcome::NobodyPassed => {
                        self.unassigned += u64::from(round.allocation.unassigned);
                        let grows = settled && surplus == Surplus::Added;
                        let of = |list: usize| match competing[list] {
                            true if grows && held[list] > given(list) => {
                                self.added += held[list] - given(list);
                                held[list]
                            }
                            true => given(list),
                            false => fixed[list],
                        };
                        due = Some((0..held.len()).map(of).collect());
                    }
                }
                break;
            }
            for list in leaving {
                competing[list] = false;
            }
        }
        let found = result
            .due
            .as_ref()
            .map(|due| due.iter().copied().map(u64::from).collect());
        if rounds.len() > 0 || found != due {
            self.refusals.push(TierRefusal::Due { stage });
        }
        self.due = due;
    }

    /// Whether a list with more than half of the votes has more than half of the seats, and of no more than it takes.
    pub(super) fn majority(&mut self, stage: usize, result: &MajorityResult) {
        let votes = votes_by_list(&self.contest);
        let there = votes.iter().zip(&self.took_part);
        let all: u128 = there
            .filter(|(_, there)| **there)
            .map(|(votes, _)| u128::from(*votes))
            .sum();
        let house = self.house() + self.added;
        let Some(due) = self.due.as_mut() else {
            self.refusals.push(TierRefusal::Due { stage });
            return;
        };
        let over_half = |list: &usize| self.took_part[*list] && u128::from(votes[*list]) > all / 2;
        let over_half = (0..due.len())
            .find(over_half)
            .filter(|&list| due[list] <= house / 2);
        // One seat less would be no more than half of the house with them.
        let seats = over_half.map_or(0, |list| house + 1 - 2 * due[list]);
        if (result.to, u64::from(result.seats)) != (over_half, seats) {
            self.refusals.push(TierRefusal::Due { stage });
        }
        if let Some(list) = over_half {
            due[list] += seats;
            self.added += seats;
        }
    }
}
