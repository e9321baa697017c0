//! The house as one contest: what is due to each list in all.

use super::allocate::{Run, silence};
use super::{Admission, Surplus, WholeResult, WholeRound};
use crate::allocation::Outcome;
use crate::districts_error::DistrictsError;
use crate::method::Stage;

impl Run<'_> {
    /// Shares out the house in rounds, until nobody holds more than is due, or lists may.
    pub fn whole(
        &mut self,
        number: usize,
        admission: &Admission,
        chain: &[Stage],
        surplus: Surplus,
    ) -> Result<WholeResult, DistrictsError> {
        let admitted = self.admitted(admission)?;
        let held = self.held_by_list();
        let mut competing = admitted.clone();
        let mut rounds = Vec::new();
        if self.house_is_open || self.first_places_matter(admission, &admitted) {
            self.stopped = Some(Outcome::Tied);
            return Ok(WholeResult {
                admitted,
                rounds,
                due: None,
            });
        }
        loop {
            let mut whole = self.contest.districted.whole()?;
            silence(&mut whole, &competing);
            let outside = held
                .iter()
                .zip(&competing)
                .filter(|(_, competes)| !**competes);
            let outside: u32 = outside.map(|(held, _)| held).sum();
            let taken = u64::from(outside) + u64::from(self.unassigned);
            let house = self.house();
            whole.seats = u64::from(house)
                .checked_sub(taken)
                .and_then(|seats| u32::try_from(seats).ok())
                .ok_or(DistrictsError::SeatsAboveHouse { held: taken, house })?;
            if whole.seats == 0 {
                // The lists outside hold the whole house.
                return Ok(WholeResult {
                    admitted,
                    rounds,
                    due: Some(self.settle_due(held)),
                });
            }
            let allocation = self.allocate_part(number, rounds.len(), &whole, chain)?;
            let settled = allocation.outcome == Outcome::Settled && surplus == Surplus::Kept;
            let leaving: Vec<usize> = (0..held.len())
                .filter(|&list| {
                    settled && competing[list] && held[list] > allocation.lists[list].seats
                })
                .collect();
            let due: Vec<u32> = (0..held.len())
                .map(|list| {
                    if competing[list] {
                        let seats = allocation.lists[list].seats;
                        let kept =
                            surplus == Surplus::Added && allocation.outcome == Outcome::Settled;
                        if kept { seats.max(held[list]) } else { seats }
                    } else {
                        held[list]
                    }
                })
                .collect();
            if surplus == Surplus::Added && allocation.outcome == Outcome::Settled {
                let beyond = held.iter().zip(&due).zip(&allocation.lists).zip(&competing);
                let beyond = beyond.map(
                    |(((_, due), list), competes)| {
                        if *competes { due - list.seats } else { 0 }
                    },
                );
                self.added = beyond.sum();
            }
            let outcome = allocation.outcome;
            let unassigned = allocation.unassigned;
            rounds.push(WholeRound {
                allocation,
                leaving: leaving.clone(),
            });
            if outcome == Outcome::Settled && !leaving.is_empty() {
                for list in leaving {
                    competing[list] = false;
                }
                continue;
            }
            let due = match outcome {
                Outcome::Settled | Outcome::NobodyPassed => {
                    self.unassigned += unassigned;
                    Some(self.settle_due(due))
                }
                Outcome::Tied | Outcome::NoneYet => {
                    self.stopped = Some(outcome);
                    None
                }
            };
            return Ok(WholeResult {
                admitted,
                rounds,
                due,
            });
        }
    }

    /// Whether a lot for a first place can let a list in.
    fn first_places_matter(&self, admission: &Admission, admitted: &[bool]) -> bool {
        let Some(needed) = admission.constituencies_won else {
            return false;
        };
        let can_win = |list: usize| {
            let constituencies = self.contest.constituencies.iter();
            let in_reach = constituencies.filter(|constituency| match constituency.first() {
                Some(first) => first == list,
                None => constituency.leading().contains(&list),
            });
            u32::try_from(in_reach.count()).is_ok_and(|count| count >= needed)
        };
        (0..admitted.len()).any(|list| !admitted[list] && can_win(list))
    }
}
