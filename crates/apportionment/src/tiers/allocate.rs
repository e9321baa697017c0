//! The stages over one state: seats held by district and list, and seats due to lists.

use std::borrow::Cow;

use super::cover::cover;
use super::place::{Draw, place};
use super::regions::{place_in_regions, place_inside, regions_as_districts};
use super::returned::give_back;
use super::{
    Admission, Constituency, DistrictResult, PlaceResult, Series, TierAllocation, TierContest,
    TierLots, TierRules, TierStage, TierStageResult, check_contest,
};
use crate::allocate::allocate as allocate_one;
use crate::allocation::{Allocation, Outcome};
use crate::contest::{Contest, Lot};
use crate::districts_error::DistrictsError;
use crate::error::ContestError;
use crate::method::Stage;
use crate::rules::{Bonus, Rules};

/// Turns votes into seats, stage by stage. An open tie ends the run: what the later stages do depends on how it ends.
///
/// # Errors
/// Limits broken, rules that mean nothing, stages in an order that leaves nothing due, or a count that a threshold needs
/// and that is missing.
pub fn allocate(
    contest: &TierContest,
    rules: &TierRules,
    lots: &TierLots,
) -> Result<TierAllocation, DistrictsError> {
    check_contest(contest)?;
    rules.check()?;
    let mut run = Run::of(contest, rules, lots)?;
    let mut stages = Vec::new();
    for (number, stage) in rules.stages.iter().enumerate() {
        let result = run.stage(number, stage)?;
        run.free()?;
        stages.push(result);
        if run.stopped.is_some() {
            break;
        }
    }
    run.finish(stages)
}

/// The state that the stages share.
pub(super) struct Run<'a> {
    /// The contest, with seats of districts that a stage computed.
    pub contest: Cow<'a, TierContest>,
    rules: &'a TierRules,
    lots: &'a TierLots,
    inside_used: Vec<bool>,
    places_used: Vec<bool>,
    /// Seats by district and list.
    pub held: Vec<Vec<u32>>,
    /// Seats by region and list that no district has.
    pub region_seats: Vec<Vec<u32>>,
    /// Seats by list that neither a district nor a region has.
    pub house_seats: Vec<u32>,
    /// Seats of persons without a list.
    pub outside: u32,
    /// By district, those of them that are among its own seats.
    pub outside_in: Vec<u32>,
    /// What the next distribution of the house gives one list beyond its votes.
    bonus: Option<Bonus>,
    /// By list, whether it took part in the distribution of the house.
    pub took_part: Vec<bool>,
    /// Whether equal votes leave open if a person without a list takes a seat of the house.
    pub house_is_open: bool,
    /// Seats by which the house has grown.
    pub added: u32,
    /// By list, the votes that seats by quotas did not use up.
    pub left_votes: Vec<u128>,
    /// Seats due by list, held ones included.
    due: Option<Vec<u32>>,
    /// Seats by region and list that are not placed in districts yet.
    in_regions: Vec<Vec<u32>>,
    pub unassigned: u32,
    /// The state in which a stage ended the run.
    pub stopped: Option<Outcome>,
}

impl<'a> Run<'a> {
    fn of(
        contest: &'a TierContest,
        rules: &'a TierRules,
        lots: &'a TierLots,
    ) -> Result<Self, DistrictsError> {
        let districted = &contest.districted;
        let lists = districted.lists.len();
        let mut run = Self {
            contest: Cow::Borrowed(contest),
            rules,
            lots,
            inside_used: vec![false; lots.inside.len()],
            places_used: vec![false; lots.places.len()],
            held: vec![vec![0; lists]; districted.districts.len()],
            region_seats: vec![vec![0; lists]; contest.regions.len()],
            house_seats: vec![0; lists],
            outside: 0,
            outside_in: vec![0; districted.districts.len()],
            bonus: None,
            took_part: Vec::new(),
            house_is_open: false,
            added: 0,
            left_votes: Vec::new(),
            due: None,
            in_regions: Vec::new(),
            unassigned: 0,
            stopped: None,
        };
        let first_places =
            |stage: &TierStage| matches!(stage, TierStage::Cover | TierStage::Constituencies);
        if rules.stages.iter().any(first_places) {
            let constituencies = contest.constituencies.iter();
            let outside = constituencies.filter(|one| one.is_first_without_list());
            run.house_is_open = contest
                .constituencies
                .iter()
                .any(Constituency::is_open_without_list);
            run.outside = u32::try_from(outside.count()).unwrap_or(u32::MAX);
            if u64::from(run.outside) > contest.house() {
                return Err(ContestError::BelowLimit {
                    field: "contest.further_seats",
                    value: u128::from(contest.house()),
                    limit: u128::from(run.outside),
                }
                .into());
            }
        }
        Ok(run)
    }

