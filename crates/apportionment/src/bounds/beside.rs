//! Which of the searches a contest needs, and what rules beside the stage do to their answers.

use crate::allocate::allocate;
use crate::allocation::Allocation;
use crate::bounds::cover::Budget;
use crate::bounds::joined::{Joined, groups};
use crate::bounds::model::Model;
use crate::bounds::quotas_most::Trial;
use crate::bounds::{ListBounds, Outstanding, Proof, Reason, ThresholdClaim};
use crate::bounds::{divisors, quotas, quotas_most, rescued};
use crate::contest::{Contest, Lot};
use crate::error::ContestError;
use crate::method::Method;
use crate::reach::seats_most;
use crate::rules::{Rules, Widening};
use crate::workspace::Workspace;

/// Steps that one call may take, of a few nanoseconds each under most methods: about a second at most.
pub(crate) const STEPS_MAX: u64 = 20_000_000;

/// The bounds of every list.
pub(crate) fn bounds(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    outstanding: Outstanding,
    budget: &mut Budget,
) -> Result<Vec<ListBounds>, ContestError> {
    if outstanding.ballots == 0 {
        let allocation = allocate(contest, rules, lots)?;
        return Ok(at_the_end(contest, rules, lots, &allocation));
    }
    let ruled = Ruled::of(contest, rules, outstanding)?;
    let model = match ruled.model()? {
        Ok(model) => model,
        Err(reason) => return Ok(nothing(contest, rules, reason)),
    };
    // A tie of several is settled by registration where it is known of all of them: not pair by pair, which is what the
    // searches ask.
    if model.has_partial_registration() {
        return Ok(nothing(contest, rules, Reason::Registration));
    }
    if ruled.may_widen(&model) {
        return Ok(nothing(contest, rules, Reason::Widening));
    }
    let mut lists = match ruled.joined(&model) {
        Ok(None) => plain(&model, budget)?,
        Ok(Some(joined)) => joined.bounds(budget)?,
        Err(reason) => return Ok(nothing(contest, rules, reason)),
    };
    if let Some(rescue) = &rules.rescue {
        rescued::widen(&model, rules, rescue, &mut lists)?;
    }
    if rules.majority.is_some() {
        for_majority(&model, &mut lists);
    }
    Ok(lists)
}

/// A contest with the rules of its stage alone, and those that stand beside it.
pub(crate) struct Ruled<'a> {
    contest: &'a Contest,
    rules: &'a Rules,
    outstanding: Outstanding,
    plain: Rules,
}

impl<'a> Ruled<'a> {
    /// # Errors
    /// As the allocator's for what is counted.
    pub fn of(
        contest: &'a Contest,
        rules: &'a Rules,
        outstanding: Outstanding,
    ) -> Result<Self, ContestError> {
        // What it refuses is refused here too.
        Workspace::default().seats(contest, rules, &[])?;
        let plain = Rules {
            rescue: None,
            widening: None,
            majority: None,
            apparentment: None,
            ..rules.clone()
        };
        Ok(Self {
            contest,
            rules,
            outstanding,
            plain,
        })
    }

