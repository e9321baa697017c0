//! A cap on the seats of a list whose excess the others share anew: lists above it leave with the most they may have, and
//! the rest of the house is a contest of its own, until nobody has more.
//!
//! A tie can say who leaves. Then each way to settle it is followed to its end, as long as they are few, and what all of
//! them come to stands. Where they come to the same in everything, the tie decides nothing and no lot is asked for.

use crate::contest::{Contest, Lot, StageAt};
use crate::error::ContestError;
use crate::fill::{Runner, runner_of};
use crate::limits::{OUTCOME_ENTRIES_MAX, OUTCOMES_MAX, check_kept, wide};
use crate::rules::{Rules, TieBreak};
use crate::tie::OpenTie;
use crate::workspace::{Chain, Place, Workspace};

/// What the rounds of one contest have in common.
struct Rounds<'a> {
    contest: &'a Contest,
    rules: &'a Rules,
    lots: &'a [Lot],
    /// Most seats of a list.
    most: u32,
    /// Entries of lists in all rounds so far.
    kept: u128,
}

/// Where a round stands: its number, the seats it has for those that are left, the stage that comes next, and among how many
/// outcomes of earlier ties this is one.
#[derive(Clone, Copy)]
struct At {
    round: usize,
    house: u32,
    stage: usize,
    outcomes: usize,
}

/// What rounds come to.
#[derive(Clone)]
struct End {
    seats: Vec<u32>,
    tied: Vec<bool>,
    unassigned: u32,
    /// The ties that wait for a lot.
    asked: Vec<Asked>,
}

/// A tie that waits for a lot, and where its stage was recorded first.
#[derive(Clone)]
struct Asked {
    tie: (StageAt, Vec<usize>, u32),
    position: usize,
}

impl End {
    fn is_same(&self, other: &Self) -> bool {
        let ties = self.asked.iter().map(|one| &one.tie);
        self.seats == other.seats
            && self.tied == other.tied
            && self.unassigned == other.unassigned
            && ties.eq(other.asked.iter().map(|one| &one.tie))
    }

    /// What this outcome and another one have in common.
    fn and(mut self, other: &Self) -> Self {
        for list in 0..self.seats.len() {
            self.tied[list] |= other.tied[list] || self.seats[list] != other.seats[list];
            self.seats[list] = self.seats[list].min(other.seats[list]);
        }
        self.unassigned = self.unassigned.min(other.unassigned);
        self
    }

    /// Writes down a runner; what it has no candidates for stays empty.
    fn give(&mut self, runner: &Runner) {
        let certain = runner.seats.min(runner.candidates);
        self.unassigned += runner.seats - certain;
        self.seats[runner.list] = certain;
        self.tied[runner.list] = runner.tied && certain < runner.candidates;
    }
}

impl Workspace {
    /// Distributes the seats in rounds.
    ///
    /// # Errors
    /// Lists that leave one by one, or ties whose outcomes do, and too many of them to keep every round.
    pub(crate) fn distribute_in_rounds(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
        most: u32,
    ) -> Result<(), ContestError> {
        let mut rounds = Rounds {
            contest,
            rules,
            lots,
            most,
            kept: 0,
        };
        let runners = self.runners().to_vec();
        let start = End {
            seats: self.seats.clone(),
            tied: self.tied.clone(),
            unassigned: 0,
            asked: Vec::new(),
        };
        let at = At {
            round: 0,
            house: contest.seats,
            stage: 0,
            outcomes: 1,
        };
        let end = self.rounds(&mut rounds, at, runners, start)?;
        (self.seats, self.tied, self.unassigned) = (end.seats, end.tied, end.unassigned);
        if let Some(record) = &mut self.record {
            record.asked_in_rounds = Some(end.asked.iter().map(|one| one.position).collect());
        }
        Ok(())
    }

    /// Plays a round from a stage on, and all that follow it.
    fn rounds(
        &mut self,
        rounds: &mut Rounds<'_>,
        mut at: At,
        mut runners: Vec<Runner>,
        mut end: End,
    ) -> Result<End, ContestError> {
        loop {
            if runners.is_empty() || at.house == 0 {
                end.unassigned += at.house;
                return Ok(end);
            }
            rounds.kept += wide(runners.len());
            check_kept(
                "contest.lists, in all rounds of rules.seats_max",
                rounds.kept,
            )?;
            let chain = Chain {
                rules: rounds.rules,
                lots: rounds.lots,
                stages: &rounds.rules.stages,
                place: match at.round {
                    0 => Place::House,
                    round => Place::Round(round),
                },
                house: at.house,
                scale: 1,
                quota_of: None,
                majority_of: None,
            };
            let recorded = self.recorded();
            let empty = self.run_chain_from(&chain, &mut runners, at.stage);
            let open = self.open.take();
            let leaves = |runner: &Runner| runner.seats > rounds.most;
            let may_leave =
                |runner: &Runner| runner.tied && (runner.waiting || runner.seats == rounds.most);
            if let Some(open) = &open
                && runners.iter().any(|one| !leaves(one) && may_leave(one))
            {
                return self.outcomes(rounds, at, &runners, end, open);
            }
            if !runners.iter().any(leaves) {
                end.unassigned += empty;
                runners.iter().for_each(|runner| end.give(runner));
                end.asked = open.map(|open| self.asked(&open)).into_iter().collect();
                return Ok(end);
            }
            if self.recorded() > recorded {
                self.leave_behind(&runners, rounds.most);
            }
            for runner in runners.iter().filter(|runner| leaves(runner)) {
                let certain = rounds.most.min(runner.candidates);
                end.seats[runner.list] = certain;
                end.unassigned += rounds.most - certain;
                at.house -= rounds.most;
            }
            let (lists, rules) = (&rounds.contest.lists, rounds.rules);
            let left = runners.iter().filter(|runner| !leaves(runner));
            runners = left
                .map(|runner| runner_of(runner.list, &lists[runner.list], rules))
                .collect();
            at.round += 1;
            at.stage = 0;
        }
    }

