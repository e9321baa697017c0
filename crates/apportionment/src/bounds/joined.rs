//! Pairs of joined lists under D'Hondt among pairs and inside them (Israel's surplus agreements).
//!
//! With divisors 1, 2, 3, ... a pair has at least the seats of its lists apart, and inside it each list has at least what it
//! has apart. So for the fewest of a list its partner may be taken as one more rival, and other pairs as what is better for
//! them. For the most all outstanding ballots go to the list, but for what its partner lacks to take part.

use crate::bounds::bar::Growth;
use crate::bounds::cover::{Budget, Rival, Verdict, cover};
use crate::bounds::divisors::lowest;
use crate::bounds::model::{Frame, Model};
use crate::bounds::price::Prices;
use crate::bounds::quotas_most::set_base;
use crate::bounds::{ListBounds, Proof, Reason};
use crate::contest::Contest;
use crate::error::ContestError;
use crate::keys::Keys;
use crate::method::{Method, Stage};
use crate::rules::{Apparentment, GroupMembers, Rules};
use crate::workspace::Workspace;

/// Most rivals that are tried as the one to get everything.
const TRIED_MAX: usize = 6;

/// The groups of a contest that have at least two lists.
pub(crate) fn groups(contest: &Contest) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); contest.lists.len()];
    for (place, list) in contest.lists.iter().enumerate() {
        let group = list.group.and_then(|group| usize::try_from(group).ok());
        if let Some(members) = group.and_then(|group| groups.get_mut(group)) {
            members.push(place);
        }
    }
    groups.retain(|members| members.len() > 1);
    groups
}

/// Lists of which some are joined in pairs.
pub(crate) struct Joined<'a> {
    model: &'a Model<'a>,
    rules: &'a Rules,
    /// The partner of each list.
    partners: Vec<Option<usize>>,
}

impl<'a> Joined<'a> {
    /// # Errors
    /// Other methods, larger groups, or lists that can run out of candidates.
    pub fn of(
        model: &'a Model<'a>,
        rules: &'a Rules,
        apparentment: &Apparentment,
        groups: Vec<Vec<usize>>,
    ) -> Result<Self, Reason> {
        let d_hondt = [Stage::all(Method::D_HONDT)];
        let inside = apparentment.inside.as_deref().unwrap_or(&rules.stages);
        let is_known = rules.stages == d_hondt
            && inside == d_hondt
            && apparentment.members == GroupMembers::AllOrVoid
            && groups.iter().all(|members| members.len() == 2)
            && model
                .contest
                .lists
                .iter()
                .all(|list| list.subgroup.is_none())
            && model
                .lists
                .iter()
                .all(|list| list.room.min(list.candidates) >= model.seats);
        if !is_known {
            return Err(Reason::Apparentment);
        }
        let mut partners = vec![None; model.lists.len()];
        for members in groups {
            if let [left, right] = members[..] {
                (partners[left], partners[right]) = (Some(right), Some(left));
            }
        }
        Ok(Self {
            model,
            rules,
            partners,
        })
    }

    /// The bounds of every list.
    pub fn bounds(&self, budget: &mut Budget) -> Result<Vec<ListBounds>, ContestError> {
        let mut trial = Trial {
            contest: self.model.contest.clone(),
            workspace: Workspace::default(),
        };
        let mut lists = Vec::with_capacity(self.model.lists.len());
        for list in 0..self.model.lists.len() {
            let (fewest, fewest_proof) = self.fewest(&mut trial, list, budget)?;
            let (most, most_proof) = self.most(&mut trial, list, budget)?;
            lists.push(ListBounds {
                fewest,
                most,
                fewest_proof,
                most_proof,
                threshold: self.model.threshold_claim(list),
            });
        }
        Ok(lists)
    }

    fn steps(&self) -> u64 {
        64 * u64::try_from(self.model.lists.len()).unwrap_or(u64::MAX)
    }

    fn most(
        &self,
        trial: &mut Trial,
        list: usize,
        budget: &mut Budget,
    ) -> Result<(u32, Proof), ContestError> {
        let model = self.model;
        if !model.can_pass(list) {
            return Ok((0, Proof::Exact));
        }
        if !budget.take(3 * self.steps()) {
            budget.spend();
            return Ok((model.seats, Proof::NoClaim(Reason::TooLong)));
        }
        let (frames, complete) = model.covering_frames();
        let number = frames.len() - usize::from(!complete);
        let (mut best, mut reached) = (0, 0);
        let mut add = |(certain, most): (u32, u32)| {
            best = most.max(best);
            reached = certain.max(reached);
        };
        for (place, frame) in frames[..number].iter().enumerate() {
            let votes = frame.most;
            if place == 0 {
                add(trial.seats(self, list, &[(list, votes)], votes)?);
            }
            let lacks = self.partners[list].map(|partner| {
                let entry = &model.lists[partner];
                (partner, frame.needed[entry.bar].saturating_sub(entry.votes))
            });
            if let Some((partner, lacks)) = lacks
                && lacks > 0
                && lacks <= votes
            {
                let more = [(list, votes - lacks), (partner, lacks)];
                add(trial.seats(self, list, &more, votes)?);
            }
        }
        if complete && (best == reached || self.partners[list].is_none()) {
            return Ok((best, Proof::Exact));
        }
        if complete {
            // A tie of the pair need not be one of the list.
            return Ok((best, Proof::Safe(Reason::Apparentment)));
        }
        // A list has at most one seat more in a pair than apart.
        let most = (best + 1).min(model.seats);
        Ok((most, Proof::Safe(Reason::TooLong)))
    }