    /// The same, where nothing stands beside the stage.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn plain_only(
        contest: &'a Contest,
        rules: &'a Rules,
        outstanding: Outstanding,
    ) -> Result<Option<Self>, ContestError> {
        let ruled = Self::of(contest, rules, outstanding)?;
        Ok(Some(ruled).filter(Self::is_plain))
    }

    /// Whether nothing stands beside the stage.
    pub fn is_plain(&self) -> bool {
        self.rules.rescue.is_none()
            && self.rules.widening.is_none()
            && self.rules.majority.is_none()
            && !self.joins()
    }

    fn joins(&self) -> bool {
        self.rules.apparentment.is_some() && !groups(self.contest).is_empty()
    }

    /// Whether all seats go to somebody, however the outstanding ballots fall: lists that pass for certain have candidates for
    /// them, and what one cannot take goes on to another. Of a single list that passes, a rescue says who gets the rest.
    pub fn is_filled(&self, model: &Model<'_>) -> bool {
        let safe = || (0..model.lists.len()).filter(|&list| model.is_safe(list));
        if self.rules.rescue.is_some() && safe().nth(1).is_none() {
            return false;
        }
        let enough = |list: usize| {
            let entry = &model.lists[list];
            entry.room.min(entry.candidates) >= model.seats
        };
        if (0..model.lists.len()).all(enough) {
            return safe().next().is_some();
        }
        // A list without candidates passes its seats on, but a group need not.
        let goes_on = model
            .lists
            .iter()
            .all(|entry| entry.candidates >= model.seats || entry.room == entry.candidates);
        let room = safe().map(|list| {
            let entry = &model.lists[list];
            u64::from(entry.room.min(entry.candidates))
        });
        goes_on && !self.joins() && room.sum::<u64>() >= u64::from(model.seats)
    }

    /// The fewest seats of one list: the same as in the bounds of all, with as many steps.
    ///
    /// # Errors
    /// As [`bounds`].
    pub fn fewest_of(
        contest: &Contest,
        rules: &Rules,
        outstanding: Outstanding,
        list: usize,
        budget: &mut Budget,
    ) -> Result<(u32, Proof), ContestError> {
        let lists = u64::try_from(contest.lists.len()).unwrap_or(u64::MAX);
        if !budget.take(16 * lists) {
            budget.spend();
            return Ok((0, Proof::NoClaim(Reason::TooLong)));
        }
        if outstanding.ballots > 0
            && let Some(ruled) = Ruled::plain_only(contest, rules, outstanding)?
            && let Ok(model) = ruled.model()?
            && !model.has_partial_registration()
        {
            let (fewest, proof) = fewest(&model, list, budget);
            return Ok((fewest.min(model.lists[list].candidates), proof));
        }
        let bounds = bounds(contest, rules, &[], outstanding, budget)?[list];
        Ok((bounds.fewest, bounds.fewest_proof))
    }

    /// The model without the rules beside.
    ///
    /// # Errors
    /// As [`Model::of`].
    pub fn model(&self) -> Result<Result<Model<'_>, Reason>, ContestError> {
        Model::of(self.contest, &self.plain, self.outstanding)
    }

    /// Whether some completion lets in more lists than pass.
    pub fn may_widen(&self, model: &Model<'_>) -> bool {
        let Some(widening) = self.rules.widening else {
            return false;
        };
        let inside = || (0..model.lists.len()).filter(|&list| model.is_safe(list));
        let number = u128::try_from(inside().count()).unwrap_or(0);
        let votes: u128 = inside()
            .map(|list| u128::from(model.lists[list].votes))
            .sum();
        match widening {
            Widening::LowerBy { lists_min, .. } => number < u128::from(lists_min),
            Widening::AdmitUntil {
                more_than,
                lists_min,
            } => {
                let base = u128::from(model.base) + u128::from(model.ballots);
                let enough = votes * u128::from(more_than.denominator)
                    > base * u128::from(more_than.numerator);
                !enough || number < u128::from(lists_min)
            }
        }
    }

    /// The lists with those that are joined, if any are.
    pub fn joined<'m>(&'m self, model: &'m Model<'m>) -> Result<Option<Joined<'m>>, Reason> {
        let Some(apparentment) = &self.rules.apparentment else {
            return Ok(None);
        };
        let groups = groups(self.contest);
        if groups.is_empty() {
            return Ok(None);
        }
        Joined::of(model, self.rules, apparentment, groups).map(Some)
    }
}

/// One plain stage, with nothing beside it.
pub(crate) fn plain(
    model: &Model<'_>,
    budget: &mut Budget,
) -> Result<Vec<ListBounds>, ContestError> {
    let mut trial = Trial::of(model);
    let empty = ListBounds {
        fewest: 0,
        most: 0,
        fewest_proof: Proof::Exact,
        most_proof: Proof::Exact,
        threshold: ThresholdClaim::NotNeeded,
    };
    let mut lists = vec![empty; model.lists.len()];
    // Where time runs out, it does so for the smallest lists.
    let mut order: Vec<usize> = (0..lists.len()).collect();
    order.sort_by_key(|&list| std::cmp::Reverse(model.lists[list].votes));
    for list in order {
        let (fewest, fewest_proof) = fewest(model, list, budget);
        let (most, most_proof) = quotas_most::most(&mut trial, list, budget)?;
        lists[list] = ListBounds {
            fewest: fewest.min(model.lists[list].candidates),
            most,
            fewest_proof,
            most_proof,
            threshold: model.threshold_claim(list),
        };
    }
    Ok(lists)
}

