//! How many votes would change it, with quota, threshold and base recomputed by really allocating.
//!
//! Differences of keys are not margins: the quota and the threshold move with the votes. The search rests on this. Between
//! two points where the set of competitors changes, a list's certain seats can only rise as votes are added to it (or moved
//! to it): divisor keys of others do not rise and its own do; the keys of an exact quota, divided by all votes, are
//! `w / V - m / s`, and its share rises while the others' fall. The same holds under a rounded quota while its value stands.
//! So each such stretch is decided by one of its ends and a binary search, and the stretches are looked at one by one,
//! because over their borders seats are not monotone at all.

use crate::contest::{Contest, Lot};
use crate::error::ContestError;
use crate::keys::Keys;
use crate::method::{Method, Quota, Rounding, Stage};
use crate::rules::{AboveMax, RescueRest, Rules};
use crate::workspace::Workspace;

/// Most stretches of a rounded quota that one search looks at; beyond, the margin is not called exact.
const STRETCHES_MAX: u32 = 50_000;
/// Most numbers of votes, times lists, that one search tries one by one where seats are not monotone.
const TRIED_MAX: u64 = 200_000;

/// What is done to a list's votes. Added and taken votes are ballots: every count that a threshold may rest on moves along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Votes nobody cast before.
    Added,
    /// Votes that go away.
    Taken,
    /// Votes that the named list loses to it.
    MovedFrom(usize),
    /// Votes that it loses to the named list.
    MovedTo(usize),
}

/// Which way the seats change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The list holds more seats for certain.
    Gain,
    /// The list holds fewer seats for certain: it loses one, or a tie puts one at risk.
    Loss,
}

/// The fewest votes that change a list's seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Margin {
    /// Votes added, taken or moved.
    pub votes: u64,
    /// Certain seats of all lists after the change.
    pub seats_after: Vec<u32>,
    /// Whether no smaller number does it. Where seats need not be monotone even between the points looked at (several stages;
    /// a majority clause; lists let in besides; quotas inside groups; a rescue that leaves seats empty), every smaller number
    /// is tried, as long as they are few enough: votes times lists at most 200,000. `false` beyond: fewer might do.
    pub exact: bool,
}

/// The fewest votes, changed in the given way, for the given effect on a list's certain seats; `None` where no number does.
///
/// # Errors
/// As [`allocate`](crate::allocate), or a list that is not in the contest.
pub fn margin(
    contest: &Contest,
    rules: &Rules,
    lots: &[Lot],
    list: usize,
    change: Change,
    effect: Effect,
) -> Result<Option<Margin>, ContestError> {
    let other = match change {
        Change::MovedFrom(other) | Change::MovedTo(other) => Some(other),
        Change::Added | Change::Taken => None,
    };
    for named in [Some(list), other].into_iter().flatten() {
        if named >= contest.lists.len() {
            return Err(ContestError::UnknownList {
                list: named,
                lists: contest.lists.len(),
            });
        }
    }
    if other == Some(list) {
        return Ok(None);
    }
    Search::new(contest, rules, lots, (list, change, effect), u64::MAX)?.run()
}

/// Whether margins of these rules are found by halving alone, stretch by stretch of few: seats are monotone between borders,
/// and no rounded quota makes a stretch of every few votes.
pub(crate) fn is_quick(rules: &Rules) -> bool {
    let [stage] = rules.stages.as_slice() else {
        return false;
    };
    let is_rounded =
        matches!(stage.method, Method::Quota(quota) if quota.rounding != Rounding::Exact);
    stage.is_plain() && !is_rounded
}

/// The first number for which a condition holds that, once it holds, goes on holding.
pub(crate) fn first_where(low: u64, high: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let Ok(found) = first_where_fallible(low, high, |value| {
        Ok::<bool, std::convert::Infallible>(holds(value))
    });
    found
}

