//! Events as records.

// tidy: long because writing and reading of each kind of event stand side by side.

use super::above::{
    read_declaration_above, read_places_lot, write_declaration_above, write_places_lot,
};
use super::codec::{Reader, Writer};
use super::parts::{decode_unit, decode_units, encode_unit, part_text};
use super::{DecodeError, FORMAT, parse_part, read_counts, write_counts};
use crate::event::{
    Counted, Declaration, Event, Lot, Recorded, Slot, SlotMove, SlotState, Turnout,
};
use crate::ids::{LogId, Revision};
use crate::publication::{PublicationClass, PublicationMode};
use crate::report::{Attribution, HoldCode, HoldReason, ReportKind, UnitStatus, Warning};
use crate::stage::{Mark, Stage};
use sha2::{Digest, Sha256};

/// The numbers of the kinds of events. They are never used again for another kind.
pub mod kind {
    #![allow(missing_docs, reason = "each is the kind of the event of that name")]
    pub const DEFINED: u8 = 1;
    pub const UNITS_REGISTERED: u8 = 2;
    pub const RULES_AMENDED: u8 = 3;
    pub const PRESENTATION_AMENDED: u8 = 4;
    pub const UNIT_AMENDED: u8 = 5;
    pub const REPORT_COUNTED: u8 = 10;
    pub const REPORT_HELD: u8 = 11;
    pub const RELEASED: u8 = 12;
    pub const REJECTED: u8 = 13;
    pub const WITHDRAWN: u8 = 14;
    pub const STATUS_SET: u8 = 15;
    pub const TURNOUT_COUNTED: u8 = 16;
    pub const LOT_DRAWN: u8 = 20;
    pub const CANDIDATES_CHANGED: u8 = 21;
    pub const PLACES_DRAWN: u8 = 22;
    pub const CLASS_OPENED: u8 = 30;
    pub const PUBLICATION_MOVED: u8 = 31;
    pub const STAGE_SET: u8 = 32;
    pub const MARK_SET: u8 = 33;
    pub const DECLARED: u8 = 34;
    pub const CERTIFIED: u8 = 35;
    pub const DECLARED_ABOVE: u8 = 36;
}

/// A record: what may be published, and what stays inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordBytes {
    /// The public body.
    pub public: Vec<u8>,
    /// The private annex.
    pub annex: Vec<u8>,
}

/// The record of an event. `salt` must be random and used once.
pub fn encode_record(recorded: &Recorded, salt: [u8; 16]) -> RecordBytes {
    let mut record = RecordBytes {
        public: Vec::with_capacity(256),
        annex: Vec::with_capacity(64),
    };
    encode_record_over(&mut record, recorded, salt);
    record
}

/// As [`encode_record`], into the memory of a record that is not needed any more.
pub fn encode_record_over(record: &mut RecordBytes, recorded: &Recorded, salt: [u8; 16]) {
    let Recorded {
        revision,
        time,
        principal,
        event,
    } = recorded;
    let mut annex = Writer::over(std::mem::take(&mut record.annex));
    annex.raw(&salt);
    annex.text(principal);
    if let Event::ReportHeld {
        codes,
        attribution,
        counts,
        reasons,
        ..
    } = event
    {
        debug_assert!(
            reasons.is_empty() || agree(codes, reasons),
            "the public codes of a held report are those of its reasons"
        );
        annex.option(attribution.as_ref(), write_attribution);
        annex.option(counts.as_ref(), write_counts);
        annex.list(reasons.iter(), write_hold_reason);
    }
    record.annex = annex.into_bytes();

    let mut public = Writer::over(std::mem::take(&mut record.public));
    public.u8(FORMAT);
    public.u8(kind_of(event));
    public.u16(0);
    public.revision(*revision);
    public.time(*time);
    public.raw(&Sha256::digest(&record.annex));
    write_event(&mut public, event);
    record.public = public.into_bytes();
}

