//! How many ballots can still come: a ceiling for each unit that can still report some, and their sums.
//!
//! The one number that is kept per unit by followers, because no event carries it: a ceiling changes with rolls, turnout,
//! rules and states, not with reports. A moment that is only looked at does without it, and tallies that are kept to be
//! folded on share what did not change between them.
//!
//! A unit with a slot that can still change adds its ceiling less what it has counted. What can still change: everything
//! that is not complete, closed, annulled, merged or not opened, and whatever waits for a reviewer. A counted report that is
//! corrected later is not foreseen: the claim is "unless a counted station is corrected".

use crate::definition::{UNITS_MAX, Unit, UnitKind};
use crate::event::{Slot, SlotMove, SlotState, Turnout};
use crate::ids::UnitId;
use crate::report::UnitStatus;
use crate::rules::{OutstandingRules, StatedBasis};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

mod pieces;
mod restore;
mod sums;
mod waiting;

use pieces::Pieces;
pub(crate) use sums::Accounted;
pub use sums::{BasisSum, CeilingBasis, StillToCome};
use sums::{Bound, Part};
use waiting::{Move, WAITING_MAX};

/// What is known of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct UnitRow {
    roll: Option<u32>,
    issued: Option<u32>,
    district: u16,
    kind: UnitKind,
}

/// What is known of a unit in one contest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct ContestRow {
    /// What its counted tallies account for.
    counted: Accounted,
    /// Slots that can still change.
    open: u8,
    /// Voting was repeated: what was issued the first time bounds nothing.
    is_repeated: bool,
    /// The counting groups, a bit each, of which a report waits that has more ballots than the unit has voters: the ceiling is
    /// in doubt.
    doubted: u8,
}

/// Units that report, or once did, through other ones. What a unit may bring stays in the other one's ceiling for good: too
/// much is safe, and of which of its tallies a status is taken back does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Merged {
    /// By the unit that reports for others.
    through: BTreeMap<u32, BTreeSet<u32>>,
    /// By the unit that others report for.
    into: BTreeMap<u32, BTreeSet<u32>>,
}

/// The ceilings of all units, and what is still to come.
#[derive(Debug, Clone)]
pub(crate) struct Ceilings {
    rules: Option<Arc<OutstandingRules>>,
    /// Ceilings of single units, by id as the rules have them, and by index as far as they are registered.
    stated_ids: Arc<HashMap<UnitId, (u32, StatedBasis)>>,
    stated: Arc<BTreeMap<u32, (u32, StatedBasis)>>,
    merged: Arc<Merged>,
    units: Pieces<UnitRow>,
    /// By unit, then contest.
    rows: Pieces<ContestRow>,
    /// Moves that wait for others while the rules bound nothing and nobody asks: reports come scattered, and rows that are
    /// written together do not each wait for memory.
    waiting: Vec<Move>,
    /// Rows in doubt, at most.
    doubts: usize,
    /// Units that are registered.
    registered: usize,
    votes_per_ballot: u64,
    contests: usize,
    /// By contest, then district.
    sums: Vec<Vec<StillToCome>>,
}

impl Ceilings {
    pub fn new(
        rules: Option<&OutstandingRules>,
        votes_per_ballot: u32,
        (contests, districts): (usize, usize),
    ) -> Self {
        Self {
            rules: rules.map(|rules| Arc::new(rules.clone())),
            stated_ids: Arc::new(stated_ids(rules)),
            stated: Arc::default(),
            merged: Arc::default(),
            units: Pieces::default(),
            rows: Pieces::default(),
            waiting: Vec::new(),
            doubts: 0,
            registered: 0,
            votes_per_ballot: u64::from(votes_per_ballot.max(1)),
            contests,
            sums: vec![vec![StillToCome::default(); districts]; contests],
        }
    }

    /// What is still to come of a contest in a district; `None`: the rules say nothing of it.
    pub fn still_to_come(&self, contest: usize, district: usize) -> Option<StillToCome> {
        self.rules.as_ref()?;
        Some(*self.sums.get(contest)?.get(district)?)
    }

    /// How many units are registered.
    pub fn len(&self) -> usize {
        self.registered
    }

    /// The sums without the units that they are of: enough for a moment that is looked at and never folded on.
    pub fn of_moment(&self) -> Self {
        Self {
            rules: self.rules.clone(),
            stated_ids: Arc::clone(&self.stated_ids),
            stated: Arc::clone(&self.stated),
            merged: Arc::clone(&self.merged),
            units: Pieces::default(),
            rows: Pieces::default(),
            waiting: Vec::new(),
            sums: self.sums.clone(),
            ..*self
        }
    }

