//! The allocator: who takes part, the chain of stages, joined groups, rescue. One code path, with or without a record.

use crate::allocate::allocate;
use crate::allocation::{
    BonusAward, Eligibility, MajorityTransfer, Outcome, Pairing, Silence, StageResult, Tie,
};
use crate::bonus::Favour;
use crate::border::{Border, leave_empty, result_of, settle_border, settle_by_lot};
use crate::contest::{Contest, Lot, QuotaOf, StageAt};
use crate::error::ContestError;
use crate::fill::{Runner, Scratch, fill, runner_of};
use crate::immaterial::can_pass_over;
use crate::keys::Keys;
use crate::limits::{check_contest, check_minimums, check_office, check_quota_of};
use crate::method::{Method, Stage, StageSeats};
use crate::rules::{AboveMax, Apparentment, GroupMembers, Majority, Rules};
use crate::tie::OpenTie;

/// Buffers for computing seats again and again: with every report of a count, for example.
///
/// After a first contest of a given size, [`Workspace::seats`] allocates nothing on the heap unless keys are tied or lists
/// are joined.
#[derive(Debug, Default)]
pub struct Workspace {
    pub(crate) eligibility: Vec<Eligibility>,
    pub(crate) pairing: Vec<Pairing>,
    pub(crate) seats: Vec<u32>,
    pub(crate) tied: Vec<bool>,
    pub(crate) unassigned: u32,
    pub(crate) silences: Vec<Silence>,
    pub(crate) record: Option<Record>,
    /// The tie that stopped the last chain, if one did.
    pub(crate) open: Option<OpenTie>,
    groups: Vec<Group>,
    pub(crate) next_member: Vec<Option<usize>>,
    runners: Vec<Runner>,
    scratch: Scratch,
}

/// What only an explained allocation keeps.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub stages: Vec<StageResult>,
    pub rescue_tie: Option<Tie>,
    pub majority: Option<MajorityTransfer>,
    pub bonus: Option<BonusAward>,
    pub asked_in_rounds: Option<Vec<usize>>,
    /// The positions of stages whose ties a round of a cap left behind, because it began anew whatever they came to.
    pub abandoned: Vec<usize>,
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

/// Among which competitors a chain runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Groups and single lists.
    House,
    /// Single lists that a cap left in, in a later round.
    Round(usize),
    /// Subgroups and single lists of the group with this first list.
    Group(usize),
    /// Lists of the subgroup with this first list.
    Subgroup(usize),
}

impl Place {
    fn stage(self, stage: usize) -> StageAt {
        match self {
            Self::House => StageAt::Chain(stage),
            Self::Round(round) => StageAt::Round { round, stage },
            Self::Group(first) => StageAt::Group { first, stage },
            Self::Subgroup(first) => StageAt::Subgroup { first, stage },
        }
    }
}

/// What a chain of stages is run with.
pub(crate) struct Chain<'a> {
    pub rules: &'a Rules,
    pub lots: &'a [Lot],
    pub stages: &'a [Stage],
    /// Among which competitors it runs.
    pub place: Place,
    /// Seats of the house, or of the group.
    pub house: u32,
    /// Weights are votes times this.
    pub scale: u32,
    /// What quotas are computed of, where that is not the votes of the competitors over the house.
    pub quota_of: Option<QuotaOf>,
    /// The votes of all lists, where more than half of them get more than half of the seats.
    pub majority_of: Option<u128>,
}

