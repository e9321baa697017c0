//! The whole state of an election as the results role keeps it: the follower's fold and, for each slot, what is counted
//! and what waits.
//!
//! Counts are kept in one arena of four-byte numbers, in the order of the slots, so that a slot of 12 options takes about
//! 130 bytes. Its room is taken when the unit is registered: no report waits for memory, and the state says nothing of
//! the order in which reports came.

// tidy: long because the one owner of the arena, whose places only it may touch.

use crate::counts::{COUNTERS, Counts, Form};
use crate::definition::{Ballot, UNITS_MAX, Unit};
use crate::event::{Counted, Event, Recorded, Slot, SlotState, Turnout};
use crate::ids::Revision;
use crate::report::{Attribution, HoldReason, ReportKind, UnitStatus};
use crate::tally::{FoldError, Tally, district_indexes, expects_group};
use crate::validate::SLOTS_MAX;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

mod fit;
#[cfg(test)]
mod tests;

/// How many reports of one slot may wait for a reviewer at once.
pub const PENDING_MAX: usize = 16;

/// What of a unit the state needs to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnitFacts {
    pub district: u16,
    pub roll: Option<u32>,
    pub turnout_version: u32,
    pub turnout: Turnout,
    pub turnout_revision: Revision,
}

/// What of a slot is kept. `words` is its place in the arena, if it is expected to report. The district is the unit's:
/// here it spares a look at the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SlotFacts {
    pub revision: Revision,
    pub version: u32,
    pub words: u32,
    pub district: u16,
    pub present: u16,
    pub status: UnitStatus,
    pub kind: u8,
    pub flags: u8,
}

impl SlotFacts {
    const EXPECTED: u8 = 1;
    const COUNTED: u8 = 2;
    const PENDING: u8 = 4;

    /// A slot for which nothing is reported yet.
    pub fn new(district: u16, words: u32, is_expected: bool) -> Self {
        Self {
            district,
            words,
            flags: if is_expected { Self::EXPECTED } else { 0 },
            ..Self::default()
        }
    }

    pub fn is_expected(self) -> bool {
        self.flags & Self::EXPECTED != 0
    }

    pub fn is_counted(self) -> bool {
        self.flags & Self::COUNTED != 0
    }

    pub fn state(self) -> SlotState {
        SlotState {
            status: self.status,
            counted: self.is_counted(),
            pending: self.flags & Self::PENDING != 0,
        }
    }

    pub fn enter(&mut self, state: SlotState) {
        self.status = state.status;
        self.flags &= Self::EXPECTED;
        self.flags |= if state.counted { Self::COUNTED } else { 0 };
        self.flags |= if state.pending { Self::PENDING } else { 0 };
    }
}

/// A report that waits for a reviewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Where it stands in the log.
    pub revision: Revision,
    /// Its version.
    pub version: u32,
    /// What it is.
    pub kind: ReportKind,
    /// What it says.
    pub counts: Counts,
    /// Who and why, if it says so.
    pub attribution: Option<Attribution>,
    /// Why it waits.
    pub reasons: Vec<HoldReason>,
    /// The revision of the report that it conflicts with.
    pub conflicts_with: Option<Revision>,
}

/// A report over which a reviewer has decided: sent again, it is a duplicate and not a new conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    pub revision: Revision,
    pub version: u32,
    pub digest: [u8; 16],
}

/// What a report says, as a digest, for [`Settled`].
pub(crate) fn content_digest(kind: ReportKind, counts: &Counts) -> [u8; 16] {
    let mut writer = crate::bytes::codec::Writer::with_capacity(256);
    writer.u8(kind as u8);
    crate::bytes::write_counts(&mut writer, counts);
    let full: [u8; 32] = Sha256::digest(writer.into_bytes()).into();
    let mut digest = [0; 16];
    digest.copy_from_slice(&full[..16]);
    digest
}

/// The state of an election.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub(crate) tally: Tally,
    pub(crate) units: Vec<UnitFacts>,
    pub(crate) slots: Vec<SlotFacts>,
    pub(crate) arena: Vec<u32>,
    pub(crate) pending: HashMap<u32, Vec<Pending>>,
    pub(crate) settled: HashMap<u32, Vec<Settled>>,
}

