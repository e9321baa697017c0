//! The engine's answer, checked by the verifier, and what it says of each list in each district.

use super::bounds::bounds;
use super::outcomes::{Outcomes, outcomes};
use super::question::{Asked, DistrictedQuestion};
use apportionment::double_proportional::{self, DoubleAllocation};
use apportionment::tiers::{self, TierAllocation, TierStageResult};
use apportionment::{Allocation, ContestError, DistrictsError, Outcome};

/// What is known of the seats of a contest whose districts hang together.
#[derive(Debug, Clone, PartialEq)]
pub enum DistrictedResult {
    /// The engine's result, which the verifier accepted.
    Allocated(DistrictedAllocation),
    /// The verifier refused the engine's result: votes are published, seats are not, until the cause is found.
    Withheld {
        /// What the engine said.
        allocation: DistrictedAllocation,
        /// What the verifier found.
        objections: Vec<String>,
    },
    /// No vote is counted in some district, and the rules give no seats before.
    Waiting {
        /// The districts without votes.
        districts: Vec<String>,
    },
    /// The rules cannot be applied to what is counted.
    Unknown {
        /// Why.
        error: DistrictsError,
        /// The districts in which the count that the rules need is not known.
        lacking: Vec<String>,
    },
}

/// What the engine answered.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for each contest, and it is not moved about"
)]
pub enum DistrictedAllocation {
    /// A house above its districts.
    Tiers(TierAllocation),
    /// Sums that are fixed for lists and districts at once.
    DoubleProportional(DoubleAllocation),
}

impl DistrictedResult {
    /// The seats that are known.
    #[must_use]
    pub fn allocation(&self) -> Option<&DistrictedAllocation> {
        match self {
            Self::Allocated(allocation) => Some(allocation),
            Self::Withheld { .. } | Self::Waiting { .. } | Self::Unknown { .. } => None,
        }
    }

    /// Why no seats are shown, in English; empty where they are.
    #[must_use]
    pub fn problem(&self) -> String {
        match self {
            Self::Allocated(_) => String::new(),
            Self::Withheld { objections, .. } => {
                format!("the verifier refused the result: {}", objections.join("; "))
            }
            Self::Waiting { districts } => format!(
                "no vote is counted in {}: seats follow when every district has votes",
                districts.join(", ")
            ),
            Self::Unknown { error, lacking } if lacking.is_empty() => error.to_string(),
            Self::Unknown { error, lacking } => {
                format!("{error} (missing in {})", lacking.join(", "))
            }
        }
    }
}

/// The engine's answer, if the verifier, which shares no code with it, agrees.
#[must_use]
pub fn answer(question: &DistrictedQuestion) -> DistrictedResult {
    let allocated = match &question.asked {
        Asked::Tiers {
            contest,
            rules,
            lots,
        } => tiers::allocate(contest, rules, &lots.lots).map(DistrictedAllocation::Tiers),
        Asked::DoubleProportional {
            contest,
            rules,
            lots,
        } => {
            let silent = silent_districts(question);
            if !silent.is_empty() {
                return DistrictedResult::Waiting { districts: silent };
            }
            double_proportional::allocate(contest, rules, &lots.lists, &lots.cells)
                .map(DistrictedAllocation::DoubleProportional)
        }
    };
    match allocated {
        Ok(allocation) => judge(question, allocation),
        Err(error) => {
            let lacking = match &error {
                DistrictsError::Contest(ContestError::BaseMissing { base }) => {
                    question.lacking(*base)
                }
                _ => Vec::new(),
            };
            DistrictedResult::Unknown {
                lacking: lacking.into_iter().map(ToString::to_string).collect(),
                error,
            }
        }
    }
}

/// Districts without a vote for any list: their seats cannot be placed, so the table of all districts does not exist yet.
fn silent_districts(question: &DistrictedQuestion) -> Vec<String> {
    let districts = question.asked.districted().districts.iter();
    let named = question.names.districts.iter().zip(districts);
    named
        .filter(|(_, district)| district.votes.iter().all(|&votes| votes == 0))
        .map(|(id, _)| id.to_string())
        .collect()
}

