//! The fewest and the most seats of several lists together.
//!
//! Under a divisor method the fewest are the same covering problem as for one list: together they have at most k seats exactly
//! where the others can have `s - k` claims with keys at least the coalition's key number k. Members that may miss the
//! threshold leave one after the other as the base grows, so each base at which one does is looked at. What a coalition can
//! have at most is what the fewest of all others leave.

use crate::bounds::beside::{Ruled, STEPS_MAX};
use crate::bounds::cover::{Budget, Rival, Verdict, cover};
use crate::bounds::divisors::{lowest, price_steps};
use crate::bounds::model::{Frame, Model};
use crate::bounds::price::Prices;
use crate::bounds::{Claim, ListBounds, Outstanding, Proof, Reason, SeatBounds};
use crate::contest::Contest;
use crate::error::ContestError;
use crate::keys::Keys;
use crate::method::Method;
use crate::rules::{Rules, TieBreak};

/// The answer for several lists together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoalitionBounds {
    /// They end with at least so many seats.
    pub fewest: u32,
    /// They end with at most so many seats.
    pub most: u32,
    /// What is known of `fewest`.
    pub fewest_proof: Proof,
    /// What is known of `most`.
    pub most_proof: Proof,
}

impl CoalitionBounds {
    /// Whether so many seats (a majority, for example) are certain or out of reach.
    #[must_use]
    pub fn reaches(&self, seats: u32) -> Claim {
        Claim::of(self.fewest, self.most, seats)
    }

    /// Of a coalition that cannot end otherwise: where both bounds are one number, it is reached.
    fn settled(seats: u32) -> Self {
        Self {
            fewest: seats,
            most: seats,
            fewest_proof: Proof::Exact,
            most_proof: Proof::Exact,
        }
    }
}

/// The fewest and the most seats of several lists together, over all ways in which the outstanding ballots can fall. Exact
/// under divisor methods with one bar for all lists; elsewhere put together from the bounds of each.
///
/// `each` is the answer of [`bound_seats`](crate::bounds::bound_seats) to just this question.
///
/// # Errors
/// As [`bound_seats`](crate::bounds::bound_seats), and a list that is not in the contest.
pub fn bound_coalition(
    contest: &Contest,
    rules: &Rules,
    outstanding: Outstanding,
    each: &SeatBounds,
    lists: &[usize],
) -> Result<CoalitionBounds, ContestError> {
    check(contest, lists)?;
    with_question(contest, rules, outstanding, each, |question| {
        question.joint(lists, STEPS_MAX)
    })
}

/// The same of several coalitions, each in so many steps of a few nanoseconds at most, half of them for either bound: for whoever
/// asks again and again. A bound for which they do not suffice is what was found until then, or what follows from the bounds
/// of each, and is marked with [`Reason::TooLong`].
///
/// # Errors
/// As [`bound_coalition`].
pub fn bound_coalitions_within(
    contest: &Contest,
    rules: &Rules,
    outstanding: Outstanding,
    each: &SeatBounds,
    coalitions: &[Vec<usize>],
    steps: u64,
) -> Result<Vec<CoalitionBounds>, ContestError> {
    for lists in coalitions {
        check(contest, lists)?;
    }
    if coalitions.is_empty() {
        return Ok(Vec::new());
    }
    with_question(contest, rules, outstanding, each, |question| {
        let joint = |lists: &Vec<usize>| question.joint(lists, steps);
        coalitions.iter().map(joint).collect()
    })
}

fn check(contest: &Contest, lists: &[usize]) -> Result<(), ContestError> {
    let number = contest.lists.len();
    match lists.iter().find(|&&list| list >= number) {
        Some(&list) => Err(ContestError::UnknownList {
            list,
            lists: number,
        }),
        None => Ok(()),
    }
}

/// What all coalitions of a contest are asked of.
struct Question<'a> {
    seats: u32,
    outstanding: Outstanding,
    each: &'a [ListBounds],
    /// Where the bounds of a single list have one; and whether nothing stands beside its stage.
    model: Option<&'a Model<'a>>,
    is_plain: bool,
    /// All seats go to somebody, however the ballots fall.
    is_filled: bool,
}