fn first_where_fallible<E>(
    mut low: u64,
    mut high: u64,
    mut holds: impl FnMut(u64) -> Result<bool, E>,
) -> Result<Option<u64>, E> {
    if low > high || !holds(high)? {
        return Ok(None);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(Some(low))
}

pub(crate) struct Search<'a> {
    original: &'a Contest,
    changed: Contest,
    rules: &'a Rules,
    lots: &'a [Lot],
    list: usize,
    change: Change,
    effect: Effect,
    /// Numbers of votes above are of no interest.
    most: u64,
    seats_before: u32,
    /// Whether nothing but what was found can have the effect below the limit: of no use before the end.
    pub is_complete: bool,
    workspace: Workspace,
}

impl<'a> Search<'a> {
    pub fn new(
        contest: &'a Contest,
        rules: &'a Rules,
        lots: &'a [Lot],
        (list, change, effect): (usize, Change, Effect),
        most: u64,
    ) -> Result<Self, ContestError> {
        let mut search = Self {
            original: contest,
            changed: contest.clone(),
            rules,
            lots,
            list,
            change,
            effect,
            most,
            seats_before: 0,
            is_complete: true,
            workspace: Workspace::default(),
        };
        search.seats_before = search.at(0)?;
        Ok(search)
    }

    pub fn run(&mut self) -> Result<Option<Margin>, ContestError> {
        let seats_max = self.original.lists[self.list]
            .candidates
            .unwrap_or(u32::MAX)
            .min(self.original.seats);
        match self.effect {
            Effect::Gain if self.seats_before >= seats_max => return Ok(None),
            Effect::Loss if self.seats_before == 0 => return Ok(None),
            Effect::Gain | Effect::Loss => {}
        }
        let borders = self.borders()?;
        let most = self.votes_max();
        let mut exact = self.monotone_between_borders();
        let mut stretches = 0;
        for (index, &start) in borders.iter().enumerate() {
            let end = borders.get(index + 1).map_or(most, |next| next - 1);
            let mut low = start;
            while low <= end {
                let high = if stretches < STRETCHES_MAX {
                    self.stretch_end(low, end)?
                } else {
                    end
                };
                exact &= stretches < STRETCHES_MAX;
                stretches += 1;
                if let Some(votes) = self.first_in(low, high)? {
                    return self.found(votes, exact).map(Some);
                }
                if high == end {
                    break;
                }
                low = high + 1;
            }
        }
        if exact {
            return Ok(None);
        }
        // Nothing at the ends of the stretches: where seats are not monotone it may be inside of them.
        let looked_at = self.allocations_max().min(most);
        self.is_complete = looked_at == most;
        let found = self.first_of(1, looked_at)?;
        found.map(|votes| self.found(votes, true)).transpose()
    }

    /// The margin with this number of votes. Where fewer might do, each fewer number is tried if they are not too many.
    fn found(&mut self, mut votes: u64, mut exact: bool) -> Result<Margin, ContestError> {
        if !exact && votes <= self.allocations_max() {
            votes = self.first_of(1, votes - 1)?.unwrap_or(votes);
            exact = true;
        }
        self.at(votes)?;
        Ok(Margin {
            votes,
            seats_after: self.workspace.seats.clone(),
            exact,
        })
    }

    /// The first number of votes that has the effect, found by trying all of them.
    fn first_of(&mut self, low: u64, high: u64) -> Result<Option<u64>, ContestError> {
        for votes in low..=high {
            if self.has_effect(votes)? {
                return Ok(Some(votes));
            }
        }
        Ok(None)
    }

    /// How many allocations one search may make where halving does not do: each costs time for each list.
    fn allocations_max(&self) -> u64 {
        let lists = u64::try_from(self.original.lists.len()).unwrap_or(u64::MAX);
        TRIED_MAX / lists.max(1)
    }

    /// Whether the list's certain seats rise with the number of votes changed.
    fn rises(&self) -> bool {
        matches!(self.change, Change::Added | Change::MovedFrom(_))
    }

    /// The first number in a monotone stretch that has the effect: found by halving where seats move towards the effect,
    /// and otherwise the very first or none.
    fn first_in(&mut self, low: u64, high: u64) -> Result<Option<u64>, ContestError> {
        let towards = self.rises() == (self.effect == Effect::Gain);
        first_where_fallible(low, if towards { high } else { low }, |votes| {
            self.has_effect(votes)
        })
    }

