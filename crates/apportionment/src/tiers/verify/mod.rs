//! The independent check of seats in tiers. It shares the types of input and output with the allocator and no code: every
//! sub-allocation goes to the verifier of single contests, and placed and covered seats are looked at as a whole, without
//! handing anything out: whoever has no seat was kept from it by larger keys.

// tidy: long because the stages are followed in one place, in their order.

mod admission;
mod cover;
mod place;
mod quotas;
mod refusal;
mod regions;
mod returned;
mod void;
mod whole;

use std::borrow::Cow;

use super::{
    Admission, DistrictResult, TierAllocation, TierContest, TierLots, TierRules, TierStage,
    TierStageResult,
};
use crate::allocation::{Allocation, Outcome};
use crate::contest::{Contest, List, Lot};
use crate::method::{Method, Stage};
use crate::rules::{Bonus, Rules};

use admission::{admitted, is_first_outside, is_level_outside};
use place::check_place;
pub use refusal::{PlaceRefusal, TierRefusal};
use regions::{check_inside, check_regions};
use returned::check_return;
use void::Decided;

/// Checks a whole result: who takes part, every sub-allocation, what is due, every placed and covered seat, the sums, that
/// every lot used was drawn for the tie that it settles, and which are void.
///
/// # Errors
/// Everything that was found wrong, each by name.
pub fn verify(
    contest: &TierContest,
    rules: &TierRules,
    lots: &TierLots,
    allocation: &TierAllocation,
) -> Result<(), Vec<TierRefusal>> {
    let districted = &contest.districted;
    let lists = districted.lists.len();
    let shaped = allocation.seats.len() == districted.districts.len()
        && allocation.seats.iter().all(|line| line.len() == lists)
        && districted
            .districts
            .iter()
            .all(|district| district.votes.len() == lists)
        && contest.regions.iter().all(|region| {
            region
                .districts
                .iter()
                .all(|&district| district < districted.districts.len())
        })
        && contest.constituencies.iter().all(|constituency| {
            constituency.votes.len() == lists && constituency.district < districted.districts.len()
        });
    let above = allocation.house_seats.len() == lists
        && allocation.region_seats.len() == contest.regions.len()
        && allocation
            .region_seats
            .iter()
            .all(|line| line.len() == lists)
        && contest.persons.iter().all(|person| {
            let known = person.list.is_none_or(|list| list < lists);
            known && person.district < districted.districts.len()
        });
    if !(shaped && above) {
        return Err(vec![TierRefusal::Shape]);
    }
    let by_first_places = rules
        .stages
        .iter()
        .any(|stage| matches!(stage, TierStage::Cover | TierStage::Constituencies));
    let constituencies = contest.constituencies.iter();
    let outside = constituencies.filter(|one| by_first_places && is_first_outside(one));
    let level = contest.constituencies.iter().any(is_level_outside);
    let mut check = Check {
        house_is_open: by_first_places && level,
        outside: u64::try_from(outside.count()).unwrap_or(u64::MAX),
        outside_in: vec![0; districted.districts.len()],
        bonus: None,
        took_part: Vec::new(),
        contest: Cow::Borrowed(contest),
        rules,
        lots,
        held: vec![vec![0; lists]; districted.districts.len()],
        in_region: vec![vec![0; lists]; contest.regions.len()],
        in_house: vec![0; lists],
        added: 0,
        left_votes: None,
        due: None,
        in_regions: Vec::new(),
        unassigned: 0,
        inside_used: vec![false; lots.inside.len()],
        decided: Decided::new(),
        outcome: None,
        refusals: Vec::new(),
    };
    check.run(allocation);
    check.finish(allocation)
}

