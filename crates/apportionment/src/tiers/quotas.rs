//! Stages that count in quotas or first places: seats of districts, persons, whole quotas, and the votes they leave.

use super::allocate::{Run, silence};
use super::regions::regions_as_districts;
use super::{
    ConstituenciesResult, ElectedPerson, QuotaVotes, Quotas, QuotasResult, RemaindersResult, Units,
};
use crate::allocation::{Allocation, Outcome};
use crate::contest::{Contest, QuotaOf};
use crate::districts::District;
use crate::districts_error::DistrictsError;
use crate::error::ContestError;
use crate::keys::Keys;
use crate::method::Stage;
use crate::ratio::Ratio;
use crate::threshold::ThresholdBase;

/// One district or region that hands out seats.
struct Unit {
    /// Its votes, own seats and counts.
    whole: District,
    /// Seats that it hands out.
    seats: u32,
    /// Seats held by list in it.
    held: Vec<u32>,
    /// What its quotas are of.
    quota_of: Option<QuotaOf>,
    /// Its seats that persons without a list have.
    outside: u32,
}

impl Run<'_> {
    /// Shares the house out among the districts, by their votes.
    pub fn seats_of_districts(
        &mut self,
        number: usize,
        base: ThresholdBase,
        chain: &[Stage],
    ) -> Result<Allocation, DistrictsError> {
        let districts = &self.contest.districted.districts;
        if let Some(district) = districts.iter().position(|district| district.seats > 0) {
            let seats = districts[district].seats;
            return Err(DistrictsError::SeatsOfDistricts { district, seats });
        }
        let votes = districts
            .iter()
            .map(|district| votes_of(district, base))
            .collect::<Result<Vec<u64>, _>>()?;
        let contest = Contest::with_votes(self.contest.further_seats, &votes);
        let allocation = self.allocate_part(number, 0, &contest, chain)?;
        if votes.contains(&0) {
            // The others would have the seats of a district that may report later.
            self.stopped = self.stopped.or(Some(Outcome::NoneYet));
            return Ok(allocation);
        }
        match allocation.outcome {
            Outcome::Settled => {}
            outcome => self.stopped = Some(outcome),
        }
        let given: u32 = allocation.seats().iter().sum();
        let contest = self.contest.to_mut();
        for (district, seats) in contest
            .districted
            .districts
            .iter_mut()
            .zip(allocation.seats())
        {
            district.seats = seats;
        }
        contest.further_seats -= given;
        Ok(allocation)
    }

    /// Gives every constituency's seat to the list whose person came first.
    pub fn constituencies(&mut self) -> Result<ConstituenciesResult, DistrictsError> {
        let constituencies = &self.contest.constituencies;
        let first: Vec<Option<usize>> = constituencies.iter().map(|one| one.first()).collect();
        let undecided: Vec<usize> = (0..first.len())
            .filter(|&one| first[one].is_none() && !constituencies[one].leading().is_empty())
            .collect();
        let seats = first.iter().flatten().count();
        if u32::try_from(seats).is_ok_and(|seats| seats > self.house()) {
            return Err(ContestError::BelowLimit {
                field: "contest.further_seats",
                value: u128::from(self.house()),
                limit: crate::limits::wide(seats),
            }
            .into());
        }
        for (one, first) in constituencies.iter().zip(&first) {
            if let Some(list) = first {
                self.held[one.district][*list] += 1;
            }
        }
        if !undecided.is_empty() {
            self.stopped = Some(Outcome::Tied);
        }
        Ok(ConstituenciesResult { undecided, first })
    }

    /// Gives a seat to every person with as many votes as a seat of the district stands for.
    pub fn persons(&mut self, base: ThresholdBase) -> Result<Vec<ElectedPerson>, DistrictsError> {
        let districted = &self.contest.districted;
        let mut elected = Vec::new();
        for (person, votes) in self.contest.persons.iter().enumerate() {
            let district = &districted.districts[votes.district];
            let all = votes_of(district, base)?;
            if all == 0 || district.seats == 0 {
                continue;
            }
            check_base(district, all)?;
            let alone = self.contest.persons.iter();
            let alone = alone.filter(|one| one.list.is_none() && one.district == votes.district);
            let lists = district.votes.iter().copied();
            let counted = lists.chain(alone.map(|one| one.votes));
            let counted: u128 = counted.map(u128::from).sum();
            if counted > u128::from(all) {
                return Err(ContestError::BelowLimit {
                    field: "contest.districts.base",
                    value: u128::from(all),
                    limit: counted,
                }
                .into());
            }
            if u128::from(votes.votes) * u128::from(district.seats) >= u128::from(all) {
                let quota = Ratio::of(i128::from(all), u128::from(district.seats));
                elected.push(ElectedPerson { person, quota });
                match votes.list {
                    Some(list) => self.held[votes.district][list] += 1,
                    None => {
                        self.outside += 1;
                        self.outside_in[votes.district] += 1;
                    }
                }
            }
        }
        Ok(elected)
    }

    /// Has every district or region hand out seats by its quotas, on top of those held in it.
    pub fn quotas(
        &mut self,
        number: usize,
        quotas: &Quotas,
    ) -> Result<Vec<QuotasResult>, DistrictsError> {
        if quotas.units == Units::Regions {
            let further = self.contest.regions.iter();
            let further: u64 = further.map(|one| u64::from(one.further_seats)).sum();
            if further > u64::from(self.contest.further_seats) {
                return Err(ContestError::AboveLimit {
                    field: "contest.regions.further_seats",
                    value: u128::from(further),
                    limit: u128::from(self.contest.further_seats),
                }
                .into());
            }
        }
        let overall = self.admitted(&quotas.admission)?;
        let lists = overall.len();
        let mut left_votes = vec![0; lists];
        let mut results = Vec::new();
        for (index, unit) in self.units(quotas)?.into_iter().enumerate() {
            let districted = &self.contest.districted;
            let mut contest = Contest {
                seats: unit.seats,
                lists: districted
                    .lists
                    .iter()
                    .zip(&unit.whole.votes)
                    .map(|(list, &votes)| list.in_contest(votes))
                    .collect(),
                base: unit.whole.base,
                quota_of: unit.quota_of,
            };
            let mut admitted = overall.clone();
            if let Some(here) = &quotas.admission.here {
                let base = here.base_of(&contest)?;
                for (admitted, list) in admitted.iter_mut().zip(&contest.lists) {
                    *admitted |=
                        list.votes > 0 && here.passes(list.votes, list.coalition_size, base);
                }
            }
            silence(&mut contest, &admitted);
            let mut outside = unit.outside;
            for ((list, &held), admitted) in contest.lists.iter_mut().zip(&unit.held).zip(&admitted)
            {
                if *admitted && list.votes > 0 {
                    list.held = held;
                } else {
                    outside += held;
                }
            }
            contest.seats = contest.seats.saturating_sub(outside);
            let allocation = if contest.seats == 0 {
                None
            } else {
                Some(self.allocate_part(number, index, &contest, &quotas.chain)?)
            };
            if let Some(allocation) = &allocation {
                if self.has_reported(index, quotas.units) {
                    self.take_quotas((index, quotas.units), &unit.held, allocation);
                } else {
                    self.stopped = self.stopped.or(Some(Outcome::NoneYet));
                }
            }
            if quotas.counts_in_whole_votes() {
                add_left_over(
                    &contest,
                    &quotas.chain,
                    allocation.as_ref(),
                    &mut left_votes,
                );
            }
            results.push(QuotasResult {
                admitted,
                allocation,
            });
        }
        self.left_votes = left_votes;
        Ok(results)
    }

    /// Whether every district of the unit has votes: one without may report later, and what its seats are is not known.
    fn has_reported(&self, index: usize, units: Units) -> bool {
        let districts = &self.contest.districted.districts;
        let has_votes = |district: usize| districts[district].votes.iter().any(|&votes| votes > 0);
        match units {
            Units::Districts => has_votes(index),
            Units::Regions => {
                let mut inside = self.contest.regions[index].districts.iter();
                inside.all(|&district| has_votes(district))
            }
        }
    }

    fn take_quotas(&mut self, (index, units): (usize, Units), held: &[u32], result: &Allocation) {
        let line = match units {
            Units::Districts => &mut self.held[index],
            Units::Regions => &mut self.region_seats[index],
        };
        for ((line, list), held) in line.iter_mut().zip(&result.lists).zip(held) {
            *line += list.seats.saturating_sub(*held);
        }
        match result.outcome {
            Outcome::Tied => self.stopped = Some(Outcome::Tied),
            // No list that takes part has votes here: the seats are left.
            Outcome::NoneYet | Outcome::NobodyPassed | Outcome::Settled => {}
        }
    }

    /// The districts or regions with what their quotas are of.
    fn units(&self, quotas: &Quotas) -> Result<Vec<Unit>, DistrictsError> {
        let (districted, regions) = (&self.contest.districted, &self.contest.regions);
        let needs_regions =
            quotas.units == Units::Regions || matches!(quotas.of, QuotaVotes::Region(_));
        if needs_regions && regions.is_empty() {
            return Err(DistrictsError::NoRegions);
        }
        let of_regions = if needs_regions {
            regions_as_districts(districted, regions)?.districts
        } else {
            Vec::new()
        };
        let seats_of = |region: usize| of_regions[region].seats + regions[region].further_seats;
        let own = |district: &District, seats: u32| -> Result<_, DistrictsError> {
            let (QuotaVotes::Own(base) | QuotaVotes::Region(base)) = quotas.of else {
                return Ok(None);
            };
            let votes = votes_of(district, base)?;
            check_base(district, votes)?;
            Ok((votes > 0 && seats > 0).then_some(QuotaOf { votes, seats }))
        };
        if quotas.units == Units::Regions {
            let unit = |region: usize| {
                let whole = of_regions[region].clone();
                let districts = regions[region].districts.iter();
                let mut held = self.region_seats[region].clone();
                for line in districts.map(|&district| &self.held[district]) {
                    for (held, seats) in held.iter_mut().zip(line) {
                        *held += seats;
                    }
                }
                let seats = seats_of(region);
                let inside = regions[region].districts.iter();
                let outside = inside.map(|&district| self.outside_in[district]);
                Ok(Unit {
                    outside: outside.sum(),
                    quota_of: own(&whole, seats)?,
                    whole,
                    seats,
                    held,
                })
            };
            return (0..regions.len()).map(unit).collect();
        }
        let unit = |district: usize| {
            let whole = districted.districts[district].clone();
            let around = regions
                .iter()
                .position(|region| region.districts.contains(&district));
            let (quota_of, seats) = match (quotas.of, around) {
                (QuotaVotes::Region(_), Some(region)) => {
                    let seats = seats_of(region);
                    (own(&of_regions[region], seats)?, seats)
                }
                (QuotaVotes::Region(_), None) => return Err(DistrictsError::NoRegions),
                _ => (own(&whole, whole.seats)?, whole.seats),
            };
            Ok(Unit {
                outside: self.outside_in[district],
                held: self.held[district].clone(),
                whole,
                seats,
                quota_of,
            })
        };
        (0..districted.districts.len()).map(unit).collect()
    }

    /// Shares what quotas left by the votes that they did not use up.
    pub fn remainders(
        &mut self,
        number: usize,
        chain: &[Stage],
    ) -> Result<RemaindersResult, DistrictsError> {
        let held = self.held_by_list();
        let votes = self
            .left_votes
            .clone()
            .into_iter()
            .map(|votes| {
                u64::try_from(votes).map_err(|_| ContestError::AboveLimit {
                    field: "votes that seats did not use up",
                    value: votes,
                    limit: u128::from(u64::MAX),
                })
            })
            .collect::<Result<Vec<u64>, _>>()?;
        if self.house_is_open {
            self.stopped = Some(Outcome::Tied);
            return Ok(RemaindersResult {
                votes,
                allocation: None,
                due: None,
            });
        }
        let seats = self.free()?;
        let lists = self.contest.districted.lists.iter().zip(&votes);
        let contest = Contest {
            seats,
            lists: lists.map(|(list, &votes)| list.in_contest(votes)).collect(),
            ..Contest::default()
        };
        if seats == 0 {
            let due = Some(self.settle_due(held));
            return Ok(RemaindersResult {
                votes,
                allocation: None,
                due,
            });
        }
        let allocation = self.allocate_part(number, 0, &contest, chain)?;
        let due = match allocation.outcome {
            Outcome::Settled | Outcome::NobodyPassed => {
                let due = held.iter().zip(allocation.seats());
                let due = due.map(|(held, seats)| held + seats).collect();
                Some(self.settle_due(due))
            }
            outcome => {
                self.stopped = Some(outcome);
                None
            }
        };
        Ok(RemaindersResult {
            votes,
            allocation: Some(allocation),
            due,
        })
    }
}