    fn has_effect(&mut self, votes: u64) -> Result<bool, ContestError> {
        let seats = self.at(votes)?;
        Ok(match self.effect {
            Effect::Gain => seats > self.seats_before,
            Effect::Loss => seats < self.seats_before,
        })
    }

    /// The last number up to `end` at which the rounded quota is still what it is at `start`. Between two borders the
    /// competitors are the same, so their votes change by as much as those of the lists that the change touches.
    fn stretch_end(&mut self, start: u64, end: u64) -> Result<u64, ContestError> {
        let Some(quota) = self.rounded_quota() else {
            return Ok(end);
        };
        self.at(start)?;
        let competing = |list: usize| self.workspace.eligibility[list].takes_part();
        let lists = self
            .changed
            .lists
            .iter()
            .enumerate()
            .filter(|(list, _)| competing(*list));
        let votes: u128 = lists.map(|(_, list)| u128::from(list.votes)).sum();
        let gains =
            |list: usize, rises: bool| (competing(list) && rises, competing(list) && !rises);
        let (own, other) = (
            gains(self.list, self.rises()),
            self.other().map(|other| gains(other, !self.rises())),
        );
        let other = other.unwrap_or_default();
        let quota_at = |changed: u64| {
            let change = u128::from(changed - start);
            let votes = match (own.0 || other.0, own.1 || other.1) {
                (true, false) => votes + change,
                (false, true) => votes - change,
                _ => votes,
            };
            Keys::of(Method::Quota(quota), votes, self.original.seats, 1).quota()
        };
        let first = quota_at(start);
        Ok(
            first_where(start, end, |changed| quota_at(changed) != first)
                .map_or(end, |after| after - 1),
        )
    }

    fn rounded_quota(&self) -> Option<Quota> {
        match self.rules.stages.as_slice() {
            [
                Stage {
                    method: Method::Quota(quota),
                    ..
                },
            ] if quota.rounding != Rounding::Exact => Some(*quota),
            _ => None,
        }
    }

    fn monotone_between_borders(&self) -> bool {
        let inside = self
            .rules
            .apparentment
            .as_ref()
            .map(|joined| joined.inside.as_ref().unwrap_or(&self.rules.stages));
        let inside = inside.is_none_or(|stages| {
            matches!(
                stages.as_slice(),
                [Stage {
                    method: Method::Divisors(_),
                    ..
                }]
            )
        });
        let rescue = self.rules.rescue.as_ref().is_none_or(|rescue| {
            let all_seats_by_key = rescue.rest.value == RescueRest::MultipliedRemainders;
            all_seats_by_key && rescue.further_rounds.value && rescue.floor_first.value
        });
        let one_plain_stage = matches!(self.rules.stages.as_slice(), [stage] if stage.is_plain());
        one_plain_stage
            && self.rules.majority.is_none()
            && self.rules.widening.is_none()
            && self.rules.bonus.is_none()
            && self.rules.above_max == AboveMax::NextInLine
            && self.original.quota_of.is_none()
            && self.original.lists.iter().all(|list| list.held == 0)
            && inside
            && rescue
    }

    /// The most votes that can be changed this way, with no count leaving its range.
    fn votes_max(&self) -> u64 {
        self.possible_max().min(self.most)
    }

    fn possible_max(&self) -> u64 {
        let votes = |list: usize| self.original.lists[list].votes;
        let base = self.original.base;
        let counts = [
            base.valid_votes,
            base.valid_and_against_all,
            base.ballots_in_box,
            base.ballots_issued,
        ];
        let counts = counts.into_iter().flatten();
        match self.change {
            Change::Added => {
                // What a quota is computed of stays as it is, and holds the votes of all lists.
                let held = self.original.quota_of.map(|quota| {
                    let all = self.original.list_votes();
                    let room = u128::from(quota.votes).saturating_sub(all);
                    u64::try_from(room).unwrap_or(u64::MAX)
                });
                let room = u64::MAX - counts.fold(votes(self.list), u64::max);
                room.min(held.unwrap_or(u64::MAX))
            }
            Change::Taken => counts.fold(votes(self.list), u64::min),
            Change::MovedFrom(other) => votes(other).min(u64::MAX - votes(self.list)),
            Change::MovedTo(other) => votes(self.list).min(u64::MAX - votes(other)),
        }
    }

