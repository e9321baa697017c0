//! The most seats of a list, by really allocating in completions that are the best for it.
//!
//! Divisors: all outstanding ballots go to it. Quotas: rivals that the law keeps in have what they need and not a vote more,
//! the largest of the others are let in or not, and the list gets all the rest; with an exact quota one of these is best, for
//! some growth of the base within a period of its end.

use crate::bounds::bar::Growth;
use crate::bounds::cover::Budget;
use crate::bounds::model::{Frame, Model};
use crate::bounds::{Proof, Reason};
use crate::contest::Contest;
use crate::error::ContestError;
use crate::method::{Method, Quota, Rounding};
use crate::threshold::ThresholdBase;
use crate::workspace::Workspace;

/// Most completions that are looked at for one list.
const COMPLETIONS_MAX: u64 = 4_096;
/// Most numbers of votes below the top that are looked at under a rounded quota, for each growth.
const WINDOW_MAX: u64 = 512;

/// Completions of a contest, tried one by one.
pub(crate) struct Trial<'a> {
    model: &'a Model<'a>,
    contest: Contest,
    workspace: Workspace,
}

impl<'a> Trial<'a> {
    pub fn of(model: &'a Model<'a>) -> Self {
        Self {
            model,
            contest: model.contest.clone(),
            workspace: Workspace::default(),
        }
    }

    /// The most seats of a list when these lists have so many votes more, and the base has grown.
    fn most(
        &mut self,
        list: usize,
        more: &[(usize, u64)],
        growth: u64,
    ) -> Result<u32, ContestError> {
        for &(other, votes) in more {
            self.contest.lists[other].votes += votes;
        }
        if self.model.growth == Growth::WithBallots {
            set_base(&mut self.contest, self.model, growth);
        }
        let found = self.workspace.seats(&self.contest, self.model.rules, &[]);
        let found = found.map(|found| found.seats[list] + u32::from(found.tied[list]));
        for &(other, votes) in more {
            self.contest.lists[other].votes -= votes;
        }
        found
    }
}

/// Lets the base of the threshold be what it is after so many more ballots.
pub(crate) fn set_base(contest: &mut Contest, model: &Model<'_>, growth: u64) {
    let count = Some(model.base + growth);
    match model
        .rules
        .threshold
        .as_ref()
        .map(|threshold| threshold.base)
    {
        Some(ThresholdBase::ValidVotes) => contest.base.valid_votes = count,
        Some(ThresholdBase::ValidAndAgainstAll) => contest.base.valid_and_against_all = count,
        Some(ThresholdBase::BallotsInBox) => contest.base.ballots_in_box = count,
        Some(ThresholdBase::BallotsIssued) => contest.base.ballots_issued = count,
        Some(ThresholdBase::ListVotes) | None => {}
    }
}

/// The most seats of a list.
pub(crate) fn most(
    trial: &mut Trial<'_>,
    list: usize,
    budget: &mut Budget,
) -> Result<(u32, Proof), ContestError> {
    let model = trial.model;
    let room = model.room(list).min(model.lists[list].candidates);
    let ballots = model.ballots;
    if !model.can_pass(list) || room == 0 {
        return Ok((0, Proof::Exact));
    }
    let steps = 16 * u64::try_from(model.lists.len()).unwrap_or(u64::MAX);
    if !budget.take(steps) {
        budget.spend();
        return Ok((room, Proof::NoClaim(Reason::TooLong)));
    }
    let all = trial.most(list, &[(list, ballots)], ballots)?;
    let Method::Quota(quota) = model.method else {
        return Ok((all, Proof::Exact));
    };
    let bound = safe_most(model, list, quota);
    let mut search = Search {
        list,
        bound,
        best: all,
        left: COMPLETIONS_MAX,
        steps,
        is_complete: true,
    };
    if quota.rounding == Rounding::Exact {
        let (frames, complete) = model.frames_of_period();
        let number = frames.len() - usize::from(!complete);
        for frame in &frames[..number] {
            search.admissions(trial, frame, &[frame.most], budget)?;
        }
        search.is_complete &= complete;
    } else {
        search.all_frames(trial, quota, budget)?;
    }
    Ok(if search.is_complete || search.best >= bound {
        (search.best, Proof::Exact)
    } else {
        let reason = match quota.rounding {
            Rounding::Exact => Reason::TooLong,
            _ => Reason::RoundedQuota,
        };
        match bound {
            bound if bound == room => (bound, Proof::NoClaim(reason)),
            bound => (bound, Proof::Safe(reason)),
        }
    })
}

/// The best completion so far.
struct Search {
    list: usize,
    /// No completion exceeds it.
    bound: u32,
    best: u32,
    /// Completions that may still be looked at.
    left: u64,
    /// What one costs.
    steps: u64,
    is_complete: bool,
}

impl Search {
    /// A rounded quota: votes are tried one by one as far as they are few.
    fn all_frames(
        &mut self,
        trial: &mut Trial<'_>,
        quota: Quota,
        budget: &mut Budget,
    ) -> Result<(), ContestError> {
        let model = trial.model;
        let window = if model.ballots < WINDOW_MAX {
            WINDOW_MAX
        } else {
            WINDOW_MAX.min(2 * u64::from(quota.kind.divisor(model.seats)))
        };
        for frame in model.frames() {
            let lowest = (frame.most + 1).saturating_sub(window);
            self.is_complete &= lowest == 0;
            let votes: Vec<u64> = (lowest..=frame.most).rev().collect();
            self.admissions(trial, &frame, &votes, budget)?;
            if self.left == 0 || self.best >= self.bound || budget.is_spent() {
                self.is_complete &= frame.least == 0;
                break;
            }
        }
        Ok(())
    }

