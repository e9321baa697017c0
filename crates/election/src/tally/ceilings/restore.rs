//! Ceilings put together again from units and slots, as a snapshot or a check has them.

use super::{Accounted, Ceilings, ContestRow, UnitRow, can_change};
use crate::definition::UnitKind;
use crate::event::{Slot, SlotState, Turnout};
use std::sync::Arc;

impl Ceilings {
    /// The same units, rules and marks, with no roll, turnout or ballots yet.
    pub fn without_counts(mut self) -> Self {
        self.write();
        for unit in 0..self.units.len() {
            if let Some(row) = self.units.get_mut(unit) {
                (row.roll, row.issued) = (None, None);
            }
        }
        for row in 0..self.rows.len() {
            if let Some(row) = self.rows.get_mut(row) {
                (row.counted, row.open) = (Accounted::default(), 0);
            }
        }
        self.sum_again();
        self
    }

    /// What neither the rules nor units and slots say: of each unit its kind, and of each of its contests what has been
    /// repeated and what is in doubt.
    pub fn marks(&self) -> Vec<u8> {
        let mut marks = Vec::with_capacity(self.registered * self.mark_length());
        let mut rows = self.rows.iter();
        for unit in self.units.iter() {
            marks.push(unit.kind as u8);
            for row in rows.by_ref().take(self.contests) {
                marks.extend([u8::from(row.is_repeated), row.doubted]);
            }
        }
        marks
    }

    fn mark_length(&self) -> usize {
        1 + 2 * self.contests
    }

    /// Which unit has reported through which.
    pub fn merges(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let pairs = self.merged.into.iter();
        pairs.flat_map(|(unit, into)| into.iter().map(|into| (*unit, *into)))
    }

    /// Units with these marks that [`Self::marks`] gave, and these ids; `None` if they are not such. The rest is restored.
    pub fn with_marks<'a>(
        mut self,
        marks: &[u8],
        merges: &[(u32, u32)],
        ids: impl Iterator<Item = &'a str>,
    ) -> Option<Self> {
        let rows = marks.chunks_exact(self.mark_length());
        if !rows.remainder().is_empty() {
            return None;
        }
        for row in rows {
            let (kind, contests) = row.split_first()?;
            self.units.push(UnitRow {
                kind: *UnitKind::ALL.get(usize::from(*kind))?,
                ..UnitRow::default()
            });
            for mark in contests.chunks_exact(2) {
                self.doubts += usize::from(mark[1] != 0);
                self.rows.push(ContestRow {
                    is_repeated: mark[0] == 1,
                    doubted: mark[1],
                    ..ContestRow::default()
                });
            }
            self.registered += 1;
        }
        let is_unit = |unit: u32| usize::try_from(unit).is_ok_and(|unit| unit < self.registered);
        if !merges
            .iter()
            .all(|(unit, into)| is_unit(*unit) && is_unit(*into))
        {
            return None;
        }
        let merged = Arc::make_mut(&mut self.merged);
        for (unit, into) in merges {
            merged.into.entry(*unit).or_default().insert(*into);
            merged.through.entry(*into).or_default().insert(*unit);
        }
        self.name(ids);
        Some(self)
    }

    pub fn restore_unit(&mut self, unit: usize, district: u16, roll: Option<u32>) {
        if let Some(row) = self.units.get_mut(unit) {
            (row.district, row.roll) = (district, roll);
        }
    }

    pub fn restore_turnout(&mut self, unit: usize, turnout: Turnout) {
        if let Some(row) = self.units.get_mut(unit) {
            row.issued = turnout.is_final.then_some(turnout.ballots_issued);
        }
    }

    pub fn restore_slot(&mut self, slot: Slot, state: SlotState, accounted: Accounted) {
        if let Some(row) = self.contest_row_mut(slot.unit, usize::from(slot.contest)) {
            row.counted.add(accounted);
            row.open += u8::from(can_change(state));
        }
    }

    /// The sums of what was restored.
    pub fn restored(&mut self) {
        self.sum_again();
    }
}