/// Reads a record. Without the annex the event has no principal, and a held report has no counts and no reasons, only
/// their codes. The annex's hash is not checked here (see [`verify_annex`]): the log's own checksums cover both.
pub fn decode_record(public: &[u8], annex: Option<&[u8]>) -> Result<Recorded, DecodeError> {
    let mut reader = Reader::new(public);
    let format = reader.u8()?;
    if format != FORMAT {
        return Err(reader.fault(format!(
            "format {format} is not known; this version reads {FORMAT}"
        )));
    }
    let kind = reader.u8()?;
    if reader.u16()? != 0 {
        return Err(reader.fault("the bytes after the kind of event are 0"));
    }
    let revision = reader.revision()?;
    let time = reader.time()?;
    reader.raw(32)?;
    let mut event = read_event(&mut reader, kind)?;
    reader.end()?;
    let mut principal = String::new();
    if let Some(annex) = annex {
        let mut reader = Reader::new(annex);
        reader.raw(16)?;
        principal = reader.string()?;
        if let Event::ReportHeld {
            codes,
            attribution,
            counts,
            reasons,
            ..
        } = &mut event
        {
            *attribution = reader.option(read_attribution)?;
            *counts = reader.option(read_counts)?;
            *reasons = reader.list(2, read_hold_reason)?;
            if !agree(codes, reasons) {
                return Err(reader.fault("the reasons are not those of the public body"));
            }
        }
        reader.end()?;
    }
    Ok(Recorded {
        revision,
        time,
        principal,
        event,
    })
}

// What the public is told and what a reviewer is told are the same reasons.
fn agree(codes: &[HoldCode], reasons: &[HoldReason]) -> bool {
    codes
        .iter()
        .copied()
        .eq(reasons.iter().map(HoldReason::code))
}

/// Whether the annex is the one whose hash stands in the public body.
pub fn verify_annex(public: &[u8], annex: &[u8]) -> bool {
    public
        .get(20..52)
        .is_some_and(|hash| hash == Sha256::digest(annex).as_slice())
}

fn kind_of(event: &Event) -> u8 {
    match event {
        Event::Defined { .. } => kind::DEFINED,
        Event::UnitsRegistered { .. } => kind::UNITS_REGISTERED,
        Event::UnitAmended { .. } => kind::UNIT_AMENDED,
        Event::RulesAmended { .. } => kind::RULES_AMENDED,
        Event::PresentationAmended { .. } => kind::PRESENTATION_AMENDED,
        Event::ReportCounted { .. } => kind::REPORT_COUNTED,
        Event::ReportHeld { .. } => kind::REPORT_HELD,
        Event::Released { .. } => kind::RELEASED,
        Event::Rejected { .. } => kind::REJECTED,
        Event::Withdrawn { .. } => kind::WITHDRAWN,
        Event::StatusSet { .. } => kind::STATUS_SET,
        Event::TurnoutCounted { .. } => kind::TURNOUT_COUNTED,
        Event::LotDrawn(_) => kind::LOT_DRAWN,
        Event::PlacesDrawn(_) => kind::PLACES_DRAWN,
        Event::CandidatesChanged { .. } => kind::CANDIDATES_CHANGED,
        Event::ClassOpened { .. } => kind::CLASS_OPENED,
        Event::PublicationMoved { .. } => kind::PUBLICATION_MOVED,
        Event::StageSet { .. } => kind::STAGE_SET,
        Event::MarkSet { .. } => kind::MARK_SET,
        Event::Declared(_) => kind::DECLARED,
        Event::DeclaredAbove(_) => kind::DECLARED_ABOVE,
        Event::Certified { .. } => kind::CERTIFIED,
    }
}