fn with_question<T>(
    contest: &Contest,
    rules: &Rules,
    outstanding: Outstanding,
    each: &SeatBounds,
    then: impl FnOnce(&Question<'_>) -> T,
) -> Result<T, ContestError> {
    let ruled = Ruled::of(contest, rules, outstanding)?;
    let model = ruled.model()?.ok();
    let model = model.as_ref();
    Ok(then(&Question {
        seats: contest.seats,
        outstanding,
        each: &each.lists,
        model,
        is_plain: ruled.is_plain(),
        is_filled: model.is_some_and(|model| ruled.is_filled(model)),
    }))
}

impl Question<'_> {
    /// The bounds of lists of the contest.
    fn joint(&self, lists: &[usize], steps: u64) -> CoalitionBounds {
        if let [list] = lists {
            let ListBounds {
                fewest,
                most,
                fewest_proof,
                most_proof,
                threshold: _,
            } = self.each[*list];
            return CoalitionBounds {
                fewest,
                most,
                fewest_proof,
                most_proof,
            };
        }
        let mut members = vec![false; self.each.len()];
        lists.iter().for_each(|&list| members[list] = true);
        let together = together(self.seats, self.each, &members, self.is_filled);
        // Of all lists together nobody else raises the base, which the search takes for granted.
        let is_searched =
            self.is_plain && members.contains(&false) && { together.fewest < together.most };
        match self.model.filter(|_| is_searched) {
            Some(model) => self.searched(model, &members, together, steps),
            None => together,
        }
    }

    /// The bounds of these members, of whom that much is known already.
    fn searched(
        &self,
        model: &Model<'_>,
        members: &[bool],
        together: CoalitionBounds,
        steps: u64,
    ) -> CoalitionBounds {
        // Half for each: the fewest of the one side must not leave nothing for the other.
        let half = || Budget::of(steps.min(STEPS_MAX) / 2);
        let others: Vec<bool> = members.iter().map(|member| !member).collect();
        let (Some(own), Some(rest)) = (
            fewest(model, members, &mut half()),
            fewest(model, &others, &mut half()),
        ) else {
            return together;
        };
        // With nothing outstanding a lot may be drawn, which the search does not know.
        let reached = |proof: Proof| match proof {
            Proof::Exact if self.outstanding.ballots == 0 => Proof::Safe(Reason::OpenTies),
            proof => proof,
        };
        // Why a bound is not exact, where the search had too few steps whatever else is known of it.
        let reason = |proof: Proof| match proof {
            Proof::Safe(Reason::TooLong) | Proof::NoClaim(Reason::TooLong) => Reason::TooLong,
            _ => Reason::Together,
        };
        let most = together.most.min(self.seats - rest.0);
        let most_proof = match reached(rest.1) {
            Proof::Exact if self.is_filled && most == self.seats - rest.0 => Proof::Exact,
            proof if most == self.seats => Proof::NoClaim(reason(proof)),
            proof => Proof::Safe(reason(proof)),
        };
        let fewest = together.fewest.max(own.0);
        let fewest_proof = match reached(own.1) {
            proof if fewest == own.0 => proof,
            // More than nothing.
            proof => Proof::Safe(reason(proof)),
        };
        if fewest == most {
            return CoalitionBounds::settled(most);
        }
        CoalitionBounds {
            fewest,
            fewest_proof,
            most,
            most_proof,
        }
    }
}

/// From the bounds of each list: sums, and what the others leave. The fewest of that too where all seats go to somebody.
fn together(
    seats: u32,
    lists: &[ListBounds],
    members: &[bool],
    is_filled: bool,
) -> CoalitionBounds {
    let sum = |of: fn(&ListBounds) -> u32, wanted: bool| {
        let lists = lists
            .iter()
            .zip(members)
            .filter(|(_, member)| **member == wanted);
        let sum: u64 = lists.map(|(list, _)| u64::from(of(list))).sum();
        u32::try_from(sum).unwrap_or(u32::MAX)
    };
    let left = match is_filled {
        true => seats.saturating_sub(sum(|list| list.most, false)),
        false => 0,
    };
    let fewest = sum(|list| list.fewest, true).min(seats).max(left);
    let most =
        sum(|list| list.most, true).min(seats.saturating_sub(sum(|list| list.fewest, false)));
    if fewest == most {
        return CoalitionBounds::settled(most);
    }
    let fewest_proof = match fewest {
        0 => Proof::NoClaim(Reason::Together),
        _ => Proof::Safe(Reason::Together),
    };
    CoalitionBounds {
        fewest,
        most,
        fewest_proof,
        most_proof: match most == seats {
            true => Proof::NoClaim(Reason::Together),
            false => Proof::Safe(Reason::Together),
        },
    }
}