    /// Whether it has the units that its sums are of.
    pub fn is_whole(&self) -> bool {
        self.units.len() == self.registered
    }

    /// Clones made after this share the units with it and with each other, as far as nobody writes to them.
    pub fn share(&mut self) {
        self.write();
        self.units.share();
        self.rows.share();
    }

    /// Registers the next unit, `open` of whose slots in each contest are expected to report.
    pub fn register(&mut self, unit: &Unit, district: usize, open: usize) {
        // At most 2,000 districts and 8 counting groups.
        let district = u16::try_from(district).unwrap_or(u16::MAX);
        let open = u8::try_from(open).unwrap_or(u8::MAX);
        let Unit { id, kind, roll, .. } = unit;
        let unit = u32::try_from(self.registered).unwrap_or(u32::MAX);
        self.units.push(UnitRow {
            roll: *roll,
            issued: None,
            district,
            kind: *kind,
        });
        for _ in 0..self.contests {
            self.rows.push(ContestRow {
                open,
                ..ContestRow::default()
            });
        }
        self.registered += 1;
        if let Some(stated) = self.stated_ids.get(id.as_str()) {
            Arc::make_mut(&mut self.stated).insert(unit, *stated);
        }
        self.put_in(unit);
    }

    /// The roll of a unit is another one.
    pub fn set_roll(&mut self, unit: u32, kind: UnitKind, roll: Option<u32>) {
        self.change(unit, |row| {
            row.roll = roll;
            row.kind = kind;
        });
    }

    /// What a unit's last turnout report says.
    pub fn set_turnout(&mut self, unit: u32, turnout: Turnout) {
        let issued = turnout.is_final.then_some(turnout.ballots_issued);
        self.change(unit, |row| row.issued = issued);
    }

    /// A slot moved, and its counted ballots with it.
    pub fn shift(&mut self, slot: Slot, slot_move: SlotMove, before: Accounted, after: Accounted) {
        let (contest, unit) = (usize::from(slot.contest), slot.unit);
        let moved = Move {
            row: self.row(unit, contest),
            before,
            after,
            could_change: can_change(slot_move.before),
            can_change: can_change(slot_move.after),
        };
        let changes_marks = self.doubts > 0 || slot_move.after.status == UnitStatus::RepeatOrdered;
        if self.rules.is_none() && !changes_marks {
            self.waiting.push(moved);
            if self.waiting.len() >= WAITING_MAX {
                self.write();
            }
            return;
        }
        self.write();
        // Of a vote that is repeated the other units know as well through which it is reported.
        let repeats = slot_move.after.status == UnitStatus::RepeatOrdered;
        let others = match repeats {
            true => reached(&self.merged.into, unit),
            false => BTreeSet::new(),
        };
        others
            .iter()
            .for_each(|other| self.take_out_of(*other, contest));
        self.take_out_of(unit, contest);
        if let Some(row) = self.contest_row_mut(unit, contest) {
            row.take(&moved);
            row.is_repeated |= repeats;
            if !slot_move.after.pending {
                row.doubted &= !group_bit(slot);
            }
        }
        self.put_into(unit, contest);
        others
            .iter()
            .for_each(|other| self.put_into(*other, contest));
    }

    /// A report waits that has more ballots than the unit's roll allows.
    pub fn doubt(&mut self, slot: Slot) {
        let (contest, unit) = (usize::from(slot.contest), slot.unit);
        self.take_out_of(unit, contest);
        self.doubts += 1;
        if let Some(row) = self.contest_row_mut(unit, contest) {
            row.doubted |= group_bit(slot);
        }
        self.put_into(unit, contest);
    }

    /// A unit reports through another one from now on.
    pub fn merge(&mut self, unit: u32, into: u32) {
        if unit == into || self.is_merged(unit, into) {
            return;
        }
        let mut touched = reached(&self.merged.into, into);
        touched.insert(into);
        touched.iter().for_each(|unit| self.take_out_alone(*unit));
        let merged = Arc::make_mut(&mut self.merged);
        merged.into.entry(unit).or_default().insert(into);
        merged.through.entry(into).or_default().insert(unit);
        touched.iter().for_each(|unit| self.put_in_alone(*unit));
    }