    fn stage(
        &mut self,
        number: usize,
        stage: &TierStage,
    ) -> Result<TierStageResult, DistrictsError> {
        Ok(match stage {
            TierStage::SeatsOfDistricts { base, chain } => {
                TierStageResult::SeatsOfDistricts(self.seats_of_districts(number, *base, chain)?)
            }
            TierStage::Constituencies => TierStageResult::Constituencies(self.constituencies()?),
            TierStage::Persons { base } => TierStageResult::Persons(self.persons(*base)?),
            TierStage::Quotas(quotas) => TierStageResult::Quotas(self.quotas(number, quotas)?),
            TierStage::Remainders { chain } => {
                TierStageResult::Remainders(self.remainders(number, chain)?)
            }
            TierStage::Above => {
                let open = self.open();
                for (held, open) in self.house_seats.iter_mut().zip(&open) {
                    *held += open;
                }
                TierStageResult::Above(open)
            }
            TierStage::Bonus(bonus) => {
                self.bonus = Some(*bonus);
                TierStageResult::Bonus
            }
            TierStage::Majority => TierStageResult::Majority(self.majority()?),
            TierStage::Districts { admission, chain } => {
                TierStageResult::Districts(self.districts(number, admission, chain)?)
            }
            TierStage::Whole {
                admission,
                chain,
                surplus,
            } => TierStageResult::Whole(self.whole(number, admission, chain, *surplus)?),
            TierStage::Return(returning) => {
                let due = self.due();
                let mut draw = Draw::of(number, &self.lots.places, &mut self.places_used);
                let districted = &self.contest.districted;
                let result = give_back(districted, returning, &mut self.held, &due, &mut draw);
                if result.tie.is_some() {
                    self.stopped = Some(Outcome::Tied);
                }
                TierStageResult::Return(result)
            }
            TierStage::Place(placement) => {
                let room = vec![placement.per_district.unwrap_or(u32::MAX); self.held.len()];
                let open = (self.open(), room);
                let mut draw = Draw::of(number, &self.lots.places, &mut self.places_used);
                let result = place(
                    &self.contest.districted,
                    placement,
                    &mut self.held,
                    open,
                    &mut draw,
                )?;
                if result.tie.is_some() {
                    self.stopped = Some(Outcome::Tied);
                }
                TierStageResult::Place(result)
            }
            TierStage::Regions(series) => {
                let open = self.open();
                let mut draw = Draw::of(number, &self.lots.places, &mut self.places_used);
                let (districted, regions) = (&self.contest.districted, &self.contest.regions);
                let (result, given) =
                    place_in_regions(districted, regions, series, &self.held, open, &mut draw)?;
                self.in_regions = given;
                if result.tie.is_some() {
                    self.stopped = Some(Outcome::Tied);
                }
                TierStageResult::Regions(result)
            }
            TierStage::Inside(series) => TierStageResult::Inside(self.inside(number, series)?),
            TierStage::Shares { chain } => TierStageResult::Shares(self.shares(number, chain)?),
            TierStage::Cover => {
                let mut draw = Draw::of(number, &self.lots.places, &mut self.places_used);
                let result = cover(&self.contest, &self.held, &mut draw);
                let tied = result.lines.iter().any(|line| line.tie.is_some());
                if tied || !result.undecided.is_empty() {
                    self.stopped = Some(Outcome::Tied);
                }
                TierStageResult::Cover(result)
            }
        })
    }

    fn districts(
        &mut self,
        number: usize,
        admission: &Admission,
        chain: &[Stage],
    ) -> Result<Vec<DistrictResult>, DistrictsError> {
        self.contest.districted.check_district_seats()?;
        let overall = self.admitted(admission)?;
        let mut results = Vec::new();
        for index in 0..self.held.len() {
            let mut district = self.district(index);
            let counted = district.list_votes() > 0;
            let mut admitted = overall.clone();
            if let Some(here) = &admission.here {
                let base = here.base_of(&district)?;
                for (admitted, list) in admitted.iter_mut().zip(&district.lists) {
                    *admitted |=
                        list.votes > 0 && here.passes(list.votes, list.coalition_size, base);
                }
            }
            silence(&mut district, &admitted);
            let allocation = self.allocate_part(number, index, &district, chain)?;
            self.take(index, &allocation, counted);
            results.push(DistrictResult {
                admitted,
                allocation,
            });
        }
        Ok(results)
    }

