//! The house as one contest: what is due to each list in all.

use super::allocate::{Run, silence};
use super::{Admission, MajorityResult, Surplus, WholeResult, WholeRound};
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
        self.took_part.clone_from(&admitted);
        let held = self.held_by_list();
        let mut left = Left::of(&held, &admitted);
        let mut rounds: Vec<WholeRound> = Vec::new();
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
            silence(&mut whole, &left.competing());
            let taken = u64::from(left.seats()) + u64::from(self.unassigned);
            let house = self.house();
            whole.seats = u64::from(house)
                .checked_sub(taken)
                .and_then(|seats| u32::try_from(seats).ok())
                .ok_or(DistrictsError::SeatsAboveHouse { held: taken, house })?;
            if whole.seats == 0 {
                // The lists outside hold the whole house.
                let due = left.due(&held);
                return Ok(WholeResult {
                    admitted,
                    rounds,
                    due: Some(self.settle_due(due)),
                });
            }
            let allocation = self.allocate_part(number, rounds.len(), &whole, chain)?;
            let seats = allocation.seats();
            let is_settled = allocation.outcome == Outcome::Settled;
            let leaving = match surplus {
                Surplus::Kept if is_settled => left.beyond(&seats, &held),
                Surplus::KeptWithLevel if is_settled => left.beyond_with_level(&seats, &held),
                _ => Vec::new(),
            };
            left.leave(&leaving, &held);
            let capped = match rounds.first().map(|first| first.allocation.seats()) {
                Some(first)
                    if surplus == Surplus::KeptWithLevel && is_settled && leaving.is_empty() =>
                {
                    let capped = left.beyond(&first, &seats);
                    left.leave(&capped, &first);
                    capped
                }
                _ => Vec::new(),
            };
            let goes_on = !leaving.is_empty() || !capped.is_empty();
            let (outcome, unassigned) = (allocation.outcome, allocation.unassigned);
            rounds.push(WholeRound {
                allocation,
                leaving,
                capped,
            });
            if goes_on {
                continue;
            }
            let due = match outcome {
                Outcome::Settled | Outcome::NobodyPassed => {
                    self.unassigned += unassigned;
                    let mut due = left.due(&seats);
                    if surplus == Surplus::Added && is_settled {
                        self.added = grow(&mut due, &held);
                    }
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

    /// Gives a list with more than half of the votes more than half of a house that grows by what it lacks.
    pub fn majority(&mut self) -> Result<MajorityResult, DistrictsError> {
        let mut whole = self.contest.districted.whole()?;
        silence(&mut whole, &self.took_part);
        let all = whole.list_votes();
        let mut due = self.due();
        let has_most = |list: &usize| 2 * u128::from(whole.lists[*list].votes) > all;
        let owed = (0..due.len()).find(has_most);
        let house = u64::from(self.house() + self.added);
        let lacks = owed.map_or(0, |list| {
            (house + 1).saturating_sub(2 * u64::from(due[list]))
        });
        let seats = u32::try_from(lacks).expect("no more than the house and one");
        if let Some(list) = owed {
            due[list] += seats;
            self.added += seats;
            self.settle_due(due);
        }
        Ok(MajorityResult {
            to: owed.filter(|_| seats > 0),
            seats,
        })
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

/// The lists that take no part, or none any more, with the seats that they have for good.
struct Left(Vec<Option<u32>>);

impl Left {
    fn of(held: &[u32], admitted: &[bool]) -> Self {
        let lists = held.iter().zip(admitted);
        Self(
            lists
                .map(|(held, admitted)| (!admitted).then_some(*held))
                .collect(),
        )
    }

    fn competing(&self) -> Vec<bool> {
        self.0.iter().map(Option::is_none).collect()
    }

    fn seats(&self) -> u32 {
        self.0.iter().flatten().sum()
    }

    /// Those still there that have more than they may.
    fn beyond(&self, may: &[u32], have: &[u32]) -> Vec<usize> {
        let there = (0..self.0.len()).filter(|&list| self.0[list].is_none());
        there.filter(|&list| have[list] > may[list]).collect()
    }

    /// The same with those that have exactly as many as they may, if any has more.
    fn beyond_with_level(&self, may: &[u32], have: &[u32]) -> Vec<usize> {
        if self.beyond(may, have).is_empty() {
            return Vec::new();
        }
        let there = (0..self.0.len()).filter(|&list| self.0[list].is_none());
        there.filter(|&list| have[list] >= may[list]).collect()
    }

    fn leave(&mut self, leaving: &[usize], with: &[u32]) {
        for &list in leaving {
            self.0[list] = Some(with[list]);
        }
    }

    /// Seats of all, those of this round for whoever is still there.
    fn due(&self, round: &[u32]) -> Vec<u32> {
        let lists = self.0.iter().zip(round);
        lists.map(|(left, round)| left.unwrap_or(*round)).collect()
    }
}

/// Leaves to every list what it holds, and returns by how many seats the house grows.
fn grow(due: &mut [u32], held: &[u32]) -> u32 {
    let mut added = 0;
    for (due, held) in due.iter_mut().zip(held) {
        added += held.saturating_sub(*due);
        *due = (*due).max(*held);
    }
    added
}
