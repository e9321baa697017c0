//! A runner-up that may be admitted when a single list passes.
//!
//! Where two lists pass for certain, it never comes to that. Otherwise completions are of two kinds: those in which the rules
//! of the stage hold, which the plain bounds are about, and those in which one list passes alone. In these the leader has at
//! least what it counts now against the largest runner-up that fails, and a runner-up at most what it gets as the largest
//! that fails beside the smallest leader, by the allocator itself: seats rise with own votes and fall with the other's.

use crate::bounds::model::Model;
use crate::bounds::{ListBounds, Proof, Reason, ThresholdClaim};
use crate::contest::{Contest, List};
use crate::error::ContestError;
use crate::method::{Method, Rounding};
use crate::rules::{Rescue, RescueRest, Rules};
use crate::threshold::{Threshold, ThresholdBase};
use crate::workspace::Workspace;

/// Takes completions with an admitted runner-up into the bounds.
pub(crate) fn widen(
    model: &Model<'_>,
    rules: &Rules,
    rescue: &Rescue,
    lists: &mut [ListBounds],
) -> Result<(), ContestError> {
    let safe: Vec<usize> = (0..lists.len())
        .filter(|&list| model.is_safe(list))
        .collect();
    let able = (0..lists.len()).filter(|&list| model.can_pass(list));
    if safe.len() >= 2 || able.count() == 0 || !rescue.admit_runner_up.value {
        return Ok(());
    }
    let reason = Reason::Rescue;
    let rescued = Rescued::of(model, rules, rescue);
    for (place, list) in lists.iter_mut().enumerate() {
        let is_leader = safe == [place];
        if is_leader {
            let fewest = rescued.leader_fewest(place)?.min(list.fewest);
            list.fewest_proof = list.fewest_proof.and(if fewest == 0 {
                Proof::NoClaim(reason)
            } else {
                Proof::Safe(reason)
            });
            list.fewest = fewest;
            list.most_proof = list.most_proof.and(Proof::Safe(reason));
            continue;
        }
        let room = model.room(place).min(model.lists[place].candidates);
        if list.threshold == ThresholdClaim::NotNeeded {
            // It may be the one that passes alone, and share the seats with whoever is let in then.
            list.most_proof = list.most_proof.and(Proof::Safe(reason));
            continue;
        }
        // Whoever else is knocked out, it may be the one that is let in.
        list.fewest_proof = Proof::NoClaim(reason);
        let most = rescued
            .runner_up_most(place, &safe)?
            .min(room)
            .max(list.most);
        list.most_proof = if most == room {
            Proof::NoClaim(reason)
        } else {
            list.most_proof.and(Proof::Safe(reason))
        };
        list.most = most;
    }
    Ok(())
}

struct Rescued<'a> {
    model: &'a Model<'a>,
    rules: Rules,
    /// Whether seats rise with own votes.
    is_monotone: bool,
}

impl<'a> Rescued<'a> {
    fn of(model: &'a Model<'a>, rules: &Rules, rescue: &Rescue) -> Self {
        let by_key = rescue.rest.value == RescueRest::MultipliedRemainders
            && rescue.further_rounds.value
            && rescue.floor_first.value;
        let exact =
            matches!(model.method, Method::Quota(quota) if quota.rounding == Rounding::Exact);
        // Whoever is named first passes and the other one does not, whatever their votes.
        let threshold = rules.threshold.as_ref().map(|_| Threshold {
            base: ThresholdBase::BallotsInBox,
            ..Threshold::of_list_votes(1, 1)
        });
        Self {
            model,
            rules: Rules {
                threshold,
                ..rules.clone()
            },
            is_monotone: by_key && exact,
        }
    }

    /// The most votes with which a list fails.
    fn failing(&self, list: usize) -> u64 {
        let model = self.model;
        let votes = model.lists[list].votes + model.ballots;
        votes.min(model.needed(list, model.ballots) - 1)
    }

    /// The fewest seats of the list that passes for certain, against any runner-up.
    fn leader_fewest(&self, leader: usize) -> Result<u32, ContestError> {
        if !self.is_monotone {
            return Ok(0);
        }
        let others = (0..self.model.lists.len()).filter(|&other| other != leader);
        let others =
            others.filter(|&other| self.model.lists[other].votes < self.failing_bar(other));
        let strongest = others.map(|other| self.failing(other)).max().unwrap_or(0);
        if strongest == 0 {
            return Ok(self.model.room(leader));
        }
        let own = self.model.lists[leader].votes;
        let (seats, _) = self.seats(
            (own, self.model.lists[leader].candidates),
            (strongest, u32::MAX),
        )?;
        Ok(seats[0])
    }

    fn failing_bar(&self, list: usize) -> u64 {
        self.model.needed(list, self.model.ballots)
    }

    /// The most seats of a list as runner-up.
    fn runner_up_most(&self, list: usize, safe: &[usize]) -> Result<u32, ContestError> {
        let model = self.model;
        let own = self.failing(list);
        if own == 0 || model.lists[list].votes >= self.failing_bar(list) {
            return Ok(0);
        }
        if !self.is_monotone {
            return Ok(u32::MAX);
        }
        let leaders = (0..model.lists.len()).filter(|&other| match safe {
            [leader] => other == *leader,
            _ => other != list && model.can_pass(other),
        });
        // The fewest votes and the fewest candidates of any of them: what these cannot hold goes to the runner-up.
        let leader = leaders.fold(None, |least: Option<(u64, u32)>, leader| {
            let entry = &model.lists[leader];
            let votes = entry.votes.max(model.needed(leader, 0));
            let (fewer, few) = least.unwrap_or((u64::MAX, u32::MAX));
            Some((fewer.min(votes), few.min(entry.candidates)))
        });
        let Some(leader) = leader else {
            return Ok(0);
        };
        let (seats, tied) = self.seats(leader, (own, u32::MAX))?;
        Ok(seats[1] + u32::from(tied[1]))
    }

    /// Seats of a leader and a runner-up, and whether a tie can give them more.
    fn seats(
        &self,
        leader: (u64, u32),
        runner_up: (u64, u32),
    ) -> Result<([u32; 2], [bool; 2]), ContestError> {
        let list = |(votes, candidates): (u64, u32), exempt: bool| List {
            candidates: Some(candidates),
            exempt,
            ..List::with_votes(votes)
        };
        let mut contest = Contest {
            seats: self.model.seats,
            // The leader is freed from a bar that nobody can meet.
            lists: vec![list(leader, true), list(runner_up, false)],
            ..Contest::default()
        };
        contest.base.ballots_in_box = Some(u64::MAX);
        let mut workspace = Workspace::default();
        let found = workspace.seats(&contest, &self.rules, &[])?;
        Ok((
            [found.seats[0], found.seats[1]],
            [found.tied[0], found.tied[1]],
        ))
    }
}
