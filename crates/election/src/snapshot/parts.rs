//! What a snapshot says of lots, of what waits, of corrections and of what no bound foresaw.

use crate::bytes::codec::{Reader, Writer};
use crate::bytes::{
    DecodeError, read_attribution, read_counts, read_hold_reason, read_numbered, read_report_kind,
    read_slot, write_attribution, write_counts, write_hold_reason, write_slot,
};
use crate::report::UnitStatus;
use crate::state::Pending;
use crate::tally::{Correction, CorrectionCause, Drawn, Unforeseen, UnforeseenCause};

pub(super) fn write_drawn<L>(
    writer: &mut Writer,
    drawn: &Drawn<L>,
    write: impl FnOnce(&mut Writer, &L),
) {
    let Drawn { lot, count } = drawn;
    write(writer, lot);
    writer.raw(&count.0);
}

pub(super) fn read_drawn<L>(
    reader: &mut Reader<'_>,
    read: impl FnOnce(&mut Reader<'_>) -> Result<L, DecodeError>,
) -> Result<Drawn<L>, DecodeError> {
    Ok(Drawn {
        lot: read(reader)?,
        count: reader.hash()?,
    })
}

pub(super) fn write_pending(writer: &mut Writer, pending: &Pending) {
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

pub(super) fn read_pending(reader: &mut Reader<'_>) -> Result<Pending, DecodeError> {
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

pub(super) fn write_correction(writer: &mut Writer, correction: &Correction) {
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

pub(super) fn read_correction(reader: &mut Reader<'_>) -> Result<Correction, DecodeError> {
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

pub(super) fn write_unforeseen(writer: &mut Writer, entry: &Unforeseen) {
    let Unforeseen {
        revision,
        time,
        contest,
        district,
        unit,
        cause,
        attribution,
    } = entry;
    writer.revision(*revision);
    writer.time(*time);
    writer.option(*contest, Writer::u8);
    writer.option(*district, Writer::u16);
    writer.option(*unit, Writer::u32);
    let (number, detail) = match cause {
        UnforeseenCause::Report(kind) => (1, *kind as u8),
        UnforeseenCause::Review => (2, 0),
        UnforeseenCause::Withdrawal => (3, 0),
        UnforeseenCause::Status(status) => (4, *status as u8),
        UnforeseenCause::Turnout => (5, 0),
        UnforeseenCause::Register => (6, 0),
        UnforeseenCause::Rules => (7, 0),
        UnforeseenCause::Candidates => (8, 0),
        UnforeseenCause::Correction(kind) => (9, *kind as u8),
        UnforeseenCause::Held => (10, 0),
    };
    writer.u8(number);
    writer.u8(detail);
    writer.option(attribution.as_ref(), write_attribution);
}

pub(super) fn read_unforeseen(reader: &mut Reader<'_>) -> Result<Unforeseen, DecodeError> {
    Ok(Unforeseen {
        revision: reader.revision()?,
        time: reader.time()?,
        contest: reader.option(Reader::u8)?,
        district: reader.option(Reader::u16)?,
        unit: reader.option(Reader::u32)?,
        cause: match reader.u8()? {
            1 => UnforeseenCause::Report(read_report_kind(reader)?),
            2 => no_detail(reader, UnforeseenCause::Review)?,
            3 => no_detail(reader, UnforeseenCause::Withdrawal)?,
            4 => UnforeseenCause::Status(read_numbered(
                reader,
                &UnitStatus::ALL,
                "status of a unit",
            )?),
            5 => no_detail(reader, UnforeseenCause::Turnout)?,
            6 => no_detail(reader, UnforeseenCause::Register)?,
            7 => no_detail(reader, UnforeseenCause::Rules)?,
            8 => no_detail(reader, UnforeseenCause::Candidates)?,
            9 => UnforeseenCause::Correction(read_report_kind(reader)?),
            10 => no_detail(reader, UnforeseenCause::Held)?,
            _ => return Err(reader.fault("no cause of a wider range")),
        },
        attribution: reader.option(read_attribution)?,
    })
}

fn no_detail<T>(reader: &mut Reader<'_>, cause: T) -> Result<T, DecodeError> {
    if reader.u8()? == 0 {
        Ok(cause)
    } else {
        Err(reader.fault("this cause has no detail"))
    }
}
