//! Recorded lots, which name districts and lists by their ids, as the engine takes them.

use super::names::Names;
use crate::allocation::stage_at;
use crate::event::{PlacesLot, PlacesStage, TiedPlace};
use crate::ids::OptionId;
use apportionment::Lot;
use apportionment::double_proportional::{Cell, CellLot};
use apportionment::tiers::{
    FirstPlace, Place, PlaceLot, TierContest, TierLot, TierLots, TierRules, TierStage, Units,
};
use std::collections::BTreeSet;

/// The recorded lots of one contest, each with its position among them.
pub(super) type Drawn<'a> = Vec<(usize, &'a PlacesLot)>;

/// Lots of tiers, and where each was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TierLotsOf {
    /// As the engine takes them.
    pub lots: TierLots,
    /// The recorded lot of each lot inside a sub-allocation.
    pub inside: Vec<usize>,
    /// The recorded lot of each lot for a placed or covered seat.
    pub places: Vec<usize>,
    /// Recorded lots that say who came first in a constituency.
    pub first_places: Vec<usize>,
    /// Recorded lots that name no tie which these rules can have, or a constituency without that tie.
    pub void: Vec<usize>,
}

/// Lots of double proportional seats, and where each was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CellLots {
    /// Of the upper apportionment, as the engine takes them.
    pub lists: Vec<Lot>,
    /// Of the lower apportionment, as the engine takes them.
    pub cells: Vec<CellLot>,
    /// The recorded lot of each lot of the upper apportionment.
    pub lists_recorded: Vec<usize>,
    /// The recorded lot of each lot of the lower apportionment.
    pub cells_recorded: Vec<usize>,
    /// Recorded lots that name no tie which these rules can have.
    pub void: Vec<usize>,
}

impl TierLotsOf {
    /// The lots, and the contest with the constituencies in which a lot said who came first.
    pub(super) fn of(
        names: &Names,
        rules: &TierRules,
        mut contest: TierContest,
        drawn: Drawn<'_>,
    ) -> (Self, TierContest) {
        let mut lots = Self::default();
        for (recorded, lot) in drawn {
            if lot.at.stage == PlacesStage::FIRST_PLACE {
                match first_place(names, &mut contest, lot) {
                    Some(()) => lots.first_places.push(recorded),
                    None => lots.void.push(recorded),
                }
                continue;
            }
            let at = usize::try_from(lot.at.stage).ok();
            let stage = at.and_then(|at| Some((at, rules.stages.get(at)?)));
            match stage.and_then(|(at, stage)| tier_lot(names, at, stage, lot)) {
                Some(AnyLot::Inside(lot)) => {
                    lots.lots.inside.push(lot);
                    lots.inside.push(recorded);
                }
                Some(AnyLot::Place(lot)) => {
                    lots.lots.places.push(lot);
                    lots.places.push(recorded);
                }
                None => lots.void.push(recorded),
            }
        }
        (lots, contest)
    }
}

enum AnyLot {
    Inside(TierLot),
    Place(PlaceLot),
}

fn tier_lot(names: &Names, at: usize, stage: &TierStage, lot: &PlacesLot) -> Option<AnyLot> {
    let list = |place: &TiedPlace| names.list(&place.option);
    let district = |place: &TiedPlace| names.district(place.district.as_ref()?);
    let region = |place: &TiedPlace| {
        let mut regions = names.regions.iter();
        regions.position(|id| Some(id) == place.district.as_ref())
    };
    let place = |place: &TiedPlace, district: usize| {
        Some(Place {
            district,
            list: list(place)?,
            constituency: constituency(names, place)?,
        })
    };
    let inside = |part: usize, competitor: &dyn Fn(&TiedPlace) -> Option<usize>| {
        let all = |places: &[TiedPlace]| places.iter().map(competitor).collect::<Option<_>>();
        Some(AnyLot::Inside(TierLot {
            stage: at,
            part,
            lot: Lot {
                stage: stage_at(lot.at.inner)?,
                lists: all(&lot.tied)?,
                seats_at_stake: lot.seats,
                winners: all(&lot.winners)?,
            },
        }))
    };
    let placed = |to: &dyn Fn(&TiedPlace) -> Option<Place>| {
        let [winner] = lot.winners.as_slice() else {
            return None;
        };
        Some(AnyLot::Place(PlaceLot {
            stage: at,
            tied: lot.tied.iter().map(to).collect::<Option<_>>()?,
            winner: to(winner)?,
        }))
    };
    match stage {
        TierStage::Districts { .. } => inside(same(&lot.tied, district)?, &list),
        TierStage::SeatsOfDistricts { .. } => inside(0, &district),
        TierStage::Remainders { .. } => inside(0, &list),
        TierStage::Quotas(quotas) => match quotas.units {
            Units::Districts => inside(same(&lot.tied, district)?, &list),
            Units::Regions => inside(same(&lot.tied, region)?, &list),
        },
        // Who came first in a constituency is drawn by a lot of its own.
        TierStage::Constituencies
        | TierStage::Persons { .. }
        | TierStage::Above
        | TierStage::Bonus(_)
        | TierStage::Majority => None,
        TierStage::Whole { .. } => inside(usize::try_from(lot.at.round).ok()?, &list),
        TierStage::Shares { .. } => inside(same(&lot.tied, list)?, &district),
        TierStage::Regions(_) => placed(&|tied| place(tied, region(tied)?)),
        TierStage::Return(_) | TierStage::Place(_) | TierStage::Inside(_) | TierStage::Cover => {
            placed(&|tied| place(tied, district(tied)?))
        }
    }
}