    /// Notes the tie of the stage that was recorded last, where the round begins anew whatever it came to: it was open and
    /// says nobody leaves, or a lot was drawn for it among lists of which none can have left by it.
    fn leave_behind(&mut self, runners: &[Runner], most: u32) {
        let Some(record) = &mut self.record else {
            return;
        };
        let last = record.stages.len().saturating_sub(1);
        let Some(tie) = record.stages.last().and_then(|stage| stage.tie.as_ref()) else {
            return;
        };
        let drawn = tie.settled.iter().find(|one| one.by == TieBreak::Lot);
        let before = |runner: &Runner| {
            let won = drawn.is_some_and(|drawn| drawn.winners.contains(&runner.list));
            runner.seats - u32::from(won)
        };
        let drew = |runner: &Runner| {
            drawn.is_some_and(|drawn| {
                drawn.winners.contains(&runner.list) || drawn.losers.contains(&runner.list)
            })
        };
        let decides = |runner: &Runner| drew(runner) && before(runner) == most;
        if tie.open_seats > 0 || drawn.is_some() && !runners.iter().any(decides) {
            record.abandoned.push(last);
        }
    }

    /// A tie says who leaves: what is common to each way to settle it. Too many ways leave the round open.
    fn outcomes(
        &mut self,
        rounds: &mut Rounds<'_>,
        at: At,
        runners: &[Runner],
        mut end: End,
        open: &OpenTie,
    ) -> Result<End, ContestError> {
        let asked = self.asked(open);
        let number = subsets(open.lists.len(), open.seats).saturating_mul(at.outcomes);
        if number > OUTCOMES_MAX || number * runners.len() > OUTCOME_ENTRIES_MAX {
            for runner in runners {
                let leaves = runner.seats > rounds.most;
                let certain = if leaves { rounds.most } else { 0 };
                end.seats[runner.list] = certain.min(runner.candidates);
                end.tied[runner.list] = !leaves;
            }
            end.asked = vec![asked];
            return Ok(end);
        }
        let at = At {
            stage: open.stage + 1,
            outcomes: number,
            ..at
        };
        let mut common: Option<End> = None;
        let mut is_same = true;
        for winners in choices(&open.lists, open.seats) {
            let mut runners = runners.to_vec();
            for runner in &mut runners {
                runner.seats += u32::from(winners.contains(&runner.list));
                runner.held = runner.seats;
                (runner.tied, runner.waiting) = (false, false);
            }
            let outcome = self.rounds(rounds, at, runners, end.clone())?;
            common = Some(match common {
                None => outcome,
                Some(before) => {
                    is_same &= before.is_same(&outcome);
                    before.and(&outcome)
                }
            });
        }
        let mut common = common.expect("a tie has at least two outcomes");
        if !is_same {
            common.asked = vec![asked];
        }
        Ok(common)
    }

    /// The open tie of the stage that was recorded last.
    fn asked(&self, open: &OpenTie) -> Asked {
        Asked {
            tie: (open.at, open.lists.clone(), open.seats),
            position: self.recorded().saturating_sub(1),
        }
    }

    /// How many stages are recorded.
    fn recorded(&self) -> usize {
        self.record.as_ref().map_or(0, |record| record.stages.len())
    }
}

/// In how many ways so many of these can win; no more than can be counted.
fn subsets(lists: usize, seats: u32) -> usize {
    let seats = usize::try_from(seats).unwrap_or(usize::MAX).min(lists);
    // Of n over k, each step is a whole number: a product of so many neighbours is divisible by their count's factorial.
    (0..seats.min(lists - seats)).fold(1, |ways: usize, step| {
        ways.saturating_mul(lists - step) / (step + 1)
    })
}

/// Each choice of so many of these lists, which are in their order.
fn choices(lists: &[usize], seats: u32) -> Vec<Vec<usize>> {
    if seats == 0 {
        return vec![Vec::new()];
    }
    let enough = u128::from(seats) <= wide(lists.len());
    let Some((&first, rest)) = lists.split_first().filter(|_| enough) else {
        return Vec::new();
    };
    let mut found = choices(rest, seats - 1);
    found.iter_mut().for_each(|others| others.insert(0, first));
    found.extend(choices(rest, seats));
    found
}