fn write_event(writer: &mut Writer, event: &Event) {
    match event {
        Event::Defined {
            log_id,
            ballot,
            rules,
            presentation,
            areas,
            unit_count,
            register_hash,
        } => {
            writer.raw(&log_id.0);
            writer.text(&part_text(ballot));
            writer.text(&part_text(rules));
            writer.text(&part_text(presentation));
            writer.text(&part_text(areas));
            writer.u32(*unit_count);
            writer.raw(&register_hash.0);
        }
        Event::UnitsRegistered {
            first_index,
            units,
            reason,
        } => {
            writer.u32(*first_index);
            writer.option(reason.as_deref(), Writer::text);
            writer.list(units.iter(), encode_unit);
        }
        Event::UnitAmended {
            index,
            unit,
            former_roll,
            reason,
        } => {
            writer.u32(*index);
            encode_unit(writer, unit);
            writer.option(*former_roll, Writer::u32);
            writer.text(reason);
        }
        Event::RulesAmended { rules, reason } => {
            writer.text(&part_text(rules));
            writer.text(reason);
        }
        Event::PresentationAmended {
            presentation,
            reason,
        } => {
            writer.text(&part_text(presentation));
            writer.text(reason);
        }
        Event::ReportCounted { counted, warnings } => {
            write_counted(writer, counted);
            writer.list(warnings.iter(), write_warning);
        }
        // The attribution and the counts are private until a reviewer lets them into the count; so are the numbers of
        // the reasons, which are taken from the counts.
        Event::ReportHeld {
            slot,
            version,
            kind,
            codes,
            conflicts_with,
            slot_move,
            attribution: _,
            counts: _,
            reasons: _,
        } => {
            write_slot(writer, *slot);
            writer.u32(*version);
            writer.u8(*kind as u8);
            writer.list(codes.iter(), |writer, code| writer.u8(code.number()));
            writer.option(*conflicts_with, Writer::revision);
            write_slot_move(writer, *slot_move);
        }
        Event::Released {
            counted,
            held_revision,
            reason,
        } => {
            write_counted(writer, counted);
            writer.revision(*held_revision);
            writer.text(reason);
        }
        Event::Rejected {
            slot,
            held_revision,
            slot_move,
            reason,
        } => {
            write_slot(writer, *slot);
            writer.revision(*held_revision);
            write_slot_move(writer, *slot_move);
            writer.text(reason);
        }
        Event::Withdrawn {
            slot,
            version,
            replaced,
            slot_move,
            attribution,
        } => {
            write_slot(writer, *slot);
            writer.u32(*version);
            writer.option(replaced.as_ref(), write_counts);
            write_slot_move(writer, *slot_move);
            write_attribution(writer, attribution);
        }
        Event::StatusSet {
            slot,
            replaced,
            slot_move,
            merged_into,
            attribution,
        } => {
            write_slot(writer, *slot);
            writer.option(replaced.as_ref(), write_counts);
            write_slot_move(writer, *slot_move);
            writer.option(*merged_into, Writer::u32);
            write_attribution(writer, attribution);
        }
        Event::TurnoutCounted {
            unit,
            district,
            version,
            ballots_issued,
            is_final,
            replaced,
            attribution,
        } => {
            writer.u32(*unit);
            writer.u16(*district);
            writer.u32(*version);
            writer.u32(*ballots_issued);
            writer.flag(*is_final);
            writer.option(*replaced, |writer, turnout| {
                writer.u32(turnout.ballots_issued);
                writer.flag(turnout.is_final);
            });
            writer.option(attribution.as_ref(), write_attribution);
        }
        Event::LotDrawn(lot) => write_lot(writer, lot),
        Event::PlacesDrawn(lot) => write_places_lot(writer, lot),
        Event::CandidatesChanged {
            contest,
            district,
            option,
            candidates,
            effective,
            reason,
        } => {
            writer.u8(*contest);
            writer.u16(*district);
            writer.u32(*option);
            writer.u32(*candidates);
            writer.text(effective);
            writer.text(reason);
        }
        Event::ClassOpened { class, opens_at } => {
            writer.u8(*class as u8);
            writer.time(*opens_at);
        }
        Event::PublicationMoved { mode, reason } => {
            write_mode(writer, *mode);
            writer.text(reason);
        }
        Event::StageSet { stage, reason } => {
            writer.u8(*stage as u8);
            writer.text(reason);
        }
        Event::MarkSet {
            mark,
            is_set,
            reason,
        } => {
            writer.u8(*mark as u8);
            writer.flag(*is_set);
            writer.text(reason);
        }
        Event::Declared(declaration) => write_declaration(writer, declaration),
        Event::DeclaredAbove(declaration) => write_declaration_above(writer, declaration),
        Event::Certified { attribution } => write_attribution(writer, attribution),
    }
}

