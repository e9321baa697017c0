//! The fewest seats under a quota method.
//!
//! No outstanding ballot goes to the list: at any rival that takes part it does more. With the rivals that take part fixed, the
//! quota moves with every vote for them, and prices of claims with it. In real numbers more votes for all in proportion are
//! better for them, so that nothing is possible with fewer ballots that is not with all: what real votes cannot do at the top
//! is impossible ([`Side::cost_least`]). Whole votes then show what is possible, from the top down to where real votes cannot
//! do it any more; where those are all tried without success, it is impossible too.

use crate::bounds::bar::Growth;
use crate::bounds::cover::{Budget, Rival, Verdict, cover};
use crate::bounds::model::{Frame, Model};
use crate::bounds::price::Prices;
use crate::bounds::{Proof, Reason};
use crate::keys::{Keys, signed};
use crate::method::{Method, Quota, Rounding};

/// Most sets of rivals that are let in, for one list, and most lists in all of them.
const SIDES_MAX: usize = 1_024;
const SIDES_LISTS_MAX: usize = 2_000_000;
/// Most numbers of votes that are tried for one number of seats.
const TRIES_MAX: u32 = 3_000;

/// The fewest seats of a list.
pub(crate) fn fewest(
    model: &Model<'_>,
    quota: Quota,
    list: usize,
    budget: &mut Budget,
) -> (u32, Proof) {
    if !model.is_safe(list) {
        return (0, Proof::Exact);
    }
    let reason = match quota.rounding {
        Rounding::Exact => Reason::TooLong,
        _ => Reason::RoundedQuota,
    };
    let all = u64::try_from(model.lists.len()).unwrap_or(u64::MAX);
    if !budget.take(16 * all) {
        budget.spend();
        return safe(0, reason);
    }
    let Some(sides) = sides(model, list) else {
        return (0, Proof::NoClaim(Reason::TooLong));
    };
    let rounded = Rounded::of(quota, model.seats);
    let (mut low, room) = (0, model.room(list));
    let mut high = room;
    let steps = u64::try_from(sides.len() * model.lists.len()).unwrap_or(u64::MAX);
    while low < high {
        if !budget.take(steps) {
            budget.spend();
            return safe(low, reason);
        }
        let middle = low + (high - low) / 2;
        let possible = |side: &Side| side.is_possible(model, rounded, middle, model.ballots);
        if sides.iter().any(possible) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    while low < room {
        match with_whole_votes(model, rounded, &sides, low, budget) {
            Verdict::Can => break,
            Verdict::Cannot => low += 1,
            Verdict::Unknown => return safe(low, reason),
        }
    }
    (low, Proof::Exact)
}

fn safe(fewest: u32, reason: Reason) -> (u32, Proof) {
    match fewest {
        0 => (0, Proof::NoClaim(reason)),
        fewest => (fewest, Proof::Safe(reason)),
    }
}

/// Whether the list can end with at most so many seats, by a sure completion in whole votes.
fn with_whole_votes(
    model: &Model<'_>,
    rounded: Rounded,
    sides: &[Side],
    seats: u32,
    budget: &mut Budget,
) -> Verdict {
    let mut tries = TRIES_MAX;
    let mut verdict = Verdict::Cannot;
    // Each look goes over all lists, and halving takes as many as the ballots have bits.
    let lists = u64::try_from(model.lists.len()).unwrap_or(u64::MAX);
    let looks = u64::from(u64::BITS - model.ballots.leading_zeros()) + 1;
    for side in sides {
        if tries == 0 {
            return verdict.or(Verdict::Unknown);
        }
        let steps = if rounded.is_exact() {
            lists.saturating_mul(looks)
        } else {
            lists
        };
        if !budget.take(steps) {
            budget.spend();
            return verdict.or(Verdict::Unknown);
        }
        if !side.is_possible(model, rounded, seats, model.ballots) {
            continue;
        }
        let least = side.votes_least(model, rounded, seats);
        verdict = verdict.or(side.tries(model, seats, least, &mut tries, budget));
        if verdict == Verdict::Can {
            break;
        }
    }
    verdict
}

/// How far a quota is from votes over its divisor, in parts of a vote.
#[derive(Clone, Copy, Debug)]
struct Rounded {
    divisor: u32,
    /// At most so many parts above.
    above: u32,
    /// At most so many parts below.
    below: u32,
}

impl Rounded {
    fn of(quota: Quota, seats: u32) -> Self {
        let divisor = quota.kind.divisor(seats);
        let (above, below) = match quota.rounding {
            Rounding::Exact => (0, 0),
            // A quota below one counts as one.
            Rounding::Down => (divisor, divisor),
            Rounding::DownPlusOne | Rounding::Up => (divisor, 0),
            Rounding::Nearest => (divisor, divisor),
        };
        Self {
            divisor,
            above,
            below,
        }
    }

    fn is_exact(self) -> bool {
        self.above == 0 && self.below == 0
    }
}

/// Rivals that take part.
struct Side {
    list: usize,
    members: Vec<usize>,
    /// Lists with votes that stay outside.
    outside: Vec<usize>,
    /// Votes of the list and of the members.
    votes: u128,
}

/// Every set of rivals that can take part: those who do for certain, and of each kind the largest of the others.
fn sides(model: &Model<'_>, list: usize) -> Option<Vec<Side>> {
    let mut certain = Vec::new();
    let mut others = Vec::new();
    for (other, entry) in model.lists.iter().enumerate() {
        // Who has no vote changes no quota by taking part: that is for the covering problem.
        if other == list || entry.votes == 0 {
            continue;
        }
        if model.is_safe(other) {
            certain.push(other);
        } else {
            others.push(other);
        }
    }
    let mut others = model.kinds(list, others);
    let mut never = Vec::new();
    let mut number = 1_usize;
    for lists in &mut others {
        let mut price = 0_u64;
        let affordable = lists.iter().take_while(|&&other| {
            let lacks = model
                .needed(other, 0)
                .saturating_sub(model.lists[other].votes);
            price = price.saturating_add(lacks);
            price <= model.ballots
        });
        let affordable = affordable.count();
        never.extend(lists.split_off(affordable));
        number = number.saturating_mul(lists.len() + 1);
    }
    if number > SIDES_MAX || number.saturating_mul(model.lists.len()) > SIDES_LISTS_MAX {
        return None;
    }
    let side = |mut place: usize| {
        let mut members = certain.clone();
        let mut outside = never.clone();
        for lists in &others {
            let (inside, rest) = lists.split_at(place % (lists.len() + 1));
            members.extend(inside);
            outside.extend(rest);
            place /= lists.len() + 1;
        }
        let votes = members.iter().chain([&list]);
        let votes = votes
            .map(|&member| u128::from(model.lists[member].votes))
            .sum();
        Side {
            list,
            members,
            outside,
            votes,
        }
    };
    Some((0..number).map(side).collect())
}

impl Side {
    /// Whether real votes, so many of them, could leave the list with at most so many seats.
    fn is_possible(&self, model: &Model<'_>, rounded: Rounded, seats: u32, votes: u64) -> bool {
        let money = i128::from(votes) * i128::from(rounded.divisor);
        self.cost_least(model, rounded, seats, votes) <= money
    }

    /// What the claims cost at least in real votes, in parts of a vote.
    ///
    /// With N claims wanted and one quota as the price of each, weak duality (see [`crate::bounds::cover`]): the first further
    /// claim of a rival costs what it lacks, each one after that a whole quota.
    fn cost_least(&self, model: &Model<'_>, rounded: Rounded, seats: u32, more: u64) -> i128 {
        let unit = u128::from(rounded.divisor);
        let quota = self.votes + u128::from(more);
        let parts = |votes: u64| i128::from(votes) * i128::from(rounded.divisor);
        let floor = |entry: &crate::bounds::model::Entry| {
            let growth = if model.growth == Growth::Fixed {
                0
            } else {
                more
            };
            signed(model.bars[entry.bar].share_floor(model.base + growth, unit))
        };
        // A rounded quota is off by at most so much times the number of quotas between two claims, and by more in proportion
        // where fewer votes have come in.
        let off = u128::from(seats) * u128::from(rounded.above)
            + u128::from(model.seats - seats) * u128::from(rounded.below);
        let slack = if off == 0 {
            0
        } else {
            off * quota.div_ceil(self.votes.max(1))
        };
        let own = parts(model.lists[self.list].votes);
        let quota = signed(quota);
        let first = own - i128::from(seats) * quota - signed(slack);
        let wanted = i128::from(model.seats - seats);
        let (mut cost, mut free) = (0, 0);
        let mut gains = Vec::new();
        let claims = |level: i128, room: u32| {
            let whole = if level >= first {
                (level - first) / quota + 1
            } else {
                0
            };
            whole.min(i128::from(room)).min(wanted)
        };
        for &member in &self.members {
            let entry = &model.lists[member];
            let level = parts(entry.votes).max(floor(entry));
            cost += level - parts(entry.votes);
            let has = claims(level, entry.room);
            free += has;
            if has < i128::from(entry.room) {
                gains.push(first + has * quota - level - quota);
            }
        }
        let without = |entry: &&crate::bounds::model::Entry| entry.votes == 0 && entry.room > 0;
        for entry in model.lists.iter().filter(without) {
            let level = floor(entry).max(first).max(0);
            let has = claims(level, entry.room);
            let mut gain = level - has * quota;
            if has < i128::from(entry.room) {
                gain = gain.min(first - quota);
            }
            gains.push(gain);
        }
        let missing = wanted - free;
        if missing <= 0 {
            return cost;
        }
        gains.retain(|&gain| gain < 0);
        gains.sort_unstable();
        let used = usize::try_from(missing).unwrap_or(usize::MAX);
        let gained: i128 = gains.iter().take(used).sum();
        cost + (missing * quota + gained).max(0)
    }

    /// The fewest votes with which real votes could do it; none are too few under a rounded quota, whose slack is no
    /// matter of proportion.
    fn votes_least(&self, model: &Model<'_>, rounded: Rounded, seats: u32) -> u64 {
        if !rounded.is_exact() {
            return 0;
        }
        let possible = |votes: u64| self.is_possible(model, rounded, seats, votes);
        crate::margin::first_where(0, model.ballots, possible).unwrap_or(model.ballots)
    }

    /// Tries numbers of votes from the top down to `least`, for each growth of the base.
    fn tries(
        &self,
        model: &Model<'_>,
        seats: u32,
        least: u64,
        tries: &mut u32,
        budget: &mut Budget,
    ) -> Verdict {
        let mut verdict = Verdict::Cannot;
        if self.members.is_empty() && model.lists.iter().all(|entry| entry.votes > 0) {
            // Nobody else is there to have a seat.
            return verdict;
        }
        for frame in model.frames() {
            if frame.most < least || !self.is_all(model, &frame) {
                // Further down bars are lower still.
                break;
            }
            let (sure, at_most) = self.room_outside(model, &frame);
            let lowest = match model.growth {
                Growth::WithVotes => frame.least.saturating_sub(at_most),
                Growth::WithBallots | Growth::Fixed => 0,
            };
            for votes in (lowest.max(least)..=frame.most).rev() {
                if *tries == 0 || budget.is_spent() {
                    return verdict.or(Verdict::Unknown);
                }
                *tries -= 1;
                let dumped = match model.growth {
                    Growth::WithVotes => frame.least.saturating_sub(votes),
                    Growth::WithBallots | Growth::Fixed => 0,
                };
                let found = if dumped <= sure {
                    self.buys(model, seats, &frame, votes, true, budget)
                } else {
                    // Lists without votes either take what nobody gets a seat for or claim seats.
                    match self.buys(model, seats, &frame, votes, false, budget) {
                        Verdict::Can => Verdict::Can,
                        _ => match self.buys(model, seats, &frame, votes, true, budget) {
                            Verdict::Cannot => Verdict::Cannot,
                            _ => Verdict::Unknown,
                        },
                    }
                };
                verdict = verdict.or(found);
                if verdict == Verdict::Can {
                    return verdict;
                }
            }
        }
        verdict
    }

    /// Whether everybody with votes who is not a member stays outside.
    fn is_all(&self, model: &Model<'_>, frame: &Frame) -> bool {
        self.outside.iter().all(|&other| {
            let entry = &model.lists[other];
            entry.votes < frame.needed[entry.bar]
        })
    }

    /// Votes that lists outside can take without passing: those with votes, and all.
    fn room_outside(&self, model: &Model<'_>, frame: &Frame) -> (u64, u64) {
        let room = |entry: &crate::bounds::model::Entry| {
            (frame.needed[entry.bar] - 1).saturating_sub(entry.votes)
        };
        let outside = self.outside.iter().map(|&other| &model.lists[other]);
        let with = outside.fold(0_u64, |sum, entry| sum.saturating_add(room(entry)));
        let without = model.lists.iter().filter(|entry| entry.votes == 0);
        let all = without.fold(with, |sum, entry| sum.saturating_add(room(entry)));
        (with, all)
    }

    /// Whether the members can have the claims with so many votes, all of which go to them.
    fn buys(
        &self,
        model: &Model<'_>,
        seat: u32,
        frame: &Frame,
        votes: u64,
        with_others: bool,
        budget: &mut Budget,
    ) -> Verdict {
        let wanted = model.seats - seat;
        let lists = u64::try_from(model.lists.len()).unwrap_or(u64::MAX);
        if !budget.take(u64::from(wanted).saturating_add(lists)) {
            budget.spend();
            return Verdict::Unknown;
        }
        let lacks = self.members.iter().map(|&member| {
            let entry = &model.lists[member];
            frame.needed[entry.bar].saturating_sub(entry.votes)
        });
        let price = lacks.fold(0_u64, u64::saturating_add);
        let Some(money) = votes.checked_sub(price) else {
            return Verdict::Cannot;
        };
        let Method::Quota(_) = model.method else {
            return Verdict::Unknown;
        };
        let keys = Keys::of(model.method, self.votes + u128::from(votes), model.seats, 1);
        let Keys::Quota { quota, unit, .. } = keys else {
            return Verdict::Unknown;
        };
        let own = model.lists[self.list].votes;
        let prices = Prices::under(signed(unit), quota, own, seat, wanted);
        let rival = |other: usize, votes: u64, entry: u64| {
            let price = |claim: u32| {
                prices.of(
                    claim,
                    model.may_precede((other, claim - 1), (self.list, seat)),
                )
            };
            Rival::of(
                votes,
                entry,
                model.lists[other].room,
                price,
                (wanted, money),
            )
        };
        let members = self.members.iter().map(|&member| {
            let entry = &model.lists[member];
            rival(member, entry.votes.max(frame.needed[entry.bar]), 0)
        });
        let without = model
            .lists
            .iter()
            .enumerate()
            .filter(|(_, entry)| with_others && entry.votes == 0);
        let without = without.map(|(other, entry)| rival(other, 0, frame.needed[entry.bar]));
        let Some(rivals) = Rival::all(members.chain(without), budget) else {
            return Verdict::Unknown;
        };
        cover(&rivals, wanted, money, budget)
    }
}