    /// Takes over what an allocation of a district gave, and stops the run where it is not settled. A district where votes
    /// are `counted`, but none for a list that takes part, leaves its seats empty; one without votes may report later.
    fn take(&mut self, district: usize, allocation: &Allocation, counted: bool) {
        for (held, seats) in self.held[district].iter_mut().zip(allocation.seats()) {
            *held += seats;
        }
        match allocation.outcome {
            Outcome::Tied => self.stopped = Some(Outcome::Tied),
            Outcome::NoneYet if !counted => {
                self.stopped = self.stopped.or(Some(Outcome::NoneYet));
                return;
            }
            Outcome::Settled | Outcome::NoneYet | Outcome::NobodyPassed => {}
        }
        self.unassigned += allocation.unassigned;
    }

    fn shares(
        &mut self,
        number: usize,
        chain: &[Stage],
    ) -> Result<Vec<Option<Allocation>>, DistrictsError> {
        let open = self.open();
        let mut results = Vec::new();
        for (list, &seats) in open.iter().enumerate() {
            if seats == 0 {
                results.push(None);
                continue;
            }
            let districts = &self.contest.districted.districts;
            let votes: Vec<u64> = districts
                .iter()
                .map(|district| district.votes[list])
                .collect();
            let contest = Contest::with_votes(seats, &votes);
            let allocation = self.allocate_part(number, list, &contest, chain)?;
            for (held, seats) in self.held.iter_mut().zip(allocation.seats()) {
                held[list] += seats;
            }
            if allocation.outcome != Outcome::Settled {
                self.stopped = Some(allocation.outcome);
            }
            results.push(Some(allocation));
        }
        Ok(results)
    }

    fn inside(
        &mut self,
        number: usize,
        series: &Series,
    ) -> Result<Vec<PlaceResult>, DistrictsError> {
        let mut results = Vec::new();
        for (region, open) in self
            .contest
            .regions
            .iter()
            .zip(std::mem::take(&mut self.in_regions))
        {
            let mut draw = Draw::of(number, &self.lots.places, &mut self.places_used);
            let districted = &self.contest.districted;
            let result = place_inside(districted, region, series, &mut self.held, open, &mut draw)?;
            if result.tie.is_some() {
                self.stopped = Some(Outcome::Tied);
            }
            results.push(result);
        }
        Ok(results)
    }

    /// Seats due to each list, those that it holds included.
    pub fn due(&self) -> Vec<u32> {
        self.due.clone().expect(
            "the order of stages was checked, and `Whole` stops the run where nothing is due",
        )
    }

    /// Seats of the house that lists share.
    pub fn house(&self) -> u32 {
        let house = u32::try_from(self.contest.house()).expect("the house was checked");
        house - self.outside
    }

    /// Seats of the house that nobody holds.
    pub fn free(&self) -> Result<u32, DistrictsError> {
        let held: u64 = self.held_by_list().into_iter().map(u64::from).sum();
        let house = self.house() + self.added;
        let free = u64::from(house).checked_sub(held);
        let free = free.ok_or(DistrictsError::SeatsAboveHouse { held, house })?;
        Ok(u32::try_from(free).expect("what is free of a house of 32 bits"))
    }

    /// Notes what is due to each list, held seats included.
    pub fn settle_due(&mut self, due: Vec<u32>) -> Vec<u32> {
        self.due = Some(due.clone());
        due
    }

    /// Seats due to each list beyond those that it holds.
    fn open(&self) -> Vec<u32> {
        let held = self.held_by_list();
        let due = self.due().into_iter().zip(held);
        due.map(|(due, held)| due.saturating_sub(held)).collect()
    }