fn read_event(reader: &mut Reader<'_>, number: u8) -> Result<Event, DecodeError> {
    Ok(match number {
        kind::DEFINED => Event::Defined {
            log_id: LogId(reader.array()?),
            ballot: parse_part(reader)?,
            rules: parse_part(reader)?,
            presentation: parse_part(reader)?,
            areas: parse_part(reader)?,
            unit_count: reader.u32()?,
            register_hash: reader.hash()?,
        },
        kind::UNITS_REGISTERED => {
            let first_index = reader.u32()?;
            let reason = reader.option(Reader::string)?;
            let count = reader.length(1)?;
            Event::UnitsRegistered {
                first_index,
                reason,
                units: decode_units(reader, count)?,
            }
        }
        kind::UNIT_AMENDED => Event::UnitAmended {
            index: reader.u32()?,
            unit: decode_unit(reader)?,
            former_roll: reader.option(Reader::u32)?,
            reason: reader.string()?,
        },
        kind::RULES_AMENDED => Event::RulesAmended {
            rules: parse_part(reader)?,
            reason: reader.string()?,
        },
        kind::PRESENTATION_AMENDED => Event::PresentationAmended {
            presentation: parse_part(reader)?,
            reason: reader.string()?,
        },
        kind::REPORT_COUNTED => Event::ReportCounted {
            counted: read_counted(reader)?,
            warnings: reader.list(9, read_warning)?,
        },
        kind::REPORT_HELD => Event::ReportHeld {
            slot: read_slot(reader)?,
            version: reader.u32()?,
            kind: read_report_kind(reader)?,
            codes: reader.list(1, read_hold_code)?,
            conflicts_with: reader.option(Reader::revision)?,
            slot_move: read_slot_move(reader)?,
            attribution: None,
            counts: None,
            reasons: Vec::new(),
        },
        kind::RELEASED => Event::Released {
            counted: read_counted(reader)?,
            held_revision: reader.revision()?,
            reason: reader.string()?,
        },
        kind::REJECTED => Event::Rejected {
            slot: read_slot(reader)?,
            held_revision: reader.revision()?,
            slot_move: read_slot_move(reader)?,
            reason: reader.string()?,
        },
        kind::WITHDRAWN => Event::Withdrawn {
            slot: read_slot(reader)?,
            version: reader.u32()?,
            replaced: reader.option(read_counts)?,
            slot_move: read_slot_move(reader)?,
            attribution: read_attribution(reader)?,
        },
        kind::STATUS_SET => Event::StatusSet {
            slot: read_slot(reader)?,
            replaced: reader.option(read_counts)?,
            slot_move: read_slot_move(reader)?,
            merged_into: reader.option(Reader::u32)?,
            attribution: read_attribution(reader)?,
        },
        kind::TURNOUT_COUNTED => Event::TurnoutCounted {
            unit: reader.u32()?,
            district: reader.u16()?,
            version: reader.u32()?,
            ballots_issued: reader.u32()?,
            is_final: reader.flag()?,
            replaced: reader.option(|reader| {
                Ok(Turnout {
                    ballots_issued: reader.u32()?,
                    is_final: reader.flag()?,
                })
            })?,
            attribution: reader.option(read_attribution)?,
        },
        kind::LOT_DRAWN => Event::LotDrawn(read_lot(reader)?),
        kind::PLACES_DRAWN => Event::PlacesDrawn(read_places_lot(reader)?),
        kind::CANDIDATES_CHANGED => Event::CandidatesChanged {
            contest: reader.u8()?,
            district: reader.u16()?,
            option: reader.u32()?,
            candidates: reader.u32()?,
            effective: reader.string()?,
            reason: reader.string()?,
        },
        kind::CLASS_OPENED => Event::ClassOpened {
            class: read_numbered(reader, &PublicationClass::ALL, "class of publication")?,
            opens_at: reader.time()?,
        },
        kind::PUBLICATION_MOVED => Event::PublicationMoved {
            mode: read_mode(reader)?,
            reason: reader.string()?,
        },
        kind::STAGE_SET => Event::StageSet {
            stage: read_numbered(reader, &Stage::ALL, "stage")?,
            reason: reader.string()?,
        },
        kind::MARK_SET => Event::MarkSet {
            mark: read_numbered(reader, &Mark::ALL, "mark")?,
            is_set: reader.flag()?,
            reason: reader.string()?,
        },
        kind::DECLARED => Event::Declared(read_declaration(reader)?),
        kind::DECLARED_ABOVE => Event::DeclaredAbove(read_declaration_above(reader)?),
        kind::CERTIFIED => Event::Certified {
            attribution: read_attribution(reader)?,
        },
        other => {
            return Err(reader.fault(format!(
                "{other} is no kind of event that this version knows"
            )));
        }
    })
}

