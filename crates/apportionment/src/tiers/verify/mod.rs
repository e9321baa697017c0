//! The independent check of seats in tiers. It shares the types of input and output with the allocator and no code: every
//! sub-allocation goes to the verifier of single contests, and placed and covered seats are looked at as a whole, without
//! handing anything out: whoever has no seat was kept from it by larger keys.

mod admission;
mod cover;
mod place;
mod refusal;
mod regions;
mod returned;

use super::{
    Admission, CoverResult, DistrictResult, Surplus, TierAllocation, TierContest, TierLots,
    TierRules, TierStage, TierStageResult, WholeResult,
};
use crate::allocation::{Allocation, Outcome};
use crate::contest::{Contest, List, Lot};
use crate::method::{Method, Stage};
use crate::rules::Rules;

use admission::{admitted, hangs_on_first_places, votes_by_list};
use cover::check_cover;
use place::check_place;
pub use refusal::{PlaceRefusal, TierRefusal};
use regions::{check_inside, check_regions};
use returned::check_return;

/// Checks a whole result: who takes part, every sub-allocation, what is due, every placed and covered seat, and the sums.
/// Which lots are void is not checked; that every lot used was drawn for the tie that it settles is.
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
    if !shaped {
        return Err(vec![TierRefusal::Shape]);
    }
    let mut check = Check {
        contest,
        rules,
        lots,
        held: vec![vec![0; lists]; districted.districts.len()],
        due: None,
        in_regions: Vec::new(),
        unassigned: 0,
        outcome: None,
        refusals: Vec::new(),
    };
    check.run(allocation);
    check.finish(allocation)
}

struct Check<'a> {
    contest: &'a TierContest,
    rules: &'a TierRules,
    lots: &'a TierLots,
    held: Vec<Vec<u64>>,
    due: Option<Vec<u64>>,
    /// Seats by region and list that are not placed in districts yet.
    in_regions: Vec<Vec<u64>>,
    unassigned: u64,
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
                    let kept = *surplus == Surplus::Kept;
                    self.whole((number, kept), admission, chain, result);
                }
                (TierStage::Return(series), Some(TierStageResult::Return(result))) => {
                    let due = self.due.clone().unwrap_or_default();
                    let wrong = check_return(
                        &self.contest.districted,
                        series,
                        (number, &self.lots.places),
                        (&mut self.held, &due),
                        result,
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
                    );
                    self.places(number, wrong, result.tie.is_some());
                }
                (TierStage::Regions(series), Some(TierStageResult::Regions(result))) => {
                    let open = self.open();
                    let (wrong, given) = check_regions(
                        self.contest,
                        series,
                        (number, &self.lots.places),
                        &self.held,
                        open,
                        result,
                    );
                    self.in_regions = given;
                    self.places(number, wrong, result.tie.is_some());
                }
                (TierStage::Inside(series), Some(TierStageResult::Inside(results))) => {
                    let given = std::mem::take(&mut self.in_regions);
                    let wrong = check_inside(
                        self.contest,
                        series,
                        (number, &self.lots.places),
                        (&mut self.held, given),
                        results,
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
        let districts = &self.contest.districted.districts;
        if results.len() != districts.len() {
            self.refusals.push(TierRefusal::Shape);
            return;
        }
        let before = self.held_by_list();
        let mut without_votes = false;
        for (index, (district, result)) in districts.iter().zip(results).enumerate() {
            let Some(admitted) = admitted(self.contest, admission, &before, Some(district)) else {
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

    fn whole(
        &mut self,
        (stage, kept): (usize, bool),
        admission: &Admission,
        chain: &[Stage],
        result: &WholeResult,
    ) {
        let Some(admitted) = admitted(self.contest, admission, &self.held_by_list(), None) else {
            self.refusals.push(TierRefusal::BaseMissing);
            return;
        };
        if admitted != result.admitted {
            self.refusals
                .push(TierRefusal::Admission { stage, part: 0 });
            return;
        }
        if hangs_on_first_places(self.contest, admission, &admitted) {
            self.outcome = Some(Outcome::Tied);
            if !result.rounds.is_empty() || result.due.is_some() {
                self.refusals.push(TierRefusal::Due { stage });
            }
            return;
        }
        let held = self.held_by_list();
        let votes = votes_by_list(self.contest);
        let mut competing = admitted;
        let mut due: Option<Vec<u64>> = None;
        let mut rounds = result.rounds.iter();
        loop {
            let outside: u64 = (0..held.len())
                .filter(|&list| !competing[list])
                .map(|list| held[list])
                .sum();
            let taken = outside + self.unassigned;
            let seats = self
                .contest
                .house()
                .checked_sub(taken)
                .and_then(|seats| u32::try_from(seats).ok());
            let Some(seats) = seats else {
                self.refusals.push(TierRefusal::Due { stage });
                return;
            };
            if seats == 0 {
                due = Some(held.clone());
                break;
            }
            let Some(round) = rounds.next() else {
                self.refusals.push(TierRefusal::Due { stage });
                return;
            };
            let part = result.rounds.len() - rounds.len() - 1;
            let contest = self.sub_contest(seats, &votes, &competing);
            if !self.part((stage, part), &contest, chain, &round.allocation) {
                return;
            }
            let given = |list: usize| u64::from(round.allocation.lists[list].seats);
            let settled = kept && round.allocation.outcome == Outcome::Settled;
            let leaving: Vec<usize> = (0..held.len())
                .filter(|&list| settled && competing[list] && given(list) < held[list])
                .collect();
            if leaving != round.leaving {
                self.refusals.push(TierRefusal::Due { stage });
            }
            if leaving.is_empty() {
                match round.allocation.outcome {
                    outcome @ (Outcome::Tied | Outcome::NoneYet) => self.outcome = Some(outcome),
                    Outcome::Settled | Outcome::NobodyPassed => {
                        self.unassigned += u64::from(round.allocation.unassigned);
                        let of = |list: usize| {
                            if competing[list] {
                                given(list)
                            } else {
                                held[list]
                            }
                        };
                        due = Some((0..held.len()).map(of).collect());
                    }
                }
                break;
            }
            for list in leaving {
                competing[list] = false;
            }
        }
        let found = result
            .due
            .as_ref()
            .map(|due| due.iter().copied().map(u64::from).collect());
        if rounds.len() > 0 || found != due {
            self.refusals.push(TierRefusal::Due { stage });
        }
        self.due = due;
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

    fn cover(&mut self, stage: usize, result: &CoverResult) {
        let wrong = check_cover(self.contest, &self.held, (stage, &self.lots.places), result);
        let tied = result.lines.iter().any(|line| line.tie.is_some());
        self.places(stage, wrong, tied || !result.undecided.is_empty());
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
        lists
            .map(|list| self.held.iter().map(|line| line[list]).sum())
            .collect()
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
        let given: u64 = self.held.iter().flatten().sum();
        let free = self.contest.house().saturating_sub(given);
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
