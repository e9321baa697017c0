//! The allocator: who takes part, the chain of stages, joined groups, rescue. One code path, with or without a record.

use crate::allocation::{Eligibility, Outcome, Pairing, Silence, StageResult, Tie};
use crate::border::{result_of, settle_border};
use crate::contest::{Contest, List, Lot, StageAt};
use crate::error::ContestError;
use crate::fill::{Runner, fill};
use crate::keys::Keys;
use crate::limits::check_contest;
use crate::method::{Stage, StageSeats};
use crate::rules::{ExhaustedList, Rules};

/// Buffers for computing seats again and again: with every report of a count, for example.
///
/// After a first contest of a given size, [`Workspace::seats`] allocates nothing on the heap unless keys are tied.
#[derive(Debug, Default)]
pub struct Workspace {
    pub(crate) eligibility: Vec<Eligibility>,
    pub(crate) pairing: Vec<Pairing>,
    pub(crate) seats: Vec<u32>,
    pub(crate) tied: Vec<bool>,
    pub(crate) unassigned: u32,
    pub(crate) silences: Vec<Silence>,
    pub(crate) record: Option<Record>,
    groups: Vec<Group>,
    next_member: Vec<Option<usize>>,
    runners: Vec<Runner>,
    members: Vec<Runner>,
    heap: Vec<usize>,
}

/// What only an explained allocation keeps.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub stages: Vec<StageResult>,
    pub rescue_tie: Option<Tie>,
}

/// Seats without steps: what a live count shows after every report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats<'a> {
    /// The state of the result.
    pub outcome: Outcome,
    /// Seats that each list holds for certain.
    pub seats: &'a [u32],
    /// Whether an open tie can give the list more.
    pub tied: &'a [bool],
    /// Why each list takes part, or why not.
    pub eligibility: &'a [Eligibility],
    /// Seats that hang on open ties.
    pub pending: u32,
    /// Seats that nobody gets.
    pub unassigned: u32,
    /// Questions that this result had to answer and the law does not.
    pub silences: &'a [Silence],
}

/// A group of joined lists while it is put together.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    members: u32,
    void: bool,
    first: Option<usize>,
    last: usize,
    runner: usize,
}

/// What a chain of stages is run with.
pub(crate) struct Chain<'a> {
    pub rules: &'a Rules,
    pub lots: &'a [Lot],
    pub stages: &'a [Stage],
    /// The first list of the group inside which the chain runs.
    pub group: Option<usize>,
    /// Seats of the house, or of the group.
    pub house: u32,
    /// Weights are votes times this.
    pub scale: u32,
}