    fn fewest(
        &self,
        trial: &mut Trial,
        list: usize,
        budget: &mut Budget,
    ) -> Result<(u32, Proof), ContestError> {
        let model = self.model;
        if !model.is_safe(list) {
            return Ok((0, Proof::Exact));
        }
        let frames = model.covering_frames();
        let (fewest, proof) = lowest(model.room(list), budget, |seats, budget| {
            let mut verdict = Verdict::Cannot;
            for frame in &frames.0 {
                verdict = verdict.or(self.can_buy((list, seats), frame, budget));
                if verdict == Verdict::Can {
                    break;
                }
            }
            verdict
        });
        let tries = u64::try_from(TRIED_MAX).unwrap_or(u64::MAX);
        if proof == Proof::Exact && !self.is_reached(trial, list, fewest, tries, budget)? {
            let reason = Reason::Apparentment;
            return Ok(match fewest {
                0 => (0, Proof::NoClaim(reason)),
                fewest => (fewest, Proof::Safe(reason)),
            });
        }
        Ok((fewest, proof))
    }

    /// Whether the list really ends there when one of its strongest rivals gets everything.
    fn is_reached(
        &self,
        trial: &mut Trial,
        list: usize,
        fewest: u32,
        tries: u64,
        budget: &mut Budget,
    ) -> Result<bool, ContestError> {
        let model = self.model;
        if !budget.take(tries * self.steps()) {
            return Ok(false);
        }
        let mut rivals: Vec<usize> = (0..model.lists.len())
            .filter(|&other| other != list)
            .collect();
        rivals.sort_by_key(|&other| std::cmp::Reverse(model.lists[other].votes));
        for &rival in rivals.iter().take(TRIED_MAX) {
            let (seats, _) = trial.seats(self, list, &[(rival, model.ballots)], model.ballots)?;
            if seats == fewest {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether rivals can have all seats but so many.
    fn can_buy(&self, (list, seat): (usize, u32), frame: &Frame, budget: &mut Budget) -> Verdict {
        let model = self.model;
        if seat >= model.seats {
            return Verdict::Can;
        }
        let (wanted, money) = (model.seats - seat, frame.most);
        let lists = u64::try_from(model.lists.len()).unwrap_or(u64::MAX);
        if !budget.take(u64::from(wanted) + lists) {
            budget.spend();
            return Verdict::Unknown;
        }
        let keys = Keys::of(model.method, 0, model.seats, 1);
        let prices = Prices::against(&keys, model.lists[list].votes, seat, wanted);
        let price = |claim: u32| prices.of(claim, true);
        let rival = |other: usize| {
            let entry = &model.lists[other];
            let needed = frame.needed[entry.bar];
            Rival::of(entry.votes, needed, model.seats, price, (wanted, money))
        };
        let rivals = (0..model.lists.len()).filter_map(|other| {
            let partner = self.partners[other].filter(|&partner| partner != list);
            match partner {
                _ if other == list => None,
                None => Some(rival(other)),
                // A pair is one rival, in the place of its first list.
                Some(partner) if partner < other => None,
                Some(partner) => {
                    let joint = self.joint((other, partner), frame, &prices, (wanted, money));
                    Some(better(better(rival(other), rival(partner)), joint))
                }
            }
        });
        let Some(rivals) = Rival::all(rivals, budget) else {
            return Verdict::Unknown;
        };
        cover(&rivals, wanted, money, budget)
    }

    /// Two lists as one rival, once both take part.
    fn joint(
        &self,
        pair: (usize, usize),
        frame: &Frame,
        prices: &Prices,
        (wanted, money): (u32, u64),
    ) -> Rival {
        let [left, right] = [pair.0, pair.1].map(|list| &self.model.lists[list]);
        let [lacks_left, lacks_right] =
            [left, right].map(|entry| frame.needed[entry.bar].saturating_sub(entry.votes));
        let votes = left.votes + right.votes;
        let entry = votes.saturating_add(lacks_left).saturating_add(lacks_right);
        let price = |claim: u32| prices.of(claim, true);
        Rival::of(votes, entry, u32::MAX, price, (wanted, money))
    }
}

/// What costs least of two ways to have the same claims.
fn better(left: Rival, right: Rival) -> Rival {
    let free = left.free.max(right.free);
    let cost = |rival: &Rival, claims: u32| -> Option<u64> {
        match claims.checked_sub(rival.free) {
            None | Some(0) => Some(0),
            Some(more) => rival.costs.get(usize::try_from(more).ok()? - 1).copied(),
        }
    };
    let costs = (free + 1..).map_while(|claims| {
        let found = [cost(&left, claims), cost(&right, claims)];
        found.into_iter().flatten().min()
    });
    Rival {
        free,
        costs: costs.collect(),
    }
}

/// Completions, tried one by one.
struct Trial {
    contest: Contest,
    workspace: Workspace,
}

impl Trial {
    /// The fewest and the most seats of a list when these lists have so many votes more, by the outcomes of ties.
    fn seats(
        &mut self,
        joined: &Joined<'_>,
        list: usize,
        more: &[(usize, u64)],
        growth: u64,
    ) -> Result<(u32, u32), ContestError> {
        for &(other, votes) in more {
            self.contest.lists[other].votes += votes;
        }
        if joined.model.growth == Growth::WithBallots {
            set_base(&mut self.contest, joined.model, growth);
        }
        let found = self.workspace.seats(&self.contest, joined.rules, &[]);
        let found = found.map(|found| {
            let seats = found.seats[list];
            (seats, seats + u32::from(found.tied[list]))
        });
        for &(other, votes) in more {
            self.contest.lists[other].votes -= votes;
        }
        found
    }
}
