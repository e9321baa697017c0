//! Bounds of seats behind open ties where there are too many ways for them to end: never too narrow, and no wider than what
//! the stages that wait can hand out, to whoever may take part in them.

use super::answer::{DistrictedAllocation, DistrictedSeats};
use super::outcomes::{Outcomes, held};
use super::question::{Asked, DistrictedQuestion};
use apportionment::double_proportional::DoubleAllocation;
use apportionment::tiers::{
    Admission, Surplus, TierAllocation, TierContest, TierRules, TierStage, TierStageResult, Units,
};
use apportionment::{Allocation, Comparison, Contest, DistrictedContest, Threshold, ThresholdBase};

/// The fewest and the most of each list in each district, and everywhere.
pub(super) fn bounds(
    question: &DistrictedQuestion,
    allocation: &DistrictedAllocation,
    seats: &DistrictedSeats,
) -> Outcomes {
    let (cells, above) = held(question, allocation);
    let outcomes = Outcomes {
        fewest: cells.clone(),
        most: cells,
        above_fewest: above,
        list_most: seats.list_seats.clone(),
    };
    match (&question.asked, allocation) {
        (Asked::Tiers { contest, rules, .. }, DistrictedAllocation::Tiers(allocation)) => {
            let behind = Behind {
                contest,
                rules,
                allocation,
                seats,
            };
            behind.bounds(outcomes)
        }
        (
            Asked::DoubleProportional { contest, .. },
            DistrictedAllocation::DoubleProportional(allocation),
        ) => of_cells(contest, allocation, outcomes),
        (Asked::Tiers { .. }, DistrictedAllocation::DoubleProportional(_))
        | (Asked::DoubleProportional { .. }, DistrictedAllocation::Tiers(_)) => outcomes,
    }
}

/// A tied cell gets at most one seat more; while seats of lists are tied, a cell gets no more than its list and its district.
fn of_cells(
    contest: &DistrictedContest,
    allocation: &DoubleAllocation,
    mut outcomes: Outcomes,
) -> Outcomes {
    let Some(lower) = &allocation.lower else {
        let upper = &allocation.upper;
        for (most, list) in outcomes.list_most.iter_mut().zip(&upper.lists) {
            *most = list.seats + if list.tied { upper.pending } else { 0 };
        }
        for (line, district) in outcomes.most.iter_mut().zip(&contest.districts) {
            for ((most, list), votes) in line
                .iter_mut()
                .zip(&outcomes.list_most)
                .zip(&district.votes)
            {
                *most = if *votes > 0 {
                    district.seats.min(*list)
                } else {
                    0
                };
            }
        }
        return outcomes;
    };
    let open = lower.ties.iter().filter(|tie| tie.winners.is_none());
    for tie in open {
        for cell in &tie.cells {
            outcomes.most[cell.district][cell.list] += 1;
        }
        for (list, seats) in &tie.list_seats {
            outcomes.list_most[*list] += seats;
        }
    }
    outcomes
}

/// Tiers with an open tie.
struct Behind<'a> {
    contest: &'a TierContest,
    rules: &'a TierRules,
    allocation: &'a TierAllocation,
    seats: &'a DistrictedSeats,
}