/// The constituency of a place: `Some(None)` where it names none.
fn constituency(names: &Names, place: &TiedPlace) -> Option<Option<usize>> {
    let Some(id) = &place.constituency else {
        return Some(None);
    };
    let position = names.constituencies.iter().position(|known| known == id);
    position.map(Some)
}

/// What all of them have.
fn same(places: &[TiedPlace], of: impl Fn(&TiedPlace) -> Option<usize>) -> Option<usize> {
    let first = of(places.first()?)?;
    let all = places.iter().all(|place| of(place) == Some(first));
    all.then_some(first)
}

/// Takes over who came first by a lot, if exactly the tied ones have the most votes: persons of lists, and persons without one
/// who are level with them.
fn first_place(names: &Names, contest: &mut TierContest, lot: &PlacesLot) -> Option<()> {
    let number = same(&lot.tied, |place| constituency(names, place)?)?;
    let tied: BTreeSet<&OptionId> = lot.tied.iter().map(|place| &place.option).collect();
    let constituency = contest.constituencies.get_mut(number)?;
    let lists = constituency.leading().into_iter();
    let level = constituency.is_open_without_list();
    let outside = names.outsiders.get(number).filter(|_| level);
    let leading = lists.map(|list| &names.lists[list]);
    let leading: BTreeSet<&OptionId> = leading.chain(outside.into_iter().flatten()).collect();
    let [winner] = lot.winners.as_slice() else {
        return None;
    };
    (leading == tied && constituency.drawn.is_none()).then_some(())?;
    constituency.drawn = Some(match names.list(&winner.option) {
        Some(list) => FirstPlace::List(list),
        None => FirstPlace::WithoutList,
    });
    Some(())
}

impl CellLots {
    pub(super) fn of(names: &Names, drawn: Drawn<'_>) -> Self {
        let mut lots = Self::default();
        for (recorded, lot) in drawn {
            let known = match lot.at.stage {
                PlacesStage::LISTS => upper_lot(names, lot).map(|upper| {
                    lots.lists.push(upper);
                    lots.lists_recorded.push(recorded);
                }),
                PlacesStage::CELLS => cell_lot(names, lot).map(|cells| {
                    lots.cells.push(cells);
                    lots.cells_recorded.push(recorded);
                }),
                _ => None,
            };
            if known.is_none() {
                lots.void.push(recorded);
            }
        }
        lots
    }
}

fn upper_lot(names: &Names, lot: &PlacesLot) -> Option<Lot> {
    let list = |place: &TiedPlace| names.list(&place.option);
    let all = |places: &[TiedPlace]| places.iter().map(list).collect::<Option<_>>();
    Some(Lot {
        stage: stage_at(lot.at.inner)?,
        lists: all(&lot.tied)?,
        seats_at_stake: lot.seats,
        winners: all(&lot.winners)?,
    })
}

fn cell_lot(names: &Names, lot: &PlacesLot) -> Option<CellLot> {
    let cell = |place: &TiedPlace| {
        Some(Cell {
            district: names.district(place.district.as_ref()?)?,
            list: names.list(&place.option)?,
        })
    };
    let all = |places: &[TiedPlace]| places.iter().map(cell).collect::<Option<_>>();
    Some(CellLot {
        cells: all(&lot.tied)?,
        seats_at_stake: lot.seats,
        winners: all(&lot.winners)?,
    })
}