/// The fewest seats of a list in one plain stage.
pub(crate) fn fewest(model: &Model<'_>, list: usize, budget: &mut Budget) -> (u32, Proof) {
    match model.method {
        Method::Divisors(_) => divisors::fewest(model, list, budget),
        Method::Quota(quota) => quotas::fewest(model, quota, list, budget),
    }
}

/// Nothing is outstanding: the result itself, with the outcomes of its ties.
fn at_the_end(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    allocation: &Allocation,
) -> Vec<ListBounds> {
    let most = seats_most(contest, rules, lots, allocation);
    let is_plain = matches!(rules.stages.as_slice(), [stage] if stage.is_plain())
        && rules.rescue.is_none()
        && rules.apparentment.is_none()
        && rules.majority.is_none()
        && rules.bonus.is_none()
        && rules.above_max == crate::rules::AboveMax::NextInLine;
    let proof = if allocation.pending == 0 || is_plain {
        Proof::Exact
    } else {
        Proof::Safe(Reason::OpenTies)
    };
    let lists = allocation.lists.iter().zip(&contest.lists).zip(most);
    let lists = lists.map(|((result, entry), most)| ListBounds {
        fewest: result.seats,
        most,
        fewest_proof: proof,
        most_proof: proof,
        threshold: match result.threshold {
            Some(_) if entry.exempt => ThresholdClaim::NotNeeded,
            Some(decision) if decision.passed && entry.votes > 0 => ThresholdClaim::Passed,
            Some(_) => ThresholdClaim::Failed,
            None => ThresholdClaim::NotNeeded,
        },
    });
    lists.collect()
}

/// What is known beforehand: no seat, and as many as there are.
fn nothing(contest: &Contest, rules: &Rules, reason: Reason) -> Vec<ListBounds> {
    let lists = contest.lists.iter().map(|list| ListBounds {
        fewest: 0,
        most: contest.seats.min(list.candidates.unwrap_or(u32::MAX)),
        fewest_proof: Proof::NoClaim(reason),
        most_proof: Proof::NoClaim(reason),
        threshold: if list.exempt || rules.threshold.is_none() {
            ThresholdClaim::NotNeeded
        } else {
            ThresholdClaim::Open
        },
    });
    lists.collect()
}

/// A list with more than half of all votes may take a seat from another one.
fn for_majority(model: &Model<'_>, lists: &mut [ListBounds]) {
    let votes: u128 = model
        .lists
        .iter()
        .map(|entry| u128::from(entry.votes))
        .sum();
    let ballots = u128::from(model.ballots);
    let able = |list: usize| 2 * (u128::from(model.lists[list].votes) + ballots) > votes + ballots;
    let able: Vec<bool> = (0..lists.len()).map(able).collect();
    let number = able.iter().filter(|&&able| able).count();
    if number == 0 {
        return;
    }
    let safe = Proof::Safe(Reason::Majority);
    for (place, list) in lists.iter_mut().enumerate() {
        let room = model.room(place).min(model.lists[place].candidates);
        if able[place] && list.most > 0 && list.most < room {
            list.most += 1;
        }
        let others = number - usize::from(able[place]);
        if others > 0 {
            list.fewest = list.fewest.saturating_sub(1);
        }
        // Completions that reach a bound may be such in which a seat changes hands.
        list.most_proof = list.most_proof.and(safe);
        list.fewest_proof = list.fewest_proof.and(match list.fewest {
            0 => Proof::NoClaim(Reason::Majority),
            _ => safe,
        });
    }
}