    /// Lets in the largest of those who can be, one after the other and of every kind by itself, and gives the list what is
    /// left of so many votes.
    fn admissions(
        &mut self,
        trial: &mut Trial<'_>,
        frame: &Frame,
        votes: &[u64],
        budget: &mut Budget,
    ) -> Result<(), ContestError> {
        let model = trial.model;
        let lacks = |other: usize| {
            let entry = &model.lists[other];
            frame.needed[entry.bar].saturating_sub(entry.votes)
        };
        // Who has no vote brings none along that the list could not have itself.
        let others = (0..model.lists.len()).filter(|&other| {
            other != self.list && lacks(other) > 0 && model.lists[other].votes > 0
        });
        let kinds = model.kinds(self.list, others.collect());
        let outside = kinds.into_iter().map(|lists| {
            lists
                .into_iter()
                .map(|other| (other, lacks(other)))
                .collect()
        });
        let mut outside: Vec<Vec<(usize, u64)>> = outside.collect();
        for lists in &mut outside {
            let mut price = 0_u64;
            let affordable = lists.iter().take_while(|&&(_, lacks)| {
                price = price.saturating_add(lacks);
                price <= frame.most
            });
            let number = affordable.count();
            lists.truncate(number);
        }
        let mut numbers = vec![0; outside.len()];
        loop {
            let lifted = outside
                .iter()
                .zip(&numbers)
                .flat_map(|(lists, &number)| &lists[..number]);
            let lifted: Vec<(usize, u64)> = lifted.copied().collect();
            for &votes in votes {
                if self.best >= self.bound {
                    return Ok(());
                }
                if self.left == 0 || !budget.take(self.steps) {
                    self.is_complete = false;
                    return Ok(());
                }
                self.left -= 1;
                self.one(trial, frame, votes, &lifted)?;
            }
            // The next combination, as a counter with one digit for each kind.
            let mut digits = numbers.iter_mut().zip(&outside);
            let risen = digits.find_map(|(number, lists)| {
                if *number < lists.len() {
                    *number += 1;
                    return Some(());
                }
                *number = 0;
                None
            });
            if risen.is_none() {
                return Ok(());
            }
        }
    }

    /// One completion: these lists are let in, and the list gets what is left of so many votes.
    fn one(
        &mut self,
        trial: &mut Trial<'_>,
        frame: &Frame,
        votes: u64,
        lifted: &[(usize, u64)],
    ) -> Result<(), ContestError> {
        let price = lifted
            .iter()
            .try_fold(0_u64, |sum, &(_, lacks)| sum.checked_add(lacks));
        let Some(left) = price.and_then(|price| votes.checked_sub(price)) else {
            return Ok(());
        };
        let mut more = lifted.to_vec();
        more.push((self.list, left));
        let dumped = frame.least.saturating_sub(votes);
        if dumped > 0 && trial.model.growth == Growth::WithVotes {
            // Votes that raise the base and nobody's seats: for lists that stay outside.
            let Some(rest) = dump(trial.model, frame, &more, dumped) else {
                return Ok(());
            };
            more.extend(rest);
        }
        let found = trial.most(self.list, &more, frame.most.max(votes))?;
        self.best = self.best.max(found);
        Ok(())
    }
}

/// Spreads votes over lists that stay below their bars; `None` where they do not take so many.
fn dump(
    model: &Model<'_>,
    frame: &Frame,
    lifted: &[(usize, u64)],
    mut votes: u64,
) -> Option<Vec<(usize, u64)>> {
    let mut dumped = Vec::new();
    for (other, entry) in model.lists.iter().enumerate() {
        let room = (frame.needed[entry.bar] - 1).saturating_sub(entry.votes);
        if votes > 0 && room > 0 && lifted.iter().all(|&(list, _)| list != other) {
            let part = room.min(votes);
            dumped.push((other, part));
            votes -= part;
        }
    }
    (votes == 0).then_some(dumped)
}

/// A number of seats that no completion exceeds: the share when the list gets everything and nobody else is let in, rounded
/// up. Keys of that many quotas and more are not above zero, and there are enough keys above zero for all seats where the
/// quota is at most votes over seats and no rival runs out of candidates.
fn safe_most(model: &Model<'_>, list: usize, quota: Quota) -> u32 {
    let room = model.room(list).min(model.lists[list].candidates);
    let others = || {
        model
            .lists
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != list)
    };
    if others().any(|(_, entry)| entry.room < model.seats) {
        return room;
    }
    let growth = if model.growth == Growth::Fixed {
        0
    } else {
        model.ballots
    };
    let inside = others().filter(|(other, entry)| entry.votes >= model.needed(*other, growth));
    let inside: u128 = inside.map(|(_, entry)| u128::from(entry.votes)).sum();
    let own = u128::from(model.lists[list].votes) + u128::from(model.ballots);
    let votes = own + inside;
    let divisor = u128::from(quota.kind.divisor(model.seats));
    let seats = u128::from(model.seats);
    // Votes that compete at least, in any completion in which the list does.
    let least = u128::from(model.lists[list].votes) + inside;
    let is_large = least >= seats * (seats + 2);
    // Half a vote or a vote above the fraction is still at most votes over seats.
    let may_be_above = is_large && divisor > seats;
    let below = match quota.rounding {
        Rounding::Exact => votes,
        Rounding::DownPlusOne | Rounding::Up if may_be_above => votes,
        // The fraction less one vote at least; then the share rises with the list's votes where the others have enough.
        Rounding::Down if is_large && inside >= divisor => votes + 1 - divisor,
        Rounding::Nearest if may_be_above && inside >= divisor => votes + 1 - divisor,
        _ => return room,
    };
    let share = (own * divisor).div_ceil(below.max(1));
    u32::try_from(share).unwrap_or(u32::MAX).min(room)
}
