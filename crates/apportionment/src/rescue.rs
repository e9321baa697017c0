//! The rescue of a contest in which a single list passes: the runner-up is let in, at a price.
//!
//! Kazakhstan's rule, with each step as a parameter: the quota is that of both lists' votes; the runner-up's quotient is
//! multiplied by 7/10; it gets at least two seats. As keys: the runner-up's weight is 7/10 of its votes, its floor is held
//! before the stage begins, and "largest remainders, in as many rounds as it takes" is what the keys say anyway.

use crate::allocation::{Eligibility, Silence};
use crate::contest::{Contest, Lot, StageAt};
use crate::fill::{Runner, runner_of};
use crate::keys::Keys;
use crate::rules::{Parameter, Rescue, RescueRest, Rules, Source};
use crate::tie::{Tied, settle};
use crate::workspace::{Chain, Place, Workspace};

impl Workspace {
    /// Distributes the seats between the list that passed and the runner-up; `false` where there is nobody to admit.
    pub(crate) fn rescue(&mut self, contest: &Contest, rules: &Rules, lots: &[Lot]) -> bool {
        let Some(rescue) = &rules.rescue else {
            return false;
        };
        let leader = self
            .eligibility
            .iter()
            .position(|eligibility| eligibility.takes_part());
        let below = |index: &usize| self.eligibility[*index] == Eligibility::BelowThreshold;
        let second = (0..contest.lists.len())
            .filter(below)
            .map(|index| contest.lists[index].votes)
            .max();
        let (Some(leader), Some(votes)) = (leader, second) else {
            return false;
        };
        self.unverified(&rescue.admit_runner_up, Silence::RunnerUpAdmission);
        if !rescue.admit_runner_up.value {
            return false;
        }
        let below = |index: &usize| self.eligibility[*index] == Eligibility::BelowThreshold;
        let second = |index: &usize| below(index) && contest.lists[*index].votes == votes;
        let mut runners_up = (0..contest.lists.len()).filter(second);
        if let (Some(runner_up), None) = (runners_up.next(), runners_up.next()) {
            self.eligibility[runner_up] = Eligibility::RescueAdmitted;
            self.rescue_with(contest, rules, rescue, lots, (leader, runner_up), true);
            return true;
        }
        let tied = (0..contest.lists.len()).filter(second).map(|list| Tied {
            list,
            weight: u128::from(votes),
            registration: contest.lists[list].registration,
        });
        let tied = tied.collect();
        self.silences.push(Silence::RunnerUpTie);
        let tie = settle(StageAt::Rescue, None, tied, 1, &rules.ties, lots);
        let winner = tie
            .settled
            .iter()
            .find_map(|settlement| settlement.winners.first().copied());
        if let Some(runner_up) = winner {
            self.eligibility[runner_up] = Eligibility::RescueAdmitted;
            self.rescue_with(contest, rules, rescue, lots, (leader, runner_up), true);
        } else {
            // What is certain is what every outcome of the tie has in common.
            for (index, &runner_up) in tie.open.iter().enumerate() {
                self.rescue_with(
                    contest,
                    rules,
                    rescue,
                    lots,
                    (leader, runner_up),
                    index == 0,
                );
            }
            for &runner_up in &tie.open {
                self.seats[runner_up] = 0;
            }
            // Where no runner-up gets a seat, it does not matter which of them is admitted.
            let open = self.pending(contest.seats) > 0;
            for list in tie.open.iter().copied().chain([leader]) {
                self.tied[list] = open;
            }
        }
        if let Some(record) = &mut self.record {
            record.rescue_tie = Some(tie);
        }
        true
    }

    /// One outcome: writes the seats of the first one down, and of any further one what it has in common with them.
    fn rescue_with(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        rescue: &Rescue,
        lots: &[Lot],
        (leader, runner_up): (usize, usize),
        first: bool,
    ) {
        let scale = rescue.factor.value.denominator;
        let mut runners =
            [leader, runner_up].map(|index| runner_of(index, &contest.lists[index], rules));
        let votes = runners[0].votes + runners[1].votes;
        let multipliers = [scale, rescue.factor.value.numerator];
        for (runner, multiplier) in runners.iter_mut().zip(multipliers) {
            runner.weight = runner.votes * u128::from(multiplier);
        }
        let keys = Keys::of(rules.stages[0].method, votes, contest.seats, scale);
        let whole =
            runners.map(|runner| keys.whole_quotas(keys.level(runner.weight, u128::from(scale))));
        self.apply_parameters(rescue, &mut runners, whole, contest.seats);

        let chain = Chain {
            rules,
            lots,
            stages: &rules.stages,
            place: Place::House,
            house: contest.seats,
            scale,
            quota_of: None,
            majority_of: None,
        };
        let mut unassigned = self.run_chain(&chain, &mut runners);
        for runner in &runners {
            if runner.seats >= runner.candidates {
                self.silences.push(Silence::ShortList);
            }
            let certain = runner.seats.min(runner.candidates);
            unassigned += runner.seats - certain;
            let seats = &mut self.seats[runner.list];
            *seats = if first || runner.list == runner_up {
                certain
            } else {
                certain.min(*seats)
            };
            self.tied[runner.list] |= runner.tied;
        }
        self.unassigned = if first {
            unassigned
        } else {
            unassigned.min(self.unassigned)
        };
    }

    /// Sets what the two lists hold beforehand and may hold at most, and notes every unverified parameter that mattered.
    fn apply_parameters(
        &mut self,
        rescue: &Rescue,
        runners: &mut [Runner; 2],
        whole: [u32; 2],
        house: u32,
    ) {
        let [leader, runner_up] = runners;
        let floor = rescue.floor.value.min(house);
        let held = if rescue.floor_first.value {
            floor
        } else {
            floor.min(house.saturating_sub(whole[0]))
        };
        runner_up.held = held.min(runner_up.candidates).min(runner_up.room);

        self.unverified(&rescue.factor, Silence::RunnerUpFactor);
        if whole[1] < floor {
            self.unverified(&rescue.floor, Silence::RunnerUpFloor);
        }
        if u64::from(whole[0]) + u64::from(floor) > u64::from(house) {
            self.unverified(&rescue.floor_first, Silence::FloorBeforeQuotas);
        }
        if runner_up.candidates < rescue.floor.value {
            self.silences.push(Silence::ShortList);
        }
        let base = [whole[0], whole[1].max(runner_up.held)];
        let taken = u64::from(base[0]) + u64::from(base[1]);
        let left = u64::from(house).saturating_sub(taken);
        if left > 0 {
            self.unverified(&rescue.rest, Silence::SeatsAfterQuotas);
        }
        if left > 2 && rescue.rest.value == RescueRest::MultipliedRemainders {
            self.unverified(&rescue.further_rounds, Silence::FurtherRounds);
        }
        let extra = match (rescue.rest.value, rescue.further_rounds.value) {
            (RescueRest::StaysEmpty, _) => 0,
            (RescueRest::MultipliedRemainders, false) => 1,
            (RescueRest::MultipliedRemainders, true) => u32::MAX,
        };
        leader.room = leader.room.min(base[0].saturating_add(extra));
        runner_up.room = runner_up.room.min(base[1].saturating_add(extra));
    }

    fn unverified<T>(&mut self, parameter: &Parameter<T>, silence: Silence) {
        if parameter.source == Source::Unverified {
            self.silences.push(silence);
        }
    }
}
