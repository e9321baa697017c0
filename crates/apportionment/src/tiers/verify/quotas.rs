//! The check of stages that count in quotas or first places.

use super::super::{
    ConstituenciesResult, ElectedPerson, QuotaVotes, Quotas, QuotasResult, RemaindersResult, Units,
};
use super::Check;
use super::admission::{admitted, first, is_leading, region_district};
use super::refusal::TierRefusal;
use crate::allocation::{Allocation, Outcome};
use crate::contest::{Contest, QuotaOf};
use crate::districts::District;
use crate::double_proportional::verify::base_of;
use crate::method::{Method, Quota, QuotaKind, Rounding, Stage};
use crate::threshold::ThresholdBase;

impl Check<'_> {
    /// Whether the districts have the seats that their votes give them.
    pub(super) fn seats_of_districts(
        &mut self,
        stage: usize,
        base: ThresholdBase,
        chain: &[Stage],
        allocation: &Allocation,
    ) {
        let districts = &self.contest.districted.districts;
        let votes: Option<Vec<u64>> = districts.iter().map(|one| counted(one, base)).collect();
        let Some(votes) = votes else {
            self.refusals.push(TierRefusal::BaseMissing);
            return;
        };
        let contest = Contest::with_votes(self.contest.further_seats, &votes);
        if !self.part((stage, 0), &contest, chain, allocation) {
            return;
        }
        if votes.contains(&0) {
            self.outcome = Some(Outcome::NoneYet);
            return;
        }
        if allocation.outcome != Outcome::Settled {
            self.outcome = Some(allocation.outcome);
        }
        let changed = self.contest.to_mut();
        let seats = allocation.lists.iter().map(|list| list.seats);
        for (district, seats) in changed.districted.districts.iter_mut().zip(seats) {
            district.seats = seats;
            changed.further_seats = changed.further_seats.saturating_sub(seats);
        }
    }

    pub(super) fn constituencies(&mut self, stage: usize, result: &ConstituenciesResult) {
        let constituencies = self.contest.constituencies.iter();
        let expected: Vec<Option<usize>> = constituencies.map(first).collect();
        let undecided: Vec<usize> = (0..expected.len())
            .filter(|&number| {
                let one = &self.contest.constituencies[number];
                expected[number].is_none() && (0..one.votes.len()).any(|list| is_leading(one, list))
            })
            .collect();
        if expected != result.first || undecided != result.undecided {
            self.refusals.push(TierRefusal::FirstPlaces { stage });
        }
        for (one, list) in self.contest.constituencies.iter().zip(expected) {
            if let Some(list) = list {
                self.held[one.district][list] += 1;
            }
        }
        if !undecided.is_empty() {
            self.outcome = Some(Outcome::Tied);
        }
    }

    /// Whether exactly the persons with as many votes as a seat stands for have one.
    pub(super) fn persons(&mut self, stage: usize, base: ThresholdBase, elected: &[ElectedPerson]) {
        let districts = &self.contest.districted.districts;
        let mut expected = elected.iter();
        for (number, person) in self.contest.persons.iter().enumerate() {
            let district = &districts[person.district];
            let Some(all) = counted(district, base) else {
                self.refusals.push(TierRefusal::BaseMissing);
                return;
            };
            let seats = u64::from(district.seats);
            // The fewest votes that reach the quota, which need not be a whole number.
            let reaches = seats > 0 && all > 0 && person.votes >= all.div_ceil(seats);
            if !reaches {
                continue;
            }
            let named = expected.next().is_some_and(|one| {
                let over = u128::from(seats) * one.quota.numerator().unsigned_abs();
                one.person == number && over == u128::from(all) * one.quota.denominator()
            });
            if !named {
                self.refusals.push(TierRefusal::FirstPlaces { stage });
            }
            match person.list {
                Some(list) => self.held[person.district][list] += 1,
                None => {
                    self.outside += 1;
                    self.outside_in[person.district] += 1;
                }
            }
        }
        if expected.next().is_some() {
            self.refusals.push(TierRefusal::FirstPlaces { stage });
        }
    }

    /// Each district's or region's seats by quotas, as a contest that goes on from what is held.
    pub(super) fn quotas(&mut self, stage: usize, quotas: &Quotas, results: &[QuotasResult]) {
        let Some(units) = self.units(quotas) else {
            self.refusals.push(TierRefusal::BaseMissing);
            return;
        };
        if units.len() != results.len() {
            self.refusals.push(TierRefusal::Shape);
            return;
        }
        let before = self.held_by_list();
        let lists = before.len();
        let mut left: Option<Vec<u128>> = Some(vec![0; lists]);
        let mut waits = false;
        for (index, ((unit, held, of), result)) in units.into_iter().zip(results).enumerate() {
            let Some(admitted) = admitted(&self.contest, &quotas.admission, &before, Some(&unit))
            else {
                self.refusals.push(TierRefusal::BaseMissing);
                return;
            };
            if admitted != result.admitted {
                self.refusals
                    .push(TierRefusal::Admission { stage, part: index });
            }
            let competes = |list: usize| admitted[list] && unit.votes[list] > 0;
            let outside: u64 = (0..lists)
                .filter(|&list| !competes(list))
                .map(|list| held[list])
                .sum();
            let alone: u64 = match quotas.units {
                Units::Districts => self.outside_in[index],
                Units::Regions => {
                    let inside = self.contest.regions[index].districts.iter();
                    inside.map(|&district| self.outside_in[district]).sum()
                }
            };
            let seats = u64::from(unit.seats).saturating_sub(outside + alone);
            let seats = u32::try_from(seats).unwrap_or(u32::MAX);
            let mut contest = self.sub_contest(seats, &unit.votes, &admitted);
            contest.quota_of = of;
            for list in (0..lists).filter(|&list| competes(list)) {
                contest.lists[list].held = u32::try_from(held[list]).unwrap_or(u32::MAX);
            }
            left = left.and_then(|left| {
                let won = |list: usize| match &result.allocation {
                    Some(won) => won.lists.get(list).map_or(0, |won| won.seats),
                    None => contest.lists[list].held,
                };
                unused(&contest, &quotas.chain, won, left)
            });
            let Some(allocation) = result.allocation.as_ref().filter(|_| seats > 0) else {
                if seats > 0 || result.allocation.is_some() {
                    self.refusals
                        .push(TierRefusal::MissingPart { stage, part: index });
                }
                continue;
            };
            if !self.part((stage, index), &contest, &quotas.chain, allocation) {
                continue;
            }
            let inside = match quotas.units {
                Units::Districts => vec![index],
                Units::Regions => self.contest.regions[index].districts.clone(),
            };
            let votes = |district: usize| &self.contest.districted.districts[district].votes;
            if inside
                .into_iter()
                .any(|one| votes(one).iter().sum::<u64>() == 0)
            {
                waits = true;
                continue;
            }
            if allocation.outcome == Outcome::Tied {
                self.outcome = Some(Outcome::Tied);
            }
            let line = match quotas.units {
                Units::Districts => &mut self.held[index],
                Units::Regions => &mut self.in_region[index],
            };
            for (list, won) in allocation.lists.iter().enumerate() {
                line[list] += u64::from(won.seats).saturating_sub(held[list]);
            }
        }
        if waits && self.outcome.is_none() {
            self.outcome = Some(Outcome::NoneYet);
        }
        self.left_votes = left;
    }

    /// Votes, seats held and what quotas are of, for each district or region.
    #[allow(clippy::type_complexity, reason = "three columns of one table")]
    fn units(&self, quotas: &Quotas) -> Option<Vec<(District, Vec<u64>, Option<QuotaOf>)>> {
        let contest = &self.contest;
        let around = |region: usize| {
            let mut whole = region_district(contest, &contest.regions[region]);
            whole.seats = whole
                .seats
                .checked_add(contest.regions[region].further_seats)?;
            Some(whole)
        };
        let of = |whole: &District| match quotas.of {
            QuotaVotes::TakingPart => Some(None),
            QuotaVotes::Own(base) | QuotaVotes::Region(base) => {
                let votes = counted(whole, base)?;
                let seats = whole.seats;
                Some((votes > 0 && seats > 0).then_some(QuotaOf { votes, seats }))
            }
        };
        match quotas.units {
            Units::Regions => (0..contest.regions.len())
                .map(|region| {
                    let whole = around(region)?;
                    let held = (0..contest.districted.lists.len())
                        .map(|list| {
                            let inside = contest.regions[region].districts.iter();
                            let inside: u64 = inside.map(|&one| self.held[one][list]).sum();
                            inside + self.in_region[region][list]
                        })
                        .collect();
                    let of = of(&whole)?;
                    Some((whole, held, of))
                })
                .collect(),
            Units::Districts => (0..contest.districted.districts.len())
                .map(|district| {
                    let mut whole = contest.districted.districts[district].clone();
                    let held = self.held[district].clone();
                    let of = if let QuotaVotes::Region(_) = quotas.of {
                        let inside =
                            |region: &usize| contest.regions[*region].districts.contains(&district);
                        let region = (0..contest.regions.len()).find(inside)?;
                        let region = around(region)?;
                        whole.seats = region.seats;
                        of(&region)?
                    } else {
                        of(&whole)?
                    };
                    Some((whole, held, of))
                })
                .collect(),
        }
    }

    pub(super) fn remainders(&mut self, stage: usize, chain: &[Stage], result: &RemaindersResult) {
        let held = self.held_by_list();
        let votes: Option<Vec<u64>> = self.left_votes.as_ref().and_then(|left| {
            left.iter()
                .map(|&votes| u64::try_from(votes).ok())
                .collect()
        });
        let Some(votes) = votes.filter(|votes| *votes == result.votes) else {
            self.refusals.push(TierRefusal::LeftVotes { stage });
            return;
        };
        if self.house_is_open {
            self.outcome = Some(Outcome::Tied);
            if result.allocation.is_some() || result.due.is_some() {
                self.refusals.push(TierRefusal::Due { stage });
            }
            return;
        }
        let seats = self.house().saturating_sub(held.iter().sum());
        let seats = u32::try_from(seats).unwrap_or(u32::MAX);
        let all = vec![true; votes.len()];
        let contest = self.sub_contest(seats, &votes, &all);
        let due = match &result.allocation {
            None if seats == 0 => Some(held),
            Some(allocation) if seats > 0 => {
                if !self.part((stage, 0), &contest, chain, allocation) {
                    return;
                }
                match allocation.outcome {
                    outcome @ (Outcome::Tied | Outcome::NoneYet) => {
                        self.outcome = Some(outcome);
                        None
                    }
                    Outcome::Settled | Outcome::NobodyPassed => {
                        let won = allocation.lists.iter().map(|list| u64::from(list.seats));
                        Some(held.iter().zip(won).map(|(held, won)| held + won).collect())
                    }
                }
            }
            _ => {
                self.refusals
                    .push(TierRefusal::MissingPart { stage, part: 0 });
                return;
            }
        };
        let found = result.due.as_ref();
        let found: Option<Vec<u64>> =
            found.map(|due| due.iter().map(|&due| u64::from(due)).collect());
        if found != due {
            self.refusals.push(TierRefusal::Due { stage });
        }
        self.due = due;
    }

    /// No list has more seats in a district than candidates.
    pub(super) fn check_candidates(&mut self) {
        let districts = self.contest.districted.districts.iter().zip(&self.held);
        for (district, (known, held)) in districts.enumerate() {
            for (list, (candidates, &seats)) in known.candidates.iter().zip(held).enumerate() {
                if candidates.is_some_and(|candidates| u64::from(candidates) < seats) {
                    self.refusals
                        .push(TierRefusal::ListLength { district, list });
                }
            }
        }
    }
}

