//! Open ties of an answer by the ids of districts and lists, as a lot names them.

use super::answer::DistrictedAllocation;
use super::names::Names;
use super::question::{Asked, DistrictedQuestion};
use crate::allocation::stage_number;
use crate::event::{PlacesStage, TiedPlace};
use crate::ids::{DistrictId, OptionId};
use apportionment::Allocation;
use apportionment::double_proportional::DoubleAllocation;
use apportionment::tiers::{
    Place, PlaceTie, TierAllocation, TierStage, TierStageResult, Units, WholeResult,
};

/// A tie that is open: a lot for it names exactly this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacesTie {
    /// Where it stands.
    pub at: PlacesStage,
    /// The places that tie, ascending.
    pub tied: Vec<TiedPlace>,
    /// How many of them get a seat.
    pub seats: u32,
}

/// All ties that are open.
#[must_use]
pub fn open_ties(
    question: &DistrictedQuestion,
    allocation: &DistrictedAllocation,
) -> Vec<PlacesTie> {
    let finder = Finder {
        names: &question.names,
    };
    let mut ties = match allocation {
        DistrictedAllocation::Tiers(allocation) => finder.of_tiers(question, allocation),
        DistrictedAllocation::DoubleProportional(allocation) => finder.of_cells(allocation),
    };
    ties.iter_mut().for_each(|tie| tie.tied.sort());
    ties
}

struct Finder<'a> {
    names: &'a Names,
}