impl State {
    /// The state after the first event, which must be the definition.
    pub fn begin(recorded: &Recorded) -> Result<Self, FoldError> {
        Ok(Self {
            tally: Tally::begin(recorded)?,
            units: Vec::new(),
            slots: Vec::new(),
            arena: Vec::new(),
            pending: HashMap::new(),
            settled: HashMap::new(),
        })
    }

    /// The follower's part of the state.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The last event that is in.
    pub fn revision(&self) -> Revision {
        self.tally.revision
    }

    /// How many units are registered.
    pub fn unit_count(&self) -> u64 {
        self.units.len() as u64
    }

    /// The index of a unit in the register.
    pub fn unit_index(&self, unit: &str) -> Option<u32> {
        self.tally.unit_names.find(unit)
    }

    /// The slot of a tally, if the unit, contest and counting group exist and the unit reports that group.
    pub fn slot(&self, unit: u32, contest: usize, counting_group: usize) -> Option<Slot> {
        let (contest, counting_group) = (
            u8::try_from(contest).ok()?,
            u8::try_from(counting_group).ok()?,
        );
        let facts = self.slots.get(self.place(unit, contest, counting_group)?)?;
        facts.is_expected().then_some(Slot {
            unit,
            district: facts.district,
            contest,
            counting_group,
        })
    }

    /// What is counted for a slot: (version, counts, revision).
    pub fn counted(&self, slot: Slot) -> Option<(u32, Counts, Revision)> {
        let facts = self.facts(slot)?;
        facts
            .is_counted()
            .then(|| (facts.version, self.counts(slot, facts), facts.revision))
    }

    /// The state of a slot.
    pub fn slot_state(&self, slot: Slot) -> Option<SlotState> {
        self.facts(slot).map(|facts| facts.state())
    }

    /// What waits for a reviewer at a slot, in the order of arrival.
    pub fn pending(&self, slot: Slot) -> &[Pending] {
        let number = self
            .slot_number(slot)
            .and_then(|number| u32::try_from(number).ok());
        number
            .and_then(|number| self.pending.get(&number))
            .map_or(&[], Vec::as_slice)
    }

    /// Every total is the sum of what is kept per unit and slot: votes, counters, ballots, slots by state, turnout. The
    /// invariant of F2 and F14. O(units).
    pub fn totals_reconcile(&self) -> bool {
        let mut sums = self.tally.clone().without_sums();
        self.sum_units(&mut sums);
        self.sum_slots(&mut sums);
        sums.contests == self.tally.contests
            && sums.turnout == self.tally.turnout
            && sums.ceilings == self.tally.ceilings
    }

    /// Adds all units to the totals.
    pub(crate) fn sum_units(&self, sums: &mut Tally) {
        for (place, unit) in self.units.iter().enumerate() {
            sums.restore_roll(place, unit.district, unit.roll);
            if unit.turnout_version > 0 {
                sums.restore_turnout(place, unit.district, unit.turnout);
            }
        }
    }

    /// Adds all slots to the totals, after all units.
    pub(crate) fn sum_slots(&self, sums: &mut Tally) {
        for slot in self.all_slots() {
            if let Some(facts) = self.facts(slot) {
                let counted = facts.is_counted().then(|| self.counted_words(slot, facts));
                sums.restore_slot(slot, facts.state(), counted);
            }
        }
        sums.ceilings.restored();
    }

    /// A slot is marked as pending while, and only while, something of it waits; what waits is not below what is
    /// counted; and what a status voids or has not begun is not counted. O(units).
    pub fn slots_are_sound(&self) -> bool {
        self.all_slots().all(|slot| {
            let Some(facts) = self.facts(slot) else {
                return false;
            };
            let waiting = self.pending(slot);
            let counted_fits = match facts.status {
                UnitStatus::Partial | UnitStatus::Complete => facts.is_counted(),
                UnitStatus::Closed | UnitStatus::UnderRecount => true,
                UnitStatus::Expected
                | UnitStatus::Open
                | UnitStatus::NotOpened
                | UnitStatus::Annulled
                | UnitStatus::RepeatOrdered
                | UnitStatus::Merged => !facts.is_counted(),
            };
            counted_fits
                && facts.state().pending != waiting.is_empty()
                && waiting
                    .iter()
                    .all(|pending| pending.version >= facts.version)
        })
    }