/// A district's votes, counted so.
fn counted(district: &District, base: ThresholdBase) -> Option<u64> {
    u64::try_from(base_of(base, district)?).ok()
}

/// The votes left, with those that one unit's seats did not use up; `None` where its quota need not be a whole number.
fn unused(
    contest: &Contest,
    chain: &[Stage],
    won: impl Fn(usize) -> u32,
    left: Vec<u128>,
) -> Option<Vec<u128>> {
    let [
        Stage {
            method: Method::Quota(Quota { kind, rounding }),
            ..
        },
    ] = chain
    else {
        return None;
    };
    let all: u128 = contest.lists.iter().map(|one| u128::from(one.votes)).sum();
    let (all, seats) = contest.quota_of.map_or((all, contest.seats), |around| {
        (u128::from(around.votes), around.seats)
    });
    let over = u128::from(seats)
        + match kind {
            QuotaKind::Hare => 0,
            QuotaKind::Droop | QuotaKind::HagenbachBischoff => 1,
            QuotaKind::Imperiali => 2,
        };
    let price = match rounding {
        Rounding::Exact => return None,
        _ if seats == 0 => 0,
        Rounding::Down => all / over,
        Rounding::DownPlusOne => all / over + 1,
        Rounding::Up => all.div_ceil(over),
        // A half goes up.
        Rounding::Nearest => all / over + u128::from(all % over >= over.div_ceil(2)),
    };
    let price = if seats == 0 { 0 } else { price.max(1) };
    let unused = left.into_iter().enumerate().map(|(list, left)| {
        let used = price * u128::from(won(list));
        left + u128::from(contest.lists[list].votes).saturating_sub(used)
    });
    Some(unused.collect())
}