impl Finder<'_> {
    fn of_tiers(
        &self,
        question: &DistrictedQuestion,
        allocation: &TierAllocation,
    ) -> Vec<PlacesTie> {
        let mut ties = Vec::new();
        for (stage, result) in (0_u32..).zip(&allocation.stages) {
            let at = PlacesStage {
                stage,
                round: 0,
                inner: 0,
            };
            match result {
                TierStageResult::Districts(results) => {
                    for (district, result) in results.iter().enumerate() {
                        let place = |list: usize| self.place(Some(district), list);
                        ties.extend(inside(at, &result.allocation, place));
                    }
                }
                TierStageResult::SeatsOfDistricts(allocation) => {
                    // Districts compete here, and no list.
                    let place = |district: usize| TiedPlace {
                        district: self.names.districts.get(district).cloned(),
                        option: self.names.lists[0].clone(),
                        constituency: None,
                    };
                    ties.extend(inside(at, allocation, place));
                }
                TierStageResult::Constituencies(result) => {
                    let undecided = result.undecided.iter();
                    ties.extend(undecided.map(|number| self.first_place(question, *number)));
                }
                TierStageResult::Quotas(results) => {
                    let regions = is_of_regions(question, stage);
                    for (unit, result) in results.iter().enumerate() {
                        let place = |list: usize| {
                            if regions {
                                TiedPlace {
                                    district: self.names.regions.get(unit).cloned(),
                                    ..self.place(None, list)
                                }
                            } else {
                                self.place(Some(unit), list)
                            }
                        };
                        let allocation = result.allocation.iter();
                        ties.extend(allocation.flat_map(|entry| inside(at, entry, place)));
                    }
                }
                TierStageResult::Remainders(result) => {
                    let place = |list: usize| self.place(None, list);
                    let allocation = result.allocation.iter();
                    ties.extend(allocation.flat_map(|entry| inside(at, entry, place)));
                }
                TierStageResult::Persons(_)
                | TierStageResult::Above(_)
                | TierStageResult::Bonus
                | TierStageResult::Majority(_) => {}
                TierStageResult::Whole(result) => {
                    for (round, entry) in (0_u32..).zip(&result.rounds) {
                        let at = PlacesStage { round, ..at };
                        ties.extend(inside(at, &entry.allocation, |list| self.place(None, list)));
                    }
                    if result.rounds.is_empty() && result.due.is_none() {
                        ties.extend(self.first_places(question, result));
                    }
                }
                TierStageResult::Shares(results) => {
                    for (list, allocation) in results.iter().enumerate() {
                        let place = |district: usize| self.place(Some(district), list);
                        ties.extend(allocation.iter().flat_map(|entry| inside(at, entry, place)));
                    }
                }
                TierStageResult::Return(result) => {
                    ties.extend(self.placed(at, result.tie.as_ref()))
                }
                TierStageResult::Place(result) => ties.extend(self.placed(at, result.tie.as_ref())),
                TierStageResult::Regions(result) => {
                    let tie = result.tie.as_ref();
                    ties.extend(tie.map(|tie| one_of(at, tie, |place| self.in_region(place))));
                }
                TierStageResult::Inside(results) => {
                    let all = results.iter().map(|result| result.tie.as_ref());
                    ties.extend(all.filter_map(|tie| self.placed(at, tie)));
                }
                TierStageResult::Cover(result) => {
                    let all = result.lines.iter().map(|line| line.tie.as_ref());
                    ties.extend(all.filter_map(|tie| self.placed(at, tie)));
                    let undecided = result.undecided.iter();
                    ties.extend(undecided.map(|number| self.first_place(question, *number)));
                }
            }
        }
        ties
    }

    fn of_cells(&self, allocation: &DoubleAllocation) -> Vec<PlacesTie> {
        let at = |stage: u32| PlacesStage {
            stage,
            round: 0,
            inner: 0,
        };
        let place = |list: usize| self.place(None, list);
        let mut ties = inside(at(PlacesStage::LISTS), &allocation.upper, place);
        let cells = allocation.lower.iter().flat_map(|lower| &lower.ties);
        let cells = cells.filter(|tie| tie.winners.is_none());
        ties.extend(cells.map(|tie| {
            PlacesTie {
                at: at(PlacesStage::CELLS),
                tied: tie
                    .cells
                    .iter()
                    .map(|cell| self.place(Some(cell.district), cell.list))
                    .collect(),
                seats: tie.seats_at_stake(),
            }
        }));
        ties
    }

    fn placed(&self, at: PlacesStage, tie: Option<&PlaceTie>) -> Option<PlacesTie> {
        tie.map(|tie| one_of(at, tie, |place| self.by_ids(place)))
    }

    /// Constituencies where a first place that is open can let a list in that is not let in yet, or take a seat from lists.
    fn first_places(&self, question: &DistrictedQuestion, result: &WholeResult) -> Vec<PlacesTie> {
        let Asked::Tiers { contest, .. } = &question.asked else {
            return Vec::new();
        };
        let open = contest.constituencies.iter().enumerate();
        open.filter(|(_, constituency)| {
            let leading = constituency.leading();
            let matters = leading.iter().any(|list| !result.admitted[*list]);
            let hangs = leading.len() > 1 && constituency.first().is_none() && matters;
            hangs || constituency.is_open_without_list()
        })
        .map(|(number, _)| self.first_place(question, number))
        .collect()
    }

    fn first_place(&self, question: &DistrictedQuestion, number: usize) -> PlacesTie {
        let leading = match &question.asked {
            Asked::Tiers { contest, .. } => contest.constituencies.get(number),
            Asked::DoubleProportional { .. } => None,
        };
        let tied = leading.map(|constituency| {
            let places = constituency.leading().into_iter().map(|list| Place {
                district: constituency.district,
                list,
                constituency: Some(number),
            });
            let places: Vec<TiedPlace> = places.map(|place| self.by_ids(place)).collect();
            let level = constituency.is_open_without_list();
            let outside = self.names.outsiders.get(number).filter(|_| level);
            let outside = outside.into_iter().flatten().map(|option| TiedPlace {
                district: Some(self.names.districts[constituency.district].clone()),
                option: option.clone(),
                constituency: self.names.constituencies.get(number).cloned(),
            });
            places.iter().cloned().chain(outside).collect()
        });
        PlacesTie {
            at: PlacesStage {
                stage: PlacesStage::FIRST_PLACE,
                round: 0,
                inner: 0,
            },
            tied: tied.unwrap_or_default(),
            seats: 1,
        }
    }

    fn place(&self, district: Option<usize>, list: usize) -> TiedPlace {
        TiedPlace {
            district: district.map(|district| self.names.districts[district].clone()),
            option: self.names.lists[list].clone(),
            constituency: None,
        }
    }

    fn by_ids(&self, place: Place) -> TiedPlace {
        let constituency = place.constituency;
        TiedPlace {
            constituency: constituency.map(|number| self.names.constituencies[number].clone()),
            ..self.place(Some(place.district), place.list)
        }
    }

    fn in_region(&self, place: Place) -> TiedPlace {
        let region: Option<&DistrictId> = self.names.regions.get(place.district);
        let option: &OptionId = &self.names.lists[place.list];
        TiedPlace {
            district: region.cloned(),
            option: option.clone(),
            constituency: None,
        }
    }
}

/// Whether the stage of this number hands out seats by quotas of regions.
fn is_of_regions(question: &DistrictedQuestion, stage: u32) -> bool {
    let Asked::Tiers { rules, .. } = &question.asked else {
        return false;
    };
    let stage = usize::try_from(stage)
        .ok()
        .and_then(|stage| rules.stages.get(stage));
    matches!(stage, Some(TierStage::Quotas(quotas)) if quotas.units == Units::Regions)
}

fn inside(
    at: PlacesStage,
    allocation: &Allocation,
    place: impl Fn(usize) -> TiedPlace,
) -> Vec<PlacesTie> {
    let open = allocation.open_ties();
    open.map(|tie| PlacesTie {
        at: PlacesStage {
            inner: stage_number(tie.at),
            ..at
        },
        tied: tie
            .open
            .iter()
            .map(|&competitor| place(competitor))
            .collect(),
        seats: tie.open_seats,
    })
    .collect()
}

fn one_of(at: PlacesStage, tie: &PlaceTie, place: impl Fn(Place) -> TiedPlace) -> PlacesTie {
    PlacesTie {
        at,
        tied: tie.tied.iter().map(|&tied| place(tied)).collect(),
        seats: 1,
    }
}
