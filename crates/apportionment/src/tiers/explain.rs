//! Seats in tiers unrolled into steps that can be followed with a pocket calculator.

use super::regions::{held_by_region, plain, regions_as_districts};
use super::{
    ElectedPerson, Place, PlaceResult, PlacedSeat, Placement, ReturnedSeat, TierAllocation,
    TierContest, TierRules, TierStage, TierStageResult, Units,
};
use crate::allocation::Allocation;
use crate::districts::DistrictedContest;
use crate::explain::StageSteps;
use crate::ratio::Ratio;

/// The steps of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TierSteps {
    /// Of each sub-allocation: districts, rounds of the house, or lists.
    Parts(Vec<PartSteps>),
    /// By constituency, the list whose person came first; `None` where none did.
    Constituencies(Vec<Option<usize>>),
    /// Person after person, with what a seat of the district stands for.
    Persons(Vec<ElectedPerson>),
    /// Seats by list in the house itself.
    Above(Vec<u32>),
    /// Seat after seat, with who gave it back and who received it.
    Returned(Vec<ReturnedSeat>),
    /// Seat after seat.
    Placed(Vec<PlaceStep>),
    /// Person after person: the covered of each list and district first, then those who are not.
    Covered(Vec<CoverStep>),
}

/// The steps of one sub-allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartSteps {
    /// The district, round or list.
    pub part: usize,
    /// Seats that it hands out.
    pub seats: u32,
    /// Its stages, as [`crate::explain`] unrolls them.
    pub stages: Vec<StageSteps>,
}

/// One placed seat: `key = votes / divisor / votes_per_seat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceStep {
    /// Which of the stage's seats it is, from 1.
    pub seat: u32,
    /// Where it goes and by which key.
    pub placed: PlacedSeat,
    /// The list's votes in the district.
    pub votes: u64,
    /// Seats of the list in the district before.
    pub seats_before: u32,
    /// What the votes are divided by.
    pub divisor: Ratio,
    /// The district's votes for each of its own seats, where keys are relative to them.
    pub votes_per_seat: Option<Ratio>,
    /// Whose key comes next: the next seat placed, or the tie that stopped the stage; `None` after the last.
    pub next_in_line: Option<PlacedSeat>,
}

/// One person who came first in a constituency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoverStep {
    /// The person by constituency and list, with the share of the first votes.
    pub person: PlacedSeat,
    /// The person's votes.
    pub votes: u64,
    /// All valid first votes of the constituency.
    pub valid: u128,
    /// Place among those of the same list and district, from 1.
    pub rank: usize,
    /// Seats of the list in the district.
    pub seats: u32,
    /// Whether a seat covers it.
    pub covered: bool,
}