/// The fewest seats of the members under a divisor method; `None` where there is no joint search.
fn fewest(model: &Model<'_>, members: &[bool], budget: &mut Budget) -> Option<(u32, Proof)> {
    let divisors = matches!(model.method, Method::Divisors(_));
    let moving = model.bars.iter().filter(|bar| !bar.is_fixed()).count();
    let roomy = model
        .lists
        .iter()
        .all(|entry| entry.candidates >= model.seats || entry.room == entry.candidates);
    if !divisors || moving > 1 || !roomy {
        return None;
    }
    let frames = frames(model, members);
    let (fewest, proof) = lowest(model.seats, budget, |seats, budget| {
        let mut verdict = Verdict::Cannot;
        for frame in &frames {
            // Of frames for which no step is left it is not known, so each is asked.
            verdict = verdict.or(can_fall(model, members, seats, frame, budget));
            if verdict == Verdict::Can {
                break;
            }
        }
        verdict
    });
    // Ties are taken to fall either way here.
    let by_lot = model.rules.ties.iter().all(|rule| *rule == TieBreak::Lot);
    let proof = match proof {
        Proof::Exact if !by_lot && fewest > 0 => Proof::Safe(Reason::Together),
        Proof::Exact if !by_lot => Proof::NoClaim(Reason::Together),
        proof => proof,
    };
    Some((fewest, proof))
}

/// The two highest frames of every set of members that takes part.
fn frames(model: &Model<'_>, members: &[bool]) -> Vec<Frame> {
    let mut tops = vec![model.ballots];
    for (list, entry) in model.lists.iter().enumerate() {
        let last = model.bars[entry.bar].base_most(entry.votes.max(1));
        let growth = last.and_then(|base| base.checked_sub(model.base));
        if members[list]
            && !model.is_safe(list)
            && let Some(growth) = growth.filter(|&growth| growth < model.ballots)
        {
            tops.push(growth);
        }
    }
    tops.sort_unstable();
    tops.dedup();
    let mut frames = Vec::new();
    for top in tops.into_iter().rev() {
        let first = model.frame_below(top);
        let second = first
            .least
            .checked_sub(1)
            .map(|most| model.frame_below(most));
        frames.push(first);
        frames.extend(second);
    }
    frames
}

/// Whether the members can end with at most so many seats when the base lies in a frame.
fn can_fall(
    model: &Model<'_>,
    members: &[bool],
    seats: u32,
    frame: &Frame,
    budget: &mut Budget,
) -> Verdict {
    let (wanted, money) = (model.seats - seats, frame.most);
    if wanted == 0 {
        return Verdict::Can;
    }
    let lists = u64::try_from(model.lists.len()).unwrap_or(u64::MAX);
    if !budget.take(u64::from(wanted) + lists * u64::from(seats + 1)) {
        budget.spend();
        return Verdict::Unknown;
    }
    let keys = Keys::of(model.method, 0, model.seats, 1);
    if !budget.take(u64::from(wanted) * price_steps(&keys)) {
        budget.spend();
        return Verdict::Unknown;
    }
    let Some((holder, seat)) = key_number(model, members, seats, frame, &keys) else {
        return Verdict::Can;
    };
    let prices = Prices::against(&keys, model.lists[holder].votes, seat, wanted);
    let rivals = model
        .lists
        .iter()
        .zip(members)
        .filter(|(_, member)| !**member);
    let rivals = rivals.map(|(entry, _)| {
        let needed = frame.needed[entry.bar];
        let price = |claim: u32| prices.of(claim, true);
        Rival::of(entry.votes, needed, entry.room, price, (wanted, money))
    });
    let Some(rivals) = Rival::all(rivals, budget) else {
        return Verdict::Unknown;
    };
    cover(&rivals, wanted, money, budget)
}

/// The list and its seat number of the members' key number `number`, from 0 and the largest down; `None` where they have
/// no more keys.
fn key_number(
    model: &Model<'_>,
    members: &[bool],
    number: u32,
    frame: &Frame,
    keys: &Keys,
) -> Option<(usize, u32)> {
    let inside = |list: usize| {
        let entry = &model.lists[list];
        members[list] && entry.votes >= frame.needed[entry.bar]
    };
    let inside: Vec<usize> = (0..model.lists.len())
        .filter(|&list| inside(list))
        .collect();
    let mut held = vec![0_u32; inside.len()];
    let mut last = None;
    for _ in 0..=number {
        let open = (0..inside.len()).filter(|&place| held[place] < model.lists[inside[place]].room);
        let level = |place: usize| {
            let votes = model.lists[inside[place]].votes;
            (keys.level(u128::from(votes), 1), held[place])
        };
        let best = open.max_by(|&left, &right| keys.compare(level(left), level(right)))?;
        last = Some((inside[best], held[best]));
        held[best] += 1;
    }
    last
}