/// Has the verifier look at an answer.
#[must_use]
pub fn judge(question: &DistrictedQuestion, allocation: DistrictedAllocation) -> DistrictedResult {
    let objections: Vec<String> = match (&question.asked, &allocation) {
        (
            Asked::Tiers {
                contest,
                rules,
                lots,
            },
            DistrictedAllocation::Tiers(tiers),
        ) => refusals(tiers::verify(contest, rules, &lots.lots, tiers)),
        (
            Asked::DoubleProportional {
                contest,
                rules,
                lots,
            },
            DistrictedAllocation::DoubleProportional(double),
        ) => refusals(double_proportional::verify(
            contest,
            rules,
            &lots.lists,
            &lots.cells,
            double,
        )),
        (Asked::Tiers { .. }, DistrictedAllocation::DoubleProportional(_))
        | (Asked::DoubleProportional { .. }, DistrictedAllocation::Tiers(_)) => {
            vec!["the answer is of another kind than the question".to_owned()]
        }
    };
    if objections.is_empty() {
        DistrictedResult::Allocated(allocation)
    } else {
        DistrictedResult::Withheld {
            allocation,
            objections,
        }
    }
}

fn refusals<T: std::fmt::Display>(verified: Result<(), Vec<T>>) -> Vec<String> {
    let refusals = verified.err().unwrap_or_default();
    refusals.iter().map(ToString::to_string).collect()
}

/// Seats of each list in each district of the law, in numbers that add up.
///
/// Always: all `seats`, those `above` districts and `outside`, `pending` and `unassigned` together are the seats of the house
/// and those `added` to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistrictedSeats {
    /// The state of the result.
    pub outcome: Outcome,
    /// By district and list: seats held, whatever way open ties go. They are no more than the stages have given: what all
    /// ways have in common beyond that is pending still.
    pub seats: Vec<Vec<u32>>,
    /// By district and list: the most that open ties can still give.
    pub most: Vec<Vec<u32>>,
    /// By list: seats that no district has, but regions or the house itself.
    pub above: Vec<u32>,
    /// Seats of persons without a list.
    pub outside: u32,
    /// Those of them who have a seat by votes of their own, by position among the question's persons.
    pub persons: Vec<usize>,
    /// Seats that the house has more because lists keep more than is due to them.
    pub added: u32,
    /// By list: seats in all districts and above them.
    pub list_seats: Vec<u32>,
    /// By list: the most in all districts that open ties, and the stages behind them, can still give.
    pub list_most: Vec<u32>,
    /// By list: seats due in the house, held ones included; `None`: the rules say nothing of it, or it is not known yet.
    pub due: Option<Vec<u32>>,
    /// By list: whether it takes part in the house, or in any district.
    pub admitted: Vec<bool>,
    /// By district: whether votes for a list are counted in it.
    pub counted: Vec<bool>,
    /// Seats that hang on open ties, on stages behind them, or on districts without votes.
    pub pending: u32,
    /// Seats that nobody gets.
    pub unassigned: u32,
}

/// Allocations that are made at most to see how ties can end, and what they may cost together: districts times lists, and
/// constituencies times lists.
const ALLOCATIONS_MAX: usize = 64;
const CELLS_ALLOCATED_MAX: usize = 200_000;

/// What an answer says of each list in each district. Where ties are open, every way that lots can end them is within the
/// ranges: just within, where the ways are few enough to be gone through, and otherwise by bounds.
#[must_use]
pub fn seats_of(
    question: &DistrictedQuestion,
    allocation: &DistrictedAllocation,
) -> DistrictedSeats {
    let lines = match &question.asked {
        Asked::Tiers { contest, .. } => {
            contest.districted.districts.len() + contest.constituencies.len()
        }
        Asked::DoubleProportional { contest, .. } => contest.districts.len(),
    };
    let cells = lines.saturating_mul(question.names.lists.len()).max(1);
    seats_within(
        question,
        allocation,
        ALLOCATIONS_MAX.min(CELLS_ALLOCATED_MAX / cells),
    )
}

