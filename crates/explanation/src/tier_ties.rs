//! Ties of tiers: places with equal numbers, how each can end with the seats of all lists, lots that were drawn, and those
//! that were not used.

use crate::document::Document;
use crate::language::{Language, Messages};
use crate::outcomes::lot_of;
use crate::tie::{OUTCOMES_MAX, choices, seats_of_all, subsets};
use crate::tiers::Writer;
use apportionment::tiers::{
    Constituency, FirstPlace, PlaceLot, PlaceTie, TierAllocation, TierLot, TierStageResult,
    WholeResult, allocate,
};
use apportionment::{Allocation, TieBreak};

/// A lot that was drawn for a tie which does not arise, has changed, or was settled before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoidPlaces {
    /// What the places that it names are called.
    pub places: Vec<String>,
    /// Seats at stake, as it says.
    pub seats: u32,
}

/// What ends a tie.
enum Ending {
    Inside(TierLot),
    Place(PlaceLot),
    /// A constituency and the list whose person comes first in it.
    FirstPlace(usize, FirstPlace),
}

impl Writer<'_> {
    /// Equal numbers of which not all can have a seat.
    pub fn place_tie(&mut self, tie: Option<&PlaceTie>) {
        let Some(tie) = tie else { return };
        let places: Vec<String> = tie.tied.iter().map(|place| self.place(*place)).collect();
        let key = self.messages.numbers.exact(tie.key);
        let values = [("key", key.into()), ("places", places.join("; ").into())];
        self.paragraph("districts.tied", &values);
        let endings = tie.tied.iter().zip(places);
        let endings = endings.map(|(winner, label)| {
            let lot = PlaceLot {
                stage: self.stage,
                tied: tie.tied.clone(),
                winner: *winner,
            };
            (label, Ending::Place(lot))
        });
        let endings = endings.collect();
        self.endings(endings);
    }

    /// The open ties inside a sub-allocation, each by how it can end. Who competes in it has these names.
    pub fn endings_inside(&mut self, names: &[String], part: usize, allocation: &Allocation) {
        for tie in allocation.open_ties() {
            let wanted = choices(tie.open.len(), tie.open_seats);
            if wanted.is_none_or(|outcomes| outcomes > OUTCOMES_MAX) {
                continue;
            }
            let size = usize::try_from(tie.open_seats).unwrap_or(usize::MAX);
            let endings = subsets(&tie.open, size).into_iter().map(|winners| {
                let label: Vec<String> = winners.iter().map(|one| names[*one].clone()).collect();
                let lot = TierLot {
                    stage: self.stage,
                    part,
                    lot: lot_of(tie, winners),
                };
                (self.messages.all_of(&label), Ending::Inside(lot))
            });
            let endings = endings.collect();
            self.endings(endings);
        }
    }

    /// Constituencies in which equal votes leave open who comes first.
    pub fn first_places(&mut self, undecided: &[usize]) {
        if undecided.is_empty() {
            return;
        }
        self.paragraph("tie.needs_lot", &[]);
        for &number in undecided {
            let constituency = &self.subject.contest.constituencies[number];
            let endings = constituency.leading().into_iter().map(|list| {
                let label = self.list(list).to_owned();
                (label, Ending::FirstPlace(number, FirstPlace::List(list)))
            });
            let mut endings: Vec<(String, Ending)> = endings.collect();
            if constituency.is_open_without_list() {
                let label = self.say("districts.without_list", &[]);
                endings.push((label, Ending::FirstPlace(number, FirstPlace::WithoutList)));
            }
            self.endings(endings);
        }
    }

    /// Where nothing is said of the house because a first place is open: which.
    pub fn first_places_open(&mut self, result: &WholeResult) {
        if !result.rounds.is_empty() || result.due.is_some() {
            return;
        }
        let open = self.subject.contest.constituencies.iter().enumerate();
        let open = open.filter(|(_, one)| is_open(one));
        let points = open.map(|(number, one)| {
            let mut names: Vec<String> = one
                .leading()
                .iter()
                .map(|&list| self.list(list).to_owned())
                .collect();
            if one.is_open_without_list() {
                names.push(self.say("districts.without_list", &[]));
            }
            let constituency = self.subject.constituencies[number].as_str();
            let values = [
                ("constituency", constituency.into()),
                ("lists", self.messages.all_of(&names).into()),
            ];
            self.say("districts.first_open", &values)
        });
        let points = points.collect();
        self.document.points(points);
        self.paragraph("districts.house_waits", &[]);
    }

    /// Lots of this stage that decided which place comes first.
    pub fn drawn(&mut self) {
        let void = &self.subject.allocation.void_place_lots;
        let lots = self.subject.lots.places.iter().enumerate();
        let used = lots.filter(|(number, lot)| lot.stage == self.stage && !void.contains(number));
        let points = used.map(|(_, lot)| {
            let places: Vec<String> = lot.tied.iter().map(|place| self.place(*place)).collect();
            let values = [
                ("places", places.join("; ").into()),
                ("winner", self.place(lot.winner).into()),
            ];
            self.say("districts.drawn", &values)
        });
        let points = points.collect();
        self.document.points(points);
    }

    /// Each ending with the seats of all lists everywhere, found by allotting anew. With several open ties it would hang on
    /// the others too, so then only the tie itself is told.
    fn endings(&mut self, endings: Vec<(String, Ending)>) {
        let too_many = u128::try_from(endings.len()).is_ok_and(|count| count > OUTCOMES_MAX);
        if too_many || self.open_ties() != 1 {
            return;
        }
        let ended = endings.into_iter().filter_map(|(label, ending)| {
            let ended = self.ended(ending)?;
            Some((label, ended))
        });
        let ended: Vec<(String, TierAllocation)> = ended.collect();
        let seats = |ended: &TierAllocation| ended.list_seats();
        let same = ended
            .windows(2)
            .all(|pair| seats(&pair[0].1) == seats(&pair[1].1));
        if same && ended.iter().all(|(_, ended)| ended.pending == 0) {
            self.paragraph("districts.same_in_all", &[]);
            return;
        }
        self.paragraph("districts.endings", &[]);
        let rows = ended.iter().map(|(label, ended)| {
            let shown = seats_of_all(self.messages, self.subject.lists, &seats(ended));
            let shown = match ended.pending {
                0 => shown,
                _ => format!("{shown} {}", self.say("tie.still_tied", &[])),
            };
            vec![label.clone(), shown]
        });
        let rows = rows.collect();
        let header = ["columns.outcome", "columns.then"].map(|key| self.say(key, &[]));
        self.document.table(header.to_vec(), 1..2, rows);
    }

    fn ended(&self, ending: Ending) -> Option<TierAllocation> {
        let mut rules = self.subject.rules.clone();
        let mut contest = self.subject.contest.clone();
        let mut lots = self.subject.lots.clone();
        if !rules.ties.contains(&TieBreak::Lot) {
            // Lots that settle nothing under the rules as they are must not settle anything here.
            rules.ties.push(TieBreak::Lot);
            lots.inside.clear();
        }
        match ending {
            Ending::Inside(lot) => lots.inside.push(lot),
            Ending::Place(lot) => lots.places.push(lot),
            Ending::FirstPlace(number, first) => {
                contest.constituencies.get_mut(number)?.drawn = Some(first);
            }
        }
        allocate(&contest, &rules, &lots).ok()
    }

    /// Ties that are open in all stages.
    fn open_ties(&self) -> usize {
        let inside = |allocation: &Allocation| allocation.open_ties().count();
        let stages = self.subject.allocation.stages.iter();
        let open = stages.map(|stage| match stage {
            TierStageResult::SeatsOfDistricts(allocation) => inside(allocation),
            TierStageResult::Constituencies(result) => result.undecided.len(),
            TierStageResult::Quotas(results) => {
                let units = results.iter().filter_map(|unit| unit.allocation.as_ref());
                units.map(inside).sum()
            }
            TierStageResult::Remainders(result) => result.allocation.as_ref().map_or(0, inside),
            TierStageResult::Districts(results) => results
                .iter()
                .map(|result| inside(&result.allocation))
                .sum(),
            TierStageResult::Whole(result) => result
                .rounds
                .iter()
                .map(|round| inside(&round.allocation))
                .sum(),
            TierStageResult::Shares(results) => results.iter().flatten().map(inside).sum(),
            TierStageResult::Return(result) => usize::from(result.tie.is_some()),
            TierStageResult::Place(result) | TierStageResult::Regions(result) => {
                usize::from(result.tie.is_some())
            }
            TierStageResult::Inside(results) => {
                results.iter().filter(|result| result.tie.is_some()).count()
            }
            TierStageResult::Cover(result) => {
                let lines = result.lines.iter().filter(|line| line.tie.is_some());
                result.undecided.len() + lines.count()
            }
            TierStageResult::Persons(_)
            | TierStageResult::Above(_)
            | TierStageResult::Bonus
            | TierStageResult::Majority(_) => 0,
        });
        open.sum()
    }
}

/// Whether equal votes leave open who comes first in a constituency.
fn is_open(constituency: &Constituency) -> bool {
    let tied = constituency.leading().len() > 1 && constituency.first().is_none();
    tied || constituency.is_open_without_list()
}

/// Says of lots that they are void because the votes or the rules are others than those they were drawn on; nothing without any.
#[must_use]
pub fn changed_lots(lots: &[VoidPlaces], language: Language) -> Document {
    let mut document = Document::default();
    told(&mut document, language.messages(), lots, "lots.changed");
    document
}

/// Lots that were not used, with the places that they name.
pub(crate) fn void_lots(document: &mut Document, messages: &Messages, void: &[VoidPlaces]) {
    told(document, messages, void, "lots.void_places");
}

fn told(document: &mut Document, messages: &Messages, void: &[VoidPlaces], key: &str) {
    if void.is_empty() {
        return;
    }
    document.heading(2, messages.say("lots.heading", &[]));
    let points = void.iter().map(|lot| {
        let values = [
            ("lists", lot.places.join("; ").into()),
            ("seats", lot.seats.into()),
        ];
        messages.say(key, &values)
    });
    document.points(points.collect());
}