impl Chain<'_> {
    /// The keys of a method among these runners.
    pub(crate) fn keys(&self, method: Method, runners: &[Runner]) -> Keys {
        let (votes, seats) = match self.quota_of {
            Some(QuotaOf { votes, seats }) => (u128::from(votes), seats),
            None => (runners.iter().map(|runner| runner.votes).sum(), self.house),
        };
        Keys::of(method, votes, seats, self.scale)
    }
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
        let mut outcome = self.run(contest, rules, lots)?;
        if outcome == Outcome::Tied && can_pass_over(rules) {
            outcome = self.passing_over(contest, rules, lots)?;
        }
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

    /// The same where a tie is open, without those on which nothing hangs.
    fn passing_over(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
    ) -> Result<Outcome, ContestError> {
        let found = allocate(contest, rules, lots)?;
        for (list, result) in found.lists.iter().enumerate() {
            (self.seats[list], self.tied[list]) = (result.seats, result.tied);
            self.eligibility[list] = result.eligibility;
        }
        self.unassigned = found.unassigned;
        self.silences = found.silences;
        Ok(found.outcome)
    }

    /// Whether its buffers are such as elections need, and may be kept for the next one.
    pub(crate) fn is_small(&self) -> bool {
        self.runners.capacity().max(self.next_member.capacity()) <= 1_024
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
        check_quota_of(contest, rules)?;
        check_office(contest, rules)?;
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
            let held = self.runners.iter().map(|runner| u64::from(runner.held));
            check_minimums(held.sum(), contest.seats)?;
            match (&rules.bonus, rules.above_max, rules.seats_max) {
                (Some(bonus), ..) => self.distribute_with_bonus(contest, rules, lots, bonus)?,
                (None, AboveMax::SharedAnew, Some(most)) => {
                    self.distribute_in_rounds(contest, rules, lots, most)?;
                }
                (None, ..) => self.distribute(contest, rules, lots, None),
            }
        }
        self.silences.sort_unstable();
        self.silences.dedup();
        Ok(if self.pending(contest.seats) > 0 {
            Outcome::Tied
        } else {
            Outcome::Settled
        })
    }

    /// Finds out which groups stand: those of at least two lists that take part by themselves, and of no others where the
    /// rules want all of them to.
    fn join_groups(&mut self, contest: &Contest, rules: &Rules) {
        self.groups.clear();
        let Some(Apparentment { members, .. }) = &rules.apparentment else {
            return;
        };
        let counts = |eligibility: Eligibility| {
            *members == GroupMembers::AllOrVoid || eligibility.takes_part()
        };
        self.groups.resize(contest.lists.len(), Group::default());
        let lists = || contest.lists.iter().zip(&self.eligibility);
        for (list, eligibility) in lists().filter(|(_, eligibility)| counts(**eligibility)) {
            if let Some(group) = list
                .group
                .and_then(|group| self.groups.get_mut(position(group)))
            {
                group.members += 1;
                group.void |= !eligibility.takes_part();
            }
        }
        for ((list, eligibility), pairing) in lists().zip(&mut self.pairing) {
            if !counts(*eligibility) {
                continue;
            }
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

    pub(crate) fn runners(&self) -> &[Runner] {
        &self.runners
    }

    /// One runner for each group that stands and for each other list that takes part.
    pub(crate) fn collect_runners(&mut self, contest: &Contest, rules: &Rules) {
        self.runners.clear();
        if rules.apparentment.is_some() {
            refill(&mut self.next_member, contest.lists.len(), None);
        }
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
                    // Its members are known to be two at least.
                    self.runners.push(runner);
                }
                Some(_) => {
                    self.runners[group.runner].join(&runner);
                    self.next_member[group.last] = Some(index);
                }
            }
            group.last = index;
        }
    }

    /// Runs the chain among runners, one of whom may be favoured, then inside each group.
    pub(crate) fn distribute(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
        favour: Option<Favour>,
    ) {
        let mut runners = std::mem::take(&mut self.runners);
        let aside = favour.map_or(0, |favour| favour.apply(&mut runners));
        let house = contest.seats - aside;
        let chain = Chain {
            rules,
            lots,
            stages: &rules.stages,
            place: Place::House,
            house,
            scale: 1,
            quota_of: contest.quota_of,
            majority_of: rules.majority.map(|majority| match majority {
                Majority::TakesLastSeat => contest.list_votes(),
            }),
        };
        self.unassigned += self.run_chain(&chain, &mut runners);
        self.give_majority(&chain, &mut runners);
        if let Some(runner) = favour.and_then(|favour| {
            let mut runners = runners.iter_mut();
            runners.find(|runner| runner.list == favour.list)
        }) {
            runner.seats += aside;
        }
        for runner in &runners {
            if self.pairing[runner.list] == Pairing::Stands {
                self.share_group(contest, rules, lots, runner);
            } else {
                self.give(runner);
            }
        }
        self.runners = runners;
    }

    /// Writes down a runner that is a list; what it has no candidates for stays empty.
    pub(crate) fn give(&mut self, runner: &Runner) {
        let certain = runner.seats.min(runner.candidates);
        self.unassigned += runner.seats - certain;
        self.seats[runner.list] = certain;
        self.tied[runner.list] = runner.tied && certain < runner.candidates;
    }

    /// Each stage hands its seats to the largest keys, on top of what is held; an open tie stops the chain, because what
    /// the later stages do depends on how it ends. Returns the seats that found no candidate.
    pub(crate) fn run_chain(&mut self, chain: &Chain<'_>, runners: &mut [Runner]) -> u32 {
        self.run_chain_from(chain, runners, 0)
    }

    /// The same from a stage on; what runners hold counts as given.
    pub(crate) fn run_chain_from(
        &mut self,
        chain: &Chain<'_>,
        runners: &mut [Runner],
        first: usize,
    ) -> u32 {
        self.open = None;
        let mut given = 0;
        for runner in runners.iter_mut() {
            runner.seats = runner.held;
            given += runner.held;
        }
        for (index, stage) in chain.stages.iter().enumerate().skip(first) {
            let remaining = chain.house.saturating_sub(given);
            if remaining == 0 {
                break;
            }
            let keys = chain.keys(stage.method, runners);
            let whole = prepare(stage, &keys, runners, u128::from(chain.scale));
            let offered = match stage.seats {
                StageSeats::Remaining => remaining,
                StageSeats::WholeQuotas => u32::try_from(whole).unwrap_or(u32::MAX).min(remaining),
                StageSeats::AtMost(most) => remaining.min(most),
            };
            if offered == 0 {
                continue;
            }
            if let Keys::Quota {
                rounded_to_zero: true,
                ..
            } = keys
            {
                self.silences.push(Silence::QuotaBelowOne);
            }
            let left_over = fill(&keys, runners, &mut self.scratch, given + offered);
            let at = chain.place.stage(index);
            let mut border = Border::of(&keys, runners);
            let mut tie = settle_border(&keys, runners, border, at, chain.rules);
            if let Some(tie) = &mut tie {
                let is_last = given + offered == chain.house;
                if is_last && !chain.may_move_a_seat(runners) {
                    leave_empty(tie, runners, chain.rules);
                }
                let is_void =
                    chain.may_make_void(stage, given + offered) && chain.makes_void(runners, tie);
                if !(is_void || tie.stays_empty) {
                    settle_by_lot(tie, runners, (chain.rules, chain.lots));
                }
            }
            let empty = tie.as_ref().filter(|tie| tie.stays_empty);
            let empty = empty.map_or(0, |tie| tie.open_seats);
            self.open = tie.as_ref().and_then(|tie| OpenTie::of(tie, index));
            if let Some(record) = &mut self.record {
                if tie.is_some() {
                    border = Border::of(&keys, runners);
                }
                let result = result_of(&keys, runners, border, chain.scale, (at, stage.method));
                record.stages.push(StageResult {
                    seats_after: given + offered,
                    left_over,
                    tie,
                    ..result
                });
            }
            // Only the clause of a majority asks for it.
            if chain.majority_of.is_some() && stage.seats != StageSeats::WholeQuotas {
                for runner in runners
                    .iter_mut()
                    .filter(|runner| runner.seats > runner.held)
                {
                    runner.last_won = Some(index);
                }
            }
            if self.open.is_some() {
                let waiting = remaining > offered;
                for runner in runners.iter_mut() {
                    runner.waiting = waiting;
                    runner.tied |= waiting;
                }
                return 0;
            }
            given += offered - left_over - empty;
            for runner in runners.iter_mut() {
                runner.held = runner.seats;
            }
            if empty > 0 {
                break;
            }
        }
        chain.house.saturating_sub(given)
    }
}