fn write_counted(writer: &mut Writer, counted: &Counted) {
    let Counted {
        slot,
        version,
        kind,
        counts,
        replaced,
        slot_move,
        attribution,
    } = counted;
    write_slot(writer, *slot);
    writer.u32(*version);
    writer.u8(*kind as u8);
    write_slot_move(writer, *slot_move);
    write_counts(writer, counts);
    writer.option(replaced.as_ref(), write_counts);
    writer.option(attribution.as_ref(), write_attribution);
}

fn read_counted(reader: &mut Reader<'_>) -> Result<Counted, DecodeError> {
    Ok(Counted {
        slot: read_slot(reader)?,
        version: reader.u32()?,
        kind: read_report_kind(reader)?,
        slot_move: read_slot_move(reader)?,
        counts: read_counts(reader)?,
        replaced: reader.option(read_counts)?,
        attribution: reader.option(read_attribution)?,
    })
}

pub(crate) fn write_slot(writer: &mut Writer, slot: Slot) {
    writer.u32(slot.unit);
    writer.u16(slot.district);
    writer.u8(slot.contest);
    writer.u8(slot.counting_group);
}

pub(crate) fn read_slot(reader: &mut Reader<'_>) -> Result<Slot, DecodeError> {
    Ok(Slot {
        unit: reader.u32()?,
        district: reader.u16()?,
        contest: reader.u8()?,
        counting_group: reader.u8()?,
    })
}

const COUNTED_BIT: u8 = 0x10;
const PENDING_BIT: u8 = 0x20;

pub(crate) fn slot_state_byte(state: SlotState) -> u8 {
    let counted = if state.counted { COUNTED_BIT } else { 0 };
    let pending = if state.pending { PENDING_BIT } else { 0 };
    state.status as u8 | counted | pending
}

fn read_slot_state(reader: &mut Reader<'_>) -> Result<SlotState, DecodeError> {
    let byte = reader.u8()?;
    slot_state(byte).ok_or_else(|| reader.fault(format!("{byte} is no state of a tally")))
}

pub(crate) fn slot_state(byte: u8) -> Option<SlotState> {
    let status = UnitStatus::ALL.get(usize::from(byte & 0x0f))?;
    (byte & 0xc0 == 0).then_some(SlotState {
        status: *status,
        counted: byte & COUNTED_BIT != 0,
        pending: byte & PENDING_BIT != 0,
    })
}

fn write_slot_move(writer: &mut Writer, slot_move: SlotMove) {
    writer.u8(slot_state_byte(slot_move.before));
    writer.u8(slot_state_byte(slot_move.after));
}