/// Unrolls every stage of a result that these rules gave for this contest, in order.
#[must_use]
pub fn explain(
    contest: &TierContest,
    rules: &TierRules,
    allocation: &TierAllocation,
) -> Vec<TierSteps> {
    let mut districted = contest.districted.clone();
    let mut held =
        vec![vec![0; contest.districted.lists.len()]; contest.districted.districts.len()];
    let stages = rules.stages.iter().zip(&allocation.stages);
    let steps = stages.map(|(stage, result)| match (stage, result) {
        (_, TierStageResult::Districts(results)) => {
            for (held, result) in held.iter_mut().zip(results) {
                for (held, list) in held.iter_mut().zip(&result.allocation.lists) {
                    *held += list.seats;
                }
            }
            let allocations = results.iter().map(|result| &result.allocation);
            TierSteps::Parts(allocations.enumerate().map(part).collect())
        }
        (_, TierStageResult::SeatsOfDistricts(allocation)) => {
            for (district, list) in districted.districts.iter_mut().zip(&allocation.lists) {
                district.seats = list.seats;
            }
            TierSteps::Parts(vec![part((0, allocation))])
        }
        (_, TierStageResult::Constituencies(result)) => {
            let constituencies = contest.constituencies.iter().zip(&result.first);
            for (constituency, first) in constituencies {
                if let Some(list) = first {
                    held[constituency.district][*list] += 1;
                }
            }
            TierSteps::Constituencies(result.first.clone())
        }
        (_, TierStageResult::Persons(elected)) => {
            for one in elected {
                let person = &contest.persons[one.person];
                if let Some(list) = person.list {
                    held[person.district][list] += 1;
                }
            }
            TierSteps::Persons(elected.clone())
        }
        (TierStage::Quotas(quotas), TierStageResult::Quotas(results)) => {
            for (held, result) in held.iter_mut().zip(results) {
                let seats = result.allocation.iter().flat_map(Allocation::seats);
                for (held, seats) in held.iter_mut().zip(seats) {
                    if quotas.units == Units::Districts {
                        *held = seats.max(*held);
                    }
                }
            }
            let allocations = results.iter().enumerate();
            let allocations =
                allocations.filter_map(|(unit, result)| Some((unit, result.allocation.as_ref()?)));
            TierSteps::Parts(allocations.map(part).collect())
        }
        (_, TierStageResult::Quotas(_)) => TierSteps::Parts(Vec::new()),
        (_, TierStageResult::Remainders(result)) => {
            let allocations = result.allocation.iter().enumerate();
            TierSteps::Parts(allocations.map(part).collect())
        }
        (_, TierStageResult::Above(seats)) => TierSteps::Above(seats.clone()),
        // What a bonus and a majority come to stands in the result itself.
        (_, TierStageResult::Bonus | TierStageResult::Majority(_)) => TierSteps::Parts(Vec::new()),
        (_, TierStageResult::Whole(result)) => {
            let allocations = result.rounds.iter().map(|round| &round.allocation);
            TierSteps::Parts(allocations.enumerate().map(part).collect())
        }
        (_, TierStageResult::Return(result)) => {
            for seat in &result.returned {
                held[seat.from.place.district][seat.from.place.list] -= 1;
                if let Some(to) = seat.to {
                    held[to.place.district][to.place.list] += 1;
                }
            }
            TierSteps::Returned(result.returned.clone())
        }
        (_, TierStageResult::Shares(results)) => {
            let allocations = results.iter().enumerate();
            let allocations =
                allocations.filter_map(|(list, result)| Some((list, result.as_ref()?)));
            TierSteps::Parts(allocations.map(part).collect())
        }
        (TierStage::Regions(series), TierStageResult::Regions(result)) => {
            let regions = regions_as_districts(&districted, &contest.regions);
            let mut held = held_by_region(&held, &contest.regions);
            let steps = regions.map(|regions| placed(&regions, &plain(series), &mut held, result));
            TierSteps::Placed(steps.unwrap_or_default())
        }
        (TierStage::Inside(series), TierStageResult::Inside(results)) => {
            let steps = results
                .iter()
                .flat_map(|result| placed(&districted, &plain(series), &mut held, result));
            TierSteps::Placed(steps.collect())
        }
        (_, TierStageResult::Regions(_) | TierStageResult::Inside(_)) => {
            TierSteps::Placed(Vec::new())
        }
        (TierStage::Place(placement), TierStageResult::Place(result)) => {
            TierSteps::Placed(placed(&districted, placement, &mut held, result))
        }
        (_, TierStageResult::Place(_)) => TierSteps::Placed(Vec::new()),
        (_, TierStageResult::Cover(result)) => {
            let lines = result.lines.iter().flat_map(|line| {
                let persons = line.covered.iter().chain(&line.uncovered).enumerate();
                persons.filter_map(move |(index, person)| {
                    let constituency = &contest.constituencies[person.place.constituency?];
                    let valid = constituency
                        .votes
                        .iter()
                        .map(|&votes| u128::from(votes))
                        .sum::<u128>();
                    Some(CoverStep {
                        person: *person,
                        votes: constituency.votes[line.list],
                        valid: valid + u128::from(constituency.other_votes),
                        rank: index + 1,
                        seats: line.seats,
                        covered: index < line.covered.len(),
                    })
                })
            });
            TierSteps::Covered(lines.collect())
        }
    });
    steps.collect()
}

fn part((part, allocation): (usize, &Allocation)) -> PartSteps {
    PartSteps {
        part,
        seats: allocation.house,
        stages: crate::explain::explain(allocation),
    }
}

fn placed(
    contest: &DistrictedContest,
    placement: &Placement,
    held: &mut [Vec<u32>],
    result: &PlaceResult,
) -> Vec<PlaceStep> {
    let tied = result.tie.as_ref().and_then(|tie| {
        Some(PlacedSeat {
            place: *tie.tied.first()?,
            key: tie.key,
        })
    });
    let next = result
        .placed
        .iter()
        .copied()
        .skip(1)
        .map(Some)
        .chain([tied]);
    let seats = (1..).zip(result.placed.iter().zip(next));
    let step = |(seat, (placed, next)): (u32, (&PlacedSeat, _))| {
        place_step(contest, placement, held, seat, *placed, next)
    };
    seats.filter_map(step).collect()
}

fn place_step(
    contest: &DistrictedContest,
    placement: &Placement,
    held: &mut [Vec<u32>],
    seat: u32,
    placed: PlacedSeat,
    next_in_line: Option<PlacedSeat>,
) -> Option<PlaceStep> {
    let Place { district, list, .. } = placed.place;
    let seats_before = held[district][list];
    held[district][list] += 1;
    let per_seat = |base| {
        let district = &contest.districts[district];
        let votes = i128::try_from(district.count(base).ok()?).ok()?;
        Ratio::new(votes, u128::from(district.seats))
    };
    Some(PlaceStep {
        seat,
        placed,
        votes: contest.districts[district].votes[list],
        seats_before,
        divisor: placement.series.divisor(seats_before)?,
        votes_per_seat: placement.relative.and_then(per_seat),
        next_in_line,
    })
}
