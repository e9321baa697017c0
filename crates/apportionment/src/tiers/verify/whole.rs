//! The check of what is due to each list in the house.

use super::super::{Admission, Surplus, WholeResult};
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
        let mut due: Option<Vec<u64>> = None;
        let mut rounds = result.rounds.iter();
        loop {
            let outside: u64 = (0..held.len())
                .filter(|&list| !competing[list])
                .map(|list| held[list])
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
                due = Some(held.clone());
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
            let kept = settled && surplus == Surplus::Kept;
            let leaving: Vec<usize> = (0..held.len())
                .filter(|&list| kept && competing[list] && given(list) < held[list])
                .collect();
            if leaving != round.leaving {
                self.refusals.push(TierRefusal::Due { stage });
            }
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
                            false => held[list],
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
}
