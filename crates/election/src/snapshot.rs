//! The state of an election as bytes, so that a restart reads one file and the log's tail instead of the whole log.
//!
//! A snapshot is a cache: whoever stores it checksums it and binds it to a log id and a revision. Totals are not stored
//! but summed anew from the slots, so the two cannot disagree. Tables are rows of a fixed width, as a restart waits for
//! them: a million units are read in about a tenth of a second.

mod parts;
mod rows;

use crate::bytes::codec::{Reader, Writer};
use crate::bytes::stream::Stream;
use crate::bytes::{
    DecodeError, parse_part, part_text, read_attribution, read_declaration, read_declaration_above,
    read_lot, read_mode, read_numbered, read_places_lot, write_attribution, write_declaration,
    write_declaration_above, write_lot, write_mode, write_places_lot,
};
use crate::definition::Hash;
use crate::event::{Event, Recorded};
use crate::ids::{LogId, Revision, Timestamp};
use crate::publication::Publication;
use crate::stage::Stage;
use crate::state::{Pending, Settled, State};
use crate::tally::{PartVersion, Tally, UnitNames};
use parts::{
    read_correction, read_drawn, read_pending, read_unforeseen, write_correction, write_drawn,
    write_pending, write_unforeseen,
};
use rows::{SLOT_ROW, UNIT_ROW, read_slots, read_unit_row, slot_row, unit_row};
use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

const FORMAT: u8 = 6;

impl State {
    /// The state as bytes. Equal states have equal bytes.
    pub fn to_snapshot(&self) -> Vec<u8> {
        let mut head = Writer::default();
        head.u8(FORMAT);
        write_tally(&mut head, &self.tally);
        self.write_waiting(&mut head);
        let head = head.into_bytes();
        let (text, ends) = self.tally.unit_names.parts();
        let rows = self.units.len() * (UNIT_ROW + 4) + self.slots.len() * SLOT_ROW;
        let capacity = head.len() + text.len() + rows + self.arena.len() * 4 + 12;
        let mut writer = Writer::with_capacity(capacity);
        writer.length(head.len());
        writer.raw(&head);
        writer.text(text);
        writer.length(ends.len());
        writer.u32s(ends);
        let marks = self.tally.ceilings.marks();
        writer.length(marks.len());
        writer.raw(&marks);
        let merges: Vec<u32> = (self.tally.ceilings.merges())
            .flat_map(|(unit, into)| [unit, into])
            .collect();
        writer.length(merges.len());
        writer.u32s(&merges);
        self.units
            .iter()
            .for_each(|unit| writer.raw(&unit_row(unit)));
        self.slots
            .iter()
            .for_each(|slot| writer.raw(&slot_row(*slot)));
        writer.u32s(&self.arena);
        writer.into_bytes()
    }

    fn write_waiting(&self, writer: &mut Writer) {
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
    }

    /// Reads what [`State::to_snapshot`] wrote, of so many bytes.
    ///
    /// # Errors
    ///
    /// Bytes that are not a snapshot of this format, or whose parts do not fit each other.
    pub fn from_snapshot(source: impl Read, length: u64) -> Result<Self, DecodeError> {
        let mut stream = Stream::new(source, length);
        let head_length = stream.length(1)?;
        let head = stream.bytes(head_length)?;
        let (mut tally, pending, settled) = read_head(&head)?;
        let text_length = stream.length(1)?;
        let text = String::from_utf8(stream.bytes(text_length)?);
        let text = text.map_err(|error| stream.fault(error.to_string()))?;
        let unit_count = stream.length(4 + UNIT_ROW)?;
        let names = UnitNames::from_parts(text, stream.u32s(unit_count)?)
            .ok_or_else(|| stream.fault("the units' names are not ids"))?;
        tally.unit_names = Arc::new(names);
        let length = stream.length(1)?;
        let marks = stream.bytes(length)?;
        let length = stream.length(4)?;
        let merges = stream.u32s(length)?;
        let merges: Vec<(u32, u32)> = merges.chunks_exact(2).map(|it| (it[0], it[1])).collect();
        tally
            .restore_marks(&marks, &merges)
            .ok_or_else(|| stream.fault("the marks of units do not fit their names"))?;
        let districts = tally.turnout.len();
        let units = stream.rows(unit_count, |row| read_unit_row(row, districts))?;
        let (slots, words) = read_slots(&mut stream, &tally, &units)?;
        let arena = stream.u32s(words)?;
        stream.end()?;
        let mut state = Self {
            tally,
            units,
            slots,
            arena,
            pending,
            settled,
        };
        state.sum_again();
        Ok(state)
    }