fn read_slot_move(reader: &mut Reader<'_>) -> Result<SlotMove, DecodeError> {
    Ok(SlotMove {
        before: read_slot_state(reader)?,
        after: read_slot_state(reader)?,
    })
}

pub(crate) fn read_report_kind(reader: &mut Reader<'_>) -> Result<ReportKind, DecodeError> {
    let number = reader.u8()?;
    ReportKind::ALL
        .into_iter()
        .find(|kind| *kind as u8 == number)
        .ok_or_else(|| reader.fault(format!("{number} is no kind of report")))
}

pub(crate) fn write_attribution(writer: &mut Writer, attribution: &Attribution) {
    writer.text(&attribution.by);
    writer.text(&attribution.reason);
}

pub(crate) fn read_attribution(reader: &mut Reader<'_>) -> Result<Attribution, DecodeError> {
    Ok(Attribution {
        by: reader.string()?,
        reason: reader.string()?,
    })
}

pub(super) fn write_warning(writer: &mut Writer, warning: &Warning) {
    let (number, first, second) = match warning {
        Warning::ManyZeros { zeros, options } => (1, zeros, options),
        Warning::IssuedOverRoll { issued, roll } => (2, issued, roll),
    };
    writer.u8(number);
    writer.u32(*first);
    writer.u32(*second);
}

pub(super) fn read_warning(reader: &mut Reader<'_>) -> Result<Warning, DecodeError> {
    match reader.u8()? {
        1 => Ok(Warning::ManyZeros {
            zeros: reader.u32()?,
            options: reader.u32()?,
        }),
        2 => Ok(Warning::IssuedOverRoll {
            issued: reader.u32()?,
            roll: reader.u32()?,
        }),
        other => Err(reader.fault(format!("{other} is no warning"))),
    }
}

pub(crate) fn write_hold_reason(writer: &mut Writer, reason: &HoldReason) {
    writer.u8(reason.code().number());
    match reason {
        HoldReason::IdentityBroken {
            identity,
            left,
            right,
        } => {
            writer.u16(*identity);
            writer.u64(*left);
            writer.u64(*right);
        }
        HoldReason::BallotsOverRoll { ballots, roll } => {
            writer.u64(*ballots);
            writer.u64(*roll);
        }
        HoldReason::VotesOverValid { votes, limit } => {
            writer.u64(*votes);
            writer.u64(*limit);
        }
        HoldReason::VersionJump { counted, version } => {
            writer.u32(*counted);
            writer.u32(*version);
        }
        HoldReason::FallWithoutCorrection {
            option,
            before,
            after,
        } => {
            writer.u32(*option);
            writer.u32(*before);
            writer.u32(*after);
        }
        HoldReason::CounterFalls {
            counter,
            before,
            after,
        } => {
            writer.u8(*counter as u8);
            writer.u32(*before);
            writer.option(*after, Writer::u32);
        }
        HoldReason::LeadMoved { moved, electorate } => {
            writer.u64(*moved);
            writer.u64(*electorate);
        }
        HoldReason::UnitStatus(status) => {
            writer.u8(*status as u8);
        }
    }
}

pub(crate) fn read_hold_reason(reader: &mut Reader<'_>) -> Result<HoldReason, DecodeError> {
    Ok(match read_hold_code(reader)? {
        HoldCode::IdentityBroken => HoldReason::IdentityBroken {
            identity: reader.u16()?,
            left: reader.u64()?,
            right: reader.u64()?,
        },
        HoldCode::BallotsOverRoll => HoldReason::BallotsOverRoll {
            ballots: reader.u64()?,
            roll: reader.u64()?,
        },
        HoldCode::VotesOverValid => HoldReason::VotesOverValid {
            votes: reader.u64()?,
            limit: reader.u64()?,
        },
        HoldCode::VersionJump => HoldReason::VersionJump {
            counted: reader.u32()?,
            version: reader.u32()?,
        },
        HoldCode::FallWithoutCorrection => HoldReason::FallWithoutCorrection {
            option: reader.u32()?,
            before: reader.u32()?,
            after: reader.u32()?,
        },
        HoldCode::CounterFalls => HoldReason::CounterFalls {
            counter: read_numbered(reader, &crate::counts::Counter::ALL, "counter of a form")?,
            before: reader.u32()?,
            after: reader.option(Reader::u32)?,
        },
        HoldCode::LeadMoved => HoldReason::LeadMoved {
            moved: reader.u64()?,
            electorate: reader.u64()?,
        },
        HoldCode::UnitStatus => {
            HoldReason::UnitStatus(read_numbered(reader, &UnitStatus::ALL, "status of a unit")?)
        }
    })
}

