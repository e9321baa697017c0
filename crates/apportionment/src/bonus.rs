//! Seats for one list beyond what its votes give it: who gets them, how many, and the rest of the house.

use crate::allocation::BonusAward;
use crate::contest::{Contest, Lot, StageAt};
use crate::fill::Runner;
use crate::limits::{check_kept, check_minimums, wide};
use crate::method::Rounding;
use crate::rules::{Bonus, BonusCounting, BonusSeats, BonusTo, Fraction, Rules};
use crate::tie::{Tied, settle};
use crate::workspace::{Workspace, refill};
use crate::{ContestError, Tie};

/// What one list gets in one outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Favour {
    pub list: usize,
    pub seats: u32,
    pub counting: BonusCounting,
}

impl Favour {
    /// Gives the list what it holds before the chain begins; returns the seats set aside for it.
    pub(crate) fn apply(self, runners: &mut [Runner]) -> u32 {
        let Some(runner) = runners.iter_mut().find(|one| one.list == self.list) else {
            return 0;
        };
        match self.counting {
            BonusCounting::Beside => {
                let aside = self.seats.min(runner.room);
                runner.room -= aside;
                runner.held = runner.held.min(runner.room);
                aside
            }
            BonusCounting::Least => {
                let least = self.seats.min(runner.candidates).min(runner.room);
                runner.held = runner.held.max(least);
                0
            }
        }
    }
}

impl Workspace {
    /// Distributes the seats where rules have a bonus. With an open tie for it, what is certain is what all its outcomes
    /// have in common.
    pub(crate) fn distribute_with_bonus(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
        bonus: &Bonus,
    ) -> Result<(), ContestError> {
        let seats = bonus.seats.of(contest.seats);
        // A bonus of no seats is nobody's: who would get it is no question.
        let first = match seats {
            0 => Vec::new(),
            _ => self.favoured(contest, bonus),
        };
        let tie = (first.len() > 1).then(|| {
            let tied = first.iter().map(|&list| Tied {
                list,
                weight: u128::from(contest.lists[list].votes),
                registration: contest.lists[list].registration,
            });
            settle(StageAt::Bonus, None, tied.collect(), 1, &rules.ties, lots)
        });
        let outcomes = outcomes(&first, tie.as_ref());
        check_kept(
            "contest.lists, times those with equal votes for rules.bonus",
            wide(outcomes.len()) * wide(contest.lists.len()),
        )?;
        if let ([_, ..], Some(record)) = (first.as_slice(), &mut self.record) {
            record.bonus = Some(BonusAward {
                to: outcomes.clone(),
                seats,
                tie,
            });
        }
        let favours = outcomes.iter().map(|&list| {
            Some(Favour {
                list,
                seats,
                counting: bonus.counting,
            })
        });
        let favours: Vec<Option<Favour>> = favours.collect();
        let none = [None];
        let favours = if favours.is_empty() {
            &none[..]
        } else {
            &favours
        };
        let mut common: Option<(Vec<u32>, Vec<bool>, u32)> = None;
        for &favour in favours {
            refill(&mut self.seats, contest.lists.len(), 0);
            refill(&mut self.tied, contest.lists.len(), false);
            self.unassigned = 0;
            self.collect_runners(contest, rules);
            self.check_held(contest, favour)?;
            self.distribute(contest, rules, lots, favour);
            let (seats, tied, empty) = match common.take() {
                None => (self.seats.clone(), self.tied.clone(), self.unassigned),
                Some((mut seats, mut tied, empty)) => {
                    for list in 0..seats.len() {
                        tied[list] |= self.tied[list] || seats[list] != self.seats[list];
                        seats[list] = seats[list].min(self.seats[list]);
                    }
                    (seats, tied, empty.min(self.unassigned))
                }
            };
            common = Some((seats, tied, empty));
        }
        if let Some((seats, tied, empty)) = common {
            (self.seats, self.tied, self.unassigned) = (seats, tied, empty);
        }
        Ok(())
    }

    /// Whether what is held beforehand fits into the house.
    fn check_held(&self, contest: &Contest, favour: Option<Favour>) -> Result<(), ContestError> {
        let mut runners = self.runners().to_vec();
        let aside = favour.map_or(0, |favour| favour.apply(&mut runners));
        let held = runners.iter().map(|runner| u64::from(runner.held));
        check_minimums(held.sum::<u64>() + u64::from(aside), contest.seats)
    }

    /// The lists that the bonus may go to: none, one, or several with equal votes.
    fn favoured(&self, contest: &Contest, bonus: &Bonus) -> Vec<usize> {
        let takes_part = |list: &usize| self.eligibility[*list].takes_part();
        let lists = || (0..contest.lists.len()).filter(takes_part);
        let votes = |list: usize| u128::from(contest.lists[list].votes);
        let most = lists().map(votes).max().unwrap_or(0);
        let passing: u128 = lists().map(votes).sum();
        let all = contest.list_votes();
        let has = |list: usize, share: Fraction| {
            let left = votes(list) * u128::from(share.denominator);
            left.cmp(&(all * u128::from(share.numerator)))
        };
        let chosen = |list: &usize| match bonus.to {
            BonusTo::MostVotes => votes(*list) == most,
            BonusTo::MoreThanHalf => 2 * votes(*list) > passing,
            BonusTo::Office => contest.lists[*list].won_office,
        };
        let enough = |list: &usize| {
            bonus
                .votes_min
                .is_none_or(|share| has(*list, share).is_ge())
                && bonus.others_max.is_none_or(|share| {
                    (0..contest.lists.len())
                        .all(|other| other == *list || has(other, share).is_le())
                })
        };
        lists().filter(chosen).filter(enough).collect()
    }
}

/// Who may get the bonus, after what settled their tie.
fn outcomes(first: &[usize], tie: Option<&Tie>) -> Vec<usize> {
    let Some(tie) = tie else {
        return first.to_vec();
    };
    let winners = tie.settled.iter().flat_map(|one| one.winners.iter());
    winners.chain(&tie.open).copied().collect()
}

impl BonusSeats {
    /// Seats of the bonus in a house; no more than it has.
    #[must_use]
    pub fn of(self, house: u32) -> u32 {
        match self {
            Self::Fixed(seats) => seats.min(house),
            Self::MoreThanHalf => house / 2 + 1,
            Self::Share { share, rounding } => {
                let (above, below) = (
                    u64::from(share.numerator) * u64::from(house),
                    u64::from(share.denominator),
                );
                let seats = match rounding {
                    Rounding::Exact | Rounding::Down => above / below,
                    Rounding::DownPlusOne => above / below + 1,
                    Rounding::Up => above.div_ceil(below),
                    Rounding::Nearest => (2 * above + below) / (2 * below),
                };
                u32::try_from(seats).unwrap_or(u32::MAX).min(house)
            }
        }
    }
}