    /// The contest with so many votes changed.
    fn set(&mut self, votes: u64) {
        let own = self.original.lists[self.list].votes;
        let (own, other) = match self.change {
            Change::Added => (own + votes, None),
            Change::Taken => (own - votes, None),
            Change::MovedFrom(other) => (
                own + votes,
                Some((other, self.original.lists[other].votes - votes)),
            ),
            Change::MovedTo(other) => (
                own - votes,
                Some((other, self.original.lists[other].votes + votes)),
            ),
        };
        self.changed.lists[self.list].votes = own;
        if let Some((other, other_votes)) = other {
            self.changed.lists[other].votes = other_votes;
        }
        let moved = |count: Option<u64>| match self.change {
            Change::Added => count.map(|count| count + votes),
            Change::Taken => count.map(|count| count - votes),
            Change::MovedFrom(_) | Change::MovedTo(_) => count,
        };
        let base = self.original.base;
        self.changed.base.valid_votes = moved(base.valid_votes);
        self.changed.base.valid_and_against_all = moved(base.valid_and_against_all);
        self.changed.base.ballots_in_box = moved(base.ballots_in_box);
        self.changed.base.ballots_issued = moved(base.ballots_issued);
    }

    /// The list's certain seats after a change.
    fn at(&mut self, votes: u64) -> Result<u32, ContestError> {
        self.set(votes);
        let result = self.workspace.seats(&self.changed, self.rules, self.lots);
        match result {
            Ok(result) => Ok(result.seats[self.list]),
            // Votes with which nothing can be allocated, such as minimums beyond the house, change no seat.
            Err(_) if votes > 0 => Ok(self.seats_before),
            Err(error) => Err(error),
        }
    }

    /// The numbers of votes at which the competitors can change, from 1 on. Each list crosses the threshold (or loses its
    /// last vote, or wins its first) at most once, because its own votes and the base move steadily and a share is at most
    /// 1. Where a runner-up may be admitted, the order of the lists counts too.
    fn borders(&mut self) -> Result<Vec<u64>, ContestError> {
        let most = self.votes_max();
        let mut borders = vec![1, 2];
        for list in 0..self.original.lists.len() {
            let before = self.stands(list, 0)?;
            let crossed =
                first_where_fallible(0, most, |votes| Ok(self.stands(list, votes)? != before))?;
            borders.extend(crossed);
            if self.rules.rescue.is_some() {
                for moving in [Some(self.list), self.other()].into_iter().flatten() {
                    let difference = self.original.lists[list]
                        .votes
                        .abs_diff(self.original.lists[moving].votes);
                    let halves = [difference / 2, difference / 2 + 1];
                    borders.extend(
                        [difference, difference.saturating_add(1)]
                            .into_iter()
                            .chain(halves),
                    );
                }
            }
        }
        borders.retain(|&votes| (1..=most).contains(&votes));
        borders.sort_unstable();
        borders.dedup();
        Ok(borders)
    }

    fn other(&self) -> Option<usize> {
        match self.change {
            Change::MovedFrom(other) | Change::MovedTo(other) => Some(other),
            Change::Added | Change::Taken => None,
        }
    }

    /// Whether a list takes part by itself.
    fn stands(&mut self, list: usize, votes: u64) -> Result<bool, ContestError> {
        self.set(votes);
        let entry = &self.changed.lists[list];
        let Some(threshold) = self.rules.threshold.as_ref().filter(|_| !entry.exempt) else {
            return Ok(entry.votes > 0);
        };
        let base = threshold.base_of(&self.changed)?;
        Ok(entry.votes > 0 && threshold.passes(entry.votes, entry.coalition_size, base))
    }
}