impl Behind<'_> {
    fn bounds(&self, mut outcomes: Outcomes) -> Outcomes {
        let own = self.gains_of_ties();
        let gains = self.gains_of_lists(&own);
        let place = self.place_most();
        let loses = self.waits(|stage| matches!(stage, TierStage::Return(_)));
        for list in 0..gains.len() {
            let held = self.seats.list_seats[list];
            outcomes.list_most[list] = held.saturating_add(gains[list]);
            let lost = match &self.seats.due {
                _ if !loses => 0,
                Some(due) => held.saturating_sub(due[list]),
                None => u32::MAX,
            };
            for (district, votes) in self.contest.districted.districts.iter().enumerate() {
                let placed = match place {
                    Some(most) if votes.votes[list] > 0 => most,
                    _ => 0,
                };
                let gain = own[district][list].saturating_add(placed).min(gains[list]);
                outcomes.most[district][list] += gain;
                let fewest = &mut outcomes.fewest[district][list];
                *fewest = fewest.saturating_sub(lost);
            }
        }
        outcomes
    }

    /// Stages that have not run, and the last that has: it may not be at its end.
    fn open_stages(&self) -> &[TierStage] {
        let ran = self.allocation.stages.len();
        &self.rules.stages[ran.saturating_sub(1)..]
    }

    fn waits(&self, is_such: impl Fn(&TierStage) -> bool) -> bool {
        self.open_stages().iter().any(is_such)
    }

    /// By district and list: the seats that ties inside a district's own allocations can give.
    fn gains_of_ties(&self) -> Vec<Vec<u32>> {
        let lists = self.contest.districted.lists.len();
        let mut gains = vec![vec![0; lists]; self.seats.seats.len()];
        let tied = |allocation: &Allocation, competitor: usize| {
            let is_tied = allocation.lists[competitor].tied;
            if is_tied { allocation.pending } else { 0 }
        };
        for (stage, result) in self.rules.stages.iter().zip(&self.allocation.stages) {
            match (stage, result) {
                (_, TierStageResult::Districts(results)) => {
                    for (line, result) in gains.iter_mut().zip(results) {
                        for (list, gain) in line.iter_mut().enumerate() {
                            *gain += tied(&result.allocation, list);
                        }
                    }
                }
                (TierStage::Quotas(quotas), TierStageResult::Quotas(results))
                    if quotas.units == Units::Districts =>
                {
                    for (line, result) in gains.iter_mut().zip(results) {
                        let Some(allocation) = &result.allocation else {
                            continue;
                        };
                        for (list, gain) in line.iter_mut().enumerate() {
                            *gain += tied(allocation, list);
                        }
                    }
                }
                (_, TierStageResult::Shares(results)) => {
                    for (list, result) in results.iter().enumerate() {
                        let Some(allocation) = result else { continue };
                        for (district, line) in gains.iter_mut().enumerate() {
                            line[list] += tied(allocation, district);
                        }
                    }
                }
                (_, TierStageResult::Constituencies(result)) => {
                    for &number in &result.undecided {
                        let constituency = &self.contest.constituencies[number];
                        for list in constituency.leading() {
                            gains[constituency.district][list] += 1;
                        }
                    }
                }
                _ => {}
            }
        }
        gains
    }

    /// The most that a stage which places seats in districts can still put into one cell; `None`: none waits.
    fn place_most(&self) -> Option<u32> {
        let placing = self.open_stages().iter().filter_map(|stage| match stage {
            TierStage::Place(placement) => Some(placement.per_district.unwrap_or(u32::MAX)),
            TierStage::Districts { .. }
            | TierStage::Persons { .. }
            | TierStage::Constituencies
            | TierStage::Return(_)
            | TierStage::Inside(_)
            | TierStage::Shares { .. } => Some(u32::MAX),
            TierStage::Quotas(quotas) => (quotas.units == Units::Districts).then_some(u32::MAX),
            TierStage::SeatsOfDistricts { .. }
            | TierStage::Whole { .. }
            | TierStage::Regions(_)
            | TierStage::Remainders { .. }
            | TierStage::Above
            | TierStage::Bonus(_)
            | TierStage::Majority
            | TierStage::Cover => None,
        });
        // The last stage that ran has handed out all but what its own ties hold, where its ties are inside allocations.
        let last = self.allocation.stages.last();
        let is_over = matches!(
            last,
            Some(
                TierStageResult::Districts(_)
                    | TierStageResult::Quotas(_)
                    | TierStageResult::Shares(_)
                    | TierStageResult::Constituencies(_)
                    | TierStageResult::Persons(_)
            )
        );
        placing
            .skip(usize::from(is_over && self.first_places()))
            .reduce(u32::saturating_add)
    }

    /// Whether the last stage that ran is one of those that place seats: it stands first among them.
    fn first_places(&self) -> bool {
        match self.open_stages().first() {
            Some(TierStage::Quotas(quotas)) => quotas.units == Units::Districts,
            Some(_) => true,
            None => false,
        }
    }

    /// By list: seats that can still come to it everywhere.
    fn gains_of_lists(&self, own: &[Vec<u32>]) -> Vec<u32> {
        let lists = 0..self.contest.districted.lists.len();
        if let Some(due) = &self.seats.due {
            let gain = |list: usize| due[list].saturating_sub(self.seats.list_seats[list]);
            return lists.map(gain).collect();
        }
        // Where lists give seats back, or keep more than is due to them beside a house that grows, a list can be due seats
        // that others hold.
        let moves = self.waits(|stage| {
            let TierStage::Whole { surplus, .. } = stage else {
                return false;
            };
            match surplus {
                Surplus::Returned | Surplus::Added => true,
                Surplus::Kept | Surplus::KeptWithLevel => false,
            }
        });
        let grows = self.waits(|stage| matches!(stage, TierStage::Majority));
        let pending = self.seats.pending;
        let house = u32::try_from(self.contest.house()).unwrap_or(u32::MAX);
        lists
            .map(|list| {
                let of_ties = own.iter().map(|line| line[list]);
                let of_ties = of_ties
                    .fold(self.regional(list), u32::saturating_add)
                    .min(pending);
                match (self.may(list, of_ties), moves) {
                    (false, _) => of_ties,
                    // More than half of what the house then has, even if it held none and others all.
                    (true, _) if grows => house.saturating_add(1),
                    (true, false) => pending,
                    (true, true) => house
                        .saturating_sub(self.seats.list_seats[list])
                        .max(pending),
                }
            })
            .collect()
    }

    /// Seats that ties of regions, of remainders and of the house itself can give a list.
    fn regional(&self, list: usize) -> u32 {
        let tied = |allocation: &Allocation| {
            let is_tied = allocation.lists[list].tied;
            if is_tied { allocation.pending } else { 0 }
        };
        let stages = self.rules.stages.iter().zip(&self.allocation.stages);
        let gains = stages.map(|(stage, result)| match (stage, result) {
            (TierStage::Quotas(quotas), TierStageResult::Quotas(results))
                if quotas.units == Units::Regions =>
            {
                let units = results.iter().filter_map(|unit| unit.allocation.as_ref());
                units.map(tied).sum()
            }
            (_, TierStageResult::Remainders(result)) => result.allocation.as_ref().map_or(0, tied),
            _ => 0,
        });
        gains.sum()
    }

    /// Whether a list may take part in a stage that says what is due, or hands seats out, and has not settled it.
    fn may(&self, list: usize, of_ties: u32) -> bool {
        if self.votes(list) == 0 {
            return false;
        }
        let ran = self.allocation.stages.len().saturating_sub(1);
        let waiting = self.rules.stages[ran..].iter().enumerate();
        for (number, stage) in waiting {
            let result = (number == 0)
                .then(|| self.allocation.stages.last())
                .flatten();
            let may = match (stage, result) {
                // Behind the distribution of the house no other list comes in, unless first places are open.
                (TierStage::Whole { .. }, Some(TierStageResult::Whole(whole)))
                    if !whole.rounds.is_empty() =>
                {
                    whole.admitted[list]
                }
                // What ran and is no distribution of the house has its own ties alone.
                (TierStage::Districts { .. } | TierStage::Quotas(_), Some(_)) => false,
                (TierStage::Whole { admission, .. }, _) => self.admits(admission, list, of_ties),
                (TierStage::Districts { admission, .. }, None) => {
                    self.admits(admission, list, of_ties)
                }
                (TierStage::Quotas(quotas), None) => self.admits(&quotas.admission, list, of_ties),
                (TierStage::Remainders { .. } | TierStage::Persons { .. }, _) => true,
                (TierStage::Constituencies, None) => true,
                _ => false,
            };
            if may {
                return true;
            }
        }
        false
    }

    fn votes(&self, list: usize) -> u128 {
        let districts = self.contest.districted.districts.iter();
        districts
            .map(|district| u128::from(district.votes[list]))
            .sum()
    }

    /// Whether a list may be let in. A share is known; seats and first places can still come.
    fn admits(&self, admission: &Admission, list: usize, of_ties: u32) -> bool {
        let Admission {
            overall,
            here,
            constituencies_won,
            seats_won,
            regions_average,
        } = admission;
        if *admission == Admission::default() || self.contest.districted.lists[list].exempt {
            return true;
        }
        let of_all = overall.as_ref().is_some_and(|threshold| {
            let whole = self.contest.districted.whole();
            whole.is_ok_and(|whole| passes(threshold, &whole, list))
        });
        let of_one = here.as_ref().is_some_and(|threshold| {
            let districted = &self.contest.districted;
            let districts = (0..).map_while(|district| districted.district(district));
            districts
                .into_iter()
                .any(|district| passes(threshold, &district, list))
        });
        let first_places = constituencies_won.is_some_and(|needed| {
            let constituencies = self.contest.constituencies.iter();
            let in_reach = constituencies.filter(|one| match one.first() {
                Some(first) => first == list,
                None => one.leading().contains(&list),
            });
            u32::try_from(in_reach.count()).is_ok_and(|count| count >= needed)
        });
        let seats = self.seats.list_seats[list].saturating_add(of_ties);
        of_all
            || of_one
            || first_places
            || seats_won.is_some_and(|needed| seats >= needed)
            // Shares of regions are left to the engine.
            || regions_average.is_some()
    }
}

/// Whether a list has the share; a count that is missing is refused elsewhere.
fn passes(threshold: &Threshold, contest: &Contest, list: usize) -> bool {
    let entry = &contest.lists[list];
    let base = match threshold.base {
        ThresholdBase::ListVotes => Some(contest.list_votes()),
        ThresholdBase::ValidVotes => contest.base.valid_votes.map(u128::from),
        ThresholdBase::ValidAndAgainstAll => contest.base.valid_and_against_all.map(u128::from),
        ThresholdBase::BallotsInBox => contest.base.ballots_in_box.map(u128::from),
        ThresholdBase::BallotsIssued => contest.base.ballots_issued.map(u128::from),
    };
    let Some(base) = base else { return true };
    let share = threshold.share_for(entry.coalition_size);
    // A count has at most 64 bits, or is a sum of that many of at most 1,000 lists, and a share has 32.
    let (votes, needed) = (
        u128::from(entry.votes) * u128::from(share.denominator),
        base * u128::from(share.numerator),
    );
    entry.votes > 0
        && match threshold.comparison {
            Comparison::AtLeast => votes >= needed,
            Comparison::MoreThan => votes > needed,
        }
}
