//! A cap on the seats of a list whose excess the others share anew: lists above it leave with the most they may have, and
//! the rest of the house is a contest of its own, until nobody has more.

use crate::contest::{Contest, Lot};
use crate::error::ContestError;
use crate::fill::Runner;
use crate::limits::{check_kept, wide};
use crate::rules::Rules;
use crate::workspace::{Chain, Place, Workspace, runner_of};

impl Workspace {
    /// Distributes the seats in rounds. A tie that decides who leaves leaves all the seats of its round open, also where
    /// both ways would come to the same seats: what the later rounds give is not looked at before it is settled.
    ///
    /// # Errors
    /// Lists that leave one by one, and too many of them to keep every round.
    pub(crate) fn distribute_in_rounds(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
        most: u32,
    ) -> Result<(), ContestError> {
        let lists: Vec<usize> = self.runners().iter().map(|runner| runner.list).collect();
        let mut left = lists;
        let mut house = contest.seats;
        let mut kept = 0;
        for round in 0.. {
            if left.is_empty() || house == 0 {
                self.unassigned += house;
                return Ok(());
            }
            kept += wide(left.len());
            check_kept("contest.lists, in all rounds of rules.seats_max", kept)?;
            let runner = |&list: &usize| runner_of(list, &contest.lists[list], rules);
            let mut runners: Vec<Runner> = left.iter().map(runner).collect();
            let chain = Chain {
                rules,
                lots,
                stages: &rules.stages,
                place: if round == 0 {
                    Place::House
                } else {
                    Place::Round(round)
                },
                house,
                scale: 1,
                quota_of: None,
            };
            let empty = self.run_chain(&chain, &mut runners);
            let leaves = |runner: &Runner| runner.seats > most;
            let may_leave =
                |runner: &Runner| runner.tied && (runner.waiting || runner.seats == most);
            if runners.iter().any(|one| !leaves(one) && may_leave(one)) {
                for runner in &runners {
                    let certain = if leaves(runner) { most } else { 0 };
                    self.seats[runner.list] = certain.min(runner.candidates);
                    self.tied[runner.list] = !leaves(runner);
                }
                return Ok(());
            }
            if !runners.iter().any(leaves) {
                self.unassigned += empty;
                for runner in &runners {
                    self.give(runner);
                }
                return Ok(());
            }
            for runner in runners.iter().filter(|runner| leaves(runner)) {
                let certain = most.min(runner.candidates);
                self.seats[runner.list] = certain;
                self.unassigned += most - certain;
                house -= most;
            }
            left = runners
                .iter()
                .filter(|runner| !leaves(runner))
                .map(|runner| runner.list)
                .collect();
        }
        Ok(())
    }
}