    /// All slots that are expected to report.
    pub fn all_slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let contests = self.ballot().contests.len();
        let groups = self.ballot().counting_groups.len();
        (0..self.units.len()).flat_map(move |unit| {
            (0..contests * groups).filter_map(move |place| {
                self.slot(u32::try_from(unit).ok()?, place / groups, place % groups)
            })
        })
    }

    /// Takes in the next event. It changes nothing if the event does not fit.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        // Gaps come first, so that an event told again is told as one.
        if recorded.revision == self.revision().next() {
            self.check_fit(&recorded.event)
                .map_err(|what| FoldError::Misfit {
                    revision: recorded.revision,
                    what,
                })?;
        }
        self.tally.apply(recorded)?;
        self.apply_slots(recorded);
        Ok(())
    }

    // Options on the ballot of the slot's district.
    fn options(&self, slot: Slot) -> usize {
        self.tally.contests[usize::from(slot.contest)][usize::from(slot.district)]
            .votes
            .len()
    }

    fn apply_slots(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::UnitsRegistered { units, .. } => self.register(units),
            Event::UnitAmended { index, unit, .. } => {
                if let Some(facts) = usize::try_from(*index)
                    .ok()
                    .and_then(|index| self.units.get_mut(index))
                {
                    facts.roll = unit.roll;
                }
            }
            Event::ReportCounted {
                counted,
                warnings: _,
            } => {
                self.count(recorded.revision, counted);
                self.forget_below(counted.slot, counted.version, counted.version);
            }
            Event::Released {
                counted,
                held_revision,
                reason: _,
            } => self.release(recorded, counted, *held_revision),
            Event::ReportHeld {
                slot,
                version,
                kind,
                codes: _,
                conflicts_with,
                slot_move,
                attribution,
                counts,
                reasons,
            } => {
                // A reader of public bytes has no counts, and no use for a queue of reviews.
                if let (Some(counts), Some(number)) = (counts, self.number(*slot)) {
                    self.pending.entry(number).or_default().push(Pending {
                        revision: recorded.revision,
                        version: *version,
                        kind: *kind,
                        counts: counts.clone(),
                        attribution: attribution.clone(),
                        reasons: reasons.clone(),
                        conflicts_with: *conflicts_with,
                    });
                }
                self.enter(*slot, slot_move.after);
            }
            Event::Rejected {
                slot,
                held_revision,
                slot_move,
                reason: _,
            } => {
                if let Some(pending) = self.take_pending(*slot, *held_revision) {
                    self.settle(
                        *slot,
                        pending.revision,
                        pending.version,
                        content_digest(pending.kind, &pending.counts),
                    );
                }
                self.enter(*slot, slot_move.after);
            }
            Event::Withdrawn {
                slot,
                version,
                slot_move,
                ..
            } => {
                if let Some(facts) = self.facts_mut(*slot) {
                    facts.version = *version;
                    facts.revision = recorded.revision;
                }
                self.enter(*slot, slot_move.after);
                self.forget_below(*slot, *version, version.saturating_add(1));
            }
            Event::StatusSet {
                slot, slot_move, ..
            } => self.enter(*slot, slot_move.after),
            Event::TurnoutCounted {
                unit,
                version,
                ballots_issued,
                is_final,
                ..
            } => {
                if let Some(facts) = usize::try_from(*unit)
                    .ok()
                    .and_then(|unit| self.units.get_mut(unit))
                {
                    facts.turnout_version = *version;
                    facts.turnout = Turnout {
                        ballots_issued: *ballots_issued,
                        is_final: *is_final,
                    };
                    facts.turnout_revision = recorded.revision;
                }
            }
            Event::Defined { .. }
            | Event::RulesAmended { .. }
            | Event::PresentationAmended { .. }
            | Event::LotDrawn(_)
            | Event::PlacesDrawn(_)
            | Event::CandidatesChanged { .. }
            | Event::ClassOpened { .. }
            | Event::PublicationMoved { .. }
            | Event::StageSet { .. }
            | Event::MarkSet { .. }
            | Event::Declared(_)
            | Event::DeclaredAbove(_)
            | Event::Certified { .. } => {}
        }
    }

    fn release(&mut self, recorded: &Recorded, counted: &Counted, held_revision: Revision) {
        let slot = counted.slot;
        // The one that was counted at the same version loses the conflict: sent again, it is known.
        if let Some(facts) = self.facts(slot)
            && facts.is_counted()
            && facts.version == counted.version
        {
            let kind = report_kind(facts.kind);
            let digest = content_digest(kind, &self.counts(slot, facts));
            self.settle(slot, facts.revision, facts.version, digest);
        }
        self.take_pending(slot, held_revision);
        self.count(recorded.revision, counted);
        self.forget_below(slot, counted.version, counted.version);
    }

    fn register(&mut self, units: &[Unit]) {
        let ballot = std::sync::Arc::clone(&self.tally.outline.ballot);
        let groups = ballot.counting_groups.len();
        let places = ballot.contests.len() * groups;
        let districts = district_indexes(&ballot);
        // The register's size is known, and a table that doubles would waste up to half of itself.
        let announced = usize::try_from(self.tally.units_announced)
            .unwrap_or(0)
            .min(UNITS_MAX);
        let missing = announced.saturating_sub(self.units.len());
        let more = missing.max(units.len());
        let slots = (more * places).min(SLOTS_MAX);
        self.units.reserve_exact(more);
        self.slots.reserve_exact(slots);
        let slots = self.slots.len() + slots;
        for unit in units {
            let district = districts
                .get(unit.district.as_str())
                .and_then(|index| u16::try_from(*index).ok());
            // The follower's fold has refused units of unknown districts.
            let district = district.unwrap_or(0);
            self.units.push(UnitFacts {
                district,
                roll: unit.roll,
                turnout_version: 0,
                turnout: Turnout::default(),
                turnout_revision: Revision::ZERO,
            });
            for place in 0..places {
                let is_expected = expects_group(&ballot, unit, place % groups);
                let facts = SlotFacts::new(district, self.words_end(), is_expected);
                if is_expected {
                    let contest = &self.tally.contests[place / groups];
                    let words = contest[usize::from(district)].votes.len() + COUNTERS;
                    self.make_room(words, slots - self.slots.len());
                }
                self.slots.push(facts);
            }
        }
    }

    fn words_end(&self) -> u32 {
        u32::try_from(self.arena.len())
            .expect("the definition's limits keep the arena below 2^32 words")
    }

    // Room for a slot of so many words. Zeros are written, so that it is here that the memory is touched first.
    fn make_room(&mut self, words: usize, slots_to_come: usize) {
        let end = self.arena.len() + words;
        if end > self.arena.capacity() {
            // As if those to come were of the same size. Where that is too much for the machine they are not.
            let all = words.saturating_mul(slots_to_come);
            if self.arena.try_reserve_exact(all.max(words)).is_err() {
                self.arena.reserve_exact((self.arena.len() / 8).max(words));
            }
        }
        self.arena.resize(end, 0);
    }

    fn count(&mut self, revision: Revision, counted: &Counted) {
        let Some(number) = self.slot_number(counted.slot) else {
            return;
        };
        let options = counted.counts.votes.len();
        let facts = &mut self.slots[number];
        facts.version = counted.version;
        facts.revision = revision;
        facts.kind = counted.kind as u8;
        facts.present = counted.counts.form.present();
        facts.enter(counted.slot_move.after);
        let start = usize::try_from(facts.words).unwrap_or(0);
        self.arena[start..start + options].copy_from_slice(&counted.counts.votes);
        self.arena[start + options..start + options + COUNTERS]
            .copy_from_slice(counted.counts.form.values());
    }

    pub(crate) fn counts(&self, slot: Slot, facts: SlotFacts) -> Counts {
        let (votes, form) = self.counted_words(slot, facts);
        Counts {
            votes: votes.to_vec(),
            form,
        }
    }

    fn counted_words(&self, slot: Slot, facts: SlotFacts) -> (&[u32], Form) {
        let start = usize::try_from(facts.words).unwrap_or(0);
        let (votes, behind) = self.arena[start..].split_at(self.options(slot));
        let mut values = [0; COUNTERS];
        values.copy_from_slice(&behind[..COUNTERS]);
        (votes, Form::from_parts(facts.present, values))
    }

    /// Whether the counts are the very ones that are counted, without copying them.
    pub(crate) fn holds(&self, facts: SlotFacts, counts: &Counts) -> bool {
        let start = usize::try_from(facts.words).unwrap_or(0);
        let options = counts.votes.len();
        let words = &self.arena[start..];
        facts.present == counts.form.present()
            && words[..options] == *counts.votes
            && words[options..options + COUNTERS] == *counts.form.values()
    }

    fn enter(&mut self, slot: Slot, state: SlotState) {
        if let Some(facts) = self.facts_mut(slot) {
            facts.enter(state);
        }
    }

    fn settle(&mut self, slot: Slot, revision: Revision, version: u32, digest: [u8; 16]) {
        if let Some(number) = self.number(slot) {
            self.settled.entry(number).or_default().push(Settled {
                revision,
                version,
                digest,
            });
        }
    }

    fn take_pending(&mut self, slot: Slot, revision: Revision) -> Option<Pending> {
        let number = self.number(slot)?;
        let waiting = self.pending.get_mut(&number)?;
        let place = waiting
            .iter()
            .position(|pending| pending.revision == revision)?;
        let pending = waiting.remove(place);
        if waiting.is_empty() {
            self.pending.remove(&number);
        }
        Some(pending)
    }

    // What waits below the counted version can no longer be counted. A conflict at the counted version still can.
    fn forget_below(&mut self, slot: Slot, settled_below: u32, pending_below: u32) {
        let Some(number) = self.number(slot) else {
            return;
        };
        if let Some(waiting) = self.pending.get_mut(&number) {
            waiting.retain(|pending| pending.version >= pending_below);
            if waiting.is_empty() {
                self.pending.remove(&number);
            }
        }
        if let Some(settled) = self.settled.get_mut(&number) {
            settled.retain(|settled| settled.version >= settled_below);
            if settled.is_empty() {
                self.settled.remove(&number);
            }
        }
    }

    pub(crate) fn ballot(&self) -> &Ballot {
        &self.tally.outline.ballot
    }

    pub(crate) fn slot_number(&self, slot: Slot) -> Option<usize> {
        self.place(slot.unit, slot.contest, slot.counting_group)
    }

    fn place(&self, unit: u32, contest: u8, counting_group: u8) -> Option<usize> {
        let ballot = self.ballot();
        let contests = ballot.contests.len();
        let groups = ballot.counting_groups.len();
        let (contest, group) = (usize::from(contest), usize::from(counting_group));
        if contest >= contests || group >= groups {
            return None;
        }
        usize::try_from(unit)
            .ok()?
            .checked_mul(contests * groups)?
            .checked_add(contest * groups + group)
    }

    pub(crate) fn number(&self, slot: Slot) -> Option<u32> {
        self.slot_number(slot)
            .and_then(|number| u32::try_from(number).ok())
    }

    pub(crate) fn facts(&self, slot: Slot) -> Option<SlotFacts> {
        let facts = *self.slots.get(self.slot_number(slot)?)?;
        (facts.district == slot.district && facts.is_expected()).then_some(facts)
    }

    fn facts_mut(&mut self, slot: Slot) -> Option<&mut SlotFacts> {
        let number = self.slot_number(slot)?;
        self.slots.get_mut(number)
    }
}

pub(crate) fn report_kind(number: u8) -> ReportKind {
    ReportKind::ALL
        .into_iter()
        .find(|kind| *kind as u8 == number)
        .unwrap_or(ReportKind::Full)
}
