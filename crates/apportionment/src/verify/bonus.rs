//! Who should get a bonus, and what it does to the field of competitors.

use crate::allocation::{BonusAward, Eligibility};
use crate::contest::{Contest, Lot, StageAt};
use crate::error::ContestError;
use crate::limits::{check_kept, wide};
use crate::method::Rounding;
use crate::rules::{Bonus, BonusCounting, BonusSeats, BonusTo, Fraction, Rules};
use crate::verify::expected::{Competitor, Expected};
use crate::verify::refusal::Refusal;
use crate::verify::tie::settled_by_the_rules;

impl Expected {
    /// One field for each list that the bonus may go to.
    pub(super) fn favour(
        &mut self,
        contest: &Contest,
        rules: &Rules,
        lots: &[Lot],
        award: Option<&BonusAward>,
    ) -> Result<Option<Refusal>, ContestError> {
        let (Some(bonus), Some(field)) = (&rules.bonus, self.fields.first().cloned()) else {
            return Ok(award.map(|_| Refusal::Bonus));
        };
        let seats = seats_of(bonus.seats, contest.seats);
        let mut first = self.deserving(contest, bonus);
        first.retain(|_| seats > 0);
        let Some(award) = award else {
            let refusal = (!first.is_empty()).then_some(Refusal::Bonus);
            self.fields = first.first().map_or_else(
                || vec![field.clone()],
                |&list| vec![favoured(&field, list, seats, bonus)],
            );
            return Ok(refusal);
        };
        let facts = |list: usize| {
            let list = contest.lists.get(list);
            let votes = list.map_or(0, |list| u128::from(list.votes));
            (votes, list.and_then(|list| list.registration))
        };
        let stands = match (&award.tie, first.as_slice()) {
            (None, [only]) => award.to == [*only],
            (Some(tie), [_, _, ..]) => {
                let winners = tie.settled.iter().flat_map(|one| &one.winners);
                let reach: Vec<usize> = winners.chain(&tie.open).copied().collect();
                tie.at == StageAt::Bonus
                    && tie.key.is_none()
                    && tie.lists == first
                    && tie.seats_at_stake == 1
                    && award.to == reach
                    && settled_by_the_rules(tie, rules, lots, &facts)
            }
            _ => false,
        };
        if !stands || award.seats != seats {
            return Ok(Some(Refusal::Bonus));
        }
        check_kept(
            "contest.lists, times those with equal votes for rules.bonus",
            wide(award.to.len()) * wide(contest.lists.len()),
        )?;
        let outcome = |&list: &usize| favoured(&field, list, seats, bonus);
        self.fields = award.to.iter().map(outcome).collect();
        Ok(None)
    }

    /// The lists with a claim to the bonus, in their order.
    fn deserving(&self, contest: &Contest, bonus: &Bonus) -> Vec<usize> {
        let fails = |list: usize| {
            matches!(
                self.eligibility[list],
                Eligibility::BelowThreshold | Eligibility::NoVotes
            )
        };
        let votes = |list: usize| u128::from(contest.lists[list].votes);
        let all: u128 = (0..contest.lists.len()).map(votes).sum();
        let competing: u128 = (0..contest.lists.len())
            .filter(|&list| !fails(list))
            .map(votes)
            .sum();
        // Of all votes, how many a share stands for, over its denominator.
        let of_all = |share: Fraction| u128::from(share.numerator) * all;
        let over = |list: usize, share: Fraction| votes(list) * u128::from(share.denominator);
        let claims = |list: &usize| {
            let list = *list;
            let first = match bonus.to {
                BonusTo::Office => contest.lists[list].won_office,
                BonusTo::MoreThanHalf => votes(list) + votes(list) > competing,
                BonusTo::MostVotes => (0..contest.lists.len())
                    .filter(|&other| !fails(other))
                    .all(|other| votes(other) <= votes(list)),
            };
            let enough = bonus
                .votes_min
                .is_none_or(|share| over(list, share) >= of_all(share));
            let rivalled = bonus.others_max.is_some_and(|share| {
                let mut others = (0..contest.lists.len()).filter(|&other| other != list);
                others.any(|other| over(other, share) > of_all(share))
            });
            !fails(list) && first && enough && !rivalled
        };
        (0..contest.lists.len()).filter(claims).collect()
    }
}

fn favoured(field: &[Competitor], list: usize, seats: u32, bonus: &Bonus) -> Vec<Competitor> {
    let mut field = field.to_vec();
    for one in field.iter_mut().filter(|one| one.list == list) {
        match bonus.counting {
            BonusCounting::Beside => {
                one.aside = seats.min(one.limit);
                one.limit -= one.aside;
                one.before = one.before.min(one.limit);
            }
            BonusCounting::Least => {
                one.before = one.before.max(seats.min(one.limit).min(one.candidates));
            }
        }
    }
    field
}

/// Seats of a bonus: the largest (or smallest) whole number that the rounding allows, at most the house.
fn seats_of(seats: BonusSeats, house: u32) -> u32 {
    match seats {
        BonusSeats::Fixed(seats) => seats.min(house),
        BonusSeats::MoreThanHalf => (0..=house)
            .find(|&some| some > house - some)
            .unwrap_or(house),
        BonusSeats::Share { share, rounding } => {
            let part = u128::from(share.numerator) * u128::from(house);
            let one = u128::from(share.denominator);
            let fits = |some: &u32| {
                let whole = u128::from(*some) * one;
                match rounding {
                    Rounding::Exact | Rounding::Down => whole + one > part,
                    Rounding::DownPlusOne => whole > part,
                    Rounding::Up => whole >= part,
                    Rounding::Nearest => 2 * whole + one > 2 * part,
                }
            };
            (0..=house).find(fits).unwrap_or(house)
        }
    }
}
