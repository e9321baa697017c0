//! The state of an election as bytes, so that a restart reads one file and the log's tail instead of the whole log.
//!
//! A snapshot is a cache: whoever stores it checksums it and binds it to a log id and a revision. Totals are not stored
//! but summed anew from the slots, so the two cannot disagree.

use crate::bytes::codec::{Reader, Writer};
use crate::bytes::{
    DecodeError, parse_part, part_text, read_attribution, read_counts, read_declaration,
    read_hold_reason, read_lot, read_mode, read_numbered, read_report_kind, read_slot,
    read_slot_state, slot_state_byte, write_attribution, write_counts, write_declaration,
    write_hold_reason, write_lot, write_mode, write_slot,
};
use crate::counts::COUNTERS;
use crate::definition::Hash;
use crate::event::{Event, Recorded, Turnout};
use crate::ids::{LogId, Revision, Timestamp, UnitId};
use crate::publication::Publication;
use crate::report::UnitStatus;
use crate::stage::Stage;
use crate::state::{Pending, Settled, SlotFacts, State, UnitFacts};
use crate::tally::{Correction, CorrectionCause, PartVersion, Tally};
use std::collections::HashMap;

const FORMAT: u8 = 1;

impl State {
    /// The state as bytes. Equal states have equal bytes.
    pub fn to_snapshot(&self) -> Vec<u8> {
        let mut writer =
            Writer::with_capacity(self.arena.len() * 4 + self.slots.len() * 32 + 65_536);
        writer.u8(FORMAT);
        write_tally(&mut writer, &self.tally);
        writer.list(self.units.iter().enumerate(), |writer, (index, unit)| {
            let id = u32::try_from(index)
                .ok()
                .and_then(|index| self.tally.unit_names.get(index))
                .unwrap_or("");
            writer.text(id);
            write_unit_facts(writer, unit);
        });
        writer.list(self.slots.iter(), |writer, slot| {
            write_slot_facts(writer, *slot)
        });
        writer.length(self.arena.len());
        writer.u32s(&self.arena);
        let mut pending: Vec<_> = self.pending.iter().collect();
        pending.sort_by_key(|(number, _)| **number);
        writer.list(pending.into_iter(), |writer, (number, waiting)| {
            writer.u32(*number);
            writer.list(waiting.iter(), write_pending);
        });
        let mut settled: Vec<_> = self.settled.iter().collect();
        settled.sort_by_key(|(number, _)| **number);
        writer.list(settled.into_iter(), |writer, (number, settled)| {
            writer.u32(*number);
            writer.list(settled.iter(), |writer, settled| {
                writer.revision(settled.revision);
                writer.u32(settled.version);
                writer.raw(&settled.digest);
            });
        });
        writer.into_bytes()
    }