    fn sum_again(&mut self) {
        // Its units are too many to be copied.
        let moment = self.tally.moment();
        let mut sums = std::mem::replace(&mut self.tally, moment).without_sums();
        self.sum_units(&mut sums);
        self.sum_slots(&mut sums);
        self.tally = sums;
    }
}

type Waiting<T> = HashMap<u32, Vec<T>>;

/// All but the tables: the tally without names and totals, and what waits or was decided over.
fn read_head(bytes: &[u8]) -> Result<(Tally, Waiting<Pending>, Waiting<Settled>), DecodeError> {
    let mut reader = Reader::new(bytes);
    let format = reader.u8()?;
    if format != FORMAT {
        return Err(reader.fault(format!("format {format} of a snapshot is not known")));
    }
    let tally = read_tally(&mut reader)?;
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
    Ok((
        tally,
        pending.into_iter().collect(),
        settled.into_iter().collect(),
    ))
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
        places_lots,
        declarations,
        declarations_above,
        certification,
        corrections,
        corrections_total,
        ceilings: _,
        unforeseen,
        unforeseen_total,
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
    writer.list(lots.iter(), |writer, drawn| {
        write_drawn(writer, drawn, write_lot)
    });
    writer.list(places_lots.iter(), |writer, drawn| {
        write_drawn(writer, drawn, write_places_lot);
    });
    writer.list(declarations.values(), |writer, (revision, declaration)| {
        writer.revision(*revision);
        write_declaration(writer, declaration);
    });
    let above = declarations_above.values();
    writer.list(above, |writer, (revision, declaration)| {
        writer.revision(*revision);
        write_declaration_above(writer, declaration);
    });
    writer.option(certification.as_ref(), |writer, (revision, attribution)| {
        writer.revision(*revision);
        write_attribution(writer, attribution);
    });
    writer.list(corrections.iter(), write_correction);
    writer.u64(*corrections_total);
    writer.list(unforeseen.iter(), write_unforeseen);
    writer.u64(*unforeseen_total);
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
    tally.lots = reader.list(48, |reader| read_drawn(reader, read_lot))?;
    tally.places_lots = reader.list(62, |reader| read_drawn(reader, read_places_lot))?;
    let declarations = reader.list(16, |reader| {
        let revision = reader.revision()?;
        let declaration = read_declaration(reader)?;
        Ok((
            (declaration.contest, declaration.district),
            (revision, declaration),
        ))
    })?;
    tally.declarations = declarations.into_iter().collect();
    let above = reader.list(16, |reader| {
        let revision = reader.revision()?;
        let declaration = read_declaration_above(reader)?;
        let key = (declaration.contest, declaration.district.clone());
        Ok((key, (revision, declaration)))
    })?;
    tally.declarations_above = above.into_iter().collect();
    tally.certification =
        reader.option(|reader| Ok((reader.revision()?, read_attribution(reader)?)))?;
    tally.corrections = reader.list(40, read_correction)?.into();
    tally.corrections_total = reader.u64()?;
    tally.unforeseen = reader.list(20, read_unforeseen)?.into();
    tally.unforeseen_total = reader.u64()?;
    Ok(tally)
}

impl Publication {
    fn write(&self, writer: &mut Writer) {
        let parts = self.parts();
        writer.u64(parts.seq);
        write_mode(writer, parts.mode);
        writer.text(&parts.reason);
        writer.revision(parts.held_at);
        writer.option(parts.paused_at, Writer::time);
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
        let paused_at = reader.option(Reader::time)?;
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
            paused_at,
            opens_at,
            first_of_class,
        }))
    }
}
