//! Whether an event fits the state, asked before anything changes.

use super::{SlotFacts, State, UnitFacts};
use crate::counts::Counts;
use crate::event::{Counted, Event, Slot, SlotMove};
use crate::ids::Revision;
use crate::tally::district_index;
use std::collections::HashSet;

impl State {
    // What only the holder of every slot can see: that the event says of the slot what is so. This is where no report
    // can be counted twice (F3, F4): an event without a higher version does not fit, whoever wrote it. The follower's
    // fold checks the rest.
    pub(super) fn check_fit(&self, event: &Event) -> Result<(), &'static str> {
        match event {
            Event::UnitsRegistered { units, .. } => {
                let names = &self.tally.unit_names;
                let mut ids = units.iter().map(|unit| &unit.id);
                // In ascending order, as most registers are, none can stand twice, and none is looked for.
                let ascend = ids.clone().is_sorted_by(|one, other| one < other);
                let first = units.first();
                let are_behind =
                    ascend && first.is_none_or(|first| names.is_behind_all(first.id.as_str()));
                let are_new = are_behind || ids.clone().all(|id| names.find(id.as_str()).is_none());
                let mut seen = HashSet::new();
                let differ = ascend || ids.all(|id| seen.insert(id));
                check(are_new && differ, "a unit is on the register already")
            }
            Event::UnitAmended {
                index,
                unit,
                former_roll,
                ..
            } => {
                let facts = self.unit_facts(*index)?;
                let district = district_index(self.ballot(), unit.district.as_str());
                check(
                    district == Some(usize::from(facts.district)),
                    "a unit stays in its district",
                )?;
                check(facts.roll == *former_roll, "the roll was not that")
            }
            Event::ReportCounted { counted, .. } => {
                self.check_counted(counted, |version| counted.version > version)
            }
            // A reviewer may let in the other side of a conflict: the same version.
            Event::Released {
                counted,
                held_revision,
                ..
            } => {
                self.check_counted(counted, |version| counted.version >= version)?;
                self.check_pending(counted.slot, *held_revision)
            }
            Event::ReportHeld {
                slot,
                slot_move,
                counts,
                ..
            } => {
                check(
                    counts.is_some(),
                    "a held report without its private counts cannot be reviewed",
                )?;
                self.check_move(*slot, *slot_move, None).map(|_| ())
            }
            Event::Rejected {
                slot,
                held_revision,
                slot_move,
                ..
            } => {
                self.check_move(*slot, *slot_move, None)?;
                self.check_pending(*slot, *held_revision)
            }
            Event::Withdrawn {
                slot,
                version,
                replaced,
                slot_move,
                ..
            } => {
                let facts = self.check_move(*slot, *slot_move, replaced.as_ref())?;
                check(*version > facts.version, "the version is not higher")
            }
            Event::StatusSet {
                slot,
                replaced,
                slot_move,
                ..
            } => self
                .check_move(*slot, *slot_move, replaced.as_ref())
                .map(|_| ()),
            Event::TurnoutCounted {
                unit,
                district,
                version,
                replaced,
                attribution,
                ..
            } => {
                let facts = self.unit_facts(*unit)?;
                let known = (facts.turnout_version > 0).then_some(facts.turnout);
                check(*district == facts.district, "a unit stays in its district")?;
                // Only what an official has put right sets a version that is not higher, and never to nothing.
                let is_correction = attribution.is_some() && known.is_some();
                check(
                    *version > facts.turnout_version || (is_correction && *version > 0),
                    "the version is not higher",
                )?;
                check(*replaced == known, "the turnout was not that")
            }
            _ => Ok(()),
        }
    }

    fn check_counted(
        &self,
        counted: &Counted,
        is_higher: impl FnOnce(u32) -> bool,
    ) -> Result<(), &'static str> {
        let replaced = counted.replaced.as_ref();
        let facts = self.check_move(counted.slot, counted.slot_move, replaced)?;
        check(is_higher(facts.version), "the version is not higher")
    }

    fn check_move(
        &self,
        slot: Slot,
        slot_move: SlotMove,
        replaced: Option<&Counts>,
    ) -> Result<SlotFacts, &'static str> {
        let facts = self.facts(slot).ok_or("no such slot")?;
        check(
            facts.state() == slot_move.before,
            "the slot was not in that state",
        )?;
        let is_counted = replaced.is_none_or(|counts| {
            facts.is_counted()
                && counts.votes.len() == self.options(slot)
                && self.holds(facts, counts)
        });
        check(is_counted, "what is replaced is not what was counted")?;
        Ok(facts)
    }

    fn check_pending(&self, slot: Slot, held_revision: Revision) -> Result<(), &'static str> {
        let mut waiting = self.pending(slot).iter();
        check(
            waiting.any(|pending| pending.revision == held_revision),
            "no such report waits for a reviewer",
        )
    }

    fn unit_facts(&self, unit: u32) -> Result<&UnitFacts, &'static str> {
        let place = usize::try_from(unit).ok();
        place
            .and_then(|unit| self.units.get(unit))
            .ok_or("no such unit")
    }
}

fn check(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(otherwise) }
}