    /// Whether a unit has been said to report through another one.
    pub fn is_merged(&self, unit: u32, into: u32) -> bool {
        let known = self.merged.into.get(&unit);
        known.is_some_and(|known| known.contains(&into))
    }

    /// Other rules hold from now on. O(units).
    pub fn set_rules<'a>(
        &mut self,
        rules: Option<&OutstandingRules>,
        ids: impl Iterator<Item = &'a str>,
    ) {
        if self.rules.as_deref() == rules {
            return;
        }
        let both = self.rules.as_deref().zip(rules);
        if both.is_some_and(|(own, other)| own.bounds_as(other)) {
            self.rules = rules.map(|rules| Arc::new(rules.clone()));
            return;
        }
        self.write();
        self.rules = rules.map(|rules| Arc::new(rules.clone()));
        self.stated_ids = Arc::new(stated_ids(rules));
        self.name(ids);
        self.sum_again();
    }

    /// Looks for the units that have ceilings of their own.
    fn name<'a>(&mut self, ids: impl Iterator<Item = &'a str>) {
        let known = &self.stated_ids;
        let ids = (0_u32..).zip(ids).filter(|_| !known.is_empty());
        let stated = ids.filter_map(|(unit, id)| Some((unit, *known.get(id)?)));
        self.stated = Arc::new(stated.collect());
    }

    /// All sums anew. O(units).
    fn sum_again(&mut self) {
        for sum in self.sums.iter_mut().flatten() {
            *sum = StillToCome::default();
        }
        for unit in (0_u32..).take(self.registered) {
            self.put_in_alone(unit);
        }
    }

    fn change(&mut self, unit: u32, change: impl FnOnce(&mut UnitRow)) {
        self.take_out(unit);
        if let Some(row) = self.units.get_mut(index(unit)) {
            change(row);
        }
        self.put_in(unit);
    }

    // A unit that reports through others changes their ceilings with its own.
    fn take_out(&mut self, unit: u32) {
        self.take_out_alone(unit);
        for other in reached(&self.merged.into, unit) {
            self.take_out_alone(other);
        }
    }

    fn put_in(&mut self, unit: u32) {
        self.put_in_alone(unit);
        for other in reached(&self.merged.into, unit) {
            self.put_in_alone(other);
        }
    }

    fn take_out_alone(&mut self, unit: u32) {
        (0..self.contests).for_each(|contest| self.take_out_of(unit, contest));
    }

    fn put_in_alone(&mut self, unit: u32) {
        (0..self.contests).for_each(|contest| self.put_into(unit, contest));
    }

    // Without rules there are no sums: rules that come later sum everything up.
    fn take_out_of(&mut self, unit: u32, contest: usize) {
        if self.rules.is_none() {
            return;
        }
        let part = self.part(unit, contest);
        if let Some(sum) = self.sum_mut(unit, contest) {
            sum.subtract(part);
        }
    }

    fn put_into(&mut self, unit: u32, contest: usize) {
        if self.rules.is_none() {
            return;
        }
        let part = self.part(unit, contest);
        if let Some(sum) = self.sum_mut(unit, contest) {
            sum.add(part);
        }
    }

    fn sum_mut(&mut self, unit: u32, contest: usize) -> Option<&mut StillToCome> {
        let district = usize::from(self.unit_row(unit)?.district);
        self.sums.get_mut(contest)?.get_mut(district)
    }

    /// What a unit adds to the sum of its district in a contest.
    fn part(&self, unit: u32, contest: usize) -> Part {
        let row = self.contest_row(unit, contest).filter(|row| row.open > 0);
        let Some(row) = row else {
            return Part {
                bound: Bound::Nothing,
                is_repeated: false,
                has_begun: false,
            };
        };
        let Accounted { ballots, votes } = row.counted;
        let per_ballot = self.votes_per_ballot;
        // More than the ceiling is counted, or waits: it was none.
        let bound = match self.ceiling(unit, contest) {
            Some((most, basis))
                if most >= ballots
                    && most.saturating_mul(per_ballot) >= votes
                    && row.doubted == 0 =>
            {
                let by_votes = most.saturating_mul(per_ballot) - votes;
                Bound::Ceiling {
                    basis,
                    ballots: (most - ballots).max(by_votes.div_ceil(per_ballot)),
                    by_ballots: most - ballots,
                    by_votes,
                }
            }
            Some(_) | None => Bound::None,
        };
        let mut voters = reached(&self.merged.through, unit)
            .into_iter()
            .chain([unit]);
        Part {
            bound,
            is_repeated: voters.any(|unit| self.is_repeated(unit, contest)),
            has_begun: row.counted != Accounted::default(),
        }
    }

    fn is_repeated(&self, unit: u32, contest: usize) -> bool {
        let row = self.contest_row(unit, contest);
        row.is_some_and(|row| row.is_repeated)
    }

    /// The most ballots of a unit in a contest, with those of the units that report through it.
    fn ceiling(&self, unit: u32, contest: usize) -> Option<(u64, CeilingBasis)> {
        let mut ceiling = self.own_ceiling(unit, self.is_repeated(unit, contest))?;
        for other in reached(&self.merged.through, unit) {
            let is_repeated = self.is_repeated(other, contest);
            let (ballots, basis) = self.own_ceiling(other, is_repeated)?;
            ceiling = (ceiling.0.saturating_add(ballots), ceiling.1.max(basis));
        }
        Some(ceiling)
    }

    /// What was issued at close; without it the least of all others that bound a unit, of equal ones the strongest. More may have
    /// been issued than they say: then they were none.
    fn own_ceiling(&self, unit: u32, is_repeated: bool) -> Option<(u64, CeilingBasis)> {
        let rules = self.rules.as_deref()?;
        let row = self.unit_row(unit)?;
        let issued = row.issued.filter(|_| rules.issued_at_close && !is_repeated);
        if let Some(issued) = issued {
            return Some((u64::from(issued), CeilingBasis::BallotsIssued));
        }
        let roll = row.roll.zip(rules.roll);
        let roll = roll.map(|(roll, ceiling)| (ceiling.ballots(roll), CeilingBasis::Roll));
        let stated = self.stated.get(&unit).copied();
        let stated = stated.map(|(ballots, basis)| (u64::from(ballots), CeilingBasis::from(basis)));
        let known = [stated, roll].into_iter().flatten().min();
        known.or_else(|| {
            let entry = rules.kinds.iter().find(|entry| entry.kind == row.kind)?;
            Some((u64::from(entry.ballots), CeilingBasis::from(entry.basis)))
        })
    }

    fn unit_row(&self, unit: u32) -> Option<&UnitRow> {
        self.units.get(index(unit))
    }

    fn row(&self, unit: u32, contest: usize) -> usize {
        index(unit) * self.contests + contest
    }

    fn contest_row(&self, unit: u32, contest: usize) -> Option<&ContestRow> {
        self.rows.get(self.row(unit, contest))
    }

    fn contest_row_mut(&mut self, unit: u32, contest: usize) -> Option<&mut ContestRow> {
        let row = self.row(unit, contest);
        self.rows.get_mut(row)
    }
}