    /// Reads what [`State::to_snapshot`] wrote.
    ///
    /// # Errors
    ///
    /// Bytes that are not a snapshot of this format, or whose parts do not fit each other.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let format = reader.u8()?;
        if format != FORMAT {
            return Err(reader.fault(format!("format {format} of a snapshot is not known")));
        }
        let tally = read_tally(&mut reader)?;
        let unit_count = reader.length(25)?;
        let mut ids = Vec::with_capacity(unit_count);
        let mut units = Vec::with_capacity(unit_count);
        for _ in 0..unit_count {
            ids.push(UnitId::new(reader.text()?).map_err(|error| reader.fault(error.to_string()))?);
            units.push(read_unit_facts(&mut reader)?);
        }
        let slots = reader.list(SLOT_BYTES, read_slot_facts)?;
        let words = reader.length(4)?;
        let arena = reader.u32s(words)?;
        let pending = reader.list(8, |reader| {
            Ok((reader.u32()?, reader.list(24, read_pending)?))
        })?;
        let settled = reader.list(8, |reader| {
            let number = reader.u32()?;
            let settled = reader.list(28, |reader| {
                Ok(Settled {
                    revision: reader.revision()?,
                    version: reader.u32()?,
                    digest: reader.array()?,
                })
            })?;
            Ok((number, settled))
        })?;
        reader.end()?;
        let indexes = 0_u32..;
        let unit_index: HashMap<UnitId, u32> = ids.iter().cloned().zip(indexes).collect();
        let mut state = Self {
            tally,
            units,
            unit_index,
            slots,
            arena,
            pending: pending.into_iter().collect(),
            settled: settled.into_iter().collect(),
        };
        state.check_places(&reader)?;
        state.sum_again(&ids);
        Ok(state)
    }

    // Every place that later code relies on is inside its table.
    fn check_places(&self, reader: &Reader<'_>) -> Result<(), DecodeError> {
        let ballot = self.ballot();
        let slots_per_unit = ballot.contests.len() * ballot.counting_groups.len();
        let districts = self.tally.turnout.len();
        let is_placed = |unit: &UnitFacts| usize::from(unit.district) < districts;
        if !self.units.iter().all(is_placed) {
            return Err(reader.fault("a unit's district is not on the ballot"));
        }
        if self.slots.len() != self.units.len() * slots_per_unit
            || self.unit_index.len() != self.units.len()
        {
            return Err(reader.fault("units and slots do not fit each other"));
        }
        for (number, slot) in self.slots.iter().enumerate() {
            let district = usize::from(self.units[number / slots_per_unit].district);
            let contest = number % slots_per_unit / ballot.counting_groups.len();
            let Some(totals) = self.tally.contests[contest].get(district) else {
                return Err(reader.fault("a unit's district is not on the ballot"));
            };
            let end = usize::try_from(slot.words)
                .unwrap_or(usize::MAX)
                .saturating_add(totals.votes.len() + COUNTERS);
            if (slot.is_counted() || slot.words > 0) && (slot.words == 0 || end > self.arena.len())
            {
                return Err(reader.fault("a slot's counts stand outside the arena"));
            }
        }
        Ok(())
    }

    fn sum_again(&mut self, ids: &[UnitId]) {
        for (id, unit) in ids.iter().zip(&self.units) {
            self.tally
                .restore_unit(id.as_str(), unit.district, unit.roll);
            if unit.turnout_version > 0 {
                self.tally.restore_turnout(unit.district, unit.turnout);
            }
        }
        let slots: Vec<_> = self.all_slots().collect();
        for slot in slots {
            if let Some(facts) = self.facts(slot) {
                let counts = facts.is_counted().then(|| self.counts(slot, facts));
                self.tally
                    .restore_slot(slot, facts.state(), counts.as_ref());
            }
        }
    }
}

fn write_tally(writer: &mut Writer, tally: &Tally) {
    let Tally {
        election: _,
        log_id,
        revision,
        time,
        counted_time,
        outline,
        units_announced,
        unit_names: _,
        contests: _,
        turnout: _,
        publication,
        stage,
        marks,
        candidates,
        lots,
        declarations,
        certification,
        corrections,
        corrections_total,
    } = tally;
    writer.raw(&log_id.0);
    writer.revision(*revision);
    writer.time(*time);
    writer.option(*counted_time, Writer::time);
    writer.text(&part_text(&*outline.ballot));
    writer.text(&part_text(&*outline.rules));
    writer.text(&part_text(&*outline.presentation));
    writer.text(&part_text(&*outline.areas));
    for part in outline.versions {
        writer.u32(part.version);
        writer.raw(&part.hash.0);
    }
    writer.u32(*units_announced);
    publication.write(writer);
    writer.u8(*stage as u8);
    marks.iter().for_each(|mark| writer.flag(*mark));
    writer.list(
        candidates.iter(),
        |writer, ((contest, district, option), candidates)| {
            writer.u8(*contest);
            writer.u16(*district);
            writer.u32(*option);
            writer.u32(*candidates);
        },
    );
    writer.list(lots.iter(), write_lot);
    writer.list(declarations.values(), |writer, (revision, declaration)| {
        writer.revision(*revision);
        write_declaration(writer, declaration);
    });
    writer.option(certification.as_ref(), |writer, (revision, attribution)| {
        writer.revision(*revision);
        write_attribution(writer, attribution);
    });
    writer.list(corrections.iter(), write_correction);
    writer.u64(*corrections_total);
}