/// The same with so many allocations at most.
pub(super) fn seats_within(
    question: &DistrictedQuestion,
    allocation: &DistrictedAllocation,
    allocations_max: usize,
) -> DistrictedSeats {
    let districts = &question.asked.districted().districts;
    let votes = |district: &apportionment::District| district.votes.iter().any(|&votes| votes > 0);
    let counted = districts.iter().map(votes).collect();
    let mut seats = match allocation {
        DistrictedAllocation::Tiers(allocation) => of_tiers(allocation, counted),
        DistrictedAllocation::DoubleProportional(allocation) => {
            of_cells(allocation, question.asked.house(), counted)
        }
    };
    if super::open_ties(question, allocation).is_empty() {
        return seats;
    }
    // Where somebody without a list may come first no lot names every outcome.
    let by_lots = match &question.asked {
        Asked::Tiers { contest, .. } => contest
            .constituencies
            .iter()
            .all(|constituency| !constituency.is_open_without_list()),
        Asked::DoubleProportional { .. } => true,
    };
    let found = by_lots
        .then(|| outcomes(question, allocation, allocations_max))
        .flatten();
    let found = found.unwrap_or_else(|| bounds(question, allocation, &seats));
    seats.widen(found);
    seats
}

impl DistrictedSeats {
    fn new(seats: Vec<Vec<u32>>, lists: usize, counted: Vec<bool>) -> Self {
        let list_seats: Vec<u32> = (0..lists)
            .map(|list| seats.iter().map(|line| line[list]).sum())
            .collect();
        Self {
            outcome: Outcome::Settled,
            most: seats.clone(),
            above: vec![0; lists],
            outside: 0,
            persons: Vec::new(),
            added: 0,
            list_most: list_seats.clone(),
            list_seats,
            seats,
            due: None,
            admitted: vec![false; lists],
            counted,
            pending: 0,
            unassigned: 0,
        }
    }

    /// Takes over what open ties leave open. A seat that an outcome takes back is none that stands: it is pending.
    fn widen(&mut self, found: Outcomes) {
        let Outcomes {
            fewest,
            most,
            above_fewest,
            list_most,
        } = found;
        let before: u32 = self.list_seats.iter().sum();
        for (line, fewest) in self.seats.iter_mut().zip(&fewest) {
            for (seats, fewest) in line.iter_mut().zip(fewest) {
                *seats = (*seats).min(*fewest);
            }
        }
        for (seats, fewest) in self.above.iter_mut().zip(&above_fewest) {
            *seats = (*seats).min(*fewest);
        }
        self.most = most;
        for (line, seats) in self.most.iter_mut().zip(&self.seats) {
            for (most, seats) in line.iter_mut().zip(seats) {
                *most = (*most).max(*seats);
            }
        }
        for list in 0..self.list_seats.len() {
            let below = self.seats.iter().map(|line| line[list]);
            self.list_seats[list] = below.sum::<u32>() + self.above[list];
            self.list_most[list] = self.list_seats[list].max(list_most[list]);
        }
        self.pending += before - self.list_seats.iter().sum::<u32>();
    }

    /// Seats of the house, those added to it included.
    #[must_use]
    pub fn total(&self) -> u32 {
        let lists: u32 = self.list_seats.iter().sum();
        lists + self.outside + self.pending + self.unassigned
    }

    /// The state of a district of the law.
    #[must_use]
    pub fn district_outcome(&self, district: usize) -> Outcome {
        if self.most[district] != self.seats[district] {
            Outcome::Tied
        } else if self.counted[district] {
            Outcome::Settled
        } else {
            Outcome::NoneYet
        }
    }
}