    /// By list, whether it takes part wherever it has votes.
    pub fn admitted(&self, admission: &Admission) -> Result<Vec<bool>, DistrictsError> {
        let whole = self.contest.districted.whole()?;
        let free = *admission == Admission::default();
        let mut admitted: Vec<bool> = whole.lists.iter().map(|list| free || list.exempt).collect();
        if let Some(overall) = &admission.overall {
            let base = overall.base_of(&whole)?;
            for (admitted, list) in admitted.iter_mut().zip(&whole.lists) {
                *admitted |=
                    list.votes > 0 && overall.passes(list.votes, list.coalition_size, base);
            }
        }
        if let Some(needed) = admission.seats_won {
            for (admitted, held) in admitted.iter_mut().zip(self.held_by_list()) {
                *admitted |= held >= needed;
            }
        }
        if let Some(average) = admission.regions_average {
            let regions = regions_as_districts(&self.contest.districted, &self.contest.regions)?;
            let mut reached = vec![0; admitted.len()];
            for region in &regions.districts {
                let base = region.count(average.base)?;
                for (reached, &votes) in reached.iter_mut().zip(&region.votes) {
                    let enough = u128::from(votes) * u128::from(region.seats) >= base;
                    *reached += u32::from(votes > 0 && region.seats > 0 && enough);
                }
            }
            for (admitted, reached) in admitted.iter_mut().zip(reached) {
                *admitted |= reached >= average.regions;
            }
        }
        if let Some(needed) = admission.constituencies_won {
            for (list, admitted) in admitted.iter_mut().enumerate() {
                let won = self.contest.constituencies.iter();
                let won = won
                    .filter(|constituency| constituency.first() == Some(list))
                    .count();
                *admitted |= u32::try_from(won).is_ok_and(|won| won >= needed);
            }
        }
        Ok(admitted)
    }

    pub fn district(&self, index: usize) -> Contest {
        let district = self.contest.districted.district(index);
        district.expect("the state has as many districts as the contest")
    }

    pub fn held_by_list(&self) -> Vec<u32> {
        let below = self.held.iter().chain(&self.region_seats);
        (0..self.contest.districted.lists.len())
            .map(|list| {
                let below = below.clone().map(|line| line[list]);
                below.sum::<u32>() + self.house_seats[list]
            })
            .collect()
    }

    /// One sub-allocation with the lots that are bound to it.
    pub fn allocate_part(
        &mut self,
        stage: usize,
        part: usize,
        contest: &Contest,
        chain: &[Stage],
    ) -> Result<Allocation, DistrictsError> {
        let rules = Rules {
            bonus: self.bonus.take(),
            ..self.rules.of_chain(chain)
        };
        let (positions, lots): (Vec<usize>, Vec<Lot>) = self
            .lots
            .inside
            .iter()
            .enumerate()
            .filter(|(_, lot)| (lot.stage, lot.part) == (stage, part))
            .map(|(position, lot)| (position, lot.lot.clone()))
            .unzip();
        let allocation = allocate_one(contest, &rules, &lots)?;
        for (index, position) in positions.into_iter().enumerate() {
            self.inside_used[position] = allocation.void_lots.iter().all(|void| void.lot != index);
        }
        Ok(allocation)
    }

    fn finish(self, stages: Vec<TierStageResult>) -> Result<TierAllocation, DistrictsError> {
        self.contest.districted.check_candidates(&self.held)?;
        let given: u32 = self.held_by_list().iter().sum();
        let house = self.house() + self.added;
        // Seats that are to stay empty can still be with lists that have yet to give them back, where a tie stopped that.
        let unassigned = self.unassigned.min(house.saturating_sub(given));
        // Seats that no stage hands out stay empty; behind a stop they wait.
        let rest = house.saturating_sub(given).saturating_sub(unassigned);
        let (pending, left) = if self.stopped.is_some() {
            (rest, 0)
        } else {
            (0, rest)
        };
        let unused = |used: &[bool]| (0..used.len()).filter(|&lot| !used[lot]).collect();
        Ok(TierAllocation {
            outcome: self.stopped.unwrap_or(Outcome::Settled),
            void_lots: unused(&self.inside_used),
            void_place_lots: unused(&self.places_used),
            seats: self.held,
            region_seats: self.region_seats,
            house_seats: self.house_seats,
            outside: self.outside,
            added: self.added,
            pending,
            unassigned: unassigned + left,
            stages,
        })
    }
}

/// Takes the votes of all others out of a contest.
pub(super) fn silence(contest: &mut Contest, admitted: &[bool]) {
    for (list, admitted) in contest.lists.iter_mut().zip(admitted) {
        if !admitted {
            list.votes = 0;
        }
    }
}