struct Check<'a> {
    /// The contest, with seats of districts that a stage computed.
    contest: Cow<'a, TierContest>,
    rules: &'a TierRules,
    lots: &'a TierLots,
    held: Vec<Vec<u64>>,
    /// Seats by region and list that no district has.
    in_region: Vec<Vec<u64>>,
    /// Seats by list that neither a district nor a region has.
    in_house: Vec<u64>,
    /// Seats of persons without a list.
    outside: u64,
    /// By district, those of them that are among its own seats.
    outside_in: Vec<u64>,
    /// What the next sub-allocation must give one list beyond its votes.
    bonus: Option<Bonus>,
    /// By list, whether it takes part in the house.
    took_part: Vec<bool>,
    /// Whether a seat of the house hangs on equal votes of a person without a list.
    house_is_open: bool,
    /// Seats by which the house must have grown.
    added: u64,
    /// By list, the votes that seats by quotas did not use up; `None` where no whole quota says how many.
    left_votes: Option<Vec<u128>>,
    due: Option<Vec<u64>>,
    /// Seats by region and list that are not placed in districts yet.
    in_regions: Vec<Vec<u64>>,
    unassigned: u64,
    /// By lot inside a part, whether it was used.
    inside_used: Vec<bool>,
    /// The ties among places that lots decided.
    decided: Decided,
    /// The state in which a stage must have ended the run.
    outcome: Option<Outcome>,
    refusals: Vec<TierRefusal>,
}