fn of_tiers(allocation: &TierAllocation, counted: Vec<bool>) -> DistrictedSeats {
    let TierAllocation {
        outcome,
        seats,
        region_seats,
        house_seats,
        outside,
        added,
        pending,
        unassigned,
        stages,
        void_lots: _,
        void_place_lots: _,
    } = allocation;
    let lists = house_seats.len();
    let mut of = DistrictedSeats::new(seats.clone(), lists, counted);
    of.above.clone_from(house_seats);
    for line in region_seats {
        for (above, seats) in of.above.iter_mut().zip(line) {
            *above += seats;
        }
    }
    of.list_seats = allocation.list_seats();
    of.list_most.clone_from(&of.list_seats);
    (of.outside, of.added) = (*outside, *added);
    for stage in stages {
        match stage {
            TierStageResult::Districts(results) => {
                for result in results {
                    for (all, here) in of.admitted.iter_mut().zip(&result.admitted) {
                        *all |= here;
                    }
                }
            }
            TierStageResult::Whole(result) => {
                of.admitted.clone_from(&result.admitted);
                of.due.clone_from(&result.due);
            }
            TierStageResult::Quotas(results) => {
                for result in results {
                    for (all, here) in of.admitted.iter_mut().zip(&result.admitted) {
                        *all |= here;
                    }
                }
            }
            TierStageResult::Remainders(result) => of.due.clone_from(&result.due),
            TierStageResult::Persons(elected) => {
                of.persons = elected.iter().map(|one| one.person).collect();
            }
            TierStageResult::Majority(result) => {
                if let (Some(list), Some(due)) = (result.to, &mut of.due) {
                    due[list] += result.seats;
                }
            }
            TierStageResult::SeatsOfDistricts(_)
            | TierStageResult::Constituencies(_)
            | TierStageResult::Bonus
            | TierStageResult::Above(_)
            | TierStageResult::Return(_)
            | TierStageResult::Place(_)
            | TierStageResult::Regions(_)
            | TierStageResult::Inside(_)
            | TierStageResult::Shares(_)
            | TierStageResult::Cover(_) => {}
        }
    }
    DistrictedSeats {
        // Some districts have votes, and their seats stand: what waits is pending.
        outcome: match outcome {
            Outcome::NoneYet if of.counted.contains(&true) => Outcome::Settled,
            outcome => *outcome,
        },
        pending: *pending,
        unassigned: *unassigned,
        ..of
    }
}

fn of_cells(allocation: &DoubleAllocation, house: u64, counted: Vec<bool>) -> DistrictedSeats {
    let upper: &Allocation = &allocation.upper;
    let seats = allocation.seats(counted.len());
    let mut of = DistrictedSeats::new(seats, allocation.quorum.len(), counted);
    of.outcome = allocation.outcome();
    of.admitted.clone_from(&allocation.quorum);
    let given: u64 = of.list_seats.iter().copied().map(u64::from).sum();
    let rest = u32::try_from(house - given).unwrap_or(u32::MAX);
    match upper.outcome {
        Outcome::NobodyPassed => of.unassigned = rest,
        Outcome::Settled | Outcome::Tied | Outcome::NoneYet => of.pending = rest,
    }
    if upper.outcome == Outcome::Settled {
        of.due = Some(upper.seats());
    }
    of
}

/// Recorded lots that were not used, by their position in [`DistrictedQuestion::recorded`]: the tie that they were drawn for
/// does not arise, has changed, or was settled by an earlier one.
#[must_use]
pub fn void_lots(question: &DistrictedQuestion, allocation: &DistrictedAllocation) -> Vec<usize> {
    let mut void = match (&question.asked, allocation) {
        (Asked::Tiers { lots, .. }, DistrictedAllocation::Tiers(allocation)) => {
            let inside = allocation.void_lots.iter().map(|&lot| lots.inside[lot]);
            let places = allocation.void_place_lots.iter();
            let places = places.map(|&lot| lots.places[lot]);
            let void = lots.void.iter().copied();
            void.chain(inside).chain(places).collect()
        }
        (
            Asked::DoubleProportional { lots, .. },
            DistrictedAllocation::DoubleProportional(allocation),
        ) => {
            let upper = allocation.upper.void_lots.iter();
            let upper = upper.map(|void| lots.lists_recorded[void.lot]);
            let cells = allocation.void_lots.iter();
            let cells = cells.map(|void| lots.cells_recorded[void.lot]);
            let void = lots.void.iter().copied();
            void.chain(upper).chain(cells).collect()
        }
        (Asked::Tiers { .. }, DistrictedAllocation::DoubleProportional(_))
        | (Asked::DoubleProportional { .. }, DistrictedAllocation::Tiers(_)) => Vec::new(),
    };
    void.sort_unstable();
    void
}