fn read_hold_code(reader: &mut Reader<'_>) -> Result<HoldCode, DecodeError> {
    let number = reader.u8()?;
    HoldCode::from_number(number)
        .ok_or_else(|| reader.fault(format!("{number} is no reason to hold a report")))
}

pub(crate) fn write_lot(writer: &mut Writer, lot: &Lot) {
    let Lot {
        contest,
        district,
        stage,
        tied,
        seats,
        winners,
        attribution,
    } = lot;
    writer.u8(*contest);
    writer.u16(*district);
    writer.u32(*stage);
    writer.list(tied.iter(), |writer, option| writer.u32(*option));
    writer.u32(*seats);
    writer.list(winners.iter(), |writer, option| writer.u32(*option));
    write_attribution(writer, attribution);
}

pub(crate) fn read_lot(reader: &mut Reader<'_>) -> Result<Lot, DecodeError> {
    Ok(Lot {
        contest: reader.u8()?,
        district: reader.u16()?,
        stage: reader.u32()?,
        tied: reader.list(4, Reader::u32)?,
        seats: reader.u32()?,
        winners: reader.list(4, Reader::u32)?,
        attribution: read_attribution(reader)?,
    })
}

pub(crate) fn write_mode(writer: &mut Writer, mode: PublicationMode) {
    let (number, at) = match mode {
        PublicationMode::FollowHead => (0, Revision::ZERO),
        PublicationMode::HoldAt(at) => (1, at),
        PublicationMode::Paused => (2, Revision::ZERO),
    };
    writer.u8(number);
    writer.revision(at);
}

pub(crate) fn read_mode(reader: &mut Reader<'_>) -> Result<PublicationMode, DecodeError> {
    let (number, at) = (reader.u8()?, reader.revision()?);
    match number {
        0 | 2 if at != Revision::ZERO => Err(reader.fault("only a hold names a revision")),
        0 => Ok(PublicationMode::FollowHead),
        1 => Ok(PublicationMode::HoldAt(at)),
        2 => Ok(PublicationMode::Paused),
        other => Err(reader.fault(format!("{other} is no mode of publication"))),
    }
}

pub(crate) fn write_declaration(writer: &mut Writer, declaration: &Declaration) {
    let Declaration {
        contest,
        district,
        seats,
        attribution,
    } = declaration;
    writer.u8(*contest);
    writer.u16(*district);
    writer.list(seats.iter(), |writer, (option, seats)| {
        writer.u32(*option);
        writer.u32(*seats);
    });
    write_attribution(writer, attribution);
}

pub(crate) fn read_declaration(reader: &mut Reader<'_>) -> Result<Declaration, DecodeError> {
    Ok(Declaration {
        contest: reader.u8()?,
        district: reader.u16()?,
        seats: reader.list(8, |reader| Ok((reader.u32()?, reader.u32()?)))?,
        attribution: read_attribution(reader)?,
    })
}

pub(crate) fn read_numbered<T: Copy>(
    reader: &mut Reader<'_>,
    all: &[T],
    what: &str,
) -> Result<T, DecodeError> {
    let number = reader.u8()?;
    all.get(usize::from(number))
        .copied()
        .ok_or_else(|| reader.fault(format!("{number} is no {what}")))
}