fn read_tally(reader: &mut Reader<'_>) -> Result<Tally, DecodeError> {
    let log_id = LogId(reader.array()?);
    let revision = reader.revision()?;
    let time = reader.time()?;
    let counted_time = reader.option(Reader::time)?;
    let defined = Event::Defined {
        log_id,
        ballot: parse_part(reader)?,
        rules: parse_part(reader)?,
        presentation: parse_part(reader)?,
        areas: parse_part(reader)?,
        unit_count: 0,
        register_hash: Hash::default(),
    };
    let begin = Recorded {
        revision: Revision(1),
        time,
        principal: String::new(),
        event: defined,
    };
    let mut tally = Tally::begin(&begin).map_err(|error| reader.fault(error.to_string()))?;
    for version in &mut tally.outline.versions {
        *version = PartVersion {
            version: reader.u32()?,
            hash: reader.hash()?,
        };
    }
    tally.revision = revision;
    tally.time = time;
    tally.counted_time = counted_time;
    tally.units_announced = reader.u32()?;
    tally.publication = Publication::read(reader)?;
    tally.stage = read_numbered(reader, &Stage::ALL, "stage")?;
    for mark in &mut tally.marks {
        *mark = reader.flag()?;
    }
    let candidates = reader.list(11, |reader| {
        Ok(((reader.u8()?, reader.u16()?, reader.u32()?), reader.u32()?))
    })?;
    tally.candidates = candidates.into_iter().collect();
    tally.lots = reader.list(16, read_lot)?;
    let declarations = reader.list(16, |reader| {
        let revision = reader.revision()?;
        let declaration = read_declaration(reader)?;
        Ok((
            (declaration.contest, declaration.district),
            (revision, declaration),
        ))
    })?;
    tally.declarations = declarations.into_iter().collect();
    tally.certification =
        reader.option(|reader| Ok((reader.revision()?, read_attribution(reader)?)))?;
    tally.corrections = reader.list(40, read_correction)?.into();
    tally.corrections_total = reader.u64()?;
    Ok(tally)
}

fn write_unit_facts(writer: &mut Writer, unit: &UnitFacts) {
    let UnitFacts {
        district,
        roll,
        turnout_version,
        turnout,
        turnout_revision,
    } = unit;
    writer.u16(*district);
    writer.option(*roll, Writer::u32);
    writer.u32(*turnout_version);
    writer.u32(turnout.ballots_issued);
    writer.flag(turnout.is_final);
    writer.revision(*turnout_revision);
}

fn read_unit_facts(reader: &mut Reader<'_>) -> Result<UnitFacts, DecodeError> {
    Ok(UnitFacts {
        district: reader.u16()?,
        roll: reader.option(Reader::u32)?,
        turnout_version: reader.u32()?,
        turnout: Turnout {
            ballots_issued: reader.u32()?,
            is_final: reader.flag()?,
        },
        turnout_revision: reader.revision()?,
    })
}

const SLOT_BYTES: usize = 21;

fn write_slot_facts(writer: &mut Writer, slot: SlotFacts) {
    writer.revision(slot.revision);
    writer.u32(slot.version);
    writer.u32(slot.words);
    writer.u16(slot.present);
    writer.u8(slot.kind);
    writer.u8(slot_state_byte(slot.state()));
    writer.flag(slot.is_expected());
}

fn read_slot_facts(reader: &mut Reader<'_>) -> Result<SlotFacts, DecodeError> {
    let (revision, version, words) = (reader.revision()?, reader.u32()?, reader.u32()?);
    let (present, kind) = (reader.u16()?, reader.u8()?);
    let state = read_slot_state(reader)?;
    Ok(SlotFacts::new(
        revision,
        version,
        words,
        present,
        kind,
        state,
        reader.flag()?,
    ))
}