/// A state in which ballots of a slot can still come. A status that the commission has set ends it, but what waits for a
/// reviewer may still come in.
pub(crate) const fn can_change(state: SlotState) -> bool {
    match state.status {
        UnitStatus::Expected
        | UnitStatus::Open
        | UnitStatus::Partial
        | UnitStatus::UnderRecount
        | UnitStatus::RepeatOrdered => true,
        UnitStatus::NotOpened
        | UnitStatus::Complete
        | UnitStatus::Closed
        | UnitStatus::Annulled
        | UnitStatus::Merged => state.pending,
    }
}

// At most 8 counting groups.
fn group_bit(slot: Slot) -> u8 {
    1_u8.checked_shl(slot.counting_group.into()).unwrap_or(0)
}

fn stated_ids(rules: Option<&OutstandingRules>) -> HashMap<UnitId, (u32, StatedBasis)> {
    let entries = rules.iter().flat_map(|rules| &rules.units);
    entries
        .map(|entry| (entry.id.clone(), (entry.ballots, entry.basis)))
        .collect()
}

/// The other units that are reached from one, in however many steps.
fn reached(steps: &BTreeMap<u32, BTreeSet<u32>>, unit: u32) -> BTreeSet<u32> {
    let mut known = BTreeSet::new();
    let mut waiting: Vec<u32> = steps.get(&unit).into_iter().flatten().copied().collect();
    while let Some(next) = waiting.pop() {
        if next != unit && known.insert(next) {
            waiting.extend(steps.get(&next).into_iter().flatten());
        }
    }
    known
}

// Beyond every row where it does not fit.
fn index(unit: u32) -> usize {
    usize::try_from(unit).unwrap_or(UNITS_MAX)
}