impl Check<'_> {
    fn run(&mut self, allocation: &TierAllocation) {
        for (number, stage) in self.rules.stages.iter().enumerate() {
            let result = allocation.stages.get(number);
            match (stage, result) {
                _ if self.outcome.is_some() => {
                    if result.is_some() {
                        self.refusals
                            .push(TierRefusal::UnexpectedStage { stage: number });
                    }
                    return;
                }
                (
                    TierStage::SeatsOfDistricts { base, chain },
                    Some(TierStageResult::SeatsOfDistricts(allocation)),
                ) => self.seats_of_districts(number, *base, chain, allocation),
                (TierStage::Constituencies, Some(TierStageResult::Constituencies(result))) => {
                    self.constituencies(number, result)
                }
                (TierStage::Persons { base }, Some(TierStageResult::Persons(elected))) => {
                    self.persons(number, *base, elected);
                }
                (TierStage::Quotas(quotas), Some(TierStageResult::Quotas(results))) => {
                    self.quotas(number, quotas, results);
                }
                (TierStage::Remainders { chain }, Some(TierStageResult::Remainders(result))) => {
                    self.remainders(number, chain, result)
                }
                (TierStage::Above, Some(TierStageResult::Above(seats))) => {
                    let open = self.open();
                    if !seats
                        .iter()
                        .map(|&seats| u64::from(seats))
                        .eq(open.iter().copied())
                    {
                        self.refusals.push(TierRefusal::Due { stage: number });
                    }
                    for (held, open) in self.in_house.iter_mut().zip(open) {
                        *held += open;
                    }
                }
                (TierStage::Bonus(bonus), Some(TierStageResult::Bonus)) => {
                    self.bonus = Some(*bonus)
                }
                (TierStage::Majority, Some(TierStageResult::Majority(result))) => {
                    self.majority(number, result);
                }
                (
                    TierStage::Districts { admission, chain },
                    Some(TierStageResult::Districts(results)),
                ) => {
                    self.districts(number, admission, chain, results);
                }
                (
                    TierStage::Whole {
                        admission,
                        chain,
                        surplus,
                    },
                    Some(TierStageResult::Whole(result)),
                ) => {
                    self.whole((number, *surplus), admission, chain, result);
                }
                (TierStage::Return(returning), Some(TierStageResult::Return(result))) => {
                    let due = self.due.clone().unwrap_or_default();
                    let wrong = check_return(
                        &self.contest.districted,
                        returning,
                        (number, &self.lots.places),
                        (&mut self.held, &due),
                        result,
                        &mut self.decided,
                    );
                    self.places(number, wrong, result.tie.is_some());
                }
                (TierStage::Place(placement), Some(TierStageResult::Place(result))) => {
                    let open = self.open();
                    let cap = placement.per_district.map_or(u64::MAX, u64::from);
                    let districts = self.held.len();
                    let wrong = check_place(
                        &self.contest.districted,
                        placement,
                        (number, &self.lots.places),
                        (&mut self.held, open, vec![cap; districts]),
                        result,
                        &mut self.decided,
                    );
                    self.places(number, wrong, result.tie.is_some());
                }
                (TierStage::Regions(series), Some(TierStageResult::Regions(result))) => {
                    let open = self.open();
                    let (wrong, given) = check_regions(
                        &self.contest,
                        series,
                        (number, &self.lots.places),
                        &self.held,
                        open,
                        (result, &mut self.decided),
                    );
                    self.in_regions = given;
                    self.places(number, wrong, result.tie.is_some());
                }
                (TierStage::Inside(series), Some(TierStageResult::Inside(results))) => {
                    let given = std::mem::take(&mut self.in_regions);
                    let wrong = check_inside(
                        &self.contest,
                        series,
                        (number, &self.lots.places),
                        (&mut self.held, given),
                        results,
                        &mut self.decided,
                    );
                    let tied = results.iter().any(|result| result.tie.is_some());
                    self.places(number, wrong, tied);
                }
                (TierStage::Shares { chain }, Some(TierStageResult::Shares(results))) => {
                    self.shares(number, chain, results);
                }
                (TierStage::Cover, Some(TierStageResult::Cover(result))) => {
                    self.cover(number, result)
                }
                _ => {
                    self.refusals
                        .push(TierRefusal::MissingStage { stage: number });
                    return;
                }
            }
        }
        if allocation.stages.len() > self.rules.stages.len() {
            let stage = self.rules.stages.len();
            self.refusals.push(TierRefusal::UnexpectedStage { stage });
        }
    }

    fn districts(
        &mut self,
        stage: usize,
        admission: &Admission,
        chain: &[Stage],
        results: &[DistrictResult],
    ) {
        let districts = self.contest.districted.districts.clone();
        if results.len() != districts.len() {
            self.refusals.push(TierRefusal::Shape);
            return;
        }
        let before = self.held_by_list();
        let mut without_votes = false;
        for (index, (district, result)) in districts.iter().zip(results).enumerate() {
            let Some(admitted) = admitted(&self.contest, admission, &before, Some(district)) else {
                self.refusals.push(TierRefusal::BaseMissing);
                return;
            };
            if admitted != result.admitted {
                self.refusals
                    .push(TierRefusal::Admission { stage, part: index });
            }
            let contest = self.sub_contest(district.seats, &district.votes, &admitted);
            self.part((stage, index), &contest, chain, &result.allocation);
            let counted = district.votes.iter().any(|&votes| votes > 0);
            match result.allocation.outcome {
                Outcome::Tied => self.outcome = Some(Outcome::Tied),
                Outcome::NoneYet if !counted => {
                    without_votes = true;
                    continue;
                }
                _ => {}
            }
            self.unassigned += u64::from(result.allocation.unassigned);
            for (held, list) in self.held[index].iter_mut().zip(&result.allocation.lists) {
                *held += u64::from(list.seats);
            }
        }
        if without_votes && self.outcome.is_none() {
            self.outcome = Some(Outcome::NoneYet);
        }
    }

    fn shares(&mut self, stage: usize, chain: &[Stage], results: &[Option<Allocation>]) {
        let open = self.open();
        if results.len() != open.len() {
            self.refusals.push(TierRefusal::Shape);
            return;
        }
        for (list, (seats, result)) in open.into_iter().zip(results).enumerate() {
            let Some(allocation) = result.as_ref().filter(|_| seats > 0) else {
                if seats > 0 || result.is_some() {
                    self.refusals
                        .push(TierRefusal::MissingPart { stage, part: list });
                }
                continue;
            };
            let districts = self.contest.districted.districts.iter();
            let votes: Vec<u64> = districts.map(|district| district.votes[list]).collect();
            let Ok(seats) = u32::try_from(seats) else {
                self.refusals.push(TierRefusal::Due { stage });
                return;
            };
            let contest = Contest::with_votes(seats, &votes);
            if !self.part((stage, list), &contest, chain, allocation) {
                continue;
            }
            for (held, share) in self.held.iter_mut().zip(&allocation.lists) {
                held[list] += u64::from(share.seats);
            }
            if allocation.outcome != Outcome::Settled {
                self.outcome = Some(allocation.outcome);
            }
        }
    }

    /// What is wrong with placed seats, and whether they end the run.
    fn places(&mut self, stage: usize, wrong: Vec<PlaceRefusal>, tied: bool) {
        let name = |what| TierRefusal::Place { stage, what };
        self.refusals.extend(wrong.into_iter().map(name));
        if tied {
            self.outcome = Some(Outcome::Tied);
        }
    }

    /// Has a sub-allocation verified with its lots; whether it stands.
    fn part(
        &mut self,
        (stage, part): (usize, usize),
        contest: &Contest,
        chain: &[Stage],
        allocation: &Allocation,
    ) -> bool {
        let rules = Rules {
            stages: chain.to_vec(),
            ties: self.rules.ties.clone(),
            bonus: self.bonus.take(),
            ..Rules::of(Method::D_HONDT)
        };
        let own = self
            .lots
            .inside
            .iter()
            .filter(|lot| lot.stage == stage && lot.part == part);
        let lots: Vec<Lot> = own.map(|lot| lot.lot.clone()).collect();
        let found = crate::verify::verify(contest, &rules, &lots, allocation)
            .err()
            .unwrap_or_default();
        let stands = found.is_empty();
        let name = |refusal| TierRefusal::Part {
            stage,
            part,
            refusal,
        };
        self.refusals.extend(found.into_iter().map(name));
        let void = |number| allocation.void_lots.iter().any(|void| void.lot == number);
        self.note_inside((stage, part), void);
        stands
    }

    fn sub_contest(&self, seats: u32, votes: &[u64], admitted: &[bool]) -> Contest {
        let lists = self
            .contest
            .districted
            .lists
            .iter()
            .zip(votes.iter().zip(admitted));
        let lists = lists.map(|(list, (&votes, &admitted))| List {
            registration: list.registration,
            coalition_size: list.coalition_size,
            exempt: list.exempt,
            ..List::with_votes(if admitted { votes } else { 0 })
        });
        Contest {
            seats,
            lists: lists.collect(),
            ..Contest::default()
        }
    }

    fn held_by_list(&self) -> Vec<u64> {
        let lists = 0..self.contest.districted.lists.len();
        let of = |list: usize| {
            let districts: u64 = self.held.iter().map(|line| line[list]).sum();
            let regions: u64 = self.in_region.iter().map(|line| line[list]).sum();
            districts + regions + self.in_house[list]
        };
        lists.map(of).collect()
    }

    /// Seats of the house that lists share.
    fn house(&self) -> u64 {
        self.contest.house().saturating_sub(self.outside)
    }

    /// Seats due to each list beyond those that it holds.
    fn open(&self) -> Vec<u64> {
        let due = self.due.clone().unwrap_or_default();
        due.into_iter()
            .zip(self.held_by_list())
            .map(|(due, held)| due.saturating_sub(held))
            .collect()
    }

    fn finish(mut self, allocation: &TierAllocation) -> Result<(), Vec<TierRefusal>> {
        for (district, (held, seats)) in self.held.iter().zip(&allocation.seats).enumerate() {
            for (list, (held, &seats)) in held.iter().zip(seats).enumerate() {
                if *held != u64::from(seats) {
                    self.refusals.push(TierRefusal::Seats { district, list });
                }
            }
        }
        for (list, (held, &seats)) in self
            .in_house
            .iter()
            .zip(&allocation.house_seats)
            .enumerate()
        {
            if *held != u64::from(seats) {
                self.refusals.push(TierRefusal::SeatsAbove { list });
            }
        }
        for (held, seats) in self.in_region.iter().zip(&allocation.region_seats) {
            for (list, (held, &seats)) in held.iter().zip(seats).enumerate() {
                if *held != u64::from(seats) {
                    self.refusals.push(TierRefusal::SeatsAbove { list });
                }
            }
        }
        let grown = (u64::from(allocation.outside), u64::from(allocation.added));
        if grown != (self.outside, self.added) {
            self.refusals.push(TierRefusal::House);
        }
        self.check_candidates();
        self.check_void(allocation);
        let given: u64 = self.held_by_list().iter().sum();
        let house = self.house() + self.added;
        if given > house {
            self.refusals.push(TierRefusal::House);
        }
        let free = house.saturating_sub(given);
        // A surplus that a tie keeps from going back can hold seats that are to stay empty.
        let empty = free.min(self.unassigned);
        let (pending, unassigned) = match self.outcome {
            Some(_) => (free - empty, empty),
            None => (0, free),
        };
        let found = (
            u64::from(allocation.pending),
            u64::from(allocation.unassigned),
        );
        if found != (pending, unassigned) {
            self.refusals.push(TierRefusal::House);
        }
        if allocation.outcome != self.outcome.unwrap_or(Outcome::Settled) {
            self.refusals.push(TierRefusal::Outcome);
        }
        if self.refusals.is_empty() {
            Ok(())
        } else {
            Err(self.refusals)
        }
    }
}
