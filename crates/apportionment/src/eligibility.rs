//! Who takes part: those who pass the threshold or need not, and those let in when too few do.

use crate::allocation::{Eligibility, Silence};
use crate::contest::{Contest, List};
use crate::error::ContestError;
use crate::rules::{Fraction, Rules, Widening};
use crate::threshold::{Base, Threshold};
use crate::workspace::Workspace;

impl Workspace {
    /// Fills in who takes part on equal terms, and returns how many do.
    pub(crate) fn decide_eligibility(
        &mut self,
        contest: &Contest,
        rules: &Rules,
    ) -> Result<usize, ContestError> {
        let threshold = rules.threshold.as_ref();
        let base = threshold
            .map(|threshold| threshold.base_of(contest))
            .transpose()?;
        let decide = |list: &List| match threshold.zip(base) {
            _ if list.votes == 0 => Eligibility::NoVotes,
            _ if list.exempt => Eligibility::Exempt,
            Some((threshold, base)) if !threshold.passes(list.votes, list.coalition_size, base) => {
                if threshold.waives(list) {
                    Eligibility::Waived
                } else {
                    Eligibility::BelowThreshold
                }
            }
            _ => Eligibility::Passed,
        };
        self.eligibility.clear();
        self.eligibility.extend(contest.lists.iter().map(decide));
        if let (Some(widening), Some(threshold), Some(base)) = (rules.widening, threshold, base) {
            match widening {
                Widening::AdmitUntil {
                    more_than,
                    lists_min,
                } => self.admit_until(contest, base, more_than, lists_min),
                Widening::LowerBy { step, lists_min } => {
                    self.lower(contest, threshold, base, step, lists_min);
                }
            }
        }
        Ok(self.taking_part())
    }

    fn taking_part(&self) -> usize {
        let taking_part = |eligibility: &&Eligibility| eligibility.takes_part();
        self.eligibility.iter().filter(taking_part).count()
    }

    fn lacks(&self, lists_min: u32) -> bool {
        usize::try_from(lists_min).is_ok_and(|least| self.taking_part() < least)
    }

    /// Lets the largest of the others in, equal ones together, until there are enough of them.
    fn admit_until(&mut self, contest: &Contest, base: Base, more_than: Fraction, lists_min: u32) {
        let mut outside: Vec<usize> = self.places(Eligibility::BelowThreshold);
        outside.sort_by_key(|&index| contest.lists[index].votes);
        let lists = contest.lists.iter().zip(&self.eligibility);
        let inside = lists.filter(|(_, eligibility)| eligibility.takes_part());
        let mut votes: u128 = inside.map(|(list, _)| u128::from(list.votes)).sum();
        let mut last = None;
        while let Some(index) = outside.pop() {
            let enough = votes * u128::from(more_than.denominator)
                > u128::from(more_than.numerator) * base.count;
            let equal = last == Some(contest.lists[index].votes);
            if enough && !self.lacks(lists_min) {
                if !equal {
                    return;
                }
                self.silences.push(Silence::RunnerUpTie);
            }
            last = Some(contest.lists[index].votes);
            votes += u128::from(contest.lists[index].votes);
            self.eligibility[index] = Eligibility::RescueAdmitted;
        }
    }

    /// Lowers the threshold step by step.
    fn lower(
        &mut self,
        contest: &Contest,
        threshold: &Threshold,
        base: Base,
        step: Fraction,
        lists_min: u32,
    ) {
        let outside = self.places(Eligibility::BelowThreshold);
        let mut lowered = Fraction::new(0, step.denominator);
        // A share is at most 1, so after as many steps as make 1 nothing is left of it.
        while self.lacks(lists_min) && lowered.numerator < lowered.denominator {
            lowered.numerator += step.numerator;
            for &index in &outside {
                let (votes, size) = (
                    contest.lists[index].votes,
                    contest.lists[index].coalition_size,
                );
                if threshold.passes_lowered(votes, size, base, lowered) {
                    self.eligibility[index] = Eligibility::RescueAdmitted;
                }
            }
        }
    }

    fn places(&self, wanted: Eligibility) -> Vec<usize> {
        let places = self.eligibility.iter().enumerate();
        let wanted = places.filter(|(_, eligibility)| **eligibility == wanted);
        wanted.map(|(index, _)| index).collect()
    }
}