/// Adds the votes that seats held in a district or region did not use up. Its quota counts also where nothing is left to
/// hand out; where all seats are held by lists that do not take part, those that do hold none and use up no votes.
fn add_left_over(
    contest: &Contest,
    chain: &[Stage],
    allocation: Option<&Allocation>,
    left: &mut [u128],
) {
    let (votes, seats) = match contest.quota_of {
        Some(QuotaOf { votes, seats }) => (u128::from(votes), seats),
        None => (contest.list_votes(), contest.seats),
    };
    let method = chain.first().map(|stage| stage.method);
    let quota = method
        .filter(|_| seats > 0)
        .and_then(|method| Keys::of(method, votes, seats, 1).quota())
        .map_or(0, |quota| quota.numerator().unsigned_abs());
    for (index, (left, list)) in left.iter_mut().zip(&contest.lists).enumerate() {
        let seats = allocation.map_or(list.held, |won| won.lists[index].seats);
        *left += u128::from(list.votes).saturating_sub(u128::from(seats) * quota);
    }
}

/// A district's votes, counted so, in 64 bits.
fn votes_of(district: &District, base: ThresholdBase) -> Result<u64, ContestError> {
    let votes = district.count(base)?;
    u64::try_from(votes).map_err(|_| ContestError::AboveLimit {
        field: "contest.districts.votes",
        value: votes,
        limit: u128::from(u64::MAX),
    })
}

/// A count that quotas are of is no less than the votes of the lists.
fn check_base(district: &District, base: u64) -> Result<(), ContestError> {
    let votes = district.votes.iter().map(|&votes| u128::from(votes));
    let votes: u128 = votes.sum();
    if votes > u128::from(base) {
        return Err(ContestError::BelowLimit {
            field: "contest.districts.base",
            value: u128::from(base),
            limit: votes,
        });
    }
    Ok(())
}