fn write_pending(writer: &mut Writer, pending: &Pending) {
    let Pending {
        revision,
        version,
        kind,
        counts,
        attribution,
        reasons,
        conflicts_with,
    } = pending;
    writer.revision(*revision);
    writer.u32(*version);
    writer.u8(*kind as u8);
    write_counts(writer, counts);
    writer.option(attribution.as_ref(), write_attribution);
    writer.list(reasons.iter(), write_hold_reason);
    writer.option(*conflicts_with, Writer::revision);
}

fn read_pending(reader: &mut Reader<'_>) -> Result<Pending, DecodeError> {
    Ok(Pending {
        revision: reader.revision()?,
        version: reader.u32()?,
        kind: read_report_kind(reader)?,
        counts: read_counts(reader)?,
        attribution: reader.option(read_attribution)?,
        reasons: reader.list(1, read_hold_reason)?,
        conflicts_with: reader.option(Reader::revision)?,
    })
}

fn write_correction(writer: &mut Writer, correction: &Correction) {
    let Correction {
        revision,
        time,
        slot,
        cause,
        attribution,
        changes,
        ballots,
    } = correction;
    writer.revision(*revision);
    writer.time(*time);
    write_slot(writer, *slot);
    let (number, detail) = match cause {
        CorrectionCause::Report(kind) => (1, *kind as u8),
        CorrectionCause::Review => (2, 0),
        CorrectionCause::Withdrawal => (3, 0),
        CorrectionCause::Status(status) => (4, *status as u8),
    };
    writer.u8(number);
    writer.u8(detail);
    write_attribution(writer, attribution);
    writer.list(changes.iter(), |writer, (option, before, after)| {
        writer.u32s(&[*option, *before, *after])
    });
    writer.u64s(&[ballots.0, ballots.1]);
}

fn read_correction(reader: &mut Reader<'_>) -> Result<Correction, DecodeError> {
    let (revision, time, slot) = (reader.revision()?, reader.time()?, read_slot(reader)?);
    let cause = match reader.u8()? {
        1 => CorrectionCause::Report(read_report_kind(reader)?),
        2 => no_detail(reader, CorrectionCause::Review)?,
        3 => no_detail(reader, CorrectionCause::Withdrawal)?,
        4 => CorrectionCause::Status(read_numbered(reader, &UnitStatus::ALL, "status of a unit")?),
        _ => return Err(reader.fault("no cause of a correction")),
    };
    Ok(Correction {
        revision,
        time,
        slot,
        cause,
        attribution: read_attribution(reader)?,
        changes: reader.list(12, |reader| {
            Ok((reader.u32()?, reader.u32()?, reader.u32()?))
        })?,
        ballots: (reader.u64()?, reader.u64()?),
    })
}

fn no_detail(
    reader: &mut Reader<'_>,
    cause: CorrectionCause,
) -> Result<CorrectionCause, DecodeError> {
    if reader.u8()? == 0 {
        Ok(cause)
    } else {
        Err(reader.fault("this cause of a correction has no detail"))
    }
}

impl Publication {
    fn write(&self, writer: &mut Writer) {
        let parts = self.parts();
        writer.u64(parts.seq);
        write_mode(writer, parts.mode);
        writer.text(&parts.reason);
        writer.revision(parts.held_at);
        parts
            .opens_at
            .into_iter()
            .for_each(|at| writer.option(at, Writer::time));
        parts
            .first_of_class
            .into_iter()
            .for_each(|first| writer.option(first, Writer::revision));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        use crate::publication::PublicationParts;
        let seq = reader.u64()?;
        let mode = read_mode(reader)?;
        let (reason, held_at) = (reader.string()?, reader.revision()?);
        let opens_at: [Option<Timestamp>; 3] = [
            reader.option(Reader::time)?,
            reader.option(Reader::time)?,
            reader.option(Reader::time)?,
        ];
        let first_of_class: [Option<Revision>; 3] = [
            reader.option(Reader::revision)?,
            reader.option(Reader::revision)?,
            reader.option(Reader::revision)?,
        ];
        Ok(Self::from_parts(PublicationParts {
            seq,
            mode,
            reason,
            held_at,
            opens_at,
            first_of_class,
        }))
    }
}