/// Sets the runners' levels and limits for a stage, and counts the whole quotas that it has for them.
fn prepare(stage: &Stage, keys: &Keys, runners: &mut [Runner], scale: u128) -> u64 {
    let mut whole = 0;
    for runner in runners {
        runner.level = keys.level(runner.weight, scale);
        runner.limit = runner.room;
        if let Some(most) = stage.each_max {
            runner.limit = runner.limit.min(runner.held.saturating_add(most));
        }
        if stage
            .bar
            .is_some_and(|bar| !keys.has_share_of_quota(runner.level, bar))
        {
            runner.limit = runner.held;
        }
        if let Some(least) = stage.key_min {
            let keys = keys.keys_from(runner.level, least);
            runner.limit = runner.limit.min(keys.max(runner.held));
        }
        if stage.seats == StageSeats::WholeQuotas {
            let quotas = keys.whole_quotas(runner.level).min(runner.limit);
            whole += u64::from(quotas.saturating_sub(runner.held));
        }
    }
    whole
}

/// Makes a buffer hold `count` copies; no allocation once it was that long.
pub(crate) fn refill<T: Copy>(buffer: &mut Vec<T>, count: usize, value: T) {
    buffer.clear();
    buffer.resize(count, value);
}

/// A group's number as a position in a buffer.
fn position(group: u32) -> usize {
    usize::try_from(group).unwrap_or(usize::MAX)
}