impl Workspace {
    /// The seats of a contest, without steps.
    ///
    /// # Errors
    /// Limits broken, rules that mean nothing, or a count that the threshold needs and that is missing.
    pub fn seats(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
    ) -> Result<Seats<'_>, ContestError> {
        self.record = None;
        let outcome = self.run(contest, rules, lots)?;
        Ok(Seats {
            outcome,
            seats: &self.seats,
            tied: &self.tied,
            eligibility: &self.eligibility,
            pending: self.pending(contest.seats),
            unassigned: self.unassigned,
            silences: &self.silences,
        })
    }

    /// A workspace that keeps what led to the seats, for one contest.
    pub(crate) fn recording() -> Self {
        Self {
            record: Some(Record::default()),
            ..Self::default()
        }
    }

    /// Seats of the house that are neither certain for a list nor certain to stay empty.
    pub(crate) fn pending(&self, house: u32) -> u32 {
        // The seats given are part of the house, so their sum is a u32 as well.
        let given: u32 = self.seats.iter().sum();
        house - given - self.unassigned
    }

    pub(crate) fn run(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
    ) -> Result<Outcome, ContestError> {
        check_contest(contest)?;
        rules.check()?;
        let count = contest.lists.len();
        self.silences.clear();
        self.unassigned = 0;
        refill(&mut self.seats, count, 0);
        refill(&mut self.tied, count, false);
        refill(&mut self.pairing, count, Pairing::None);
        let passing = self.decide_eligibility(contest, rules)?;
        self.join_groups(contest, rules);
        if passing == 0 {
            self.unassigned = contest.seats;
            if self
                .eligibility
                .iter()
                .all(|&eligibility| eligibility == Eligibility::NoVotes)
            {
                return Ok(Outcome::NoneYet);
            }
            self.silences.push(Silence::NobodyPassed);
            return Ok(Outcome::NobodyPassed);
        }
        if !(passing == 1 && self.rescue(contest, rules, lots)) {
            self.collect_runners(contest, rules);
            self.distribute(contest, rules, lots);
        }
        self.silences.sort_unstable();
        self.silences.dedup();
        Ok(if self.pending(contest.seats) > 0 {
            Outcome::Tied
        } else {
            Outcome::Settled
        })
    }

    /// Fills in who takes part by itself, and returns how many do.
    fn decide_eligibility(
        &mut self,
        contest: &Contest,
        rules: &Rules,
    ) -> Result<usize, ContestError> {
        let base = rules
            .threshold
            .as_ref()
            .map(|threshold| threshold.base_of(contest))
            .transpose()?;
        let decide = |list: &List| match (&rules.threshold, base) {
            _ if list.votes == 0 => Eligibility::NoVotes,
            _ if list.exempt => Eligibility::Exempt,
            (Some(threshold), Some(base))
                if !threshold.passes(list.votes, list.coalition_size, base) =>
            {
                Eligibility::BelowThreshold
            }
            _ => Eligibility::Passed,
        };
        self.eligibility.clear();
        self.eligibility.extend(contest.lists.iter().map(decide));
        Ok(self
            .eligibility
            .iter()
            .filter(|eligibility| eligibility.takes_part())
            .count())
    }

    /// Finds out which groups stand: those of at least two lists that all take part by themselves.
    fn join_groups(&mut self, contest: &Contest, rules: &Rules) {
        self.groups.clear();
        if rules.apparentment.is_none() {
            return;
        }
        self.groups.resize(contest.lists.len(), Group::default());
        for (list, eligibility) in contest.lists.iter().zip(&self.eligibility) {
            if let Some(group) = list
                .group
                .and_then(|group| self.groups.get_mut(position(group)))
            {
                group.members += 1;
                group.void |= !eligibility.takes_part();
            }
        }
        for (list, pairing) in contest.lists.iter().zip(&mut self.pairing) {
            *pairing = match list
                .group
                .and_then(|group| self.groups.get(position(group)))
            {
                Some(group) if group.members < 2 => Pairing::None,
                Some(group) if group.void => Pairing::Void,
                Some(_) => Pairing::Stands,
                None => Pairing::None,
            };
        }
    }

    /// One runner for each group that stands and for each other list that takes part.
    fn collect_runners(&mut self, contest: &Contest, rules: &Rules) {
        self.runners.clear();
        refill(&mut self.next_member, contest.lists.len(), None);
        for (index, list) in contest.lists.iter().enumerate() {
            if !self.eligibility[index].takes_part() {
                continue;
            }
            let runner = runner_of(index, list, rules);
            if self.pairing[index] != Pairing::Stands {
                self.runners.push(runner);
                continue;
            }
            let group = list
                .group
                .and_then(|group| self.groups.get_mut(position(group)));
            let group = group.expect("a list whose group stands has one");
            match group.first {
                None => {
                    (group.first, group.runner) = (Some(index), self.runners.len());
                    self.runners.push(Runner {
                        registration: None,
                        candidates: runner.limit,
                        ..runner
                    });
                }
                Some(_) => {
                    let joined = &mut self.runners[group.runner];
                    joined.votes += runner.votes;
                    joined.weight += runner.weight;
                    joined.limit = joined.limit.saturating_add(runner.limit);
                    // What stays empty shows only inside the group.
                    joined.candidates = joined.limit;
                    self.next_member[group.last] = Some(index);
                }
            }
            group.last = index;
        }
    }

    /// Runs the chain among runners, then inside each group.
    fn distribute(&mut self, contest: &Contest, rules: &Rules, lots: &[Lot]) {
        let house = contest.seats;
        let chain = Chain {
            rules,
            lots,
            stages: &rules.stages,
            group: None,
            house,
            scale: 1,
        };
        let mut runners = std::mem::take(&mut self.runners);
        self.unassigned += self.run_chain(&chain, &mut runners);
        for runner in &runners {
            if self.pairing[runner.list] != Pairing::Stands {
                self.give(runner);
            } else if runner.waiting {
                self.wait_inside(contest, runner);
            } else {
                self.distribute_inside(contest, rules, lots, runner);
            }
        }
        self.runners = runners;
    }

    /// Shares a group's seats among its lists. With an open tie of the group, a list's certain seats are the fewer of
    /// those it holds with and without the tied seat: largest remainders can take a seat away when the group gains one.
    fn distribute_inside(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
        group: &Runner,
    ) {
        let inside = rules
            .apparentment
            .as_ref()
            .and_then(|apparentment| apparentment.inside.as_ref());
        let stages = inside.unwrap_or(&rules.stages);
        let mut members = std::mem::take(&mut self.members);
        let mut unassigned = None;
        for house in group.seats..=group.seats + u32::from(group.tied) {
            members.clear();
            let mut next = Some(group.list);
            while let Some(index) = next {
                members.push(runner_of(index, &contest.lists[index], rules));
                next = self.next_member[index];
            }
            let chain = Chain {
                rules,
                lots,
                stages,
                group: Some(group.list),
                house,
                scale: 1,
            };
            let mut empty = self.run_chain(&chain, &mut members);
            for member in &members {
                let certain = member.seats.min(member.candidates);
                let seats = &mut self.seats[member.list];
                empty += member.seats - certain;
                *seats = if unassigned.is_none() {
                    certain
                } else {
                    certain.min(*seats)
                };
                self.tied[member.list] |= member.tied || group.tied;
            }
            unassigned = Some(unassigned.map_or(empty, |before: u32| before.min(empty)));
        }
        for member in &members {
            self.tied[member.list] &= self.seats[member.list] < member.candidates;
        }
        self.unassigned += unassigned.unwrap_or(0);
        self.members = members;
    }

    /// While later stages wait for a tie, a group's seats are open in more than one place: none of its lists is sure of any.
    fn wait_inside(&mut self, contest: &Contest, group: &Runner) {
        let mut next = Some(group.list);
        while let Some(index) = next {
            self.tied[index] = contest.lists[index].candidates != Some(0);
            next = self.next_member[index];
        }
    }

    /// Writes down a runner that is a list; what it has no candidates for stays empty.
    fn give(&mut self, runner: &Runner) {
        let certain = runner.seats.min(runner.candidates);
        self.unassigned += runner.seats - certain;
        self.seats[runner.list] = certain;
        self.tied[runner.list] = runner.tied && certain < runner.candidates;
    }

    /// Each stage hands its seats to the largest keys, on top of what is held; an open tie stops the chain, because what
    /// the later stages do depends on how it ends. Returns the seats that found no candidate.
    pub(crate) fn run_chain(&mut self, chain: &Chain<'_>, runners: &mut [Runner]) -> u32 {
        let votes = runners.iter().map(|runner| runner.votes).sum();
        let mut given: u32 = runners.iter().map(|runner| runner.held).sum();
        for runner in runners.iter_mut() {
            runner.seats = runner.held;
        }
        for (index, stage) in chain.stages.iter().enumerate() {
            let remaining = chain.house.saturating_sub(given);
            let offered = match stage.seats {
                StageSeats::Remaining => remaining,
                StageSeats::AtMost(most) => remaining.min(most),
            };
            if offered == 0 {
                continue;
            }
            let keys = Keys::of(stage.method, votes, chain.house, chain.scale);
            if let Keys::Quota {
                rounded_to_zero: true,
                ..
            } = keys
            {
                self.silences.push(Silence::QuotaBelowOne);
            }
            for runner in runners.iter_mut() {
                runner.level = keys.level(runner.weight, u128::from(chain.scale));
            }
            let left_over = fill(&keys, runners, &mut self.heap, given + offered);
            let at = match chain.group {
                Some(first) => StageAt::Group {
                    first,
                    stage: index,
                },
                None => StageAt::Chain(index),
            };
            let tie = settle_border(&keys, runners, at, chain.rules, chain.lots);
            let open = tie.as_ref().is_some_and(|tie| tie.open_seats > 0);
            if let Some(record) = &mut self.record {
                let result = result_of(&keys, runners, chain.scale, at, stage.method);
                record.stages.push(StageResult {
                    seats_after: given + offered,
                    left_over,
                    tie,
                    ..result
                });
            }
            if open {
                let waiting = remaining > offered;
                for runner in runners.iter_mut() {
                    runner.waiting = waiting;
                    runner.tied |= waiting;
                }
                return 0;
            }
            given += offered - left_over;
            for runner in runners.iter_mut() {
                runner.held = runner.seats;
            }
        }
        chain.house.saturating_sub(given)
    }
}

/// Makes a buffer hold `count` copies; no allocation once it was that long.
fn refill<T: Copy>(buffer: &mut Vec<T>, count: usize, value: T) {
    buffer.clear();
    buffer.resize(count, value);
}

/// A group's number as a position in a buffer.
fn position(group: u32) -> usize {
    usize::try_from(group).unwrap_or(usize::MAX)
}

pub(crate) fn runner_of(index: usize, list: &List, rules: &Rules) -> Runner {
    let candidates = list.candidates.unwrap_or(u32::MAX);
    let limit = match rules.exhausted {
        ExhaustedList::NextInLine => candidates,
        ExhaustedList::StaysEmpty => u32::MAX,
    };
    let (votes, registration) = (u128::from(list.votes), list.registration);
    Runner {
        list: index,
        votes,
        weight: votes,
        candidates,
        limit,
        registration,
        ..Runner::default()
    }
}
